"""Calling an action for an entry, as a script does."""

from collections.abc import Callable
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import device_registry as dr
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cosem.const import DOMAIN
from tests.simulated_meter.meter import SimulatedMeter

type EntryMaker = Callable[..., MockConfigEntry]

ENERGY = "3:1.0.1.8.0.255:2"
CLOCK = "8:0.0.1.0.0.255:2"
SERIAL = "1:0.0.96.1.0.255:2"
LOAD_PROFILE = "1.0.99.1.0.255"
THRESHOLD = "71:0.0.17.0.0.255:4"
CALENDAR = "20:0.0.13.0.0.255:6"
ECHO = "20:0.0.13.0.0.255:-1"
"""A method of the simulated meter that returns its parameter."""
RELAY_OFF = "70:0.0.96.3.10.255:1"
MANAGEMENT = 1
SENTENCE = "I may lose access to this meter for good"
EVERYTHING = {"allow_writing": True, "allow_switching": True, "security_confirmation": SENTENCE}


async def respond(
    hass: HomeAssistant, action: str, entry: MockConfigEntry, *, context: Context | None = None, **data: Any
) -> dict[str, Any]:
    """Call it; return the response."""
    answer = await hass.services.async_call(
        DOMAIN,
        action,
        {"config_entry_id": entry.entry_id, **data},
        blocking=True,
        return_response=True,
        context=context,
    )
    assert answer is not None
    return answer


async def running(hass: HomeAssistant, entry: MockConfigEntry, **options: Any) -> MockConfigEntry:
    """Set up an entry that has these options besides; without any, those that allow everything."""
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, options={**entry.options, **(options or EVERYTHING)})
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.LOADED
    return entry


async def tell(hass: HomeAssistant, action: str, entry: MockConfigEntry, **data: Any) -> None:
    """Call it without wanting a response."""
    await hass.services.async_call(DOMAIN, action, {"config_entry_id": entry.entry_id, **data}, blocking=True)


def done(meter: SimulatedMeter) -> list[str]:
    """What the meter did, in this order."""
    return [str(each.target) for each in meter.devices[1].done]


def device_of(hass: HomeAssistant, entry: MockConfigEntry) -> dr.DeviceEntry:
    """The device of the meter itself."""
    (device,) = [
        each
        for each in dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
        if (DOMAIN, str(entry.unique_id)) in each.identifiers
    ]
    return device
