"""The doctor against the simulated meter and against a client that fails on order: one verdict for each layer."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest

from custom_components.cosem.const import MAX_COUNTER_START
from custom_components.cosem.dlms import (
    NO_KEY,
    AssociationAborted,
    AssociationParameters,
    AssociationRejected,
    AttributeDescriptor,
    AuthenticationTagInvalid,
    ConfirmedServiceErrorReceived,
    ConnectFailed,
    ConnectFailure,
    ConnectionLost,
    ConnectTimeout,
    Data,
    DataAccessError,
    DecodeError,
    DeviceInUse,
    DlmsClient,
    DlmsError,
    ExceptionReceived,
    InvocationCounterExhausted,
    InvocationCounterNotStored,
    InvocationCounterRefused,
    InvocationCounterReplayed,
    KeyPairs,
    LimitExceeded,
    LocalProtocolError,
    LogicalName,
    Mechanism,
    NotWrapper,
    PeerNotAuthenticated,
    ProofRefused,
    Protection,
    ResponseTimeout,
    Secret,
    SecurityDowngrade,
    SecurityError,
    SecuritySettings,
    SecurityState,
    SecuritySuite,
    SystemTitleMismatch,
    TimePolicy,
    Timing,
    UnexpectedApdu,
    WrongAddress,
    generate_key_pair,
)
from custom_components.cosem.dlms.client.channel import with_wrapper
from custom_components.cosem.dlms.client.verdict import Verdict, diagnostic_of, while_reading
from custom_components.cosem.dlms.encoding.data_types import unsigned
from custom_components.cosem.meter import doctor
from custom_components.cosem.meter.doctor import (
    Examination,
    ExaminationFailed,
    ExaminationRequest,
    Stage,
    examine,
)
from tests.dlms.scripted import ScriptedMeter, access_error
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import DEFAULT_PASSWORD, MeterProfile

PUBLIC = AssociationParameters(client_wport=16)
SECURITY = [
    (AuthenticationTagInvalid(), Verdict.VERIFICATION_FAILED),
    (PeerNotAuthenticated(), Verdict.METER_NOT_PROVEN),
    (InvocationCounterExhausted(), Verdict.COUNTER_EXHAUSTED),
    (InvocationCounterNotStored(), Verdict.COUNTER_NOT_STORED),
    (InvocationCounterReplayed(), Verdict.ANSWER_REPLAYED),
    (SystemTitleMismatch("another title"), Verdict.UNEXPECTED_SYSTEM_TITLE),
    (SecurityDowngrade("plain"), Verdict.SECURITY_DOWNGRADE),
    (SecurityError(), Verdict.SECURITY_DOWNGRADE),
]
"""Each is another cause, and another advice."""
TITLE = bytes.fromhex("4841530102030405")
KEY, OTHER_KEY = (Secret(bytes.fromhex(digits * 2)) for digits in ("8A23423BEF4C57D1", "D3E0C5B2A1F49867"))
READER = AssociationParameters(client_wport=2, mechanism=Mechanism.LLS, password=Secret.from_text(DEFAULT_PASSWORD))


class Client:
    """A client whose meter fails on order: while associating, or at a read."""

    asks_otherwise = False

    def __init__(self, associating: DlmsError | None = None, reading: DlmsError | None = None, meter: Any = None):
        self.associating = associating
        self.reading = reading
        self.real = DlmsClient("", connect=with_wrapper(meter.connect)) if meter else None
        self.refused: set[int] = set()
        self.replaced: dict[int, Data] = {}

    @asynccontextmanager
    async def associate(
        self,
        parameters: AssociationParameters,
        *,
        timing: Timing,
        security_state: SecurityState | None = None,
        exclusive: bool = False,
        on_connected: Callable[[], None] = lambda: None,
    ) -> AsyncIterator[Any]:
        if self.associating is not None:
            raise self.associating
        on_connected()
        self.parameters = parameters
        self.exclusive = exclusive
        if self.real is None:
            yield self
            return
        async with self.real.associate(parameters, timing=timing) as self.association:
            yield self

    async def get(self, attribute: AttributeDescriptor) -> Data:
        raise DataAccessError(3)  # this meter tells nobody its invocation counter

    async def get_many(self, attributes: Sequence[AttributeDescriptor]) -> list[Any]:
        if self.reading is not None and (not self.refused or attributes[0].class_id in self.refused):
            raise self.reading
        answers = await self.association.get_many(attributes)
        return [self.replaced.get(asked.class_id, answer) for asked, answer in zip(attributes, answers, strict=True)]


async def verdict(hass: HomeAssistant, client: Any, parameters: AssociationParameters = PUBLIC) -> ExaminationFailed:
    """The failure of an examination."""
    with pytest.raises(ExaminationFailed) as failed:
        await examine(hass, client, ExaminationRequest(parameters=parameters))
    assert isinstance(failed.value.__cause__, DlmsError)
    return failed.value


async def examined(hass: HomeAssistant, meter: SimulatedMeter, **order: Any) -> Examination:
    """What the doctor finds."""
    client = DlmsClient("", connect=with_wrapper(meter.connect))
    return await examine(
        hass, client, ExaminationRequest(**{"parameters": READER, "timing": Timing(reconnect_gap=0)} | order)
    )


TEXTS = json.loads((Path(doctor.__file__).parents[1] / "translations" / "en.json").read_text("utf-8"))["config"]


@pytest.mark.parametrize("verdict", Verdict)
def test_each_verdict_has_its_sentence(verdict: Verdict):
    assert verdict.value in TEXTS["error"]


@pytest.mark.parametrize("stage", Stage)
def test_each_stage_says_what_is_going_on(stage: Stage):
    assert stage.value in TEXTS["progress"]


def test_a_verdict_alone_has_nothing_to_add():
    failure = ExaminationFailed(Verdict.NO_IDENTITY)
    assert (failure.diagnostic, failure.detail, failure.seconds, failure.counter) == ("", "", 0, 0)
    assert str(failure) == "no_identity"
    assert str(ExaminationFailed(Verdict.CANNOT_CONNECT, detail="no route")) == "cannot_connect: no route"


async def test_whoever_reads_the_meter_by_another_address_waits(hass: HomeAssistant, meter: SimulatedMeter):
    """Many meters serve one connection at a time."""
    other = DlmsClient("", connect=with_wrapper(meter.connect))
    other_may_end, begun = asyncio.Event(), asyncio.Event()

    async def read() -> None:
        async with other.associate(READER, timing=Timing(reconnect_gap=0)):
            begun.set()
            await other_may_end.wait()

    reading = asyncio.create_task(read())
    await begun.wait()
    examination = asyncio.create_task(examined(hass, meter, read_by=other))
    for _ in range(20):
        await asyncio.sleep(0)
    assert [request.kind for request in meter.log].count("aarq") == 1
    other_may_end.set()
    await reading
    assert (await examination).identity.unique_id == "SIM1030049762188"


async def test_nobody_else_has_the_device_during_an_examination(hass: HomeAssistant, meter: SimulatedMeter):
    client = Client(meter=meter)
    await examine(hass, client, ExaminationRequest(parameters=READER))  # type: ignore[arg-type]
    assert client.exclusive


async def test_examination_of_a_household_meter(hass: HomeAssistant, meter: SimulatedMeter):
    stages: list[Stage] = []
    result = await examined(hass, meter, on_stage=stages.append)
    assert stages == [Stage.CONNECTING, Stage.ASSOCIATING, Stage.READING_IDENTITY, Stage.READING_OBJECTS]
    assert result.identity.unique_id == "SIM1030049762188"
    assert result.identity.serial_number == "49762188"
    assert result.identity.firmware == "SIM-FW 1.4.2"
    assert not result.list_refused
    assert len(result.objects) > 50
    assert [device.sap for device in result.logical_devices] == [1, 16]
    assert result.clock is not None
    assert abs(result.clock.difference(TimePolicy.STANDARD)) < timedelta(seconds=2)
    assert meter.open_links == 0
    assert [request.kind for request in meter.log].count("aarq") == 1


async def test_public_client_sees_who_the_meter_is(hass: HomeAssistant, meter: SimulatedMeter):
    result = await examined(hass, meter, parameters=PUBLIC)
    assert result.identity.unique_id == "SIM1030049762188"
    assert not result.list_refused
    assert 0 < len(result.objects) < 20


async def test_identity_alone_is_quick(hass: HomeAssistant, meter: SimulatedMeter):
    stages: list[Stage] = []
    result = await examined(hass, meter, with_objects=False, on_stage=stages.append)
    assert result.objects == ()
    assert not result.list_refused
    assert not Examination(identity=result.identity).list_refused
    assert stages[-1] is Stage.READING_IDENTITY


async def test_meter_is_recognised_by_what_its_entry_was_made_of(hass: HomeAssistant, meter: SimulatedMeter):
    assert (await examined(hass, meter, expected="49762188_1")).identity.unique_id == "49762188_1"
    assert (await examined(hass, meter, expected="another")).identity.unique_id == "SIM1030049762188"


async def test_clock_difference(hass: HomeAssistant, freezer: FrozenDateTimeFactory):
    freezer.move_to(datetime(2026, 7, 1, 12, tzinfo=dt_util.UTC))
    meter = SimulatedMeter(MeterProfile().with_quirks(clock_offset=90), dt_util.utcnow)
    assert (await examined(hass, meter)).clock.difference(TimePolicy.STANDARD) == timedelta(seconds=90)
    meter.faults.add("denied", object="0.0.1.0.0.255")
    assert (await examined(hass, meter)).clock is None


async def test_sap_list_that_is_refused_or_makes_no_sense(hass: HomeAssistant, meter: SimulatedMeter):
    meter.faults.add("denied", object="0.0.41.0.0.255", times=1)
    assert (await examined(hass, meter)).logical_devices == ()
    client = Client(meter=meter)
    client.replaced = {17: unsigned(5)}
    result = await examine(hass, client, ExaminationRequest(parameters=READER))  # type: ignore[arg-type]
    assert result.logical_devices == ()


async def test_object_list_that_is_refused_leads_to_the_usual_codes(hass: HomeAssistant, meter: SimulatedMeter):
    stages: list[Stage] = []
    meter.faults.add("denied", object="0.0.40.0.0.255")
    result = await examined(hass, meter, on_stage=stages.append)
    # Those are for keys, and for meters that call.
    assert stages == [stage for stage in Stage if stage not in {Stage.LEARNING_COUNTER, Stage.WAITING_FOR_CALL}]
    assert result.list_refused
    found = {(element.class_id, str(element.logical_name)) for element in result.objects}
    assert {(3, "1.0.1.8.0.255"), (3, "1.0.32.7.0.255"), (8, "0.0.1.0.0.255")} <= found
    assert (3, "7.0.3.0.0.255") not in found
    assert all(element.can_read(2) for element in result.objects)
    assert {element.version for element in result.objects} == {0}  # nobody says which
    asked = b"".join(request.apdu for request in meter.log)
    for class_id, name in ((3, "1.0.1.8.0.255"), (4, "1.0.1.6.0.255")):
        value = AttributeDescriptor(class_id, LogicalName.parse(name), 2)
        assert bytes([0, class_id]) + value.logical_name.octets + b"\x02" in asked, value
    assert asked.count(LogicalName.parse("1.0.1.8.0.255").octets) == 1  # each of them once


async def test_exception_response_to_the_object_list_leads_to_the_usual_codes(
    hass: HomeAssistant, meter: SimulatedMeter
):
    client = Client(meter=meter, reading=ExceptionReceived(1, 2))
    client.refused = {15}
    result = await examine(hass, client, ExaminationRequest(parameters=READER))  # type: ignore[arg-type]
    assert result.list_refused
    assert result.objects


async def test_meter_that_answers_none_of_the_usual_codes(hass: HomeAssistant, meter: SimulatedMeter):
    client = Client(meter=meter, reading=ExceptionReceived(1, 2))
    client.refused = {15, 3}
    result = await examine(hass, client, ExaminationRequest(parameters=READER))  # type: ignore[arg-type]
    assert result.list_refused
    assert result.objects == ()


async def test_meter_that_says_nothing_about_itself(hass: HomeAssistant, meter: SimulatedMeter):
    meter.faults.add("object-undefined")
    with pytest.raises(ExaminationFailed) as failed:
        await examined(hass, meter)
    assert failed.value.verdict is Verdict.NO_IDENTITY
    assert meter.open_links == 0


async def test_exception_response_to_the_identity_is_no_identity(hass: HomeAssistant, meter: SimulatedMeter):
    client = Client(meter=meter, reading=ExceptionReceived(1, 2))
    with pytest.raises(ExaminationFailed) as failed:
        await examine(hass, client, ExaminationRequest(parameters=READER))  # type: ignore[arg-type]
    assert failed.value.verdict is Verdict.NO_IDENTITY


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ConnectFailed(ConnectFailure.NAME_NOT_RESOLVED), Verdict.NAME_NOT_RESOLVED),
        (ConnectFailed(ConnectFailure.REFUSED), Verdict.CONNECTION_REFUSED),
        (ConnectFailed(ConnectFailure.UNREACHABLE), Verdict.HOST_UNREACHABLE),
        (ConnectFailed(ConnectFailure.OTHER, "too many open files"), Verdict.CANNOT_CONNECT),
        (ConnectFailed(ConnectFailure.OTHER), Verdict.CANNOT_CONNECT),
        (ConnectTimeout(10), Verdict.CONNECT_TIMEOUT),
        (ResponseTimeout("AARE", 10), Verdict.NO_DLMS_ANSWER),
        (ConnectionLost(), Verdict.CLOSED_BY_METER),
        (ConnectionLost(reset=True), Verdict.CLOSED_BY_METER),
        (AssociationAborted("the client was closed"), Verdict.CLOSED_BY_METER),
        (NotWrapper(b"\x7e\xa0\x0a"), Verdict.NOT_DLMS_HDLC),
        (NotWrapper(b"SSH-2.0-"), Verdict.NOT_DLMS_TEXT),
        (NotWrapper(b"\xff\xfd\x18"), Verdict.NOT_DLMS),
        (DecodeError("a length is missing", 9), Verdict.BAD_ANSWER),
        (UnexpectedApdu(0x99), Verdict.BAD_ANSWER),
        (LimitExceeded("octets in an APDU", 65535), Verdict.BAD_ANSWER),
        *SECURITY,
        (AssociationRejected(1, 1, 2), Verdict.ASSOCIATION_REFUSED),
        (AssociationRejected(1, 2, 2), Verdict.ASSOCIATION_REFUSED),
        (AssociationRejected(2, 1, 1), Verdict.METER_BUSY),
        (AssociationRejected(2, 2, 1), Verdict.METER_BUSY),
        (ExceptionReceived(1, 2), Verdict.ASSOCIATION_REFUSED),
        (ConfirmedServiceErrorReceived(1, 6, 4), Verdict.ASSOCIATION_REFUSED),
    ],
    ids=str,
)
async def test_verdict_before_the_association(hass: HomeAssistant, error: DlmsError, expected: Verdict):
    failure = await verdict(hass, Client(associating=error))
    assert failure.verdict is expected
    assert expected.value in str(failure)


@pytest.mark.parametrize("result", [1, 2])
@pytest.mark.parametrize(
    ("diagnostic", "without", "with_password"),
    [
        (11, Verdict.MECHANISM_REFUSED, Verdict.MECHANISM_REFUSED),
        (12, Verdict.AUTHENTICATION_REQUIRED, Verdict.MECHANISM_REFUSED),
        (13, Verdict.AUTHENTICATION_REQUIRED, Verdict.INVALID_AUTH),
        (14, Verdict.STRONGER_AUTHENTICATION, Verdict.STRONGER_AUTHENTICATION),
    ],
)
async def test_only_four_diagnostics_of_the_user_are_about_authentication(
    hass: HomeAssistant, result: int, diagnostic: int, without: Verdict, with_password: Verdict
):
    error = AssociationRejected(result, 1, diagnostic)
    assert (await verdict(hass, Client(associating=error))).verdict is without
    assert (await verdict(hass, Client(associating=error), READER)).verdict is with_password
    about_something_else = AssociationRejected(1, 2, diagnostic)
    assert (
        await verdict(hass, Client(associating=about_something_else), READER)
    ).verdict is Verdict.ASSOCIATION_REFUSED


@pytest.mark.parametrize("diagnostic", [*range(11), 15, 255])
async def test_no_other_diagnostic_is_about_authentication(hass: HomeAssistant, diagnostic: int):
    failure = await verdict(hass, Client(associating=AssociationRejected(1, 1, diagnostic)), READER)
    assert failure.verdict is Verdict.ASSOCIATION_REFUSED
    assert failure.diagnostic == f"user_{diagnostic}"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ResponseTimeout("get-response", 10), Verdict.ANSWER_TIMEOUT),
        (ConnectionLost(), Verdict.CONNECTION_LOST),
        (AssociationAborted("a request was given up"), Verdict.CONNECTION_LOST),
        (DecodeError("no such tag"), Verdict.BAD_ANSWER),
        (NotWrapper(b"\x00\x02"), Verdict.NOT_DLMS),
        *SECURITY,
    ],
    ids=str,
)
async def test_verdict_after_the_association(hass: HomeAssistant, error: DlmsError, expected: Verdict):
    assert (await verdict(hass, Client(reading=error))).verdict is expected


@pytest.mark.parametrize("parameters", [READER, PUBLIC], ids=["password", "public client"])
async def test_trial_28_a_refused_second_association_is_a_refusal(
    hass: HomeAssistant, parameters: AssociationParameters
):
    """Not a lost connection; and no new password is asked for where this one was accepted just before."""
    for diagnostic in (1, 13):
        failure = await verdict(hass, Client(reading=AssociationRejected(1, 1, diagnostic)), parameters)
        assert (failure.verdict, failure.diagnostic) == (Verdict.ASSOCIATION_REFUSED, f"user_{diagnostic}")
    failure = await verdict(hass, Client(reading=AssociationRejected(2, 1, 1)), parameters)
    assert failure.verdict is Verdict.METER_BUSY


async def test_verdict_carries_what_its_sentence_needs(hass: HomeAssistant):
    assert (await verdict(hass, Client(associating=ConnectTimeout(10)))).seconds == 10
    assert (await verdict(hass, Client(associating=ResponseTimeout("AARE", 12)))).seconds == 12
    assert (await verdict(hass, Client(reading=ResponseTimeout("get-response", 12)))).seconds == 12
    other = ConnectFailed(ConnectFailure.OTHER, "too many open files")
    assert (await verdict(hass, Client(associating=other))).detail == "too many open files"
    assert "connection failed" in (await verdict(hass, Client(associating=ConnectFailed(ConnectFailure.OTHER)))).detail
    assert "octet 9" in (await verdict(hass, Client(associating=DecodeError("a length is missing", 9)))).detail


def keys(
    mechanism: Mechanism = Mechanism.HLS_GMAC, password: Secret | None = None, **changes: Any
) -> AssociationParameters:
    """What is proposed with keys."""
    settings = {"global_unicast_encryption_key": KEY, "authentication_key": OTHER_KEY, **changes}
    return AssociationParameters(
        mechanism=mechanism, password=password, security=SecuritySettings(client_system_title=TITLE, **settings)
    )


def certificates() -> AssociationParameters:
    """What is proposed with key pairs."""
    key = generate_key_pair(SecuritySuite.SUITE_1)
    pairs = KeyPairs(signing_key=key, server_signing_key=key.public_key)
    return keys(Mechanism.HLS_ECDSA, protection=Protection.NONE, suite=SecuritySuite.SUITE_1, key_pairs=pairs)


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        (PUBLIC, Verdict.AUTHENTICATION_REQUIRED),
        (READER, Verdict.INVALID_AUTH),
        (AssociationParameters(mechanism=Mechanism.HLS_MD5, hls_secret=KEY), Verdict.SECRET_REFUSED),
        (keys(), Verdict.KEYS_REFUSED),
        (keys(Mechanism.LLS, password=KEY), Verdict.PASSWORD_OR_KEYS_REFUSED),
        (certificates(), Verdict.CERTIFICATE_REFUSED),
    ],
)
async def test_refused_proof_names_what_it_was_made_of(
    hass: HomeAssistant, parameters: AssociationParameters, expected: Verdict
):
    error = AssociationRejected(1, 1, 13)
    assert (await verdict(hass, Client(associating=error), parameters)).verdict is expected


@pytest.mark.parametrize(
    ("error", "plain", "ciphered"),
    [
        (AssociationRejected(1, 1, 3), Verdict.ASSOCIATION_REFUSED, Verdict.SYSTEM_TITLE_REFUSED),
        (ExceptionReceived(1, 5), Verdict.ASSOCIATION_REFUSED, Verdict.WRONG_KEY),
        (ExceptionReceived(1, 2), Verdict.ASSOCIATION_REFUSED, Verdict.ASSOCIATION_REFUSED),
        (ResponseTimeout("AARE", 10), Verdict.NO_DLMS_ANSWER, Verdict.NO_SECURED_ANSWER),
        (DecodeError("no such tag"), Verdict.BAD_ANSWER, Verdict.BAD_ANSWER),
        (ConnectionLost(), Verdict.CLOSED_BY_METER, Verdict.CLOSED_WITH_KEYS),
        (WrongAddress(16, 1, (16, 1)), Verdict.OTHER_WPORTS, Verdict.OTHER_WPORTS),
        (WrongAddress(16, 1), Verdict.BAD_ANSWER, Verdict.BAD_ANSWER),
        (DeviceInUse("the other associations", 120), Verdict.DEVICE_IN_USE, Verdict.DEVICE_IN_USE),
    ],
    ids=str,
)
async def test_keys_make_another_cause_likely(hass: HomeAssistant, error: DlmsError, plain: Verdict, ciphered: Verdict):
    assert (await verdict(hass, Client(associating=error), READER)).verdict is plain
    assert (await verdict(hass, Client(associating=error), keys(Mechanism.NONE))).verdict is ciphered


async def test_trial_10_a_meter_that_hangs_up_on_gmac_may_mean_the_keys(hass: HomeAssistant):
    parameters = keys(Mechanism.HLS_GMAC, protection=Protection.NONE)
    assert (await verdict(hass, Client(associating=ConnectionLost()), parameters)).verdict is Verdict.CLOSED_WITH_KEYS


@pytest.mark.parametrize("waiting_for", ["AARE", "answer to reply_to_HLS_authentication"])
async def test_trial_10_silence_under_a_dedicated_key_suggests_trying_without(hass: HomeAssistant, waiting_for: str):
    parameters = keys(Mechanism.HLS_GMAC, use_dedicated_key=True)
    failure = await verdict(hass, Client(associating=ResponseTimeout(waiting_for, 10)), parameters)
    assert (failure.verdict, failure.seconds) == (Verdict.NO_ANSWER_UNDER_DEDICATED_KEY, 10)


async def test_trial_10_silence_to_a_read_under_a_dedicated_key_too(hass: HomeAssistant, meter: SimulatedMeter):
    silent = while_reading(
        ResponseTimeout("get-response", 10),
        keys(Mechanism.HLS_GMAC, use_dedicated_key=True),
    )
    assert silent.verdict is Verdict.NO_ANSWER_UNDER_DEDICATED_KEY


async def test_trial_07_an_association_object_that_the_meter_does_not_know_can_be_chosen(hass: HomeAssistant):
    failure = await verdict(hass, Client(associating=ProofRefused(4)), keys(Mechanism.HLS_GMAC))
    assert failure.verdict is Verdict.ASSOCIATION_OBJECT_UNKNOWN
    assert "object-undefined" in failure.detail
    refused = await verdict(hass, Client(associating=ProofRefused(3)), keys(Mechanism.HLS_GMAC))
    assert refused.verdict is Verdict.KEYS_REFUSED


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("D80103", Verdict.METER_BUSY),
        ("D80203", Verdict.METER_BUSY),
        ("D80201", Verdict.METER_BUSY),
        ("D80101", Verdict.NO_IDENTITY),
        ("D80102", Verdict.NO_IDENTITY),
    ],
)
async def test_trial_10_a_meter_that_is_busy_has_an_identity(hass: HomeAssistant, answer: str, expected: Verdict):
    scripted = ScriptedMeter(lambda apdu: [bytes.fromhex(answer)])
    client = DlmsClient("", connect=with_wrapper(scripted.connect))
    with pytest.raises(ExaminationFailed) as failed:
        await examine(hass, client, ExaminationRequest(parameters=PUBLIC))
    assert failed.value.verdict is expected


async def test_trial_10_a_meter_that_is_busy_for_most_of_it_is_busy_too(hass: HomeAssistant):
    """A refusal of single attributes among answers to others."""
    answers = iter(range(100))
    scripted = ScriptedMeter(lambda apdu: [access_error(4) if next(answers) % 3 == 1 else bytes.fromhex("D80103")])
    client = DlmsClient("", connect=with_wrapper(scripted.connect))
    with pytest.raises(ExaminationFailed) as failed:
        await examine(hass, client, ExaminationRequest(parameters=PUBLIC))
    assert failed.value.verdict is Verdict.METER_BUSY


@pytest.mark.parametrize(
    "changes", [{"protection": Protection.ENCRYPTED}, {"accept_unverified": True, "authentication_key": NO_KEY}]
)
@pytest.mark.parametrize("error", [DecodeError("no such tag"), SecurityDowngrade("plain")], ids=str)
async def test_wrong_key_without_verification_shows_in_what_comes_out(
    hass: HomeAssistant, changes: dict[str, Any], error: DlmsError
):
    parameters = keys(Mechanism.NONE, **changes)
    assert (await verdict(hass, Client(associating=error), parameters)).verdict is Verdict.DECRYPTED_NONSENSE
    assert (await verdict(hass, Client(reading=error), parameters)).verdict is Verdict.DECRYPTED_NONSENSE
    other = SystemTitleMismatch("another title")
    assert (await verdict(hass, Client(associating=other), parameters)).verdict is Verdict.UNEXPECTED_SYSTEM_TITLE


# --- Invocation counters ----------------------------------------------------------------------------------------------


class Counters:
    """A store that forgets."""

    async def save(self, ceiling: int) -> None:
        """Pretend."""


async def examined_with_counter(
    hass: HomeAssistant,
    told: int | DlmsError | None,
    *,
    state: SecurityState | None = None,
    refused: InvocationCounterRefused | None = None,
    **order: Any,
) -> tuple[SecurityState, ExaminationFailed, list[Stage]]:
    """Examine a meter that tells the public client this about its counter, and then refuses."""
    state = state or SecurityState(1, Counters())
    stages: list[Stage] = []

    async def learn(_client: object, **_: Any) -> int | None:
        if isinstance(told, DlmsError):
            raise told
        return told

    async def owner(_hass: HomeAssistant, _parameters: AssociationParameters) -> SecurityState:
        return state

    client = Client(associating=refused or ConnectionLost())
    order = ExaminationRequest(parameters=keys(), on_stage=stages.append, **order)
    with (
        patch("custom_components.cosem.meter.doctor.async_security_state", owner),
        patch("custom_components.cosem.dlms.client.invocation_counter.learn_invocation_counter", learn),
        pytest.raises(ExaminationFailed) as failed,
    ):
        await examine(hass, client, order)  # type: ignore[arg-type]
    return state, failed.value, stages


@pytest.mark.parametrize(
    ("told", "used"),
    [(None, 1), (1, 1), (7, 7), (2**20, 2**20), (ResponseTimeout("AARE", 1), 1), (ConnectionLost(), 1)],
)
async def test_new_counter_starts_where_the_meter_says(hass: HomeAssistant, told: int | DlmsError | None, used: int):
    state, failure, stages = await examined_with_counter(hass, told)
    assert state.next_value == used
    assert stages == [Stage.CONNECTING, Stage.LEARNING_COUNTER]
    assert failure.verdict is Verdict.CLOSED_WITH_KEYS  # what comes next in this test


async def test_s3_high_counter_needs_the_word_of_the_user(hass: HomeAssistant):
    high = 2**20 + 2
    state, failure, _ = await examined_with_counter(hass, high)
    assert (failure.verdict, failure.counter) == (Verdict.COUNTER_JUMP, high)
    assert state.next_value == 1
    state, failure, stages = await examined_with_counter(hass, 5, state=state, counter_start=high)
    assert state.next_value == high
    assert stages == [Stage.CONNECTING]  # nobody is asked any more
    state, _, _ = await examined_with_counter(hass, 5, state=state, counter_start=7)
    assert state.next_value == high


async def test_s3_counter_that_would_leave_none_is_not_even_offered(hass: HomeAssistant):
    state, failure, _ = await examined_with_counter(hass, MAX_COUNTER_START + 1)
    assert failure.verdict is Verdict.COUNTER_EXHAUSTED
    assert failure.detail == f"the meter asks for {MAX_COUNTER_START + 1}, which leaves none"
    assert state.next_value == 1
    _, failure, _ = await examined_with_counter(hass, None, state=state, refused=InvocationCounterRefused(2**32 - 1))
    assert failure.verdict is Verdict.COUNTER_EXHAUSTED
    _, failure, _ = await examined_with_counter(hass, MAX_COUNTER_START)
    assert (failure.verdict, failure.counter) == (Verdict.COUNTER_TOO_FAR, MAX_COUNTER_START)


@pytest.mark.parametrize(("ahead", "verdict"), [(0, Verdict.COUNTER_JUMP), (1, Verdict.COUNTER_TOO_FAR)])
async def test_s35_one_click_follows_by_two_to_the_power_of_28_at_most(
    hass: HomeAssistant, ahead: int, verdict: Verdict
):
    state = SecurityState(1000, Counters())
    refused = InvocationCounterRefused(1000 + 2**28 + ahead)
    _, failure, _ = await examined_with_counter(hass, None, state=state, refused=refused)
    assert (failure.verdict, failure.counter) == (verdict, 1000 + 2**28 + ahead)


async def test_counter_that_is_known_is_not_learned_again(hass: HomeAssistant):
    state, _, stages = await examined_with_counter(hass, 5000, state=SecurityState(1000, Counters()))
    assert state.next_value == 1000
    assert stages == [Stage.CONNECTING]


async def test_meter_that_cannot_be_reached_is_not_asked_for_a_counter_first(hass: HomeAssistant):
    _, failure, _ = await examined_with_counter(hass, ConnectFailed(ConnectFailure.REFUSED))
    assert failure.verdict is Verdict.CONNECTION_REFUSED


@pytest.mark.parametrize(
    ("expected", "told", "outcome"),
    [
        (None, None, (Verdict.COUNTER_REFUSED, 0)),
        (None, 1000, (Verdict.COUNTER_REFUSED, 0)),
        (None, 1001, (Verdict.COUNTER_JUMP, 1001)),
        (5_000_000, None, (Verdict.COUNTER_JUMP, 5_000_000)),
        (999, 5_000_000, (Verdict.COUNTER_REFUSED, 0)),
    ],
)
async def test_refused_counter_offers_the_number_that_the_meter_expects(
    hass: HomeAssistant, expected: int | None, told: int | None, outcome: tuple[Verdict, int]
):
    state = SecurityState(1000, Counters())
    refused = InvocationCounterRefused(expected)
    _, failure, _ = await examined_with_counter(hass, told, state=state, refused=refused)
    assert (failure.verdict, failure.counter) == outcome
    assert state.next_value == 1000  # unless the user says so, it stays


@pytest.mark.parametrize("stage", ["associating", "reading"])
async def test_our_own_misuse_of_the_stack_surfaces(hass: HomeAssistant, stage: str):
    with pytest.raises(LocalProtocolError):
        await examine(hass, Client(**{stage: LocalProtocolError("a bug")}), ExaminationRequest(parameters=PUBLIC))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "key"),
    [
        (AssociationRejected(1, 1, 13), "user_13"),
        (AssociationRejected(1, 2, 2), "provider_2"),
        (AssociationRejected(1, 1, 1, 2), "initiate_2"),
        (AssociationRejected(1, 1, 0, 0), "initiate_0"),
        (AssociationRejected(1, 1, 13, 4), "user_13"),
        (ExceptionReceived(1, 2), "exception_2"),
        (ConfirmedServiceErrorReceived(1, 6, 1), "initiate_1"),
        (ConfirmedServiceErrorReceived(5, 0, 0), "unknown"),
        (DataAccessError(3), "unknown"),
    ],
    ids=str,
)
def test_diagnostic_key(error: DlmsError, key: str):
    assert diagnostic_of(error) == key


async def test_wrong_password_is_sent_once(hass: HomeAssistant, meter: SimulatedMeter):
    wrong = AssociationParameters(client_wport=2, mechanism=Mechanism.LLS, password=Secret.from_text("wrong"))
    with pytest.raises(ExaminationFailed) as failed:
        await examined(hass, meter, parameters=wrong)
    assert failed.value.verdict is Verdict.INVALID_AUTH
    assert [request.kind for request in meter.log] == ["aarq"]
    assert "wrong" not in repr(failed.value)
    assert meter.open_links == 0


@pytest.mark.parametrize("quirks", [{"silent_to_lists": True}, {"longest_request": 90}, {"longest_request": 145}])
async def test_trial_06_a_meter_that_answers_no_long_lists_is_examined_all_the_same(
    hass: HomeAssistant, quirks: dict[str, Any]
):
    meter = SimulatedMeter(MeterProfile().with_quirks(object_list_readable=False, **quirks), dt_util.utcnow)
    result = await examined(hass, meter)
    assert result.identity.unique_id == "SIM1030049762188"
    assert {element.class_id for element in result.objects} >= {3, 8}
    assert meter.connections <= 3, "one for each length that was too much"
