"""From notifications of every form to events."""

from collections.abc import Callable
import json
from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cosem.dlms import Heard, Source, TransportProtocol, WportPair
from custom_components.cosem.push.event_codes import CODE_TABLES
from custom_components.cosem.push.event_making import MOST_VALUES, EventMaker
from custom_components.cosem.push.meanings import MOST_EVENTS
from custom_components.cosem.push.meter_event import RAW_ON_BUS
from custom_components.cosem.push.routing import ReadNotification
from custom_components.cosem.push.shown_values import MOST_CHARACTERS
from tests.conftest import set_up
from tests.push.senders import data_notification, event_code, event_notification

TIME = "07EA0B1C060A000000000000"  # 2026-11-28 10:00:00, deviation 0


@pytest.fixture
async def made(
    hass: HomeAssistant, network: None, make_entry: Callable[..., MockConfigEntry]
) -> Callable[[bytes], list[dict[str, Any]]]:
    """What becomes of an APDU."""
    entry = await set_up(hass, make_entry())
    maker = EventMaker(hass, entry, entry.runtime_data.reader, CODE_TABLES["idis"])

    def events(apdu: bytes) -> list[dict[str, Any]]:
        source = Source(TransportProtocol.UDP, "192.0.2.7", 4059)
        read = ReadNotification.of(Heard(source=source, pair=WportPair(1, 1), apdu=apdu, authenticated=True))
        return [event.data() for event in maker.events(read)]

    return events


def test_an_event_notification_with_its_time(made):
    (event,) = made(b"\xc2\x01\x0c" + bytes.fromhex(TIME) + event_code(2)[2:])
    assert (event["event_type"], event["time"], event["kind"]) == (
        *("power_up", "2026-11-28T10:00:00+00:00"),
        "event_notification",
    )
    assert event["authenticated"] is True


def test_a_time_that_is_none_is_told_as_it_came(made):
    (event,) = made(b"\xc2\x01\x0c" + bytes.fromhex("FFFF0B1CFF0A000000800000") + event_code(2)[2:])
    assert event["time"] == "*-11-28 10:00:00"
    (event,) = made(b"\xc2\x01\x0c" + b"\xff" * 9 + b"\x80\x00\xff" + event_code(2)[2:])
    assert event["time"] is None


@pytest.mark.parametrize(
    ("pushed", "value", "unit"),
    [
        ("06 00000539 0202 0F00 161B", 1337, "W"),
        ("06 00000001 0202 0F7F 161B", None, None),
        ("17 7F800000 0202 0F00 161B", None, None),
        ("0A03 616263 0202 0F00 161B", "abc", None),
    ],
    ids=["a number", "a scaler that nobody believes", "infinity", "a text"],
)
def test_only_a_number_has_a_unit(made, pushed, value, unit):
    (event,) = made(data_notification(f"0101 0203 0906 0100010700FF {pushed}"))
    assert (event["value"], event["unit"]) == (value, unit)
    assert (event["raw"] is None) is (value is not None)


def test_a_short_name_that_nobody_knows_is_kept_as_it_came(made):
    report = bytes.fromhex("18 00 01 02 FA08 01 1107")
    (event,) = made(report)
    assert (event["logical_name"], event["value"], event["raw"]) == (None, 7, report.hex())


CLOCK_NOW = "0906 0000010000FF 090C 07EA0B1C060A0000FF000000"


@pytest.mark.parametrize(
    ("body", "time"),
    [
        (f"0204 {CLOCK_NOW} 0906 0000616214FF 0600000002", "2026-11-28T10:00:00+00:00"),
        ("0204 0906 0000010000FF 1900000000FF00000000000000 0906 0000616214FF 0600000002", None),
        ("0204 0906 0000010000FF 0902FFFF 0906 0000616214FF 0600000002", None),
        (f"0206 {CLOCK_NOW} 0906 0000010001FF 090C 07EA0B1C060B0000FF000000 0906 0000616214FF 0600000002", None),
        ("0101 0204 120001 0906 0000010000FF 0F02 090C07EA0B1C060A0000FF000000", None),
    ],
    ids=["its clock", "no time", "no date-time", "two clocks", "no clock"],
)
def test_a_clock_among_the_values_tells_when_it_was_sent(made, body, time):
    assert made(data_notification(body))[0]["time"] == time
    other = bytes.fromhex("0F00000001 0C 07EA0B1C060C0000FF000000") + bytes.fromhex(body)
    assert made(other)[0]["time"] == "2026-11-28T12:00:00+00:00"


def test_each_alarm_of_a_notification_is_an_event(made):
    found = made(event_notification("0600002002", "0.0.97.98.0.255"))
    assert [(event["event_type"], event["code"]) for event in found] == [("battery", 1), ("tamper", 13)]


def test_all_values_are_in_the_event(made):
    row = "02020906 0100010700FF 0600000064"
    (event,) = made(data_notification(f"0202{row}02020906 0100200700FF 120900"))
    assert event["kind"] == "data_notification"
    assert [(each["class_id"], each["logical_name"], each["unit"]) for each in event["values"]] == [
        (3, "1.0.1.7.0.255", "W"),
        (3, "1.0.32.7.0.255", "V"),
    ]
    assert event["raw"] is None
    (event,) = made(data_notification(f"0182{200:04X}" + row * 200))
    assert len(event["values"]) == MOST_VALUES


def test_a_part_of_an_attribute_says_which_part(made):
    """{class, name, attribute, data_index}: the third element of the alarm register, then a value as a whole."""
    entries = "0102 0204 120001 09060000616200FF 0F02 120003 0204 120003 09060100010700FF 0F02 120000"
    (event,) = made(data_notification(f"0203 {entries} 1107 0600000064"))
    part, whole = event["values"]
    assert (part["class_id"], part["attribute_index"], part["data_index"], part["value"]) == (1, 2, 3, 7)
    assert (whole["class_id"], whole["attribute_index"], whole["unit"]) == (3, 2, "W")
    assert "data_index" not in whole


def test_an_information_report_tells_its_short_names(made):
    (event,) = made(bytes.fromhex("18 00 01 02 FA00 01 1107"))
    assert (event["kind"], event["event_type"], event["logical_name"]) == ("information_report", "other", None)
    assert event["value"] == 7


@pytest.mark.parametrize(
    ("octets", "time"),
    [
        (b"20261128100000Z", "2026-11-28T10:00:00+00:00"),
        (b"20261128100000+0130", "2026-11-28T08:30:00+00:00"),
        (b"20261128100000", "2026-11-28T18:00:00+00:00"),  # local: that of the tests' Home Assistant is UTC-8
        (b"00010101000000+0130", "00010101000000+0130"),  # before the first year there is in UTC
        (b"soon", "soon"),
        (b"\xff\x00", "FF00"),
        (b"", ""),
        (b"<b>now</b>" + b"x" * 10_000, "bnow/b" + "x" * 58),
    ],
    ids=["utc", "offset", "local", "too early", "no time", "no text", "empty", "long"],
)
def test_m10_the_text_of_a_reports_time_is_utc_or_cleaned_and_cut(made, octets: bytes, time: str):
    """A field that has room for 64 KiB of anything: events and states keep no more than a time."""
    length = bytes([0x82]) + len(octets).to_bytes(2)
    (event,) = made(bytes.fromhex("18 01") + length + octets + bytes.fromhex("01 02 FA00 01 1107"))
    assert event["time"] == time


def test_what_is_not_understood_is_kept(made):
    apdu = data_notification("0202 1101 1102")
    assert made(apdu)[0]["raw"] == apdu.hex()
    (event,) = made(b"\xc2\x00\x00")
    assert (event["kind"], event["event_type"], event["raw"]) == ("undecodable", "other", "c20000")


def test_f49_a_number_without_its_unit_is_no_value(made):
    (event,) = made(event_notification("120900", "1.0.99.7.0.255", class_id=3))
    assert event["value"] is None
    assert event["raw"].endswith("120900")


def test_a_flood_of_alarms_in_one_notification_is_cut_and_said_once(made, caplog):
    rows = "".join(f"0202090600{channel:02X}616200FF15FFFFFFFFFFFFFFFF" for channel in range(100))
    assert len(made(data_notification(f"0164{rows}"))) == MOST_EVENTS
    rows = rows.replace("616200FF", "616201FF")
    assert len(made(data_notification(f"0164{rows}"))) == MOST_EVENTS
    assert caplog.text.count("the others are left out") == 1


def test_a_long_value_is_left_to_the_raw_notification(made):
    apdu = event_notification(f"0182{5000:04X}" + "11AA" * 5000, "0.0.96.50.0.255")
    (event,) = made(apdu)
    assert (event["value"], event["raw"]) == (None, apdu[:RAW_ON_BUS].hex())
    (event,) = made(event_notification("0104" + "11AA" * 4, "0.0.96.50.0.255"))
    assert len(json.dumps(event["value"])) <= MOST_CHARACTERS
    assert (event["value"] is None, event["raw"]) == (False, None)
    (event,) = made(event_notification("048207D0" + "FF" * 250, "0.0.96.50.0.255"))
    assert (event["value"], event["raw"][-4:]) == (None, "ffff")
    text = event_notification(f"0982{5000:04X}" + "41" * 5000, "0.0.96.50.0.255")
    assert len(made(text)[0]["value"]) <= MOST_CHARACTERS


def test_a_long_value_among_others_is_left_to_the_raw_notification_too(made):
    apdu = data_notification("0202 02020906 0100010700FF 0600000064 02020906 0000603200FF 01C8" + "11AA" * 200)
    apdu = apdu.replace(b"\x01\xc8", b"\x01\x81\xc8")
    (event,) = made(apdu)
    assert (event["value"], [each["value"] is None for each in event["values"]]) == (100, [False, True])
    assert event["raw"] == apdu.hex()
