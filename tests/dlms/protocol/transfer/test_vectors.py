"""Responses of the vectors as answers to requests: each is the result that it says, or ends in an error of ours."""

import pytest

from custom_components.cosem.dlms.apdu import decode_apdu
from custom_components.cosem.dlms.apdu.access import AccessResponse
from custom_components.cosem.dlms.apdu.common import InvokeIdAndPriority
from custom_components.cosem.dlms.encoding.data import NULL
from custom_components.cosem.dlms.limits import DEFAULT_LIMITS
from custom_components.cosem.dlms.protocol.transfer import Complete, Continues, Failed
from custom_components.cosem.dlms.protocol.transfer.access import Access, to_execute, to_get, to_set
from custom_components.cosem.dlms.protocol.transfer.action import ActionOne
from custom_components.cosem.dlms.protocol.transfer.set import SetOne
from tests.dlms.scripted import CLOCK
from tests.vector_tools import Vector, vectors

from .test_access import METHOD

ITEMS = {"get": to_get(CLOCK), "set": to_set(CLOCK, NULL), "action": to_execute(METHOD)}


def answers(name: str, tag: int) -> list[Vector]:
    return [vector for vector in vectors(name) if vector.octets[0] == tag]


@pytest.mark.parametrize("vector", answers("access", 0xDA), ids=lambda vector: vector.name)
def test_an_access_response_has_an_outcome_for_each_item(vector: Vector):
    response = decode_apdu(vector.octets)
    assert isinstance(response, AccessResponse)
    transfer = Access([ITEMS[result["kind"]] for result in vector.expect["results"]])
    transfer.number = response.long_invoke.invoke_id
    transfer.first(InvokeIdAndPriority(1), DEFAULT_LIMITS, 1000)
    assert isinstance(transfer.receive(vector.octets), Complete)
    outcomes = transfer.decode(vector.octets, DEFAULT_LIMITS)
    assert outcomes == [None if data == NULL else data for data in response.data]


@pytest.mark.parametrize("vector", answers("set", 0xC5), ids=lambda vector: vector.name)
def test_a_set_response_is_its_result_and_never_a_wrong_success(vector: Vector):
    transfer = SetOne(CLOCK, NULL)
    transfer.first(InvokeIdAndPriority.from_raw(vector.octets[2]), DEFAULT_LIMITS, 1000)
    outcome = transfer.receive(vector.octets)
    results = [vector.expect["result"]] if "result" in vector.expect else vector.expect.get("results")
    if results is None:
        assert outcome is None  # a demand for a block, and none is left
    else:
        assert isinstance(outcome, Complete if not any(results) else Failed)


@pytest.mark.parametrize("vector", answers("action", 0xC7), ids=lambda vector: vector.name)
def test_an_action_response_is_taken_or_belongs_elsewhere(vector: Vector):
    transfer = ActionOne(METHOD)
    transfer.first(InvokeIdAndPriority.from_raw(vector.octets[2]), DEFAULT_LIMITS, 1000)
    outcome = transfer.receive(vector.octets)
    assert isinstance(outcome, Complete | Continues | Failed) or vector.octets[1] in {3, 4}
