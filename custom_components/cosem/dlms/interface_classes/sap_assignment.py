"""SAP assignment (class 17, IEC 62056-6-2): logical devices of a physical device.

Over TCP and UDP a server SAP is a wPort (IEC 62056-9-7:2013, 6).
"""

from enum import IntEnum
from typing import Final, NamedTuple

from ..addresses import MAX_WPORT
from ..apdu.common import AttributeDescriptor
from ..encoding.data import Data, DataType
from ..encoding.logical_name import LogicalName
from ..errors import DecodeError, LimitExceeded
from ..limits import DEFAULT_LIMITS, Limits
from .interface_class import AttributeIndex, InterfaceClass
from .logical_device_name import string_octets
from .register import integer_of

SAP_ASSIGNMENT: Final = LogicalName.parse("0.0.41.0.0.255")


class SapAssignmentAttribute(AttributeIndex):
    """Attribute indices."""

    SAP_ASSIGNMENT_LIST = 2


class SapAssignmentMethod(IntEnum):
    """Method indices."""

    CONNECT_LOGICAL_DEVICE = 1


SAP_ASSIGNMENT_LIST: Final = AttributeDescriptor(
    InterfaceClass.SAP_ASSIGNMENT, SAP_ASSIGNMENT, SapAssignmentAttribute.SAP_ASSIGNMENT_LIST
)


class SapAssignment(NamedTuple):
    """A logical device: SAP, and name as sent."""

    sap: int
    logical_device_name: bytes


def decode_sap_assignment_list(data: Data, limits: Limits = DEFAULT_LIMITS) -> tuple[SapAssignment, ...]:
    """Decode attribute 2. Raises DecodeError; LimitExceeded for more than ``limits.objects``."""
    elements = data.value
    if data.type is not DataType.ARRAY or not isinstance(elements, tuple):
        raise DecodeError("SAP_assignment_list is no array")
    if len(elements) > limits.objects:
        raise LimitExceeded("logical devices", limits.objects)
    return tuple(_assignment(element) for element in elements)


def _assignment(element: object) -> SapAssignment:
    fields = element.value if isinstance(element, Data) and element.type is DataType.STRUCTURE else None
    if not isinstance(fields, tuple) or len(fields) != 2:
        raise DecodeError("an entry of SAP_assignment_list is no structure of 2 elements")
    first, second = fields
    sap = integer_of(first) if isinstance(first, Data) else None
    name = string_octets(second) if isinstance(second, Data) else None  # or a visible-string
    if sap is None or not 0 <= sap <= MAX_WPORT or name is None:
        raise DecodeError("an entry of SAP_assignment_list is no pair of SAP and name")
    return SapAssignment(sap, name)
