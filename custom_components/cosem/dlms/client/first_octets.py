"""Keeps the first octets that come back from an address, and asks a silent one in other protocols than ours."""

import asyncio
from contextlib import suppress
from typing import Final

from ..errors import TransportError, excerpt
from ..protocol.wrapper import HEADER_SIZE
from .channel import Channel, Connector
from .foreign_protocol import ForeignProtocol, protocol_in_words
from .observer import NOBODY, Observer
from .transport import Transport

_KEPT: Final = 64

_SNRM: Final = bytes.fromhex("7EA0070321930F017E")
"""From client 16 to the logical device 1: opens a data link over HDLC, and is noise to everybody else."""
_DISC: Final = bytes.fromhex("7EA00703215303C77E")
"""Takes it back."""
_NEW_LINE: Final = b"\r\n\r\n"
"""Servers of text answer a line."""

_SECONDS: Final = 3.0
"""For an answer to each question, at most."""


class FirstOctets:
    """A connector whose channels are listened to. ``observer``: is told of what goes past the framing."""

    def __init__(self, connect: Connector, observer: Observer = NOBODY) -> None:
        self._connect = connect
        self._observer = observer
        self.octets = b""
        """At most 64 of them."""
        self.latest = b""
        """The same of the latest channel."""
        self.is_stream = False
        """Whether the last channel carried a stream, not datagrams."""
        self.has_asked = False

    async def connect(self) -> Channel:
        """Open a channel. Raises as the connector does."""
        if len(self.octets) < HEADER_SIZE and self.protocol is None:
            self.octets = b""  # the beginning of a header is not continued on another connection
        channel = await self._connect()
        self.is_stream = channel.framing.error_is_fatal
        self.latest = b""
        return Channel(_Listening(channel.transport, self), channel.framing)

    def note(self, octets: bytes) -> None:
        """Take what came: of datagrams, which stand for themselves, the last one until a WPDU comes."""
        if self.is_stream or not self.latest:
            self.latest = (self.latest + octets)[:_KEPT]
        if self.is_stream:
            self.octets = (self.octets + octets)[:_KEPT]
        elif not self.is_wrapper:
            self.octets = octets[:_KEPT]

    @property
    def is_wrapper(self) -> bool:
        """Whether what came began with the whole header of a WPDU."""
        return len(self.octets) >= HEADER_SIZE and self.protocol is None

    @property
    def protocol(self) -> ForeignProtocol | None:
        """What came instead; None if nothing came, or the wrapper."""
        return protocol_in_words(self.octets) if self.octets else None

    @property
    def tag(self) -> int | None:
        """The first octet of the first APDU on the latest channel, if that spoke in the wrapper."""
        is_there = self.is_wrapper and len(self.latest) > HEADER_SIZE
        return self.latest[HEADER_SIZE] if is_there else None

    async def ask(self, seconds: float) -> ForeignProtocol | None:
        """Return what answers in another protocol, if anything does. Nothing is asked twice, or over datagrams."""
        if self.has_asked or not self.is_stream or self.octets:
            return self.protocol
        self.has_asked = True
        with suppress(TransportError, TimeoutError):
            async with asyncio.timeout(seconds + 2 * _SECONDS):
                transport = (await self.connect()).transport
                try:
                    await self._ask(transport, min(seconds, _SECONDS))
                finally:
                    await transport.close()
        return self.protocol

    async def _ask(self, transport: Transport, seconds: float) -> None:
        for question in (_SNRM, _NEW_LINE):
            await self._send(transport, question)
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    octets = await transport.receive()
                self._observer.note("another protocol answers with %s octets: %s", len(octets), excerpt(octets))
                break
        if self.octets.startswith(_DISC[:1]):
            await self._send(transport, _DISC)

    async def _send(self, transport: Transport, octets: bytes) -> None:
        self._observer.note("asking in another protocol: %s", excerpt(octets))
        await transport.send(octets)


class _Listening:
    """A transport that tells what it receives."""

    def __init__(self, transport: Transport, heard: FirstOctets) -> None:
        self._transport = transport
        self._heard = heard
        self.send = transport.send
        self.close = transport.close

    async def receive(self) -> bytes:
        octets = await self._transport.receive()
        self._heard.note(octets)
        return octets
