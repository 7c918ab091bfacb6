"""GET: requests (tag C0) and responses (C4). IEC 62056-5-3, Get-Request, Get-Response.

decode_get_response_head leaves the value encoded: a block of a long transfer costs only a copy.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple, assert_never

from ..encoding.data import Data, decode_data
from ..encoding.octets import Reader, Writer
from ..limits import DEFAULT_LIMITS, Limits
from .common import (
    AttributeDescriptor,
    AttributeReference,
    DataAccessResult,
    GetDataResult,
    InvokeIdAndPriority,
    Selection,
    decode_attribute_descriptor,
    decode_attribute_reference,
    decode_get_data_result,
    decode_invoke_id_and_priority,
    decode_list,
    decode_selection,
    encode_attribute_descriptor,
    encode_attribute_reference,
    encode_get_data_result,
    encode_list,
    encode_selection,
    expect_tag,
    unknown_choice,
    write_head,
)

GET_REQUEST: Final = 0xC0
GET_RESPONSE: Final = 0xC4


class GetKind(IntEnum):
    """CHOICE of Get-Request."""

    NORMAL = 1
    NEXT = 2
    WITH_LIST = 3


class GetResponseKind(IntEnum):
    """CHOICE of Get-Response."""

    NORMAL = 1
    WITH_DATABLOCK = 2
    WITH_LIST = 3


@dataclass(frozen=True, slots=True)
class GetRequestNormal:
    """One attribute."""

    invoke: InvokeIdAndPriority
    attribute: AttributeDescriptor
    selection: Selection | None = None


@dataclass(frozen=True, slots=True)
class GetRequestNext:
    """Acknowledges a block and asks for the next."""

    invoke: InvokeIdAndPriority
    block_number: int


@dataclass(frozen=True, slots=True)
class GetRequestWithList:
    """Attributes, answered in the same order."""

    invoke: InvokeIdAndPriority
    items: tuple[AttributeReference, ...]


type GetRequest = GetRequestNormal | GetRequestNext | GetRequestWithList


@dataclass(frozen=True, slots=True)
class GetResponseNormal:
    """The value, or why there is none."""

    invoke: InvokeIdAndPriority
    result: GetDataResult


@dataclass(frozen=True, slots=True)
class GetResponseWithDatablock:
    """A piece of the encoded value, or why the transfer ended."""

    invoke: InvokeIdAndPriority
    last_block: bool
    block_number: int
    result: bytes | DataAccessResult


@dataclass(frozen=True, slots=True)
class GetResponseWithList:
    """One result for each attribute."""

    invoke: InvokeIdAndPriority
    results: tuple[GetDataResult, ...]


type GetResponse = GetResponseNormal | GetResponseWithDatablock | GetResponseWithList


class GetResponseHead(NamedTuple):
    """A Get-Response up to its value, which is not checked yet.

    payload: Get-Data-Result with its choice (NORMAL), SEQUENCE OF it (WITH_LIST), raw-data (WITH_DATABLOCK).
    error: data-access-result of NORMAL or WITH_DATABLOCK. last_block, block_number: True and 0 without blocks.
    """

    kind: GetResponseKind
    invoke: InvokeIdAndPriority
    last_block: bool
    block_number: int
    payload: bytes
    error: DataAccessResult | None


def _decode_request_normal(reader: Reader, invoke: InvokeIdAndPriority) -> GetRequest:
    return GetRequestNormal(invoke, decode_attribute_descriptor(reader), decode_selection(reader))


def _decode_request_next(reader: Reader, invoke: InvokeIdAndPriority) -> GetRequest:
    return GetRequestNext(invoke, reader.unsigned32())


def _decode_request_with_list(reader: Reader, invoke: InvokeIdAndPriority) -> GetRequest:
    return GetRequestWithList(invoke, decode_list(reader, decode_attribute_reference))


_REQUESTS: Final[dict[int, Callable[[Reader, InvokeIdAndPriority], GetRequest]]] = {
    GetKind.NORMAL: _decode_request_normal,
    GetKind.NEXT: _decode_request_next,
    GetKind.WITH_LIST: _decode_request_with_list,
}


def decode_get_request(reader: Reader) -> GetRequest:
    """Decode the APDU."""
    expect_tag(reader, GET_REQUEST)
    kind = reader.unsigned8()
    if (decode := _REQUESTS.get(kind)) is None:
        raise unknown_choice(reader, kind, "Get-Request")
    return decode(reader, decode_invoke_id_and_priority(reader))


def encode_get_request(apdu: GetRequest, writer: Writer) -> None:
    """Encode the APDU."""
    match apdu:
        case GetRequestNormal():
            write_head(writer, GET_REQUEST, GetKind.NORMAL, apdu.invoke)
            encode_attribute_descriptor(apdu.attribute, writer)
            encode_selection(apdu.selection, writer)
        case GetRequestNext():
            write_head(writer, GET_REQUEST, GetKind.NEXT, apdu.invoke)
            writer.unsigned32(apdu.block_number)
        case GetRequestWithList():
            write_head(writer, GET_REQUEST, GetKind.WITH_LIST, apdu.invoke)
            encode_list(apdu.items, writer, encode_attribute_reference)
        case _:
            assert_never(apdu)


def _decode_response_normal(reader: Reader, invoke: InvokeIdAndPriority) -> GetResponse:
    return GetResponseNormal(invoke, decode_get_data_result(reader))


def _decode_response_with_datablock(reader: Reader, invoke: InvokeIdAndPriority) -> GetResponse:
    # Any last-block other than 00 is true: some meters write FF (leniency "last-block FF").
    last_block = reader.flag()
    return GetResponseWithDatablock(invoke, last_block, reader.unsigned32(), _decode_block_result(reader))


def _decode_block_result(reader: Reader) -> bytes | DataAccessResult:
    choice = reader.unsigned8()
    if choice == 0:
        return reader.octet_string()
    if choice == 1:
        return DataAccessResult(reader.unsigned8())
    raise unknown_choice(reader, choice, "DataBlock-G")


def _decode_response_with_list(reader: Reader, invoke: InvokeIdAndPriority) -> GetResponse:
    return GetResponseWithList(invoke, decode_list(reader, decode_get_data_result))


_RESPONSES: Final[dict[int, Callable[[Reader, InvokeIdAndPriority], GetResponse]]] = {
    GetResponseKind.NORMAL: _decode_response_normal,
    GetResponseKind.WITH_DATABLOCK: _decode_response_with_datablock,
    GetResponseKind.WITH_LIST: _decode_response_with_list,
}


def decode_get_response(reader: Reader) -> GetResponse:
    """Decode the APDU with its values."""
    expect_tag(reader, GET_RESPONSE)
    kind = reader.unsigned8()
    if (decode := _RESPONSES.get(kind)) is None:
        raise unknown_choice(reader, kind, "Get-Response")
    return decode(reader, decode_invoke_id_and_priority(reader))


def encode_get_response(apdu: GetResponse, writer: Writer) -> None:
    """Encode the APDU."""
    match apdu:
        case GetResponseNormal():
            write_head(writer, GET_RESPONSE, GetResponseKind.NORMAL, apdu.invoke)
            encode_get_data_result(apdu.result, writer)
        case GetResponseWithDatablock():
            write_head(writer, GET_RESPONSE, GetResponseKind.WITH_DATABLOCK, apdu.invoke)
            writer.flag(apdu.last_block)
            writer.unsigned32(apdu.block_number)
            if isinstance(apdu.result, DataAccessResult):
                writer.unsigned8(1)
                writer.unsigned8(apdu.result.code)
            else:
                writer.unsigned8(0)
                writer.octet_string(apdu.result)
        case GetResponseWithList():
            write_head(writer, GET_RESPONSE, GetResponseKind.WITH_LIST, apdu.invoke)
            encode_list(apdu.results, writer, encode_get_data_result)
        case _:
            assert_never(apdu)


def decode_get_response_head(octets: bytes, limits: Limits = DEFAULT_LIMITS) -> GetResponseHead:
    """Decode a whole APDU up to its value. Raises DecodeError, UnexpectedApdu."""
    reader = Reader(octets, limits=limits)
    expect_tag(reader, GET_RESPONSE)
    choice = reader.unsigned8()
    if choice not in _RESPONSES:
        raise unknown_choice(reader, choice, "Get-Response")
    kind = GetResponseKind(choice)
    invoke = decode_invoke_id_and_priority(reader)
    last_block, block_number = True, 0
    payload, error = b"", None
    if kind is GetResponseKind.WITH_DATABLOCK:
        last_block, block_number = reader.flag(), reader.unsigned32()
        result = _decode_block_result(reader)
        reader.finish()
        if isinstance(result, DataAccessResult):
            error = result
        else:
            payload = result
    elif kind is GetResponseKind.NORMAL:
        payload = octets[reader.offset :]
        error = _error_in_front(reader)
    else:
        payload = reader.rest()
    return GetResponseHead(kind, invoke, last_block, block_number, payload, error)


def _error_in_front(reader: Reader) -> DataAccessResult | None:
    """The error in a Get-Data-Result, None for a value."""
    choice = reader.unsigned8()
    if choice == 1:
        error = DataAccessResult(reader.unsigned8())
        reader.finish()
        return error
    if choice:
        raise unknown_choice(reader, choice, "Get-Data-Result")
    reader.peek()  # a value has at least one octet
    return None


def decode_get_data_results(
    octets: bytes, limits: Limits = DEFAULT_LIMITS
) -> list[tuple[int, Data | DataAccessResult]]:
    """Decode SEQUENCE OF Get-Data-Result: octets of each one's contents, and value or error.

    Raises DecodeError, also for octets behind it; LimitExceeded.
    """
    reader = Reader(octets, limits=limits)
    count = reader.count()
    reader.spend(count)
    results: list[tuple[int, Data | DataAccessResult]] = []
    for _ in range(count):
        choice = reader.unsigned8()
        start = reader.offset
        if choice == 0:
            data = decode_data(reader)
            results.append((reader.offset - start, data))
        elif choice == 1:
            results.append((1, DataAccessResult(reader.unsigned8())))
        else:
            raise unknown_choice(reader, choice, "Get-Data-Result")
    reader.finish()
    return results
