"""Push setups (Blue Book class 40, versions 0 to 2): what goes where, written by the management client.

What is written has to be as the standard has it, to the type of each element; anything else is refused.
"""

from collections.abc import Callable
from typing import Final

from custom_components.cosem.dlms.apdu.common import DataAccessResult
from custom_components.cosem.dlms.encoding.data import (
    NULL,
    Data,
    DataType,
    array,
    date_time,
    double_long_unsigned,
    enum,
    integer,
    long_unsigned,
    octet_string,
    structure,
    unsigned,
)
from custom_components.cosem.dlms.encoding.logical_name import LogicalName

from .notification_profile import Carrier, Destination
from .objects import SUCCESS, TYPE_UNMATCHED, Attribute, CosemObject, View, setting
from .profile import Level

_CARRIERS: Final = {0: Carrier.TCP, 1: Carrier.UDP}
_NAME: Final = 6
"""Octets of a logical name."""
_NEVER: Final = bytes.fromhex("FFFFFFFFFFFFFFFFFF8000FF")
_PLACE: Final = (DataType.ENUM, DataType.OCTET_STRING, DataType.ENUM)
_ENTRY: Final = (DataType.LONG_UNSIGNED, DataType.OCTET_STRING, DataType.INTEGER, DataType.LONG_UNSIGNED)
_MORE: Final = (DataType.STRUCTURE, DataType.ARRAY)
"""Of an entry: the restriction since version 1, the columns since version 2."""

type _IsRight = Callable[[Data], bool]


def push_object(class_id: int, name: str, attribute: int = 2, version: int = 0) -> Data:
    """Return an entry of a push_object_list."""
    logical_name = octet_string(LogicalName.parse(name).octets)
    more = (structure(enum(0), NULL), array())[:version]
    return structure(long_unsigned(class_id), logical_name, integer(attribute), long_unsigned(0), *more)


def push_setup(name: str = "0.0.25.9.0", *pushed: Data, version: int = 0) -> CosemObject:
    """Return a push setup. Without a destination it pushes to the client that executes its method."""
    objects = _checked(array(*(pushed or [push_object(3, "1.0.1.8.0", version=version)])), _is_list(version))
    target = _checked(structure(enum(0), octet_string(b""), enum(0)), _is_place)
    client = setting(integer(0))

    def push(view: View, parameters: Data) -> DataAccessResult | None:
        if parameters.type is not DataType.INTEGER:
            return TYPE_UNMATCHED
        try:
            destination = _destination(_held(target, view))
        except ValueError:
            return TYPE_UNMATCHED
        told = _held(client, view).value
        to = told if version and isinstance(told, int) and told else view.facts.client_wport
        return None if view.device.on_push is None else view.device.on_push(view, _held(objects, view), destination, to)

    delay = structure(long_unsigned(60), long_unsigned(100), long_unsigned(600)) if version > 1 else long_unsigned(60)
    attributes = {
        2: objects,
        3: target,
        4: setting(array()),
        5: setting(long_unsigned(0)),
        6: setting(unsigned(3)),
        7: setting(delay),
    }
    if version:
        attributes |= {8: setting(octet_string(bytes(_NAME))), 9: client, 10: setting(array())}
    if version > 1:
        confirmation = structure(date_time(_NEVER), double_long_unsigned(0))
        attributes |= {11: setting(enum(0)), 12: setting(confirmation), 13: setting(date_time(_NEVER))}
    return CosemObject(
        class_id=40,
        version=version,
        logical_name=LogicalName.parse(name),
        level=Level.MANAGE,
        attributes=attributes,
        methods=2 if version > 1 else 1,
        executable={1: push},
    )


def _checked(content: Data, is_right: _IsRight) -> Attribute:
    """Return an attribute that holds what is written to it, if that is right."""
    held = content

    def write(_: View, value: Data) -> DataAccessResult:
        nonlocal held
        if not is_right(value):
            return TYPE_UNMATCHED
        held = value
        return SUCCESS

    return Attribute(read=lambda _: held, write=write, writable_by=Level.MANAGE)


def _held(attribute: Attribute, view: View) -> Data:
    content = attribute.read(view)
    assert isinstance(content, Data)  # settings are no octets
    return content


def _types(data: Data) -> tuple[DataType, ...]:
    return tuple(each.type for each in parts(data)) if data.type is DataType.STRUCTURE else ()


def _is_place(data: Data) -> bool:
    return _types(data) == _PLACE


def _is_list(version: int) -> _IsRight:
    wanted = _ENTRY + _MORE[:version]

    def is_right(data: Data) -> bool:
        return data.type is DataType.ARRAY and all(
            _types(entry) == wanted and len(parts(entry)[1].value) == _NAME  # type: ignore[arg-type]  # an octet-string
            for entry in parts(data)
        )

    return is_right


def parts(entry: Data) -> tuple[Data, ...]:
    """Return the elements of an array or a structure."""
    return tuple(each for each in entry.value if isinstance(each, Data)) if isinstance(entry.value, tuple) else ()


def _destination(sent_to: Data) -> Destination | None:
    """Read send_destination_and_method. Raises ValueError for what this meter cannot send to."""
    match sent_to.value:
        case (Data(), Data(value=b""), Data()):
            return None
        case (Data(value=int(service)), Data(value=bytes(place)), Data()) if service in _CARRIERS:
            return Destination.parse(f"{_CARRIERS[service]}:{place.decode('ascii')}")
    raise ValueError
