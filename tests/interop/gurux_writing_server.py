"""A meter that takes SET and ACTION: gurux-dlms reads the requests, and writes what it can of the responses."""

from typing import Any, Final, override

from gurux_dlms import GXByteBuffer, GXDLMSSettings
from gurux_dlms.enums import Command, Conformance, ErrorCode
from gurux_dlms.GXDLMS import GXDLMS
from gurux_dlms.GXDLMSLNParameters import GXDLMSLNParameters
from gurux_dlms.internal._GXCommon import _GXCommon
from gurux_dlms.internal._GXDataInfo import _GXDataInfo

from .gurux_server import CONFORMANCE, GuruxServer, Session

WRITING: Final = (
    CONFORMANCE
    | Conformance.SET
    | Conformance.ACTION
    | Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE
    | Conformance.BLOCK_TRANSFER_WITH_ACTION
)
_NORMAL, _FIRST_BLOCK, _BLOCK, _LIST, _LIST_FIRST_BLOCK = 1, 2, 3, 4, 5
_ACTION_LIST, _ACTION_FIRST, _ACTION_LIST_FIRST, _ACTION_BLOCK = 3, 4, 5, 6

type Target = tuple[int, str, int]


class WritingGuruxServer(GuruxServer):
    """Takes any value for the attributes and methods in ``known``."""

    def __init__(self, known: set[Target], pdu_size: int = 1024) -> None:
        super().__init__(pdu_size)
        self.known = known
        self.told: list[tuple[Target, Any]] = []
        self.kinds: list[int] = []

    @override
    def new_session(self) -> Session:
        return WritingSession(self)


class WritingSession(Session):
    conformance = WRITING
    server: WritingGuruxServer
    _targets: tuple[Target, ...] = ()
    _is_list = False
    _joined: GXByteBuffer

    @override
    def answer(self, client_wport: int, apdu: bytes) -> bytes:
        settings = self.settings
        if settings is None or apdu[0] not in {0xC1, 0xC3}:
            return super().answer(client_wport, apdu)
        request = GXByteBuffer(apdu[1:])
        kind, invoke = request.getUInt8(), request.getUInt8()
        self.server.kinds.append(kind)
        return self._set(settings, request, kind, invoke) if apdu[0] == 0xC1 else self._action(request, kind, invoke)

    def _set(self, settings: GXDLMSSettings, request: GXByteBuffer, kind: int, invoke: int) -> bytes:
        if kind == _NORMAL:
            return self._written(kind, invoke, self._do((_attribute(request),), request)[0])
        if kind == _LIST:
            targets = _several(request)
            assert _GXCommon.getObjectCount(request) == len(targets)
            results = self._do(targets, request)
            return bytes([0xC5, 5, invoke, len(results), *results])
        if kind != _BLOCK:
            targets = (_attribute(request),) if kind == _FIRST_BLOCK else _several(request)
            self._begin(targets, is_list=kind == _LIST_FIRST_BLOCK)
        number, is_last = self._take(request)
        if not is_last:
            return bytes([0xC5, 2, invoke]) + number.to_bytes(4)
        results = self._finish()
        return bytes([0xC5, 4, invoke, len(results), *results] if self._is_list else [0xC5, 3, invoke, *results]) + (
            number.to_bytes(4)
        )

    def _written(self, kind: int, invoke: int, result: int) -> bytes:
        """Write a set-response with the library."""
        reply = GXByteBuffer()
        GXDLMS.getLNPdu(
            GXDLMSLNParameters(self.settings, invoke, Command.SET_RESPONSE, kind, None, None, result), reply
        )
        return bytes(reply.array())

    def _action(self, request: GXByteBuffer, kind: int, invoke: int) -> bytes:
        if kind == _NORMAL:
            target = _method(request)
            has_parameters = request.getUInt8()
            result = self._do((target,), request if has_parameters else GXByteBuffer(b"\x00"))[0]
            return bytes([0xC7, 1, invoke, result, 0])
        if kind == _ACTION_LIST:
            targets = tuple(_method(request) for _ in range(_GXCommon.getObjectCount(request)))
            assert _GXCommon.getObjectCount(request) == len(targets)
            results = self._do(targets, request)
            return bytes([0xC7, 3, invoke, len(results)]) + b"".join(bytes([result, 0]) for result in results)
        if kind == _ACTION_FIRST:
            self._begin((_method(request),), is_list=False)
        elif kind == _ACTION_LIST_FIRST:
            self._begin(tuple(_method(request) for _ in range(_GXCommon.getObjectCount(request))), is_list=True)
        number, is_last = self._take(request)
        if not is_last:
            return bytes([0xC7, 4, invoke]) + number.to_bytes(4)
        results = self._finish()
        if self._is_list:
            return bytes([0xC7, 3, invoke, len(results)]) + b"".join(bytes([result, 0]) for result in results)
        return bytes([0xC7, 1, invoke, results[0], 0])

    def _begin(self, targets: tuple[Target, ...], *, is_list: bool) -> None:
        self._targets, self._is_list, self._joined = targets, is_list, GXByteBuffer()

    def _take(self, request: GXByteBuffer) -> tuple[int, bool]:
        is_last, number = request.getUInt8(), request.getUInt32()
        size = _GXCommon.getObjectCount(request)
        assert size == len(request) - request.position
        octets = bytearray(size)
        request.get(octets)
        self._joined.set(octets)
        return number, bool(is_last)

    def _finish(self) -> list[int]:
        if self._is_list:
            assert _GXCommon.getObjectCount(self._joined) == len(self._targets)
        return self._do(self._targets, self._joined)

    def _do(self, targets: tuple[Target, ...], octets: GXByteBuffer) -> list[int]:
        """Read a value for each target with the library; keep it if the target is known."""
        results = []
        for target in targets:
            value = _GXCommon.getData(self.settings, octets, _GXDataInfo())
            known = target in self.server.known
            if known:
                self.server.told.append((target, value))
            results.append(int(ErrorCode.OK if known else ErrorCode.UNDEFINED_OBJECT))
        assert octets.position == len(octets)
        return results


def _method(request: GXByteBuffer) -> Target:
    class_id = request.getUInt16()
    name = bytearray(6)
    request.get(name)
    return class_id, str(_GXCommon.toLogicalName(name)), request.getUInt8()


def _attribute(request: GXByteBuffer) -> Target:
    target = _method(request)
    assert request.getUInt8() == 0  # no selection
    return target


def _several(request: GXByteBuffer) -> tuple[Target, ...]:
    return tuple(_attribute(request) for _ in range(_GXCommon.getObjectCount(request)))
