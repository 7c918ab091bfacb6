"""What becomes of a change: its result, the line in the logbook, and never a second attempt."""

import asyncio
import json
from typing import Any
from unittest.mock import patch

from homeassistant.auth.models import User
from homeassistant.core import Context, Event, HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.cosem.actions.changing import OUTCOME_UNKNOWN, Change
from custom_components.cosem.const import DOMAIN, EVENT_CHANGE
from custom_components.cosem.dlms import (
    Association,
    ConfirmedServiceErrorReceived,
    ConnectionLost,
    DataAccessError,
    DlmsError,
    ExceptionReceived,
    InvocationCounterNotStored,
    LocalProtocolError,
    OutcomeUnknown,
    typed_attribute,
)
from tests.simulated_meter.meter import SimulatedMeter
from tests.still_loop import until

from .calls import ENERGY, MANAGEMENT, THRESHOLD, EntryMaker, device_of, done, respond, running, tell

pytestmark = pytest.mark.usefixtures("network")
SEVEN = {"attribute": THRESHOLD, "data_type": "double-long-unsigned", "value": "7"}
KEY = "000102030405060708090A0B0C0D0E0F"


@pytest.fixture
def told(hass: HomeAssistant) -> list[Event]:
    """What the bus was told."""
    return async_capture_events(hass, EVENT_CHANGE)


@pytest.fixture
async def entry(hass: HomeAssistant, make_entry: EntryMaker) -> MockConfigEntry:
    """An entry of the management client that may do everything."""
    return await running(hass, make_entry(client_wport=MANAGEMENT))


def failing(error: BaseException) -> Any:
    """Let the answer to a SET be this error."""
    return patch.object(Association, "set", side_effect=error)


async def test_the_bus_is_told_what_was_written_and_by_whom(
    hass: HomeAssistant, entry: MockConfigEntry, told: list[Event], hass_admin_user: User
):
    context = Context(user_id=hass_admin_user.id)
    await respond(hass, "write", entry, context=context, **SEVEN)
    (event,) = told
    assert event.context == context
    assert event.data == {
        "device_id": device_of(hass, entry).id,
        "entry_id": entry.entry_id,
        "action": "write",
        "class_id": 71,
        "class": "Limiter",
        "logical_name": "0.0.17.0.0.255",
        "attribute": 4,
        "method": None,
        "name": "threshold_normal",
        "type": "double-long-unsigned",
        "value": 7,
        "hidden": False,
        "result": "success",
    }


async def test_the_bus_is_told_of_a_refusal_too(hass: HomeAssistant, entry: MockConfigEntry, told: list[Event]):
    await respond(hass, "write", entry, **{**SEVEN, "attribute": ENERGY})
    assert [event.data["result"] for event in told] == ["read-write-denied"]


async def test_a_change_before_the_device_is_known(
    hass: HomeAssistant, entry: MockConfigEntry, told: list[Event], device_registry: Any
):
    device_registry.async_remove_device(device_of(hass, entry).id)
    await tell(hass, "write", entry, **SEVEN)
    assert [event.data["device_id"] for event in told] == [None]


@pytest.mark.parametrize(
    "written",
    [
        {"attribute": "15:0.0.40.0.0.255:7", "data_type": "octet-string", "value": KEY},
        {"attribute": "1:0.0.40.0.0.255:7", "data_type": "octet-string", "value": KEY},
        {"method": "64:0.0.43.0.0.255:2", "data_type": "octet-string", "value": KEY},
        {"method": "15:0.0.40.0.0.255:1", "data_type": "octet-string", "value": KEY},
    ],
)
async def test_a_key_is_told_to_nobody(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    told: list[Event],
    caplog: pytest.LogCaptureFixture,
    written: dict[str, str],
):
    caplog.set_level("DEBUG", logger="custom_components.cosem")
    before = len(caplog.records)
    answer = await respond(hass, "write" if "attribute" in written else "execute", entry, **written)
    (event,) = told
    assert (event.data["hidden"], event.data["type"], event.data["value"]) == (True, None, None)
    lines = [
        record.getMessage() for record in caplog.records[before:] if record.name.startswith("custom_components.cosem")
    ]
    assert KEY.lower() not in json.dumps([answer, dict(event.data), lines]).lower()


async def test_what_a_secret_method_returns_is_not_shown(hass: HomeAssistant, entry: MockConfigEntry):
    from custom_components.cosem.dlms.encoding.data import octet_string

    with patch.object(Association, "action", return_value=octet_string(bytes.fromhex(KEY))):
        hidden = await respond(hass, "execute", entry, method="64:0.0.43.0.0.255:3")
        shown = await respond(hass, "execute", entry, method="64:0.0.43.0.0.255:1")
    assert hidden == {"result": "success", "data": None}
    assert shown == {"result": "success", "data": KEY.lower()}


@pytest.mark.parametrize(
    ("error", "result", "key"),
    [
        (DataAccessError(3), "read-write-denied", "change_refused"),
        (DataAccessError(77), "data-access-result 77 (unknown)", "change_refused"),
        (OutcomeUnknown("no answer"), OUTCOME_UNKNOWN, "outcome_unknown"),
        (ExceptionReceived(1, 3), "exception-response: service-not-allowed, other-reason", "meter_busy"),
        (ExceptionReceived(1, 2), "exception-response: service-not-allowed, service-not-supported", "service_refused"),
        (ConfirmedServiceErrorReceived(1, 2, 3), "confirmed-service-error: service 1, class 2, error 3", None),
    ],
    ids=str,
)
async def test_what_the_meter_says_is_the_result(
    hass: HomeAssistant, entry: MockConfigEntry, told: list[Event], error: DlmsError, result: str, key: str | None
):
    with failing(error) as asked:
        assert await respond(hass, "write", entry, **SEVEN) == {"result": result, "data": None}
        with pytest.raises(HomeAssistantError) as failed:
            await tell(hass, "write", entry, **SEVEN)
    assert failed.value.translation_key == (key or "service_refused")
    assert asked.call_count == 2
    assert [event.data["result"] for event in told] == [result, result]


@pytest.mark.parametrize(
    ("error", "key"),
    [
        (ConnectionLost(), "connection_lost"),
        (InvocationCounterNotStored("no space"), "counter_not_stored"),
        (LocalProtocolError("the meter offers no SET"), "not_possible"),
    ],
    ids=str,
)
async def test_what_was_not_sent_is_an_error_and_no_change(
    hass: HomeAssistant, entry: MockConfigEntry, told: list[Event], error: DlmsError, key: str
):
    """The stack says OutcomeUnknown once anything was sent."""
    with failing(error) as asked, pytest.raises(HomeAssistantError) as failed:
        await respond(hass, "write", entry, **SEVEN)
    assert failed.value.translation_key == key
    assert asked.call_count == 1
    assert told == []


@pytest.mark.parametrize("attribute", [THRESHOLD, ENERGY])
async def test_once_the_meter_has_answered_nothing_changes_the_result(
    hass: HomeAssistant, entry: MockConfigEntry, meter: SimulatedMeter, told: list[Event], attribute: str
):
    """The received counters cannot be stored: it is what a poll would fail of."""
    result = "success" if attribute == THRESHOLD else "read-write-denied"
    coordinator = entry.runtime_data
    before = coordinator.security.async_received_is_stored

    async def not_stored() -> bool:
        await before()
        return False

    with patch.object(coordinator.security, "async_received_is_stored", not_stored):
        assert await respond(hass, "write", entry, **{**SEVEN, "attribute": attribute}) == {
            "result": result,
            "data": None,
        }
        if attribute == THRESHOLD:
            await tell(hass, "write", entry, **SEVEN)
        else:
            with pytest.raises(HomeAssistantError) as failed:
                await tell(hass, "write", entry, **{**SEVEN, "attribute": attribute})
            assert failed.value.translation_key == "change_refused"
    assert [event.data["result"] for event in told] == [result] * 2


async def test_a_script_that_is_stopped_leaves_a_line(
    hass: HomeAssistant, entry: MockConfigEntry, meter: SimulatedMeter, told: list[Event]
):
    coordinator = entry.runtime_data
    began = asyncio.Event()

    async def service(_association: Association) -> None:
        began.set()
        await asyncio.Event().wait()

    call = ServiceCall(hass, DOMAIN, "write", {}, return_response=True)
    change = Change(call, coordinator, typed_attribute(THRESHOLD), None)
    making = asyncio.create_task(change.async_make(service))
    await until(began.is_set)
    making.cancel()
    with pytest.raises(asyncio.CancelledError):
        await making
    assert [event.data["result"] for event in told] == [OUTCOME_UNKNOWN]
    assert meter.open_links == 0
    await coordinator.async_refresh()
    assert coordinator.last_update_success
    assert done(meter) == []


async def test_what_waits_for_its_turn_and_is_stopped_was_no_change(
    hass: HomeAssistant, entry: MockConfigEntry, told: list[Event]
):
    first, release = asyncio.Event(), asyncio.Event()

    async def occupying(_association: Association) -> None:
        first.set()
        await release.wait()

    occupied = asyncio.create_task(entry.runtime_data.async_run(occupying))
    await until(first.is_set)
    waiting = asyncio.create_task(respond(hass, "write", entry, **SEVEN))
    await until(lambda: len(entry.runtime_data._tasks.under_way) == 2)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    release.set()
    await occupied
    assert told == []
