"""F58: what cannot listen says so, polls on, and tries again."""

import asyncio
from collections.abc import Callable, Iterator
from ipaddress import ip_network
import socket
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_HOST
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import pytest_socket

from custom_components.cosem.const import CONF_NOTIFICATION_SOURCES
from custom_components.cosem.push.listeners import RETRY_AFTER, listeners_of
from custom_components.cosem.push.listening import EntryListening, async_sources
from custom_components.cosem.push.routing import Receiver
from tests.conftest import HOST, poll, set_up, state_of
from tests.push.senders import LOOPBACK, event_code, free_port, listening, say, told, with_options, wpdu
from tests.secured_entries import issues
from tests.simulated_meter.meter import SimulatedMeter

pytestmark = pytest.mark.usefixtures("network", "freezer")


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    pytest_socket.socket_allow_hosts([LOOPBACK], allow_unix_socket=True)


@pytest.fixture
def taken() -> Iterator[socket.socket]:
    """A port that another program uses."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((LOOPBACK, 0))
        yield other


async def test_f58_a_port_that_is_taken_is_said_and_tried_again(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    make_entry: Callable[..., MockConfigEntry],
    taken: socket.socket,
):
    port = taken.getsockname()[1]
    entry = await set_up(hass, with_options(make_entry(), listening(port)))
    assert entry.state is ConfigEntryState.LOADED
    assert issues(hass) == {"listener_unavailable"}
    await poll(hass, freezer, RETRY_AFTER + 10)
    assert issues(hass) == {"listener_unavailable"}  # a good poll does not end it
    assert state_of(hass, entry, "3_1.0.1.8.0.255_2") not in {"unknown", "unavailable"}
    taken.close()
    await poll(hass, freezer, RETRY_AFTER + 10)
    assert issues(hass) == set()
    async with told(hass, 1):
        say(port, wpdu(event_code(1)))


async def test_an_entry_that_ends_leaves_no_issue_and_no_listener(
    hass: HomeAssistant, make_entry: Callable[..., MockConfigEntry], taken: socket.socket
):
    entry = await set_up(hass, with_options(make_entry(), listening(taken.getsockname()[1])))
    await hass.config_entries.async_unload(entry.entry_id)
    assert issues(hass) == set()
    port = free_port()
    entry = await set_up(hass, with_options(make_entry(unique_id="again"), listening(port)))
    await hass.config_entries.async_unload(entry.entry_id)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as next_one:
        next_one.bind((LOOPBACK, port))


async def test_s26_an_entry_listens_where_its_meter_is(hass: HomeAssistant, make_entry: Callable[..., MockConfigEntry]):
    port, asked = free_port(), []

    async def own_address(host: str, meter_port: int) -> str:
        asked.append((host, meter_port))
        return LOOPBACK

    options = {key: value for key, value in listening(port).items() if key != "listen_address"}
    with patch("custom_components.cosem.push.own_destination.own_address_towards", own_address):
        await set_up(hass, with_options(make_entry(), options))
    assert asked == [(HOST, 4059)]
    async with told(hass, 1):
        say(port, wpdu(event_code(1)))


async def test_an_entry_without_the_option_listens_nowhere(
    hass: HomeAssistant, make_entry: Callable[..., MockConfigEntry]
):
    with patch("custom_components.cosem.push.listeners.NotificationListener.open") as opened:
        await set_up(hass, make_entry())
    assert opened.call_count == 0


async def test_an_entry_that_ends_while_it_joins_leaves_again(
    hass: HomeAssistant, make_entry: Callable[..., MockConfigEntry]
):
    entry = with_options(make_entry(), listening(free_port()))
    began, may_go_on, closed = asyncio.Event(), asyncio.Event(), []

    async def open_slowly(*_: object) -> None:
        began.set()
        await may_go_on.wait()

    async def close(listener: object) -> None:
        closed.append(listener)

    own = EntryListening(hass, entry)
    with (
        patch("custom_components.cosem.push.listeners.NotificationListener.open", open_slowly),
        patch("custom_components.cosem.push.listeners.NotificationListener.close", close),
    ):
        joining = hass.async_create_task(own.async_start(Receiver(server_wport=1, take=lambda _: None)))
        await began.wait()
        await own.async_stop()
        may_go_on.set()
        await joining
    assert len(closed) == 1
    await own.async_stop()  # may be called again


async def test_a_name_is_resolved_where_somebody_listens(
    hass: HomeAssistant, make_entry: Callable[..., MockConfigEntry]
):
    entry = with_options(make_entry(**{CONF_HOST: "meter.home.arpa"}), {"notifications": "udp"})
    found = [(socket.AF_INET, socket.SOCK_DGRAM, 17, "", ("192.0.2.9", 0))]
    with patch.object(hass.loop, "getaddrinfo", return_value=found):
        assert await async_sources(hass, entry) == (ip_network("192.0.2.9"),)
    with patch.object(hass.loop, "getaddrinfo", side_effect=socket.gaierror(-2, "unknown")):
        assert await async_sources(hass, entry) == ()
    silent = with_options(entry, {"notifications": "off"})
    assert await async_sources(hass, silent) == ()


async def test_f05_a_meter_is_expected_where_its_name_leads_now(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    make_entry: Callable[..., MockConfigEntry],
    meters: dict[str, SimulatedMeter],
    meter: SimulatedMeter,
):
    """When Home Assistant started, nobody knew the name yet; and one day the meter has another address."""
    port, name, found = free_port(), "meter.home.arpa", list[str]()
    meters[name] = meter
    resolve = hass.loop.getaddrinfo

    async def lookup(host: str, *more: Any, **named: Any) -> list[Any]:
        if host != name:
            return await resolve(host, *more, **named)
        if not found:
            raise socket.gaierror(-2, "unknown")
        return [(socket.AF_INET, socket.SOCK_DGRAM, 17, "", (found[0], 0))]

    with patch.object(hass.loop, "getaddrinfo", lookup):
        options = listening(port, **{CONF_NOTIFICATION_SOURCES: []})
        entry = await set_up(hass, with_options(make_entry(**{CONF_HOST: name}), options))
        push = entry.runtime_data.notifications
        (shared,) = listeners_of(hass)._open.values()
        for addresses, is_expected in (([], False), ([LOOPBACK], True), ([], True), (["192.0.2.9"], False)):
            found[:] = addresses
            push._next_look = 0.0
            await poll(hass, freezer)
            await hass.async_block_till_done(wait_background_tasks=True)
            assert shared.router.receivers[0].may_be_from(LOOPBACK) is is_expected
            assert shared.listener.sources.is_trusted(LOOPBACK) is is_expected
        found[:] = [LOOPBACK]
        push._next_look += 3600.0
        push.follow_name()  # it was looked up a moment ago
        await hass.async_block_till_done(wait_background_tasks=True)
        assert not shared.router.receivers[0].may_be_from(LOOPBACK)


async def test_an_entry_that_ends_between_two_listeners_joins_no_more(
    hass: HomeAssistant, make_entry: Callable[..., MockConfigEntry]
):
    entry = with_options(make_entry(), listening(free_port(), "both"))
    own, opened = EntryListening(hass, entry), []

    async def open_and_end(*place: object) -> None:
        opened.append(place)
        await own.async_stop()

    with patch("custom_components.cosem.push.listeners.NotificationListener.open", open_and_end):
        await own.async_start(Receiver(server_wport=1, take=lambda _: None))
    assert len(opened) == 1
    assert issues(hass) == set()
