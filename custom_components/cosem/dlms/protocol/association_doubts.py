"""One association: which answer is one to what was asked.

Where messages get lost late_answers.py says what may be late, over a stream doubted_answers.py what may be a copy.
"""

from abc import abstractmethod
from typing import Final

from ..apdu.short_name import READ_RESPONSE, WRITE_RESPONSE
from ..errors import DlmsError, OutcomeUnknown, UnexpectedApdu
from .association_requests import MOST_REPEATS, AssociationRequests
from .doubted_answers import UNNUMBERED, continues, is_marked, marker, may_be_refusal
from .late_answers import ERRORS, NUMBERED, answer_number
from .leniencies import Leniency
from .referencing import Referencing
from .states import BLOCK_STATES, State

_LOST: Final = "where it answers nothing: the order of answers without a number is lost"
_UNKNOWN: Final = "the meter answers twice, and what answers this request is not known"

_ASKING_STATES: Final = BLOCK_STATES | {State.ASSOCIATING, State.PROVING}
"""An answer is awaited that is more than the end of a release."""


class AssociationDoubts(AssociationRequests):
    """Decides which answer is one to what was asked."""

    @abstractmethod
    def _handle(self, apdu: bytes) -> None:
        """Take what is no copy."""

    @abstractmethod
    def _fail(self, error: DlmsError, tag: int) -> None:
        """End what waits."""

    @property
    def next_call(self) -> float | None:
        """When call() decides what is in doubt."""
        return self._doubted.due if self.state in BLOCK_STATES else None

    @property
    def is_in_doubt(self) -> bool:
        """Whether an answer came, and another one will tell whether it is the right one."""
        return self._doubted.is_pending and self.state in BLOCK_STATES

    def call(self) -> None:
        """Decide by what came until now. Raises UnexpectedApdu."""
        if self._doubted.due is None:
            self._doubted.has_no_marker = True  # it was not even refused
        else:
            self._doubted.drop_last()
        if self._outstanding.may_be_repeated:
            self._decide()
        else:
            self._end_doubt(OutcomeUnknown(_UNKNOWN))

    @property
    def _is_short(self) -> bool:
        return self.parameters.referencing is Referencing.SHORT_NAME

    def _is_late(self, apdu: bytes, *, is_fresh: bool) -> bool:
        """Return whether to leave out what may answer another request than the latest one.

        Where an invoke-id tells the answers apart, the question is asked again at once instead, and what comes as often
        as it was asked is believed. Otherwise the silence that follows will repeat it, or end it.
        """
        late = self._late
        is_asked = self.state in _ASKING_STATES
        may_be = late.may_be(apdu, is_fresh=is_fresh, is_asked=is_asked)
        if apdu[0] in ERRORS and not may_be:
            may_be = self._outstanding.answers_unconfirmed(apdu)
        if not may_be:
            return False
        if is_asked and late.is_ambiguous(apdu) and self._is_believed():
            return False
        self._dropped_apdus.counters.late_apdus += 1
        return True

    def _is_believed(self) -> bool:
        """Return whether a doubtful answer counts; ask again if not."""
        is_proposal = self.state is State.ASSOCIATING and self._is_open_to_all
        if not (is_proposal or (self.state in BLOCK_STATES and self._outstanding.is_numbered_question)):
            return False
        self._doubts += 1
        if self._doubts > MOST_REPEATS:
            return True
        self.try_again(is_lossy=True)
        return False

    def _in_step(self, apdu: bytes, *, is_fresh: bool) -> bytes | None:
        """Return what is to be taken now, if anything. Raises UnexpectedApdu."""
        if self._dropped_apdus.is_lossy:
            return apdu
        is_copy = self._doubted.came(apdu, is_fresh=is_fresh)
        if self.state is State.ASSOCIATED:
            return self._unasked(apdu, is_copy=is_copy)
        if self.state not in BLOCK_STATES:
            return apdu
        if self._doubted.is_pending:
            return self._behind_doubt(apdu, is_copy=is_copy)
        if not is_copy or continues(apdu):
            return apdu
        return self._doubt(apdu)

    def _unasked(self, apdu: bytes, *, is_copy: bool) -> bytes | None:
        """Take what comes while nothing is asked."""
        if apdu[0] not in UNNUMBERED or self._outstanding.is_answer_to_told(apdu):
            return apdu
        if is_copy:
            self._leave_out()
            return None
        if self._is_short:
            # An answer before was one to another request, or the next one will be.
            raise UnexpectedApdu(apdu[0], _LOST)
        return apdu

    def _leave_out(self) -> None:
        self.leniencies.add(Leniency.ANSWERS_TWICE)
        self._dropped_apdus.copy(waiting=self.is_waiting)

    def _doubt(self, apdu: bytes) -> bytes | None:
        """Keep a copy, or what only looks like one; ask for the marker."""
        outstanding = self._outstanding
        if apdu[0] not in ERRORS and apdu[0] not in outstanding.answers:
            self._leave_out()
            return None
        if apdu[0] in ERRORS and outstanding.is_numbered_question:
            return apdu  # it costs a value; no other answer can be taken for it
        transfer = marker(by_short_name=self._is_short)
        request, number = outstanding.beside(transfer)
        if is_marked(apdu) and self._latest != request:
            self._leave_out()
            return None
        doubted = self._doubted
        doubted.add(apdu, is_copy=True)
        doubted.number = number
        assert self.negotiated is not None  # something is asked
        if doubted.has_no_marker or transfer.needs & ~self.negotiated.conformance:
            doubted.wait()
        else:
            self._send(self.pair, self.opening.protection.protect(request))
        return None

    def _behind_doubt(self, apdu: bytes, *, is_copy: bool) -> bytes | None:
        """Take what comes behind an answer in doubt."""
        doubted = self._doubted
        if apdu[0] in NUMBERED:
            return self._numbered_behind_doubt(apdu)
        is_marker = self._is_short and (is_marked(apdu) or self._outstanding.answers == {WRITE_RESPONSE})
        if is_marker and apdu[0] == READ_RESPONSE:
            self._decide()
        elif apdu[0] not in UNNUMBERED:
            return apdu
        elif not doubted.add(apdu, is_copy=is_copy):
            raise UnexpectedApdu(apdu[0], _LOST)
        elif may_be_refusal(apdu):
            self._behind_refusal()
        return None

    def _behind_refusal(self) -> None:
        """Take what may refuse the marker."""
        if self._doubted.are_equal:
            self._decide()  # it is the same, whichever of them it is
        else:
            self._doubted.wait()

    def _numbered_behind_doubt(self, apdu: bytes) -> bytes | None:
        if apdu[0] in self._outstanding.answers:
            self._doubted.forget()
            self.leniencies.add(Leniency.ANSWERS_TWICE)
            return apdu
        if answer_number(apdu) != self._doubted.number:
            return apdu
        self._decide()
        return None

    def _decide(self) -> None:
        """Take the answer to what was asked. Raises UnexpectedApdu if that cannot be known."""
        answer, came_twice = self._doubted.answer(), self._doubted.came_twice
        self._doubted.forget()
        if came_twice:
            self.leniencies.add(Leniency.ANSWERS_TWICE)
        if answer is None:
            raise UnexpectedApdu(READ_RESPONSE, _LOST)
        self._handle(answer)

    def _end_doubt(self, error: DlmsError) -> None:
        self._doubted.forget()
        self._fail(error, READ_RESPONSE)
