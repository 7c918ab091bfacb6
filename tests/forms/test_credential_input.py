"""Forms with credentials: whatever they accept can be proposed, whatever they refuse is said at its field."""

from typing import Any

import pytest

from custom_components.cosem.forms.credential_input import (
    CredentialInput,
    new_system_title,
    read_credentials,
    without_sections,
)
from custom_components.cosem.meter.credentials import CREDENTIAL_FIELDS, SECRET_FIELDS, association_parameters
from tests.forms.test_texts import INPUT_ERRORS
from tests.key_material import certificate_pem, private_pem, public_pem

KEY = "8A23423BEF4C57D1906611AA7F0C3E5D"
OTHER_KEY = "D3E0C5B2A1F498671023344556A7B8C9"
EXAMPLE_KEY = "000102030405060708090A0B0C0D0E0F"
OWN_TITLE = "4841530102030405"
METER_TITLE = "4D4D4D0000BC614E"
KEYS = {
    "mechanism": "hls-gmac",
    "encryption_key": KEY,
    "authentication_key": OTHER_KEY,
    "security_suite": 0,
    "protection": "authenticated_encryption",
}
CERTIFICATE = {
    "client_private_key": private_pem("client", 1),
    "meter_public_key": public_pem("meter", 1),
    "security_suite": 1,
}


def without(fields: dict[str, Any], *names: str) -> dict[str, Any]:
    """These fields but for some."""
    return {name: value for name, value in fields.items() if name not in names}


def accepted(kind: str, typed: dict[str, Any], known: dict[str, Any] | None = None) -> CredentialInput:
    """Read a form that is right; what comes out can be proposed as it is."""
    read = read_credentials(kind, typed, known or {})
    assert read.errors == {}
    assert read.credentials.keys() <= set(CREDENTIAL_FIELDS[kind])
    data = {"authentication": kind, "client_wport": 1, "server_wport": 1, "password": "x", **read.credentials}
    association_parameters(data)
    return read


def refused(kind: str, typed: dict[str, Any], known: dict[str, Any] | None = None) -> dict[str, str]:
    """Read a form that is wrong; nobody sees what was typed."""
    read = read_credentials(kind, typed, known or {})
    assert read.errors
    assert set(read.errors.values()) <= INPUT_ERRORS  # there is a sentence for each
    for name, value in typed.items():
        if name in SECRET_FIELDS and value:
            assert value not in repr(read)
    return read.errors


def test_sections_are_part_of_the_form():
    assert without_sections({"a": 1, "advanced": {"b": 2}, "other": {"c": 3}}) == {"a": 1, "b": 2, "c": 3}


def test_new_system_title_has_three_letters_and_is_new():
    titles = {new_system_title() for _ in range(100)}
    assert len(titles) == 100
    assert all(title.startswith(b"HAS".hex()) and len(title) == 16 for title in titles)


# --- HLS secret -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mechanism", ["hls-manufacturer", "hls-md5", "hls-sha1"])
def test_secret_needs_no_titles(mechanism: str):
    typed = {"mechanism": mechanism, "hls_secret": "Secret 1", "system_title": OWN_TITLE}
    assert accepted("hls_secret", typed).credentials == {"mechanism": mechanism, "hls_secret": "Secret 1"}


def test_secret_with_sha256_gets_a_title_that_is_kept():
    typed = {"mechanism": "hls-sha256", "hls_secret": "Secret 1"}
    credentials = accepted("hls_secret", typed).credentials
    assert credentials.keys() == {"mechanism", "hls_secret", "system_title"}
    again = accepted("hls_secret", {"mechanism": "hls-sha256"}, credentials).credentials
    assert again == credentials
    typed |= {"system_title": "HAS 01 02030405", "meter_system_title": METER_TITLE}
    credentials = accepted("hls_secret", typed, credentials).credentials
    assert (credentials["system_title"], credentials["meter_system_title"]) == (OWN_TITLE, METER_TITLE)


@pytest.mark.parametrize("mechanism", ["hls-md5", "hls-sha256"])
def test_secret_with_protection_of_messages(mechanism: str):
    typed = KEYS | {"mechanism": mechanism, "hls_secret": "Secret 1", "system_title": OWN_TITLE}
    credentials = accepted("hls_secret", typed).credentials
    assert credentials == {
        **typed,
        "dedicated_key": False,
        "counter_logical_name": "0.0.43.1.0.255",
    }
    assert refused("hls_secret", without(typed, "encryption_key")) == {"encryption_key": "encryption_key_missing"}


def test_wrong_secret():
    assert refused("hls_secret", {"mechanism": "hls-md5"}) == {"hls_secret": "hls_secret_missing"}
    assert refused("hls_secret", {"mechanism": "hls-md5", "hls_secret": "0xzz"}) == {"hls_secret": "secret_not_hex"}
    read = read_credentials("hls_secret", {"mechanism": "hls-manufacturer", "hls_secret": KEY}, {})
    assert (read.errors, read.octets) == ({"hls_secret": "secret_length"}, 16)
    accepted("hls_secret", {"mechanism": "hls-manufacturer", "hls_secret": f"0x{KEY}"})


def test_lengths_of_secret_and_key_are_told_apart_where_both_are_wrong():
    typed = {"mechanism": "hls-md5", "hls_secret": "x" * 65, "protection": "encrypted", "security_suite": 0}
    read = read_credentials("hls_secret", typed | {"encryption_key": "12"}, {})
    assert (read.errors, read.octets) == ({"hls_secret": "secret_length", "encryption_key": "key_length"}, 64)


# --- Keys -------------------------------------------------------------------------------------------------------------


def test_keys_in_their_usual_form():
    read = accepted("keys", KEYS)
    assert read.doubts == ()
    assert not read.needs_password
    assert without(read.credentials, "system_title") == {
        **KEYS,
        "dedicated_key": False,
        "counter_logical_name": "0.0.43.1.0.255",
        "accept_unverified": False,
    }


@pytest.mark.parametrize("suite", [0, 1, 2])
@pytest.mark.parametrize("mechanism", ["hls-gmac", "lls", "none"])
@pytest.mark.parametrize("protection", ["authenticated_encryption", "authenticated", "encrypted", "none"])
@pytest.mark.parametrize("dedicated_key", [True, False])
def test_every_combination_works_or_is_refused(suite: int, mechanism: str, protection: str, dedicated_key: bool):
    times = 2 if suite == 2 else 1
    typed = KEYS | {"encryption_key": KEY * times, "authentication_key": OTHER_KEY * times, "security_suite": suite}
    typed |= {"mechanism": mechanism, "protection": protection, "dedicated_key": dedicated_key}
    if protection == "none" and mechanism != "hls-gmac":
        assert refused("keys", typed) == {"base": "keys_without_use"}
        return
    read = accepted("keys", typed)
    assert read.needs_password == (mechanism == "lls")
    assert read.credentials["dedicated_key"] == (dedicated_key and protection != "none")


def test_missing_keys():
    assert refused("keys", without(KEYS, "encryption_key", "authentication_key")) == {
        "encryption_key": "encryption_key_missing",
        "authentication_key": "authentication_key_missing",
    }
    plain = without(KEYS, "authentication_key") | {"mechanism": "none"}
    assert refused("keys", plain) == {"authentication_key": "authentication_key_missing"}
    for protection in ("encrypted", "none"):
        typed = without(KEYS, "authentication_key") | {"protection": protection}
        assert refused("keys", typed) == {"authentication_key": "authentication_key_missing"}
    accepted("keys", plain | {"protection": "encrypted"})


def test_wrong_keys():
    typed = KEYS | {"encryption_key": KEY[:-2], "authentication_key": "not a key"}
    assert refused("keys", typed) == {"encryption_key": "key_length", "authentication_key": "not_hex"}
    read = read_credentials("keys", KEYS | {"authentication_key": "12"}, {})
    assert read.errors == {"authentication_key": "key_length"}
    assert read.credentials["encryption_key"] == KEY  # what was right need not be typed again


def test_empty_secrets_keep_what_is_known():
    known = {"encryption_key": KEY, "authentication_key": OTHER_KEY, "system_title": OWN_TITLE, "password": "simulated"}
    typed = without(KEYS, "encryption_key") | {"authentication_key": EXAMPLE_KEY[::-1]}
    credentials = accepted("keys", typed, known).credentials
    assert credentials["encryption_key"] == KEY
    assert credentials["authentication_key"] == EXAMPLE_KEY[::-1]
    assert credentials["system_title"] == OWN_TITLE
    assert "password" not in credentials
    credentials = accepted("keys", typed | {"mechanism": "lls"}, known).credentials
    assert credentials["password"] == "simulated"
    assert refused("keys", typed | {"security_suite": 2, "authentication_key": ""}, known) == {
        "encryption_key": "key_length",
        "authentication_key": "key_length",
    }


def test_titles_of_both():
    typed = KEYS | {"system_title": "HAS0102030405", "meter_system_title": "4d4d4d0000bc614e"}
    credentials = accepted("keys", typed, {"system_title": "0" * 16}).credentials
    assert (credentials["system_title"], credentials["meter_system_title"]) == (OWN_TITLE, METER_TITLE)
    assert refused("keys", KEYS | {"system_title": "HAS", "meter_system_title": "?"}) == {
        "system_title": "invalid_system_title",
        "meter_system_title": "invalid_system_title",
    }
    assert refused("keys", KEYS | {"system_title": METER_TITLE, "meter_system_title": METER_TITLE}) == {
        "meter_system_title": "equal_system_titles"
    }


@pytest.mark.parametrize("kind", ["keys", "hls_secret"])
def test_trial_07_an_association_object_can_be_chosen(kind: str):
    typed = KEYS if kind == "keys" else {"mechanism": "hls-md5", "hls_secret": "Secret 1"}
    assert "association_object" not in accepted(kind, typed | {"association_object": ""}).credentials
    chosen = accepted(kind, typed | {"association_object": "0-0:40.0.1"}).credentials
    assert chosen["association_object"] == "0.0.40.0.1.255"
    assert refused(kind, typed | {"association_object": "40"}) == {"association_object": "invalid_association_object"}


def test_invocation_counter():
    credentials = accepted("keys", KEYS | {"counter_logical_name": "0-0:43.1.1", "counter_start": 0}).credentials
    assert (credentials["counter_logical_name"], credentials["counter_start"]) == ("0.0.43.1.1.255", 0)
    assert refused("keys", KEYS | {"counter_logical_name": "43.1.0"}) == {
        "counter_logical_name": "invalid_counter_logical_name"
    }
    assert accepted("keys", KEYS | {"counter_logical_name": ""}).credentials["counter_logical_name"] == "0.0.43.1.0.255"


@pytest.mark.parametrize(
    ("changes", "doubts"),
    [
        ({"encryption_key": EXAMPLE_KEY}, ("example_keys",)),
        ({"authentication_key": "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"}, ("example_keys",)),
        ({"authentication_key": "00" * 16}, ("example_keys",)),
        ({"encryption_key": EXAMPLE_KEY, "authentication_key": EXAMPLE_KEY}, ("example_keys",)),
        ({"authentication_key": KEY}, ("equal_keys",)),
        (
            {"security_suite": 2, "encryption_key": bytes(range(32)).hex(), "authentication_key": KEY * 2},
            ("example_keys",),
        ),
        ({}, ()),
    ],
)
def test_s32_public_and_equal_keys_are_doubted(changes: dict[str, Any], doubts: tuple[str, ...]):
    assert accepted("keys", KEYS | changes).doubts == doubts


def test_s17_decrypting_without_verifying_goes_without_the_authentication_key_only():
    typed = without(KEYS, "authentication_key") | {"mechanism": "none", "accept_unverified": True}
    known = {"authentication_key": OTHER_KEY}
    for read in (
        accepted("keys", typed),
        accepted("keys", typed, known),
        accepted("keys", typed | {"mechanism": "lls"}),
    ):
        assert read.credentials["accept_unverified"]
        assert "authentication_key" not in read.credentials
    field = "accept_unverified"
    assert refused("keys", typed | {"authentication_key": OTHER_KEY}) == {field: "unverified_with_key"}
    assert refused("keys", typed | {"protection": "encrypted"}) == {field: "unverified_without_encryption"}
    assert refused("keys", typed | {"protection": "authenticated"}) == {field: "unverified_without_encryption"}
    assert refused("keys", typed | {"mechanism": "hls-gmac"})[field] == "unverified_with_gmac"


# --- Certificates -----------------------------------------------------------------------------------------------------


def test_key_pairs_without_protection_of_messages():
    credentials = accepted("certificate", CERTIFICATE | {"encryption_key": KEY, "dedicated_key": True}).credentials
    assert without(credentials, "system_title") == {**CERTIFICATE, "protection": "none", "dedicated_key": False}


@pytest.mark.parametrize("suite", [1, 2])
def test_key_pairs_with_protection_of_messages(suite: int):
    typed = {
        "client_private_key": private_pem("client", suite).replace("\n", ""),
        "client_certificate": certificate_pem("client", suite),
        "meter_public_key": certificate_pem("meter", suite),
        "security_suite": suite,
        "protection": "authenticated",
        "encryption_key": KEY * suite,
        "authentication_key": OTHER_KEY * suite,
        "dedicated_key": True,
    }
    credentials = accepted("certificate", typed).credentials
    assert credentials["client_private_key"] == private_pem("client", suite)
    assert credentials["counter_logical_name"] == "0.0.43.1.0.255"
    assert credentials["dedicated_key"]


def test_title_comes_from_the_certificate_unless_it_is_typed():
    typed = CERTIFICATE | {"client_certificate": certificate_pem("client", 1, METER_TITLE)}
    assert accepted("certificate", typed).credentials["system_title"] == METER_TITLE
    known = {"system_title": OWN_TITLE}
    assert accepted("certificate", typed, known).credentials["system_title"] == METER_TITLE
    shown = typed | {"system_title": OWN_TITLE}  # the form showed it, nobody typed it
    assert accepted("certificate", shown, known).credentials["system_title"] == METER_TITLE
    assert accepted("certificate", shown).credentials["system_title"] == OWN_TITLE
    assert accepted("certificate", CERTIFICATE, known).credentials["system_title"] == OWN_TITLE


def test_wrong_key_pairs():
    assert refused("certificate", {"security_suite": 1, "protection": "encrypted"}) == {
        "client_private_key": "client_private_key_missing",
        "meter_public_key": "meter_public_key_missing",
        "encryption_key": "encryption_key_missing",
    }
    assert refused("certificate", CERTIFICATE | {"security_suite": 2}) == {
        "client_private_key": "key_of_other_suite",
        "meter_public_key": "key_of_other_suite",
    }
    other = CERTIFICATE | {"client_certificate": certificate_pem("meter", 1)}
    assert refused("certificate", other) == {"client_certificate": "certificate_of_other_key"}
    typed = CERTIFICATE | {"client_private_key": "", "client_certificate": "nonsense", "meter_public_key": "nonsense"}
    known = {"client_private_key": CERTIFICATE["client_private_key"]}
    assert refused("certificate", typed, known) == {
        "client_certificate": "not_a_certificate",
        "meter_public_key": "not_a_public_key",
    }


def test_s27_what_was_read_shows_no_secret():
    read = accepted("keys", KEYS)
    assert KEY not in repr(read)
    assert OTHER_KEY not in repr(read)


# --- Envelope and signatures ------------------------------------------------------------------------------------------

PAIR = without(CERTIFICATE, "security_suite")


@pytest.mark.parametrize("kind", ["keys", "hls_secret", "certificate"])
@pytest.mark.parametrize("envelope", ["service-specific", "general", "general-ciphering"])
def test_envelope_is_kept_unless_it_is_the_usual_one(kind: str, envelope: str):
    typed = {**KEYS, **CERTIFICATE, "hls_secret": "secret", "envelope": envelope}
    if kind == "hls_secret":
        typed["mechanism"] = "hls-md5"
    read = accepted(kind, typed)
    assert read.credentials.get("envelope") == (None if envelope == "service-specific" else envelope)
    security = association_parameters(
        {"authentication": kind, "client_wport": 1, "server_wport": 1, **read.credentials}
    ).security
    assert security is not None
    assert security.envelope.value == envelope


def test_an_envelope_needs_something_in_it():
    typed = {"mechanism": "hls-md5", "hls_secret": "secret", "protection": "none", "security_suite": 0}
    assert accepted("hls_secret", typed | {"envelope": "service-specific"}).credentials.keys() == {
        "mechanism",
        "hls_secret",
    }
    # Without protection nothing of that section counts.
    assert "envelope" not in accepted("hls_secret", typed | {"envelope": "general"}).credentials
    wrong = refused("certificate", CERTIFICATE | {"protection": "none", "envelope": "general"})
    assert wrong == {"envelope": "envelope_without_protection"}


def test_general_ciphering_knows_no_dedicated_key():
    typed = KEYS | {"envelope": "general-ciphering", "dedicated_key": True}
    assert refused("keys", typed) == {"dedicated_key": "dedicated_key_with_envelope"}
    assert accepted("keys", typed | {"envelope": "general"}).credentials["dedicated_key"]


def test_signing_with_keys_takes_a_pair_of_its_own():
    typed = KEYS | PAIR | {"security_suite": 1, "sign": True, "client_certificate": certificate_pem("client", 1)}
    read = accepted("keys", typed)
    assert read.credentials["sign"] is True
    assert read.credentials["client_private_key"] == CERTIFICATE["client_private_key"]
    security = association_parameters(
        {"authentication": "keys", "client_wport": 1, "server_wport": 1, **read.credentials}
    ).security
    assert security is not None
    assert security.sign
    assert security.key_pairs.signing_key is not None
    again = accepted("keys", without(typed, "client_private_key"), read.credentials)
    assert again.credentials["client_private_key"] == CERTIFICATE["client_private_key"], "it is known"


def test_whoever_does_not_sign_keeps_no_pair():
    read = accepted("keys", KEYS | PAIR | {"security_suite": 1, "sign": False})
    assert not read.credentials.keys() & {"sign", *PAIR}


def test_signing_needs_a_suite_with_signatures_a_pair_and_protection():
    typed = KEYS | {"sign": True}
    assert refused("keys", typed | PAIR) == {"sign": "sign_with_suite_0"}
    assert refused("keys", typed | {"security_suite": 1}) == {
        "client_private_key": "client_private_key_missing",
        "meter_public_key": "meter_public_key_missing",
    }
    wrong = refused("keys", typed | PAIR | {"security_suite": 1, "protection": "none"})
    assert wrong == {"sign": "sign_without_protection"}


def test_signing_with_a_certificate_takes_the_pair_of_the_login():
    typed = CERTIFICATE | {"sign": True, "protection": "authenticated"}
    typed |= {"encryption_key": KEY, "authentication_key": OTHER_KEY}
    assert accepted("certificate", typed).credentials["sign"] is True
    assert refused("certificate", typed | {"protection": "none"}) == {"sign": "sign_without_protection"}
