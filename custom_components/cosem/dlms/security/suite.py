"""Security suites and the security control octet (IEC 62056-5-3)."""

from enum import IntEnum, IntFlag
from typing import Final

from ..apdu.ciphered import SecurityControl
from ..errors import LocalProtocolError

SYSTEM_TITLE_LENGTH: Final = 8
TAG_LENGTH: Final = 12
"""In every suite; shorter tags are refused (rule S9)."""


class SecuritySuite(IntEnum):
    """The three suites."""

    SUITE_0 = 0
    """AES-GCM-128, AES-128 key wrap."""
    SUITE_1 = 1
    """AES-GCM-128, ECDSA and ECDH on P-256, SHA-256."""
    SUITE_2 = 2
    """AES-GCM-256, ECDSA and ECDH on P-384, SHA-384."""

    @property
    def key_length(self) -> int:
        """Octets of a symmetric key."""
        return 32 if self is SecuritySuite.SUITE_2 else 16

    @property
    def coordinate_length(self) -> int:
        """Octets of a coordinate, of r and of s. LocalProtocolError for suite 0."""
        if self is SecuritySuite.SUITE_0:
            raise LocalProtocolError("security suite 0 has no public key algorithm")
        return 48 if self is SecuritySuite.SUITE_2 else 32


class Protection(IntFlag):
    """Protection of a message, as in the security control octet."""

    NONE = 0x00
    AUTHENTICATED = 0x10
    ENCRYPTED = 0x20
    AUTHENTICATED_ENCRYPTED = 0x30


def security_control(suite: SecuritySuite, protection: Protection) -> SecurityControl:
    """Return the octet: unicast key set, not compressed; compared whole (rule S11)."""
    return SecurityControl(suite.value | protection.value)


class SecurityPolicy(IntFlag):
    """Security policy: attribute 2 of Security setup version 1 (class 64)."""

    NONE = 0x00
    REQUESTS_AUTHENTICATED = 0x04
    REQUESTS_ENCRYPTED = 0x08
    REQUESTS_SIGNED = 0x10
    RESPONSES_AUTHENTICATED = 0x20
    RESPONSES_ENCRYPTED = 0x40
    RESPONSES_SIGNED = 0x80

    @classmethod
    def from_version_0(cls, value: int) -> SecurityPolicy:
        """Translate version 0: 1 authenticated, 2 encrypted, 3 both."""
        policy = cls.NONE
        if value & 1:
            policy |= cls.REQUESTS_AUTHENTICATED | cls.RESPONSES_AUTHENTICATED
        if value & 2:
            policy |= cls.REQUESTS_ENCRYPTED | cls.RESPONSES_ENCRYPTED
        return policy


def check_system_title(octets: bytes) -> bytes:
    """Return a title of 8 octets; LocalProtocolError for others."""
    if len(octets) != SYSTEM_TITLE_LENGTH:
        raise LocalProtocolError(f"a system title has {SYSTEM_TITLE_LENGTH} octets, not {len(octets)}")
    return octets
