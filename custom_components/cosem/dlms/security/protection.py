"""The protection of one association's APDUs: service-specific and general global or dedicated ciphering, and signing.

IEC 62056-5-3 (protection of xDLMS APDUs). The order on receipt is the point of this module: envelope, security control,
system title, counter, tag - and only then is there a plaintext, and only then does the counter move (rules S6, S8). What
is weaker than, or other than the settings demand is SecurityDowngrade, whatever its tag says (rules S11 to S16).
general-ciphering is in general_ciphering.py.
"""

from dataclasses import dataclass, field
from typing import Final

from ..apdu import decode_apdu, encode_apdu
from ..apdu.acse import AARE, RLRE
from ..apdu.ciphered import (
    DEDICATED_TAGS,
    GENERAL_CIPHERING,
    GENERAL_DED_CIPHERING,
    GENERAL_GLO_CIPHERING,
    GENERAL_SIGNING,
    GLOBAL_TAGS,
    CipheredContent,
    GeneralCiphering,
    GeneralDedCiphering,
    GeneralGloCiphering,
    GeneralHeader,
    GeneralSigning,
    ServiceCiphered,
)
from ..apdu.faults import CONFIRMED_SERVICE_ERROR, EXCEPTION_RESPONSE
from ..errors import (
    AuthenticationTagInvalid,
    DecodeError,
    LocalProtocolError,
    PeerNotAuthenticated,
    SecurityDowngrade,
    SystemTitleMismatch,
)
from ..limits import DEFAULT_LIMITS, Limits
from .cipher import SealingKey, open_sealed, open_unverified, seal
from .counters import ReceivingCounter, SendingCounter
from .general_ciphering import GeneralCipherer, encode_header
from .keys import Secret
from .settings import Envelope, SecuritySettings, check_server_title

_GLOBAL_OF: Final = {plain: tag for tag, plain in GLOBAL_TAGS.items()}
_DEDICATED_OF: Final = {plain: tag for tag, plain in DEDICATED_TAGS.items()}

_ENVELOPE_TAGS: Final = frozenset(
    {*GLOBAL_TAGS, *DEDICATED_TAGS, GENERAL_GLO_CIPHERING, GENERAL_DED_CIPHERING, GENERAL_CIPHERING, GENERAL_SIGNING}
)

PLAIN_TAGS: Final = frozenset({AARE, RLRE, EXCEPTION_RESPONSE, CONFIRMED_SERVICE_ERROR})
"""What may be plain in a ciphered association (rule S12): ACSE, and errors, which end a request and supply no value."""

PLAIN_NOTIFICATION_TAGS: Final = frozenset({0x0F, 0x18, 0xC2})
"""Notifications that nobody protected. They pass, as what they are: not authenticated (rule S23)."""

_INITIATE_REQUEST: Final = 0x01


@dataclass(slots=True, kw_only=True)
class KeyCounters:
    """Both directions' counters of one key."""

    sending: SendingCounter
    receiving: ReceivingCounter = field(default_factory=ReceivingCounter)


@dataclass(slots=True)
class _Key:
    """One encryption key with its counters, and what is made of it once for each direction."""

    key: Secret
    counters: KeyCounters
    sealing: SealingKey | None = None
    opening: SealingKey | None = None


class CipheredProtection:
    """Protects what is sent and verifies what is received in one association. One object, one association.

    ``counters`` belong to the global unicast encryption key and outlive the association. ``dedicated_key`` and
    ``transaction_prefix`` are fresh random octets from the caller, because this layer has no source of them.
    """

    def __init__(
        self,
        settings: SecuritySettings,
        counters: KeyCounters,
        *,
        dedicated_key: Secret | None = None,
        dedicated_counter: SendingCounter | None = None,
        general: GeneralCipherer | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        """Start before the AARQ. ``general`` is needed for the envelope general-ciphering and for signing.

        ``dedicated_counter``: what the dedicated key counts with, unless it starts from 0 by itself.
        """
        key = settings.global_unicast_encryption_key
        if key is None or not settings.is_ciphered:
            raise LocalProtocolError("an association without ciphering has nothing to protect")
        if settings.use_dedicated_key != (dedicated_key is not None):
            raise LocalProtocolError("a dedicated key goes with the setting that uses one")
        if general is None and (settings.sign or settings.envelope is Envelope.GENERAL_CIPHERING):
            raise LocalProtocolError("general-ciphering and signing need transaction ids")
        self.settings: Final = settings
        self._sent_control = settings.sent_control
        self._expected_control = settings.expected_control
        self.dedicated_key: Final = dedicated_key
        self.server_system_title = settings.server_system_title
        self._limits = limits
        self._global = _Key(key, counters)
        self._dedicated = None
        if dedicated_key is not None:
            # The dedicated key lives as long as the association: its counter starts at 0 and needs no store (rule S5).
            sending = dedicated_counter or SendingCounter(0, ceiling=2**32)
            self._dedicated = _Key(dedicated_key, KeyCounters(sending=sending))
        self._general = general
        self._verifies = not settings.accept_unverified

    @property
    def dedicated_counter(self) -> SendingCounter | None:
        """The sending counter of the dedicated key, if there is one."""
        return None if self._dedicated is None else self._dedicated.counters.sending

    # -- identity

    def learn_server_title(self, title: bytes | None) -> None:
        """Take the system title of the AARE. SystemTitleMismatch when another one is pinned (rule S13)."""
        self.server_system_title = check_server_title(
            title, self.settings.client_system_title, self.server_system_title
        )

    # -- sending

    def protect(self, apdu: bytes) -> bytes:
        """Return the protected APDU. InvocationCounterExhausted when no counter may be used."""
        return self._sign(self._protect(apdu))

    def _protect(self, apdu: bytes) -> bytes:
        settings = self.settings
        tag = apdu[0]
        if settings.envelope is Envelope.GENERAL_CIPHERING:
            return self._protect_generally(apdu)
        # The dedicated key arrives inside of the InitiateRequest, which therefore needs the global one.
        dedicated = None if tag == _INITIATE_REQUEST else self._dedicated
        content = self._seal(dedicated or self._global, apdu)
        service_tag = (_DEDICATED_OF if dedicated else _GLOBAL_OF).get(tag)
        if settings.envelope is Envelope.SERVICE_SPECIFIC and service_tag is not None:
            return encode_apdu(ServiceCiphered(service_tag, content))
        general = GeneralDedCiphering if dedicated else GeneralGloCiphering
        return encode_apdu(general(settings.client_system_title, content))

    def _seal(self, key: _Key, apdu: bytes) -> CipheredContent:
        counter = key.counters.sending.take()
        return CipheredContent(self._sent_control, counter, seal(self._sealing(key), counter, apdu))

    def _sealing(self, key: _Key) -> SealingKey:
        if key.sealing is None:
            key.sealing = SealingKey(
                key=key.key,
                authentication_key=self.settings.authentication_key,
                control=self._sent_control,
                system_title=self.settings.client_system_title,
            )
        return key.sealing

    def _opening(self, key: _Key, title: bytes) -> SealingKey:
        if key.opening is None or key.opening.system_title != title:
            key.opening = SealingKey(
                key=key.key,
                authentication_key=self.settings.authentication_key,
                control=self._expected_control,
                system_title=title,
            )
        return key.opening

    def _protect_generally(self, apdu: bytes) -> bytes:
        assert self._general is not None  # checked when this object was made
        return encode_apdu(self._general.protect(apdu, self.server_system_title or b"", self._global.counters.sending))

    def _sign(self, apdu: bytes) -> bytes:
        if not self.settings.sign:
            return apdu
        assert self._general is not None  # checked when this object was made
        signing_key = self.settings.key_pairs.signing_key
        assert signing_key is not None  # checked by the settings
        header = self._general.new_header(self.server_system_title or b"")
        unsigned = GeneralSigning(header, apdu, b"")
        return encode_apdu(GeneralSigning(header, apdu, signing_key.sign(_signed_part(unsigned))))

    # -- receiving

    def unprotect(self, apdu: bytes) -> bytes:
        """Return the plain APDU after everything about it was verified.

        Raises AuthenticationTagInvalid, InvocationCounterReplayed, SystemTitleMismatch, SecurityDowngrade,
        PeerNotAuthenticated (signature), DecodeError. Plain errors and ACSE APDUs come back as they are.
        """
        tag = apdu[0]
        if tag in PLAIN_TAGS or tag in PLAIN_NOTIFICATION_TAGS:
            return apdu
        try:
            plain = self._unprotect(self._check_signature(apdu))
        except PeerNotAuthenticated:
            # A signature is the tag of a signed message: one that does not fit says nothing about our credentials.
            raise AuthenticationTagInvalid("the signature does not fit") from None
        if not plain:
            raise DecodeError("a protected APDU with nothing in it")
        if plain[0] in _ENVELOPE_TAGS:
            raise SecurityDowngrade("a protected APDU inside of a protected APDU")
        return plain

    def _check_signature(self, apdu: bytes) -> bytes:
        signed = apdu[0] == GENERAL_SIGNING
        if signed != self.settings.sign:
            raise SecurityDowngrade("a signature was not agreed on" if signed else "the signature is missing")
        if not signed:
            return apdu
        decoded = decode_apdu(apdu, self._limits)
        assert isinstance(decoded, GeneralSigning)  # by its tag
        self._check_header(decoded.header)
        public_key = self.settings.key_pairs.server_signing_key
        assert public_key is not None  # checked by the settings
        public_key.verify(decoded.signature, _signed_part(decoded))
        if not decoded.content:
            raise DecodeError("a signed APDU with nothing in it")
        return decoded.content

    def _unprotect(self, apdu: bytes) -> bytes:
        tag = apdu[0]
        if tag not in _ENVELOPE_TAGS:
            raise SecurityDowngrade(f"an APDU with tag {tag:02X} came without protection")
        decoded = decode_apdu(apdu, self._limits)
        match decoded:
            case ServiceCiphered():
                expected = GLOBAL_TAGS.get(tag, DEDICATED_TAGS.get(tag))
                plain = self._open(self._key(dedicated=tag in DEDICATED_TAGS), decoded.content)
                if plain[:1] != bytes((expected or 0,)):
                    raise SecurityDowngrade(f"tag {tag:02X} holds another APDU than it says")
                return plain
            case GeneralGloCiphering() | GeneralDedCiphering():
                self._check_title(decoded.system_title)
                return self._open(self._key(dedicated=tag == GENERAL_DED_CIPHERING), decoded.content)
            case GeneralCiphering():
                return self._open_generally(decoded)
            case _:
                raise SecurityDowngrade("a signed APDU inside of a signed APDU")

    def _key(self, *, dedicated: bool) -> _Key:
        if self.settings.envelope is Envelope.GENERAL_CIPHERING:
            raise SecurityDowngrade("the meter answers general-ciphering with something else")
        if not dedicated:
            return self._global
        if self._dedicated is None:
            raise SecurityDowngrade("the meter uses a dedicated key that does not exist")
        return self._dedicated

    def _open(self, key: _Key, content: CipheredContent) -> bytes:
        control = self._expected_control
        if content.security_control != control:
            raise SecurityDowngrade(
                f"security control {content.security_control.raw:02X}, where {control.raw:02X} was agreed on"
            )
        counter = content.invocation_counter
        assert counter is not None  # every control that we expect protects something
        title = self.server_system_title
        if title is None:
            raise SystemTitleMismatch("a protected APDU from a meter whose system title is not known")
        key.counters.receiving.check(counter)
        opening = self._opening(key, title)
        if not self._verifies:
            return open_unverified(opening, counter, content.payload)
        plain = open_sealed(opening, counter, content.payload)
        if control.authenticated:
            key.counters.receiving.commit(counter)
        return plain

    def _open_generally(self, apdu: GeneralCiphering) -> bytes:
        if self._general is None or self.settings.envelope is not Envelope.GENERAL_CIPHERING:
            raise SecurityDowngrade("general-ciphering was not agreed on")
        self._check_header(apdu.header)
        title = self.server_system_title
        assert title is not None  # the header was checked against it
        return self._general.unprotect(apdu, title, self._global.counters.receiving)

    def _check_title(self, title: bytes) -> None:
        # An empty title means the one known from the association.
        if title and title != self.server_system_title:
            raise SystemTitleMismatch("a protected APDU carries another system title than the meter's")

    def _check_header(self, header: GeneralHeader) -> None:
        if self.server_system_title is None:
            raise SystemTitleMismatch("a protected APDU from a meter whose system title is not known")
        self._check_title(header.originator_system_title)
        if header.recipient_system_title not in {b"", self.settings.client_system_title}:
            raise SystemTitleMismatch("a protected APDU is addressed to somebody else")


def _signed_part(apdu: GeneralSigning) -> bytes:
    """Return what a general-signing signature covers: the five fields and the content, each with its length."""
    return encode_header(apdu.header, apdu.content)
