"""How the connection under all associations ends. No sockets."""

import asyncio
import gc
import logging
from unittest.mock import patch

import pytest

from custom_components.cosem.dlms.client import association as association_module
from custom_components.cosem.dlms.client.channel import Channel
from custom_components.cosem.dlms.client.link import SYSTEM_CLOCK, Link, Timing
from custom_components.cosem.dlms.errors import (
    AssociationAborted,
    ConnectionLost,
    DecodeError,
    LimitExceeded,
    TransportError,
)
from custom_components.cosem.dlms.limits import DEFAULT_LIMITS, Limits
from custom_components.cosem.dlms.protocol.framing import WrapperFraming
from custom_components.cosem.dlms.protocol.proposal import AssociationParameters, WportPair
from tests.dlms.client.conftest import OTHER, SEVEN, answers, client_of
from tests.dlms.scripted import (
    CLOCK,
    PARAMETERS,
    PUSH,
    End,
    Raw,
    answer,
    block,
    unsigned,
    value,
)

# -- ends


@pytest.mark.parametrize("reset", [False, True])
async def test_lost_connection_fails_everybody_at_once(meter, reset):
    client = client_of(meter, Timing(response=60, release=60))
    meter.get = lambda apdu: [Raw(answer(value(unsigned(7)))[:-1]), End(reset=reset)]
    async with client.associate(PARAMETERS) as first, client.associate(OTHER) as second:
        with pytest.raises(ConnectionLost) as caught:
            await first.get(CLOCK)
        assert (caught.value.reset, caught.value.truncated) == (reset, True)
        with pytest.raises(ConnectionLost):
            await second.get(CLOCK)


async def test_connection_that_ends_while_idle_is_noticed(client, meter):
    async with client.associate(PARAMETERS) as association:
        meter.link.push(End())
        await asyncio.sleep(0.01)
        assert not association.is_open
        assert not client.is_connected
        assert meter.link.closed


async def test_connection_that_fails_while_sending(client, meter):
    async with client.associate(PARAMETERS) as association:
        meter.link.send_error = ConnectionLost(reset=True)
        with pytest.raises(ConnectionLost):
            await association.get(CLOCK)
        assert meter.link.closed


async def test_connection_that_fails_while_releasing(client, meter):
    async with client.associate(PARAMETERS):
        meter.link.send_error = ConnectionLost(reset=True)
    assert meter.link.closed


async def test_transport_may_fail_with_any_transport_error(client, meter):
    class Odd(TransportError):
        pass

    error = Odd("odd")
    async with client.associate(PARAMETERS) as association:

        async def fail():
            raise error

        meter.link.receive = fail
        meter.link.push(PUSH)
        await asyncio.sleep(0.01)
        with pytest.raises(Odd) as caught:
            await association.get(CLOCK)
        assert caught.value is error


async def test_bug_in_a_transport_surfaces_and_nobody_waits_for_it(client, meter, caplog):
    def bug():
        raise ZeroDivisionError

    with caplog.at_level(logging.ERROR):
        async with client.associate(PARAMETERS) as association:
            meter.link.receive = bug
            meter.link.push(PUSH)
            with pytest.raises(ConnectionLost):
                await association.get(CLOCK)
        client._physical._link = None
        del association
        gc.collect()
        await asyncio.sleep(0)
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("octets", [b"\x06\x00", b"\x06" + bytes(6), b"\x01\x84\xff\xff\xff\xff"])
async def test_trial_09_value_that_is_none_is_an_error_and_the_association_goes_on(client, meter, octets):
    meter.get = answers([value(octets)], [value(unsigned(7))])
    async with client.associate(PARAMETERS) as association:
        with pytest.raises(DecodeError):
            await association.get(CLOCK)
        assert await association.get(CLOCK) == SEVEN


async def test_f43_value_that_exhausts_a_limit_closes_the_connection(client, meter):
    meter.get = lambda apdu: [value(b"\x02\x01" * 40 + b"\x00")]
    async with client.associate(PARAMETERS) as association:
        for _ in range(2):
            with pytest.raises(LimitExceeded):
                await association.get(CLOCK)
            assert meter.link.closed


@pytest.mark.parametrize(("size", "outside"), [(65_000, False), (66_000, True)])
async def test_m13_large_values_are_decoded_outside_of_the_event_loop(client, meter, size, outside):
    octets = b"\x09\x83" + size.to_bytes(3, "big") + bytes(size)
    half = len(octets) // 2
    meter.get = answers([block(1, octets[:half])], [block(2, octets[half:], last=True)])
    client = client_of(meter)
    parameters = AssociationParameters(max_receive_pdu_size=0)
    with patch.object(association_module.asyncio, "to_thread", wraps=asyncio.to_thread) as to_thread:
        async with client.associate(parameters) as association:
            assert (await association.get(CLOCK)).value == bytes(size)
    assert to_thread.called is outside


async def test_trial_18_m13_many_elements_of_few_octets_are_decoded_outside_of_the_event_loop(client, meter):
    octets = bytes.fromhex("13 02 02 11 00 82 55F0") + bytes(0x55F0)  # 22,000 rows of three elements
    half = len(octets) // 2
    meter.get = answers([block(1, octets[:half])], [block(2, octets[half:], last=True)])
    with patch.object(association_module.asyncio, "to_thread", wraps=asyncio.to_thread) as to_thread:
        async with client.associate(AssociationParameters(max_receive_pdu_size=0)) as association:
            assert len((await association.get(CLOCK)).value.elements) == 22_000
    assert to_thread.called


async def test_limits_are_those_of_the_client(meter):
    client = client_of(meter, limits=Limits(assembled_value=10))
    meter.get = answers([block(1, bytes(6))], [block(2, bytes(6))])
    async with client.associate(PARAMETERS) as association:
        with pytest.raises(LimitExceeded):
            await association.get(CLOCK)


# -- the framing's own octets and time


class Talkative(WrapperFraming):
    """A framing that says good-bye, and something of its own every second."""

    def __init__(self):
        super().__init__()
        self.own = b""
        self.next_call = None
        self.calls = []

    def close(self):
        self.own += b"bye"

    def data_to_send(self, now):
        own, self.own = self.own, b""
        if self.next_call is None:
            self.next_call = now + 1
        return super().data_to_send(now) + own

    def call(self, now):
        self.calls.append(now)
        self.own += b"tick"
        self.next_call = None


class Recorder:
    """A transport that keeps what is sent."""

    def __init__(self):
        self.sent = []
        self.closed = False
        self.fails = None
        self.inbox = asyncio.Queue()

    async def send(self, octets):
        if self.fails is not None:
            raise self.fails
        self.sent.append(octets)

    async def receive(self):
        return await self.inbox.get()

    async def close(self):
        self.closed = True


@pytest.fixture
def framing():
    return Talkative()


@pytest.fixture
async def link(framing):
    link = Link(Channel(Recorder(), framing), DEFAULT_LIMITS, SYSTEM_CLOCK.monotonic)
    await link.open()
    yield link
    await link.close()


async def test_the_framing_is_called_when_it_wants_to_be_and_what_it_says_is_sent(link, framing):
    began = asyncio.get_running_loop().time()
    await asyncio.sleep(2.5)
    assert [round(moment - began) for moment in framing.calls] == [1, 2]
    assert link._transport.sent == [b"tick", b"tick"]


async def test_good_bye_comes_before_the_end(link):
    await link.leave(AssociationAborted("enough"))
    assert link._transport.sent == [b"bye"]
    assert link._transport.closed
    assert isinstance(link.connection.error, AssociationAborted)


async def test_good_bye_that_cannot_be_sent_ends_all_the_same(link):
    link._transport.fails = ConnectionLost(reset=True)
    await link.leave(AssociationAborted("enough"))
    assert link._transport.closed
    assert isinstance(link.connection.error, AssociationAborted)


async def test_nothing_is_called_after_the_end(link):
    await link.close()
    await asyncio.sleep(5)
    assert link._transport.sent == []


async def test_what_the_framing_says_may_find_the_connection_gone(link):
    link._transport.fails = ConnectionLost(reset=True)
    await asyncio.sleep(1.5)
    assert isinstance(link.connection.error, ConnectionLost)
    assert link._transport.closed


# -- a peer that does not stop


class Endless(Recorder):
    """A transport that has the same octets at any time, once it pours."""

    def __init__(self, octets):
        super().__init__()
        self.octets = octets
        self.reads = 0
        self.pours = asyncio.Event()

    async def receive(self):
        await self.pours.wait()
        self.reads += 1
        return self.octets


FLOODS = {
    "foreign": answer(value(unsigned(7)), WportPair(77, 3)) * 800,
    "notifications": answer(PUSH) * 900,
    "empty": answer(b"") * 2_000,
}


async def flooded(octets):
    link = Link(Channel(Endless(octets), WrapperFraming()), DEFAULT_LIMITS, SYSTEM_CLOCK.monotonic)
    await link.open()
    link._transport.pours.set()
    await asyncio.sleep(0)
    return link


@pytest.mark.parametrize("octets", FLOODS.values(), ids=FLOODS)
async def test_trial_23_a_flood_ends_the_link(octets):
    link = await flooded(octets)
    await asyncio.sleep(1)
    assert isinstance(link.connection.error, LimitExceeded)
    assert link._transport.closed
    assert link._transport.reads == 1


async def test_trial_23_what_nobody_asked_for_is_read_slowly():
    link = await flooded(answer(PUSH))
    await asyncio.sleep(2)
    assert link.is_alive
    assert link._transport.reads <= 2 / 0.05 + 1  # one each time, at most twenty a second
    await link.close()


async def test_trial_23_octets_that_never_become_a_message_are_read_slowly():
    link = await flooded(bytes.fromhex("0001 0001 0010 07D0"))
    link._transport.octets = b"\xff"
    await asyncio.sleep(2)
    assert link.is_alive
    assert link._transport.reads <= 2 / 0.05 + 2
    await link.close()


async def test_trial_23_answers_are_read_at_once(client, meter):
    """Each octet of them alone: the pause is for what nobody waits for."""
    meter.get = lambda apdu: [Raw(bytes([octet])) for octet in answer(value(unsigned(7)))]
    loop = asyncio.get_running_loop()
    async with client.associate(PARAMETERS) as association:
        began = loop.time()
        assert await association.get(CLOCK) == SEVEN
        assert loop.time() - began < 0.05
