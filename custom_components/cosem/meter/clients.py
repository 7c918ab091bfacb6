"""The clients that entries of one physical device share.

All connect by the name ``open_tcp`` of this module, which tests replace.
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
    CONF_RESPONSE_TIMEOUT,
    CONF_SERVER_WPORT,
    DEFAULT_RESPONSE_TIMEOUT,
    DOMAIN,
)
from ..dlms import DlmsClient, Timing, Transport, WportPair, open_tcp, with_wrapper
from .trace import Trace


@dataclass(slots=True, kw_only=True)
class _SharedClient:
    client: DlmsClient
    trace: Trace
    users: int = 0


_CLIENTS: HassKey[dict[tuple[str, int], _SharedClient]] = HassKey(f"{DOMAIN}_clients")


def timing(response_timeout: float) -> Timing:
    """Return the deadlines for a meter that answers within so many seconds."""
    usual = Timing()
    return Timing(
        response=response_timeout,
        transfer=max(usual.transfer, response_timeout),
        block=max(usual.block, response_timeout),
    )


def timing_of(options: Mapping[str, Any]) -> Timing:
    """Return the deadlines from an entry's options."""
    return timing(options.get(CONF_RESPONSE_TIMEOUT, DEFAULT_RESPONSE_TIMEOUT))


def _address(host: str, port: int) -> tuple[str, int]:
    return host.strip().lower(), port


@callback
def get_client(hass: HomeAssistant, host: str, port: int) -> DlmsClient:
    """Return the client of this address for one more user, who owes an ``async_release_client``."""
    clients = hass.data.setdefault(_CLIENTS, {})
    address = _address(host, port)
    if (shared := clients.get(address)) is None:

        async def connect() -> Transport:
            return await open_tcp(host, port, Timing().connect)

        trace = Trace(len(clients) + 1)
        client = DlmsClient(host, port, connect=with_wrapper(connect), observer=trace)
        shared = clients[address] = _SharedClient(client=client, trace=trace)
    shared.users += 1
    return shared.client


@callback
def trace_of(hass: HomeAssistant, host: str, port: int) -> Trace | None:
    """Return what was said to this address; None if nothing was."""
    shared = hass.data.get(_CLIENTS, {}).get(_address(host, port))
    return shared.trace if shared is not None else None


@callback
def client_in_use(hass: HomeAssistant, host: str, port: int) -> DlmsClient | None:
    """Return the client of this address, or None without users."""
    shared = hass.data.get(_CLIENTS, {}).get(_address(host, port))
    return shared.client if shared is not None and shared.users else None


async def async_release_client(hass: HomeAssistant, client: DlmsClient) -> None:
    """Count one user less; the last one closes the connection."""
    shared = next(shared for shared in hass.data[_CLIENTS].values() if shared.client is client)
    shared.users -= 1
    # The client stays: it knows how to read this meter, and how long its last connection has been closed.
    if not shared.users:
        await client.close()


@asynccontextmanager
async def async_open_client(hass: HomeAssistant, host: str, port: int) -> AsyncIterator[DlmsClient]:
    """Lend the client of this address."""
    client = get_client(hass, host, port)
    try:
        yield client
    finally:
        await async_release_client(hass, client)


def learned_lists(hass: HomeAssistant, data: Mapping[str, Any]) -> str | None:
    """Return what was learned about lists of attributes by an entry with these data, for diagnostics."""
    client = client_in_use(hass, data[CONF_HOST], data[CONF_PORT])
    pair = WportPair(data[CONF_CLIENT_WPORT], data[CONF_SERVER_WPORT])
    known = client.list_sizes.get(pair) if client is not None else None
    return None if known is None else str(known)
