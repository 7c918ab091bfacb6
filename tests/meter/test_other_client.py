"""Another client is guessed from how the meter fails, and not from the first failure."""

import pytest

from custom_components.cosem.dlms import (
    AssociationRejected,
    ConnectFailed,
    ConnectFailure,
    ConnectionLost,
    ConnectTimeout,
    DeviceInUse,
    ExceptionReceived,
    ResponseTimeout,
)
from custom_components.cosem.meter.other_client import SHARED_FOR, OtherClient

TRANSIENT = AssociationRejected(2, 1, 1)
REFUSED = ConnectFailed(ConnectFailure.REFUSED)
BUSY = ExceptionReceived(1, 3)


@pytest.mark.parametrize("sign", [TRANSIENT, REFUSED, BUSY, ConnectionLost(), ConnectionLost(reset=True)])
def test_two_signs_in_a_row_are_another_client_and_it_is_news_once(sign: Exception):
    other = OtherClient()
    assert not other.note_failure(sign, 0, was_open=False)
    assert not other.is_there
    assert other.note_failure(sign, 60, was_open=False)
    assert other.is_there
    assert not other.note_failure(REFUSED, 120, was_open=False)
    assert other.is_there


@pytest.mark.parametrize("sign", [ConnectionLost(), BUSY])
def test_a_meter_that_had_let_us_in_serves_nobody_else(sign: Exception):
    other = OtherClient()
    for at in range(5):
        assert not other.note_failure(sign, at, was_open=True)
    assert not other.is_there
    assert not other.is_shared(5)


@pytest.mark.parametrize(
    "error",
    [
        ResponseTimeout("AARE", 10),
        ConnectTimeout(10),
        ConnectFailed(ConnectFailure.UNREACHABLE),
        DeviceInUse("another user", 10),
        AssociationRejected(1, 1, 13),
        ExceptionReceived(1, 2),
        TimeoutError(),
    ],
)
def test_what_has_another_reason_ends_the_row(error: Exception):
    other = OtherClient()
    assert not other.note_failure(REFUSED, 0, was_open=False)
    assert not other.note_failure(error, 60, was_open=False)
    assert not other.note_failure(REFUSED, 120, was_open=False)
    assert not other.is_there


def test_the_meter_is_shared_for_an_hour_after_the_last_sign():
    other = OtherClient()
    assert not other.is_shared(0)
    other.note_failure(TRANSIENT, 0, was_open=False)
    assert not other.is_shared(0)
    other.note_failure(TRANSIENT, 60, was_open=False)
    other.note_success()
    assert not other.is_there
    assert other.is_shared(59 + SHARED_FOR)
    assert not other.is_shared(60 + SHARED_FOR)


def test_it_is_no_news_again_within_that_hour_and_is_afterwards():
    other = OtherClient()
    news = []
    for at in (0, 100, 60 + SHARED_FOR * 2):
        other.note_failure(TRANSIENT, at, was_open=False)
        news.append(other.note_failure(TRANSIENT, at, was_open=False))
        other.note_success()
    assert news == [True, False, True]
