"""ACCESS as a transfer."""

import pytest

from custom_components.cosem.dlms.apdu.common import InvokeIdAndPriority, MethodDescriptor, Selection
from custom_components.cosem.dlms.apdu.initiate import Conformance
from custom_components.cosem.dlms.encoding.data import NULL, unsigned
from custom_components.cosem.dlms.errors import ActionError, DataAccessError, DecodeError, LocalProtocolError
from custom_components.cosem.dlms.limits import DEFAULT_LIMITS
from custom_components.cosem.dlms.protocol.transfer import Complete
from custom_components.cosem.dlms.protocol.transfer.access import Access, to_execute, to_get, to_set
from tests.dlms.scripted import CLOCK, ENERGY

ROOM = 65_535
METHOD = MethodDescriptor(8, CLOCK.logical_name, 1)
MIXED = [to_get(CLOCK), to_set(CLOCK, unsigned(7)), to_execute(METHOD)]


def asked(items=MIXED, number=1, confirmed=True, **named):
    transfer = Access(items, **named)
    transfer.number = number
    return transfer, transfer.first(InvokeIdAndPriority(1, confirmed=confirmed), DEFAULT_LIMITS, ROOM)


def outcomes(transfer, octets):
    outcome = transfer.receive(octets)
    assert isinstance(outcome, Complete)
    return transfer.decode(outcome.octets, DEFAULT_LIMITS)


def response(data, results, number=1):
    """Written by hand."""
    return (
        bytes([0xDA, 0xC0])
        + number.to_bytes(3, "big")
        + bytes([0, 0, len(data)])
        + b"".join(data)
        + bytes([len(results)])
        + b"".join(bytes(each) for each in results)
    )


def test_a_mixed_request():
    _transfer, octets = asked()
    assert octets.hex().upper() == (
        "D9C000000100030100080000010000FF020200080000010000FF020300080000010000FF010300110700"
    ).replace(" ", "")


def test_bits_of_the_long_invoke_id():
    assert asked(break_on_error=True)[1][1] == 0xE0
    assert asked(confirmed=False)[1][1] == 0x80
    assert asked(number=0x1_23_45_67)[1][2:5] == bytes.fromhex("234567")


def test_each_item_has_its_outcome():
    transfer, _octets = asked()
    assert outcomes(transfer, response([b"\x11\x05", b"\x00", b"\x11\x06"], [(1, 0), (2, 0), (3, 0)])) == [
        unsigned(5),
        None,
        unsigned(6),
    ]
    assert not transfer.leaves_data_out


def test_each_item_has_its_error():
    transfer, _octets = asked()
    found = outcomes(transfer, response([b"\x00", b"\x00", b"\x00"], [(1, 3), (2, 4), (3, 250)]))
    assert [type(each) for each in found] == [DataAccessError, DataAccessError, ActionError]
    assert [each.result for each in found] == [3, 4, 250]


def test_a_method_that_returns_nothing():
    transfer, _octets = asked([to_execute(METHOD)])
    assert outcomes(transfer, response([b"\x00"], [(3, 0)])) == [None]


def test_data_of_what_returns_nothing_may_be_left_out():
    transfer, _octets = asked()
    assert outcomes(transfer, response([b"\x11\x05"], [(1, 0), (2, 0), (3, 0)])) == [unsigned(5), None, None]
    assert transfer.leaves_data_out


def test_only_the_data_of_what_is_written_may_be_left_out():
    transfer, _octets = asked()
    found = outcomes(transfer, response([b"\x11\x05", b"\x11\x06"], [(1, 0), (2, 0), (3, 0)]))
    assert found == [unsigned(5), None, unsigned(6)]
    assert transfer.leaves_data_out


@pytest.mark.parametrize(
    ("data", "results"),
    [([], [(1, 0), (2, 0), (3, 0)]), ([b"\x00"] * 4, [(1, 0), (2, 0), (3, 0)]), ([b"\x00"] * 3, [(1, 0), (2, 0)])],
)
def test_another_number_of_answers_makes_no_sense(data, results):
    transfer, _octets = asked()
    with pytest.raises(DecodeError, match="items of an access"):
        outcomes(transfer, response(data, results))


@pytest.mark.parametrize("kinds", [(2, 2, 3), (1, 1, 3), (1, 2, 1), (3, 2, 1)])
def test_s22_a_result_has_the_kind_of_its_item(kinds):
    transfer, _octets = asked()
    with pytest.raises(DecodeError, match="is answered by"):
        outcomes(transfer, response([b"\x11\x05", b"\x00", b"\x11\x06"], [(kind, 0) for kind in kinds]))


def test_results_to_selections_have_the_kind_without():
    transfer, _octets = asked([to_get(CLOCK, Selection(1, NULL)), to_set(CLOCK, NULL, Selection(1, NULL))])
    assert outcomes(transfer, response([b"\x11\x05", b"\x00"], [(1, 0), (2, 0)])) == [unsigned(5), None]


ENERGY_AND_CLOCK = "01 0003 0100010800FF 02  01 0008 0000010000FF 02"
REPEATED = "DA C0000001 00 01 {count} {specifications}  02 1105 1106  02 0100 0100"


@pytest.mark.parametrize(("count", "specifications"), [("02", ENERGY_AND_CLOCK), ("00", "")])
def test_the_specifications_may_be_repeated(count, specifications):
    transfer, _octets = asked([to_get(ENERGY), to_get(CLOCK)])
    octets = bytes.fromhex(REPEATED.format(count=count, specifications=specifications))
    assert outcomes(transfer, octets) == [unsigned(5), unsigned(6)]


def test_s22_other_specifications_than_asked_make_no_sense():
    transfer, _octets = asked([to_get(CLOCK), to_get(ENERGY)])
    with pytest.raises(DecodeError, match="other specifications"):
        outcomes(transfer, bytes.fromhex(REPEATED.format(count="02", specifications=ENERGY_AND_CLOCK)))


LONG = b"\x09\x82\x20\x00" + bytes(0x2000)


@pytest.mark.parametrize("item", [to_get(CLOCK), to_get(CLOCK, Selection(1, NULL))])
def test_a_long_value_need_not_be_decoded(item):
    transfer, _octets = asked([item])
    assert transfer.value(response([LONG], [(1, 0)])) == LONG


@pytest.mark.parametrize(
    ("items", "octets"),
    [
        ([to_get(CLOCK)], response([b"\x11\x05"], [(1, 0)])),
        ([to_get(CLOCK)], response([LONG], [(1, 4)])),
        ([to_get(CLOCK)], response([LONG], [(1, 0)]) + b"\x00"),
        ([to_get(CLOCK)], response([LONG, LONG], [(1, 0)])),
        ([to_get(CLOCK), to_get(CLOCK)], response([LONG], [(1, 0)])),
        ([to_execute(METHOD)], response([LONG], [(1, 0)])),
        ([to_get(CLOCK)], response([LONG], [(1, 0)])[:6] + b"\x01\x00" + response([LONG], [(1, 0)])[7:]),
        ([to_get(CLOCK)], response([LONG], [(1, 0)])[:5] + b"\x07" + response([LONG], [(1, 0)])[6:]),
    ],
    ids=["short", "refused", "odd end", "two data", "two items", "action", "specifications", "odd head"],
)
def test_what_is_not_one_long_value_is_decoded_whole(items, octets):
    transfer, _octets = asked(items)
    assert transfer.value(octets) is None


def test_an_answer_to_another_request_belongs_elsewhere():
    transfer, _octets = asked(number=2)
    assert transfer.receive(response([b"\x00"] * 3, [(1, 0), (2, 0), (3, 0)])) is None
    assert Access(MIXED).receive(response([], [])) is None


def test_half_an_answer_is_an_error():
    with pytest.raises(DecodeError):
        asked()[0].receive(b"\xda\xc0\x00")


@pytest.mark.parametrize(
    ("items", "needs", "may_be_repeated"),
    [
        ([to_get(CLOCK), to_get(ENERGY)], Conformance.ACCESS, True),
        ([to_get(CLOCK, Selection(1, NULL))], Conformance.ACCESS | Conformance.SELECTIVE_ACCESS, True),
        ([to_set(CLOCK, NULL, Selection(1, NULL))], Conformance.ACCESS | Conformance.SELECTIVE_ACCESS, False),
        (MIXED, Conformance.ACCESS, False),
        ([to_execute(METHOD, NULL)], Conformance.ACCESS, False),
    ],
)
def test_only_what_reads_may_be_repeated(items, needs, may_be_repeated):
    transfer = Access(items)
    assert (transfer.needs, transfer.may_be_repeated) == (needs, may_be_repeated)


def test_it_says_what_it_is():
    assert str(Access(MIXED)) == "access get 8:0.0.1.0.0.255:2, set 8:0.0.1.0.0.255:2, action " + str(METHOD)


def test_at_least_one_item():
    with pytest.raises(LocalProtocolError):
        Access([])
