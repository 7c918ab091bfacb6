from dataclasses import asdict

import pytest

from custom_components.cosem.dlms.errors import (
    AuthenticationTagInvalid,
    EchoReceived,
    InvocationCounterReplayed,
    LimitExceeded,
    WrongAddress,
)
from custom_components.cosem.dlms.limits import Limits
from custom_components.cosem.dlms.protocol.dropped_apdus import DroppedApduLimits
from custom_components.cosem.dlms.protocol.proposal import WportPair

PAIR = WportPair(16, 1)


@pytest.fixture
def dropped_apdus():
    return DroppedApduLimits(Limits(dropped_apdus=3, unsolicited_apdus=2))


def test_s22_three_in_a_row_of_any_kind_are_enough(dropped_apdus):
    dropped_apdus.stray(PAIR, waiting=True)
    dropped_apdus.forged(AuthenticationTagInvalid("wrong"))
    with pytest.raises(WrongAddress, match="from wPort 1 to 16, not from 2 to 16"):
        dropped_apdus.foreign(PAIR, WportPair(16, 2))
    assert (
        dropped_apdus.counters.stray_apdus,
        dropped_apdus.counters.forged_apdus,
        dropped_apdus.counters.foreign_wports,
    ) == (1, 1, 1)


def test_f38_the_error_is_that_of_the_last_one(dropped_apdus):
    dropped_apdus.stray(PAIR, waiting=True)
    dropped_apdus.stray(PAIR, waiting=True)
    with pytest.raises(AuthenticationTagInvalid):
        dropped_apdus.forged(AuthenticationTagInvalid("wrong"))


def test_s22_a_good_one_between_forgives_the_others(dropped_apdus):
    for _ in range(5):
        dropped_apdus.stray(PAIR, waiting=True)
        dropped_apdus.stray(PAIR, waiting=True)
        dropped_apdus.good()
    assert dropped_apdus.counters.stray_apdus == 10


REPLAYED = InvocationCounterReplayed("invocation counter 1")
COPIES = {
    "stray": lambda dropped, waiting: dropped.stray(PAIR, waiting=waiting),
    "outdated": lambda dropped, waiting: dropped.outdated(REPLAYED, waiting=waiting),
    "copy": lambda dropped, waiting: dropped.copy(waiting=waiting),
}


@pytest.mark.parametrize("take", COPIES.values(), ids=COPIES)
def test_f20_what_may_be_a_copy_is_no_strike_among_datagrams(take):
    dropped_apdus = DroppedApduLimits(Limits(dropped_apdus=3, unsolicited_apdus=4), flood_is_fatal=False)
    for _ in range(5):
        dropped_apdus.sent()
        for _ in range(4):
            take(dropped_apdus, True)
    with pytest.raises(LimitExceeded, match="unsolicited APDUs while a request waits"):
        take(dropped_apdus, True)
    for _ in range(1_000):  # nothing that waits is held up
        take(dropped_apdus, False)


def test_f39_over_a_stream_nothing_comes_twice(dropped_apdus):
    dropped_apdus.outdated(REPLAYED, waiting=True)
    dropped_apdus.outdated(REPLAYED, waiting=False)
    with pytest.raises(InvocationCounterReplayed):
        dropped_apdus.outdated(REPLAYED, waiting=True)
    assert dropped_apdus.counters.forged_apdus == 3


def test_trial_08_an_answer_from_other_wports_is_remembered_until_something_is_sent(dropped_apdus):
    assert dropped_apdus.misaddressed is None
    dropped_apdus.foreign(WportPair(1, 16), WportPair(16, 1))
    assert str(dropped_apdus.misaddressed) == "the meter answers from wPort 16 to 1, not from 1 to 16"
    dropped_apdus.sent()
    assert dropped_apdus.misaddressed is None
    dropped_apdus.foreign(WportPair(1, 16), None)
    assert dropped_apdus.misaddressed is None


def test_a_request_that_comes_back_is_an_echo(dropped_apdus):
    dropped_apdus.foreign(WportPair(1, 16), WportPair(16, 1), is_request=True)
    assert isinstance(dropped_apdus.misaddressed, EchoReceived)
    assert str(dropped_apdus.misaddressed) == "this sends back what it gets (an echo)"
    assert dropped_apdus.misaddressed.asked == (16, 1)


def test_foreign_wports_do_no_harm_while_nothing_is_unanswered(dropped_apdus):
    for _ in range(50):
        dropped_apdus.foreign(PAIR, None)
    assert dropped_apdus.counters.foreign_wports == 50


def test_what_nobody_asked_for_is_limited_for_each_request(dropped_apdus):
    for _ in range(3):
        dropped_apdus.sent()
        dropped_apdus.notification(waiting=True)
        dropped_apdus.notification(waiting=True)
    with pytest.raises(LimitExceeded, match="unsolicited"):
        dropped_apdus.notification(waiting=True)


NOBODY_ASKED = {
    "foreign": lambda dropped: dropped.foreign(PAIR, None),
    "notification": lambda dropped: dropped.notification(waiting=False),
    "unreadable": lambda dropped: dropped.unreadable(waiting=False),
    "refused block": lambda dropped: dropped.refused_block(waiting=False),
    "empty": lambda dropped: dropped.empty(waiting=False),
}


@pytest.mark.parametrize("take", NOBODY_ASKED.values(), ids=NOBODY_ASKED)
def test_trial_23_f43_a_flood_while_nothing_waits_is_too_much(take):
    dropped_apdus = DroppedApduLimits(Limits(unsolicited_burst=5, unsolicited_per_second=2))
    for _ in range(5):
        take(dropped_apdus)
    with pytest.raises(LimitExceeded, match="more than 5 unsolicited APDUs in a short time"):
        take(dropped_apdus)
    dropped_apdus.time_is(0.4)
    with pytest.raises(LimitExceeded):
        take(dropped_apdus)
    dropped_apdus.time_is(0.9)  # two a second come back
    take(dropped_apdus)
    with pytest.raises(LimitExceeded):
        take(dropped_apdus)


@pytest.mark.parametrize("take", NOBODY_ASKED.values(), ids=NOBODY_ASKED)
@pytest.mark.parametrize("start", [0.0, 1e6], ids=["young clock", "old clock"])
def test_trial_23_a_meter_that_pushes_all_the_time_is_never_too_much(take, start):
    dropped_apdus = DroppedApduLimits(Limits())
    for number in range(50_000):
        dropped_apdus.time_is(start + number / 10)
        take(dropped_apdus)
    for number in range(50_000):
        dropped_apdus.time_is(start + 5_000 + number * 60)
        take(dropped_apdus)
    for _ in range(99):  # it saved no more than the burst
        take(dropped_apdus)
    with pytest.raises(LimitExceeded):
        take(dropped_apdus)


@pytest.mark.parametrize("take", NOBODY_ASKED.values(), ids=NOBODY_ASKED)
def test_trial_23_datagrams_of_anybody_do_not_end_anything(take):
    dropped_apdus = DroppedApduLimits(Limits(unsolicited_burst=5), flood_is_fatal=False)
    for _ in range(1_000):
        take(dropped_apdus)
    assert sum(asdict(dropped_apdus.counters).values()) == 1_000


def test_signs_of_life_do_no_harm_while_something_waits(dropped_apdus):
    for _ in range(1_000):
        dropped_apdus.empty(waiting=True)
    assert dropped_apdus.counters.empty_messages == 1_000


def test_what_nobody_asked_for_is_counted_otherwise_while_nothing_waits(dropped_apdus):
    for _ in range(50):
        dropped_apdus.notification(waiting=False)
    dropped_apdus.notification(waiting=True)
    dropped_apdus.notification(waiting=True)
    with pytest.raises(LimitExceeded, match="unsolicited"):
        dropped_apdus.notification(waiting=True)
