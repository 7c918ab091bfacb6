"""The options form: interval, objects and how to connect."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, cast

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult, OptionsFlowWithReload
from homeassistant.exceptions import HomeAssistantError

from ..const import CONF_INTERVAL, CONF_OBJECTS, CONF_TIME_POLICY, MIN_INTERVAL
from ..dlms import ObjectListElement
from ..meter.entity_plan import async_apply_selection, enabled_objects, plan_entities
from ..meter.meter_time import ClockReading, async_read_clock, clock_of, time_policy_of
from ..meter.objects import complete_objects
from ..meter.store import async_load_objects
from ..push.logged_objects import keeps_what_happened
from ..push.options import transports_of
from .answers import take_options
from .credential_schemas import suggested_values
from .draft import Draft, Purpose
from .further_objects import async_try_for_entry
from .next_step import Step, next_step
from .notification_options import async_heard_in_words, fault_of
from .objects import async_object_choices
from .option_schemas import CONF_READ_OBJECTS, SECTION_WRITING, as_stored, options_schema
from .texts import async_clock_in_words, async_selector_texts, errors_of
from .writing_options import async_sentence, confirmation_fault, sentence_again

_CLOCK_SECONDS: Final = 5.0
"""The form does not wait longer for a meter that is slow or busy."""


class CosemOptionsFlow(OptionsFlowWithReload):
    """What may change while an entry runs."""

    def __init__(self) -> None:
        self._was_read = False
        """Whether the object list was just read again."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the form or take it."""
        draft = Draft(purpose=Purpose.CHANGE_OPTIONS, name=self.config_entry.title)
        typed = as_stored(user_input, self.config_entry.options) if user_input else {}
        if typed.pop(CONF_READ_OBJECTS, False):
            self._was_read = await self._async_read_objects()
            errors = {} if self._was_read else {CONF_READ_OBJECTS: "objects_not_read"}
            draft = replace(draft, typed=typed, errors=errors)
        elif typed and (fault := await self._async_fault(typed))[0]:
            draft = replace(draft, typed=typed, errors=fault[0], error_words=fault[1])
        elif typed:
            draft = await async_try_for_entry(self.config_entry, take_options(draft, typed), typed)
        stored = await async_load_objects(self.hass, str(self.config_entry.unique_id))
        if next_step(draft) is Step.INIT:
            return await self._show(draft, complete_objects(stored, self.config_entry.options[CONF_OBJECTS]))
        assert draft.options is not None
        keys = dict.fromkeys([*self.config_entry.options[CONF_OBJECTS], *draft.options[CONF_OBJECTS]])
        objects = complete_objects(stored, keys)
        async_apply_selection(self.hass, self.config_entry, plan_entities(objects), draft.options[CONF_OBJECTS])
        return self.async_create_entry(data=draft.options)

    async def _async_fault(self, typed: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
        """Return the error of a field, and its words; nothing where all is well."""
        if typed[CONF_INTERVAL] < MIN_INTERVAL:
            return {CONF_INTERVAL: "interval_too_short"}, {"minimum": str(MIN_INTERVAL)}
        if (fault := fault_of(typed))[0]:
            return fault
        return confirmation_fault(typed, self.config_entry.options, await async_sentence(self.hass)), {}

    async def _async_read_objects(self) -> bool:
        """Let the entry read the meter's object list; return whether it could."""
        entry = self.config_entry
        if entry.state is not ConfigEntryState.LOADED:
            return False
        try:
            return bool(await entry.runtime_data.async_run(entry.runtime_data.reader.async_read_list))
        except HomeAssistantError:
            return False

    async def _async_clock(self) -> ClockReading | None:
        """Return what the meter's clock says: as it was polled, else asked for now, where that takes no time."""
        entry = self.config_entry
        if entry.state is not ConfigEntryState.LOADED or not entry.runtime_data.last_update_success:
            return None
        if (polled := clock_of(entry.runtime_data.data)) is not None:
            return polled
        try:
            async with asyncio.timeout(_CLOCK_SECONDS):
                return cast("ClockReading | None", await entry.runtime_data.async_run(async_read_clock))
        except HomeAssistantError, TimeoutError:
            return None

    async def _async_heard(self) -> str:
        """Return what was heard of the meter so far."""
        entry = self.config_entry
        if entry.state is not ConfigEntryState.LOADED:
            return ""
        told = entry.runtime_data.notifications
        listens = bool(transports_of(entry.options))
        return await async_heard_in_words(self.hass, told.heard, told.not_taken, listens=listens)

    async def _show(self, draft: Draft, objects: Sequence[ObjectListElement]) -> ConfigFlowResult:
        entry = self.config_entry
        choices, _ = await async_object_choices(self.hass, objects)
        enabled = enabled_objects(self.hass, entry, plan_entities(objects))
        # The ticked objects are the enabled ones, wherever that was chosen.
        ticked = [choice["value"] for choice in choices if choice["value"] in enabled]
        clock = await self._async_clock()
        policy = time_policy_of(entry.options)
        text = await async_selector_texts(self.hass)
        is_read = text("objects_hint", "read", "").format_map({"count": len(choices)}) if self._was_read else ""
        words = {
            "heard": await self._async_heard(),
            "read": is_read,
            "clock": await async_clock_in_words(self.hass, clock, policy),
            "sentence": await async_sentence(self.hass),
        }
        chosen = {**entry.options, CONF_TIME_POLICY: policy.value}
        schema = options_schema(choices, with_logs=keeps_what_happened(objects), wrong=draft.errors)
        values = draft.typed or {**chosen, CONF_OBJECTS: ticked}
        shown = suggested_values(schema, values)
        shown[SECTION_WRITING] |= sentence_again(values)
        return self.async_show_form(
            step_id=Step.INIT.value,
            data_schema=self.add_suggested_values_to_schema(schema, shown),
            errors=errors_of(draft, schema),
            description_placeholders={**words, **draft.error_words},
        )
