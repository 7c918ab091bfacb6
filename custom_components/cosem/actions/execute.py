"""The action ``execute``: has a method done, once."""

from typing import Final

from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from ..dlms import Association, Data, DataAccessError, LocalProtocolError, typed_data, typed_method
from .asking import naming_what_is_impossible
from .changing import Change
from .named_parts import METHOD
from .permission import require_permission
from .target import TARGET_FIELDS, async_coordinator_of
from .write import CONF_DATA_TYPE, CONF_VALUE

CONF_METHOD: Final = "method"

SCHEMA: Final = vol.Schema(
    {
        **TARGET_FIELDS,
        vol.Required(CONF_METHOD): METHOD,
        vol.Optional(CONF_DATA_TYPE): cv.string,
        vol.Optional(CONF_VALUE): cv.string,
    }
)


async def async_execute(call: ServiceCall) -> ServiceResponse:
    """Return the result by its name, and what the method returned. Raises HomeAssistantError."""
    coordinator = async_coordinator_of(call)
    with naming_what_is_impossible():
        method = typed_method(call.data[CONF_METHOD])
    require_permission(coordinator, method)
    with naming_what_is_impossible():
        parameter = _parameter(call.data.get(CONF_DATA_TYPE), call.data.get(CONF_VALUE))

    async def service(association: Association) -> Data | DataAccessError | None:
        return await association.action(method, parameter)

    return await Change(call, coordinator, method, parameter).async_make(service)


def _parameter(data_type: str | None, value: str | None) -> Data | None:
    """Return the parameter; None without a type. Raises LocalProtocolError."""
    if data_type is not None:
        return typed_data(data_type, value)
    if value is not None:
        raise LocalProtocolError("the data type of the value is missing")
    return None
