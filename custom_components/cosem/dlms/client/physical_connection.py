"""The connection to one physical device: opened for its first user, ended after the last, never two at a time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from ..errors import AssociationAborted, ConnectTimeout, DlmsError
from ..limits import Limits
from .channel import Channel
from .link import UNHEARD, Clock, Link, NotificationConsumer, Timing
from .observer import Observer

CLOSED: Final = "the client was closed"

type LinkConnector = Callable[[], Awaitable[Channel | Link]]
"""Opens a connection, or finds one that the meter has opened. Raises TransportError."""


class PhysicalConnection:
    """Opens and ends the link. ``connect``: takes the seconds it may last, returns a connector.

    ``clock`` measures the pause between connections.
    """

    def __init__(
        self, connect: Callable[[float], LinkConnector], limits: Limits, clock: Clock, observer: Observer
    ) -> None:
        self._connect = connect
        self._limits = limits
        self._clock = clock
        self._observer = observer
        self.consumer: NotificationConsumer = UNHEARD
        """Of the connections that are opened from now on."""
        self._link: Link | None = None
        self._changing = asyncio.Lock()
        """Held by whoever opens a connection or signs off."""
        self._until_interrupted: asyncio.Timeout | None = None
        """Around the opening of a connection."""

    @property
    def is_open(self) -> bool:
        """Whether there is one."""
        return self._link is not None and self._link.is_alive

    async def join(self, timing: Timing, refusal: Callable[[], DlmsError | None]) -> Link:
        """Return the link, with one user more. ``refusal``: why the user is not wanted any more.

        Raises the refusal, AssociationAborted after interrupt(), ConnectFailed, ConnectTimeout.
        """
        async with self._changing:
            _raise(refusal())
            link = self._link
            if link is None or not link.is_alive:
                link = await self._open_after(link, timing)
                if (error := refusal()) is not None:
                    await link.close()
                    raise error
                self._link = link
            link.users += 1
            return link

    async def leave(self, link: Link) -> None:
        """Take one user away; end an unused link. Meanwhile nobody opens another, nor takes this one."""
        link.users -= 1
        if not link.is_alive:
            await link.close()
            return
        async with self._changing:
            if not link.users:
                await link.last_user_left()

    def interrupt(self) -> None:
        """End an opening that is under way."""
        if self._until_interrupted is not None:
            self._until_interrupted.reschedule(0)
            self._until_interrupted = None

    async def close(self) -> None:
        """Disconnect."""
        async with self._changing:  # nobody opens a connection behind our back
            if self._link is not None:
                await self._link.let_go()
                if self._link.is_alive:  # somebody else may use it now
                    self._link = None

    async def _open_after(self, last: Link | None, timing: Timing) -> Link:
        try:
            async with asyncio.timeout(None) as self._until_interrupted:
                if last is not None:
                    await last.close()
                    await self._pause_until(last.closed_at + timing.reconnect_gap)
                return await self._open(timing.connect)
        except TimeoutError:
            raise AssociationAborted(CLOSED) from None
        finally:
            self._until_interrupted = None

    async def _open(self, seconds: float) -> Link:
        link: Link | None = None
        self._observer.note("connecting")
        try:
            async with asyncio.timeout(seconds):
                channel = await self._connect(seconds)()
                if isinstance(channel, Link):
                    return channel
                link = Link(channel, self._limits, self._clock.monotonic, self._observer, self.consumer)
                await link.open()
        except BaseException as error:
            self._observer.note("not connected: %r", error)
            if link is not None:
                await link.close()
            if isinstance(error, TimeoutError):
                raise ConnectTimeout(seconds) from None
            raise
        return link

    async def _pause_until(self, moment: float) -> None:
        # A small device needs time to free its socket.
        remaining = moment - self._clock.monotonic()
        if remaining > 0:
            await self._clock.sleep(remaining)


def _raise(error: DlmsError | None) -> None:
    if error is not None:
        raise error
