"""One association: opening, protection, state, outstanding transfer."""

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Final, override

from ..apdu import decode_apdu
from ..apdu.acse import AARE, RLRE
from ..apdu.faults import (
    CONFIRMED_SERVICE_ERROR,
    EXCEPTION_RESPONSE,
    ConfirmedServiceError,
    ExceptionResponse,
)
from ..errors import (
    AssociationRejected,
    BlockTransferAborted,
    ConfirmedServiceErrorReceived,
    DecodeError,
    DlmsError,
    ExceptionReceived,
    InvocationCounterRefused,
    InvocationCounterReplayed,
    RemoteProtocolError,
    SecurityError,
    ServiceErrorCode,
)
from ..limits import Limits
from .association_doubts import AssociationDoubts
from .association_kind import AssociationKind
from .association_requests import MOST_REPEATS
from .dropped_apdus import DroppedApduLimits
from .events import (
    AnswerReceived,
    Associated,
    AssociationLost,
    AssociationRefused,
    BlockReceived,
    ChallengeAnswered,
    Event,
    Released,
    RequestFailed,
)
from .general_blocks import BlockOutcome
from .leniencies import Leniency
from .opening import Opening
from .proposal import MAX_PDU_SIZE, AssociationParameters, Negotiated, WportPair, refusal_of
from .states import BLOCK_STATES, FAILURE_MEANS, SUCCESS_MEANS, Input, advance
from .transfer import ANSWERS, Complete, Continues, Failed, Outcome

_REASON: Final = b"\x80\x01"
"""Tag and length of the reason, the first element of an RLRE."""

_WHOLE: Final[dict[int, Callable[[bytes, Limits], object]]] = {
    **dict.fromkeys((AARE, RLRE, EXCEPTION_RESPONSE, CONFIRMED_SERVICE_ERROR), decode_apdu),
    **ANSWERS,
}
"""How what is handled is decoded: behind it one octet is left out, so no result and no proof becomes another one."""


class AssociationState(AssociationDoubts):
    """One association: what we send, and what becomes of what the peer sends."""

    def __init__(
        self,
        opening: Opening,
        limits: Limits,
        events: deque[Event],
        dropped_apdus: DroppedApduLimits,
        send: Callable[[WportPair, bytes], None],
    ) -> None:
        super().__init__(opening, limits, events, dropped_apdus, send)
        self._answered = b""
        """The latest answer that was taken."""
        self._handlers: Final[dict[int, Callable[[bytes], None]]] = {
            AARE: self._receive_aare,
            RLRE: self._receive_rlre,
            EXCEPTION_RESPONSE: self._receive_error,
            CONFIRMED_SERVICE_ERROR: self._receive_error,
            **dict.fromkeys(ANSWERS, self._receive_answer),
        }

    # -- what the peer sends, in plain

    def receive(self, apdu: bytes, *, is_fresh: bool = False) -> None:
        """Take a plain APDU that is no notification. Raises RemoteProtocolError.

        ``is_fresh``: it came with an invocation counter that no other one had.
        """
        if self._is_late(apdu, is_fresh=is_fresh):
            return
        in_step = self._in_step(apdu, is_fresh=is_fresh)
        if in_step is not None:
            self._handle(in_step)

    @override
    def _handle(self, apdu: bytes) -> None:
        self._order.handles(apdu)
        handle = self._handlers.get(apdu[0], self._receive_foreign)
        try:
            handle(apdu)
        except DecodeError:
            if not _has_surplus_octet(apdu, self._limits):
                raise
            handle(apdu[:-1])
            self.leniencies.add(Leniency.SURPLUS_OCTET)

    def _receive_foreign(self, apdu: bytes) -> None:
        self._step(Input.RECV_FOREIGN, apdu[0])

    def receive_block(self, apdu: bytes, *, is_protected: bool) -> BlockOutcome:
        """Take a general block. ``is_protected``: it was; what replies to it is, too. Raises RemoteProtocolError."""
        was_under_way = self._blocks.is_under_way
        outcome = self._blocks.receive(apdu, is_protected=is_protected, waiting=self.is_waiting)
        if outcome.is_pushed:
            return outcome
        self._dropped_apdus.counters.late_apdus += outcome.is_late
        if outcome.is_contradicted and self._dropped_apdus.is_lossy and self.may_be_repeated:
            # One of them is late, nobody knows which. The meter drops the old answer with the same question anew.
            self.try_again(is_lossy=True)
            return replace(outcome, belongs=True)
        if was_under_way or outcome.whole is None:
            self._late.is_cut()
        for reply in outcome.replies:
            self._send(self.pair, self.opening.protection.protect(reply) if is_protected else reply)
        self.leniencies.update(self._blocks.leniencies(self.state, self.negotiated))
        if outcome.aborted:
            self._fail(BlockTransferAborted(), apdu[0])
        elif outcome.is_new and outcome.whole is None and self.state in BLOCK_STATES:
            self._step(Input.RECV_BLOCK, apdu[0])
            self._good()
            self._events.append(BlockReceived(self.pair, *self._blocks.progress))
        return outcome

    def receive_forgery(self, error: SecurityError) -> None:
        """Note a forgery, or what may be a copy. Raises what too many of them end the connection with."""
        self.forgery = error
        if isinstance(error, InvocationCounterReplayed) and not self._dropped_apdus.is_lossy:
            self.leniencies.add(Leniency.ANSWERS_TWICE)  # no more than a name: it counts as any forgery
        if isinstance(error, InvocationCounterReplayed | InvocationCounterRefused):
            self._dropped_apdus.outdated(error, waiting=self.is_waiting)
        else:
            self._dropped_apdus.forged(error)

    def _step(self, received: Input, tag: int) -> bool:
        """Apply the peer's input; return whether the state changed."""
        before = self.state
        self.state = advance(before, received, tag)
        return self.state is not before

    def _good(self) -> None:
        self._dropped_apdus.good()
        self.forgery = None

    def _taken(self, *, is_remembered: bool = True) -> None:
        """Note that the latest APDU answers what was asked; ``is_remembered``: a copy of it must not do so."""
        self._good()
        self._order.took()
        are_all_here = max(self._doubts.values(), default=0) > self._repeats
        self._late.took(self._spread, 0 if are_all_here else self._repeats, is_remembered=is_remembered)
        if late := self._outstanding.settle():
            self._late.told(late)

    def _receive_aare(self, apdu: bytes) -> None:
        if apdu == self._taken_aare or apdu in self._former_aares:
            # The network doubled it, or the meter answers each of our repeated AARQs: it says nothing new.
            self._step(Input.RECV_STRAY, AARE)
            self._dropped_apdus.copy(waiting=self.is_waiting)
            return
        if self.parameters.kind is not AssociationKind.CONFIRMED:
            self._receive_stray(AARE)
            return
        outcome: Negotiated | AssociationRejected | SecurityError
        try:
            outcome = self.opening.accept(apdu)
        except SecurityError as error:
            outcome = error
        received = _means(outcome, self.parameters)
        if not self._step(received, AARE):
            self._dropped_apdus.counters.stray_apdus += 1
            return
        # A copy of an accepting one does no harm.
        self._taken(is_remembered=received is Input.RECV_REFUSAL)
        self._taken_aare = apdu
        if not isinstance(outcome, Negotiated):
            self._refuse(outcome)
            return
        self.negotiated = outcome
        if received is Input.RECV_CHALLENGE:
            self._former_aares.append(apdu)
            transfer = self.opening.proof()
            request = self._outstanding.first(transfer, MAX_PDU_SIZE)
            self._start(transfer, request, self.opening.protect_proof(request))
            self._events.append(ChallengeAnswered(self.pair))
        else:
            self._events.append(Associated(self.pair, outcome))

    def _refuse(self, error: DlmsError) -> None:
        """Report a refusal; tell the meter after an accepting AARE."""
        self._outstanding.end()  # a refusing AARE may come while the proof is awaited
        if isinstance(error, SecurityError) or self.negotiated is not None:
            self._say(self.opening.release_request())
        self._events.append(AssociationRefused(self.pair, error))

    def _receive_rlre(self, apdu: bytes) -> None:
        try:
            decode_apdu(apdu, self._limits)  # reason not-finished does not keep an association that we have left
        except DecodeError:
            if apdu[2:4] != _REASON or apdu[1] != len(apdu) - 2:
                raise
            self.leniencies.add(Leniency.ODD_RELEASE_RESPONSE)  # nothing behind the reason counts
        if self._step(Input.RECV_RELEASE, RLRE):
            self._good()
            self._events.append(Released(self.pair))
        else:
            self._dropped_apdus.counters.stray_apdus += 1

    def _receive_answer(self, apdu: bytes) -> None:
        outcome = self._outstanding.receive(apdu)
        if outcome is None and self._outstanding.answers_unconfirmed(apdu):
            self._dropped_apdus.counters.stray_apdus += 1  # some meters answer all the same
            return
        if outcome is not None:
            self._answered = apdu
            self._advance_transfer(outcome, apdu[0])
        elif apdu == self._answered and not self._dropped_apdus.is_lossy:
            self._step(Input.RECV_STRAY, apdu[0])
            self._leave_out(apdu)  # no strike: there are those that send everything twice
        else:
            self._receive_stray(apdu[0])

    def _advance_transfer(self, outcome: Outcome, tag: int) -> None:
        was = self.state
        if not isinstance(outcome, Failed) and outcome.leniency is not None:
            self.leniencies.add(outcome.leniency)
        if isinstance(outcome, Continues):
            self._step(Input.RECV_BLOCK, tag)
            self._taken()
            self._events.append(BlockReceived(self.pair, outcome.block_number, outcome.size))
            self._latest = outcome.request
            self._say(self.opening.protection.protect(outcome.request))
            return
        self._outstanding.end()
        received = (SUCCESS_MEANS if isinstance(outcome, Complete) else FAILURE_MEANS)[was]
        self._step(received, tag)
        self._taken()
        if not isinstance(outcome, Complete):
            if received is Input.RECV_REFUSAL:
                self._refuse(outcome.error)
            else:
                self._events.append(RequestFailed(self.pair, outcome.error))
        elif received is Input.RECV_PROOF:
            assert self.negotiated is not None  # set with the challenge
            self.opening.proved()
            self._events.append(Associated(self.pair, self.negotiated))
        else:
            self._events.append(AnswerReceived(self.pair, outcome.octets))

    def _receive_error(self, apdu: bytes) -> None:
        """Take an error APDU: not authenticated, it ends only what waits."""
        error = _error_of(apdu, self._limits, counts=self.parameters.uses_counter)
        if not self._is_of_a_copy(error):
            self._fail(error, apdu[0])
        elif isinstance(error, SecurityError):
            self.receive_forgery(error)  # it tells if nothing else comes
        else:
            self._dropped_apdus.copy(waiting=self.is_waiting)

    def _is_of_a_copy(self, error: DlmsError) -> bool:
        """Whether a counter is refused of a request that came twice, or was overtaken: the meter had it.

        Where that is not clear, what was asked as often as may be is refused, and what is asked once stays unknown.
        """
        if not (self._dropped_apdus.is_lossy and self.parameters.uses_counter):
            return False
        expected = error.expected if isinstance(error, InvocationCounterRefused) else None
        if expected is not None and self.opening.has_reached(expected):
            return True
        may_be = self.state in BLOCK_STATES if expected is None else self.opening.has_ever_reached(expected)
        is_asked_in_vain = self._repeats >= MOST_REPEATS and self._outstanding.may_be_repeated
        return may_be and _is_about_a_key(error) and not is_asked_in_vain

    def _fail(self, error: DlmsError, tag: int) -> None:
        """End what waits with an error; without anything it is stray."""
        means = FAILURE_MEANS.get(self.state, Input.RECV_STRAY)
        if means is Input.RECV_FAILURE and self._outstanding.is_lost_by(error):
            means = Input.RECV_LOSS
        if means is Input.RECV_STRAY:
            self._receive_stray(tag)
            return
        if means is Input.RECV_FAILURE:
            error = self._outstanding.broken_off(error, has_part=self._blocks.has_part)
        self._step(means, tag)
        self._outstanding.end()
        self._taken()
        self._events.append(_EVENT_OF_FAILURE[means](self.pair, error))

    def _receive_stray(self, tag: int) -> None:
        self._order.left_out()
        self._step(Input.RECV_STRAY, tag)
        self._dropped_apdus.stray(self.pair, waiting=self.is_waiting)


def _means(outcome: Negotiated | DlmsError, parameters: AssociationParameters) -> Input:
    """Return what an AARE does to the state."""
    if not isinstance(outcome, Negotiated):
        return Input.RECV_REFUSAL
    return Input.RECV_CHALLENGE if parameters.is_high_level else Input.RECV_ACCEPTANCE


def _error_of(apdu: bytes, limits: Limits, *, counts: bool) -> DlmsError:
    """Return the error of an error APDU. ``counts``: our counter can be the reason."""
    decoded = decode_apdu(apdu, limits)
    if isinstance(decoded, ExceptionResponse):
        if counts and decoded.service_error == ServiceErrorCode.INVOCATION_COUNTER_ERROR:
            return InvocationCounterRefused(decoded.invocation_counter)
        return ExceptionReceived(decoded.state_error, decoded.service_error, decoded.invocation_counter)
    assert isinstance(decoded, ConfirmedServiceError)  # the two tags that lead here
    return ConfirmedServiceErrorReceived(decoded.service, decoded.error_class, decoded.error)


def _is_about_a_key(error: DlmsError) -> bool:
    """Whether a meter may say so to a request that it had before, or to one under a key that is over."""
    is_named = isinstance(error, ExceptionReceived) and error.service_error == ServiceErrorCode.DECIPHERING_ERROR
    return is_named or isinstance(error, InvocationCounterRefused)


def _has_surplus_octet(apdu: bytes, limits: Limits) -> bool:
    """Whether one octet follows a whole APDU: no encoding of these begins with another one's."""
    try:
        _WHOLE[apdu[0]](apdu[:-1], limits)
    except RemoteProtocolError:
        return False
    return True


_EVENT_OF_FAILURE: Final[dict[Input, Callable[[WportPair, DlmsError], Event]]] = {
    Input.RECV_REFUSAL: lambda pair, error: AssociationRefused(pair, refusal_of(error)),
    Input.RECV_FAILURE: RequestFailed,
    Input.RECV_LOSS: AssociationLost,
    Input.RECV_RELEASE: lambda pair, _error: Released(pair),
}
