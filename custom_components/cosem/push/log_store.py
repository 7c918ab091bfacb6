"""What was told of a meter's event logs, alarms and codes, kept over restarts; one private file for each meter.

What cannot be read is as if nothing was known: the next reading sets the marks anew and tells nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store

from ..dlms import LocalProtocolError, LogicalName
from ..meter.store import LOGGED, file_of
from .already_told import AlreadyTold
from .log_mark import LogMark
from .meanings import States

_VERSION: Final = 1


@dataclass(slots=True)
class Logged:
    """``alarms``: the bits that were on."""

    marks: dict[LogicalName, LogMark] = field(default_factory=dict)
    alarms: Mapping[LogicalName, frozenset[int]] = field(default_factory=dict)
    told: AlreadyTold = field(default_factory=AlreadyTold)
    states: States = field(default_factory=dict)

    def to_record(self) -> dict[str, Any]:
        """Return it for a file."""
        return {
            "logs": {str(name): mark.to_record() for name, mark in self.marks.items()},
            "alarms": {str(name): sorted(bits) for name, bits in self.alarms.items()},
            "told": self.told.to_record(),
            "states": [[str(name), attribute, *parts] for (name, attribute), parts in self.states.items()],
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Logged:
        """Raises on anything that ``to_record`` does not write."""
        return cls(
            {LogicalName.parse(name): LogMark.from_record(mark) for name, mark in record["logs"].items()},
            {LogicalName.parse(name): frozenset(map(int, bits)) for name, bits in record["alarms"].items()},
            AlreadyTold.from_record(record["told"]),
            {
                _state_key(name, attribute): tuple(map(str, parts))
                for name, attribute, *parts in record.get("states", [])
            },
        )


def _state_key(name: str, attribute: int | None) -> tuple[LogicalName, int | None]:
    return LogicalName.parse(name), None if attribute is None else int(attribute)


class LogStore:
    """The file of one meter."""

    def __init__(self, hass: HomeAssistant, unique_id: str) -> None:
        name = file_of(unique_id, LOGGED)
        self._store = Store[dict[str, Any]](hass, _VERSION, name, private=True, atomic_writes=True)
        self._written: dict[str, Any] = Logged().to_record()

    async def async_load(self) -> Logged:
        """Return what is remembered."""
        stored = await self._store.async_load()
        try:
            logged = Logged.from_record(stored) if stored else Logged()
        except AttributeError, KeyError, LocalProtocolError, TypeError, ValueError:
            return Logged()  # written by another version, or by hand
        self._written = logged.to_record()
        return logged

    async def async_save(self, logged: Logged) -> None:
        """Write it, if it is other than what was written."""
        record = logged.to_record()
        if record != self._written:
            await self._store.async_save(record)
            self._written = record
