"""What a trace tells of short names and of general blocks: everything but values."""

import pytest

from custom_components.cosem.dlms.command_line.trace_outline import OUTLINED_TAGS, BlocksOfOneWay, outline
from custom_components.cosem.dlms.errors import DecodeError


@pytest.mark.parametrize(
    ("octets", "lines"),
    [
        ("05010210 08", ["read-request", "  variables: (1)", "    - variable_name: 4104"]),
        ("0C 02 00 1201F4 01 03", ["read-response", "  results: (2)", "    - data: long-unsigned (hidden)"]),
        ("0C 01 00 0202 0907 73656372657421 1101", ["    - data: structure (hidden)"]),
        ("0C 01 02 01 0001 03 736563", ["        raw_data: 3 octets"]),
        ("0601021008 01 0903736563", ["  data: (1)", "    - octet-string (hidden)"]),
        ("0D 02 00 01 03", ["write-response", "    - success: true", "    - error: 3 (read-write-denied)"]),
        ("1601021008 01 0903736563", ["unconfirmed-write-request", "    - octet-string (hidden)"]),
        ("1800 01021008 01 0903736563", ["information-report-request", "    - octet-string (hidden)"]),
        ("E043 0002 0001 03 736563", ["general-block-transfer", "  streaming: true", "  block_data: 3 octets"]),
        ("E083 0002 0001 00", ["  last_block: true", "  block_number_ack: 1", "  block_data: 0 octets"]),
    ],
)
def test_names_results_and_types_are_told_and_no_value(octets: str, lines: list[str]):
    apdu = bytes.fromhex(octets)
    told = outline(apdu)
    assert [line for line in told if line in lines] == lines
    assert "736563" not in "".join(told)
    assert apdu[0] in OUTLINED_TAGS


def test_what_is_no_apdu_is_refused():
    with pytest.raises(DecodeError):
        outline(b"\x05\x01")


def test_blocks_are_put_together_also_when_they_come_twice_or_mixed_up():
    way = BlocksOfOneWay()
    blocks = ["E0430001000001C4", "E043000300000103", "E043000300000103", "E04300020000020102"]
    assert [way.join(bytes.fromhex(each)) for each in blocks] == [None] * 4
    assert way.join(bytes.fromhex("E08300040000020405")) == bytes.fromhex("C4010203 0405")
    assert way.join(bytes.fromhex("E0430001000101C5")) is None
    assert way.join(bytes.fromhex("E083000200010101")) == b"\xc5\x01"


@pytest.mark.parametrize("octets", ["", "C401", "E043", "D80103"])
def test_what_is_no_block_makes_nothing_whole(octets: str):
    assert BlocksOfOneWay().join(bytes.fromhex(octets)) is None
