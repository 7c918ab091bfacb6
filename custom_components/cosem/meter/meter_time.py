"""How the times of a meter are read: what its deviation means is an option of its entry, and is applied here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from homeassistant.util import dt as dt_util

from ..const import CONF_TIME_POLICY
from ..dlms import CLOCK_TIME, Association, ClockQuality, Data, TimePolicy, clock_quality, instant
from .objects import async_ask
from .readings import Readings

TIME_POLICIES: Final = (
    TimePolicy.STANDARD,
    TimePolicy.INVERTED,
    TimePolicy.LOCAL_TIME,
    TimePolicy.LOCAL_STANDARD_TIME,
)
"""What a person may choose; of those that fit alike the first is proposed."""

_MOST: Final = timedelta(minutes=30)
"""A clock that is off by more says nothing about its deviation."""


def time_policy_of(options: Mapping[str, Any]) -> TimePolicy:
    """Return what was chosen; entries from before there was a choice read as the standard says."""
    return TimePolicy(options.get(CONF_TIME_POLICY, TimePolicy.STANDARD))


def utc_of(data: Data, policy: TimePolicy) -> datetime | None:
    """Return a meter's time in UTC; local times are those of Home Assistant's zone."""
    moment = instant(data, policy, dt_util.get_default_time_zone())
    return None if moment is None else moment.astimezone(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockReading:
    """What a meter's clock said, and when."""

    data: Data
    shown: datetime
    """The time on the clock, whatever the deviation means."""
    read_at: datetime

    @property
    def quality(self) -> ClockQuality | None:
        """How good the clock says that it is; None if it does not say."""
        return clock_quality(self.data)

    def home_time(self, policy: TimePolicy) -> datetime | None:
        """Return what it is for Home Assistant, in its zone."""
        moment = utc_of(self.data, policy)
        return None if moment is None else dt_util.as_local(moment)

    def difference(self, policy: TimePolicy) -> timedelta | None:
        """Return the meter's clock minus ours, to about a second."""
        moment = utc_of(self.data, policy)
        return None if moment is None else moment - self.read_at

    @property
    def proposed_policy(self) -> TimePolicy:
        """The policy by which the clock is right, or nearly so; by none of them it is as the standard says."""
        fitting = self._fitting()
        return min(fitting, key=fitting.__getitem__, default=TimePolicy.STANDARD)

    def better_policy(self, chosen: TimePolicy) -> TimePolicy | None:
        """Return the policy by which the clock is right, if it is not by the chosen one."""
        fitting = self._fitting()
        return None if chosen in fitting else min(fitting, key=fitting.__getitem__, default=None)

    def _fitting(self) -> dict[TimePolicy, timedelta]:
        return {
            policy: abs(difference)
            for policy in TIME_POLICIES
            if (difference := self.difference(policy)) is not None and abs(difference) <= _MOST
        }


def clock_reading(data: object, read_at: datetime | None) -> ClockReading | None:
    """Return an answer to the question for the time, or None without a point in time."""
    shown = instant(data, TimePolicy.LOCAL_TIME, UTC) if isinstance(data, Data) else None
    if not isinstance(data, Data) or read_at is None or shown is None:
        return None
    return ClockReading(data=data, shown=shown, read_at=read_at)


async def async_read_clock(association: Association) -> ClockReading | None:
    """Ask for the time now."""
    answers = await async_ask(association, [CLOCK_TIME])
    return clock_reading(answers[CLOCK_TIME], dt_util.utcnow())


def clock_of(readings: Readings) -> ClockReading | None:
    """Return the last reading of the meter's clock, if it is among them."""
    reading = readings.values.get(CLOCK_TIME)
    return None if reading is None else clock_reading(reading.value, readings.clock_read_at)
