"""The part of BER that ACSE needs (ISO/IEC 8825-1): one-octet tags, definite lengths, small numbers.

Used for AARQ, AARE, RLRQ and RLRE.
"""

from typing import Final

from ..errors import DecodeError
from .octets import Reader, Writer

INTEGER: Final = 0x02
OCTET_STRING: Final = 0x04
OBJECT_IDENTIFIER: Final = 0x06

_LONG_TAG: Final = 0x1F
_MAX_NUMBER_OCTETS: Final = 4


def read_contents(reader: Reader) -> Reader:
    """Reader of the contents behind a length; its offsets count from the start of the input."""
    start = reader.offset
    length = reader.length()
    if length > reader.remaining:
        raise DecodeError(f"a length of {length} exceeds the {reader.remaining} octets left", start)
    first = reader.offset
    reader.offset += length
    return Reader(reader.octets, offset=first, end=first + length, limits=reader.limits)


def read_element(reader: Reader) -> tuple[int, Reader]:
    """Tag and contents of the next element."""
    start = reader.offset
    tag = reader.unsigned8()
    if tag & _LONG_TAG == _LONG_TAG:
        raise DecodeError("tags of several octets do not occur in ACSE", start)
    return tag, read_contents(reader)


def read_only(reader: Reader, expected: int) -> Reader:
    """Contents of the only element, whose tag must be ``expected``."""
    start = reader.offset
    tag, contents = read_element(reader)
    if tag != expected:
        raise DecodeError(f"tag {tag:02X} where {expected:02X} is expected", start)
    reader.finish()
    return contents


def read_number(reader: Reader) -> int:
    """The contents as a number of 1 to 4 octets, never negative."""
    if not 1 <= reader.remaining <= _MAX_NUMBER_OCTETS:
        raise DecodeError(f"a number of {reader.remaining} octets", reader.offset)
    # BER integers are signed, but no field of ACSE is: both FF and 00FF mean 255.
    return int.from_bytes(reader.rest(), "big")


def put_element(writer: Writer, tag: int, contents: bytes | None) -> None:
    """Append an element; nothing for None."""
    if contents is not None:
        writer.unsigned8(tag)
        writer.octet_string(contents)


def put_explicit(writer: Writer, tag: int, inner_tag: int, contents: bytes | None) -> None:
    """Append an element inside another."""
    if contents is not None:
        inner = Writer()
        put_element(inner, inner_tag, contents)
        put_element(writer, tag, inner.getvalue())


def put_integer(writer: Writer, tag: int, value: int | None) -> None:
    """Append an explicit INTEGER."""
    if value is not None:
        put_explicit(writer, tag, INTEGER, number_octets(value))


def number_octets(value: int) -> bytes:
    """As few octets as hold the number."""
    # 02 01 n up to 255: every implementation writes it without a sign octet.
    return value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big")
