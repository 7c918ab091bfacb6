"""Answers GET in all forms, in blocks where needed (IEC 62056-5-3); gives SET, ACTION and ACCESS to their services."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from custom_components.cosem.dlms.apdu.common import AttributeDescriptor, DataAccessResult, MethodDescriptor, Selection
from custom_components.cosem.dlms.apdu.get import (
    GET_REQUEST,
    GetRequestNext,
    GetRequestNormal,
    GetRequestWithList,
    decode_get_request,
)
from custom_components.cosem.dlms.encoding.data import Data
from custom_components.cosem.dlms.encoding.octets import Reader, Writer
from custom_components.cosem.dlms.errors import DlmsError

from .accessing import ACCESS_REQUEST, AccessService, wants_access_response
from .association import OTHER_REASON, SERVICE_NOT_ALLOWED, SERVICE_NOT_SUPPORTED, Association, Reply, Transfer
from .objects import (
    OBJECT_UNDEFINED,
    OTHER_REASON as RESULT_OTHER_REASON,
    SCOPE_VIOLATED,
    Answer,
    LogicalDevice,
    View,
    encoded,
)
from .profile import ListRefusal, Quirks
from .short_names import CONTEXTS as SHORT_NAME_CONTEXTS, ShortNameService, Target
from .writing import ACTION_REQUEST, SET_REQUEST, ActionService, SetService, is_unconfirmed

GET_RESPONSE: Final = 0xC4
_NORMAL, _WITH_BLOCK, _WITH_LIST = 1, 2, 3
_BLOCK_HEAD: Final = 9
"""C4 02, invoke-id, last-block, block-number (4), choice; without the length of the raw data."""
_BLOCK_NUMBER_INVALID: Final = 19
_NO_LONG_GET: Final = 16

_ATTRIBUTE_0: Final = 0x002000
_GET_BLOCKS: Final = 0x001000
_SERVICES: Final = {SET_REQUEST: 0x000008, ACTION_REQUEST: 0x000001, ACCESS_REQUEST: 0x000040}
_SELECTIVE_ACCESS: Final = 0x000004
_PARAMETERIZED_ACCESS: Final = 0x000020

type Override = Callable[[AttributeDescriptor], DataAccessResult | bytes | None]
"""Replaces the answer for an attribute; None leaves it alone."""


class Dispatcher:
    """Answers the requests to one logical device."""

    def __init__(self, device: LogicalDevice, quirks: Quirks, override: Override) -> None:
        self.device = device
        self._quirks = quirks
        self._override = override
        self.short_names = ShortNameService(device=device, read=self.read, change=self.change)
        self._set_service = SetService(device, quirks, self._refusal)
        self._action_service = ActionService(device, quirks)
        self._access_service = AccessService(quirks, self.read, self._set_service.write, self._action_service.execute)

    def answer(self, association: Association | None, apdu: bytes, at: datetime) -> Reply:
        """Answer a service request."""
        if association is None:
            return Reply(SERVICE_NOT_ALLOWED)
        if association.facts.context in SHORT_NAME_CONTEXTS:
            return self.short_names.answer(association, apdu, View(self.device, at, association.facts))
        if apdu[0] in _SERVICES:
            return self._change(association, apdu, View(self.device, at, association.facts))
        if apdu[0] != GET_REQUEST:
            return Reply(SERVICE_NOT_SUPPORTED)
        if not association.is_confirmed:
            return Reply()
        reader = Reader(apdu)
        try:
            request = decode_get_request(reader)
            reader.finish()
        except DlmsError:
            return Reply(OTHER_REASON)
        view = View(self.device, at, association.facts)
        invoke = request.invoke.raw
        if isinstance(request, GetRequestNext):
            return Reply(self._next(association, request.block_number, invoke))
        association.transfer = association.collected = None  # a new request aborts a transfer
        if isinstance(request, GetRequestNormal):
            return Reply(self._normal(association, request, view))
        return self._with_list(association, request, view)

    def change(self, view: View, target: Target, value: Data, selection: Selection | None) -> int:
        """Write an attribute or call a method; return the result."""
        if isinstance(target, AttributeDescriptor):
            return self._set_service.write(view, (target, selection), value).code
        outcome = self._action_service.execute(
            view, MethodDescriptor(target.item.class_id, target.item.logical_name, target.index), value
        )
        return outcome.code if isinstance(outcome, DataAccessResult) else 0

    def _change(self, association: Association, apdu: bytes, view: View) -> Reply:
        """Answer SET, ACTION or ACCESS, if an answer is wanted."""
        wanted = wants_access_response(apdu) if apdu[0] == ACCESS_REQUEST else not is_unconfirmed(apdu)
        if wanted and not association.is_confirmed:
            return Reply()
        if association.negotiated(_SERVICES[apdu[0]]):
            answer = self._changed(association, apdu, view) or OTHER_REASON
        else:
            answer = SERVICE_NOT_SUPPORTED
        return Reply(answer if wanted or self._quirks.answers_unconfirmed else None)

    def _changed(self, association: Association, apdu: bytes, view: View) -> bytes | None:
        match apdu[0]:
            case 0xC1:
                return self._set_service.answer(association, apdu, view)
            case 0xC3:
                return self._action_service.answer(association, apdu, view)
            case _:
                return self._access_service.answer(association, apdu, view)

    def _refusal(self, attribute: AttributeDescriptor) -> DataAccessResult | None:
        replaced = self._override(attribute)
        return replaced if isinstance(replaced, DataAccessResult) else None

    def read(self, view: View, attribute: AttributeDescriptor, selection: Selection | None) -> Answer:
        """Return what an attribute holds now, or why it can't be read."""
        replaced = self._override(attribute)
        if replaced is not None:
            return replaced
        found = self.device.find(attribute.class_id, attribute.logical_name)
        if isinstance(found, DataAccessResult):
            return found
        if attribute.attribute_index == 0 and not view.facts.conformance & _ATTRIBUTE_0:
            return SCOPE_VIOLATED
        selects = _PARAMETERIZED_ACCESS if view.facts.context in SHORT_NAME_CONTEXTS else _SELECTIVE_ACCESS
        if selection is not None and not view.facts.conformance & selects:
            return SCOPE_VIOLATED
        return found.read(attribute.attribute_index, view, selection)

    def _normal(self, association: Association, request: GetRequestNormal, view: View) -> bytes:
        answer = self.read(view, request.attribute, request.selection)
        invoke = request.invoke.raw
        if isinstance(answer, DataAccessResult):
            return bytes([GET_RESPONSE, _NORMAL, invoke, 1, answer.code])
        octets = encoded(answer)
        if 4 + len(octets) <= association.answer_limit:
            return bytes([GET_RESPONSE, _NORMAL, invoke, 0]) + octets
        if not association.negotiated(_GET_BLOCKS):
            return bytes([GET_RESPONSE, _NORMAL, invoke, 1, RESULT_OTHER_REASON.code])
        association.transfer = Transfer(invoke, octets, 0)
        return self._block(association, association.transfer)

    def _with_list(self, association: Association, request: GetRequestWithList, view: View) -> Reply:
        limit = self._quirks.with_list_limit
        invoke = request.invoke.raw
        head = bytes([GET_RESPONSE, _WITH_LIST, invoke])
        if not self._quirks.with_list or (limit and len(request.items) > limit):
            match self._quirks.with_list_refusal:
                case ListRefusal.EXCEPTION:
                    return Reply(SERVICE_NOT_SUPPORTED)
                case ListRefusal.SILENT:
                    return Reply()
                case ListRefusal.RESULTS:
                    return Reply(head + bytes([len(request.items)]) + b"\x01\xfa" * len(request.items))
        writer = Writer()
        writer.length(len(request.items))
        for attribute, selection in request.items:
            writer.octets(self._element(self.read(view, attribute, selection)))
        octets = writer.getvalue()
        if len(head) + len(octets) <= association.answer_limit:
            return Reply(head + octets)
        if not association.negotiated(_GET_BLOCKS):
            return Reply(OTHER_REASON)
        association.transfer = Transfer(invoke, octets, 0)
        return Reply(self._block(association, association.transfer))

    def _element(self, answer: Answer) -> bytes:
        if isinstance(answer, DataAccessResult):
            code = self._quirks.undefined_in_list if answer == OBJECT_UNDEFINED else answer.code
            return bytes([1, code])
        return b"\x00" + encoded(answer)

    def _next(self, association: Association, acknowledged: int, invoke: int) -> bytes:
        transfer = association.transfer
        if transfer is None or transfer.service != GET_RESPONSE:
            return _block_error(invoke, acknowledged, _NO_LONG_GET)
        if acknowledged != transfer.block_number or invoke != transfer.invoke:
            association.transfer = None
            return _block_error(invoke, acknowledged, _BLOCK_NUMBER_INVALID)
        return self._block(association, transfer)

    def _block(self, association: Association, transfer: Transfer) -> bytes:
        room = association.answer_limit - _BLOCK_HEAD
        room -= 1 if room <= 0x80 else 2 if room <= 0x101 else 3
        raw, transfer.rest = transfer.rest[:room], transfer.rest[room:]
        transfer.block_number += 1
        if not transfer.rest:
            association.transfer = None
        writer = Writer()
        writer.octets(bytes([GET_RESPONSE, _WITH_BLOCK, transfer.invoke]))
        writer.unsigned8(0 if transfer.rest else self._quirks.last_block_octet)
        writer.unsigned32(transfer.block_number)
        writer.unsigned8(0)
        writer.octet_string(raw)
        return writer.getvalue()


def _block_error(invoke: int, block_number: int, result: int) -> bytes:
    return (
        bytes([GET_RESPONSE, _WITH_BLOCK, invoke, 1])
        + (block_number & 0xFFFFFFFF).to_bytes(4, "big")
        + bytes([1, result])
    )
