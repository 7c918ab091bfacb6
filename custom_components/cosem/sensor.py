"""Sensors for the values of the meter and what is derived from them."""

from abc import abstractmethod
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final, override

from homeassistant.components.sensor import RestoreSensor, SensorDeviceClass, SensorEntity
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .catalogue import NOT_AUTHENTICATED, Kind, ObjectDescription, SensorDescription, name_of_bit
from .const import MAX_STATE_LENGTH
from .coordinator import CosemConfigEntry, CosemCoordinator
from .dlms import (
    Data,
    DataType,
    ScalerUnit,
    TimePolicy,
    clock_quality,
    date_or_time_text,
    decimal_text,
    display_text,
    number_of,
    set_bits,
    status_text,
)
from .entity import CosemEntity, OwnCosemEntity, async_follow_objects, description_of, reading_of
from .meter.entity_plan import PlannedEntity
from .meter.meter_time import time_policy_of, utc_of
from .meter.own_entities import OwnEntity
from .meter.poll_record import PROBLEMS
from .meter.readings import Reading

PARALLEL_UPDATES: Final = 0  # the coordinator asks, entities only show

_TIMES: Final = frozenset({DataType.DATE, DataType.TIME, DataType.DATE_TIME})

_KINDS_OF_TIME: Final = frozenset[Kind]({"timestamp", "clock_drift"})

_NO_ALARM: Final = "OK"

type SensorValue = Decimal | str | datetime | int | None


async def async_setup_entry(
    hass: HomeAssistant, entry: CosemConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the planned sensors."""
    coordinator = entry.runtime_data
    async_follow_objects(
        coordinator,
        Platform.SENSOR,
        lambda new: async_add_entities(_sensor(coordinator, planned) for planned in new),
    )
    async_add_entities([LastReadSensor(coordinator), ReadingProblemSensor(coordinator)])


def _sensor(coordinator: CosemCoordinator, planned: PlannedEntity) -> CosemSensor:
    kind = planned.description.kind if isinstance(planned.description, SensorDescription) else None
    return _DERIVED_SENSORS.get(kind, ObjectSensor)(coordinator, planned)


def _text(data: Data, policy: TimePolicy) -> str | None:
    """Return a value as a line of text; None for compound values."""
    text = date_or_time_text(data, policy) if data.type in _TIMES else display_text(data, MAX_STATE_LENGTH)
    if text is None and (number := number_of(data)) is not None:
        text = decimal_text(number)
    if text is None:
        text = status_text(data)
    return text[:MAX_STATE_LENGTH] if text else None


def _number(reading: Reading) -> Decimal | None:
    """Return an exact number, if it fits a state."""
    number = reading.number
    return None if number is None or len(decimal_text(number)) > MAX_STATE_LENGTH else number


class CosemSensor(CosemEntity, SensorEntity):
    """A sensor of any kind."""

    _kind: Kind = "number"
    _exponent: int = 0
    _bit_names: Mapping[int, str] = MappingProxyType({})

    def __init__(self, coordinator: CosemCoordinator, planned: PlannedEntity) -> None:
        super().__init__(coordinator, planned)
        self._time_policy = time_policy_of(coordinator.config_entry.options)
        self._attr_native_value = self._value()

    @override
    def _look_as(self, description: ObjectDescription) -> None:
        super()._look_as(description)
        if isinstance(description, SensorDescription):
            self._kind = description.kind
            self._attr_device_class = description.device_class
            self._attr_state_class = description.state_class
            self._attr_native_unit_of_measurement = description.native_unit
            self._exponent = description.exponent
            self._attr_suggested_unit_of_measurement = description.suggested_unit
            self._attr_suggested_display_precision = description.suggested_display_precision
            self._bit_names = description.bit_names
            self._attr_options = list(description.options) or None

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """With what the clock says about itself, where it made the time."""
        attributes = super().extra_state_attributes
        if self._kind not in _KINDS_OF_TIME:
            return attributes
        data = reading_of(self.coordinator, self._reads[0]).value
        quality = None if data is None else clock_quality(data)
        return attributes if quality is None else {**(attributes or {}), "clock_status": quality.value}

    @abstractmethod
    def _value(self) -> SensorValue:
        """Return the value to show."""

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        self._attr_native_value = self._value()
        super()._handle_coordinator_update()


class ObjectSensor(CosemSensor):
    """The value of one attribute."""

    def __init__(self, coordinator: CosemCoordinator, planned: PlannedEntity) -> None:
        self._scaler_unit: ScalerUnit | None = None
        self._type: DataType | None = None
        self._device_type: int | None = None
        super().__init__(coordinator, planned)
        self._has_changed()

    def _has_changed(self) -> bool:
        """Note unit, type, and what an M-Bus device measures; tell whether they changed."""
        reading = reading_of(self.coordinator, self._reads[0])
        before = (self._scaler_unit, self._type, self._device_type)
        self._device_type = self.coordinator.reader.mbus_device_types.get(self._reads[0].logical_name.b)
        self._scaler_unit = reading.scaler_unit
        self._type = self._type if reading.value is None else reading.value.type
        return before != (self._scaler_unit, self._type, self._device_type)

    @override
    def _value(self) -> SensorValue:
        """Return the last value, None without a sensible one."""
        reading = reading_of(self.coordinator, self._reads[0])
        if (data := reading.value) is None:
            return None
        match self._kind:
            case "number":
                number = _number(reading)
                return None if number is None else number.scaleb(self._exponent)
            case "timestamp":
                return utc_of(data, self._time_policy)
            case "calendar":
                return date_or_time_text(data, self._time_policy) or _text(data, self._time_policy)
            case "bits":
                return status_text(data)
        return _text(data, self._time_policy)

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        if self._has_changed() and (description := description_of(self.coordinator, self._reads[0])) is not None:
            had_unit = self.native_unit_of_measurement is not None
            self._look_as(description)
            self._attr_native_value = self._value()  # the registry has the state written at once
            self._choose_shown_unit(is_first=not had_unit)
        super()._handle_coordinator_update()

    def _choose_shown_unit(self, *, is_first: bool) -> None:
        """Have Home Assistant choose the unit that a person sees, as it does when an entity is added.

        ``is_first``: no unit was known then. Otherwise none is proposed: nobody's values change their unit.
        """
        entry = self.registry_entry
        if is_first and entry is not None:
            registry = er.async_get(self.hass)
            for domain, options in (self.get_initial_entity_options() or {}).items():
                if domain not in entry.options:
                    self.registry_entry = registry.async_update_entity_options(self.entity_id, domain, options)
        self.async_registry_entry_updated()


class AlarmSensor(CosemSensor):
    """The bits of a register that are set, by name."""

    @property
    def _data(self) -> Data | None:
        return reading_of(self.coordinator, self._reads[0]).value

    @override
    def _value(self) -> SensorValue:
        """Return the names in a line, "OK" without any; what has no bits is shown as it is."""
        if (data := self._data) is None:
            return None
        active = self._active()
        if active is None:
            return _text(data, self._time_policy)
        return (", ".join(active) or _NO_ALARM)[:MAX_STATE_LENGTH]

    def _active(self) -> list[str] | None:
        data = self._data
        bits = None if data is None else set_bits(data)
        return None if bits is None else [name_of_bit(self._bit_names, bit) for bit in bits]

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """With each name, and what the meter sent."""
        data, active = self._data, self._active()
        if data is None or active is None:
            return super().extra_state_attributes
        return {**(super().extra_state_attributes or {}), "active": active, "raw": status_text(data)}


class AuthenticitySensor(CosemSensor):
    """Says that the sender is unverified."""

    @override
    def _value(self) -> SensorValue:
        # The only state: a meter that can be verified has no such sensor.
        return NOT_AUTHENTICATED


class ClockDriftSensor(CosemSensor):
    """Seconds that the meter's clock is ahead."""

    @override
    def _value(self) -> SensorValue:
        """Return the meter's time minus Home Assistant's when it was read."""
        data, read_at = reading_of(self.coordinator, self._reads[0]).value, self.coordinator.data.clock_read_at
        moment = None if data is None else utc_of(data, self._time_policy)
        # Meters count whole seconds.
        return None if moment is None or read_at is None else round((moment - read_at).total_seconds())


class PollSensor(OwnCosemEntity, SensorEntity):
    """Tells how the polls went; for those who look for a reason, so it is disabled first."""

    _attr_entity_category = EntityCategory.DIAGNOSTIC
    _attr_entity_registry_enabled_default = False

    def __init__(self, coordinator: CosemCoordinator, own: OwnEntity) -> None:
        super().__init__(coordinator, own)
        self._record = coordinator.record

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the polls."""
        await super().async_added_to_hass()
        self.async_on_remove(self._record.follow(self.async_write_ha_state))


class LastReadSensor(PollSensor, RestoreSensor):
    """When a poll succeeded last, also before a restart."""

    _attr_device_class = SensorDeviceClass.TIMESTAMP

    def __init__(self, coordinator: CosemCoordinator) -> None:
        super().__init__(coordinator, OwnEntity.LAST_READ)
        self._before: datetime | None = None

    @override
    async def async_added_to_hass(self) -> None:
        """Remember what was so before."""
        await super().async_added_to_hass()
        known = await self.async_get_last_sensor_data()
        if known is not None and isinstance(known.native_value, datetime):
            self._before = known.native_value

    @property
    @override
    def native_value(self) -> datetime | None:
        """Return the time."""
        return self._record.read_at or self._before


class ReadingProblemSensor(PollSensor):
    """Why the meter is not read."""

    _attr_device_class = SensorDeviceClass.ENUM

    def __init__(self, coordinator: CosemCoordinator) -> None:
        super().__init__(coordinator, OwnEntity.READING_PROBLEM)
        self._attr_options = list(PROBLEMS)

    @property
    @override
    def native_value(self) -> str | None:
        """Return the key of the reason."""
        return self._record.problem


_DERIVED_SENSORS: Final[dict[Kind | None, type[CosemSensor]]] = {
    "alarms": AlarmSensor,
    "authenticity": AuthenticitySensor,
    "clock_drift": ClockDriftSensor,
}
