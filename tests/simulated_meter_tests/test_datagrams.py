"""Over datagrams: a session for each peer, one WPDU a datagram, and what a network does to them; on sockets, too."""

import asyncio

import pytest

from custom_components.cosem.dlms.errors import ConnectFailed, ConnectFailure, ConnectionLost
from tests.simulated_meter import datagrams
from tests.simulated_meter.link import Direction
from tests.simulated_meter.steps import Pause, Send, wpdu

from .tools import get_request, make_aarq, make_meter

AARQ = wpdu(16, 1, make_aarq())
NAME = wpdu(16, 1, get_request(1, "0.0.42.0.0.255", 2))


class Time:
    """Seconds that a test lets pass."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_each_peer_has_associations_of_its_own():
    meter = make_meter()
    (aare,) = meter.datagrams.receive("a", AARQ)
    assert isinstance(aare, Send)
    assert aare.octets[8] == 0x61
    (answer,) = meter.datagrams.receive("a", NAME)
    assert isinstance(answer, Send)
    assert answer.octets[-16:] == meter.devices[1].name
    (refusal,) = meter.datagrams.receive("b", NAME)
    assert isinstance(refusal, Send)
    assert refusal.octets[8:] == b"\xd8\x01\x01"


@pytest.mark.parametrize(
    "octets",
    [b"", AARQ[:7], AARQ[:8], AARQ[:-1], AARQ + b"\0", AARQ + AARQ, b"\0\2" + AARQ[2:]],
    ids=["empty", "half a header", "header", "truncated", "octet too many", "two", "version"],
)
def test_what_is_not_one_wpdu_is_left_out(octets: bytes):
    meter = make_meter()
    assert meter.datagrams.receive("a", octets) == []
    assert len(meter.datagrams.receive("a", AARQ)) == 1


def test_an_association_ends_by_release_or_silence():
    meter = make_meter(inactivity_timeout=60.0)
    meter.monotonic = time = Time()
    meter.datagrams.receive("a", AARQ)
    meter.datagrams.receive("b", AARQ)
    assert meter.state.associations == 2
    meter.datagrams.receive("a", wpdu(16, 1, b"\x62\x00"))
    assert meter.state.associations == 1
    time.now = 50.0
    meter.datagrams.receive("a", NAME)
    time.now = 100.0
    meter.datagrams.receive("a", NAME)
    assert meter.state.associations == 0


def test_a_meter_that_restarts_knows_nobody():
    meter = make_meter()
    meter.datagrams.receive("a", AARQ)
    meter.restart()
    (answer,) = meter.datagrams.receive("a", NAME)
    assert answer == Send(wpdu(1, 16, b"\xd8\x01\x01"))


def test_no_more_than_so_many_peers():
    meter = make_meter()
    answered = [bool(meter.datagrams.receive(peer, AARQ)) for peer in range(100)]
    assert answered == [True] * 64 + [False] * 36


def test_the_only_slot_is_kept_by_its_peer():
    meter = make_meter(one_connection=True)
    assert meter.datagrams.receive("a", AARQ)
    assert meter.datagrams.receive("b", AARQ) == []
    assert meter.datagrams.receive("a", AARQ)


@pytest.mark.parametrize(("fault", "answers"), [("lose-answer", 0), ("double", 2), ("cut-datagram", 1)])
def test_faults_of_datagrams(fault: str, answers: int):
    meter = make_meter()
    meter.faults.add(fault, on="any", octet=11)
    steps = meter.datagrams.receive("a", AARQ)
    assert len(steps) == answers
    assert len(set(steps)) <= 1
    assert meter.state.associations == 1
    if fault == "cut-datagram":
        assert isinstance(steps[0], Send)
        assert len(steps[0].octets) == 11


async def test_the_network_loses_doubles_cuts_joins_and_reorders():
    to_client = Direction.TO_CLIENT
    for manipulator, expected in (
        (datagrams.lose(1.0, 1), []),
        (datagrams.double(to_client, 0.5), [Send(NAME), Pause(0.5), Send(NAME)]),
        (datagrams.truncate(to_client, 5), [Send(NAME[:5])]),
        (datagrams.join(to_client), [Send(NAME + NAME)]),
    ):
        assert manipulator(to_client, NAME) == expected
        if expected:
            assert manipulator(Direction.TO_METER, NAME) == [Send(NAME)]
    (pause, _) = datagrams.reorder(1)(to_client, NAME)
    assert isinstance(pause, Pause)
    assert datagrams.reorder(1)(Direction.TO_METER, NAME) == [Send(NAME)]


async def test_a_delayed_datagram_is_overtaken():
    meter = make_meter(delay=0.0)
    meter.faults.add("late", on="aarq", seconds=2.0)
    link = await meter.connect_datagrams()
    await link.send(AARQ)
    await link.send(NAME)
    assert (await link.receive())[8] == 0xC4
    assert (await link.receive())[8] == 0x61
    await link.send(AARQ)
    await link.close()
    assert not meter.open_links
    with pytest.raises(ConnectionLost):
        await link.receive()
    with pytest.raises(ConnectionLost):
        await link.send(AARQ)


async def test_a_closed_port_and_a_black_hole():
    meter = make_meter()
    meter.faults.add("refuse", times=1)
    link = await meter.open_udp("meter", 4059, 1)
    with pytest.raises(ConnectFailed) as caught:
        await link.receive()
    assert caught.value.reason is ConnectFailure.REFUSED
    meter.faults.add("black-hole", times=1)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await meter.connect_datagrams()


async def test_the_meter_speaks_on_its_own():
    link = await make_meter().connect_datagrams()
    waiting = asyncio.create_task(link.receive())
    await asyncio.sleep(0)
    link.push(Send(NAME))
    assert await waiting == NAME


async def test_an_empty_datagram_is_not_the_end():
    meter = make_meter()
    link = await meter.connect_datagrams()
    link.push(Send(b""))
    link.push(Send(AARQ))
    assert await link.receive() == AARQ
    await link.close()
