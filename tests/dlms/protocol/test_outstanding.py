"""The request that is unanswered. The whole way is in test_association_state.py."""

import pytest

from custom_components.cosem.dlms.errors import DecodeError, ExceptionReceived
from custom_components.cosem.dlms.limits import DEFAULT_LIMITS
from custom_components.cosem.dlms.protocol.outstanding import INVOKE_IDS, Outstanding
from custom_components.cosem.dlms.protocol.transfer import Complete
from custom_components.cosem.dlms.protocol.transfer.get import GetList, GetOne
from tests.dlms.scripted import CLOCK, unsigned, value

ROOM = 65_535


@pytest.fixture
def outstanding():
    return Outstanding(DEFAULT_LIMITS)


def begun(outstanding, transfer):
    octets = outstanding.first(transfer, ROOM)
    outstanding.begin(transfer)
    return octets


def test_invoke_ids_go_round(outstanding):
    sent = [begun(outstanding, GetOne(CLOCK))[2] & 0x0F for _ in range(INVOKE_IDS + 1)]
    assert sent == [*range(1, INVOKE_IDS), 0, 1]


def test_a_request_that_was_not_sent_uses_no_invoke_id(outstanding):
    outstanding.first(GetOne(CLOCK), ROOM)
    assert outstanding.first(GetOne(CLOCK), ROOM)[2] & 0x0F == 1


def test_the_answer_reaches_its_transfer(outstanding):
    begun(outstanding, GetOne(CLOCK))
    assert outstanding.receive(value(unsigned(7))) == Complete(unsigned(7))


def test_after_its_end_an_answer_belongs_to_nothing(outstanding):
    begun(outstanding, GetOne(CLOCK))
    outstanding.end()
    assert outstanding.receive(value(unsigned(7))) is None


def test_what_is_no_answer_at_all_is_an_error_even_then(outstanding):
    with pytest.raises(DecodeError):
        outstanding.receive(b"\xc4\x01")


@pytest.mark.parametrize(
    ("transfer", "error", "is_lost"),
    [
        (GetOne(CLOCK), ExceptionReceived(1, 1), True),
        (GetOne(CLOCK), ExceptionReceived(1, 3), False),
        (GetOne(CLOCK), ValueError(), False),
        (GetList([(CLOCK, None)]), ExceptionReceived(1, 1), False),
    ],
)
def test_only_a_transfer_that_takes_it_so_is_lost_by_an_unknown_association(outstanding, transfer, error, is_lost):
    begun(outstanding, transfer)
    assert outstanding.is_lost_by(error) is is_lost


def test_without_a_transfer_nothing_is_lost(outstanding):
    assert not outstanding.is_lost_by(ExceptionReceived(1, 1))
