"""The options form: interval, objects and how to connect."""

from collections.abc import Sequence
from typing import Any

from homeassistant.config_entries import ConfigFlowResult, OptionsFlowWithReload

from ..const import CONF_OBJECTS
from ..dlms import ObjectListElement
from ..meter.entity_plan import async_apply_selection, enabled_objects, plan_entities
from ..meter.objects import complete_objects
from ..meter.store import async_load_objects
from .answers import take_options
from .draft import Draft, Purpose
from .next_step import Step, next_step
from .objects import async_object_choices
from .schemas import options_schema


class CosemOptionsFlow(OptionsFlowWithReload):
    """What may change while an entry runs."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the form or take it."""
        draft = Draft(purpose=Purpose.CHANGE_OPTIONS, name=self.config_entry.title)
        if user_input is not None:
            draft = take_options(draft, user_input)
        stored = await async_load_objects(self.hass, str(self.config_entry.unique_id))
        objects = complete_objects(stored, self.config_entry.options[CONF_OBJECTS])
        if next_step(draft) is Step.INIT:
            return await self._show(objects)
        assert draft.options is not None
        async_apply_selection(self.hass, self.config_entry, plan_entities(objects), draft.options[CONF_OBJECTS])
        return self.async_create_entry(data=draft.options)

    async def _show(self, objects: Sequence[ObjectListElement]) -> ConfigFlowResult:
        entry = self.config_entry
        choices, _ = await async_object_choices(self.hass, objects)
        enabled = enabled_objects(self.hass, entry, plan_entities(objects))
        # The ticked objects are the enabled ones, wherever that was chosen.
        ticked = [choice["value"] for choice in choices if choice["value"] in enabled]
        return self.async_show_form(
            step_id=Step.INIT.value,
            data_schema=self.add_suggested_values_to_schema(
                options_schema(choices), {**entry.options, CONF_OBJECTS: ticked}
            ),
        )
