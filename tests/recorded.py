"""A wire-tapper: what a meter sent is recorded, and sent again later, whatever is asked then."""

import asyncio

from custom_components.cosem.dlms import Transport


class Recorder:
    """Passes octets on, and keeps what came, with the number of messages that were sent before."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._sent = 0
        self.heard: list[tuple[int, bytes]] = []

    async def send(self, octets: bytes) -> None:
        self._sent += 1
        await self._transport.send(octets)

    async def receive(self) -> bytes:
        octets = await self._transport.receive()
        self.heard.append((self._sent, octets))
        return octets

    async def close(self) -> None:
        await self._transport.close()


class Replay:
    """A connection on which the recorded octets come again, each behind as many messages as then."""

    def __init__(self, heard: list[tuple[int, bytes]]) -> None:
        self._heard = list(heard)
        self._sent = 0
        self._changed = asyncio.Event()

    async def send(self, octets: bytes) -> None:
        self._sent += 1
        self._changed.set()

    async def receive(self) -> bytes:
        while not self._heard or self._sent < self._heard[0][0]:
            self._changed.clear()
            await self._changed.wait()
        return self._heard.pop(0)[1]

    async def close(self) -> None:
        self._heard.clear()
