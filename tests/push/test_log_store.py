"""What was told is kept over restarts; what cannot be read is as if nothing was known."""

from datetime import UTC, datetime
from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.cosem.dlms import LogicalName
from custom_components.cosem.meter.store import async_remove_meter
from custom_components.cosem.push.already_told import AlreadyTold
from custom_components.cosem.push.log_mark import LogMark
from custom_components.cosem.push.log_store import Logged, LogStore

from .logs import LOG, at
from .test_already_told import sent

REGISTER = LogicalName.parse("0.0.97.98.0.255")
CODES = LogicalName.parse("0.0.96.11.0.255")


@pytest.fixture
def logged() -> Logged:
    told = AlreadyTold()
    told.note(sent(), datetime(2026, 11, 28, tzinfo=UTC))
    states = {(CODES, 2): ("1", "2026-11-28"), (CODES, None): ("3",)}
    return Logged({LOG: LogMark().behind([at(1), at(2)], 2)}, {REGISTER: frozenset({1, 13})}, told, states)


async def test_it_is_read_as_it_was_written(hass: HomeAssistant, hass_storage: dict[str, Any], logged: Logged):
    await LogStore(hass, "METER").async_save(logged)
    found = await LogStore(hass, "METER").async_load()
    assert found.to_record() == logged.to_record()
    assert found.marks == logged.marks
    assert found.states == logged.states
    assert (await LogStore(hass, "OTHER").async_load()).to_record() == Logged().to_record()


async def test_it_is_written_only_when_something_changed(
    hass: HomeAssistant, hass_storage: dict[str, Any], logged: Logged
):
    store = LogStore(hass, "METER")
    await store.async_save(Logged())
    assert hass_storage == {}
    await store.async_save(logged)
    (key,) = hass_storage
    del hass_storage[key]
    await store.async_save(logged)
    assert hass_storage == {}


@pytest.mark.parametrize(
    "change",
    [
        {"logs": {"x": {}}},
        {"logs": {str(LOG): {}}},
        {"logs": None},
        {"alarms": {str(REGISTER): ["x"]}},
        {"told": [["x"]]},
        {"states": [["x", 2, "1"]]},
        {"states": [[str(CODES), "x", "1"]]},
        {"states": [[]]},
        {"told": [["0.0.96.11.0.255", 1, "x", "2026-11-28T00:00:00+00:00"]]},
        {"told": [["0.0.96.11.0.255", 1, None, "x"]]},
        {"logs": {str(LOG): {**LogMark().to_record(), "time": 1}}},
    ],
)
async def test_what_makes_no_sense_is_as_if_nothing_was_known(
    hass: HomeAssistant, hass_storage: dict[str, Any], logged: Logged, change: dict[str, Any]
):
    await LogStore(hass, "METER").async_save(logged)
    (key,) = hass_storage
    hass_storage[key]["data"] |= change
    assert (await LogStore(hass, "METER").async_load()).to_record() == Logged().to_record()


async def test_a_file_of_before_knows_no_codes(hass: HomeAssistant, hass_storage: dict[str, Any], logged: Logged):
    await LogStore(hass, "METER").async_save(logged)
    (key,) = hass_storage
    del hass_storage[key]["data"]["states"]
    found = await LogStore(hass, "METER").async_load()
    assert (found.marks, found.states) == (logged.marks, {})


async def test_it_goes_with_its_meter(hass: HomeAssistant, hass_storage: dict[str, Any], logged: Logged):
    await LogStore(hass, "METER").async_save(logged)
    await async_remove_meter(hass, "METER")
    assert hass_storage == {}
