"""Where a meter has to send for its entry to hear it: our address as the meter sees it, and the ports of listeners."""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST, CONF_PORT

from ..dlms import TransportProtocol, own_address_towards
from ..meter.clients import transport_of
from .calls import async_address_towards_callers, async_call_place
from .options import address_of, port_of, transports_of


def listened_ports(entry: ConfigEntry) -> dict[TransportProtocol, int]:
    """Return at which port an entry listens over which transport."""
    ports = {each: port_of(entry.options) for each in transports_of(entry.options)}
    if transport_of(entry.data) is None:  # what comes with its calls is heard, too
        ports.setdefault(TransportProtocol.TCP, entry.data[CONF_PORT])
    return ports


async def async_listen_address(entry: ConfigEntry) -> str:
    """Return at which of our addresses an entry listens. Raises ListenerUnavailable."""
    if (typed := address_of(entry.options)) is not None:
        return typed
    if transport_of(entry.data) is None:
        return (await async_call_place(entry.data)).address
    return await own_address_towards(entry.data[CONF_HOST], entry.data[CONF_PORT])


async def async_own_address(entry: ConfigEntry) -> str:
    """Return the same as a meter may send to. Raises ListenerUnavailable."""
    address = await async_listen_address(entry)
    return await _async_facing(entry.data) if ip_address(address.partition("%")[0]).is_unspecified else address


async def _async_facing(data: Mapping[str, Any]) -> str:
    """Return the address of the adapter that faces the meter."""
    if transport_of(data) is None:
        return await async_address_towards_callers(data)
    return await own_address_towards(data[CONF_HOST], data[CONF_PORT])
