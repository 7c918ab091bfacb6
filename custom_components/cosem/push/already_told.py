"""Event codes that a meter sent by itself, so that its log does not tell them again.

An entry of a log is what was sent if it has the same code and, where both have a time, about the same. Where one has
none, nobody knows how wrong the meter's clock is: then what counts is that it was sent since the log was read before.
"""

from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple, Self

from ..dlms import LocalProtocolError, LogicalName
from .meter_event import MeterEvent

_MOST: Final = 256
_APART: Final = timedelta(seconds=60)
"""Between both times at most: some meters say when they sent it; or between sending and logging."""

_EVENT_CODES: Final = (96, 11)  # value groups C and D


class _Sent(NamedTuple):
    logical_name: str
    """Of the event code."""
    code: int
    time: datetime | None
    """As the meter says."""
    came: datetime

    def distance(self, time: datetime | None) -> timedelta:
        """Return how far it is from an entry's time."""
        return timedelta.max if time is None else abs((self.time or self.came) - time)


class AlreadyTold:
    """The last ones of one meter."""

    def __init__(self, sent: Iterable[_Sent] = ()) -> None:
        self._sent = deque(sent, maxlen=_MOST)

    def note(self, event: MeterEvent, now: datetime) -> None:
        """Note an event that was sent; ``now``: when it came."""
        if event.code is not None and event.logical_name is not None and is_event_code(event.logical_name):
            self._sent.append(_Sent(event.logical_name, event.code, _time(event.time), now))

    def remember(self, before: AlreadyTold) -> None:
        """Take over what was sent before a restart."""
        self._sent.extendleft(reversed(before._sent))

    def take(self, logical_name: str, code: int, time: datetime | None, since: datetime | None = None) -> bool:
        """Return whether this entry of a log was told, once for each event that was sent.

        ``time``: of the entry, None without. ``since``: when the log was read before, None: not since a restart.
        """

        def is_it(each: _Sent) -> bool:
            if each.time is not None and time is not None:
                return each.distance(time) <= _APART
            return since is None or each.came >= since - _APART

        same = (logical_name, code)
        fitting = [each for each in self._sent if (each.logical_name, each.code) == same and is_it(each)]
        if not fitting:
            return False
        self._sent.remove(min(fitting, key=lambda each: (each.distance(time), each.came)))
        return True

    def forget_before(self, read: datetime) -> None:
        """Forget what has no time and no log will show any more: all logs were read since then."""
        kept = [each for each in self._sent if each.time is not None or each.came >= read - _APART]
        self._sent = deque(kept, maxlen=_MOST)

    def to_record(self) -> list[list[Any]]:
        """Return it for a file."""
        return [
            [each.logical_name, each.code, None if each.time is None else each.time.isoformat(), each.came.isoformat()]
            for each in self._sent
        ]

    @classmethod
    def from_record(cls, record: Iterable[Any]) -> Self:
        """Raises on anything that ``to_record`` does not write."""
        return cls(
            _Sent(
                str(name),
                int(code),
                None if time is None else datetime.fromisoformat(time).astimezone(UTC),
                datetime.fromisoformat(came).astimezone(UTC),
            )
            for name, code, time, came in record
        )


def is_event_code(logical_name: str) -> bool:
    """Whether it is the name of an event code object: 0-b:96.11.e."""
    try:
        name = LogicalName.parse(logical_name)
    except LocalProtocolError:
        return False
    return (name.c, name.d) == _EVENT_CODES


def _time(text: str | None) -> datetime | None:
    try:
        time = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return None if time.tzinfo is None else time.astimezone(UTC)
