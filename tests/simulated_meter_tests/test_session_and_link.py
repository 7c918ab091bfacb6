"""A connection without sockets: framing, routing, manipulators, faults and their triggers."""

import asyncio

from async_timeout import timeout
import pytest

from custom_components.cosem.dlms.errors import ConnectionLost
from tests.simulated_meter import link as links
from tests.simulated_meter.faults import CATALOGUE, FaultPlan, parse_fault
from tests.simulated_meter.link import Direction
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import MeterProfile
from tests.simulated_meter.steps import Finish, Pause, Reset, Send, wpdu

from .tools import NOW, BareClient, get_request, make_aarq, make_meter

NAME = get_request(1, "0.0.42.0.0.255", 2)


def test_octet_by_octet_gives_the_same_answers():
    whole, pieces = make_meter(), make_meter()
    stream = wpdu(16, 1, make_aarq()) + wpdu(16, 1, NAME) + wpdu(16, 1, b"\x62\x00")
    expected = BareClient(whole, 16).session.receive(stream)
    session = BareClient(pieces, 16).session
    assert [step for octet in stream for step in session.receive(bytes([octet]))] == expected
    assert len(expected) == 3


def test_an_unknown_server_wport_gives_no_answer():
    client = BareClient(make_meter(), 16, 0x50)
    assert client.steps(make_aarq()) == []
    client.server = 1
    assert client.ask(make_aarq())[0] == 0x61


def test_an_empty_wpdu_is_ignored():
    assert BareClient(make_meter()).steps(b"") == []


def test_a_wrong_version_ends_the_connection():
    session = BareClient(make_meter()).session
    assert session.receive(b"\x7e" * 8) == [Finish()]
    assert session.over
    assert session.receive(wpdu(16, 1, make_aarq())) == []


def test_two_associations_interleaved():
    meter = make_meter()
    public = BareClient(meter, 16, 1)
    manager = BareClient(meter, 1, 16, public.session)
    public.ask(make_aarq())
    manager.associate()
    assert public.ask(NAME)[-16:] == meter.devices[1].name
    assert manager.ask(NAME)[-16:] == meter.devices[16].name
    assert meter.state.associations == 2


def test_delay_comes_before_the_answer():
    (pause, answer) = BareClient(make_meter(delay=3.0, jitter=2.0), 16).steps(make_aarq())
    assert isinstance(pause, Pause)
    assert 3 <= pause.seconds <= 5
    assert isinstance(answer, Send)


def test_restart_loses_everything_silently():
    meter = make_meter()
    client = BareClient(meter)
    client.associate()
    meter.restart()
    assert client.steps(NAME) == []
    assert meter.state.associations == 0
    assert BareClient(meter).associate()[0] == 0x61


async def exchange(link: links.MemoryTransport, apdu: bytes) -> bytes:
    """Send an APDU as the public client; return what arrives until a whole WPDU is there."""
    await link.send(wpdu(16, 1, apdu))
    received = b""
    async with timeout(2):
        while len(received) < 8 or len(received) < 8 + int.from_bytes(received[6:8]):
            segment = await link.receive()
            if not segment:
                break
            received += segment
    return received


@pytest.mark.parametrize("manipulator", [links.split(1), links.split(5), links.delay(0.02)])
async def test_manipulators_that_change_nothing_in_the_end(manipulator: links.Manipulator):
    meter = make_meter()
    meter.manipulator = lambda: manipulator
    link = await meter.connect()
    assert (await exchange(link, make_aarq()))[8] == 0x61
    assert (await exchange(link, NAME))[-16:] == meter.devices[1].name
    await link.close()


async def test_corrupting_one_octet():
    meter = make_meter()
    honest = await exchange(await meter.connect(), make_aarq())
    meter.manipulator = lambda: links.corrupt(Direction.TO_CLIENT, 12, 0x01)
    altered = await exchange(await meter.connect(), make_aarq())
    assert [index for index, pair in enumerate(zip(honest, altered, strict=True)) if pair[0] != pair[1]] == [12]


async def test_dropping_a_segment():
    meter = make_meter()
    meter.manipulator = lambda: links.drop(Direction.TO_METER, 2)
    link = await meter.connect()
    await exchange(link, make_aarq())
    await link.send(wpdu(16, 1, NAME))
    with pytest.raises(TimeoutError):
        async with timeout(0.05):
            await link.receive()
    assert (await exchange(link, NAME))[8] == 0xC4
    assert meter.requests == 2


async def test_merging_two_answers():
    meter = make_meter()
    link = await meter.connect()
    await exchange(link, make_aarq())
    link._manipulator = links.merge(2)
    await link.send(wpdu(16, 1, NAME))
    await link.send(wpdu(16, 1, NAME))
    both = await link.receive()
    assert both[: len(both) // 2] == both[len(both) // 2 :]


@pytest.mark.parametrize("end", [Finish(), Reset()])
async def test_ending_after_some_octets(end: Finish | Reset):
    meter = make_meter()
    meter.manipulator = lambda: links.end_after(10, end)
    link = await meter.connect()
    await link.send(wpdu(16, 1, make_aarq()))
    assert len(await link.receive()) == 10
    if isinstance(end, Finish):
        assert await link.receive() == b""
        await link.send(b"into the void")
        assert await link.receive() == b""
    else:
        with pytest.raises(ConnectionLost):
            await link.receive()
        with pytest.raises(ConnectionLost):
            await link.send(b"x")
    assert meter.sessions[0].over


async def test_a_cancelled_wait_loses_nothing():
    meter = make_meter(delay=0.05)
    link = await meter.connect()
    await link.send(wpdu(16, 1, make_aarq()))
    for _ in range(2):
        with pytest.raises(TimeoutError):
            async with timeout(0.01):
                await link.receive()
    async with timeout(1):
        assert (await link.receive())[8] == 0x61


async def test_closing_wakes_who_waits():
    link = await make_meter().connect()
    waiting = asyncio.create_task(link.receive())
    await asyncio.sleep(0)
    await link.close()
    with pytest.raises(ConnectionLost):
        await waiting


async def test_one_connection_turns_the_second_away():
    meter = make_meter(one_connection=True)
    first = await meter.connect()
    second = await meter.open_tcp("meter", 4059, 1)
    assert await second.receive() == b""
    await first.close()
    assert (await exchange(await meter.connect(), make_aarq()))[8] == 0x61


class TestFaults:
    def requests(self, plan: FaultPlan, count: int = 200) -> list[int]:
        """Return which of so many GETs a plan strikes, from 1."""
        from tests.simulated_meter.faults import Request

        asked = [Request(number=number, client_wport=1, server_wport=1, apdu=NAME) for number in range(1, count + 1)]
        return [request.number for request in asked if plan.on_request(request)]

    def test_trigger_by_number_and_times(self):
        plan = FaultPlan()
        plan.add("silent", on="get", request=3, times=2)
        assert self.requests(plan) == [3, 4]

    def test_trigger_by_probability_is_repeatable(self):
        plans = [FaultPlan(seed) for seed in (1, 1, 2)]
        for plan in plans:
            plan.add("silent", probability=0.1)
        struck = [self.requests(plan) for plan in plans]
        assert struck[0] == struck[1] != struck[2]
        assert 5 < len(struck[0]) < 40

    def test_another_kind_of_request_is_left_alone(self):
        plan = FaultPlan()
        plan.add("aare-transient")
        assert self.requests(plan) == []

    @pytest.mark.parametrize("name", sorted(name for name, kind in CATALOGUE.items() if not kind.secured))
    async def test_every_fault_of_the_catalogue_strikes(self, name: str):
        meter = SimulatedMeter(MeterProfile(history_days=1), lambda: NOW)
        fault = meter.faults.add(name, seconds=0.01)
        if CATALOGUE[name].on == "connect":
            if name == "black-hole":
                with pytest.raises(TimeoutError):
                    async with timeout(0.01):
                        await meter.connect()
            else:
                with pytest.raises(Exception, match="refused"):
                    await meter.connect()
        else:
            client = BareClient(meter)
            client.associate() if fault.on in {"get", "attribute"} else client.steps(make_aarq())
            client.steps(get_request(3, "1.0.1.8.0.255", 2))
        assert fault.fired >= 1

    @pytest.mark.parametrize(
        ("text", "arguments"),
        [
            ("silent", {"name": "silent"}),
            ("reset:octet=11,times=1", {"name": "reset", "octet": 11, "times": 1}),
            ("late:seconds=2.5,on=aarq", {"name": "late", "seconds": 2.5, "on": "aarq"}),
            ("wrong-wport:then_answer=yes", {"name": "wrong-wport", "then_answer": True}),
        ],
    )
    def test_fault_from_the_command_line(self, text: str, arguments: dict):
        assert parse_fault(text) == arguments

    @pytest.mark.parametrize("text", ["unheard-of", "silent:colour=red", "reset:octet=many", "silent:name=reset"])
    def test_fault_that_cannot_be_read(self, text: str):
        with pytest.raises(ValueError):
            parse_fault(text)
