"""Rows of the fault matrix on the poll path: Home Assistant, the integration and the simulated meter, in memory.

Each test bears the row's id. After each: every published number was true, one line down and one back for each outage,
nothing left.
"""

import asyncio
from collections.abc import AsyncIterator
import logging
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_STOP, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers.update_coordinator import UpdateFailed
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cosem.dlms import (
    ConnectFailed,
    ConnectionLost,
    ConnectTimeout,
    NotWrapper,
    RemoteProtocolError,
    ResponseTimeout,
    WrongAddress,
)
from custom_components.cosem.meter.error_mapping import WrongMeter
from tests.conftest import set_up
from tests.faults.truth import Bench, EntryMaker, spin
from tests.simulated_meter.link import Direction
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.steps import Send, Step, wpdu
from tests.still_loop import quiet, until

ENERGY = "3_1.0.1.8.0.255_2"
POWER = "3_1.0.1.7.0.255_2"
VOLTAGE = "3_1.0.32.7.0.255_2"
GAS = "3_7.0.3.0.0.255_2"


@pytest.fixture
def meter() -> SimulatedMeter:
    """A household meter that follows Home Assistant's clock."""
    return SimulatedMeter(clock=dt_util.utcnow)


@pytest.fixture
async def bench(
    hass: HomeAssistant,
    network: None,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> Bench:
    caplog.set_level("INFO")
    return Bench(hass, meter, freezer, caplog)


@pytest.fixture(params=["each poll", "stay connected"])
async def entry(
    request: pytest.FixtureRequest, hass: HomeAssistant, bench: Bench, make_entry: EntryMaker
) -> AsyncIterator[MockConfigEntry]:
    """An entry in both modes, over TCP unless a test says otherwise; unloaded and checked at the end."""
    transport = {"transport": "udp"} if "UDP" in request.param else {}
    made = await set_up(hass, make_entry(stay_connected="stay connected" in request.param, **transport))
    assert made.state is ConfigEntryState.LOADED
    yield made
    if made.state is ConfigEntryState.LOADED:
        bench.check_truth(made)
        await hass.config_entries.async_unload(made.entry_id)
    bench.check_nothing_left()


over_both = pytest.mark.parametrize(
    "entry", ["each poll", "stay connected", "each poll, UDP", "stay connected, UDP"], indirect=True
)


def over_udp(entry: MockConfigEntry) -> bool:
    """Whether datagrams carry the entry's WPDUs: a broken one costs itself, never a connection."""
    return entry.data.get("transport") == "udp"


def cause_of(entry: MockConfigEntry) -> BaseException | None:
    """What the stack said about the last failure."""
    failure = entry.runtime_data.last_exception
    assert failure is not None
    return failure.__cause__


def pause_of(entry: MockConfigEntry) -> float:
    failure = entry.runtime_data.last_exception
    assert isinstance(failure, UpdateFailed)
    assert failure.retry_after is not None
    return failure.retry_after


def fresh(bench: Bench, entry: MockConfigEntry) -> bool:
    """Whether the energy shown is the meter's present one."""
    state = bench.state(entry, ENERGY)
    return (
        state not in {STATE_UNAVAILABLE, STATE_UNKNOWN}
        and round(float(state) * 1000) == bench.meter.truth("1.0.1.8.0.255").value
    )


async def outage(bench: Bench, entry: MockConfigEntry, error: type[Exception], **fault: Any) -> None:
    """Let a fault last for three polls; then one poll makes everything fresh."""
    bench.meter.faults.add(**fault)
    if fault["name"] in {"refuse", "black-hole"}:
        await lose_association(bench, entry)
    for _ in range(3):
        await bench.poll(340)
        assert {bench.state(entry, own) for own in (ENERGY, POWER, VOLTAGE)} == {STATE_UNAVAILABLE}
        assert isinstance(cause_of(entry), error), repr(cause_of(entry))
        assert bench.meter.open_links == 0
    bench.meter.faults.clear()
    await bench.poll(340)
    assert fresh(bench, entry)
    bench.check_outages(1)


async def harmless(bench: Bench, entry: MockConfigEntry, **fault: Any) -> None:
    """Let a fault last for three polls that must all succeed."""
    added = bench.meter.faults.add(**fault)
    for number in range(3):
        await bench.poll()
        assert fresh(bench, entry)
        assert added.fired > number
    bench.check_outages(0)


# --- Connecting ---------------------------------------------------------------------------------------------------


async def test_f01_connect_refused(bench: Bench, entry: MockConfigEntry):
    await outage(bench, entry, ConnectFailed, name="refuse")


async def test_f02_connect_timeout(bench: Bench, entry: MockConfigEntry):
    await outage(bench, entry, ConnectTimeout, name="black-hole")


async def test_f03_accepted_then_silent(bench: Bench, entry: MockConfigEntry):
    await outage(bench, entry, ResponseTimeout, name="silent")


# --- Octets -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", ["reset", "fin"])
@pytest.mark.parametrize(("where", "number"), [("aarq", 0), ("get", 1)])
async def test_f08_f09_connection_ends_at_every_octet(
    hass: HomeAssistant, bench: Bench, make_entry: EntryMaker, name: str, where: str, number: int
):
    entry = await set_up(hass, make_entry())
    sizes: list[int] = []

    def note_size(way: Direction, octets: bytes) -> list[Step]:
        if way is Direction.TO_CLIENT:
            sizes.append(len(octets))
        return [Send(octets)]

    bench.meter.manipulator = lambda: note_size
    await bench.poll()
    for octet in range(sizes[number]):
        bench.meter.faults.add(name, on=where, octet=octet)
        await bench.poll(340)
        assert isinstance(cause_of(entry), ConnectionLost)
        assert bench.state(entry, ENERGY) == STATE_UNAVAILABLE
        assert bench.meter.open_links == 0
        bench.meter.faults.clear()
        await bench.poll(340)
        assert fresh(bench, entry)
    bench.check_outages(sizes[number])
    bench.check_truth(entry)
    await hass.config_entries.async_unload(entry.entry_id)
    bench.check_nothing_left()


async def test_f10_half_open_after_a_power_cut(bench: Bench, entry: MockConfigEntry):
    await outage(bench, entry, ResponseTimeout, name="half-open", on="get")


@over_both
async def test_f10_f27_restart_of_the_meter_without_a_word(bench: Bench, entry: MockConfigEntry):
    bench.meter.restart()
    await bench.poll()
    if entry.options["stay_connected"] and not over_udp(entry):  # datagrams have no connection that could be dead
        assert isinstance(cause_of(entry), ResponseTimeout)
        await bench.poll()
        bench.check_outages(1)
    assert fresh(bench, entry)


async def test_f11_one_octet_per_segment(bench: Bench, entry: MockConfigEntry):
    await harmless(bench, entry, name="octet-by-octet")


@pytest.mark.parametrize("count", [2, 1000])
async def test_f12_merged_segments(bench: Bench, entry: MockConfigEntry, count: int):
    await harmless(bench, entry, name="merge", count=count)


async def test_f13_wrong_wrapper_version(bench: Bench, entry: MockConfigEntry):
    await outage(bench, entry, NotWrapper, name="wrong-version")


@over_both
async def test_f14_wrong_wport_once_before_the_answer(bench: Bench, entry: MockConfigEntry):
    await harmless(bench, entry, name="wrong-wport", count=1, then_answer=True, on="get")


async def test_trial_08_f14_wrong_wport_instead_of_the_answer(bench: Bench, entry: MockConfigEntry):
    await outage(bench, entry, WrongAddress, name="wrong-wport")


async def test_f14_wrong_wport_three_times(bench: Bench, entry: MockConfigEntry):
    await outage(bench, entry, WrongAddress, name="wrong-wport", count=3)


async def test_f15_length_too_long(bench: Bench, entry: MockConfigEntry):
    await outage(bench, entry, ResponseTimeout, name="length-long")


async def test_f15_length_too_short(bench: Bench, entry: MockConfigEntry):
    await outage(bench, entry, RemoteProtocolError, name="length-short")


async def test_f15_length_zero(bench: Bench, entry: MockConfigEntry):
    await outage(bench, entry, ResponseTimeout, name="length-zero")


@over_both
async def test_f16_wrong_invoke_id_once_before_the_answer(bench: Bench, entry: MockConfigEntry):
    await harmless(bench, entry, name="wrong-invoke-id", then_answer=True)


async def test_f16_wrong_invoke_id_instead_of_the_answer(bench: Bench, entry: MockConfigEntry):
    await outage(bench, entry, ResponseTimeout, name="wrong-invoke-id")


async def test_f16_wrong_invoke_id_three_times(bench: Bench, entry: MockConfigEntry):
    await outage(bench, entry, WrongAddress, name="wrong-invoke-id", count=3)


async def test_f17_late_answer_never_arrives(bench: Bench, entry: MockConfigEntry):
    await outage(bench, entry, ResponseTimeout, name="late", seconds=15)


# --- What the meter says ------------------------------------------------------------------------------------------


@over_both
@pytest.mark.parametrize("code", [1, 3])
@pytest.mark.parametrize("where", ["get", "aarq"])
async def test_f31_busy_meter_is_asked_again_within_half_a_minute(
    bench: Bench, entry: MockConfigEntry, code: int, where: str
):
    if where == "aarq":
        await lose_association(bench, entry)
    bench.meter.faults.add("busy", code=code, on=where)
    await bench.poll()
    assert bench.state(entry, ENERGY) == STATE_UNAVAILABLE
    assert 0 < pause_of(entry) <= 30
    assert not [
        flow for flow in bench.hass.config_entries.flow.async_progress() if flow["context"]["source"] == "reauth"
    ]
    bench.meter.faults.clear()
    await bench.poll(31)
    assert fresh(bench, entry)
    bench.check_outages(1)


@over_both
async def test_f32_temporary_failure_of_one_object(bench: Bench, entry: MockConfigEntry):
    bench.meter.faults.add("temporary-failure", object="1.0.32.7.0.255")
    await bench.poll()
    assert bench.state(entry, VOLTAGE) == STATE_UNKNOWN
    assert fresh(bench, entry)
    bench.meter.faults.clear()
    await bench.poll()
    assert 200 < float(bench.state(entry, VOLTAGE)) < 260
    bench.check_outages(0)


@over_both
@pytest.mark.parametrize("name", ["object-undefined", "denied"])
async def test_f33_refused_object_is_not_asked_for_again_after_three_refusals(
    bench: Bench, entry: MockConfigEntry, name: str, caplog: pytest.LogCaptureFixture
):
    fault = bench.meter.faults.add(name, object="1.0.32.7.0.255")
    for number in range(4):
        await lose_association(bench, entry)
        await bench.poll()
        assert bench.state(entry, VOLTAGE) == (STATE_UNKNOWN if number < 2 else STATE_UNAVAILABLE)
        assert fresh(bench, entry)
    assert fault.fired == 3
    assert caplog.text.count("does not give attribute 2 of Voltage L1 (1-0:32.7.0)") == 1
    bench.meter.faults.clear()
    await bench.poll()
    assert bench.state(entry, VOLTAGE) == STATE_UNAVAILABLE
    await bench.hass.config_entries.async_reload(entry.entry_id)
    assert 200 < float(bench.state(entry, VOLTAGE)) < 260


async def lose_association(bench: Bench, entry: MockConfigEntry) -> None:
    """Make sure that the next poll associates, with the same number of outages in both modes."""
    if entry.options["stay_connected"]:
        bench.meter.restart()
        for link in bench.meter.links:
            await link.close()
        await quiet()


@over_both
async def test_f34_transient_refusal(bench: Bench, entry: MockConfigEntry):
    await lose_association(bench, entry)
    bench.meter.faults.add("aare-transient")
    for least, most in ((50, 60), (108, 119), (194, 214)):  # more room from the second one on: it is another client
        await bench.poll(220)
        assert bench.state(entry, ENERGY) == STATE_UNAVAILABLE
        assert least < pause_of(entry) <= most
    bench.meter.faults.clear()
    await bench.poll(220)
    assert fresh(bench, entry)
    bench.check_outages(1)


@over_both
@pytest.mark.parametrize("name", ["aare-authentication", "aare-short"])
async def test_f35_f36_refused_authentication_is_not_repeated(bench: Bench, entry: MockConfigEntry, name: str):
    await lose_association(bench, entry)
    fault = bench.meter.faults.add(name)
    for _ in range(10):
        await bench.poll(600)
        assert bench.state(entry, ENERGY) == STATE_UNAVAILABLE
    assert fault.fired == 1
    reauth = [flow for flow in bench.hass.config_entries.flow.async_progress() if flow["context"]["source"] == "reauth"]
    assert len(reauth) == 1
    bench.meter.faults.clear()
    await bench.hass.config_entries.async_reload(entry.entry_id)
    assert fresh(bench, entry)


@over_both
async def test_f36_permanent_refusal_for_another_reason_is_tried_slowly(bench: Bench, entry: MockConfigEntry):
    await lose_association(bench, entry)
    bench.meter.faults.add("aare-short", code=1)
    await bench.poll()
    assert bench.state(entry, ENERGY) == STATE_UNAVAILABLE
    assert 270 <= pause_of(entry) <= 300
    bench.meter.faults.clear()
    await bench.poll(310)
    assert fresh(bench, entry)
    bench.check_outages(1)


# --- Bombs and drips ----------------------------------------------------------------------------------------------


@over_both
async def test_f43_oversized_apdu(bench: Bench, entry: MockConfigEntry):
    """It is taken once it was announced; what is in it is no meter's name."""
    await outage(bench, entry, WrongMeter, name="oversized")


@over_both
@pytest.mark.parametrize("name", ["count-bomb", "empty-rows"])
async def test_trial_09_bomb_that_is_no_value(bench: Bench, entry: MockConfigEntry, name: str):
    """It is unknown, and the others are read in the same poll; one line in the log says why."""
    bench.meter.faults.add(name, object="1.0.32.7.0.255")
    for _ in range(3):
        await bench.poll(340)
        assert bench.state(entry, VOLTAGE) == STATE_UNKNOWN
        assert bench.state(entry, ENERGY) not in {STATE_UNAVAILABLE, STATE_UNKNOWN}
        bench.check_truth(entry)
    (line,) = bench.log_lines(logging.WARNING)
    assert "has a value that makes no sense" in line
    bench.meter.faults.clear()
    await bench.poll(340)
    assert fresh(bench, entry)
    bench.check_outages(0)


@over_both
async def test_f43_bomb_instead_of_a_value(bench: Bench, entry: MockConfigEntry):
    """It ends the association it comes in; the poll goes on in a new one, where it is asked for last."""
    bench.meter.faults.add("deep", object="1.0.32.7.0.255")
    for _ in range(4):
        await bench.poll(340)
        assert bench.state(entry, VOLTAGE) == STATE_UNKNOWN
        assert bench.state(entry, ENERGY) not in {STATE_UNAVAILABLE, STATE_UNKNOWN}
        bench.check_truth(entry)
        assert bench.meter.open_links == 0
    bench.meter.faults.clear()
    await bench.poll(340)
    assert fresh(bench, entry)
    bench.check_outages(0)


async def test_f44_slow_drip(bench: Bench, entry: MockConfigEntry):
    await outage(bench, entry, ResponseTimeout, name="drip", seconds=5)


# --- Starts, stops, neighbours ------------------------------------------------------------------------------------


@pytest.mark.parametrize("stay_connected", [False, True])
async def test_f50_start_after_a_kill_with_a_request_out(
    hass: HomeAssistant, bench: Bench, make_entry: EntryMaker, stay_connected: bool
):
    """The association of the process that was killed still stands in the meter, its answer nobody waits for."""
    entry = await set_up(hass, make_entry(stay_connected=stay_connected))
    sent = {request.kind: request for request in bench.meter.log}
    await hass.config_entries.async_unload(entry.entry_id)
    killed = await bench.meter.connect()
    for kind in ("aarq", "get"):
        await killed.send(wpdu(sent[kind].client_wport, sent[kind].server_wport, sent[kind].apdu))
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED
    assert fresh(bench, entry)
    await bench.poll()
    assert fresh(bench, entry)
    bench.check_truth(entry)
    await hass.config_entries.async_unload(entry.entry_id)
    assert bench.meter.open_links == 1  # that of the killed process
    await killed.close()
    bench.check_nothing_left()


@pytest.mark.slow
@pytest.mark.parametrize("how", ["unload", "reload", "stop"])
@pytest.mark.parametrize("stay_connected", [False, True])
async def test_f51_end_at_each_await_point_of_a_poll(
    hass: HomeAssistant, bench: Bench, make_entry: EntryMaker, how: str, stay_connected: bool
):
    entry = await set_up(hass, make_entry(stay_connected=stay_connected))
    turns = 0
    finished = False
    while not finished:
        refresh = asyncio.create_task(entry.runtime_data.async_refresh())
        await spin(turns)
        finished = refresh.done()
        if how == "unload":
            assert await hass.config_entries.async_unload(entry.entry_id)
            bench.check_nothing_left()
            await hass.config_entries.async_setup(entry.entry_id)
        elif how == "reload":
            assert await hass.config_entries.async_reload(entry.entry_id)
        else:
            hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
            await hass.async_block_till_done(wait_background_tasks=True)
            bench.check_nothing_left()
            await hass.config_entries.async_reload(entry.entry_id)
        await asyncio.gather(refresh, return_exceptions=True)
        assert entry.state is ConfigEntryState.LOADED
        assert fresh(bench, entry)
        turns += 1
    assert turns > 4
    bench.check_truth(entry)
    await hass.config_entries.async_unload(entry.entry_id)
    bench.check_nothing_left()


@pytest.mark.parametrize(
    "fault", [{"name": "black-hole"}, {"name": "silent", "on": "aarq"}, {"name": "silent", "on": "get"}]
)
@pytest.mark.parametrize("how", ["unload", "stop"])
async def test_f51_end_while_the_meter_is_silent_takes_two_seconds(
    hass: HomeAssistant, bench: Bench, make_entry: EntryMaker, fault: dict[str, Any], how: str
):
    entry = await set_up(hass, make_entry())
    added = bench.meter.faults.add(**fault)
    bench.meter.faults.add("silent", on="rlrq")
    await bench.pass_time(70)
    assert added.fired
    if how == "unload":
        ending = asyncio.create_task(hass.config_entries.async_unload(entry.entry_id))
    else:
        hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
        ending = asyncio.create_task(hass.async_block_till_done(wait_background_tasks=True))
    await quiet()
    await bench.pass_time(2.1)
    assert ending.done()
    await ending
    bench.check_nothing_left()


async def test_f51_unload_of_a_set_up_that_is_under_way(hass: HomeAssistant, bench: Bench, make_entry: EntryMaker):
    entry = make_entry()
    entry.add_to_hass(hass)
    bench.meter.faults.add("silent", on="get")
    setup = asyncio.create_task(hass.config_entries.async_setup(entry.entry_id))
    await until(lambda: entry.state is ConfigEntryState.SETUP_IN_PROGRESS)
    await until(lambda: any(request.kind == "get" for request in bench.meter.log))
    stopped_at = hass.loop.time()
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await setup
    assert hass.loop.time() - stopped_at <= 3
    assert entry.state is ConfigEntryState.SETUP_RETRY
    await hass.config_entries.async_unload(entry.entry_id)
    bench.check_nothing_left()


@pytest.mark.parametrize("stay_connected", [False, True])
async def test_f57_two_logical_devices_of_one_address_are_read_in_turn(
    hass: HomeAssistant, bench: Bench, make_entry: EntryMaker, stay_connected: bool
):
    bench.meter.profile = bench.meter.profile.with_quirks(one_connection=True)
    electricity = await set_up(hass, make_entry(stay_connected=stay_connected))
    gas = await set_up(
        hass, make_entry(server_wport=16, objects=["3:7.0.3.0.0.255"], stay_connected=stay_connected, title="Gas")
    )
    for _ in range(5):
        await bench.poll()
        assert fresh(bench, electricity)
        assert float(bench.state(gas, GAS)) > 0
        assert gas.runtime_data.last_update_success
    bench.check_outages(0)
    bench.check_truth(electricity)
    bench.check_truth(gas, server_wport=16)
    for entry in (electricity, gas):
        await hass.config_entries.async_unload(entry.entry_id)
    bench.check_nothing_left()
