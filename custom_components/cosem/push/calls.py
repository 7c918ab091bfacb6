"""Meters that call us: their calls are awaited while an entry or a form wants them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from ipaddress import ip_network
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_PORT
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed, HomeAssistantError
from homeassistant.helpers.event import async_call_later

from ..const import (
    CONF_CALL_SOURCES,
    CONF_CALL_WITHIN,
    CONF_LISTEN_ADDRESS,
    CONF_SERVER_WPORT,
    DEFAULT_CALL_WITHIN,
    DOMAIN,
)
from ..dlms import (
    AwaitedCalls,
    ExpectedCaller,
    ListenerUnavailable,
    TransportProtocol,
    own_address_towards,
)
from ..meter.error_mapping import is_of_another_meter, is_of_the_network, listener_fault
from ..meter.issues import issues_of
from .handing_over import keep_calls
from .listeners import RETRY_AFTER, Place, listeners_of
from .routing import Receiver

_ANYWHERE: Final = "192.0.2.1"
"""Of no device. What is reached by the default route has this way; nothing is sent."""


async def async_call_place(data: Mapping[str, Any]) -> Place:
    """Return where a calling meter's calls are awaited. Raises ListenerUnavailable."""
    address = data.get(CONF_LISTEN_ADDRESS) or await async_address_towards_callers(data)
    return Place(TransportProtocol.TCP, address, data[CONF_PORT])


async def async_address_towards_callers(data: Mapping[str, Any]) -> str:
    """Return our address that faces where a meter calls from. Raises ListenerUnavailable."""
    towards = next((str(ip_network(each, strict=False)[0]) for each in data.get(CONF_CALL_SOURCES, ())), _ANYWHERE)
    return await own_address_towards(towards, data[CONF_PORT])


def expected_caller(
    data: Mapping[str, Any],
    calls: AwaitedCalls,
    name: str | None,
    system_title: Callable[[], bytes | None] = lambda: None,
) -> ExpectedCaller:
    """Return who calls. ``name``: the unique id of the logical device, None while it is not known."""
    sources = tuple(ip_network(each, strict=False) for each in data.get(CONF_CALL_SOURCES, ()))
    known = Receiver(server_wport=data[CONF_SERVER_WPORT], take=lambda _: None, sources=sources)
    return ExpectedCaller(
        calls=calls,
        may_call_from=lambda host: not sources or known.may_be_from(host),
        names_sources=bool(sources),
        server_wport=data[CONF_SERVER_WPORT],
        name=name,
        system_title=system_title,
    )


@asynccontextmanager
async def async_expected(hass: HomeAssistant, data: Mapping[str, Any], caller: ExpectedCaller) -> AsyncIterator[None]:
    """Await a meter's calls, for a form. Raises ListenerUnavailable."""
    place = await async_call_place(data)
    await listeners_of(hass).async_expect(place, caller)
    try:
        yield
    finally:
        await listeners_of(hass).async_expect_no_more(place, caller.calls)


class EntryCalls:
    """Of one entry whose meter calls."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        calls: AwaitedCalls,
        system_title: Callable[[], bytes | None],
    ) -> None:
        self._hass = hass
        self._entry = entry
        self._calls = calls
        self._caller = expected_caller(entry.data, calls, str(entry.unique_id), system_title)
        self._place: Place | None = None
        self._receiver: Receiver | None = None
        self._failure: ListenerUnavailable | None = None
        self._cancel_retry: CALLBACK_TYPE | None = None
        self._ended = False
        self._poll: Callable[[], Awaitable[None]] | None = None
        self._task: asyncio.Task[None] | None = None
        self._is_due = False
        self._stop_following: Callable[[], None] | None = None
        self._read_at: float | None = None

    @property
    def is_there(self) -> bool:
        """Whether the meter has called, and not hung up."""
        return self._calls.present is not None

    @property
    def is_overdue(self) -> bool:
        """Whether the meter was not read for longer than it should be."""
        within = self._entry.data.get(CONF_CALL_WITHIN, DEFAULT_CALL_WITHIN)
        return self._read_at is None or self._hass.loop.time() - self._read_at > within

    def note_read(self) -> None:
        """Note that the meter was read just now."""
        self._calls.note_verified()
        self._read_at = self._hass.loop.time()

    @property
    def is_expected(self) -> bool:
        """Whether who has called is known to be the meter, as far as an address tells."""
        call = self._calls.present
        return call is not None and call.is_expected

    async def async_note_failure(self, failure: HomeAssistantError) -> bool:
        """Note why a poll failed; return whether what was read before still counts.

        Who called and is another one, or is not let in, is hung up on: the meter may be the next one to call. So is,
        after any failure, who keeps others waiting: one of them may be the meter. Refused credentials end all attempts.
        """
        is_stranger = is_of_another_meter(failure)
        gives_way = is_stranger or (self._calls.others_wait and not isinstance(failure, ConfigEntryAuthFailed))
        # Once for each call, because a poll may fail before it has used one.
        if gives_way and await self._calls.hang_up() and self.is_there:
            self._poll_soon()
        return is_of_the_network(failure) and not self.is_overdue

    async def async_start(self, poll: Callable[[], Awaitable[None]]) -> None:
        """Await calls from now on. Where that is impossible, a repair issue says so, and it is tried again.

        ``poll``: at each call, because a meter may hang up soon; never raises.
        """
        self._poll = poll
        await self._async_join()
        if not self._ended:
            self._stop_following = self._calls.follow(self._poll_soon)

    @callback
    def _poll_soon(self) -> None:
        """Poll, once at a time however many call."""
        self._is_due = True
        if self._task is None or self._task.done():
            name = f"{DOMAIN} call"
            self._task = self._entry.async_create_background_task(self._hass, self._async_poll(), name)

    async def _async_poll(self) -> None:
        while self._is_due and not self._ended:
            self._is_due = False
            assert self._poll is not None
            await self._poll()

    async def async_take(self, receiver: Receiver) -> None:
        """Take what the meter tells over its calls, too."""
        self._receiver = receiver
        if self._place is not None:
            await listeners_of(self._hass).async_join(self._place, receiver)
        issues_of(self._hass, self._entry).note_listener(self._failure)

    async def async_stop(self) -> None:
        """Await no more calls."""
        self._ended = True
        if self._stop_following is not None:
            self._stop_following()
        if self._cancel_retry is not None:
            self._cancel_retry()
        place, self._place = self._place, None
        if place is not None:
            if self.is_there and self._entry.state is ConfigEntryState.UNLOAD_IN_PROGRESS:
                keep_calls(self._hass, self._entry, place)
            if self._receiver is not None:
                await listeners_of(self._hass).async_leave(place, self._receiver)
            await listeners_of(self._hass).async_expect_no_more(place, self._calls)

    async def _async_join(self, _now: datetime | None = None) -> None:
        self._cancel_retry = None
        self._failure = await listener_fault(self._async_expect())
        if self._ended:
            return
        issues_of(self._hass, self._entry).note_listener(self._failure)
        if self._failure is not None:
            self._cancel_retry = async_call_later(self._hass, RETRY_AFTER, self._async_join)

    async def _async_expect(self) -> None:
        place = await async_call_place(self._entry.data)
        await listeners_of(self._hass).async_expect(place, self._caller)
        if self._ended:
            await listeners_of(self._hass).async_expect_no_more(place, self._calls)
            return
        self._place = place
        if self._receiver is not None:
            await listeners_of(self._hass).async_join(place, self._receiver)
