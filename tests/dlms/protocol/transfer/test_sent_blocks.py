"""Blocks of a request: numbered from 1, the last one marked, as full as the meter allows."""

import pytest

from custom_components.cosem.dlms.apdu.common import DataBlock, InvokeIdAndPriority
from custom_components.cosem.dlms.apdu.set import SetRequestWithDatablock
from custom_components.cosem.dlms.errors import LocalProtocolError
from custom_components.cosem.dlms.protocol.transfer.sent_blocks import SentBlocks

HEAD = 9
"""Octets around the raw-data of C1 03 with a length of one octet."""


def apdu(block: DataBlock) -> SetRequestWithDatablock:
    return SetRequestWithDatablock(InvokeIdAndPriority(1), block)


def test_blocks_as_octets():
    blocks = SentBlocks(bytes(range(1, 6)), HEAD + 2)
    assert [blocks.take(apdu).hex().upper() for _ in range(3)] == [
        "C103C10000000001020102",
        "C103C10000000002020304",
        "C103C101000000030105",
    ]
    assert blocks.is_over
    assert (blocks.number, blocks.size) == (3, 5)


def test_it_is_not_over_before_the_last_block():
    blocks = SentBlocks(bytes(4), HEAD + 2)
    assert not blocks.is_over
    blocks.take(apdu)
    assert (blocks.is_over, blocks.number, blocks.size) == (False, 1, 2)


@pytest.mark.parametrize(
    ("room", "taken"),
    [(1, 1), (127, 127), (128, 127), (129, 128), (255, 254), (256, 254), (257, 255), (258, 256), (1015, 1013)],
)
def test_a_block_is_as_full_as_the_room_behind_its_head_allows(room: int, taken: int):
    blocks = SentBlocks(bytes(3000), HEAD + room)
    octets = blocks.take(apdu)
    assert blocks.size == taken
    assert len(octets) <= HEAD + room


def test_a_piece_that_just_fits_is_the_last_one():
    blocks = SentBlocks(bytes(127), HEAD + 127)
    assert blocks.take(apdu)[3] == 1
    assert blocks.is_over


def test_where_not_one_octet_fits_the_request_cannot_be_made():
    with pytest.raises(LocalProtocolError, match="takes 9 octets"):
        SentBlocks(b"1", HEAD).take(apdu)
