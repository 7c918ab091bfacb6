"""What is remembered of a meter survives, and what is unusable is forgotten instead of failing."""

from collections import Counter
from dataclasses import replace
from types import MappingProxyType
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
import pytest

from custom_components.cosem.dlms import (
    AccessRights,
    AttributeDescriptor,
    ListWays,
    LogicalName,
    MethodAccess,
    ObjectListElement,
    ProfileWay,
    ProfileWays,
    ProofForm,
    ScalerUnit,
)
from custom_components.cosem.meter import store
from custom_components.cosem.meter.counted_store import CountedStore
from custom_components.cosem.meter.store import (
    MeterWays,
    StoredMeter,
    async_load_meter,
    async_load_objects,
    async_pin_system_title,
    async_remove_meter,
    async_save_meter,
    async_save_objects,
)

UNIQUE_ID = "SIM../../etc/passwd"
ENERGY = LogicalName.parse("1.0.1.8.0.255")
CLOCK = LogicalName.parse("0.0.1.0.0.255")
LOAD_PROFILE = LogicalName.parse("1.0.99.1.0.255")
LOG = LogicalName.parse("0.0.99.98.0.255")
OBJECTS = (
    ObjectListElement(
        3,
        0,
        ENERGY,
        MappingProxyType({1: AccessRights(1, 1, ()), 2: AccessRights(3, 1, (1, 2))}),
        MappingProxyType({1: MethodAccess(1, 1)}),
    ),
    ObjectListElement(8, 0, CLOCK),
)
METER = StoredMeter(
    objects=OBJECTS,
    scaler_units={AttributeDescriptor(3, ENERGY, 3): ScalerUnit(-3, 30)},
    firmware="1.4",
    system_title=bytes.fromhex("4D4D4D0000BC614E"),
)
LISTS = ListWays(1, 4, 2, frozenset({AttributeDescriptor(3, ENERGY, 2)}))
WAYS = MeterWays(
    proof_form=ProofForm(under_global_key=True),
    leniencies=frozenset({"surplus_services", "blocks_from_0"}),
    lists=LISTS,
    profiles={LOAD_PROFILE: ProfileWays(Counter({ProfileWay.RANGE: 2, ProfileWay.ENTRY: 1})), LOG: ProfileWays()},
)
WRITTEN = {
    "objects": [
        {
            "class_id": 3,
            "version": 0,
            "logical_name": "1.0.1.8.0.255",
            "attributes": [[1, 1, 1, []], [2, 3, 1, [1, 2]]],
            "methods": [[1, 1, 1]],
        },
        {"class_id": 8, "version": 0, "logical_name": "0.0.1.0.0.255", "attributes": [], "methods": []},
    ],
    "scaler_units": {"3:1.0.1.8.0.255:3": [-3, 30]},
    "firmware": "1.4",
    "system_title": "4d4d4d0000bc614e",
}


async def test_everything_survives(hass: HomeAssistant, hass_storage: dict[str, Any]):
    await async_save_meter(hass, UNIQUE_ID, METER)
    assert await async_load_meter(hass, UNIQUE_ID) == METER


async def test_trial_04_the_ways_of_a_meter_survive(hass: HomeAssistant, hass_storage: dict[str, Any]):
    await async_save_meter(hass, UNIQUE_ID, replace(METER, ways=WAYS))
    assert (await async_load_meter(hass, UNIQUE_ID)).ways == WAYS


GOOD_LISTS = {"list_limit": 1, "longest_answered": 4, "unanswered": 2, "alone": ["3:1.0.1.8.0.255:2"]}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (GOOD_LISTS, LISTS),
        (GOOD_LISTS | {"list_limit": None, "alone": []}, ListWays(None, 4, 2)),
        (GOOD_LISTS | {"list_limit": -5}, replace(LISTS, list_limit=1)),
        (GOOD_LISTS | {"list_limit": "many"}, ListWays()),
        (GOOD_LISTS | {"alone": ["3:1.0.1.8.0:2"]}, ListWays()),
        (GOOD_LISTS | {"alone": [7]}, ListWays()),
        ({}, ListWays()),
        ("none", ListWays()),
        (None, ListWays()),
    ],
)
async def test_trial_01_how_a_meter_takes_lists_is_found_again_or_found_out_again(
    hass: HomeAssistant, hass_storage: dict[str, Any], written: object, read: ListWays
):
    key = store.file_of(UNIQUE_ID)
    hass_storage[key] = {"version": 1, "minor_version": 1, "key": key, "data": WRITTEN | {"lists": written}}
    meter = await async_load_meter(hass, UNIQUE_ID)
    assert meter.ways.lists == read
    assert meter.system_title == METER.system_title, "whatever became of the lists (rule S13)"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ({"1.0.99.1.0.255": {"RANGE": 2}}, {LOAD_PROFILE: ProfileWays(Counter({ProfileWay.RANGE: 2}))}),
        ({"1.0.99.1.0.255": {}}, {LOAD_PROFILE: ProfileWays()}),
        ({"1.0.99.1.0.255": {"GUESS": 2}}, {}),
        ({"1.0.99.1.0.255": {"RANGE": "many"}}, {}),
        ({"1.0.99.1.0.255": None}, {}),
        ({"1.0.99": {}}, {}),
        ({}, {}),
        ("none", {}),
        (None, {}),
    ],
)
async def test_how_profiles_are_read_is_found_again_or_found_out_again(
    hass: HomeAssistant, hass_storage: dict[str, Any], written: object, read: dict[LogicalName, ProfileWays]
):
    key = store.file_of(UNIQUE_ID)
    hass_storage[key] = {"version": 1, "minor_version": 1, "key": key, "data": WRITTEN | {"profiles": written}}
    meter = await async_load_meter(hass, UNIQUE_ID)
    assert meter.ways.profiles == read
    assert meter.system_title == METER.system_title, "whatever became of the profiles (rule S13)"


async def test_a_form_that_nobody_understands_is_found_out_again(hass: HomeAssistant, hass_storage: dict[str, Any]):
    key = store.file_of(UNIQUE_ID)
    written = WRITTEN | {"proof_form": {"under_global_key": "maybe"}, "leniencies": ["of_tomorrow"]}
    hass_storage[key] = {"version": 1, "minor_version": 1, "key": key, "data": written}
    meter = await async_load_meter(hass, UNIQUE_ID)
    assert meter.ways == MeterWays(leniencies=frozenset({"of_tomorrow"}))


async def test_record_of_an_earlier_release_is_found_and_understood(hass: HomeAssistant, hass_storage: dict[str, Any]):
    """Its name and form are for ever: rule S13 holds only as long as the pinned system title is found again."""
    key = "cosem.1b36c97e3c7bd2ecfd94c1f30fe10543"
    hass_storage[key] = {"version": 1, "minor_version": 1, "key": key, "data": WRITTEN}
    assert await async_load_meter(hass, "ISK1030775213859") == METER


async def test_of_a_meter_without_ciphering_no_system_title_is_remembered(
    hass: HomeAssistant, hass_storage: dict[str, Any]
):
    await async_save_meter(hass, UNIQUE_ID, replace(METER, system_title=None))
    assert await async_load_meter(hass, UNIQUE_ID) == replace(METER, system_title=None)


async def test_a_pinned_system_title_is_kept_with_the_rest(hass: HomeAssistant, hass_storage: dict[str, Any]):
    await async_save_meter(hass, UNIQUE_ID, METER)
    await async_pin_system_title(hass, UNIQUE_ID, bytes(8))
    assert await async_load_meter(hass, UNIQUE_ID) == replace(METER, system_title=bytes(8))


async def test_a_meter_may_have_a_name_that_is_no_text(hass: HomeAssistant, hass_storage: dict[str, Any]):
    await async_save_meter(hass, "SIM\udcff", METER)
    assert await async_load_meter(hass, "SIM\udcff") == METER
    assert await async_load_meter(hass, "SIM") == StoredMeter()


def test_the_file_is_private_and_replaced_as_a_whole(hass: HomeAssistant):
    with patch.object(store, "Store", wraps=store.Store) as opened:
        store._store(hass, UNIQUE_ID)
    assert opened.call_args.kwargs == {"private": True, "atomic_writes": True}


async def test_nothing_is_an_empty_record(hass: HomeAssistant, hass_storage: dict[str, Any]):
    assert await async_load_meter(hass, "unknown") == StoredMeter()
    assert await async_load_objects(hass, "unknown") == ()


async def test_file_name_is_not_what_the_meter_says(hass: HomeAssistant, hass_storage: dict[str, Any]):
    await async_save_meter(hass, UNIQUE_ID, METER)
    (key,) = (key for key in hass_storage if key.startswith("cosem"))
    assert "SIM" not in key
    assert "/" not in key


async def test_meters_do_not_share_a_record(hass: HomeAssistant, hass_storage: dict[str, Any]):
    await async_save_meter(hass, "one", METER)
    assert await async_load_objects(hass, "two") == ()


async def test_same_object_list_keeps_the_units(hass: HomeAssistant, hass_storage: dict[str, Any]):
    await async_save_meter(hass, UNIQUE_ID, METER)
    await async_save_objects(hass, UNIQUE_ID, tuple(reversed(OBJECTS)))
    assert (await async_load_meter(hass, UNIQUE_ID)).scaler_units == METER.scaler_units


async def test_other_object_list_forgets_the_units(hass: HomeAssistant, hass_storage: dict[str, Any]):
    await async_save_meter(hass, UNIQUE_ID, METER)
    await async_save_objects(hass, UNIQUE_ID, OBJECTS[:1])
    assert await async_load_meter(hass, UNIQUE_ID) == StoredMeter(objects=OBJECTS[:1], system_title=METER.system_title)


def test_files_of_a_meter_are_named_alike_for_ever():
    assert store.file_of("ISK1030775213859") == "cosem.1b36c97e3c7bd2ecfd94c1f30fe10543"
    assert store.file_of("ISK1030775213859", store.COUNTED) == "cosem.1b36c97e3c7bd2ecfd94c1f30fe10543.counted"


async def test_what_the_counters_of_a_removed_meter_showed_is_forgotten(
    hass: HomeAssistant, hass_storage: dict[str, Any]
):
    await async_save_meter(hass, UNIQUE_ID, METER)
    counted = CountedStore(hass, UNIQUE_ID)
    counted.save_later(dict)
    await counted.async_save({})
    assert len(hass_storage) == 2
    await async_remove_meter(hass, UNIQUE_ID)
    assert hass_storage == {}


async def test_removed_meter_is_forgotten(hass: HomeAssistant, hass_storage: dict[str, Any]):
    await async_save_meter(hass, UNIQUE_ID, METER)
    await async_remove_meter(hass, UNIQUE_ID)
    assert await async_load_meter(hass, UNIQUE_ID) == StoredMeter()


@pytest.mark.parametrize(
    "damage",
    [
        {"objects": None},
        {"objects": [{"class_id": 3}]},
        {"objects": [{"class_id": 3, "version": 0, "logical_name": "1.0.1.8.0", "attributes": [], "methods": []}]},
        {"objects": [{"class_id": 3, "version": 0, "logical_name": "1.0.1.8.0.999", "attributes": [], "methods": []}]},
        {
            "objects": [
                {"class_id": 3, "version": 0, "logical_name": "1.0.1.8.0.255.0", "attributes": [], "methods": []}
            ]
        },
        {"scaler_units": {"3:1.0.1.8.0.255:3": [1]}},
        {"scaler_units": {"energy": [0, 30]}},
        {"scaler_units": [1]},
    ],
)
async def test_unusable_record_is_no_record(hass: HomeAssistant, hass_storage: dict[str, Any], damage: dict[str, Any]):
    await async_save_meter(hass, UNIQUE_ID, METER)
    (key,) = (key for key in hass_storage if key.startswith("cosem"))
    hass_storage[key]["data"] |= damage
    assert await async_load_meter(hass, UNIQUE_ID) == StoredMeter()
