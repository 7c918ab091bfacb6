"""Suites, security control, policy, system titles."""

import pytest

from custom_components.dlms_cosem.dlms.errors import LocalProtocolError
from custom_components.dlms_cosem.dlms.security.suite import (
    Protection,
    SecurityControl,
    SecurityPolicy,
    SecuritySuite,
    check_system_title,
)


@pytest.mark.parametrize("octet", range(256))
def test_every_security_control_octet_survives(octet):
    assert SecurityControl.from_octet(octet).octet == octet


@pytest.mark.parametrize(
    ("control", "octet"),
    [
        (SecurityControl(0, Protection.AUTHENTICATED), 0x10),
        (SecurityControl(0, Protection.ENCRYPTED), 0x20),
        (SecurityControl(1, Protection.AUTHENTICATED_ENCRYPTED), 0x31),
        (SecurityControl(2, Protection.AUTHENTICATED_ENCRYPTED, broadcast=True), 0x72),
        (SecurityControl(0, Protection.AUTHENTICATED_ENCRYPTED, compressed=True), 0xB0),
    ],
)
def test_bits_stand_where_the_standard_puts_them(control, octet):
    assert control.octet == octet
    assert SecurityControl.from_octet(octet) == control


def test_key_and_coordinate_lengths():
    assert [suite.key_length for suite in SecuritySuite] == [16, 16, 32]
    assert [suite.coordinate_length for suite in (SecuritySuite.SUITE_1, SecuritySuite.SUITE_2)] == [32, 48]
    with pytest.raises(LocalProtocolError):
        _ = SecuritySuite.SUITE_0.coordinate_length


@pytest.mark.parametrize(("value", "bits"), [(0, 0x00), (1, 0x24), (2, 0x48), (3, 0x6C)])
def test_the_old_policy_enumeration_is_translated(value, bits):
    assert int(SecurityPolicy.from_version_0(value)) == bits


@pytest.mark.parametrize("length", [0, 7, 9])
def test_a_system_title_has_eight_octets(length):
    with pytest.raises(LocalProtocolError):
        check_system_title(bytes(length))
    assert check_system_title(b"MMM\0\0\0\0\1") == b"MMM\0\0\0\0\1"
