"""Demand register (class 5, IEC 62056-6-2): averages over a sliding or fixed period."""

from dataclasses import dataclass
from enum import IntEnum

from ..encoding.data import Data
from ..errors import DecodeError
from .interface_class import AttributeIndex
from .register import integer_of


class DemandRegisterAttribute(AttributeIndex):
    """Attribute indices."""

    CURRENT_AVERAGE_VALUE = 2
    LAST_AVERAGE_VALUE = 3
    SCALER_UNIT = 4
    STATUS = 5
    CAPTURE_TIME = 6
    START_TIME_CURRENT = 7
    PERIOD = 8
    NUMBER_OF_PERIODS = 9


class DemandRegisterMethod(IntEnum):
    """Method indices."""

    RESET = 1
    NEXT_PERIOD = 2


@dataclass(frozen=True, slots=True)
class DemandInterval:
    """``number_of_periods`` periods of ``period`` seconds."""

    period: int
    number_of_periods: int

    @property
    def seconds(self) -> int:
        """Seconds of one average."""
        return self.period * self.number_of_periods

    @property
    def is_sliding(self) -> bool:
        """True for sliding demand, False for block demand."""
        return self.number_of_periods > 1


def decode_demand_interval(period: Data, number_of_periods: Data) -> DemandInterval:
    """Decode attributes 8 and 9. Raises DecodeError."""
    seconds = integer_of(period)
    count = integer_of(number_of_periods)
    if seconds is None or count is None or seconds < 0 or count < 0:
        raise DecodeError("period and number_of_periods of a Demand register are no counts")
    return DemandInterval(seconds, count)
