"""An association over datagrams, as its user sees it."""

import asyncio

import pytest

from custom_components.cosem.dlms.client.channel import with_datagrams
from custom_components.cosem.dlms.client.link import Timing
from custom_components.cosem.dlms.encoding.data import NULL
from custom_components.cosem.dlms.errors import (
    ConnectionLost,
    OutcomeUnknown,
    ResponseTimeout,
    WrongAddress,
)
from custom_components.cosem.dlms.protocol.proposal import WportPair
from tests.dlms.protocol.test_connection_datagrams import WRITABLE
from tests.dlms.scripted import CLOCK, ENERGY, PARAMETERS, ScriptedMeter, aare, unsigned, value, values
from tests.timed_client import TimedClient

TIMING = Timing(response=10, repeat=3, release=2, reconnect_gap=0)


class Meter(ScriptedMeter):
    """Loses what ``loses`` says: numbers of datagrams that it gets, from 1 on, AARQ and RLRQ included."""

    def __init__(self, *loses, **arguments):
        super().__init__(aarq=lambda _apdu: [aare(WRITABLE)], **arguments)
        self.loses = set(loses)
        self.taken = []

    def reply(self, wpdu):
        self.taken.append(wpdu.apdu)
        if len(self.taken) not in self.loses:
            yield from super().reply(wpdu)


def client_of(meter):
    return TimedClient("meter.example", connect=with_datagrams(meter.connect), timing=TIMING)


async def test_f19_a_lost_question_is_asked_again():
    meter = Meter(2, 3)
    begin = asyncio.get_running_loop().time()
    async with client_of(meter).associate(PARAMETERS) as association:
        assert (await association.get(CLOCK)).value == 7
    assert meter.taken[1] == meter.taken[2] == meter.taken[3]
    assert asyncio.get_running_loop().time() - begin == 6


async def test_after_two_repeats_the_whole_deadline_counts_and_the_meter_is_told():
    meter = Meter(2, 3, 4)
    begin = asyncio.get_running_loop().time()
    async with client_of(meter).associate(PARAMETERS) as association:
        with pytest.raises(ResponseTimeout):
            await association.get(CLOCK)
        assert asyncio.get_running_loop().time() - begin == 16
    assert [apdu[0] for apdu in meter.taken] == [0x60, 0xC0, 0xC0, 0xC0, 0x62]
    assert meter.link.closed


async def test_a_lost_aarq_without_a_secret_is_sent_again():
    meter = Meter(1)
    async with client_of(meter).associate(PARAMETERS) as association:
        assert (await association.get(CLOCK)).value == 7


async def test_f62_a_lost_set_is_unknown_and_sent_once():
    meter = Meter(2)
    async with client_of(meter).associate(PARAMETERS) as association:
        with pytest.raises(OutcomeUnknown):
            await association.set(CLOCK, NULL)
    assert [apdu[0] for apdu in meter.taken].count(0xC1) == 1


async def test_lists_are_answered_in_one_datagram():
    meter = Meter(get=lambda _apdu: [values(unsigned(1), unsigned(2))])
    async with client_of(meter).associate(PARAMETERS) as association:
        assert [each.value for each in await association.get_many([CLOCK, ENERGY])] == [1, 2]


async def test_a_release_that_is_lost_ends_all_the_same():
    meter = Meter(3)
    async with client_of(meter).associate(PARAMETERS) as association:
        await association.get(CLOCK)
    assert meter.link.closed


async def test_late_and_doubled_answers_disturb_nothing():
    meter = Meter(get=lambda apdu: [value(unsigned(apdu[2] & 15)), value(unsigned(apdu[2] & 15))])
    async with client_of(meter).associate(PARAMETERS) as association:
        assert [(await association.get(CLOCK)).value for _ in range(40)] == [number % 16 for number in range(1, 41)]


async def test_f14_the_error_tells_what_came_instead():
    meter = Meter(get=lambda _apdu: [])
    async with client_of(meter).associate(PARAMETERS) as association:
        asking = asyncio.create_task(association.get(CLOCK))
        await asyncio.sleep(1)
        meter.link.push(value(unsigned(7)), WportPair(16, 7))
        with pytest.raises(WrongAddress):
            await asking
    assert meter.taken[-1][0] == 0x62


async def test_a_goodbye_that_cannot_be_sent_changes_no_error():
    meter = Meter(2, 3, 4)
    async with client_of(meter).associate(PARAMETERS) as association:
        asking = asyncio.create_task(association.get(CLOCK))
        await asyncio.sleep(7)
        meter.link.send_error = ConnectionLost()
        with pytest.raises(ResponseTimeout):
            await asking
