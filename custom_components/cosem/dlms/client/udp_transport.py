"""The transport over UDP: one WPDU a datagram, from and to one address only.

IEC 62056-9-7:2013, 7: UDP-DATA. Nothing tells that a datagram got lost, so the deadlines are the caller's.
A name may have several addresses, of which the meter listens on one. The first that answers is the meter's. Until then
a question that the caller repeats goes to the next one, and so does what the network says it cannot deliver: nothing is
sent twice that may not be.
"""

import asyncio
from collections import deque
from collections.abc import Iterable
import itertools
import socket
from typing import Final, override

from ..errors import ConnectFailed, ConnectFailure, ConnectionLost, ConnectTimeout, TransportError
from .transport import Transport, connect_failed

_MOST_WAITING: Final = 256
"""Datagrams that nobody has taken yet; later ones get lost."""

_MOST_ADDRESSES: Final = 4
"""Of a name."""

_SILENCE: Final = 1.0
"""Seconds after a question, from which on an address counts as silent."""

type _Place = tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]
type _Address = tuple[int, _Place]
"""Family, and where to connect to."""


class _Endpoint(asyncio.DatagramProtocol):
    """A socket that is connected: the operating system leaves out what others send (fault F25)."""

    def __init__(self, owner: UdpTransport) -> None:
        self._owner = owner
        self.address = ""
        self.transport: asyncio.DatagramTransport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.DatagramTransport)  # of a datagram endpoint
        self.transport = transport
        self.address = str(transport.get_extra_info("peername")[0])
        self._owner.opened(self)

    @override
    def datagram_received(self, data: bytes, addr: object) -> None:
        self._owner.arrived(self, data)

    @override
    def error_received(self, exc: Exception) -> None:
        # Nobody listens there (ICMP port unreachable), or there is no way.
        assert isinstance(exc, OSError)  # asyncio's promise
        self._owner.failed(self, connect_failed([exc]))

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._owner.failed(self, ConnectionLost(reset=exc is not None))

    def send(self, octets: bytes) -> None:
        assert self.transport is not None  # it is told of after connection_made()
        self.transport.sendto(octets)

    def close(self) -> None:
        if self.transport is not None:
            self.transport.close()


class UdpTransport:
    """The endpoints for the addresses of one name; one of them after the first answer.

    ``silent``: addresses that did not answer before, shared by the connections of one client; kept up to date.
    """

    def __init__(self, silent: set[str] | None = None) -> None:
        self._silent: Final = set[str]() if silent is None else silent
        self._waiting: deque[bytes] = deque()
        self._arrived = asyncio.Event()
        self._error: TransportError | None = None
        self._endpoints: list[_Endpoint] = []
        """The one in use is the first."""
        self._question: bytes | None = None
        """All that was sent so far, perhaps more than once, while nothing has answered."""
        self._asked_at = 0.0
        self._is_settled = self._is_closed = False

    def opened(self, endpoint: _Endpoint) -> None:
        """Take an endpoint."""
        self._endpoints.append(endpoint)

    def arrived(self, endpoint: _Endpoint, data: bytes) -> None:
        """Take a datagram; who sends the first one is the meter."""
        if not data or (self._is_settled and endpoint not in self._endpoints):
            return
        if not self._is_settled:
            self._silent.discard(endpoint.address)
            self._settle(endpoint)
        if len(self._waiting) < _MOST_WAITING:
            self._waiting.append(data)
            self._arrived.set()

    def failed(self, endpoint: _Endpoint, error: TransportError) -> None:
        """Take what the network says of a datagram, or the end of a socket."""
        if endpoint not in self._endpoints:
            return
        if self._is_closed or len(self._endpoints) == 1:
            self._error = self._error or error
            self._arrived.set()
            return
        was_in_use = endpoint is self._endpoints[0]
        self._endpoints.remove(endpoint)
        self._silent.add(endpoint.address)
        endpoint.close()
        if was_in_use and self._question is not None:
            self._endpoints[0].send(self._question)  # it was not delivered

    async def send(self, octets: bytes) -> None:
        """Send one datagram; it may get lost."""
        if self._error is not None:
            raise self._error
        if not self._is_settled:
            self._choose(octets)
        self._endpoints[0].send(octets)

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
        waited = asyncio.get_running_loop().time() - self._asked_at
        if self._question is not None and not self._is_settled and not self._is_closed and waited >= _SILENCE:
            self._silent.add(self._endpoints[0].address)
        self._is_closed = True
        for endpoint in self._endpoints:
            endpoint.close()

    def _choose(self, octets: bytes) -> None:
        """Take the next address for a question that was asked before, and has no answer."""
        if self._question is None:
            self._question, self._asked_at = octets, asyncio.get_running_loop().time()
        elif octets != self._question:
            self._settle(self._endpoints[0])  # who sends more without an answer waits for none
        elif len(self._endpoints) > 1:
            self._silent.add(self._endpoints[0].address)
            self._endpoints.append(self._endpoints.pop(0))

    def _settle(self, endpoint: _Endpoint) -> None:
        self._is_settled = True
        others = [each for each in self._endpoints if each is not endpoint]
        self._endpoints = [endpoint]
        for each in others:
            each.close()


async def open_udp(host: str, port: int, timeout: float, silent: set[str] | None = None) -> Transport:
    """Open sockets to a host name or address within ``timeout`` seconds; nothing is sent yet.

    Names are resolved anew, IPv4 and IPv6. ``silent``: addresses that did not answer before come last; kept up to date.
    Raises ConnectFailed, ConnectTimeout.
    """
    loop = asyncio.get_running_loop()
    opened = UdpTransport(silent)
    try:
        async with asyncio.timeout(timeout):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
            addresses = _in_turn(dict.fromkeys((family, address) for family, *_, address in found))
            known = frozenset(silent or ())
            await _open_each(opened, sorted(addresses, key=lambda each: str(each[1][0]) in known))
    except TimeoutError as error:
        await opened.close()
        raise ConnectTimeout(timeout) from error
    except (socket.gaierror, UnicodeError) as error:
        detail = getattr(error, "strerror", None) or str(error)
        raise ConnectFailed(ConnectFailure.NAME_NOT_RESOLVED, detail) from error
    except OSError as error:
        raise connect_failed([error]) from error
    except (OverflowError, ValueError) as error:
        raise ConnectFailed(ConnectFailure.OTHER, str(error)) from error
    return opened


def _in_turn(addresses: Iterable[_Address]) -> list[_Address]:
    """Return a few, the families in turn, the resolver's first choice first."""
    families: dict[int, list[_Address]] = {}
    for each in addresses:
        families.setdefault(each[0], []).append(each)
    rounds = itertools.zip_longest(*families.values())
    return [each for each in itertools.chain.from_iterable(rounds) if each is not None][:_MOST_ADDRESSES]


def _connect(udp: socket.socket, address: _Place) -> None:
    """Choose the only peer that is heard. Raises OSError."""
    try:
        udp.connect(address)
    except PermissionError:  # all stations of a network, for services that nobody answers (9.1, Table 1)
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        udp.connect(address)


async def _open_each(opened: UdpTransport, addresses: Iterable[_Address]) -> None:
    """Open a socket for each address. Raises OSError where there is a way to none of them."""
    errors: list[OSError] = []
    is_open = False
    for family, address in addresses:
        udp = socket.socket(family, socket.SOCK_DGRAM)
        try:
            udp.settimeout(0)
            _connect(udp, address)
            await asyncio.get_running_loop().create_datagram_endpoint(lambda: _Endpoint(opened), sock=udp)
        except OSError as error:
            udp.close()
            errors.append(error)
        except BaseException:
            udp.close()
            raise
        else:
            is_open = True
    if not is_open:
        raise errors[0] if errors else OSError("the name has no address")
