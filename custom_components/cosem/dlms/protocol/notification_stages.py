"""The way in for what belongs to no association: reassembly, unprotect, reassembly. Sans-IO.

Blocks are joined before anything is unprotected; of a sender that protects each block instead, behind it.
"""

from typing import Final, NamedTuple

from ..apdu.block import GENERAL_BLOCK_TRANSFER
from ..errors import DlmsError, UnexpectedApdu
from ..limits import Limits
from ..security.receiving import NOTIFICATION_TAGS, PROTECTED_NOTIFICATION_TAGS, Unprotected
from .notification_senders import NotificationSenders
from .reassembly import Reassembly

_EXPECTED: Final = "where a notification was expected"


class Taken(NamedTuple):
    """``notification``: or ``error``, why the whole ``refused`` cannot be read; neither for a block of a push."""

    notification: Unprotected | None = None
    error: DlmsError | None = None
    refused: bytes = b""
    is_useful: bool = True


_USEFUL, _USELESS = Taken(), Taken(is_useful=False)


class NotificationStages:
    """Of one sender and one pair of wPorts."""

    def __init__(self, senders: NotificationSenders, limits: Limits) -> None:
        self._senders = senders
        self._outside = Reassembly(limits)
        self._inside = Reassembly(limits)

    @property
    def is_joining(self) -> bool:
        """Whether blocks wait for more."""
        return self._outside.is_pushed or self._inside.is_pushed

    def receive(self, apdu: bytes) -> Taken:
        """Take an APDU. Raises DecodeError, LimitExceeded for a broken block."""
        if apdu[0] != GENERAL_BLOCK_TRANSFER:
            return self._open(apdu)
        outcome = self._outside.receive(apdu, waiting=False)
        if outcome.whole:
            return self._open(outcome.whole)
        return _USEFUL if outcome.is_new or outcome.belongs else _USELESS

    def _open(self, apdu: bytes) -> Taken:
        if apdu[0] in NOTIFICATION_TAGS:
            return Taken(Unprotected(apdu))
        try:
            if apdu[0] not in PROTECTED_NOTIFICATION_TAGS:
                raise UnexpectedApdu(apdu[0], _EXPECTED)
            plain = self._senders.unprotect(apdu)
            if plain.apdu[0] == GENERAL_BLOCK_TRANSFER:
                return self._join(plain)
            return _checked(plain)
        except DlmsError as error:
            return Taken(error=error, refused=apdu)

    def _join(self, plain: Unprotected) -> Taken:
        outcome = self._inside.receive(plain.apdu, waiting=False)
        if outcome.whole:
            return _checked(plain._replace(apdu=outcome.whole))
        return _USEFUL if outcome.is_new or outcome.belongs else _USELESS


def _checked(plain: Unprotected) -> Taken:
    if plain.apdu[0] not in NOTIFICATION_TAGS:
        raise UnexpectedApdu(plain.apdu[0], _EXPECTED)
    return Taken(plain)
