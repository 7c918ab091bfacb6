"""Invocation counters that outlive restarts, crashes and entries (IEC 62056-5-3).

A value may be used once only while its key is in use (rules S1, S2). So a ceiling belongs to an encryption key and a
system title, not to an entry. Two private files hold all; the higher ceiling counts.
"""

import asyncio
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

FIRST_COUNTER: Final = 1
"""Where an unused key starts: many meters refuse 0."""

# Two, because Home Assistant puts a damaged file aside and goes on without it.
_FILES: Final = (f"{DOMAIN}.invocation_counters", f"{DOMAIN}.invocation_counters_copy")
_VERSION: Final = 1
_SALT_LENGTH: Final = 16
_FINGERPRINT_DIGITS: Final = 32
_LARGEST: Final = 2**32 - 1


async def async_security_state(hass: HomeAssistant, parameters: AssociationParameters) -> SecurityState | None:
    """Return the only owner of the counter of this key and system title, or None where none is used.

    Raises InvocationCounterNotStored when the ceilings cannot be read.
    """
    security = parameters.security
    if not parameters.uses_counter or security is None or security.global_unicast_encryption_key is None:
        return None
    book = hass.data.setdefault(_BOOK, CounterBook(hass))
    return await book.state_of(security.global_unicast_encryption_key.reveal(), security.client_system_title)


class CounterBook:
    """All ceilings, and the counters in use."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._lock = asyncio.Lock()
        self._salt = b""
        self._ceilings: dict[str, int] = {}
        self._states: dict[str, SecurityState] = {}

    async def state_of(self, key: bytes, system_title: bytes) -> SecurityState:
        """Return the counter of a key and title, always the same object."""
        async with self._lock:
            if not self._salt:
                await self._load()
        fingerprint = self._fingerprint(key, system_title)
        if (state := self._states.get(fingerprint)) is None:
            start = self._ceilings.get(fingerprint, FIRST_COUNTER)
            state = self._states[fingerprint] = SecurityState(start, _Ceiling(self, fingerprint))
        return state

    async def save(self, fingerprint: str, ceiling: int) -> None:
        """Return when both files hold a ceiling. Raises OSError otherwise."""
        async with self._lock:
            self._ceilings[fingerprint] = max(ceiling, self._ceilings.get(fingerprint, 0))
            for name in _FILES:
                # Home Assistant only logs a failed write, and writes later while it stops: what is read back counts.
                await self._file(name).async_save({"salt": self._salt.hex(), "ceilings": dict(self._ceilings)})
                try:
                    written = _ceilings(await self._file(name).async_load())
                except HomeAssistantError as error:
                    raise OSError("the invocation counters cannot be read back") from error
                if written is None or written.by_fingerprint != self._ceilings or written.salt != self._salt:
                    raise OSError("the invocation counters were not written")

    async def _load(self) -> None:
        try:
            stored = [await self._file(name).async_load() for name in _FILES]
        except (HomeAssistantError, OSError) as error:
            raise InvocationCounterNotStored("the stored invocation counters cannot be read") from error
        # Without the ceilings any value might be a repeated one, so nothing goes on with files that make no sense.
        known = [ceilings for record in stored if (ceilings := _ceilings(record)) is not None]
        if not known and any(record is not None for record in stored):
            raise InvocationCounterNotStored("the stored invocation counters make no sense")
        salt = known[0].salt if known else secrets.token_bytes(_SALT_LENGTH)
        for ceilings in known:
            if ceilings.salt == salt:
                for fingerprint, ceiling in ceilings.by_fingerprint.items():
                    self._ceilings[fingerprint] = max(ceiling, self._ceilings.get(fingerprint, 0))
        self._salt = salt

    def _file(self, name: str) -> Store[dict[str, Any]]:
        # A new object each time: only that one reads what is really there.
        return Store(self._hass, _VERSION, name, private=True, atomic_writes=True)

    def _fingerprint(self, key: bytes, system_title: bytes) -> str:
        # Salted, so that the files tell neither key nor title.
        digest = hmac.new(self._salt, bytes([len(key)]) + key + system_title, hashlib.sha256)
        return digest.hexdigest()[:_FINGERPRINT_DIGITS]


@dataclass(frozen=True, slots=True)
class _Ceiling:
    """One ceiling's place in the book."""

    book: CounterBook
    fingerprint: str

    async def save(self, ceiling: int) -> None:
        await self.book.save(self.fingerprint, ceiling)


@dataclass(frozen=True, slots=True)
class _Ceilings:
    """What one file holds."""

    salt: bytes
    by_fingerprint: dict[str, int]


def _ceilings(record: dict[str, Any] | None) -> _Ceilings | None:
    """Return what a file holds, or None if nothing usable."""
    try:
        if record is None:
            return None
        salt, ceilings = bytes.fromhex(record["salt"]), record["ceilings"]
        good = len(salt) == _SALT_LENGTH and all(
            type(ceiling) is int and 0 <= ceiling <= _LARGEST for ceiling in ceilings.values()
        )
    except AttributeError, KeyError, TypeError, ValueError:
        return None
    return _Ceilings(salt, ceilings) if good else None


_BOOK: Final[HassKey[CounterBook]] = HassKey(f"{DOMAIN}_counters")
