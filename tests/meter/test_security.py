"""On what an entry's associations are opened."""

from collections.abc import Callable

from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cosem.meter.clients import get_client, timing
from custom_components.cosem.meter.security import MeterSecurity
from tests.conftest import HOST

type EntryMaker = Callable[..., MockConfigEntry]


async def test_each_entry_of_a_device_has_its_own_patience(hass: HomeAssistant, make_entry: EntryMaker):
    """Neither the most patient nor the last one speaks for the others."""
    client = get_client(hass, HOST, 4059)
    entries = {seconds: MeterSecurity(hass, make_entry(response_timeout=seconds), client) for seconds in (10, 121, 5)}
    for seconds, security in entries.items():
        assert (await security.async_terms()).timing == timing(seconds)
