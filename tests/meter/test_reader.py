"""What is read of a meter, once and with every poll: objects, units, the right meter only, exact moments."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cosem.const import DOMAIN
from custom_components.cosem.dlms import AttributeDescriptor, LogicalName, ScalerUnit
from custom_components.cosem.dlms.encoding.data import double_long_unsigned, enum, integer, structure, unsigned
from custom_components.cosem.meter.labels import label_of
from custom_components.cosem.meter.reader import MeterReader
from custom_components.cosem.meter.refusals import ASKED_AGAIN_AFTER
from custom_components.cosem.meter.store import async_load_meter, async_save_objects
from tests.conftest import HOST, OVER, poll, sensor_id, set_up, state_of
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
    assert reader_of(entry).refusals.lasting() == {}


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
    (key,) = (key for key in hass_storage if key.startswith(DOMAIN) and not key.endswith("counted"))
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
    assert len(reader_of(entry)._units.known) == 3


@pytest.mark.parametrize("seconds", [2.5, 6.0])
async def test_trial_24_units_that_nobody_needs_never_cost_the_set_up_of_a_slow_meter(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meters: dict[str, SimulatedMeter], seconds: float
):
    profile = MeterProfile(controls=False).with_quirks(with_list=False, delay=seconds)
    meters[HOST] = SimulatedMeter(profile, dt_util.utcnow)
    entry = await set_up(hass, make_entry())
    assert entry.state is ConfigEntryState.LOADED
    assert float(state_of(hass, entry, ENERGY)) > 0
    assert len(reader_of(entry)._units.known) > 3


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
    assert state_of(hass, entry, "3_1.0.99.7.0.255_2") == STATE_UNKNOWN
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
    assert "could not be identified" in caplog.text
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


def exchanges_about(meter: SimulatedMeter, attribute: AttributeDescriptor) -> int:
    """How often the meter was asked for an attribute."""
    sent = attribute.class_id.to_bytes(2) + attribute.logical_name.octets + bytes([attribute.attribute_index])
    return sum(sent in request.apdu for request in meter.log)


VOLTAGE_VALUE = AttributeDescriptor(3, LogicalName.parse("1.0.32.7.0.255"), 2)
VOLTAGE_UNIT = VOLTAGE_VALUE._replace(attribute_index=3)


def a_unit_without_sense(meter: SimulatedMeter) -> None:
    (voltage,) = meter.devices[1].named(LogicalName.parse("1.0.32.7.0.255"))
    meter.devices[1].add(replace(voltage, attributes={2: voltage.attributes[2], 3: constant(unsigned(35))}))


@pytest.mark.parametrize(
    ("spoil", "asked", "reason"),
    [
        pytest.param(
            lambda meter: meter.faults.add("denied", object="1.0.32.7.0.255", attribute=3),
            VOLTAGE_UNIT,
            "attribute 3 of Voltage L1 (1-0:32.7.0) (read-write-denied)",
            id="its unit is refused",
        ),
        pytest.param(
            a_unit_without_sense,
            VOLTAGE_UNIT,
            "attribute 3 of Voltage L1 (1-0:32.7.0) (not a scaler_unit)",
            id="its unit makes no sense",
        ),
        pytest.param(
            lambda meter: meter.faults.add("denied", object="1.0.32.7.0.255", attribute=2),
            VOLTAGE_VALUE,
            "attribute 2 of Voltage L1 (1-0:32.7.0) (read-write-denied)",
            id="it is refused",
        ),
    ],
)
async def test_trial_12_three_refusals_in_three_associations_last_for_a_day(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    spoil: Callable[[SimulatedMeter], object],
    asked: AttributeDescriptor,
    reason: str,
):
    spoil(meter)
    entry = await set_up(hass, make_entry())
    for _ in range(2):
        assert state_of(hass, entry, VOLTAGE) == STATE_UNKNOWN
        assert "does not give" not in caplog.text
        await poll(hass, freezer)
    assert state_of(hass, entry, VOLTAGE) == STATE_UNAVAILABLE
    assert float(state_of(hass, entry, ENERGY)) > 0
    assert f"{label_of(entry)} does not give {reason}; it is asked for once a day" in caplog.text
    before = exchanges_about(meter, asked)
    for _ in range(3):
        await poll(hass, freezer)
    assert exchanges_about(meter, asked) == before
    freezer.tick(ASKED_AGAIN_AFTER)
    await poll(hass, freezer)
    assert exchanges_about(meter, asked) == before + 1
    assert state_of(hass, entry, VOLTAGE) == STATE_UNAVAILABLE
    assert caplog.text.count("does not give") == 1
    meter.faults.faults.clear()
    await hass.config_entries.async_reload(entry.entry_id)
    assert exchanges_about(meter, asked) > before + 1, "asked again after each start"


async def test_trial_12_an_answer_ends_a_refusal(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
):
    entry = await set_up(hass, make_entry())
    for _ in range(4):
        fault = meter.faults.add("denied", object="1.0.32.7.0.255", attribute=2)
        for _ in range(2):
            await poll(hass, freezer)
            assert state_of(hass, entry, VOLTAGE) == STATE_UNKNOWN
        meter.faults.faults.remove(fault)
        await poll(hass, freezer)
        assert 200 < float(state_of(hass, entry, VOLTAGE)) < 260
    meter.faults.add("denied", object="1.0.32.7.0.255", attribute=2)
    for _ in range(3):
        await poll(hass, freezer)
    assert state_of(hass, entry, VOLTAGE) == STATE_UNAVAILABLE
    meter.faults.faults.clear()
    freezer.tick(ASKED_AGAIN_AFTER)
    await poll(hass, freezer)
    assert 200 < float(state_of(hass, entry, VOLTAGE)) < 260


def show(meter: SimulatedMeter, logical_name: str, number: int, scaler: int, unit: int) -> None:
    """Let a register show something else from now on."""
    (register,) = meter.devices[1].named(LogicalName.parse(logical_name))
    scaler_unit = structure(integer(scaler), enum(unit))
    attributes = {2: constant(double_long_unsigned(number)), 3: constant(scaler_unit)}
    meter.devices[1].add(replace(register, attributes={**register.attributes, **attributes}))


def kwh(hass: HomeAssistant, entry: MockConfigEntry) -> str:
    return state_of(hass, entry, ENERGY)


async def test_trial_11_a_scaler_that_changes_without_a_word_is_noticed_at_once(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
):
    show(meter, "1.0.1.8.0.255", 41350, 1, 30)
    entry = await set_up(hass, make_entry())
    assert kwh(hass, entry) == "413.5"
    show(meter, "1.0.1.8.0.255", 413510, 0, 30)
    await poll(hass, freezer)
    assert kwh(hass, entry) == "413.51"
    show(meter, "1.0.1.8.0.255", 41352, 1, 30)
    await poll(hass, freezer)
    assert kwh(hass, entry) == "413.52"


async def test_trial_11_a_placeholder_unit_is_read_again_with_every_poll(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
):
    show(meter, "1.0.32.7.0.255", 0, 0, 255)
    entry = await set_up(hass, make_entry())
    assert state_of(hass, entry, VOLTAGE) == "0"
    show(meter, "1.0.32.7.0.255", 231_250, -3, 35)
    await poll(hass, freezer)
    state = hass.states.get(sensor_id(hass, entry, VOLTAGE))
    assert state is not None
    assert (state.state, state.attributes["unit_of_measurement"]) == ("231.250", "V")


async def test_trial_11_every_unit_is_read_again_within_the_hour(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
):
    show(meter, "1.0.1.8.0.255", 500_000, 0, 30)
    await set_up(hass, make_entry(interval=600))
    before = exchanges_about(meter, VOLTAGE_UNIT), exchanges_about(meter, ENERGY_UNIT)
    show(meter, "1.0.1.8.0.255", 250_100, 0, 30)  # half a Wh is lost without a power of ten
    for _ in range(6):
        await poll(hass, freezer, 600)
    assert exchanges_about(meter, VOLTAGE_UNIT) > before[0]
    assert exchanges_about(meter, ENERGY_UNIT) > before[1]


async def test_trial_11_the_first_poll_after_a_start_reads_the_units(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter
):
    show(meter, "1.0.1.8.0.255", 41350, 1, 30)
    entry = await set_up(hass, make_entry())
    await hass.config_entries.async_unload(entry.entry_id)
    show(meter, "1.0.1.8.0.255", 41360, 1, 30)
    show(meter, "1.0.32.7.0.255", 23_125, -2, 35)
    await hass.config_entries.async_setup(entry.entry_id)
    assert state_of(hass, entry, VOLTAGE) == "231.25"


@pytest.mark.parametrize("transport", OVER)
async def test_trial_14_f28_a_counter_that_shows_zero_once_is_unknown_once(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
    issue_registry: ir.IssueRegistry,
    transport: dict[str, str],
):
    show(meter, "1.0.1.8.0.255", 397_110, 0, 30)
    entry = await set_up(hass, make_entry(**transport))
    assert kwh(hass, entry) == "397.11"
    show(meter, "1.0.1.8.0.255", 0, 0, 30)
    await poll(hass, freezer)
    assert kwh(hass, entry) == STATE_UNKNOWN
    issue = issue_registry.async_get_issue(DOMAIN, f"counters_withheld_{entry.entry_id}")
    assert issue is not None
    assert issue.translation_placeholders == {
        "name": entry.title,
        "counters": "- Energy import (1-0:1.8.0): 397110 → 0 Wh",
    }
    show(meter, "1.0.1.8.0.255", 413_500, 0, 30)
    await poll(hass, freezer)
    assert kwh(hass, entry) == "413.5"
    assert issue_registry.async_get_issue(DOMAIN, f"counters_withheld_{entry.entry_id}") is None


@pytest.mark.parametrize("transport", OVER)
async def test_f48_a_counter_that_rolls_over_waits_once_and_begins_anew(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
    transport: dict[str, str],
):
    """As a total that increases: statistics go on from zero, so nothing is counted that was not used."""
    show(meter, "1.0.1.8.0.255", 2**32 - 100, 0, 30)
    entry = await set_up(hass, make_entry(**transport))
    assert kwh(hass, entry) == "4294967.196"
    show(meter, "1.0.1.8.0.255", 150, 0, 30)
    await poll(hass, freezer)
    assert kwh(hass, entry) == STATE_UNKNOWN
    show(meter, "1.0.1.8.0.255", 400, 0, 30)
    await poll(hass, freezer)
    assert kwh(hass, entry) == "0.4"
    state = hass.states.get(sensor_id(hass, entry, ENERGY))
    assert state is not None
    assert state.attributes["state_class"] == "total_increasing"


async def test_trial_14_what_a_counter_showed_outlives_a_restart(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter, freezer: FrozenDateTimeFactory
):
    show(meter, "1.0.1.8.0.255", 397_110, 0, 30)
    entry = await set_up(hass, make_entry())
    await hass.config_entries.async_unload(entry.entry_id)
    show(meter, "1.0.1.8.0.255", 0, 0, 30)
    await hass.config_entries.async_setup(entry.entry_id)
    assert kwh(hass, entry) == STATE_UNKNOWN
    await poll(hass, freezer)
    assert kwh(hass, entry) == STATE_UNKNOWN, "meters that start show 0 for a while"
    freezer.tick(900)
    await poll(hass, freezer)
    assert float(kwh(hass, entry)) == 0


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
