import pytest

from custom_components.cosem.dlms.errors import LimitExceeded
from custom_components.cosem.dlms.limits import Limits
from custom_components.cosem.dlms.protocol.transfer.blocks import ReceivedBlocks


@pytest.fixture
def blocks():
    return ReceivedBlocks(Limits(blocks_per_transfer=3, assembled_value=10))


def test_blocks_are_numbered_from_1_and_joined_in_order(blocks):
    assert (blocks.next_number, blocks.size, blocks.joined()) == (1, 0, b"")
    for number, payload in enumerate((b"ab", b"", b"c"), start=1):
        assert blocks.next_number == number
        blocks.add(payload)
    assert (blocks.next_number, blocks.size, blocks.joined()) == (4, 3, b"abc")


def test_as_many_blocks_as_the_limit_and_no_more_even_if_they_are_empty(blocks):
    for _ in range(3):
        blocks.add(b"")
    with pytest.raises(LimitExceeded, match="3 blocks"):
        blocks.add(b"")


def test_as_many_octets_as_the_limit_and_no_more(blocks):
    blocks.add(bytes(10))
    with pytest.raises(LimitExceeded, match="10 octets"):
        blocks.add(b"x")
