"""AES-GCM as protected APDUs use it (IEC 62056-5-3), on ``cryptography`` alone; tags of 12 octets."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .security_profile import AUTHENTICATED, ENCRYPTED

BROADCAST: Final = 0x40
COMPRESSED: Final = 0x80
SUITE_BITS: Final = 0x0F
TAG: Final = 12
_FULL_TAG: Final = 16


class BadTag(Exception):
    """Octets whose tag does not fit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What both ends must agree on: keys (an empty authentication key is not used), the sender's system title."""

    key: bytes
    authentication_key: bytes
    title: bytes


@lru_cache(64)
def _gcm(key: bytes) -> AESGCM:
    return AESGCM(key)


def seal(material: Material, control: int, counter: int, plaintext: bytes, header: bytes = b"") -> bytes:
    """Return what follows the invocation counter. ``header``: the fields of general-ciphering, authenticated too."""
    nonce = material.title + counter.to_bytes(4, "big")
    prefix = bytes([control]) + material.authentication_key + header
    match control & (AUTHENTICATED | ENCRYPTED):
        case 0x10:
            return plaintext + _gcm(material.key).encrypt(nonce, b"", prefix + plaintext)[:TAG]
        case 0x20:
            return _gcm(material.key).encrypt(nonce, plaintext, None)[:-_FULL_TAG]
        case 0x30:
            return _gcm(material.key).encrypt(nonce, plaintext, prefix)[: TAG - _FULL_TAG]
        case _:
            return plaintext


def unseal(material: Material, control: int, counter: int, payload: bytes, header: bytes = b"") -> bytes:
    """Return the plaintext. Raises BadTag; without authentication nothing is verified."""
    nonce = material.title + counter.to_bytes(4, "big")
    prefix = bytes([control]) + material.authentication_key + header
    protected = control & (AUTHENTICATED | ENCRYPTED)
    if protected == ENCRYPTED:
        return _gcm(material.key).encrypt(nonce, payload, None)[:-_FULL_TAG]  # a stream cipher: twice is never
    if not protected:
        return payload
    if len(payload) < TAG:
        raise BadTag
    body, tag = payload[:-TAG], payload[-TAG:]
    encrypted = protected != AUTHENTICATED
    decryptor = Cipher(algorithms.AES(material.key), modes.GCM(nonce, tag, min_tag_length=TAG)).decryptor()
    decryptor.authenticate_additional_data(prefix if encrypted else prefix + body)
    try:
        plaintext = decryptor.update(body if encrypted else b"") + decryptor.finalize()
    except InvalidTag as error:
        raise BadTag from error
    return plaintext if encrypted else body


def gmac(material: Material, control: int, counter: int, message: bytes) -> bytes:
    """Return the tag over control, authentication key and message."""
    return seal(material, control & ~ENCRYPTED | AUTHENTICATED, counter, message)[-TAG:]
