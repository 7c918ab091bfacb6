"""Options: what is enabled is what is ticked, what is chosen applies at once, within limits."""

from collections.abc import Callable
from typing import Any

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cosem.const import DOMAIN
from custom_components.cosem.meter.store import async_load_meter, async_save_objects
from tests.conftest import TICKED, set_up
from tests.flow_tools import aarqs, options_shown, submit_options
from tests.simulated_meter.meter import SimulatedMeter


@pytest.fixture
def entry(hass: HomeAssistant, network: None, make_entry: Callable[..., MockConfigEntry]) -> MockConfigEntry:
    """An entry for the simulated meter, not set up."""
    entry = make_entry()
    entry.add_to_hass(hass)
    return entry


async def test_options_show_what_is_enabled_and_apply_what_changed(
    hass: HomeAssistant, entry: MockConfigEntry, meter: SimulatedMeter, entity_registry: er.EntityRegistry
):
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    frequency = "3:1.0.14.7.0.255"
    prefix = f"{entry.unique_id}_3"
    voltage_id = entity_registry.async_get_entity_id("sensor", DOMAIN, f"{prefix}_1.0.32.7.0.255_2")
    frequency_id = entity_registry.async_get_entity_id("sensor", DOMAIN, f"{prefix}_1.0.14.7.0.255_2")
    # The device page is as good a place to choose.
    entity_registry.async_update_entity(voltage_id, disabled_by=er.RegistryEntryDisabler.USER)

    result = await hass.config_entries.options.async_init(entry.entry_id)
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "init"
    assert result["description_placeholders"]["clock"].startswith("The clock of the meter says 20")
    shown = options_shown(result)
    assert set(shown["objects"]) == set(TICKED) - {"3:1.0.32.7.0.255"}
    assert (shown["interval"], shown["stay_connected"], shown["response_timeout"]) == (60, False, 10)
    offered = next(value for key, value in result["data_schema"].schema.items() if key == "objects").config["options"]
    labels = {option["value"]: option["label"] for option in offered}
    assert len(labels) > 40
    assert "(1-0:14.7.0)" in labels[frequency]

    chosen = [key for key in shown["objects"] if key != "3:1.0.1.7.0.255"] + [frequency]
    typed = {"interval": 300, "objects": chosen, "stay_connected": True, "response_timeout": 30} | {
        "time_policy": "local_time"
    }
    result = await submit_options(hass, result, typed)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == {**typed, "pause": 1}
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert entity_registry.async_get(frequency_id).disabled_by is None
    assert entity_registry.async_get(voltage_id).disabled_by is er.RegistryEntryDisabler.USER
    assert hass.states.get(frequency_id) is not None
    power_id = entity_registry.async_get_entity_id("sensor", DOMAIN, f"{prefix}_1.0.1.7.0.255_2")
    assert entity_registry.async_get(power_id).disabled_by is er.RegistryEntryDisabler.INTEGRATION
    assert hass.states.get(power_id) is None


async def test_options_of_a_meter_that_was_never_read(
    hass: HomeAssistant, entry: MockConfigEntry, meter: SimulatedMeter
):
    result = await hass.config_entries.options.async_init(entry.entry_id)
    assert set(options_shown(result)["objects"]) == set(TICKED)
    assert result["description_placeholders"]["clock"] == ""
    assert options_shown(result)["time_policy"] == "standard"
    await async_save_objects(hass, entry.unique_id, ())
    meter.faults.add("refuse")
    result = await submit_options(
        hass,
        result,
        {"interval": 10, "objects": [], "stay_connected": False, "response_timeout": 120},
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options["interval"] == 10
    assert entry.options["objects"] == []


@pytest.mark.parametrize(
    "wrong",
    [{"interval": 86401}, {"response_timeout": 121}, {"response_timeout": 0}, {"objects": ["3:1.0.99.99.0.255"]}],
)
async def test_options_have_limits(hass: HomeAssistant, entry: MockConfigEntry, wrong: dict[str, Any]):
    result = await hass.config_entries.options.async_init(entry.entry_id)
    typed = {"interval": 60, "objects": [], "stay_connected": False, "response_timeout": 10} | wrong
    with pytest.raises(InvalidData) as error:
        await submit_options(hass, result, typed)
    (field,) = wrong
    # Home Assistant shows an error inside a section above the form.
    (told,) = error.value.schema_errors.values() if field != "response_timeout" else error.value.schema_errors["base"]
    assert field in error.value.schema_errors or field in told


async def test_trial_13_the_object_list_can_be_read_again(
    hass: HomeAssistant, entry: MockConfigEntry, meter: SimulatedMeter
):
    """The form comes again, with what the meter offers now and what was typed."""
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    whole = await async_load_meter(hass, entry.unique_id)
    voltage = "3:1.0.32.7.0.255"
    shorter = tuple(each for each in whole.objects if str(each.logical_name) != "1.0.32.7.0.255")
    reader = entry.runtime_data.reader
    reader.description.take_list(shorter)
    await reader.async_save(None, {})
    result = await hass.config_entries.options.async_init(entry.entry_id)
    assert not options_shown(result).get("read_objects")
    typed = {"interval": 77, "objects": [TICKED[0]], "stay_connected": False, "response_timeout": 10}
    result = await submit_options(hass, result, {**typed, "read_objects": True})
    assert (result["type"], result["errors"]) == (FlowResultType.FORM, {})
    shown = options_shown(result)
    assert {name: shown[name] for name in typed} == typed
    assert not shown.get("read_objects")
    offered = next(value for key, value in result["data_schema"].schema.items() if key == "objects").config["options"]
    assert voltage in {choice["value"] for choice in offered}
    assert (await async_load_meter(hass, entry.unique_id)).objects == whole.objects
    said = result["description_placeholders"]["read"]
    assert said == f"The object list was read. The meter offers {len(offered)} values now."
    too_short = await submit_options(hass, result, {**typed, "interval": 9})
    assert (too_short["type"], too_short["errors"]) == (FlowResultType.FORM, {"interval": "interval_too_short"})
    assert too_short["description_placeholders"]["minimum"] == "10"
    assert options_shown(too_short)["interval"] == 9
    result = await submit_options(hass, result, typed)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == {**typed, "pause": 1}


@pytest.mark.parametrize("trouble", ["not loaded", "silent", "refused"])
async def test_an_object_list_that_cannot_be_read_is_told(
    hass: HomeAssistant, entry: MockConfigEntry, meter: SimulatedMeter, trouble: str
):
    if trouble != "not loaded":
        await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
    if trouble == "silent":
        meter.faults.add("refuse", on="connect")
    elif trouble == "refused":
        meter.faults.add("denied", object="0.0.40.0.0.255", attribute=2)
    result = await hass.config_entries.options.async_init(entry.entry_id)
    typed = {"interval": 60, "objects": [], "stay_connected": False, "response_timeout": 10, "read_objects": True}
    result = await submit_options(hass, result, typed)
    assert (result["type"], result["errors"]) == (FlowResultType.FORM, {"read_objects": "objects_not_read"})


# --- Further codes ----------------------------------------------------------------------------------------------------

OPTIONS = {"interval": 60, "objects": list(TICKED), "stay_connected": False, "response_timeout": 10, "pause": 1}


async def typed(hass: HomeAssistant, entry: MockConfigEntry, *codes: str) -> ConfigFlowResult:
    """Type codes into the options."""
    result = await hass.config_entries.options.async_init(entry.entry_id)
    return await submit_options(hass, result, {**OPTIONS, "further_objects": list(codes)})


async def test_trial_29_further_code_is_tried_and_becomes_an_entity(
    hass: HomeAssistant, entry: MockConfigEntry, meter: SimulatedMeter, entity_registry: er.EntityRegistry
):
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    result = await typed(hass, entry, "1-0:14.7.0")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == {**OPTIONS, "objects": [*TICKED, "3:1.0.14.7.0.255"]}
    await hass.async_block_till_done()
    frequency = entity_registry.async_get_entity_id("sensor", DOMAIN, f"{entry.unique_id}_3_1.0.14.7.0.255_2")
    assert hass.states.get(frequency) is not None


async def test_trial_29_code_that_the_meter_does_not_have_is_named(
    hass: HomeAssistant, entry: MockConfigEntry, meter: SimulatedMeter
):
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    result = await typed(hass, entry, "1-0:14.7.0", "3:1.0.77.77.0.255")
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == {"further_objects": "objects_refused"}
    assert result["description_placeholders"]["code"] == "3:1.0.77.77.0.255 (object-undefined)"
    assert options_shown(result)["further_objects"] == ["1-0:14.7.0", "3:1.0.77.77.0.255"]
    assert {**entry.options, "pause": 1} == {**OPTIONS, "log_interval": 0}
    many = [f"3:1.0.77.77.{number}.255" for number in range(20)]
    result = await submit_options(hass, result, {**OPTIONS, "further_objects": many})
    assert result["description_placeholders"]["code"].endswith("3:1.0.77.77.9.255 (object-undefined), ...")
    result = await submit_options(hass, result, {**OPTIONS, "further_objects": ["x"]})
    assert result["errors"] == {"further_objects": "invalid_objects"}
    assert result["description_placeholders"]["code"] == "x"
    result = await submit_options(hass, result, OPTIONS)
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize("loaded", [True, False])
async def test_trial_29_without_the_meter_nothing_is_tried(
    hass: HomeAssistant, entry: MockConfigEntry, meter: SimulatedMeter, loaded: bool
):
    if loaded:
        await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
    meter.faults.add("refuse")
    result = await typed(hass, entry, "1-0:14.7.0")
    assert result["errors"] == {"further_objects": "objects_not_tried"}
    assert (entry.state is ConfigEntryState.LOADED) == loaded


# --- Times of the meter ---------------------------------------------------------------------------------------------


async def clock_words(hass: HomeAssistant, entry: MockConfigEntry) -> str:
    result = await hass.config_entries.options.async_init(entry.entry_id)
    assert options_shown(result)["time_policy"] == "standard"
    return result["description_placeholders"]["clock"]


async def test_trial_15_a_clock_that_is_not_polled_is_asked(
    hass: HomeAssistant, network: None, make_entry: Callable[..., MockConfigEntry], meter: SimulatedMeter
):
    entry = await set_up(hass, make_entry(objects=["3:1.0.1.8.0.255"]))
    before = aarqs(meter)
    assert (await clock_words(hass, entry)).startswith("The clock of the meter says 20")
    assert aarqs(meter) == before + 1
    meter.faults.add("refuse")
    assert await clock_words(hass, entry) == ""
    await entry.runtime_data.async_refresh()
    connections = meter.connections
    assert await clock_words(hass, entry) == ""
    assert meter.connections == connections  # a meter that is away is not asked


async def test_trial_15_the_form_does_not_wait_for_a_slow_meter(
    hass: HomeAssistant, network: None, make_entry: Callable[..., MockConfigEntry], meter: SimulatedMeter
):
    entry = await set_up(hass, make_entry(objects=["3:1.0.1.8.0.255"]))
    meter.faults.add("silent")
    began = hass.loop.time()
    assert await clock_words(hass, entry) == ""
    assert hass.loop.time() - began < 8


# --- Event logs -------------------------------------------------------------------------------------------------------


async def test_how_often_logs_are_read_is_asked_only_where_there_are_logs(
    hass: HomeAssistant, entry: MockConfigEntry, meter: SimulatedMeter
):
    result = await hass.config_entries.options.async_init(entry.entry_id)  # never read
    assert "log_interval" not in options_shown(result)
    hass.config_entries.options.async_abort(result["flow_id"])
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    result = await hass.config_entries.options.async_init(entry.entry_id)
    assert options_shown(result)["log_interval"] == 0
    result = await submit_options(hass, result, {**OPTIONS, "log_interval": 30})
    assert entry.options["log_interval"] == 30
    result = await hass.config_entries.options.async_init(entry.entry_id)
    result = await submit_options(hass, result, {**OPTIONS, "log_interval": 5})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert "log_interval" not in entry.options


@pytest.mark.parametrize("minutes", [-1, 1441])
async def test_how_often_logs_are_read_has_limits(
    hass: HomeAssistant, entry: MockConfigEntry, meter: SimulatedMeter, minutes: int
):
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    result = await hass.config_entries.options.async_init(entry.entry_id)
    with pytest.raises(InvalidData):
        await submit_options(hass, result, {**OPTIONS, "log_interval": minutes})
