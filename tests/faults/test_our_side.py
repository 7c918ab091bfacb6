"""F50, F51, F52, F57: our own side stops, is cancelled anywhere, has a clock that jumps, or two users of one meter."""

import asyncio
from contextlib import suppress
from itertools import cycle
import time

import pytest

from custom_components.cosem.dlms import DlmsError
from custom_components.cosem.dlms.client.channel import with_wrapper
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import MeterProfile
from tests.timed_client import TimedClient

from .conftest import FAST, MeterClock, Poller


@pytest.mark.parametrize(
    "profile", [MeterProfile(history_days=2), MeterProfile(history_days=2).with_quirks(one_connection=True)]
)
async def test_f50_restart_while_a_request_is_out(poller: Poller, clock: MeterClock):
    poller.meter.faults.add("silent", on="get", times=1)
    task = asyncio.create_task(poller.poll())
    await asyncio.sleep(FAST.response / 2)
    assert [request.kind for request in poller.meter.log] == ["aarq", "get"]
    for link in poller.meter.links:  # the process is gone: its sockets are closed, nothing is released
        await link.close()
    with suppress(DlmsError):
        await task

    clock.advance(minutes=1)
    after = Poller(poller.meter, TimedClient("meter", connect=with_wrapper(poller.meter.connect), timing=FAST))
    await after.recovers()
    await after.client.close()


async def test_f51_cancelled_at_every_await(meter: SimulatedMeter, clock: MeterClock):
    steps = 0
    while True:
        before = asyncio.all_tasks()
        poller = Poller(meter, TimedClient("meter", connect=with_wrapper(meter.connect), timing=FAST))
        task = asyncio.create_task(poller.poll())
        for _ in range(steps):
            await asyncio.sleep(0)
        finished = task.done()
        task.cancel()
        started = asyncio.get_running_loop().time()
        with suppress(asyncio.CancelledError):
            await task
        await poller.client.close()
        assert asyncio.get_running_loop().time() - started < 2
        assert meter.open_links == 0
        assert meter.state.associations == 0
        assert asyncio.all_tasks() - before == set()
        if finished:
            break
        steps += 1
        clock.advance(seconds=1)
    assert steps > 10


@pytest.mark.parametrize("kind", ["aarq", "get", "rlrq"])
async def test_f51_cancelled_while_the_meter_is_silent(poller: Poller, kind: str):
    poller.meter.faults.add("silent", on=kind)
    task = asyncio.create_task(poller.poll())
    await asyncio.sleep(0.05)
    task.cancel()
    started = asyncio.get_running_loop().time()
    with pytest.raises(asyncio.CancelledError):
        await task
    await poller.client.close()
    assert asyncio.get_running_loop().time() - started < FAST.release + 0.3
    await poller.recovers()


@pytest.mark.parametrize("days", [1, -1, 3653, -3653, None])
async def test_f52_the_wall_clock_jumps_at_every_look(
    poller: Poller, clock: MeterClock, monkeypatch: pytest.MonkeyPatch, days: int | None
):
    now = time.time()
    # None: to the beginning of time, where a machine without a battery wakes up.
    jumps = cycle([now, 0.0 if days is None else now + days * 86400])
    monkeypatch.setattr(time, "time", lambda: next(jumps))
    monkeypatch.setattr(time, "time_ns", lambda: int(next(jumps)) * 10**9)
    for _ in range(2):
        await poller.poll()
        clock.advance(minutes=1)
    await poller.recovers()


@pytest.mark.parametrize(
    "profile", [MeterProfile(history_days=2), MeterProfile(history_days=2).with_quirks(one_connection=True)]
)
async def test_f57_two_logical_devices_share_one_connection(poller: Poller, clock: MeterClock):
    gas = Poller(poller.meter, poller.client, server_wport=16)
    for _ in range(3):
        before = poller.meter.connections
        await asyncio.gather(poller.poll(), gas.poll())
        assert poller.meter.connections == before + 1
        clock.advance(minutes=1)
    await poller.recovers()
