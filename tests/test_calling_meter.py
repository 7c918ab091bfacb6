"""Meters that call Home Assistant: set up by the form, polled at their calls, told apart, and strangers kept out."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
import socket
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_USER, ConfigEntryDisabler, ConfigEntryState, ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_PORT, EVENT_HOMEASSISTANT_STOP, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.update_coordinator import UpdateFailed
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import pytest_socket

from custom_components.cosem.const import DOMAIN
from custom_components.cosem.dlms import ListenerUnavailable
from custom_components.cosem.push.listeners import listeners_of
from tests.conftest import poll, set_up, state_of, unique_id_of, until
from tests.flow_tools import connection, progressed, shown_again, submit
from tests.push.senders import LOOPBACK, event_code, free_port, say, told, wpdu
from tests.secured_entries import secured_entry, secured_profile
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import MeterProfile
from tests.simulated_meter.server import MeterServer

ENERGY = "3_1.0.1.8.0.255_2"
EVENING = datetime(2026, 11, 22, 18, 0, 0, tzinfo=UTC)
"""When nothing comes from the roof of the simulated household, so that its import grows."""
CALLED = {"transport": "call", "call_within": 5400, "listen_address": LOOPBACK}
PUBLIC = {"preset": "generic", "client_wport": 16, "server_wport": 1, "authentication": "none"}

type EntryMaker = Callable[..., MockConfigEntry]


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> Iterator[None]:
    pytest_socket.socket_allow_hosts([LOOPBACK], allow_unix_socket=True)
    with patch("custom_components.cosem.push.calls.own_address_towards", return_value=LOOPBACK):
        yield


class Caller:
    """A simulated meter that calls a port of ours."""

    def __init__(self, meter: SimulatedMeter) -> None:
        self.meter = meter
        self.server = MeterServer(meter, LOOPBACK, 0)
        self._calls: list[asyncio.Task[None]] = []

    def call(self, port: int, *wpdus: bytes) -> None:
        """Begin a call."""
        self._calls.append(asyncio.get_running_loop().create_task(self.server.call(LOOPBACK, port, wpdus)))

    async def hang_up(self) -> None:
        """End all calls."""
        calls, self._calls = self._calls, []
        for call in calls:
            call.cancel()
            with suppress(asyncio.CancelledError, OSError):
                await call

    @property
    def clients(self) -> set[int]:
        """Who associated with it."""
        return {request.client_wport for request in self.meter.log}


@asynccontextmanager
async def calling(*meters: SimulatedMeter) -> AsyncIterator[list[Caller]]:
    callers = [Caller(meter) for meter in meters]
    try:
        yield callers
    finally:
        for caller in callers:
            await caller.hang_up()


def another_meter(seed: int) -> SimulatedMeter:
    return SimulatedMeter(replace(MeterProfile(), seed=seed, history_days=2), dt_util.utcnow)


def called_entry(make_entry: EntryMaker, port: int, **changes: Any) -> MockConfigEntry:
    """An entry as the form makes it."""
    entry = make_entry(**{"transport": "call", CONF_PORT: port, **changes})
    data = {**entry.data, **CALLED, CONF_HOST: entry.unique_id, "call_sources": [LOOPBACK]}
    data |= {key: value for key, value in changes.items() if key.startswith("call_")}
    return MockConfigEntry(
        domain=DOMAIN, title=entry.title, unique_id=entry.unique_id, data=data, options=dict(entry.options)
    )


async def read(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Wait until the entry has read its meter."""
    await until(lambda: entry.runtime_data.last_update_success)
    await hass.async_block_till_done(wait_background_tasks=True)


async def unloaded(hass: HomeAssistant, *entries: MockConfigEntry) -> None:
    for entry in entries:
        await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
    assert not listeners_of(hass)._open


async def test_a_meter_that_calls_is_set_up_by_the_form_and_read_over_its_call(
    hass: HomeAssistant, network: None, meter: SimulatedMeter
):
    port = free_port(socket.SOCK_STREAM)
    async with calling(meter) as (caller,):
        result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
        typed = connection(port=port)
        del typed["host"]
        result = await submit(hass, result, **typed, advanced={"transport": "call", "response_timeout": 10})
        assert result["step_id"] == "call"
        assert result["description_placeholders"]["port"] == str(port)
        assert result["description_placeholders"]["address"] == LOOPBACK
        result = await submit(hass, result, call_within=5400)
        assert result["errors"] == {"call_sources": "call_sources_needed"}
        result = await submit(hass, result, call_sources=[LOOPBACK], call_within=5400)
        assert result["step_id"] == "password"
        flow = hass.config_entries.flow
        result = await flow.async_configure(result["flow_id"], {"password": "simulated"})
        assert (result["type"], result["progress_action"]) == (FlowResultType.SHOW_PROGRESS, "waiting_for_call")
        await until(lambda: listeners_of(hass)._open)
        caller.call(port)
        while result["type"] is FlowResultType.SHOW_PROGRESS:
            await hass.async_block_till_done()
            result = await flow.async_configure(result["flow_id"])
        assert result["step_id"] == "objects", result
        result = await submit(hass, result, objects=["3:1.0.1.8.0.255"], time_policy="standard")
        assert result["type"] is FlowResultType.CREATE_ENTRY
        entry = result["result"]
        assert entry.data[CONF_HOST] == entry.unique_id == unique_id_of(meter)
        assert entry.data["transport"] == "call"
        await read(hass, entry)
        assert entry.state is ConfigEntryState.LOADED
        assert state_of(hass, entry, ENERGY) != STATE_UNAVAILABLE
        assert len(meter.links) <= 1
        await unloaded(hass, entry)


async def test_values_and_events_come_at_each_call_and_stay_until_the_next_one_is_overdue(
    hass: HomeAssistant, network: None, meter: SimulatedMeter, make_entry: EntryMaker, freezer: FrozenDateTimeFactory
):
    freezer.move_to(EVENING)
    port = free_port(socket.SOCK_STREAM)
    async with calling(meter) as (caller,):
        entry = await set_up(hass, called_entry(make_entry, port))
        assert entry.state is ConfigEntryState.LOADED
        assert state_of(hass, entry, ENERGY) == STATE_UNAVAILABLE
        async with told(hass, 1):
            caller.call(port, wpdu(event_code(1)))
        await read(hass, entry)
        first = state_of(hass, entry, ENERGY)
        assert first != STATE_UNAVAILABLE
        await poll(hass, freezer, 70)
        second = state_of(hass, entry, ENERGY)
        assert float(second) > float(first)  # polled while the connection is open
        await caller.hang_up()
        await poll(hass, freezer, 3600)
        assert state_of(hass, entry, ENERGY) == second
        await poll(hass, freezer, 3600)
        assert state_of(hass, entry, ENERGY) == STATE_UNAVAILABLE
        caller.call(port)
        await read(hass, entry)
        assert float(state_of(hass, entry, ENERGY)) > float(second)
        await unloaded(hass, entry)


async def test_two_meters_behind_one_address_have_their_own_values(
    hass: HomeAssistant, network: None, meter: SimulatedMeter, make_entry: EntryMaker
):
    port, other = free_port(socket.SOCK_STREAM), another_meter(7)
    async with calling(meter, other) as callers:
        one = await set_up(hass, called_entry(make_entry, port))
        two = await set_up(hass, called_entry(make_entry, port, unique_id=unique_id_of(other)))
        for caller in reversed(callers):
            caller.call(port)
        for entry in (one, two):
            await read(hass, entry)
        assert state_of(hass, one, ENERGY) != state_of(hass, two, ENERGY)
        assert one.runtime_data.reader.identity.unique_id == one.unique_id
        assert two.runtime_data.reader.identity.unique_id == two.unique_id
        await unloaded(hass, one, two)


async def test_s20_s23_a_stranger_who_calls_gets_no_password_and_changes_nothing(
    hass: HomeAssistant, network: None, meter: SimulatedMeter, make_entry: EntryMaker
):
    port, stranger = free_port(socket.SOCK_STREAM), another_meter(9)
    async with calling(stranger) as (caller,):
        anywhere = await set_up(hass, called_entry(make_entry, port, call_sources=[]))
        caller.call(port, wpdu(event_code(1)))
        await until(lambda: not anywhere.runtime_data.last_update_success and stranger.links is not None)
        await hass.async_block_till_done(wait_background_tasks=True)
        assert caller.clients <= {16}
        await unloaded(hass, anywhere)
        elsewhere = await set_up(hass, called_entry(make_entry, port, call_sources=["192.0.2.0/24"]))
        caller.call(port, wpdu(event_code(1)))
        await hass.async_block_till_done(wait_background_tasks=True)
        assert caller.clients <= {16}
        await unloaded(hass, elsewhere)
    assert not hass.config_entries.flow.async_progress()


async def test_s37_a_stranger_who_refuses_asks_for_no_credentials_and_the_meter_is_read_when_it_calls(
    hass: HomeAssistant, network: None, freezer: FrozenDateTimeFactory
):
    port, stranger = free_port(socket.SOCK_STREAM), another_meter(9)
    meter = SimulatedMeter(secured_profile(), dt_util.utcnow)
    usual = secured_entry(meter)
    data = {**usual.data, **CALLED, CONF_HOST: usual.unique_id, CONF_PORT: port, "call_sources": []}
    entry = MockConfigEntry(
        domain=DOMAIN, title="Meter", unique_id=usual.unique_id, data=data, options=dict(usual.options)
    )
    async with calling(stranger, meter) as (odd, own):
        await set_up(hass, entry)
        odd.call(port)
        await until(lambda: any(request.kind == "aarq" for request in stranger.log))
        await hass.async_block_till_done(wait_background_tasks=True)
        assert not entry.runtime_data.last_update_success
        assert not hass.config_entries.flow.async_progress_by_handler(DOMAIN)
        own.call(port)
        await read(hass, entry)
        assert state_of(hass, entry, ENERGY) != STATE_UNAVAILABLE
        await unloaded(hass, entry)


async def test_credentials_are_asked_for_where_the_meter_itself_refuses_them(
    hass: HomeAssistant, network: None, meter: SimulatedMeter, make_entry: EntryMaker
):
    port = free_port(socket.SOCK_STREAM)
    async with calling(meter) as (caller,):
        entry = await set_up(hass, called_entry(make_entry, port, password="wrong"))
        caller.call(port)
        await until(lambda: hass.config_entries.flow.async_progress_by_handler(DOMAIN))
        (flow,) = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
        assert flow["context"]["source"] == "reauth"
        result = await submit(hass, flow, password="simulated")
        assert result["reason"] == "reauth_successful"
        await hass.async_block_till_done(wait_background_tasks=True)
        assert entry.data["password"] == "simulated"
        await read(hass, entry)  # over the same call
        assert len(caller._calls) == 1
        await unloaded(hass, entry)


async def test_an_entry_is_changed_to_calls_and_back(
    hass: HomeAssistant, network: None, meter: SimulatedMeter, make_entry: EntryMaker
):
    port = free_port(socket.SOCK_STREAM)
    entry = await set_up(hass, make_entry())
    async with calling(meter) as (caller,):
        typed = {key: value for key, value in connection(port=port).items() if key != "host"}
        result = await entry.start_reconfigure_flow(hass)
        result = await submit(hass, result, **typed, advanced={"transport": "call"})
        result = await submit(hass, result, call_sources=["meter"], call_within=600)
        assert result["errors"] == {"call_sources": "invalid_notification_sources"}
        assert result["description_placeholders"]["source"] == "meter"
        result = await submit(hass, result, call_sources=[LOOPBACK], call_within=600)
        assert result["step_id"] == "known_password"
        result = await hass.config_entries.flow.async_configure(result["flow_id"], {})
        await until(lambda: listeners_of(hass)._open)
        caller.call(port)
        result = await progressed(hass, result)
        assert result["reason"] == "reconfigure_successful"
        assert (entry.data[CONF_HOST], entry.data["call_within"]) == (entry.unique_id, 600)
        await hass.async_block_till_done(wait_background_tasks=True)
        await read(hass, entry)  # over the same call
        assert len(caller._calls) == 1
        result = await entry.start_reconfigure_flow(hass)
        assert "host" not in shown_again(result)
        result = await submit(hass, result, **connection(), advanced={"transport": "tcp"})
        result = await submit(hass, result)
        assert result["reason"] == "reconfigure_successful"
        assert not {"transport", "call_sources", "call_within"} & entry.data.keys()
        await hass.async_block_till_done(wait_background_tasks=True)
        assert state_of(hass, entry, ENERGY) != STATE_UNAVAILABLE
        await unloaded(hass, entry)


@pytest.mark.parametrize("ends_by", ["unloading", "removing", "disabling", "another port"])
async def test_a_call_outlives_a_reload_and_ends_with_its_entry(
    hass: HomeAssistant, network: None, meter: SimulatedMeter, make_entry: EntryMaker, ends_by: str
):
    port = free_port(socket.SOCK_STREAM)
    async with calling(meter) as (caller,):
        entry = await set_up(hass, called_entry(make_entry, port, stay_connected=True))
        caller.call(port)
        await read(hass, entry)
        for _ in range(2):
            await hass.config_entries.async_reload(entry.entry_id)
            await read(hass, entry)  # over the same call
        assert len(caller._calls) == 1
        (shared,) = listeners_of(hass)._open.values()
        assert len(shared.listener.calls) == 1
        match ends_by:
            case "unloading":
                await hass.config_entries.async_unload(entry.entry_id)
            case "removing":
                await hass.config_entries.async_remove(entry.entry_id)
            case "disabling":
                await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
            case "another port":
                data = {**entry.data, CONF_PORT: free_port(socket.SOCK_STREAM)}
                hass.config_entries.async_update_entry(entry, data=data)
                await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done()
        assert not shared.listener.calls
        assert port not in {place.port for place in listeners_of(hass)._open}


async def test_a_kept_call_ends_when_home_assistant_stops_during_the_reload(
    hass: HomeAssistant, network: None, meter: SimulatedMeter, make_entry: EntryMaker
):
    port = free_port(socket.SOCK_STREAM)
    async with calling(meter) as (caller,):
        entry = await set_up(hass, called_entry(make_entry, port))
        caller.call(port)
        await read(hass, entry)

        async def stop(*_: object) -> bool:
            hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
            await until(lambda: not listeners_of(hass)._open)
            return False

        with patch("custom_components.cosem.async_setup_entry", stop):
            await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done()
        assert not listeners_of(hass)._open


async def test_another_logical_device_of_a_meter_that_calls_shares_its_call(
    hass: HomeAssistant, network: None, meter: SimulatedMeter, make_entry: EntryMaker
):
    port = free_port(socket.SOCK_STREAM)
    async with calling(meter) as (caller,):
        entry = await set_up(hass, called_entry(make_entry, port))
        caller.call(port)
        await read(hass, entry)
        (card,) = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
        assert card["step_id"] == "discovery_confirm"
        result = await submit(hass, card, authentication="inherited")
        assert result["step_id"] == "objects"
        result = await submit(hass, result, objects=result["data_schema"]({})["objects"], time_policy="standard")
        other = result["result"]
        await read(hass, other)
        assert other.data == {**entry.data, "server_wport": 16}
        assert len(caller._calls) == 1
        await unloaded(hass, entry, other)


async def test_a_form_says_that_nobody_called(hass: HomeAssistant, network: None):
    with patch("custom_components.cosem.forms.examination.CALL_AWAITED", 0.05):
        result = await asked(hass, free_port(socket.SOCK_STREAM))
    assert (result["step_id"], result["errors"]) == ("user", {"base": "not_called"})
    assert result["description_placeholders"]["seconds"] == "0.05"
    assert not shown_again(result).get("host")
    hass.config_entries.flow.async_abort(result["flow_id"])
    await hass.async_block_till_done()
    assert not listeners_of(hass)._open


async def test_a_form_says_that_a_port_is_taken(hass: HomeAssistant, network: None):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as other:
        other.bind((LOOPBACK, 0))
        other.listen()
        result = await asked(hass, other.getsockname()[1])
    assert (result["step_id"], result["errors"]) == ("user", {"base": "cannot_listen"})


async def test_a_form_without_an_address_of_ours_can_be_shown(hass: HomeAssistant, network: None):
    unknown = ListenerUnavailable("", 4059, "the network adapter that faces the meter is not known")
    with patch("custom_components.cosem.push.calls.own_address_towards", side_effect=unknown):
        result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
        result = await submit(hass, result, **PUBLIC, port=4059, advanced={"transport": "call"})
    assert result["description_placeholders"]["address"] == "?"


async def asked(hass: HomeAssistant, port: int) -> ConfigFlowResult:
    """Set up a meter without authentication that is to call."""
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    result = await submit(hass, result, **PUBLIC, port=port, advanced={"transport": "call"})
    return await submit(hass, result, call_within=600)


async def test_datagrams_of_a_meter_that_calls_are_heard_beside_its_calls(
    hass: HomeAssistant, network: None, make_entry: EntryMaker
):
    port, usual = free_port(socket.SOCK_STREAM), called_entry(make_entry, free_port(socket.SOCK_STREAM))
    entry = MockConfigEntry(
        domain=DOMAIN,
        title=usual.title,
        unique_id=usual.unique_id,
        data={key: value for key, value in usual.data.items() if key != "listen_address"},
        options={**usual.options, "notifications": "udp", "listen_port": port},
    )
    await set_up(hass, entry)
    async with told(hass, 1):
        say(port, wpdu(event_code(1)))
    await unloaded(hass, entry)


async def test_nothing_waits_for_a_meter_that_has_not_called(
    hass: HomeAssistant, network: None, make_entry: EntryMaker
):
    entry = await set_up(hass, called_entry(make_entry, free_port(socket.SOCK_STREAM)))
    with pytest.raises(UpdateFailed) as caught:
        await entry.runtime_data.async_run(entry.runtime_data.reader.async_read_list)
    assert caught.value.translation_key == "not_called"
    await unloaded(hass, entry)


@pytest.mark.parametrize("sources", [[LOOPBACK], []], ids=["named sources", "from anywhere"])
async def test_a_silent_stranger_who_called_first_does_not_make_the_meters_call_useless(
    hass: HomeAssistant, network: None, meter: SimulatedMeter, make_entry: EntryMaker, sources: list[str]
):
    port = free_port(socket.SOCK_STREAM)
    access: dict[str, Any] = {} if sources else {"authentication": "none", "client_wport": 16}
    async with calling(meter) as (caller,):
        entry = await set_up(hass, called_entry(make_entry, port, call_sources=sources, **access))
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        await reader.readexactly(8)  # he is asked, and says nothing
        caller.call(port)
        await until(lambda: entry.runtime_data.last_update_success)
        assert len(caller._calls) == 1
        assert await reader.read() is not None  # he was hung up on
        writer.close()
        await unloaded(hass, entry)
