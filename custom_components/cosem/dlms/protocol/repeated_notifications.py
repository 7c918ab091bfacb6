"""Plain notifications that came before: networks double datagrams, and meters repeat what nobody acknowledges (S24).

Protected ones have their invocation counter. Of plain ones equal octets are a copy, within a time that depends on what
tells a copy from the same happening once more; where nothing does, rather two are handed on than none:

* the meter's time in them, to the second, of a clock that was set: 10 minutes; but what comes again in one TCP
  connection within 2 seconds, behind something else, happened twice within one second of the meter's clock: a
  connection neither doubles nor reorders;
* a long-invoke-id, of a meter that was seen to count with it (others have one for each of their lists): 10 seconds;
* nothing: 2 seconds, if nothing else came from there meanwhile (what comes and goes fast sends other octets in between)
  and it is no second time in one TCP connection, which doubles nothing.

What comes over several transports is told apart above the stack (push/other_ways.py). Sans-IO.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, NamedTuple

from ..apdu.common import DATE_TIME_OCTETS
from ..apdu.notification import DATA_NOTIFICATION, EVENT_NOTIFICATION_REQUEST
from ..encoding.cosem_time import tells_moments_apart

_SHORT: Final = 2.0
_NUMBERED: Final = 10.0
_LONG: Final = 600.0

_STEPS: Final = 8
"""After an id that was there before with something else: so many ids in a row have to be higher than the last."""

_HALF: Final = 2**23
"""Of all ids: less is a step forward, also beyond the last one."""

_MOST: Final = 1024
_MOST_OCTETS: Final = 1024 * 1024

type _Place = tuple[str, int, int]
type _Name = tuple[_Place, bytes]


class _Seen(NamedTuple):
    at: float
    turn: int
    """How many others had come from there."""
    connection: int | None


@dataclass(slots=True)
class _Sender:
    turn: int = 0
    invoke_id: int | None = None
    steps: int = _STEPS - 1

    @property
    def counts(self) -> bool:
        """Whether its ids tell."""
        return self.steps >= _STEPS

    def note(self, invoke_id: int) -> None:
        """Take the id of something that did not come before."""
        if self.invoke_id is not None:
            self.steps = self.steps + 1 if 0 < (invoke_id - self.invoke_id) % (2 * _HALF) < _HALF else 0
        self.invoke_id = invoke_id


class RepeatedNotifications:
    """Remembers plain notifications of all sources for a while."""

    def __init__(self) -> None:
        self._seen: OrderedDict[_Name, _Seen] = OrderedDict()
        self._senders: OrderedDict[_Place, _Sender] = OrderedDict()
        self._octets = 0

    def is_repeated(self, source: _Place, apdu: bytes, now: float, *, connection: int | None = None) -> bool:
        """Note a plain APDU; return whether it is a copy. ``source``: host, wPorts.

        ``connection``: what tells this TCP connection from others; None for datagrams.
        """
        sender = self._sender(source)
        before = self._seen.pop((source, apdu), None)
        if before is None and (invoke_id := _invoke_id(apdu)) is not None:
            sender.note(invoke_id)
        is_copy = before is not None and _is_copy(apdu, before, sender, now, connection)
        if not is_copy:
            sender.turn += 1
        at = before.at if before is not None and is_copy else now
        self._seen[source, apdu] = _Seen(at, sender.turn, connection)
        self._octets += len(apdu) if before is None else 0
        while len(self._seen) > _MOST or self._octets > _MOST_OCTETS:
            (_, oldest), _ = self._seen.popitem(last=False)
            self._octets -= len(oldest)
        return is_copy

    def _sender(self, source: _Place) -> _Sender:
        sender = self._senders.pop(source, None) or _Sender()
        self._senders[source] = sender
        if len(self._senders) > _MOST:
            self._senders.popitem(last=False)
        return sender


def _is_copy(apdu: bytes, before: _Seen, sender: _Sender, now: float, connection: int | None) -> bool:
    age = now - before.at
    is_numbered = sender.counts and _invoke_id(apdu) is not None
    is_stream = connection is not None and connection == before.connection
    if _has_time(apdu):
        is_again = is_stream and age < _SHORT and before.turn != sender.turn and not is_numbered
        return age < _LONG and not is_again
    if is_numbered:
        return age < _NUMBERED
    return age < _SHORT and before.turn == sender.turn and not is_stream


def _invoke_id(apdu: bytes) -> int | None:
    """Return the 24 bits that count, without the flags; None where there are none."""
    return int.from_bytes(apdu[2:5]) if apdu[0] == DATA_NOTIFICATION else None


def _has_time(apdu: bytes) -> bool:
    """Whether the meter's time is there, and tells (in any of the spellings of notification.py)."""
    start = 1 if apdu[0] == EVENT_NOTIFICATION_REQUEST else 5
    if apdu[0] not in {EVENT_NOTIFICATION_REQUEST, DATA_NOTIFICATION} or apdu[start : start + 1] == b"\x00":
        return False
    first = start + 2 if apdu[start + 1 : start + 2] == bytes((DATE_TIME_OCTETS,)) else start + 1
    return tells_moments_apart(apdu[first : first + DATE_TIME_OCTETS])
