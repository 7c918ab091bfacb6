"""An association as its user sees it: requests with deadlines, values, release.

client.py opens and closes the connection.
IEC 62056-5-3; IEC 62056-9-7:2013, 9.2.
"""

import asyncio
from collections.abc import Callable, Sequence
import math
from typing import Final, override

from ..apdu.acse import Mechanism
from ..apdu.common import AttributeDescriptor
from ..encoding.compact_array import is_large
from ..encoding.data import Data
from ..errors import (
    AssociationAborted,
    DataAccessError,
    DlmsError,
    InvocationCounterRefused,
    LimitExceeded,
    LocalProtocolError,
    OutcomeUnknown,
    ResponseTimeout,
    TransportError,
)
from ..limits import Limits
from ..protocol.events import (
    AnswerReceived,
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
from ..protocol.proposal import AssociationParameters, Negotiated
from ..protocol.transfer import Transfer
from ..security.counters import MAX_UNATTENDED_RAISE
from .lifecycle import Lifecycle, LifecycleInput, next_lifecycle
from .link import Link, Timing
from .list_sizes import ListPlan
from .observer import note_refusals
from .reading import read_many
from .security_state import SecurityState, opening_material
from .services import Services

_OPENED_BY: Final[dict[type[Event], LifecycleInput]] = {
    Associated: LifecycleInput.ACCEPT,
    AssociationRefused: LifecycleInput.REFUSE,
    AssociationLost: LifecycleInput.END,
}


_MOST_PROPOSALS: Final = 64
"""Of one association, for a meter that forgets it again and again."""


class Association(Services):
    """An association with one logical device. Comes from DlmsClient.associate().

    Methods may be called concurrently; requests wait for their turn. After a cancelled one only release() is possible.
    """

    def __init__(
        self,
        link: Link,
        parameters: AssociationParameters,
        timing: Timing,
        limits: Limits,
        security_state: SecurityState | None = None,
    ) -> None:
        self.parameters: Final = parameters
        self._link = link
        self._timing = timing
        self.was_kept = False
        """Whether it is older than its context: the meter may have ended it."""
        self._limits = limits
        self._security_state = security_state
        self._inbox: asyncio.Queue[Event] = link.open_inbox(parameters.pair)
        self._negotiated: Negotiated | None = None
        self._plan: ListPlan | None = None
        self._leniencies: set[Leniency] = set()
        self._ended: DlmsError | None = None
        self._lifecycle = Lifecycle.IDLE
        self._releasing = asyncio.Lock()
        self.proposals = 0
        """AARQs sent."""

    @property
    def negotiated(self) -> Negotiated:
        """What the meter agreed to. Raises LocalProtocolError before that."""
        if self._negotiated is None:
            raise LocalProtocolError("not associated yet")
        return self._negotiated

    @property
    def leniencies(self) -> frozenset[Leniency]:
        """What the meter did differently so far."""
        return frozenset(self._leniencies)

    def tolerated(self, leniency: Leniency) -> None:
        """Note what was tolerated in an answer."""
        self._leniencies.add(leniency)

    @property
    def is_open(self) -> bool:
        """Whether requests are possible."""
        return self._lifecycle.is_open and self._link.connection.is_open(self.parameters.pair)

    @property
    def asks_for_less(self) -> bool:
        """Whether a list was not answered, and the next association will ask for less at once."""
        return self._plan is not None and self._plan.asks_for_less

    @property
    def is_reusable(self) -> bool:
        """Whether it is open, and nothing is unanswered."""
        return self.is_open and not self._link.connection.is_waiting(self.parameters.pair)

    def reuse(self, timing: Timing) -> None:
        """Note that it was kept; its next user's deadlines count."""
        self._timing, self.was_kept = timing, True

    async def get_many(self, attributes: Sequence[AttributeDescriptor]) -> list[Data | DataAccessError]:
        """Return value or error of each attribute, in the same order, in as few requests as possible.

        An exception-response to one attribute is its error, unless nothing else was answered. Raises as get() does,
        except DataAccessError.
        """
        if self._plan is None:
            raise LocalProtocolError("not associated yet")
        results = await read_many(self, self._plan, attributes)
        note_refusals(self._link.observer, attributes, results)
        return results

    @override
    async def decode[T](self, decode: Callable[[bytes, Limits], T], octets: bytes) -> T:
        """Return ``decode(octets, limits)``; much of it outside of the event loop (rule M13)."""
        try:
            if is_large(octets, self._limits):
                return await asyncio.to_thread(decode, octets, self._limits)
            return decode(octets, self._limits)
        except LimitExceeded as error:
            await self._link.fail(error)  # a peer that means to exhaust us cannot be relied upon (F43)
            raise

    async def release(self) -> None:
        """Send the RLRQ, wait briefly for the RLRE. Never raises; may be called again."""
        async with self._releasing:
            if self._lifecycle.is_released:
                return
            if self._lifecycle.waits_for_rlre or self._send_rlrq():
                await self._wait_for_rlre()
            self._link.before_reading.pop(self.parameters.pair, None)
            self._step(LifecycleInput.FINISH)

    async def propose(self, plan: Callable[[Negotiated], ListPlan]) -> None:
        """Open the association: AARQ, AARE, proofs. Called once, by the client.

        A refused invocation counter is raised and proposed again, once. Raises AssociationRejected, ExceptionReceived,
        TransportError, RemoteProtocolError, SecurityError.
        """
        async with self._link.turn:
            event = await self._open()
            # A password is sent once (rule S20).
            if self._follow(event) and self.parameters.mechanism is not Mechanism.LLS:
                event = await self._open()
        if not isinstance(event, Associated):
            raise _error_of(event)
        self._negotiated = event.negotiated
        self._leniencies.update(event.negotiated.leniencies)
        self._plan = plan(event.negotiated)

    async def _propose_again(self) -> bool:
        """Propose anew on the same connection, for a meter that says it knows no association.

        Return False where that is pointless. Raises as propose() does.
        """
        if not self._link.is_alive or self.proposals >= _MOST_PROPOSALS:
            return False
        event = await self._open()
        if not isinstance(event, Associated):
            raise _error_of(event)
        self._negotiated = event.negotiated
        return True

    async def _open(self) -> Event:
        self._raise_if_ended()
        await self._reserve()
        self._raise_if_ended()
        opening = Opening(self.parameters, opening_material(self.parameters, self._security_state), self._limits)
        self._link.connection.propose(self.parameters, opening)
        self.proposals += 1
        self._step(LifecycleInput.PROPOSE)
        event = await self._next_event("AARE", self._timing.response, math.inf)
        if isinstance(event, ChallengeAnswered):
            self._step(LifecycleInput.CHALLENGE)
            event = await self._next_event("answer to reply_to_HLS_authentication", self._timing.response, math.inf)
        self._step(_OPENED_BY[type(event)])
        return event

    def _follow(self, event: Event) -> bool:
        """Return whether to try again with another counter."""
        state, expected = self._security_state, _expected_counter(event)
        if state is None or expected is None:
            return False
        dedicated = self._link.connection.dedicated_counter(self.parameters.pair)
        if dedicated is not None and isinstance(event, RequestFailed):
            return dedicated.follow(expected, MAX_UNATTENDED_RAISE)
        if dedicated is not None and self._lifecycle.proof_was_refused:
            # The AARQ was taken, our proof was not: the meter goes on counting where the global key is.
            state.one_counter_for_both_keys = True
            return True
        return state.follow(expected)

    async def _reserve(self) -> None:
        if self._security_state is not None and self.parameters.uses_counter:
            await self._security_state.reserve()
            self._link.before_reading[self.parameters.pair] = self._security_state.top_up

    def _send_rlrq(self) -> bool:
        """Return whether there was something to release."""
        connection, pair = self._link.connection, self.parameters.pair
        self._ended = self._ended or AssociationAborted("the association was released")
        is_waiting = connection.is_waiting(pair)
        if not (is_waiting or connection.is_open(pair)):
            return False
        connection.release(pair)
        self._step(LifecycleInput.GIVE_UP if is_waiting else LifecycleInput.RELEASE)
        self._inbox.put_nowait(AssociationLost(pair, self._ended))  # for whoever still waits for an answer
        self._inbox = self._link.open_inbox(pair)
        return True

    async def _wait_for_rlre(self) -> None:
        connection, pair = self._link.connection, self.parameters.pair
        try:
            async with asyncio.timeout(self._timing.release):
                await self._link.flush()
                while connection.is_waiting(pair):
                    await self._inbox.get()
        except TransportError as error:
            await self._link.fail(error)
        except TimeoutError:
            if not connection.is_waiting(pair):
                return  # the RLRE and the deadline came together
            if self._lifecycle.gives_up:
                # What was given up may still be answered, and nothing may take it for an answer to something else.
                await self._link.fail(AssociationAborted("a request was given up, and the release was not answered"))
            else:
                connection.stop_waiting_for_release(pair)

    def _step(self, happened: LifecycleInput) -> None:
        self._lifecycle = next_lifecycle(self._lifecycle, happened)

    def _end(self, error: DlmsError) -> None:
        self._ended = self._ended or error
        self._step(LifecycleInput.END)

    def _raise_if_ended(self) -> None:
        error = self._link.connection.error or self._ended
        if error is not None:
            raise error

    @override
    async def _request(self, transfer: Transfer) -> bytes:
        async with self._link.turn:
            event = await self._exchange(transfer)
            # The refusal is not authenticated: whether the request was executed is not known.
            if transfer.may_be_repeated and self._follow(event):
                event = await self._exchange(transfer)
            if transfer.may_be_repeated and isinstance(event, AssociationLost) and await self._propose_again():
                event = await self._exchange(transfer)
                if isinstance(event, AssociationLost) and await self._propose_again():
                    raise event.error  # it says so of what is asked for, not of the association
        if isinstance(event, AnswerReceived):
            return event.octets
        error = _error_of(event)
        if isinstance(event, AssociationLost):
            self._end(error)
            if not transfer.may_be_repeated:
                raise OutcomeUnknown(str(error)) from error
        raise error

    async def _exchange(self, transfer: Transfer) -> Event:
        """Return the event that ends a request."""
        self._raise_if_ended()
        await self._reserve()
        self._raise_if_ended()
        self._link.observer.note("asking: %s", transfer)
        self._link.connection.request(self.parameters.pair, transfer)
        seconds = self._timing.response
        latest = asyncio.get_running_loop().time() + max(self._timing.transfer, seconds)
        try:
            while isinstance(event := await self._next_event(transfer.awaited, seconds, latest), BlockReceived):
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

    async def _next_event(self, waiting_for: str, seconds: float, latest: float) -> Event:
        """Send, and return the next event. A timeout ends the connection."""
        self._raise_if_ended()  # released meanwhile: what comes now belongs to the release
        deadline = asyncio.get_running_loop().time() + seconds
        inbox = self._inbox  # a release while this waits gives the association a new one
        try:
            async with asyncio.timeout_at(min(deadline, latest)):
                await self._link.flush()
                return await inbox.get()
        except TimeoutError:
            waited = seconds if deadline <= latest else self._timing.transfer
            error = self._link.connection.forgery(self.parameters.pair) or ResponseTimeout(waiting_for, waited)
            # On this connection a late answer could be taken for the answer to a later request.
            raise await self._link.fail(error) from None
        except TransportError as error:
            raise await self._link.fail(error) from None


def _expected_counter(event: Event) -> int | None:
    error = event.error if isinstance(event, (AssociationRefused, RequestFailed)) else None
    return error.expected if isinstance(error, InvocationCounterRefused) else None


def _error_of(event: Event) -> DlmsError:
    assert isinstance(event, (AssociationRefused, RequestFailed, AssociationLost))  # nothing else answers what we send
    return event.error
