"""A meter by short names over TCP that sends some answers again, now or later. Octets by hand: no codec of the stack.

It notes what was really written, so that a test can tell what is true.
"""

import asyncio
from collections.abc import Callable
from random import Random

AARE = "6129A109060760857405080102A203020100A305A103020100BE10040E0800065F1F0400{}0400FA00"
LISTS, NO_LISTS = "1C1B20", "1C1920"
NAME = bytes.fromhex("0009060000280000FF")
"""A result: the logical name of the association."""

SUCCESS, DENIED = b"\x00", b"\x01\x03"
NO_SUCH_OBJECT = b"\x01\x04"
BUSY = bytes.fromhex("D80103")

type Again = Callable[[int], list[float]]
"""For the number of an answer: the seconds after which it comes again, once for each."""


class DoublingMeter:
    """``values``: results (data or error, with its choice) by short name. ``refused``: what cannot be written."""

    def __init__(self, random: Random, again: Again, values: dict[int, bytes], refused: set[int], **ways) -> None:
        self.random, self.again = random, again
        self.values, self.refused = values, refused
        self.marked: bytes | None = ways.get("marked", NAME)
        """The result of the association's name; None is silence."""
        self.lists: bool = ways.get("lists", True)
        self.block_size: int = ways.get("block_size", 100)
        self.written: list[tuple[int, bytes]] = []
        """By which requests, whatever became of them."""
        self.answers = self.round_trips = self.copies = 0
        self.links: list[DoublingLink] = []

    async def connect(self) -> DoublingLink:
        link = DoublingLink(self)
        self.links.append(link)
        return link

    def answer_to(self, apdu: bytes, link: DoublingLink) -> bytes | None:
        if apdu[0] == 0x60:
            return bytes.fromhex(AARE.format(LISTS if self.lists else NO_LISTS))
        if apdu[0] == 0x62:
            return bytes.fromhex("6303800100")
        return self.read(apdu, link) if apdu[0] == 5 else self.write(apdu)

    def read(self, apdu: bytes, link: DoublingLink) -> bytes | None:
        if apdu[2] == 5:  # the next block
            return self.block(link, int.from_bytes(apdu[3:5]) + 1)
        names = [int.from_bytes(apdu[at + 1 : at + 3]) for at in range(2, len(apdu), 3)]
        results = [self.marked if name == 0xFA00 else self.values.get(name, NO_SUCH_OBJECT) for name in names]
        if None in results:
            return None
        if BUSY in results:
            return BUSY
        whole = bytes([len(names)]) + b"".join(results)
        if len(whole) <= self.block_size or 0xFA00 in names:
            return b"\x0c" + whole
        link.blocks = [whole[at : at + self.block_size] for at in range(0, len(whole), self.block_size)]
        return self.block(link, 1)

    @staticmethod
    def block(link: DoublingLink, number: int) -> bytes:
        piece = link.blocks[number - 1]
        is_last = number == len(link.blocks)
        return bytes([0x0C, 1, 2, is_last]) + number.to_bytes(2) + bytes([len(piece)]) + piece

    def write(self, apdu: bytes) -> bytes:
        """One octet as a value."""
        names = [int.from_bytes(apdu[at + 1 : at + 3]) for at in range(2, 2 + 3 * apdu[1], 3)]
        values = apdu[3 + 3 * apdu[1] :]
        results = b""
        for number, name in enumerate(names):
            value = values[2 * number : 2 * number + 2]
            self.written.append((name, value))
            if name not in self.refused:
                self.values[name] = b"\x00" + value
            results += DENIED if name in self.refused else SUCCESS
        return bytes([0x0D, len(names)]) + results


class DoublingLink:
    """The client's end of one connection."""

    def __init__(self, meter: DoublingMeter) -> None:
        self.meter = meter
        self.blocks: list[bytes] = []
        self._parts: asyncio.Queue[bytes] = asyncio.Queue()
        self._free_at = 0.0
        self._timers: list[asyncio.TimerHandle] = []

    async def send(self, octets: bytes) -> None:
        while octets:
            end = 8 + int.from_bytes(octets[6:8])
            self._take(octets[2:6], octets[8:end])
            octets = octets[end:]

    def _take(self, wports: bytes, apdu: bytes) -> None:
        meter, loop = self.meter, asyncio.get_running_loop()
        meter.round_trips += 1
        answer = meter.answer_to(apdu, self)
        if answer is None:
            return
        wpdu = b"\x00\x01" + wports[2:] + wports[:2] + len(answer).to_bytes(2) + answer
        # Requests are served one after the other.
        self._free_at = max(self._free_at, loop.time()) + meter.random.uniform(0.02, 0.08)
        self._timers.append(loop.call_at(self._free_at, self._parts.put_nowait, wpdu))
        if apdu[0] in {5, 6}:
            for seconds in meter.again(meter.answers):
                meter.copies += 1
                self._timers.append(loop.call_at(self._free_at + seconds, self._parts.put_nowait, wpdu))
            meter.answers += 1

    async def receive(self) -> bytes:
        return await self._parts.get()

    async def close(self) -> None:
        for timer in self._timers:
            timer.cancel()
