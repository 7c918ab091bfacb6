"""The fields of "Help me find the settings": in a form that failed, above its sections, and of its own forms."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
)
import voluptuous as vol

from ..dlms import LogicalDeviceName, SapAssignment
from .draft import Draft
from .help_plan import offers_help
from .schemas import mode_for

CONF_HELP: Final = "help"
CONF_TRY_LOGIN: Final = "try_login"
CONF_LOGICAL_DEVICE: Final = "logical_device"


def with_help(draft: Draft, schema: vol.Schema) -> vol.Schema:
    """Return a form that offers help after a failure; nobody has to know a secret to ask for that."""
    if not offers_help(draft):
        return schema
    fields = {_optional(marker): field for marker, field in schema.schema.items()}
    sections = {marker: field for marker, field in fields.items() if isinstance(field, section)}
    own = {marker: field for marker, field in fields.items() if marker not in sections}
    # An open section is long: nobody scrolls down to look for help.
    return vol.Schema(own | {vol.Optional(CONF_HELP, default=False): BooleanSelector()} | sections)


def _optional(marker: vol.Marker) -> vol.Marker:
    """Return the marker of a field that may stay empty; a missing answer is missed when it is taken."""
    is_asked = isinstance(marker, vol.Required) and not callable(marker.default)
    return vol.Optional(marker.schema, description=marker.description) if is_asked else marker


def without_help(typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer to the form itself."""
    return {name: value for name, value in typed.items() if name != CONF_HELP}


def plan_schema(*, with_login: bool) -> vol.Schema:
    """Return the form before anything is tried; a login is tried only if that is ticked."""
    return vol.Schema({vol.Optional(CONF_TRY_LOGIN, default=False): BooleanSelector()} if with_login else {})


def device_schema(devices: Sequence[SapAssignment]) -> vol.Schema:
    """Return the form with the logical devices that a meter lists."""
    named = {str(device.sap): device_label(device) for device in devices}  # a list may name one twice
    options = [SelectOptionDict(value=sap, label=label) for sap, label in named.items()]
    config = SelectSelectorConfig(options=options, mode=mode_for(options))
    return vol.Schema({vol.Required(CONF_LOGICAL_DEVICE, default=options[0]["value"]): SelectSelector(config)})


def device_label(device: SapAssignment) -> str:
    """Return wPort and name of a logical device."""
    name = LogicalDeviceName(device.logical_device_name).text
    return f"{device.sap}: {name}" if name else str(device.sap)
