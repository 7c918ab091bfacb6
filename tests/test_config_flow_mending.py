"""Forms for what exists already: a new password, a changed connection, options, a further logical device."""

from collections.abc import Callable
from typing import Any

from homeassistant.config_entries import SOURCE_INTEGRATION_DISCOVERY, ConfigEntryState, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cosem.const import DOMAIN
from custom_components.cosem.meter.identity import logical_device_title
from custom_components.cosem.meter.store import async_load_meter
from tests.conftest import HOST, state_of, unique_id_of
from tests.flow_tools import aarqs, added_anyway, connection, shown_again, submit
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import MeterProfile
from tests.still_loop import quiet

type EntryMaker = Callable[..., MockConfigEntry]

OTHER_HOST = "192.0.2.8"
GAS_WPORT = 16
ENERGY = "3:1.0.1.8.0.255"


@pytest.fixture(autouse=True)
def _reachable(network: None) -> None:
    """Let the forms reach the simulated meters."""


@pytest.fixture
def other_meter(meters: dict[str, SimulatedMeter], meter: SimulatedMeter) -> SimulatedMeter:
    """Another meter, at another address."""
    meters[OTHER_HOST] = SimulatedMeter(MeterProfile(seed=2), meter.clock)
    return meters[OTHER_HOST]


@pytest.fixture
def entry(hass: HomeAssistant, make_entry: EntryMaker) -> MockConfigEntry:
    """An entry for the simulated meter, not set up."""
    entry = make_entry()
    entry.add_to_hass(hass)
    return entry


async def loaded(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Set an entry up."""
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED


# --- A new password ---------------------------------------------------------------------------------------------------


async def test_reauthentication_asks_for_the_password_only(
    hass: HomeAssistant, entry: MockConfigEntry, meter: SimulatedMeter
):
    hass.config_entries.async_update_entry(entry, data={**entry.data, "password": "outdated"})
    result = await entry.start_reauth_flow(hass)
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "reauth_confirm"
    assert [str(key) for key in result["data_schema"].schema] == ["password"]
    assert shown_again(result) == {}
    assert result["description_placeholders"]["host"] == HOST
    assert result["description_placeholders"]["name"] == entry.title
    assert meter.connections == 0

    result = await submit(hass, result, password="simulated")
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reauth_successful"
    assert entry.data == {**connection(), "password": "simulated"}
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED


async def test_reauthentication_with_a_wrong_password_sends_it_once(
    hass: HomeAssistant, entry: MockConfigEntry, meter: SimulatedMeter
):
    result = await entry.start_reauth_flow(hass)
    for attempt in (1, 2):
        result = await submit(hass, result, password="wrong")
        assert result["type"] is FlowResultType.FORM
        assert result["step_id"] == "reauth_confirm"
        assert result["errors"] == {"password": "invalid_auth"}
        assert shown_again(result) == {}
        await hass.async_block_till_done()
        assert aarqs(meter) == attempt
    assert entry.data["password"] == "simulated"
    result = await submit(hass, result, password="simulated")
    assert result["reason"] == "reauth_successful"


@pytest.mark.parametrize(
    ("fault", "parameters", "error"),
    [
        ("refuse", {}, "connection_refused"),
        ("aare-authentication", {"code": 11}, "mechanism_refused"),
        ("aare-transient", {}, "meter_busy"),
    ],
)
async def test_reauthentication_fails_for_other_reasons(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    meter: SimulatedMeter,
    fault: str,
    parameters: dict[str, Any],
    error: str,
):
    meter.faults.add(fault, **parameters)
    result = await submit(hass, await entry.start_reauth_flow(hass), password="simulated")
    assert result["step_id"] == "reauth_confirm"
    assert result["errors"] == {"base": error}  # the form has no field but the password
    meter.faults.clear()
    result = await submit(hass, result, password="simulated")
    assert result["reason"] == "reauth_successful"


async def test_reauthentication_of_an_entry_that_had_no_password(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter
):
    entry = make_entry(authentication="none")
    data = {key: value for key, value in entry.data.items() if key != "password"}
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, data=data)
    result = await submit(hass, await entry.start_reauth_flow(hass), password="simulated")
    assert result["step_id"] == "objects"
    result = await submit(hass, result, objects=[])
    assert result["reason"] == "reauth_successful"
    assert entry.data == {**data, "authentication": "password", "password": "simulated"}


async def test_reauthentication_finds_another_meter(
    hass: HomeAssistant, entry: MockConfigEntry, meters: dict[str, SimulatedMeter], other_meter: SimulatedMeter
):
    meters[HOST] = other_meter
    result = await submit(hass, await entry.start_reauth_flow(hass), password="simulated")
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "wrong_device"
    assert result["description_placeholders"]["name"].startswith("SIM ")


async def test_failed_reauthentication_does_not_start_a_loaded_entry_again(
    hass: HomeAssistant, entry: MockConfigEntry, meter: SimulatedMeter
):
    """Starting it would send the refused password once more."""
    await loaded(hass, entry)
    before = aarqs(meter)
    result = await submit(hass, await entry.start_reauth_flow(hass), password="wrong")
    hass.config_entries.flow.async_abort(result["flow_id"])
    await hass.async_block_till_done()
    assert aarqs(meter) == before + 1
    assert entry.state is ConfigEntryState.LOADED


# --- A changed connection ---------------------------------------------------------------------------------------------


async def test_meter_moved_to_another_address(
    hass: HomeAssistant, entry: MockConfigEntry, meters: dict[str, SimulatedMeter], meter: SimulatedMeter
):
    result = await entry.start_reconfigure_flow(hass)
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "reconfigure"
    assert result["description_placeholders"]["name"] == entry.title
    # wPort 2 was typed in, server wPort 1 came with the preset.
    expected = {key: value for key, value in connection().items() if key != "server_wport"}
    assert shown_again(result) == expected
    (advanced,) = [field for key, field in result["data_schema"].schema.items() if key == "advanced"]
    assert {str(key) for key in advanced.schema.schema} == {"transport", "referencing"}

    meters[OTHER_HOST] = meter
    result = await submit(hass, result, **connection(host=OTHER_HOST, port=4060))
    assert result["step_id"] == "known_password"
    assert shown_again(result) == {}
    result = await submit(hass, result)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reconfigure_successful"
    assert entry.data == {**connection(host=OTHER_HOST, port=4060), "password": "simulated"}
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED


async def test_wports_of_the_preset_are_left_empty(hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter):
    entry = make_entry(client_wport=1, server_wport=1)
    entry.add_to_hass(hass)
    result = await entry.start_reconfigure_flow(hass)
    assert shown_again(result).keys() == {"host", "port", "preset", "authentication"}


async def test_wports_that_were_typed_in_are_shown(hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter):
    entry = make_entry(server_wport=GAS_WPORT, preset="gone with another version")
    entry.add_to_hass(hass)
    shown = shown_again(await entry.start_reconfigure_flow(hass))
    assert (shown["client_wport"], shown["server_wport"]) == (2, GAS_WPORT)


async def test_reconfiguration_finds_another_meter(
    hass: HomeAssistant, entry: MockConfigEntry, meter: SimulatedMeter, other_meter: SimulatedMeter
):
    await loaded(hass, entry)
    before = dict(entry.data)
    result = await submit(hass, await entry.start_reconfigure_flow(hass), **connection(host=OTHER_HOST))
    result = await submit(hass, result)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "wrong_device"
    assert result["description_placeholders"]["name"].startswith("SIM ")
    assert dict(entry.data) == before
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED  # it goes on as it was


async def test_reconfiguration_finds_a_meter_that_has_an_entry(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    other_meter: SimulatedMeter,
):
    await loaded(hass, entry)
    make_entry(title="*Cellar*", host="192.0.2.99", unique_id=unique_id_of(other_meter)).add_to_hass(hass)
    before = dict(entry.data)
    result = await submit(hass, await entry.start_reconfigure_flow(hass), **connection(host=OTHER_HOST))
    result = await submit(hass, result)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "known_device")
    assert result["description_placeholders"] == {"name": r"\*Cellar\*"}
    assert dict(entry.data) == before


async def test_reconfiguration_with_a_new_password(hass: HomeAssistant, entry: MockConfigEntry, meter: SimulatedMeter):
    result = await submit(hass, await entry.start_reconfigure_flow(hass), **connection())
    result = await submit(hass, result, password="wrong")
    assert result["step_id"] == "password"
    assert result["errors"] == {"password": "invalid_auth"}
    assert aarqs(meter) == 1
    result = await submit(hass, result, password="simulated")
    assert result["reason"] == "reconfigure_successful"


async def test_reconfiguration_to_a_client_without_password_forgets_it(
    hass: HomeAssistant, entry: MockConfigEntry, meter: SimulatedMeter
):
    result = await submit(
        hass, await entry.start_reconfigure_flow(hass), **connection(client_wport=16, authentication="none")
    )
    result = await submit(hass, result, objects=[])
    assert result["reason"] == "reconfigure_successful"
    assert "password" not in entry.data
    assert entry.data["authentication"] == "none"


async def test_trial_13_another_client_brings_its_own_objects(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter
):
    """An entry of a client that may see nothing, reconfigured to one that may: nothing had to be deleted for it."""
    entry = make_entry(client_wport=16, authentication="none", objects=["3:1.0.99.98.0.255"])
    entry.add_to_hass(hass)
    await loaded(hass, entry)
    stored = await async_load_meter(hass, str(entry.unique_id))
    assert stored.listed_for == "16 none"
    before = {element.logical_name for element in stored.objects}
    result = await submit(hass, await entry.start_reconfigure_flow(hass), **connection())
    result = await submit(hass, result, password="simulated")
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "objects")
    (field, _time_policy) = result["data_schema"].schema
    offered = {choice["value"] for choice in result["data_schema"].schema[field].config["options"]}
    assert ENERGY in offered
    assert "3:1.0.99.98.0.255" in offered, "what was typed is offered further on"
    assert field.default() == ["3:1.0.99.98.0.255"]
    options = dict(entry.options)
    result = await submit(hass, result, objects=[ENERGY], time_policy="inverted")
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert entry.options == {**options, "objects": [ENERGY], "time_policy": "inverted"}
    stored = await async_load_meter(hass, str(entry.unique_id))
    assert stored.listed_for == "2 password"
    assert len(stored.objects) > len(before)
    assert float(state_of(hass, entry, "3_1.0.1.8.0.255_2")) > 0


async def test_where_nothing_was_chosen_before_sensible_objects_are_proposed(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter
):
    entry = make_entry(client_wport=16, authentication="none", objects=[])
    entry.add_to_hass(hass)
    await loaded(hass, entry)
    result = await submit(hass, await entry.start_reconfigure_flow(hass), **connection())
    result = await submit(hass, result, password="simulated")
    (field, _time_policy) = result["data_schema"].schema
    assert ENERGY in field.default()


async def test_the_same_client_keeps_its_objects(hass: HomeAssistant, entry: MockConfigEntry, meter: SimulatedMeter):
    await loaded(hass, entry)
    before = await async_load_meter(hass, str(entry.unique_id))
    result = await submit(hass, await entry.start_reconfigure_flow(hass), **connection())
    result = await submit(hass, result)
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert await async_load_meter(hass, str(entry.unique_id)) == before


async def test_failed_reconfiguration_lets_the_entry_go_on_and_recovers(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter
):
    """A meter keeps one association for a pair of wPorts: the entry lends its own, and gets it back."""
    entry = make_entry(stay_connected=True)
    entry.add_to_hass(hass)
    await loaded(hass, entry)
    assert meter.open_links == 1
    meter.faults.add("aare-transient", times=1)
    result = await submit(hass, await entry.start_reconfigure_flow(hass), **connection())
    result = await submit(hass, result)
    assert result["step_id"] == "reconfigure"
    assert result["errors"] == {"base": "meter_busy"}
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED

    result = await submit(hass, result, **connection())
    result = await submit(hass, result)
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert meter.open_links == 1


async def test_dialog_closed_during_a_reconfiguration(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter
):
    entry = make_entry(stay_connected=True)
    entry.add_to_hass(hass)
    await loaded(hass, entry)
    result = await submit(hass, await entry.start_reconfigure_flow(hass), **connection())
    meter.faults.add("silent", on="aarq", times=1)
    result = await hass.config_entries.flow.async_configure(result["flow_id"], {})
    assert result["type"] is FlowResultType.SHOW_PROGRESS
    await quiet()
    before = aarqs(meter)
    polling = hass.async_create_task(entry.runtime_data.async_refresh())
    await quiet()
    assert aarqs(meter) == before  # many meters serve one at a time: the poll waits
    hass.config_entries.flow.async_abort(result["flow_id"])
    await polling
    await hass.async_block_till_done()
    assert aarqs(meter) == before + 1
    assert entry.state is ConfigEntryState.LOADED
    assert entry.runtime_data.last_update_success


async def test_meter_that_serves_one_association_is_reached_by_another_address_of_its_own(
    hass: HomeAssistant, make_entry: EntryMaker, meters: dict[str, SimulatedMeter], meter: SimulatedMeter
):
    """What the entry keeps open is released, and its polls wait, although they go to the old address."""
    meter = SimulatedMeter(meter.profile.with_quirks(one_connection=True, one_association=True), meter.clock)
    meters[HOST] = meters[OTHER_HOST] = meter
    entry = make_entry(stay_connected=True)
    entry.add_to_hass(hass)
    await loaded(hass, entry)
    assert meter.open_links == 1
    result = await submit(hass, await entry.start_reconfigure_flow(hass), **connection(host=OTHER_HOST))
    result = await submit(hass, result)
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert entry.data["host"] == OTHER_HOST


async def test_another_address_where_nobody_answers_changes_nothing(
    hass: HomeAssistant, make_entry: EntryMaker, meters: dict[str, SimulatedMeter], meter: SimulatedMeter
):
    meters[OTHER_HOST] = SimulatedMeter(MeterProfile(seed=2), meter.clock)
    meters[OTHER_HOST].faults.add("refuse")
    entry = make_entry(stay_connected=True)
    entry.add_to_hass(hass)
    await loaded(hass, entry)
    result = await submit(hass, await entry.start_reconfigure_flow(hass), **connection(host=OTHER_HOST))
    result = await submit(hass, result)
    assert result["errors"] == {"base": "connection_refused"}
    assert entry.state is ConfigEntryState.LOADED
    await entry.runtime_data.async_refresh()
    assert entry.runtime_data.last_update_success
    assert meter.open_links == 1


async def test_reconfiguration_leaves_an_entry_alone_that_waits_for_a_password(
    hass: HomeAssistant, entry: MockConfigEntry, meter: SimulatedMeter
):
    await loaded(hass, entry)
    await entry.start_reauth_flow(hass)
    before = aarqs(meter)
    meter.faults.add("aare-transient", times=1)
    result = await submit(hass, await entry.start_reconfigure_flow(hass), **connection())
    result = await submit(hass, result)
    assert result["errors"] == {"base": "meter_busy"}
    await hass.async_block_till_done()
    assert aarqs(meter) == before + 1  # no set-up with the stored password in between


async def test_reconfiguration_to_the_association_of_another_entry(
    hass: HomeAssistant, entry: MockConfigEntry, make_entry: EntryMaker, meter: SimulatedMeter
):
    gas = make_entry(server_wport=GAS_WPORT)
    gas.add_to_hass(hass)  # sets both up
    await loaded(hass, entry)
    assert gas.state is ConfigEntryState.LOADED
    result = await submit(hass, await entry.start_reconfigure_flow(hass), **connection(server_wport=GAS_WPORT))
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "known_device"
    assert result["description_placeholders"] == {"name": gas.title}


# --- A further logical device -----------------------------------------------------------------------------------------


@pytest.fixture
def found(meter: SimulatedMeter) -> dict[str, Any]:
    """What an entry of the electricity part tells about the gas part."""
    return {
        "host": HOST,
        "port": 4059,
        "server_wport": GAS_WPORT,
        "logical_device_name": unique_id_of(meter, GAS_WPORT),
        "client_wport": 2,
        "preset": "generic",
    }


async def discovered(hass: HomeAssistant, found: dict[str, Any]) -> ConfigFlowResult:
    """Discover a logical device."""
    return await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_INTEGRATION_DISCOVERY}, data=found
    )


async def test_discovered_logical_device_asks_for_what_is_missing(
    hass: HomeAssistant, entry: MockConfigEntry, meter: SimulatedMeter, found: dict[str, Any]
):
    result = await discovered(hass, found)
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "discovery_confirm"
    assert [str(key) for key in result["data_schema"].schema] == ["authentication", "advanced"]
    assert result["description_placeholders"]["name"] == logical_device_title(found["logical_device_name"])
    assert result["description_placeholders"]["server_wport"] == str(GAS_WPORT)
    flow = hass.config_entries.flow.async_progress()[0]
    assert flow["context"]["title_placeholders"] == {"name": logical_device_title(found["logical_device_name"])}
    assert meter.connections == 0

    result = await submit(hass, result, authentication="password")
    assert result["step_id"] == "password"
    result = await submit(hass, result, password="simulated")
    assert result["step_id"] == "objects"
    result = await submit(hass, result)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["result"].unique_id == found["logical_device_name"]
    assert result["data"] == {**connection(server_wport=GAS_WPORT), "password": "simulated"}
    assert result["options"]["response_timeout"] == 10
    await hass.async_block_till_done()


async def test_discovered_logical_device_with_another_client(
    hass: HomeAssistant, meter: SimulatedMeter, found: dict[str, Any]
):
    result = await submit(hass, await discovered(hass, found), authentication="none")
    assert result["step_id"] == "discovery_confirm"
    assert result["errors"] == {"authentication": "authentication_required"}
    result = await submit(hass, result, authentication="none", advanced={"client_wport": 16, "response_timeout": 20})
    result = await added_anyway(hass, result)
    assert result["step_id"] == "objects"
    result = await submit(hass, result)
    assert result["data"]["client_wport"] == 16
    assert result["options"]["response_timeout"] == 20
    await hass.async_block_till_done()


async def test_discovered_logical_device_refuses_the_password(
    hass: HomeAssistant, meter: SimulatedMeter, found: dict[str, Any]
):
    result = await submit(hass, await discovered(hass, found), authentication="password")
    result = await submit(hass, result, password="wrong")
    assert result["step_id"] == "password"
    assert result["errors"] == {"password": "invalid_auth"}
    result = await submit(hass, result, password="simulated")
    assert result["step_id"] == "objects"


async def test_logical_device_that_has_an_entry_is_not_discovered_again(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter, found: dict[str, Any]
):
    entry = make_entry(server_wport=GAS_WPORT, host=OTHER_HOST)
    entry.add_to_hass(hass)
    result = await discovered(hass, found)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"
    # Nobody has proved the list of logical devices to be true, and the password would follow.
    assert entry.data["host"] == OTHER_HOST


async def test_logical_device_known_by_its_serial_number_is_not_discovered_again(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter, found: dict[str, Any]
):
    make_entry(server_wport=GAS_WPORT, unique_id="45342455_16").add_to_hass(hass)
    result = await discovered(hass, found)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


async def test_logical_device_with_another_name_than_announced(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter, found: dict[str, Any]
):
    """The meter's own word counts: here it turns out to be one that is set up already."""
    make_entry(server_wport=GAS_WPORT, host=OTHER_HOST).add_to_hass(hass)
    result = await discovered(hass, found | {"logical_device_name": "SIM announced"})
    result = await submit(hass, result, authentication="none", advanced={"client_wport": 16})
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


async def test_logical_device_is_discovered_once(hass: HomeAssistant, meter: SimulatedMeter, found: dict[str, Any]):
    await discovered(hass, found)
    result = await discovered(hass, found)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_in_progress"
