"""Which objects of a meter keep what happened: event logs and alarm registers (IEC 62056-6-1, abstract objects)."""

from collections.abc import Iterable
from typing import Final

from ..dlms import InterfaceClass, LogicalName, Medium, ObjectListElement

MOST: Final = 32
"""Of each kind; a meter has up to ten of them."""

_MEDIA: Final = frozenset({Medium.ABSTRACT, Medium.ELECTRICITY})
_LOGS: Final = (99, 98)  # value groups C and D
_ALARMS: Final = (97, 98)
_REGISTERS: Final = range(10)  # value group E; from 10 on filters, from 20 on descriptors
_CURRENT: Final = 255  # value group F
_READ: Final = 2  # buffer or value


def event_logs(objects: Iterable[ObjectListElement]) -> list[LogicalName]:
    """Return the readable event logs: 0-b:99.98.e, some meters have them as 1-b."""
    return _chosen(objects, InterfaceClass.PROFILE_GENERIC, _LOGS, range(256))


def alarm_registers(objects: Iterable[ObjectListElement]) -> list[LogicalName]:
    """Return the readable alarm registers: 0-b:97.98.0 to 9."""
    return _chosen(objects, InterfaceClass.DATA, _ALARMS, _REGISTERS)


def keeps_what_happened(objects: Iterable[ObjectListElement]) -> bool:
    """Whether there is any of them."""
    known = tuple(objects)
    return bool(event_logs(known) or alarm_registers(known))


def _chosen(
    objects: Iterable[ObjectListElement], class_id: int, group: tuple[int, int], within: range
) -> list[LogicalName]:
    found = (
        element.logical_name
        for element in objects
        if element.class_id == class_id and _is_of(element.logical_name, group, within) and element.can_read(_READ)
    )
    return sorted(found)[:MOST]


def _is_of(name: LogicalName, group: tuple[int, int], within: range) -> bool:
    return name.a in _MEDIA and (name.c, name.d) == group and name.e in within and name.octets[5] == _CURRENT
