"""The simulated meter's clock: local time by the European rule, in the standard's 12 octets (Blue Book, date and time).

Shares no mistake with the stack's cosem_time.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from .profile import Deviation

_DST_STATUS: Final = 0x80


def _last_sunday(year: int, month: int) -> datetime:
    """01:00 UTC; the month has 31 days."""
    last = datetime(year, month, 31, 1, tzinfo=UTC)
    return last - timedelta(days=(last.weekday() + 1) % 7)


@dataclass(frozen=True, slots=True)
class MeterTime:
    """How this meter tells the time."""

    standard_offset_minutes: int
    daylight_saving: bool
    deviation: Deviation

    def saving(self, at: datetime) -> bool:
        """Return whether summer time is in force."""
        return self.daylight_saving and _last_sunday(at.year, 3) <= at < _last_sunday(at.year, 10)

    def local(self, at: datetime) -> datetime:
        """Return what a clock on the wall shows, without a zone."""
        minutes = self.standard_offset_minutes + (60 if self.saving(at) else 0)
        return at.astimezone(UTC).replace(tzinfo=None) + timedelta(minutes=minutes)

    def octets(self, at: datetime) -> bytes:
        """Return the 12 octets of a date-time, with hundredths, deviation and status of this meter."""
        saving = self.saving(at)
        return wall_octets(self.local(at)) + self._deviation(saving) + bytes([_DST_STATUS if saving else 0])

    def _deviation(self, saving: bool) -> bytes:
        minutes = self.standard_offset_minutes + (60 if saving else 0)
        match self.deviation:
            case Deviation.STANDARD:
                value = -minutes
            case Deviation.INVERTED:
                value = minutes
            case Deviation.WITHOUT_DST:
                value = -self.standard_offset_minutes
            case Deviation.UNSPECIFIED:
                value = -0x8000
        return value.to_bytes(2, "big", signed=True)

    def instant(self, octets: bytes) -> datetime | None:
        """Return a client's date-time in UTC; None without a date.

        Fields not specified are the earliest; without a deviation it is this meter's local time.
        """
        year = int.from_bytes(octets[:2], "big")
        month, day = octets[2], octets[3]
        if len(octets) != 12 or not 1 <= year <= 9998 or not 1 <= month <= 12 or not 1 <= day <= 31:
            return None
        hour, minute, second = (0 if octet == 0xFF else octet for octet in octets[5:8])
        deviation = int.from_bytes(octets[9:11], "big", signed=True)
        try:
            wall = datetime(year, month, day, tzinfo=UTC) + timedelta(hours=hour, minutes=minute, seconds=second)
        except ValueError:
            return None
        if deviation != -0x8000 and self.deviation is not Deviation.WITHOUT_DST:
            return wall + timedelta(minutes=-deviation if self.deviation is Deviation.INVERTED else deviation)
        standard = wall - timedelta(minutes=self.standard_offset_minutes)
        summer = standard - timedelta(hours=1)
        ambiguous = self.saving(summer) and not self.saving(standard)
        return summer if self.saving(summer) and (not ambiguous or octets[11] & _DST_STATUS) else standard


def wall_octets(wall: datetime) -> bytes:
    """Return the first nine octets, year to hundredths."""
    return wall.year.to_bytes(2, "big") + bytes(
        (wall.month, wall.day, wall.isoweekday(), wall.hour, wall.minute, wall.second, wall.microsecond // 10_000)
    )
