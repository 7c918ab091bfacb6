"""The form for what may change while an entry runs: how often, what, and how. What the connection needs is in config_flow.py."""

from typing import Any

from homeassistant.config_entries import ConfigFlowResult, OptionsFlowWithReload

from ..const import CONF_OBJECTS
from ..meter.entity_plan import async_apply_selection, enabled_objects, plan_entities
from ..meter.objects import complete_objects
from ..meter.store import async_load_objects
from .objects import async_object_choices
from .schemas import options_schema


class CosemOptionsFlow(OptionsFlowWithReload):
    """What may change while an entry runs."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask how often, what, and how."""
        entry = self.config_entry
        stored = await async_load_objects(self.hass, str(entry.unique_id))
        objects = complete_objects(stored, entry.options[CONF_OBJECTS])
        plan = plan_entities(objects)
        if user_input is not None:
            async_apply_selection(self.hass, entry, plan, user_input[CONF_OBJECTS])
            return self.async_create_entry(data=user_input)
        choices, _ = await async_object_choices(self.hass, objects)
        enabled = enabled_objects(self.hass, entry, plan)
        ticked = [choice["value"] for choice in choices if choice["value"] in enabled]
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(
                options_schema(choices), {**entry.options, CONF_OBJECTS: ticked}
            ),
        )
