"""What is read of a meter, once and with every poll: objects, units, the right meter only, exact moments."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cosem.const import DOMAIN
from custom_components.cosem.dlms import AttributeDescriptor, LogicalName, ScalerUnit
from custom_components.cosem.dlms.encoding.data import unsigned
from custom_components.cosem.meter.reader import MeterReader, Reading
from custom_components.cosem.meter.store import async_load_meter, async_save_objects
from tests.conftest import HOST, poll, sensor_id, set_up, state_of
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.objects import constant
from tests.simulated_meter.profile import MeterProfile

type EntryMaker = Callable[..., MockConfigEntry]

ENERGY = "3_1.0.1.8.0.255_2"
VOLTAGE = "3_1.0.32.7.0.255_2"
ENERGY_VALUE = AttributeDescriptor(3, LogicalName.parse("1.0.1.8.0.255"), 2)
ENERGY_UNIT = ENERGY_VALUE._replace(attribute_index=3)


def reader_of(entry: MockConfigEntry) -> MeterReader:
    reader = entry.runtime_data.reader
    assert isinstance(reader, MeterReader)
    return reader


def kinds_since(meter: SimulatedMeter, number: int) -> list[str]:
    """The kinds of the requests after this one."""
    return [request.kind for request in meter.log if request.number > number]


# --- Value and unit -----------------------------------------------------------------------------------------------


def test_number_is_exact_in_its_unit():
    assert Reading(value=unsigned(23), scaler_unit=ScalerUnit(-1, 35)).number == Decimal("2.3")
    assert Reading(value=unsigned(23)).number == 23


def test_without_a_value_or_a_unit_that_should_be_there_there_is_no_number():
    assert Reading(scaler_unit=ScalerUnit(-1, 35)).number is None
    assert Reading(value=unsigned(23), unit_missing=True).number is None


async def test_value_and_unit_come_together(hass: HomeAssistant, network: None, make_entry: EntryMaker):
    entry = await set_up(hass, make_entry())
    reading = entry.runtime_data.data.values[ENERGY_VALUE]
    assert reading.scaler_unit == ScalerUnit(0, 30)
    assert not reading.unit_missing
    assert reading == reader_of(entry).reading(ENERGY_VALUE, reading.value)


# --- Once ---------------------------------------------------------------------------------------------------------


async def test_units_are_read_once_in_the_life_of_an_object_list(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter
):
    entry = await set_up(hass, make_entry())
    stored = await async_load_meter(hass, str(entry.unique_id))
    assert stored.scaler_units[ENERGY_UNIT] == ScalerUnit(0, 30)
    assert len(stored.scaler_units) > 30  # those of disabled entities, too
    meter.faults.add("denied", attribute=3)
    await hass.config_entries.async_reload(entry.entry_id)
    assert reader_of(entry).reading(ENERGY_VALUE).scaler_unit == ScalerUnit(0, 30)
    assert reader_of(entry).refused == {}


async def test_units_are_read_again_when_the_object_list_changed(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter
):
    entry = await set_up(hass, make_entry())
    objects = reader_of(entry).objects
    await async_save_objects(hass, str(entry.unique_id), objects[:-1])
    fault = meter.faults.add("denied", object="1.0.1.8.0.255", attribute=3)
    await hass.config_entries.async_reload(entry.entry_id)
    assert fault.fired


async def test_other_firmware_brings_object_list_and_units_anew(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    hass_storage: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
):
    entry = await set_up(hass, make_entry())
    listed = len(reader_of(entry).objects)
    await hass.config_entries.async_unload(entry.entry_id)
    (key,) = (key for key in hass_storage if key.startswith(DOMAIN))
    record = hass_storage[key]["data"]
    record["firmware"] = "SIM-FW 1.3.0"
    record["objects"] = [item for item in record["objects"] if item["logical_name"] != "1.0.14.7.0.255"]
    record["scaler_units"]["3:1.0.1.8.0.255:3"] = [3, 30]
    await hass.config_entries.async_setup(entry.entry_id)
    assert "runs another firmware" in caplog.text
    assert len(reader_of(entry).objects) == listed
    assert reader_of(entry).reading(ENERGY_VALUE).scaler_unit == ScalerUnit(0, 30)


async def test_units_of_disabled_entities_are_left_for_later_when_they_take_long(
    hass: HomeAssistant, network: None, make_entry: EntryMaker
):
    with patch("custom_components.cosem.meter.reader.SCALER_BUDGET", 0):
        entry = await set_up(hass, make_entry())
    assert len(reader_of(entry).scaler_units) == 3


async def test_trouble_with_disabled_entities_does_not_fail_the_set_up(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter
):
    meter.faults.add("count-bomb", object="1.0.14.7.0.255", attribute=3)
    entry = await set_up(hass, make_entry())
    assert entry.state is ConfigEntryState.LOADED
    assert state_of(hass, entry, ENERGY) not in {STATE_UNAVAILABLE, STATE_UNKNOWN}
    assert meter.open_links == 0


# --- Object list not readable -------------------------------------------------------------------------------------


async def test_without_a_readable_object_list_the_ticked_objects_are_read(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter
):
    meter.faults.add("denied", object="0.0.40.0.0.255")
    entry = await set_up(hass, make_entry())
    assert len(reader_of(entry).objects) == 4
    assert float(state_of(hass, entry, ENERGY)) > 0


async def test_object_typed_by_hand_is_read_besides_the_object_list(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, caplog: pytest.LogCaptureFixture
):
    entry = await set_up(hass, make_entry(objects=["3:1.0.1.8.0.255", "3:1.0.99.7.0.255"]))
    assert state_of(hass, entry, "3_1.0.99.7.0.255_2") == STATE_UNAVAILABLE
    assert float(state_of(hass, entry, ENERGY)) > 0


# --- The right meter only -----------------------------------------------------------------------------------------


async def test_data_of_another_meter_is_never_taken(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    meters: dict[str, SimulatedMeter],
    freezer: FrozenDateTimeFactory,
    issue_registry: ir.IssueRegistry,
    caplog: pytest.LogCaptureFixture,
):
    entry = await set_up(hass, make_entry())
    data = entry.runtime_data.data
    meters[HOST] = SimulatedMeter(MeterProfile(seed=99), meter.clock)
    await poll(hass, freezer)
    assert state_of(hass, entry, ENERGY) == STATE_UNAVAILABLE
    assert entry.runtime_data.data is data
    assert "Another meter answers at this address" in caplog.text
    assert issue_registry.async_get_issue(DOMAIN, f"other_meter_{entry.entry_id}")
    meters[HOST] = meter
    await poll(hass, freezer)
    assert float(state_of(hass, entry, ENERGY)) > 0
    assert issue_registry.async_get_issue(DOMAIN, f"other_meter_{entry.entry_id}") is None


async def test_meter_swapped_behind_a_kept_association_is_noticed_with_the_next_one(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    meters: dict[str, SimulatedMeter],
    freezer: FrozenDateTimeFactory,
):
    entry = await set_up(hass, make_entry(stay_connected=True))
    meters[HOST] = SimulatedMeter(MeterProfile(seed=99), meter.clock)
    meter.faults.add("reset")
    await poll(hass, freezer)
    assert state_of(hass, entry, ENERGY) == STATE_UNAVAILABLE


async def test_meter_without_a_name_is_known_by_its_number(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
):
    fault = meter.faults.add("denied", object="0.0.42.0.0.255")
    entry = await set_up(hass, make_entry(unique_id="49762188_1"))
    assert entry.state is ConfigEntryState.LOADED, entry.reason
    await poll(hass, freezer)
    assert float(state_of(hass, entry, ENERGY)) > 0
    # The name that becomes readable one day changes nothing.
    meter.faults.faults.remove(fault)
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED


async def test_without_proof_of_identity_nothing_is_taken(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
):
    entry = await set_up(hass, make_entry())
    meter.faults.add("temporary-failure", object="0.0.42.0.0.255", times=1)
    await poll(hass, freezer)
    assert state_of(hass, entry, ENERGY) == STATE_UNAVAILABLE
    assert "does not say which one it is" in caplog.text
    await poll(hass, freezer)
    assert float(state_of(hass, entry, ENERGY)) > 0


# --- Units --------------------------------------------------------------------------------------------------------


async def test_number_without_its_unit_is_not_published(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
):
    fault = meter.faults.add("temporary-failure", object="1.0.32.7.0.255", attribute=3)
    entry = await set_up(hass, make_entry())
    assert state_of(hass, entry, VOLTAGE) == STATE_UNKNOWN
    meter.faults.faults.remove(fault)
    await poll(hass, freezer)
    assert 200 < float(state_of(hass, entry, VOLTAGE)) < 260
    state = hass.states.get(sensor_id(hass, entry, VOLTAGE))
    assert state is not None
    assert state.attributes["unit_of_measurement"] == "V"


async def test_register_whose_unit_is_refused_is_unavailable(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
):
    meter.faults.add("denied", object="1.0.32.7.0.255", attribute=3)
    entry = await set_up(hass, make_entry())
    assert state_of(hass, entry, VOLTAGE) == STATE_UNAVAILABLE
    assert float(state_of(hass, entry, ENERGY)) > 0
    before = meter.requests
    await poll(hass, freezer)
    assert kinds_since(meter, before) == ["aarq", "get", "rlrq"]
    assert caplog.text.count("does not give 3:1.0.32.7.0.255:3 (read-write-denied)") == 1


async def test_register_whose_unit_makes_no_sense_is_unavailable(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    caplog: pytest.LogCaptureFixture,
):
    (voltage,) = meter.devices[1].named(LogicalName.parse("1.0.32.7.0.255"))
    meter.devices[1].add(replace(voltage, attributes={2: voltage.attributes[2], 3: constant(unsigned(35))}))
    entry = await set_up(hass, make_entry())
    assert state_of(hass, entry, VOLTAGE) == STATE_UNAVAILABLE
    assert float(state_of(hass, entry, ENERGY)) > 0
    assert caplog.text.count("does not give 3:1.0.32.7.0.255:3 (not a scaler_unit)") == 1


# --- Clock --------------------------------------------------------------------------------------------------------


async def test_clock_is_asked_alone_after_a_slow_read(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
):
    await set_up(hass, make_entry())
    before = meter.requests
    with patch("custom_components.cosem.meter.reader._SLOW_READ", -1.0):
        await poll(hass, freezer)
    assert kinds_since(meter, before) == ["aarq", "get", "get", "rlrq"]
