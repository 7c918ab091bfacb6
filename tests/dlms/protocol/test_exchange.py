import pytest

from custom_components.cosem.dlms.apdu.common import AttributeDescriptor, Selection
from custom_components.cosem.dlms.encoding.data import NULL
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.errors import DecodeError, LimitExceeded, LocalProtocolError
from custom_components.cosem.dlms.limits import Limits
from custom_components.cosem.dlms.protocol.exchange import Complete, Exchange, Failed, NextBlock, RequestKind
from tests.dlms.scripted import CLOCK, ENERGY, POWER, access_error, block, block_error, unsigned, value, values


@pytest.fixture
def exchange():
    return Exchange(Limits(blocks_per_transfer=5, assembled_value=100))


def ask(exchange):
    """One attribute was asked for."""
    request = exchange.prepare_get(CLOCK, None)
    exchange.start(request)
    return request


def ask_list(exchange, *attributes):
    request = exchange.prepare_get_with_list(tuple((attribute, None) for attribute in attributes))
    exchange.start(request)
    return request


def code_of(outcome):
    assert isinstance(outcome, Failed)
    return outcome.error.result


# -- requests


def test_an_invoke_id_taken_aside_is_not_used_again(exchange):
    """HLS pass 3 is no request of the user, but it has an invoke-id like one."""
    assert exchange.take_invoke_id().raw == 0xC1
    assert ask(exchange).octets[2] == 0xC2
    for _ in range(13):
        exchange.take_invoke_id()
    assert exchange.take_invoke_id().invoke_id == 0


def test_request_is_the_published_one(exchange):
    assert ask(exchange).octets.hex().upper() == "C001C100080000010000FF0200"


def test_request_with_selection(exchange):
    octets = exchange.prepare_get(CLOCK, Selection(2, NULL)).octets
    assert octets.hex().upper() == "C001C100080000010000FF02010200"


def test_list_request_counts_its_items(exchange):
    octets = ask_list(exchange, CLOCK, ENERGY).octets
    assert octets.hex().upper() == "C003C10200080000010000FF020000030100010800FF0200"


def test_invoke_id_starts_at_1_and_wraps_behind_15(exchange):
    ids = []
    for _ in range(18):
        ids.append(ask(exchange).octets[2] & 0x0F)
        exchange.stop()
    assert ids == [*range(1, 16), 0, 1, 2]


def test_preparing_uses_no_invoke_id_up(exchange):
    exchange.prepare_get(CLOCK, None)
    exchange.prepare_get_with_list(((CLOCK, None),))
    assert ask(exchange).invoke.invoke_id == 1


def test_numbers_that_do_not_fit_are_our_own_mistake(exchange):
    name = LogicalName(bytes(6))
    for class_id, index in ((70_000, 2), (3, 200)):
        with pytest.raises(LocalProtocolError, match="cannot be encoded"):
            exchange.prepare_get(AttributeDescriptor(class_id, name, index), None)


# -- answers at once


def test_value_of_a_single_attribute(exchange):
    ask(exchange)
    assert exchange.kind is RequestKind.SINGLE
    assert exchange.receive(value(unsigned(7))) == Complete(unsigned(7))
    assert exchange.kind is None


def test_error_of_a_single_attribute(exchange):
    ask(exchange)
    assert code_of(exchange.receive(access_error(4))) == 4


def test_list_comes_as_it_is(exchange):
    ask_list(exchange, CLOCK, ENERGY)
    assert exchange.receive(values(unsigned(1), 3)) == Complete(b"\x02\x00" + unsigned(1) + b"\x01\x03")


def test_list_of_one_may_be_answered_like_a_single_attribute(exchange):
    ask_list(exchange, CLOCK)
    assert exchange.receive(value(unsigned(7))) == Complete(b"\x01\x00" + unsigned(7))
    ask_list(exchange, CLOCK)
    assert exchange.receive(access_error(3, invoke_id=2)) == Complete(b"\x01\x01\x03")


def test_priority_and_reserved_bits_of_the_answer_do_not_matter(exchange):
    ask(exchange)
    assert exchange.receive(bytes.fromhex("C401310016FF")) == Complete(b"\x16\xff")


# -- S22: what belongs to nothing


def test_s22_other_invoke_id_belongs_to_nothing(exchange):
    ask(exchange)
    assert exchange.receive(value(unsigned(7), invoke_id=2)) is None
    assert exchange.receive(block(1, b"x", invoke_id=0)) is None
    assert exchange.receive(value(unsigned(8))) == Complete(unsigned(8))


def test_s22_nothing_belongs_to_no_request(exchange):
    assert exchange.receive(value(unsigned(7))) is None
    ask(exchange)
    exchange.stop()
    assert exchange.receive(value(unsigned(7))) is None


def test_s22_a_list_is_no_answer_to_a_single_attribute(exchange):
    ask(exchange)
    assert exchange.receive(values(unsigned(1))) is None


@pytest.mark.parametrize("number", [0, 2, 0xFFFF_FFFF])
def test_s22_the_first_block_has_number_1(exchange, number):
    ask(exchange)
    assert exchange.receive(block(number, b"x")) is None
    assert isinstance(exchange.receive(block(1, b"x")), NextBlock)


def test_s22_a_repeated_or_skipped_block_belongs_to_nothing(exchange):
    ask(exchange)
    exchange.receive(block(1, b"ab"))
    assert exchange.receive(block(1, b"ab")) is None
    assert exchange.receive(block(3, b"ef")) is None
    assert exchange.receive(block(2, b"cd", last=True)) == Complete(b"abcd")


def test_s22_a_whole_answer_within_a_transfer_belongs_to_nothing(exchange):
    ask(exchange)
    exchange.receive(block(1, b"ab"))
    assert exchange.receive(value(unsigned(7))) is None
    exchange.stop()
    ask_list(exchange, CLOCK, POWER)
    exchange.receive(block(1, b"ab", invoke_id=2))
    assert exchange.receive(values(unsigned(7), invoke_id=2)) is None


# -- blocks


def test_blocks_are_acknowledged_and_put_together(exchange):
    ask(exchange)
    first = exchange.receive(block(1, b"ab"))
    assert (first.block_number, first.size, first.request.hex().upper()) == (1, 2, "C002C100000001")
    second = exchange.receive(block(2, b"cde"))
    assert (second.block_number, second.size, second.request.hex().upper()) == (2, 5, "C002C100000002")
    assert exchange.receive(block(3, b"f", last=True)) == Complete(b"abcdef")


def test_blocks_of_a_list_are_the_list(exchange):
    ask_list(exchange, CLOCK, ENERGY)
    exchange.receive(block(1, b"\x02\x00"))
    assert exchange.receive(block(2, b"\x00\x00", last=True)) == Complete(b"\x02\x00\x00\x00")


def test_leniency_last_block_ff(exchange):
    ask(exchange)
    assert exchange.receive(block(1, b"ab", last=0xFF)) == Complete(b"ab")


def test_leniency_empty_block_that_is_not_the_last(exchange):
    ask(exchange)
    assert isinstance(exchange.receive(block(1, b"")), NextBlock)
    assert exchange.receive(block(2, b"ab", last=True)) == Complete(b"ab")


@pytest.mark.parametrize("code", [14, 15, 16, 19])
@pytest.mark.parametrize("number", [2, 0])
def test_server_aborts_a_transfer(exchange, code, number):
    ask(exchange)
    exchange.receive(block(1, b"ab"))
    assert code_of(exchange.receive(block_error(number, code))) == code
    assert exchange.receive(block(2, b"cd")) is None


def test_leniency_server_aborts_a_transfer_with_a_plain_error(exchange):
    ask_list(exchange, CLOCK, ENERGY)
    exchange.receive(block(1, b"ab"))
    assert code_of(exchange.receive(access_error(15))) == 15


def test_the_next_transfer_starts_empty(exchange):
    ask(exchange)
    exchange.receive(block(1, b"ab"))
    exchange.stop()
    ask(exchange)
    assert exchange.receive(block(1, b"cd", last=True, invoke_id=2)) == Complete(b"cd")


# -- limits


def test_number_of_blocks_is_limited_also_when_they_are_empty(exchange):
    ask(exchange)
    for number in range(1, 6):
        assert isinstance(exchange.receive(block(number, b"")), NextBlock)
    with pytest.raises(LimitExceeded, match="5 blocks"):
        exchange.receive(block(6, b"", last=True))


def test_octets_of_a_value_are_limited(exchange):
    ask(exchange)
    exchange.receive(block(1, bytes(100)))
    with pytest.raises(LimitExceeded, match="100 octets"):
        exchange.receive(block(2, b"x", last=True))


@pytest.mark.parametrize(
    "octets",
    ["C4", "C404C100", "C401C1", "C401C100", "C401C102", "C401C10104FF", "C402C10000000001", "C402C1000000000102"],
)
def test_octets_that_are_no_get_response(exchange, octets):
    ask(exchange)
    with pytest.raises(DecodeError):
        exchange.receive(bytes.fromhex(octets))


@pytest.mark.parametrize("build", [value(unsigned(7)), values(unsigned(7), 3), block(1, b"abcdef"), access_error(4)])
def test_every_truncation_raises_or_leaves_the_value_to_its_decoder(exchange, build):
    for end in range(1, len(build)):
        exchange.stop()
        request = ask(exchange)
        octets = build[:2] + bytes([request.invoke.raw]) + build[3:]
        try:
            outcome = exchange.receive(octets[:end])
        except DecodeError:
            continue
        assert outcome is None or isinstance(outcome, Complete)
