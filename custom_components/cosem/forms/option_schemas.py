"""The options form: the usual on top, the rest in closed sections. Options are stored without sections."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from homeassistant.const import UnitOfTime
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
)
import voluptuous as vol

from ..const import (
    CODE_TABLE_AUTOMATIC,
    CONF_ALLOW_SWITCHING,
    CONF_ALLOW_WRITING,
    CONF_CODE_TABLE,
    CONF_EXPECTED_INTERVAL,
    CONF_INTERVAL,
    CONF_LISTEN_ADDRESS,
    CONF_LISTEN_PORT,
    CONF_LOG_INTERVAL,
    CONF_NOTIFICATION_SOURCES,
    CONF_NOTIFICATION_WPORT,
    CONF_NOTIFICATIONS,
    CONF_OBJECTS,
    CONF_PAUSE,
    CONF_RESPONSE_TIMEOUT,
    CONF_SECURITY_CONFIRMATION,
    CONF_STATE_PAUSE,
    CONF_STAY_CONNECTED,
    CONF_TIME_POLICY,
    DEFAULT_LOG_INTERVAL,
    DEFAULT_PAUSE,
    DEFAULT_RESPONSE_TIMEOUT,
    DEFAULT_STATE_PAUSE,
    MAX_EXPECTED_INTERVAL,
    MAX_INTERVAL,
    MAX_LOG_INTERVAL,
    MAX_PAUSE,
    MAX_STATE_PAUSE,
    NOTIFICATIONS,
    NOTIFICATIONS_OFF,
)
from ..dlms import DEFAULT_PORT
from ..push.event_codes import CODE_TABLE_CHOICES
from .credential_schemas import TIMEOUT
from .number_field import number_field
from .schemas import (
    CONF_FURTHER_OBJECTS,
    FURTHER_OBJECTS_FIELD,
    PORT_FIELD,
    TIME_POLICY_FIELD,
    WPORT_FIELD,
    objects_field,
)

CONF_READ_OBJECTS: Final = "read_objects"
SECTION_WRITING: Final = "writing"

_NOTIFICATIONS: Final = SelectSelector(
    SelectSelectorConfig(
        options=list(NOTIFICATIONS), translation_key=CONF_NOTIFICATIONS, mode=SelectSelectorMode.DROPDOWN
    )
)

_CODE_TABLE: Final = SelectSelector(
    SelectSelectorConfig(
        options=list(CODE_TABLE_CHOICES), translation_key=CONF_CODE_TABLE, mode=SelectSelectorMode.DROPDOWN
    )
)

_CONNECTION_FIELDS: Final[Mapping[vol.Marker, object]] = {
    vol.Required(CONF_STAY_CONNECTED, default=False): BooleanSelector(),
    vol.Required(CONF_PAUSE, default=DEFAULT_PAUSE): number_field(DEFAULT_PAUSE, MAX_PAUSE, UnitOfTime.SECONDS),
    vol.Required(CONF_RESPONSE_TIMEOUT, default=DEFAULT_RESPONSE_TIMEOUT): TIMEOUT,
}

_NOTIFICATION_FIELDS: Final[Mapping[vol.Marker, object]] = {
    vol.Optional(CONF_NOTIFICATIONS, default=NOTIFICATIONS_OFF): _NOTIFICATIONS,
    vol.Optional(CONF_LISTEN_ADDRESS): TextSelector(),
    vol.Optional(CONF_LISTEN_PORT, default=DEFAULT_PORT): PORT_FIELD,
    vol.Optional(CONF_NOTIFICATION_SOURCES): TextSelector(TextSelectorConfig(multiple=True)),
    vol.Optional(CONF_NOTIFICATION_WPORT): WPORT_FIELD,
    vol.Optional(CONF_STATE_PAUSE, default=DEFAULT_STATE_PAUSE): number_field(0, MAX_STATE_PAUSE, UnitOfTime.SECONDS),
    vol.Optional(CONF_EXPECTED_INTERVAL, default=0): number_field(0, MAX_EXPECTED_INTERVAL, UnitOfTime.MINUTES),
    vol.Optional(CONF_LOG_INTERVAL, default=DEFAULT_LOG_INTERVAL): number_field(
        0, MAX_LOG_INTERVAL, UnitOfTime.MINUTES
    ),
    vol.Optional(CONF_CODE_TABLE, default=CODE_TABLE_AUTOMATIC): _CODE_TABLE,
}

_WRITING_FIELDS: Final[Mapping[vol.Marker, object]] = {
    vol.Optional(CONF_ALLOW_WRITING, default=False): BooleanSelector(),
    vol.Optional(CONF_ALLOW_SWITCHING, default=False): BooleanSelector(),
    vol.Optional(CONF_SECURITY_CONFIRMATION): TextSelector(),
}

OPTION_SECTIONS: Final[Mapping[str, Mapping[vol.Marker, object]]] = {
    "connection": _CONNECTION_FIELDS,
    "notifications_and_events": _NOTIFICATION_FIELDS,
    SECTION_WRITING: _WRITING_FIELDS,
}
"""The fields of each closed section, in their order."""


def options_schema(choices: Sequence[SelectOptionDict], *, with_logs: bool, wrong: Iterable[str] = ()) -> vol.Schema:
    """Return the options form; ``with_logs``: of a meter that has event logs or alarm registers.

    A section with a ``wrong`` field is open.
    """
    left_out = frozenset[str]() if with_logs else frozenset({CONF_LOG_INTERVAL})
    fields: dict[vol.Marker, object] = {
        # Less than the minimum is an error of the form, which names it; that of the selector does not.
        vol.Required(CONF_INTERVAL): number_field(1, MAX_INTERVAL, UnitOfTime.SECONDS),
        vol.Required(CONF_OBJECTS): objects_field(choices),
        vol.Optional(CONF_READ_OBJECTS, default=False): BooleanSelector(),
        vol.Optional(CONF_FURTHER_OBJECTS): FURTHER_OBJECTS_FIELD,
        vol.Optional(CONF_TIME_POLICY): TIME_POLICY_FIELD,
    }
    for name, inside in OPTION_SECTIONS.items():
        shown = {marker: field for marker, field in inside.items() if str(marker) not in left_out}
        is_open = any(str(marker) in wrong for marker in shown)
        fields[vol.Optional(name)] = section(vol.Schema(shown), {"collapsed": not is_open})
    return vol.Schema(fields)


def as_stored(typed: Mapping[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer of the form as options are stored; a section that it left out is as it was."""
    found = {name: value for name, value in typed.items() if name not in OPTION_SECTIONS}
    for name, inside in OPTION_SECTIONS.items():
        fields = {str(marker) for marker in inside}
        found |= {field: value for field, value in typed.get(name, stored).items() if field in fields}
    return found
