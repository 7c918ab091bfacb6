"""A meter's objects: their list, keys and scalers. The stack's errors pass."""

from collections.abc import Callable, Iterable, Sequence

from homeassistant.core import HomeAssistant

from ..dlms import (
    CURRENT_OBJECT_LIST,
    Association,
    AttributeDescriptor,
    Data,
    DataAccessError,
    Leniency,
    LogicalName,
    ObjectListElement,
    ScalerUnit,
    decode_object_list,
    decode_scaler_unit,
)
from .error_mapping import decode_or_none, none_if_refused

type AttributeResult = Data | DataAccessError
"""A refusal of a single attribute is a result."""


async def async_ask(
    association: Association, attributes: Iterable[AttributeDescriptor]
) -> dict[AttributeDescriptor, AttributeResult]:
    """Return the answers by attribute; each is asked once."""
    asked = list(dict.fromkeys(attributes))
    return dict(zip(asked, await association.get_many(asked), strict=True)) if asked else {}


async def async_read_objects(hass: HomeAssistant, association: Association) -> tuple[ObjectListElement, ...] | None:
    """Return the association's object list, or None if refused or senseless."""
    answers = await none_if_refused(async_ask(association, [CURRENT_OBJECT_LIST]))
    answer = answers[CURRENT_OBJECT_LIST] if answers else None
    if not isinstance(answer, Data):
        return None
    # Thousands of objects take longer than the event loop should wait.
    return await hass.async_add_executor_job(
        _object_list, answer, lambda: association.tolerated(Leniency.ODD_OBJECT_LIST_ENTRY)
    )


def _object_list(answer: Data, on_odd: Callable[[], None]) -> tuple[ObjectListElement, ...] | None:
    objects = decode_or_none(decode_object_list, answer, on_odd=on_odd)
    return None if objects is None else distinct_objects(objects)


def distinct_objects(objects: Iterable[ObjectListElement]) -> tuple[ObjectListElement, ...]:
    """Return each object once, as it is listed first."""
    found: dict[tuple[int, LogicalName], ObjectListElement] = {}
    for element in objects:
        found.setdefault((element.class_id, element.logical_name), element)
    return tuple(found.values())


def object_key(class_id: int, logical_name: LogicalName) -> str:
    """Return an object's key in ``CONF_OBJECTS``: ``3:1.0.1.8.0.255``."""
    return f"{class_id}:{logical_name}"


def complete_objects(objects: Sequence[ObjectListElement], keys: Iterable[str]) -> tuple[ObjectListElement, ...]:
    """Return the list and, behind it, ticked objects that it lacks."""
    known = {object_key(element.class_id, element.logical_name) for element in objects}
    pairs = (key.split(":") for key in keys if key not in known)
    # Typed by hand, or the list is not readable.
    typed = (ObjectListElement(int(class_id), 0, LogicalName.parse(name)) for class_id, name in pairs)
    return distinct_objects((*objects, *typed))


def decoded_scaler_unit(answer: AttributeResult) -> ScalerUnit | None:
    """Return a scaler_unit, or None if refused or senseless."""
    return decode_or_none(decode_scaler_unit, answer) if isinstance(answer, Data) else None
