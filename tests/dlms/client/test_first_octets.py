"""What comes back from an address is kept, and a silent one is asked in other protocols."""

import asyncio
from collections.abc import Callable

import pytest

from custom_components.cosem.dlms.client.channel import Channel, with_wrapper
from custom_components.cosem.dlms.client.first_octets import FirstOctets
from custom_components.cosem.dlms.errors import ConnectFailed, ConnectFailure, ConnectionLost
from custom_components.cosem.dlms.protocol.framing import Message, WrapperFraming

UA = bytes.fromhex("7EA00703217300007E")


class Peer:
    """Answers by ``reply``; None is silence."""

    def __init__(self, reply: Callable[[bytes], bytes | None]) -> None:
        self.reply = reply
        self.sent: list[bytes] = []
        self.closed = 0
        self._answers: asyncio.Queue[bytes] = asyncio.Queue()

    async def connect(self) -> Peer:
        return self

    async def send(self, octets: bytes) -> None:
        self.sent.append(octets)
        if (answer := self.reply(octets)) is not None:
            self._answers.put_nowait(answer)

    async def receive(self) -> bytes:
        return await self._answers.get()

    async def close(self) -> None:
        self.closed += 1


class Notes:
    """An observer that keeps stages."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def note(self, text: str, *details: object) -> None:
        self.texts.append(text % details)

    def sent(self, message: Message) -> None:
        raise AssertionError

    received = sent


def listening(peer: Peer) -> FirstOctets:
    return FirstOctets(with_wrapper(peer.connect))


async def opened(heard: FirstOctets) -> None:
    await (await heard.connect()).transport.close()


async def test_the_first_octets_are_kept_and_no_more():
    peer = Peer(lambda octets: octets)
    heard = listening(peer)
    assert (heard.protocol, heard.is_wrapper) == (None, False)
    channel = await heard.connect()
    for _ in range(3):
        await channel.transport.send(b"\0\1" + bytes(range(38)))
        await channel.transport.receive()
    assert len(heard.octets) == 64
    assert (heard.protocol, heard.is_wrapper) == (None, True)


async def test_a_meter_behind_hdlc_is_found_and_left_again():
    peer = Peer(lambda octets: UA if octets[:1] == b"\x7e" else None)
    heard = listening(peer)
    await opened(heard)
    told = await heard.ask(5)
    assert told is not None
    assert told.startswith("HDLC")
    assert [octets[5] for octets in peer.sent] == [0x93, 0x53], "SNRM, then DISC"
    assert peer.closed == 2


async def test_an_observer_sees_what_goes_past_the_framing():
    peer = Peer(lambda octets: UA + bytes(40) if octets[:1] == b"\x7e" else None)
    notes = Notes()
    heard = FirstOctets(with_wrapper(peer.connect), notes)
    await opened(heard)
    await heard.ask(5)
    assert notes.texts == [
        "asking in another protocol: 7EA0070321930F017E",
        f"another protocol answers with {len(UA) + 40} octets: {UA.hex().upper()}{'00' * (32 - len(UA))}...",
        "asking in another protocol: 7EA00703215303C77E",
    ]


async def test_a_server_of_text_answers_a_new_line():
    peer = Peer(lambda octets: b"HTTP/1.1 400" if b"\n" in octets else None)
    heard = listening(peer)
    await opened(heard)
    told = await heard.ask(0.05)
    assert told is not None
    assert told.startswith("HTTP")
    assert not heard.is_wrapper


async def test_nobody_is_asked_who_has_spoken():
    peer = Peer(lambda octets: None)
    heard = listening(peer)
    await opened(heard)
    heard.note(b"\x15\x03")
    assert await heard.ask(5) == "TLS"
    assert peer.sent == []


async def test_silence_stays_silence():
    peer = Peer(lambda octets: None)
    heard = listening(peer)
    await opened(heard)
    assert await heard.ask(0.05) is None
    assert len(peer.sent) == 2
    assert peer.closed == 2


@pytest.mark.parametrize("error", [ConnectionLost(), ConnectFailed(ConnectFailure.REFUSED)])
async def test_who_hangs_up_says_nothing(error: Exception):
    peer = Peer(lambda octets: None)
    heard = listening(peer)
    await opened(heard)

    async def fails(*_: object) -> None:
        raise error

    peer.send = fails  # type: ignore[method-assign] - it hangs up from now on
    assert await heard.ask(5) is None
    assert peer.closed == 2


WPDU = bytes.fromhex("0001000100100003D80101")


async def test_nobody_is_asked_twice():
    peer = Peer(lambda octets: None)
    heard = listening(peer)
    await opened(heard)
    await heard.ask(0.05)
    await heard.ask(0.05)
    assert len(peer.sent) == 2


@pytest.mark.parametrize("size", [2, 7])
async def test_part_of_a_header_is_no_wrapper_and_is_not_continued_on_another_connection(size: int):
    heard = listening(Peer(lambda octets: None))
    await opened(heard)
    heard.note(WPDU[:size])
    assert (heard.is_wrapper, heard.protocol) == (False, None)
    heard.note(WPDU[size:])
    assert heard.is_wrapper
    await opened(heard)
    assert heard.is_wrapper
    other = listening(Peer(lambda octets: None))
    await opened(other)
    other.note(WPDU[:size])
    await opened(other)
    assert other.octets == b""


def over_datagrams(peer: Peer) -> FirstOctets:
    class Datagrams(WrapperFraming):
        error_is_fatal = False  # type: ignore[misc] - what makes it one

    async def connect() -> Channel:
        return Channel(peer, Datagrams())

    return FirstOctets(connect)


async def test_nothing_is_asked_over_datagrams():
    peer = Peer(lambda octets: b"text")
    heard = over_datagrams(peer)
    await opened(heard)
    assert await heard.ask(5) is None
    assert peer.sent == []


async def test_each_datagram_stands_for_itself():
    heard = over_datagrams(Peer(lambda octets: None))
    await opened(heard)
    modbus = bytes.fromhex("000100000003018101")
    for _ in range(2):
        heard.note(modbus)
        assert (heard.octets, heard.protocol) == (modbus, "Modbus")
    heard.note(WPDU)
    heard.note(modbus)
    assert heard.is_wrapper
