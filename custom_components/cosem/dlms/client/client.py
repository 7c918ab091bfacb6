"""The asyncio facade: one physical device and its associations. IEC 62056-9-7.

Every await has a deadline. An error or a cancellation at any point leaves no socket, task or timer behind.
association_queue.py decides who associates when, physical_connection.py opens and ends the connection.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
import math
from typing import Final, Self

from ..addresses import DEFAULT_PORT, TransportProtocol
from ..encoding.logical_name import LogicalName
from ..errors import AssociationAborted, DlmsError, LocalProtocolError
from ..limits import DEFAULT_LIMITS, Limits
from ..protocol.proposal import AssociationParameters, WportPair
from .association import Association
from .association_objects import find_association_objects
from .association_queue import AssociationQueue, QueuePlace
from .channel import with_datagrams, with_wrapper
from .coexistence import Coexistence
from .link import SYSTEM_CLOCK, USUAL_TIMING, Clock, Link, NotificationConsumer, Timing
from .list_sizes import ListSizes
from .observer import NOBODY, Observer
from .physical_connection import CLOSED, LinkConnector, PhysicalConnection
from .profile_reading import Lend, ProfileReading
from .profile_request import ProfileRequest, ProfileWays
from .proof_forms import FormSearch, KnownForm, Progress, known_form
from .public_client import public_client_needs_few_services
from .security_state import SecurityState
from .transport import open_tcp
from .udp_transport import open_udp


@dataclass(slots=True, eq=False)
class _Use:
    association: Association
    link: Link
    security_state: SecurityState | None
    place: QueuePlace | None
    """None while it is kept."""
    beside_others: bool
    """Whether there were other associations on the connection when it was opened."""
    expiry: asyncio.TimerHandle | None = None
    leaving: asyncio.Task[None] | None = None

    def fits(self, parameters: AssociationParameters, security_state: SecurityState | None) -> bool:
        """Whether it was opened with these and can be used."""
        same = self.association.parameters is parameters and self.security_state is security_state
        return same and self.leaving is None and self.association.is_reusable

    def taken(self, place: QueuePlace, timing: Timing) -> Self:
        self.place = place
        if self.expiry is not None:
            self.expiry.cancel()
        self.association.reuse(timing)
        return self


class DlmsClient:
    """One physical device: its associations share at most one connection.

    ``connect``: the transport to host and port, or what replaces it; ``clock`` measures the pause between connections;
    ``observer`` is told of stages and APDUs. ``list_sizes``: what get_many() learned, by wPort pair;
    ``known_forms``: how associations, proofs and dedicated keys are taken.
    """

    def __init__(
        self,
        host: str,
        port: int = DEFAULT_PORT,
        *,
        limits: Limits = DEFAULT_LIMITS,
        connect: LinkConnector | TransportProtocol = TransportProtocol.TCP,
        clock: Clock = SYSTEM_CLOCK,
        observer: Observer = NOBODY,
    ) -> None:
        self.observer: Final = observer
        self.host: Final = host
        self.port: Final = port
        self.list_sizes: Final[dict[WportPair, ListSizes]] = {}
        self.known_forms: Final[dict[WportPair, KnownForm]] = {}
        self.profile_ways: Final[dict[tuple[WportPair, LogicalName], ProfileWays]] = {}
        self._limits = limits
        self._connect: Final = connect
        self._silent: Final[set[str]] = set()
        """Addresses of the host that did not answer over UDP."""
        self._physical = PhysicalConnection(self._connector, limits, clock, observer)
        self._queue = AssociationQueue()
        self._coexistence = Coexistence()
        self._uses: dict[WportPair, _Use] = {}

    def consume_notifications(self, consumer: NotificationConsumer) -> None:
        """Hand over what the meter sends unasked, on connections that are opened from now on."""
        self._physical.consumer = consumer

    @property
    def is_connected(self) -> bool:
        """Whether the connection is open."""
        return self._physical.is_open

    @asynccontextmanager
    async def associate(
        self,
        parameters: AssociationParameters,
        *,
        timing: Timing = USUAL_TIMING,
        security_state: SecurityState | None = None,
        keep: float = 0,
        exclusive: bool = False,
        on_connected: Callable[[], None] = lambda: None,
    ) -> AsyncIterator[Association]:
        """Lend an association, new or kept. Leaving the context never raises.

        The release takes ``timing.release`` at most, and runs also when the context is cancelled.
        Users of a wPort pair are served one at a time, in the order of asking, within ``timing.transfer``.
        ``keep``: seconds (math.inf: until its place is needed) that it stays open after a context without an
        exception, for the very same ``parameters`` and ``security_state``. ``exclusive``: be the only user of the
        device; never inside of another context. ``on_connected``: called before the AARQ is sent.

        Raises DeviceInUse, ConnectFailed, ConnectTimeout, AssociationAborted (the client is closed),
        LocalProtocolError, and as Association.propose().
        """
        if parameters.uses_counter and security_state is None:
            raise LocalProtocolError("these security settings need the owner of their invocation counter")
        search = self._search(parameters, timing)
        use = None
        while use is None:
            alone = exclusive or self._coexistence.wants_alone(parameters.pair)
            place = await self._queue.enter(parameters.pair, timing.transfer, exclusive=alone)
            obtaining = self._obtain(place, parameters, timing, security_state, fresh=exclusive)
            use = await self._opened(obtaining, search, on_connected)
        is_good = False
        try:
            yield use.association
            is_good = True
        finally:
            use.association.learn()
            await self._give_back(use, keep if is_good else 0)

    def _search(self, parameters: AssociationParameters, timing: Timing) -> FormSearch:
        public = self.associate, parameters, timing
        return FormSearch(
            parameters,
            known_form(self.known_forms, parameters.pair),
            partial(find_association_objects, *public),
            partial(public_client_needs_few_services, *public),
        )

    def read_profile(self, lend: Lend, pair: WportPair, request: ProfileRequest) -> ProfileReading:
        """Return a reading of a profile's rows; what is learned about its ways is kept here, by wPort pair.

        ``lend``: opens an association of ``pair``, with associate().
        """
        ways = self.profile_ways.setdefault((pair, request.logical_name), ProfileWays())
        return ProfileReading(lend, request, ways)

    @asynccontextmanager
    async def reserve(self, *, timing: Timing = USUAL_TIMING) -> AsyncIterator[None]:
        """Wait until nobody uses the device, release what is kept, let nobody in: for work past this client.

        Raises DeviceInUse after ``timing.transfer``, AssociationAborted when the client is closed.
        """
        place = await self._queue.enter(None, timing.transfer, exclusive=True)
        try:
            await self._release([*self._uses.values()])
            yield
        finally:
            self._queue.leave(place)

    async def release_kept(self, pair: WportPair) -> None:
        """Release the association that is kept for these wPorts, if any."""
        use = self._uses.get(pair)
        if use is not None and use.place is None:
            await asyncio.shield(self._leave_soon(use))

    async def close(self) -> None:
        """Release everything, end all waiting, disconnect. Associating again is possible."""
        self._queue.refuse_all(AssociationAborted(CLOSED))
        self._physical.interrupt()
        await self._release([*self._uses.values()])
        await self._physical.close()

    def _connector(self, seconds: float) -> LinkConnector:
        if self._connect is TransportProtocol.TCP:
            return with_wrapper(lambda: open_tcp(self.host, self.port, seconds))
        if self._connect is TransportProtocol.UDP:
            return with_datagrams(lambda: open_udp(self.host, self.port, seconds, self._silent))
        return self._connect

    async def _obtain(
        self,
        place: QueuePlace,
        parameters: AssociationParameters,
        timing: Timing,
        security_state: SecurityState | None,
        *,
        fresh: bool,
    ) -> _Use:
        try:
            # Many meters serve one association at a time, so an exclusive user releases them all.
            await self._release(
                [use for pair, use in self._uses.items() if place.exclusive and pair != parameters.pair]
            )
            own = self._uses.get(parameters.pair)
            if own is not None and not fresh and own.fits(parameters, security_state):
                return own.taken(place, timing)
            await self._release([] if own is None else [own])
            link = await self._physical.join(timing, lambda: place.refusal)
        except BaseException:
            self._queue.leave(place)
            raise
        association = Association(link, parameters, timing, self._limits, security_state)
        beside_others = bool(self._uses)
        use = self._uses[parameters.pair] = _Use(association, link, security_state, place, beside_others)
        association.reconnect = partial(self._reconnect, use)
        return use

    async def _reconnect(self, use: _Use, timing: Timing) -> Link:
        """Return the next connection for an association that is in use. Raises as PhysicalConnection.join()."""
        link = await self._physical.join(timing, lambda: None)
        if use.leaving is not None:  # the client was closed meanwhile
            await self._physical.leave(link)
            raise AssociationAborted(CLOSED)
        use.link = link
        return link

    async def _opened(
        self, obtaining: Awaitable[_Use], search: FormSearch, on_connected: Callable[[], None]
    ) -> _Use | None:
        """Return a place with its association open; None when another form is to be tried, or all services again."""
        use: _Use | None = None
        try:
            use = await obtaining
            on_connected()
            if not use.association.was_kept:
                use.link.admit(use.association.parameters)
                pair = use.association.parameters.pair
                await use.association.propose(self.list_sizes.setdefault(pair, ListSizes()), self.known_forms[pair])
                self._coexistence.worked(pair, beside_others=use.beside_others)
            if search.is_in_doubt():
                await self._give_back(use)
                return None
        except DlmsError as error:
            await self._give_back(use)
            progress = Progress.PROPOSED if use is None else use.association.progress
            if use is None or progress is not Progress.PROPOSED or not self._is_tried_alone(use, error):
                await search.go_on(error, progress, beside_others=use is not None and use.beside_others)
            return None
        except BaseException:
            await self._give_back(use)
            raise
        return use

    def _is_tried_alone(self, use: _Use, error: DlmsError) -> bool:
        """Whether the meter may only have something against other associations beside this one."""
        at_once = self._coexistence.failed(use.association.parameters, error, beside_others=use.beside_others)
        # The others lost the connection, too: whoever still holds one has to learn that first.
        return at_once and (use.link.is_alive or all(each.place is None for each in self._uses.values()))

    async def _give_back(self, use: _Use | None, keep: float = 0) -> None:
        """Keep an association for ``keep`` seconds, or release it."""
        if use is None:
            return
        if not keep or use.leaving is not None or not use.association.is_reusable:
            await asyncio.shield(self._leave_soon(use))
            return
        if keep < math.inf:
            use.expiry = asyncio.get_running_loop().call_later(keep, self._leave_soon, use)
        self._free_place(use)

    def _free_place(self, use: _Use) -> None:
        place, use.place = use.place, None
        if place is not None:
            self._queue.leave(place)

    async def _release(self, uses: Sequence[_Use]) -> None:
        if uses:
            # Unlike gather(), this does not cancel them with the caller.
            await asyncio.wait([self._leave_soon(use) for use in uses])

    def _leave_soon(self, use: _Use) -> asyncio.Task[None]:
        """Return the one task that releases it."""
        if use.leaving is None:
            use.leaving = asyncio.create_task(self._leave(use), name="dlms association leaving")
        return use.leaving

    async def _leave(self, use: _Use) -> None:
        if use.expiry is not None:
            use.expiry.cancel()
        try:
            await use.association.release()
        finally:
            try:
                await self._physical.leave(use.link)
            finally:
                del self._uses[use.association.parameters.pair]
                self._free_place(use)
