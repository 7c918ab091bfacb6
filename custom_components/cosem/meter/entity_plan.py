"""Which objects of a meter are entities: their keys and unique ids, what the options form shows, what saving it does.

The entity registry is the truth: a choice made on the device page shows in the form, and saving the form changes only what
the user changed in it. Knows nothing of the meter.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from homeassistant.components.sensor import DOMAIN as SENSOR_DOMAIN
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er

from ..catalogue import is_identity, sensor_attributes
from ..const import CONF_OBJECTS, DOMAIN
from ..dlms import AttributeDescriptor, LogicalName, ObjectListElement
from .objects import object_key

CLOCK_CLASS_ID: Final = 8
DRIFT: Final = "drift"
_PRIMARY_ATTRIBUTE: Final = "2"


def entity_unique_id(
    entry_unique_id: str, class_id: int, logical_name: LogicalName, attribute_index: int, suffix: str = ""
) -> str:
    """Return the unique id of an entity, made of the meter's identity only; a suffix tells what was derived."""
    plain = f"{entry_unique_id}_{class_id}_{logical_name}_{attribute_index}"
    return f"{plain}_{suffix}" if suffix else plain


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedSensor:
    """A sensor that an object may have."""

    element: ObjectListElement
    attribute: AttributeDescriptor
    unique_id: str
    primary: bool
    """The object's first entity: ticking the object enables it. The others are for those who look for them."""
    drift: bool = False
    """How far the clock is off, instead of its time."""

    @property
    def key(self) -> str:
        """How the object is written in `CONF_OBJECTS`."""
        return object_key(self.element.class_id, self.element.logical_name)


def planned_sensors(entry_unique_id: str, objects: Iterable[ObjectListElement]) -> list[PlannedSensor]:
    """Return every sensor that these objects may have; what cannot be read, or only names the meter, has none."""
    plan = []
    for element in objects:
        class_id, logical_name = element.class_id, element.logical_name
        if is_identity(class_id, logical_name):
            continue
        for position, index in enumerate(sensor_attributes(class_id)):
            if not element.can_read(index):
                continue
            attribute = AttributeDescriptor(class_id, logical_name, index)
            unique_id = entity_unique_id(entry_unique_id, class_id, logical_name, index)
            is_clock = class_id == CLOCK_CLASS_ID
            first = position == 0
            plan.append(
                PlannedSensor(element=element, attribute=attribute, unique_id=unique_id, primary=first and not is_clock)
            )
            if is_clock and first:
                drift_id = entity_unique_id(entry_unique_id, class_id, logical_name, index, DRIFT)
                plan.append(
                    PlannedSensor(element=element, attribute=attribute, unique_id=drift_id, primary=True, drift=True)
                )
    return plan


@callback
def initially_enabled(
    hass: HomeAssistant, entry: ConfigEntry, objects: Iterable[ObjectListElement]
) -> list[AttributeDescriptor]:
    """Return what the entities will need that are about to be added: known ones that are enabled, new ones if ticked."""
    registry = er.async_get(hass)
    ticked = entry.options[CONF_OBJECTS]
    wanted: dict[AttributeDescriptor, None] = {}
    for planned in planned_sensors(str(entry.unique_id), objects):
        entity_id = registry.async_get_entity_id(SENSOR_DOMAIN, DOMAIN, planned.unique_id)
        if entity_id is None:
            enabled = planned.primary and planned.key in ticked
        else:
            enabled = registry.entities[entity_id].disabled_by is None
        if enabled:
            wanted[planned.attribute] = None
    return list(wanted)


def _object_of_primary(entry_unique_id: str, unique_id: str) -> str | None:
    """Return the key of the object whose first entity this is, None for every other entity.

    A clock's first entity is its drift: the time itself changes with every poll and is off by default.
    """
    own = unique_id.removeprefix(f"{entry_unique_id}_")
    class_id, logical_name, attribute_index, suffix = [*own.split("_"), "", "", "", ""][:4]
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
    """Return the keys of the objects whose first entity is enabled now, whoever enabled it.

    Objects without an entity so far, because the meter was never read, count as the options say.
    """
    known = _primary_entries(hass, entry)
    enabled = {key for key, registered in known.items() if registered.disabled_by is None}
    return enabled | {key for key in entry.options[CONF_OBJECTS] if key not in known}


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
