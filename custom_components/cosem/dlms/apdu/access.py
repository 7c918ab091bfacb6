"""ACCESS with logical names: request (tag D9) and response (DA). IEC 62056-5-3, Access-Request, Access-Response."""

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final, NamedTuple

from ..encoding.data import Data, decode_data, encode_data
from ..encoding.octets import Reader, Writer
from .common import (
    AttributeDescriptor,
    DataAccessResult,
    LongInvokeIdAndPriority,
    MethodDescriptor,
    Selection,
    decode_attribute_descriptor,
    decode_data_access_result,
    decode_list,
    decode_long_invoke_id_and_priority,
    decode_method_descriptor,
    decode_optional_date_time,
    encode_attribute_descriptor,
    encode_data_access_result,
    encode_list,
    encode_long_invoke_id_and_priority,
    encode_method_descriptor,
    encode_optional_date_time,
    expect_tag,
    unknown_choice,
)

ACCESS_REQUEST: Final = 0xD9
ACCESS_RESPONSE: Final = 0xDA


class AccessKind(IntEnum):
    """Access-Request-Specification; a response has the first three."""

    GET = 1
    SET = 2
    ACTION = 3
    GET_WITH_SELECTION = 4
    SET_WITH_SELECTION = 5

    @property
    def standard_name(self) -> str:
        """As the standard spells it: ``get-with-selection``."""
        return self.name.lower().replace("_", "-")


class AccessSpecification(NamedTuple):
    """What is asked: a method for ACTION, else an attribute."""

    kind: AccessKind
    target: AttributeDescriptor | MethodDescriptor
    selection: Selection | None = None


class AccessResult(NamedTuple):
    """GET, SET or ACTION, and its data-access-result or action-result."""

    kind: AccessKind
    result: DataAccessResult


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """As many data as specifications (null-data for none). date_time: 12 octets."""

    long_invoke: LongInvokeIdAndPriority
    date_time: bytes | None
    specifications: tuple[AccessSpecification, ...]
    data: tuple[Data, ...]


@dataclass(frozen=True, slots=True)
class AccessResponse:
    """Data and results in the request's order; specifications are usually absent."""

    long_invoke: LongInvokeIdAndPriority
    date_time: bytes | None
    request_specifications: tuple[AccessSpecification, ...] | None
    data: tuple[Data, ...]
    results: tuple[AccessResult, ...]


_WITH_SELECTION: Final = frozenset({AccessKind.GET_WITH_SELECTION, AccessKind.SET_WITH_SELECTION})
_RESULT_KINDS: Final = frozenset({AccessKind.GET, AccessKind.SET, AccessKind.ACTION})


def _decode_kind(reader: Reader, allowed: frozenset[AccessKind], of: str) -> AccessKind:
    choice = reader.unsigned8()
    if choice not in allowed:
        raise unknown_choice(reader, choice, of)
    return AccessKind(choice)


def decode_access_specification(reader: Reader) -> AccessSpecification:
    """Decode one specification."""
    kind = _decode_kind(reader, frozenset(AccessKind), "Access-Request-Specification")
    if kind is AccessKind.ACTION:
        return AccessSpecification(kind, decode_method_descriptor(reader))
    attribute = decode_attribute_descriptor(reader)
    if kind in _WITH_SELECTION:  # no OPTIONAL octet here: the kind says whether there is a selection
        return AccessSpecification(kind, attribute, Selection(reader.unsigned8(), decode_data(reader)))
    return AccessSpecification(kind, attribute)


def encode_access_specification(specification: AccessSpecification, writer: Writer) -> None:
    """Encode one specification."""
    writer.unsigned8(specification.kind)
    if isinstance(specification.target, MethodDescriptor):
        encode_method_descriptor(specification.target, writer)
    else:
        encode_attribute_descriptor(specification.target, writer)
    if specification.selection is not None:
        writer.unsigned8(specification.selection.selector)
        encode_data(specification.selection.parameters, writer)


def _decode_result(reader: Reader) -> AccessResult:
    kind = _decode_kind(reader, _RESULT_KINDS, "Access-Response-Specification")
    return AccessResult(kind, decode_data_access_result(reader))


def _encode_result(result: AccessResult, writer: Writer) -> None:
    writer.unsigned8(result.kind)
    encode_data_access_result(result.result, writer)


def decode_access_request(reader: Reader) -> AccessRequest:
    """Decode the APDU."""
    expect_tag(reader, ACCESS_REQUEST)
    return AccessRequest(
        decode_long_invoke_id_and_priority(reader),
        decode_optional_date_time(reader),
        decode_list(reader, decode_access_specification),
        decode_list(reader, decode_data),
    )


def encode_access_request(apdu: AccessRequest, writer: Writer) -> None:
    """Encode the APDU."""
    writer.unsigned8(ACCESS_REQUEST)
    encode_long_invoke_id_and_priority(apdu.long_invoke, writer)
    encode_optional_date_time(apdu.date_time, writer)
    encode_list(apdu.specifications, writer, encode_access_specification)
    encode_list(apdu.data, writer, encode_data)


def decode_access_response(reader: Reader) -> AccessResponse:
    """Decode the APDU."""
    head = decode_access_response_head(reader)
    return replace(head, data=decode_list(reader, decode_data), results=decode_list(reader, _decode_result))


def decode_access_response_head(reader: Reader) -> AccessResponse:
    """Decode what is before the data."""
    expect_tag(reader, ACCESS_RESPONSE)
    return AccessResponse(
        decode_long_invoke_id_and_priority(reader),
        decode_optional_date_time(reader),
        decode_list(reader, decode_access_specification) if reader.flag() else None,
        (),
        (),
    )


def encode_access_response(apdu: AccessResponse, writer: Writer) -> None:
    """Encode the APDU."""
    writer.unsigned8(ACCESS_RESPONSE)
    encode_long_invoke_id_and_priority(apdu.long_invoke, writer)
    encode_optional_date_time(apdu.date_time, writer)
    writer.flag(apdu.request_specifications is not None)
    if apdu.request_specifications is not None:
        encode_list(apdu.request_specifications, writer, encode_access_specification)
    encode_list(apdu.data, writer, encode_data)
    encode_list(apdu.results, writer, _encode_result)
