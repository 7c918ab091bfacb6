"""The wrapper behind a greeting."""

from hypothesis import given, strategies as st
import pytest

from custom_components.cosem.dlms.errors import ConnectionLost, LimitExceeded, NotWrapper
from custom_components.cosem.dlms.protocol.caller_framing import CallerFraming
from custom_components.cosem.dlms.protocol.framing import Empty, Message
from tests.dlms.security.test_notification_keys import EVENT

WPDU = bytes.fromhex("0001 0001 0001") + len(EVENT).to_bytes(2, "big") + EVENT
PUSH = Message(1, 1, EVENT)
GREETINGS = {
    "nothing": b"",
    "serial number": b"12345678\r\n",
    "zeros": bytes(40),
    "half a header": b"\x00\x01",
    "a header of something else": bytes.fromhex("0001 0001 0001 0004 41424344"),
    "the longest": b"x" * 512,
}


def events_of(framing):
    found = []
    while (event := framing.next_event()) is not None:
        found.append(event)
    return found


def fed(octets, size):
    framing = CallerFraming()
    events = []
    for at in range(0, len(octets), size):
        framing.receive_data(octets[at : at + size], 0.0)
        events += events_of(framing)
    return framing, events


@pytest.mark.parametrize("size", [1, 3, 10_000])
@pytest.mark.parametrize("greeting", GREETINGS.values(), ids=GREETINGS)
def test_m12_a_greeting_is_skipped_in_any_segments(greeting, size):
    assert fed(greeting + WPDU + WPDU, size)[1] == [PUSH, PUSH]


@pytest.mark.parametrize("size", [1, 3, 10_000])
def test_the_same_greeting_keeps_the_connection_alive_later(size):
    heartbeat = b"#12345\r\n"
    framing, events = fed(heartbeat * 2 + WPDU + heartbeat * 3 + WPDU + heartbeat[:3], size)
    assert events == [PUSH, PUSH]
    framing.receive_eof()


@pytest.mark.parametrize("size", [1, 10_000])
@pytest.mark.parametrize("octets", [b"#12346\r\n", b"\x7e\xa0", b"\x00\x02", b"\x00\x01\x02"], ids=bytes.hex)
def test_m09_other_octets_between_wpdus_end_it(octets, size):
    framing, events = fed(b"#12345\r\n" + WPDU, size)
    assert events == [PUSH]
    with pytest.raises((NotWrapper, ConnectionLost)):
        framing.receive_data(octets, 0.0)
        framing.receive_eof()


def test_m09_without_a_greeting_nothing_is_skipped_later():
    framing, _ = fed(WPDU, 100)
    with pytest.raises(NotWrapper):
        framing.receive_data(b"#12345\r\n", 0.0)


def test_a_wpdu_without_an_apdu_is_a_sign_of_life():
    empty = bytes.fromhex("0001000100010000")
    assert fed(b"hello" + WPDU + empty + WPDU, 1)[1] == [PUSH, Empty(), PUSH]


def test_an_endless_greeting_ends_it():
    framing = CallerFraming()
    with pytest.raises(LimitExceeded):
        for _ in range(100):
            framing.receive_data(b"talk" * 10, 0.0)


def test_an_end_inside_of_a_wpdu_is_noticed():
    framing, _ = fed(b"hello" + WPDU[:-1], 1)
    with pytest.raises(ConnectionLost):
        framing.receive_eof()


def outcomes_of(octets, size):
    """Return what comes of octets in pieces, and in one."""
    outcomes = []
    for step in (size, 1_000):
        framing = CallerFraming()
        events, error = [], None
        for at in range(0, len(octets), step):
            try:
                framing.receive_data(octets[at : at + step], 0.0)
            except (NotWrapper, LimitExceeded) as caught:
                error = type(caught)
            events += events_of(framing)
            if error:
                break
        outcomes.append((events, error))
    return outcomes


def test_m12_a_greeting_that_looks_like_the_wrapper_is_skipped_once_in_any_segments():
    for size in range(1, 30):
        in_pieces, in_one = outcomes_of(bytes.fromhex("000100010001") + WPDU * 2, size)
        assert in_pieces == in_one == ([PUSH, PUSH], None)


def test_m12_what_is_neither_a_wpdu_nor_the_greeting_is_an_error_in_any_segments():
    for size in range(1, 8):
        in_pieces, in_one = outcomes_of(b"#1\r\n" + WPDU[:9] * 3, size)
        assert in_pieces == in_one
        assert in_one[1] is NotWrapper


@given(st.binary(max_size=300), st.integers(1, 40))
def test_m12_any_octets_give_the_same_in_any_segments(octets, size):
    in_pieces, in_one = outcomes_of(octets, size)
    assert in_pieces == in_one


@given(
    st.lists(st.sampled_from([b"#1\r\n", b"#", WPDU, WPDU[:9], b"\x00\x01", b"\x00"]), max_size=8), st.integers(1, 20)
)
def test_m12_pieces_of_greetings_and_wpdus_give_the_same_in_any_segments(pieces, size):
    in_pieces, in_one = outcomes_of(b"".join(pieces), size)
    assert in_pieces == in_one
