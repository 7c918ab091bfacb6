"""What all entities of a meter have in common, whatever their platform."""

from collections.abc import Callable

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cosem.catalogue import AUTHENTICITY, SensorDescription
from custom_components.cosem.dlms import AttributeDescriptor, LogicalName, ObjectListElement, ScalerUnit
from custom_components.cosem.entity import (
    CosemEntity,
    async_follow_objects,
    description_of,
    planned_entities,
    reading_of,
)
from custom_components.cosem.meter.entity_plan import MAX_ENTITIES, PlannedEntity
from tests.conftest import set_up

type EntryMaker = Callable[..., MockConfigEntry]

ENERGY = AttributeDescriptor(3, LogicalName.parse("1.0.1.8.0.255"), 2)
FREQUENCY = AttributeDescriptor(3, LogicalName.parse("1.0.14.7.0.255"), 2)
CLOCK = AttributeDescriptor(8, LogicalName.parse("0.0.1.0.0.255"), 2)


async def test_sensors_are_planned_for_the_platform_sensor_only(
    hass: HomeAssistant, network: None, make_entry: EntryMaker
):
    coordinator = (await set_up(hass, make_entry())).runtime_data
    plan = planned_entities(coordinator, Platform.SENSOR)
    assert len(plan) > 40
    assert {planned.key for planned in plan if planned.enabled} == {
        *("3_1.0.1.8.0.255_2", "3_1.0.1.7.0.255_2", "3_1.0.32.7.0.255_2", "8_0.0.1.0.0.255_2_drift")
    }
    assert AUTHENTICITY not in [planned.description for planned in plan]
    assert planned_entities(coordinator, Platform.SWITCH) == []


async def test_look_follows_from_what_was_read_even_for_what_nobody_looks_at(
    hass: HomeAssistant, network: None, make_entry: EntryMaker
):
    coordinator = (await set_up(hass, make_entry())).runtime_data
    assert reading_of(coordinator, ENERGY).value is not None
    assert reading_of(coordinator, FREQUENCY).value is None  # not ticked
    assert isinstance(reading_of(coordinator, FREQUENCY).scaler_unit, ScalerUnit)
    description = description_of(coordinator, FREQUENCY)
    assert isinstance(description, SensorDescription)
    assert description.native_unit == "Hz"


async def test_entity_needs_all_that_it_reads(hass: HomeAssistant, network: None, make_entry: EntryMaker):
    entry = await set_up(hass, make_entry())
    coordinator = entry.runtime_data
    planned = PlannedEntity(
        key="two", reads=(ENERGY, CLOCK), description=SensorDescription(translation_key="energy"), enabled=True
    )
    entity = CosemEntity(coordinator, planned)
    assert entity.unique_id == f"{entry.unique_id}_two"
    assert entity.coordinator_context == (ENERGY, CLOCK)
    assert entity.available
    assert entity.entity_registry_enabled_default
    assert entity.extra_state_attributes == {"obis_code": "1-0:1.8.0", "interface_class": "Register"}
    for association in range(3):
        assert entity.available
        coordinator.reader.refusals.note(CLOCK, "object-undefined", association, 0.0)
    assert not entity.available


async def test_entity_of_the_meter_as_a_whole_has_no_code(hass: HomeAssistant, network: None, make_entry: EntryMaker):
    coordinator = (await set_up(hass, make_entry())).runtime_data
    entity = CosemEntity(coordinator, PlannedEntity(key="authenticity", description=AUTHENTICITY))
    assert entity.extra_state_attributes is None
    assert entity.available
    coordinator.last_update_success = False
    assert not entity.available


async def test_trial_24_a_meter_whose_objects_change_every_day_gets_no_more_entities(
    hass: HomeAssistant, network: None, make_entry: EntryMaker
):
    coordinator = (await set_up(hass, make_entry())).runtime_data
    added: list[PlannedEntity] = []
    async_follow_objects(coordinator, Platform.SENSOR, added.extend)
    for day in range(4):
        coordinator.reader.objects = tuple(
            ObjectListElement(3, 0, LogicalName(bytes([1, day, 1, 8, *divmod(number, 256)]))) for number in range(1_000)
        )
        coordinator.followers[-1]()
    assert len(added) == MAX_ENTITIES
