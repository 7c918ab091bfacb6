"""A logical device that takes SET and ACTION, whole and in blocks, and keeps what it was told: the truth."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, override

from custom_components.cosem.dlms.apdu.action import (
    ActionRequestNormal,
    ActionRequestWithFirstPblock,
    ActionRequestWithPblock,
    decode_action_request,
)
from custom_components.cosem.dlms.apdu.common import AttributeDescriptor, DataBlock, MethodDescriptor
from custom_components.cosem.dlms.apdu.set import (
    SetRequestNormal,
    SetRequestWithDatablock,
    SetRequestWithFirstDatablock,
    decode_set_request,
)
from custom_components.cosem.dlms.encoding.data import Data, decode_data_octets
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.encoding.octets import Reader
from custom_components.cosem.dlms.errors import DlmsError
from tests.simulated_meter.association import OTHER_REASON, SERVICE_NOT_ALLOWED, Association, Reply
from tests.simulated_meter.dispatcher import Dispatcher

WRITABLE: Final = AttributeDescriptor(1, LogicalName.parse("0.0.96.1.9.255"), 2)
EXECUTABLE: Final = MethodDescriptor(9, LogicalName.parse("0.0.10.0.100.255"), 1)
_UNDEFINED: Final = 4
_SET: Final = 0xC1
_ACTION: Final = 0xC3

type _Target = AttributeDescriptor | MethodDescriptor


@dataclass
class _Incoming:
    """Blocks of one request."""

    target: _Target
    number: int = 0
    octets: bytearray = field(default_factory=bytearray)

    def add(self, block: DataBlock) -> bool:
        """Take the next block; return whether its number is right."""
        if block.block_number != self.number + 1:
            return False
        self.number += 1
        self.octets += block.raw_data
        return True


class WritableDispatcher(Dispatcher):
    """Answers as the meter does, and takes values for one attribute and parameters for one method."""

    told: list[tuple[_Target, Data]]
    """What was written and executed, in order."""
    _incoming: _Incoming | None = None

    @override
    def answer(self, association: Association | None, apdu: bytes, at: datetime) -> Reply:
        if apdu[0] not in {_SET, _ACTION}:
            return super().answer(association, apdu, at)
        if association is None:
            return Reply(SERVICE_NOT_ALLOWED)
        reader = Reader(apdu)
        try:
            answer = self._set(reader) if apdu[0] == _SET else self._action(reader)
        except DlmsError:
            return Reply(OTHER_REASON)
        return Reply(answer)

    def _set(self, reader: Reader) -> bytes:
        request = decode_set_request(reader)
        reader.finish()
        invoke = bytes([request.invoke.raw])
        match request:
            case SetRequestNormal():
                return b"\xc5\x01" + invoke + bytes([self._do(request.attribute, request.value)])
            case SetRequestWithFirstDatablock():
                self._incoming = _Incoming(request.attribute)
            case SetRequestWithDatablock():
                pass
            case _:
                return OTHER_REASON
        result, number = self._take_block(request.block)
        if result is None:
            return b"\xc5\x02" + invoke + number
        return b"\xc5\x03" + invoke + bytes([result]) + number

    def _action(self, reader: Reader) -> bytes:
        request = decode_action_request(reader)
        reader.finish()
        invoke = bytes([request.invoke.raw])
        match request:
            case ActionRequestNormal():
                assert request.parameters is not None  # this method has some
                return b"\xc7\x01" + invoke + bytes([self._do(request.method, request.parameters), 0])
            case ActionRequestWithFirstPblock():
                self._incoming = _Incoming(request.method)
            case ActionRequestWithPblock():
                pass
            case _:
                return OTHER_REASON
        result, number = self._take_block(request.block)
        if result is None:
            return b"\xc7\x04" + invoke + number
        return b"\xc7\x01" + invoke + bytes([result, 0])

    def _take_block(self, block: DataBlock) -> tuple[int | None, bytes]:
        """Return the result after the last block, else None; and the block's number."""
        incoming, number = self._incoming, block.block_number.to_bytes(4)
        if incoming is None or not incoming.add(block):
            self._incoming = None
            return 19, number
        if not block.last_block:
            return None, number
        self._incoming = None
        return self._do(incoming.target, decode_data_octets(bytes(incoming.octets))), number

    def _do(self, target: _Target, value: Data) -> int:
        if target not in {WRITABLE, EXECUTABLE}:
            return _UNDEFINED
        self.told.append((target, value))
        return 0
