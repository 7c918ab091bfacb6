"""One connection to the simulated meter without sockets: octets in, steps out."""

from collections.abc import Callable
from datetime import datetime
import random
from typing import Final, Protocol

from .acse import AARQ, RLRQ
from .association import Association, Associations, MeterState, Reply, SecurityOfMeter
from .conformance import GENERAL_BLOCK_TRANSFER
from .dispatcher import Dispatcher
from .envelopes import Kind
from .faults import CATALOGUE, FaultPlan, Request
from .general_blocks import GENERAL_BLOCK, GeneralBlockPeer, Serve
from .notification_profile import Way
from .notifier import Notifier
from .profile import GeneralBlocks, MeterProfile
from .steps import Finish, Pause, Send, Step

_HEADER = 8


class Host(Protocol):
    """What a session needs of its meter."""

    profile: MeterProfile
    state: MeterState
    faults: FaultPlan
    dispatchers: dict[int, Dispatcher]
    monotonic: Callable[[], float]

    @property
    def security(self) -> SecurityOfMeter:
        """What outlives associations: counters, locks."""

    def now(self) -> datetime:
        """Return the meter's time."""

    def note_request(self, client_wport: int, server_wport: int, apdu: bytes) -> Request:
        """Count a request that arrived."""

    def note_answer(self, at: datetime) -> None:
        """Remember when values were read."""

    def unasked(self) -> list[bytes]:
        """Return what goes out before the answer under way."""


ALL_STATION: Final = 0x7F
"""The wPort of all logical devices."""
_DEDICATED: Final = {Kind.DEDICATED, Kind.GENERAL_DEDICATED}
_GET_WITH_LIST: Final = bytes((0xC0, 3))


class Session:
    """A connection; over after ``Finish``, ``Reset`` or ``lost``."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._buffer = bytearray()
        self.associations = Associations(host.profile, host.state, host.security)
        self.dead = False
        """Half open: nothing is answered any more, and the connection stays."""
        self.over = False
        self._chance = random.Random(host.profile.seed)
        self._peers: dict[tuple[int, int], GeneralBlockPeer] = {}
        self.speak: Callable[[Send], None] = lambda _: None
        """Sends at any time; whoever carries the session sets it."""

    def receive(self, octets: bytes) -> list[Step]:
        """Take octets from the client; return what happens then."""
        if self.dead or self.over:
            return []
        self._buffer += octets
        steps: list[Step] = []
        while not self.over and len(self._buffer) >= _HEADER:
            version, client, server, length = (int.from_bytes(self._buffer[at : at + 2], "big") for at in (0, 2, 4, 6))
            if version != 1:
                self.lost()
                return [*steps, Finish()]
            if len(self._buffer) < _HEADER + length:
                break
            apdu = bytes(self._buffer[_HEADER : _HEADER + length])
            del self._buffer[: _HEADER + length]
            if length and server in self._host.dispatchers:
                steps += self._handle(self._host.note_request(client, server, apdu))
            elif length and server == ALL_STATION:
                self._broadcast(client, apdu)
        return steps

    def _broadcast(self, client: int, apdu: bytes) -> None:
        """Take what goes to every logical device: nothing is answered."""
        for server in self._host.dispatchers:
            self._honest(self._host.note_request(client, server, apdu))

    def notify(self, notifier: Notifier, apdu: bytes, way: Way) -> list[bytes]:
        """Send a plain notification to a client that has a confirmed association here; return its WPDUs."""
        association = None if self.dead or self.over else self.associations.find(way.client_wport, way.server_wport)
        if association is None or not association.is_confirmed:
            return []
        if way.kind in _DEDICATED and association.secured is not None:
            protected = association.secured.notification(apdu, notifier.layers(way))
            wpdus = notifier.written(protected, way)
        else:
            wpdus = notifier.wpdus(apdu, way)
        for each in wpdus:
            self.speak(Send(each))
        return wpdus

    def lost(self) -> None:
        """The connection ended, by either side: all associations are aborted."""
        self.over = True
        self.associations.clear(self._host.monotonic())

    def _ignores(self, apdu: bytes) -> bool:
        quirks = self._host.profile.quirks
        too_long = quirks.longest_request and len(apdu) > quirks.longest_request
        return bool(too_long) or (quirks.silent_to_lists and apdu[:2] == _GET_WITH_LIST)

    def _handle(self, request: Request) -> list[Step]:
        if self._ignores(request.apdu):
            return []
        fault = self._host.faults.on_request(request)
        if fault is None:
            reply = self._honest(request)
            answers = (*reply.stray, reply.apdu or b"")
            answered = [Send(request.answer(apdu)) for apdu in answers if apdu]
            steps = self._delayed([*map(Send, self._host.unasked()), *answered])
            if reply.close:
                steps.append(Finish())
        elif fault.name == "half-open":
            self.dead = True
            return []
        else:
            kind = CATALOGUE[fault.name]
            answer = (self._honest(request).apdu or b"") if kind.honest else b""
            if kind.honest and not answer:
                return []
            steps = kind.action(fault, request, answer) if kind.action else []
        if any(not isinstance(step, Send | Pause) for step in steps):
            self.lost()
        return steps

    def _delayed(self, steps: list[Step]) -> list[Step]:
        quirks = self._host.profile.quirks
        delay = quirks.delay + quirks.jitter * self._chance.random()
        return [Pause(delay), *steps] if delay and steps else steps

    def _honest(self, request: Request) -> Reply:
        client, server = request.client_wport, request.server_wport
        peer = self._peers.setdefault((client, server), GeneralBlockPeer(self._host.profile.quirks))
        if request.apdu[0] == AARQ:
            opened = self.associations.open(client, server, request.apdu, self._host.monotonic())
            return peer.exchange(request.apdu, lambda _: opened, self._host.profile.quirks.aare_in_general_blocks)
        if request.apdu[0] == RLRQ:
            return self.associations.release(client, server, request.apdu)
        association = self.associations.find(client, server)
        if association is None and request.apdu[0] == GENERAL_BLOCK:
            return peer.exchange(request.apdu, lambda _: Reply(), self._host.profile.quirks.aare_in_general_blocks)
        at = self._host.now()
        dispatcher = self._host.dispatchers[server]

        def answer(plain: bytes) -> Reply:
            return dispatcher.answer(association, plain, at)

        reply = answer(request.apdu) if association is None else self._serve(association, request.apdu, peer, answer)
        self._host.note_answer(at)
        return reply

    def _serve(self, association: Association, apdu: bytes, peer: GeneralBlockPeer, answer: Serve) -> Reply:
        """Answer a service: with general blocks around the protection, or inside it."""
        quirks = self._host.profile.quirks
        secured = association.secured
        cuts = association.negotiated(GENERAL_BLOCK_TRANSFER)
        association.in_general_blocks = cuts and (
            quirks.general_blocks is GeneralBlocks.PREFERRED or apdu[0] == GENERAL_BLOCK
        )
        limit = association.pdu_limit if cuts else 0
        if secured is None:
            return peer.exchange(apdu, answer, limit)
        if not quirks.general_blocks_protected_each:
            return peer.exchange(apdu, lambda whole: secured.serve(whole, answer), limit)
        return secured.serve(apdu, lambda plain: peer.exchange(plain, answer, limit - secured.overhead if limit else 0))
