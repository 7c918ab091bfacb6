"""The seam: client and simulated meter talk through another framing, and nothing above it knows."""

import asyncio
from dataclasses import replace

import pytest

from custom_components.cosem.dlms.apdu.acse import Mechanism
from custom_components.cosem.dlms.apdu.common import AttributeDescriptor
from custom_components.cosem.dlms.client.channel import Channel, with_wrapper
from custom_components.cosem.dlms.client.client import DlmsClient
from custom_components.cosem.dlms.client.transport import TcpTransport, Transport
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.errors import ResponseTimeout
from custom_components.cosem.dlms.protocol.framing import WrapperFraming
from custom_components.cosem.dlms.protocol.proposal import AssociationParameters
from custom_components.cosem.dlms.security.keys import Secret
from tests.dlms.scripted import CLOCK, ENERGY, POWER
from tests.dlms.second_framing import BYE, MOST_TRIES, SecondHouse
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import DEFAULT_PASSWORD
from tests.simulated_meter.server import MeterServer

READER = AssociationParameters(client_wport=2, mechanism=Mechanism.LLS, password=Secret(DEFAULT_PASSWORD.encode()))
PUBLIC = AssociationParameters(client_wport=16)
ASKED = (CLOCK, ENERGY, POWER, CLOCK)
NAME = AttributeDescriptor(1, LogicalName.parse("0.0.42.0.0.255"), 2)


async def test_a_connector_makes_a_channel_of_any_transport_and_the_wrapper():
    meter = SimulatedMeter()
    channel = await with_wrapper(meter.connect)()
    assert isinstance(channel, Channel)
    assert isinstance(channel.framing, WrapperFraming)
    await channel.transport.close()


@pytest.fixture
def meter():
    return SimulatedMeter()


async def test_a_connection_that_the_meter_opened_carries_associations_of_ours(meter, socket_enabled):
    """A listener accepts, the client proposes: nothing above the transport asks who called."""
    called = asyncio.get_running_loop().create_future()
    listener = await asyncio.start_server(lambda *streams: called.set_result(streams), "127.0.0.1", 0)
    async with listener, MeterServer(meter, "127.0.0.1", 0) as server:
        reader, writer = await asyncio.open_connection(*listener.sockets[0].getsockname())
        calling = asyncio.create_task(server.serve_opened(reader, writer))
        accepted = TcpTransport(*await called)

        async def take() -> Transport:
            return accepted

        client = DlmsClient("meter", connect=with_wrapper(take))
        async with client.associate(PUBLIC) as first, client.associate(replace(PUBLIC, server_wport=16)) as second:
            assert (await first.get(NAME)).value != (await second.get(NAME)).value
        await calling
    assert meter.state.associations == 0


async def read(house):
    """Associate, read alone and in a list, release."""
    client = DlmsClient("meter", connect=house.connect)
    async with client.associate(READER) as association:
        clock = await association.get(CLOCK)
        values = await association.get_many(ASKED[1:])
    await client.close()
    return clock, values


async def read_clock(client):
    async with client.associate(READER) as association:
        return await association.get(CLOCK)


async def test_a_framing_with_handshake_and_acknowledgements(meter):
    house = SecondHouse(meter)
    clock, values = await read(house)
    assert all(meter.was_true(attribute, value) for attribute, value in zip(ASKED, [clock, *values], strict=True))
    (gateway,) = house.gateways
    assert gateway.said_good_bye
    assert gateway.closed
    assert (house.framings[0].repeated, gateway.peer.repeated) == (0, 0)


@pytest.mark.parametrize("number", range(1, 9))
@pytest.mark.parametrize("way", ["out", "in"])
async def test_a_frame_that_is_lost_is_sent_again(meter, way, number):
    """HELLO, WELCOME, DATA or its acknowledgement, of either side: the meter sees no request twice."""
    house = SecondHouse(meter, lose=[(way, number)])
    clock, values = await read(house)
    assert all(meter.was_true(attribute, value) for attribute, value in zip(ASKED, [clock, *values], strict=True))
    assert [request.apdu[0] for request in meter.log] == [0x60, 0xC0, 0xC0, 0x62]


async def test_a_peer_that_acknowledges_nothing_is_lost(meter):
    house = SecondHouse(meter, lose=[("out", number) for number in range(2, 2 + MOST_TRIES)])
    client = DlmsClient("meter", connect=house.connect)
    with pytest.raises(ResponseTimeout, match="acknowledgement"):
        async with client.associate(READER) as association:
            await association.get(CLOCK)
    assert not client.is_connected
    assert house.gateways[0].closed


async def test_a_handshake_that_never_ends_is_a_connection_that_never_came(meter):
    house = SecondHouse(meter, lose=[("out", number) for number in range(1, 99)])
    client = DlmsClient("meter", connect=house.connect)
    with pytest.raises(ResponseTimeout, match="acknowledgement"):
        async with client.associate(PUBLIC):
            pass
    assert house.gateways[0].closed
    assert not client.is_connected


async def test_one_channel_carries_several_logical_devices(meter):
    house = SecondHouse(meter)
    client = DlmsClient("meter", connect=house.connect)
    async with client.associate(PUBLIC) as first, client.associate(replace(PUBLIC, server_wport=16)) as second:
        assert (await first.get(NAME)).value != (await second.get(NAME)).value
    assert len(house.gateways) == 1


class SlowGoodBye(SecondHouse):
    """The channel takes its time for BYE."""

    def __init__(self, meter):
        super().__init__(meter)
        self.signing_off = asyncio.Event()
        self.go_on = asyncio.Event()

    async def connect(self):
        channel = await super().connect()
        gateway = self.gateways[-1]
        send = gateway.send

        async def slowly(octets):
            if octets[1] == BYE:
                self.signing_off.set()
                await self.go_on.wait()
            await send(octets)

        gateway.send = slowly
        return channel


async def test_who_comes_while_the_channel_signs_off_gets_another_one_afterwards(meter):
    house = SlowGoodBye(meter)
    client = DlmsClient("meter", connect=house.connect)
    first = asyncio.create_task(read_clock(client))
    await house.signing_off.wait()
    second = asyncio.create_task(read_clock(client))
    for _ in range(100):  # more turns than it would need
        await asyncio.sleep(0)
    assert len(house.gateways) == 1
    assert not second.done()
    house.go_on.set()
    await asyncio.gather(first, second)
    assert len(house.gateways) == 2
    assert all(gateway.said_good_bye for gateway in house.gateways)


async def test_who_comes_before_it_signs_off_keeps_the_channel(meter):
    house = SecondHouse(meter)
    client = DlmsClient("meter", connect=house.connect)
    await asyncio.gather(read_clock(client), read_clock(client))
    assert len(house.gateways) <= 2
    async with client.associate(PUBLIC) as kept:
        await read_clock(client)
        assert kept.is_open
        assert not house.gateways[-1].said_good_bye
