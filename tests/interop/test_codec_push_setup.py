"""Push setups against gurux-dlms: it reads what we write to one, and we read what it writes.

Of version 0: from version 1 on it has another form of entries than IEC 62056-6-2 (docs/protocol.md).
"""

from typing import Any

from gurux_dlms import GXByteBuffer, GXDLMSClient
from gurux_dlms.enums import Authentication, InterfaceType
from gurux_dlms.GXDLMSClient import _GXCommon, _GXDataInfo
from gurux_dlms.objects import GXDLMSCaptureObject, GXDLMSClock, GXDLMSPushSetup, GXDLMSRegister
from gurux_dlms.objects.enums import MessageType, ServiceType
import pytest

from custom_components.cosem.dlms.apdu import decode_apdu
from custom_components.cosem.dlms.apdu.set import SetRequestNormal
from custom_components.cosem.dlms.encoding.data import Data, encode_data_octets
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.interface_classes.push_setup import (
    PushMessage,
    PushObject,
    PushTransport,
    SendDestination,
    decode_push_object_list,
    decode_send_destination_and_method,
    encode_push_object_list,
    encode_send_destination_and_method,
    push_destination,
)
from custom_components.cosem.dlms.protocol.wrapper import decode_wpdu

LISTED = (
    (GXDLMSPushSetup("0.0.25.9.0.255"), 40, 1, 0),
    (GXDLMSRegister("1.0.1.8.0.255"), 3, 2, 0),
    (GXDLMSClock("0.0.1.0.0.255"), 8, 2, 0),
    (GXDLMSRegister("1.0.31.7.0.255"), 3, 3, 1),
)
OURS = tuple(
    PushObject(kind, LogicalName.parse(item.logicalName), attribute, part) for item, kind, attribute, part in LISTED
)


def written(setup: GXDLMSPushSetup, attribute: int) -> Data:
    """What its client writes to an attribute."""
    client = GXDLMSClient(True, 16, 1, Authentication.NONE, None, InterfaceType.WRAPPER)
    (frame,) = client.write(setup, attribute)
    request = decode_apdu(decode_wpdu(bytes(frame)).apdu)
    assert isinstance(request, SetRequestNormal)
    assert (request.attribute.class_id, request.attribute.attribute_index) == (40, attribute)
    return request.value


def read(data: Data, attribute: int) -> GXDLMSPushSetup:
    """What it understands of our value for an attribute."""
    value: Any = _GXCommon.getData(None, GXByteBuffer(encode_data_octets(data)), _GXDataInfo())
    setup = GXDLMSPushSetup("0.0.25.9.0.255")
    setup.version = 0
    client = GXDLMSClient(True, 16, 1, Authentication.NONE, None, InterfaceType.WRAPPER)
    client.updateValue(setup, attribute, value)
    return setup


def test_it_reads_our_list():
    found = read(encode_push_object_list(OURS, 0), 2).pushObjectList
    assert [(int(item.objectType), item.logicalName, co.attributeIndex, co.dataIndex) for item, co in found] == [
        (kind, item.logicalName, attribute, part) for item, kind, attribute, part in LISTED
    ]


def test_we_read_its_list():
    setup = GXDLMSPushSetup("0.0.25.9.0.255")
    setup.version = 0
    setup.pushObjectList = [(item, GXDLMSCaptureObject(attribute, part)) for item, _, attribute, part in LISTED]
    data = written(setup, 2)
    assert decode_push_object_list(data) == OURS
    assert encode_push_object_list(OURS, 0) == data


@pytest.mark.parametrize(
    ("ours", "theirs"), [(PushTransport.TCP, ServiceType.TCP), (PushTransport.UDP, ServiceType.UDP)]
)
def test_the_destination_is_the_same_both_ways(ours: PushTransport, theirs: ServiceType):
    sent = SendDestination(ours, push_destination("192.0.2.9", 4059), PushMessage.A_XDR)
    found = read(encode_send_destination_and_method(sent), 3)
    assert (found.service, found.destination, found.message) == (theirs, "192.0.2.9:4059", MessageType.COSEM_APDU)
    setup = GXDLMSPushSetup("0.0.25.9.0.255")
    setup.service, setup.destination, setup.message = theirs, "192.0.2.9:4059", MessageType.COSEM_APDU
    data = written(setup, 3)
    assert decode_send_destination_and_method(data) == sent
    assert encode_send_destination_and_method(sent) == data
