"""What a meter refuses: three times in associations of their own, and then for a day."""

from custom_components.cosem.dlms import AttributeDescriptor, LogicalName
from custom_components.cosem.meter.refusals import ASKED_AGAIN_AFTER, LASTING_AFTER, Refusals

VALUE = AttributeDescriptor(3, LogicalName.parse("1.0.1.8.0.255"), 2)
OTHER = VALUE._replace(attribute_index=3)


def refused(times: int, *, at: float = 0.0) -> Refusals:
    refusals = Refusals()
    for number in range(times):
        refusals.note(VALUE, "object-undefined", number, at)
    return refusals


def test_a_day_and_three_associations():
    assert (LASTING_AFTER, ASKED_AGAIN_AFTER) == (3, 24 * 60 * 60)


def test_the_third_makes_it_last_and_tells_so_once():
    refusals = Refusals()
    told = [refusals.note(VALUE, "object-undefined", number, 0.0) for number in range(5)]
    assert told == [False, False, True, False, False]
    assert refusals.is_lasting(VALUE)
    assert not refusals.is_lasting(OTHER)
    assert not refusals.is_lasting(None)


def test_one_association_counts_once():
    refusals, association = Refusals(), object()
    assert not any(refusals.note(VALUE, "object-undefined", association, 0.0) for _ in range(9))
    assert not refusals.is_lasting(VALUE)


def test_another_association_counts_once_as_well():
    refusals = refused(1)
    assert not any(refusals.note(VALUE, "object-undefined", "another", 0.0) for _ in range(9))
    assert not refusals.is_lasting(VALUE)


def test_what_lasts_rests_for_a_day_from_the_last_refusal():
    refusals = refused(2)
    assert not refusals.is_resting(VALUE, 0.0)
    refusals = refused(3, at=1_000.0)
    assert refusals.is_resting(VALUE, 1_000.0)
    assert refusals.is_resting(VALUE, 999.0 + ASKED_AGAIN_AFTER)
    assert not refusals.is_resting(VALUE, 1_000.0 + ASKED_AGAIN_AFTER)
    assert not refusals.is_resting(OTHER, 1_000.0)
    refusals.note(VALUE, "object-undefined", "another", 1_000.0 + ASKED_AGAIN_AFTER)
    assert refusals.is_resting(VALUE, 1_001.0 + ASKED_AGAIN_AFTER)
    assert refusals.is_lasting(VALUE)


def test_the_last_reason_is_told():
    refusals = refused(2)
    assert refusals.lasting() == {}
    refusals.note(VALUE, "read-write-denied", "another", 0.0)
    assert refusals.lasting() == {VALUE: "read-write-denied"}


def test_an_answer_ends_it():
    refusals = refused(3)
    refusals.forget(VALUE)
    refusals.forget(OTHER)
    assert not refusals.is_lasting(VALUE)
    assert not refusals.note(VALUE, "object-undefined", "another", 0.0)


def test_what_was_refused_the_last_time_is_suspect():
    refusals = refused(1)
    assert refusals.is_suspect(VALUE)
    assert not refusals.is_suspect(OTHER)
    refusals.forget(VALUE)
    assert not refusals.is_suspect(VALUE)
