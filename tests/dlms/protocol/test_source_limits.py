"""What is taken of one source, and of all strangers together."""

from dataclasses import replace

import pytest

from custom_components.cosem.dlms.limits import DEFAULT_LIMITS
from custom_components.cosem.dlms.protocol.source_limits import SourceLimits

A, B = "192.0.2.1", "192.0.2.2"


def taken(limits, address, count, now, *, is_protected=False):
    return sum(limits.allows(address, now, is_protected=is_protected) for _ in range(count))


def test_a_source_has_a_burst_and_then_a_rate():
    limits = SourceLimits()
    assert taken(limits, A, 1000, 0.0) == 50
    assert taken(limits, A, 1000, 1.0) == 10
    assert taken(limits, A, 1000, 100.0) == 50
    assert limits.dropped == 950 + 990 + 950


def test_sources_do_not_take_from_each_other():
    limits = SourceLimits()
    taken(limits, A, 1000, 0.0)
    assert taken(limits, B, 1000, 0.0) == 50


def test_f59_all_strangers_together_have_a_bound():
    limits = SourceLimits()
    assert sum(taken(limits, f"2001:db8::{number:x}", 10, 0.0) for number in range(1000)) == 1000
    assert sum(taken(limits, f"2001:db8:1::{number:x}", 10, 1.0) for number in range(1000)) == 200


def test_f59_who_proves_itself_does_not_count_and_is_not_shut_out_by_strangers():
    limits = SourceLimits()
    assert not limits.is_trusted(A)
    for _ in range(5000):
        assert limits.allows(A, 0.0, is_protected=True)
        limits.proved(A, 0.0)
    assert limits.is_trusted(A)
    for number in range(1000):
        taken(limits, f"2001:db8::{number:x}", 10, 0.0)
    assert not limits.allows(B, 0.0, is_protected=False)
    assert taken(limits, A, 3000, 0.0) == 1000
    assert taken(limits, A, 3000, 1.0) == 200


def test_named_sources_have_more_from_the_start():
    limits = SourceLimits(trusted=[A])
    assert limits.is_trusted(A)
    assert taken(limits, A, 3000, 0.0) == 1000
    limits.trust([B])
    assert not limits.is_trusted(A)
    assert taken(limits, A, 3000, 0.0) == 50
    assert taken(limits, B, 3000, 0.0) == 1000


def test_after_failed_tags_nothing_protected_is_looked_at_for_a_minute():
    limits = SourceLimits()
    for second in range(4):
        limits.forged(A, float(second))
    assert limits.allows(A, 4.0, is_protected=True)
    limits.forged(A, 4.0)
    assert not limits.allows(A, 63.9, is_protected=True)
    assert limits.allows(A, 63.9, is_protected=False)
    assert limits.allows(B, 63.9, is_protected=True)
    assert limits.allows(A, 64.0, is_protected=True)
    limits.forged(A, 64.0)
    assert limits.allows(A, 64.0, is_protected=True)  # the count begins anew


TITLE, OTHER = b"MAKER001", b"MAKER002"


def deaf(*titles):
    """Limits of a source that was forged after it had proved titles."""
    limits = SourceLimits()
    for title in titles:
        limits.proved(A, 0.0, title)
    for _ in range(5):
        limits.forged(A, 0.0)
    return limits


def titled(limits, title, count, now, address=A):
    return sum(limits.allows(address, now, is_protected=True, title=lambda: title) for _ in range(count))


def test_who_forges_an_address_does_not_make_a_title_unheard_that_was_verified_there():
    limits = deaf(TITLE)
    assert titled(limits, TITLE, 1000, 0.0) == 50
    assert titled(limits, TITLE, 1000, 1.0) == 10
    assert titled(limits, None, 1000, 1.0) == 50  # blocks, and what carries no title
    assert limits.dropped == 950 + 990 + 950
    limits.proved(A, 1.0, TITLE)
    assert titled(limits, TITLE, 1000, 1.0) == 1  # what is verified does not count


def test_other_titles_stay_unheard_for_their_minute():
    limits = deaf(TITLE)
    assert titled(limits, OTHER, 10, 0.0) == titled(limits, b"", 10, 0.0) == 0
    assert titled(limits, TITLE, 10, 0.0, address=B) == 10  # it has failed nothing
    assert titled(limits, OTHER, 10, 60.0) == 10


def test_a_source_that_never_proved_a_title_is_unheard():
    limits = deaf()
    assert titled(limits, TITLE, 10, 0.0) == titled(limits, None, 10, 0.0) == 0


def test_a_title_that_is_expected_there_is_heard_before_it_proved_itself_again():
    """Who forges the meter's address after a restart does not hide the first event after the power failure."""
    limits = SourceLimits()
    limits.trust([A, B], {A: {TITLE}})
    for _ in range(5):
        limits.forged(A, 0.0)
        limits.forged(B, 0.0)
    assert titled(limits, TITLE, 1000, 0.0) == 50
    assert titled(limits, None, 1000, 0.0) == 50
    assert titled(limits, OTHER, 10, 0.0) == 0
    assert titled(limits, TITLE, 10, 0.0, address=B) == 0
    limits.trust([A], {A: {bytes([number]) * 8 for number in range(100)}})
    assert len(limits._source(A, 0.0).proven) <= 17


def test_an_address_of_this_network_is_trusted_whatever_adapter_it_names():
    limits = SourceLimits(trusted=["fe80::1"])
    assert limits.is_trusted("fe80::1%eth0")
    assert taken(limits, "fe80::1%eth0", 3000, 0.0) == 1000
    assert limits.is_trusted("fe80::1%eth0")


def test_plain_floods_from_a_forged_address_leave_room_for_a_title_that_was_verified_there():
    limits = SourceLimits()
    limits.proved(A, 0.0, TITLE)
    assert taken(limits, A, 3000, 0.0) == 1000
    assert titled(limits, TITLE, 100, 0.0) == 50
    assert titled(limits, OTHER, 100, 0.0) == 0
    assert not limits.allows(A, 0.0, is_protected=False, title=lambda: TITLE)


def test_the_title_is_read_only_where_it_decides():
    limits, asked = SourceLimits(), []
    limits.proved(A, 0.0, TITLE)
    assert limits.allows(A, 0.0, is_protected=True, title=lambda: asked.append(1) or TITLE)
    assert asked == []


def test_titles_of_one_source_are_remembered_within_bounds():
    limits = deaf(*(bytes([number]) * 8 for number in range(40)))
    assert len(limits._sources[A].proven) == 16
    assert titled(limits, bytes([39]) * 8, 1, 0.0) == 1
    assert titled(limits, bytes([0]) * 8, 1, 0.0) == 0
    assert titled(limits, None, 1, 0.0) == 1


def test_failed_tags_of_long_ago_do_not_count():
    limits = SourceLimits()
    for minute in range(20):
        limits.forged(A, 60.0 * minute / 4)
    assert limits.allows(A, 300.0, is_protected=True)


@pytest.mark.parametrize("trusted_first", [True, False])
def test_memory_is_bounded_and_strangers_push_out_strangers(trusted_first):
    limits = SourceLimits(replace(DEFAULT_LIMITS, listener_sources=4))
    if not trusted_first:
        limits.allows(B, 0.0, is_protected=False)
    limits.proved(A, 0.0)
    for number in range(100):
        limits.allows(f"host {number}", 0.0, is_protected=False)
        assert len(limits._sources) <= 4
    assert limits.is_trusted(A)
    for number in range(4):
        limits.proved(f"meter {number}", 0.0)
    assert len(limits._sources) == 4
    assert not limits.is_trusted(A)  # silent for longest
    assert limits.is_trusted("meter 3")
