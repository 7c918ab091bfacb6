"""The action ``write``: sets one attribute, once."""

from typing import Final

from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from ..dlms import Association, typed_attribute, typed_data
from .asking import naming_what_is_impossible
from .changing import Change
from .named_parts import ATTRIBUTE
from .permission import require_permission
from .target import TARGET_FIELDS, async_coordinator_of

CONF_ATTRIBUTE: Final = "attribute"
CONF_DATA_TYPE: Final = "data_type"
CONF_VALUE: Final = "value"

SCHEMA: Final = vol.Schema(
    {
        **TARGET_FIELDS,
        vol.Required(CONF_ATTRIBUTE): ATTRIBUTE,
        vol.Required(CONF_DATA_TYPE): cv.string,
        vol.Optional(CONF_VALUE): cv.string,
    }
)


async def async_write(call: ServiceCall) -> ServiceResponse:
    """Return the result by its name. Raises HomeAssistantError."""
    coordinator = async_coordinator_of(call)
    with naming_what_is_impossible():
        attribute = typed_attribute(call.data[CONF_ATTRIBUTE])
    require_permission(coordinator, attribute)
    with naming_what_is_impossible():
        value = typed_data(call.data[CONF_DATA_TYPE], call.data.get(CONF_VALUE))

    async def service(association: Association) -> None:
        await association.set(attribute, value)

    return await Change(call, coordinator, attribute, value).async_make(service)
