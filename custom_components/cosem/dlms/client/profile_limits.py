"""From when to when to ask for rows: a little more than is wanted, because they are filtered here in any case."""

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from ..encoding.cosem_time import in_utc, is_ambiguous
from .profile_definition import ProfileDefinition
from .profile_request import ProfileRequest
from .profile_resumption import ReadSoFar

_AROUND: Final = timedelta(hours=1)
"""Asked for besides: what a meter means by its deviation or daylight saving may differ from what we know."""

_LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)


def limits(request: ProfileRequest, definition: ProfileDefinition, progress: ReadSoFar) -> tuple[datetime, datetime]:
    """Return from when to when to ask, in UTC."""
    since = request.since or _LONG_AGO
    until = request.until or datetime.now(UTC) + timedelta(days=1)
    last = progress.time
    if last is not None and definition.narrows(progress):
        since, until = (since, min(until, last)) if progress.falls else (max(since, last), until)
    zone = request.zone
    return in_utc(_outside(since - _AROUND, -_AROUND, zone)), in_utc(_outside(until + _AROUND, _AROUND, zone))


def _outside(moment: datetime, step: timedelta, zone: tzinfo | None) -> datetime:
    """Return a time that is no part of an hour that the zone has twice.

    A meter without deviations compares what is on its clock, and rows around such an hour tell which one is meant.
    """
    while zone is not None and is_ambiguous(moment.astimezone(zone)):
        moment += step
    return moment
