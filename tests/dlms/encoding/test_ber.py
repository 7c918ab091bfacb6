"""The BER that ACSE needs."""

import pytest

from custom_components.cosem.dlms.encoding.ber import (
    INTEGER,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    number_octets,
    put_element,
    put_explicit,
    put_integer,
    read_contents,
    read_element,
    read_number,
    read_only,
)
from custom_components.cosem.dlms.encoding.octets import Reader, Writer
from custom_components.cosem.dlms.errors import DecodeError
from tests.dlms.octet_tools import refuses_every_truncation


def reader(text: str) -> Reader:
    return Reader(bytes.fromhex(text))


@pytest.mark.parametrize("text", ["A103020105", "A1810302 0105", "A18200030 20105"])
def test_an_element_is_tag_and_contents_with_any_definite_length(text):
    octets = reader(text.replace(" ", "") + "FF")
    tag, contents = read_element(octets)
    assert tag == 0xA1
    assert contents.rest() == bytes.fromhex("020105")
    assert octets.rest() == b"\xff"


def test_offsets_count_from_the_start_of_the_whole_input():
    _, contents = read_element(reader("A103020105"))
    with pytest.raises(DecodeError) as caught:
        read_only(contents, OCTET_STRING)
    assert caught.value.offset == 2


def test_contents_cannot_be_left():
    contents = read_contents(reader("02AABBCC"))
    assert contents.remaining == 2
    with pytest.raises(DecodeError):
        contents.take(3)


@pytest.mark.parametrize("text", ["80", "85", "FF"])
def test_m08_indefinite_and_overlong_lengths_are_refused(text):
    with pytest.raises(DecodeError, match="length form"):
        read_element(reader("A1" + text + "00" * 200))


def test_m01_a_length_beyond_the_octets_left_is_refused():
    with pytest.raises(DecodeError, match="exceeds the 2 octets left"):
        read_element(reader("A103AABB"))


@pytest.mark.parametrize("tag", ["1F", "3F", "5F", "BF"])
def test_tags_of_several_octets_are_refused(tag):
    with pytest.raises(DecodeError, match="several octets"):
        read_element(reader(tag + "010100"))


def test_only_means_the_right_tag_and_nothing_behind():
    assert read_only(reader("0403616263"), OCTET_STRING).rest() == b"abc"
    with pytest.raises(DecodeError, match="tag 02 where 04 is expected"):
        read_only(reader("020105"), OCTET_STRING)
    with pytest.raises(DecodeError, match="too many"):
        read_only(reader("04016100"), OCTET_STRING)
    refuses_every_truncation(lambda octets: read_only(Reader(octets), OCTET_STRING), bytes.fromhex("0403616263"))


@pytest.mark.parametrize(("text", "number"), [("05", 5), ("FF", 255), ("00FF", 255), ("FFFFFFFF", 2**32 - 1)])
def test_numbers_are_never_negative(text, number):
    assert read_number(reader(text)) == number


@pytest.mark.parametrize("text", ["", "0000000000"])
def test_m06_numbers_have_one_to_four_octets(text):
    with pytest.raises(DecodeError, match="a number of"):
        read_number(reader(text))


def test_elements_are_written_with_shortest_lengths_and_none_is_left_out():
    writer = Writer()
    put_element(writer, 0x8B, b"\x01")
    put_element(writer, 0x8B, None)
    put_explicit(writer, 0xA6, OCTET_STRING, b"abc")
    put_explicit(writer, 0xA6, OCTET_STRING, None)
    put_integer(writer, 0xA2, 300)
    put_integer(writer, 0xA2, None)
    put_element(writer, 0xBE, bytes(128))
    assert writer.getvalue() == bytes.fromhex("8B0101 A6050403616263 A2040202012C BE8180") + bytes(128)


@pytest.mark.parametrize(("number", "octets"), [(0, "00"), (255, "FF"), (256, "0100"), (2**32 - 1, "FFFFFFFF")])
def test_numbers_take_as_few_octets_as_hold_them(number, octets):
    assert number_octets(number) == bytes.fromhex(octets)


def test_the_universal_tags_are_those_of_ber():
    assert (INTEGER, OCTET_STRING, OBJECT_IDENTIFIER) == (2, 4, 6)
