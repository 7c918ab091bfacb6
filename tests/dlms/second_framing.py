"""A second framing, to prove the seam: it needs a handshake, acknowledges each message, and sends again after a time.

Frame: A5, kind, number, client, server, length of two octets each, APDU. Both ends are here; ``Gateway`` puts a meter
that speaks the wrapper behind the other end, so that neither client nor meter knows of it.
"""

import asyncio
from collections import deque
import struct

from custom_components.cosem.dlms.client.channel import Channel
from custom_components.cosem.dlms.errors import ApduTooLong, ConnectionLost, DecodeError, ResponseTimeout
from custom_components.cosem.dlms.protocol.framing import Lost, Message, Ready
from custom_components.cosem.dlms.protocol.wrapper import Wpdu, WrapperStream, encode_wpdu

HELLO, WELCOME, DATA, ACKNOWLEDGE, BYE = range(1, 6)
HEAD = struct.Struct(">BBBHHH")
RESEND_AFTER = 0.5
MOST_TRIES = 4


class StopAndWait:
    """One end. The client's end says HELLO."""

    error_is_fatal = True
    apdu_limit = 65_535

    def __init__(self, *, is_client=True):
        self.is_client = is_client
        self.next_call = None
        self.repeated = 0
        """Frames of the peer that came again."""
        self._limit = 65_535
        self._buffer = bytearray()
        self._events = deque()
        self._frames = []
        """To be sent at the next occasion."""
        self._queue = deque()
        """Messages that wait for the acknowledgement of the one before."""
        self._unacknowledged = None
        self._tries = 0
        self._is_ready = False
        self._sent_number = self._received_number = 0

    def open(self):
        if self.is_client:
            self._start(self._frame(HELLO))

    def close(self):
        self._frames.append(self._frame(BYE))

    def send(self, message):
        self._queue.append(message)
        self._go_on()

    def data_to_send(self, now):
        octets = b"".join(self._frames)
        self._frames.clear()
        if octets and self._unacknowledged is not None and self.next_call is None:
            self.next_call = now + RESEND_AFTER
        return octets

    def receive_data(self, octets, now):
        self._buffer += octets
        while len(self._buffer) >= HEAD.size:
            start, kind, number, client, server, length = HEAD.unpack_from(self._buffer)
            if start != 0xA5:
                raise DecodeError("no frame begins here", 0)
            if length > self._limit:
                raise ApduTooLong(self._limit)
            if len(self._buffer) < HEAD.size + length:
                return
            apdu = bytes(self._buffer[HEAD.size : HEAD.size + length])
            del self._buffer[: HEAD.size + length]
            self._receive(kind, number, Message(client, server, apdu))

    def receive_eof(self):
        if self._buffer:
            raise ConnectionLost(truncated=True)

    def next_event(self):
        return self._events.popleft() if self._events else None

    def call(self, now):
        if self.next_call is None or now < self.next_call:
            return
        self.next_call = None
        if self._tries == MOST_TRIES:
            self._events.append(Lost(ResponseTimeout("acknowledgement", MOST_TRIES * RESEND_AFTER)))
            return
        self._tries += 1
        self._frames.append(self._unacknowledged)

    def expect_apdu_limit(self, octets):
        self._limit = octets

    def _frame(self, kind, number=0, message=(0, 0, b"")):
        client, server, apdu = message
        return HEAD.pack(0xA5, kind, number, client, server, len(apdu)) + apdu

    def _start(self, frame):
        self._unacknowledged, self._tries, self.next_call = frame, 1, None
        self._frames.append(frame)

    def _done(self):
        self._unacknowledged = self.next_call = None
        self._go_on()

    def _go_on(self):
        if self._is_ready and self._unacknowledged is None and self._queue:
            self._sent_number = (self._sent_number + 1) % 256
            self._start(self._frame(DATA, self._sent_number, self._queue.popleft()))

    def _ready(self):
        self._is_ready = True
        self._events.append(Ready())
        self._done()

    def _receive(self, kind, number, message):
        if kind == HELLO:
            self._frames.append(self._frame(WELCOME))
            if not self._is_ready:
                self._ready()
        elif kind == WELCOME and not self._is_ready:
            self._ready()
        elif kind == ACKNOWLEDGE and number == self._sent_number and self._unacknowledged is not None:
            self._done()
        elif kind == DATA:
            self._frames.append(self._frame(ACKNOWLEDGE, number))
            if number == self._received_number:
                self.repeated += 1
            else:
                self._received_number = number
                self._events.append(message)
        elif kind == BYE:
            self._events.append(Lost(ConnectionLost()))


class Gateway:
    """The transport of a client that speaks the second framing to a meter that speaks the wrapper.

    ``lose`` names frames that get lost, by direction and number from 1: ("out", 1) is the client's first.
    """

    def __init__(self, meter, lose=()):
        self.peer = StopAndWait(is_client=False)
        self.said_good_bye = False
        self.closed = False
        self._meter = meter
        self._lose = set(lose)
        self._counts = {"out": 0, "in": 0}
        self._wpdus = WrapperStream()
        self._inbox = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self._from_meter = self._loop.create_task(self._read_meter())
        self._alarm = None

    async def send(self, octets):
        if self.closed:
            raise ConnectionLost(reset=True)
        for frame in split(octets):
            if self._passes("out"):
                self.said_good_bye |= frame[1] == BYE
                self.peer.receive_data(frame, self._loop.time())
        while (event := self.peer.next_event()) is not None:
            if isinstance(event, Message):
                await self._meter.send(encode_wpdu(Wpdu(*event)))
        self._flush()

    async def receive(self):
        return await self._inbox.get()

    async def close(self):
        self.closed = True
        self._from_meter.cancel()
        if self._alarm is not None:
            self._alarm.cancel()
        await self._meter.close()

    def _passes(self, way):
        self._counts[way] += 1
        return (way, self._counts[way]) not in self._lose

    def _flush(self):
        for frame in split(self.peer.data_to_send(self._loop.time())):
            if self._passes("in"):
                self._inbox.put_nowait(frame)
        if self._alarm is not None:
            self._alarm.cancel()
        if self.peer.next_call is not None and not self.closed:
            self._alarm = self._loop.call_at(self.peer.next_call, self._ring)

    def _ring(self):
        self.peer.call(self._loop.time())
        self._flush()

    async def _read_meter(self):
        while octets := await self._meter.receive():
            self._wpdus.receive_data(octets)
            while (wpdu := self._wpdus.next_wpdu()) is not None:
                self.peer.send(Message(wpdu.destination_wport, wpdu.source_wport, wpdu.apdu))
            self._flush()
        self._inbox.put_nowait(b"")


def split(octets):
    """The frames in a row of octets."""
    while octets:
        size = HEAD.size + HEAD.unpack_from(octets)[-1]
        yield octets[:size]
        octets = octets[size:]


class SecondHouse:
    """Makes channels to a meter behind gateways; keeps them for the test to look at."""

    def __init__(self, meter, lose=()):
        self._meter = meter
        self._lose = lose
        self.gateways = []
        self.framings = []

    async def connect(self):
        self.gateways.append(Gateway(await self._meter.connect(), self._lose))
        self.framings.append(StopAndWait())
        return Channel(self.gateways[-1], self.framings[-1])
