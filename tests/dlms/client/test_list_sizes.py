from dataclasses import replace

import pytest

from custom_components.cosem.dlms.apdu.initiate import Conformance
from custom_components.cosem.dlms.client.list_sizes import FIRST_LIST, LONGEST_LIST, ListPlan, ListSizes, ListWays
from custom_components.cosem.dlms.protocol.proposal import Negotiated
from tests.dlms.scripted import GRANTED, REGISTERS


def negotiated(*, conformance=GRANTED, size=0, vaa_name=7):
    return Negotiated(
        conformance=conformance, server_max_receive_pdu_size=size, dlms_version=6, vaa_name=vaa_name, diagnostic=0
    )


WITHOUT_BLOCKS = negotiated(conformance=Conformance.MULTIPLE_REFERENCES)
MANY = REGISTERS + REGISTERS


def plan_of(sizes, agreed=None, max_receive_pdu_size=65_535):
    return sizes.plan(agreed or negotiated(), max_receive_pdu_size)


# -- sizes


def experienced(**known):
    """A meter that has answered long lists."""
    return ListSizes(longest_answered=LONGEST_LIST, **known)


def test_everything_at_once_where_it_fits():
    assert plan_of(experienced()).batch(REGISTERS) == len(REGISTERS)


def test_trial_06_the_first_list_is_short_and_each_answer_allows_twice_as_many():
    """With 10 attributes a request has 104 octets: some meters answer none above 145."""
    plan = plan_of(ListSizes())
    lengths = []
    for _ in range(5):
        lengths.append(plan.batch(REGISTERS))
        plan.answered([(attribute, 5) for attribute in REGISTERS[: lengths[-1]]])
    assert lengths == [FIRST_LIST, 20, 40, 80, 100]


def test_trial_06_what_was_answered_is_asked_for_again_at_once():
    sizes = ListSizes()
    plan_of(sizes).answered([(attribute, 5) for attribute in REGISTERS[:40]])
    assert plan_of(sizes).batch(REGISTERS) == 80


def test_the_count_of_a_list_stays_one_octet():
    assert plan_of(experienced()).batch(MANY) == LONGEST_LIST == 127


def test_without_multiple_references_one_by_one():
    assert plan_of(ListSizes(), negotiated(conformance=Conformance.GET)).batch(REGISTERS) == 1


@pytest.mark.parametrize(("size", "count"), [(12, 1), (24, 2), (33, 2), (34, 3), (1024, 100)])
def test_the_request_fits_what_the_meter_accepts(size, count):
    assert plan_of(experienced(), negotiated(size=size)).batch(REGISTERS) == count


# Hand-written: what a list of none has, and what each attribute adds to request and answer (without its value).
LISTS = {
    "get": ("C003C1 00", "0003 0100010800FF 02 00", "C403C1 00", "00"),
    "read": ("05 00", "02 1008", "0C 00", "00"),
    "access": ("D9 40000001 00 00 00", "01 0003 0100010800FF 02  00", "DA 40000001 00 00 00 00", "01 00"),
}
AGREED = {
    "get": negotiated(conformance=Conformance.GET | Conformance.MULTIPLE_REFERENCES | Conformance.ACCESS),
    "read": negotiated(conformance=Conformance.READ | Conformance.MULTIPLE_REFERENCES, vaa_name=0xFA00),
    "access": negotiated(conformance=Conformance.GET | Conformance.ACCESS),
}


@pytest.mark.parametrize("form", LISTS)
@pytest.mark.parametrize("count", [4, 26, 100])
def test_a_request_has_the_octets_of_its_form(form, count):
    """An octet less, and one attribute fewer is asked for."""
    head, item, _answer_head, _answer_item = (len(bytes.fromhex(octets)) for octets in LISTS[form])
    size = head + count * item
    for room, fits in ((size, count), (size - 1, count - 1)):
        agreed = replace(AGREED[form], server_max_receive_pdu_size=room)
        assert plan_of(experienced(), agreed).batch(REGISTERS) == fits


@pytest.mark.parametrize("form", LISTS)
@pytest.mark.parametrize("count", [2, 3, 26, 100])
def test_an_answer_has_the_octets_of_its_form(form, count):
    _head, _item, head, item = (len(bytes.fromhex(octets)) for octets in LISTS[form])
    sizes = experienced(answer_sizes=dict.fromkeys(REGISTERS, 5))
    size = head + count * (item + 5)
    for room, fits in ((size, count), (size - 1, count - 1)):
        assert plan_of(sizes, AGREED[form], room).batch(REGISTERS) == fits


def test_short_names_know_no_access():
    agreed = negotiated(conformance=Conformance.READ | Conformance.ACCESS, vaa_name=0xFA00)
    assert plan_of(experienced(), agreed).batch(REGISTERS) == 1


@pytest.mark.parametrize(("blocks", "count"), [(Conformance(0), 20), (Conformance.GENERAL_BLOCK_TRANSFER, 55)])
def test_a_long_answer_to_access_needs_general_blocks(blocks, count):
    agreed = negotiated(conformance=Conformance.ACCESS | Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ | blocks)
    assert plan_of(experienced(), agreed, 9 + 20 * 50).batch(REGISTERS) == count


@pytest.mark.parametrize(
    ("agreed", "size", "count"), [(None, 12, 1), (None, 37, 1), (None, 38, 2), (None, 0, 100), (WITHOUT_BLOCKS, 102, 2)]
)
def test_the_answer_fits_what_we_accept_by_a_guess_at_first(agreed, size, count):
    assert plan_of(experienced(), agreed, size).batch(REGISTERS) == count


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


def test_refused_list_is_asked_for_in_a_length_that_worked():
    sizes = ListSizes(longest_answered=50)
    plan = plan_of(sizes)
    assert plan.batch(REGISTERS) == 100
    assert plan.refused(100)
    assert plan.batch(REGISTERS) == 50
    assert not plan.refused(50), "then only single reads are left"


@pytest.mark.parametrize("known", [0, 1])
def test_where_no_list_has_worked_single_reads_follow(known: int):
    assert not plan_of(ListSizes(longest_answered=known)).refused(10)


def test_what_worked_is_remembered_over_associations():
    sizes = ListSizes(longest_answered=50)
    plan = plan_of(sizes)
    plan.refused(100)
    assert sizes.list_limit is None
    plan.answered([(attribute, 5) for attribute in REGISTERS[:50]])
    assert sizes.list_limit == 50
    assert plan_of(sizes).batch(REGISTERS) == 50


def test_meter_that_knows_no_lists_is_taken_at_its_word():
    sizes = experienced()
    plan = plan_of(sizes)
    plan.read_one_by_one({REGISTERS[0]}, for_good=True)
    assert plan.batch(REGISTERS) == plan_of(sizes).batch(REGISTERS) == 1
    assert sizes.alone == set(), "and blames no attribute"


def test_trial_01_an_attribute_that_makes_lists_odd_is_read_alone():
    sizes = experienced()
    plan = plan_of(sizes)
    plan.read_one_by_one({REGISTERS[2]})
    for each in (plan, plan_of(sizes)):
        assert each.batch(REGISTERS) == 2
        assert each.batch(REGISTERS[2:]) == 1
        assert each.batch(REGISTERS[3:]) == 97
    assert sizes.list_limit is None


def test_trial_01_where_no_attribute_is_odd_lists_are():
    sizes = ListSizes()
    plan = plan_of(sizes)
    plan.read_one_by_one(())
    assert plan.batch(REGISTERS) == plan_of(sizes).batch(REGISTERS) == 1


def test_trial_01_one_odd_list_of_a_meter_with_good_ones_is_not_the_truth():
    sizes = ListSizes(longest_answered=50)
    plan = plan_of(sizes)
    plan.read_one_by_one(())
    assert plan.batch(REGISTERS) == 1, "but in this association it is believed"
    plan = plan_of(sizes)
    assert plan.batch(REGISTERS) == 100
    plan.answered([(attribute, 5) for attribute in REGISTERS[:2]])
    plan_of(sizes).read_one_by_one(())
    assert sizes.list_limit is None, "a good list in between counts"
    plan_of(sizes).read_one_by_one(())
    assert sizes.list_limit == 1


def test_refused_when_busy_is_not_remembered():
    sizes = ListSizes(longest_answered=50)
    plan = plan_of(sizes)
    plan.refused(100)
    plan.forget_refusals()
    assert plan.batch(REGISTERS) == 100
    assert plan_of(sizes).batch(REGISTERS) == 100
    plan.forget_refusals()
    assert sizes.list_limit is None


def test_busy_later_keeps_what_was_learned_before():
    sizes = ListSizes(list_limit=10, longest_answered=5)
    plan = plan_of(sizes)
    plan.refused(10)
    plan.forget_refusals()
    assert plan.batch(REGISTERS) == 10


def test_a_refused_length_is_not_tried_again_in_an_association():
    plan = plan_of(ListSizes(longest_answered=50))
    plan.refused(100)
    for _ in range(200):
        plan.answered([(attribute, 5) for attribute in REGISTERS[:50]])
    assert plan.batch(REGISTERS) == 50


def test_a_reading_one_by_one_takes_back_what_a_shorter_list_would_have_confirmed():
    sizes = ListSizes(longest_answered=50)
    plan = plan_of(sizes)
    plan.refused(100)
    plan.read_one_by_one({REGISTERS[0]})
    plan.answered([(attribute, 5) for attribute in REGISTERS[1:3]])
    assert sizes.list_limit is None


def test_lists_grow_again_after_many_calm_associations():
    sizes = experienced()
    sizes.limit(10)
    for _ in range(50):
        assert plan_of(sizes).batch(REGISTERS) == 10
    assert plan_of(sizes).batch(REGISTERS) == 20


def test_what_was_read_alone_comes_back_into_lists_after_many_calm_associations():
    sizes = experienced()
    for _ in range(30):
        plan_of(sizes)
    sizes.read_alone({REGISTERS[0]})
    for _ in range(50):
        assert plan_of(sizes).batch(REGISTERS) == 1
    assert plan_of(sizes).batch(REGISTERS) == 100
    assert sizes.list_limit is None


# -- silence


def test_trial_06_after_an_unanswered_list_single_reads_follow():
    sizes = ListSizes()
    plan = plan_of(sizes)
    assert not plan.asks_otherwise
    plan.unanswered(10)
    assert plan.asks_otherwise
    plan = plan_of(sizes)
    assert plan.batch(REGISTERS) == 1
    assert not plan.asks_otherwise


def test_trial_06_after_an_unanswered_longer_list_the_length_that_worked_follows():
    sizes = ListSizes()
    plan = plan_of(sizes)
    plan.answered([(attribute, 5) for attribute in REGISTERS[:10]])
    plan.unanswered(20)
    assert plan_of(sizes).batch(REGISTERS) == 10


def test_unanswered_list_of_a_length_that_has_worked_is_the_networks_fault():
    sizes = ListSizes()
    plan = plan_of(sizes)
    plan.answered([(attribute, 5) for attribute in REGISTERS[:50]])
    plan.unanswered(50)
    assert sizes.list_limit is None
    assert not plan.asks_otherwise
    plan_of(sizes).unanswered(51)
    assert sizes.list_limit == 50


def test_each_unanswered_list_puts_the_next_attempt_further_off():
    sizes = ListSizes()
    plan_of(sizes).unanswered(2)
    attempts = []
    for number in range(500):
        plan = plan_of(sizes)
        if (count := plan.batch(REGISTERS)) > 1:
            attempts.append(number)
            plan.unanswered(count)
    assert attempts == [5, 26, 107, 428], "soon the first time: it may have been the network"


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


def test_trial_09_what_exhausts_a_limit_is_worth_another_association_once():
    sizes = ListSizes()
    plan = plan_of(sizes)
    plan.exhausting(REGISTERS[0])
    assert plan.asks_otherwise, "it is asked for last then"
    plan = plan_of(sizes)
    plan.exhausting(REGISTERS[0])
    assert not plan.asks_otherwise
    assert plan.is_suspect(REGISTERS[0])


def test_trial_06_what_was_learned_can_be_kept_over_a_restart():
    sizes = ListSizes()
    plan = plan_of(sizes)
    plan.answered([(attribute, 5) for attribute in REGISTERS[:10]])
    plan.unanswered(20)
    sizes.read_alone({REGISTERS[3]})
    kept = plan.ways
    assert kept == sizes.ways == ListWays(10, 10, 1, frozenset({REGISTERS[3]}))
    again = ListSizes.known(kept)
    assert again.ways == kept
    assert plan_of(again).batch(REGISTERS[4:]) == 10
    again.read_alone({REGISTERS[4]})
    assert kept.alone == {REGISTERS[3]}, "a copy"


# -- lists that end the connection although their length has worked


def after_good_lists() -> tuple[ListSizes, ListPlan]:
    sizes = ListSizes()
    plan = plan_of(sizes)
    plan.answered([(attribute, 5) for attribute in REGISTERS[:10]])
    return sizes, plan


def test_trial_01_attributes_of_an_answer_that_broke_the_connection_are_read_alone_at_once():
    sizes, plan = after_good_lists()
    plan.ended_connection(REGISTERS[10:14], broken=True)
    assert plan.asks_otherwise
    assert sizes.alone == set(REGISTERS[10:14])
    assert (sizes.list_limit, sizes.unanswered) == (None, 0)


def test_trial_06_silence_to_the_same_attributes_again_is_not_the_networks_fault():
    sizes, plan = after_good_lists()
    plan.ended_connection(REGISTERS[10:14], broken=False)
    assert not plan.asks_otherwise
    plan = plan_of(sizes)
    plan.answered([(attribute, 5) for attribute in REGISTERS[:10]])
    plan.ended_connection(REGISTERS[12:16], broken=False)
    assert plan.asks_otherwise
    assert sizes.alone == set(REGISTERS[12:14])


def test_trial_06_silence_to_what_is_answered_in_between_may_be_the_networks_fault():
    sizes, plan = after_good_lists()
    for _ in range(3):
        plan.ended_connection(REGISTERS[10:14], broken=False)
        plan = plan_of(sizes)
        plan.answered([(attribute, 5) for attribute in REGISTERS[10:14]])
    assert sizes.alone == set()


def test_trial_06_a_single_value_says_nothing_about_lists():
    sizes, plan = after_good_lists()
    plan.ended_connection(REGISTERS[10:12], broken=False)
    plan.answered([(REGISTERS[10], 5)])
    plan = plan_of(sizes)
    plan.ended_connection(REGISTERS[10:12], broken=False)
    assert sizes.alone == set(REGISTERS[10:12])


@pytest.mark.parametrize("broken", [True, False])
def test_trial_06_a_list_longer_than_any_before_is_too_long(broken: bool):
    sizes, plan = after_good_lists()
    plan.ended_connection(REGISTERS[:11], broken=broken)
    assert (sizes.list_limit, sizes.unanswered, sizes.alone) == (10, 1, set())
