"""Association SN (class 12, versions 0 to 4, IEC 62056-6-2): the object list of short names."""

from collections.abc import Callable
from enum import IntEnum
from typing import Final

from ..encoding.data import Data, DataType
from ..encoding.logical_name import LogicalName
from ..errors import DecodeError, LimitExceeded
from ..limits import DEFAULT_LIMITS, Limits
from .interface_class import AttributeIndex
from .register import integer_of
from .short_names import ShortNameObject

_FIELDS: Final = 4
_SHORT_NAMES: Final = 0x1_0000


class AssociationSnAttribute(AttributeIndex):
    """3 and 4 from version 2 on, 5 and 6 from version 3 on."""

    OBJECT_LIST = 2
    ACCESS_RIGHTS_LIST = 3
    SECURITY_SETUP_REFERENCE = 4
    USER_LIST = 5
    CURRENT_USER = 6


class AssociationSnMethod(IntEnum):
    """Those for users from version 3 on."""

    READ_BY_LOGICAL_NAME = 3
    CHANGE_SECRET = 5
    CHANGE_HLS_SECRET = 6
    REPLY_TO_HLS_AUTHENTICATION = 8
    ADD_USER = 9
    REMOVE_USER = 10


def decode_short_name_list(
    data: Data, limits: Limits = DEFAULT_LIMITS, *, on_odd: Callable[[], None] = lambda: None
) -> tuple[ShortNameObject, ...]:
    """Decode attribute 2. DecodeError if nothing in it makes sense; LimitExceeded for more than ``limits.objects``.

    An entry that makes no sense is left out; ``on_odd`` is called for each.
    """
    elements = data.value
    if data.type is not DataType.ARRAY or not isinstance(elements, tuple):
        raise DecodeError("object_list is no array")
    if len(elements) > limits.objects:
        raise LimitExceeded("objects in the object list", limits.objects)
    listed = [short_name_object(element) for element in elements if isinstance(element, Data)]
    known = tuple(item for item in listed if item is not None)
    if listed and not known:
        raise DecodeError("no entry of object_list has base_name, class_id, version and logical name")
    for _ in range(len(listed) - len(known)):
        on_odd()
    return known


def short_name_object(element: Data) -> ShortNameObject | None:
    """Return an entry of attribute 2; None for anything else."""
    fields = element.value
    if element.type is not DataType.STRUCTURE or not isinstance(fields, tuple) or len(fields) != _FIELDS:
        return None
    *numbers, last = (field for field in fields if isinstance(field, Data))
    base_name, class_id, version = map(integer_of, numbers)
    name = last.value
    if base_name is None or class_id is None or version is None or not isinstance(name, bytes) or len(name) != 6:
        return None
    if not (-_SHORT_NAMES // 2 <= base_name < _SHORT_NAMES and 0 <= class_id < _SHORT_NAMES and 0 <= version <= 0xFF):
        return None
    # It is a signed number in the standard, and an unsigned one in some meters.
    return ShortNameObject(base_name % _SHORT_NAMES, class_id, version, LogicalName(name))
