"""Opens what one meter sends unasked, without an association (IEC 62056-5-3, protection of xDLMS APDUs).

The counters are those of its associations: what was accepted in one is a replay here, and the reverse (rules S6, S24).
A notification never makes a counter start anew (rule S7), and an association that does lets no old notification in.
"""

from dataclasses import replace
from typing import Final, NamedTuple

from ..apdu import decode_apdu
from ..apdu.ciphered import (
    DEDICATED_TAGS,
    GENERAL_CIPHERING,
    GENERAL_DED_CIPHERING,
    GENERAL_SIGNING,
    AgreedKey,
    GeneralCiphering,
    GeneralDedCiphering,
    GeneralGloCiphering,
    GeneralSigning,
    KeyInfo,
    WrappedKey,
)
from ..errors import (
    AuthenticationTagInvalid,
    InvocationCounterReplayed,
    LocalProtocolError,
    PeerNotAuthenticated,
    SecurityDowngrade,
    SystemTitleMismatch,
)
from ..limits import DEFAULT_LIMITS, Limits
from .counters import ReceivingCounter, ReceivingCounters
from .general_ciphering import GeneralCipherer
from .receiving import ReceivingContext, Unprotected, signed_part
from .settings import Envelope, KeyInfoKind, SecuritySettings
from .suite import SYSTEM_TITLE_LENGTH

_MOST_CONTEXTS: Final = 64
_MOST_TRIED: Final = 16
_ONE_PASS: Final = b"\x01"


class _Context(NamedTuple):
    receiving: ReceivingContext
    general: GeneralCipherer | None


class NotificationKeys:
    """The keys of one meter; without ``server_system_title`` in the settings, of every meter that has the same.

    ``counters``: of the global key. LocalProtocolError for settings that cipher nothing.
    """

    def __init__(
        self, settings: SecuritySettings, counters: ReceivingCounters, *, limits: Limits = DEFAULT_LIMITS
    ) -> None:
        if not settings.is_ciphered:
            raise LocalProtocolError("settings without protection open no notification")
        self.system_title: Final = settings.server_system_title
        """None: whoever has the keys."""
        self._settings = settings
        self._counters = counters
        self._limits = limits
        self._contexts: dict[tuple[bytes, Envelope, KeyInfoKind], _Context] = {}
        """Of senders that proved who they are."""

    def unprotect(self, apdu: bytes, title: bytes | None) -> Unprotected:
        """Return the verified plain APDU. ``title``: told by the APDU, None where it has none.

        Raises AuthenticationTagInvalid, InvocationCounterReplayed, SystemTitleMismatch, SecurityDowngrade, DecodeError.
        """
        if self.system_title not in {None, title or self.system_title}:
            raise SystemTitleMismatch("a notification carries another system title than the meter's", found=title)
        title = title or self.system_title
        if title is None:
            return self._unprotect_of_known(apdu)
        if apdu[0] in DEDICATED_TAGS or apdu[0] == GENERAL_DED_CIPHERING:
            raise SecurityDowngrade("a dedicated key belongs to an association")
        apdu, envelope, general = self._envelope(apdu)
        kind = KeyInfoKind.IDENTIFIED if general is None else _kind_of(general.key_info)
        context = self._contexts.get((title, envelope, kind)) or self._context(title, envelope, kind)
        if general is not None and kind is not KeyInfoKind.IDENTIFIED:
            return self._unprotect_once(apdu, context, general)
        counter = self._counters.of_notifications(title)
        context.receiving.counter = counter
        plain = context.receiving.unprotect(apdu)
        if plain.authenticated:  # only now is anything remembered of a title that anybody can write
            self._counters.notified(title, counter)  # new: it is above of_notifications()
            self._counters.proved(title, counter)
            if len(self._contexts) < _MOST_CONTEXTS:
                self._contexts[title, envelope, kind] = context
        return plain

    def _unprotect_of_known(self, apdu: bytes) -> Unprotected:
        """Open what tells no title, from a sender that proved before who it is: the tag tells which one."""
        for title in self._counters.titles[-_MOST_TRIED:]:
            try:
                plain = self.unprotect(apdu, title)
            except AuthenticationTagInvalid, InvocationCounterReplayed:
                continue
            if plain.authenticated:
                return plain
        raise SystemTitleMismatch("a notification without a system title, from a meter whose title is not known")

    def _unprotect_once(self, apdu: bytes, context: _Context, general: GeneralCiphering) -> Unprotected:
        """Open what has a key of its own; its counter begins with 0, and so tells nothing."""
        assert context.general is not None  # made for this envelope
        context.general.expect(general.header.transaction_id)
        return context.receiving.unprotect(apdu)._replace(may_be_old=True)

    def _envelope(self, apdu: bytes) -> tuple[bytes, Envelope, GeneralCiphering | None]:
        """Return what is to be opened, and its envelope. Raises DecodeError, LimitExceeded."""
        # Meters choose the envelope of a push on their own, and may sign it besides: the tag inside proves it all the
        # same to whoever has no key to verify signatures.
        if apdu[0] not in {GENERAL_CIPHERING, GENERAL_SIGNING}:
            return apdu, Envelope.SERVICE_SPECIFIC, None
        decoded = decode_apdu(apdu, self._limits)
        if isinstance(decoded, GeneralSigning) and decoded.content:
            if not self._settings.sign:
                self._verify_signature(decoded)
                apdu = decoded.content
            decoded = decode_apdu(decoded.content, self._limits)
        if isinstance(decoded, GeneralCiphering):
            return apdu, Envelope.GENERAL_CIPHERING, decoded
        return apdu, Envelope.SERVICE_SPECIFIC, None

    def _verify_signature(self, apdu: GeneralSigning) -> None:
        public_key = self._settings.key_pairs.server_signing_key
        try:
            if public_key is not None:
                public_key.verify(apdu.signature, signed_part(apdu))
        except PeerNotAuthenticated:
            raise AuthenticationTagInvalid("the signature does not fit") from None

    def _context(self, title: bytes, envelope: Envelope, kind: KeyInfoKind) -> _Context:
        try:
            settings = replace(
                self._settings, server_system_title=title, use_dedicated_key=False, envelope=envelope, key_info=kind
            )
        except LocalProtocolError as error:
            raise SecurityDowngrade("a notification under another kind of key than there are") from error
        general = GeneralCipherer(settings, bytes) if envelope is Envelope.GENERAL_CIPHERING else None
        return _Context(ReceivingContext(settings, ReceivingCounter(), general=general, limits=self._limits), general)


def _kind_of(key_info: KeyInfo | None) -> KeyInfoKind:
    match key_info:
        case WrappedKey():
            return KeyInfoKind.WRAPPED
        case AgreedKey(key_parameters=parameters):
            one_pass = parameters == _ONE_PASS
            return KeyInfoKind.AGREED_ONE_PASS if one_pass else KeyInfoKind.AGREED_STATIC
    return KeyInfoKind.IDENTIFIED


def told_title(apdu: bytes, limits: Limits = DEFAULT_LIMITS) -> bytes | None:
    """Return the system title that a general envelope tells, unproven; None where there is none.

    Raises DecodeError, LimitExceeded.
    """
    match decode_apdu(apdu, limits):
        case GeneralGloCiphering(title) | GeneralDedCiphering(title):
            found = title
        case GeneralCiphering(header) | GeneralSigning(header):
            found = header.originator_system_title
        case _:
            return None
    return found if len(found) == SYSTEM_TITLE_LENGTH else None
