"""The switch that pauses the polls: the meter is free at once, nobody calls it a failure, and it ends."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
import logging
import socket
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant, State
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import pytest_socket

from custom_components.cosem.const import DOMAIN
from custom_components.cosem.dlms import Association, AttributeDescriptor, Data, LogicalName
from custom_components.cosem.meter.own_entities import OwnEntity
from custom_components.cosem.meter.pausing import pause_of
from custom_components.cosem.meter.store import async_load_meter, async_save_meter
from tests.conftest import HOST, OVER, poll, sensor_id, set_up, state_of, until
from tests.push.senders import LOOPBACK, event_notification, free_port, listening, say, told, with_options, wpdu
from tests.simulated_meter.meter import SimulatedMeter
from tests.test_calling_meter import called_entry, calling, read, unloaded

type EntryMaker = Callable[..., MockConfigEntry]

ENERGY = "3_1.0.1.8.0.255_2"
POWER = "3_1.0.1.7.0.255_2"
GAS = "3_7.0.3.0.0.255_2"
POWER_VALUE = AttributeDescriptor(3, LogicalName.parse("1.0.1.7.0.255"), 2)

pytestmark = pytest.mark.usefixtures("network", "freezer")


def switch_id(hass: HomeAssistant, entry: MockConfigEntry) -> str:
    unique_id = OwnEntity.PAUSE_POLLING.unique_id(str(entry.unique_id))
    entity_id = er.async_get(hass).async_get_entity_id("switch", DOMAIN, unique_id)
    assert entity_id is not None
    return entity_id


def switch(hass: HomeAssistant, entry: MockConfigEntry) -> State:
    state = hass.states.get(switch_id(hass, entry))
    assert state is not None
    return state


async def turn(hass: HomeAssistant, entry: MockConfigEntry, way: str, *, wait: bool = True) -> None:
    """Press the switch; ``wait`` for what it sets off, too."""
    target = {"entity_id": switch_id(hass, entry)}
    await hass.services.async_call("switch", f"turn_{way}", target, blocking=True)
    if wait:
        await hass.async_block_till_done(wait_background_tasks=True)


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        record.getMessage()
        for record in caplog.records
        if record.levelno >= logging.WARNING and record.name.startswith("custom_components")
    ]


def power(gate: asyncio.Event, begun: asyncio.Event) -> Callable[[Association], Awaitable[Data]]:
    """Work that takes until the gate opens."""

    async def work(association: Association) -> Data:
        begun.set()
        await gate.wait()
        return await association.get(POWER_VALUE)

    return work


@pytest.mark.parametrize("over", OVER)
@pytest.mark.parametrize("stay_connected", [False, True])
async def test_the_meter_is_free_at_once_and_nothing_is_asked_nor_called_a_failure(
    hass: HomeAssistant,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    stay_connected: bool,
    over: dict[str, Any],
):
    entry = await set_up(hass, make_entry(stay_connected=stay_connected, **over))
    assert switch(hass, entry).state == STATE_OFF
    assert switch(hass, entry).attributes["until"] is None
    await turn(hass, entry, "on")
    assert meter.open_links == 0
    assert switch(hass, entry).state == STATE_ON
    assert switch(hass, entry).attributes["until"] == dt_util.utcnow() + timedelta(days=1)
    before = meter.requests
    for _ in range(20):
        await poll(hass, freezer, 600)
        assert state_of(hass, entry, ENERGY) == STATE_UNAVAILABLE
    await entry.runtime_data.async_refresh()  # somebody asks for an update
    assert meter.requests == before
    assert errors(caplog) == []
    assert ir.async_get(hass).issues == {}
    await turn(hass, entry, "off")
    assert switch(hass, entry).state == STATE_OFF
    assert float(state_of(hass, entry, ENERGY)) > 0
    assert meter.requests > before
    assert meter.open_links == (1 if stay_connected else 0)
    before = meter.requests
    await poll(hass, freezer)
    assert meter.requests > before  # no pause of a failed poll is in force
    assert errors(caplog) == []


async def test_the_switch_is_there_for_a_person_from_the_start(hass: HomeAssistant, make_entry: EntryMaker):
    entry = await set_up(hass, make_entry(objects=[]))
    registered = er.async_get(hass).async_get(switch_id(hass, entry))
    assert registered is not None
    assert (registered.disabled_by, registered.entity_category) == (None, "config")
    assert switch(hass, entry).attributes["friendly_name"] == "Meter Pause polling"
    assert switch(hass, entry).state == STATE_OFF


async def test_it_ends_by_itself_after_a_day(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter, freezer: FrozenDateTimeFactory
):
    entry = await set_up(hass, make_entry())
    await turn(hass, entry, "on")
    await poll(hass, freezer, 86_000)
    assert switch(hass, entry).state == STATE_ON
    await poll(hass, freezer, 401)
    assert switch(hass, entry).state == STATE_OFF
    assert float(state_of(hass, entry, ENERGY)) > 0


@pytest.mark.parametrize("stay_connected", [False, True])
async def test_who_changes_his_mind_at_once_has_the_values_at_once(
    hass: HomeAssistant, make_entry: EntryMaker, caplog: pytest.LogCaptureFixture, stay_connected: bool
):
    entry = await set_up(hass, make_entry(stay_connected=stay_connected))
    begin = hass.async_create_task(entry.runtime_data.pause.async_begin())
    await turn(hass, entry, "off")
    await begin
    await hass.async_block_till_done(wait_background_tasks=True)
    assert switch(hass, entry).state == STATE_OFF
    assert entry.runtime_data.last_update_success
    assert float(state_of(hass, entry, ENERGY)) > 0
    assert errors(caplog) == []


@pytest.mark.parametrize("where", ["aarq", "get"])
async def test_a_poll_under_way_is_ended(
    hass: HomeAssistant,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    caplog: pytest.LogCaptureFixture,
    where: str,
):
    entry = await set_up(hass, make_entry())
    silent = meter.faults.add("silent", on=where)
    refresh = asyncio.create_task(entry.runtime_data.async_refresh())
    await until(lambda: silent.fired)
    began = hass.loop.time()
    await turn(hass, entry, "on")
    assert hass.loop.time() - began < 3
    assert meter.open_links == 0
    await refresh
    assert entry.runtime_data.last_exception.translation_key == "polling_paused"
    assert errors(caplog) == []
    meter.faults.clear()
    await turn(hass, entry, "off")
    assert float(state_of(hass, entry, ENERGY)) > 0


async def test_an_unload_that_ends_the_poll_of_a_paused_entry_is_no_failed_poll(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter
):
    entry = await set_up(hass, make_entry())
    silent = meter.faults.add("silent", on="get")
    refresh = asyncio.create_task(entry.runtime_data.async_refresh())
    await until(lambda: silent.fired)
    pausing = asyncio.create_task(turn(hass, entry, "on", wait=False))
    await until(lambda: pause_of(hass, entry.data).is_on)
    refresh.cancel()
    await asyncio.gather(refresh, pausing, return_exceptions=True)
    assert refresh.cancelled()
    assert meter.open_links == 0
    await hass.config_entries.async_unload(entry.entry_id)
    pause_of(hass, entry.data).end()


@pytest.mark.parametrize("stay_connected", [False, True])
async def test_what_a_person_has_asked_for_ends_first_and_nothing_new_is_begun(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter, stay_connected: bool
):
    entry = await set_up(hass, make_entry(stay_connected=stay_connected))
    gate, begun = asyncio.Event(), asyncio.Event()
    work = asyncio.create_task(entry.runtime_data.async_run(power(gate, begun)))
    await until(begun.is_set)
    pausing = asyncio.create_task(turn(hass, entry, "on", wait=False))
    await until(lambda: switch(hass, entry).state == STATE_ON)
    with pytest.raises(HomeAssistantError, match="Switch off Pause polling") as refused:
        await entry.runtime_data.async_run(power(gate, begun))
    assert refused.value.translation_key == "polling_paused"
    with pytest.raises(HomeAssistantError, match="Switch off Pause polling"):
        await hass.services.async_call(
            DOMAIN,
            "read",
            {"config_entry_id": entry.entry_id, "attributes": "3:1.0.1.7.0.255:2"},
            blocking=True,
            return_response=True,
        )
    assert not pausing.done()
    assert meter.open_links == 1
    gate.set()
    assert (await work).value is not None
    await pausing
    assert meter.open_links == 0
    await turn(hass, entry, "off")


async def test_an_unload_meanwhile_ends_what_was_awaited(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter
):
    entry = await set_up(hass, make_entry(stay_connected=True))
    begun = asyncio.Event()
    work = asyncio.create_task(entry.runtime_data.async_run(power(asyncio.Event(), begun)))
    await until(begun.is_set)
    pausing = asyncio.create_task(turn(hass, entry, "on", wait=False))
    await until(lambda: switch(hass, entry).state == STATE_ON)
    assert await hass.config_entries.async_unload(entry.entry_id)
    await pausing
    with pytest.raises(HomeAssistantError):
        await work
    assert meter.open_links == 0
    pause_of(hass, entry.data).end()


async def test_a_caller_that_gives_up_is_told_nothing_and_the_pause_stays(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter
):
    entry = await set_up(hass, make_entry(stay_connected=True))
    gate, begun = asyncio.Event(), asyncio.Event()
    work = asyncio.create_task(entry.runtime_data.async_run(power(gate, begun)))
    await until(begun.is_set)
    letting_go = asyncio.create_task(entry.runtime_data.async_let_go())
    for _ in range(10):
        await asyncio.sleep(0)
    letting_go.cancel()
    with pytest.raises(asyncio.CancelledError):
        await letting_go
    gate.set()
    assert (await work).value is not None


async def test_the_meter_is_let_go_of_also_when_whoever_pressed_the_switch_gives_up(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter
):
    """A script that is started anew, for example."""
    entry = await set_up(hass, make_entry(stay_connected=True))
    gate, begun = asyncio.Event(), asyncio.Event()
    work = asyncio.create_task(entry.runtime_data.async_run(power(gate, begun)))
    await until(begun.is_set)
    pressing = asyncio.create_task(turn(hass, entry, "on", wait=False))
    await until(lambda: switch(hass, entry).state == STATE_ON)
    pressing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await pressing
    assert meter.open_links == 1
    gate.set()
    assert (await work).value is not None
    await hass.async_block_till_done(wait_background_tasks=True)
    assert switch(hass, entry).state == STATE_ON
    assert meter.open_links == 0


async def test_a_restart_asks_nothing_and_keeps_the_switch_so_that_it_can_be_ended(
    hass: HomeAssistant,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
):
    entry = await set_up(hass, make_entry())
    await turn(hass, entry, "on")
    until_when = switch(hass, entry).attributes["until"]
    before = meter.requests, meter.connections
    await hass.config_entries.async_unload(entry.entry_id)
    assert switch(hass, entry).state == STATE_UNAVAILABLE
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.LOADED
    await poll(hass, freezer, 600)
    assert (meter.requests, meter.connections) == before
    assert switch(hass, entry).state == STATE_ON
    assert switch(hass, entry).attributes["until"] == until_when
    assert state_of(hass, entry, ENERGY) == STATE_UNAVAILABLE
    registered = er.async_get(hass).async_get(sensor_id(hass, entry, ENERGY))
    assert registered is not None
    assert registered.unit_of_measurement == "kWh", "remembered, for those who ask the registry in between"
    assert errors(caplog) == []
    await turn(hass, entry, "off")
    assert float(state_of(hass, entry, ENERGY)) > 0
    await poll(hass, freezer)
    assert state_of(hass, entry, POWER) == str(meter.truth("1.0.1.7.0.255").value)
    assert errors(caplog) == []


@pytest.mark.parametrize("remembers_units", [True, False])
async def test_after_a_restart_in_a_pause_values_have_the_units_they_had_before(
    hass: HomeAssistant, make_entry: EntryMaker, remembers_units: bool
):
    """Home Assistant looks for the unit that a person sees when an entity is added: before the meter is read."""
    entry = await set_up(hass, make_entry())
    entity_id = sensor_id(hass, entry, ENERGY)
    assert (before := hass.states.get(entity_id)) is not None
    assert before.attributes["unit_of_measurement"] == "kWh"
    await turn(hass, entry, "on")
    await hass.config_entries.async_unload(entry.entry_id)
    if not remembers_units:
        known = await async_load_meter(hass, str(entry.unique_id))
        await async_save_meter(hass, str(entry.unique_id), replace(known, scaler_units={}))
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    await turn(hass, entry, "off")
    assert (after := hass.states.get(entity_id)) is not None
    assert after.attributes["unit_of_measurement"] == "kWh"
    assert float(after.state) == pytest.approx(float(before.state), abs=1)


async def test_both_entries_of_a_device_let_go_of_it_and_go_on(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter, freezer: FrozenDateTimeFactory
):
    meter.profile = meter.profile.with_quirks(one_connection=True)
    electricity = await set_up(hass, make_entry(stay_connected=True))
    gas = await set_up(hass, make_entry(server_wport=16, objects=["3:7.0.3.0.0.255"], stay_connected=True, title="Gas"))
    assert meter.open_links == 1
    await turn(hass, gas, "on")
    assert switch(hass, electricity).state == switch(hass, gas).state == STATE_ON
    assert meter.open_links == 0
    tool = await meter.connect()  # the only connection that the meter has
    assert meter.open_links == 1
    await poll(hass, freezer, 600)
    assert state_of(hass, electricity, ENERGY) == state_of(hass, gas, GAS) == STATE_UNAVAILABLE
    await tool.close()
    await turn(hass, electricity, "off")
    assert switch(hass, electricity).state == switch(hass, gas).state == STATE_OFF
    assert float(state_of(hass, electricity, ENERGY)) > 0
    assert float(state_of(hass, gas, GAS)) > 0


async def test_another_meter_is_read_meanwhile(
    hass: HomeAssistant,
    make_entry: EntryMaker,
    meters: dict[str, SimulatedMeter],
    freezer: FrozenDateTimeFactory,
):
    entry = await set_up(hass, make_entry())
    meters["192.0.2.8"] = meters[HOST]
    other = await set_up(hass, make_entry(host="192.0.2.8", server_wport=16, objects=["3:7.0.3.0.0.255"], title="Gas"))
    await turn(hass, entry, "on")
    await poll(hass, freezer, 600)
    assert switch(hass, other).state == STATE_OFF
    assert float(state_of(hass, other, GAS)) > 0
    await turn(hass, entry, "off")


async def test_with_polling_switched_off_a_pause_costs_one_reading_at_its_end(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter, freezer: FrozenDateTimeFactory
):
    entry = make_entry()
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, pref_disable_polling=True)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    await turn(hass, entry, "on")
    assert state_of(hass, entry, ENERGY) == STATE_UNAVAILABLE
    before = meter.connections
    await turn(hass, entry, "off")
    assert float(state_of(hass, entry, ENERGY)) > 0
    assert meter.connections == before + 1
    for _ in range(3):
        await poll(hass, freezer, 600)
    assert meter.connections == before + 1


async def test_an_entry_that_is_removed_leaves_no_pause_to_the_next_one(
    hass: HomeAssistant, make_entry: EntryMaker, hass_storage: dict[str, Any]
):
    entry = await set_up(hass, make_entry())
    await turn(hass, entry, "on")
    assert len(hass_storage["cosem.pauses"]["data"]) == 1
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    assert hass_storage["cosem.pauses"]["data"] == []
    again = await set_up(hass, make_entry())
    assert switch(hass, again).state == STATE_OFF
    assert float(state_of(hass, again, ENERGY)) > 0


async def test_a_pause_during_the_set_up_of_another_entry_ends_that_and_it_is_loaded_without_reading(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter, freezer: FrozenDateTimeFactory
):
    entry = await set_up(hass, make_entry())
    gas = make_entry(server_wport=16, objects=["3:7.0.3.0.0.255"], title="Gas")
    gas.add_to_hass(hass)
    silent = meter.faults.add("silent", on="get")
    set_up_of_gas = asyncio.create_task(hass.config_entries.async_setup(gas.entry_id))
    await until(lambda: silent.fired)
    await turn(hass, entry, "on", wait=False)
    await set_up_of_gas
    assert gas.state is ConfigEntryState.SETUP_RETRY
    meter.faults.clear()
    before = meter.connections
    await poll(hass, freezer, 120)
    assert gas.state is ConfigEntryState.LOADED
    assert switch(hass, gas).state == STATE_ON
    assert meter.connections == before
    await turn(hass, gas, "off")
    assert float(state_of(hass, gas, GAS)) > 0


async def sent_while_paused(hass: HomeAssistant, make_entry: EntryMaker) -> MockConfigEntry:
    """Set up an entry that listens, pause, and let the meter send a power of 456 W."""
    pytest_socket.socket_allow_hosts([LOOPBACK], allow_unix_socket=True)
    port = free_port()
    entry = await set_up(hass, with_options(make_entry(), listening(port, state_pause=0)))
    await turn(hass, entry, "on")
    async with told(hass, 1):
        say(port, wpdu(event_notification("06000001C8", "1.0.1.7.0.255", class_id=3)))
    return entry


async def test_what_the_meter_sends_is_shown_and_told_meanwhile(
    hass: HomeAssistant,
    socket_enabled: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
):
    entry = await sent_while_paused(hass, make_entry)
    assert state_of(hass, entry, POWER) == "456"
    assert state_of(hass, entry, ENERGY) == STATE_UNAVAILABLE
    await turn(hass, entry, "off")
    assert state_of(hass, entry, POWER) == str(meter.truth("1.0.1.7.0.255").value)
    assert float(state_of(hass, entry, ENERGY)) > 0


async def test_after_a_pause_a_meter_that_is_away_is_told_like_any_other(
    hass: HomeAssistant,
    socket_enabled: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
):
    """And what was sent during the pause is no value of it any more."""
    entry = await sent_while_paused(hass, make_entry)
    meter.faults.add("refuse")
    await turn(hass, entry, "off")
    assert state_of(hass, entry, POWER) == STATE_UNAVAILABLE
    assert entry.runtime_data.last_exception.translation_key == "cannot_connect"
    meter.faults.clear()
    await poll(hass, freezer, 120)
    assert float(state_of(hass, entry, ENERGY)) > 0


async def test_a_meter_that_calls_is_not_asked_and_its_calls_are_taken(
    hass: HomeAssistant,
    socket_enabled: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
):
    pytest_socket.socket_allow_hosts([LOOPBACK], allow_unix_socket=True)
    port = free_port(socket.SOCK_STREAM)
    async with calling(meter) as (caller,):
        entry = await set_up(hass, called_entry(make_entry, port))
        await turn(hass, entry, "on")
        before = meter.requests
        caller.call(port)
        await until(lambda: entry.runtime_data.notifications.calls.is_there)
        await poll(hass, freezer, 600)
        assert meter.requests == before
        assert state_of(hass, entry, ENERGY) == STATE_UNAVAILABLE
        await hass.config_entries.async_reload(entry.entry_id)
        await poll(hass, freezer, 600)
        assert meter.requests == before
        assert switch(hass, entry).state == STATE_ON
        await turn(hass, entry, "off")
        caller.call(port)  # the first call was ended meanwhile, because nothing was said over it
        await read(hass, entry)
        assert float(state_of(hass, entry, ENERGY)) > 0
        await unloaded(hass, entry)
