"""The lines of the logbook for what meters tell by themselves."""

from collections.abc import Callable
from typing import Any

from homeassistant.components.logbook.const import LOGBOOK_ENTRY_MESSAGE, LOGBOOK_ENTRY_NAME
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from .const import DOMAIN, EVENT_NOTIFICATION
from .push.meter_event import in_words

type _Describe = Callable[[Event[dict[str, Any]]], dict[str, str]]


@callback
def async_describe_events(hass: HomeAssistant, async_describe_event: Callable[[str, str, _Describe], None]) -> None:
    """Say how events look in the logbook."""

    @callback
    def describe(event: Event[dict[str, Any]]) -> dict[str, str]:
        data = event.data
        device = dr.async_get(hass).async_get(data["device_id"]) if data.get("device_id") else None
        name = (device.name_by_user or device.name) if device is not None else None
        what = in_words(data["event_type"], data["code"], data["text"], data["name"])
        proof = "" if data["authenticated"] else " (not authenticated)"
        return {LOGBOOK_ENTRY_NAME: name or "Meter", LOGBOOK_ENTRY_MESSAGE: f"reported: {what}{proof}"}

    async_describe_event(DOMAIN, EVENT_NOTIFICATION, describe)
