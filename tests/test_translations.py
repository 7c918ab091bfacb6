"""Every key that the code uses has its text, and every text is used: collected from the integration's syntax trees.

The forms' fields and the catalogue's names have closer tests: forms/test_texts.py and catalogue/test_catalogue.py.
"""

import ast
from collections.abc import Iterator
import json
from pathlib import Path
import re
from string import Formatter
from typing import Any

from homeassistant.util.yaml import load_yaml_dict
import pytest

from custom_components.cosem import const
from custom_components.cosem.catalogue import NOT_AUTHENTICATED
from custom_components.cosem.config_flow import CosemConfigFlow
from custom_components.cosem.device_trigger import ANY
from custom_components.cosem.dlms import InputFault
from custom_components.cosem.forms.next_step import Step
from custom_components.cosem.forms.options import CosemOptionsFlow
from custom_components.cosem.meter import issues
from custom_components.cosem.meter.credentials import CREDENTIAL_FIELDS
from custom_components.cosem.meter.doctor import Stage, Verdict
from custom_components.cosem.meter.own_entities import OwnEntity
from custom_components.cosem.meter.poll_record import NO_PROBLEM, OTHER_CLIENT, OTHER_PROBLEM, PAUSED, PROBLEMS
from custom_components.cosem.push.event_codes import EVENT_TYPES
from custom_components.cosem.push.filters import EVENT_TYPE_FIELD, FILTER_FIELDS

FOLDER = Path(const.__file__).parent
TEXTS: dict[str, Any] = json.loads((FOLDER / "translations" / "en.json").read_text(encoding="utf-8"))
TREES = {
    path.relative_to(FOLDER).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
    for path in FOLDER.rglob("*.py")
    if FOLDER / "dlms" not in path.parents
}
FROM_CORE = {"reauth_successful", "reconfigure_successful"}


def words(node: ast.expr) -> set[str]:
    """The strings that an expression may give: literals, constants of const.py, both ways of a condition."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return {node.value}
    if isinstance(node, ast.Name) and isinstance(value := getattr(const, node.id, None), str):
        return {value}
    if isinstance(node, ast.IfExp):
        return words(node.body) | words(node.orelse)
    return set()


def calls(inside: re.Pattern[str] = re.compile("")) -> Iterator[tuple[str, ast.Call]]:
    """All calls, in files whose name fits, with the name of what is called."""
    for path, tree in TREES.items():
        for node in ast.walk(tree) if inside.search(path) else ():
            if isinstance(node, ast.Call):
                function = node.func
                yield (function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")), node


def keyword_words(keyword: str, *, of: re.Pattern[str], inside: re.Pattern[str] = re.compile("")) -> set[str]:
    """The strings given as this keyword to functions whose name fits."""
    return {
        word
        for name, call in calls(inside)
        for item in call.keywords
        if item.arg == keyword and of.search(name)
        for word in words(item.value)
    }


def mapped_words() -> set[str]:
    """The strings given to the function that makes the texts in error_mapping.py."""
    return {
        word
        for node in ast.walk(TREES["meter/error_mapping.py"])
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_text"
        for word in words(node.args[0])
    }


def returned_words(function_name: str) -> set[str]:
    """The strings that a function returns."""
    return {
        word
        for tree in TREES.values()
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef) and function.name == function_name
        for node in ast.walk(function)
        if isinstance(node, ast.Return) and node.value is not None
        for word in words(node.value)
    }


ENDINGS = {Step.CREATE_ENTRY, Step.UPDATE_ENTRY, Step.SAVE_OPTIONS}


def steps_of(flow: type) -> tuple[set[str], set[str]]:
    """The steps that flows of this kind have, and those of them that are shown by name."""
    present = {name.removeprefix("async_step_") for name in dir(flow) if name.startswith("async_step_")}
    return present, {step.value for step in set(Step) - ENDINGS} & present


@pytest.mark.parametrize(("kind", "flow"), [("config", CosemConfigFlow), ("options", CosemOptionsFlow)])
def test_steps(kind: str, flow: type):
    present, shown = steps_of(flow)
    texts = set(TEXTS[kind]["step"])
    assert shown == texts
    assert texts <= present


def test_each_step_of_the_table_belongs_to_a_flow():
    of_flows = steps_of(CosemConfigFlow)[1] | steps_of(CosemOptionsFlow)[1]
    assert of_flows == {step.value for step in set(Step) - ENDINGS}


def test_errors():
    used = {member.value for member in Verdict}
    for node in ast.walk(TREES["forms/answers.py"]):
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Dict)
            and any(isinstance(target, ast.Name) and target.id == "errors" for target in node.targets)
        ):
            used |= {word for value in node.value.values for word in words(value)}
    assert used >= {"invalid_host", "invalid_objects", "unknown"}
    texts = set(TEXTS["config"]["error"])
    assert used <= texts
    used |= {f"{field}_missing" for fields in CREDENTIAL_FIELDS.values() for field in fields}
    used |= {fault.value for fault in InputFault}
    assert {word for tree in TREES.values() for word in _all_words(tree)} | used >= texts


def _all_words(tree: ast.AST) -> set[str]:
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def test_abort_reasons():
    used = keyword_words("reason", of=re.compile("abort"), inside=re.compile("flow|forms/")) - FROM_CORE
    if any(name in {"_abort_if_unique_id_configured", "_async_abort_entries_match"} for name, _ in calls()):
        used.add("already_configured")
    assert used == set(TEXTS["config"]["abort"])


def test_progress():
    stages = {member.value for member in Stage} | {"finding_settings"}  # the last one is of help_steps.py
    assert stages == set(TEXTS["config"]["progress"])


def test_selectors():
    used = keyword_words("translation_key", of=re.compile("SelectorConfig")) | {
        word for tree in TREES.values() for word in _all_words(tree) if word in TEXTS["selector"]
    }
    assert used == set(TEXTS["selector"])


def test_exceptions():
    not_exceptions = re.compile("^(?!.*(SelectorConfig|async_create_issue|Description$))")
    used = keyword_words("translation_key", of=not_exceptions)
    used |= mapped_words() | returned_words("_failed_poll_key") | returned_words("_security_key")
    assert used == set(TEXTS["exceptions"])


def test_issues():
    used = {value for name, value in vars(const).items() if name.startswith("ISSUE_")}
    assert set(const.ISSUES) == used == set(TEXTS["issues"])
    raised = {node.id for node in ast.walk(TREES["meter/issues.py"]) if isinstance(node, ast.Name)}
    assert {name for name in vars(const) if name.startswith("ISSUE_")} <= raised
    for texts in TEXTS["issues"].values():
        assert texts["title"]
        assert ("fix_flow" in texts) != ("description" in texts)


def test_fix_flows():
    """The steps, menu entries, errors and reasons of repairs.py are those that have texts."""
    flows = {kind: texts["fix_flow"] for kind, texts in TEXTS["issues"].items() if "fix_flow" in texts}
    assert set(flows) == issues._FIXABLE
    words_of_repairs = _all_words(TREES["repairs.py"])
    reasons = keyword_words("reason", of=re.compile("abort"), inside=re.compile("repairs"))
    assert reasons == {reason for texts in flows.values() for reason in texts.get("abort", ())}
    for texts in flows.values():
        assert set(texts) <= {"step", "abort", "error"}
        for step, shown in texts["step"].items():
            assert step in words_of_repairs
            assert shown["title"]
            assert shown["description"]
            assert set(shown.get("menu_options", ())) <= words_of_repairs
            assert set(shown.get("data", ())) == set(shown.get("data_description", ()))
        assert set(texts.get("abort", ())) <= reasons
        assert set(texts.get("error", ())) <= words_of_repairs


def test_entities_of_our_own():
    """Those that show the value of an attribute are compared in test_catalogue.py."""
    used = keyword_words("translation_key", of=re.compile("Description$"), inside=re.compile("catalogue/derived"))
    assert used == {"clock_drift", "authenticity"}
    assert used <= set(TEXTS["entity"]["sensor"])
    assert set(TEXTS["entity"]["sensor"]["authenticity"]["state"]) == {NOT_AUTHENTICATED}


def test_nothing_else_is_in_the_file():
    assert set(TEXTS) == {
        *("config", "options", "selector", "exceptions", "issues", "entity"),
        *("device_automation", "services", "triggers"),
    }
    assert set(TEXTS["entity"]) == {"event", "sensor", "switch"}


def test_entities_that_each_meter_has():
    for own in OwnEntity:
        assert TEXTS["entity"][own.platform.value][own.key]["name"]
    assert set(TEXTS["entity"]["switch"]) == {OwnEntity.PAUSE_POLLING.key}
    assert set(TEXTS["entity"]["switch"]["pause_polling"]["state_attributes"]) == {"until"}


def test_each_reason_why_a_meter_is_not_read_has_its_name():
    """Every error of a poll is one, so that none of them is shown as another reason."""
    assert tuple(TEXTS["entity"]["sensor"]["reading_problem"]["state"]) == PROBLEMS
    raised = mapped_words() | returned_words("_failed_poll_key") | returned_words("_security_key")
    raised |= keyword_words("translation_key", of=re.compile("UpdateFailed|ConfigEntry|kind"))
    assert raised - {"set_up_interrupted"} == set(PROBLEMS) - {NO_PROBLEM, OTHER_CLIENT, OTHER_PROBLEM}
    assert PAUSED in TEXTS["exceptions"]


def test_each_type_of_event_has_its_name():
    assert set(TEXTS["entity"]["event"]) == {"meter_event"}
    states = TEXTS["entity"]["event"]["meter_event"]["state_attributes"]["event_type"]["state"]
    assert tuple(states) == tuple(TEXTS["selector"]["event_type"]["options"]) == EVENT_TYPES


def test_triggers():
    """Of triggers.yaml, of the schema that checks it, and of the page of a device."""
    trigger = load_yaml_dict(FOLDER / "triggers.yaml")["notification_received"]
    assert trigger["target"] == {"entity": {"integration": "cosem", "domain": "event"}}
    described = trigger["fields"]
    assert described["event_type"]["selector"]["select"]["options"] == [*EVENT_TYPES]
    fields = set(map(str, (*EVENT_TYPE_FIELD, *FILTER_FIELDS)))
    assert set(described) == set(TEXTS["triggers"]["notification_received"]["fields"]) == fields
    on_page = TEXTS["device_automation"]
    assert set(on_page["trigger_type"]) == {*EVENT_TYPES, ANY}
    assert set(on_page["extra_fields"]) == set(on_page["extra_fields_descriptions"]) == set(map(str, FILTER_FIELDS))


def leaves(node: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from leaves(value, f"{path}.{key}")
    else:
        yield path, node


def test_texts_are_fit_for_home_assistant():
    for path, text in leaves(TEXTS):
        assert text.strip() == text, path
        assert text, path
        assert "http" not in text, path
        assert not re.search(r"</?[a-z]+>", text), path
        assert not re.search(r"'\{\w+\}'", text), path
        assert "[%key:" not in text, path
        list(Formatter().parse(text))


def test_exception_placeholders_are_those_that_are_given():
    given = {
        "other_meter": {"found", "expected", "name"},
        "identity_unreadable": set(),
        "authentication_stopped": set(),
    }
    for key, texts in TEXTS["exceptions"].items():
        wanted = {name for _, name, _, _ in Formatter().parse(texts["message"]) if name}
        assert wanted <= given.get(key, {"detail"}), key
