"""What may lock people out of a meter, or switch off what it measures (IEC 62056-6-1, IEC 62056-6-2)."""

from typing import Final

from ..apdu.common import AttributeDescriptor, MethodDescriptor
from ..encoding.logical_name import LogicalName, Medium
from ..interface_classes.interface_class import InterfaceClass
from .secret_targets import is_association, is_secret_or_proof

_OF_SECURITY: Final[frozenset[int]] = frozenset(
    {
        InterfaceClass.ASSOCIATION_SN,
        InterfaceClass.ASSOCIATION_LN,
        InterfaceClass.DATA_PROTECTION,
        InterfaceClass.SECURITY_SETUP,
        InterfaceClass.ARRAY_MANAGER,
        InterfaceClass.COMMUNICATION_PORT_PROTECTION,
    }
)
"""Whole classes: who may associate, how, with which keys, and what they may do; or what changes lists of any object."""

_SECURITY_GROUP: Final = 43
"""Value group C of security setups, invocation counters and data protection, on any channel."""

_OF_SUPPLY: Final[frozenset[int]] = frozenset(
    {
        InterfaceClass.DISCONNECT_CONTROL,
        InterfaceClass.LIMITER,
        InterfaceClass.ARBITRATOR,
        InterfaceClass.DATA_PROTECTION,
        InterfaceClass.ARRAY_MANAGER,
    }
)
"""Whole classes: what switches, and what has it switched: a limiter by itself, an arbitrator when it is asked; and what
changes any object, or lists of any, in place of whoever asks: also what switches, and scripts."""

_DISCONNECT_SCRIPTS: Final = (10, 0, 106)
"""Value groups C, D and E of the script table that switches, on any channel."""
_DISCONNECT_SCHEDULE: Final = (15, 0, 1)
"""The same of the schedule of it."""

_WHAT_IS_DONE: Final = frozenset(
    {
        (InterfaceClass.SCRIPT_TABLE, 2),
        (InterfaceClass.SCHEDULE, 2),
        (InterfaceClass.ACTIVITY_CALENDAR, 5),
        (InterfaceClass.ACTIVITY_CALENDAR, 9),
        (InterfaceClass.REGISTER_MONITOR, 4),
        (InterfaceClass.SINGLE_ACTION_SCHEDULE, 2),
        (InterfaceClass.SENSOR_MANAGER, 12),
        (InterfaceClass.SENSOR_MANAGER, 15),
    }
)
"""Attributes that say which scripts are executed, or what a script does: any of them may come to switch."""
_INSERT: Final = (InterfaceClass.SCHEDULE, 2)
"""The method that does the same."""


def is_of_security(target: AttributeDescriptor | MethodDescriptor) -> bool:
    """True if changing it may lock people out, or let others in."""
    if target.class_id in _OF_SECURITY or is_secret_or_proof(target):
        return True
    name = target.logical_name
    return is_association(name) or (name.a == Medium.ABSTRACT and name.c == _SECURITY_GROUP)


def is_of_supply(target: AttributeDescriptor | MethodDescriptor) -> bool:
    """True if changing it may switch the supply off or on, now or later."""
    if isinstance(target, AttributeDescriptor):
        says_what = (target.class_id, target.attribute_index) in _WHAT_IS_DONE
    else:
        says_what = (target.class_id, target.method_index) == _INSERT
    return says_what or target.class_id in _OF_SUPPLY or _has_it_switched(target.class_id, target.logical_name)


def _has_it_switched(class_id: int, name: LogicalName) -> bool:
    if name.a != Medium.ABSTRACT:
        return False
    groups = (name.c, name.d, name.e)
    is_script = class_id == InterfaceClass.SCRIPT_TABLE and groups == _DISCONNECT_SCRIPTS
    return is_script or (class_id == InterfaceClass.SINGLE_ACTION_SCHEDULE and groups == _DISCONNECT_SCHEDULE)
