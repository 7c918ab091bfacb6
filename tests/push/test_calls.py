"""Calls are awaited where the user said, by entries and forms together."""

import asyncio
from collections.abc import Callable, Iterator
import socket
from unittest.mock import AsyncMock, patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers.update_coordinator import UpdateFailed
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import pytest_socket

from custom_components.cosem.dlms import AwaitedCalls, CallerNotExpected, ListenerUnavailable
from custom_components.cosem.push.calls import (
    RETRY_AFTER,
    EntryCalls,
    async_call_place,
    async_expected,
    expected_caller,
)
from custom_components.cosem.push.listeners import listeners_of
from custom_components.cosem.push.routing import Receiver
from tests.conftest import poll, set_up
from tests.push.senders import LOOPBACK, event_code, free_port, listening, told, wpdu
from tests.secured_entries import issues
from tests.test_calling_meter import Caller, called_entry

pytestmark = pytest.mark.usefixtures("network", "freezer")

type EntryMaker = Callable[..., MockConfigEntry]


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    pytest_socket.socket_allow_hosts([LOOPBACK], allow_unix_socket=True)


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that another program uses."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as other:
        other.bind((LOOPBACK, 0))
        other.listen()
        yield other.getsockname()[1]


async def test_s26_calls_are_awaited_at_the_adapter_that_faces_their_source():
    asked = []

    async def own_address(host: str, port: int) -> str:
        asked.append((host, port))
        return LOOPBACK

    with patch("custom_components.cosem.push.calls.own_address_towards", own_address):
        for sources in ([], ["10.8.0.0/16"], ["2001:db8::7"]):
            place = await async_call_place({"port": 4060, "call_sources": sources})
            assert place == ("tcp", LOOPBACK, 4060)
    assert asked == [("192.0.2.1", 4060), ("10.8.0.0", 4060), ("2001:db8::7", 4060)]
    assert (await async_call_place({"port": 4060, "listen_address": "::1"})).address == "::1"


def test_a_source_that_was_not_named_is_nobody_expected():
    calls = AwaitedCalls()
    data = {"port": 4059, "server_wport": 1, "call_sources": ["10.8.0.0/16"]}
    caller = expected_caller(data, calls, "meter")
    assert [caller.may_call_from(host) for host in ("10.8.1.1", "10.9.1.1", "odd")] == [True, False, False]
    anybody = expected_caller({**data, "call_sources": []}, calls, None)
    assert anybody.may_call_from("10.9.1.1")
    assert (caller.names_sources, anybody.names_sources) == (True, False)


async def test_f58_a_port_that_is_taken_is_said_and_tried_again(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, make_entry: EntryMaker, taken: int
):
    entry = await set_up(hass, called_entry(make_entry, taken))
    assert entry.state is ConfigEntryState.LOADED
    assert issues(hass) == {"listener_unavailable"}
    with patch("custom_components.cosem.push.listeners.NotificationListener.open"):
        await poll(hass, freezer, RETRY_AFTER + 1)
    assert issues(hass) == set()
    await hass.config_entries.async_unload(entry.entry_id)


async def test_an_entry_that_ends_before_the_port_is_free_tries_no_more(
    hass: HomeAssistant, make_entry: EntryMaker, taken: int
):
    entry = await set_up(hass, called_entry(make_entry, taken))
    await hass.config_entries.async_unload(entry.entry_id)
    assert not listeners_of(hass)._open


async def test_notifications_of_a_calling_meter_come_once_however_its_options_are(
    hass: HomeAssistant, meter, make_entry: EntryMaker
):
    port = free_port(socket.SOCK_STREAM)
    entry = called_entry(make_entry, port)
    entry = MockConfigEntry(
        domain=entry.domain,
        title=entry.title,
        unique_id=entry.unique_id,
        data=dict(entry.data),
        options={**entry.options, **listening(port, "both")},
    )
    await set_up(hass, entry)
    caller = Caller(meter)
    async with told(hass, 1):
        caller.call(port, wpdu(event_code(1)))
    await caller.hang_up()
    await hass.config_entries.async_unload(entry.entry_id)
    assert not listeners_of(hass)._open


async def test_two_who_await_the_same_calls_are_one_for_the_desk(hass: HomeAssistant, make_entry: EntryMaker):
    data = called_entry(make_entry, free_port(socket.SOCK_STREAM)).data
    caller = expected_caller(data, AwaitedCalls(), None)
    async with async_expected(hass, data, caller):
        async with async_expected(hass, data, caller):
            (shared,) = listeners_of(hass)._open.values()
            assert shared.desk._expected == [caller]
        assert shared.desk._expected == [caller]
    assert not listeners_of(hass)._open


async def test_an_entry_that_ends_while_it_joins_leaves_again(hass: HomeAssistant, make_entry: EntryMaker):
    entry = called_entry(make_entry, free_port(socket.SOCK_STREAM))
    entry.add_to_hass(hass)
    began, may_go_on, closed = asyncio.Event(), asyncio.Event(), []

    async def open_slowly(*_: object) -> None:
        began.set()
        await may_go_on.wait()

    async def close(listener: object) -> None:
        closed.append(listener)

    own = EntryCalls(hass, entry, AwaitedCalls(), lambda: None)
    with (
        patch("custom_components.cosem.push.listeners.NotificationListener.open", open_slowly),
        patch("custom_components.cosem.push.listeners.NotificationListener.close", close),
    ):
        joining = hass.async_create_task(own.async_start(AsyncMock()))
        await began.wait()
        await own.async_stop()
        may_go_on.set()
        await joining
    assert len(closed) == 1


async def test_what_comes_over_calls_is_taken_also_where_the_port_gets_free_later(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, make_entry: EntryMaker
):
    entry = called_entry(make_entry, free_port(socket.SOCK_STREAM))
    entry.add_to_hass(hass)
    own = EntryCalls(hass, entry, AwaitedCalls(), lambda: None)
    receiver = Receiver(server_wport=1, take=lambda _: None)
    failing = patch(
        "custom_components.cosem.push.listeners.NotificationListener.open",
        side_effect=ListenerUnavailable("", 4059, "in use"),
    )
    with failing:
        await own.async_start(AsyncMock())
        await own.async_take(receiver)
    assert issues(hass) == {"listener_unavailable"}
    await poll(hass, freezer, RETRY_AFTER + 1)
    (shared,) = listeners_of(hass)._open.values()
    assert shared.router.receivers == [receiver]
    await own.async_stop()
    assert not listeners_of(hass)._open


async def test_however_many_call_there_is_one_poll_at_a_time_and_one_behind_it(
    hass: HomeAssistant, make_entry: EntryMaker
):
    entry = called_entry(make_entry, free_port(socket.SOCK_STREAM))
    entry.add_to_hass(hass)
    polls, may_go_on = [], asyncio.Event()

    async def poll_slowly() -> None:
        polls.append(None)
        await may_go_on.wait()

    own = EntryCalls(hass, entry, AwaitedCalls(), lambda: None)
    await own.async_start(poll_slowly)
    for _ in range(5):
        own._poll_soon()
    await asyncio.sleep(0)
    assert len(polls) == 1
    may_go_on.set()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert len(polls) == 2
    await own.async_stop()


async def test_a_stranger_is_hung_up_on_and_who_else_calls_is_read_at_once(hass: HomeAssistant, make_entry: EntryMaker):
    entry = called_entry(make_entry, free_port(socket.SOCK_STREAM))
    entry.add_to_hass(hass)
    calls, poll = AwaitedCalls(), AsyncMock()
    own = EntryCalls(hass, entry, calls, lambda: None)
    await own.async_start(poll)
    refused = UpdateFailed()
    refused.__cause__ = CallerNotExpected()
    assert not await own.async_note_failure(refused)
    assert not poll.called  # nobody else is there
    with patch.object(EntryCalls, "is_there", True):
        assert not await own.async_note_failure(refused)
        assert not poll.called  # no call was used, so the next poll would fail as well
        with patch.object(AwaitedCalls, "hang_up", AsyncMock(return_value=True)):
            assert not await own.async_note_failure(refused)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert poll.call_count == 1
    assert not await own.async_note_failure(UpdateFailed())
    await own.async_stop()
