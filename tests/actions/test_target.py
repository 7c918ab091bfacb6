"""For which meter an action is: one, by its device or its entry."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cosem.actions.target import TARGET_FIELDS
from custom_components.cosem.const import DOMAIN
from tests.conftest import set_up
from tests.simulated_meter.meter import SimulatedMeter

from .calls import SERIAL, EntryMaker, device_of

pytestmark = pytest.mark.usefixtures("network")


async def read(hass: HomeAssistant, **target: Any) -> Any:
    return await hass.services.async_call(
        DOMAIN, "read", {"attributes": SERIAL, **target}, blocking=True, return_response=True
    )


async def refusal(hass: HomeAssistant, **target: Any) -> str | None:
    with pytest.raises(ServiceValidationError) as refused:
        await read(hass, **target)
    return refused.value.translation_key


async def test_a_meter_is_named_by_its_device_or_its_entry(hass: HomeAssistant, make_entry: EntryMaker):
    entry = await set_up(hass, make_entry())
    assert {str(field) for field in TARGET_FIELDS} == {"device_id", "config_entry_id"}
    by_entry = await read(hass, config_entry_id=entry.entry_id)
    by_device = await read(hass, device_id=device_of(hass, entry).id)
    both = await read(hass, device_id=[device_of(hass, entry).id], config_entry_id=entry.entry_id)
    assert by_entry == by_device == both
    assert by_entry["attributes"][0]["value"]


async def test_no_meter_and_several_are_told_apart(hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter):
    first = await set_up(hass, make_entry())
    second = await set_up(hass, make_entry(server_wport=16, title="Gas"))
    before = meter.requests
    assert await refusal(hass) == "no_target"
    assert await refusal(hass, config_entry_id=[first.entry_id, second.entry_id]) == "several_targets"
    assert (
        await refusal(hass, device_id=device_of(hass, first).id, config_entry_id=second.entry_id) == "several_targets"
    )
    devices = [device_of(hass, each).id for each in (first, second)]
    assert await refusal(hass, device_id=devices) == "several_targets"
    assert meter.requests == before


async def test_what_is_no_meter_of_ours_or_not_loaded_is_said(hass: HomeAssistant, make_entry: EntryMaker):
    entry = await set_up(hass, make_entry())
    other = MockConfigEntry(domain="other")
    other.add_to_hass(hass)
    foreign = dr.async_get(hass).async_get_or_create(config_entry_id=other.entry_id, identifiers={("other", "1")})
    assert await refusal(hass, device_id=foreign.id) == "no_meter"
    assert await refusal(hass, device_id="nobody") == "no_meter"
    assert await refusal(hass, config_entry_id=other.entry_id) == "service_config_entry_wrong_domain"
    assert await refusal(hass, config_entry_id="nobody") == "service_config_entry_not_found"
    device_id = device_of(hass, entry).id
    await hass.config_entries.async_unload(entry.entry_id)
    assert await refusal(hass, config_entry_id=entry.entry_id) == "service_config_entry_not_loaded"
    assert await refusal(hass, device_id=device_id) == "service_config_entry_not_loaded"
