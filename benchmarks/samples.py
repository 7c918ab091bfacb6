"""The octets that are decoded: made by our encoder, accepted by all libraries compared."""

from datetime import UTC, datetime, timedelta

from custom_components.cosem.dlms.encoding.cosem_time import CosemDateTime, encode_date_time
from custom_components.cosem.dlms.encoding.data import (
    NULL,
    Data,
    array,
    boolean,
    double_long,
    double_long_unsigned,
    encode_data_octets,
    enum,
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

START = datetime(2025, 1, 1, tzinfo=UTC)


def stamp(index: int) -> Data:
    """The timestamp of a quarter of an hour."""
    return octet_string(encode_date_time(CosemDateTime.from_datetime(START + timedelta(minutes=15 * index))))


def load_profile(rows: int) -> bytes:
    """Rows of 8 columns: date-time octets, status, six double-long-unsigned; 1,000 rows are 48 kB."""
    return encode_data_octets(
        array(
            *[
                structure(
                    stamp(index),
                    unsigned(index % 4),
                    *[double_long_unsigned(3_000_000 + 100_000 * column + 7 * index) for column in range(6)],
                )
                for index in range(rows)
            ]
        )
    )


def value_list(registers: int) -> bytes:
    """A SEQUENCE OF Get-Data-Result: value and scaler_unit of registers, 15 octets each."""
    unit = b"\x00" + encode_data_octets(structure(integer(-1), enum(27)))
    values = [encode_data_octets(double_long_unsigned(3_000_000 + index)) for index in range(registers)]
    return bytes((0x81, 2 * registers)) + b"".join([b"\x00" + value + unit for value in values])


def mixed(rows: int) -> bytes:
    """Structures of six shapes in turn, nested, strings of changing length: nothing that repeats."""
    return encode_data_octets(array(*[_mixed_row(index) for index in range(rows)]))


def _mixed_row(index: int) -> Data:
    match index % 6:
        case 0:
            return structure(stamp(index), unsigned(index % 256), double_long_unsigned(index), long_unsigned(7), NULL)
        case 1:
            return structure(stamp(index), enum(3), visible_string(f"METER{index}"), double_long(-index), integer(-5))
        case 2:
            inner = structure(long_unsigned(3), octet_string(bytes(6)), integer(2))
            return structure(NULL, unsigned(1), inner, long64_unsigned(index))
        case 3:
            items = [double_long_unsigned(index + item) for item in range(index % 5)]
            return structure(stamp(index), array(*items), boolean(index % 2 == 0), enum(7))
        case 4:
            text = visible_string("x" * (index % 20))
            return structure(octet_string(bytes(index % 30)), long(-index % 999), long64(-index), text)
        case _:
            rights = array(structure(integer(1), enum(1), NULL), structure(integer(2), enum(3), array(integer(1))))
            return structure(rights, double_long_unsigned(index))


def object_list(objects: int) -> bytes:
    """An association's object list; each object has six access rights and two methods."""
    attributes = array(*[structure(integer(number), enum(1), NULL) for number in range(1, 7)])
    methods = array(*[structure(integer(number), enum(0)) for number in (1, 2)])
    return encode_data_octets(
        array(
            *[
                structure(
                    long_unsigned(3),
                    unsigned(0),
                    octet_string(bytes([1, 0, index % 100, 8, index // 100, 255])),
                    structure(attributes, methods),
                )
                for index in range(objects)
            ]
        )
    )
