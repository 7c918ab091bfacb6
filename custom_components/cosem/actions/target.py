"""Which meter an action is for."""

from typing import Any, Final

from homeassistant.const import ATTR_CONFIG_ENTRY_ID, ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.service import async_get_config_entry
import voluptuous as vol

from ..const import DOMAIN
from ..coordinator import CosemCoordinator

TARGET_FIELDS: Final[dict[vol.Marker, Any]] = {
    vol.Optional(ATTR_DEVICE_ID, default=list): vol.All(cv.ensure_list, [cv.string]),
    vol.Optional(ATTR_CONFIG_ENTRY_ID, default=list): vol.All(cv.ensure_list, [cv.string]),
}
"""In the schema of each action. One device or one entry; lists are taken to say so in better words."""


@callback
def async_coordinator_of(call: ServiceCall) -> CosemCoordinator:
    """Return the coordinator of the meter that is named. Raises ServiceValidationError."""
    devices, entries = call.data[ATTR_DEVICE_ID], call.data[ATTR_CONFIG_ENTRY_ID]
    if not devices and not entries:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_target")
    named = {*entries, *(_entry_of(call.hass, device_id) for device_id in devices)}
    if len(named) > 1 or len(devices) > 1:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="several_targets")
    coordinator: CosemCoordinator = async_get_config_entry(call.hass, DOMAIN, named.pop()).runtime_data
    return coordinator


def _entry_of(hass: HomeAssistant, device_id: str) -> str:
    """Return the id of a device's entry: a sub-meter's is that of the meter that it is behind."""
    device = dr.async_get(hass).async_get(device_id)
    if device is None or not any(identifier[0] == DOMAIN for identifier in device.identifiers):
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="no_meter", translation_placeholders={"detail": device_id}
        )
    return device.config_entry_id
