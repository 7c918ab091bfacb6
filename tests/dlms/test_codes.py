"""The standard's numbers and their names."""

import pytest

from custom_components.cosem.dlms.codes import (
    ActionResultCode,
    AssociationResult,
    ConfirmedService,
    DataAccessResultCode,
    DiagnosticSource,
    InitiateErrorCode,
    ProviderDiagnostic,
    ServiceErrorClass,
    ServiceErrorCode,
    StandardCode,
    StateErrorCode,
    UserDiagnostic,
    acse_diagnostic_name,
)

_BOTH_RESULTS = (
    "0 success, 1 hardware-fault, 2 temporary-failure, 3 read-write-denied, 4 object-undefined, "
    "9 object-class-inconsistent, 11 object-unavailable, 12 type-unmatched, 13 scope-of-access-violated, "
    "14 data-block-unavailable, 250 other-reason"
)
NAMES = {
    DataAccessResultCode: f"{_BOTH_RESULTS}, 15 long-get-aborted, 16 no-long-get-in-progress, 17 long-set-aborted, "
    "18 no-long-set-in-progress, 19 data-block-number-invalid",
    ActionResultCode: f"{_BOTH_RESULTS}, 15 long-action-aborted, 16 no-long-action-in-progress",
    StateErrorCode: "1 service-not-allowed, 2 service-unknown",
    ServiceErrorCode: "1 operation-not-possible, 2 service-not-supported, 3 other-reason, 4 pdu-too-long, "
    "5 deciphering-error, 6 invocation-counter-error",
    ConfirmedService: "1 initiate-error, 5 read, 6 write",
    ServiceErrorClass: "0 application-reference, 1 hardware-resource, 2 vde-state-error, 3 service, 4 definition, "
    "5 access, 6 initiate, 7 load-data-set, 9 task",
    AssociationResult: "0 accepted, 1 rejected-permanent, 2 rejected-transient",
    InitiateErrorCode: "0 other, 1 dlms-version-too-low, 2 incompatible-conformance, 3 pdu-size-too-short, "
    "4 refused-by-the-vde-handler",
    DiagnosticSource: "1 acse-service-user, 2 acse-service-provider",
    UserDiagnostic: "0 null, 1 no reason given, 2 application context name not supported, "
    "3 calling AP title not recognised, 4 calling AP invocation id not recognised, "
    "5 calling AE qualifier not recognised, 6 calling AE invocation id not recognised, "
    "7 called AP title not recognised, 8 called AP invocation id not recognised, "
    "9 called AE qualifier not recognised, 10 called AE invocation id not recognised, "
    "11 authentication mechanism name not recognised, 12 authentication mechanism name required, "
    "13 authentication failure, 14 authentication required",
    ProviderDiagnostic: "0 null, 1 no reason given, 2 no common ACSE version",
}
"""The standard's numbers and their names, written out by hand."""


@pytest.mark.parametrize("codes", NAMES, ids=lambda codes: codes.__name__)
def test_numbers_have_the_standards_names_and_others_have_none(codes: type[StandardCode]):
    named = {number: name for number in range(256) if (name := codes.name_of(number)) is not None}
    assert named == {
        int(number): name for number, _, name in (entry.partition(" ") for entry in NAMES[codes].split(", "))
    }


def test_a_diagnostic_has_the_name_that_its_source_gives_it():
    assert acse_diagnostic_name(1, 2) == "application context name not supported"
    assert acse_diagnostic_name(2, 2) == "no common ACSE version"
    assert acse_diagnostic_name(3, 2) == acse_diagnostic_name(1, 99) == "unknown"
