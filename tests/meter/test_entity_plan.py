"""What is ticked in a form and what is chosen on the device page never fight."""

from types import MappingProxyType

from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cosem.const import CONF_OBJECTS, DOMAIN
from custom_components.cosem.dlms import AccessRights, AttributeDescriptor, LogicalName, ObjectListElement
from custom_components.cosem.meter.entity_plan import (
    async_apply_selection,
    enabled_objects,
    initially_enabled,
    planned_sensors,
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
INTEGRATION = er.RegistryEntryDisabler.INTEGRATION
USER = er.RegistryEntryDisabler.USER
CONFIG_ENTRY = er.RegistryEntryDisabler.CONFIG_ENTRY

PRIMARY = {
    "3:1.0.1.8.0.255": "3_1.0.1.8.0.255_2",
    "4:1.0.1.6.0.255": "4_1.0.1.6.0.255_2",
    "8:0.0.1.0.0.255": "8_0.0.1.0.0.255_2_drift",
}
FURTHER = ("4_1.0.1.6.0.255_4", "4_1.0.1.6.0.255_5", "8_0.0.1.0.0.255_2")


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


def test_each_object_has_one_first_sensor_and_further_ones():
    plan = planned_sensors(UNIQUE_ID, OBJECTS)
    own = {planned.unique_id.removeprefix(f"{UNIQUE_ID}_"): planned for planned in plan}
    assert own.keys() == {*PRIMARY.values(), *FURTHER}
    assert {name for name, planned in own.items() if planned.primary} == set(PRIMARY.values())
    assert {planned.key for planned in plan} == PRIMARY.keys()
    assert [name for name, planned in own.items() if planned.drift] == ["8_0.0.1.0.0.255_2_drift"]


def test_what_may_not_be_read_has_no_sensor():
    rights = MappingProxyType({2: AccessRights(0, 1, ()), 4: AccessRights(1, 1, ()), 5: AccessRights(2, 1, ())})
    element = ObjectListElement(4, 0, DEMAND, rights, MappingProxyType({}))
    (planned,) = planned_sensors(UNIQUE_ID, [element])
    assert planned.attribute == AttributeDescriptor(4, DEMAND, 4)
    assert not planned.primary


def test_new_entities_are_wanted_when_ticked(hass: HomeAssistant, entry: MockConfigEntry):
    assert initially_enabled(hass, entry, OBJECTS) == [AttributeDescriptor(3, ENERGY, 2)]


def test_known_entities_are_wanted_when_enabled(hass: HomeAssistant, entry: MockConfigEntry):
    register(hass, entry, PRIMARY["3:1.0.1.8.0.255"], USER)
    register(hass, entry, "4_1.0.1.6.0.255_5")
    assert initially_enabled(hass, entry, OBJECTS) == [AttributeDescriptor(4, DEMAND, 5)]


def test_enabled_objects_are_those_whose_first_entity_is_enabled(hass: HomeAssistant, entry: MockConfigEntry):
    register(hass, entry, PRIMARY["3:1.0.1.8.0.255"], USER)
    register(hass, entry, PRIMARY["8:0.0.1.0.0.255"])
    register(hass, entry, "4_1.0.1.6.0.255_5")
    other = MockConfigEntry(domain=DOMAIN, unique_id="other", options={CONF_OBJECTS: []})
    other.add_to_hass(hass)
    register(hass, other, PRIMARY["3:1.0.1.8.0.255"])
    assert enabled_objects(hass, entry) == {"8:0.0.1.0.0.255"}
    assert enabled_objects(hass, other) == {"3:1.0.1.8.0.255"}


def test_ticked_objects_of_a_meter_never_read_count_as_enabled(hass: HomeAssistant, entry: MockConfigEntry):
    assert enabled_objects(hass, entry) == {"3:1.0.1.8.0.255"}


def test_saving_an_unchanged_form_changes_nothing(hass: HomeAssistant, entry: MockConfigEntry):
    register(hass, entry, PRIMARY["3:1.0.1.8.0.255"], USER)
    register(hass, entry, PRIMARY["4:1.0.1.6.0.255"], INTEGRATION)
    register(hass, entry, PRIMARY["8:0.0.1.0.0.255"])
    for own in FURTHER:
        register(hass, entry, own)
    before = disablers(hass, entry)
    async_apply_selection(hass, entry, enabled_objects(hass, entry))
    assert disablers(hass, entry) == before


@pytest.mark.parametrize("disabled_by", [INTEGRATION, USER])
def test_tick_enables(hass: HomeAssistant, entry: MockConfigEntry, disabled_by: er.RegistryEntryDisabler):
    register(hass, entry, PRIMARY["3:1.0.1.8.0.255"], disabled_by)
    async_apply_selection(hass, entry, ["3:1.0.1.8.0.255"])
    assert disablers(hass, entry) == {PRIMARY["3:1.0.1.8.0.255"]: None}


def test_taking_the_tick_away_disables_the_first_entity_only(hass: HomeAssistant, entry: MockConfigEntry):
    register(hass, entry, PRIMARY["4:1.0.1.6.0.255"])
    register(hass, entry, "4_1.0.1.6.0.255_5")
    async_apply_selection(hass, entry, [])
    assert disablers(hass, entry) == {PRIMARY["4:1.0.1.6.0.255"]: INTEGRATION, "4_1.0.1.6.0.255_5": None}


def test_entity_disabled_with_its_entry_stays_so(hass: HomeAssistant):
    entry = MockConfigEntry(
        domain=DOMAIN, unique_id=UNIQUE_ID, options={CONF_OBJECTS: []}, disabled_by=ConfigEntryDisabler.USER
    )
    entry.add_to_hass(hass)
    register(hass, entry, PRIMARY["3:1.0.1.8.0.255"], CONFIG_ENTRY)
    async_apply_selection(hass, entry, ["3:1.0.1.8.0.255"])
    assert disablers(hass, entry) == {PRIMARY["3:1.0.1.8.0.255"]: CONFIG_ENTRY}


@pytest.mark.parametrize("unique_id", ["foreign", "SIM_with_underscores_3", "SIM_with_underscores_3_"])
def test_entity_of_another_form_is_left_alone(hass: HomeAssistant, entry: MockConfigEntry, unique_id: str):
    entity_id = er.async_get(hass).async_get_or_create("sensor", DOMAIN, unique_id, config_entry=entry).entity_id
    async_apply_selection(hass, entry, [])
    registered = er.async_get(hass).async_get(entity_id)
    assert registered is not None
    assert registered.disabled_by is None
