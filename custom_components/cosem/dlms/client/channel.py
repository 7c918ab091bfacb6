"""A transport and its framing, made together by one connector. TCP goes with the wrapper."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

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
