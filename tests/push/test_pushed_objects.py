"""What a meter sends and does not list gets its entity then, keeps it, and is never asked for."""

from collections.abc import Callable
import logging
from types import MappingProxyType
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import pytest_socket

from custom_components.cosem.dlms import (
    AccessRights,
    AttributeDescriptor,
    LogicalName,
    ObjectListElement,
)
from custom_components.cosem.meter.store import async_remove_meter
from custom_components.cosem.push.pushed_objects import (
    MOST_ATTRIBUTES,
    WRITTEN_AFTER,
    PushedObjects,
    async_pushed_attributes,
)
from tests.conftest import poll, sensor_id, set_up, state_of
from tests.push.senders import (
    LOOPBACK,
    data_notification,
    free_port,
    listening,
    say,
    told,
    with_options,
    wpdu,
)
from tests.push.test_pace import reading
from tests.simulated_meter.meter import SimulatedMeter

type EntryMaker = Callable[..., MockConfigEntry]

LISTED = (
    ObjectListElement(3, 0, LogicalName.parse("1.0.1.8.0.255")),
    ObjectListElement(
        3,
        0,
        LogicalName.parse("1.0.2.8.0.255"),
        MappingProxyType({index: AccessRights(mode, 0, ()) for index, mode in ((1, 1), (2, 0), (3, 1))}),
    ),
)


def attribute(text: str) -> AttributeDescriptor:
    class_id, name, index = text.split(":")
    return AttributeDescriptor(int(class_id), LogicalName.parse(name), int(index))


ENERGY, EXPORT, HEARD = map(attribute, ("3:1.0.1.8.0.255:2", "3:1.0.2.8.0.255:2", "3:1.0.3.8.0.255:2"))


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    pytest_socket.socket_allow_hosts([LOOPBACK], allow_unix_socket=True)


@pytest.mark.parametrize(
    ("heard", "is_kept"),
    [
        ("3:1.0.3.8.0.255:2", True),
        ("1:0.0.96.14.0.255:2", True),
        ("3:1.0.1.8.0.255:2", False),  # its object gives it
        ("3:1.0.2.8.0.255:2", True),  # listed, and not to be read
        ("3:1.0.3.8.0.255:1", False),  # no sensor shows a logical name
        ("1:0.0.42.0.0.255:2", False),  # names the meter
        ("7:1.0.99.1.0.255:2", False),
    ],
)
async def test_what_a_sensor_can_show_and_no_object_gives_is_kept(hass: HomeAssistant, heard: str, is_kept: bool):
    pushed = PushedObjects(hass, "METER")
    for _ in range(2):
        pushed.note(attribute(heard), LISTED)
    assert pushed.attributes == ((attribute(heard),) if is_kept else ())


async def test_before_the_object_list_is_known_nothing_is_missing_in_it(hass: HomeAssistant):
    pushed = PushedObjects(hass, "METER")
    pushed.note(HEARD, ())
    assert pushed.attributes == ()


async def test_what_is_not_listed_is_not_asked_for_and_a_listed_unit_is(hass: HomeAssistant):
    pushed = PushedObjects(hass, "METER")
    assert pushed.unlisted(LISTED) == frozenset()
    for each in (EXPORT, HEARD):
        pushed.note(each, LISTED)
    assert pushed.unlisted(LISTED) == {EXPORT, HEARD}
    assert pushed.with_unit(LISTED) == {EXPORT}
    later = (*LISTED, ObjectListElement(3, 0, HEARD.logical_name))
    assert pushed.unlisted(later) == {EXPORT}


async def test_there_are_never_more_than_the_most(hass: HomeAssistant):
    pushed = PushedObjects(hass, "METER")
    for number in range(MOST_ATTRIBUTES + 50):
        name = LogicalName(bytes((1, 0, 1, 8, *divmod(number, 256))))
        pushed.note(AttributeDescriptor(3, name, 2), LISTED)
    assert len(pushed.attributes) == MOST_ATTRIBUTES
    again = PushedObjects(hass, "OTHER")
    again.remember([*pushed.attributes, HEARD])
    assert again.attributes == pushed.attributes


async def test_it_is_read_as_it_was_written_and_goes_with_its_meter(hass: HomeAssistant, hass_storage: dict[str, Any]):
    pushed = PushedObjects(hass, "METER")
    await pushed.async_save()
    assert hass_storage == {}
    pushed.note(HEARD, LISTED)
    await pushed.async_save()
    assert await async_pushed_attributes(hass, "METER") == (HEARD,)
    assert await async_pushed_attributes(hass, "OTHER") == ()
    await async_remove_meter(hass, "METER")
    assert hass_storage == {}


@pytest.mark.parametrize("record", [{}, {"attributes": 1}, {"attributes": ["3:1.0.3.8.0.255"]}, {"attributes": [1]}])
async def test_what_makes_no_sense_is_as_if_nothing_was_heard(
    hass: HomeAssistant, hass_storage: dict[str, Any], record: dict[str, Any]
):
    pushed = PushedObjects(hass, "METER")
    pushed.note(HEARD, LISTED)
    await pushed.async_save()
    (key,) = hass_storage
    hass_storage[key]["data"] = record or {"x": 1}
    assert await async_pushed_attributes(hass, "METER") == ()


UNLISTED, KEY = "1.0.10.7.0.255", "3_1.0.10.7.0.255_2"
WITHOUT_MEANING = "1.0.198.7.0.255"
VOLT_AMPERE, WATT_HOUR = "02020F00161C", "02020F00161E"


def row(name: str, value: str, scaler_unit: str = "") -> str:
    """One row of a notification: a name and a value, with class and attribute of a register or with its unit."""
    octets = bytes(map(int, name.split("."))).hex()
    shape = f"0203 0906{octets} {value} {scaler_unit}" if scaler_unit else f"0204 120003 0906{octets} 0F02 {value}"
    return f"0101 {shape}"


async def push(hass: HomeAssistant, port: int, body: str) -> None:
    async with told(hass, 1):
        say(port, wpdu(data_notification(body)))
    await hass.async_block_till_done(wait_background_tasks=True)


def registered(hass: HomeAssistant, entry: MockConfigEntry, key: str) -> er.RegistryEntry | None:
    registry = er.async_get(hass)
    entity_id = registry.async_get_entity_id("sensor", "cosem", f"{entry.unique_id}_{key}")
    return None if entity_id is None else registry.async_get(entity_id)


async def test_an_entity_first_seen_in_a_push_appears_then_and_stays(
    hass: HomeAssistant, network: None, freezer: FrozenDateTimeFactory, make_entry: EntryMaker
):
    port = free_port()
    entry = await set_up(hass, with_options(make_entry(), listening(port, state_pause=0)))
    assert registered(hass, entry, KEY) is None
    await push(hass, port, row(UNLISTED, "06000001C8", VOLT_AMPERE))
    assert state_of(hass, entry, KEY) == "456"
    state = hass.states.get(sensor_id(hass, entry, KEY))
    assert state is not None
    assert state.attributes["unit_of_measurement"] == "VA"
    for _ in range(4):
        await poll(hass, freezer)
    assert state_of(hass, entry, KEY) == "456"
    assert entry.runtime_data.reader.refusals.lasting() == {}  # nobody asks for it
    await poll(hass, freezer, WRITTEN_AFTER)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert state_of(hass, entry, KEY) == STATE_UNKNOWN  # until it comes again
    await push(hass, port, row(UNLISTED, "06000001C9", VOLT_AMPERE))
    assert state_of(hass, entry, KEY) == "457"


async def test_a_number_may_come_where_a_text_was(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, caplog: pytest.LogCaptureFixture
):
    port = free_port()
    entry = await set_up(hass, with_options(make_entry(), listening(port, state_pause=0)))
    await push(hass, port, row(UNLISTED, "0A036F6666", VOLT_AMPERE))
    assert state_of(hass, entry, KEY) == "off"
    await push(hass, port, row(UNLISTED, "06000001C8", VOLT_AMPERE))
    assert state_of(hass, entry, KEY) == "456"
    assert [each.getMessage() for each in caplog.records if each.levelno >= logging.ERROR] == []


async def test_what_has_no_name_waits_on_the_device_page(hass: HomeAssistant, network: None, make_entry: EntryMaker):
    port = free_port()
    entry = await set_up(hass, with_options(make_entry(), listening(port)))
    await push(hass, port, row(WITHOUT_MEANING, "0600000005", VOLT_AMPERE))
    unknown = registered(hass, entry, "3_1.0.198.7.0.255_2")
    assert unknown is not None
    assert unknown.disabled_by is er.RegistryEntryDisabler.INTEGRATION


async def test_what_was_switched_off_stays_off(hass: HomeAssistant, network: None, make_entry: EntryMaker):
    port = free_port()
    entry = await set_up(hass, with_options(make_entry(), listening(port, state_pause=0)))
    for listed in ("1.0.9.7.0.255", UNLISTED):
        await push(hass, port, row(listed, "06000001C8", VOLT_AMPERE))
    # Its object is listed, and was not ticked.
    not_ticked = registered(hass, entry, "3_1.0.9.7.0.255_2")
    assert not_ticked is not None
    assert not_ticked.disabled_by is er.RegistryEntryDisabler.INTEGRATION
    user = er.RegistryEntryDisabler.USER
    er.async_get(hass).async_update_entity(sensor_id(hass, entry, KEY), disabled_by=user)
    await hass.config_entries.async_reload(entry.entry_id)
    await push(hass, port, row(UNLISTED, "06000001C8", VOLT_AMPERE))
    found = registered(hass, entry, KEY)
    assert found is not None
    assert found.disabled_by is user


async def test_f49_a_number_whose_unit_nobody_knows_is_not_shown(
    hass: HomeAssistant, network: None, make_entry: EntryMaker
):
    port = free_port()
    entry = await set_up(hass, with_options(make_entry(), listening(port, state_pause=0)))
    await push(hass, port, row(UNLISTED, "06000001C8"))
    await push(hass, port, row(UNLISTED, "06000001C9"))
    await push(hass, port, row("1.0.1.7.0.255", "06000001C9"))  # makes the entities look at what there is
    assert state_of(hass, entry, KEY) == STATE_UNKNOWN


async def test_a_unit_that_is_listed_alone_is_read_for_what_is_sent(
    hass: HomeAssistant,
    network: None,
    freezer: FrozenDateTimeFactory,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
):
    port = free_port()
    entry = await set_up(hass, with_options(make_entry(), listening(port, state_pause=0)))
    reader = entry.runtime_data.reader
    # The meter lists its power, and only the unit of it can be read.
    rights = {index: AccessRights(mode, 0, ()) for index, mode in ((1, 1), (2, 0), (3, 1))}
    power = attribute("3:1.0.1.7.0.255:2")
    others = [each for each in reader.objects if each.logical_name != power.logical_name]
    reader.description.take_list((*others, ObjectListElement(3, 0, power.logical_name, MappingProxyType(rights))))
    reader._take_description()
    reader._units.known.clear()
    reader._units.doubt([power._replace(attribute_index=3)])
    await push(hass, port, row("1.0.1.7.0.255", "06000001C8"))
    await poll(hass, freezer)
    await push(hass, port, row("1.0.1.7.0.255", "06000001C9"))
    assert state_of(hass, entry, "3_1.0.1.7.0.255_2") == "457"
    await poll(hass, freezer)
    assert state_of(hass, entry, "3_1.0.1.7.0.255_2") == "457"


async def test_a_counter_that_is_only_sent_is_believed_and_one_that_falls_waits(
    hass: HomeAssistant, network: None, freezer: FrozenDateTimeFactory, make_entry: EntryMaker
):
    port = free_port()
    entry = await set_up(hass, with_options(make_entry(), listening(port, state_pause=0)))
    name, key = "1.0.1.8.3.255", "3_1.0.1.8.3.255_2"
    assert registered(hass, entry, key) is None
    await push(hass, port, row(name, "06000003E8", WATT_HOUR))
    assert float(state_of(hass, entry, key)) == 1
    await push(hass, port, row(name, "0600000000", WATT_HOUR))
    assert float(state_of(hass, entry, key)) == 1
    freezer.tick(1000)
    await push(hass, port, row(name, "0600000000", WATT_HOUR))
    assert float(state_of(hass, entry, key)) == 0


async def test_what_comes_before_the_first_poll_is_there_after_it(
    hass: HomeAssistant, network: None, freezer: FrozenDateTimeFactory, make_entry: EntryMaker, meter: SimulatedMeter
):
    port = free_port()
    entry = await set_up(hass, with_options(make_entry(), listening(port, state_pause=0)))
    await push(hass, port, row(UNLISTED, "06000001C8", VOLT_AMPERE))
    coordinator = entry.runtime_data
    coordinator.data = None
    coordinator._show_pushed({attribute(f"3:{UNLISTED}:2"): reading(457)})
    assert coordinator.data is None
    await coordinator.async_refresh()
    assert state_of(hass, entry, KEY) == "457"
