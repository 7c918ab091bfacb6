"""One connection to one physical device: octets in, events out. Sans-IO.

Octets pass framing, then incoming.py. The caller owns the deadlines::

    connection.open()
    connection.propose(parameters)
    await transport.send(connection.data_to_send(now))
    connection.receive_data(await transport.receive(), now)
    while (event := connection.next_event()) is not None: ...

The peer's errors end the connection (rule M9); dropped_apdus.py tolerates some (S22, F38, F39).
"""

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final

from ..errors import (
    ApduTooLong,
    ConnectionLost,
    DecodeError,
    DlmsError,
    LocalProtocolError,
    SecurityError,
    UnexpectedApdu,
    WrongAddress,
)
from ..limits import DEFAULT_LIMITS, Limits
from ..security.counters import SendingCounter
from .answer_order import AnswerOrder
from .association_kind import ALL_STATION_WPORT, AssociationKind
from .association_state import AssociationState
from .dropped_apdus import DroppedApduLimits, DroppedApdus
from .events import ConnectionEnded, ConnectionReady, Event
from .framing import Empty, Framing, Message, Ready, WrapperFraming
from .incoming import Incoming
from .leniencies import Leniency
from .notification_senders import NotificationSenders
from .opening import Opening
from .proposal import MAX_PDU_SIZE, AssociationParameters, WportPair
from .states import State
from .transfer import Transfer

UNKNOWN: Final = NotificationSenders()
"""Nobody."""

FIRST_APDU_LIMIT: Final = 2048
"""Octets; an AARE or notification may exceed the PDU size."""


class Connection:
    """The client's end. ``senders``: may send outside of associations. LocalProtocolError for an unknown pair."""

    def __init__(
        self, framing: Framing | None = None, *, limits: Limits = DEFAULT_LIMITS, senders: NotificationSenders = UNKNOWN
    ) -> None:
        self._framing: Framing = framing or WrapperFraming()
        self._limits = limits
        self._associations: dict[WportPair, AssociationState] = {}
        self._events: deque[Event] = deque()
        self._dropped_apdus = DroppedApduLimits(limits, flood_is_fatal=self._framing.error_is_fatal)
        self._incoming = Incoming(self._associations, self._events, self._dropped_apdus, limits, senders)
        self._error: DlmsError | None = None

    # -- what the owner asks

    @property
    def counters(self) -> DroppedApdus:
        """Dropped APDUs; for diagnostics."""
        return self._dropped_apdus.counters

    @property
    def error(self) -> DlmsError | None:
        """Why the connection ended, or None."""
        return self._error

    @property
    def is_lossy(self) -> bool:
        """Whether messages may get lost, or come twice."""
        return not self._framing.error_is_fatal

    @property
    def apdu_limit(self) -> int:
        """Octets that an APDU should have at most."""
        return self._framing.apdu_limit

    def state(self, pair: WportPair) -> State:
        """Return an association's state; IDLE if never proposed."""
        association = self._associations.get(pair)
        if association is None:
            return State.IDLE if self._error is None else State.CLOSED
        return association.state

    def is_open(self, pair: WportPair) -> bool:
        """Return whether both sides have it."""
        return (association := self._associations.get(pair)) is not None and association.is_open

    def is_waiting(self, pair: WportPair) -> bool:
        """Return whether something is unanswered."""
        return (association := self._associations.get(pair)) is not None and association.is_waiting

    @property
    def something_waits(self) -> bool:
        """Whether anything is unanswered."""
        return self._incoming.something_waits

    def dropped_answer(self, pair: WportPair) -> SecurityError | WrongAddress | ApduTooLong | None:
        """Return why its last APDU was dropped, if one was since something was asked."""
        association, dropped = self._associations.get(pair), self._dropped_apdus
        return (association and association.forgery) or dropped.misaddressed or dropped.too_long

    def leniencies(self, pair: WportPair) -> frozenset[Leniency]:
        """Return what was tolerated in its APDUs: nothing of a pair that was never proposed."""
        return frozenset() if (association := self._associations.get(pair)) is None else association.tolerated

    def protects_each_block(self, pair: WportPair) -> bool | None:
        """Return whether it takes and sends general blocks that are each protected; None if that was not seen."""
        return None if (association := self._associations.get(pair)) is None else association.protects_each_block

    def dedicated_counter(self, pair: WportPair) -> SendingCounter | None:
        """Return the dedicated key's sending counter, or None."""
        return None if (association := self._associations.get(pair)) is None else association.opening.dedicated_counter

    def next_event(self) -> Event | None:
        """Return the next event, or None."""
        return self._events.popleft() if self._events else None

    def data_to_send(self, now: float = 0.0) -> bytes:
        """Return and forget what is to be sent; after the end the goodbyes, where nothing else tells of it."""
        return b"" if self._error is not None and not self.is_lossy else self._framing.data_to_send(now)

    @property
    def next_call(self) -> float | None:
        """When ``call`` is wanted, or None."""
        return None if self._error is not None else self._incoming.next_call(self._framing.next_call)

    # -- what the owner does

    def open(self) -> None:
        """Begin. ConnectionReady follows."""
        self._framing.open()
        self._take_messages()

    def close(self) -> None:
        """Let the framing sign off."""
        if self._error is None:
            self._framing.close()

    def propose(self, parameters: AssociationParameters, opening: Opening | None = None) -> None:
        """Send the AARQ. ChallengeAnswered (high-level), then Associated or AssociationRefused follow.

        ``opening``: of this attempt, needed for high-level security and ciphering. A released or refused pair can be
        proposed again. Raises LocalProtocolError, InvocationCounterExhausted; nothing is sent then.
        """
        if self._error is not None:
            raise LocalProtocolError("the connection has ended")
        pair = parameters.pair
        is_broadcast = parameters.server_wport == ALL_STATION_WPORT
        if is_broadcast and not (self.is_lossy and parameters.kind is AssociationKind.UNCONFIRMED):
            raise LocalProtocolError("all logical devices are reached over UDP only, in an unconfirmed association")
        opening = opening or Opening(parameters, limits=self._limits)
        if (association := self._associations.get(pair)) is None:
            association = AssociationState(opening, self._limits, self._events, self._dropped_apdus, self._send)
        association.propose(opening)
        self._associations[pair] = association
        self._framing.expect_apdu_limit(self._receive_limit())

    def request(self, pair: WportPair, transfer: Transfer) -> None:
        """Send a transfer's first request. BlockReceived..., AnswerReceived or RequestFailed follow.

        LocalProtocolError: not associated, busy, not negotiated, or too long.
        """
        self._known(pair).request(transfer)

    def tell(self, pair: WportPair, transfer: Transfer) -> None:
        """Send a service that nobody answers, whole. Raises as request()."""
        self._known(pair).tell(transfer)

    def try_again(self, pair: WportPair, silence: float = 0.0) -> bool:
        """After seconds of silence: send again what may be sent again; return whether there was anything."""
        return self._known(pair).try_again(is_lossy=self.is_lossy, silence=silence)

    def tells_answers_apart(self, pair: WportPair) -> bool:
        """Return whether an answer that nobody waits for any more does no harm, though the connection goes on."""
        return self.is_lossy and self._known(pair).tells_answers_apart

    def settles_at(self, pair: WportPair, asked: Transfer | AssociationParameters, now: float) -> float:
        """Return when nothing late can be taken for the answer to what is sent next; who does not wait may get none."""
        self._dropped_apdus.time_is(now)
        return now if (association := self._associations.get(pair)) is None else association.settles_at(asked, now)

    def wants_marker(self, pair: WportPair) -> bool:
        """Return whether a Marker should be asked for before anything else, so that its answer is known in doubt."""
        return (association := self._associations.get(pair)) is not None and association.wants_marker

    def order(self, pair: WportPair) -> AnswerOrder | None:
        """Return whether each request got its own answer, where only their order tells; else None."""
        return None if (association := self._associations.get(pair)) is None else association.order

    def repeats(self, pair: WportPair) -> bool:
        """Return whether what is unanswered will be sent again, because it may have got lost."""
        return self.is_lossy and self._known(pair).will_ask_again

    def is_doubtful(self, pair: WportPair, transfer: Transfer) -> bool:
        """Return whether its answer could be one to a service that nobody should answer, unless a read goes before."""
        return (association := self._associations.get(pair)) is not None and association.is_doubtful(transfer)

    def release(self, pair: WportPair) -> None:
        """Send the RLRQ, even during a request. Released follows an answer."""
        self._known(pair).release()

    def stop_waiting_for_release(self, pair: WportPair) -> None:
        """Release without an answer. Released follows."""
        self._known(pair).stop_waiting_for_release()

    def receive_data(self, octets: bytes, now: float = 0.0) -> None:
        """Take octets, cut anywhere. Never raises."""
        if self._error is not None:
            return
        self._dropped_apdus.time_is(now)
        framing_error = None
        try:
            self._framing.receive_data(octets, now)
        except DlmsError as error:
            framing_error = error
        # What was complete before the framing broke still counts, so that segments make no difference (rule M12).
        self._take_messages()
        if framing_error is not None:
            self._abort_stream(framing_error)

    def call(self, now: float) -> None:
        """Do what is due. Never raises."""
        if self._error is None:
            self._dropped_apdus.time_is(now)
            self._framing.call(now)
            self._take_messages()
            self._guarded(partial(self._incoming.call, now))

    def receive_eof(self, *, reset: bool = False) -> None:
        """Take the end, orderly or by ``reset`` (any loss of the transport). Never raises."""
        truncated = False
        try:
            self._framing.receive_eof()
        except ConnectionLost as error:
            truncated = error.truncated
        self.abort(ConnectionLost(reset=reset, truncated=truncated))

    def abort(self, error: DlmsError) -> None:
        """End everything; only the first error counts."""
        if self._error is not None:
            return
        self._error = error
        for association in self._associations.values():
            if self.is_lossy:
                association.say_goodbye()
            association.end(error)
        self._events.append(ConnectionEnded(error))

    # -- sending

    def _known(self, pair: WportPair) -> AssociationState:
        association = self._associations.get(pair)
        if association is None:
            raise LocalProtocolError(f"nothing was proposed for the wPorts {pair}")
        return association

    def _send(self, pair: WportPair, octets: bytes) -> None:
        self._framing.send(Message(*pair, octets))

    def _receive_limit(self) -> int:
        """Return the longest announced APDU, with protection."""
        # Whether a maximum PDU size counts before or after ciphering is read both ways.
        proposed = [association.parameters for association in self._associations.values()]
        sizes = [(each.max_receive_pdu_size or MAX_PDU_SIZE) + each.overhead for each in proposed]
        return min(max([FIRST_APDU_LIMIT, *sizes]), self._limits.apdu)

    # -- the way in

    def _take_messages(self) -> None:
        while self._error is None and (event := self._framing.next_event()) is not None:
            if isinstance(event, Message | Empty):
                self._guarded(partial(self._incoming.receive, event))
            elif isinstance(event, Ready):
                self._events.append(ConnectionReady())
            else:
                self.abort(event.error)

    def _guarded(self, take: Callable[[], None]) -> None:
        try:
            take()
        except (DecodeError, UnexpectedApdu) as error:
            self._abort_stream(error)
        except DlmsError as error:
            self.abort(error)

    def _abort_stream(self, error: DlmsError) -> None:
        if self._framing.error_is_fatal:
            self.abort(error)
        else:
            self._dropped_apdus.broken(error)
