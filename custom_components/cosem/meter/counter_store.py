"""Invocation counters that outlive restarts, crashes and entries (IEC 62056-5-3).

A value may be used once only while its key is in use (rules S1, S2). So a ceiling belongs to an encryption key and a
system title, not to an entry. Two private files hold all; the higher ceiling counts. Nothing is sent with files that
disagree, or that lack a counter of an entry that had one (rule S36): only a person can say where to go on.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
import hashlib
import hmac
import secrets
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN
from ..dlms import AssociationParameters, InvocationCounterNotStored, SecurityState
from .credentials import counter_owner
from .store import async_load_meter

FIRST_COUNTER: Final = 1
"""Where an unused key starts: many meters refuse 0."""

# Two, because Home Assistant puts a damaged file aside and goes on without it.
_FILES: Final = (f"{DOMAIN}.invocation_counters", f"{DOMAIN}.invocation_counters_copy")
_VERSION: Final = 1
_SALT_LENGTH: Final = 16
_FINGERPRINT_DIGITS: Final = 32
_LARGEST: Final = 2**32 - 1
_PATIENCE: Final = 10.0
"""Seconds to wait for files that are read."""

type Received = dict[str, int]
"""The last received counters, by system title in hexadecimal digits."""


class CounterLost(InvocationCounterNotStored):
    """The counter of keys that were used before is gone: it may be anything."""


async def async_security_state(hass: HomeAssistant, parameters: AssociationParameters) -> SecurityState | None:
    """Return the only owner of the counter of this key and system title, or None where none is used.

    Raises CounterLost, and InvocationCounterNotStored when the counters cannot be read.
    """
    security = parameters.security
    if not parameters.uses_counter or security is None or security.global_unicast_encryption_key is None:
        return None
    key, title = security.global_unicast_encryption_key.reveal(), security.client_system_title
    book = hass.data.setdefault(_BOOK, CounterBook(hass))
    await book.load()
    if book.damage:
        raise CounterLost(book.damage)
    if not book.knows(key, title) and await _async_was_used(hass, key, title):
        raise CounterLost("the counter of these keys is gone, although they were used before")
    return book.state_of(key, title)


async def async_restore_counter(hass: HomeAssistant, parameters: AssociationParameters, counter: int) -> bool:
    """Let a lost counter go on from a person's number; return whether it is stored."""
    security = parameters.security
    assert security is not None  # only counters that are used get lost
    assert security.global_unicast_encryption_key is not None
    book = hass.data.setdefault(_BOOK, CounterBook(hass))
    await book.load()
    if book.damage:
        book = hass.data[_BOOK] = CounterBook(hass, begin_anew=True)
    state = book.state_of(security.global_unicast_encryption_key.reveal(), security.client_system_title)
    state.follow(counter, confirmed_by_user=True)
    return await state.top_up()


async def _async_was_used(hass: HomeAssistant, key: bytes, title: bytes) -> bool:
    """Whether an entry with this key and title was associated before: its meter's system title is known."""
    for entry in hass.config_entries.async_entries(DOMAIN):
        if counter_owner(entry.data) == (key, title):
            meter = await async_load_meter(hass, str(entry.unique_id))
            if meter.system_title is not None:
                return True
    return False


class CounterBook:
    """All ceilings, and the counters in use. ``begin_anew``: do not look at the files."""

    def __init__(self, hass: HomeAssistant, *, begin_anew: bool = False) -> None:
        self._hass = hass
        self._lock = asyncio.Lock()
        self._salt = secrets.token_bytes(_SALT_LENGTH) if begin_anew else b""
        self._ceilings: dict[str, int] = {}
        self._received: dict[str, Received] = {}
        self._states: dict[str, SecurityState] = {}
        self.damage = ""
        """Why the files cannot be used."""

    async def load(self) -> None:
        """Read the files, once they can be used. Raises InvocationCounterNotStored."""
        if self._salt:
            return
        try:
            async with asyncio.timeout(_PATIENCE), self._lock:
                if not self._salt:
                    await self._load()
        except TimeoutError:
            raise InvocationCounterNotStored("the stored invocation counters cannot be read in time") from None

    def knows(self, key: bytes, system_title: bytes) -> bool:
        """Whether a key and title have a counter."""
        fingerprint = self._fingerprint(key, system_title)
        return fingerprint in self._states or fingerprint in self._ceilings

    def state_of(self, key: bytes, system_title: bytes) -> SecurityState:
        """Return the counter of a key and title, always the same object. The files are loaded."""
        fingerprint = self._fingerprint(key, system_title)
        if (state := self._states.get(fingerprint)) is None:
            start = self._ceilings.get(fingerprint, FIRST_COUNTER)
            received = {bytes.fromhex(title): last for title, last in self._received.get(fingerprint, {}).items()}
            state = self._states[fingerprint] = SecurityState(start, _Place(self, fingerprint), received)
        return state

    async def save(self, fingerprint: str, ceiling: int) -> None:
        """Return when both files hold a ceiling. Raises OSError otherwise."""
        async with self._lock:
            self._ceilings[fingerprint] = max(ceiling, self._ceilings.get(fingerprint, 0))
            await self._write()

    async def save_received(self, fingerprint: str, received: Received) -> None:
        """Return when both files hold what was received last. Raises OSError otherwise."""
        async with self._lock:
            self._received[fingerprint] = received
            await self._write()

    async def _write(self) -> None:
        content = _Content(self._salt, dict(self._ceilings), dict(self._received))
        for name in _FILES:
            # Home Assistant only logs a failed write, and writes later while it stops: what is read back counts.
            await self._file(name).async_save(content.record())
            try:
                written = _content(await self._file(name).async_load())
            except HomeAssistantError as error:
                raise OSError("the invocation counters cannot be read back") from error
            if written != content:
                raise OSError("the invocation counters were not written")

    async def _load(self) -> None:
        try:
            stored = [await self._file(name).async_load() for name in _FILES]
        except (HomeAssistantError, OSError) as error:
            raise InvocationCounterNotStored("the stored invocation counters cannot be read") from error
        # Without the ceilings any value might be a repeated one, so nothing goes on with files that make no sense.
        known = [_content(record) for record in stored if record is not None]
        contents = [content for content in known if content is not None]
        self.damage = ""
        if None in known:
            self.damage = "the stored invocation counters make no sense"
        elif len({content.salt for content in contents}) > 1:
            self.damage = "the two files of stored invocation counters disagree"
        if self.damage:
            return
        for content in contents:
            # Where the power failed between the two files, the first one is ahead.
            _raise(self._ceilings, content.ceilings)
            for fingerprint, received in content.received.items():
                _raise(self._received.setdefault(fingerprint, {}), received)
        self._salt = contents[0].salt if contents else secrets.token_bytes(_SALT_LENGTH)

    def _file(self, name: str) -> Store[dict[str, Any]]:
        # A new object each time: only that one reads what is really there.
        return Store(self._hass, _VERSION, name, private=True, atomic_writes=True)

    def _fingerprint(self, key: bytes, system_title: bytes) -> str:
        # Salted, so that the files tell neither key nor title.
        digest = hmac.new(self._salt, bytes([len(key)]) + key + system_title, hashlib.sha256)
        return digest.hexdigest()[:_FINGERPRINT_DIGITS]


def _raise(numbers: dict[str, int], others: Mapping[str, int]) -> None:
    for name, number in others.items():
        numbers[name] = max(number, numbers.get(name, 0))


@dataclass(frozen=True, slots=True)
class _Place:
    """The place of one key and title in the book."""

    book: CounterBook
    fingerprint: str

    async def save(self, ceiling: int) -> None:
        await self.book.save(self.fingerprint, ceiling)

    async def save_received(self, last: Mapping[bytes, int]) -> None:
        await self.book.save_received(self.fingerprint, {title.hex(): number for title, number in last.items()})


@dataclass(frozen=True, slots=True)
class _Content:
    """What one file holds, by fingerprint."""

    salt: bytes
    ceilings: dict[str, int]
    received: dict[str, Received]

    def record(self) -> dict[str, Any]:
        return {"salt": self.salt.hex(), "ceilings": self.ceilings, "received": self.received}


def _content(record: dict[str, Any] | None) -> _Content | None:
    """Return what a file holds, or None if nothing usable."""
    try:
        if record is None:
            return None
        # Earlier releases did not store what was received.
        salt, ceilings, received = bytes.fromhex(record["salt"]), record["ceilings"], record.get("received", {})
        good = len(salt) == _SALT_LENGTH and all(map(_are_counters, (ceilings, *received.values())))
        titles = [bytes.fromhex(title) for last in received.values() for title in last]
    except AttributeError, KeyError, TypeError, ValueError:
        return None
    return _Content(salt, ceilings, received) if good and all(titles) else None


def _are_counters(numbers: Mapping[str, Any]) -> bool:
    return all(type(number) is int and 0 <= number <= _LARGEST for number in numbers.values())


_BOOK: Final[HassKey[CounterBook]] = HassKey(f"{DOMAIN}_counters")
