"""Sensors show what the meter holds: exactly, in its unit, and never more than it said."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cosem.const import DOMAIN
from custom_components.cosem.dlms import Data, LogicalName
from custom_components.cosem.dlms.encoding.data import (
    NULL,
    bit_string,
    boolean,
    double_long_unsigned,
    enum,
    float32,
    float64,
    long,
    long64,
    long64_unsigned,
    long_unsigned,
    octet_string,
    structure,
    unsigned,
    utf8_string,
    visible_string,
)
from custom_components.cosem.meter.own_entities import OwnEntity
from tests.conftest import OVER, poll, sensor_id, set_up, state_of
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.objects import Attribute, CosemObject, constant, data_object, register, scaler_unit

type EntryMaker = Callable[..., MockConfigEntry]

ENERGY = "3_1.0.1.8.0.255_2"
POWER = "3_1.0.1.7.0.255_2"
FREE = "1.0.128.7.0.255"
"""A register that the catalogue does not know."""


def put(meter: SimulatedMeter, *objects: CosemObject) -> None:
    """Give the meter an object, or another one of the same class and name."""
    meter.devices[1].add(*objects)


def full_state(hass: HomeAssistant, entry: MockConfigEntry, own: str) -> State:
    state = hass.states.get(sensor_id(hass, entry, own))
    assert state is not None
    return state


async def register_state(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter, value: Data, scaler: int = 0, unit: int = 27
) -> State:
    put(meter, register("1.0.1.7.0", lambda _: value, scaler, unit))
    entry = await set_up(hass, make_entry(objects=["3:1.0.1.7.0.255"]))
    return full_state(hass, entry, POWER)


async def data_state(hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter, value: Data) -> State:
    put(meter, data_object("0.0.128.0.0", lambda _: value))
    entry = await set_up(hass, make_entry(objects=["1:0.0.128.0.0.255"]))
    return full_state(hass, entry, "1_0.0.128.0.0.255_2")


# --- Numbers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "scaler", "shown"),
    [
        (double_long_unsigned(0), 0, "0"),
        (long_unsigned(2301), -1, "230.1"),
        (long_unsigned(1), -3, "0.001"),
        (long(-5), 2, "-500"),
        (long64_unsigned(2**64 - 1), -3, "18446744073709551.615"),
        (long64(-(2**63)), 0, "-9223372036854775808"),
        (enum(3), 0, "3"),
        (float32(0.1), 0, "0.1"),
        (float64(1e-7), 0, "1E-7"),
    ],
)
async def test_register_is_scaled_exactly(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    value: Data,
    scaler: int,
    shown: str,
):
    state = await register_state(hass, make_entry, meter, value, scaler)
    assert Decimal(state.state) == Decimal(shown)
    assert state.attributes["unit_of_measurement"] == "W"


@pytest.mark.parametrize(
    ("value", "scaler"),
    [
        (NULL, 0),
        (float32(float("nan")), 0),
        (float64(float("inf")), 0),
        (float64(1e300), 0),
        (structure(unsigned(1), unsigned(2)), 0),
        (unsigned(1), 100),
    ],
)
async def test_what_is_no_number_is_unknown(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter, value: Data, scaler: int
):
    state = await register_state(hass, make_entry, meter, value, scaler)
    assert state.state == STATE_UNKNOWN


async def test_zero_is_published_as_zero(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
):
    readings = iter([150, 0, 150])
    put(meter, register("1.0.1.7.0", lambda _: long_unsigned(next(readings)), 0, 27))
    entry = await set_up(hass, make_entry(objects=["3:1.0.1.7.0.255"]))
    assert state_of(hass, entry, POWER) == "150"
    await poll(hass, freezer)
    assert state_of(hass, entry, POWER) == "0"
    await poll(hass, freezer)
    assert state_of(hass, entry, POWER) == "150"


async def test_null_data_is_unknown_until_there_is_a_value(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
):
    readings = iter([long_unsigned(150), NULL, long_unsigned(151)])
    put(meter, register("1.0.1.7.0", lambda _: next(readings), 0, 27))
    entry = await set_up(hass, make_entry(objects=["3:1.0.1.7.0.255"]))
    await poll(hass, freezer)
    assert state_of(hass, entry, POWER) == STATE_UNKNOWN
    await poll(hass, freezer)
    assert state_of(hass, entry, POWER) == "151"


async def test_energy_is_shown_in_kilowatt_hours_and_ready_for_the_dashboard(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter
):
    put(meter, register("1.0.1.8.0", lambda _: double_long_unsigned(12_345_678), 0, 30))
    entry = await set_up(hass, make_entry())
    state = full_state(hass, entry, ENERGY)
    assert state.state == "12345.678"
    assert state.attributes["unit_of_measurement"] == "kWh"
    assert state.attributes["device_class"] == "energy"
    assert state.attributes["state_class"] == "total_increasing"


async def test_energy_whose_unit_is_known_only_later_is_shown_in_kilowatt_hours_too(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
    entity_registry: er.EntityRegistry,
):
    meter.faults.add("temporary-failure", object="1.0.1.8.0.255", attribute=3)
    entry = await set_up(hass, make_entry())
    assert "unit_of_measurement" not in full_state(hass, entry, ENERGY).attributes
    meter.faults.clear()
    await poll(hass, freezer)
    state = full_state(hass, entry, ENERGY)
    assert state.attributes["unit_of_measurement"] == "kWh"
    await hass.config_entries.async_reload(entry.entry_id)
    assert full_state(hass, entry, ENERGY).attributes["unit_of_measurement"] == "kWh"
    # What a person has chosen stays.
    entity_registry.async_update_entity_options(state.entity_id, "sensor", {"unit_of_measurement": "MWh"})
    meter.faults.add("temporary-failure", object="1.0.1.8.0.255", attribute=3)
    await poll(hass, freezer)
    assert full_state(hass, entry, ENERGY).attributes["unit_of_measurement"] == "MWh"


async def test_code_is_in_the_attributes_not_in_the_name(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, entity_registry: er.EntityRegistry
):
    entry = await set_up(hass, make_entry())
    state = full_state(hass, entry, ENERGY)
    assert state.attributes["obis_code"] == "1-0:1.8.0"
    assert state.attributes["interface_class"] == "Register"
    assert "1.8.0" not in state.name


async def test_register_that_holds_text_is_shown_as_text(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter
):
    state = await register_state(hass, make_entry, meter, visible_string("off"))
    assert state.state == "off"


async def test_kind_of_value_that_becomes_known_later_changes_the_look(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
):
    readings = iter([NULL, visible_string("off")])
    put(meter, register("1.0.1.7.0", lambda _: next(readings), 0, 27))
    entry = await set_up(hass, make_entry(objects=["3:1.0.1.7.0.255"]))
    assert state_of(hass, entry, POWER) == STATE_UNKNOWN
    await poll(hass, freezer)
    assert state_of(hass, entry, POWER) == "off"


# --- Text ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (visible_string("Tariff 1"), "Tariff 1"),
        (utf8_string("Größe"), "Größe"),
        (octet_string(b"T2"), "T2"),
        (octet_string(bytes.fromhex("00FF10")), "00FF10"),
        (visible_string("<script>alert(1)</script>"), "scriptalert(1)/script"),
        (visible_string("a\x00b\nc"), "abc"),
        (visible_string("x" * 300), "x" * 255),
        (octet_string(bytes(200)), "0" * 255),
        (visible_string(""), STATE_UNKNOWN),
        (unsigned(7), "7"),
        (boolean(value=True), "1"),
        (bit_string("10110000"), "10110000"),
        (structure(unsigned(1)), STATE_UNKNOWN),
        (NULL, STATE_UNKNOWN),
    ],
)
async def test_text_is_cleaned_and_capped(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter, value: Data, shown: str
):
    state = await data_state(hass, make_entry, meter, value)
    assert state.state == shown


# --- Times --------------------------------------------------------------------------------------------------------


def extended(time: Data, status: Data) -> CosemObject:
    return CosemObject(
        class_id=4,
        logical_name=LogicalName.parse("1.0.1.6.0.255"),
        attributes={
            2: constant(long_unsigned(3500)),
            3: constant(scaler_unit(0, 27)),
            4: Attribute(read=lambda _: status),
            5: Attribute(read=lambda _: time),
        },
    )


async def enable(hass: HomeAssistant, entry: MockConfigEntry, *own: str) -> None:
    registry = er.async_get(hass)
    for name in own:
        registry.async_update_entity(sensor_id(hass, entry, name), disabled_by=None)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()


@pytest.mark.parametrize(
    ("octets", "shown"),
    [
        ("07EA0B1600 0A0F1E00 FFC4 00", "2026-11-22T09:15:30+00:00"),  # deviation -60: UTC = local time - 60 min
        ("07EA0B1600 0A0F1E00 8000 00", "2026-11-22T18:15:30+00:00"),  # not specified: Home Assistant's zone
        ("FFFFFFFFFF FFFFFFFF 8000 FF", STATE_UNKNOWN),
        ("0001010100 00000000 FD30 00", STATE_UNKNOWN),
    ],
)
async def test_capture_time_is_a_point_in_time(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    octets: str,
    shown: str,
):
    await hass.config.async_set_time_zone("America/Los_Angeles")
    put(meter, extended(octet_string(bytes.fromhex(octets)), unsigned(5)))
    entry = await set_up(hass, make_entry(objects=["4:1.0.1.6.0.255"]))
    assert state_of(hass, entry, "4_1.0.1.6.0.255_2") == "3500"
    await enable(hass, entry, "4_1.0.1.6.0.255_5", "4_1.0.1.6.0.255_4")
    assert state_of(hass, entry, "4_1.0.1.6.0.255_5") == shown
    assert state_of(hass, entry, "4_1.0.1.6.0.255_4") == "0x5"


async def test_further_attributes_are_off_by_default(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, entity_registry: er.EntityRegistry
):
    entry = await set_up(hass, make_entry(objects=["4:1.0.1.6.0.255", "8:0.0.1.0.0.255"]))
    enabled = {
        item.unique_id.removeprefix(f"{entry.unique_id}_")
        for item in er.async_entries_for_config_entry(entity_registry, entry.entry_id)
        if item.disabled_by is None and item.domain == "sensor"
    }
    assert enabled == {"4_1.0.1.6.0.255_2", "8_0.0.1.0.0.255_2_drift"}


@pytest.mark.parametrize("transport", OVER)
@pytest.mark.parametrize("seconds", [0, 42, -90, 86_400])
async def test_clock_drift_is_meter_minus_home_assistant(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
    seconds: int,
    transport: dict[str, str],
):
    freezer.move_to(datetime(2026, 11, 22, 9, 15, 30, tzinfo=UTC))
    meter.profile = meter.profile.with_quirks(clock_offset=float(seconds))
    entry = await set_up(hass, make_entry(**transport))
    state = full_state(hass, entry, "8_0.0.1.0.0.255_2_drift")
    assert state.state == str(seconds)
    assert state.attributes["unit_of_measurement"] == "s"
    await enable(hass, entry, "8_0.0.1.0.0.255_2")
    shown = datetime.fromisoformat(state_of(hass, entry, "8_0.0.1.0.0.255_2"))
    assert (shown - datetime(2026, 11, 22, 9, 15, 30, tzinfo=UTC)).total_seconds() == seconds


@pytest.mark.parametrize("transport", OVER)
async def test_clock_that_gives_no_time_has_no_drift(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
    transport: dict[str, str],
):
    entry = await set_up(hass, make_entry(**transport))
    (clock,) = meter.devices[1].named(LogicalName.parse("0.0.1.0.0.255"))
    put(
        meter,
        CosemObject(
            class_id=8,
            logical_name=clock.logical_name,
            attributes={2: constant(octet_string(bytes.fromhex("FFFFFFFFFFFFFFFFFF8000FF")))},
        ),
    )
    await poll(hass, freezer)
    assert state_of(hass, entry, "8_0.0.1.0.0.255_2_drift") == STATE_UNKNOWN
    put(meter, CosemObject(class_id=8, logical_name=clock.logical_name, attributes={2: constant(NULL)}))
    await poll(hass, freezer)
    assert state_of(hass, entry, "8_0.0.1.0.0.255_2_drift") == STATE_UNKNOWN


# --- Availability -------------------------------------------------------------------------------------------------


async def test_all_are_unavailable_while_the_meter_is_away(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
):
    await set_up(hass, make_entry())
    meter.faults.add("refuse")
    await poll(hass, freezer)
    states = hass.states.async_all("sensor")
    assert len(states) == 4
    assert {state.state for state in states} == {STATE_UNAVAILABLE}


async def test_every_entity_of_the_household_has_a_state_when_enabled(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, entity_registry: er.EntityRegistry
):
    entry = await set_up(hass, make_entry())
    own = [
        item.unique_id.removeprefix(f"{entry.unique_id}_")
        for item in er.async_entries_for_config_entry(entity_registry, entry.entry_id)
        if item.domain == "sensor"
    ]
    await enable(hass, entry, *own)
    assert len(hass.states.async_all("sensor")) == len(own)
    silent = [name for name in own if state_of(hass, entry, name) in {STATE_UNAVAILABLE, STATE_UNKNOWN}]
    assert not silent


async def test_values_of_an_mbus_device_know_what_it_measures(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter
):
    put(
        meter,
        CosemObject(
            class_id=72,
            logical_name=LogicalName.parse("0.1.24.1.0.255"),
            attributes={9: constant(unsigned(7))},
        ),
        CosemObject(
            class_id=4,
            logical_name=LogicalName.parse("0.1.24.2.1.255"),
            attributes={
                2: constant(double_long_unsigned(12_345)),
                3: constant(scaler_unit(-3, 13)),
                5: constant(NULL),
            },
        ),
    )
    entry = await set_up(hass, make_entry(objects=["4:0.1.24.2.1.255"]))
    state = full_state(hass, entry, "4_0.1.24.2.1.255_2")
    assert state.state == "12.345"
    assert state.attributes["device_class"] == "water"


async def test_what_the_catalogue_cannot_show_has_no_entity(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, entity_registry: er.EntityRegistry
):
    with patch("custom_components.cosem.entity.describe_attribute", return_value=None):
        entry = await set_up(hass, make_entry())
    found = {item.unique_id for item in er.async_entries_for_config_entry(entity_registry, entry.entry_id)}
    own = {own.unique_id(str(entry.unique_id)) for own in OwnEntity}
    assert found == {f"{entry.unique_id}_8_0.0.1.0.0.255_2_drift"} | own


async def test_unique_ids_are_made_of_the_meters_identity_only(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, entity_registry: er.EntityRegistry
):
    entry = await set_up(hass, make_entry())
    for item in er.async_entries_for_config_entry(entity_registry, entry.entry_id):
        assert item.unique_id.startswith(f"{entry.unique_id}_")
        assert item.platform == DOMAIN


# --- Names and decimals -----------------------------------------------------------------------------------------------


async def test_names_have_their_words_filled_in(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter
):
    put(meter, register(FREE, lambda _: unsigned(7), 0, 27))
    codes = ("1.0.32.7.0.255", "1.0.1.8.2.255", FREE)
    entry = await set_up(hass, make_entry(objects=[f"3:{code}" for code in codes]))
    names = [full_state(hass, entry, f"3_{code}_2").name for code in codes]
    assert names == [
        "Meter Voltage L1",
        "Meter Energy import tariff 2",
        "Meter OBIS 1-0:128.7.0",
    ]


@pytest.mark.parametrize(
    ("scaler", "unit", "decimals"),
    [(0, 27, 0), (-3, 27, 0), (0, 35, 0), (-1, 35, 1), (-3, 35, 1), (-3, 33, 2), (-4, 255, 3)],
)
async def test_a_sensor_suggests_the_decimals_worth_showing(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    entity_registry: er.EntityRegistry,
    scaler: int,
    unit: int,
    decimals: int,
):
    state = await register_state(hass, make_entry, meter, unsigned(7), scaler, unit)
    registered = entity_registry.async_get(state.entity_id)
    assert registered is not None
    assert registered.options["sensor"]["suggested_display_precision"] == decimals
