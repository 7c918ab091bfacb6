"""The action write: one attribute, once, where it is allowed."""

from typing import Any

from homeassistant.core import Event, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import async_capture_events
import voluptuous as vol

from custom_components.cosem.actions.write import SCHEMA
from custom_components.cosem.const import EVENT_CHANGE
from custom_components.cosem.dlms import LogicalName
from custom_components.cosem.dlms.encoding.data import double_long_unsigned, octet_string, unsigned
from tests.conftest import OVER, state_of
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.objects import CosemObject, setting
from tests.simulated_meter.profile import Referencing

from .calls import CALENDAR, ENERGY, MANAGEMENT, THRESHOLD, EntryMaker, device_of, done, respond, running, tell

pytestmark = pytest.mark.usefixtures("network")
SEVEN = {"attribute": THRESHOLD, "data_type": "double-long-unsigned", "value": "7"}


@pytest.mark.parametrize("over", OVER)
async def test_the_meter_has_what_was_written(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter, over: dict[str, Any]
):
    entry = await running(hass, make_entry(client_wport=MANAGEMENT, **over))
    assert await respond(hass, "write", entry, **SEVEN) == {"result": "success", "data": None}
    assert meter.truth("0.0.17.0.0.255", 4) == double_long_unsigned(7)
    assert done(meter) == [THRESHOLD]
    assert entry.runtime_data.last_update_success


async def test_all_forms_of_target_and_value(hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter):
    entry = await running(hass, make_entry(client_wport=MANAGEMENT))
    target = {"class_id": 71, "logical_name": "0-0:17.0.0", "attribute": 4}
    await tell(hass, "write", entry, attribute=target, data_type="double-long-unsigned", value=8)
    assert meter.truth("0.0.17.0.0.255", 4) == double_long_unsigned(8)
    await tell(hass, "write", entry, attribute=THRESHOLD, data_type="hex", value="06 00000009")
    assert meter.truth("0.0.17.0.0.255", 4) == double_long_unsigned(9)
    await tell(hass, "write", entry, attribute=CALENDAR, data_type="octet-string", value="616263")
    assert meter.truth("0.0.13.0.0.255", 6) == octet_string(b"abc")
    device = device_of(hass, entry).id
    await hass.services.async_call("cosem", "write", {"device_id": device, **SEVEN}, blocking=True)
    assert done(meter) == [THRESHOLD, THRESHOLD, CALENDAR, THRESHOLD]


@pytest.mark.parametrize("stay_connected", [False, True])
async def test_a_refusal_is_the_result_and_without_a_response_an_error(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter, stay_connected: bool
):
    entry = await running(hass, make_entry(client_wport=MANAGEMENT, stay_connected=stay_connected))
    denied = {**SEVEN, "attribute": ENERGY}
    assert await respond(hass, "write", entry, **denied) == {"result": "read-write-denied", "data": None}
    with pytest.raises(HomeAssistantError) as refused:
        await tell(hass, "write", entry, **denied)
    assert refused.value.translation_key == "change_refused"
    assert refused.value.translation_placeholders == {"detail": "read-write-denied"}
    odd = {**SEVEN, "data_type": "octet-string", "value": "00"}
    assert (await respond(hass, "write", entry, **odd))["result"] == "type-unmatched"
    unknown = {**SEVEN, "attribute": "1:9.9.9.9.9.9:2"}
    assert (await respond(hass, "write", entry, **unknown))["result"] == "object-undefined"
    assert done(meter) == []
    # A refusal costs no association, and no value.
    await entry.runtime_data.async_refresh()
    assert entry.runtime_data.last_update_success


async def test_s33_nothing_is_asked_of_the_meter_where_it_is_not_allowed(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter
):
    entry = await running(hass, make_entry(client_wport=MANAGEMENT), allow_writing=False)
    before = meter.requests
    with pytest.raises(ServiceValidationError) as refused:
        await respond(hass, "write", entry, **SEVEN)
    assert refused.value.translation_key == "writing_not_allowed"
    hass.config_entries.async_update_entry(entry, options={**entry.options, "allow_writing": True})
    with pytest.raises(ServiceValidationError) as refused:
        await respond(hass, "write", entry, **SEVEN)
    assert refused.value.translation_key == "switching_not_allowed"  # a limiter switches off, too
    with pytest.raises(ServiceValidationError) as refused:
        await respond(hass, "write", entry, **{**SEVEN, "attribute": "64:0.0.43.0.0.255:2"})
    assert refused.value.translation_key == "security_not_allowed"
    assert meter.requests == before
    await tell(hass, "write", entry, attribute=CALENDAR, data_type="octet-string", value="")
    assert done(meter) == [CALENDAR]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"attribute": "0.0.17.0.0.255"}, "the class is missing"),
        ({"data_type": "number"}, "what is named is no data type; there are: null-data, "),
        ({"value": "seven"}, "is a number from 0"),
        ({"data_type": "array", "value": "1"}, "hex"),
        ({"data_type": "null-data"}, "has no value"),
    ],
)
async def test_what_is_typed_wrongly_is_named_and_nothing_is_sent(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter, typed: dict[str, Any], words: str
):
    entry = await running(hass, make_entry(client_wport=MANAGEMENT))
    before = meter.requests
    with pytest.raises(ServiceValidationError) as refused:
        await respond(hass, "write", entry, **{**SEVEN, **typed})
    assert refused.value.translation_key == "not_possible"
    assert words in refused.value.translation_placeholders["detail"]
    assert meter.requests == before


async def test_what_the_association_cannot_do_is_said(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter
):
    """An old meter, which has no short name for such an attribute."""
    meter.profile = meter.profile.with_quirks(referencing=Referencing.SHORT)
    entry = await running(hass, make_entry(client_wport=MANAGEMENT))
    assert (await respond(hass, "write", entry, **SEVEN))["result"] == "success"
    assert done(meter) == [THRESHOLD]
    told: list[Event] = async_capture_events(hass, EVENT_CHANGE)
    with pytest.raises(ServiceValidationError) as refused:
        await respond(hass, "write", entry, **{**SEVEN, "attribute": "71:0.0.17.0.0.255:-5"})
    assert refused.value.translation_key == "not_possible"
    assert "short name" in refused.value.translation_placeholders["detail"]
    assert done(meter) == [THRESHOLD]
    assert told == []


async def test_the_next_poll_shows_what_was_written(hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter):
    register = CosemObject(
        class_id=1, logical_name=LogicalName.parse("0.0.96.14.0"), attributes={2: setting(unsigned(1))}
    )
    meter.devices[1].add(register)
    entry = await running(hass, make_entry(client_wport=MANAGEMENT, objects=["1:0.0.96.14.0.255"]))
    assert state_of(hass, entry, "1_0.0.96.14.0.255_2") == "1"
    await tell(hass, "write", entry, attribute="1:0.0.96.14.0.255:2", data_type="unsigned", value="2")
    assert state_of(hass, entry, "1_0.0.96.14.0.255_2") == "1"
    await entry.runtime_data.async_refresh()
    assert state_of(hass, entry, "1_0.0.96.14.0.255_2") == "2"


@pytest.mark.parametrize(
    "data", [{}, {"attribute": THRESHOLD}, {"data_type": "integer"}, {"attribute": 3, "data_type": "x"}]
)
def test_attribute_and_type_are_needed(data: dict[str, Any]):
    with pytest.raises(vol.Invalid):
        SCHEMA(data)
