"""Bodies of notifications that name each value themselves: rows, and names and values in turn.

A row is a structure of a logical name, or of a whole attribute descriptor in one of several forms, the value, and
perhaps its scaler_unit. In a sequence the same stands without structures. What does not fit exactly is not guessed at.
"""

from dataclasses import dataclass
from typing import Final

from ..encoding.cosem_time import decode_date_time
from ..encoding.data import Data, DataType
from ..encoding.logical_name import LogicalName
from ..errors import DecodeError
from .clock import CLOCK, ClockAttribute
from .interface_class import LOGICAL_NAME_ATTRIBUTE, InterfaceClass
from .profile_generic import ProfileGenericAttribute
from .push_setup import PushObject, decode_push_object_list, elements_of, logical_name_of
from .register import ScalerUnit, decode_scaler_unit, integer_of


@dataclass(frozen=True, slots=True)
class PushedValue:
    """One value of a notification, and whose it is as far as it is known.

    logical_name: None where only ``short_name`` is known. class_id, attribute_index: None where only the name was sent.
    attribute_index 0: a structure of all attributes that could not be taken apart. scaler_unit: as sent with it.
    data_index: 0 for the whole attribute, else the part of it that ``value`` is.
    """

    logical_name: LogicalName | None
    class_id: int | None
    attribute_index: int | None
    value: Data
    scaler_unit: ScalerUnit | None = None
    data_index: int = 0
    short_name: int | None = None


@dataclass(frozen=True, slots=True)
class NamedSequence:
    """Values of a body that names them. first, last: what stands before and behind them without a name."""

    values: tuple[PushedValue, ...]
    has_rows: bool
    first: Data | None
    last: Data | None
    odd: tuple[Data, ...]
    """Rows that make no sense."""


@dataclass(frozen=True, slots=True)
class ListedObjects:
    """A push_object_list. is_certain: it can be nothing else.

    Rows of {class_id, logical_name, attribute, value} look the same where all values are long-unsigned.
    """

    objects: tuple[PushObject, ...]
    is_certain: bool


MAX_PUSHED_VALUES: Final = 1_000
"""In one notification; a longer one stays as it came. Real ones have up to about 40; a profile is one value."""

_MAX_MEDIUM: Final = 15  # value group A
_DESCRIPTOR: Final = 9  # octets of an attribute descriptor without tags
_CURRENT: Final = 255
_MAX_PERIOD: Final = 126  # value group F: 101 to 126 count backwards
_TEXTS: Final = frozenset({DataType.OCTET_STRING, DataType.VISIBLE_STRING, DataType.UTF8_STRING})
_MAY_BE_FIRST: Final = _TEXTS | {DataType.ENUM}
_ARRAYS: Final = frozenset({DataType.ARRAY, DataType.COMPACT_ARRAY})
_NO_NUMBERS: Final = frozenset(
    {
        (InterfaceClass.CLOCK, ClockAttribute.TIME),
        (InterfaceClass.PROFILE_GENERIC, ProfileGenericAttribute.BUFFER),
    }
)


def pushed_name(data: Data) -> LogicalName | None:
    """A logical name that can be one: of a known medium, and of a current value or a billing period."""
    name = logical_name_of(data)
    if name is None or name.a > _MAX_MEDIUM or _MAX_PERIOD < name.f < _CURRENT:
        return None
    return name


def is_push_setup_name(name: LogicalName) -> bool:
    """True for 0.b.25.9.e.255, the logical names of push setups."""
    return name.a == 0 and name.c == 25 and name.d == 9


def is_date_time(data: Data) -> bool:
    """Whether it is a date-time, also in an octet-string of 12, with fields that make sense."""
    octets = data.value
    if data.type not in {DataType.OCTET_STRING, DataType.DATE_TIME} or not isinstance(octets, bytes):
        return False
    try:
        return decode_date_time(octets).year is not None
    except DecodeError:
        return False


def scaler_unit_of(data: Data) -> ScalerUnit | None:
    """A scaler_unit; None for anything else."""
    if data.type is not DataType.STRUCTURE:
        return None
    try:
        return decode_scaler_unit(data)
    except DecodeError:
        return None


def listed_objects(data: Data) -> ListedObjects | None:
    """A push_object_list; None for other data."""
    elements = elements_of(data) if data.type in _ARRAYS else None
    if not elements or len(elements) > MAX_PUSHED_VALUES or not _may_be_object(elements[0]):
        return None
    try:
        objects = decode_push_object_list(data)
    except DecodeError:
        return None
    is_long = any(len(elements_of(element) or ()) > 4 for element in elements)
    is_certain = is_long or any(map(_names_no_number, objects))
    if not is_certain and len(objects) == 1 and objects[0].data_index:
        return None  # rather a row: with one thing beside it, numbers do not tell
    return ListedObjects(objects, is_certain)


def _may_be_object(data: Data) -> bool:
    """A quick look before a list is decoded."""
    elements = elements_of(data)
    return elements is not None and len(elements) >= 4 and elements[3].type is DataType.LONG_UNSIGNED


def _names_no_number(item: PushObject) -> bool:
    return (
        item.is_own_list
        or item.attribute_index == LOGICAL_NAME_ATTRIBUTE
        or (item.class_id, item.attribute_index) in _NO_NUMBERS
    )


def _says_whose(name: LogicalName, following: Data) -> bool:
    """Whether a name only says which push setup this is from: what follows is not its value (its name again)."""
    return is_push_setup_name(name) and logical_name_of(following) != name


def read_row(data: Data) -> PushedValue | None:
    """The value of one row; None for what is no row."""
    elements = elements_of(data) if data.type is DataType.STRUCTURE else None
    if elements is None or len(elements) < 2:
        return None
    first = elements[0]
    if first.type is DataType.OCTET_STRING:
        return _after_octets(first, elements)
    if first.type is DataType.STRUCTURE:
        return _after_descriptor(first, elements)
    return _after_class(elements)


def _after_octets(first: Data, elements: tuple[Data, ...]) -> PushedValue | None:
    """{name, value}, {name, value, scaler_unit}, {name, class, attribute, value ...}; or nine octets for the name."""
    name = pushed_name(first)
    octets = first.value
    if name is not None and len(elements) > 3:
        pair = _class_and_attribute(elements[1], elements[2])
        return None if pair is None else _value_of(elements[3:], name, *pair)
    if name is not None:
        return None if _says_whose(name, elements[1]) else _value_of(elements[1:], name, None, None)
    if isinstance(octets, bytes) and len(octets) == _DESCRIPTOR:
        class_id = int.from_bytes(octets[:2])
        attribute_index = int.from_bytes(octets[8:], signed=True)
        return _value_of(elements[1:], LogicalName(octets[2:8]), class_id, attribute_index)
    return None


def _after_descriptor(first: Data, elements: tuple[Data, ...]) -> PushedValue | None:
    """{{class, name, attribute[, data_index]}, value[, scaler_unit]}."""
    parts = elements_of(first) or ()
    if len(parts) not in {3, 4} or (name := pushed_name(parts[1])) is None:
        return None
    pair = _class_and_attribute(parts[0], parts[2])
    if pair is None or (len(parts) == 4 and parts[3].type is not DataType.LONG_UNSIGNED):
        return None  # with a value instead of a data_index it is a row
    return _value_of(elements[1:], name, *pair, (integer_of(parts[3]) or 0) if len(parts) == 4 else 0)


def _after_class(elements: tuple[Data, ...]) -> PushedValue | None:
    """{class, name, attribute[, data_index], value[, scaler_unit]}."""
    if len(elements) < 4 or (name := pushed_name(elements[1])) is None:
        return None
    if (pair := _class_and_attribute(elements[0], elements[2])) is None:
        return None
    if len(elements) == 4 or (len(elements) == 5 and scaler_unit_of(elements[4]) is not None):
        return _value_of(elements[3:], name, *pair)
    if elements[3].type is not DataType.LONG_UNSIGNED:
        return None
    return _value_of(elements[4:], name, *pair, integer_of(elements[3]) or 0)


def _class_and_attribute(class_id: Data, attribute_index: Data) -> tuple[int, int] | None:
    """Both, in exactly the types of the standard: other numbers on both sides of a name may be values."""
    is_standard = class_id.type is DataType.LONG_UNSIGNED and attribute_index.type is DataType.INTEGER
    first, second = integer_of(class_id), integer_of(attribute_index)
    return (first, second) if is_standard and first is not None and second is not None else None


def _value_of(
    rest: tuple[Data, ...], name: LogicalName, class_id: int | None, attribute_index: int | None, data_index: int = 0
) -> PushedValue | None:
    """The value behind a descriptor, alone or with its scaler_unit."""
    scaler_unit = None
    if len(rest) == 2:
        scaler_unit = scaler_unit_of(rest[1])
    if not rest or len(rest) > 2 or (len(rest) == 2 and scaler_unit is None):
        return None
    return PushedValue(name, class_id, attribute_index, rest[0], scaler_unit, data_index)


def read_sequence(elements: tuple[Data, ...]) -> NamedSequence | None:
    """Values of a body that consists of rows, or of names and values in turn; None for any other body.

    A date-time in front without a name is the clock's.
    """
    scan = _Scan(elements)
    while scan.index < len(elements):
        if not (scan.take_rows() or scan.take_pair() or scan.take_unnamed()):
            return None
    return scan.result()


class _Scan:
    """Goes over the elements of a body; what is taken moves ``index``."""

    def __init__(self, elements: tuple[Data, ...]) -> None:
        self._elements = elements
        self.index = 0
        self._time: tuple[PushedValue, ...] = ()
        self._values: list[PushedValue] = []
        self._rows = 0
        self._odd: list[Data] = []
        self._first: Data | None = None
        self._last: Data | None = None

    def take_rows(self) -> bool:
        """A row, or an array of them; null-data and a structure that is none are odd rows."""
        element = self._elements[self.index]
        if len(self._values) + len(self._odd) > MAX_PUSHED_VALUES:
            return False
        rows: tuple[Data, ...] = (element,)
        if element.type in _ARRAYS:
            rows = elements_of(element) or ()
            listed = listed_objects(element)
            if len(rows) > MAX_PUSHED_VALUES or (listed is not None and listed.is_certain):
                return False
            if not any(row.type is DataType.STRUCTURE for row in rows):
                return False
        elif element.type not in {DataType.STRUCTURE, DataType.NULL_DATA}:
            return False
        for row in rows:
            if (value := read_row(row)) is None:
                self._odd.append(row)
            else:
                self._values.append(value)
                self._rows += 1
        self.index += 1
        return True

    def take_pair(self) -> bool:
        """A logical name, its value, and perhaps the scaler_unit."""
        name = pushed_name(self._elements[self.index])
        rest = self._elements[self.index + 1 : self.index + 3]
        if name is None or not rest:
            return False
        value = rest[0]
        if _says_whose(name, value):
            return False
        scaler_unit = scaler_unit_of(rest[1]) if len(rest) == 2 else None
        self._values.append(PushedValue(name, None, None, value, scaler_unit))
        self.index += 2 if scaler_unit is None else 3
        return True

    def take_unnamed(self) -> bool:
        """A time or a text in front, a text at the end: makers have lists, and meters numbers, of which these tell."""
        element = self._elements[self.index]
        if pushed_name(element) is not None:
            return False
        if self.index == 0 and is_date_time(element):
            self._time = (PushedValue(CLOCK, InterfaceClass.CLOCK, ClockAttribute.TIME, element),)
        elif self.index == 0 and element.type in _MAY_BE_FIRST:
            self._first = element
        elif self.index == len(self._elements) - 1 and element.type in _TEXTS:
            self._last = element
        else:
            return False
        self.index += 1
        return True

    def result(self) -> NamedSequence | None:
        """What was taken, if it is believable: a single name among other things may be a value itself."""
        weight = sum(1 if value.class_id is None else 2 for value in self._values)
        others = self._first is not None or self._last is not None
        if not self._values or (self._odd and self._rows <= len(self._odd)) or (others and weight < 2):
            return None
        values = (*self._time, *self._values)
        return NamedSequence(values, self._rows > 0, self._first, self._last, tuple(self._odd))
