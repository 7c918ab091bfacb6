"""What is remembered of the ways to read a profile. What can be asked is in test_profile_reading.py."""

from collections import Counter

from custom_components.cosem.dlms.client.profile_request import ProfileRequest, ProfileWay, ProfileWays
from custom_components.cosem.dlms.interface_classes.profile_generic import ProfileGenericAttribute
from tests.dlms.client.profile_source import PROFILE, START

EVERY = [*ProfileWay]


def test_one_refusal_changes_nothing():
    ways = ProfileWays()
    ways.failed(ProfileWay.RANGE)
    assert ways.in_order(EVERY) == EVERY
    ways.failed(ProfileWay.RANGE)
    assert ways.in_order(EVERY) == [ProfileWay.ENTRY, ProfileWay.WHOLE, ProfileWay.RANGE]


def test_a_way_that_has_worked_is_doubted_after_two_failures():
    ways = ProfileWays()
    ways.worked(ProfileWay.RANGE)
    ways.failed(ProfileWay.RANGE)
    assert ways.proven is ProfileWay.RANGE
    ways.failed(ProfileWay.RANGE)
    assert ways.proven is None
    ways.worked(ProfileWay.RANGE)
    assert (ways.proven, ways.failures[ProfileWay.RANGE]) == (ProfileWay.RANGE, 0)


def test_what_a_request_is():
    request = ProfileRequest(logical_name=PROFILE, since=START)
    assert request.has_times
    assert not ProfileRequest(logical_name=PROFILE).has_times
    assert str(request.attribute(ProfileGenericAttribute.BUFFER)) == "7:1.0.99.1.0.255:2"


def test_of_what_is_learned_the_failures_alone_are_for_later_and_do_not_grow():
    ways = ProfileWays()
    assert not ways.for_later().failures
    for _ in range(5):
        ways.failed(ProfileWay.RANGE)
    ways.failed(ProfileWay.WHOLE)
    assert ways.for_later() == ProfileWays(Counter({ProfileWay.RANGE: 2, ProfileWay.WHOLE: 1}))
    ways.worked(ProfileWay.WHOLE)
    known = ways.for_later()
    ways.worked(ProfileWay.RANGE)
    assert (known.failures, known.proven) == (Counter({ProfileWay.RANGE: 2}), None), "a copy"
    assert not ways.for_later().failures
