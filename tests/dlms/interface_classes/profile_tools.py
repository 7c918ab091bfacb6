"""Buffers for the tests of profiles, decoded both ways."""

from datetime import UTC, datetime, timedelta

from custom_components.cosem.dlms.encoding.cosem_time import CosemDateTime, TimePolicy, encode_date_time
from custom_components.cosem.dlms.encoding.data import (
    Data,
    array,
    double_long_unsigned,
    encode_data_octets,
    octet_string,
    structure,
    unsigned,
)
from custom_components.cosem.dlms.interface_classes.profile_generic import (
    decode_rows,
    decode_rows_generic,
)


def stamp(moment: datetime, policy=TimePolicy.STANDARD, status: int | None = None) -> Data:
    value = encode_date_time(CosemDateTime.from_datetime(moment, policy))
    return octet_string(value if status is None else value[:11] + bytes([status]))


def quarter_hours(count: int) -> list[Data]:
    start = datetime(2025, 1, 1, tzinfo=UTC)
    return [
        structure(
            stamp(start + timedelta(minutes=15 * index)),
            unsigned(index % 3),
            *[double_long_unsigned(1000 * column + index) for column in range(6)],
        )
        for index in range(count)
    ]


def buffer(rows: list[Data]) -> bytes:
    return encode_data_octets(array(*rows))


def same(octets: bytes) -> list[tuple]:
    """Both ways, compared by representation so that 1, 1.0 and True differ."""
    fast, slow = decode_rows(octets), decode_rows_generic(octets)
    assert repr(fast) == repr(slow)
    return fast
