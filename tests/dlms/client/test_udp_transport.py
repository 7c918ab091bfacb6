"""The UDP endpoint, on loopback sockets, and on stubs where the network will not do it."""

import asyncio
from contextlib import contextmanager
import socket
from unittest.mock import patch

import pytest
import pytest_socket

from custom_components.cosem.dlms.addresses import TransportProtocol
from custom_components.cosem.dlms.client.client import DlmsClient
from custom_components.cosem.dlms.client.udp_transport import UdpTransport, _Endpoint, open_udp
from custom_components.cosem.dlms.errors import ConnectFailed, ConnectFailure, ConnectionLost, ConnectTimeout
from tests.dlms.scripted import PARAMETERS

DEADLINE = 120
"""Seconds, reached by what hangs only."""


@pytest.fixture(autouse=True)
def _sockets(socket_enabled):
    """Loopback sockets of both kinds are allowed in this file."""
    pytest_socket.socket_allow_hosts(["127.0.0.1", "::1"])


class Echo(asyncio.DatagramProtocol):
    """Sends back what comes."""

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        self.transport.sendto(data, addr)


@pytest.fixture(params=["127.0.0.1", "::1"])
async def echo(request):
    transport, _protocol = await asyncio.get_running_loop().create_datagram_endpoint(
        Echo, local_addr=(request.param, 0)
    )
    yield transport.get_extra_info("sockname")[:2]
    transport.close()


async def test_datagrams_go_out_and_come_back_whole(echo):
    endpoint = await open_udp(*echo, DEADLINE)
    await endpoint.send(b"abc")
    await endpoint.send(b"de")
    assert [await endpoint.receive(), await endpoint.receive()] == [b"abc", b"de"]
    await endpoint.close()
    await endpoint.close()


class AsksForPermission(socket.socket):
    """As to a broadcast address: the operating system wants to be asked."""

    permits = True

    def connect(self, address):
        if not (self.permits and self.getsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST)):
            raise PermissionError(13, "Permission denied")
        super().connect(address)


async def test_a_broadcast_address_is_reached_and_nobody_else_is_heard(echo):
    """No test sends to other computers: Table 1 of IEC 62056-9-7:2013, 9.1."""
    with patch("custom_components.cosem.dlms.client.udp_transport.socket.socket", AsksForPermission):
        endpoint = await open_udp(*echo, DEADLINE)
    await endpoint.send(b"abc")
    assert await endpoint.receive() == b"abc"
    await endpoint.close()


async def test_an_address_that_may_not_be_reached_at_all(echo, monkeypatch):
    monkeypatch.setattr(AsksForPermission, "permits", False)
    with (
        patch("custom_components.cosem.dlms.client.udp_transport.socket.socket", AsksForPermission),
        pytest.raises(ConnectFailed, match="not permitted"),
    ):
        await open_udp(*echo, DEADLINE)


async def test_a_repeated_question_goes_to_the_only_address(echo):
    silent = set()
    endpoint = await open_udp(*echo, DEADLINE, silent)
    for _ in range(2):
        await endpoint.send(b"asked")
    assert [await endpoint.receive(), await endpoint.receive()] == [b"asked"] * 2
    await endpoint.close()
    assert silent == set()


async def test_f24_nobody_listens_there():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    endpoint = await open_udp("127.0.0.1", port, DEADLINE)
    await endpoint.send(b"abc")
    with pytest.raises(ConnectFailed) as caught:
        await endpoint.receive()
    assert caught.value.reason is ConnectFailure.REFUSED
    with pytest.raises(ConnectFailed):
        await endpoint.send(b"abc")
    await endpoint.close()


async def test_f25_what_another_address_sends_never_arrives(echo):
    endpoint = await open_udp(*echo, DEADLINE)
    own = endpoint._endpoints[0].transport.get_extra_info("sockname")
    with socket.socket(socket.AF_INET6 if ":" in own[0] else socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(b"forged", own[:2])
        await endpoint.send(b"asked")
        assert await endpoint.receive() == b"asked"
    await endpoint.close()


async def test_its_end_wakes_who_waits(echo):
    endpoint = await open_udp(*echo, DEADLINE)
    waiting = asyncio.create_task(endpoint.receive())
    await asyncio.sleep(0)
    await endpoint.close()
    with pytest.raises(ConnectionLost):
        await waiting


async def test_other_words_of_the_network_mean_that_there_is_no_way(echo):
    endpoint = await open_udp(*echo, DEADLINE)
    endpoint._endpoints[0].error_received(OSError(113, "Connect call failed ('192.0.2.7', 4059)"))
    with pytest.raises(ConnectFailed) as caught:
        await endpoint.receive()
    assert caught.value.reason is ConnectFailure.UNREACHABLE
    assert str(caught.value) == "connection failed: unreachable (no way to that host)"
    await endpoint.close()


async def test_what_nobody_takes_is_limited_and_empty_datagrams_are_nothing(echo):
    endpoint = await open_udp(*echo, DEADLINE)
    (socket_of,) = endpoint._endpoints
    for number in range(1000):
        socket_of.datagram_received(b"", ("127.0.0.1", 1))
        socket_of.datagram_received(number.to_bytes(2, "big"), ("127.0.0.1", 1))
    assert [await endpoint.receive() for _ in range(256)] == [number.to_bytes(2, "big") for number in range(256)]
    assert not endpoint._waiting
    await endpoint.close()


async def test_a_transport_that_never_opened_closes():
    endpoint = UdpTransport()
    await endpoint.close()
    assert endpoint._endpoints == []
    _Endpoint(endpoint).close()


# --- names with several addresses ----------------------------------------------------------------------------------


class Deaf(asyncio.DatagramProtocol):
    """Keeps what comes."""

    def __init__(self):
        self.got = []
        self.heard = asyncio.Event()

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        self.got.append(data)
        self.sender = addr
        self.heard.set()


async def listening(host, kind):
    transport, protocol = await asyncio.get_running_loop().create_datagram_endpoint(kind, local_addr=(host, 0))
    return protocol, transport.get_extra_info("sockname")


def closed_port():
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as closed:
        closed.bind(("::1", 0))
        return closed.getsockname()


@contextmanager
def named(*addresses):
    """What the resolver says of every name."""
    found = [
        (socket.AF_INET6 if ":" in each[0] else socket.AF_INET, socket.SOCK_DGRAM, 17, "", each) for each in addresses
    ]

    async def getaddrinfo(*_arguments, **_named):
        return found

    with patch.object(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo):
        yield


async def opened(*addresses, silent=None):
    with named(*addresses):
        return await open_udp("meter.example", 4059, DEADLINE, silent)


async def test_a_repeated_question_goes_to_the_next_address_and_the_first_that_answers_is_kept():
    deaf, at_deaf = await listening("::1", Deaf)
    echo, at_echo = await listening("127.0.0.1", Echo)
    silent = set()
    endpoint = await opened(at_deaf, at_echo, silent=silent)
    await endpoint.send(b"asked")
    await asyncio.wait_for(deaf.heard.wait(), DEADLINE)
    await endpoint.send(b"asked")
    assert await endpoint.receive() == b"asked"
    deaf.transport.sendto(b"late", deaf.sender)
    for question in (b"asked", b"other", b"other"):
        await endpoint.send(question)
        assert await endpoint.receive() == question
    assert deaf.got == [b"asked"]
    assert silent == {"::1"}
    await endpoint.close()
    again = await opened(at_deaf, at_echo, silent=silent)
    await again.send(b"asked")
    assert await again.receive() == b"asked"
    assert deaf.got == [b"asked"]
    await again.close()
    deaf.transport.close()
    echo.transport.close()


async def test_a_late_answer_of_the_first_address_makes_it_the_meters():
    deaf, at_deaf = await listening("::1", Deaf)
    second, at_second = await listening("127.0.0.1", Deaf)
    silent = set()
    endpoint = await opened(at_deaf, at_second, silent=silent)
    for _ in range(2):
        await endpoint.send(b"asked")
    await asyncio.wait_for(second.heard.wait(), DEADLINE)
    assert silent == {"::1"}
    deaf.transport.sendto(b"answer", deaf.sender)
    assert await endpoint.receive() == b"answer"
    second.transport.sendto(b"answer", second.sender)
    deaf.heard.clear()
    await endpoint.send(b"asked")
    await asyncio.wait_for(deaf.heard.wait(), DEADLINE)
    assert (deaf.got, second.got, silent) == ([b"asked"] * 2, [b"asked"], set())
    assert not endpoint._waiting
    await endpoint.close()
    deaf.transport.close()
    second.transport.close()


async def test_what_was_not_delivered_goes_to_the_next_address():
    echo, at_echo = await listening("127.0.0.1", Echo)
    silent = set()
    endpoint = await opened(closed_port(), at_echo, silent=silent)
    await endpoint.send(b"with a password")
    assert await endpoint.receive() == b"with a password"
    assert silent == {"::1"}
    await endpoint.close()
    echo.transport.close()


async def test_what_the_network_says_of_an_address_that_is_not_in_use_sends_nothing():
    echo, at_echo = await listening("127.0.0.1", Echo)
    endpoint = await opened(at_echo, closed_port())
    endpoint._endpoints[1].error_received(ConnectionRefusedError())
    assert len(endpoint._endpoints) == 1
    endpoint._endpoints[0].error_received(ConnectionRefusedError())
    with pytest.raises(ConnectFailed):
        await endpoint.receive()
    await endpoint.close()
    other = await opened(closed_port(), at_echo)
    other._endpoints[0].error_received(ConnectionRefusedError())  # before anything was sent
    await other.send(b"asked")
    assert await other.receive() == b"asked"
    await other.close()
    echo.transport.close()


async def test_who_sends_something_else_without_an_answer_stays_with_one_address():
    deaf, at_deaf = await listening("::1", Deaf)
    echo, at_echo = await listening("127.0.0.1", Echo)
    endpoint = await opened(at_deaf, at_echo)
    for unconfirmed in (b"AARQ", b"write", b"write"):
        await endpoint.send(unconfirmed)
        await asyncio.wait_for(deaf.heard.wait(), DEADLINE)
        deaf.heard.clear()
    assert deaf.got == [b"AARQ", b"write", b"write"]
    await endpoint.close()
    deaf.transport.close()
    echo.transport.close()


@pytest.mark.parametrize(("waited", "counts"), [(0.5, False), (1.5, True)])
async def test_an_address_that_was_silent_for_long_comes_last_the_next_time(waited, counts):
    deaf, at_deaf = await listening("::1", Deaf)
    silent = set()
    endpoint = await opened(at_deaf, silent=silent)
    await endpoint.send(b"with a password")
    endpoint._asked_at -= waited
    await endpoint.close()
    await endpoint.close()
    assert silent == ({"::1"} if counts else set())
    echo, at_echo = await listening("127.0.0.1", Echo)
    again = await opened(at_deaf, at_echo, silent=silent)
    assert [each.address for each in again._endpoints] == (["127.0.0.1", "::1"] if counts else ["::1", "127.0.0.1"])
    waiting = asyncio.create_task(again.receive())
    await asyncio.sleep(0)
    await again.close()
    with pytest.raises(ConnectionLost):
        await waiting
    deaf.transport.close()
    echo.transport.close()


async def test_families_take_turns_and_four_addresses_are_enough():
    ports = [("::1", number, 0, 0) for number in range(41, 46)]
    endpoint = await opened(*ports, ("127.0.0.1", 51), ("127.0.0.1", 51), ("127.0.0.1", 52))
    peers = [each.transport.get_extra_info("peername")[1] for each in endpoint._endpoints]
    assert peers == [41, 51, 42, 52]
    await endpoint.close()


async def test_an_address_to_which_there_is_no_way_is_passed_over():
    echo, at_echo = await listening("127.0.0.1", Echo)
    connect = socket.socket.connect

    def unreachable(self, address):
        if address[0] == "::1":
            raise OSError(101, "Network is unreachable")
        connect(self, address)

    with patch.object(socket.socket, "connect", unreachable):
        endpoint = await opened(("::1", 41, 0, 0), at_echo)
        await endpoint.send(b"asked")
        assert await endpoint.receive() == b"asked"
        await endpoint.close()
        with pytest.raises(ConnectFailed, match="unreachable") as caught:
            await opened(("::1", 41, 0, 0))
    assert caught.value.reason is ConnectFailure.UNREACHABLE
    with pytest.raises(ConnectFailed, match="no address"):
        await opened()
    echo.transport.close()


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (socket.gaierror(-2, "Name or service not known"), ConnectFailure.NAME_NOT_RESOLVED),
        (UnicodeError("label too long"), ConnectFailure.NAME_NOT_RESOLVED),
        (OSError(101, "Network is unreachable"), ConnectFailure.UNREACHABLE),
        (OverflowError("port must be 0-65535."), ConnectFailure.OTHER),
    ],
)
@pytest.mark.parametrize("of", ["getaddrinfo", "create_datagram_endpoint"])
async def test_why_there_is_no_socket(error, reason, of):
    with (
        patch.object(asyncio.get_running_loop(), of, side_effect=error),
        pytest.raises(ConnectFailed) as caught,
    ):
        await open_udp("127.0.0.1", 4059, DEADLINE)
    assert caught.value.reason is reason


@pytest.mark.parametrize("of", ["getaddrinfo", "create_datagram_endpoint"])
async def test_a_name_server_that_keeps_silent_is_a_timeout(of):
    async def never(*_arguments, **_named):
        await asyncio.Event().wait()

    with (
        patch.object(asyncio.get_running_loop(), of, never),
        pytest.raises(ConnectTimeout),
    ):
        await open_udp("127.0.0.1", 4059, 0.01)


async def test_two_kinds_of_transport_are_chosen_by_name():
    """Nobody listens on either: UDP learns it from the first answer of the network, TCP from the handshake."""
    for transport in TransportProtocol:
        client = DlmsClient("127.0.0.1", 9, connect=transport)
        with pytest.raises(ConnectFailed):
            async with client.associate(PARAMETERS):
                pass
        await client.close()
