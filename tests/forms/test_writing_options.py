"""S33: what may be written is chosen in the options, and keys need a sentence of their own."""

from collections.abc import Callable
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, section
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cosem.forms.writing_options import (
    async_sentence,
    confirmation_fault,
    sentence_again,
    what_is_allowed,
)
from tests.conftest import TICKED, set_up
from tests.flow_tools import options_shown, submit_options

OPTIONS = {"interval": 60, "objects": list(TICKED), "stay_connected": False, "response_timeout": 10, "pause": 1}
SENTENCE = "I may lose access to this meter for good"
ALL = {"allow_writing": True, "allow_switching": True, "security_confirmation": SENTENCE}
NONE = {"allow_writing": False, "allow_switching": False, "security_confirmation": ""}


@pytest.fixture
async def entry(hass: HomeAssistant, network: None, make_entry: Callable[..., MockConfigEntry]) -> MockConfigEntry:
    """A running entry."""
    return await set_up(hass, make_entry())


async def test_s33_nothing_is_allowed_until_somebody_says_so(hass: HomeAssistant, entry: MockConfigEntry):
    result = await hass.config_entries.options.async_init(entry.entry_id)
    shown = options_shown(result)
    assert not {"allow_writing", "allow_switching"} & shown.keys()
    assert shown["security_confirmation"] == ""
    result = await submit_options(hass, result, OPTIONS)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == OPTIONS


async def test_s33_what_is_allowed_is_stored_shown_and_taken_back(hass: HomeAssistant, entry: MockConfigEntry):
    result = await hass.config_entries.options.async_init(entry.entry_id)
    assert result["description_placeholders"]["sentence"] == await async_sentence(hass) == SENTENCE
    result = await submit_options(hass, result, {**OPTIONS, **ALL, "security_confirmation": f" {SENTENCE}\n"})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == {**OPTIONS, **ALL}
    await hass.async_block_till_done(wait_background_tasks=True)
    result = await hass.config_entries.options.async_init(entry.entry_id)
    assert ALL.items() <= options_shown(result).items()
    result = await submit_options(hass, result, {**OPTIONS, "allow_writing": True, "allow_switching": False})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == {**OPTIONS, "allow_writing": True}


async def test_s33_another_sentence_is_an_error_and_nothing_typed_is_lost(hass: HomeAssistant, entry: MockConfigEntry):
    before = dict(entry.options)
    result = await hass.config_entries.options.async_init(entry.entry_id)
    typed = {**OPTIONS, **ALL, "interval": 300, "security_confirmation": SENTENCE.lower()}
    result = await submit_options(hass, result, typed)
    # A field inside a section cannot show an error; its text names the field.
    assert (result["type"], result["errors"]) == (FlowResultType.FORM, {"base": "other_sentence"})
    assert result["description_placeholders"]["sentence"] == SENTENCE
    assert typed.items() <= options_shown(result).items()
    (part,) = [each for name, each in result["data_schema"].schema.items() if name == "writing"]
    assert isinstance(part, section)
    assert part.options == {"collapsed": False}
    assert entry.options == before
    result = await submit_options(hass, result, {**typed, "security_confirmation": SENTENCE})
    assert entry.options == {**OPTIONS, **ALL, "interval": 300}


@pytest.mark.parametrize(
    ("typed", "stored", "is_wrong"),
    [
        ({}, {}, False),
        ({"security_confirmation": "  "}, {}, False),
        ({"security_confirmation": SENTENCE}, {}, False),
        ({"security_confirmation": "yes"}, {}, True),
        ({"security_confirmation": "yes"}, {"security_confirmation": SENTENCE}, True),
        # Of another language, or of an earlier release.
        (
            {"security_confirmation": "Ich kann mich aussperren"},
            {"security_confirmation": "Ich kann mich aussperren"},
            False,
        ),
    ],
)
def test_s33_the_sentence_is_asked_for_once(typed: dict[str, Any], stored: dict[str, Any], is_wrong: bool):
    expected = {"security_confirmation": "other_sentence"} if is_wrong else {}
    assert confirmation_fault(typed, stored, SENTENCE) == expected


def test_what_allows_nothing_is_not_stored():
    assert what_is_allowed({"interval": 0, **NONE}) == {"interval": 0}
    assert what_is_allowed({"interval": 60, **ALL}) == {"interval": 60, **ALL}


@pytest.mark.parametrize("key", ["000102030405060708090A0B0C0D0E0F", "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMG4\n"])
def test_s33_a_key_in_the_wrong_field_is_not_shown_again(key: str):
    assert sentence_again({"security_confirmation": key}) == {}
    assert sentence_again({"security_confirmation": SENTENCE}) == {"security_confirmation": SENTENCE}
    assert sentence_again({}) == {"security_confirmation": ""}
