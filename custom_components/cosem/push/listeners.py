"""The listeners of Home Assistant, one for each transport, address and port: there as long as an entry wants them."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final, NamedTuple
from weakref import WeakKeyDictionary

from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN
from ..dlms import (
    DEFAULT_LIMITS,
    AwaitedCalls,
    CallDesk,
    DlmsClient,
    ExpectedCaller,
    Hearing,
    NotificationConsumer,
    NotificationListener,
    Source,
    TransportProtocol,
)
from .routing import ReadNotification, Receiver, Router
from .unknown_senders import UnknownSender, unknown_senders_of

RETRY_AFTER: Final = 60.0
"""Seconds until a port that was taken is tried again."""


class Place(NamedTuple):
    """Where something listens. ``address``: of ours."""

    transport: TransportProtocol
    address: str
    port: int


@dataclass(frozen=True, slots=True)
class _Shared:
    listener: NotificationListener
    router: Router
    desk: CallDesk
    expected: dict[AwaitedCalls, list[ExpectedCaller]] = field(default_factory=dict)
    """By whose calls they are: entries of one physical device share them."""

    @property
    def is_wanted(self) -> bool:
        """Whether anybody listens here."""
        return bool(self.router.receivers or self.desk.is_wanted)

    def trust_senders(self) -> None:
        """Let strangers not crowd out the addresses that entries expect."""
        titles: dict[str, set[bytes]] = {}
        for receiver in self.router.receivers:
            for each in receiver.sources:
                if each.num_addresses == 1:
                    titles.setdefault(str(each.network_address), set()).update(filter(None, [receiver.system_title]))
        self.listener.sources.trust(titles, titles)


class Listeners:
    """All of them. ``note_stranger``: is given what nobody takes, and where it was heard."""

    def __init__(self, note_stranger: Callable[[Place, ReadNotification], None] = lambda place, read: None) -> None:
        self._note_stranger = note_stranger
        self._open: dict[Place, _Shared] = {}
        self._held = Counter[Place]()
        self._turn = asyncio.Lock()

    async def async_join(self, place: Place, receiver: Receiver) -> None:
        """Listen there for one entry more. Raises ListenerUnavailable."""
        async with self._turn:
            shared = await self._async_opened(place)
            shared.router.add(receiver)
            shared.trust_senders()

    async def _async_opened(self, place: Place) -> _Shared:
        if (shared := self._open.get(place)) is None:
            router, desk = Router(note_stranger=partial(self._note_stranger, place)), CallDesk()
            listener = NotificationListener(router.receive, router.senders, on_call=desk.take)
            shared = _Shared(listener, router, desk)
            await shared.listener.open(*place)
            self._open[place] = shared
        return shared

    async def async_expect(self, place: Place, caller: ExpectedCaller) -> None:
        """Take a meter's calls there. Raises ListenerUnavailable."""
        async with self._turn:
            shared = await self._async_opened(place)
            users = shared.expected.setdefault(caller.calls, [])
            users.append(caller)
            if len(users) == 1:
                shared.desk.add(caller, shared.listener.calls)

    async def async_expect_no_more(self, place: Place, calls: AwaitedCalls) -> None:
        """Take its calls no more, for one user of them."""
        async with self._turn:
            shared = self._open[place]
            users = shared.expected[calls]
            if len(users) == 1:
                del shared.expected[calls]
                await shared.desk.remove(users[0])
            else:
                users.pop()  # whoever came first speaks for all: they are one physical device
            await self._async_close_unwanted(place, shared)

    @callback
    def hold(self, place: Place) -> None:
        """Keep what is open there, with its connections, also while nobody wants it; it owes an ``async_release``."""
        self._held[place] += 1

    async def async_release(self, place: Place) -> None:
        """Keep it no longer."""
        async with self._turn:
            self._held[place] -= 1
            await self._async_close_unwanted(place, self._open[place])

    async def _async_close_unwanted(self, place: Place, shared: _Shared) -> None:
        if not shared.is_wanted and not self._held[place]:
            del self._open[place]
            await shared.desk.close()
            await shared.listener.close()

    async def async_leave(self, place: Place, receiver: Receiver) -> None:
        """Stop listening there for an entry; with the last one the listener goes."""
        async with self._turn:
            shared = self._open[place]
            shared.router.remove(receiver)
            shared.trust_senders()
            await self._async_close_unwanted(place, shared)

    @callback
    def note_new_sources(self, place: Place) -> None:
        """Go by what the receivers there expect now."""
        self._open[place].trust_senders()

    def counters_of(self, place: Place) -> Mapping[str, int]:
        """Return what was not taken there, by its reason."""
        if (shared := self._open.get(place)) is None:
            return {}
        replayed = shared.listener.counters.replayed
        return {**shared.router.counters, **({"replayed": replayed} if replayed else {})}


@callback
def listeners_of(hass: HomeAssistant) -> Listeners:
    """Return them."""
    strangers = unknown_senders_of(hass)
    return hass.data.setdefault(
        _LISTENERS,
        Listeners(lambda place, read: strangers.note(UnknownSender.of(read, place.address, place.port))),
    )


@callback
def own_router(hass: HomeAssistant, client: DlmsClient, transport: TransportProtocol | None) -> Router:
    """Return who takes what a meter sends on the connections that we open, from the next one on."""
    routers = hass.data.setdefault(_OWN, WeakKeyDictionary())
    if (router := routers.get(client)) is None:
        router = routers[client] = Router(is_own=True)
        source = Source(transport or TransportProtocol.TCP, client.host, client.port)
        hearing = Hearing(router.receive, router.senders, DEFAULT_LIMITS, hass.loop.time)
        client.consume_notifications(NotificationConsumer(lambda event: hearing.take(source, event), router.senders))
    return router


_LISTENERS: Final[HassKey[Listeners]] = HassKey(f"{DOMAIN}_listeners")
_OWN: Final[HassKey[WeakKeyDictionary[DlmsClient, Router]]] = HassKey(f"{DOMAIN}_own_connections")
