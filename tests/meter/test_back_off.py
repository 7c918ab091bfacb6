"""Patience after failures: pauses that grow, stay bounded, and differ a little."""

from collections.abc import Iterator
from unittest.mock import patch

import pytest

from custom_components.cosem.meter.back_off import BackOff


@pytest.fixture
def no_jitter() -> Iterator[None]:
    with patch("custom_components.cosem.meter.back_off.random.uniform", return_value=1.0):
        yield


def running(interval: float = 60) -> BackOff:
    """The pauses of an entry that was set up."""
    back_off = BackOff(interval)
    back_off.note_success()
    return back_off


def test_during_the_first_set_up_home_assistant_decides(no_jitter: None):
    back_off = BackOff(60)
    assert back_off.pause_after_failure(None) is None
    assert back_off.pause_after_failure(30) == 30
    assert back_off.pause_after_failure(None) is None


def test_pauses_grow_and_begin_anew_after_a_good_poll(no_jitter: None):
    back_off = running()
    assert [back_off.pause_after_failure(None) for _ in range(5)] == [
        pytest.approx(pause) for pause in (60, 108, 194.4, 300, 300)
    ]
    back_off.note_success()
    assert back_off.pause_after_failure(None) == 60


def test_failure_with_a_pause_of_its_own_counts_as_well(no_jitter: None):
    back_off = running()
    assert back_off.pause_after_failure(30) == 30
    assert back_off.pause_after_failure(None) == pytest.approx(108)


def test_endless_failure_stays_at_five_minutes(no_jitter: None):
    back_off = running()
    pauses = [back_off.pause_after_failure(None) for _ in range(5000)]
    assert set(pauses[3:]) == {300}


def test_pauses_vary_by_a_tenth():
    pauses = {running().pause_after_failure(None) for _ in range(200)}
    assert len(pauses) > 100
    assert all(pause is not None and 54 <= pause <= 66 for pause in pauses)
    asked_for = {running().pause_after_failure(30) for _ in range(200)}
    assert len(asked_for) > 100
    assert all(pause is not None and 27 <= pause <= 30 for pause in asked_for)


def test_another_client_gets_a_minute_at_least_and_more_each_time(no_jitter: None):
    back_off = running(10)
    assert back_off.pause_after_failure(None, is_held=False) == 10
    pauses = [back_off.pause_after_failure(30, is_held=True) for _ in range(4)]
    assert pauses == [pytest.approx(pause) for pause in (108, 194.4, 300, 300)]
    back_off.note_success()
    assert back_off.pause_after_failure(None, is_held=True) == 60


def test_another_client_never_makes_us_ask_more_often_than_the_interval(no_jitter: None):
    back_off = running(3600)
    assert [back_off.pause_after_failure(None, is_held=True) for _ in range(3)] == [3600] * 3


def test_another_client_has_room_during_the_first_set_up_too(no_jitter: None):
    back_off = BackOff(60)
    assert [back_off.pause_after_failure(None, is_held=True) for _ in range(2)] == [60, 60]


def test_the_room_for_another_client_varies_and_never_gets_too_small():
    pauses = {running().pause_after_failure(None, is_held=True) for _ in range(200)}
    assert len(pauses) > 100
    assert all(pause is not None and 60 <= pause <= 66 for pause in pauses)
