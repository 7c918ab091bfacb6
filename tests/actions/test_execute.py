"""The action execute: one method, once, where it is allowed."""

from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest
import voluptuous as vol

from custom_components.cosem.actions.execute import SCHEMA
from custom_components.cosem.dlms import Association, DataAccessError
from tests.conftest import OVER
from tests.simulated_meter.meter import SimulatedMeter

from .calls import ECHO, MANAGEMENT, RELAY_OFF, EntryMaker, done, respond, running, tell

pytestmark = pytest.mark.usefixtures("network")
OFF = {"method": RELAY_OFF, "data_type": "integer", "value": "0"}


@pytest.mark.parametrize("over", OVER)
async def test_the_meter_does_it_and_what_it_returns_is_shown(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter, over: dict[str, Any]
):
    entry = await running(hass, make_entry(client_wport=MANAGEMENT, **over))
    assert await respond(hass, "execute", entry, **OFF) == {"result": "success", "data": None}
    echoed = {"method": ECHO, "data_type": "hex", "value": "0202 1105 0902ABCD"}
    assert await respond(hass, "execute", entry, **echoed) == {"result": "success", "data": [5, "abcd"]}
    assert done(meter) == [RELAY_OFF, ECHO]


async def test_all_forms_of_target_and_parameter(hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter):
    entry = await running(hass, make_entry(client_wport=MANAGEMENT))
    await tell(hass, "execute", entry, method=ECHO)
    target = {"class_id": "20", "logical_name": "0-0:13.0.0", "method": 1}
    await tell(hass, "execute", entry, method=target, data_type="integer", value=0)
    assert done(meter) == [ECHO, "20:0.0.13.0.0.255:1"]


async def test_a_refusal_is_the_result_and_without_a_response_an_error(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter
):
    entry = await running(hass, make_entry(client_wport=MANAGEMENT))
    odd = {**OFF, "data_type": "unsigned"}
    assert await respond(hass, "execute", entry, **odd) == {"result": "type-unmatched", "data": None}
    with pytest.raises(HomeAssistantError) as refused:
        await tell(hass, "execute", entry, **odd)
    assert refused.value.translation_key == "change_refused"
    assert refused.value.translation_placeholders == {"detail": "type-unmatched"}
    assert done(meter) == []


async def test_a_method_that_was_carried_out_and_whose_data_cannot_be_had(hass: HomeAssistant, make_entry: EntryMaker):
    entry = await running(hass, make_entry(client_wport=MANAGEMENT))
    with patch.object(Association, "action", return_value=DataAccessError(250)):
        assert await respond(hass, "execute", entry, **OFF) == {"result": "success", "data": None}


async def test_s33_the_supply_is_not_switched_where_it_is_not_allowed(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter
):
    entry = await running(hass, make_entry(client_wport=MANAGEMENT), allow_writing=True)
    before = meter.requests
    by_script = {"method": "9:0.0.10.0.106.255:1", "data_type": "long-unsigned", "value": "1"}
    for typed in (OFF, by_script):
        with pytest.raises(ServiceValidationError) as refused:
            await respond(hass, "execute", entry, **typed)
        assert refused.value.translation_key == "switching_not_allowed"
    assert meter.requests == before
    await tell(hass, "execute", entry, method=ECHO)
    hass.config_entries.async_update_entry(entry, options={**entry.options, "allow_switching": True})
    await tell(hass, "execute", entry, **by_script)
    assert done(meter) == [ECHO, by_script["method"]]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"method": "70:0.0.96.3.10.255"}, "the method is missing"),
        ({"data_type": "integer", "value": "300"}, "is a number from -128 to 127"),
        ({"data_type": "integer"}, "needs a value"),
        ({"value": "0"}, "the data type of the value is missing"),
    ],
)
async def test_what_is_typed_wrongly_is_named_and_nothing_is_sent(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter, typed: dict[str, Any], words: str
):
    entry = await running(hass, make_entry(client_wport=MANAGEMENT))
    before = meter.requests
    with pytest.raises(ServiceValidationError) as refused:
        await respond(hass, "execute", entry, **{"method": RELAY_OFF, **typed})
    assert refused.value.translation_key == "not_possible"
    assert words in refused.value.translation_placeholders["detail"]
    assert meter.requests == before


@pytest.mark.parametrize("data", [{}, {"method": 3}, {"method": {"class_id": 70}}, {"method": ECHO, "value": []}])
def test_a_method_is_needed(data: dict[str, Any]):
    with pytest.raises(vol.Invalid):
        SCHEMA(data)
