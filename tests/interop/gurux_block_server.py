"""The server of gurux_server.py with general blocks: the library writes them, one after each acknowledgement."""

from typing import Final, override

from gurux_dlms import GXByteBuffer, GXDLMSSettings
from gurux_dlms.enums import Command, Conformance
from gurux_dlms.GXDLMS import GXDLMS
from gurux_dlms.GXDLMSLNParameters import GXDLMSLNParameters

from .gurux_server import CONFORMANCE, GuruxServer, Session

_GENERAL_BLOCK: Final = 0xE0


class BlockSession(Session):
    """Answers what is too long in general blocks."""

    conformance = CONFORMANCE & ~Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ | Conformance.GENERAL_BLOCK_TRANSFER

    def __init__(self, server: GuruxServer) -> None:
        super().__init__(server)
        self._blocks: GXDLMSLNParameters | None = None
        self._sent = 0

    @override
    def answer(self, client_wport: int, apdu: bytes) -> bytes:
        if apdu[0] != _GENERAL_BLOCK:
            return super().answer(client_wport, apdu)
        assert self._blocks is not None
        assert int.from_bytes(apdu[4:6]) == self._sent  # the client has got all so far
        return self._next_block(self._blocks)

    @override
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
        if len(value) + 16 <= settings.maxPduSize:
            return super()._write(settings, invoke, kind, value, status, blocks=blocks)
        parameters = GXDLMSLNParameters(settings, invoke, Command.GET_RESPONSE, kind, None, value, status)
        parameters.multipleBlocks = True
        self._blocks, self._sent = parameters, 0
        return self._next_block(parameters)

    def _next_block(self, parameters: GXDLMSLNParameters) -> bytes:
        reply = GXByteBuffer()
        GXDLMS.getLNPdu(parameters, reply)
        self._sent += 1
        assert isinstance(self.server, GuruxBlockServer)  # it has made this session
        self.server.general_blocks += 1
        return bytes(reply.array())


class GuruxBlockServer(GuruxServer):
    """Serves with general blocks; ``general_blocks``: how many."""

    general_blocks = 0

    @override
    def new_session(self) -> Session:
        return BlockSession(self)
