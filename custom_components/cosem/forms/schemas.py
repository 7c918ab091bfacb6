"""Form fields of the config flow; those for credentials and options are in files of their own."""

from collections.abc import Sequence
from typing import Final

from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
)
import voluptuous as vol

from ..const import (
    AUTHENTICATION_FIND_OUT,
    AUTHENTICATION_INHERITED,
    AUTHENTICATIONS,
    CONF_AUTHENTICATION,
    CONF_CLIENT_WPORT,
    CONF_OBJECTS,
    CONF_PRESET,
    CONF_REFERENCING,
    CONF_RESPONSE_TIMEOUT,
    CONF_SERVER_WPORT,
    CONF_TIME_POLICY,
    CONF_TRANSPORT,
    DEFAULT_RESPONSE_TIMEOUT,
    PRESET_GENERIC,
    TRANSPORT_CALL,
)
from ..dlms import DEFAULT_PORT, MAX_PORT, MAX_WPORT, Referencing, TimePolicy, TransportProtocol
from ..meter.meter_time import TIME_POLICIES
from ..meter.presets import PRESETS
from .credential_schemas import SECTION_ADVANCED, TIMEOUT
from .number_field import number_field

CONF_FURTHER_OBJECTS: Final = "further_objects"

SEARCHABLE_FROM: Final = 25
"""Choices; from here on a searchable list replaces the check boxes."""

PORT_FIELD = number_field(1, MAX_PORT)
WPORT_FIELD = number_field(0, MAX_WPORT)
_PRESET = SelectSelector(
    SelectSelectorConfig(options=list(PRESETS), translation_key=CONF_PRESET, mode=SelectSelectorMode.DROPDOWN)
)
_TRANSPORT = SelectSelector(
    SelectSelectorConfig(
        options=[*(transport.value for transport in TransportProtocol), TRANSPORT_CALL],
        translation_key=CONF_TRANSPORT,
        mode=SelectSelectorMode.DROPDOWN,
    )
)
REFERENCING_FIELD = SelectSelector(
    SelectSelectorConfig(
        options=[referencing.value for referencing in Referencing],
        translation_key=CONF_REFERENCING,
        mode=SelectSelectorMode.DROPDOWN,
    )
)
TIME_POLICY_FIELD = SelectSelector(
    SelectSelectorConfig(
        options=[policy.value for policy in TIME_POLICIES],
        translation_key=CONF_TIME_POLICY,
        mode=SelectSelectorMode.DROPDOWN,
    )
)


def authentication_field(*kinds: str) -> SelectSelector:
    """Return the choice of how to log in."""
    return SelectSelector(
        SelectSelectorConfig(options=list(kinds), translation_key=CONF_AUTHENTICATION, mode=SelectSelectorMode.LIST)
    )


def _connection_fields(*kinds: str) -> dict[vol.Marker, object]:
    return {
        vol.Required(CONF_PORT, default=DEFAULT_PORT): PORT_FIELD,
        vol.Required(CONF_PRESET, default=PRESET_GENERIC): _PRESET,
        vol.Optional(CONF_CLIENT_WPORT): WPORT_FIELD,
        vol.Optional(CONF_SERVER_WPORT): WPORT_FIELD,
        vol.Required(CONF_AUTHENTICATION, default=kinds[0]): authentication_field(*kinds),
    }


def _ways() -> dict[vol.Marker, object]:
    return {
        vol.Required(CONF_TRANSPORT, default=TransportProtocol.TCP.value): _TRANSPORT,
        vol.Required(CONF_REFERENCING, default=Referencing.AUTOMATIC.value): REFERENCING_FIELD,
    }


def first_schema(*, is_open: bool = False) -> vol.Schema:
    """Return the form that a set-up begins with: one field, and a section for who knows more."""
    known = _connection_fields(AUTHENTICATION_FIND_OUT, *AUTHENTICATIONS) | _ways()
    return vol.Schema(
        {vol.Optional(CONF_HOST): TextSelector(), vol.Optional(SECTION_ADVANCED): advanced(known, is_open=is_open)}
    )


def connection_schema() -> vol.Schema:
    """Return the form that changes a connection; empty wPorts take the preset's."""
    fields: dict[vol.Marker, object] = {vol.Optional(CONF_HOST): TextSelector(), **_connection_fields(*AUTHENTICATIONS)}
    fields[vol.Optional(SECTION_ADVANCED)] = advanced(_ways(), with_timeout=False)
    return vol.Schema(fields)


def discovery_schema(*, with_parent: bool) -> vol.Schema:
    """Return the form for a discovered logical device; `with_parent` offers its entry's credentials."""
    kinds = [AUTHENTICATION_INHERITED, *AUTHENTICATIONS] if with_parent else AUTHENTICATIONS
    return vol.Schema(
        {
            vol.Required(CONF_AUTHENTICATION, default=kinds[0]): authentication_field(*kinds),
            vol.Optional(SECTION_ADVANCED): advanced({vol.Optional(CONF_CLIENT_WPORT): WPORT_FIELD}),
        }
    )


def advanced(first: dict[vol.Marker, object], *, with_timeout: bool = True, is_open: bool = False) -> section:
    """Return the section of what is rarely needed, usually with the response timeout."""
    timeout: dict[vol.Marker, object] = {vol.Required(CONF_RESPONSE_TIMEOUT, default=DEFAULT_RESPONSE_TIMEOUT): TIMEOUT}
    return section(vol.Schema(first | (timeout if with_timeout else {})), {"collapsed": not is_open})


FURTHER_OBJECTS_FIELD: Final = TextSelector(TextSelectorConfig(multiple=True))


def objects_field(choices: Sequence[SelectOptionDict]) -> SelectSelector:
    """Return the field in which objects are ticked; a long list can be searched."""
    return SelectSelector(SelectSelectorConfig(options=list(choices), multiple=True, mode=mode_for(choices)))


def mode_for(choices: Sequence[SelectOptionDict]) -> SelectSelectorMode:
    """Return how choices are shown: all at once, or in a list that opens and can be searched."""
    return SelectSelectorMode.LIST if len(choices) < SEARCHABLE_FROM else SelectSelectorMode.DROPDOWN


def objects_schema(
    choices: Sequence[SelectOptionDict],
    ticked: Sequence[str],
    *,
    with_further_objects: bool,
    time_policy: TimePolicy = TimePolicy.STANDARD,
) -> vol.Schema:
    """Return the form that chooses objects, and how times are read; ``time_policy`` is the proposal."""
    fields: dict[vol.Marker, object] = {vol.Required(CONF_OBJECTS, default=list(ticked)): objects_field(choices)}
    if with_further_objects:
        fields[vol.Optional(CONF_FURTHER_OBJECTS)] = FURTHER_OBJECTS_FIELD
    fields[vol.Required(CONF_TIME_POLICY, default=time_policy.value)] = TIME_POLICY_FIELD
    return vol.Schema(fields)
