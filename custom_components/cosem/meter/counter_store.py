"""Invocation counters that outlive restarts, entries and crashes: one ceiling for each encryption key and system title.

A value of the counter may be used once only, for as long as the key is in use (rules S1, S2). So the ceilings belong to
the keys and not to entries: deleting an entry, making it again, or a second entry with the same keys go on counting.
Kept in two private files, because Home Assistant puts a damaged one aside and goes on without it; the higher ceiling
counts. A key cannot be told from its name in the file: it is a salted fingerprint. IEC 62056-5-3 (invocation counter).
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
"""Where a key starts that was never used here: many meters take nothing that is not above 0."""

_FILES: Final = (f"{DOMAIN}.invocation_counters", f"{DOMAIN}.invocation_counters_copy")
_VERSION: Final = 1
_SALT_LENGTH: Final = 16
_FINGERPRINT_DIGITS: Final = 32
_LARGEST: Final = 2**32 - 1


async def async_security_state(hass: HomeAssistant, parameters: AssociationParameters) -> SecurityState | None:
    """Return the one owner of the invocation counter for this key and system title; None where none is used up.

    Raises InvocationCounterNotStored when the ceilings cannot be read: without them any value might be a repeated one.
    """
    security = parameters.security
    if not parameters.uses_counter or security is None or security.global_unicast_encryption_key is None:
        return None
    book = hass.data.setdefault(_BOOK, CounterBook(hass))
    return await book.state_of(security.global_unicast_encryption_key.reveal(), security.client_system_title)


class CounterBook:
    """All ceilings of this Home Assistant, and the counters that live now."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Nothing is read before it is needed."""
        self._hass = hass
        self._lock = asyncio.Lock()
        self._salt = b""
        self._ceilings: dict[str, int] = {}
        self._states: dict[str, SecurityState] = {}

    async def state_of(self, key: bytes, system_title: bytes) -> SecurityState:
        """Return the counter of a key and title, always the same one."""
        async with self._lock:
            if not self._salt:
                await self._load()
        fingerprint = self._fingerprint(key, system_title)
        if (state := self._states.get(fingerprint)) is None:
            start = self._ceilings.get(fingerprint, FIRST_COUNTER)
            state = self._states[fingerprint] = SecurityState(start, _Ceiling(self, fingerprint))
        return state

    async def save(self, fingerprint: str, ceiling: int) -> None:
        """Return when a ceiling survives a crash, in both files. Raises OSError otherwise.

        Home Assistant logs what it could not write and says nothing to the caller, and while it stops it writes later:
        so what counts is what can be read back.
        """
        async with self._lock:
            self._ceilings[fingerprint] = max(ceiling, self._ceilings.get(fingerprint, 0))
            for name in _FILES:
                await self._file(name).async_save({"salt": self._salt.hex(), "ceilings": dict(self._ceilings)})
                try:
                    written = _ceilings(await self._file(name).async_load())
                except HomeAssistantError as error:
                    raise OSError("the invocation counters cannot be read back") from error
                if written is None or written.by_fingerprint != self._ceilings or written.salt != self._salt:
                    raise OSError("the invocation counters were not written")

    async def _load(self) -> None:
        """Read both files; the higher ceiling of each key counts."""
        try:
            stored = [await self._file(name).async_load() for name in _FILES]
        except (HomeAssistantError, OSError) as error:
            raise InvocationCounterNotStored("the stored invocation counters cannot be read") from error
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
        """Return a file; a new object each time, because only that one reads what is really there."""
        return Store(self._hass, _VERSION, name, private=True, atomic_writes=True)

    def _fingerprint(self, key: bytes, system_title: bytes) -> str:
        """Return the name of a key and title in the files, from which neither can be told."""
        digest = hmac.new(self._salt, bytes([len(key)]) + key + system_title, hashlib.sha256)
        return digest.hexdigest()[:_FINGERPRINT_DIGITS]


@dataclass(frozen=True, slots=True)
class _Ceiling:
    """The place of one ceiling in the book."""

    book: CounterBook
    fingerprint: str

    async def save(self, ceiling: int) -> None:
        """Return when the ceiling is stored. Raises OSError when it cannot be."""
        await self.book.save(self.fingerprint, ceiling)


@dataclass(frozen=True, slots=True)
class _Ceilings:
    """What one file holds."""

    salt: bytes
    by_fingerprint: dict[str, int]


def _ceilings(record: dict[str, Any] | None) -> _Ceilings | None:
    """Return what a file holds, None for nothing, or nothing that makes sense."""
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
