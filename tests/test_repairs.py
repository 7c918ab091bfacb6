"""Repair dialogues: what a person decides about counters and replaced meters, and what that does."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigEntryState
from homeassistant.const import CONF_HOST
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir, storage
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.file import WriteError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from custom_components.cosem.const import CONF_METER_SYSTEM_TITLE, DOMAIN
from tests.conftest import HOST, poll, sensor_id, set_up, state_of, unique_id_of
from tests.secured_entries import (
    TITLE,
    counters_sent,
    issue_id,
    issues,
    secured_entry,
    secured_profile,
    security_of,
    with_client,
)
from tests.simulated_meter.meter import SimulatedMeter

ENERGY = "3_1.0.1.8.0.255_2"

pytestmark = pytest.mark.usefixtures("network")

type Fix = Callable[[MockConfigEntry, str], Awaitable[Any]]


@pytest.fixture
def meter() -> SimulatedMeter:
    """A meter with every authentication and protection."""
    return SimulatedMeter(secured_profile(), dt_util.utcnow)


@pytest.fixture
async def repairs(hass: HomeAssistant) -> Any:
    """The manager of repair dialogues."""
    assert await async_setup_component(hass, "repairs", {})
    await hass.async_block_till_done()
    return hass.data["repairs"]["flow_manager"]


async def begin(repairs: Any, entry: MockConfigEntry, kind: str) -> Any:
    """Open the dialogue of an issue."""
    return await repairs.async_init(DOMAIN, context={"issue_id": issue_id(entry, kind)})


async def answer(hass: HomeAssistant, repairs: Any, result: Any, **typed: Any) -> Any:
    """Answer it, and wait for what follows."""
    result = await repairs.async_configure(result["flow_id"], typed)
    await hass.async_block_till_done(wait_background_tasks=True)
    return result


def key_of(meter: SimulatedMeter) -> bytes:
    return security_of(meter, 1).encryption_key


def other_meter(system_title: str = "53494D1000000008", *, serial_seed: int = 8) -> SimulatedMeter:
    """A meter with another identity that knows the same keys."""
    profile = replace(secured_profile(system_title=bytes.fromhex(system_title)), seed=serial_seed)
    return SimulatedMeter(profile, dt_util.utcnow)


# --- Counters -----------------------------------------------------------------------------------------------------


@pytest.fixture
async def far_ahead(hass: HomeAssistant, meter: SimulatedMeter) -> MockConfigEntry:
    """An entry whose meter asks for a counter that is not followed unattended."""
    meter.security.counters.accept(key_of(meter), bytes.fromhex(TITLE), 3_000_000)
    return await set_up(hass, secured_entry(meter))


async def test_counter_is_raised_by_the_word_of_the_user(
    hass: HomeAssistant, repairs: Any, meter: SimulatedMeter, far_ahead: MockConfigEntry, freezer: FrozenDateTimeFactory
):
    assert far_ahead.state is ConfigEntryState.SETUP_RETRY
    result = await begin(repairs, far_ahead, "counter_refused")
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "confirm")
    assert result["description_placeholders"] == {"name": "Meter", "ours": "1", "told": "3000001"}
    result = await answer(hass, repairs, result, counter=3_000_001)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert far_ahead.state is ConfigEntryState.LOADED
    assert counters_sent(meter)[0] == 3_000_001
    assert issues(hass) == set()


async def test_s3_counter_is_never_lowered_not_even_by_the_user(
    hass: HomeAssistant, repairs: Any, meter: SimulatedMeter, far_ahead: MockConfigEntry
):
    result = await begin(repairs, far_ahead, "counter_refused")
    state = next(iter(hass.data["cosem_counters"]._states.values()))
    state.follow(2_000_000, confirmed_by_user=True)
    for counter in (1, 1_999_999, 2_000_000):
        result = await answer(hass, repairs, result, counter=counter)
        assert result["errors"] == {"counter": "counter_not_higher"}
        assert state.next_value == 2_000_000
    assert issues(hass) == {"counter_refused"}


@pytest.mark.parametrize("kind", ["counter_refused", "counter_lost"])
async def test_trial_22_no_number_is_proposed_that_nobody_proved(
    hass: HomeAssistant, repairs: Any, far_ahead: MockConfigEntry, kind: str
):
    """Anybody in the network can have sent what the meter seems to ask for."""
    raise_issue(hass, far_ahead, kind, expected_counter=0xFFEF_0000)
    result = await begin(repairs, far_ahead, kind)
    (field,) = result["data_schema"].schema
    assert isinstance(field.default, vol.Undefined)
    assert "suggested_value" not in (field.description or {})
    with pytest.raises(vol.Invalid):
        result["data_schema"]({})


async def test_trial_22_no_number_is_taken_that_leaves_none(
    hass: HomeAssistant, repairs: Any, far_ahead: MockConfigEntry
):
    result = await begin(repairs, far_ahead, "counter_refused")
    for counter in (0xFFF0_0000, 0xFFFE_FFFF, 2**32 - 1):
        with pytest.raises(vol.Invalid):
            result["data_schema"]({"counter": counter})
    assert result["data_schema"]({"counter": 0xFFEF_FFFF}) == {"counter": 0xFFEF_FFFF}


@pytest.mark.parametrize("kind", ["counter_refused", "counter_lost"])
async def test_a_number_that_is_not_whole_is_refused_and_not_cut_off(
    hass: HomeAssistant, repairs: Any, far_ahead: MockConfigEntry, kind: str
):
    raise_issue(hass, far_ahead, kind, expected_counter=None)
    result = await begin(repairs, far_ahead, kind)
    with pytest.raises(vol.Invalid):
        result["data_schema"]({"counter": 3_000_001.5})
    assert type(result["data_schema"]({"counter": 3_000_001.0})["counter"]) is int


def raise_issue(hass: HomeAssistant, entry: MockConfigEntry, kind: str, **data: Any) -> None:
    """Raise an issue as it might have been raised before."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id(entry, kind),
        data={"entry_id": entry.entry_id, **data},
        is_fixable=True,
        severity=ir.IssueSeverity.ERROR,
        translation_key=kind,
    )


async def test_s36_a_lost_counter_goes_on_where_a_person_says(
    hass: HomeAssistant,
    repairs: Any,
    meter: SimulatedMeter,
    hass_storage: dict[str, Any],
    freezer: FrozenDateTimeFactory,
):
    entry = await set_up(hass, secured_entry(meter))
    assert await hass.config_entries.async_unload(entry.entry_id)
    for name in ("cosem.invocation_counters", "cosem.invocation_counters_copy"):
        del hass_storage[name]
    hass.data.pop("cosem_counters")
    sent = counters_sent(meter)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert issues(hass) == {"counter_lost"}
    assert counters_sent(meter) == sent
    result = await begin(repairs, entry, "counter_lost")
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "confirm")
    with patch.object(storage.Store, "_async_write_data", side_effect=WriteError("read-only")):
        result = await answer(hass, repairs, result, counter=10_000)
    assert result["errors"] == {"counter": "counter_not_stored"}
    result = await answer(hass, repairs, result, counter=10_000)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.state is ConfigEntryState.LOADED
    assert counters_sent(meter)[len(sent)] == 10_000
    assert issues(hass) == set()


async def test_counter_that_nobody_told_is_asked_for_all_the_same(
    hass: HomeAssistant, repairs: Any, meter: SimulatedMeter, freezer: FrozenDateTimeFactory
):
    entry = await set_up(hass, secured_entry(meter, counter_logical_name="0.0.43.1.99.255"))
    meter.faults.add("counter-error", code=1)
    await poll(hass, freezer)
    assert issues(hass) == {"counter_refused"}
    raise_issue(hass, entry, "counter_refused", expected_counter=None)
    result = await begin(repairs, entry, "counter_refused")
    assert result["description_placeholders"]["told"] == "-"
    meter.faults.clear()
    await answer(hass, repairs, result, counter=2_000_000)
    assert entry.state is ConfigEntryState.LOADED
    assert counters_sent(meter)[-1] > 2_000_000


async def test_s7_counters_of_the_meter_are_accepted_anew_by_the_word_of_the_user(
    hass: HomeAssistant, repairs: Any, meter: SimulatedMeter, freezer: FrozenDateTimeFactory
):
    entry = await set_up(hass, secured_entry(meter, 19))
    await poll(hass, freezer)
    meter.restart(lose_counters=True)
    await poll(hass, freezer)
    assert issues(hass) == {"meter_counter_reset"}
    result = await begin(repairs, entry, "meter_counter_reset")
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "confirm")
    result = await answer(hass, repairs, result)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.state is ConfigEntryState.LOADED
    assert issues(hass) == set()


@pytest.mark.parametrize("kind", ["counter_refused", "counter_lost", "meter_counter_reset"])
async def test_entry_that_counts_no_more(
    hass: HomeAssistant, repairs: Any, meter: SimulatedMeter, far_ahead: MockConfigEntry, kind: str
):
    """Between issue and repair somebody may have reconfigured the entry."""
    raise_issue(hass, far_ahead, kind)
    hass.config_entries.async_update_entry(far_ahead, data=secured_entry(meter, 5).data)
    result = await begin(repairs, far_ahead, kind)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "no_counter")


async def test_issues_go_with_the_entry(hass: HomeAssistant, repairs: Any, far_ahead: MockConfigEntry):
    assert issues(hass) == {"counter_refused"}
    await hass.config_entries.async_remove(far_ahead.entry_id)
    assert issues(hass) == set()


async def test_entry_that_is_gone(hass: HomeAssistant, repairs: Any, far_ahead: MockConfigEntry):
    ir.async_create_issue(
        hass,
        DOMAIN,
        "counter_refused_gone",
        data={"entry_id": "gone"},
        is_fixable=True,
        severity=ir.IssueSeverity.ERROR,
        translation_key="counter_refused",
    )
    result = await repairs.async_init(DOMAIN, context={"issue_id": "counter_refused_gone"})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "entry_gone")


# --- Another meter --------------------------------------------------------------------------------------------------


async def test_f45_replaced_meter_takes_over_the_entry_in_one_dialogue(
    hass: HomeAssistant,
    repairs: Any,
    meter: SimulatedMeter,
    meters: dict[str, SimulatedMeter],
    freezer: FrozenDateTimeFactory,
):
    """Another system title and another name: entity ids and device stay, unique ids are the new meter's."""
    entry = await set_up(hass, secured_entry(meter))
    entity_id = sensor_id(hass, entry, ENERGY)
    entities = {item.entity_id for item in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)}
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    new = meters[HOST] = other_meter()
    assert unique_id_of(new) != entry.unique_id
    await poll(hass, freezer)
    assert issues(hass) == {"other_system_title"}
    assert not [item for item in new.log if item.kind == "get"], "nothing was read"
    result = await begin(repairs, entry, "other_system_title")
    assert (result["type"], result["menu_options"]) == (FlowResultType.MENU, ["adopt", "wrong_address"])
    assert result["description_placeholders"]["found"] == "53494D1000000008"
    result = await answer(hass, repairs, result, next_step_id="adopt")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.state is ConfigEntryState.LOADED
    assert issues(hass) == set()
    assert entry.unique_id == unique_id_of(new)
    assert sensor_id(hass, entry, ENERGY) == entity_id
    assert entities <= {
        item.entity_id for item in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    }
    (same,) = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert same.id == device.id
    await poll(hass, freezer)
    assert round(float(state_of(hass, entry, ENERGY)) * 1000) == new.truth("1.0.1.8.0.255").value


async def test_s13_the_old_meter_is_not_taken_any_more_after_that(
    hass: HomeAssistant,
    repairs: Any,
    meter: SimulatedMeter,
    meters: dict[str, SimulatedMeter],
    freezer: FrozenDateTimeFactory,
):
    entry = await set_up(hass, secured_entry(meter))
    meters[HOST] = other_meter()
    await poll(hass, freezer)
    await answer(hass, repairs, await begin(repairs, entry, "other_system_title"), next_step_id="adopt")
    meters[HOST] = meter
    await poll(hass, freezer)
    assert issues(hass) == {"other_system_title"}


async def test_adopted_title_proves_nothing(
    hass: HomeAssistant,
    repairs: Any,
    meter: SimulatedMeter,
    meters: dict[str, SimulatedMeter],
    freezer: FrozenDateTimeFactory,
):
    """A device without the keys gains nothing by the dialogue."""
    entry = await set_up(hass, secured_entry(meter))
    profile = with_client(secured_profile(system_title=bytes.fromhex("53494D1000000008")), 1, encryption_key=bytes(16))
    stranger = meters[HOST] = SimulatedMeter(replace(profile, seed=8), dt_util.utcnow)
    meter.faults.add("other-title")
    meters[HOST] = meter
    await poll(hass, freezer)
    meters[HOST] = stranger
    before = entry.unique_id
    await answer(hass, repairs, await begin(repairs, entry, "other_system_title"), next_step_id="adopt")
    assert entry.state in {ConfigEntryState.SETUP_RETRY, ConfigEntryState.SETUP_ERROR}
    assert entry.unique_id == before
    assert not [item for item in stranger.log if item.kind == "get" and item.client_wport == 1]


async def test_typed_title_follows_the_adopted_one(
    hass: HomeAssistant,
    repairs: Any,
    meter: SimulatedMeter,
    meters: dict[str, SimulatedMeter],
    freezer: FrozenDateTimeFactory,
):
    entry = await set_up(hass, secured_entry(meter, meter_system_title=meter.security.identity.title.hex()))
    meters[HOST] = other_meter()
    await poll(hass, freezer)
    await answer(hass, repairs, await begin(repairs, entry, "other_system_title"), next_step_id="adopt")
    assert entry.data[CONF_METER_SYSTEM_TITLE] == "53494D1000000008"
    assert entry.state is ConfigEntryState.LOADED


@pytest.fixture
async def other_name(
    hass: HomeAssistant,
    repairs: Any,
    meter: SimulatedMeter,
    meters: dict[str, SimulatedMeter],
    freezer: FrozenDateTimeFactory,
) -> MockConfigEntry:
    """An entry without titles at whose address another meter answers."""
    entry = await set_up(hass, secured_entry(meter, 5))
    meters[HOST] = other_meter()
    await poll(hass, freezer)
    assert issues(hass) == {"other_meter"}
    return entry


async def test_other_logical_device_name_is_adopted(
    hass: HomeAssistant, repairs: Any, meters: dict[str, SimulatedMeter], other_name: MockConfigEntry
):
    entity_id = sensor_id(hass, other_name, ENERGY)
    result = await begin(repairs, other_name, "other_meter")
    assert result["description_placeholders"]["found"] == unique_id_of(meters[HOST])
    await answer(hass, repairs, result, next_step_id="adopt")
    assert other_name.state is ConfigEntryState.LOADED
    assert other_name.unique_id == unique_id_of(meters[HOST])
    assert sensor_id(hass, other_name, ENERGY) == entity_id
    assert issues(hass) == set()


async def test_only_the_meter_that_was_shown_is_adopted(
    hass: HomeAssistant, repairs: Any, meters: dict[str, SimulatedMeter], other_name: MockConfigEntry
):
    before = other_name.unique_id
    result = await begin(repairs, other_name, "other_meter")
    meters[HOST] = other_meter(serial_seed=9)
    await answer(hass, repairs, result, next_step_id="adopt")
    assert other_name.unique_id == before
    assert other_name.state is ConfigEntryState.SETUP_ERROR
    assert issues(hass) == {"other_meter"}


async def test_meter_with_an_entry_of_its_own_is_not_adopted(
    hass: HomeAssistant, repairs: Any, meters: dict[str, SimulatedMeter], other_name: MockConfigEntry
):
    MockConfigEntry(domain=DOMAIN, unique_id=unique_id_of(meters[HOST])).add_to_hass(hass)
    result = await answer(hass, repairs, await begin(repairs, other_name, "other_meter"), next_step_id="adopt")
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    assert issues(hass) == {"other_meter"}


async def test_meter_that_got_an_entry_of_its_own_meanwhile_is_not_adopted(
    hass: HomeAssistant,
    repairs: Any,
    meter: SimulatedMeter,
    meters: dict[str, SimulatedMeter],
    freezer: FrozenDateTimeFactory,
):
    entry = await set_up(hass, secured_entry(meter))
    meters[HOST] = other_meter()
    await poll(hass, freezer)
    MockConfigEntry(domain=DOMAIN, unique_id=unique_id_of(meters[HOST])).add_to_hass(hass)
    await answer(hass, repairs, await begin(repairs, entry, "other_system_title"), next_step_id="adopt")
    assert entry.unique_id == unique_id_of(meter)
    assert issues(hass) == {"other_meter"}


async def test_wrong_address_leads_to_the_form_of_the_entry(
    hass: HomeAssistant,
    repairs: Any,
    meter: SimulatedMeter,
    meters: dict[str, SimulatedMeter],
    other_name: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
):
    result = await begin(repairs, other_name, "other_meter")
    result = await answer(hass, repairs, result, next_step_id="wrong_address")
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "enter_address")
    _, flow_id = result["next_flow"]
    flow = hass.config_entries.flow.async_get(flow_id)
    assert flow["context"]["source"] == SOURCE_RECONFIGURE
    assert flow["context"]["entry_id"] == other_name.entry_id
    hass.config_entries.flow.async_abort(flow_id)
    assert issues(hass) == {"other_meter"}, "until the right meter answers"
    meters["192.0.2.8"] = meter
    hass.config_entries.async_update_entry(other_name, data={**other_name.data, CONF_HOST: "192.0.2.8"})
    await hass.config_entries.async_reload(other_name.entry_id)
    assert issues(hass) == set()
