"""The time zone of this computer, and points in time as people type them."""

import argparse
from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta, tzinfo
from typing import override
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


class ComputerZone(tzinfo):
    """The zone that is set here. Its name is not asked for, as not every system knows it."""

    @override
    def utcoffset(self, moment: datetime | None) -> timedelta | None:
        return None if moment is None else _here(moment).utcoffset()

    @override
    def dst(self, moment: datetime | None) -> timedelta | None:
        return None

    @override
    def tzname(self, moment: datetime | None) -> str | None:
        return None if moment is None else _here(moment).tzname()

    @override
    def fromutc(self, moment: datetime) -> datetime:
        local = moment.replace(tzinfo=UTC).astimezone()
        wall = local.replace(tzinfo=self, fold=0)
        return wall if wall.utcoffset() == local.utcoffset() else wall.replace(fold=1)


def _here(moment: datetime) -> datetime:
    """Return what is on a clock here, with its offset; the first and the last year have that of their neighbour.

    Whoever looks for an offset looks on both sides of a time.
    """
    return moment.replace(tzinfo=None, year=min(max(moment.year, MINYEAR + 1), MAXYEAR - 1)).astimezone()


def zone(text: str) -> tzinfo:
    """Read the name of a time zone."""
    try:
        return ZoneInfo(text)
    except ZoneInfoNotFoundError, ValueError, OSError:
        raise argparse.ArgumentTypeError("no time zone is called so; one is Europe/Berlin") from None


def moment(text: str) -> datetime:
    """Read a point in time in ISO 8601; without an offset it has no zone yet."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("a time is written 2026-03-01T00:00 or 2026-03-01T00:00+01:00") from None
