"""GET of one attribute or a list, whole or in blocks (IEC 62056-5-3, GET service).

Invoke-id, form and block number must fit (rule S22). Leniencies: last-block FF is true; a list of one answered like one
attribute, or the other way round; blocks numbered from 0; an empty block before the last; a plain error that ends a
transfer.
"""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Final, override

from ...apdu.common import AttributeDescriptor, InvokeIdAndPriority, Selection
from ...apdu.get import (
    GET_RESPONSE,
    GetRequest,
    GetRequestNext,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseHead,
    GetResponseKind,
    decode_get_response_head,
)
from ...apdu.initiate import Conformance
from ...errors import DataAccessError, DataAccessResultCode, DecodeError, LocalProtocolError
from ...limits import DEFAULT_LIMITS, Limits
from ..leniencies import Leniency
from . import Complete, Continues, Failed, Outcome, encode_request
from .blocks import ReceivedBlocks

_RESULT: Final = 3
"""Where the result of a normal response begins, behind tag, choice and invoke-id-and-priority."""

_ERROR: Final = 1
"""The choice of a data-access-result."""

_LIST_OF_ONE: Final = b"\x01"
"""Makes a Get-Data-Result a list."""

_REFUSED_LIST_OF_ONE: Final = 3
"""Octets of count, choice and data-access-result."""


class _Get:
    """Common to both forms."""

    answers: Final = frozenset({GET_RESPONSE})
    awaited: Final = "get-response"

    def __init__(self, needs: Conformance) -> None:
        self.needs: Final = needs
        self._limits = DEFAULT_LIMITS
        self._blocks = ReceivedBlocks(DEFAULT_LIMITS)
        self._invoke: InvokeIdAndPriority | None = None

    @abstractmethod
    def _request(self, invoke: InvokeIdAndPriority) -> GetRequest: ...

    @abstractmethod
    def _receive_whole(self, head: GetResponseHead) -> Outcome | None: ...

    def first(self, invoke: InvokeIdAndPriority, limits: Limits, room: int = 0) -> bytes:
        if not invoke.confirmed:
            raise LocalProtocolError("a get is always answered")
        octets = encode_request(self._request(invoke))
        self._invoke, self._limits = invoke, limits
        self._blocks = ReceivedBlocks(limits)
        return octets

    def receive(self, apdu: bytes) -> Outcome | None:
        try:
            head = decode_get_response_head(apdu, self._limits)
        except DecodeError as error:
            if not self._has_senseless_result(apdu):
                raise
            return Failed(DataAccessError(DataAccessResultCode.OTHER_REASON, undecodable=str(error)))
        if self._invoke is None or head.invoke.invoke_id != self._invoke.invoke_id:
            return None
        if head.kind is GetResponseKind.WITH_DATABLOCK:
            return self._receive_block(head, self._invoke)
        if (block := self._block_as_list(head)) is not None:
            return self._receive_block(block, self._invoke, Leniency.LIST_BLOCKS_AS_LIST)
        if head.error is not None and self._has_blocks:
            return Failed(DataAccessError(head.error.code))
        return None if self._has_blocks else self._receive_whole(head)

    def _has_senseless_result(self, apdu: bytes) -> bool:
        """Whether it answers this request with a result that is neither value nor error: only that makes no sense."""
        if self._invoke is None or self._has_blocks or len(apdu) <= _RESULT:
            return False
        answers = InvokeIdAndPriority.from_raw(apdu[_RESULT - 1]).invoke_id == self._invoke.invoke_id
        return answers and apdu[1] == GetResponseKind.NORMAL and apdu[_RESULT] != _ERROR

    def take(self) -> bytes:
        """Return what came in blocks since the last call; with the last one the transfer completes with the rest."""
        return self._blocks.take()

    @property
    def _has_blocks(self) -> bool:
        return self._blocks.has_begun

    def _block_as_list(self, _head: GetResponseHead) -> GetResponseHead | None:
        """Return the block that came in the form of a list, if it is one."""
        return None

    def _receive_block(
        self, head: GetResponseHead, invoke: InvokeIdAndPriority, leniency: Leniency | None = None
    ) -> Outcome | None:
        if head.error is not None:
            return Failed(DataAccessError(head.error.code))
        blocks, number = self._blocks, head.block_number
        if not blocks.add(number, head.payload):
            error = blocks.contradiction(number, head.payload)
            return None if error is None else Failed(error)
        if head.last_block:
            return Complete(blocks.take(), leniency or blocks.leniency)
        request = encode_request(GetRequestNext(invoke, number))
        return Continues(number, blocks.size, request, leniency or blocks.leniency)


class GetOne(_Get):
    """GET of one attribute, or of a selected part; completes with its encoded Data."""

    may_be_repeated: Final = True

    def __init__(self, attribute: AttributeDescriptor, selection: Selection | None = None) -> None:
        super().__init__(Conformance(0) if selection is None else Conformance.SELECTIVE_ACCESS)
        self.attribute: Final = attribute
        self.unknown_means_lost = True
        """Of exception-response (1, 1); may be set before it is sent."""
        self.selection: Final = selection

    @override
    def __str__(self) -> str:
        return f"get {self.attribute}"

    @override
    def _request(self, invoke: InvokeIdAndPriority) -> GetRequest:
        return GetRequestNormal(invoke, self.attribute, self.selection)

    @override
    def _receive_whole(self, head: GetResponseHead) -> Outcome | None:
        if head.kind is not GetResponseKind.NORMAL:
            return self._receive_list_of_one(head.payload)
        if head.error is not None:
            return Failed(DataAccessError(head.error.code))
        return Complete(head.payload[1:])  # behind the choice octet is the Data

    @staticmethod
    def _receive_list_of_one(payload: bytes) -> Outcome | None:
        if payload[:2] == _LIST_OF_ONE + b"\x00":
            return Complete(payload[2:])
        if payload[:2] == _LIST_OF_ONE + b"\x01" and len(payload) == _REFUSED_LIST_OF_ONE:
            return Failed(DataAccessError(payload[2]))
        return None


class GetList(_Get):
    """GET of one or more attributes; completes with an encoded SEQUENCE OF Get-Data-Result."""

    may_be_repeated: Final = True
    unknown_means_lost: Final = False

    def __init__(self, items: Sequence[tuple[AttributeDescriptor, Selection | None]]) -> None:
        if not items:
            raise LocalProtocolError("a list of attributes needs at least one")
        selects = any(selection is not None for _attribute, selection in items)
        needs = Conformance.MULTIPLE_REFERENCES
        super().__init__(needs | Conformance.SELECTIVE_ACCESS if selects else needs)
        self.items: Final = tuple(items)

    @override
    def __str__(self) -> str:
        return f"get {', '.join(str(attribute) for attribute, _selection in self.items)}"

    @override
    def _request(self, invoke: InvokeIdAndPriority) -> GetRequest:
        return GetRequestWithList(invoke, self.items)

    @override
    def _receive_whole(self, head: GetResponseHead) -> Outcome | None:
        # A single result keeps its choice octet and gets the count of a list.
        return Complete(_LIST_OF_ONE + head.payload if head.kind is GetResponseKind.NORMAL else head.payload)

    @override
    def _block_as_list(self, head: GetResponseHead) -> GetResponseHead | None:
        # The count of a list is that of the request; in its place a block has its last-block.
        if head.kind is not GetResponseKind.WITH_LIST or head.payload[:1] == bytes((len(self.items) & 0xFF,)):
            return None
        apdu = bytes((GET_RESPONSE, GetResponseKind.WITH_DATABLOCK, head.invoke.raw)) + head.payload
        try:
            return decode_get_response_head(apdu, self._limits)
        except DecodeError:
            return None
