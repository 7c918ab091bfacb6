"""The security context of an association (IEC 62056-5-3), frozen and checked."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from ..apdu.ciphered import SecurityControl
from ..errors import LocalProtocolError, SystemTitleMismatch
from .key_pairs import PrivateKey, PublicKey
from .keys import Secret
from .suite import (
    SYSTEM_TITLE_LENGTH,
    TAG_LENGTH,
    Protection,
    SecuritySuite,
    check_system_title,
    security_control,
)

NO_KEY: Final = Secret(b"")
"""For an authentication key that is not used."""

_LENGTH: Final = 3
"""Of a length up to 65 535."""
_CONTENT: Final = 1 + _LENGTH + 1 + 4 + TAG_LENGTH
"""Tag, length, security control, invocation counter, authentication tag."""
_TITLE: Final = 1 + SYSTEM_TITLE_LENGTH
_HEADER: Final = 3 * _TITLE + (1 + 12) + 1
"""Of general-ciphering and general-signing: transaction id, titles, date-time, no other information."""
_IDENTIFIED_KEY: Final = 4
_WRAPPED: Final = 8


class Envelope(Enum):
    """How sent APDUs are protected; received ones may use either of the first two."""

    SERVICE_SPECIFIC = "service-specific"
    """glo-... and ded-...; general ones where these do not exist."""
    GENERAL = "general"
    """general-glo-ciphering and general-ded-ciphering."""
    GENERAL_CIPHERING = "general-ciphering"


class KeyInfoKind(Enum):
    """How general-ciphering names its key."""

    IDENTIFIED = "identified"
    WRAPPED = "wrapped"
    """New for each message, under the master key."""
    AGREED_ONE_PASS = "agreed-one-pass"  # noqa: S105  # the name of a scheme: C(1e,1s)
    AGREED_STATIC = "agreed-static"
    """C(0e,2s): static keys, and a transaction id that never repeats."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KeyPairs:
    """Keys of the public key algorithms; the settings decide which are needed."""

    signing_key: PrivateKey | None = None
    agreement_key: PrivateKey | None = None
    server_signing_key: PublicKey | None = None
    server_agreement_key: PublicKey | None = None
    certificate: bytes = b""
    """Our own for digital signature, X.509 DER; sent with mechanism 7."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SecuritySettings:
    """The security context. LocalProtocolError for wrong lengths, missing keys, equal titles.

    ``server_system_title`` pins the meter (rule S13); without it the first AARE tells. Compared by identity.
    """

    client_system_title: bytes
    server_system_title: bytes | None = None
    suite: SecuritySuite = SecuritySuite.SUITE_0
    protection: Protection = Protection.AUTHENTICATED_ENCRYPTED
    global_unicast_encryption_key: Secret | None = None
    authentication_key: Secret = field(default_factory=lambda: NO_KEY)
    master_key: Secret | None = None
    use_dedicated_key: bool = False
    envelope: Envelope = Envelope.SERVICE_SPECIFIC
    key_info: KeyInfoKind = KeyInfoKind.IDENTIFIED
    authenticate_header: bool = True
    """Whether general-ciphering authenticates its five header fields; one maker leaves them out."""
    sign: bool = False
    """general-signing for every protected APDU, and nothing else."""
    accept_unverified: bool = False
    """Decrypt without authentication key and verification (rule S17)."""
    key_pairs: KeyPairs = KeyPairs()

    def __post_init__(self) -> None:
        check_system_title(self.client_system_title)
        if self.server_system_title is not None:
            check_system_title(self.server_system_title)
            if self.server_system_title == self.client_system_title:
                raise LocalProtocolError("client and meter cannot have the same system title")
        self._check_key("global unicast encryption key", self.global_unicast_encryption_key)
        self._check_key("master key", self.master_key)
        if len(self.authentication_key):
            self._check_key("authentication key", self.authentication_key)
        self._check_needs()

    def _check_key(self, name: str, key: Secret | None) -> None:
        if key is not None and len(key) != self.suite.key_length:
            raise LocalProtocolError(
                f"the {name} of security suite {self.suite.value} has {self.suite.key_length} octets, not {len(key)}"
            )

    def _check_needs(self) -> None:
        pairs = self.key_pairs
        general = self.envelope is Envelope.GENERAL_CIPHERING
        needs: list[tuple[bool, object, str]] = [
            (self.is_ciphered, self.global_unicast_encryption_key, "a global unicast encryption key"),
            (general and self.key_info is KeyInfoKind.WRAPPED, self.master_key, "a master key"),
            (self.sign, pairs.signing_key, "a signing key"),
            (self.sign, pairs.server_signing_key, "the meter's public signing key"),
            (general and self._agrees, pairs.server_agreement_key, "the meter's public key agreement key"),
            (general and self._agrees, pairs.agreement_key, "a key agreement key"),
            (general and self._one_pass, pairs.signing_key, "a signing key"),
            (general and self._one_pass, pairs.server_signing_key, "the meter's public signing key"),
            (general and self._agrees, self.server_system_title, "the meter's system title"),
        ]
        for needed, value, what in needs:
            if needed and value is None:
                raise LocalProtocolError(f"these security settings need {what}")
        if self.use_dedicated_key and (general or not self.is_ciphered):
            raise LocalProtocolError("a dedicated key goes with ciphering by glo-, ded- or their general forms only")
        if self.accept_unverified and self.protection != Protection.AUTHENTICATED_ENCRYPTED:
            raise LocalProtocolError("only authenticated encryption can be decrypted without verifying")
        if general and self._key_without_transaction and not (self.authenticate_header or self.sign):
            # Neither counter nor tag would tell which request an answer belongs to: an old one could be repeated (S6).
            raise LocalProtocolError("a key for one message needs its header authenticated or signed")

    @property
    def _one_pass(self) -> bool:
        return self.key_info is KeyInfoKind.AGREED_ONE_PASS

    @property
    def _key_without_transaction(self) -> bool:
        """Whether keys of messages ignore the transaction id."""
        return self._one_pass or self.key_info is KeyInfoKind.WRAPPED

    @property
    def _agrees(self) -> bool:
        return self._one_pass or self.key_info is KeyInfoKind.AGREED_STATIC

    @property
    def is_ciphered(self) -> bool:
        """Whether APDUs are protected (application context LN with ciphering)."""
        return self.protection != Protection.NONE

    @property
    def sent_control(self) -> SecurityControl:
        """Security control that we send."""
        if self.accept_unverified:
            # Without the authentication key no tag can be computed, only encryption is possible.
            return security_control(self.suite, Protection.ENCRYPTED)
        return security_control(self.suite, self.protection)

    @property
    def expected_control(self) -> SecurityControl:
        """Security control that we accept (rule S11)."""
        return security_control(self.suite, self.protection)

    def accepts(self, control: SecurityControl) -> bool:
        """Return whether received APDUs may have this: what is expected, or more that can be verified as well."""
        expected = self.expected_control
        is_more = control.raw == expected.raw | Protection.AUTHENTICATED_ENCRYPTED
        return control == expected or (is_more and self.is_ciphered and len(self.authentication_key) > 0)

    @property
    def overhead(self) -> int:
        """Octets that protection adds at most, for planning."""
        if not self.is_ciphered:
            return 0
        signature = 0 if not self.sign else _HEADER + _LENGTH + _LENGTH + 2 * self.suite.coordinate_length
        match self.envelope:
            case Envelope.SERVICE_SPECIFIC:
                return _CONTENT + signature
            case Envelope.GENERAL:
                return _CONTENT + _TITLE + signature
        key_info = _IDENTIFIED_KEY
        if self.key_info is KeyInfoKind.WRAPPED:
            key_info += _LENGTH + self.suite.key_length + _WRAPPED
        elif self._one_pass:
            key_info += _LENGTH + 4 * self.suite.coordinate_length
        return _CONTENT + _HEADER + key_info + signature


def check_server_title(title: bytes | None, own: bytes, pinned: bytes | None) -> bytes:
    """Return the meter's title, of the AARE or pinned.

    SystemTitleMismatch: none, not the pinned one (rule S13), not 8 octets, our own (rule S19).
    """
    if title is None:
        if pinned is None:
            raise SystemTitleMismatch("the meter told no system title, and none is configured")
        return pinned
    if len(title) != SYSTEM_TITLE_LENGTH:
        raise SystemTitleMismatch(f"the meter's system title has {len(title)} octets, not {SYSTEM_TITLE_LENGTH}")
    if title == own:
        raise SystemTitleMismatch("the meter uses our own system title")
    if pinned is not None and title != pinned:
        raise SystemTitleMismatch("the meter's system title is not the one this association is pinned to", found=title)
    return title
