"""How an association is opened, and opened again: AARQ, AARE, proofs, counters (IEC 62056-5-3, COSEM-OPEN)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
import math
from typing import Final, override

from ..apdu.acse import Mechanism
from ..errors import (
    ApduTooLong,
    AssociationAborted,
    ConnectionLost,
    DlmsError,
    InvocationCounterRefused,
    LocalProtocolError,
    OutcomeUnknown,
)
from ..limits import Limits
from ..protocol.events import (
    Associated,
    AssociationLost,
    AssociationRefused,
    BlockReceived,
    ChallengeAnswered,
    Event,
    RequestFailed,
)
from ..protocol.leniencies import Leniency
from ..protocol.opening import Opening
from ..protocol.proof_form import ProofForm
from ..protocol.proposal import MAX_PDU_SIZE, AssociationParameters, Negotiated
from ..protocol.transfer import Transfer
from ..security.counters import MAX_UNATTENDED_RAISE
from .association_life import NO_LIMIT, AssociationLife, TimeLimit
from .lifecycle import LifecycleInput
from .link import Link, Timing
from .list_sizes import ListPlan, ListSizes
from .proof_forms import KnownForm, Progress, try_dedicated_key
from .security_state import SecurityState, opening_material
from .services import Services

_OPENED_BY: Final[dict[type[Event], LifecycleInput]] = {
    Associated: LifecycleInput.ACCEPT,
    AssociationRefused: LifecycleInput.REFUSE,
    AssociationLost: LifecycleInput.END,
}

_MOST_PROPOSALS: Final = 64
"""Of one association, for a meter that forgets it again and again."""


_MOST_LOGINS: Final = 8
"""The same where each carries a password."""


_MOST_RENEWALS: Final = 32
"""Connections of one association, for a meter that hangs up after each answer."""


class AssociationOpening(AssociationLife, Services):
    """What an association does until it is open."""

    def __init__(
        self,
        link: Link,
        parameters: AssociationParameters,
        timing: Timing,
        limits: Limits,
        security_state: SecurityState | None = None,
    ) -> None:
        super().__init__(link, parameters, timing)
        self._limits = limits
        self._security_state = security_state
        self._negotiated: Negotiated | None = None
        self._plan: ListPlan | None = None
        self._leniencies: set[Leniency] = set()
        self._said_of_objects = 0
        self._forgets = False
        """Whether the meter forgets the association when it is asked for an object that it does not know."""
        self.proposals = 0
        """AARQs sent."""
        self.reconnect: Callable[[Timing], Awaitable[Link]] | None = None
        """Opens the next connection, for a meter that hangs up after its answers. Set by the client."""
        self._renewals = 0
        self._renewing = asyncio.Lock()
        self._known_form = KnownForm()
        self.progress = Progress.PROPOSED
        """Of the latest proposal."""
        self._announces_most = False

    @property
    def negotiated(self) -> Negotiated:
        """What the meter agreed to. Raises LocalProtocolError before that."""
        if self._negotiated is None:
            raise LocalProtocolError("not associated yet")
        return self._negotiated

    @property
    def leniencies(self) -> frozenset[Leniency]:
        """What the meter did differently so far."""
        return self._link.connection.leniencies(self.parameters.pair) | self._leniencies

    @property
    def got_longer(self) -> bool:
        """Whether an APDU ended it that was longer than announced, and the next one can announce more."""
        return isinstance(self._link.connection.error, ApduTooLong) and not self._announces_most

    @override
    def tolerated(self, leniency: Leniency) -> None:
        """Note what was tolerated in an answer."""
        self._leniencies.add(leniency)

    @property
    def proof_form(self) -> ProofForm:
        """How the meter takes our proof and a dedicated key."""
        return self._known_form.form

    def learn(self) -> None:
        """Remember what this association told about the next one. Never raises."""
        self._known_form.sends_longer |= self.got_longer
        each = self._link.connection.protects_each_block(self.parameters.pair)
        if each is not None:
            self._known_form.learn(blocks_protected_each=each)

    @override
    def reuse(self, timing: Timing) -> None:
        super().reuse(timing)
        self._known_form.short_names.begin()

    async def propose(self, sizes: ListSizes, known_form: KnownForm) -> None:
        """Open the association: AARQ, AARE, proofs. Called once, by the client.

        A refused invocation counter is raised and proposed again, once. Raises AssociationRejected, ExceptionReceived,
        TransportError, RemoteProtocolError, SecurityError.
        """
        self._known_form = known_form
        async with self._link.turn:
            event = await self._open()
            # A password is sent once (rule S20).
            if self._follow(event) and not (known_form.tries_once or self.parameters.mechanism is Mechanism.LLS):
                event = await self._open()
        if not isinstance(event, Associated):
            raise error_of(event)
        self._negotiated = event.negotiated
        self._leniencies.update(event.negotiated.leniencies)
        known_form.short_names.begin()
        size = min(self.parameters.max_receive_pdu_size or MAX_PDU_SIZE, self._link.connection.apdu_limit)
        self._plan = sizes.plan(event.negotiated, size)
        if known_form.is_to_be_tried(self.parameters):
            await try_dedicated_key(self)
            dedicated = self._link.connection.dedicated_counter(self.parameters.pair)
            if dedicated is not None and dedicated.next_value > 1:
                known_form.note_silence()
        known_form.worked()
        self._leniencies.update(known_form.form.leniencies)

    async def _propose_again(self) -> bool:
        """Propose anew on the same connection, for a meter that says it knows no association.

        Return False where that is pointless. Raises as propose() does.
        """
        most = _MOST_LOGINS if self.parameters.mechanism is Mechanism.LLS else _MOST_PROPOSALS
        if not self._link.is_alive or self.proposals >= most + self._renewals or self._known_form.tries_once:
            return False
        try:
            event = await self._open()
        except asyncio.CancelledError:
            self._ended = self._ended or AssociationAborted("a proposal was given up")
            raise
        if not isinstance(event, Associated):
            self._ended = self._ended or error_of(event)
            raise self._ended
        self._negotiated = event.negotiated
        assert self._plan is not None  # requests come after the first proposal
        self._plan.renew(event.negotiated)
        return True

    def _may_renew(self, error: DlmsError) -> bool:
        """Whether the meter hung up behind an answer, and may be asked further on a new connection."""
        hung_up = isinstance(error, ConnectionLost) and not error.truncated and self.has_answered
        is_ours = self._ended is None and self._lifecycle.is_open and self.reconnect is not None
        return hung_up and is_ours and self._renewals < _MOST_RENEWALS and not self._known_form.tries_once

    async def _renew(self) -> None:
        """Open connection and association again, once for all who wait. Raises what that raises."""
        async with self._renewing:
            if self._link.is_alive:
                return
            assert self.reconnect is not None  # nobody comes here otherwise
            self._link.observer.note("the meter hung up after an answer: associating again")
            self._renewals += 1
            self._leniencies.update(self._link.connection.leniencies(self.parameters.pair))
            self._link = await self.reconnect(self._timing)
            self._inbox, self.has_answered = self._link.open_inbox(self.parameters.pair), False
            async with self._link.turn:
                if not await self._propose_again():
                    raise ConnectionLost
            if self._renewals > 1:  # once may be the network
                self.tolerated(Leniency.HANGS_UP_AFTER_ANSWERS)

    async def _open(self) -> Event:
        await self._settle(self.parameters)
        await self._reserve()
        self._raise_if_ended()
        self.progress = Progress.PROPOSED
        parameters, limit = self.parameters, self._link.connection.apdu_limit
        self._announces_most = self._known_form.sends_longer
        if self._announces_most:
            parameters, limit = replace(parameters, max_receive_pdu_size=MAX_PDU_SIZE), MAX_PDU_SIZE
            self.tolerated(Leniency.LONGER_THAN_ANNOUNCED)
        material = opening_material(parameters, self._security_state, form=self._known_form.form, apdu_limit=limit)
        self._link.connection.propose(parameters, Opening(parameters, material, self._limits))
        self.proposals += 1
        self._step(LifecycleInput.PROPOSE)
        event = await self._next_event("AARE", self._timing.response, NO_LIMIT)
        if isinstance(event, ChallengeAnswered):
            self.progress = Progress.ACCEPTED
            self._step(LifecycleInput.CHALLENGE)
            event = await self._next_event("answer to reply_to_HLS_authentication", self._timing.response, NO_LIMIT)
        if isinstance(event, Associated):
            self.progress = Progress.OPEN
        self._step(_OPENED_BY[type(event)])
        return event

    def _follow(self, event: Event) -> bool:
        """Return whether to try again with another counter."""
        state, expected = self._security_state, _expected_counter(event)
        if state is None or expected is None:
            return False
        dedicated = self._link.connection.dedicated_counter(self.parameters.pair)
        if dedicated is not None and isinstance(event, RequestFailed):
            self._known_form.note_dedicated(expected, state.next_value)
            return dedicated.follow(expected, MAX_UNATTENDED_RAISE)
        if dedicated is not None and self._lifecycle.proof_was_refused and self._known_form.count_with_global():
            return True
        return state.follow(expected)

    async def _begin(self, transfer: Transfer) -> None:
        """Send a first request."""
        await self._settle(transfer)
        await self._reserve()
        self._raise_if_ended()
        self._link.observer.note("asking: %s", transfer)
        self._link.connection.request(self.parameters.pair, transfer)

    async def _exchange(self, transfer: Transfer, within: float = math.inf) -> Event:
        """Return the event that ends a request."""
        await self._begin(transfer)
        seconds = min(self._timing.response, within)
        limit = TimeLimit.from_now(max(self._timing.transfer, seconds))
        try:
            while isinstance(event := await self._next_event(transfer.awaited, seconds, limit), BlockReceived):
                seconds = self._timing.block
        except asyncio.CancelledError:
            # The answer may still be on the way.
            self._end(AssociationAborted("a request was given up"))
            raise
        except DlmsError as error:
            if transfer.may_be_repeated:
                raise
            raise OutcomeUnknown(str(error)) from error
        return event

    async def _reserve(self) -> None:
        if self._security_state is not None and self.parameters.uses_counter:
            await self._security_state.reserve()
            self._link.before_reading[self.parameters.pair] = self._security_state.top_up


def _expected_counter(event: Event) -> int | None:
    error = event.error if isinstance(event, (AssociationRefused, RequestFailed)) else None
    return error.expected if isinstance(error, InvocationCounterRefused) else None


def error_of(event: Event) -> DlmsError:
    """Return the error of an event that is none of success."""
    assert isinstance(event, (AssociationRefused, RequestFailed, AssociationLost))  # nothing else answers what we send
    return event.error
