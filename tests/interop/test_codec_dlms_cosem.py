"""Our APDU codecs against dlms-cosem: each reads what the other writes, and both write the same octets."""

from datetime import datetime, timedelta, timezone
import random

from dlms_cosem import enumerations as enums
from dlms_cosem.cosem import CosemAttribute, Obis
from dlms_cosem.cosem.capture_object import CaptureObject
from dlms_cosem.cosem.selective_access import RangeDescriptor
from dlms_cosem.protocol.acse import (
    ApplicationAssociationRequest,
    ApplicationAssociationResponse,
    ReleaseRequest,
    ReleaseResponse,
    UserInformation,
)
from dlms_cosem.protocol.xdlms import (
    ConfirmedServiceError as TheirServiceError,
    Conformance as TheirConformance,
    ExceptionResponse as TheirException,
    InitiateRequest as TheirInitiateRequest,
    InitiateResponse as TheirInitiateResponse,
)
from dlms_cosem.protocol.xdlms.get import GetRequestFactory, GetRequestNormal as TheirGetRequest, GetResponseFactory
from dlms_cosem.protocol.xdlms.invoke_id_and_priority import InvokeIdAndPriority as TheirInvoke
import pytest

from custom_components.cosem.dlms.apdu import decode_apdu, encode_apdu
from custom_components.cosem.dlms.apdu.acse import (
    AUTHENTICATION_REQUIREMENT,
    Aare,
    Aarq,
    ApplicationContext,
    AuthenticationForm,
    AuthenticationValue,
    Mechanism,
    Rlre,
    Rlrq,
    application_context_name,
    mechanism_name,
)
from custom_components.cosem.dlms.apdu.common import AttributeDescriptor, DataAccessResult, InvokeIdAndPriority
from custom_components.cosem.dlms.apdu.faults import ConfirmedServiceError, ExceptionResponse
from custom_components.cosem.dlms.apdu.get import (
    GetRequestNext,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithDatablock,
    GetResponseWithList,
)
from custom_components.cosem.dlms.apdu.initiate import Conformance, InitiateRequest, InitiateResponse
from custom_components.cosem.dlms.encoding.cosem_time import fast_datetime
from custom_components.cosem.dlms.encoding.data import Data, DataType, encode_data_octets
from custom_components.cosem.dlms.encoding.logical_name import LogicalName

SEEDS = range(40)
LN = application_context_name(ApplicationContext.LN)
NUMBER = Data(DataType.DOUBLE_LONG_UNSIGNED, 5009)

# Bits that its conformance class reads: not those of short names, and none of the first octet.
KNOWN_BITS = 0x00FEDF


def random_attribute(rng: random.Random) -> AttributeDescriptor:
    return AttributeDescriptor(rng.choice([1, 3, 4, 5, 7, 8, 15]), LogicalName(rng.randbytes(6)), rng.randint(1, 20))


def random_invoke(rng: random.Random) -> InvokeIdAndPriority:
    return InvokeIdAndPriority(rng.randrange(16), rng.random() < 0.5, rng.random() < 0.5)


def same_attribute(theirs: CosemAttribute, ours: AttributeDescriptor) -> bool:
    return (theirs.interface.value, theirs.instance.to_bytes(), theirs.attribute) == (
        ours.class_id,
        ours.logical_name.octets,
        ours.attribute_index,
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_initiate_both_ways(seed: int):
    rng = random.Random(seed)
    conformance = Conformance(rng.getrandbits(24) & KNOWN_BITS)
    size = rng.randint(12, 0xFFFF)
    request = encode_apdu(InitiateRequest(conformance=conformance, client_max_receive_pdu_size=size))
    theirs = TheirInitiateRequest.from_bytes(request)
    assert theirs.client_max_receive_pdu_size == size
    assert theirs.proposed_conformance.to_bytes()[-3:] == conformance.value.to_bytes(3)
    assert bytes(theirs.to_bytes()) == request
    response = encode_apdu(InitiateResponse(conformance=conformance, server_max_receive_pdu_size=size))
    theirs_response = TheirInitiateResponse.from_bytes(response)
    assert theirs_response.server_max_receive_pdu_size == size
    assert bytes(theirs_response.to_bytes()) == response


@pytest.mark.parametrize("password", [None, b"12345678"])
def test_aarq_both_ways(password: bytes | None):
    initiate = TheirInitiateRequest(
        proposed_conformance=TheirConformance(get=True, selective_access=True, multiple_references=True),
        client_max_receive_pdu_size=1200,
    )
    theirs = ApplicationAssociationRequest(
        user_information=UserInformation(content=initiate),
        authentication=None if password is None else enums.AuthenticationMechanism.LLS,
        authentication_value=password,
    )
    ours = decode_apdu(bytes(theirs.to_bytes()))
    assert ours == Aarq(
        application_context_name=LN,
        sender_acse_requirements=None if password is None else AUTHENTICATION_REQUIREMENT,
        mechanism_name=None if password is None else mechanism_name(Mechanism.LLS),
        calling_authentication_value=None
        if password is None
        else AuthenticationValue(AuthenticationForm.CHARSTRING, password),
        user_information=encode_apdu(
            InitiateRequest(
                conformance=Conformance.GET | Conformance.SELECTIVE_ACCESS | Conformance.MULTIPLE_REFERENCES,
                client_max_receive_pdu_size=1200,
            )
        ),
    )
    assert encode_apdu(ours) == bytes(theirs.to_bytes())
    again = ApplicationAssociationRequest.from_bytes(encode_apdu(ours))
    assert again.authentication_value == password
    assert again.user_information.content.proposed_conformance == initiate.proposed_conformance
    assert again.user_information.content.client_max_receive_pdu_size == 1200


@pytest.mark.parametrize(("result", "diagnostic"), [(0, 0), (1, 1), (1, 13), (2, 1)])
def test_aare_is_read_alike(result: int, diagnostic: int):
    initiate = InitiateResponse(conformance=Conformance.GET, server_max_receive_pdu_size=500)
    ours = Aare(
        application_context_name=LN,
        result=result,
        result_source=1,
        diagnostic=diagnostic,
        user_information=encode_apdu(initiate),
    )
    theirs = ApplicationAssociationResponse.from_bytes(encode_apdu(ours))
    assert theirs.result.value == result
    assert theirs.result_source_diagnostics.value == diagnostic
    assert theirs.user_information.content.server_max_receive_pdu_size == 500
    assert decode_apdu(bytes(theirs.to_bytes())) == ours


def test_release_both_ways():
    assert ReleaseRequest.from_bytes(encode_apdu(Rlrq(reason=0))).reason is enums.ReleaseRequestReason.NORMAL
    assert decode_apdu(bytes(ReleaseRequest(reason=enums.ReleaseRequestReason.NORMAL).to_bytes())) == Rlrq(reason=0)
    assert ReleaseResponse.from_bytes(encode_apdu(Rlre(reason=0))).reason is enums.ReleaseResponseReason.NORMAL


@pytest.mark.parametrize("state", [1, 2])
@pytest.mark.parametrize("service", [1, 2, 3])
def test_exception_response_both_ways(state: int, service: int):
    octets = encode_apdu(ExceptionResponse(state, service))
    theirs = TheirException.from_bytes(octets)
    assert (theirs.state_error.value, theirs.service_error.value) == (state, service)
    assert bytes(theirs.to_bytes()) == octets


@pytest.mark.parametrize(("error_class", "error"), [(6, 1), (6, 3), (5, 1)])
def test_confirmed_service_error_both_ways(error_class: int, error: int):
    octets = encode_apdu(ConfirmedServiceError(1, error_class, error))
    theirs = TheirServiceError.from_bytes(octets)
    assert theirs.error.value == error
    assert decode_apdu(bytes(theirs.to_bytes())) == ConfirmedServiceError(1, error_class, error)


@pytest.mark.parametrize("seed", SEEDS)
def test_get_requests_both_ways(seed: int):
    rng = random.Random(seed)
    invoke, attribute = random_invoke(rng), random_attribute(rng)
    for ours in (
        GetRequestNormal(invoke, attribute),
        GetRequestNext(invoke, rng.getrandbits(32)),
        GetRequestWithList(invoke, tuple((random_attribute(rng), None) for _ in range(rng.randint(1, 20)))),
    ):
        octets = encode_apdu(ours)
        theirs = GetRequestFactory.from_bytes(octets)
        their_invoke = theirs.invoke_id_and_priority
        assert (their_invoke.invoke_id, their_invoke.confirmed, their_invoke.high_priority) == invoke[:3]
        if isinstance(ours, GetRequestNormal):
            assert same_attribute(theirs.cosem_attribute, attribute)
        if isinstance(ours, GetRequestNext):
            assert theirs.block_number == ours.block_number
        assert bytes(theirs.to_bytes()) == octets


def test_selection_is_read_alike():
    clock = CosemAttribute(enums.CosemInterface.CLOCK, Obis.from_string("0.0.1.0.0.255"), 2)
    theirs = TheirGetRequest(
        cosem_attribute=CosemAttribute(enums.CosemInterface.PROFILE_GENERIC, Obis.from_string("1.0.99.1.0.255"), 2),
        invoke_id_and_priority=TheirInvoke(invoke_id=1),
        access_selection=RangeDescriptor(
            restricting_object=CaptureObject(clock),
            from_value=datetime(2025, 1, 1, tzinfo=timezone(timedelta(hours=1))),
            to_value=datetime(2025, 1, 2, tzinfo=timezone(timedelta(hours=1))),
        ),
    )
    octets = bytes(theirs.to_bytes())
    ours = decode_apdu(octets)
    assert isinstance(ours, GetRequestNormal)
    assert ours.selection is not None
    assert ours.selection.selector == 1
    elements = ours.selection.parameters.value
    assert isinstance(elements, tuple)
    restricting, first, last, columns = elements
    assert encode_data_octets(restricting) == bytes.fromhex("0204 120008 09060000010000FF 0F02 120000")
    assert [fast_datetime(each.value).isoformat() for each in (first, last)] == [
        "2025-01-01T00:00:00+01:00",
        "2025-01-02T00:00:00+01:00",
    ]
    assert columns == Data(DataType.ARRAY, ())
    assert encode_apdu(ours) == octets


@pytest.mark.parametrize("seed", SEEDS)
def test_get_responses_both_ways(seed: int):
    rng = random.Random(seed)
    invoke = random_invoke(rng)
    raw = rng.randbytes(rng.choice([0, 1, 127, 128, 300]))
    number = rng.getrandbits(32)
    code = rng.choice([1, 2, 3, 4, 9, 11, 12, 13, 250])

    normal = GetResponseFactory.from_bytes(encode_apdu(GetResponseNormal(invoke, NUMBER)))
    assert bytes(normal.data) == encode_data_octets(NUMBER)
    error = GetResponseFactory.from_bytes(encode_apdu(GetResponseNormal(invoke, DataAccessResult(code))))
    assert error.error.value == code
    for last in (False, True):
        octets = encode_apdu(GetResponseWithDatablock(invoke, last, number, raw))
        block = GetResponseFactory.from_bytes(octets)
        assert (bytes(block.data), block.block_number) == (raw, number)
        assert bytes(block.to_bytes()) == octets
    octets = encode_apdu(GetResponseWithList(invoke, (NUMBER, DataAccessResult(code), NUMBER)))
    listed = GetResponseFactory.from_bytes(octets)
    assert [getattr(each, "value", each) for each in listed.response_data] == [5009, code, 5009]
    assert bytes(error.to_bytes()) == encode_apdu(GetResponseNormal(invoke, DataAccessResult(code)))
