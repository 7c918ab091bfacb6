"""Who may send notifications under which keys: of all meters that one program knows."""

from collections.abc import Iterable
from typing import Final

from ..apdu import decode_apdu
from ..apdu.ciphered import GENERAL_SIGNING, GeneralSigning
from ..errors import AuthenticationTagInvalid, InvocationCounterReplayed, SecurityError, SystemTitleMismatch
from ..limits import DEFAULT_LIMITS, Limits
from ..security.notification_keys import NotificationKeys, told_title
from ..security.receiving import NOTIFICATION_TAGS, Unprotected

_PLAIN: Final = frozenset({bytes((tag,)) for tag in NOTIFICATION_TAGS})


class NotificationSenders:
    """Finds the keys of a protected notification. Meters may come and go while it is used."""

    def __init__(self, known: Iterable[NotificationKeys] = (), *, limits: Limits = DEFAULT_LIMITS) -> None:
        self._known: Final = list(known)
        self._limits = limits

    def add(self, keys: NotificationKeys) -> None:
        """Take a meter's notifications from now on."""
        self._known.append(keys)

    def remove(self, keys: NotificationKeys) -> None:
        """Do not take them any more."""
        self._known.remove(keys)

    def unprotect(self, apdu: bytes) -> Unprotected:
        """Return the verified plain APDU. Raises SecurityError, DecodeError.

        SystemTitleMismatch (its ``found`` is the title that the APDU tells): nobody whom we know.
        """
        if (signed := self._signed_only(apdu)) is not None:
            return Unprotected(signed)
        title = told_title(apdu, self._limits)
        suitable = [keys for keys in self._known if title is None or keys.system_title in {None, title}]
        # Several meters of one household may have the same keys, and without a title in it the tag alone tells whose
        # an APDU is.
        refusal: SecurityError | None = None
        for keys in suitable:
            try:
                return keys.unprotect(apdu, title)
            except AuthenticationTagInvalid as error:
                refusal = refusal or error
            except InvocationCounterReplayed as error:
                refusal = error
        raise refusal or SystemTitleMismatch("a protected notification of a meter that is not known", found=title)

    def _signed_only(self, apdu: bytes) -> bytes | None:
        """Return the plain notification in a signature, which is not verified: anybody could have sent it."""
        if apdu[0] != GENERAL_SIGNING:
            return None
        decoded = decode_apdu(apdu, self._limits)
        assert isinstance(decoded, GeneralSigning)  # by its tag
        return decoded.content if decoded.content[:1] in _PLAIN else None
