"""Clock (class 8, IEC 62056-6-2), and all attributes that hold a point in time.

They are octet-strings, date-times, or (newer capture times) seconds since 1970.
"""

from datetime import UTC, datetime, tzinfo
from enum import IntEnum, StrEnum
from typing import Final

from ..apdu.common import AttributeDescriptor
from ..encoding.cosem_time import (
    ClockStatus,
    CosemDateTime,
    TimePolicy,
    decode_date,
    decode_date_time,
    decode_time,
    to_datetime,
)
from ..encoding.data import Data, DataType
from ..encoding.logical_name import LogicalName, Medium
from ..errors import DecodeError
from .demand_register import DemandRegisterAttribute
from .extended_register import ExtendedRegisterAttribute
from .interface_class import AttributeIndex, InterfaceClass
from .register import integer_of

CLOCK: Final = LogicalName.parse("0.0.1.0.0.255")

_TYPES_OF_TIMES: Final = frozenset({DataType.OCTET_STRING, DataType.DATE, DataType.TIME, DataType.DATE_TIME})
_LAST_SECOND: Final = 253_402_300_799  # 9999-12-31T23:59:59 UTC, where Python's calendar ends


class ClockAttribute(AttributeIndex):
    """Attribute indices."""

    TIME = 2
    TIME_ZONE = 3
    STATUS = 4
    DAYLIGHT_SAVINGS_BEGIN = 5
    DAYLIGHT_SAVINGS_END = 6
    DAYLIGHT_SAVINGS_DEVIATION = 7
    DAYLIGHT_SAVINGS_ENABLED = 8
    CLOCK_BASE = 9


class ClockMethod(IntEnum):
    """Method indices."""

    ADJUST_TO_QUARTER = 1
    ADJUST_TO_MEASURING_PERIOD = 2
    ADJUST_TO_MINUTE = 3
    ADJUST_TO_PRESET_TIME = 4
    PRESET_ADJUSTING_TIME = 5
    SHIFT_TIME = 6


_CLOCKS: Final = (1, 0)
"""Value groups C and D."""

CLOCK_TIME: Final = AttributeDescriptor(InterfaceClass.CLOCK, CLOCK, ClockAttribute.TIME)
"""The meter's time."""


def is_clock_name(name: LogicalName) -> bool:
    """Whether this is what a clock is called, whatever its channel or number."""
    return name.a == Medium.ABSTRACT and (name.c, name.d) == _CLOCKS


TIME_ATTRIBUTES: Final[frozenset[tuple[int, int]]] = frozenset(
    {
        (InterfaceClass.CLOCK, ClockAttribute.TIME),
        (InterfaceClass.EXTENDED_REGISTER, ExtendedRegisterAttribute.CAPTURE_TIME),
        (InterfaceClass.DEMAND_REGISTER, DemandRegisterAttribute.CAPTURE_TIME),
        (InterfaceClass.DEMAND_REGISTER, DemandRegisterAttribute.START_TIME_CURRENT),
    }
)
"""Class id and attribute of points in time."""


class ClockBase(IntEnum):
    """What drives the clock."""

    NOT_DEFINED = 0
    CRYSTAL = 1
    MAINS_50_HZ = 2
    MAINS_60_HZ = 3
    GPS = 4
    RADIO = 5


class ClockQuality(StrEnum):
    """What a clock says about itself with a time, the worst first."""

    INVALID = "invalid"
    DOUBTFUL = "doubtful"
    VALID = "valid"


def decode_clock_time(data: Data) -> CosemDateTime:
    """Decode an octet-string or date-time of 12 octets. Raises DecodeError."""
    octets = data.value
    if data.type not in {DataType.OCTET_STRING, DataType.DATE_TIME} or not isinstance(octets, bytes):
        raise DecodeError("a date-time has 12 octets")
    return decode_date_time(octets)


def instant(data: Data, policy: TimePolicy = TimePolicy.STANDARD, zone: tzinfo | None = None) -> datetime | None:
    """The aware point in time; None if nothing was captured yet, and for other values.

    Numbers are seconds since 1970-01-01 UTC (class 1 at 0.b.1.1.e.255, newer capture times).
    """
    seconds = integer_of(data)
    if seconds is not None:
        return datetime.fromtimestamp(seconds, UTC) if 0 < seconds <= _LAST_SECOND else None
    try:
        value = decode_clock_time(data)
    except DecodeError:
        return None
    return to_datetime(value, policy, zone)


def is_unspecified(data: Data | None) -> bool:
    """True for a date-time that names no point in time: a capture time before anything was captured."""
    if data is None or data.type not in _TYPES_OF_TIMES:
        return False
    # A deviation that makes no sense does not mean that nothing was captured.
    return instant(data, TimePolicy.LOCAL_TIME, UTC) is None


def clock_quality(data: Data) -> ClockQuality | None:
    """How good the clock was at a time; None where no status comes with it, or one that is not valid itself."""
    try:
        status = decode_clock_time(data).clock_status
    except DecodeError:
        return None
    if status is None or status & ClockStatus.INVALID_CLOCK_STATUS:
        return None
    if status & ClockStatus.INVALID:
        return ClockQuality.INVALID
    return ClockQuality.DOUBTFUL if status & ClockStatus.DOUBTFUL else ClockQuality.VALID


def date_or_time_text(data: Data, policy: TimePolicy = TimePolicy.STANDARD) -> str | None:
    """A date (5 octets), time (4) or date-time (12) as text: 2026-11-28, 14:03:05; None for other values.

    Dates and times have types of their own, or come as octet-strings.
    """
    octets = data.value
    if not isinstance(octets, bytes):
        return None
    try:
        match len(octets):
            case 5:
                return decode_date(octets).text
            case 4:
                return decode_time(octets).text
            case _:
                return decode_clock_time(data).isoformat(policy)
    except DecodeError:
        return None
