"""Loopback sockets, a served simulated meter, and blocking clients in a thread; everything with a deadline."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
import socket

from async_timeout import timeout
import pytest

from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import MeterProfile
from tests.simulated_meter.server import MeterServer

from .gurux_client import GuruxClient

NOW = datetime(2026, 7, 15, 11, 7, 23, tzinfo=UTC)
"""A summer noon: daylight saving, and the roof feeds in."""
DEADLINE = 120
"""Seconds, reached by what hangs only."""

type Served = Callable[[MeterProfile], AbstractAsyncContextManager[MeterServer]]
type InThread = Callable[[Callable[[], object]], Awaitable[object]]


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    """Every test here uses loopback sockets."""


@pytest.fixture
def served() -> Served:
    """Serve a simulated meter whose clock stands still, on any free port of 127.0.0.1."""

    @asynccontextmanager
    async def serve(profile: MeterProfile) -> AsyncIterator[MeterServer]:
        async with timeout(DEADLINE), MeterServer(SimulatedMeter(profile, lambda: NOW), "127.0.0.1", 0) as server:
            yield server

    return serve


@pytest.fixture(params=[socket.SOCK_STREAM, socket.SOCK_DGRAM], ids=["TCP", "UDP"])
def over_both(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> socket.SocketKind:
    """Let the client of gurux-dlms go over TCP, and over UDP."""
    monkeypatch.setattr(GuruxClient, "kind", request.param)
    return request.param


@pytest.fixture
def in_thread() -> InThread:
    """Run a blocking client beside the event loop; its thread is gone afterwards."""

    async def run[T](work: Callable[[], T]) -> T:
        with ThreadPoolExecutor(1) as pool:
            return await asyncio.get_running_loop().run_in_executor(pool, work)

    return run
