"""Associations that stay open for their next user, and users who want the device for themselves. In memory.

The test plug-in fails every test that leaves a task or a timer behind.
"""

import asyncio
from contextlib import suppress
from dataclasses import replace
import math

import pytest

from custom_components.cosem.dlms.client.association import Association
from custom_components.cosem.dlms.client.channel import with_wrapper
from custom_components.cosem.dlms.client.client import DlmsClient
from custom_components.cosem.dlms.client.link import Timing
from custom_components.cosem.dlms.client.security_state import SecurityState
from custom_components.cosem.dlms.encoding.data import double_long_unsigned
from custom_components.cosem.dlms.errors import (
    AssociationAborted,
    AssociationRejected,
    DeviceInUse,
    DlmsError,
    ExceptionReceived,
    ResponseTimeout,
)
from custom_components.cosem.dlms.protocol.proposal import AssociationParameters
from tests.dlms.scripted import (
    BUSY,
    CLOCK,
    NO_ASSOCIATION,
    PAIR,
    PARAMETERS,
    RLRE,
    End,
    ScriptedMeter,
    aare,
    unsigned,
    value,
)
from tests.timed_client import TimedClient

TIMING = Timing(response=30, release=30, reconnect_gap=0)
OTHER = AssociationParameters(client_wport=1, server_wport=17)
AARQ, GET, RLRQ = 0x60, 0xC0, 0x62
SEVEN = double_long_unsigned(7)


@pytest.fixture
def meter():
    return ScriptedMeter()


@pytest.fixture
async def client(meter):
    client = TimedClient("meter.example", connect=with_wrapper(meter.connect), timing=TIMING)
    yield client
    await client.close()
    assert not client._uses
    assert not client._queue._places
    assert meter.open_links == 0


def tags(meter):
    return [wpdu.apdu[0] for link in meter.links for wpdu in link.sent]


async def until(condition):
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110  # what is waited for sets no event
            await asyncio.sleep(0.001)


async def started(coroutine):
    """A task that has run as far as it can."""
    task = asyncio.create_task(coroutine)
    for _ in range(20):
        await asyncio.sleep(0)
    return task


async def read(client, parameters=PARAMETERS, **arguments):
    async with client.associate(parameters, **({"keep": 60} | arguments)) as association:
        assert await association.get(CLOCK) == SEVEN
        return association


# -- kept and lent again


@pytest.mark.parametrize("keep", [60, math.inf])
async def test_kept_association_is_lent_to_the_next_who_asks_with_the_same_parameters(client, meter, keep):
    first = await read(client, keep=keep)
    assert first.is_open
    assert not first.was_kept
    second = await read(client, keep=keep)
    assert second is first
    assert second.was_kept
    assert tags(meter) == [AARQ, GET, GET]
    assert len(meter.links) == 1


async def test_it_is_released_after_a_context_that_does_not_keep_it(client, meter):
    await read(client)
    association = await read(client, keep=0)
    assert association.was_kept
    assert tags(meter) == [AARQ, GET, GET, RLRQ]
    assert not client.is_connected


async def test_it_is_released_after_its_time(client, meter):
    association = await read(client, keep=0.01)
    await until(lambda: not client.is_connected)
    assert not association.is_open
    assert tags(meter) == [AARQ, GET, RLRQ]
    with pytest.raises(AssociationAborted, match="released"):
        await association.get(CLOCK)


async def test_its_time_is_measured_from_the_end_of_its_latest_use(client):
    now = asyncio.get_running_loop().time
    before = now()
    await read(client, keep=1000)
    first = client._uses[PAIR].expiry
    assert before + 1000 <= first.when() <= now() + 1000
    async with client.associate(PARAMETERS, keep=2000):
        assert first.cancelled()
        before = now()
    second = client._uses[PAIR].expiry
    assert before + 2000 <= second.when() <= now() + 2000
    await read(client, keep=math.inf)
    assert second.cancelled()


async def test_next_user_brings_deadlines_of_its_own(client, meter):
    await read(client)
    meter.get = lambda apdu: []
    with pytest.raises(ResponseTimeout, match=r"within 0\.01 s"):
        await read(client, timing=replace(TIMING, response=0.01))
    assert not client.is_connected


async def test_who_waits_for_the_wports_gets_it(client, meter):
    async with client.associate(PARAMETERS, keep=60) as first:
        waiting = await started(read(client))
        assert not waiting.done()
    assert await waiting is first
    assert tags(meter) == [AARQ, GET]


async def test_kept_associations_of_other_wports_stay(client, meter):
    kept = [await read(client), await read(client, OTHER)]
    assert [await read(client), await read(client, OTHER)] == kept
    assert tags(meter).count(AARQ) == 2
    assert len(meter.links) == 1


# -- not kept


@pytest.mark.parametrize("error", [ZeroDivisionError, asyncio.CancelledError, DlmsError])
async def test_failure_inside_of_the_context_ends_it(client, meter, error):
    for _ in range(2):  # a new one, and one that was kept
        with pytest.raises(error):
            async with client.associate(PARAMETERS, keep=60):
                raise error
        assert meter.open_links == 0
        assert tags(meter)[-1] == RLRQ
        await read(client)


async def test_error_of_the_meter_that_nobody_catches_ends_it(client, meter):
    await read(client)
    meter.get = lambda apdu: [BUSY]
    with pytest.raises(ExceptionReceived):
        await read(client)
    assert tags(meter) == [AARQ, GET, GET, RLRQ]


async def test_association_that_ended_unnoticed_is_not_kept(client, meter):
    meter.get = lambda apdu: []
    async with client.associate(PARAMETERS, keep=60, timing=replace(TIMING, response=0.01)) as association:
        with suppress(ResponseTimeout):
            await association.get(CLOCK)
    assert not client._uses
    assert not client.is_connected


async def test_association_with_a_given_up_request_is_not_kept(client, meter):
    """The late answer may not be taken for the answer to a question of the next user."""
    meter.get = lambda apdu: []
    async with client.associate(PARAMETERS, keep=60) as association:
        reading = await started(association.get(CLOCK))
        reading.cancel()
        await asyncio.wait([reading])
    assert tags(meter) == [AARQ, GET, RLRQ]
    assert not client._uses


async def test_association_with_an_unanswered_request_is_not_kept(client, meter):
    meter.get = lambda apdu: []
    async with client.associate(PARAMETERS, keep=60) as association:
        reading = await started(association.get(CLOCK))
        assert association.is_open
        assert not association.is_reusable
    with pytest.raises(AssociationAborted):
        await reading
    assert not client._uses


async def test_association_that_was_released_by_hand_is_not_kept(client, meter):
    async with client.associate(PARAMETERS, keep=60) as association:
        await association.release()
    assert tags(meter) == [AARQ, RLRQ]
    assert not client._uses


async def test_association_that_the_client_closed_meanwhile_is_not_kept(client, meter):
    async with client.associate(PARAMETERS, keep=60):
        await client.close()
    assert tags(meter) == [AARQ, RLRQ]


async def test_refused_association_is_not_kept(client, meter):
    meter.aarq = lambda apdu: [aare(None, result=1, diagnostic=13)]
    with pytest.raises(AssociationRejected):
        await read(client)
    assert not client._uses
    assert meter.open_links == 0


# -- replaced


async def test_other_parameters_for_the_same_wports_replace_it(client, meter):
    """Equal ones count as other ones, because secrets are not compared."""
    first = await read(client)
    second = await read(client, AssociationParameters())
    assert not first.is_open
    assert second.is_open
    assert tags(meter) == [AARQ, GET, RLRQ, AARQ, GET]


async def test_another_owner_of_the_invocation_counter_replaces_it(client, meter):
    states = [SecurityState(0, None), SecurityState(0, None)]
    first = await read(client, security_state=states[0])
    assert await read(client, security_state=states[0]) is first
    assert await read(client, security_state=states[1]) is not first
    assert tags(meter).count(AARQ) == 2


@pytest.mark.parametrize("reset", [False, True])
async def test_kept_association_whose_connection_ended_is_replaced(client, meter, reset):
    await read(client)
    meter.link.push(End(reset=reset))
    await until(lambda: not client.is_connected)
    second = await read(client)
    assert not second.was_kept
    assert len(meter.links) == 2


async def test_kept_association_that_the_meter_forgot_says_that_it_was_kept(client, meter):
    """Whoever it was lent to may ask for another one, once."""
    await read(client)
    meter.get = lambda apdu: [NO_ASSOCIATION]
    with pytest.raises(ExceptionReceived):
        async with client.associate(PARAMETERS, keep=60) as association:
            assert association.was_kept
            await association.get(CLOCK)
    meter.get = lambda apdu: [value(unsigned(7))]
    assert not (await read(client)).was_kept


async def test_asked_for_in_the_moment_of_its_end(client, meter):
    """What is being released is not lent, and the next one waits for the end of it."""
    meter.rlrq = lambda apdu: []
    first = await read(client)
    client._uses[PAIR].expiry._run()
    reading = await started(read(client))
    assert tags(meter) == [AARQ, GET, RLRQ]
    meter.link.push(RLRE)
    meter.rlrq = lambda apdu: [RLRE]
    assert await reading is not first
    assert tags(meter) == [AARQ, GET, RLRQ, AARQ, GET]


async def test_silent_meter_does_not_hold_up_whoever_replaces_it(client, meter):
    await read(client, timing=replace(TIMING, release=0.01))
    meter.rlrq = lambda apdu: []
    await read(client, AssociationParameters(), timing=replace(TIMING, release=0.01))
    assert tags(meter) == [AARQ, GET, RLRQ, AARQ, GET]


# -- the device for itself


async def test_exclusive_user_gets_idle_ones_released_first(client, meter):
    for parameters in (PARAMETERS, OTHER):
        await read(client, parameters)
    async with client.associate(AssociationParameters(client_wport=2), exclusive=True) as association:
        assert tags(meter) == [AARQ, GET, AARQ, GET, RLRQ, RLRQ, AARQ]
        assert client._uses.keys() == {association.parameters.pair}
    assert len(meter.links) == 2


async def test_exclusive_user_takes_no_kept_association(client, meter):
    """A form wants to know whether the meter takes its credentials."""
    await read(client)
    assert not (await read(client, exclusive=True)).was_kept
    assert tags(meter).count(AARQ) == 2


async def test_exclusive_user_is_served_in_the_order_of_asking(client, meter):
    order = []

    async def use(name, parameters, **arguments):
        async with client.associate(parameters, **arguments):
            order.append(name)
            await asyncio.sleep(0)

    async with client.associate(PARAMETERS):
        alone = AssociationParameters(client_wport=2)
        tasks = [
            await started(use("exclusive", alone, exclusive=True)),
            await started(use("other wPorts", OTHER)),
            await started(use("same wPorts", PARAMETERS)),
        ]
        assert order == []
        assert tags(meter) == [AARQ]
    await asyncio.gather(*tasks)
    assert order == ["exclusive", "other wPorts", "same wPorts"]
    assert tags(meter)[:5] == [AARQ, RLRQ, AARQ, RLRQ, AARQ]


async def test_exclusive_user_lets_nobody_else_in(client, meter):
    async with client.associate(PARAMETERS, exclusive=True) as association:
        waiting = await started(read(client, OTHER))
        assert tags(meter) == [AARQ]
        assert await association.get(CLOCK) == SEVEN
    assert await waiting
    assert tags(meter) == [AARQ, GET, RLRQ, AARQ, GET]


async def test_exclusive_association_may_be_kept_as_well(client, meter):
    first = await read(client, exclusive=True)
    assert await read(client) is first


async def test_patience_of_whoever_waits_for_an_exclusive_user_has_an_end(client, meter):
    async with client.associate(PARAMETERS, exclusive=True) as association:
        with pytest.raises(DeviceInUse, match="the other association 1 -> 17"):
            await read(client, OTHER, timing=replace(TIMING, transfer=0.01))
        assert await association.get(CLOCK) == SEVEN


# -- the device for somebody who reaches it by another way


async def test_reserved_device_has_no_association_and_gets_none(client, meter):
    for parameters in (PARAMETERS, OTHER):
        await read(client, parameters)
    async with client.reserve(timing=TIMING):
        assert not client.is_connected
        assert tags(meter)[-2:] == [RLRQ, RLRQ]
        waiting = await started(read(client))
        assert not waiting.done()
    assert await waiting


async def test_reserving_waits_for_whoever_uses_the_device(client):
    async def reserve():
        async with client.reserve(timing=TIMING):
            return client.is_connected

    async with client.associate(PARAMETERS) as association:
        reserving = await started(reserve())
        assert await association.get(CLOCK) == SEVEN
        assert not reserving.done()
    assert not await reserving


async def test_reserving_has_an_end(client):
    async with client.associate(PARAMETERS):
        with pytest.raises(DeviceInUse, match="the other associations"):
            async with client.reserve(timing=replace(TIMING, transfer=0.01)):
                pytest.fail("it is in use")


async def test_failure_beside_a_reserved_device_frees_it(client):
    with pytest.raises(ZeroDivisionError):
        async with client.reserve(timing=TIMING):
            raise ZeroDivisionError
    assert await read(client)


# -- the end of the client, and of its users


async def test_kept_one_is_released_on_demand(client, meter):
    await client.release_kept(PAIR)
    async with client.associate(PARAMETERS, keep=60) as association:
        await client.release_kept(PAIR)
        assert association.is_open
    await client.release_kept(PAIR)
    assert tags(meter) == [AARQ, RLRQ]
    assert not client.is_connected


async def test_close_releases_kept_ones(client, meter):
    for parameters in (PARAMETERS, OTHER):
        await read(client, parameters)
    await client.close()
    assert tags(meter) == [AARQ, GET, AARQ, GET, RLRQ, RLRQ]
    assert meter.open_links == 0


async def test_close_ends_the_waiting_of_all(client):
    async with client.associate(PARAMETERS):
        waiting = [await started(read(client)), await started(read(client, OTHER, exclusive=True))]
        await client.close()
        for task in waiting:
            with pytest.raises(AssociationAborted, match="the client was closed"):
                await task


async def test_close_while_somebody_connects(client, meter):
    reached = asyncio.Event()
    meter.on_connect = reached.wait
    connecting = await started(read(client))
    second = await started(read(client, OTHER))
    await client.close()
    reached.set()
    for task in (connecting, second):
        with pytest.raises(AssociationAborted, match="the client was closed"):
            await task
    assert not meter.links
    assert await read(client)


async def test_close_twice_while_somebody_connects(client, meter):
    meter.on_connect = asyncio.Event().wait
    connecting = await started(read(client))
    await asyncio.gather(client.close(), client.close())
    with pytest.raises(AssociationAborted, match="the client was closed"):
        await connecting
    assert not meter.links


async def test_close_in_the_moment_in_which_the_connection_is_there(client, meter):
    ends = []
    for steps in range(12):
        reached = asyncio.Event()
        meter.on_connect = reached.wait
        connecting = await started(read(client))
        reached.set()
        for _ in range(steps):
            await asyncio.sleep(0)
        await client.close()
        ends += await asyncio.gather(connecting, return_exceptions=True)
        assert meter.open_links == 0
        assert not client._uses
    assert {type(end) for end in ends} <= {AssociationAborted, Association}
    assert isinstance(ends[0], AssociationAborted)


async def test_close_while_a_kept_one_gives_way(client, meter):
    await read(client)
    meter.rlrq = lambda apdu: []
    replacing = await started(read(client, AssociationParameters()))
    closing = await started(client.close())
    meter.link.push(RLRE)
    await closing
    with pytest.raises(AssociationAborted, match="the client was closed"):
        await replacing
    assert tags(meter) == [AARQ, GET, RLRQ]


async def test_closed_client_keeps_again(client, meter):
    await read(client)
    await client.close()
    first = await read(client)
    assert await read(client) is first


async def many_ways(client):
    """Take, replace, evict, keep: everything that awaits something."""
    await read(client)
    await read(client, OTHER)
    await read(client)
    await read(client, AssociationParameters())
    async with client.reserve():
        pass
    await asyncio.gather(read(client), read(client, exclusive=True), read(client, OTHER), read(client))


async def test_f51_cancelled_at_every_await(meter):
    steps = 0
    while True:
        client = TimedClient("meter.example", connect=with_wrapper(meter.connect), timing=TIMING)
        before = asyncio.all_tasks()
        task = asyncio.create_task(many_ways(client))
        for _ in range(steps):
            await asyncio.sleep(0)
        finished = task.done()
        task.cancel()
        await asyncio.wait([task])
        assert await read(client, OTHER)  # no place is held by whoever has gone
        assert await read(client, exclusive=True)
        await client.close()
        assert meter.open_links == 0
        assert not client._uses
        assert not client._queue._places
        assert asyncio.all_tasks() == before
        if finished:
            break
        steps += 1
    assert steps > 30


async def test_without_a_wish_nothing_is_kept(meter):
    client = DlmsClient("meter.example", connect=with_wrapper(meter.connect))
    async with client.associate(PARAMETERS, timing=TIMING) as association:
        assert await association.get(CLOCK) == SEVEN
    assert not association.is_open
    assert meter.open_links == 0
