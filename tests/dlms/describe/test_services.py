"""APDUs of the services as plain objects."""

import json

import pytest

from custom_components.cosem.dlms.apdu import Apdu, decode_apdu
from custom_components.cosem.dlms.apdu.access import AccessKind, AccessRequest, AccessResponse, AccessSpecification
from custom_components.cosem.dlms.apdu.action import (
    ActionRequestNormal,
    ActionRequestWithFirstPblock,
    ActionRequestWithList,
    ActionRequestWithListAndFirstPblock,
)
from custom_components.cosem.dlms.apdu.common import (
    DataAccessResult,
    DataBlock,
    LongInvokeIdAndPriority,
)
from custom_components.cosem.dlms.apdu.get import GetResponseWithDatablock
from custom_components.cosem.dlms.apdu.notification import DataNotificationConfirm
from custom_components.cosem.dlms.apdu.set import (
    SetRequestNormal,
    SetRequestWithFirstDatablock,
    SetRequestWithList,
    SetRequestWithListAndFirstDatablock,
)
from custom_components.cosem.dlms.apdu.short_name import (
    BlockNumberAccess,
    BlockNumberResult,
    InformationReportRequest,
    ReadDataBlockAccess,
    ReadRequest,
    ReadResponse,
    WriteDataBlockAccess,
    WriteResponse,
)
from custom_components.cosem.dlms.describe import describe
from custom_components.cosem.dlms.encoding.data import Data, DataType
from tests.dlms.describe.secret_samples import (
    BLOCK,
    INVOKE,
    PUBLIC_METHOD,
    SECRET,
    SECRET_ATTRIBUTE,
    SECRET_METHOD,
    TIME,
    VALUE,
    check_masked,
)

SECRETS_OF_SERVICES: list[Apdu] = [
    SetRequestNormal(INVOKE, SECRET_ATTRIBUTE, None, VALUE),
    SetRequestWithFirstDatablock(INVOKE, SECRET_ATTRIBUTE, None, BLOCK),
    SetRequestWithList(INVOKE, ((TIME, None), (SECRET_ATTRIBUTE, None)), (Data(DataType.UNSIGNED, 1), VALUE)),
    SetRequestWithList(INVOKE, ((SECRET_ATTRIBUTE, None),), (Data(DataType.UNSIGNED, 1), VALUE)),
    SetRequestWithListAndFirstDatablock(INVOKE, ((TIME, None), (SECRET_ATTRIBUTE, None)), BLOCK),
    ActionRequestNormal(INVOKE, SECRET_METHOD, VALUE),
    ActionRequestWithFirstPblock(INVOKE, SECRET_METHOD, BLOCK),
    ActionRequestWithList(INVOKE, (SECRET_METHOD,), (VALUE,)),
    ActionRequestWithListAndFirstPblock(INVOKE, (SECRET_METHOD,), BLOCK),
    AccessRequest(LongInvokeIdAndPriority(1), None, (AccessSpecification(AccessKind.SET, SECRET_ATTRIBUTE),), (VALUE,)),
]


def test_what_goes_to_a_public_attribute_is_shown():
    apdus: list[Apdu] = [
        SetRequestNormal(INVOKE, TIME, None, VALUE),
        SetRequestWithFirstDatablock(INVOKE, TIME, None, BLOCK),
        SetRequestWithList(INVOKE, ((TIME, None),), (VALUE, VALUE)),
        SetRequestWithListAndFirstDatablock(INVOKE, ((TIME, None),), BLOCK),
        ActionRequestWithFirstPblock(INVOKE, PUBLIC_METHOD, BLOCK),
        ActionRequestWithListAndFirstPblock(INVOKE, (PUBLIC_METHOD,), BLOCK),
    ]
    for apdu in apdus:
        assert SECRET.hex() in json.dumps(describe(apdu))


def test_action_without_parameters_says_so():
    assert describe(ActionRequestNormal(INVOKE, PUBLIC_METHOD))["parameters"] is None


def test_aborted_transfer_shows_its_error():
    described = describe(GetResponseWithDatablock(INVOKE, True, 3, DataAccessResult(15)))
    assert described["error"] == 15
    assert "raw_data" not in described


def test_short_name_forms_that_no_sample_has():
    block = DataBlock(True, 1, b"\xaa")
    shown_block = {"last_block": True, "block_number": 1, "raw_data": "aa"}
    request = ReadRequest((BlockNumberAccess(1), ReadDataBlockAccess(block), WriteDataBlockAccess(False, 2)))
    assert describe(request)["variables"] == [
        {"block_number": 1},
        {"read_data_block": shown_block},
        {"write_data_block": {"last_block": False, "block_number": 2}},
    ]
    assert describe(ReadResponse((block, BlockNumberResult(3))))["results"] == [
        {"data_block": shown_block},
        {"block_number": 3},
    ]
    assert describe(WriteResponse((None, DataAccessResult(3))))["results"] == [{"success": True}, {"error": 3}]
    assert describe(InformationReportRequest(b"20250101", (), ()))["current_time"] == "20250101"


def test_access_response_may_echo_the_specifications():
    specification = AccessSpecification(AccessKind.ACTION, PUBLIC_METHOD)
    described = describe(AccessResponse(LongInvokeIdAndPriority(1), None, (specification,), (), ()))
    assert described["request_specifications"] == [
        {"kind": "action", "class_id": 8, "instance": "0.0.1.0.0.255", "method": 1}
    ]


def test_confirm_of_a_notification():
    described = describe(DataNotificationConfirm(LongInvokeIdAndPriority(1), bytes(12)))
    assert described["date_time"] == 24 * "0"


@pytest.mark.parametrize("apdu", SECRETS_OF_SERVICES, ids=lambda apdu: type(apdu).__name__)
def test_secret_is_masked_unless_asked_for(apdu: Apdu):
    check_masked(apdu)


def test_outcome_of_a_method():
    described = describe(decode_apdu(bytes.fromhex("C701C10001001105")))
    assert described.items() >= {"result": 0, "return": {"data": {"type": "unsigned", "value": 5}}}.items()
    refused = describe(decode_apdu(bytes.fromhex("C701C10300")))
    assert refused.items() >= {"result": 3, "return": None}.items()
