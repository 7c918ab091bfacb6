"""The stack's doctor: a verdict for each layer, one attempt for each pair of wPorts, no password on its own."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast
from unittest.mock import patch

import pytest

from custom_components.cosem.dlms.apdu.acse import Mechanism
from custom_components.cosem.dlms.apdu.initiate import Conformance
from custom_components.cosem.dlms.client.channel import with_datagrams, with_wrapper
from custom_components.cosem.dlms.client.doctor import Patient, diagnose
from custom_components.cosem.dlms.client.foreign_protocol import ForeignProtocol
from custom_components.cosem.dlms.client.invocation_counter import INVOCATION_COUNTER
from custom_components.cosem.dlms.client.layer_findings import LayerVerdict
from custom_components.cosem.dlms.client.link import Timing
from custom_components.cosem.dlms.client.security_state import SecurityState
from custom_components.cosem.dlms.client.verdict import Layer
from custom_components.cosem.dlms.errors import (
    AssociationRejected,
    ConnectFailed,
    ConnectFailure,
    ConnectTimeout,
    InvocationCounterRefused,
    LocalProtocolError,
    NotWrapper,
)
from custom_components.cosem.dlms.protocol.proof_form import ProofForm
from custom_components.cosem.dlms.protocol.proposal import AssociationParameters
from custom_components.cosem.dlms.protocol.referencing import Referencing
from custom_components.cosem.dlms.protocol.wrapper import Wpdu, encode_wpdu
from custom_components.cosem.dlms.security.keys import Secret
from custom_components.cosem.dlms.security.settings import SecuritySettings
from custom_components.cosem.dlms.security.suite import Protection
from tests.dlms.scripted import PUSH, End, Part, Raw, ScriptedMeter, aare, initiate
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import DEFAULT_PASSWORD, MeterProfile, Referencing as MeterReferencing, load_profile

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
READER = AssociationParameters(client_wport=2, mechanism=Mechanism.LLS, password=Secret.from_text(DEFAULT_PASSWORD))
WRONG = AssociationParameters(client_wport=2, mechanism=Mechanism.LLS, password=Secret.from_text("wrong"))
OK, FAILED, NOT_TRIED = "ok", "failed", "not tried"


async def resolved() -> list[str]:
    return ["192.0.2.7"]


class Store:
    async def save(self, _ceiling: int) -> None:
        """It is there."""

    async def save_received(self, _last: object) -> None:
        """Likewise."""


async def found(meter: Any, parameters: AssociationParameters = READER, **changes: Any) -> list[Any]:
    patient = Patient(
        **cast(
            "Any",
            {
                "host": "meter",
                "port": 4059,
                "resolve": resolved,
                "connect": with_wrapper(meter.connect),
                "parameters": parameters,
                "timing": Timing(response=0.2, reconnect_gap=0),
            }
            | changes,
        )
    )
    with patch("custom_components.cosem.dlms.client.first_octets._SECONDS", 0.05):
        findings = await diagnose(patient)
    assert [finding.layer for finding in findings] == list(Layer)
    assert all((finding.error is not None) == (finding.verdict is LayerVerdict.FAILED) for finding in findings)
    return findings


def verdicts(findings: Iterable[Any]) -> list[str]:
    return [finding.verdict.value for finding in findings]


@pytest.fixture
def meter() -> SimulatedMeter:
    return SimulatedMeter(MeterProfile(history_days=1), clock=lambda: NOW)


def aarqs(meter: SimulatedMeter) -> int:
    return len([request for request in meter.log if request.kind == "aarq"])


async def test_a_meter_that_answers_is_fine_in_every_layer(meter: SimulatedMeter):
    findings = await found(meter)
    assert verdicts(findings) == [OK] * 7
    name, port, framing, public, association, authentication, objects = (finding.detail for finding in findings)
    assert (name, port, framing) == ("192.0.2.7", "4059 is open", "the wrapper")
    assert "logical devices at the wPorts 1, 16" in public
    assert "PDU size" in association
    assert "lls" in authentication
    assert objects.endswith(" objects")
    assert aarqs(meter) == 2
    assert meter.open_links == 0


async def test_the_public_client_is_tried_once_where_it_is_the_chosen_one(meter: SimulatedMeter):
    findings = await found(meter, AssociationParameters())
    assert verdicts(findings) == [OK] * 7
    assert aarqs(meter) == 1
    assert findings[3].detail == "it is the chosen association"
    refusing = ScriptedMeter(aarq=lambda apdu: [aare(result=1, diagnostic=1)])
    assert verdicts(await found(refusing, AssociationParameters())) == [OK] * 3 + [NOT_TRIED, FAILED] + [NOT_TRIED] * 2


async def test_a_wrong_password_is_sent_once_and_is_a_matter_of_authentication(meter: SimulatedMeter):
    findings = await found(meter, WRONG)
    assert verdicts(findings) == [OK] * 5 + [FAILED, NOT_TRIED]
    assert aarqs(meter) == 2
    assert "2 -> 1" in findings[4].detail
    assert "wrong" not in repr(findings)


@pytest.mark.parametrize("reason", [ConnectFailure.REFUSED, ConnectFailure.UNREACHABLE])
async def test_no_connection_is_a_matter_of_the_port(reason: ConnectFailure):
    async def fails() -> None:
        raise ConnectFailed(reason)

    findings = await found(ScriptedMeter(connect=fails))
    assert verdicts(findings) == [OK, FAILED] + [NOT_TRIED] * 5


async def test_an_unknown_name_ends_it():
    async def fails() -> list[str]:
        raise ConnectFailed(ConnectFailure.NAME_NOT_RESOLVED)

    meter = ScriptedMeter()
    assert verdicts(await found(meter, resolve=fails)) == [FAILED] + [NOT_TRIED] * 6
    assert meter.links == []


FOREIGN = [
    ("7EA0210321739AA0", "HDLC"),
    ("15030300020246", "TLS"),
    ("485454502F312E312034", "HTTP"),
    ("5353482D322E30", "SSH"),
    ("000100000003018101", "Modbus"),
    ("C0C0C0", "something else"),
]


@pytest.mark.parametrize(("octets", "word"), FOREIGN)
async def test_another_service_gets_no_password_and_is_named(octets: str, word: str):
    meter = ScriptedMeter(aarq=lambda apdu: [Raw(bytes.fromhex(octets))])
    findings = await found(meter)
    assert findings[2].verdict is LayerVerdict.FAILED
    assert word in findings[2].detail
    assert isinstance(findings[2].error, NotWrapper)
    assert verdicts(findings)[4:] == [NOT_TRIED] * 3
    assert all(DEFAULT_PASSWORD.encode() not in wpdu.apdu for link in meter.links for wpdu in link.sent)


class Deaf:
    """Takes everything, and says nothing, or hangs up."""

    def __init__(self, *, hangs_up: bool) -> None:
        self.hangs_up = hangs_up
        self.connections = 0

    async def connect(self) -> Deaf:
        self.connections += 1
        return self

    async def send(self, octets: bytes) -> None:
        """It is gone."""

    async def receive(self) -> bytes:
        if not self.hangs_up:
            await asyncio.Event().wait()
        return b""

    async def close(self) -> None:
        """Nothing is open."""


class Foreign(Deaf):
    """Says something to everything that begins with 7E, and keeps what it got."""

    def __init__(self, answer: str) -> None:
        super().__init__(hangs_up=False)
        self.answer = bytes.fromhex(answer)
        self.got: list[bytes] = []
        self._answers: asyncio.Queue[bytes] = asyncio.Queue()

    async def send(self, octets: bytes) -> None:
        self.got.append(octets)
        if octets[:1] == b"\x7e":
            self._answers.put_nowait(self.answer)

    async def receive(self) -> bytes:
        return await self._answers.get()


@pytest.mark.parametrize(("octets", "word"), [("7EA0210321739AA0", "HDLC"), ("681F1F6808", "M-Bus"), ("E5", "M-Bus")])
async def test_what_is_silent_to_the_public_client_is_asked_in_other_protocols_before_a_password_goes_there(
    octets: str, word: str
):
    meter = Foreign(octets)
    findings = await found(meter)
    assert verdicts(findings) == [OK, OK, FAILED] + [NOT_TRIED] * 4
    assert word in findings[2].detail
    assert not any(DEFAULT_PASSWORD.encode() in octets for octets in meter.got)


@pytest.mark.parametrize("octets", ["7EA0210321739AA0", "E5"])
async def test_nothing_is_sent_in_other_protocols_where_that_is_not_allowed(octets: str):
    meter = Foreign(octets)
    findings = await found(meter, AssociationParameters(client_wport=2), asks_otherwise=False)
    assert verdicts(findings) == [OK, OK, FAILED, FAILED, FAILED] + [NOT_TRIED] * 2
    assert findings[2].speaks is None
    assert not findings[2].is_cut
    assert [octets[:2] for octets in meter.got] == [b"\0\1"] * 2


async def test_what_a_form_says_in_its_own_words_is_told(meter: SimulatedMeter):
    findings = await found(meter)
    assert [device.sap for device in findings[3].devices] == [1, 16]
    assert f"{findings[6].objects} objects" == findings[6].detail
    spoken = await found(ScriptedMeter(aarq=lambda apdu: [Raw(bytes.fromhex("E5"))]), asks_otherwise=False)
    assert spoken[2].speaks is ForeignProtocol.MBUS


@pytest.mark.parametrize("parts", [[], [End()]])
async def test_without_a_password_a_meter_without_public_client_gets_no_noise(parts: list[Part]):
    scripted = ScriptedMeter(aarq=lambda apdu: [aare()])
    scripted.aarq = lambda apdu: parts if len(scripted.links) == 1 else [aare()]
    findings = await found(scripted, AssociationParameters(client_wport=2))
    assert verdicts(findings)[2:6] == [OK, FAILED, OK, OK]
    assert all(octets[:2] == b"\0\1" for link in scripted.links for octets in link.writes)


@pytest.mark.parametrize("octets", ["0001", "00010010000100"])
async def test_less_than_a_header_is_no_wrapper(octets: str):
    meter = ScriptedMeter(aarq=lambda apdu: [Raw(bytes.fromhex(octets))])
    findings = await found(meter)
    assert verdicts(findings)[:3] == [OK, OK, FAILED]
    assert f"only {octets} came" in findings[2].detail
    assert findings[2].is_cut


@pytest.mark.parametrize("hangs_up", [False, True])
async def test_without_any_answer_the_framing_is_not_known(hangs_up: bool):
    meter = Deaf(hangs_up=hangs_up)
    findings = await found(meter)
    assert verdicts(findings) == [OK, OK, FAILED, FAILED, FAILED] + [NOT_TRIED] * 2
    assert findings[2].detail.startswith("nothing came back: ")
    assert findings[4].detail.endswith("; the password was sent")
    assert meter.connections == 3, "public, chosen, and once in other protocols"


@pytest.mark.parametrize("hangs_up", [False, True])
async def test_a_password_that_was_sent_without_a_public_client_before_is_told(hangs_up: bool):
    findings = await found(Deaf(hangs_up=hangs_up), replace(READER, client_wport=16))
    assert verdicts(findings) == [OK, OK, FAILED, NOT_TRIED, FAILED] + [NOT_TRIED] * 2
    assert findings[4].detail.endswith("; the password was sent")
    without = await found(Deaf(hangs_up=hangs_up), AssociationParameters())
    assert verdicts(without) == verdicts(findings)
    assert "password" not in without[4].detail


@pytest.mark.parametrize("error", [ConnectFailed(ConnectFailure.REFUSED), ConnectTimeout(10)])
async def test_a_password_that_found_no_connection_is_not_told_to_be_sent(meter: SimulatedMeter, error: Exception):
    connections: list[object] = []

    async def connected() -> object:
        if connections:
            raise error
        connections.append(await meter.connect())
        return connections[0]

    findings = await found(meter, connect=with_wrapper(cast("Any", connected)))
    assert verdicts(findings) == [OK] * 4 + [FAILED] + [NOT_TRIED] * 2
    assert "password" not in findings[4].detail


@pytest.mark.parametrize("parts", [[], [End()], [aare(result=1, diagnostic=1)]])
async def test_a_meter_without_public_client_is_asked_all_the_same(meter: SimulatedMeter, parts: list[Part]):
    scripted = ScriptedMeter()
    scripted.aarq = lambda apdu: parts if b"\xac" not in apdu else [aare()]
    findings = await found(scripted)
    assert verdicts(findings)[2:6] == [OK, FAILED, OK, OK]


class Echo(Deaf):
    """Sends back what it gets."""

    def __init__(self) -> None:
        super().__init__(hangs_up=False)
        self.got = b""
        self._echoes: asyncio.Queue[bytes] = asyncio.Queue()

    async def send(self, octets: bytes) -> None:
        self.got += octets
        self._echoes.put_nowait(octets)

    async def receive(self) -> bytes:
        return await self._echoes.get()


@pytest.mark.parametrize("wrapped", [with_wrapper, with_datagrams])
async def test_what_sends_back_what_it_gets_is_no_meter_and_gets_no_password(wrapped: Any):
    meter = Echo()
    findings = await found(meter, connect=wrapped(meter.connect))
    assert verdicts(findings) == [OK, OK, FAILED] + [NOT_TRIED] * 4
    assert findings[2].detail == "this sends back what it gets (an echo)"
    assert DEFAULT_PASSWORD.encode() not in meter.got


@pytest.mark.parametrize("client", [1, 16])
@pytest.mark.parametrize("wrapped", [with_wrapper, with_datagrams])
async def test_an_echo_of_the_chosen_association_is_told_too(wrapped: Any, client: int):
    meter = Echo()
    chosen = AssociationParameters(client_wport=client)
    with patch("custom_components.cosem.dlms.client.doctor.PUBLIC", chosen):
        findings = await found(meter, chosen, connect=wrapped(meter.connect))
    assert verdicts(findings) == [OK, OK, FAILED, NOT_TRIED, FAILED] + [NOT_TRIED] * 2
    assert findings[4].detail == "this sends back what it gets (an echo)"


async def test_what_answers_behind_an_echo_is_heard():
    meter = ScriptedMeter()
    meter.aarq = lambda apdu: [Raw(encode_wpdu(Wpdu(16, 1, apdu))), aare()]
    assert verdicts(await found(meter, AssociationParameters()))[:6] == [OK] * 6


async def test_silence_to_the_chosen_client_is_a_matter_of_the_association():
    scripted = ScriptedMeter()
    scripted.aarq = lambda apdu: [] if b"\xac" in apdu else [aare()]
    findings = await found(scripted)
    assert verdicts(findings)[2:5] == [OK, OK, FAILED]
    assert findings[4].detail.endswith("; the password was sent")


@pytest.mark.parametrize("parameters", [READER, AssociationParameters()])
async def test_another_apdu_instead_of_an_aare_is_named(parameters: AssociationParameters):
    findings = await found(ScriptedMeter(aarq=lambda apdu: [bytes.fromhex("C401C10000")]), parameters)
    assert verdicts(findings)[2:] == [OK, FAILED if parameters is READER else NOT_TRIED, FAILED, NOT_TRIED, NOT_TRIED]
    for finding in findings[3:5]:
        assert finding.error is None or "unexpected APDU with tag C4 instead of the AARE" in finding.detail


@pytest.mark.parametrize("octets", [PUSH, bytes.fromhex("DB00"), b""])
async def test_what_comes_unasked_is_no_answer_to_a_proposal(octets: bytes):
    findings = await found(ScriptedMeter(aarq=lambda apdu: [octets]), AssociationParameters())
    assert verdicts(findings)[2:5] == [OK, NOT_TRIED, FAILED]
    assert "unexpected" not in findings[4].detail


async def test_what_is_odd_in_the_public_association_does_not_make_it_a_failure():
    scripted = ScriptedMeter(lambda apdu: [bytes.fromhex("C401C1000500")])
    assert verdicts(await found(scripted)) == [OK] * 6 + [FAILED]


async def test_a_refusal_shows_the_meters_own_parameters():
    offer = aare(initiate(server_max_receive_pdu_size=222), result=1, diagnostic=2)
    findings = await found(ScriptedMeter(aarq=lambda apdu: [aare() if b"\xac" not in apdu else offer]))
    assert verdicts(findings)[3:5] == [OK, FAILED]
    assert isinstance(findings[4].error, AssociationRejected)
    assert "application context name not supported" in findings[4].detail
    assert "the meter offers DLMS version 6, PDU size 222, " in findings[4].detail


async def test_a_logical_device_that_is_not_listed_is_named(meter: SimulatedMeter):
    findings = await found(meter, replace(READER, server_wport=77))
    assert findings[4].verdict is LayerVerdict.FAILED
    assert "no logical device at the wPort 77" in findings[4].detail
    assert findings[4].listed == (1, 16)
    assert all(finding.listed == () for finding in findings if finding is not findings[4])


async def test_a_denied_object_list_fails_alone(meter: SimulatedMeter):
    meter.faults.add("denied", object="0.0.40.0.0.255", attribute=2)
    assert verdicts(await found(meter)) == [OK] * 6 + [FAILED]


@pytest.mark.parametrize("method", ["propose", "get"])
@pytest.mark.parametrize("parameters", [READER, AssociationParameters()])
async def test_a_bug_of_ours_surfaces(method: str, parameters: AssociationParameters):
    association = "custom_components.cosem.dlms.client.association.Association"
    with patch(f"{association}.{method}", side_effect=LocalProtocolError("a bug")), pytest.raises(LocalProtocolError):
        await found(ScriptedMeter(), parameters)


# --- over UDP, and by short names --------------------------------------------------------------------------------


async def found_over_udp(meter: Any, parameters: AssociationParameters = READER, **changes: Any) -> list[Any]:
    return await found(meter, parameters, connect=with_datagrams(meter.connect_datagrams), **changes)


async def test_a_meter_that_answers_over_udp_is_fine_in_every_layer(meter: SimulatedMeter):
    findings = await found_over_udp(meter)
    assert verdicts(findings) == [OK] * 7
    assert findings[1].detail == "4059 answers"
    assert aarqs(meter) == 2


async def test_of_silence_over_udp_nobody_knows_whether_the_port_is_open(meter: SimulatedMeter):
    meter.faults.add("silent", on="any")
    findings = await found_over_udp(meter)
    assert verdicts(findings) == [OK, OK, FAILED, FAILED, FAILED] + [NOT_TRIED] * 2
    assert "only an answer tells whether it is open" in findings[1].detail


async def test_a_port_where_nobody_listens_is_refused_over_udp(meter: SimulatedMeter):
    meter.faults.add("refuse")
    assert verdicts(await found_over_udp(meter)) == [OK, FAILED] + [NOT_TRIED] * 5


class Datagrams(ScriptedMeter):
    """A scripted meter over UDP."""

    @property
    def connect_datagrams(self) -> Any:
        return self.connect


@pytest.mark.parametrize(("octets", "word"), FOREIGN)
async def test_another_service_over_udp_gets_no_password_and_is_named(octets: str, word: str):
    meter = Datagrams(aarq=lambda apdu: [Raw(bytes.fromhex(octets))])
    findings = await found_over_udp(meter)
    assert verdicts(findings)[:3] == [OK, OK, FAILED]
    assert word in findings[2].detail
    assert verdicts(findings)[4:] == [NOT_TRIED] * 3
    assert all(DEFAULT_PASSWORD.encode() not in wpdu.apdu for link in meter.links for wpdu in link.sent)


@pytest.mark.parametrize("connect", [found, found_over_udp])
@pytest.mark.parametrize("short_names", [False, True])
async def test_answers_from_other_wports_are_a_matter_of_the_association(connect: Any, short_names: bool):
    referencing = MeterReferencing.SHORT if short_names else MeterReferencing.LOGICAL
    meter = SimulatedMeter(MeterProfile(history_days=1).with_quirks(referencing=referencing), lambda: NOW)
    meter.faults.add("wrong-wport", on="aarq", request=2, count=3)
    ours = Referencing.SHORT_NAME if short_names else Referencing.AUTOMATIC
    findings = await connect(meter, replace(READER, referencing=ours))
    assert verdicts(findings) == [OK] * 4 + [FAILED] + [NOT_TRIED] * 2


@pytest.mark.parametrize(
    ("fault", "parameters", "expected"),
    [
        ("aare-transient", {}, [OK, OK, FAILED, OK, OK, OK]),
        ("busy", {"code": 3, "on": "aarq"}, [OK, OK, FAILED, OK, OK, OK]),
        ("aare-authentication", {"code": 13, "request": 2}, [OK, OK, OK, OK, FAILED, NOT_TRIED]),
        ("aare-transient", {"request": 2}, [OK, OK, OK, FAILED, NOT_TRIED, NOT_TRIED]),
        ("silent", {"on": "aarq", "request": 2}, [OK, OK, OK, FAILED, NOT_TRIED, NOT_TRIED]),
        ("silent", {"on": "get", "request": 2}, [OK, OK, OK, OK, OK, FAILED]),
        ("corrupt", {"on": "aarq", "octet": 8, "request": 2}, [OK, OK, OK, FAILED, NOT_TRIED, NOT_TRIED]),
    ],
)
@pytest.mark.parametrize("connect", [found, found_over_udp])
async def test_a_fault_is_found_in_its_layer_and_costs_no_other(
    meter: SimulatedMeter, connect: Any, fault: str, parameters: dict[str, Any], expected: list[str]
):
    times = None if fault == "silent" and parameters["on"] == "get" else 1  # over UDP a GET is repeated
    meter.faults.add(fault, times=times, **parameters)
    assert verdicts(await connect(meter))[1:] == expected
    assert aarqs(meter) == 2
    assert meter.open_links == 0


# --- services that a meter does not know ---------------------------------------------------------------------------


def old_meter(refusal: bytes = b"") -> ScriptedMeter:
    """Knows what most clients propose, and not more."""
    refused = refusal or aare(bytes.fromhex("0E010602"), result=1, diagnostic=1)
    meter = ScriptedMeter()
    meter.aarq = lambda apdu: [refused if bytes.fromhex("5F1F0400207E5F") in apdu else aare()]
    return meter


def proposals(meter: ScriptedMeter) -> int:
    return sum(wpdu.apdu[0] == 0x60 for link in meter.links for wpdu in link.sent)


async def test_refused_services_are_named_and_the_chosen_association_proposes_fewer():
    meter = old_meter()
    findings = await found(meter)
    assert verdicts(findings)[2:6] == [OK, FAILED, OK, OK]
    assert "initiate-error 2 (incompatible-conformance)" in findings[3].detail
    assert proposals(meter) == 2


async def test_without_a_public_client_refused_services_are_named_once():
    meter = old_meter()
    findings = await found(meter, AssociationParameters())
    assert verdicts(findings)[2:6] == [OK, NOT_TRIED, FAILED, NOT_TRIED]
    assert "initiate-error 2 (incompatible-conformance)" in findings[4].detail
    assert proposals(meter) == 1


async def test_what_gives_no_reason_changes_nothing_for_the_chosen_association():
    findings = await found(old_meter(aare(None, result=1, diagnostic=1)))
    assert verdicts(findings)[3:5] == [FAILED, FAILED]


@pytest.mark.parametrize("parameters", [READER, AssociationParameters()])
@pytest.mark.parametrize("known", [True, False])
async def test_few_services_are_proposed_to_a_meter_that_is_known_to_want_them_or_as_chosen(
    parameters: AssociationParameters, known: bool
):
    chosen = parameters if known else replace(parameters, conformance=Conformance(0x001E1D))
    findings = await found(old_meter(), chosen, form=ProofForm(few_services=known))
    assert verdicts(findings)[:6] == [OK] * 6


# --- with keys -----------------------------------------------------------------------------------------------------


@pytest.fixture
def secured() -> SimulatedMeter:
    return SimulatedMeter(replace(load_profile("secured", {}), history_days=1), clock=lambda: NOW)


def keys(meter: SimulatedMeter, wport: int, **changes: Any) -> AssociationParameters:
    client = meter.profile.client(wport)
    assert client is not None
    assert client.security is not None
    security = SecuritySettings(
        client_system_title=b"MMM\0\0\0\0\1",
        protection=Protection.AUTHENTICATED_ENCRYPTED,
        global_unicast_encryption_key=Secret(client.security.encryption_key),
        authentication_key=Secret(client.security.authentication_key),
    )
    security = replace(security, **changes)
    return AssociationParameters(client_wport=wport, mechanism=Mechanism.HLS_GMAC, security=security)


@pytest.mark.parametrize("changes", [{}, {"use_dedicated_key": True}])
async def test_keys_are_accepted(secured: SimulatedMeter, changes: dict[str, Any]):
    findings = await found(secured, keys(secured, 1, **changes), state=SecurityState(1, Store()))
    assert verdicts(findings) == [OK] * 7
    assert "hls-gmac" in findings[5].detail
    assert aarqs(secured) == 2


async def test_wrong_keys_are_tried_once(secured: SimulatedMeter):
    wrong = keys(secured, 1, authentication_key=Secret(bytes(16)), use_dedicated_key=True)
    findings = await found(secured, wrong, state=SecurityState(1, Store()))
    assert FAILED in verdicts(findings)[4:6]
    assert aarqs(secured) == 2


@pytest.mark.parametrize("ask", [INVOCATION_COUNTER, None])
async def test_the_counter_comes_from_the_public_association(secured: SimulatedMeter, ask: Any):
    state = SecurityState(1, Store())
    findings = await found(secured, keys(secured, 1), state=state, ask=ask)
    assert verdicts(findings) == [OK] * 7
    assert aarqs(secured) == 2


async def test_a_counter_far_ahead_is_not_followed_unasked(secured: SimulatedMeter):
    state = SecurityState(1, Store())
    with patch("custom_components.cosem.dlms.client.doctor.read_next_counter", return_value=5_000_000):
        findings = await found(secured, keys(secured, 1), state=state, ask=INVOCATION_COUNTER)
    assert verdicts(findings) == [OK] * 4 + [NOT_TRIED, FAILED, NOT_TRIED]
    assert isinstance(findings[5].error, InvocationCounterRefused)
    assert aarqs(secured) == 1


async def test_a_refused_counter_is_not_tried_again(secured: SimulatedMeter):
    secured.faults.add("counter-error", code=1)
    await found(secured, keys(secured, 1), state=SecurityState(1, Store()))
    assert aarqs(secured) == 2


@pytest.mark.parametrize("counts", [True, False])
async def test_a_counter_that_the_meter_asks_for_is_kept_for_the_next_attempt(secured: SimulatedMeter, counts: bool):
    stored: list[int] = []

    class Book(Store):
        async def save(self, ceiling: int) -> None:
            if stored and not counts:
                raise OSError
            stored.append(ceiling)

    secured.faults.add("counter-error", code=5000, on="aarq", times=1)
    state = SecurityState(1, Book())
    findings = await found(secured, keys(secured, 1), state=state)
    assert verdicts(findings)[4:6] == [OK, FAILED]
    assert findings[5].is_mended is counts
    assert aarqs(secured) == 2
    if counts:
        assert stored[-1] > 5000
        assert verdicts(await found(secured, keys(secured, 1), state=SecurityState(stored[-1], Book()))) == [OK] * 7


async def test_the_counter_of_another_logical_device_is_read_there(secured: SimulatedMeter):
    tried: list[str] = []
    chosen = replace(keys(secured, 1), server_wport=16)
    read: list[int] = []

    async def counter(association: Any, _ask: Any) -> None:
        read.append(association.parameters.server_wport)

    named = "custom_components.cosem.dlms.client.doctor.read_next_counter"
    with patch(named, counter):
        await found(
            secured,
            chosen,
            state=SecurityState(1, Store()),
            ask=INVOCATION_COUNTER,
            on_attempt=lambda parameters: tried.append(str(parameters.pair)),
        )
    assert tried == ["16 -> 1", "16 -> 16", "1 -> 16"]
    assert read == [16]
    await found(
        secured, replace(chosen, client_wport=16), state=SecurityState(1, Store()), ask=INVOCATION_COUNTER,
        on_attempt=lambda parameters: tried.append(str(parameters.pair)),
    )  # fmt: skip
    assert tried[3:] == ["16 -> 1", "16 -> 16"]


async def test_the_counter_is_read_first_because_some_meters_hang_up_behind_an_answer():
    asked: list[bytes] = []

    def answer(apdu: bytes) -> list[Part]:
        asked.append(apdu)
        return [bytes.fromhex("C401C1000600000300"), End()]

    scripted = ScriptedMeter(answer)
    state = SecurityState(1, Store())
    secured = SimulatedMeter(replace(load_profile("secured", {}), history_days=1), clock=lambda: NOW)
    await found(scripted, keys(secured, 1), state=state, ask=INVOCATION_COUNTER)
    assert INVOCATION_COUNTER.octets in asked[0]
    assert state.next_value >= 0x301


async def test_layers_are_told_in_their_order_as_soon_as_they_are_known_and_again_where_they_change():
    told: list[tuple[str, str, int]] = []
    scripted = ScriptedMeter()
    scripted.aarq = lambda apdu: [aare()] if len(scripted.links) == 1 else [Raw(b"HTTP/1.1 400")]
    await found(
        scripted,
        on_finding=lambda finding: told.append((finding.layer.value, finding.verdict.value, len(scripted.links))),
    )
    assert told == [
        ("name", OK, 0),
        ("port", OK, 1),
        ("framing", OK, 1),
        ("public-association", OK, 1),
        ("framing", FAILED, 2),
        ("association", FAILED, 2),
        ("authentication", NOT_TRIED, 2),
        ("object-list", NOT_TRIED, 2),
    ]


@pytest.mark.parametrize(
    ("parameters", "public"), [(AssociationParameters(), OK), (replace(READER, client_wport=16), NOT_TRIED)]
)
async def test_why_the_public_client_has_no_attempt_of_its_own_is_told_once(
    parameters: AssociationParameters, public: str
):
    told: list[tuple[str, str]] = []
    await found(
        ScriptedMeter(), parameters, on_finding=lambda finding: told.append((finding.layer, finding.verdict.value))
    )
    assert [verdict for layer, verdict in told if layer == "public-association"] == [public]


async def test_where_nobody_listens_no_layer_behind_the_port_has_anything_to_say():
    async def fails() -> None:
        raise ConnectFailed(ConnectFailure.REFUSED)

    findings = await found(ScriptedMeter(connect=fails), AssociationParameters())
    assert [finding.detail for finding in findings[2:]] == [""] * 5


@pytest.mark.parametrize(
    ("referencing", "first", "association"),
    [
        (Referencing.AUTOMATIC, FAILED, OK),
        (Referencing.SHORT_NAME, OK, OK),
        (Referencing.LOGICAL_NAME, FAILED, FAILED),
    ],
)
async def test_what_the_public_client_is_told_of_the_context_serves_the_chosen_association(
    referencing: Referencing, first: str, association: str
):
    meter = SimulatedMeter(MeterProfile().with_quirks(referencing=MeterReferencing.SHORT), lambda: NOW)
    findings = await found(meter, replace(READER, referencing=referencing))
    assert verdicts(findings)[3:5] == [first, association]
    assert verdicts(findings)[-1] == (OK if association == OK else NOT_TRIED)
    assert all(
        finding.detail.startswith("accepted, by short names, ") for finding in findings[3:5] if not finding.error
    )
    assert sum(request.kind == "aarq" for request in meter.log) == 2
