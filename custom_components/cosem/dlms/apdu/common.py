"""Elements that several xDLMS APDUs share (IEC 62056-5-3, COSEM ASN.1).

Decoders leave the Reader behind what they read, and raise DecodeError, LimitExceeded, UnexpectedApdu.
"""

from collections.abc import Callable
from typing import Final, NamedTuple, Self, override

from ..encoding.data import Data, decode_data, encode_data
from ..encoding.logical_name import LogicalName
from ..encoding.octets import Reader, Writer
from ..errors import DataAccessResultCode, DecodeError, UnexpectedApdu

_CONFIRMED: Final = 0x40
_HIGH_PRIORITY: Final = 0x80
_RESERVED: Final = 0x30

_LONG_INVOKE_ID: Final = 0x00FF_FFFF
_LONG_RESERVED: Final = 0x0F00_0000
_LONG_SELF_DESCRIPTIVE: Final = 0x1000_0000
_LONG_BREAK_ON_ERROR: Final = 0x2000_0000
_LONG_CONFIRMED: Final = 0x4000_0000
_LONG_HIGH_PRIORITY: Final = 0x8000_0000

DATE_TIME_OCTETS: Final = 12


class InvokeIdAndPriority(NamedTuple):
    """Bits 0-3 invoke-id, 4-5 reserved (kept), 6 confirmed, 7 high priority."""

    invoke_id: int
    confirmed: bool = True
    high_priority: bool = True
    reserved: int = 0

    @property
    def raw(self) -> int:
        """As one octet."""
        return (
            self.invoke_id
            | (_CONFIRMED if self.confirmed else 0)
            | (_HIGH_PRIORITY if self.high_priority else 0)
            | self.reserved << 4
        )

    @classmethod
    def from_raw(cls, raw: int) -> Self:
        """From one octet."""
        return cls(raw & 0x0F, bool(raw & _CONFIRMED), bool(raw & _HIGH_PRIORITY), (raw & _RESERVED) >> 4)


class LongInvokeIdAndPriority(NamedTuple):
    """Bits 0-23 invoke-id, 24-27 reserved (kept), 28-31 as named."""

    invoke_id: int
    self_descriptive: bool = False
    break_on_error: bool = False
    confirmed: bool = False
    high_priority: bool = False
    reserved: int = 0

    @property
    def raw(self) -> int:
        """As 32 bits."""
        return (
            self.invoke_id
            | (_LONG_SELF_DESCRIPTIVE if self.self_descriptive else 0)
            | (_LONG_BREAK_ON_ERROR if self.break_on_error else 0)
            | (_LONG_CONFIRMED if self.confirmed else 0)
            | (_LONG_HIGH_PRIORITY if self.high_priority else 0)
            | self.reserved << 24
        )

    @classmethod
    def from_raw(cls, raw: int) -> Self:
        """From 32 bits."""
        return cls(
            raw & _LONG_INVOKE_ID,
            bool(raw & _LONG_SELF_DESCRIPTIVE),
            bool(raw & _LONG_BREAK_ON_ERROR),
            bool(raw & _LONG_CONFIRMED),
            bool(raw & _LONG_HIGH_PRIORITY),
            (raw & _LONG_RESERVED) >> 24,
        )


class AttributeDescriptor(NamedTuple):
    """Cosem-Attribute-Descriptor; attribute_index 0: all public ones, negative: the manufacturer's."""

    class_id: int
    logical_name: LogicalName
    attribute_index: int

    @override
    def __str__(self) -> str:
        # As the command line takes it.
        return f"{self.class_id}:{self.logical_name}:{self.attribute_index}"


class MethodDescriptor(NamedTuple):
    """Cosem-Method-Descriptor."""

    class_id: int
    logical_name: LogicalName
    method_index: int

    @override
    def __str__(self) -> str:
        return f"{self.class_id}:{self.logical_name}:{self.method_index}"


class Selection(NamedTuple):
    """Selective-Access-Descriptor: part of an attribute."""

    selector: int
    parameters: Data


class DataAccessResult(NamedTuple):
    """DataAccessResultCode or ActionResultCode; unknown codes are kept."""

    code: int

    @property
    def name(self) -> str:
        """The standard's name, or "unknown"."""
        return DataAccessResultCode.name_of(self.code) or "unknown"


type GetDataResult = Data | DataAccessResult

type AttributeReference = tuple[AttributeDescriptor, Selection | None]


class DataBlock(NamedTuple):
    """DataBlock-SA: a piece of an encoded value."""

    last_block: bool
    block_number: int
    raw_data: bytes


def expect_tag(reader: Reader, tag: int) -> None:
    """Read the tag and refuse any other."""
    start = reader.offset
    found = reader.unsigned8()
    if found != tag:
        raise UnexpectedApdu(found, f"where {tag:02X} is expected", start)


def unknown_choice(reader: Reader, choice: int, of: str) -> DecodeError:
    """The error for an unknown CHOICE octet, just read."""
    return DecodeError(f"{of} has no choice {choice:02X}", reader.offset - 1)


def decode_list[T](reader: Reader, decode_element: Callable[[Reader], T]) -> tuple[T, ...]:
    """Decode a SEQUENCE OF."""
    count = reader.count()
    reader.spend(count)  # rule M3
    return tuple([decode_element(reader) for _ in range(count)])


def encode_list[T](elements: tuple[T, ...], writer: Writer, encode_element: Callable[[T, Writer], None]) -> None:
    """Encode a SEQUENCE OF."""
    writer.length(len(elements))
    for element in elements:
        encode_element(element, writer)


def decode_invoke_id_and_priority(reader: Reader) -> InvokeIdAndPriority:
    """Decode the octet."""
    return InvokeIdAndPriority.from_raw(reader.unsigned8())


def encode_invoke_id_and_priority(invoke: InvokeIdAndPriority, writer: Writer) -> None:
    """Encode the octet."""
    writer.unsigned8(invoke.raw)


def write_head(writer: Writer, tag: int, kind: int, invoke: InvokeIdAndPriority) -> None:
    """Encode tag, CHOICE and invoke-id of GET, SET or ACTION."""
    writer.unsigned8(tag)
    writer.unsigned8(kind)
    encode_invoke_id_and_priority(invoke, writer)


def decode_long_invoke_id_and_priority(reader: Reader) -> LongInvokeIdAndPriority:
    """Decode the 32 bits."""
    return LongInvokeIdAndPriority.from_raw(reader.unsigned32())


def encode_long_invoke_id_and_priority(invoke: LongInvokeIdAndPriority, writer: Writer) -> None:
    """Encode the 32 bits."""
    writer.unsigned32(invoke.raw)


def decode_attribute_descriptor(reader: Reader) -> AttributeDescriptor:
    """Decode an attribute descriptor."""
    return AttributeDescriptor(reader.unsigned16(), LogicalName(reader.take(6)), reader.integer8())


def encode_attribute_descriptor(attribute: AttributeDescriptor, writer: Writer) -> None:
    """Encode an attribute descriptor."""
    writer.unsigned16(attribute.class_id)
    writer.octets(attribute.logical_name.octets)
    writer.integer8(attribute.attribute_index)


def decode_method_descriptor(reader: Reader) -> MethodDescriptor:
    """Decode a method descriptor."""
    return MethodDescriptor(reader.unsigned16(), LogicalName(reader.take(6)), reader.integer8())


def encode_method_descriptor(method: MethodDescriptor, writer: Writer) -> None:
    """Encode a method descriptor."""
    writer.unsigned16(method.class_id)
    writer.octets(method.logical_name.octets)
    writer.integer8(method.method_index)


def decode_selection(reader: Reader) -> Selection | None:
    """Decode an OPTIONAL selection."""
    return Selection(reader.unsigned8(), decode_data(reader)) if reader.flag() else None


def encode_selection(selection: Selection | None, writer: Writer) -> None:
    """Encode an OPTIONAL selection."""
    writer.flag(selection is not None)
    if selection is not None:
        writer.unsigned8(selection.selector)
        encode_data(selection.parameters, writer)


def decode_attribute_reference(reader: Reader) -> AttributeReference:
    """Decode Cosem-Attribute-Descriptor-With-Selection."""
    return decode_attribute_descriptor(reader), decode_selection(reader)


def encode_attribute_reference(reference: AttributeReference, writer: Writer) -> None:
    """Encode Cosem-Attribute-Descriptor-With-Selection."""
    encode_attribute_descriptor(reference[0], writer)
    encode_selection(reference[1], writer)


def decode_data_access_result(reader: Reader) -> DataAccessResult:
    """Decode a result code."""
    return DataAccessResult(reader.unsigned8())


def encode_data_access_result(result: DataAccessResult, writer: Writer) -> None:
    """Encode a result code."""
    writer.unsigned8(result.code)


def decode_get_data_result(reader: Reader) -> GetDataResult:
    """Decode Get-Data-Result: 0 data, 1 data-access-result."""
    choice = reader.unsigned8()
    if choice == 0:
        return decode_data(reader)
    if choice == 1:
        return DataAccessResult(reader.unsigned8())
    raise unknown_choice(reader, choice, "Get-Data-Result")


def encode_get_data_result(result: GetDataResult, writer: Writer) -> None:
    """Encode Get-Data-Result."""
    if isinstance(result, DataAccessResult):
        writer.unsigned8(1)
        writer.unsigned8(result.code)
    else:
        writer.unsigned8(0)
        encode_data(result, writer)


def decode_data_block(reader: Reader) -> DataBlock:
    """Decode a block."""
    # last-block is true for any octet other than 00: some meters write FF.
    return DataBlock(reader.flag(), reader.unsigned32(), reader.octet_string())


def encode_data_block(block: DataBlock, writer: Writer) -> None:
    """Encode a block."""
    writer.flag(block.last_block)
    writer.unsigned32(block.block_number)
    writer.octet_string(block.raw_data)


def decode_optional_date_time(reader: Reader, *, tagged_accepted: bool = False) -> bytes | None:
    """Decode the date-time of ACCESS and DataNotification: 12 octets, None if absent.

    ``tagged_accepted``: also with a tag of Data, as some meters send it in a DataNotification.
    """
    start = reader.offset
    length = reader.unsigned8()
    if length == 0:
        return None
    if tagged_accepted and length == 0x19:  # tag of a date-time
        return reader.take(DATE_TIME_OCTETS)
    # Tag of an octet-string; 9 is no possible length.
    if tagged_accepted and length == 0x09 and reader.peek() == DATE_TIME_OCTETS:
        length = reader.unsigned8()
    if length != DATE_TIME_OCTETS:
        raise DecodeError(f"a date-time has {DATE_TIME_OCTETS} octets, not {length}", start)
    return reader.take(DATE_TIME_OCTETS)


def encode_optional_date_time(date_time: bytes | None, writer: Writer) -> None:
    """Encode the date-time, empty for None."""
    writer.octet_string(date_time or b"")
