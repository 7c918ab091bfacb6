"""The request of an association that is unanswered, and the invoke-ids that tell answers apart (rule S22)."""

from collections import deque
from typing import Final

from ..apdu.access import ACCESS_RESPONSE
from ..apdu.common import InvokeIdAndPriority
from ..apdu.short_name import WRITE_RESPONSE
from ..errors import ExceptionReceived, ServiceErrorCode, StateErrorCode
from ..limits import Limits
from .transfer import ANSWERS, Outcome, Transfer
from .transfer.access import Access

INVOKE_IDS: Final = 16
_FIRST_INVOKE_ID: Final = 1

_INVOKE_ID: Final = 0x0F
_WITHOUT_NUMBER: Final = frozenset({ACCESS_RESPONSE, WRITE_RESPONSE})
"""Answers without a short invoke-id."""

_ASSOCIATION_UNKNOWN: Final = (StateErrorCode.SERVICE_NOT_ALLOWED, ServiceErrorCode.OPERATION_NOT_POSSIBLE)
"""The meter knows no association."""


class Outstanding:
    """At most one transfer."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._transfer: Transfer | None = None
        # It goes on over new associations of the same pair.
        self._next_invoke_id = _FIRST_INVOKE_ID
        self._count = _FIRST_INVOKE_ID
        """The long-invoke-id of the next request."""
        self._unasked: deque[tuple[int, frozenset[int]]] = deque(maxlen=INVOKE_IDS)
        """Invoke-ids of services without an answer, and the tags of an answer."""

    def first(self, transfer: Transfer, room: int, *, confirmed: bool = True) -> bytes:
        """Return a transfer's first request, of at most ``room`` octets if it can be cut. Raises LocalProtocolError."""
        if isinstance(transfer, Access):
            transfer.number = self._count
        return transfer.first(InvokeIdAndPriority(self._next_invoke_id, confirmed=confirmed), self._limits, room)

    def begin(self, transfer: Transfer) -> None:
        """Note that its first request is sent."""
        self._count_up()
        self._transfer = transfer

    def tell(self, tags: frozenset[int]) -> None:
        """Note that a service is sent that nobody should answer; some meters do all the same, with one of ``tags``."""
        self._unasked.append((self._next_invoke_id, tags))
        self._count_up()

    def answers_unconfirmed(self, apdu: bytes) -> bool:
        """Return whether it answers a service that nobody should answer, once."""
        for told in self._unasked:
            number, tags = told
            if apdu[0] in tags and (apdu[0] in _WITHOUT_NUMBER or apdu[2] & _INVOKE_ID == number):
                self._unasked.remove(told)
                return True
        return False

    def _count_up(self) -> None:
        self._next_invoke_id = (self._next_invoke_id + 1) % INVOKE_IDS
        self._count += 1

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
