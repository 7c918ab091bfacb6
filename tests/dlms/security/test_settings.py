"""Security settings refuse what cannot work, before anything is sent."""

import pytest

from custom_components.cosem.dlms.errors import LocalProtocolError, SystemTitleMismatch
from custom_components.cosem.dlms.security.key_pairs import generate_key_pair
from custom_components.cosem.dlms.security.keys import Secret
from custom_components.cosem.dlms.security.settings import (
    Envelope,
    KeyInfoKind,
    KeyPairs,
    SecuritySettings,
    check_server_title,
)
from custom_components.cosem.dlms.security.suite import Protection, SecuritySuite

CLIENT, SERVER = bytes.fromhex("4D4D4D0000000001"), bytes.fromhex("4D4D4D0000BC614E")
KEY, LONG_KEY = Secret(bytes(range(16))), Secret(bytes(range(32)))


def settings(**changes):
    values = {"client_system_title": CLIENT, "global_unicast_encryption_key": KEY, "authentication_key": KEY}
    return SecuritySettings(**(values | changes))


def pairs(*names):
    made = generate_key_pair(SecuritySuite.SUITE_1)
    return KeyPairs(**{name: made.public_key if name.startswith("server") else made for name in names})


@pytest.mark.parametrize(
    "changes",
    [
        {"client_system_title": b"short"},
        {"server_system_title": b"short"},
        {"server_system_title": CLIENT},
        {"global_unicast_encryption_key": LONG_KEY},
        {"global_unicast_encryption_key": None},
        {"authentication_key": LONG_KEY},
        {"master_key": LONG_KEY},
        {"suite": SecuritySuite.SUITE_2},
        {"envelope": Envelope.GENERAL_CIPHERING, "key_info": KeyInfoKind.WRAPPED},
        {"envelope": Envelope.GENERAL_CIPHERING, "use_dedicated_key": True},
        {
            "envelope": Envelope.GENERAL_CIPHERING,
            "key_info": KeyInfoKind.WRAPPED,
            "master_key": KEY,
            "authenticate_header": False,
        },
        {
            "envelope": Envelope.GENERAL_CIPHERING,
            "key_info": KeyInfoKind.AGREED_ONE_PASS,
            "suite": SecuritySuite.SUITE_1,
            "key_pairs": pairs("signing_key", "agreement_key", "server_signing_key", "server_agreement_key"),
            "authenticate_header": False,
        },
        {"protection": Protection.NONE, "use_dedicated_key": True},
        {"protection": Protection.AUTHENTICATED, "accept_unverified": True},
        {"sign": True, "suite": SecuritySuite.SUITE_1},
        {"sign": True, "suite": SecuritySuite.SUITE_1, "key_pairs": pairs("signing_key")},
        {"envelope": Envelope.GENERAL_CIPHERING, "key_info": KeyInfoKind.AGREED_STATIC},
        {
            "envelope": Envelope.GENERAL_CIPHERING,
            "key_info": KeyInfoKind.AGREED_ONE_PASS,
            "suite": SecuritySuite.SUITE_1,
            "key_pairs": pairs("agreement_key", "server_agreement_key"),
        },
        {
            "envelope": Envelope.GENERAL_CIPHERING,
            "key_info": KeyInfoKind.AGREED_ONE_PASS,
            "suite": SecuritySuite.SUITE_1,
            "key_pairs": pairs("agreement_key", "server_agreement_key", "signing_key"),
        },
    ],
)
def test_contradictions_are_refused(changes):
    with pytest.raises(LocalProtocolError):
        settings(**changes)


def test_a_missing_authentication_key_is_a_setting_of_its_own():
    assert len(SecuritySettings(client_system_title=CLIENT, global_unicast_encryption_key=KEY).authentication_key) == 0


def test_without_ciphering_no_key_is_needed():
    plain = SecuritySettings(client_system_title=CLIENT, protection=Protection.NONE, server_system_title=SERVER)
    assert not plain.is_ciphered


@pytest.mark.parametrize(
    ("changes", "sent", "expected"),
    [
        ({}, 0x30, 0x30),
        ({"protection": Protection.AUTHENTICATED}, 0x10, 0x10),
        ({"protection": Protection.ENCRYPTED, "suite": SecuritySuite.SUITE_1}, 0x21, 0x21),
        ({"accept_unverified": True, "authentication_key": Secret(b"")}, 0x20, 0x30),
        (
            {
                "suite": SecuritySuite.SUITE_2,
                "global_unicast_encryption_key": LONG_KEY,
                "authentication_key": LONG_KEY,
            },
            0x32,
            0x32,
        ),
    ],
)
def test_s11_the_control_octet_follows_from_the_settings(changes, sent, expected):
    made = settings(**changes)
    assert made.sent_control.raw == sent
    assert made.expected_control.raw == expected


def test_s27_settings_show_no_keys():
    shown = repr(settings(master_key=Secret(b"sixteen octets!!")))
    assert "sixteen" not in shown
    assert "\\x01\\x02\\x03" not in shown


def test_s13_the_meters_title_is_the_told_one_or_the_pinned_one():
    assert check_server_title(SERVER, CLIENT, None) == SERVER
    assert check_server_title(None, CLIENT, SERVER) == SERVER
    assert check_server_title(SERVER, CLIENT, SERVER) == SERVER


@pytest.mark.parametrize(
    ("told", "pinned"),
    [(None, None), (SERVER[:7], None), (SERVER + b"x", None), (CLIENT, None), (SERVER, b"MMM\0\0\0\0\2")],
    ids=str,
)
def test_s13_any_other_title_is_refused(told, pinned):
    with pytest.raises(SystemTitleMismatch):
        check_server_title(told, CLIENT, pinned)


def test_agreed_keys_need_the_meters_title():
    """It is part of what the key is derived from, also for the AARQ, before the meter could tell it."""
    changes = {
        "suite": SecuritySuite.SUITE_1,
        "envelope": Envelope.GENERAL_CIPHERING,
        "key_info": KeyInfoKind.AGREED_STATIC,
        "key_pairs": pairs("agreement_key", "server_agreement_key"),
    }
    with pytest.raises(LocalProtocolError, match="system title"):
        settings(**changes)
    assert settings(server_system_title=SERVER, **changes).is_ciphered


def test_without_ciphering_nothing_is_added():
    assert settings(protection=Protection.NONE).overhead == 0


ALL_PAIRS = ("signing_key", "agreement_key", "server_signing_key", "server_agreement_key")
GENERAL = {"envelope": Envelope.GENERAL_CIPHERING, "suite": SecuritySuite.SUITE_1, "server_system_title": SERVER}
WRAPPED, ONE_PASS, STATIC = (
    {**GENERAL, "key_info": kind, "key_pairs": pairs(*ALL_PAIRS)}
    for kind in (KeyInfoKind.WRAPPED, KeyInfoKind.AGREED_ONE_PASS, KeyInfoKind.AGREED_STATIC)
)

SIGNED = {"suite": SecuritySuite.SUITE_1, "sign": True, "key_pairs": pairs(*ALL_PAIRS)}


def without(name):
    return pairs(*(each for each in ALL_PAIRS if each != name))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"global_unicast_encryption_key": None}, "need a global unicast encryption key$"),
        (WRAPPED, "need a master key$"),
        ({**SIGNED, "key_pairs": without("signing_key")}, "need a signing key$"),
        ({**SIGNED, "key_pairs": without("server_signing_key")}, "need the meter's public signing key$"),
        ({**ONE_PASS, "key_pairs": without("signing_key")}, "need a signing key$"),
        ({**ONE_PASS, "key_pairs": without("server_signing_key")}, "need the meter's public signing key$"),
        ({**ONE_PASS, "key_pairs": without("agreement_key")}, "need a key agreement key$"),
        ({**STATIC, "key_pairs": without("agreement_key")}, "need a key agreement key$"),
        ({**STATIC, "key_pairs": without("server_agreement_key")}, "need the meter's public key agreement key$"),
        ({**STATIC, "server_system_title": None}, "need the meter's system title$"),
        ({**WRAPPED, "master_key": KEY, "authenticate_header": False}, "header authenticated or signed"),
        ({**ONE_PASS, "authenticate_header": False}, "header authenticated or signed"),
        ({"global_unicast_encryption_key": LONG_KEY}, "the global unicast encryption key of .* not 32$"),
        ({"master_key": LONG_KEY}, "the master key of .* not 32$"),
        ({"authentication_key": LONG_KEY}, "the authentication key of .* not 32$"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_what_is_missing_or_wrong_is_named(changes, words):
    with pytest.raises(LocalProtocolError, match=words):
        settings(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"use_dedicated_key": True},
        {"key_info": KeyInfoKind.WRAPPED},
        {"key_info": KeyInfoKind.WRAPPED, "authenticate_header": False},
        {"key_info": KeyInfoKind.AGREED_ONE_PASS},
        {"key_info": KeyInfoKind.AGREED_STATIC},
        {"envelope": Envelope.GENERAL_CIPHERING},
        {"envelope": Envelope.GENERAL_CIPHERING, "authenticate_header": False},
        {**STATIC, "authenticate_header": False},
        {**STATIC, "key_pairs": pairs("agreement_key", "server_agreement_key")},
        {**WRAPPED, "key_pairs": KeyPairs(), "master_key": KEY},
        {**WRAPPED, "master_key": KEY, "authenticate_header": False, "sign": True},
        {**ONE_PASS, "authenticate_header": False, "sign": True},
    ],
    ids=" ".join,
)
def test_nothing_is_asked_for_that_the_settings_do_not_use(changes):
    assert settings(**changes).is_ciphered


HEADER = (1 + 8) + (1 + 8) + (1 + 8) + (1 + 12) + 1
CONTENT = 1 + 3 + 1 + 4 + 12


@pytest.mark.parametrize(
    ("changes", "octets"),
    [
        ({"protection": Protection.NONE}, 0),
        ({}, CONTENT),
        ({"envelope": Envelope.GENERAL}, CONTENT + 9),
        ({"envelope": Envelope.GENERAL_CIPHERING}, CONTENT + HEADER + 4),
        ({**WRAPPED, "master_key": KEY}, CONTENT + HEADER + 4 + 3 + 24),
        (ONE_PASS, CONTENT + HEADER + 4 + 3 + 64 + 64),
        (STATIC, CONTENT + HEADER + 4),
        (SIGNED, CONTENT + HEADER + 3 + 3 + 64),
        ({**STATIC, "sign": True}, CONTENT + HEADER + 4 + HEADER + 3 + 3 + 64),
        ({"envelope": Envelope.GENERAL, **SIGNED}, CONTENT + 9 + HEADER + 3 + 3 + 64),
    ],
    ids=lambda value: str(value) if isinstance(value, int) else " ".join(value),
)
def test_the_overhead_is_that_of_every_field_at_its_longest(changes, octets):
    assert settings(**changes).overhead == octets


def test_unless_told_otherwise_the_usual_envelope_key_and_header_are_used():
    made = settings()
    assert made.envelope is Envelope.SERVICE_SPECIFIC
    assert made.key_info is KeyInfoKind.IDENTIFIED
    assert made.authenticate_header
    assert made.key_pairs.certificate == b""


def test_envelopes_and_kinds_of_keys_keep_the_names_that_are_stored():
    assert [envelope.value for envelope in Envelope] == ["service-specific", "general", "general-ciphering"]
    assert [kind.value for kind in KeyInfoKind] == ["identified", "wrapped", "agreed-one-pass", "agreed-static"]
