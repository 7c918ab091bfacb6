"""Date, time and date-time (IEC 62056-6-2), with fields that may be unspecified.

What a deviation means differs between meters: the caller gives a TimePolicy, and a zone.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from enum import Enum, IntFlag
from functools import cache
import struct
from typing import Final, Self

from ..errors import DecodeError, LocalProtocolError

MONTH_OF_DST_END: Final = 0xFD
MONTH_OF_DST_BEGIN: Final = 0xFE
SECOND_LAST_DAY: Final = 0xFD
LAST_DAY: Final = 0xFE

_MONTHS: Final[dict[int | None, str]] = {MONTH_OF_DST_END: "end of DST", MONTH_OF_DST_BEGIN: "begin of DST"}
_DAYS: Final[dict[int | None, str]] = {SECOND_LAST_DAY: "second last", LAST_DAY: "last"}
_NONE: Final = 0xFF
_YEAR_NONE: Final = 0xFFFF
_DEVIATION_NONE: Final = -0x8000
MAX_DEVIATION: Final = 840  # minutes; the definition says 720, but zones up to UTC+14 exist and are sent
_LAYOUT: Final = struct.Struct(">HBBBBBBBhB")
_NEEDED: Final = struct.Struct(">HBBxBBBBhx")  # without weekday and status
_MICROSECONDS: Final = 10_000  # in a hundredth of a second

# Python's calendar has years 1 to 9999; one less at either end, so that no offset can lead out of it.
_FIRST_YEAR: Final = 2
_LAST_YEAR: Final = 9998
_FIRST: Final = datetime(_FIRST_YEAR, 1, 2, tzinfo=UTC)
_LAST: Final = datetime(_LAST_YEAR, 12, 30, tzinfo=UTC)


class ClockStatus(IntFlag):
    """Clock status octet; reserved bits are kept, FF is None."""

    INVALID = 0x01
    DOUBTFUL = 0x02
    DIFFERENT_CLOCK_BASE = 0x04
    INVALID_CLOCK_STATUS = 0x08
    DAYLIGHT_SAVING_ACTIVE = 0x80


class TimePolicy(Enum):
    """What a meter means by its deviation; without one (8000) times are local, unless said otherwise."""

    STANDARD = "standard"
    """UTC = local time + deviation, as defined."""

    INVERTED = "inverted"
    """UTC = local time - deviation, as in several older meters."""

    UNSPECIFIED_STANDARD_TIME = "unspecified_standard_time"
    """Without a deviation: standard time all year."""

    UNSPECIFIED_LOCAL_TIME = "unspecified_local_time"
    """Without a deviation: with daylight saving."""

    LOCAL_TIME = "local_time"
    """Whatever the deviation says: with daylight saving."""

    LOCAL_STANDARD_TIME = "local_standard_time"
    """Whatever the deviation says: standard time all year."""

    @property
    def ignores_deviation(self) -> bool:
        """Whether times are local even with a deviation."""
        return self in _IGNORING


_NOT_SET: Final = ClockStatus.INVALID | ClockStatus.DOUBTFUL
_FIRST_YEAR_OF_USE: Final = 2013
"""Clocks without a battery begin in 1970, 2000, 2010 ... at each start."""

_STANDARD: Final = TimePolicy.STANDARD
_IGNORING: Final = frozenset({TimePolicy.LOCAL_TIME, TimePolicy.LOCAL_STANDARD_TIME})
_STANDARD_TIME: Final = frozenset({TimePolicy.UNSPECIFIED_STANDARD_TIME, TimePolicy.LOCAL_STANDARD_TIME})


@dataclass(frozen=True, slots=True, kw_only=True)
class CosemDate:
    """Five octets; None is not specified. Months FD, FE and days FD, FE are kept.

    weekday: 1 is Monday; other numbers are kept, too.
    """

    year: int | None = None
    month: int | None = None
    day: int | None = None
    weekday: int | None = None

    def to_date(self) -> date | None:
        """The day, None if it is no particular one."""
        if self.year is None or self.month is None or self.day is None:
            return None
        try:
            return date(self.year, self.month, self.day)
        except ValueError:
            return None

    @property
    def text(self) -> str:
        """2026-11-28; ``*`` is not specified: *-12-24, *-03-last."""
        month = _MONTHS.get(self.month) or _text_of(self.month)
        day = _DAYS.get(self.day) or _text_of(self.day)
        return f"{_text_of(self.year, 4)}-{month}-{day}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CosemTime:
    """Four octets; None is not specified. Hour 24 and second 60 are accepted."""

    hour: int | None = None
    minute: int | None = None
    second: int | None = None
    hundredths: int | None = None

    def to_time(self) -> time | None:
        """The time of day; None without hour or minute, and for 24:00."""
        if self.hour is None or self.minute is None or self.hour > 23:
            return None
        return time(self.hour, self.minute, min(self.second or 0, 59), (self.hundredths or 0) * _MICROSECONDS)

    @property
    def text(self) -> str:
        """14:03:05 or 14:03:05.25; ``*`` is not specified: *:00:*."""
        whole = ":".join(map(_text_of, (self.hour, self.minute, self.second)))
        return f"{whole}.{self.hundredths:02}" if self.hundredths else whole


@dataclass(frozen=True, slots=True, kw_only=True)
class CosemDateTime:
    """Twelve octets; None is not specified. deviation: minutes from local time to UTC."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
    weekday: int | None = None
    hour: int | None = None
    minute: int | None = None
    second: int | None = None
    hundredths: int | None = None
    deviation: int | None = None
    clock_status: ClockStatus | None = None

    @classmethod
    def from_datetime(cls, moment: datetime, policy: TimePolicy = TimePolicy.STANDARD) -> Self:
        """Convert an aware or naive datetime, in the style of ``policy``."""
        offset = moment.utcoffset()
        deviation = None
        if offset is not None and policy in {TimePolicy.STANDARD, TimePolicy.INVERTED}:
            minutes = offset // timedelta(minutes=1)
            deviation = minutes if policy is TimePolicy.INVERTED else -minutes
        summer = ClockStatus.DAYLIGHT_SAVING_ACTIVE if moment.dst() else ClockStatus(0)
        return cls(
            year=moment.year,
            month=moment.month,
            day=moment.day,
            weekday=moment.isoweekday(),
            hour=moment.hour,
            minute=moment.minute,
            second=moment.second,
            hundredths=moment.microsecond // _MICROSECONDS,
            deviation=deviation,
            clock_status=None if offset is None else summer,
        )

    @property
    def local(self) -> datetime | None:
        """A naive datetime, None if the fields name none.

        24:00 is 00:00 of the next day, second 60 is 59, a missing one is 0.
        """
        if self.year is None or self.month is None or self.day is None or self.hour is None or self.minute is None:
            return None
        second = min(self.second or 0, 59)
        try:
            midnight = datetime(self.year, self.month, self.day)  # noqa: DTZ001  # local time of a zone not known yet
            if self.hour == 24:
                return midnight + timedelta(days=1) if not self.minute and not second else None
            return midnight.replace(
                hour=self.hour, minute=self.minute, second=second, microsecond=(self.hundredths or 0) * _MICROSECONDS
            )
        except ValueError, OverflowError:
            return None

    @property
    def text(self) -> str:
        """2026-11-28 14:03:05; ``*`` is not specified."""
        day = CosemDate(year=self.year, month=self.month, day=self.day)
        clock = CosemTime(hour=self.hour, minute=self.minute, second=self.second, hundredths=self.hundredths)
        return f"{day.text} {clock.text}"

    def isoformat(self, policy: TimePolicy = TimePolicy.STANDARD) -> str | None:
        """ISO 8601, with an offset if known; None if it is no point in time."""
        moment = to_datetime(self, policy) or self.local
        return None if moment is None else moment.isoformat()


def decode_date_time(octets: bytes) -> CosemDateTime:
    """Decode 12 octets. Raises DecodeError."""
    if len(octets) != _LAYOUT.size:
        raise DecodeError(f"a date-time has {_LAYOUT.size} octets, not {len(octets)}")
    day = decode_date(octets[:5])
    clock = decode_time(octets[5:9], 5)
    deviation = int.from_bytes(octets[9:11], "big", signed=True)
    return CosemDateTime(
        year=day.year,
        month=day.month,
        day=day.day,
        weekday=day.weekday,
        hour=clock.hour,
        minute=clock.minute,
        second=clock.second,
        hundredths=clock.hundredths,
        deviation=None if deviation == _DEVIATION_NONE else deviation,
        clock_status=None if octets[11] == _NONE else ClockStatus(octets[11]),
    )


def decode_date(octets: bytes) -> CosemDate:
    """Decode 5 octets. Raises DecodeError."""
    if len(octets) != 5:
        raise DecodeError(f"a date has 5 octets, not {len(octets)}")
    year = int.from_bytes(octets[:2], "big")
    month, day, weekday = octets[2:]
    if not (1 <= month <= 12 or month >= MONTH_OF_DST_END):
        raise DecodeError(f"there is no month {month}", 2)
    if not (1 <= day <= 31 or day >= SECOND_LAST_DAY):
        raise DecodeError(f"there is no day {day}", 3)
    return CosemDate(
        year=None if year == _YEAR_NONE else year,
        month=_specified(month),
        day=_specified(day),
        weekday=_specified(weekday),
    )


def decode_time(octets: bytes, offset: int = 0) -> CosemTime:
    """Decode 4 octets; errors count from ``offset``. Raises DecodeError."""
    if len(octets) != 4:
        raise DecodeError(f"a time has 4 octets, not {len(octets)}", offset)
    for index, (name, largest) in enumerate((("hour", 24), ("minute", 59), ("second", 60), ("hundredth", 99))):
        if largest < octets[index] < _NONE:
            raise DecodeError(f"there is no {name} {octets[index]}", offset + index)
    hour, minute, second, hundredths = map(_specified, octets)
    return CosemTime(hour=hour, minute=minute, second=second, hundredths=hundredths)


def _text_of(field: int | None, digits: int = 2) -> str:
    return "*" if field is None else f"{field:0{digits}}"


def _specified(octet: int) -> int | None:
    return None if octet == _NONE else octet


def encode_date_time(value: CosemDateTime) -> bytes:
    """Encode 12 octets. Raises LocalProtocolError."""
    fields = (value.month, value.day, value.weekday, value.hour, value.minute, value.second, value.hundredths)
    try:
        return _LAYOUT.pack(
            _YEAR_NONE if value.year is None else value.year,
            *(_NONE if field is None else field for field in fields),
            _DEVIATION_NONE if value.deviation is None else value.deviation,
            _NONE if value.clock_status is None else value.clock_status,
        )
    except struct.error as error:
        raise LocalProtocolError("a field of the date-time is out of range") from error


def encode_date(value: CosemDate) -> bytes:
    """Encode 5 octets. Raises LocalProtocolError."""
    whole = CosemDateTime(year=value.year, month=value.month, day=value.day, weekday=value.weekday)
    return encode_date_time(whole)[:5]


def encode_time(value: CosemTime) -> bytes:
    """Encode 4 octets. Raises LocalProtocolError."""
    whole = CosemDateTime(hour=value.hour, minute=value.minute, second=value.second, hundredths=value.hundredths)
    return encode_date_time(whole)[5:9]


def to_datetime(
    value: CosemDateTime, policy: TimePolicy = TimePolicy.STANDARD, zone: tzinfo | None = None
) -> datetime | None:
    """The aware point in time, None if the fields name none or no zone is known.

    A deviation is the offset, unless the policy ignores it; else ``zone`` counts, and in an hour that it has twice the
    daylight saving bit.
    """
    local = value.local
    if local is None or not _FIRST_YEAR <= local.year <= _LAST_YEAR:
        return None
    if value.deviation is not None and not policy.ignores_deviation:
        deviation = -value.deviation if policy is TimePolicy.INVERTED else value.deviation
        return None if abs(deviation) > MAX_DEVIATION else local.replace(tzinfo=fixed_zone(deviation))
    if zone is None:
        return None
    if policy in _STANDARD_TIME:
        return local.replace(tzinfo=timezone(standard_offset(zone, local.year)))
    moment = local.replace(tzinfo=zone)
    # The first of two equal hours, unless the status says that daylight saving is over.
    winter = value.clock_status is not None and not value.clock_status & ClockStatus.DAYLIGHT_SAVING_ACTIVE
    return moment.replace(fold=1) if winter and is_ambiguous(moment) else moment


def fast_datetime(
    octets: bytes, policy: TimePolicy = TimePolicy.STANDARD, zone: tzinfo | None = None
) -> datetime | None:
    """to_datetime(decode_date_time(octets)), but None where that raises."""
    sign = 1
    if policy is not _STANDARD:  # what enums do costs as much as the rest: 1,000 rows have 1,000 times
        if policy.ignores_deviation:
            return _slow_datetime(octets, policy, zone)
        sign = -1 if policy is TimePolicy.INVERTED else 1
    try:
        year, month, day, hour, minute, second, hundredths, deviation = _NEEDED.unpack(octets)
        if _FIRST_YEAR <= year <= _LAST_YEAR:
            return datetime(
                year, month, day, hour, minute, second, hundredths * _MICROSECONDS, fixed_zone(sign * deviation)
            )
    except ValueError, struct.error:
        pass  # something is unspecified, special or wrong
    return _slow_datetime(octets, policy, zone)


def _slow_datetime(octets: bytes, policy: TimePolicy, zone: tzinfo | None) -> datetime | None:
    try:
        return to_datetime(decode_date_time(octets), policy, zone)
    except DecodeError:
        return None


def tells_moments_apart(octets: bytes) -> bool:
    """Whether a date-time is that of one second, of a clock that did not just begin anew: then it has none twice."""
    try:
        moment = decode_date_time(octets)
    except DecodeError:
        return True  # whatever its fields mean, they differ
    is_lost = moment.clock_status is not None and bool(moment.clock_status & _NOT_SET)
    is_second = moment.local is not None and moment.second is not None
    return is_second and not is_lost and (moment.year or 0) >= _FIRST_YEAR_OF_USE


def in_utc(moment: datetime) -> datetime:
    """An aware point in time in UTC, of the years 2 to 9998 in any zone: beyond them the first or the last one.

    Whoever compares or subtracts needs it: for two times of one zone Python compares what is on the clock, and takes
    the two hours of an autumn night for one.
    """
    if moment.tzinfo is UTC and _FIRST <= moment <= _LAST:
        return moment
    try:
        return min(max(moment.astimezone(UTC), _FIRST), _LAST)
    except OverflowError:
        return _FIRST if moment.year < _FIRST_YEAR else _LAST


@cache
def fixed_zone(deviation: int) -> timezone:
    """Zone of a deviation in minutes. Raises ValueError beyond 14 hours."""
    if not -MAX_DEVIATION <= deviation <= MAX_DEVIATION:  # bounds the cache, too: 1,681 zones
        raise ValueError("deviation")
    return timezone(timedelta(minutes=-deviation)) if deviation else UTC


def standard_offset(zone: tzinfo, year: int) -> timedelta:
    """The zone's offset outside daylight saving."""
    january, july = (datetime(year, month, 1, 12, tzinfo=zone).utcoffset() or timedelta() for month in (1, 7))
    return min(january, july)  # one of them is winter, on both hemispheres


def is_ambiguous(moment: datetime) -> bool:
    """True if the zone has this local time twice."""
    first, second = (moment.replace(fold=fold).utcoffset() or timedelta() for fold in (0, 1))
    return first > second  # in an hour that the zone skips, the offsets order otherwise
