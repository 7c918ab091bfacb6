"""APDUs, WPDUs and data as plain objects, secrets masked."""

import json

import pytest

from custom_components.cosem.dlms.apdu import Apdu, decode_apdu, encode_apdu
from custom_components.cosem.dlms.apdu.access import AccessKind, AccessRequest, AccessResponse, AccessSpecification
from custom_components.cosem.dlms.apdu.acse import (
    Aare,
    Aarq,
    ApplicationContext,
    AuthenticationForm,
    AuthenticationValue,
    Mechanism,
    Rlrq,
    application_context_name,
    mechanism_name,
)
from custom_components.cosem.dlms.apdu.action import (
    ActionRequestNormal,
    ActionRequestWithFirstPblock,
    ActionRequestWithList,
    ActionRequestWithListAndFirstPblock,
)
from custom_components.cosem.dlms.apdu.block import Gateway
from custom_components.cosem.dlms.apdu.ciphered import (
    AgreedKey,
    CipheredContent,
    GeneralCiphering,
    GeneralHeader,
    KeyInfo,
    SecurityControl,
    ServiceCiphered,
    WrappedKey,
)
from custom_components.cosem.dlms.apdu.common import (
    AttributeDescriptor,
    DataAccessResult,
    DataBlock,
    InvokeIdAndPriority,
    LongInvokeIdAndPriority,
    MethodDescriptor,
)
from custom_components.cosem.dlms.apdu.faults import ConfirmedServiceError
from custom_components.cosem.dlms.apdu.get import GetResponseWithDatablock
from custom_components.cosem.dlms.apdu.initiate import InitiateRequest
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
from custom_components.cosem.dlms.command_line.wire import describe_wpdu
from custom_components.cosem.dlms.describe import HIDDEN, describe, describe_data
from custom_components.cosem.dlms.encoding.data import Data, DataType, decode_data_octets
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.errors import DlmsError
from custom_components.cosem.dlms.protocol.wrapper import Wpdu, decode_wpdu
from tests.vector_tools import vectors

SECRET = b"s3cr3t-0123456789"
INVOKE = InvokeIdAndPriority(1)
ASSOCIATION = LogicalName.parse("0.0.40.0.0.255")
CLOCK = LogicalName.parse("0.0.1.0.0.255")
SECRET_ATTRIBUTE = AttributeDescriptor(15, ASSOCIATION, 7)
SECRET_METHOD = MethodDescriptor(64, LogicalName.parse("0.0.43.0.0.255"), 2)
TIME = AttributeDescriptor(8, CLOCK, 2)
PUBLIC_METHOD = MethodDescriptor(8, CLOCK, 1)
VALUE = Data(DataType.OCTET_STRING, SECRET)
BLOCK = DataBlock(True, 1, SECRET)
CONTEXT = application_context_name(ApplicationContext.LN)

WITH_SECRET: list[Apdu] = [
    Aarq(
        application_context_name=CONTEXT,
        mechanism_name=mechanism_name(Mechanism.LLS),
        calling_authentication_value=AuthenticationValue(AuthenticationForm.CHARSTRING, SECRET),
    ),
    Aarq(
        application_context_name=CONTEXT,
        calling_authentication_value=AuthenticationValue(AuthenticationForm.CHARSTRING, SECRET),
    ),
    Aarq(
        application_context_name=CONTEXT,
        mechanism_name=b"unknown",
        calling_authentication_value=AuthenticationValue(AuthenticationForm.CHARSTRING, SECRET),
    ),
    Aarq(
        application_context_name=CONTEXT,
        user_information=encode_apdu(InitiateRequest(client_max_receive_pdu_size=0, dedicated_key=SECRET)),
    ),
    InitiateRequest(client_max_receive_pdu_size=0, dedicated_key=SECRET),
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
    GeneralCiphering(
        GeneralHeader(b"", b"", b"", b"", b""),
        WrappedKey(0, SECRET),
        CipheredContent(SecurityControl(0x20), 1, b""),
    ),
]


@pytest.mark.parametrize("apdu", WITH_SECRET, ids=lambda apdu: type(apdu).__name__)
def test_secret_is_masked_unless_asked_for(apdu: Apdu):
    masked = json.dumps(describe(apdu))
    assert SECRET.hex() not in masked
    assert HIDDEN in masked
    assert SECRET.hex() in json.dumps(describe(apdu, show_secrets=True))


@pytest.mark.parametrize("mechanism", [each for each in Mechanism if each >= Mechanism.HLS])
def test_challenge_is_no_secret(mechanism: Mechanism):
    apdu = Aarq(
        application_context_name=CONTEXT,
        mechanism_name=mechanism_name(mechanism),
        calling_authentication_value=AuthenticationValue(AuthenticationForm.BITSTRING, b"challenge"),
    )
    assert describe(apdu)["authentication_value"] == {"form": "bitstring", "value": b"challenge".hex()}


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


INNER_APDUS = {
    "60": "aarq",
    "62": "rlrq",
    "c001": "get-request-normal",
    "c101": "set-request-normal",
    "c401": "get-response-normal",
    "c402": "get-response-with-datablock",
    "c2": "event-notification-request",
    "0f": "data-notification",
    "db": "general-glo-ciphering",
}


@pytest.mark.parametrize(
    "vector", [vector for vector in vectors("wpdu") if "error" not in vector.expect], ids=lambda vector: vector.name
)
def test_wpdu_is_shown_with_its_header_and_its_apdu(vector):
    described = describe_wpdu(decode_wpdu(vector.octets))
    inner = described.pop("apdu")
    octets = vector.expect["apdu"]
    assert described == {key: value for key, value in vector.expect.items() if key != "apdu"}
    if octets:
        assert inner["apdu"] == next(name for tag, name in INNER_APDUS.items() if octets.startswith(tag))
        assert encode_apdu(decode_apdu(bytes.fromhex(octets))).hex() == octets
    else:
        assert inner is None


@pytest.mark.parametrize(
    "vector", [vector for vector in vectors("wpdu") if "error" in vector.expect], ids=lambda vector: vector.name
)
def test_wpdu_that_is_none_is_not_shown(vector):
    with pytest.raises(DlmsError):
        describe_wpdu(decode_wpdu(vector.octets))


def test_wpdu_with_octets_that_are_no_apdu_is_refused():
    with pytest.raises(DlmsError):
        describe_wpdu(Wpdu(1, 16, b"\xff"))


@pytest.mark.parametrize("vector", [*vectors("data"), *vectors("compact-array")], ids=lambda vector: vector.name)
def test_data_is_shown_with_its_type(vector):
    assert describe(decode_data_octets(vector.octets)) == vector.expect


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_float_that_json_does_not_have_becomes_text(value: float):
    assert describe_data(Data(DataType.FLOAT64, value)) == {"type": "float64", "value": str(value)}


@pytest.mark.parametrize(
    ("tag", "name"), [(0xCC, "glo-get-response"), (0xD4, "ded-get-response"), (0x21, "glo-initiate-request")]
)
def test_ciphered_service_has_the_name_of_its_tag(tag: int, name: str):
    content = CipheredContent(SecurityControl(0x60), 5, b"\x01")
    described = describe(ServiceCiphered(tag, content))
    assert described["apdu"] == name
    assert described["security_control"] == {
        "raw": 0x60,
        "suite": 0,
        "authenticated": False,
        "encrypted": True,
        "key_set": "broadcast",
        "compressed": False,
    }


@pytest.mark.parametrize(
    ("key_info", "expected"),
    [
        (None, None),
        (AgreedKey(b"\x02", b""), {"agreed_key": {"key_parameters": "02", "key_ciphered_data": ""}}),
    ],
)
def test_key_info_without_a_secret_is_shown(key_info: KeyInfo | None, expected: object):
    content = CipheredContent(SecurityControl(0x20), 1, b"")
    apdu = GeneralCiphering(GeneralHeader(b"", b"", b"", b"", b""), key_info, content)
    assert describe(apdu)["key_info"] == expected


def test_gateway_shows_the_apdu_behind_it():
    gateway = Gateway(response=False, network_id=1, address=b"\x0a", content=bytes.fromhex("D80101"))
    assert describe(gateway) == {
        "apdu": "gateway-request",
        "network_id": 1,
        "address": "0a",
        "content": {"apdu": "exception-response", "state_error": 1, "service_error": 1},
    }
    assert describe(Gateway(response=True, network_id=1, address=b"", content=b"\xff")) == {
        "apdu": "gateway-response",
        "network_id": 1,
        "address": "",
        "content": {"octets": "ff"},
    }


def test_apdus_inside_one_another_do_not_exhaust_the_stack():
    octets = bytes.fromhex("E60100") * 20_000 + bytes.fromhex("D80101")
    assert describe(decode_apdu(octets))["content"] == {"octets": octets[3:].hex()}


def test_user_information_that_is_no_apdu_is_shown_as_octets():
    assert describe(Rlrq(user_information=b""))["user_information"] == {"octets": ""}
    assert describe(Rlrq(user_information=b"\x62\x00"))["user_information"] == {"octets": "6200"}
    assert describe(Rlrq(user_information=b"\x01\x02"))["user_information"] == {"octets": "0102"}


def test_optional_fields_of_the_association_appear_when_present():
    described = describe(
        Aare(
            application_context_name=b"?",
            result=0,
            result_source=1,
            diagnostic=0,
            protocol_version=b"\x07\x80",
            responding_ae_qualifier=b"\x01",
            responding_ap_invocation_id=0,
            implementation_information=b"x",
        )
    )
    assert described == {
        "apdu": "aare",
        "application_context": "unknown",
        "application_context_oid": b"?".hex(),
        "result": 0,
        "diagnostic": {"source": "acse-service-user", "value": 0},
        "protocol_version": "0780",
        "responding_ae_qualifier": "01",
        "responding_ap_invocation_id": 0,
        "implementation_information": "78",
    }


def test_unknown_mechanism_is_shown_as_it_is():
    apdu = Aarq(application_context_name=CONTEXT, mechanism_name=b"\x01\x02")
    assert describe(apdu)["mechanism"] == "0102"


def test_unknown_error_class_keeps_its_number():
    assert describe(ConfirmedServiceError(5, 77, 1))["error_class"] == 77


def test_aborted_transfer_shows_its_error():
    described = describe(GetResponseWithDatablock(INVOKE, True, 3, DataAccessResult(15)))
    assert described["error"] == 15
    assert "raw_data" not in described


def test_short_name_forms_that_no_sample_has():
    block = DataBlock(True, 1, b"\xaa")
    shown_block = {"last_block": True, "block_number": 1, "raw_data": "aa"}
    request = ReadRequest((BlockNumberAccess(1), ReadDataBlockAccess(block), WriteDataBlockAccess(False, 2)))
    assert describe(request)["variables"] == [
        {"block_number_access": 1},
        {"read_data_block_access": shown_block},
        {"write_data_block_access": {"last_block": False, "block_number": 2}},
    ]
    assert describe(ReadResponse((block, BlockNumberResult(3))))["results"] == [
        {"data_block_result": shown_block},
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
