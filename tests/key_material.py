"""Key pairs and certificates for tests of the forms. Made anew in each run; nothing of it is secret."""

import datetime as dt
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

CURVES = {1: ec.SECP256R1(), 2: ec.SECP384R1()}


@cache
def key_pair(name: str, suite: int) -> ec.EllipticCurvePrivateKey:
    """The key pair of this name."""
    return ec.generate_private_key(CURVES[suite])


def private_pem(name: str, suite: int, *, sec1: bool = False, pass_phrase: bytes | None = None) -> str:
    """The private key, in PKCS #8 or in the older form of its own."""
    form = serialization.PrivateFormat.TraditionalOpenSSL if sec1 else serialization.PrivateFormat.PKCS8
    lock = serialization.BestAvailableEncryption(pass_phrase) if pass_phrase else serialization.NoEncryption()
    return key_pair(name, suite).private_bytes(serialization.Encoding.PEM, form, lock).decode()


def public_pem(name: str, suite: int) -> str:
    """The public key."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key_pair(name, suite).public_key().public_bytes(serialization.Encoding.PEM, form).decode()


def certificate_pem(name: str, suite: int, common_name: str = "4D4D4D0000000001") -> str:
    """A certificate for the public key, signed by itself."""
    key = key_pair(name, suite)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    start = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=36_500))
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
