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
    ("told", "pinned"), [(None, None), (SERVER[:7], None), (CLIENT, None), (SERVER, b"MMM\0\0\0\0\2")], ids=str
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
