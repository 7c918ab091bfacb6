"""What push setups send is read, kept, and read again."""

from collections.abc import Callable
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cosem.dlms import (
    AttributeDescriptor,
    DataAccessError,
    LogicalName,
    ObjectListElement,
    PushObject,
)
from custom_components.cosem.dlms.encoding.data import array, double_long_unsigned
from custom_components.cosem.meter.description import CHECKED_WITHIN
from custom_components.cosem.meter.push_lists import (
    MOST_SETUPS,
    async_read_push_lists,
    push_list_attributes,
    push_lists_of,
    push_lists_record,
)
from custom_components.cosem.meter.store import async_load_meter
from tests.conftest import poll, set_up
from tests.meter.test_reader_alone import Answering
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.push_setup import push_object, push_setup

FIRST, SECOND, THIRD = (LogicalName.parse(f"0.{channel}.25.9.0.255") for channel in range(3))
IMPORT = LogicalName.parse("1.0.1.8.0.255")
ALARM = LogicalName.parse("0.0.97.98.0.255")
MANAGEMENT = 1
USUAL = {FIRST: (PushObject(3, IMPORT, 2),)}


def listed(name: LogicalName, *rights: Any) -> ObjectListElement:
    return ObjectListElement(40, 0, name, *rights)


def list_of(name: LogicalName) -> AttributeDescriptor:
    return AttributeDescriptor(40, name, 2)


def test_a_meter_may_have_several_setups():
    others = (ObjectListElement(3, 0, IMPORT), ObjectListElement(1, 0, ALARM))
    assert push_list_attributes([listed(SECOND), *others, listed(FIRST)]) == [list_of(FIRST), list_of(SECOND)]
    many = [listed(LogicalName.parse(f"0.{channel}.25.9.0.255")) for channel in range(64)]
    assert len(push_list_attributes(many)) == MOST_SETUPS


async def test_a_setup_that_is_refused_or_makes_no_sense_costs_the_others_nothing():
    answers = {
        list_of(FIRST): array(push_object(3, "1.0.1.8.0")),
        list_of(SECOND): double_long_unsigned(7),
        list_of(THIRD): DataAccessError(3),
    }
    association: Any = Answering(answers)
    found = await async_read_push_lists(association, map(listed, (FIRST, SECOND, THIRD)))
    assert found == {FIRST: (PushObject(3, IMPORT, 2),)}


def test_lists_survive_without_the_rows_that_are_sent():
    lists = {FIRST: (PushObject(7, IMPORT, 2, 1, double_long_unsigned(7)), PushObject(3, IMPORT, 2)), SECOND: ()}
    kept = push_lists_of(push_lists_record(lists))
    assert kept == {FIRST: (PushObject(7, IMPORT, 2, 1), PushObject(3, IMPORT, 2)), SECOND: ()}


@pytest.mark.parametrize(
    "record", [None, [], {"here": []}, {"0.0.25.9.0.255": [[3, "1.0.1.8.0.255"]]}, {"0.0.25.9.0": 7}]
)
def test_what_is_no_record_is_read_again(record: Any):
    assert push_lists_of(record) == {}


@pytest.mark.usefixtures("network", "freezer")
async def test_lists_are_read_with_the_first_poll_and_known_after_a_restart(
    hass: HomeAssistant, make_entry: Callable[..., MockConfigEntry], meter: SimulatedMeter
):
    entry = await set_up(hass, make_entry(client_wport=MANAGEMENT))
    assert entry.runtime_data.reader.push_lists == USUAL
    assert (await async_load_meter(hass, str(entry.unique_id))).push_lists == USUAL
    await hass.config_entries.async_unload(entry.entry_id)
    meter.faults.add("refuse")
    await hass.config_entries.async_setup(entry.entry_id)
    assert (await async_load_meter(hass, str(entry.unique_id))).push_lists == USUAL


@pytest.mark.usefixtures("network")
async def test_lists_are_read_again_now_and_then(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    make_entry: Callable[..., MockConfigEntry],
    meter: SimulatedMeter,
):
    entry = await set_up(hass, make_entry(client_wport=MANAGEMENT))
    meter.devices[1].add(push_setup("0.0.25.9.0", push_object(1, "0.0.97.98.0")))
    await poll(hass, freezer)
    assert entry.runtime_data.reader.push_lists == USUAL
    await poll(hass, freezer, CHECKED_WITHIN)
    assert entry.runtime_data.reader.push_lists == {FIRST: (PushObject(1, ALARM, 2),)}


@pytest.mark.usefixtures("network")
async def test_a_list_that_was_just_written_counts_at_once_and_none_while_nobody_knows_it(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    make_entry: Callable[..., MockConfigEntry],
    meter: SimulatedMeter,
):
    entry = await set_up(hass, make_entry(client_wport=MANAGEMENT))
    description, written = entry.runtime_data.reader.description, [PushObject(1, ALARM, 2)]
    assert description.take_push_list(FIRST, None) == {}
    assert description.take_push_list(FIRST, written) == {FIRST: tuple(written)}
    await poll(hass, freezer)
    assert entry.runtime_data.reader.push_lists == {FIRST: tuple(written)}


@pytest.mark.usefixtures("network", "freezer")
async def test_a_client_that_sees_no_setup_asks_for_none(
    hass: HomeAssistant, make_entry: Callable[..., MockConfigEntry], meter: SimulatedMeter
):
    entry = await set_up(hass, make_entry())
    assert entry.runtime_data.reader.push_lists == {}
