"""Every exception of the stack, and the standard's numbers that they carry.

Whatever octets arrive, only :class:`DlmsError` and its children are raised. They hold no keys or passwords, and at most
32 received octets. Numbers are plain integers; compare them with the enumerations here.
"""

from enum import StrEnum
from typing import Final, override

from .codes import (
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

__all__ = [
    "ActionResultCode",
    "AssociationResult",
    "ConfirmedService",
    "DataAccessResultCode",
    "DiagnosticSource",
    "InitiateErrorCode",
    "ProviderDiagnostic",
    "ServiceErrorClass",
    "ServiceErrorCode",
    "StandardCode",
    "StateErrorCode",
    "UserDiagnostic",
    "acse_diagnostic_name",
]
"""Of codes.py. What is defined here is as public."""

MAX_PAYLOAD_IN_TEXT: Final = 32  # octets; keeps foreign content out of logs (log injection, privacy)


def excerpt(octets: bytes | bytearray | memoryview) -> str:
    """Return at most 32 octets in hex, then "..." if some were cut off."""
    head = bytes(octets[:MAX_PAYLOAD_IN_TEXT]).hex().upper()
    return head if len(octets) <= MAX_PAYLOAD_IN_TEXT else f"{head}..."


class DlmsError(Exception):
    """Base of all errors of the stack."""


class TransportError(DlmsError):
    """The network failed; this says nothing about the meter."""


class ConnectFailure(StrEnum):
    """Why there is no way to the meter."""

    NAME_NOT_RESOLVED = "name_not_resolved"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    OTHER = "other"


class ConnectFailed(TransportError):
    """No TCP connection, or a datagram that cannot be delivered. ``detail``: more of it, or ""."""

    def __init__(self, reason: ConnectFailure, detail: str = "") -> None:
        told = f"{reason.value.replace('_', ' ')}{f' ({detail})' if detail else ''}"
        super().__init__(f"connection failed: {detail if detail and reason is ConnectFailure.OTHER else told}")
        self.reason = reason
        self.detail = detail


class ConnectTimeout(TransportError):
    """No answer to a TCP connection attempt."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"no answer to the connection attempt within {seconds:g} s")
        self.seconds = seconds


class ListenerUnavailable(TransportError):
    """We cannot listen there. ``in_use``: another program does."""

    def __init__(self, address: str, port: int, detail: str, *, in_use: bool = False) -> None:
        super().__init__(f"cannot listen on {address or 'any address'}, port {port}: {detail}")
        self.address = address
        self.port = port
        self.in_use = in_use


class ConnectionLost(TransportError):
    """The TCP connection ended early: by a ``reset``, or ``truncated`` in a WPDU."""

    def __init__(self, *, reset: bool = False, truncated: bool = False) -> None:
        text = "the connection was reset" if reset else "the meter closed the connection"
        super().__init__(text + (" inside a message" if truncated else ""))
        self.reset = reset
        self.truncated = truncated


class ResponseTimeout(TransportError):
    """No answer in time; the connection is not reused. ``waiting_for``: "AARE", ... ``got_others``: answers came."""

    def __init__(self, waiting_for: str, seconds: float, *, got_others: bool = False) -> None:
        others = ", but answers that belong to no request of ours (another invoke-id, block or service)"
        super().__init__(f"no {waiting_for} within {seconds:g} s{others if got_others else ''}")
        self.waiting_for = waiting_for
        self.seconds = seconds
        self.got_others = got_others


class DeviceInUse(DlmsError):
    """Somebody else of this client used the device for too long: nothing was sent. ``seconds``: waited."""

    def __init__(self, whose: str, seconds: float) -> None:
        super().__init__(f"{whose} of this device did not end within {seconds:g} s")
        self.seconds = seconds


class ProtocolError(DlmsError):
    """The protocol was broken."""


class LocalProtocolError(ProtocolError):
    """By us: the caller misused the stack."""


class ServiceNotNegotiated(LocalProtocolError):
    """Nothing was asked: the meter does not grant a service."""

    def __init__(self, service: str) -> None:
        super().__init__(f"{service} was not negotiated")


class RemoteProtocolError(ProtocolError):
    """By the peer."""


class GuessedProtocol(StrEnum):
    """A guess from first octets that are no WPDU header."""

    HDLC = "hdlc"
    TEXT = "text"
    UNKNOWN = "unknown"


class NotWrapper(RemoteProtocolError):
    """Not wrapper version 1 (IEC 62056-4-7). ``header``: at most 8 octets."""

    def __init__(self, header: bytes) -> None:
        first = header[:1]
        if first == b"\x7e":
            self.speaks = GuessedProtocol.HDLC
            text = "the peer speaks HDLC, not the wrapper"
        # More octets may have come or not, as the network cut them: only two are there for sure.
        elif header and all(32 <= octet < 127 or octet in (9, 10, 13) for octet in header[:2]):
            self.speaks = GuessedProtocol.TEXT
            text = "the peer sent text, not DLMS"
        else:
            self.speaks = GuessedProtocol.UNKNOWN
            text = "the wrapper version is not 1"
        super().__init__(f"{text} (starts with {excerpt(header[:8])})")
        self.header = bytes(header[:8])


class DecodeError(RemoteProtocolError):
    """No valid encoding. ``offset``: of the wrong octet in the input."""

    def __init__(self, reason: str, offset: int = 0) -> None:
        super().__init__(f"{reason} (at octet {offset})")
        self.reason = reason
        self.offset = offset


class LimitExceeded(RemoteProtocolError):
    """More than limits.py allows. ``offset``: where the limit was met."""

    def __init__(self, what: str, limit: int, offset: int = 0) -> None:
        super().__init__(f"more than {limit} {what} (at octet {offset})")
        self.what = what
        self.limit = limit
        self.offset = offset


class ApduTooLong(LimitExceeded):
    """A message that is longer than announced. ``limit``: octets that an APDU may have."""

    def __init__(self, limit: int, offset: int = 0) -> None:
        super().__init__("octets in one APDU", limit, offset)


class UnexpectedApdu(RemoteProtocolError):
    """An APDU with an unknown tag, or not allowed in this state."""

    def __init__(self, tag: int, context: str = "", offset: int = 0) -> None:
        super().__init__(f"unexpected APDU with tag {tag:02X}{f' {context}' if context else ''} (at octet {offset})")
        self.tag = tag
        self.context = context
        self.offset = offset


class WrongAddress(RemoteProtocolError):
    """Messages that fit no request. The wPorts are the last one's; ``asked``: ours, if others came."""

    def __init__(self, source_wport: int, destination_wport: int, asked: tuple[int, int] | None = None) -> None:
        text = f"answers for wPorts {source_wport} -> {destination_wport} belong to no request of ours"
        if asked is not None:
            client, server = asked
            text = f"the meter answers from wPort {source_wport} to {destination_wport}, not from {server} to {client}"
        super().__init__(text)
        self.source_wport = source_wport
        self.destination_wport = destination_wport
        self.asked = asked


class EchoReceived(WrongAddress):
    """What we send comes back: there is no meter, or a line that echoes before it."""

    def __init__(self, source_wport: int, destination_wport: int, asked: tuple[int, int]) -> None:
        super().__init__(source_wport, destination_wport, asked)
        self.args = ("this sends back what it gets (an echo)",)


class ProposedTerm(StrEnum):
    """What both sides agree on when they associate."""

    REFERENCING = "referencing"
    CIPHERING = "ciphering"
    MECHANISM = "mechanism"
    DLMS_VERSION = "dlms-version"
    PDU_SIZE = "pdu-size"


class OtherTermAccepted(RemoteProtocolError):
    """The AARE accepts something else than was proposed. ``term``: what."""

    def __init__(self, term: ProposedTerm, text: str) -> None:
        super().__init__(text)
        self.term = term


class SecurityError(DlmsError):
    """Verification failed, or protection was too weak. No reason to ask for keys again."""


class AuthenticationTagInvalid(SecurityError):
    """The tag is wrong: another key, or altered octets."""


class InvocationCounterReplayed(SecurityError):
    """The invocation counter was already accepted."""


class InvocationCounterExhausted(SecurityError):
    """Our sending counter is used up or not stored; a nonce could repeat."""


class InvocationCounterNotStored(InvocationCounterExhausted):
    """The sending counter's store cannot be read or written; this may pass."""


class InvocationCounterRefused(SecurityError):
    """The meter refuses our invocation counter (INVOCATION_COUNTER_ERROR).

    ``expected``: what it asks for, if told. Not authenticated, and no sign of wrong keys.
    """

    def __init__(self, expected: int | None) -> None:
        told = "" if expected is None else f", it asks for {expected}"
        super().__init__(f"the meter refuses our invocation counter{told}")
        self.expected = expected


class CallerNotExpected(SecurityError):
    """Nothing tells that who called us is the meter, so it gets no password, and its refusals mean nothing."""


class SecurityDowngrade(SecurityError):
    """Other or weaker protection than the settings demand."""


class SystemTitleMismatch(SecurityError):
    """Not the expected system title. ``found``: the AARE's, not verified."""

    def __init__(self, message: str, *, found: bytes | None = None) -> None:
        super().__init__(message)
        self.found = found


class PeerNotAuthenticated(SecurityError):
    """The meter did not prove that it knows the secret (HLS pass 4)."""


class ChallengeRefused(SecurityError):
    """We do not answer the meter's challenge: missing, too short or long, our own, or a request in disguise.

    Anybody can send one: no sign of wrong keys.
    """


_OF_AUTHENTICATION: Final = frozenset(
    {
        UserDiagnostic.AUTHENTICATION_MECHANISM_NAME_NOT_RECOGNISED,
        UserDiagnostic.AUTHENTICATION_MECHANISM_NAME_REQUIRED,
        UserDiagnostic.AUTHENTICATION_FAILURE,
    }
)

_OF_THE_OBJECT: Final = frozenset(
    {
        ActionResultCode.OBJECT_UNDEFINED,
        ActionResultCode.OBJECT_CLASS_INCONSISTENT,
        ActionResultCode.OBJECT_UNAVAILABLE,
        ActionResultCode.SCOPE_OF_ACCESS_VIOLATED,
    }
)


class AssociationError(DlmsError):
    """There is no association, or it ended."""


class AssociationRejected(AssociationError):
    """The AARE refuses (IEC 62056-5-3). ``initiate_error``: an InitiateErrorCode, or unknown, or None.

    ``offered``: the meter's own parameters.
    """

    def __init__(
        self, result: int, source: int, diagnostic: int, initiate_error: int | None = None, offered: str = ""
    ) -> None:
        source_name = DiagnosticSource.name_of(source) or f"source {source}"
        reason = acse_diagnostic_name(source, diagnostic)
        text = f"association refused: result {result}, {source_name} diagnostic {diagnostic} ({reason})"
        if initiate_error is not None:
            text += f", initiate-error {initiate_error} ({InitiateErrorCode.name_of(initiate_error) or 'unknown'})"
        super().__init__(text)
        self.result = result
        self.source = source
        self.diagnostic = diagnostic
        self.initiate_error = initiate_error
        self.offered = offered

    @property
    def transient(self) -> bool:
        """Whether the meter may accept later."""
        return self.result == AssociationResult.REJECTED_TRANSIENT

    @property
    def concerns_authentication(self) -> bool:
        """Whether credentials or mechanism are the reason."""
        return self.source == DiagnosticSource.ACSE_SERVICE_USER and self.diagnostic in _OF_AUTHENTICATION


class ProofRefused(AssociationRejected):
    """The meter refuses our proof (HLS pass 4). ``action_result``: an ActionResultCode, or unknown.

    ``by_short_name``: the method of the Association SN was called; ``action_result`` is a data-access-result then.
    """

    def __init__(self, action_result: int, *, by_short_name: bool = False) -> None:
        super().__init__(
            AssociationResult.REJECTED_PERMANENT,
            DiagnosticSource.ACSE_SERVICE_USER,
            UserDiagnostic.AUTHENTICATION_FAILURE,
        )
        name = (DataAccessResultCode if by_short_name else ActionResultCode).name_of(action_result) or "unknown"
        kind = "data-access-result" if by_short_name else "action-result"
        self.args = (f"{self}; our proof got the {kind} {action_result} ({name})",)
        self.action_result = action_result
        self.by_short_name = by_short_name

    @property
    def concerns_object(self) -> bool:
        """Whether the object that should take the proof is the reason, and not the proof."""
        return self.action_result in _OF_THE_OBJECT

    @property
    @override
    def concerns_authentication(self) -> bool:
        return not self.concerns_object


class AssociationAborted(AssociationError):
    """Ended without a release, by the peer or by our error."""


class ServiceError(DlmsError):
    """The meter answered with an error."""


class DataAccessError(ServiceError):
    """One attribute failed. ``result``: a DataAccessResultCode, or unknown. ``undecodable``: why its value is none."""

    def __init__(self, result: int, *, undecodable: str = "") -> None:
        name = DataAccessResultCode.name_of(result) or "unknown"
        super().__init__(
            f"a value that makes no sense: {undecodable}" if undecodable else f"data-access-result {result} ({name})"
        )
        self.result = result
        self.undecodable = undecodable

    @property
    def name(self) -> str:
        """The code's standard name, or "unknown"."""
        return DataAccessResultCode.name_of(self.result) or "unknown"


class ShortNameUnknown(DataAccessError):
    """Nothing was asked: nobody knows an object's short name, as the meter's object list could not be read."""

    def __init__(self, reason: str, *, may_pass: bool) -> None:
        """``may_pass``: whether the list may be readable soon."""
        super().__init__(DataAccessResultCode.TEMPORARY_FAILURE if may_pass else DataAccessResultCode.OTHER_REASON)
        self.args = (f"its short name is not known: {reason}",)


class BlockTransferAborted(ServiceError):
    """General blocks came to no end: the meter gave up, asked for the same again and again, or mixed them up."""

    def __init__(self) -> None:
        super().__init__("the transfer of a long message in blocks was given up")


class ActionError(ServiceError):
    """A method failed. ``result``: an ActionResultCode, or unknown."""

    def __init__(self, result: int) -> None:
        super().__init__(f"action-result {result} ({ActionResultCode.name_of(result) or 'unknown'})")
        self.result = result


class OutcomeUnknown(ServiceError):
    """Whether the meter executed a SET or ACTION is not known; it is never repeated. The cause says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"nobody knows whether the meter did it: {reason}")


class ExceptionReceived(ServiceError):
    """An exception-response (D8). Not authenticated: it may only end a request."""

    def __init__(self, state_error: int, service_error: int, invocation_counter: int | None = None) -> None:
        super().__init__(
            f"exception-response: {StateErrorCode.name_of(state_error) or state_error}, "
            f"{ServiceErrorCode.name_of(service_error) or service_error}"
        )
        self.state_error = state_error
        self.service_error = service_error
        self.invocation_counter = invocation_counter


class ConfirmedServiceErrorReceived(ServiceError):
    """A confirmed-service-error (0E): ConfirmedService, ServiceErrorClass, its error."""

    def __init__(self, service: int, error_class: int, error: int) -> None:
        super().__init__(f"confirmed-service-error: service {service}, class {error_class}, error {error}")
        self.service = service
        self.error_class = error_class
        self.error = error
