"""Identity: logical device names, makers, and text fit for display."""

import pytest

from custom_components.cosem.dlms.encoding.data import (
    NULL,
    array,
    date_time,
    octet_string,
    unsigned,
    utf8_string,
    visible_string,
)
from custom_components.cosem.dlms.interface_classes.logical_device_name import (
    MANUFACTURERS,
    MAX_NAME,
    MAX_STATE,
    LogicalDeviceName,
    clean_text,
    display_text,
    logical_device_name_of,
    string_octets,
    text_of_octets,
)
from tests.dlms.interface_classes.golden_names import makers, read_table


def test_m10_text_from_a_meter_is_cleaned_and_capped():
    hostile = "<b>A&B</b>\x00\x07\x1b[31m\u202eR\u2028L\r\nend\ud800\ufeff"
    assert clean_text(hostile) == "bAB/b[31mRLend"
    assert len(clean_text("x" * 1000)) == MAX_STATE == 255
    assert len(clean_text("x" * 1000, MAX_NAME)) == 64
    assert clean_text("  padded  ") == "padded"
    assert clean_text("a" * 63 + " b", MAX_NAME) == "a" * 63
    assert clean_text("Zähler Ω 23 м³") == "Zähler Ω 23 м³"


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (b"ABC123", "ABC123"),
        (b"ABC123\x00\x00  ", "ABC123"),
        ("Zähler".encode(), "Zähler"),
        (b"\x01\x02\x03", None),
        (b"", None),
        (b"\x00\x00", None),
        (b"AB\x00CD", None),
        (b"\xff\xfe", None),
    ],
)
def test_an_octet_string_is_text_only_when_all_of_it_is(octets, text):
    assert text_of_octets(octets) == text


def test_an_encoding_can_be_given():
    octets = "Счётчик".encode("cp1251")
    assert text_of_octets(octets) is None
    assert text_of_octets(octets, "cp1251") == "Счётчик"
    assert text_of_octets(octets, "no such encoding") is None
    assert display_text(visible_string(octets.decode("latin-1")), encoding="cp1251") == "Счётчик"
    assert display_text(visible_string("\x01"), encoding="cp1251") == ""


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (visible_string("V1.2"), "V1.2"),
        (utf8_string("V1.2<"), "V1.2"),
        (octet_string(b"V1.2"), "V1.2"),
        (octet_string(b"\x01\xab"), "01AB"),
        (date_time(b"\xff" * 12), "FF" * 12),
        (unsigned(1), None),
        (NULL, None),
        (array(), None),
    ],
)
def test_display_text_shows_strings_and_octets_only(data, text):
    assert display_text(data) == text


def test_display_text_of_many_octets_is_capped():
    assert display_text(octet_string(b"\x01" * 1000)) == ("01" * 1000)[:MAX_STATE]


@pytest.mark.parametrize(
    ("octets", "flag_id", "manufacturer", "serial", "text"),
    [
        (b"LGZ1030655933512", "LGZ", "Landis+Gyr", "1030655933512", "LGZ1030655933512"),
        (b"isk12345", "ISK", "Iskraemeco", "12345", "ISK12345"),
        (b"XYZ0001", "XYZ", "XYZ", "0001", "XYZ0001"),
        (b"ABC\x00\x01\x02\x03", "ABC", "ABC", "00010203", "ABC00010203"),
        (b"ABC", "ABC", "ABC", "", "ABC"),
        (b"ABC\x00\x00", "ABC", "ABC", "", "ABC"),
        (b"ABC12<3>&", "ABC", "ABC", "123", "ABC123"),
        (b"12345678", None, None, "12345678", "12345678"),
        (b"\x01\x02\x03\x04", None, None, "01020304", "01020304"),
        (b"AB", None, None, "AB", "AB"),
    ],
)
def test_a_logical_device_name_tells_maker_and_serial(octets, flag_id, manufacturer, serial, text):
    name = LogicalDeviceName(octets)
    assert (name.flag_id, name.manufacturer, name.serial, name.text) == (flag_id, manufacturer, serial, text)


def test_different_binary_serials_stay_different():
    assert LogicalDeviceName(b"ABC\x01\x00").text != LogicalDeviceName(b"ABC\x01").text


def test_flag_ids_are_three_capital_letters():
    assert all(len(flag_id) == 3 and flag_id.isalpha() and flag_id.isupper() for flag_id in MANUFACTURERS)


def test_the_logical_device_name_comes_as_any_string():
    assert logical_device_name_of(octet_string(b"ABC1")) == LogicalDeviceName(b"ABC1")
    assert logical_device_name_of(visible_string("ABC1")) == LogicalDeviceName(b"ABC1")
    assert logical_device_name_of(utf8_string("ABC1")) == LogicalDeviceName(b"ABC1")
    assert logical_device_name_of(octet_string(b"")) is None
    assert logical_device_name_of(octet_string(bytes(16))) is None
    assert logical_device_name_of(unsigned(1)) is None
    assert logical_device_name_of(NULL) is None


def test_string_octets_are_those_that_were_sent():
    assert string_octets(visible_string("\xe9")) == b"\xe9"
    assert string_octets(visible_string("Ω")) == b"?"
    assert string_octets(utf8_string("\udcff")) == b"\xff"
    assert string_octets(array()) is None


def test_makers_have_the_names_that_were_read():
    assert makers() == read_table("maker")


def test_an_encoding_changes_what_comes_as_octets_and_nothing_else():
    russian = "Счётчик"
    assert display_text(utf8_string("Счётчик"), encoding="cp1251") == russian
    assert display_text(visible_string("Z\xe4hler")) == "Zähler"
    assert display_text(visible_string("ΩA"), encoding="cp1251") == "?A"


def test_a_visible_string_is_latin_1_also_where_its_octets_could_be_utf_8():
    assert display_text(visible_string("Ã¤")) == "Ã¤"


def test_octets_that_are_no_text_are_shown_in_capitals():
    assert LogicalDeviceName(b"\x01\xab").text == LogicalDeviceName(b"\x01\xab").serial == "01AB"
    assert LogicalDeviceName(b"ABC\x01\xab").serial == "01AB"


def test_a_name_without_letters_has_no_maker_and_four_letters_are_three_and_a_serial():
    assert LogicalDeviceName(b"1234").manufacturer is None
    assert LogicalDeviceName(b"ABCD").flag_id == "ABC"
    assert LogicalDeviceName(b"ABCD").serial == "D"


def test_trial_23_of_very_long_texts_only_the_beginning_is_looked_at():
    looked_at = []

    class Watched(str):
        __slots__ = ()

        def __getitem__(self, key):
            looked_at.append(key)
            return super().__getitem__(key)

    assert clean_text(Watched("a" * 1_000_000)) == "a" * 255
    assert looked_at[0] == slice(None, 4_096, None)
    assert clean_text("\x01" * 1_000_000 + "a") == ""
    assert display_text(octet_string(b"a" * 1_000_000)) == "a" * 255
    assert display_text(octet_string(b"\xff" * 1_000_000)) == "FF" * 127 + "F"
    assert len(text_of_octets(b"a" * 1_000_000)) == 4_096
    assert LogicalDeviceName(b"ABC" + b"1" * 1_000_000).text == "ABC" + "1" * 64
    assert LogicalDeviceName(b"\xff" * 1_000_000).text == "F" * 64
    assert LogicalDeviceName(b"ABC" + b"\xff" * 1_000_000).serial == "F" * 64


@pytest.mark.parametrize("shift", range(5))
@pytest.mark.parametrize("character", ["é", "€", "😀"])
def test_a_character_at_the_end_of_what_is_looked_at_is_no_error(shift, character):
    text = text_of_octets(b"a" * shift + character.encode() * 3_000)
    assert text == ("a" * shift + character * 3_000)[: len(text)]
    assert 4_096 - 4 < len(text.encode()) <= 4_096
    broken = b"a" * 4_000 + b"\xff" + b"a" * 1_000
    assert text_of_octets(broken) is None
    assert text_of_octets(b"a" * 4_093 + b"\xff" * 9) == "a" * 4_093
    assert text_of_octets(b"a" * 4_092 + b"\xff" * 9) is None
    assert text_of_octets(b"a" * 4_093 + b"\xff") is None
