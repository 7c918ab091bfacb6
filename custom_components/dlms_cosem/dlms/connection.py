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

Every APDU passes ``Protection`` on its way in and out, right behind and in front of the framing.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from .apdu import decode_apdu
from .apdu.acse import AARE, RLRE
from .apdu.common import AttributeDescriptor, Selection
from .apdu.faults import CONFIRMED_SERVICE_ERROR, EXCEPTION_RESPONSE, ConfirmedServiceError, ExceptionResponse
from .apdu.get import GET_RESPONSE
from .apdu.initiate import Conformance
from .association import (
    MAX_PDU_SIZE,
    AssociationParameters,
    Negotiated,
    NoProtection,
    Protection,
    WportPair,
    check_acceptance,
    encode_proposal,
    encode_release,
    refusal_of,
)
from .errors import (
    AssociationRejected,
    ConfirmedServiceErrorReceived,
    ConnectionLost,
    DlmsError,
    ExceptionReceived,
    LimitExceeded,
    LocalProtocolError,
    WrongAddress,
)
from .events import (
    AnswerReceived,
    Associated,
    AssociationRefused,
    BlockReceived,
    ConnectionEnded,
    Dropped,
    Event,
    NotificationReceived,
    Released,
    RequestFailed,
)
from .exchange import Complete, Exchange, NextBlock, Request, RequestKind
from .framing import Framing, WrapperFraming
from .limits import DEFAULT_LIMITS, Limits
from .states import FAILURE_MEANS, OPEN_STATES, WAITING_STATES, Input, State, advance
from .wrapper import Wpdu

NOTIFICATION_TAGS: Final = frozenset({0x0F, 0x18, 0x38, 0x58, 0xC2, 0xCA, 0xD2, 0xDB, 0xDC, 0xDD, 0xDF, 0xE0})
"""DataNotification, InformationReport, EventNotification, plain and ciphered, and the envelopes they may come in."""

OTHER_ANSWER_TAGS: Final = frozenset({0x0C, 0x0D, 0xC5, 0xC7, 0xDA})
"""Answers to services we do not use: read, write, set, action, access."""

FIRST_APDU_LIMIT: Final = 2048
"""Octets; an AARE may be longer than the PDU size that is about to be agreed on, and so may a notification."""

_ASSOCIATION_UNKNOWN: Final = (1, 1)
"""exception-response service-not-allowed, operation-not-possible: the meter knows no association."""


@dataclass(slots=True, kw_only=True)
class _Association:
    """What is known of one association."""

    parameters: AssociationParameters
    exchange: Exchange
    protection: Protection = field(default_factory=NoProtection)
    state: State = State.IDLE
    negotiated: Negotiated | None = None

    @property
    def pair(self) -> WportPair:
        return self.parameters.pair


@dataclass(slots=True)
class Counters:
    """What was dropped without a consequence; for diagnostics."""

    stray_apdus: int = 0
    foreign_wports: int = 0
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

    def next_event(self) -> Event | None:
        """Return what happened next, None when nothing is left."""
        return self._events.popleft() if self._events else None

    def data_to_send(self) -> bytes:
        """Return everything to be sent, whole messages only, and forget it."""
        octets = bytes(self._output)
        self._output.clear()
        return octets

    # -- what the owner does

    def propose(self, parameters: AssociationParameters) -> None:
        """Send the AARQ. Associated or AssociationRefused follows.

        A pair can be proposed again after it was released or refused. Raises LocalProtocolError otherwise.
        """
        if self._error is not None:
            raise LocalProtocolError("the connection has ended")
        association = self._associations.get(parameters.pair)
        if association is None:
            association = _Association(parameters=parameters, exchange=Exchange(self._limits))
            self._associations[parameters.pair] = association
        self._step_local(association, Input.SEND_AARQ)
        association.parameters = parameters
        association.negotiated = None
        self._framing.expect_apdu_limit(self._receive_limit())
        self._send(association, encode_proposal(parameters))

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
        self._send(association, encode_release())

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
        self._unsolicited = 0
        self._write(association, association.protection.protect(apdu))

    def _write(self, association: _Association, octets: bytes) -> None:
        pair = association.pair
        self._output += self._framing.encode(Wpdu(pair.client_wport, pair.server_wport, octets))

    def _step_local(self, association: _Association, sent: Input) -> None:
        association.state = advance(association.state, sent)

    def _receive_limit(self) -> int:
        """Return the longest APDU we told anybody to send; at least what an AARE may need."""
        sizes = [each.parameters.max_receive_pdu_size or MAX_PDU_SIZE for each in self._associations.values()]
        return min(max([FIRST_APDU_LIMIT, *sizes]), self._limits.apdu)

    # -- receiving

    def _receive_message(self, message: Wpdu) -> None:
        association = self._associations.get(WportPair(message.destination_wport, message.source_wport))
        apdu = message.apdu
        if association is not None:
            apdu = association.protection.unprotect(apdu)
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
        outcome = check_acceptance(apdu, association.parameters, self._limits)
        refused = isinstance(outcome, AssociationRejected)
        if not self._step(association, Input.RECV_REFUSAL if refused else Input.RECV_ACCEPTANCE, AARE):
            self.counters.stray_apdus += 1
            return
        self._strikes = 0
        if isinstance(outcome, AssociationRejected):
            self._events.append(AssociationRefused(association.pair, outcome))
        else:
            association.negotiated = outcome
            self._events.append(Associated(association.pair, outcome))

    def _receive_rlre(self, association: _Association, apdu: bytes) -> None:
        decode_apdu(apdu, self._limits)  # reason not-finished does not keep an association that we have left
        if self._step(association, Input.RECV_RELEASE, RLRE):
            self._strikes = 0
            self._events.append(Released(association.pair))
        else:
            self.counters.stray_apdus += 1

    def _receive_get_response(self, association: _Association, apdu: bytes) -> None:
        outcome = association.exchange.receive(apdu)
        if outcome is None:
            self._receive_stray(association, apdu)
            return
        self._strikes = 0
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
        error = _error_of(apdu, self._limits)
        means = FAILURE_MEANS.get(association.state, Input.RECV_STRAY)
        if means is Input.RECV_FAILURE and _says_lost(error) and association.exchange.kind is RequestKind.SINGLE:
            means = Input.RECV_LOSS
        if means is Input.RECV_STRAY:
            self._receive_stray(association, apdu)
            return
        self._step(association, means, apdu[0])
        association.exchange.stop()
        self._strikes = 0
        self._events.append(_EVENT_OF_FAILURE[means](association.pair, error))

    def _receive_stray(self, association: _Association, apdu: bytes) -> None:
        """Count an answer that belongs to nothing we asked."""
        self._step(association, Input.RECV_STRAY, apdu[0])
        self.counters.stray_apdus += 1
        self._strike(association.pair.server_wport, association.pair.client_wport)

    def _strike(self, source_wport: int, destination_wport: int) -> None:
        self._strikes += 1
        if self._strikes >= self._limits.strikes:
            raise WrongAddress(source_wport, destination_wport)


def _require(association: _Association, service: Conformance) -> None:
    negotiated = association.negotiated
    assert negotiated is not None  # set before the state in which requests are possible
    if service not in negotiated.conformance:
        raise LocalProtocolError(f"{service.standard_names[0]} was not negotiated")


def _error_of(apdu: bytes, limits: Limits) -> DlmsError:
    decoded = decode_apdu(apdu, limits)
    if isinstance(decoded, ExceptionResponse):
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
