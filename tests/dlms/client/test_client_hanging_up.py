"""A meter that closes the connection behind each answer: each question gets a connection and an association."""

import asyncio
import math

import pytest

from custom_components.cosem.dlms import (
    CURRENT_OBJECT_LIST,
    AssociationAborted,
    AttributeDescriptor,
    ConnectionLost,
    Data,
    DataAccessError,
    DlmsError,
    LogicalName,
    OutcomeUnknown,
    Timing,
)
from custom_components.cosem.dlms.client.channel import with_wrapper
from custom_components.cosem.dlms.client.proof_forms import KnownForm
from custom_components.cosem.dlms.protocol.leniencies import Leniency
from custom_components.cosem.dlms.protocol.transfer.get import GetOne
from tests.dlms.client.test_client_faults import ENERGY, POWER, Household
from tests.simulated_meter.steps import Finish, Reset
from tests.timed_client import TimedClient


class Writing(GetOne):
    """Something that may not be asked again."""

    may_be_repeated = False


class HangsUp(Household):
    """A household whose meter closes the connection behind each answer to a GET, or behind some of them."""

    def __init__(self, times=math.inf, *, reset=False):
        # One APDU holds the whole object list: in blocks it could not be read.
        super().__init__(timing=Timing(reconnect_gap=0), max_receive_pdu_size=0, max_pdu_size=65_535)
        self.times, self.end = times, Reset() if reset else Finish()
        self.gets = self.aarqs = self.connections = 0
        self.waits, self.goes_on = asyncio.Event(), asyncio.Event()
        self.goes_on.set()
        self.client = TimedClient("meter.example", connect=with_wrapper(self.connect), timing=Timing(reconnect_gap=0))

    async def connect(self):
        self.connections += 1
        if self.connections > 1:
            self.waits.set()
            await self.goes_on.wait()
        link = await self.meter.connect()
        send = link.send

        async def send_through(octets):
            await send(octets)
            self.aarqs += octets[8] == 0x60
            self.gets += octets[8] == 0xC0
            if octets[8] == 0xC0 and self.gets <= self.times:
                link.push(self.end)

        link.send = send_through
        return link


async def test_trial_06_a_meter_that_hangs_up_after_each_answer_is_read():
    home = HangsUp()
    assert all(isinstance(result, Data) for result in await home.poll())
    async with home.client.associate(home.parameters) as association:
        assert (await association.get(CURRENT_OBJECT_LIST)).value
        results = await association.get_many([ENERGY, POWER] * 20)
        assert all(isinstance(result, Data) for result in results)
        assert Leniency.HANGS_UP_AFTER_ANSWERS in association.leniencies
        assert association.list_ways.list_limit is None, "the lists are not to blame"
    assert home.aarqs == home.connections <= home.gets


UNKNOWN = AttributeDescriptor(3, LogicalName.parse("1.0.9.9.9.255"), 2)


@pytest.mark.parametrize("at", range(4))
@pytest.mark.parametrize("lists", [True, False])
async def test_an_attribute_that_is_refused_costs_none_behind_it(at, lists):
    home = HangsUp()
    asked = [ENERGY, POWER, ENERGY]
    asked.insert(at, UNKNOWN)
    async with home.client.associate(home.parameters) as association:
        if lists:
            results = await association.get_many(asked)
        else:
            results = []
            for attribute in asked:
                try:
                    results.append(await association.get(attribute))
                except DataAccessError as error:
                    results.append(error)
    assert [isinstance(result, Data) for result in results] == [each is not UNKNOWN for each in asked]
    assert isinstance(results[at], DataAccessError)


@pytest.mark.parametrize("reset", [False, True])
async def test_trial_06_a_connection_that_ends_once_is_no_habit(reset):
    home = HangsUp(times=1, reset=reset)
    async with home.client.associate(home.parameters) as association:
        for _ in range(3):
            await association.get(ENERGY)
        assert Leniency.HANGS_UP_AFTER_ANSWERS not in association.leniencies
    assert home.aarqs == 2


async def test_trial_06_not_for_ever_and_not_for_what_writes():
    home = HangsUp()
    async with home.client.associate(home.parameters) as association:
        for _ in range(33):
            await association.get(ENERGY)
        with pytest.raises(ConnectionLost):
            await association.get(ENERGY)
        assert not association.is_open
    assert home.aarqs == 33
    async with home.client.associate(home.parameters) as association:
        await association.get(ENERGY)
        with pytest.raises((ConnectionLost, OutcomeUnknown)):
            await association._request(Writing(ENERGY))
    assert home.aarqs == 34


async def test_trial_06_questions_of_the_same_moment_share_the_next_connection():
    home = HangsUp()
    async with home.client.associate(home.parameters) as association:
        await association.get(ENERGY)
        values = await asyncio.gather(*(association.get(ENERGY) for _ in range(3)))
        assert len(values) == 3
    assert home.aarqs <= 4


async def test_trial_06_a_client_that_is_closed_meanwhile_opens_nothing():
    home = HangsUp()
    async with home.client.associate(home.parameters) as association:
        await association.get(ENERGY)
        home.goes_on.clear()
        asking = asyncio.create_task(association.get(ENERGY))
        await home.waits.wait()
        closing = asyncio.create_task(home.client.close())
        await asyncio.sleep(0)
        home.goes_on.set()
        with pytest.raises(DlmsError):
            await asking
        await closing
    assert not home.client.is_connected
    assert home.meter.open_links == 0


async def test_trial_06_a_connection_that_comes_too_late_is_given_back():
    home = HangsUp()
    join = home.client._physical.join

    async def too_late(*arguments):
        link = await join(*arguments)
        home.client._leave_soon(home.client._uses[home.parameters.pair])
        return link

    async with home.client.associate(home.parameters) as association:
        await association.get(ENERGY)
        home.client._physical.join = too_late
        with pytest.raises(AssociationAborted):
            await association.get(ENERGY)
    assert not home.client.is_connected
    assert home.meter.open_links == 0


async def test_trial_06_who_may_associate_once_does_not_associate_again():
    home = HangsUp()
    home.client.known_forms[home.parameters.pair] = KnownForm(tries_once=True)
    async with home.client.associate(home.parameters) as association:
        await association.get(ENERGY)
        with pytest.raises(ConnectionLost):
            await association.get(ENERGY)
    assert home.aarqs == 1


async def test_trial_06_a_meter_that_ends_the_next_connection_too_is_lost():
    home = HangsUp()
    async with home.client.associate(home.parameters) as association:
        await association.get(ENERGY)
        reconnect = association.reconnect

        async def ended(timing):
            link = await reconnect(timing)
            await link.fail(ConnectionLost())
            return link

        association.reconnect = ended
        association._link.connection._associations[home.parameters.pair].leniencies.add(Leniency.BLOCKS_FROM_0)
        with pytest.raises(ConnectionLost):
            await association.get(ENERGY)
        # Nothing was proposed on that connection: what was learned on the one before is known all the same.
        assert association.leniencies == {Leniency.BLOCKS_FROM_0}
        association.learn()
    assert home.aarqs == 1
