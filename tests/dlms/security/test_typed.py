"""Keys as people have them: every form that letters and mails use, what is wrong with others, and no echo."""

from collections.abc import Callable

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
import pytest

from custom_components.cosem.dlms.apdu.acse import Mechanism
from custom_components.cosem.dlms.security.suite import Protection
from custom_components.cosem.dlms.security.typed import (
    MAX_MANUFACTURER_SECRET,
    MAX_SECRET,
    InputFault,
    TypedInputError,
    hex_digits,
    is_public_example,
    parse_certificate,
    parse_key,
    parse_mechanism,
    parse_private_key,
    parse_protection,
    parse_public_key,
    parse_secret,
    parse_system_title,
    public_part,
    secret_octets,
    title_in_certificate,
)
from tests.key_material import certificate_pem, private_pem, public_pem

KEY = "8A23423BEF4C57D1906611AA7F0C3E5D"
LONG_KEY = KEY + "D3E0C5B2A1F498671023344556A7B8C9"
TITLE = "4D4D4D0000BC614E"


def wrong(parse: Callable[[], object]) -> TypedInputError:
    """What an input is refused for; the exception chain holds no word of it either."""
    with pytest.raises(TypedInputError) as refused:
        parse()
    assert refused.value.reason in InputFault  # test_texts.py sees that there is a sentence for each
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__ or refused.value.__context__ is None
    return refused.value


@pytest.mark.parametrize(
    "typed",
    [
        KEY,
        KEY.lower(),
        f"  {KEY}\n",
        f"0x{KEY}",
        f"0X{KEY.lower()}",
        " ".join(KEY[n : n + 2] for n in range(0, 32, 2)),
        "-".join(KEY[n : n + 4] for n in range(0, 32, 4)),
        "–".join(KEY[n : n + 4] for n in range(0, 32, 4)),
        ":".join(KEY[n : n + 2] for n in range(0, 32, 2)),
        ", ".join(f"0x{KEY[n : n + 2]}" for n in range(0, 32, 2)),
        f"{KEY[:16]}\u00a0{KEY[16:]}\t",
    ],
)
def test_key_in_all_its_forms(typed: str):
    assert parse_key(typed, 0) == KEY
    assert parse_key(typed, 1) == KEY


def test_key_that_was_read_can_be_read_again():
    assert parse_key(parse_key(LONG_KEY.lower(), 2), 2) == LONG_KEY


@pytest.mark.parametrize(
    ("typed", "suite", "octets"),
    [("", 0, 16), (KEY[:-1], 0, 16), (KEY + "0", 0, 16), (LONG_KEY, 0, 16), (LONG_KEY, 1, 16), (KEY, 2, 32)],
)
def test_length_of_a_key_is_checked_against_the_suite(typed: str, suite: int, octets: int):
    error = wrong(lambda: parse_key(typed, suite))
    assert (error.reason, error.octets) == ("key_length", octets)


@pytest.mark.parametrize("typed", [KEY[:-1] + "G", "secret passphrase", KEY + "h", "０" * 32])
def test_key_with_other_characters_is_refused_without_an_echo(typed: str):
    error = wrong(lambda: parse_key(typed, 0))
    assert error.reason == "not_hex"
    assert typed not in f"{error} {error!r} {error.args}"


@pytest.mark.parametrize(
    ("typed", "title"),
    [
        (TITLE, TITLE),
        ("4d 4d 4d 00 00 bc 61 4e", TITLE),
        ("0x4D4D4D0000BC614E", TITLE),
        ("MMM0000BC614E", TITLE),
        ("MMM-00-00-BC-61-4E", TITLE),
        ("has0102030405", "6861730102030405"),
        ("ABC0102030405", "4142430102030405"),  # 13 digits are not 16
    ],
)
def test_system_title_in_all_its_forms(typed: str, title: str):
    assert parse_system_title(typed) == title
    assert parse_system_title(title) == title


@pytest.mark.parametrize(
    "typed", ["", "MMM", TITLE[:-2], TITLE + "00", "MM00000BC614E", "MMM0000BC614", "MMMM0000BC614E"]
)
def test_system_title_of_another_length(typed: str):
    assert wrong(lambda: parse_system_title(typed)).reason == "invalid_system_title"


@pytest.mark.parametrize(
    ("typed", "kept", "octets"),
    [
        ("Secret 1", "Secret 1", b"Secret 1"),
        (" with spaces ", " with spaces ", b" with spaces "),
        (KEY, KEY, KEY.encode()),  # digits without 0x are text
        ("0x0102ff", "0x0102FF", b"\x01\x02\xff"),
        (" 0X01 02:FF ", "0x0102FF", b"\x01\x02\xff"),
        ("Schlüssel", "Schlüssel", "Schlüssel".encode()),
    ],
)
def test_secret_is_text_or_octets(typed: str, kept: str, octets: bytes):
    assert parse_secret(typed) == kept
    assert parse_secret(kept) == kept
    assert secret_octets(kept).reveal() == octets


@pytest.mark.parametrize("typed", ["0x", "0x1", "0xGG", "0x12 3"])
def test_secret_that_begins_with_0x_is_hexadecimal(typed: str):
    assert wrong(lambda: parse_secret(typed)).reason == "secret_not_hex"


def test_secret_has_a_length():
    assert parse_secret("x" * 64) == "x" * 64
    assert parse_secret(f"0x{KEY}", limit=16) == f"0x{KEY}"
    for typed, limit in (("x" * 65, 64), (KEY, 16), ("", 64)):
        error = wrong(lambda typed=typed, limit=limit: parse_secret(typed, limit=limit))
        assert (error.reason, error.octets) == ("secret_length", limit)


@pytest.mark.parametrize(
    "digits",
    [
        bytes(range(16)).hex(),
        bytes(range(0xD0, 0xE0)).hex(),
        bytes(range(32)).hex(),
        bytes(range(0xD0, 0xF0)).hex(),
        bytes(range(16)).hex() * 2,
        bytes(range(0xD0, 0xE0)).hex() * 2,
        "00112233445566778899AABBCCDDEEFF",
        "00112233445566778899AABBCCDDEEFF" * 2,
        "00" * 16,
        "FF" * 16,
        "11" * 32,
    ],
)
def test_s32_printed_examples_are_recognised(digits: str):
    assert is_public_example(digits)


@pytest.mark.parametrize(
    "digits",
    [
        KEY,
        LONG_KEY,
        bytes([*range(15), 16]).hex(),
        bytes(range(16)).hex() + KEY,
        "00" * 15 + "01",
        "7F8E9DACBBCAD9E8F706152433425160",
    ],
)
def test_s32_other_keys_are_not(digits: str):
    assert not is_public_example(digits)


@pytest.mark.parametrize("suite", [1, 2])
@pytest.mark.parametrize("sec1", [True, False])
def test_private_key_survives_what_happens_to_text(suite: int, sec1: bool):
    pem = private_pem("client", suite, sec1=sec1)
    assert parse_private_key(pem, suite) == pem
    for typed in (
        pem.replace("\n", ""),  # a field of one line
        pem.replace("\n", " "),
        pem.replace("\n", "\r\n"),
        f"Bag Attributes\n{pem}\n",
        "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + pem,
    ):
        assert parse_private_key(typed, suite) == pem


def rsa_pem() -> tuple[str, str]:
    """A key pair for something else."""
    key = rsa.generate_private_key(65537, 2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return private.decode(), key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


def test_wrong_private_key():
    broken = private_pem("client", 1).replace("M", "!")
    cut = private_pem("client", 1)[:60]
    empty = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"
    for typed in ("", KEY, broken, cut, empty, public_pem("client", 1), certificate_pem("client", 1), rsa_pem()[0]):
        assert wrong(lambda typed=typed: parse_private_key(typed, 1)).reason == "not_a_private_key"
    for sec1 in (True, False):
        locked = private_pem("client", 1, sec1=sec1, pass_phrase=b"x")
        assert wrong(lambda locked=locked: parse_private_key(locked, 1)).reason == "key_with_pass_phrase"
    for suite, other in ((1, 2), (2, 1)):
        pem = private_pem("client", other)
        assert wrong(lambda pem=pem, suite=suite: parse_private_key(pem, suite)).reason == "key_of_other_suite"


@pytest.mark.parametrize("character", ["!", "=", "é", "٣", "\udcff", "\0"], ids=ascii)
def test_a_character_that_is_no_base64_is_refused_wherever_it_is_typed(character: str):
    private, public, certificate = private_pem("client", 1), public_pem("meter", 1), certificate_pem("client", 1)
    for parse, pem, reason in (
        (lambda typed: parse_private_key(typed, 1), private, InputFault.NOT_A_PRIVATE_KEY),
        (lambda typed: parse_public_key(typed, 1), public, InputFault.NOT_A_PUBLIC_KEY),
        (lambda typed: parse_certificate(typed, 1, private), certificate, InputFault.NOT_A_CERTIFICATE),
    ):
        typed = f"{pem[:70]}{character}{pem[70:]}"
        assert wrong(lambda parse=parse, typed=typed: parse(typed)).reason is reason


@pytest.mark.parametrize("character", ["!", "é"])
def test_the_first_block_counts_also_where_a_better_one_follows(character: str):
    pem = public_pem("meter", 1)
    typed = f"{pem[:70]}{character}{pem[70:]}{pem}"
    assert wrong(lambda: parse_public_key(typed, 1)).reason is InputFault.NOT_A_PUBLIC_KEY


@pytest.mark.parametrize("suite", [1, 2])
def test_public_key_or_certificate_of_the_meter(suite: int):
    for pem in (public_pem("meter", suite), certificate_pem("meter", suite)):
        assert parse_public_key(pem, suite) == pem
        assert parse_public_key(pem.replace("\n", " "), suite) == pem
        assert wrong(lambda pem=pem: parse_public_key(pem, 3 - suite)).reason == "key_of_other_suite"
    for typed in ("", KEY, private_pem("meter", suite), rsa_pem()[1]):
        assert wrong(lambda typed=typed: parse_public_key(typed, suite)).reason == "not_a_public_key"


def test_certificate_belongs_to_the_private_key():
    private = private_pem("client", 1)
    pem = certificate_pem("client", 1)
    assert parse_certificate(pem.replace("\n", ""), 1, private) == pem
    reasons = {
        public_pem("client", 1): "not_a_certificate",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----": "not_a_certificate",
        certificate_pem("client", 2): "key_of_other_suite",
        certificate_pem("meter", 1): "certificate_of_other_key",
    }
    for typed, reason in reasons.items():
        assert wrong(lambda typed=typed: parse_certificate(typed, 1, private)).reason == reason
    meters = private_pem("meter", 1)
    assert wrong(lambda: parse_certificate(pem, 1, meters)).reason == "certificate_of_other_key"


def test_system_title_in_a_certificate():
    assert title_in_certificate(certificate_pem("client", 1, "4d4d4d0000bc614e"), 1) == TITLE
    assert title_in_certificate(certificate_pem("client", 1, "Meter of my neighbour"), 1) is None
    assert title_in_certificate(public_pem("client", 1), 1) is None


@pytest.mark.parametrize(
    ("typed", "digits"),
    [("", ""), ("0x00 11:22-33", "00112233"), ("00 1a\n", "001A"), ("zz", None), ("00١١", None)],
)
def test_hex_as_letters_and_mails_print_it(typed: str, digits: str | None):
    if digits is None:
        assert wrong(lambda: hex_digits(typed)).reason is InputFault.NOT_HEX
    else:
        assert hex_digits(typed) == digits


def test_a_refusal_tells_how_many_digits_there_are():
    error = wrong(lambda: parse_key(KEY[:-1], 0))
    assert (error.digits, error.octets, str(error)) == (31, 16, "key length")
    assert wrong(lambda: parse_secret("0x")).digits == 0
    assert wrong(lambda: parse_secret("0x123")).digits == 3


def test_an_environment_need_not_be_utf_8():
    assert secret_octets(parse_secret("a\udcff")).reveal() == b"a\xff"


def test_a_secret_without_a_limit_is_not_empty_all_the_same():
    assert parse_secret("x" * 1000, limit=None) == "x" * 1000
    assert wrong(lambda: parse_secret("", limit=None)).reason is InputFault.SECRET_LENGTH


def test_mechanisms_by_name():
    named = ["none", "lls", "hls-manufacturer", "hls-md5", "hls-sha1", "hls-gmac", "hls-sha256", "hls-ecdsa"]
    assert [parse_mechanism(name) for name in named] == list(Mechanism)
    assert parse_mechanism("hls-gmac") is Mechanism.HLS_GMAC
    for other in ("", "gmac", "HLS-GMAC", "5"):
        assert wrong(lambda other=other: parse_mechanism(other)).reason is InputFault.UNKNOWN_NAME


@pytest.mark.parametrize(
    ("name", "protection"),
    [
        ("none", Protection.NONE),
        ("authenticated", Protection.AUTHENTICATED),
        ("encrypted", Protection.ENCRYPTED),
        ("authenticated-encryption", Protection.AUTHENTICATED_ENCRYPTED),
        ("authenticated_encryption", Protection.AUTHENTICATED_ENCRYPTED),
    ],
)
def test_protections_by_name(name: str, protection: Protection):
    assert parse_protection(name) is protection
    assert wrong(lambda: parse_protection(f"{name} ")).reason is InputFault.UNKNOWN_NAME


def test_a_bare_public_key_stands_for_a_certificate_where_that_is_allowed():
    private = private_pem("client", 1)
    for pem in (public_pem("client", 1), certificate_pem("client", 1)):
        assert parse_certificate(pem, 1, private, bare_key=True) == pem
    error = wrong(lambda: parse_certificate(public_pem("meter", 1), 1, private, bare_key=True))
    assert error.reason is InputFault.CERTIFICATE_OF_OTHER_KEY


def test_what_is_wrong_with_a_key_is_said_in_a_sentence():
    no_certificate = "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----"
    other_curve = "security suite 1 needs a key on secp256r1"
    private, public = rsa_pem()
    for parse, typed, text in (
        (parse_private_key, "", "not a PEM private key without pass phrase"),
        (parse_private_key, private, "not an elliptic curve key"),
        (parse_private_key, private_pem("client", 2), other_curve),
        (parse_public_key, "", "not a PEM public key or certificate"),
        (parse_public_key, no_certificate, "not a PEM certificate"),
        (parse_public_key, no_certificate.replace("!", "é"), "not a PEM certificate"),
        (parse_public_key, public, "not an elliptic curve key"),
        (parse_public_key, certificate_pem("meter", 2), other_curve),
    ):
        assert str(wrong(lambda parse=parse, typed=typed: parse(typed, 1))) == text


def test_the_longest_secrets_and_one_octet_more():
    assert (MAX_SECRET, MAX_MANUFACTURER_SECRET) == (64, 16)
    for limit, kept in ((64, parse_secret("a" * 64)), (16, parse_secret("a" * 16, limit=MAX_MANUFACTURER_SECRET))):
        assert kept == "a" * limit
    for limit in (MAX_SECRET, MAX_MANUFACTURER_SECRET):
        with pytest.raises(TypedInputError) as caught:
            parse_secret("a" * (limit + 1), limit=limit)
        assert (caught.value.reason, caught.value.octets) == (InputFault.SECRET_LENGTH, limit)
    with pytest.raises(TypedInputError) as caught:
        parse_secret("", limit=None)
    assert (caught.value.octets, caught.value.digits) == (0, 0)


def test_faults_are_named_as_forms_name_them():
    assert all(fault.value == fault.name.lower() for fault in InputFault)
    fault = TypedInputError(InputFault.NOT_HEX)
    assert (fault.octets, fault.digits, str(fault)) == (0, 0, "not hex")


@pytest.mark.parametrize("typed", ["G" * 16, "4D4D4D000000000G"])
def test_a_system_title_is_hexadecimal(typed: str):
    with pytest.raises(TypedInputError) as caught:
        parse_system_title(typed)
    assert caught.value.reason is InputFault.INVALID_SYSTEM_TITLE


@pytest.mark.parametrize(
    ("octets", "is_example"),
    [
        (bytes((0xF8 + index) % 256 for index in range(16)), True),
        (2 * bytes(range(16)), True),
        (2 * bytes(range(8)), False),
        (bytes(range(16)) + bytes(16), False),
        (bytes(range(16)) + bytes(range(1, 17)), False),
        (b"", False),
        (b"\x00", False),
    ],
)
def test_s32_examples_go_on_to_the_last_octet(octets: bytes, is_example: bool):
    assert is_public_example(octets.hex()) == is_example


def test_the_first_block_counts_also_when_it_is_broken():
    broken = "-----BEGIN PRIVATE KEY-----\nAAA\n-----END PRIVATE KEY-----\n"
    with pytest.raises(TypedInputError) as caught:
        parse_private_key(broken + private_pem("client", 1), 1)
    assert caught.value.reason is InputFault.NOT_A_PRIVATE_KEY


@pytest.mark.parametrize(
    "typed",
    [
        "-----BEGIN CERTIFICATE-----" * 40_000,
        "".join(f"-----BEGIN {number:X}-----" for number in range(40_000)),
        "-----BEGIN CERTIFICATE-----" + "-----END CERTIFICATE---- " * 40_000,
        "-----END PUBLIC KEY-----" * 40_000,
    ],
    ids=["the same", "different", "no end", "no begin"],
)
def test_trial_26_a_pem_without_an_end_is_found_out_at_once(typed: str):
    # Anything that is not linear takes hours for this, and does not end within the limit of a test.
    assert wrong(lambda: parse_public_key(typed, 1)).reason is InputFault.NOT_A_PUBLIC_KEY
    assert public_part(typed) is None


def test_of_several_blocks_the_first_that_is_closed_and_fits_counts():
    private, public, certificate = private_pem("client", 1), public_pem("meter", 1), certificate_pem("meter", 1)
    for typed in (public + certificate, private + public + certificate, f"-----BEGIN CERTIFICATE-----\n{public}"):
        assert parse_public_key(typed, 1) == public
    assert parse_public_key(certificate + public, 1) == certificate


def test_s27_only_what_cannot_be_a_secret_may_be_shown_again():
    assert public_part(31 * "A") == 31 * "A"
    assert public_part(32 * "A") is None
    assert public_part(private_pem("client", 1)) is None
    certificate = certificate_pem("client", 1)
    assert public_part(private_pem("client", 1) + certificate) == certificate
