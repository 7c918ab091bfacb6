"""Every exception that a caller of the stack can see.

Whatever octets arrive, the stack raises only :class:`DlmsError` and its children. They carry machine-readable fields and
a short English text; never a key, never a password, never more than 32 octets of what was received.
This module knows nothing of codecs, sockets or Home Assistant.
"""

from enum import StrEnum
from typing import Final

MAX_PAYLOAD_IN_TEXT: Final = 32  # octets; keeps foreign content out of logs (log injection, privacy)


def excerpt(octets: bytes | bytearray | memoryview) -> str:
    """Return at most 32 octets as upper case hex, with an ellipsis where octets were cut off."""
    head = bytes(octets[:MAX_PAYLOAD_IN_TEXT]).hex().upper()
    return head if len(octets) <= MAX_PAYLOAD_IN_TEXT else f"{head}..."


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
    """The meter refuses our invocation counter (exception-response, service-error 6); following it did not help.

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
        """Keep result (1 permanent, 2 transient), source (1 user, 2 provider), diagnostic, initiateError if sent."""
        source_name = {1: "acse-service-user", 2: "acse-service-provider"}.get(source, f"source {source}")
        reason = acse_diagnostic_name(source, diagnostic)
        super().__init__(f"association refused: result {result}, {source_name} diagnostic {diagnostic} ({reason})")
        self.result = result
        self.source = source
        self.diagnostic = diagnostic
        self.initiate_error = initiate_error

    @property
    def transient(self) -> bool:
        """True when the meter says that it may accept later."""
        return self.result == 2

    @property
    def concerns_authentication(self) -> bool:
        """True when credentials or the chosen mechanism are the reason (user diagnostics 11, 12, 13)."""
        return self.source == 1 and self.diagnostic in (11, 12, 13)


class AssociationAborted(AssociationError):
    """The association ended without a release, by the peer or by an error on our side."""


class ServiceError(DlmsError):
    """The meter answered, and the answer is an error."""


class DataAccessError(ServiceError):
    """A data-access-result other than success for one attribute (IEC 62056-5-3, Data-Access-Result)."""

    def __init__(self, result: int) -> None:
        """Keep the code; unknown codes are kept as they are."""
        super().__init__(f"data-access-result {result} ({DATA_ACCESS_RESULTS.get(result, 'unknown')})")
        self.result = result

    @property
    def name(self) -> str:
        """The standard's name of the code, "unknown" where it has none."""
        return DATA_ACCESS_RESULTS.get(self.result, "unknown")


class ActionError(ServiceError):
    """An action-result other than success."""

    def __init__(self, result: int) -> None:
        """Keep the code; unknown codes are kept as they are."""
        super().__init__(f"action-result {result} ({DATA_ACCESS_RESULTS.get(result, 'unknown')})")
        self.result = result


class ExceptionReceived(ServiceError):
    """An exception-response (tag D8). Never authenticated: it may end a request and nothing else."""

    def __init__(self, state_error: int, service_error: int, invocation_counter: int | None = None) -> None:
        """Keep both codes and the counter that came with service-error 6."""
        super().__init__(
            f"exception-response: {STATE_ERRORS.get(state_error, state_error)}, "
            f"{SERVICE_ERRORS.get(service_error, service_error)}"
        )
        self.state_error = state_error
        self.service_error = service_error
        self.invocation_counter = invocation_counter


class ConfirmedServiceErrorReceived(ServiceError):
    """A confirmed-service-error (tag 0E): service 1 initiate, 5 read, 6 write; error class and code."""

    def __init__(self, service: int, error_class: int, error: int) -> None:
        """Keep the three numbers as sent."""
        super().__init__(f"confirmed-service-error: service {service}, class {error_class}, error {error}")
        self.service = service
        self.error_class = error_class
        self.error = error


def acse_diagnostic_name(source: int, diagnostic: int) -> str:
    """Return the standard's words for an AARE diagnostic; ``source`` 1 acse-service-user, 2 acse-service-provider."""
    names = {1: ACSE_USER_DIAGNOSTICS, 2: ACSE_PROVIDER_DIAGNOSTICS}.get(source, {})
    return names.get(diagnostic, "unknown")


ACSE_USER_DIAGNOSTICS: Final[dict[int, str]] = {
    0: "null",
    1: "no reason given",
    2: "application context name not supported",
    3: "calling AP title not recognised",
    4: "calling AP invocation id not recognised",
    5: "calling AE qualifier not recognised",
    6: "calling AE invocation id not recognised",
    7: "called AP title not recognised",
    8: "called AP invocation id not recognised",
    9: "called AE qualifier not recognised",
    10: "called AE invocation id not recognised",
    11: "authentication mechanism name not recognised",
    12: "authentication mechanism name required",
    13: "authentication failure",
    14: "authentication required",
}

ACSE_PROVIDER_DIAGNOSTICS: Final[dict[int, str]] = {0: "null", 1: "no reason given", 2: "no common ACSE version"}

DATA_ACCESS_RESULTS: Final[dict[int, str]] = {
    0: "success",
    1: "hardware-fault",
    2: "temporary-failure",
    3: "read-write-denied",
    4: "object-undefined",
    9: "object-class-inconsistent",
    11: "object-unavailable",
    12: "type-unmatched",
    13: "scope-of-access-violated",
    14: "data-block-unavailable",
    15: "long-get-aborted",
    16: "no-long-get-in-progress",
    17: "long-set-aborted",
    18: "no-long-set-in-progress",
    19: "data-block-number-invalid",
    250: "other-reason",
}

STATE_ERRORS: Final[dict[int, str]] = {1: "service-not-allowed", 2: "service-unknown"}

SERVICE_ERRORS: Final[dict[int, str]] = {
    1: "operation-not-possible",
    2: "service-not-supported",
    3: "other-reason",
    4: "pdu-too-long",
    5: "deciphering-error",
    6: "invocation-counter-error",
}
