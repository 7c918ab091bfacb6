"""The command line: output, exit status, and that no password or traceback gets out."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
import io
import json
import os
from pathlib import Path
import subprocess
import sys
from typing import Any
from unittest.mock import patch

import pytest

from custom_components.cosem.dlms.__main__ import WITHOUT_TERMINAL, Terminal, main
from custom_components.cosem.dlms.apdu.initiate import Conformance
from custom_components.cosem.dlms.client.transport import Transport
from custom_components.cosem.dlms.command_line.advice import sentence
from custom_components.cosem.dlms.errors import (
    AssociationRejected,
    ConfirmedServiceErrorReceived,
    ConnectFailed,
    ConnectFailure,
    ConnectionLost,
    ConnectTimeout,
    DataAccessError,
    DlmsError,
    ExceptionReceived,
    LocalProtocolError,
    NotWrapper,
    ResponseTimeout,
    ServiceNotNegotiated,
    WrongAddress,
)
from tests.dlms.scripted import (
    GRANTED,
    End,
    Part,
    ScriptedMeter,
    ScriptedTransport,
    aare,
    access_error,
    initiate,
    unsigned,
    value,
    values,
)
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import DEFAULT_PASSWORD, ListRefusal, MeterProfile

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
READER = ("--host", "meter", "--client", "2", "--auth", "lls")
ENERGY = "3:1.0.1.8.0.255:2"
VOLTAGE = "3:1.0.32.7.0.255:2"
CLOCK = "8:0.0.1.0.0.255:2"
POWER = "3:1.0.1.7.0.255:2"


@pytest.fixture
def meter() -> SimulatedMeter:
    return SimulatedMeter(clock=lambda: NOW)


@pytest.fixture(autouse=True)
def reachable(meter: SimulatedMeter, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """The meter answers at every address; what was asked for is kept."""
    asked: dict[str, Any] = {}

    async def open_tcp(host: str, port: int, timeout: float) -> Transport:
        asked.update(host=host, port=port, timeout=timeout)
        return await meter.connect()

    monkeypatch.setenv("DLMS_PASSWORD", DEFAULT_PASSWORD)
    with patch("custom_components.cosem.dlms.client.client.open_tcp", open_tcp):
        yield asked


def json_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert main([*arguments, "--json"]) == 0
    output = capsys.readouterr()
    assert output.err == ""
    return json.loads(output.out)


# --- objects -------------------------------------------------------------------------------------------------------


def test_objects_as_json(capsys: pytest.CaptureFixture[str]):
    objects = json_of(capsys, *READER, "objects")
    register = next(each for each in objects if each["logical_name"] == "1.0.1.8.0.255")
    assert register == {
        "class_id": 3,
        "version": 0,
        "logical_name": "1.0.1.8.0.255",
        "attributes": {"1": "read", "2": "read", "3": "read"},
    }
    assert len(objects) > 40


def test_objects_of_the_public_client_need_no_options(capsys: pytest.CaptureFixture[str]):
    objects = json_of(capsys, "--host", "meter", "objects")
    assert {each["logical_name"] for each in objects} >= {"0.0.42.0.0.255", "0.0.41.0.0.255"}
    assert all(each["logical_name"] != "1.0.1.8.0.255" for each in objects)


def test_trial_08_what_is_tolerated_of_a_meter_is_told_beside_the_rest(capsys: pytest.CaptureFixture[str]):
    good, odd = "0204 120008 1100 0906 0000010000FF 0202 0100 0100", "0201 1101"
    meter = ScriptedMeter(lambda apdu: [value(bytes.fromhex(f"0102 {odd} {good}"))])
    meter.aarq = lambda apdu: [aare(initiate(conformance=GRANTED | Conformance.READ))]

    async def open_tcp(*_arguments: Any) -> ScriptedTransport:
        return await meter.connect()

    with patch("custom_components.cosem.dlms.client.client.open_tcp", open_tcp):
        assert main(["--host", "meter", "objects", "--json"]) == 0
    output = capsys.readouterr()
    assert [each["logical_name"] for each in json.loads(output.out)] == ["0.0.1.0.0.255"]
    assert output.err == "cosem: tolerated of this meter: odd_object_list_entry, surplus_services (docs/meters.md)\n"


def test_objects_as_a_table(capsys: pytest.CaptureFixture[str]):
    assert main([*READER, "objects", "--full"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["class", "version", "logical", "name", "attributes"]
    (association,) = [line for line in lines if "Association LN" in line]
    assert association.split()[:5] == ["15", "Association", "LN", "1", "0.0.40.0.0.255"]
    assert association.endswith("none 7")
    column = lines[0].index("logical name")
    assert all(line[column - 1] == " " and line[column] != " " for line in lines)


# --- read ----------------------------------------------------------------------------------------------------------


def test_read_in_the_order_asked_with_duplicates(capsys: pytest.CaptureFixture[str], meter: SimulatedMeter):
    rows = json_of(capsys, *READER, "read", VOLTAGE, ENERGY, CLOCK, VOLTAGE, "3:1-0:1.8.0:3")
    assert [f"{row['class_id']}:{row['logical_name']}:{row['attribute']}" for row in rows] == [
        VOLTAGE,
        ENERGY,
        CLOCK,
        VOLTAGE,
        "3:1.0.1.8.0.255:3",
    ]
    voltage, energy, clock, again, scaler = rows
    assert voltage == again
    assert energy["raw"] == meter.truth("1.0.1.8.0.255").value
    assert energy["value"] == str(energy["raw"])
    assert (energy["unit"], voltage["unit"], clock["unit"]) == ("Wh", "V", None)
    assert float(voltage["value"]) == pytest.approx(voltage["raw"] / 10)
    assert datetime.fromisoformat(clock["value"]) - NOW < timedelta(seconds=1)
    assert len(bytes.fromhex(clock["raw"])) == 12
    assert scaler["value"] == [0, 30]
    assert {row["error"] for row in rows} == {None}
    assert list(energy) == ["class_id", "logical_name", "attribute", "raw", "value", "unit", "error"]


def test_read_asks_for_each_attribute_once(capsys: pytest.CaptureFixture[str], meter: SimulatedMeter):
    json_of(capsys, *READER, "read", ENERGY, ENERGY, ENERGY)
    assert len([request for request in meter.log if request.kind == "get"]) == 1


def test_one_failing_object_sets_its_error_and_exit_stays_0(capsys: pytest.CaptureFixture[str]):
    missing, energy = json_of(capsys, *READER, "read", "3:1.0.99.99.99.255:2", ENERGY)
    assert missing["error"] == "data-access-result 4 (object-undefined)"
    assert (missing["raw"], missing["value"], missing["unit"]) == (None, None, None)
    assert energy["error"] is None


def test_value_without_its_scaler_is_an_error_with_the_raw_value(
    capsys: pytest.CaptureFixture[str], meter: SimulatedMeter
):
    meter.faults.add("denied", object="1.0.1.8.0.255", attribute=3)
    (energy,) = json_of(capsys, *READER, "read", ENERGY)
    assert energy["error"] == "scaler_unit: data-access-result 3 (read-write-denied)"
    assert energy["value"] is None
    assert isinstance(energy["raw"], int)


@pytest.mark.parametrize("limit", [1, 4])
def test_a_meter_that_leaves_lists_unanswered_is_read_in_the_end(capsys: pytest.CaptureFixture[str], limit: int):
    """Each run begins without a memory, so the same run has to fall back."""
    profile = MeterProfile(history_days=1).with_quirks(with_list_limit=limit, with_list_refusal=ListRefusal.SILENT)
    meter = SimulatedMeter(profile, lambda: NOW)

    async def open_tcp(host: str, port: int, timeout: float) -> Transport:
        return await meter.connect()

    with (
        patch("custom_components.cosem.dlms.client.client.open_tcp", open_tcp),
        patch("custom_components.cosem.dlms.client.link.SystemClock.sleep"),
    ):
        rows = json_of(capsys, *READER, "--timeout", "0.1", "read", ENERGY, VOLTAGE, CLOCK, "3:1.0.2.8.0.255:2")
    assert [row["error"] for row in rows] == [None] * 4


def test_a_meter_that_falls_silent_is_not_asked_again(capsys: pytest.CaptureFixture[str], meter: SimulatedMeter):
    meter.faults.add("silent", on="get")
    assert main([*READER, "--timeout", "0.1", "read", CLOCK]) == 1
    assert "no get-response within 0.1 s" in capsys.readouterr().err
    assert len([request for request in meter.log if request.kind == "aarq"]) == 1


def test_read_as_a_table(capsys: pytest.CaptureFixture[str]):
    arguments = ["read", ENERGY, "3:1.0.99.99.99.255:2", "1:0.0.96.1.0.255:99", "3:1.0.1.8.0.255:3"]
    assert main([*READER, *arguments]) == 0
    head, energy, missing, odd, scaler = capsys.readouterr().out.splitlines()
    assert head.split() == ["attribute", "value", "unit"]
    assert energy.startswith(ENERGY)
    assert "Register, value" in energy
    assert energy.endswith("Wh")
    assert missing.endswith("error: data-access-result 4 (object-undefined)")
    assert "Data, attribute 99" in odd
    assert scaler.endswith("[0, 30]")


OBJECT_LIST = "15:0.0.40.0.0.255:2"


def test_trial_31_a_long_value_is_cut_and_full_or_json_show_it(capsys: pytest.CaptureFixture[str]):
    assert main([*READER, "read", OBJECT_LIST, ENERGY]) == 0
    cut, energy = capsys.readouterr().out.splitlines()[1:]
    assert len(cut) <= WITHOUT_TERMINAL
    assert cut.endswith("…")
    assert len(energy) <= WITHOUT_TERMINAL
    assert main([*READER, "--full", "read", OBJECT_LIST]) == 0
    full = capsys.readouterr().out
    (row,) = json_of(capsys, *READER, "read", OBJECT_LIST)
    assert json.dumps(row["value"]) in full
    assert len(full) > 2_000


def test_trial_31_the_table_is_as_wide_as_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sys.stdout, "fileno", lambda: 1)
    monkeypatch.setattr("os.get_terminal_size", lambda descriptor: os.terminal_size((80 + descriptor, 24)))
    assert main([*READER, "read", OBJECT_LIST]) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) == 81


def failing(request: Callable[[bytes], bool], reply: Callable[[bytes], list[Part]]) -> ScriptedMeter:
    """A meter without lists that answers GETs with 7, and those that ``request`` names by ``reply``."""

    def get(apdu: bytes) -> list[Part]:
        return reply(apdu) if request(apdu) else [value(unsigned(7) if apdu[-2] == 2 else SCALER_UNIT)]

    accepted = aare(initiate(conformance=GRANTED & ~Conformance.MULTIPLE_REFERENCES))
    return ScriptedMeter(get, aarq=lambda apdu: [accepted])


def reads_of(scripted: ScriptedMeter, *arguments: str) -> int:
    async def open_tcp(host: str, port: int, timeout: float) -> Transport:
        return await scripted.connect()

    with (
        patch("custom_components.cosem.dlms.client.client.open_tcp", open_tcp),
        patch("custom_components.cosem.dlms.client.link.SystemClock.sleep"),
    ):
        return main(["--host", "meter", "--timeout", "0.1", *arguments])


SCALER_UNIT = bytes.fromhex("02020F00161E")
OF_VOLTAGE = bytes.fromhex("0100200700FF")


@pytest.mark.parametrize("reply", [lambda apdu: [], lambda apdu: [End()], lambda apdu: [b"\xc4\x09\xc1"]])
def test_trial_31_what_was_read_is_shown_although_a_later_one_fails(
    capsys: pytest.CaptureFixture[str], reply: Callable[[bytes], list[Part]]
):
    scripted = failing(lambda apdu: OF_VOLTAGE in apdu, reply)
    assert reads_of(scripted, "read", ENERGY, VOLTAGE, CLOCK) == 1
    output = capsys.readouterr()
    energy, voltage, clock = output.out.splitlines()[1:]
    assert energy.split()[-2:] == ["7", "Wh"]
    assert voltage.startswith(VOLTAGE)
    assert voltage.endswith("error: not read")
    assert clock.endswith("error: not read")
    assert output.err.startswith("cosem: ")
    assert reads_of(scripted, "--json", "read", ENERGY, VOLTAGE) == 1
    rows = json.loads(capsys.readouterr().out)
    assert [(row["value"], row["error"]) for row in rows] == [("7", None), (None, "not read")]


def test_trial_31_a_number_whose_unit_was_not_read_is_an_error_with_the_raw_value(capsys: pytest.CaptureFixture[str]):
    scripted = failing(lambda apdu: apdu[-2] == 3, lambda apdu: [End()])
    assert reads_of(scripted, "--json", "read", ENERGY) == 1
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["raw"], row["value"], row["error"]) == (7, None, "scaler_unit: not read")


def test_trial_31_where_nothing_was_read_nothing_is_shown(capsys: pytest.CaptureFixture[str]):
    scripted = failing(lambda apdu: True, lambda apdu: [access_error(3) if OF_VOLTAGE in apdu else End()])
    assert reads_of(scripted, "read", VOLTAGE, ENERGY) == 1
    assert capsys.readouterr().out == ""


BOMB = b"\x02\x01" * 40 + b"\x00"


@pytest.mark.parametrize(
    "octets", [b"\x07\x00\x00\x00\x00", b"\x06\x00", b"", BOMB], ids=["type", "cut", "none", "bomb"]
)
@pytest.mark.parametrize("lists", [True, False])
def test_trial_09_one_undecodable_value_costs_no_other(capsys: pytest.CaptureFixture[str], octets: bytes, lists: bool):
    def get(apdu: bytes) -> list[Part]:
        names = [apdu[start + 2 : start + 9] for start in range(4, len(apdu), 10)] if apdu[1] == 3 else [apdu[5:12]]
        elements = [octets if OF_VOLTAGE in name else unsigned(7) if name[-1] == 2 else SCALER_UNIT for name in names]
        return [values(*elements)] if apdu[1] == 3 else [value(elements[0])]

    granted = GRANTED if lists else GRANTED & ~Conformance.MULTIPLE_REFERENCES
    scripted = ScriptedMeter(get, aarq=lambda apdu: [aare(initiate(conformance=granted))])
    assert reads_of(scripted, "--json", "read", ENERGY, VOLTAGE, POWER) == 0
    energy, voltage, power = json.loads(capsys.readouterr().out)
    assert [(row["value"], row["error"]) for row in (energy, power)] == [("7", None)] * 2
    assert voltage["value"] is None
    assert voltage["error"]


# --- options -------------------------------------------------------------------------------------------------------


def test_options_may_stand_behind_the_command(capsys: pytest.CaptureFixture[str], reachable: dict[str, Any]):
    arguments = ["objects", "--json", *READER, "--port", "4060", "--timeout", "2.5"]
    assert main(arguments) == 0
    behind = capsys.readouterr().out
    assert reachable == {"host": "meter", "port": 4060, "timeout": 2.5}
    assert main([*arguments[1:], "objects"]) == 0
    assert capsys.readouterr().out == behind


def test_another_logical_device(capsys: pytest.CaptureFixture[str]):
    objects = json_of(capsys, *READER, "--server", "16", "objects")
    assert any(each["logical_name"].startswith("7.") for each in objects)


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_password_from_a_file_comes_before_the_environment(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
):
    file = tmp_path / "password"
    file.write_bytes(f"{DEFAULT_PASSWORD}{ending}".encode())
    monkeypatch.setenv("DLMS_PASSWORD", "wrong")
    assert json_of(capsys, *READER, "--password-file", str(file), "objects")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["frobnicate"],
        ["objects"],
        ["read", ENERGY],
        ["--host", "meter", "read"],
        ["--host", "meter", "read", "3"],
        ["--host", "meter", "read", "3:1.0.1.8.0.255"],
        ["--host", "meter", "read", "3:1.0.1.8:2"],
        ["--host", "meter", "read", "65536:1.0.1.8.0.255:2"],
        ["--host", "meter", "read", "3:1.0.1.8.0.256:2"],
        ["--host", "meter", "read", "3:1.0.1.8.0.255:128"],
        ["--host", "meter", "read", "3:1.0.1.8.0.255:-129"],
        ["--host", "meter", "--port", "0", "objects"],
        ["--host", "meter", "--port", "65536", "objects"],
        ["--host", "meter", "--client", "x", "objects"],
        ["--host", "meter", "--timeout", "0", "objects"],
        ["--host", "meter", "--timeout", "soon", "objects"],
        ["--host", "meter", "--auth", "hls", "objects"],
        ["--host", "meter", "--auth", "lls", "--password-file", "/nonexistent/file", "objects"],
        ["--host", "meter", "--password", "12345678", "objects"],
        ["decode"],
    ],
)
def test_wrong_usage_exits_2(capsys: pytest.CaptureFixture[str], arguments: list[str]):
    try:
        status: object = main(arguments)
    except SystemExit as exit_:
        status = exit_.code
    assert status == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("usage: ")


def test_a_refused_attribute_is_shown_with_its_error_and_exits_0(capsys: pytest.CaptureFixture[str]):
    (row,) = json_of(capsys, *READER, "read", "3:1.0.99.99.99.255:2")
    assert (row["value"], row["error"]) == (None, "data-access-result 4 (object-undefined)")


def test_manufacturer_attribute_is_a_negative_index(capsys: pytest.CaptureFixture[str]):
    (row,) = json_of(capsys, *READER, "read", "3:1.0.1.8.0.255:-1")
    assert row["attribute"] == -1
    assert row["error"]


@pytest.mark.parametrize("value", [None, ""])
def test_lls_without_a_password_exits_2(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, value: str | None
):
    if value is None:
        monkeypatch.delenv("DLMS_PASSWORD")
    else:
        monkeypatch.setenv("DLMS_PASSWORD", value)
    assert main([*READER, "objects"]) == 2
    assert "DLMS_PASSWORD" in capsys.readouterr().err


# --- refusals ------------------------------------------------------------------------------------------------------


def test_wrong_password_exits_1_with_a_sentence_and_without_the_password(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("DLMS_PASSWORD", "hunter2hunter2")
    assert main([*READER, "objects"]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.count("\n") == 1
    assert "authentication failure" in output.err
    assert "password" in output.err
    assert "hunter2" not in output.err
    assert b"hunter2".hex() not in output.err


def test_meter_that_never_answers_exits_1_after_the_timeout(capsys: pytest.CaptureFixture[str], meter: SimulatedMeter):
    meter.faults.add("silent", on="aarq")
    assert main(["--host", "meter", "--timeout", "0.1", "objects"]) == 1
    assert "no AARE within 0.1 s" in capsys.readouterr().err


def test_denied_object_list_exits_1(capsys: pytest.CaptureFixture[str], meter: SimulatedMeter):
    meter.faults.add("denied", object="0.0.40.0.0.255", attribute=2)
    assert main([*READER, "objects"]) == 1
    assert "read-write-denied" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (ConnectFailed(ConnectFailure.NAME_NOT_RESOLVED), "spelling"),
        (ConnectFailed(ConnectFailure.REFUSED), "port"),
        (ConnectFailed(ConnectFailure.UNREACHABLE), "cable"),
        (ConnectTimeout(3), "firewall"),
        (NotWrapper(b"\x7e\xa0"), "HDLC"),
        (NotWrapper(b"HTTP/1.1"), "another service"),
        (ResponseTimeout("AARE", 3), "--client"),
        (ResponseTimeout("get-response", 3), "--timeout"),
        (ConnectionLost(), "one program"),
        (AssociationRejected(1, 1, 13), "password"),
        (AssociationRejected(1, 1, 2), "--server"),
        (ConfirmedServiceErrorReceived(1, 6, 1), "another version of DLMS"),
        (ConfirmedServiceErrorReceived(1, 6, 0), "--auth"),
        (DataAccessError(3), "another --client"),
        (ExceptionReceived(1, 1), "another --client"),
        (ServiceNotNegotiated("set"), "another --client"),
    ],
)
def test_errors_come_with_advice(error: DlmsError, advice: str):
    assert advice in sentence(error)
    assert sentence(error).startswith(str(error))


@pytest.mark.parametrize("error", [WrongAddress(1, 2), LocalProtocolError("a confirmed service in an unconfirmed one")])
def test_error_without_advice_is_its_own_sentence(error: DlmsError):
    assert sentence(error) == str(error)


def test_interrupt_exits_130_without_a_traceback(capsys: pytest.CaptureFixture[str]):
    objects = "custom_components.cosem.dlms.command_line.objects"
    with patch(f"{objects}.with_association", side_effect=KeyboardInterrupt):
        assert main([*READER, "objects"]) == 130
    assert capsys.readouterr().err == ""


# --- decode --------------------------------------------------------------------------------------------------------


def test_decode_as_a_tree(capsys: pytest.CaptureFixture[str]):
    assert main(["decode", "C401C1", "00", "06:00:00:13:91"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "get-response-normal",
        "  invoke:",
        "    raw: 193",
        "    invoke_id: 1",
        "    confirmed: true",
        "    high_priority: true",
        "  result:",
        "    data: double-long-unsigned 5009",
    ]


def test_decode_as_json_in_the_shape_of_the_samples(capsys: pytest.CaptureFixture[str]):
    assert json_of(capsys, "decode", "D80101") == {"apdu": "exception-response", "state_error": 1, "service_error": 1}


def test_decode_several_wpdus_as_a_list(capsys: pytest.CaptureFixture[str]):
    wpdu = "00010010000100026200"
    assert json_of(capsys, "decode", wpdu)["apdu"] == {"apdu": "rlrq"}
    assert [each["apdu"] for each in json_of(capsys, "decode", wpdu, wpdu)] == [{"apdu": "rlrq"}] * 2
    assert main(["decode", wpdu + wpdu]) == 0
    assert capsys.readouterr().out.count("WPDU") == 2


def test_decode_from_standard_input(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("62\n00\n"))
    assert json_of(capsys, "decode", "-") == {"apdu": "rlrq"}


@pytest.mark.parametrize(
    ("text", "reason", "offset"),
    [
        ("62000", "one digit", 2),
        ("xyz", "hexadecimal", 0),
        ("620000", "too many", 2),
        ("FE", "FE", 0),
        ("C401", "too early", 2),
        ("00010010000100036200", "truncated", 10),
    ],
)
def test_decode_of_what_is_no_apdu_exits_1_with_reason_and_offset(
    capsys: pytest.CaptureFixture[str], text: str, reason: str, offset: int
):
    assert main(["decode", text]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert reason in output.err
    assert output.err.endswith(f"at octet {offset})\n")  # no advice on options of a meter: none was asked


def test_decode_masks_a_password(capsys: pytest.CaptureFixture[str]):
    aarq = (
        "6036A1090607608574050801018A0207808B0760857405080201AC0A80083132333435363738"
        "BE10040E01000000065F1F0400007E1FFFFF"
    )
    wpdu = f"0001001000010038{aarq}"
    for octets in (aarq, wpdu):
        for form in ([], ["--json"]):
            assert main(["decode", octets, *form]) == 0
            output = capsys.readouterr().out
            assert "3132333435363738" not in output
            assert "12345678" not in output
            assert "(hidden)" in output


# --- the program ---------------------------------------------------------------------------------------------------


def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", *options.pop("python", ()), str(ROOT / "tools" / "with_stack.py"), "dlms", *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        **options,
    )


def test_help_is_quick_because_nothing_that_talks_to_meters_is_imported():
    done = run("--help", python=("-X", "importtime"))
    assert done.returncode == 0
    assert "decode" in done.stdout
    assert not {line.split("|")[-1].strip() for line in done.stderr.splitlines()} & {
        "asyncio",
        "socket",
        "homeassistant",
    }


def test_program_exits_with_the_status_of_the_command():
    assert run("decode", "62 00").stdout == "rlrq\n"
    failed = run("decode", "zz")
    assert failed.returncode == 1
    assert failed.stdout == ""
    assert "Traceback" not in failed.stderr


def test_progress_is_for_terminals_and_leaves_nothing_behind(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    terminal = Terminal()
    terminal.progress("100 octets received")
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    terminal.progress("200 octets received")
    terminal.progress("300 octets received")
    terminal.lines(["done"])
    terminal.note("well")
    written = capsys.readouterr()
    fresh = "\r\x1b[K"
    assert written.err == f"{fresh}cosem: 200 octets received{fresh}cosem: 300 octets received{fresh}cosem: well\n"
    assert written.out == "done\n"


def test_reader_of_the_output_may_leave_early():
    command = (
        f"{sys.executable} -P {ROOT / 'tools' / 'with_stack.py'} dlms decode {'00010010000100026200' * 2_000} | head -1"
    )
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=300, check=False)
    assert done.stdout == "WPDU\n"
    assert done.stderr == ""


def test_output_that_nobody_reads_any_more_is_no_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    with (tmp_path / "gone").open("w") as gone:

        class Closed(io.StringIO):
            def write(self, _text: str) -> int:
                raise BrokenPipeError

            def fileno(self) -> int:
                return gone.fileno()

        monkeypatch.setattr(sys, "stdout", Closed())
        assert main(["decode", "6200"]) == 0


def test_stack_is_importable_on_its_own():
    folder = str(ROOT / "custom_components" / "cosem")
    program = f"import sys; sys.path.append({folder!r}); import dlms; print(len(dlms.__all__))"
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.stderr == ""
    assert int(done.stdout) > 20
