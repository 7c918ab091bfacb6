"""The fields of the forms with credentials: the right ones, secrets hidden and never filled in."""

from typing import Any

from homeassistant.data_entry_flow import section
import pytest
import voluptuous as vol

from custom_components.cosem.forms.credential_schemas import (
    credential_schema,
    password_schema,
    reauth_schema,
    suggested_values,
)
from custom_components.cosem.meter.credentials import CREDENTIAL_FIELDS, SECRET_FIELDS
from tests.key_material import certificate_pem, private_pem, public_pem

KINDS = ("hls_secret", "keys", "certificate")
SCHEMAS = {
    **{f"{kind}, known {known}": credential_schema(kind, known=known) for kind in KINDS for known in (True, False)},
    **{f"reauth {kind}": reauth_schema(kind) for kind in KINDS},
    "password": password_schema(),
    "known password": password_schema(required=False),
}
SECRETS = {
    "hls_secret": ["hls_secret", "encryption_key", "authentication_key"],
    "keys": ["encryption_key", "authentication_key", "client_private_key"],
    "certificate": ["client_private_key", "encryption_key", "authentication_key"],
    "reauth hls_secret": ["hls_secret"],
    "reauth keys": ["encryption_key", "authentication_key"],
    "reauth certificate": ["client_private_key"],
    "password": ["password"],
    "known password": ["password"],
}


def flat_fields(schema: vol.Schema) -> dict[vol.Marker, Any]:
    """The fields of a form and of its sections."""
    found: dict[vol.Marker, Any] = {}
    for marker, field in schema.schema.items():
        found |= flat_fields(field.schema) if isinstance(field, section) else {marker: field}
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_form_asks_for_what_an_entry_of_its_kind_may_have(kind: str):
    asked = [str(marker) for marker in flat_fields(credential_schema(kind, known=False))]
    assert len(asked) == len(set(asked))
    # A password has a form of its own; client and deadline are facts of the connection, and may be wrong as well.
    assert set(asked) == set(CREDENTIAL_FIELDS[kind]) - {"password"} | {"client_wport", "response_timeout"}
    assert {str(marker) for marker in reauth_schema(kind).schema} <= set(asked)


@pytest.mark.parametrize("name", SCHEMAS)
def test_s27_secret_is_hidden_and_has_no_default(name: str):
    secrets = {marker: field for marker, field in flat_fields(SCHEMAS[name]).items() if str(marker) in SECRET_FIELDS}
    assert [str(marker) for marker in secrets] == SECRETS[name.partition(",")[0]]
    for marker, field in secrets.items():
        assert field.config["type"] == "password"
        assert field.config["autocomplete"] == "off"
        assert isinstance(marker.default, vol.Undefined)
        assert marker.description is None


@pytest.mark.parametrize("kind", KINDS)
def test_rare_settings_are_closed(kind: str):
    sections = [field for field in credential_schema(kind, known=False).schema.values() if isinstance(field, section)]
    assert sections
    assert all(field.options["collapsed"] for field in sections)


def test_known_password_may_stay_empty():
    assert password_schema(required=False)({}) == {}
    with pytest.raises(vol.Invalid):
        password_schema()({})


def test_suite_is_a_number():
    schema = credential_schema("keys", known=True)
    assert schema({"security_suite": "2"})["security_suite"] == 2
    assert schema({})["security_suite"] == 0
    assert credential_schema("certificate", known=True)({"meter_public_key": "x"})["security_suite"] == 1


def test_suggested_values_are_those_of_the_form_section_by_section():
    values = {
        "encryption_key": "cAnArY",
        "authentication_key": "cAnArY",
        "security_suite": 2,
        "protection": "encrypted",
        "system_title": "4841530102030405",
        "counter_start": None,
        "hls_secret": "cAnArY",
        "unrelated": 1,
    }
    shown = suggested_values(credential_schema("keys", known=True), values)
    assert shown == {
        "security_suite": "2",
        "protection": "encrypted",
        "advanced": {"system_title": "4841530102030405"},
        "signing": {},
    }
    shown = suggested_values(credential_schema("hls_secret", known=True), values)
    assert shown["message_protection"] == {"protection": "encrypted", "security_suite": "2"}


PRIVATE = private_pem("client", 1)
PASTED = {
    "private key": PRIVATE,
    "older form": private_pem("client", 1, sec1=True),
    "in one line": PRIVATE.replace("\n", " "),
    "without its frame": "".join(PRIVATE.splitlines()[1:-1]),
    "cut off": PRIVATE[:-30],
    "key": "8A23423BEF4C57D1906611AA7F0C3E5D",
    "key with spaces": "8A23 423B EF4C 57D1 9066 11AA 7F0C 3E5D",
}


def texts_of(shown: dict[str, Any]) -> str:
    """All that a form shows again."""
    return " ".join(texts_of(value) if isinstance(value, dict) else str(value) for value in shown.values())


@pytest.mark.parametrize("pasted", PASTED.values(), ids=PASTED)
@pytest.mark.parametrize("kind", KINDS)
def test_trial_26_s27_a_key_in_the_wrong_field_is_not_shown_again(kind: str, pasted: str):
    schema = credential_schema(kind, known=True)
    shown = suggested_values(schema, dict.fromkeys(CREDENTIAL_FIELDS, pasted))
    assert texts_of(shown).strip() == ""


@pytest.mark.parametrize("public", [public_pem("meter", 1), certificate_pem("client", 1)], ids=["key", "certificate"])
def test_s27_of_a_file_with_everything_the_public_part_is_shown_again(public: str):
    schema = credential_schema("certificate", known=True)
    for pasted in (PRIVATE + public, public + PRIVATE, public):
        assert suggested_values(schema, {"meter_public_key": pasted}) == {
            "meter_public_key": public,
            **{name: {} for name in ("message_protection", "advanced")},
        }
