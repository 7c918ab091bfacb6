"""A blocking client made of gurux-dlms's codec and a plain socket, as its users write it."""

from contextlib import AbstractContextManager
import socket
from typing import Any, Self, override

from gurux_dlms import GXByteBuffer, GXDLMSClient, GXReplyData
from gurux_dlms.enums import Authentication, InterfaceType
from gurux_dlms.objects import GXDLMSObject

_PATIENCE = 10


class GuruxClient(AbstractContextManager["GuruxClient"]):
    """Associates on entering, releases and closes on leaving."""

    def __init__(
        self, port: int, *, client: int = 16, server: int = 1, password: str | None = None, pdu_size: int = 0xFFFF
    ) -> None:
        authentication = Authentication.LOW if password else Authentication.NONE
        self.codec = GXDLMSClient(True, client, server, authentication, password, InterfaceType.WRAPPER)
        self.codec.maxReceivePDUSize = pdu_size
        self.apdus_received = 0
        self._port = port
        self._socket: socket.socket | None = None

    @override
    def __enter__(self) -> Self:
        self._socket = socket.create_connection(("127.0.0.1", self._port), _PATIENCE)
        reply = self.exchange(self.codec.aarqRequest())
        self.codec.parseAareResponse(reply.data)
        return self

    @override
    def __exit__(self, *_: object) -> None:
        assert self._socket is not None
        try:
            self.exchange(self.codec.releaseRequest())
        finally:
            self._socket.close()

    def exchange(self, messages: Any) -> GXReplyData:
        """Send a request and collect the whole answer, block by block."""
        reply = GXReplyData()
        for message in messages if isinstance(messages, list) else [messages]:
            self._send(message, reply)
            while reply.isMoreData():
                self._send(self.codec.receiverReady(reply), reply)
        if reply.error:
            raise ValueError(f"the meter answered with error {reply.error}")
        return reply

    def read(self, item: GXDLMSObject, attribute: int) -> Any:
        """Read an attribute into its object and return it as gurux-dlms understands it."""
        reply = self.exchange(self.codec.read(item, attribute))
        return self.codec.updateValue(item, attribute, reply.value)

    def read_list(self, wanted: list[tuple[GXDLMSObject, int]]) -> list[Any]:
        """Read several attributes by GET-with-list."""
        values: list[Any] = []
        for message in self.codec.readList(wanted):
            values += self.exchange(message).value
        return values

    def _send(self, message: bytes, reply: GXReplyData) -> None:
        assert self._socket is not None
        self._socket.sendall(message)
        received = GXByteBuffer()
        while True:
            octets = self._socket.recv(65_536)
            if not octets:
                raise ConnectionError("the meter closed the connection")
            received.set(octets)
            if self.codec.getData(received, reply):
                self.apdus_received += 1
                return
