"""F01 to F03, F08 to F12: the network fails, or cuts the stream in odd places."""

import asyncio

import pytest

from custom_components.cosem.dlms import (
    ConnectFailed,
    ConnectFailure,
    ConnectionLost,
    ConnectTimeout,
    ResponseTimeout,
)
from tests.simulated_meter import link
from tests.simulated_meter.link import Direction, Manipulator
from tests.simulated_meter.steps import Finish, Reset, Send, Step

from .conftest import FAST, MeterClock, Poller


async def test_f01_connect_refused(poller: Poller):
    poller.meter.faults.add("refuse", times=2)
    for _ in range(2):
        with pytest.raises(ConnectFailed) as caught:
            await poller.poll()
        assert caught.value.reason is ConnectFailure.REFUSED
    await poller.recovers()


async def test_f02_connect_timeout(poller: Poller):
    poller.meter.faults.add("black-hole")
    started = asyncio.get_running_loop().time()
    with pytest.raises(ConnectTimeout):
        await poller.poll()
    assert asyncio.get_running_loop().time() - started < FAST.connect + 0.2
    await poller.recovers()


@pytest.mark.parametrize("kind", ["aarq", "get"])
async def test_f03_accepted_then_silent(poller: Poller, kind: str):
    poller.meter.faults.add("silent", on=kind)
    with pytest.raises(ResponseTimeout):
        await poller.poll()
    assert poller.meter.open_links == 0
    await poller.recovers()


async def test_f03_a_silent_release_is_not_an_error(poller: Poller):
    poller.meter.faults.add("silent", on="rlrq")
    await poller.poll()
    await poller.recovers()


def octets_of_a_poll(poller: Poller) -> tuple[Manipulator, list[int]]:
    """Return a manipulator that changes nothing and counts what comes from the meter, segment by segment."""
    segments: list[int] = []

    def manipulate(direction: Direction, octets: bytes) -> list[Step]:
        if direction is Direction.TO_CLIENT:
            segments.append(len(octets))
        return [Send(octets)]

    return manipulate, segments


@pytest.mark.parametrize("end", [Reset(), Finish()], ids=["f08_reset", "f09_fin"])
async def test_connection_ends_after_every_octet(poller: Poller, clock: MeterClock, end: Step):
    count, segments = octets_of_a_poll(poller)
    poller.meter.manipulator = lambda: count
    await poller.poll()
    needed = sum(segments[:-1])  # the last one is the RLRE
    for octets in range(sum(segments)):
        clock.advance(seconds=60)
        poller.meter.manipulator = lambda octets=octets: link.end_after(octets, end)
        if octets < needed:
            with pytest.raises(ConnectionLost) as caught:
                await poller.poll()
            assert caught.value.reset == isinstance(end, Reset)
            assert caught.value.truncated == (octets not in {0, segments[0]})
        else:
            await poller.poll()
        assert poller.meter.open_links == 0
    await poller.recovers()


async def test_f10_half_open(poller: Poller, clock: MeterClock):
    poller.meter.faults.add("half-open", on="get", times=1)
    with pytest.raises(ResponseTimeout):
        await poller.poll()
    clock.advance(minutes=5)
    before = poller.meter.connections
    await poller.poll()
    assert poller.meter.connections == before + 1
    await poller.recovers()


async def test_f10_power_cut_between_two_reads_of_one_association(poller: Poller):
    async with poller.client.associate(poller.parameters) as association:
        await association.get_many(poller.polled)
        poller.meter.restart()
        with pytest.raises(ResponseTimeout):
            await association.get_many(poller.polled)
    await poller.recovers()


@pytest.mark.parametrize("size", [1, 2, 7, 8, 9])
async def test_f11_split(poller: Poller, clock: MeterClock, size: int):
    whole = await poller.poll()
    poller.meter.manipulator = lambda: link.split(size)
    assert await poller.poll() == whole
    clock.advance(minutes=1)
    await poller.recovers()


@pytest.mark.parametrize("wpdus", [2, 1000])
async def test_f12_merged(poller: Poller, wpdus: int):
    poller.meter.faults.add("merge", count=wpdus)
    await poller.poll()
    await poller.recovers()


async def test_f12_merged_answers_of_two_associations(poller: Poller):
    other = Poller(poller.meter, poller.client, server_wport=16)
    async with poller.client.associate(poller.parameters) as first, poller.client.associate(other.parameters) as second:
        poller.meter.faults.add("notification", count=2)
        one, two = await asyncio.gather(first.get_many(poller.polled), second.get_many(other.polled))
    assert one == list((await poller.poll()).values())
    assert two == list((await other.poll()).values())
    await poller.recovers()
