"""On real sockets, and as a program of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import os
from pathlib import Path
import signal
import socket
import sys

from async_timeout import timeout
import pytest
import pytest_socket

from tests.simulated_meter.control import press
from tests.simulated_meter.server import MeterServer
from tests.simulated_meter.steps import wpdu
from tests.still_loop import until

from .tools import get_request, make_aarq, make_meter

ROOT = Path(__file__).parents[2]
DEADLINE = 120
"""Seconds, reached by what hangs only."""
NAME = get_request(1, "0.0.42.0.0.255", 2)


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    """Loopback sockets are used here, and a Unix socket."""
    pytest_socket.socket_allow_hosts(["127.0.0.1", "::1"], allow_unix_socket=True)


@asynccontextmanager
async def connected(server: MeterServer) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, apdu: bytes) -> bytes:
    writer.write(wpdu(16, 1, apdu))
    header = await reader.readexactly(8)
    return await reader.readexactly(int.from_bytes(header[6:]))


async def test_serves_several_connections():
    async with (
        timeout(DEADLINE),
        MeterServer(meter := make_meter(), "127.0.0.1", 0) as server,
        connected(server) as first,
        connected(server) as second,
    ):
        for streams in (first, second):
            assert (await ask(*streams, make_aarq()))[0] == 0x61
            assert (await ask(*streams, NAME))[-16:] == meter.devices[1].name
    assert meter.state.associations == 0


async def test_a_reset_is_a_reset():
    async with timeout(DEADLINE), MeterServer(meter := make_meter(), "127.0.0.1", 0) as server:
        meter.faults.add("reset", octet=3, on="aarq")
        async with connected(server) as (reader, writer):
            writer.write(wpdu(16, 1, make_aarq()))
            with pytest.raises(ConnectionResetError):
                while await reader.read(100):
                    pass
                await reader.read(100)


async def test_a_fin_is_a_fin():
    async with timeout(DEADLINE), MeterServer(meter := make_meter(), "127.0.0.1", 0) as server:
        meter.faults.add("fin", octet=3, on="aarq")
        async with connected(server) as (reader, writer):
            writer.write(wpdu(16, 1, make_aarq()))
            assert len(await reader.read()) == 3


async def test_one_connection_mode_and_refused_connections():
    async with timeout(DEADLINE), MeterServer(meter := make_meter(one_connection=True), "127.0.0.1", 0) as server:
        async with connected(server) as first:
            assert (await ask(*first, make_aarq()))[0] == 0x61
            async with connected(server) as (reader, _):
                with pytest.raises(ConnectionResetError):
                    await reader.readexactly(1)
        await until(lambda: all(session.over for session in meter.sessions))
        meter.faults.add("refuse", times=1)
        async with connected(server) as (reader, _):
            with pytest.raises(ConnectionResetError):
                await reader.readexactly(1)
        async with connected(server) as streams:
            assert (await ask(*streams, make_aarq()))[0] == 0x61


async def test_an_idle_connection_is_closed():
    meter = make_meter(inactivity_timeout=0.05)
    async with timeout(DEADLINE), MeterServer(meter, "127.0.0.1", 0) as server, connected(server) as (reader, _):
        assert await reader.read() == b""


async def test_a_delayed_answer_comes_late():
    loop = asyncio.get_running_loop()
    async with (
        timeout(DEADLINE),
        MeterServer(make_meter(delay=0.1), "127.0.0.1", 0) as server,
        connected(server) as streams,
    ):
        started = loop.time()
        await ask(*streams, make_aarq())
        assert loop.time() - started >= 0.1


@asynccontextmanager
async def program(*arguments: str, **environment: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, list[str]]]:
    """Run the program; yield it with the lines up to the ready line (or its end)."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.simulated_meter",
        *arguments,
        cwd=ROOT,
        env=os.environ | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    lines: list[str] = []
    try:
        async with timeout(DEADLINE):
            while line := (await process.stdout.readline()).decode():
                lines.append(line.strip())
                if line.startswith("listening on "):
                    break
        yield process, lines
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_program_says_when_it_is_ready_and_stops_on_signals(number: signal.Signals):
    async with program("--port", "0", SIMULATED_METER_PASSWORD="from-outside") as (process, lines):
        assert any("'from-outside'" in line for line in lines)
        port = int(lines[-1].removeprefix("listening on 127.0.0.1:"))
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert (await ask(reader, writer, make_aarq()))[0] == 0x61
        process.send_signal(number)
        async with timeout(DEADLINE):
            assert await process.wait() == 0
        writer.close()


async def test_the_program_tells_what_is_pressed_to_whom_it_should(tmp_path: Path):
    loop = asyncio.get_running_loop()
    control = tmp_path / "control"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.bind(("127.0.0.1", 0))
        ear.settimeout(0)
        destination = f"udp:127.0.0.1:{ear.getsockname()[1]}"
        arguments = ("--port", "0", "--events", "--notify", destination, "--control", str(control))
        async with program(*arguments) as (process, _), timeout(DEADLINE):
            assert await press(control, "cover-opened") == "event 40 is logged and told"
            octets = await loop.sock_recv(ear, 1000)
            process.terminate()
            assert await process.wait() == 0
    assert octets[:10] == bytes.fromhex("0001 0001 0001 001A C201")
    assert octets[-11:] == bytes.fromhex("0001 0000600B01FF 02 1128")
    assert not control.exists()


async def test_the_program_on_ipv6():
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    async with program("--host", "::1", "--port", "0", "--quiet") as (process, lines):
        if not lines:
            pytest.skip("this machine has no IPv6 loopback")
        assert lines[0].startswith("listening on [::1]:")
        process.terminate()
        assert await process.wait() == 0


@pytest.mark.parametrize(
    ("arguments", "status", "text"),
    [
        (["--profile", "nowhere"], 2, "nowhere"),
        (["--max-pdu", "12"], 2, "max_pdu_size"),
        (["--fault", "unheard-of"], 2, "unheard-of"),
        (["--notify", "smoke:127.0.0.1:4060"], 2, "smoke"),
        (["--host", "192.0.2.1", "--port", "0"], 1, "cannot listen"),
    ],
)
async def test_the_program_explains_what_is_wrong(arguments: list[str], status: int, text: str):
    async with program(*arguments, "--quiet") as (process, lines):
        assert lines == []
        assert process.stderr is not None
        assert text in (await process.stderr.read()).decode()
        assert await process.wait() == status


async def test_the_program_takes_all_its_options():
    options = ["--port", "0", "--seed", "5", "--max-pdu", "64", "--delay", "0.01", "--fault", "silent:on=rlrq"]
    async with program(*options, "--profile", "open") as (_, lines):
        port = int(lines[-1].rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert bytes.fromhex("0040") in await ask(reader, writer, make_aarq())
        writer.close()


class Datagrams(asyncio.DatagramProtocol):
    """Keeps what comes."""

    def __init__(self) -> None:
        self.arrived: asyncio.Queue[bytes] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.arrived.put_nowait(data)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_tcp_and_udp_are_served_on_one_port(host: str):
    pytest_socket.socket_allow_hosts([host])
    meter = make_meter()
    meter.faults.add("late", on="rlrq", seconds=0.05)
    async with timeout(DEADLINE), MeterServer(meter, host, 0) as server:
        loop = asyncio.get_running_loop()
        transport, client = await loop.create_datagram_endpoint(Datagrams, remote_addr=(host, server.port))
        reader, writer = await asyncio.open_connection(host, server.port)
        writer.write(wpdu(16, 1, make_aarq()))
        assert (await reader.readexactly(9))[8] == 0x61
        transport.sendto(wpdu(16, 1, make_aarq())[:-1])
        for request, tag in (
            (wpdu(16, 1, make_aarq()), 0x61),
            (wpdu(16, 1, NAME), 0xC4),
            (wpdu(16, 1, b"\x62\x00"), 0x63),
        ):
            transport.sendto(request)
            assert (await client.arrived.get())[8] == tag
        transport.close()
        writer.close()
    assert meter.state.associations == 0


async def test_a_port_that_is_taken_by_datagrams_is_an_error():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            async with MeterServer(make_meter(), "127.0.0.1", port):
                pass
