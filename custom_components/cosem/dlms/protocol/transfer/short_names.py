"""The requests of an association with short names, instead of those with logical names."""

from collections.abc import Callable, Mapping
from typing import Final

from ...apdu.common import AttributeDescriptor, MethodDescriptor, Selection
from ...apdu.short_name import ParameterizedAccess, VariableName
from ...encoding.data import NULL, Data
from ...encoding.logical_name import LogicalName
from ...errors import DataAccessError, DataAccessResultCode, LocalProtocolError
from ...interface_classes.interface_class import InterfaceClass
from ...interface_classes.short_names import ShortNameObject, attribute_short_name, method_short_name
from . import Transfer
from .action import ActionList, ActionOne
from .get import GetList, GetOne
from .read import ReadList, ReadMethod, ReadOne, SingleAccess
from .set import SetList, SetOne
from .write import WriteList, WriteMethod, WriteMethods, WriteOne

type Find = Callable[[int, LogicalName], ShortNameObject]
"""Takes class id and logical name. Raises DataAccessError for an object without a base name."""

WITH_PARAMETER: Final = 1
"""The selector of a method's parameter."""

_ALIKE: Final = 2
"""Attributes that the association objects of both ways of referencing have in common: their name, and the list."""

_RETURNING: Final[Mapping[int, frozenset[int]]] = {
    InterfaceClass.ASSOCIATION_SN: frozenset({3, 8}),
    InterfaceClass.IPV4_SETUP: frozenset({3}),
    InterfaceClass.SECURITY_SETUP: frozenset({3, 5, 7}),
}
"""Methods that return something: they are read. Others are written."""


def with_short_names(transfer: Transfer, find: Find) -> Transfer:
    """Return the request that does the same. Raises as ``find``, LocalProtocolError where there is none."""
    match transfer:
        case GetOne():
            return ReadOne(_attribute(transfer.attribute, transfer.selection, find))
        case GetList():
            return ReadList([_attribute(attribute, selection, find) for attribute, selection in transfer.items])
        case SetOne():
            return WriteOne(_attribute(transfer.attribute, transfer.selection, find), transfer.value)
        case SetList():
            return WriteList([(_attribute(attribute, None, find), value) for attribute, value in transfer.items])
        case ActionOne():
            return _method(transfer.method, transfer.parameters, find)
        case ActionList():
            return WriteMethods([_written(method, parameters, find) for method, parameters in transfer.items])
    raise LocalProtocolError("this service does not exist with short names")


def named_objects(transfer: Transfer) -> list[tuple[int, LogicalName]]:
    """Return class id and logical name of each object that a request names."""
    match transfer:
        case GetOne() | SetOne():
            named: list[AttributeDescriptor | MethodDescriptor] = [transfer.attribute]
        case GetList() | SetList():
            named = [item[0] for item in transfer.items]
        case ActionOne():
            named = [transfer.method]
        case ActionList():
            named = [method for method, _ in transfer.items]
        case _:
            named = []
    return [(each.class_id, each.logical_name) for each in named]


def _attribute(attribute: AttributeDescriptor, selection: Selection | None, find: Find) -> SingleAccess:
    item = find(attribute.class_id, attribute.logical_name)
    if item.class_id != attribute.class_id and attribute.attribute_index > _ALIKE:
        raise DataAccessError(DataAccessResultCode.OBJECT_UNDEFINED)
    short_name = attribute_short_name(item.base_name, attribute.attribute_index)
    if selection is None:
        return VariableName(short_name)
    return ParameterizedAccess(short_name, selection.selector, selection.parameters)


def _method(method: MethodDescriptor, parameters: Data | None, find: Find) -> Transfer:
    if method.method_index not in _RETURNING.get(method.class_id, ()):
        return WriteMethod(*_written(method, parameters, find))
    short_name = _short_name(method, find)
    if parameters is None:
        return ReadMethod(VariableName(short_name))
    return ReadMethod(ParameterizedAccess(short_name, WITH_PARAMETER, parameters))


def _written(method: MethodDescriptor, parameters: Data | None, find: Find) -> tuple[SingleAccess, Data]:
    if method.method_index in _RETURNING.get(method.class_id, ()):
        raise LocalProtocolError("with short names a method that returns something is executed by itself")
    return VariableName(_short_name(method, find)), NULL if parameters is None else parameters


def _short_name(method: MethodDescriptor, find: Find) -> int:
    return method_short_name(find(method.class_id, method.logical_name), method.method_index)
