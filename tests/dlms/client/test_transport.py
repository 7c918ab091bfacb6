"""The TCP endpoint, on loopback sockets where that is the point and on stubs where the network will not do it."""

import asyncio
import contextlib
import errno
import socket
import struct
from unittest.mock import AsyncMock, patch

import pytest
import pytest_socket

from custom_components.cosem.dlms.client import transport
from custom_components.cosem.dlms.client.transport import TcpTransport, open_tcp, resolve
from custom_components.cosem.dlms.errors import ConnectFailed, ConnectFailure, ConnectionLost, ConnectTimeout
from tests.still_loop import until

DEADLINE = 120
"""Seconds, reached by what hangs only."""
OPEN = "custom_components.cosem.dlms.client.transport.asyncio.open_connection"


@pytest.fixture(autouse=True)
def _sockets(socket_enabled):
    """Loopback sockets of both kinds are allowed in this file."""
    pytest_socket.socket_allow_hosts(["127.0.0.1", "::1"])


@contextlib.asynccontextmanager
async def server(handle, host="127.0.0.1"):
    """A server on a free port."""
    async with await asyncio.start_server(handle, host, 0) as listening:
        yield listening.sockets[0].getsockname()[1]


async def echo(reader, writer):
    while octets := await reader.read(100):
        writer.write(octets)
    writer.close()


async def reset(_reader, writer):
    """Close with RST."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
async def test_octets_go_out_and_come_back(host):
    async with server(echo, "::1" if host == "::1" else "127.0.0.1") as port:
        endpoint = await open_tcp(host, port, DEADLINE)
        await endpoint.send(b"abc")
        assert await endpoint.receive() == b"abc"
        await endpoint.close()


async def test_socket_options():
    async with server(echo) as port:
        endpoint = await open_tcp("127.0.0.1", port, DEADLINE)
        tcp = endpoint._writer.get_extra_info("socket")
        assert tcp.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert tcp.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        if hasattr(socket, "TCP_KEEPIDLE"):
            for option, value in ((socket.TCP_KEEPIDLE, 60), (socket.TCP_KEEPINTVL, 10), (socket.TCP_KEEPCNT, 3)):
                assert tcp.getsockopt(socket.IPPROTO_TCP, option) == value
        await endpoint.close()


async def test_times_of_keep_alive_are_left_out_where_the_platform_has_none():
    async with server(echo) as port:
        with patch.object(transport, "KEEP_ALIVE", (("TCP_NO_SUCH_OPTION", 60),)):
            endpoint = await open_tcp("127.0.0.1", port, DEADLINE)
        assert endpoint._writer.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        await endpoint.close()


async def test_orderly_end_is_no_octets():
    async def close(_reader, writer):
        writer.close()

    async with server(close) as port:
        endpoint = await open_tcp("127.0.0.1", port, DEADLINE)
        assert await endpoint.receive() == b""
        await endpoint.close()


async def test_reset_is_a_lost_connection():
    async with server(reset) as port:
        endpoint = await open_tcp("127.0.0.1", port, DEADLINE)
        with pytest.raises(ConnectionLost) as caught:
            await endpoint.receive()
        assert caught.value.reset
        with pytest.raises(ConnectionLost):
            for _ in range(10):
                await endpoint.send(b"abc")
        await endpoint.close()
        await endpoint.close()


@pytest.mark.parametrize(
    "error",
    [
        ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"),
        ConnectionAbortedError(errno.ECONNABORTED, "Software caused connection abort"),
        ExceptionGroup("", [OSError(errno.ENETUNREACH, "no"), ConnectionResetError(errno.ECONNRESET, "reset")]),
        ExceptionGroup("", [ConnectionRefusedError(errno.ECONNREFUSED, "no"), ConnectionResetError(104, "reset")]),
    ],
)
async def test_f56_a_reset_before_we_have_looked_at_the_connection_is_as_one_right_after_it(error):
    """A meter that serves another program resets at once: whether that is still part of connecting is chance."""
    with patch(OPEN, AsyncMock(side_effect=error)):
        endpoint = await open_tcp("meter.example", 4059, DEADLINE)
    for used in (endpoint.send(b"abc"), endpoint.receive()):
        with pytest.raises(ConnectionLost) as caught:
            await used
        assert caught.value.reset
    await endpoint.close()
    await endpoint.close()


@contextlib.asynccontextmanager
async def deaf_server():
    """A server that reads nothing, until the end of the context."""
    gate = asyncio.Event()

    async def take_nothing(_reader, writer):
        await gate.wait()
        writer.transport.abort()

    async with server(take_nothing) as port:
        try:
            yield port
        finally:
            gate.set()


async def test_close_does_not_wait_for_a_peer_that_takes_nothing():
    """Octets that nobody reads are given up after a second, and whoever still sends is set free."""
    async with deaf_server() as port:
        endpoint = await open_tcp("127.0.0.1", port, DEADLINE)
        sending = asyncio.create_task(endpoint.send(bytes(50_000_000)))
        await until(endpoint._writer.transport.get_write_buffer_size)
        assert not sending.done()
        with patch.object(transport, "_CLOSE_TIMEOUT", 0.05):
            async with asyncio.timeout(DEADLINE):
                await endpoint.close()
                await asyncio.wait([sending])


async def test_cancelled_close_still_closes():
    async with deaf_server() as port:
        endpoint = await open_tcp("127.0.0.1", port, DEADLINE)
        endpoint._writer.write(bytes(50_000_000))
        closing = asyncio.create_task(endpoint.close())
        await until(endpoint._writer.transport.is_closing)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        assert endpoint._writer.transport.get_write_buffer_size() == 0


# -- F01, F02, F04, F05


async def test_f01_refused():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(ConnectFailed) as caught:
            await open_tcp("127.0.0.1", unused.getsockname()[1], DEADLINE)
    assert caught.value.reason is ConnectFailure.REFUSED
    assert str(caught.value) == "connection failed: refused"


async def test_f02_black_hole():
    async def never(*_args, **_kwargs):
        await asyncio.Event().wait()

    with patch(OPEN, never), pytest.raises(ConnectTimeout) as caught:
        await open_tcp("192.0.2.1", 4059, 0.01)
    assert caught.value.seconds == 0.01


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), ConnectFailure.NAME_NOT_RESOLVED),
        (UnicodeError("label empty or too long"), ConnectFailure.NAME_NOT_RESOLVED),
        (ExceptionGroup("", [ConnectionRefusedError(errno.ECONNREFUSED, "no")]), ConnectFailure.REFUSED),
        (
            ExceptionGroup("", [OSError(errno.ENETUNREACH, "no"), ConnectionRefusedError(errno.ECONNREFUSED, "no")]),
            ConnectFailure.REFUSED,
        ),
        (ExceptionGroup("", [OSError(errno.EHOSTUNREACH, "no route")]), ConnectFailure.UNREACHABLE),
        (ExceptionGroup("", [TimeoutError(errno.ETIMEDOUT, "timed out")]), ConnectFailure.UNREACHABLE),
        (ExceptionGroup("", [OSError(errno.EACCES, "not allowed")]), ConnectFailure.OTHER),
        (OSError("getaddrinfo() returned empty list"), ConnectFailure.OTHER),
        (OverflowError("port must be 0-65535"), ConnectFailure.OTHER),
        (ValueError("embedded null character"), ConnectFailure.OTHER),
    ],
)
async def test_f04_why_no_connection_came_about(error, reason):
    with patch(OPEN, AsyncMock(side_effect=error)), pytest.raises(ConnectFailed) as caught:
        await open_tcp("meter.example", 4059, DEADLINE)
    assert caught.value.reason is reason


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.EHOSTUNREACH, "Connect call failed ('192.0.2.7', 4059)"), "unreachable (no way to that host)"),
        (OSError(errno.EACCES, "Connect call failed ('192.0.2.7', 4059)"), "not permitted"),
        (OSError(errno.EINVAL, "Connect call failed ('192.0.2.7', 4059)"), "error EINVAL"),
        (OSError(7777, "Connect call failed ('192.0.2.7', 4059)"), "error 7777"),
        (OSError("getaddrinfo() returned empty list"), "the name has no address"),
    ],
)
@pytest.mark.parametrize("several", [False, True])
async def test_failures_are_told_in_plain_words_and_not_in_pythons(error, words, several):
    raised = ExceptionGroup("create_connection failed", [error, error]) if several else error
    with patch(OPEN, AsyncMock(side_effect=raised)), pytest.raises(ConnectFailed) as caught:
        await open_tcp("meter.example", 4059, DEADLINE)
    assert str(caught.value) == f"connection failed: {words}"


async def test_f05_the_name_is_resolved_at_each_connect():
    with patch(OPEN, AsyncMock(side_effect=OSError("no"))) as opening:
        for _ in range(2):
            with pytest.raises(ConnectFailed):
                await open_tcp("meter.example", 4059, DEADLINE)
    assert [call.args for call in opening.call_args_list] == [("meter.example", 4059)] * 2


# -- reset while sending; how it is closed


class StubWriter:
    """A stream writer that notes what is done with it, in order."""

    def __init__(self, error=None, *, drains=True):
        self.error, self.drains = error, drains
        self.done = []
        self.transport = self

    def get_extra_info(self, _name):
        return self

    def setsockopt(self, *_arguments):
        """Any option will do."""

    def write(self, octets):
        self.done.append(octets)
        if self.error and not self.drains:
            raise self.error

    async def drain(self):
        self.done.append("drain")
        if self.error:
            raise self.error

    def close(self):
        self.done.append("close")

    async def wait_closed(self):
        self.done.append("closed")
        if self.error:
            raise self.error

    def abort(self):
        self.done.append("abort")


@pytest.mark.parametrize("drains", [True, False], ids=["when waiting", "at once"])
@pytest.mark.parametrize("error", [ConnectionResetError, BrokenPipeError])
async def test_a_reset_while_sending_is_a_lost_connection_that_was_reset(error, drains):
    endpoint = TcpTransport(None, StubWriter(error(errno.ECONNRESET, "reset"), drains=drains))
    with pytest.raises(ConnectionLost) as caught:
        await endpoint.send(b"abc")
    assert caught.value.reset
    assert isinstance(caught.value.__cause__, error)


@pytest.mark.parametrize("error", [None, ConnectionResetError()], ids=["in order", "reset"])
async def test_an_end_in_good_order_comes_first_and_nothing_is_aborted_before(error):
    writer = StubWriter(error)
    await TcpTransport(None, writer).close()
    assert writer.done == ["close", "closed", "abort"]


async def test_close_says_goodbye_with_fin_after_the_last_octet():
    """A reset would throw away what the peer has not read yet."""
    received, ended = [], asyncio.Event()

    async def note(reader, writer):
        try:
            while octets := await reader.read(65_536):
                received.append(len(octets))
            received.append("fin")
        except ConnectionError:
            received.append("reset")
        writer.close()
        ended.set()

    async with server(note) as port:
        endpoint = await open_tcp("127.0.0.1", port, 5)
        sent = 0
        while not endpoint._writer.transport.get_write_buffer_size():  # until the sockets take no more at once
            endpoint._writer.write(bytes(1_000_000))
            sent += 1_000_000
        with patch.object(transport, "_CLOSE_TIMEOUT", None):
            await endpoint.close()
        await ended.wait()
    assert received[-1] == "fin"
    assert sum(received[:-1]) == sent


# --- names ---------------------------------------------------------------------------------------------------------

GETADDRINFO = "asyncio.base_events.BaseEventLoop.getaddrinfo"


async def test_the_addresses_of_a_name_are_told_once_each():
    assert await resolve("127.0.0.1", 4059, DEADLINE) == ["127.0.0.1"]
    one, other = (
        (socket.AF_INET, 1, 6, "", ("192.0.2.7", 4059)),
        (socket.AF_INET6, 1, 6, "", ("2001:db8::7", 4059, 0, 0)),
    )
    with patch(GETADDRINFO, AsyncMock(return_value=[one, other, one])):
        assert await resolve("meter", 4059, DEADLINE) == ["192.0.2.7", "2001:db8::7"]


@pytest.mark.parametrize(
    "error", [socket.gaierror(-2, "Name or service not known"), UnicodeError("label too long"), OSError("no network")]
)
async def test_a_name_without_an_address_is_not_resolved(error):
    with patch(GETADDRINFO, side_effect=error), pytest.raises(ConnectFailed) as failed:
        await resolve("meter", 4059, DEADLINE)
    assert failed.value.reason is ConnectFailure.NAME_NOT_RESOLVED
    assert failed.value.detail


async def test_a_name_server_that_is_silent_is_not_waited_for():
    async def hangs(*_arguments, **_named):
        await asyncio.Event().wait()

    with patch(GETADDRINFO, hangs), pytest.raises(ConnectTimeout):
        await resolve("meter", 4059, 0.05)


async def test_addresses_of_both_kinds_are_tried_in_turn_until_one_answers():
    tried = []
    six = [(socket.AF_INET6, 1, 6, "", (f"2001:db8::{number}", 4059, 0, 0)) for number in (1, 2)]
    four = [(socket.AF_INET, 1, 6, "", (f"192.0.2.{number}", 4059)) for number in (1, 2)]

    async def refuse(_loop, _socket, address):
        tried.append(address[0])
        raise ConnectionRefusedError(111, "Connection refused")

    with (
        patch(GETADDRINFO, AsyncMock(return_value=[*six, *four])),
        patch("asyncio.selector_events.BaseSelectorEventLoop.sock_connect", refuse),
        pytest.raises(ConnectFailed) as failed,
    ):
        await open_tcp("meter.example", 4059, DEADLINE)
    assert tried == ["2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2"]
    assert failed.value.reason is ConnectFailure.REFUSED


async def test_an_address_that_refuses_is_no_failure_where_another_one_answers():
    async with await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        addresses = [
            (socket.AF_INET6, 1, 6, "", ("::1", port, 0, 0)),
            (socket.AF_INET, 1, 6, "", ("127.0.0.1", port)),
        ]
        with patch(GETADDRINFO, AsyncMock(return_value=addresses)):
            transport = await open_tcp("meter.example", port, DEADLINE)
        assert await transport.receive() == b""
        await transport.close()
