"""Transports, and the one over TCP.

IEC 62056-9-7:2013, 7: connect is TCP-CONNECT, end of stream TCP-DISCONNECT, reset and keep-alive failure TCP-ABORT.
"""

import asyncio
from collections.abc import Mapping, Sequence
import errno
import socket
from typing import Final, Protocol

from ..errors import ConnectFailed, ConnectFailure, ConnectionLost, ConnectTimeout

READ_SIZE: Final = 16_384
"""Octets. One read is taken in without a pause."""

KEEP_ALIVE: Final = (
    ("TCP_KEEPIDLE", 60),
    ("TCP_KEEPALIVE", 60),  # what macOS calls the idle time
    ("TCP_KEEPINTVL", 10),
    ("TCP_KEEPCNT", 3),
)
"""Seconds, and probes: a half-open connection is noticed within 90 s of silence (fault F10)."""

_HAPPY_EYEBALLS_DELAY: Final = 0.25
_CLOSE_TIMEOUT: Final = 1.0
"""Seconds for the send buffer; then a reset."""

_UNREACHABLE: Final = frozenset(
    {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN, errno.ETIMEDOUT}
)

_WORDS: Final[Mapping[int, str]] = {
    errno.ENETUNREACH: "no way to that network",
    errno.ENETDOWN: "the network is down",
    errno.EHOSTUNREACH: "no way to that host",
    errno.EHOSTDOWN: "the host is down",
    errno.ETIMEDOUT: "no answer",
    errno.EACCES: "not permitted",
    errno.EPERM: "not permitted, perhaps by a firewall",
    errno.EADDRNOTAVAIL: "this computer has no address to send from",
    errno.EMSGSIZE: "a message is too long for the network",
    errno.EMFILE: "too many connections and files are open",
    errno.ENFILE: "too many connections and files are open",
}


class Transport(Protocol):
    """A way to the meter. Methods raise TransportErrors only."""

    async def send(self, octets: bytes) -> None:
        """Hand all octets over, in the order of calls; they may still get lost."""

    async def receive(self) -> bytes:
        """Return at least one octet, or b"" at the orderly end. Raises ConnectionLost."""

    async def close(self) -> None:
        """Close; bounded in time, may be called again, never raises."""


class TcpTransport:
    """A TCP connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        tcp = writer.get_extra_info("socket")
        tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _keep_alive(tcp)

    async def send(self, octets: bytes) -> None:
        """Write, then wait while the peer is slow."""
        try:
            self._writer.write(octets)
            await self._writer.drain()
        except OSError as error:
            raise ConnectionLost(reset=True) from error

    async def receive(self) -> bytes:
        """Return what has arrived."""
        try:
            return await self._reader.read(READ_SIZE)
        except OSError as error:
            raise ConnectionLost(reset=True) from error

    async def close(self) -> None:
        """Close within a second, else reset."""
        self._writer.close()
        try:
            async with asyncio.timeout(_CLOSE_TIMEOUT):
                await self._writer.wait_closed()
        except OSError:  # a reset is an end as well, and so is the deadline
            pass
        finally:
            self._writer.transport.abort()


class ResetTransport:
    """A TCP connection that was accepted, and reset before it could be used: as one that is reset a moment later."""

    async def send(self, octets: bytes) -> None:
        """There is nobody any more."""
        raise ConnectionLost(reset=True)

    async def receive(self) -> bytes:
        """Likewise."""
        raise ConnectionLost(reset=True)

    async def close(self) -> None:
        """It is closed."""


def _keep_alive(tcp: socket.socket) -> None:
    tcp.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEP_ALIVE:
        option = getattr(socket, name, None)
        if isinstance(option, int):  # not every platform lets us choose
            tcp.setsockopt(socket.IPPROTO_TCP, option, value)


async def open_tcp(host: str, port: int, timeout: float) -> Transport:
    """Connect to a host name or address within ``timeout`` seconds, name resolution included.

    Names are resolved anew; IPv4 and IPv6 are interleaved (RFC 8305). Raises ConnectFailed, ConnectTimeout.
    """
    try:
        async with asyncio.timeout(timeout):
            reader, writer = await asyncio.open_connection(
                host, port, happy_eyeballs_delay=_HAPPY_EYEBALLS_DELAY, all_errors=True
            )
    except TimeoutError as error:
        raise ConnectTimeout(timeout) from error
    except (socket.gaierror, UnicodeError) as error:
        detail = getattr(error, "strerror", None) or str(error)
        raise ConnectFailed(ConnectFailure.NAME_NOT_RESOLVED, detail) from error
    except ExceptionGroup as group:
        return _reset_or_failed([error for error in group.exceptions if isinstance(error, OSError)], group)
    except OSError as error:
        return _reset_or_failed([error], error)
    except (OverflowError, ValueError) as error:
        raise ConnectFailed(ConnectFailure.OTHER, str(error)) from error
    return TcpTransport(reader, writer)


def _reset_or_failed(errors: Sequence[OSError], cause: Exception) -> Transport:
    """Return the connection of a device that hangs up at once, as one does that serves another program.

    Whether the reset comes before or after we look at the new connection is chance. Raises ConnectFailed for the rest.
    """
    if any(isinstance(error, (ConnectionResetError, ConnectionAbortedError)) for error in errors):
        return ResetTransport()
    raise connect_failed(errors) from cause


async def resolve(host: str, port: int, timeout: float) -> list[str]:
    """Return the addresses of a host within ``timeout`` seconds. Raises ConnectFailed, ConnectTimeout."""
    try:
        async with asyncio.timeout(timeout):
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except TimeoutError as error:
        raise ConnectTimeout(timeout) from error
    except (OSError, UnicodeError) as error:
        detail = getattr(error, "strerror", None) or str(error)
        raise ConnectFailed(ConnectFailure.NAME_NOT_RESOLVED, detail) from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def connect_failed(errors: Sequence[OSError]) -> ConnectFailed:
    """Return what the operating system's errors mean, one for each address that was tried."""
    if any(isinstance(error, ConnectionRefusedError) for error in errors):
        return ConnectFailed(ConnectFailure.REFUSED)
    is_unreachable = any(error.errno in _UNREACHABLE for error in errors)
    detail = "; ".join(dict.fromkeys(_in_words(error) for error in errors))
    return ConnectFailed(ConnectFailure.UNREACHABLE if is_unreachable else ConnectFailure.OTHER, detail)


def _in_words(error: OSError) -> str:
    # asyncio puts a text of its own, with an address as Python writes it, in the place of the operating system's.
    if error.errno is None:
        return "the name has no address"
    return _WORDS.get(error.errno) or f"error {errno.errorcode.get(error.errno, error.errno)}"
