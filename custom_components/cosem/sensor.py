"""Sensors: one for each value that an object of the meter holds, and how far the meter's clock is off."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorStateClass
from homeassistant.const import EntityCategory, UnitOfTime
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity
from homeassistant.util import dt as dt_util

from .catalogue import ObjectDescription, describe_attribute
from .const import CONF_OBJECTS, MAX_STATE_LENGTH
from .coordinator import CosemConfigEntry, CosemCoordinator
from .dlms import (
    AttributeDescriptor,
    Data,
    DataType,
    ScalerUnit,
    TimePolicy,
    decimal_text,
    display_text,
    instant,
    number_of,
    status_text,
)
from .entity import CosemEntity, device_info
from .meter.entity_plan import PlannedSensor, planned_sensors
from .meter.reader import Reading

PARALLEL_UPDATES: Final = 0  # the coordinator asks, entities only show

NOT_AUTHENTICATED: Final = "not_authenticated"

type SensorValue = Decimal | str | datetime | None


async def async_setup_entry(
    hass: HomeAssistant, entry: CosemConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add a sensor for everything that the meter offers; what was not chosen is registered disabled."""
    coordinator = entry.runtime_data
    ticked = frozenset(entry.options[CONF_OBJECTS])
    sensors: list[SensorEntity] = [AuthenticitySensor(coordinator)] if coordinator.security.is_unverified else []
    for planned in planned_sensors(str(entry.unique_id), coordinator.reader.objects):
        enabled = planned.primary and planned.key in ticked
        if planned.drift:
            sensors.append(ClockDriftSensor(coordinator, planned, enabled=enabled))
        elif (description := _describe(coordinator, planned.attribute)) is not None:
            sensors.append(ObjectSensor(coordinator, planned, description, enabled=enabled))
    async_add_entities(sensors)


def _describe(coordinator: CosemCoordinator, attribute: AttributeDescriptor) -> ObjectDescription | None:
    """Return how the catalogue shows an attribute, by what is known of it so far."""
    reading = _reading(coordinator, attribute)
    return describe_attribute(
        *attribute,
        reading.scaler_unit,
        sample=reading.value,
        mbus_device_type=coordinator.reader.mbus_device_types.get(attribute.logical_name.b),
    )


def _reading(coordinator: CosemCoordinator, attribute: AttributeDescriptor) -> Reading:
    """Return the last value of an attribute with its unit, or at least the unit."""
    return coordinator.data.values.get(attribute) or coordinator.reader.reading(attribute)


def _text(data: Data) -> str | None:
    """Return a value as a line of text: strings and octets, else numbers, else bits; None for what has parts."""
    text = display_text(data, MAX_STATE_LENGTH)
    if text is None and (number := number_of(data)) is not None:
        text = decimal_text(number)
    if text is None:
        text = status_text(data)
    return text[:MAX_STATE_LENGTH] if text else None


def _number(reading: Reading) -> Decimal | None:
    """Return a value as an exact number; None for what is none, or too long to be shown."""
    number = reading.number
    return None if number is None or len(decimal_text(number)) > MAX_STATE_LENGTH else number


def _timestamp(data: Data) -> datetime | None:
    """Return a point in time in UTC; a meter that gives no deviation means the time where Home Assistant is."""
    moment = instant(data, TimePolicy.STANDARD, dt_util.get_default_time_zone())
    return None if moment is None else moment.astimezone(UTC)


class ObjectSensor(CosemEntity, SensorEntity):
    """The value of one attribute."""

    def __init__(
        self, coordinator: CosemCoordinator, planned: PlannedSensor, description: ObjectDescription, *, enabled: bool
    ) -> None:
        """Show what the last poll brought."""
        super().__init__(coordinator, planned)
        self._attr_entity_registry_enabled_default = enabled
        self._scaler_unit: ScalerUnit | None = None
        self._type: DataType | None = None
        self._has_changed()
        self._apply(description)
        self._attr_native_value = self._native_value()

    def _apply(self, description: ObjectDescription) -> None:
        """Look as the catalogue says."""
        self._kind = description.kind
        self._attr_translation_key = description.translation_key
        self._attr_translation_placeholders = dict(description.placeholders)
        self._attr_device_class = description.device_class
        self._attr_state_class = description.state_class
        self._attr_native_unit_of_measurement = description.native_unit
        self._attr_suggested_unit_of_measurement = description.suggested_unit
        self._attr_suggested_display_precision = description.suggested_display_precision
        self._attr_entity_category = description.entity_category

    def _has_changed(self) -> bool:
        """Notice a unit that became known or changed, and the first value or one of another type."""
        reading = _reading(self.coordinator, self.attribute)
        before = (self._scaler_unit, self._type)
        self._scaler_unit = reading.scaler_unit
        self._type = self._type if reading.value is None else reading.value.type
        return before != (self._scaler_unit, self._type)

    def _native_value(self) -> SensorValue:
        """Return the value of the last poll, None when the meter had none or it makes no sense."""
        reading = _reading(self.coordinator, self.attribute)
        if (data := reading.value) is None:
            return None
        match self._kind:
            case "number":
                return _number(reading)
            case "timestamp":
                return _timestamp(data)
            case "bits":
                return status_text(data)
        return _text(data)

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Show what the poll brought; what became known of the object may change its look."""
        if self._has_changed() and (description := _describe(self.coordinator, self.attribute)) is not None:
            self._apply(description)
        self._attr_native_value = self._native_value()
        super()._handle_coordinator_update()


class AuthenticitySensor(CoordinatorEntity[CosemCoordinator], SensorEntity):
    """Says of a meter whose answers cannot be verified that nobody knows who sent them (rule S17)."""

    _attr_has_entity_name = True
    _attr_translation_key = "authenticity"
    _attr_device_class = SensorDeviceClass.ENUM
    _attr_entity_category = EntityCategory.DIAGNOSTIC
    _attr_native_value = NOT_AUTHENTICATED

    def __init__(self, coordinator: CosemCoordinator) -> None:
        """Belong to the meter as a whole."""
        super().__init__(coordinator)
        self._attr_options = [NOT_AUTHENTICATED]
        self._attr_unique_id = f"{coordinator.config_entry.unique_id}_authenticity"
        self._attr_device_info = device_info(coordinator)


class ClockDriftSensor(CosemEntity, SensorEntity):
    """How many seconds the meter's clock is ahead of Home Assistant's."""

    _attr_translation_key = "clock_drift"
    _attr_device_class = SensorDeviceClass.DURATION
    _attr_state_class = SensorStateClass.MEASUREMENT
    _attr_native_unit_of_measurement = UnitOfTime.SECONDS
    _attr_suggested_display_precision = 0
    _attr_entity_category = EntityCategory.DIAGNOSTIC

    def __init__(self, coordinator: CosemCoordinator, planned: PlannedSensor, *, enabled: bool) -> None:
        """Show what the last poll brought."""
        super().__init__(coordinator, planned)
        self._attr_entity_registry_enabled_default = enabled
        self._attr_native_value = self._drift()

    def _drift(self) -> int | None:
        """Return meter's time minus Home Assistant's at the moment of reading; meters count whole seconds."""
        readings = self.coordinator.data
        data = _reading(self.coordinator, self.attribute).value
        moment = None if data is None else _timestamp(data)
        if moment is None or readings.clock_read_at is None:
            return None
        return round((moment - readings.clock_read_at).total_seconds())

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Show what the poll brought."""
        self._attr_native_value = self._drift()
        super()._handle_coordinator_update()
