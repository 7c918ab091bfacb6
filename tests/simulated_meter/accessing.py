"""ACCESS: get, set and action in one request (IEC 62056-5-3, ACCESS service). It has no blocks of its own."""

from collections.abc import Callable
from typing import Final

from custom_components.cosem.dlms.apdu.access import AccessKind, AccessRequest, decode_access_request
from custom_components.cosem.dlms.apdu.common import (
    AttributeDescriptor,
    AttributeReference,
    DataAccessResult,
    MethodDescriptor,
    Selection,
)
from custom_components.cosem.dlms.encoding.data import Data
from custom_components.cosem.dlms.encoding.octets import Writer

from .association import Association
from .conformance import GENERAL_BLOCK_TRANSFER
from .objects import Answer, View, encoded
from .profile import Quirks
from .writing import Outcome, decoded

ACCESS_REQUEST: Final = 0xD9
ACCESS_RESPONSE: Final = 0xDA
TOO_LONG: Final = b"\xd8\x01\x04"
"""exception-response: pdu-too-long."""
_CONFIRMED: Final = 0x40
_NULL: Final = b"\x00"
_GET, _SET, _ACTION = 1, 2, 3
_KINDS: Final = {
    AccessKind.GET: _GET,
    AccessKind.GET_WITH_SELECTION: _GET,
    AccessKind.SET: _SET,
    AccessKind.SET_WITH_SELECTION: _SET,
    AccessKind.ACTION: _ACTION,
}

type Read = Callable[[View, AttributeDescriptor, Selection | None], Answer]
type Write = Callable[[View, AttributeReference, Data], DataAccessResult]
type Execute = Callable[[View, MethodDescriptor, Data], Outcome]


def wants_access_response(apdu: bytes) -> bool:
    """Whether an ACCESS request asks for a response."""
    return len(apdu) < 2 or bool(apdu[1] & _CONFIRMED)


class AccessService:
    """Answers ACCESS."""

    def __init__(self, quirks: Quirks, read: Read, write: Write, execute: Execute) -> None:
        self._quirks = quirks
        self._read = read
        self._write = write
        self._execute = execute

    def answer(self, association: Association, apdu: bytes, view: View) -> bytes | None:
        """Return the response; None if the request makes no sense."""
        request = decoded(decode_access_request, apdu)
        if request is None or len(request.specifications) != len(request.data):
            return None
        association.transfer = association.collected = None  # a new request ends what is under way
        response = self._response(request, apdu[1:5], view)
        fits = len(response) <= association.answer_limit or association.negotiated(GENERAL_BLOCK_TRANSFER)
        return response if fits else TOO_LONG

    def _response(self, request: AccessRequest, long_invoke: bytes, view: View) -> bytes:
        data: list[bytes] = []
        results: list[bytes] = []
        broken = False
        for (kind, target, selection), value in zip(request.specifications, request.data, strict=True):
            if broken:
                octets, code = _NULL, self._quirks.access_skipped
            else:
                octets, code = self._item(view, target, selection, value, sets=_KINDS[kind] == _SET)
            if _KINDS[kind] != _SET or not self._quirks.access_leaves_data_out:
                data.append(octets)
            results.append(bytes([_KINDS[kind], code]))
            broken = broken or bool(code and request.long_invoke.break_on_error)
        writer = Writer()
        writer.octets(bytes([ACCESS_RESPONSE]) + long_invoke + b"\x00\x00")  # no date-time, no echo
        for elements in (data, results):
            writer.length(len(elements))
            writer.octets(b"".join(elements))
        return writer.getvalue()

    def _item(
        self,
        view: View,
        target: AttributeDescriptor | MethodDescriptor,
        selection: Selection | None,
        value: Data,
        *,
        sets: bool,
    ) -> tuple[bytes, int]:
        """Carry out one item; return the encoded data and the result."""
        if isinstance(target, MethodDescriptor):
            outcome = self._execute(view, target, value)
            if isinstance(outcome, DataAccessResult):
                return _NULL, outcome.code
            return _NULL if outcome is None else encoded(outcome), 0
        if sets:
            return _NULL, self._write(view, (target, selection), value).code
        answer = self._read(view, target, selection)
        return (_NULL, answer.code) if isinstance(answer, DataAccessResult) else (encoded(answer), 0)
