"""AES-GCM with 12-octet tags (IEC 62056-5-3): seal and open. :func:`open_sealed` verifies, then returns (rule S8)."""

from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.constant_time import bytes_eq

from ..apdu.ciphered import SecurityControl
from ..errors import AuthenticationTagInvalid, DecodeError, LocalProtocolError
from .keys import Secret
from .suite import TAG_LENGTH, check_system_title


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SealingKey:
    """Everything but counter and content, for one sender, key and protection. LocalProtocolError for a wrong title."""

    key: Secret
    authentication_key: Secret
    control: SecurityControl
    system_title: bytes
    """The sender's, 8 octets."""

    def __post_init__(self) -> None:
        check_system_title(self.system_title)

    def nonce(self, counter: int) -> bytes:
        """Return system title || counter."""
        return self.system_title + counter.to_bytes(4, "big")

    def additional(self, header: bytes) -> bytes:
        """Return security control || authentication key || header."""
        return bytes((self.control.raw,)) + self.authentication_key.reveal() + header


def _gcm(key: Secret, nonce: bytes, additional: bytes, content: bytes) -> tuple[bytes, bytes]:
    encryptor = Cipher(algorithms.AES(key.reveal()), modes.GCM(nonce)).encryptor()
    encryptor.authenticate_additional_data(additional)
    ciphertext = encryptor.update(content) + encryptor.finalize()
    return ciphertext, encryptor.tag[:TAG_LENGTH]


def _counter_mode(key: Secret, nonce: bytes, content: bytes) -> bytes:
    # GCM encrypts block n of the content with counter n + 1, because counter 1 serves the tag.
    stream = Cipher(algorithms.AES(key.reveal()), modes.CTR(nonce + b"\x00\x00\x00\x02")).encryptor()
    return stream.update(content) + stream.finalize()


def gmac(key: Secret, nonce: bytes, additional: bytes) -> bytes:
    """Return the 12-octet tag over ``additional`` with an empty message."""
    return _gcm(key, nonce, additional, b"")[1]


def seal(sealing: SealingKey, counter: int, content: bytes, header: bytes = b"") -> bytes:
    """Return content or ciphertext, and the tag if authenticated.

    ``header``: authenticated too (general-ciphering). ``counter``: from SendingCounter.take.
    """
    nonce = sealing.nonce(counter)
    additional = sealing.additional(header)
    control = sealing.control
    if not control.protects:
        raise LocalProtocolError("a protected APDU needs authentication or encryption")
    if not control.encrypted:
        return content + gmac(sealing.key, nonce, additional + content)
    if not control.authenticated:
        return _counter_mode(sealing.key, nonce, content)
    ciphertext, tag = _gcm(sealing.key, nonce, additional, content)
    return ciphertext + tag


def open_sealed(sealing: SealingKey, counter: int, payload: bytes, header: bytes = b"") -> bytes:
    """Return the content. AuthenticationTagInvalid when the tag is wrong. Encryption alone is **not** authenticated."""
    nonce = sealing.nonce(counter)
    control = sealing.control
    if not control.protects:
        raise LocalProtocolError("a protected APDU needs authentication or encryption")
    if not control.authenticated:
        return _counter_mode(sealing.key, nonce, payload)
    if len(payload) < TAG_LENGTH:
        raise DecodeError(f"no room for the {TAG_LENGTH} octets of the authentication tag")
    content, tag = payload[:-TAG_LENGTH], payload[-TAG_LENGTH:]
    additional = sealing.additional(header)
    if not control.encrypted:
        if not bytes_eq(gmac(sealing.key, nonce, additional + content), tag):
            raise AuthenticationTagInvalid("the authentication tag does not fit")
        return content
    mode = modes.GCM(nonce, tag, min_tag_length=TAG_LENGTH)
    decryptor = Cipher(algorithms.AES(sealing.key.reveal()), mode).decryptor()
    decryptor.authenticate_additional_data(additional)
    opened = decryptor.update(content)
    try:
        decryptor.finalize()
    except InvalidTag:
        raise AuthenticationTagInvalid("the authentication tag does not fit") from None
    return opened


def open_unverified(sealing: SealingKey, counter: int, payload: bytes) -> bytes:
    """Decrypt without verifying the tag; the sender is not authenticated (rule S17)."""
    if len(payload) < TAG_LENGTH:
        raise DecodeError(f"no room for the {TAG_LENGTH} octets of the authentication tag")
    return _counter_mode(sealing.key, sealing.nonce(counter), payload[:-TAG_LENGTH])
