"""What the catalogue says of an object: before its unit is known (CatalogueEntry), and after (descriptions)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Final, Literal

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import EntityCategory, Platform

from ..dlms import LogicalName

type Kind = Literal["number", "text", "timestamp", "calendar", "bits", "alarms", "clock_drift", "authenticity"]

CURRENT_VALUE: Final = 255
"""Value group F of a current value."""

WITHOUT_NAME: Final = "obis"
"""Translation key of unnamed codes."""

NO_PLACEHOLDERS: Final[Mapping[str, str]] = MappingProxyType({})


class StateRule(Enum):
    """The state class before Home Assistant's constraints."""

    NONE = "none"
    MEASUREMENT = "measurement"
    TOTAL = "total"
    TOTAL_INCREASING = "total_increasing"
    MEASUREMENT_IF_CLASSED = "measurement_if_classed"
    """Measurement if the unit's device class allows it."""
    COUNTER_BY_UNIT = "counter_by_unit"
    """Total increasing for volumes and energies, else measurement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueEntry:
    """What the logical name alone says."""

    key: str
    placeholders: Mapping[str, str] = NO_PLACEHOLDERS
    state: StateRule = StateRule.NONE
    device_class: SensorDeviceClass | None = None
    """Only where the logical name decides."""
    diagnostic: bool = False
    enabled: bool = False
    kind: Kind = "number"
    timed: bool = False
    """Whether its capture time has a name of its own: the key and "_time"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectDescription:
    """The look of an entity on any platform."""

    platform: Platform
    translation_key: str
    placeholders: Mapping[str, str] = field(default_factory=lambda: NO_PLACEHOLDERS)
    entity_category: EntityCategory | None = None
    enabled_default: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorDescription(ObjectDescription):
    """The look of a sensor, as Home Assistant accepts it."""

    platform: Platform = Platform.SENSOR
    device_class: SensorDeviceClass | None = None
    state_class: SensorStateClass | None = None
    native_unit: str | None = None
    exponent: int = 0
    """Powers of ten from the meter's unit to the native one."""
    suggested_unit: str | None = None
    suggested_display_precision: int | None = None
    options: tuple[str, ...] = ()
    """All states of an "enum" sensor."""
    kind: Kind = "number"
    bit_names: Mapping[int, str] = field(default_factory=dict)
    """Of "alarms"."""


# Qualifiers in the order of their place in a key; the set of variants of a stem lists what has a name of its own.
type Variants = frozenset[str]

ALONE: Final[Variants] = frozenset({""})
ALONE_OR_PHASE: Final = ALONE | {"_phase"}
BY_CHANNEL: Final = ALONE | {"_channel"}
BY_PHASE: Final = BY_CHANNEL | {"_phase", "_channel_phase"}
BY_TARIFF: Final = BY_CHANNEL | {"_tariff", "_channel_tariff"}
BY_TARIFF_AND_PHASE: Final = BY_PHASE | BY_TARIFF
_PERIODS: Final = ("_period", "_last_period", "_periods_ago")
HISTORY: Final[Variants] = frozenset(_PERIODS)
WITH_HISTORY: Final[Variants] = HISTORY | {f"_tariff{period}" for period in _PERIODS}
ONLY_CODE: Final[Variants] = frozenset()

MAX_CHANNEL: Final = 64
MAX_TARIFF: Final = 63

# Value group F: 0 to 99 counts billing periods, 101 is the last one that ended, 102 the one before.
_MAX_COUNTED_PERIOD: Final = 99
_BEFORE_LAST_PERIOD: Final = 100
_MAX_PERIODS_AGO: Final = 25


@dataclass(frozen=True, slots=True)
class Qualifiers:
    """What tells objects of a quantity apart."""

    phase: str | None = None
    tariff: int = 0
    unnamed: bool = False
    """Something without a word tells it apart: the code joins the name."""


def qualified(
    stem: str, variants: Variants, logical_name: LogicalName, qualifiers: Qualifiers | None = None
) -> tuple[str, Mapping[str, str]]:
    """Return translation key and placeholders: in words if `variants` allows, else by code."""
    chosen = qualifiers or Qualifiers()
    words: dict[str, str] = {}
    unnamed = chosen.unnamed
    if logical_name.b:
        words["channel"] = str(logical_name.b)
        unnamed = unnamed or logical_name.b > MAX_CHANNEL
    if chosen.phase:
        words["phase"] = chosen.phase
    if chosen.tariff:
        words["tariff"] = str(chosen.tariff)
        unnamed = unnamed or chosen.tariff > MAX_TARIFF
    suffix = "".join(f"_{word}" for word in words)
    if logical_name.f != CURRENT_VALUE:
        period, number = _period(logical_name.f)
        suffix += period
        words |= number
    if unnamed or suffix not in variants:
        return f"{stem}_code", {"code": logical_name.obis}
    return stem + suffix, words


def coded(
    stem: str,
    logical_name: LogicalName,
    state: StateRule = StateRule.NONE,
    *,
    kind: Kind = "number",
    device_class: SensorDeviceClass | None = None,
) -> CatalogueEntry:
    """Describe a rarely used object: diagnostic, off, named by code."""
    return CatalogueEntry(
        key=f"{stem}_code",
        placeholders={"code": logical_name.obis},
        state=state,
        device_class=device_class,
        diagnostic=True,
        kind=kind,
    )


def _period(f: int) -> tuple[str, Mapping[str, str]]:
    """Return suffix and placeholders of a billing period, by its number or by how long ago it ended."""
    if f <= _MAX_COUNTED_PERIOD:
        return "_period", {"period": str(f)}
    ago = f - _BEFORE_LAST_PERIOD
    if ago == 1:
        return "_last_period", {}
    return ("_periods_ago", {"periods": str(ago)}) if 2 <= ago <= _MAX_PERIODS_AGO else ("_unknown_period", {})
