"""Our client against the recorded server: what it makes of the answers, and whether it asks for the same.

What the recorded client chose is made up for: conformance, PDU size, challenge, keys, first invocation counters and
invoke-ids are the recorded ones. All else is ours.
"""

from collections.abc import Callable
from typing import Any, Final

from custom_components.cosem.dlms.apdu import decode_apdu
from custom_components.cosem.dlms.apdu.acse import AARQ, RLRQ
from custom_components.cosem.dlms.apdu.common import InvokeIdAndPriority
from custom_components.cosem.dlms.apdu.initiate import Conformance
from custom_components.cosem.dlms.describe import describe
from custom_components.cosem.dlms.errors import DlmsError
from custom_components.cosem.dlms.limits import Limits
from custom_components.cosem.dlms.protocol.connection import Connection
from custom_components.cosem.dlms.protocol.events import (
    AnswerReceived,
    AssociationLost,
    AssociationRefused,
    ConnectionEnded,
    Event,
    NotificationReceived,
    RequestFailed,
)
from custom_components.cosem.dlms.protocol.leniencies import Leniency
from custom_components.cosem.dlms.protocol.transfer import Outcome, Transfer
from custom_components.cosem.dlms.protocol.wrapper import Wpdu, decode_wpdu, encode_wpdu

from .exchange import Exchange, Sent
from .operations import Operation, operation_of
from .secrets_of import opening_of

_MARKER: Final = bytes.fromhex("050102FA00")
"""Read by short names behind an answer that equals the one before: logical_name of the association."""

_MARKED: Final = bytes.fromhex("0C01000906 0000280000FF")


class NothingLeftToAsk(Exception):
    """The recorded client acknowledges more blocks than there are."""


class AsRecorded:
    """A transfer with the invoke-id of the recorded client."""

    def __init__(self, transfer: Transfer, invoke: int | None) -> None:
        self._transfer = transfer
        self._invoke = invoke
        self.request = b""
        """Its first request."""

    @property
    def needs(self) -> Conformance:
        return self._transfer.needs

    @property
    def answers(self) -> frozenset[int]:
        return self._transfer.answers

    @property
    def awaited(self) -> str:
        return self._transfer.awaited

    @property
    def may_be_repeated(self) -> bool:
        return self._transfer.may_be_repeated

    @property
    def unknown_means_lost(self) -> bool:
        return self._transfer.unknown_means_lost

    def first(self, invoke: InvokeIdAndPriority, limits: Limits, room: int) -> bytes:
        if self._invoke is not None:
            invoke = InvokeIdAndPriority.from_raw(self._invoke)
        self.request = self._transfer.first(invoke, limits, room)
        return self.request

    def receive(self, apdu: bytes) -> Outcome | None:
        return self._transfer.receive(apdu)


class ClientRole:
    """Plays one conversation. ``results``: of every operation, in the form of the recording."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.results: list[Any] = []
        self.requests: list[bytes] = []
        """The first APDU of each operation, in plain."""
        self.notifications: list[Any] = []
        self.sent = b""
        self.events: list[Event] = []
        self.connection: Final = Connection()
        self._operations = iter(exchange.operations)
        self._error: DlmsError | None = None
        self._waiting: tuple[Operation, AsRecorded] | None = None

    def play(self) -> None:
        """Take part as the client, until the end of the recording."""
        self.begin()
        for sent in self.exchange.wpdus:
            if sent.sender == "client":
                self.act(sent)
            elif not sent.lost:
                self.take(sent.wpdu)

    def begin(self) -> None:
        """Get ready for the first WPDU."""
        self.connection.open()
        self._opening = opening_of(self.exchange)
        self._pair = self._opening.parameters.pair

    def act(self, sent: Sent) -> None:
        """Do what the recorded client did, unless ours did it already."""
        self._act(sent.decoded.apdu[0])
        self.sent += self.connection.data_to_send()
        self._take_events()

    def expect_transaction(self, transaction_id: bytes) -> None:
        """Take answers of general-ciphering to a request of another client."""
        general = getattr(self._opening.protection, "_general", None)
        if general is not None:
            general._last_transaction_id = transaction_id

    def take(self, *pieces: bytes) -> None:
        """Take what the server sends, in pieces. Raises what ended the association or the connection."""
        for octets in pieces:
            self.connection.receive_data(octets)
            sent = self.connection.data_to_send()
            if sent.endswith(_MARKER):  # what no recorded client asked for, every server knows
                self.connection.receive_data(_answer_to(sent, _MARKED))
                sent = self.connection.data_to_send()
            self.sent += sent
            self._take_events()
        if (due := self.connection.next_call) is not None:
            self.connection.call(due)  # quiet tells that an answer which equals the one before is no copy
            self.sent += self.connection.data_to_send()
            self._take_events()
        if self._error is not None:
            raise self._error

    @property
    def leniencies(self) -> frozenset[Leniency]:
        """What our client tolerated."""
        return self.connection.leniencies(self._pair)

    def _act(self, tag: int) -> None:
        if tag == AARQ:
            self.connection.propose(self._opening.parameters, self._opening)
        elif tag == RLRQ:
            self.connection.release(self._pair)
        elif self.connection.is_open(self._pair) and self._waiting is None:
            self._ask()

    def _ask(self) -> None:
        description = next(self._operations, None)
        if description is None:
            raise NothingLeftToAsk
        operation = operation_of(description)
        transfer = AsRecorded(operation.transfer, operation.invoke)
        if description["result"] is None:  # nobody answers it
            self.connection.tell(self._pair, transfer)
            self.results.append(None)
        else:
            self._waiting = operation, transfer
            self.connection.request(self._pair, transfer)
        self.requests.append(transfer.request)

    def _take_events(self) -> None:
        while (event := self.connection.next_event()) is not None:
            self.events.append(event)
            match event:
                case AnswerReceived():
                    self._finish(lambda operation, octets=event.octets: operation.result(octets))
                case RequestFailed():
                    self._finish(lambda operation, error=event.error: operation.failure(error))
                case NotificationReceived():
                    self.notifications.append(_described(event.plain_apdu))
                case AssociationRefused() | AssociationLost() | ConnectionEnded():
                    self._error = self._error or event.error

    def _finish(self, result: Callable[[Operation], Any]) -> None:
        assert self._waiting is not None
        operation, _ = self._waiting
        self._waiting = None
        try:
            self.results.append(result(operation))
        except DlmsError as error:
            self.results.append(type(error))


def _answer_to(request: bytes, apdu: bytes) -> bytes:
    wpdu = decode_wpdu(request)
    return encode_wpdu(Wpdu(wpdu.destination_wport, wpdu.source_wport, apdu))


def _described(apdu: bytes) -> Any:
    """What a notification says, or why nobody can read it."""
    try:
        return describe(decode_apdu(apdu), show_secrets=True)
    except DlmsError as error:
        return type(error)
