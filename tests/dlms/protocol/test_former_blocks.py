"""What is known of general blocks of exchanges before, and when one of them is believed again."""

import pytest

from custom_components.cosem.dlms.limits import DEFAULT_LIMITS
from custom_components.cosem.dlms.protocol.dropped_apdus import DroppedApduLimits
from custom_components.cosem.dlms.protocol.former_blocks import OLD_AFTER, FormerBlocks

ANSWER = [(1, bytes.fromhex("C401C100")), (2, b"two"), (3, b"three")]


@pytest.fixture
def time():
    return DroppedApduLimits(DEFAULT_LIMITS, flood_is_fatal=False)


@pytest.fixture
def former(time):
    former = FormerBlocks(time)
    former.remember(ANSWER)
    return former


def test_a_block_is_known_by_number_and_octets(former):
    assert [former.has(*each) for each in ANSWER] == [True] * 3
    assert not former.has(3, b"two")
    assert not former.has(2, b"other")


@pytest.mark.parametrize(
    ("first", "then"),
    [("C401C100", "C401C200"), ("C501C100", "C501C200"), ("C701C100", "C701C200"), ("DA0100000100", "DA0100000200")],
)
def test_the_same_answer_to_another_request_is_alike(time, first, then):
    former = FormerBlocks(time)
    former.remember([(1, bytes.fromhex(first)), (2, bytes.fromhex(first))])
    assert former.is_alike(1, bytes.fromhex(first))
    assert former.is_alike(1, bytes.fromhex(then))
    assert not former.has(1, bytes.fromhex(then))
    assert not former.is_alike(2, bytes.fromhex(then))  # what does not begin has no invoke-id
    assert not former.is_alike(1, bytes.fromhex(then + "00"))


def test_an_answer_without_an_invoke_id_is_alike_as_a_whole_only(time):
    former = FormerBlocks(time)
    former.remember([(1, bytes.fromhex("0C010011"))])
    assert former.is_alike(1, bytes.fromhex("0C010011"))
    assert not former.is_alike(1, bytes.fromhex("0C010012"))


def test_what_is_doubted_is_believed_in_its_turn_once_it_was_asked_for(former):
    assert former.doubts(2, b"two", is_next=True)
    assert former.doubts(2, b"two", is_next=True)  # copies come in pairs
    former.demand(1, {})
    assert former.doubts(2, b"two", is_next=False)
    assert not former.doubts(2, b"two", is_next=True)
    assert former.doubts(2, b"other", is_next=True)


def test_what_is_asked_for_is_all_that_came_without_a_gap(former):
    for number in (2, 4, 6):
        former.doubts(number, b"", is_next=False)
    former.demand(1, {3: None})
    assert [former.doubts(number, b"", is_next=True) for number in (2, 4, 6)] == [False, False, True]


def test_what_has_passed_is_not_asked_for(former):
    former.doubts(2, b"two", is_next=True)
    former.demand(2, {})
    former.demand(1, {})
    assert former.doubts(2, b"two", is_next=True)


def test_something_new_is_doubted_anew(former):
    former.doubts(2, b"two", is_next=True)
    former.begin()
    former.demand(1, {})
    assert former.doubts(2, b"two", is_next=True)
    former.demand(1, {})
    former.begin()
    assert former.doubts(2, b"two", is_next=True)


def test_what_is_old_is_so_after_the_end_of_the_last_exchange(time, former):
    assert not former.is_old
    time.time_is(OLD_AFTER)
    assert not former.is_old
    time.time_is(OLD_AFTER + 1)
    assert former.is_old
    former.remember([])  # an exchange without blocks
    assert former.is_old
    former.remember([(1, b"new")])
    assert not former.is_old


def test_without_a_time_nothing_is_old_and_nothing_gets_lost(time, former):
    assert former.is_lossy
    nobody = FormerBlocks()
    nobody.remember(ANSWER)
    assert nobody.has(*ANSWER[0])
    assert not nobody.is_lossy
    assert not nobody.is_old


def test_what_is_asked_for_again_counts_from_the_next_question_on(former):
    former.remember([(1, b"once more")], is_asked_again=True)
    assert not former.has(1, b"once more")
    former.begin()
    assert former.has(1, b"once more")


def test_of_a_stream_only_the_end_of_the_last_exchange_is_remembered():
    former = FormerBlocks(DroppedApduLimits(DEFAULT_LIMITS))
    former.remember(ANSWER)
    former.remember([(number, b"x") for number in range(1, 17)])
    former.remember([])
    assert not former.has(*ANSWER[0])
    assert [number for number in range(1, 18) if former.has(number, b"x")] == [*range(2, 17)]


def test_the_memory_is_bounded_and_keeps_the_latest(former):
    for number in range(1000):
        former.remember([(number, b"%d" % at) for at in range(10)], is_asked_again=number % 2 == 0)
        former.remember(ANSWER[1:])
    assert len(former._known) == 4096
    assert former.has(999, b"0")
    assert former.has(2, b"two")
    assert not former.has(1, ANSWER[0][1])
    former.remember([(number, b"x") for number in range(10_000)])
    assert len(former._known) == 4096
    assert former.has(9_999, b"x")
    assert not former.has(5_000, b"x")


def test_the_octets_together_are_bounded(former):
    for number in range(1, 100):
        former.remember([(number, bytes(10_000))])
    assert sum(len(data) for _, data in former._known) == former._octets <= 512 * 1024
    assert former.has(99, bytes(10_000))
    assert not former.has(40, bytes(10_000))
    for number in range(1, 200):
        former.remember([(number, bytes(20_000))], is_asked_again=True)
        assert sum(len(data) for _, data in former._set_aside) <= 512 * 1024
    former.begin()
    assert former.has(199, bytes(20_000))
    assert not former.has(170, bytes(20_000))
    assert sum(len(data) for _, data in former._known) == former._octets <= 512 * 1024
