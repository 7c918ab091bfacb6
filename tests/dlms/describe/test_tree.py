"""Described APDUs as lines for people."""

import pytest

from custom_components.cosem.dlms.apdu import decode_apdu
from custom_components.cosem.dlms.command_line.wire import describe_wpdu
from custom_components.cosem.dlms.describe import describe
from custom_components.cosem.dlms.describe.tree import tree
from custom_components.cosem.dlms.encoding.data import Data, DataType
from custom_components.cosem.dlms.protocol.wrapper import Wpdu
from tests.vector_tools import vectors


def lines_of(octets: str) -> list[str]:
    return tree(describe(decode_apdu(bytes.fromhex(octets))))


def test_names_stand_beside_codes():
    assert lines_of("D80106") == [
        "exception-response",
        "  state_error: 1 (service-not-allowed)",
        "  service_error: 6 (invocation-counter-error)",
    ]
    assert "    - error: 11 (object-unavailable)" in lines_of("C403C101010B")
    assert "    value: 13 (authentication failure)" in lines_of("6117A109060760857405080101A203020101A305A10302010D")
    assert "  result: 1 (rejected-permanent)" in lines_of("6117A109060760857405080101A203020101A305A20302010D")
    assert "  reason: 1 (not-finished)" in lines_of("6303800101")
    assert "    - 3 (read-write-denied)" in lines_of("C505C10103")


def test_code_without_a_name_stands_alone():
    assert "  error: 9" in lines_of("0E010509")
    assert "  result: 99" in lines_of("C501C163")


def test_structures_are_indented():
    data = Data(
        DataType.STRUCTURE, (Data(DataType.UNSIGNED, 7), Data(DataType.ARRAY, (Data(DataType.NULL_DATA, None),)))
    )
    assert tree(describe(data)) == ["structure (2)", "  - unsigned 7", "  - array (1)", "    - null-data"]


def test_compact_array_is_shown_by_its_rows():
    lines = lines_of("C401C100" + "1302030F161008FF1EFED4011B012C")
    assert lines[-9:] == [
        "    data: compact-array (2)",
        "      - structure (3)",
        "        - integer -1",
        "        - enum 30",
        "        - long -300",
        "      - structure (3)",
        "        - integer 1",
        "        - enum 27",
        "        - long 300",
    ]


def test_wpdu_and_its_apdu():
    lines = tree(describe_wpdu(Wpdu(1, 16, bytes.fromhex("6200"))))
    assert lines == [
        "WPDU",
        "  version: 1",
        "  source_wport: 1",
        "  destination_wport: 16",
        "  length: 2",
        "  apdu:",
        "    rlrq",
    ]


def test_empty_wpdu_has_no_apdu():
    assert tree(describe_wpdu(Wpdu(1, 16, b"")))[-1] == "  apdu: null"


@pytest.mark.parametrize("text", ['a"b', "bell\x07", "\x1b[31mred", "line\nline", "ä"])
def test_strings_from_the_network_are_escaped(text: str):
    (line,) = tree(describe(Data(DataType.VISIBLE_STRING, text)))
    assert line.isascii()
    assert line.isprintable()


def test_every_sample_has_a_tree_of_printable_lines():
    for theme in ("acse", "get", "set", "action", "access", "notification", "short-name", "gbt", "ciphered"):
        for vector in vectors(theme):
            for line in tree(describe(decode_apdu(vector.octets))):
                assert line.isprintable()
