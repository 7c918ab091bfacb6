"""A meter that knows short names only: set up, read, kept, reconfigured like any other."""

from collections.abc import Callable
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import pytest_socket

from custom_components.cosem.const import DOMAIN
from custom_components.cosem.dlms import LogicalName
from custom_components.cosem.dlms.apdu.common import DataAccessResult
from custom_components.cosem.meter import clients
from tests.conftest import HOST, poll, set_up, state_of
from tests.flow_tools import connection, submit
from tests.push.senders import LOOPBACK, free_port, listening, say, told, with_options, wpdu
from tests.secured_entries import issues, secured_entry, secured_profile
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import MeterProfile, Referencing
from tests.simulated_meter.short_names import ShortNameService

ENERGY = "3_1.0.1.8.0.255_2"

pytestmark = pytest.mark.usefixtures("network")


def contexts(meter: SimulatedMeter) -> list[int]:
    """Application contexts that were proposed, in order."""
    names = bytes.fromhex("608574050801")
    aarqs = [request.apdu for request in meter.log if request.apdu[0] == 0x60]
    return [apdu[apdu.index(names) + len(names)] for apdu in aarqs]


@pytest.fixture
def meter(freezer: FrozenDateTimeFactory) -> SimulatedMeter:
    """An old household meter. Time stands still, or its values would go on between reading and comparing them."""
    return SimulatedMeter(MeterProfile().with_quirks(referencing=Referencing.SHORT), dt_util.utcnow)


def is_fresh(hass: HomeAssistant, meter: SimulatedMeter, entry: Any) -> bool:
    return round(float(state_of(hass, entry, ENERGY)) * 1000) == meter.truth("1.0.1.8.0.255").value


async def form(hass: HomeAssistant) -> Any:
    return await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})


@pytest.mark.parametrize("chosen", [None, "auto", "sn"])
async def test_set_up_and_the_same_entities(hass: HomeAssistant, meter: SimulatedMeter, chosen: str | None):
    advanced = {} if chosen is None else {"advanced": {"referencing": chosen}}
    result = await submit(hass, await form(hass), **connection(**advanced))
    result = await submit(hass, result, password="simulated")
    assert result["step_id"] == "objects"
    assert result["description_placeholders"]["name"] == "SIM 49762188"
    assert int(result["description_placeholders"]["count"]) > 40
    result = await submit(hass, result)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done(wait_background_tasks=True)
    entry = result["result"]
    assert entry.state is ConfigEntryState.LOADED
    assert entry.data.get("referencing") == (chosen if chosen == "sn" else None)
    assert is_fresh(hass, meter, entry)
    refused = [] if chosen == "sn" else [1]
    assert contexts(meter) == [*refused, *[2] * (len(contexts(meter)) - len(refused))]
    await hass.config_entries.async_unload(entry.entry_id)


async def test_what_was_found_out_survives_a_restart(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    freezer: FrozenDateTimeFactory,
    meter: SimulatedMeter,
    make_entry: Callable[..., MockConfigEntry],
):
    entry = await set_up(hass, make_entry())
    await poll(hass, freezer)
    assert is_fresh(hass, meter, entry)
    assert contexts(meter) == [1, 2, 2]
    await hass.config_entries.async_unload(entry.entry_id)
    hass.data[clients._CLIENTS].clear()
    meter.log.clear()
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert is_fresh(hass, meter, entry)
    assert contexts(meter) == [2]
    (stored,) = [content["data"] for name, content in hass_storage.items() if "proof_form" in content["data"]]
    assert stored["proof_form"]["short_names"] is True
    await hass.config_entries.async_unload(entry.entry_id)


async def test_logical_names_that_were_chosen_are_not_given_up(hass: HomeAssistant, meter: SimulatedMeter):
    result = await submit(hass, await form(hass), **connection(advanced={"referencing": "ln"}))
    result = await submit(hass, result, password="simulated")
    assert result["type"] is FlowResultType.FORM
    assert result["errors"]
    assert contexts(meter) == [1]


@pytest.mark.parametrize("wport", [1, 5, 15])
async def test_entry_with_keys_polls(hass: HomeAssistant, freezer: FrozenDateTimeFactory, meters: Any, wport: int):
    profile = secured_profile().with_quirks(referencing=Referencing.SHORT)
    meter = meters[HOST] = SimulatedMeter(profile, dt_util.utcnow)
    entry = await set_up(hass, secured_entry(meter, wport))
    assert entry.state is ConfigEntryState.LOADED
    await poll(hass, freezer)
    assert is_fresh(hass, meter, entry)
    assert issues(hass) == set()
    await hass.config_entries.async_unload(entry.entry_id)
    assert meter.open_links == 0


async def test_reconfigure_shows_and_changes_it(
    hass: HomeAssistant, meter: SimulatedMeter, make_entry: Callable[..., MockConfigEntry]
):
    entry = await set_up(hass, make_entry())
    result = await entry.start_reconfigure_flow(hass)
    assert result["step_id"] == "reconfigure"
    result = await submit(hass, result, **connection(advanced={"referencing": "sn"}))
    result = await submit(hass, result, password="")
    assert result["reason"] == "reconfigure_successful"
    assert entry.data["referencing"] == "sn"
    result = await entry.start_reconfigure_flow(hass)
    result = await submit(hass, result, **connection(advanced={"referencing": "auto"}))
    result = await submit(hass, result, password="")
    assert result["reason"] == "reconfigure_successful"
    assert "referencing" not in entry.data
    await hass.async_block_till_done(wait_background_tasks=True)
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("code", [2, 3])
@pytest.mark.parametrize("stay_connected", [False, True])
async def test_f32_a_list_that_is_refused_for_a_while_costs_values_for_that_while(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    meter: SimulatedMeter,
    make_entry: Callable[..., MockConfigEntry],
    monkeypatch: pytest.MonkeyPatch,
    stay_connected: bool,
    code: int,
):
    """After a start: a meter that is busy with it tells its name, and says nothing about its objects."""
    entry = await set_up(hass, make_entry(stay_connected=stay_connected))
    assert is_fresh(hass, meter, entry)
    await hass.config_entries.async_unload(entry.entry_id)
    hass.data[clients._CLIENTS].clear()
    refused = DataAccessResult(code)
    with monkeypatch.context() as busy:
        busy.setattr(ShortNameService, "_object_list", lambda *_: refused)
        await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
        for _ in range(4):
            await poll(hass, freezer)
            assert entry.runtime_data.last_update_success
            assert state_of(hass, entry, ENERGY) == "unknown"
    await poll(hass, freezer)
    assert is_fresh(hass, meter, entry)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_an_information_report_shows_the_value_of_the_object_that_it_names(
    hass: HomeAssistant, meter: SimulatedMeter, make_entry: Callable[..., MockConfigEntry], socket_enabled: None
):
    pytest_socket.socket_allow_hosts([LOOPBACK], allow_unix_socket=True)
    port = free_port()
    entry = await set_up(hass, with_options(make_entry(), listening(port)))
    (form,) = entry.runtime_data.notifications._client.known_forms.values()
    power = form.short_names._listed[3, LogicalName.parse("1.0.1.7.0.255")].base_name + 8
    async with told(hass, 1) as data:
        say(port, wpdu(bytes.fromhex(f"18 00 01 02 {power:04X} 01 06000001C8")))
    assert (data[0]["kind"], data[0]["logical_name"], data[0]["value"]) == ("information_report", "1.0.1.7.0.255", 456)
    assert state_of(hass, entry, "3_1.0.1.7.0.255_2") == "456"
