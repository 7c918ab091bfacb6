"""By short names over TCP, whatever comes again: no value for a wrong attribute, no write told wrongly (S22, F20).

The meter is one of octets by hand (tests/dlms/doubling_meter.py); its time is that of the loop of the tests.
"""

import asyncio
from contextlib import aclosing
from random import Random

import pytest

from custom_components.cosem.dlms.apdu.common import AttributeDescriptor
from custom_components.cosem.dlms.client.channel import with_wrapper
from custom_components.cosem.dlms.client.client import DlmsClient
from custom_components.cosem.dlms.client.link import Timing
from custom_components.cosem.dlms.client.proof_forms import KnownForm
from custom_components.cosem.dlms.client.short_names import ShortNames
from custom_components.cosem.dlms.encoding.data import Data, decode_data_octets, encode_data_octets, unsigned
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.errors import DataAccessError, DlmsError, OutcomeUnknown
from custom_components.cosem.dlms.interface_classes.short_names import ShortNameObject
from custom_components.cosem.dlms.protocol.proposal import AssociationParameters
from custom_components.cosem.dlms.protocol.referencing import Referencing
from tests.dlms.doubling_meter import NAME, NO_SUCH_OBJECT, DoublingMeter

SHORT = AssociationParameters(referencing=Referencing.SHORT_NAME)
PATIENT = Timing(reconnect_gap=0)

REGISTERS = [AttributeDescriptor(3, LogicalName(bytes((1, 0, number, 8, 0, 255))), 2) for number in range(1, 41)]
LONG = REGISTERS[38:]
"""In blocks."""
TEXTS = [b"\x00\x09\x82\x01\x2c" + bytes([number]) * 300 for number in (0x41, 0x42)]


def base_name(number):
    return 0x1000 + 0x100 * number


OBJECTS = [ShortNameObject(base_name(at), 3, 0, each.logical_name) for at, each in enumerate(REGISTERS)]
NAMES = {each: base_name(at) + 8 for at, each in enumerate(REGISTERS)}
"""The short name of each attribute."""


class House:
    """A meter and a client. ``kinds``: how many different values the registers have."""

    def __init__(self, seed, again, *, kinds, **ways):
        self.random = Random(seed)
        results = [NO_SUCH_OBJECT, *(bytes((0, 0x11, number)) for number in range(1, kinds))]
        values = {name: self.random.choice(results) for name in NAMES.values()}
        if kinds > len(REGISTERS):
            values = {name: bytes((0, 0x11, number)) for number, name in enumerate(NAMES.values())}
        values |= {NAMES[each]: text for each, text in zip(LONG, TEXTS, strict=True)}
        refused = {name for name in NAMES.values() if self.random.random() < 0.5}
        self.meter = DoublingMeter(self.random, again, values, refused, **ways)
        self.client = DlmsClient("meter.example", connect=with_wrapper(self.meter.connect))
        self.client.known_forms[SHORT.pair] = KnownForm(short_names=ShortNames(OBJECTS))
        self.told = self.failures = 0

    def associate(self):
        return self.client.associate(SHORT, timing=PATIENT)

    def check(self, attribute, result):
        """Compare with what the meter has."""
        self.told += 1
        true = self.meter.values[NAMES[attribute]]
        if isinstance(result, Data):
            assert b"\x00" + encode_data_octets(result) == true, attribute
        else:
            assert not result.undecodable
            assert bytes((1, result.result)) == true, attribute

    async def get(self, association):
        attribute = self.random.choice(REGISTERS)
        try:
            self.check(attribute, await association.get(attribute))
        except DataAccessError as error:
            self.check(attribute, error)

    async def get_many(self, association):
        asked = self.random.sample(REGISTERS, self.random.choice((2, 5, 12)))
        found = {}
        try:
            await association.get_many(asked, found)
        finally:
            for attribute, result in found.items():
                self.check(attribute, result)

    async def get_pieces(self, association):
        attribute, octets = self.random.choice(LONG), b""
        async with aclosing(association.get_pieces(attribute)) as pieces:
            async for piece in pieces:
                octets += piece
                self.told += 1
                assert (self.meter.values[NAMES[attribute]][1:]).startswith(octets)

    async def set(self, association):
        attribute, before = self.random.choice(REGISTERS[:38]), len(self.meter.written)
        value = unsigned(self.random.randrange(3))
        is_refused, told = NAMES[attribute] in self.meter.refused, 0
        try:
            await association.set(attribute, value)
        except DataAccessError as error:
            told = error.result
        except OutcomeUnknown:
            raise
        except DlmsError:
            assert len(self.meter.written) == before, "it was written, and nobody says that it may be"
            raise
        assert told == (3 if is_refused else 0)
        assert len(self.meter.written) == before + 1
        self.told += 1

    async def set_many(self, association):
        asked, before = self.random.sample(REGISTERS[:38], 2), len(self.meter.written)
        try:
            results = await association.set_many([(each, unsigned(1)) for each in asked])
        except OutcomeUnknown:
            raise
        except DlmsError:
            assert len(self.meter.written) == before
            raise
        assert [each is None for each in results] == [NAMES[each] not in self.meter.refused for each in asked]
        self.told += 1

    async def wait(self, _association):
        await asyncio.sleep(self.random.choice((0.1, 1.5, 4)))

    async def live(self, associations, works):
        """Do this and that in some associations; what fails ends its association."""
        for _ in range(associations):
            try:
                async with self.associate() as association:
                    for _ in range(12):
                        await self.random.choice(works)(association)
            except DlmsError:
                self.failures += 1
        await self.client.close()


def once(at, seconds):
    return lambda number: [seconds] if number == at else []


WAYS = {
    "lists": {},
    "one by one": {"lists": False},
    "no marker": {"marked": NO_SUCH_OBJECT},
    "one by one, no marker": {"lists": False, "marked": NO_SUCH_OBJECT},
}


@pytest.mark.parametrize("ways", WAYS)
@pytest.mark.parametrize("kinds", [3, 100])
@pytest.mark.parametrize("seed", range(24))
async def test_one_answer_that_comes_again_anywhere_makes_nothing_wrong(seed, kinds, ways):
    random = Random(seed)
    has_marker = "marked" not in WAYS[ways]
    # Where quiet decides, a copy that is later than any answer in doubt cannot be told from an answer.
    house = House(seed, once(random.randrange(60), random.uniform(0, 3) ** 2 / 3), kinds=kinds, **WAYS[ways])
    works = [house.get, house.get_many, house.get_pieces, house.set, house.wait]
    works += [house.set_many] * (ways in {"lists", "no marker"})
    await house.live(3, works)
    assert house.told >= 10
    assert house.failures <= 2 - has_marker


@pytest.mark.parametrize("ways", WAYS)
@pytest.mark.parametrize("kinds", [3, 100])
@pytest.mark.parametrize("seed", range(12))
async def test_some_answers_that_come_again_make_nothing_wrong(seed, kinds, ways):
    random = Random(100 + seed)
    house = House(seed, lambda _: [random.uniform(0, 3)] if random.random() < 0.1 else [], kinds=kinds, **WAYS[ways])
    works = [house.get, house.get_many, house.get_pieces, house.set, house.wait]
    await house.live(6, works)
    assert house.told >= 5


@pytest.mark.parametrize("ways", WAYS)
@pytest.mark.parametrize("kinds", [3, 100])
async def test_a_meter_that_sends_every_answer_twice_is_read(kinds, ways):
    house = House(7, lambda _: [0.001], kinds=kinds, **WAYS[ways])
    await house.live(6, [house.get, house.get_many, house.get_pieces, house.set])
    assert house.failures <= 1, "it is known then"
    assert house.told >= 60


def test_the_peer_has_the_octets_of_the_samples():
    assert decode_data_octets(NAME[1:]).value == bytes((0, 0, 40, 0, 0, 255))
