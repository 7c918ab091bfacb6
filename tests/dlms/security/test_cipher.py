"""Sealing and opening, against the samples and against AES-GCM of ``cryptography`` alone."""

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
import pytest

from custom_components.cosem.dlms.apdu.ciphered import SecurityControl
from custom_components.cosem.dlms.errors import AuthenticationTagInvalid, DecodeError, LocalProtocolError
from custom_components.cosem.dlms.security.cipher import SealingKey, gmac, open_sealed, open_unverified, seal
from custom_components.cosem.dlms.security.keys import Secret
from custom_components.cosem.dlms.security.suite import Protection, SecuritySuite, security_control
from tests.vector_tools import vectors

EK = Secret(bytes(range(16)))
AK = Secret(bytes(range(0xD0, 0xE0)))
TITLE = bytes.fromhex("4D4D4D0000BC614E")
PLAIN = bytes.fromhex("C401C100090C07E50118070E303950FFC400")
ALL = (Protection.AUTHENTICATED, Protection.ENCRYPTED, Protection.AUTHENTICATED_ENCRYPTED)


def sealing(protection=Protection.AUTHENTICATED_ENCRYPTED, *, title=TITLE, key=EK, ak=AK, suite=0):
    return SealingKey(
        key=key, authentication_key=ak, control=security_control(SecuritySuite(suite), protection), system_title=title
    )


def service_specific():
    return [
        vector
        for vector in vectors("ciphered")
        if "plaintext" in vector.expect and not vector.expect["apdu"].startswith("general")
    ]


@pytest.mark.parametrize("vector", service_specific(), ids=lambda vector: vector.name)
def test_samples_open_and_seal_again(vector):
    keys = vector.keys
    context = SealingKey(
        key=Secret(bytes.fromhex(keys.get("ded") or keys["ek"])),
        authentication_key=Secret(bytes.fromhex(keys["ak"])),
        control=SecurityControl(vector.expect["security_control"]["raw"]),
        system_title=bytes.fromhex(keys["originator_system_title"]),
    )
    counter, payload = vector.expect["invocation_counter"], bytes.fromhex(vector.expect["payload"])
    plaintext = bytes.fromhex(vector.expect["plaintext"])
    assert open_sealed(context, counter, payload) == plaintext
    assert seal(context, counter, plaintext) == payload


def test_the_wrong_title_does_not_open():
    vector = next(vector for vector in vectors("ciphered") if vector.expect.get("error"))
    with pytest.raises(AuthenticationTagInvalid):
        open_sealed(sealing(title=bytes.fromhex("4D4D4D0000000001")), 2, vector.octets[7:])


@pytest.mark.parametrize("suite", [0, 1, 2])
def test_sealing_is_plain_aes_gcm_with_a_cut_tag(suite):
    key = Secret(bytes(range(32 if suite == 2 else 16)))
    context = sealing(key=key, suite=suite)
    nonce = TITLE + (77).to_bytes(4, "big")
    additional = bytes((0x30 + suite,)) + AK.reveal() + b"header"
    whole = AESGCM(key.reveal()).encrypt(nonce, PLAIN, additional)
    assert seal(context, 77, PLAIN, b"header") == whole[:-4]
    only_encrypted = sealing(Protection.ENCRYPTED, key=key, suite=suite)
    assert seal(only_encrypted, 77, PLAIN) == whole[:-16]
    only_authenticated = sealing(Protection.AUTHENTICATED, key=key, suite=suite)
    tag = AESGCM(key.reveal()).encrypt(nonce, b"", bytes((0x10 + suite,)) + AK.reveal() + PLAIN)[:12]
    assert seal(only_authenticated, 77, PLAIN) == PLAIN + tag
    assert gmac(key, nonce, b"x") == AESGCM(key.reveal()).encrypt(nonce, b"", b"x")[:12]


@pytest.mark.parametrize("protection", ALL)
def test_what_is_sealed_opens(protection):
    context = sealing(protection)
    for content in (b"", PLAIN, bytes(1000)):
        assert open_sealed(context, 9, seal(context, 9, content, b"h"), b"h") == content


@pytest.mark.parametrize("protection", [Protection.AUTHENTICATED, Protection.AUTHENTICATED_ENCRYPTED])
def test_s08_no_altered_octet_gets_through(protection):
    context = sealing(protection)
    payload = seal(context, 9, PLAIN, b"header")
    for position in range(len(payload)):
        altered = bytearray(payload)
        altered[position] ^= 0x01
        with pytest.raises(AuthenticationTagInvalid):
            open_sealed(context, 9, bytes(altered), b"header")
    for counter, header in ((8, b"header"), (9, b"heade"), (9, b"")):
        with pytest.raises(AuthenticationTagInvalid):
            open_sealed(context, counter, payload, header)


@pytest.mark.parametrize("protection", [Protection.AUTHENTICATED, Protection.AUTHENTICATED_ENCRYPTED])
def test_s09_a_shorter_tag_is_refused(protection):
    context = sealing(protection)
    for length in range(12):
        with pytest.raises(DecodeError):
            open_sealed(context, 9, bytes(length))
    payload = seal(context, 9, b"")
    assert len(payload) == 12


def test_an_apdu_without_protection_is_not_sealed():
    context = sealing(Protection.NONE)
    with pytest.raises(LocalProtocolError):
        seal(context, 1, PLAIN)
    with pytest.raises(LocalProtocolError):
        open_sealed(context, 1, PLAIN)


def test_unverified_content_comes_out_whatever_the_tag_says():
    payload = seal(sealing(), 9, PLAIN)
    assert open_unverified(sealing(), 9, payload[:-12] + bytes(12)) == PLAIN
    with pytest.raises(DecodeError):
        open_unverified(sealing(), 9, payload[:11])


def test_the_sealing_key_does_not_show_its_keys():
    assert "0001" not in repr(sealing())
    assert "Secret(...)" in repr(sealing())


@pytest.mark.parametrize("title", [b"", TITLE[:7], TITLE + b"x"], ids=len)
def test_a_nonce_is_never_built_from_a_title_of_another_length(title):
    with pytest.raises(LocalProtocolError):
        sealing(title=title)


def test_nothing_but_a_tag_holds_no_content_verified_or_not():
    payload = seal(sealing(), 9, b"")
    assert len(payload) == 12
    assert open_sealed(sealing(), 9, payload) == open_unverified(sealing(), 9, payload) == b""
