"""What the meter sends unasked, against octets written by hand."""

import pytest

from custom_components.cosem.dlms.encoding.data import (
    double_long_unsigned,
    enum,
    integer,
    octet_string,
    structure,
    unsigned,
    visible_string,
)
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from tests.simulated_meter.notifications import (
    CONFIRMED,
    BodyForm,
    Pushed,
    TimeForm,
    body,
    data_notification,
    event_notification,
    information_report,
)

ALARM = Pushed(class_id=1, logical_name=LogicalName.parse("0.0.97.98.0"), value=double_long_unsigned(4))
IMPORT = Pushed(class_id=3, logical_name=LogicalName.parse("1.0.1.8.0"), value=double_long_unsigned(5))
EXPORT = Pushed(
    class_id=3,
    logical_name=LogicalName.parse("1.0.2.8.0"),
    value=unsigned(7),
    scaler_unit=structure(integer(0), enum(30)),
)
SETUP = LogicalName.parse("0.0.25.9.0")
TIME = bytes.fromhex("07EA0301070C1E0F00000000")


@pytest.mark.parametrize(
    ("form", "octets"),
    [
        (TimeForm.ABSENT, "C200 0001 0000616200FF 02 0600000004"),
        (TimeForm.SIZED, "C2010C07EA0301070C1E0F00000000 0001 0000616200FF 02 0600000004"),
        (TimeForm.FIXED, "C20107EA0301070C1E0F00000000 0001 0000616200FF 02 0600000004"),
        (TimeForm.TAGGED, "C2090C07EA0301070C1E0F00000000 0001 0000616200FF 02 0600000004"),
    ],
)
def test_an_event_notification_has_its_time_in_every_spelling(form: TimeForm, octets: str) -> None:
    assert event_notification(ALARM, TIME, form) == bytes.fromhex(octets)


@pytest.mark.parametrize(
    ("form", "octets"),
    [
        (
            BodyForm.LISTED,
            "0202 0102 0204 120028 09060000190900FF 0F02 120000 0204 120003 09060100010800FF 0F02 120000 0600000005",
        ),
        (BodyForm.DEVICE, "0204 0903 4D4D37 09060000190900FF 0600000005 1107"),
        (BodyForm.TUPLES, "0202 0204 120003 09060100010800FF 0F02 0600000005 0204 120003 09060100020800FF 0F02 1107"),
        (BodyForm.ROWS, "0202 0202 09060100010800FF 0600000005 0203 09060100020800FF 1107 02020F00161E"),
        (BodyForm.PAIRS, "0205 09060100010800FF 0600000005 09060100020800FF 1107 02020F00161E"),
        (BodyForm.POSITIONAL, "0202 0600000005 1107"),
    ],
)
def test_a_body_tells_whose_the_values_are(form: BodyForm, octets: str) -> None:
    pushed = [IMPORT] if form is BodyForm.LISTED else [IMPORT, EXPORT]
    sent = data_notification(body(form, pushed, SETUP, b"MM7"), 1)
    assert sent == bytes.fromhex("0F00000001 00" + octets)


def test_a_data_notification_may_have_a_time_and_look_confirmed() -> None:
    assert data_notification(double_long_unsigned(948), 2, TIME, flags=CONFIRMED) == bytes.fromhex(
        "0F400000020C07EA0301070C1E0F00000000 06000003B4"
    )
    assert data_notification(double_long_unsigned(948), 0x1000002, TIME, is_tagged=True) == bytes.fromhex(
        "0F00000002090C07EA0301070C1E0F00000000 06000003B4"
    )


def test_an_information_report_names_its_variables_in_front_of_all_values() -> None:
    assert information_report([(0x1008, double_long_unsigned(0x12D687))], "20260301120015Z") == bytes.fromhex(
        "18010F32303236303330313132303031355A 01021008 01060012D687"
    )
    assert information_report(
        [(0x0100, double_long_unsigned(1)), (0x0108, octet_string(bytes.fromhex("0100010800FF")))]
    ) == bytes.fromhex("1800 02 020100 020108 02 0600000001 09060100010800FF")
    assert information_report([(0x0100, visible_string("A"))])[-3:] == b"\x0a\x01A"
