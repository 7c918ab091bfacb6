"""Long requests and answers in general blocks, under every protection, with a loss or a copy at every position.

The meter's octets are its own (tests/dlms/general_block_meter.py). Whatever gets lost: what comes out is what the meter
did, it did it once, and it says so.
"""

from collections import deque
from itertools import combinations
from random import Random

import pytest

from custom_components.cosem.dlms import (
    AssociationParameters,
    AttributeDescriptor,
    Envelope,
    LogicalName,
    MethodDescriptor,
    Protection,
    Secret,
    SecuritySettings,
    SecuritySuite,
)
from custom_components.cosem.dlms.encoding.data import octet_string
from custom_components.cosem.dlms.protocol.connection import Connection
from custom_components.cosem.dlms.protocol.datagram_framing import DatagramFraming
from custom_components.cosem.dlms.protocol.events import AnswerReceived
from custom_components.cosem.dlms.protocol.opening import Opening, OpeningMaterial
from custom_components.cosem.dlms.protocol.proof_form import ProofForm
from custom_components.cosem.dlms.protocol.transfer.action import ActionOne
from custom_components.cosem.dlms.protocol.transfer.get import GetOne
from custom_components.cosem.dlms.protocol.transfer.set import SetOne
from custom_components.cosem.dlms.security.counters import ReceivingCounters, SendingCounter
from tests.dlms.general_block_meter import GeneralBlockMeter
from tests.dlms.lone_meter import AK, AK_256, EK, EK_256, NONE
from tests.dlms.scripted import PAIR, answer, events_of, sent_by

CLIENT = b"HAS\x00\x00\x00\x00\x01"
NAME = LogicalName.parse("0.0.44.0.0.255")
METHOD = MethodDescriptor(18, NAME, 2)
ATTRIBUTE = AttributeDescriptor(1, NAME, 2)
LONG = bytes(range(250))


class EveryTwice(dict):
    """Any APDU arrives twice."""

    def get(self, _position, _otherwise=None):
        return 2


class BadLine(dict):
    """One in ``every`` is lost, as many come twice, as many overtake; decided by a seed."""

    def __init__(self, seed, every):
        self.random, self.every = Random(seed), every

    def get(self, _position, _otherwise=None):
        return {0: 0, 1: 2}.get(self.random.randrange(self.every), 1)

    def __contains__(self, _position):
        return self.random.randrange(self.every) == 0


class House:
    """One association of a connection with such a meter, and a line between them that does what it is told."""

    def __init__(self, *, suite=0, level=0x30, envelope=Envelope.SERVICE_SPECIFIC, datagrams=False, **meter):
        self.meter = GeneralBlockMeter(NONE, suite=suite, level=level, ciphered=bool(level), **meter)
        self.connection = Connection(DatagramFraming() if datagrams else None)
        security = SecuritySettings(
            client_system_title=CLIENT,
            suite=SecuritySuite(suite),
            protection=Protection(level),
            envelope=envelope,
            global_unicast_encryption_key=Secret(EK_256 if suite == 2 else EK),
            authentication_key=Secret(AK_256 if suite == 2 else AK),
        )
        parameters = AssociationParameters(security=security if level else None)
        form = ProofForm(blocks_protected_each=self.meter.each)
        material = OpeningMaterial(sending=SendingCounter(1, ceiling=2**32), receiving=ReceivingCounters(), form=form)
        self.connection.propose(parameters, Opening(parameters, material))
        self.passed = 0
        self.run({}, [])
        assert self.connection.is_open(PAIR)
        self.passed = 0

    def run(self, times, swapped):
        """Carry APDUs until nobody says anything; ``times``: how often those of these numbers arrive."""
        events = []
        line = deque()
        while True:
            while apdus := sent_by(self.connection):
                line.extend((True, apdu) for apdu in apdus)
            if not line:
                if not (self.connection.is_waiting(PAIR) and self.connection.try_again(PAIR)):
                    return events
                continue
            self.passed += 1
            if self.passed in swapped and len(line) > 1:
                line[0], line[1] = line[1], line[0]
            to_meter, apdu = line.popleft()
            for _ in range(times.get(self.passed, 1)):
                if to_meter:
                    line.extend((False, each) for each in self.meter.exchange(apdu))
                else:
                    self.connection.receive_data(answer(apdu))
                    events += events_of(self.connection)
            assert self.passed < 400, "it goes on for ever"

    def outcomes(self, transfer, times, swapped):
        """Return the octets of answers."""
        self.passed = 0
        self.connection.request(PAIR, transfer)
        return [event.octets for event in self.run(times, swapped) if isinstance(event, AnswerReceived)]

    def ask(self, transfer, times=None, swapped=()):
        """Return the one answer's octets."""
        (octets,) = self.outcomes(transfer, {} if times is None else times, swapped)
        return octets


def action():
    return ActionOne(METHOD, octet_string(LONG))


WAYS = {
    "plain": {"level": 0},
    "authenticated": {"level": 0x10},
    "encrypted": {"level": 0x20},
    "suite 0": {},
    "suite 1": {"suite": 1},
    "suite 2": {"suite": 2},
    "general": {"envelope": Envelope.GENERAL},
    "each": {"each": True},
    "each, general, authenticated, suite 1": {
        "each": True,
        "envelope": Envelope.GENERAL,
        "level": 0x10,
        "suite": 1,
    },
}


TRANSFERS = {
    "action": (action, b"\x00\x01\x00\x09\x81\xfa" + LONG[::-1]),
    "set": (lambda: SetOne(ATTRIBUTE, octet_string(LONG)), b""),
    "get": (lambda: GetOne(ATTRIBUTE), b"\x09\x81\xfa" + LONG[::-1]),
}


def house_for(transfer, **settings):
    """Return one whose meter has something to tell."""
    house = House(**settings)
    if transfer == "get":
        house.meter.done.append(LONG)
    return house


def assert_survived(transfer, settings, times, swapped=()):
    make, expected = TRANSFERS[transfer]
    house = house_for(transfer, **settings)
    assert house.ask(make(), times, swapped) == expected, (times, swapped)
    assert house.meter.done == [LONG], (times, swapped)


def passed(transfer, settings):
    """Return how many APDUs are on the way if nothing happens to any."""
    make, expected = TRANSFERS[transfer]
    house = house_for(transfer, **settings)
    assert house.ask(make()) == expected
    return house.passed


@pytest.mark.parametrize("transfer", TRANSFERS)
@pytest.mark.parametrize("window", [1, 3, 15])
@pytest.mark.parametrize("way", WAYS)
def test_what_is_lost_comes_twice_or_overtakes_costs_nothing_at_any_position(way: str, window: int, transfer: str):
    settings = WAYS[way] | {"window": window, "datagrams": True}
    for position in range(1, passed(transfer, settings) + 1):
        for times in (0, 2):
            assert_survived(transfer, settings, {position: times})
        assert_survived(transfer, settings, {}, {position})


@pytest.mark.parametrize("window", [1, 15])
@pytest.mark.parametrize("way", ["plain", "suite 0", "each"])
def test_two_losses_cost_nothing_either(way: str, window: int):
    settings = WAYS[way] | {"window": window, "datagrams": True}
    for positions in combinations(range(1, passed("action", settings) + 1), 2):
        assert_survived("action", settings, dict.fromkeys(positions, 0))


@pytest.mark.parametrize("transfer", ["action", "set"])
@pytest.mark.parametrize("way", WAYS)
def test_a_stream_that_loses_blocks_all_the_same_costs_nothing(way: str, transfer: str):
    settings = WAYS[way]
    for position in range(1, passed(transfer, settings) + 1):
        assert_survived(transfer, settings, {position: 0})


@pytest.mark.parametrize("transfer", TRANSFERS)
@pytest.mark.parametrize("datagrams", [False, True], ids=["TCP", "UDP"])
@pytest.mark.parametrize("way", WAYS)
def test_where_everything_comes_twice_nothing_is_done_twice(way: str, datagrams: bool, transfer: str):
    assert_survived(transfer, WAYS[way] | {"datagrams": datagrams}, EveryTwice())


@pytest.mark.parametrize("every", [20, 5])
@pytest.mark.parametrize("transfer", TRANSFERS)
@pytest.mark.parametrize("way", WAYS)
def test_whatever_a_line_does_what_comes_out_is_what_the_meter_did_and_that_once(way: str, transfer: str, every: int):
    make, expected = TRANSFERS[transfer]
    results = []
    for seed in range(10):
        line = BadLine(seed, every)
        house = house_for(transfer, **WAYS[way], datagrams=True, window=1 + seed)
        results += house.outcomes(make(), line, line)
        assert house.meter.done in ([LONG], [])
    assert set(results) == {expected}
    assert len(results) > 4  # the others ended without an answer
