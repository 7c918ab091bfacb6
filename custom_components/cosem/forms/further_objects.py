"""Codes that a person types are tried at once: each that the meter does not give is named in the form."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from ..catalogue import sensor_attributes
from ..dlms import Association, AttributeDescriptor, Data
from ..meter.clients import async_open_client, timing
from ..meter.counter_store import async_security_state
from ..meter.credentials import association_parameters
from ..meter.error_mapping import none_if_failed
from ..meter.objects import AttributeResult, async_ask, complete_objects
from .draft import Draft
from .objects import parse_objects
from .schemas import CONF_FURTHER_OBJECTS

_MOST_NAMED: Final = 10
"""Codes in one sentence."""

type TriedAnswers = dict[AttributeDescriptor, AttributeResult]
type Ask = Callable[[list[AttributeDescriptor]], Awaitable[TriedAnswers | None]]
"""Returns None where the meter could not be read."""


async def async_try_at_set_up(hass: HomeAssistant, draft: Draft, typed: Mapping[str, Any]) -> Draft:
    """Try what was typed in an association of its own, as the examination did."""
    facts = draft.complete_facts
    parameters = association_parameters(facts.entry_data())

    async def ask(attributes: list[AttributeDescriptor]) -> TriedAnswers:
        async with async_open_client(hass, facts.host, facts.port, facts.transport) as client:
            state = await async_security_state(hass, parameters)
            deadlines = timing(facts.response_timeout)
            async with client.associate(
                parameters, timing=deadlines, security_state=state, exclusive=True
            ) as association:
                return await async_ask(association, attributes)

    return await _async_tried(draft, typed, lambda attributes: none_if_failed(ask(attributes)))


async def async_try_for_entry(entry: ConfigEntry[Any], draft: Draft, typed: Mapping[str, Any]) -> Draft:
    """Try what was typed in turn with the polls of an entry."""

    async def ask(attributes: list[AttributeDescriptor]) -> TriedAnswers | None:
        async def work(association: Association) -> TriedAnswers:
            return await async_ask(association, attributes)

        if entry.state is not ConfigEntryState.LOADED:
            return None
        try:
            answers: TriedAnswers = await entry.runtime_data.async_run(work)
        except HomeAssistantError:
            return None
        return answers

    return await _async_tried(draft, typed, ask)


async def _async_tried(draft: Draft, typed: Mapping[str, Any], ask: Ask) -> Draft:
    """Return the draft, with an error instead of its options where a code has no value."""
    if draft.errors or not (keys := parse_objects(typed.get(CONF_FURTHER_OBJECTS, []))):
        return draft
    attributes = [
        AttributeDescriptor(element.class_id, element.logical_name, sensor_attributes(element.class_id)[0])
        for element in complete_objects((), keys)
    ]
    answers = await ask(attributes)
    if answers is None:
        return _with_error(draft, typed, "objects_not_tried")
    refused = [
        f"{attribute.class_id}:{attribute.logical_name} ({answer.name})"
        for attribute, answer in answers.items()
        if not isinstance(answer, Data)
    ]
    if not refused:
        return draft
    more = ["..."] if len(refused) > _MOST_NAMED else []
    return _with_error(draft, typed, "objects_refused", code=", ".join(refused[:_MOST_NAMED] + more))


def _with_error(draft: Draft, typed: Mapping[str, Any], reason: str, **words: str) -> Draft:
    return replace(draft, options=None, typed=typed, errors={CONF_FURTHER_OBJECTS: reason}, error_words=words)
