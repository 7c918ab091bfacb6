import pytest

from custom_components.cosem.dlms.errors import LimitExceeded
from custom_components.cosem.dlms.limits import Limits
from custom_components.cosem.dlms.protocol.leniencies import Leniency
from custom_components.cosem.dlms.protocol.transfer.blocks import ReceivedBlocks


@pytest.fixture
def blocks():
    return ReceivedBlocks(Limits(blocks_per_transfer=3, assembled_value=10))


def test_blocks_are_numbered_from_1_and_joined_in_order(blocks):
    assert (blocks.has_begun, blocks.size, blocks.take()) == (False, 0, b"")
    for number, payload in enumerate((b"ab", b"", b"c"), start=1):
        assert blocks.add(number, payload)
        assert blocks.has_begun
    assert (blocks.size, blocks.take(), blocks.leniency) == (3, b"abc", None)


def test_trial_08_blocks_may_be_numbered_from_0(blocks):
    assert [blocks.add(number, payload) for number, payload in enumerate((b"ab", b"", b"c"))] == [True] * 3
    assert (blocks.size, blocks.take(), blocks.leniency) == (3, b"abc", Leniency.BLOCKS_FROM_0)


@pytest.mark.parametrize("numbers", [(2,), (-1,), (1, 1), (1, 3), (1, 0), (0, 0), (0, 2), (0, 1, 1), (1, 2, 0)])
def test_trial_08_the_last_of_these_numbers_does_not_follow(blocks, numbers):
    *before, last = numbers
    assert all(blocks.add(number, b"a") for number in before)
    assert not blocks.add(last, b"b")
    assert blocks.take() == b"a" * len(before)
    assert blocks.add(before[-1] + 1 if before else 1, b"c")


@pytest.mark.parametrize("first", [0, 1])
def test_as_many_blocks_as_the_limit_and_no_more_even_if_they_are_empty(blocks, first):
    for number in range(first, first + 3):
        blocks.add(number, b"")
    with pytest.raises(LimitExceeded, match="3 blocks"):
        blocks.add(first + 3, b"")


def test_as_many_octets_as_the_limit_and_no_more(blocks):
    blocks.add(1, bytes(10))
    with pytest.raises(LimitExceeded, match="10 octets"):
        blocks.add(2, b"x")


def test_how_they_begin_is_seen_without_taking_them(blocks):
    assert not blocks.begins_with(b"a")
    assert all(blocks.add(number, octet) for number, octet in ((1, b"a"), (2, b"b")))
    assert blocks.begins_with(b"x", b"ab")
    assert not blocks.begins_with(b"b", b"abc")
    assert blocks.take() == b"ab"


@pytest.mark.parametrize("first", [0, 1])
def test_a_block_that_came_before_with_other_octets_is_of_another_answer(blocks, first):
    assert blocks.contradiction(1, b"ab") is None
    blocks.add(first, b"ab")
    blocks.add(first + 1, b"")
    for number, payload in ((first, b"ab"), (first + 1, b""), (first + 2, b"c"), (first - 1, b"c")):
        assert blocks.contradiction(number, payload) is None
    for number, payload in ((first, b"ac"), (first + 1, b"c")):
        assert "two answers" in blocks.contradiction(number, payload).undecodable
    assert blocks.take() == b"ab"
    assert blocks.contradiction(first, b"ac"), "also of what was taken"
