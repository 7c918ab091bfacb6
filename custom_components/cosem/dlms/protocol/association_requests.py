"""One association: its state, its outstanding request, what we send. association_state.py takes what comes."""

from collections import Counter, deque
from collections.abc import Callable
from typing import Final

from ..apdu.acse import AARE, Mechanism
from ..errors import (
    DlmsError,
    InvocationCounterExhausted,
    LocalProtocolError,
    SecurityError,
    ServiceNotNegotiated,
)
from ..limits import Limits
from .answer_order import AnswerOrder, OrderMarker
from .association_blocks import AssociationBlocks
from .association_kind import AssociationKind
from .doubted_answers import DoubtedAnswers, Marker
from .dropped_apdus import DroppedApduLimits
from .events import (
    Associated,
    AssociationLost,
    Event,
    Released,
)
from .general_blocks import MOST_SILENCES
from .late_answers import LateAnswers
from .leniencies import Leniency
from .opening import Opening
from .outstanding import Outstanding
from .proposal import AssociationParameters, Negotiated, WportPair
from .referencing import Referencing
from .states import BLOCK_STATES, OPEN_STATES, WAITING_STATES, Input, State, advance
from .transfer import Transfer

MOST_REPEATS: Final = 2
"""Of one question."""

_TITLE: Final = 9
"""Octets of a system title, which the envelope of a block has: blocks have no service-specific one."""

_AARE: Final = frozenset({AARE})

_MOST_FORMER: Final = 4
"""AAREs of associations before, copies of which may still come."""


class AssociationRequests:
    """What we send. ``events`` and ``dropped_apdus`` are the connection's; ``send`` takes an APDU."""

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
        self._blocks: Final = AssociationBlocks(limits, dropped_apdus)
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
        self._late = LateAnswers(dropped_apdus)
        self._doubted = DoubtedAnswers(dropped_apdus)
        self._order = AnswerOrder(self._doubted)
        self._latest = b""
        """What was asked last, in plain."""
        self._repeats = 0
        self._spread = 0.0
        """Seconds from the first to the last time that it was asked."""
        self._doubts = Counter[bytes]()
        """How often which answer to it may have been one to something else."""
        self._taken_aare: bytes | None = None
        """Since the latest proposal; what comes again is a duplicate."""
        self._former_aares: Final = deque[bytes](maxlen=_MOST_FORMER)
        """With challenges, which are never the same again."""

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

    @property
    def tells_answers_apart(self) -> bool:
        """Whether its answers have numbers."""
        return self.parameters.referencing is not Referencing.SHORT_NAME

    def settles_at(self, asked: Transfer | AssociationParameters, now: float) -> float:
        """Return when nothing late can be taken for the answer to what is sent next; ``now`` if at once."""
        if isinstance(asked, AssociationParameters):
            # An AARQ without a secret is sent again, so a doubt about it does no harm.
            is_open_to_all = asked.mechanism is Mechanism.NONE
            answers = frozenset() if is_open_to_all else _AARE
            return self._late.settles_at(answers, None, now, is_asked_again=is_open_to_all)
        number = self._outstanding.number_of(asked)
        return self._late.settles_at(asked.answers, number, now, is_asked_again=asked.may_be_repeated)

    def is_doubtful(self, transfer: Transfer) -> bool:
        """Return whether its answer could be one to what nobody should answer, until something is asked in between."""
        return self._outstanding.is_doubtful(transfer)

    def propose(self, opening: Opening) -> None:
        """Send the AARQ. LocalProtocolError, InvocationCounterExhausted change nothing."""
        kind = opening.parameters.kind
        is_answered = kind is AssociationKind.CONFIRMED
        after = advance(self.state, Input.SEND_AARQ if is_answered else Input.OPEN_WITHOUT_ANSWER)
        aarq = opening.aarq() if kind.has_aarq else b""
        if self.state is not after and self.opening is not opening:
            self._late.begins_anew()
        self.state = after
        self.leniencies.update(self.opening.leniencies)
        self.opening = opening
        self.negotiated = self.forgery = self._taken_aare = None
        if aarq:
            # What accepts an AARQ without a secret does no harm, whenever it comes.
            self._late.asks(frozenset() if self._is_open_to_all else _AARE)
            self._say(aarq)
        if not is_answered:
            self.negotiated = opening.assume()
            self._events.append(Associated(self.pair, self.negotiated))

    def request(self, transfer: Transfer) -> None:
        """Send a first request. Raises as Connection.request, changing nothing."""
        advance(self.state, Input.SEND_REQUEST)  # the table has the first word
        if not self.parameters.kind.has_answers:
            raise LocalProtocolError("a confirmed service in an unconfirmed association")
        negotiated = self.negotiated
        assert negotiated is not None  # set before the state in which requests are possible
        limit = negotiated.request_limit
        plain = self._outstanding.agreed_first(transfer, negotiated, taken=self._late.numbers)
        if missing := transfer.needs & ~negotiated.conformance:
            raise ServiceNotNegotiated(missing.standard_names[0])
        octets = self.opening.protection.protect(plain)
        if len(octets) > limit and not negotiated.has_general_blocks:
            raise LocalProtocolError(f"a request of {len(octets)} octets exceeds the meter's limit of {limit}")
        if len(octets) > limit and self._is_cut_first:
            first = self._blocks.first_of(plain, limit - negotiated.overhead - _TITLE, is_protected=True)
            first = self.opening.protection.protect(first)
        else:
            first = self._blocks.first_of(octets, limit)
        self.state = advance(self.state, Input.SEND_REQUEST)
        self._start(transfer, plain, first)

    @property
    def protects_each_block(self) -> bool | None:
        """Whether the meter does, and so gets its requests; None if that was not seen."""
        return self._blocks.protects_each if self.parameters.overhead else None

    @property
    def _is_cut_first(self) -> bool:
        """Whether a long request is cut, and then protected."""
        shown = self.protects_each_block
        return self.opening.form.blocks_protected_each if shown is None else shown

    def tell(self, transfer: Transfer) -> None:
        """Send a service that nobody answers. Raises as Connection.request, changing nothing."""
        advance(self.state, Input.SEND_UNCONFIRMED)  # the table has the first word
        negotiated = self.negotiated
        assert negotiated is not None  # set before the state in which services are possible
        plain = self._outstanding.first(transfer, self._limits.assembled_value, confirmed=False)
        if missing := transfer.needs & ~negotiated.conformance:
            raise ServiceNotNegotiated(missing.standard_names[0])
        octets = self.opening.protection.protect(plain)
        if len(octets) > negotiated.request_limit:
            limit = negotiated.request_limit
            raise LocalProtocolError(f"a request of {len(octets)} octets exceeds the meter's limit of {limit}")
        self.state = advance(self.state, Input.SEND_UNCONFIRMED)
        self._outstanding.tell(transfer.answers)
        self._say(octets)

    @property
    def _is_open_to_all(self) -> bool:
        return self.parameters.mechanism is Mechanism.NONE

    @property
    def may_be_repeated(self) -> bool:
        """Whether what is unanswered may be sent again: a question; an AARQ that proves and tells nothing."""
        if self._repeats >= MOST_REPEATS:
            return False
        if self.state is State.ASSOCIATING:
            return self._is_open_to_all
        return self.state in BLOCK_STATES and self._outstanding.may_be_repeated

    @property
    def will_ask_again(self) -> bool:
        """Whether try_again() sends something where messages get lost."""
        return self._blocks.will_ask_again or self.may_be_repeated

    def try_again(self, *, is_lossy: bool, silence: float = 0.0) -> bool:
        """After seconds of silence: send again what may be; return whether there was anything. Raises SecurityError.

        Blocks and their acknowledgements; where messages get lost, a question: with the same invoke-id, so an answer to
        either is one to both, and protected anew.
        """
        protect = self.opening.protection.protect
        again = self._blocks.ask_again(protect, repeats=self._outstanding.may_be_repeated)
        if again:
            self._late.is_cut(MOST_SILENCES * silence)
        if not again and is_lossy and self.may_be_repeated:
            self._repeats += 1
            self._spread += silence
            again = [self.opening.aarq() if self.state is State.ASSOCIATING else protect(self._latest)]
        for octets in again:
            self._send(self.pair, octets)
        return bool(again)

    def release(self) -> None:
        """Send the RLRQ; without an AARE there is no RLRE either. General blocks under way are given up before.

        Raises LocalProtocolError.
        """
        kind = self.parameters.kind
        is_answered = kind is AssociationKind.CONFIRMED
        was_waiting = self.is_waiting
        self.state = advance(self.state, Input.SEND_RLRQ if is_answered else Input.LEAVE_WITHOUT_ANSWER)
        self._outstanding.end()
        if was_waiting:  # who answered in plain needs no acknowledgement, and no word that we gave up
            self._late.gave_up(self._spread)
            for goodbye in self._goodbyes():
                self._send(self.pair, goodbye)
        if not is_answered:
            self._events.append(Released(self.pair))
        if not kind.has_aarq:
            return
        self._say(self.opening.release_request())

    def _goodbyes(self) -> list[bytes]:
        try:
            return self._blocks.give_up(self.opening.protection.protect)
        # Without a counter that is left, the release says it.
        except InvocationCounterExhausted:
            return []

    def say_goodbye(self) -> None:
        """Send the RLRQ of an association that ends with its connection."""
        if self.parameters.kind.has_aarq and self.state in OPEN_STATES | {State.ASSOCIATING, State.PROVING}:
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

    def _say(self, octets: bytes) -> None:
        """Send something that is worth new patience with what comes unasked."""
        self._dropped_apdus.sent()
        self._repeats = 0
        self._doubts.clear()
        self._spread = 0.0
        self._doubted.asks(octets)
        self._order.asks()
        self._send(self.pair, octets)

    def _start(self, transfer: Transfer, plain: bytes, octets: bytes) -> None:
        self._doubted.forget()
        self._late.asks(transfer.answers, self._outstanding.number_of(transfer))
        if self._blocks.is_under_way:
            self._late.is_cut()
        self._outstanding.begin(transfer)
        if not isinstance(transfer, Marker | OrderMarker):
            self._order.begins()
        self._latest = plain
        self._say(octets)
