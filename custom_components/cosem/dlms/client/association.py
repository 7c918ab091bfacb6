"""An association as its user sees it: how it is opened, requests, values.

client.py opens and closes the connection; association_life.py waits, and releases.
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
    DecodeError,
    DlmsError,
    InvocationCounterRefused,
    LimitExceeded,
    LocalProtocolError,
    OutcomeUnknown,
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
from ..protocol.proof_form import ProofForm
from ..protocol.proposal import AssociationParameters, Negotiated
from ..protocol.transfer import Transfer
from ..security.counters import MAX_UNATTENDED_RAISE
from .association_life import AssociationLife
from .lifecycle import LifecycleInput
from .link import Link, Timing
from .list_sizes import ListPlan, ListSizes, ListWays
from .observer import note_refusals
from .proof_forms import KnownForm, Progress, try_dedicated_key
from .reading import ResultByAttribute, read_many
from .security_state import SecurityState, opening_material
from .services import Services

_OPENED_BY: Final[dict[type[Event], LifecycleInput]] = {
    Associated: LifecycleInput.ACCEPT,
    AssociationRefused: LifecycleInput.REFUSE,
    AssociationLost: LifecycleInput.END,
}


_SAYS_SO_OF_OBJECTS: Final = 2
"""So many objects for which a new association changed nothing."""

_MOST_PROPOSALS: Final = 64
"""Of one association, for a meter that forgets it again and again."""


class Association(AssociationLife, Services):
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
        super().__init__(link, parameters, timing)
        self._limits = limits
        self._security_state = security_state
        self._negotiated: Negotiated | None = None
        self._plan: ListPlan | None = None
        self._leniencies: set[Leniency] = set()
        self._said_of_objects = 0
        self.proposals = 0
        """AARQs sent."""
        self._known_form = KnownForm()
        self.progress = Progress.PROPOSED
        """Of the latest proposal."""

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

    def tolerated(self, leniency: Leniency) -> None:
        """Note what was tolerated in an answer."""
        self._leniencies.add(leniency)

    @property
    def proof_form(self) -> ProofForm:
        """How the meter takes our proof and a dedicated key."""
        return self._known_form.form

    @property
    def list_ways(self) -> ListWays:
        """What was learned about lists of attributes."""
        return ListWays() if self._plan is None else self._plan.ways

    @property
    def asks_otherwise(self) -> bool:
        """Whether what ended the connection can be avoided: trying again at once helps."""
        return self._plan is not None and self._plan.asks_otherwise

    async def get_many(
        self, attributes: Sequence[AttributeDescriptor], found: ResultByAttribute | None = None
    ) -> list[Data | DataAccessError]:
        """Return value or error of each attribute, in the same order, in as few requests as possible.

        ``found`` takes each as it comes: what was read before an error is not lost.
        An exception-response to one attribute is its error, unless nothing else was answered. Raises as get() does,
        except DataAccessError.
        """
        if self._plan is None:
            raise LocalProtocolError("not associated yet")
        results = await read_many(self, self._plan, attributes, found)
        note_refusals(self._link.observer, attributes, results)
        return results

    @override
    async def decode[T](self, decode: Callable[[bytes, Limits], T], octets: bytes) -> T:
        try:
            return await self.decode_exactly(decode, octets)
        except DecodeError as error:
            try:
                # No value's encoding begins with another one's: what can be decoded now is whole.
                decoded = await self.decode_exactly(decode, octets[:-1])
            except DecodeError:
                raise error from None
        self.tolerated(Leniency.SURPLUS_OCTET)
        return decoded

    @override
    async def decode_exactly[T](self, decode: Callable[[bytes, Limits], T], octets: bytes) -> T:
        """Return ``decode(octets, limits)``; much of it outside of the event loop (rule M13)."""
        try:
            if is_large(octets, self._limits):
                return await asyncio.to_thread(decode, octets, self._limits)
            return decode(octets, self._limits)
        except LimitExceeded as error:
            await self._link.fail(error)  # a peer that means to exhaust us cannot be relied upon (F43)
            raise

    async def propose(self, sizes: ListSizes, known_form: KnownForm) -> None:
        """Open the association: AARQ, AARE, proofs. Called once, by the client.

        A refused invocation counter is raised and proposed again, once. Raises AssociationRejected, ExceptionReceived,
        TransportError, RemoteProtocolError, SecurityError.
        """
        self._known_form = known_form
        async with self._link.turn:
            event = await self._open()
            # A password is sent once (rule S20).
            if self._follow(event) and self.parameters.mechanism is not Mechanism.LLS:
                event = await self._open()
        if not isinstance(event, Associated):
            raise _error_of(event)
        self._negotiated = event.negotiated
        self._leniencies.update(event.negotiated.leniencies)
        self._plan = sizes.plan(event.negotiated, self.parameters.max_receive_pdu_size)
        if known_form.is_to_be_tried(self.parameters):
            await try_dedicated_key(self)
        known_form.worked()
        self._leniencies.update(known_form.form.leniencies)

    async def _propose_again(self) -> bool:
        """Propose anew on the same connection, for a meter that says it knows no association.

        Return False where that is pointless. Raises as propose() does.
        """
        if not self._link.is_alive or self.proposals >= _MOST_PROPOSALS:
            return False
        try:
            event = await self._open()
        except asyncio.CancelledError:
            self._ended = self._ended or AssociationAborted("a proposal was given up")
            raise
        if not isinstance(event, Associated):
            self._ended = self._ended or _error_of(event)
            raise self._ended
        self._negotiated = event.negotiated
        assert self._plan is not None  # requests come after the first proposal
        self._plan.renew(event.negotiated)
        return True

    async def _open(self) -> Event:
        self._raise_if_ended()
        await self._reserve()
        self._raise_if_ended()
        self.progress = Progress.PROPOSED
        material = opening_material(self.parameters, self._security_state, form=self._known_form.form)
        self._link.connection.propose(self.parameters, Opening(self.parameters, material, self._limits))
        self.proposals += 1
        self._step(LifecycleInput.PROPOSE)
        event = await self._next_event("AARE", self._timing.response, math.inf)
        if isinstance(event, ChallengeAnswered):
            self.progress = Progress.ACCEPTED
            self._step(LifecycleInput.CHALLENGE)
            event = await self._next_event("answer to reply_to_HLS_authentication", self._timing.response, math.inf)
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

    async def _reserve(self) -> None:
        if self._security_state is not None and self.parameters.uses_counter:
            await self._security_state.reserve()
            self._link.before_reading[self.parameters.pair] = self._security_state.top_up

    @override
    async def _request(self, transfer: Transfer) -> bytes:
        async with self._link.turn:
            event = await self._exchange(transfer)
            # The refusal is not authenticated: whether the request was executed is not known.
            if transfer.may_be_repeated and self._follow(event):
                event = await self._exchange(transfer)
            if transfer.may_be_repeated and isinstance(event, AssociationLost) and await self._propose_again():
                # A meter that says so of what is asked for, not of the association, is not asked twice each time.
                if self._said_of_objects < _SAYS_SO_OF_OBJECTS:
                    event = await self._exchange(transfer)
                    if isinstance(event, AssociationLost) and await self._propose_again():
                        self._said_of_objects += 1
                        raise event.error
                else:
                    raise event.error
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


def _expected_counter(event: Event) -> int | None:
    error = event.error if isinstance(event, (AssociationRefused, RequestFailed)) else None
    return error.expected if isinstance(error, InvocationCounterRefused) else None


def _error_of(event: Event) -> DlmsError:
    assert isinstance(event, (AssociationRefused, RequestFailed, AssociationLost))  # nothing else answers what we send
    return event.error
