"""An association as its user sees it: requests with deadlines, values, release. Asyncio, on one Link.

Who opens and closes the connection underneath is the client's business (client.py). After a ResponseTimeout the
connection is closed and never used again, because a late answer could be taken for the answer to a later request.
Room for SET and ACTION: one more method each, over the same ``_request``. IEC 62056-5-3; IEC 62056-9-7 clause 9.2.
"""

import asyncio
from collections.abc import Callable, Sequence
import math
from typing import Final

from ..apdu.acse import Mechanism
from ..apdu.common import AttributeDescriptor, Selection
from ..encoding.data import Data, PlainValue, decode_data_octets
from ..errors import (
    AssociationAborted,
    DataAccessError,
    DlmsError,
    InvocationCounterRefused,
    LocalProtocolError,
    RemoteProtocolError,
    ResponseTimeout,
    TransportError,
)
from ..interface_classes.profile_generic import decode_rows
from ..limits import EXECUTOR_THRESHOLD, Limits
from ..protocol.events import (
    AnswerReceived,
    Associated,
    AssociationRefused,
    BlockReceived,
    ChallengeAnswered,
    Dropped,
    Event,
    RequestFailed,
)
from ..protocol.opening import Opening
from ..protocol.proposal import AssociationParameters, Negotiated
from ..protocol.transfer import Transfer
from ..protocol.transfer.get import GetList, GetOne
from ..security.counters import MAX_UNATTENDED_RAISE
from .lifecycle import Lifecycle, LifecycleInput, next_lifecycle
from .link import Link, Timing
from .list_sizes import ListPlan
from .reading import read_many
from .security_state import SecurityState, opening_material

_OPENED_BY: Final[dict[type[Event], LifecycleInput]] = {
    Associated: LifecycleInput.ACCEPT,
    AssociationRefused: LifecycleInput.REFUSE,
    Dropped: LifecycleInput.END,
}
"""What the event that ends an attempt means."""


class Association:
    """An association with one logical device. Comes from DlmsClient.associate().

    Requests of one physical device are sent one after the other, so methods may be called concurrently. After a
    cancelled request the association can only be released: its answer may still be on the way.
    """

    def __init__(
        self,
        link: Link,
        parameters: AssociationParameters,
        timing: Timing,
        limits: Limits,
        security_state: SecurityState | None = None,
    ) -> None:
        """Prepare; nothing is sent before propose()."""
        self.parameters: Final = parameters
        self._link = link
        self._timing = timing
        self._was_kept = False
        self._limits = limits
        self._security_state = security_state
        self._inbox: asyncio.Queue[Event] = link.open_inbox(parameters.pair)
        self._negotiated: Negotiated | None = None
        self._plan: ListPlan | None = None
        self._ended: DlmsError | None = None
        """Why there are no more requests, by the first thing that ended them here."""
        self._lifecycle = Lifecycle.IDLE
        self._releasing = asyncio.Lock()

    @property
    def negotiated(self) -> Negotiated:
        """What the meter agreed to. Raises LocalProtocolError before it did."""
        if self._negotiated is None:
            raise LocalProtocolError("not associated yet")
        return self._negotiated

    @property
    def is_open(self) -> bool:
        """Whether requests are possible: associated, connected, and no request was given up."""
        return self._lifecycle.is_open and self._link.connection.is_open(self.parameters.pair)

    @property
    def was_kept(self) -> bool:
        """Whether it is older than the context that lends it. It may be gone: meters end associations that are idle."""
        return self._was_kept

    @property
    def is_reusable(self) -> bool:
        """Whether it looks good, and nothing is unanswered."""
        return self.is_open and not self._link.connection.is_waiting(self.parameters.pair)

    def lend_again(self, timing: Timing) -> None:
        """Note that it was kept, and has the deadlines of its next user from now on. Called by the client."""
        self._timing, self._was_kept = timing, True

    async def get(self, attribute: AttributeDescriptor, selection: Selection | None = None) -> Data:
        """Return the value of one attribute.

        Raises DataAccessError (this attribute), ExceptionReceived (the whole request; 1, 1: the association is lost),
        ConfirmedServiceErrorReceived, TransportError, RemoteProtocolError (the connection is closed) and
        LocalProtocolError.
        """
        return await self.decode(decode_data_octets, await self.get_octets(attribute, selection))

    async def get_octets(self, attribute: AttributeDescriptor, selection: Selection | None = None) -> bytes:
        """Return the value of one attribute as encoded Data, put together from blocks. Raises as get() does."""
        return await self._request(GetOne(attribute, selection))

    async def get_rows(
        self, attribute: AttributeDescriptor, selection: Selection | None = None
    ) -> list[tuple[PlainValue, ...]]:
        """Return the rows of a profile buffer (class 7 attribute 2), without types. Raises as get() does."""
        return await self.decode(decode_rows, await self.get_octets(attribute, selection))

    async def get_many(self, attributes: Sequence[AttributeDescriptor]) -> list[Data | DataAccessError]:
        """Return value or error of each attribute, in the same order, in as few requests as the meter lets us.

        A list that is refused is asked for in smaller pieces; the client remembers what worked. An exception-response
        to one element is its error, unless nothing else was answered. Raises as get() does, except DataAccessError.
        """
        if self._plan is None:
            raise LocalProtocolError("not associated yet")
        return await read_many(self, self._plan, attributes)

    async def get_list_octets(self, attributes: Sequence[AttributeDescriptor]) -> bytes:
        """Return the answer to a GET-with-list: encoded SEQUENCE OF Get-Data-Result. Raises as get() does."""
        return await self._request(GetList([(attribute, None) for attribute in attributes]))

    async def decode[T](self, decode: Callable[[bytes, Limits], T], octets: bytes) -> T:
        """Return ``decode(octets, limits)``, computed outside of the event loop when there is much of it (rule M13)."""
        try:
            if len(octets) > EXECUTOR_THRESHOLD:
                return await asyncio.to_thread(decode, octets, self._limits)
            return decode(octets, self._limits)
        except RemoteProtocolError as error:
            await self._link.fail(error)  # a peer whose values make no sense cannot be relied upon (F43)
            raise

    async def release(self) -> None:
        """Release the association: RLRQ, a short wait for the RLRE, and in any case the end of it. Never raises.

        May be called again. The context manager does it on every way out. IEC 62056-9-7, clause 9.2.
        """
        async with self._releasing:
            if self._lifecycle.is_released:
                return
            if self._lifecycle.waits_for_rlre or self._send_rlrq():
                await self._wait_for_rlre()
            self._link.before_reading.pop(self.parameters.pair, None)
            self._step(LifecycleInput.FINISH)

    async def propose(self, plan: Callable[[Negotiated], ListPlan]) -> None:
        """Send the AARQ, wait for the AARE, and let both sides prove themselves. Called once, by the client.

        An invocation counter that the meter refuses is raised once, and the proposal repeated; a password is sent once
        (rule S20). Raises AssociationRejected, ExceptionReceived, TransportError, RemoteProtocolError, SecurityError.
        """
        async with self._link.turn:
            event = await self._open()
            if self._follow(event) and self.parameters.mechanism is not Mechanism.LLS:
                event = await self._open()
        if not isinstance(event, Associated):
            raise _error_of(event)
        self._negotiated = event.negotiated
        self._plan = plan(event.negotiated)

    async def _open(self) -> Event:
        """Make one attempt, and return the event that ends it."""
        self._raise_if_ended()
        await self._reserve()
        self._raise_if_ended()
        opening = Opening(self.parameters, opening_material(self.parameters, self._security_state), self._limits)
        self._link.connection.propose(self.parameters, opening)
        self._step(LifecycleInput.PROPOSE)
        event = await self._next_event("AARE", self._timing.response, math.inf)
        if isinstance(event, ChallengeAnswered):
            self._step(LifecycleInput.CHALLENGE)
            event = await self._next_event("answer to reply_to_HLS_authentication", self._timing.response, math.inf)
        self._step(_OPENED_BY[type(event)])
        return event

    def _follow(self, event: Event) -> bool:
        """Return whether another attempt makes sense: the meter refused our counter, and it could be raised."""
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
        """Have invocation counters at hand, where they are used."""
        if self._security_state is not None and self.parameters.uses_counter:
            await self._security_state.reserve()
            self._link.before_reading[self.parameters.pair] = self._security_state.top_up

    def _send_rlrq(self) -> bool:
        """Send the RLRQ unless there is nothing to release; whoever still waits for an answer is told."""
        connection, pair = self._link.connection, self.parameters.pair
        self._ended = self._ended or AssociationAborted("the association was released")
        is_waiting = connection.is_waiting(pair)
        if not (is_waiting or connection.is_open(pair)):
            return False
        connection.release(pair)
        self._step(LifecycleInput.GIVE_UP if is_waiting else LifecycleInput.RELEASE)
        self._inbox.put_nowait(Dropped(pair, self._ended))
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
        """Note that no more requests are possible, and why."""
        self._ended = self._ended or error
        self._step(LifecycleInput.END)

    def _raise_if_ended(self) -> None:
        error = self._link.connection.error or self._ended
        if error is not None:
            raise error

    async def _request(self, transfer: Transfer) -> bytes:
        """Send a request when it is its turn, and return what the transfer completes with."""
        async with self._link.turn:
            event = await self._exchange(transfer)
            # The refusal is not authenticated: whether the request was executed is not known.
            if transfer.may_be_repeated and self._follow(event):
                event = await self._exchange(transfer)
        if isinstance(event, AnswerReceived):
            return event.octets
        if isinstance(event, Dropped):
            self._end(event.error)
        raise _error_of(event)

    async def _exchange(self, transfer: Transfer) -> Event:
        """Send a request and return the event that ends it."""
        self._raise_if_ended()
        await self._reserve()
        self._raise_if_ended()
        self._link.connection.request(self.parameters.pair, transfer)
        seconds = self._timing.response
        latest = asyncio.get_running_loop().time() + max(self._timing.transfer, seconds)
        try:
            while isinstance(event := await self._next_event(transfer.awaited, seconds, latest), BlockReceived):
                seconds = self._timing.block
        except asyncio.CancelledError:
            self._end(AssociationAborted("a request was given up"))
            raise
        return event

    async def _next_event(self, waiting_for: str, seconds: float, latest: float) -> Event:
        """Send what is to be sent and return what comes back; the end of the connection when nothing does in time."""
        self._raise_if_ended()  # released meanwhile: what comes now belongs to the release
        deadline = asyncio.get_running_loop().time() + seconds
        try:
            async with asyncio.timeout_at(min(deadline, latest)):
                await self._link.flush()
                return await self._inbox.get()
        except TimeoutError:
            waited = seconds if deadline <= latest else self._timing.transfer
            error = self._link.connection.forgery(self.parameters.pair) or ResponseTimeout(waiting_for, waited)
            raise await self._link.fail(error) from None
        except TransportError as error:
            raise await self._link.fail(error) from None


def _expected_counter(event: Event) -> int | None:
    """Return the counter that the meter asks for, if it refused ours."""
    error = event.error if isinstance(event, (AssociationRefused, RequestFailed)) else None
    return error.expected if isinstance(error, InvocationCounterRefused) else None


def _error_of(event: Event) -> DlmsError:
    """Return the error that an event stands for."""
    assert isinstance(event, (AssociationRefused, RequestFailed, Dropped))  # nothing else answers what we send
    return event.error
