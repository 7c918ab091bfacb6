"""The truth check itself: it must notice a value that the meter never had."""

import pytest

from .conftest import MeterClock, Poller


async def test_an_altered_value_is_noticed(poller: Poller):
    # WPDU header 8, C4 03 invoke-id count 4, choice and tag 2: the next four octets are the energy.
    poller.meter.faults.add("corrupt", on="get", octet=8 + 4 + 2 + 3, code=0x01)
    with pytest.raises(AssertionError):
        await poller.poll()


async def test_a_stale_value_is_noticed(poller: Poller, clock: MeterClock):
    old = await poller.poll()
    clock.advance(hours=2)
    poller.meter.read_times.clear()
    await poller.poll()
    with pytest.raises(AssertionError):
        poller._check_truth(old)
