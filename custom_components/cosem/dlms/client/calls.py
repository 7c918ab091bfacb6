"""Connections that meters open to us, and associations over them (IEC 62056-9-7:2013, 9.7).

An address is no identity (rule S23): who calls gets no password unless the user said from where the meter calls, and
nothing else tells that it is another one.
"""

import asyncio
from collections.abc import Callable
from typing import Final, override

from ..apdu.acse import Mechanism
from ..errors import CallerNotExpected, ConnectionLost
from ..limits import Limits
from ..protocol.framing import Message
from ..protocol.proposal import AssociationParameters
from .channel import Channel
from .hearing import Source
from .link import Link, NotificationConsumer
from .observer import NOBODY, Observer


class _ChangingObserver:
    """Tells whoever uses the call."""

    def __init__(self) -> None:
        self.target: Observer = NOBODY

    def note(self, text: str, *details: object) -> None:
        self.target.note(text, *details)

    def sent(self, message: Message) -> None:
        self.target.sent(message)

    def received(self, message: Message) -> None:
        self.target.received(message)


class CalledLink(Link):
    """A connection that a meter opened. It outlives its users, because only the meter can open it again.

    ``on_use``: is told when its use begins and ends. ``is_expected``: whether it may be given a password.
    """

    def __init__(
        self,
        channel: Channel,
        limits: Limits,
        clock: Callable[[], float],
        consumer: NotificationConsumer,
        source: Source,
    ) -> None:
        self._forwarding = _ChangingObserver()
        self.source: Final = source
        self.system_titles: Final[set[bytes]] = set()
        """Of notifications over it that were verified."""
        self.is_expected = False
        self.is_used = False
        self.is_waiting = False
        """Whether it is about to be used, so that it may be silent."""
        self.holder: object = None
        """Whose it is, as far as anybody knows."""
        self.on_use: Callable[[], None] = lambda: None
        super().__init__(channel, limits, clock, self._forwarding, consumer)

    def use(self, observer: Observer) -> None:
        """Begin to use it for associations."""
        self._forwarding.target = observer
        self.is_used, self.is_waiting = True, False
        self.on_use()
        observer.note("the meter has called from %s", self.source.text)

    @override
    def admit(self, parameters: AssociationParameters) -> None:
        if parameters.mechanism is Mechanism.LLS and not self.is_expected:
            raise CallerNotExpected("no password is sent to a caller of whom nothing tells that it is the meter")

    @override
    async def last_user_left(self) -> None:
        """Stay open."""

    @override
    async def let_go(self) -> None:
        self.is_used = self.is_waiting = False
        self._forwarding.target = NOBODY
        self.on_use()


_MOST_KNOWN: Final = 4
"""Addresses that a meter called from; mobile networks give it new ones."""

_MOST_WAITING: Final = 8
"""Calls that may wait for their turn; strangers cannot keep more connections open so."""


class AwaitedCalls:
    """The calls of one meter: how its client gets its connection. ``observer``: that of the client."""

    def __init__(self, observer: Observer = NOBODY) -> None:
        self._followers: list[Callable[[], None]] = []
        self._observer = observer
        self._offered: list[CalledLink] = []
        self._connected: CalledLink | None = None
        """Given to the client, and not hung up on since."""
        self._known: list[str] = []
        """From where the meter itself has called, the last one at the end."""
        self._news = asyncio.Event()

    @property
    def present(self) -> CalledLink | None:
        """The call to use: the one that is used, else the latest, rather of who was verified before.

        None while the meter does not call.
        """
        self._offered = [call for call in self._offered if call.is_alive and call.holder is self]
        return max(reversed(self._offered), key=self._precedence, default=None)

    @property
    def others_wait(self) -> bool:
        """Whether there is a call besides the one that is used."""
        return self.present is not None and any(not call.is_used for call in self._offered)

    def _precedence(self, call: CalledLink) -> tuple[bool, bool, bool]:
        return call.is_used, bool(call.system_titles), call.source.host in self._known

    def note_verified(self) -> None:
        """Note that the meter itself was read over the call in use: who calls from there comes first from now on."""
        if (call := self._connected) is not None:
            host = call.source.host
            self._known = [*(each for each in self._known if each != host), host][-_MOST_KNOWN:]

    def offer(self, call: CalledLink, *, is_expected: bool) -> None:
        """Take a call that is this meter's, as far as anybody knows. ``is_expected``: it may be given a password."""
        call.is_expected, call.holder = is_expected, self
        self._offered = [*(each for each in self._offered if each.is_alive and each is not call), call]
        if not call.is_used and sum(each.is_waiting for each in self._offered) < _MOST_WAITING:
            call.is_waiting = True
            call.on_use()
        news, self._news = self._news, asyncio.Event()
        news.set()
        if self.present is call:  # else there is one in use
            for follower in tuple(self._followers):
                follower()

    def follow(self, follower: Callable[[], None]) -> Callable[[], None]:
        """Tell somebody of each call that can be used now, who must be quick and never raise; return what ends that."""
        self._followers.append(follower)
        return lambda: self._followers.remove(follower)

    async def wait(self) -> None:
        """Return when there is a call."""
        while self.present is None:
            await self._news.wait()

    async def connect(self) -> Link:
        """Return the connection of a call; waits for one."""
        await self.wait()
        call = self.present
        assert call is not None
        call.use(self._observer)
        self._connected = call
        return call

    async def hang_up(self) -> bool:
        """End the call that the client had last; who waits was not heard yet. Return whether there was one."""
        call, self._connected = self._connected, None
        if call is not None and call.is_used and call.holder is self:
            await call.fail(ConnectionLost())
        return call is not None

    async def give_back(self) -> list[CalledLink]:
        """Give up all calls, and return those that somebody else may have."""
        self._connected = None
        given, self._offered = [call for call in self._offered if call.is_alive and call.holder is self], []
        for call in given:
            await call.let_go()
        return given
