"""A blocking client made of gurux-dlms's codec and a plain socket, as its users write it."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
import socket
from typing import Any, ClassVar, Self, override

from gurux_dlms import GXByteBuffer, GXDLMSClient, GXReplyData
from gurux_dlms.enums import Authentication, Conformance, InterfaceType, Security
from gurux_dlms.objects import GXDLMSObject
from gurux_dlms.objects.enums import SecuritySuite
from gurux_dlms.secure import GXDLMSSecureClient

_PATIENCE = 10
_HEADER = 8
"""Octets of a wrapper's header."""
_GENERAL_BLOCK = 0xE0


@dataclass(frozen=True, slots=True, kw_only=True)
class GuruxSecurity:
    """What this library needs for high level security and ciphering; ``protection`` is A, E, AE or nothing."""

    mechanism: int = 0
    secret: bytes = b""
    suite: int = 0
    protection: str = ""
    encryption_key: bytes = b""
    authentication_key: bytes = b""
    system_title: bytes = b"GRX\x00\x00\x00\x00\x01"
    dedicated_key: bytes = b""
    counter: int = 1
    general: bool = False
    """Propose general-protection, upon which the library uses general-glo- and general-ded-ciphering."""
    protected_release: bool = False


_PROTECTIONS = {
    "": Security.NONE,
    "A": Security.AUTHENTICATION,
    "E": Security.ENCRYPTION,
    "AE": Security.AUTHENTICATION_ENCRYPTION,
}


class GuruxClient(AbstractContextManager["GuruxClient"]):
    """Associates on entering, releases and closes on leaving."""

    kind: ClassVar = socket.SOCK_STREAM
    """Of the socket; SOCK_DGRAM: over UDP, which the library itself does not know."""

    def __init__(
        self,
        port: int,
        *,
        client: int = 16,
        server: int = 1,
        password: str | None = None,
        pdu_size: int = 0xFFFF,
        security: GuruxSecurity | None = None,
        block_window: int = 0,
    ) -> None:
        """``block_window``: of general block transfer, 0 without."""
        if security is None:
            authentication = Authentication.LOW if password else Authentication.NONE
            self.codec = GXDLMSClient(True, client, server, authentication, password, InterfaceType.WRAPPER)
        else:
            self.codec = _secure_codec(client, server, password, security)
        self.codec.maxReceivePDUSize = pdu_size
        self._block_window = block_window
        if block_window:
            self.codec.proposedConformance |= Conformance.GENERAL_BLOCK_TRANSFER
            self.codec.settings.gbtWindowSize = block_window
        self.apdus_received = 0
        self.sent: list[bytes] = []
        self.received: list[bytes] = []
        """APDUs as they were on the wire."""
        self._port = port
        self._socket: socket.socket | None = None

    @override
    def __enter__(self) -> Self:
        self._socket = socket.socket(socket.AF_INET, self.kind)
        self._socket.settimeout(_PATIENCE)
        self._socket.connect(("127.0.0.1", self._port))
        try:
            reply = self.exchange(self.codec.aarqRequest())
            self.codec.parseAareResponse(reply.data)
            if self.codec.authentication > Authentication.LOW:
                reply = self.exchange(self.codec.getApplicationAssociationRequest())
                self.codec.parseApplicationAssociationResponse(reply.data)
        except BaseException:
            self._socket.close()
            raise
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
        if self._block_window:
            self.codec.settings.resetBlockIndex()
        for message in messages if isinstance(messages, list) else [messages]:
            if message[_HEADER] == _GENERAL_BLOCK:
                # It looks there for the number that its next block would have, and drops the answer to others.
                self.codec.settings.blockIndex = int.from_bytes(message[_HEADER + 2 : _HEADER + 4]) + 1
            self._send(message, reply)
            while reply.isMoreData():
                # Within a window it only listens.
                self._send(b"" if reply.isStreaming() else self._ready(reply), reply)
        if reply.error:
            raise ValueError(f"the meter answered with error {reply.error}")
        return reply

    def _ready(self, reply: GXReplyData) -> bytes:
        """Ask for the next block. Of its general blocks the library reads a number that it does not keep."""
        settings = self.codec.settings
        settings.blockNumber = settings.blockIndex
        message: bytes = self.codec.receiverReady(reply)
        return message

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
        if message:
            self._socket.sendall(message)
            self.sent.append(bytes(message)[_HEADER:])
        received = GXByteBuffer()
        while True:
            octets = self._socket.recv(65_536)
            if not octets:
                raise ConnectionError("the meter closed the connection")
            received.set(octets)
            if self.codec.getData(received, reply):
                self.apdus_received += 1
                self.received.append(bytes(received.array())[_HEADER:])
                return


def _secure_codec(client: int, server: int, password: str | None, security: GuruxSecurity) -> GXDLMSSecureClient:
    """Return the library's secure client with all settings made."""
    secret = bytearray(security.secret) or password
    codec = GXDLMSSecureClient(True, client, server, security.mechanism, secret, InterfaceType.WRAPPER)
    codec.authentication = Authentication(security.mechanism)
    codec.useProtectedRelease = security.protected_release
    if not security.general:
        codec.proposedConformance &= ~Conformance.GENERAL_PROTECTION
    cipher = codec.ciphering
    cipher.systemTitle = bytearray(security.system_title)
    cipher.securitySuite = SecuritySuite(security.suite)
    cipher.security = _PROTECTIONS[security.protection]
    if security.encryption_key:
        cipher.blockCipherKey = bytearray(security.encryption_key)
        cipher.authenticationKey = bytearray(security.authentication_key)
    cipher.invocationCounter = security.counter
    if security.dedicated_key:
        cipher.dedicatedKey = bytearray(security.dedicated_key)
    return codec
