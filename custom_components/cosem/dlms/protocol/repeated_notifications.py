"""Plain notifications that came before: networks double datagrams, and meters repeat what nobody acknowledges (S24).

Protected ones have their invocation counter; of plain ones, only equal octets tell. Sans-IO.
"""

from collections import OrderedDict
from typing import Final

from ..apdu.notification import DATA_NOTIFICATION, EVENT_NOTIFICATION_REQUEST

_SHORT: Final = 2.0
"""Seconds in which equal octets are one notification; meters may mean it when they say the same again later."""

_LONG: Final = 600.0
"""The same where the octets hold the time at which the meter made them."""

_MOST: Final = 1024
_MOST_OCTETS: Final = 1024 * 1024

type _Name = tuple[tuple[str, int, int], bytes]


class RepeatedNotifications:
    """Remembers plain notifications of all sources for a while."""

    def __init__(self) -> None:
        self._seen: OrderedDict[_Name, float] = OrderedDict()
        self._octets = 0

    def is_repeated(self, source: tuple[str, int, int], apdu: bytes, now: float) -> bool:
        """Note a plain APDU; return whether the same came from there a short time ago. ``source``: host, wPorts."""
        before = self._seen.pop((source, apdu), None)
        self._seen[source, apdu] = now
        self._octets += len(apdu) if before is None else 0
        while len(self._seen) > _MOST or self._octets > _MOST_OCTETS:
            (_, oldest), _ = self._seen.popitem(last=False)
            self._octets -= len(oldest)
        return before is not None and now - before < (_LONG if _has_time(apdu) else _SHORT)


def _has_time(apdu: bytes) -> bool:
    if apdu[0] == EVENT_NOTIFICATION_REQUEST:
        return apdu[1:2] != b"\x00"
    return apdu[0] == DATA_NOTIFICATION and apdu[5:6] != b"\x00"
