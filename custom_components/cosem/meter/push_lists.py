"""What a meter's push setups say that it sends: without it, values that come without names are only numbers."""

from collections.abc import Iterable
from types import MappingProxyType
from typing import Any, Final

from ..dlms import (
    Association,
    AttributeDescriptor,
    Data,
    InterfaceClass,
    LocalProtocolError,
    LogicalName,
    ObjectListElement,
    PushLists,
    PushObject,
    PushSetupAttribute,
    decode_push_object_list,
)
from .error_mapping import decode_or_none
from .objects import async_ask

MOST_SETUPS: Final = 16

NO_LISTS: Final[PushLists] = MappingProxyType({})


def push_list_attributes(objects: Iterable[ObjectListElement]) -> list[AttributeDescriptor]:
    """Return which lists may be read."""
    index = PushSetupAttribute.PUSH_OBJECT_LIST
    setups = (each for each in objects if each.class_id == InterfaceClass.PUSH_SETUP and each.can_read(index))
    found = (AttributeDescriptor(each.class_id, each.logical_name, index) for each in setups)
    return sorted(found)[:MOST_SETUPS]


async def async_read_push_lists(association: Association, objects: Iterable[ObjectListElement]) -> PushLists:
    """Return the lists that can be read, and make sense. Raises DlmsError."""
    answers = await async_ask(association, push_list_attributes(objects))
    decoded = (
        (attribute.logical_name, decode_or_none(decode_push_object_list, answer))
        for attribute, answer in answers.items()
        if isinstance(answer, Data)
    )
    return {name: listed for name, listed in decoded if listed is not None}


def push_lists_record(lists: PushLists) -> dict[str, list[list[Any]]]:
    """Return it for a file: what tells whose a value is, without which rows of a profile are sent."""
    return {
        str(name): [[each.class_id, str(each.logical_name), each.attribute_index, each.data_index] for each in listed]
        for name, listed in lists.items()
    }


def push_lists_of(record: Any) -> PushLists:
    """Return the lists of a file; none of what ``push_lists_record`` does not write. Never raises."""
    try:
        return {
            LogicalName.parse(name): tuple(
                PushObject(int(kind), LogicalName.parse(text), int(index), int(part))
                for kind, text, index, part in rows
            )
            for name, rows in record.items()
        }
    except AttributeError, LocalProtocolError, TypeError, ValueError:
        return NO_LISTS  # read again with the next poll
