"""F13 to F17: headers that lie, and answers that belong elsewhere or come too late."""

import pytest

from custom_components.cosem.dlms import (
    DlmsError,
    NotWrapper,
    RemoteProtocolError,
    ResponseTimeout,
    TransportError,
    WrongAddress,
)

from .conftest import MeterClock, Poller


@pytest.mark.parametrize("kind", ["aarq", "get"])
@pytest.mark.parametrize("version", [0x0002, 0x0101, 0x7EA0])
async def test_f13_wrong_wrapper_version(poller: Poller, kind: str, version: int):
    poller.meter.faults.add("wrong-version", on=kind, code=version)
    with pytest.raises(NotWrapper):
        await poller.poll()
    assert poller.meter.open_links == 0
    await poller.recovers()


@pytest.mark.parametrize("strays", [1, 2])
async def test_f14_answers_to_another_wport_are_dropped(poller: Poller, strays: int):
    poller.meter.faults.add("wrong-wport", on="get", count=strays, then_answer=True)
    await poller.poll()
    await poller.recovers()


async def test_trial_08_f14_without_the_right_answer_the_deadline_ends_it_and_the_error_says_what_came(poller: Poller):
    poller.meter.faults.add("wrong-wport", on="get", count=1)
    with pytest.raises(WrongAddress, match="the meter answers from wPort"):
        await poller.poll()
    await poller.recovers()


async def test_f14_three_strikes_close_the_connection(poller: Poller):
    poller.meter.faults.add("wrong-wport", on="get", count=3, then_answer=True)
    with pytest.raises(WrongAddress):
        await poller.poll()
    assert poller.meter.open_links == 0
    await poller.recovers()


@pytest.mark.parametrize("kind", ["aarq", "get"])
@pytest.mark.parametrize(
    ("fault", "error"),
    [("length-long", ResponseTimeout), ("length-short", RemoteProtocolError), ("length-zero", ResponseTimeout)],
)
async def test_f15_wrong_declared_length(poller: Poller, kind: str, fault: str, error: type[DlmsError]):
    poller.meter.faults.add(fault, on=kind)
    with pytest.raises(error):
        await poller.poll()
    assert poller.meter.open_links == 0
    await poller.recovers()


@pytest.mark.parametrize("strays", [1, 2])
async def test_f16_answers_with_another_invoke_id_are_dropped(poller: Poller, strays: int):
    poller.meter.faults.add("wrong-invoke-id", count=strays, then_answer=True)
    await poller.poll()
    await poller.recovers()


@pytest.mark.parametrize("strays", [1, 3])
async def test_f16_without_the_right_answer_the_poll_fails(poller: Poller, strays: int):
    poller.meter.faults.add("wrong-invoke-id", count=strays)
    with pytest.raises((TransportError, RemoteProtocolError)):
        await poller.poll()
    assert poller.meter.open_links == 0
    await poller.recovers()


async def test_f17_a_late_answer_never_answers_another_question(poller: Poller, clock: MeterClock):
    poller.meter.faults.add("late", on="get", seconds=0.25, times=1)
    with pytest.raises(ResponseTimeout):
        await poller.poll()
    assert poller.meter.open_links == 0
    for _ in range(20):  # more than there are invoke-ids
        clock.advance(minutes=1)
        poller.meter.read_times.clear()  # only this poll's values are true
        await poller.poll()
    await poller.recovers()
