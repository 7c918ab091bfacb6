"""What is ticked in a form and what is chosen on the device page never fight."""

from types import MappingProxyType

from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cosem.catalogue import AUTHENTICITY, ObjectDescription, SensorDescription
from custom_components.cosem.catalogue.derived import CLOCK_DRIFT
from custom_components.cosem.const import CONF_OBJECTS, DOMAIN
from custom_components.cosem.dlms import AccessRights, AttributeDescriptor, LogicalName, ObjectListElement
from custom_components.cosem.meter.entity_plan import (
    MAX_ENTITIES,
    PlannedEntity,
    async_apply_selection,
    enabled_objects,
    has_too_many,
    initially_read,
    name_of,
    plan_entities,
)

ENERGY = LogicalName.parse("1.0.1.8.0.255")
DEMAND = LogicalName.parse("1.0.1.6.0.255")
CLOCK = LogicalName.parse("0.0.1.0.0.255")
UNIQUE_ID = "SIM_with_underscores_3"
OBJECTS = (
    ObjectListElement(3, 0, ENERGY),
    ObjectListElement(4, 0, DEMAND),
    ObjectListElement(8, 0, CLOCK),
    ObjectListElement(1, 0, LogicalName.parse("0.0.42.0.0.255")),
    ObjectListElement(7, 1, LogicalName.parse("1.0.99.1.0.255")),
)
PLAN = plan_entities(OBJECTS)
INTEGRATION = er.RegistryEntryDisabler.INTEGRATION
USER = er.RegistryEntryDisabler.USER
CONFIG_ENTRY = er.RegistryEntryDisabler.CONFIG_ENTRY

PRIMARY = {
    "3:1.0.1.8.0.255": "3_1.0.1.8.0.255_2",
    "4:1.0.1.6.0.255": "4_1.0.1.6.0.255_2",
    "8:0.0.1.0.0.255": "8_0.0.1.0.0.255_2_drift",
}
FURTHER = ("4_1.0.1.6.0.255_4", "4_1.0.1.6.0.255_5", "8_0.0.1.0.0.255_2")


def planned(entry: MockConfigEntry) -> list[PlannedEntity]:
    """The plan with what the entry's options say."""
    return plan_entities(OBJECTS, ticked=entry.options[CONF_OBJECTS])


@pytest.fixture
def entry(hass: HomeAssistant) -> MockConfigEntry:
    made = MockConfigEntry(domain=DOMAIN, unique_id=UNIQUE_ID, options={CONF_OBJECTS: ["3:1.0.1.8.0.255"]})
    made.add_to_hass(hass)
    return made


def register(
    hass: HomeAssistant, entry: MockConfigEntry, own: str, disabled_by: er.RegistryEntryDisabler | None = None
) -> str:
    return (
        er.async_get(hass)
        .async_get_or_create("sensor", DOMAIN, f"{entry.unique_id}_{own}", config_entry=entry, disabled_by=disabled_by)
        .entity_id
    )


def disablers(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str, er.RegistryEntryDisabler | None]:
    return {
        item.unique_id.removeprefix(f"{entry.unique_id}_"): item.disabled_by
        for item in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    }


def test_each_object_has_one_first_entity_and_further_ones():
    plan = {item.key: item for item in PLAN}
    assert plan.keys() == {*PRIMARY.values(), *FURTHER}
    assert {key for key, item in plan.items() if item.primary} == set(PRIMARY.values())
    assert {item.object_key for item in PLAN} == PRIMARY.keys()
    assert {key: plan[own].object_key for key, own in PRIMARY.items()} == {key: key for key in PRIMARY}
    assert [key for key, item in plan.items() if item.description is CLOCK_DRIFT] == ["8_0.0.1.0.0.255_2_drift"]


def test_entity_knows_platform_and_what_it_needs():
    assert {item.platform for item in PLAN} == {Platform.SENSOR}
    assert {item.calls for item in PLAN} == {()}
    needs = {item.key: item.reads for item in PLAN}
    assert needs["3_1.0.1.8.0.255_2"] == (AttributeDescriptor(3, ENERGY, 2),)
    assert needs["4_1.0.1.6.0.255_5"] == (AttributeDescriptor(4, DEMAND, 5),)
    assert needs["8_0.0.1.0.0.255_2"] == needs["8_0.0.1.0.0.255_2_drift"] == (AttributeDescriptor(8, CLOCK, 2),)


def test_unique_id_is_made_of_the_meters_identity_and_the_key():
    assert PLAN[0].unique_id(UNIQUE_ID) == "SIM_with_underscores_3_3_1.0.1.8.0.255_2"
    keys = [item.key for item in PLAN]
    assert len(set(keys)) == len(keys)


def test_ticked_objects_enable_their_first_entity_only():
    plan = plan_entities(OBJECTS, ticked=["4:1.0.1.6.0.255", "8:0.0.1.0.0.255"])
    assert {item.key for item in plan if item.enabled} == {"4_1.0.1.6.0.255_2", "8_0.0.1.0.0.255_2_drift"}


def test_meter_that_cannot_be_verified_has_an_entity_that_says_so():
    first, *others = plan_entities(OBJECTS, unverified=True)
    assert others == PLAN
    assert first.unique_id(UNIQUE_ID) == "SIM_with_underscores_3_authenticity"
    assert first.description is AUTHENTICITY
    assert first.enabled
    assert not first.primary
    assert first.object_key is None
    assert first.reads == ()


def test_description_is_what_is_known_by_now():
    known = SensorDescription(translation_key="known")
    plan = plan_entities(OBJECTS[:1], describe=lambda attribute: known if attribute.class_id == 3 else None)
    assert [item.description for item in plan] == [known]


def test_nobody_wants_an_entity_unless_it_is_said():
    planned = PlannedEntity(key="key", description=AUTHENTICITY)
    assert not planned.enabled
    assert not planned.primary


@pytest.mark.parametrize("name", ["0.0.42.0.0.255", "0.0.96.1.0.255", "1.0.0.2.0.255"])
def test_what_names_the_meter_is_no_entity_even_if_it_could_be_shown(name: str):
    known = SensorDescription(translation_key="known")
    assert plan_entities([ObjectListElement(1, 0, LogicalName.parse(name))], describe=lambda _: known) == []


def test_what_the_catalogue_cannot_show_has_no_entity_but_what_is_derived():
    assert [item.key for item in plan_entities(OBJECTS, describe=lambda _: None)] == ["8_0.0.1.0.0.255_2_drift"]


def test_entity_may_be_one_of_any_platform():
    relay = ObjectDescription(platform=Platform.SWITCH, translation_key="relay")
    (item,) = plan_entities(OBJECTS[:1], describe=lambda _: relay)
    assert item.platform is Platform.SWITCH


def test_what_may_not_be_read_has_no_entity():
    rights = MappingProxyType({2: AccessRights(0, 1, ()), 4: AccessRights(1, 1, ()), 5: AccessRights(2, 1, ())})
    element = ObjectListElement(4, 0, DEMAND, rights, MappingProxyType({}))
    (item,) = plan_entities([element], ticked=["4:1.0.1.6.0.255"])
    assert item.reads == (AttributeDescriptor(4, DEMAND, 4),)
    assert not item.primary
    assert not item.enabled


def test_new_entities_are_wanted_when_ticked(hass: HomeAssistant, entry: MockConfigEntry):
    assert initially_read(hass, entry, planned(entry)) == [AttributeDescriptor(3, ENERGY, 2)]


def test_known_entities_are_wanted_when_enabled(hass: HomeAssistant, entry: MockConfigEntry):
    register(hass, entry, PRIMARY["3:1.0.1.8.0.255"], USER)
    register(hass, entry, "4_1.0.1.6.0.255_5")
    assert initially_read(hass, entry, planned(entry)) == [AttributeDescriptor(4, DEMAND, 5)]


def test_enabled_objects_are_those_whose_first_entity_is_enabled(hass: HomeAssistant, entry: MockConfigEntry):
    register(hass, entry, PRIMARY["3:1.0.1.8.0.255"], USER)
    register(hass, entry, PRIMARY["8:0.0.1.0.0.255"])
    register(hass, entry, "4_1.0.1.6.0.255_5")
    other = MockConfigEntry(domain=DOMAIN, unique_id="other", options={CONF_OBJECTS: []})
    other.add_to_hass(hass)
    register(hass, other, PRIMARY["3:1.0.1.8.0.255"])
    assert enabled_objects(hass, entry, PLAN) == {"8:0.0.1.0.0.255"}
    assert enabled_objects(hass, other, PLAN) == {"3:1.0.1.8.0.255"}


def test_ticked_objects_of_a_meter_never_read_count_as_enabled(hass: HomeAssistant, entry: MockConfigEntry):
    assert enabled_objects(hass, entry, PLAN) == {"3:1.0.1.8.0.255"}


def test_saving_an_unchanged_form_changes_nothing(hass: HomeAssistant, entry: MockConfigEntry):
    register(hass, entry, PRIMARY["3:1.0.1.8.0.255"], USER)
    register(hass, entry, PRIMARY["4:1.0.1.6.0.255"], INTEGRATION)
    register(hass, entry, PRIMARY["8:0.0.1.0.0.255"])
    for own in FURTHER:
        register(hass, entry, own)
    before = disablers(hass, entry)
    async_apply_selection(hass, entry, PLAN, enabled_objects(hass, entry, PLAN))
    assert disablers(hass, entry) == before


@pytest.mark.parametrize("disabled_by", [INTEGRATION, USER])
def test_tick_enables(hass: HomeAssistant, entry: MockConfigEntry, disabled_by: er.RegistryEntryDisabler):
    register(hass, entry, PRIMARY["3:1.0.1.8.0.255"], disabled_by)
    async_apply_selection(hass, entry, PLAN, ["3:1.0.1.8.0.255"])
    assert disablers(hass, entry) == {PRIMARY["3:1.0.1.8.0.255"]: None}


def test_taking_the_tick_away_disables_the_first_entity_only(hass: HomeAssistant, entry: MockConfigEntry):
    register(hass, entry, PRIMARY["4:1.0.1.6.0.255"])
    register(hass, entry, "4_1.0.1.6.0.255_5")
    async_apply_selection(hass, entry, PLAN, [])
    assert disablers(hass, entry) == {PRIMARY["4:1.0.1.6.0.255"]: INTEGRATION, "4_1.0.1.6.0.255_5": None}


def test_entity_disabled_with_its_entry_stays_so(hass: HomeAssistant):
    entry = MockConfigEntry(
        domain=DOMAIN, unique_id=UNIQUE_ID, options={CONF_OBJECTS: []}, disabled_by=ConfigEntryDisabler.USER
    )
    entry.add_to_hass(hass)
    register(hass, entry, PRIMARY["3:1.0.1.8.0.255"], CONFIG_ENTRY)
    async_apply_selection(hass, entry, PLAN, ["3:1.0.1.8.0.255"])
    assert disablers(hass, entry) == {PRIMARY["3:1.0.1.8.0.255"]: CONFIG_ENTRY}


@pytest.mark.parametrize("unique_id", ["foreign", "SIM_with_underscores_3", "SIM_with_underscores_3_"])
def test_entity_of_another_form_is_left_alone(hass: HomeAssistant, entry: MockConfigEntry, unique_id: str):
    entity_id = er.async_get(hass).async_get_or_create("sensor", DOMAIN, unique_id, config_entry=entry).entity_id
    async_apply_selection(hass, entry, PLAN, [])
    registered = er.async_get(hass).async_get(entity_id)
    assert registered is not None
    assert registered.disabled_by is None


def test_object_that_the_form_does_not_show_is_not_touched_by_saving_it(hass: HomeAssistant, entry: MockConfigEntry):
    """An object list that is not known any more must not switch everything off."""
    register(hass, entry, PRIMARY["4:1.0.1.6.0.255"])
    async_apply_selection(hass, entry, plan_entities(OBJECTS[:1]), [])
    assert disablers(hass, entry) == {PRIMARY["4:1.0.1.6.0.255"]: None}


def test_entity_of_another_platform_is_found_there(hass: HomeAssistant, entry: MockConfigEntry):
    relay = ObjectDescription(platform=Platform.SWITCH, translation_key="relay")
    plan = plan_entities(OBJECTS[:1], describe=lambda _: relay)
    registry = er.async_get(hass)
    unique_id = plan[0].unique_id(UNIQUE_ID)
    registry.async_get_or_create("switch", DOMAIN, unique_id, config_entry=entry, disabled_by=USER)
    register(hass, entry, plan[0].key)  # a sensor of the same unique id is another entity
    assert enabled_objects(hass, entry, plan) == set()
    assert initially_read(hass, entry, plan) == []


def test_an_attribute_is_called_like_its_entity_by_whoever_named_it(hass: HomeAssistant, entry: MockConfigEntry):
    registry = er.async_get(hass)
    attribute = AttributeDescriptor(3, ENERGY, 2)
    assert name_of(hass, entry, attribute) == "1-0:1.8.0"
    entity_id = register(hass, entry, PRIMARY["3:1.0.1.8.0.255"])
    assert name_of(hass, entry, attribute) == f"{entity_id} (1-0:1.8.0)"
    registry.async_update_entity(entity_id, original_name="Energy import")
    assert name_of(hass, entry, attribute) == "Energy import (1-0:1.8.0)"
    registry.async_update_entity(entity_id, name="The big one")
    assert name_of(hass, entry, attribute) == "The big one (1-0:1.8.0)"


def registers(count: int) -> list[ObjectListElement]:
    """So many objects with one entity each."""
    return [ObjectListElement(3, 0, LogicalName(bytes([1, 0, 1, 8, *divmod(number, 256)]))) for number in range(count)]


def test_trial_24_an_entry_has_no_more_than_two_thousand_entities():
    assert MAX_ENTITIES == 2_000
    assert len(plan_entities(registers(MAX_ENTITIES))) == MAX_ENTITIES
    assert not has_too_many(registers(MAX_ENTITIES))
    many = registers(10_000)
    assert plan_entities(many) == plan_entities(many[:MAX_ENTITIES])
    assert has_too_many(many[: MAX_ENTITIES + 1])
    assert len(plan_entities(many, unverified=True)) == MAX_ENTITIES
    assert plan_entities(many, unverified=True)[0].description is AUTHENTICITY


def test_trial_24_what_was_ticked_is_not_left_out():
    many = registers(10_000)
    ticked = [f"3:{element.logical_name}" for element in (many[9_999], many[5_000], many[3])]
    plan = plan_entities(many, ticked=ticked)
    assert len(plan) == MAX_ENTITIES
    assert sorted(planned.object_key or "" for planned in plan if planned.enabled) == sorted(ticked)
    # Fewer objects stay in their order, ticked or not.
    assert [planned.key for planned in plan_entities(OBJECTS, ticked=ticked)] == [planned.key for planned in PLAN]


def test_trial_24_objects_that_are_left_out_cost_nothing():
    described = []

    def describe(attribute: AttributeDescriptor) -> ObjectDescription:
        described.append(attribute)
        return CLOCK_DRIFT

    plan_entities(registers(10_000), describe=describe)
    assert len(described) <= 2 * (MAX_ENTITIES + 1)


def test_a_name_that_holds_the_code_does_not_say_it_twice(hass: HomeAssistant, entity_registry: er.EntityRegistry):
    entry = MockConfigEntry(domain=DOMAIN, unique_id="meter")
    entry.add_to_hass(hass)
    attribute = AttributeDescriptor(1, LogicalName.parse("0.0.96.11.1.255"), 2)
    assert name_of(hass, entry, attribute) == "0-0:96.11.1"
    known = entity_registry.async_get_or_create(
        "sensor", DOMAIN, "meter_1_0.0.96.11.1.255_2", original_name="Event code (0-0:96.11.1)"
    )
    assert name_of(hass, entry, attribute) == "Event code (0-0:96.11.1)"
    entity_registry.async_update_entity(known.entity_id, name="What happened")
    assert name_of(hass, entry, attribute) == "What happened (0-0:96.11.1)"


def test_what_the_meter_sends_has_an_entity_where_no_object_gives_it():
    def pushed(class_id: int, name: str, index: int) -> AttributeDescriptor:
        return AttributeDescriptor(class_id, LogicalName.parse(name), index)

    heard = [
        pushed(3, "1.0.1.8.0.255", 2),  # its object is listed
        pushed(3, "1.0.2.8.0.255", 2),
        pushed(3, "1.0.198.7.0.255", 2),
        pushed(4, "1.0.2.6.0.255", 5),
        pushed(4, "1.0.2.6.0.255", 4),
        pushed(7, "1.0.99.1.0.255", 2),  # no sensor
    ]
    found = plan_entities(OBJECTS, pushed=heard)[len(PLAN) :]
    assert [(each.key, each.object_key, each.enabled, each.primary) for each in found] == [
        ("3_1.0.2.8.0.255_2", "3:1.0.2.8.0.255", True, True),
        ("3_1.0.198.7.0.255_2", "3:1.0.198.7.0.255", False, True),
        ("4_1.0.2.6.0.255_5", "4:1.0.2.6.0.255", False, True),
        ("4_1.0.2.6.0.255_4", "4:1.0.2.6.0.255", False, False),
    ]
    assert [each.reads for each in found] == [(each,) for each in heard[1:5]]
