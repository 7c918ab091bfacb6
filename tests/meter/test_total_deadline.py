"""Answers that come just in time do not add up without an end."""

import asyncio

import pytest

from custom_components.cosem.dlms import ResponseTimeout
from custom_components.cosem.meter.total_deadline import OPENING_TIME, PollTime, async_total_deadline, total_time


@pytest.mark.parametrize(
    ("response_timeout", "interval", "seconds"),
    [(10, 60, 120), (1, 0, 120), (24, 10, 120), (25, 10, 125), (10, 3600, 3600), (120, 60, 600)],
)
def test_slow_meters_and_long_intervals_have_more_time(response_timeout: float, interval: float, seconds: float):
    assert total_time(response_timeout, interval) == seconds


async def test_what_is_not_ready_in_time_is_ended():
    loop = asyncio.get_running_loop()
    began, ended = loop.time(), []
    with pytest.raises(ResponseTimeout, match="no end of the poll within 120 s"):
        async with async_total_deadline("end of the poll", 120):
            try:
                await asyncio.Event().wait()
            finally:
                ended.append(loop.time() - began)
    assert [round(seconds) for seconds in ended] == [120]


async def test_what_is_ready_in_time_and_other_deadlines_pass():
    async with async_total_deadline("end of the poll", 120):
        await asyncio.sleep(119)
    with pytest.raises(TimeoutError) as passed:
        async with async_total_deadline("end of the poll", 120):
            raise TimeoutError
    assert not isinstance(passed.value, ResponseTimeout)


async def test_a_poll_has_one_end_however_often_it_begins_anew():
    loop = asyncio.get_running_loop()
    time = PollTime(loop.time, 100)
    began = loop.time()
    with time.running():
        for _ in range(2):
            assert time.is_left()
            async with time.for_opening():
                await asyncio.sleep(50)
        with pytest.raises(ResponseTimeout, match="no end of the poll within 30 s"):
            async with time.for_reading():
                await asyncio.Event().wait()
        assert loop.time() - began == pytest.approx(100 + OPENING_TIME)
        assert not time.is_left()
    assert time.is_left()


async def test_a_reading_that_began_at_once_has_its_own_end():
    time = PollTime(asyncio.get_running_loop().time, 100)
    with time.running():
        with pytest.raises(ResponseTimeout, match="no end of the poll within 100 s"):
            async with time.for_reading():
                await asyncio.Event().wait()
        assert time.is_left()


async def test_what_is_no_poll_opens_without_an_end_after_one_that_failed():
    time = PollTime(asyncio.get_running_loop().time, 100)
    with pytest.raises(ValueError, match="poll"), time.running():
        raise ValueError("the poll failed")
    async with time.for_opening():
        await asyncio.sleep(1000)
    assert time.is_left()
