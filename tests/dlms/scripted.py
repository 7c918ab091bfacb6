"""A meter made of a script: octets it answers with, and a transport in memory that the stack's client can use.

Written with literal octets where that is readable, so that it shares as little as possible with the codecs.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace

from custom_components.cosem.dlms.apdu import encode_apdu
from custom_components.cosem.dlms.apdu.acse import Aare
from custom_components.cosem.dlms.apdu.common import AttributeDescriptor
from custom_components.cosem.dlms.apdu.initiate import Conformance, InitiateResponse
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.errors import ConnectionLost, NotWrapper
from custom_components.cosem.dlms.protocol.connection import Connection
from custom_components.cosem.dlms.protocol.proposal import AssociationParameters, WportPair
from custom_components.cosem.dlms.protocol.wrapper import Wpdu, WrapperStream, encode_wpdu

PAIR = WportPair(16, 1)
PARAMETERS = AssociationParameters()

CLOCK = AttributeDescriptor(8, LogicalName.parse("0.0.1.0.0.255"), 2)
ENERGY = AttributeDescriptor(3, LogicalName.parse("1.0.1.8.0.255"), 2)
POWER = AttributeDescriptor(3, LogicalName.parse("1.0.1.7.0.255"), 2)
REGISTERS = tuple(AttributeDescriptor(3, LogicalName(bytes((1, 0, number, 7, 0, 255))), 2) for number in range(1, 101))

LN_CONTEXT = bytes.fromhex("60857405080101")
GRANTED = Conformance(0x00_1A_14)
"""Blocks with GET, multiple references, GET, selective access."""

RLRE = bytes.fromhex("6303800100")
BUSY = bytes.fromhex("D80103")
NO_ASSOCIATION = bytes.fromhex("D80101")
NOT_SUPPORTED = bytes.fromhex("D80202")
PUSH = bytes.fromhex("0F00000001001107")

INITIATE = InitiateResponse(conformance=GRANTED, server_max_receive_pdu_size=1024)
ACCEPTED = Aare(application_context_name=LN_CONTEXT, result=0, result_source=1, diagnostic=0)
REJECTED = Aare(application_context_name=LN_CONTEXT, result=1, result_source=1, diagnostic=13)


def aare(initiate=INITIATE, **changes):
    """The octets of an AARE; ``initiate`` None leaves user-information out."""
    inner = initiate if initiate is None or isinstance(initiate, bytes) else encode_apdu(initiate)
    return encode_apdu(replace(ACCEPTED, user_information=inner, **changes))


def initiate(**changes):
    return replace(INITIATE, **changes)


def value(octets, invoke_id=1):
    """C4 01 with a value."""
    return bytes([0xC4, 1, 0xC0 | invoke_id, 0]) + octets


def access_error(code, invoke_id=1):
    return bytes([0xC4, 1, 0xC0 | invoke_id, 1, code])


def values(*elements, invoke_id=1):
    """C4 03: octets are a value, a number is a data-access-result."""
    body = b"".join(b"\x00" + each if isinstance(each, bytes) else bytes([1, each]) for each in elements)
    return bytes([0xC4, 3, 0xC0 | invoke_id, len(elements)]) + body


def block(number, octets, *, last=False, invoke_id=1):
    """C4 02 with raw-data; ``last`` may be an octet of its own."""
    head = bytes([0xC4, 2, 0xC0 | invoke_id, int(last)]) + number.to_bytes(4, "big")
    return head + b"\x00\x82" + len(octets).to_bytes(2, "big") + octets


def block_error(number, code, invoke_id=1):
    return bytes([0xC4, 2, 0xC0 | invoke_id, 1]) + number.to_bytes(4, "big") + bytes([1, code])


def answer(apdu, pair=PAIR):
    """The WPDU from server to client."""
    return encode_wpdu(Wpdu(pair.server_wport, pair.client_wport, apdu))


def unsigned(number):
    """A double-long-unsigned."""
    return b"\x06" + number.to_bytes(4, "big")


def events_of(connection):
    """Everything that happened."""
    events = []
    while (event := connection.next_event()) is not None:
        events.append(event)
    return events


def sent_by(connection):
    """The APDUs that the connection wants to send."""
    stream = WrapperStream()
    stream.receive_data(connection.data_to_send())
    apdus = []
    while (wpdu := stream.next_wpdu()) is not None:
        apdus.append(wpdu.apdu)
    return apdus


def associated(response=INITIATE, parameters=PARAMETERS, **arguments):
    """A Connection with one association, its events and output taken."""
    connection = Connection(**arguments)
    associate(connection, parameters, response)
    return connection


def associate(connection, parameters=PARAMETERS, response=INITIATE):
    connection.propose(parameters)
    connection.receive_data(answer(aare(response), parameters.pair))
    assert connection.is_open(parameters.pair)
    events_of(connection)
    connection.data_to_send()


class End:
    """The meter closes (reset: with RST)."""

    def __init__(self, *, reset=False):
        self.reset = reset


class Raw(bytes):
    """Octets without a wrapper added."""

    __slots__ = ()


type Part = bytes | End | float
type Reply = Callable[[Wpdu], Iterable[Part]]


class ScriptedTransport:
    """The client's end. ``reply``: what comes back for each WPDU sent (APDUs, Raw octets, End, or seconds to wait)."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        self.sent: list[Wpdu] = []
        self.writes: list[bytes] = []
        self.closed = 0
        self.send_error: ConnectionLost | None = None
        self._parts: asyncio.Queue[Part] = asyncio.Queue()
        self._stream = WrapperStream()

    async def send(self, octets: bytes) -> None:
        assert not self.closed
        if self.send_error is not None:
            raise self.send_error
        self.writes.append(octets)
        try:
            self._stream.receive_data(octets)
        except NotWrapper:
            raise ConnectionLost from None  # it hangs up
        while (wpdu := self._stream.next_wpdu()) is not None:
            self.sent.append(wpdu)
            pair = WportPair(wpdu.source_wport, wpdu.destination_wport)
            for part in self.reply(wpdu):
                self.push(part, pair)

    def push(self, part: Part, pair: WportPair = PAIR) -> None:
        """Let the meter do something on its own."""
        if isinstance(part, bytes) and not isinstance(part, Raw):
            part = Raw(answer(part, pair))
        self._parts.put_nowait(part)

    async def receive(self) -> bytes:
        while True:
            part = await self._parts.get()
            if isinstance(part, End):
                if part.reset:
                    raise ConnectionLost(reset=True)
                return b""
            if isinstance(part, bytes):
                return part
            await asyncio.sleep(part)

    async def close(self) -> None:
        self.closed += 1


class ScriptedMeter:
    """A Connector. Answers AARQ and RLRQ like a friendly meter; GETs by ``get``, which may be replaced at any time.

    ``get`` takes the request's APDU and returns parts; invoke-id and priority of answers are those of the request.
    """

    def __init__(self, get=None, *, aarq=None, rlrq=None, connect=None) -> None:
        self.get = get or (lambda apdu: [value(unsigned(7))])
        self.aarq = aarq or (lambda apdu: [aare()])
        self.rlrq = rlrq or (lambda apdu: [RLRE])
        self.on_connect = connect
        self.links: list[ScriptedTransport] = []

    async def connect(self) -> ScriptedTransport:
        if self.on_connect is not None:
            await self.on_connect()
        link = ScriptedTransport(self.reply)
        self.links.append(link)
        return link

    @property
    def link(self) -> ScriptedTransport:
        return self.links[-1]

    @property
    def requests(self) -> list[bytes]:
        """All GETs on all connections."""
        return [wpdu.apdu for link in self.links for wpdu in link.sent if wpdu.apdu[0] == 0xC0]

    @property
    def open_links(self) -> int:
        return sum(not link.closed for link in self.links)

    def reply(self, wpdu: Wpdu) -> Iterable[Part]:
        apdu = wpdu.apdu
        if apdu[0] == 0x60:
            yield from self.aarq(apdu)
        elif apdu[0] == 0x62:
            yield from self.rlrq(apdu)
        else:
            for part in self.get(apdu):
                yield with_invoke_id(part, apdu[2])


def with_invoke_id(part: Part, invoke: int) -> Part:
    """Put the request's invoke-id into a get-response."""
    if isinstance(part, bytes) and not isinstance(part, Raw) and part[:1] == b"\xc4":
        return part[:2] + bytes([invoke]) + part[3:]
    return part
