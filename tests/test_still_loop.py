"""The loop of the tests: time passes only when there is nothing else to wait for."""

import asyncio
import threading
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.util import dt as dt_util
from homeassistant.util.executor import InterruptibleThreadPoolExecutor
import pytest

from tests.still_loop import LoopClock, quiet, still_loop, until

DEADLINE = 120
YEAR = 365 * 86_400


async def test_what_never_comes_misses_any_deadline_at_once():
    began = still_loop().time()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(YEAR):
            await asyncio.Event().wait()
    assert still_loop().time() - began == YEAR


async def test_work_keeps_any_deadline():
    async with asyncio.timeout(1e-5):
        for _ in range(1000):
            await asyncio.sleep(0)
        assert await asyncio.to_thread(sum, range(1_000_000)) == 499_999_500_000


async def test_time_stands_still_while_a_thread_works():
    gate, began = threading.Event(), still_loop().time()
    job = asyncio.create_task(asyncio.to_thread(gate.wait))
    timer = still_loop().call_later(1, pytest.fail, "time has passed")
    await asyncio.to_thread(gate.set)
    assert await job
    assert still_loop().time() == began
    timer.cancel()


async def test_timers_come_in_their_order():
    seen = []
    for delay in (30, 10, 20):
        still_loop().call_later(delay, seen.append, delay)
    await asyncio.sleep(25)
    assert seen == [10, 20]
    await LoopClock().sleep(25)
    assert seen == [10, 20, 30]


async def test_frozen_time_jumps_as_well(freezer: FrozenDateTimeFactory):
    began, clock = dt_util.utcnow(), LoopClock().monotonic()
    await asyncio.sleep(YEAR)
    assert (dt_util.utcnow() - began).total_seconds() == pytest.approx(YEAR, abs=1e-3)
    assert LoopClock().monotonic() - clock == pytest.approx(YEAR, abs=1e-3)


async def test_quiet_is_before_any_time_passes():
    seen, began = [], still_loop().time()

    async def work() -> None:
        seen.append(await asyncio.to_thread(sum, [1]))
        await asyncio.sleep(1)
        seen.append(2)

    task = asyncio.create_task(work())
    await quiet()
    assert seen == [1]
    assert still_loop().time() == began
    await task
    assert seen == [1, 2]


async def test_until_waits_for_threads_and_gives_up_when_only_time_could_help():
    seen: list[int] = []
    job = asyncio.create_task(asyncio.to_thread(seen.append, 1))
    await until(lambda: seen)
    await job
    still_loop().call_later(1, seen.append, 2)
    with pytest.raises(AssertionError, match="did not happen"):
        await until(lambda: 2 in seen)
    await asyncio.sleep(1)
    assert seen == [1, 2]


async def test_sockets_are_waited_for(socket_enabled: None):
    """A peer in a thread that the loop knows nothing of: what it sends comes before the deadline."""

    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await peer_may_write.wait()
        writer.write(b"hello")
        writer.close()

    loop, peer_may_write = asyncio.get_running_loop(), asyncio.Event()
    async with asyncio.timeout(DEADLINE), await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        thread = threading.Thread(target=loop.call_soon_threadsafe, args=(peer_may_write.set,))
        loop.call_soon(thread.start)
        assert await reader.read() == b"hello"
        thread.join()
        writer.close()


def test_workers_end_however_little_time_home_assistant_gives_them():
    """One of its executors alone would leave some behind more often than not."""

    async def work() -> set[threading.Thread]:
        executor, everybody = InterruptibleThreadPoolExecutor(max_workers=8), threading.Barrier(8)
        still_loop().set_default_executor(executor)
        await asyncio.gather(*(asyncio.to_thread(everybody.wait) for _ in range(8)))
        return set(executor._threads)

    with patch("homeassistant.util.executor.EXECUTOR_SHUTDOWN_TIMEOUT", 0):
        for _ in range(20):
            workers = asyncio.run(work())
            assert len(workers) == 8
            assert not any(worker.is_alive() for worker in workers)


def test_the_loop_of_a_program_is_still_too():
    async def sleep() -> float:
        began = still_loop().time()
        await asyncio.sleep(YEAR)
        return still_loop().time() - began

    assert asyncio.run(sleep()) == YEAR
