"""Elements that several xDLMS APDUs share: invoke-ids, descriptors, selections, results, blocks.

Knows nothing of APDU tags' meaning, of states or of keys. IEC 62056-5-3, COSEM ASN.1 (xDLMS-APDU).
Decoders read from a Reader and leave it behind what they read; they raise DecodeError, LimitExceeded, UnexpectedApdu.
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
    """Invoke-Id-And-Priority: bits 0-3 invoke-id, 4-5 reserved (kept), 6 confirmed, 7 high priority."""

    invoke_id: int
    confirmed: bool = True
    high_priority: bool = True
    reserved: int = 0

    @property
    def raw(self) -> int:
        """The octet as it travels."""
        return (
            self.invoke_id
            | (_CONFIRMED if self.confirmed else 0)
            | (_HIGH_PRIORITY if self.high_priority else 0)
            | self.reserved << 4
        )

    @classmethod
    def from_raw(cls, raw: int) -> Self:
        """Take the octet apart."""
        return cls(raw & 0x0F, bool(raw & _CONFIRMED), bool(raw & _HIGH_PRIORITY), (raw & _RESERVED) >> 4)


class LongInvokeIdAndPriority(NamedTuple):
    """Long-Invoke-Id-And-Priority: bits 0-23 invoke-id, 24-27 reserved (kept), 28-31 as named."""

    invoke_id: int
    self_descriptive: bool = False
    break_on_error: bool = False
    confirmed: bool = False
    high_priority: bool = False
    reserved: int = 0

    @property
    def raw(self) -> int:
        """The 32 bits as they travel."""
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
        """Take the 32 bits apart."""
        return cls(
            raw & _LONG_INVOKE_ID,
            bool(raw & _LONG_SELF_DESCRIPTIVE),
            bool(raw & _LONG_BREAK_ON_ERROR),
            bool(raw & _LONG_CONFIRMED),
            bool(raw & _LONG_HIGH_PRIORITY),
            (raw & _LONG_RESERVED) >> 24,
        )


class AttributeDescriptor(NamedTuple):
    """Cosem-Attribute-Descriptor. attribute_index 0: all public attributes; negative: the manufacturer's own."""

    class_id: int
    logical_name: LogicalName
    attribute_index: int

    @override
    def __str__(self) -> str:
        """Return ``class_id:logical_name:attribute_index`` as the command line takes it."""
        return f"{self.class_id}:{self.logical_name}:{self.attribute_index}"


class MethodDescriptor(NamedTuple):
    """Cosem-Method-Descriptor."""

    class_id: int
    logical_name: LogicalName
    method_index: int


class Selection(NamedTuple):
    """Selective-Access-Descriptor: which part of an attribute is meant."""

    selector: int
    parameters: Data


class DataAccessResult(NamedTuple):
    """Data-Access-Result or Action-Result: a DataAccessResultCode or ActionResultCode. Unknown codes are kept."""

    code: int

    @property
    def name(self) -> str:
        """The standard's name, "unknown" where it has none."""
        return DataAccessResultCode.name_of(self.code) or "unknown"


type GetDataResult = Data | DataAccessResult

type AttributeReference = tuple[AttributeDescriptor, Selection | None]


class DataBlock(NamedTuple):
    """DataBlock-SA: a piece of a long request or action response. raw_data is a part of an encoded value."""

    last_block: bool
    block_number: int
    raw_data: bytes


def expect_tag(reader: Reader, tag: int) -> None:
    """Read the tag of the APDU and refuse any other than ``tag``."""
    start = reader.offset
    found = reader.unsigned8()
    if found != tag:
        raise UnexpectedApdu(found, f"where {tag:02X} is expected", start)


def unknown_choice(reader: Reader, choice: int, of: str) -> DecodeError:
    """Return the error for a CHOICE octet, just read, that the standard does not have."""
    return DecodeError(f"{of} has no choice {choice:02X}", reader.offset - 1)


def decode_list[T](reader: Reader, decode_element: Callable[[Reader], T]) -> tuple[T, ...]:
    """Return a counted list (SEQUENCE OF); every element is charged to the element budget (rule M3)."""
    count = reader.count()
    reader.spend(count)
    return tuple([decode_element(reader) for _ in range(count)])


def encode_list[T](elements: tuple[T, ...], writer: Writer, encode_element: Callable[[T, Writer], None]) -> None:
    """Append a counted list."""
    writer.length(len(elements))
    for element in elements:
        encode_element(element, writer)


def decode_invoke_id_and_priority(reader: Reader) -> InvokeIdAndPriority:
    """Return the invoke-id octet."""
    return InvokeIdAndPriority.from_raw(reader.unsigned8())


def encode_invoke_id_and_priority(invoke: InvokeIdAndPriority, writer: Writer) -> None:
    """Append the invoke-id octet."""
    writer.unsigned8(invoke.raw)


def write_head(writer: Writer, tag: int, kind: int, invoke: InvokeIdAndPriority) -> None:
    """Append what GET, SET and ACTION begin with: tag, choice, invoke-id-and-priority."""
    writer.unsigned8(tag)
    writer.unsigned8(kind)
    encode_invoke_id_and_priority(invoke, writer)


def decode_long_invoke_id_and_priority(reader: Reader) -> LongInvokeIdAndPriority:
    """Return the 32-bit invoke-id of ACCESS and DataNotification."""
    return LongInvokeIdAndPriority.from_raw(reader.unsigned32())


def encode_long_invoke_id_and_priority(invoke: LongInvokeIdAndPriority, writer: Writer) -> None:
    """Append the 32-bit invoke-id."""
    writer.unsigned32(invoke.raw)


def decode_attribute_descriptor(reader: Reader) -> AttributeDescriptor:
    """Return class-id, instance-id (6 octets) and attribute-id (signed)."""
    return AttributeDescriptor(reader.unsigned16(), LogicalName(reader.take(6)), reader.integer8())


def encode_attribute_descriptor(attribute: AttributeDescriptor, writer: Writer) -> None:
    """Append class-id, instance-id and attribute-id."""
    writer.unsigned16(attribute.class_id)
    writer.octets(attribute.logical_name.octets)
    writer.integer8(attribute.attribute_index)


def decode_method_descriptor(reader: Reader) -> MethodDescriptor:
    """Return class-id, instance-id (6 octets) and method-id (signed)."""
    return MethodDescriptor(reader.unsigned16(), LogicalName(reader.take(6)), reader.integer8())


def encode_method_descriptor(method: MethodDescriptor, writer: Writer) -> None:
    """Append class-id, instance-id and method-id."""
    writer.unsigned16(method.class_id)
    writer.octets(method.logical_name.octets)
    writer.integer8(method.method_index)


def decode_selection(reader: Reader) -> Selection | None:
    """Return an OPTIONAL Selective-Access-Descriptor."""
    return Selection(reader.unsigned8(), decode_data(reader)) if reader.flag() else None


def encode_selection(selection: Selection | None, writer: Writer) -> None:
    """Append an OPTIONAL Selective-Access-Descriptor."""
    writer.flag(selection is not None)
    if selection is not None:
        writer.unsigned8(selection.selector)
        encode_data(selection.parameters, writer)


def decode_attribute_reference(reader: Reader) -> AttributeReference:
    """Return Cosem-Attribute-Descriptor-With-Selection."""
    return decode_attribute_descriptor(reader), decode_selection(reader)


def encode_attribute_reference(reference: AttributeReference, writer: Writer) -> None:
    """Append Cosem-Attribute-Descriptor-With-Selection."""
    encode_attribute_descriptor(reference[0], writer)
    encode_selection(reference[1], writer)


def decode_data_access_result(reader: Reader) -> DataAccessResult:
    """Return a result code."""
    return DataAccessResult(reader.unsigned8())


def encode_data_access_result(result: DataAccessResult, writer: Writer) -> None:
    """Append a result code."""
    writer.unsigned8(result.code)


def decode_get_data_result(reader: Reader) -> GetDataResult:
    """Return Get-Data-Result: choice 0 data, 1 data-access-result."""
    choice = reader.unsigned8()
    if choice == 0:
        return decode_data(reader)
    if choice == 1:
        return DataAccessResult(reader.unsigned8())
    raise unknown_choice(reader, choice, "Get-Data-Result")


def encode_get_data_result(result: GetDataResult, writer: Writer) -> None:
    """Append Get-Data-Result."""
    if isinstance(result, DataAccessResult):
        writer.unsigned8(1)
        writer.unsigned8(result.code)
    else:
        writer.unsigned8(0)
        encode_data(result, writer)


def decode_data_block(reader: Reader) -> DataBlock:
    """Return DataBlock-SA. Any last-block other than 00 is true: some meters write FF."""
    return DataBlock(reader.flag(), reader.unsigned32(), reader.octet_string())


def encode_data_block(block: DataBlock, writer: Writer) -> None:
    """Append DataBlock-SA."""
    writer.flag(block.last_block)
    writer.unsigned32(block.block_number)
    writer.octet_string(block.raw_data)


def decode_optional_date_time(reader: Reader, *, tagged_accepted: bool = False) -> bytes | None:
    """Return the date-time octet-string of ACCESS and DataNotification: 00 absent (None), else 0C and 12 octets.

    With ``tagged_accepted`` two spellings of DataNotification in the field are read too: ``09 0C`` + 12 (a Data
    octet-string; 9 is no possible length) and ``19`` + 12 (a Data date-time).
    """
    start = reader.offset
    length = reader.unsigned8()
    if length == 0:
        return None
    if tagged_accepted and length == 0x19:
        return reader.take(DATE_TIME_OCTETS)
    if tagged_accepted and length == 0x09 and reader.peek() == DATE_TIME_OCTETS:
        length = reader.unsigned8()
    if length != DATE_TIME_OCTETS:
        raise DecodeError(f"a date-time has {DATE_TIME_OCTETS} octets, not {length}", start)
    return reader.take(DATE_TIME_OCTETS)


def encode_optional_date_time(date_time: bytes | None, writer: Writer) -> None:
    """Append the date-time octet-string, empty for None."""
    writer.octet_string(date_time or b"")
