from dataclasses import replace

import pytest

from custom_components.cosem.dlms.apdu import encode_apdu
from custom_components.cosem.dlms.apdu.common import AttributeDescriptor
from custom_components.cosem.dlms.client.channel import with_wrapper
from custom_components.cosem.dlms.client.client import DlmsClient
from custom_components.cosem.dlms.client.invocation_counter import (
    INVOCATION_COUNTER,
    confirmable_counter,
    learn_invocation_counter,
    settle,
)
from custom_components.cosem.dlms.client.link import Timing
from custom_components.cosem.dlms.client.security_state import SecurityState
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.errors import (
    AssociationAborted,
    ConnectFailed,
    ConnectFailure,
    ConnectionLost,
    DeviceInUse,
    InvocationCounterRefused,
    LocalProtocolError,
)
from custom_components.cosem.dlms.protocol.proposal import AssociationParameters
from tests.dlms.client.conftest import started
from tests.dlms.scripted import BUSY, REJECTED, End, ScriptedMeter, access_error, unsigned, value

QUICK = Timing(response=0.5, release=0.1, reconnect_gap=0)


async def learn(meter, **arguments):
    client = DlmsClient("meter", connect=with_wrapper(meter.connect))
    counter = await learn_invocation_counter(client, **({"server_wport": 17, "timing": QUICK} | arguments))
    assert not meter.open_links
    return counter


async def test_the_next_counter_is_one_above_the_last_received():
    meter = ScriptedMeter(lambda apdu: [value(unsigned(4_660))])
    assert await learn(meter) == 4_661
    assert meter.requests == [bytes.fromhex("C001C1000100002B0100FF0200")]
    assert {(wpdu.source_wport, wpdu.destination_wport) for wpdu in meter.link.sent} == {(16, 17)}


async def test_channel_instance_and_wports_can_be_others():
    meter = ScriptedMeter(lambda apdu: [value(unsigned(1))])
    name = LogicalName.parse("0.1.43.1.7.255")
    assert await learn(meter, server_wport=1, logical_name=name, public_client_wport=20) == 2
    assert meter.requests[0][5:11] == bytes((0, 1, 43, 1, 7, 255))
    assert meter.link.sent[0].source_wport == 20


@pytest.mark.parametrize(
    "answer",
    [
        access_error(3),
        BUSY,
        value(b"\x09\x04\0\0\x12\x34"),
        value(b"\x0f\xff"),
        value(b"\x03\x01"),
        value(unsigned(0xFFFFFFFF)),
        value(b"\x15\0\0\0\1\0\0\0\0"),
        b"\xc4\x01\xc1\x00\x77",
    ],
    ids=["denied", "exception", "octets", "negative", "boolean", "last", "too large", "no data"],
)
async def test_what_is_no_counter_is_not_learned(answer):
    assert await learn(ScriptedMeter(lambda apdu: [answer])) is None


async def test_a_refused_public_client_learns_nothing():
    assert await learn(ScriptedMeter(aarq=lambda apdu: [encode_apdu(REJECTED)])) is None


async def test_a_network_that_fails_is_told():
    with pytest.raises(ConnectionLost):
        await learn(ScriptedMeter(aarq=lambda apdu: [End()]))


async def test_misuse_is_told():
    with pytest.raises(LocalProtocolError):
        await learn(ScriptedMeter(), public_client_wport=70_000)


async def test_other_users_wait_and_idle_associations_are_released():
    """Many meters serve one association at a time."""
    meter = ScriptedMeter(lambda apdu: [value(unsigned(1))])
    client = DlmsClient("meter", connect=with_wrapper(meter.connect))
    async with client.associate(AssociationParameters(), timing=QUICK, keep=60):
        pass
    assert await learn_invocation_counter(client, server_wport=17, timing=QUICK) == 2
    assert [wpdu.apdu[0] for link in meter.links for wpdu in link.sent] == [0x60, 0x62, 0x60, 0xC0, 0x62]


async def test_who_could_not_ask_because_the_device_is_in_use_says_so():
    """It is no word of the meter's: nothing may be concluded from it."""
    client = DlmsClient("meter", connect=with_wrapper(ScriptedMeter(lambda apdu: [value(unsigned(1))]).connect))
    patience = replace(QUICK, transfer=0.01)
    async with client.associate(AssociationParameters(), timing=QUICK):
        with pytest.raises(DeviceInUse):
            await settle(client, AssociationParameters(), state_at(1), ask=INVOCATION_COUNTER, timing=patience)


async def test_a_client_that_is_closed_meanwhile_says_so():
    """It is no word of the meter's either: whoever asked would associate after the end."""
    client = DlmsClient("meter", connect=with_wrapper(ScriptedMeter(lambda apdu: []).connect))
    asking = await started(settle(client, AssociationParameters(), state_at(1), ask=INVOCATION_COUNTER, timing=QUICK))
    assert client.is_connected
    await client.close()
    with pytest.raises(AssociationAborted):
        await asking


# -- the one rule


class Ceiling:
    async def save(self, ceiling):
        pass


def state_at(value):
    return SecurityState(value, Ceiling())


async def settled(state, tells, **arguments):
    """Settle with a meter that tells this: octets of a value, or what else it answers to the AARQ."""
    meter = ScriptedMeter(lambda apdu: [tells]) if isinstance(tells, bytes) else ScriptedMeter(aarq=lambda apdu: tells)
    client = DlmsClient("meter", connect=with_wrapper(meter.connect))
    parameters = AssociationParameters(client_wport=1, server_wport=17)
    await settle(client, parameters, state, **({"timing": QUICK} | arguments))
    assert not meter.open_links
    return meter


def tells(counter):
    return value(unsigned(counter))


async def test_the_meters_word_raises_the_counter():
    state = state_at(1)
    meter = await settled(state, tells(4_660))
    assert state.next_value == 4_661
    assert {(wpdu.source_wport, wpdu.destination_wport) for wpdu in meter.link.sent} == {(16, 17)}


async def test_another_object_may_be_asked_for():
    meter = await settled(state_at(1), tells(5), ask=LogicalName.parse("0.1.43.1.7.255"))
    assert meter.requests[0][5:11] == bytes((0, 1, 43, 1, 7, 255))


@pytest.mark.parametrize("lower", [0, 98, 99])
async def test_s01_s03_nothing_lowers_the_counter(lower):
    state = state_at(100)
    await settled(state, tells(lower), start=lower)
    assert state.next_value == 100


async def test_s03_the_meter_is_followed_by_so_much_and_no_further():
    state = state_at(1)
    await settled(state, tells(2**20))
    assert state.next_value == 2**20 + 1
    with pytest.raises(InvocationCounterRefused) as caught:
        await settled(state, tells(2**20 + 1))
    assert caught.value.expected == 2**20 + 2
    assert state.next_value == 2**20 + 1


async def test_s03_small_steps_add_up():
    state = state_at(1)
    for _ in range(2):
        await settled(state, tells(state.next_value + 2**19 - 1))
    with pytest.raises(InvocationCounterRefused):
        await settled(state, tells(state.next_value))


async def test_the_users_word_counts_however_far_it_goes():
    state = state_at(1)
    meter = await settled(state, tells(7), start=2**28, ask=None)
    assert state.next_value == 2**28
    assert not meter.links


async def test_the_meter_goes_on_from_the_users_word():
    state = state_at(1)
    await settled(state, tells(2**28 + 2**20 - 1), start=2**28)
    assert state.next_value == 2**28 + 2**20


async def test_who_is_not_to_ask_does_not_connect():
    state = state_at(3)
    assert not (await settled(state, tells(9), ask=None)).links
    assert state.next_value == 3


@pytest.mark.parametrize(
    "answer",
    [[], [End()], [encode_apdu(REJECTED)], access_error(3), BUSY],
    ids=["silent", "hangs up", "no public client", "denied", "exception"],
)
async def test_a_meter_that_does_not_tell_changes_nothing(answer):
    """Nor does it fail the association that follows."""
    state = state_at(3)
    await settled(state, answer)
    assert state.next_value == 3


async def test_a_meter_that_cannot_be_reached_is_no_answer_either_way():
    async def refuse():
        raise ConnectFailed(ConnectFailure.REFUSED)

    client = DlmsClient("meter", connect=with_wrapper(refuse))
    with pytest.raises(ConnectFailed):
        await settle(client, AssociationParameters(), state_at(1), timing=QUICK)


# -- what the user may confirm


async def confirmable(refusal, state, tells):
    meter = ScriptedMeter(lambda apdu: [tells]) if isinstance(tells, bytes) else ScriptedMeter(aarq=lambda apdu: tells)
    client = DlmsClient("meter", connect=with_wrapper(meter.connect))
    before = state.next_value
    number = await confirmable_counter(client, AssociationParameters(), state, refusal, timing=QUICK)
    assert state.next_value == before
    return number, len(meter.links)


@pytest.mark.parametrize(("expected", "confirmable_number"), [(2**30, 2**30), (101, 101), (100, None), (5, None)])
async def test_the_number_of_the_refusal_can_be_confirmed_if_it_is_ahead(expected, confirmable_number):
    found = await confirmable(InvocationCounterRefused(expected), state_at(100), tells(7_000))
    assert found == (confirmable_number, 0)


@pytest.mark.parametrize(("told", "number"), [(7_000, 7_001), (100, 101), (99, None), (5, None)])
async def test_without_a_number_the_meter_is_asked(told, number):
    assert await confirmable(InvocationCounterRefused(None), state_at(100), tells(told)) == (number, 1)


async def test_without_a_number_anywhere_there_is_nothing_to_confirm():
    assert await confirmable(InvocationCounterRefused(None), state_at(100), [End()]) == (None, 1)


def test_the_usual_object():
    assert str(AttributeDescriptor(1, INVOCATION_COUNTER, 2)) == "1:0.0.43.1.0.255:2"
