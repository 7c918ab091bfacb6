"""What an error says about a meter: one verdict for each, and the layer that it belongs to. For forms and programs."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ..apdu.acse import Mechanism
from ..errors import (
    AssociationRejected,
    AuthenticationTagInvalid,
    ChallengeRefused,
    ConfirmedService,
    ConfirmedServiceErrorReceived,
    ConnectFailed,
    ConnectFailure,
    ConnectionLost,
    ConnectTimeout,
    DeviceInUse,
    DiagnosticSource,
    DlmsError,
    EchoReceived,
    ExceptionReceived,
    GuessedProtocol,
    InvocationCounterExhausted,
    InvocationCounterNotStored,
    InvocationCounterRefused,
    InvocationCounterReplayed,
    NotWrapper,
    PeerNotAuthenticated,
    ProofRefused,
    RemoteProtocolError,
    ResponseTimeout,
    SecurityDowngrade,
    SecurityError,
    ServiceError,
    ServiceErrorCode,
    SystemTitleMismatch,
    UserDiagnostic,
    WrongAddress,
)
from ..protocol.proposal import AssociationParameters
from ..security.suite import Protection
from .foreign_protocol import protocol_in_words

_NO_REASON: Final = (UserDiagnostic.NULL, UserDiagnostic.NO_REASON_GIVEN)


class Layer(StrEnum):
    """What lies between us and a meter's values, in the order in which it is passed."""

    NAME = "name"
    PORT = "port"
    FRAMING = "framing"
    PUBLIC_ASSOCIATION = "public-association"
    ASSOCIATION = "association"
    AUTHENTICATION = "authentication"
    OBJECT_LIST = "object-list"


class Verdict(StrEnum):
    """Why an examination failed, by layer; the keys of texts."""

    NAME_NOT_RESOLVED = "name_not_resolved"
    HOST_UNREACHABLE = "host_unreachable"
    CONNECTION_REFUSED = "connection_refused"
    CANNOT_CONNECT = "cannot_connect"
    CONNECT_TIMEOUT = "connect_timeout"
    DEVICE_IN_USE = "device_in_use"
    NO_DLMS_ANSWER = "no_dlms_answer"
    CLOSED_BY_METER = "closed_by_meter"
    CLOSED_WITH_KEYS = "closed_with_keys"
    OTHER_WPORTS = "other_wports"
    NOT_DLMS_HDLC = "not_dlms_hdlc"
    NOT_DLMS_TEXT = "not_dlms_text"
    NOT_DLMS = "not_dlms"
    BAD_ANSWER = "bad_answer"
    ASSOCIATION_REFUSED = "association_refused"
    MECHANISM_REFUSED = "mechanism_refused"
    AUTHENTICATION_REQUIRED = "authentication_required"
    STRONGER_AUTHENTICATION = "stronger_authentication"
    INVALID_AUTH = "invalid_auth"
    PASSWORD_OR_KEYS_REFUSED = "password_or_keys_refused"  # noqa: S105 - the name of a verdict
    SECRET_REFUSED = "secret_refused"  # noqa: S105 - likewise
    KEYS_REFUSED = "keys_refused"
    CERTIFICATE_REFUSED = "certificate_refused"
    SYSTEM_TITLE_REFUSED = "system_title_refused"
    WRONG_KEY = "wrong_key"
    NO_SECURED_ANSWER = "no_secured_answer"
    NO_ANSWER_UNDER_DEDICATED_KEY = "no_answer_under_dedicated_key"
    ASSOCIATION_OBJECT_UNKNOWN = "association_object_unknown"
    VERIFICATION_FAILED = "verification_failed"
    DECRYPTED_NONSENSE = "decrypted_nonsense"
    METER_NOT_PROVEN = "meter_not_proven"
    COUNTER_REFUSED = "counter_refused"
    COUNTER_JUMP = "counter_jump"
    COUNTER_TOO_FAR = "counter_too_far"
    COUNTER_NOT_STORED = "counter_not_stored"
    COUNTER_EXHAUSTED = "counter_exhausted"
    ANSWER_REPLAYED = "answer_replayed"
    SECURITY_DOWNGRADE = "security_downgrade"
    UNEXPECTED_SYSTEM_TITLE = "unexpected_system_title"
    METER_BUSY = "meter_busy"
    CONNECTION_LOST = "connection_lost"
    ANSWER_TIMEOUT = "answer_timeout"
    TOOK_TOO_LONG = "took_too_long"
    NO_IDENTITY = "no_identity"
    UNKNOWN = "unknown"


_BEHIND: Final[Mapping[Layer, frozenset[Verdict]]] = {
    Layer.NAME: frozenset({Verdict.NAME_NOT_RESOLVED}),
    Layer.PORT: frozenset(
        {
            Verdict.HOST_UNREACHABLE,
            Verdict.CONNECTION_REFUSED,
            Verdict.CANNOT_CONNECT,
            Verdict.CONNECT_TIMEOUT,
            Verdict.DEVICE_IN_USE,
        }
    ),
    Layer.FRAMING: frozenset({Verdict.NOT_DLMS_HDLC, Verdict.NOT_DLMS_TEXT, Verdict.NOT_DLMS}),
    Layer.AUTHENTICATION: frozenset(
        {
            Verdict.MECHANISM_REFUSED,
            Verdict.AUTHENTICATION_REQUIRED,
            Verdict.STRONGER_AUTHENTICATION,
            Verdict.INVALID_AUTH,
            Verdict.PASSWORD_OR_KEYS_REFUSED,
            Verdict.SECRET_REFUSED,
            Verdict.KEYS_REFUSED,
            Verdict.CERTIFICATE_REFUSED,
            Verdict.SYSTEM_TITLE_REFUSED,
            Verdict.WRONG_KEY,
            Verdict.ASSOCIATION_OBJECT_UNKNOWN,
            Verdict.VERIFICATION_FAILED,
            Verdict.DECRYPTED_NONSENSE,
            Verdict.METER_NOT_PROVEN,
            Verdict.COUNTER_REFUSED,
            Verdict.COUNTER_NOT_STORED,
            Verdict.COUNTER_EXHAUSTED,
            Verdict.ANSWER_REPLAYED,
            Verdict.SECURITY_DOWNGRADE,
            Verdict.UNEXPECTED_SYSTEM_TITLE,
        }
    ),
}


def layer_of(verdict: Verdict) -> Layer:
    """Return the layer that a verdict about an association is about."""
    return next((layer for layer, verdicts in _BEHIND.items() if verdict in verdicts), Layer.ASSOCIATION)


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """A verdict. ``diagnostic``: key of a refusal (``diagnostic_of``). ``detail``: the stack's own words.

    ``seconds``: the deadline that passed. ``offered``: the parameters that a refusing meter tells of itself.
    """

    verdict: Verdict
    diagnostic: str = ""
    detail: str = ""
    seconds: float = 0
    offered: str = ""


def is_unverified(parameters: AssociationParameters) -> bool:
    """Whether messages are decrypted without a tag that would tell a wrong key."""
    security = parameters.security
    return security is not None and (security.accept_unverified or security.protection == Protection.ENCRYPTED)


def while_associating(error: DlmsError, parameters: AssociationParameters) -> Diagnosis:
    """Return what an error says that came before the association was open."""
    match error:
        case ConnectFailed(reason=ConnectFailure.NAME_NOT_RESOLVED):
            return Diagnosis(verdict=Verdict.NAME_NOT_RESOLVED)
        case ConnectFailed(reason=ConnectFailure.REFUSED):
            return Diagnosis(verdict=Verdict.CONNECTION_REFUSED)
        case ConnectFailed(reason=ConnectFailure.UNREACHABLE):
            return Diagnosis(verdict=Verdict.HOST_UNREACHABLE)
        case ConnectFailed():
            return Diagnosis(verdict=Verdict.CANNOT_CONNECT, detail=error.detail or str(error))
        case ConnectTimeout():
            return Diagnosis(verdict=Verdict.CONNECT_TIMEOUT, seconds=error.seconds)
        case DeviceInUse():
            return Diagnosis(verdict=Verdict.DEVICE_IN_USE, seconds=error.seconds)
        case ResponseTimeout():
            return Diagnosis(verdict=_unanswered(parameters), seconds=error.seconds)
        case ConnectionLost() if parameters.uses_counter:
            return Diagnosis(verdict=Verdict.CLOSED_WITH_KEYS)
        case AssociationRejected():
            return _refused(error, parameters)
        case InvocationCounterRefused():
            return Diagnosis(verdict=Verdict.COUNTER_REFUSED, detail=str(error))
        case ExceptionReceived(service_error=code) if (
            parameters.is_ciphered and code == ServiceErrorCode.DECIPHERING_ERROR
        ):
            return Diagnosis(verdict=Verdict.WRONG_KEY)
        case ServiceError():
            return Diagnosis(verdict=Verdict.ASSOCIATION_REFUSED, diagnostic=diagnostic_of(error), detail=str(error))
        case RemoteProtocolError() | SecurityError():
            return _protocol(error, parameters)
    return Diagnosis(verdict=Verdict.CLOSED_BY_METER)


def _unanswered(parameters: AssociationParameters) -> Verdict:
    # Many meters say nothing at all to what they cannot decipher.
    if parameters.uses_dedicated_key:
        return Verdict.NO_ANSWER_UNDER_DEDICATED_KEY
    return Verdict.NO_SECURED_ANSWER if parameters.is_ciphered else Verdict.NO_DLMS_ANSWER


def while_reading(error: DlmsError, parameters: AssociationParameters) -> Diagnosis:
    """Return what an error says that ended an open association."""
    match error:
        case ResponseTimeout():
            dedicated = parameters.uses_dedicated_key
            verdict = Verdict.NO_ANSWER_UNDER_DEDICATED_KEY if dedicated else Verdict.ANSWER_TIMEOUT
            return Diagnosis(verdict=verdict, seconds=error.seconds)
        case AssociationRejected():
            return _refused_again(error)
        case RemoteProtocolError() | SecurityError():
            return _protocol(error, parameters)
    return Diagnosis(verdict=Verdict.CONNECTION_LOST)


def _refused_again(error: AssociationRejected) -> Diagnosis:
    """A further association is refused: no secret is typed anew for it, because this one was accepted just before."""
    verdict = Verdict.METER_BUSY if error.transient else Verdict.ASSOCIATION_REFUSED
    return Diagnosis(verdict=verdict, diagnostic=diagnostic_of(error), detail=str(error))


def _protocol(error: RemoteProtocolError | SecurityError, parameters: AssociationParameters) -> Diagnosis:
    match error:
        case NotWrapper(speaks=GuessedProtocol.HDLC):
            return Diagnosis(verdict=Verdict.NOT_DLMS_HDLC)
        case NotWrapper(speaks=GuessedProtocol.TEXT):
            return Diagnosis(verdict=Verdict.NOT_DLMS_TEXT)
        case NotWrapper():
            return Diagnosis(verdict=Verdict.NOT_DLMS, detail=protocol_in_words(error.header) or str(error))
        case EchoReceived():
            return Diagnosis(verdict=Verdict.NOT_DLMS, detail="an echo of what was sent")
        case WrongAddress(asked=(_, _)):
            return Diagnosis(verdict=Verdict.OTHER_WPORTS, detail=str(error))
        case RemoteProtocolError() | SecurityDowngrade() if is_unverified(parameters):
            # Without a tag a wrong key shows only in what comes out.
            return Diagnosis(verdict=Verdict.DECRYPTED_NONSENSE)
        case SecurityError():
            return Diagnosis(verdict=_security_verdict(error), detail=str(error))
    return Diagnosis(verdict=Verdict.BAD_ANSWER, detail=str(error))


def _security_verdict(error: SecurityError) -> Verdict:
    match error:
        case AuthenticationTagInvalid():
            return Verdict.VERIFICATION_FAILED
        case PeerNotAuthenticated() | ChallengeRefused():
            return Verdict.METER_NOT_PROVEN
        case InvocationCounterNotStored():
            return Verdict.COUNTER_NOT_STORED
        case InvocationCounterExhausted():
            return Verdict.COUNTER_EXHAUSTED
        case InvocationCounterReplayed():
            return Verdict.ANSWER_REPLAYED
        case SystemTitleMismatch():
            return Verdict.UNEXPECTED_SYSTEM_TITLE
    return Verdict.SECURITY_DOWNGRADE


_REFUSED_SECRET: Final = {
    Mechanism.NONE: Verdict.AUTHENTICATION_REQUIRED,
    Mechanism.LLS: Verdict.INVALID_AUTH,
    Mechanism.HLS_GMAC: Verdict.KEYS_REFUSED,
    Mechanism.HLS_ECDSA: Verdict.CERTIFICATE_REFUSED,
}


def _refused(error: AssociationRejected, parameters: AssociationParameters) -> Diagnosis:
    mechanism = parameters.mechanism
    if isinstance(error, ProofRefused) and error.concerns_object:
        # By short names there is one object, which nobody has to name: every way to call its method was refused.
        verdict = Verdict.ASSOCIATION_REFUSED if error.by_short_name else Verdict.ASSOCIATION_OBJECT_UNKNOWN
        return Diagnosis(verdict=verdict, diagnostic=diagnostic_of(error), detail=str(error))
    verdict = Verdict.METER_BUSY if error.transient else Verdict.ASSOCIATION_REFUSED
    if error.source == DiagnosticSource.ACSE_SERVICE_USER:
        match error.diagnostic:
            case UserDiagnostic.CALLING_AP_TITLE_NOT_RECOGNISED if parameters.security is not None:
                verdict = Verdict.SYSTEM_TITLE_REFUSED
            case UserDiagnostic.AUTHENTICATION_MECHANISM_NAME_NOT_RECOGNISED:
                verdict = Verdict.MECHANISM_REFUSED
            case UserDiagnostic.AUTHENTICATION_MECHANISM_NAME_REQUIRED:
                verdict = Verdict.AUTHENTICATION_REQUIRED if mechanism is Mechanism.NONE else Verdict.MECHANISM_REFUSED
            case UserDiagnostic.AUTHENTICATION_FAILURE if mechanism is Mechanism.LLS and parameters.is_ciphered:
                verdict = Verdict.PASSWORD_OR_KEYS_REFUSED
            case UserDiagnostic.AUTHENTICATION_FAILURE:
                verdict = _REFUSED_SECRET.get(mechanism, Verdict.SECRET_REFUSED)
            case UserDiagnostic.AUTHENTICATION_REQUIRED:
                verdict = Verdict.STRONGER_AUTHENTICATION
    return Diagnosis(verdict=verdict, diagnostic=diagnostic_of(error), detail=str(error), offered=error.offered)


def diagnostic_of(error: DlmsError) -> str:
    """Return the text's key of a refusal: source and number, or what is behind "no reason given"."""
    match error:
        case AssociationRejected(initiate_error=int(initiate_error), diagnostic=diagnostic) if diagnostic in _NO_REASON:
            return f"initiate_{initiate_error}"
        case AssociationRejected(source=source, diagnostic=diagnostic):
            return f"{'user' if source == DiagnosticSource.ACSE_SERVICE_USER else 'provider'}_{diagnostic}"
        case ConfirmedServiceErrorReceived(service=service, error=code) if service == ConfirmedService.INITIATE_ERROR:
            return f"initiate_{code}"
        case ExceptionReceived(service_error=service_error):
            return f"exception_{service_error}"
    return "unknown"
