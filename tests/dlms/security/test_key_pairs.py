"""Signatures, key agreement and key derivation against the samples and against ``cryptography`` itself."""

import base64
import datetime as dt

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa, utils
from cryptography.x509.oid import NameOID
import pytest

from custom_components.cosem.dlms.errors import (
    AuthenticationTagInvalid,
    DecodeError,
    LocalProtocolError,
    PeerNotAuthenticated,
)
from custom_components.cosem.dlms.security.key_pairs import (
    PrivateKey,
    PublicKey,
    derive_key,
    generate_key_pair,
    load_private_key_pem,
    load_public_key_pem,
    static_party_u,
    verified_ephemeral,
)
from custom_components.cosem.dlms.security.keys import Secret
from custom_components.cosem.dlms.security.suite import SecuritySuite
from tests.vector_tools import vectors

SUITES = (SecuritySuite.SUITE_1, SecuritySuite.SUITE_2)


def suite_of(octets):
    return SecuritySuite.SUITE_2 if len(octets) == 96 else SecuritySuite.SUITE_1


@pytest.mark.parametrize("vector", vectors("ecdsa"), ids=lambda vector: vector.name)
def test_sample_signatures_verify(vector):
    public = PublicKey.from_octets(SecuritySuite.SUITE_1, bytes.fromhex(vector.keys["public"]))
    signed = bytes.fromhex(vector.expect["signed_data"])
    public.verify(vector.octets, signed)
    with pytest.raises(PeerNotAuthenticated):
        public.verify(vector.octets, signed + b"\0")
    with pytest.raises(PeerNotAuthenticated):
        public.verify(vector.octets[:-1], signed)


@pytest.mark.parametrize("vector", vectors("general-signing"), ids=lambda vector: vector.name)
def test_signatures_of_general_signing_verify(vector):
    public_octets = bytes.fromhex(vector.keys["originator_signing_public"])
    public = PublicKey.from_octets(suite_of(public_octets), public_octets)
    public.verify(bytes.fromhex(vector.expect["signature"]), bytes.fromhex(vector.expect["signed_data"]))
    assert public.octets == public_octets


@pytest.mark.parametrize(
    "vector",
    [vector for vector in vectors("key-agreement") if "other_info" in vector.expect],
    ids=lambda vector: vector.name,
)
def test_one_pass_agreement_from_both_sides(vector):
    suite = suite_of(vector.octets)
    keys = {name: bytes.fromhex(value) for name, value in vector.keys.items()}
    recipient = PrivateKey.from_octets(suite, Secret(keys["recipient_private"]))
    ephemeral = PrivateKey.from_octets(suite, Secret(keys["ephemeral_private"]))
    assert recipient.public_key.octets == keys["recipient_public"]
    assert ephemeral.public_key.octets == vector.octets
    z = ephemeral.shared_secret(recipient.public_key)
    assert z.reveal().hex() == vector.expect["z"]
    assert recipient.shared_secret(PublicKey.from_octets(suite, vector.octets)).reveal() == z.reveal()
    derived = derive_key(suite, z, keys["party_u"], keys["party_v"])
    assert derived.reveal().hex() == vector.expect["derived_key"]
    assert len(derived) == suite.key_length


def test_ephemeral_agreement_uses_the_right_algorithm_id():
    vector = next(vector for vector in vectors("key-agreement") if "derived_key_with_printed_id_06" in vector.expect)
    keys = vector.keys
    server = PrivateKey.from_octets(SecuritySuite.SUITE_1, Secret(bytes.fromhex(keys["server_ephemeral_private"])))
    z = server.shared_secret(PublicKey.from_octets(SecuritySuite.SUITE_1, vector.octets))
    assert z.reveal().hex() == vector.expect["z"]
    derived = derive_key(SecuritySuite.SUITE_1, z, bytes.fromhex(keys["party_u"]), bytes.fromhex(keys["party_v"]))
    assert derived.reveal().hex() == vector.expect["derived_key"]


@pytest.mark.parametrize("suite", SUITES)
def test_own_signatures_verify_and_have_fixed_width(suite):
    private = generate_key_pair(suite)
    for _ in range(8):
        signature = private.sign(b"content")
        assert len(signature) == 2 * suite.coordinate_length
        private.public_key.verify(signature, b"content")
    size = suite.coordinate_length
    der = utils.encode_dss_signature(int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big"))
    digest = hashes.SHA384() if suite is SecuritySuite.SUITE_2 else hashes.SHA256()
    private.public_key.key.verify(der, b"content", ec.ECDSA(digest))


def test_suite_0_has_no_key_pairs():
    with pytest.raises(LocalProtocolError):
        generate_key_pair(SecuritySuite.SUITE_0)


def test_keys_of_another_curve_are_refused():
    other = ec.generate_private_key(ec.SECP384R1())
    with pytest.raises(LocalProtocolError):
        PrivateKey(SecuritySuite.SUITE_1, other)
    with pytest.raises(LocalProtocolError):
        PublicKey(SecuritySuite.SUITE_1, other.public_key())
    with pytest.raises(LocalProtocolError):
        generate_key_pair(SecuritySuite.SUITE_1).shared_secret(generate_key_pair(SecuritySuite.SUITE_2).public_key)


def test_a_point_off_the_curve_is_refused():
    with pytest.raises(DecodeError):
        PublicKey.from_octets(SecuritySuite.SUITE_1, bytes(64))


@pytest.mark.parametrize("length", [0, 63, 65, 96])
def test_a_public_key_or_signature_of_another_length_is_refused_by_its_length(length):
    with pytest.raises(DecodeError, match=f"has 64 octets, not {length}"):
        PublicKey.from_octets(SecuritySuite.SUITE_1, bytes(length))
    with pytest.raises(PeerNotAuthenticated, match=f"has 64 octets, not {length}"):
        generate_key_pair(SecuritySuite.SUITE_1).public_key.verify(bytes(length), b"content")


@pytest.mark.parametrize("scalar", [b"\0" * 32, b"\xff" * 32])
def test_a_scalar_out_of_range_is_refused(scalar):
    with pytest.raises(LocalProtocolError):
        PrivateKey.from_octets(SecuritySuite.SUITE_1, Secret(scalar))


def test_static_party_u_holds_the_transaction():
    assert static_party_u(b"MMM00001", b"\1\2\3") == b"MMM00001\x03\1\2\3"


def test_an_ephemeral_key_counts_only_with_its_signature():
    suite = SecuritySuite.SUITE_1
    signer, ephemeral = generate_key_pair(suite), generate_key_pair(suite)
    point = ephemeral.public_key.octets
    assert verified_ephemeral(suite, signer.public_key, point + signer.sign(point)).octets == point
    prefixed = point + signer.sign(b"\0" + point)
    assert verified_ephemeral(suite, signer.public_key, prefixed, b"\0").octets == point
    with pytest.raises(PeerNotAuthenticated):
        verified_ephemeral(suite, signer.public_key, prefixed)
    for wrong in (point, point + signer.sign(point) + b"\0", b""):
        with pytest.raises(AuthenticationTagInvalid, match="has 128 octets"):
            verified_ephemeral(suite, signer.public_key, wrong)


def certificate(key, *names):
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name) for name in names])
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=1))
        .sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    )


def pem_of(key):
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def public_pem(key):
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def test_pem_forms_load():
    key = ec.generate_private_key(ec.SECP256R1())
    private = load_private_key_pem(SecuritySuite.SUITE_1, Secret(pem_of(key)))
    loaded, title, der = load_public_key_pem(SecuritySuite.SUITE_1, public_pem(key))
    assert (loaded.octets, title, der) == (private.public_key.octets, b"", b"")
    made = certificate(key, "4D4D4D0000000001")
    loaded, title, der = load_public_key_pem(SecuritySuite.SUITE_1, made.public_bytes(serialization.Encoding.PEM))
    assert loaded.octets == private.public_key.octets
    assert title == bytes.fromhex("4D4D4D0000000001")
    assert der == made.public_bytes(serialization.Encoding.DER)
    nameless = certificate(key).public_bytes(serialization.Encoding.DER)
    assert PublicKey.from_certificate(SecuritySuite.SUITE_1, nameless)[1] == b""


@pytest.mark.parametrize("name", ["not hex", "4D4D4D00", "4D 4D4D0000000001", "4D4D4D00000000014D4D4D0000000001"])
def test_certificate_that_names_something_else_than_a_system_title_has_a_key_and_no_title(name: str):
    key = ec.generate_private_key(ec.SECP256R1())
    pem = certificate(key, name).public_bytes(serialization.Encoding.PEM)
    public, title, der = load_public_key_pem(SecuritySuite.SUITE_1, pem)
    assert title == b""
    assert der
    assert public.key.public_numbers() == key.public_key().public_numbers()


def test_key_on_a_curve_that_nobody_knows_is_not_read():
    """`cryptography` raises something else than ValueError then; whatever octets arrive, only our errors come out."""
    key = ec.generate_private_key(ec.SECP224R1())
    known, unknown = bytes.fromhex("2B81040021"), bytes.fromhex("2B8104007F")
    formats = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.DER, *formats).replace(known, unknown)
    public = (
        key.public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        .replace(known, unknown)
    )
    der = certificate(key, "4D4D4D0000000001").public_bytes(serialization.Encoding.DER).replace(known, unknown)

    def pem(label: str, octets: bytes) -> bytes:
        body = base64.encodebytes(octets).decode()
        return f"-----BEGIN {label}-----\n{body}-----END {label}-----\n".encode()

    with pytest.raises(LocalProtocolError):
        load_private_key_pem(SecuritySuite.SUITE_1, Secret(pem("PRIVATE KEY", private)))
    for label, octets in (("PUBLIC KEY", public), ("CERTIFICATE", der)):
        with pytest.raises(LocalProtocolError):
            load_public_key_pem(SecuritySuite.SUITE_1, pem(label, octets))


def test_wrong_pem_says_what_is_wrong_and_not_what_it_holds():
    rsa_key = rsa.generate_private_key(65537, 2048)
    for pem in (b"nothing", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", pem_of(rsa_key)):
        with pytest.raises(LocalProtocolError) as caught:
            load_private_key_pem(SecuritySuite.SUITE_1, Secret(pem))
        assert "AAAA" not in str(caught.value)
    rsa_certificate = certificate(rsa_key, "4D4D4D0000000001").public_bytes(serialization.Encoding.PEM)
    for pem in (
        b"nothing",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        public_pem(rsa_key),
        rsa_certificate,
    ):
        with pytest.raises(LocalProtocolError):
            load_public_key_pem(SecuritySuite.SUITE_1, pem)


def test_a_private_key_shows_nothing():
    key = PrivateKey.from_octets(SecuritySuite.SUITE_1, Secret(b"\x11" * 32))
    assert "1111" not in repr(key)
    assert not hasattr(key, "__dict__")


def test_the_first_common_name_of_a_certificate_counts():
    key = ec.generate_private_key(ec.SECP256R1())
    for names, title in (
        (("4D4D4D0000000001", "other"), "4D4D4D0000000001"),
        (("other", "4D4D4D0000000001"), ""),
    ):
        der = certificate(key, *names).public_bytes(serialization.Encoding.DER)
        assert PublicKey.from_certificate(SecuritySuite.SUITE_1, der)[1] == bytes.fromhex(title)
