"""Stage two of the way in: general blocks (tag E0) are joined before anything is unprotected.

A protected APDU is cut as a whole. Some meters protect each block instead: those go through a second Reassembly,
behind the protection. Pushed blocks are never acknowledged, whatever they ask for.
"""

from dataclasses import replace
from typing import Final

from ..apdu import decode_apdu
from ..apdu.block import GeneralBlockTransfer
from ..apdu.ciphered import DEDICATED_TAGS, GLOBAL_TAGS
from ..limits import Limits
from ..security.receiving import NOTIFICATION_TAGS, PROTECTED_NOTIFICATION_TAGS
from .dropped_apdus import DroppedApduLimits
from .general_blocks import OWN_WINDOW, BlockOutcome, GeneralBlocks

_DROPPED: Final = BlockOutcome()
_LEFT_OVER: Final = BlockOutcome(belongs=True, is_late=True)

_NO_BLOCKS: Final = frozenset({0, 0xFFFF})
"""What a push acknowledges: nothing. One library writes -1 into every second block (leniency "acknowledges -1")."""

_EITHER_TAGS: Final = PROTECTED_NOTIFICATION_TAGS - GLOBAL_TAGS.keys() - DEDICATED_TAGS.keys()
"""What is inside is not known before it is whole."""

_PUSHED_TAGS: Final = NOTIFICATION_TAGS | PROTECTED_NOTIFICATION_TAGS - _EITHER_TAGS


class Reassembly:
    """The general blocks of one association, or of wPorts without one."""

    def __init__(self, limits: Limits, dropped_apdus: DroppedApduLimits | None = None) -> None:
        """``dropped_apdus``: knows the time, and whether messages get lost."""
        self._limits = limits
        self.exchange: Final = GeneralBlocks(
            limits, most=limits.assembled_value, answers=True, dropped_apdus=dropped_apdus
        )
        """Requests and answers."""
        self._pushed: Final = GeneralBlocks(limits, most=limits.pushed_value, answers=False)
        self._window_of_push: int | None = None
        """What the sender of a push under way says; it tells the push from an answer under way."""
        self._is_silent = False
        """Whether the sender takes no block, and what it sends may be a push."""

    @property
    def is_pushed(self) -> bool:
        """Whether a push has begun and not ended."""
        return bool(self._pushed.number)

    def receive(self, apdu: bytes, *, waiting: bool) -> BlockOutcome:
        """Take an encoded block. ``waiting``: an answer is awaited. Raises DecodeError, LimitExceeded."""
        block = decode_apdu(apdu, self._limits)
        assert isinstance(block, GeneralBlockTransfer)  # the tag says so
        tag = block.block_data[0] if block.block_data else None
        is_first = block.block_number == 1 and block.block_number_ack == 0
        if is_first and (tag in _PUSHED_TAGS or (tag in _EITHER_TAGS and not waiting)):
            self._window_of_push = block.window
            return self._receive_pushed(block)
        if self._continues_push(block, waiting=waiting):
            return self._receive_pushed(block)
        if not waiting:
            return _LEFT_OVER if self.exchange.is_left_over(block) else _DROPPED
        if is_first:
            self._is_silent = block.window == 0 and tag in _EITHER_TAGS
        outcome = self.exchange.receive(block)
        # ask_again() acknowledges if the sender waits after all.
        return replace(outcome, replies=()) if self._is_silent else outcome

    def _continues_push(self, block: GeneralBlockTransfer, *, waiting: bool) -> bool:
        acknowledges = block.block_number_ack not in _NO_BLOCKS
        if not self._pushed.number or acknowledges or block.window != self._window_of_push:
            return False
        # Datagrams overtake each other. While an answer may be under way, a block too early is rather one of that.
        early = 1 if waiting else OWN_WINDOW
        return 1 <= block.block_number <= self._pushed.number + early

    def _receive_pushed(self, block: GeneralBlockTransfer) -> BlockOutcome:
        return replace(self._pushed.receive(block), aborted=False, is_pushed=True)
