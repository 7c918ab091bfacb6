"""The texts of the forms: nothing is missing, nothing is left over, and every placeholder gets its words."""

from collections.abc import Iterator
import json
from pathlib import Path
import re
from string import Formatter
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import SelectSelector
import pytest

import custom_components.dlms_cosem
from custom_components.dlms_cosem import flow_schemas
from custom_components.dlms_cosem.const import AUTHENTICATION_NONE, AUTHENTICATION_PASSWORD
from custom_components.dlms_cosem.dlms import AssociationRejected, ExceptionReceived
from custom_components.dlms_cosem.dlms.errors import SERVICE_ERRORS
from custom_components.dlms_cosem.doctor import ExaminationFailed, Stage, Verdict, diagnostic_of
from custom_components.dlms_cosem.flow_texts import async_failure_in_words
from custom_components.dlms_cosem.presets import PRESETS, USUAL_OBJECTS

FOLDER = Path(custom_components.dlms_cosem.__file__).parent
TEXTS = json.loads((FOLDER / "translations" / "en.json").read_text(encoding="utf-8"))
FORMS = {
    "user": flow_schemas.connection_schema(with_timeout=True),
    "reconfigure": flow_schemas.connection_schema(with_timeout=False),
    "password": flow_schemas.password_schema(),
    "known_password": flow_schemas.password_schema(required=False),
    "reauth_confirm": flow_schemas.password_schema(),
    "discovery_confirm": flow_schemas.discovery_schema(),
    "objects": flow_schemas.objects_schema([], [], with_further_objects=False),
    "usual_codes": flow_schemas.objects_schema([], [], with_further_objects=True),
}
CONNECTION = {"host", "port", "client_wport", "server_wport"}
PLACEHOLDERS = {
    "user": CONNECTION | {"hint"},
    "reconfigure": CONNECTION | {"hint", "name"},
    "password": CONNECTION,
    "known_password": CONNECTION,
    "reauth_confirm": CONNECTION | {"name"},
    "discovery_confirm": CONNECTION | {"name"},
    "objects": CONNECTION | {"name", "count"},
    "usual_codes": CONNECTION | {"name", "count"},
    "examine": CONNECTION,
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


OWN = {key: TEXTS[key] for key in ("config", "options", "selector")}


@pytest.mark.parametrize("step", FORMS)
def test_each_field_has_a_name_and_a_description(step: str):
    texts = TEXTS["config"]["step"][step]
    fields = {str(key): value for key, value in FORMS[step].schema.items()}
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
    assert TEXTS["config"]["step"].keys() == {*FORMS, "examine"}
    assert TEXTS["options"]["step"].keys() == {"init"}
    fields = {str(key) for key in flow_schemas.options_schema([]).schema}
    assert TEXTS["options"]["step"]["init"]["data"].keys() == fields
    assert TEXTS["options"]["step"]["init"]["data_description"].keys() == fields


@pytest.mark.parametrize("step", PLACEHOLDERS)
def test_each_placeholder_of_a_step_is_filled(step: str):
    assert placeholders(TEXTS["config"]["step"][step]) <= PLACEHOLDERS[step]


def test_each_verdict_has_a_sentence():
    assert TEXTS["config"]["error"].keys() == {verdict.value for verdict in Verdict} | {
        "invalid_host",
        "invalid_objects",
    }


async def test_each_placeholder_of_a_sentence_is_filled(hass: HomeAssistant):
    for verdict in Verdict:
        words = await async_failure_in_words(hass, ExaminationFailed(verdict), "generic")
        assert placeholders(TEXTS["config"]["error"][verdict.value]) <= words.keys() | CONNECTION
    assert placeholders(TEXTS["config"]["error"]["invalid_host"]) == set()
    assert placeholders(TEXTS["config"]["error"]["invalid_objects"]) == {"code"}


def test_each_stage_is_said():
    assert TEXTS["config"]["progress"].keys() == {stage.value for stage in Stage}
    assert placeholders(TEXTS["config"]["progress"]) <= CONNECTION


def test_reasons_to_give_up():
    assert TEXTS["config"]["abort"].keys() == {"already_configured", "wrong_device"}
    assert placeholders(TEXTS["config"]["abort"]) == {"name"}
    assert TEXTS["config"]["flow_title"] == "{name}"


def test_each_choice_has_a_text():
    assert TEXTS["selector"]["preset"]["options"].keys() == PRESETS.keys()
    assert TEXTS["selector"]["preset_hint"]["options"].keys() == PRESETS.keys()
    assert TEXTS["selector"]["authentication"]["options"].keys() == {AUTHENTICATION_NONE, AUTHENTICATION_PASSWORD}
    used = {
        value.config["translation_key"]: set(value.config["options"])
        for schema in FORMS.values()
        for value in schema.schema.values()
        if isinstance(value, SelectSelector) and "translation_key" in value.config
    }
    assert used == {"preset": PRESETS.keys(), "authentication": {AUTHENTICATION_NONE, AUTHENTICATION_PASSWORD}}


@pytest.mark.parametrize("name", PRESETS)
def test_preset_says_the_numbers_that_it_gives(name: str):
    """The form cannot fill in the numbers when a preset is chosen; so its name says them."""
    preset = PRESETS[name]
    numbers = TEXTS["selector"]["preset"]["options"][name].partition("(")[2]
    said = [int(number) for number in re.findall(r"\d+", numbers)]
    clients = dict.fromkeys([preset.client(with_password=False), preset.client(with_password=True)])
    assert said == [*clients, preset.server]


def test_each_diagnostic_of_the_standard_has_words():
    options = TEXTS["selector"]["association_diagnostic"]["options"]
    expected = {diagnostic_of(AssociationRejected(1, 1, number)) for number in range(15)}
    expected |= {diagnostic_of(AssociationRejected(1, 2, number)) for number in range(3)}
    expected |= {diagnostic_of(AssociationRejected(1, 1, 1, number)) for number in range(5)}
    expected |= {diagnostic_of(ExceptionReceived(1, number)) for number in SERVICE_ERRORS}
    assert options.keys() == expected


async def test_unknown_diagnostic_is_said_in_the_stacks_words(hass: HomeAssistant):
    failure = ExaminationFailed(Verdict.ASSOCIATION_REFUSED, diagnostic="user_99", detail="diagnostic 99")
    assert (await async_failure_in_words(hass, failure, "generic"))["diagnostic"] == "diagnostic 99"
    known = ExaminationFailed(Verdict.ASSOCIATION_REFUSED, diagnostic="user_2", detail="diagnostic 2")
    assert "application context" in (await async_failure_in_words(hass, known, "generic"))["diagnostic"]


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


def test_usual_objects_are_listed_once():
    assert len(set(USUAL_OBJECTS)) == len(USUAL_OBJECTS)
