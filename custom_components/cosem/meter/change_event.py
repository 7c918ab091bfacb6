"""A change that somebody asked a meter for, as automations and the logbook see it. Secrets are left out."""

import json
from typing import Any, Final

from ..dlms import AttributeDescriptor, Data, Json, MethodDescriptor, attribute_name, class_name, raw_value

MOST_ON_BUS: Final = 4096
"""Characters of a value: the recorder stores events."""
_MOST_IN_WORDS: Final = 200


def change_data(target: AttributeDescriptor | MethodDescriptor, value: Data | None, *, hidden: bool) -> dict[str, Any]:
    """Return what was to be changed, and to what, for the bus; of something ``hidden`` not even the type."""
    is_method = isinstance(target, MethodDescriptor)
    class_id, logical_name, index = target
    name = None if is_method else attribute_name(class_id, index)
    written = value is not None and not hidden
    shown: Json = raw_value(value) if value is not None and written else None
    return {
        "class_id": class_id,
        "class": class_name(class_id),
        "logical_name": str(logical_name),
        "attribute": None if is_method else index,
        "method": index if is_method else None,
        "name": name,
        "type": value.type.standard_name if value is not None and written else None,
        "value": None if len(json.dumps(shown)) > MOST_ON_BUS else shown,
        "hidden": hidden and value is not None,
    }


def change_in_words(data: dict[str, Any]) -> str:
    """Return what was to be changed, to what, and the result, for a person."""
    is_method = data["method"] is not None
    index = data["method"] if is_method else data["attribute"]
    name = data["name"] or f"{'method' if is_method else 'attribute'} {index}"
    target = f"{data['class']}, {name} ({data['class_id']}:{data['logical_name']}:{index})"
    value = _value_in_words(data)
    if is_method:
        return f"was told to execute {target}{value and f' with {value}'}: {data['result']}"
    return f"was told to write {value} to {target}: {data['result']}"


def _value_in_words(data: dict[str, Any]) -> str:
    if data["hidden"]:
        return "a value that is not shown"
    if data["type"] is None:
        return ""
    text = "" if data["value"] is None else f" {json.dumps(data['value'], ensure_ascii=False)}"
    return f"{data['type']}{text}" if len(text) <= _MOST_IN_WORDS else f"{data['type']}{text[:_MOST_IN_WORDS]}..."
