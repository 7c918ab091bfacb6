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


UNKNOWN_TIME = {
    "event": bytes.fromhex("C2010CFFFFFFFFFFFFFFFFFF8000FF 00010000600100FF02 1107"),
    "data": bytes.fromhex("0F40000000 0CFFFFFFFFFFFFFFFFFF8000FF 1105"),
    "tagged": bytes.fromhex("0F40000000 090CFFFFFFFFFFFFFFFFFF8000FF 1105"),
}


@pytest.mark.parametrize("apdu", UNKNOWN_TIME.values(), ids=UNKNOWN_TIME)
def test_a_time_that_the_meter_does_not_know_tells_nothing(apdu):
    repeated = RepeatedNotifications()
    assert not repeated.is_repeated(SOURCE, apdu, 100.0)
    assert repeated.is_repeated(SOURCE, apdu, 101.9)
    assert not repeated.is_repeated(SOURCE, apdu, 102.0)


NO_MOMENT = {
    "invalid": "07EA0B1D070C1E05000000 01",
    "doubtful": "07EA0B1D070C1E05000000 02",
    "begun anew": "07D001010600000500 8000FF",
    "to the minute": "07EA0B1D070C1EFFFF8000FF",
    "a day": "07EA0B1D07FFFFFFFF8000FF",
}


@pytest.mark.parametrize("time", NO_MOMENT.values(), ids=NO_MOMENT)
@pytest.mark.parametrize("spelling", ["C2010C{}", "C201{}", "C2090C{}", "0F00000000 0C{}", "0F00000000 090C{}"])
def test_a_time_that_a_meter_may_have_twice_tells_nothing(time, spelling):
    """Without a battery the clock begins anew with each power failure, and each one is news."""
    apdu = bytes.fromhex(spelling.format(time) + "00010000600100FF02 1107")
    other = apdu[:-1] + b"\x08"
    repeated = RepeatedNotifications()
    assert [not repeated.is_repeated(SOURCE, each, 0.0) for each in (apdu, other, apdu)] == [True] * 3
    assert [not repeated.is_repeated(SOURCE, apdu, at) for at in (1.0, 60.0)] == [False, True]


def test_a_damaged_time_differs_all_the_same():
    apdu = bytes.fromhex("C2010C07EA0D1D070C1E0500000000 00010000600100FF02 1107")
    repeated = RepeatedNotifications()
    assert [not repeated.is_repeated(SOURCE, apdu, at) for at in (0.0, 60.0)] == [True, False]


def test_copies_do_not_make_the_short_time_longer():
    repeated = RepeatedNotifications()
    told = [not repeated.is_repeated(SOURCE, PLAIN["event"], float(second)) for second in range(7)]
    assert told == [True, False, True, False, True, False, True]


@pytest.mark.parametrize("apdu", PLAIN.values(), ids=PLAIN)
def test_what_comes_and_goes_fast_is_handed_on_each_time(apdu):
    repeated = RepeatedNotifications()
    others = {at: apdu[:-1] + bytes([at]) for at in range(2)}
    told = [not repeated.is_repeated(SOURCE, others[at % 2], at / 10) for at in range(6)]
    assert told == [True] * 6


def test_what_another_sender_says_meanwhile_does_not_count():
    repeated = RepeatedNotifications()
    assert not repeated.is_repeated(SOURCE, PLAIN["event"], 0.0)
    assert not repeated.is_repeated(("192.0.2.8", 1, 1), PLAIN["report"], 0.1)
    assert repeated.is_repeated(SOURCE, PLAIN["event"], 0.2)


def test_times_tell_copies_that_come_out_of_order():
    repeated = RepeatedNotifications()
    other = TIMED["event"][:-1] + b"\x08"
    told = [not repeated.is_repeated(SOURCE, apdu, 0.0) for apdu in (TIMED["event"], other, TIMED["event"], other)]
    assert told == [True, True, False, False]


def test_an_id_that_counts_tells_copies_that_come_out_of_order_or_a_little_later():
    repeated = RepeatedNotifications()
    first, second = (bytes.fromhex(f"0F400000{number:02X}001105") for number in (1, 2))
    told = [not repeated.is_repeated(SOURCE, *each) for each in ((first, 0.0), (second, 0.1), (first, 9.9))]
    assert told == [True, True, False]
    assert not repeated.is_repeated(SOURCE, first, 10.0)


def test_an_id_that_never_changes_tells_nothing():
    repeated = RepeatedNotifications()
    on, off = PLAIN["data"], PLAIN["data"][:-1] + b"\x06"
    assert [not repeated.is_repeated(SOURCE, apdu, 0.0) for apdu in (on, off, on, off)] == [True] * 4


def pushed(number, value):
    return bytes.fromhex(f"0F00{number % 2**24:06X}0011{value:02X}")


def test_an_id_for_each_list_tells_nothing():
    """One push setup has 1, another 2; an alarm is on, off and on again within seconds."""
    on, off, other = pushed(1, 1), pushed(1, 0), pushed(2, 7)
    repeated = RepeatedNotifications()
    told = [not repeated.is_repeated(SOURCE, apdu, at / 2) for at, apdu in enumerate((other, on, other, off, on))]
    assert told == [True] * 5


def test_ids_that_were_seen_to_count_for_long_tell_again():
    repeated = RepeatedNotifications()
    for number in (5, 2**24 - 9, *range(2**24 - 8, 2**24)):  # as after a start of the meter
        assert not repeated.is_repeated(SOURCE, pushed(number, 1), 0.0)
    assert not repeated.is_repeated(SOURCE, pushed(2**24, 1), 0.0)
    assert repeated.is_repeated(SOURCE, pushed(2**24 - 1, 1), 9.0)


def test_flags_beside_an_id_do_not_count_as_another_id():
    repeated = RepeatedNotifications()
    on, flagged = PLAIN["data"], bytes.fromhex("0F80000000001106")
    assert [not repeated.is_repeated(SOURCE, apdu, 0.0) for apdu in (on, flagged, on)] == [True] * 3


@pytest.mark.parametrize("apdu", PLAIN.values(), ids=PLAIN)
def test_one_tcp_connection_doubles_nothing(apdu):
    repeated = RepeatedNotifications()
    assert not repeated.is_repeated(SOURCE, apdu, 0.0, connection=50_000)
    assert not repeated.is_repeated(SOURCE, apdu, 0.1, connection=50_000)
    assert repeated.is_repeated(SOURCE, apdu, 0.2, connection=50_001)


@pytest.mark.parametrize("apdu", TIMED.values(), ids=TIMED)
def test_in_one_tcp_connection_times_tell(apdu):
    repeated = RepeatedNotifications()
    assert not repeated.is_repeated(SOURCE, apdu, 0.0, connection=50_000)
    assert repeated.is_repeated(SOURCE, apdu, 0.1, connection=50_000)


def test_in_one_tcp_connection_the_same_second_may_bring_the_same_again():
    """Lost, back and lost again within one second of the meter's clock."""
    lost = TIMED["event"]
    back = lost[:-1] + b"\x08"

    def told(*connections: int | None, apart: float = 0.1) -> list[bool]:
        repeated = RepeatedNotifications()
        turns = zip((lost, back, lost), connections, strict=True)
        return [
            not repeated.is_repeated(SOURCE, apdu, 100.0 + apart * turn, connection=each)
            for turn, (apdu, each) in enumerate(turns)
        ]

    assert told(1, 1, 1) == [True, True, True]
    assert told(None, None, None) == told(1, 1, 2) == [True, True, False]
    assert told(1, 1, 1, apart=1.0) == [True, True, False]  # the meter repeats what nobody acknowledges


def test_an_id_that_counts_tells_copies_also_in_one_tcp_connection():
    first, second = (bytes.fromhex(f"0F0000000{each} 0C07E1081003100005FF800000 1105") for each in (1, 2))
    repeated = RepeatedNotifications()
    taken = [not repeated.is_repeated(SOURCE, apdu, 100.0, connection=1) for apdu in (first, second, first)]
    assert taken == [True, True, False]


def test_senders_are_remembered_within_bounds():
    repeated = RepeatedNotifications()
    for number in range(3000):
        repeated.is_repeated((f"192.0.2.{number}", 1, 1), PLAIN["event"], 0.0)
    assert len(repeated._senders) == 1024


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
