"""What a meter sends on our own connection, and what is stored of it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
import socket
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import pytest_socket

from custom_components.cosem.dlms.encoding.data import octet_string
from custom_components.cosem.meter.makers import MAKERS, Maker
from custom_components.cosem.push.event_codes import CODE_TABLES, CodeMeaning
from custom_components.cosem.push.meter_push import STORED_AFTER
from tests.conftest import HOST, poll, set_up, state_of
from tests.push.senders import (
    LOOPBACK,
    data_notification,
    event_code,
    event_notification,
    free_port,
    listening,
    protected,
    say,
    told,
    with_options,
    wpdu,
)
from tests.secured_entries import secured_entry, secured_profile
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.objects import data_object
from tests.simulated_meter.push_setup import push_object, push_setup
from tests.still_loop import until

pytestmark = pytest.mark.usefixtures("network", "freezer")
COUNTERS = "cosem.invocation_counters"


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    pytest_socket.socket_allow_hosts([LOOPBACK], allow_unix_socket=True)


async def test_f26_what_comes_between_request_and_answer_is_an_event(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    make_entry: Callable[..., MockConfigEntry],
    meter: SimulatedMeter,
):
    await set_up(hass, make_entry(stay_connected=True))
    meter.faults.add("notification", count=1)
    async with told(hass, 1) as data:
        await poll(hass, freezer)
    assert (data[0]["kind"], data[0]["authenticated"]) == ("data_notification", False)


async def test_s36_what_was_received_is_stored_soon(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    freezer: FrozenDateTimeFactory,
    meters: dict[str, SimulatedMeter],
):
    secured = meters[HOST] = SimulatedMeter(secured_profile(), dt_util.utcnow)
    port = free_port()
    await set_up(hass, secured_entry(secured, 1, options=listening(port)))
    async with told(hass, 2):
        say(port, *(wpdu(protected(secured, 1, counter, event_code(1))) for counter in (2_000_000, 2_000_001)))
    await poll(hass, freezer, STORED_AFTER + 0.1)
    received = hass_storage[COUNTERS]["data"]["received"]
    assert [set(last.values()) for last in received.values()] == [{2_000_001}]


async def test_values_of_another_logical_device_of_the_same_meter_are_not_shown(
    hass: HomeAssistant, meters: dict[str, SimulatedMeter]
):
    secured = meters[HOST] = SimulatedMeter(secured_profile(), dt_util.utcnow)
    port = free_port()
    entry = await set_up(hass, secured_entry(secured, 1, options=listening(port)))
    before = state_of(hass, entry, "3_1.0.1.7.0.255_2")
    bodies = ("0202 0906 0100010700FF 0600000539", "0101 0203 0906 0100010700FF 0600000539 0202 0F00 161B")
    pushes = (event_code(1), *map(data_notification, bodies))
    async with told(hass, 3) as data:
        say(port, *(wpdu(protected(secured, 1, 2_000_000 + at, each), 17) for at, each in enumerate(pushes)))
    assert state_of(hass, entry, "3_1.0.1.7.0.255_2") == before
    assert [(each["event_type"], each["value"], each["unit"]) for each in data] == [
        ("power_down", 1, None),
        ("other", None, None),  # in which unit that logical device counts is not known
        ("other", 1337, "W"),
    ]
    async with told(hass, 1) as data:
        say(port, wpdu(protected(secured, 1, 2_000_009, event_notification("0600000539", "1.0.1.7.0.255", 3)), 17))
    assert (data[0]["class_id"], data[0]["value"]) == (3, None)


async def test_a_clock_among_the_values_says_when_it_was_sent_and_not_when_it_happened(
    hass: HomeAssistant, make_entry: Callable[..., MockConfigEntry]
):
    """A push may wait: its log may have another time for what it tells."""
    port = free_port()
    entry = await set_up(hass, with_options(make_entry(), listening(port)))
    clock = "0906 0000010000FF 090C 07EA0B1C060A0000FF000000"
    async with told(hass, 2) as data:
        say(port, wpdu(data_notification(f"0204 {clock} 0906 0000600B00FF 1102")))
        say(port, wpdu(b"\xc2\x01" + bytes.fromhex("0C07EA0B1C060A0000FF000000") + event_code(1)[2:]))
    assert [each["time"] for each in data] == ["2026-11-28T10:00:00+00:00"] * 2
    known = {code: time for _, code, time, _ in entry.runtime_data.notifications.told.to_record()}
    assert known == {2: None, 1: "2026-11-28T10:00:00+00:00"}


async def test_nothing_is_told_after_the_end(hass: HomeAssistant, make_entry: Callable[..., MockConfigEntry]):
    port = free_port()
    entry = await set_up(hass, with_options(make_entry(), listening(port)))
    await hass.config_entries.async_unload(entry.entry_id)
    async with told(hass, 0) as data:
        say(port, wpdu(event_code(1)))
    assert data == []


async def test_values_of_unknown_objects_are_told_only(hass: HomeAssistant, make_entry: Callable[..., MockConfigEntry]):
    port = free_port()
    await set_up(hass, with_options(make_entry(), listening(port)))
    before = {state.entity_id: state.state for state in hass.states.async_all("sensor")}
    rows = "02020906 0100990700FF 120007 02020906 0100980700FF 120007"
    async with told(hass, 1) as data:
        say(port, wpdu(data_notification(f"0202{rows}")))
    assert [each["logical_name"] for each in data[0]["values"]] == ["1.0.153.7.0.255", "1.0.152.7.0.255"]
    assert {state.entity_id: state.state for state in hass.states.async_all("sensor")} == before


async def test_diagnostics_count_what_came(hass: HomeAssistant, make_entry: Callable[..., MockConfigEntry]):
    port = free_port()
    entry = await set_up(hass, with_options(make_entry(), listening(port)))
    async with told(hass, 1):
        say(port, wpdu(event_code(1), 9), wpdu(event_code(2)))
    assert entry.runtime_data.notifications.diagnostics() == {
        "taken": 1,
        "taken_kinds": {"event_notification": 1},
        "copies_over_another_transport": 0,
        "with_events_left_out": 0,
        "values_that_are_not_listed": [],
        "not_taken": {"nobody's": 1},
        "not_taken_on_own_connections": {},
    }


async def test_s24_what_comes_over_udp_and_tcp_is_one_event(
    hass: HomeAssistant, make_entry: Callable[..., MockConfigEntry]
):
    port = free_port()
    entry = await set_up(hass, with_options(make_entry(), listening(port, "both")))
    on, off = wpdu(event_code(1)), wpdu(event_code(2))
    _, writer = await asyncio.open_connection(LOOPBACK, port)
    async with told(hass, 3) as data:
        say(port, on, off, on)
        writer.write(on + off + on)
        await until(lambda: entry.runtime_data.notifications.heard.count == 6)
    writer.close()
    await writer.wait_closed()
    assert sorted(each["code"] for each in data) == [1, 1, 2]
    assert entry.runtime_data.notifications.diagnostics()["copies_over_another_transport"] == 3


async def test_s24_what_comes_over_our_connection_and_to_the_listener_is_one_event(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    make_entry: Callable[..., MockConfigEntry],
    meter: SimulatedMeter,
):
    port = free_port(socket.SOCK_STREAM)
    entry = await set_up(hass, with_options(make_entry(stay_connected=True), listening(port, "tcp")))
    meter.faults.add("notification", count=1)
    async with told(hass, 1):
        await poll(hass, freezer)
        _, writer = await asyncio.open_connection(LOOPBACK, port)
        writer.write(wpdu(data_notification("1107")))
        await until(lambda: entry.runtime_data.notifications.heard.count == 2)
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize(
    ("number", "is_taken"), [(None, True), ("99999999", False)], ids=["its own number", "another number"]
)
async def test_s23_data_with_the_number_of_another_meter_are_not_taken(
    hass: HomeAssistant, make_entry: Callable[..., MockConfigEntry], number: str | None, is_taken: bool
):
    port = free_port()
    entry = await set_up(hass, with_options(make_entry(), listening(port)))
    number = number or entry.runtime_data.reader.identity.serial_number
    assert number is not None
    octets = number.encode()
    serial = f"02020906 0000600100FF 09{len(octets):02X}{octets.hex()}"
    async with told(hass, 1 + is_taken) as data:
        say(port, wpdu(data_notification(f"0202{serial}02020906 0100010700FF 0600000064")), wpdu(event_code(1)))
    assert (data[0]["kind"] == "data_notification") is is_taken


async def test_s23_without_a_number_of_its_own_no_meter_is_another_one(
    hass: HomeAssistant, make_entry: Callable[..., MockConfigEntry]
):
    port = free_port()
    entry = await set_up(hass, with_options(make_entry(), listening(port)))
    reader = entry.runtime_data.reader
    async with told(hass, 1):
        reader.identity = replace(reader.identity, serial_attribute=None)
        say(port, wpdu(data_notification("010102020906 0000600100FF 09023939")))


async def test_values_without_names_become_states_by_the_list_of_the_push_setup(
    hass: HomeAssistant, make_entry: Callable[..., MockConfigEntry], meter: SimulatedMeter
):
    """Nothing in it says what it is; the management client has read what the meter sends."""
    meter.devices[1].add(push_setup("0.0.25.9.0", push_object(40, "0.0.25.9.0", 1), push_object(3, "1.0.1.7.0")))
    port = free_port()
    entry = await set_up(hass, with_options(make_entry(client_wport=1), listening(port)))
    async with told(hass, 2) as data:
        say(port, wpdu(data_notification("0202 0906 0000190900FF 0600000FA1")))
        say(port, wpdu(data_notification("0202 0906 0000190901FF 0600000FA2")))
    assert [[each["logical_name"] for each in event["values"]] for event in data] == [
        ["0.0.25.9.0.255", "1.0.1.7.0.255"],
        [],  # of another setup, which it does not list
    ]
    assert data[1]["raw"] is not None
    assert state_of(hass, entry, "3_1.0.1.7.0.255_2") == "4001"


async def test_the_list_is_known_before_the_first_poll(
    hass: HomeAssistant,
    make_entry: Callable[..., MockConfigEntry],
    meter: SimulatedMeter,
    meters: dict[str, SimulatedMeter],
):
    meter.devices[1].add(push_setup("0.0.25.9.0", push_object(40, "0.0.25.9.0", 1), push_object(1, "0.0.96.11.0")))
    port = free_port()
    entry = await set_up(hass, with_options(make_entry(client_wport=1), listening(port)))
    meter.faults.add("refuse")
    await hass.config_entries.async_reload(entry.entry_id)
    async with told(hass, 1) as data:
        say(port, wpdu(data_notification("0202 0906 0000190900FF 1101")))
    assert (data[0]["event_type"], data[0]["code"]) == ("power_down", 1)


@pytest.mark.parametrize(
    ("chosen", "event_type", "text"),
    [({}, "power_down", "Power down"), ({"code_table": "spodes"}, "phase_lost", "Voltage L1 lost")],
)
async def test_what_a_code_means_can_be_chosen(
    hass: HomeAssistant,
    make_entry: Callable[..., MockConfigEntry],
    chosen: dict[str, Any],
    event_type: str,
    text: str,
):
    port = free_port()
    await set_up(hass, with_options(make_entry(), listening(port, **chosen)))
    async with told(hass, 1) as data:
        say(port, wpdu(event_code(1)))
    assert (data[0]["event_type"], data[0]["text"], data[0]["code"]) == (event_type, text, 1)


async def test_numbers_only_are_told_as_numbers(hass: HomeAssistant, make_entry: Callable[..., MockConfigEntry]):
    port = free_port()
    await set_up(hass, with_options(make_entry(), listening(port, code_table="none")))
    async with told(hass, 1) as data:
        say(port, wpdu(event_code(1)))
    assert (data[0]["event_type"], data[0]["text"], data[0]["code"]) == ("other", None, 1)


@pytest.mark.parametrize("minutes", [0, 5])
async def test_a_code_that_was_told_is_not_told_again_after_a_restart_whether_logs_are_read_or_not(
    hass: HomeAssistant, make_entry: Callable[..., MockConfigEntry], minutes: int
):
    port = free_port()
    entry = await set_up(hass, with_options(make_entry(), listening(port, log_interval=minutes)))
    code = wpdu(data_notification("0101 0202 0906 0000600B00FF 1101"))
    async with told(hass, 1) as before:
        say(port, code)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    async with told(hass, 1) as after:
        say(port, code)
    assert [each["event_type"] for each in (*before, *after)] == ["power_down", "other"]


async def test_the_system_title_tells_the_maker_where_the_name_does_not(
    hass: HomeAssistant, meters: dict[str, SimulatedMeter], monkeypatch: pytest.MonkeyPatch
):
    secured = meters[HOST] = SimulatedMeter(secured_profile(), dt_util.utcnow)
    secured.devices[1].add(data_object("0.0.42.0.0", lambda _: octet_string(b"0123456789")))
    maker = secured.security.identity.title[:3].decode()
    ours = replace(CODE_TABLES["spodes"], events={1: CodeMeaning("tamper")}, events_of_objects={})
    monkeypatch.setattr("custom_components.cosem.push.event_codes.CODE_TABLES", {**CODE_TABLES, "spodes": ours})
    monkeypatch.setitem(MAKERS, maker, Maker(preset="spodes"))
    port = free_port()
    await set_up(hass, secured_entry(secured, 1, options=listening(port)))
    async with told(hass, 1) as data:
        say(port, wpdu(protected(secured, 1, 2_000_000, event_code(1))))
    assert data[0]["event_type"] == "tamper"


async def test_what_is_sent_to_another_client_is_not_taken_where_somebody_says_to_which_one(
    hass: HomeAssistant, make_entry: Callable[..., MockConfigEntry]
):
    port = free_port()
    await set_up(hass, with_options(make_entry(), listening(port, notification_wport=102)))
    async with told(hass, 1) as data:
        say(port, wpdu(event_code(1)), wpdu(event_code(2), destination=102))
    assert [each["code"] for each in data] == [2]
