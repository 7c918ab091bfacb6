"""One association: opening, protection, state, outstanding transfer."""

from collections import deque
from collections.abc import Callable
from typing import Final

from ..apdu import decode_apdu
from ..apdu.acse import AARE, RLRE
from ..apdu.faults import (
    CONFIRMED_SERVICE_ERROR,
    EXCEPTION_RESPONSE,
    ConfirmedServiceError,
    ExceptionResponse,
)
from ..apdu.get import GET_RESPONSE
from ..errors import (
    AssociationRejected,
    ConfirmedServiceErrorReceived,
    DecodeError,
    DlmsError,
    ExceptionReceived,
    InvocationCounterRefused,
    LocalProtocolError,
    RemoteProtocolError,
    SecurityError,
    ServiceErrorCode,
)
from ..limits import Limits
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
from .leniencies import Leniency
from .opening import Opening
from .outstanding import Outstanding
from .proposal import MAX_PDU_SIZE, AssociationParameters, Negotiated, WportPair, refusal_of
from .reassembly import Reassembly
from .states import FAILURE_MEANS, OPEN_STATES, SUCCESS_MEANS, WAITING_STATES, Input, State, advance
from .transfer import ANSWERS, Complete, Continues, Failed, Outcome, Transfer

_MAY_HAVE_SURPLUS_OCTET: Final[dict[int, Callable[[bytes, Limits], object]]] = {
    **dict.fromkeys((AARE, RLRE, EXCEPTION_RESPONSE, CONFIRMED_SERVICE_ERROR), decode_apdu),
    GET_RESPONSE: ANSWERS[GET_RESPONSE],
}
"""What neither proves nor changes anything; and how it is decoded."""


class AssociationState:
    """State of one association. ``events`` and ``dropped_apdus`` are the connection's; ``send`` takes an APDU."""

    def __init__(
        self,
        opening: Opening,
        limits: Limits,
        events: deque[Event],
        dropped_apdus: DroppedApduLimits,
        send: Callable[[WportPair, bytes], None],
    ) -> None:
        self.opening = opening
        self.state = State.IDLE
        self.reassembly: Final = Reassembly()
        self.negotiated: Negotiated | None = None
        self.forgery: SecurityError | None = None
        """Why the last APDU was dropped, until one is taken."""
        self.leniencies: Final[set[Leniency]] = set()
        """What was tolerated in APDUs, over all associations of the pair."""
        self._limits = limits
        self._events = events
        self._dropped_apdus = dropped_apdus
        self._send = send
        self._outstanding = Outstanding(limits)
        self._handlers: Final[dict[int, Callable[[bytes], None]]] = {
            AARE: self._receive_aare,
            RLRE: self._receive_rlre,
            EXCEPTION_RESPONSE: self._receive_error,
            CONFIRMED_SERVICE_ERROR: self._receive_error,
            **dict.fromkeys(ANSWERS, self._receive_answer),
        }

    @property
    def parameters(self) -> AssociationParameters:
        """What was proposed last."""
        return self.opening.parameters

    @property
    def pair(self) -> WportPair:
        """The wPorts."""
        return self.parameters.pair

    @property
    def is_open(self) -> bool:
        """Whether both sides have it."""
        return self.state in OPEN_STATES

    @property
    def is_waiting(self) -> bool:
        """Whether something is unanswered."""
        return self.state in WAITING_STATES

    # -- what we send

    def propose(self, opening: Opening) -> None:
        """Send the AARQ. LocalProtocolError, InvocationCounterExhausted change nothing."""
        after = advance(self.state, Input.SEND_AARQ)
        aarq = opening.aarq()
        self.state = after
        self.opening = opening
        self.negotiated = self.forgery = None
        self._send(self.pair, aarq)

    def request(self, transfer: Transfer) -> None:
        """Send a first request. Raises as Connection.request, changing nothing."""
        advance(self.state, Input.SEND_REQUEST)  # the table has the first word
        negotiated = self.negotiated
        assert negotiated is not None  # set before the state in which requests are possible
        room = negotiated.request_limit - negotiated.overhead
        plain = self._outstanding.first(transfer, room)
        if missing := transfer.needs & ~negotiated.conformance:
            raise LocalProtocolError(f"{missing.standard_names[0]} was not negotiated")
        octets = self.opening.protection.protect(plain)
        if len(octets) > negotiated.request_limit:
            raise LocalProtocolError(
                f"a request of {len(octets)} octets exceeds the meter's limit of {negotiated.request_limit}"
            )
        self.state = advance(self.state, Input.SEND_REQUEST)
        self._start(transfer, octets)

    def release(self) -> None:
        """Send the RLRQ. Raises LocalProtocolError."""
        self.state = advance(self.state, Input.SEND_RLRQ)
        self._outstanding.end()
        self._send(self.pair, self.opening.release_request())

    def stop_waiting_for_release(self) -> None:
        """Release without an answer. Raises LocalProtocolError."""
        self.state = advance(self.state, Input.END_OF_WAIT)
        self._events.append(Released(self.pair))

    def end(self, error: DlmsError) -> None:
        """Take the end of the connection."""
        was, self.state = self.state, advance(self.state, Input.CONNECTION_END)
        if was is not State.IDLE:
            self._events.append(AssociationLost(self.pair, error))

    def _start(self, transfer: Transfer, octets: bytes) -> None:
        self._outstanding.begin(transfer)
        self._send(self.pair, octets)

    # -- what the peer sends, in plain

    def receive(self, apdu: bytes) -> None:
        """Take a plain APDU that is no notification. Raises RemoteProtocolError."""
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

    def receive_forgery(self, error: SecurityError) -> None:
        """Note a forgery. Raises ``error`` after too many."""
        self.forgery = error
        self._dropped_apdus.forged(error)

    def _step(self, received: Input, tag: int) -> bool:
        """Apply the peer's input; return whether the state changed."""
        before = self.state
        self.state = advance(before, received, tag)
        return self.state is not before

    def _taken(self) -> None:
        self._dropped_apdus.good()
        self.forgery = None

    def _receive_aare(self, apdu: bytes) -> None:
        outcome: Negotiated | AssociationRejected | SecurityError
        try:
            outcome = self.opening.accept(apdu)
        except SecurityError as error:
            outcome = error
        if not isinstance(outcome, Negotiated):
            received = Input.RECV_REFUSAL
        elif self.parameters.is_high_level:
            received = Input.RECV_CHALLENGE
        else:
            received = Input.RECV_ACCEPTANCE
        if not self._step(received, AARE):
            self._dropped_apdus.counters.stray_apdus += 1
            return
        self._taken()
        if not isinstance(outcome, Negotiated):
            self._refuse(outcome)
            return
        self.negotiated = outcome
        if received is Input.RECV_CHALLENGE:
            transfer = self.opening.proof()
            request = self._outstanding.first(transfer, MAX_PDU_SIZE)
            self._start(transfer, self.opening.protect_proof(request))
            self._events.append(ChallengeAnswered(self.pair))
        else:
            self._events.append(Associated(self.pair, outcome))

    def _refuse(self, error: DlmsError) -> None:
        """Report a refusal; tell the meter after an accepting AARE."""
        self._outstanding.end()  # a refusing AARE may come while the proof is awaited
        if isinstance(error, SecurityError) or self.negotiated is not None:
            self._send(self.pair, self.opening.release_request())
        self._events.append(AssociationRefused(self.pair, error))

    def _receive_rlre(self, apdu: bytes) -> None:
        decode_apdu(apdu, self._limits)  # reason not-finished does not keep an association that we have left
        if self._step(Input.RECV_RELEASE, RLRE):
            self._taken()
            self._events.append(Released(self.pair))
        else:
            self._dropped_apdus.counters.stray_apdus += 1

    def _receive_answer(self, apdu: bytes) -> None:
        outcome = self._outstanding.receive(apdu)
        if outcome is None:
            self._receive_stray(apdu)
        else:
            self._advance_transfer(outcome, apdu[0])

    def _advance_transfer(self, outcome: Outcome, tag: int) -> None:
        was = self.state
        if not isinstance(outcome, Failed) and outcome.leniency is not None:
            self.leniencies.add(outcome.leniency)
        if isinstance(outcome, Continues):
            self._step(Input.RECV_BLOCK, tag)
            self._taken()
            self._events.append(BlockReceived(self.pair, outcome.block_number, outcome.size))
            self._send(self.pair, self.opening.protection.protect(outcome.request))
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
        means = FAILURE_MEANS.get(self.state, Input.RECV_STRAY)
        if means is Input.RECV_FAILURE and self._outstanding.is_lost_by(error):
            means = Input.RECV_LOSS
        if means is Input.RECV_STRAY:
            self._receive_stray(apdu)
            return
        self._step(means, apdu[0])
        self._outstanding.end()
        self._taken()
        self._events.append(_EVENT_OF_FAILURE[means](self.pair, error))

    def _receive_stray(self, apdu: bytes) -> None:
        self._step(Input.RECV_STRAY, apdu[0])
        self._dropped_apdus.stray(self.pair)


def _error_of(apdu: bytes, limits: Limits, *, counts: bool) -> DlmsError:
    """Return the error of an error APDU. ``counts``: our counter can be the reason."""
    decoded = decode_apdu(apdu, limits)
    if isinstance(decoded, ExceptionResponse):
        if counts and decoded.service_error == ServiceErrorCode.INVOCATION_COUNTER_ERROR:
            return InvocationCounterRefused(decoded.invocation_counter)
        return ExceptionReceived(decoded.state_error, decoded.service_error, decoded.invocation_counter)
    assert isinstance(decoded, ConfirmedServiceError)  # the two tags that lead here
    return ConfirmedServiceErrorReceived(decoded.service, decoded.error_class, decoded.error)


def _has_surplus_octet(apdu: bytes, limits: Limits) -> bool:
    """Whether one octet follows a whole APDU: no encoding of these begins with another one's."""
    decode = _MAY_HAVE_SURPLUS_OCTET.get(apdu[0])
    if decode is None:
        return False
    try:
        decode(apdu[:-1], limits)
    except RemoteProtocolError:
        return False
    return True


_EVENT_OF_FAILURE: Final[dict[Input, Callable[[WportPair, DlmsError], Event]]] = {
    Input.RECV_REFUSAL: lambda pair, error: AssociationRefused(pair, refusal_of(error)),
    Input.RECV_FAILURE: RequestFailed,
    Input.RECV_LOSS: AssociationLost,
    Input.RECV_RELEASE: lambda pair, _error: Released(pair),
}
