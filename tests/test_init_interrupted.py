"""A set-up whose request ends before it: the page was left, and Home Assistant cancels what it had asked for."""

import asyncio
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant import setup
from homeassistant.config_entries import SOURCE_USER, ConfigEntries, ConfigEntryState
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cosem.const import DOMAIN
from tests.conftest import poll, set_up, state_of, unique_id_of
from tests.flow_tools import connection, submit
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import MeterProfile
from tests.still_loop import until

type EntryMaker = Callable[..., MockConfigEntry]

ENERGY = "3_1.0.1.8.0.255_2"
OTHER_HOST = "192.0.2.8"


@pytest.mark.parametrize("first_of_its_kind", [True, False])
async def test_an_entry_whose_page_was_left_in_the_last_step_is_kept_and_comes_up_by_itself(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    meters: dict[str, SimulatedMeter],
    freezer: FrozenDateTimeFactory,
    hass_storage: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
    first_of_its_kind: bool,
):
    if not first_of_its_kind:
        meters[OTHER_HOST] = SimulatedMeter(MeterProfile(seed=99), meter.clock)
        await set_up(hass, make_entry(host=OTHER_HOST, unique_id=unique_id_of(meters[OTHER_HOST])))
    form = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    form = await submit(hass, form, **connection())
    form = await submit(hass, form, password="simulated")
    before = meter.connections
    meter.faults.add("silent")
    last_step = hass.config_entries.flow.async_configure(form["flow_id"], {"objects": ["3:1.0.1.8.0.255"]})
    request = asyncio.create_task(last_step)
    await until(lambda: meter.connections > before)
    request.cancel()
    await asyncio.wait([request])
    meter.faults.clear()
    entry = hass.config_entries.async_entries(DOMAIN)[-1]
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "set_up_interrupted"
    assert "ERROR" not in caplog.text
    assert form["flow_id"] not in {flow["flow_id"] for flow in hass.config_entries.flow.async_progress()}

    await poll(hass, freezer, 10)
    assert entry.state is ConfigEntryState.LOADED
    saved = hass_storage["core.config_entries"]["data"]["entries"]
    assert entry.entry_id in {each["entry_id"] for each in saved}


async def test_a_page_left_before_there_is_an_entry_costs_nothing_but_another_submit(
    hass: HomeAssistant, network: None, meter: SimulatedMeter
):
    form = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    form = await submit(hass, form, **connection())
    form = await submit(hass, form, password="simulated")
    setting_up, go_on = asyncio.Event(), asyncio.Event()
    really = setup._async_setup_component

    async def slowly(*args: Any) -> bool:
        setting_up.set()
        await go_on.wait()
        return await really(*args)

    last_step = {"objects": ["3:1.0.1.8.0.255"]}
    with patch.object(setup, "_async_setup_component", slowly):
        request = asyncio.create_task(hass.config_entries.flow.async_configure(form["flow_id"], last_step))
        await setting_up.wait()
        request.cancel()
        await asyncio.wait([request])
        go_on.set()
        await hass.async_block_till_done()
    assert not hass.config_entries.async_entries(DOMAIN)
    result = await hass.config_entries.flow.async_configure(form["flow_id"], last_step)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["result"].state is ConfigEntryState.LOADED


async def test_all_entities_are_added_though_the_page_was_left_meanwhile(
    hass: HomeAssistant, network: None, make_entry: EntryMaker
):
    entry = make_entry()
    entry.add_to_hass(hass)
    adding, go_on = asyncio.Event(), asyncio.Event()
    forward = ConfigEntries.async_forward_entry_setups

    async def slowly(*args: Any) -> None:
        adding.set()
        await go_on.wait()
        await forward(*args)

    with patch.object(ConfigEntries, "async_forward_entry_setups", slowly):
        request = asyncio.create_task(hass.config_entries.async_setup(entry.entry_id))
        await adding.wait()
        request.cancel()
        await asyncio.sleep(0)
        go_on.set()
        await asyncio.wait([request])
        await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert float(state_of(hass, entry, ENERGY)) > 0


async def test_a_set_up_under_way_ends_when_home_assistant_stops(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter
):
    entry = make_entry()
    entry.add_to_hass(hass)
    meter.faults.add("silent")
    set_up = asyncio.create_task(hass.config_entries.async_setup(entry.entry_id))
    await until(lambda: meter.connections)
    hass.set_state(CoreState.stopping)
    set_up.cancel()
    await asyncio.wait([set_up])
    assert set_up.cancelled() or isinstance(set_up.exception(), asyncio.CancelledError)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert meter.open_links == 0
