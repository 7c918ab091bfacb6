"""The repair dialogues: which invocation counter, and which meter.

meter/issues.py raises the issues; the entry is reloaded afterwards.
"""

from typing import Any, Final

from homeassistant.components.repairs import FlowType, RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigEntry
from homeassistant.core import HomeAssistant
import voluptuous as vol

from .const import (
    CONF_METER_SYSTEM_TITLE,
    DOMAIN,
    ISSUE_COUNTER_LOST,
    ISSUE_COUNTER_REFUSED,
    ISSUE_METER_COUNTER_RESET,
    ISSUE_OTHER_SYSTEM_TITLE,
    MAX_COUNTER_START,
)
from .forms.number_field import number_field
from .meter.counter_store import FIRST_COUNTER, async_restore_counter, async_security_state
from .meter.credentials import association_parameters
from .meter.issues import ENTRY_ID, EXPECTED_COUNTER, FOUND, AcceptedReplacement, issues_of
from .meter.markdown import escaped
from .meter.replacement import has_entry
from .meter.store import async_pin_system_title

_COUNTER: Final = "counter"
# Without a default: nobody has proved any number (rule S35).
_COUNTER_SCHEMA: Final = vol.Schema({vol.Required(_COUNTER): number_field(FIRST_COUNTER, MAX_COUNTER_START)})


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the dialogue for an issue."""
    facts = data or {}
    entry = hass.config_entries.async_get_entry(str(facts.get(ENTRY_ID)))
    if entry is None:
        return EntryGone()
    kinds = {
        ISSUE_COUNTER_REFUSED: CounterRepair,
        ISSUE_COUNTER_LOST: LostCounterRepair,
        ISSUE_METER_COUNTER_RESET: CounterResetRepair,
    }
    return kinds.get(issue_id.removesuffix(f"_{entry.entry_id}"), MeterRepair)(entry, facts)


class EntryGone(RepairsFlow):
    """For an entry that is gone."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Say that it is gone."""
        return self.async_abort(reason="entry_gone")


class _EntryRepair(RepairsFlow):
    def __init__(self, entry: ConfigEntry, facts: dict[str, str | int | float | None]) -> None:
        self._entry = entry
        self._facts = facts

    def _repaired(self) -> RepairsFlowResult:
        """Close the dialogue and reload."""
        self.hass.config_entries.async_schedule_reload(self._entry.entry_id)
        return self.async_create_entry(data={})


class CounterRepair(_EntryRepair):
    """Raises the invocation counter without limit, if a person confirms; never lower (rule S3)."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Begin."""
        return await self.async_step_confirm()

    async def async_step_confirm(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Ask for the counter; what the meter tells is only shown, because anybody can have sent it."""
        errors: dict[str, str] = {}
        state = await async_security_state(self.hass, association_parameters(self._entry.data))
        if state is None:
            return self.async_abort(reason="no_counter")
        if user_input is not None:
            counter: int = user_input[_COUNTER]
            if counter > state.next_value and state.follow(counter, confirmed_by_user=True):
                return self._repaired()
            errors[_COUNTER] = "counter_not_higher"
        return self.async_show_form(
            step_id="confirm",
            data_schema=_COUNTER_SCHEMA,
            errors=errors,
            description_placeholders={
                "name": escaped(self._entry.title),
                "ours": str(state.next_value),
                "told": str(self._facts.get(EXPECTED_COUNTER) or "-"),
            },
        )


class LostCounterRepair(_EntryRepair):
    """Lets a counter that is gone go on from a number that a person knows to be unused (rule S36)."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Begin."""
        return await self.async_step_confirm()

    async def async_step_confirm(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Ask for the number."""
        parameters = association_parameters(self._entry.data)
        if not parameters.uses_counter:
            return self.async_abort(reason="no_counter")
        errors: dict[str, str] = {}
        if user_input is not None:
            if await async_restore_counter(self.hass, parameters, user_input[_COUNTER]):
                return self._repaired()
            errors[_COUNTER] = "counter_not_stored"
        return self.async_show_form(
            step_id="confirm",
            data_schema=_COUNTER_SCHEMA,
            errors=errors,
            description_placeholders={"name": escaped(self._entry.title)},
        )


class CounterResetRepair(_EntryRepair):
    """Accepts a restarted counter of the meter, if a person confirms (rule S7)."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Begin."""
        return await self.async_step_confirm()

    async def async_step_confirm(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Ask whether the meter was reset or exchanged."""
        state = await async_security_state(self.hass, association_parameters(self._entry.data))
        if state is None:
            return self.async_abort(reason="no_counter")
        if user_input is not None:
            state.receiving.forget()
            await state.store_received()
            return self._repaired()
        return self.async_show_form(
            step_id="confirm",
            data_schema=vol.Schema({}),
            description_placeholders={"name": escaped(self._entry.title)},
        )


class MeterRepair(_EntryRepair):
    """Decides: a replaced meter, or a wrong address."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Ask."""
        return self.async_show_menu(
            step_id="init",
            menu_options=["adopt", "wrong_address"],
            description_placeholders={
                "name": escaped(self._entry.title),
                "expected": escaped(str(self._entry.unique_id)),
                FOUND: escaped(str(self._facts.get(FOUND))),
            },
        )

    async def async_step_adopt(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Let the new meter replace the old; entity ids stay."""
        found = str(self._facts.get(FOUND))
        if self.issue_id.startswith(ISSUE_OTHER_SYSTEM_TITLE):
            # A system title proves nothing: the meter still has to prove that it knows the keys before it is read.
            await async_pin_system_title(self.hass, str(self._entry.unique_id), bytes.fromhex(found))
            if CONF_METER_SYSTEM_TITLE in self._entry.data:
                data = {**self._entry.data, CONF_METER_SYSTEM_TITLE: found}
                self.hass.config_entries.async_update_entry(self._entry, data=data)
            issues_of(self.hass, self._entry).accepted_replacement = AcceptedReplacement(None)
        elif has_entry(self.hass, found):
            return self.async_abort(reason="already_configured")
        else:
            issues_of(self.hass, self._entry).accepted_replacement = AcceptedReplacement(found)
        return self._repaired()

    async def async_step_wrong_address(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Open the form with the address; the issue stays until then."""
        flow = await self.hass.config_entries.flow.async_init(
            DOMAIN, context={"source": SOURCE_RECONFIGURE, "entry_id": self._entry.entry_id}
        )
        return self.async_abort(reason="enter_address", next_flow=(FlowType.CONFIG_FLOW, flow["flow_id"]))
