"""The UDP endpoint, on loopback sockets, and on stubs where the network will not do it."""

import asyncio
import socket
from unittest.mock import patch

import pytest
import pytest_socket

from custom_components.cosem.dlms.addresses import TransportProtocol
from custom_components.cosem.dlms.client.client import DlmsClient
from custom_components.cosem.dlms.client.udp_transport import UdpTransport, open_udp
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
    own = endpoint._transport.get_extra_info("sockname")
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


def test_other_words_of_the_network_mean_that_there_is_no_way():
    endpoint = UdpTransport()
    endpoint.error_received(OSError(113, "No route to host"))
    assert endpoint._error.reason is ConnectFailure.UNREACHABLE


async def test_what_nobody_takes_is_limited_and_empty_datagrams_are_nothing():
    endpoint = UdpTransport()
    for number in range(1000):
        endpoint.datagram_received(b"", ("127.0.0.1", 1))
        endpoint.datagram_received(number.to_bytes(2, "big"), ("127.0.0.1", 1))
    assert [await endpoint.receive() for _ in range(256)] == [number.to_bytes(2, "big") for number in range(256)]
    assert not endpoint._waiting


async def test_a_transport_that_never_opened_closes():
    endpoint = UdpTransport()
    await endpoint.close()
    assert endpoint._transport is None


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (socket.gaierror(-2, "Name or service not known"), ConnectFailure.NAME_NOT_RESOLVED),
        (UnicodeError("label too long"), ConnectFailure.NAME_NOT_RESOLVED),
        (OSError(101, "Network is unreachable"), ConnectFailure.UNREACHABLE),
        (OverflowError("port must be 0-65535."), ConnectFailure.OTHER),
    ],
)
async def test_why_there_is_no_socket(error, reason):
    with (
        patch.object(asyncio.get_running_loop(), "create_datagram_endpoint", side_effect=error),
        pytest.raises(ConnectFailed) as caught,
    ):
        await open_udp("meter.example", 4059, DEADLINE)
    assert caught.value.reason is reason


async def test_a_name_server_that_keeps_silent_is_a_timeout():
    async def never(*_arguments, **_named):
        await asyncio.Event().wait()

    with (
        patch.object(asyncio.get_running_loop(), "create_datagram_endpoint", never),
        pytest.raises(ConnectTimeout),
    ):
        await open_udp("meter.example", 4059, 0.01)


async def test_two_kinds_of_transport_are_chosen_by_name():
    """Nobody listens on either: UDP learns it from the first answer of the network, TCP from the handshake."""
    for transport in TransportProtocol:
        client = DlmsClient("127.0.0.1", 9, connect=transport)
        with pytest.raises(ConnectFailed):
            async with client.associate(PARAMETERS):
                pass
        await client.close()
