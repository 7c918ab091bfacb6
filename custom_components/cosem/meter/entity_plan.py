"""The entities of a meter, for all platforms.

The entity registry is the truth: choices made on the device page show in the form, and saving the form changes only
what the user changed in it.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er

from ..catalogue import AUTHENTICITY, DERIVED, ObjectDescription, describe_attribute, is_identity, sensor_attributes
from ..const import CONF_OBJECTS, DOMAIN
from ..dlms import AttributeDescriptor, MethodDescriptor, ObjectListElement
from .objects import object_key
from .submeters import channel_of

type Describe = Callable[[AttributeDescriptor], ObjectDescription | None]

MAX_ENTITIES: Final = 2_000
"""Of one entry. Each has its place in the registry of Home Assistant."""

_AUTHENTICITY_KEY: Final = "authenticity"

PLATFORMS_OF_VALUES: Final = (Platform.SENSOR,)
"""Where an attribute itself is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedEntity:
    """An entity that a meter may have."""

    key: str
    """Tells it from the meter's other entities, for ever: ``3_1.0.1.8.0.255_2``."""
    reads: tuple[AttributeDescriptor, ...] = ()
    """Attributes that it needs, its own first."""
    calls: tuple[MethodDescriptor, ...] = ()
    """Methods that it can call."""
    description: ObjectDescription
    object_key: str | None = None
    """Its object in ``CONF_OBJECTS``; None for the meter as a whole."""
    primary: bool = False
    """The object's first entity: ticking the object enables only this one."""
    enabled: bool = False
    """Whether it is enabled before anybody has chosen."""

    @property
    def channel(self) -> int:
        """The M-Bus channel of the sub-meter that it belongs to; 0: it is the meter's own."""
        return channel_of(self.reads[0].logical_name) if self.reads else 0

    @property
    def platform(self) -> Platform:
        """Whose entity it is."""
        return self.description.platform

    def unique_id(self, entry_unique_id: str) -> str:
        """Return its unique id: the meter's identity and the key."""
        return f"{entry_unique_id}_{self.key}"


def plan_entities(
    objects: Iterable[ObjectListElement],
    *,
    ticked: Collection[str] = (),
    unverified: bool = False,
    describe: Describe = lambda attribute: describe_attribute(*attribute),
    pushed: Iterable[AttributeDescriptor] = (),
) -> list[PlannedEntity]:
    """Return the entities that a meter with these objects may have: ``MAX_ENTITIES``, ticked objects before others.

    ``unverified``: nobody knows who sends the values. ``describe``: how an attribute looks, by default from its logical
    name alone. ``pushed``: what the meter was heard to send; where no object gives it, an entity of its own shows it.
    """
    whole = [PlannedEntity(key=_AUTHENTICITY_KEY, description=AUTHENTICITY, enabled=True)] if unverified else []
    rows = [(element, _key_of(element) in ticked) for element in objects]
    planned = _planned(rows, describe)
    if len(planned) > MAX_ENTITIES:
        planned = _planned(sorted(rows, key=lambda row: not row[1]), describe)
    return (whole + planned + list(_of_pushed(pushed, planned, describe)))[:MAX_ENTITIES]


def _of_pushed(
    pushed: Iterable[AttributeDescriptor], planned: Iterable[PlannedEntity], describe: Describe
) -> Iterator[PlannedEntity]:
    """Return entities for what nothing else shows: nobody could choose them before, so the catalogue does."""
    shown = {attribute for entity in planned for attribute in entity.reads}
    with_first = {entity.object_key for entity in planned if entity.primary}
    for attribute in pushed:
        description = None if attribute in shown else describe(attribute)
        if description is not None:
            key = object_key(attribute.class_id, attribute.logical_name)
            yield PlannedEntity(
                key=_key_of_value(attribute),
                reads=(attribute,),
                description=description,
                object_key=key,
                primary=key not in with_first,
                enabled=description.enabled_default,
            )
            with_first.add(key)


def has_too_many(objects: Iterable[ObjectListElement]) -> bool:
    """Whether a meter with these objects could have more entities than are planned."""
    rows = [(element, False) for element in objects]
    return len(_planned(rows, lambda attribute: describe_attribute(*attribute))) > MAX_ENTITIES


def _planned(rows: Iterable[tuple[ObjectListElement, bool]], describe: Describe) -> list[PlannedEntity]:
    """Return the entities of objects, ticked or not; one more than there may be tells that there are too many."""
    entities = (_entities_of_object(element, describe, ticked=ticked) for element, ticked in rows)
    return list(islice(chain.from_iterable(entities), MAX_ENTITIES + 1))


def _key_of_value(attribute: AttributeDescriptor) -> str:
    """Return the key of the entity that shows an attribute itself."""
    return f"{attribute.class_id}_{attribute.logical_name}_{attribute.attribute_index}"


@callback
def name_of(hass: HomeAssistant, entry: ConfigEntry, attribute: AttributeDescriptor) -> str:
    """Return an attribute for a person to read: the name of its entity, where there is one, and its code."""
    code = attribute.logical_name.obis
    registry = er.async_get(hass)
    for platform in PLATFORMS_OF_VALUES:
        unique_id = f"{entry.unique_id}_{_key_of_value(attribute)}"
        if (entity_id := registry.async_get_entity_id(platform, DOMAIN, unique_id)) is not None:
            registered = registry.entities[entity_id]
            name = registered.name or registered.original_name or entity_id
            return name if f"({code})" in name else f"{name} ({code})"
    return code


def _key_of(element: ObjectListElement) -> str:
    return object_key(element.class_id, element.logical_name)


def _entities_of_object(element: ObjectListElement, describe: Describe, *, ticked: bool) -> Iterator[PlannedEntity]:
    class_id, logical_name = element.class_id, element.logical_name
    # Such an object only names the meter.
    if is_identity(class_id, logical_name):
        return
    for position, index in enumerate(sensor_attributes(class_id)):
        if not element.can_read(index):
            continue
        attribute = AttributeDescriptor(class_id, logical_name, index)
        suffix, derived = DERIVED.get((class_id, index), ("", None))
        key = _key_of_value(attribute)
        for entity_key, description, first in (
            (key, describe(attribute), position == 0 and derived is None),
            (f"{key}_{suffix}", derived, position == 0),
        ):
            if description is not None:
                yield PlannedEntity(
                    key=entity_key,
                    reads=(attribute,),
                    description=description,
                    object_key=_key_of(element),
                    primary=first,
                    enabled=first and ticked,
                )


@callback
def async_registered(hass: HomeAssistant, entry: ConfigEntry, planned: PlannedEntity) -> er.RegistryEntry | None:
    """Return the entity, or None where it was never added."""
    registry = er.async_get(hass)
    entity_id = registry.async_get_entity_id(planned.platform, DOMAIN, planned.unique_id(str(entry.unique_id)))
    return None if entity_id is None else registry.async_get(entity_id)


@callback
def initially_read(hass: HomeAssistant, entry: ConfigEntry, plan: Iterable[PlannedEntity]) -> list[AttributeDescriptor]:
    """Return what entities about to be added need: known ones if enabled, new ones if ticked."""
    wanted: dict[AttributeDescriptor, None] = {}
    for planned in plan:
        registered = async_registered(hass, entry, planned)
        if planned.enabled if registered is None else registered.disabled_by is None:
            wanted |= dict.fromkeys(planned.reads)
    return list(wanted)


@callback
def _primary_entries(
    hass: HomeAssistant, entry: ConfigEntry, plan: Iterable[PlannedEntity]
) -> dict[str, er.RegistryEntry]:
    return {
        planned.object_key: registered
        for planned in plan
        if planned.primary
        and planned.object_key is not None
        and (registered := async_registered(hass, entry, planned)) is not None
    }


@callback
def enabled_objects(hass: HomeAssistant, entry: ConfigEntry, plan: Iterable[PlannedEntity]) -> set[str]:
    """Return the keys of objects whose first entity is enabled, whoever did it."""
    known = _primary_entries(hass, entry, plan)
    enabled = {key for key, registered in known.items() if registered.disabled_by is None}
    # Objects without an entity, because the meter was never read, count as the options say.
    return enabled | {key for key in entry.options[CONF_OBJECTS] if key not in known}


@callback
def async_apply_selection(
    hass: HomeAssistant, entry: ConfigEntry, plan: Iterable[PlannedEntity], objects: Collection[str]
) -> None:
    """Enable the entities of objects newly ticked, disable those no longer ticked, touch no other."""
    registry = er.async_get(hass)
    # A tick is later than the user's choice on the device page; what its device or entry disabled stays so.
    by_choice = (er.RegistryEntryDisabler.INTEGRATION, er.RegistryEntryDisabler.USER)
    for key, registered in _primary_entries(hass, entry, plan).items():
        if key in objects and registered.disabled_by in by_choice:
            registry.async_update_entity(registered.entity_id, disabled_by=None)
        elif key not in objects and registered.disabled_by is None:
            registry.async_update_entity(registered.entity_id, disabled_by=er.RegistryEntryDisabler.INTEGRATION)
