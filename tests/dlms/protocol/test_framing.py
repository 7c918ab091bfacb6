import pytest

from custom_components.cosem.dlms.errors import ConnectionLost, LimitExceeded, NotWrapper
from custom_components.cosem.dlms.protocol.framing import Empty, Message, Ready, WrapperFraming
from custom_components.cosem.dlms.protocol.wrapper import Wpdu, encode_wpdu

OUT = Message(16, 1, b"\xc0\x01")
IN = Wpdu(1, 16, b"\xc4\x01")


def test_messages_go_out_with_the_client_as_source():
    framing = WrapperFraming()
    framing.send(OUT)
    framing.send(OUT)
    octets = bytes.fromhex("0001 0010 0001 0002 C001")
    assert framing.data_to_send(0) == octets * 2
    assert framing.data_to_send(0) == b""


def test_messages_come_in_with_the_client_as_destination():
    framing = WrapperFraming()
    octets = encode_wpdu(IN)
    framing.receive_data(octets[:5], 0)
    assert framing.next_event() is None
    framing.receive_data(octets[5:], 0)
    assert framing.next_event() == Message(16, 1, b"\xc4\x01")
    framing.receive_eof()


def test_a_wpdu_without_an_apdu_is_a_sign_of_life_in_its_place():
    framing = WrapperFraming()
    octets = encode_wpdu(IN)
    framing.receive_data(octets + encode_wpdu(Wpdu(7, 8, b"")) + octets, 0)
    assert [type(framing.next_event()) for _ in range(4)] == [Message, Empty, Message, type(None)]


def test_it_is_ready_at_once_and_never_waits_for_anything():
    framing = WrapperFraming()
    framing.open()
    assert framing.next_event() == Ready()
    framing.close()
    framing.call(9.0)
    assert framing.next_call is None
    assert framing.data_to_send(0) == b""
    assert framing.next_event() is None


def test_end_within_a_message():
    framing = WrapperFraming()
    framing.receive_data(encode_wpdu(IN)[:-1], 0)
    with pytest.raises(ConnectionLost) as caught:
        framing.receive_eof()
    assert caught.value.truncated


def test_m09_an_error_is_fatal_and_what_was_complete_in_front_of_it_counts():
    framing = WrapperFraming()
    assert framing.error_is_fatal
    with pytest.raises(NotWrapper):
        framing.receive_data(encode_wpdu(IN) + b"\x7e\xa0", 0)
    assert framing.next_event() == Message(16, 1, b"\xc4\x01")


def test_limit_and_version_are_those_of_the_wrapper():
    framing = WrapperFraming()
    framing.expect_apdu_limit(1)
    with pytest.raises(LimitExceeded):
        framing.receive_data(encode_wpdu(IN), 0)
    with pytest.raises(NotWrapper):
        WrapperFraming().receive_data(b"\x7e\xa0", 0)


def test_s29_a_message_shows_its_size_only():
    assert repr(Message(16, 1, b"password")) == "Message(client 16, server 1, 8 octets)"
