"""From what a listener received to whoever wants it: sources are limited, repetitions left out (rules S24, S25)."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple, override

from ..addresses import TransportProtocol
from ..apdu import decode_apdu
from ..apdu.block import GENERAL_BLOCK_TRANSFER
from ..apdu.notification import DataNotification, EventNotificationRequest
from ..apdu.short_name import InformationReportRequest
from ..errors import (
    AuthenticationTagInvalid,
    DlmsError,
    InvocationCounterReplayed,
    RemoteProtocolError,
    SystemTitleMismatch,
)
from ..interface_classes.pushed_values import Notification
from ..limits import Limits
from ..protocol.events import NotificationReceived, NotificationRefused
from ..protocol.notification_senders import NotificationSenders
from ..protocol.notification_stages import NotificationStages
from ..protocol.proposal import WportPair
from ..protocol.repeated_notifications import RepeatedNotifications
from ..protocol.source_limits import SourceLimits
from ..security.notification_keys import told_title
from ..security.receiving import PROTECTED_NOTIFICATION_TAGS, Unprotected

_MOST_JOINED: Final = 16
"""Pushes in blocks at a time, of datagrams."""
_NEXT_BLOCK: Final = 20.0
"""Seconds. What is later belongs to another push, whose beginning got lost: both would make values that nobody sent."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where something came from. An address identifies nobody (rule S23)."""

    transport: TransportProtocol
    host: str
    port: int

    @property
    def text(self) -> str:
        """Address and port: 192.0.2.7:4059, [2001:db8::7]:4059."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A notification, not decoded yet. ``pair``: the client's and the server's wPort.

    ``apdu``: plain; where ``error`` says why it cannot be read, as it came. ``system_title``: proven if
    ``authenticated``, otherwise what anybody can write, or None. ``may_be_old``: authenticated, but no counter tells
    whether it came before: nothing to act upon.
    """

    source: Source
    pair: WportPair
    apdu: bytes = field(repr=False)
    authenticated: bool = False
    encrypted: bool = False
    may_be_old: bool = False
    system_title: bytes | None = field(default=None, repr=False)
    error: DlmsError | None = None

    def notification(self) -> Notification | None:
        """Return what it is; None where it cannot be read."""
        if self.error is not None:
            return None
        try:
            apdu = decode_apdu(self.apdu)
        except DlmsError:
            return None
        assert isinstance(apdu, EventNotificationRequest | DataNotification | InformationReportRequest)  # by its tag
        return apdu


@dataclass(slots=True)
class HeardCounters:
    """For diagnostics."""

    heard: int = 0
    refused: int = 0
    """Protected, and not to be opened."""
    replayed: int = 0
    repeated: int = 0
    broken: int = 0
    """No WPDU, or nothing that comes unasked."""


class _Joining(NamedTuple):
    """A push of which blocks are missing. ``at``: when the last one came."""

    stages: NotificationStages
    at: float


class Hearing:
    """Of one listener. ``receive``: must be quick and never raise. ``clock``: monotonic seconds."""

    def __init__(
        self,
        receive: Callable[[Heard], None],
        senders: NotificationSenders,
        limits: Limits,
        clock: Callable[[], float],
    ) -> None:
        self.counters: Final = HeardCounters()
        self._senders = senders
        self.limits: Final = limits
        self.sources: Final = SourceLimits(limits)
        self._receive = receive
        self._clock = clock
        self._repeated = RepeatedNotifications()
        self._joining: OrderedDict[tuple[Source, WportPair], _Joining] = OrderedDict()

    def allows(self, host: str, apdu: bytes) -> bool:
        """Count an APDU; return whether to look at it."""
        is_protected = apdu[:1] != b"" and (apdu[0] in PROTECTED_NOTIFICATION_TAGS or apdu[0] == GENERAL_BLOCK_TRANSFER)
        return self.sources.allows(
            host, self._clock(), is_protected=is_protected, title=lambda: _told_title(apdu, self.limits)
        )

    def senders_at(self, host: str) -> NotificationSenders:
        """Return who may send from there; what is verified and what is forged counts for the host at once."""
        return _WatchedSenders(self._senders, self.sources, host, self._clock)

    def take_message(self, source: Source, pair: WportPair, apdu: bytes) -> None:
        """Take an APDU that is no part of a connection."""
        begun, now = self._joining.pop((source, pair), None), self._clock()
        if begun is not None and now - begun.at < _NEXT_BLOCK:
            stages = begun.stages
        else:
            stages = NotificationStages(self.senders_at(source.host), self.limits)
        try:
            taken = stages.receive(apdu)
        except RemoteProtocolError:
            self.counters.broken += 1
            return
        if stages.is_joining:
            self._keep((source, pair), _Joining(stages, now))
        if taken.error is not None:
            self.take(source, NotificationRefused(pair, taken.refused, taken.error))
        elif taken.notification is not None:
            self.take(source, NotificationReceived(pair, *taken.notification))

    def take(self, source: Source, event: NotificationReceived | NotificationRefused) -> None:
        """Hand over what is new."""
        if isinstance(event, NotificationRefused):
            self._take_refused(source, event)
            return
        place = (source.host, *event.pair)
        counted = event.authenticated and not event.may_be_old
        connection = source.port if source.transport is TransportProtocol.TCP else None
        if not counted and self._repeated.is_repeated(place, event.plain_apdu, self._clock(), connection=connection):
            self.counters.repeated += 1
            return
        self.counters.heard += 1
        self._receive(
            Heard(
                source=source,
                pair=event.pair,
                apdu=event.plain_apdu,
                authenticated=event.authenticated,
                encrypted=event.encrypted,
                may_be_old=event.may_be_old,
                system_title=event.system_title,
            )
        )

    def _take_refused(self, source: Source, event: NotificationRefused) -> None:
        error = event.error
        if isinstance(error, InvocationCounterReplayed):
            self.counters.replayed += 1
            return
        if event.apdu[0] not in PROTECTED_NOTIFICATION_TAGS:
            self.counters.broken += 1
            return
        self.counters.refused += 1
        title = error.found if isinstance(error, SystemTitleMismatch) else None
        self._receive(
            Heard(source=source, pair=event.pair, apdu=event.apdu, encrypted=True, system_title=title, error=error)
        )

    def _keep(self, name: tuple[Source, WportPair], joining: _Joining) -> None:
        if len(self._joining) >= _MOST_JOINED:
            strange = (each for each in self._joining if not self.sources.is_trusted(each[0].host))
            del self._joining[next(strange, next(iter(self._joining)))]
        self._joining[name] = joining


def _told_title(apdu: bytes, limits: Limits) -> bytes | None:
    """Return the title that an APDU tells: None if it has none, b"" where that cannot be read."""
    if apdu[0] == GENERAL_BLOCK_TRANSFER:
        return None
    try:
        return told_title(apdu, limits)
    except DlmsError:
        return b""


class _WatchedSenders(NotificationSenders):
    def __init__(
        self, senders: NotificationSenders, sources: SourceLimits, host: str, clock: Callable[[], float]
    ) -> None:
        super().__init__()
        self._senders = senders
        self._sources = sources
        self._host = host
        self._clock = clock

    @override
    def unprotect(self, apdu: bytes) -> Unprotected:
        """Return the verified plain APDU. Raises as NotificationSenders.unprotect()."""
        try:
            plain = self._senders.unprotect(apdu)
        except AuthenticationTagInvalid:
            self._sources.forged(self._host, self._clock())
            raise
        if plain.authenticated and not plain.may_be_old:
            self._sources.proved(self._host, self._clock(), plain.system_title)
        return plain
