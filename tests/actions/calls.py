"""Calling an action for an entry, as a script does."""

from collections.abc import Callable
from typing import Any

from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import device_registry as dr
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cosem.const import DOMAIN

type EntryMaker = Callable[..., MockConfigEntry]

ENERGY = "3:1.0.1.8.0.255:2"
CLOCK = "8:0.0.1.0.0.255:2"
SERIAL = "1:0.0.96.1.0.255:2"
LOAD_PROFILE = "1.0.99.1.0.255"


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


def device_of(hass: HomeAssistant, entry: MockConfigEntry) -> dr.DeviceEntry:
    """The device of the meter itself."""
    (device,) = [
        each
        for each in dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
        if (DOMAIN, str(entry.unique_id)) in each.identifiers
    ]
    return device
