"""One confirmed service in flight: invoke-id, blocks, and what belongs to it. Sans-IO, no states of the association.

GET in its three forms (IEC 62056-5-3, GET service): the answer to a single attribute or a list, at once or in blocks.
An answer is taken only if service, invoke-id, kind and block number are those expected (rule S22). Values stay octets.
Room for SET and ACTION: another request class with its own ``receive``.

Leniencies: last-block FF is true (in the codec); a list of one may be answered like a single attribute; a block
that is not the last may be empty; a server may end a transfer with a plain error instead of an error block.
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from ..apdu import encode_apdu
from ..apdu.common import AttributeDescriptor, InvokeIdAndPriority, Selection
from ..apdu.get import (
    GetRequest,
    GetRequestNext,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseHead,
    GetResponseKind,
    decode_get_response_head,
)
from ..errors import DataAccessError, LimitExceeded, LocalProtocolError
from ..limits import DEFAULT_LIMITS, Limits

INVOKE_IDS: Final = 16
_FIRST_INVOKE_ID: Final = 1
_LIST_OF_ONE: Final = b"\x01"
"""The count in front of a single Get-Data-Result makes it the list that was asked for."""


class RequestKind(Enum):
    """What was asked for."""

    SINGLE = "get"
    LIST = "get-with-list"


@dataclass(frozen=True, slots=True)
class Request:
    """A request that is ready to be sent."""

    kind: RequestKind
    invoke: InvokeIdAndPriority
    octets: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class NextBlock:
    """The answer goes on: send ``request`` to get the block behind ``block_number``."""

    block_number: int
    size: int
    request: bytes


@dataclass(frozen=True, slots=True)
class Complete:
    """The answer is complete: encoded Data, or an encoded SEQUENCE OF Get-Data-Result for a list."""

    octets: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Failed:
    """The answer is a data-access-result for the request as a whole."""

    error: DataAccessError


type Outcome = NextBlock | Complete | Failed


class Exchange:
    """The requests of one association, one at a time."""

    __slots__ = ("_blocks", "_limits", "_next_invoke_id", "_request", "_size")

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        """Start with invoke-id 1; it advances with every request, also over a new association of the same pair."""
        self._limits = limits
        self._next_invoke_id = _FIRST_INVOKE_ID
        self._request: Request | None = None
        self._blocks: list[bytes] = []
        self._size = 0

    @property
    def kind(self) -> RequestKind | None:
        """What is outstanding."""
        return None if self._request is None else self._request.kind

    def take_invoke_id(self) -> InvokeIdAndPriority:
        """Return the next invoke-id, for an exchange that is not a request of the user (HLS pass 3)."""
        invoke = InvokeIdAndPriority(self._next_invoke_id)
        self._next_invoke_id = (self._next_invoke_id + 1) % INVOKE_IDS
        return invoke

    def prepare_get(self, attribute: AttributeDescriptor, selection: Selection | None) -> Request:
        """Return the request for one attribute. Nothing is outstanding before start().

        Raises LocalProtocolError for numbers that do not fit their fields.
        """
        invoke = InvokeIdAndPriority(self._next_invoke_id)
        return Request(RequestKind.SINGLE, invoke, _encode(GetRequestNormal(invoke, attribute, selection)))

    def prepare_get_with_list(self, items: tuple[tuple[AttributeDescriptor, Selection | None], ...]) -> Request:
        """Return the request for several attributes. Nothing is outstanding before start().

        Raises LocalProtocolError for numbers that do not fit their fields.
        """
        invoke = InvokeIdAndPriority(self._next_invoke_id)
        return Request(RequestKind.LIST, invoke, _encode(GetRequestWithList(invoke, items)))

    def start(self, request: Request) -> None:
        """Note that the request was sent."""
        self._next_invoke_id = (request.invoke.invoke_id + 1) % INVOKE_IDS
        self._request = request
        self._blocks = []
        self._size = 0

    def stop(self) -> None:
        """Forget what is outstanding; a late answer finds nothing to belong to."""
        self._request = None
        self._blocks = []
        self._size = 0

    def receive(self, octets: bytes) -> Outcome | None:
        """Take a get-response. None: it belongs to nothing that is outstanding.

        Raises DecodeError for the octets, LimitExceeded when a transfer grows beyond all reason.
        """
        head = decode_get_response_head(octets, self._limits)
        request = self._request
        if request is None or head.invoke.invoke_id != request.invoke.invoke_id:
            return None
        if head.kind is GetResponseKind.WITH_DATABLOCK:
            outcome = self._receive_block(head, request)
        else:
            outcome = self._receive_whole(head, request)
        if isinstance(outcome, (Complete, Failed)):
            self.stop()
        return outcome

    def _receive_whole(self, head: GetResponseHead, request: Request) -> Outcome | None:
        if head.kind is GetResponseKind.NORMAL:
            if head.error is not None and (request.kind is RequestKind.SINGLE or self._blocks):
                return Failed(DataAccessError(head.error.code))
            if not self._blocks:
                single = request.kind is RequestKind.SINGLE
                # Behind the choice octet of a single result is the Data; a list keeps the choice and gets its count.
                return Complete(head.payload[1:] if single else _LIST_OF_ONE + head.payload)
        elif request.kind is RequestKind.LIST and not self._blocks:
            return Complete(head.payload)
        return None

    def _receive_block(self, head: GetResponseHead, request: Request) -> Outcome | None:
        if head.error is not None:
            return Failed(DataAccessError(head.error.code))
        number = len(self._blocks) + 1
        if head.block_number != number:
            return None
        if number > self._limits.blocks_per_transfer:
            raise LimitExceeded("blocks in a transfer", self._limits.blocks_per_transfer)
        self._size += len(head.payload)
        if self._size > self._limits.assembled_value:
            raise LimitExceeded("octets in a value", self._limits.assembled_value)
        self._blocks.append(head.payload)
        if head.last_block:
            return Complete(b"".join(self._blocks))
        return NextBlock(number, self._size, _encode(GetRequestNext(request.invoke, number)))


def _encode(request: GetRequest) -> bytes:
    try:
        return encode_apdu(request)
    except (OverflowError, ValueError) as error:
        raise LocalProtocolError(f"the request cannot be encoded: {error}") from error
