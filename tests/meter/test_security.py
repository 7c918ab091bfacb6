"""On what an entry's associations are opened."""

from collections.abc import Callable
import math

from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cosem.dlms import AssociationParameters
from custom_components.cosem.meter.clients import async_open_client, async_release_client, get_client, timing
from custom_components.cosem.meter.security import MeterSecurity
from tests.conftest import HOST
from tests.simulated_meter.meter import SimulatedMeter

PUBLIC = AssociationParameters(client_wport=16)

type EntryMaker = Callable[..., MockConfigEntry]


async def test_each_entry_of_a_device_has_its_own_patience(hass: HomeAssistant, network: None, make_entry: EntryMaker):
    """Neither the most patient nor the last one speaks for the others."""
    client = get_client(hass, HOST, 4059)
    entries = {seconds: MeterSecurity(hass, make_entry(response_timeout=seconds), client) for seconds in (10, 121, 5)}
    for seconds, security in entries.items():
        async with security.async_associate() as association:
            assert association._timing.response == timing(seconds).response == seconds
    await async_release_client(hass, client)


async def test_a_kept_association_is_lent_again(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter
):
    client = get_client(hass, HOST, 4059)
    security = MeterSecurity(hass, make_entry(), client, keep=math.inf)
    async with security.async_associate() as first:
        assert not first.was_kept
    async with security.async_associate() as second:
        assert second is first
        assert second.was_kept
    assert meter.connections == 1
    await security.async_release_kept()
    assert meter.open_links == 0
    await security.async_release_kept()
    await async_release_client(hass, client)


async def test_an_association_is_not_kept_unless_it_is_to_be(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter
):
    client = get_client(hass, HOST, 4059)
    security = MeterSecurity(hass, make_entry(), client)
    async with security.async_associate():
        pass
    assert meter.open_links == 0
    await async_release_client(hass, client)


async def test_a_form_gets_the_device_although_an_entry_keeps_its_association(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter
):
    """Many meters have no second place for it; the entry associates again at its next poll."""
    client = get_client(hass, HOST, 4059)
    security = MeterSecurity(hass, make_entry(), client, keep=math.inf)
    async with security.async_associate() as kept:
        pass
    async with async_open_client(hass, HOST, 4059) as lent, lent.associate(PUBLIC, exclusive=True):
        assert not kept.is_open
    async with security.async_associate() as again:
        assert not again.was_kept
    await security.async_release_kept()
    await async_release_client(hass, client)


async def test_a_new_pinned_title_replaces_a_kept_association(
    hass: HomeAssistant, network: None, make_entry: EntryMaker
):
    """Rule S13: what is kept was opened before the title was known."""
    client = get_client(hass, HOST, 4059)
    security = MeterSecurity(hass, make_entry(), client, keep=math.inf)
    async with security.async_associate() as first:
        security.pin(b"SIM12345")
    assert security.pinned_title == b"SIM12345"
    async with security.async_associate() as second:
        assert second is not first
    await security.async_release_kept()
    await async_release_client(hass, client)
