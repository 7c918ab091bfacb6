"""M-Bus client (class 72, versions 0 and 1, IEC 62056-6-2): a meter behind this meter.

Its values are Extended registers at 0.b.24.2.e.255.
"""

from enum import IntEnum

from .interface_class import AttributeIndex


class MbusClientAttribute(AttributeIndex):
    """The last two from version 1 on."""

    MBUS_PORT_REFERENCE = 2
    CAPTURE_DEFINITION = 3
    CAPTURE_PERIOD = 4
    PRIMARY_ADDRESS = 5
    IDENTIFICATION_NUMBER = 6
    MANUFACTURER_ID = 7
    VERSION = 8
    DEVICE_TYPE = 9
    ACCESS_NUMBER = 10
    STATUS = 11
    ALARM = 12
    CONFIGURATION = 13
    ENCRYPTION_KEY_STATUS = 14


class MbusClientMethod(IntEnum):
    """Both keys are secret."""

    SLAVE_INSTALL = 1
    SLAVE_DEINSTALL = 2
    CAPTURE = 3
    RESET_ALARM = 4
    SYNCHRONIZE_CLOCK = 5
    DATA_SEND = 6
    SET_ENCRYPTION_KEY = 7
    TRANSFER_KEY = 8


def manufacturer_letters(manufacturer_id: int) -> str | None:
    """The three letters in attribute 7: five bits each, A is 1 (EN 13757-3); None for other numbers."""
    letters = [manufacturer_id >> shift & 0x1F for shift in (10, 5, 0)]
    return "".join(chr(ord("A") + letter - 1) for letter in letters) if all(1 <= n <= 26 for n in letters) else None


def printed_number(identification_number: int) -> str | None:
    """Attribute 6 as it is printed on the device: eight digits in BCD, else the number itself; None for 0."""
    if identification_number <= 0:
        return None
    digits = f"{identification_number:08X}"
    return digits if digits.isdecimal() else str(identification_number)


class MbusDeviceType(IntEnum):
    """Attribute 9: what the device measures (EN 13757-3)."""

    ELECTRICITY = 0x02
    GAS = 0x03
    HEAT_OUTLET = 0x04
    WARM_WATER = 0x06
    WATER = 0x07
    HEAT_COST_ALLOCATOR = 0x08
    HEAT_INLET = 0x0C
