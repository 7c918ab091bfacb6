import pytest

from custom_components.cosem.dlms.protocol.reassembly import Reassembly


@pytest.mark.parametrize("tag", sorted(set(range(256)) - {0xE0}))
def test_whole_apdus_pass(tag):
    apdu = bytes([tag, 1, 2])
    assert Reassembly().receive(apdu) is apdu


def test_a_block_that_nobody_agreed_to_receive_goes_no_further():
    assert Reassembly().receive(bytes.fromhex("E0C00001000003C401C1")) is None
