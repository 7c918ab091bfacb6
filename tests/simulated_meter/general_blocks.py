"""General block transfer as a meter does it: requests put together, answers cut, both with its oddities (E0).

Written from the specification, and without the client's code. Later blocks are not kept while one is missing.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from .association import Reply
from .profile import GeneralBlockFault, GeneralBlocks, Quirks

GENERAL_BLOCK: Final = 0xE0
LAST: Final = 0x80
STREAMING: Final = 0x40
_WINDOW: Final = 0x3F
_HEAD: Final = 7
_OVERHEAD: Final = 9
"""Octets of a block besides its data, at most."""
_LEAST_OVERHEAD: Final = 7
_ONE_LENGTH_OCTET: Final = 134
"""Octets of a block whose data has a length of one octet."""
_LEAST_DATA: Final = 8

type Serve = Callable[[bytes], Reply]


def write_block(control: int, number: int, acknowledged: int, data: bytes = b"") -> bytes:
    """Return an encoded block."""
    length = len(data).to_bytes(2)
    head = length[1:] if len(data) < 0x80 else b"\x82" + length
    return bytes([GENERAL_BLOCK, control]) + number.to_bytes(2) + acknowledged.to_bytes(2) + head + data


def read_block(apdu: bytes) -> tuple[int, int, int, bytes] | None:
    """Return control, number, acknowledged number and data; None for what is no block."""
    if len(apdu) < _HEAD or apdu[0] != GENERAL_BLOCK:
        return None
    start, length = _HEAD, apdu[6]
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(apdu[_HEAD:start])
    if len(apdu) != start + length:
        return None
    return apdu[1], int.from_bytes(apdu[2:4]), int.from_bytes(apdu[4:6]), apdu[start:]


class GeneralBlockPeer:
    """The meter's end of the transfers with one client."""

    def __init__(self, quirks: Quirks) -> None:
        self._quirks = quirks
        self._fault = quirks.general_block_fault
        self._forget()

    def _forget(self) -> None:
        self._taken = bytearray()
        self._in_order = 0
        self._number = 0
        self._queue: dict[int, bytes] = {}
        self._spoilt = False
        self._by_blocks = False
        self._size = 0

    # -- the way through

    def exchange(self, apdu: bytes, serve: Serve, size: int) -> Reply:
        """Answer an APDU that may be a block; ``size``: octets of an answer, 0 if it is never cut."""
        reply = self._exchange(apdu, serve, size)
        sent = [*reply.stray, reply.apdu or b""]
        if self._fault is not GeneralBlockFault.DOUBLES or sent[-1][:1] != bytes([GENERAL_BLOCK]):
            return reply
        return replace(_several([each for block in sent for each in (block, block)]), close=reply.close)

    def _exchange(self, apdu: bytes, serve: Serve, size: int) -> Reply:
        if apdu[0] != GENERAL_BLOCK or self._quirks.general_blocks is GeneralBlocks.NEVER:
            self._forget()
            return self._cut(serve(apdu), size)
        block = read_block(apdu)
        if block is None:
            return Reply()
        control, number, acknowledged, data = block
        if number == 0:
            self._forget()
            return Reply()
        if self._queue and not data:
            if number == self._in_order + 1:
                self._in_order = number  # empty blocks count, too
            return self._go_on(acknowledged, control & _WINDOW)
        if number == 1 and acknowledged == 0:
            self._forget()
        self._by_blocks = True
        if number == self._in_order + 1 and data:
            self._in_order = number
            self._taken += data
            if control & LAST:
                whole = bytes(self._taken)
                self._taken.clear()
                return self._cut(serve(whole), size, control & _WINDOW)
        return Reply() if control & STREAMING or not self._taken else Reply(self._acknowledgement())

    def _acknowledgement(self) -> bytes:
        number = self._number + 1
        self._number = self._number if self._fault is GeneralBlockFault.UNCOUNTED else number
        return write_block(LAST | self._quirks.general_block_window, number, self._in_order)

    # -- the answer

    def _cut(self, reply: Reply, size: int, window: int = 1) -> Reply:
        """Return an answer in blocks where it has to be."""
        apdu = reply.apdu
        answers_in_blocks = self._by_blocks and not self._quirks.general_block_answer_plain
        if apdu is None or not size or not (answers_in_blocks or len(apdu) > size):
            return reply
        first: tuple[bytes, ...] = ()
        if self._fault is GeneralBlockFault.EMPTY_FIRST:
            first = (self._acknowledgement(),)
        room = max(size - (_OVERHEAD if size > _ONE_LENGTH_OCTET else _LEAST_OVERHEAD), _LEAST_DATA)
        for at in range(0, len(apdu), room):
            self._number += 1
            self._queue[self._number] = apdu[at : at + room]
        self._size = self._number
        return replace(_several([*first, *self._next(window)]), close=reply.close)

    def _go_on(self, acknowledged: int, window: int) -> Reply:
        self._queue = {number: data for number, data in self._queue.items() if number > acknowledged}
        return _several(self._next(window)) if self._queue else Reply()

    def _next(self, window: int) -> list[bytes]:
        """Return a window from the first that was not acknowledged."""
        numbers = list(self._queue)[: max(window, 1)]
        blocks = {
            number: write_block(
                self._control(number, is_end=number == numbers[-1]), number, self._in_order, self._queue[number]
            )
            for number in numbers
        }
        return self._spoil(blocks)

    def _control(self, number: int, *, is_end: bool) -> int:
        last = LAST if number == self._size else 0
        streaming = not is_end and self._fault is not GeneralBlockFault.NEVER_STREAMS
        return last | (STREAMING if streaming else 0) | self._quirks.general_block_window

    def _spoil(self, blocks: dict[int, bytes]) -> list[bytes]:
        at = self._quirks.general_block_fault_at
        if self._spoilt or at not in blocks:
            return list(blocks.values())
        self._spoilt = True
        match self._fault:
            case GeneralBlockFault.LOSES:
                del blocks[at]
            case GeneralBlockFault.REPEATS:
                return [each for block in blocks.values() for each in (block, block)]
            case GeneralBlockFault.REORDERS:
                return list(blocks.values())[::-1]
            case GeneralBlockFault.ABORTS:
                self._forget()
                return [write_block(LAST, 0, 0)]
            case _:
                pass
        return list(blocks.values())


def _several(apdus: list[bytes]) -> Reply:
    return Reply(apdus[-1], stray=tuple(apdus[:-1])) if apdus else Reply()
