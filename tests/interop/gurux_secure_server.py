"""The same server with high-level security and ciphering, all octets of both by gurux-dlms: any suite, A, E or AE.

Client 1 authenticates by GMAC; the clients of SECRET_CLIENTS by SECRET and the mechanism named there.

The library's server side is unfinished (it writes wrong lengths around title and challenge of an AARE, never moves its
counter, and calls setters that do not exist), so those spots are completed here; every cryptographic octet is its own.
"""

from typing import Any, Final, override

from gurux_dlms import GXByteBuffer, GXDLMSSettings
from gurux_dlms._GXAPDU import _GXAPDU
from gurux_dlms.AesGcmParameter import AesGcmParameter
from gurux_dlms.ConnectionState import ConnectionState
from gurux_dlms.enums import Authentication, Command, Conformance, InterfaceType, Security
from gurux_dlms.GXCiphering import GXCiphering
from gurux_dlms.GXDLMS import GXDLMS
from gurux_dlms.GXDLMSLNParameters import GXDLMSLNParameters
from gurux_dlms.GXSecure import GXSecure
from gurux_dlms.objects.enums import SecuritySuite

from .gurux_server import CONFORMANCE, GuruxServer, Session

TITLE: Final = b"GRX\x00\x00\x00\x00\x63"
SECRET: Final = b"gurux-hls-secret"
SECRET_CLIENTS: Final = {
    22: Authentication.HIGH,
    23: Authentication.HIGH_MD5,
    24: Authentication.HIGH_SHA1,
    26: Authentication.HIGH_SHA256,
}
_MECHANISMS: Final = {1: Authentication.HIGH_GMAC, **SECRET_CLIENTS}
_AUTHENTICATION_REQUIRED: Final = 14
_REPLY_TO_HLS: Final = bytes.fromhex("000F0000280000FF010109")
_GENERAL: Final = (Command.GENERAL_GLO_CIPHERING, Command.GENERAL_DED_CIPHERING)
_DEDICATED: Final = range(0xD0, 0xD8)


class _Cipher(GXCiphering):
    """The library's ciphering, with a setter that its parser of InitiateRequests calls and does not have."""

    def setDedicatedKey(self, value: bytes) -> None:  # noqa: N802  # the library's name
        self.dedicatedKey = value


class _Aare(GXByteBuffer):
    """A buffer for the AARE: the library forgets the length of the system title, which is 8."""

    @override
    def setUInt8(self, item: int = len(TITLE), index: int | None = None) -> None:
        super().setUInt8(item, index)


class SecureGuruxServer(GuruxServer):
    """Takes its clients under any protection, and all clients of the other server."""

    def __init__(self, encryption_key: bytes, authentication_key: bytes, suite: int = 0, pdu_size: int = 1024) -> None:
        super().__init__(pdu_size)
        self.encryption_key, self.authentication_key, self.suite = encryption_key, authentication_key, suite
        self.counter = 1
        """The server's own invocation counter; it outlives connections."""
        self.tags: list[int] = []
        """Tags of all requests."""

    @override
    def new_session(self) -> Session:
        return _SecureSession(self)


class _SecureSession(Session):
    """One connection; secure when one of the secure clients associates."""

    def __init__(self, server: SecureGuruxServer) -> None:
        super().__init__(server)
        self.secure_server = server
        self._pending: GXDLMSSettings | None = None
        self._secured = False

    @override
    def answer(self, client_wport: int, apdu: bytes) -> bytes:
        self.secure_server.tags.append(apdu[0])
        if apdu[0] == Command.AARQ and client_wport in _MECHANISMS:
            return self._associate_securely(_MECHANISMS[client_wport], apdu)
        if apdu[0] == Command.AARQ:
            self._secured = False
        if not self._secured or apdu[0] == Command.RELEASE_REQUEST:
            return super().answer(client_wport, apdu)
        settings = self.settings or self._pending
        plain = self._decrypt(settings, apdu) if settings.cipher.isCiphered() else apdu
        if self._pending is not None:
            return self._prove(self._pending, plain)
        return super().answer(client_wport, plain)

    def _associate_securely(self, mechanism: Authentication, apdu: bytes) -> bytes:
        """Read the AARQ, decipher its InitiateRequest, and write the AARE."""
        server = self.secure_server
        settings = GXDLMSSettings(True, None)
        settings.setUseLogicalNameReferencing(True)
        settings.interfaceType = InterfaceType.WRAPPER
        settings.proposedConformance = CONFORMANCE | Conformance.GENERAL_PROTECTION | Conformance.ACTION
        cipher = settings.cipher = _Cipher(bytearray(TITLE))
        cipher.blockCipherKey = bytearray(server.encryption_key)
        cipher.authenticationKey = bytearray(server.authentication_key)
        cipher.securitySuite = SecuritySuite(server.suite)
        _GXAPDU.parsePDU(settings, cipher, GXByteBuffer(apdu), None)
        assert settings.authentication == mechanism
        settings.maxPduSize = min(settings.maxPduSize or 0xFFFF, server.pdu_size)
        settings.setStoCChallenge(bytearray(GXSecure.generateChallenge()))
        inner = None
        if cipher.isCiphered():
            self.overhead = 40
            cipher.invocationCounter = self._count()
            inner = bytearray(self._initiate_response(settings))
        aare = _Aare()
        _GXAPDU.generateAARE(settings, aare, 0, _AUTHENTICATION_REQUIRED, cipher, inner, None)
        self.settings, self._pending, self._secured = None, settings, True
        octets = bytes(aare.array())
        for head in (b"\xa4\x08\x04\x08", b"\xaa\x10\x80\x10"):
            # The library counts title and challenge alone, without their inner tags and lengths.
            octets = octets.replace(head, bytes([head[0], head[1] + 2]) + head[2:], 1)
        return octets

    @staticmethod
    def _initiate_response(settings: GXDLMSSettings) -> Any:
        """Return the glo-InitiateResponse; the library takes suite 0 for it whatever the suite is."""
        cipher, settings.cipher = settings.cipher, None
        plain = _GXAPDU.getUserInformation(_Counterless(settings), None)
        settings.cipher = cipher
        parameters = AesGcmParameter(
            Command.GLO_INITIATE_RESPONSE, cipher.systemTitle, cipher.blockCipherKey, cipher.authenticationKey
        )
        parameters.security, parameters.securitySuite = cipher.security, cipher.securitySuite
        parameters.invocationCounter = cipher.invocationCounter
        return GXCiphering.encrypt(parameters, plain)

    def _count(self) -> int:
        self.secure_server.counter += 1
        return self.secure_server.counter - 1

    def _decrypt(self, settings: GXDLMSSettings, apdu: bytes) -> bytes:
        """Return the plain request; the library reads what kind of envelope it is, and which key belongs to it."""
        cipher = settings.cipher
        dedicated = apdu[0] in _DEDICATED or apdu[0] == Command.GENERAL_DED_CIPHERING
        parameters = AesGcmParameter(
            0,
            settings.sourceSystemTitle,
            cipher.dedicatedKey if dedicated else cipher.blockCipherKey,
            cipher.authenticationKey,
        )
        plain = bytes(GXCiphering.decrypt(settings, parameters, GXByteBuffer(apdu)))
        assert parameters.security == cipher.security != Security.NONE
        settings.negotiatedConformance &= ~Conformance.GENERAL_PROTECTION
        if apdu[0] in _GENERAL:
            settings.negotiatedConformance |= Conformance.GENERAL_PROTECTION
        cipher.invocationCounter = self._count()  # for the answer
        return plain

    def _prove(self, settings: GXDLMSSettings, plain: bytes) -> bytes:
        """Check pass 3 and answer with pass 4, both computed by the library."""
        assert plain[:2] == b"\xc3\x01"
        assert plain[3:14] == _REPLY_TO_HLS
        received, cipher = plain[15:], settings.cipher
        expected = GXSecure.secure(
            settings,
            cipher,
            int.from_bytes(received[1:5]),
            settings.stoCChallenge,
            _secret(settings, by_client=True),
        )
        if bytes(expected) != received:
            return bytes([0xC7, 0x01, plain[2], 3, 0])
        secret = _secret(settings, by_client=False)
        proof = GXSecure.secure(settings, cipher, self._count(), settings.ctoSChallenge, secret)
        self.settings, self._pending = settings, None
        data = GXByteBuffer(bytes([0x01, 0x00, 0x09, len(proof)]))
        data.set(proof)
        if cipher.isCiphered():
            cipher.invocationCounter = self._count()
        parameters = GXDLMSLNParameters(settings, plain[2], Command.METHOD_RESPONSE, 1, None, data, 0)
        reply = GXByteBuffer()
        GXDLMS.getLNPdu(parameters, reply)
        settings.connected |= ConnectionState.DLMS
        return bytes(reply.array())


def _secret(settings: GXDLMSSettings, *, by_client: bool) -> bytes:
    """Return what GXSecure takes for the secret of a proof: put together as the library's client does it."""
    titles = [bytes(settings.sourceSystemTitle or b""), bytes(settings.cipher.systemTitle)]
    challenges = [bytes(settings.stoCChallenge), bytes(settings.ctoSChallenge)]
    if not by_client:
        titles.reverse()
        challenges.reverse()
    match settings.authentication:
        case Authentication.HIGH_GMAC:
            return titles[0]
        case Authentication.HIGH_SHA256:
            return b"".join([SECRET, *titles, *challenges])
    return SECRET


class _Counterless:
    """Settings as getUserInformation reads them, without its attempt to count."""

    def __init__(self, settings: GXDLMSSettings) -> None:
        self._settings = settings
        self.increaseInvocationCounterForGMacAuthentication = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._settings, name)


__all__ = ["SECRET", "SECRET_CLIENTS", "TITLE", "SecureGuruxServer"]
