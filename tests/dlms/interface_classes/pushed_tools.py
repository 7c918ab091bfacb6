"""Notifications as meters send them, written down in short."""

from custom_components.cosem.dlms.apdu.common import LongInvokeIdAndPriority
from custom_components.cosem.dlms.apdu.notification import DataNotification
from custom_components.cosem.dlms.encoding.data import (
    Data,
    double_long_unsigned,
    enum,
    integer,
    long_unsigned,
    octet_string,
    structure,
)
from custom_components.cosem.dlms.encoding.logical_name import LogicalName

IMPORT = LogicalName.parse("1.0.1.8.0.255")
POWER = LogicalName.parse("1.0.1.7.0.255")
ALARM = LogicalName.parse("0.0.97.98.0.255")
SETUP = LogicalName.parse("0.0.25.9.0.255")
CLOCK = LogicalName.parse("0.0.1.0.0.255")
SCRIPTS = LogicalName.parse("0.0.10.0.106.255")
SERIAL = LogicalName.parse("0.0.96.1.0.255")
DEVICE_NAME = LogicalName.parse("0.0.42.0.0.255")

NOON = octet_string(bytes.fromhex("07EA0301070C000000000000"))
WATT = structure(integer(0), enum(27))
NUMBER = double_long_unsigned(7)


def named(name: LogicalName) -> Data:
    """A logical name as a value."""
    return octet_string(name.octets)


def push_object(class_id: int, name: LogicalName, attribute: int, data_index: int = 0, *more: Data) -> Data:
    """An entry of push_object_list."""
    return structure(long_unsigned(class_id), named(name), integer(attribute), long_unsigned(data_index), *more)


def pushed(body: Data) -> DataNotification:
    """A notification with a body."""
    return DataNotification(LongInvokeIdAndPriority(1), None, body)
