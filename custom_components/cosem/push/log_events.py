"""From an entry of an event log, or an alarm that a register shows, to the event that Home Assistant sees."""

from datetime import UTC, datetime
from decimal import Decimal
import math
from typing import Final, NamedTuple

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from ..dlms import (
    Association,
    AttributeDescriptor,
    BitString,
    InterfaceClass,
    Json,
    LogicalName,
    PlainValue,
    ProfileColumn,
    ProfileGenericAttribute,
    Protection,
    PushedValue,
    json_text,
)
from ..meter.entity_plan import name_of
from ..meter.meter_time import time_policy_of
from ..meter.readings import Reading
from .already_told import is_event_code
from .event_codes import CODES, OTHER, CodeMeaning
from .event_making import EventMaker
from .log_mark import LogEntry
from .meanings import Meaning
from .meter_event import MeterEvent
from .shown_values import json_number, plain_value

EVENT_LOG: Final = "event_log"
ALARM_REGISTER: Final = "alarm_register"

_MAX_TEXT: Final = 255
_VALUE: Final = 2


class Trust(NamedTuple):
    """How the association protects what is read."""

    authenticated: bool
    encrypted: bool

    @classmethod
    def of(cls, association: Association) -> Trust:
        """Return what the settings demand of each answer."""
        security = association.parameters.security
        if security is None:
            return cls(authenticated=False, encrypted=False)
        protection = security.protection
        is_verified = bool(protection & Protection.AUTHENTICATED) and not security.accept_unverified
        return cls(authenticated=is_verified, encrypted=bool(protection & Protection.ENCRYPTED))


class Code(NamedTuple):
    """An event code in an entry. ``logical_name``: of the object that was captured."""

    logical_name: str
    number: int


def code_of(entry: LogEntry) -> Code | None:
    """Return the first event code of an entry."""
    for column, cell in zip(entry.columns, entry.cells, strict=True):
        name = str(column.capture_object.logical_name)
        if not is_event_code(name) or isinstance(cell, bool) or not isinstance(cell, int | Decimal):
            continue
        if cell == int(cell) and int(cell) in CODES:
            return Code(name, int(cell))
    return None


class LogEvents:
    """Of one entry. ``maker``: of its other events."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, maker: EventMaker) -> None:
        self._hass = hass
        self._entry = entry
        self._maker = maker
        self._policy = time_policy_of(entry.options)

    def of_alarm(self, meaning: Meaning, value: PushedValue, trust: Trust) -> MeterEvent:
        """Return the event of an alarm that is on now; when it came on is not known."""
        assert value.logical_name is not None  # it was asked for by its name
        attribute = AttributeDescriptor(InterfaceClass.DATA, value.logical_name, _VALUE)
        return MeterEvent(
            entry_id=self._entry.entry_id,
            device_id=self._maker.device_id,
            kind=ALARM_REGISTER,
            event_type=meaning.event_type,
            code=meaning.code,
            text=meaning.text,
            class_id=int(attribute.class_id),
            logical_name=str(attribute.logical_name),
            attribute_index=attribute.attribute_index,
            name=name_of(self._hass, self._entry, attribute),
            value=plain_value(attribute, Reading(value=value.value), self._policy),
            authenticated=trust.authenticated,
            encrypted=trust.encrypted,
        )

    def of_entry(self, log: LogicalName, entry: LogEntry, trust: Trust) -> MeterEvent:
        """Return the event of an entry, with all its columns."""
        code = code_of(entry)
        meaning = (
            CodeMeaning(OTHER)
            if code is None
            else self._maker.meanings.of_code(LogicalName.parse(code.logical_name), code.number)
        )
        return MeterEvent(
            entry_id=self._entry.entry_id,
            device_id=self._maker.device_id,
            kind=EVENT_LOG,
            event_type=meaning.event_type,
            code=None if code is None else code.number,
            text=meaning.text,
            class_id=int(InterfaceClass.PROFILE_GENERIC),
            logical_name=str(log),
            attribute_index=int(ProfileGenericAttribute.BUFFER),
            name=f"Event log ({log.obis})",
            value=None if code is None else code.number,
            time=None if entry.time is None else entry.time.isoformat(),
            authenticated=trust.authenticated,
            encrypted=trust.encrypted,
            values=tuple(self._record(*pair) for pair in zip(entry.columns, entry.cells, strict=True)),
        )

    def _record(self, column: ProfileColumn, cell: PlainValue | datetime | Decimal) -> dict[str, Json]:
        captured = column.capture_object
        attribute = AttributeDescriptor(captured.class_id, captured.logical_name, captured.attribute_index)
        return {
            "class_id": captured.class_id,
            "logical_name": str(captured.logical_name),
            "attribute_index": captured.attribute_index,
            "name": name_of(self._hass, self._entry, attribute),
            "value": _json(cell),
            "unit": column.unit,
        }


def _json(cell: PlainValue | datetime | Decimal) -> Json:
    match cell:
        case None | bool():
            return cell
        case datetime():
            return cell.astimezone(UTC).isoformat()
        case int() | Decimal():
            return json_number(Decimal(cell))
        case BitString():
            return cell.text
        case float():
            return cell if math.isfinite(cell) else None
        case bytes():
            text = cell.decode("ascii", "replace")
            return (text if text.isascii() and text.isprintable() else cell.hex())[:_MAX_TEXT]
    return json_text(str(cell))[:_MAX_TEXT]
