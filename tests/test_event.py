"""The event entity: what a meter tells by itself, from the socket on."""

import asyncio
from collections.abc import Callable
import socket
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import pytest_socket

from custom_components.cosem.const import DOMAIN
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
from tests.secured_entries import issues, secured_entry, secured_profile
from tests.simulated_meter.meter import SimulatedMeter
from tests.still_loop import until

ENTITY = "event.meter_meter_event"

pytestmark = pytest.mark.usefixtures("network", "socket_enabled", "freezer")


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    """Only to this computer."""
    pytest_socket.socket_allow_hosts([LOOPBACK], allow_unix_socket=True)


async def test_an_event_of_the_meter_is_told_to_everybody(
    hass: HomeAssistant, make_entry: Callable[..., MockConfigEntry]
):
    port = free_port()
    entry = await set_up(hass, with_options(make_entry(), listening(port)))
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, entry.unique_id), entry.entry_id)
    async with told(hass, 1) as data:
        say(port, wpdu(event_code(1)))
    assert data == [
        {
            "device_id": device.id,
            "entry_id": entry.entry_id,
            "kind": "event_notification",
            "event_type": "power_down",
            "code": 1,
            "text": "Power down",
            "class_id": 1,
            "logical_name": "0.0.96.11.0.255",
            "attribute_index": 2,
            "name": "Event code (0-0:96.11.0)",
            "value": 1,
            "unit": None,
            "time": None,
            "authenticated": False,
            "encrypted": False,
            "values": [],
            "raw": None,
        }
    ]
    state = hass.states.get(ENTITY)
    assert state.attributes["event_type"] == "power_down"
    assert state.attributes["code"] == 1
    assert state.attributes["authenticated"] is False


async def test_a_value_that_is_pushed_is_shown_at_once(
    hass: HomeAssistant, make_entry: Callable[..., MockConfigEntry], meter: SimulatedMeter
):
    port = free_port()
    entry = await set_up(hass, with_options(make_entry(), listening(port)))
    before = state_of(hass, entry, "3_1.0.1.7.0.255_2")
    async with told(hass, 1) as data:
        say(port, wpdu(event_notification("0600000539", "1.0.1.7.0.255", class_id=3)))
    scaler = meter.truth("1.0.1.7.0.255", 3).value[0].value
    assert before != "1337"
    assert float(state_of(hass, entry, "3_1.0.1.7.0.255_2")) == 1337 * 10**scaler
    assert (data[0]["event_type"], data[0]["unit"]) == ("other", "W")
    assert data[0]["name"] == "Power import (1-0:1.7.0)"


async def test_s06_a_counter_that_falls_is_not_shown_but_told(
    hass: HomeAssistant, make_entry: Callable[..., MockConfigEntry]
):
    port = free_port()
    entry = await set_up(hass, with_options(make_entry(), listening(port)))
    before = state_of(hass, entry, "3_1.0.1.8.0.255_2")
    async with told(hass, 1) as data:
        say(port, wpdu(event_notification("0600000000", "1.0.1.8.0.255", class_id=3)))
    assert data[0]["value"] == 0
    assert state_of(hass, entry, "3_1.0.1.8.0.255_2") == before


@pytest.fixture
def secured() -> SimulatedMeter:
    """A meter with keys."""
    return SimulatedMeter(secured_profile(), dt_util.utcnow)


async def test_s23_a_meter_with_keys_is_heard_only_with_its_tag_and_once(
    hass: HomeAssistant, meters: dict[str, SimulatedMeter], secured: SimulatedMeter
):
    meters[HOST] = secured
    port = free_port()
    entry = await set_up(hass, secured_entry(secured, 1, options=listening(port)))
    assert entry.state is ConfigEntryState.LOADED
    good = protected(secured, 1, 2_000_000, event_code(44))
    forged = good[:-1] + bytes([good[-1] ^ 1])
    async with told(hass, 1) as data:
        say(port, wpdu(event_code(1)), wpdu(forged), wpdu(good), wpdu(good))
        say(port, wpdu(protected(secured, 1, 1_999_999, event_code(2))))
    assert data[0]["event_type"] == "cover_opened"
    assert data[0]["authenticated"] is True


async def test_s24_what_was_heard_is_a_replay_also_after_a_restart(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    meters: dict[str, SimulatedMeter],
    secured: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
):
    meters[HOST] = secured
    port = free_port()
    entry = await set_up(hass, secured_entry(secured, 1, options=listening(port)))
    async with told(hass, 1):
        say(port, wpdu(protected(secured, 1, 2_000_000, event_code(44))))
    # Its associations count lower, and make the counter start anew.
    await poll(hass, freezer, 70)
    await poll(hass, freezer, 70)
    await hass.config_entries.async_unload(entry.entry_id)
    (received,) = hass_storage["cosem.invocation_counters"]["data"]["received"].values()
    assert max(received.values()) == 2_000_000 > min(received.values())
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    async with told(hass, 1) as data:
        say(port, wpdu(protected(secured, 1, 2_000_000, event_code(44))))
        say(port, wpdu(protected(secured, 1, 2_000_001, event_code(1))))
    assert data[0]["code"] == 1


async def test_data_that_say_whose_they_are_find_their_entry(
    hass: HomeAssistant, make_entry: Callable[..., MockConfigEntry]
):
    port = free_port()
    entry = await set_up(hass, with_options(make_entry(), listening(port)))
    name = entry.unique_id.encode()
    row = f"02020906 00002A0000FF 09{len(name):02X}{name.hex()}"
    power = "02020906 0100010700FF 0600000064"
    stranger = f"02020906 00002A0000FF 0910{b'XYZ0000000000000'.hex()}"
    async with told(hass, 1) as data:
        say(port, wpdu(data_notification(f"0202{stranger}{power}")), wpdu(data_notification(f"0202{row}{power}"), 77))
    assert data[0]["kind"] == "data_notification"
    assert [value["logical_name"] for value in data[0]["values"]] == ["0.0.42.0.0.255", "1.0.1.7.0.255"]
    assert float(state_of(hass, entry, "3_1.0.1.7.0.255_2")) == 100


async def test_there_is_one_event_entity_for_each_meter(
    hass: HomeAssistant, make_entry: Callable[..., MockConfigEntry], entity_registry: er.EntityRegistry
):
    entry = await set_up(hass, make_entry())
    found = [
        each for each in er.async_entries_for_config_entry(entity_registry, entry.entry_id) if each.domain == "event"
    ]
    assert [(each.entity_id, each.unique_id) for each in found] == [(ENTITY, f"{entry.unique_id}_meter_event")]
    assert hass.states.get(ENTITY).state == "unknown"


@pytest.mark.parametrize("how", ["tcp", "both"])
async def test_a_meter_may_call_over_tcp(hass: HomeAssistant, make_entry: Callable[..., MockConfigEntry], how: str):
    port = free_port(socket.SOCK_STREAM)
    await set_up(hass, with_options(make_entry(), listening(port, how)))
    async with told(hass, 2):
        _, writer = await asyncio.open_connection(LOOPBACK, port)
        writer.write(wpdu(event_code(1)) + wpdu(event_code(2)))
        await writer.drain()
        await until(lambda: hass.states.get(ENTITY).attributes.get("code") == 2)
        writer.close()
        await writer.wait_closed()


async def test_an_entry_that_is_loaded_again_listens_again(
    hass: HomeAssistant, make_entry: Callable[..., MockConfigEntry]
):
    port = free_port()
    entry = await set_up(hass, with_options(make_entry(), listening(port)))
    for _ in range(3):
        assert await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
    assert issues(hass) == set()
    async with told(hass, 1):
        say(port, wpdu(event_code(1)))
