"""What a notification says in plain JSON: tests/dlms/command_line/test_heard.py has whole ones."""

import pytest

from custom_components.cosem.dlms.apdu import decode_apdu
from custom_components.cosem.dlms.describe.notifications import (
    described_pushed_value,
    notification_time,
    pushed_value_and_unit,
)
from custom_components.cosem.dlms.encoding.data import NULL, double_long_unsigned
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.interface_classes.pushed_rows import PushedValue
from custom_components.cosem.dlms.interface_classes.register import ScalerUnit

IMPORT = LogicalName.parse("1.0.1.8.0.255")
EVENT = bytes.fromhex("C2 01 0C 07EA0B1C06 0E030000 FFC4 00 0003 0100010800FF 02 06 00BC614E")
DATA = bytes.fromhex("0F 00000001 0C 07EA0B1C06 0E030000 FFC4 00 11 01")
REPORT = bytes.fromhex("18 01 0F 32303236313132383134303330305A 01 02 FA00 01 06 000000AA")


@pytest.mark.parametrize(
    ("octets", "time"),
    [
        (EVENT, "2026-11-28T14:03:00+01:00"),
        (DATA, "2026-11-28T14:03:00+01:00"),
        (REPORT, "2026-11-28T14:03:00+00:00"),
        (EVENT[:1] + b"\0" + EVENT[15:], None),
        (REPORT[:1] + b"\0" + REPORT[18:], None),
        (EVENT[:3] + bytes.fromhex("07EA0DFFFF63FFFFFF800000") + EVENT[15:], "07EA0DFFFF63FFFFFF800000"),
        (REPORT.replace(b"Z", b"\xff"), "3230323631313238313430333030FF"),
        (REPORT.replace(b"Z", b"+"), "20261128140300+"),
    ],
)
def test_the_time_is_iso_8601_or_as_it_came(octets: bytes, time: str | None):
    assert notification_time(decode_apdu(octets)) == time


@pytest.mark.parametrize(("octet", "longest"), [(b"x", 64), (b"\xff", 128)])
def test_m10_what_stands_instead_of_a_time_is_cut(octet: bytes, longest: int):
    octets = bytes.fromhex("18 01 82 2000") + octet * 0x2000 + bytes.fromhex("01 02 FA00 01 06 000000AA")
    assert len(notification_time(decode_apdu(octets)) or "") == longest


def test_what_is_not_decoded_has_no_time():
    assert notification_time(None) is None


def test_a_value_has_its_name_and_unit():
    value = PushedValue(IMPORT, 3, 2, double_long_unsigned(1337), ScalerUnit(1, 30))
    assert pushed_value_and_unit(value) == ("13370", "Wh")
    assert described_pushed_value(value) == {
        "class_id": 3,
        "logical_name": "1.0.1.8.0.255",
        "attribute": 2,
        "value": "13370",
        "unit": "Wh",
    }


def test_a_part_and_a_short_name_are_said():
    part = described_pushed_value(PushedValue(IMPORT, 7, 2, NULL, data_index=3))
    assert (part["data_index"], part["value"]) == (3, None)
    short = described_pushed_value(PushedValue(None, None, None, double_long_unsigned(170), short_name=0xFA00))
    assert short == {
        "class_id": None,
        "logical_name": None,
        "attribute": None,
        "value": 170,
        "unit": None,
        "short_name": 0xFA00,
    }
