"""What happens to the general blocks of an answer on their way: one of them is lost, or says something else."""

from collections.abc import Callable
from typing import Final

from tests.simulated_meter.general_blocks import GENERAL_BLOCK, LAST
from tests.simulated_meter.link import Direction
from tests.simulated_meter.steps import Send, Step

_HEADER: Final = 8
_WINDOW: Final = 0x3F
_CONTROL, _NUMBER, _ACKNOWLEDGED = _HEADER + 1, slice(_HEADER + 2, _HEADER + 4), slice(_HEADER + 4, _HEADER + 6)


def _number_changed(part: slice, by: int) -> Callable[[bytearray], None]:
    def change(block: bytearray) -> None:
        block[part] = max(int.from_bytes(block[part]) + by, 0).to_bytes(2)

    return change


def _lie_about_the_window(by: int) -> Callable[[bytearray], None]:
    def change(block: bytearray) -> None:
        block[_CONTROL] = block[_CONTROL] & ~_WINDOW | by & _WINDOW

    return change


def _say_it_is_the_last(_: int) -> Callable[[bytearray], None]:
    def change(block: bytearray) -> None:
        block[_CONTROL] |= LAST

    return change


def _give_up(_: int) -> Callable[[bytearray], None]:
    def change(block: bytearray) -> None:
        block[6:] = bytes((0, 7, GENERAL_BLOCK, LAST, 0, 0, 0, 0, 0))

    return change


CHANGES: Final[dict[str, Callable[[int], Callable[[bytearray], None]]]] = {
    "block-gap": lambda by: _number_changed(_NUMBER, by),
    "block-overlap": lambda by: _number_changed(_NUMBER, -by),
    "block-acknowledges": lambda by: _number_changed(_ACKNOWLEDGED, by),
    "block-window": _lie_about_the_window,
    "block-last": _say_it_is_the_last,
    "block-gives-up": _give_up,
}
KINDS: Final = ("block-lost", "block-twice", *CHANGES)


class DisturbedBlocks:
    """Strikes one block in each connection, so often in all: the one that comes as ``block``, counted from 1."""

    def __init__(self, kind: str, times: int, *, block: int, by: int = 1) -> None:
        self._kind, self._block, self._by = kind, block, by
        self.left = times
        self.struck = 0

    def begin(self) -> Callable[[Direction, bytes], list[Step]]:
        """Return what a new connection passes through."""
        came = 0

        def pass_through(way: Direction, octets: bytes) -> list[Step]:
            nonlocal came
            if way is Direction.TO_CLIENT and octets[_HEADER : _HEADER + 1] == bytes((GENERAL_BLOCK,)):
                came += 1
                if came == self._block and self.left:
                    self.left -= 1
                    self.struck += 1
                    return self._strike(octets)
            return [Send(octets)]

        return pass_through

    def _strike(self, octets: bytes) -> list[Step]:
        if self._kind not in CHANGES:
            return [Send(octets)] * (0 if self._kind == "block-lost" else 2)
        block = bytearray(octets)
        CHANGES[self._kind](self._by)(block)
        return [Send(bytes(block))]
