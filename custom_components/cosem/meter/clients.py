"""The clients that entries of one physical device share.

All connect by the names ``open_tcp`` and ``open_udp`` of this module, which tests replace.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from ..const import (
    CONF_CLIENT_WPORT,
    CONF_PAUSE,
    CONF_RESPONSE_TIMEOUT,
    CONF_SERVER_WPORT,
    CONF_TRANSPORT,
    DEFAULT_RESPONSE_TIMEOUT,
    DOMAIN,
)
from ..dlms import (
    Connector,
    DlmsClient,
    Timing,
    Transport,
    TransportProtocol,
    WportPair,
    open_tcp,
    open_udp,
    with_datagrams,
    with_wrapper,
)
from .trace import Trace


@dataclass(slots=True, kw_only=True)
class _SharedClient:
    client: DlmsClient
    trace: Trace
    users: int = 0


type _Address = tuple[str, int, TransportProtocol]
_CLIENTS: HassKey[dict[_Address, _SharedClient]] = HassKey(f"{DOMAIN}_clients")


def timing(response_timeout: float, pause: float | None = None) -> Timing:
    """Return the deadlines for a meter that answers within so many seconds, and the pause between connections."""
    usual = Timing()
    return Timing(
        response=response_timeout,
        transfer=max(usual.transfer, response_timeout),
        block=max(usual.block, response_timeout),
        reconnect_gap=usual.reconnect_gap if pause is None else pause,
    )


def timing_of(options: Mapping[str, Any]) -> Timing:
    """Return the deadlines from an entry's options."""
    return timing(options.get(CONF_RESPONSE_TIMEOUT, DEFAULT_RESPONSE_TIMEOUT), options.get(CONF_PAUSE))


def transport_of(data: Mapping[str, Any]) -> TransportProtocol:
    """Return how an entry with these data reaches its meter."""
    return TransportProtocol(data.get(CONF_TRANSPORT, TransportProtocol.TCP))


def _address(host: str, port: int, transport: TransportProtocol) -> _Address:
    return host.strip().lower(), port, transport


def _connector(host: str, port: int, transport: TransportProtocol) -> Connector:
    async def over_tcp() -> Transport:
        return await open_tcp(host, port, Timing().connect)

    async def over_udp() -> Transport:
        return await open_udp(host, port, Timing().connect)

    return with_datagrams(over_udp) if transport is TransportProtocol.UDP else with_wrapper(over_tcp)


@callback
def get_client(
    hass: HomeAssistant, host: str, port: int, transport: TransportProtocol = TransportProtocol.TCP
) -> DlmsClient:
    """Return the client of this address for one more user, who owes an ``async_release_client``."""
    clients = hass.data.setdefault(_CLIENTS, {})
    address = _address(host, port, transport)
    if (shared := clients.get(address)) is None:
        trace = Trace(len(clients) + 1)
        client = DlmsClient(host, port, connect=_connector(host, port, transport), observer=trace)
        shared = clients[address] = _SharedClient(client=client, trace=trace)
    shared.users += 1
    return shared.client


@callback
def trace_of(hass: HomeAssistant, data: Mapping[str, Any]) -> Trace | None:
    """Return what was said to the address of an entry with these data; None if nothing was."""
    shared = hass.data.get(_CLIENTS, {}).get(_address(data[CONF_HOST], data[CONF_PORT], transport_of(data)))
    return shared.trace if shared is not None else None


@callback
def client_in_use(
    hass: HomeAssistant, host: str, port: int, transport: TransportProtocol = TransportProtocol.TCP
) -> DlmsClient | None:
    """Return the client of this address, or None without users."""
    shared = hass.data.get(_CLIENTS, {}).get(_address(host, port, transport))
    return shared.client if shared is not None and shared.users else None


async def async_release_client(hass: HomeAssistant, client: DlmsClient) -> None:
    """Count one user less; the last one closes the connection."""
    shared = next(shared for shared in hass.data[_CLIENTS].values() if shared.client is client)
    shared.users -= 1
    # The client stays: it knows how to read this meter, and how long its last connection has been closed.
    if not shared.users:
        await client.close()


@asynccontextmanager
async def async_open_client(
    hass: HomeAssistant, host: str, port: int, transport: TransportProtocol = TransportProtocol.TCP
) -> AsyncIterator[DlmsClient]:
    """Lend the client of this address."""
    client = get_client(hass, host, port, transport)
    try:
        yield client
    finally:
        await async_release_client(hass, client)


def learned_lists(hass: HomeAssistant, data: Mapping[str, Any]) -> str | None:
    """Return what was learned about lists of attributes by an entry with these data, for diagnostics."""
    client = client_in_use(hass, data[CONF_HOST], data[CONF_PORT], transport_of(data))
    pair = WportPair(data[CONF_CLIENT_WPORT], data[CONF_SERVER_WPORT])
    known = client.list_sizes.get(pair) if client is not None else None
    return None if known is None else str(known)
