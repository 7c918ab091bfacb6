"""M-Bus client: what the standard numbers (Blue Book, class 72)."""

import pytest

from custom_components.cosem.dlms.interface_classes.mbus_client import (
    MbusClientAttribute,
    MbusClientMethod,
    MbusDeviceType,
    manufacturer_letters,
    printed_number,
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


@pytest.mark.parametrize(
    ("number", "letters"),
    [
        (0x4493, "QDS"),
        (0x2C2D, "KAM"),
        (0x0421, "AAA"),
        (0x6B5A, "ZZZ"),
        (0xAC2D, "KAM"),
        (0, None),
        (0x0420, None),
        (0x6B5B, None),
    ],
)
def test_three_letters_of_the_maker_are_packed_in_a_number(number, letters):
    assert manufacturer_letters(number) == letters


@pytest.mark.parametrize(
    ("number", "printed"),
    [
        (0x12345678, "12345678"),
        (0x00000042, "00000042"),
        (0xBC614E, "12345678"),
        (0xFFFFFFFF, "4294967295"),
        (0, None),
        (-1, None),
    ],
)
def test_number_on_the_device_is_eight_digits_in_bcd_or_the_number_itself(number, printed):
    assert printed_number(number) == printed
