"""Association LN (class 15, versions 0 to 3, IEC 62056-6-2): the object list with access rights.

What an access mode means depends on the version of the association, not of the listed object.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, IntFlag
from types import MappingProxyType
from typing import Final, NamedTuple

from ..apdu.common import AttributeDescriptor
from ..encoding.data import NULL, Data, DataType, structure, unsigned
from ..encoding.logical_name import LogicalName
from ..errors import DecodeError, LimitExceeded
from ..limits import DEFAULT_LIMITS, Limits
from .interface_class import AttributeIndex, InterfaceClass
from .register import integer_of

CURRENT_ASSOCIATION: Final = LogicalName.parse("0.0.40.0.0.255")

_USUAL_VERSION: Final = 1
_FLAGS_VERSION: Final = 3


type _Head = tuple[int, int, LogicalName]
"""Class id, version, logical name."""


class AttributeAccessMode(IntEnum):
    """Access mode of attributes in versions 0 (up to 3), 1 and 2."""

    NONE = 0
    READ = 1
    WRITE = 2
    READ_WRITE = 3
    AUTHENTICATED_READ = 4
    AUTHENTICATED_WRITE = 5
    AUTHENTICATED_READ_WRITE = 6


class MethodAccessMode(IntEnum):
    """Access mode of methods in versions 1 and 2; version 0 has a boolean."""

    NONE = 0
    ACCESS = 1
    AUTHENTICATED_ACCESS = 2


class AccessFlag(IntFlag):
    """Access mode from version 3 on: what is allowed, and the protection it needs."""

    READ = 1
    ACCESS = 1
    WRITE = 2
    AUTHENTICATED_REQUEST = 4
    ENCRYPTED_REQUEST = 8
    SIGNED_REQUEST = 16
    AUTHENTICATED_RESPONSE = 32
    ENCRYPTED_RESPONSE = 64
    SIGNED_RESPONSE = 128


_PROTECTION_FLAGS: Final = tuple(flag for flag in AccessFlag if flag not in AccessFlag.READ | AccessFlag.WRITE)
_READING_MODES: Final = frozenset(
    {
        AttributeAccessMode.READ,
        AttributeAccessMode.READ_WRITE,
        AttributeAccessMode.AUTHENTICATED_READ,
        AttributeAccessMode.AUTHENTICATED_READ_WRITE,
    }
)
_WRITING_MODES: Final = frozenset(
    {
        AttributeAccessMode.WRITE,
        AttributeAccessMode.READ_WRITE,
        AttributeAccessMode.AUTHENTICATED_WRITE,
        AttributeAccessMode.AUTHENTICATED_READ_WRITE,
    }
)


class AssociationLnAttribute(AttributeIndex):
    """9 from version 1 on, 10 and 11 from version 2 on."""

    OBJECT_LIST = 2
    ASSOCIATED_PARTNERS_ID = 3
    APPLICATION_CONTEXT_NAME = 4
    XDLMS_CONTEXT_INFO = 5
    AUTHENTICATION_MECHANISM_NAME = 6
    SECRET = 7
    ASSOCIATION_STATUS = 8
    SECURITY_SETUP_REFERENCE = 9
    USER_LIST = 10
    CURRENT_USER = 11


class AssociationLnMethod(IntEnum):
    """Those for users from version 2 on."""

    REPLY_TO_HLS_AUTHENTICATION = 1
    CHANGE_HLS_SECRET = 2
    ADD_OBJECT = 3
    REMOVE_OBJECT = 4
    ADD_USER = 5
    REMOVE_USER = 6


CURRENT_OBJECT_LIST: Final = AttributeDescriptor(
    InterfaceClass.ASSOCIATION_LN, CURRENT_ASSOCIATION, AssociationLnAttribute.OBJECT_LIST
)
"""Objects that the current association may see."""


class AccessRights(NamedTuple):
    """Rights to an attribute: mode as sent, and the version that gives it meaning."""

    mode: int
    association_version: int
    selectors: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """``none``, ``read``, ``authenticated-read`` ...; ``mode 9`` for unknown numbers.

        From version 3 on with protection: ``read+authenticated-request``.
        """
        if self.association_version >= _FLAGS_VERSION:
            return _with_protection(
                _mode_name(AttributeAccessMode, self.mode & (AccessFlag.READ | AccessFlag.WRITE)), self.mode
            )
        return _mode_name(AttributeAccessMode, self.mode)

    @property
    def can_read(self) -> bool:
        """True if reading is allowed, protected or not."""
        if self.association_version >= _FLAGS_VERSION:
            return bool(self.mode & AccessFlag.READ)
        return self.mode in _READING_MODES

    @property
    def can_write(self) -> bool:
        """True if writing is allowed, protected or not."""
        if self.association_version >= _FLAGS_VERSION:
            return bool(self.mode & AccessFlag.WRITE)
        return self.mode in _WRITING_MODES


class MethodAccess(NamedTuple):
    """Right to call a method, as in AccessRights."""

    mode: int
    association_version: int

    @property
    def name(self) -> str:
        """``none``, ``access``, ``authenticated-access``; protection as in AccessRights."""
        if self.association_version >= _FLAGS_VERSION:
            return _with_protection(_mode_name(MethodAccessMode, self.mode & AccessFlag.ACCESS), self.mode)
        return _mode_name(MethodAccessMode, self.mode)

    @property
    def can_call(self) -> bool:
        """True if calling is allowed, protected or not."""
        if self.association_version >= _FLAGS_VERSION:
            return bool(self.mode & AccessFlag.ACCESS)
        return self.mode in {MethodAccessMode.ACCESS, MethodAccessMode.AUTHENTICATED_ACCESS}


@dataclass(frozen=True, slots=True)
class ObjectListElement:
    """A COSEM object that this association sees."""

    class_id: int
    version: int
    logical_name: LogicalName
    attribute_access: Mapping[int, AccessRights] = field(default_factory=lambda: MappingProxyType({}))
    method_access: Mapping[int, MethodAccess] = field(default_factory=lambda: MappingProxyType({}))

    def can_read(self, attribute_index: int) -> bool:
        """True if the rights allow it, or the meter gives none for this object."""
        if not self.attribute_access:
            return True
        rights = self.attribute_access.get(attribute_index)
        return rights is not None and rights.can_read


def decode_object_list(
    data: Data,
    association_version: int | None = None,
    limits: Limits = DEFAULT_LIMITS,
    *,
    on_odd: Callable[[], None] = lambda: None,
) -> tuple[ObjectListElement, ...]:
    """Decode attribute 2. Raises DecodeError; LimitExceeded for more than ``limits.objects``.

    The object list of class 12 is understood, too: it gives no access rights.
    ``association_version`` None: what the list says of the current association, else 1. An entry that makes no sense is
    left out, access rights that make none are those of a meter that gives none; ``on_odd`` is called for each.
    """
    elements = data.value
    if data.type is not DataType.ARRAY or not isinstance(elements, tuple):
        raise DecodeError("object_list is no array")
    if len(elements) > limits.objects:
        raise LimitExceeded("objects in the object list", limits.objects)
    rows = list(_rows(_as_data(elements), on_odd))
    version = association_version if association_version is not None else _own_version([head for head, _ in rows])
    return tuple(ObjectListElement(*head, *_rights(access, version, on_odd)) for head, access in rows)


def _rows(elements: tuple[Data, ...], on_odd: Callable[[], None]) -> Iterator[tuple[_Head, Data]]:
    """Yield what entries name, and their access rights. DecodeError if none makes sense."""
    first: DecodeError | None = None
    is_one = False
    for element in elements:
        named = _of_short_name(element)
        completed = _completed(named)
        try:
            fields = _fields(completed, (4,), "object_list_element")
            yield _head(fields), fields[3]
        except DecodeError as error:
            first = first or error
            on_odd()
        else:
            is_one = True
            if completed is not named:
                on_odd()
    if first is not None and not is_one:
        raise first


def _of_short_name(element: Data) -> Data:
    """Return an entry of class 12 (base name, class id, version, logical name) as one of class 15."""
    fields = element.value
    if element.type is not DataType.STRUCTURE or not isinstance(fields, tuple) or len(fields) != 4:
        return element
    _base_name, class_id, version, name = _as_data(fields)
    if name.type is not DataType.OCTET_STRING or version.type is DataType.OCTET_STRING:
        return element
    return structure(class_id, version, name, NULL)


def _completed(element: Data) -> Data:
    """Return an entry with its four fields where the version or the access rights are missing."""
    fields = element.value
    if element.type is not DataType.STRUCTURE or not isinstance(fields, tuple) or len(fields) != 3:
        return element
    first, second, third = _as_data(fields)
    has_version = third.type is DataType.OCTET_STRING
    return structure(first, second, third, NULL) if has_version else structure(first, unsigned(0), second, third)


def _rights(
    data: Data, version: int, on_odd: Callable[[], None]
) -> tuple[Mapping[int, AccessRights], Mapping[int, MethodAccess]]:
    try:
        return _access_rights(data, version)
    except DecodeError:
        on_odd()
        return MappingProxyType({}), MappingProxyType({})


def _own_version(heads: list[_Head]) -> int:
    """The version of the current association."""
    for class_id, version, logical_name in heads:
        if class_id == InterfaceClass.ASSOCIATION_LN and logical_name == CURRENT_ASSOCIATION:
            return version
    return _USUAL_VERSION


def _head(row: tuple[Data, ...]) -> _Head:
    """Class id, version and logical name."""
    class_id = integer_of(row[0])
    version = integer_of(row[1])
    octets = row[2].value
    if class_id is None or version is None or not 0 <= class_id <= 0xFFFF or not 0 <= version <= 0xFF:
        raise DecodeError("object_list_element: class_id and version are no unsigned numbers")
    if not isinstance(octets, bytes) or len(octets) != 6:
        raise DecodeError("object_list_element: the logical name has not 6 octets")
    return class_id, version, LogicalName(octets)


def _access_rights(data: Data, version: int) -> tuple[Mapping[int, AccessRights], Mapping[int, MethodAccess]]:
    """Both lists of rights; empty where the meter gives none."""
    if data.type is DataType.NULL_DATA:
        return MappingProxyType({}), MappingProxyType({})
    attributes, methods = _fields(data, (2,), "access_rights")
    by_attribute: dict[int, AccessRights] = {}
    for item in _items(attributes):
        fields = _fields(item, (2, 3), "attribute_access_item")
        selectors = _selectors(fields[2]) if len(fields) == 3 else ()
        by_attribute[_number(fields[0])] = AccessRights(_mode(fields[1]), version, selectors)
    by_method: dict[int, MethodAccess] = {}
    for item in _items(methods):
        fields = _fields(item, (2,), "method_access_item")
        by_method[_number(fields[0])] = MethodAccess(_mode(fields[1]), version)
    return MappingProxyType(by_attribute), MappingProxyType(by_method)


def _fields(element: Data, counts: tuple[int, ...], what: str) -> tuple[Data, ...]:
    """Elements of a structure, which has one of these counts."""
    elements = element.value
    if element.type is not DataType.STRUCTURE or not isinstance(elements, tuple) or len(elements) not in counts:
        raise DecodeError(f"{what} is no structure of {' or '.join(map(str, counts))} elements")
    return _as_data(elements)


def _items(data: Data) -> tuple[Data, ...]:
    """Elements of an array; null-data is an empty one."""
    if data.type is DataType.NULL_DATA:
        return ()
    if data.type is not DataType.ARRAY or not isinstance(data.value, tuple):
        raise DecodeError("a list of access rights is no array")
    return _as_data(data.value)


def _as_data(elements: tuple[object, ...]) -> tuple[Data, ...]:
    return tuple(element for element in elements if isinstance(element, Data))  # all are: it narrows the type


def _number(data: Data) -> int:
    number = integer_of(data)
    if number is None:
        raise DecodeError("access rights: the index is no number")
    return number


def _mode(data: Data) -> int:
    if data.type is DataType.BOOLEAN:  # methods in version 0, and from some meters in later ones
        return MethodAccessMode.ACCESS if data.value else MethodAccessMode.NONE
    number = integer_of(data)
    if number is None:
        raise DecodeError("access rights: the access mode is no number")
    return number & 0xFF


def _selectors(data: Data) -> tuple[int, ...]:
    return tuple(_number(item) for item in _items(data))


def _mode_name(modes: type[AttributeAccessMode | MethodAccessMode], mode: int) -> str:
    return _written(modes(mode).name) if mode in modes else f"mode {mode}"


def _with_protection(name: str, mode: int) -> str:
    return "+".join([name, *(_written(str(flag.name)) for flag in _PROTECTION_FLAGS if mode & flag)])


def _written(name: str) -> str:
    return name.lower().replace("_", "-")
