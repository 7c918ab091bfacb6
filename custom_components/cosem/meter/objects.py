"""The objects of a meter: reading its object list, how options name an object, which attribute scales which.

The functions that read take an open association and let the stack's errors through; refusals of single attributes are part
of the result. Knows nothing of entities and the Store.
"""

from collections.abc import Iterable, Sequence

from homeassistant.core import HomeAssistant

from ..dlms import (
    CURRENT_OBJECT_LIST,
    Association,
    AttributeDescriptor,
    Data,
    DataAccessError,
    LogicalName,
    ObjectListElement,
    ScalerUnit,
    decode_object_list,
    decode_scaler_unit,
)
from .error_mapping import understood, unless_refused

type AttributeResult = Data | DataAccessError
"""What a meter answers for one attribute."""


async def async_ask(
    association: Association, attributes: Iterable[AttributeDescriptor]
) -> dict[AttributeDescriptor, AttributeResult]:
    """Return the answers by attribute; each attribute is asked once."""
    asked = list(dict.fromkeys(attributes))
    return dict(zip(asked, await association.get_many(asked), strict=True)) if asked else {}


async def async_read_objects(hass: HomeAssistant, association: Association) -> tuple[ObjectListElement, ...] | None:
    """Return the object list of this association, None when the meter keeps it to itself or it makes no sense."""
    answers = await unless_refused(async_ask(association, [CURRENT_OBJECT_LIST]))
    answer = answers[CURRENT_OBJECT_LIST] if answers else None
    if not isinstance(answer, Data):
        return None
    # Thousands of objects take longer than the event loop should wait.
    return await hass.async_add_executor_job(understood, decode_object_list, answer)


def object_key(class_id: int, logical_name: LogicalName) -> str:
    """Return how an object is written in `CONF_OBJECTS`: ``3:1.0.1.8.0.255``."""
    return f"{class_id}:{logical_name}"


def complete_objects(objects: Sequence[ObjectListElement], keys: Iterable[str]) -> tuple[ObjectListElement, ...]:
    """Return the object list and, behind it, ticked objects that it lacks: typed in by hand, or the list is not readable."""
    known = {object_key(element.class_id, element.logical_name) for element in objects}
    pairs = (key.split(":") for key in keys if key not in known)
    typed = (ObjectListElement(int(class_id), 0, LogicalName.parse(name)) for class_id, name in pairs)
    return (*objects, *typed)


def decoded_scaler_unit(answer: AttributeResult) -> ScalerUnit | None:
    """Return a scaler_unit, None for a refusal and for one that makes no sense."""
    return understood(decode_scaler_unit, answer) if isinstance(answer, Data) else None
