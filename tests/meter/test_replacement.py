"""A new meter takes over an entry with its entities, and nobody else's."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cosem.const import DOMAIN
from custom_components.cosem.dlms import AttributeDescriptor, LogicalName, ObjectListElement
from custom_components.cosem.meter.entity_plan import plan_entities
from custom_components.cosem.meter.identity import MeterIdentity
from custom_components.cosem.meter.own_entities import OwnEntity
from custom_components.cosem.meter.replacement import async_give_entry, has_entry
from custom_components.cosem.meter.store import StoredMeter, async_load_meter, async_save_meter

OLD, NEW = "SIM1", "SIM_2"
NEW_METER = MeterIdentity(
    unique_id=NEW,
    pinned=AttributeDescriptor(1, LogicalName.parse("0.0.42.0.0.255"), 2),
    manufacturer="SIM",
    serial_number="2",
    firmware=None,
    model=None,
)
PLAN = plan_entities(
    [
        ObjectListElement(class_id, 0, LogicalName.parse(name))
        for class_id, name in ((3, "1.0.1.8.0.255"), (8, "0.0.1.0.0.255"))
    ],
    unverified=True,
)


@pytest.fixture
def entry(hass: HomeAssistant) -> MockConfigEntry:
    made = MockConfigEntry(domain=DOMAIN, unique_id=OLD)
    made.add_to_hass(hass)
    return made


def unique_ids(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str, str]:
    """Unique ids by entity id."""
    registered = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    return {item.entity_id: item.unique_id for item in registered}


async def test_new_meter_gets_the_entry_with_its_entities_and_device(
    hass: HomeAssistant, hass_storage: dict[str, Any], entry: MockConfigEntry
):
    registry, devices = er.async_get(hass), dr.async_get(hass)
    device = devices.async_get_or_create(config_entry_id=entry.entry_id, identifiers={(DOMAIN, OLD)})
    for own in ("3_1.0.1.8.0.255_2", "8_0.0.1.0.0.255_2_drift", "authenticity"):
        registry.async_get_or_create("sensor", DOMAIN, f"{OLD}_{own}", config_entry=entry, suggested_object_id=own)
    before = unique_ids(hass, entry)
    await async_save_meter(hass, OLD, StoredMeter(firmware="7"))
    await async_give_entry(hass, entry, NEW_METER, PLAN)
    assert entry.unique_id == NEW
    assert unique_ids(hass, entry) == {
        entity_id: f"{NEW}_{unique_id[len(OLD) + 1 :]}" for entity_id, unique_id in before.items()
    }
    moved = devices.async_get(device.id)
    assert moved is not None
    assert moved.identifiers == {(DOMAIN, NEW)}
    assert await async_load_meter(hass, OLD) == StoredMeter()


@pytest.mark.parametrize(
    ("title", "after"),
    [("SIM1", "SIM 2"), ("SIM 0001", "SIM 2"), ("Cellar", "Cellar")],
    ids=["of the unique id", "of the device", "of a person"],
)
async def test_trial_29_adopted_meter_takes_the_new_name_unless_a_person_chose_one(
    hass: HomeAssistant, title: str, after: str
):
    entry = MockConfigEntry(domain=DOMAIN, unique_id=OLD, title=title)
    entry.add_to_hass(hass)
    dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={(DOMAIN, OLD)}, manufacturer="SIM", serial_number="0001"
    )
    await async_give_entry(hass, entry, NEW_METER, PLAN)
    assert (entry.unique_id, entry.title) == (NEW, after)


async def test_an_entity_that_nobody_plans_any_more_keeps_its_unique_id(hass: HomeAssistant, entry: MockConfigEntry):
    """Nothing shows in it: the object is not in the list, and taking ids apart would guess what they are made of."""
    registry = er.async_get(hass)
    registry.async_get_or_create("sensor", DOMAIN, f"{OLD}_3_1.0.99.7.0.255_2", config_entry=entry)
    before = unique_ids(hass, entry)
    await async_give_entry(hass, entry, NEW_METER, PLAN)
    assert unique_ids(hass, entry) == before


async def test_meter_with_an_entry_of_its_own_keeps_it(hass: HomeAssistant, entry: MockConfigEntry):
    other = MockConfigEntry(domain=DOMAIN, unique_id=NEW)
    other.add_to_hass(hass)
    er.async_get(hass).async_get_or_create("sensor", DOMAIN, f"{OLD}_authenticity", config_entry=entry)
    before = unique_ids(hass, entry)
    await async_give_entry(hass, entry, NEW_METER, PLAN)
    assert entry.unique_id == OLD
    assert unique_ids(hass, entry) == before


def test_has_entry(hass: HomeAssistant, entry: MockConfigEntry):
    assert has_entry(hass, OLD)
    assert not has_entry(hass, NEW)


async def test_trial_17_sub_meters_go_with_the_entry(hass: HomeAssistant, entry: MockConfigEntry):
    devices = dr.async_get(hass)
    plan = plan_entities([ObjectListElement(4, 0, LogicalName.parse(f"0.{b}.24.2.1.255")) for b in (1, 2)])
    before = {
        name: devices.async_get_or_create(config_entry_id=entry.entry_id, identifiers={(DOMAIN, name)}).id
        for name in (OLD, f"{OLD}_mbus_1")
    }
    await async_give_entry(hass, entry, NEW_METER, plan)
    after = {name: devices.async_get(device_id).identifiers for name, device_id in before.items()}
    assert after == {OLD: {(DOMAIN, NEW)}, f"{OLD}_mbus_1": {(DOMAIN, f"{NEW}_mbus_1")}}


async def test_what_each_meter_has_goes_to_the_new_one_as_well(
    hass: HomeAssistant, hass_storage: dict[str, Any], entry: MockConfigEntry
):
    registry = er.async_get(hass)
    for own in OwnEntity:
        registry.async_get_or_create(own.platform, DOMAIN, own.unique_id(OLD), config_entry=entry)
    before = unique_ids(hass, entry)
    await async_give_entry(hass, entry, NEW_METER, PLAN)
    after = unique_ids(hass, entry)
    assert after.keys() == before.keys()
    assert set(after.values()) == {own.unique_id(NEW) for own in OwnEntity}
