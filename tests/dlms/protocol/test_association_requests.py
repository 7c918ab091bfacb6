"""What one association sends, with nothing that comes. The whole way is in test_association_state.py."""

from collections import deque

import pytest

from custom_components.cosem.dlms.errors import LocalProtocolError
from custom_components.cosem.dlms.limits import DEFAULT_LIMITS
from custom_components.cosem.dlms.protocol.association_requests import AssociationRequests
from custom_components.cosem.dlms.protocol.dropped_apdus import DroppedApduLimits
from custom_components.cosem.dlms.protocol.opening import Opening
from custom_components.cosem.dlms.protocol.states import State
from custom_components.cosem.dlms.protocol.transfer.get import GetOne
from tests.dlms.scripted import CLOCK, PAIR, PARAMETERS


@pytest.fixture
def sent():
    return []


@pytest.fixture
def requests(sent):
    dropped = DroppedApduLimits(DEFAULT_LIMITS)
    opening = Opening(PARAMETERS)
    return AssociationRequests(
        opening, DEFAULT_LIMITS, deque(), dropped, lambda pair, octets: sent.append((pair, octets))
    )


def test_a_proposal_is_an_aarq(requests, sent):
    requests.propose(Opening(PARAMETERS))
    ((pair, octets),) = sent
    assert (pair, octets[0]) == (PAIR, 0x60)
    assert requests.is_waiting
    assert not requests.is_open


def test_nothing_is_asked_before_it_is_open(requests, sent):
    with pytest.raises(LocalProtocolError):
        requests.request(GetOne(CLOCK))
    assert sent == []
    assert requests.state is State.IDLE


def test_after_a_silence_before_anything_was_asked_nothing_is_sent(requests, sent):
    assert not requests.try_again(is_lossy=True)
    assert sent == []
