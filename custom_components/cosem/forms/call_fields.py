"""The fields of the form about a meter that calls: checked, and as they are kept."""

from collections.abc import Mapping
from ipaddress import ip_network
from typing import Any, Final

from homeassistant.const import UnitOfTime
from homeassistant.helpers.selector import (
    TextSelector,
    TextSelectorConfig,
)
import voluptuous as vol

from ..const import (
    CONF_CALL_SOURCES,
    CONF_CALL_WITHIN,
    CONF_LISTEN_ADDRESS,
    DEFAULT_CALL_WITHIN,
    MAX_CALL_WITHIN,
)
from ..push.options import is_address, odd_source
from .number_field import number_field

_MIN_CALL_WITHIN: Final = 60


def call_schema() -> vol.Schema:
    """Return the form."""
    seconds = number_field(_MIN_CALL_WITHIN, MAX_CALL_WITHIN, UnitOfTime.SECONDS)
    return vol.Schema(
        {
            vol.Optional(CONF_CALL_SOURCES): TextSelector(TextSelectorConfig(multiple=True)),
            vol.Optional(CONF_LISTEN_ADDRESS): TextSelector(),
            vol.Required(CONF_CALL_WITHIN, default=DEFAULT_CALL_WITHIN): seconds,
        }
    )


def call_data(typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is kept in an entry's data."""
    sources = [source.strip() for source in typed.get(CONF_CALL_SOURCES, ()) if source.strip()]
    address = typed.get(CONF_LISTEN_ADDRESS, "").strip()
    found: dict[str, Any] = {CONF_CALL_SOURCES: sources, CONF_CALL_WITHIN: typed[CONF_CALL_WITHIN]}
    return found | ({CONF_LISTEN_ADDRESS: address} if address else {})


def call_fault(typed: Mapping[str, Any], *, needs_sources: bool) -> tuple[dict[str, str], dict[str, str]]:
    """Return the error of the field that is wrong, and its words. ``needs_sources``: a password is to be sent."""
    found = call_data(typed)
    sources = found[CONF_CALL_SOURCES]
    if (odd := odd_source(sources)) is not None:
        return {CONF_CALL_SOURCES: "invalid_notification_sources"}, {"source": odd[:40]}
    named = [source for source in sources if ip_network(source, strict=False).prefixlen]
    if len(named) < len(sources) or (needs_sources and not named):
        return {CONF_CALL_SOURCES: "call_sources_needed"}, {}  # all addresses there are tell nobody apart
    if not is_address(found.get(CONF_LISTEN_ADDRESS, "::")):
        return {CONF_LISTEN_ADDRESS: "invalid_listen_address"}, {}
    return {}, {}
