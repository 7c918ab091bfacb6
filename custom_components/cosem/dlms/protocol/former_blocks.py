"""General blocks that came in exchanges before (rules S22, F20). Sans-IO.

Blocks have numbers that begin anew with each exchange, and nothing else: a copy that the network held back fits into
the answer under way. So what came before is known by its number and octets, and is doubted where it may be such a copy.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from ..apdu.access import ACCESS_RESPONSE
from ..apdu.action import ACTION_RESPONSE
from ..apdu.get import GET_RESPONSE
from ..apdu.set import SET_RESPONSE
from .dropped_apdus import DroppedApduLimits

OLD_AFTER: Final = 10.0
"""Seconds. What is in its turn as in an answer of longer ago is the same asked again, as polls do."""

_MOST: Final = 4096
"""Blocks that are remembered."""

_MOST_OCTETS: Final = 512 * 1024

_MOST_OF_STREAM: Final = 15
"""A window."""

_NUMBERS: Final = {GET_RESPONSE: (2, 3), SET_RESPONSE: (2, 3), ACTION_RESPONSE: (2, 3), ACCESS_RESPONSE: (1, 5)}
"""Where the invoke-id is in an answer: the same answer to another request has another one."""

type _Block = tuple[int, bytes]
"""Number and data."""


class FormerBlocks:
    """``dropped_apdus`` knows the time, and whether messages get lost; without it nothing is old, nor lost."""

    def __init__(self, dropped_apdus: DroppedApduLimits | None = None) -> None:
        self._dropped_apdus = dropped_apdus
        self._known: dict[_Block, None] = {}
        """In the order of time."""
        self._octets = 0
        """Of all of them."""
        self._latest = 0.0
        """When the last of them was remembered."""
        self._set_aside: list[_Block] = []
        """What was given up and asked for again: the same comes once more."""
        self._doubted: dict[int, _Block] = {}
        """By number what came, and was left out."""
        self._demanded: set[_Block] = set()
        """Those that the peer was asked for again."""

    @property
    def is_lossy(self) -> bool:
        """Whether messages may get lost, come twice or late."""
        return self._dropped_apdus is not None and self._dropped_apdus.is_lossy

    @property
    def is_old(self) -> bool:
        """Whether the exchange before is over for so long that hardly anything of it is still on its way."""
        return self._dropped_apdus is not None and self._dropped_apdus.time - self._latest > OLD_AFTER

    def remember(self, blocks: Sequence[_Block], *, is_asked_again: bool = False) -> None:
        """Take numbers and data of an exchange that is over; ``is_asked_again``: they count from the next question on.

        A stream delays none: there it is only the end of the last one that may have been sent twice.
        """
        if not blocks:
            return
        if not self.is_lossy:
            self._known.clear()
            self._octets = 0
            blocks = blocks[-_MOST_OF_STREAM:]
        self._set_aside = _end_of([*self._set_aside, _without_invoke_id(*blocks[0]), *blocks])
        if not is_asked_again:
            self._take_in()
        if self._dropped_apdus is not None:
            self._latest = self._dropped_apdus.time

    def _take_in(self) -> None:
        for each in self._set_aside:
            self._drop(each)
            self._known[each] = None
            self._octets += len(each[1])
        self._set_aside.clear()
        while len(self._known) > _MOST or self._octets > _MOST_OCTETS:
            self._drop(next(iter(self._known)))

    def _drop(self, block: _Block) -> None:
        if block in self._known:
            del self._known[block]
            self._octets -= len(block[1])

    def begin(self) -> None:
        """Forget doubts: something new is asked."""
        self._take_in()
        self._doubted.clear()
        self._demanded.clear()

    def has(self, number: int, data: bytes) -> bool:
        """Whether such a block came before."""
        return (number, data) in self._known

    def is_alike(self, number: int, data: bytes) -> bool:
        """Whether such a block came before, or began the same answer to another request."""
        return self.has(number, data) or _without_invoke_id(number, data) in self._known

    def doubts(self, number: int, data: bytes, *, is_next: bool) -> bool:
        """Whether to leave it out: until it comes in its turn, once more after the peer was asked for it."""
        block = (number, data)
        if is_next and block in self._demanded:
            return False
        self._doubted[number] = block
        return True

    def demand(self, received: int, later: Mapping[int, object]) -> None:
        """Note that everything behind ``received`` is asked for; ``later``: what is there and is not doubted."""
        self._doubted = {number: block for number, block in self._doubted.items() if number > received}
        number = received + 1
        while number in later or number in self._doubted:
            if number in self._doubted:
                self._demanded.add(self._doubted[number])
            number += 1


def _without_invoke_id(number: int, data: bytes) -> _Block:
    start, end = _NUMBERS.get(data[0], (0, 0))
    return number, data[:start] + data[end:]


def _end_of(blocks: Sequence[_Block]) -> list[_Block]:
    """Return the last of them, within the bounds: a peer may begin anew with every datagram."""
    octets, first = 0, len(blocks)
    while first and len(blocks) - first < _MOST and octets + len(blocks[first - 1][1]) <= _MOST_OCTETS:
        first -= 1
        octets += len(blocks[first][1])
    return list(blocks[first:])
