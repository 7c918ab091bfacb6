"""What tells of the polls: when the last one succeeded, and in plain words why there is none now."""

from collections.abc import Callable
import json
from pathlib import Path

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cosem import const
from custom_components.cosem.const import DOMAIN
from custom_components.cosem.meter.own_entities import OwnEntity
from custom_components.cosem.meter.pausing import pause_of
from custom_components.cosem.meter.poll_record import PROBLEMS
from tests.conftest import poll, set_up, state_of
from tests.simulated_meter.meter import SimulatedMeter

type EntryMaker = Callable[..., MockConfigEntry]

ENERGY = "3_1.0.1.8.0.255_2"

pytestmark = pytest.mark.usefixtures("network", "freezer")


def entity_id_of(hass: HomeAssistant, entry: MockConfigEntry, own: OwnEntity) -> str:
    entity_id = er.async_get(hass).async_get_entity_id(own.platform, DOMAIN, own.unique_id(str(entry.unique_id)))
    assert entity_id is not None
    return entity_id


def shown(hass: HomeAssistant, entry: MockConfigEntry, own: OwnEntity) -> str:
    state = hass.states.get(entity_id_of(hass, entry, own))
    assert state is not None
    return state.state


def last_read(hass: HomeAssistant, entry: MockConfigEntry) -> str:
    return shown(hass, entry, OwnEntity.LAST_READ)


def problem(hass: HomeAssistant, entry: MockConfigEntry) -> str:
    return shown(hass, entry, OwnEntity.READING_PROBLEM)


def enable(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Let the entry's owner have chosen to see how the polls go."""
    entry.add_to_hass(hass)
    for own in (OwnEntity.LAST_READ, OwnEntity.READING_PROBLEM):
        er.async_get(hass).async_get_or_create(
            own.platform, DOMAIN, own.unique_id(str(entry.unique_id)), config_entry=entry, disabled_by=None
        )


async def enabled(hass: HomeAssistant, entry: MockConfigEntry) -> MockConfigEntry:
    """Set up an entry whose owner wants to see how the polls go."""
    enable(hass, entry)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    return entry


def now_text() -> str:
    return dt_util.utcnow().isoformat(timespec="seconds")


async def test_they_are_diagnostic_and_not_enabled_by_default(hass: HomeAssistant, make_entry: EntryMaker):
    entry = await set_up(hass, make_entry())
    for own in (OwnEntity.LAST_READ, OwnEntity.READING_PROBLEM):
        registered = er.async_get(hass).async_get(entity_id_of(hass, entry, own))
        assert registered is not None
        assert registered.disabled_by is er.RegistryEntryDisabler.INTEGRATION
        assert registered.entity_category == "diagnostic"


async def test_the_time_and_the_reason_are_there_while_the_meter_is_not(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter, freezer: FrozenDateTimeFactory
):
    entry = await enabled(hass, make_entry())
    read_at = now_text()
    assert (last_read(hass, entry), problem(hass, entry)) == (read_at, "ok")
    # A further reason is shown, too, although the coordinator tells its listeners of the first failure only.
    for fault, reason in (("silent", "no_answer"), ("aare-short", "authentication_refused")):
        meter.faults.clear()
        meter.faults.add(fault)
        await poll(hass, freezer, 340)
        assert state_of(hass, entry, ENERGY) == STATE_UNAVAILABLE
        assert (last_read(hass, entry), problem(hass, entry)) == (read_at, reason)
    meter.faults.clear()
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert (last_read(hass, entry), problem(hass, entry)) == (now_text(), "ok")
    await poll(hass, freezer)
    assert last_read(hass, entry) == now_text()


async def test_another_client_is_named_as_the_reason(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter, freezer: FrozenDateTimeFactory
):
    entry = await enabled(hass, make_entry())
    meter.faults.add("refuse")
    await poll(hass, freezer, 340)
    assert problem(hass, entry) == "cannot_connect"
    await poll(hass, freezer, 340)
    assert problem(hass, entry) == "other_client"
    meter.faults.clear()
    await poll(hass, freezer, 340)
    assert problem(hass, entry) == "ok"


async def test_the_time_is_remembered_over_a_restart_during_a_pause(
    hass: HomeAssistant, make_entry: EntryMaker, freezer: FrozenDateTimeFactory
):
    entry = await enabled(hass, make_entry())
    read_at = last_read(hass, entry)
    await pause_of(hass, entry.data).async_begin()
    assert problem(hass, entry) == "polling_paused"
    freezer.tick(600)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert (last_read(hass, entry), problem(hass, entry)) == (read_at, "polling_paused")
    pause_of(hass, entry.data).end()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert (last_read(hass, entry), problem(hass, entry)) == (now_text(), "ok")


async def test_nothing_is_known_before_a_first_time(
    hass: HomeAssistant, make_entry: EntryMaker, freezer: FrozenDateTimeFactory
):
    entry = make_entry()
    enable(hass, entry)
    await pause_of(hass, entry.data).async_begin()
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert (last_read(hass, entry), problem(hass, entry)) == (STATE_UNKNOWN, "polling_paused")
    pause_of(hass, entry.data).end()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert (last_read(hass, entry), problem(hass, entry)) == (now_text(), "ok")


def test_every_reason_has_a_name_and_it_is_short():
    texts = json.loads((Path(const.__file__).parent / "translations" / "en.json").read_text("utf-8"))
    names = texts["entity"]["sensor"]["reading_problem"]["state"]
    assert tuple(names) == PROBLEMS
    assert max(map(len, names.values())) <= 40
