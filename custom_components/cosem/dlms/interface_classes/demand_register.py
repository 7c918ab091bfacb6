"""Attributes of Demand register (class 5, IEC 62056-6-2): averages over a sliding or a fixed period.

Values and scaler_unit are read as in register.py, times as in clock.py.
"""

from dataclasses import dataclass
from typing import Final

from ..encoding.data import Data
from ..errors import DecodeError
from .register import integer_of

CURRENT_AVERAGE_VALUE: Final = 2
LAST_AVERAGE_VALUE: Final = 3
SCALER_UNIT: Final = 4
STATUS: Final = 5
CAPTURE_TIME: Final = 6
START_TIME_CURRENT: Final = 7
PERIOD: Final = 8
NUMBER_OF_PERIODS: Final = 9


@dataclass(frozen=True, slots=True)
class DemandInterval:
    """How the average is formed: ``number_of_periods`` periods of ``period`` seconds."""

    period: int
    number_of_periods: int

    @property
    def seconds(self) -> int:
        """The time over which the average is taken."""
        return self.period * self.number_of_periods

    @property
    def is_sliding(self) -> bool:
        """True for sliding demand, False for block demand (one period)."""
        return self.number_of_periods > 1


def decode_demand_interval(period: Data, number_of_periods: Data) -> DemandInterval:
    """Read attributes 8 and 9. Raises DecodeError when they are no numbers, or negative."""
    seconds = integer_of(period)
    count = integer_of(number_of_periods)
    if seconds is None or count is None or seconds < 0 or count < 0:
        raise DecodeError("period and number_of_periods of a Demand register are no counts")
    return DemandInterval(seconds, count)
