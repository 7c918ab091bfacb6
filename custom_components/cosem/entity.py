"""What entities of all platforms share."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import override

from homeassistant.const import Platform
from homeassistant.core import callback
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .catalogue import ObjectDescription, describe_attribute
from .const import CONF_OBJECTS
from .coordinator import CosemCoordinator
from .device import device_info
from .dlms import AttributeDescriptor, ObjectListElement, class_name
from .meter.entity_plan import MAX_ENTITIES, PlannedEntity, plan_entities
from .meter.own_entities import OwnEntity
from .meter.readings import Reading


def planned_entities(coordinator: CosemCoordinator, platform: Platform) -> list[PlannedEntity]:
    """Return a platform's entities; those not ticked are disabled."""
    plan = plan_entities(
        coordinator.reader.objects,
        ticked=frozenset(coordinator.config_entry.options[CONF_OBJECTS]),
        unverified=coordinator.security.is_unverified,
        describe=partial(description_of, coordinator),
        pushed=coordinator.notifications.pushed.attributes,
    )
    return [planned for planned in plan if planned.platform is platform]


@callback
def async_follow_objects(
    coordinator: CosemCoordinator, platform: Platform, add: Callable[[list[PlannedEntity]], None]
) -> None:
    """Add a platform's entities: those of the meter's objects, of objects that it gets later, and of what it sends."""
    added: set[str] = set()
    planned_for: Sequence[ObjectListElement] | None = None
    pushed: Sequence[AttributeDescriptor] | None = None

    @callback
    def follow() -> None:
        nonlocal planned_for, pushed
        objects, heard = coordinator.reader.objects, coordinator.notifications.pushed.attributes
        if objects is not planned_for or heard is not pushed:
            planned_for, pushed = objects, heard
            new = [planned for planned in planned_entities(coordinator, platform) if planned.key not in added]
            del new[max(MAX_ENTITIES - len(added), 0) :]
            added.update(planned.key for planned in new)
            add(new)

    follow()
    coordinator.followers.append(follow)


def description_of(coordinator: CosemCoordinator, attribute: AttributeDescriptor) -> ObjectDescription | None:
    """Return the look of an attribute as known so far."""
    reading = reading_of(coordinator, attribute)
    return describe_attribute(
        *attribute,
        reading.scaler_unit,
        sample=reading.value,
        mbus_device_type=coordinator.reader.mbus_device_types.get(attribute.logical_name.b),
    )


def reading_of(coordinator: CosemCoordinator, attribute: AttributeDescriptor) -> Reading:
    """Return the last value with its unit, else the unit."""
    return coordinator.data.values.get(attribute) or coordinator.reader.reading(attribute)


class CosemEntity(CoordinatorEntity[CosemCoordinator]):
    """An entity of a meter."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: CosemCoordinator, planned: PlannedEntity) -> None:
        # The coordinator reads what enabled entities name as their context.
        super().__init__(coordinator, context=planned.reads)
        self._reads = planned.reads
        self._attr_unique_id = planned.unique_id(str(coordinator.config_entry.unique_id))
        self._attr_entity_registry_enabled_default = planned.enabled
        self._attr_device_info = device_info(coordinator, planned.channel)
        self._look_as(planned.description)
        if planned.reads:
            self._attr_extra_state_attributes = {
                "obis_code": planned.reads[0].logical_name.obis,
                "interface_class": class_name(planned.reads[0].class_id),
            }
            if coordinator.security.is_unverified:
                self._attr_extra_state_attributes["authenticated"] = False

    def _look_as(self, description: ObjectDescription) -> None:
        self._attr_translation_key = description.translation_key
        self._attr_translation_placeholders = dict(description.placeholders)
        self._attr_entity_category = description.entity_category
        # Home Assistant makes the name of the key once; a sub-meter that is linked later gives another one.
        with suppress(AttributeError):
            del self._name_translation_key
        with suppress(AttributeError):
            del self.name

    @property
    @override
    def available(self) -> bool:
        """False when the meter is silent or refuses the attribute; what only comes by push, when it is missed."""
        push_only = self.coordinator.push_only
        if self._reads and all(map(push_only.holds, self._reads)):
            return not any(map(push_only.is_missed, self._reads))
        return super().available and not any(map(self.coordinator.reader.is_refused, self._reads))

    @callback
    @override
    def async_registry_entry_updated(self) -> None:
        """Follow the name of the device that the entity belongs to now."""
        super().async_registry_entry_updated()
        # Home Assistant does so too early: with the device that it belonged to before.
        self._async_subscribe_device_updates()


class OwnCosemEntity(Entity):
    """An entity that each meter has. Available also while the meter cannot be read, and it does not make it be read."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(self, coordinator: CosemCoordinator, own: OwnEntity) -> None:
        self._attr_translation_key = own.key
        self._attr_unique_id = own.unique_id(str(coordinator.config_entry.unique_id))
        self._attr_device_info = device_info(coordinator)
