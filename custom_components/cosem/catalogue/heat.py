"""Heat, cooling (value group A = 6, 5) and heat cost allocators (4) (IEC 62056-6-1)."""

from typing import Final

from homeassistant.components.sensor import SensorDeviceClass

from ..dlms import LogicalName
from .model import BY_CHANNEL, BY_TARIFF, CatalogueEntry, Qualifiers, StateRule, coded, qualified

PREFIXES: Final[dict[int, str]] = {5: "cooling", 6: "heat"}
ALLOCATOR: Final = 4

COUNTERS: Final[dict[int, str]] = {
    1: "energy",
    2: "volume",
    3: "mass",
    4: "inlet_volume",
    5: "inlet_mass",
    6: "outlet_volume",
    7: "outlet_mass",
}
PROCESS_VALUES: Final[dict[int, str]] = {
    8: "power",
    9: "flow_rate",
    10: "inlet_temperature",
    11: "outlet_temperature",
    12: "temperature_difference",
    13: "pressure",
}
_DIFFERENCE: Final = 12

ALLOCATOR_COUNTERS: Final[dict[int, str]] = {1: "allocator_unrated", 2: "allocator_rated"}
ALLOCATOR_TEMPERATURES: Final[dict[int, str]] = {
    3: "allocator_radiator_temperature",
    4: "allocator_medium_temperature",
    5: "allocator_flow_temperature",
    6: "allocator_return_temperature",
    7: "allocator_room_temperature",
}

_CURRENT: Final = 0
_COUNTER_D: Final = frozenset({_CURRENT, 8})
_PROCESS_D: Final = frozenset({_CURRENT, 7, 10, 11})
_EXTREME_D: Final = frozenset({4, 5, 14, 15})
_MAX_RATE: Final = 9


def find(logical_name: LogicalName) -> CatalogueEntry | None:
    """Describe a heat or cooling code; None if unnamed."""
    c, d, e = logical_name.c, logical_name.d, logical_name.e
    prefix = PREFIXES[logical_name.a]
    device_class = SensorDeviceClass.TEMPERATURE_DELTA if c == _DIFFERENCE else None
    if c in COUNTERS:
        stem, live, state, variants = (
            f"{prefix}_{COUNTERS[c]}",
            _COUNTER_D,
            StateRule.TOTAL_INCREASING,
            BY_TARIFF if c <= 3 else BY_CHANNEL,
        )
        usual, tariff, enabled = d == _CURRENT, e, c <= 3 and e == 0
    elif c in PROCESS_VALUES:
        stem, live, state, variants = f"{prefix}_{PROCESS_VALUES[c]}", _PROCESS_D, StateRule.MEASUREMENT, BY_CHANNEL
        usual, tariff, enabled = d == _CURRENT and e == 0, 0, c != 13
    else:
        return None
    if d not in live or e > _MAX_RATE:
        rule = StateRule.MEASUREMENT if d in _EXTREME_D and c in PROCESS_VALUES else StateRule.MEASUREMENT_IF_CLASSED
        return coded(stem, logical_name, rule, device_class=device_class)
    key, placeholders = qualified(stem, variants, logical_name, Qualifiers(tariff=tariff, unnamed=not usual))
    return CatalogueEntry(
        key=key, placeholders=placeholders, state=state, device_class=device_class, enabled=enabled and usual
    )


def find_allocator(logical_name: LogicalName) -> CatalogueEntry | None:
    """Describe a heat cost allocator's code; None if unnamed."""
    c = logical_name.c
    stem = ALLOCATOR_COUNTERS.get(c) or ALLOCATOR_TEMPERATURES.get(c)
    if stem is None:
        return None
    live = logical_name.d == _CURRENT and logical_name.e == 0
    if c in ALLOCATOR_TEMPERATURES or not live:
        return coded(stem, logical_name, StateRule.MEASUREMENT_IF_CLASSED)
    key, placeholders = qualified(stem, BY_CHANNEL, logical_name)
    return CatalogueEntry(key=key, placeholders=placeholders, state=StateRule.TOTAL_INCREASING, enabled=True)
