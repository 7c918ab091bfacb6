"""What a meter sent is recognised in its log: by code and time, once for each."""

from datetime import UTC, datetime, timedelta

import pytest

from custom_components.cosem.push.already_told import AlreadyTold, is_event_code
from custom_components.cosem.push.meter_event import MeterEvent

CODES = "0.0.96.11.0.255"
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def sent(code: int | None = 1, time: str | None = None, name: str | None = CODES) -> MeterEvent:
    return MeterEvent(
        entry_id="1",
        device_id=None,
        kind="event_notification",
        event_type="other",
        code=code,
        logical_name=name,
        time=time,
    )


def told(*events: MeterEvent) -> AlreadyTold:
    found = AlreadyTold()
    for event in events:
        found.note(event, NOW)
    return found


@pytest.mark.parametrize("hours", [-24 * 365, 0, 3])
def test_what_came_without_its_time_is_recognised_however_wrong_the_clock_of_the_meter_is(hours: int):
    assert told(sent()).take(CODES, 1, NOW + timedelta(hours=hours), NOW - timedelta(minutes=15))


def test_an_entry_without_a_time_is_what_was_sent_since_the_log_was_read_before():
    known = told(sent(time="2026-11-28T09:00:00+00:00"))
    assert not known.take(CODES, 1, None, NOW + timedelta(seconds=61))
    assert known.take(CODES, 1, None, NOW + timedelta(seconds=60))


def test_what_came_without_its_time_before_the_log_was_read_is_not_in_what_is_new():
    known = told(sent())
    assert not known.take(CODES, 1, NOW, NOW + timedelta(seconds=61))
    assert known.take(CODES, 1, NOW, NOW + timedelta(seconds=60))  # it may be logged a little later


def test_after_a_restart_everything_that_is_remembered_may_be_in_the_log():
    known = told(sent())
    known.forget_before(NOW + timedelta(seconds=60))
    assert known.take(CODES, 1, NOW + timedelta(hours=3))


def test_what_no_log_will_show_any_more_is_forgotten():
    known = told(sent(), sent(2, time="2026-11-28T09:00:00+00:00"))
    known.forget_before(NOW + timedelta(seconds=61))
    assert not known.take(CODES, 1, NOW)
    assert known.take(CODES, 2, NOW - timedelta(hours=3))  # its time tells


def test_what_was_sent_once_stands_for_one_entry_also_without_a_time():
    known = told(sent())
    assert known.take(CODES, 1, None)
    assert not known.take(CODES, 1, None)


@pytest.mark.parametrize("time", ["2026-11-28T09:00:00+00:00", "2026-11-28T11:00:00.500+02:00"])
def test_what_came_with_its_time_is_recognised_at_that_time(time: str):
    assert told(sent(time=time)).take(CODES, 1, NOW - timedelta(hours=3))
    assert not told(sent(time=time)).take(CODES, 1, NOW)


@pytest.mark.parametrize("time", ["nonsense", "2026-11-28T09:00:00"])
def test_a_time_that_is_no_point_in_time_does_not_count(time: str):
    assert told(sent(time=time)).take(CODES, 1, NOW)


def test_another_code_or_object_or_time_is_another_event():
    known = told(sent(time=NOW.isoformat()))
    assert not known.take(CODES, 2, NOW)
    assert not known.take("0.0.96.11.1.255", 1, NOW)
    assert not known.take(CODES, 1, NOW + timedelta(seconds=61))


def test_each_one_that_was_sent_stands_for_one_entry_the_nearest_first():
    later = "2026-11-28T12:00:40+00:00"
    known = told(sent(), sent(time=later))
    assert known.take(CODES, 1, NOW + timedelta(seconds=30))
    assert known.take(CODES, 1, NOW - timedelta(seconds=30))
    assert not known.take(CODES, 1, NOW)


@pytest.mark.parametrize("event", [sent(code=None), sent(name=None), sent(name="0.0.97.98.0.255")])
def test_only_event_codes_are_noted(event: MeterEvent):
    assert told(event).to_record() == []


def test_it_is_known_after_a_restart():
    known = AlreadyTold()
    known.note(sent(2), NOW)
    known.remember(AlreadyTold.from_record(told(sent()).to_record()))
    assert known.take(CODES, 1, NOW)
    assert known.take(CODES, 2, NOW)


def test_it_has_a_limit():
    assert len(told(*[sent(code) for code in range(300)]).to_record()) == 256


@pytest.mark.parametrize(("name", "is_one"), [(CODES, True), ("0.1.96.11.9.255", True), ("0.0.96.12.0.255", False)])
def test_event_codes_are_told_by_their_name(name: str, is_one: bool):
    assert is_event_code(name) is is_one


def test_what_is_no_name_is_no_event_code():
    assert not is_event_code("event")
