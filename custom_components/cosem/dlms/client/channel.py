"""A channel: a transport and the framing that belongs to it, made together by one connector.

TCP goes with the wrapper; HDLC over TCP, or datagrams, are other pairs. Whoever talks to a meter is given a connector
and knows nothing of either part.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ..protocol.framing import Framing, WrapperFraming
from .transport import Transport


@dataclass(frozen=True, slots=True)
class Channel:
    """One open connection, not used yet. Both parts live as long as it does."""

    transport: Transport
    framing: Framing


type Connector = Callable[[], Awaitable[Channel]]
"""Opens a connection. Raises TransportError."""


def with_wrapper(connect: Callable[[], Awaitable[Transport]]) -> Connector:
    """Return the connector for a transport that carries WPDUs in a stream (IEC 62056-4-7)."""

    async def open_channel() -> Channel:
        return Channel(await connect(), WrapperFraming())

    return open_channel
