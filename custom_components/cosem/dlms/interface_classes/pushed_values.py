"""What a notification means: which attributes of the meter have which values.

A notification says it itself, by a list of push objects or a name at each value; else the list of its push setup does,
or a template of its maker. Whatever the body is, nothing is raised and nothing is dropped: what is not understood is
kept as it came. Values are read, not believed: who sent them is the listener's matter.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from ..apdu.common import AttributeDescriptor
from ..apdu.notification import DataNotification, EventNotificationRequest
from ..apdu.short_name import InformationReportRequest, ParameterizedAccess, VariableName
from ..encoding.data import Data, DataType
from ..encoding.logical_name import LogicalName, Medium
from .clock import ClockAttribute
from .interface_class import LOGICAL_NAME_ATTRIBUTE, InterfaceClass
from .logical_device_name import LOGICAL_DEVICE_NAME, LogicalDeviceName, display_text, logical_device_name_of
from .push_setup import PushObject, elements_of, logical_name_of
from .push_templates import PUSH_TEMPLATES, PositionalTemplate, PushTemplate, SequenceTemplate
from .pushed_rows import (
    MAX_PUSHED_VALUES,
    ListedObjects,
    NamedSequence,
    PushedValue,
    is_date_time,
    is_push_setup_name,
    listed_objects,
    read_row,
    read_sequence,
    scaler_unit_of,
)
from .register import ScalerUnit
from .value_attributes import SCALER_UNIT_ATTRIBUTE, scaler_unit_attribute

__all__ = ["MAX_PUSHED_VALUES", "Notification", "PushForm", "PushedValue", "PushedValues", "read_pushed_values"]

type Notification = EventNotificationRequest | DataNotification | InformationReportRequest


class PushForm(StrEnum):
    """How it was found out whose the values are."""

    ATTRIBUTE = "attribute"
    """EventNotification names one."""
    SHORT_NAMES = "short_names"
    """InformationReport names variables."""
    PUSH_OBJECT_LIST = "push_object_list"
    """The list is inside."""
    ROWS = "rows"
    """Each value stands with its name in a row."""
    SEQUENCE = "sequence"
    """Names and values in turn."""
    PUSH_SETUP = "push_setup"
    """By the list that was read from the push setup before."""
    TEMPLATE = "template"
    """By the order that the maker has published."""
    UNKNOWN = "unknown"
    """Not at all: everything is left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PushedValues:
    """The values of one notification, in its order. left: what is not understood, as it came.

    template: the name of the one that was used.
    """

    form: PushForm
    values: tuple[PushedValue, ...] = ()
    left: tuple[Data, ...] = ()
    template: str | None = None

    @property
    def is_complete(self) -> bool:
        """False if something is left, or if it was not found out whose the values are."""
        return self.form is not PushForm.UNKNOWN and not self.left

    @property
    def logical_device_name(self) -> LogicalDeviceName | None:
        """Who the meter says it is."""
        names = (logical_device_name_of(value.value) for value in self.values if _is(value, LOGICAL_DEVICE_NAME))
        return next((name for name in names if name is not None), None)

    @property
    def serial_numbers(self) -> tuple[str, ...]:
        """Its numbers: device IDs (0.0.96.1.e), and those of its medium (1.b.0.0.e, 7.b.0.0.e ...)."""
        found = (value.value for value in self.values if _is_serial_number(value))
        return tuple(text for data in found if (text := display_text(data)))

    @property
    def push_setup(self) -> LogicalName | None:
        """The push setup that it comes from, also where the values have no names."""
        found = [value.logical_name for value in self.values]
        found += [logical_name_of(data) for data in self._unnamed[:_FIRST_FEW]]
        return next((name for name in found if name is not None and is_push_setup_name(name)), None)

    @property
    def identifiers(self) -> tuple[str, ...]:
        """Texts by which a meter may be known, the best first: to be compared with those of known meters only.

        In front of the name of a push setup there is often a number of the device without any name.
        """
        name = self.logical_device_name
        found = [*([name.text] if name else []), *self.serial_numbers]
        if not found and self.push_setup is not None:
            first = next(iter(self._unnamed), None)
            text = display_text(first) if first is not None and logical_name_of(first) is None else None
            found += [text] if text else []
        return tuple(found)

    @property
    def _unnamed(self) -> tuple[Data, ...]:
        """Elements of a body that is left."""
        return (elements_of(self.left[0]) or ()) if self.form is PushForm.UNKNOWN and self.left else ()


_MOST_ELEMENTS: Final = 3 * MAX_PUSHED_VALUES  # name, value, scaler_unit
_FIRST_FEW: Final = 4
_BUFFER: Final = 2  # of a profile
_LAST_DEVICE_ID: Final = 9  # value group E
_METER_TYPE: Final = 7  # some makers write their type there: other meters have the same


def _is(value: PushedValue, name: LogicalName) -> bool:
    return value.logical_name == name and value.attribute_index in {None, 2}


def _is_serial_number(value: PushedValue) -> bool:
    name = value.logical_name
    if name is None or value.attribute_index not in {None, 2} or name.e > _LAST_DEVICE_ID:
        return False
    if name.a == Medium.ABSTRACT:  # another channel is a meter behind this one
        return (name.b, name.c, name.d) == (0, 96, 1) and name.e != _METER_TYPE
    return (name.c, name.d) == (0, 0)


def read_pushed_values(
    apdu: Notification,
    *,
    push_object_list: Sequence[PushObject] | None = None,
    short_names: Mapping[int, AttributeDescriptor] | None = None,
    templates: Iterable[PushTemplate] = PUSH_TEMPLATES,
) -> PushedValues:
    """What a notification says.

    push_object_list: that of the meter's push setup, if it was read. short_names: attributes by their short names.
    """
    if isinstance(apdu, InformationReportRequest):
        return _of_variables(apdu, short_names or {})
    if isinstance(apdu, EventNotificationRequest):
        values = _unfolded(PushObject(*apdu.attribute), apdu.value)
        return PushedValues(form=PushForm.ATTRIBUTE, values=_with_units(values))
    return _of_body(apdu.body, push_object_list, tuple(templates))


def _of_variables(apdu: InformationReportRequest, short_names: Mapping[int, AttributeDescriptor]) -> PushedValues:
    """Values by short names; a name that is not known is kept."""
    if len(apdu.variables) != len(apdu.data) or len(apdu.data) > MAX_PUSHED_VALUES:
        return PushedValues(form=PushForm.UNKNOWN, left=apdu.data)
    values: list[PushedValue] = []
    left: list[Data] = []
    for variable, data in zip(apdu.variables, apdu.data, strict=True):
        if not isinstance(variable, VariableName | ParameterizedAccess):
            left.append(data)
            continue
        short_name = variable.short_name
        attribute = short_names.get(short_name) if isinstance(variable, VariableName) else None
        name, class_id, index = (None, None, None) if attribute is None else _parts(attribute)
        values.append(PushedValue(name, class_id, index, data, short_name=short_name))
    return PushedValues(form=PushForm.SHORT_NAMES, values=_with_units(values), left=tuple(left))


def _parts(attribute: AttributeDescriptor) -> tuple[LogicalName, int, int]:
    return attribute.logical_name, attribute.class_id, attribute.attribute_index


def _of_body(
    body: Data, push_object_list: Sequence[PushObject] | None, templates: tuple[PushTemplate, ...]
) -> PushedValues:
    """The forms in their order: what the body says itself comes first."""
    elements = elements_of(body) or ()
    objects = listed_objects(body)
    if len(elements) > _MOST_ELEMENTS or (objects is not None and objects.is_certain):
        return _unknown(body)  # also a list of attributes without their values
    place, inside = _list_inside(elements)
    if inside is not None and (pairs := _explained(elements, place, inside.objects)) is not None:
        found = [value for item, data in pairs for value in _unfolded(item, data)]
        return PushedValues(form=PushForm.PUSH_OBJECT_LIST, values=_with_units(found))
    if inside is not None and inside.is_certain:
        return _unknown(body)
    if (sequence := read_sequence(elements)) is not None:
        return _of_sequence(sequence, len(elements), templates)
    if (row := read_row(body)) is not None:
        return PushedValues(form=PushForm.ROWS, values=(row,))
    if push_object_list and (known := _by_list(body, push_object_list)) is not None:
        return PushedValues(form=PushForm.PUSH_SETUP, values=_with_units(known))
    return _by_template(body, templates) or _unknown(body)


def _unknown(body: Data) -> PushedValues:
    return PushedValues(form=PushForm.UNKNOWN, left=(body,))


def _list_inside(elements: tuple[Data, ...]) -> tuple[int, ListedObjects | None]:
    """The first push_object_list among the elements, and its place."""
    found = ((place, listed_objects(element)) for place, element in enumerate(elements))
    return next((entry for entry in found if entry[1] is not None), (0, None))


type _Pairs = Iterable[tuple[PushObject, Data]]


def _explained(elements: tuple[Data, ...], place: int, objects: tuple[PushObject, ...]) -> _Pairs | None:
    """Objects with their values; None if their numbers do not agree.

    The list is one of the pushed attributes, or stands beside the values, or beside a structure of them.
    """
    if len(elements) == len(objects) and objects[place].is_own_list:
        return zip(objects, elements, strict=True)
    rest = elements[:place] + elements[place + 1 :]
    if len(rest) == 1 and len(objects) > 1 and rest[0].type is DataType.STRUCTURE:
        rest = elements_of(rest[0]) or ()
    return zip(objects, rest, strict=True) if len(rest) == len(objects) else None


def _unfolded(item: PushObject, data: Data) -> tuple[PushedValue, ...]:
    """One value; of attribute 0 the values of all attributes, beginning with the logical name."""
    name, class_id = item.logical_name, item.class_id
    elements = elements_of(data) if data.type is DataType.STRUCTURE else None
    if item.attribute_index == 0 and elements and logical_name_of(elements[0]) == name:
        return tuple(PushedValue(name, class_id, index, element) for index, element in enumerate(elements, 1))
    return (PushedValue(name, class_id, item.attribute_index, data, None, item.data_index),)


def _by_list(body: Data, objects: Sequence[PushObject]) -> list[PushedValue] | None:
    """Values in the order of a list that was read before; None if they cannot be those."""
    elements = elements_of(body) if body.type is DataType.STRUCTURE else None
    if elements is None:
        elements = (body,)  # a single value may come without the structure around it
    if len(elements) != len(objects) or not all(map(_fits, objects, elements, strict=True)):
        return None
    return [value for item, data in zip(objects, elements, strict=True) for value in _unfolded(item, data)]


def _fits(item: PushObject, data: Data) -> bool:
    """Whether the attributes that can be recognised are what they should be."""
    if item.attribute_index == LOGICAL_NAME_ATTRIBUTE:
        return logical_name_of(data) == item.logical_name
    if data.type is DataType.NULL_DATA or item.data_index:
        return True
    if (item.class_id, item.attribute_index) == (InterfaceClass.CLOCK, ClockAttribute.TIME):
        return is_date_time(data)
    if item.attribute_index == SCALER_UNIT_ATTRIBUTE.get(item.class_id):
        return scaler_unit_of(data) is not None
    # A row or a list is no number, and the rows of a profile are no single value.
    attribute = AttributeDescriptor(item.class_id, item.logical_name, item.attribute_index)
    is_value = scaler_unit_attribute(attribute) is not None
    is_buffer = (item.class_id, item.attribute_index) == (InterfaceClass.PROFILE_GENERIC, _BUFFER)
    return not (is_value or is_buffer) or (elements_of(data) is not None) is is_buffer


def _of_sequence(sequence: NamedSequence, count: int, templates: tuple[PushTemplate, ...]) -> PushedValues:
    form = PushForm.ROWS if sequence.has_rows else PushForm.SEQUENCE
    for template in templates:
        values = template.read(sequence, count) if isinstance(template, SequenceTemplate) else None
        if values is not None:
            return PushedValues(form=form, values=_with_units(values), left=sequence.odd, template=template.name)
    ends = [() if end is None else (end,) for end in (sequence.first, sequence.last)]
    return PushedValues(form=form, values=_with_units(sequence.values), left=(*ends[0], *sequence.odd, *ends[1]))


def _by_template(body: Data, templates: tuple[PushTemplate, ...]) -> PushedValues | None:
    elements = elements_of(body) if body.type is DataType.STRUCTURE else None
    for template in templates:
        values = template.read(elements) if isinstance(template, PositionalTemplate) and elements else None
        if values is not None:
            return PushedValues(form=PushForm.TEMPLATE, values=values, template=template.name)
    return None


def _with_units(values: Sequence[PushedValue]) -> tuple[PushedValue, ...]:
    """Values with the scaler_unit that was pushed as an attribute of its own."""
    units: dict[tuple[int | None, LogicalName | None], ScalerUnit] = {
        (value.class_id, value.logical_name): scaler_unit
        for value in values
        if value.class_id is not None
        and value.attribute_index == SCALER_UNIT_ATTRIBUTE.get(value.class_id)
        and (scaler_unit := scaler_unit_of(value.value)) is not None
    }
    return tuple(_with_unit(value, units) for value in values) if units else tuple(values)


def _with_unit(value: PushedValue, units: Mapping[tuple[int | None, LogicalName | None], ScalerUnit]) -> PushedValue:
    name, class_id, index = value.logical_name, value.class_id, value.attribute_index
    if value.scaler_unit is not None or name is None or class_id is None or index is None:
        return value
    if scaler_unit_attribute(AttributeDescriptor(class_id, name, index)) is None:
        return value
    return replace(value, scaler_unit=units.get((class_id, name)))
