"""A listener on this computer, and simulated meters that call it."""

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

from custom_components.cosem.dlms.addresses import TransportProtocol
from custom_components.cosem.dlms.apdu.acse import Mechanism
from custom_components.cosem.dlms.apdu.common import AttributeDescriptor
from custom_components.cosem.dlms.client.call_desk import CallDesk, ExpectedCaller
from custom_components.cosem.dlms.client.calls import AwaitedCalls
from custom_components.cosem.dlms.client.client import DlmsClient
from custom_components.cosem.dlms.client.link import Timing
from custom_components.cosem.dlms.client.listener import NotificationListener
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.limits import DEFAULT_LIMITS
from custom_components.cosem.dlms.protocol.notification_senders import NotificationSenders
from custom_components.cosem.dlms.protocol.proposal import AssociationParameters
from custom_components.cosem.dlms.security.keys import Secret
from tests.dlms.security.test_notification_keys import keys
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import DEFAULT_PASSWORD, MeterProfile
from tests.simulated_meter.server import MeterServer

LOOPBACK = "127.0.0.1"
PUBLIC = AssociationParameters()
READER = AssociationParameters(client_wport=2, mechanism=Mechanism.LLS, password=Secret(DEFAULT_PASSWORD.encode()))
MANAGEMENT = replace(READER, client_wport=1)
"""The meter tells its management client."""
NAME = AttributeDescriptor(1, LogicalName.parse("0.0.42.0.0.255"), 2)
TIMING = Timing(connect=5, response=5, reconnect_gap=0)


def calling_meter(seed=1, **quirks):
    return SimulatedMeter(replace(MeterProfile(), history_days=2, seed=seed).with_quirks(**quirks))


def name_of(meter):
    return meter.devices[1].name


class Desk:
    """A listener with a desk, and meters."""

    def __init__(self, limits=DEFAULT_LIMITS):
        self.heard = []
        self.desk = CallDesk()
        self.listener = NotificationListener(
            self.heard.append, NotificationSenders([keys()]), limits=limits, on_call=self.desk.take
        )
        self.tasks = []
        self.clients = []

    def expect(self, **caller):
        """A client for calls, and its caller."""
        expected = ExpectedCaller(calls=AwaitedCalls(), **{"names_sources": True, **caller})
        client = DlmsClient("", connect=expected.calls.connect)
        self.clients.append(client)
        self.desk.add(expected, self.listener.calls)
        return client, expected

    def call(self, server, wpdus=(), greeting=b""):
        task = asyncio.create_task(server.call(LOOPBACK, self.listener.port, wpdus, greeting))
        self.tasks.append(task)
        return task


@asynccontextmanager
async def desk(limits=DEFAULT_LIMITS):
    house = Desk(limits)
    await house.listener.open(TransportProtocol.TCP, LOOPBACK, 0)
    try:
        yield house
    finally:
        for client in house.clients:
            await client.close()
        await house.desk.close()
        await house.listener.close()
        for task in house.tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


@asynccontextmanager
async def serving(*meters):
    """Servers of meters, which are only there to call."""
    servers = [MeterServer(meter, LOOPBACK, 0) for meter in meters]
    try:
        yield servers[0] if len(servers) == 1 else servers
    finally:
        for server in servers:
            await server.close()


async def name_read(client, parameters=READER, timing=TIMING):
    async with client.associate(parameters, timing=timing) as association:
        return (await association.get(NAME)).value
