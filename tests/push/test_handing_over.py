"""A listener that is kept for the reload of an entry; tests/test_calling_meter.py has whole reloads."""

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import pytest_socket

from custom_components.cosem.const import DOMAIN
from custom_components.cosem.dlms import TransportProtocol
from custom_components.cosem.push.handing_over import keep_calls
from custom_components.cosem.push.listeners import Place, listeners_of
from custom_components.cosem.push.routing import Receiver
from tests.push.senders import LOOPBACK, free_port


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    pytest_socket.socket_allow_hosts([LOOPBACK], allow_unix_socket=True)


async def kept(hass: HomeAssistant) -> MockConfigEntry:
    """An entry under way, whose listener is kept and wanted by nobody."""
    entry = MockConfigEntry(domain=DOMAIN, state=ConfigEntryState.UNLOAD_IN_PROGRESS)
    entry.add_to_hass(hass)
    place, receiver = Place(TransportProtocol.UDP, LOOPBACK, free_port()), Receiver(server_wport=1, take=lambda _: None)
    await listeners_of(hass).async_join(place, receiver)
    keep_calls(hass, entry, place)
    await listeners_of(hass).async_leave(place, receiver)
    assert listeners_of(hass)._open
    return entry


@pytest.mark.parametrize("end", [ConfigEntryState.LOADED, ConfigEntryState.SETUP_ERROR, ConfigEntryState.SETUP_RETRY])
async def test_it_is_kept_over_both_steps_of_a_reload_and_not_longer(hass: HomeAssistant, end: ConfigEntryState):
    entry = await kept(hass)
    entry.mock_state(hass, ConfigEntryState.NOT_LOADED)
    entry.mock_state(hass, ConfigEntryState.SETUP_IN_PROGRESS)
    await hass.async_block_till_done()
    assert listeners_of(hass)._open
    entry.mock_state(hass, end)
    await hass.async_block_till_done()
    assert not listeners_of(hass)._open


@pytest.mark.parametrize("end", [ConfigEntryState.NOT_LOADED, ConfigEntryState.FAILED_UNLOAD])
async def test_it_goes_where_no_second_step_follows(hass: HomeAssistant, end: ConfigEntryState):
    entry = await kept(hass)
    entry.mock_state(hass, end)
    await hass.async_block_till_done()
    assert not listeners_of(hass)._open
    entry.mock_state(hass, ConfigEntryState.LOADED)  # nobody follows any more
    await hass.async_block_till_done()


async def test_it_goes_when_home_assistant_stops(hass: HomeAssistant):
    await kept(hass)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done()
    assert not listeners_of(hass)._open
