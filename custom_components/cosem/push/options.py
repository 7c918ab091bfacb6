"""What an entry's options say about notifications: where to listen, and where its meter sends from."""

from collections.abc import Iterable, Mapping
from ipaddress import ip_address, ip_network
from typing import Any, Final

from ..const import (
    CONF_LISTEN_ADDRESS,
    CONF_LISTEN_PORT,
    CONF_NOTIFICATION_SOURCES,
    CONF_NOTIFICATIONS,
    NOTIFICATIONS_BOTH,
    NOTIFICATIONS_OFF,
)
from ..dlms import DEFAULT_PORT, TransportProtocol
from .routing import Sources

MAX_SOURCES: Final = 16


def transports_of(options: Mapping[str, Any]) -> tuple[TransportProtocol, ...]:
    """Return over what an entry listens."""
    chosen = options.get(CONF_NOTIFICATIONS, NOTIFICATIONS_OFF)
    return tuple(each for each in TransportProtocol if chosen in {each.value, NOTIFICATIONS_BOTH})


def address_of(options: Mapping[str, Any]) -> str | None:
    """Return our address to listen at; None: that of the adapter facing the meter."""
    return options.get(CONF_LISTEN_ADDRESS) or None


def port_of(options: Mapping[str, Any]) -> int:
    """Return the port to listen at."""
    return int(options.get(CONF_LISTEN_PORT, DEFAULT_PORT))


def sources_of(options: Mapping[str, Any], hosts: Iterable[str]) -> Sources:
    """Return where the meter is expected to send from: what was typed, else its own addresses."""
    typed = options.get(CONF_NOTIFICATION_SOURCES) or filter(is_address, hosts)
    return tuple(ip_network(source.partition("%")[0], strict=False) for source in typed)


def odd_source(texts: Iterable[str]) -> str | None:
    """Return the first text that is neither an address nor a network, or one too many; None if all are good."""
    for place, text in enumerate(texts):
        try:
            ip_network(text, strict=False)
        except ValueError:
            return text
        if place >= MAX_SOURCES:
            return text
    return None


def is_address(text: str) -> bool:
    """Whether a text is an IPv4 or IPv6 address, 0.0.0.0 and :: included."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
