"""The values of a notification: as readings with the units that are known, and as plain values for events."""

from decimal import Decimal
import json
import math
from typing import Final

from ..dlms import (
    AttributeDescriptor,
    Data,
    DataType,
    InterfaceClass,
    Json,
    LogicalName,
    Medium,
    PushedValue,
    TimePolicy,
    date_or_time_text,
    describe_data,
    display_text,
    is_clock_name,
    is_date_time,
    is_number,
    number_of,
    scaler_unit_attribute,
)
from ..meter.reader import MeterReader
from ..meter.readings import Reading

_MAX_TEXT: Final = 255
_TIMES: Final = frozenset({DataType.DATE, DataType.TIME, DataType.DATE_TIME})
_VALUE: Final = 2
_MAX_EXACT: Final = 2**53
MOST_CHARACTERS: Final = 1024
"""Of a value in an event, as JSON: each event and each state keeps it."""


def pushed_attribute(reader: MeterReader, value: PushedValue) -> AttributeDescriptor | None:
    """Return whose a value is; one without a class is that of the meter's only object of this name."""
    name = value.logical_name
    if name is None:
        return None
    class_id = value.class_id or _class_of(reader, name)
    index = _VALUE if value.attribute_index is None else value.attribute_index
    return None if class_id is None or value.data_index else AttributeDescriptor(class_id, name, index)


def shown_attribute(reader: MeterReader, value: PushedValue) -> AttributeDescriptor | None:
    """Return which attribute an entity shows; of an object that the meter does not list, as the value looks.

    None for what no state can hold: no value, an array, a number without a unit that needs one.
    """
    name, data = value.logical_name, value.value
    if name is None or value.data_index or data.type is DataType.NULL_DATA or isinstance(data.value, tuple):
        return None
    if value.class_id is not None or any(element.logical_name == name for element in reader.objects):
        return pushed_attribute(reader, value)
    class_id = _likely_class(name, value)
    return None if class_id is None else AttributeDescriptor(class_id, name, value.attribute_index or _VALUE)


def is_clock_time(value: PushedValue) -> bool:
    """Whether it is the time of the meter's clock."""
    name = value.logical_name
    if name is None or not is_clock_name(name) or value.data_index:
        return False
    is_time = value.class_id in {None, InterfaceClass.CLOCK} and value.attribute_index in {None, _VALUE}
    return is_time and is_date_time(value.value)


def _likely_class(name: LogicalName, value: PushedValue) -> int | None:
    if value.scaler_unit is not None:
        return InterfaceClass.REGISTER
    if is_clock_name(name):
        return InterfaceClass.CLOCK
    # What is measured has a unit somewhere, and perhaps a scaler: without it the number would be a guess.
    return InterfaceClass.DATA if name.a == Medium.ABSTRACT or number_of(value.value) is None else None


def _class_of(reader: MeterReader, name: LogicalName) -> int | None:
    found = {element.class_id for element in reader.objects if element.logical_name == name}
    return found.pop() if len(found) == 1 else None


def pushed_reading(reader: MeterReader, attribute: AttributeDescriptor, value: PushedValue) -> Reading | None:
    """Return a value with its unit; None where its number would be a guess, or in another unit than before.

    None also for a text, or anything else that has no unit, in the place of a number with a unit.
    """
    if value.value.type is DataType.NULL_DATA:
        return None
    known = reader.reading(attribute, value.value)
    pushed = value.scaler_unit
    if scaler_unit_attribute(attribute) is None:
        return known
    if number_of(value.value) is None:
        return known if known.scaler_unit is None or is_number(value.value) else None
    if pushed is None:
        return None if known.unit_missing else known
    if known.scaler_unit is not None and known.scaler_unit.unit != pushed.unit:
        return None
    return Reading(value=value.value, scaler_unit=pushed)


def plain_value(attribute: AttributeDescriptor | None, reading: Reading, policy: TimePolicy) -> Json:
    """Return a value for an event: a number in its unit, a text, or what it consists of."""
    data = reading.value
    if data is None:
        return None
    if isinstance(data.value, bool):
        return data.value
    if (number := reading.number) is not None:
        return json_number(number)
    if is_number(data):  # it is none, or nobody can believe its scaler
        return None
    is_clock = attribute is not None and attribute.class_id == InterfaceClass.CLOCK
    text = date_or_time_text(data, policy) if is_clock or data.type in _TIMES else None
    return text or display_text(data, _MAX_TEXT) or _described(data)


def is_short(value: Json) -> bool:
    """Whether an event can have this value."""
    return not isinstance(value, (dict, list, str)) or len(json.dumps(value, ensure_ascii=False)) <= MOST_CHARACTERS


def json_number(number: Decimal) -> Json:
    """Return a number for an event; None for one that is too large for any."""
    # What is larger is exact in no JSON.
    if number == number.to_integral_value() and abs(number) <= _MAX_EXACT:
        return int(number)
    return None if math.isinf(found := float(number)) else found


def _described(data: Data) -> Json:
    return describe_data(data)["value"]
