"""The doctor against the simulated meter and against a client that fails on order: one verdict for each layer."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest

from custom_components.dlms_cosem.dlms import (
    AssociationAborted,
    AssociationParameters,
    AssociationRejected,
    AttributeDescriptor,
    ConfirmedServiceErrorReceived,
    ConnectFailed,
    ConnectFailure,
    ConnectionLost,
    ConnectTimeout,
    Data,
    DataAccessError,
    DecodeError,
    DlmsClient,
    DlmsError,
    ExceptionReceived,
    LimitExceeded,
    LocalProtocolError,
    LogicalName,
    Mechanism,
    NotWrapper,
    ResponseTimeout,
    Secret,
    SystemTitleMismatch,
    Timing,
    UnexpectedApdu,
)
from custom_components.dlms_cosem.dlms.data_types import unsigned
from custom_components.dlms_cosem.doctor import (
    Examination,
    ExaminationFailed,
    Order,
    Stage,
    Verdict,
    diagnostic_of,
    examine,
)
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import DEFAULT_PASSWORD, MeterProfile

PUBLIC = AssociationParameters(client_wport=16)
READER = AssociationParameters(client_wport=2, mechanism=Mechanism.LLS, password=Secret.from_text(DEFAULT_PASSWORD))


class Client:
    """A client whose meter fails on order: while associating, or at a read."""

    def __init__(self, associating: DlmsError | None = None, reading: DlmsError | None = None, meter: Any = None):
        self.associating = associating
        self.reading = reading
        self.real = DlmsClient("", connect=meter.connect, timing=Timing(reconnect_gap=0)) if meter else None
        self.refused: set[int] = set()
        self.replaced: dict[int, Data] = {}

    @asynccontextmanager
    async def associate(
        self, parameters: AssociationParameters, *, on_connected: Callable[[], None]
    ) -> AsyncIterator[Any]:
        if self.associating is not None:
            raise self.associating
        on_connected()
        self.parameters = parameters
        if self.real is None:
            yield self
            return
        async with self.real.associate(parameters) as self.association:
            yield self

    async def get_many(self, attributes: Sequence[AttributeDescriptor]) -> list[Any]:
        if self.reading is not None and (not self.refused or attributes[0].class_id in self.refused):
            raise self.reading
        answers = await self.association.get_many(attributes)
        return [self.replaced.get(asked.class_id, answer) for asked, answer in zip(attributes, answers, strict=True)]


async def verdict(hass: HomeAssistant, client: Any, parameters: AssociationParameters = PUBLIC) -> ExaminationFailed:
    """The failure of an examination."""
    with pytest.raises(ExaminationFailed) as failed:
        await examine(hass, client, Order(parameters=parameters))
    assert isinstance(failed.value.__cause__, DlmsError)
    return failed.value


async def examined(hass: HomeAssistant, meter: SimulatedMeter, **order: Any) -> Examination:
    """What the doctor finds."""
    client = DlmsClient("", connect=meter.connect, timing=Timing(reconnect_gap=0))
    return await examine(hass, client, Order(**{"parameters": READER} | order))


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
    assert result.clock_difference is not None
    assert abs(result.clock_difference) < timedelta(seconds=2)
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
    assert stages[-1] is Stage.READING_IDENTITY


async def test_meter_is_recognised_by_what_its_entry_was_made_of(hass: HomeAssistant, meter: SimulatedMeter):
    assert (await examined(hass, meter, expected="49762188_1")).identity.unique_id == "49762188_1"
    assert (await examined(hass, meter, expected="another")).identity.unique_id == "SIM1030049762188"


async def test_clock_difference(hass: HomeAssistant, freezer: FrozenDateTimeFactory):
    freezer.move_to(datetime(2026, 7, 1, 12, tzinfo=dt_util.UTC))
    meter = SimulatedMeter(MeterProfile().with_quirks(clock_offset=90), dt_util.utcnow)
    assert (await examined(hass, meter)).clock_difference == timedelta(seconds=90)
    meter.faults.add("denied", object="0.0.1.0.0.255")
    assert (await examined(hass, meter)).clock_difference is None


async def test_sap_list_that_is_refused_or_makes_no_sense(hass: HomeAssistant, meter: SimulatedMeter):
    meter.faults.add("denied", object="0.0.41.0.0.255", times=1)
    assert (await examined(hass, meter)).logical_devices == ()
    client = Client(meter=meter)
    client.replaced = {17: unsigned(5)}
    result = await examine(hass, client, Order(parameters=READER))  # type: ignore[arg-type]
    assert result.logical_devices == ()


async def test_object_list_that_is_refused_leads_to_the_usual_codes(hass: HomeAssistant, meter: SimulatedMeter):
    stages: list[Stage] = []
    meter.faults.add("denied", object="0.0.40.0.0.255")
    result = await examined(hass, meter, on_stage=stages.append)
    assert stages == list(Stage)
    assert result.list_refused
    found = {(element.class_id, str(element.logical_name)) for element in result.objects}
    assert {(3, "1.0.1.8.0.255"), (3, "1.0.32.7.0.255"), (8, "0.0.1.0.0.255")} <= found
    assert (3, "7.0.3.0.0.255") not in found
    assert all(element.can_read(2) for element in result.objects)
    asked = b"".join(request.apdu for request in meter.log)
    assert asked.count(LogicalName.parse("1.0.1.8.0.255").octets) == 1  # each of them once


async def test_exception_response_to_the_object_list_leads_to_the_usual_codes(
    hass: HomeAssistant, meter: SimulatedMeter
):
    client = Client(meter=meter, reading=ExceptionReceived(1, 2))
    client.refused = {15}
    result = await examine(hass, client, Order(parameters=READER))  # type: ignore[arg-type]
    assert result.list_refused
    assert result.objects


async def test_meter_that_answers_none_of_the_usual_codes(hass: HomeAssistant, meter: SimulatedMeter):
    client = Client(meter=meter, reading=ExceptionReceived(1, 2))
    client.refused = {15, 3}
    result = await examine(hass, client, Order(parameters=READER))  # type: ignore[arg-type]
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
        await examine(hass, client, Order(parameters=READER))  # type: ignore[arg-type]
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
        (SystemTitleMismatch(), Verdict.SECURITY_MISMATCH),
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
        (12, Verdict.AUTHENTICATION_REQUIRED, Verdict.INVALID_AUTH),
        (13, Verdict.AUTHENTICATION_REQUIRED, Verdict.INVALID_AUTH),
    ],
)
async def test_only_three_diagnostics_of_the_user_are_about_authentication(
    hass: HomeAssistant, result: int, diagnostic: int, without: Verdict, with_password: Verdict
):
    error = AssociationRejected(result, 1, diagnostic)
    assert (await verdict(hass, Client(associating=error))).verdict is without
    assert (await verdict(hass, Client(associating=error), READER)).verdict is with_password
    about_something_else = AssociationRejected(1, 2, diagnostic)
    assert (
        await verdict(hass, Client(associating=about_something_else), READER)
    ).verdict is Verdict.ASSOCIATION_REFUSED


@pytest.mark.parametrize("diagnostic", [*range(11), 14, 15, 255])
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
        (SystemTitleMismatch(), Verdict.SECURITY_MISMATCH),
    ],
    ids=str,
)
async def test_verdict_after_the_association(hass: HomeAssistant, error: DlmsError, expected: Verdict):
    assert (await verdict(hass, Client(reading=error))).verdict is expected


async def test_verdict_carries_what_its_sentence_needs(hass: HomeAssistant):
    assert (await verdict(hass, Client(associating=ConnectTimeout(10)))).seconds == 10
    assert (await verdict(hass, Client(associating=ResponseTimeout("AARE", 12)))).seconds == 12
    assert (await verdict(hass, Client(reading=ResponseTimeout("get-response", 12)))).seconds == 12
    other = ConnectFailed(ConnectFailure.OTHER, "too many open files")
    assert (await verdict(hass, Client(associating=other))).detail == "too many open files"
    assert "connection failed" in (await verdict(hass, Client(associating=ConnectFailed(ConnectFailure.OTHER)))).detail
    assert "octet 9" in (await verdict(hass, Client(associating=DecodeError("a length is missing", 9)))).detail


@pytest.mark.parametrize("stage", ["associating", "reading"])
async def test_our_own_misuse_of_the_stack_surfaces(hass: HomeAssistant, stage: str):
    with pytest.raises(LocalProtocolError):
        await examine(hass, Client(**{stage: LocalProtocolError("a bug")}), Order(parameters=PUBLIC))  # type: ignore[arg-type]


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
