"""Errors: fields for machines, sentences for people, never more than 32 octets of what was received."""

import pytest

from custom_components.cosem.dlms import errors
from custom_components.cosem.dlms.errors import (
    ActionError,
    AssociationRejected,
    ConfirmedServiceErrorReceived,
    ConnectFailed,
    ConnectFailure,
    ConnectionLost,
    ConnectTimeout,
    DataAccessError,
    DataAccessResultCode,
    DecodeError,
    DiagnosticSource,
    DlmsError,
    ExceptionReceived,
    GuessedProtocol,
    LimitExceeded,
    NotWrapper,
    ProofRefused,
    ProviderDiagnostic,
    ResponseTimeout,
    ServiceErrorCode,
    UnexpectedApdu,
    WrongAddress,
    acse_diagnostic_name,
    excerpt,
)


def test_every_error_is_a_dlms_error():
    own = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, Exception)]
    assert len(own) > 20
    assert all(issubclass(error, DlmsError) for error in own)


@pytest.mark.parametrize(
    ("parent", "children"),
    [
        (errors.TransportError, {ConnectFailed, ConnectTimeout, ConnectionLost, ResponseTimeout}),
        (errors.RemoteProtocolError, {DecodeError, LimitExceeded, UnexpectedApdu, WrongAddress, NotWrapper}),
        (errors.ServiceError, {DataAccessError, ActionError, ExceptionReceived, ConfirmedServiceErrorReceived}),
        (errors.AssociationError, {AssociationRejected, errors.AssociationAborted}),
    ],
)
def test_callers_can_catch_by_kind(parent, children):
    assert all(issubclass(child, parent) for child in children)


def test_at_most_32_octets_of_foreign_content_get_into_a_text():
    assert excerpt(bytes(32)) == "00" * 32
    assert excerpt(bytes(33)) == "00" * 32 + "..."
    assert excerpt(memoryview(b"\xab")) == "AB"
    assert len(str(NotWrapper(b"A" * 1000))) < 100
    assert NotWrapper(b"A" * 1000).header == b"A" * 8


@pytest.mark.parametrize(
    ("octets", "speaks"),
    [
        (b"\x7e\xa0\x07", GuessedProtocol.HDLC),
        (b"HTTP/1.1 400", GuessedProtocol.TEXT),
        (b"login:\r\n", GuessedProtocol.TEXT),
        (b"\x00\x02\x00\x01", GuessedProtocol.UNKNOWN),
        (b"", GuessedProtocol.UNKNOWN),
    ],
)
def test_what_a_peer_without_wrapper_speaks_is_guessed(octets, speaks):
    assert NotWrapper(octets).speaks is speaks


def test_texts_of_the_transport():
    assert str(ConnectFailed(ConnectFailure.REFUSED, "errno 111")) == "connection failed: refused (errno 111)"
    assert str(ConnectFailed(ConnectFailure.OTHER, "Permission denied")) == "connection failed: Permission denied"
    assert str(ConnectFailed(ConnectFailure.NAME_NOT_RESOLVED)) == "connection failed: name not resolved"
    assert str(ConnectTimeout(10)) == "no answer to the connection attempt within 10 s"
    assert str(ConnectionLost()) == "the meter closed the connection"
    assert str(ConnectionLost(reset=True, truncated=True)) == "the connection was reset inside a message"
    assert str(ResponseTimeout("AARE", 2.5)) == "no AARE within 2.5 s"


def test_a_refused_counter_tells_what_the_meter_asks_for():
    assert errors.InvocationCounterRefused(None).expected is None
    assert str(errors.InvocationCounterRefused(7)) == "the meter refuses our invocation counter, it asks for 7"


def test_texts_of_the_protocol_name_the_offset():
    assert str(DecodeError("unknown data type 07", 12)) == "unknown data type 07 (at octet 12)"
    assert str(LimitExceeded("elements", 5, 3)) == "more than 5 elements (at octet 3)"
    assert (
        str(UnexpectedApdu(0xC5, "while associating")) == "unexpected APDU with tag C5 while associating (at octet 0)"
    )
    assert "1 -> 16" in str(WrongAddress(1, 16))


@pytest.mark.parametrize(
    ("rejected", "transient", "authentication"),
    [
        (AssociationRejected(1, 1, 13), False, True),
        (AssociationRejected(2, 1, 1), True, False),
        (AssociationRejected(1, 2, 13), False, False),
        (AssociationRejected(1, 1, 11), False, True),
        (AssociationRejected(1, 1, 12), False, True),
        (AssociationRejected(1, 9, 2), False, False),
    ],
)
def test_a_rejected_association_tells_whether_credentials_are_the_reason(rejected, transient, authentication):
    assert rejected.transient is transient
    assert rejected.concerns_authentication is authentication
    assert str(rejected.diagnostic) in str(rejected)


def test_codes_of_services_keep_their_numbers_and_names():
    assert DataAccessError(3).name == "read-write-denied"
    assert DataAccessError(200).name == "unknown"
    assert str(DataAccessError(4)) == "data-access-result 4 (object-undefined)"
    assert str(ActionError(77)) == "action-result 77 (unknown)"
    assert ExceptionReceived(1, 6, 5).invocation_counter == 5
    assert str(ExceptionReceived(2, 9)) == "exception-response: service-unknown, 9"
    assert str(ConfirmedServiceErrorReceived(1, 6, 2)) == "confirmed-service-error: service 1, class 6, error 2"


def test_m07_numbers_that_the_standard_does_not_have_stay_numbers():
    assert DataAccessResultCode.name_of(-1) is None
    assert (DataAccessError(77).result, ActionError(77).result) == (77, 77)
    assert str(ExceptionReceived(77, 78)) == "exception-response: 77, 78"
    assert acse_diagnostic_name(1, 99) == acse_diagnostic_name(9, 1) == "unknown"
    assert str(AssociationRejected(1, 9, 2)) == "association refused: result 1, source 9 diagnostic 2 (unknown)"
    assert str(AssociationRejected(1, 1, 1, 77)).endswith(", initiate-error 77 (unknown)")


def test_a_refused_proof_names_the_result_by_its_service():
    assert str(ProofRefused(11)).endswith("our proof got the action-result 11 (object-unavailable)")
    by_short_name = ProofRefused(19, by_short_name=True)
    assert str(by_short_name).endswith("our proof got the data-access-result 19 (data-block-number-invalid)")


def test_a_refusal_names_its_initiate_error():
    named = str(AssociationRejected(1, 1, 1, 2))
    assert named.endswith("diagnostic 1 (no reason given), initiate-error 2 (incompatible-conformance)")


def test_fields_of_errors_are_compared_with_the_standards_names():
    assert DataAccessError(4).result == DataAccessResultCode.OBJECT_UNDEFINED
    assert ExceptionReceived(1, 2).service_error == ServiceErrorCode.SERVICE_NOT_SUPPORTED
    rejected = AssociationRejected(1, 2, 2)
    assert (rejected.source, rejected.diagnostic) == (
        DiagnosticSource.ACSE_SERVICE_PROVIDER,
        ProviderDiagnostic.NO_COMMON_ACSE_VERSION,
    )
    assert "acse-service-provider diagnostic 2 (no common ACSE version)" in str(rejected)
    assert str(ActionError(15)) == "action-result 15 (long-action-aborted)"
