"""The action ``read``: values of attributes with their units."""

from typing import Final

from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv
from homeassistant.util.json import JsonValueType
import voluptuous as vol

from ..coordinator import CosemCoordinator
from ..dlms import (
    Association,
    AttributeDescriptor,
    Data,
    InterfaceClass,
    JsonObject,
    ProfileGenericAttribute,
    described_reading,
    typed_attribute,
    with_units,
)
from ..meter.error_mapping import is_in_doubt
from ..meter.objects import AttributeResult
from .asking import async_read_by, naming_what_is_impossible
from .named_parts import ATTRIBUTE
from .permission import is_hidden
from .target import TARGET_FIELDS, async_coordinator_of

CONF_ATTRIBUTES: Final = "attributes"
MOST_ATTRIBUTES: Final = 500
"""In one call; a meter has some hundred objects."""

_SECRET: Final = "not shown: it may hold a password or key"  # noqa: S105 - says that there is one
_PROFILE: Final = "the rows of a profile are read with the action read_profile"

type _Found = dict[AttributeDescriptor, AttributeResult]


SCHEMA: Final = vol.Schema(
    {
        **TARGET_FIELDS,
        vol.Required(CONF_ATTRIBUTES): vol.All(
            cv.ensure_list, [ATTRIBUTE], vol.Length(min=1, max=MOST_ATTRIBUTES, msg="1 to 500 attributes are read")
        ),
    }
)


async def async_read(call: ServiceCall) -> ServiceResponse:
    """Return the attributes in the order asked. What fails for one of them is its error, and costs no other."""
    coordinator = async_coordinator_of(call)
    with naming_what_is_impossible():
        asked = [typed_attribute(text) for text in call.data[CONF_ATTRIBUTES]]
    found: _Found = {}
    failure = await _async_failure(coordinator, asked, found)
    rows: list[JsonValueType] = [_row(coordinator, attribute, found, failure) for attribute in asked]
    return {"attributes": rows}


async def _async_failure(
    coordinator: CosemCoordinator, asked: list[AttributeDescriptor], found: _Found
) -> HomeAssistantError | None:
    """Read into ``found``; return what ended it early. Raises it if there is nothing to show."""
    wanted = with_units([attribute for attribute in asked if _why_not(coordinator, attribute) is None])

    async def work(association: Association) -> None:
        await association.get_many([each for each in wanted if each not in found], found)

    if not wanted:
        return None
    try:
        await async_read_by(coordinator, work)
    except HomeAssistantError as error:
        # What cannot be believed is not shown.
        if is_in_doubt(error) or not any(isinstance(answer, Data) for answer in found.values()):
            raise
        return error
    return None


def _why_not(coordinator: CosemCoordinator, attribute: AttributeDescriptor) -> str | None:
    """Return why an attribute is not asked for; None for most."""
    if is_hidden(coordinator, attribute):
        return _SECRET
    is_buffer = attribute.attribute_index == ProfileGenericAttribute.BUFFER
    return _PROFILE if is_buffer and attribute.class_id == InterfaceClass.PROFILE_GENERIC else None


def _row(
    coordinator: CosemCoordinator, attribute: AttributeDescriptor, found: _Found, failure: HomeAssistantError | None
) -> JsonObject:
    answer = found.get(attribute)
    kind = answer.type.standard_name if isinstance(answer, Data) else None
    row = described_reading(attribute, found) | {"type": kind}
    if (reason := _why_not(coordinator, attribute)) is not None:
        return row | {"error": reason}
    return row | {"error": f"{row['error']}: {failure}"} if failure is not None and answer is None else row
