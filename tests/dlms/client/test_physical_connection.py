"""The connection to one physical device, by itself. With associations it is in test_client.py."""

import asyncio

import pytest

from custom_components.cosem.dlms.client.channel import with_wrapper
from custom_components.cosem.dlms.client.link import Timing
from custom_components.cosem.dlms.client.observer import NOBODY
from custom_components.cosem.dlms.client.physical_connection import PhysicalConnection
from custom_components.cosem.dlms.errors import AssociationAborted, ConnectTimeout
from custom_components.cosem.dlms.limits import DEFAULT_LIMITS
from tests.dlms.scripted import ScriptedMeter

TIMING = Timing(reconnect_gap=7)


class Clock:
    """Stands still, but for sleeping."""

    def __init__(self):
        self.now = 0.0
        self.slept = []

    def monotonic(self):
        return self.now

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def meter():
    return ScriptedMeter()


@pytest.fixture
async def physical(meter, clock):
    connection = PhysicalConnection(lambda _seconds: with_wrapper(meter.connect), DEFAULT_LIMITS, clock, NOBODY)
    yield connection
    await connection.close()


def wanted():
    return None


async def test_users_share_one_link_that_ends_with_the_last_of_them(physical):
    first, second = await physical.join(TIMING, wanted), await physical.join(TIMING, wanted)
    assert first is second
    await physical.leave(first)
    assert physical.is_open
    await physical.leave(second)
    assert not physical.is_open


async def test_a_new_link_waits_for_the_pause_of_whoever_wants_it(physical, clock):
    await physical.leave(await physical.join(TIMING, wanted))
    await physical.leave(await physical.join(Timing(reconnect_gap=3), wanted))
    assert clock.slept == [3]


async def test_who_is_not_wanted_any_more_gets_no_link(physical):
    with pytest.raises(AssociationAborted):
        await physical.join(TIMING, lambda: AssociationAborted("closed"))
    assert not physical.is_open


async def test_who_is_not_wanted_once_it_is_open_leaves_none_behind(physical, meter):
    refusals = iter([None, AssociationAborted("closed")])
    with pytest.raises(AssociationAborted):
        await physical.join(TIMING, lambda: next(refusals))
    assert meter.link.closed
    assert not physical.is_open


async def test_an_opening_can_be_interrupted(clock):
    begun = asyncio.Event()

    async def never():
        begun.set()
        await asyncio.Event().wait()

    physical = PhysicalConnection(lambda _seconds: with_wrapper(never), DEFAULT_LIMITS, clock, NOBODY)
    joining = asyncio.create_task(physical.join(TIMING, wanted))
    await begun.wait()
    physical.interrupt()
    with pytest.raises(AssociationAborted, match="the client was closed"):
        await joining
    physical.interrupt()  # nothing is under way


async def test_an_opening_has_a_deadline(clock):
    async def never():
        await asyncio.Event().wait()

    seconds = []

    def connector(allowed):
        seconds.append(allowed)
        return with_wrapper(never)

    physical = PhysicalConnection(connector, DEFAULT_LIMITS, clock, NOBODY)
    with pytest.raises(ConnectTimeout):
        await physical.join(Timing(connect=5), wanted)
    assert seconds == [5]
