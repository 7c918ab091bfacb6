"""Names that lead nowhere, or elsewhere than before: an entry of Home Assistant over real sockets, TCP and UDP."""

from collections.abc import Iterator
import socket
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
import pytest
import pytest_socket

from tests.conftest import OVER, poll, set_up, state_of
from tests.faults.truth import EntryMaker
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.server import MeterServer

ENERGY = "3_1.0.1.8.0.255_2"
NAME = "meter.example"
HERE, ELSEWHERE = "127.0.0.1", "127.0.0.2"


@pytest.fixture
def names(socket_enabled: None) -> Iterator[dict[str, str]]:
    """Where names lead; other ones are unknown."""
    pytest_socket.socket_allow_hosts([HERE, ELSEWHERE])
    known: dict[str, str] = {}

    async def find(_loop: object, host: str, port: int, *, type: int = 0, **_: Any) -> list[tuple[Any, ...]]:
        address = host if host in {HERE, ELSEWHERE} else known.get(host)
        if address is None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, type, 0, "", (address, port))]

    with patch("asyncio.base_events.BaseEventLoop.getaddrinfo", find):
        yield known


@pytest.mark.parametrize("transport", OVER)
async def test_f04_a_name_that_is_unknown_is_asked_for_again(
    hass: HomeAssistant,
    names: dict[str, str],
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
    transport: dict[str, str],
):
    async with MeterServer(meter, HERE, 0) as server:
        entry = await set_up(hass, make_entry(host=NAME, port=server.port, **transport))
        assert entry.state is ConfigEntryState.SETUP_RETRY
        assert entry.error_reason_translation_key == "cannot_connect"
        names[NAME] = HERE
        await poll(hass, freezer, 11)
        assert entry.state is ConfigEntryState.LOADED
        del names[NAME]
        await poll(hass, freezer)
        assert state_of(hass, entry, ENERGY) == STATE_UNAVAILABLE
        names[NAME] = HERE
        await poll(hass, freezer, 340)
        assert state_of(hass, entry, ENERGY) != STATE_UNAVAILABLE
        await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("transport", OVER)
async def test_f05_a_name_that_leads_elsewhere_is_followed(
    hass: HomeAssistant,
    names: dict[str, str],
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
    transport: dict[str, str],
):
    names[NAME] = HERE
    async with MeterServer(meter, HERE, 0) as server:
        entry = await set_up(hass, make_entry(host=NAME, port=server.port, **transport))
        assert entry.state is ConfigEntryState.LOADED
    names[NAME] = ELSEWHERE
    async with MeterServer(meter, ELSEWHERE, server.port):
        await poll(hass, freezer)
        assert state_of(hass, entry, ENERGY) != STATE_UNAVAILABLE
        assert entry.runtime_data.last_update_success
        await hass.config_entries.async_unload(entry.entry_id)
