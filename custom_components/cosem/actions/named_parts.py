"""How the data of actions name an attribute or a method of an object: as one text, or as three fields."""

from typing import Any, Final

import voluptuous as vol

from ..meter.whole_number import whole_number

_ATTRIBUTE: Final = "attribute"
_METHOD: Final = "method"


def fields_of(part: str) -> dict[vol.Marker, Any]:
    """Return the three fields. ``part``: "attribute" or "method"."""
    return {
        vol.Required("class_id"): whole_number,
        vol.Required("logical_name"): str,
        vol.Required(part): whole_number,
    }


def attribute_text(value: Any) -> str:
    """Return ``CLASS:LOGICAL_NAME:ATTRIBUTE`` of either form."""
    return _text(value, _ATTRIBUTE)


def method_text(value: Any) -> str:
    """Return ``CLASS:LOGICAL_NAME:METHOD`` of either form."""
    return _text(value, _METHOD)


def _text(value: Any, part: str) -> str:
    return value if isinstance(value, str) else f"{value['class_id']}:{value['logical_name']}:{value[part]}"


ATTRIBUTE: Final = vol.All(vol.Any(str, fields_of(_ATTRIBUTE)), attribute_text)
METHOD: Final = vol.All(vol.Any(str, fields_of(_METHOD)), method_text)
