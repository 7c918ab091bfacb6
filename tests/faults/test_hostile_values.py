"""F43 and F44: values made to exhaust, and answers that never seem to end."""

import asyncio

import pytest

from custom_components.cosem.dlms import LimitExceeded, Limits, ResponseTimeout
from custom_components.cosem.dlms.client.channel import with_wrapper
from tests.simulated_meter.profile import MeterProfile
from tests.timed_client import TimedClient

from .conftest import FAST, Poller, attribute


async def test_f43_value_that_exhausts_a_limit(poller: Poller):
    poller.meter.faults.add("deep", object="1.0.1.8.0.255")
    with pytest.raises(LimitExceeded):
        await poller.poll()
    assert poller.meter.open_links == 0
    await poller.recovers()


@pytest.mark.parametrize("fault", ["count-bomb", "empty-rows"])
async def test_f43_a_bomb_that_is_no_value_costs_only_itself(poller: Poller, fault: str):
    poller.meter.faults.add(fault, object="1.0.1.8.0.255")
    await poller.poll()
    assert poller.meter.open_links == 0
    await poller.recovers()


async def test_f43_apdu_larger_than_agreed(poller: Poller):
    poller.meter.faults.add("oversized")
    with pytest.raises(LimitExceeded):
        await poller.poll()
    assert poller.meter.open_links == 0
    await poller.recovers()


async def test_f43_blocks_without_end(poller: Poller):
    """Each comes at once, so that only their number tells."""
    few = Limits(blocks_per_transfer=500)
    poller.client = TimedClient("meter", connect=with_wrapper(poller.meter.connect), timing=FAST, limits=few)
    poller.meter.faults.add("endless-blocks", count=1000)
    with pytest.raises(LimitExceeded):
        await poller.poll()
    assert poller.meter.open_links == 0
    await poller.recovers()


async def test_f44_slow_drip_meets_the_deadline(poller: Poller):
    poller.meter.faults.add("drip", seconds=0.05)
    started = asyncio.get_running_loop().time()
    with pytest.raises(ResponseTimeout):
        await poller.poll()
    assert asyncio.get_running_loop().time() - started < FAST.response + 0.4
    assert poller.meter.open_links == 0
    await poller.recovers()


@pytest.mark.parametrize("profile", [MeterProfile(history_days=2, max_pdu_size=64)])
async def test_f44_slow_blocks_meet_the_deadline_of_the_whole_transfer(poller: Poller):
    poller.meter.faults.add("late", on="get", seconds=0.12)
    started = asyncio.get_running_loop().time()
    with pytest.raises(ResponseTimeout):
        async with poller.client.associate(poller.parameters) as association:
            await association.get(attribute(15, "0.0.40.0.0.255"))
    assert asyncio.get_running_loop().time() - started < FAST.transfer + 0.4
    await poller.recovers()
