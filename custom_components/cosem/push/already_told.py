"""Event codes that a meter sent by itself, so that its log does not tell them again."""

from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple, Self

from ..dlms import LocalProtocolError, LogicalName
from .meter_event import MeterEvent

_MOST: Final = 256
_APART: Final = timedelta(seconds=60)
"""Between both times at most: some meters say when they sent it, or nothing, and their clock may be a little wrong."""

_EVENT_CODES: Final = (96, 11)  # value groups C and D


class _Sent(NamedTuple):
    logical_name: str
    """Of the event code."""
    code: int
    time: datetime


class AlreadyTold:
    """The last ones of one meter."""

    def __init__(self, sent: Iterable[_Sent] = ()) -> None:
        self._sent = deque(sent, maxlen=_MOST)

    def note(self, event: MeterEvent, now: datetime) -> None:
        """Note an event that was sent; ``now``: when it came, which counts where it says no time."""
        if event.code is not None and event.logical_name is not None and is_event_code(event.logical_name):
            self._sent.append(_Sent(event.logical_name, event.code, _time(event.time) or now))

    def remember(self, before: AlreadyTold) -> None:
        """Take over what was sent before a restart."""
        self._sent.extendleft(reversed(before._sent))

    def take(self, logical_name: str, code: int, time: datetime) -> bool:
        """Return whether this entry of a log was told, once for each event that was sent."""
        fitting = [
            each
            for each in self._sent
            if (each.logical_name, each.code) == (logical_name, code) and abs(each.time - time) <= _APART
        ]
        if not fitting:
            return False
        self._sent.remove(min(fitting, key=lambda each: abs(each.time - time)))
        return True

    def to_record(self) -> list[list[Any]]:
        """Return it for a file."""
        return [[each.logical_name, each.code, each.time.isoformat()] for each in self._sent]

    @classmethod
    def from_record(cls, record: Iterable[Any]) -> Self:
        """Raises on anything that ``to_record`` does not write."""
        return cls(
            _Sent(str(name), int(code), datetime.fromisoformat(time).astimezone(UTC)) for name, code, time in record
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
