"""How the meter is polled: few exchanges, exact moments, the right meter only, patience after failures."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.helpers.update_coordinator import UpdateFailed
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cosem.const import DOMAIN
from custom_components.cosem.coordinator import CosemCoordinator
from custom_components.cosem.dlms import AttributeDescriptor, LogicalName, ScalerUnit
from custom_components.cosem.dlms.encoding.data import unsigned
from custom_components.cosem.meter.clients import async_open_client, timing
from custom_components.cosem.meter.credentials import association_parameters
from custom_components.cosem.meter.store import async_load_meter, async_save_objects
from tests.conftest import HOST, poll, sensor_id, set_up, state_of, until
from tests.simulated_meter.link import Direction, Pause, Send
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.objects import constant
from tests.simulated_meter.profile import MeterProfile
from tests.simulated_meter.steps import Finish

type EntryMaker = Callable[..., MockConfigEntry]

ENERGY = "3_1.0.1.8.0.255_2"
POWER = "3_1.0.1.7.0.255_2"
VOLTAGE = "3_1.0.32.7.0.255_2"
DRIFT = "8_0.0.1.0.0.255_2_drift"
ENERGY_VALUE = AttributeDescriptor(3, LogicalName.parse("1.0.1.8.0.255"), 2)
ENERGY_UNIT = ENERGY_VALUE._replace(attribute_index=3)


def coordinator_of(entry: MockConfigEntry) -> CosemCoordinator:
    coordinator = entry.runtime_data
    assert isinstance(coordinator, CosemCoordinator)
    return coordinator


def kinds_since(meter: SimulatedMeter, number: int) -> list[str]:
    """The kinds of the requests after this one."""
    return [request.kind for request in meter.log if request.number > number]


@pytest.fixture
def no_jitter() -> Iterator[None]:
    with patch("custom_components.cosem.coordinator.random.uniform", return_value=1.0):
        yield


def pause_of(entry: MockConfigEntry) -> float:
    failure = coordinator_of(entry).last_exception
    assert isinstance(failure, UpdateFailed)
    assert failure.retry_after is not None
    return failure.retry_after


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


async def test_units_are_read_once_in_the_life_of_an_object_list(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter
):
    entry = await set_up(hass, make_entry())
    stored = await async_load_meter(hass, str(entry.unique_id))
    assert stored.scaler_units[ENERGY_UNIT] == ScalerUnit(0, 30)
    assert len(stored.scaler_units) > 30  # those of disabled entities, too
    meter.faults.add("denied", attribute=3)
    await hass.config_entries.async_reload(entry.entry_id)
    assert coordinator_of(entry).scaler_unit(ENERGY_VALUE) == ScalerUnit(0, 30)
    assert coordinator_of(entry).refused == {}


async def test_units_are_read_again_when_the_object_list_changed(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter
):
    entry = await set_up(hass, make_entry())
    objects = coordinator_of(entry).objects
    await async_save_objects(hass, str(entry.unique_id), objects[:-1])
    fault = meter.faults.add("denied", object="1.0.1.8.0.255", attribute=3)
    await hass.config_entries.async_reload(entry.entry_id)
    assert fault.fired


async def test_other_firmware_brings_object_list_and_units_anew(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    hass_storage: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
):
    entry = await set_up(hass, make_entry())
    listed = len(coordinator_of(entry).objects)
    await hass.config_entries.async_unload(entry.entry_id)
    (key,) = (key for key in hass_storage if key.startswith(DOMAIN))
    record = hass_storage[key]["data"]
    record["firmware"] = "SIM-FW 1.3.0"
    record["objects"] = [item for item in record["objects"] if item["logical_name"] != "1.0.14.7.0.255"]
    record["scaler_units"]["3:1.0.1.8.0.255:3"] = [3, 30]
    await hass.config_entries.async_setup(entry.entry_id)
    assert "runs another firmware" in caplog.text
    assert len(coordinator_of(entry).objects) == listed
    assert coordinator_of(entry).scaler_unit(ENERGY_VALUE) == ScalerUnit(0, 30)


async def test_units_of_disabled_entities_are_left_for_later_when_they_take_long(
    hass: HomeAssistant, network: None, make_entry: EntryMaker
):
    with patch("custom_components.cosem.coordinator.SCALER_BUDGET", 0):
        entry = await set_up(hass, make_entry())
    assert len(coordinator_of(entry).scaler_units) == 3


async def test_trouble_with_disabled_entities_does_not_fail_the_set_up(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter
):
    meter.faults.add("count-bomb", object="1.0.14.7.0.255", attribute=3)
    entry = await set_up(hass, make_entry())
    assert entry.state is ConfigEntryState.LOADED
    assert state_of(hass, entry, ENERGY) not in {STATE_UNAVAILABLE, STATE_UNKNOWN}
    assert meter.open_links == 0


# --- Object list not readable -------------------------------------------------------------------------------------


async def test_without_a_readable_object_list_the_ticked_objects_are_read(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter
):
    meter.faults.add("denied", object="0.0.40.0.0.255")
    entry = await set_up(hass, make_entry())
    assert len(coordinator_of(entry).objects) == 4
    assert float(state_of(hass, entry, ENERGY)) > 0


async def test_object_typed_by_hand_is_read_besides_the_object_list(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, caplog: pytest.LogCaptureFixture
):
    entry = await set_up(hass, make_entry(objects=["3:1.0.1.8.0.255", "3:1.0.99.7.0.255"]))
    assert state_of(hass, entry, "3_1.0.99.7.0.255_2") == STATE_UNAVAILABLE
    assert float(state_of(hass, entry, ENERGY)) > 0


# --- The right meter only -----------------------------------------------------------------------------------------


async def test_data_of_another_meter_is_never_taken(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    meters: dict[str, SimulatedMeter],
    freezer: FrozenDateTimeFactory,
    issue_registry: ir.IssueRegistry,
    caplog: pytest.LogCaptureFixture,
):
    entry = await set_up(hass, make_entry())
    data = coordinator_of(entry).data
    meters[HOST] = SimulatedMeter(MeterProfile(seed=99), meter.clock)
    await poll(hass, freezer)
    assert state_of(hass, entry, ENERGY) == STATE_UNAVAILABLE
    assert coordinator_of(entry).data is data
    assert "Another meter answers at this address" in caplog.text
    assert issue_registry.async_get_issue(DOMAIN, f"other_meter_{entry.entry_id}")
    meters[HOST] = meter
    await poll(hass, freezer)
    assert float(state_of(hass, entry, ENERGY)) > 0
    assert issue_registry.async_get_issue(DOMAIN, f"other_meter_{entry.entry_id}") is None


async def test_meter_swapped_behind_a_kept_association_is_noticed_with_the_next_one(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    meters: dict[str, SimulatedMeter],
    freezer: FrozenDateTimeFactory,
):
    entry = await set_up(hass, make_entry(stay_connected=True))
    meters[HOST] = SimulatedMeter(MeterProfile(seed=99), meter.clock)
    meter.faults.add("reset")
    await poll(hass, freezer)
    assert state_of(hass, entry, ENERGY) == STATE_UNAVAILABLE


async def test_meter_without_a_name_is_known_by_its_number(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
):
    fault = meter.faults.add("denied", object="0.0.42.0.0.255")
    entry = await set_up(hass, make_entry(unique_id="49762188_1"))
    assert entry.state is ConfigEntryState.LOADED, entry.reason
    await poll(hass, freezer)
    assert float(state_of(hass, entry, ENERGY)) > 0
    # The name that becomes readable one day changes nothing.
    meter.faults.faults.remove(fault)
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED


async def test_without_proof_of_identity_nothing_is_taken(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
):
    entry = await set_up(hass, make_entry())
    meter.faults.add("temporary-failure", object="0.0.42.0.0.255", times=1)
    await poll(hass, freezer)
    assert state_of(hass, entry, ENERGY) == STATE_UNAVAILABLE
    assert "does not say which one it is" in caplog.text
    await poll(hass, freezer)
    assert float(state_of(hass, entry, ENERGY)) > 0


# --- Units --------------------------------------------------------------------------------------------------------


async def test_number_without_its_unit_is_not_published(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
):
    fault = meter.faults.add("temporary-failure", object="1.0.32.7.0.255", attribute=3)
    entry = await set_up(hass, make_entry())
    assert state_of(hass, entry, VOLTAGE) == STATE_UNKNOWN
    meter.faults.faults.remove(fault)
    await poll(hass, freezer)
    assert 200 < float(state_of(hass, entry, VOLTAGE)) < 260
    state = hass.states.get(sensor_id(hass, entry, VOLTAGE))
    assert state is not None
    assert state.attributes["unit_of_measurement"] == "V"


async def test_register_whose_unit_is_refused_is_unavailable(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
):
    meter.faults.add("denied", object="1.0.32.7.0.255", attribute=3)
    entry = await set_up(hass, make_entry())
    assert state_of(hass, entry, VOLTAGE) == STATE_UNAVAILABLE
    assert float(state_of(hass, entry, ENERGY)) > 0
    before = meter.requests
    await poll(hass, freezer)
    assert kinds_since(meter, before) == ["aarq", "get", "rlrq"]
    assert caplog.text.count("does not give 3:1.0.32.7.0.255:3 (read-write-denied)") == 1


async def test_register_whose_unit_makes_no_sense_is_unavailable(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    caplog: pytest.LogCaptureFixture,
):
    (voltage,) = meter.devices[1].named(LogicalName.parse("1.0.32.7.0.255"))
    meter.devices[1].add(replace(voltage, attributes={2: voltage.attributes[2], 3: constant(unsigned(35))}))
    entry = await set_up(hass, make_entry())
    assert state_of(hass, entry, VOLTAGE) == STATE_UNAVAILABLE
    assert float(state_of(hass, entry, ENERGY)) > 0
    assert caplog.text.count("does not give 3:1.0.32.7.0.255:3 (not a scaler_unit)") == 1


# --- Clock --------------------------------------------------------------------------------------------------------


async def test_clock_is_asked_alone_after_a_slow_read(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
):
    await set_up(hass, make_entry())
    before = meter.requests
    with patch("custom_components.cosem.coordinator._SLOW_READ", -1.0):
        await poll(hass, freezer)
    assert kinds_since(meter, before) == ["aarq", "get", "get", "rlrq"]


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
    assert kinds_since(meter, before)[-2:] == ["aarq", "get"]
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
    async with async_open_client(hass, HOST, 4059, timing(10)) as client:
        assert meter.log[-1].kind == "rlrq"
        async with client.associate(association_parameters(entry.data)) as association:
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


async def test_endless_failure_stays_at_five_minutes(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, no_jitter: None
):
    coordinator = coordinator_of(await set_up(hass, make_entry()))
    coordinator._failures = 100_000
    assert coordinator._pause(None) == 300


async def test_pauses_vary_by_a_tenth(hass: HomeAssistant, network: None, make_entry: EntryMaker):
    coordinator = coordinator_of(await set_up(hass, make_entry()))
    pauses = {coordinator._pause(None) for _ in range(200)}
    assert len(pauses) > 100
    assert all(pause is not None and 54 <= pause <= 66 for pause in pauses)
    asked_for = {coordinator._pause(30) for _ in range(200)}
    assert all(pause is not None and 27 <= pause <= 30 for pause in asked_for)


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

    async def stubborn() -> None:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            raise UpdateFailed("on the way out") from None

    with patch.object(coordinator, "_async_poll", stubborn):
        refresh = asyncio.create_task(coordinator.async_refresh())
        await asyncio.sleep(0)
        refresh.cancel()
        with pytest.raises(asyncio.CancelledError):
            await refresh
    assert "never retrieved" not in caplog.text
