"""The action rescan: what is new and gone among the objects, and an entry that is loaded again for it."""

from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.cosem.actions.rescan import async_rescan
from custom_components.cosem.const import DOMAIN
from tests.conftest import set_up
from tests.simulated_meter.meter import SimulatedMeter

from .calls import EntryMaker, respond

pytestmark = pytest.mark.usefixtures("network")


async def test_a_list_as_before_changes_nothing(hass: HomeAssistant, make_entry: EntryMaker):
    entry = await set_up(hass, make_entry())
    coordinator = entry.runtime_data
    answer = await respond(hass, async_rescan.__name__.removeprefix("async_"), entry)
    assert answer == {"objects": len(coordinator.reader.objects), "new": [], "gone": [], "reloaded": False}
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.runtime_data is coordinator


async def test_new_and_gone_objects_are_named_and_the_entry_is_loaded_again(
    hass: HomeAssistant, make_entry: EntryMaker
):
    entry = await set_up(hass, make_entry())
    coordinator = entry.runtime_data
    first, *others = coordinator.reader.objects
    taken = others[0]
    coordinator.reader.description.take_list((first, *others[1:]))
    coordinator.reader._take_description()
    answer = await respond(hass, "rescan", entry)
    assert [each["logical_name"] for each in answer["new"]] == [str(taken.logical_name)]
    assert set(answer["new"][0]) == {"class_id", "class", "logical_name"}
    assert (answer["gone"], answer["reloaded"]) == ([], True)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.runtime_data is not coordinator
    assert len(entry.runtime_data.reader.objects) == answer["objects"]


async def test_without_a_response_it_is_read_as_well(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter
):
    entry = await set_up(hass, make_entry())
    before = meter.requests
    await hass.services.async_call(DOMAIN, "rescan", {"config_entry_id": entry.entry_id}, blocking=True)
    assert meter.requests > before


async def test_a_list_that_is_refused_is_an_error_and_the_old_one_stays(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter
):
    entry = await set_up(hass, make_entry())
    before = entry.runtime_data.reader.objects
    meter.faults.add("denied", object="0.0.40.0.0.255")
    with pytest.raises(HomeAssistantError) as failed:
        await respond(hass, "rescan", entry)
    assert failed.value.translation_key == "objects_not_read"
    assert entry.runtime_data.reader.objects == before
    with patch.object(type(entry.runtime_data.reader), "async_read_list", side_effect=RuntimeError("a bug")):
        meter.faults.clear()
        with pytest.raises(RuntimeError, match="a bug"):
            await respond(hass, "rescan", entry)
