"""From a notification to the events that Home Assistant sees: one for each thing that it tells."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NamedTuple

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util

from ..const import LOGGER
from ..dlms import (
    AttributeDescriptor,
    Data,
    DataNotification,
    DataType,
    EventNotificationRequest,
    InformationReportRequest,
    Json,
    Medium,
    PushedValue,
    TimePolicy,
    date_or_time_text,
    display_text,
    notification_time,
    number_of,
    scaler_unit_attribute,
)
from ..meter.entity_plan import name_of
from ..meter.labels import label_of
from ..meter.meter_time import time_policy_of, utc_of
from ..meter.reader import MeterReader
from ..meter.readings import Reading
from ..meter.submeters import device_identifier
from .event_codes import OTHER, CodeTable
from .meanings import MOST_EVENTS, Meaning, Meanings
from .meter_event import MeterEvent
from .routing import ReadNotification
from .shown_values import is_clock_time, is_short, plain_value, pushed_attribute, pushed_reading
from .told_kinds import told_kind

MOST_VALUES: Final = 100
"""In one event."""
_MAX_TIME: Final = 64
"""Characters."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """A value, and what it is called."""

    value: Json = None
    unit: str | None = None
    class_id: int | None = None
    attribute_index: int | None = None
    data_index: int = 0
    """0: the whole attribute; else which part of it."""
    logical_name: str | None = None
    name: str | None = None
    is_left_out: bool = False
    """It is too long."""

    def record(self) -> dict[str, Json]:
        part: dict[str, Json] = {"data_index": self.data_index} if self.data_index else {}
        return {
            "class_id": self.class_id,
            "logical_name": self.logical_name,
            "attribute_index": self.attribute_index,
            **part,
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
        }


class _Records(NamedTuple):
    """All values of a notification; ``is_whole``: none of them is left out because it is too long."""

    values: tuple[dict[str, Json], ...] = ()
    is_whole: bool = True


def _is_understood(read: ReadNotification) -> bool:
    if read.values is None or not read.values.is_complete:
        return False
    return all(value.logical_name is not None for value in read.values.values)  # a short name alone says little


class EventMaker:
    """Of one entry."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, reader: MeterReader, table: CodeTable) -> None:
        self._hass = hass
        self._entry = entry
        self._reader = reader
        self.meanings = Meanings(table)
        self._policy: TimePolicy = time_policy_of(entry.options)

    def events(self, read: ReadNotification) -> list[MeterEvent]:
        """Return an event for each thing that a notification tells, at least one."""
        if read.values is None:
            return [self._event(read, Meaning(OTHER, None), _Records())]
        before = self.meanings.left_out
        is_event = isinstance(read.notification, EventNotificationRequest)
        meanings = self.meanings.of(read.values, is_event=is_event)
        if self.meanings.left_out > before == 0:  # said once: whoever may send could fill the log
            LOGGER.warning(
                "%s told of more than %d events at once; the others are left out", label_of(self._entry), MOST_EVENTS
            )
        values = read.values.values
        shown = tuple(self._shown(each, read) for each in values[:MOST_VALUES]) if len(values) > 1 else ()
        records = _Records(tuple(each.record() for each in shown), not any(each.is_left_out for each in shown))
        return [self._event(read, meaning, records) for meaning in meanings]

    def _event(self, read: ReadNotification, meaning: Meaning, records: _Records) -> MeterEvent:
        shown = _Shown() if meaning.value is None else self._shown(meaning.value, read)
        is_whole = shown.value is not None and records.is_whole and _is_understood(read)
        return MeterEvent(
            entry_id=self._entry.entry_id,
            device_id=self.device_id,
            kind=told_kind(read.notification),
            event_type=meaning.event_type,
            code=meaning.code,
            text=meaning.text,
            class_id=shown.class_id,
            logical_name=shown.logical_name,
            attribute_index=shown.attribute_index,
            name=shown.name,
            value=shown.value,
            unit=shown.unit,
            time=self._time(read),
            authenticated=read.heard.authenticated,
            encrypted=read.heard.encrypted,
            values=records.values,
            raw=None if is_whole else read.heard.apdu,
        )

    @property
    def device_id(self) -> str | None:
        """The device of the meter."""
        identifier = device_identifier(str(self._entry.unique_id))
        device = dr.async_get(self._hass).async_get_device_by_identifier(identifier, self._entry.entry_id)
        return None if device is None else device.id

    def _shown(self, value: PushedValue, read: ReadNotification) -> _Shown:
        # The objects of another logical device may have the same names, and other units.
        attribute = None if read.is_elsewhere else pushed_attribute(self._reader, value)
        reading = Reading(value=value.value, scaler_unit=value.scaler_unit)
        if read.is_elsewhere and value.scaler_unit is None and _has_unit(value):
            reading = Reading()
        if attribute is not None:
            reading = pushed_reading(self._reader, attribute, value) or reading
            # Without a unit its number says nothing.
            if reading.scaler_unit is None and self._reader.reading(attribute).unit_missing:
                reading = Reading()
        plain = plain_value(attribute, reading, self._policy)
        class_id, index = value.class_id, value.attribute_index  # of a part of an attribute: it has no unit of its own
        if attribute is not None:
            class_id, index = attribute.class_id, attribute.attribute_index
        return _Shown(
            plain if is_short(plain) else None,
            None if reading.scaler_unit is None or reading.number is None else reading.scaler_unit.symbol,
            class_id,
            index,
            value.data_index,
            None if value.logical_name is None else str(value.logical_name),
            None if attribute is None else name_of(self._hass, self._entry, attribute),
            is_left_out=not is_short(plain),
        )

    def _time(self, read: ReadNotification) -> str | None:
        """Return when it was sent, as the meter says: in UTC, or as it came where that is not known."""
        match read.notification:
            case EventNotificationRequest(time) | DataNotification(_, time) if time is not None:
                data = Data(DataType.OCTET_STRING, time)
                return self._moment(data) or notification_time(read.notification)
            case InformationReportRequest(time) if time is not None:
                return _generalized_time(time, notification_time(read.notification))
        # Many meters send the time of their clock among the values instead.
        clocks = [] if read.values is None else [each.value for each in read.values.values if is_clock_time(each)]
        return self._moment(clocks[0]) if len(clocks) == 1 else None

    def _moment(self, data: Data) -> str | None:
        moment = utc_of(data, self._policy)
        return date_or_time_text(data, self._policy) if moment is None else moment.isoformat()


def _has_unit(value: PushedValue) -> bool:
    """Whether its number says nothing without a unit."""
    name, class_id, index = value.logical_name, value.class_id, value.attribute_index
    if name is None or class_id is None or index is None:
        return number_of(value.value) is not None and name is not None and name.a != Medium.ABSTRACT
    return scaler_unit_attribute(AttributeDescriptor(class_id, name, index)) is not None


def _generalized_time(octets: bytes, text: str | None) -> str | None:
    """Return it in UTC, as the time of all others; what is none, cleaned and cut: anybody may write anything there."""
    try:
        moment = datetime.fromisoformat(text or "")
        local = moment if moment.tzinfo is not None else moment.replace(tzinfo=dt_util.get_default_time_zone())
        return local.astimezone(UTC).isoformat()
    except OverflowError, ValueError:
        return display_text(Data(DataType.OCTET_STRING, octets), _MAX_TIME)
