"""ACCESS and services without an answer, as their user sees them."""

from contextlib import aclosing
from dataclasses import replace

import pytest

from custom_components.cosem.dlms.apdu.common import MethodDescriptor, Selection
from custom_components.cosem.dlms.apdu.initiate import Conformance
from custom_components.cosem.dlms.client.services import Services
from custom_components.cosem.dlms.encoding.data import NULL, Data, unsigned as one_octet
from custom_components.cosem.dlms.errors import (
    ActionError,
    ConnectionLost,
    DataAccessError,
    DecodeError,
    OutcomeUnknown,
)
from custom_components.cosem.dlms.protocol.association_kind import AssociationKind
from custom_components.cosem.dlms.protocol.leniencies import Leniency
from custom_components.cosem.dlms.protocol.proposal import AssociationParameters
from custom_components.cosem.dlms.protocol.transfer.access import to_execute, to_get, to_set
from tests.dlms.client.conftest import client_of
from tests.dlms.scripted import (
    CLOCK,
    ENERGY,
    PARAMETERS,
    POWER,
    REGISTERS,
    ScriptedMeter,
    aare,
    initiate,
    unsigned,
    value,
    values,
)

ONLY_ACCESS = initiate(conformance=Conformance.ACCESS | Conformance.SELECTIVE_ACCESS)
NO_ANSWER = bytes.fromhex("0100010000")
"""In an AARQ: no dedicated key, response-allowed false."""

METHOD = MethodDescriptor(8, CLOCK.logical_name, 1)


class Meter(ScriptedMeter):
    """Answers ACCESS with what ``reply`` makes of its octets, behind the head."""

    def __init__(self, answer, response=ONLY_ACCESS):
        super().__init__(aarq=lambda _apdu: [aare(response)])
        self.answer = answer
        self.taken = []

    def reply(self, wpdu):
        if wpdu.apdu[0] in (0x60, 0x62):
            if NO_ANSWER not in wpdu.apdu:
                yield from super().reply(wpdu)
        else:
            self.taken.append(wpdu.apdu)
            body = self.answer(wpdu.apdu)
            if body is not None:
                yield b"\xda" + wpdu.apdu[1:5] + b"\x00\x00" + body


def read(apdu):
    """Each item of a request that only reads is answered with its place."""
    count = apdu[6]
    data = b"".join(bytes([0x11, place]) for place in range(count))
    return bytes([count]) + data + bytes([count]) + b"\x01\x00" * count


async def test_items_of_every_kind():
    meter = Meter(lambda _apdu: bytes.fromhex("03 1105 00 00  03 0100 0203 03FA"))
    async with client_of(meter).associate(PARAMETERS) as association:
        found = await association.access([to_get(CLOCK), to_set(CLOCK, NULL), to_execute(METHOD)])
    assert found[0] == one_octet(5)
    assert [type(each) for each in found[1:]] == [DataAccessError, ActionError]


async def test_a_value_in_pieces_is_asked_for_by_access_where_there_is_no_get():
    meter = Meter(read)
    async with client_of(meter).associate(PARAMETERS) as association, aclosing(association.get_pieces(CLOCK)) as pieces:
        assert [octets async for octets in pieces] == [bytes.fromhex("1100")]
    assert [apdu[0] for apdu in meter.taken] == [0xD9]


async def test_left_out_data_is_a_leniency():
    meter = Meter(lambda _apdu: bytes.fromhex("00 01 0200"))
    async with client_of(meter).associate(PARAMETERS) as association:
        assert await association.access([to_set(CLOCK, NULL)]) == [None]
        assert Leniency.ACCESS_DATA_LEFT_OUT in association.leniencies


async def test_what_makes_no_sense_is_an_error_or_an_unknown_outcome():
    meter = Meter(lambda _apdu: bytes.fromhex("00 00"))
    async with client_of(meter).associate(PARAMETERS) as association:
        with pytest.raises(DecodeError):
            await association.access([to_get(CLOCK)])
        with pytest.raises(OutcomeUnknown):
            await association.access([to_set(CLOCK, NULL)])


async def test_a_meter_that_offers_nothing_better_is_read_by_access():
    meter = Meter(read)
    async with client_of(meter).associate(PARAMETERS) as association:
        assert (await association.get(CLOCK)).value == 0
        assert [each.value for each in await association.get_many([CLOCK, ENERGY, POWER])] == [0, 1, 2]
    assert [apdu[0] for apdu in meter.taken] == [0xD9, 0xD9]


async def test_a_list_by_access_keeps_to_the_meters_pdu_size():
    """26 attributes fit into 300 octets: 8, and 11 for each."""
    only_access = initiate(conformance=Conformance.ACCESS | Conformance.GET, server_max_receive_pdu_size=300)
    meter = Meter(read, only_access)
    async with client_of(meter).associate(PARAMETERS) as association:
        for _ in range(4):
            found = await association.get_many(REGISTERS)
            assert all(isinstance(each, Data) for each in found)
    lengths = [len(apdu) for apdu in meter.taken]
    assert max(lengths) == 8 + 26 * 11 == 294
    assert {apdu[0] for apdu in meter.taken} == {0xD9}


@pytest.mark.parametrize("answer", ["00 00", "01 1105 01 0200", "02 1105 1106 02 0100 0100", "FF"])
async def test_a_senseless_answer_to_access_costs_no_other_value(answer):
    """To a list; its attributes are read alone then. One that has no value even so costs itself only."""
    odd = bytes.fromhex(answer)
    meter = Meter(lambda apdu: read(apdu) if apdu[6] == 1 and b"\x01\x00\x03" in apdu else odd)
    async with client_of(meter).associate(PARAMETERS) as association:
        energy, clock, power = await association.get_many([ENERGY, CLOCK, POWER])
        assert energy == power == one_octet(0)
        assert isinstance(clock, DataAccessError)
        with pytest.raises(DataAccessError, match="makes no sense"):
            await association.get(CLOCK)
        assert await association.get(ENERGY) == one_octet(0)


async def test_an_answer_to_access_that_breaks_the_protocol_ends_the_connection():
    meter = ScriptedMeter(lambda _apdu: [bytes.fromhex("DAC000")], aarq=lambda _apdu: [aare(ONLY_ACCESS)])
    async with client_of(meter).associate(PARAMETERS) as association:
        with pytest.raises(DecodeError):
            await association.get(CLOCK)
        assert not association.is_open


async def test_errors_of_items_are_errors_of_attributes():
    meter = Meter(lambda apdu: bytes([apdu[6]]) + b"\x00" * apdu[6] + bytes([apdu[6]]) + b"\x01\x04" * apdu[6])
    async with client_of(meter).associate(PARAMETERS) as association:
        with pytest.raises(DataAccessError) as caught:
            await association.get(CLOCK)
        assert caught.value.result == 4
        assert [each.result for each in await association.get_many([CLOCK, ENERGY])] == [4, 4]


async def test_an_answer_without_any_value_is_an_error():
    meter = Meter(lambda apdu: b"\x01\x00\x01\x01\x00")
    async with client_of(meter).associate(PARAMETERS) as association:
        (found,) = await association.access([to_get(CLOCK)])
        assert found == NULL


async def test_a_value_in_pieces_is_read_by_access_too():
    """So a profile of such a meter can be read."""
    meter = Meter(read)
    async with client_of(meter).associate(PARAMETERS) as association, aclosing(association.get_pieces(CLOCK)) as pieces:
        assert [octets async for octets in pieces] == [b"\x11\x00"]
    assert meter.taken[0][0] == 0xD9


async def test_a_long_value_is_the_same_by_access():
    text = b"\x09\x82\x20\x00" + bytes(range(256)) * 32
    meter = Meter(lambda _apdu: b"\x01" + text + b"\x01\x01\x00")
    async with client_of(meter).associate(replace(PARAMETERS, max_receive_pdu_size=0)) as association:
        assert await association.get_octets(CLOCK) == text
        assert (await association.get(CLOCK)).value == text[4:]


@pytest.mark.parametrize("granted", [Conformance.SET, Conformance.GET, Conformance.MULTIPLE_REFERENCES])
async def test_a_meter_that_grants_nothing_that_reads_may_answer_get_all_the_same(granted):
    def answer(apdu):
        return [value(unsigned(7), apdu[2] & 15)] if apdu[1] == 1 else [values(unsigned(7), unsigned(8))]

    meter = ScriptedMeter(answer, aarq=lambda _apdu: [aare(initiate(conformance=granted))])
    async with client_of(meter).associate(PARAMETERS) as association:
        if granted is Conformance.MULTIPLE_REFERENCES:
            assert len(await association.get_many([CLOCK, ENERGY])) == 2
        else:
            await association.get(CLOCK)
        expected = set() if granted is Conformance.GET else {Leniency.GET_NOT_GRANTED}
        assert association.leniencies == expected


async def test_a_meter_that_offers_get_is_read_by_get():
    meter = Meter(read, initiate(conformance=Conformance.ACCESS | Conformance.GET))
    async with client_of(meter).associate(PARAMETERS) as association:
        with pytest.raises(Exception, match="get-response"):
            await association.get(CLOCK)
    assert meter.taken[0][0] == 0xC0


# -- what is not granted otherwise


async def test_what_cannot_be_set_or_executed_otherwise_is_by_access():
    answers = iter(["01 00 01 0200", "01 00 01 0203", "02 0000 02 0200 020C", "01 1105 01 0300", "01 00 01 030B"])
    meter = Meter(lambda _apdu: bytes.fromhex(next(answers)))
    async with client_of(meter).associate(PARAMETERS) as association:
        await association.set(CLOCK, one_octet(7))
        with pytest.raises(DataAccessError, match="read-write-denied"):
            await association.set(CLOCK, one_octet(7), Selection(1, NULL))
        first, second = await association.set_many([(CLOCK, NULL), (ENERGY, NULL)])
        assert first is None
        assert second.result == 12
        assert await association.action(METHOD) == one_octet(5)
        with pytest.raises(ActionError, match="object-unavailable"):
            await association.action(METHOD, NULL)
    assert [apdu[7:17].hex().upper() for apdu in meter.taken] == [
        "0200080000010000FF02",
        "0500080000010000FF02",
        "0200080000010000FF02",
        "0300080000010000FF01",
        "0300080000010000FF01",
    ]


@pytest.mark.parametrize("granted", [Conformance(0), Conformance.SET | Conformance.ACTION])
async def test_several_go_by_access_where_there_are_no_lists(granted):
    answers = iter(["02 0000 02 0200 0203", "02 1105 00 02 0300 03FA"])
    meter = Meter(lambda _apdu: bytes.fromhex(next(answers)), initiate(conformance=Conformance.ACCESS | granted))
    async with client_of(meter).associate(PARAMETERS) as association:
        assert [each and each.result for each in await association.set_many([(CLOCK, NULL), (ENERGY, NULL)])] == [
            None,
            3,
        ]
        value, refusal = await association.action_many([(METHOD, None), (METHOD, NULL)])
    assert value == one_octet(5)
    assert refusal.result == 250
    assert [apdu[0] for apdu in meter.taken] == [0xD9, 0xD9]


async def test_unconfirmed_services_go_by_access_where_that_is_all():
    meter = Meter(lambda _apdu: None)
    async with client_of(meter).associate(PARAMETERS) as association:
        await association.set_unconfirmed(CLOCK, NULL)
        await association.action_unconfirmed(METHOD)
    assert [apdu[:2].hex().upper() + apdu[7:8].hex() for apdu in meter.taken] == ["D98002", "D98003"]


# -- without an answer


async def test_services_that_nobody_answers():
    meter = Meter(lambda _apdu: None)
    parameters = AssociationParameters(kind=AssociationKind.UNCONFIRMED)
    async with client_of(meter).associate(parameters) as association:
        await association.set_unconfirmed(CLOCK, NULL)
        await association.action_unconfirmed(METHOD)
        await association.access_unconfirmed([to_set(CLOCK, NULL)])
    assert [apdu[0] for apdu in meter.taken] == [0xC1, 0xC3, 0xD9]
    assert [apdu[2] & 0x40 for apdu in meter.taken[:2]] == [0, 0]
    assert meter.link.closed


async def test_nothing_is_sent_for_a_pre_established_association():
    meter = Meter(lambda _apdu: None)
    parameters = AssociationParameters(kind=AssociationKind.PRE_ESTABLISHED)
    async with client_of(meter).associate(parameters) as association:
        await association.set_unconfirmed(CLOCK, NULL)
    assert [wpdu.apdu[0] for wpdu in meter.link.sent] == [0xC1]


async def test_a_connection_that_is_gone_is_an_error():
    meter = Meter(lambda _apdu: None)
    parameters = AssociationParameters(kind=AssociationKind.UNCONFIRMED)
    async with client_of(meter).associate(parameters) as association:
        meter.link.send_error = ConnectionLost(reset=True)
        with pytest.raises(ConnectionLost):
            await association.set_unconfirmed(CLOCK, NULL)
        with pytest.raises(ConnectionLost):
            await association.set_unconfirmed(CLOCK, NULL)


@pytest.mark.parametrize(("is_open", "error"), [(True, DataAccessError), (False, DecodeError)])
async def test_what_makes_no_sense_is_of_its_attributes_only_while_the_association_lasts(is_open, error):
    class Ended:
        def __init__(self):
            self.is_open = is_open

    async def reading():
        raise DecodeError("no sense")

    with pytest.raises(error):
        await Services._believed(Ended(), reading())
