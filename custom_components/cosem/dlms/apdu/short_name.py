"""Read, Write, UnconfirmedWrite and InformationReport with short names (tags 05 to 18). IEC 62056-5-3.

Without invoke-ids, only the order says which answer belongs to a request.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple, assert_never

from ..encoding.data import Data, decode_data, encode_data
from ..encoding.octets import Reader, Writer
from .common import (
    DataAccessResult,
    DataBlock,
    decode_list,
    encode_list,
    expect_tag,
    unknown_choice,
)

READ_REQUEST: Final = 0x05
WRITE_REQUEST: Final = 0x06
READ_RESPONSE: Final = 0x0C
WRITE_RESPONSE: Final = 0x0D
UNCONFIRMED_WRITE_REQUEST: Final = 0x16
INFORMATION_REPORT_REQUEST: Final = 0x18


class VariableName(NamedTuple):
    """A short name (a multiple of 8 for an attribute)."""

    short_name: int


class ParameterizedAccess(NamedTuple):
    """Selective access, or a method with its parameter."""

    short_name: int
    selector: int
    parameter: Data


class BlockNumberAccess(NamedTuple):
    """Acknowledges a block of a Read and asks for the next."""

    block_number: int


class ReadDataBlockAccess(NamedTuple):
    """A piece of a long Read request."""

    block: DataBlock


class WriteDataBlockAccess(NamedTuple):
    """Announces a piece of a long Write; its octets are in the data."""

    last_block: bool
    block_number: int


type VariableAccess = (
    VariableName | ParameterizedAccess | BlockNumberAccess | ReadDataBlockAccess | WriteDataBlockAccess
)


class BlockNumberResult(NamedTuple):
    """Acknowledges a block of the request."""

    block_number: int


type ReadResult = Data | DataAccessResult | DataBlock | BlockNumberResult
type WriteResult = DataAccessResult | BlockNumberResult | None  # None is success


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """Variables to read."""

    variables: tuple[VariableAccess, ...]


@dataclass(frozen=True, slots=True)
class ReadResponse:
    """One result for each variable."""

    results: tuple[ReadResult, ...]


@dataclass(frozen=True, slots=True)
class WriteRequest:
    """As many data as variables."""

    variables: tuple[VariableAccess, ...]
    data: tuple[Data, ...]


@dataclass(frozen=True, slots=True)
class WriteResponse:
    """One result for each variable."""

    results: tuple[WriteResult, ...]


@dataclass(frozen=True, slots=True)
class UnconfirmedWriteRequest:
    """A WriteRequest without an answer."""

    variables: tuple[VariableAccess, ...]
    data: tuple[Data, ...]


@dataclass(frozen=True, slots=True)
class InformationReportRequest:
    """Values sent unasked. current_time: text of GeneralizedTime."""

    current_time: bytes | None
    variables: tuple[VariableAccess, ...]
    data: tuple[Data, ...]


def _decode_short_block(reader: Reader) -> DataBlock:
    return DataBlock(reader.flag(), reader.unsigned16(), reader.octet_string())


def _encode_short_block(block: DataBlock, writer: Writer) -> None:
    writer.flag(block.last_block)
    writer.unsigned16(block.block_number)
    writer.octet_string(block.raw_data)


def decode_variable_access(reader: Reader) -> VariableAccess:
    """Decode one variable."""
    choice = reader.unsigned8()
    if choice == 2:
        return VariableName(reader.unsigned16())
    if choice == 4:
        return ParameterizedAccess(reader.unsigned16(), reader.unsigned8(), decode_data(reader))
    if choice == 5:
        return BlockNumberAccess(reader.unsigned16())
    if choice == 6:
        return ReadDataBlockAccess(_decode_short_block(reader))
    if choice == 7:
        return WriteDataBlockAccess(reader.flag(), reader.unsigned16())
    raise unknown_choice(reader, choice, "Variable-Access-Specification")


def encode_variable_access(variable: VariableAccess, writer: Writer) -> None:
    """Encode one variable."""
    match variable:
        case VariableName():
            writer.unsigned8(2)
            writer.unsigned16(variable.short_name)
        case ParameterizedAccess():
            writer.unsigned8(4)
            writer.unsigned16(variable.short_name)
            writer.unsigned8(variable.selector)
            encode_data(variable.parameter, writer)
        case BlockNumberAccess():
            writer.unsigned8(5)
            writer.unsigned16(variable.block_number)
        case ReadDataBlockAccess():
            writer.unsigned8(6)
            _encode_short_block(variable.block, writer)
        case WriteDataBlockAccess():
            writer.unsigned8(7)
            writer.flag(variable.last_block)
            writer.unsigned16(variable.block_number)
        case _:
            assert_never(variable)


def _decode_read_result(reader: Reader) -> ReadResult:
    choice = reader.unsigned8()
    if choice == 0:
        return decode_data(reader)
    if choice == 1:
        return DataAccessResult(reader.unsigned8())
    if choice == 2:
        return _decode_short_block(reader)
    if choice == 3:
        return BlockNumberResult(reader.unsigned16())
    raise unknown_choice(reader, choice, "ReadResponse")


def _encode_read_result(result: ReadResult, writer: Writer) -> None:
    match result:
        case Data():
            writer.unsigned8(0)
            encode_data(result, writer)
        case DataAccessResult():
            writer.unsigned8(1)
            writer.unsigned8(result.code)
        case DataBlock():
            writer.unsigned8(2)
            _encode_short_block(result, writer)
        case BlockNumberResult():
            writer.unsigned8(3)
            writer.unsigned16(result.block_number)
        case _:
            assert_never(result)


def _decode_write_result(reader: Reader) -> WriteResult:
    choice = reader.unsigned8()
    if choice == 0:
        return None
    if choice == 1:
        return DataAccessResult(reader.unsigned8())
    if choice == 2:
        return BlockNumberResult(reader.unsigned16())
    raise unknown_choice(reader, choice, "WriteResponse")


def _encode_write_result(result: WriteResult, writer: Writer) -> None:
    match result:
        case None:
            writer.unsigned8(0)
        case DataAccessResult():
            writer.unsigned8(1)
            writer.unsigned8(result.code)
        case BlockNumberResult():
            writer.unsigned8(2)
            writer.unsigned16(result.block_number)
        case _:
            assert_never(result)


def decode_read_request(reader: Reader) -> ReadRequest:
    """Decode the APDU."""
    expect_tag(reader, READ_REQUEST)
    return ReadRequest(decode_list(reader, decode_variable_access))


def encode_read_request(apdu: ReadRequest, writer: Writer) -> None:
    """Encode the APDU."""
    writer.unsigned8(READ_REQUEST)
    encode_list(apdu.variables, writer, encode_variable_access)


def decode_read_response(reader: Reader) -> ReadResponse:
    """Decode the APDU."""
    expect_tag(reader, READ_RESPONSE)
    return ReadResponse(decode_list(reader, _decode_read_result))


def encode_read_response(apdu: ReadResponse, writer: Writer) -> None:
    """Encode the APDU."""
    writer.unsigned8(READ_RESPONSE)
    encode_list(apdu.results, writer, _encode_read_result)


def decode_write_request(reader: Reader) -> WriteRequest:
    """Decode the APDU."""
    expect_tag(reader, WRITE_REQUEST)
    return WriteRequest(decode_list(reader, decode_variable_access), decode_list(reader, decode_data))


def decode_unconfirmed_write_request(reader: Reader) -> UnconfirmedWriteRequest:
    """Decode the APDU."""
    expect_tag(reader, UNCONFIRMED_WRITE_REQUEST)
    return UnconfirmedWriteRequest(decode_list(reader, decode_variable_access), decode_list(reader, decode_data))


def encode_write_request(apdu: WriteRequest | UnconfirmedWriteRequest, writer: Writer) -> None:
    """Encode either APDU."""
    writer.unsigned8(WRITE_REQUEST if isinstance(apdu, WriteRequest) else UNCONFIRMED_WRITE_REQUEST)
    encode_list(apdu.variables, writer, encode_variable_access)
    encode_list(apdu.data, writer, encode_data)


def decode_write_response(reader: Reader) -> WriteResponse:
    """Decode the APDU."""
    expect_tag(reader, WRITE_RESPONSE)
    return WriteResponse(decode_list(reader, _decode_write_result))


def encode_write_response(apdu: WriteResponse, writer: Writer) -> None:
    """Encode the APDU."""
    writer.unsigned8(WRITE_RESPONSE)
    encode_list(apdu.results, writer, _encode_write_result)


def decode_information_report_request(reader: Reader) -> InformationReportRequest:
    """Decode the APDU."""
    expect_tag(reader, INFORMATION_REPORT_REQUEST)
    return InformationReportRequest(
        reader.octet_string() if reader.flag() else None,
        decode_list(reader, decode_variable_access),
        decode_list(reader, decode_data),
    )


def encode_information_report_request(apdu: InformationReportRequest, writer: Writer) -> None:
    """Encode the APDU."""
    writer.unsigned8(INFORMATION_REPORT_REQUEST)
    writer.flag(apdu.current_time is not None)
    if apdu.current_time is not None:
        writer.octet_string(apdu.current_time)
    encode_list(apdu.variables, writer, encode_variable_access)
    encode_list(apdu.data, writer, encode_data)
