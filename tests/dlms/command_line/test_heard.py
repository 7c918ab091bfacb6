"""One notification for people and programs."""

import json

import pytest

from custom_components.cosem.dlms.addresses import TransportProtocol
from custom_components.cosem.dlms.client.hearing import Heard, Source
from custom_components.cosem.dlms.command_line.heard import UNDECODABLE, HeardNotification
from custom_components.cosem.dlms.errors import AuthenticationTagInvalid, DecodeError, DlmsError, SystemTitleMismatch
from custom_components.cosem.dlms.protocol.proposal import WportPair

SOURCE = Source(TransportProtocol.UDP, "192.0.2.7", 4059)
UNLIKELY = "07EA0DFFFF63FFFFFF800000"
TITLE = bytes.fromhex("4D4D4D0000000001")
MEASURED = bytes.fromhex("C2 00 0003 0100010800FF 02 06 00BC614E")
TIMED = bytes.fromhex("C2 01 0C 07EA0B1C06 0E030000 FFC4 00 0003 0100010800FF 02 06 00BC614E")
REPORT = bytes.fromhex("18 01 0F 32303236313132383134303330305A 01 02 FA00 01 06 000000AA")
ROWS = bytes.fromhex("0F 00000001 00 02 01 02 03 09 06 0100010800FF 06 00000539 02 02 0F 00 16 1E")


def of(apdu: bytes, source: Source = SOURCE, **named: object) -> HeardNotification:
    return HeardNotification.of(Heard(source=source, pair=WportPair(16, 1), apdu=apdu, **named))  # type: ignore[arg-type]  # by name


def test_an_event_notification_for_programs():
    assert of(TIMED).to_json() == {
        "kind": "event-notification",
        "transport": "udp",
        "source": "192.0.2.7:4059",
        "source_wport": 1,
        "destination_wport": 16,
        "system_title": None,
        "authenticated": False,
        "encrypted": False,
        "may_be_old": False,
        "time": "2026-11-28T14:03:00+01:00",
        "items": [{"class_id": 3, "logical_name": "1.0.1.8.0.255", "attribute": 2, "value": 12_345_678, "unit": None}],
        "body": {"type": "double-long-unsigned", "value": 12_345_678},
        "raw": TIMED.hex().upper(),
    }
    assert of(MEASURED).to_json()["time"] is None


def test_values_with_units_of_a_data_notification():
    told = of(ROWS).to_json()
    (item,) = told["items"]
    assert (told["kind"], item["value"], item["unit"]) == ("data-notification", "1337", "Wh")
    assert told["body"] == {"type": "structure", "value": [described_row()]}


def described_row():
    return {
        "type": "structure",
        "value": [
            {"type": "octet-string", "value": "0100010800ff"},
            {"type": "double-long-unsigned", "value": 1337},
            {"type": "structure", "value": [{"type": "integer", "value": 0}, {"type": "enum", "value": 30}]},
        ],
    }


@pytest.mark.parametrize("name", ["0000010000FF", "0001010000FF"], ids=["clock", "clock of channel 1"])
def test_the_time_of_a_clock_without_its_class_is_a_time(name: str):
    clock = bytes.fromhex(f"0F 00000001 00 02 02 09 06 {name} 09 0C 07EA0B1C060E0300008000FF")
    assert [item["value"] for item in of(clock).to_json()["items"]] == ["2026-11-28T14:03:00"]
    odd = bytes.fromhex(f"0F 00000001 00 02 02 09 06 {name} 09 02 0102")
    assert [item["value"] for item in of(odd).to_json()["items"]] == ["0102"]


def test_an_information_report_keeps_its_short_names():
    told = of(REPORT).to_json()
    assert told["kind"] == "information-report"
    assert told["items"] == [
        {"class_id": None, "logical_name": None, "attribute": None, "value": 170, "unit": None, "short_name": 0xFA00}
    ]
    assert told["body"] == [{"type": "double-long-unsigned", "value": 170}]
    assert of(REPORT).lines()[1:] == ["  short name 64000  170"]


@pytest.mark.parametrize(
    ("text", "time"),
    [
        (b"20261128140300+0", "20261128140300+0"),
        (b"20261128\x1b[2J", "32303236313132381B5B324A"),
        (b"20261128140300.5", "2026-11-28T14:03:00.500000"),
        (b"2026112814030\xff", "32303236313132383134303330FF"),
        (b"20261128140300Z", "2026-11-28T14:03:00+00:00"),
        (b"20261128140300+0130", "2026-11-28T14:03:00+01:30"),
        (b"202611281403", "2026-11-28T14:03:00"),
        (bytes.fromhex("07EA0B1C060E030000FFC400"), "2026-11-28T14:03:00+01:00"),
        (b"\xff" * 12, "FF" * 12),
    ],
)
def test_times_of_information_reports_are_iso_8601_or_as_they_came(text: bytes, time: str):
    assert of(REPORT[:2] + bytes([len(text)]) + text + REPORT[18:]).time == time


@pytest.mark.parametrize(
    ("octets", "time"),
    [
        ("FF" * 12, None),
        ("FF" * 9 + "8000FF", None),
        ("07EA0DFFFF63FFFFFF800000", "07EA0DFFFF63FFFFFF800000"),
        ("07EA021EFF0E030000800000", "2026-02-30 14:03:00"),
        ("07EA0B1DFFFFFFFFFF8000FF", "2026-11-29 *:*:*"),
    ],
    ids=["nothing", "nothing, as most write it", "no month", "30 February", "a day"],
)
def test_a_time_that_is_none_hides_nothing(octets: str, time: str | None):
    assert of(TIMED[:3] + bytes.fromhex(octets) + TIMED[15:]).to_json()["time"] == time


def test_what_a_value_is_part_of_is_said():
    pushed = "02 02 01 02 02 04 12 0007 09 06 0100630100FF 0F 02 12 0000 02 04 12 0007 09 06 0100630100FF 0F 02 12 0003"
    notification = of(
        bytes.fromhex("0F 00000001 00 02 02") + bytes.fromhex(pushed)[2:] + bytes.fromhex("0202 1101 1102")
    )
    items = notification.to_json()["items"]
    assert [item.get("data_index") for item in items] == [None, 3]
    assert ", part 3  2" in notification.lines()[2]


def test_what_is_not_understood_is_shown_as_it_is():
    notification = of(bytes.fromhex("0F 00000001 00 02 02 11 05 0A 03 616263"))
    assert notification.to_json()["items"] == []
    line = notification.lines()[1]
    assert line.startswith("  not understood: {")
    assert json.loads(line.partition(": ")[2])["value"][1] == {"type": "visible-string", "value": "abc"}


@pytest.mark.parametrize("apdu", [MEASURED[:-1], MEASURED + b"\0", b"\x0f\x00", b"\xff"])
def test_octets_that_make_no_notification_are_shown(apdu: bytes):
    notification = of(apdu)
    told = notification.to_json()
    assert (told["kind"], told["items"], told["body"], told["raw"]) == (UNDECODABLE, [], None, apdu.hex().upper())
    assert notification.lines()[-1] == f"  {apdu.hex().upper()}"


def test_what_cannot_be_opened_says_why():
    notification = of(b"\xca\x00", error=AuthenticationTagInvalid("the tag does not match"), encrypted=True)
    assert notification.to_json()["encrypted"] is True
    assert notification.lines()[1].startswith("  the tag does not match. ")


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (
            SystemTitleMismatch("not known", found=TITLE),
            "  not known. It needs the meter's keys: set DLMS_ENCRYPTION_KEY",
        ),
        (
            SystemTitleMismatch("not known"),
            "  not known. It needs the meter's keys, and meter_system_title in --keys-file",
        ),
        (DecodeError("cut off"), "  cut off (at octet 0). It is damaged, or something else than a notification"),
    ],
    ids=["title of another", "no title", "damaged"],
)
def test_who_only_listens_is_told_what_is_missing(error: DlmsError, advice: str):
    assert of(b"\xdb\x00", error=error).lines()[1].startswith(advice)


def test_lines_for_people_say_who_what_and_how_far_to_be_believed():
    place = Source(TransportProtocol.TCP, "2001:db8::7", 50_000)
    believed = of(TIMED, place, authenticated=True, encrypted=True, system_title=TITLE)
    assert believed.to_json()["source"] == "[2001:db8::7]:50000"
    who = "event-notification from [2001:db8::7]:50000 (tcp), wPort 1, system title 4D4D4D0000000001"
    assert believed.lines() == [
        f"{who}, at 2026-11-28T14:03:00+01:00; authenticated, encrypted",
        "  3:1.0.1.8.0.255:2 (active energy import)  12345678",
    ]
    assert of(MEASURED).lines()[0].endswith("; not authenticated: anybody could have sent it")
    assert of(ROWS).lines()[1] == "  1.0.1.8.0.255 (active energy import)  1337 Wh"


def test_texts_that_would_steer_a_terminal_are_escaped():
    text = bytes.fromhex("C2 00 0001 0000600100FF 02 0A 04 1B5B324A")
    assert "\x1b" not in "".join(of(text).lines())
