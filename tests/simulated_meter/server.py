"""The simulated meter on real sockets, TCP and UDP on one port, IPv4 and IPv6."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
import socket
import struct
from typing import Final, Self, override

from .meter import SimulatedMeter
from .session import Session
from .steps import Pause, Reset, Send, Step

_READ_SIZE: Final = 65_536
_TRIES: Final = 20
"""For a port that is free for both."""


class MeterServer:
    """Serves a meter until it is closed: ``async with MeterServer(meter, "127.0.0.1", 0) as server: server.port``."""

    def __init__(self, meter: SimulatedMeter, host: str | None = "127.0.0.1", port: int = 4059) -> None:
        self.meter = meter
        self.host = host
        self.port = port
        self._server: asyncio.Server | None = None
        self._endpoints: list[asyncio.DatagramTransport] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def start(self) -> None:
        """Start listening; port 0: any free one. Raises OSError."""
        for left in reversed(range(_TRIES if self.port == 0 else 1)):
            self._server = await asyncio.start_server(self._accept, self.host or None, self.port)
            try:
                for listening in self._server.sockets:
                    await self._listen_for_datagrams(listening.family, listening.getsockname())
            except OSError:
                await self.close()
                if not left:
                    raise
            else:
                self.port = self._server.sockets[0].getsockname()[1]
                return

    async def _listen_for_datagrams(self, family: int, address: tuple[str, int]) -> None:
        endpoint = socket.socket(family, socket.SOCK_DGRAM)
        try:
            if family == socket.AF_INET6:  # as the TCP server does: IPv4 has a socket of its own
                endpoint.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            endpoint.bind(address)
        except OSError:
            endpoint.close()
            raise
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self.meter), sock=endpoint)
        self._endpoints.append(transport)

    async def close(self) -> None:
        """Stop listening and end all connections."""
        for endpoint in self._endpoints:
            endpoint.close()
        self._endpoints.clear()
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()

    async def call(self, host: str, port: int, wpdus: Sequence[bytes] = (), greeting: bytes = b"") -> None:
        """Open a connection, greet, tell what there is to tell, and answer on it until it ends. Raises OSError."""
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(greeting + b"".join(wpdus))
        await self._accept(reader, writer)

    async def serve_opened(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer on a connection that the meter itself opened, until it ends."""
        await self._accept(reader, writer)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        session: Session | None = None
        try:
            session = None if self.meter.faults.on_connect() else self.meter.open_session()
            if session is None:
                _abort(writer)
            else:
                session.speak = lambda step: writer.write(step.octets)
                await self._serve(session, reader, writer)
        except OSError, asyncio.CancelledError:
            pass  # the client left, or the server is closed: both are a normal end here
        finally:
            if session is not None:
                session.lost()
            writer.close()
            with suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()
            self._tasks.discard(task)

    async def _serve(self, session: Session, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer until one side ends the connection, or the client is silent for too long."""
        patience = self.meter.profile.quirks.inactivity_timeout or None
        while not session.over:
            try:
                async with asyncio.timeout(patience):
                    octets = await reader.read(_READ_SIZE)
            except TimeoutError:
                return
            if not octets:
                return
            for step in session.receive(octets):
                if not await _perform(step, writer):
                    return


class _Datagrams(asyncio.DatagramProtocol):
    """Answers datagrams; each delay is that of its answer only."""

    def __init__(self, meter: SimulatedMeter) -> None:
        self._meter = meter
        self._transport: asyncio.DatagramTransport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.DatagramTransport)
        self._transport = transport

    @override
    def datagram_received(self, data: bytes, addr: tuple[str | int, ...]) -> None:
        assert self._transport is not None
        delay = 0.0
        for step in self._meter.datagrams.receive(addr, data, lambda step: self._send(step, addr)):
            if isinstance(step, Pause):
                delay += step.seconds
            elif isinstance(step, Send) and delay:
                asyncio.get_running_loop().call_later(delay, self._transport.sendto, step.octets, addr)
            elif isinstance(step, Send):
                self._transport.sendto(step.octets, addr)

    def _send(self, step: Send, addr: tuple[str | int, ...]) -> None:
        if self._transport is not None:
            self._transport.sendto(step.octets, addr)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._meter.datagrams.clear()


async def _perform(step: Step, writer: asyncio.StreamWriter) -> bool:
    """Return whether the connection goes on."""
    if isinstance(step, Send):
        writer.write(step.octets)
        await writer.drain()
        return True
    if isinstance(step, Pause):
        await asyncio.sleep(step.seconds)
        return True
    if isinstance(step, Reset):
        _abort(writer)
    return False


def _abort(writer: asyncio.StreamWriter) -> None:
    """With a linger time of zero, closing sends RST."""
    connection = writer.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
