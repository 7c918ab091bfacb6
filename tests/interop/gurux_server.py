"""A meter whose octets are made and read by gurux-dlms: BER, A-XDR, Data, objects. Only dispatch and sockets are ours.

gurux-dlms's own server cannot be used as it comes, so its codec classes are called one by one.
"""

import asyncio
from datetime import datetime, timedelta, timezone
from typing import Any, Final, Self

from gurux_dlms import GXByteBuffer, GXDateTime, GXDLMSSettings
from gurux_dlms._GXAPDU import _GXAPDU
from gurux_dlms.enums import (
    AccessMode,
    Authentication,
    Command,
    Conformance,
    DataType,
    ErrorCode,
    InterfaceType,
    MethodAccessMode,
    Unit,
)
from gurux_dlms.GXDLMS import GXDLMS
from gurux_dlms.GXDLMSLNParameters import GXDLMSLNParameters
from gurux_dlms.internal._GXCommon import _GXCommon
from gurux_dlms.internal._GXDataInfo import _GXDataInfo
from gurux_dlms.objects import (
    GXDLMSAssociationLogicalName,
    GXDLMSCaptureObject,
    GXDLMSClock,
    GXDLMSData,
    GXDLMSObject,
    GXDLMSProfileGeneric,
    GXDLMSRegister,
)
from gurux_dlms.ValueEventArgs import ValueEventArgs

PASSWORD: Final = "gurux-secret"
NAME: Final = b"GRX0000000000001"
REGISTERS: Final = 45
ROWS: Final = 40
START: Final = datetime(2026, 7, 15, 3, tzinfo=timezone(timedelta(hours=2)))
_ACCEPTED, _REJECTED = 0, 1
_AUTHENTICATION_FAILURE: Final = 13
_NORMAL, _NEXT, _WITH_LIST = 1, 2, 3

CONFORMANCE: Final = (
    Conformance.GET
    | Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ
    | Conformance.MULTIPLE_REFERENCES
    | Conformance.SELECTIVE_ACCESS
)


class GuruxServer:
    """Serves one logical device at wPort 1: client 16 without authentication, any other by PASSWORD."""

    def __init__(self, pdu_size: int = 1024) -> None:
        self.pdu_size = pdu_size
        self.objects = _objects()
        self.port = 0
        self.requests: list[int] = []
        """The GET kinds that arrived: 1 normal, 2 next, 3 with-list."""
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    def new_session(self) -> Session:
        """Return what answers the requests of a new connection."""
        return Session(self)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        session = self.new_session()
        try:
            while True:
                header = await reader.readexactly(8)
                apdu = await reader.readexactly(int.from_bytes(header[6:]))
                answer = session.answer(int.from_bytes(header[2:4]), apdu)
                writer.write(header[:2] + header[4:6] + header[2:4] + len(answer).to_bytes(2) + answer)
                await writer.drain()
        except asyncio.IncompleteReadError, asyncio.CancelledError:
            pass
        finally:
            writer.close()
            self._tasks.discard(task)


class Session:
    """One connection with its association and its long transfer."""

    overhead = 0
    """Octets that protection adds to an answer."""
    logical_names = True
    conformance = CONFORMANCE

    def __init__(self, server: GuruxServer) -> None:
        self.server = server
        self.settings: GXDLMSSettings | None = None
        self._long: GXByteBuffer | None = None

    def answer(self, client_wport: int, apdu: bytes) -> bytes:
        """Return the answer to an APDU."""
        match apdu[0]:
            case 0x60:
                return self._associate(client_wport, apdu)
            case 0x62:
                return bytes.fromhex("6303800100")
            case 0xC0 if self.settings is not None:
                return self.get(self.settings, GXByteBuffer(apdu[1:]))
        return bytes.fromhex("D80101")

    def _associate(self, client_wport: int, apdu: bytes) -> bytes:
        """Read the AARQ and write the AARE with gurux-dlms."""
        settings = GXDLMSSettings(True, None)
        settings.setUseLogicalNameReferencing(self.logical_names)
        settings.interfaceType = InterfaceType.WRAPPER
        settings.proposedConformance = self.conformance
        settings.authentication = Authentication.NONE
        _GXAPDU.parsePDU(settings, None, GXByteBuffer(apdu), None)
        expected = Authentication.NONE if client_wport == 16 else Authentication.LOW
        accepted = settings.authentication == expected and (
            expected == Authentication.NONE or bytes(settings.password) == PASSWORD.encode()
        )
        settings.maxPduSize = min(settings.maxPduSize or 0xFFFF, self.server.pdu_size)
        aare = GXByteBuffer()
        _GXAPDU.generateAARE(
            settings,
            aare,
            _ACCEPTED if accepted else _REJECTED,
            0 if accepted else _AUTHENTICATION_FAILURE,
            None,
            None if accepted else bytes([0x0E, 1, 6, 4]),
            None,
        )
        self.settings = settings if accepted else None
        return bytes(aare.array())

    def get(self, settings: GXDLMSSettings, request: GXByteBuffer) -> bytes:
        kind = request.getUInt8()
        invoke = request.getUInt8()
        self.server.requests.append(kind)
        settings.updateInvokeId(invoke)
        if kind == _NEXT:
            assert self._long is not None
            assert request.getUInt32() == settings.blockIndex
            settings.increaseBlockIndex()
            return self._write(settings, invoke, _NEXT, self._long, blocks=True)
        settings.resetBlockIndex()
        settings.setCount(0)
        settings.setIndex(0)
        value = GXByteBuffer()
        if kind == _NORMAL:
            error = self._read(settings, request, value)
            return self._write(settings, invoke, _NORMAL, value, error)
        count = _GXCommon.getObjectCount(request)
        _GXCommon.setObjectCount(count, value)
        for _ in range(count):
            element = GXByteBuffer()
            error = self._read(settings, request, element)
            value.setUInt8(0 if error == ErrorCode.OK else 1)
            if error == ErrorCode.OK:
                value.set(element)
            else:
                value.setUInt8(error)
        # The library leaves status out of a list when it is FF.
        return self._write(settings, invoke, _WITH_LIST, value, 0xFF)

    def _write(
        self,
        settings: GXDLMSSettings,
        invoke: int,
        kind: int,
        value: GXByteBuffer,
        status: int = 0,
        *,
        blocks: bool = False,
    ) -> bytes:
        """Write a GET response, or its next block."""
        parameters = GXDLMSLNParameters(settings, invoke, Command.GET_RESPONSE, kind, None, value, status)
        if blocks:
            parameters.multipleBlocks = True
            parameters.status = 0
        elif kind == _WITH_LIST and len(value) + 4 + self.overhead > settings.maxPduSize:
            parameters.requestType, parameters.multipleBlocks, parameters.status = 2, True, 0
        reply = GXByteBuffer()
        GXDLMS.getLNPdu(parameters, reply)
        self._long = value if value.position != len(value) else None
        return bytes(reply.array())

    def _read(self, settings: GXDLMSSettings, request: GXByteBuffer, value: GXByteBuffer) -> int:
        """Read one attribute into ``value``; return the data-access-result."""
        class_id = request.getUInt16()
        name = bytearray(6)
        request.get(name)
        index = request.getUInt8()
        selector, parameters = 0, None
        if request.getUInt8():
            selector = request.getUInt8()
            parameters = _GXCommon.getData(settings, request, _GXDataInfo())
        item = self.server.objects.get((class_id, _GXCommon.toLogicalName(name)))
        if item is None:
            return int(ErrorCode.UNDEFINED_OBJECT)
        event = ValueEventArgs(settings, item, index, selector, parameters)
        event.server, event.isSkipMaxPduSize = _Rights(settings), True  # the library reads what it does not set
        event.getRowEndIndex = lambda: event.rowEndIndex  # and calls what it does not have
        try:
            content = item.getValue(settings, event)
        except TypeError:  # the library compares a date with 0
            return int(ErrorCode.OTHER_REASON)
        if event.byteArray:
            value.set(content)
        else:
            GXDLMS.appendData(settings, item, index, value, content)
        return int(event.error)


class _Rights:
    """Every attribute may be read, no method called; asked by the library while it writes the object list."""

    def __init__(self, settings: GXDLMSSettings) -> None:
        self.settings = settings

    def onGetAttributeAccess(self, _: ValueEventArgs) -> AccessMode:  # noqa: N802  # the library's name
        return AccessMode.READ

    def onGetMethodAccess(self, _: ValueEventArgs) -> MethodAccessMode:  # noqa: N802  # the library's name
        return MethodAccessMode.NO_ACCESS


def _load_profile(clock: GXDLMSClock, register: GXDLMSRegister) -> GXDLMSProfileGeneric:
    """Return ROWS quarter hours of a register, from START on."""
    profile = GXDLMSProfileGeneric("1.0.99.1.0.255")
    for item in (clock, register):
        profile.captureObjects.append((item, GXDLMSCaptureObject(2, 0)))
    profile.capturePeriod = 900
    profile.buffer = [[GXDateTime(START + timedelta(minutes=15 * row)), 5000 + row] for row in range(ROWS)]
    profile.entriesInUse = profile.profileEntries = ROWS
    return profile


def _objects() -> dict[tuple[int, str], GXDLMSObject]:
    """Return the objects: name, clock, registers, and the association with its object list."""
    name = GXDLMSData("0.0.42.0.0.255", 0)
    name.value = NAME
    name.setDataType(2, DataType.OCTET_STRING)
    clock = GXDLMSClock("0.0.1.0.0.255")
    clock.time = GXDateTime(datetime(2026, 7, 15, 13, 7, 23, tzinfo=timezone(timedelta(hours=2))))
    clock.setDataType(2, DataType.OCTET_STRING)
    items: list[GXDLMSObject] = [name, clock]
    for number in range(REGISTERS):
        register = GXDLMSRegister(f"1.0.1.8.{number}.255", 0)
        register.value = 1_000_000 + 7 * number
        register.scaler = 10 ** (-number % 4)
        register.unit = Unit.ACTIVE_ENERGY
        register.setDataType(2, DataType.UINT32)
        items.append(register)
    items.append(_load_profile(clock, register))
    association = GXDLMSAssociationLogicalName("0.0.40.0.0.255")
    for item in (*items, association):
        association.objectList.append(item)
    items.append(association)
    return {(int(item.objectType), str(item.logicalName)): item for item in items}


__all__ = ["CONFORMANCE", "NAME", "PASSWORD", "REGISTERS", "ROWS", "START", "GuruxServer", "Session"]
