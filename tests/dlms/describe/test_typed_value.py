"""Types and values as they are typed. What is refused is not repeated: it may be a secret."""

import pytest

from custom_components.cosem.dlms.describe.typed_value import checked_type_name, typed_data
from custom_components.cosem.dlms.encoding.data import encode_data_octets
from custom_components.cosem.dlms.encoding.data_types import DataType
from custom_components.cosem.dlms.errors import LocalProtocolError

CLOCK = "07EA0B1C060E030500FFC400"


@pytest.mark.parametrize(
    ("kind", "text", "octets"),
    [
        ("null-data", None, "00"),
        ("null-data", "", "00"),
        ("dont-care", None, "FF"),
        ("boolean", "true", "0301"),
        ("boolean", "FALSE", "0300"),
        ("boolean", "1", "0301"),
        ("bit-string", "10100101101", "040BA5A0"),
        ("double-long", "-2147483648", "0580000000"),
        ("double-long-unsigned", "4294967295", "06FFFFFFFF"),
        ("double-long-unsigned", "0x1F", "060000001F"),
        ("octet-string", "01 00:FF", "09030100FF"),
        ("octet-string", "", "0900"),
        ("octet-string", "2026-11-28T14:03:05+01:00", f"090C{CLOCK}"),
        ("visible-string", "-ab 1", "0A052D61622031"),
        ("utf8-string", "\u00e9", "0C02C3A9"),
        ("bcd", "12", "0D12"),
        ("bcd", "7", "0D07"),
        ("integer", "-128", "0F80"),
        ("long", "-2", "10FFFE"),
        ("unsigned", "255", "11FF"),
        ("long-unsigned", "65535", "12FFFF"),
        ("long64", "-1", "14FFFFFFFFFFFFFFFF"),
        ("long64-unsigned", "18446744073709551615", "15FFFFFFFFFFFFFFFF"),
        ("enum", "30", "161E"),
        ("float32", "1.5", "173FC00000"),
        ("float64", "-2", "18C000000000000000"),
        ("date-time", "2026-11-28T14:03:05+01:00", f"19{CLOCK}"),
        ("date-time", "2026-11-28T14:03:05.25", "1907EA0B1C060E0305198000FF"),
        ("date-time", CLOCK, f"19{CLOCK}"),
        ("date-time", "07EA0B1C 060E0305 00FFC400", f"19{CLOCK}"),
        ("date-time", "2026-11-28 14:03:05+0100", f"19{CLOCK}"),
        ("date-time", "2026-11-28T13:03:05Z", "1907EA0B1C060D030500000000"),
        ("date-time", "2026-11-28T14:03+14:00", "1907EA0B1C060E030000FCB800"),
        ("date-time", "2026-11-28T24:00", "1907EA0B1D07000000008000FF"),
        ("date", "2026-11-28", "1A07EA0B1C06"),
        ("date", "FFFF0C18FF", "1AFFFF0C18FF"),
        ("time", "14:03:05", "1B0E030500"),
        ("time", "14:03:05,25", "1B0E030519"),
        ("time", "14:03:05.250000", "1B0E030519"),
        ("time", "FF00FFFF", "1BFF00FFFF"),
        ("time", "17030000", "1B17030000"),
        ("time", "10111213", "1B10111213"),
        ("time", "18000000", "1B18000000"),
        ("date", "0800010112", "1A0800010112"),
        ("octet-string", "00:1A:22", "0903001A22"),
        ("octet-string", "140300", "0903140300"),
        ("delta-integer", "-1", "1CFF"),
        ("delta-long-unsigned", "65535", "20FFFF"),
        ("hex", "02 02 0F 00 16 1E", "02020F00161E"),
        ("hex", "0100", "0100"),
    ],
)
def test_a_value_is_encoded_with_its_type(kind: str, text: str | None, octets: str):
    assert checked_type_name(kind) == kind
    assert encode_data_octets(typed_data(kind, text)).hex().upper() == octets


CANARY = "C0FFEE5EC2E7X"


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        ("null-data", CANARY, "no value"),
        ("boolean", CANARY, "true or false"),
        ("bit-string", CANARY, "0 and 1"),
        ("double-long-unsigned", CANARY, "from 0 to 4294967295"),
        ("double-long-unsigned", "4294967296", "from 0 to 4294967295"),
        ("double-long-unsigned", "-1", "from 0 to"),
        ("double-long-unsigned", "1_000", "from 0 to"),
        ("double-long-unsigned", "\u0663", "from 0 to"),
        ("double-long-unsigned", "1" * 5000, "from 0 to"),
        ("double-long-unsigned", "1.5", "from 0 to"),
        ("unsigned", "", "from 0 to 255"),
        ("enum", "256", "from 0 to 255"),
        ("delta-integer", "128", "from -128 to 127"),
        ("octet-string", CANARY, "hexadecimal"),
        ("octet-string", "123", "hexadecimal"),
        ("octet-string", "2026-13-28T00:00", "no such day"),
        ("octet-string", "2026-11-28T14:03:00+23:59", "14 hours at most"),
        ("octet-string", "2026-11-28", "hexadecimal"),
        ("octet-string", "20261128T140300", "hexadecimal"),
        ("octet-string", "14:03", "without colons"),
        ("octet-string", "14:03:00", "without colons"),
        ("octet-string", "14:03:00Z", "without colons"),
        ("visible-string", "\u00e9", "ASCII"),
        ("bcd", "123", "two digits"),
        ("bcd", "0xA", "two digits"),
        ("float32", CANARY, "12.5"),
        ("float32", "1e39", "12.5"),
        ("float64", "nan", "12.5"),
        ("float64", "inf", "12.5"),
        ("date-time", CANARY, "12 octets"),
        ("date-time", "0102", "12 octets"),
        ("date-time", "2026-11-28", "12 octets"),
        ("date-time", "20261128T140300", "12 octets"),
        ("date-time", "2026-11-28T14:03:00+01:00:59", "12 octets"),
        ("date-time", "2026-11-28T14:03:00+14:01", "14 hours at most"),
        ("date-time", "2026-11-28T14:03:00-23:59", "14 hours at most"),
        ("date-time", "2026-11-28T14:03:00+25:00", "no such day or time"),
        ("date-time", "9999-12-31T24:00", "no such day or time"),
        ("date-time", "07EA0D1C060E030500FFC400", "these octets are none"),
        ("date", CANARY, "5 octets"),
        ("date", "2026112899", "these octets are none"),
        ("date", "20261128", "5 octets"),
        ("date", "2026-02-30", "no such day or time"),
        ("date", "2026-11-28T14:03", "5 octets"),
        ("time", CANARY, "4 octets"),
        ("time", "140300", "4 octets"),
        ("time", "10:11:12:13", "4 octets"),
        ("time", "23593000", "these octets are none"),
        ("time", "24:00", "00:00 of the next day"),
        ("time", "25:00", "no such day or time"),
        ("time", "14:03:05.255", "4 octets"),
        ("time", "14:03:00+01:00", "has no offset"),
        ("time", "14:03:00Z", "has no offset"),
        ("array", CANARY, "hex"),
        ("structure", CANARY, "hex"),
        ("compact-array", CANARY, "hex"),
        ("hex", CANARY, "encoded Data"),
        ("hex", "06 00", "encoded Data"),
        ("hex", "11 01 02", "encoded Data"),
        ("hex", "01" * 200, "encoded Data"),
    ],
)
def test_what_is_no_value_of_a_type_is_described_not_repeated(kind: str, text: str, words: str):
    with pytest.raises(LocalProtocolError) as refused:
        typed_data(kind, text)
    assert words in str(refused.value)
    assert CANARY not in str(refused.value)


@pytest.mark.parametrize(
    "kind", sorted({each.standard_name for each in DataType} - {"null-data", "dont-care"} | {"hex"})
)
def test_every_other_type_needs_a_value(kind: str):
    with pytest.raises(LocalProtocolError):
        typed_data(kind, None)


def test_an_unknown_type_is_answered_with_the_list():
    with pytest.raises(LocalProtocolError, match=r"double-long-unsigned, .*and hex") as refused:
        checked_type_name(CANARY)
    assert CANARY not in str(refused.value)
