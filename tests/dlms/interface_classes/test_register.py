"""Register: scaler_unit and exact values."""

from decimal import Decimal, localcontext
import math
import struct

import pytest

from custom_components.cosem.dlms.encoding.data import (
    NULL,
    Data,
    DataType,
    array,
    bcd,
    bit_string,
    boolean,
    decode_data_octets,
    double_long,
    double_long_unsigned,
    enum,
    float32,
    float64,
    integer,
    long,
    long64,
    long64_unsigned,
    long_unsigned,
    octet_string,
    structure,
    unsigned,
    visible_string,
)
from custom_components.cosem.dlms.errors import DecodeError
from custom_components.cosem.dlms.interface_classes.register import (
    MAX_SCALER,
    UNSCALED,
    RegisterAttribute,
    RegisterMethod,
    ScalerUnit,
    decimal_text,
    decode_scaler_unit,
    integer_of,
    number_of,
    scale,
)


@pytest.mark.parametrize("make", [integer, long, double_long, long64])
def test_a_negative_scaler_of_any_signed_type_is_accepted(make):
    assert decode_scaler_unit(structure(make(-3), enum(30))) == ScalerUnit(-3, 30)


@pytest.mark.parametrize("make", [unsigned, long_unsigned, double_long_unsigned, long64_unsigned, enum])
def test_a_positive_scaler_of_any_unsigned_type_is_accepted(make):
    assert decode_scaler_unit(structure(make(2), enum(27))) == ScalerUnit(2, 27)


@pytest.mark.parametrize("make", [unsigned, long_unsigned, double_long_unsigned, integer, long])
def test_a_unit_of_any_integer_type_is_accepted(make):
    assert decode_scaler_unit(structure(integer(0), make(35))) == ScalerUnit(0, 35)


@pytest.mark.parametrize("make", [unsigned, enum])
def test_a_scaler_in_an_unsigned_octet_is_twos_complement(make):
    assert decode_scaler_unit(structure(make(253), enum(30))) == ScalerUnit(-3, 30)
    assert decode_scaler_unit(structure(make(128), enum(30))) == ScalerUnit(-128, 30)
    assert decode_scaler_unit(structure(make(127), enum(30))) == ScalerUnit(127, 30)


def test_no_unit_in_a_signed_octet_is_255():
    assert decode_scaler_unit(structure(integer(0), integer(-1))) == ScalerUnit(0, 255)


def test_octets_as_meters_send_them():
    assert decode_scaler_unit(decode_data_octets(bytes.fromhex("02020FFF1623"))) == ScalerUnit(-1, 35)


def test_the_symbol_of_the_unit_is_at_hand():
    assert ScalerUnit(-1, 35).symbol == "V"
    assert UNSCALED.symbol is None


@pytest.mark.parametrize(
    "data",
    [
        NULL,
        unsigned(1),
        structure(),
        structure(integer(0)),
        structure(integer(0), enum(30), enum(30)),
        array(integer(0), enum(30)),
        structure(visible_string("0"), enum(30)),
        structure(integer(0), octet_string(b"\x1e")),
        structure(integer(0), NULL),
        structure(float32(1.0), enum(30)),
        structure(boolean(True), enum(30)),
        Data(DataType.STRUCTURE, None),
        Data(DataType.STRUCTURE, (1, 2)),
        Data(DataType.STRUCTURE, (integer(1), 2)),
        Data(DataType.STRUCTURE, (1, integer(2))),
    ],
)
def test_anything_else_is_no_scaler_unit(data):
    with pytest.raises(DecodeError):
        decode_scaler_unit(data)


@pytest.mark.parametrize(
    ("value", "scaler", "expected"),
    [
        (double_long_unsigned(123456), 0, "123456"),
        (double_long_unsigned(123456), -3, "123.456"),
        (double_long_unsigned(120), -1, "12.0"),
        (double_long_unsigned(12), 3, "12000"),
        (long(-2301), -1, "-230.1"),
        (long64_unsigned(2**64 - 1), -30, "0.000000000018446744073709551615"),
        (long64_unsigned(2**64 - 1), 30, "18446744073709551615" + "0" * 30),
        (unsigned(0), 3, "0"),
        (unsigned(0), -3, "0.000"),
        (float32(230.1), 0, "230.1"),
        (float32(230.1), 3, "230100"),
        (float64(0.1), -1, "0.01"),
        (float64(1e300), 3, "1" + "0" * 303),
        (enum(7), 0, "7"),
    ],
)
def test_scaling_is_exact(value, scaler, expected):
    assert decimal_text(scale(value, ScalerUnit(scaler, 30))) == expected


def test_scaling_does_not_depend_on_the_callers_decimal_context():
    with localcontext() as context:
        context.prec = 3
        assert scale(long64_unsigned(2**64 - 1), ScalerUnit(-5, 30)) == Decimal("184467440737095.51615")
        assert scale(long64_unsigned(2**64 - 1), ScalerUnit(5, 30)) == 1844674407370955161500000


def test_tenths_never_become_binary_floats():
    total = sum(scale(unsigned(1), ScalerUnit(-1, 30)) for _ in range(10))
    assert total == 1


def test_a_value_without_scaler_unit_stands_for_itself():
    assert scale(long_unsigned(17), None) == 17


@pytest.mark.parametrize("scaler", [MAX_SCALER + 1, -MAX_SCALER - 1, 127, -128])
def test_a_scaler_nobody_can_mean_gives_no_value(scaler):
    assert not ScalerUnit(scaler, 30).is_plausible
    assert scale(unsigned(1), ScalerUnit(scaler, 30)) is None


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("make", [float32, float64])
def test_nan_and_infinity_are_no_values(make, number):
    assert number_of(make(number)) is None
    assert scale(make(number), ScalerUnit(-1, 35)) is None


@pytest.mark.parametrize(
    "data",
    [
        NULL,
        boolean(True),
        bit_string("1"),
        octet_string(b"12"),
        visible_string("12"),
        structure(unsigned(1)),
        array(),
        Data(DataType.DATE_TIME, bytes(12)),
        Data(DataType.DELTA_LONG, 5),
    ],
)
def test_what_is_no_number_has_no_scaled_value(data):
    assert integer_of(data) is None
    assert scale(data, ScalerUnit(0, 30)) is None


def test_bcd_is_two_digits():
    assert number_of(bcd(0x42)) == 42
    assert number_of(bcd(0x4A)) is None
    assert number_of(bcd(0xA4)) is None


@pytest.mark.parametrize(
    "text", ["0.1", "230.1", "50.01", "1e-07", "3.4028235e+38", "1.1754944e-38", "-0.3", "16777216", "8.5904e+09"]
)
def test_a_float32_reads_as_the_shortest_decimal_with_its_octets(text):
    octets = struct.pack(">f", float(text))
    stored = struct.unpack(">f", octets)[0]
    assert number_of(float32(stored)) == Decimal(text)


def test_a_float32_that_needs_nine_digits_gets_them():
    stored = struct.unpack(">f", bytes.fromhex("3C344C41"))[0]
    assert number_of(float32(stored)) == Decimal("0.0110045085")


def test_decimal_text_has_no_exponent():
    assert decimal_text(Decimal("1E-10")) == "0.0000000001"
    assert decimal_text(Decimal("1E+3")) == "1000"


def test_numbers_of_a_register():
    assert (RegisterAttribute.VALUE, RegisterAttribute.SCALER_UNIT, RegisterMethod.RESET) == (2, 3, 1)


@pytest.mark.parametrize(
    ("scaler", "unit", "expected"),
    [
        (long_unsigned(200), enum(30), (200, 30)),
        (integer(0), integer(-128), (0, 128)),
        (integer(0), integer(0), (0, 0)),
        (integer(0), long(-129), (0, -129)),
    ],
)
def test_only_what_does_not_fit_its_octet_is_read_another_way(scaler, unit, expected):
    assert decode_scaler_unit(structure(scaler, unit)) == expected


def test_powers_of_ten_beyond_thirty_are_not_believed():
    assert [ScalerUnit(scaler, 30).is_plausible for scaler in (-31, -30, 30, 31)] == [False, True, True, False]
    assert ScalerUnit(0, 255) == UNSCALED


def test_a_scaled_number_is_written_without_an_exponent():
    assert [str(scale(unsigned(12), ScalerUnit(scaler, 30))) for scaler in (1, 3)] == ["120", "12000"]


@pytest.mark.parametrize(
    "data",
    [Data(DataType.UNSIGNED, "1"), Data(DataType.BCD, b"\x11"), Data(DataType.FLOAT32, "1"), bcd(0x9A), bcd(0xA9)],
)
def test_a_number_of_another_type_is_none(data):
    assert number_of(data) is None


def test_two_decimal_digits_are_0_to_99():
    assert [number_of(bcd(octet)) for octet in (0x00, 0x09, 0x90, 0x99)] == [0, 9, 90, 99]
