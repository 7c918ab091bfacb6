"""Plain notifications that came before."""

import pytest

from custom_components.cosem.dlms.protocol.repeated_notifications import RepeatedNotifications

SOURCE = ("192.0.2.7", 1, 1)
PLAIN = {
    "event": bytes.fromhex("C200 00010000600100FF02 1107"),
    "data": bytes.fromhex("0F40000000 00 1105"),
    "report": bytes.fromhex("18000102FA08010F01"),
}
TIMED = {
    "event": bytes.fromhex("C2010C07E50118050E303950FFC400 00010000600100FF02 1107"),
    "data": bytes.fromhex("0F40000000 0C07E1081003100005FF800000 1105"),
}


@pytest.mark.parametrize("apdu", PLAIN.values(), ids=PLAIN)
def test_equal_octets_are_one_notification_for_a_short_time(apdu):
    repeated = RepeatedNotifications()
    assert not repeated.is_repeated(SOURCE, apdu, 100.0)
    assert repeated.is_repeated(SOURCE, apdu, 101.9)
    assert not repeated.is_repeated(SOURCE, apdu, 103.9)


@pytest.mark.parametrize("apdu", TIMED.values(), ids=TIMED)
def test_with_the_time_of_the_meter_in_it_for_ten_minutes(apdu):
    repeated = RepeatedNotifications()
    assert not repeated.is_repeated(SOURCE, apdu, 100.0)
    assert repeated.is_repeated(SOURCE, apdu, 699.0)
    assert not repeated.is_repeated(SOURCE, apdu, 1299.0)


def test_another_source_or_value_is_something_else():
    repeated = RepeatedNotifications()
    assert not repeated.is_repeated(SOURCE, PLAIN["event"], 0.0)
    assert not repeated.is_repeated(("192.0.2.8", 1, 1), PLAIN["event"], 0.0)
    assert not repeated.is_repeated(("192.0.2.7", 1, 16), PLAIN["event"], 0.0)
    assert not repeated.is_repeated(SOURCE, PLAIN["event"][:-1] + b"\x08", 0.0)


def test_memory_is_bounded():
    repeated = RepeatedNotifications()
    for number in range(3000):
        assert not repeated.is_repeated(SOURCE, PLAIN["event"] + number.to_bytes(4, "big"), 0.0)
    assert len(repeated._seen) == 1024
    assert repeated.is_repeated(SOURCE, PLAIN["event"] + (2999).to_bytes(4, "big"), 0.0)


def test_long_ones_are_remembered_within_bounds():
    repeated = RepeatedNotifications()
    for number in range(40):
        assert not repeated.is_repeated(SOURCE, b"\xc2\x00" + bytes([number]) * 60_000, 0.0)
    assert repeated.is_repeated(SOURCE, b"\xc2\x00" + bytes([39]) * 60_000, 0.0)
    assert not repeated.is_repeated(SOURCE, b"\xc2\x00" + bytes([1]) * 60_000, 0.0)
