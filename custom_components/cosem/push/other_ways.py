"""One notification in several ways, TCP and UDP, to the listener and over our own connection: it is told once.

Meters with several destinations, or an open association besides, send each thing that happens to all of them. What is
a copy in the same way was left out before (dlms/protocol/repeated_notifications.py): each time that something comes in
one way is another happening, and the first one that did not come in the other way yet is the one whose copy this is.
Invocation counters and invoke-ids do not count: each destination has its own.
"""

from collections import deque
from dataclasses import dataclass
import hashlib
from typing import Final

from ..dlms import DataNotification, EventNotificationRequest, TransportProtocol, tells_moments_apart
from .routing import ReadNotification

_WITH_TIME: Final = 600.0
_WITHOUT: Final = 10.0
"""Seconds between both; without the meter's time a longer wait could hide that it happened again."""

_MOST: Final = 256
_INVOKE_ID: Final = slice(1, 5)
"""Of a DataNotification."""

type _Way = tuple[TransportProtocol, bool]
"""``True``: over a connection that we opened."""


@dataclass(slots=True)
class _Told:
    what: tuple[bool, bytes]
    at: float
    ways: set[_Way]


class OtherWays:
    """What one meter told lately."""

    def __init__(self) -> None:
        self._told = deque[_Told](maxlen=_MOST)
        self.copies = 0
        """What was left out; for diagnostics."""

    def is_copy(self, read: ReadNotification, now: float) -> bool:
        """Note a notification; return whether it was told before, in another way. ``now``: monotonic."""
        way = (read.heard.source.transport, read.is_own)
        # Proven once more is not the same: some automations want only that.
        what = (read.heard.authenticated, _digest(read))
        within = _WITH_TIME if _has_time(read) else _WITHOUT
        for told in self._told:
            if told.what == what and way not in told.ways and now - told.at < within:
                told.ways.add(way)
                self.copies += 1
                return True
        self._told.append(_Told(what, now, {way}))
        return False


def _digest(read: ReadNotification) -> bytes:
    octets = bytearray(read.heard.apdu)
    if isinstance(read.notification, DataNotification):
        del octets[_INVOKE_ID]
    return hashlib.sha256(octets).digest()


def _has_time(read: ReadNotification) -> bool:
    match read.notification:
        case EventNotificationRequest(time) | DataNotification(_, time):
            return time is not None and tells_moments_apart(time)
    return False
