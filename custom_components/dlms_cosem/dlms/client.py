"""The asyncio facade: associate with a logical device, read attributes, release. IEC 62056-9-7.

One :class:`DlmsClient` is one physical device: its associations share at most one TCP connection, which opens with the
first and closes with the last of them. Every await has a deadline; whatever happens - an error, a deadline, a
cancellation at any point - nothing is left behind: no socket, no task. After a ResponseTimeout the connection is
closed and never used again, because a late answer could be taken for the answer to a later request; all associations
on it end with that first error. Knows nothing of Home Assistant and of the meaning of attributes.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from .apdu.common import AttributeDescriptor, Selection
from .association import AssociationParameters, Negotiated, WportPair
from .data import Data, PlainValue, decode_data_octets
from .errors import (
    AssociationAborted,
    ConnectTimeout,
    DataAccessError,
    DlmsError,
    LocalProtocolError,
    RemoteProtocolError,
    ResponseTimeout,
    TransportError,
)
from .events import AnswerReceived, Associated, AssociationRefused, BlockReceived, Dropped, Event, RequestFailed
from .limits import DEFAULT_LIMITS, EXECUTOR_THRESHOLD, Limits
from .link import SYSTEM_CLOCK, Clock, Link, Timing
from .reading import read_many
from .reading_memory import ReadingMemory, ReadingPlan
from .transport import Connector, Transport, open_tcp

DEFAULT_PORT: Final = 4059

_IDLE: Final = 2.0
"""Seconds without a request after which an association may be taken away by another one of the same wPorts."""


class Association:
    """An association with one logical device. Comes from DlmsClient.associate(); not made otherwise.

    Requests of one physical device are sent one after the other, so methods may be called concurrently. After a
    cancelled request the association can only be released: its answer may still be on the way.
    """

    def __init__(self, link: Link, parameters: AssociationParameters, timing: Timing, limits: Limits) -> None:
        """Prepare; nothing is sent before propose()."""
        self.parameters: Final = parameters
        self._link = link
        self._timing = timing
        self._limits = limits
        self._inbox: asyncio.Queue[Event] = link.open_inbox(parameters.pair)
        self._negotiated: Negotiated | None = None
        self._plan: ReadingPlan | None = None
        self._ended: DlmsError | None = None
        self._requests = 0
        self._used_at = asyncio.get_running_loop().time()
        self._given_up = False
        self._rlrq_sent = False
        self._is_released = False
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
        return self._ended is None and self._link.connection.is_open(self.parameters.pair)

    @property
    def idle_seconds(self) -> float:
        """For how long nothing was asked; 0 while something is."""
        return 0.0 if self._requests else asyncio.get_running_loop().time() - self._used_at

    async def get(self, attribute: AttributeDescriptor, selection: Selection | None = None) -> Data:
        """Return the value of one attribute.

        Raises DataAccessError (the meter's word on this attribute), ExceptionReceived (the request as a whole; with
        codes 1, 1 the meter has lost the association), ConfirmedServiceErrorReceived, TransportError (ResponseTimeout,
        ConnectionLost), RemoteProtocolError (DecodeError, LimitExceeded, ...; the connection is closed), and
        LocalProtocolError for a request that is not possible here. IEC 62056-5-3, GET service.
        """
        return await self.decode(decode_data_octets, await self.get_octets(attribute, selection))

    async def get_octets(self, attribute: AttributeDescriptor, selection: Selection | None = None) -> bytes:
        """Return the value of one attribute as encoded Data, put together from blocks. Raises as get() does."""
        connection, pair = self._link.connection, self.parameters.pair
        return await self._request(lambda: connection.get(pair, attribute, selection), "get-response")

    async def get_rows(
        self, attribute: AttributeDescriptor, selection: Selection | None = None
    ) -> list[tuple[PlainValue, ...]]:
        """Return the rows of a profile buffer (class 7 attribute 2), without types. Raises as get() does."""
        from .cosem.profile_generic import decode_rows

        return await self.decode(decode_rows, await self.get_octets(attribute, selection))

    async def get_many(self, attributes: Sequence[AttributeDescriptor]) -> list[Data | DataAccessError]:
        """Return value or error of each attribute, in the same order, in as few requests as the meter lets us.

        Uses GET-with-list where it was negotiated, in lists that fit the PDU sizes of both directions; a list that is
        refused is asked for in smaller pieces and finally one by one, and what worked is remembered by the client. An
        error of one element is in its place. An exception-response to a single element is taken for temporary-failure
        (busy) or other-reason, unless the meter answered nothing else: then it is raised.

        Raises as get() does, except DataAccessError.
        """
        if self._plan is None:
            raise LocalProtocolError("not associated yet")
        return await read_many(self, self._plan, attributes)

    async def get_list_octets(self, attributes: Sequence[AttributeDescriptor]) -> bytes:
        """Return the answer to one GET-with-list as an encoded SEQUENCE OF Get-Data-Result. No falling back.

        Raises as get() does; DataAccessError is the meter's word on the whole list.
        """
        connection, pair = self._link.connection, self.parameters.pair
        items = [(attribute, None) for attribute in attributes]
        return await self._request(lambda: connection.get_with_list(pair, items), "get-response")

    async def decode[T](self, decode: Callable[[bytes, Limits], T], octets: bytes) -> T:
        """Return ``decode(octets, limits)``, computed outside of the event loop when there is much of it (rule M13).

        A RemoteProtocolError closes the connection: who sends values that are none cannot be relied upon (F43).
        """
        try:
            if len(octets) > EXECUTOR_THRESHOLD:
                return await asyncio.to_thread(decode, octets, self._limits)
            return decode(octets, self._limits)
        except RemoteProtocolError as error:
            await self._link.fail(error)
            raise

    async def release(self) -> None:
        """Release the association: RLRQ, a short wait for the RLRE, and in any case the end of it. Never raises.

        May be called again. The context manager does it on every way out. IEC 62056-9-7, clause 9.2.
        """
        async with self._releasing:
            if self._is_released:
                return
            if self._rlrq_sent or self._send_rlrq():
                await self._wait_for_rlre()
            self._is_released = True

    async def propose(self, plan: Callable[[Negotiated], ReadingPlan]) -> None:
        """Send the AARQ and wait for the AARE. Called once, by the client.

        Raises AssociationRejected, ExceptionReceived for an exception-response instead of an AARE, and what get() does.
        """
        connection = self._link.connection
        async with self._link.turn:
            self._raise_if_ended()
            connection.propose(self.parameters)
            latest = asyncio.get_running_loop().time() + self._timing.response
            event = await self._next_event("AARE", self._timing.response, latest)
        if not isinstance(event, Associated):
            raise _error_of(event)
        self._negotiated = event.negotiated
        self._plan = plan(event.negotiated)

    def _send_rlrq(self) -> bool:
        """Send the RLRQ unless there is nothing to release; whoever still waits for an answer is told."""
        connection, pair = self._link.connection, self.parameters.pair
        self._ended = self._ended or AssociationAborted("the association was released")
        self._given_up = connection.is_waiting(pair)
        if not (self._given_up or connection.is_open(pair)):
            return False
        connection.release(pair)
        self._rlrq_sent = True
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
            if self._given_up:
                # What was given up may still be answered, and nothing may take it for an answer to something else.
                await self._link.fail(AssociationAborted("a request was given up, and the release was not answered"))
            else:
                connection.stop_waiting_for_release(pair)

    def _raise_if_ended(self) -> None:
        error = self._link.connection.error or self._ended
        if error is not None:
            raise error

    async def _request(self, send: Callable[[], None], waiting_for: str) -> bytes:
        """Send a request when it is its turn, and return the complete answer."""
        self._requests += 1
        try:
            async with self._link.turn:
                event = await self._exchange(send, waiting_for)
        finally:
            self._requests -= 1
            self._used_at = asyncio.get_running_loop().time()
        if isinstance(event, AnswerReceived):
            return event.octets
        if isinstance(event, Dropped):
            self._ended = self._ended or event.error
        raise _error_of(event)

    async def _exchange(self, send: Callable[[], None], waiting_for: str) -> Event:
        """Send a request and return the event that ends it."""
        self._raise_if_ended()
        send()
        seconds = self._timing.response
        latest = asyncio.get_running_loop().time() + max(self._timing.transfer, seconds)
        try:
            while isinstance(event := await self._next_event(waiting_for, seconds, latest), BlockReceived):
                seconds = self._timing.block
        except asyncio.CancelledError:
            self._ended = self._ended or AssociationAborted("a request was given up")
            raise
        return event

    async def _next_event(self, waiting_for: str, seconds: float, latest: float) -> Event:
        """Send what is to be sent and return what comes back; the end of the connection when nothing does in time."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            async with asyncio.timeout_at(min(started + seconds, latest)):
                await self._link.flush()
                return await self._inbox.get()
        except TimeoutError:
            raise await self._link.fail(ResponseTimeout(waiting_for, round(loop.time() - started, 1))) from None
        except TransportError as error:
            raise await self._link.fail(error) from None


def _error_of(event: Event) -> DlmsError:
    """Return the error that an event stands for."""
    assert isinstance(event, (AssociationRefused, RequestFailed, Dropped))  # nothing else answers what we send
    return event.error


@dataclass(slots=True, eq=False)
class _Use:
    """An association on its connection, and the task that ends it."""

    association: Association
    link: Link
    leaving: asyncio.Task[None] | None = None


class DlmsClient:
    """One physical device: an address and at most one TCP connection, shared by its associations.

    ``timing`` may be changed; it counts from the next association on. ``connect`` replaces opening TCP to host and
    port; ``clock`` (seconds, monotonic) and ``sleep`` serve the pause between two connections. ``reading_memory`` holds what get_many() learned for each wPort pair.
    """

    def __init__(
        self,
        host: str,
        port: int = DEFAULT_PORT,
        *,
        timing: Timing = Timing(),  # noqa: B008  # frozen
        limits: Limits = DEFAULT_LIMITS,
        connect: Connector | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """Take the address. Nothing is opened before the first associate()."""
        self.host: Final = host
        self.port: Final = port
        self.timing = timing
        self.reading_memory: Final[dict[WportPair, ReadingMemory]] = {}
        self._limits = limits
        self._connect: Connector = connect or self._connect_tcp
        self._clock = clock
        self._link: Link | None = None
        self._connecting = asyncio.Lock()
        self._in_use: dict[WportPair, asyncio.Lock] = {}
        self._uses: dict[WportPair, _Use] = {}

    @property
    def is_connected(self) -> bool:
        """Whether the TCP connection is open."""
        return self._link is not None and self._link.is_alive

    @asynccontextmanager
    async def associate(
        self, parameters: AssociationParameters, *, on_connected: Callable[[], None] = lambda: None
    ) -> AsyncIterator[Association]:
        """Open an association; it is released on every way out of the context, and never raises there.

        The first association opens the TCP connection, the last one closes it. A pair of wPorts has one association
        at a time: a second one waits for the end of the first, at most ``timing.transfer`` seconds, or takes over when
        the first one has been idle for a while (its next request then fails with AssociationAborted). When the context
        is cancelled, the release still runs, for at most ``timing.release`` seconds. ``on_connected`` is called when
        the TCP connection is there, before the AARQ is sent.

        Raises ConnectFailed, ConnectTimeout, AssociationRejected (never repeated here: meters lock clients out),
        ExceptionReceived for an exception-response instead of an AARE, ResponseTimeout, ConnectionLost,
        RemoteProtocolError for an AARE that accepts what was not proposed.
        """
        pair = parameters.pair
        in_use = self._in_use.setdefault(pair, asyncio.Lock())
        await self._wait_for(pair, in_use)
        try:
            link = await self._enter()
        except BaseException:
            in_use.release()
            raise
        association = Association(link, parameters, self.timing, self._limits)
        use = self._uses[pair] = _Use(association, link)
        memory = self.reading_memory.setdefault(pair, ReadingMemory())
        try:
            on_connected()
            await association.propose(lambda negotiated: memory.plan(negotiated, parameters.max_receive_pdu_size))
            yield association
        finally:
            await asyncio.shield(self._leave_soon(use))

    async def close(self) -> None:
        """Release what is associated and close the connection. Associating again afterwards opens a new one."""
        leaving = [self._leave_soon(use) for use in self._uses.values()]
        if leaving:
            await asyncio.wait(leaving)
        if self._link is not None:
            await self._link.close()

    async def _enter(self) -> Link:
        """Return the connection, opened if need be, and count one more user."""
        async with self._connecting:
            link = self._link
            if link is None or not link.is_alive:
                if link is not None:
                    await link.close()
                    await self._pause_since(link.closed_at)
                try:
                    async with asyncio.timeout(self.timing.connect):
                        transport = await self._connect()
                except TimeoutError:
                    raise ConnectTimeout(self.timing.connect) from None
                link = self._link = Link(transport, self._limits, self._clock.monotonic)
            link.users += 1
            return link

    async def _wait_for(self, pair: WportPair, in_use: asyncio.Lock) -> None:
        """Wait until the pair of wPorts is free; take it from an association that is kept open without being used."""
        deadline = asyncio.get_running_loop().time() + self.timing.transfer
        while True:
            try:
                async with asyncio.timeout(_IDLE / 2):
                    await in_use.acquire()
                    return
            except TimeoutError:
                if asyncio.get_running_loop().time() > deadline:
                    raise ResponseTimeout(f"end of the other association {pair}", self.timing.transfer) from None
            use = self._uses.get(pair)
            if use is not None and use.association.idle_seconds >= _IDLE:
                self._leave_soon(use)

    def _leave_soon(self, use: _Use) -> asyncio.Task[None]:
        """Return the task, one for each association, that releases it and cleans up."""
        if use.leaving is None:
            use.leaving = asyncio.create_task(self._leave(use), name="dlms association leaving")
        return use.leaving

    async def _leave(self, use: _Use) -> None:
        """Release, and close the connection after its last user."""
        pair = use.association.parameters.pair
        try:
            await use.association.release()
        finally:
            use.link.users -= 1
            try:
                if not use.link.users:
                    await use.link.fail(AssociationAborted("the last association was released"))
            finally:
                del self._uses[pair]
                self._in_use[pair].release()

    async def _pause_since(self, closed_at: float) -> None:
        """Give a small device the time to free its socket."""
        remaining = closed_at + self.timing.reconnect_gap - self._clock.monotonic()
        if remaining > 0:
            await self._clock.sleep(remaining)

    async def _connect_tcp(self) -> Transport:
        return await open_tcp(self.host, self.port, self.timing.connect)
