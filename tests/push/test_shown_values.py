"""Pushed values have the unit that is known, or none at all."""

from typing import Any, cast

import pytest

from custom_components.cosem.dlms import (
    AttributeDescriptor,
    Data,
    DataType,
    LogicalName,
    ObjectListElement,
    PushedValue,
    ScalerUnit,
    TimePolicy,
)
from custom_components.cosem.meter.reader import MeterReader
from custom_components.cosem.meter.readings import Reading
from custom_components.cosem.push.shown_values import plain_value, pushed_attribute, pushed_reading, shown_attribute

POWER = LogicalName.parse("1.0.1.7.0.255")
ATTRIBUTE = AttributeDescriptor(3, POWER, 2)
WATT, KILOWATT, VAR = ScalerUnit(0, 27), ScalerUnit(3, 27), ScalerUnit(0, 29)
NUMBER = Data(DataType.DOUBLE_LONG_UNSIGNED, 1337)
NOT_FINITE = Data(DataType.FLOAT32, float("inf"))


class Reader:
    """What a reader knows."""

    def __init__(self, scaler_unit: ScalerUnit | None = None, *, unit_missing: bool = False) -> None:
        self.objects = (ObjectListElement(3, 0, POWER), *(ObjectListElement(each, 0, CLOCK) for each in (1, 8)))
        self._known = {"scaler_unit": scaler_unit, "unit_missing": unit_missing}

    def reading(self, _attribute: AttributeDescriptor, value: Data | None = None) -> Reading:
        return Reading(value=value, **cast("Any", self._known))


CLOCK = LogicalName.parse("0.0.1.0.0.255")


def known(scaler_unit: ScalerUnit | None = None, *, unit_missing: bool = False) -> MeterReader:
    return cast("MeterReader", Reader(scaler_unit, unit_missing=unit_missing))


def value(scaler_unit: ScalerUnit | None = None, data: Data = NUMBER, **changes: Any) -> PushedValue:
    facts = {"logical_name": POWER, "class_id": 3, "attribute_index": 2} | changes
    return PushedValue(value=data, scaler_unit=scaler_unit, **facts)


@pytest.mark.parametrize(
    ("pushed", "attribute"),
    [
        (value(), ATTRIBUTE),
        (value(class_id=None, attribute_index=None), ATTRIBUTE),
        (value(attribute_index=3), AttributeDescriptor(3, POWER, 3)),
        (value(logical_name=None), None),
        (value(logical_name=CLOCK, class_id=None), None),  # there are two
        (value(logical_name=LogicalName.parse("1.0.2.7.0.255"), class_id=None), None),
        (value(data_index=1), None),
    ],
)
def test_whose_a_value_is(pushed: PushedValue, attribute: AttributeDescriptor | None):
    assert pushed_attribute(known(), pushed) == attribute


@pytest.mark.parametrize(
    ("reader", "pushed", "reading"),
    [
        (known(WATT), value(), Reading(value=NUMBER, scaler_unit=WATT)),
        (known(WATT), value(KILOWATT), Reading(value=NUMBER, scaler_unit=KILOWATT)),
        (known(WATT), value(VAR), None),
        (known(unit_missing=True), value(), None),
        (known(unit_missing=True), value(WATT), Reading(value=NUMBER, scaler_unit=WATT)),
        (known(WATT), value(data=Data(DataType.NULL_DATA, None)), None),
        (known(WATT), value(data=Data(DataType.VISIBLE_STRING, b"T2")), None),  # no text among watts
        (known(WATT), value(data=Data(DataType.BOOLEAN, True)), None),
        (known(WATT), value(data=NOT_FINITE), Reading(value=NOT_FINITE, scaler_unit=WATT)),
        (known(), value(data=Data(DataType.BOOLEAN, True)), Reading(value=Data(DataType.BOOLEAN, True))),
    ],
)
def test_f49_a_value_has_the_unit_that_is_known_or_none(
    reader: MeterReader, pushed: PushedValue, reading: Reading | None
):
    assert pushed_reading(reader, ATTRIBUTE, pushed) == reading


STRUCTURE = Data(DataType.STRUCTURE, (NUMBER,))
TEXT = Data(DataType.VISIBLE_STRING, b"T2")
NULL = Data(DataType.NULL_DATA, None)
EXPORT, TARIFF = LogicalName.parse("1.0.2.7.0.255"), LogicalName.parse("0.0.96.14.0.255")
OTHER_CLOCK = LogicalName.parse("0.0.1.0.9.255")


@pytest.mark.parametrize(
    ("pushed", "attribute"),
    [
        (value(class_id=None), ATTRIBUTE),
        (value(class_id=4, attribute_index=5), AttributeDescriptor(4, POWER, 5)),
        (value(logical_name=None), None),
        (value(data_index=1), None),
        (value(data=NULL), None),
        (value(data=STRUCTURE), None),
        (value(logical_name=CLOCK, class_id=None), None),  # there are two
        (value(WATT, logical_name=EXPORT, class_id=None), AttributeDescriptor(3, EXPORT, 2)),
        (value(logical_name=EXPORT, class_id=None), None),  # its number would be a guess
        (value(data=TEXT, logical_name=EXPORT, class_id=None), AttributeDescriptor(1, EXPORT, 2)),
        (value(logical_name=TARIFF, class_id=None, attribute_index=None), AttributeDescriptor(1, TARIFF, 2)),
        (value(data=TEXT, logical_name=OTHER_CLOCK, class_id=None), AttributeDescriptor(8, OTHER_CLOCK, 2)),
    ],
)
def test_which_attribute_shows_a_value_also_of_an_object_that_is_not_listed(
    pushed: PushedValue, attribute: AttributeDescriptor | None
):
    assert shown_attribute(known(), pushed) == attribute


def test_what_has_no_unit_needs_none():
    text = Data(DataType.VISIBLE_STRING, b"T2")
    attribute = AttributeDescriptor(1, LogicalName.parse("0.0.96.14.0.255"), 2)
    assert pushed_reading(known(), attribute, value(data=text)) == Reading(value=text)


@pytest.mark.parametrize(
    ("data", "scaler_unit", "shown"),
    [
        (None, None, None),
        (NUMBER, KILOWATT, 1337000),
        (NUMBER, ScalerUnit(-1, 27), 133.7),
        (Data(DataType.LONG64_UNSIGNED, 2**60), WATT, float(2**60)),
        (NUMBER, ScalerUnit(127, 27), None),
        (NOT_FINITE, WATT, None),
        (Data(DataType.FLOAT64, 1e308), ScalerUnit(3, 27), None),
        (Data(DataType.BOOLEAN, True), None, True),
        (Data(DataType.VISIBLE_STRING, b"T2"), None, "T2"),
        (Data(DataType.DATE, bytes.fromhex("07EA0B1C06")), None, "2026-11-28"),
        (Data(DataType.ARRAY, (NUMBER,)), None, [{"type": "double-long-unsigned", "value": 1337}]),
    ],
)
def test_how_a_value_looks_in_an_event(data: Data | None, scaler_unit: ScalerUnit | None, shown: object):
    found = plain_value(ATTRIBUTE, Reading(value=data, scaler_unit=scaler_unit), TimePolicy.STANDARD)
    assert found == shown
    assert type(found) is type(shown)


def test_a_clock_tells_its_time():
    octets = Data(DataType.OCTET_STRING, bytes.fromhex("07EA0B1C060A0000FF000000"))
    attribute = AttributeDescriptor(8, CLOCK, 2)
    assert str(plain_value(attribute, Reading(value=octets), TimePolicy.STANDARD)).startswith("2026-11-28T10:00:00")
