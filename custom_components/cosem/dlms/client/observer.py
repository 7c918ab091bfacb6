"""Who wants to see what a client does: for logs and reports. The stack itself logs nothing."""

from collections.abc import Sequence
from typing import Final, Protocol

from ..apdu.common import AttributeDescriptor
from ..encoding.data import Data
from ..errors import DataAccessError
from ..protocol.events import (
    AnswerReceived,
    Associated,
    AssociationLost,
    AssociationRefused,
    BlockReceived,
    ChallengeAnswered,
    ConnectionEnded,
    ConnectionReady,
    Event,
    NotificationReceived,
    NotificationRefused,
    Released,
    RequestFailed,
)
from ..protocol.framing import Framing, FramingEvent, Message


class Observer(Protocol):
    """Is told of every stage and every APDU; must be quick and never raise."""

    def note(self, text: str, *details: object) -> None:
        """Take a stage; ``text`` has a ``%s`` for each detail, and holds no secret."""

    def sent(self, message: Message) -> None:
        """Take an APDU as it goes on the wire. It may hold secrets (rule S29)."""

    def received(self, message: Message) -> None:
        """Take an APDU as it came, before anything is verified or decoded."""


class _Nobody:
    def note(self, text: str, *details: object) -> None:
        """Nobody looks."""

    def sent(self, message: Message) -> None:
        """Nobody looks."""

    def received(self, message: Message) -> None:
        """Nobody looks."""


NOBODY: Final = _Nobody()


class ObservedFraming:
    """A framing whose messages an observer sees."""

    def __init__(self, framing: Framing, observer: Observer) -> None:
        self._framing = framing
        self._observer = observer
        self.open = framing.open
        self.close = framing.close
        self.data_to_send = framing.data_to_send
        self.receive_data = framing.receive_data
        self.receive_eof = framing.receive_eof
        self.call = framing.call
        self.expect_apdu_limit = framing.expect_apdu_limit

    @property
    def error_is_fatal(self) -> bool:
        """As the framing says."""
        return self._framing.error_is_fatal

    @property
    def apdu_limit(self) -> int:
        """As the framing says."""
        return self._framing.apdu_limit

    @property
    def next_call(self) -> float | None:
        """As the framing says."""
        return self._framing.next_call

    def send(self, message: Message) -> None:
        """Queue a message."""
        self._observer.sent(message)
        self._framing.send(message)

    def next_event(self) -> FramingEvent | None:
        """Return the next event, or None."""
        event = self._framing.next_event()
        if isinstance(event, Message):
            self._observer.received(event)
        return event


def note_event(observer: Observer, event: Event) -> None:
    """Tell of what came out of a connection. What is decoded of it is not shown."""
    match event:
        case ConnectionReady():
            observer.note("connected")
        case ConnectionEnded(error):
            observer.note("disconnected: %s", error)
        case Associated(pair, negotiated):
            observer.note("%s>%s: associated, %r", *pair, negotiated.conformance)
        case ChallengeAnswered(pair):
            observer.note("%s>%s: our proof is sent, the meter's is awaited", *pair)
        case AssociationRefused(pair, error):
            observer.note("%s>%s: not associated: %s", *pair, error)
        case BlockReceived(pair, number, size):
            observer.note("%s>%s: block %s, %s octets so far", *pair, number, size)
        case AnswerReceived(pair, octets):
            observer.note("%s>%s: answered with %s octets", *pair, len(octets))
        case RequestFailed(pair, error):
            observer.note("%s>%s: refused: %s", *pair, error)
        case Released(pair):
            observer.note("%s>%s: released", *pair)
        case AssociationLost(pair, error):
            observer.note("%s>%s: association lost: %s", *pair, error)
        case NotificationReceived(pair, plain_apdu):
            observer.note("%s>%s: notification of %s octets", *pair, len(plain_apdu))
        case _:
            assert isinstance(event, NotificationRefused)
            observer.note("%s>%s: notification that cannot be read: %s", *event.pair, event.error)


def note_refusals(
    observer: Observer, attributes: Sequence[AttributeDescriptor], results: Sequence[Data | DataAccessError]
) -> None:
    """Tell which of several attributes the meter did not give, and why."""
    for attribute, result in zip(attributes, results, strict=True):
        if isinstance(result, DataAccessError):
            observer.note("%s: %s", attribute, result)
