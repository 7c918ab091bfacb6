"""The last numbers of counters on disk."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.cosem.dlms import AttributeDescriptor, LogicalName
from custom_components.cosem.meter import counted_store
from custom_components.cosem.meter.counted_store import CountedStore
from custom_components.cosem.meter.plausibility import Counted
from custom_components.cosem.meter.store import async_remove_meter, file_of

METER = "SIM1"
VALUE = AttributeDescriptor(3, LogicalName.parse("1.0.1.8.0.255"), 2)
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
COUNTED = {VALUE: Counted(Decimal("397110.5"), 30, NOON, NOON - timedelta(days=2))}


async def test_what_is_saved_is_found_again(hass: HomeAssistant, hass_storage: dict[str, Any]):
    assert await CountedStore(hass, METER).async_load() == {}
    store = CountedStore(hass, METER)
    await store.async_save(COUNTED)
    assert hass_storage == {}, "nothing was to be written: a set-up that fails again and again wears no disk"
    store.save_later(lambda: COUNTED)
    await store.async_save(COUNTED)
    assert await CountedStore(hass, METER).async_load() == COUNTED
    assert list(hass_storage) == [file_of(METER, "counted")]
    await async_remove_meter(hass, METER)
    assert hass_storage == {}


async def test_it_is_written_seldom_with_what_counts_then(
    hass: HomeAssistant, hass_storage: dict[str, Any], freezer: FrozenDateTimeFactory
):
    store = CountedStore(hass, METER)
    counted: dict[AttributeDescriptor, Counted] = {}
    for minute in range(1, 20):
        store.save_later(counted.copy)
        freezer.tick(60)
        async_fire_time_changed(hass)
        await hass.async_block_till_done()
        assert bool(hass_storage) == (minute >= 15)
        counted |= COUNTED
    assert await CountedStore(hass, METER).async_load() == COUNTED
    await store.async_save(counted)


async def test_it_is_written_again_and_again(
    hass: HomeAssistant, hass_storage: dict[str, Any], freezer: FrozenDateTimeFactory
):
    store = CountedStore(hass, METER)
    for number in range(3):
        counted = {VALUE: replace(COUNTED[VALUE], number=Decimal(number))}
        store.save_later(lambda counted=counted: counted)  # type: ignore[misc]  # the lambda is called in this turn
        freezer.tick(901)
        async_fire_time_changed(hass)
        await hass.async_block_till_done()
        assert await CountedStore(hass, METER).async_load() == counted


def test_the_file_is_private_and_replaced_as_a_whole(hass: HomeAssistant):
    with patch.object(counted_store, "Store") as opened:
        CountedStore(hass, METER)
    assert opened.__getitem__.return_value.call_args.kwargs == {"private": True, "atomic_writes": True}


async def test_of_a_meter_that_was_replaced_nothing_is_written_later(hass: HomeAssistant, hass_storage: dict[str, Any]):
    """Home Assistant's file gives up what is to be written when it is removed itself; another one for it would not."""
    store = CountedStore(hass, METER)
    store.save_later(lambda: COUNTED)
    with patch.object(store._store, "async_remove") as removed:
        await store.async_remove()
    removed.assert_awaited_once_with()
    await store.async_save(COUNTED)
    assert hass_storage == {}
    store.save_later(dict)
    await store.async_save({})


@pytest.mark.parametrize(
    "written",
    [
        {"x": ["1", 30, NOON.isoformat(), NOON.isoformat()]},
        {str(VALUE): ["one", 30, NOON.isoformat(), NOON.isoformat()]},
        {str(VALUE): ["1", 30, "noon", NOON.isoformat()]},
        {str(VALUE): ["1", 30]},
        {str(VALUE): 7},
        ["1"],
    ],
)
async def test_what_cannot_be_read_is_as_if_nothing_was_known(
    hass: HomeAssistant, hass_storage: dict[str, Any], written: Any
):
    name = file_of(METER, "counted")
    hass_storage[name] = {"version": 1, "minor_version": 1, "key": name, "data": written}
    assert await CountedStore(hass, METER).async_load() == {}
