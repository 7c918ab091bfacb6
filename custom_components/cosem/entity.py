"""What all entities of a meter have in common: the device page, the unique id, when they are available."""

from typing import override

from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import DOMAIN
from .coordinator import CosemCoordinator
from .dlms import class_name
from .meter.entity_plan import PlannedSensor


def device_info(coordinator: CosemCoordinator) -> DeviceInfo:
    """Return the device of a logical device; one entry has exactly one."""
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
    """An entity that shows one attribute of one object."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: CosemCoordinator, planned: PlannedSensor) -> None:
        """Ask the coordinator for the attribute as long as the entity is enabled."""
        super().__init__(coordinator, context=planned.attribute)
        self.attribute = planned.attribute
        self._attr_unique_id = planned.unique_id
        self._attr_device_info = device_info(coordinator)
        self._attr_extra_state_attributes = {
            "obis_code": planned.attribute.logical_name.obis,
            "interface_class": class_name(planned.attribute.class_id),
        }
        if coordinator.security.is_unverified:
            self._attr_extra_state_attributes["authenticated"] = False

    @property
    @override
    def available(self) -> bool:
        """False while the meter does not answer, and for an attribute that it refuses."""
        return super().available and not self.coordinator.reader.is_refused(self.attribute)
