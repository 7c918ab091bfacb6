"""The fault matrix at the level of the stack: a client polls the simulated meter, a fault strikes, then it ends.

Each test is named after its row. The truth check applies to all: what a poll returns, the meter really had; after the
fault the next poll is fresh; nothing is left open.
"""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from custom_components.cosem.dlms import (
    AssociationParameters,
    AssociationRejected,
    AttributeDescriptor,
    ConnectFailed,
    ConnectFailure,
    ConnectionLost,
    ConnectTimeout,
    Data,
    DataAccessError,
    DlmsError,
    ExceptionReceived,
    LimitExceeded,
    LogicalName,
    Mechanism,
    NotWrapper,
    RemoteProtocolError,
    ResponseTimeout,
    Secret,
    Timing,
    WrongAddress,
    open_tcp,
)
from custom_components.cosem.dlms.client.channel import with_wrapper
from custom_components.cosem.dlms.encoding.data import NULL
from custom_components.cosem.dlms.errors import ApduTooLong
from custom_components.cosem.dlms.protocol.leniencies import Leniency
from tests.simulated_meter.link import split
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import DEFAULT_PASSWORD, ListRefusal, MeterProfile, Quirks, Release
from tests.simulated_meter.steps import Finish, Reset
from tests.timed_client import TimedClient

QUICK = Timing(connect=0.3, response=0.4, transfer=1, block=0.4, release=0.1, reconnect_gap=0)
READER = AssociationParameters(client_wport=2, mechanism=Mechanism.LLS, password=Secret.from_text(DEFAULT_PASSWORD))
ENERGY = AttributeDescriptor(3, LogicalName.parse("1.0.1.8.0.255"), 2)
POWER = AttributeDescriptor(3, LogicalName.parse("1.0.1.7.0.255"), 2)
VOLTAGE = AttributeDescriptor(3, LogicalName.parse("1.0.32.7.0.255"), 2)
POLLED = [ENERGY, POWER, VOLTAGE]


class Household:
    """A meter, the client that polls it, and a clock that moves a minute with each poll."""

    def __init__(self, quirks=None, timing=QUICK, max_receive_pdu_size=2048, **profile):
        self.now = datetime(2026, 3, 1, 12, tzinfo=UTC)
        self.meter = SimulatedMeter(MeterProfile(quirks=quirks or Quirks(), **profile), clock=lambda: self.now)
        self.client = TimedClient("meter.example", connect=with_wrapper(self.meter.connect), timing=timing)
        self.parameters = AssociationParameters(
            client_wport=2,
            mechanism=Mechanism.LLS,
            password=Secret.from_text(DEFAULT_PASSWORD),
            max_receive_pdu_size=max_receive_pdu_size,
        )

    async def poll(self, attributes=POLLED):
        """Read and check every value against the truth."""
        self.now += timedelta(minutes=1)
        async with self.client.associate(self.parameters) as association:
            results = await association.get_many(attributes)
        for attribute, result in zip(attributes, results, strict=True):
            if not isinstance(result, DataAccessError):
                assert self.meter.was_true(attribute, result)
        return results

    async def fails(self, error, attributes=POLLED):
        """Poll, expect this error, and that everything is closed at once."""
        with pytest.raises(error) as caught:
            await self.poll(attributes)
        assert self.meter.open_links == 0
        return caught.value

    async def recovers(self):
        """The fault ends: the very next poll is fresh."""
        self.meter.faults.clear()
        results = await self.poll()
        assert all(isinstance(result, Data) for result in results)
        assert self.meter.open_links == 0


@pytest.fixture
def home():
    return Household()


async def test_f01_connect_refused(home):
    home.meter.faults.add("refuse")
    error = await home.fails(ConnectFailed)
    assert error.reason is ConnectFailure.REFUSED
    await home.recovers()


async def test_f01_connect_refused_by_a_real_socket(socket_enabled):
    with pytest.raises(ConnectFailed):
        await open_tcp("127.0.0.1", 1, 120)


async def test_f02_connect_black_hole(home):
    home.meter.faults.add("black-hole")
    await home.fails(ConnectTimeout)
    await home.recovers()


@pytest.mark.parametrize("on", ["aarq", "get"])
async def test_f03_accepted_then_silent(home, on):
    home.meter.faults.add("silent", on=on)
    error = await home.fails(ResponseTimeout)
    assert error.waiting_for == {"aarq": "AARE", "get": "get-response"}[on]
    await home.recovers()


@pytest.mark.parametrize("fault", ["reset", "fin"], ids=["f08", "f09"])
@pytest.mark.parametrize(("on", "size"), [("aarq", 51), ("get", 28)])
async def test_f08_f09_end_in_mid_apdu_after_every_octet(home, fault, on, size):
    """RST and FIN after k octets of the answer, for every k; each time at once, never by a deadline."""
    await home.poll()
    loop = asyncio.get_running_loop()
    for octet in range(size):
        home.meter.faults.add(fault, on=on, octet=octet)
        before = loop.time()
        error = await home.fails(ConnectionLost)
        assert (error.reset, error.truncated) == (fault == "reset", octet > 0)
        assert loop.time() - before < QUICK.response
        home.meter.faults.clear()
    await home.recovers()


async def test_f10_half_open_after_a_power_cut(home):
    """No RST, no FIN, nothing: the deadline of the request finds out."""
    async with home.client.associate(home.parameters) as association:
        await association.get(ENERGY)
        home.meter.faults.add("half-open")
        with pytest.raises(ResponseTimeout):
            await association.get(ENERGY)
        assert not association.is_open
    await home.recovers()


async def test_f11_one_octet_per_segment(home):
    home.meter.manipulator = split
    whole = await home.poll()
    home.meter.manipulator = lambda: None
    home.now -= timedelta(minutes=1)
    assert whole == await home.poll()


@pytest.mark.parametrize("count", [2, 1000])
async def test_f12_many_wpdus_in_one_segment(home, count):
    home.meter.faults.add("merge", count=count)
    assert all(isinstance(result, Data) for result in await home.poll())
    await home.recovers()


@pytest.mark.parametrize("on", ["aarq", "get"])
@pytest.mark.parametrize("version", [0, 2, 0x7EA0, 0xFFFF])
async def test_f13_wrong_wrapper_version(home, on, version):
    home.meter.faults.add("wrong-version", on=on, code=version)
    await home.fails(NotWrapper)
    await home.recovers()


async def test_f14_wrong_wport_once_then_the_right_answer(home):
    home.meter.faults.add("wrong-wport", on="get", count=2, then_answer=True)
    assert all(isinstance(result, Data) for result in await home.poll())
    await home.recovers()


@pytest.mark.parametrize("on", ["aarq", "get"])
async def test_trial_08_f14_wrong_wport_waits_for_the_deadline_and_is_told(home, on):
    home.meter.faults.add("wrong-wport", on=on)
    await home.fails(WrongAddress)
    await home.recovers()


async def test_f14_wrong_wport_three_times_closes(home):
    home.meter.faults.add("wrong-wport", on="get", count=3, then_answer=True)
    await home.fails(WrongAddress)
    await home.recovers()


@pytest.mark.parametrize("on", ["aarq", "get"])
@pytest.mark.parametrize("fault", ["length-long", "length-short", "length-zero"])
async def test_f15_wrong_length(home, fault, on):
    """Too long waits for octets that never come; too short cuts a value and leaves no header; zero is no answer."""
    home.meter.faults.add(fault, on=on)
    await home.fails(RemoteProtocolError if fault == "length-short" else ResponseTimeout)
    await home.recovers()


async def test_f16_wrong_invoke_id_once_then_the_right_answer(home):
    home.meter.faults.add("wrong-invoke-id", count=2, then_answer=True)
    assert all(isinstance(result, Data) for result in await home.poll())
    await home.recovers()


async def test_f16_wrong_invoke_id_waits_for_the_deadline(home):
    home.meter.faults.add("wrong-invoke-id")
    error = await home.fails(ResponseTimeout)
    assert error.got_others
    assert "but answers that belong to no request of ours" in str(error)
    await home.recovers()


async def test_f16_wrong_invoke_id_three_times_closes(home):
    home.meter.faults.add("wrong-invoke-id", count=3, then_answer=True)
    await home.fails(WrongAddress)
    await home.recovers()


async def test_f17_late_reply_cannot_arrive(home):
    """The connection is closed by then, and the next poll has one of its own."""
    home.meter.faults.add("late", on="get", seconds=0.5, times=1)
    await home.fails(ResponseTimeout)
    before = home.meter.connections
    await asyncio.sleep(0.15)
    await home.recovers()
    assert home.meter.connections == before + 1


@pytest.mark.parametrize("code", [1, 3])
async def test_f31_busy(home, code):
    """other-reason, and operation-not-possible: raised as it is, so that the caller can wait a little."""
    home.meter.faults.add("busy", code=code)
    error = await home.fails(ExceptionReceived)
    assert error.service_error == code
    await home.recovers()
    assert home.client.list_sizes[home.parameters.pair].list_limit is None


async def test_f31_busy_when_associating(home):
    home.meter.faults.add("busy", on="aarq")
    await home.fails(ExceptionReceived)
    await home.recovers()


@pytest.mark.parametrize(
    ("fault", "code"), [("temporary-failure", 2), ("object-undefined", 4), ("denied", 3)], ids=["f32", "f33", "f33"]
)
@pytest.mark.parametrize("lists", [True, False], ids=["list", "single"])
async def test_f32_f33_one_attribute_fails_and_the_others_are_fine(fault, code, lists):
    home = Household(Quirks(with_list=lists))
    home.meter.faults.add(fault, object="1.0.1.7.0.255")
    energy, power, voltage = await home.poll()
    assert isinstance(energy, Data)
    assert power.result == code
    assert isinstance(voltage, Data)
    await home.recovers()


async def test_f34_rejected_for_now(home):
    home.meter.faults.add("aare-transient")
    error = await home.fails(AssociationRejected)
    assert error.transient
    assert not error.concerns_authentication
    await home.recovers()


@pytest.mark.parametrize("fault", ["aare-authentication", "aare-short"], ids=["f35", "f36"])
async def test_f35_f36_rejected_for_authentication_is_tried_once(home, fault):
    home.meter.faults.add(fault)
    error = await home.fails(AssociationRejected)
    assert error.concerns_authentication
    assert not error.transient
    assert home.meter.connections == home.meter.requests == 1
    await home.recovers()


@pytest.mark.parametrize("lists", [True, False], ids=["list", "single"])
async def test_f43_value_that_exhausts_a_limit(lists):
    home = Household(Quirks(with_list=lists))
    home.meter.faults.add("deep", object="1.0.1.7.0.255")
    await home.fails(LimitExceeded)
    await home.recovers()


@pytest.mark.parametrize("fault", ["count-bomb", "empty-rows"])
@pytest.mark.parametrize("lists", [True, False], ids=["list", "single"])
async def test_f43_bombs_that_are_no_values_cost_only_themselves(fault, lists):
    home = Household(Quirks(with_list=lists))
    home.meter.faults.add(fault, object="1.0.1.7.0.255")
    results = await home.poll()
    (error,) = (result for result in results if isinstance(result, DataAccessError))
    assert error.undecodable


@pytest.mark.parametrize("count", [2049, 65_535])
async def test_f43_apdu_beyond_the_announced_size(home, count):
    home.meter.faults.add("oversized", count=count)
    await home.fails(LimitExceeded)
    await home.recovers()


@pytest.mark.parametrize("count", [2049, 65_535])
async def test_who_sends_longer_apdus_than_announced_is_told_a_larger_size_the_next_time(home, count):
    home.meter.faults.add("oversized", count=count)
    with pytest.raises(ApduTooLong):
        async with home.client.associate(home.parameters) as association:
            await association.get(ENERGY)
    assert association.asks_otherwise
    async with home.client.associate(home.parameters) as association:
        value = await association.get(ENERGY)
        assert len(value.value) == count - 8
        assert Leniency.LONGER_THAN_ANNOUNCED in association.leniencies
        assert association.negotiated.client_max_receive_pdu_size == 65_535
    assert not association.asks_otherwise


async def test_who_sends_no_longer_apdus_than_announced_is_told_the_usual_size(home):
    await home.poll()
    async with home.client.associate(home.parameters) as association:
        assert association.negotiated.client_max_receive_pdu_size == 2048
        assert not association.leniencies


async def test_f43_blocks_without_end(home):
    """Each comes at once, so that only the size of the whole tells."""
    home.meter.faults.add("endless-blocks", count=2000)
    await home.fails(LimitExceeded)
    await home.recovers()


@pytest.mark.parametrize("on", ["aarq", "get"])
async def test_f44_slow_drip(home, on):
    """One octet now and then keeps no request alive: the deadline is that of the whole answer."""
    home.meter.faults.add("drip", on=on, seconds=0.05)
    await home.fails(ResponseTimeout)
    await home.recovers()


@pytest.mark.parametrize("octet", range(8 + 3))
async def test_corrupt_head_of_an_answer_gives_no_value(home, octet):
    """Every octet of the header, tag, choice and invoke-id matters."""
    home.meter.faults.add("corrupt", on="get", octet=octet)
    await home.fails(DlmsError)
    await home.recovers()


# -- the same meter in its honest moods


@pytest.mark.parametrize("release", Release)
async def test_release_variants_of_real_meters(release):
    home = Household(Quirks(release=release))
    await home.poll()
    assert home.meter.open_links == 0
    await home.recovers()


@pytest.mark.parametrize("refusal", [ListRefusal.EXCEPTION, ListRefusal.RESULTS])
async def test_lists_that_are_announced_but_refused(refusal):
    home = Household(Quirks(with_list=False, with_list_claimed=True, with_list_refusal=refusal))
    assert all(isinstance(result, Data) for result in await home.poll())
    before = home.meter.requests
    await home.recovers()
    assert home.meter.requests - before == 1 + len(POLLED) + 1


async def test_lists_that_are_announced_but_not_answered():
    home = Household(Quirks(with_list=False, with_list_claimed=True, with_list_refusal=ListRefusal.SILENT))
    await home.fails(ResponseTimeout)
    await home.recovers()


async def test_lists_that_may_not_be_long():
    home = Household(Quirks(with_list_limit=2))
    assert all(isinstance(result, Data) for result in await home.poll())


async def test_every_pdu_size_gives_the_same_values():
    """The object list (5 kB) and the load profile (190 kB), in one piece and in thousands."""
    object_list = AttributeDescriptor(15, LogicalName.parse("0.0.40.0.0.255"), 2)
    profile = AttributeDescriptor(7, LogicalName.parse("1.0.99.1.0.255"), 2)
    values, requests = [], []
    for size in (256, 2048, 0):
        home = Household(timing=Timing(reconnect_gap=0), max_receive_pdu_size=size, max_pdu_size=65_535)
        await home.poll()
        async with home.client.associate(home.parameters) as association:
            values.append([await association.get_octets(each) for each in (object_list, profile)])
        requests.append(home.meter.requests)
    assert values[0] == values[1] == values[2]
    assert requests == sorted(requests, reverse=True)


async def test_end_of_an_association_between_two_polls(home):
    """A kept association whose meter restarted: the next request says so at once, a new association works."""
    async with home.client.associate(home.parameters) as association:
        await association.get(ENERGY)
        for link in home.meter.links:
            link.push(Reset())
        await asyncio.sleep(0.01)
        assert not association.is_open
    async with home.client.associate(home.parameters) as association:
        await association.get(ENERGY)
        for link in home.meter.links:
            link.push(Finish())
        with pytest.raises(ConnectionLost):
            await asyncio.sleep(0.01)
            await association.set(ENERGY, NULL)
    await home.recovers()
