"""One notification over several transports is told once; what happens again is told again."""

from dataclasses import replace

import pytest

from custom_components.cosem.dlms import TransportProtocol
from custom_components.cosem.push.other_ways import OtherWays
from custom_components.cosem.push.routing import ReadNotification
from tests.push.senders import data_notification, event_code
from tests.push.test_routing import heard

UDP, TCP = TransportProtocol.UDP, TransportProtocol.TCP
TIMED = bytes.fromhex("C2010C07E50118050E303950FFC400 00010000600B00FF02 1107")
UNKNOWN_TIME = bytes.fromhex("C2010CFFFFFFFFFFFFFFFFFF8000FF 00010000600B00FF02 1107")


def over(way: TransportProtocol, apdu: bytes, *, is_own: bool = False, **more: bool) -> ReadNotification:
    each = heard(apdu, **more)
    return ReadNotification.of(replace(each, source=replace(each.source, transport=way)), is_own=is_own)


def told(*said: tuple[TransportProtocol, bytes, float]) -> list[bool]:
    ways = OtherWays()
    return [not ways.is_copy(over(way, apdu), at) for way, apdu, at in said]


@pytest.mark.parametrize("ways", [(UDP, TCP), (TCP, UDP)])
@pytest.mark.parametrize("apdu", [event_code(1), bytes.fromhex("18000102FA08010F01")])
def test_the_same_over_another_transport_is_a_copy_for_ten_seconds(ways, apdu):
    assert told((ways[0], apdu, 0.0), (ways[1], apdu, 9.9)) == [True, False]
    assert told((ways[0], apdu, 0.0), (ways[1], apdu, 10.0)) == [True, True]


@pytest.mark.parametrize("way", [UDP, TCP])
def test_the_same_over_our_own_connection_and_to_the_listener_is_one(way):
    ways = OtherWays()
    found = [ways.is_copy(over(way, event_code(1), is_own=own), 0.0) for own in (True, False, False, True, True)]
    assert found == [False, True, False, True, False]


def test_with_the_time_of_the_meter_in_it_for_ten_minutes():
    assert told((UDP, TIMED, 0.0), (TCP, TIMED, 599.0)) == [True, False]
    assert told((UDP, TIMED, 0.0), (TCP, TIMED, 600.0)) == [True, True]
    assert told((UDP, UNKNOWN_TIME, 0.0), (TCP, UNKNOWN_TIME, 10.0)) == [True, True]


def test_invoke_ids_do_not_count_because_each_destination_has_its_own():
    first, second = data_notification("1107"), bytes.fromhex("0F00000002001107")
    assert told((UDP, first, 0.0), (TCP, second, 1.0)) == [True, False]


def test_a_data_notification_with_a_time_is_known_by_it_for_ten_minutes():
    apdu = bytes.fromhex("0F40000000 0C07E1081003100005FF800000 1105")
    assert told((UDP, apdu, 0.0), (TCP, apdu, 599.0)) == [True, False]


def test_something_else_is_no_copy():
    assert told((UDP, event_code(1), 0.0), (TCP, event_code(2), 0.0)) == [True, True]
    assert told((UDP, b"\xc2", 0.0), (TCP, b"\xc2\x00", 0.0)) == [True, True]  # neither can be decoded


def test_what_happens_again_is_told_again_and_each_has_one_copy():
    on, off = event_code(1), event_code(2)
    said = [(UDP, on, 0.0), (UDP, off, 0.1), (UDP, on, 0.2), (TCP, on, 0.3), (TCP, off, 0.4), (TCP, on, 0.5)]
    assert told(*said) == [True, True, True, False, False, False]
    assert told(*said, (TCP, on, 0.6), (UDP, on, 0.7))[-2:] == [True, False]


def test_what_is_proven_is_told_even_if_it_came_unproven():
    ways = OtherWays()
    assert not ways.is_copy(over(UDP, event_code(1)), 0.0)
    assert not ways.is_copy(over(TCP, event_code(1), authenticated=True), 0.0)
    assert ways.is_copy(over(UDP, event_code(1), authenticated=True), 0.0)
    assert ways.copies == 1


def test_memory_is_bounded():
    ways = OtherWays()
    for number in range(300):
        ways.is_copy(over(UDP, data_notification(f"12{number:04X}")), 0.0)
    assert len(ways._told) == 256
    assert not ways.is_copy(over(TCP, data_notification("120000")), 0.0)
    assert ways.is_copy(over(TCP, data_notification(f"12{299:04X}")), 0.0)
