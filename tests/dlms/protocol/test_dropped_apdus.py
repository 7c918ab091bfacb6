import pytest

from custom_components.cosem.dlms.errors import (
    AuthenticationTagInvalid,
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
    dropped_apdus.stray(PAIR)
    dropped_apdus.forged(AuthenticationTagInvalid("wrong"))
    with pytest.raises(WrongAddress, match=r"1 -> 16"):
        dropped_apdus.foreign(PAIR, waiting=True)
    assert (
        dropped_apdus.counters.stray_apdus,
        dropped_apdus.counters.forged_apdus,
        dropped_apdus.counters.foreign_wports,
    ) == (1, 1, 1)


def test_f38_the_error_is_that_of_the_last_one(dropped_apdus):
    dropped_apdus.stray(PAIR)
    dropped_apdus.stray(PAIR)
    with pytest.raises(AuthenticationTagInvalid):
        dropped_apdus.forged(AuthenticationTagInvalid("wrong"))


def test_s22_a_good_one_between_forgives_the_others(dropped_apdus):
    for _ in range(5):
        dropped_apdus.stray(PAIR)
        dropped_apdus.stray(PAIR)
        dropped_apdus.good()
    assert dropped_apdus.counters.stray_apdus == 10


def test_foreign_wports_do_no_harm_while_nothing_is_unanswered(dropped_apdus):
    for _ in range(50):
        dropped_apdus.foreign(PAIR, waiting=False)
    assert dropped_apdus.counters.foreign_wports == 50


def test_what_nobody_asked_for_is_limited_for_each_request(dropped_apdus):
    for _ in range(3):
        dropped_apdus.sent()
        dropped_apdus.unsolicited(waiting=True)
        dropped_apdus.unsolicited(waiting=True)
    with pytest.raises(LimitExceeded, match="unsolicited"):
        dropped_apdus.unsolicited(waiting=True)


def test_what_nobody_asked_for_is_no_matter_while_nothing_waits(dropped_apdus):
    for _ in range(50):
        dropped_apdus.unsolicited(waiting=False)
    dropped_apdus.unsolicited(waiting=True)
    dropped_apdus.unsolicited(waiting=True)
    with pytest.raises(LimitExceeded, match="unsolicited"):
        dropped_apdus.unsolicited(waiting=True)
