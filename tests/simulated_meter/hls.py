"""Answers to challenges, mechanisms 2 to 7. IEC 62056-5-3."""

from dataclasses import dataclass
import hashlib
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from .ciphering import Material, gmac
from .security_profile import AUTHENTICATED

VENDOR, MD5, SHA1, GMAC, SHA256, ECDSA = range(2, 8)
GMAC_LENGTH: Final = 17
_BLOCK: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """Both challenges and both titles of an association that is being made."""

    mechanism: int
    ctos: bytes
    stoc: bytes
    client_title: bytes
    server_title: bytes

    @property
    def signed_by_client(self) -> bytes:
        """What mechanism 7's client signs."""
        return self.client_title + self.server_title + self.stoc + self.ctos

    @property
    def signed_by_server(self) -> bytes:
        """What mechanism 7's server signs."""
        return self.server_title + self.client_title + self.ctos + self.stoc


def hashed(exchange: Exchange, secret: bytes, *, by_client: bool) -> bytes:
    """Return the answer of mechanisms 2, 3, 4 and 6."""
    challenge = exchange.stoc if by_client else exchange.ctos
    match exchange.mechanism:
        case 2:
            return _vendor(secret, challenge)
        case 3:
            return hashlib.md5(challenge + secret).digest()
        case 4:
            return hashlib.sha1(challenge + secret).digest()
        case _:
            signed = exchange.signed_by_client if by_client else exchange.signed_by_server
            return hashlib.sha256(secret + signed).digest()


def _vendor(secret: bytes, challenge: bytes) -> bytes:
    """AES-128 in ECB mode, secret and challenge filled up with zeros."""
    encryptor = Cipher(algorithms.AES(secret.ljust(_BLOCK, b"\0")), modes.ECB()).encryptor()
    return encryptor.update(challenge + bytes(-len(challenge) % _BLOCK)) + encryptor.finalize()


def gmac_answer(material: Material, suite: int, counter: int, challenge: bytes) -> bytes:
    """Return the answer of mechanism 5: control, counter, tag."""
    control = AUTHENTICATED | suite
    return bytes([control]) + counter.to_bytes(4, "big") + gmac(material, control, counter, challenge)
