"""Meters behind the meter (M-Bus, class 72): each is a device of its own, told apart by its channel."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from ..catalogue import medium_of_mbus_device
from ..const import DOMAIN
from ..dlms import (
    AttributeDescriptor,
    Data,
    DlmsError,
    InterfaceClass,
    LogicalDeviceName,
    LogicalName,
    MbusClientAttribute,
    Medium,
    ObjectListElement,
    manufacturer_letters,
    number_of,
    printed_number,
)

MODELS: Final[Mapping[int, str]] = {
    Medium.ELECTRICITY: "Electricity meter",
    Medium.HEAT_COST_ALLOCATOR: "Heat cost allocator",
    Medium.COOLING: "Cooling meter",
    Medium.HEAT: "Heat meter",
    Medium.GAS: "Gas meter",
    Medium.COLD_WATER: "Water meter",
    Medium.HOT_WATER: "Hot water meter",
}
"""What a meter is called by what it measures (value group A)."""

_DESCRIBING: Final = (
    MbusClientAttribute.IDENTIFICATION_NUMBER,
    MbusClientAttribute.MANUFACTURER_ID,
    MbusClientAttribute.VERSION,
    MbusClientAttribute.DEVICE_TYPE,
)

_MBUS_OBJECTS: Final = 24
"""Value group C of what belongs to an M-Bus channel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submeter:
    """What the M-Bus client of a channel says of its device."""

    serial_number: str | None = None
    manufacturer: str | None = None
    version: str | None = None


def channel_of(logical_name: LogicalName) -> int:
    """Return the M-Bus channel that an object belongs to; 0: none, it is the meter's own."""
    is_of_channel = logical_name.a == Medium.ABSTRACT and logical_name.c == _MBUS_OBJECTS
    return logical_name.b if is_of_channel else 0


def device_identifier(unique_id: str, channel: int = 0) -> tuple[str, str]:
    """Return the device registry's identifier of a meter, or of what is behind one of its channels, for ever."""
    return DOMAIN, f"{unique_id}_mbus_{channel}" if channel else unique_id


def submeter_model(device_type: int | None) -> str | None:
    """Return what a device is called by its type (attribute 9)."""
    medium = medium_of_mbus_device(device_type)
    return None if medium is None else MODELS[medium]


def mbus_attributes(objects: Iterable[ObjectListElement]) -> list[AttributeDescriptor]:
    """Return what to read of the M-Bus clients."""
    return [
        AttributeDescriptor(InterfaceClass.MBUS_CLIENT, element.logical_name, index)
        for element in objects
        if element.class_id == InterfaceClass.MBUS_CLIENT
        for index in _DESCRIBING
        if element.can_read(index)
    ]


def device_types_of(answers: Mapping[AttributeDescriptor, Data | DlmsError]) -> dict[int, int]:
    """Return the device types that were told, by channel."""
    return {
        attribute.logical_name.b: number
        for attribute in answers
        if attribute.attribute_index == MbusClientAttribute.DEVICE_TYPE
        and (number := _number(answers, attribute, MbusClientAttribute.DEVICE_TYPE)) is not None
    }


def submeters_of(answers: Mapping[AttributeDescriptor, Data | DlmsError]) -> dict[int, Submeter]:
    """Return what was told of the devices that have a number or a maker, by channel."""
    found = {attribute.logical_name.b: _submeter(answers, attribute) for attribute in answers}
    return {channel: submeter for channel, submeter in found.items() if submeter != Submeter()}


def _submeter(answers: Mapping[AttributeDescriptor, Data | DlmsError], client: AttributeDescriptor) -> Submeter:
    identification = _number(answers, client, MbusClientAttribute.IDENTIFICATION_NUMBER)
    maker = _number(answers, client, MbusClientAttribute.MANUFACTURER_ID)
    version = _number(answers, client, MbusClientAttribute.VERSION)
    letters = None if maker is None else manufacturer_letters(maker)
    serial_number = None if identification is None else printed_number(identification)
    return Submeter(
        serial_number=serial_number,
        manufacturer=None if letters is None else LogicalDeviceName(letters.encode()).manufacturer,
        version=None if version is None or (serial_number, letters) == (None, None) else str(version),
    )


def _number(
    answers: Mapping[AttributeDescriptor, Data | DlmsError], client: AttributeDescriptor, index: int
) -> int | None:
    answer = answers.get(client._replace(attribute_index=index))
    number = number_of(answer) if isinstance(answer, Data) else None
    return None if number is None else int(number)
