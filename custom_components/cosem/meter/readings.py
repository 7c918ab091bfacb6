"""What was read of a meter: values, each with its unit."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from ..dlms import AttributeDescriptor, Data, ScalerUnit, scale
from .plausibility import Withheld


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The value of one attribute and its unit."""

    value: Data | None = None
    """None: the meter has no value just now, or was not asked."""
    scaler_unit: ScalerUnit | None = None
    unit_missing: bool = False
    """It has a unit that was not read since the start, or is in doubt: its number would be a guess."""

    @property
    def number(self) -> Decimal | None:
        """The exact number in its unit; None without a value, for what is no number, and while the unit is missing."""
        return None if self.value is None or self.unit_missing else scale(self.value, self.scaler_unit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """What was read at one time."""

    values: Mapping[AttributeDescriptor, Reading] = field(default_factory=dict)
    """An attribute is absent when the meter refused it before, or nobody asked for it."""
    clock_read_at: datetime | None = None
    """Home Assistant's time at the moment that the clock objects were read."""
    withheld: Mapping[AttributeDescriptor, Withheld] = field(default_factory=dict)
    """Numbers that are not believed yet: their values are None."""
