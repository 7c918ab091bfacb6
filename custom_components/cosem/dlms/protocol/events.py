"""Events of a Connection. They carry octets: decoding may block (rule M13)."""

from dataclasses import dataclass, field

from ..errors import DlmsError
from .proposal import Negotiated, WportPair


@dataclass(frozen=True, slots=True)
class Associated:
    """The association exists (COSEM-OPEN.cnf, positive)."""

    pair: WportPair
    negotiated: Negotiated


@dataclass(frozen=True, slots=True)
class ChallengeAnswered:
    """Our proof was sent; the meter's is awaited (HLS)."""

    pair: WportPair


@dataclass(frozen=True, slots=True)
class AssociationRefused:
    """No association (COSEM-OPEN.cnf, negative).

    The peer's AssociationRejected, ExceptionReceived, InvocationCounterRefused, or our SecurityError.
    """

    pair: WportPair
    error: DlmsError


@dataclass(frozen=True, slots=True)
class BlockReceived:
    """A block came, the next was asked for. ``size``: octets so far."""

    pair: WportPair
    block_number: int
    size: int


@dataclass(frozen=True, slots=True)
class AnswerReceived:
    """The whole answer; the transfer says what ``octets`` are."""

    pair: WportPair
    octets: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class RequestFailed:
    """An error as answer; the association goes on.

    DataAccessError, ExceptionReceived, ConfirmedServiceErrorReceived or InvocationCounterRefused; OutcomeUnknown for
    one behind the beginning of an answer to what writes.
    """

    pair: WportPair
    error: DlmsError


@dataclass(frozen=True, slots=True)
class Released:
    """The association was released (COSEM-RELEASE.cnf)."""

    pair: WportPair


@dataclass(frozen=True, slots=True)
class AssociationLost:
    """Ended otherwise (COSEM-ABORT.ind)."""

    pair: WportPair
    error: DlmsError


@dataclass(frozen=True, slots=True)
class NotificationReceived:
    """An unsolicited plain APDU: DataNotification, EventNotification or InformationReport.

    ``authenticated``: verified, from ``system_title``; otherwise the sender is unknown (rule S23). ``may_be_old``: no
    counter tells whether it came before.
    """

    pair: WportPair
    plain_apdu: bytes = field(repr=False)
    authenticated: bool = False
    system_title: bytes | None = field(default=None, repr=False)
    encrypted: bool = False
    may_be_old: bool = False


@dataclass(frozen=True, slots=True)
class NotificationRefused:
    """Something unsolicited that cannot be read: a SecurityError, DecodeError, or another tag.

    SystemTitleMismatch: it is protected, and of nobody whose keys we have. ``apdu``: as it came, whole.
    """

    pair: WportPair
    apdu: bytes = field(repr=False)
    error: DlmsError


@dataclass(frozen=True, slots=True)
class ConnectionReady:
    """APDUs can be exchanged."""


@dataclass(frozen=True, slots=True)
class ConnectionEnded:
    """The last event, with the first error."""

    error: DlmsError


type Event = (
    Associated
    | ChallengeAnswered
    | AssociationRefused
    | BlockReceived
    | AnswerReceived
    | RequestFailed
    | Released
    | AssociationLost
    | NotificationReceived
    | NotificationRefused
    | ConnectionReady
    | ConnectionEnded
)
