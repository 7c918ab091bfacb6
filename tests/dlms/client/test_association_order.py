"""Which values of an association count, by short names: those of a run whose order is known (S22)."""

from contextlib import aclosing
from dataclasses import replace

import pytest

from custom_components.cosem.dlms.apdu.initiate import Conformance
from custom_components.cosem.dlms.client.association_order import AssociationOrder
from custom_components.cosem.dlms.encoding.data import NULL, double_long_unsigned
from custom_components.cosem.dlms.errors import (
    DataAccessError,
    ExceptionReceived,
    OutcomeUnknown,
    TransportError,
    UnexpectedApdu,
)
from custom_components.cosem.dlms.interface_classes.association_ln import CURRENT_OBJECT_LIST
from tests.dlms.client.conftest import PATIENT, client_of
from tests.dlms.client.test_short_names import DEVICE_NAME, GRANTED, LIST, SHORT, SN_CONTEXT, ShortMeter
from tests.dlms.scripted import BUSY, CLOCK, ENERGY, End, aare

NAME = bytes.fromhex("09060000280000FF")
SEVEN = bytes.fromhex("0C01000600000007")
LATER = 2.0
"""Seconds after which nothing is doubted at once."""


class Meter(ShortMeter):
    """``behind``: what comes by itself in front of the answer to a request, by its beginning in hexadecimal digits."""

    def __init__(self, **behind):
        super().__init__(values={0xFA00: NAME, 0x2008: b"\x11\x05"})
        self.behind = behind
        self.changes = {}

    def answer(self, apdu):
        before = [self.behind.pop(begin) for begin in [*self.behind] if apdu.hex().startswith(begin)]
        changed = [parts for begin, parts in self.changes.items() if apdu.hex().startswith(begin)]
        return [*before, *(changed[0] if changed else super().answer(apdu))]

    @property
    def lists(self):
        """How many lists of the marker were asked for."""
        sent = [wpdu.apdu.hex() for link in self.links for wpdu in link.sent]
        return sum(apdu[:2] == "05" and apdu[4:].count("02fa00") > 1 for apdu in sent)


def markers_of(meter):
    return [wpdu.apdu.hex() for link in meter.links for wpdu in link.sent if wpdu.apdu.hex().endswith("02fa00")]


async def doubtful(association, meter):
    """Read something that came before."""
    await association.get(ENERGY)
    await association.get(CLOCK)
    meter.links[-1].push(LATER)


async def test_values_that_never_came_before_cost_no_marker_behind_them():
    meter = Meter()
    async with client_of(meter, PATIENT).associate(SHORT) as association:
        assert (await association.get_many([ENERGY, CLOCK])) == [
            double_long_unsigned(7),
            (await association.get(CLOCK)),
        ]
        await association.set(CLOCK, NULL)
    assert meter.lists == 0


async def test_a_value_that_came_before_counts_when_the_marker_is_answered():
    meter = Meter()
    async with client_of(meter, PATIENT).associate(SHORT) as association:
        for _ in range(2):
            await association.get(ENERGY)
            await association.get(CLOCK)
    assert meter.lists == 2


async def test_a_meter_that_answers_lists_with_one_result_is_not_asked_for_a_list_of_the_marker():
    meter = Meter()
    meter.changes["0502"] = meter.changes["0503"] = [SEVEN]  # the first one's
    async with client_of(meter, PATIENT).associate(SHORT) as association:
        for _ in range(2):
            values = await association.get_many([ENERGY, CLOCK])
            assert [each.value for each in values] == [7, 5]
    assert meter.lists == 0


async def test_a_late_copy_costs_the_association_and_is_no_value():
    meter = Meter()
    client = client_of(meter, PATIENT)
    async with client.associate(SHORT) as association:
        await association.get(ENERGY)
        await association.get(CLOCK)
        meter.behind["0501022008"] = SEVEN  # for the clock
        meter.changes["0501022008"] = [bytes.fromhex("0C01001106")]
        found = {}
        with pytest.raises(UnexpectedApdu):
            await association.get_many([CLOCK], found)
        assert found == {}
        assert association.asks_otherwise
        assert not association.is_open
    async with client.associate(SHORT) as association:
        assert (await association.get(CLOCK)).value == 6
        assert not association.asks_otherwise
    await client.close()


async def test_an_error_may_be_a_late_copy_as_well():
    meter = Meter()
    meter.values[0x1008] = 4
    async with client_of(meter, PATIENT).associate(SHORT) as association:
        for _ in range(2):
            with pytest.raises(DataAccessError):
                await association.get(ENERGY)
            await association.get(CLOCK)
        meter.behind["0501022008"] = bytes.fromhex("0C010104")
        meter.changes["0501022008"] = [bytes.fromhex("0C01001106")]
        with pytest.raises(UnexpectedApdu):
            await association.get(CLOCK)


async def test_behind_a_write_without_an_answer_an_error_and_a_late_copy_are_no_value():
    meter = Meter()
    async with client_of(meter, PATIENT).associate(SHORT) as association:
        await doubtful(association, meter)
        await association.set_unconfirmed(CLOCK, NULL)
        meter.changes["0501021008"] = [BUSY, LATER, b"\x0c\x01\x00" + NAME]  # refused; then the marker's answer again
        found = {}
        with pytest.raises(UnexpectedApdu):
            await association.get_many([ENERGY], found)
        assert found == {}


async def test_what_was_read_before_is_settled_before_anything_is_written():
    meter = Meter()
    async with client_of(meter, PATIENT).associate(SHORT) as association:
        await association.get(ENERGY)
        await association.get(CLOCK)
        await association.get_octets(ENERGY)  # nobody has believed it yet
        before = meter.lists
        await association.set(CLOCK, NULL)
        assert meter.lists == before + 1
        await association.set(CLOCK, NULL)
        assert meter.lists == before + 2, "the same success again is told when the order is known"


async def test_a_late_success_is_none_of_a_refused_write():
    meter = Meter()
    async with client_of(meter, PATIENT).associate(SHORT) as association:
        await association.set(CLOCK, NULL)
        await association.get(ENERGY)
        meter.links[-1].push(LATER)
        meter.behind["0601021008"] = bytes.fromhex("0D0100")
        meter.changes["0601021008"] = [3.0, bytes.fromhex("0D010103")]
        with pytest.raises(OutcomeUnknown):
            await association.set(ENERGY, NULL)


async def test_who_cuts_the_list_of_the_marker_into_blocks_is_asked_for_one_name_and_its_values_count():
    meter = Meter()
    whole = b"\x03" + 3 * (b"\x00" + NAME)
    pieces = [whole[:10], whole[10:20], whole[20:]]
    blocks = [bytes((12, 1, 2, at == 3, 0, at, len(piece))) + piece for at, piece in enumerate(pieces, 1)]
    meter.changes["050302fa00"] = [blocks[0]]
    meter.changes["0501050001"], meter.changes["0501050002"] = [blocks[1]], [blocks[2]]
    async with client_of(meter, PATIENT).associate(SHORT) as association:
        await doubtful(association, meter)
        found = {}
        assert await association.get_many([ENERGY], found) == [double_long_unsigned(7)] == [*found.values()]
        assert meter.lists == 1
        assert await association.get_many([ENERGY]) == [double_long_unsigned(7)]
        assert meter.lists == 1
        assert markers_of(meter)[-1] == "050102fa00"


async def test_a_meter_that_takes_no_request_as_long_as_a_list_of_the_marker_is_asked_for_one_name():
    meter = Meter()
    short = replace(GRANTED, conformance=GRANTED.conformance & ~Conformance(0x1000), server_max_receive_pdu_size=13)
    meter.aarq = lambda _apdu: [aare(short, application_context_name=SN_CONTEXT)]
    async with client_of(meter, PATIENT).associate(SHORT) as association:
        await doubtful(association, meter)
        for _ in range(3):
            assert await association.get_many([ENERGY]) == [double_long_unsigned(7)]
    assert meter.lists == 1, "of three names; one of four is too long"
    assert markers_of(meter)[-1] == "050102fa00"


REFUSED = bytes.fromhex("D80202")


async def test_who_refuses_lists_of_the_marker_is_waited_for_and_then_asked_for_one():
    meter = Meter()
    meter.changes = {f"050{length}02fa00": [REFUSED] for length in (2, 3, 4, 5)}
    client = client_of(meter, PATIENT)
    for _ in range(3):
        async with client.associate(SHORT) as association:
            for _ in range(3):
                assert (await association.get(ENERGY)).value == 7
                assert (await association.get(CLOCK)).value == 5
        assert meter.lists == 1
    assert client.known_forms[SHORT.pair].has_no_marker_list
    assert markers_of(meter)[-1] == "050102fa00"
    await client.close()


async def test_who_refuses_the_marker_is_waited_for():
    meter = Meter()
    meter.values[0xFA00] = 4
    client = client_of(meter, PATIENT)
    for _ in range(3):
        async with client.associate(SHORT) as association:
            for _ in range(2):
                assert (await association.get(ENERGY)).value == 7
                assert (await association.get(CLOCK)).value == 5
    assert client.known_forms[SHORT.pair].has_no_marker
    assert meter.lists == 0
    await client.close()


async def test_who_refuses_it_later_is_waited_for_as_well():
    meter = Meter()
    async with client_of(meter, PATIENT).associate(SHORT) as association:
        association._known_form.list_failures = 2
        await association.get(ENERGY)
        await association.get(CLOCK)
        meter.changes["050102fa00"] = [REFUSED]
        association._link.connection.order(SHORT.pair).is_doubtful = True
        await association._confirm_run()
        assert association._known_form.marker_failures == 1


@pytest.mark.parametrize("parts", [[], [End()]])
async def test_silence_or_a_close_behind_a_run_costs_the_run(parts):
    meter = Meter()
    client = client_of(meter)
    async with client.associate(SHORT) as association:
        await association.get(ENERGY)
        await association.get(CLOCK)
        meter.changes = {f"050{length}02fa00": parts for length in (2, 3, 4, 5)}
        with pytest.raises(TransportError):
            await association.get_many([ENERGY])
        assert not association.is_open
        assert association._known_form.list_failures == (0 if parts else 1)
    await client.close()


async def test_a_meter_that_hangs_up_in_a_run_in_doubt_is_not_asked_further_on_another_connection():
    meter = Meter()
    async with client_of(meter, PATIENT).associate(SHORT) as association:
        await association.get(ENERGY)
        await association.get(CLOCK)
        await association.get_octets(ENERGY)
        meter.changes["0501022008"] = [End()]
        with pytest.raises(TransportError):
            await association.get_many([CLOCK])
    assert len(meter.links) == 1


async def test_pieces_that_came_before_are_handed_out_when_the_order_is_known():
    meter = Meter()
    async with client_of(meter, PATIENT).associate(SHORT) as association:
        for _ in range(2):
            async with aclosing(association.get_pieces(CURRENT_OBJECT_LIST)) as pieces:
                assert [piece async for piece in pieces] == [LIST]
            await association.get(DEVICE_NAME)
    assert meter.lists >= 1


async def test_a_meter_that_answers_twice_is_asked_behind_each_request_from_then_on():
    meter = Meter()
    client = client_of(meter, PATIENT)
    usual = meter.get
    meter.get = lambda apdu: [*usual(apdu)] * 2
    for expected in (False, True):
        async with client.associate(SHORT) as association:
            assert client.known_forms[SHORT.pair].answers_twice is expected
            for attribute, value in ((ENERGY, 7), (CLOCK, 5), (ENERGY, 7)):
                before = meter.lists
                try:
                    assert (await association.get(attribute)).value == value
                except UnexpectedApdu:
                    assert not expected
                    break
                assert meter.lists > before or not expected or len(meter.links[-1].sent) < 5
    await client.close()


async def test_an_exception_is_told_when_the_order_is_known():
    meter = Meter()
    async with client_of(meter, PATIENT).associate(SHORT) as association:
        await association.get(ENERGY)
        for _ in range(2):
            meter.changes["0501022008"] = [BUSY]
            with pytest.raises(ExceptionReceived):
                await association.get(CLOCK)
    assert meter.lists == 1
    assert isinstance(association, AssociationOrder)
