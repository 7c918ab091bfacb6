"""An in-memory link between client and simulated meter; every octet can be split, delayed, dropped, corrupted, cut off.

The client's side has the methods of the stack's Transport. No tasks: the meter works inside send and receive.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from enum import Enum

from custom_components.cosem.dlms.errors import ConnectionLost

from .session import Session
from .steps import Finish, Pause, Reset, Send, Step


class Direction(Enum):
    """Where octets travel."""

    TO_METER = "to meter"
    TO_CLIENT = "to client"


type Manipulator = Callable[[Direction, bytes], list[Step]]
"""What becomes of a segment. A Pause towards the meter delays its answer."""


class MemoryTransport:
    """The client's end: send, receive (b"" at the end), close. Raises only ConnectionLost."""

    def __init__(self, session: Session, manipulator: Manipulator | None = None) -> None:
        self._session = session
        self._manipulator = manipulator
        self._steps: deque[Step] = deque()
        self._arrived = asyncio.Event()
        self._ended: Step | None = None
        self.closed = False
        self._ready_at: float | None = None
        session.speak = self._queue

    async def send(self, octets: bytes) -> None:
        """Hand octets to the meter."""
        if self.closed or isinstance(self._ended, Reset):
            raise ConnectionLost(reset=True)
        if self._session.over:
            return  # after the meter's FIN a send succeeds and goes nowhere
        for step in self._manipulate(Direction.TO_METER, octets):
            if isinstance(step, Send):
                for answer in self._session.receive(step.octets):
                    self._queue(answer)
            else:
                self.push(step)

    async def receive(self) -> bytes:
        """Return the meter's next segment; b"" when it closed the connection."""
        loop = asyncio.get_running_loop()
        while True:
            if self.closed or isinstance(self._ended, Reset):
                raise ConnectionLost(reset=not self.closed)
            if self._ended is not None:
                return b""
            while not self._steps:
                self._arrived.clear()
                await self._arrived.wait()
                if self.closed:
                    raise ConnectionLost
            step = self._steps[0]
            if isinstance(step, Pause):
                # The step stays in the queue, so that a cancelled wait goes on where it was.
                self._ready_at = self._ready_at or loop.time() + step.seconds
                await asyncio.sleep(max(0.0, self._ready_at - loop.time()))
                self._ready_at = None
                if self._steps and self._steps[0] is step:
                    self._steps.popleft()
                continue
            self._steps.popleft()
            if isinstance(step, Send):
                return step.octets
            self._ended = step
            self._session.lost()

    async def close(self) -> None:
        """Close the connection."""
        self.closed = True
        self._arrived.set()
        if not self._session.dead:
            self._session.lost()

    def push(self, step: Step) -> None:
        """Let the meter act on its own: send octets, close, reset."""
        self._steps.append(step)
        self._arrived.set()

    def _queue(self, step: Step) -> None:
        if isinstance(step, Send):
            for changed in self._manipulate(Direction.TO_CLIENT, step.octets):
                self.push(changed)
        else:
            self.push(step)

    def _manipulate(self, direction: Direction, octets: bytes) -> list[Step]:
        return [Send(octets)] if self._manipulator is None else self._manipulator(direction, octets)


def split(size: int = 1) -> Manipulator:
    """Cut segments into pieces of ``size`` octets."""
    return lambda _, octets: [Send(octets[at : at + size]) for at in range(0, len(octets), size)]


def delay(seconds: float) -> Manipulator:
    """Delay everything that comes from the meter."""
    return lambda way, octets: [Pause(seconds), Send(octets)] if way is Direction.TO_CLIENT else [Send(octets)]


def drop(way: Direction, *numbers: int) -> Manipulator:
    """Swallow segments of one direction: all, or these numbers (from 1)."""
    seen = 0

    def manipulate(direction: Direction, octets: bytes) -> list[Step]:
        nonlocal seen
        if direction is not way:
            return [Send(octets)]
        seen += 1
        return [] if not numbers or seen in numbers else [Send(octets)]

    return manipulate


def corrupt(way: Direction, position: int, mask: int = 0xFF) -> Manipulator:
    """Alter octet ``position`` (from 0) of a whole direction."""
    passed = 0

    def manipulate(direction: Direction, octets: bytes) -> list[Step]:
        nonlocal passed
        if direction is not way:
            return [Send(octets)]
        start, passed = passed, passed + len(octets)
        if not start <= position < passed:
            return [Send(octets)]
        altered = bytearray(octets)
        altered[position - start] ^= mask
        return [Send(bytes(altered))]

    return manipulate


def end_after(octets_to_client: int, end: Step | None = None) -> Manipulator:
    """End the connection after so many octets to the client: Reset() (default) or Finish()."""
    left = octets_to_client

    def manipulate(direction: Direction, octets: bytes) -> list[Step]:
        nonlocal left
        if direction is not Direction.TO_CLIENT or left >= len(octets):
            left -= len(octets) if direction is Direction.TO_CLIENT else 0
            return [Send(octets)]
        head, left = octets[:left], 0
        steps: list[Step] = [Send(head)] if head else []
        return [*steps, end or Reset()]

    return manipulate


def merge(segments: int) -> Manipulator:
    """Hold back what comes from the meter, and deliver so many segments as one."""
    held: list[bytes] = []

    def manipulate(direction: Direction, octets: bytes) -> list[Step]:
        if direction is not Direction.TO_CLIENT:
            return [Send(octets)]
        held.append(octets)
        if len(held) < segments:
            return []
        joined = b"".join(held)
        held.clear()
        return [Send(joined)]

    return manipulate


__all__ = [
    "Direction",
    "Finish",
    "Manipulator",
    "MemoryTransport",
    "Pause",
    "Reset",
    "Send",
    "corrupt",
    "delay",
    "drop",
    "end_after",
    "merge",
    "split",
]
