"""Which objects of a meter are entities: their keys and unique ids, what the options form shows, what saving it does.

The entity registry is the truth: a choice made on the device page shows in the form, and saving the form changes only what
the user changed in it. Knows nothing of the meter.
"""

from collections.abc import Collection
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er

from .dlms import LogicalName

CLOCK_CLASS_ID: Final = 8
DRIFT: Final = "drift"
_PRIMARY_ATTRIBUTE: Final = "2"


def object_key(class_id: int, logical_name: LogicalName) -> str:
    """Return how an object is written in `CONF_OBJECTS`: ``3:1.0.1.8.0.255``."""
    return f"{class_id}:{logical_name}"


def entity_unique_id(
    entry_unique_id: str, class_id: int, logical_name: LogicalName, attribute_index: int, suffix: str = ""
) -> str:
    """Return the unique id of an entity, made of the meter's identity only; a suffix tells what was derived."""
    plain = f"{entry_unique_id}_{class_id}_{logical_name}_{attribute_index}"
    return f"{plain}_{suffix}" if suffix else plain


def _object_of_primary(entry_unique_id: str, unique_id: str) -> str | None:
    """Return the key of the object whose first entity this is, None for every other entity.

    A clock's first entity is its drift: the time itself changes with every poll and is off by default.
    """
    own = unique_id.removeprefix(f"{entry_unique_id}_")
    class_id, logical_name, attribute_index, suffix = (own.split("_") + ["", "", "", ""])[:4]
    wanted = DRIFT if class_id == str(CLOCK_CLASS_ID) else ""
    if own == unique_id or attribute_index != _PRIMARY_ATTRIBUTE or suffix != wanted:
        return None
    return f"{class_id}:{logical_name}"


@callback
def _primary_entries(hass: HomeAssistant, entry: ConfigEntry) -> dict[str, er.RegistryEntry]:
    """Return the registry entry of each object's first entity, by object key."""
    return {
        key: registered
        for registered in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
        if (key := _object_of_primary(str(entry.unique_id), registered.unique_id)) is not None
    }


@callback
def enabled_objects(hass: HomeAssistant, entry: ConfigEntry) -> set[str]:
    """Return the keys of the objects whose first entity is enabled now, whoever enabled it."""
    return {key for key, registered in _primary_entries(hass, entry).items() if registered.disabled_by is None}


@callback
def async_apply_selection(hass: HomeAssistant, entry: ConfigEntry, objects: Collection[str]) -> None:
    """Enable the entities of the objects newly ticked, disable those no longer ticked, touch no other.

    A tick outranks an earlier choice of the user, because it is the later one. Entities disabled with their whole device
    or entry stay so.
    """
    registry = er.async_get(hass)
    by_choice = (er.RegistryEntryDisabler.INTEGRATION, er.RegistryEntryDisabler.USER)
    for key, registered in _primary_entries(hass, entry).items():
        if key in objects and registered.disabled_by in by_choice:
            registry.async_update_entity(registered.entity_id, disabled_by=None)
        elif key not in objects and registered.disabled_by is None:
            registry.async_update_entity(registered.entity_id, disabled_by=er.RegistryEntryDisabler.INTEGRATION)
