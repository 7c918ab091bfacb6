import pytest

from custom_components.cosem.dlms.apdu.initiate import Conformance
from custom_components.cosem.dlms.client.list_sizes import LONGEST_LIST, ListSizes
from custom_components.cosem.dlms.protocol.proposal import Negotiated
from tests.dlms.scripted import GRANTED, REGISTERS


def negotiated(*, conformance=GRANTED, size=0):
    return Negotiated(
        conformance=conformance, server_max_receive_pdu_size=size, dlms_version=6, vaa_name=7, diagnostic=0
    )


WITHOUT_BLOCKS = negotiated(conformance=Conformance.MULTIPLE_REFERENCES)
MANY = REGISTERS + REGISTERS


def plan_of(sizes, agreed=None, max_receive_pdu_size=65_535):
    return sizes.plan(agreed or negotiated(), max_receive_pdu_size)


# -- sizes


def test_everything_at_once_where_it_fits():
    assert plan_of(ListSizes()).batch(REGISTERS) == len(REGISTERS)


def test_the_count_of_a_list_stays_one_octet():
    assert plan_of(ListSizes()).batch(MANY) == LONGEST_LIST == 127


def test_without_multiple_references_one_by_one():
    assert plan_of(ListSizes(), negotiated(conformance=Conformance.GET)).batch(REGISTERS) == 1


@pytest.mark.parametrize(("size", "count"), [(12, 1), (24, 2), (33, 2), (34, 3), (1024, 100)])
def test_the_request_fits_what_the_meter_accepts(size, count):
    assert plan_of(ListSizes(), negotiated(size=size)).batch(REGISTERS) == count


@pytest.mark.parametrize(
    ("agreed", "size", "count"), [(None, 12, 1), (None, 37, 1), (None, 38, 2), (None, 0, 100), (WITHOUT_BLOCKS, 102, 2)]
)
def test_the_answer_fits_what_we_accept_by_a_guess_at_first(agreed, size, count):
    assert plan_of(ListSizes(), agreed, size).batch(REGISTERS) == count


def test_the_answer_fits_what_we_accept_by_the_sizes_seen():
    sizes = ListSizes()
    plan = plan_of(sizes, WITHOUT_BLOCKS, 128)
    assert plan.batch(REGISTERS) == 2
    plan.answered([(attribute, 5) for attribute in REGISTERS])
    assert plan.batch(REGISTERS) == 20
    assert plan_of(sizes, WITHOUT_BLOCKS, 128).batch(REGISTERS) == 20


def test_a_long_value_is_read_alone():
    sizes = ListSizes()
    plan = plan_of(sizes, None, 512)
    plan.answered([(REGISTERS[0], 5), (REGISTERS[1], 5), (REGISTERS[2], 9000), (REGISTERS[3], 5)])
    assert plan.batch(REGISTERS[:4]) == 2
    assert plan.batch(REGISTERS[2:4]) == 1
    assert plan.batch(REGISTERS[3:4]) == 1


# -- refusals


def test_refused_list_is_halved_then_given_up():
    plan = plan_of(ListSizes())
    plan.refused(100)
    assert plan.batch(REGISTERS) == 50
    plan.refused(50)
    assert plan.batch(REGISTERS) == 1


def test_list_of_two_or_three_is_given_up_at_once():
    for count in (2, 3):
        plan = plan_of(ListSizes())
        plan.refused(count)
        assert plan.batch(REGISTERS) == 1


def test_meter_that_knows_no_lists_is_taken_at_its_word():
    plan = plan_of(ListSizes())
    plan.refused(100, for_good=True)
    assert plan.batch(REGISTERS) == 1


def test_what_worked_is_remembered_over_associations():
    sizes = ListSizes()
    plan = plan_of(sizes)
    plan.refused(100)
    assert sizes.list_limit is None
    plan.answered([(attribute, 5) for attribute in REGISTERS[:50]])
    assert sizes.list_limit == 50
    assert plan_of(sizes).batch(REGISTERS) == 50


def test_refused_when_busy_is_not_remembered():
    sizes = ListSizes()
    plan = plan_of(sizes)
    plan.refused(100)
    plan.refused(50)
    plan.forget_refusals()
    assert plan.batch(REGISTERS) == 100
    assert plan_of(sizes).batch(REGISTERS) == 100
    plan.forget_refusals()
    assert sizes.list_limit is None


def test_busy_later_keeps_what_was_learned_before():
    sizes = ListSizes(list_limit=10)
    plan = plan_of(sizes)
    plan.refused(10)
    plan.forget_refusals()
    assert plan.batch(REGISTERS) == 10


def test_lists_never_grow_within_an_association():
    plan = plan_of(ListSizes())
    plan.refused(100)
    for _ in range(200):
        plan.answered([(attribute, 5) for attribute in REGISTERS[:50]])
    assert plan.batch(REGISTERS) == 50


def test_lists_grow_again_after_many_calm_associations():
    sizes = ListSizes()
    sizes.limit(10)
    for _ in range(50):
        assert plan_of(sizes).batch(REGISTERS) == 10
    assert plan_of(sizes).batch(REGISTERS) == 20


# -- silence


def test_unanswered_list_is_smaller_the_next_time_and_given_up_then():
    sizes = ListSizes()
    plan_of(sizes).unanswered(100)
    plan = plan_of(sizes)
    assert plan.batch(REGISTERS) == 50
    plan.unanswered(50)
    assert plan_of(sizes).batch(REGISTERS) == 1


def test_unanswered_list_of_a_length_that_has_worked_is_the_networks_fault():
    sizes = ListSizes()
    plan_of(sizes).answered([(attribute, 5) for attribute in REGISTERS[:50]])
    plan_of(sizes).unanswered(50)
    assert sizes.list_limit is None
    plan_of(sizes).unanswered(51)
    assert sizes.list_limit == 25


def test_each_unanswered_list_puts_the_next_attempt_further_off():
    sizes = ListSizes()
    plan_of(sizes).unanswered(2)
    attempts = []
    for number in range(2000):
        plan = plan_of(sizes)
        if (count := plan.batch(REGISTERS)) > 1:
            attempts.append(number)
            plan.unanswered(count)
    assert attempts == [200, 1001]


def test_limits_only_fall():
    sizes = ListSizes()
    sizes.limit(5)
    sizes.limit(50)
    assert sizes.list_limit == 5


def test_single_answers_teach_nothing_about_lists():
    sizes = ListSizes()
    plan_of(sizes).answered([(REGISTERS[0], 5)])
    assert sizes.longest_answered == 0


def test_memory_shows_no_attributes():
    sizes = ListSizes()
    plan_of(sizes).answered([(REGISTERS[0], 5)])
    assert "1.0.1.7" not in repr(sizes)
