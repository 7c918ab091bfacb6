"""Listens for what meters send unasked, over TCP or UDP (IEC 62056-9-7:2013, 9.5 and 9.7).

Nothing is ever answered (rule S25); who calls may be asked (calls.py). Every source is limited before anything of it is
verified; what is handed over is not decoded yet.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
import errno
import math
import socket
from typing import Final, override

from ..addresses import DEFAULT_PORT, TransportProtocol
from ..errors import DlmsError, ListenerUnavailable, RemoteProtocolError
from ..limits import DEFAULT_LIMITS, Limits
from ..protocol.caller_framing import CallerFraming
from ..protocol.events import NotificationReceived, NotificationRefused
from ..protocol.framing import Empty, FramingEvent, Message
from ..protocol.notification_senders import NotificationSenders
from ..protocol.proposal import WportPair
from ..protocol.source_limits import SourceLimits
from ..protocol.wrapper import HEADER_SIZE, decode_wpdu, without_padding
from ..security.receiving import NOTIFICATION_TAGS
from .calls import CalledLink
from .channel import Channel
from .hearing import Heard, HeardCounters, Hearing, Source
from .link import NotificationConsumer
from .transport import TcpTransport

type _Place = tuple[str | int | bytes, ...]
"""As the system describes addresses."""

_NO_LIMIT: Final = 2**62

_UNASKED: Final = frozenset(bytes([tag]) for tag in NOTIFICATION_TAGS)

_TRUSTED_FACTOR: Final = 4
"""Meters behind one gateway have one address; the user named it, or one of them proved itself."""

_SILENT: Final = 1.0
"""Seconds after which a connection that has told something gives way to a new one of the same source."""

_TRIES: Final = 20
"""For a port that is free on all addresses, where any will do."""


class NotificationListener:
    """One port over one transport. ``receive``: must be quick and never raise.

    ``senders``: whose keys may open protected ones. ``on_call``: told of each connection; as ``receive``.
    """

    def __init__(
        self,
        receive: Callable[[Heard], None],
        senders: NotificationSenders,
        *,
        limits: Limits = DEFAULT_LIMITS,
        on_call: Callable[[CalledLink], None] = lambda _: None,
    ) -> None:
        self._hearing = Hearing(receive, senders, limits, lambda: asyncio.get_running_loop().time())
        self._servers: list[asyncio.Server] = []
        self._endpoints: list[tuple[asyncio.DatagramTransport, _Datagrams]] = []
        self._on_call = on_call
        self._calls: dict[asyncio.Task[None], _Call] = {}
        self.port = 0
        """While it listens."""
        self.refused_connections = 0

    @property
    def counters(self) -> HeardCounters:
        """What came; for diagnostics."""
        return self._hearing.counters

    @property
    def calls(self) -> list[CalledLink]:
        """The connections that meters have opened."""
        return [call.link for call in self._calls.values() if call.link is not None and call.link.is_alive]

    @property
    def sources(self) -> SourceLimits:
        """What is taken of whom."""
        return self._hearing.sources

    async def open(self, transport: TransportProtocol, address: str = "", port: int = DEFAULT_PORT) -> None:
        """Listen from now on. ``address``: "" for all, IPv4 and IPv6; ``port``: 0 for any.

        Raises ListenerUnavailable.
        """
        is_tcp = transport is TransportProtocol.TCP
        try:
            endpoints = await _bound(socket.SOCK_STREAM if is_tcp else socket.SOCK_DGRAM, address, port)
            self.port = endpoints[0].getsockname()[1]
            for endpoint in endpoints:
                await (self._open_tcp(endpoint) if is_tcp else self._open_udp(endpoint))
        except (OSError, OverflowError, UnicodeError) as error:
            await self.close()
            number = getattr(error, "errno", None)
            detail = getattr(error, "strerror", None) or str(error)
            raise ListenerUnavailable(address, port, detail, in_use=number == errno.EADDRINUSE) from error

    async def close(self) -> None:
        """Stop listening, end all connections. May be called again."""
        ended = [protocol.ended for _, protocol in self._endpoints]
        for endpoint, _ in self._endpoints:
            endpoint.close()
        self._endpoints.clear()
        for server in self._servers:
            server.close()
        for task in list(self._calls):
            task.cancel()
        if self._calls:
            await asyncio.wait(list(self._calls))
        if ended:  # whoever wants the port next can have it
            await asyncio.wait(ended)
        for server in self._servers:
            await server.wait_closed()
        self._servers.clear()

    async def _open_udp(self, endpoint: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        ended = loop.create_future()
        self._endpoints.append(
            await loop.create_datagram_endpoint(lambda: _Datagrams(self._hearing, ended), sock=endpoint)
        )

    async def _open_tcp(self, endpoint: socket.socket) -> None:
        self._servers.append(await asyncio.start_server(self._accept, sock=endpoint))

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host = str((writer.get_extra_info("peername") or ("",))[0])
        limits = self._hearing.limits
        calls = Counter(call.source.host for call in self._calls.values() if not call.gives_way)
        is_trusted = self.sources.is_trusted(host)
        most = limits.listener_connections_per_source * (_TRUSTED_FACTOR if is_trusted else 1)
        is_full = calls.total() >= limits.listener_connections
        if not is_trusted:
            strangers = sum(count for each, count in calls.items() if not self.sources.is_trusted(each))
            is_full = is_full or strangers >= limits.listener_connections_of_strangers
        if is_full or (calls[host] >= most and not self._makes_room(host, most)):
            self.refused_connections += 1
            writer.transport.abort()
            return
        call = _Call(self._hearing, reader, writer, self._on_call)
        task = asyncio.create_task(call.serve(), name="dlms listener call")
        self._calls[task] = call
        task.add_done_callback(self._calls.pop)

    def _makes_room(self, host: str, most: int) -> bool:
        """End the connection of a source that told something longest ago; return whether there was one.

        A meter that loses its power leaves connections half open, and has news as soon as the power is back.
        """
        its = [(task, call) for task, call in self._calls.items() if call.source.host == host]
        silent_since = asyncio.get_running_loop().time() - _SILENT
        idle = [(task, call) for task, call in its if call.is_idle and call.told_at <= silent_since]
        if not idle or len(its) >= 2 * most:  # those that are about to end take up room as well
            return False
        task, call = min(idle, key=lambda each: each[1].told_at)
        call.gives_way = True
        task.cancel()
        return True


async def _bound(kind: socket.SocketKind, address: str, port: int) -> list[socket.socket]:
    """Return a socket for each address, all with one port. Raises OSError, UnicodeError, OverflowError."""
    found = await asyncio.get_running_loop().getaddrinfo(address or None, port, type=kind, flags=socket.AI_PASSIVE)
    places: list[tuple[int, _Place]] = list(dict.fromkeys((each[0], tuple(each[4])) for each in found))
    left = 1 if port else _TRIES
    while True:
        left -= 1
        try:
            if made := _bound_once(kind, places, port):
                return made
        except OSError as error:
            if left and error.errno == errno.EADDRINUSE:
                continue
            raise
        raise OSError(errno.EAFNOSUPPORT, "no such kind of address here")


def _bound_once(kind: socket.SocketKind, places: Sequence[tuple[int, _Place]], port: int) -> list[socket.socket]:
    """Return sockets with one port; none if the system has none of these kinds. Raises OSError, leaving none open."""
    made: list[socket.socket] = []
    try:
        for family, place in places:
            chosen = made[0].getsockname()[1] if made else port
            if (endpoint := _bound_to(kind, family, (place[0], chosen, *place[2:]))) is not None:
                made.append(endpoint)
    except BaseException:
        for endpoint in made:
            endpoint.close()
        raise
    return made


def _bound_to(kind: socket.SocketKind, family: int, place: _Place) -> socket.socket | None:
    """Return a socket; None where the system has no such addresses. Raises OSError."""
    try:
        endpoint = socket.socket(family, kind)
    except OSError:
        return None
    try:
        endpoint.settimeout(0)
        if kind is socket.SOCK_STREAM:
            endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # ended connections do not keep the port
        if family == socket.AF_INET6:  # IPv4 has a socket of its own
            endpoint.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        endpoint.bind(place)
    except BaseException:
        endpoint.close()
        raise
    return endpoint


class _Datagrams(asyncio.DatagramProtocol):
    """``ended``: set when the socket is closed."""

    def __init__(self, hearing: Hearing, ended: asyncio.Future[None]) -> None:
        self._hearing = hearing
        self.ended: Final = ended

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Tell who waits for the end."""
        self.ended.set_result(None)

    @override
    def datagram_received(self, data: bytes, addr: tuple[str | int, ...]) -> None:
        """Take a datagram with exactly one WPDU."""
        host, port = str(addr[0]), int(addr[1])
        if not self._hearing.allows(host, data[HEADER_SIZE:]):
            return
        try:
            wpdu = decode_wpdu(without_padding(data))
        except RemoteProtocolError:
            self._hearing.counters.broken += 1
            return
        if wpdu.apdu:
            pair = WportPair(wpdu.destination_wport, wpdu.source_wport)
            self._hearing.take_message(Source(TransportProtocol.UDP, host, port), pair, wpdu.apdu)


class _Call:
    """A connection that a meter opened."""

    def __init__(
        self,
        hearing: Hearing,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        on_call: Callable[[CalledLink], None],
    ) -> None:
        self._hearing = hearing
        self._on_call = on_call
        peer = writer.get_extra_info("peername") or ("", 0)
        self.source: Final = Source(TransportProtocol.TCP, str(peer[0]), int(peer[1]))
        self._transport = TcpTransport(reader, writer)
        self._loop = asyncio.get_running_loop()
        self.link: CalledLink | None = None
        self._deadline: asyncio.Timeout | None = None
        self.told_at = math.inf
        """When the last APDU came."""
        self.gives_way = False
        """Whether it is about to end."""

    @property
    def is_idle(self) -> bool:
        """Whether nobody needs it: neither for associations nor for the next poll."""
        link = self.link
        return not (self.gives_way or link is None or link.is_used or link.is_waiting or link.holder is not None)

    async def serve(self) -> None:
        """Read until it ends, or is silent for too long."""
        limits = self._hearing.limits
        # The listener counts by source, and drops; a second count of the connection would end it.
        counted = replace(limits, unsolicited_burst=_NO_LIMIT, unsolicited_per_second=float(_NO_LIMIT))
        consumer = NotificationConsumer(self._take, self._hearing.senders_at(self.source.host))
        channel = Channel(self._transport, _CallFraming(limits, self._allows))
        link = self.link = CalledLink(channel, counted, self._loop.time, consumer, self.source)
        link.on_use = self._follow_use
        try:
            async with asyncio.timeout(limits.listener_first_apdu) as self._deadline:
                await link.open()
                self._on_call(link)
                await link.ended()
        except TimeoutError, DlmsError:
            pass  # it ends here in any case
        finally:
            self._deadline = None
            await link.close()

    def _take(self, event: NotificationReceived | NotificationRefused) -> None:
        if isinstance(event, NotificationReceived) and event.authenticated and not event.may_be_old:
            assert self.link is not None
            self.link.system_titles.update(filter(None, [event.system_title]))
        self._hearing.take(self.source, event)

    def _follow_use(self) -> None:
        """While it is used, the deadlines of its user count; before, it may have to wait for its turn."""
        assert self.link is not None
        if self._deadline is not None and not self._deadline.expired():
            limits = self._hearing.limits
            seconds = limits.listener_waiting if self.link.is_waiting else limits.listener_idle
            self._deadline.reschedule(None if self.link.is_used else self._loop.time() + seconds)

    def _allows(self, apdu: bytes) -> bool:
        assert self._deadline is not None  # its framing asks
        assert self.link is not None
        if self.link.is_used and apdu[:1] not in _UNASKED:
            return True  # an answer, mostly: whoever asked takes it or ends the connection
        if not self._hearing.allows(self.source.host, apdu):
            return False
        if apdu:
            self.told_at = self._loop.time()
        if apdu and not self.link.is_used and not self.link.is_waiting:
            self._deadline.reschedule(self._loop.time() + self._hearing.limits.listener_idle)
        return True


class _CallFraming(CallerFraming):
    """Leaves out what is too much. ``allows``: is asked for each APDU, empty ones too."""

    def __init__(self, limits: Limits, allows: Callable[[bytes], bool]) -> None:
        super().__init__(limits)
        self._allows = allows

    @override
    def next_event(self) -> FramingEvent | None:
        """Return the next event that is allowed, or None."""
        while (event := super().next_event()) is not None:
            if not isinstance(event, Message | Empty) or self._allows(
                event.apdu if isinstance(event, Message) else b""
            ):
                return event
        return None
