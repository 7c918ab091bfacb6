"""The transport over UDP: one WPDU a datagram, from and to one address only.

IEC 62056-9-7:2013, 7: UDP-DATA. Nothing tells that a datagram got lost, so the deadlines are the caller's.
"""

import asyncio
from collections import deque
import socket
from typing import Final, override

from ..errors import ConnectFailed, ConnectFailure, ConnectionLost, ConnectTimeout, TransportError
from .transport import Transport

_MOST_WAITING: Final = 256
"""Datagrams that nobody has taken yet; later ones get lost."""


class UdpTransport(asyncio.DatagramProtocol):
    """A socket that is connected: the operating system leaves out what others send (fault F25)."""

    def __init__(self) -> None:
        self._waiting: deque[bytes] = deque()
        self._arrived = asyncio.Event()
        self._error: TransportError | None = None
        self._transport: asyncio.DatagramTransport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the socket."""
        assert isinstance(transport, asyncio.DatagramTransport)  # of a datagram endpoint
        self._transport = transport

    @override
    def datagram_received(self, data: bytes, addr: object) -> None:
        """Take a datagram."""
        if data and len(self._waiting) < _MOST_WAITING:
            self._waiting.append(data)
            self._arrived.set()

    @override
    def error_received(self, exc: Exception) -> None:
        """Take what the network says of a datagram of ours."""
        # Nobody listens there (ICMP port unreachable), or there is no way.
        is_refused = isinstance(exc, ConnectionRefusedError)
        failure = ConnectFailure.REFUSED if is_refused else ConnectFailure.UNREACHABLE
        self._end(ConnectFailed(failure, getattr(exc, "strerror", None) or str(exc)))

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Take the end of the socket."""
        self._end(ConnectionLost(reset=exc is not None))

    def _end(self, error: TransportError) -> None:
        self._error = self._error or error
        self._arrived.set()

    async def send(self, octets: bytes) -> None:
        """Send one datagram; it may get lost."""
        if self._error is not None:
            raise self._error
        assert self._transport is not None  # open_udp() returns after connection_made()
        self._transport.sendto(octets)

    async def receive(self) -> bytes:
        """Return one datagram. Raises ConnectFailed, ConnectionLost."""
        while not self._waiting:
            if self._error is not None:
                raise self._error
            self._arrived.clear()
            await self._arrived.wait()
        return self._waiting.popleft()

    async def close(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.close()


async def open_udp(host: str, port: int, timeout: float) -> Transport:
    """Open a socket to a host name or address within ``timeout`` seconds; nothing is sent yet.

    Names are resolved anew, IPv4 and IPv6. Raises ConnectFailed, ConnectTimeout.
    """
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(timeout):
            _transport, protocol = await loop.create_datagram_endpoint(UdpTransport, remote_addr=(host, port))
    except TimeoutError as error:
        raise ConnectTimeout(timeout) from error
    except (socket.gaierror, UnicodeError) as error:
        detail = getattr(error, "strerror", None) or str(error)
        raise ConnectFailed(ConnectFailure.NAME_NOT_RESOLVED, detail) from error
    except OSError as error:
        raise ConnectFailed(ConnectFailure.UNREACHABLE, error.strerror or str(error)) from error
    except (OverflowError, ValueError) as error:
        raise ConnectFailed(ConnectFailure.OTHER, str(error)) from error
    return protocol
