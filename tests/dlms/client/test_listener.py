"""Listening on sockets of this computer: 127.0.0.1 and ::1 only."""

import asyncio
from contextlib import nullcontext
from dataclasses import replace
import socket
from unittest.mock import AsyncMock, patch

import pytest
import pytest_socket

from custom_components.cosem.dlms.addresses import TransportProtocol
from custom_components.cosem.dlms.client.listener import NotificationListener
from custom_components.cosem.dlms.client.transport import TcpTransport
from custom_components.cosem.dlms.errors import ListenerUnavailable
from custom_components.cosem.dlms.limits import DEFAULT_LIMITS
from custom_components.cosem.dlms.protocol.notification_senders import NotificationSenders
from tests.dlms.protocol.test_notification_senders import keys
from tests.dlms.security.test_notification_keys import EVENT, general_glo
from tests.still_loop import until

TCP, UDP = TransportProtocol.TCP, TransportProtocol.UDP


@pytest.fixture(autouse=True)
def _sockets(socket_enabled):
    """These tests are about sockets."""
    pytest_socket.socket_allow_hosts(["127.0.0.1", "::1"], allow_unix_socket=True)


def wpdu(apdu, source=1, destination=1):
    numbers = (1, source, destination, len(apdu))
    return b"".join(number.to_bytes(2, "big") for number in numbers) + apdu


def another(number):
    return wpdu(EVENT[:-1] + bytes([number]))


class House:
    """A listener, what it heard, and senders."""

    def __init__(self, limits=DEFAULT_LIMITS):
        self.heard = []
        self._news = asyncio.Event()
        self.listener = NotificationListener(self._take, NotificationSenders([keys()]), limits=limits)
        self._open = []

    def _take(self, heard):
        self.heard.append(heard)
        self._news.set()

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self.listener.close()
        for each in self._open:
            each.close()

    async def call(self, *octets, host="127.0.0.1"):
        reader, writer = await asyncio.open_connection(host, self.listener.port)
        self._open.append(writer)
        for part in octets:
            writer.write(part)
            await writer.drain()
        return reader, writer

    def send(self, *datagrams, host="127.0.0.1"):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sender = socket.socket(family, socket.SOCK_DGRAM)
        self._open.append(sender)
        for datagram in datagrams:
            sender.sendto(datagram, (host, self.listener.port))
        return sender


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("transport", [TCP, UDP])
async def test_every_address_is_listened_at(transport, host):
    async with House() as house:
        await house.listener.open(transport, port=0)
        if transport is TCP:
            await house.call(wpdu(EVENT), host=host)
        else:
            house.send(wpdu(EVENT), host=host)
        await until(lambda: house.heard)
        (heard,) = house.heard
        assert (heard.source.transport, heard.source.host, heard.apdu) == (transport, host, EVENT)


@pytest.mark.parametrize("transport", [TCP, UDP])
async def test_s26_one_address_may_be_chosen(transport):
    async with House() as house:
        await house.listener.open(transport, "127.0.0.1", 0)
        if transport is TCP:
            with pytest.raises(ConnectionRefusedError):
                await house.call(host="::1")
            await house.call(wpdu(EVENT))
        else:
            house.send(wpdu(EVENT), host="::1")
            house.send(another(1))
        await until(lambda: house.heard)
        assert [each.source.host for each in house.heard] == ["127.0.0.1"]


@pytest.mark.parametrize("transport", [TCP, UDP])
async def test_a_port_that_is_taken_is_said_and_nothing_stays_open(transport):
    async with House() as first, House() as second:
        await first.listener.open(transport, "127.0.0.1", 0)
        with pytest.raises(ListenerUnavailable, match="cannot listen on 127") as caught:
            await second.listener.open(transport, "127.0.0.1", first.listener.port)
        assert caught.value.in_use
        assert caught.value.port == first.listener.port


@pytest.mark.parametrize("transport", [TCP, UDP])
@pytest.mark.parametrize("error", [None, socket.gaierror(-2, "Name or service not known"), UnicodeError("label")])
async def test_an_address_that_is_not_ours_is_said(transport, error, monkeypatch):
    address = "203.0.113.77"
    async with House() as house:
        if error is not None:
            monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", AsyncMock(side_effect=error))
        with pytest.raises(ListenerUnavailable) as caught:
            await house.listener.open(transport, address, 0)
        assert not caught.value.in_use


async def test_a_system_without_a_kind_of_address_is_served_on_the_other(monkeypatch):
    usual = socket.socket

    def without_six(family=socket.AF_INET, *arguments, **named):
        if family == socket.AF_INET6:
            raise OSError(97, "Address family not supported by protocol")
        return usual(family, *arguments, **named)

    async with House() as house:
        monkeypatch.setattr(socket, "socket", without_six)
        await house.listener.open(UDP, port=0)
        monkeypatch.setattr(socket, "socket", usual)
        house.send(wpdu(EVENT))
        await until(lambda: house.heard)
        await house.listener.close()
        monkeypatch.setattr(socket, "socket", without_six)
        with pytest.raises(ListenerUnavailable, match="no such kind"):
            await house.listener.open(UDP, "::1", 0)


@pytest.mark.parametrize("error", [OSError(98, "in use"), OSError(13, "not allowed")], ids=["in use", "other"])
async def test_any_port_is_looked_for_until_one_is_free_on_all_addresses(error, monkeypatch):
    usual = socket.socket.bind
    failures = [error]

    def bind(self, place):
        if self.family == socket.AF_INET6 and failures:
            raise failures.pop()
        usual(self, place)

    monkeypatch.setattr(socket.socket, "bind", bind)
    async with House() as house:
        expected = nullcontext() if error.errno == 98 else pytest.raises(ListenerUnavailable, match="not allowed")
        with expected:
            await house.listener.open(UDP, port=0)
        house.send(*([wpdu(EVENT)] if error.errno == 98 else []), host="::1")
        await until(lambda: house.heard or error.errno != 98)
        assert len(house.heard) == (error.errno == 98)


async def test_an_empty_wpdu_is_no_sign_of_life():
    async with House(replace(DEFAULT_LIMITS, listener_first_apdu=30, listener_idle=0.3)) as house:
        await house.listener.open(TCP, "127.0.0.1", 0)
        reader, writer = await house.call(wpdu(EVENT))
        await until(lambda: house.heard)
        writer.write(wpdu(b"") * 3)
        assert await reader.read() == b""


async def test_f13_f15_f23_a_broken_datagram_costs_itself_and_is_not_answered():
    async with House() as house:
        await house.listener.open(UDP, "127.0.0.1", 0)
        broken = [
            b"x",
            wpdu(EVENT)[:-1],
            wpdu(EVENT) * 2,
            b"\0\2" + wpdu(EVENT)[2:],
            wpdu(b""),
            b"\x7e\xa0\x01",
            wpdu(b"\xe0"),
        ]
        sender = house.send(*broken, another(1))
        await until(lambda: house.heard)
        assert len(house.heard) == 1
        assert house.listener.counters.broken == 6
        sender.setblocking(False)
        with pytest.raises(BlockingIOError):
            sender.recv(100)


async def test_s25_nothing_is_ever_answered_to_a_datagram_or_a_connection():
    async with House() as udp, House() as tcp:
        await udp.listener.open(UDP, "127.0.0.1", 0)
        confirmed = bytes.fromhex("0F40000001001105")
        sender = udp.send(wpdu(confirmed), wpdu(general_glo(5)), wpdu(bytes.fromhex("6000")))
        await until(lambda: len(udp.heard) == 2)
        sender.setblocking(False)
        with pytest.raises(BlockingIOError):
            sender.recv(100)
        await tcp.listener.open(TCP, "127.0.0.1", 0)
        reader, writer = await tcp.call(wpdu(confirmed), wpdu(general_glo(5)), wpdu(bytes.fromhex("C001C100")))
        await until(lambda: len(tcp.heard) == 2)
        writer.write_eof()
        assert await reader.read() == b""


async def test_a_burst_of_a_hundred_in_one_segment_of_a_meter_that_proves_itself():
    async with House() as house:
        await house.listener.open(TCP, "127.0.0.1", 0)
        await house.call(b"".join(wpdu(general_glo(number)) for number in range(1, 101)))
        await until(lambda: len(house.heard) == 100)
        assert house.listener.sources.dropped == 0


@pytest.mark.parametrize("transport", [TCP, UDP])
async def test_what_strangers_send_too_much_of_is_dropped_and_the_connection_stays(transport):
    async with House() as house:
        await house.listener.open(transport, "127.0.0.1", 0)
        flood = [another(number) for number in range(200)]
        if transport is TCP:
            reader, _ = await house.call(b"".join(flood) + wpdu(b"") * 100)
        else:
            house.send(*flood[:100])
        await until(lambda: house.listener.sources.dropped)
        assert 50 <= len(house.heard) < 100
        if transport is TCP:
            assert not reader.at_eof()


async def test_a_greeting_is_skipped():
    async with House() as house:
        await house.listener.open(TCP, "127.0.0.1", 0)
        await house.call(b"SN 12345\r\n", wpdu(EVENT)[:5], wpdu(EVENT)[5:], b"SN 12345\r\n" + another(1))
        await until(lambda: len(house.heard) == 2)
        assert [each.apdu[-1] for each in house.heard] == [EVENT[-1], 1]


async def test_a_caller_who_says_nothing_is_hung_up_on():
    async with House(replace(DEFAULT_LIMITS, listener_first_apdu=0.05)) as house:
        await house.listener.open(TCP, "127.0.0.1", 0)
        reader, _ = await house.call()
        assert await reader.read() == b""
        drip, writer = await house.call(wpdu(EVENT)[:4])
        assert await drip.read() == b""
        writer.close()
        assert not house.heard


async def test_a_caller_who_falls_silent_is_hung_up_on():
    async with House(replace(DEFAULT_LIMITS, listener_first_apdu=30, listener_idle=0.05)) as house:
        await house.listener.open(TCP, "127.0.0.1", 0)
        reader, _ = await house.call(wpdu(EVENT))
        await until(lambda: house.heard)
        assert await reader.read() == b""


STRANGE = {"later": wpdu(EVENT) + b"GET / HTTP/1.1", "first": b"talk" * 200}


@pytest.mark.parametrize("octets", STRANGE.values(), ids=STRANGE)
async def test_m09_what_is_no_wrapper_ends_the_connection(octets):
    async with House() as house:
        await house.listener.open(TCP, "127.0.0.1", 0)
        reader, _ = await house.call(octets)
        assert await reader.read() == b""


async def test_connections_are_limited_altogether_and_for_each_source():
    async with House(replace(DEFAULT_LIMITS, listener_connections=3)) as house:
        await house.listener.open(TCP, port=0)
        for _ in range(2):
            await house.call(another(1))
        await until(lambda: house.heard)
        for refused in range(1, 4):
            reader, _ = await house.call()
            assert await reader.read() == b""
            assert house.listener.refused_connections == refused
        await house.call(wpdu(EVENT), host="::1")
        await until(lambda: any(each.source.host == "::1" for each in house.heard))
        reader, _ = await house.call(host="::1")
        assert await reader.read() == b""


async def test_what_a_meter_left_half_open_makes_room_for_its_news():
    """It lost its power again and again, so it never ended its connections."""
    loop, left = asyncio.get_running_loop(), []
    async with House() as house:
        await house.listener.open(TCP, "127.0.0.1", 0)
        for number in range(6):
            left.append(await house.call(another(number)))
            await until(lambda: len(house.heard) == number + 1)  # noqa: B023  it is awaited here
            for call in house.listener._calls.values():
                call.told_at -= 1.0
        assert house.listener.refused_connections == 0
        assert [await reader.read() for reader, _ in left[:4]] == [b""] * 4  # the oldest ones
        await until(lambda: len(house.listener._calls) == 2)
        silent, talking = house.listener._calls.values()
        talking.told_at = silent.told_at = loop.time()
        reader, _ = await house.call(another(10))
        assert await reader.read() == b""  # there may be more in those that have just told something
        silent.told_at -= 1.0
        silent.link.holder = object()
        reader, _ = await house.call(another(10))
        assert await reader.read() == b""  # one that is kept for the next poll
        assert house.listener.refused_connections == 2


async def test_connections_that_are_about_to_end_are_bounded_too():
    async with House() as house:
        await house.listener.open(TCP, "127.0.0.1", 0)
        for number in range(2):
            await house.call(another(number))
        await until(lambda: len(house.heard) == 2)
        may_end, ending, close = asyncio.Event(), [], TcpTransport.close

        async def close_slowly(transport):
            ending.append(transport)
            await may_end.wait()
            await close(transport)

        with patch.object(TcpTransport, "close", close_slowly):
            for number in range(2, 5):
                for call in house.listener._calls.values():
                    call.told_at -= 1.0
                reader, _ = await house.call(another(number))
                if number < 4:
                    await until(lambda: len(house.heard) == number + 1)  # noqa: B023  it is awaited here
            assert await reader.read() == b""
            assert (len(ending), house.listener.refused_connections) == (2, 1)
            may_end.set()
            await house.listener.close()


async def test_strangers_leave_places_for_who_was_named():
    limits = replace(DEFAULT_LIMITS, listener_connections=4, listener_connections_of_strangers=2)
    async with House(limits) as house:
        await house.listener.open(TCP, port=0)
        house.listener.sources.trust(["::1"])
        for number in range(2):
            await house.call(another(number))
        await until(lambda: len(house.heard) == 2)
        for _ in range(2):
            reader, _ = await house.call()
            assert await reader.read() == b""
        for number in range(2):
            await house.call(another(10 + number), host="::1")
        await until(lambda: len(house.heard) == 4)
        reader, _ = await house.call(host="::1")  # all places are taken
        assert await reader.read() == b""
        assert house.listener.refused_connections == 3


async def test_a_place_is_free_again_after_a_call():
    async with House(replace(DEFAULT_LIMITS, listener_connections=1)) as house:
        await house.listener.open(TCP, "127.0.0.1", 0)
        for number in range(5):
            _, writer = await house.call(another(number))
            await until(lambda: len(house.heard) == number + 1)  # noqa: B023  it is awaited here
            writer.close()
            await until(lambda: not house.listener._calls)
        assert house.listener.refused_connections == 0


@pytest.mark.parametrize("transport", [TCP, UDP])
async def test_a_port_is_free_at_once_after_the_end(transport):
    async with House() as house:
        await house.listener.open(transport, "127.0.0.1", 0)
        port = house.listener.port
        for _ in range(3):
            await house.listener.close()
            await house.listener.open(transport, "127.0.0.1", port)
        assert house.listener.port == port


async def test_closing_ends_everything_and_may_come_twice():
    before = asyncio.all_tasks()
    async with House() as house:
        await house.listener.open(TCP, "127.0.0.1", 0)
        await house.listener.open(UDP, "127.0.0.1", house.listener.port)
        reader, _ = await house.call(wpdu(EVENT))
        await until(lambda: house.heard)
        await house.listener.close()
        assert await reader.read() == b""
        await house.listener.close()
        with pytest.raises(ConnectionRefusedError):
            await house.call()
    assert asyncio.all_tasks() == before
