"""Described APDUs as text for people, with names of codes.

All that was received is escaped: no control character reaches a terminal.
"""

from collections.abc import Iterator
import json
from typing import Final

from ..apdu.acse import ReleaseRequestReason, ReleaseResponseReason
from ..errors import (
    AssociationResult,
    ConfirmedService,
    DataAccessResultCode,
    DiagnosticSource,
    ServiceErrorCode,
    StandardCode,
    StateErrorCode,
    acse_diagnostic_name,
)
from .elements import Json, JsonObject

_INDENT: Final = "  "

_SOURCES: Final = {source.standard_name: source for source in DiagnosticSource}

# What numbers mean by the field they are in; the first key is the APDU, None for all others.
_CODES: Final[dict[tuple[str | None, str], type[StandardCode] | None]] = {
    ("aare", "result"): AssociationResult,
    ("rlrq", "reason"): ReleaseRequestReason,
    ("rlre", "reason"): ReleaseResponseReason,
    ("exception-response", "state_error"): StateErrorCode,
    ("exception-response", "service_error"): ServiceErrorCode,
    ("confirmed-service-error", "service"): ConfirmedService,
    ("confirmed-service-error", "error"): None,
    (None, "result"): DataAccessResultCode,
    (None, "error"): DataAccessResultCode,
    (None, "results"): DataAccessResultCode,
}


def tree(described: JsonObject) -> list[str]:
    """Indented lines of what describe() returned."""
    return list(_object(described, "", None))


def _object(described: JsonObject, indent: str, apdu: str | None) -> Iterator[str]:
    if "type" in described and "value" in described:
        yield from _data(described, indent, "")
        return
    name = described.get("apdu")
    if isinstance(name, str):
        yield f"{indent}{name}"
        indent, apdu = indent + _INDENT, name
    elif "source_wport" in described:
        yield f"{indent}WPDU"
        indent += _INDENT
    for key, value in described.items():
        if not (key == "apdu" and isinstance(value, str)):
            yield from _field(key, value, indent, apdu, described)


def _field(key: str, value: Json, indent: str, apdu: str | None, around: JsonObject) -> Iterator[str]:
    if isinstance(value, dict) and "type" in value and "value" in value:
        yield from _data(value, indent, f"{key}: ")
    elif isinstance(value, dict):
        yield f"{indent}{key}:"
        yield from _object(value, indent + _INDENT, apdu)
    elif isinstance(value, list) and value:
        yield f"{indent}{key}: ({len(value)})"
        for item in value:
            yield from _item(item, indent + _INDENT, key, apdu)
    else:
        yield f"{indent}{key}: {_scalar(value)}{_code_name(apdu, key, value, around)}"


def _item(item: Json, indent: str, key: str, apdu: str | None) -> Iterator[str]:
    if not isinstance(item, dict):
        yield f"{indent}- {_scalar(item)}{_code_name(apdu, key, item, {})}"
        return
    lines = list(_object(item, indent + _INDENT, apdu))
    yield f"{indent}- {lines[0].lstrip()}"
    yield from lines[1:]


def _data(described: JsonObject, indent: str, label: str) -> Iterator[str]:
    """Arrays and structures take several lines."""
    kind, value = described["type"], described["value"]
    if not isinstance(value, list):
        text = "" if value is None else f" {_scalar(value)}"
        yield f"{indent}{label}{kind}{text}"
        return
    yield f"{indent}{label}{kind} ({len(value)})"
    for element in value:
        assert isinstance(element, dict)
        yield from _data(element, indent + _INDENT, "- ")


def _scalar(value: Json) -> str:
    """Names and hex plain, all else as JSON, which escapes."""
    if isinstance(value, str) and value.isascii() and value.isprintable() and '"' not in value:
        return value
    return json.dumps(value)


def _code_name(apdu: str | None, key: str, value: Json, around: JsonObject) -> str:
    if not isinstance(value, int) or isinstance(value, bool):
        return ""
    source = around.get("source")
    if key == "value" and isinstance(source, str):
        return f" ({acse_diagnostic_name(_SOURCES[source], value)})"
    codes = _CODES.get((apdu, key), _CODES.get((None, key)))
    name = None if codes is None else codes.name_of(value)
    return f" ({name})" if name else ""
