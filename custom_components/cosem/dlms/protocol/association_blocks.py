"""The general blocks of one association, where the whole APDU is protected, and where each block is."""

from collections.abc import Callable
from typing import Final

from ..apdu.acse import AARE
from ..limits import Limits
from .dropped_apdus import DroppedApduLimits
from .general_blocks import BlockOutcome
from .leniencies import Leniency
from .proposal import Negotiated
from .reassembly import Reassembly
from .states import OPEN_STATES, State


class AssociationBlocks:
    """Both kinds are kept apart: a plain block is never joined to protected ones."""

    def __init__(self, limits: Limits, dropped_apdus: DroppedApduLimits | None = None) -> None:
        """``dropped_apdus``: knows the time, and whether messages get lost."""
        self._around: Final = Reassembly(limits, dropped_apdus)
        """Cut from protected APDUs."""
        self._inside: Final = Reassembly(limits, dropped_apdus)
        """Protected one by one."""
        self._latest = self._around
        self.protects_each: bool | None = None
        """Whether the peer does: as the last that was whole says, or as it takes a request; None if not seen."""

    @property
    def progress(self) -> tuple[int, int]:
        """Number of the last block in order, and the octets so far."""
        return self._latest.exchange.number, self._latest.exchange.size

    def first_of(self, octets: bytes, limit: int, *, is_protected: bool = False) -> bytes:
        """Return a new request as it is sent: whole, or its first block. What follows answers it.

        ``is_protected``: its blocks will be, each by itself. Raises LocalProtocolError: too many blocks.
        """
        self._around.exchange.begin()
        self._inside.exchange.begin()
        if len(octets) <= limit:
            self._latest = self._around
            return octets
        self._latest = self._inside if is_protected else self._around
        first = self._latest.exchange.send(octets, limit)
        if is_protected:
            self.protects_each = False  # until it takes the first
        return first

    def receive(self, apdu: bytes, *, is_protected: bool, waiting: bool) -> BlockOutcome:
        """Take a block; ``is_protected``: it was. Raises DecodeError, LimitExceeded."""
        self._latest = self._inside if is_protected else self._around
        outcome = self._latest.receive(apdu, waiting=waiting)
        if self._shows_protection(outcome, is_protected=is_protected):
            self.protects_each = is_protected
        return outcome

    def _shows_protection(self, outcome: BlockOutcome, *, is_protected: bool) -> bool:
        if outcome.whole is None:  # what takes a request of ours
            return is_protected and outcome.is_new and self.protects_each is False
        return not outcome.is_pushed and outcome.whole[0] != AARE  # which is never protected

    @property
    def has_part(self) -> bool:
        """Whether something of an answer came, and its end is missing."""
        return max(self._around.exchange.size, self._inside.exchange.size) > 0

    @property
    def is_under_way(self) -> bool:
        """Whether blocks went either way, and an end is missing."""
        return self._around.exchange.is_under_way or self._inside.exchange.is_under_way

    @property
    def will_ask_again(self) -> bool:
        """Whether something is sent after a silence."""
        return self._around.exchange.will_ask_again or self._inside.exchange.will_ask_again

    def ask_again(self, protect: Callable[[bytes], bytes], *, repeats: bool) -> list[bytes]:
        """Return what is sent after a silence; ``repeats``: a whole request may be. Raises as ``protect`` does."""
        around = self._around.exchange.ask_again(repeats=repeats)
        return [*around, *map(protect, self._inside.exchange.ask_again(repeats=repeats))]

    def give_up(self, protect: Callable[[bytes], bytes]) -> list[bytes]:
        """Drop what is under way; return what tells the meter. Raises as ``protect`` does."""
        around, inside = self._around.exchange, self._inside.exchange
        goodbyes = [around.give_up()] if around.is_under_way else []
        return [*goodbyes, *([protect(inside.give_up())] if inside.is_under_way else [])]

    def leniencies(self, state: State, negotiated: Negotiated | None) -> set[Leniency]:
        """Return what the last block does differently."""
        agreed = negotiated is not None and negotiated.has_general_blocks
        tolerated = {
            Leniency.GENERAL_BLOCKS_PROTECTED_EACH: self._latest is self._inside,
            Leniency.EMPTY_BLOCKS_NOT_COUNTED: not self._latest.exchange.counts_empty,
            Leniency.UNNEGOTIATED_GENERAL_BLOCKS: state in OPEN_STATES and not agreed,
            Leniency.AARE_IN_GENERAL_BLOCKS: state is State.ASSOCIATING,
        }
        return {leniency for leniency, is_there in tolerated.items() if is_there}
