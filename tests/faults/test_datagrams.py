"""The fault matrix over UDP: datagrams get lost, doubled, reordered, cut, joined; what is read stays true."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from custom_components.cosem.dlms import (
    AssociationRejected,
    ConnectFailed,
    ConnectFailure,
    ConnectTimeout,
    Data,
    DataAccessError,
    DlmsError,
    ExceptionReceived,
    LimitExceeded,
    ResponseTimeout,
    SecurityDowngrade,
    SecurityError,
    WrongAddress,
)
from custom_components.cosem.dlms.client.channel import with_datagrams
from tests.simulated_meter import datagrams
from tests.simulated_meter.link import Direction, Manipulator, drop
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import MeterProfile
from tests.timed_client import TimedClient

from .conftest import ENERGY, FAST, MeterClock, Poller
from .secured import SecurePoller, secured_profile

PROTECTED = bytes.fromhex("C8C9CBDBDD")
TO_CLIENT, TO_METER = Direction.TO_CLIENT, Direction.TO_METER


@pytest.fixture(params=["LLS", "HLS-GMAC"])
async def poller(request: pytest.FixtureRequest, clock: MeterClock) -> AsyncIterator[Poller]:
    """A poller over datagrams, by password and under full protection; at the end nothing is left."""
    before = asyncio.all_tasks()
    secured = request.param == "HLS-GMAC"
    meter = SimulatedMeter(secured_profile() if secured else MeterProfile(history_days=2), clock)
    client = TimedClient("meter", connect=with_datagrams(meter.connect_datagrams), timing=FAST)
    made = SecurePoller(meter, client, wport=1) if secured else Poller(meter, client)
    yield made
    await client.close()
    assert_no_counter_was_sent_twice(meter)
    assert not client.is_connected
    assert meter.open_links == 0
    assert asyncio.all_tasks() - before - {asyncio.current_task()} == set()


def assert_no_counter_was_sent_twice(meter: SimulatedMeter) -> None:
    """Whatever the network made of it: nothing that is protected went out twice with the same octets."""
    protected = [octets for octets in meter.datagrams.offered if octets[8] in PROTECTED]
    assert len(protected) == len(set(protected))


def requests(poller: Poller) -> list[str]:
    return [request.kind for request in poller.meter.log]


async def test_a_poll_and_its_release(poller: Poller, clock: MeterClock):
    for _ in range(3):
        await poller.poll()
        assert poller.meter.state.associations == 0
        clock.advance(minutes=1)
    await poller.recovers()


async def test_apdus_of_both_sides_fit_into_a_datagram_that_is_not_cut(poller: Poller):
    longest = 0

    def measure(_: Direction, octets: bytes) -> list[datagrams.Step]:
        nonlocal longest
        longest = max(longest, len(octets))
        return [datagrams.Send(octets)]

    poller.meter.manipulator = lambda: measure
    await poller.poll()
    assert longest <= 1208


async def test_f02_an_endpoint_that_never_opens(poller: Poller):
    poller.meter.faults.add("black-hole", times=1)
    with pytest.raises(ConnectTimeout):
        await poller.poll()
    await poller.recovers()


async def test_f13_wrong_wrapper_version_costs_one_datagram(poller: Poller):
    poller.meter.faults.add("wrong-version", on="get", times=2)
    await poller.poll()
    await poller.recovers()


@pytest.mark.parametrize("strays", [1, 2])
async def test_f14_answers_to_another_wport_are_dropped(poller: Poller, strays: int):
    poller.meter.faults.add("wrong-wport", on="get", count=strays, then_answer=True)
    await poller.poll()
    await poller.recovers()


async def test_f14_without_the_right_answer_the_error_says_what_came(poller: Poller):
    poller.meter.faults.add("wrong-wport", on="get")
    with pytest.raises(WrongAddress):
        await poller.poll()
    await poller.recovers()


@pytest.mark.parametrize("fault", ["length-long", "length-short", "length-zero"])
@pytest.mark.parametrize("times", [2, None])
async def test_f15_wrong_declared_length_is_dropped(poller: Poller, fault: str, times: int | None):
    poller.meter.faults.add(fault, on="get", times=times)
    if times is None:
        with pytest.raises(ResponseTimeout):
            await poller.poll()
    else:
        await poller.poll()
    await poller.recovers()


@pytest.mark.parametrize("poller", ["LLS"], indirect=True)
@pytest.mark.parametrize("strays", [1, 2])
async def test_f16_answers_with_another_invoke_id_are_dropped(poller: Poller, strays: int):
    poller.meter.faults.add("wrong-invoke-id", count=strays, then_answer=True)
    await poller.poll()
    await poller.recovers()


async def test_f18_a_late_answer_answers_no_later_question(poller: Poller, clock: MeterClock):
    poller.meter.faults.add("late", on="get", seconds=0.45, times=1)
    for _ in range(20):  # more than there are invoke-ids
        clock.advance(minutes=1)
        poller.meter.read_times.clear()  # only this poll's values are true
        await poller.poll()
    await poller.recovers()


async def test_f19_a_lost_answer_is_asked_for_again(poller: Poller):
    poller.meter.faults.add("lose-answer", on="get", times=2)
    await poller.poll()
    await poller.recovers()


async def test_f19_what_is_lost_three_times_fails_the_poll_and_no_more(poller: Poller):
    poller.meter.faults.add("silent", on="get")
    with pytest.raises(ResponseTimeout):
        await poller.poll()
    assert poller.meter.open_links == 0
    assert poller.meter.state.associations == 0  # the meter was told
    await poller.recovers()


async def test_f19_nothing_that_proves_is_sent_twice(poller: Poller):
    """The answer to the AARQ, or that to the proof, is lost: the poll fails, the next one opens anew."""
    poller.meter.faults.add("lose-answer", on="aarq", times=1)
    with pytest.raises(ResponseTimeout):
        await poller.poll()
    assert requests(poller).count("aarq") == 1
    if isinstance(poller, SecurePoller):
        poller.meter.faults.add("lose-answer", on="action", times=1)
        with pytest.raises(DlmsError):
            await poller.poll()
        assert requests(poller).count("action") == 1
    await poller.recovers()


@pytest.mark.parametrize("seed", range(4))
async def test_f19_f22_a_bad_network_changes_no_value(poller: Poller, clock: MeterClock, seed: int):
    def bad() -> Manipulator:
        lost, late = datagrams.lose(0.3, seed), datagrams.reorder(seed, 0.3)
        return lambda way, octets: late(way, octets) * (1 + seed % 2) if lost(way, octets) else []

    poller.meter.manipulator = bad
    for _ in range(6):
        clock.advance(minutes=1)
        try:
            await poller.poll()
        except DlmsError:  # the truth is checked inside
            continue
    await poller.recovers()


@pytest.mark.parametrize("way", list(Direction))
@pytest.mark.parametrize("seconds", [0.0, 0.02, 0.9])
async def test_f20_f39_doubled_datagrams_do_no_harm(poller: Poller, clock: MeterClock, way: Direction, seconds: float):
    def double(direction: Direction, octets: bytes) -> list[datagrams.Step]:
        # An AARQ that comes twice is a new association to a meter, which ends the first one.
        return datagrams.double(way, seconds)(direction, octets)[: 1 if octets[8] == 0x60 else 3]

    poller.meter.manipulator = lambda: double
    for _ in range(5):
        clock.advance(minutes=1)
        await poller.poll()
    await poller.recovers()


@pytest.mark.parametrize(
    "spoil", [datagrams.truncate(TO_CLIENT, 12), datagrams.join(TO_CLIENT), datagrams.truncate(TO_METER, 12)]
)
async def test_f23_cut_and_joined_datagrams_are_dropped(poller: Poller, spoil: Manipulator):
    poller.meter.manipulator = lambda: spoil
    with pytest.raises(ResponseTimeout):
        await poller.poll()
    await poller.recovers()


async def test_f23_one_that_is_cut_costs_itself_only(poller: Poller):
    poller.meter.faults.add("cut-datagram", on="get", octet=20, times=2)
    await poller.poll()
    await poller.recovers()


async def test_f24_nobody_listens(poller: Poller):
    poller.meter.faults.add("refuse", times=2)
    for _ in range(2):
        with pytest.raises(ConnectFailed) as caught:
            await poller.poll()
        assert caught.value.reason is ConnectFailure.REFUSED
    await poller.recovers()


async def test_f26_a_notification_while_a_question_waits(poller: Poller):
    poller.meter.faults.add("notification", count=3)
    await poller.poll()
    await poller.recovers()


async def test_f27_the_meter_restarts_within_an_association(poller: Poller):
    async with poller.client.associate(poller.parameters, **security_of(poller)) as association:
        await association.get_many(poller.polled)
        poller.meter.restart()
        with suppress(DlmsError):  # where nothing secret is sent again, the association is opened anew
            assert all(isinstance(value, Data) for value in await association.get_many(poller.polled))
    await poller.recovers()


def security_of(poller: Poller) -> dict[str, object]:
    return {"security_state": poller.state} if isinstance(poller, SecurePoller) else {}


@pytest.mark.parametrize(
    ("row", "fault", "error"),
    [
        ("F31", "busy", ExceptionReceived),
        ("F34", "aare-transient", AssociationRejected),
        ("F35", "aare-authentication", AssociationRejected),
        ("F36", "aare-short", AssociationRejected),
    ],
)
async def test_f31_f34_f35_f36_the_meter_says_no(poller: Poller, row: str, fault: str, error: type[DlmsError]):
    poller.meter.faults.add(fault)
    with pytest.raises(error):
        await poller.poll()
    assert requests(poller).count("aarq") == 1
    await poller.recovers()


@pytest.mark.parametrize("fault", ["temporary-failure", "object-undefined", "denied"])
async def test_f32_f33_one_attribute_fails(poller: Poller, fault: str):
    poller.meter.faults.add(fault, object="1.0.32.7.0.255")
    reading = await poller.poll()
    assert [isinstance(value, Data) for value in reading.values()].count(False) == 1
    assert any(isinstance(value, DataAccessError) for value in reading.values())
    await poller.recovers()


@pytest.mark.parametrize("poller", ["HLS-GMAC"], indirect=True)
@pytest.mark.parametrize(("fault", "error"), [("wrong-tag", SecurityError), ("plaintext", SecurityDowngrade)])
async def test_f38_f40_forged_and_downgraded_answers_give_no_value(poller: Poller, fault: str, error: type[DlmsError]):
    await poller.poll()
    poller.meter.faults.add(fault)
    with pytest.raises(error):
        await poller.poll()
    await poller.recovers()


@pytest.mark.parametrize("poller", ["HLS-GMAC"], indirect=True)
@pytest.mark.parametrize("fault", ["replay", "old-counter"])
async def test_f39_a_replayed_answer_is_dropped(poller: Poller, fault: str):
    await poller.poll()
    poller.meter.faults.add(fault, then_answer=True, times=1)
    await poller.poll()
    await poller.recovers()


async def test_f41_blocks_that_never_end(poller: Poller):
    poller.meter.faults.add("endless-blocks")
    with pytest.raises((ResponseTimeout, LimitExceeded, SecurityDowngrade)):
        await poller.poll()
    await poller.recovers()


@pytest.mark.parametrize("fault", ["deep", "oversized"])
async def test_f43_what_exhausts_a_limit(poller: Poller, fault: str):
    poller.meter.faults.add(fault, object="1.0.1.8.0.255")
    with pytest.raises(DlmsError):
        await poller.poll()
    await poller.recovers()


@pytest.mark.parametrize("fault", ["count-bomb", "empty-rows"])
async def test_f43_a_bomb_that_is_no_value_costs_only_itself(poller: Poller, fault: str):
    poller.meter.faults.add(fault, object="1.0.1.8.0.255")
    reading = await poller.poll()
    assert not isinstance(reading[ENERGY], Data)
    await poller.recovers()


async def test_f57_two_logical_devices_share_one_endpoint(clock: MeterClock):
    meter = SimulatedMeter(MeterProfile(history_days=2), clock)
    client = TimedClient("meter", connect=with_datagrams(meter.connect_datagrams), timing=FAST)
    first, second = Poller(meter, client), Poller(meter, client, server_wport=16)
    meter.manipulator = lambda: drop(TO_CLIENT, 4)
    await asyncio.gather(first.poll(), second.poll())
    await client.close()
    assert meter.open_links == 0
