"""The place up to which a log was told is found again by its last entries, whatever clock and ring do."""

from datetime import timedelta, timezone
import json

import pytest

from custom_components.cosem.push.log_mark import TAIL, LogEntry, LogMark

from .logs import START, at, entry, without_clock

LOG = [at(hour) for hour in range(40)]


def mark(entries: list[LogEntry], in_use: int | None = None) -> LogMark:
    return LogMark().behind(entries, in_use)


@pytest.mark.parametrize("known", [1, 5, TAIL, 30])
@pytest.mark.parametrize("new", [0, 1, 9])
def test_what_is_behind_the_last_entry_is_new(known: int, new: int):
    log = LOG[: known + new]
    assert mark(LOG[:known], known).new_of(log, new) == LOG[known : known + new]


def test_behind_an_empty_log_everything_is_new():
    assert mark([], 0).new_of(LOG, 40) == LOG


def test_a_window_may_begin_within_the_last_entries():
    assert mark(LOG[:30]).new_of(LOG[25:], None) == LOG[30:]


def test_two_entries_of_one_second_are_two():
    assert mark([at(1, 40)]).new_of([at(1, 40), at(1, 40), at(1, 42)], 2) == [at(1, 40), at(1, 42)]


def test_a_clock_that_was_set_back_hides_nothing():
    back = [at(10, 4), at(3, 5), at(4, 1)]
    assert mark([at(9)]).new_of([at(8), at(9), *back], None) == back


def test_a_clock_that_was_set_forward_hides_nothing():
    known = [at(1), at(1000)]
    assert mark(known).new_of([*known, at(2), at(3)], None) == [at(2), at(3)]


def test_the_number_of_entries_decides_between_places_that_look_alike():
    known = [without_clock(1)] * 3
    assert len(mark(known, 3).new_of([without_clock(1)] * 5, 2) or ()) == 2
    assert mark(known, 3).new_of([without_clock(1)] * 5, None) == []


def test_a_place_that_is_gone_is_not_found():
    assert mark(LOG[:5]).new_of(LOG[5:], None) is None


def test_without_a_place_what_is_later_is_new():
    assert mark(LOG[:5]).new_without_place(LOG[3:9], is_cleared=False) == LOG[5:9]
    assert mark(LOG[:5]).new_without_place(LOG[:3], is_cleared=False) == []


def test_after_a_log_was_cleared_everything_is_new():
    assert mark(LOG[5:9]).new_without_place(LOG[:2], is_cleared=True) == LOG[:2]


def test_without_times_and_place_everything_is_new():
    assert mark([without_clock(1)]).new_without_place([without_clock(2)], is_cleared=False) == [without_clock(2)]
    unknown = entry(b"\xff" * 12, 3)
    assert mark([at(9)]).new_without_place([at(8), unknown], is_cleared=False) == [unknown]


def test_another_time_policy_changes_no_entry():
    there = timezone(timedelta(hours=1))
    local = START.replace(tzinfo=there)
    assert entry(START, 1).fingerprint == entry(local, 1).fingerprint
    assert entry(START, 1).fingerprint != entry(START, 2).fingerprint
    assert entry(local, 1).time == START - timedelta(hours=1)


def test_an_entry_without_a_time_has_none():
    assert without_clock(1).time is None
    assert entry(b"\xff" * 12, 1).time is None


@pytest.mark.parametrize("known", [LogMark(), mark(LOG, 40), LogMark(lost=True, counts=True, newest_first=True)])
def test_a_mark_outlives_a_restart(known: LogMark):
    assert LogMark.from_record(json.loads(json.dumps(known.to_record()))) == known
