"""General block transfer of the meter, octet by octet."""

import pytest

from tests.simulated_meter.general_blocks import read_block, write_block
from tests.simulated_meter.profile import GeneralBlockFault, GeneralBlocks
from tests.simulated_meter.steps import Send

from .tools import FULL_CONFORMANCE, BareClient, get_request, make_meter

WITH_BLOCKS = FULL_CONFORMANCE | 0x200000
NAMES = get_request(15, "0.0.40.0.0.255", 2)
NAME = get_request(1, "0.0.42.0.0.255", 2)
SIZE = 64


class BlockClient(BareClient):
    """Associates with general blocks; takes answers apart."""

    def __init__(self, conformance: int = WITH_BLOCKS, **quirks: object) -> None:
        super().__init__(make_meter(max_pdu_size=SIZE, **({"general_blocks": GeneralBlocks.PREFERRED} | quirks)))
        self.aare = self.associate(conformance=conformance)

    def blocks(self, apdu: bytes) -> list[tuple[int, int, int, bytes]]:
        """Send an APDU; return control, number, acknowledged number and data of each block."""
        taken = []
        for step in self.steps(apdu):
            assert isinstance(step, Send)
            assert len(step.octets) - 8 <= SIZE
            block = read_block(step.octets[8:])
            assert block is not None
            taken.append(block)
        return taken


def test_a_long_answer_comes_window_by_window():
    client = BlockClient(general_block_window=4)
    (first,) = client.blocks(NAMES)
    assert first[:3] == (0x04, 1, 0)
    octets = first[3]
    number, received = 1, 1
    while True:
        window = client.blocks(write_block(0x83, number, received))
        octets += b"".join(data for *_, data in window)
        assert [each[1] for each in window] == list(range(received + 1, received + 1 + len(window)))
        assert [each[0] & 0x40 for each in window] == [0x40] * (len(window) - 1) + [0]
        number, received = number + 1, window[-1][1]
        if window[-1][0] & 0x80:
            break
    whole = BareClient(make_meter(max_pdu_size=65_535))
    whole.associate()
    assert octets == whole.ask(NAMES)


def test_a_meter_that_only_takes_general_blocks_answers_in_its_own():
    assert BlockClient(general_blocks=GeneralBlocks.ACCEPTED).ask(NAMES)[:2] == b"\xc4\x02"


def test_a_block_that_was_not_acknowledged_comes_again_with_its_number():
    client = BlockClient()
    client.blocks(NAMES)
    second = client.blocks(write_block(0x81, 1, 1))
    assert client.blocks(write_block(0x81, 1, 1)) == second


def test_without_agreement_services_use_their_own_blocks():
    assert BlockClient(FULL_CONFORMANCE).ask(NAMES)[:2] == b"\xc4\x02"
    assert BlockClient(general_blocks=GeneralBlocks.NEVER).ask(NAMES)[:2] == b"\xc4\x02"


def test_what_is_short_comes_whole():
    assert BlockClient().ask(NAME)[:4] == b"\xc4\x01\xc1\x00"


def test_a_request_in_blocks_is_acknowledged_and_answered_in_blocks():
    client = BlockClient(general_block_window=2)
    assert client.blocks(write_block(0x01, 1, 0, NAME[:5])) == [(0x82, 1, 1, b"")]
    assert client.blocks(write_block(0x41, 2, 1, NAME[5:9])) == []
    ((control, number, acknowledged, data),) = client.blocks(write_block(0x81, 3, 1, NAME[9:]))
    assert (control, number, acknowledged) == (0x82, 2, 3)
    assert data == BlockClient().ask(NAME)


def test_a_missing_block_of_a_request_is_asked_for():
    client = BlockClient()
    client.blocks(write_block(0x01, 1, 0, NAME[:5]))
    assert client.blocks(write_block(0x81, 3, 1, NAME[9:])) == [(0x81, 2, 1, b"")]
    assert client.blocks(write_block(0x01, 2, 2, NAME[5:9])) == [(0x81, 3, 2, b"")]
    assert client.blocks(write_block(0x81, 3, 3, NAME[9:]))[0][3][:2] == b"\xc4\x01"


@pytest.mark.parametrize("apdu", ["E08100", "E08100000000" + "00", "E08100010000" + "05AA", "E08100030000" + "01AA"])
def test_what_begins_nothing_is_left_alone(apdu: str):
    assert BlockClient().blocks(bytes.fromhex(apdu)) == []


def test_what_was_given_up_is_not_gone_on_with():
    client = BlockClient()
    client.blocks(NAMES)
    assert client.blocks(write_block(0x81, 0, 1)) == []
    assert client.blocks(write_block(0x81, 1, 1)) == []


def test_an_answer_can_be_plain_and_a_request_acknowledged_before():
    assert BlockClient(general_block_answer_plain=True).ask(write_block(0x81, 1, 0, NAME))[:2] == b"\xc4\x01"
    first, second = BlockClient(general_block_fault=GeneralBlockFault.EMPTY_FIRST).blocks(write_block(0x81, 1, 0, NAME))
    assert first == (0x81, 1, 1, b"")
    assert second[:3] == (0x81, 2, 1)


FAULTS = {
    GeneralBlockFault.LOSES: [2, 4],
    GeneralBlockFault.REPEATS: [2, 2, 3, 3, 4, 4],
    GeneralBlockFault.REORDERS: [4, 3, 2],
    GeneralBlockFault.ABORTS: [0],
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_strikes_once(fault: GeneralBlockFault):
    client = BlockClient(general_block_fault=fault, general_block_fault_at=3 if fault is fault.LOSES else 2)
    client.blocks(NAMES)
    assert [number for _, number, *_ in client.blocks(write_block(0x83, 1, 1))] == FAULTS[fault]
    if fault is not GeneralBlockFault.ABORTS:
        assert [number for _, number, *_ in client.blocks(write_block(0x83, 1, 1))] == [2, 3, 4]


def test_every_block_may_come_twice():
    client = BlockClient(general_block_fault=GeneralBlockFault.DOUBLES)
    assert [number for _, number, *_ in client.blocks(NAMES)] == [1, 1]
    assert [number for _, number, *_ in client.blocks(write_block(0x83, 1, 1))] == [2, 2, 3, 3, 4, 4]
    assert [number for _, number, *_ in client.blocks(write_block(0x83, 2, 4))] == [5, 5, 6, 6, 7, 7]
    assert client.blocks(write_block(0x01, 1, 0, NAME[:5])) == [(0x81, 1, 1, b"")] * 2
    assert client.ask(NAME)[:4] == b"\xc4\x01\xc1\x00"


def test_no_block_may_say_that_more_follow():
    client = BlockClient(general_block_fault=GeneralBlockFault.NEVER_STREAMS)
    client.blocks(NAMES)
    assert [each[:2] for each in client.blocks(write_block(0x83, 1, 1))] == [(0x01, 2), (0x01, 3), (0x01, 4)]


def test_empty_blocks_may_take_no_number():
    client = BlockClient(general_block_fault=GeneralBlockFault.UNCOUNTED)
    assert client.blocks(write_block(0x01, 1, 0, NAME[:5])) == [(0x81, 1, 1, b"")]
    assert client.blocks(write_block(0x01, 2, 1, NAME[5:9])) == [(0x81, 1, 2, b"")]
    assert client.blocks(write_block(0x81, 3, 1, NAME[9:]))[0][:3] == (0x81, 1, 3)


def test_the_aare_comes_in_blocks():
    client = BlockClient(aare_in_general_blocks=32)
    assert read_block(client.aare)[1:3] == (1, 0)
    octets = read_block(client.aare)[3]
    for number in range(1, 10):
        for block in client.blocks(write_block(0x81, number, number)):
            octets += block[3]
    assert octets[0] == 0x61
    assert octets[1] == len(octets) - 2
    assert client.ask(NAME)[:4] == b"\xc4\x01\xc1\x00"
