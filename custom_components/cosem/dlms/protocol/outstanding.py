"""The request of an association that is unanswered, and the invoke-ids that tell answers apart (rule S22)."""

from collections import deque
from collections.abc import Container
from dataclasses import dataclass
from typing import Final

from ..apdu.access import ACCESS_RESPONSE
from ..apdu.common import InvokeIdAndPriority
from ..apdu.short_name import WRITE_RESPONSE
from ..errors import (
    DlmsError,
    ExceptionReceived,
    LocalProtocolError,
    OutcomeUnknown,
    ServiceErrorCode,
    StateErrorCode,
)
from ..limits import Limits
from .answer_order import OrderMarker
from .late_answers import ERRORS, NUMBERED
from .proposal import Negotiated
from .transfer import ANSWERS, Failed, Outcome, Transfer
from .transfer.access import Access
from .transfer.action import ActionList, ActionOne
from .transfer.read import ReadMethod

INVOKE_IDS: Final = 16
_FIRST_INVOKE_ID: Final = 1

_INVOKE_ID: Final = 0x0F
_ASSOCIATION_UNKNOWN: Final = (StateErrorCode.SERVICE_NOT_ALLOWED, ServiceErrorCode.OPERATION_NOT_POSSIBLE)
"""The meter knows no association."""


@dataclass(slots=True)
class _Told:
    """A service that nobody should answer; some meters do all the same, with one of ``tags`` or an error."""

    number: int
    tags: frozenset[int]
    is_settled: bool = False
    """Whether a later request was answered: what has no number comes before that."""


class Outstanding:
    """At most one transfer."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._transfer: Transfer | None = None
        # It goes on over new associations of the same pair.
        self._next_invoke_id = _FIRST_INVOKE_ID
        self._count = _FIRST_INVOKE_ID
        """The long-invoke-id of the next request."""
        self._told: deque[_Told] = deque(maxlen=INVOKE_IDS)
        self._was_doubtful = False
        """Whether what answered last may have answered something else."""

    def first(
        self, transfer: Transfer, room: int, *, confirmed: bool = True, taken: Container[int | None] = ()
    ) -> bytes:
        """Return a transfer's first request, of at most ``room`` octets if it can be cut. Raises LocalProtocolError.

        ``taken``: invoke-ids that are left out while there are others.
        """
        for _ in range(INVOKE_IDS):
            if self._next_invoke_id not in taken:
                break
            self._next_invoke_id = (self._next_invoke_id + 1) % INVOKE_IDS
        if isinstance(transfer, Access):
            transfer.number = self._count
        return transfer.first(InvokeIdAndPriority(self._next_invoke_id, confirmed=confirmed), self._limits, room)

    def agreed_first(self, transfer: Transfer, negotiated: Negotiated, *, taken: Container[int | None]) -> bytes:
        """Return the first request as it was agreed on; whole for general blocks where other blocks cannot be.

        Those of a list begin behind all names in it. Raises LocalProtocolError.
        """
        has_general_blocks = negotiated.has_general_blocks
        try:
            plain = self.first(transfer, negotiated.request_limit - negotiated.overhead, taken=taken)
        except LocalProtocolError:
            if not has_general_blocks:
                raise
        else:
            if not (has_general_blocks and transfer.needs & ~negotiated.conformance):
                return plain
        return self.first(transfer, self._limits.assembled_value)

    def begin(self, transfer: Transfer) -> None:
        """Note that its first request is sent."""
        self._count_up()
        self._transfer = transfer

    def number_of(self, transfer: Transfer) -> int | None:
        """Return the invoke-id that a transfer's answer will have, if it is sent next."""
        if isinstance(transfer, Access):
            return self._count
        return self._next_invoke_id if transfer.answers <= NUMBERED else None

    def tell(self, tags: frozenset[int]) -> None:
        """Note that a service is sent that nobody should answer; ``tags``: of an answer."""
        self._told.append(_Told(self._next_invoke_id, tags))
        self._count_up()

    def answers_unconfirmed(self, apdu: bytes) -> bool:
        """Return whether it may answer a service that nobody should answer, once."""
        told = next((each for each in self._told if _may_answer(apdu, each)), None)
        if told is not None:
            self._told.remove(told)
        return told is not None

    def is_answer_to_told(self, apdu: bytes) -> bool:
        """Return whether it may answer a service that nobody should answer."""
        return any(_may_answer(apdu, each) for each in self._told)

    def is_doubtful(self, transfer: Transfer) -> bool:
        """Return whether its answer could be one to what was told before."""
        return WRITE_RESPONSE in transfer.answers and any(
            WRITE_RESPONSE in each.tags and not each.is_settled for each in self._told
        )

    def settle(self) -> frozenset[int]:
        """Note that a request was answered; return the tags of late answers to what was told before, if any."""
        if self._was_doubtful:
            self._was_doubtful = False
            return frozenset()
        settled = [each for each in self._told if not each.is_settled]
        for each in settled:
            each.is_settled = True
        return frozenset().union(*(each.tags for each in settled))

    def _count_up(self) -> None:
        self._next_invoke_id = (self._next_invoke_id + 1) % INVOKE_IDS
        self._count += 1

    @property
    def may_be_repeated(self) -> bool:
        """Whether it may be asked again when nobody knows what became of it."""
        return self._transfer is not None and self._transfer.may_be_repeated

    @property
    def is_numbered_question(self) -> bool:
        """Whether it may be asked again, and its invoke-id tells the answers from those to other requests."""
        return self._transfer is not None and self._transfer.may_be_repeated and self._transfer.answers <= NUMBERED

    @property
    def answers(self) -> frozenset[int]:
        """Tags of what may answer it."""
        return frozenset() if self._transfer is None else self._transfer.answers

    @property
    def order_marker(self) -> OrderMarker | None:
        """The transfer, if it is one."""
        return self._transfer if isinstance(self._transfer, OrderMarker) else None

    def receive(self, apdu: bytes) -> Outcome | None:
        """Take an answer; None if it belongs to nothing we asked. Raises DecodeError, LimitExceeded."""
        tag, transfer = apdu[0], self._transfer
        if transfer is None or tag not in transfer.answers:
            ANSWERS[tag](apdu, self._limits)
            return None
        outcome = transfer.receive(apdu)
        if outcome is not None and self.is_doubtful(transfer):
            # One more may come.
            self._was_doubtful = True
            return Failed(OutcomeUnknown("the answer may be one to an UnconfirmedWrite"))
        return outcome

    def broken_off(self, error: DlmsError, *, has_part: bool) -> DlmsError:
        """Return what an error means that comes instead of an answer, or of the rest of it.

        ``has_part``: a part of the answer came in general blocks. What has begun to answer may have done what it was
        asked for.
        """
        in_blocks = isinstance(self._transfer, ActionOne | ActionList | ReadMethod) and self._transfer.was_in_blocks
        if self.may_be_repeated or not (has_part or in_blocks):
            return error
        unknown = OutcomeUnknown(f"its answer broke off with {error}")
        unknown.__cause__ = error
        return unknown

    def end(self) -> None:
        """Forget the transfer."""
        self._transfer = None

    def is_lost_by(self, error: Exception) -> bool:
        """Whether an error says that the meter knows no association."""
        return self._transfer is not None and self._transfer.unknown_means_lost and says_no_association(error)


def _may_answer(apdu: bytes, told: _Told) -> bool:
    tag = apdu[0]
    if tag in ERRORS or tag == WRITE_RESPONSE:
        return not told.is_settled and (tag in ERRORS or tag in told.tags)
    return tag in told.tags and (tag == ACCESS_RESPONSE or apdu[2] & _INVOKE_ID == told.number)


def says_no_association(error: Exception | None) -> bool:
    """Whether it is exception-response (1, 1); some meters say so to an object that they do not know."""
    if not isinstance(error, ExceptionReceived):
        return False
    return (error.state_error, error.service_error) == _ASSOCIATION_UNKNOWN
