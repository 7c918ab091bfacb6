"""Setting up, unloading, removing: what the user sees, and that nothing is left behind."""

import asyncio
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_IGNORE, ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_STOP, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cosem import MAX_OFFERS, _offer_further_logical_devices
from custom_components.cosem.const import DOMAIN
from custom_components.cosem.dlms.interface_classes.sap_assignment import SapAssignment
from custom_components.cosem.meter.own_entities import OwnEntity
from tests.conftest import HOST, OVER, poll, set_up, state_of, unique_id_of, until
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import MeterProfile

type EntryMaker = Callable[..., MockConfigEntry]

ENERGY = "3_1.0.1.8.0.255_2"
GAS = "3_7.0.3.0.0.255_2"


def discoveries(hass: HomeAssistant) -> list[dict[str, Any]]:
    return [
        dict(flow)
        for flow in hass.config_entries.flow.async_progress_by_handler(DOMAIN)
        if flow["context"]["source"] == "integration_discovery"
    ]


async def test_set_up_reads_everything_in_one_association(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter
):
    entry = await set_up(hass, make_entry())
    assert entry.state is ConfigEntryState.LOADED
    assert meter.connections == 1
    assert [request.kind for request in meter.log].count("aarq") == 1
    assert meter.log[-1].kind == "rlrq"
    assert meter.open_links == 0


async def test_second_set_up_knows_the_object_list_and_the_units(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter
):
    entry = await set_up(hass, make_entry())
    first = meter.requests
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    # Association, identity, values, release.
    assert meter.requests - first <= 5


async def test_one_device_says_who_the_meter_is(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    device_registry: dr.DeviceRegistry,
):
    entry = await set_up(hass, make_entry(title="SIM 49762188"))
    (device,) = dr.async_entries_for_config_entry(device_registry, entry.entry_id)
    assert device.identifiers == {(DOMAIN, unique_id_of(meter))}
    assert device.name == "SIM 49762188"
    assert device.manufacturer == "SIM"
    assert device.model == "Electricity meter"
    assert device.serial_number == "49762188"
    assert device.sw_version == "SIM-FW 1.4.2"


async def test_unload_makes_entities_unavailable_and_closes(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter
):
    entry = await set_up(hass, make_entry(stay_connected=True))
    assert meter.open_links == 1
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert entry.state is ConfigEntryState.NOT_LOADED
    assert state_of(hass, entry, ENERGY) == STATE_UNAVAILABLE
    assert meter.log[-1].kind == "rlrq"
    assert meter.open_links == 0


async def test_stop_of_home_assistant_releases_a_kept_association(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
):
    entry = await set_up(hass, make_entry(stay_connected=True))
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done()
    assert meter.log[-1].kind == "rlrq"
    assert meter.open_links == 0
    requests = meter.requests
    await poll(hass, freezer)
    await hass.config_entries.async_unload(entry.entry_id)
    assert meter.requests == requests


async def test_set_up_is_tried_again_while_the_meter_is_away(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
):
    meter.faults.add("refuse")
    entry = await set_up(hass, make_entry())
    assert entry.state is ConfigEntryState.SETUP_RETRY
    said = "The meter refused the connection for now. Another program may be connected: connection failed: refused"
    assert entry.reason == said
    assert entry.error_reason_translation_key == "association_refused_for_now"
    meter.faults.clear()
    await poll(hass, freezer, 11)
    assert entry.state is ConfigEntryState.LOADED


async def test_wrong_password_asks_for_another_and_is_not_sent_again(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
):
    entry = await set_up(hass, make_entry(password="wrong"))
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert [flow["context"]["source"] for flow in hass.config_entries.flow.async_progress()] == ["reauth"]
    for _ in range(5):
        await poll(hass, freezer, 600)
    assert meter.requests == 1


@pytest.mark.parametrize("transport", OVER)
async def test_f07_other_meter_at_the_address_is_not_taken(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    meters: dict[str, SimulatedMeter],
    issue_registry: ir.IssueRegistry,
    transport: dict[str, str],
):
    entry = make_entry(**transport)
    meters[HOST] = SimulatedMeter(MeterProfile(seed=99), meter.clock)
    await set_up(hass, entry)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert entry.error_reason_translation_key == "other_meter"
    issue = issue_registry.async_get_issue(DOMAIN, f"other_meter_{entry.entry_id}")
    assert issue is not None
    assert issue.translation_placeholders == {
        "name": "Meter",
        "expected": unique_id_of(meter),
        "found": unique_id_of(meters[HOST]),
    }
    assert not hass.states.async_all("sensor")
    # The right meter is back at this address.
    meters[HOST] = meter
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED
    assert issue_registry.async_get_issue(DOMAIN, f"other_meter_{entry.entry_id}") is None


async def test_meter_without_a_name_is_not_taken(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter
):
    for logical_name in ("0.0.42.0.0.255", "0.0.96.1.0.255", "1.0.0.0.0.255", "0.0.96.1.1.255", "1.0.0.0.1.255"):
        meter.faults.add("denied", object=logical_name)
    entry = await set_up(hass, make_entry())
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "identity_unreadable"


async def test_removed_entry_leaves_nothing(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meters: dict[str, SimulatedMeter],
    meter: SimulatedMeter,
    hass_storage: dict[str, Any],
    issue_registry: ir.IssueRegistry,
    freezer: FrozenDateTimeFactory,
):
    entry = await set_up(hass, make_entry())
    assert any(key.startswith(DOMAIN) for key in hass_storage)
    meters[HOST] = SimulatedMeter(MeterProfile(seed=99), meter.clock)
    await poll(hass, freezer)
    assert issue_registry.issues
    await hass.config_entries.async_remove(entry.entry_id)
    assert not any(key.startswith(DOMAIN) for key in hass_storage)
    assert not issue_registry.issues
    assert not hass.states.async_all("sensor")


async def test_further_logical_devices_are_discovered(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter
):
    await set_up(hass, make_entry())
    (flow,) = discoveries(hass)
    assert flow["context"]["unique_id"] == unique_id_of(meter, 16)


async def test_trial_29_cards_of_a_deleted_entry_go(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter
):
    entry = await set_up(hass, make_entry())
    other = await hass.config_entries.flow.async_init(DOMAIN, context={"source": "user"})
    assert len(discoveries(hass)) == 1
    await hass.config_entries.async_unload(entry.entry_id)
    assert len(discoveries(hass)) == 1
    await hass.config_entries.async_remove(entry.entry_id)
    assert discoveries(hass) == []
    assert [flow["flow_id"] for flow in hass.config_entries.flow.async_progress()] == [other["flow_id"]]


async def test_trial_29_cards_follow_an_entry_that_moved(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter, meters: dict[str, SimulatedMeter]
):
    entry = await set_up(hass, make_entry())
    (before,) = discoveries(hass)
    meters["192.0.2.99"] = meter
    hass.config_entries.async_update_entry(entry, data={**entry.data, "host": "192.0.2.99"})
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    (after,) = discoveries(hass)
    assert after["flow_id"] != before["flow_id"]
    assert after["context"]["unique_id"] == before["context"]["unique_id"]
    assert hass.config_entries.flow._progress[after["flow_id"]].init_data["host"] == "192.0.2.99"


@pytest.mark.parametrize("source", ["user", SOURCE_IGNORE])
async def test_known_logical_device_is_not_discovered_again(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter, source: str
):
    MockConfigEntry(domain=DOMAIN, unique_id=unique_id_of(meter, 16), source=source).add_to_hass(hass)
    entry = make_entry()
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    assert not discoveries(hass)


async def test_two_logical_devices_share_one_connection_at_a_time(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter
):
    electricity = await set_up(hass, make_entry(stay_connected=True))
    gas = await set_up(hass, make_entry(server_wport=16, objects=["3:7.0.3.0.0.255"], stay_connected=True))
    assert (electricity.state, gas.state) == (ConfigEntryState.LOADED, ConfigEntryState.LOADED)
    assert meter.connections == 1
    assert float(state_of(hass, gas, GAS)) > 0
    await hass.config_entries.async_unload(electricity.entry_id)
    assert meter.open_links == 1
    await hass.config_entries.async_unload(gas.entry_id)
    assert meter.open_links == 0


async def test_only_ticked_objects_are_enabled(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, entity_registry: er.EntityRegistry
):
    entry = await set_up(hass, make_entry(objects=["3:1.0.1.8.0.255"]))
    registered = er.async_entries_for_config_entry(entity_registry, entry.entry_id)
    assert len(registered) > 40
    enabled = {item.unique_id for item in registered if item.disabled_by is None}
    assert enabled == {f"{entry.unique_id}_{own}" for own in (ENERGY, "meter_event", "pause_polling")}
    assert {item.disabled_by for item in registered} == {None, er.RegistryEntryDisabler.INTEGRATION}


async def test_enabling_an_entity_on_the_device_page_makes_it_polled(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    entity_registry: er.EntityRegistry,
    freezer: FrozenDateTimeFactory,
):
    entry = await set_up(hass, make_entry(objects=["3:1.0.1.8.0.255"]))
    frequency = "3_1.0.14.7.0.255_2"
    entity_id = entity_registry.async_get_entity_id("sensor", DOMAIN, f"{entry.unique_id}_{frequency}")
    assert entity_id is not None
    entity_registry.async_update_entity(entity_id, disabled_by=None)
    await hass.async_block_till_done()
    await poll(hass, freezer, 31)  # Home Assistant reloads the entry half a minute later
    assert 49 < float(state_of(hass, entry, frequency)) < 51


async def test_reload_while_the_first_poll_is_under_way(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter
):
    meter.faults.add("silent", on="get", times=1)
    entry = make_entry(response_timeout=2)
    entry.add_to_hass(hass)
    setup = asyncio.create_task(hass.config_entries.async_setup(entry.entry_id))
    await until(lambda: meter.requests)
    reload = asyncio.create_task(hass.config_entries.async_reload(entry.entry_id))
    await asyncio.gather(setup, reload)
    assert entry.state is ConfigEntryState.LOADED
    assert meter.open_links == 0


def many_devices(hass: HomeAssistant, entry: Any, *names: str) -> None:
    """Let the meter name these logical devices, whatever they are."""
    entry.runtime_data.reader.logical_devices = tuple(
        SapAssignment(100 + number, name.encode()) for number, name in enumerate(names)
    )
    _offer_further_logical_devices(hass, entry)


async def test_trial_24_at_most_sixteen_logical_devices_are_offered(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, caplog: pytest.LogCaptureFixture
):
    entry = await set_up(hass, make_entry())
    before = len(discoveries(hass))
    assert before == 1
    assert "more logical devices" not in caplog.text
    many_devices(hass, entry, *[f"EVL{number}" for number in range(500)])
    await hass.async_block_till_done(wait_background_tasks=True)
    assert len(discoveries(hass)) == MAX_OFFERS == 16
    assert caplog.text.count("Meter (2>1) names 500 more logical devices; 15 of them are offered") == 1
    # Neither others nor the same ones come on top of these.
    many_devices(hass, entry, *[f"EVIL{number}" for number in range(500)], "EVL0")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert len(discoveries(hass)) == 16


async def test_a_logical_device_that_is_named_twice_is_offered_once(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, caplog: pytest.LogCaptureFixture
):
    entry = await set_up(hass, make_entry())
    many_devices(hass, entry, *["EVL0"] * 500)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert len(discoveries(hass)) == 2
    assert "more logical devices" not in caplog.text


async def test_trial_24_surplus_entities_are_said_once(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, caplog: pytest.LogCaptureFixture
):
    with patch("custom_components.cosem.meter.entity_plan.MAX_ENTITIES", 20):
        entry = await set_up(hass, make_entry(objects=["3:1.0.1.8.0.255", "3:1.0.31.7.0.255"]))
        assert entry.state is ConfigEntryState.LOADED
    assert len(er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)) == 20 + len(OwnEntity)
    assert state_of(hass, entry, "3_1.0.31.7.0.255_2") not in {"unavailable", "unknown"}
    assert caplog.text.count("Meter (2>1) has more than") == 1
