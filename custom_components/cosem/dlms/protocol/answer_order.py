"""Whether each request got its own answer, where only the order of answers joins them. Sans-IO (rule S22).

A meter or gateway may send an answer again, at any later time. Over a stream nothing is lost and nothing overtakes, so:

* An answer whose octets never came before on the connection is no copy. As long as all are such, the order is known.
* Behind one that may be a copy the order is known when a marker is answered, if nothing besides came in between: then
  there were as many answers as requests.

Such a marker is a list of the marker of doubted_answers.py, longer or shorter each time: a copy of the one before is
none of its answers.
"""

from typing import Final

from ..apdu.short_name import READ_RESPONSE, VariableName
from ..errors import UnexpectedApdu
from ..interface_classes.short_names import ASSOCIATION_SN_BASE_NAME
from .doubted_answers import UNNUMBERED, DoubtedAnswers
from .late_answers import ERRORS, key_of
from .transfer.read import DATA, ReadList

LOST: Final = "where it answers nothing: the order of answers without a number is lost"

_LENGTHS: Final = (2, 3, 4, 5)
_MOST_SEEN: Final = 1024

_HEAD: Final = 2
"""Tag and count in front of the results of a read-response."""


class OrderMarker(ReadList):
    """A read of nothing but the logical name of the current association. ``expected``: what answers it."""

    def __init__(self, length: int, marked: bytes) -> None:
        super().__init__([VariableName(ASSOCIATION_SN_BASE_NAME)] * length)
        self.length: Final = length
        self.expected: Final = bytes((READ_RESPONSE, length)) + marked[_HEAD:] * length


def is_refusal(apdu: bytes) -> bool:
    """Return whether an answer may be one to a marker that the meter does not give."""
    return apdu[0] in ERRORS or (apdu[0] == READ_RESPONSE and apdu[_HEAD : _HEAD + 1] != bytes((DATA,)))


class AnswerOrder:
    """Of one association, from one time when it was known to the next."""

    def __init__(self, doubted: DoubtedAnswers) -> None:
        self._doubted = doubted
        self._seen: set[bytes] = set()
        """Keys of all answers of the connection: two that only look the same cost a marker."""
        self._is_full = False
        self._new: set[bytes] = set()
        """Those that came for the first time since the latest request."""
        self._handled = b"\0"
        self._requests = 0
        """Since the order was known."""
        self._taken: set[bytes] = set()
        """What answered them, if it is one."""
        self._surplus: set[bytes] = set()
        """What was left out since."""
        self.is_doubtful = False
        """Whether something was taken since that may be a copy."""
        self._markers: dict[int, bytes] = {}
        self._turn = 0
        self._awaited: bytes | None = None
        """What answers the latest marker, until it came."""

    # -- what happens

    def begins(self) -> None:
        """Note a new request that is no marker."""
        self._requests += 1
        if self._requests > 1:
            self._taken.clear()

    def asks(self) -> None:
        """Note that something is sent."""
        self._new.clear()

    def came(self, apdu: bytes) -> bool:
        """Note an answer; return whether such a one came before."""
        key = key_of(apdu)
        if key in self._seen or self._is_full:
            return True
        self._is_full = len(self._seen) >= _MOST_SEEN
        self._seen.add(key)
        self._new.add(key)
        return False

    def handles(self, apdu: bytes) -> None:
        """Note what is being looked at."""
        self._handled = apdu

    def took(self) -> None:
        """Note that it answers the latest request."""
        if self._handled[0] not in UNNUMBERED:
            return
        key = key_of(self._handled)
        self.is_doubtful = self.is_doubtful or key not in self._new
        if self._requests == 1:
            self._taken.add(key)

    def left_out(self, apdu: bytes | None = None) -> None:
        """Note that an answer, or what is being looked at, answers nothing."""
        self._surplus.add(key_of(apdu or self._handled))

    # -- what is known

    @property
    def is_lost(self) -> bool:
        """Whether nobody can tell any more which answer is one to which request."""
        # The only answer, or a block of it, that came again changes nothing: the blocks of one answer have numbers.
        return self.is_doubtful and not self._surplus <= self._taken

    def settle(self) -> None:
        """Note that nothing more will come to what was asked. Raises UnexpectedApdu where the order is lost."""
        if self.is_lost:
            raise UnexpectedApdu(READ_RESPONSE, LOST)
        self.is_doubtful, self._awaited, self._requests = False, None, 0
        self._taken.clear()
        self._surplus.clear()

    @property
    def quiet(self) -> float:
        """So many seconds without a word mean that nothing more comes."""
        return self._doubted.quiet

    # -- the marker

    def marker(self, *, may_be_list: bool) -> OrderMarker | None:
        """Return the next marker, or None where it is not known what the meter answers."""
        if (marked := self._doubted.marked) is None:
            return None
        self._turn += 1
        marker = OrderMarker(_LENGTHS[self._turn % len(_LENGTHS)] if may_be_list else 1, marked)
        if may_be_list:
            self._markers[marker.length] = marker.expected
        self._awaited = marker.expected
        return marker

    @property
    def is_marked(self) -> bool:
        """Whether the latest marker was answered, in one piece: the order was known there."""
        return self._awaited is None

    def is_copy_of_marker(self, apdu: bytes, asked: OrderMarker | None) -> bool:
        """Return whether it answers a list that was asked for before. No value has such octets.

        ``asked``: what is unanswered, if that is a marker. Raises UnexpectedApdu where something else was taken for its
        answer.
        """
        if asked is not None and apdu == asked.expected:
            return False
        if apdu == self._awaited:
            raise UnexpectedApdu(READ_RESPONSE, LOST)
        return len(apdu) > _HEAD and self._markers.get(apdu[1]) == apdu
