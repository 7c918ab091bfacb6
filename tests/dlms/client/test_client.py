"""One physical device: who opens, shares and closes the connection, against a scripted meter in memory. No sockets."""

import asyncio
from dataclasses import replace
from unittest.mock import patch

import pytest

from custom_components.cosem.dlms.client import client as client_module
from custom_components.cosem.dlms.client.channel import with_wrapper
from custom_components.cosem.dlms.client.client import DlmsClient
from custom_components.cosem.dlms.client.link import NotificationConsumer, Timing
from custom_components.cosem.dlms.errors import (
    AssociationAborted,
    AssociationRejected,
    AuthenticationTagInvalid,
    ConnectFailed,
    ConnectFailure,
    ConnectionLost,
    ConnectTimeout,
    DeviceInUse,
    ExceptionReceived,
    RemoteProtocolError,
)
from custom_components.cosem.dlms.protocol.notification_senders import NotificationSenders
from tests.dlms.client.conftest import OTHER, PATIENT, QUICK, SEVEN, StillClock, client_of, started, use
from tests.dlms.protocol.test_notification_senders import keys
from tests.dlms.scripted import (
    BUSY,
    CLOCK,
    PARAMETERS,
    End,
    Raw,
    ScriptedMeter,
    ScriptedTransport,
    aare,
    initiate,
    unsigned,
    value,
)
from tests.dlms.security.test_notification_keys import EVENT, general_glo
from tests.timed_client import TimedClient

# -- opening


async def test_refused_association_is_never_repeated(client, meter):
    meter.aarq = lambda apdu: [aare(None, result=1, diagnostic=13)]
    with pytest.raises(AssociationRejected) as caught:
        async with client.associate(PARAMETERS):
            pytest.fail("there is no association")
    assert caught.value.concerns_authentication
    assert [wpdu.apdu[0] for wpdu in meter.link.sent] == [0x60]
    assert len(meter.links) == 1
    assert meter.open_links == 0


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (BUSY, ExceptionReceived),
        (bytes.fromhex("0E010601"), AssociationRejected),
        (aare(initiate(dlms_version=5)), RemoteProtocolError),
        (Raw(b"HTTP/1.1 400 Bad Request"), RemoteProtocolError),
        (End(), ConnectionLost),
        (End(reset=True), ConnectionLost),
    ],
)
async def test_other_answers_to_an_aarq(client, meter, reply, error):
    meter.aarq = lambda apdu: [reply]
    with pytest.raises(error):
        async with client.associate(PARAMETERS):
            pytest.fail("there is no association")
    assert meter.open_links == 0


@pytest.mark.parametrize("tag", [0x60, 0xC0], ids=["proposal", "request"])
async def test_closed_while_the_transport_takes_its_time_to_send(tag):
    """Sending may wait: the end of it is an error of ours, not of whoever reads the events."""
    sending, go_on = asyncio.Event(), asyncio.Event()

    class Slow(ScriptedTransport):
        async def send(self, octets):
            if octets[8] == tag:
                sending.set()
                await go_on.wait()
            await super().send(octets)

    async def connect():
        return Slow(ScriptedMeter().reply)

    client = TimedClient("meter", timing=PATIENT, connect=with_wrapper(connect))
    user = await started(use(client))
    await sending.wait()
    closing = await started(client.close())
    go_on.set()
    with pytest.raises(AssociationAborted):
        await user
    await closing


async def test_caller_hears_when_the_connection_is_there(client, meter):
    heard = []
    async with client.associate(PARAMETERS, on_connected=lambda: heard.append(len(meter.link.sent))):
        assert heard == [0]


async def test_connector_without_a_deadline_of_its_own(meter):
    meter.on_connect = asyncio.Event().wait
    with pytest.raises(ConnectTimeout):
        async with client_of(meter, Timing(connect=0.01)).associate(PARAMETERS):
            pytest.fail("there is no association")


async def test_failed_connection_attempt_blocks_nothing(client, meter):
    async def refuse():
        raise ConnectFailed(ConnectFailure.REFUSED)

    meter.on_connect = refuse
    for _ in range(2):
        with pytest.raises(ConnectFailed):
            async with client.associate(PARAMETERS):
                pytest.fail("there is no association")
    meter.on_connect = None
    async with client.associate(PARAMETERS) as association:
        assert association.is_open


async def test_default_connector_opens_tcp_to_host_and_port(meter):
    with patch.object(client_module, "open_tcp", return_value=await meter.connect()) as opening:
        async with DlmsClient("meter.example", 4060).associate(PARAMETERS, timing=QUICK) as association:
            assert await association.get(CLOCK) == SEVEN
    opening.assert_called_once_with("meter.example", 4060, QUICK.connect)


# -- several associations on one connection


async def test_associations_share_one_connection(client, meter):
    async with client.associate(PARAMETERS) as first:
        async with client.associate(OTHER) as second:
            assert await first.get(CLOCK) == await second.get(CLOCK) == SEVEN
        assert client.is_connected
        assert not second.is_open
        assert await first.get(CLOCK) == SEVEN
    assert len(meter.links) == 1
    assert meter.open_links == 0


async def test_two_clients_with_the_same_wports_have_connections_of_their_own(meter):
    first, second = client_of(meter), client_of(meter)
    async with first.associate(PARAMETERS) as one, second.associate(PARAMETERS) as other:
        assert await one.get(CLOCK) == await other.get(CLOCK) == SEVEN
        assert len(meter.links) == meter.open_links == 2


async def test_f57_requests_of_one_physical_device_are_sequential(patient, meter):
    """Most meters handle one request at a time, whatever the logical device."""
    meter.get = lambda apdu: []
    async with patient.associate(PARAMETERS) as first, patient.associate(OTHER) as second:
        task = await started(first.get(CLOCK))
        other = await started(second.get(CLOCK))
        assert len(meter.requests) == 1
        meter.get = lambda apdu: [value(unsigned(7))]
        meter.link.push(value(unsigned(7)))
        assert await task == await other == SEVEN
    assert len(meter.requests) == 2


async def test_first_connection_is_opened_once_for_simultaneous_callers(client, meter):
    meter.on_connect = lambda: asyncio.sleep(0.01)

    async def read(parameters):
        async with client.associate(parameters) as association:
            return await association.get(CLOCK)

    assert await asyncio.gather(read(PARAMETERS), read(OTHER)) == [SEVEN, SEVEN]
    assert len(meter.links) == 1


async def test_one_association_for_a_pair_at_a_time(client, meter):
    async def read():
        async with client.associate(PARAMETERS) as association:
            await asyncio.sleep(0.01)
            return await association.get(CLOCK)

    assert await asyncio.gather(read(), read()) == [SEVEN, SEVEN]
    tags = [wpdu.apdu[0] for link in meter.links for wpdu in link.sent]
    assert tags == [0x60, 0xC0, 0x62] * 2


async def test_association_that_is_used_does_not_give_way(patient, meter):
    async with patient.associate(PARAMETERS) as used:

        async def wait():
            async with patient.associate(PARAMETERS) as association:
                return await association.get(CLOCK)

        waiting = await started(wait())
        for _ in range(3):
            assert await used.get(CLOCK) == SEVEN
            assert not waiting.done()
    assert await waiting == SEVEN


async def test_wait_for_a_pair_has_an_end(meter):
    client = client_of(meter, PATIENT)
    async with client.associate(PARAMETERS) as used:
        with pytest.raises(DeviceInUse, match="the other association 16 -> 1 of this device did not end"):
            async with client.associate(PARAMETERS, timing=replace(PATIENT, transfer=0.03)):
                pytest.fail("there is no association")
        assert await used.get(CLOCK) == SEVEN


async def test_pause_between_two_connections(meter):
    clock = StillClock()
    client = client_of(meter, Timing(reconnect_gap=1), clock=clock)
    for _ in range(2):
        async with client.associate(PARAMETERS):
            clock.now += 5
    assert clock.slept == [1.0]
    clock.now += 0.75
    async with client.associate(PARAMETERS):
        pass
    assert clock.slept == [1.0, 0.25]
    clock.now += 1
    async with client.associate(PARAMETERS):
        pass
    assert clock.slept == [1.0, 0.25]


async def test_pause_by_the_system_clock(meter):
    """The pause is counted by the computer's clock, and spent on the loop's."""
    client = client_of(meter, Timing(reconnect_gap=1000))
    loop = asyncio.get_running_loop()
    async with client.associate(PARAMETERS):
        pass
    slept_at = loop.time()
    async with client.associate(PARAMETERS):
        assert 500 < loop.time() - slept_at <= 1000


# -- closing the client


async def test_close_releases_what_is_open(client, meter):
    async with client.associate(PARAMETERS) as association:
        await client.close()
        assert not association.is_open
        assert [wpdu.apdu[0] for wpdu in meter.link.sent] == [0x60, 0x62]
        assert meter.open_links == 0
    await client.close()


async def test_an_unused_client_is_closed_without_a_connection(client, meter):
    await client.close()
    assert not meter.links


async def test_close_tells_whoever_waits(patient, meter):
    meter.get = lambda apdu: []
    async with patient.associate(PARAMETERS) as association:
        reading = await started(association.get(CLOCK))
        await patient.close()
        with pytest.raises(AssociationAborted):
            await reading
    assert meter.open_links == 0


async def test_close_while_associating(patient, meter):
    meter.aarq = lambda apdu: []
    task = await started(use(patient))
    await patient.close()
    with pytest.raises(AssociationAborted):
        await task
    assert meter.open_links == 0


async def test_close_before_it_is_ones_turn(patient, meter):
    meter.get = lambda apdu: []
    first = await started(use(patient))
    second = await started(use(patient, OTHER))
    await patient.close()
    results = await asyncio.gather(first, second, return_exceptions=True)
    assert all(isinstance(result, AssociationAborted) for result in results)
    assert len(meter.link.sent) == 3


async def test_closed_client_can_be_used_again(client):
    await client.close()
    async with client.associate(PARAMETERS) as association:
        assert await association.get(CLOCK) == SEVEN


# -- what nobody asked for


async def test_notifications_before_an_answer_are_handed_over_and_the_answer_comes(client, meter):
    opened, closed = general_glo(5), general_glo(6, key=bytes(16))
    meter.get = lambda apdu: [EVENT, opened, closed, value(unsigned(7))]
    heard = []
    client.consume_notifications(NotificationConsumer(heard.append, NotificationSenders([keys()])))
    async with client.associate(PARAMETERS) as association:
        assert (await association.get(CLOCK)).value == 7
    plain, verified, refused = heard
    assert (plain.plain_apdu, plain.authenticated) == (EVENT, False)
    assert (verified.plain_apdu, verified.authenticated) == (EVENT, True)
    assert (refused.apdu, type(refused.error)) == (closed, AuthenticationTagInvalid)


async def test_without_a_consumer_notifications_disturb_nothing(client, meter):
    meter.get = lambda apdu: [EVENT, general_glo(5), value(unsigned(7))]
    async with client.associate(PARAMETERS) as association:
        assert (await association.get(CLOCK)).value == 7
