import pytest

from custom_components.cosem.dlms.errors import ConnectionLost, LimitExceeded, NotWrapper
from custom_components.cosem.dlms.protocol.framing import WrapperFraming
from custom_components.cosem.dlms.protocol.wrapper import Wpdu

MESSAGE = Wpdu(1, 16, b"\xc4\x01")


def test_messages_go_in_and_out():
    framing = WrapperFraming()
    octets = framing.encode(MESSAGE)
    framing.receive_data(octets[:5])
    assert framing.next_message() is None
    framing.receive_data(octets[5:])
    assert framing.next_message() == MESSAGE
    framing.receive_eof()


def test_end_within_a_message():
    framing = WrapperFraming()
    framing.receive_data(framing.encode(MESSAGE)[:-1])
    with pytest.raises(ConnectionLost) as caught:
        framing.receive_eof()
    assert caught.value.truncated


def test_limit_and_version_are_those_of_the_wrapper():
    framing = WrapperFraming()
    framing.expect_apdu_limit(1)
    with pytest.raises(LimitExceeded):
        framing.receive_data(framing.encode(MESSAGE))
    with pytest.raises(NotWrapper):
        WrapperFraming().receive_data(b"\x7e\xa0")
