"""The logbook says in plain words what a meter told."""

from collections.abc import Callable
from typing import Any

from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers import device_registry as dr
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cosem.const import DOMAIN, EVENT_CHANGE
from custom_components.cosem.dlms import typed_attribute, typed_data
from custom_components.cosem.logbook import async_describe_events
from custom_components.cosem.meter.change_event import change_data
from custom_components.cosem.push.meter_event import MeterEvent
from tests.conftest import set_up


def lines(hass: HomeAssistant) -> Callable[[MeterEvent], dict[str, str]]:
    described: dict[tuple[str, str], Callable[[Event[dict[str, Any]]], dict[str, str]]] = {}
    async_describe_events(hass, lambda domain, event_type, describe: described.update({(domain, event_type): describe}))
    return lambda event: described[DOMAIN, "cosem_event"](Event("cosem_event", event.data()))


def lines_of_changes(hass: HomeAssistant) -> Callable[[dict[str, Any]], dict[str, str]]:
    described: dict[str, Callable[[Event[dict[str, Any]]], dict[str, str]]] = {}
    async_describe_events(hass, lambda _domain, event_type, describe: described.update({event_type: describe}))
    return lambda data: described[EVENT_CHANGE](Event(EVENT_CHANGE, data))


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


async def test_the_logbook_says_what_a_meter_was_told_and_never_a_key(
    hass: HomeAssistant, network: None, make_entry: Callable[..., MockConfigEntry]
):
    entry = await set_up(hass, make_entry())
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    value = typed_data("octet-string", "00112233445566778899AABBCCDDEEFF")
    where = {"entry_id": entry.entry_id, "device_id": device.id, "action": "write", "result": "success"}
    shown = change_data(typed_attribute("20:0.0.13.0.0.255:6"), value, hidden=False)
    assert lines_of_changes(hass)({**where, **shown}) == {
        "name": "Meter",
        "message": 'was told to write octet-string "00112233445566778899aabbccddeeff" to Activity calendar, '
        "calendar_name_passive (20:0.0.13.0.0.255:6): success",
    }
    hidden = change_data(typed_attribute("15:0.0.40.0.0.255:7"), value, hidden=True)
    assert lines_of_changes(hass)({**where, **hidden, "device_id": None}) == {
        "name": "Meter",
        "message": "was told to write a value that is not shown to Association LN, secret "
        "(15:0.0.40.0.0.255:7): success",
    }
