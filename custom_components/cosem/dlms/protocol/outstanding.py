"""The request of an association that is unanswered, and the invoke-ids that tell answers apart (rule S22)."""

from typing import Final

from ..apdu.common import InvokeIdAndPriority
from ..errors import ExceptionReceived, ServiceErrorCode, StateErrorCode
from ..limits import Limits
from .transfer import ANSWERS, Outcome, Transfer

INVOKE_IDS: Final = 16
_FIRST_INVOKE_ID: Final = 1

_ASSOCIATION_UNKNOWN: Final = (StateErrorCode.SERVICE_NOT_ALLOWED, ServiceErrorCode.OPERATION_NOT_POSSIBLE)
"""The meter knows no association."""


class Outstanding:
    """At most one transfer."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._transfer: Transfer | None = None
        # It goes on over new associations of the same pair.
        self._next_invoke_id = _FIRST_INVOKE_ID

    def first(self, transfer: Transfer, room: int) -> bytes:
        """Return a transfer's first request, of at most ``room`` octets if it can be cut. Raises LocalProtocolError."""
        return transfer.first(InvokeIdAndPriority(self._next_invoke_id), self._limits, room)

    def begin(self, transfer: Transfer) -> None:
        """Note that its first request is sent."""
        self._next_invoke_id = (self._next_invoke_id + 1) % INVOKE_IDS
        self._transfer = transfer

    @property
    def may_be_repeated(self) -> bool:
        """Whether it may be asked again when nobody knows what became of it."""
        return self._transfer is not None and self._transfer.may_be_repeated

    def receive(self, apdu: bytes) -> Outcome | None:
        """Take an answer; None if it belongs to nothing we asked. Raises DecodeError, LimitExceeded."""
        tag, transfer = apdu[0], self._transfer
        if transfer is not None and tag in transfer.answers:
            return transfer.receive(apdu)
        ANSWERS[tag](apdu, self._limits)
        return None

    def end(self) -> None:
        """Forget the transfer."""
        self._transfer = None

    def is_lost_by(self, error: Exception) -> bool:
        """Whether an error says that the meter knows no association."""
        return self._transfer is not None and self._transfer.unknown_means_lost and says_no_association(error)


def says_no_association(error: Exception | None) -> bool:
    """Whether it is exception-response (1, 1); some meters say so to an object that they do not know."""
    if not isinstance(error, ExceptionReceived):
        return False
    return (error.state_error, error.service_error) == _ASSOCIATION_UNKNOWN
