"""How an association waits, ends and is released, against a scripted meter in memory."""

import asyncio
from contextlib import aclosing
from itertools import count

import pytest

from custom_components.cosem.dlms.client.association_life import AssociationLife
from custom_components.cosem.dlms.client.channel import with_wrapper
from custom_components.cosem.dlms.client.link import Timing
from custom_components.cosem.dlms.errors import (
    AssociationAborted,
    ResponseTimeout,
)
from tests.dlms.client.conftest import OTHER, QUICK, SEVEN, client_of, started, use
from tests.dlms.scripted import (
    CLOCK,
    ENERGY,
    NO_ASSOCIATION,
    PAIR,
    PARAMETERS,
    RLRE,
    End,
    ScriptedMeter,
    block,
    unsigned,
    value,
)
from tests.still_loop import still_loop
from tests.timed_client import TimedClient

# -- release on every way out


@pytest.mark.parametrize(
    "reply",
    [[RLRE], [bytes.fromhex("6303800101")], [], [End()], [End(reset=True)], [NO_ASSOCIATION]],
    ids=["answer", "not finished", "silent", "close", "reset", "exception"],
)
async def test_release_never_raises(client, meter, reply):
    """The server variants of IEC 62056-9-7:2013, 9.2."""
    meter.rlrq = lambda apdu: reply
    async with client.associate(PARAMETERS) as association:
        assert await association.get(CLOCK) == SEVEN
    assert meter.link.sent[-1].apdu == bytes.fromhex("6203800100")
    assert meter.open_links == 0


@pytest.mark.parametrize("reply", [[RLRE], [], [NO_ASSOCIATION]], ids=["answer", "silent", "exception"])
async def test_release_of_one_leaves_the_other_alone(client, meter, reply):
    meter.rlrq = lambda apdu: reply
    async with client.associate(PARAMETERS) as first:
        for _ in range(2):
            async with client.associate(OTHER) as second:
                assert await second.get(CLOCK) == SEVEN
            assert await first.get(CLOCK) == SEVEN
    assert len(meter.links) == 1


async def test_a_silent_release_is_waited_for_two_seconds(meter):
    meter.rlrq = lambda apdu: []
    client = client_of(meter, Timing(reconnect_gap=0))
    async with client.associate(PARAMETERS) as association:
        await association.get(CLOCK)
        left = still_loop().time()
    assert still_loop().time() - left == pytest.approx(2.0, abs=0.01)
    assert not association.is_open
    assert meter.open_links == 0


async def test_release_may_be_called_by_hand_and_again(client, meter):
    association: AssociationLife
    async with client.associate(PARAMETERS) as association:
        await asyncio.gather(association.release(), association.release())
        await association.release()
        assert not association.is_open
        with pytest.raises(AssociationAborted, match="released"):
            await association.get(CLOCK)
    assert [wpdu.apdu[0] for wpdu in meter.link.sent] == [0x60, 0x62]


async def test_release_after_an_error_of_the_user(client, meter):
    with pytest.raises(ZeroDivisionError):
        async with client.associate(PARAMETERS):
            raise ZeroDivisionError
    assert [wpdu.apdu[0] for wpdu in meter.link.sent] == [0x60, 0x62]
    assert meter.open_links == 0


async def cancelled(task):
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_f51_cancelled_while_connecting(client, meter):
    meter.on_connect = asyncio.Event().wait
    await cancelled(await started(use(client)))
    meter.on_connect = None
    async with client.associate(PARAMETERS):
        pass
    assert meter.open_links == 0


async def test_f51_cancelled_while_waiting_for_the_pair(client):
    async with client.associate(PARAMETERS) as association:
        await cancelled(await started(use(client)))
        assert await association.get(CLOCK) == SEVEN


async def test_f51_cancelled_while_associating(client, meter):
    meter.aarq = lambda apdu: []
    task = await started(use(client))
    assert [wpdu.apdu[0] for wpdu in meter.link.sent] == [0x60]
    await cancelled(task)
    assert [wpdu.apdu[0] for wpdu in meter.link.sent] == [0x60, 0x62]
    assert meter.open_links == 0


@pytest.mark.parametrize("reply", [[RLRE], []], ids=["answer", "silent"])
async def test_f51_cancelled_while_reading(client, meter, reply):
    meter.get = lambda apdu: []
    meter.rlrq = lambda apdu: reply
    await cancelled(await started(use(client)))
    assert [wpdu.apdu[0] for wpdu in meter.link.sent] == [0x60, 0xC0, 0x62]
    assert meter.open_links == 0


async def test_f51_cancelled_between_requests(client, meter):
    await cancelled(await started(use(client)))
    assert [wpdu.apdu[0] for wpdu in meter.link.sent] == [0x60, 0xC0, 0x62]
    assert meter.open_links == 0


async def test_f51_cancelled_while_in_the_queue(patient, meter):
    meter.get = lambda apdu: []
    async with patient.associate(PARAMETERS) as first, patient.associate(OTHER) as second:
        reading = await started(first.get(CLOCK))
        await cancelled(await started(second.get(CLOCK)))
        assert second.is_open  # nothing was sent, so nothing can be late
        meter.get = lambda apdu: [value(unsigned(7))]
        meter.link.push(value(unsigned(7)))
        assert await reading == await second.get(CLOCK) == SEVEN


async def test_f51_cancelled_while_releasing(patient, meter):
    """The release goes on behind the cancellation, and what comes next waits for its end."""
    meter.rlrq = lambda apdu: []

    async def leave():
        async with patient.associate(PARAMETERS):
            pass

    await cancelled(await started(leave()))
    assert meter.open_links == 1
    meter.link.push(RLRE)
    meter.rlrq = lambda apdu: [RLRE]
    async with patient.associate(PARAMETERS) as association:
        assert await association.get(CLOCK) == SEVEN
    assert meter.links[0].closed
    assert meter.open_links == 0


async def test_release_by_hand_that_is_cancelled_is_finished_by_the_context(patient, meter):
    meter.rlrq = lambda apdu: []
    async with patient.associate(PARAMETERS) as association:
        await cancelled(await started(association.release()))
        meter.link.push(RLRE)
    assert [wpdu.apdu[0] for wpdu in meter.link.sent] == [0x60, 0x62]
    assert meter.open_links == 0


async def test_association_with_a_given_up_request_can_only_be_released(patient, meter):
    """The late answer may not be taken for the answer to a later request."""
    meter.get = lambda apdu: [0.05, value(unsigned(1))]
    async with patient.associate(PARAMETERS) as association:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await association.get(CLOCK)
        assert not association.is_open
        with pytest.raises(AssociationAborted, match="given up"):
            await association.get(CLOCK)
    assert len(meter.requests) == 1


@pytest.mark.parametrize("reply", [[RLRE], []], ids=["answer", "silent"])
async def test_given_up_request_and_the_neighbour(client, meter, reply):
    """With an RLRE the connection is clean and stays; without one the late answer might still come, so it ends."""
    meter.get = lambda apdu: []
    meter.rlrq = lambda apdu: reply
    async with client.associate(OTHER) as other:
        await cancelled(await started(use(client)))
        meter.get = lambda apdu: [value(unsigned(7))]
        if reply:
            assert await other.get(CLOCK) == SEVEN
        else:
            with pytest.raises(AssociationAborted):
                await other.get(CLOCK)


async def test_release_in_the_moment_of_a_block(patient, meter):
    """The release begins before the request hears of its block: neither takes what belongs to the other."""
    releases = []

    def release(_apdu):
        coroutine = patient._uses[PAIR].association.release()
        releases.append(asyncio.Task(coroutine, loop=asyncio.get_running_loop(), eager_start=True))
        return []

    parts = [[block(1, b"\x06")]]
    meter.get = lambda apdu: parts.pop() if parts else release(apdu)
    async with patient.associate(PARAMETERS) as association:
        with pytest.raises(AssociationAborted, match="released"):
            await association.get(CLOCK)
        await asyncio.gather(*releases)
    assert [wpdu.apdu[0] for wpdu in meter.link.sent] == [0x60, 0xC0, 0xC0, 0x62]
    assert meter.open_links == 0


async def test_release_answered_in_the_very_moment_of_the_deadline():
    """The loop was busy for longer than the deadline: answer and deadline are both there when it goes on."""
    meter = ScriptedMeter(rlrq=lambda apdu: [still_loop().pass_time(2 * QUICK.release)] and [RLRE])
    client = TimedClient("meter", timing=QUICK, connect=with_wrapper(meter.connect))
    async with client.associate(PARAMETERS) as association:
        assert await association.get(ENERGY) == SEVEN
    assert not meter.open_links


# -- how long an exchange may take


async def whole(association):
    await association.get(CLOCK)


async def in_pieces(association):
    async with aclosing(association.get_pieces(CLOCK)) as pieces:
        async for _ in pieces:
            pass


@pytest.mark.parametrize(("read", "seconds"), [(whole, 120), (in_pieces, 3600)])
async def test_the_error_tells_the_limit_that_ended_an_exchange(meter, read, seconds):
    """Each block comes in time, and there is no end of them."""
    numbers = count(1)
    meter.get = lambda _apdu: [50.0, block(next(numbers), b"ab")]
    began = still_loop().time()
    with pytest.raises(ResponseTimeout, match=f"within {seconds} s"):
        async with client_of(meter).associate(PARAMETERS, timing=Timing(response=60, block=60)) as association:
            await read(association)
    assert still_loop().time() - began == pytest.approx(seconds, abs=5)
