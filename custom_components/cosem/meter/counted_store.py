"""The last believed numbers of counters, kept over restarts.

A power cut takes the meter and Home Assistant down together, so the first number after a start may be a wrong one.

Written seldom, because it changes with every poll, and once more at the end. What cannot be read is as if nothing was
known. One private file per meter.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store

from ..dlms import AttributeDescriptor
from .plausibility import Counted
from .store import COUNTED, attribute_of, file_of

_VERSION: Final = 1
_WRITTEN_EVERY: Final = 900.0
"""Seconds."""


class CountedStore:
    """The file of one meter."""

    def __init__(self, hass: HomeAssistant, unique_id: str) -> None:
        """Name the file; nothing is read so far."""
        name = file_of(unique_id, COUNTED)
        self._store = Store[dict[str, Any]](hass, _VERSION, name, private=True, atomic_writes=True)
        self._delayed = False

    async def async_load(self) -> dict[AttributeDescriptor, Counted]:
        """Return what was believed last."""
        stored = await self._store.async_load()
        try:
            return {attribute_of(text): _counted(*record) for text, record in stored.items()} if stored else {}
        except AttributeError, InvalidOperation, KeyError, TypeError, ValueError:
            return {}  # written by another version, or by hand

    @callback
    def save_later(self, counted: Callable[[], Mapping[AttributeDescriptor, Counted]]) -> None:
        """Write what `counted` returns then, in a while, or when Home Assistant stops."""
        if not self._delayed:
            self._delayed = True
            self._store.async_delay_save(lambda: self._record(counted()), _WRITTEN_EVERY)

    async def async_save(self, counted: Mapping[AttributeDescriptor, Counted]) -> None:
        """Write now, if there is something that was to be written later."""
        if self._delayed:
            await self._store.async_save(self._record(counted))

    async def async_remove(self) -> None:
        """Forget everything; nothing is written later either."""
        self._delayed = False
        await self._store.async_remove()

    def _record(self, counted: Mapping[AttributeDescriptor, Counted]) -> dict[str, Any]:
        """Return what is written."""
        self._delayed = False
        return {
            str(attribute): [str(known.number), known.unit, known.at.isoformat(), known.since.isoformat()]
            for attribute, known in counted.items()
        }


def _counted(number: str, unit: int, at: str, since: str) -> Counted:
    """Return one record; raises on anything else."""
    return Counted(Decimal(number), int(unit), datetime.fromisoformat(at), datetime.fromisoformat(since))
