"""The clients that entries of one physical device share.

All connect by the names ``open_tcp`` and ``open_udp`` of this module, which tests replace; so they do with ``resolve``.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

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
    TRANSPORT_CALL,
)
from ..dlms import (
    AwaitedCalls,
    Connector,
    DlmsClient,
    Timing,
    Transport,
    TransportProtocol,
    WportPair,
    open_tcp,
    open_udp,
    resolve,
    with_datagrams,
    with_wrapper,
)
from .trace import Trace


@dataclass(slots=True, kw_only=True)
class _SharedClient:
    client: DlmsClient
    trace: Trace
    calls: AwaitedCalls | None = None
    """How the meter is reached where it calls us."""
    users: int = 0
    is_obsolete: bool = False
    """Whether its entry was removed: nobody comes back for what it has learned."""


type Reach = TransportProtocol | None
"""How a meter is reached; None: it calls us."""

type Address = tuple[str, int, Reach]


class _Clients(dict[Address, _SharedClient]):
    """By address, the last one used at the end."""

    made = 0
    """How many there ever were."""


_CLIENTS: HassKey[_Clients] = HassKey(f"{DOMAIN}_clients")

_SPARE: Final = 4
"""Clients of addresses without an entry that stay when nobody uses them: forms come back for what one has learned."""


def _clients(hass: HomeAssistant) -> _Clients:
    return hass.data.setdefault(_CLIENTS, _Clients())


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


def transport_of(data: Mapping[str, Any]) -> Reach:
    """Return how an entry with these data reaches its meter; None: the meter calls us."""
    return reach_of(data.get(CONF_TRANSPORT, TransportProtocol.TCP))


def reach_of(text: str) -> Reach:
    """Return what the name of a way means. Raises ValueError."""
    return None if text == TRANSPORT_CALL else TransportProtocol(text)


def _address(host: str, port: int, transport: Reach) -> Address:
    return host.strip().lower(), port, transport


def device_address(data: Mapping[str, Any]) -> Address:
    """Return what the entries of one physical device have in common."""
    return _address(data[CONF_HOST], data[CONF_PORT], transport_of(data))


def connector_to(host: str, port: int, transport: TransportProtocol) -> Connector:
    """Return what connects to an address: for its client, or past it while that is reserved."""
    silent: set[str] = set()

    async def over_tcp() -> Transport:
        return await open_tcp(host, port, Timing().connect)

    async def over_udp() -> Transport:
        return await open_udp(host, port, Timing().connect, silent)

    return with_datagrams(over_udp) if transport is TransportProtocol.UDP else with_wrapper(over_tcp)


async def async_addresses(host: str, port: int) -> list[str]:
    """Return the addresses of a host. Raises ConnectFailed, ConnectTimeout."""
    return await resolve(host, port, Timing().connect)


def _new_client(host: str, port: int, transport: Reach, trace: Trace) -> _SharedClient:
    if transport is None:
        calls = AwaitedCalls(trace)
        client = DlmsClient(host, port, connect=calls.connect, observer=trace)
        return _SharedClient(client=client, trace=trace, calls=calls)
    client = DlmsClient(host, port, connect=connector_to(host, port, transport), observer=trace)
    return _SharedClient(client=client, trace=trace)


@callback
def get_client(hass: HomeAssistant, host: str, port: int, transport: Reach = TransportProtocol.TCP) -> DlmsClient:
    """Return the client of this address for one more user, who owes an ``async_release_client``."""
    clients = _clients(hass)
    address = _address(host, port, transport)
    if (shared := clients.pop(address, None)) is None:
        clients.made += 1
        trace = Trace(clients.made)
        shared = _new_client(host, port, transport, trace)
    clients[address] = shared  # behind the others
    shared.is_obsolete = False
    shared.users += 1
    return shared.client


@callback
def calls_of(hass: HomeAssistant, client: DlmsClient) -> AwaitedCalls | None:
    """Return the calls that a client waits for; None where it connects itself."""
    return next((shared.calls for shared in _clients(hass).values() if shared.client is client), None)


@callback
def trace_by(hass: HomeAssistant, client: DlmsClient) -> Trace:
    """Return what is said by a client that is lent."""
    return next(shared.trace for shared in _clients(hass).values() if shared.client is client)


@callback
def trace_of(hass: HomeAssistant, data: Mapping[str, Any]) -> Trace | None:
    """Return what was said to the address of an entry with these data; None if nothing was."""
    shared = _clients(hass).get(device_address(data))
    return shared.trace if shared is not None else None


@callback
def client_in_use(
    hass: HomeAssistant, host: str, port: int, transport: Reach = TransportProtocol.TCP
) -> DlmsClient | None:
    """Return the client of this address, or None without users."""
    shared = _clients(hass).get(_address(host, port, transport))
    return shared.client if shared is not None and shared.users else None


async def async_release_client(hass: HomeAssistant, client: DlmsClient) -> None:
    """Count one user less; the last one closes the connection."""
    shared = next(shared for shared in _clients(hass).values() if shared.client is client)
    shared.users -= 1
    if not shared.users:
        await client.close()
        # An entry's client stays: it knows how to read its meter, and how long its last connection has been closed.
        _drop_unused(hass)


@callback
def forget_client(hass: HomeAssistant, data: Mapping[str, Any]) -> None:
    """Drop the client of an entry that was removed, as soon as it is free, unless another entry has its address."""
    shared = _clients(hass).get(device_address(data))
    if shared is not None and not is_of_an_entry(hass, data):
        shared.is_obsolete = True
        _drop_unused(hass)


@callback
def _drop_unused(hass: HomeAssistant) -> None:
    """Drop clients that nobody uses and no entry needs, with what they heard; all but the last ones."""
    clients, needed = _clients(hass), _addresses_of_entries(hass)
    unused = {address: shared for address, shared in clients.items() if not shared.users and address not in needed}
    spare = [address for address, shared in unused.items() if not shared.is_obsolete][-_SPARE:]
    for address in unused.keys() - spare:
        del clients[address]


def is_of_an_entry(hass: HomeAssistant, data: Mapping[str, Any]) -> bool:
    """Whether there is an entry with the address of these data."""
    return device_address(data) in _addresses_of_entries(hass)


def _addresses_of_entries(hass: HomeAssistant) -> set[Address]:
    # An ignored discovery is an entry without data.
    return {
        device_address(entry.data) for entry in hass.config_entries.async_entries(DOMAIN) if CONF_HOST in entry.data
    }


@asynccontextmanager
async def async_open_client(
    hass: HomeAssistant, host: str, port: int, transport: Reach = TransportProtocol.TCP
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
