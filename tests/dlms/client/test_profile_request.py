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


def test_what_is_learned_is_told_apart_from_nothing_and_does_not_grow():
    ways = ProfileWays()
    assert not ways.is_learned
    for _ in range(5):
        ways.failed(ProfileWay.RANGE)
    ways.failed(ProfileWay.WHOLE)
    assert ways.is_learned
    assert ways.copy() == ProfileWays(Counter({ProfileWay.RANGE: 2, ProfileWay.WHOLE: 1}))
    ways.worked(ProfileWay.WHOLE)
    known = ways.copy()
    ways.worked(ProfileWay.RANGE)
    assert known == ProfileWays(Counter({ProfileWay.RANGE: 2}), ProfileWay.WHOLE), "a copy"
    assert ways.is_learned
    assert ways.copy() == ProfileWays(proven=ProfileWay.RANGE)
