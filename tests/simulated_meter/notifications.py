"""What a meter sends unasked, octet by octet (IEC 62056-5-3): EventNotification, DataNotification, InformationReport.

Written from the specification, and without the client's code. Plain here; notifier.py protects and cuts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from custom_components.cosem.dlms.encoding.data import (
    Data,
    array,
    encode_data_octets,
    integer,
    long_unsigned,
    octet_string,
    structure,
)
from custom_components.cosem.dlms.encoding.logical_name import LogicalName

EVENT_NOTIFICATION: Final = 0xC2
DATA_NOTIFICATION: Final = 0x0F
INFORMATION_REPORT: Final = 0x18
PUSH_SETUP: Final = 40
CONFIRMED: Final = 0x40
HIGH_PRIORITY: Final = 0x80


class NotificationForm(StrEnum):
    """Which service carries an event."""

    EVENT = "event-notification"
    DATA = "data-notification"
    REPORT = "information-report"


class TimeForm(StrEnum):
    """How the time of an EventNotification is written."""

    ABSENT = "absent"
    SIZED = "sized"
    """01 0C and 12 octets: as an optional octet-string."""
    FIXED = "fixed"
    """01 and 12 octets: as older editions have it."""
    TAGGED = "tagged"
    """09 0C and 12 octets: as Data."""


class BodyForm(StrEnum):
    """How the body of a DataNotification tells whose the values are."""

    LISTED = "push-object-list"
    """The list of push objects, then their values."""
    DEVICE = "device"
    """Device id and logical name of the push setup, then bare values."""
    TUPLES = "tuples"
    """{class_id, logical_name, attribute_index, value} of each."""
    ROWS = "rows"
    """{logical_name, value[, {scaler, unit}]} of each."""
    PAIRS = "pairs"
    """logical_name, value[, {scaler, unit}] of each in one structure."""
    POSITIONAL = "positional"
    """Bare values in the order of the push setup's list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """An attribute and its value. ``scaler_unit``: sent beside it, where the form has a place for it."""

    class_id: int
    logical_name: LogicalName
    attribute_index: int = 2
    value: Data
    scaler_unit: Data | None = None

    @property
    def name(self) -> Data:
        """The logical name as a value."""
        return octet_string(self.logical_name.octets)

    @property
    def push_object(self) -> Data:
        """Its entry in a push_object_list of version 0."""
        return structure(long_unsigned(self.class_id), self.name, integer(self.attribute_index), long_unsigned(0))


def event_notification(pushed: Pushed, time: bytes | None = None, form: TimeForm = TimeForm.SIZED) -> bytes:
    """Return C2, time, attribute descriptor, value. ``time``: 12 octets; None for absent."""
    heads = {TimeForm.SIZED: b"\x01\x0c", TimeForm.FIXED: b"\x01", TimeForm.TAGGED: b"\x09\x0c"}
    head = b"\x00" if time is None or form is TimeForm.ABSENT else heads[form] + time
    descriptor = pushed.class_id.to_bytes(2) + pushed.logical_name.octets
    index = pushed.attribute_index.to_bytes(1, signed=True)
    return bytes([EVENT_NOTIFICATION]) + head + descriptor + index + encode_data_octets(pushed.value)


def data_notification(
    body: Data, invoke_id: int, time: bytes | None = None, *, flags: int = 0, is_tagged: bool = False
) -> bytes:
    """Return 0F, long-invoke-id, time, body. ``flags``: confirmed, high priority; ``is_tagged``: the time as Data."""
    written = b"\x00" if time is None else (b"\x09\x0c" if is_tagged else b"\x0c") + time
    head = bytes([DATA_NOTIFICATION, flags]) + (invoke_id & 0xFFFFFF).to_bytes(3)
    return head + written + encode_data_octets(body)


def information_report(values: Sequence[tuple[int, Data]], time: str | None = None) -> bytes:
    """Return 18, time, short names, values; fewer than 128. ``time``: GeneralizedTime, as 20260301120000Z."""
    written = b"\x00" if time is None else bytes([1, len(time)]) + time.encode("ascii")
    count = bytes([len(values)])
    names = b"".join(b"\x02" + short_name.to_bytes(2) for short_name, _ in values)
    contents = b"".join(encode_data_octets(value) for _, value in values)
    return bytes([INFORMATION_REPORT]) + written + count + names + count + contents


def body(form: BodyForm, pushed: Sequence[Pushed], setup: LogicalName, device_id: bytes = b"") -> Data:
    """Return the body with these values. ``setup``: the push setup that sends."""
    values = [each.value for each in pushed]
    match form:
        case BodyForm.LISTED:
            own = structure(long_unsigned(PUSH_SETUP), octet_string(setup.octets), integer(2), long_unsigned(0))
            objects = array(own, *(each.push_object for each in pushed))
            return structure(objects, *values)
        case BodyForm.DEVICE:
            return structure(octet_string(device_id), octet_string(setup.octets), *values)
        case BodyForm.TUPLES:
            return structure(*(_tuple(each) for each in pushed))
        case BodyForm.ROWS:
            return structure(*(structure(*_named(each)) for each in pushed))
        case BodyForm.PAIRS:
            return structure(*(part for each in pushed for part in _named(each)))
        case BodyForm.POSITIONAL:
            return structure(*values)


def _tuple(pushed: Pushed) -> Data:
    return structure(long_unsigned(pushed.class_id), pushed.name, integer(pushed.attribute_index), pushed.value)


def _named(pushed: Pushed) -> tuple[Data, ...]:
    named = (pushed.name, pushed.value)
    return named if pushed.scaler_unit is None else (*named, pushed.scaler_unit)
