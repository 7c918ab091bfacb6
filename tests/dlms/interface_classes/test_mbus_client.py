"""M-Bus client: what the standard numbers (Blue Book, class 72)."""

from custom_components.cosem.dlms.interface_classes.mbus_client import (
    MbusClientAttribute,
    MbusClientMethod,
    MbusDeviceType,
)


def test_the_device_type_tells_what_is_measured():
    assert MbusClientAttribute.DEVICE_TYPE == 9
    assert [attribute.value for attribute in MbusClientAttribute] == list(range(2, 15))
    assert {kind.value for kind in MbusDeviceType} == {0x02, 0x03, 0x04, 0x06, 0x07, 0x08, 0x0C}


def test_methods_are_numbered_without_a_gap_and_the_last_two_take_keys():
    assert [method.value for method in MbusClientMethod] == list(range(1, 9))
    assert [method.name for method in MbusClientMethod if "KEY" in method.name] == [
        "SET_ENCRYPTION_KEY",
        "TRANSFER_KEY",
    ]
    assert (MbusClientMethod.SET_ENCRYPTION_KEY, MbusClientMethod.TRANSFER_KEY) == (7, 8)
