"""From when to when to ask for rows: a little more than is wanted, because they are filtered here in any case."""

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from ..encoding.cosem_time import in_utc, is_ambiguous
from .profile_request import ProfileRequest

AROUND: Final = timedelta(hours=1)
"""Asked for besides: what a meter means by its deviation or daylight saving may differ from what we know."""

_EARLIEST: Final = datetime(2000, 1, 2, tzinfo=UTC)
_LATEST: Final = datetime(2099, 12, 30, tzinfo=UTC)
"""Some meters count years from 00 to 99, and refuse others."""


def has_start(request: ProfileRequest) -> bool:
    """Return whether there is a time to begin at that a meter can be asked for."""
    return request.since is not None and request.since >= _EARLIEST


def limits(request: ProfileRequest, clock: datetime | None = None) -> tuple[datetime, datetime]:
    """Return from when to when to ask, in UTC. ``clock``: the meter's time, which may be ahead; None if not known."""
    now = datetime.now(UTC)
    since = max(request.since or _EARLIEST, _EARLIEST)
    until = request.until or max(now, clock or now) + timedelta(days=1)
    until = max(since, min(until, _LATEST))
    zone = request.zone
    return in_utc(_outside(since - AROUND, -AROUND, zone)), in_utc(_outside(until + AROUND, AROUND, zone))


def _outside(moment: datetime, step: timedelta, zone: tzinfo | None) -> datetime:
    """Return a time that is no part of an hour that the zone has twice.

    A meter without deviations compares what is on its clock, and rows around such an hour tell which one is meant.
    """
    while zone is not None and is_ambiguous(moment.astimezone(zone)):
        moment += step
    return moment
