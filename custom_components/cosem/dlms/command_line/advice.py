"""Errors as one sentence with advice; never a secret."""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ..addresses import TransportProtocol
from ..errors import (
    ActionError,
    AssociationAborted,
    AssociationRejected,
    AuthenticationTagInvalid,
    ChallengeRefused,
    ConfirmedService,
    ConfirmedServiceErrorReceived,
    ConnectFailed,
    ConnectFailure,
    ConnectionLost,
    ConnectTimeout,
    DataAccessError,
    DataAccessResultCode,
    DiagnosticSource,
    DlmsError,
    EchoReceived,
    ExceptionReceived,
    GuessedProtocol,
    InitiateErrorCode,
    InvocationCounterExhausted,
    InvocationCounterRefused,
    InvocationCounterReplayed,
    ListenerUnavailable,
    NotWrapper,
    OtherTermAccepted,
    PeerNotAuthenticated,
    ProofRefused,
    ProposedTerm,
    RemoteProtocolError,
    ResponseTimeout,
    SecurityDowngrade,
    SecurityError,
    ServiceErrorClass,
    ServiceErrorCode,
    ServiceNotNegotiated,
    SystemTitleMismatch,
    UserDiagnostic,
    WrongAddress,
)
from .options import MOST_COUNTER


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What was used when an error came; it decides what to check first."""

    auth: str = ""
    """As --auth has it; "": not known."""
    referencing: str = ""
    """As --referencing has it; "": not known."""
    keys: bool = False
    dedicated_key: bool = False
    datagrams: bool = False
    is_heard: bool = False
    """Whether something in the wrapper came back."""
    other_names_help: bool = True
    """Whether the other way of referencing may be the meter's: neither was it tried, nor did this one work before."""


NOTHING: Final = Used()


def used_by(options: argparse.Namespace) -> Used:
    """Return what the options use."""
    keys = options.auth == "hls-gmac" or options.protection not in {None, "none"}
    return Used(
        auth=options.auth,
        referencing=options.referencing,
        keys=keys,
        dedicated_key=options.dedicated_key,
        datagrams=options.transport == TransportProtocol.UDP,
    )


def sentence(error: DlmsError, used: Used = NOTHING) -> str:
    """Return an error with advice."""
    text = str(error)
    advice = advice_for(error, used)
    return f"{text}. {advice}" if advice else text


def advice_for(error: DlmsError, used: Used = NOTHING) -> str:
    """Return what to try next, or ""."""
    return _security_advice(error) if isinstance(error, SecurityError) else _advice(error, used)


def _advice(error: DlmsError, used: Used) -> str:
    match error:
        case ConnectFailed(reason=ConnectFailure.NAME_NOT_RESOLVED):
            return "Check the spelling of the host name"
        case ConnectFailed(reason=ConnectFailure.REFUSED):
            return "Nothing listens there: check host and port, and close other programs that read this meter"
        case ConnectFailed() | ConnectTimeout():
            return "Check host, port, cable and firewall"
        case ListenerUnavailable(in_use=True):
            return "Another program listens there: end it, or choose another --port and let the meter send to that one"
        case ResponseTimeout() | ConnectionLost():
            return _silence_advice(error, used)
        case ConfirmedServiceErrorReceived(service=ConfirmedService.INITIATE_ERROR, error=code):
            return _OF_THE_PROPOSAL.get(code, "Check --client, --server and --auth")
        case AssociationRejected():
            return _refusal_advice(error, used)
        case ExceptionReceived(service_error=ServiceErrorCode.DECIPHERING_ERROR):
            return "The meter cannot decipher what we send: check keys, invocation counter, --suite and --protection"
        case DataAccessError() | ActionError():
            return _OF_RESULTS.get(error.result, "")
        case ConfirmedServiceErrorReceived():
            return _service_error_advice(error)
        case ExceptionReceived():
            return _OF_EXCEPTIONS.get(error.service_error, "")
        case RemoteProtocolError():
            return _protocol_advice(error, used)
        case AssociationAborted():
            return "Try again"
        case ServiceNotNegotiated():
            return "The meter may offer it to another --client or --auth"
        case _:
            return ""


def _protocol_advice(error: RemoteProtocolError, used: Used) -> str:
    match error:
        case NotWrapper(speaks=GuessedProtocol.HDLC):
            return "Behind this port is a serial line in HDLC; the wrapper is needed"
        case NotWrapper():
            return "Check the port: this is another service"
        case EchoReceived():
            return "This is no meter, or a serial line that echoes: check the port, and turn off the gateway's echo"
        case WrongAddress(asked=(_, _)):
            return "Check --client and --server; a gateway may exchange them"
        case WrongAddress():
            return ""  # it says all
        case OtherTermAccepted():
            return _term_advice(error.term, used)
    return "--trace FILE shows what came. Check --server and --protection; a gateway may cut or mix messages"


_OF_TERMS: Final[Mapping[ProposedTerm, str]] = {
    ProposedTerm.CIPHERING: "The meter protects messages otherwise than asked for: check --protection",
    ProposedTerm.MECHANISM: "The meter wants another login than asked for: check --auth and --client",
    ProposedTerm.DLMS_VERSION: "Only version 6 is understood here, which all meters of the last decades have",
    ProposedTerm.PDU_SIZE: "The meter takes no message that is long enough for a question: check --client and --server",
}


def _term_advice(term: ProposedTerm, used: Used) -> str:
    if term is ProposedTerm.REFERENCING:
        return (
            f"The meter names objects in the other way: try --referencing {'ln' if used.referencing == 'sn' else 'sn'}"
        )
    return _OF_TERMS[term]


_NOT_ALLOWED: Final = "This client may not be allowed to: try another --client or --auth"
_LATER: Final = "The meter cannot do it now: try again in a minute"
_NO_OBJECT: Final = "The meter has no such object for this client: the command objects lists what there is"
_OTHER_TYPE: Final = "The object wants a value of another type; read it to see which"

_OF_RESULTS: Final[Mapping[int, str]] = {
    DataAccessResultCode.HARDWARE_FAULT: "The meter says that it is faulty: tell who operates it",
    DataAccessResultCode.TEMPORARY_FAILURE: _LATER,
    DataAccessResultCode.READ_WRITE_DENIED: _NOT_ALLOWED,
    DataAccessResultCode.OBJECT_UNDEFINED: _NO_OBJECT,
    DataAccessResultCode.OBJECT_CLASS_INCONSISTENT: "The object is of another class: the command objects tells which",
    DataAccessResultCode.OBJECT_UNAVAILABLE: _NO_OBJECT,
    DataAccessResultCode.TYPE_UNMATCHED: _OTHER_TYPE,
    DataAccessResultCode.SCOPE_OF_ACCESS_VIOLATED: _NOT_ALLOWED,
    DataAccessResultCode.OTHER_REASON: _NOT_ALLOWED,  # all that some meters say
}
"""By Data-Access-Result, which has the numbers of Action-Result. What is about blocks has no advice."""

_OF_EXCEPTIONS: Final[Mapping[int, str]] = {
    ServiceErrorCode.OPERATION_NOT_POSSIBLE: f"{_LATER}. {_NOT_ALLOWED}",
    ServiceErrorCode.SERVICE_NOT_SUPPORTED: "The meter does not know this service, or not for this client",
    ServiceErrorCode.OTHER_REASON: f"{_LATER}. {_NOT_ALLOWED}",
    ServiceErrorCode.PDU_TOO_LONG: "The meter takes shorter messages only: ask for less at once",
}

_OF_SERVICE_ERRORS: Final[Mapping[int, str]] = {
    ServiceErrorClass.APPLICATION_REFERENCE: "The meter does not know this association: try again",
    ServiceErrorClass.HARDWARE_RESOURCE: _LATER,
    ServiceErrorClass.VDE_STATE_ERROR: _LATER,
    ServiceErrorClass.SERVICE: "The meter does not know this service, or not for this client",
    ServiceErrorClass.DEFINITION: _NO_OBJECT,
    ServiceErrorClass.ACCESS: _NOT_ALLOWED,
}


def _service_error_advice(error: ConfirmedServiceErrorReceived) -> str:
    return _OF_SERVICE_ERRORS.get(error.error_class, "")


def _silence_advice(error: ResponseTimeout | ConnectionLost, used: Used) -> str:
    before = "Try without --dedicated-key. " if used.dedicated_key else ""
    if isinstance(error, ConnectionLost):
        keys = "Many meters hang up on wrong keys or counters: check the keys, --suite and --protection. "
        before += keys if used.keys else ""
        return f"{before}Many meters serve one program at a time; check --client and --server, too"
    if error.got_others:
        return "--trace FILE shows what came; a gateway may answer for another program"
    if error.waiting_for != "AARE":
        return f"{before}Try a longer --timeout"
    if used.datagrams and not used.is_heard:
        before += "Few meters serve UDP: try --transport tcp. "
    if used.keys:
        return f"{before}The meter may be silent to wrong keys or counters: check the keys, --client and --server"
    before += "The meter may not know these wPorts: check --client and --server"
    if used.other_names_help:
        before += f". {_OTHER_NAMES.get(used.referencing, _SHORT_NAMES)}"
    return before if used.is_heard else f"{before}. Or this is no meter at all"


_SHORT_NAMES: Final = "An old one may know short names only: try --referencing sn"
_OTHER_NAMES: Final[Mapping[str, str]] = {"sn": "It may know no short names: try --referencing ln"}
"""By the way of referencing that was used."""


_OF_THE_PROPOSAL: Final[Mapping[int, str]] = {
    InitiateErrorCode.DLMS_VERSION_TOO_LOW: "The meter uses another version of DLMS than 6, the only one here",
    InitiateErrorCode.INCOMPATIBLE_CONFORMANCE: (
        "The meter refuses the services that are proposed: propose fewer with --conformance 001E1D, or other ones "
        "with --referencing"
    ),
    InitiateErrorCode.PDU_SIZE_TOO_SHORT: "The meter needs longer messages than offered; --transport tcp has more room",
}


def _refusal_advice(error: AssociationRejected, used: Used) -> str:
    if isinstance(error, ProofRefused) and error.concerns_object and error.by_short_name:
        return "The meter takes this login in no way that is known here: check --auth, --client and --server"
    if isinstance(error, ProofRefused) and error.concerns_object:
        return "Name the object that takes the login with --association, for example 0.0.40.0.1.255"
    if error.initiate_error is not None and (advice := _OF_THE_PROPOSAL.get(error.initiate_error)):
        return advice
    if error.concerns_authentication:
        return _login_advice(error, used)
    if error.transient:
        return "The meter is busy, perhaps with another program: try again in a minute"
    match error.source, error.diagnostic:
        case DiagnosticSource.ACSE_SERVICE_USER, UserDiagnostic.APPLICATION_CONTEXT_NAME_NOT_SUPPORTED:
            return _context_advice(used)
        case DiagnosticSource.ACSE_SERVICE_USER, UserDiagnostic.AUTHENTICATION_REQUIRED:
            return "This client must log in with more than that: check --auth, for example hls-gmac, and --client"
        case DiagnosticSource.ACSE_SERVICE_USER, UserDiagnostic.CALLING_AP_TITLE_NOT_RECOGNISED:
            return "The meter may know its clients by their titles: check --system-title"
    return _unexplained_advice(used)


def _context_advice(used: Used) -> str:
    if used.keys:
        ciphering = "It may take no ciphered messages: try --protection none"
    else:
        ciphering = "It may want ciphered messages: use keys, with --auth hls-gmac or --protection"
    names = f". {_OTHER_NAMES.get(used.referencing, _SHORT_NAMES)}" if used.other_names_help else ""
    return f"{ciphering}{names}. Check --client and --server, too"


def _unexplained_advice(used: Used) -> str:
    # "No reason given" is also what meters say that cannot decipher the proposal, or do not know a service in it.
    what = "Check --client, --server, --auth, --suite, --protection and, where there are any, the keys"
    if not used.other_names_help:
        return what
    if used.referencing == "sn":
        return f"{what}. {_OTHER_NAMES['sn']}"
    return (
        f"{what}. Old meters want fewer services, or know short names only: try --conformance 001E1D, "
        "or --referencing sn"
    )


_WHAT_LOGS_IN: Final[Mapping[str, str]] = {
    "lls": "the password",
    "hls-gmac": "the keys",
    "hls-ecdsa": "the key pairs",
    "": "the password, secret or keys",
}


def _login_advice(error: AssociationRejected, used: Used) -> str:
    if used.auth == "none":
        return "This client must log in: say how with --auth, for example --auth lls, or try another --client"
    if error.diagnostic != UserDiagnostic.AUTHENTICATION_FAILURE and used.auth:
        return "The meter wants another login for this client: check --auth and --client, before trying again"
    what = _WHAT_LOGS_IN.get(used.auth, "the secret")
    return f"Check --auth, --client and {what}, before trying again: meters lock clients out"


def _security_advice(error: SecurityError) -> str:
    match error:
        case AuthenticationTagInvalid():
            return "Nothing of it was used. Check the authentication key, the encryption key and --suite"
        case PeerNotAuthenticated() | ChallengeRefused():
            return (
                "Nothing was read: the secret or keys differ from the meter's, or something else answers in its place"
            )
        case InvocationCounterRefused(expected=None):
            return "Does another program use these keys? Check --counter-logical-name, or use --counter-start"
        case InvocationCounterRefused(expected=int(expected)) if expected > MOST_COUNTER:
            return "After that number none would be left: the meter needs new keys, or something else answers for it"
        case InvocationCounterRefused(expected=expected):
            return (
                "That is below what was used already, or too far ahead to follow unasked. "
                f"If it is right and ahead, use --counter-start {expected}"
            )
        case InvocationCounterReplayed():
            return "Old messages come again: something else may answer in the meter's place"
        case InvocationCounterExhausted():
            return "Check that the state file can be written"
        case SecurityDowngrade():
            return "Nothing of it was used. Check --protection and --suite"
        case SystemTitleMismatch():
            return (
                "Another meter answers; or meter_system_title in the keys file is wrong, "
                "or missing for a meter that tells none"
            )
        case _:
            return ""
