"""The way in behind the framing: reassembly, unprotect, route. Nothing is looked at twice. Sans-IO."""

from collections import deque
from collections.abc import Mapping
from typing import Final

from ..apdu.access import ACCESS_REQUEST
from ..apdu.acse import AARQ, RLRQ
from ..apdu.action import ACTION_REQUEST
from ..apdu.block import GENERAL_BLOCK_TRANSFER
from ..apdu.ciphered import GENERAL_CIPHERING, GENERAL_DED_CIPHERING, GENERAL_GLO_CIPHERING, GENERAL_SIGNING
from ..apdu.get import GET_REQUEST
from ..apdu.set import SET_REQUEST
from ..apdu.short_name import READ_REQUEST, WRITE_REQUEST
from ..errors import (
    AuthenticationTagInvalid,
    DecodeError,
    InvocationCounterReplayed,
    RemoteProtocolError,
    SecurityDowngrade,
)
from ..limits import Limits
from ..security.receiving import ENVELOPE_TAGS, NOTIFICATION_TAGS, PROTECTED_NOTIFICATION_TAGS, Unprotected
from .association_state import AssociationState
from .dropped_apdus import DroppedApduLimits
from .events import Event, NotificationReceived, NotificationRefused
from .framing import Empty, Message
from .notification_senders import NotificationSenders
from .notification_stages import NotificationStages, Taken
from .proposal import WportPair

_REQUESTS: Final = frozenset(
    {AARQ, RLRQ, GET_REQUEST, SET_REQUEST, ACTION_REQUEST, ACCESS_REQUEST, READ_REQUEST, WRITE_REQUEST}
)
"""What only clients send."""
_GENERAL_TAGS: Final = frozenset({GENERAL_GLO_CIPHERING, GENERAL_DED_CIPHERING, GENERAL_CIPHERING, GENERAL_SIGNING})
_MOST_FOREIGN: Final = 4
"""Pairs of wPorts without an association whose blocks are joined at a time, on one connection."""

_UNSOLICITED_TAGS: Final = NOTIFICATION_TAGS | PROTECTED_NOTIFICATION_TAGS | {GENERAL_BLOCK_TRANSFER}


class Incoming:
    """Takes messages to their association. ``associations``, ``events``, ``dropped_apdus`` are the connection's.

    ``senders``: whose notifications are read that belong to no association.
    """

    def __init__(
        self,
        associations: Mapping[WportPair, AssociationState],
        events: deque[Event],
        dropped_apdus: DroppedApduLimits,
        limits: Limits,
        senders: NotificationSenders,
    ) -> None:
        self._associations = associations
        self._events = events
        self._dropped_apdus = dropped_apdus
        self._limits = limits
        self._senders = senders
        self._foreign: dict[WportPair, NotificationStages] = {}
        """The last wPorts without an association, and their blocks."""

    @property
    def something_waits(self) -> bool:
        """Whether anything is unanswered."""
        return any(association.is_waiting for association in self._associations.values())

    def next_call(self, framing: float | None) -> float | None:
        """Return when the first one of ``framing`` and the associations wants to be called, or None."""
        due = [framing, *(association.next_call for association in self._associations.values())]
        return min((each for each in due if each is not None), default=None)

    def call(self, now: float) -> None:
        """Let associations decide what is in doubt. Raises UnexpectedApdu."""
        for association in self._associations.values():
            if association.next_call is not None and association.next_call <= now:
                association.call()

    def receive(self, message: Message | Empty) -> None:
        """Take a message. Raises RemoteProtocolError, SecurityError: they end a stream."""
        if isinstance(message, Empty):
            self._dropped_apdus.empty(waiting=self.something_waits)
            return
        if not message.apdu:
            raise DecodeError("the APDU is empty")
        pair = WportPair(message.client, message.server)
        association = self._associations.get(pair)
        if association is None or _is_echo(association, message.apdu):
            self._receive_foreign(pair, message.apdu)
            return
        apdu = self._joined(association, message.apdu)
        if apdu is None:
            return
        opening = association.opening
        before = opening.last_received
        try:
            plain = opening.protection.unprotect(apdu)
        except (AuthenticationTagInvalid, InvocationCounterReplayed) as error:
            association.receive_forgery(error)
            return
        except SecurityDowngrade as error:
            if not self._is_push(association, apdu, error):
                raise
            return
        whole = self._joined(association, plain.apdu, is_protected=True)
        if whole is None:
            return
        plain = plain._replace(apdu=whole)
        # One under a dedicated key, or a key of its own, is not counted here.
        title = plain.system_title if opening.last_received != before else None
        if title is not None and whole[0] in NOTIFICATION_TAGS and not opening.is_new_notification(title):
            self._refuse_old(association.pair, apdu)
        else:
            self._route(association, plain, is_fresh=apdu[0] in ENVELOPE_TAGS)

    def _joined(self, association: AssociationState, apdu: bytes, *, is_protected: bool = False) -> bytes | None:
        """Return a whole APDU; None for a block with which it is not whole. ``is_protected``: each block is."""
        if apdu[0] != GENERAL_BLOCK_TRANSFER:
            return apdu
        outcome = association.receive_block(apdu, is_protected=is_protected)
        if not (outcome.is_new or outcome.belongs):
            self._dropped_apdus.refused_block(waiting=self.something_waits)
        return outcome.whole

    def _route(self, association: AssociationState, plain: Unprotected, *, is_fresh: bool) -> None:
        tag = plain.apdu[0]
        if tag in NOTIFICATION_TAGS:
            self._receive_notification(association.pair, plain)
        elif tag in PROTECTED_NOTIFICATION_TAGS:
            # This association has no keys; another one, or a meter that is known, may.
            self._receive_unsolicited(association.pair, plain.apdu)
        else:
            association.receive(plain.apdu, is_fresh=is_fresh)

    def _refuse_old(self, pair: WportPair, apdu: bytes) -> None:
        self._dropped_apdus.unreadable(waiting=self.something_waits)
        error = InvocationCounterReplayed("a notification is not above the last one")
        self._events.append(NotificationRefused(pair, apdu, error))

    def _receive_foreign(self, pair: WportPair, apdu: bytes) -> None:
        """Take an APDU of no association, or a request."""
        if apdu[0] in _UNSOLICITED_TAGS:
            self._receive_unsolicited(pair, apdu)
        else:
            asked = next((each.pair for each in self._associations.values() if each.is_waiting), None)
            self._dropped_apdus.foreign(pair, asked, is_request=apdu[0] in _REQUESTS)

    def _receive_unsolicited(self, pair: WportPair, apdu: bytes) -> None:
        try:
            taken = self._stages(pair).receive(apdu)
        except RemoteProtocolError as error:  # a broken block, or one too many: where the next message begins is known
            del self._foreign[pair]
            taken = Taken(error=error, refused=apdu)
        if taken.error is not None:
            self._dropped_apdus.unreadable(waiting=self.something_waits)
            self._events.append(NotificationRefused(pair, taken.refused, taken.error))
        elif taken.notification is not None:
            self._receive_notification(pair, taken.notification)
        elif not taken.is_useful:
            self._dropped_apdus.refused_block(waiting=self.something_waits)

    def _stages(self, pair: WportPair) -> NotificationStages:
        """Return what joins the blocks of these wPorts: several logical devices may push at a time."""
        stages = self._foreign.pop(pair, None) or NotificationStages(self._senders, self._limits)
        if len(self._foreign) >= _MOST_FOREIGN:
            idle = (each for each, known in self._foreign.items() if not known.is_joining)
            del self._foreign[next(idle, next(iter(self._foreign)))]
        self._foreign[pair] = stages
        return stages

    def _is_push(self, association: AssociationState, apdu: bytes, error: SecurityDowngrade) -> bool:
        """Take an APDU with other protection than this association's; return False for what may be an answer."""
        # Meters choose the envelope of what they send unasked on their own: it is opened as from anywhere else, or
        # refused for itself. An answer has to be protected as was agreed on (rule S11).
        if apdu[0] not in PROTECTED_NOTIFICATION_TAGS:
            return False
        taken = NotificationStages(self._senders, self._limits).receive(apdu)
        if taken.notification is not None:
            self._receive_notification(association.pair, taken.notification)
            return True
        if apdu[0] in _GENERAL_TAGS and association.is_waiting:
            return False
        self._dropped_apdus.unreadable(waiting=self.something_waits)
        self._events.append(NotificationRefused(association.pair, apdu, taken.error or error))
        return True

    def _receive_notification(self, pair: WportPair, plain: Unprotected) -> None:
        self._dropped_apdus.notification(waiting=self.something_waits, authenticated=plain.authenticated)
        self._events.append(NotificationReceived(pair, *plain))


def _is_echo(association: AssociationState, apdu: bytes) -> bool:
    """Whether a proposal comes back, with the same wPorts on both sides: something may answer behind such an echo."""
    return apdu[0] == AARQ and association.is_waiting and not association.is_open
