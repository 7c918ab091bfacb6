"""The meter's own cryptography against published samples, and against ``cryptography`` used directly."""

import hashlib

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
import pytest

from tests.simulated_meter.ciphering import BadTag, Material, gmac, seal, unseal
from tests.simulated_meter.envelopes import BadEnvelope, Kind, length_octets, read, sized, write
from tests.simulated_meter.hls import Exchange, gmac_answer, hashed
from tests.simulated_meter.key_pairs import (
    BadKey,
    certificate,
    derive,
    private_key,
    public_key,
    public_octets,
    shared_secret,
    sign,
    unwrap,
    verify,
    wrap,
)
from tests.vector_tools import Vector, by_name, vectors

KEY, AK = bytes(range(16)), bytes(range(0xD0, 0xE0))


def hexed(vector: Vector, name: str) -> bytes:
    return bytes.fromhex(vector.keys.get(name, ""))


def title_of(vector: Vector) -> bytes:
    named = vector.keys.get("originator_system_title") or vector.expect.get("system_title")
    return bytes.fromhex(named or vector.expect.get("originator_system_title", ""))


def material_of(vector: Vector, key: str) -> Material:
    return Material(key=hexed(vector, key), authentication_key=hexed(vector, "ak"), title=title_of(vector))


DECIPHERABLE = [
    vector
    for theme in ("ciphered", "general-ciphering")
    for vector in vectors(theme)
    if "plaintext" in vector.expect and vector.expect["apdu"] != "general-signing"
]


@pytest.mark.parametrize("vector", DECIPHERABLE, ids=lambda vector: vector.name)
def test_ciphered_samples_open_and_seal(vector: Vector):
    envelope = read(vector.octets)
    key_name = next(name for name in ("ded", "gbek", "kek", "ek") if name in vector.keys)
    material = material_of(vector, key_name)
    if key_name == "kek":
        key = unwrap(material.key, envelope.key_data)
        material = Material(key=key, authentication_key=material.authentication_key, title=material.title)
    header = envelope.header.octets if envelope.kind is Kind.GENERAL else b""
    assert envelope.counter is not None
    plain = unseal(material, envelope.control, envelope.counter, envelope.content, header)
    assert plain.hex() == vector.expect["plaintext"]
    assert seal(material, envelope.control, envelope.counter, plain, header) == envelope.content
    assert write(envelope) == vector.octets


def test_a_wrong_title_is_a_bad_tag():
    vector = by_name("ciphered", "glo-get-response opened with the wrong system title")
    envelope = read(vector.octets)
    assert envelope.counter is not None
    with pytest.raises(BadTag):
        unseal(material_of(vector, "ek"), envelope.control, envelope.counter, envelope.content)


@pytest.mark.parametrize("control", [0x10, 0x20, 0x30, 0x31, 0x32])
@pytest.mark.parametrize("authentication_key", [AK, b""])
def test_layouts_by_cryptography_alone(control: int, authentication_key: bytes):
    material = Material(key=KEY, authentication_key=authentication_key, title=b"ABC\x00\x00\x00\x00\x01")
    nonce = b"ABC\x00\x00\x00\x00\x01" + (77).to_bytes(4)
    plain = bytes.fromhex("C001C1000300010108 00FF0200")
    if control & 0x30 == 0x10:
        aad = bytes([control]) + authentication_key + plain
        expected = plain + AESGCM(KEY).encrypt(nonce, b"", aad)[:12]
    elif control & 0x30 == 0x20:
        expected = AESGCM(KEY).encrypt(nonce, plain, None)[: len(plain)]
    else:
        sealed = AESGCM(KEY).encrypt(nonce, plain, bytes([control]) + authentication_key)
        expected = sealed[: len(plain) + 12]
    assert seal(material, control, 77, plain) == expected
    assert unseal(material, control, 77, expected) == plain


@pytest.mark.parametrize("position", range(-13, 0))
def test_every_octet_of_a_tag_counts(position: int):
    material = Material(key=KEY, authentication_key=AK, title=bytes(8))
    sealed = bytearray(seal(material, 0x30, 1, b"abc"))
    sealed[position] ^= 1
    with pytest.raises(BadTag):
        unseal(material, 0x30, 1, bytes(sealed))


def test_too_short_for_a_tag():
    with pytest.raises(BadTag):
        unseal(Material(key=KEY, authentication_key=AK, title=bytes(8)), 0x30, 1, bytes(11))


@pytest.mark.parametrize(
    "vector", [vector for vector in vectors("hls") if "mechanism" in vector.expect], ids=lambda vector: vector.name
)
def test_hls_samples(vector: Vector):
    mechanism = vector.expect["mechanism"]
    if mechanism == 5:
        by = vector.expect["computed_by"]
        material = Material(
            key=hexed(vector, "ek"), authentication_key=hexed(vector, "ak"), title=hexed(vector, f"{by}_system_title")
        )
        counter = vector.expect["invocation_counter"]
        challenge = bytes.fromhex(vector.expect["challenge"])
        assert gmac_answer(material, vector.keys.get("suite", 0), counter, challenge) == vector.octets
    elif mechanism == 7:
        message = bytes.fromhex(vector.expect["signed_data"])
        verify(1, public_key(1, hexed(vector, "signing_public")), message, vector.octets)
        with pytest.raises(BadKey):
            verify(1, public_key(1, hexed(vector, "signing_public")), message + b"\x00", vector.octets)
    else:
        challenge = bytes.fromhex(vector.expect["challenge"])
        exchange = Exchange(mechanism=mechanism, ctos=b"", stoc=challenge, client_title=b"", server_title=b"")
        assert hashed(exchange, hexed(vector, "secret"), by_client=True) == vector.octets


@pytest.mark.parametrize("by_client", [True, False])
def test_sha256_and_md5_by_hand(by_client: bool):
    fields = {"ctos": b"c" * 16, "stoc": b"s" * 16, "client_title": b"CLIENT01", "server_title": b"SERVER01"}
    sha = Exchange(mechanism=6, **fields)
    order = (
        ("client_title", "server_title", "stoc", "ctos")
        if by_client
        else ("server_title", "client_title", "ctos", "stoc")
    )
    expected = hashlib.sha256(b"secret" + b"".join(fields[name] for name in order)).digest()
    assert hashed(sha, b"secret", by_client=by_client) == expected
    md5 = hashlib.md5(fields["stoc" if by_client else "ctos"] + b"secret").digest()
    assert hashed(Exchange(mechanism=3, **fields), b"secret", by_client=by_client) == md5


@pytest.mark.parametrize("vector", vectors("ecdsa"), ids=lambda vector: vector.name)
def test_ecdsa_samples(vector: Vector):
    suite = 2 if vector.keys.get("curve") == "P-384" else 1
    key = public_key(suite, hexed(vector, "public"))
    verify(suite, key, bytes.fromhex(vector.expect["signed_data"]), vector.octets)
    assert public_octets(key) == hexed(vector, "public")


@pytest.mark.parametrize("vector", vectors("general-signing"), ids=lambda vector: vector.name)
def test_general_signing_samples(vector: Vector):
    envelope = read(vector.octets)
    signed = envelope.header.octets + sized(envelope.content)
    assert signed.hex() == vector.expect["signed_data"]
    octets = hexed(vector, "originator_signing_public")
    suite = 2 if len(octets) == 96 else 1
    verify(suite, public_key(suite, octets), signed, envelope.signature)
    with pytest.raises(BadKey):
        verify(suite, public_key(suite, octets), signed, envelope.signature[:-1])
    assert write(envelope) == vector.octets


AGREED = [vector for vector in vectors("key-agreement") if "other_info" in vector.expect]


@pytest.mark.parametrize("vector", AGREED, ids=lambda vector: vector.name)
def test_key_agreement_samples(vector: Vector):
    suite = 2 if len(vector.octets) == 96 else 1
    scalar = vector.keys.get("recipient_private") or vector.keys["v_private"]
    own = private_key(suite, int(scalar, 16))
    secret = shared_secret(own, public_key(suite, vector.octets))
    assert secret.hex() == vector.expect["z"]
    other = bytes.fromhex(vector.expect["other_info"])[7:]
    assert derive(suite, secret, other[:-8], other[-8:]).hex() == vector.expect["derived_key"]


@pytest.mark.parametrize(
    "vector", [each for each in vectors("key-wrap") if "unwrapped" in each.expect], ids=lambda vector: vector.name
)
def test_key_wrap_samples(vector: Vector):
    kek = hexed(vector, "kek")
    assert unwrap(kek, vector.octets).hex() == vector.expect["unwrapped"]
    assert wrap(kek, unwrap(kek, vector.octets)) == vector.octets


@pytest.mark.parametrize(
    "vector", [each for each in vectors("key-wrap") if "error" in each.expect], ids=lambda vector: vector.name
)
def test_altered_wrapped_key_is_refused(vector: Vector):
    with pytest.raises(BadKey):
        unwrap(hexed(vector, "kek"), vector.octets)


def test_keys_that_are_none():
    with pytest.raises(BadKey):
        public_key(1, bytes(64))
    with pytest.raises(BadKey):
        unwrap(KEY, bytes(7))


def test_a_signature_of_ours_verifies_for_its_message_only():
    for suite in (1, 2):
        key = private_key(suite, 12345)
        signature = sign(suite, key, b"message")
        verify(suite, key.public_key(), b"message", signature)
        with pytest.raises(BadKey):
            verify(suite, key.public_key(), b"another", signature)
        assert certificate(suite, key, b"SIM\x00\x00\x00\x00\x01").startswith(b"\x30\x82")


def test_gmac_is_the_tag_of_nothing():
    material = Material(key=KEY, authentication_key=AK, title=bytes(8))
    assert (
        gmac(material, 0x30, 3, b"challenge")
        == AESGCM(KEY).encrypt(bytes(8) + (3).to_bytes(4), b"", b"\x10" + AK + b"challenge")[:12]
    )


@pytest.mark.parametrize(
    "octets",
    ["", "C0", "C8", "C805300000", "C80100", "C8853000000000", "DB08", "DD0000000000", "DD000000000001030000", "DF00"],
)
def test_what_is_no_envelope(octets: str):
    with pytest.raises(BadEnvelope):
        read(bytes.fromhex(octets))


@pytest.mark.parametrize(("length", "octets"), [(0, "00"), (127, "7F"), (128, "8180"), (256, "820100")])
def test_lengths(length: int, octets: str):
    assert length_octets(length).hex().upper() == octets
