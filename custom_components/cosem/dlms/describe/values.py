"""Values of attributes for people and programs: scaled numbers, ISO 8601 times, plain JSON (IEC 62056-6-2)."""

from ..apdu.common import AttributeDescriptor
from ..encoding.cosem_time import decode_date, decode_time
from ..encoding.data_types import CompactArray, Data, DataType
from ..errors import DecodeError
from ..interface_classes.clock import TIME_ATTRIBUTES, decode_clock_time, instant
from ..interface_classes.register import (
    ScalerUnit,
    decimal_text,
    integer_of,
    scale,
)
from .elements import Json, describe_data


def attribute_value(attribute: AttributeDescriptor, data: Data, scaler_unit: ScalerUnit | None) -> Json:
    """The value in a form to work with.

    Numbers with ``scaler_unit``: decimal text, None if not finite or the scaler is not plausible. Times: ISO 8601, with
    the offset if sent, None for no point in time. Octets: hex. Structures and arrays: lists.
    """
    if scaler_unit is not None and is_number(data):
        number = scale(data, scaler_unit)
        return None if number is None else decimal_text(number)
    if (attribute.class_id, attribute.attribute_index) in TIME_ATTRIBUTES:
        return _time_text(data)
    return _plain(data)


def raw_value(data: Data) -> Json:
    """The value as sent: nothing scaled, octets and times in hex."""
    value = data.value
    if isinstance(value, CompactArray):
        return [raw_value(element) for element in value.elements]
    if isinstance(value, tuple) and data.type in {DataType.ARRAY, DataType.STRUCTURE}:
        return [raw_value(element) for element in value if isinstance(element, Data)]
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float):
        return value if value - value == 0 else None  # NaN and infinities are not JSON
    return describe_data(data)["value"]


def is_number(data: Data) -> bool:
    """True if a scaler applies."""
    return integer_of(data) is not None or data.type in {DataType.FLOAT32, DataType.FLOAT64, DataType.BCD}


def _time_text(data: Data) -> Json:
    if integer_of(data) is not None:  # newer meters send seconds since 1970
        moment = instant(data)
        return None if moment is None else moment.isoformat()
    try:
        return decode_clock_time(data).isoformat()
    except DecodeError:
        return _plain(data)


def _plain(data: Data) -> Json:
    """Plain JSON; tagged times as ISO 8601."""
    value = data.value
    if isinstance(value, CompactArray):
        return [_plain(element) for element in value.elements]
    if isinstance(value, tuple) and data.type in {DataType.ARRAY, DataType.STRUCTURE}:
        return [_plain(element) for element in value if isinstance(element, Data)]
    return _tagged_time_text(data.type, value) if isinstance(value, bytes) else raw_value(data)


def _tagged_time_text(kind: DataType, octets: bytes) -> Json:
    """ISO 8601 of a date-time, date or time, else hex."""
    try:
        match kind:
            case DataType.DATE_TIME:
                return decode_clock_time(Data(kind, octets)).isoformat() or octets.hex()
            case DataType.DATE:
                day = decode_date(octets).to_date()
                return octets.hex() if day is None else day.isoformat()
            case DataType.TIME:
                moment = decode_time(octets).to_time()
                return octets.hex() if moment is None else moment.isoformat()
    except DecodeError:
        pass
    return octets.hex()
