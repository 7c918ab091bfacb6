"""Whose values are that have no names: each push setup has a list of its own."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ..apdu.common import AttributeDescriptor
from ..apdu.notification import DataNotification
from ..encoding.data import DataType, structure
from ..encoding.logical_name import LogicalName
from .push_setup import PushObject, elements_of, logical_name_of
from .push_templates import PUSH_TEMPLATES, PushTemplate
from .pushed_values import Notification, PushedValues, PushForm, read_pushed_values

type PushLists = Mapping[LogicalName, Sequence[PushObject]]
"""The push_object_list of each push setup that was read."""


def read_listed_values(
    apdu: Notification,
    lists: PushLists,
    *,
    templates: Iterable[PushTemplate] = PUSH_TEMPLATES,
    short_names: Mapping[int, AttributeDescriptor] | None = None,
) -> PushedValues:
    """What a notification says: as read_pushed_values, with the list of the push setup that it comes from.

    It names its setup, or only one list fits: what two lists would read otherwise is not understood.
    """
    known = tuple(templates)
    said = read_pushed_values(apdu, templates=(), short_names=short_names)
    if not isinstance(apdu, DataNotification):
        return said
    if said.form is not PushForm.UNKNOWN:
        return read_pushed_values(apdu, templates=known)
    name = said.push_setup
    objects = lists.values() if name is None else [lists[name]] if name in lists else []
    found = [each for each in (_by_list(apdu, one) for one in objects) if each is not None]
    if found and all(each == found[0] for each in found):
        return found[0]
    return read_pushed_values(apdu, templates=known)


def _by_list(apdu: DataNotification, objects: Sequence[PushObject]) -> PushedValues | None:
    """Values by a list; None if they cannot be those. A text in front of the setup's own name may be unlisted."""
    found = read_pushed_values(apdu, push_object_list=objects, templates=())
    if found.form is PushForm.PUSH_SETUP:
        return found
    elements = elements_of(apdu.body) if apdu.body.type is DataType.STRUCTURE else None
    if not elements or not objects or not objects[0].is_own_name or len(elements) != len(objects) + 1:
        return None
    if logical_name_of(elements[1]) != objects[0].logical_name:
        return None
    rest = replace(apdu, body=structure(*elements[1:]))
    found = read_pushed_values(rest, push_object_list=objects, templates=())
    return replace(found, left=elements[:1]) if found.form is PushForm.PUSH_SETUP else None
