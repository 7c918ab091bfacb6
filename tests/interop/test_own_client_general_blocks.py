"""Our client and the simulated meter with general block transfer: windows, losses, oddities, every protection.

The meter's blocks are its own (tests/simulated_meter/general_blocks.py, written from the specification).
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from custom_components.cosem.dlms import SecurityState, Timing
from custom_components.cosem.dlms.apdu import encode_apdu
from custom_components.cosem.dlms.apdu.common import AttributeDescriptor, InvokeIdAndPriority
from custom_components.cosem.dlms.apdu.get import GetRequestWithList
from custom_components.cosem.dlms.client.channel import with_datagrams, with_wrapper
from custom_components.cosem.dlms.client.link import SystemClock
from custom_components.cosem.dlms.errors import BlockTransferAborted, DlmsError
from custom_components.cosem.dlms.protocol.leniencies import Leniency
from custom_components.cosem.dlms.protocol.proof_form import ProofForm
from tests.simulated_meter.link import Direction, Manipulator
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import GeneralBlockFault, GeneralBlocks
from tests.simulated_meter.steps import Send
from tests.timed_client import TimedClient

from .conftest import NOW
from .test_own_client_secured_meter import (
    ENERGY,
    ENVELOPES,
    GMAC,
    GMAC_1,
    LOAD_PROFILE,
    POWERS,
    Store,
    for_client,
    parameters_of,
    secured,
)

PLAIN = 2
PATIENT = Timing(response=30, block=0.05, release=1, reconnect_gap=0)
"""A lost block is noticed soon."""

E0 = 0xE0
RLRQ = 0x62


class House:
    """A meter that prefers general blocks, and a client for it."""

    def __init__(self, *, pdu_size: int = 512, wport: int = PLAIN, datagrams: bool = False, **quirks: object) -> None:
        profile = for_client(replace(secured(), max_pdu_size=pdu_size), wport, policy=0)
        self.meter = SimulatedMeter(
            profile.with_quirks(**({"general_blocks": GeneralBlocks.PREFERRED} | quirks)), lambda: NOW
        )
        self.wport = wport
        connect = with_wrapper(self.meter.connect)
        if datagrams:
            connect = with_datagrams(self.meter.connect_datagrams)
        self.client = TimedClient("meter", timing=PATIENT, connect=connect, clock=SystemClock())
        self.state = SecurityState(100, Store(100))

    def associate(self, **changes: object):
        return self.client.associate(parameters_of(self.meter, self.wport, **changes), security_state=self.state)

    def truth(self, attribute):
        return self.meter.truth(attribute.logical_name, attribute.attribute_index, client_wport=self.wport)

    @property
    def blocks_sent(self) -> list[bytes]:
        """Blocks that the meter got in its protection or without."""
        return [request.apdu for request in self.meter.log if request.apdu[0] == E0]


async def read_long(house: House, **changes: object) -> None:
    """Read something long and something short; compare with the truth."""
    async with house.associate(**changes) as association:
        assert await association.get(LOAD_PROFILE) == house.truth(LOAD_PROFILE)
        assert await association.get(ENERGY) == house.truth(ENERGY)


def encoded_list(attributes: Sequence[AttributeDescriptor]) -> bytes:
    """Return a get-request-with-list."""
    return encode_apdu(GetRequestWithList(InvokeIdAndPriority(1), tuple((each, None) for each in attributes)))


async def ask_long(house: House, **changes: object) -> None:
    """Ask for more than fits one request; compare the answer with that to single ones."""
    async with house.associate(**changes) as association:
        octets = await association.get_list_octets(POWERS)
        assert octets == b"".join(
            [bytes([len(POWERS)]), *[b"\x00" + await association.get_octets(each) for each in POWERS]]
        )
    assert house.meter.requests > len(POWERS)


@pytest.mark.parametrize("pdu_size", [64, 128, 512])
async def test_a_long_answer_is_read_and_acknowledged(pdu_size: int):
    house = House(pdu_size=pdu_size)
    await read_long(house)
    assert house.blocks_sent


@pytest.mark.parametrize("window", [0, 1, 3, 15, 63])
async def test_a_long_request_keeps_to_the_window_of_the_meter(window: int):
    house = House(pdu_size=64, general_block_window=window)
    await ask_long(house)
    assert len(house.blocks_sent) >= 2


FAULTS = [fault for fault in GeneralBlockFault if fault is not GeneralBlockFault.ABORTS]


@pytest.mark.parametrize("at", [1, 2, 15, 16, 17])
@pytest.mark.parametrize("fault", FAULTS)
async def test_lost_repeated_and_mixed_up_blocks_cost_no_value(fault: GeneralBlockFault, at: int):
    if fault is GeneralBlockFault.LOSES and at == 1:
        at = 3  # a first block that is lost is a lost answer
    await read_long(House(pdu_size=128, general_block_fault=fault, general_block_fault_at=at))


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("plain", [False, True])
async def test_long_requests_survive_what_happens_to_their_answers(fault: GeneralBlockFault, plain: bool):
    await ask_long(House(pdu_size=64, general_block_fault=fault, general_block_answer_plain=plain))


def double_blocks(way: Direction) -> Manipulator:
    """Let each general block of one direction arrive twice."""
    return lambda direction, octets: [Send(octets)] * (1 + (direction is way and octets[8] == E0))


DOUBLING = {
    "the meter's blocks": None,
    "on the way to the client": Direction.TO_CLIENT,
    "on the way to the meter": Direction.TO_METER,
}


@pytest.mark.parametrize("window", [1, 3, 15])
@pytest.mark.parametrize("doubled", DOUBLING)
@pytest.mark.parametrize("datagrams", [False, True], ids=["TCP", "UDP"])
async def test_where_all_blocks_come_twice_nothing_is_lost_and_copies_do_not_multiply(
    datagrams: bool, doubled: str, window: int
):
    way = DOUBLING[doubled]
    fault = GeneralBlockFault.NONE if way else GeneralBlockFault.DOUBLES
    house = House(pdu_size=64, datagrams=datagrams, general_block_window=window, general_block_fault=fault)
    if way:
        house.meter.manipulator = lambda: double_blocks(way)
    await read_long(house)
    await ask_long(house)
    assert len(house.blocks_sent) < 100


async def test_a_meter_that_gives_up_costs_the_one_value():
    house = House(pdu_size=128, general_block_fault=GeneralBlockFault.ABORTS)
    async with house.associate() as association:
        with pytest.raises(BlockTransferAborted):
            await association.get(LOAD_PROFILE)
        assert await association.get(ENERGY) == house.truth(ENERGY)


async def test_a_long_aare_in_blocks_is_taken():
    house = House(aare_in_general_blocks=30)
    async with house.associate() as association:
        assert await association.get(ENERGY) == house.truth(ENERGY)
        assert Leniency.AARE_IN_GENERAL_BLOCKS in association.leniencies


PROTECTED = [
    pytest.param(wport, envelope, sign, id=f"{wport}-{envelope}{'-signed' * sign}")
    for wport in (GMAC, GMAC_1)
    for envelope in ENVELOPES
    for sign in (False, True)
    if wport != GMAC or not (sign or envelope in {"one-pass", "static"})  # suite 0 has no key pairs
]


def protected(house: House, envelope: str, *, sign: bool) -> dict[str, object]:
    """Return the settings of the client."""
    changes: dict[str, object] = {"sign": sign, **ENVELOPES[envelope]}
    if envelope in {"one-pass", "static"}:
        changes["server_system_title"] = house.meter.security.identity.title
    return changes


@pytest.mark.parametrize("fault", [GeneralBlockFault.NONE, GeneralBlockFault.LOSES], ids=str)
@pytest.mark.parametrize(("wport", "envelope", "sign"), PROTECTED)
async def test_what_is_protected_is_cut_as_a_whole(wport: int, envelope: str, sign: bool, fault: GeneralBlockFault):
    house = House(wport=wport, general_block_fault=fault)
    await read_long(house, **protected(house, envelope, sign=sign))
    assert house.blocks_sent


@pytest.mark.parametrize(("wport", "envelope", "sign"), PROTECTED)
async def test_a_long_protected_request_is_answered(wport: int, envelope: str, sign: bool):
    house = House(wport=wport, pdu_size=96)
    await ask_long(house, **protected(house, envelope, sign=sign))
    assert house.blocks_sent


@pytest.mark.parametrize("envelope", ["glo", "ded", "general-glo", "identified"])
async def test_a_meter_that_protects_each_block_is_understood(envelope: str):
    house = House(wport=GMAC, general_blocks_protected_each=True)
    async with house.associate(**ENVELOPES[envelope]) as association:
        assert await association.get(LOAD_PROFILE) == house.truth(LOAD_PROFILE)
        assert await association.get(ENERGY) == house.truth(ENERGY)
        assert Leniency.GENERAL_BLOCKS_PROTECTED_EACH in association.leniencies
    assert not house.blocks_sent


@pytest.mark.parametrize("envelope", ["glo", "ded", "general-glo", "identified"])
async def test_long_requests_to_a_meter_that_protects_each_block_are_cut_in_its_way_once_it_has_shown_it(envelope: str):
    house = House(wport=GMAC, pdu_size=100, general_blocks_protected_each=True)
    async with house.associate(**ENVELOPES[envelope]) as association:
        await association.get(LOAD_PROFILE)
        before = house.meter.requests
        octets = await association.get_list_octets(POWERS)
    requests = [request.apdu for request in house.meter.log][before:]
    assert max(map(len, requests[:-1])) <= 100 < len(encoded_list(POWERS))
    kept = ProofForm.from_record(association.proof_form.to_record())
    assert kept.blocks_protected_each
    async with house.associate(**ENVELOPES[envelope]) as association:
        assert await association.get_list_octets(POWERS) == octets
        assert Leniency.GENERAL_BLOCKS_PROTECTED_EACH in association.leniencies
    assert not house.blocks_sent


async def test_a_meter_that_does_not_take_protected_blocks_after_all_gets_long_requests_cut_as_a_whole_again():
    house = House(wport=GMAC, pdu_size=100, general_blocks_protected_each=True)
    async with house.associate() as association:
        await association.get(LOAD_PROFILE)
    other = House(wport=GMAC, pdu_size=100)
    other.client.known_forms.update(house.client.known_forms)
    with pytest.raises(DlmsError):
        await ask_long(other)
    assert not association.proof_form.blocks_protected_each
    await ask_long(other)
    assert other.blocks_sent


async def test_a_reading_that_is_given_up_is_given_up_at_the_meter():
    house = House(pdu_size=64)
    async with house.associate() as association:
        reading = asyncio.create_task(association.get(LOAD_PROFILE))
        while len(house.blocks_sent) < 3:  # noqa: ASYNC110 - the meter has no event for it
            await asyncio.sleep(0)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
    assert house.meter.log[-2].apdu[:4] == bytes([E0, 0x8F, 0, 0])
    assert house.meter.log[-1].apdu[0] == RLRQ
    await read_long(house)
