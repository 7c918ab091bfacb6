"""What a person is told of the polls: when the last one succeeded, and why there is none now."""

import logging

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.update_coordinator import UpdateFailed
from homeassistant.util import dt as dt_util
import pytest

from custom_components.cosem.const import DOMAIN
from custom_components.cosem.meter.poll_record import (
    NO_PROBLEM,
    NOT_CALLED,
    OTHER_CLIENT,
    OTHER_PROBLEM,
    PROBLEMS,
    PollRecord,
)


def failure(key: str | None) -> HomeAssistantError:
    return UpdateFailed(translation_domain=DOMAIN, translation_key=key) if key else HomeAssistantError("a bug")


def test_the_time_of_the_last_good_poll_stays_while_others_fail(freezer: FrozenDateTimeFactory):
    record = PollRecord("Meter")
    assert (record.read_at, record.problem) == (None, None)
    record.note_success()
    at = dt_util.utcnow()
    assert (record.read_at, record.problem) == (at, NO_PROBLEM)
    freezer.tick(60)
    record.note_failure(failure("no_answer"))
    assert (record.read_at, record.problem) == (at, "no_answer")
    record.note_problem(NOT_CALLED)
    assert (record.read_at, record.problem) == (at, "not_called")
    record.note_success()
    assert (record.read_at, record.problem) == (dt_util.utcnow(), NO_PROBLEM)


def test_another_client_counts_for_more_than_how_it_shows():
    record = PollRecord("Meter")
    record.note_failure(failure("cannot_connect"), is_other_client=True)
    assert record.problem == OTHER_CLIENT


@pytest.mark.parametrize("key", [None, "entry_ended"])
def test_what_has_no_name_is_another_reason(key: str | None):
    record = PollRecord("Meter")
    record.note_failure(failure(key))
    assert record.problem == OTHER_PROBLEM
    assert OTHER_PROBLEM in PROBLEMS


def test_who_follows_is_told_of_each_poll_until_it_leaves():
    record = PollRecord("Meter")
    told: list[str | None] = []
    leave = record.follow(lambda: told.append(record.problem))
    record.note_success()
    record.note_failure(failure("no_answer"))
    record.note_problem(NOT_CALLED)
    leave()
    record.note_success()
    assert told == ["ok", "no_answer", "not_called"]


async def test_each_further_reason_is_logged_once_until_a_good_poll(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture
):
    record = PollRecord("Meter")
    for key in ("no_answer", "meter_busy", "no_answer", "meter_busy"):
        record.note_failure(failure(key))
    lines = [line.getMessage() for line in caplog.records if line.levelno == logging.WARNING]
    assert len(lines) == 1
    assert lines[0].startswith("Meter: still no values, now for another reason: ")
    record.note_success()
    record.note_failure(failure("meter_busy"))
    record.note_failure(failure("no_answer"))
    assert len([line for line in caplog.records if line.levelno == logging.WARNING]) == 2
