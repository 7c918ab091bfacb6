"""Reader and Writer: bounds, length forms, budgets."""

import pytest

from custom_components.cosem.dlms.encoding.octets import Reader, Writer, parse_hex
from custom_components.cosem.dlms.errors import DecodeError, LimitExceeded
from custom_components.cosem.dlms.limits import Limits


def test_a_reader_never_leaves_its_octets():
    reader = Reader(b"\x01\x02\x03")
    assert reader.take(2) == b"\x01\x02"
    with pytest.raises(DecodeError, match="1 more expected") as caught:
        reader.take(2)
    assert caught.value.offset == 2
    assert reader.rest() == b"\x03"
    with pytest.raises(DecodeError):
        reader.peek()
    with pytest.raises(DecodeError):
        reader.unsigned8()


def test_a_reader_of_a_part_stops_at_the_end_of_the_part():
    reader = Reader(b"\x01\x02\x03\x04", offset=1, end=3)
    assert reader.remaining == 2
    assert reader.rest() == b"\x02\x03"
    with pytest.raises(DecodeError):
        reader.unsigned8()
    reader.finish()


def test_integers_are_big_endian():
    reader = Reader(bytes.fromhex("FE FFFE FFFFFFFE FF FFFE 00"))
    assert (reader.unsigned8(), reader.unsigned16(), reader.unsigned32(), reader.integer8(), reader.signed(2)) == (
        254,
        65534,
        4294967294,
        -1,
        -2,
    )
    assert reader.flag() is False
    assert Reader(b"\x02").flag() is True


@pytest.mark.parametrize(
    ("octets", "length"),
    [("00", 0), ("7F", 127), ("8180", 128), ("820100", 256), ("83010000", 65536), ("84FFFFFFFF", 2**32 - 1)],
)
def test_lengths_in_shortest_form_go_both_ways(octets, length):
    assert Reader(bytes.fromhex(octets)).length() == length
    writer = Writer()
    writer.length(length)
    assert writer.getvalue() == bytes.fromhex(octets)


@pytest.mark.parametrize("octets", ["8105", "820005", "83000005", "8400000005"])
def test_longer_forms_of_a_length_are_accepted_but_never_sent(octets):
    assert Reader(bytes.fromhex(octets)).length() == 5
    writer = Writer()
    writer.length(5)
    assert writer.getvalue() == b"\x05"


@pytest.mark.parametrize("first", [0x80, *range(0x85, 0x100)])
def test_m08_other_forms_of_a_length_are_refused(first):
    with pytest.raises(DecodeError, match="length form"):
        Reader(bytes([first]) + bytes(200)).length()


@pytest.mark.parametrize("octets", ["", "81", "8201", "830101", "84010101"])
def test_m08_a_length_cut_short_is_refused(octets):
    with pytest.raises(DecodeError):
        Reader(bytes.fromhex(octets)).length()


def test_a_length_beyond_four_octets_is_not_written():
    with pytest.raises(OverflowError):
        Writer().length(2**32)


def test_m01_a_length_is_checked_before_anything_is_taken():
    reader = Reader(bytes.fromhex("84FFFFFFFF 00"))
    with pytest.raises(DecodeError, match="exceeds the 1 octets left") as caught:
        reader.octet_string()
    assert caught.value.offset == 0
    assert Reader(bytes.fromhex("020102")).octet_string() == b"\x01\x02"


def test_m03_a_count_is_checked_against_the_octets_left():
    assert Reader(bytes.fromhex("020000")).count() == 2
    with pytest.raises(DecodeError, match="a count of 3 exceeds the 2 octets left"):
        Reader(bytes.fromhex("030000")).count()


def test_m04_nesting_is_limited_and_comes_back_up():
    reader = Reader(b"", limits=Limits(nesting_depth=2))
    for _ in range(3):
        reader.descend()
        reader.ascend()
    reader.descend()
    reader.descend()
    with pytest.raises(LimitExceeded, match="more than 2 levels of nesting"):
        reader.descend()


def test_the_element_budget_is_spent_to_the_last_and_not_beyond():
    reader = Reader(b"", limits=Limits(elements=3))
    reader.spend(2)
    reader.spend(1)
    with pytest.raises(LimitExceeded) as caught:
        reader.spend(1)
    assert (caught.value.what, caught.value.limit) == ("elements", 3)


def test_m05_octets_behind_a_complete_value_are_refused():
    reader = Reader(b"\x01\x02\x03")
    reader.unsigned8()
    with pytest.raises(DecodeError, match="2 octets too many") as caught:
        reader.finish()
    assert caught.value.offset == 1


def test_a_writer_writes_what_a_reader_reads():
    writer = Writer()
    writer.unsigned8(1)
    writer.unsigned16(2)
    writer.unsigned32(3)
    writer.integer8(-4)
    writer.signed(-5, 2)
    writer.octet_string(b"six")
    writer.octets(b"7")
    writer.flag(True)
    writer.flag(False)
    assert writer.getvalue() == bytes.fromhex("01 0002 00000003 FC FFFB 03736978 37 01 00")
    assert len(writer) == 17


@pytest.mark.parametrize(
    ("method", "value"),
    [("unsigned8", 256), ("unsigned8", -1), ("unsigned16", 65536), ("unsigned32", 2**32), ("integer8", 128)],
)
def test_numbers_that_do_not_fit_their_field_are_our_mistake(method, value):
    with pytest.raises(OverflowError):
        getattr(Writer(), method)(value)


@pytest.mark.parametrize("text", ["6200", "62 00", "62:00", "6 2 0 0", " 62\n00\t", "6200\r\n"])
def test_hex_with_separators(text: str):
    assert parse_hex(text) == b"\x62\x00"


def test_digits_of_both_cases():
    assert parse_hex("aBCd") == b"\xab\xcd"


@pytest.mark.parametrize(
    ("text", "reason", "offset"),
    [
        ("", "no octets", 0),
        (" : ", "no octets", 0),
        ("6200 8", "one digit", 2),
        ("62 0x", "'x' is no hexadecimal digit", 1),
        ("6200٣٣", "no hexadecimal digit", 2),
    ],
)
def test_text_that_is_no_hex_is_refused_with_the_octet(text: str, reason: str, offset: int):
    with pytest.raises(DecodeError, match=reason) as caught:
        parse_hex(text)
    assert caught.value.offset == offset
