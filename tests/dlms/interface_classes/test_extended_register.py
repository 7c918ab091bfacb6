"""Extended register: its status."""

import pytest

from custom_components.cosem.dlms.encoding.data import (
    NULL,
    bit_string,
    boolean,
    double_long_unsigned,
    integer,
    octet_string,
    structure,
    unsigned,
    visible_string,
)
from custom_components.cosem.dlms.interface_classes.extended_register import (
    ExtendedRegisterAttribute,
    ExtendedRegisterMethod,
    status_text,
)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (unsigned(8), "0x8"),
        (double_long_unsigned(0x80000001), "0x80000001"),
        (integer(-1), "-0x1"),
        (bit_string("0100000001"), "0100000001"),
        (boolean(True), "1"),
        (boolean(False), "0"),
        (octet_string(b"\x00\xab"), "00AB"),
        (NULL, None),
        (structure(), None),
        (visible_string("ok"), None),
    ],
)
def test_a_status_is_shown_without_guessing(data, text):
    assert status_text(data) == text


def test_numbers_of_an_extended_register():
    names = [attribute.standard_name for attribute in ExtendedRegisterAttribute]
    assert names == ["value", "scaler_unit", "status", "capture_time"]
    assert ExtendedRegisterMethod.RESET == 1
