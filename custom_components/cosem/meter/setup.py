"""What is read from a meter once, before the first poll: its object list, its identity, its units.

Each function takes an open association and lets the stack's errors through; refusals of single attributes are part of the
result. Knows nothing of entities, entries or the Store.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import batched
from typing import Final

from homeassistant.core import HomeAssistant

from ..dlms import (
    CURRENT_ASSOCIATION,
    SAP_ASSIGNMENT,
    SCALER_UNIT_ATTRIBUTE,
    VALUE_ATTRIBUTES,
    Association,
    AttributeDescriptor,
    Data,
    DataAccessError,
    ObjectListElement,
    SapAssignment,
    ScalerUnit,
    decode_object_list,
    decode_sap_assignment_list,
    decode_scaler_unit,
    number_of,
)
from .error_mapping import understood, unless_refused
from .identity import MeterIdentity, identify, identity_attributes

_OBJECT_LIST: Final = AttributeDescriptor(15, CURRENT_ASSOCIATION, 2)
_SAP_LIST: Final = AttributeDescriptor(17, SAP_ASSIGNMENT, 2)
_MBUS_CLIENT: Final = 72
_MBUS_DEVICE_TYPE: Final = 9
_PIECE: Final = 64  # attributes asked for at a time, so that a time budget can end the reading in between

type Answer = Data | DataAccessError


@dataclass(frozen=True, slots=True, kw_only=True)
class WhoAnswers:
    """What a meter says about itself."""

    identity: MeterIdentity | None
    logical_devices: tuple[SapAssignment, ...]
    """All logical devices of the physical device, as far as this one tells."""
    mbus_device_types: Mapping[int, int]
    """What the M-Bus devices measure that hang on this meter, by channel (value group B)."""


async def async_ask(
    association: Association, attributes: Iterable[AttributeDescriptor]
) -> dict[AttributeDescriptor, Answer]:
    """Return the answers by attribute; each attribute is asked once."""
    asked = list(dict.fromkeys(attributes))
    return dict(zip(asked, await association.get_many(asked), strict=True)) if asked else {}


async def async_read_objects(hass: HomeAssistant, association: Association) -> tuple[ObjectListElement, ...] | None:
    """Return the object list of this association, None when the meter keeps it to itself or it makes no sense."""
    answers = await unless_refused(async_ask(association, [_OBJECT_LIST]))
    answer = answers[_OBJECT_LIST] if answers else None
    if not isinstance(answer, Data):
        return None
    # Thousands of objects take longer than the event loop should wait.
    return await hass.async_add_executor_job(understood, decode_object_list, answer)


async def async_read_identity(
    association: Association, objects: Sequence[ObjectListElement], *, expected: str | None
) -> WhoAnswers:
    """Ask a meter who it is, and which logical devices there are besides."""
    attributes = list(identity_attributes(objects))
    if any((element.class_id, element.logical_name) == _SAP_LIST[:2] for element in objects):
        attributes.append(_SAP_LIST)
    mbus_devices = [
        AttributeDescriptor(_MBUS_CLIENT, element.logical_name, _MBUS_DEVICE_TYPE)
        for element in objects
        if element.class_id == _MBUS_CLIENT and element.can_read(_MBUS_DEVICE_TYPE)
    ]
    answers = await async_ask(association, [*attributes, *mbus_devices])
    sap_list = answers.pop(_SAP_LIST, None)
    device_types = {
        attribute.logical_name.b: int(number)
        for attribute in mbus_devices
        if isinstance(answer := answers.pop(attribute), Data) and (number := number_of(answer)) is not None
    }
    return WhoAnswers(
        identity=identify(answers, association.parameters.server_wport, objects, expected=expected),
        logical_devices=understood(decode_sap_assignment_list, sap_list) or () if isinstance(sap_list, Data) else (),
        mbus_device_types=device_types,
    )


async def async_read_pieces(
    association: Association, attributes: Iterable[AttributeDescriptor], *, until: float
) -> AsyncIterator[tuple[AttributeDescriptor, Answer]]:
    """Ask for many attributes piece by piece; begin no piece after the loop time `until`."""
    loop = asyncio.get_running_loop()
    for piece in batched(attributes, _PIECE, strict=False):
        if loop.time() >= until:
            return
        for answered in (await async_ask(association, piece)).items():
            yield answered


def scaler_unit_attribute(attribute: AttributeDescriptor) -> AttributeDescriptor | None:
    """Return the attribute that says how to scale this one, None when it is not to be scaled."""
    class_id, logical_name, attribute_index = attribute
    scaler_unit = SCALER_UNIT_ATTRIBUTE.get(class_id)
    if scaler_unit is None or attribute_index not in VALUE_ATTRIBUTES.get(class_id, ()):
        return None
    return AttributeDescriptor(class_id, logical_name, scaler_unit)


def decoded_scaler_unit(answer: Answer) -> ScalerUnit | None:
    """Return a scaler_unit, None for a refusal and for one that makes no sense."""
    return understood(decode_scaler_unit, answer) if isinstance(answer, Data) else None
