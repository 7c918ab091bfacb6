"""Sensors that show times: what the meter means by a deviation is chosen once and counts for all of them."""

from collections.abc import Callable
from datetime import UTC, datetime

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cosem.dlms.encoding.data import Data, DataType, long_unsigned, octet_string, unsigned
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.sensor import ClockDriftSensor, ObjectSensor
from tests.conftest import sensor_id, set_up
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.objects import CosemObject, constant, data_object, scaler_unit

type EntryMaker = Callable[..., MockConfigEntry]

NOW = datetime(2025, 7, 23, 1, 45, 24, tzinfo=UTC)
INVERTED = "07e9071703070f18ff014a00"
"""07:15:24 in India, with the deviation's sign the wrong way round."""

CLOCK = "8_0.0.1.0.0.255_2"
DRIFT = f"{CLOCK}_drift"
CAPTURED = "4_1.0.1.6.0.255_5"
BILLED = "1_0.0.0.1.2.255_2"
LOCAL_TIME = "1_0.0.0.9.1.255_2"
PLAIN = "1_0.0.128.0.0.255_2"
ALL = (CLOCK, DRIFT, CAPTURED, BILLED, LOCAL_TIME, PLAIN)


def tell(meter: SimulatedMeter, octets: str) -> None:
    """Let every time of the meter be this one."""
    time = octet_string(bytes.fromhex(octets))
    clock = LogicalName.parse("0.0.1.0.0.255")
    captured = {2: long_unsigned(3500), 3: scaler_unit(0, 27), 4: unsigned(0), 5: time}
    meter.devices[1].add(
        CosemObject(class_id=8, logical_name=clock, attributes={2: constant(time)}),
        CosemObject(
            class_id=4,
            logical_name=LogicalName.parse("1.0.1.6.0.255"),
            attributes={index: constant(value) for index, value in captured.items()},
        ),
        data_object("0.0.0.1.2", lambda _: time),
        data_object("0.0.0.9.1", lambda _: time),
        data_object("0.0.128.0.0", lambda _: Data(DataType.DATE_TIME, bytes.fromhex(octets))),
    )


async def states(
    hass: HomeAssistant, make_entry: EntryMaker, policy: str | None
) -> tuple[MockConfigEntry, dict[str, State]]:
    """Return everything that shows a time, with this choice."""
    objects = ["4:1.0.1.6.0.255", "8:0.0.1.0.0.255", "1:0.0.0.1.2.255", "1:0.0.0.9.1.255", "1:0.0.128.0.0.255"]
    entry = make_entry(objects=objects)
    entry.add_to_hass(hass)
    if policy is not None:
        hass.config_entries.async_update_entry(entry, options={**entry.options, "time_policy": policy})
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    for own in ALL:
        er.async_get(hass).async_update_entity(sensor_id(hass, entry, own), disabled_by=None)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    shown = {own: hass.states.get(sensor_id(hass, entry, own)) for own in ALL}
    assert all(state is not None for state in shown.values())
    return entry, shown


@pytest.mark.parametrize(
    ("policy", "utc", "drift", "text"),
    [
        (None, "2025-07-23T12:45:24+00:00", "39600", "2025-07-23T07:15:24-05:30"),
        ("standard", "2025-07-23T12:45:24+00:00", "39600", "2025-07-23T07:15:24-05:30"),
        ("inverted", "2025-07-23T01:45:24+00:00", "0", "2025-07-23T07:15:24+05:30"),
        ("local_time", "2025-07-23T01:45:24+00:00", "0", "2025-07-23T07:15:24"),
        ("local_standard_time", "2025-07-23T01:45:24+00:00", "0", "2025-07-23T07:15:24"),
    ],
)
async def test_trial_15_one_choice_counts_for_every_time(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
    policy: str | None,
    utc: str,
    drift: str,
    text: str,
):
    freezer.move_to(NOW)
    await hass.config.async_set_time_zone("Asia/Kolkata")
    tell(meter, INVERTED)
    _, shown = await states(hass, make_entry, policy)
    assert {own: state.state for own, state in shown.items()} == {
        CLOCK: utc,
        CAPTURED: utc,
        BILLED: utc,
        DRIFT: drift,
        LOCAL_TIME: text,
        PLAIN: text,
    }


@pytest.mark.parametrize(
    ("status", "said"), [("00", "valid"), ("01", "invalid"), ("82", "doubtful"), ("FF", None), ("08", None)]
)
async def test_trial_15_what_the_clock_says_about_itself_is_shown(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
    status: str,
    said: str | None,
):
    freezer.move_to(NOW)
    tell(meter, INVERTED[:-2] + status)
    entry, shown = await states(hass, make_entry, "inverted")
    for own in (CLOCK, DRIFT, CAPTURED, BILLED):
        assert shown[own].attributes.get("clock_status") == said
        assert shown[own].attributes["obis_code"]
    assert "clock_status" not in shown[PLAIN].attributes
    kinds = {own: type(_entity(hass, entry, own)) for own in (CLOCK, DRIFT)}
    assert kinds == {CLOCK: ObjectSensor, DRIFT: ClockDriftSensor}


def _entity(hass: HomeAssistant, entry: MockConfigEntry, own: str) -> object:
    return hass.data["entity_components"]["sensor"].get_entity(sensor_id(hass, entry, own))


async def test_a_time_that_was_not_read_says_nothing_about_its_clock(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter
):
    entry = await set_up(hass, make_entry())
    coordinator = entry.runtime_data
    coordinator.data = type(coordinator.data)()
    drift = _entity(hass, entry, DRIFT)
    assert "clock_status" not in drift.extra_state_attributes
