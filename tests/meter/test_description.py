"""What a meter says about itself is read again, and believed when it says so twice."""

from dataclasses import replace
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cosem.const import CONF_INTERVAL, CONF_OBJECTS, DOMAIN
from custom_components.cosem.dlms import (
    CURRENT_OBJECT_LIST,
    AttributeDescriptor,
    ConnectionLost,
    LogicalName,
    ScalerUnit,
)
from custom_components.cosem.dlms.encoding.data import long_unsigned, octet_string, unsigned, visible_string
from custom_components.cosem.meter.description import Confirmed
from custom_components.cosem.meter.identity import FIRMWARE_ATTRIBUTES, NAME_ATTRIBUTE, SERIAL_ATTRIBUTES
from custom_components.cosem.meter.reader import MeterReader
from custom_components.cosem.meter.store import async_load_meter, async_save_meter
from tests.conftest import poll, sensor_id, set_up, state_of
from tests.meter.test_reader_alone import (
    POWER,
    TEXT,
    UNIQUE_ID,
    WATTS,
    Answering,
    Answers,
    known,
    names,
    object_list,
    objects_of,
    unit_of,
)
from tests.simulated_meter.meter import SimulatedMeter

FIRMWARE, SERIAL = FIRMWARE_ATTRIBUTES[0], SERIAL_ATTRIBUTES[0]
MBUS = AttributeDescriptor(72, LogicalName.parse("0.2.24.1.0.255"), 9)
NUMBER_OF_CHANGES = AttributeDescriptor(1, LogicalName.parse("0.0.96.2.0.255"), 2)
ENERGY = "3_1.0.1.8.0.255_2"


@pytest.fixture
def entry(hass: HomeAssistant) -> MockConfigEntry:
    options = {CONF_OBJECTS: [], CONF_INTERVAL: 60}
    data = {"client_wport": 2, "authentication": "keys", "mechanism": "hls-gmac"}
    made = MockConfigEntry(domain=DOMAIN, unique_id=UNIQUE_ID, title="Meter", options=options, data=data)
    made.add_to_hass(hass)
    return made


@pytest.fixture
def reader(hass: HomeAssistant, entry: MockConfigEntry) -> MeterReader:
    return MeterReader(hass, entry)


class Days:
    """Polls of a meter, each in an association of its own, a minute or more after the one before."""

    def __init__(self, reader: MeterReader, freezer: FrozenDateTimeFactory, answers: Answers) -> None:
        self.reader = reader
        self.freezer = freezer
        self.answers = answers

    async def start(self) -> Answering:
        association: Any = Answering(self.answers)
        await self.reader.async_identify(association)
        return association

    async def poll(self, seconds: float = 60) -> set[AttributeDescriptor]:
        """Return what was asked for."""
        self.freezer.tick(seconds)
        association: Any = Answering(self.answers)
        await self.reader.async_check_description(association)
        return association.asked_for


@pytest.fixture
def days(reader: MeterReader, freezer: FrozenDateTimeFactory) -> Days:
    return Days(
        reader,
        freezer,
        {
            CURRENT_OBJECT_LIST: object_list(POWER, FIRMWARE, SERIAL, MBUS, NUMBER_OF_CHANGES),
            FIRMWARE: visible_string("1.0"),
            SERIAL: visible_string("4711"),
            MBUS: unsigned(0),
            NUMBER_OF_CHANGES: long_unsigned(3),
        },
    )


def test_what_is_known_changes_when_it_is_told_twice():
    fact = Confirmed[str]("")
    seen = []
    for told in ("old", "odd", "old", "new", "newer", "newer", "new", "new"):
        fact.note(told)
        seen.append((fact.known, fact.is_doubted))
    assert seen == [
        ("old", False),
        ("old", True),
        ("old", False),
        ("old", True),
        ("old", True),
        ("newer", False),
        ("newer", True),
        ("new", False),
    ]


async def test_what_was_just_read_is_not_asked_for_again(days: Days):
    await days.start()
    assert await days.poll() == set()
    asked = await days.poll(3600 - 60)
    assert {NAME_ATTRIBUTE, FIRMWARE, SERIAL, MBUS, NUMBER_OF_CHANGES} <= asked
    assert CURRENT_OBJECT_LIST not in asked
    assert await days.poll() == set()


async def test_trial_11_the_object_list_is_read_again_after_a_start(
    hass: HomeAssistant, reader: MeterReader, days: Days
):
    """It is remembered, so the set-up does not wait for it; the first poll after that reads it."""
    await known(hass, reader, objects=objects_of(POWER), listed_for="2 keys hls-gmac")
    association = await days.start()
    assert CURRENT_OBJECT_LIST not in association.asked_for
    assert CURRENT_OBJECT_LIST in await days.poll()
    assert names(reader) == [POWER.logical_name], "one answer may be an odd one"
    assert CURRENT_OBJECT_LIST in await days.poll()
    assert len(names(reader)) == 5
    assert await days.poll() == set()


async def test_trial_11_the_object_list_is_read_again_once_a_day(reader: MeterReader, days: Days):
    await days.start()
    days.answers[CURRENT_OBJECT_LIST] = object_list(POWER, TEXT)
    asked = [CURRENT_OBJECT_LIST in await days.poll(1800) for _ in range(48)]
    assert asked == [False] * 47 + [True]
    await days.poll()
    assert names(reader) == [POWER.logical_name, TEXT.logical_name]


async def test_trial_11_a_configuration_number_brings_the_object_list_at_once(reader: MeterReader, days: Days):
    await days.start()
    days.answers |= {NUMBER_OF_CHANGES: long_unsigned(4), CURRENT_OBJECT_LIST: object_list(POWER, TEXT)}
    assert CURRENT_OBJECT_LIST in await days.poll(3600)
    assert len(names(reader)) == 5
    await days.poll()
    assert names(reader) == [POWER.logical_name, TEXT.logical_name]
    assert await days.poll() == set()


async def test_trial_11_an_object_list_that_was_odd_once_is_forgotten(reader: MeterReader, days: Days):
    await days.start()
    before, objects = days.answers[CURRENT_OBJECT_LIST], reader.objects
    days.answers |= {NUMBER_OF_CHANGES: long_unsigned(4), CURRENT_OBJECT_LIST: object_list(POWER)}
    await days.poll(3600)
    days.answers[CURRENT_OBJECT_LIST] = before
    assert CURRENT_OBJECT_LIST in await days.poll()
    assert await days.poll() == set()
    assert reader.objects is objects


async def test_trial_11_a_sub_meter_that_is_linked_later_becomes_what_it_is(
    hass: HomeAssistant, entry: MockConfigEntry, reader: MeterReader, days: Days
):
    await days.start()
    assert reader.mbus_device_types == {2: 0}
    days.answers[MBUS] = unsigned(3)
    await days.poll(3600)
    assert reader.mbus_device_types == {2: 0}
    await days.poll()
    assert reader.mbus_device_types == {2: 3}
    await reader.async_save(None, {})
    assert (await async_load_meter(hass, UNIQUE_ID)).device_types == {2: 3}
    del days.answers[MBUS]
    await days.poll(3600)
    assert reader.mbus_device_types == {2: 3}, "one that does not answer is still there"
    days.answers[MBUS] = unsigned(15)  # odd, in the poll after a start
    again = MeterReader(hass, entry)
    await again.async_load()
    await Days(again, days.freezer, days.answers).start()
    assert again.mbus_device_types == {2: 3}


async def test_trial_11_another_firmware_is_noticed_while_running(
    reader: MeterReader, days: Days, caplog: pytest.LogCaptureFixture
):
    caplog.set_level("INFO")
    await days.start()
    association: Any = Answering({**days.answers, POWER: unsigned(7), unit_of(POWER): WATTS})
    await reader.async_read(association, [POWER])
    assert reader._units.is_certain(unit_of(POWER))
    days.answers[FIRMWARE] = visible_string("2.0")
    assert CURRENT_OBJECT_LIST in await days.poll(3600)
    assert reader.identity is not None
    assert reader.identity.firmware == "1.0"
    assert "runs another firmware" not in caplog.text
    await days.poll()
    assert reader.identity.firmware == "2.0"
    assert not reader._units.is_certain(unit_of(POWER))
    assert reader._units.known == {unit_of(POWER): ScalerUnit(-1, 27)}
    assert caplog.text.count("runs another firmware") == 1
    assert await days.poll() == set()


async def test_what_is_not_said_this_time_is_as_before(reader: MeterReader, days: Days):
    await days.start()
    before = reader.identity
    for attribute in (FIRMWARE, NUMBER_OF_CHANGES, CURRENT_OBJECT_LIST):
        del days.answers[attribute]
    for _ in range(3):
        await days.poll(3600)
    assert reader.identity == before
    assert len(names(reader)) == 5


@pytest.mark.parametrize("name", ["SIM2000002", None])
async def test_another_identity_is_not_taken_in_passing(reader: MeterReader, days: Days, name: str | None):
    """Each association verifies the meter before its values count; here it is only asked for more."""
    await days.start()
    before = reader.identity
    for _ in range(3):
        days.freezer.tick(3600)
        association: Any = Answering(days.answers)
        association.answers |= {NAME_ATTRIBUTE: octet_string(name.encode()) if name else unsigned(0)}
        await reader.async_check_description(association)
    assert reader.identity == before


async def test_a_question_about_the_meter_costs_no_values(reader: MeterReader, days: Days):
    await days.start()
    days.freezer.tick(90_000)
    slow: Any = Answering(days.answers, seconds=600)
    await reader.async_check_description(slow)
    assert len(slow.asked) == 2, "both were given up after a while"

    class Lost(Answering):
        async def get_many(self, attributes: Any) -> Any:
            raise ConnectionLost

    days.freezer.tick(90_000)
    lost: Any = Lost()
    await reader.async_check_description(lost)
    assert len(names(reader)) == 5


# --- 13: whose list it is -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("listed_for", "is_read"),
    [("2 keys hls-gmac", False), (None, False), ("16 none", True), ("2 keys lls", True), ("3 keys hls-gmac", True)],
)
async def test_trial_13_the_list_of_another_client_is_not_used(
    hass: HomeAssistant, reader: MeterReader, days: Days, listed_for: str | None, is_read: bool
):
    await known(hass, reader, objects=objects_of(TEXT), listed_for=listed_for)
    association = await days.start()
    assert (CURRENT_OBJECT_LIST in association.asked_for) is is_read
    assert (names(reader) == [TEXT.logical_name]) is not is_read
    await reader.async_save(None, {})
    assert (await async_load_meter(hass, UNIQUE_ID)).listed_for == "2 keys hls-gmac"


async def test_trial_13_the_list_of_another_client_is_not_used_where_the_meter_refuses_this_ones(
    hass: HomeAssistant, entry: MockConfigEntry, reader: MeterReader, days: Days
):
    """What was ticked is asked for even so; and the list soon again."""
    del days.answers[CURRENT_OBJECT_LIST]
    hass.config_entries.async_update_entry(entry, options={CONF_OBJECTS: ["3:1.0.2.7.0.255"], CONF_INTERVAL: 60})
    ticked = LogicalName.parse("1.0.2.7.0.255")
    await known(hass, reader, objects=objects_of(TEXT), listed_for="16 none")
    await days.start()
    assert names(reader) == [ticked]
    await reader.async_save(None, {})
    stored = await async_load_meter(hass, UNIQUE_ID)
    assert (stored.objects, stored.listed_for) == ((), "2 keys hls-gmac")
    days.answers[CURRENT_OBJECT_LIST] = object_list(POWER)
    await days.poll()
    assert names(reader) == [POWER.logical_name, ticked]


async def test_the_list_is_taken_at_once_where_a_person_asks_for_it(reader: MeterReader, days: Days):
    await days.start()
    days.answers[CURRENT_OBJECT_LIST] = object_list(POWER, TEXT)
    association: Any = Answering(days.answers)
    assert await reader.async_read_list(association)
    assert names(reader) == [POWER.logical_name, TEXT.logical_name]
    del days.answers[CURRENT_OBJECT_LIST]
    refusing: Any = Answering(days.answers)
    assert not await reader.async_read_list(refusing)
    assert names(reader) == [POWER.logical_name, TEXT.logical_name]


# --- In Home Assistant ----------------------------------------------------------------------------------------------


async def test_trial_11_what_the_meter_gets_later_is_added_without_a_reload(
    hass: HomeAssistant,
    network: None,
    make_entry: Any,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
):
    """Entities for its new objects, and the device as it names itself now."""
    entry = await set_up(hass, make_entry())
    reader = entry.runtime_data.reader
    whole = reader.objects
    registry = er.async_get(hass)
    removed = "3_1.0.52.7.0.255_2"  # voltage L2
    assert sensor_id(hass, entry, removed)
    registry.async_remove(sensor_id(hass, entry, removed))
    await hass.config_entries.async_unload(entry.entry_id)
    stored = await async_load_meter(hass, str(entry.unique_id))
    shorter = tuple(element for element in whole if str(element.logical_name) != "1.0.52.7.0.255")
    assert len(shorter) == len(whole) - 1
    await async_save_meter(hass, str(entry.unique_id), replace(stored, objects=shorter))
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    unique_id = f"{entry.unique_id}_{removed}"
    assert registry.async_get_entity_id("sensor", DOMAIN, unique_id) is None
    count = len(hass.states.async_all("sensor"))
    for _ in range(3):
        await poll(hass, freezer)
    assert entry.runtime_data.reader is not reader
    entity_id = registry.async_get_entity_id("sensor", DOMAIN, unique_id)
    assert entity_id is not None
    assert registry.entities[entity_id].disabled_by is er.RegistryEntryDisabler.INTEGRATION
    assert len(hass.states.async_all("sensor")) == count
    assert float(state_of(hass, entry, ENERGY)) > 0


async def test_the_device_shows_what_the_meter_says_now(
    hass: HomeAssistant, network: None, make_entry: Any, freezer: FrozenDateTimeFactory
):
    entry = await set_up(hass, make_entry())
    coordinator = entry.runtime_data
    known = coordinator.reader.identity
    coordinator.reader.description._identity.known = replace(known, firmware="9.9", serial_number="4711")
    await poll(hass, freezer)
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert (device.sw_version, device.serial_number) == ("9.9", "4711")
    other = {("other", "device")}
    dr.async_get(hass).async_update_device(device.id, new_identifiers=other)  # no longer the meter's
    coordinator.reader.description._identity.known = known
    await poll(hass, freezer)
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert (device.sw_version, device.serial_number) == ("9.9", "4711")


async def test_trial_11_an_entity_looks_as_its_sub_meter_is_linked_later(
    hass: HomeAssistant, network: None, make_entry: Any, freezer: FrozenDateTimeFactory
):
    entry = await set_up(hass, make_entry())
    types = entry.runtime_data.reader.description._device_types
    looks = []

    def look(coordinator: Any, attribute: AttributeDescriptor) -> None:
        looks.append((coordinator.reader.mbus_device_types, attribute.logical_name.b))

    await poll(hass, freezer)
    with patch("custom_components.cosem.sensor.description_of", look):
        await poll(hass, freezer)
        assert looks == []
        types.known = {0: 3}
        await poll(hass, freezer)
        assert looks
        assert all(look == ({0: 3}, 0) for look in looks)
        looks.clear()
        await poll(hass, freezer)
        assert looks == []
