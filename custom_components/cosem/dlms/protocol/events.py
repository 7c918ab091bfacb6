"""What comes out of a Connection: frozen dataclasses, in the order in which things happened.

They carry octets and errors, never decoded values: decoding large values is the caller's business, outside of any
event loop (rule M13). This module knows nothing of states.
"""

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
    """The AARE accepts, and the meter's challenge was answered; the meter's own proof is awaited (HLS)."""

    pair: WportPair


@dataclass(frozen=True, slots=True)
class AssociationRefused:
    """No association (COSEM-OPEN.cnf, negative).

    The peer refused: AssociationRejected, ExceptionReceived for a bare D8, InvocationCounterRefused. Or we did: any
    other SecurityError for what the peer sent.
    """

    pair: WportPair
    error: DlmsError


@dataclass(frozen=True, slots=True)
class BlockReceived:
    """A block of a long answer arrived and the next one was asked for. ``size``: octets gathered so far."""

    pair: WportPair
    block_number: int
    size: int


@dataclass(frozen=True, slots=True)
class AnswerReceived:
    """The answer is complete. ``octets`` are what the transfer says, whether or not they came in blocks."""

    pair: WportPair
    octets: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class RequestFailed:
    """The peer answered the request with an error; the association lives on.

    DataAccessError, ExceptionReceived, ConfirmedServiceErrorReceived or InvocationCounterRefused.
    """

    pair: WportPair
    error: DlmsError


@dataclass(frozen=True, slots=True)
class Released:
    """The association was released (COSEM-RELEASE.cnf)."""

    pair: WportPair


@dataclass(frozen=True, slots=True)
class Dropped:
    """The association ended otherwise (COSEM-ABORT.ind): connection lost, protocol broken, or lost by the meter."""

    pair: WportPair
    error: DlmsError


@dataclass(frozen=True, slots=True)
class NotificationReceived:
    """An APDU that nobody asked for: DataNotification, EventNotification or InformationReport, plain and not decoded.

    ``authenticated``: a tag or signature was verified, and ``system_title`` names the sender; else nobody knows who
    sent it (rule S23).
    """

    pair: WportPair
    plain_apdu: bytes = field(repr=False)
    authenticated: bool = False
    system_title: bytes | None = None


@dataclass(frozen=True, slots=True)
class ConnectionReady:
    """The framing is ready: APDUs can be exchanged."""


@dataclass(frozen=True, slots=True)
class ConnectionEnded:
    """Nothing comes after this. ``error`` is the first error, and the only one that counts."""

    error: DlmsError


type Event = (
    Associated
    | ChallengeAnswered
    | AssociationRefused
    | BlockReceived
    | AnswerReceived
    | RequestFailed
    | Released
    | Dropped
    | NotificationReceived
    | ConnectionReady
    | ConnectionEnded
)
