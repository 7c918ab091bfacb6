"""Notifications on real sockets, heard by the listener of the stack."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
import pytest_socket

from custom_components.cosem.dlms.addresses import TransportProtocol
from custom_components.cosem.dlms.client.hearing import Heard
from custom_components.cosem.dlms.client.listener import NotificationListener
from custom_components.cosem.dlms.limits import DEFAULT_LIMITS
from custom_components.cosem.dlms.protocol.notification_senders import NotificationSenders
from tests.simulated_meter.carriers import Carriers
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.notification_profile import Carrier, Cut, Destination, NotificationProfile
from tests.simulated_meter.notifier import in_blocks
from tests.simulated_meter.profile import MeterProfile
from tests.simulated_meter.steps import wpdu
from tests.still_loop import until

EVENTS = [bytes.fromhex("C20000010000600B00FF0211") + bytes([code]) for code in range(100)]
WPDUS = [wpdu(1, 1, event) for event in EVENTS]


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    """Loopback sockets are used here."""
    pytest_socket.socket_allow_hosts(["127.0.0.1", "::1"], allow_unix_socket=True)


@asynccontextmanager
async def listening(carrier: Carrier, host: str = "127.0.0.1") -> AsyncIterator[tuple[list[Heard], Destination]]:
    heard: list[Heard] = []
    listener = NotificationListener(heard.append, NotificationSenders(), limits=DEFAULT_LIMITS)
    await listener.open(TransportProtocol(carrier.value), host, 0)
    try:
        yield heard, Destination(carrier, host, listener.port)
    finally:
        await listener.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("carrier", list(Carrier))
async def test_a_notification_reaches_its_destination(carrier: Carrier, host: str) -> None:
    carriers = Carriers()
    async with listening(carrier, host) as (heard, destination):
        carriers.carry(destination, WPDUS[:1])
        await until(lambda: heard)
        await carriers.settled()
    assert [each.apdu for each in heard] == EVENTS[:1]
    assert carriers.lost == 0


async def test_a_burst_in_one_segment_is_heard_whole() -> None:
    carriers = Carriers()
    async with listening(Carrier.TCP) as (heard, destination):
        carriers.carry(destination, WPDUS[:20])
        await until(lambda: len(heard) == 20)
        await carriers.settled()
    assert [each.apdu for each in heard] == EVENTS[:20]


@pytest.mark.parametrize("greeting", [b"SIM00000007\r\n", bytes.fromhex("FE0000FE")])
async def test_a_modem_may_greet_first(greeting: bytes) -> None:
    carriers = Carriers()
    async with listening(Carrier.TCP) as (heard, destination):
        carriers.carry(Destination(Carrier.TCP, destination.host, destination.port, greeting), WPDUS[:1])
        await until(lambda: heard)
        await carriers.settled()
    assert [each.apdu for each in heard] == EVENTS[:1]


async def test_a_flood_is_sent_whole_whatever_becomes_of_it() -> None:
    carriers = Carriers()
    async with listening(Carrier.UDP) as (heard, destination):
        carriers.carry(destination, WPDUS * 10)
        await until(lambda: heard)
    assert carriers.lost == 0


@pytest.mark.parametrize("cut", [Cut.STANDARD, Cut.DEVIATING])
@pytest.mark.parametrize("carrier", list(Carrier))
async def test_blocks_reach_their_destination_and_are_one_notification(carrier: Carrier, cut: Cut) -> None:
    carriers = Carriers()
    async with listening(carrier) as (heard, destination):
        carriers.carry(destination, [wpdu(1, 1, block) for block in in_blocks(EVENTS[0], 13, cut)])
        await until(lambda: heard)
        await carriers.settled()
    assert [each.apdu for each in heard] == EVENTS[:1]


async def test_the_last_of_the_power_is_enough_for_a_datagram() -> None:
    async with listening(Carrier.UDP) as (heard, destination):
        profile = replace(
            MeterProfile(), history_days=2, notifications=NotificationProfile(destinations=(destination,))
        )
        SimulatedMeter(profile).speaker.power_failure()
        await until(lambda: heard)
    assert heard[0].apdu[-11:] == bytes.fromhex("00010000600B00FF021101")


async def test_where_nobody_listens_it_is_lost() -> None:
    carriers = Carriers()
    async with listening(Carrier.TCP) as (_, destination):
        pass
    carriers.carry(destination, WPDUS[:1])
    await carriers.settled()
    assert carriers.lost == 1


def test_what_cannot_be_sent_is_lost() -> None:
    carriers = Carriers()
    carriers.carry(Destination(Carrier.UDP, "127.0.0.1", 9), [bytes(70_000)])
    assert carriers.lost == 1
