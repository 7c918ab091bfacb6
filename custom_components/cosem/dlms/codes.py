"""The standard's numbers that errors carry (IEC 62056-5-3); import them from errors.py. Unknown ones stay numbers."""

from enum import IntEnum
from typing import Final, override


class StandardCode(IntEnum):
    """Numbered results and errors; other numbers stay plain integers."""

    @property
    def standard_name(self) -> str:
        """The standard's spelling: ``read-write-denied``."""
        return self.name.lower().replace("_", "-")

    @classmethod
    def name_of(cls, number: int) -> str | None:
        """Return a number's standard name, or None."""
        return cls(number).standard_name if number in cls else None


class DataAccessResultCode(StandardCode):
    """Data-Access-Result of one attribute (IEC 62056-5-3)."""

    SUCCESS = 0
    HARDWARE_FAULT = 1
    TEMPORARY_FAILURE = 2
    READ_WRITE_DENIED = 3
    OBJECT_UNDEFINED = 4
    OBJECT_CLASS_INCONSISTENT = 9
    OBJECT_UNAVAILABLE = 11
    TYPE_UNMATCHED = 12
    SCOPE_OF_ACCESS_VIOLATED = 13
    DATA_BLOCK_UNAVAILABLE = 14
    LONG_GET_ABORTED = 15
    NO_LONG_GET_IN_PROGRESS = 16
    LONG_SET_ABORTED = 17
    NO_LONG_SET_IN_PROGRESS = 18
    DATA_BLOCK_NUMBER_INVALID = 19
    OTHER_REASON = 250


class ActionResultCode(StandardCode):
    """Action-Result of a method (IEC 62056-5-3)."""

    SUCCESS = 0
    HARDWARE_FAULT = 1
    TEMPORARY_FAILURE = 2
    READ_WRITE_DENIED = 3
    OBJECT_UNDEFINED = 4
    OBJECT_CLASS_INCONSISTENT = 9
    OBJECT_UNAVAILABLE = 11
    TYPE_UNMATCHED = 12
    SCOPE_OF_ACCESS_VIOLATED = 13
    DATA_BLOCK_UNAVAILABLE = 14
    LONG_ACTION_ABORTED = 15
    NO_LONG_ACTION_IN_PROGRESS = 16
    OTHER_REASON = 250


class StateErrorCode(StandardCode):
    """state-error of an exception-response."""

    SERVICE_NOT_ALLOWED = 1
    SERVICE_UNKNOWN = 2


class ServiceErrorCode(StandardCode):
    """service-error of an exception-response."""

    OPERATION_NOT_POSSIBLE = 1
    SERVICE_NOT_SUPPORTED = 2
    OTHER_REASON = 3
    PDU_TOO_LONG = 4
    DECIPHERING_ERROR = 5
    INVOCATION_COUNTER_ERROR = 6


class ConfirmedService(StandardCode):
    """What a confirmed-service-error is about."""

    INITIATE_ERROR = 1
    READ = 5
    WRITE = 6


class ServiceErrorClass(StandardCode):
    """Class of a confirmed-service-error; numbers its own errors."""

    APPLICATION_REFERENCE = 0
    HARDWARE_RESOURCE = 1
    VDE_STATE_ERROR = 2
    SERVICE = 3
    DEFINITION = 4
    ACCESS = 5
    INITIATE = 6
    LOAD_DATA_SET = 7
    TASK = 9


class InitiateErrorCode(StandardCode):
    """initiateError of a confirmed-service-error: why what an AARQ proposes is refused."""

    OTHER = 0
    DLMS_VERSION_TOO_LOW = 1
    INCOMPATIBLE_CONFORMANCE = 2
    PDU_SIZE_TOO_SHORT = 3
    REFUSED_BY_THE_VDE_HANDLER = 4


class AssociationResult(StandardCode):
    """AARE result."""

    ACCEPTED = 0
    REJECTED_PERMANENT = 1
    REJECTED_TRANSIENT = 2


class DiagnosticSource(StandardCode):
    """AARE result-source-diagnostic; numbers its own diagnostics."""

    ACSE_SERVICE_USER = 1
    ACSE_SERVICE_PROVIDER = 2


class _Diagnostic(StandardCode):
    @property
    @override
    def standard_name(self) -> str:
        return " ".join(word if word in {"ACSE", "AE", "AP"} else word.lower() for word in self.name.split("_"))


class UserDiagnostic(_Diagnostic):
    """Diagnostics of the acse-service-user."""

    NULL = 0
    NO_REASON_GIVEN = 1
    APPLICATION_CONTEXT_NAME_NOT_SUPPORTED = 2
    CALLING_AP_TITLE_NOT_RECOGNISED = 3
    CALLING_AP_INVOCATION_ID_NOT_RECOGNISED = 4
    CALLING_AE_QUALIFIER_NOT_RECOGNISED = 5
    CALLING_AE_INVOCATION_ID_NOT_RECOGNISED = 6
    CALLED_AP_TITLE_NOT_RECOGNISED = 7
    CALLED_AP_INVOCATION_ID_NOT_RECOGNISED = 8
    CALLED_AE_QUALIFIER_NOT_RECOGNISED = 9
    CALLED_AE_INVOCATION_ID_NOT_RECOGNISED = 10
    AUTHENTICATION_MECHANISM_NAME_NOT_RECOGNISED = 11
    AUTHENTICATION_MECHANISM_NAME_REQUIRED = 12
    AUTHENTICATION_FAILURE = 13
    AUTHENTICATION_REQUIRED = 14


class ProviderDiagnostic(_Diagnostic):
    """Diagnostics of the acse-service-provider."""

    NULL = 0
    NO_REASON_GIVEN = 1
    NO_COMMON_ACSE_VERSION = 2


_DIAGNOSTICS: Final[dict[int, type[StandardCode]]] = {
    DiagnosticSource.ACSE_SERVICE_USER: UserDiagnostic,
    DiagnosticSource.ACSE_SERVICE_PROVIDER: ProviderDiagnostic,
}


def acse_diagnostic_name(source: int, diagnostic: int) -> str:
    """Return the standard's words for a diagnostic, or "unknown"."""
    numbered = _DIAGNOSTICS.get(source)
    return (numbered and numbered.name_of(diagnostic)) or "unknown"
