"""SET and ACTION in all forms, in blocks both ways where needed (IEC 62056-5-3, SET and ACTION service)."""

from collections.abc import Callable, Sequence
from typing import Final, cast

from custom_components.cosem.dlms.apdu.action import (
    ActionRequest,
    ActionRequestNextPblock,
    ActionRequestNormal,
    ActionRequestWithFirstPblock,
    ActionRequestWithList,
    ActionRequestWithPblock,
    decode_action_request,
)
from custom_components.cosem.dlms.apdu.common import (
    AttributeDescriptor,
    AttributeReference,
    DataAccessResult,
    DataBlock,
    MethodDescriptor,
    decode_list,
)
from custom_components.cosem.dlms.apdu.set import (
    SetRequestNormal,
    SetRequestWithDatablock,
    SetRequestWithFirstDatablock,
    SetRequestWithList,
    SetRequestWithListAndFirstDatablock,
    decode_set_request,
)
from custom_components.cosem.dlms.encoding.data import NULL, Data, decode_data, encode_data_octets
from custom_components.cosem.dlms.encoding.octets import Reader, Writer
from custom_components.cosem.dlms.errors import DlmsError

from .association import Association, Collected, Transfer
from .objects import OTHER_REASON, LogicalDevice, View
from .profile import Quirks, ResultForm, ReturnForm

SET_REQUEST: Final = 0xC1
ACTION_REQUEST: Final = 0xC3
SET_RESPONSE: Final = 0xC5
ACTION_RESPONSE: Final = 0xC7
_BLOCK_INVALID: Final = 19
_LONG_SET_ABORTED: Final = 17
_NO_LONG_SET: Final = 18
_LONG_ACTION_ABORTED: Final = 15
_NO_LONG_ACTION: Final = 16
_ACTION_BLOCKS: Final = 0x000400
_BLOCK_HEAD: Final = 8
"""C7 02, invoke-id, last-block, block-number (4); without the length of the raw data."""

type Refusal = Callable[[AttributeDescriptor], DataAccessResult | None]
type Outcome = Data | DataAccessResult | None
"""What a method returned, or why it was refused."""


def decoded[T](decode: Callable[[Reader], T], octets: bytes) -> T | None:
    """Return what the octets hold, to the last; None if they don't."""
    reader = Reader(octets)
    try:
        found = decode(reader)
        reader.finish()
    except DlmsError:
        return None
    return found


class SetService:
    """Answers SET. ``refuse``: a fault that refuses an attribute."""

    def __init__(self, device: LogicalDevice, quirks: Quirks, refuse: Refusal) -> None:
        self._device = device
        self._quirks = quirks
        self._refuse = refuse

    def answer(self, association: Association, apdu: bytes, view: View) -> bytes | None:
        """Return the response; None if the request makes no sense."""
        request = decoded(decode_set_request, apdu)
        if request is None:
            return None
        head = bytes([SET_RESPONSE]), bytes([request.invoke.raw])
        if isinstance(request, SetRequestWithDatablock):
            return self._further(association, request, view)
        association.transfer = association.collected = None  # a new request ends what is under way
        match request:
            case SetRequestNormal(attribute=attribute, selection=selection, value=value):
                result = self.write(view, (attribute, selection), value)
                return head[0] + b"\x01" + head[1] + bytes([result.code])
            case SetRequestWithList(items=items, values=values):
                if len(items) != len(values):
                    return None
                return head[0] + b"\x05" + head[1] + self._all(view, items, values)
            case _:
                is_list = not isinstance(request, SetRequestWithFirstDatablock)
                targets = _targets(request)
                association.collected = Collected(SET_REQUEST, request.invoke.raw, targets, is_list, bytearray())
                return self._block(association, association.collected, request.block, view)

    def write(self, view: View, reference: AttributeReference, value: Data) -> DataAccessResult:
        """Write an attribute; return the result. No part of one can be written: see CosemObject.write."""
        attribute, selection = reference
        refused = self._refuse(attribute)
        return self._device.write(attribute, view, value, selection) if refused is None else refused

    def _all(self, view: View, items: Sequence[AttributeReference], values: Sequence[Data]) -> bytes:
        results = [self.write(view, item, value).code for item, value in zip(items, values, strict=True)]
        return bytes([len(results), *results])

    def _further(self, association: Association, request: SetRequestWithDatablock, view: View) -> bytes:
        collected = association.collected
        if collected is None or collected.service != SET_REQUEST or collected.invoke != request.invoke.raw:
            return _set_ended(request.invoke.raw, _NO_LONG_SET, request.block.block_number)
        return self._block(association, collected, request.block, view)

    def _block(self, association: Association, collected: Collected, block: DataBlock, view: View) -> bytes:
        invoke, number = collected.invoke, block.block_number
        if number != collected.block_number + 1:
            association.collected = None
            return _set_ended(invoke, _BLOCK_INVALID, number)
        collected.block_number = number
        collected.octets += block.raw_data
        if not block.last_block:
            surplus = bytes(self._quirks.surplus_after_set_block)
            return bytes([SET_RESPONSE, 2, invoke]) + number.to_bytes(4, "big") + surplus
        association.collected = None
        return self._last(collected, view)

    def _last(self, collected: Collected, view: View) -> bytes:
        octets, invoke = bytes(collected.octets), collected.invoke
        targets = cast("Sequence[AttributeReference]", collected.targets)
        values = decoded(_values, octets) if collected.is_list else _one(octets)
        if values is None or len(values) != len(targets):
            return _set_ended(invoke, _LONG_SET_ABORTED, collected.block_number)
        results, number = self._all(view, targets, values), collected.block_number.to_bytes(4, "big")
        is_list = collected.is_list or self._quirks.set_result is ResultForm.LIST
        if self._quirks.set_result is ResultForm.WHOLE:
            kind, number = 5 if is_list else 1, b""
        else:
            kind = 4 if is_list else 3
        return bytes([SET_RESPONSE, kind, invoke]) + (results if is_list else results[1:]) + number


def _targets(
    request: SetRequestWithFirstDatablock | SetRequestWithListAndFirstDatablock,
) -> tuple[AttributeReference, ...]:
    if isinstance(request, SetRequestWithFirstDatablock):
        return ((request.attribute, request.selection),)
    return request.items


def _set_ended(invoke: int, result: int, number: int) -> bytes:
    return bytes([SET_RESPONSE, 3, invoke, result]) + number.to_bytes(4, "big")


class ActionService:
    """Answers ACTION."""

    def __init__(self, device: LogicalDevice, quirks: Quirks) -> None:
        self._device = device
        self._quirks = quirks

    def answer(self, association: Association, apdu: bytes, view: View) -> bytes | None:
        """Return the response; None if the request makes no sense."""
        request = decoded(decode_action_request, apdu)
        if request is None:
            return None
        if isinstance(request, ActionRequestNextPblock):
            return self._next(association, request)
        if isinstance(request, ActionRequestWithPblock):
            return self._further(association, request, view)
        association.transfer = association.collected = None  # a new request ends what is under way
        return self._first(association, request, view)

    def _first(self, association: Association, request: ActionRequest, view: View) -> bytes | None:
        invoke = request.invoke.raw
        match request:
            case ActionRequestNormal(method=method, parameters=parameters):
                outcome = self.execute(view, method, NULL if parameters is None else parameters)
                return self._respond(association, invoke, [outcome], is_list=False)
            case ActionRequestWithList(methods=methods, parameters=several):
                if len(methods) != len(several):
                    return None
                outcomes = [self.execute(view, *item) for item in zip(methods, several, strict=True)]
                return self._respond(association, invoke, outcomes, is_list=True)
            case ActionRequestWithFirstPblock(method=method, block=block):
                collected = Collected(ACTION_REQUEST, invoke, (method,), False, bytearray())
            case _:
                assert not isinstance(request, (ActionRequestNextPblock, ActionRequestWithPblock))  # taken before
                block = request.block
                collected = Collected(ACTION_REQUEST, invoke, request.methods, True, bytearray())
        association.collected = collected
        return self._block(association, collected, block, view)

    def execute(self, view: View, method: MethodDescriptor, parameters: Data) -> Outcome:
        """Execute a method; return what it returned, or why it is refused."""
        return self._device.execute(method, view, parameters)

    def _further(self, association: Association, request: ActionRequestWithPblock, view: View) -> bytes:
        collected = association.collected
        if collected is None or collected.service != ACTION_REQUEST or collected.invoke != request.invoke.raw:
            return _refused_action(request.invoke.raw, _NO_LONG_ACTION)
        return self._block(association, collected, request.block, view)

    def _block(self, association: Association, collected: Collected, block: DataBlock, view: View) -> bytes:
        invoke, number = collected.invoke, block.block_number
        if number != collected.block_number + 1:
            association.collected = None
            return _refused_action(invoke, _LONG_ACTION_ABORTED)
        collected.block_number = number
        collected.octets += block.raw_data
        if not block.last_block:
            return bytes([ACTION_RESPONSE, 4, invoke]) + number.to_bytes(4, "big")
        association.collected = None
        octets, methods = bytes(collected.octets), cast("Sequence[MethodDescriptor]", collected.targets)
        values = decoded(_values, octets) if collected.is_list else _one(octets)
        if values is None or len(values) != len(methods):
            return _refused_action(invoke, _LONG_ACTION_ABORTED)
        outcomes = [self.execute(view, *item) for item in zip(methods, values, strict=True)]
        return self._respond(association, invoke, outcomes, is_list=collected.is_list)

    def _respond(self, association: Association, invoke: int, outcomes: Sequence[Outcome], *, is_list: bool) -> bytes:
        count = bytes([len(outcomes)]) if is_list else b""
        whole = count + b"".join(self._outcome(outcome, ReturnForm.OUTCOME) for outcome in outcomes)
        if 3 + len(whole) <= association.answer_limit:
            return bytes([ACTION_RESPONSE, 3 if is_list else 1, invoke]) + whole
        if not association.negotiated(_ACTION_BLOCKS):
            return _refused_action(invoke, OTHER_REASON.code)
        octets = count + b"".join(self._outcome(outcome, self._quirks.returned_in_blocks) for outcome in outcomes)
        association.transfer = Transfer(invoke, octets, 0, ACTION_RESPONSE)
        return _action_block(association, association.transfer)

    def _outcome(self, outcome: Outcome, form: ReturnForm) -> bytes:
        if isinstance(outcome, DataAccessResult):
            return bytes([outcome.code]) + (b"" if self._quirks.short_action_refusal else b"\x00")
        if outcome is None:
            return b"\x00\x00"
        octets = encode_data_octets(outcome)
        return {ReturnForm.OUTCOME: b"\x00\x01\x00", ReturnForm.GET_DATA_RESULT: b"\x00", ReturnForm.DATA: b""}[
            form
        ] + octets

    @staticmethod
    def _next(association: Association, request: ActionRequestNextPblock) -> bytes:
        transfer, invoke = association.transfer, request.invoke.raw
        if transfer is None or transfer.service != ACTION_RESPONSE:
            return _refused_action(invoke, _NO_LONG_ACTION)
        if request.block_number != transfer.block_number or invoke != transfer.invoke:
            association.transfer = None
            return _refused_action(invoke, _LONG_ACTION_ABORTED)
        return _action_block(association, transfer)


def _refused_action(invoke: int, result: int) -> bytes:
    return bytes([ACTION_RESPONSE, 1, invoke, result, 0])


def _action_block(association: Association, transfer: Transfer) -> bytes:
    room = association.answer_limit - _BLOCK_HEAD
    room -= 1 if room <= 0x80 else 2 if room <= 0x101 else 3
    raw, transfer.rest = transfer.rest[:room], transfer.rest[room:]
    transfer.block_number += 1
    if not transfer.rest:
        association.transfer = None
    writer = Writer()
    writer.octets(bytes([ACTION_RESPONSE, 2, transfer.invoke, 0 if transfer.rest else 1]))
    writer.unsigned32(transfer.block_number)
    writer.octet_string(raw)
    return writer.getvalue()


def _values(reader: Reader) -> tuple[Data, ...]:
    return decode_list(reader, decode_data)


def _one(octets: bytes) -> tuple[Data, ...] | None:
    value = decoded(decode_data, octets)
    return None if value is None else (value,)


def is_unconfirmed(apdu: bytes) -> bool:
    """Whether a SET or ACTION asks for no response."""
    return len(apdu) > 2 and apdu[0] in {SET_REQUEST, ACTION_REQUEST} and not apdu[2] & 0x40
