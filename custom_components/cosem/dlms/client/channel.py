"""A transport and its framing, made together by one connector. The wrapper goes over TCP and UDP."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ..protocol.datagram_framing import DatagramFraming
from ..protocol.framing import Framing, WrapperFraming
from .transport import Transport


@dataclass(frozen=True, slots=True)
class Channel:
    """An open connection, not used yet."""

    transport: Transport
    framing: Framing


type Connector = Callable[[], Awaitable[Channel]]
"""Opens a connection. Raises TransportError."""


def with_wrapper(connect: Callable[[], Awaitable[Transport]]) -> Connector:
    """Return a connector for WPDUs in a stream (IEC 62056-4-7)."""

    async def open_channel() -> Channel:
        return Channel(await connect(), WrapperFraming())

    return open_channel


def with_datagrams(connect: Callable[[], Awaitable[Transport]]) -> Connector:
    """Return a connector for WPDUs, one a datagram (IEC 62056-4-7)."""

    async def open_channel() -> Channel:
        return Channel(await connect(), DatagramFraming())

    return open_channel
