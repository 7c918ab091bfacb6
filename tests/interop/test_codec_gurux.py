"""Our APDU codecs against gurux-dlms: it reads what we write, and we read what its client writes.

Its XML translator is the oracle; its receiving side is lenient, so values are compared, never mere acceptance.
"""

import random
from typing import Any
from xml.etree import ElementTree as ET

from gurux_dlms import GXByteBuffer, GXDLMSClient, GXDLMSTranslator
from gurux_dlms.enums import Authentication, InterfaceType
from gurux_dlms.objects import GXDLMSClock, GXDLMSData, GXDLMSProfileGeneric, GXDLMSRegister
import pytest

from custom_components.cosem.dlms.apdu import Apdu, decode_apdu, encode_apdu
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
from custom_components.cosem.dlms.apdu.common import (
    AttributeDescriptor,
    DataAccessResult,
    InvokeIdAndPriority,
    Selection,
)
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
from custom_components.cosem.dlms.encoding.data import Data, DataType
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.protocol.wrapper import decode_wpdu

SEEDS = range(40)
LN = application_context_name(ApplicationContext.LN)


def values(apdu: Apdu) -> dict[str, list[str]]:
    """What gurux-dlms reads from our octets: attribute values by element name, in the order of the XML."""
    xml = GXDLMSTranslator().pduToXml(bytearray(encode_apdu(apdu)))
    found: dict[str, list[str]] = {}
    for element in ET.fromstring(xml).iter():  # made by the library from our own octets
        value = element.get("Value", element.get("Name", element.get("Qty")))
        if value is not None:
            found.setdefault(element.tag, []).append(value)
    return found


def random_attribute(rng: random.Random) -> AttributeDescriptor:
    return AttributeDescriptor(rng.choice([1, 3, 4, 5, 7, 8, 15]), LogicalName(rng.randbytes(6)), rng.randint(0, 20))


def random_invoke(rng: random.Random) -> InvokeIdAndPriority:
    return InvokeIdAndPriority(rng.randrange(16), rng.random() < 0.5, rng.random() < 0.5)


def names_of(bits: Conformance) -> set[str]:
    return {name.replace("-", "").lower() for name in bits.standard_names}


@pytest.mark.parametrize("seed", SEEDS)
def test_aarq_is_read_by_gurux(seed: int):
    rng = random.Random(seed)
    conformance = Conformance(rng.getrandbits(24) & 0x7EFFFF)
    size = rng.randint(12, 0xFFFF)
    password = rng.randbytes(rng.randint(1, 64))
    authenticated = rng.random() < 0.5
    initiate = InitiateRequest(conformance=conformance, client_max_receive_pdu_size=size)
    found = values(
        Aarq(
            application_context_name=LN,
            sender_acse_requirements=AUTHENTICATION_REQUIREMENT if authenticated else None,
            mechanism_name=mechanism_name(Mechanism.LLS) if authenticated else None,
            calling_authentication_value=AuthenticationValue(AuthenticationForm.CHARSTRING, password)
            if authenticated
            else None,
            user_information=encode_apdu(initiate),
        )
    )
    assert found["ApplicationContextName"] == ["LN"]
    assert found["ProposedMaxPduSize"] == [f"{size:04X}"]
    assert {name.lower() for name in found.get("ConformanceBit", [])} == names_of(conformance)
    if authenticated:
        assert found["MechanismName"] == ["Low"]
        assert found["CallingAuthentication"] == [password.hex().upper()]


@pytest.mark.parametrize("seed", SEEDS)
def test_aare_is_read_by_gurux(seed: int):
    rng = random.Random(seed)
    conformance = Conformance(rng.getrandbits(24) & 0x7EFFFF)
    size = rng.randint(12, 0xFFFF)
    initiate = InitiateResponse(conformance=conformance, server_max_receive_pdu_size=size)
    found = values(
        Aare(
            application_context_name=LN,
            result=0,
            result_source=1,
            diagnostic=0,
            user_information=encode_apdu(initiate),
        )
    )
    assert found["AssociationResult"] == ["00"]
    assert found["NegotiatedMaxPduSize"] == [f"{size:04X}"]
    assert found["VaaName"] == ["0007"]
    assert {name.lower() for name in found.get("ConformanceBit", [])} == names_of(conformance)


@pytest.mark.parametrize(("diagnostic", "name"), [(1, "NoReasonGiven"), (13, "AuthenticationFailure")])
def test_rejecting_aare_is_read_by_gurux(diagnostic: int, name: str):
    found = values(Aare(application_context_name=LN, result=1, result_source=1, diagnostic=diagnostic))
    assert found["AssociationResult"] == ["01"]
    assert found["ACSEServiceUser"] in ([f"{diagnostic:02X}"], [name])


def test_release_is_read_by_gurux():
    assert values(Rlrq(reason=0))["Reason"] == ["Normal"]
    assert values(Rlre(reason=0))["Reason"] == ["Normal"]


def test_faults_are_read_by_gurux():
    assert values(ExceptionResponse(1, 1)) == {
        "StateError": ["ServiceNotAllowed"],
        "ServiceError": ["OperationNotPossible"],
    }
    assert values(ConfirmedServiceError(1, 6, 1))["Initiate"] == ["DlmsVersionTooLow"]


@pytest.mark.parametrize("seed", SEEDS)
def test_get_requests_are_read_by_gurux(seed: int):
    rng = random.Random(seed)
    invoke, attribute = random_invoke(rng), random_attribute(rng)
    found = values(GetRequestNormal(invoke, attribute))
    assert found["InvokeIdAndPriority"] == [f"{invoke.raw:02X}"]
    assert found["ClassId"] == [f"{attribute.class_id:04X}"]
    assert found["InstanceId"] == [attribute.logical_name.octets.hex().upper()]
    assert found["AttributeId"] == [f"{attribute.attribute_index:02X}"]
    number = rng.getrandbits(32)
    assert values(GetRequestNext(invoke, number))["BlockNumber"] == [f"{number:08X}"]
    attributes = [random_attribute(rng) for _ in range(rng.randint(1, 20))]
    found = values(GetRequestWithList(invoke, tuple((each, None) for each in attributes)))
    assert found["InstanceId"] == [each.logical_name.octets.hex().upper() for each in attributes]


def test_selection_is_read_by_gurux():
    parameters = Data(
        DataType.STRUCTURE, (Data(DataType.DOUBLE_LONG_UNSIGNED, 1), Data(DataType.LONG_UNSIGNED, 0xABCD))
    )
    attribute = AttributeDescriptor(7, LogicalName.parse("1.0.99.1.0.255"), 2)
    found = values(GetRequestNormal(InvokeIdAndPriority(1), attribute, Selection(2, parameters)))
    assert found["AccessSelector"] == ["02"]
    assert found["UInt32"] == ["00000001"]
    assert found["UInt16"] == ["ABCD"]


VALUES = [
    (Data(DataType.BOOLEAN, True), "Boolean", "true"),
    (Data(DataType.INTEGER, -5), "Int8", "FB"),
    (Data(DataType.LONG, -300), "Int16", "FED4"),
    (Data(DataType.DOUBLE_LONG, -2), "Int32", "FFFFFFFE"),
    (Data(DataType.LONG64, 2), "Int64", "0000000000000002"),
    (Data(DataType.UNSIGNED, 200), "UInt8", "C8"),
    (Data(DataType.LONG_UNSIGNED, 0xFFFE), "UInt16", "FFFE"),
    (Data(DataType.DOUBLE_LONG_UNSIGNED, 5009), "UInt32", "00001391"),
    (Data(DataType.LONG64_UNSIGNED, 2**64 - 1), "UInt64", "FFFFFFFFFFFFFFFF"),
    (Data(DataType.ENUM, 30), "Enum", "1E"),
    (Data(DataType.OCTET_STRING, bytes(300)), "OctetString", 600 * "0"),
    (Data(DataType.VISIBLE_STRING, "AIDON"), "String", "AIDON"),
    (Data(DataType.BCD, 0x12), "BCD", "12"),
]


@pytest.mark.parametrize(("data", "element", "value"), VALUES)
def test_values_are_read_by_gurux(data: Data, element: str, value: str):
    found = values(GetResponseNormal(InvokeIdAndPriority(1), data))
    assert [text.lower() for text in found[element]] == [value.lower()]


def test_get_responses_are_read_by_gurux():
    invoke = InvokeIdAndPriority(1)
    assert values(GetResponseNormal(invoke, DataAccessResult(3)))["DataAccessError"] == ["ReadWriteDenied"]
    found = values(GetResponseWithDatablock(invoke, True, 7, bytes(range(200))))
    assert found["LastBlock"] == ["01"]
    assert found["BlockNumber"] == ["00000007"]
    assert found["RawData"] == [bytes(range(200)).hex().upper()]
    number = Data(DataType.UNSIGNED, 7)
    # A data-access-result inside a list is left out by its translator, so only values are compared here.
    assert values(GetResponseWithList(invoke, (number, number)))["UInt8"] == ["07", "07"]


# --- what its client writes ----------------------------------------------------------------------------------------


def gurux_client(password: str | None = None, *, pdu_size: int = 0xFFFF) -> GXDLMSClient:
    authentication = Authentication.LOW if password else Authentication.NONE
    client = GXDLMSClient(True, 16, 1, authentication, password, InterfaceType.WRAPPER)
    client.maxReceivePDUSize = pdu_size
    return client


def associated(client: GXDLMSClient) -> GXDLMSClient:
    """Let it associate by an AARE that we wrote, which it must read."""
    client.aarqRequest()
    initiate = InitiateResponse(
        conformance=Conformance.GET | Conformance.MULTIPLE_REFERENCES | Conformance.SELECTIVE_ACCESS,
        server_max_receive_pdu_size=500,
    )
    aare = Aare(
        application_context_name=LN, result=0, result_source=1, diagnostic=0, user_information=encode_apdu(initiate)
    )
    client.parseAareResponse(GXByteBuffer(encode_apdu(aare)))
    assert client.maxReceivePDUSize == 500
    return client


def apdu_of(frames: Any) -> Apdu:
    """The one APDU in what its client would send; our codec must write the very same octets."""
    (frame,) = frames if isinstance(frames, list) else [frames]
    if isinstance(frame, list):
        (frame,) = frame  # lists come as one list of frames for each request
    wpdu = decode_wpdu(bytes(frame))
    assert (wpdu.source_wport, wpdu.destination_wport) == (16, 1)
    apdu = decode_apdu(wpdu.apdu)
    assert encode_apdu(apdu) == wpdu.apdu
    return apdu


@pytest.mark.parametrize("pdu_size", [64, 1024, 0xFFFF])
@pytest.mark.parametrize("password", [None, "12345678"])
def test_we_read_the_aarq_of_gurux(password: str | None, pdu_size: int):
    apdu = apdu_of(gurux_client(password, pdu_size=pdu_size).aarqRequest())
    assert isinstance(apdu, Aarq)
    assert apdu.application_context_name == LN
    assert apdu.user_information is not None
    initiate = decode_apdu(apdu.user_information)
    assert isinstance(initiate, InitiateRequest)
    assert initiate.client_max_receive_pdu_size == pdu_size
    assert Conformance.GET in initiate.conformance
    if password is None:
        assert apdu.mechanism_name is None
    else:
        assert apdu.mechanism_name == mechanism_name(Mechanism.LLS)
        assert apdu.calling_authentication_value == AuthenticationValue(
            AuthenticationForm.CHARSTRING, password.encode()
        )


@pytest.mark.parametrize(
    ("target", "class_id", "index"),
    [
        (GXDLMSRegister("1.0.1.8.0.255"), 3, 2),
        (GXDLMSRegister("1.0.1.8.0.255"), 3, 3),
        (GXDLMSData("0.0.42.0.0.255"), 1, 2),
        (GXDLMSClock("0.0.1.0.0.255"), 8, 2),
    ],
)
def test_we_read_the_get_requests_of_gurux(target: Any, class_id: int, index: int):
    apdu = apdu_of(gurux_client().read(target, index))
    assert isinstance(apdu, GetRequestNormal)
    assert apdu.attribute == AttributeDescriptor(class_id, LogicalName.parse(target.logicalName), index)
    assert apdu.selection is None


def test_we_read_the_list_of_gurux():
    targets = [(GXDLMSRegister(f"1.0.{c}.8.0.255"), 2) for c in range(1, 6)]
    apdu = apdu_of(associated(gurux_client()).readList(targets))
    assert isinstance(apdu, GetRequestWithList)
    assert [str(attribute) for attribute, _ in apdu.items] == [f"3:1.0.{c}.8.0.255:2" for c in range(1, 6)]


def test_we_read_the_selection_of_gurux():
    profile = GXDLMSProfileGeneric("1.0.99.1.0.255")
    apdu = apdu_of(gurux_client().readRowsByEntry(profile, 1, 10))
    assert isinstance(apdu, GetRequestNormal)
    assert apdu.selection is not None
    assert apdu.selection.selector == 2
    entries = apdu.selection.parameters.value
    assert isinstance(entries, tuple)
    assert [entry.value for entry in entries if isinstance(entry, Data)][:2] == [1, 10]


def test_we_read_the_release_of_gurux():
    assert isinstance(apdu_of(associated(gurux_client()).releaseRequest()), Rlrq)
