"""Fixtures for everybody: our custom integration instead of the plug-in's, and a simulated meter behind it."""

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
import threading
from typing import Any, Final
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from hypothesis import HealthCheck, settings
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

# Before the test plug-in's own package of that name is found.
import custom_components.cosem
from custom_components.cosem.const import (
    AUTHENTICATION_PASSWORD,
    CONF_AUTHENTICATION,
    CONF_CLIENT_WPORT,
    CONF_INTERVAL,
    CONF_LOG_INTERVAL,
    CONF_OBJECTS,
    CONF_PRESET,
    CONF_RESPONSE_TIMEOUT,
    CONF_SERVER_WPORT,
    CONF_STAY_CONNECTED,
    CONF_TRANSPORT,
    DOMAIN,
)
from custom_components.cosem.dlms import Timing, Transport, logical_device_name_of
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import DEFAULT_PASSWORD
from tests.still_loop import StillLoop, until

HOST = "192.0.2.7"  # a documentation address: nothing may really connect to it
READER = 2
TICKED = (
    "3:1.0.1.8.0.255",  # energy import, total
    "3:1.0.1.7.0.255",  # power import
    "3:1.0.32.7.0.255",  # voltage L1
    "8:0.0.1.0.0.255",  # clock
)


settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Let every test run on a loop whose time does not depend on the machine."""
    return {"still": StillLoop}


@pytest.fixture(autouse=True)
def _every_loop_is_still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what calls `asyncio.run`, as the command line does, have such a loop too."""
    monkeypatch.setattr(asyncio.events, "new_event_loop", StillLoop)


@pytest.fixture
def _workers_have_ended(verify_cleanup: None) -> Iterator[None]:
    """Wait for threads that were told to end: the test plug-in, which looks for what was left behind, does not."""
    loop, before = asyncio.get_event_loop(), set(threading.enumerate())
    yield
    loop.run_until_complete(loop.shutdown_default_executor())
    for thread in set(threading.enumerate()) - before:
        if thread.name.startswith(("SyncWorker", "ImportExecutor", "asyncio")):
            thread.join(timeout=60)


@pytest.fixture(autouse=True)
def _our_integration(
    request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture, _workers_have_ended: None
) -> Iterator[None]:
    """Let Home Assistant find custom integrations, in tests that have a Home Assistant; it must have no complaint."""
    if "recorder_mock" in request.fixturenames:
        request.getfixturevalue("async_test_recorder")  # the recorder comes before Home Assistant
    if "hass" in request.fixturenames:
        request.getfixturevalue("enable_custom_integrations")
    yield
    said = [record.getMessage() for record in caplog.get_records("call")]
    assert [line for line in said if line.startswith("Detected that custom integration")] == []


OVER: Final = [pytest.param({}, id="TCP"), pytest.param({"transport": "udp"}, id="UDP")]
"""What make_entry() takes for each transport, where a test holds over both."""


@pytest.fixture
def meter() -> SimulatedMeter:
    """A household meter that follows Home Assistant's clock, frozen or not."""
    return SimulatedMeter(clock=dt_util.utcnow)


@pytest.fixture
def meters(meter: SimulatedMeter) -> dict[str, SimulatedMeter]:
    """Which meter answers at which host; a test may change it."""
    return {HOST: meter}


@pytest.fixture
def network(meters: dict[str, SimulatedMeter]) -> Iterator[None]:
    """Let the integration reach the simulated meters, without sockets and without pauses between connections."""

    async def open_tcp(host: str, _port: int, _timeout: float) -> Transport:
        return await meters[host].connect()

    async def open_udp(host: str, _port: int, _timeout: float, _silent: object = None) -> Transport:
        return await meters[host].connect_datagrams()

    with (
        patch("custom_components.cosem.meter.clients.open_tcp", open_tcp),
        patch("custom_components.cosem.meter.clients.open_udp", open_udp),
        patch("custom_components.cosem.meter.clients.Timing", partial(Timing, reconnect_gap=0)),
    ):
        yield


def unique_id_of(meter: SimulatedMeter, server_wport: int = 1) -> str:
    """The unique id that an entry for this logical device has."""
    name = logical_device_name_of(meter.truth("0.0.42.0.0.255", server_wport=server_wport))
    assert name is not None
    return name.text


@pytest.fixture
def make_entry(meter: SimulatedMeter) -> Callable[..., MockConfigEntry]:
    """Return a maker of entries, as the config flow would make them; keywords change data and options."""

    def make(**changes: Any) -> MockConfigEntry:
        server_wport = changes.get(CONF_SERVER_WPORT, 1)
        data = {
            CONF_HOST: HOST,
            CONF_PORT: 4059,
            CONF_PRESET: "generic",
            CONF_CLIENT_WPORT: READER,
            CONF_SERVER_WPORT: server_wport,
            CONF_AUTHENTICATION: AUTHENTICATION_PASSWORD,
            CONF_PASSWORD: DEFAULT_PASSWORD,
            **({CONF_TRANSPORT: changes[CONF_TRANSPORT]} if CONF_TRANSPORT in changes else {}),
        }
        options = {
            CONF_INTERVAL: 60,
            CONF_OBJECTS: list(TICKED),
            CONF_STAY_CONNECTED: False,
            CONF_RESPONSE_TIMEOUT: 10,
            CONF_LOG_INTERVAL: 0,  # so that it is known what is asked when; tests/push/test_meter_logs.py is about them
        }
        unique_id = changes.pop("unique_id", None) or unique_id_of(meter, server_wport)
        return MockConfigEntry(
            domain=DOMAIN,
            title=changes.pop("title", "Meter"),
            unique_id=unique_id,
            data={key: changes.get(key, value) for key, value in data.items()},
            options={key: changes.get(key, value) for key, value in options.items()},
        )

    return make


async def poll(hass: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: float = 70) -> None:
    """Let time pass, so that a poll is due, and wait for its end."""
    freezer.tick(seconds)
    async_fire_time_changed(hass)
    await hass.async_block_till_done(wait_background_tasks=True)


async def set_up(hass: HomeAssistant, entry: MockConfigEntry) -> MockConfigEntry:
    """Add an entry and set it up."""
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    return entry


def sensor_id(hass: HomeAssistant, entry: MockConfigEntry, own: str) -> str:
    """Return the entity id of ``class_logical name_attribute`` of an entry."""
    entity_id = er.async_get(hass).async_get_entity_id("sensor", DOMAIN, f"{entry.unique_id}_{own}")
    assert entity_id is not None, f"no entity for {own}"
    return entity_id


def state_of(hass: HomeAssistant, entry: MockConfigEntry, own: str) -> str:
    """Return the state of ``class_logical name_attribute`` of an entry."""
    state = hass.states.get(sensor_id(hass, entry, own))
    assert state is not None, f"no state for {own}"
    return state.state


__all__ = ["custom_components", "until"]
