"""Answers over a stream that may be those to the request before. Sans-IO (rule S22).

Over a stream everything comes in order, but some meters and gateways send an answer twice. What has no invoke-id then
answers the next request, and every later answer comes one request too late. Equal answers are usual as well: so in
doubt a marker is asked for whose answer is known. What came last in front of that answers the request.
"""

from collections import deque
from typing import Final

from ..apdu.common import AttributeDescriptor
from ..apdu.short_name import READ_RESPONSE, WRITE_RESPONSE, VariableName
from ..encoding.data import encode_data_octets, octet_string
from ..interface_classes.association_ln import CURRENT_ASSOCIATION
from ..interface_classes.interface_class import InterfaceClass
from ..interface_classes.short_names import ASSOCIATION_SN_BASE_NAME
from .dropped_apdus import DroppedApduLimits
from .late_answers import ERRORS, LATE_WITHIN, key_of
from .transfer import Transfer
from .transfer.get import GetOne
from .transfer.read import ReadOne

UNNUMBERED: Final = ERRORS | {READ_RESPONSE, WRITE_RESPONSE}
"""Answers that only their order joins to a request."""

_MOST_RECENT: Final = 64
_MOST_CANDIDATES: Final = 16

_VALUE, _REFUSAL, _BLOCK, _BLOCK_NUMBER = range(4)
"""Choices of the first result of a read-response."""

_WRITTEN_BLOCK_NUMBER: Final = 2
"""Likewise of a write-response."""

_LOGICAL_NAME: Final = 1
"""Attribute of every class."""

_NAME: Final = encode_data_octets(octet_string(CURRENT_ASSOCIATION.octets))
_MARKED: Final = bytes((READ_RESPONSE, 1, _VALUE)) + _NAME[:5]
_MARKED_LENGTH: Final = 3 + len(_NAME)


class DoubtedAnswers:
    """What came of late, and the answers in doubt. ``dropped_apdus`` knows the time."""

    def __init__(self, dropped_apdus: DroppedApduLimits) -> None:
        self._dropped_apdus = dropped_apdus
        self._recent: deque[tuple[bytes, float]] = deque(maxlen=_MOST_RECENT)
        self._previous: bytes | None = None
        """The last one, however long ago, if it has no number."""
        self._candidates: list[bytes] = []
        self._are_copies: list[bool] = []
        self.number: int | None = None
        """The marker's invoke-id."""
        self.has_no_marker = False
        """Whether nothing answers the marker."""
        self.due: float | None = None
        """When what came until then counts, because the marker's answer cannot be told from others."""

    def came(self, apdu: bytes, *, is_fresh: bool) -> bool:
        """Note what comes; return whether it is equal to something without a number that came just before.

        ``is_fresh``: it has an invocation counter, so it is no copy.
        """
        if apdu[0] not in UNNUMBERED or is_fresh:
            self._previous = None
            return False
        key, now = key_of(apdu), self._dropped_apdus.time
        is_copy = key == self._previous or any(key == other and now < until for other, until in self._recent)
        self._previous = key
        self._recent.append((key, now + LATE_WITHIN))
        return is_copy

    @property
    def is_pending(self) -> bool:
        """Whether answers are in doubt."""
        return bool(self._candidates)

    @property
    def came_twice(self) -> bool:
        """Whether more came than one answer."""
        return len(self._candidates) > 1

    @property
    def are_equal(self) -> bool:
        """Whether all that came is the same."""
        return len(set(self._candidates)) == 1

    def add(self, apdu: bytes, *, is_copy: bool) -> bool:
        """Keep what may answer the request; return False for too many."""
        self._candidates.append(apdu)
        self._are_copies.append(is_copy)
        return len(self._candidates) <= _MOST_CANDIDATES

    def wait(self) -> None:
        """Let a while decide."""
        self.due = self._dropped_apdus.time + LATE_WITHIN

    def drop_last(self) -> None:
        """Take the last one, if it is not the only one, for the marker's answer: a refusal."""
        if self.came_twice:
            del self._candidates[-1], self._are_copies[-1]

    def answer(self) -> bytes | None:
        """Return the one that answers the request; None if that cannot be known."""
        own = {apdu for apdu, is_copy in zip(self._candidates, self._are_copies, strict=True) if not is_copy}
        possible = own or set(self._candidates)
        return possible.pop() if len(possible) == 1 else None

    def forget(self) -> None:
        """End the doubt."""
        self._candidates.clear()
        self._are_copies.clear()
        self.number = self.due = None


def marker(*, by_short_name: bool) -> Transfer:
    """Return a read whose answer is known: of the logical name of the current association."""
    if by_short_name:
        return ReadOne(VariableName(ASSOCIATION_SN_BASE_NAME))
    return GetOne(AttributeDescriptor(InterfaceClass.ASSOCIATION_LN, CURRENT_ASSOCIATION, _LOGICAL_NAME))


def is_marked(apdu: bytes) -> bool:
    """Return whether it is the answer to the marker by a short name."""
    # Which association it is does not matter.
    return apdu.startswith(_MARKED) and len(apdu) == _MARKED_LENGTH


def continues(apdu: bytes) -> bool:
    """Return whether a read- or write-response is one of several: its block number tells to what it belongs."""
    if len(apdu) < 4 or apdu[1] != 1:
        return False
    if apdu[0] == WRITE_RESPONSE:
        return apdu[2] == _WRITTEN_BLOCK_NUMBER
    is_last = apdu[2] == _BLOCK and apdu[3]
    return apdu[0] == READ_RESPONSE and apdu[2] in {_BLOCK, _BLOCK_NUMBER} and not is_last


def may_be_refusal(apdu: bytes) -> bool:
    """Return whether it may refuse the marker."""
    return apdu[0] in ERRORS or (apdu[0] == READ_RESPONSE and apdu[1:3] == bytes((1, _REFUSAL)))
