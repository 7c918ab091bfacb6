"""The table of steps: each purpose, authentication, mechanism, verdict and missing piece has its one right step."""

from dataclasses import replace
from itertools import product
import json
from pathlib import Path
from typing import Any

import pytest

import custom_components.cosem
from custom_components.cosem.const import AUTHENTICATIONS
from custom_components.cosem.forms.draft import Draft, Purpose
from custom_components.cosem.forms.found import Found
from custom_components.cosem.forms.next_step import (
    CONNECTION_FORMS,
    CREDENTIAL_FORMS,
    DOUBTS,
    QUESTIONS,
    REAUTH_FORMS,
    Step,
    first_form,
    menu_of,
    next_step,
)
from custom_components.cosem.forms.remedies import REMEDIES, WhatToChange
from custom_components.cosem.forms.step_forms import STEP_FORMS
from custom_components.cosem.meter.doctor import ExaminationFailed, Verdict
from tests.forms.drafts import FLOWS, KINDS, draft, examination, facts, read

MECHANISMS = ("none", "lls", "hls-manufacturer", "hls-md5", "hls-sha1", "hls-gmac", "hls-sha256")
KEYED = ("hls_secret", "keys", "certificate")
PASSWORD = {"password": "stored"}
HELP_STEPS = {Step.HELP, Step.HELP_DEVICE, Step.HELP_PLAN, Step.HELP_SEARCH}
"""Their mixin shows them (test_help_steps.py)."""
ENDINGS = {Step.CREATE_ENTRY, Step.UPDATE_ENTRY, Step.SAVE_OPTIONS}

HOME = {Purpose.SET_UP: "user", Purpose.ADD_LOGICAL_DEVICE: "discovery_confirm", Purpose.RECONFIGURE: "reconfigure"}
"""Where what is not about credentials is mended, when credentials are not all that is asked for."""

AFTER = {
    # What has to be mended: the form for no authentication, for a password, for anything else
    WhatToChange.CONNECTION: ("{home}", "{home}", "{home}"),
    WhatToChange.PASSWORD: ("{home}", "password", "password"),
    WhatToChange.CREDENTIALS: ("{home}", "{password}", "{kind}"),
    WhatToChange.SETTINGS: ("{home}", "{home}", "{kind}"),
    WhatToChange.MECHANISM: ("{home}", "{home}", "{stronger}"),
    WhatToChange.COUNTER: ("{home}", "{home}", "counter_jump"),
}


def step_after(purpose: Purpose, kind: str, mechanism: str, verdict: Verdict, known: dict[str, str]) -> Step:
    """What the table says after a failure."""
    settings = {"mechanism": mechanism}
    failure = ExaminationFailed(verdict)
    return next_step(draft(kind, purpose, settings=settings, secrets=known, credential_input=read(), failure=failure))


@pytest.mark.parametrize("purpose", HOME, ids=lambda purpose: purpose.name)
@pytest.mark.parametrize("verdict", Verdict)
def test_each_failure_leads_to_the_form_that_mends_it(purpose: Purpose, verdict: Verdict):
    for kind, mechanism, known in product(KINDS, MECHANISMS, ({}, PASSWORD)):
        row = AFTER[REMEDIES[verdict].what_to_change]
        expected = row[0 if kind == "none" else 1 if kind == "password" else 2].format(
            home=HOME[purpose],
            kind=kind,
            stronger="keys" if kind == "keys" else HOME[purpose],
            password="known_password" if known else "password",
        )
        assert step_after(purpose, kind, mechanism, verdict, known).value == expected, (kind, mechanism)


@pytest.mark.parametrize(("referencing", "step"), [("sn", Step.USER), ("auto", Step.KEYS)])
def test_refused_object_names_are_mended_in_the_form_that_has_them(referencing: str, step: Step):
    failure = ExaminationFailed(Verdict.ASSOCIATION_REFUSED, diagnostic="user_2")
    given = facts("keys", referencing=referencing)
    assert next_step(draft("keys", facts=given, credential_input=read(), failure=failure)) is step


@pytest.mark.parametrize("verdict", Verdict)
def test_whoever_was_asked_for_new_secrets_is_asked_for_them_again(verdict: Verdict):
    for kind, mechanism, known in product(KINDS[1:], MECHANISMS, ({}, PASSWORD)):
        expected = "reauth_confirm" if kind == "password" or mechanism == "lls" else f"reauth_{kind}"
        if verdict is Verdict.COUNTER_JUMP and kind in KEYED:
            expected = "counter_jump"
        step = step_after(Purpose.REAUTHENTICATE, kind, mechanism, verdict, known)
        assert step.value == expected, (kind, mechanism)


def test_password_that_was_refused_is_typed_again_whatever_is_known():
    """INVALID_AUTH never leads to the form where an empty field sends the same password once more."""
    for purpose, kind, known in product(HOME, KINDS[1:], ({}, PASSWORD)):
        assert step_after(purpose, kind, "none", Verdict.INVALID_AUTH, known) is Step.PASSWORD


@pytest.mark.parametrize("purpose", FLOWS, ids=lambda purpose: purpose.name)
def test_flow_begins_with_its_form(purpose: Purpose):
    if purpose is Purpose.REAUTHENTICATE:
        for kind, mechanism in product(KINDS[1:], MECHANISMS):
            begun = draft(kind, purpose, settings={"mechanism": mechanism}, secrets=PASSWORD)
            expected = "reauth_confirm" if kind == "password" or mechanism == "lls" else f"reauth_{kind}"
            assert next_step(begun).value == first_form(begun).value == expected
    else:
        assert next_step(draft(None, purpose)) is first_form(draft(None, purpose)) is CONNECTION_FORMS[purpose]


CREDENTIALS = {
    # What the last form with credentials held: what is asked next of a new or changed entry
    "nothing yet": (None, {}, "{kind}"),
    "errors": ({"errors": {"base": "not_hex"}}, {}, "{kind}"),
    "errors and doubts": ({"errors": {"base": "not_hex"}, "doubts": ("equal_keys",)}, {}, "{kind}"),
    "errors and no password": ({"errors": {"base": "x"}, "credentials": {"mechanism": "lls"}}, {}, "{kind}"),
    "public keys": ({"doubts": ("example_keys",)}, {}, "example_keys"),
    "equal keys": ({"doubts": ("equal_keys",)}, {}, "equal_keys"),
    "public keys, accepted": ({"doubts": ("example_keys",)}, {"accepted_doubts": {"example_keys"}}, "examine"),
    "equal keys, accepted": ({"doubts": ("equal_keys",)}, {"accepted_doubts": {"equal_keys"}}, "examine"),
    "one of two accepted": (
        {"doubts": ("example_keys", "equal_keys")},
        {"accepted_doubts": {"example_keys"}},
        "equal_keys",
    ),
    "another doubt accepted": ({"doubts": ("example_keys",)}, {"accepted_doubts": {"equal_keys"}}, "example_keys"),
    "a doubt before the password": (
        {"doubts": ("equal_keys",), "credentials": {"mechanism": "lls"}},
        {},
        "equal_keys",
    ),
    "no password": ({"credentials": {"mechanism": "lls"}}, {}, "{password}"),
    "a password": ({"credentials": {"mechanism": "lls"}}, {"password_given": True}, "examine"),
    "everything": ({"credentials": {"mechanism": "hls-gmac"}}, {}, "examine"),
}


@pytest.mark.parametrize("held", CREDENTIALS)
@pytest.mark.parametrize("purpose", FLOWS, ids=lambda purpose: purpose.name)
def test_what_is_missing_is_asked_for_before_the_meter_is(purpose: Purpose, held: str):
    fields, changes, expected = CREDENTIALS[held]
    for kind, known in product(KEYED, ({}, PASSWORD)):
        begun = draft(
            kind, purpose, secrets=known, credential_input=None if fields is None else read(**fields), **changes
        )
        reauth = "reauth_" if purpose is Purpose.REAUTHENTICATE else ""
        form = expected.format(kind=f"{reauth}{kind}", password="known_password" if known else "password")
        assert next_step(begun).value == form, kind


@pytest.mark.parametrize("purpose", HOME, ids=lambda purpose: purpose.name)
def test_password_is_asked_for_once(purpose: Purpose):
    for known, held in product(({}, PASSWORD), (None, read())):
        begun = draft("password", purpose, secrets=known, credential_input=held)
        assert next_step(begun) is (Step.KNOWN_PASSWORD if known else Step.PASSWORD)
    assert (
        next_step(draft("password", purpose, secrets=PASSWORD, credential_input=read(), password_given=True))
        is Step.EXAMINE
    )


@pytest.mark.parametrize("purpose", HOME, ids=lambda purpose: purpose.name)
def test_public_client_needs_nothing_more(purpose: Purpose):
    assert next_step(draft("none", purpose)) is Step.EXAMINE
    assert (
        next_step(draft("none", purpose, secrets=PASSWORD, credential_input=read(errors={"base": "x"}))) is Step.EXAMINE
    )


@pytest.mark.parametrize(
    ("purpose", "list_refused", "options", "step"),
    [
        (Purpose.SET_UP, False, None, Step.OBJECTS),
        (Purpose.SET_UP, True, None, Step.USUAL_CODES),
        (Purpose.SET_UP, False, {}, Step.CREATE_ENTRY),
        (Purpose.SET_UP, True, {}, Step.CREATE_ENTRY),
        (Purpose.ADD_LOGICAL_DEVICE, False, None, Step.OBJECTS),
        (Purpose.ADD_LOGICAL_DEVICE, True, None, Step.USUAL_CODES),
        (Purpose.ADD_LOGICAL_DEVICE, False, {}, Step.CREATE_ENTRY),
        (Purpose.RECONFIGURE, False, None, Step.UPDATE_ENTRY),
        (Purpose.REAUTHENTICATE, True, None, Step.UPDATE_ENTRY),
    ],
)
def test_examined_meter_is_chosen_from_or_mended(
    purpose: Purpose, list_refused: bool, options: dict[str, Any] | None, step: Step
):
    for kind in KINDS:
        found = examination(list_refused=list_refused)
        chosen = draft(
            kind, purpose, examination=found, options=options, ticked=("3:1.0.1.8.0.255",), listed_for=f"2 {kind}"
        )
        assert next_step(chosen) is step
        little = replace(chosen, ticked=())
        assert next_step(replace(little, little_accepted=True)) is step
        assert next_step(little) is (Step.NOTHING_FOUND if little.lists_objects else step)


@pytest.mark.parametrize(
    ("list_refused", "options", "step"),
    [(False, None, Step.OBJECTS), (True, None, Step.USUAL_CODES), (False, {}, Step.UPDATE_ENTRY)],
)
@pytest.mark.parametrize("purpose", [Purpose.RECONFIGURE, Purpose.REAUTHENTICATE], ids=lambda purpose: purpose.name)
def test_trial_13_another_client_chooses_from_its_own_objects(
    purpose: Purpose, list_refused: bool, options: dict[str, Any] | None, step: Step
):
    found = examination(list_refused=list_refused)
    for kind, listed_for in product(KINDS, ("3 none", "2 none keys", None)):
        ticked = ("3:1.0.1.8.0.255",)
        begun = draft(kind, purpose, examination=found, options=options, listed_for=listed_for, ticked=ticked)
        assert next_step(begun) is step
        little = replace(begun, ticked=())
        assert next_step(little) is Step.NOTHING_FOUND
        assert next_step(replace(little, little_accepted=True)) is step


def test_options_are_asked_for_and_saved():
    assert next_step(Draft(purpose=Purpose.CHANGE_OPTIONS)) is Step.INIT
    assert next_step(Draft(purpose=Purpose.CHANGE_OPTIONS, options={})) is Step.SAVE_OPTIONS


def everything() -> list[Draft]:
    """Drafts with all that may be missing or wrong, in every combination."""
    held = [None if fields is None else read(**fields) for fields, _, _ in CREDENTIALS.values()]
    failures = [None, *(ExaminationFailed(verdict) for verdict in Verdict)]
    return [
        draft(kind, purpose, settings={"mechanism": mechanism}, secrets=known, credential_input=form, failure=failure)
        for purpose, kind, mechanism, known, form, failure in product(
            FLOWS, KINDS, MECHANISMS[:3], ({}, PASSWORD), held, failures
        )
        if purpose is not Purpose.REAUTHENTICATE or kind != "none"
    ]


def test_every_combination_is_decided_and_every_step_can_be_shown():
    texts = json.loads((Path(custom_components.cosem.__file__).parent / "translations" / "en.json").read_text())
    steps = texts["config"]["step"]
    reached = set()
    for begun in everything():
        step = next_step(begun)
        reached.add(step)
        menu = set(menu_of(begun, step))
        assert bool(menu) == (step in QUESTIONS)
        if menu:
            if begun.facts.authentication in KEYED:
                assert menu <= steps[step.value]["menu_options"].keys()
        else:
            assert step is Step.EXAMINE or step in STEP_FORMS
    choices = {Step.CALL, Step.FOUND, Step.NOTHING_FOUND, Step.OBJECTS, Step.USUAL_CODES, Step.INIT, *HELP_STEPS}
    assert reached | choices | ENDINGS | set(CONNECTION_FORMS.values()) == set(Step)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("purpose", [Purpose.SET_UP, Purpose.RECONFIGURE])
def test_a_meter_that_calls_is_asked_about_first(purpose: Purpose, kind: str):
    called = facts(kind, transport=None, host="")
    assert next_step(draft(kind, purpose, facts=called)) is Step.CALL
    known = draft(kind, purpose, facts=replace(called, call={"call_sources": []}))
    assert next_step(known) is next_step(draft(kind, purpose))


def test_trial_28_menu_where_nothing_sensible_was_found():
    assert menu_of(draft(), Step.NOTHING_FOUND) == ["log_in", "other_client", "add_anyway", "help_plan"]
    calls = draft(facts=facts(host="", transport=None))
    assert menu_of(calls, Step.NOTHING_FOUND) == ["log_in", "other_client", "add_anyway"], "there is nowhere to look"
    assert menu_of(draft("keys"), Step.EQUAL_KEYS) == ["keys", "accept_equal_keys"]
    assert menu_of(draft(), Step.OBJECTS) == []


def test_tables_are_complete():
    assert set(REMEDIES) == set(Verdict)
    assert CREDENTIAL_FORMS.keys() == REAUTH_FORMS.keys() == set(AUTHENTICATIONS) - {"none", "password"}
    assert CONNECTION_FORMS.keys() == set(FLOWS) - {Purpose.REAUTHENTICATE}
    assert set(DOUBTS.values()) < QUESTIONS.keys()
    others = {Step.NOTHING_FOUND, Step.EXAMINE, Step.INIT, *HELP_STEPS}
    assert STEP_FORMS.keys() | QUESTIONS.keys() | ENDINGS | others == set(Step)


@pytest.mark.parametrize("purpose", FLOWS, ids=lambda purpose: purpose.name)
def test_how_to_log_in_is_asked_for_once_the_public_client_was_asked(purpose: Purpose):
    found = Found(facts=facts())
    first = first_form(draft("password", purpose))
    begun = draft("password", purpose, found=found)
    assert first_form(begun) is (Step.FOUND if purpose is Purpose.SET_UP else first)
    assert first_form(replace(begun, goes_back=True)) is first
    for verdict, remedy in REMEDIES.items():
        failed = replace(begun, failure=ExaminationFailed(verdict))
        assert (first_form(failed) is first) == (remedy.is_elsewhere or purpose is not Purpose.SET_UP)
