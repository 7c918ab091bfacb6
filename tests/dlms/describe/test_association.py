"""AARQ, AARE, release and initiate APDUs as plain objects."""

import pytest

from custom_components.cosem.dlms.apdu import Apdu, encode_apdu
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
from custom_components.cosem.dlms.apdu.initiate import InitiateRequest
from custom_components.cosem.dlms.describe import describe
from tests.dlms.describe.secret_samples import SECRET, check_masked

CONTEXT = application_context_name(ApplicationContext.LN)


SECRETS_OF_ASSOCIATIONS: list[Apdu] = [
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
]


@pytest.mark.parametrize("mechanism", [each for each in Mechanism if each >= Mechanism.HLS])
def test_challenge_is_no_secret(mechanism: Mechanism):
    apdu = Aarq(
        application_context_name=CONTEXT,
        mechanism_name=mechanism_name(mechanism),
        calling_authentication_value=AuthenticationValue(AuthenticationForm.BITSTRING, b"challenge"),
    )
    assert describe(apdu)["authentication_value"] == {"form": "bitstring", "value": b"challenge".hex()}


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


@pytest.mark.parametrize("apdu", SECRETS_OF_ASSOCIATIONS, ids=lambda apdu: type(apdu).__name__)
def test_secret_is_masked_unless_asked_for(apdu: Apdu):
    check_masked(apdu)
