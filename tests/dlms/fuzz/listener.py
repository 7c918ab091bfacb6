"""Hostile datagrams and connections at a listener on 127.0.0.1; between them, a meter that proves itself, at ::1.

What the meter sends must be heard each time, and nothing else may be heard as authenticated. Nothing may be logged,
no error may come out, and what is remembered must not grow.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
import gc
from random import Random
import tracemalloc

from custom_components.cosem.dlms.addresses import TransportProtocol
from custom_components.cosem.dlms.client.hearing import Heard
from custom_components.cosem.dlms.client.listener import NotificationListener
from custom_components.cosem.dlms.protocol.notification_senders import NotificationSenders
from tests.dlms.protocol.test_notification_senders import keys
from tests.dlms.security.test_notification_keys import EVENT, content, general_ciphering, general_glo

from .corpus import damaged, framed, octets_of
from .sockets import HOST, SocketReport, watched

HONEST_HOST = "::1"
_AT_ONCE = 40
"""Hostile ones before an honest one."""
_FIRST_COUNTER = 1_000_000
_PATIENCE = 60.0
"""Seconds after which the meter was not heard."""
_MOST_GROWTH = 2**20
"""Octets."""


def hostile_apdu(random: Random) -> bytes:
    """Return what a stranger sends: forged, replayed, damaged, or just anything."""
    lot = random.random()
    number = random.randrange(_FIRST_COUNTER)
    if lot < 0.2:
        return damaged(general_glo(number, key=random.randbytes(16)), random)
    if lot < 0.35:
        return damaged(random.choice((general_glo, general_ciphering))(number), random)
    if lot < 0.45:
        return b"\xca" + content(number, key=random.randbytes(16))
    if lot < 0.6:
        blocks = bytes([0xE0, random.randrange(256)]) + random.randbytes(4)
        return blocks + bytes([random.randrange(100)]) + random.randbytes(random.randrange(100))
    if lot < 0.7:
        return EVENT[:-1] + random.randbytes(1)
    return damaged(octets_of(random)[:3000] or b"\0", random)


def hostile(random: Random) -> bytes:
    """Return a hostile WPDU, or what is left of one."""
    apdu = hostile_apdu(random)
    octets = in_wpdu(apdu) if random.random() < 0.6 else framed(apdu, random)
    return damaged(octets, random) if random.random() < 0.2 else octets


def honest(counter: int) -> bytes:
    """Return the WPDU of the meter."""
    return in_wpdu(general_glo(counter))


def in_wpdu(apdu: bytes) -> bytes:
    """Return a WPDU from the meter's management to ours."""
    return bytes.fromhex("000100010001") + len(apdu).to_bytes(2, "big") + apdu


@dataclass
class Strangers:
    """A listener, who is heard, and who attacks it."""

    random: Random
    report: SocketReport
    transport: TransportProtocol

    def __post_init__(self) -> None:
        self.listener = NotificationListener(self._take, NotificationSenders([keys()]))
        self._heard = asyncio.Event()
        self._counter = _FIRST_COUNTER

    def _take(self, heard: Heard) -> None:
        if not heard.authenticated:
            return
        if heard.source.host != HONEST_HOST or heard.apdu != EVENT:
            self.report.findings.append(f"heard as authenticated: {heard}, {heard.apdu.hex()}")
        self._heard.set()

    async def open(self) -> None:
        """Listen on both addresses."""
        await self.listener.open(self.transport, HOST, 0)
        await self.listener.open(self.transport, HONEST_HOST, self.listener.port)

    async def hear_the_meter(self, send: Callable[[bytes], Awaitable[None]]) -> None:
        """Let the meter send, and wait until it is heard."""
        self._heard.clear()
        self._counter += 1
        await send(honest(self._counter))
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._heard.wait()
        except TimeoutError:
            self.report.findings.append("the meter was not heard")
        self.report.honest += 1

    async def attack(self, count: int, strike: Callable[[], Awaitable[None]], send: _Send) -> None:
        """Strike so often, with the meter between."""
        report = self.report
        await self.hear_the_meter(send)
        before = 0
        while report.malformed < count and len(report.findings) < 10:
            for _ in range(_AT_ONCE):
                await strike()
                report.malformed += 1
            await self.hear_the_meter(send)
            if not before and report.malformed >= count // 4:
                before = _memory()
        report.grown = _memory() - before
        if report.grown > _MOST_GROWTH:
            report.findings.append(f"memory grew by {report.grown} octets")
        counters = self.listener.counters
        report.refused = counters.broken + counters.refused + counters.replayed + self.listener.sources.dropped


type _Send = Callable[[bytes], Awaitable[None]]


def _memory() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


async def strangers_over_udp(seed: int, count: int) -> SocketReport:
    """Send so many hostile datagrams to a listener."""
    house = Strangers(Random(seed), SocketReport(), TransportProtocol.UDP)
    loop = asyncio.get_running_loop()
    tracemalloc.start()
    with watched(house.report):
        await house.open()
        port = house.listener.port
        stranger, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=(HOST, port))
        meter, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=(HONEST_HOST, port))

        async def strike() -> None:
            stranger.sendto(hostile(house.random))
            await asyncio.sleep(0)

        async def send(octets: bytes) -> None:
            meter.sendto(octets)

        await house.attack(count, strike, send)
        stranger.close()
        meter.close()
        await house.listener.close()
    tracemalloc.stop()
    return house.report


async def strangers_over_tcp(seed: int, count: int) -> SocketReport:
    """Open so many hostile connections to a listener."""
    house = Strangers(Random(seed), SocketReport(), TransportProtocol.TCP)
    tracemalloc.start()
    with watched(house.report):
        await house.open()
        port, random = house.listener.port, house.random

        async def call(host: str, octets: bytes) -> None:
            with suppress(OSError):  # it may be hung up on
                _, writer = await asyncio.open_connection(host, port)
                cut = random.randrange(len(octets) + 1)
                for piece in (octets[:cut], octets[cut:]):
                    writer.write(piece)
                    await writer.drain()
                if random.random() < 0.5:
                    writer.transport.abort()
                else:
                    writer.close()
                    await writer.wait_closed()
            while len(house.listener._calls) > 1:  # noqa: ASYNC110  there are few places, and one is the meter's
                await asyncio.sleep(0.005)

        async def strike() -> None:
            await call(HOST, b"".join(hostile(random) for _ in range(random.randint(1, 3))))

        meter: list[asyncio.StreamWriter] = []

        async def send(octets: bytes) -> None:
            if not meter:
                meter.append((await asyncio.open_connection(HONEST_HOST, port))[1])
            meter[0].write(octets)
            await meter[0].drain()

        await house.attack(count, strike, send)
        meter[0].close()
        await house.listener.close()
    tracemalloc.stop()
    return house.report
