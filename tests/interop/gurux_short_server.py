"""A meter with short names whose octets are made and read by gurux-dlms. Only dispatch and sockets are ours."""

from typing import Any, Final, override

from gurux_dlms import GXByteBuffer, GXDLMSSettings
from gurux_dlms._GXAPDU import _GXAPDU
from gurux_dlms.enums import Command, Conformance, ErrorCode, InterfaceType
from gurux_dlms.GXDLMS import GXDLMS
from gurux_dlms.GXDLMSSNParameters import GXDLMSSNParameters
from gurux_dlms.internal._GXCommon import _GXCommon
from gurux_dlms.internal._GXDataInfo import _GXDataInfo
from gurux_dlms.objects import GXDLMSAssociationShortName, GXDLMSObject
from gurux_dlms.SingleReadResponse import SingleReadResponse
from gurux_dlms.SingleWriteResponse import SingleWriteResponse
from gurux_dlms.ValueEventArgs import ValueEventArgs
from gurux_dlms.VariableAccessSpecification import VariableAccessSpecification

from .gurux_server import GuruxServer, Session

_ASSOCIATION: Final = 0xFA00
_NAME: Final = 0xFD00
_LN_CONTEXT: Final = bytes.fromhex("60857405080101")
_FIRST, _ROOM = 0x0100, 0x80


class ShortServer(GuruxServer):
    """The objects of GuruxServer, by short names. ``cuts``: long answers go in blocks as the standard has them.

    The library makes such a block, too, but not of what is to be sent: see the tests.
    """

    def __init__(self, pdu_size: int = 1024, *, cuts: bool = True) -> None:
        super().__init__(pdu_size)
        self.cuts = cuts
        self.answered: list[bytes] = []
        """Read responses, but those that are cut here."""
        self.by_short_name: dict[int, GXDLMSObject] = {}
        association = GXDLMSAssociationShortName()
        association.shortName = _ASSOCIATION
        short_name = _FIRST
        for item in self.objects.values():
            if int(item.objectType) == 15:
                continue
            item.shortName = _NAME if str(item.logicalName) == "0.0.42.0.0.255" else short_name
            short_name += _ROOM
            self.by_short_name[item.shortName] = item
            association.objectList.append(item)
        association.objectList.append(association)
        self.by_short_name[_ASSOCIATION] = association
        self.written: list[tuple[int, Any]] = []

    @override
    def new_session(self) -> Session:
        return _ShortSession(self)


class _ShortSession(Session):
    logical_names = False
    conformance = (
        Conformance.READ
        | Conformance.WRITE
        | Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ
        | Conformance.MULTIPLE_REFERENCES
        | Conformance.PARAMETERIZED_ACCESS
    )
    server: ShortServer

    def __init__(self, server: ShortServer) -> None:
        super().__init__(server)
        self._rest = b""
        self._block_number = 0

    @override
    def answer(self, client_wport: int, apdu: bytes) -> bytes:
        if self.settings is not None and apdu[0] == Command.READ_REQUEST:
            return self._read_all(self.settings, GXByteBuffer(apdu[1:]))
        if self.settings is not None and apdu[0] == Command.WRITE_REQUEST:
            return self._write_all(self.settings, GXByteBuffer(apdu[1:]))
        return super().answer(client_wport, apdu)

    @override
    def _associate(self, client_wport: int, apdu: bytes) -> bytes:
        """The library only raises for another application context: the refusal is put together from its parts."""
        if _LN_CONTEXT not in apdu:
            return super()._associate(client_wport, apdu)
        settings = GXDLMSSettings(True, None)
        settings.setUseLogicalNameReferencing(False)
        settings.interfaceType = InterfaceType.WRAPPER
        aare = GXByteBuffer()
        _GXAPDU.generateAARE(settings, aare, 1, 2, None, bytes([0x0E, 1, 6, 4]), None)
        return bytes(aare.array())

    def _read_all(self, settings: GXDLMSSettings, request: GXByteBuffer) -> bytes:
        count = _GXCommon.getObjectCount(request)
        results = GXByteBuffer()
        first = int(SingleReadResponse.DATA)
        for number in range(count):
            choice = request.getUInt8()
            if choice == VariableAccessSpecification.BLOCK_NUMBER_ACCESS:
                assert request.getUInt16() == self._block_number
                return self._block()
            value = GXByteBuffer()
            error = self._one(settings, choice, request, value)
            choice = int(SingleReadResponse.DATA if error == ErrorCode.OK else SingleReadResponse.DATA_ACCESS_ERROR)
            if number:
                results.setUInt8(choice)
            else:
                first = choice
            if error == ErrorCode.OK:
                results.set(value)
            else:
                results.setUInt8(error)
        if self.server.cuts and 3 + len(results) > settings.maxPduSize:
            # The library joins results so, and cannot cut them itself.
            self._block_number, self._rest = 0, bytes(results.array())
            return self._block()
        reply = GXByteBuffer()
        GXDLMS.getSNPdu(GXDLMSSNParameters(settings, Command.READ_RESPONSE, count, first, None, results), reply)
        self.server.answered.append(bytes(reply.array()))
        return self.server.answered[-1]

    def _block(self) -> bytes:
        assert self.settings is not None
        room = self.settings.maxPduSize - 9
        piece, self._rest = self._rest[:room], self._rest[room:]
        self._block_number += 1
        reply = GXByteBuffer()
        for octet in (Command.READ_RESPONSE, 1, SingleReadResponse.DATA_BLOCK_RESULT, not self._rest):
            reply.setUInt8(int(octet))
        reply.setUInt16(self._block_number)
        _GXCommon.setObjectCount(len(piece), reply)
        reply.set(piece)
        return bytes(reply.array())

    def _one(self, settings: GXDLMSSettings, choice: int, request: GXByteBuffer, value: GXByteBuffer) -> int:
        """Read one variable into ``value``; return the data-access-result."""
        short_name, selector, parameters = request.getUInt16(), 0, None
        if choice == VariableAccessSpecification.PARAMETERISED_ACCESS:
            selector = request.getUInt8()
            parameters = _GXCommon.getData(settings, request, _GXDataInfo())
        found = self._find(short_name)
        if found is None:
            return int(ErrorCode.UNDEFINED_OBJECT)
        item, index = found
        settings.setCount(0)
        settings.setIndex(0)
        event = ValueEventArgs(settings, item, index, selector, parameters)
        event.isSkipMaxPduSize = lambda: True  # called as a method here, read as an attribute elsewhere
        content = item.getValue(settings, event)
        if index == 2 and item.shortName == _ASSOCIATION:
            value.set(content)
        else:
            GXDLMS.appendData(settings, item, index, value, content)
        return int(ErrorCode.OK)

    def _find(self, short_name: int) -> tuple[GXDLMSObject, int] | None:
        base = max((name for name in self.server.by_short_name if name <= short_name), default=None)
        if base is None:
            return None
        item, index = self.server.by_short_name[base], (short_name - base) // 8 + 1
        return (item, index) if index <= item.getAttributeCount() else None

    def _write_all(self, settings: GXDLMSSettings, request: GXByteBuffer) -> bytes:
        names = []
        for _ in range(_GXCommon.getObjectCount(request)):
            assert request.getUInt8() == VariableAccessSpecification.VARIABLE_NAME
            names.append(request.getUInt16())
        results = GXByteBuffer()
        for name in names[: _GXCommon.getObjectCount(request)]:
            value = _GXCommon.getData(settings, request, _GXDataInfo())
            if self._find(name) is None:
                results.setUInt8(SingleWriteResponse.DATA_ACCESS_ERROR)
                results.setUInt8(ErrorCode.UNDEFINED_OBJECT)
            else:
                results.setUInt8(SingleWriteResponse.SUCCESS)
                self.server.written.append((name, value))
        reply = GXByteBuffer()
        GXDLMS.getSNPdu(GXDLMSSNParameters(settings, Command.WRITE_RESPONSE, len(names), 0xFF, None, results), reply)
        return bytes(reply.array())
