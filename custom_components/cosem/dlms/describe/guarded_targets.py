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
        InterfaceClass.COMMUNICATION_PORT_PROTECTION,
    }
)
"""Whole classes: who may associate, how, with which keys, and what they may do."""

_SECURITY_GROUP: Final = 43
"""Value group C of security setups, invocation counters and data protection, on any channel."""

_OF_SUPPLY: Final[frozenset[int]] = frozenset(
    {InterfaceClass.DISCONNECT_CONTROL, InterfaceClass.LIMITER, InterfaceClass.ARBITRATOR}
)
"""Whole classes: what switches, and what has it switched: a limiter by itself, an arbitrator when it is asked."""

_DISCONNECT_SCRIPTS: Final = (10, 0, 106)
"""Value groups C, D and E of the script table that switches, on any channel."""
_DISCONNECT_SCHEDULE: Final = (15, 0, 1)
"""The same of the schedule of it."""


def is_of_security(target: AttributeDescriptor | MethodDescriptor) -> bool:
    """True if changing it may lock people out, or let others in."""
    if target.class_id in _OF_SECURITY or is_secret_or_proof(target):
        return True
    name = target.logical_name
    return is_association(name) or (name.a == Medium.ABSTRACT and name.c == _SECURITY_GROUP)


def is_of_supply(target: AttributeDescriptor | MethodDescriptor) -> bool:
    """True if changing it may switch the supply off or on, now or later."""
    return target.class_id in _OF_SUPPLY or _has_it_switched(target.class_id, target.logical_name)


def _has_it_switched(class_id: int, name: LogicalName) -> bool:
    if name.a != Medium.ABSTRACT:
        return False
    groups = (name.c, name.d, name.e)
    is_script = class_id == InterfaceClass.SCRIPT_TABLE and groups == _DISCONNECT_SCRIPTS
    return is_script or (class_id == InterfaceClass.SINGLE_ACTION_SCHEDULE and groups == _DISCONNECT_SCHEDULE)
