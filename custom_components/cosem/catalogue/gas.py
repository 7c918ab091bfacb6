"""Gas (value group A = 7; IEC 62056-6-1)."""

from typing import Final

from ..dlms import LogicalName
from .model import (
    ALONE,
    BY_CHANNEL,
    BY_TARIFF,
    ONLY_CODE,
    CatalogueEntry,
    Qualifiers,
    StateRule,
    Variants,
    coded,
    qualified,
)

INDEXES: Final[dict[int, str]] = {
    **dict.fromkeys((1, 2, 3), "gas_volume"),
    **dict.fromkeys((4, 5, 6), "gas_volume_reverse"),
    7: "gas_volume_encoder",
    8: "gas_volume_encoder",
    **dict.fromkeys((11, 12, 13), "gas_volume_converter"),
    **dict.fromkeys((14, 15, 16), "gas_volume_converter_reverse"),
    **dict.fromkeys((21, 22, 23), "gas_volume_logger"),
    **dict.fromkeys((24, 25, 26), "gas_volume_logger_reverse"),
    **dict.fromkeys((31, 32, 33), "gas_energy"),
    **dict.fromkeys((34, 35, 36), "gas_energy_reverse"),
    **dict.fromkeys((61, 62, 63), "gas_mass"),
    **dict.fromkeys((64, 65, 66), "gas_mass_reverse"),
}

_NAMED: Final[dict[int, str]] = {3: "", 1: "_undisturbed", 13: "", 11: "_undisturbed", 33: "", 31: "_undisturbed"}
"""C of indexes with a word; others are named by code."""

_USUAL: Final = frozenset({3, 13, 33})

_CONDITIONS: Final[dict[int, str]] = {0: "", 1: "_corrected", 2: "_base", 3: "_redundant"}
"""D: the condition of the volume."""

PROCESS_VALUES: Final[dict[int, tuple[str, bool]]] = {
    41: ("gas_temperature", False),
    42: ("gas_absolute_pressure", False),
    43: ("gas_flow_rate", True),
    44: ("gas_sound_velocity", False),
    45: ("gas_density", False),
    46: ("gas_relative_density", False),
    47: ("gas_gauge_pressure", False),
    48: ("gas_differential_pressure", False),
    49: ("gas_air_density", False),
    51: ("gas_correction_factor", False),
    52: ("gas_conversion_factor", False),
    53: ("gas_compressibility", False),
    54: ("gas_calorific_value", False),
    55: ("gas_law_deviation", False),
}
"""C -> stem, on by default."""

_STORED_INDEX_IN_USE: Final = (13, 83, 1)
"""C, D, E of one country's live converted volume."""


def find(logical_name: LogicalName) -> CatalogueEntry | None:
    """Describe a gas code; None if it has no name here."""
    c, d, e = logical_name.c, logical_name.d, logical_name.e
    if (c, d, e) == _STORED_INDEX_IN_USE:
        key, placeholders = qualified("gas_volume_converter_base", ONLY_CODE, logical_name)
        return CatalogueEntry(key=key, placeholders=placeholders, state=StateRule.TOTAL_INCREASING, enabled=True)
    if c in INDEXES:
        return _index(logical_name)
    if c in PROCESS_VALUES:
        stem, enabled = PROCESS_VALUES[c]
        key, placeholders = qualified(
            stem, BY_CHANNEL if enabled else ALONE, logical_name, Qualifiers(unnamed=bool(d or e))
        )
        return CatalogueEntry(
            key=key, placeholders=placeholders, state=StateRule.MEASUREMENT, enabled=enabled and d <= 2 and e == 0
        )
    if c == 70:
        return coded("gas_analysis", logical_name)
    return None


def _index(logical_name: LogicalName) -> CatalogueEntry:
    """Describe a counter, stored index or difference (D)."""
    c, d, e = logical_name.c, logical_name.d, logical_name.e
    stem = INDEXES[c]
    if d not in _CONDITIONS:
        return coded(stem, logical_name, StateRule.MEASUREMENT_IF_CLASSED)
    named = c in _NAMED and (d != 3 or c == 3)
    if named:
        stem += _NAMED[c]
        stem += "" if stem.startswith("gas_energy") else _CONDITIONS[d]
    unnamed = not named or (stem.startswith("gas_energy") and d != 0)
    key, placeholders = qualified(
        stem, _variants(c) if named else ONLY_CODE, logical_name, Qualifiers(tariff=e, unnamed=unnamed)
    )
    return CatalogueEntry(
        key=key,
        placeholders=placeholders,
        state=StateRule.TOTAL_INCREASING,
        enabled=named and c in _USUAL and d != 3 and e == 0,
    )


def _variants(c: int) -> Variants:
    """Return the named variants."""
    return BY_TARIFF if c in _USUAL else ALONE
