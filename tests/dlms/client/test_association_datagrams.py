"""An association over datagrams, as its user sees it."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from custom_components.cosem.dlms.apdu.common import AttributeDescriptor
from custom_components.cosem.dlms.apdu.initiate import Conformance
from custom_components.cosem.dlms.client.channel import with_datagrams, with_wrapper
from custom_components.cosem.dlms.client.link import Timing
from custom_components.cosem.dlms.encoding.data import NULL, encode_data_octets, octet_string
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.errors import (
    ApduTooLong,
    ConnectionLost,
    DataAccessError,
    ExceptionReceived,
    LimitExceeded,
    OutcomeUnknown,
    ResponseTimeout,
    WrongAddress,
)
from custom_components.cosem.dlms.protocol.proposal import AssociationParameters, WportPair
from tests.dlms.client.test_short_names import GRANTED, SHORT, SN_CONTEXT, ShortMeter
from tests.dlms.protocol.test_connection_datagrams import WRITABLE
from tests.dlms.scripted import BUSY, CLOCK, ENERGY, PARAMETERS, ScriptedMeter, aare, unsigned, value, values
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


async def test_an_error_says_how_long_was_really_waited():
    meter = Meter(get=lambda _apdu: [])
    async with client_of(meter).associate(PARAMETERS) as association:
        with pytest.raises(ResponseTimeout, match="no get-response within 16 s"):
            await association.get(CLOCK)
    async with client_of(meter).associate(PARAMETERS, timing=replace(TIMING, transfer=5, response=4)) as association:
        with pytest.raises(ResponseTimeout, match="no get-response within 5 s"):
            await association.get(CLOCK)


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


async def test_who_sends_longer_answers_than_announced_is_told_a_larger_size_the_next_time():
    long = octet_string(bytes(3_000))
    meter = Meter(get=lambda _apdu: [value(encode_data_octets(long))])
    client = client_of(meter)
    with pytest.raises(ApduTooLong, match="more than 2048 octets in one APDU"):
        async with client.associate(PARAMETERS) as association:
            await association.get(CLOCK)
    assert association.asks_otherwise
    async with client.associate(PARAMETERS) as association:
        assert await association.get(CLOCK) == long
    assert [apdu[-2:] for apdu in meter.taken if apdu[0] == 0x60] == [b"\x04\xb0", b"\xff\xff"]


async def test_what_was_too_long_before_a_question_is_no_reason_for_its_silence():
    meter = Meter()
    async with client_of(meter).associate(PARAMETERS) as association:
        meter.link.push(value(encode_data_octets(octet_string(bytes(3_000)))))
        await asyncio.sleep(1)
        meter.get = lambda _apdu: []
        with pytest.raises(ResponseTimeout):
            await association.get(CLOCK)


async def test_a_release_that_is_lost_ends_all_the_same():
    meter = Meter(3)
    async with client_of(meter).associate(PARAMETERS) as association:
        await association.get(CLOCK)
    assert meter.link.closed


async def test_late_and_doubled_answers_disturb_nothing():
    meter = Meter(get=lambda apdu: [value(unsigned(apdu[2] & 15)), value(unsigned(apdu[2] & 15))])
    async with client_of(meter).associate(PARAMETERS) as association:
        assert [(await association.get(CLOCK)).value for _ in range(40)] == [number % 16 for number in range(1, 41)]


class BlockMeter(Meter):
    """Answers in four blocks; in each answer comes a copy of one of the answer before, if it is 1 s old at most."""

    def __init__(self, late):
        super().__init__(get=self.in_blocks)
        self.late = late
        self.former = []
        self.sent_at = 0.0

    def in_blocks(self, apdu):
        number = apdu[2] & 15
        octets = value(b"\x09\x14" + bytes([number]) * 20, invoke_id=number)
        pieces = [octets[:6], octets[6:12], octets[12:18], octets[18:]]
        controls = [0x43, 0x43, 0x43, 0x83]
        blocks = [bytes([0xE0, controls[at], 0, at + 1, 0, 0, len(pieces[at])]) + pieces[at] for at in range(4)]
        now = asyncio.get_running_loop().time()
        is_late = self.former and now < self.sent_at + 1
        copies = [self.former[self.late]] if is_late else []
        self.former, self.sent_at = blocks, now
        return [blocks[0], *copies, *blocks[1:]]


@pytest.mark.parametrize("late", range(4))
async def test_f20_a_late_copy_of_a_general_block_gets_into_no_other_value(late):
    meter = BlockMeter(late)
    async with client_of(meter).associate(PARAMETERS) as association:
        read = [(await association.get(CLOCK)).value for _ in range(20)]
    assert read == [bytes([number % 16]) * 20 for number in range(1, 21)]


class SlowToAnswer(Meter):
    """Two blocks of what it has at that moment, to each question: the first so late that it is asked again."""

    def __init__(self):
        super().__init__(get=self.block)
        self.value = 0

    def block(self, apdu):
        if apdu[1] == 2:
            return [bytes.fromhex(f"C402{apdu[2]:02x}01 00000002 00 02 {self.value:04x}")]
        self.value += 1
        late = [3.5] if self.value == 1 else []
        return [*late, bytes.fromhex(f"C402{apdu[2]:02x}00 00000001 00 03 06 {self.value:04x}")]


async def test_f19_a_value_of_the_blocks_of_two_answers_is_none():
    meter = SlowToAnswer()
    async with client_of(meter).associate(PARAMETERS) as association:
        with pytest.raises(DataAccessError, match="of two answers"):
            await association.get(CLOCK)
        assert (await association.get(CLOCK)).value == 0x30003
    assert [apdu[0] for apdu in meter.taken].count(0xC0) > 4


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


# -- several associations on one channel


OTHER = AssociationParameters(server_wport=17)


class Silent(ScriptedMeter):
    """One logical device is silent to everything but AARQ and RLRQ."""

    def __init__(self, *silent):
        super().__init__(aarq=lambda _apdu: [aare(WRITABLE)])
        self.silent = silent
        self.open = set()

    def reply(self, wpdu):
        pair = WportPair(wpdu.source_wport, wpdu.destination_wport)
        if wpdu.apdu[0] == 0x60:
            self.open.add(pair)
        if wpdu.apdu[0] == 0x62:
            self.open.discard(pair)
        if wpdu.apdu[0] not in {0x60, 0x62} and pair.server_wport in self.silent:
            return
        yield from super().reply(wpdu)


async def test_the_silence_of_one_logical_device_ends_its_association_only():
    meter = Silent(17)
    client = client_of(meter)
    async with client.associate(PARAMETERS) as association:
        for _ in range(2):
            async with client.associate(OTHER) as other:
                with pytest.raises(ResponseTimeout):
                    await other.get(CLOCK)
                with pytest.raises(ResponseTimeout):  # a late answer is nobody's
                    await other.get(ENERGY)
                assert (await association.get(CLOCK)).value == 7
        meter.silent = ()
        async with client.associate(OTHER) as other:
            assert (await other.get(CLOCK)).value == 7
        assert (await association.get(CLOCK)).value == 7
    assert len(meter.links) == 1
    assert meter.open == set()


async def test_a_neighbour_keeps_its_association_though_the_release_is_not_answered():
    meter = Silent(17)
    client = client_of(meter)
    async with client.associate(PARAMETERS) as association:
        meter.rlrq = lambda _apdu: []
        async with client.associate(OTHER) as other:
            with pytest.raises(ResponseTimeout):
                await other.get(CLOCK)
        assert (await association.get(CLOCK)).value == 7
    assert len(meter.links) == 1


async def test_a_very_late_answer_to_what_was_given_up_belongs_to_nobody():
    meter = Silent(17)
    client = client_of(meter)
    async with client.associate(PARAMETERS):
        async with client.associate(OTHER) as other:
            with pytest.raises(ResponseTimeout):
                await other.get(CLOCK)
        meter.silent = ()
        async with client.associate(OTHER) as other:
            meter.link.push(value(unsigned(1)), OTHER.pair)
            assert (await other.get(CLOCK)).value == 7
            meter.link.push(BUSY, OTHER.pair)
            assert (await other.get(CLOCK)).value == 7


async def test_by_short_names_a_silence_ends_all_and_the_meter_is_told_of_each():
    """An answer that comes very late has no number, so it must find nobody."""
    meter = ShortMeter()
    client = client_of(meter)
    other = replace(SHORT, server_wport=17)
    async with client.associate(SHORT) as kept, client.associate(other) as association:
        await kept.get(ENERGY)
        meter.get = lambda _apdu: []
        with pytest.raises(ResponseTimeout):
            await association.get(ENERGY)
        assert not kept.is_open
    released = [wpdu.destination_wport for wpdu in meter.link.sent if wpdu.apdu[0] == 0x62]
    assert sorted(released) == [1, 17]


async def test_what_ends_the_channel_is_told_to_each_association():
    meter = Silent()
    client = client_of(meter)
    async with client.associate(PARAMETERS) as association, client.associate(OTHER) as other:
        await other.get(CLOCK)
        asking = asyncio.create_task(association.get(CLOCK))
        meter.get = lambda _apdu: []
        await asyncio.sleep(0.5)
        for number in range(17):
            meter.link.push(value(unsigned(number), 9))
        with pytest.raises(LimitExceeded):
            await asking
    assert meter.open == set()


# -- answers that are late, or come twice, and have no number


class Network:
    """Delivers each answer to a question ``slow`` seconds later, and a copy of it another ``copy`` seconds later."""

    slow = 0.06
    copy = 0.0
    doubles_questions = False

    def reply(self, wpdu):
        if wpdu.apdu[0] in {0x60, 0x62}:
            return super().reply(wpdu)
        for question in range(1 + self.doubles_questions):
            for part in super().reply(wpdu):
                self.deliver(part, self.slow + question * self.copy)
                if self.copy and not self.doubles_questions:
                    self.deliver(part, self.slow + self.copy)
        return []

    def deliver(self, part, seconds):
        link = self.link
        asyncio.get_running_loop().call_later(seconds, lambda: link.closed or link.push(part))

    @asynccontextmanager
    async def session(self, parameters):
        async with client_of(self).associate(parameters) as association:
            yield association
        await asyncio.sleep(30)  # everything has arrived


class Refusing(Network, Meter):
    """Knows the clock only, and takes what is written to it."""

    def reply(self, wpdu):
        return list(super().reply(wpdu))


def refuses_all_but_the_clock(apdu):
    if apdu[4] != 8:
        return [BUSY]
    return [b"\xc5\x01" + apdu[2:3] + b"\x00"] if apdu[0] == 0xC1 else [value(unsigned(7))]


@pytest.mark.parametrize(("slow", "copy"), [(0.06, 0.02), (0.06, 0.9), (3.5, 0.0), (7.0, 0.0)])
async def test_f20_an_error_that_comes_twice_ends_one_question_only(slow, copy):
    """Doubled by the network, or because the meter is slower than we repeat."""
    meter = Refusing(get=refuses_all_but_the_clock)
    meter.slow, meter.copy = slow, copy
    async with meter.session(PARAMETERS) as association:
        for _ in range(3):
            with pytest.raises(ExceptionReceived):
                await association.get(ENERGY)
            assert [(await association.get(CLOCK)).value for _ in range(3)] == [7] * 3
            with pytest.raises(ExceptionReceived):
                await association.get(ENERGY)
            await association.set(CLOCK, NULL)
    assert len(meter.links) == 1
    assert [apdu[0] for apdu in meter.taken].count(0xC1) == 3


async def test_objects_that_are_refused_one_by_one_cost_no_pauses():
    meter = Refusing(get=refuses_all_but_the_clock)
    meter.slow = 0.0
    async with meter.session(PARAMETERS) as association:
        begin = asyncio.get_running_loop().time()
        for _ in range(20):
            with pytest.raises(ExceptionReceived):
                await association.get(ENERGY)
        assert asyncio.get_running_loop().time() == begin
    assert len(meter.requests) == 1 + 19 * 3


VOLTAGE = AttributeDescriptor(3, LogicalName.parse("1.0.32.7.0.255"), 2)
BOTH = bytes.fromhex("0102 0204 101000 120003 1100 09060100010800FF 0204 104000 120003 1100 09060100200700FF")


class Short(Network, ShortMeter):
    """Two registers, each with another number."""

    def __init__(self, **named):
        super().__init__(values={0xFA08: BOTH, 0x1008: unsigned(777), 0x4008: unsigned(55555)})
        self.__dict__.update(named)
        self.counting = 0

    def answer(self, apdu):
        if self.doubles_questions:
            self.counting += 1
            self.values[0x1008] = unsigned(700_000 + self.counting)
        return super().answer(apdu)


@pytest.mark.parametrize("copy", [0.0, 0.02, 0.06, 0.9])
@pytest.mark.parametrize("doubles_questions", [False, True])
async def test_f20_by_short_names_no_value_is_another_attributes_one(copy, doubles_questions):
    meter = Short(copy=copy, doubles_questions=doubles_questions)
    async with meter.session(SHORT) as association:
        for _ in range(5):
            energy = (await association.get(ENERGY)).value
            assert energy == 777 or energy > 700_000
            assert (await association.get(VOLTAGE)).value == 55555


@pytest.mark.parametrize("slow", [3.5, 7.0, 9.5])
async def test_f18_by_short_names_the_answers_to_our_repeats_are_nobodys(slow):
    meter = Short(slow=slow)
    async with meter.session(SHORT) as association:
        for _ in range(3):
            assert (await association.get(ENERGY)).value == 777
            assert (await association.get(VOLTAGE)).value == 55555


async def test_f19_by_short_names_a_lost_question_is_asked_again():
    meter = Short()
    answer, meter.losses = meter.answer, [1, 2, 4]

    def lossy(apdu):
        meter.counting += 1
        return [] if meter.counting in meter.losses else answer(apdu)

    meter.get = lossy
    async with meter.session(SHORT) as association:
        assert (await association.get(ENERGY)).value == 777
        assert (await association.get(VOLTAGE)).value == 55555
    assert len(meter.links) == 1


@pytest.mark.parametrize("copy", [0.0, 0.02, 0.9])
async def test_by_short_names_a_write_that_is_refused_is_no_success(copy):
    meter = Short(copy=copy)
    results = [b"\x0d\x01\x01\x03", b"\x0d\x01\x00"] * 3
    meter.get = lambda apdu: [results.pop()] if apdu[0] == 6 else meter.answer(apdu)
    async with meter.session(SHORT) as association:
        for _ in range(3):
            await association.set(ENERGY, NULL)
            with pytest.raises(DataAccessError):
                await association.set(ENERGY, NULL)
    assert [asked[:2] for asked in meter.asked].count("06") == 6


@pytest.mark.parametrize("answers_all", [False, True])
@pytest.mark.parametrize("connector", [with_datagrams, with_wrapper])
async def test_a_write_behind_an_unconfirmed_one_has_its_own_result(connector, answers_all):
    meter = Short(copy=0.1 if connector is with_datagrams else 0.0)
    unconfirmed = Conformance.UNCONFIRMED_WRITE

    def answer(apdu):
        if apdu[0] == 0x16:
            return [b"\x0d\x01\x00"] * answers_all
        return [b"\x0d\x01\x01\x03"] if apdu[0] == 6 else meter.answer(apdu)

    meter.get = answer
    granted = replace(GRANTED, conformance=GRANTED.conformance | unconfirmed)
    meter.aarq = lambda _apdu: [aare(granted, application_context_name=SN_CONTEXT)]
    client = TimedClient("meter.example", connect=connector(meter.connect), timing=TIMING)
    async with client.associate(SHORT) as association:
        for _ in range(3):
            await association.set_unconfirmed(ENERGY, NULL)
            with pytest.raises(DataAccessError):
                await association.set(ENERGY, NULL)
            assert (await association.get(ENERGY)).value == 777
    assert len(meter.links) == 1
    await asyncio.sleep(30)
