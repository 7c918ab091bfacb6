"""Which attribute or method, as it is typed: CLASS:LOGICAL_NAME:NUMBER. Raises LocalProtocolError."""

import re
from typing import Final

from ..apdu.common import AttributeDescriptor, MethodDescriptor
from ..encoding.logical_name import LogicalName
from ..errors import LocalProtocolError

_MAX_CLASS_ID: Final = 0xFFFF


def typed_attribute(text: str) -> AttributeDescriptor:
    """Read CLASS:LOGICAL_NAME:ATTRIBUTE, also 3:1-0:1.8.0:2."""
    return AttributeDescriptor(*_target(text, "attribute"))


def typed_method(text: str) -> MethodDescriptor:
    """Read CLASS:LOGICAL_NAME:METHOD."""
    return MethodDescriptor(*_target(text, "method"))


def _target(text: str, what: str) -> tuple[int, LogicalName, int]:
    class_id, _, rest = text.partition(":")
    name, _, index = rest.rpartition(":")
    try:
        if not class_id.isdigit() and _is_logical_name(text):
            raise LocalProtocolError(f"the class is missing in front, for example 3:{text[:40]}:2")
        known = _number(class_id, _MAX_CLASS_ID)
        if not rest:
            raise LocalProtocolError("the logical name is missing")
        if _is_index_missing(rest, index):
            raise LocalProtocolError(f"the {what} is missing, for example {text[:40]}:2")
        return known, LogicalName.parse(name), _index(index, what)
    except LocalProtocolError as error:
        form = f"CLASS:LOGICAL_NAME:{what.upper()}"
        raise LocalProtocolError(f"{text!r} is not {form}: {error}") from error


def _is_index_missing(rest: str, index: str) -> bool:
    """Whether what stands behind the class is a logical name, without a number behind it."""
    return _is_logical_name(rest) and re.fullmatch("-?[0-9]+", index, re.ASCII) is None


def _is_logical_name(text: str) -> bool:
    try:
        LogicalName.parse(text)
    except LocalProtocolError:
        return False
    return True


def _index(text: str, what: str) -> int:
    # A signed octet: negative ones are the manufacturer's own.
    try:
        return -_number(text[1:], 128, least=1) if text.startswith("-") else _number(text, 127)
    except LocalProtocolError:
        raise LocalProtocolError(f"the {what} is a number from -128 to 127") from None


def _number(text: str, most: int, *, least: int = 0) -> int:
    digits = text.isascii() and text.isdigit() and len(text) <= len(str(most))
    if not (digits and least <= int(text) <= most):
        raise LocalProtocolError(f"a number from {least} to {most} is expected")
    return int(text)
