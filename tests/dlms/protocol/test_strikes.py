import pytest

from custom_components.cosem.dlms.errors import (
    AuthenticationTagInvalid,
    LimitExceeded,
    WrongAddress,
)
from custom_components.cosem.dlms.limits import Limits
from custom_components.cosem.dlms.protocol.proposal import WportPair
from custom_components.cosem.dlms.protocol.strikes import Strikes

PAIR = WportPair(16, 1)


@pytest.fixture
def strikes():
    return Strikes(Limits(strikes=3, unsolicited_apdus=2))


def test_s22_three_in_a_row_of_any_kind_are_enough(strikes):
    strikes.stray(PAIR)
    strikes.forged(AuthenticationTagInvalid("wrong"))
    with pytest.raises(WrongAddress, match=r"1 -> 16"):
        strikes.foreign(PAIR, waiting=True)
    assert (strikes.counters.stray_apdus, strikes.counters.forged_apdus, strikes.counters.foreign_wports) == (1, 1, 1)


def test_f38_the_error_is_that_of_the_last_one(strikes):
    strikes.stray(PAIR)
    strikes.stray(PAIR)
    with pytest.raises(AuthenticationTagInvalid):
        strikes.forged(AuthenticationTagInvalid("wrong"))


def test_s22_a_good_one_between_forgives_the_others(strikes):
    for _ in range(5):
        strikes.stray(PAIR)
        strikes.stray(PAIR)
        strikes.good()
    assert strikes.counters.stray_apdus == 10


def test_foreign_wports_do_no_harm_while_nothing_is_unanswered(strikes):
    for _ in range(50):
        strikes.foreign(PAIR, waiting=False)
    assert strikes.counters.foreign_wports == 50


def test_what_nobody_asked_for_is_limited_for_each_request(strikes):
    for _ in range(3):
        strikes.sent()
        strikes.unsolicited(waiting=True)
        strikes.unsolicited(waiting=True)
    with pytest.raises(LimitExceeded, match="unsolicited"):
        strikes.unsolicited(waiting=True)


def test_what_nobody_asked_for_is_no_matter_while_nothing_waits(strikes):
    for _ in range(50):
        strikes.unsolicited(waiting=False)
    strikes.unsolicited(waiting=True)
    strikes.unsolicited(waiting=True)
    with pytest.raises(LimitExceeded, match="unsolicited"):
        strikes.unsolicited(waiting=True)
