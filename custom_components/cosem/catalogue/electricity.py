"""Electricity (value group A = 1; IEC 62056-6-1): quantity by C, processing by D, tariff or harmonic by E."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from homeassistant.components.sensor import SensorDeviceClass

from ..dlms import LogicalName
from .model import (
    ALONE,
    ALONE_OR_PHASE,
    BY_CHANNEL,
    BY_PHASE,
    BY_TARIFF,
    BY_TARIFF_AND_PHASE,
    HISTORY,
    ONLY_CODE,
    WITH_HISTORY,
    CatalogueEntry,
    Qualifiers,
    StateRule,
    Variants,
    coded,
    qualified,
)


class Group(Enum):
    """Quantities processed and named alike."""

    MAIN = "main"
    """Every processing has a name."""
    MINOR = "minor"
    """Quadrants and the like."""
    ELECTRICAL = "electrical"
    """Voltage, current and so on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A quantity; phases follow at C +20, +40 and +60."""

    power: str
    """Stem of values other than time integrals."""
    energy: str | None = None
    """Stem of time integrals, if they have a name."""
    quadrant: str | None = None
    group: Group = Group.MAIN
    counts_up: bool = True
    """False for a balance: it may fall."""
    enabled: frozenset[str] = frozenset()
    """On by default: energy, tariff, power, phase."""
    device_class: SensorDeviceClass | None = None
    phased: bool = True
    """False if phases get no names."""


def _on(*names: str) -> frozenset[str]:
    return frozenset(names)


_QUADRANTS: Final = ("I", "II", "III", "IV")

QUANTITIES: Final[dict[int, Quantity]] = {
    1: Quantity(power="power_import", energy="energy_import", enabled=_on("energy", "tariff", "power")),
    2: Quantity(power="power_export", energy="energy_export", enabled=_on("energy", "tariff", "power")),
    3: Quantity(power="reactive_power_import", energy="reactive_energy_import", enabled=_on("energy", "power")),
    4: Quantity(power="reactive_power_export", energy="reactive_energy_export", enabled=_on("energy", "power")),
    **{
        5 + index: Quantity(
            power="reactive_power_quadrant", energy="reactive_energy_quadrant", quadrant=name, group=Group.MINOR
        )
        for index, name in enumerate(_QUADRANTS)
    },
    9: Quantity(power="apparent_power_import", energy="apparent_energy_import", enabled=_on("power")),
    10: Quantity(power="apparent_power_export", energy="apparent_energy_export", enabled=_on("power")),
    11: Quantity(power="current", group=Group.ELECTRICAL, enabled=_on("power", "phase")),
    12: Quantity(power="voltage", group=Group.ELECTRICAL, enabled=_on("power", "phase")),
    13: Quantity(
        power="power_factor",
        group=Group.ELECTRICAL,
        enabled=_on("power"),
        device_class=SensorDeviceClass.POWER_FACTOR,
    ),
    14: Quantity(power="frequency", group=Group.ELECTRICAL, enabled=_on("power")),
    15: Quantity(power="power_sum", energy="energy_sum"),
    16: Quantity(power="power_net", energy="energy_net", counts_up=False, enabled=_on("energy", "power")),
    **{
        17 + index: Quantity(power="power_quadrant", energy="energy_quadrant", quadrant=name, group=Group.MINOR)
        for index, name in enumerate(_QUADRANTS)
    },
    84: Quantity(power="power_factor_export", group=Group.ELECTRICAL, device_class=SensorDeviceClass.POWER_FACTOR),
    90: Quantity(power="current_sum", group=Group.ELECTRICAL, phased=False),
    91: Quantity(power="current_neutral", group=Group.ELECTRICAL, enabled=_on("power"), phased=False),
    92: Quantity(power="voltage_neutral", group=Group.ELECTRICAL, enabled=_on("power"), phased=False),
    100: Quantity(power="reactive_power_inductive", energy="reactive_energy_inductive", group=Group.MINOR),
    104: Quantity(power="reactive_power_capacitive", energy="reactive_energy_capacitive", group=Group.MINOR),
}

_PHASES: Final = (None, "L1", "L2", "L3")

PHASED: Final[dict[int, tuple[int, str | None]]] = {
    **{base + 20 * step: (base, phase) for base in range(1, 21) for step, phase in enumerate(_PHASES)},
    **{base + step: (base, phase) for base in (84, 100, 104) for step, phase in enumerate(_PHASES)},
    **{single: (single, None) for single in (90, 91, 92)},
    124: (12, "L1-L2"),
    125: (12, "L2-L3"),
    126: (12, "L3-L1"),
}
"""C -> quantity, phase."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Processing:
    """What D does to a quantity."""

    suffix: str = ""
    time_integral: bool = False
    state: StateRule = StateRule.MEASUREMENT
    usual: bool = True
    """Whether this D is named without the code."""
    diagnostic: bool = False


_TOTAL: Final = StateRule.TOTAL
_COUNTER: Final = StateRule.TOTAL_INCREASING
_NONE: Final = StateRule.NONE

INSTANTANEOUS: Final = 7
COUNTER_SINCE_START: Final = 8

PROCESSINGS: Final[dict[int, Processing]] = {
    0: Processing(suffix="_average", usual=False),
    1: Processing(suffix="_cumulative_minimum", state=_TOTAL),
    2: Processing(suffix="_cumulative_maximum", state=_TOTAL),
    3: Processing(suffix="_minimum"),
    4: Processing(suffix="_average"),
    5: Processing(suffix="_last_average"),
    6: Processing(suffix="_maximum"),
    7: Processing(),
    8: Processing(time_integral=True, state=_COUNTER),
    9: Processing(suffix="_billing", time_integral=True, state=_COUNTER),
    10: Processing(time_integral=True, state=_TOTAL, usual=False),
    11: Processing(suffix="_cumulative_minimum", state=_TOTAL, usual=False),
    12: Processing(suffix="_cumulative_maximum", state=_TOTAL, usual=False),
    13: Processing(suffix="_minimum", usual=False),
    14: Processing(suffix="_average", usual=False),
    15: Processing(suffix="_last_average", usual=False),
    16: Processing(suffix="_maximum", usual=False),
    **{d: Processing(time_integral=True, state=_COUNTER, usual=False) for d in (17, 18, 19, 20)},
    21: Processing(suffix="_cumulative_minimum", state=_TOTAL, usual=False),
    22: Processing(suffix="_cumulative_maximum", state=_TOTAL, usual=False),
    23: Processing(suffix="_minimum", usual=False),
    24: Processing(suffix="_average", usual=False),
    25: Processing(suffix="_last_average", usual=False),
    26: Processing(suffix="_maximum", usual=False),
    27: Processing(suffix="_average", usual=False),
    28: Processing(suffix="_average", usual=False),
    29: Processing(suffix="_interval", time_integral=True, state=_TOTAL, usual=False),
    30: Processing(suffix="_interval", time_integral=True, state=_TOTAL, usual=False),
    49: Processing(suffix="_average", usual=False),
    50: Processing(suffix="_average", usual=False),
    51: Processing(suffix="_minimum", usual=False),
    52: Processing(suffix="_minimum", usual=False),
    53: Processing(suffix="_maximum", usual=False),
    54: Processing(suffix="_maximum", usual=False),
    55: Processing(suffix="_average", state=StateRule.MEASUREMENT_IF_CLASSED, usual=False, diagnostic=True),
    56: Processing(suffix="_average", state=StateRule.MEASUREMENT_IF_CLASSED, usual=False, diagnostic=True),
    58: Processing(time_integral=True, state=_TOTAL, usual=False),
}

# Voltage and current are averaged in period 3 (a recording interval) far more often than in period 1.
_USUAL_OF_ELECTRICAL: Final = frozenset({24, 25, 26, 23, INSTANTANEOUS, 2, 1})

LIMITS: Final[dict[int, tuple[str, StateRule]]] = {
    31: ("under_limit_threshold", _NONE),
    32: ("under_limit_count", _COUNTER),
    33: ("under_limit_duration", _COUNTER),
    34: ("under_limit_magnitude", _NONE),
    35: ("over_limit_threshold", _NONE),
    36: ("over_limit_count", _COUNTER),
    37: ("over_limit_duration", _COUNTER),
    38: ("over_limit_magnitude", _NONE),
    39: ("missing_threshold", _NONE),
    40: ("missing_count", _COUNTER),
    41: ("missing_duration", _COUNTER),
    42: ("missing_magnitude", _NONE),
    43: ("under_limit_time_threshold", _NONE),
    44: ("over_limit_time_threshold", _NONE),
    45: ("missing_time_threshold", _NONE),
    46: ("contracted_value", _NONE),
}
"""D -> stem, state; only voltage has stems of its own."""

_VOLTAGE_LIMITS: Final = {"under_limit": "voltage_sag", "over_limit": "voltage_swell", "missing": "voltage_outage"}

_SPECTRUM: Final[dict[int, str]] = {
    **dict.fromkeys(range(1, 121), "_harmonic"),
    124: "_distortion",
    125: "_demand_distortion",
    126: "_harmonics",
    127: "_harmonics_ratio",
}
"""E of voltages and currents, with every D -> stem."""

_ANGLE: Final = 81
_ANGLE_ENDS: Final = {0: "U L1", 1: "U L2", 2: "U L3", 4: "I L1", 5: "I L2", 6: "I L3", 7: "I N"}

_OTHER_QUANTITIES: Final = {82: "pulses", 83: "losses", 88: "ampere_squared_hours", 89: "volt_squared_hours"}

_GENERAL: Final[dict[tuple[int, range], tuple[str, bool]]] = {
    (1, range(1)): ("billing_counter", False),
    (1, range(1, 2)): ("billing_periods_available", False),
    (1, range(2, 20)): ("billing_time", True),
    (3, range(10)): ("pulse_constant", False),
    (4, range(7)): ("transformer_ratio", False),
    (6, range(4)): ("nominal_value", False),
    (7, range(64)): ("pulse_constant", False),
    (8, range(9)): ("measurement_period", False),
}
"""D, E for C = 0 -> stem, whether a point in time."""

_CALENDAR: Final = {(9, 1): "local_time", (9, 2): "local_date"}


def find(logical_name: LogicalName) -> CatalogueEntry | None:
    """Describe an electricity code; None if it has no name here."""
    c, d = logical_name.c, logical_name.d
    if c == 0:
        return _general(logical_name)
    if c == 96 and d == 5:
        return coded("operating_status", logical_name, kind="bits")
    if c == _ANGLE:
        return _angle(logical_name)
    if c in _OTHER_QUANTITIES:
        return coded(_OTHER_QUANTITIES[c], logical_name, StateRule.MEASUREMENT_IF_CLASSED)
    place = PHASED.get(c)
    if place is None:
        return None
    base, phase = place
    quantity = QUANTITIES[base]
    if d in LIMITS:
        return _limit(logical_name, base, phase)
    processing = PROCESSINGS.get(d)
    if processing is None:
        return None
    if processing.time_integral:
        return _energy(logical_name, quantity, processing, phase)
    return _power(logical_name, quantity, processing, phase)


def _energy(
    logical_name: LogicalName, quantity: Quantity, processing: Processing, phase: str | None
) -> CatalogueEntry | None:
    """Describe a time integral; E is the tariff."""
    if quantity.energy is None:
        return None
    state = processing.state
    if state is _COUNTER and not quantity.counts_up:
        state = _TOTAL if logical_name.d in {8, 9} else StateRule.MEASUREMENT_IF_CLASSED
    variants: Variants = ALONE
    if processing.suffix == "":
        variants = BY_TARIFF if quantity.group is Group.MINOR else BY_TARIFF_AND_PHASE | WITH_HISTORY
    elif processing.suffix == "_billing":
        variants = ALONE | {"_tariff"}
    tariff = logical_name.e
    key, placeholders = qualified(
        quantity.energy + processing.suffix,
        variants,
        logical_name,
        Qualifiers(phase=phase, tariff=tariff, unnamed=not processing.usual),
    )
    wanted = "tariff" if tariff else "energy"
    return CatalogueEntry(
        key=key,
        placeholders=_with_quadrant(placeholders, quantity),
        state=state,
        enabled=logical_name.d == COUNTER_SINCE_START
        and phase is None
        and wanted in quantity.enabled
        and "code" not in placeholders,
    )


def _power(
    logical_name: LogicalName, quantity: Quantity, processing: Processing, phase: str | None
) -> CatalogueEntry | None:
    """Describe another value; E is a harmonic of voltages and currents, else a tariff of extremes."""
    d, e = logical_name.d, logical_name.e
    spectrum = _SPECTRUM.get(e, "") if quantity.power in {"voltage", "current"} else ""
    stem = quantity.power + spectrum + processing.suffix
    usual = d in _USUAL_OF_ELECTRICAL if quantity.group is Group.ELECTRICAL else processing.usual
    variants = _power_variants(quantity, processing.suffix)
    tariff = 0
    if spectrum:
        variants = variants & ALONE_OR_PHASE
    elif e and d in {1, 2, 3, 6, 11, 12, 13, 16, 21, 22, 23, 26}:
        tariff = e
    elif e:
        usual = False
    key, placeholders = qualified(
        stem, variants, logical_name, Qualifiers(phase=phase, tariff=tariff, unnamed=not usual)
    )
    if spectrum == "_harmonic" and "code" not in placeholders:
        placeholders = {**placeholders, "harmonic": str(e)}
    return CatalogueEntry(
        key=key,
        placeholders=_with_quadrant(placeholders, quantity),
        state=processing.state,
        timed=processing.suffix == "_maximum" and not spectrum and "code" not in placeholders,
        device_class=quantity.device_class,
        diagnostic=processing.diagnostic,
        enabled=d == INSTANTANEOUS
        and e == 0
        and ("phase" if phase else "power") in quantity.enabled
        and "code" not in placeholders,
    )


def _power_variants(quantity: Quantity, suffix: str) -> Variants:
    """Return the named variants."""
    if quantity.group is Group.MINOR:
        return ONLY_CODE if suffix else BY_CHANNEL
    if not suffix:
        return BY_PHASE if quantity.phased else BY_CHANNEL
    if suffix.startswith("_cumulative"):
        return ALONE if quantity.group is Group.MAIN and suffix == "_cumulative_maximum" else ONLY_CODE
    if suffix == "_maximum" and quantity.group is Group.MAIN:
        return ALONE_OR_PHASE | HISTORY | {"_tariff"}
    return ALONE_OR_PHASE if quantity.phased else ALONE


def _with_quadrant(placeholders: Mapping[str, str], quantity: Quantity) -> Mapping[str, str]:
    """Add the quadrant, which all variants' names mention."""
    return {**placeholders, "quadrant": quantity.quadrant} if quantity.quadrant else placeholders


def _limit(logical_name: LogicalName, base: int, phase: str | None) -> CatalogueEntry:
    stem, state = LIMITS[logical_name.d]
    is_voltage = base == 12 and logical_name.d != 46
    if is_voltage:
        head = next(name for name in _VOLTAGE_LIMITS if stem.startswith(name))
        stem = _VOLTAGE_LIMITS[head] + stem.removeprefix(head)
    key, placeholders = qualified(
        stem,
        ALONE_OR_PHASE if is_voltage else ONLY_CODE,
        logical_name,
        Qualifiers(phase=phase, unnamed=logical_name.e != 0),
    )
    return CatalogueEntry(key=key, placeholders=placeholders, state=state, diagnostic=True)


def _angle(logical_name: LogicalName) -> CatalogueEntry:
    """Describe a phase angle: E is ten times the reference plus the measured one."""
    reference, measured = divmod(logical_name.e, 10)
    ends = (_ANGLE_ENDS.get(measured), _ANGLE_ENDS.get(reference))
    if logical_name.d == INSTANTANEOUS and None not in ends and logical_name.b == 0 and logical_name.f == 255:
        placeholders = {"measured": str(ends[0]), "reference": str(ends[1])}
        return CatalogueEntry(key="angle", placeholders=placeholders, state=StateRule.MEASUREMENT)
    return coded("angle", logical_name, StateRule.MEASUREMENT)


def _general(logical_name: LogicalName) -> CatalogueEntry | None:
    """Describe settings of the meter (C = 0)."""
    if (stem := _CALENDAR.get((logical_name.d, logical_name.e))) is not None:
        key, placeholders = qualified(stem, ALONE, logical_name)
        return CatalogueEntry(key=key, placeholders=placeholders, diagnostic=True, kind="calendar")
    for (d, instances), (stem, is_time) in _GENERAL.items():
        if logical_name.d == d and logical_name.e in instances:
            return coded(stem, logical_name, kind="timestamp" if is_time else "number")
    return None
