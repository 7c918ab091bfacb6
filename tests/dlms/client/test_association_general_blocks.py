"""General blocks as the user of an association sees them: silence, loss, and writing that is given up."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing

import pytest

from custom_components.cosem.dlms.apdu.common import MethodDescriptor
from custom_components.cosem.dlms.apdu.initiate import Conformance
from custom_components.cosem.dlms.client.association import Association
from custom_components.cosem.dlms.encoding.data import octet_string
from custom_components.cosem.dlms.errors import (
    BlockTransferAborted,
    ConfirmedServiceErrorReceived,
    ExceptionReceived,
    OutcomeUnknown,
    ResponseTimeout,
)
from custom_components.cosem.dlms.protocol.transfer.access import to_execute, to_get
from tests.dlms.client.conftest import client_of
from tests.dlms.protocol.test_connection_general_blocks import WITH_BLOCKS, e0
from tests.dlms.scripted import CLOCK, GRANTED, PARAMETERS, ScriptedMeter, aare, initiate, value

RESET = MethodDescriptor(3, CLOCK.logical_name, 1)
HELLO = value(b"\x09\x05hello")
GENERAL = initiate(conformance=GRANTED | Conformance.GENERAL_BLOCK_TRANSFER)


class Meter(ScriptedMeter):
    """Answers what is no AARQ and no RLRQ from a list; an item may be APDUs or nothing."""

    def __init__(self, *turns, response=GENERAL):
        super().__init__(aarq=lambda _apdu: [aare(response)])
        self.turns = list(turns)
        self.taken = []
        self.acknowledged = asyncio.Event()

    def reply(self, wpdu):
        if wpdu.apdu[0] in (0x60, 0x62):
            yield from super().reply(wpdu)
            return
        self.taken.append(wpdu.apdu)
        if len(self.taken) == 2:
            self.acknowledged.set()
        yield from self.turns.pop(0) if self.turns else []


async def test_a_lost_block_costs_a_silence_and_not_the_value():
    meter = Meter([e0(1, HELLO[:4])], [], [e0(2, HELLO[4:], ack=1, last=True)])
    async with client_of(meter).associate(PARAMETERS) as association:
        assert (await association.get(CLOCK)).value == b"hello"
    assert meter.taken[1:] == [meter.taken[1]] * 2


async def test_silence_without_an_end_is_a_timeout():
    meter = Meter([e0(1, HELLO[:4])])
    async with client_of(meter).associate(PARAMETERS) as association:
        with pytest.raises(ResponseTimeout):
            await association.get(CLOCK)
    assert len(meter.taken) == 4  # the request, its acknowledgement, and that twice again
    assert meter.link.closed


async def test_whoever_never_ends_is_left_at_the_deadline_of_all_blocks():
    meter = Meter(*[[e0(number, b"x")] for number in range(1, 200)])
    meter.turns = [[0.2, *turn] for turn in meter.turns]
    async with client_of(meter).associate(PARAMETERS) as association:
        with pytest.raises(ResponseTimeout):
            await association.get(CLOCK)
    assert meter.link.closed


async def test_a_reading_that_the_meter_gives_up_is_an_error_and_the_association_goes_on():
    meter = Meter([e0(1, HELLO[:4])], [e0(0, last=True)], [value(b"\x11\x07", 2)])
    async with client_of(meter).associate(PARAMETERS) as association:
        with pytest.raises(BlockTransferAborted):
            await association.get(CLOCK)
        assert (await association.get(CLOCK)).value == 7


async def test_writing_that_the_meter_gives_up_has_an_unknown_outcome():
    meter = Meter([e0(1, ack=1, last=True)], [], [e0(0, last=True)], response=WITH_BLOCKS)
    async with client_of(meter).associate(PARAMETERS) as association:
        with pytest.raises(OutcomeUnknown):
            await association.set(CLOCK, octet_string(bytes(50)))


async def test_writing_whose_blocks_are_lost_sends_the_blocks_again_and_the_request_never():
    done = [e0(2, bytes.fromhex("C501C100"), ack=3, last=True)]
    meter = Meter([], [e0(1, ack=1, last=True)], [], done, response=WITH_BLOCKS)
    async with client_of(meter).associate(PARAMETERS) as association:
        await association.set(CLOCK, octet_string(bytes(50)))
    numbers = [int.from_bytes(apdu[2:4], "big") for apdu in meter.taken]
    assert numbers == [1, 1, 2, 3]


async def test_a_request_that_is_given_up_leaves_no_exchange_behind():
    meter = Meter([e0(1, HELLO[:4])])
    async with client_of(meter).associate(PARAMETERS) as association:
        asking = asyncio.create_task(association.get(CLOCK))
        await meter.acknowledged.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
    assert not meter.open_links


async def test_a_value_in_general_blocks_comes_as_one_piece():
    meter = Meter([e0(1, HELLO[:4])], [e0(2, HELLO[4:], ack=1, last=True)])
    async with client_of(meter).associate(PARAMETERS) as association, aclosing(association.get_pieces(CLOCK)) as pieces:
        assert [octets async for octets in pieces] == [b"\x09\x05hello"]


CHANGES: dict[str, Callable[[Association], Awaitable[object]]] = {
    "set": lambda association: association.set(CLOCK, octet_string(b"")),
    "set_many": lambda association: association.set_many([(CLOCK, octet_string(b""))]),
    "action": lambda association: association.action(RESET),
    "action_many": lambda association: association.action_many([(RESET, None)]),
    "access": lambda association: association.access([to_get(CLOCK), to_execute(RESET)]),
}


@pytest.mark.parametrize("error", ["D80102", "0E070003"])
@pytest.mark.parametrize("change", CHANGES)
async def test_an_error_behind_the_first_blocks_of_an_answer_is_no_refusal_of_what_writes(change: str, error: str):
    granted = GRANTED | Conformance.GENERAL_BLOCK_TRANSFER | Conformance.ACCESS
    granted |= Conformance.SET | Conformance.ACTION | Conformance.MULTIPLE_REFERENCES
    meter = Meter([e0(1, bytes.fromhex("C701C100"))], [bytes.fromhex(error)], response=initiate(conformance=granted))
    async with client_of(meter).associate(PARAMETERS) as association:
        with pytest.raises(OutcomeUnknown) as unknown:
            await CHANGES[change](association)
        assert isinstance(unknown.value.__cause__, ExceptionReceived | ConfirmedServiceErrorReceived)
    assert [apdu[0] for apdu in meter.taken].count(meter.taken[0][0]) == 1


async def test_an_error_behind_the_first_blocks_of_a_value_is_that_of_the_value():
    meter = Meter([e0(1, HELLO[:4])], [bytes.fromhex("D80102")])
    async with client_of(meter).associate(PARAMETERS) as association:
        with pytest.raises(ExceptionReceived):
            await association.get(CLOCK)
