"""What a notification says, as plain JSON: its time and its values."""

from datetime import datetime
from typing import Final

from ..apdu.common import DATE_TIME_OCTETS, AttributeDescriptor
from ..apdu.notification import DataNotification, EventNotificationRequest
from ..apdu.short_name import InformationReportRequest
from ..encoding.cosem_time import decode_date_time
from ..encoding.logical_name import LogicalName
from ..errors import DecodeError
from ..interface_classes.clock import CLOCK_TIME, is_clock_name
from ..interface_classes.pushed_rows import is_date_time
from ..interface_classes.pushed_values import Notification, PushedValue
from .elements import Json, JsonObject
from .values import attribute_value

_NO_NAME: Final = LogicalName(bytes(6))
_UNSPECIFIED: Final = b"\xff" * 8
"""Date and time of a meter that does not know either."""
_DATE_DIGITS: Final = 8
_MAX_TIME: Final = 64
"""Octets of a GeneralizedTime: a field for anything, up to the length of an APDU."""


def notification_time(apdu: Notification | None) -> str | None:
    """When it was sent, as the meter says: ISO 8601, or what it is as it came; None if it does not say."""
    match apdu:
        case EventNotificationRequest(time) | DataNotification(_, time) if time is not None:
            return _date_time_text(time)
        case InformationReportRequest(time) if time is not None:
            return _generalized_time_text(time)
    return None


def described_pushed_value(value: PushedValue) -> JsonObject:
    """Whose value it is, and the value in its unit; a part or a short name only where there is one."""
    shown, unit = pushed_value_and_unit(value)
    item: JsonObject = {
        "class_id": value.class_id,
        "logical_name": None if value.logical_name is None else str(value.logical_name),
        "attribute": value.attribute_index,
        "value": shown,
        "unit": unit,
    }
    if value.data_index:
        item["data_index"] = value.data_index
    if value.short_name is not None:
        item["short_name"] = value.short_name
    return item


def pushed_value_and_unit(value: PushedValue) -> tuple[Json, str | None]:
    """The value in a form to work with, and its unit."""
    attribute = AttributeDescriptor(value.class_id or 0, value.logical_name or _NO_NAME, value.attribute_index or 0)
    if value.class_id is None and is_clock_name(attribute.logical_name) and is_date_time(value.value):
        attribute = CLOCK_TIME
    scaler_unit = value.scaler_unit
    return attribute_value(attribute, value.value, scaler_unit), None if scaler_unit is None else scaler_unit.symbol


def _date_time_text(octets: bytes) -> str | None:
    if octets.startswith(_UNSPECIFIED):
        return None
    try:
        moment = decode_date_time(octets)
    except DecodeError:
        return octets.hex().upper()
    return moment.isoformat() or moment.text


def _generalized_time_text(octets: bytes) -> str:
    """ISO 8601 of a GeneralizedTime; what is none as it came, in hex where it is no text."""
    text = octets[:_MAX_TIME].decode("ascii", "replace")
    if not text.isprintable() or not text.isascii():
        # Some write the time as in the other notifications.
        moment = _date_time_text(octets) if len(octets) == DATE_TIME_OCTETS else None
        return moment or octets[:_MAX_TIME].hex().upper()
    try:
        return datetime.fromisoformat(f"{text[:_DATE_DIGITS]}T{text[_DATE_DIGITS:]}").isoformat()
    except ValueError:
        return text
