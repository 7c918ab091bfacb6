"""What else than a willing meter may be at an address, for the tests of "Help me find the settings"."""

import asyncio
from collections.abc import Callable
from typing import Any

from custom_components.cosem.dlms import ConnectFailed, ConnectFailure, ConnectionLost, ConnectTimeout, TransportError


class Device:
    """Takes connections. Answers whatever is sent with ``answer``; else is silent, hangs up or resets."""

    def __init__(self, answer: bytes = b"", *, hangs_up: bool = False, resets: bool = False) -> None:
        self.answer = answer
        self.hangs_up = hangs_up
        self.resets = resets
        self.got: list[bytes] = []
        self.connections = 0

    async def connect(self) -> _Link:
        """Take a connection."""
        self.connections += 1
        return _Link(self)

    async def connect_datagrams(self) -> _Link:
        """Take datagrams."""
        return await self.connect()


class _Link:
    def __init__(self, device: Device) -> None:
        self._device = device
        self._answers: asyncio.Queue[bytes] = asyncio.Queue()

    async def send(self, octets: bytes) -> None:
        self._device.got.append(octets)
        if self._device.answer:
            self._answers.put_nowait(self._device.answer)

    async def receive(self) -> bytes:
        if self._device.resets:
            raise ConnectionLost(reset=True)
        return b"" if self._device.hangs_up else await self._answers.get()

    async def close(self) -> None:
        """Nothing is open."""


class NoDevice:
    """Nobody takes a connection."""

    def __init__(self, error: TransportError) -> None:
        self._error = error

    async def connect(self) -> Any:
        """Fail."""
        raise self._error


def closed() -> NoDevice:
    """A port where nobody listens."""
    return NoDevice(ConnectFailed(ConnectFailure.REFUSED))


def away() -> NoDevice:
    """An address where nobody is."""
    return NoDevice(ConnectTimeout(10))


DEVICES: dict[str, Callable[[], Device]] = {
    "silent": Device,
    "closed": lambda: Device(hangs_up=True),
    "reset": lambda: Device(resets=True),
    "hdlc": lambda: Device(bytes.fromhex("7EA0210321739AA07E")),
    "readout": lambda: Device(b"/ISk5MT174-0001\r\n"),
    "mbus": lambda: Device(bytes.fromhex("681F1F6808017245586707B4050402").ljust(37, b"\x16")),
    "http": lambda: Device(b"HTTP/1.1 400 Bad Request\r\n"),
    "tls": lambda: Device(bytes.fromhex("15030300020246")),
    "ssh": lambda: Device(b"SSH-2.0-OpenSSH_9.2p1\r\n"),
    "telnet": lambda: Device(b"\xff\xfd\x18\xff\xfd\x20\xff\xfd\x23"),
    "iec_104": lambda: Device(bytes.fromhex("680443000000")),
    "modbus": lambda: Device(bytes.fromhex("000100000003018101")),
    "text": lambda: Device(b"220 ftp.example.org ready\r\n"),
    "other": lambda: Device(bytes.fromhex("C0C0C0C0C0C0C0C0")),
    "cut": lambda: Device(bytes.fromhex("0001")),
}
"""By the last part of the text's key."""
