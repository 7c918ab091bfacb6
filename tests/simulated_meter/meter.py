"""The simulated meter as a whole: logical devices, shared state, faults, sessions; and the truth about its values."""

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
import time

from custom_components.cosem.dlms.apdu.common import AttributeDescriptor, DataAccessResult, Selection
from custom_components.cosem.dlms.encoding.data import Data, decode_data_octets
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.errors import ConnectFailed, ConnectFailure
from custom_components.cosem.dlms.limits import Limits

from .association import MeterState
from .conformance import own_conformance, secured_conformance
from .datagrams import DatagramLink, DatagramSessions
from .devices import build_devices, now, serial_number
from .dispatcher import Dispatcher
from .faults import FaultPlan, Request
from .link import Manipulator, MemoryTransport
from .objects import AssociationFacts, LogicalDevice, View, encoded
from .profile import ClientProfile, Level, MeterProfile
from .secured import Security
from .security_objects import security_objects
from .session import Session
from .speaker import Speaker
from .steps import Finish

_REMEMBERED = 100_000
_TRUTH_LIMITS = Limits(elements=20_000_000)


class SimulatedMeter:
    """A meter. ``clock``: the time that its values follow; ``manipulator`` is called for each new in-memory link."""

    def __init__(
        self,
        profile: MeterProfile | None = None,
        clock: Callable[[], datetime] = now,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.profile = profile or MeterProfile()
        self.clock = clock
        self.monotonic = monotonic
        self.state = MeterState()
        self.faults = FaultPlan(self.profile.seed)
        self.security = Security(self.profile, serial_number(self.profile, 1), self.faults.on_answer, self.monotonic)
        self.devices: dict[int, LogicalDevice] = build_devices(self.profile)
        for device in self.devices.values():
            device.add(*security_objects(self.profile, self.security))
        self.dispatchers = {
            wport: Dispatcher(device, self.profile.quirks, self.faults.on_attribute)
            for wport, device in self.devices.items()
        }
        for device in self.devices.values():
            device.household.energies(self.now())  # the first answer takes no longer than the others
        self.sessions: list[Session] = []
        self.speaker = Speaker(self)
        self.links: list[MemoryTransport | DatagramLink] = []
        self.datagrams = DatagramSessions(self)
        self.manipulator: Callable[[], Manipulator | None] = lambda: None
        self.connections = 0
        """Connections since the meter started."""
        self.requests = 0
        self.log: deque[Request] = deque(maxlen=_REMEMBERED)
        self.read_times: deque[datetime] = deque(maxlen=_REMEMBERED)
        """The meter's times at which values were read: every true value belongs to one."""

    @property
    def patience(self) -> float:
        """Seconds of silence that end a connection; 0: never."""
        return self.profile.quirks.inactivity_timeout

    def now(self) -> datetime:
        """Return the meter's own time."""
        return self.clock() + timedelta(seconds=self.profile.quirks.clock_offset)

    def note_request(self, client_wport: int, server_wport: int, apdu: bytes) -> Request:
        """Count a request that arrived."""
        self.requests += 1
        request = Request(number=self.requests, client_wport=client_wport, server_wport=server_wport, apdu=apdu)
        self.log.append(request)
        return request

    def note_answer(self, at: datetime) -> None:
        """Remember when values were read."""
        self.read_times.append(at)

    def unasked(self) -> list[bytes]:
        """Return what the meter says before the answer under way."""
        return self.speaker.unasked()

    def open_session(self) -> Session | None:
        """Return a new connection; None when the only slot is used."""
        self.connections += 1
        self.sessions = [session for session in self.sessions if not session.over]
        if self.profile.quirks.one_connection and self.sessions:
            return None
        session = Session(self)
        self.sessions.append(session)
        return session

    async def connect(self) -> MemoryTransport:
        """Connect in memory, as the stack's Connector does over TCP."""
        fault = self.faults.on_connect()
        if fault == "refuse":
            raise ConnectFailed(ConnectFailure.REFUSED)
        if fault == "black-hole":
            await asyncio.get_running_loop().create_future()
        session = self.open_session()
        if session is None:
            turned_away = Session(self)
            turned_away.over = True
            link = MemoryTransport(turned_away)
            link.push(Finish())
            return link
        self.links = [link for link in self.links if not link.closed]
        link = MemoryTransport(session, self.manipulator())
        self.links.append(link)
        return link

    async def open_tcp(self, host: str, port: int, timeout: float) -> MemoryTransport:
        """Takes the place of the stack's ``open_tcp``."""
        return await self.connect()

    async def connect_datagrams(self) -> DatagramLink:
        """Open an in-memory endpoint for datagrams, as the stack's Connector does over UDP."""
        fault = self.faults.on_connect()
        if fault == "black-hole":
            await asyncio.get_running_loop().create_future()
        self.links = [link for link in self.links if not link.closed]
        link = DatagramLink(self.datagrams, self.manipulator())
        if fault == "refuse":
            link.refuse()
        self.links.append(link)
        return link

    async def open_udp(self, host: str, port: int, timeout: float, silent: set[str] | None = None) -> DatagramLink:
        """Takes the place of the stack's ``open_udp``."""
        return await self.connect_datagrams()

    def restart(self, *, lose_counters: bool = False) -> None:
        """Lose all connections and associations without a word, as at a power cut; new ones are possible at once."""
        if lose_counters:
            self.security.reset_counters()
        for session in self.sessions:
            session.lost()
            session.dead = True
        self.sessions.clear()
        self.datagrams.clear()

    @property
    def open_links(self) -> int:
        """How many in-memory connections the client holds open."""
        return sum(not link.closed for link in self.links)

    def truth(
        self,
        logical_name: str | LogicalName,
        attribute: int = 2,
        at: datetime | None = None,
        *,
        server_wport: int = 1,
        client_wport: int | None = None,
        class_id: int | None = None,
        selection: Selection | None = None,
    ) -> Data:
        """Return what an attribute really holds at a time (now), for a client (with all rights)."""
        name = LogicalName.parse(logical_name) if isinstance(logical_name, str) else logical_name
        device = self.devices[server_wport]
        candidates = [item for item in device.named(name) if class_id in {None, item.class_id}]
        if len(candidates) != 1:
            raise KeyError(f"{len(candidates)} objects are called {name}")
        view = View(device, at or self.now(), self._facts(server_wport, client_wport))
        answer = candidates[0].read(attribute, view, selection)
        if isinstance(answer, DataAccessResult):
            raise KeyError(f"{name} attribute {attribute}: {answer.name}")
        return decode_data_octets(encoded(answer), _TRUTH_LIMITS)

    def was_true(self, descriptor: AttributeDescriptor, value: Data, *, server_wport: int = 1) -> bool:
        """Return whether the meter had this value at any time at which it was read."""
        return any(
            self.truth(
                descriptor.logical_name,
                descriptor.attribute_index,
                at,
                server_wport=server_wport,
                class_id=descriptor.class_id,
            )
            == value
            for at in reversed(self.read_times)
        )

    def _facts(self, server_wport: int, client_wport: int | None) -> AssociationFacts:
        client = None if client_wport is None else self.profile.client(client_wport)
        return AssociationFacts(
            client_wport=1 if client is None else client.wport,
            server_wport=server_wport,
            level=Level.MANAGE if client is None else client.level,
            mechanism=_mechanism(client),
            context=3 if client is not None and client.security and client.security.context != "plain" else 1,
            conformance=own_conformance(self.profile.quirks) | (0 if client is None else secured_conformance(client)),
            client_max_receive_pdu_size=65_535,
            server_max_receive_pdu_size=self.profile.max_pdu_size,
        )


def _mechanism(client: ClientProfile | None) -> int:
    """Nobody in particular authenticates by password."""
    if client is None:
        return 1
    if client.security is not None:
        return client.security.mechanism
    return 0 if client.password is None else 1
