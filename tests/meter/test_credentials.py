"""What is proposed to the meter, from the data of an entry: exactly what was chosen."""

from typing import Any

import pytest

from custom_components.cosem.const import AUTHENTICATIONS
from custom_components.cosem.dlms import Envelope, LocalProtocolError, Mechanism, ProofForm, Protection, SecuritySuite
from custom_components.cosem.meter.credentials import (
    CREDENTIAL_FIELDS,
    SECRET_FIELDS,
    association_parameters,
    credentials_of,
    object_names,
)
from tests.key_material import certificate_pem, key_pair, private_pem, public_pem

CONNECTION = {"host": "192.0.2.7", "port": 4059, "preset": "generic", "client_wport": 1, "server_wport": 17}
KEY = "8A23423BEF4C57D1906611AA7F0C3E5D"
OTHER_KEY = "D3E0C5B2A1F498671023344556A7B8C9"
OWN_TITLE = "4841530102030405"
METER_TITLE = "4D4D4D0000BC614E"
KEYS = {
    "authentication": "keys",
    "mechanism": "hls-gmac",
    "encryption_key": KEY,
    "authentication_key": OTHER_KEY,
    "security_suite": 0,
    "protection": "authenticated_encryption",
    "dedicated_key": False,
    "system_title": OWN_TITLE,
    "counter_logical_name": "0.0.43.1.0.255",
    "accept_unverified": False,
}
CERTIFICATE = {
    "authentication": "certificate",
    "client_private_key": private_pem("client", 1),
    "meter_public_key": public_pem("meter", 1),
    "security_suite": 1,
    "protection": "none",
    "dedicated_key": False,
    "system_title": OWN_TITLE,
}


def data(**credentials: Any) -> dict[str, Any]:
    """The data of an entry."""
    return {**CONNECTION, **credentials}


def test_s20_no_authentication_only_where_it_was_chosen():
    stored = data(
        authentication="none", password="left over", **{k: v for k, v in KEYS.items() if k != "authentication"}
    )
    parameters = association_parameters(stored)
    assert (parameters.client_wport, parameters.server_wport) == (1, 17)
    assert parameters.mechanism is Mechanism.NONE
    assert (parameters.password, parameters.hls_secret, parameters.security) == (None, None, None)
    assert credentials_of(stored) == {}


def test_s20_password_only_where_it_was_chosen():
    parameters = association_parameters(data(authentication="password", password="Pässword"))
    assert parameters.mechanism is Mechanism.LLS
    assert parameters.password is not None
    assert parameters.password.reveal() == "Pässword".encode()
    assert (parameters.hls_secret, parameters.security) == (None, None)
    assert association_parameters(data(**KEYS, password="left over")).password is None


@pytest.mark.parametrize(
    ("name", "mechanism"),
    [("hls-manufacturer", Mechanism.HLS), ("hls-md5", Mechanism.HLS_MD5), ("hls-sha1", Mechanism.HLS_SHA1)],
)
def test_secret_without_titles(name: str, mechanism: Mechanism):
    parameters = association_parameters(data(authentication="hls_secret", mechanism=name, hls_secret="0x0102"))
    assert parameters.mechanism is mechanism
    assert parameters.hls_secret is not None
    assert parameters.hls_secret.reveal() == b"\x01\x02"
    assert (parameters.password, parameters.security) == (None, None)


def test_trial_07_a_chosen_association_object_takes_the_login():
    assert association_parameters(data(**KEYS)).association is None
    assert not association_parameters(data(**KEYS)).searches_proof_form
    assert association_parameters(data(**KEYS), searches_proof_form=True).searches_proof_form
    chosen = association_parameters(data(**KEYS, association_object="0.0.40.0.1.255"))
    assert str(chosen.association) == "0.0.40.0.1.255"


def test_names_are_the_chosen_ones_or_those_that_the_meter_wants():
    short = ProofForm(short_names=True)
    assert [object_names({}, form) for form in (None, ProofForm(), short)] == ["auto", "ln", "sn"]
    assert [object_names({"referencing": "ln"}, form) for form in (None, short)] == ["ln", "ln"]
    assert object_names({"referencing": "sn"}, ProofForm()) == "sn"


def test_secret_with_titles():
    stored = data(authentication="hls_secret", mechanism="hls-sha256", hls_secret="secret", system_title=OWN_TITLE)
    parameters = association_parameters(stored)
    assert parameters.mechanism is Mechanism.HLS_SHA256
    assert parameters.hls_secret is not None
    assert parameters.hls_secret.reveal() == b"secret"
    assert parameters.security is not None
    assert not parameters.is_ciphered
    assert parameters.security.client_system_title == bytes.fromhex(OWN_TITLE)
    assert parameters.security.suite is SecuritySuite.SUITE_0  # usual, where nobody was asked
    assert not parameters.uses_counter


@pytest.mark.parametrize(
    ("protection", "meant"),
    [
        ("none", Protection.NONE),
        ("authenticated", Protection.AUTHENTICATED),
        ("encrypted", Protection.ENCRYPTED),
        ("authenticated_encryption", Protection.AUTHENTICATED_ENCRYPTED),
    ],
)
def test_keys(protection: str, meant: Protection):
    parameters = association_parameters(data(**KEYS | {"protection": protection}))
    assert parameters.mechanism is Mechanism.HLS_GMAC
    assert (parameters.password, parameters.hls_secret) == (None, None)
    security = parameters.security
    assert security is not None
    assert security.protection == meant
    assert security.suite is SecuritySuite.SUITE_0
    assert security.global_unicast_encryption_key is not None
    assert security.global_unicast_encryption_key.reveal().hex().upper() == KEY
    assert security.authentication_key.reveal().hex().upper() == OTHER_KEY
    assert not security.use_dedicated_key
    assert not security.accept_unverified
    assert security.server_system_title is None
    assert parameters.uses_counter


def test_keys_of_suite_2_with_a_dedicated_key():
    stored = KEYS | {"security_suite": 2, "encryption_key": KEY * 2, "authentication_key": OTHER_KEY * 2}
    security = association_parameters(data(**stored | {"dedicated_key": True})).security
    assert security is not None
    assert security.suite is SecuritySuite.SUITE_2
    assert security.use_dedicated_key


def test_s17_unverified_only_where_it_was_chosen():
    chosen = KEYS | {"mechanism": "none", "accept_unverified": True}
    del chosen["authentication_key"]
    parameters = association_parameters(data(**chosen))
    assert parameters.security is not None
    assert parameters.security.accept_unverified
    assert len(parameters.security.authentication_key) == 0
    assert parameters.security.expected_control.raw == 0x30


def test_keys_with_a_password():
    parameters = association_parameters(data(**KEYS | {"mechanism": "lls", "password": "simulated"}))
    assert parameters.mechanism is Mechanism.LLS
    assert parameters.password is not None
    assert parameters.is_ciphered


@pytest.mark.parametrize(
    ("typed", "pinned", "expected"),
    [
        (None, None, None),
        (None, bytes(8), bytes(8)),
        (METER_TITLE, None, bytes.fromhex(METER_TITLE)),
        (METER_TITLE, bytes(8), bytes.fromhex(METER_TITLE)),
    ],
)
def test_s13_system_title_of_the_meter_is_the_typed_or_the_pinned_one(
    typed: str | None, pinned: bytes | None, expected: bytes | None
):
    stored = data(**KEYS | ({"meter_system_title": typed} if typed else {}))
    security = association_parameters(stored, meter_system_title=pinned).security
    assert security is not None
    assert security.server_system_title == expected


def test_certificate():
    stored = data(**CERTIFICATE)
    parameters = association_parameters(stored)
    assert parameters.mechanism is Mechanism.HLS_ECDSA
    assert not parameters.is_ciphered
    assert not parameters.uses_counter
    assert parameters.security is not None
    pairs = parameters.security.key_pairs
    assert pairs.signing_key is not None
    assert pairs.server_signing_key is not None
    assert pairs.server_signing_key.key == key_pair("meter", 1).public_key()
    assert pairs.certificate == b""
    stored |= {"client_certificate": certificate_pem("client", 1), "protection": "authenticated", "encryption_key": KEY}
    stored |= {"authentication_key": OTHER_KEY, "meter_public_key": certificate_pem("meter", 1)}
    parameters = association_parameters(stored)
    assert parameters.security is not None
    assert parameters.security.key_pairs.server_signing_key is not None
    assert parameters.security.key_pairs.server_signing_key.key == key_pair("meter", 1).public_key()
    assert parameters.security.key_pairs.certificate[:1] == b"\x30"
    assert parameters.security.protection == Protection.AUTHENTICATED
    assert parameters.uses_counter


def test_s27_nothing_of_it_shows_a_secret():
    for stored in (data(**KEYS), data(**CERTIFICATE), data(authentication="password", password="cAnArY")):
        shown = repr(association_parameters(stored))
        assert not any(str(stored[name]) in shown for name in SECRET_FIELDS if name in stored)
        assert KEY.lower() not in shown.lower()


def test_each_kind_has_fields_and_each_secret_belongs_to_one():
    assert CREDENTIAL_FIELDS.keys() == set(AUTHENTICATIONS)
    assert {name for fields in CREDENTIAL_FIELDS.values() for name in fields} >= SECRET_FIELDS


def test_s27_whoever_adds_a_field_says_whether_it_is_a_secret():
    public = {
        "mechanism",
        "security_suite",
        "protection",
        "dedicated_key",
        "system_title",
        "meter_system_title",
        "association_object",
        "counter_logical_name",
        "counter_start",
        "accept_unverified",
        "client_certificate",
        "meter_public_key",
        "envelope",
        "sign",
    }
    assert {name for fields in CREDENTIAL_FIELDS.values() for name in fields} - SECRET_FIELDS == public


def test_key_pairs_belong_to_certificates_only():
    with pytest.raises(LocalProtocolError):
        association_parameters(data(**KEYS | {"mechanism": "hls-ecdsa"}))


@pytest.mark.parametrize("envelope", Envelope)
def test_envelope_and_signature_are_the_usual_ones_unless_chosen(envelope: Envelope):
    usual = association_parameters(data(**KEYS)).security
    assert usual is not None
    assert (usual.envelope, usual.sign) == (Envelope.SERVICE_SPECIFIC, False)
    pair = {name: CERTIFICATE[name] for name in ("client_private_key", "meter_public_key")}
    chosen = {**KEYS, **pair, "security_suite": 1, "envelope": envelope.value, "sign": True, "dedicated_key": False}
    security = association_parameters(data(**chosen)).security
    assert security is not None
    assert (security.envelope, security.sign) == (envelope, True)
