"""WPDUs in datagrams: one each, and what is broken, long or doubled costs itself only."""

import pytest

from custom_components.cosem.dlms.errors import DecodeError, LimitExceeded, LocalProtocolError, NotWrapper
from custom_components.cosem.dlms.protocol.datagram_framing import DATAGRAM_APDU_LIMIT, DatagramFraming
from custom_components.cosem.dlms.protocol.framing import Empty, Message, Ready
from custom_components.cosem.dlms.protocol.proposal import WportPair
from tests.dlms.scripted import BUSY, answer, unsigned, value

SEVEN = value(unsigned(7))


@pytest.fixture
def framing():
    framing = DatagramFraming()
    framing.open()
    assert framing.next_event() == Ready()
    return framing


def receive(framing, *datagrams):
    for datagram in datagrams:
        framing.receive_data(datagram, 0.0)
    events = []
    while (event := framing.next_event()) is not None:
        events.append(event)
    return events


def test_what_it_is(framing):
    assert (framing.error_is_fatal, framing.apdu_limit, framing.next_call) == (False, DATAGRAM_APDU_LIMIT, None)
    framing.call(1.0)
    framing.receive_eof()
    framing.close()
    assert framing.next_event() is None


def test_each_wpdu_is_a_datagram_of_its_own(framing):
    framing.send(Message(16, 1, b"ab"))
    framing.send(Message(16, 2, b"c"))
    assert framing.data_to_send(0.0) == bytes.fromhex("0001 0010 0001 0002 6162")
    assert framing.data_to_send(0.0) == bytes.fromhex("0001 0010 0002 0001 63")
    assert framing.data_to_send(0.0) == b""


def test_what_is_too_long_for_a_wpdu_is_our_error(framing):
    with pytest.raises(LocalProtocolError):
        framing.send(Message(16, 1, bytes(65_536)))


def test_a_datagram_is_a_message(framing):
    assert receive(framing, answer(SEVEN)) == [Message(16, 1, SEVEN)]


@pytest.mark.parametrize(
    ("datagram", "error"),
    [
        pytest.param(answer(SEVEN)[:-1], DecodeError, id="truncated"),
        pytest.param(answer(SEVEN)[:5], DecodeError, id="half a header"),
        pytest.param(answer(SEVEN) + answer(SEVEN), DecodeError, id="two in one"),
        pytest.param(b"\x00\x02" + answer(SEVEN)[2:], NotWrapper, id="another version"),
    ],
)
def test_f13_f15_f23_a_broken_datagram_costs_itself_only(framing, datagram, error):
    with pytest.raises(error):
        framing.receive_data(datagram, 0.0)
    assert receive(framing, answer(SEVEN)) == [Message(16, 1, SEVEN)]


@pytest.mark.parametrize("zeros", [1, 8, 64])
@pytest.mark.parametrize("apdu", [SEVEN, b""])
def test_zeros_behind_a_wpdu_are_left_out(framing, zeros, apdu):
    padded = answer(apdu) + bytes(zeros)
    assert receive(framing, padded) == receive(framing, answer(apdu))
    with pytest.raises(DecodeError):
        framing.receive_data(padded + b"\x01", 0.0)


def test_what_is_longer_than_announced_is_left_out(framing):
    framing.expect_apdu_limit(len(SEVEN) - 1)
    with pytest.raises(LimitExceeded):
        framing.receive_data(answer(SEVEN), 0.0)
    framing.expect_apdu_limit(len(SEVEN))
    assert receive(framing, answer(SEVEN)) == [Message(16, 1, SEVEN)]


def test_a_wpdu_without_an_apdu_is_a_sign_of_life(framing):
    assert receive(framing, answer(b"")) == [Empty()]


@pytest.mark.parametrize("apdu", [b"\xcc\x05abcde", b"\xdb\x00\x01x"])
def test_f20_the_same_protected_answer_again_is_left_out(framing, apdu):
    assert receive(framing, answer(apdu), answer(apdu)) == [Message(16, 1, apdu)]


@pytest.mark.parametrize("apdu", [SEVEN, BUSY, b"\x0c\x01\x00\x11\x07", b"\xe0\x80\x00\x01\x00\x00\x00"])
def test_what_has_no_counter_may_come_again(framing, apdu):
    assert receive(framing, answer(apdu), answer(apdu)) == [Message(16, 1, apdu)] * 2


def test_the_same_octets_from_another_logical_device_are_another_answer(framing):
    other = WportPair(16, 2)
    ciphered = b"\xcc\x05abcde"
    events = receive(framing, answer(ciphered), answer(ciphered, other))
    assert events == [Message(16, 1, ciphered), Message(16, 2, ciphered)]
