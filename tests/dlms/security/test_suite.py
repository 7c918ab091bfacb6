"""Suites, security control, policy, system titles."""

import pytest

from custom_components.cosem.dlms.errors import LocalProtocolError
from custom_components.cosem.dlms.security.suite import (
    TAG_LENGTH,
    Protection,
    SecurityPolicy,
    SecuritySuite,
    check_system_title,
    security_control,
)


@pytest.mark.parametrize(
    ("suite", "protection", "octet"),
    [
        (SecuritySuite.SUITE_0, Protection.AUTHENTICATED, 0x10),
        (SecuritySuite.SUITE_0, Protection.ENCRYPTED, 0x20),
        (SecuritySuite.SUITE_1, Protection.AUTHENTICATED_ENCRYPTED, 0x31),
        (SecuritySuite.SUITE_2, Protection.AUTHENTICATED_ENCRYPTED, 0x32),
    ],
)
def test_bits_stand_where_the_standard_puts_them(suite, protection, octet):
    assert security_control(suite, protection).raw == octet


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


def test_s09_tags_have_twelve_octets_and_nothing_agreed_on_protects_nothing():
    assert TAG_LENGTH == 12
    assert security_control(SecuritySuite.SUITE_0, Protection.NONE).raw == 0


def test_the_bits_of_a_policy_stand_where_the_standard_puts_them():
    assert {policy.name: policy.value for policy in SecurityPolicy} == {
        "REQUESTS_AUTHENTICATED": 0x04,
        "REQUESTS_ENCRYPTED": 0x08,
        "REQUESTS_SIGNED": 0x10,
        "RESPONSES_AUTHENTICATED": 0x20,
        "RESPONSES_ENCRYPTED": 0x40,
        "RESPONSES_SIGNED": 0x80,
    }
