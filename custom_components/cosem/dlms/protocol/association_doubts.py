"""One association: which answer is one to what was asked.

Where messages get lost late_answers.py says what may be late, over a stream doubted_answers.py what may be a copy.
"""

from abc import abstractmethod
from typing import Final

from ..apdu.initiate import Conformance
from ..apdu.short_name import READ_RESPONSE
from ..errors import UnexpectedApdu
from .answer_order import LOST, AnswerOrder, OrderMarker, is_refusal
from .association_requests import MOST_REPEATS, AssociationRequests
from .doubted_answers import MARKER, UNNUMBERED, continues, looks_like_name
from .late_answers import ERRORS, NUMBERED, key_of
from .leniencies import Leniency
from .referencing import Referencing
from .states import BLOCK_STATES, State

_ASKING_STATES: Final = BLOCK_STATES | {State.ASSOCIATING, State.PROVING}
"""An answer is awaited that is more than the end of a release."""


class AssociationDoubts(AssociationRequests):
    """Decides which answer is one to what was asked.

    One confirmed service waits at a time; the marker alone is asked for while one is in doubt.
    """

    @abstractmethod
    def _handle(self, apdu: bytes) -> None:
        """Take what is no copy."""

    @property
    def tolerated(self) -> frozenset[Leniency]:
        """The leniencies of all APDUs, those of the latest opening included."""
        return self.opening.leniencies | self.leniencies

    @property
    def next_call(self) -> float | None:
        """When call() decides what is in doubt."""
        return self._doubted.due if self.state in BLOCK_STATES else None

    @property
    def wants_marker(self) -> bool:
        """Whether a Marker should be asked for before anything else, so that its answer is known in doubt."""
        negotiated, doubted = self.negotiated, self._doubted
        may_read = negotiated is not None and Conformance.READ in negotiated.conformance
        return self.order is not None and may_read and doubted.has_previous and not doubted.is_marker_tried

    @property
    def order(self) -> AnswerOrder | None:
        """Whether each request got its own answer, where nothing else joins them: by short names, in plain."""
        is_plain = self._is_short and not (self.parameters.overhead or self._dropped_apdus.is_lossy)
        return self._order if is_plain else None

    def call(self) -> None:
        """Decide by what came until it was quiet. Raises UnexpectedApdu."""
        self._decide(is_marked=False)

    @property
    def _is_short(self) -> bool:
        return self.parameters.referencing is Referencing.SHORT_NAME

    def _is_late(self, apdu: bytes, *, is_fresh: bool) -> bool:
        """Return whether to leave out what may answer another request than the latest one.

        A question is asked again at once instead, and what comes as often as it was asked is believed. What writes is
        not, and by short names nothing is within a second: the silence that follows will repeat it, or end it.
        """
        late = self._late
        is_asked = self.state in _ASKING_STATES
        may_be = late.may_be(apdu, is_fresh=is_fresh, is_asked=is_asked)
        if apdu[0] in ERRORS and not may_be:
            may_be = self._outstanding.answers_unconfirmed(apdu)
            if may_be and is_asked:
                self._order.left_out(apdu)  # or it answers what is asked, and what comes next is a copy
        if not may_be:
            return False
        if is_asked and late.is_ambiguous(apdu) and self._is_believed(apdu):
            return False
        self._dropped_apdus.counters.late_apdus += 1
        return True

    def _is_believed(self, apdu: bytes) -> bool:
        """Return whether a doubtful answer counts; ask again if not."""
        is_proposal = self.state is State.ASSOCIATING and self._is_open_to_all
        if not (is_proposal or (self.state in BLOCK_STATES and self._outstanding.may_be_repeated)):
            return False
        if self._late.is_too_soon(apdu):
            return False
        key = key_of(apdu)
        self._doubts[key] += 1
        if self._doubts[key] > MOST_REPEATS:
            return True
        self.try_again(is_lossy=True)
        return False

    def _in_step(self, apdu: bytes, *, is_fresh: bool) -> bytes | None:
        """Return what is to be taken now, if anything. Raises UnexpectedApdu."""
        if self._dropped_apdus.is_lossy:
            return apdu
        doubted, marker = self._doubted, self._outstanding.order_marker
        is_seen = apdu[0] in UNNUMBERED and self.order is not None and self._order.came(apdu)
        if self._order.is_copy_of_marker(apdu, marker):
            self._note_copy()
            return None
        is_copy = doubted.came(apdu, is_fresh=is_fresh, is_asked=self.state in BLOCK_STATES)
        if self.state is State.ASSOCIATED:
            return self._unasked(apdu, is_copy=is_copy or is_seen)
        if self.state not in BLOCK_STATES:
            return apdu
        if marker is not None and apdu[0] in UNNUMBERED:
            return self._behind_run(apdu, marker, is_seen=is_seen)
        if doubted.is_only_marked and apdu != doubted.marked:
            self._note_copy()
            doubted.forget()
        if doubted.is_pending:
            return self._behind_doubt(apdu, is_fresh=is_fresh)
        if is_copy and not continues(apdu):
            return self._doubt(apdu)
        self._learn(apdu)
        return apdu

    def _unasked(self, apdu: bytes, *, is_copy: bool) -> bytes | None:
        """Take what comes while nothing is asked."""
        if apdu[0] not in UNNUMBERED or self._outstanding.is_answer_to_told(apdu):
            return apdu
        if is_copy:
            self._leave_out(apdu)
            return None
        if self._is_short:
            # An answer before was one to another request, or the next one will be.
            raise UnexpectedApdu(apdu[0], LOST)
        return apdu

    def _behind_run(self, apdu: bytes, marker: OrderMarker, *, is_seen: bool) -> bytes | None:
        """Take what comes while it is asked whether the order of answers is known. Raises UnexpectedApdu if not."""
        if apdu == marker.expected:
            self._order.settle()
            self._handle(apdu)
            self._order.settle()  # that was no value of the next run
            return None
        if is_seen:
            self._leave_out(apdu)
            return None
        if is_refusal(apdu):
            return apdu  # or it is late; then the marker's answer comes while nothing is asked
        raise UnexpectedApdu(apdu[0], LOST)

    def _leave_out(self, apdu: bytes) -> None:
        if apdu != self._doubted.marked and not self._outstanding.is_answer_to_told(apdu):
            self._order.left_out(apdu)
        self._note_copy()

    def _note_copy(self) -> None:
        self.leniencies.add(Leniency.ANSWERS_TWICE)
        self._dropped_apdus.copy(waiting=self.is_waiting)

    def _learn(self, apdu: bytes) -> None:
        """Take what answers the marker, if this does, and nothing else is like it."""
        if self._latest == MARKER and looks_like_name(apdu):
            self._doubted.marked = apdu

    def _doubt(self, apdu: bytes) -> bytes | None:
        """Keep a copy, or what only looks like one; ask for the marker."""
        outstanding, doubted = self._outstanding, self._doubted
        if apdu[0] not in ERRORS and apdu[0] not in outstanding.answers:
            self._leave_out(apdu)
            return None
        is_marker = self._latest == MARKER
        if (apdu[0] in ERRORS and outstanding.is_numbered_question) or (is_marker and apdu == doubted.marked):
            return apdu  # it costs a value, and no other answer can be taken for it; or it is known
        doubted.add(apdu)
        if doubted.marked is None or is_marker or apdu == doubted.marked:
            self._wait()
        else:
            self._send(self.pair, MARKER)
        return None

    def _wait(self) -> None:
        self._doubted.wait(is_numbered=not self._is_short)

    def _behind_doubt(self, apdu: bytes, *, is_fresh: bool) -> bytes | None:
        """Take what comes behind an answer in doubt."""
        doubted = self._doubted
        is_by_marker = doubted.due is None
        if (is_fresh or apdu[0] in NUMBERED) and self._late.is_ambiguous(apdu):
            doubted.forget()
            self.leniencies.add(Leniency.ANSWERS_TWICE)
            return apdu
        if apdu[0] not in UNNUMBERED:
            return apdu
        if is_by_marker and apdu == doubted.marked:
            self._decide(is_marked=True)
        elif apdu[0] not in ERRORS and apdu[0] not in self._outstanding.answers:
            self._leave_out(apdu)
        elif not doubted.add(apdu):
            raise UnexpectedApdu(apdu[0], LOST)
        elif not is_by_marker:
            self._wait()
        return None

    def _decide(self, *, is_marked: bool) -> None:
        """Take the answer to what was asked. Raises UnexpectedApdu if that cannot be known."""
        doubted = self._doubted
        answer = doubted.answer(is_marked=is_marked, may_be_repeated=self._outstanding.may_be_repeated)
        if doubted.came_twice:
            self.leniencies.add(Leniency.ANSWERS_TWICE)
        if doubted.are_several and answer is not None:
            self._learn(answer)  # nothing like it came before
        others, came_twice = doubted.others(answer), doubted.came_twice
        doubted.forget()
        if answer is None:
            raise UnexpectedApdu(READ_RESPONSE, LOST)
        for each in others or [answer] * came_twice:
            self._order.left_out(each)
        self._handle(answer)
