"""Abstract objects (value group A = 0; IEC 62056-6-1).

The first row that fits counts. Identities have no row: they belong to the device.
"""

from dataclasses import dataclass
from typing import Final

from homeassistant.components.sensor import SensorDeviceClass as Device

from ..dlms import (
    LogicalName,
    MbusDeviceType,
    Medium,
)
from .model import (
    ALONE,
    BY_CHANNEL,
    CURRENT_VALUE,
    NO_PLACEHOLDERS,
    ONLY_CODE,
    WITHOUT_NAME,
    CatalogueEntry,
    Kind,
    Qualifiers,
    StateRule,
    Variants,
    qualified,
)

_COUNTER: Final = StateRule.TOTAL_INCREASING
_MEASURED: Final = StateRule.MEASUREMENT
_NONE: Final = StateRule.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class AbstractObject:
    """One kind of abstract object, by C, D and a range of E."""

    c: int
    d: int
    e: range
    stem: str
    state: StateRule = _NONE
    kind: Kind = "number"
    named: int | None = None
    """The E whose name needs no code; None: all need it."""
    device_class: Device | None = None
    enabled: bool = False


def _one(c: int, d: int, e: int, stem: str, state: StateRule = _NONE, kind: Kind = "number") -> AbstractObject:
    """Make a row for one object, named without a code."""
    return AbstractObject(c=c, d=d, e=range(e, e + 1), stem=stem, state=state, kind=kind, named=e)


def _many(
    c_d: tuple[int, int],
    e: range,
    stem: str,
    state: StateRule = _NONE,
    kind: Kind = "number",
    named: int | None = None,
) -> AbstractObject:
    """Make a row for several objects of a kind."""
    c, d = c_d
    return AbstractObject(c=c, d=d, e=e, stem=stem, state=state, kind=kind, named=named)


_TAMPER: Final = ("meter_cover", "terminal_cover", "tilt", "magnetic_field", "switch", "metrology", "communication")

ROWS: Final[tuple[AbstractObject, ...]] = (
    _one(0, 1, 0, "billing_counter"),
    _one(0, 1, 1, "billing_periods_available"),
    _many((0, 1), range(2, 20), "billing_time", kind="timestamp"),
    _many((0, 9), range(1, 2), "local_time", kind="calendar", named=1),
    _many((0, 9), range(2, 3), "local_date", kind="calendar", named=2),
    _many((1, 0), range(256), "clock", kind="timestamp", named=0),
    _many((1, 1), range(256), "unix_clock", kind="timestamp", named=0),
    _many((1, 2), range(256), "high_resolution_clock", kind="text"),
    _many((19, 50), range(1, 3), "credit_limit", StateRule.TOTAL),
    *(_many((19, d), range(1, 3), "credit_limit", StateRule.TOTAL) for d in range(51, 60)),
    _one(96, 2, 0, "configuration_changes"),
    _one(96, 2, 1, "configuration_changed", kind="timestamp"),
    _one(96, 2, 2, "time_switch_changed", kind="timestamp"),
    _one(96, 2, 5, "calibrated", kind="timestamp"),
    _one(96, 2, 7, "calendar_activated", kind="timestamp"),
    _one(96, 2, 12, "clock_set", kind="timestamp"),
    _one(96, 2, 13, "firmware_activated", kind="timestamp"),
    _one(96, 3, 1, "inputs", kind="bits"),
    _one(96, 3, 2, "outputs", kind="bits"),
    _many((96, 3), range(5), "input_output_status", kind="bits"),
    _many((96, 4), range(5), "internal_control_signals", kind="bits"),
    _many((96, 5), range(5), "operating_status", kind="bits", named=0),
    _one(96, 6, 0, "battery_use_time", _COUNTER),
    AbstractObject(
        c=96, d=6, e=range(1, 2), stem="battery_charge", state=_MEASURED, named=1, device_class=Device.BATTERY
    ),
    _one(96, 6, 2, "battery_change_due", kind="timestamp"),
    _one(96, 6, 3, "battery_voltage", _MEASURED),
    _one(96, 6, 4, "battery_capacity", StateRule.MEASUREMENT_IF_CLASSED),
    _one(96, 6, 5, "battery_installed", kind="timestamp"),
    _one(96, 6, 6, "battery_time_left", StateRule.MEASUREMENT_IF_CLASSED),
    _one(96, 6, 10, "auxiliary_supply_use_time", StateRule.MEASUREMENT_IF_CLASSED),
    _one(96, 6, 11, "auxiliary_supply_voltage", StateRule.MEASUREMENT_IF_CLASSED),
    _one(96, 7, 0, "power_failures_all_phases", _COUNTER),
    _one(96, 7, 1, "power_failures_l1", _COUNTER),
    _one(96, 7, 2, "power_failures_l2", _COUNTER),
    _one(96, 7, 3, "power_failures_l3", _COUNTER),
    _one(96, 7, 4, "power_failures_auxiliary", _COUNTER),
    _one(96, 7, 21, "power_failures", _COUNTER),
    _many((96, 7), range(5, 10), "long_power_failures", _COUNTER, named=9),
    _many((96, 7), range(10, 15), "power_failure_time", kind="timestamp"),
    _many((96, 7), range(15, 20), "power_failure_duration", StateRule.MEASUREMENT_IF_CLASSED),
    _one(96, 7, 20, "power_failure_threshold", StateRule.MEASUREMENT_IF_CLASSED),
    _many((96, 8), range(64), "operating_time", _COUNTER, named=0),
    _one(96, 9, 0, "ambient_temperature", _MEASURED),
    _one(96, 9, 1, "ambient_pressure", _MEASURED),
    AbstractObject(
        c=96, d=9, e=range(2, 3), stem="ambient_humidity", state=_MEASURED, named=2, device_class=Device.HUMIDITY
    ),
    _many((96, 10), range(1, 11), "profile_status", kind="bits"),
    _many((96, 11), range(100), "event_code", kind="text", named=0),
    _one(96, 12, 1, "connections"),
    _one(96, 12, 4, "port_parameter", kind="text"),
    AbstractObject(
        c=96, d=12, e=range(5, 6), stem="radio_signal", state=_MEASURED, named=5, device_class=Device.SIGNAL_STRENGTH
    ),
    _one(96, 12, 6, "phone_number", kind="text"),
    _one(96, 13, 0, "consumer_message", kind="text"),
    _one(96, 13, 1, "consumer_information", kind="text"),
    AbstractObject(c=96, d=14, e=range(16), stem="active_tariff", kind="text", named=0, enabled=True),
    _many((96, 15), range(100), "event_counter", _COUNTER, named=0),
    _many((96, 16), range(10), "profile_signature", kind="text"),
    *(
        row
        for index, what in enumerate(_TAMPER)
        for row in (
            _one(96, 20, 5 * index, f"tamper_{what}_count", _COUNTER),
            _one(96, 20, 5 * index + 1, f"tamper_{what}_time", kind="timestamp"),
            _one(96, 20, 5 * index + 2, f"tamper_{what}_duration", StateRule.MEASUREMENT_IF_CLASSED),
            _one(96, 20, 5 * index + 3, f"tamper_{what}_total_duration", StateRule.MEASUREMENT_IF_CLASSED),
        )
    ),
    _many((97, 97), range(10), "error_register", kind="alarms", named=0),
    _many((97, 98), range(10), "alarm_register", kind="alarms", named=0),
    _many((97, 98), range(10, 20), "alarm_filter", kind="alarms"),
    _many((97, 98), range(20, 30), "alarm_descriptor", kind="alarms"),
)

MBUS_MEDIA: Final[dict[int, tuple[str, int]]] = {
    MbusDeviceType.ELECTRICITY: ("mbus_electricity", Medium.ELECTRICITY),
    MbusDeviceType.GAS: ("gas_volume", Medium.GAS),
    MbusDeviceType.HEAT_OUTLET: ("mbus_heat", Medium.HEAT),
    MbusDeviceType.WARM_WATER: ("hot_water_volume", Medium.HOT_WATER),
    MbusDeviceType.WATER: ("water_volume", Medium.COLD_WATER),
    MbusDeviceType.HEAT_COST_ALLOCATOR: ("mbus_allocator", Medium.HEAT_COST_ALLOCATOR),
    MbusDeviceType.HEAT_INLET: ("mbus_heat", Medium.HEAT),
}
"""device_type of the M-Bus client -> stem, value group A for units."""


def medium_of_mbus_device(device_type: int | None) -> int | None:
    """Return what an M-Bus device measures as value group A; None for a type that says nothing."""
    return None if device_type not in MBUS_MEDIA else MBUS_MEDIA[device_type][1]


def is_mbus_value(logical_name: LogicalName) -> bool:
    """Whether the value comes from an M-Bus device."""
    return logical_name.octets[0] == 0 and logical_name.octets[2:4] == bytes((24, 2))


def find(logical_name: LogicalName, mbus_device_type: int | None = None) -> CatalogueEntry | None:
    """Describe an abstract code; None if it has no name here."""
    if is_mbus_value(logical_name):
        return _mbus(logical_name, mbus_device_type)
    for row in ROWS:
        if row.c == logical_name.c and row.d == logical_name.d and logical_name.e in row.e:
            return _entry(row, logical_name)
    return None


def _entry(row: AbstractObject, logical_name: LogicalName) -> CatalogueEntry:
    named = row.named == logical_name.e
    variants: Variants = ALONE if named else ONLY_CODE
    key, placeholders = qualified(row.stem, variants, logical_name, Qualifiers(unnamed=not named))
    if len(row.e) == 1 and "code" in placeholders:
        key = WITHOUT_NAME  # what exists once in a meter has no name for another channel or period
    return CatalogueEntry(
        key=key,
        placeholders=placeholders,
        state=row.state,
        device_class=row.device_class,
        diagnostic=True,
        enabled=row.enabled and named and not logical_name.b,
        kind=row.kind,
    )


def _mbus(logical_name: LogicalName, device_type: int | None) -> CatalogueEntry:
    """Describe an M-Bus value."""
    first = logical_name.e <= 1
    # Only its M-Bus client object says which medium it meters.
    if device_type not in MBUS_MEDIA:
        key, placeholders = qualified("mbus", BY_CHANNEL, logical_name, Qualifiers(unnamed=not first))
    elif first and logical_name.f == CURRENT_VALUE:
        key, placeholders = MBUS_MEDIA[device_type][0], NO_PLACEHOLDERS  # its device says the channel
    else:
        key, placeholders = f"{MBUS_MEDIA[device_type][0]}_code", {"code": logical_name.obis}
    return CatalogueEntry(
        key=key,
        placeholders=placeholders,
        state=StateRule.COUNTER_BY_UNIT,
        enabled=first,
        timed="code" not in placeholders,
    )
