"""What event codes and alarm bits mean: one data file for each companion standard, checked when it is read.

The standard itself gives them no meaning; a code that is in no table stays a number.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
import json
from pkgutil import get_data
from types import MappingProxyType
from typing import Any, Final

from ..const import CODE_TABLE_AUTOMATIC, CODE_TABLE_NONE, CONF_CODE_TABLE, CONF_PRESET
from ..meter.makers import MAKERS

OTHER: Final = "other"

EVENT_TYPES: Final = (
    "power_down",
    "power_up",
    "phase_lost",
    "voltage_sag",
    "voltage_swell",
    "cover_opened",
    "magnetic_field",
    "tamper",
    "clock",
    "battery",
    "tariff",
    "disconnector",
    "threshold",
    "parameters_changed",
    OTHER,
)
"""What an event means, for automations."""

CODES: Final = range(-(2**31), 2**32)
"""Any that a meter may have; whoever sends a number may send one of 300 digits, which no file and no event can hold."""

_MAX_CODE: Final = 0xFFFF
_MAX_BIT: Final = 63
_MAX_OBJECT: Final = 99
_OF_OBJECTS: Final = "events_of_objects"
_MAX_TEXT: Final = 64


@dataclass(frozen=True, slots=True)
class CodeMeaning:
    """``event_type``: one of ``EVENT_TYPES``. ``text``: plain English."""

    event_type: str
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeTable:
    """The codes of one companion standard. ``source``: where they are published."""

    name: str
    source: str
    events: Mapping[int, CodeMeaning]
    alarm_bits: Mapping[int, CodeMeaning]
    """Of the first alarm register; bit 0 is the least significant one."""
    events_of_objects: Mapping[int, Mapping[int, CodeMeaning]] = MappingProxyType({})
    """By value group E of the event code objects, where each has codes of its own."""

    def meaning(self, event_object: int, code: int) -> CodeMeaning:
        """Return what a code means. ``event_object``: value group E of 0-b:96.11.e."""
        known = self.events_of_objects.get(event_object, self.events)
        return known.get(code, CodeMeaning(OTHER))

    @classmethod
    def from_text(cls, text: bytes) -> CodeTable:
        """Return the table of a file. Raises ValueError for what is none."""
        record = json.loads(text)
        if not isinstance(record, dict) or record.keys() - {_OF_OBJECTS} != {"name", "source", "events", "alarm_bits"}:
            raise ValueError("a table has a name, a source, events and alarm_bits")
        if not all(isinstance(record[key], str) and record[key] for key in ("name", "source")):
            raise ValueError("name and source are texts")
        return cls(
            name=record["name"],
            source=record["source"],
            events=_meanings(record["events"], "code", _MAX_CODE),
            alarm_bits=_meanings(record["alarm_bits"], "bit", _MAX_BIT),
            events_of_objects=_of_objects(record.get(_OF_OBJECTS, {})),
        )


NO_TABLE: Final = CodeTable(name="", source="", events=MappingProxyType({}), alarm_bits=MappingProxyType({}))
"""Everything stays a number."""


def _meanings(rows: Any, key: str, largest: int) -> Mapping[int, CodeMeaning]:
    found: dict[int, CodeMeaning] = {}
    for row in rows if isinstance(rows, list) else [rows]:
        if not isinstance(row, dict) or not {key, "type"} <= row.keys() <= {key, "type", "text"}:
            raise ValueError(f"a row has {key}, type and perhaps text")
        number, text = row[key], row.get("text")
        if type(number) is not int or not 0 <= number <= largest or number in found:
            raise ValueError(f"{key} {number} is no number, too large, or there twice")
        if row["type"] not in EVENT_TYPES:
            raise ValueError(f"{row['type']} is no type of event")
        if text is not None and (not isinstance(text, str) or not 0 < len(text) <= _MAX_TEXT):
            raise ValueError("a text has 1 to 64 characters")
        found[number] = CodeMeaning(row["type"], text)
    return MappingProxyType(found)


def _of_objects(tables: Any) -> Mapping[int, Mapping[int, CodeMeaning]]:
    if not isinstance(tables, dict) or not tables.keys() <= set(map(str, range(_MAX_OBJECT + 1))):
        raise ValueError("the tables of objects are named by their value group E")
    return MappingProxyType({int(name): _meanings(rows, "code", _MAX_CODE) for name, rows in tables.items()})


def _table(file: str) -> CodeTable:
    text = get_data(__package__, f"code_tables/{file}")
    assert text is not None  # it is part of the integration
    return CodeTable.from_text(text)


CODE_TABLES: Final[Mapping[str, CodeTable]] = MappingProxyType(
    {name: _table(f"{name}.json") for name in ("idis", "spodes")}
)


_OF_FAMILIES: Final[Mapping[str, str]] = MappingProxyType({"idis_dsmr": "idis", "spodes": "spodes"})
"""By the preset of an entry, or the usual one of a maker."""
_USUAL: Final = "idis"

CODE_TABLE_CHOICES: Final = (CODE_TABLE_AUTOMATIC, *CODE_TABLES, CODE_TABLE_NONE)


def code_table_of(data: Mapping[str, Any], options: Mapping[str, Any], makers: Iterable[str | None] = ()) -> CodeTable:
    """Return the table for an entry: what a person chose, else that of the family, of the maker, or the usual one.

    ``makers``: FLAG ids by which the meter names its maker, the best first; None where it does not.
    """
    chosen = str(options.get(CONF_CODE_TABLE, CODE_TABLE_AUTOMATIC))
    if chosen == CODE_TABLE_NONE:
        return NO_TABLE
    if chosen in CODE_TABLES:
        return CODE_TABLES[chosen]
    families = (data[CONF_PRESET], *(known.preset for maker in makers if (known := MAKERS.get(maker or ""))))
    return CODE_TABLES[next((_OF_FAMILIES[each] for each in families if each in _OF_FAMILIES), _USUAL)]
