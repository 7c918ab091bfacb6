"""Form fields of the config and options flow; those for credentials are in credential_schemas.py."""

from collections.abc import Sequence
from typing import Final

from homeassistant.const import CONF_HOST, CONF_PORT, UnitOfTime
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
)
import voluptuous as vol

from ..const import (
    AUTHENTICATION_INHERITED,
    AUTHENTICATION_NONE,
    AUTHENTICATIONS,
    CONF_AUTHENTICATION,
    CONF_CLIENT_WPORT,
    CONF_EXPECTED_INTERVAL,
    CONF_INTERVAL,
    CONF_LISTEN_ADDRESS,
    CONF_LISTEN_PORT,
    CONF_LOG_INTERVAL,
    CONF_NOTIFICATION_SOURCES,
    CONF_NOTIFICATIONS,
    CONF_OBJECTS,
    CONF_PAUSE,
    CONF_PRESET,
    CONF_REFERENCING,
    CONF_RESPONSE_TIMEOUT,
    CONF_SERVER_WPORT,
    CONF_STATE_PAUSE,
    CONF_STAY_CONNECTED,
    CONF_TIME_POLICY,
    CONF_TRANSPORT,
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
    PRESET_GENERIC,
    TRANSPORT_CALL,
)
from ..dlms import DEFAULT_PORT, MAX_PORT, MAX_WPORT, Referencing, TimePolicy, TransportProtocol
from ..meter.meter_time import TIME_POLICIES
from ..meter.presets import PRESETS
from .credential_schemas import SECTION_ADVANCED, TIMEOUT

CONF_FURTHER_OBJECTS: Final = "further_objects"
CONF_READ_OBJECTS: Final = "read_objects"

SEARCHABLE_FROM: Final = 25
"""Objects; from here on a searchable list replaces the check boxes."""


def _number(minimum: int, maximum: int, unit: str | None = None) -> object:
    config = NumberSelectorConfig(min=minimum, max=maximum, step=1, mode=NumberSelectorMode.BOX)
    if unit is not None:
        config["unit_of_measurement"] = unit
    # The selector alone would give a float.
    return vol.All(NumberSelector(config), vol.Coerce(int))


_PORT = _number(1, MAX_PORT)
_WPORT = _number(0, MAX_WPORT)
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
_REFERENCING = SelectSelector(
    SelectSelectorConfig(
        options=[referencing.value for referencing in Referencing],
        translation_key=CONF_REFERENCING,
        mode=SelectSelectorMode.DROPDOWN,
    )
)
_TIME_POLICY = SelectSelector(
    SelectSelectorConfig(
        options=[policy.value for policy in TIME_POLICIES],
        translation_key=CONF_TIME_POLICY,
        mode=SelectSelectorMode.DROPDOWN,
    )
)


_NOTIFICATIONS = SelectSelector(
    SelectSelectorConfig(
        options=list(NOTIFICATIONS), translation_key=CONF_NOTIFICATIONS, mode=SelectSelectorMode.DROPDOWN
    )
)


def _authentication(*kinds: str) -> SelectSelector:
    return SelectSelector(
        SelectSelectorConfig(options=list(kinds), translation_key=CONF_AUTHENTICATION, mode=SelectSelectorMode.LIST)
    )


def connection_schema(*, with_timeout: bool) -> vol.Schema:
    """Return the connection form; empty wPorts take the preset's."""
    fields: dict[vol.Marker, object] = {
        vol.Optional(CONF_HOST): TextSelector(),
        vol.Required(CONF_PORT, default=DEFAULT_PORT): _PORT,
        vol.Required(CONF_PRESET, default=PRESET_GENERIC): _PRESET,
        vol.Optional(CONF_CLIENT_WPORT): _WPORT,
        vol.Optional(CONF_SERVER_WPORT): _WPORT,
        vol.Required(CONF_AUTHENTICATION, default=AUTHENTICATION_NONE): _authentication(*AUTHENTICATIONS),
    }
    ways: dict[vol.Marker, object] = {
        vol.Required(CONF_TRANSPORT, default=TransportProtocol.TCP.value): _TRANSPORT,
        vol.Required(CONF_REFERENCING, default=Referencing.AUTOMATIC.value): _REFERENCING,
    }
    fields[vol.Optional(SECTION_ADVANCED)] = _advanced(ways, with_timeout=with_timeout)
    return vol.Schema(fields)


def discovery_schema(*, with_parent: bool) -> vol.Schema:
    """Return the form for a discovered logical device; `with_parent` offers its entry's credentials."""
    kinds = [AUTHENTICATION_INHERITED, *AUTHENTICATIONS] if with_parent else AUTHENTICATIONS
    return vol.Schema(
        {
            vol.Required(CONF_AUTHENTICATION, default=kinds[0]): _authentication(*kinds),
            vol.Optional(SECTION_ADVANCED): _advanced({vol.Optional(CONF_CLIENT_WPORT): _WPORT}),
        }
    )


def _advanced(first: dict[vol.Marker, object], *, with_timeout: bool = True) -> section:
    """Return the collapsed section, usually with the response timeout."""
    timeout: dict[vol.Marker, object] = {vol.Required(CONF_RESPONSE_TIMEOUT, default=DEFAULT_RESPONSE_TIMEOUT): TIMEOUT}
    return section(vol.Schema(first | (timeout if with_timeout else {})), {"collapsed": True})


_FURTHER_OBJECTS: Final = TextSelector(TextSelectorConfig(multiple=True))


def _objects(choices: Sequence[SelectOptionDict]) -> SelectSelector:
    mode = SelectSelectorMode.LIST if len(choices) < SEARCHABLE_FROM else SelectSelectorMode.DROPDOWN
    return SelectSelector(SelectSelectorConfig(options=list(choices), multiple=True, mode=mode))


def objects_schema(
    choices: Sequence[SelectOptionDict],
    ticked: Sequence[str],
    *,
    with_further_objects: bool,
    time_policy: TimePolicy = TimePolicy.STANDARD,
) -> vol.Schema:
    """Return the form that chooses objects, and how times are read; ``time_policy`` is the proposal."""
    fields: dict[vol.Marker, object] = {vol.Required(CONF_OBJECTS, default=list(ticked)): _objects(choices)}
    if with_further_objects:
        fields[vol.Optional(CONF_FURTHER_OBJECTS)] = _FURTHER_OBJECTS
    fields[vol.Required(CONF_TIME_POLICY, default=time_policy.value)] = _TIME_POLICY
    return vol.Schema(fields)


def options_schema(choices: Sequence[SelectOptionDict], *, with_logs: bool) -> vol.Schema:
    """Return the options form; ``with_logs``: of a meter that has event logs or alarm registers."""
    logs: dict[vol.Marker, object] = {
        vol.Optional(CONF_LOG_INTERVAL, default=DEFAULT_LOG_INTERVAL): _number(0, MAX_LOG_INTERVAL, UnitOfTime.MINUTES)
    }
    return vol.Schema(
        {
            # Less than the minimum is an error of the form, which names it; that of the selector does not.
            vol.Required(CONF_INTERVAL): _number(1, MAX_INTERVAL, UnitOfTime.SECONDS),
            vol.Required(CONF_OBJECTS): _objects(choices),
            vol.Optional(CONF_READ_OBJECTS, default=False): BooleanSelector(),
            vol.Optional(CONF_FURTHER_OBJECTS): _FURTHER_OBJECTS,
            vol.Required(CONF_STAY_CONNECTED): BooleanSelector(),
            vol.Required(CONF_PAUSE, default=DEFAULT_PAUSE): _number(DEFAULT_PAUSE, MAX_PAUSE, UnitOfTime.SECONDS),
            vol.Required(CONF_RESPONSE_TIMEOUT): TIMEOUT,
            vol.Optional(CONF_TIME_POLICY): _TIME_POLICY,
            vol.Optional(CONF_NOTIFICATIONS, default=NOTIFICATIONS_OFF): _NOTIFICATIONS,
            vol.Optional(CONF_LISTEN_ADDRESS): TextSelector(),
            vol.Optional(CONF_LISTEN_PORT, default=DEFAULT_PORT): _PORT,
            vol.Optional(CONF_NOTIFICATION_SOURCES): TextSelector(TextSelectorConfig(multiple=True)),
            vol.Optional(CONF_STATE_PAUSE, default=DEFAULT_STATE_PAUSE): _number(
                0, MAX_STATE_PAUSE, UnitOfTime.SECONDS
            ),
            vol.Optional(CONF_EXPECTED_INTERVAL, default=0): _number(0, MAX_EXPECTED_INTERVAL, UnitOfTime.MINUTES),
            **(logs if with_logs else {}),
        }
    )
