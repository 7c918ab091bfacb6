"""New credentials are asked for, whatever else was open when the meter refused the old ones."""

from collections.abc import Callable

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cosem.const import DOMAIN
from custom_components.cosem.meter.new_credentials import MOST_WAITS
from tests.conftest import poll, set_up
from tests.simulated_meter.meter import SimulatedMeter

type EntryMaker = Callable[..., MockConfigEntry]


def sources(hass: HomeAssistant) -> list[str]:
    """How the forms began that are open."""
    flows = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    return [flow["context"]["source"] for flow in flows if flow["context"]["source"] != "integration_discovery"]


async def test_new_credentials_are_asked_for_also_where_another_form_of_the_entry_was_open(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
):
    """Home Assistant drops the question while there is another form, and nothing polls any more."""
    entry = await set_up(hass, make_entry())
    form = await entry.start_reconfigure_flow(hass)
    meter.faults.add("aare-authentication")
    await poll(hass, freezer)
    before = meter.connections

    await poll(hass, freezer)
    assert "reauth" not in sources(hass)
    hass.config_entries.flow.async_abort(form["flow_id"])
    for _ in range(3):
        await poll(hass, freezer)
        assert sources(hass).count("reauth") == 1
    assert meter.connections == before
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_form_that_was_left_open_is_closed_after_ten_minutes_without_credentials(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
):
    entry = await set_up(hass, make_entry())
    await entry.start_reconfigure_flow(hass)
    meter.faults.add("aare-authentication")
    await poll(hass, freezer)
    before = meter.connections

    for _ in range(MOST_WAITS):
        await poll(hass, freezer)
        assert sources(hass) == ["reconfigure"]
    await poll(hass, freezer)
    assert sources(hass) == ["reauth"]
    assert meter.connections == before
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.fixture
async def refused(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter, freezer: FrozenDateTimeFactory
) -> MockConfigEntry:
    """An entry that worked and is then reloaded at a meter that refuses its password, while its form is open."""
    entry = await set_up(hass, make_entry())
    await entry.start_reconfigure_flow(hass)
    meter.faults.add("aare-authentication")
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert sources(hass) == ["reconfigure"]
    return entry


def close_forms(hass: HomeAssistant) -> None:
    for flow in hass.config_entries.flow.async_progress_by_handler(DOMAIN):
        hass.config_entries.flow.async_abort(flow["flow_id"])


async def test_new_credentials_are_asked_for_also_where_a_set_up_failed_while_another_form_was_open(
    hass: HomeAssistant, refused: MockConfigEntry, meter: SimulatedMeter, freezer: FrozenDateTimeFactory
):
    before = meter.connections
    await poll(hass, freezer)
    assert sources(hass) == ["reconfigure"]
    close_forms(hass)
    for _ in range(3):
        await poll(hass, freezer)
        assert sources(hass) == ["reauth"]
    assert meter.connections == before


async def test_nothing_is_asked_any_more_where_the_next_set_up_succeeds(
    hass: HomeAssistant, refused: MockConfigEntry, meter: SimulatedMeter, freezer: FrozenDateTimeFactory
):
    close_forms(hass)
    meter.faults.clear()
    await hass.config_entries.async_reload(refused.entry_id)
    await poll(hass, freezer)
    assert refused.state is ConfigEntryState.LOADED
    assert sources(hass) == []
    await hass.config_entries.async_unload(refused.entry_id)


@pytest.mark.parametrize("removed", [True, False])
async def test_nothing_is_asked_for_an_entry_that_was_removed_or_disabled(
    hass: HomeAssistant, refused: MockConfigEntry, freezer: FrozenDateTimeFactory, removed: bool
):
    close_forms(hass)
    if removed:
        await hass.config_entries.async_remove(refused.entry_id)
    else:
        await hass.config_entries.async_set_disabled_by(refused.entry_id, ConfigEntryDisabler.USER)
    for _ in range(2):
        await poll(hass, freezer)
        assert sources(hass) == []
