"""Extended register: its status."""

import pytest

from custom_components.cosem.dlms.encoding.data import (
    NULL,
    BitString,
    Data,
    DataType,
    bit_string,
    boolean,
    date_time,
    double_long_unsigned,
    integer,
    octet_string,
    structure,
    unsigned,
    visible_string,
)
from custom_components.cosem.dlms.interface_classes.extended_register import (
    ExtendedRegisterAttribute,
    ExtendedRegisterMethod,
    says_something,
    set_bits,
    status_text,
)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (unsigned(8), "0x8"),
        (double_long_unsigned(0x80000001), "0x80000001"),
        (integer(-1), "-0x1"),
        (integer(0), "0x0"),
        (date_time(b"\xff" * 12), None),
        (Data(DataType.OCTET_STRING, "ok"), None),
        (bit_string("0100000001"), "0100000001"),
        (boolean(True), "1"),
        (boolean(False), "0"),
        (octet_string(b"\x00\xab"), "00AB"),
        (NULL, None),
        (structure(), None),
        (visible_string("ok"), None),
    ],
)
def test_a_status_is_shown_without_guessing(data, text):
    assert status_text(data) == text


def test_numbers_of_an_extended_register():
    names = [attribute.standard_name for attribute in ExtendedRegisterAttribute]
    assert names == ["value", "scaler_unit", "status", "capture_time"]
    assert [attribute.value for attribute in ExtendedRegisterAttribute] == [2, 3, 4, 5]
    assert ExtendedRegisterMethod.RESET == 1


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (None, False),
        (Data(DataType.NULL_DATA, None), False),
        (Data(DataType.UNSIGNED, 0), False),
        (Data(DataType.UNSIGNED, 8), True),
        (Data(DataType.BOOLEAN, False), False),
        (Data(DataType.BOOLEAN, True), True),
        (Data(DataType.OCTET_STRING, bytes(4)), False),
        (Data(DataType.OCTET_STRING, b"\0\1"), True),
        (Data(DataType.BIT_STRING, BitString.from_text("0000")), False),
        (Data(DataType.BIT_STRING, BitString.from_text("0100")), True),
    ],
)
def test_a_status_with_any_bit_says_something(status, expected):
    assert says_something(status) is expected


@pytest.mark.parametrize(
    ("data", "bits"),
    [
        (Data(DataType.DOUBLE_LONG_UNSIGNED, 0), ()),
        (Data(DataType.DOUBLE_LONG_UNSIGNED, 0x80000001), (0, 31)),
        (Data(DataType.LONG64_UNSIGNED, 1 << 63), (63,)),
        (Data(DataType.ENUM, 4), (2,)),
        (Data(DataType.INTEGER, -128), (7,)),
        (Data(DataType.LONG, -1), tuple(range(16))),
        (Data(DataType.DOUBLE_LONG, -(2**31)), (31,)),
        (Data(DataType.LONG64, -(2**63)), (63,)),
        (Data(DataType.BOOLEAN, True), (0,)),
        (Data(DataType.BOOLEAN, False), ()),
        (Data(DataType.OCTET_STRING, bytes.fromhex("8001")), (0, 15)),
        (Data(DataType.OCTET_STRING, b""), ()),
        (Data(DataType.OCTET_STRING, bytes(8)), ()),
        (Data(DataType.OCTET_STRING, bytes(9)), None),
        (bit_string("1001"), (0, 3)),
        (bit_string("0" * 63 + "1"), (63,)),
        (bit_string("1" * 65), None),
        (Data(DataType.VISIBLE_STRING, "1"), None),
        (Data(DataType.DATE, bytes(5)), None),
        (Data(DataType.NULL_DATA, None), None),
    ],
)
def test_which_bits_are_set(data, bits):
    assert set_bits(data) == bits


def test_trial_23_of_very_long_statuses_the_beginning_is_shown():
    bits = Data(DataType.BIT_STRING, BitString(b"\xa5" * 1_000_000, 8_000_000))
    assert status_text(bits) == "10100101" * 32
    assert status_text(Data(DataType.BIT_STRING, BitString(b"\xa0", 3))) == "101"
    assert status_text(octet_string(b"\xa5" * 1_000_000)) == "A5" * 256
    assert set_bits(bits) is None
    assert says_something(bits)
    assert not says_something(Data(DataType.BIT_STRING, BitString(bytes(1_000_000), 8_000_000)))
