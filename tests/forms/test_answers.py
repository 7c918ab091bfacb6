"""What an answer makes of a draft: what is kept, what is forgotten, and that the last failure is not shown again."""

from dataclasses import replace
from typing import Any

import pytest

from custom_components.cosem.forms.answers import (
    accept_doubt,
    add_anyway,
    ask_for_client,
    ask_for_credentials,
    follow_counter,
    take_connection,
    take_credentials,
    take_first,
    take_known_password,
    take_logical_device,
    take_objects,
    take_options,
    take_password,
    without_empty,
)
from custom_components.cosem.forms.draft import Draft, Purpose, adding_logical_device, with_failure
from custom_components.cosem.forms.found import Found
from custom_components.cosem.forms.next_step import Step, first_form, next_step
from custom_components.cosem.meter.credentials import SECRET_FIELDS
from custom_components.cosem.meter.doctor import ExaminationFailed, Verdict
from tests.conftest import HOST
from tests.forms.drafts import KINDS, draft, examination, facts, read
from tests.forms.test_found import found as found_meter

KEY = "8A23423BEF4C57D1906611AA7F0C3E5D"
OTHER_KEY = "D3E0C5B2A1F498671023344556A7B8C9"
TYPED = {"host": HOST, "port": 4059, "preset": "generic", "client_wport": 2, "server_wport": 1}
KEYS = {
    "encryption_key": KEY,
    "authentication_key": OTHER_KEY,
    "security_suite": 0,
    "protection": "authenticated_encryption",
}
GMAC = {"mechanism": "hls-gmac", "dedicated_key": False, "system_title": "4841530102030405"}
FAILURE = ExaminationFailed(Verdict.UNKNOWN)


# --- Where the meter is -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_connection_becomes_facts(kind: str):
    typed = TYPED | {"authentication": kind}
    after = take_connection(replace(draft(None), failure=FAILURE, errors={"host": "invalid_host"}), typed)
    assert after.facts == facts(kind)
    assert after.typed == typed
    assert (after.failure, after.errors, after.credential_input, after.password_given) == (None, {}, None, False)


def test_host_that_is_none_is_typed_again_and_nothing_is_lost():
    before = draft("keys", facts=facts("keys", response_timeout=44), failure=FAILURE)
    wrong = take_connection(before, TYPED | {"authentication": "keys", "host": "a b"})
    assert wrong.errors == {"host": "invalid_host"}
    assert wrong.failure is None
    assert wrong.typed["host"] == "a b"
    assert next_step(wrong) is Step.USER
    right = take_connection(wrong, TYPED | {"authentication": "keys"})
    assert right.errors == {}
    assert right.facts == facts("keys", response_timeout=44)


def test_settings_belong_to_a_kind_and_secrets_do_not():
    """A slip in the choice costs no secret that was typed; settings of another kind would not fit."""
    before = draft("keys", settings={"mechanism": "lls"}, secrets={"password": "x"})
    for kind, settings, remembered in (
        ("keys", {"mechanism": "lls"}, "keys"),
        ("none", {"mechanism": "lls"}, "keys"),
        ("password", {}, "password"),
        ("hls_secret", {}, "hls_secret"),
    ):
        after = take_connection(before, TYPED | {"authentication": kind})
        assert (after.settings, after.secrets, after.settings_authentication) == (
            settings,
            {"password": "x"},
            remembered,
        )


def test_credentials_are_asked_for_again_after_another_connection():
    before = draft(
        "keys", credential_input=read(credentials={"mechanism": "lls"}), password_given=True, secrets={"password": "x"}
    )
    assert next_step(before) is Step.EXAMINE
    assert next_step(take_connection(before, TYPED | {"authentication": "keys"})) is Step.KEYS


@pytest.mark.parametrize("kind", KINDS)
def test_logical_device_is_asked_as_the_user_says(kind: str):
    begun = adding_logical_device("gas", facts(server_wport=16), facts("password", credentials={"password": "x"}))
    after = take_logical_device(begun, {"authentication": kind, "advanced": {"client_wport": 9, "response_timeout": 5}})
    assert after.facts == facts(kind, server_wport=16, client_wport=9, response_timeout=5)
    assert after.secrets == {}  # nothing is shared unasked
    after = take_logical_device(begun, {"authentication": kind})
    assert after.facts == facts(kind, server_wport=16)


@pytest.mark.parametrize(
    ("kind", "credentials"),
    [
        ("password", {"password": "x"}),
        ("hls_secret", {"mechanism": "hls-sha256", "hls_secret": "x"}),
        ("keys", {"mechanism": "lls", "password": "x", **KEYS}),
        ("keys", {"mechanism": "hls-gmac", **KEYS}),
        ("certificate", {"client_private_key": "x", "meter_public_key": "y"}),
    ],
)
def test_inherited_credentials_are_tried_at_once(kind: str, credentials: dict[str, Any]):
    begun = adding_logical_device("gas", facts(server_wport=16), facts(kind, credentials=credentials))
    after = take_logical_device(begun, {"authentication": "inherited"})
    assert next_step(after) is Step.EXAMINE
    assert after.complete_facts == facts(kind, server_wport=16, credentials=credentials)
    assert {**after.secrets, **after.settings} == credentials
    assert after.settings_authentication == kind


# --- The first form ---------------------------------------------------------------------------------------------------

SECTION = {"port": 4059, "preset": "generic", "authentication": "find_out", "response_timeout": 10}


def first(**known: Any) -> dict[str, Any]:
    """What the first form holds where its section has these changes."""
    return {"host": HOST, "advanced": SECTION | known}


def test_without_a_word_about_logging_in_the_public_client_asks():
    after = take_first(draft(None), first(client_wport=2, server_wport=17, preset="spodes"))
    assert after.facts == facts(client_wport=16, server_wport=1, preset="spodes")
    assert after.finds_out
    assert after.choice == {"client_wport": 2, "server_wport": 17}
    assert after.typed == {
        "host": HOST,
        "port": 4059,
        "preset": "spodes",
        "authentication": "find_out",
        "client_wport": 2,
        "server_wport": 17,
        "advanced": {"response_timeout": 10},
    }
    assert next_step(after) is Step.EXAMINE


@pytest.mark.parametrize("kind", KINDS)
def test_who_says_how_to_log_in_is_asked_for_credentials_at_once(kind: str):
    before = draft(None, found=Found(facts=facts()), goes_back=True, finds_out=True)
    after = take_first(before, first(client_wport=2, server_wport=1, authentication=kind))
    assert after.facts == facts(kind)
    assert (after.found, after.goes_back, after.finds_out) == (None, False, False)


def test_a_host_that_is_none_keeps_what_was_found():
    found = Found(facts=facts())
    after = take_first(draft(None, found=found, goes_back=True), {**first(), "host": "me ter"})
    assert after.errors == {"host": "invalid_host"}
    assert (after.found, next_step(after)) == (found, Step.USER)
    assert take_first(after, {"advanced": SECTION}).errors == {"host": "invalid_host"}


def test_what_was_chosen_for_this_meter_stays_and_for_another_goes():
    choice = {"authentication": "keys", "client_wport": 1, "server_wport": 17}
    before = draft(None, found=Found(facts=facts()), choice=choice, goes_back=True)
    assert take_first(before, first()).choice == choice
    assert take_first(before, first(client_wport=3)).choice == {**choice, "client_wport": 3}
    assert take_first(before, first(port=4060)).choice == {}
    assert take_first(before, first(transport="udp")).choice == {}


def test_a_meter_that_calls_is_not_asked_before():
    after = take_first(draft(None), {"advanced": SECTION | {"transport": "call"}})
    assert after.found is not None
    assert (after.found.examination, after.found.failure, after.facts) == (None, None, None)
    assert next_step(after) is Step.FOUND


def test_another_client_is_chosen_in_the_second_form_and_the_first_one_is_as_it_was():
    public = facts(client_wport=16, response_timeout=44)
    choice = {"authentication": "none", "client_wport": 16, "server_wport": 1}
    begun = draft("none", facts=public, found=Found(facts=public), choice=choice, examination=examination())
    other = ask_for_client(begun)
    assert (next_step(other), other.choice) == (Step.FOUND, choice)
    assert other.typed == {
        "host": HOST,
        "port": 4059,
        "preset": "generic",
        "authentication": "find_out",
        "advanced": {"response_timeout": 44},
    }
    login = ask_for_credentials(begun)
    assert login.choice == {"authentication": "password", "server_wport": 1}
    known = ask_for_credentials(replace(begun, found=found_meter("ISK1")))
    assert known.choice["authentication"] == "keys"


# --- Passwords --------------------------------------------------------------------------------------------------------


def test_password_is_given_once():
    after = take_password(draft("password", failure=FAILURE), {"password": "typed"})
    assert after.complete_facts.credentials == {"password": "typed"}
    assert after.failure is None
    assert next_step(after) is Step.EXAMINE


@pytest.mark.parametrize(("typed", "used"), [({}, "known"), ({"password": ""}, "known"), ({"password": "new"}, "new")])
def test_empty_field_means_the_password_that_is_known(typed: dict[str, str], used: str):
    after = take_known_password(draft("password", secrets={"password": "known"}, failure=FAILURE), typed)
    assert after.complete_facts.credentials == {"password": used}
    assert after.secrets == {"password": used}
    assert after.failure is None


def test_password_belongs_to_the_keys_that_were_typed_before():
    before = draft("keys", credential_input=read(credentials={"mechanism": "lls", **KEYS}))
    after = take_password(before, {"password": "typed"})
    assert after.complete_facts.credentials == {"mechanism": "lls", **KEYS, "password": "typed"}


def test_password_belongs_to_the_keys_that_are_stored():
    """A new password for an entry with keys: the keys stay."""
    stored = {"mechanism": "lls", "password": "refused", **KEYS}
    begun = Draft(
        purpose=Purpose.REAUTHENTICATE, facts=facts("keys", credentials=stored), settings={"mechanism": "lls"}
    )
    after = take_password(begun, {"password": "new"})
    assert after.complete_facts.credentials == stored | {"password": "new"}


# --- Secrets, keys, certificates --------------------------------------------------------------------------------------


def test_keys_become_credentials():
    before = draft("keys", failure=FAILURE, errors={"base": "x"}, password_given=True)
    after = take_credentials(before, {**KEYS, "advanced": GMAC})
    assert (after.errors, after.failure, after.password_given) == ({}, None, False)
    assert next_step(after) is Step.EXAMINE
    assert after.complete_facts.credentials["encryption_key"] == KEY
    assert after.secrets == {"encryption_key": KEY, "authentication_key": OTHER_KEY}
    assert after.settings["protection"] == "authenticated_encryption"
    assert not after.settings.keys() & SECRET_FIELDS


def test_what_is_right_is_kept_of_a_form_that_is_wrong():
    wrong = take_credentials(draft("keys"), {**KEYS, "authentication_key": "12", "advanced": GMAC})
    assert wrong.errors == {"authentication_key": "key_length"}
    assert next_step(wrong) is Step.KEYS
    assert wrong.secrets == {"encryption_key": KEY}
    assert "12" not in wrong.settings.values()
    right = take_credentials(wrong, {**KEYS, "encryption_key": "", "advanced": GMAC})
    assert right.errors == {}
    assert right.complete_facts.credentials["encryption_key"] == KEY


def test_new_secrets_keep_the_settings_that_are_stored():
    stored = {"mechanism": "hls-gmac", **KEYS, **GMAC}
    settings = {name: value for name, value in stored.items() if name not in SECRET_FIELDS}
    secrets = {name: value for name, value in stored.items() if name in SECRET_FIELDS}
    begun = draft("keys", Purpose.REAUTHENTICATE, settings=settings, secrets=secrets)
    new = "00112233445566778899AABBCCDDEE00"
    after = take_credentials(begun, {"encryption_key": new, "authentication_key": ""})
    assert after.errors == {}
    credentials = after.complete_facts.credentials
    assert (credentials["encryption_key"], credentials["authentication_key"]) == (new, OTHER_KEY)
    assert {name: credentials[name] for name in settings} == settings


def test_empty_fields_hold_nothing():
    assert without_empty({"a": "", "b": None, "c": 0, "d": False, "e": "x"}) == {"c": 0, "d": False, "e": "x"}


def test_doubt_is_answered_once_for_the_whole_flow():
    before = draft("keys", credential_input=read(doubts=("equal_keys",)))
    accepted = accept_doubt(before, "equal_keys")
    assert next_step(before) is Step.EQUAL_KEYS
    assert next_step(accepted) is Step.EXAMINE
    again = take_credentials(accepted, {**KEYS, "authentication_key": KEY, "advanced": GMAC})
    assert again.credential_input is not None
    assert again.credential_input.doubts == ("equal_keys",)
    assert next_step(again) is Step.EXAMINE


def test_s3_counter_of_the_meter_is_followed_by_the_users_word_only():
    before = with_failure(
        draft("keys", credential_input=read(credentials={"mechanism": "hls-gmac"})),
        ExaminationFailed(Verdict.COUNTER_JUMP, counter=123456),
    )
    assert next_step(before) is Step.COUNTER_JUMP
    after = follow_counter(before)
    assert after.failure is None
    assert next_step(after) is Step.EXAMINE
    assert after.complete_facts.credentials == {"mechanism": "hls-gmac", "counter_start": 123456}
    assert after.settings == {}, "no form proposes a number that nobody proved"
    assert "counter_start" not in before.complete_facts.credentials


# --- When little is shown ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("purpose", [Purpose.SET_UP, Purpose.ADD_LOGICAL_DEVICE])
def test_trial_28_connection_is_asked_for_again_with_what_was_typed(purpose: Purpose):
    known = facts(client_wport=16, response_timeout=44)
    found = replace(draft("none", purpose, examination=examination(), ticked=()), facts=known, facts_before=known)
    assert next_step(found) is Step.NOTHING_FOUND
    other = ask_for_client(found)
    assert next_step(other) is first_form(other)
    assert other.typed["authentication"] == "none"
    assert other.typed["advanced"] == {"client_wport": 16, "response_timeout": 44}
    login = ask_for_credentials(found)
    assert next_step(login) is first_form(login)
    assert login.typed["authentication"] == "password"
    assert "client_wport" not in login.typed
    assert login.typed["advanced"] == {"response_timeout": 44}
    assert next_step(add_anyway(found)) is Step.OBJECTS


def test_what_was_chosen_of_referencing_is_not_lost_when_the_connection_is_asked_for_again():
    known = facts(client_wport=16, referencing="sn")
    found = replace(draft("none", examination=examination(), ticked=()), facts=known, facts_before=known)
    assert ask_for_client(found).typed["advanced"]["referencing"] == "sn"
    assert ask_for_credentials(found).typed["advanced"]["referencing"] == "sn"


def test_a_logical_device_is_asked_as_the_entry_that_found_it():
    begun = draft(None, Purpose.ADD_LOGICAL_DEVICE, facts_before=facts(), parent=facts("keys", referencing="sn"))
    assert take_logical_device(begun, {"authentication": "none"}).given_facts.referencing == "sn"
    alone = draft(None, Purpose.ADD_LOGICAL_DEVICE, facts_before=facts())
    assert take_logical_device(alone, {"authentication": "none"}).given_facts.referencing == "auto"


def test_trial_28_client_can_be_changed_where_its_keys_are_typed():
    before = draft("keys", failure=ExaminationFailed(Verdict.ASSOCIATION_REFUSED))
    typed = {**KEYS, "advanced": {"mechanism": "hls-gmac"}}
    assert take_credentials(before, typed).complete_facts.client_wport == 2
    after = take_credentials(before, {**typed, "advanced": {"mechanism": "hls-gmac", "client_wport": 7}})
    assert after.complete_facts.client_wport == 7
    assert "client_wport" not in after.settings
    assert next_step(after) is Step.EXAMINE


def test_trial_28_a_slow_meter_gets_its_time_where_its_keys_are_typed():
    before = draft("keys", failure=ExaminationFailed(Verdict.ANSWER_TIMEOUT))
    assert next_step(before) is Step.KEYS
    unchanged = take_credentials(before, {**KEYS, "advanced": {"mechanism": "hls-gmac"}})
    assert unchanged.complete_facts.response_timeout == 10
    after = take_credentials(before, {**KEYS, "advanced": {"mechanism": "hls-gmac", "response_timeout": 33}})
    assert after.complete_facts.response_timeout == 33
    assert "response_timeout" not in after.settings
    assert next_step(after) is Step.EXAMINE


# --- What is shown ----------------------------------------------------------------------------------------------------


def test_objects_become_the_options_of_the_entry():
    before = draft(
        "none", examination=examination(), errors={"further_objects": "invalid_objects"}, error_words={"code": "x"}
    )
    before = replace(before, facts=facts(response_timeout=44), little_accepted=True)
    typed = {
        "objects": ["3:1.0.1.8.0.255"],
        "further_objects": ["1-0:1.8.0", "1-0:2.8.0"],
        "time_policy": "inverted",
    }
    after = take_objects(before, typed)
    assert after.options == {
        "interval": 60,
        "objects": ["3:1.0.1.8.0.255", "3:1.0.2.8.0.255"],
        "stay_connected": False,
        "response_timeout": 44,
        "time_policy": "inverted",
    }
    assert (after.errors, after.error_words) == ({}, {})
    assert next_step(after) is Step.CREATE_ENTRY


def test_code_that_is_no_object_is_said():
    before = draft("none", examination=examination(list_refused=True), little_accepted=True)
    typed = {"objects": [], "further_objects": ["1-0:1.8.0 rubbish"]}
    after = take_objects(before, typed)
    assert after.errors == {"further_objects": "invalid_objects"}
    assert after.error_words == {"code": "rubbish"}
    assert after.typed == typed
    assert after.options is None
    assert next_step(after) is Step.USUAL_CODES


def test_options_are_what_the_form_holds():
    typed = {"interval": 10, "objects": [], "stay_connected": True, "response_timeout": 5}
    after = take_options(Draft(purpose=Purpose.CHANGE_OPTIONS), typed)
    assert after.options == typed
    assert next_step(after) is Step.SAVE_OPTIONS
