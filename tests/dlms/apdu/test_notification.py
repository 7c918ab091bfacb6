"""EventNotification, DataNotification and its confirm."""

import pytest

from custom_components.cosem.dlms.apdu import decode_apdu, encode_apdu
from custom_components.cosem.dlms.apdu.common import AttributeDescriptor, LongInvokeIdAndPriority
from custom_components.cosem.dlms.apdu.notification import (
    DataNotification,
    DataNotificationConfirm,
    EventNotificationRequest,
)
from custom_components.cosem.dlms.encoding.data import Data, DataType
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from tests.dlms.apdu.samples import check_refusals, check_sample, hexadecimal

NOON = bytes.fromhex("07E901010300000000FFC400")
VALUE = Data(DataType.UNSIGNED, 7)
ALARM = AttributeDescriptor(1, LogicalName.parse("0.0.97.98.0.255"), 2)
FORMS = [
    EventNotificationRequest(None, ALARM, VALUE),
    EventNotificationRequest(NOON, ALARM, VALUE),
    DataNotification(LongInvokeIdAndPriority(1), None, VALUE),
    DataNotification(LongInvokeIdAndPriority(1, confirmed=True), NOON, VALUE),
    DataNotificationConfirm(LongInvokeIdAndPriority(1), None),
    DataNotificationConfirm(LongInvokeIdAndPriority(1), NOON),
]


@pytest.mark.parametrize("apdu", FORMS, ids=lambda apdu: type(apdu).__name__)
def test_every_form_round_trips(apdu: DataNotification):
    assert check_sample(encode_apdu(apdu)) == apdu


@pytest.mark.parametrize("spelling", ["01 0C", "01", "09 0C", "FF 0C"])
def test_leniency_spellings_of_the_event_time(spelling: str):
    octets = hexadecimal("C2" + spelling) + NOON + hexadecimal("0001 0000616200FF 02 1107")
    apdu = decode_apdu(octets)
    assert apdu == EventNotificationRequest(NOON, ALARM, VALUE)
    assert encode_apdu(apdu)[:3] == hexadecimal("C2 01 0C")
    check_refusals(octets)


@pytest.mark.parametrize("spelling", ["0C", "09 0C", "19"])
def test_leniency_tagged_date_time_of_a_data_notification(spelling: str):
    octets = hexadecimal("0F 00000001" + spelling) + NOON + hexadecimal("1107")
    apdu = decode_apdu(octets)
    assert apdu == DataNotification(LongInvokeIdAndPriority(1), NOON, VALUE)
    assert encode_apdu(apdu)[5:6] == b"\x0c"
    check_refusals(octets)
