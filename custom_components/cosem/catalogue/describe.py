"""From an object and its unit to a sensor that Home Assistant accepts."""

from collections.abc import Callable
from typing import Final

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import DEGREE, EntityCategory

from ..dlms import (
    ClockAttribute,
    Data,
    DataAttribute,
    DataType,
    DemandRegisterAttribute,
    ExtendedRegisterAttribute,
    InterfaceClass,
    LogicalName,
    Medium,
    RegisterAttribute,
    ScalerUnit,
)
from . import abstract, electricity, gas, heat, water
from .alarms import bit_names
from .model import CURRENT_VALUE, WITHOUT_NAME, CatalogueEntry, Kind, SensorDescription, StateRule
from .units import HomeUnit, accepts, home_unit

_SENSOR_ATTRIBUTES: Final[dict[int, tuple[int, ...]]] = {
    InterfaceClass.DATA: (DataAttribute.VALUE,),
    InterfaceClass.REGISTER: (RegisterAttribute.VALUE,),
    InterfaceClass.EXTENDED_REGISTER: (
        ExtendedRegisterAttribute.VALUE,
        ExtendedRegisterAttribute.STATUS,
        ExtendedRegisterAttribute.CAPTURE_TIME,
    ),
    InterfaceClass.DEMAND_REGISTER: (
        DemandRegisterAttribute.CURRENT_AVERAGE_VALUE,
        DemandRegisterAttribute.LAST_AVERAGE_VALUE,
        DemandRegisterAttribute.STATUS,
        DemandRegisterAttribute.CAPTURE_TIME,
        DemandRegisterAttribute.START_TIME_CURRENT,
    ),
    InterfaceClass.CLOCK: (ClockAttribute.TIME,),
}

_SIDE_ATTRIBUTES: Final[dict[tuple[int, int], tuple[str, Kind]]] = {
    (InterfaceClass.EXTENDED_REGISTER, ExtendedRegisterAttribute.STATUS): ("status", "bits"),
    (InterfaceClass.EXTENDED_REGISTER, ExtendedRegisterAttribute.CAPTURE_TIME): ("capture_time", "timestamp"),
    (InterfaceClass.DEMAND_REGISTER, DemandRegisterAttribute.STATUS): ("status", "bits"),
    (InterfaceClass.DEMAND_REGISTER, DemandRegisterAttribute.CAPTURE_TIME): ("capture_time", "timestamp"),
    (InterfaceClass.DEMAND_REGISTER, DemandRegisterAttribute.START_TIME_CURRENT): ("period_start", "timestamp"),
}

_THEMES: Final[dict[int, Callable[[LogicalName], CatalogueEntry | None]]] = {
    Medium.ELECTRICITY: electricity.find,
    Medium.HEAT_COST_ALLOCATOR: heat.find_allocator,
    Medium.COOLING: heat.find,
    Medium.HEAT: heat.find,
    Medium.GAS: gas.find,
    Medium.COLD_WATER: water.find,
    Medium.HOT_WATER: water.find,
}

_TEXTS: Final = frozenset(
    {
        DataType.OCTET_STRING,
        DataType.VISIBLE_STRING,
        DataType.UTF8_STRING,
        DataType.DATE,
        DataType.TIME,
        DataType.DATE_TIME,
    }
)
_FLOATS: Final = frozenset({DataType.FLOAT32, DataType.FLOAT64})

_STATE_CLASSES: Final[dict[StateRule, SensorStateClass | None]] = {
    StateRule.NONE: None,
    StateRule.MEASUREMENT: SensorStateClass.MEASUREMENT,
    StateRule.TOTAL: SensorStateClass.TOTAL,
    StateRule.TOTAL_INCREASING: SensorStateClass.TOTAL_INCREASING,
}
_COUNTED: Final = frozenset(
    {SensorDeviceClass.ENERGY, SensorDeviceClass.GAS, SensorDeviceClass.VOLUME, SensorDeviceClass.WATER}
)
_POWER_FACTOR_DECIMALS: Final = 3


def sensor_attributes(class_id: int) -> tuple[int, ...]:
    """Return a class's sensor attributes, the primary one first."""
    return _SENSOR_ATTRIBUTES.get(class_id, ())


def describe_attribute(
    class_id: int,
    logical_name: LogicalName,
    attribute_index: int,
    scaler_unit: ScalerUnit | None = None,
    *,
    sample: Data | None = None,
    mbus_device_type: int | None = None,
) -> SensorDescription | None:
    """Return how an attribute looks as a sensor; None if it is none.

    ``scaler_unit`` may come later: name and default do not depend on it. ``sample``, a value read, tells text
    from numbers. ``mbus_device_type`` is attribute 9 of the channel's M-Bus client.
    """
    if attribute_index not in sensor_attributes(class_id) or is_identity(class_id, logical_name):
        return None
    entry = _THEMES[logical_name.a](logical_name) if logical_name.a in _THEMES else None
    medium = logical_name.a
    if logical_name.a == Medium.ABSTRACT:
        entry = abstract.find(logical_name, mbus_device_type)
        if abstract.is_mbus_value(logical_name):
            medium = abstract.medium_of_mbus_device(mbus_device_type) or medium
    side = _SIDE_ATTRIBUTES.get((class_id, attribute_index))
    if side is not None:
        return _finish(_side(logical_name, entry, *side), logical_name, None)
    if class_id == InterfaceClass.DEMAND_REGISTER and attribute_index == DemandRegisterAttribute.LAST_AVERAGE_VALUE:
        entry = _last_average(logical_name, entry)
    if entry is None:
        entry = _unknown(class_id, logical_name)
    return _finish(entry, logical_name, scaler_unit, medium=medium, sample=sample)


def is_identity(class_id: int, logical_name: LogicalName) -> bool:
    """Whether the object names or secures the meter: it goes to the device, not to a sensor."""
    if class_id not in {InterfaceClass.DATA, InterfaceClass.REGISTER, InterfaceClass.EXTENDED_REGISTER}:
        return False
    a, _, c, d, e, _ = logical_name.octets
    if a == Medium.ABSTRACT:
        return (
            (c == 96 and d == 1 and e <= 10)  # device identifiers, metering point
            or (c == 0 and d == 2)  # firmware
            or (c == 42 and d == 0 and e == 0)  # logical device name
            or (c == 43 and d == 1)  # invocation counters
        )
    if c != 0:
        return False
    return (d == 0 and e <= 9) or (a == Medium.ELECTRICITY and d == 2)


def _unknown(class_id: int, logical_name: LogicalName) -> CatalogueEntry:
    """Describe an unnamed object by its code."""
    if class_id == InterfaceClass.CLOCK:
        return CatalogueEntry(
            key="clock_code", placeholders={"code": logical_name.obis}, diagnostic=True, kind="timestamp"
        )
    return CatalogueEntry(
        key=WITHOUT_NAME,
        placeholders={"code": logical_name.obis},
        state=StateRule.MEASUREMENT_IF_CLASSED,
        diagnostic=True,
        kind="text" if class_id == InterfaceClass.DATA else "number",
    )


def _side(logical_name: LogicalName, entry: CatalogueEntry | None, stem: str, kind: Kind) -> CatalogueEntry:
    """Describe what stands beside the value of an extended or demand register."""
    if entry is not None and entry.timed and stem == "capture_time":
        return CatalogueEntry(key=f"{entry.key}_time", placeholders=entry.placeholders, kind=kind)
    return CatalogueEntry(key=f"{stem}_code", placeholders={"code": logical_name.obis}, diagnostic=True, kind=kind)


def _last_average(logical_name: LogicalName, entry: CatalogueEntry | None) -> CatalogueEntry:
    """Describe attribute 3 of a Demand register."""
    return CatalogueEntry(
        key="last_average_code",
        placeholders={"code": logical_name.obis},
        state=entry.state if entry else StateRule.MEASUREMENT_IF_CLASSED,
        device_class=entry.device_class if entry else None,
        diagnostic=True,
    )


def _finish(
    entry: CatalogueEntry,
    logical_name: LogicalName,
    scaler_unit: ScalerUnit | None,
    *,
    medium: int = 0,
    sample: Data | None = None,
) -> SensorDescription:
    """Add what the unit says; drop what Home Assistant refuses."""
    kind = _kind(entry, sample)
    historical = logical_name.f != CURRENT_VALUE
    category = EntityCategory.DIAGNOSTIC if entry.diagnostic else None
    if kind != "number":
        return SensorDescription(
            translation_key=entry.key,
            placeholders=entry.placeholders,
            device_class=SensorDeviceClass.TIMESTAMP if kind == "timestamp" else None,
            entity_category=category,
            enabled_default=entry.enabled and not historical,
            kind=kind,
            bit_names=bit_names(logical_name) if kind == "alarms" else {},
        )
    unit = home_unit(scaler_unit.unit, medium) if scaler_unit else None
    state_class = None if historical else _state_class(entry.state, unit)
    device_class = _device_class(entry, unit, state_class)
    shown_as = unit.shown_as if unit and device_class else None
    return SensorDescription(
        translation_key=entry.key,
        placeholders=entry.placeholders,
        device_class=device_class,
        state_class=state_class,
        native_unit=unit.native if unit else None,
        exponent=unit.exponent if unit else 0,
        suggested_unit=shown_as,
        suggested_display_precision=_precision(unit, scaler_unit, sample, device_class),
        entity_category=category,
        enabled_default=entry.enabled and not historical,
        kind="number",
    )


def _kind(entry: CatalogueEntry, sample: Data | None) -> Kind:
    """Choose the kind; a sample overrules the code's number."""
    if sample is None or entry.kind != "number":
        return entry.kind
    if sample.type in _TEXTS:
        return "text"
    return "bits" if sample.type in {DataType.BIT_STRING, DataType.BOOLEAN} else "number"


def _state_class(rule: StateRule, unit: HomeUnit | None) -> SensorStateClass | None:
    if rule is StateRule.MEASUREMENT and unit and unit.native == DEGREE:
        return SensorStateClass.MEASUREMENT_ANGLE  # the mean of 359° and 1° is 0°, not 180°
    if rule in _STATE_CLASSES:
        return _STATE_CLASSES[rule]
    if rule is StateRule.COUNTER_BY_UNIT and unit and unit.device_class in _COUNTED:
        return SensorStateClass.TOTAL_INCREASING
    if rule is StateRule.COUNTER_BY_UNIT:
        return SensorStateClass.MEASUREMENT
    fits = (
        unit is not None
        and unit.device_class is not None
        and accepts(unit.device_class, unit.native, SensorStateClass.MEASUREMENT)
    )
    return SensorStateClass.MEASUREMENT if fits else None


def _device_class(
    entry: CatalogueEntry, unit: HomeUnit | None, state_class: SensorStateClass | None
) -> SensorDeviceClass | None:
    """Choose the class by logical name, else by unit; None where it does not fit."""
    native = unit.native if unit else None
    for candidate in (entry.device_class, unit.device_class if unit else None):
        if candidate is not None and accepts(candidate, native, state_class):
            return candidate
    return None


def _precision(
    unit: HomeUnit | None,
    scaler_unit: ScalerUnit | None,
    sample: Data | None,
    device_class: SensorDeviceClass | None,
) -> int | None:
    """Return the scaler's decimals, but no more than are of use."""
    if scaler_unit is None:
        return None
    decimals = unit.decimals if unit else _POWER_FACTOR_DECIMALS
    if sample is not None and sample.type in _FLOATS:
        return decimals
    shift = -unit.exponent if unit else 0
    if unit and device_class:
        shift += unit.shift
    return min(decimals, max(0, shift - scaler_unit.scaler))
