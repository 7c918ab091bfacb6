"""The lines of the logbook for what meters tell by themselves, and for what they were told to do."""

from collections.abc import Callable, Mapping
from typing import Any

from homeassistant.components.logbook.const import LOGBOOK_ENTRY_MESSAGE, LOGBOOK_ENTRY_NAME
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from .const import DOMAIN, EVENT_CHANGE, EVENT_NOTIFICATION
from .meter.change_event import change_in_words
from .push.meter_event import in_words

type _Describe = Callable[[Event[dict[str, Any]]], dict[str, str]]


@callback
def async_describe_events(hass: HomeAssistant, async_describe_event: Callable[[str, str, _Describe], None]) -> None:
    """Say how events look in the logbook."""

    @callback
    def told(event: Event[dict[str, Any]]) -> dict[str, str]:
        data = event.data
        what = in_words(data["event_type"], data["code"], data["text"], data["name"])
        proof = "" if data["authenticated"] else " (not authenticated)"
        return {LOGBOOK_ENTRY_NAME: _meter(hass, data), LOGBOOK_ENTRY_MESSAGE: f"reported: {what}{proof}"}

    @callback
    def changed(event: Event[dict[str, Any]]) -> dict[str, str]:
        # The logbook itself adds when, and by whom.
        return {
            LOGBOOK_ENTRY_NAME: _meter(hass, event.data),
            LOGBOOK_ENTRY_MESSAGE: change_in_words(event.data),
        }

    async_describe_event(DOMAIN, EVENT_NOTIFICATION, told)
    async_describe_event(DOMAIN, EVENT_CHANGE, changed)


def _meter(hass: HomeAssistant, data: Mapping[str, Any]) -> str:
    device = dr.async_get(hass).async_get(data["device_id"]) if data.get("device_id") else None
    return ((device.name_by_user or device.name) if device is not None else None) or "Meter"
