"""Verifies and opens what one peer sends (IEC 62056-5-3, protection of xDLMS APDUs).

The order matters: envelope, signature, security control, system title, counter, tag. Only then is there a
plaintext, and only then does the counter move (rules S6, S8). Other or weaker protection is SecurityDowngrade (rules
S11 to S16).
"""

from dataclasses import dataclass
from typing import Final, NamedTuple, override

from ..apdu import decode_apdu
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
    SecurityControl,
    ServiceCiphered,
)
from ..apdu.faults import CONFIRMED_SERVICE_ERROR, EXCEPTION_RESPONSE
from ..apdu.notification import DATA_NOTIFICATION, EVENT_NOTIFICATION_REQUEST
from ..apdu.short_name import INFORMATION_REPORT_REQUEST
from ..errors import (
    AuthenticationTagInvalid,
    DecodeError,
    PeerNotAuthenticated,
    SecurityDowngrade,
    SystemTitleMismatch,
)
from ..limits import DEFAULT_LIMITS, Limits
from .cipher import SealingKey, open_sealed, open_unverified
from .counters import ReceivingCounter
from .general_ciphering import GeneralCipherer, encode_header
from .keys import Secret
from .settings import Envelope, SecuritySettings, check_server_title

_GENERAL_TAGS: Final = frozenset({GENERAL_GLO_CIPHERING, GENERAL_DED_CIPHERING, GENERAL_CIPHERING, GENERAL_SIGNING})
ENVELOPE_TAGS: Final = frozenset({*GLOBAL_TAGS, *DEDICATED_TAGS, *_GENERAL_TAGS})
"""APDUs that need keys."""

PLAIN_TAGS: Final = frozenset({AARE, RLRE, EXCEPTION_RESPONSE, CONFIRMED_SERVICE_ERROR})
"""May be plain in a ciphered association (rule S12): ACSE, and errors without values."""

NOTIFICATION_TAGS: Final = frozenset({DATA_NOTIFICATION, INFORMATION_REPORT_REQUEST, EVENT_NOTIFICATION_REQUEST})
"""Unsolicited; plain ones pass as not authenticated (rule S23)."""

PROTECTED_NOTIFICATION_TAGS: Final = frozenset(
    {tag for tag, plain in {**GLOBAL_TAGS, **DEDICATED_TAGS}.items() if plain in NOTIFICATION_TAGS} | _GENERAL_TAGS
)
"""The envelopes of notifications."""

_GLO_INITIATE_RESPONSE: Final = 0x28


class Unprotected(NamedTuple):
    """A plain APDU. ``authenticated``: verified, from ``system_title``. ``encrypted``: nobody else could read it.

    ``may_be_old``: no counter tells whether it came before (a notification under a key for one message).
    """

    apdu: bytes
    authenticated: bool = False
    system_title: bytes | None = None
    encrypted: bool = False
    may_be_old: bool = False

    @override
    def __repr__(self) -> str:
        """Return the size only (rule S29)."""
        return f"Unprotected({len(self.apdu)} octets, authenticated={self.authenticated})"


@dataclass(slots=True)
class _Key:
    """A peer's key, its counter, the cached SealingKey."""

    key: Secret
    counter: ReceivingCounter
    opening: SealingKey | None = None


class ReceivingContext:
    """Reads one peer. ``counter``: the global key's, replaceable before its first use.

    ``general``: for general-ciphering.
    """

    def __init__(
        self,
        settings: SecuritySettings,
        counter: ReceivingCounter,
        *,
        dedicated_key: Secret | None = None,
        general: GeneralCipherer | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self.settings: Final = settings
        self.server_system_title = settings.server_system_title
        self._limits = limits
        self._expected_control = settings.expected_control
        self._verifies = not settings.accept_unverified
        key = settings.global_unicast_encryption_key
        assert key is not None  # settings that cipher have one
        self._global = _Key(key, counter)
        self._dedicated = None if dedicated_key is None else _Key(dedicated_key, ReceivingCounter())
        self._general = general
        self.awaits_aare = False
        """Whether the dedicated key has not arrived yet: nothing counts that is protected with it."""
        self.took_global_initiate_response = False
        """Whether the InitiateResponse came under the global key alone where more was agreed (a leniency)."""
        self.took_more_protection = False
        """Whether something was authenticated or encrypted that did not have to be (a leniency)."""
        self._was_encrypted = False
        """Whether the last one was."""

    @property
    def counter(self) -> ReceivingCounter:
        """The global key's."""
        return self._global.counter

    @counter.setter
    def counter(self, counter: ReceivingCounter) -> None:
        self._global.counter = counter

    @property
    def took_identified_key(self) -> bool:
        """Whether general-ciphering came under the global key where another kind was agreed (a leniency)."""
        return self._general is not None and self._general.took_identified_key

    def learn_server_title(self, title: bytes | None) -> None:
        """Take the AARE's title. SystemTitleMismatch if another is pinned (rule S13)."""
        own = self.settings.client_system_title
        self.server_system_title = check_server_title(title, own, self.server_system_title)

    def unprotect(self, apdu: bytes) -> Unprotected:
        """Return the verified plain APDU; plain errors, ACSE and notifications not authenticated.

        Raises AuthenticationTagInvalid, InvocationCounterReplayed, SystemTitleMismatch, SecurityDowngrade, DecodeError.
        """
        tag = apdu[0]
        if tag in PLAIN_TAGS or tag in NOTIFICATION_TAGS:
            return Unprotected(apdu)
        try:
            plain = self._open_envelope(self._check_signature(apdu))
        except PeerNotAuthenticated:
            # A signature is the tag of a signed message: one that does not fit says nothing about our credentials.
            raise AuthenticationTagInvalid("the signature does not fit") from None
        if not plain:
            raise DecodeError("a protected APDU with nothing in it")
        if plain[0] in ENVELOPE_TAGS:
            raise SecurityDowngrade("a protected APDU inside of a protected APDU")
        authenticated = self.settings.sign or (self._verifies and self._expected_control.authenticated)
        title = self.server_system_title if authenticated else None
        return Unprotected(plain, authenticated, title, self._was_encrypted)

    def _check_signature(self, apdu: bytes) -> bytes:
        signed = apdu[0] == GENERAL_SIGNING
        if self.settings.sign and self._is_usual_initiate_response(apdu[0]):
            return apdu
        if signed != self.settings.sign:
            raise SecurityDowngrade("a signature was not agreed on" if signed else "the signature is missing")
        if not signed:
            return apdu
        decoded = decode_apdu(apdu, self._limits)
        assert isinstance(decoded, GeneralSigning)  # by its tag
        self._check_header(decoded.header)
        public_key = self.settings.key_pairs.server_signing_key
        assert public_key is not None  # checked by the settings
        public_key.verify(decoded.signature, signed_part(decoded))
        if not decoded.content:
            raise DecodeError("a signed APDU with nothing in it")
        return decoded.content

    def _open_envelope(self, apdu: bytes) -> bytes:
        tag = apdu[0]
        if tag not in ENVELOPE_TAGS:
            raise SecurityDowngrade(f"an APDU with tag {tag:02X} came without protection")
        decoded = decode_apdu(apdu, self._limits)
        match decoded:
            case ServiceCiphered():
                expected = GLOBAL_TAGS.get(tag, DEDICATED_TAGS.get(tag))
                plain = self._open(self._key(tag, dedicated=tag in DEDICATED_TAGS), decoded.content)
                if plain[:1] != bytes((expected or 0,)):
                    raise SecurityDowngrade(f"tag {tag:02X} holds another APDU than it says")
                return plain
            case GeneralGloCiphering() | GeneralDedCiphering():
                self._check_title(decoded.system_title)
                return self._open(self._key(tag, dedicated=tag == GENERAL_DED_CIPHERING), decoded.content)
            case GeneralCiphering():
                return self._open_generally(decoded)
            case _:
                raise SecurityDowngrade("a signed APDU inside of a signed APDU")

    def _is_usual_initiate_response(self, tag: int) -> bool:
        """Note the glo- form of an InitiateResponse, which meters use whatever was agreed for services."""
        usual = self.awaits_aare and tag == _GLO_INITIATE_RESPONSE and self._verifies
        self.took_global_initiate_response |= usual
        return usual

    def _key(self, tag: int, *, dedicated: bool) -> _Key:
        general = self.settings.envelope is Envelope.GENERAL_CIPHERING
        if general and not self._is_usual_initiate_response(tag):
            raise SecurityDowngrade("the meter answers general-ciphering with something else")
        if not dedicated:
            return self._global
        if self._dedicated is None or self.awaits_aare:
            raise SecurityDowngrade("the meter uses a dedicated key that does not exist")
        return self._dedicated

    def _open(self, key: _Key, content: CipheredContent) -> bytes:
        control = content.security_control
        self._check_control(control)
        counter = content.invocation_counter
        assert counter is not None  # every control that we expect protects something
        title = self.server_system_title
        if title is None:
            raise SystemTitleMismatch("a protected APDU from a meter whose system title is not known")
        key.counter.check(counter)
        opening = self._opening(key, title, control)
        if not self._verifies:
            return open_unverified(opening, counter, content.payload)
        plain = open_sealed(opening, counter, content.payload)
        if control.authenticated:
            key.counter.commit(counter)
        return plain

    def _check_control(self, control: SecurityControl) -> None:
        if not self.settings.accepts(control):
            expected = self._expected_control
            raise SecurityDowngrade(f"security control {control.raw:02X}, where {expected.raw:02X} was agreed on")
        self.took_more_protection |= control != self._expected_control
        self._was_encrypted = control.encrypted

    def _opening(self, key: _Key, title: bytes, control: SecurityControl) -> SealingKey:
        if key.opening is None or (key.opening.system_title, key.opening.control) != (title, control):
            key.opening = SealingKey(
                key=key.key,
                authentication_key=self.settings.authentication_key,
                control=control,
                system_title=title,
            )
        return key.opening

    def _open_generally(self, apdu: GeneralCiphering) -> bytes:
        if self._general is None or self.settings.envelope is not Envelope.GENERAL_CIPHERING:
            raise SecurityDowngrade("general-ciphering was not agreed on")
        self._check_header(apdu.header)
        self._check_control(apdu.content.security_control)
        title = self.server_system_title
        assert title is not None  # the header was checked against it
        return self._general.unprotect(apdu, title, self._global.counter)

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


def signed_part(apdu: GeneralSigning) -> bytes:
    """Return the signed octets: five fields and content, each with its length."""
    return encode_header(apdu.header, apdu.content)
