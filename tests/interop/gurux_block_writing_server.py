"""A meter that takes long SET and ACTION in general blocks: gurux-dlms's own server method reads and acknowledges them.

That method (GXDLMSServer.handleGeneralBlockTransfer) writes the answer to the last block, and another acknowledgement
behind it into the same APDU: ``self.replyData`` is used for both, without ``return`` between them. So the library
cannot answer by itself; here the acknowledgement behind the answer is taken off. Answers are whole: the method writes
none in blocks but those of GET. It appends each block without a look at its number, and which streamed blocks it leaves
unanswered (``(blockNumberAck * gbtWindowSize) + 1 > blockNumber``) is right for the first window only.
"""

from types import SimpleNamespace
from typing import Final, override

from gurux_dlms import GXByteBuffer, GXDLMSServer
from gurux_dlms.enums import Conformance

from .gurux_writing_server import WRITING, WritingGuruxServer, WritingSession

_GENERAL_BLOCK: Final = 0xE0
_ACKNOWLEDGEMENT: Final = 7
"""Octets of an empty block."""
_SERVICE_BLOCKS: Final = Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE | Conformance.BLOCK_TRANSFER_WITH_ACTION


class BlockWritingGuruxServer(WritingGuruxServer):
    """``window``: blocks that it takes in a row. ``blocks``: those that arrived."""

    window = 1
    blocks = 0

    @override
    def new_session(self) -> WritingSession:
        return _BlockWritingSession(self)


class _BlockWritingSession(WritingSession):
    conformance = WRITING & ~_SERVICE_BLOCKS | Conformance.GENERAL_BLOCK_TRANSFER
    server: BlockWritingGuruxServer
    _library: SimpleNamespace | None = None
    """What the library's method finds in its server."""

    @override
    def answer(self, client_wport: int, apdu: bytes) -> bytes:
        settings = self.settings
        if settings is None or apdu[0] != _GENERAL_BLOCK:
            return super().answer(client_wport, apdu)
        self.server.blocks += 1
        if self._library is None:
            settings.gbtWindowSize = self.server.window
            self._library = SimpleNamespace(settings=settings, transaction=None, replyData=GXByteBuffer())
        library = self._library
        whole: list[bytes] = []

        def handle_command(command: int, data: GXByteBuffer, _: object) -> None:
            whole.append(bytes([command]) + bytes(data.array()[: len(data)]))
            library.replyData.set(super(_BlockWritingSession, self).answer(client_wport, whole[0]))

        library.handleCommand = handle_command
        library.replyData.clear()
        GXDLMSServer.handleGeneralBlockTransfer(library, GXByteBuffer(apdu[1:]), None)
        written = bytes(library.replyData.array())
        return written[:-_ACKNOWLEDGEMENT] if whole else written
