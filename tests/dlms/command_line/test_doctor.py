"""`cosem doctor` at a secured meter."""

import argparse
from collections.abc import Iterator
import json
from pathlib import Path
from unittest.mock import patch

import pytest

from custom_components.cosem.dlms import errors
from custom_components.cosem.dlms.__main__ import main
from custom_components.cosem.dlms.client.layer_findings import LayerFinding, LayerVerdict
from custom_components.cosem.dlms.client.verdict import Layer
from custom_components.cosem.dlms.command_line.doctor import _Report, show_diagnosis
from custom_components.cosem.dlms.command_line.state_file import StateFile
from custom_components.cosem.dlms.errors import (
    ActionError,
    ApduTooLong,
    AssociationAborted,
    AssociationError,
    AssociationRejected,
    AuthenticationTagInvalid,
    BlockTransferAborted,
    CallerNotExpected,
    ChallengeRefused,
    ConfirmedServiceErrorReceived,
    ConnectFailed,
    ConnectFailure,
    ConnectionLost,
    ConnectTimeout,
    DataAccessError,
    DecodeError,
    DeviceInUse,
    DlmsError,
    EchoReceived,
    ExceptionReceived,
    InvocationCounterExhausted,
    InvocationCounterNotStored,
    InvocationCounterRefused,
    InvocationCounterReplayed,
    LimitExceeded,
    ListenerUnavailable,
    LocalProtocolError,
    NotWrapper,
    OtherTermAccepted,
    OutcomeUnknown,
    PeerNotAuthenticated,
    ProofRefused,
    ProposedTerm,
    ProtocolError,
    RemoteProtocolError,
    ResponseTimeout,
    SecurityDowngrade,
    SecurityError,
    ServiceError,
    ServiceNotNegotiated,
    ShortNameUnknown,
    SystemTitleMismatch,
    TransportError,
    UnexpectedApdu,
    WrongAddress,
)
from tests.dlms.command_line.consoles import KeptConsole
from tests.dlms.scripted import ScriptedMeter, aare
from tests.simulated_meter.meter import SimulatedMeter

LAYERS = ["name", "port", "framing", "public-association", "association", "authentication", "object-list"]


@pytest.fixture(autouse=True)
def named(meter: SimulatedMeter) -> Iterator[None]:
    """The names of all hosts are known, and all are the meter."""

    async def resolve(*_: object) -> list[str]:
        return ["192.0.2.7"]

    async def open_tcp(*_: object) -> object:
        return await meter.connect()

    run = "custom_components.cosem.dlms.command_line.run"
    with patch(f"{run}.resolve", resolve), patch(f"{run}.open_tcp", open_tcp):
        yield


def gmac(meter: SimulatedMeter, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    client = meter.profile.client(1)
    assert client is not None
    assert client.security is not None
    monkeypatch.setenv("DLMS_ENCRYPTION_KEY", client.security.encryption_key.hex())
    monkeypatch.setenv("DLMS_AUTHENTICATION_KEY", client.security.authentication_key.hex())
    return ["--host", "meter", "--client", "1", "--auth", "hls-gmac", "doctor"]


def test_json_has_every_layer_in_order(capsys: pytest.CaptureFixture[str]):
    assert show_diagnosis.__module__.endswith(".doctor")
    assert main(["--host", "meter", "doctor", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["layer"] for row in rows] == LAYERS
    assert all(list(row) == ["layer", "verdict", "detail", "advice"] for row in rows)
    assert {row["verdict"] for row in rows} == {LayerVerdict.OK.value}
    assert {row["advice"] for row in rows} == {""}


def test_keys_work_and_what_was_received_is_kept(
    meter: SimulatedMeter, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], home: Path
):
    assert main(gmac(meter, monkeypatch)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines] == [["ok", layer] for layer in LAYERS]
    (received,) = json.loads((home / "state" / "cosem" / "state.json").read_text())["received"].values()
    assert len(received) == 1


def test_what_was_received_and_cannot_be_kept_is_told(
    meter: SimulatedMeter, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(StateFile, "store_received", full)
    assert main([*gmac(meter, monkeypatch), "--counter-start", "7", "--counter-logical-name", "none"]) == 1
    assert "cannot be stored" in capsys.readouterr().err


def test_a_failure_comes_with_advice_and_exit_1(capsys: pytest.CaptureFixture[str], meter: SimulatedMeter):
    arguments = ["--host", "meter", "--client", "99", "--timeout", "0.2", "doctor"]
    assert main(arguments) == 1
    assert main([*arguments, "--json"]) == 1
    text, _, rows = capsys.readouterr().out.partition("[\n")
    failed = [row for row in json.loads("[" + rows) if row["verdict"] == "failed"]
    assert failed
    assert all(row["advice"] for row in failed)
    assert all(row["advice"] in text and row["detail"] in text for row in failed)


def test_a_public_client_that_fails_alone_is_no_fault(
    capsys: pytest.CaptureFixture[str], meter: SimulatedMeter, monkeypatch: pytest.MonkeyPatch
):
    meter.faults.add("aare-transient", times=1)
    assert main([*gmac(meter, monkeypatch), "--json"]) == 0
    public = json.loads(capsys.readouterr().out)[3]
    assert public["verdict"] == "failed"
    assert "no fault" in public["advice"]


def test_attempts_are_named_before_and_layers_told_as_soon_as_they_are_known(
    meter: SimulatedMeter, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    seen: list[str] = []
    connect = meter.connect

    async def connected(*_: object) -> object:
        seen.append("".join(capsys.readouterr()))
        return await connect()

    with patch("custom_components.cosem.dlms.command_line.run.open_tcp", connected):
        assert main(gmac(meter, monkeypatch)) == 0
    first, second = seen
    assert "trying 16 -> 1, authentication none" in first
    assert [line.split()[1] for line in first.splitlines() if line.startswith("ok")] == LAYERS[:1]
    assert "trying 1 -> 1, authentication hls-gmac" in second
    assert [line.split()[1] for line in second.splitlines() if line.startswith("ok")] == LAYERS[1:4]
    assert [line.split()[1] for line in capsys.readouterr().out.splitlines()] == LAYERS[4:]


def test_json_is_all_that_is_told(capsys: pytest.CaptureFixture[str]):
    assert main(["--host", "meter", "doctor", "--json"]) == 0
    out, err = capsys.readouterr()
    assert len(json.loads(out)) == 7
    assert err == ""


def test_a_counter_that_was_behind_is_right_in_the_next_run(
    meter: SimulatedMeter, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    meter.faults.add("counter-error", code=5000, on="aarq", times=1)
    arguments = [*gmac(meter, monkeypatch), "--counter-logical-name", "none"]
    assert main([*arguments, "--json"]) == 1
    assert "run this again" in json.loads(capsys.readouterr().out)[5]["advice"]
    assert main(arguments) == 0


@pytest.mark.parametrize(("auth", "told"), [("none", True), ("lls", False)])
def test_where_other_commands_try_more_forms_that_is_said(
    auth: str, told: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("DLMS_PASSWORD", "12345678")
    meter = ScriptedMeter(aarq=lambda apdu: [aare(None, result=1, diagnostic=1)])
    with patch("custom_components.cosem.dlms.command_line.run.open_tcp", lambda *_: meter.connect()):
        assert main(["--host", "meter", "--client", "2", "--auth", auth, "doctor", "--json"]) == 1
    assert ("info tries the other forms" in json.loads(capsys.readouterr().out)[4]["advice"]) is told


def test_an_object_list_that_is_longer_than_announced_is_one_for_the_other_commands(
    meter: SimulatedMeter, capsys: pytest.CaptureFixture[str]
):
    meter.faults.add("oversized", count=4000)
    assert main(["--host", "meter", "doctor", "--json"]) == 0
    row = json.loads(capsys.readouterr().out)[6]
    assert (row["verdict"], row["detail"]) == ("failed", "more than 2048 octets in one APDU (at octet 6)")
    assert "the other commands announce more" in row["advice"]


@pytest.mark.parametrize("error", [ConnectFailed(ConnectFailure.REFUSED), ConnectTimeout(10)])
def test_a_second_connection_that_is_refused_is_no_closed_port(
    error: Exception, meter: SimulatedMeter, capsys: pytest.CaptureFixture[str]
):
    connections: list[object] = []

    async def connected(*_: object) -> object:
        if connections:
            raise error
        connections.append(await meter.connect())
        return connections[0]

    with patch("custom_components.cosem.dlms.command_line.run.open_tcp", connected):
        assert main(["--host", "meter", "--client", "2", "doctor", "--json"]) == 1
    rows = json.loads(capsys.readouterr().out)
    assert [row["verdict"] for row in rows] == ["ok"] * 4 + ["failed"] + ["not tried"] * 2
    assert "a minute between two" in rows[4]["advice"]


@pytest.mark.parametrize("auth", ["none", "lls"])
def test_of_associations_nothing_of_their_own_is_advised_where_no_meter_answers(
    auth: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("DLMS_PASSWORD", "12345678")
    meter = ScriptedMeter(aarq=lambda apdu: [])
    with (
        patch("custom_components.cosem.dlms.client.first_octets._SECONDS", 0.05),
        patch("custom_components.cosem.dlms.command_line.run.open_tcp", lambda *_: meter.connect()),
    ):
        assert main(["--host", "meter", "--client", "2", "--auth", auth, "--timeout", "0.1", "doctor", "--json"]) == 1
    rows = json.loads(capsys.readouterr().out)
    assert [row["verdict"] for row in rows] == ["ok", "ok", "failed", "failed", "failed"] + ["not tried"] * 2
    assert "no meter at all" in rows[2]["advice"]
    assert rows[3]["advice"] == rows[4]["advice"] == "See framing: nothing shows that a meter is behind this port"


EVERY_FAILURE: list[DlmsError] = [
    DlmsError("x"),
    TransportError("x"),
    *(ConnectFailed(reason) for reason in ConnectFailure),
    ConnectTimeout(1),
    ListenerUnavailable("", 4059, "x"),
    ConnectionLost(),
    ConnectionLost(truncated=True),
    ResponseTimeout("AARE", 1),
    ResponseTimeout("get-response", 1),
    DeviceInUse("x", 1),
    ProtocolError("x"),
    LocalProtocolError("x"),
    ServiceNotNegotiated("set"),
    RemoteProtocolError("x"),
    *(NotWrapper(octets) for octets in (b"\x7e", b"HTTP", b"\x15\x03")),
    DecodeError("x"),
    LimitExceeded("x", 1),
    ApduTooLong(2048),
    UnexpectedApdu(0xC4),
    WrongAddress(1, 16),
    WrongAddress(1, 16, (16, 1)),
    EchoReceived(16, 1, (16, 1)),
    *(OtherTermAccepted(term, "x") for term in ProposedTerm),
    SecurityError("x"),
    AuthenticationTagInvalid("x"),
    InvocationCounterReplayed("x"),
    InvocationCounterExhausted("x"),
    InvocationCounterNotStored("x"),
    InvocationCounterRefused(None),
    InvocationCounterRefused(7),
    CallerNotExpected("x"),
    SecurityDowngrade("x"),
    SystemTitleMismatch("x"),
    PeerNotAuthenticated("x"),
    ChallengeRefused("x"),
    AssociationError("x"),
    *(AssociationRejected(result, source, code) for result in (1, 2) for source in (1, 2) for code in range(16)),
    *(AssociationRejected(1, 1, 1, code) for code in range(8)),
    *(ProofRefused(code, by_short_name=short) for code in (*range(20), 250) for short in (False, True)),
    AssociationAborted("x"),
    ServiceError("x"),
    *(DataAccessError(code) for code in (*range(22), 250)),
    DataAccessError(250, undecodable="x"),
    ShortNameUnknown("x", may_pass=False),
    BlockTransferAborted(),
    *(ActionError(code) for code in (*range(22), 250)),
    OutcomeUnknown("x"),
    *(ExceptionReceived(state, code) for state in (1, 2) for code in range(8)),
    *(ConfirmedServiceErrorReceived(service, kind, 1) for service in (1, 5) for kind in range(16)),
]


@pytest.mark.parametrize("layer", Layer)
@pytest.mark.parametrize("auth", ["none", "lls", "hls-md5", "hls-gmac"])
def test_every_failure_of_every_layer_comes_with_advice(layer: Layer, auth: str):
    kinds = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, DlmsError)}
    assert {type(error) for error in EVERY_FAILURE} == kinds
    for transport in ("tcp", "udp"):
        options = argparse.Namespace(
            json=True, auth=auth, protection=None, dedicated_key=False, transport=transport, referencing="auto"
        )
        report = _Report(options, KeptConsole())
        for framing in (LayerVerdict.OK, LayerVerdict.FAILED):
            report.finding(LayerFinding(Layer.FRAMING, framing))
            for error in EVERY_FAILURE:
                advice = report.advice(LayerFinding(layer, LayerVerdict.FAILED, "", error))
                assert advice, error
                assert ".. " not in advice
                assert not advice.endswith(".")


def test_a_wrong_server_wport_is_answered_with_the_right_ones(
    capsys: pytest.CaptureFixture[str], meter: SimulatedMeter
):
    assert main(["--host", "meter", "--server", "9", "--client", "1", "--timeout", "0.1", "doctor", "--json"]) == 1
    row = json.loads(capsys.readouterr().out)[4]
    assert "no logical device at the wPort 9" in row["detail"]
    assert row["advice"] == "Use one of the wPorts that it lists, with --server: 1, 16"


def test_after_an_answer_over_udp_nobody_is_sent_to_tcp(capsys: pytest.CaptureFixture[str], meter: SimulatedMeter):
    meter.faults.add("silent", on="aarq", request=2)
    arguments = ["--host", "meter", "--client", "2", "--transport", "udp", "--timeout", "0.1", "doctor", "--json"]
    assert main(arguments) == 1
    row = json.loads(capsys.readouterr().out)[4]
    assert row["verdict"] == "failed"
    assert not any(word in row["advice"] for word in ("tcp", "no meter at all", "short names"))


def test_an_object_list_that_makes_no_sense_is_no_fault_of_the_association(capsys: pytest.CaptureFixture[str]):
    for answer in ("C401C1001105", "C401C100010202"):
        meter = ScriptedMeter(lambda apdu, answer=answer: [bytes.fromhex(answer)])
        with patch("custom_components.cosem.dlms.command_line.run.open_tcp", lambda *_, meter=meter: meter.connect()):
            assert main(["--host", "meter", "--client", "2", "doctor", "--json"]) == 0
        row = json.loads(capsys.readouterr().out)[6]
        assert row["verdict"] == "failed"
        assert "works all the same" in row["advice"]


def test_who_used_no_password_is_not_told_to_check_it(capsys: pytest.CaptureFixture[str]):
    meter = ScriptedMeter(aarq=lambda _apdu: [aare(None, result=1, diagnostic=12)])
    with patch("custom_components.cosem.dlms.command_line.run.open_tcp", lambda *_: meter.connect()):
        assert main(["--host", "meter", "--client", "2", "doctor", "--json"]) == 1
        row = json.loads(capsys.readouterr().out)[5]
        assert "must log in: say how with --auth" in row["advice"]
        assert "lock" not in row["advice"]
        assert main(["--host", "meter", "--client", "2", "read", "3:1.0.1.8.0.255:2"]) == 1
        assert "must log in: say how with --auth" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("referencing", "public", "chosen"),
    [
        ("auto", "in the other way only", "It may want ciphered messages"),
        ("ln", "try --referencing auto. Some meters have no", "--referencing sn"),
        ("sn", "try --referencing auto. Some meters have no", "--referencing ln"),
    ],
)
def test_a_refused_context_names_the_way_of_referencing_that_was_not_tried(
    referencing: str, public: str, chosen: str, capsys: pytest.CaptureFixture[str]
):
    meter = ScriptedMeter(aarq=lambda _apdu: [aare(None, result=1, diagnostic=2)])
    with patch("custom_components.cosem.dlms.command_line.run.open_tcp", lambda *_: meter.connect()):
        arguments = ["--host", "meter", "--client", "2", "--referencing", referencing, "doctor", "--json"]
        assert main(arguments) == 1
    out, told = capsys.readouterr()
    assert told == ""
    rows = json.loads(out)
    assert [row["verdict"] for row in rows[3:5]] == ["failed"] * 2
    assert public in rows[3]["advice"]
    assert chosen in rows[4]["advice"]
    assert ("--referencing" in rows[4]["advice"]) is (referencing != "auto")


@pytest.mark.parametrize("referencing", ["auto", "sn"])
def test_an_attempt_by_short_names_is_called_so(referencing: str, capsys: pytest.CaptureFixture[str]):
    meter = ScriptedMeter(aarq=lambda _apdu: [aare(None, result=1, diagnostic=1)])
    with patch("custom_components.cosem.dlms.command_line.run.open_tcp", lambda *_: meter.connect()):
        assert main(["--host", "meter", "--client", "2", "--referencing", referencing, "doctor"]) == 1
    tried = [line for line in capsys.readouterr().err.splitlines() if "trying" in line]
    assert len(tried) == 2
    assert all((", by short names, " in line) is (referencing == "sn") for line in tried)


def test_an_unknown_name_is_the_first_layer(capsys: pytest.CaptureFixture[str]):
    with patch(
        "custom_components.cosem.dlms.command_line.run.resolve",
        side_effect=ConnectFailed(ConnectFailure.NAME_NOT_RESOLVED),
    ):
        assert main(["--host", "meter", "doctor", "--json"]) == 1
    rows = json.loads(capsys.readouterr().out)
    assert [row["verdict"] for row in rows] == ["failed", *["not tried"] * 6]
    assert "spelling" in rows[0]["advice"]


def test_without_a_host_it_is_wrong_usage(capsys: pytest.CaptureFixture[str]):
    assert main(["doctor"]) == 2
    assert "--host" in capsys.readouterr().err


def test_datagrams_are_tried_over_udp(capsys: pytest.CaptureFixture[str]):
    opened = "custom_components.cosem.dlms.command_line.run.open_udp"
    with patch(opened, side_effect=ConnectFailed(ConnectFailure.REFUSED)):
        assert main(["--host", "meter", "--transport", "udp", "doctor", "--json"]) == 1
    rows = json.loads(capsys.readouterr().out)
    assert [row["verdict"] for row in rows] == ["ok", "failed", *["not tried"] * 5]


def test_refused_services_come_with_the_option_that_proposes_fewer(capsys: pytest.CaptureFixture[str]):
    meter = ScriptedMeter(aarq=lambda _apdu: [aare(bytes.fromhex("0E010602"), result=1, diagnostic=1)])
    with patch("custom_components.cosem.dlms.command_line.run.open_tcp", lambda *_: meter.connect()):
        assert main(["--host", "meter", "--client", "2", "doctor", "--json"]) == 1
    rows = json.loads(capsys.readouterr().out)
    for row in rows[3:5]:
        assert row["verdict"] == "failed"
        assert "incompatible-conformance" in row["detail"]
        assert "--conformance 001E1D" in row["advice"]
    assert "no fault" in rows[3]["advice"]
