"""The set-up as a value: how it begins, what the meter adds, and that nobody reads a secret in it."""

from dataclasses import FrozenInstanceError, fields, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cosem.dlms import Data, DataType, TimePolicy
from custom_components.cosem.forms.credential_input import CredentialInput
from custom_components.cosem.forms.draft import (
    Draft,
    Purpose,
    adding_logical_device,
    reauthenticating,
    reconfiguring,
    with_answer_to_all,
    with_credentials_of,
    with_examination,
    with_failure,
    with_found,
)
from custom_components.cosem.forms.found import Found
from custom_components.cosem.forms.remedies import REMEDIES
from custom_components.cosem.meter.credentials import SECRET_FIELDS
from custom_components.cosem.meter.doctor import ExaminationFailed, Verdict
from custom_components.cosem.meter.meter_time import clock_reading
from tests.forms.drafts import CHOICE, FLOWS, KINDS, draft, examination, facts, read
from tests.forms.test_found import found as found_meter

CANARY = "cAnArY"
STORED: dict[str, dict[str, Any]] = {
    "none": {},
    "password": {"password": CANARY},
    "hls_secret": {"mechanism": "hls-sha256", "hls_secret": CANARY, "system_title": "4841530102030405"},
    "keys": {"mechanism": "lls", "password": CANARY, "encryption_key": CANARY, "authentication_key": CANARY},
    "certificate": {"client_private_key": CANARY, "meter_public_key": "public", "security_suite": 1},
}


def entry_of(kind: str) -> MockConfigEntry:
    """An entry with this kind of authentication."""
    return MockConfigEntry(title="SIM 1", unique_id="SIM1", data=facts(kind, credentials=STORED[kind]).entry_data())


def test_draft_cannot_be_changed():
    for name in (field.name for field in fields(Draft)):
        with pytest.raises(FrozenInstanceError):
            setattr(draft(), name, None)


@pytest.mark.parametrize("kind", KINDS)
def test_s28_draft_shows_no_secret(kind: str):
    known = facts(kind, credentials=STORED[kind])
    full = Draft(
        facts_before=known,
        parent=known,
        facts=known,
        settings={"mechanism": "lls"},
        secrets=dict.fromkeys(SECRET_FIELDS, CANARY),
        credential_input=CredentialInput(credentials=STORED[kind], errors={"encryption_key": "not_hex"}),
        failure=ExaminationFailed(Verdict.KEYS_REFUSED, detail="refused"),
        examination=examination(),
    )
    for shown in (full, full.complete_facts, reconfiguring(entry_of(kind)), reauthenticating(entry_of(kind))):
        assert CANARY not in repr(shown)
        assert CANARY not in str(shown)
    assert "192.0.2.7" in repr(full)
    assert "not_hex" in repr(full)


@pytest.mark.parametrize("kind", KINDS)
def test_credentials_of_an_entry_are_sorted_into_secrets_and_settings(kind: str):
    begun = with_credentials_of(draft(), facts(kind, credentials=STORED[kind]))
    assert begun.settings_authentication == kind
    assert {**begun.secrets, **begun.settings} == STORED[kind]
    assert begun.secrets.keys() <= SECRET_FIELDS
    assert not begun.settings.keys() & SECRET_FIELDS
    assert CANARY not in begun.settings.values()


@pytest.mark.parametrize("kind", KINDS)
def test_reconfiguration_begins_with_the_form_as_it_was(kind: str):
    begun = reconfiguring(entry_of(kind))
    assert begun.purpose is Purpose.RECONFIGURE
    assert (begun.name, begun.expected) == ("SIM 1", "SIM1")
    assert begun.facts is None  # a form has still to say them
    assert begun.facts_before == facts(kind, credentials=STORED[kind])
    assert begun.typed["authentication"] == kind
    assert not begun.typed.keys() & SECRET_FIELDS


@pytest.mark.parametrize("kind", KINDS)
def test_reauthentication_keeps_the_connection(kind: str):
    begun = reauthenticating(entry_of(kind))
    assert begun.purpose is Purpose.REAUTHENTICATE
    assert (begun.name, begun.expected) == ("SIM 1", "SIM1")
    assert begun.facts is not None
    assert begun.facts.authentication == (kind if kind != "none" else "password")
    assert begun.credential_input is None


def test_logical_device_begins_with_where_it_is():
    begun = adding_logical_device("SIM gas", facts(server_wport=16), facts("keys"))
    assert begun.purpose is Purpose.ADD_LOGICAL_DEVICE
    assert (begun.name, begun.expected, begun.facts) == ("SIM gas", None, None)
    assert begun.facts_before == facts(server_wport=16)
    assert begun.parent == facts("keys")


def test_which_flows_mend_an_entry():
    assert {purpose for purpose in Purpose if purpose.mends} == {Purpose.REAUTHENTICATE, Purpose.RECONFIGURE}


def test_facts_are_there_once_they_are_given():
    assert draft("keys").given_facts == facts("keys")
    with pytest.raises(AssertionError):
        _ = draft(None).given_facts


def test_what_is_examined_has_the_credentials_that_were_given():
    known = {"password": "known", "encryption_key": "key"}
    assert draft("none", secrets=known).complete_facts.credentials == {}
    held = read(credentials={"mechanism": "lls", "password": "before"})
    assert draft("keys", secrets=known, credential_input=held).complete_facts.credentials == held.credentials
    complete = draft("keys", secrets=known, credential_input=held, password_given=True).complete_facts
    assert complete.credentials == {"mechanism": "lls", "password": "known"}
    assert complete.entry_data() == {**facts("keys").connection_data(), **complete.credentials}
    assert held.credentials["password"] == "before"


@pytest.mark.parametrize(
    ("kind", "secret"),
    [("hls_secret", "hls_secret"), ("keys", "encryption_key"), ("certificate", "client_private_key")],
)
def test_main_secret_of_each_kind(kind: str, secret: str):
    for name in SECRET_FIELDS:
        assert draft(kind, secrets={name: "x"}).has_main_secret == (name == secret)


@pytest.mark.parametrize("verdict", Verdict)
def test_failure_forgets_the_secret_that_was_refused_and_no_other(verdict: Verdict):
    known = dict.fromkeys(SECRET_FIELDS, "x")
    refused = {"invalid_auth": "password", "password_or_keys_refused": "password", "secret_refused": "hls_secret"}
    failure = ExaminationFailed(verdict)
    for purpose in FLOWS:
        before = draft("keys", purpose, secrets=known, settings={"mechanism": "lls"}, typed={"host": "x"})
        after = with_failure(before, failure)
        assert after.failure is failure
        assert after.secrets == {name: "x" for name in known if name != refused.get(verdict.value)}
        assert (after.settings, after.typed, after.facts) == (before.settings, before.typed, before.facts)
        assert before.secrets == known


@pytest.mark.parametrize("verdict", Verdict)
def test_what_the_public_client_is_refused_is_no_failure_where_it_may_be_a_meter(verdict: Verdict):
    failure = ExaminationFailed(verdict)
    before = draft(finds_out=True)
    after = with_failure(before, failure)
    if REMEDIES[verdict].may_be_meter:
        assert after.found == Found(facts=facts(), failure=failure)
        assert (after.facts, after.failure, after.finds_out) == (None, None, False)
    else:
        assert (after.found, after.facts, after.failure) == (None, facts(), failure)


def test_what_the_public_client_is_told_is_noted_with_the_kind_of_meter():
    told = found_meter("ISK1").examination
    assert told is not None
    after = with_answer_to_all(draft(finds_out=True, choice={"client_wport": 2}), told, [CHOICE], [CHOICE["value"]])
    assert after.found is not None
    assert after.found.facts == facts(preset="idis_dsmr")
    assert (after.found.choices, after.found.ticked) == ((CHOICE,), (CHOICE["value"],))
    assert (after.facts, after.finds_out, after.choice) == (None, False, {"client_wport": 2})


def test_only_the_very_client_that_asked_need_not_ask_again():
    known = found_meter()
    assert draft().known_examination is None
    begun = with_found(draft(), known)
    assert begun.known_examination is None
    assert replace(begun, facts=known.facts).known_examination is known.examination
    for other in ({"client_wport": 2}, {"server_wport": 17}, {"authentication": "password"}, {"response_timeout": 60}):
        assert replace(begun, facts=replace(known.facts, **other)).known_examination is None


def test_examined_meter_offers_its_objects():
    found = examination()
    after = with_examination(draft("none", typed={"host": "x"}), found, [CHOICE], ["3:1.0.1.8.0.255"])
    assert after.examination is found
    assert after.choices == (CHOICE,)
    assert after.ticked == ("3:1.0.1.8.0.255",)
    assert after.typed == {}


def test_trial_29_entry_has_the_name_of_its_card_if_it_is_that_meter():
    assert draft(examination=examination()).title == "SIM 1"
    found = replace(examination(), identity=replace(examination().identity, serial_number="00000001"))
    assert draft(examination=found, name="SIM 1").title == "SIM 1"
    assert draft(examination=found, name="SIM announced").title == "SIM 00000001"


def test_trial_15_the_clock_of_the_meter_says_how_its_times_are_to_be_read():
    assert draft().proposed_time_policy is TimePolicy.STANDARD
    assert draft(examination=examination()).proposed_time_policy is TimePolicy.STANDARD
    data = Data(DataType.OCTET_STRING, bytes.fromhex("07e9071703070f18ff014a00"))
    clock = clock_reading(data, datetime(2025, 7, 23, 1, 45, 24, tzinfo=UTC))
    assert draft(examination=replace(examination(), clock=clock)).proposed_time_policy is TimePolicy.INVERTED
