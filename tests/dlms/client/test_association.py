"""An association as its user sees it, against a scripted meter in memory: requests, deadlines, lists, release."""

import asyncio
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace

import pytest

from custom_components.cosem.dlms.apdu.acse import Mechanism
from custom_components.cosem.dlms.apdu.common import Selection
from custom_components.cosem.dlms.apdu.initiate import Conformance
from custom_components.cosem.dlms.client.association import Association
from custom_components.cosem.dlms.client.channel import with_wrapper
from custom_components.cosem.dlms.client.client import DlmsClient
from custom_components.cosem.dlms.client.link import SYSTEM_CLOCK, Link, Timing
from custom_components.cosem.dlms.encoding.data import NULL, double_long_unsigned
from custom_components.cosem.dlms.errors import (
    AssociationAborted,
    AssociationRejected,
    ConfirmedServiceErrorReceived,
    ConnectTimeout,
    DataAccessError,
    DataAccessResultCode,
    DecodeError,
    ExceptionReceived,
    LimitExceeded,
    LocalProtocolError,
    ResponseTimeout,
    UnexpectedApdu,
    WrongAddress,
)
from custom_components.cosem.dlms.limits import DEFAULT_LIMITS
from custom_components.cosem.dlms.protocol.leniencies import Leniency
from custom_components.cosem.dlms.protocol.proposal import AssociationParameters, WportPair
from custom_components.cosem.dlms.security.keys import Secret
from tests.dlms.client.conftest import OTHER, PATIENT, QUICK, SEVEN, answers, client_of, started
from tests.dlms.scripted import (
    BUSY,
    CLOCK,
    ENERGY,
    GRANTED,
    NO_ASSOCIATION,
    NOT_SUPPORTED,
    PAIR,
    PARAMETERS,
    POWER,
    PUSH,
    REGISTERS,
    Raw,
    ScriptedMeter,
    aare,
    access_error,
    answer,
    block,
    initiate,
    unsigned,
    value,
    values,
)

# -- one association


async def test_associate_read_release(client, meter):
    async with client.associate(PARAMETERS) as association:
        assert association.is_open
        assert association.parameters is PARAMETERS
        assert association.negotiated.server_max_receive_pdu_size == 1024
        assert await association.get(CLOCK) == SEVEN
        assert client.is_connected
    assert not association.is_open
    assert not client.is_connected
    assert [wpdu.apdu[0] for wpdu in meter.link.sent] == [0x60, 0xC0, 0x62]
    assert meter.link.closed == 1


async def test_trial_02_a_meter_that_grants_more_is_read_and_its_leniency_told(client, meter):
    surplus = Conformance.GENERAL_BLOCK_TRANSFER | Conformance.READ | Conformance.PARAMETERIZED_ACCESS
    meter.aarq = lambda apdu: [aare(initiate(conformance=GRANTED | surplus))]
    async with client.associate(PARAMETERS) as association:
        assert await association.get(CLOCK) == SEVEN
        assert association.leniencies == {Leniency.SURPLUS_SERVICES}
        association.tolerated(Leniency.MISSING_MECHANISM_NAME)
        assert association.leniencies == {Leniency.SURPLUS_SERVICES, Leniency.MISSING_MECHANISM_NAME}


@pytest.mark.parametrize("came", [WportPair(1, 16), WportPair(16, 77), WportPair(77, 1)])
async def test_trial_08_answers_with_other_wports_than_asked_are_told(client, meter, came):
    meter.aarq = lambda apdu: [Raw(answer(aare(), came))]
    with pytest.raises(WrongAddress) as caught:
        async with client.associate(PARAMETERS):
            pytest.fail("nobody answered")
    assert f"from wPort {came.server_wport} to {came.client_wport}, not from 1 to 16" in str(caught.value)
    assert caught.value.asked == PAIR


async def test_trial_08_what_came_for_others_before_the_request_explains_no_silence(client, meter):
    async with client.associate(PARAMETERS) as association:
        meter.link.push(Raw(answer(value(unsigned(1)), WportPair(16, 77))))
        await asyncio.sleep(0)
        meter.get = lambda apdu: []
        with pytest.raises(ResponseTimeout):
            await association.get(CLOCK)


@pytest.mark.parametrize(
    ("octets", "error"), [(b"\xee", DecodeError), (b"\x01\x01" * 17 + b"\x00", LimitExceeded)], ids=["tag", "nesting"]
)
async def test_trial_10_what_cannot_be_decoded_names_its_attribute(client, meter, octets, error):
    meter.get = lambda apdu: [value(octets)]
    async with client.associate(PARAMETERS) as association:
        with pytest.raises(error, match=f"attribute {CLOCK}") as caught:
            await association.get(CLOCK)
        assert isinstance(caught.value.__cause__, error)


async def test_trial_03_a_meter_that_names_the_ciphered_context_is_read_in_plain(client, meter):
    meter.aarq = lambda apdu: [aare(application_context_name=bytes.fromhex("60857405080103"))]
    async with client.associate(PARAMETERS) as association:
        assert await association.get(CLOCK) == SEVEN
        assert association.leniencies == {Leniency.CIPHERED_CONTEXT_NAMED}


async def test_trial_08_what_the_meter_does_differently_in_its_answers_is_told(client, meter):
    meter.get = lambda apdu: [block(0, unsigned(7), last=True)]
    async with client.associate(PARAMETERS) as association:
        assert await association.get(CLOCK) == SEVEN
        assert association.leniencies == {Leniency.BLOCKS_FROM_0}


async def test_trial_08_one_octet_too_many_behind_a_value_is_left_out(client, meter):
    meter.get = answers(
        [value(unsigned(7) + b"\xff")],
        [values(unsigned(7), 3) + b"\x00"],
        [block(1, unsigned(7) + b"\x00", last=True)],
        [value(b"\x01\x01\x02\x01" + unsigned(7) + b"\x00")],
    )
    async with client.associate(PARAMETERS) as association:
        assert await association.get(CLOCK) == SEVEN
        read, refused = await association.get_many([CLOCK, ENERGY])
        assert read == SEVEN
        assert isinstance(refused, DataAccessError)
        assert refused.result == 3
        assert await association.get_many([ENERGY]) == [SEVEN]
        assert await association.get_rows(CLOCK) == [(7,)]
        assert association.leniencies == {Leniency.SURPLUS_OCTET}
    assert len(meter.requests) == 4, "and nothing is asked for again"


async def test_trial_08_two_octets_too_many_make_no_sense(client, meter):
    meter.get = lambda apdu: [value(unsigned(7) + b"\x00\x00")]
    async with client.associate(PARAMETERS) as association:
        with pytest.raises(DecodeError, match="2 octets too many"):
            await association.get(CLOCK)
        (odd,) = await association.get_many([CLOCK])
        assert isinstance(odd, DataAccessError)
        assert "2 octets too many" in odd.undecodable
        assert association.leniencies == set()


async def test_trial_03_an_answer_under_keys_is_not_tolerated_then(client, meter):
    meter.aarq = lambda apdu: [aare(application_context_name=bytes.fromhex("60857405080103"))]
    meter.get = lambda apdu: [bytes.fromhex("CC0630000000010000")]
    async with client.associate(PARAMETERS) as association:
        with pytest.raises(UnexpectedApdu, match="CC"):
            await association.get(CLOCK)


async def test_header_and_apdu_are_written_with_one_call(client, meter):
    async with client.associate(PARAMETERS) as association:
        await association.get(CLOCK)
    assert [len(octets) for octets in meter.link.writes] == [39, 21, 13]


async def test_password_goes_into_the_aarq(client, meter):
    parameters = AssociationParameters(mechanism=Mechanism.LLS, password=Secret(b"s3cret"))
    async with client.associate(parameters):
        pass
    assert b"s3cret" in meter.link.sent[0].apdu


async def test_selection_is_sent(client, meter):
    async with client.associate(PARAMETERS) as association:
        await association.get(CLOCK, Selection(2, NULL))
    assert meter.requests[0].hex().endswith("02010200")


async def test_blocks_are_put_together(client, meter):
    meter.get = answers([block(1, b"\x06\x00")], [PUSH, block(2, b"\x00\x00")], [block(3, b"\x07", last=True)])
    async with client.associate(PARAMETERS) as association:
        assert await association.get(CLOCK) == SEVEN
    assert [apdu[1] for apdu in meter.requests] == [1, 2, 2]


async def test_octets_are_the_encoded_value(client):
    async with client.associate(PARAMETERS) as association:
        assert await association.get_octets(CLOCK) == unsigned(7)


async def test_rows_of_a_profile(client, meter):
    meter.get = lambda apdu: [value(bytes.fromhex("0102 0202 1101 1102 0202 1103 1104"))]
    async with client.associate(PARAMETERS) as association:
        assert await association.get_rows(CLOCK) == [(1, 2), (3, 4)]


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (access_error(4), DataAccessError),
        (BUSY, ExceptionReceived),
        (bytes.fromhex("0E050501"), ConfirmedServiceErrorReceived),
    ],
)
async def test_errors_of_the_meter_end_the_request_only(client, meter, reply, error):
    meter.get = answers([reply], [value(unsigned(7))])
    async with client.associate(PARAMETERS) as association:
        with pytest.raises(error):
            await association.get(CLOCK)
        assert association.is_open
        assert await association.get(CLOCK) == SEVEN


async def test_misuse_is_told_and_does_no_harm(client, meter):
    meter.aarq = lambda apdu: [aare(initiate(conformance=Conformance.GET))]
    async with client.associate(PARAMETERS) as association:
        with pytest.raises(LocalProtocolError):
            await association.get(CLOCK, Selection(2, NULL))
        with pytest.raises(LocalProtocolError):
            await association.get_list_octets([CLOCK])
        assert await association.get(CLOCK) == SEVEN


async def test_callers_of_one_association_are_served_one_after_the_other(patient, meter):
    meter.get = lambda apdu: [0.01, value(unsigned(apdu[7]))]
    async with patient.associate(PARAMETERS) as association:
        results = await asyncio.gather(*(association.get(attribute) for attribute in REGISTERS[:5]))
    assert [result.value for result in results] == [1, 2, 3, 4, 5]


async def test_before_the_association_exists_there_is_nothing_to_ask(meter):
    link = Link(await with_wrapper(meter.connect)(), DEFAULT_LIMITS, SYSTEM_CLOCK.monotonic)
    association = Association(link, PARAMETERS, QUICK, DEFAULT_LIMITS)
    with pytest.raises(LocalProtocolError):
        assert association.negotiated
    with pytest.raises(LocalProtocolError):
        await association.get_many([CLOCK])
    with pytest.raises(LocalProtocolError):
        await association.get(CLOCK)
    await association.release()
    with pytest.raises(AssociationAborted):
        await association.get(CLOCK)
    await link.close()


# -- deadlines


async def test_timeout_closes_the_connection_and_its_neighbours_are_told_whose_it_was(client, meter):
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(client.associate(PARAMETERS))
        second = await stack.enter_async_context(client.associate(OTHER))
        meter.get = lambda apdu: []
        with pytest.raises(ResponseTimeout) as caught:
            await first.get(CLOCK)
        assert caught.value.waiting_for == "get-response"
        assert caught.value.seconds == QUICK.response
        assert meter.link.closed
        assert not first.is_open
        assert not second.is_open
        with pytest.raises(ResponseTimeout) as again:
            await first.get(CLOCK)
        assert again.value is caught.value
        with pytest.raises(AssociationAborted, match=f"with the association {first.parameters.pair}: no get-response"):
            await second.get(CLOCK)


async def test_neighbour_in_the_queue_fails_at_once(client, meter):
    meter.get = lambda apdu: []
    async with client.associate(PARAMETERS) as first, client.associate(OTHER) as second:
        results = await asyncio.gather(first.get(CLOCK), second.get(CLOCK), return_exceptions=True)
    assert isinstance(results[0], ResponseTimeout)
    assert isinstance(results[1], AssociationAborted)
    assert len(meter.requests) == 1


async def test_after_a_timeout_a_new_connection_is_opened(client, meter):
    meter.get = answers([], [value(unsigned(7))])
    with pytest.raises(ResponseTimeout):
        async with client.associate(PARAMETERS) as association:
            await association.get(CLOCK)
    async with client.associate(PARAMETERS) as association:
        assert await association.get(CLOCK) == SEVEN
    assert len(meter.links) == 2


async def test_deadline_of_the_aare(client, meter):
    meter.aarq = lambda apdu: []
    with pytest.raises(ResponseTimeout, match="no AARE within"):
        async with client.associate(PARAMETERS):
            pytest.fail("there is no association")
    assert meter.link.closed


async def test_deadline_of_a_block(client, meter):
    patient_first = replace(QUICK, response=0.6, block=0.2)
    meter.get = answers([block(1, b"ab")], [])
    with pytest.raises(ResponseTimeout, match=r"within 0\.2 s"):
        async with client.associate(PARAMETERS, timing=patient_first) as association:
            await association.get(CLOCK)
    assert meter.link.closed


async def test_each_association_has_its_own_patience(meter):
    """One client, one connection: whose deadline is short waits for a short time, and the other one for long."""
    client = DlmsClient("meter.example", connect=with_wrapper(meter.connect))
    meter.get = lambda apdu: [0.2, value(unsigned(7))]
    hasty = replace(PATIENT, response=0.01)
    async with client.associate(OTHER, timing=PATIENT) as first, client.associate(PARAMETERS, timing=PATIENT) as second:
        assert await first.get(CLOCK) == await second.get(CLOCK) == SEVEN
    async with client.associate(OTHER, timing=PATIENT) as first:
        assert await first.get(CLOCK) == SEVEN
        meter.aarq = lambda apdu: []
        with pytest.raises(ResponseTimeout, match=r"within 0\.01 s"):
            async with client.associate(PARAMETERS, timing=hasty):
                pytest.fail("there is no association")


async def test_whoever_connects_waits_as_long_as_its_own_deadlines_say(meter):
    meter.on_connect = asyncio.Event().wait
    client = DlmsClient("meter.example", connect=with_wrapper(meter.connect))
    for seconds in (0.01, 0.02):
        with pytest.raises(ConnectTimeout) as caught:
            async with client.associate(PARAMETERS, timing=Timing(connect=seconds)):
                pytest.fail("there is no association")
        assert caught.value.seconds == seconds


async def test_deadline_of_a_whole_transfer(client, meter):
    """A peer that never says last-block does not hold us, however quick each block is."""
    number = 0

    def go_on(_apdu):
        nonlocal number
        number += 1
        return [0.02, block(number, b"x")]

    meter.get = go_on
    with pytest.raises(ResponseTimeout) as caught:
        async with client.associate(PARAMETERS) as association:
            await association.get(CLOCK)
    assert caught.value.seconds == QUICK.transfer
    assert 5 < number < 80


async def test_deadline_of_a_send(client, meter):
    async def stuck(_octets):
        await asyncio.Event().wait()

    with pytest.raises(ResponseTimeout):
        async with client.associate(PARAMETERS) as association:
            meter.link.send = stuck
            await association.get(CLOCK)


# -- many attributes


def honest(apdu):
    """Answer a GET or a GET-with-list with value group C of each logical name."""
    if apdu[1] == 1:
        return [value(unsigned(apdu[7]))]
    items = [apdu[4 + 10 * number :][:10] for number in range(apdu[3])]
    return [values(*(unsigned(item[4]) for item in items))]


def numbers(results):
    return [result.value for result in results]


async def test_many_in_one_request(client, meter):
    meter.get = honest
    async with client.associate(PARAMETERS) as association:
        assert numbers(await association.get_many(REGISTERS[:40])) == list(range(1, 41))
        assert [request[3] for request in meter.requests] == [10, 20, 10], "it grows with each answer"
        assert numbers(await association.get_many(REGISTERS[:40])) == list(range(1, 41))
    assert len(meter.requests) == 4
    assert client.list_sizes[PAIR].longest_answered == 40


async def test_many_one_by_one_without_multiple_references(client, meter):
    meter.get = honest
    meter.aarq = lambda apdu: [aare(initiate(conformance=Conformance.GET))]
    async with client.associate(PARAMETERS) as association:
        assert numbers(await association.get_many(REGISTERS[:5])) == [1, 2, 3, 4, 5]
    assert len(meter.requests) == 5


async def test_many_by_the_meters_pdu_size(client, meter):
    meter.get = honest
    meter.aarq = lambda apdu: [aare(initiate(server_max_receive_pdu_size=64))]
    async with client.associate(PARAMETERS) as association:
        assert numbers(await association.get_many(REGISTERS[:12])) == list(range(1, 13))
    assert [len(apdu) for apdu in meter.requests] == [64, 64]


async def test_list_may_come_in_blocks(client, meter):
    octets = b"\x02\x00" + unsigned(1) + b"\x01\x04"
    meter.get = answers([block(1, octets[:5])], [block(2, octets[5:], last=True)])
    async with client.associate(PARAMETERS) as association:
        energy, power = await association.get_many([ENERGY, POWER])
    assert energy == double_long_unsigned(1)
    assert power.result == 4


async def test_what_worked_is_remembered_by_pair_and_over_connections(client, meter):
    meter.get = lambda apdu: [NOT_SUPPORTED] if apdu[1] == 3 else honest(apdu)
    for expected in (6, 5):
        before = len(meter.requests)
        async with client.associate(PARAMETERS) as association:
            assert numbers(await association.get_many(REGISTERS[:5])) == [1, 2, 3, 4, 5]
        assert len(meter.requests) - before == expected
    async with client.associate(OTHER) as association:
        await association.get_many(REGISTERS[:5])
    assert client.list_sizes.keys() == {PAIR, WportPair(1, 17)}


async def test_unanswered_list_ends_the_connection_and_single_reads_follow(client, meter):
    meter.get = lambda apdu: [] if apdu[1] == 3 else honest(apdu)
    with pytest.raises(ResponseTimeout):
        async with client.associate(PARAMETERS) as association:
            assert not association.asks_otherwise
            await association.get_many(REGISTERS[:8])
    assert association.asks_otherwise
    async with client.associate(PARAMETERS) as association:
        assert numbers(await association.get_many(REGISTERS[:8])) == list(range(1, 9))
        assert not association.asks_otherwise


async def test_trial_01_list_answered_with_nonsense_goes_on_one_by_one(client, meter):
    meter.get = lambda apdu: [values(b"\x06\x00")] if apdu[1] == 3 else honest(apdu)
    async with client.associate(PARAMETERS) as association:
        assert numbers(await association.get_many(REGISTERS[:2])) == [1, 2]
        assert not meter.link.closed


# -- a meter that says it knows no association


def forgetful(*numbers, always=False):
    """A meter that says so of some objects, and afterwards of everything until the next AARQ; ``always``: even then."""
    forgot = []

    def get(apdu):
        if always or forgot or apdu[7] in numbers:
            forgot.append(apdu)
            return [NO_ASSOCIATION]
        return honest(apdu)

    def aarq(_apdu):
        forgot.clear()
        return [aare()]

    return ScriptedMeter(get, aarq=aarq)


def tags(meter):
    return [wpdu.apdu[0] for wpdu in meter.link.sent]


async def test_trial_05_it_is_the_error_of_what_was_asked_for():
    meter = forgetful(2)
    async with client_of(meter).associate(PARAMETERS) as association:
        assert await association.get(REGISTERS[0]) == double_long_unsigned(1)
        with pytest.raises(ExceptionReceived):
            await association.get(REGISTERS[1])
        assert association.is_reusable
        assert await association.get(REGISTERS[2]) == double_long_unsigned(3)
    assert tags(meter) == [0x60, 0xC0, 0xC0, 0x60, 0xC0, 0x60, 0xC0, 0x62]
    assert len(meter.links) == 1


async def test_trial_05_the_others_of_a_reading_are_read():
    meter = forgetful(2, 4)
    async with client_of(meter).associate(PARAMETERS) as association:
        association._plan.read_one_by_one((), for_good=True)
        results = await association.get_many(REGISTERS[:5])
    assert [each.result if isinstance(each, DataAccessError) else each.value for each in results] == [1, 4, 3, 4, 5]


async def test_trial_05_many_unknown_objects_cost_one_proposal_each():
    meter = forgetful(*range(3, 41))
    async with client_of(meter).associate(PARAMETERS) as association:
        association._plan.read_one_by_one((), for_good=True)
        results = await association.get_many(REGISTERS[:42])
    assert [isinstance(each, DataAccessError) for each in results] == [False] * 2 + [True] * 38 + [False] * 2
    assert tags(meter).count(0x60) == 1 + 2 * 2 + 36


def remembering(*numbers):
    """A meter that says so of some objects, and of lists, and goes on."""
    return ScriptedMeter(lambda apdu: [NO_ASSOCIATION] if apdu[1] == 3 or apdu[7] in numbers else honest(apdu))


BY_PASSWORD = AssociationParameters(client_wport=1, mechanism=Mechanism.LLS, password=Secret(b"12345678"))


async def test_trial_05_s20_a_meter_that_keeps_the_association_gets_the_password_once():
    """What was answered before is asked again instead: the association is there, so the object is not."""
    meter = remembering(*range(3, 41))
    async with client_of(meter).associate(BY_PASSWORD) as association:
        results = await association.get_many(REGISTERS[:42])
        assert association.is_reusable
    assert [isinstance(each, DataAccessError) for each in results] == [False] * 2 + [True] * 38 + [False] * 2
    assert {each.result for each in results[2:40]} == {DataAccessResultCode.OBJECT_UNDEFINED}
    assert tags(meter).count(0x60) == 1


async def test_trial_05_s20_a_meter_that_forgets_it_gets_the_password_so_many_times_only():
    meter = forgetful(*range(3, 41))
    async with client_of(meter).associate(BY_PASSWORD) as association:
        association._plan.read_one_by_one((), for_good=True)
        results = await association.get_many(REGISTERS[:42])
        assert not association.is_open
    assert [each.value for each in results[:2]] == [1, 2]
    undefined = [each.result == DataAccessResultCode.OBJECT_UNDEFINED for each in results[2:]]
    assert undefined == [True] * 6 + [False] * 34, "what was not asked for is not said to be undefined"
    assert {each.result for each in results[8:]} == {DataAccessResultCode.OTHER_REASON}
    assert tags(meter).count(0x60) == 8
    assert not association._plan._sizes.alone


async def test_trial_05_s20_the_same_in_the_middle_of_a_list():
    meter = forgetful(*range(3, 41))
    get, lists = meter.get, []
    meter.get = lambda apdu: (lists.append(apdu) or [NO_ASSOCIATION]) if apdu[1] == 3 else get(apdu)
    async with client_of(meter).associate(BY_PASSWORD) as association:
        results = await association.get_many(REGISTERS[:42])
    assert [each.value for each in results[:2]] == [1, 2]
    assert all(isinstance(each, DataAccessError) for each in results[2:])
    assert tags(meter).count(0x60) <= 8


async def test_trial_05_a_meter_whose_first_objects_are_unknown_is_read():
    meter = remembering(*range(1, 5))
    async with client_of(meter).associate(BY_PASSWORD) as association:
        results = await association.get_many(REGISTERS[:12])
    assert [isinstance(each, DataAccessError) for each in results] == [True] * 4 + [False] * 8
    assert tags(meter).count(0x60) <= 8


async def test_trial_05_an_association_that_is_really_gone_is_opened_again():
    meter = forgetful()
    first = [NO_ASSOCIATION]
    meter.get = lambda apdu, get=meter.get: [first.pop()] if first else get(apdu)
    async with client_of(meter).associate(PARAMETERS) as association:
        assert await association.get(REGISTERS[0]) == double_long_unsigned(1)
    assert tags(meter) == [0x60, 0xC0, 0x60, 0xC0, 0x62]


async def test_trial_05_afterwards_the_refusal_is_told_further_on():
    meter = forgetful(always=True)
    meter.aarq = answers([aare()], [aare(result=1, diagnostic=13)])
    async with client_of(meter).associate(PARAMETERS) as association:
        for _ in range(2):
            with pytest.raises(AssociationRejected):
                await association.get(REGISTERS[0])


async def test_trial_05_a_proposal_that_is_given_up_ends_the_association():
    meter = forgetful(always=True)
    meter.aarq = answers([aare()], [])
    async with client_of(meter, PATIENT).associate(PARAMETERS) as association:
        task = await started(association.get(REGISTERS[0]))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(AssociationAborted):
            await association.get(REGISTERS[0])


@pytest.mark.parametrize("less", [{"conformance": Conformance.GET}, {"server_max_receive_pdu_size": 30}])
async def test_trial_05_a_new_association_may_grant_less(less):
    first = [NO_ASSOCIATION]
    meter = ScriptedMeter(lambda apdu: [first.pop()] if first and apdu[1] == 1 else honest(apdu))
    meter.aarq = answers([aare()], [aare(initiate(**less))])
    async with client_of(meter).associate(PARAMETERS) as association:
        association._plan.read_one_by_one({REGISTERS[0]})
        assert numbers(await association.get_many(REGISTERS[:8])) == list(range(1, 9))


async def test_trial_05_it_ends_when_every_answer_says_so():
    meter = forgetful(always=True)
    async with client_of(meter).associate(PARAMETERS) as association:
        for _ in range(70):
            with pytest.raises(ExceptionReceived):
                await association.get(REGISTERS[0])
        assert not association.is_open
    assert tags(meter).count(0x60) == 64


async def test_trial_05_a_refused_second_proposal_is_its_error():
    meter = forgetful(always=True)
    meter.aarq = answers([aare()], [aare(result=1, diagnostic=13)])
    async with client_of(meter).associate(PARAMETERS) as association:
        with pytest.raises(AssociationRejected):
            await association.get(REGISTERS[0])
        assert not association.is_open


async def test_lists_of_neighbours_take_turns(patient, meter):
    meter.get = lambda apdu: [0.005, *honest(apdu)]
    async with patient.associate(PARAMETERS) as first, patient.associate(OTHER) as second:
        results = await asyncio.gather(first.get_many(REGISTERS[:9]), second.get_many(REGISTERS[:9]))
    assert [numbers(each) for each in results] == [list(range(1, 10))] * 2


async def test_a_thousand_requests_on_one_association(patient, meter):
    """The invoke-id wraps sixty times; nothing piles up."""
    meter.get = honest
    async with patient.associate(PARAMETERS) as association:
        for number in range(1000):
            assert (await association.get(REGISTERS[number % 100])).value == number % 100 + 1
        assert association._inbox.empty()
    assert {apdu[2] & 0x0F for apdu in meter.requests} == set(range(16))


# -- in pieces


async def pieces_of(association, attribute=CLOCK):
    async with aclosing(association.get_pieces(attribute)) as pieces:
        return [octets async for octets in pieces]


async def test_a_value_comes_block_by_block(client, meter):
    parts = [[block(1, b"ab")], [block(2, b"cd")], [block(3, b"e", last=True)]]
    meter.get = lambda _apdu: parts.pop(0)
    async with client.associate(PARAMETERS) as association:
        assert await pieces_of(association) == [b"ab", b"cd", b"e"]
        meter.get = lambda _apdu: [value(unsigned(7))]
        assert await pieces_of(association) == [unsigned(7)]


async def test_an_error_instead_of_pieces(client, meter):
    meter.get = lambda _apdu: [access_error(4)]
    async with client.associate(PARAMETERS) as association:
        with pytest.raises(DataAccessError):
            await pieces_of(association)
        assert association.is_open


async def test_pieces_of_a_meter_that_forgot_the_association(client, meter):
    meter.get = lambda _apdu: [NO_ASSOCIATION]
    async with client.associate(PARAMETERS) as association:
        with pytest.raises(ExceptionReceived):
            await pieces_of(association)
        assert not association.is_open


async def test_whoever_leaves_in_the_middle_gives_up_the_association(client, meter):
    meter.get = lambda _apdu: [block(1, b"ab")]
    async with client.associate(PARAMETERS) as association:
        async with aclosing(association.get_pieces(CLOCK)) as pieces:
            assert await anext(pieces) == b"ab"
        with pytest.raises(AssociationAborted):
            await association.get(CLOCK)
