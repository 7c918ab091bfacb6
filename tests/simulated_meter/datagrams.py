"""The simulated meter over datagrams: a session for each peer, and an in-memory network that loses, doubles, reorders.

No connection tells a meter that its client is gone: an association ends by RLRQ, or when its peer was silent too long.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Hashable
from itertools import count
from random import Random
from typing import Final, Protocol

from custom_components.cosem.dlms.errors import ConnectFailed, ConnectFailure, ConnectionLost, TransportError

from .link import Direction, Manipulator
from .session import Session
from .steps import Pause, Send, Step

_HEADER: Final = 8
_WITHOUT_A_LIMIT: Final = 600.0
"""Seconds of silence that end a session of a meter that never closes a TCP connection."""
_MOST_PEERS: Final = 64
_REMEMBERED: Final = 100_000


class Meter(Protocol):
    """What sessions over datagrams need of the meter."""

    monotonic: Callable[[], float]

    @property
    def patience(self) -> float:
        """Seconds of silence that end a connection; 0: never."""

    def open_session(self) -> Session | None:
        """Return a new session; None when the only slot is used."""


def _is_one_wpdu(octets: bytes) -> bool:
    return (
        len(octets) > _HEADER
        and octets[:2] == b"\x00\x01"
        and int.from_bytes(octets[6:_HEADER], "big") == len(octets) - _HEADER
    )


class DatagramSessions:
    """The sessions of a meter by its peers' addresses."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._sessions: dict[Hashable, tuple[Session, float]] = {}
        self.offered: deque[bytes] = deque(maxlen=_REMEMBERED)
        """What clients on in-memory links sent, before the network did anything to it."""

    def receive(self, peer: Hashable, octets: bytes, speak: Callable[[Send], None] | None = None) -> list[Step]:
        """Take a datagram; return what happens then. What is not one whole WPDU is left out (F23).

        ``speak`` reaches the peer at any time.
        """
        self._forget_silent()
        if not _is_one_wpdu(octets):
            return []
        session = self._session(peer)
        if session is None:
            return []
        if speak is not None:
            session.speak = speak
        self._sessions[peer] = (session, self._meter.monotonic())
        return [step for step in session.receive(octets) if isinstance(step, Send | Pause)]

    def clear(self) -> None:
        """End all of them."""
        for session, _ in self._sessions.values():
            session.lost()
        self._sessions.clear()

    def _session(self, peer: Hashable) -> Session | None:
        known = self._sessions.get(peer)
        if known is not None and not known[0].over:
            return known[0]
        return self._meter.open_session() if len(self._sessions) < _MOST_PEERS else None

    def _forget_silent(self) -> None:
        latest = self._meter.monotonic() - (self._meter.patience or _WITHOUT_A_LIMIT)
        for peer, (session, heard) in list(self._sessions.items()):
            if session.over or heard < latest:
                session.lost()
                del self._sessions[peer]


class DatagramLink:
    """The client's end of an in-memory network: the methods of the stack's Transport."""

    _peers = count(1)

    def __init__(self, sessions: DatagramSessions, manipulator: Manipulator | None = None) -> None:
        self._sessions = sessions
        self._manipulator = manipulator
        self._peer = next(self._peers)
        self._arrived: deque[bytes] = deque()
        self._wake = asyncio.Event()
        self._error: TransportError | None = None
        self._under_way: set[asyncio.TimerHandle] = set()
        self.closed = False

    async def send(self, octets: bytes) -> None:
        """Hand a datagram to the network."""
        if self.closed or self._error is not None:
            raise self._error or ConnectionLost()
        self._sessions.offered.append(octets)
        self._travel(self._manipulate(Direction.TO_METER, octets), self._reach_meter)

    async def receive(self) -> bytes:
        """Return the next datagram. Raises ConnectFailed, ConnectionLost."""
        while not self._arrived:
            if self.closed or self._error is not None:
                raise self._error or ConnectionLost()
            self._wake.clear()
            await self._wake.wait()
        return self._arrived.popleft()

    async def close(self) -> None:
        """Close. The meter does not learn of it."""
        self.closed = True
        for handle in self._under_way:
            handle.cancel()
        self._wake.set()

    def refuse(self) -> None:
        """Nobody listens at the port: the network says so (F24)."""
        self._error = ConnectFailed(ConnectFailure.REFUSED)
        self._wake.set()

    def push(self, step: Send) -> None:
        """Let the meter speak on its own."""
        self._arrive(step.octets)

    def _reach_meter(self, octets: bytes) -> None:
        steps = self._sessions.receive(self._peer, octets, lambda step: self._leave_meter(step.octets))
        self._travel(steps, self._leave_meter)

    def _leave_meter(self, octets: bytes) -> None:
        self._travel(self._manipulate(Direction.TO_CLIENT, octets), self._arrive)

    def _arrive(self, octets: bytes) -> None:
        if octets:  # an empty datagram says nothing, and ends nothing as an empty read of a stream would
            self._arrived.append(octets)
            self._wake.set()

    def _travel(self, steps: list[Step], arrive: Callable[[bytes], None]) -> None:
        """Let each datagram arrive after the pauses before it; later ones may overtake it."""
        delay = 0.0
        for step in steps:
            if isinstance(step, Pause):
                delay += step.seconds
            elif isinstance(step, Send) and not delay:
                arrive(step.octets)
            elif isinstance(step, Send):
                self._arrive_later(delay, step.octets, arrive)

    def _arrive_later(self, delay: float, octets: bytes, arrive: Callable[[bytes], None]) -> None:
        def act() -> None:
            self._under_way.discard(handle)
            arrive(octets)

        handle = asyncio.get_running_loop().call_later(delay, act)
        self._under_way.add(handle)

    def _manipulate(self, direction: Direction, octets: bytes) -> list[Step]:
        return [Send(octets)] if self._manipulator is None else self._manipulator(direction, octets)


def lose(probability: float, seed: int) -> Manipulator:
    """Lose datagrams of both directions by chance (F19)."""
    chance = Random(seed)
    return lambda _, octets: [] if chance.random() < probability else [Send(octets)]


def double(way: Direction, seconds: float = 0.3) -> Manipulator:
    """Deliver each datagram of one direction twice, so many seconds apart (F20)."""

    def deliver(direction: Direction, octets: bytes) -> list[Step]:
        return [Send(octets), Pause(seconds), Send(octets)] if direction is way else [Send(octets)]

    return deliver


def reorder(seed: int, seconds: float = 0.01, way: Direction = Direction.TO_CLIENT) -> Manipulator:
    """Delay each datagram of one direction by chance, so that others overtake it (F22)."""
    chance = Random(seed)
    return lambda direction, octets: [
        *([Pause(chance.random() * seconds)] if direction is way else []),
        Send(octets),
    ]


def truncate(way: Direction, octets_kept: int) -> Manipulator:
    """Cut the datagrams of one direction (F23)."""
    return lambda direction, octets: [Send(octets[:octets_kept] if direction is way else octets)]


def join(way: Direction) -> Manipulator:
    """Deliver each datagram of one direction with a second WPDU behind the first (F23)."""
    return lambda direction, octets: [Send(octets * 2 if direction is way else octets)]
