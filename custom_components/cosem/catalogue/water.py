"""Water (value group A = 8 cold, 9 hot; IEC 62056-6-1)."""

from typing import Final

from ..dlms import LogicalName
from .model import BY_CHANNEL, BY_TARIFF, CatalogueEntry, Qualifiers, StateRule, coded, qualified

PREFIXES: Final[dict[int, str]] = {8: "water", 9: "hot_water"}

QUANTITIES: Final[dict[int, tuple[str, StateRule]]] = {
    1: ("volume", StateRule.TOTAL_INCREASING),
    2: ("flow_rate", StateRule.MEASUREMENT),
    3: ("temperature", StateRule.MEASUREMENT),
}

_MAX_RATE: Final = 9


def find(logical_name: LogicalName) -> CatalogueEntry | None:
    """Describe a water code; None if unnamed."""
    if logical_name.c not in QUANTITIES:
        return None
    quantity, state = QUANTITIES[logical_name.c]
    stem = f"{PREFIXES[logical_name.a]}_{quantity}"
    if logical_name.d != 0 or logical_name.e > _MAX_RATE:
        return coded(stem, logical_name, StateRule.MEASUREMENT_IF_CLASSED)
    variants = BY_TARIFF if quantity == "volume" else BY_CHANNEL
    key, placeholders = qualified(stem, variants, logical_name, Qualifiers(tariff=logical_name.e))
    return CatalogueEntry(key=key, placeholders=placeholders, state=state, enabled=logical_name.e == 0)
