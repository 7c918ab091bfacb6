"""What entities of all platforms share."""

from functools import partial
from typing import override

from homeassistant.const import Platform
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .catalogue import ObjectDescription, describe_attribute
from .const import CONF_OBJECTS, DOMAIN
from .coordinator import CosemCoordinator
from .dlms import AttributeDescriptor, class_name
from .meter.entity_plan import PlannedEntity, plan_entities
from .meter.readings import Reading


def planned_entities(coordinator: CosemCoordinator, platform: Platform) -> list[PlannedEntity]:
    """Return a platform's entities; those not ticked are disabled."""
    plan = plan_entities(
        coordinator.reader.objects,
        ticked=frozenset(coordinator.config_entry.options[CONF_OBJECTS]),
        unverified=coordinator.security.is_unverified,
        describe=partial(description_of, coordinator),
    )
    return [planned for planned in plan if planned.platform is platform]


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


def device_info(coordinator: CosemCoordinator) -> DeviceInfo:
    """Return the device of the entry."""
    entry, identity = coordinator.config_entry, coordinator.reader.identity
    return DeviceInfo(
        identifiers={(DOMAIN, str(entry.unique_id))},
        name=entry.title,
        manufacturer=identity.manufacturer if identity else None,
        model=identity.model if identity else None,
        serial_number=identity.serial_number if identity else None,
        sw_version=identity.firmware if identity else None,
    )


class CosemEntity(CoordinatorEntity[CosemCoordinator]):
    """An entity of a meter."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: CosemCoordinator, planned: PlannedEntity) -> None:
        # The coordinator reads what enabled entities name as their context.
        super().__init__(coordinator, context=planned.reads)
        self._reads = planned.reads
        self._attr_unique_id = planned.unique_id(str(coordinator.config_entry.unique_id))
        self._attr_entity_registry_enabled_default = planned.enabled
        self._attr_device_info = device_info(coordinator)
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

    @property
    @override
    def available(self) -> bool:
        """False when the meter is silent or refuses the attribute."""
        return super().available and not any(map(self.coordinator.reader.is_refused, self._reads))
