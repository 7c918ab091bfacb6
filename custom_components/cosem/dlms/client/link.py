"""Drives a Connection over one channel, and hands its events to whoever waits.

The first error ends it; everybody who waits gets that error.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
import math
import time
from typing import Final, Protocol

from ..errors import AssociationAborted, ConnectionLost, DlmsError, TransportError
from ..limits import Limits
from ..protocol.connection import Connection
from ..protocol.events import ConnectionEnded, ConnectionReady, Event, NotificationReceived, NotificationRefused
from ..protocol.notification_senders import NotificationSenders
from ..protocol.proposal import AssociationParameters, WportPair
from .channel import Channel
from .observer import NOBODY, ObservedFraming, Observer, note_event


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Deadlines and pauses, in seconds.

    ``connect``: name resolution and TCP handshake. ``response``: the AARE, an answer or its first block. ``block``:
    each further block. ``transfer``: all blocks. ``release``: the RLRE. ``reconnect_gap``: between two connections.
    ``repeat``: until a question is asked again where it may have got lost.
    """

    connect: float = 10
    response: float = 10
    transfer: float = 120
    block: float = 20
    release: float = 2
    reconnect_gap: float = 1  # small devices free a socket late
    repeat: float = 3


USUAL_TIMING: Final = Timing()


class Clock(Protocol):
    """Times the pause between connections."""

    def monotonic(self) -> float:
        """Return seconds that never go back."""

    async def sleep(self, seconds: float) -> None:
        """Return after so many seconds."""


class SystemClock:
    """The clock of this computer."""

    def monotonic(self) -> float:
        """Return monotonic seconds."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Return after so many seconds."""
        await asyncio.sleep(seconds)


SYSTEM_CLOCK: Final = SystemClock()


@dataclass(frozen=True, slots=True)
class NotificationConsumer:
    """Takes what nobody asked for; must be quick and never raise. ``senders``: whose keys may open it."""

    receive: Callable[[NotificationReceived | NotificationRefused], None]
    senders: NotificationSenders


UNHEARD: Final = NotificationConsumer(lambda _: None, NotificationSenders())
"""Notifications are counted only."""

_GOOD_BYE: Final = 1.0
"""Seconds for the framing's last octets."""

_IDLE_PAUSE: Final = 0.05
"""Seconds after octets that nobody asked for: there is time, and more of them wait in the operating system."""


class Link:
    """A channel being read; ``users``: its associations."""

    def __init__(
        self,
        channel: Channel,
        limits: Limits,
        clock: Callable[[], float],
        observer: Observer = NOBODY,
        consumer: NotificationConsumer = UNHEARD,
    ) -> None:
        self.observer: Final = observer
        framing = ObservedFraming(channel.framing, observer)
        self.connection = Connection(framing, limits=limits, senders=consumer.senders)
        self._consumer = consumer
        self.users = 0
        # One for all logical devices: most physical devices handle one request at a time.
        self.turn = asyncio.Lock()
        """Held from a request to its answer."""
        self.before_reading: Final[dict[WportPair, Callable[[], Awaitable[object]]]] = {}
        """Awaited before each read."""
        self.closed_at = math.inf
        """By ``clock``."""
        self._transport = channel.transport
        self._clock = clock
        self._inboxes: dict[WportPair, asyncio.Queue[Event]] = {}
        self._opened = asyncio.Event()
        self._sending = asyncio.Lock()
        self._loop = asyncio.get_running_loop()
        self._alarm: asyncio.TimerHandle | None = None
        self._sending_for_alarm: asyncio.Task[None] | None = None
        # Begun at once: a task that is cancelled before its first step would not close the transport.
        self._reader = asyncio.Task(self._read(), loop=self._loop, name="dlms link reader", eager_start=True)

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return self.connection.error is None

    async def open(self) -> None:
        """Return when the framing is ready for APDUs. Raises DlmsError."""
        self.connection.open()
        self._dispatch()
        await self.flush()
        await self._opened.wait()
        if self.connection.error is not None:
            raise self.connection.error

    def open_inbox(self, pair: WportPair) -> asyncio.Queue[Event]:
        """Return a new queue for a pair's events; an older one gets no more."""
        inbox = self._inboxes[pair] = asyncio.Queue()
        return inbox

    async def flush(self) -> None:
        """Send what is pending. Raises TransportError."""
        async with self._sending:
            while octets := self.connection.data_to_send(self._loop.time()):
                await self._transport.send(octets)
        self._dispatch()  # what needs no answer has happened
        self._set_alarm()

    async def fail(self, error: DlmsError) -> DlmsError:
        """End everything; return the error that was first."""
        self.connection.abort(error)
        if self.connection.is_lossy:
            with suppress(TransportError):
                await self.flush()  # what tells the meter that its associations are over
        await self.close()
        return self.connection.error or error

    async def leave(self, error: DlmsError) -> None:
        """Let the framing sign off, then end with ``error``."""
        self.connection.close()
        try:
            async with asyncio.timeout(_GOOD_BYE):
                await self.flush()
        except TransportError, TimeoutError:
            pass  # it is over either way
        await self.fail(error)

    async def ended(self) -> None:
        """Return when it has ended."""
        await asyncio.wait([self._reader])

    # -- What is different where the meter opened it (calls.py).

    def admit(self, parameters: AssociationParameters) -> None:
        """Return if such an association may be proposed. Raises CallerNotExpected."""

    async def last_user_left(self) -> None:
        """Sign off: nobody uses it any more."""
        await self.leave(AssociationAborted("the last association was released"))

    async def let_go(self) -> None:
        """Disconnect: the client that had it is closed."""
        await self.close()

    async def close(self) -> None:
        """Close, within the transport's deadline. May be called again."""
        self.connection.abort(ConnectionLost())
        self._dispatch()
        if not self._reader.done():
            self._reader.cancel()
            await asyncio.wait([self._reader])

    async def _read(self) -> None:
        """Read until the end. Nothing else closes the transport."""
        try:
            while self.is_alive:
                # What comes in may be answered at once, and that needs reserved counters.
                for prepare in list(self.before_reading.values()):
                    await prepare()
                if octets := await self._transport.receive():
                    self.connection.receive_data(octets, self._loop.time())
                else:
                    self.connection.receive_eof()
                is_wanted = self._dispatch() or self.connection.something_waits
                await self.flush()
                await asyncio.sleep(0 if is_wanted else _IDLE_PAUSE)  # others get their turn, however fast the peer is
        except ConnectionLost as error:
            self.connection.receive_eof(reset=error.reset)
        except TransportError as error:
            self.connection.abort(error)
        finally:
            self.connection.abort(ConnectionLost())
            self._dispatch()
            self._set_alarm()
            try:
                await self._transport.close()
            finally:
                self.closed_at = self._clock()

    def _dispatch(self) -> bool:
        """Hand out events; return whether anybody got one."""
        is_wanted = False
        while (event := self.connection.next_event()) is not None:
            note_event(self.observer, event)
            if isinstance(event, NotificationReceived | NotificationRefused):
                self._consumer.receive(event)
                is_wanted |= isinstance(event, NotificationReceived) and event.authenticated
                continue
            is_wanted = True
            if isinstance(event, (ConnectionReady, ConnectionEnded)):
                self._opened.set()
            else:
                self._inboxes[event.pair].put_nowait(event)
        return is_wanted

    # -- the framing's own time

    def _set_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if (due := self.connection.next_call) is not None:
            self._alarm = self._loop.call_at(due, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        self.connection.call(self._loop.time())
        self._dispatch()
        if self.is_alive:
            self._sending_for_alarm = self._loop.create_task(self._flush_after_alarm(), name="dlms link resend")
        else:
            self._reader.cancel()  # it closes the transport

    async def _flush_after_alarm(self) -> None:
        try:
            await self.flush()
        except TransportError as error:
            await self.fail(error)
