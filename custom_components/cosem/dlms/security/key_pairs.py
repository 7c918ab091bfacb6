"""Elliptic curve keys: signatures r || s, ECDH, derived keys (IEC 62056-5-3, NIST SP 800-56A).

Suite 1: P-256, SHA-256; suite 2: P-384, SHA-384. ``cryptography`` validates a loaded point.
"""

import re
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.x509.oid import NameOID

from ..errors import AuthenticationTagInvalid, DecodeError, LocalProtocolError, PeerNotAuthenticated
from .keys import Secret
from .suite import SecuritySuite, check_system_title

ALGORITHM_AES_GCM_128: Final = bytes.fromhex("60857405080300")
ALGORITHM_AES_GCM_256: Final = bytes.fromhex("60857405080301")
ALGORITHM_AES_WRAP_128: Final = bytes.fromhex("60857405080302")
ALGORITHM_AES_WRAP_256: Final = bytes.fromhex("60857405080303")

_TITLE: Final = re.compile(r"[0-9A-Fa-f]{16}")


class _Algorithms(NamedTuple):
    curve: ec.EllipticCurve
    digest: hashes.HashAlgorithm
    derived_key: bytes


_ALGORITHMS: Final = {
    SecuritySuite.SUITE_1: _Algorithms(ec.SECP256R1(), hashes.SHA256(), ALGORITHM_AES_GCM_128),
    SecuritySuite.SUITE_2: _Algorithms(ec.SECP384R1(), hashes.SHA384(), ALGORITHM_AES_GCM_256),
}


def _algorithms(suite: SecuritySuite) -> _Algorithms:
    found = _ALGORITHMS.get(suite)
    if found is None:
        raise LocalProtocolError("security suite 0 has no public key algorithm")
    return found


class PublicKey:
    """A public key of one suite. LocalProtocolError on another curve."""

    __slots__ = ("key", "suite")

    def __init__(self, suite: SecuritySuite, key: ec.EllipticCurvePublicKey) -> None:
        if key.curve.name != _algorithms(suite).curve.name:
            raise LocalProtocolError(f"security suite {suite.value} needs a key on {_algorithms(suite).curve.name}")
        self.suite: Final = suite
        self.key: Final = key

    @classmethod
    def from_octets(cls, suite: SecuritySuite, octets: bytes) -> PublicKey:
        """Load x || y (64 or 96 octets). Raises DecodeError."""
        algorithms = _algorithms(suite)
        if len(octets) != 2 * suite.coordinate_length:
            raise DecodeError(f"a public key has {2 * suite.coordinate_length} octets, not {len(octets)}")
        try:
            key = ec.EllipticCurvePublicKey.from_encoded_point(algorithms.curve, b"\x04" + octets)
        except ValueError:
            raise DecodeError("the public key is not a point of the curve") from None
        return cls(suite, key)

    @classmethod
    def from_certificate(cls, suite: SecuritySuite, der: bytes) -> tuple[PublicKey, bytes]:
        """Load X.509 DER: the key, and the title in the common name or b""."""
        try:
            certificate = x509.load_der_x509_certificate(der)
            key = certificate.public_key()
            names = [str(name.value) for name in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
        except ValueError, UnsupportedAlgorithm:
            raise DecodeError("the certificate cannot be read") from None
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise DecodeError("the certificate holds no elliptic curve key")
        # A certificate made by hand may name anything there.
        title = bytes.fromhex(names[0]) if names and _TITLE.fullmatch(names[0]) else b""
        return cls(suite, key), title

    @property
    def octets(self) -> bytes:
        """The octets x || y, without the leading 04."""
        return self.key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)[1:]

    def verify(self, signature: bytes, content: bytes) -> None:
        """Check r || s. Raises PeerNotAuthenticated."""
        size = self.suite.coordinate_length
        if len(signature) != 2 * size:
            raise PeerNotAuthenticated(f"a signature has {2 * size} octets, not {len(signature)}")
        r, s = int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big")
        try:
            self.key.verify(utils.encode_dss_signature(r, s), content, ec.ECDSA(_algorithms(self.suite).digest))
        except InvalidSignature:
            raise PeerNotAuthenticated("the signature does not fit") from None


class PrivateKey:
    """A private key of one suite; never shown. LocalProtocolError on another curve."""

    __slots__ = ("__key", "suite")

    def __init__(self, suite: SecuritySuite, key: ec.EllipticCurvePrivateKey) -> None:
        if key.curve.name != _algorithms(suite).curve.name:
            raise LocalProtocolError(f"security suite {suite.value} needs a key on {_algorithms(suite).curve.name}")
        self.suite: Final = suite
        self.__key = key

    @classmethod
    def from_octets(cls, suite: SecuritySuite, scalar: Secret) -> PrivateKey:
        """Load the scalar (32 or 48 octets)."""
        number = int.from_bytes(scalar.reveal(), "big")
        try:
            return cls(suite, ec.derive_private_key(number, _algorithms(suite).curve))
        except ValueError:
            raise LocalProtocolError("not a private key of the suite's curve") from None

    @property
    def public_key(self) -> PublicKey:
        """The public half."""
        return PublicKey(self.suite, self.__key.public_key())

    def sign(self, content: bytes) -> bytes:
        """Return r || s."""
        algorithms = _algorithms(self.suite)
        r, s = utils.decode_dss_signature(self.__key.sign(content, ec.ECDSA(algorithms.digest)))
        size = self.suite.coordinate_length
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")

    def shared_secret(self, peer: PublicKey) -> Secret:
        """Return Z, the x coordinate."""
        if peer.suite is not self.suite:
            raise LocalProtocolError("both keys must belong to one security suite")
        return Secret(self.__key.exchange(ec.ECDH(), peer.key))


def generate_key_pair(suite: SecuritySuite) -> PrivateKey:
    """Return a new key pair."""
    return PrivateKey(suite, ec.generate_private_key(_algorithms(suite).curve))


def load_private_key_pem(suite: SecuritySuite, pem: Secret) -> PrivateKey:
    """Load PEM without pass phrase. LocalProtocolError never repeats it."""
    try:
        key = serialization.load_pem_private_key(pem.reveal(), password=None)
    except ValueError, TypeError, UnsupportedAlgorithm:
        raise LocalProtocolError("not a PEM private key without pass phrase") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise LocalProtocolError("not an elliptic curve key")
    return PrivateKey(suite, key)


def load_public_key_pem(suite: SecuritySuite, pem: bytes) -> tuple[PublicKey, bytes, bytes]:
    """Load a key or certificate: key, title, DER (the last two may be b"")."""
    if b"-----BEGIN CERTIFICATE-----" in pem:
        try:
            der = x509.load_pem_x509_certificate(pem).public_bytes(serialization.Encoding.DER)
        except ValueError:
            raise LocalProtocolError("not a PEM certificate") from None
        try:
            key, title = PublicKey.from_certificate(suite, der)
        except DecodeError as error:
            raise LocalProtocolError(error.reason) from None
        return key, title, der
    try:
        loaded = serialization.load_pem_public_key(pem)
    except ValueError, TypeError, UnsupportedAlgorithm:
        raise LocalProtocolError("not a PEM public key or certificate") from None
    if not isinstance(loaded, ec.EllipticCurvePublicKey):
        raise LocalProtocolError("not an elliptic curve key")
    return PublicKey(suite, loaded), b"", b""


def derive_key(suite: SecuritySuite, shared: Secret, party_u: bytes, party_v: bytes) -> Secret:
    """Return K = leftmost bits of H(00000001 || Z || AlgorithmID || PartyUInfo || PartyVInfo), for AES-GCM."""
    algorithms = _algorithms(suite)
    digest = hashes.Hash(algorithms.digest)
    digest.update(b"\x00\x00\x00\x01" + shared.reveal() + algorithms.derived_key + party_u + party_v)
    return Secret(digest.finalize()[: suite.key_length])


def static_party_u(originator: bytes, transaction_id: bytes) -> bytes:
    """Return PartyUInfo of C(0e,2s): title || length || transaction-id."""
    return check_system_title(originator) + bytes((len(transaction_id),)) + transaction_id


def verified_ephemeral(
    suite: SecuritySuite, signer: PublicKey, key_data: bytes, signed_prefix: bytes = b""
) -> PublicKey:
    """Split ``public key || signature``; return the verified key.

    ``signed_prefix``: key_id of class 64 key_agreement; none in general-ciphering.
    """
    size = 2 * suite.coordinate_length
    if len(key_data) != 2 * size:
        raise AuthenticationTagInvalid(f"an ephemeral key with signature has {2 * size} octets, not {len(key_data)}")
    signer.verify(key_data[size:], signed_prefix + key_data[:size])
    return PublicKey.from_octets(suite, key_data[:size])
