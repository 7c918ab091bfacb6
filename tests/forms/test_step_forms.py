"""The table of forms: each step shows its fields, and never a secret."""

import pytest

from custom_components.cosem.forms.draft import Draft, Purpose
from custom_components.cosem.forms.found import Found
from custom_components.cosem.forms.next_step import Step
from custom_components.cosem.forms.step_forms import STEP_FORMS
from custom_components.cosem.meter.credentials import SECRET_FIELDS
from custom_components.cosem.meter.doctor import ExaminationFailed, Verdict
from tests.forms.drafts import CHOICE, draft, facts

KIND_OF = {
    Step.HLS_SECRET: "hls_secret",
    Step.KEYS: "keys",
    Step.CERTIFICATE: "certificate",
    Step.REAUTH_HLS_SECRET: "hls_secret",
    Step.REAUTH_KEYS: "keys",
    Step.REAUTH_CERTIFICATE: "certificate",
}
CANARY = "cAnArY"


def full(step: Step) -> Draft:
    """A draft that knows everything."""
    return draft(
        KIND_OF.get(step, "password"),
        parent=facts("keys"),
        found=Found(facts=facts()),
        typed={"host": "typed"},
        settings={"protection": "encrypted", "system_title": "4841530102030405", "security_suite": 0},
        secrets=dict.fromkeys(SECRET_FIELDS, CANARY),
        choices=(CHOICE,),
        ticked=(CHOICE["value"],),
    )


def fields(step: Step, begun: Draft) -> set[str]:
    """The fields of a form."""
    return {str(marker) for marker in STEP_FORMS[step].schema(begun).schema}


@pytest.mark.parametrize("step", STEP_FORMS)
def test_form_shows_no_secret(step: Step):
    begun = full(step)
    form = STEP_FORMS[step]
    shown = form.shown(begun, form.schema(begun))
    assert CANARY not in repr(shown)
    assert not shown.keys() & SECRET_FIELDS


@pytest.mark.parametrize("step", [Step.RECONFIGURE, Step.DISCOVERY_CONFIRM, Step.OBJECTS, Step.USUAL_CODES])
def test_form_shows_again_what_was_typed(step: Step):
    begun = full(step)
    assert STEP_FORMS[step].shown(begun, STEP_FORMS[step].schema(begun)) == {"host": "typed"}


@pytest.mark.parametrize("step", [Step.HLS_SECRET, Step.KEYS, Step.CERTIFICATE])
def test_form_with_credentials_shows_its_settings(step: Step):
    begun = full(step)
    shown = STEP_FORMS[step].shown(begun, STEP_FORMS[step].schema(begun))
    protection = shown if step is Step.KEYS else shown["message_protection"]
    assert protection["protection"] == "encrypted"
    assert shown["advanced"] == {"client_wport": 2, "response_timeout": 10, "system_title": "4841530102030405"}


@pytest.mark.parametrize(
    "step",
    [
        Step.PASSWORD,
        Step.KNOWN_PASSWORD,
        Step.REAUTH_CONFIRM,
        Step.REAUTH_HLS_SECRET,
        Step.REAUTH_KEYS,
        Step.REAUTH_CERTIFICATE,
    ],
)
def test_form_with_secrets_only_shows_nothing(step: Step):
    begun = full(step)
    form = STEP_FORMS[step]
    assert form.shown(begun, form.schema(begun)) == {}


def test_secret_that_is_known_need_not_be_typed():
    for step, name in (
        (Step.KEYS, "encryption_key"),
        (Step.HLS_SECRET, "hls_secret"),
        (Step.CERTIFICATE, "client_private_key"),
    ):
        for begun, required in ((full(step), False), (draft(KIND_OF[step]), True)):
            marker = next(marker for marker in STEP_FORMS[step].schema(begun).schema if marker == name)
            assert type(marker).__name__ == ("Required" if required else "Optional")


def test_the_first_form_shows_again_what_was_typed_wherever_its_field_is():
    typed = {"host": "a", "port": 1, "preset": "spodes", "authentication": "keys", "advanced": {"transport": "udp"}}
    begun = draft(None, typed=typed | {"client_wport": 7})
    form = STEP_FORMS[Step.USER]
    assert form.shown(begun, form.schema(begun)) == {
        "host": "a",
        "advanced": {"port": 1, "preset": "spodes", "client_wport": 7, "authentication": "keys", "transport": "udp"},
    }


@pytest.mark.parametrize(
    ("begun", "collapsed"),
    [
        (draft(None), True),
        (draft(None, typed={"authentication": "find_out"}), True),
        (draft(None, typed={"authentication": "none"}), False),
        (draft(None, goes_back=True), False),
        (draft(failure=ExaminationFailed(Verdict.CONNECT_TIMEOUT)), False),
    ],
)
def test_the_section_of_the_first_form_is_open_where_something_in_it_may_be_wrong(begun: Draft, collapsed: bool):
    assert STEP_FORMS[Step.USER].schema(begun).schema["advanced"].options["collapsed"] == collapsed


def test_response_timeout_is_asked_for_once():
    begun = {step: full(step) for step in (Step.USER, Step.FOUND, Step.RECONFIGURE)}
    advanced = {step: STEP_FORMS[step].schema(draft).schema["advanced"].schema.schema for step, draft in begun.items()}
    assert set(advanced[Step.USER]) >= {"transport", "referencing", "response_timeout"}
    assert set(advanced[Step.FOUND]) == {"referencing", "response_timeout"}
    assert set(advanced[Step.RECONFIGURE]) == {"transport", "referencing"}  # the options have the timeout


def test_inheriting_is_offered_where_there_is_somebody_to_inherit_from():
    form = STEP_FORMS[Step.DISCOVERY_CONFIRM]
    offered = [
        form.schema(draft(None, Purpose.ADD_LOGICAL_DEVICE, parent=parent)).schema["authentication"].config["options"]
        for parent in (facts("keys"), None)
    ]
    assert offered[0] == ["inherited", *offered[1]]
    assert "inherited" not in offered[1]


def test_objects_are_those_that_the_meter_told():
    for step, further in ((Step.OBJECTS, False), (Step.USUAL_CODES, True)):
        schema = STEP_FORMS[step].schema(full(step))
        assert schema.schema["objects"].config["options"] == [CHOICE]
        assert schema({}) == {"objects": [CHOICE["value"]], "time_policy": "standard"}
        assert ("further_objects" in schema.schema) == further


def test_only_the_last_form_is_the_last():
    assert {step for step, form in STEP_FORMS.items() if form.is_last} == {Step.OBJECTS, Step.USUAL_CODES}
