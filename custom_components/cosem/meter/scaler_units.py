"""The units of a meter's attributes, and when each is read again. Pure: the caller asks and says what time it is.

A meter may change them without a word: a value moves to another scaler, a sub-meter is connected later and has its real
unit only then. So every unit is read with the first poll after a start, then in turn; at once where it was only a
placeholder, or where a number moved by a power of ten.
"""

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
import math
from typing import Final

from ..dlms import UNSCALED, AttributeDescriptor, ScalerUnit

CHECKED_WITHIN: Final = 3600.0
"""Seconds in which each unit in use is read at least once."""

_NEARLY: Final = Decimal("0.2")
"""How far from a power of ten a number may have moved to look as if its scaler had changed."""


class ScalerUnits:
    """Scaler and unit, by the descriptor of the attribute scaler_unit itself."""

    def __init__(self, remembered: Mapping[AttributeDescriptor, ScalerUnit] | None = None) -> None:
        """Begin with what was known before the start, none of it read again so far."""
        self.known = dict(remembered or {})
        self._read_at: dict[AttributeDescriptor, float] = {}
        self._numbers: dict[AttributeDescriptor, Decimal] = {}

    def due(self, units: Collection[AttributeDescriptor], now: float, interval: float) -> list[AttributeDescriptor]:
        """Return which of these units to read now, where the next chance comes after `interval` seconds."""
        urgent = {unit for unit in units if unit not in self._read_at or self.known.get(unit) in {None, UNSCALED}}
        rest = sorted(set(units) - urgent, key=lambda unit: (self._read_at[unit], unit))
        in_turn = math.ceil(len(units) * interval / CHECKED_WITHIN)
        late = now - CHECKED_WITHIN + interval
        chosen = {unit for place, unit in enumerate(rest) if place < in_turn or self._read_at[unit] <= late}
        return sorted(urgent | chosen)

    def note(self, unit: AttributeDescriptor, scaler_unit: ScalerUnit, now: float) -> bool:
        """Keep what was read; return whether it is another one than before."""
        before = self.known.get(unit)
        self.known[unit] = scaler_unit
        self._read_at[unit] = now
        return before is not None and before != scaler_unit

    def doubt(self, units: Iterable[AttributeDescriptor]) -> None:
        """Note that what is known of these may be wrong: they are due, and not certain before they were read again."""
        for unit in units:
            self._read_at.pop(unit, None)

    def is_certain(self, unit: AttributeDescriptor) -> bool:
        """Whether a unit was read since the start, and is not doubted."""
        return unit in self._read_at

    def moved(self, numbers: Iterable[tuple[AttributeDescriptor, Decimal]]) -> set[AttributeDescriptor]:
        """Note numbers as the meter sent them; return the attributes whose number moved by a power of ten."""
        moved = set()
        for attribute, number in numbers:
            before = self._numbers.get(attribute)
            self._numbers[attribute] = number
            if before and number and is_power_of_ten(number / before):
                moved.add(attribute)
        return moved


def is_power_of_ten(ratio: Decimal) -> bool:
    """Whether a ratio is nearly 10, 100 and so on, or their inverse."""
    exponent = round(abs(ratio).log10()) if ratio > 0 else 0
    return exponent != 0 and abs(ratio.scaleb(-exponent) - 1) <= _NEARLY
