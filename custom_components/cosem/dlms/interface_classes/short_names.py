"""Short names: where attributes and methods are, from an object's base name on (IEC 62056-6-2, short name rules)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from ..encoding.logical_name import LogicalName
from ..errors import LocalProtocolError
from .association_ln import CURRENT_ASSOCIATION
from .interface_class import InterfaceClass
from .logical_device_name import LOGICAL_DEVICE_NAME
from .sap_assignment import SAP_ASSIGNMENT

ASSOCIATION_SN_BASE_NAME: Final = 0xFA00
BROADCAST_SCRIPT_TABLE_BASE_NAME: Final = 0xFB00
SAP_ASSIGNMENT_BASE_NAME: Final = 0xFC00
LOGICAL_DEVICE_NAME_BASE_NAME: Final = 0xFD00

BROADCAST_SCRIPT_TABLE: Final = LogicalName.parse("0.0.10.0.125.255")

_STEP: Final = 8
_LARGEST: Final = 0xFFFF
_LONGEST: Final = 32 * _STEP
"""No class has more attributes."""

SPECIAL_OBJECTS: Final[Mapping[tuple[int, LogicalName], int]] = MappingProxyType(
    {
        (InterfaceClass.ASSOCIATION_SN, CURRENT_ASSOCIATION): ASSOCIATION_SN_BASE_NAME,
        (InterfaceClass.SCRIPT_TABLE, BROADCAST_SCRIPT_TABLE): BROADCAST_SCRIPT_TABLE_BASE_NAME,
        (InterfaceClass.SAP_ASSIGNMENT, SAP_ASSIGNMENT): SAP_ASSIGNMENT_BASE_NAME,
        (InterfaceClass.DATA, LOGICAL_DEVICE_NAME): LOGICAL_DEVICE_NAME_BASE_NAME,
    }
)
"""Base names of objects that are known without any list, by class and logical name."""

_FIRST_METHOD: Final[Mapping[tuple[int, int | None], int]] = {
    (InterfaceClass.REGISTER, None): 0x28,
    (InterfaceClass.EXTENDED_REGISTER, None): 0x38,
    (InterfaceClass.DEMAND_REGISTER, None): 0x48,
    (InterfaceClass.REGISTER_ACTIVATION, None): 0x30,
    (InterfaceClass.PROFILE_GENERIC, None): 0x58,
    (InterfaceClass.CLOCK, None): 0x60,
    (InterfaceClass.SCRIPT_TABLE, None): 0x20,
    (InterfaceClass.SCHEDULE, None): 0x20,
    (InterfaceClass.SPECIAL_DAYS_TABLE, None): 0x10,
    (InterfaceClass.ASSOCIATION_SN, None): 0x20,
    (InterfaceClass.ASSOCIATION_LN, None): 0x60,
    (InterfaceClass.SAP_ASSIGNMENT, None): 0x20,
    (InterfaceClass.IMAGE_TRANSFER, None): 0x40,
    (InterfaceClass.ACTIVITY_CALENDAR, None): 0x50,
    (InterfaceClass.PUSH_SETUP, 0): 0x38,
    (InterfaceClass.IPV4_SETUP, None): 0x60,
    (InterfaceClass.REGISTER_TABLE, None): 0x28,
    (InterfaceClass.SECURITY_SETUP, 0): 0x28,
    (InterfaceClass.SECURITY_SETUP, 1): 0x30,
    (InterfaceClass.PARAMETER_MONITOR, None): 0x20,
    (InterfaceClass.SENSOR_MANAGER, None): 0x80,
    (InterfaceClass.DISCONNECT_CONTROL, None): 0x20,
    (InterfaceClass.MBUS_CLIENT, 0): 0x60,
}
"""Offset of method 1, by class and version (None: any). What is not here is not certain: it is refused."""


class ShortNameObject(NamedTuple):
    """An object and where it begins. ``base_name``: 0 to FFFF, a multiple of 8."""

    base_name: int
    class_id: int
    version: int
    logical_name: LogicalName


def attribute_short_name(base_name: int, attribute_index: int) -> int:
    """Return an attribute's short name. LocalProtocolError for 0, negative ones, and beyond FFFF."""
    if attribute_index < 1:
        raise LocalProtocolError(f"attribute {attribute_index} has no short name")
    return _within(base_name + _STEP * (attribute_index - 1))


def attribute_index_at(item: ShortNameObject, short_name: int) -> int | None:
    """Return which attribute of an object has a short name; None: it is none of this object's."""
    steps, rest = divmod(short_name - item.base_name, _STEP)
    end = _FIRST_METHOD.get((item.class_id, None), _FIRST_METHOD.get((item.class_id, item.version), _LONGEST))
    return steps + 1 if not rest and 0 <= steps < end // _STEP else None


def method_short_name(item: ShortNameObject, method_index: int) -> int:
    """Return a method's short name. LocalProtocolError where the standard's offset is not certain."""
    offset = _FIRST_METHOD.get((item.class_id, None), _FIRST_METHOD.get((item.class_id, item.version)))
    if offset is None or method_index < 1:
        raise LocalProtocolError(
            f"the short name of method {method_index} of class {item.class_id}, version {item.version}, is not certain"
        )
    return _within(item.base_name + offset + _STEP * (method_index - 1))


def _within(short_name: int) -> int:
    if short_name > _LARGEST:
        raise LocalProtocolError(f"the short name {short_name:X} is beyond FFFF")
    return short_name
