"""Answers over a stream that may be those to the request before. Sans-IO (rule S22).

Over a stream everything comes in order, but some meters and gateways send an answer twice. What has no invoke-id then
answers the next request, and every later answer comes one request too late. Equal answers are usual as well: so in
doubt a marker is asked for whose answer is known. What came last in front of that answers the request.

The marker is a read of the association's logical name by its short name. What answers it is learned when nothing is in
doubt; only six octets that look like a name are one that no other answer is mistaken for. Without it quiet decides.
"""

from collections import deque
from typing import Final

from ..apdu.short_name import READ_RESPONSE, WRITE_RESPONSE, ReadRequest, VariableName
from ..interface_classes.short_names import ASSOCIATION_SN_BASE_NAME
from .dropped_apdus import DroppedApduLimits
from .late_answers import ERRORS, LATE_WITHIN, key_of
from .transfer import encode_request
from .transfer.read import ReadOne

UNNUMBERED: Final = ERRORS | {READ_RESPONSE, WRITE_RESPONSE}
"""Answers that only their order joins to a request."""

_MOST_RECENT: Final = 64
_MOST_CANDIDATES: Final = 16

_LEAST_QUIET: Final = 0.25
_TIMES_THE_LONGEST: Final = 3
"""So many times as long as the meter took at most it has to be quiet."""

_BLOCK, _BLOCK_NUMBER = 2, 3
"""Choices of the first result of a read-response."""

_WRITTEN_BLOCK_NUMBER: Final = 2
"""Likewise of a write-response."""

_ONE_VALUE: Final = bytes((READ_RESPONSE, 1, 0))
_NAME: Final = 6
"""Octets of a logical name, behind its type and its length."""


MARKER: Final = encode_request(ReadRequest((VariableName(ASSOCIATION_SN_BASE_NAME),)))
"""The request of a Marker."""


class Marker(ReadOne):
    """Read of the logical name of the current association: nobody minds its value."""

    unknown_means_lost = False

    def __init__(self) -> None:
        super().__init__(VariableName(ASSOCIATION_SN_BASE_NAME))


class DoubtedAnswers:
    """What came of late, and the answers in doubt. ``dropped_apdus`` knows the time."""

    def __init__(self, dropped_apdus: DroppedApduLimits) -> None:
        self._dropped_apdus = dropped_apdus
        self._recent: deque[tuple[bytes, float]] = deque(maxlen=_MOST_RECENT)
        self._previous: bytes | None = None
        """The last one, however long ago, if it has no number."""
        self._is_previous = False
        """Whether the latest one was equal to that."""
        self._candidates: list[bytes] = []
        """In doubt; what came several times in a row is here once."""
        self._begins_with_copy = False
        """Whether the first of them is equal to the answer before."""
        self._asked_at = 0.0
        self._longest = 0.0
        """Seconds for an answer."""
        self.marked: bytes | None = None
        """What answers the marker."""
        self.is_marker_tried = False
        """Whether it was asked for."""
        self.came_twice = False
        """Whether more came than one answer."""
        self.due: float | None = None
        """When it has been quiet for so long that what came last counts."""

    def asks(self, request: bytes) -> None:
        """Note what is sent."""
        self.is_marker_tried |= request == MARKER
        self._asked_at = self._dropped_apdus.time

    def came(self, apdu: bytes, *, is_fresh: bool, is_asked: bool) -> bool:
        """Note what comes; return whether it is equal to something without a number that came just before.

        ``is_fresh``: it has an invocation counter, so it is no copy. ``is_asked``: the latest request is unanswered.
        """
        now = self._dropped_apdus.time
        if is_asked:
            self._longest = max(self._longest, now - self._asked_at)
        if apdu == self.marked:
            return True
        if apdu[0] not in UNNUMBERED or is_fresh:
            self._previous = None
            return False
        key = key_of(apdu)
        self._is_previous = key == self._previous
        is_copy = self._is_previous or any(key == other and now < until for other, until in self._recent)
        self._previous = key
        self._recent.append((key, now + LATE_WITHIN))
        return is_copy

    @property
    def has_previous(self) -> bool:
        """Whether something came that may come again."""
        return self._previous is not None

    @property
    def is_pending(self) -> bool:
        """Whether answers are in doubt."""
        return bool(self._candidates)

    @property
    def is_only_marked(self) -> bool:
        """Whether what is in doubt has the octets that answer the marker."""
        return self._candidates == [self.marked]

    @property
    def are_several(self) -> bool:
        """Whether what is in doubt is not all the same."""
        return len(self._candidates) > 1

    def add(self, apdu: bytes) -> bool:
        """Keep what may answer the request; return False for too many."""
        self.came_twice = self.is_pending
        if not self._candidates:
            self._begins_with_copy = self._is_previous
        if self._candidates[-1:] != [apdu]:
            self._candidates.append(apdu)
        return len(self._candidates) <= _MOST_CANDIDATES

    @property
    def quiet(self) -> float:
        """So many seconds without a word mean that nothing more comes."""
        return min(max(_LEAST_QUIET, _TIMES_THE_LONGEST * self._longest), LATE_WITHIN)

    def wait(self, *, is_numbered: bool) -> None:
        """Let quiet decide. ``is_numbered``: the answer has an invoke-id, so only its time tells that it is missing."""
        self.due = self._dropped_apdus.time + (LATE_WITHIN if is_numbered else self.quiet)

    def others(self, answer: bytes | None) -> list[bytes]:
        """Return what is left out if this one answers the request."""
        return [each for each in self._candidates if each != answer]

    def answer(self, *, is_marked: bool, may_be_repeated: bool) -> bytes | None:
        """Return the one that answers the request; None if that cannot be known.

        ``is_marked``: the marker was answered behind them. ``may_be_repeated``: a wrong one changes nothing.
        """
        first, *others = self._candidates
        if not others:
            return first
        # Copies come right behind what they are copies of: of the answer before, then of this one.
        is_in_order = len(others) == 1 and self._begins_with_copy
        return others[0] if is_in_order and (is_marked or may_be_repeated) else None

    def forget(self) -> None:
        """End the doubt."""
        self._candidates.clear()
        self.came_twice = False
        self.due = None


def looks_like_name(apdu: bytes) -> bool:
    """Return whether a read-response has one value of six octets with a length, as a logical name has."""
    return apdu.startswith(_ONE_VALUE) and len(apdu) == len(_ONE_VALUE) + 2 + _NAME and apdu[4] == _NAME


def continues(apdu: bytes) -> bool:
    """Return whether a read- or write-response is one of several: its block number tells to what it belongs."""
    if len(apdu) < 4 or apdu[1] != 1:
        return False
    if apdu[0] == WRITE_RESPONSE:
        return apdu[2] == _WRITTEN_BLOCK_NUMBER
    is_last = apdu[2] == _BLOCK and apdu[3]
    return apdu[0] == READ_RESPONSE and apdu[2] in {_BLOCK, _BLOCK_NUMBER} and not is_last
