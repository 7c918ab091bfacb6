"""Polls that a person has paused, so that another tool can have the meter: for a day at most, also over restarts.

A pause is one of a physical device, not of an entry: its entries share the connection, and many meters serve one client
at a time. If one entry alone let go of it, the other one would still keep the tool out.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN, TRANSPORT_CALL
from .clients import Address, device_address, is_of_an_entry, reach_of

LONGEST: Final = timedelta(days=1)

_VERSION: Final = 1
_KEY: Final = f"{DOMAIN}.pauses"


class Pausable(Protocol):
    """Who uses the meter."""

    async def async_let_go(self) -> None:
        """Ask nothing from now on, and release what is held of the meter. Never raises."""

    def go_on(self) -> None:
        """Ask again, now."""


class PollingPause:
    """Of one physical device; ``save``: writes all pauses."""

    def __init__(self, hass: HomeAssistant, save: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._hass = hass
        self._save = save
        self._users: list[Pausable] = []
        self._followers: list[Callable[[], None]] = []
        self._cancel: CALLBACK_TYPE | None = None
        self._letting_go = 0
        """How many times the users are told just now to let go."""
        self.until: datetime | None = None
        """When it ends by itself; None while there is none."""

    @property
    def is_on(self) -> bool:
        """Whether the meter is not to be asked."""
        return self.until is not None

    @callback
    def join(self, user: Pausable) -> CALLBACK_TYPE:
        """Tell somebody who uses the meter when to let go of it, and when to go on; return what ends that."""
        self._users.append(user)

        def leave() -> None:
            if user in self._users:
                self._users.remove(user)

        return leave

    @callback
    def follow(self, follower: Callable[[], None]) -> CALLBACK_TYPE:
        """Tell somebody who shows it of each change; return what ends that."""
        self._followers.append(follower)
        return lambda: self._followers.remove(follower)

    async def async_begin(self) -> None:
        """Pause for a day from now; return when the meter is free."""
        self.last(dt_util.utcnow() + LONGEST)
        self._tell()
        # Also for a caller that is cancelled: else a switch that is on would go on to keep the meter.
        await asyncio.shield(self._hass.async_create_task(self._async_let_go(), f"{DOMAIN} begin of a pause"))

    async def _async_let_go(self) -> None:
        self._letting_go += 1
        try:
            await self._save()
            await asyncio.gather(*(user.async_let_go() for user in tuple(self._users)))
        finally:
            self._letting_go -= 1
            if not self.is_on:  # it has ended meanwhile
                self._go_on()

    @callback
    def last(self, until: datetime) -> None:
        """Be on until then; at most for a day, whatever happened to the clock since it was written down."""
        self._stop_waiting()
        now = dt_util.utcnow()
        self.until = min(until, now + LONGEST)
        # No timer of the entries: it ends also while none of them is loaded.
        end = HassJob(self._end_of_time, f"{DOMAIN} end of a pause", cancel_on_shutdown=True)
        self._cancel = async_call_later(self._hass, self.until - now, end)

    @callback
    def end(self) -> None:
        """Let the meter be asked again, at once."""
        self._stop_waiting()
        if self.until is None:
            return
        self.until = None
        self._tell()
        self._hass.async_create_task(self._save(), f"{DOMAIN} pauses")
        self._go_on()

    def _go_on(self) -> None:
        # Not before they have let go: that would end the very poll which this begins, and take its values away.
        if self._letting_go:
            return
        for user in tuple(self._users):
            user.go_on()

    @callback
    def _end_of_time(self, _now: datetime) -> None:
        self._cancel = None
        self.end()

    def _stop_waiting(self) -> None:
        if self._cancel is not None:
            self._cancel()
            self._cancel = None

    def _tell(self) -> None:
        for follower in tuple(self._followers):
            follower()


class _Pauses(dict[Address, PollingPause]):
    """By address, with their file."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._store = Store[list[dict[str, Any]]](hass, _VERSION, _KEY, private=True, atomic_writes=True)

    def of(self, address: Address) -> PollingPause:
        if (pause := self.get(address)) is None:
            pause = self[address] = PollingPause(self._hass, self._async_save)
        return pause

    async def async_load(self) -> None:
        try:
            known = [_pause(record) for record in await self._store.async_load() or ()]
        except AttributeError, KeyError, TypeError, ValueError, OverflowError, NotImplementedError, HomeAssistantError:
            return  # written by another version, or by hand: no meter stays unread for that
        now = dt_util.utcnow()
        for address, until in known:
            if until > now:
                self.of(address).last(until)

    async def _async_save(self) -> None:
        records: list[dict[str, Any]] = [
            {
                "host": host,
                "port": port,
                "transport": TRANSPORT_CALL if reach is None else reach.value,
                "until": pause.until.isoformat(),
            }
            for (host, port, reach), pause in self.items()
            if pause.until is not None
        ]
        await self._store.async_save(records)


def _pause(record: Mapping[str, Any]) -> tuple[Address, datetime]:
    """Return what stands in the file; raises on anything that is not written there."""
    until = datetime.fromisoformat(record["until"])
    if until.tzinfo is None:
        raise ValueError("a time without its zone")
    return (str(record["host"]), int(record["port"]), reach_of(record["transport"])), until


@callback
def _pauses(hass: HomeAssistant) -> _Pauses:
    if (pauses := hass.data.get(_PAUSES)) is None:
        pauses = hass.data[_PAUSES] = _Pauses(hass)
    return pauses


async def async_load_pauses(hass: HomeAssistant) -> None:
    """Remember what was paused before a start: before any entry asks its meter."""
    await _pauses(hass).async_load()


@callback
def pause_of(hass: HomeAssistant, data: Mapping[str, Any]) -> PollingPause:
    """Return the pause of the device of an entry with these data, always the same object."""
    return _pauses(hass).of(device_address(data))


@callback
def forget_pause(hass: HomeAssistant, data: Mapping[str, Any]) -> None:
    """End the pause of an entry that was removed, unless another entry has its address."""
    if not is_of_an_entry(hass, data):
        pause_of(hass, data).end()


_PAUSES: Final[HassKey[_Pauses]] = HassKey(f"{DOMAIN}_pauses")
