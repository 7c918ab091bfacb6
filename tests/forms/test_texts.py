"""The texts of the forms: nothing is missing, nothing is left over, and every placeholder gets its words."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
import json
from pathlib import Path
import re
from string import Formatter
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import SelectSelector
import pytest

import custom_components.cosem
from custom_components.cosem.config_flow import CosemConfigFlow
from custom_components.cosem.const import AUTHENTICATION_FIND_OUT, AUTHENTICATION_INHERITED, AUTHENTICATIONS
from custom_components.cosem.dlms import (
    AssociationParameters,
    AssociationRejected,
    Data,
    DataType,
    EchoReceived,
    ExceptionReceived,
    InputFault,
    NotWrapper,
    SapAssignment,
    TimePolicy,
    TransportProtocol,
    while_associating,
)
from custom_components.cosem.dlms.client.verdict import diagnostic_of
from custom_components.cosem.dlms.errors import ServiceErrorCode
from custom_components.cosem.forms import call_fields, credential_schemas, help_fields, schemas
from custom_components.cosem.forms.draft import Purpose
from custom_components.cosem.forms.found import Found
from custom_components.cosem.forms.found_form import found_schema
from custom_components.cosem.forms.next_step import LITTLE_FOUND, Step
from custom_components.cosem.forms.objects import ObjectKind
from custom_components.cosem.forms.option_schemas import options_schema
from custom_components.cosem.forms.texts import (
    async_clock_in_words,
    async_failure_in_words,
    async_form_words,
    connection_words,
    errors_of,
    question_words,
)
from custom_components.cosem.meter.doctor import ExaminationFailed, Stage, Verdict
from custom_components.cosem.meter.meter_time import clock_reading
from custom_components.cosem.meter.presets import PRESETS
from tests.conftest import HOST
from tests.forms.drafts import CHOICE, draft, examination, facts, read

FOLDER = Path(custom_components.cosem.__file__).parent
TEXTS = json.loads((FOLDER / "translations" / "en.json").read_text(encoding="utf-8"))
FORMS = {
    "user": schemas.first_schema(),
    "found": found_schema(Found(facts=facts())),
    "reconfigure": schemas.connection_schema(),
    "call": call_fields.call_schema(),
    "password": credential_schemas.password_schema(),
    "known_password": credential_schemas.password_schema(required=False),
    "hls_secret": credential_schemas.credential_schema("hls_secret", known=False),
    "keys": credential_schemas.credential_schema("keys", known=False),
    "certificate": credential_schemas.credential_schema("certificate", known=True),
    "reauth_confirm": credential_schemas.password_schema(),
    "reauth_hls_secret": credential_schemas.reauth_schema("hls_secret"),
    "reauth_keys": credential_schemas.reauth_schema("keys"),
    "reauth_certificate": credential_schemas.reauth_schema("certificate"),
    "discovery_confirm": schemas.discovery_schema(with_parent=True),
    "objects": schemas.objects_schema([], [], with_further_objects=False),
    "usual_codes": schemas.objects_schema([], [], with_further_objects=True),
    "help_plan": help_fields.plan_schema(with_login=True),
    "help_device": help_fields.device_schema([SapAssignment(1, b"SIM1")]),
}
WITH_HELP = frozenset(FORMS) - {"call", "objects", "usual_codes", "help_plan", "help_device"}
"""Forms that offer help after a failure (test_help_fields.py)."""
MENUS = {"example_keys", "equal_keys", "counter_jump"}
CONNECTION = {"host", "port", "client_wport", "server_wport"}
PLACEHOLDERS = {
    "user": CONNECTION | {"hint"},
    "found": CONNECTION | {"found", "hint"},
    "reconfigure": CONNECTION | {"hint", "name"},
    "call": CONNECTION | {"address"},
    "password": CONNECTION,
    "known_password": CONNECTION,
    "hls_secret": CONNECTION | {"kept"},
    "keys": CONNECTION | {"kept"},
    "certificate": CONNECTION | {"kept"},
    "example_keys": CONNECTION,
    "equal_keys": CONNECTION,
    "counter_jump": CONNECTION | {"counter"},
    "reauth_confirm": CONNECTION | {"name"},
    "reauth_hls_secret": CONNECTION | {"name"},
    "reauth_keys": CONNECTION | {"name", "kept", "key_digits"},
    "reauth_certificate": CONNECTION | {"name"},
    "discovery_confirm": CONNECTION | {"name"},
    "objects": CONNECTION | {"name", "count", "clock"},
    "usual_codes": CONNECTION | {"name", "count", "clock"},
    "nothing_found": CONNECTION | {"name"},
    "examine": CONNECTION,
    "help_plan": CONNECTION | {"attempts"},
    "help_search": CONNECTION,
    "help": CONNECTION | {"summary", "lines"},
    "help_device": CONNECTION,
}
"""What the steps put into their texts (test_config_flow.py looks at the values)."""


def leaves(node: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """All texts with their keys."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from leaves(value, f"{path}.{key}")
    else:
        yield path, node


def placeholders(node: Any) -> set[str]:
    """The placeholders in all texts below."""
    return {name for _, text in leaves(node) for _, name, _, _ in Formatter().parse(text) if name}


def fields_of(schema: Any) -> Iterator[Any]:
    """The fields of a form and of its sections."""
    for field in schema.schema.values():
        if isinstance(field, section):
            yield from fields_of(field.schema)
        else:
            yield from getattr(field, "validators", [field])


OWN = {key: TEXTS[key] for key in ("config", "options", "selector")}


@pytest.mark.parametrize("step", [*FORMS, "init"])
def test_each_field_has_a_name_and_a_description(step: str):
    texts = TEXTS["options" if step == "init" else "config"]["step"][step]
    form = options_schema([], with_logs=True) if step == "init" else FORMS[step]
    fields = {str(key): value for key, value in form.schema.items()} | ({"help": bool} if step in WITH_HELP else {})
    plain = {key for key, value in fields.items() if not isinstance(value, section)}
    assert texts["data"].keys() == plain
    assert texts["data_description"].keys() == plain
    assert texts["title"]
    assert texts.get("sections", {}).keys() == fields.keys() - plain
    for key in fields.keys() - plain:
        inner = {str(marker) for marker in fields[key].schema.schema}
        assert texts["sections"][key]["data"].keys() == inner
        assert texts["sections"][key]["data_description"].keys() == inner
        assert texts["sections"][key]["name"]
        assert texts["sections"][key]["description"]
        assert fields[key].options["collapsed"]


def test_each_step_has_texts_and_no_others():
    assert TEXTS["config"]["step"].keys() == {*FORMS, *MENUS, "nothing_found", "examine", "help", "help_search"}
    assert TEXTS["options"]["step"].keys() == {"init"}


@pytest.mark.parametrize("step", PLACEHOLDERS)
def test_each_placeholder_of_a_step_is_filled(step: str):
    assert placeholders(TEXTS["config"]["step"][step]) <= PLACEHOLDERS[step]


INPUT_ERRORS = {
    "not_hex",
    "key_length",
    "invalid_system_title",
    "equal_system_titles",
    "secret_not_hex",
    "secret_length",
    "not_a_private_key",
    "key_with_pass_phrase",
    "not_a_public_key",
    "not_a_certificate",
    "certificate_of_other_key",
    "key_of_other_suite",
    "envelope_without_protection",
    "dedicated_key_with_envelope",
    "sign_without_protection",
    "sign_with_suite_0",
    "hls_secret_missing",
    "encryption_key_missing",
    "authentication_key_missing",
    "client_private_key_missing",
    "meter_public_key_missing",
    "keys_without_use",
    "unverified_with_gmac",
    "unverified_without_encryption",
    "unverified_with_key",
    "invalid_association_object",
    "invalid_counter_logical_name",
}
"""What a form with credentials may be refused for (test_typed.py and test_credential_input.py see each of them)."""


MENDED_WITH_SETTINGS = (
    Verdict.ASSOCIATION_REFUSED,
    Verdict.MECHANISM_REFUSED,
    Verdict.STRONGER_AUTHENTICATION,
    Verdict.ANSWER_TIMEOUT,
    Verdict.BAD_ANSWER,
    Verdict.CONNECTION_LOST,
)
"""What a form with credentials says in other words than the form about the connection."""


def test_each_verdict_has_a_sentence():
    sentences = (
        {verdict.value for verdict in Verdict}
        | {"invalid_host", "invalid_wport", "authentication_missing", "invalid_objects"}
        | INPUT_ERRORS
    )
    sentences |= {f"{verdict.value}_with_credentials" for verdict in MENDED_WITH_SETTINGS}
    sentences |= {"objects_refused", "objects_not_tried"}
    of_options = {"interval_too_short", "objects_not_read", "invalid_objects", "objects_refused", "objects_not_tried"}
    of_options |= {"invalid_listen_address", "invalid_notification_sources", "other_sentence"}
    assert TEXTS["options"]["error"].keys() == of_options
    sentences |= {"invalid_listen_address", "invalid_notification_sources", "call_sources_needed"}
    sentences |= {"password_missing", "authentication_missing"}  # where help could have been asked for
    sentences |= {"not_called", "cannot_listen"}  # a connection that failed, where the meter calls
    assert TEXTS["config"]["error"].keys() == sentences


def test_each_fault_of_something_typed_has_a_sentence():
    assert {fault.value for fault in InputFault} - INPUT_ERRORS == {"unknown_name"}  # forms offer names to choose from


def test_sentences_about_inputs_have_their_placeholders():
    for reason in INPUT_ERRORS:
        assert placeholders(TEXTS["config"]["error"][reason]) <= {"key_digits", "key_octets", "octets"}


async def test_each_placeholder_of_a_sentence_is_filled(hass: HomeAssistant):
    for verdict in Verdict:
        words = await async_failure_in_words(hass, ExaminationFailed(verdict), "generic")
        given = words.keys() | CONNECTION | {"port_hint", "transport_hint", "no_port_hint"}
        assert placeholders(TEXTS["config"]["error"][verdict.value]) <= given
    assert placeholders(TEXTS["config"]["error"]["invalid_host"]) == set()
    for kind in ("config", "options"):
        for reason in ("invalid_objects", "objects_refused"):
            assert placeholders(TEXTS[kind]["error"][reason]) == {"code"}
        assert placeholders(TEXTS[kind]["error"]["objects_not_tried"]) == set()


def test_each_stage_is_said():
    assert TEXTS["config"]["progress"].keys() == {*(stage.value for stage in Stage), "finding_settings"}
    assert placeholders(TEXTS["config"]["progress"]) <= CONNECTION


def test_reasons_to_give_up():
    assert TEXTS["config"]["abort"].keys() == {"already_configured", "known_device", "wrong_device"}
    assert placeholders(TEXTS["config"]["abort"]) == {"name"}
    assert TEXTS["config"]["flow_title"] == "{name}"


def test_each_choice_has_a_text():
    assert TEXTS["selector"]["preset"]["options"].keys() == PRESETS.keys()
    assert TEXTS["selector"]["preset_hint"]["options"].keys() == PRESETS.keys()
    used: dict[str, set[str]] = {}
    for field in [field for schema in FORMS.values() for field in fields_of(schema)]:
        if isinstance(field, SelectSelector) and "translation_key" in field.config:
            used.setdefault(field.config["translation_key"], set()).update(field.config["options"])
    assert used.keys() == {
        "preset",
        "transport",
        "referencing",
        "authentication",
        "mechanism",
        "security_suite",
        "protection",
        "envelope",
        "time_policy",
    }
    for name, options in used.items():
        assert TEXTS["selector"][name]["options"].keys() == options
    assert used["authentication"] == {AUTHENTICATION_FIND_OUT, AUTHENTICATION_INHERITED, *AUTHENTICATIONS}


def test_trial_29_each_kind_of_object_has_a_name():
    assert TEXTS["selector"]["object_kind"]["options"].keys() == {kind.value for kind in ObjectKind}


def test_each_answer_of_a_menu_has_a_text():
    for step in MENUS:
        answers = TEXTS["config"]["step"][step]["menu_options"].keys()
        assert answers > {f"{way}{kind}" for way in ("", "reauth_") for kind in ("hls_secret", "keys", "certificate")}
        assert all(hasattr(CosemConfigFlow, f"async_step_{answer}") for answer in answers)


@pytest.mark.parametrize("name", PRESETS)
def test_preset_says_the_numbers_that_it_gives(name: str):
    """The form cannot fill in the numbers when a preset is chosen; so its name says them."""
    preset = PRESETS[name]
    numbers = TEXTS["selector"]["preset"]["options"][name].partition("(")[2]
    said = [int(number) for number in re.findall(r"\d+", numbers)]
    clients = dict.fromkeys([preset.client(authenticated=False), preset.client(authenticated=True)])
    assert said == [*clients, preset.server]


def test_each_diagnostic_of_the_standard_has_words():
    options = TEXTS["selector"]["association_diagnostic"]["options"]
    expected = {diagnostic_of(AssociationRejected(1, 1, number)) for number in range(15)}
    expected |= {diagnostic_of(AssociationRejected(1, 2, number)) for number in range(3)}
    expected |= {diagnostic_of(AssociationRejected(1, 1, 1, number)) for number in range(5)}
    expected |= {diagnostic_of(ExceptionReceived(1, number)) for number in ServiceErrorCode}
    assert options.keys() == expected


async def test_unknown_diagnostic_is_said_in_the_stacks_words(hass: HomeAssistant):
    failure = ExaminationFailed(Verdict.ASSOCIATION_REFUSED, diagnostic="user_99", detail="diagnostic 99")
    assert (await async_failure_in_words(hass, failure, "generic"))["diagnostic"] == "Diagnostic 99."
    known = ExaminationFailed(Verdict.ASSOCIATION_REFUSED, diagnostic="user_2", detail="diagnostic 2")
    assert "needs encryption" in (await async_failure_in_words(hass, known, "generic"))["diagnostic"]


async def test_object_names_that_were_chosen_are_named_where_the_meter_refuses_them(hass: HomeAssistant):
    failure = ExaminationFailed(Verdict.ASSOCIATION_REFUSED, diagnostic="user_2", detail="diagnostic 2")
    failure.offered = "DLMS version 6"
    for purpose, referencing, names in (
        (Purpose.SET_UP, "sn", True),
        (Purpose.RECONFIGURE, "ln", True),
        (Purpose.SET_UP, "auto", False),
        (Purpose.ADD_LOGICAL_DEVICE, "sn", False),
    ):
        refused = draft(purpose=purpose, facts=facts(referencing=referencing), failure=failure)
        words = (await async_form_words(hass, refused, Step.USER))["diagnostic"]
        assert ("Advanced, Object names" in words) is names
        assert words.endswith("It offers: DLMS version 6.")
    other = ExaminationFailed(Verdict.ASSOCIATION_REFUSED, diagnostic="user_3")
    refused = draft(facts=facts(referencing="sn"), failure=other)
    assert "Object names" not in (await async_form_words(hass, refused, Step.USER))["diagnostic"]


async def test_a_refusing_meters_own_parameters_are_shown_and_are_no_markdown(hass: HomeAssistant):
    refusal = AssociationRejected(1, 1, 2, None, "DLMS version 6, PDU size 222, get *set*")
    failure = ExaminationFailed.of(while_associating(refusal, AssociationParameters()))
    words = (await async_failure_in_words(hass, failure, "generic"))["diagnostic"]
    assert words.startswith("The meter refused the connection: it does not accept this kind of messages")
    assert words.endswith(r"It offers: DLMS version 6, PDU size 222, get \*set\*.")


async def test_what_answers_instead_of_a_meter_is_guessed(hass: HomeAssistant):
    for octets, guess in ((b"\x15\x03\x01", "TLS"), (b"\xff\xfd\x18", "Telnet"), (b"\x68\x1f", "M-Bus")):
        failure = ExaminationFailed.of(while_associating(NotWrapper(octets), AssociationParameters()))
        assert failure.verdict is Verdict.NOT_DLMS
        assert (await async_failure_in_words(hass, failure, "generic"))["detail"] == guess
    assert "{detail}" in TEXTS["config"]["error"]["not_dlms"]


async def test_refusal_without_a_reason_says_so(hass: HomeAssistant):
    failure = ExaminationFailed(Verdict.ASSOCIATION_REFUSED, diagnostic="user_1", detail="diagnostic 1")
    words = (await async_failure_in_words(hass, failure, "generic"))["diagnostic"]
    assert words == "The meter refused the connection and gave no reason."
    nothing = ExaminationFailed(Verdict.ASSOCIATION_REFUSED, diagnostic="user_99")
    assert (await async_failure_in_words(hass, nothing, "generic"))["diagnostic"] == ""


async def test_what_may_be_wrong_with_port_and_transport_is_said_only_where_it_may_be(hass: HomeAssistant):
    failed = draft("none", failure=ExaminationFailed(Verdict.NO_DLMS_ANSWER, seconds=10))
    assert failed.facts is not None
    usual = await async_form_words(hass, failed, Step.USER)
    assert (usual["port_hint"], usual["transport_hint"]) == ("", "")
    other = replace(failed, facts=replace(failed.facts, port=4060, transport=TransportProtocol.UDP))
    words = await async_form_words(hass, other, Step.USER)
    text, silence = (
        TEXTS["config"]["error"][reason].format_map(words) for reason in ("not_dlms_text", "no_dlms_answer")
    )
    assert "service. Most meters use port 4059. Check" in text
    assert "10 seconds. Few meters answer over UDP: if you are not sure, select TCP" in silence


async def test_a_port_that_is_closed_over_one_transport_may_be_open_over_the_other(hass: HomeAssistant):
    for verdict in (Verdict.CONNECTION_REFUSED, Verdict.CONNECT_TIMEOUT):
        failed = draft("none", failure=ExaminationFailed(verdict))
        assert failed.facts is not None
        sentence = TEXTS["config"]["error"][verdict.value]
        words = await async_form_words(hass, failed, Step.USER)
        assert "the port. If the documents of the meter say UDP, select UDP as the" in sentence.format_map(words)
        other = replace(failed, facts=replace(failed.facts, port=4060, transport=TransportProtocol.UDP))
        said = sentence.format_map(await async_form_words(hass, other, Step.USER))
        assert "the port. Most meters use port 4059. Few meters answer over UDP: if you" in said


def test_no_text_about_silence_says_that_a_connection_was_accepted():
    assert "accepted" not in TEXTS["config"]["error"]["no_dlms_answer"]  # over UDP nothing is
    assert "over TCP" not in TEXTS["config"]["error"]["not_dlms"]


async def test_an_echo_is_told_as_one(hass: HomeAssistant):
    failure = ExaminationFailed.of(while_associating(EchoReceived(16, 1, (16, 1)), AssociationParameters()))
    assert failure.verdict is Verdict.NOT_DLMS
    assert (await async_failure_in_words(hass, failure, "generic"))["detail"] == "an echo of what was sent"


async def test_hint_only_where_it_helps(hass: HomeAssistant):
    helps = ExaminationFailed(Verdict.NO_DLMS_ANSWER)
    assert "16 (public)" in (await async_failure_in_words(hass, helps, "spodes"))["hint"]
    assert (await async_failure_in_words(hass, helps, "gone with another version"))["hint"] == ""
    assert (await async_failure_in_words(hass, ExaminationFailed(Verdict.METER_BUSY), "spodes"))["hint"] == ""


@pytest.mark.parametrize(("key", "text"), leaves(OWN), ids=[key for key, _ in leaves(OWN)])
def test_texts_are_fit_for_home_assistant(key: str, text: str):
    assert text == text.strip() or "{hint}" in text
    assert "<" not in text
    assert "://" not in text
    assert "www." not in text
    assert "'{" not in text
    assert not re.search(r"\b(TODO|wport|WPort|Wport)\b", text)
    if ".error." in key or ".data_description." in key or ".abort." in key:
        assert text.endswith(".")


def test_words_about_the_connection():
    assert connection_words(draft(None)) == dict.fromkeys(CONNECTION, "")
    known = {"host": HOST, "port": "4059", "client_wport": "2", "server_wport": "1"}
    assert connection_words(draft(None, facts_before=facts())) == known
    assert connection_words(draft("none", facts_before=facts(host="before"))) == known


def test_trial_28_menu_says_which_meter_shows_little():
    assert question_words(draft(examination=examination()))["name"] == "SIM 1"
    answers = TEXTS["config"]["step"]["nothing_found"]["menu_options"].keys()
    assert list(answers) == [*LITTLE_FOUND, "help_plan"]
    assert all(hasattr(CosemConfigFlow, f"async_step_{answer}") for answer in answers)


def test_question_about_a_counter_says_it():
    assert question_words(draft("keys")) == connection_words(draft("keys"))
    asked = draft("keys", failure=ExaminationFailed(Verdict.COUNTER_JUMP, counter=99))
    assert question_words(asked) == connection_words(asked) | {"counter": "99"}


async def test_form_says_what_it_is_about(hass: HomeAssistant):
    begun = draft("none", name="Kitchen")
    assert (await async_form_words(hass, begun, Step.RECONFIGURE))["name"] == "Kitchen"
    assert "name" not in await async_form_words(hass, draft("none"), Step.USER)
    found = draft("none", name="announced", examination=examination(), choices=(CHOICE,), error_words={"code": "x"})
    words = await async_form_words(hass, found, Step.USUAL_CODES)
    assert (words["name"], words["count"], words["code"]) == ("SIM 1", "1", "x")


async def test_form_says_that_a_secret_is_kept(hass: HomeAssistant):
    for known, kept in (
        ({"encryption_key": "x"}, True),
        ({"authentication_key": "x"}, True),
        ({"password": "x"}, False),
    ):
        words = await async_form_words(hass, draft("keys", secrets=known), Step.KEYS)
        assert bool(words["kept"]) == kept
    assert "kept" not in await async_form_words(hass, draft("password"), Step.PASSWORD)


async def test_form_says_how_long_a_key_is(hass: HomeAssistant):
    begun = draft("keys", settings={"security_suite": 2}, credential_input=read(octets=16))
    words = await async_form_words(hass, begun, Step.REAUTH_KEYS)
    assert (words["octets"], words["key_octets"], words["key_digits"]) == ("16", "32", "64")
    words = await async_form_words(hass, draft("keys"), Step.KEYS)
    assert (words["octets"], words["key_octets"], words["key_digits"]) == ("0", "16", "32")


def test_failure_is_said_before_what_was_typed():
    failure = ExaminationFailed(Verdict.WRONG_KEY)
    begun = draft("keys", failure=failure, errors={"authentication_key": "not_hex"})
    assert errors_of(begun, FORMS["keys"]) == {"encryption_key": "wrong_key"}
    assert errors_of(replace(begun, failure=None), FORMS["keys"]) == {"authentication_key": "not_hex"}
    assert errors_of(draft("keys"), FORMS["keys"]) == {}


def test_trial_28_refusal_names_what_the_form_can_mend():
    for verdict in MENDED_WITH_SETTINGS:
        refused = draft("keys", failure=ExaminationFailed(verdict))
        assert errors_of(refused, FORMS["keys"]) == {"base": f"{verdict.value}_with_credentials"}
        assert set(errors_of(refused, FORMS["user"]).values()) == {verdict.value}
        by_password = draft("password", failure=ExaminationFailed(verdict))
        assert set(errors_of(by_password, FORMS["discovery_confirm"]).values()) == {verdict.value}
        used = placeholders(TEXTS["config"]["error"][f"{verdict.value}_with_credentials"])
        assert used <= CONNECTION | {"diagnostic", "detail", "seconds"}


def test_error_of_a_field_inside_of_a_section_stands_above_the_form():
    begun = draft("keys", errors={"counter_logical_name": "invalid_counter_logical_name"})
    assert errors_of(begun, FORMS["keys"]) == {"base": "invalid_counter_logical_name"}
    assert errors_of(draft("keys", failure=ExaminationFailed(Verdict.WRONG_KEY)), FORMS["user"]) == {
        "base": "wrong_key"
    }


STRANGE = bytes.fromhex("07e9071703070f18ff014a00")


@pytest.mark.parametrize(
    ("status", "more"),
    [
        ("00", ""),
        ("FF", ""),
        ("01", " The meter says that its clock is not valid."),
        ("02", " The meter says that its clock may be wrong."),
    ],
)
async def test_trial_15_the_clock_is_shown_beside_the_setting(hass: HomeAssistant, status: str, more: str):
    await hass.config.async_set_time_zone("Asia/Kolkata")
    data = Data(DataType.OCTET_STRING, STRANGE[:11] + bytes.fromhex(status))
    clock = clock_reading(data, datetime(2025, 7, 23, 1, 45, 30, tzinfo=UTC))
    shown = (
        'The clock of the meter says 2025-07-23 07:15:24. With the setting "Time difference with the opposite sign", '
        "that is 2025-07-23 07:15:24 in Home Assistant. At that moment, the clock of Home Assistant said "
        f"2025-07-23 07:15:30.{more}"
    )
    assert await async_clock_in_words(hass, clock, TimePolicy.INVERTED) == shown
    found = draft("none", examination=replace(examination(), clock=clock), choices=(CHOICE,))
    assert (await async_form_words(hass, found, Step.OBJECTS))["clock"] == shown


async def test_trial_15_a_setting_that_makes_the_clock_right_is_named(hass: HomeAssistant):
    await hass.config.async_set_time_zone("Asia/Kolkata")
    clock = clock_reading(Data(DataType.OCTET_STRING, STRANGE), datetime(2025, 7, 23, 1, 45, 30, tzinfo=UTC))
    words = await async_clock_in_words(hass, clock, TimePolicy.STANDARD)
    assert words.endswith(' The clock would be right with the setting "Time difference with the opposite sign".')


async def test_without_a_point_in_time_there_is_nothing_to_show(hass: HomeAssistant):
    senseless = Data(DataType.OCTET_STRING, STRANGE[:9] + bytes.fromhex("7FFF00"))
    clock = clock_reading(senseless, datetime(2025, 7, 23, 1, 45, 30, tzinfo=UTC))
    assert await async_clock_in_words(hass, clock, TimePolicy.STANDARD) == ""
    assert await async_clock_in_words(hass, None, TimePolicy.STANDARD) == ""
