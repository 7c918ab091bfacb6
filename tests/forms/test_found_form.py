"""The second form: proposals can be taken as they are, changed one by one, or left for the first form."""

from dataclasses import replace
from typing import Any
from unittest.mock import patch

from homeassistant.helpers.selector import SelectSelector
import pytest
import voluptuous as vol

from custom_components.cosem.dlms import LogicalDeviceName
from custom_components.cosem.forms.draft import Draft
from custom_components.cosem.forms.found import Found
from custom_components.cosem.forms.found_form import found_of, found_schema, found_shown, take_found
from custom_components.cosem.forms.next_step import Step, next_step
from custom_components.cosem.meter.doctor import ExaminationFailed, Verdict
from tests.forms.drafts import draft, facts
from tests.forms.test_found import found

DEVICES = ((1, b"ISK1"), (17, b"ISK17"))
SILENT = Found(facts=facts(client_wport=16), failure=ExaminationFailed(Verdict.NO_DLMS_ANSWER, seconds=10))


def begun(known: Found, **changes: Any) -> Draft:
    """A draft after the public client was asked."""
    known = replace(known, facts=replace(known.facts, preset=known.preset))
    return draft(None, found=known, typed={"host": "typed"}, **changes)


def shown(known: Draft) -> dict[str, Any]:
    """What the form is filled with: its defaults, then its suggestions."""
    schema = found_schema(found_of(known))
    defaults = {
        str(marker): marker.default()
        for marker in schema.schema
        if isinstance(marker, vol.Required) and not isinstance(marker.default, vol.Undefined)
    }
    return defaults | dict(found_shown(known, schema))


def submitted(known: Draft, **typed: Any) -> Draft:
    """Submit the form with everything that it shows, and these changes."""
    return take_found(known, shown(known) | typed)


def test_proposals_are_filled_in_and_can_be_taken():
    known = begun(found("ISK1", *DEVICES))
    assert shown(known) == {
        "server_wport": "ISK1 (1)",
        "authentication": "keys",
        "client_wport": 1,
        "advanced": {"referencing": "auto", "response_timeout": 10},
    }
    after = submitted(known)
    assert after.facts == facts("keys", preset="idis_dsmr", client_wport=1)
    assert after.typed == {"host": "typed"}
    assert next_step(after) is Step.KEYS


def test_a_logical_device_is_picked_by_its_name_or_typed():
    schema = found_schema(found("ISK1", *DEVICES))
    field = schema.schema["server_wport"]
    assert isinstance(field, SelectSelector)
    assert field.config["options"] == [
        {"value": "ISK1 (1)", "label": "ISK1 (1)"},
        {"value": "ISK17 (17)", "label": "ISK17 (17)"},
    ]
    assert field.config["custom_value"]
    known = begun(found("ISK1", *DEVICES))
    assert submitted(known, server_wport="ISK17 (17)").given_facts.server_wport == 17
    assert submitted(known, server_wport="17").given_facts.server_wport == 17
    assert submitted(known, server_wport=" 0 ").given_facts.server_wport == 0
    assert submitted(begun(SILENT), authentication="none", server_wport=65535).given_facts.server_wport == 65535


@pytest.mark.parametrize("typed", ["", "gas", "-1", "65536", "1.5", "²"])
def test_what_is_no_address_is_said_and_stays(typed: str):
    wrong = submitted(begun(found("ISK1", *DEVICES)), server_wport=typed, client_wport=9)
    assert wrong.errors == {"server_wport": "invalid_wport"}
    assert next_step(wrong) is Step.FOUND
    assert shown(wrong)["server_wport"] == typed
    assert shown(wrong)["client_wport"] == 9
    right = submitted(wrong, server_wport="1")
    assert (right.errors, right.given_facts.client_wport) == ({}, 9)


def test_the_names_of_many_logical_devices_are_made_a_few_times():
    """A list may have hundreds: each name for each other one held up everything for seconds."""
    known = begun(found("ISK1", *((wport, b"ISK%d" % wport) for wport in range(1, 501))))
    with patch("custom_components.cosem.forms.found.LogicalDeviceName", wraps=LogicalDeviceName) as made:
        submitted(known)
    assert 500 <= made.call_count <= 20 * 500


def test_a_meter_that_told_nothing_leaves_everything_to_the_person():
    known = begun(SILENT)
    assert shown(known) == {"server_wport": 1, "advanced": {"referencing": "auto", "response_timeout": 10}}
    missing = submitted(known)
    assert missing.errors == {"authentication": "authentication_missing"}
    assert next_step(missing) is Step.FOUND
    after = submitted(known, authentication="password")
    assert after.given_facts.client_wport == 1
    assert submitted(known, authentication="none").given_facts.client_wport == 16
    assert submitted(known, authentication="none", client_wport=7).given_facts.client_wport == 7


def test_another_way_to_log_in_takes_its_own_client_unless_one_was_typed():
    known = begun(found("INC1"))
    assert shown(known)["client_wport"] == 32
    after = submitted(known, authentication="none")
    assert after.given_facts.client_wport == 16
    again = replace(after, facts=None)
    assert (shown(again)["authentication"], shown(again)["client_wport"]) == ("none", 16)
    typed = submitted(again, client_wport=32)
    assert typed.given_facts.client_wport == 32
    back = submitted(replace(typed, facts=None), authentication="password")
    assert back.given_facts.client_wport == 32


def test_what_was_typed_in_the_first_form_is_the_proposal():
    known = begun(found("ISK1", *DEVICES), choice={"client_wport": 5, "server_wport": 17})
    assert (shown(known)["client_wport"], shown(known)["server_wport"]) == (5, "ISK17 (17)")
    after = submitted(known)
    assert (after.given_facts.client_wport, after.given_facts.server_wport) == (5, 17)


def test_rare_settings_are_taken_from_the_section():
    after = submitted(begun(SILENT), authentication="none", advanced={"referencing": "sn", "response_timeout": 60})
    assert (after.given_facts.referencing, after.given_facts.response_timeout) == ("sn", 60)
    assert shown(replace(after, facts=None))["advanced"] == {"referencing": "sn", "response_timeout": 60}
    assert submitted(begun(SILENT), authentication="none", advanced={}).given_facts == SILENT.facts


def test_the_way_back_to_the_address_loses_nothing():
    known = begun(found("ISK1", *DEVICES), failure=ExaminationFailed(Verdict.METER_BUSY))
    back = submitted(known, change_address=True, authentication="password", client_wport=9, server_wport="17")
    assert next_step(back) is Step.USER
    assert (back.typed, back.failure, back.errors) == ({"host": "typed"}, None, {})
    again = replace(back, goes_back=False)
    assert shown(again) | {"advanced": {}} == {
        "server_wport": "ISK17 (17)",
        "authentication": "password",
        "client_wport": 9,
        "advanced": {},
    }
    nonsense = submitted(known, change_address=True, server_wport="gas")
    assert (next_step(nonsense), nonsense.errors) == (Step.USER, {})
    assert "server_wport" not in nonsense.choice, "it would be a proposal for another meter"


@pytest.mark.parametrize(
    ("sources", "kind", "asked"),
    [([], "password", True), ([], "keys", False), (["192.0.2.0/24"], "password", False)],
)
def test_a_meter_that_calls_is_asked_about_again_only_where_a_password_needs_its_address(
    sources: list[str], kind: str, asked: bool
):
    called = facts(client_wport=16, transport=None, host="")
    known = begun(Found(facts=called), facts=replace(called, call={"call_sources": sources}))
    after = submitted(known, authentication=kind)
    assert (next_step(after) is Step.CALL) == asked
