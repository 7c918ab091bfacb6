"""Every exception that a caller of the stack can see, and the standard's numbers that they carry.

Whatever octets arrive, the stack raises only :class:`DlmsError` and its children. They carry machine-readable fields
and a short English text; never a key, never a password, never more than 32 octets of what was received. Fields with a
number of the standard are plain integers, to be compared with the enumerations here.
"""

from enum import IntEnum, StrEnum
from typing import Final, override

MAX_PAYLOAD_IN_TEXT: Final = 32  # octets; keeps foreign content out of logs (log injection, privacy)


def excerpt(octets: bytes | bytearray | memoryview) -> str:
    """Return at most 32 octets as upper case hex, with an ellipsis where octets were cut off."""
    head = bytes(octets[:MAX_PAYLOAD_IN_TEXT]).hex().upper()
    return head if len(octets) <= MAX_PAYLOAD_IN_TEXT else f"{head}..."


class StandardCode(IntEnum):
    """Base of the standard's numbered results and errors. A meter may send any number: unknown ones stay numbers."""

    @property
    def standard_name(self) -> str:
        """The name as the standard writes it: ``read-write-denied``."""
        return self.name.lower().replace("_", "-")

    @classmethod
    def name_of(cls, number: int) -> str | None:
        """Return the standard's name of a number, None where it has none."""
        return cls(number).standard_name if number in cls else None


class DataAccessResultCode(StandardCode):
    """Data-Access-Result (IEC 62056-5-3): how reading or writing one attribute ended."""

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
    """Action-Result (IEC 62056-5-3): how a method ended."""

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
    """service-error of an exception-response; the last one carries the lowest invocation counter that is accepted."""

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
    """Error class of a confirmed-service-error; it numbers its errors."""

    APPLICATION_REFERENCE = 0
    HARDWARE_RESOURCE = 1
    VDE_STATE_ERROR = 2
    SERVICE = 3
    DEFINITION = 4
    ACCESS = 5
    INITIATE = 6
    LOAD_DATA_SET = 7
    TASK = 9


class AssociationResult(StandardCode):
    """AARE result."""

    ACCEPTED = 0
    REJECTED_PERMANENT = 1
    REJECTED_TRANSIENT = 2


class DiagnosticSource(StandardCode):
    """AARE result-source-diagnostic: who says it; each numbers its diagnostics."""

    ACSE_SERVICE_USER = 1
    ACSE_SERVICE_PROVIDER = 2


class _Diagnostic(StandardCode):
    @property
    @override
    def standard_name(self) -> str:
        return " ".join(word if word in {"ACSE", "AE", "AP"} else word.lower() for word in self.name.split("_"))


class UserDiagnostic(_Diagnostic):
    """AARE diagnostic of the acse-service-user."""

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
    """AARE diagnostic of the acse-service-provider."""

    NULL = 0
    NO_REASON_GIVEN = 1
    NO_COMMON_ACSE_VERSION = 2


_DIAGNOSTICS: Final[dict[int, type[StandardCode]]] = {
    DiagnosticSource.ACSE_SERVICE_USER: UserDiagnostic,
    DiagnosticSource.ACSE_SERVICE_PROVIDER: ProviderDiagnostic,
}
_OF_AUTHENTICATION: Final = frozenset(
    {
        UserDiagnostic.AUTHENTICATION_MECHANISM_NAME_NOT_RECOGNISED,
        UserDiagnostic.AUTHENTICATION_MECHANISM_NAME_REQUIRED,
        UserDiagnostic.AUTHENTICATION_FAILURE,
    }
)


def acse_diagnostic_name(source: int, diagnostic: int) -> str:
    """Return the standard's words for an AARE diagnostic of a DiagnosticSource, "unknown" where it has none."""
    numbered = _DIAGNOSTICS.get(source)
    return (numbered and numbered.name_of(diagnostic)) or "unknown"


class DlmsError(Exception):
    """Base of everything that the stack raises on purpose."""


class TransportError(DlmsError):
    """The network between us and the meter failed; nothing is known about the meter itself."""


class ConnectFailure(StrEnum):
    """Why no TCP connection came about."""

    NAME_NOT_RESOLVED = "name_not_resolved"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    OTHER = "other"


class ConnectFailed(TransportError):
    """No TCP connection could be opened (TCP-CONNECT.confirm negative)."""

    def __init__(self, reason: ConnectFailure, detail: str = "") -> None:
        """Keep the reason; detail is the operating system's own wording."""
        super().__init__(f"connection failed: {reason.value.replace('_', ' ')}{f' ({detail})' if detail else ''}")
        self.reason = reason
        self.detail = detail


class ConnectTimeout(TransportError):
    """Nobody answered the attempt to open a TCP connection."""

    def __init__(self, seconds: float) -> None:
        """Keep how long was waited, in seconds."""
        super().__init__(f"no answer to the connection attempt within {seconds:g} s")
        self.seconds = seconds


class ConnectionLost(TransportError):
    """The TCP connection ended while an association or a request needed it (TCP-ABORT or TCP-DISCONNECT)."""

    def __init__(self, *, reset: bool = False, truncated: bool = False) -> None:
        """Tell a reset from an orderly end, and whether a WPDU was cut off."""
        text = "the connection was reset" if reset else "the meter closed the connection"
        super().__init__(text + (" inside a message" if truncated else ""))
        self.reset = reset
        self.truncated = truncated


class ResponseTimeout(TransportError):
    """The meter did not answer in time. The connection is closed afterwards and never reused."""

    def __init__(self, waiting_for: str, seconds: float) -> None:
        """Keep what was awaited ("AARE", "get-response", ...) and for how many seconds."""
        super().__init__(f"no {waiting_for} within {seconds:g} s")
        self.waiting_for = waiting_for
        self.seconds = seconds


class ProtocolError(DlmsError):
    """Someone broke the protocol."""


class LocalProtocolError(ProtocolError):
    """We were about to break it: a misuse of the stack by its caller."""


class RemoteProtocolError(ProtocolError):
    """The peer broke it."""


class PeerSpeaks(StrEnum):
    """What the first octets look like when they are no WPDU header."""

    HDLC = "hdlc"
    TEXT = "text"
    UNKNOWN = "unknown"


class NotWrapper(RemoteProtocolError):
    """The octets do not start with wrapper version 1 (IEC 62056-4-7): wrong port, HDLC bridge, another service."""

    def __init__(self, header: bytes) -> None:
        """Keep the first octets (at most 8) and a guess of what the peer speaks."""
        first = header[:1]
        if first == b"\x7e":
            self.speaks = PeerSpeaks.HDLC
            text = "the peer speaks HDLC, not the wrapper"
        elif header and all(32 <= octet < 127 or octet in (9, 10, 13) for octet in header[:8]):
            self.speaks = PeerSpeaks.TEXT
            text = "the peer sent text, not DLMS"
        else:
            self.speaks = PeerSpeaks.UNKNOWN
            text = "the wrapper version is not 1"
        super().__init__(f"{text} (starts with {excerpt(header[:8])})")
        self.header = bytes(header[:8])


class DecodeError(RemoteProtocolError):
    """Octets that are not a valid encoding."""

    def __init__(self, reason: str, offset: int = 0) -> None:
        """Keep the reason and the offset of the octet that does not fit, counted from the start of the input."""
        super().__init__(f"{reason} (at octet {offset})")
        self.reason = reason
        self.offset = offset


class LimitExceeded(RemoteProtocolError):
    """Well-formed so far, but more than we are willing to hold or compute (see limits.py)."""

    def __init__(self, what: str, limit: int, offset: int = 0) -> None:
        """Keep the name of the limit, its value and the offset where it was met."""
        super().__init__(f"more than {limit} {what} (at octet {offset})")
        self.what = what
        self.limit = limit
        self.offset = offset


class UnexpectedApdu(RemoteProtocolError):
    """An APDU whose tag is unknown, or that has no place in the present state."""

    def __init__(self, tag: int, context: str = "", offset: int = 0) -> None:
        """Keep the tag, what was going on, and the offset of the tag."""
        super().__init__(f"unexpected APDU with tag {tag:02X}{f' {context}' if context else ''} (at octet {offset})")
        self.tag = tag
        self.context = context
        self.offset = offset


class WrongAddress(RemoteProtocolError):
    """Too many messages with wPorts, invoke-ids or block numbers that belong to nothing we asked for."""

    def __init__(self, source_wport: int, destination_wport: int) -> None:
        """Keep the wPorts of the last such message."""
        super().__init__(f"answers for wPorts {source_wport} -> {destination_wport} belong to no request of ours")
        self.source_wport = source_wport
        self.destination_wport = destination_wport


class SecurityError(DlmsError):
    """Verification failed or protection was weaker than agreed. Never a reason to ask the user for keys again."""


class AuthenticationTagInvalid(SecurityError):
    """The authentication tag of a protected APDU does not fit: wrong key, or altered octets."""


class InvocationCounterReplayed(SecurityError):
    """A protected APDU carries an invocation counter that was already accepted."""


class InvocationCounterExhausted(SecurityError):
    """Our sending counter is used up, or could not be stored ahead: sending would risk a repeated nonce."""


class InvocationCounterNotStored(InvocationCounterExhausted):
    """The store of our sending counter cannot be written, or not be read. There are values left; it may pass."""


class InvocationCounterRefused(SecurityError):
    """The meter refuses our invocation counter (ServiceErrorCode.INVOCATION_COUNTER_ERROR); following it did not help.

    ``expected``: the counter it asks for, unverified, if it told one. Nobody proved who sent this: it says that our
    counter needs a look, never that keys are wrong.
    """

    def __init__(self, expected: int | None) -> None:
        """Keep what the meter expects."""
        told = "" if expected is None else f", it asks for {expected}"
        super().__init__(f"the meter refuses our invocation counter{told}")
        self.expected = expected


class SecurityDowngrade(SecurityError):
    """An answer is protected less, or otherwise, than the association's settings demand."""


class SystemTitleMismatch(SecurityError):
    """The system title is not the one that this association is pinned to.

    ``found``: the well-formed title of an AARE that came instead of the pinned one. Nothing proves it.
    """

    def __init__(self, message: str, *, found: bytes | None = None) -> None:
        """Keep the title that was found."""
        super().__init__(message)
        self.found = found


class PeerNotAuthenticated(SecurityError):
    """The meter did not prove that it knows the secret (HLS pass 4)."""


class AssociationError(DlmsError):
    """No association, or not any more."""


class AssociationRejected(AssociationError):
    """The AARE refuses the association (IEC 62056-5-3, AARE result and result-source-diagnostic)."""

    def __init__(self, result: int, source: int, diagnostic: int, initiate_error: int | None = None) -> None:
        """Keep AssociationResult, DiagnosticSource, the diagnostic, and the initiateError if one was sent."""
        source_name = DiagnosticSource.name_of(source) or f"source {source}"
        reason = acse_diagnostic_name(source, diagnostic)
        super().__init__(f"association refused: result {result}, {source_name} diagnostic {diagnostic} ({reason})")
        self.result = result
        self.source = source
        self.diagnostic = diagnostic
        self.initiate_error = initiate_error

    @property
    def transient(self) -> bool:
        """True when the meter says that it may accept later."""
        return self.result == AssociationResult.REJECTED_TRANSIENT

    @property
    def concerns_authentication(self) -> bool:
        """True when credentials or the chosen mechanism are the reason."""
        return self.source == DiagnosticSource.ACSE_SERVICE_USER and self.diagnostic in _OF_AUTHENTICATION


class AssociationAborted(AssociationError):
    """The association ended without a release, by the peer or by an error on our side."""


class ServiceError(DlmsError):
    """The meter answered, and the answer is an error."""


class DataAccessError(ServiceError):
    """A DataAccessResultCode other than success for one attribute."""

    def __init__(self, result: int) -> None:
        """Keep the code; unknown codes are kept as they are."""
        super().__init__(f"data-access-result {result} ({DataAccessResultCode.name_of(result) or 'unknown'})")
        self.result = result

    @property
    def name(self) -> str:
        """The standard's name of the code, "unknown" where it has none."""
        return DataAccessResultCode.name_of(self.result) or "unknown"


class ActionError(ServiceError):
    """An ActionResultCode other than success."""

    def __init__(self, result: int) -> None:
        """Keep the code; unknown codes are kept as they are."""
        super().__init__(f"action-result {result} ({ActionResultCode.name_of(result) or 'unknown'})")
        self.result = result


class ExceptionReceived(ServiceError):
    """An exception-response (tag D8). Never authenticated: it may end a request and nothing else."""

    def __init__(self, state_error: int, service_error: int, invocation_counter: int | None = None) -> None:
        """Keep both codes and the counter that came with an invocation-counter-error."""
        super().__init__(
            f"exception-response: {StateErrorCode.name_of(state_error) or state_error}, "
            f"{ServiceErrorCode.name_of(service_error) or service_error}"
        )
        self.state_error = state_error
        self.service_error = service_error
        self.invocation_counter = invocation_counter


class ConfirmedServiceErrorReceived(ServiceError):
    """A confirmed-service-error (tag 0E): ConfirmedService, ServiceErrorClass, and an error numbered by the class."""

    def __init__(self, service: int, error_class: int, error: int) -> None:
        """Keep the three numbers as sent."""
        super().__init__(f"confirmed-service-error: service {service}, class {error_class}, error {error}")
        self.service = service
        self.error_class = error_class
        self.error = error
