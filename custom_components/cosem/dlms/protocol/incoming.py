"""The way in behind the framing: reassembly, unprotect, route. Nothing is looked at twice. Sans-IO."""

from collections import deque
from collections.abc import Mapping

from ..apdu.block import GENERAL_BLOCK_TRANSFER
from ..errors import AuthenticationTagInvalid, DecodeError, InvocationCounterReplayed
from ..security.receiving import NOTIFICATION_TAGS, PROTECTED_NOTIFICATION_TAGS, Unprotected
from .association_state import AssociationState
from .dropped_apdus import DroppedApduLimits
from .events import Event, NotificationReceived
from .framing import Empty, Message
from .proposal import WportPair
from .reassembly import Reassembly


class Incoming:
    """Takes messages to their association. ``associations``, ``events``, ``dropped_apdus`` are the connection's."""

    def __init__(
        self,
        associations: Mapping[WportPair, AssociationState],
        events: deque[Event],
        dropped_apdus: DroppedApduLimits,
    ) -> None:
        self._associations = associations
        self._events = events
        self._dropped_apdus = dropped_apdus
        self._reassembly_of_foreign = Reassembly()

    @property
    def something_waits(self) -> bool:
        """Whether anything is unanswered."""
        return any(association.is_waiting for association in self._associations.values())

    def receive(self, message: Message | Empty) -> None:
        """Take a message. Raises RemoteProtocolError, SecurityError: they end a stream."""
        if isinstance(message, Empty):
            self._dropped_apdus.empty(waiting=self.something_waits)
            return
        if not message.apdu:
            raise DecodeError("the APDU is empty")
        pair = WportPair(message.client, message.server)
        association = self._associations.get(pair)
        reassembly = self._reassembly_of_foreign if association is None else association.reassembly
        apdu = reassembly.receive(message.apdu)
        if apdu is None:
            self._dropped_apdus.refused_block(waiting=self.something_waits)
            return
        if association is None:
            self._receive_foreign(pair, apdu)
            return
        try:
            plain = association.opening.protection.unprotect(apdu)
        except (AuthenticationTagInvalid, InvocationCounterReplayed) as error:
            association.receive_forgery(error)
            return
        self._route(association, plain)

    def _route(self, association: AssociationState, plain: Unprotected) -> None:
        tag = plain.apdu[0]
        if tag in NOTIFICATION_TAGS:
            self._receive_notification(association.pair, plain)
        elif tag in PROTECTED_NOTIFICATION_TAGS:
            self._dropped_apdus.unreadable(waiting=self.something_waits)
        elif tag == GENERAL_BLOCK_TRANSFER:
            self._dropped_apdus.refused_block(waiting=self.something_waits)  # blocks that were protected one by one
        else:
            association.receive(plain.apdu)

    def _receive_foreign(self, pair: WportPair, apdu: bytes) -> None:
        """Take an APDU of no association."""
        if apdu[0] in NOTIFICATION_TAGS:
            self._receive_notification(pair, Unprotected(apdu))
        elif apdu[0] in PROTECTED_NOTIFICATION_TAGS:
            self._dropped_apdus.unreadable(waiting=self.something_waits)
        else:
            asked = next((each.pair for each in self._associations.values() if each.is_waiting), None)
            self._dropped_apdus.foreign(pair, asked)

    def _receive_notification(self, pair: WportPair, plain: Unprotected) -> None:
        self._dropped_apdus.notification(waiting=self.something_waits)
        self._events.append(NotificationReceived(pair, *plain))
