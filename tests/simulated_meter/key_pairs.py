"""Key pairs of meter and clients: ECDSA, ECDH, key derivation, key wrap, certificates. IEC 62056-5-3.

Suite 1 is P-256 with SHA-256, suite 2 P-384 with SHA-384. Raw public keys are x || y, signatures r || s.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
import hashlib
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap
from cryptography.x509.oid import NameOID

_AES_GCM_128: Final = bytes.fromhex("60857405080300")
_AES_GCM_256: Final = bytes.fromhex("60857405080301")
_UNCOMPRESSED: Final = b"\x04"


class BadKey(Exception):
    """Octets that are no key, or a signature that does not fit."""


@dataclass(frozen=True, slots=True)
class Curve:
    """What a security suite prescribes."""

    curve: ec.EllipticCurve
    digest: hashes.SHA256 | hashes.SHA384
    size: int
    algorithm: bytes
    key_length: int


CURVES: Final = {
    1: Curve(ec.SECP256R1(), hashes.SHA256(), 32, _AES_GCM_128, 16),
    2: Curve(ec.SECP384R1(), hashes.SHA384(), 48, _AES_GCM_256, 32),
}


@lru_cache(32)
def private_key(suite: int, scalar: int) -> ec.EllipticCurvePrivateKey:
    """Return the key pair of a scalar."""
    return ec.derive_private_key(scalar, CURVES[suite].curve)


def new_private_key(suite: int) -> ec.EllipticCurvePrivateKey:
    """Return a key pair for one message."""
    return ec.generate_private_key(CURVES[suite].curve)


def public_octets(key: ec.EllipticCurvePrivateKey | ec.EllipticCurvePublicKey) -> bytes:
    """Return x || y."""
    public = key.public_key() if isinstance(key, ec.EllipticCurvePrivateKey) else key
    return public.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)[1:]


def public_key(suite: int, octets: bytes) -> ec.EllipticCurvePublicKey:
    """Return the key x || y. Raises BadKey if it is not on the curve."""
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(CURVES[suite].curve, _UNCOMPRESSED + octets)
    except ValueError as error:
        raise BadKey from error


def sign(suite: int, key: ec.EllipticCurvePrivateKey, message: bytes) -> bytes:
    """Return r || s."""
    r, s = utils.decode_dss_signature(key.sign(message, ec.ECDSA(CURVES[suite].digest)))
    size = CURVES[suite].size
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def verify(suite: int, key: ec.EllipticCurvePublicKey, message: bytes, signature: bytes) -> None:
    """Raises BadKey unless r || s is the signature of the message."""
    size = CURVES[suite].size
    if len(signature) != 2 * size:
        raise BadKey
    encoded = utils.encode_dss_signature(
        int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big")
    )
    try:
        key.verify(encoded, message, ec.ECDSA(CURVES[suite].digest))
    except InvalidSignature as error:
        raise BadKey from error


def shared_secret(key: ec.EllipticCurvePrivateKey, peer: ec.EllipticCurvePublicKey) -> bytes:
    """Return Z."""
    return key.exchange(ec.ECDH(), peer)


def derive(suite: int, secret: bytes, party_u: bytes, party_v: bytes) -> bytes:
    """Return the encryption key from a shared secret: one round of the concatenation KDF."""
    curve = CURVES[suite]
    digest = hashlib.new(curve.digest.name, b"\x00\x00\x00\x01" + secret + curve.algorithm + party_u + party_v)
    return digest.digest()[: curve.key_length]


def wrap(master_key: bytes, key: bytes) -> bytes:
    """Return a key wrapped for transport."""
    return aes_key_wrap(master_key, key)


def unwrap(master_key: bytes, wrapped: bytes) -> bytes:
    """Return the wrapped key. Raises BadKey."""
    try:
        return aes_key_unwrap(master_key, wrapped)
    except (InvalidUnwrap, ValueError) as error:
        raise BadKey from error


def certificate(suite: int, key: ec.EllipticCurvePrivateKey, title: bytes) -> bytes:
    """Return a self-signed X.509 certificate (DER) for digital signature; common name: the title in hex."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, title.hex().upper())])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2046, 1, 1, tzinfo=UTC))
        .sign(key, CURVES[suite].digest)
        .public_bytes(serialization.Encoding.DER)
    )


def pem(key: ec.EllipticCurvePrivateKey | ec.EllipticCurvePublicKey) -> str:
    """Return a key as PEM (PKCS #8, or SubjectPublicKeyInfo)."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        octets = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    else:
        octets = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return octets.decode("ascii")
