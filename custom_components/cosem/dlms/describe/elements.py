"""Data and shared elements as plain objects."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
import math
from typing import Final

from ..apdu.common import (
    AttributeDescriptor,
    AttributeReference,
    DataAccessResult,
    DataBlock,
    GetDataResult,
    InvokeIdAndPriority,
    LongInvokeIdAndPriority,
    MethodDescriptor,
    Selection,
)
from ..encoding.compact_array import encode_contents
from ..encoding.data_types import BitString, CompactArray, Data, DataType, TypeDescription
from .secret_targets import is_secret

type Json = bool | int | float | str | list[Json] | dict[str, Json] | None
type JsonObject = dict[str, Json]

HIDDEN: Final = "(hidden)"
"""In place of a secret."""


@dataclass(frozen=True, slots=True)
class Context:
    """Whether secrets are shown; what describes an inner APDU."""

    show_secrets: bool
    inner: Callable[[bytes], JsonObject]


def describe_data(data: Data) -> JsonObject:
    """``{"type", "value"}``: octets in hex, bit-strings as 0 and 1, NaN and infinities as text."""
    value = data.value
    described: Json
    if isinstance(value, CompactArray):
        return {
            "type": data.type.standard_name,
            "description": describe_type_description(value.description),
            "contents": encode_contents(value).hex(),
            "value": describe_all(value.elements),
        }
    if isinstance(value, BitString):
        described = value.text
    elif isinstance(value, tuple):
        described = describe_all(value)
    elif isinstance(value, bytes):
        described = value.hex()
    elif isinstance(value, float) and not math.isfinite(value):
        described = str(value)
    elif isinstance(value, str):
        described = json_text(value)
    else:
        described = value
    return {"type": data.type.standard_name, "value": described}


def json_text(text: str) -> str:
    """Text as JSON and files can hold it: octets of a utf8-string that are no UTF-8 become backslash, x and hex."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def describe_type_description(description: TypeDescription) -> JsonObject:
    """A type-description."""
    described: JsonObject = {"type": description.type.standard_name}
    if description.type is DataType.ARRAY:
        described |= {"count": description.array_count, "element": describe_type_description(description.elements[0])}
    elif description.type is DataType.STRUCTURE:
        described["elements"] = [describe_type_description(element) for element in description.elements]
    return described


def describe_all(values: Iterable[Data]) -> Json:
    """A list of data."""
    return [describe_data(value) for value in values]


def hex_or_none(octets: bytes | None) -> str | None:
    """Octets as hex."""
    return None if octets is None else octets.hex()


def without_none(fields: dict[str, bytes | int | None]) -> JsonObject:
    """Fields that are not None."""
    return {
        name: value.hex() if isinstance(value, bytes) else value for name, value in fields.items() if value is not None
    }


def describe_invoke(invoke: InvokeIdAndPriority) -> JsonObject:
    """An invoke-id octet."""
    return {
        "invoke": {
            "raw": invoke.raw,
            "invoke_id": invoke.invoke_id,
            "confirmed": invoke.confirmed,
            "high_priority": invoke.high_priority,
        }
    }


def describe_long_invoke(invoke: LongInvokeIdAndPriority) -> JsonObject:
    """A 32-bit invoke-id."""
    return {
        "long_invoke_id": {
            "raw": invoke.raw,
            "invoke_id": invoke.invoke_id,
            "self_descriptive": invoke.self_descriptive,
            "break_on_error": invoke.break_on_error,
            "confirmed": invoke.confirmed,
            "high_priority": invoke.high_priority,
        }
    }


def describe_attribute_descriptor(attribute: AttributeDescriptor) -> JsonObject:
    """An attribute descriptor."""
    return {
        "class_id": attribute.class_id,
        "instance": str(attribute.logical_name),
        "attribute": attribute.attribute_index,
    }


def describe_method(method: MethodDescriptor) -> JsonObject:
    """A method descriptor."""
    return {"class_id": method.class_id, "instance": str(method.logical_name), "method": method.method_index}


def describe_selection(selection: Selection | None) -> Json:
    """A selection or None."""
    if selection is None:
        return None
    return {"selector": selection.selector, "parameters": describe_data(selection.parameters)}


def describe_reference(reference: AttributeReference) -> JsonObject:
    """An attribute with its selection."""
    return {**describe_attribute_descriptor(reference[0]), "selection": describe_selection(reference[1])}


def describe_get_data_result(result: GetDataResult) -> JsonObject:
    """``data``, or a result code as ``error``."""
    if isinstance(result, DataAccessResult):
        return {"error": result.code}
    return {"data": describe_data(result)}


def describe_data_block(value: DataBlock, *, hide: bool = False) -> JsonObject:
    """A block; ``hide`` masks its octets."""
    return {
        "last_block": value.last_block,
        "block_number": value.block_number,
        "raw_data": HIDDEN if hide else value.raw_data.hex(),
    }


def describe_payload(target: AttributeDescriptor | MethodDescriptor, value: Data, context: Context) -> JsonObject:
    """What is sent to ``target``, masked if secret."""
    if is_secret(target) and not context.show_secrets:
        return {"type": value.type.standard_name, "value": HIDDEN}
    return describe_data(value)


def describe_payloads(
    targets: Iterable[AttributeDescriptor | MethodDescriptor],
    values: tuple[Data, ...],
    context: Context,
) -> Json:
    """What is sent to ``targets``, all of it masked if one is secret and the numbers differ."""
    names = list(targets)
    if not context.show_secrets and len(names) != len(values) and any(map(is_secret, names)):
        return HIDDEN
    if len(names) != len(values):
        return describe_all(values)
    return [describe_payload(target, value, context) for target, value in zip(names, values, strict=True)]
