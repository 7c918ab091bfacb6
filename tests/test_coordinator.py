"""How the meter is polled and lent: few exchanges, in order, patience after failures, a clean end."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryAuthFailed, HomeAssistantError
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.helpers.update_coordinator import UpdateFailed
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cosem.const import DOMAIN
from custom_components.cosem.coordinator import CosemCoordinator
from custom_components.cosem.dlms import (
    Association,
    AttributeDescriptor,
    ConnectionLost,
    Data,
    DataAccessError,
    LogicalName,
    ResponseTimeout,
    Timing,
)
from custom_components.cosem.meter.clients import async_open_client, get_client
from custom_components.cosem.meter.credentials import association_parameters
from tests.conftest import HOST, poll, set_up, state_of, until
from tests.simulated_meter.link import Direction, Pause, Send
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import MeterProfile
from tests.simulated_meter.steps import Finish

type EntryMaker = Callable[..., MockConfigEntry]

ENERGY = "3_1.0.1.8.0.255_2"
ENERGY_VALUE = AttributeDescriptor(3, LogicalName.parse("1.0.1.8.0.255"), 2)
POWER_VALUE = AttributeDescriptor(3, LogicalName.parse("1.0.1.7.0.255"), 2)


def coordinator_of(entry: MockConfigEntry) -> CosemCoordinator:
    coordinator = entry.runtime_data
    assert isinstance(coordinator, CosemCoordinator)
    return coordinator


def kinds_since(meter: SimulatedMeter, number: int) -> list[str]:
    """The kinds of the requests after this one."""
    return [request.kind for request in meter.log if request.number > number]


@pytest.fixture
def no_jitter() -> Iterator[None]:
    with patch("custom_components.cosem.meter.back_off.random.uniform", return_value=1.0):
        yield


def pause_of(entry: MockConfigEntry) -> float:
    failure = coordinator_of(entry).last_exception
    assert isinstance(failure, UpdateFailed)
    assert failure.retry_after is not None
    return failure.retry_after


# --- A total deadline ---------------------------------------------------------------------------------------------


async def test_trial_24_a_poll_ends_however_slow_the_answers_are(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
):
    """Each attribute is answered within its deadline: two hundred of them took half an hour."""
    entry = await set_up(hass, make_entry())
    get_many = Association.get_many

    async def slowly(association: Association, attributes: Any) -> Any:
        for _ in range(200):
            await asyncio.sleep(9.5)
        return await get_many(association, attributes)

    loop = asyncio.get_running_loop()
    began = loop.time()
    with patch.object(Association, "get_many", slowly):
        await poll(hass, freezer, 70)
    assert 120 <= loop.time() - began - 70 < 130
    failure = coordinator_of(entry).last_exception
    assert isinstance(failure, UpdateFailed)
    assert isinstance(failure.__cause__, ResponseTimeout)
    assert (failure.translation_key, str(failure.__cause__)) == ("no_answer", "no end of the poll within 120 s")
    assert meter.open_links == 0
    await poll(hass, freezer, 340)
    assert coordinator_of(entry).last_update_success


async def test_trial_07_opening_an_association_is_part_of_the_poll(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
):
    """And so is opening it again and again, for a meter that can be mended each time."""
    entry = await set_up(hass, make_entry())
    security = coordinator_of(entry).security
    times = 0

    @asynccontextmanager
    async def slowly() -> AsyncIterator[Any]:
        nonlocal times
        times += 1
        security.may_be_mended = True
        await asyncio.sleep(50)
        raise ConnectionLost
        yield

    loop = asyncio.get_running_loop()
    began = loop.time()
    with patch.object(security, "async_associate", slowly):
        await poll(hass, freezer, 70)
    assert 150 <= loop.time() - began - 70 < 160
    assert times == 3
    failure = coordinator_of(entry).last_exception
    assert isinstance(failure, UpdateFailed)
    assert failure.translation_key == "no_answer"
    await poll(hass, freezer, 340)
    assert coordinator_of(entry).last_update_success


# --- Few exchanges ------------------------------------------------------------------------------------------------


async def test_a_poll_is_associate_read_release_close(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
):
    await set_up(hass, make_entry())
    for _ in range(3):
        before, connections = meter.requests, meter.connections
        await poll(hass, freezer)
        assert kinds_since(meter, before) == ["aarq", "get", "rlrq"]
        assert meter.connections == connections + 1
        assert meter.open_links == 0


@pytest.mark.parametrize("settings", [{"stay_connected": True}, {"interval": 30}])
async def test_kept_association_is_only_read(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
    settings: dict[str, Any],
):
    await set_up(hass, make_entry(**settings))
    for _ in range(3):
        before = meter.requests
        await poll(hass, freezer)
        assert kinds_since(meter, before) == ["get"]
    assert meter.connections == 1


@pytest.mark.parametrize("settings", [{"stay_connected": True}, {"interval": 30}])
async def test_trial_29_without_polling_the_meter_is_let_go(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter, settings: dict[str, Any]
):
    entry = make_entry(**settings)
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, pref_disable_polling=True)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert meter.open_links == 0
    await coordinator_of(entry).async_refresh()
    assert coordinator_of(entry).last_update_success
    assert meter.open_links == 0
    # Home Assistant reloads an entry whose polling is switched on again.
    hass.config_entries.async_update_entry(entry, pref_disable_polling=False)
    await hass.config_entries.async_reload(entry.entry_id)
    assert meter.open_links == 1


async def test_only_what_enabled_entities_need_is_asked(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    freezer: FrozenDateTimeFactory,
    entity_registry: er.EntityRegistry,
):
    entry = await set_up(hass, make_entry())
    await poll(hass, freezer)
    assert set(coordinator_of(entry).data.values) == {
        AttributeDescriptor(int(class_id), LogicalName.parse(name), 2)
        for class_id, name in (("3", "1.0.1.8.0"), ("3", "1.0.1.7.0"), ("3", "1.0.32.7.0"), ("8", "0.0.1.0.0"))
    }


async def test_known_disabled_entity_is_not_read_at_set_up(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, entity_registry: er.EntityRegistry
):
    entry = await set_up(hass, make_entry())
    entity_id = entity_registry.async_get_entity_id("sensor", DOMAIN, f"{entry.unique_id}_{ENERGY}")
    assert entity_id is not None
    entity_registry.async_update_entity(entity_id, disabled_by=er.RegistryEntryDisabler.USER)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert ENERGY_VALUE not in coordinator_of(entry).data.values


async def test_without_enabled_entities_there_is_no_polling(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
):
    entry = await set_up(hass, make_entry(objects=[]))
    before = meter.requests
    await poll(hass, freezer)
    assert meter.requests == before
    await coordinator_of(entry).async_refresh()  # asked for by somebody: the meter is there, it is the right one
    assert coordinator_of(entry).last_update_success
    assert coordinator_of(entry).data.values == {}


@pytest.mark.parametrize("quirks", [{"silent_to_lists": True}, {"longest_request": 90}, {"longest_request": 145}])
async def test_trial_06_a_meter_that_answers_no_long_lists_is_read_at_once_and_what_it_takes_is_remembered(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meters: dict[str, SimulatedMeter],
    freezer: FrozenDateTimeFactory,
    quirks: dict[str, Any],
):
    meter = meters[HOST] = SimulatedMeter(MeterProfile().with_quirks(**quirks), dt_util.utcnow)
    entry = await set_up(hass, make_entry())
    assert float(state_of(hass, entry, ENERGY)) > 0
    before = meter.connections
    await poll(hass, freezer)
    assert meter.connections == before + 1, "nothing is left unanswered"
    assert float(state_of(hass, entry, ENERGY)) > 0


# --- Kept association ---------------------------------------------------------------------------------------------


async def test_kept_association_that_the_meter_ended_is_opened_again_unnoticed(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
):
    entry = await set_up(hass, make_entry(stay_connected=True))
    meter.links[0].push(Finish())
    await hass.async_block_till_done()
    await poll(hass, freezer)
    assert meter.connections == 2
    meter.faults.add("fin", times=1)  # the end arrives as the answer to the question
    await poll(hass, freezer)
    assert meter.connections == 3
    assert float(state_of(hass, entry, ENERGY)) > 0
    assert "Error fetching" not in caplog.text


async def test_kept_association_that_the_meter_forgot_is_opened_again_unnoticed(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
):
    entry = await set_up(hass, make_entry(stay_connected=True))
    meter.sessions[0].associations.clear(0)  # the device behind a gateway restarted, the connection stands
    before = meter.requests
    await poll(hass, freezer)
    assert kinds_since(meter, before) == ["get", "get", "aarq", "get", "get"], "a list, one, and both again"
    assert float(state_of(hass, entry, ENERGY)) > 0
    assert "Error fetching" not in caplog.text


async def test_form_gets_the_meter_although_an_association_is_kept(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
):
    entry = await set_up(hass, make_entry(stay_connected=True))
    parameters = association_parameters(entry.data)
    before = meter.requests
    async with (
        async_open_client(hass, HOST, 4059) as client,
        client.associate(parameters, timing=Timing(reconnect_gap=0), exclusive=True) as association,
    ):
        assert kinds_since(meter, before) == ["rlrq", "aarq"]
        assert await association.get(ENERGY_VALUE)
    await poll(hass, freezer)
    assert float(state_of(hass, entry, ENERGY)) > 0


# --- Patience -----------------------------------------------------------------------------------------------------


async def test_pauses_grow_up_to_five_minutes_and_begin_anew_after_a_good_poll(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
    no_jitter: None,
):
    entry = await set_up(hass, make_entry())
    meter.faults.add("refuse")
    pauses = []
    for _ in range(6):
        await poll(hass, freezer, 310)
        pauses.append(pause_of(entry))
    assert pauses == [pytest.approx(value) for value in (60, 108, 194.4, 300, 300, 300)]
    meter.faults.clear()
    await poll(hass, freezer, 310)
    assert coordinator_of(entry).last_update_success
    meter.faults.add("refuse")
    await poll(hass, freezer)
    assert pause_of(entry) == 60


async def test_next_attempt_comes_after_the_pause_and_not_before(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
    no_jitter: None,
):
    await set_up(hass, make_entry())
    meter.faults.add("refuse")
    fault = meter.faults.faults[0]
    await poll(hass, freezer, 61)
    await poll(hass, freezer, 61)
    assert fault.fired == 2
    await poll(hass, freezer, 106)
    assert fault.fired == 2
    await poll(hass, freezer, 3)
    assert fault.fired == 3


async def test_refused_credentials_are_not_tried_again_whoever_asks(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
):
    entry = await set_up(hass, make_entry())
    meter.faults.add("aare-authentication")
    await poll(hass, freezer)
    before = meter.connections
    await coordinator_of(entry).async_refresh()
    await poll(hass, freezer, 400)
    assert meter.connections == before
    failure = coordinator_of(entry).last_exception
    assert isinstance(failure, ConfigEntryAuthFailed)
    assert failure.translation_key == "authentication_stopped"
    assert len(hass.config_entries.flow.async_progress_by_handler(DOMAIN)) == 2  # reauth, and the gas meter


# --- One poll at a time, and its end ------------------------------------------------------------------------------


async def test_polls_do_not_overlap(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
):
    entry = await set_up(hass, make_entry())
    before = meter.requests
    meter.manipulator = lambda: (
        lambda way, octets: [Pause(0.05), Send(octets)] if way is Direction.TO_CLIENT else [Send(octets)]
    )
    await asyncio.gather(*(coordinator_of(entry).async_refresh() for _ in range(3)))
    assert kinds_since(meter, before) == ["aarq", "get", "rlrq"] * 3


async def test_caller_that_gives_up_ends_the_poll_with_a_release(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter
):
    entry = await set_up(hass, make_entry())
    before = meter.requests
    silent = meter.faults.add("silent", on="get")
    refresh = asyncio.create_task(coordinator_of(entry).async_refresh())
    await until(lambda: silent.fired)
    refresh.cancel()
    with pytest.raises(asyncio.CancelledError):
        await refresh
    assert kinds_since(meter, before) == ["aarq", "get", "rlrq"]
    assert meter.open_links == 0


async def test_shutdown_twice_is_harmless(hass: HomeAssistant, network: None, make_entry: EntryMaker):
    entry = await set_up(hass, make_entry())
    await coordinator_of(entry).async_shutdown()
    await coordinator_of(entry).async_shutdown()


async def test_failure_of_a_poll_that_was_cancelled_is_nobodys_business(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, caplog: pytest.LogCaptureFixture
):
    entry = await set_up(hass, make_entry())
    coordinator = coordinator_of(entry)
    begun = asyncio.Event()

    async def stubborn(_association: Association) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise UpdateFailed("on the way out") from None

    with patch.object(coordinator, "_async_poll", stubborn):
        refresh = asyncio.create_task(coordinator.async_refresh())
        await begun.wait()
        refresh.cancel()
        with pytest.raises(asyncio.CancelledError):
            await refresh
    assert "never retrieved" not in caplog.text


# --- Other work in the same association ---------------------------------------------------------------------------


async def power(association: Association) -> Data:
    """Some work that polls do not do."""
    return await association.get(POWER_VALUE)


def gated(name: str, done: list[str], gate: asyncio.Event | None = None) -> Callable[[Association], Awaitable[str]]:
    """Work that says when it begins and ends, and waits in between for a gate."""

    async def work(association: Association) -> str:
        done.append(f"{name} begins")
        await association.get(POWER_VALUE)
        if gate is not None:
            await gate.wait()
        done.append(f"{name} ends")
        return name

    return work


async def test_work_runs_in_an_association_of_its_own_with_the_right_meter(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter
):
    entry = await set_up(hass, make_entry())
    before = meter.requests
    assert await coordinator_of(entry).async_run(power) == meter.truth("1.0.1.7.0.255")
    assert kinds_since(meter, before) == ["aarq", "get", "get", "rlrq"]  # who are you, the work
    assert meter.open_links == 0


async def test_work_uses_a_kept_association_and_leaves_it_open(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
):
    entry = await set_up(hass, make_entry(stay_connected=True))
    before = meter.requests
    await coordinator_of(entry).async_run(power)
    assert kinds_since(meter, before) == ["get", "get"]
    await poll(hass, freezer)
    assert kinds_since(meter, before) == ["get", "get", "get"]
    assert meter.connections == 1


@pytest.mark.parametrize("stay_connected", [False, True])
async def test_work_and_polls_take_their_turns_in_the_order_of_asking(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter, stay_connected: bool
):
    entry = await set_up(hass, make_entry(stay_connected=stay_connected))
    coordinator = coordinator_of(entry)
    done: list[str] = []
    gate = asyncio.Event()
    coordinator.async_add_listener(lambda: done.append("poll"))
    before = meter.requests
    first = asyncio.create_task(coordinator.async_run(gated("first", done, gate)))
    await until(lambda: done)
    others = [
        asyncio.create_task(coordinator.async_refresh()),
        asyncio.create_task(coordinator.async_run(gated("second", done))),
        asyncio.create_task(coordinator.async_run(gated("third", done))),
    ]
    for _ in range(100):
        await asyncio.sleep(0)
    assert done == ["first begins"]
    gate.set()
    assert await first == "first"
    assert (await asyncio.gather(*others))[1:] == ["second", "third"]
    done.remove("poll")  # that it was served between the two, the requests tell: listeners may hear it a turn later
    assert done == [f"{name} {what}" for name in ("first", "second", "third") for what in ("begins", "ends")]
    expected = []
    for kinds in (["get", "get"], ["get"], ["get", "get"], ["get", "get"]):  # who are you, the work; a poll
        expected += kinds if stay_connected else ["aarq", *kinds, "rlrq"]
    assert kinds_since(meter, before) == expected


async def test_what_the_stack_says_during_work_is_told_as_for_polls(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter
):
    coordinator = coordinator_of(await set_up(hass, make_entry()))
    meter.faults.add("denied", object="1.0.1.7.0.255")
    with pytest.raises(UpdateFailed) as refused:
        await coordinator.async_run(power)
    assert refused.value.translation_key == "service_refused"
    assert isinstance(refused.value.__cause__, DataAccessError)
    meter.faults.add("refuse")
    with pytest.raises(UpdateFailed) as away:
        await coordinator.async_run(power)
    assert away.value.translation_key == "cannot_connect"
    assert coordinator.last_update_success  # the polls have their own judgement
    meter.faults.clear()
    assert await coordinator.async_run(power)


async def test_what_work_itself_raises_comes_out_unchanged_and_ends_the_association(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter
):
    coordinator = coordinator_of(await set_up(hass, make_entry(stay_connected=True)))

    async def broken(_association: Association) -> None:
        raise ValueError("a bug")

    with pytest.raises(ValueError, match="a bug"):
        await coordinator.async_run(broken)
    assert meter.open_links == 0
    assert await coordinator.async_run(power)
    assert meter.connections == 2


async def test_work_is_not_begun_with_another_meter(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    meters: dict[str, SimulatedMeter],
    issue_registry: ir.IssueRegistry,
):
    entry = await set_up(hass, make_entry())
    meters[HOST] = SimulatedMeter(MeterProfile(seed=99), meter.clock)
    done: list[str] = []
    with pytest.raises(UpdateFailed) as failure:
        await coordinator_of(entry).async_run(gated("work", done))
    assert failure.value.translation_key == "other_meter"
    assert done == []
    assert issue_registry.async_get_issue(DOMAIN, f"other_meter_{entry.entry_id}")


async def test_work_that_has_not_begun_gets_a_new_association_for_one_that_is_gone(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter
):
    coordinator = coordinator_of(await set_up(hass, make_entry(stay_connected=True)))
    done: list[str] = []
    meter.faults.add("fin", times=1)  # the end arrives as the answer to the question who it is
    assert await coordinator.async_run(gated("work", done)) == "work"
    assert done == ["work begins", "work ends"]
    assert meter.connections == 2


async def test_work_that_has_begun_is_never_repeated(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter
):
    coordinator = coordinator_of(await set_up(hass, make_entry(stay_connected=True)))
    begun = 0

    async def lost(association: Association) -> None:
        nonlocal begun
        begun += 1
        meter.faults.add("fin", times=2)  # the question itself is asked once more, on a new connection
        await association.get(POWER_VALUE)

    with pytest.raises(UpdateFailed) as failure:
        await coordinator.async_run(lost)
    assert isinstance(failure.value.__cause__, ConnectionLost)
    assert begun == 1
    assert meter.connections == 2


async def test_refused_credentials_end_work_and_polls_and_ask_for_new_ones(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
):
    coordinator = coordinator_of(await set_up(hass, make_entry()))
    meter.faults.add("aare-authentication")
    results = await asyncio.gather(*(coordinator.async_run(power) for _ in range(2)), return_exceptions=True)
    assert [getattr(result, "translation_key", result) for result in results] == [
        "authentication_refused",
        "authentication_stopped",
    ]
    sources = [flow["context"]["source"] for flow in hass.config_entries.flow.async_progress_by_handler(DOMAIN)]
    assert sources.count("reauth") == 1
    before = meter.connections
    await poll(hass, freezer)
    assert not coordinator.last_update_success
    assert meter.connections == before


async def test_each_further_reason_for_no_values_is_logged_once(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
):
    coordinator = coordinator_of(await set_up(hass, make_entry()))

    async def lines(*faults: str) -> int:
        caplog.clear()
        meter.faults.clear()
        for fault in faults:
            meter.faults.add(fault)
        await poll(hass, freezer, 400)
        assert coordinator.last_update_success is not bool(faults)
        return caplog.text.count("another reason")

    assert await lines("refuse") == 0  # Home Assistant tells the first
    assert await lines("refuse") == 0
    assert await lines("silent") == 1
    assert "still no values, now for another reason: The meter did not answer in time" in caplog.text
    assert await lines("refuse") == 0
    assert await lines("silent") == 0
    assert await lines() == 0
    assert await lines("silent") == 0
    assert await lines("aare-authentication") == 1


async def test_caller_that_gives_up_ends_its_work_with_a_release_and_no_other(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter
):
    coordinator = coordinator_of(await set_up(hass, make_entry()))
    done: list[str] = []
    before = meter.requests
    first = asyncio.create_task(coordinator.async_run(gated("first", done, asyncio.Event())))
    second = asyncio.create_task(coordinator.async_run(gated("second", done)))
    third = asyncio.create_task(coordinator.async_run(gated("third", done)))
    await until(lambda: done)
    second.cancel()  # while it waits for its turn
    first.cancel()
    for task in (first, second):
        with pytest.raises(asyncio.CancelledError):
            await task
    assert await third == "third"
    assert done == ["first begins", "third begins", "third ends"]
    assert kinds_since(meter, before) == ["aarq", "get", "get", "rlrq"] * 2
    assert meter.open_links == 0


@pytest.mark.parametrize("stay_connected", [False, True])
async def test_unload_ends_work_under_way_and_work_that_waits(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter, stay_connected: bool
):
    entry = await set_up(hass, make_entry(stay_connected=stay_connected))
    coordinator = coordinator_of(entry)
    done: list[str] = []
    before = meter.requests
    running = [
        asyncio.create_task(coordinator.async_run(gated(name, done, asyncio.Event()))) for name in ("first", "second")
    ]
    await until(lambda: done)
    assert await hass.config_entries.async_unload(entry.entry_id)
    for result in await asyncio.gather(*running, return_exceptions=True):
        assert isinstance(result, HomeAssistantError)
        assert result.translation_key == "entry_ended"
    assert done == ["first begins"]
    assert kinds_since(meter, before)[-1] == "rlrq"
    assert meter.open_links == 0
    with pytest.raises(HomeAssistantError) as late:
        await coordinator.async_run(gated("late", done))
    assert late.value.translation_key == "entry_ended"
    assert done == ["first begins"]


async def test_meter_that_keeps_silent_ends_work_by_its_deadline(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter
):
    coordinator = coordinator_of(await set_up(hass, make_entry()))
    silent = patch("custom_components.cosem.meter.reader.async_ask", side_effect=ResponseTimeout("GET", 10))
    with silent, pytest.raises(UpdateFailed) as failure:
        await coordinator.async_run(power)
    assert failure.value.translation_key == "no_answer"
    assert meter.open_links == 0
    assert await coordinator.async_run(power)


async def test_before_the_first_poll_work_learns_who_the_meter_is(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter
):
    entry = make_entry()
    entry.add_to_hass(hass)
    coordinator = CosemCoordinator(hass, entry, get_client(hass, HOST, 4059))
    assert await coordinator.async_run(power)
    assert coordinator.reader.identity is not None
    assert coordinator.reader.identity.unique_id == entry.unique_id
    await coordinator.async_shutdown()
    assert meter.open_links == 0
