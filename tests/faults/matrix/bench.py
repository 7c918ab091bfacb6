"""A meter with a client for each security, polls that check the truth, and what must be left when all is over."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

from custom_components.cosem.dlms import (
    DEFAULT_PROPOSED_CONFORMANCE,
    AssociationParameters,
    AttributeDescriptor,
    Conformance,
    Data,
    DataAccessError,
    DlmsError,
    Mechanism,
    OutcomeUnknown,
    Secret,
    SecurityState,
)
from custom_components.cosem.dlms.client.association import Association
from custom_components.cosem.dlms.client.channel import with_datagrams, with_wrapper
from custom_components.cosem.dlms.encoding.data import decode_data_octets
from tests.faults.conftest import ENERGY, FAST, POLLED, MeterClock, attribute
from tests.faults.secured import Store, parameters_for, requests_of, secured_profile
from tests.simulated_meter.envelopes import Kind
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import DEFAULT_PASSWORD, ClientProfile, GeneralBlocks, Level, MeterProfile
from tests.timed_client import TimedClient

from .cases import WRITING, Channel, Protected, Service
from .told import IMAGE_BLOCK, IMAGE_INITIATE, NAME, RETURNING, Target, Told, Violation

SECURED: Final = 1
WPORTS: Final = {Protected.NONE: 16, Protected.LLS: 2, Protected.HLS_GMAC: SECURED}
LOAD_PROFILE: Final = attribute(7, "1.0.99.1.0.255")
GENERAL_BLOCKS: Final = {"general_blocks": GeneralBlocks.PREFERRED, "general_block_window": 3}
SMALL: Final = 256
"""Octets that the client takes: the load profile comes in many blocks."""
_GLOBAL: Final = {Kind.GLOBAL, Kind.GENERAL_GLOBAL}


def meter_profile() -> MeterProfile:
    """Return a meter whose clients all may do everything."""
    secured = secured_profile()
    client = secured.client(SECURED)
    assert client is not None
    return replace(
        secured,
        history_days=1,
        clients=(
            ClientProfile(wport=16, name="public", level=Level.MANAGE),
            ClientProfile(wport=2, name="reader", level=Level.MANAGE, password=DEFAULT_PASSWORD),
            client,
        ),
    )


PROFILE: Final = meter_profile()


@dataclass
class Bench:
    """One meter and one client of it. Use it as a context: leaving it checks that nothing is left."""

    protected: Protected
    channel: Channel = Channel.TCP
    clock: MeterClock = field(default_factory=MeterClock)
    store: Store = field(default_factory=Store)

    def __post_init__(self) -> None:
        self.meter = SimulatedMeter(PROFILE, self.clock)
        is_udp = self.channel is Channel.UDP
        connect = with_datagrams(self.meter.connect_datagrams) if is_udp else with_wrapper(self.meter.connect)
        self.client = TimedClient("meter", connect=connect, timing=FAST)
        self._connect = connect
        self.state = SecurityState(1, self.store) if self.protected is Protected.HLS_GMAC else None
        self._energies: list[int] = []
        self._told = Told(self.meter)
        self._tasks = asyncio.all_tasks()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        await self.client.close()
        if kind is not None:
            return  # what follows from it hides nothing
        for problem, found in {
            "a connection of the client is left": self.client.is_connected,
            "a link is left open": self.meter.open_links,
            "an association is left at the meter": self.meter.state.associations and not self.meter.sessions,
            "a task is left": asyncio.all_tasks() - self._tasks - {asyncio.current_task()},
        }.items():
            if found:
                raise Violation(problem)
        self._told.check_all()
        self._check_counters()

    def parameters(self, service: Service, server_wport: int = 1) -> AssociationParameters:
        """Return what is proposed for a service."""
        size = SMALL if service in {Service.BLOCKS, Service.GENERAL} else 1024
        conformance = DEFAULT_PROPOSED_CONFORMANCE
        if service is Service.GENERAL_SET:
            conformance &= ~Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE
        if self.protected is Protected.HLS_GMAC:
            pinned = self.meter.security.identity.title
            secured = parameters_for(self.meter, SECURED, server_system_title=pinned)
            return replace(secured, max_receive_pdu_size=size, server_wport=server_wport, conformance=conformance)
        lls = self.protected is Protected.LLS
        return AssociationParameters(
            client_wport=WPORTS[self.protected],
            server_wport=server_wport,
            mechanism=Mechanism.LLS if lls else Mechanism.NONE,
            password=Secret(DEFAULT_PASSWORD.encode()) if lls else None,
            max_receive_pdu_size=size,
            conformance=conformance,
        )

    async def begin_again(self) -> None:
        """Begin as after a kill: nothing is left but what was stored; the system closes what was open."""
        for link in self.meter.links:
            await link.close()
        await self.client.close()
        self.client = TimedClient("meter", connect=self._connect, timing=FAST)
        if self.state is not None:
            self.state = SecurityState(max(self.store.ceilings, default=1), self.store)

    @asynccontextmanager
    async def occupied(self) -> AsyncIterator[None]:
        """While it lasts, another client holds the only connection and association that the meter gives."""
        profile = self.meter.profile
        self.meter.profile = profile.with_quirks(one_connection=True, one_association=True)
        rival = TimedClient("rival", connect=self._connect, timing=FAST)
        try:
            public = AssociationParameters(client_wport=WPORTS[Protected.NONE])
            async with rival.associate(public):
                yield
        finally:
            await rival.close()
            self.meter.profile = profile

    async def poll(self, service: Service, server_wport: int = 1) -> bool:
        """Poll once. Return whether everything that was asked for is fresh. Raises Violation."""
        self.clock.advance(seconds=60)
        quirks = GENERAL_BLOCKS if service in {Service.GENERAL, Service.GENERAL_SET} else {}
        self.meter.profile = self.meter.profile.with_quirks(**quirks)
        named: dict[str, Any] = {} if self.state is None else {"security_state": self.state}
        async with self.client.associate(self.parameters(service, server_wport), **named) as association:
            work = Service.GET if server_wport != 1 and service in WRITING else service
            return await _SERVICES[work](self, association, server_wport)

    async def _get(self, association: Association, server_wport: int) -> bool:
        descriptor = _polled(server_wport)[0]
        self._check(descriptor, await association.get(descriptor), server_wport)
        return True

    async def _list(self, association: Association, server_wport: int) -> bool:
        descriptors = _polled(server_wport)
        fresh = True
        for descriptor, value in zip(descriptors, await association.get_many(descriptors), strict=True):
            if isinstance(value, DataAccessError):
                fresh = False
            else:
                self._check(descriptor, value, server_wport)
        return fresh

    async def _blocks(self, association: Association, server_wport: int) -> bool:
        if server_wport != 1:
            return await self._get(association, server_wport)
        self._check(LOAD_PROFILE, decode_data_octets(await association.get_octets(LOAD_PROFILE)), server_wport)
        return True

    async def _set(self, association: Association, *, long: bool) -> bool:
        value = self._told.next_value(long=long)
        return await self._tell(NAME, value, association.set(NAME, value))

    async def _block_of_an_image(self, association: Association) -> bool:
        if not self._told.is_image_begun:
            await association.action(IMAGE_INITIATE, self._told.image())
        block = self._told.next_block()
        return await self._tell(IMAGE_BLOCK, block, association.action(IMAGE_BLOCK, block))

    async def _returning(self, association: Association) -> bool:
        value = self._told.next_value(long=True)
        is_whole = True

        async def execute() -> None:
            nonlocal is_whole
            returned = await association.action(RETURNING, value)
            is_whole = not isinstance(returned, DataAccessError)  # else: carried out, but its answer broke off
            if is_whole and returned != value:
                raise Violation("another value was returned")

        return await self._tell(RETURNING, value, execute()) and is_whole

    async def _tell(self, target: Target, value: Data, telling: Awaitable[object]) -> bool:
        """Tell the meter something that it was never told before. Raises Violation."""
        try:
            await telling
        except OutcomeUnknown:
            self._told.check(target, value, {0, 1})
            raise
        except DlmsError:
            self._told.check(target, value, {0})  # whoever reads it may think that nothing happened
            raise
        self._told.check(target, value, {1})
        return True

    def _check(self, descriptor: AttributeDescriptor, value: Data, server_wport: int) -> None:
        if not self.meter.was_true(descriptor, value, server_wport=server_wport):
            raise Violation(f"{descriptor} was never {value}")
        if descriptor == ENERGY:
            assert isinstance(value.value, int)
            if self._energies and value.value < self._energies[-1]:
                raise Violation("energy went back")
            self._energies.append(value.value)

    def _check_counters(self) -> None:
        counters = [
            envelope.counter
            for envelope in requests_of(self.meter, SECURED)
            if envelope.kind in _GLOBAL and envelope.counter is not None
        ]
        if len(counters) != len(set(counters)):
            raise Violation("an invocation counter was used twice")
        if counters and max(counters) >= max(self.store.ceilings):
            raise Violation("an invocation counter was not stored before its use")


def _polled(server_wport: int) -> list[AttributeDescriptor]:
    return [attribute(class_id, name) for class_id, name in POLLED[server_wport]]


_SERVICES: Final[dict[Service, Callable[[Bench, Association, int], Awaitable[bool]]]] = {
    Service.GET: Bench._get,
    Service.LIST: Bench._list,
    Service.BLOCKS: Bench._blocks,
    Service.GENERAL: Bench._blocks,
    Service.SET: lambda bench, association, _: bench._set(association, long=False),
    Service.GENERAL_SET: lambda bench, association, _: bench._set(association, long=True),
    Service.LONG_SET: lambda bench, association, _: bench._set(association, long=True),
    Service.ACTION: lambda bench, association, _: bench._block_of_an_image(association),
    Service.LONG_ACTION: lambda bench, association, _: bench._returning(association),
}
