"""How a meter is reached, and how forms about it are read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST, CONF_PORT

from ..const import (
    AUTHENTICATION_NONE,
    CALL_DATA,
    CONF_AUTHENTICATION,
    CONF_CLIENT_WPORT,
    CONF_PRESET,
    CONF_REFERENCING,
    CONF_RESPONSE_TIMEOUT,
    CONF_SERVER_WPORT,
    CONF_TRANSPORT,
    DEFAULT_RESPONSE_TIMEOUT,
    TRANSPORT_CALL,
)
from ..dlms import Referencing, TransportProtocol
from ..meter.clients import Reach, transport_of
from ..meter.credentials import credentials_of
from ..meter.presets import preset_of
from .credential_schemas import SECTION_ADVANCED

_CONNECTION: Final = (
    CONF_HOST,
    CONF_PORT,
    CONF_PRESET,
    CONF_CLIENT_WPORT,
    CONF_SERVER_WPORT,
    CONF_AUTHENTICATION,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionFacts:
    """A connection and its credentials."""

    host: str
    port: int
    preset: str
    client_wport: int
    server_wport: int
    authentication: str
    credentials: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """Data that depends on `authentication`. Holds secrets."""
    response_timeout: int = DEFAULT_RESPONSE_TIMEOUT
    referencing: str = Referencing.AUTOMATIC.value
    transport: Reach = TransportProtocol.TCP
    call: Mapping[str, Any] | None = None
    """What was said of a meter's calls, by the names of an entry's data; None: not asked yet."""

    @classmethod
    def of_entry(cls, entry: ConfigEntry) -> Self:
        """Return what an entry holds."""
        return cls(
            **{key: entry.data[key] for key in _CONNECTION},
            credentials=credentials_of(entry.data),
            response_timeout=entry.options.get(CONF_RESPONSE_TIMEOUT, DEFAULT_RESPONSE_TIMEOUT),
            referencing=entry.data.get(CONF_REFERENCING, Referencing.AUTOMATIC.value),
            transport=transport_of(entry.data),
            call=call_data_of(entry.data),
        )

    @property
    def address(self) -> tuple[str, int, Reach]:
        """Where the meter is."""
        return self.host, self.port, self.transport

    @property
    def is_authenticated(self) -> bool:
        """Whether the meter asks for credentials."""
        return self.authentication != AUTHENTICATION_NONE

    def connection_data(self) -> dict[str, Any]:
        """Return the data without credentials; what is usual is not mentioned, as in older entries."""
        chosen = {} if self.referencing == Referencing.AUTOMATIC else {CONF_REFERENCING: self.referencing}
        if self.transport is not TransportProtocol.TCP:
            chosen[CONF_TRANSPORT] = TRANSPORT_CALL if self.transport is None else self.transport.value
        return {key: getattr(self, key) for key in _CONNECTION} | chosen | dict(self.call or {})

    def entry_data(self) -> dict[str, Any]:
        """Return the data of an entry."""
        return {**self.connection_data(), **self.credentials}


def in_the_open(typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the first form as the others have it: in its section is only what theirs has there."""
    known = dict(typed.get(SECTION_ADVANCED, {}))
    opened = {key: known.pop(key) for key in _CONNECTION if key in known}
    return {key: value for key, value in typed.items() if key != SECTION_ADVANCED} | opened | {SECTION_ADVANCED: known}


def call_data_of(data: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what an entry's data say of a meter's calls; None where it does not call."""
    return {key: data[key] for key in CALL_DATA if key in data} if transport_of(data) is None else None


def is_called(typed: Mapping[str, Any], before: ConnectionFacts | None) -> bool:
    """Whether a form says that the meter calls."""
    return _reach(typed, before) is None


def _reach(typed: Mapping[str, Any], before: ConnectionFacts | None) -> Reach:
    advanced = typed.get(SECTION_ADVANCED, {})
    if before is None or CONF_TRANSPORT in advanced:
        return transport_of(advanced)
    return before.transport


def read_host(typed: str) -> str | None:
    """Return a bare host; None for anything else, such as a name with a port."""
    host = typed.strip().removeprefix("[").removesuffix("]")
    is_wrong = not host or any(character.isspace() or character in "/@[]" for character in host) or host.count(":") == 1
    return None if is_wrong else host


def read_connection(typed: Mapping[str, Any], host: str, before: ConnectionFacts | None) -> ConnectionFacts:
    """Return the facts of a form; the preset fills empty wPorts, `before` what is missing in its section."""
    preset = preset_of(typed[CONF_PRESET])
    authenticated = typed[CONF_AUTHENTICATION] != AUTHENTICATION_NONE
    advanced = typed.get(SECTION_ADVANCED, {})
    timeout = before.response_timeout if before is not None else DEFAULT_RESPONSE_TIMEOUT
    referencing = before.referencing if before is not None else Referencing.AUTOMATIC.value
    return ConnectionFacts(
        host=host,
        port=typed[CONF_PORT],
        preset=typed[CONF_PRESET],
        client_wport=typed.get(CONF_CLIENT_WPORT, preset.client(authenticated=authenticated)),
        server_wport=typed.get(CONF_SERVER_WPORT, preset.server),
        authentication=typed[CONF_AUTHENTICATION],
        response_timeout=advanced.get(CONF_RESPONSE_TIMEOUT, timeout),
        referencing=advanced.get(CONF_REFERENCING, referencing),
        transport=_reach(typed, before),
    )


def as_typed(facts: ConnectionFacts) -> dict[str, Any]:
    """Return the fields of a form that would give these facts."""
    typed = facts.connection_data()
    for key in CALL_DATA:
        typed.pop(key, None)
    if facts.transport is None:
        del typed[CONF_HOST]  # a name of our own
    advanced = {key: typed.pop(key) for key in (CONF_TRANSPORT, CONF_REFERENCING) if key in typed}
    if advanced:
        typed[SECTION_ADVANCED] = advanced
    preset = preset_of(facts.preset)
    # A wPort that the preset gives stays empty, so that another preset can give another one.
    if facts.client_wport == preset.client(authenticated=facts.is_authenticated):
        del typed[CONF_CLIENT_WPORT]
    if facts.server_wport == preset.server:
        del typed[CONF_SERVER_WPORT]
    return typed


def shared_facts(entry: ConfigEntry | None, host: str, port: int) -> ConnectionFacts | None:
    """Return the entry's facts if a logical device at this address may share its credentials."""
    if entry is None or (entry.data[CONF_HOST], entry.data[CONF_PORT]) != (host, port):
        return None
    facts = ConnectionFacts.of_entry(entry)
    return facts if facts.is_authenticated else None
