"""The logbook says in plain words what a meter told."""

from collections.abc import Callable
from typing import Any

from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers import device_registry as dr
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cosem.const import DOMAIN
from custom_components.cosem.logbook import async_describe_events
from custom_components.cosem.push.meter_event import MeterEvent
from tests.conftest import set_up


def lines(hass: HomeAssistant) -> Callable[[MeterEvent], dict[str, str]]:
    described: dict[tuple[str, str], Callable[[Event[dict[str, Any]]], dict[str, str]]] = {}
    async_describe_events(hass, lambda domain, event_type, describe: described.update({(domain, event_type): describe}))
    return lambda event: described[DOMAIN, "cosem_event"](Event("cosem_event", event.data()))


async def test_the_logbook_names_the_meter_and_what_happened(
    hass: HomeAssistant, network: None, make_entry: Callable[..., MockConfigEntry]
):
    entry = await set_up(hass, make_entry())
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    event = MeterEvent(
        entry_id=entry.entry_id,
        device_id=device.id,
        kind="event_notification",
        event_type="power_down",
        code=1,
        text="Power down",
        authenticated=True,
    )
    assert lines(hass)(event) == {"name": "Meter", "message": "reported: Power down (code 1)"}
    dr.async_get(hass).async_update_device(device.id, name_by_user="Cellar")
    assert lines(hass)(event)["name"] == "Cellar"


async def test_a_device_that_is_gone_is_just_a_meter(hass: HomeAssistant):
    event = MeterEvent(entry_id="gone", device_id="gone", kind="event_notification", event_type="tamper")
    assert lines(hass)(event) == {"name": "Meter", "message": "reported: Tamper (not authenticated)"}
