"""The asyncio facade: one physical device, its connection, its associations. IEC 62056-9-7.

One :class:`DlmsClient` is one physical device: its associations share at most one TCP connection, which opens with the
first and closes with the last of them. Every await has a deadline; whatever happens - an error, a deadline, a
cancellation at any point - nothing is left behind: no socket, no task. After a ResponseTimeout the connection is
closed and never used again, because a late answer could be taken for the answer to a later request; all associations
on it end with that first error. Knows nothing of Home Assistant and of the meaning of attributes.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from ..errors import AssociationAborted, ConnectTimeout, LocalProtocolError, ResponseTimeout
from ..limits import DEFAULT_LIMITS, Limits
from ..protocol.proposal import AssociationParameters, WportPair
from .association import Association
from .channel import Connector, with_wrapper
from .link import SYSTEM_CLOCK, USUAL_TIMING, Clock, Link, Timing
from .list_sizes import ReadingMemory
from .security_state import SecurityState
from .transport import open_tcp

DEFAULT_PORT: Final = 4059

_IDLE: Final = 2.0
"""Seconds without a request after which an association may be taken away by another one of the same wPorts."""


@dataclass(slots=True, eq=False)
class _Use:
    """An association on its connection, and the task that ends it."""

    association: Association
    link: Link
    leaving: asyncio.Task[None] | None = None


class DlmsClient:
    """One physical device: an address and at most one TCP connection, shared by its associations.

    ``connect`` replaces opening TCP to host and port; ``clock`` measures the pause between two connections.
    ``reading_memory`` holds what get_many() learned for each wPort pair. Deadlines belong to each association.
    """

    def __init__(
        self,
        host: str,
        port: int = DEFAULT_PORT,
        *,
        limits: Limits = DEFAULT_LIMITS,
        connect: Connector | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """Take the address. Nothing is opened before the first associate()."""
        self.host: Final = host
        self.port: Final = port
        self.reading_memory: Final[dict[WportPair, ReadingMemory]] = {}
        self._limits = limits
        self._connect: Final = connect
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
        self,
        parameters: AssociationParameters,
        *,
        timing: Timing = USUAL_TIMING,
        security_state: SecurityState | None = None,
        on_connected: Callable[[], None] = lambda: None,
    ) -> AsyncIterator[Association]:
        """Open an association; it is released on every way out of the context, and never raises there.

        The first association opens the TCP connection, the last one closes it. A pair of wPorts has one association
        at a time: a second one waits for the end of the first, at most ``timing.transfer`` seconds, or takes over when
        the first one has been idle for a while (its next request then fails with AssociationAborted). When the context
        is cancelled, the release still runs, for at most ``timing.release`` seconds. ``on_connected`` is called when
        the TCP connection is there, before the AARQ is sent. ``security_state`` owns the invocation counter of the
        global key; it is needed for GMAC and for ciphering.

        Raises ConnectFailed, ConnectTimeout, AssociationRejected (never repeated here: meters lock clients out),
        ExceptionReceived for an exception-response instead of an AARE, ResponseTimeout, ConnectionLost,
        RemoteProtocolError for an AARE that accepts what was not proposed; with security also PeerNotAuthenticated,
        SystemTitleMismatch, SecurityDowngrade, AuthenticationTagInvalid (the meter cannot be believed),
        InvocationCounterRefused and InvocationCounterExhausted.
        """
        if parameters.uses_counter and security_state is None:
            raise LocalProtocolError("these security settings need the owner of their invocation counter")
        pair = parameters.pair
        in_use = self._in_use.setdefault(pair, asyncio.Lock())
        await self._wait_for(pair, in_use, timing)
        try:
            link = await self._enter(timing)
        except BaseException:
            in_use.release()
            raise
        association = Association(link, parameters, timing, self._limits, security_state)
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

    async def _enter(self, timing: Timing) -> Link:
        """Return the connection, opened if need be, and count one more user."""
        async with self._connecting:
            link = self._link
            if link is None or not link.is_alive:
                if link is not None:
                    await link.close()
                    await self._pause_until(link.closed_at + timing.reconnect_gap)
                link = self._link = await self._open_link(timing.connect)
            link.users += 1
            return link

    async def _open_link(self, seconds: float) -> Link:
        """Return a connection over which APDUs can be exchanged, within so many seconds."""
        connect = self._connect or with_wrapper(lambda: open_tcp(self.host, self.port, seconds))
        link: Link | None = None
        try:
            async with asyncio.timeout(seconds):
                link = Link(await connect(), self._limits, self._clock.monotonic)
                await link.open()
        except BaseException as error:
            if link is not None:
                await link.close()
            if isinstance(error, TimeoutError):
                raise ConnectTimeout(seconds) from None
            raise
        return link

    async def _wait_for(self, pair: WportPair, in_use: asyncio.Lock, timing: Timing) -> None:
        """Wait until the pair of wPorts is free; take it from an association that is kept open without being used."""
        deadline = asyncio.get_running_loop().time() + timing.transfer
        while True:
            try:
                async with asyncio.timeout(_IDLE / 2):
                    await in_use.acquire()
                    return
            except TimeoutError:
                if asyncio.get_running_loop().time() > deadline:
                    raise ResponseTimeout(f"end of the other association {pair}", timing.transfer) from None
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
                    await use.link.leave(AssociationAborted("the last association was released"))
            finally:
                del self._uses[pair]
                self._in_use[pair].release()

    async def _pause_until(self, moment: float) -> None:
        """Give a small device the time to free its socket."""
        remaining = moment - self._clock.monotonic()
        if remaining > 0:
            await self._clock.sleep(remaining)
