"""What is missing or wrong with secrets is said before anything is sent, and no value is repeated."""

from pathlib import Path

import pytest

from custom_components.cosem.dlms.__main__ import main
from custom_components.cosem.dlms.apdu.acse import Mechanism
from custom_components.cosem.dlms.command_line.commands import COMMANDS
from custom_components.cosem.dlms.command_line.credentials import listening_settings, parameters_from_options
from custom_components.cosem.dlms.command_line.options import REFERENCINGS, UsageError, build_parser, with_defaults
from custom_components.cosem.dlms.protocol.proposal import AssociationParameters
from custom_components.cosem.dlms.protocol.referencing import Referencing
from custom_components.cosem.dlms.security.settings import Envelope, KeyInfoKind, SecuritySettings
from custom_components.cosem.dlms.security.suite import Protection, SecuritySuite
from tests.key_material import certificate_pem, private_pem, public_pem

CANARY = "C0FFEE5EC2E7"
KEY = CANARY + "00112233445566778899"
LONG_KEY = KEY * 2
KEYS = {"DLMS_ENCRYPTION_KEY": KEY, "DLMS_AUTHENTICATION_KEY": KEY[::-1]}
TITLE = b"HAS\0\0\0\0\1"
GMAC = ("--auth", "hls-gmac")
FULL = ("--protection", "authenticated-encryption")


def parameters(*arguments: str, environment: dict[str, str] | None = None) -> AssociationParameters:
    parser = build_parser(COMMANDS)
    options = with_defaults(parser.parse_args([*arguments, "objects"]))
    return parameters_from_options(options, environment or {}, lambda: TITLE)


def keys_file(folder: Path, text: str) -> tuple[str, str]:
    (folder / "keys.toml").write_text(text)
    return "--keys-file", str(folder / "keys.toml")


@pytest.mark.parametrize(
    ("arguments", "protection", "suite"),
    [
        (GMAC, Protection.AUTHENTICATED_ENCRYPTED, 0),
        ((*GMAC, "--protection", "none"), Protection.NONE, 0),
        ((*GMAC, "--protection", "encrypted", "--suite", "1"), Protection.ENCRYPTED, 1),
        (("--auth", "none", "--protection", "authenticated"), Protection.AUTHENTICATED, 0),
    ],
)
def test_what_is_meant_without_being_said(arguments: tuple[str, ...], protection: Protection, suite: int):
    security = parameters(*arguments, environment=KEYS).security
    assert security is not None
    assert (security.protection, security.suite) == (protection, SecuritySuite(suite))
    assert security.client_system_title == TITLE
    assert not security.use_dedicated_key


def test_trial_07_a_chosen_association_object_takes_the_proof():
    chosen = parameters(*GMAC, "--association", "0.0.40.0.1.255", environment=KEYS)
    assert str(chosen.association) == "0.0.40.0.1.255"
    assert parameters(*GMAC, environment=KEYS).association is None


def test_referencing_is_automatic_unless_chosen():
    assert parameters().referencing is Referencing.AUTOMATIC
    assert [parameters("--referencing", name).referencing for name in REFERENCINGS] == list(Referencing)


@pytest.mark.parametrize(
    ("typed", "services"),
    [
        ("001E1D", 0x001E1D),
        ("207e5f", 0x207E5F),
        ("get,set , ACTION", 0x000019),
        ("read,parameterized-access", 0x100020),
        ("block-transfer-with-get-or-read", 0x001000),
    ],
)
def test_services_can_be_chosen(typed: str, services: int):
    assert parameters("--conformance", typed).conformance == services
    assert parameters().conformance == 0x207E5F


@pytest.mark.parametrize("typed", ["", "000000", "800000", "010000", "1E1D", "get,sets", "get,", CANARY])
def test_services_that_are_none_are_refused(typed: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        parameters("--conformance", typed)
    error = capsys.readouterr().err
    assert "six hexadecimal digits" in error
    assert CANARY not in error


def test_keys_in_the_environment_change_nothing_for_plain_clients():
    proposed = parameters("--auth", "lls", environment=KEYS | {"DLMS_PASSWORD": "12345678"})
    assert (proposed.mechanism, proposed.security) == (Mechanism.LLS, None)


def test_titles_without_keys_for_sha256():
    proposed = parameters("--auth", "hls-sha256", environment={"DLMS_HLS_SECRET": "secret"})
    assert proposed.security is not None
    assert not proposed.is_ciphered
    assert not proposed.uses_counter


def test_encryption_alone_needs_no_authentication_key():
    proposed = parameters("--protection", "encrypted", environment={"DLMS_ENCRYPTION_KEY": KEY})
    assert proposed.security is not None
    assert len(proposed.security.authentication_key) == 0


@pytest.mark.parametrize(
    ("secret", "octets"),
    [("text", b"text"), ("0x00ff", b"\x00\xff"), ("0X 00:FF", b"\x00\xff"), (" ", b" "), ("\udcff", b"\xff")],
)
def test_an_hls_secret_is_text_or_0x(secret: str, octets: bytes):
    proposed = parameters("--auth", "hls-md5", environment={"DLMS_HLS_SECRET": secret})
    assert proposed.hls_secret is not None
    assert proposed.hls_secret.reveal() == octets


def test_titles_from_option_file_and_state(tmp_path: Path):
    file = keys_file(tmp_path, 'system_title = "4D4D4D 0000000002"\nmeter_system_title = "4D4D4D0000000003"')
    security = parameters(*GMAC, *file, environment=KEYS).security
    assert security is not None
    assert security.client_system_title == b"MMM\0\0\0\0\2"
    assert security.server_system_title == b"MMM\0\0\0\0\3"
    security = parameters(*GMAC, *file, "--system-title", "4D:4D:4D:00:00:00:00:04", environment=KEYS).security
    assert security is not None
    assert security.client_system_title == b"MMM\0\0\0\0\4"


def test_a_password_in_the_keys_file_comes_behind_its_own_file(tmp_path: Path):
    file = keys_file(tmp_path, 'password = "from keys"')
    (tmp_path / "password").write_text("from file\n")
    environment = {"DLMS_PASSWORD": "from environment"}
    for more, expected in (((), b"from keys"), (("--password-file", str(tmp_path / "password")), b"from file")):
        password = parameters("--auth", "lls", *file, *more, environment=environment).password
        assert password is not None
        assert password.reveal() == expected


@pytest.mark.parametrize("suite", [1, 2])
def test_key_pairs_from_pem_in_the_file_or_beside_it(tmp_path: Path, suite: int):
    (tmp_path / "own.pem").write_text(certificate_pem("client", suite, "434C490000000001"))
    file = keys_file(
        tmp_path,
        f'client_private_key = """{private_pem("client", suite)}"""\nclient_certificate = "own.pem"\n'
        f'meter_public_key = """{certificate_pem("meter", suite, "not a title")}"""\n',
    )
    arguments = () if suite == 1 else ("--suite", "2")
    security = parameters("--auth", "hls-ecdsa", *arguments, *file).security
    assert security is not None
    assert (security.suite, security.protection) == (suite, Protection.NONE)
    assert security.client_system_title == b"CLI\0\0\0\0\1"
    assert security.server_system_title is None
    assert security.key_pairs.certificate


BAD_ENVIRONMENT = [
    (GMAC, {}, "DLMS_ENCRYPTION_KEY"),
    (GMAC, {"DLMS_ENCRYPTION_KEY": KEY}, "DLMS_AUTHENTICATION_KEY"),
    (FULL, {}, "--protection authenticated-encryption needs an encryption key"),
    (GMAC, KEYS | {"DLMS_ENCRYPTION_KEY": KEY[:-1]}, "encryption key is not hexadecimal, or a digit is missing"),
    (GMAC, KEYS | {"DLMS_AUTHENTICATION_KEY": KEY + "XY"}, "authentication key is not hexadecimal"),
    (GMAC, KEYS | {"DLMS_ENCRYPTION_KEY": KEY[:-2]}, "of security suite 0 has 16 octets, not 15"),
    (GMAC, KEYS | {"DLMS_ENCRYPTION_KEY": LONG_KEY}, "16 octets, not 32; see --suite"),
    ((*GMAC, "--suite", "2"), KEYS, "of security suite 2 has 32 octets, not 16"),
    (("--auth", "hls-md5"), {}, "--auth hls-md5 needs a secret"),
    (("--auth", "hls-md5"), {"DLMS_HLS_SECRET": f"0x{CANARY}7"}, "begins with 0x, but is not hexadecimal"),
    (("--auth", "hls-md5"), {"DLMS_HLS_SECRET": "0x"}, "needs a secret"),
    (("--auth", "hls-manufacturer"), {"DLMS_HLS_SECRET": CANARY * 2}, "at most 16 octets"),
    (("--auth", "lls"), {}, "--auth lls needs a password"),
    (("--auth", "hls-ecdsa"), {}, "--keys-file"),
    ((*GMAC, "--sign"), KEYS | {"DLMS_ENCRYPTION_KEY": KEY}, "--sign needs client_private_key and meter_public_key"),
    (("--sign",), KEYS, "--sign needs --protection"),
    (("--envelope", "general"), KEYS, "--envelope needs --protection"),
    ((*GMAC, "--envelope", "general-ciphering", "--dedicated-key"), KEYS, "dedicated key"),
    (("--dedicated-key",), KEYS, "--dedicated-key needs --protection"),
]


@pytest.mark.parametrize(("arguments", "environment", "words"), BAD_ENVIRONMENT)
def test_bad_secrets_are_described_not_repeated(arguments: tuple[str, ...], environment: dict[str, str], words: str):
    with pytest.raises(UsageError) as caught:
        parameters(*arguments, environment=environment)
    assert words in str(caught.value)
    assert CANARY not in str(caught.value)


BAD_FILES = [
    (f"{CANARY}", "not TOML (line 1)"),
    (f"\nencryption_key = {CANARY}", "not TOML (line 2)"),
    (f'{CANARY} = "1"', "1 entries of other names than: password, hls_secret"),
    ("encryption_key = 123", "the value of encryption_key must be a text in quotes"),
    (f'system_title = "{CANARY}"', "system_title in the keys file: a system title is 8 octets"),
    (f'system_title = "{CANARY}{CANARY}"', "a system title is 8 octets"),
    (f'meter_system_title = "{CANARY}XX"', "meter_system_title in the keys file"),
    (f'meter_system_title = "{TITLE.hex()}"', "same system title"),
]


@pytest.mark.parametrize(("text", "words"), BAD_FILES)
def test_bad_keys_files_are_described_not_repeated(tmp_path: Path, text: str, words: str):
    file = keys_file(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        parameters(*GMAC, *file, environment=KEYS)
    assert words in str(caught.value)
    assert CANARY not in str(caught.value)


def test_a_keys_file_that_is_no_text(tmp_path: Path):
    (tmp_path / "keys.toml").write_bytes(b"\xff")
    with pytest.raises(UsageError, match="UTF-8"):
        parameters("--keys-file", str(tmp_path / "keys.toml"))
    with pytest.raises(UsageError, match="keys file cannot be read: No such file"):
        parameters("--keys-file", str(tmp_path / "other.toml"))


PRIVATE, PUBLIC = private_pem("client", 1), public_pem("meter", 1)


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ({"client_private_key": PRIVATE}, "needs client_private_key and meter_public_key"),
        ({"meter_public_key": PUBLIC}, "needs client_private_key and meter_public_key"),
        (
            {"client_private_key": "nowhere.pem", "meter_public_key": PUBLIC},
            "file of client_private_key cannot be read",
        ),
        ({"client_private_key": "a\\u0000b", "meter_public_key": PUBLIC}, "not a file name"),
        ({"client_private_key": PUBLIC, "meter_public_key": PUBLIC}, "client_private_key in the keys file: not a PEM"),
        ({"client_private_key": PRIVATE, "meter_public_key": PRIVATE}, "meter_public_key in the keys file: not a PEM"),
        ({"client_private_key": private_pem("client", 2), "meter_public_key": PUBLIC}, "suite 1 needs a key on"),
        (
            {
                "client_private_key": PRIVATE,
                "meter_public_key": PUBLIC,
                "client_certificate": certificate_pem("another", 1),
            },
            "belongs to another key",
        ),
    ],
)
def test_bad_key_pairs_are_described(tmp_path: Path, entries: dict[str, str], words: str):
    file = keys_file(tmp_path, "\n".join(f'{name} = """{value}"""' for name, value in entries.items()))
    with pytest.raises(UsageError) as caught:
        parameters("--auth", "hls-ecdsa", *file)
    assert words in str(caught.value)
    for line in PRIVATE.splitlines()[1:-1]:
        assert line not in str(caught.value)


@pytest.mark.parametrize(("arguments", "environment", "words"), BAD_ENVIRONMENT)
def test_usage_errors_exit_2_before_anything_is_sent(
    arguments: tuple[str, ...],
    environment: dict[str, str],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert main(["--host", "meter", *arguments, "objects"]) == 2
    output = capsys.readouterr()
    assert words in output.err
    assert CANARY not in output.err + output.out


def test_what_forms_take_the_command_line_takes_too(tmp_path: Path):
    one_line = private_pem("client", 1).replace("\n", " ")
    file = keys_file(
        tmp_path,
        f'client_private_key = "{one_line}"\nmeter_public_key = """{PUBLIC}"""\nsystem_title = "MMM 00-00-BC-61-4E"',
    )
    security = parameters("--auth", "hls-ecdsa", *file).security
    assert security is not None
    assert security.client_system_title == bytes.fromhex("4D4D4D0000BC614E")
    spelt = "–".join(KEY[start : start + 4] for start in range(0, 32, 4))
    gmac = parameters(*GMAC, environment=KEYS | {"DLMS_ENCRYPTION_KEY": spelt}).security
    assert gmac is not None
    assert gmac.global_unicast_encryption_key is not None
    assert gmac.global_unicast_encryption_key.reveal() == bytes.fromhex(KEY)


@pytest.mark.parametrize("empty", ["", " ", "0x"])
def test_a_key_without_digits_is_none(empty: str):
    with pytest.raises(UsageError, match="needs an encryption key"):
        parameters(*FULL, environment=KEYS | {"DLMS_ENCRYPTION_KEY": empty})


# --- envelopes, signatures, keys for one message ------------------------------------------------------------------


def agreement(suite: int = 1, **more: str) -> str:
    keys = {
        "client_agreement_key": private_pem("client agreement", suite),
        "meter_agreement_key": certificate_pem("meter agreement", suite, "4D4D4D0000BC614E"),
    } | more
    return "\n".join(f'{name} = """{value}"""' for name, value in keys.items())


def signing(suite: int = 1) -> str:
    private, public = private_pem("client", suite), public_pem("meter", suite)
    return f'client_private_key = """{private}"""\nmeter_public_key = """{public}"""\n'


@pytest.mark.parametrize("name", ["service-specific", "general", "general-ciphering"])
def test_an_envelope_has_its_name(name: str):
    security = parameters(*GMAC, "--envelope", name, environment=KEYS).security
    assert security is not None
    assert security.envelope is Envelope(name)
    assert security.key_info is KeyInfoKind.IDENTIFIED
    assert not security.sign


def test_messages_are_signed_with_the_keys_of_the_file(tmp_path: Path):
    file = keys_file(tmp_path, signing())
    security = parameters(*GMAC, "--sign", *file, environment=KEYS).security
    assert security is not None
    assert (security.sign, security.suite) == (True, SecuritySuite.SUITE_1)
    assert security.key_pairs.signing_key is not None
    assert security.key_pairs.server_signing_key is not None


@pytest.mark.parametrize(
    ("entries", "kind"),
    [(agreement(), KeyInfoKind.AGREED_STATIC), (agreement() + "\n" + signing(), KeyInfoKind.AGREED_ONE_PASS)],
    ids=["static", "one pass"],
)
def test_keys_for_one_message_are_agreed_where_the_file_has_what_it_takes(
    tmp_path: Path, entries: str, kind: KeyInfoKind
):
    file = keys_file(tmp_path, entries)
    security = parameters(*GMAC, "--envelope", "general-ciphering", *file, environment=KEYS).security
    assert security is not None
    assert (security.key_info, security.suite) == (kind, SecuritySuite.SUITE_1)
    assert security.key_pairs.agreement_key is not None
    assert security.server_system_title == bytes.fromhex("4D4D4D0000BC614E")


def test_a_master_key_wraps_keys_for_one_message(tmp_path: Path):
    file = keys_file(tmp_path, f'master_key = "{KEY}"')
    security = parameters(*GMAC, "--envelope", "general-ciphering", *file, environment=KEYS).security
    assert security is not None
    assert security.key_info is KeyInfoKind.WRAPPED
    assert security.master_key is not None
    other = parameters(*GMAC, *file, environment=KEYS).security
    assert other is not None
    assert other.master_key is None


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        (f'client_agreement_key = """{private_pem("client agreement", 1)}"""', "meter_agreement_key in --keys-file"),
        (agreement(client_agreement_key=public_pem("client agreement", 1)), "client_agreement_key in the keys file"),
        (agreement(meter_agreement_key=private_pem("meter agreement", 1)), "meter_agreement_key in the keys file"),
        (agreement(meter_agreement_key=public_pem("meter agreement", 1)), "set meter_system_title in --keys-file"),
        (f'master_key = "{CANARY}"', "the master key of security suite 0 has 16 octets"),
    ],
    ids=["one key", "public", "private", "no title", "short"],
)
def test_what_is_missing_for_keys_of_one_message_is_said(tmp_path: Path, entries: str, words: str):
    file = keys_file(tmp_path, entries)
    with pytest.raises(UsageError) as refused:
        parameters(*GMAC, "--envelope", "general-ciphering", *file, environment=KEYS)
    assert words in str(refused.value)
    assert CANARY not in str(refused.value)


# --- listening ------------------------------------------------------------------------------------------------------


def listening(*arguments: str, environment: dict[str, str] | None = None) -> SecuritySettings | None:
    options = with_defaults(build_parser(COMMANDS).parse_args([*arguments, "listen"]))
    return listening_settings(options, environment or {}, lambda: TITLE)


@pytest.mark.parametrize("arguments", [(), ("--suite", "0"), ("--protection", "none")])
def test_without_keys_nothing_is_opened(arguments: tuple[str, ...]):
    assert listening(*arguments) is None


def test_keys_open_what_is_authenticated_and_encrypted_unless_something_else_is_said():
    usual = listening(environment=KEYS)
    assert usual is not None
    assert (usual.protection, usual.suite) == (Protection.AUTHENTICATED_ENCRYPTED, SecuritySuite.SUITE_0)
    assert usual.server_system_title is None
    other = listening("--protection", "encrypted", environment={"DLMS_ENCRYPTION_KEY": KEY})
    assert other is not None
    assert other.protection is Protection.ENCRYPTED
    assert listening("--protection", "none", environment=KEYS) is None


def test_of_one_meter_only_where_the_file_names_its_title(tmp_path: Path):
    found = listening(*keys_file(tmp_path, 'meter_system_title = "4D4D4D0000BC614E"'), environment=KEYS)
    assert found is not None
    assert found.server_system_title == bytes.fromhex("4D4D4D0000BC614E")


@pytest.mark.parametrize(
    ("arguments", "environment", "words"),
    [
        ((), {"DLMS_ENCRYPTION_KEY": KEY}, "--protection authenticated-encryption needs an authentication key"),
        (("--protection", "encrypted"), {}, "--protection encrypted needs an encryption key"),
    ],
)
def test_a_key_that_is_missing_for_listening_is_named(
    arguments: tuple[str, ...], environment: dict[str, str], words: str
):
    with pytest.raises(UsageError, match=words):
        listening(*arguments, environment=environment)
