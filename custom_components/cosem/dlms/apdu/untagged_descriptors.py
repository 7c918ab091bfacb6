"""The body of a DataNotification in which attribute descriptors have no tag (leniency "untagged descriptors").

Some meters send rows of descriptor and value, ``02 02``, and leave the tag of the descriptor out: class_id,
logical_name and attribute_index follow as nine bare octets. Here they become an octet-string of nine.
"""

from typing import Final

from ..encoding.data import Data, DataType, decode_data
from ..encoding.data_types import array, octet_string, structure
from ..encoding.octets import Reader
from ..errors import DecodeError

DESCRIPTOR_OCTETS: Final = 9
"""class_id (2), logical_name (6), attribute_index (1)."""

_ROW: Final = b"\x02\x02\x00"  # a structure of two, and the upper half of a class_id: standard ones are below 256
_LAST_GROUP: Final = 7  # of the logical name, in a descriptor: FF
_CONTAINERS: Final = frozenset({DataType.ARRAY, DataType.STRUCTURE})


def decode_body(reader: Reader) -> Data:
    """Decode the Data that reaches to the end. Raises DecodeError, LimitExceeded."""
    second = Reader(reader.octets, offset=reader.offset, end=reader.end, limits=reader.limits)
    # Only what makes no sense by the standard is read again, and only where there is such a row.
    may_be_untagged = _ROW in reader.octets
    try:
        body = decode_data(reader)
        if not reader.remaining or not may_be_untagged:
            return body
        failure = None
    except DecodeError as error:
        if not may_be_untagged:
            raise
        failure = error
    try:
        untagged = _decode_untagged(second)
        second.finish()
    except DecodeError:
        if failure is not None:
            raise failure from None
        return body  # whole, and the octets behind it are refused by who asked for it
    reader.offset = second.offset
    return untagged


def _decode_untagged(reader: Reader) -> Data:
    """Decode one Data; the first element of a structure of two may be a descriptor without a tag."""
    tag = reader.peek()
    if tag not in _CONTAINERS:
        return decode_data(reader)
    reader.descend()
    reader.unsigned8()
    count = reader.count()
    reader.spend(count)
    items: list[Data] = []
    if tag == DataType.STRUCTURE and count == 2 and reader.peek() == 0:
        items.append(_descriptor(reader))
    while len(items) < count:
        items.append(_decode_untagged(reader))
    reader.ascend()
    return structure(*items) if tag == DataType.STRUCTURE else array(*items)


def _descriptor(reader: Reader) -> Data:
    """Nine octets of a standard class and of a current value. No row has null-data there: what is cut off fails."""
    start = reader.offset
    octets = reader.take(DESCRIPTOR_OCTETS)
    if octets[_LAST_GROUP] != 0xFF:
        raise DecodeError("no attribute descriptor at the start of a row", start)
    return octet_string(octets)
