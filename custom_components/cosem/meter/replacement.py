"""Gives an entry with all its entities to the meter that replaces its own, by a person's word (repairs.py)."""

from collections.abc import Iterable

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er

from ..const import DOMAIN
from .entity_plan import PlannedEntity
from .identity import MeterIdentity, logical_device_title
from .own_entities import OwnEntity
from .store import async_remove_meter
from .submeters import device_identifier


@callback
def has_entry(hass: HomeAssistant, unique_id: str) -> bool:
    """Whether this meter has an entry."""
    return hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, unique_id) is not None


async def async_give_entry(
    hass: HomeAssistant, entry: ConfigEntry, identity: MeterIdentity, plan: Iterable[PlannedEntity]
) -> None:
    """Give an entry to another meter, unless that has one; its objects are read anew.

    ``plan``: every entity that the entry may have. A title that a person chose stays.
    """
    unique_id = identity.unique_id
    if has_entry(hass, unique_id):
        return
    before = str(entry.unique_id)
    title = identity.title if entry.title in _own_titles(hass, entry) else entry.title
    registry = er.async_get(hass)
    channels = {0}
    for each in (*plan, *OwnEntity):
        if isinstance(each, PlannedEntity):
            channels.add(each.channel)
        entity_id = registry.async_get_entity_id(each.platform, DOMAIN, each.unique_id(before))
        if entity_id is not None:  # else it was never added; what is registered and not planned shows nothing any more
            registry.async_update_entity(entity_id, new_unique_id=each.unique_id(unique_id))
    devices = dr.async_get(hass)
    for channel in channels:
        device = devices.async_get_device_by_identifier(device_identifier(before, channel), entry.entry_id)
        if device is not None:
            devices.async_update_device(device.id, new_identifiers={device_identifier(unique_id, channel)})
    hass.config_entries.async_update_entry(entry, unique_id=unique_id, title=title)
    await async_remove_meter(hass, before)


@callback
def _own_titles(hass: HomeAssistant, entry: ConfigEntry) -> set[str]:
    """Return the titles that the set-up may have given to an entry."""
    unique_id = str(entry.unique_id)
    titles = {unique_id, logical_device_title(unique_id)}
    device = dr.async_get(hass).async_get_device_by_identifier(device_identifier(unique_id), entry.entry_id)
    if device is not None:
        titles.add(" ".join(word for word in (device.manufacturer, device.serial_number) if word))
    return titles
