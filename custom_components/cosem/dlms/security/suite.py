"""Security suites, the security control octet, and the protection level of an association.

IEC 62056-5-3 (security suites, security header). Pure values; knows nothing of keys and ciphers.
"""

from enum import IntEnum, IntFlag
from typing import Final

from ..apdu.ciphered import SecurityControl
from ..errors import LocalProtocolError

SYSTEM_TITLE_LENGTH: Final = 8
TAG_LENGTH: Final = 12
"""Authentication tags have 12 octets in every suite; a shorter one is refused (rule S9)."""


class SecuritySuite(IntEnum):
    """The three suites of the standard."""

    SUITE_0 = 0
    """AES-GCM-128, AES-128 key wrap."""
    SUITE_1 = 1
    """AES-GCM-128, ECDSA and ECDH on P-256, SHA-256."""
    SUITE_2 = 2
    """AES-GCM-256, ECDSA and ECDH on P-384, SHA-384."""

    @property
    def key_length(self) -> int:
        """Octets of every symmetric key of the suite."""
        return 32 if self is SecuritySuite.SUITE_2 else 16

    @property
    def coordinate_length(self) -> int:
        """Octets of one coordinate of a public key, of r and of s; suite 0 has no key pairs."""
        if self is SecuritySuite.SUITE_0:
            raise LocalProtocolError("security suite 0 has no public key algorithm")
        return 48 if self is SecuritySuite.SUITE_2 else 32


class Protection(IntFlag):
    """Protection of a message, with the values that the two bits have in the security control octet."""

    NONE = 0x00
    AUTHENTICATED = 0x10
    ENCRYPTED = 0x20
    AUTHENTICATED_ENCRYPTED = 0x30


def security_control(suite: SecuritySuite, protection: Protection) -> SecurityControl:
    """Return the octet that the settings demand: unicast key set, not compressed. Compared whole (rule S11)."""
    return SecurityControl(suite.value | protection.value)


class SecurityPolicy(IntFlag):
    """Security policy of Security setup version 1 (class 64 attribute 2): what a meter demands of each direction."""

    NONE = 0x00
    REQUESTS_AUTHENTICATED = 0x04
    REQUESTS_ENCRYPTED = 0x08
    REQUESTS_SIGNED = 0x10
    RESPONSES_AUTHENTICATED = 0x20
    RESPONSES_ENCRYPTED = 0x40
    RESPONSES_SIGNED = 0x80

    @classmethod
    def from_version_0(cls, value: int) -> SecurityPolicy:
        """Translate the enumeration of Security setup version 0: 1 authenticated, 2 encrypted, 3 both."""
        policy = cls.NONE
        if value & 1:
            policy |= cls.REQUESTS_AUTHENTICATED | cls.RESPONSES_AUTHENTICATED
        if value & 2:
            policy |= cls.REQUESTS_ENCRYPTED | cls.RESPONSES_ENCRYPTED
        return policy


def check_system_title(octets: bytes) -> bytes:
    """Return the title if it has 8 octets; LocalProtocolError otherwise."""
    if len(octets) != SYSTEM_TITLE_LENGTH:
        raise LocalProtocolError(f"a system title has {SYSTEM_TITLE_LENGTH} octets, not {len(octets)}")
    return octets
