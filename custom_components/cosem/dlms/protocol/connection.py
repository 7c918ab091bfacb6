"""One connection to one physical device: octets in, events out, octets to send. Sans-IO.

Joins framing, associations and exchanges: finds the association by its wPorts, moves its state through the one table
(states.py), and turns whatever the peer does into events. Knows nothing of sockets, time and tasks; whoever drives it
owns the deadlines::

    connection.propose(parameters)
    await transport.send(connection.data_to_send())
    connection.receive_data(await transport.receive())
    while (event := connection.next_event()) is not None: ...

One object, one life: after ConnectionEnded nothing happens any more, and the first error is the one that counts.
What the peer does wrong ends the connection (rule M9): the boundaries of its messages would still be known, but not
what it believes to have answered. Two things are forgiven. APDUs that belong to nothing we asked are dropped and
counted, and only ``Limits.strikes`` in a row end the connection (S22); wPorts of no association of ours count as
strikes only while something is unanswered. Notifications are handed aside at any time, up to
``Limits.unsolicited_apdus`` while one request waits.

Every APDU passes ``Protection`` on its way in and out, right behind and in front of the framing; ACSE APDUs pass as they
are, their contents are the business of opening.py. A protected APDU that fails its verification, or repeats an invocation
counter, is dropped and counted like a stray one (F38, F39) and remembered: a caller who waited in vain gets that
error. One that is less or otherwise protected than agreed ends the connection (rules S11 to S16).
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from ..apdu import decode_apdu
from ..apdu.acse import AARE, RLRE
from ..apdu.action import ACTION_RESPONSE
from ..apdu.common import AttributeDescriptor, Selection
from ..apdu.faults import (
    CONFIRMED_SERVICE_ERROR,
    EXCEPTION_RESPONSE,
    INVOCATION_COUNTER_ERROR,
    ConfirmedServiceError,
    ExceptionResponse,
)
from ..apdu.get import GET_RESPONSE
from ..apdu.initiate import Conformance
from ..errors import (
    AssociationRejected,
    AuthenticationTagInvalid,
    ConfirmedServiceErrorReceived,
    ConnectionLost,
    DlmsError,
    ExceptionReceived,
    InvocationCounterRefused,
    InvocationCounterReplayed,
    LimitExceeded,
    LocalProtocolError,
    PeerNotAuthenticated,
    SecurityError,
    WrongAddress,
)
from ..limits import DEFAULT_LIMITS, Limits
from ..security.counters import SendingCounter
from .events import (
    AnswerReceived,
    Associated,
    AssociationRefused,
    BlockReceived,
    ChallengeAnswered,
    ConnectionEnded,
    Dropped,
    Event,
    NotificationReceived,
    Released,
    RequestFailed,
)
from .exchange import Complete, Exchange, NextBlock, Request, RequestKind
from .framing import Framing, WrapperFraming
from .opening import Opening
from .proposal import (
    MAX_PDU_SIZE,
    AssociationParameters,
    Negotiated,
    Protection,
    WportPair,
    refusal_of,
)
from .states import FAILURE_MEANS, OPEN_STATES, WAITING_STATES, Input, State, advance
from .wrapper import Wpdu

NOTIFICATION_TAGS: Final = frozenset({0x0F, 0x18, 0x38, 0x58, 0xC2, 0xCA, 0xD2, 0xDB, 0xDC, 0xDD, 0xDF, 0xE0})
"""DataNotification, InformationReport, EventNotification, plain and ciphered, and the envelopes they may come in."""

OTHER_ANSWER_TAGS: Final = frozenset({0x0C, 0x0D, 0xC5, 0xDA})
"""Answers to services we do not use: read, write, set, access."""

FIRST_APDU_LIMIT: Final = 2048
"""Octets; an AARE may be longer than the PDU size that is about to be agreed on, and so may a notification."""

_ASSOCIATION_UNKNOWN: Final = (1, 1)
"""exception-response service-not-allowed, operation-not-possible: the meter knows no association."""


@dataclass(slots=True, kw_only=True)
class _Association:
    """What is known of one association."""

    opening: Opening
    exchange: Exchange
    protection: Protection
    state: State = State.IDLE
    negotiated: Negotiated | None = None
    forgery: SecurityError | None = None
    """Why the last APDU was dropped, until one is taken."""

    @property
    def parameters(self) -> AssociationParameters:
        return self.opening.parameters

    @property
    def pair(self) -> WportPair:
        return self.parameters.pair


@dataclass(slots=True)
class Counters:
    """What was dropped without a consequence; for diagnostics."""

    stray_apdus: int = 0
    foreign_wports: int = 0
    forged_apdus: int = 0
    notifications: int = 0


class Connection:
    """The client's end of one connection. Methods that take a pair raise LocalProtocolError for an unknown one."""

    def __init__(self, framing: Framing | None = None, *, limits: Limits = DEFAULT_LIMITS) -> None:
        """Start with nothing proposed. The framing is the wrapper unless another one is given."""
        self._framing: Framing = framing or WrapperFraming()
        self._limits = limits
        self._associations: dict[WportPair, _Association] = {}
        self._events: deque[Event] = deque()
        self._output = bytearray()
        self._strikes = 0
        self._unsolicited = 0
        self._error: DlmsError | None = None
        self.counters: Final = Counters()
        self._handlers: Final[dict[int, Callable[[_Association, bytes], None]]] = {
            AARE: self._receive_aare,
            RLRE: self._receive_rlre,
            GET_RESPONSE: self._receive_get_response,
            ACTION_RESPONSE: self._receive_action_response,
            EXCEPTION_RESPONSE: self._receive_error,
            CONFIRMED_SERVICE_ERROR: self._receive_error,
            **dict.fromkeys(OTHER_ANSWER_TAGS, self._receive_stray),
        }

    # -- what the owner asks

    @property
    def error(self) -> DlmsError | None:
        """Why the connection ended; None while it lives."""
        return self._error

    def state(self, pair: WportPair) -> State:
        """Return the state of an association, IDLE for one that was never proposed."""
        association = self._associations.get(pair)
        if association is None:
            return State.IDLE if self._error is None else State.CLOSED
        return association.state

    def is_open(self, pair: WportPair) -> bool:
        """Return whether both sides have this association."""
        return self.state(pair) in OPEN_STATES

    def is_waiting(self, pair: WportPair) -> bool:
        """Return whether something of this association is unanswered."""
        return self.state(pair) in WAITING_STATES

    def forgery(self, pair: WportPair) -> SecurityError | None:
        """Return why the last APDU of an association was dropped, None when it was taken."""
        association = self._associations.get(pair)
        return None if association is None else association.forgery

    def dedicated_counter(self, pair: WportPair) -> SendingCounter | None:
        """Return the sending counter of the dedicated key, which requests use when there is one."""
        return self._known(pair).opening.dedicated_counter

    def next_event(self) -> Event | None:
        """Return what happened next, None when nothing is left."""
        return self._events.popleft() if self._events else None

    def data_to_send(self) -> bytes:
        """Return everything to be sent, whole messages only, and forget it."""
        octets = bytes(self._output)
        self._output.clear()
        return octets

    # -- what the owner does

    def propose(self, parameters: AssociationParameters, opening: Opening | None = None) -> None:
        """Send the AARQ. Associated or AssociationRefused follows, with high-level security after ChallengeAnswered.

        ``opening`` was made for these parameters and this attempt; it is needed for high-level security and ciphering.
        A pair can be proposed again after it was released or refused. Raises LocalProtocolError otherwise, and
        InvocationCounterExhausted when no counter may be used; nothing is sent then.
        """
        if self._error is not None:
            raise LocalProtocolError("the connection has ended")
        opening = opening or Opening(parameters, limits=self._limits)
        association = self._associations.get(parameters.pair)
        if association is None:
            association = _Association(opening=opening, exchange=Exchange(self._limits), protection=opening.protection)
        after = advance(association.state, Input.SEND_AARQ)
        aarq = opening.aarq()
        association.state = after
        association.opening, association.protection = opening, opening.protection
        association.negotiated = association.forgery = None
        self._associations[parameters.pair] = association
        self._framing.expect_apdu_limit(self._receive_limit())
        self._send_plain(association, aarq)

    def get(self, pair: WportPair, attribute: AttributeDescriptor, selection: Selection | None = None) -> None:
        """Send a GET for one attribute. BlockReceived..., AnswerReceived or RequestFailed follow.

        Raises LocalProtocolError: not associated, another request outstanding, selective access not negotiated, or a
        request longer than the server's max-receive-pdu-size.
        """
        association = self._associated(pair)
        if selection is not None:
            _require(association, Conformance.SELECTIVE_ACCESS)
        self._request(association, association.exchange.prepare_get(attribute, selection))

    def get_with_list(self, pair: WportPair, items: Sequence[tuple[AttributeDescriptor, Selection | None]]) -> None:
        """Send a GET for several attributes. The same events follow as for get().

        Raises LocalProtocolError as get() does, and when multiple references were not negotiated or nothing is asked.
        """
        association = self._associated(pair)
        _require(association, Conformance.MULTIPLE_REFERENCES)
        if not items:
            raise LocalProtocolError("a list of attributes needs at least one")
        if any(selection is not None for _attribute, selection in items):
            _require(association, Conformance.SELECTIVE_ACCESS)
        self._request(association, association.exchange.prepare_get_with_list(tuple(items)))

    def release(self, pair: WportPair) -> None:
        """Send the RLRQ, also when something is outstanding. Released follows if the peer answers."""
        association = self._known(pair)
        self._step_local(association, Input.SEND_RLRQ)
        association.exchange.stop()
        association.opening.stop()
        self._send_plain(association, association.opening.release_request())

    def stop_waiting_for_release(self, pair: WportPair) -> None:
        """Take the association for released although the peer did not answer. Released follows."""
        association = self._known(pair)
        self._step_local(association, Input.END_OF_WAIT)
        self._events.append(Released(pair))

    def receive_data(self, octets: bytes) -> None:
        """Take octets from the peer, cut anywhere. Never raises; after the end they are ignored."""
        if self._error is not None:
            return
        framing_error = None
        try:
            self._framing.receive_data(octets)
        except DlmsError as error:
            framing_error = error
        try:
            # What was complete before the framing broke still counts, so that segments make no difference (rule M12).
            while (message := self._framing.next_message()) is not None:
                self._receive_message(message)
        except DlmsError as error:
            self.abort(error)
        if framing_error is not None:
            self.abort(framing_error)

    def receive_eof(self, *, reset: bool = False) -> None:
        """Take the end of the connection: orderly, or by a reset (any loss of the transport). Never raises."""
        truncated = False
        try:
            self._framing.receive_eof()
        except ConnectionLost as error:
            truncated = error.truncated
        self.abort(ConnectionLost(reset=reset, truncated=truncated))

    def abort(self, error: DlmsError) -> None:
        """End everything: a deadline passed, or the peer broke the protocol. Only the first call has an effect."""
        if self._error is not None:
            return
        self._error = error
        self._output.clear()
        for association in self._associations.values():
            was = association.state
            association.state = advance(was, Input.CONNECTION_END)
            association.exchange.stop()
            if was is not State.IDLE:
                self._events.append(Dropped(association.pair, error))
        self._events.append(ConnectionEnded(error))

    # -- sending

    def _known(self, pair: WportPair) -> _Association:
        association = self._associations.get(pair)
        if association is None:
            raise LocalProtocolError(f"nothing was proposed for the wPorts {pair}")
        return association

    def _associated(self, pair: WportPair) -> _Association:
        """Return an association that can take a request; the table has the last word."""
        association = self._known(pair)
        advance(association.state, Input.SEND_REQUEST)
        return association

    def _request(self, association: _Association, request: Request) -> None:
        negotiated = association.negotiated
        assert negotiated is not None  # set before the state in which requests are possible
        octets = association.protection.protect(request.octets)
        if len(octets) > negotiated.request_limit:
            raise LocalProtocolError(
                f"a request of {len(octets)} octets exceeds the meter's limit of {negotiated.request_limit}"
            )
        self._step_local(association, Input.SEND_REQUEST)
        association.exchange.start(request)
        self._unsolicited = 0
        self._write(association, octets)

    def _send(self, association: _Association, apdu: bytes) -> None:
        self._send_plain(association, association.protection.protect(apdu))

    def _send_plain(self, association: _Association, octets: bytes) -> None:
        self._unsolicited = 0
        self._write(association, octets)

    def _write(self, association: _Association, octets: bytes) -> None:
        pair = association.pair
        self._output += self._framing.encode(Wpdu(pair.client_wport, pair.server_wport, octets))

    def _step_local(self, association: _Association, sent: Input) -> None:
        association.state = advance(association.state, sent)

    def _receive_limit(self) -> int:
        """Return the longest APDU we told anybody to send, and its protection; at least what an AARE may need.

        Whether a maximum PDU size counts before or after ciphering is read both ways.
        """
        sizes = [
            (each.parameters.max_receive_pdu_size or MAX_PDU_SIZE) + each.parameters.overhead
            for each in self._associations.values()
        ]
        return min(max([FIRST_APDU_LIMIT, *sizes]), self._limits.apdu)

    # -- receiving

    def _receive_message(self, message: Wpdu) -> None:
        association = self._associations.get(WportPair(message.destination_wport, message.source_wport))
        apdu = message.apdu
        if association is not None:
            try:
                apdu = association.protection.unprotect(apdu)
            except (AuthenticationTagInvalid, InvocationCounterReplayed) as error:
                self._receive_forgery(association, error)
                return
        tag = apdu[0]
        if tag in NOTIFICATION_TAGS:
            self._receive_notification(message)
        elif association is None:
            self.counters.foreign_wports += 1
            if self._something_waits():
                self._strike(message.source_wport, message.destination_wport)
        elif (handle := self._handlers.get(tag)) is not None:
            handle(association, apdu)
        else:
            self._step(association, Input.RECV_FOREIGN, tag)

    def _something_waits(self) -> bool:
        return any(association.state in WAITING_STATES for association in self._associations.values())

    def _receive_notification(self, message: Wpdu) -> None:
        self.counters.notifications += 1
        if self._something_waits():
            self._unsolicited += 1
            if self._unsolicited > self._limits.unsolicited_apdus:
                raise LimitExceeded("unsolicited APDUs while a request waits", self._limits.unsolicited_apdus)
        self._events.append(NotificationReceived(message.source_wport, message.destination_wport, message.apdu))

    def _step(self, association: _Association, received: Input, tag: int) -> bool:
        """Move on by an input of the peer; return whether the state is another one now."""
        before = association.state
        association.state = advance(before, received, tag)
        return association.state is not before

    def _receive_aare(self, association: _Association, apdu: bytes) -> None:
        opening = association.opening
        outcome: Negotiated | AssociationRejected | SecurityError
        try:
            outcome = opening.accept(apdu)
        except SecurityError as error:
            outcome = error
        if not isinstance(outcome, Negotiated):
            received = Input.RECV_REFUSAL
        elif opening.parameters.is_high_level:
            received = Input.RECV_CHALLENGE
        else:
            received = Input.RECV_ACCEPTANCE
        if not self._step(association, received, AARE):
            self.counters.stray_apdus += 1
            return
        self._note_good(association)
        if not isinstance(outcome, Negotiated):
            self._refuse(association, outcome)
            return
        association.negotiated = outcome
        if received is Input.RECV_CHALLENGE:
            self._send(association, opening.proof_request(association.exchange.take_invoke_id()))
            self._events.append(ChallengeAnswered(association.pair))
        else:
            self._events.append(Associated(association.pair, outcome))

    def _receive_action_response(self, association: _Association, apdu: bytes) -> None:
        """Take the meter's proof (HLS pass 4): before it is verified nothing can be read."""
        try:
            proved = association.opening.check_proof(apdu)
        except (PeerNotAuthenticated, AssociationRejected) as error:
            self._step(association, Input.RECV_REFUSAL, ACTION_RESPONSE)
            self._note_good(association)
            self._refuse(association, error)
            return
        if not proved:
            self._receive_stray(association, apdu)
            return
        self._step(association, Input.RECV_PROOF, ACTION_RESPONSE)
        self._note_good(association)
        assert association.negotiated is not None  # set with the challenge
        self._events.append(Associated(association.pair, association.negotiated))

    def _refuse(self, association: _Association, error: DlmsError) -> None:
        """Report a refusal. If it is ours, or comes after the AARE, the meter is told, and its answer not awaited."""
        if isinstance(error, SecurityError) or association.negotiated is not None:
            self._send_plain(association, association.opening.release_request())
        self._events.append(AssociationRefused(association.pair, error))

    def _receive_rlre(self, association: _Association, apdu: bytes) -> None:
        decode_apdu(apdu, self._limits)  # reason not-finished does not keep an association that we have left
        if self._step(association, Input.RECV_RELEASE, RLRE):
            self._note_good(association)
            self._events.append(Released(association.pair))
        else:
            self.counters.stray_apdus += 1

    def _receive_get_response(self, association: _Association, apdu: bytes) -> None:
        outcome = association.exchange.receive(apdu)
        if outcome is None:
            self._receive_stray(association, apdu)
            return
        self._note_good(association)
        pair = association.pair
        if isinstance(outcome, NextBlock):
            self._step(association, Input.RECV_BLOCK, GET_RESPONSE)
            self._events.append(BlockReceived(pair, outcome.block_number, outcome.size))
            self._send(association, outcome.request)
        elif isinstance(outcome, Complete):
            self._step(association, Input.RECV_ANSWER, GET_RESPONSE)
            self._events.append(AnswerReceived(pair, outcome.octets))
        else:
            self._step(association, Input.RECV_FAILURE, GET_RESPONSE)
            self._events.append(RequestFailed(pair, outcome.error))

    def _receive_error(self, association: _Association, apdu: bytes) -> None:
        """Take an exception-response or confirmed-service-error: never authenticated, so it ends what waits and no more."""
        error = _error_of(apdu, self._limits, counts=association.parameters.uses_counter)
        means = FAILURE_MEANS.get(association.state, Input.RECV_STRAY)
        if means is Input.RECV_FAILURE and _says_lost(error) and association.exchange.kind is RequestKind.SINGLE:
            means = Input.RECV_LOSS
        if means is Input.RECV_STRAY:
            self._receive_stray(association, apdu)
            return
        self._step(association, means, apdu[0])
        association.exchange.stop()
        association.opening.stop()
        self._note_good(association)
        self._events.append(_EVENT_OF_FAILURE[means](association.pair, error))

    def _receive_stray(self, association: _Association, apdu: bytes) -> None:
        """Count an answer that belongs to nothing we asked."""
        self._step(association, Input.RECV_STRAY, apdu[0])
        self.counters.stray_apdus += 1
        self._strike(association.pair.server_wport, association.pair.client_wport)

    def _receive_forgery(self, association: _Association, error: SecurityError) -> None:
        """Count an APDU that was not verified; it changes nothing, but too many in a row end the connection."""
        self.counters.forged_apdus += 1
        association.forgery = error
        self._strikes += 1
        if self._strikes >= self._limits.strikes:
            raise error

    def _note_good(self, association: _Association) -> None:
        self._strikes = 0
        association.forgery = None

    def _strike(self, source_wport: int, destination_wport: int) -> None:
        self._strikes += 1
        if self._strikes >= self._limits.strikes:
            raise WrongAddress(source_wport, destination_wport)


def _require(association: _Association, service: Conformance) -> None:
    negotiated = association.negotiated
    assert negotiated is not None  # set before the state in which requests are possible
    if service not in negotiated.conformance:
        raise LocalProtocolError(f"{service.standard_names[0]} was not negotiated")


def _error_of(apdu: bytes, limits: Limits, *, counts: bool) -> DlmsError:
    """Return the error that an error APDU stands for. ``counts``: our invocation counter can be the reason."""
    decoded = decode_apdu(apdu, limits)
    if isinstance(decoded, ExceptionResponse):
        if counts and decoded.service_error == INVOCATION_COUNTER_ERROR:
            return InvocationCounterRefused(decoded.invocation_counter)
        return ExceptionReceived(decoded.state_error, decoded.service_error, decoded.invocation_counter)
    assert isinstance(decoded, ConfirmedServiceError)  # the two tags that lead here
    return ConfirmedServiceErrorReceived(decoded.service, decoded.error_class, decoded.error)


def _says_lost(error: DlmsError) -> bool:
    """Return whether the meter says that it knows no association.

    To a list it may as well mean that it knows no lists: the caller finds out by asking for less.
    """
    return isinstance(error, ExceptionReceived) and (error.state_error, error.service_error) == _ASSOCIATION_UNKNOWN


_EVENT_OF_FAILURE: Final[dict[Input, Callable[[WportPair, DlmsError], Event]]] = {
    Input.RECV_REFUSAL: lambda pair, error: AssociationRefused(pair, refusal_of(error)),
    Input.RECV_FAILURE: RequestFailed,
    Input.RECV_LOSS: Dropped,
    Input.RECV_RELEASE: lambda pair, _error: Released(pair),
}
