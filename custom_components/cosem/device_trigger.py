"""The same trigger on the page of a meter: one for each type of event, and one for any."""

from typing import Any, Final

from homeassistant.components.device_automation import DEVICE_TRIGGER_BASE_SCHEMA
from homeassistant.const import CONF_DEVICE_ID, CONF_DOMAIN, CONF_PLATFORM, CONF_TYPE
from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers import selector
from homeassistant.helpers.trigger import TriggerActionType, TriggerInfo
from homeassistant.helpers.typing import ConfigType
import voluptuous as vol

from .const import DOMAIN
from .push.event_codes import EVENT_TYPES
from .push.filters import (
    CONF_AUTHENTICATED_ONLY,
    CONF_EVENT_TYPE,
    CONF_LOGICAL_NAME,
    FILTER_FIELDS,
    EventFilter,
    async_subscribe,
    is_meter,
)

ANY: Final = "any"

TRIGGER_SCHEMA: Final = DEVICE_TRIGGER_BASE_SCHEMA.extend(
    {vol.Required(CONF_TYPE): vol.In((*EVENT_TYPES, ANY)), **FILTER_FIELDS}
)


async def async_get_triggers(hass: HomeAssistant, device_id: str) -> list[dict[str, Any]]:
    """Return the triggers of a meter; none for other devices."""
    base = {CONF_PLATFORM: "device", CONF_DOMAIN: DOMAIN, CONF_DEVICE_ID: device_id}
    types = (*EVENT_TYPES, ANY) if is_meter(hass, device_id) else ()
    return [{**base, CONF_TYPE: event_type} for event_type in types]


async def async_get_trigger_capabilities(hass: HomeAssistant, config: ConfigType) -> dict[str, vol.Schema]:
    """Return the fields that narrow a trigger."""
    fields = {
        vol.Optional(CONF_LOGICAL_NAME): selector.TextSelector(),
        vol.Optional(CONF_AUTHENTICATED_ONLY, default=False): selector.BooleanSelector(),
    }
    return {"extra_fields": vol.Schema(fields)}


async def async_attach_trigger(
    hass: HomeAssistant, config: ConfigType, action: TriggerActionType, trigger_info: TriggerInfo
) -> CALLBACK_TYPE:
    """Run an action for what fits."""
    job = HassJob(action, f"cosem device trigger {trigger_info}")
    trigger_data = trigger_info["trigger_data"]
    types = {} if config[CONF_TYPE] == ANY else {CONF_EVENT_TYPE: [config[CONF_TYPE]]}

    @callback
    def fits(data: dict[str, Any], words: str) -> None:
        hass.async_run_hass_job(job, {"trigger": {**trigger_data, **data, "description": words}})

    device_ids = (config[CONF_DEVICE_ID],)
    return async_subscribe(hass, lambda: device_ids, EventFilter.of({**config, **types}), fits)
