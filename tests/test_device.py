"""Devices: the meter, what is behind its M-Bus channels, and the logical devices of one address."""

from collections.abc import Callable
from dataclasses import replace

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import CONF_HOST
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.device_registry import DeviceEntry
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cosem import async_remove_config_entry_device
from custom_components.cosem.const import CONF_SERVER_WPORT, DOMAIN
from custom_components.cosem.device import DeviceFacts, async_register_device, device_facts, device_info, is_gone
from custom_components.cosem.dlms.encoding.data import (
    double_long_unsigned,
    long_unsigned,
    octet_string,
    unsigned,
)
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.meter.submeters import device_identifier
from tests.conftest import poll, sensor_id, set_up
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.objects import CosemObject, constant, scaler_unit

type EntryMaker = Callable[..., MockConfigEntry]

GAS = "4_0.1.24.2.1.255_2"


def put_submeter(meter: SimulatedMeter, channel: int, device_type: int, number: int = 0, maker: int = 0) -> None:
    """Give the meter an M-Bus channel with its value."""
    said = {6: double_long_unsigned(number), 7: long_unsigned(maker), 8: unsigned(27), 9: unsigned(device_type)}
    value = {
        2: double_long_unsigned(12_345),
        3: scaler_unit(-3, 13),
        5: octet_string(bytes.fromhex("07EA0B1600 0A000000 8000 00")),
    }
    meter.devices[1].add(
        CosemObject(
            class_id=72,
            logical_name=LogicalName.parse(f"0.{channel}.24.1.0.255"),
            attributes={index: constant(each) for index, each in said.items()},
        ),
        CosemObject(
            class_id=4,
            logical_name=LogicalName.parse(f"0.{channel}.24.2.1.255"),
            attributes={index: constant(each) for index, each in value.items()},
        ),
    )


def device_of(hass: HomeAssistant, entry: MockConfigEntry, channel: int = 0) -> DeviceEntry | None:
    identifier = device_identifier(str(entry.unique_id), channel)
    return dr.async_get(hass).async_get_device_by_identifier(identifier, entry.entry_id)


async def test_device_is_the_logical_device(hass: HomeAssistant, network: None, make_entry: EntryMaker):
    entry = await set_up(hass, make_entry(title="SIM 49762188"))
    info = device_info(entry.runtime_data)
    assert info["identifiers"] == {(DOMAIN, entry.unique_id)}
    assert (info["name"], info["manufacturer"], info["model"]) == ("SIM 49762188", "SIM", "Electricity meter")


async def test_before_a_meter_was_read_its_device_has_a_name(
    hass: HomeAssistant, network: None, make_entry: EntryMaker
):
    """Of a meter that was added while it was paused, or has never called."""
    entry = await set_up(hass, make_entry(title="SIM 49762188"))
    entry.runtime_data.reader.identity = None
    dr.async_get(hass).async_remove_device(device_of(hass, entry).id)
    assert device_facts(entry.runtime_data, 1) == device_facts(entry.runtime_data) == DeviceFacts(name="SIM 49762188")


async def test_a_start_while_the_meter_cannot_be_read_takes_nothing_back(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter
):
    put_submeter(meter, 1, 3, 0x12345678, 0x2C2D)
    put_submeter(meter, 2, 0)
    entry = await set_up(hass, make_entry(objects=["4:0.1.24.2.1.255", "4:0.2.24.2.1.255"]))

    def shown() -> list[tuple[object, ...]]:
        devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
        return [
            (each.name, each.manufacturer, each.model, each.serial_number, each.sw_version, each.hw_version)
            for each in devices
        ]

    def name() -> str:
        return hass.states.get(sensor_id(hass, entry, GAS)).name

    before, named = shown(), name()
    assert ("Gas meter 12345678", "Kamstrup", "Gas meter", "12345678", None, "27") in before
    assert len(before) == 2  # nothing is behind the second channel
    await entry.runtime_data.pause.async_begin()
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.runtime_data.reader.identity is None
    assert (shown(), name()) == (before, named)
    assert not is_gone(entry.runtime_data, device_of(hass, entry, 1))
    entry.runtime_data.pause.end()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.runtime_data.reader.identity is not None
    assert shown() == before
    assert er.async_get(hass).async_get(sensor_id(hass, entry, GAS)).device_id == device_of(hass, entry, 1).id


async def test_what_is_behind_a_channel_has_its_device_once_the_meter_is_read(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter
):
    """Of a meter that was added while it was paused: nobody knows yet whether anything is there."""
    put_submeter(meter, 1, 3, 0x12345678)
    entry = await set_up(hass, make_entry(objects=["4:0.1.24.2.1.255"]))
    await entry.runtime_data.pause.async_begin()
    await hass.config_entries.async_unload(entry.entry_id)
    for device in dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id):
        dr.async_get(hass).async_remove_device(device.id)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert device_of(hass, entry, 1) is None
    entry.runtime_data.pause.end()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert device_of(hass, entry, 1).name == "Gas meter 12345678"
    assert er.async_get(hass).async_get(sensor_id(hass, entry, GAS)).device_id == device_of(hass, entry, 1).id


async def test_trial_17_a_sub_meter_is_a_device_of_its_own(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter
):
    put_submeter(meter, 1, 3, 0x12345678, 0x2C2D)
    put_submeter(meter, 2, 7)
    entry = await set_up(hass, make_entry(objects=["4:0.1.24.2.1.255", "3:1.0.1.8.0.255"]))
    main, gas, water = (device_of(hass, entry, channel) for channel in range(3))
    assert (gas.name, gas.manufacturer, gas.model) == ("Gas meter 12345678", "Kamstrup", "Gas meter")
    assert (gas.serial_number, gas.hw_version, gas.sw_version) == ("12345678", "27", None)
    assert gas.via_device_id == water.via_device_id == main.id
    assert (water.name, water.serial_number, water.hw_version) == ("Water meter channel 2", None, None)
    assert main.via_device_id is None
    entity = er.async_get(hass).async_get(sensor_id(hass, entry, GAS))
    assert (entity.device_id, entity.original_name) == (gas.id, "Gas consumption")
    assert hass.states.get(entity.entity_id).name == "Gas meter 12345678 Gas consumption"
    time = er.async_get(hass).async_get(sensor_id(hass, entry, "4_0.1.24.2.1.255_5"))
    assert (time.device_id, time.original_name) == (gas.id, "Gas consumption, time")
    energy = er.async_get(hass).async_get(sensor_id(hass, entry, "3_1.0.1.8.0.255_2"))
    assert energy.device_id == main.id


async def test_trial_17_an_entity_from_before_keeps_its_id_and_moves_to_the_sub_meter(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter
):
    put_submeter(meter, 1, 3, 0x12345678)
    entry = make_entry(objects=["4:0.1.24.2.1.255"])
    entry.add_to_hass(hass)
    main = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={(DOMAIN, str(entry.unique_id))}
    )
    before = er.async_get(hass).async_get_or_create(
        "sensor",
        DOMAIN,
        f"{entry.unique_id}_{GAS}",
        config_entry=entry,
        device_id=main.id,
        suggested_object_id="gas_in_the_cellar",
    )
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    after = er.async_get(hass).async_get("sensor.gas_in_the_cellar")
    assert (after.id, after.unique_id) == (before.id, before.unique_id)
    assert after.device_id == device_of(hass, entry, 1).id
    assert hass.states.get("sensor.gas_in_the_cellar").state == "12.345"


async def test_trial_17_a_channel_without_anything_has_no_device(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter, freezer: FrozenDateTimeFactory
):
    put_submeter(meter, 1, 0)
    put_submeter(meter, 3, 0, 0x33)
    entry = await set_up(hass, make_entry(objects=["4:0.1.24.2.1.255"]))
    assert device_of(hass, entry, 1) is None
    entity = er.async_get(hass).async_get(sensor_id(hass, entry, GAS))
    assert (entity.device_id, entity.original_name) == (device_of(hass, entry).id, "Sub-meter reading channel 1")
    assert device_of(hass, entry, 3).name == "M-Bus device 00000033"
    assert device_facts(entry.runtime_data, 4) == DeviceFacts(channel=4, name="M-Bus device channel 4")


async def test_trial_17_what_a_sub_meter_says_of_itself_later_is_shown(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter, freezer: FrozenDateTimeFactory
):
    put_submeter(meter, 1, 3, 0x11)
    entry = await set_up(hass, make_entry(objects=["4:0.1.24.2.1.255"]))
    assert device_of(hass, entry, 1).name == "Gas meter 00000011"
    put_submeter(meter, 1, 3, 0x22, 0x2C2D)
    for _ in range(3):
        await poll(hass, freezer, 3700)
    gas = device_of(hass, entry, 1)
    assert (gas.name, gas.serial_number, gas.manufacturer) == ("Gas meter 00000022", "00000022", "Kamstrup")


async def test_trial_17_a_sub_meter_that_is_linked_while_running_becomes_a_device_of_its_own(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter, freezer: FrozenDateTimeFactory
):
    put_submeter(meter, 1, 0)
    put_submeter(meter, 2, 0)
    entry = await set_up(hass, make_entry(objects=["4:0.1.24.2.1.255", "4:0.2.24.2.1.255"]))
    main = device_of(hass, entry)
    entity_id = sensor_id(hass, entry, GAS)
    put_submeter(meter, 1, 3, 0x22, 0x2C2D)
    for _ in range(3):
        await poll(hass, freezer, 3700)
    gas = device_of(hass, entry, 1)
    assert (gas.name, gas.manufacturer, gas.via_device_id) == ("Gas meter 00000022", "Kamstrup", main.id)
    registry = er.async_get(hass)
    assert registry.async_get(entity_id).device_id == gas.id
    assert registry.async_get(sensor_id(hass, entry, "4_0.1.24.2.1.255_5")).device_id == gas.id
    assert hass.states.get(entity_id).name == "Gas meter 00000022 Gas consumption"
    assert device_of(hass, entry, 2) is None
    assert registry.async_get(sensor_id(hass, entry, "4_0.2.24.2.1.255_2")).device_id == main.id


async def test_trial_17_the_values_of_a_sub_meter_that_is_gone_go_back_to_the_meter(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter, freezer: FrozenDateTimeFactory
):
    put_submeter(meter, 1, 3)
    entry = await set_up(hass, make_entry(objects=["4:0.1.24.2.1.255"]))
    gas, main = device_of(hass, entry, 1), device_of(hass, entry)
    assert er.async_get(hass).async_get(sensor_id(hass, entry, GAS)).device_id == gas.id
    put_submeter(meter, 1, 0)
    for _ in range(3):
        await poll(hass, freezer, 3700)
    assert er.async_get(hass).async_get(sensor_id(hass, entry, GAS)).device_id == main.id
    assert await async_remove_config_entry_device(hass, entry, gas)


async def test_trial_17_only_a_sub_meter_that_is_gone_can_be_removed(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter
):
    put_submeter(meter, 1, 3, 0x12345678)
    entry = await set_up(hass, make_entry(objects=["4:0.1.24.2.1.255"]))
    gas, main = device_of(hass, entry, 1), device_of(hass, entry)
    assert not await async_remove_config_entry_device(hass, entry, gas)
    assert not is_gone(entry.runtime_data, main)
    reader = entry.runtime_data.reader
    reader.objects = tuple(element for element in reader.objects if element.logical_name.c != 24)
    assert is_gone(entry.runtime_data, gas)
    assert await async_remove_config_entry_device(hass, entry, gas)
    assert not await async_remove_config_entry_device(hass, entry, main)
    await hass.config_entries.async_unload(entry.entry_id)
    assert not await async_remove_config_entry_device(hass, entry, gas)


def logical_device(entry: MockConfigEntry, server_wport: int, **changes: object) -> MockConfigEntry:
    """Another entry of the same address, not set up."""
    data = {**entry.data, CONF_SERVER_WPORT: server_wport, **changes}
    return MockConfigEntry(domain=DOMAIN, title=f"LD {server_wport}", unique_id=f"LD{server_wport}", data=data)


@pytest.mark.parametrize("first", [True, False], ids=["before the management", "after it"])
async def test_trial_17_logical_devices_of_one_address_are_below_the_management_logical_device(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, first: bool
):
    entry, devices = make_entry(), dr.async_get(hass)
    others = [logical_device(entry, 16), logical_device(entry, 17, **{CONF_HOST: "192.0.2.99"})]
    for other in others:
        other.add_to_hass(hass)
        if first:
            devices.async_get_or_create(config_entry_id=other.entry_id, identifiers={(DOMAIN, str(other.unique_id))})
    await set_up(hass, entry)
    if not first:
        for other in others:
            devices.async_get_or_create(config_entry_id=other.entry_id, identifiers={(DOMAIN, str(other.unique_id))})
        assert device_of(hass, others[0]).via_device_id is None
        async_register_device(entry.runtime_data)
    main = device_of(hass, entry)
    assert device_of(hass, others[0]).via_device_id == main.id
    assert device_of(hass, others[1]).via_device_id is None
    assert main.via_device_id is None
    # The meter moves to another address; the other logical devices do not.
    hass.config_entries.async_update_entry(others[0], data={**others[0].data, CONF_HOST: "192.0.2.99"})
    coordinator = entry.runtime_data
    coordinator.config_entry = others[0]
    coordinator.reader.identity = replace(coordinator.reader.identity, model=None)
    async_register_device(coordinator)
    assert device_of(hass, others[0]).via_device_id is None
