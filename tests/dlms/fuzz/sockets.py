"""Malformed octets over real sockets on 127.0.0.1: our client meets a server that answers as it likes.

Every malformed exchange is followed by an honest one, which must work. Nothing may be logged as an error, and nothing
but DlmsError may reach who asked.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
import logging
from random import Random
import time
from typing import override

from custom_components.cosem.dlms import AttributeDescriptor, Data, DlmsClient, DlmsError, LogicalName, Timing
from custom_components.cosem.dlms.client.channel import with_datagrams
from custom_components.cosem.dlms.client.udp_transport import open_udp
from custom_components.cosem.dlms.protocol.proposal import AssociationParameters
from tests.dlms.scripted import RLRE, aare, unsigned, value

from .conversations import HONEST
from .corpus import damaged, framed, octets_of

HOST = "127.0.0.1"
ENERGY = AttributeDescriptor(3, LogicalName.parse("1.0.1.8.0.255"), 2)
WATT_HOURS = 4711
TIMING = Timing(connect=10, response=5, block=5, transfer=10, release=5, reconnect_gap=0)
_HEADER = 8
_AARQ, _RLRQ, _GET = 0x60, 0x62, 0xC0
_MOST_AT_ONCE = 40
"""Datagrams before the honest one; more would overflow the buffer of the operating system."""


@dataclass
class SocketReport:
    """What happened over sockets."""

    malformed: int = 0
    refused: int = 0
    """Exchanges that ended in an error, which is what should happen."""
    honest: int = 0
    grown: int = 0
    """Octets of memory, at a listener."""
    seconds: float = 0
    findings: list[str] = field(default_factory=list)


class _Log(logging.Handler):
    """Everything that is logged as a warning or worse is a finding."""

    def __init__(self, findings: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._findings = findings

    @override
    def emit(self, record: logging.LogRecord) -> None:
        self._findings.append(self.format(record))


def honest_answer(apdu: bytes) -> bytes:
    """Return what a meter answers."""
    match apdu[0]:
        case 0x60:
            return aare()
        case 0x62:
            return RLRE
    return value(unsigned(WATT_HOURS), apdu[2] & 0x0F)


def malformed(apdu: bytes, random: Random) -> bytes:
    """Return a WPDU, or what is left of one, that a meter should not send in answer."""
    lot = random.random()
    if lot < 0.5:
        octets = framed(damaged(honest_answer(apdu), random), random)
    elif lot < 0.7:
        octets = framed(damaged(random.choice(HONEST)(), random), random)
    elif lot < 0.9:
        octets = framed(octets_of(random)[:3000], random)
    else:
        octets = octets_of(random)[:3000]
    return damaged(octets, random) if random.random() < 0.2 else octets


@dataclass
class Peer:
    """What both servers share. ``spoils``: the tag of the request of this exchange that is answered badly, 0: none."""

    random: Random
    report: SocketReport
    spoils: int = 0

    def junk(self, apdu: bytes, most: int) -> list[bytes]:
        """Return what comes before the honest answer, or instead of it."""
        if not apdu or apdu[0] != self.spoils:
            return []
        self.spoils = 0
        pieces = [malformed(apdu, self.random) for _ in range(self.random.randint(1, most))]
        self.report.malformed += len(pieces)
        return pieces


async def _serve_tcp(peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(asyncio.IncompleteReadError, OSError):
        while True:
            header = await reader.readexactly(_HEADER)
            apdu = await reader.readexactly(int.from_bytes(header[6:8]))
            if junk := peer.junk(apdu, 1):
                octets = b"".join(junk)
                cut = peer.random.randrange(len(octets) + 1)
                for piece in (octets[:cut], octets[cut:]):
                    writer.write(piece)
                    await writer.drain()
                break
            writer.write(framed_honestly(apdu))
            await writer.drain()
    writer.close()


def framed_honestly(apdu: bytes) -> bytes:
    """Return the WPDU of an honest answer."""
    answer = honest_answer(apdu)
    return bytes.fromhex("000100010010") + len(answer).to_bytes(2, "big") + answer


class _UdpServer(asyncio.DatagramProtocol):
    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.DatagramTransport)
        self._transport = transport

    @override
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        apdu = data[_HEADER:]
        for piece in self._peer.junk(apdu, _MOST_AT_ONCE):
            self._transport.sendto(piece, addr)
        self._transport.sendto(framed_honestly(apdu), addr)


async def _ask(client: DlmsClient) -> Data:
    async with client.associate(AssociationParameters(), timing=TIMING) as association:
        return await association.get(ENERGY)


async def _exchanges(client: DlmsClient, peer: Peer, count: int) -> None:
    report = peer.report
    while report.malformed < count and len(report.findings) < 10:
        peer.spoils = peer.random.choice((_AARQ, _GET, _GET, _RLRQ))
        try:
            await _ask(client)
        except DlmsError:
            report.refused += 1
        peer.spoils = 0
        if (read := await _ask(client)).value != WATT_HOURS:
            report.findings.append(f"an honest exchange gave {read}")
        report.honest += 1


@contextmanager
def watched(report: SocketReport) -> Iterator[None]:
    """Let nothing pass unseen: log records, and what the loop tells nobody about."""
    handler = _Log(report.findings)
    logging.getLogger().addHandler(handler)
    asyncio.get_running_loop().set_exception_handler(lambda _, context: report.findings.append(repr(context)))
    start = time.monotonic()
    try:
        yield
    finally:
        report.seconds = time.monotonic() - start
        logging.getLogger().removeHandler(handler)


async def over_tcp(seed: int, count: int) -> SocketReport:
    """Send so many malformed answers over TCP connections."""
    report = SocketReport()
    peer = Peer(Random(seed), report)
    server = await asyncio.start_server(lambda reader, writer: _serve_tcp(peer, reader, writer), HOST, 0)
    port = server.sockets[0].getsockname()[1]
    client = DlmsClient(HOST, port)
    with watched(report):
        await _exchanges(client, peer, count)
        await client.close()
    server.close()
    await server.wait_closed()
    return report


async def over_udp(seed: int, count: int) -> SocketReport:
    """Send so many malformed datagrams to the client's socket."""
    report = SocketReport()
    peer = Peer(Random(seed), report)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: _UdpServer(peer), local_addr=(HOST, 0))
    port = transport.get_extra_info("sockname")[1]
    client = DlmsClient(HOST, port, connect=with_datagrams(lambda: open_udp(HOST, port, TIMING.connect)))
    with watched(report):
        await _exchanges(client, peer, count)
        await client.close()
    transport.close()
    return report
