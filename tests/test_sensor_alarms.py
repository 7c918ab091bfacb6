"""Alarm and error registers: which bits are set, by name."""

from collections.abc import Callable

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_UNKNOWN
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cosem.dlms.encoding.data import (
    NULL,
    Data,
    bit_string,
    double_long_unsigned,
    octet_string,
    structure,
    unsigned,
    visible_string,
)
from custom_components.cosem.sensor import AlarmSensor
from tests.conftest import poll, sensor_id, set_up
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.objects import data_object

type EntryMaker = Callable[..., MockConfigEntry]

ALL = "clock invalid, replace battery, bit 7, fraud attempt, M-Bus channel 2: fraud attempt"


@pytest.mark.parametrize(
    ("name", "value", "shown", "active", "raw"),
    [
        ("97.98.0", double_long_unsigned(0), "OK", [], "0x0"),
        ("97.98.0", double_long_unsigned(0b10), "replace battery", ["replace battery"], "0x2"),
        ("97.98.0", double_long_unsigned(0x202083), ALL, ALL.split(", "), "0x202083"),
        ("97.97.0", octet_string(b"\x00\x00\x01\x00"), "program memory error", ["program memory error"], "00000100"),
        ("97.97.0", bit_string("01000000"), "replace battery", ["replace battery"], "01000000"),
        ("97.98.1", unsigned(5), "bit 0, bit 2", ["bit 0", "bit 2"], "0x5"),
        ("97.98.0", visible_string("F.F"), "F.F", None, None),
        ("97.98.0", structure(), STATE_UNKNOWN, None, None),
        ("97.98.0", NULL, STATE_UNKNOWN, None, None),
        ("97.98.0", octet_string(bytes(9)), "000000000000000000", None, None),
    ],
)
async def test_trial_17_a_register_shows_the_names_of_its_bits(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    name: str,
    value: Data,
    shown: str,
    active: list[str] | None,
    raw: str | None,
):
    meter.devices[1].add(data_object(f"0.0.{name}", lambda _: value))
    entry = await set_up(hass, make_entry(objects=[f"1:0.0.{name}.255"]))
    state = hass.states.get(sensor_id(hass, entry, f"1_0.0.{name}.255_2"))
    assert state.state == shown
    assert (state.attributes.get("active"), state.attributes.get("raw")) == (active, raw)
    assert state.attributes["obis_code"] == f"0-0:{name}"
    entity = hass.data["entity_components"]["sensor"].get_entity(state.entity_id)
    assert isinstance(entity, AlarmSensor)


async def test_trial_17_an_alarm_comes_and_goes(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
):
    alarms = [0]
    meter.devices[1].add(data_object("0.0.97.98.0", lambda _: double_long_unsigned(alarms[0])))
    entry = await set_up(hass, make_entry(objects=["1:0.0.97.98.0.255"]))
    own = sensor_id(hass, entry, "1_0.0.97.98.0.255_2")
    seen = []
    for alarms[0] in (0, 0xFFFFFFFF, 1 << 12):
        await poll(hass, freezer)
        seen.append(hass.states.get(own))
    assert [seen[0].state, seen[2].state] == ["OK", "watchdog error"]
    assert len(seen[1].state) == 255
    assert len(seen[1].attributes["active"]) == 32
