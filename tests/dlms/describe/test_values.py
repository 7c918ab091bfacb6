"""What the value of an attribute says."""

import pytest

from custom_components.cosem.dlms.apdu.common import AttributeDescriptor
from custom_components.cosem.dlms.describe.values import attribute_value, raw_value
from custom_components.cosem.dlms.encoding.data import (
    NULL,
    BitString,
    CompactArray,
    Data,
    DataType,
    TypeDescription,
    array,
    date_time,
    decode_data_octets,
    double_long_unsigned,
    float64,
    octet_string,
    structure,
    unsigned,
    visible_string,
)
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.interface_classes.register import ScalerUnit

NAME = LogicalName.parse("1.0.1.8.0.255")
REGISTER = AttributeDescriptor(3, NAME, 2)
CLOCK_TIME = AttributeDescriptor(8, NAME, 2)
ANY = AttributeDescriptor(1, NAME, 2)
NOON = bytes.fromhex("07E901010312000000FFC400")


@pytest.mark.parametrize(
    ("data", "scaler", "expected"),
    [
        (Data(DataType.DOUBLE_LONG_UNSIGNED, 123456), -1, "12345.6"),
        (Data(DataType.LONG, -5), -3, "-0.005"),
        (Data(DataType.LONG64_UNSIGNED, 2**64 - 1), 0, "18446744073709551615"),
        (Data(DataType.UNSIGNED, 12), 3, "12000"),
        (Data(DataType.FLOAT32, 230.10000610351562), 0, "230.1"),
        (Data(DataType.BCD, 0x42), 0, "42"),
        (Data(DataType.FLOAT64, float("nan")), 0, None),
        (Data(DataType.UNSIGNED, 1), 100, None),
        (Data(DataType.OCTET_STRING, b"\xab"), 0, "ab"),
    ],
)
def test_number_with_a_scaler_is_a_decimal_string(data: Data, scaler: int, expected: str | None):
    assert attribute_value(REGISTER, data, ScalerUnit(scaler, 30)) == expected


@pytest.mark.parametrize("kind", [DataType.OCTET_STRING, DataType.DATE_TIME])
@pytest.mark.parametrize(
    ("class_id", "index"),
    [(8, 2), (4, 5), (5, 6), (5, 7)],
)
def test_points_in_time_by_definition_are_iso_8601(kind: DataType, class_id: int, index: int):
    attribute = AttributeDescriptor(class_id, NAME, index)
    assert attribute_value(attribute, Data(kind, NOON), None) == "2025-01-01T18:00:00+01:00"


def test_deviation_not_specified_gives_a_time_without_an_offset():
    octets = NOON[:9] + b"\x80\x00\xff"
    assert attribute_value(CLOCK_TIME, Data(DataType.OCTET_STRING, octets), None) == "2025-01-01T18:00:00"


def test_time_not_specified_is_none():
    octets = bytes.fromhex("FFFFFFFFFFFFFFFFFF8000FF")
    assert attribute_value(CLOCK_TIME, Data(DataType.OCTET_STRING, octets), None) is None


@pytest.mark.parametrize(("seconds", "expected"), [(1_735_689_600, "2025-01-01T00:00:00+00:00"), (0, None)])
def test_time_as_seconds_since_1970(seconds: int, expected: str | None):
    assert attribute_value(CLOCK_TIME, Data(DataType.DOUBLE_LONG_UNSIGNED, seconds), None) == expected


@pytest.mark.parametrize("octets", [b"", b"\x01", bytes.fromhex("07E90D010312000000FFC400")])
def test_octets_that_are_no_time_are_hex(octets: bytes):
    assert attribute_value(CLOCK_TIME, Data(DataType.OCTET_STRING, octets), None) == octets.hex()


def test_null_data_in_a_time_attribute_is_none():
    assert attribute_value(CLOCK_TIME, Data(DataType.NULL_DATA, None), None) is None


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (Data(DataType.NULL_DATA, None), None),
        (Data(DataType.BOOLEAN, True), True),
        (Data(DataType.UNSIGNED, 7), 7),
        (Data(DataType.ENUM, 2), 2),
        (Data(DataType.FLOAT64, 1.5), 1.5),
        (Data(DataType.FLOAT64, float("inf")), None),
        (Data(DataType.OCTET_STRING, NOON), NOON.hex()),
        (Data(DataType.VISIBLE_STRING, "text"), "text"),
        (Data(DataType.BIT_STRING, BitString(b"\xa0", 3)), "101"),
        (Data(DataType.DATE_TIME, NOON), "2025-01-01T18:00:00+01:00"),
        (Data(DataType.DATE_TIME, bytes.fromhex("FFFF03FE0702000000800000")), "ffff03fe0702000000800000"),
        (Data(DataType.DATE, NOON[:5]), "2025-01-01"),
        (Data(DataType.DATE, b"\xff\xff\x03\xfe\x07"), "ffff03fe07"),
        (Data(DataType.DATE, b"\x07\xe9\x0d\x01\xff"), "07e90d01ff"),
        (Data(DataType.TIME, NOON[5:9]), "18:00:00"),
        (Data(DataType.TIME, b"\xff\xff\xff\xff"), "ffffffff"),
        (decode_data_octets(bytes.fromhex("0202 0FFF 0102 1107 0900")), [-1, [7, ""]]),
        (decode_data_octets(bytes.fromhex("1302030F161008FF1EFED4011B012C")), [[-1, 30, -300], [1, 27, 300]]),
    ],
)
def test_everything_else_is_plain_json(data: Data, expected: object):
    assert attribute_value(ANY, data, None) == expected


def test_raw_is_what_the_meter_sent():
    octets = bytes.fromhex("07E50118070E303950FFC400")
    rows = CompactArray(TypeDescription(DataType.UNSIGNED), (unsigned(1), unsigned(2)))
    for data, expected in (
        (double_long_unsigned(12345), 12345),
        (octet_string(octets), octets.hex()),
        (date_time(octets), octets.hex()),
        (visible_string("text"), "text"),
        (structure(unsigned(1), array(unsigned(2), NULL)), [1, [2, None]]),
        (float64(1.5), 1.5),
        (float64(float("nan")), None),
        (Data(DataType.COMPACT_ARRAY, rows), [1, 2]),
    ):
        assert raw_value(data) == expected
