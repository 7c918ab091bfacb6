"""The steps of "Help me find the settings": what will be tried, the search, its list, and the way back to a form."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, override

from homeassistant.config_entries import ConfigFlow, ConfigFlowResult
from homeassistant.core import callback

from ..const import AUTHENTICATION_NONE, CONF_AUTHENTICATION
from ..dlms import Layer
from .answers import take_server
from .draft import Draft, Purpose
from .help_fields import CONF_HELP, CONF_LOGICAL_DEVICE, CONF_TRY_LOGIN, device_schema, plan_schema, without_help
from .help_lines import Line, after_search, failing_layer, lines_of
from .help_plan import Plan, asking_help, failed_facts, known_login
from .help_search import BackgroundSearch, SearchOutcome
from .help_texts import async_plan_words, async_result_words
from .next_step import Step, credential_form, first_form, next_step
from .step_forms import STEP_FORMS
from .texts import connection_words

_OF_THE_WAY = (Layer.NAME, Layer.PORT, Layer.FRAMING)
_OF_THE_LOGIN = (Layer.AUTHENTICATION, Layer.OBJECT_LIST)


class HelpSteps(ConfigFlow):
    """What a flow does between a form that failed and the form that mends it."""

    _draft: Draft
    _search: BackgroundSearch | None = None

    @abstractmethod
    async def _go_on(self) -> ConfigFlowResult:
        """Show what comes next."""

    @abstractmethod
    async def _show(self, step: Step) -> ConfigFlowResult:
        """Show a form."""

    @callback
    @override
    def async_remove(self) -> None:
        """Stop a search when the flow ends."""
        if self._search is not None:
            self._search.cancel()

    async def _help(self, step: Step, typed: Mapping[str, Any] | None) -> ConfigFlowResult | None:
        """Go to the help that a form asks for; None where it asks for none."""
        if typed is None or not typed.get(CONF_HELP):
            return None
        draft = self._draft
        taken = STEP_FORMS[step].take(draft, without_help(typed))
        if step is Step.FOUND and CONF_AUTHENTICATION not in typed:  # nobody has to know that to ask for help
            self._draft = replace(taken, errors={}, failure=draft.failure, facts=failed_facts(draft))
            return await self.async_step_help_plan()
        self._draft = asking_help(draft, taken)
        if taken.facts is None:
            self._draft = taken
            return await (self._show(step) if taken.errors else self._go_on())
        return await self.async_step_help_plan()

    async def async_step_help_plan(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Name what will be tried; begin once that is submitted."""
        draft = self._draft
        known, facts = known_login(draft), draft.given_facts
        if user_input is None:
            plans = [Plan(facts=facts), *([] if known is None else [Plan(facts=facts, credentials=known)])]
            return self.async_show_form(
                step_id=Step.HELP_PLAN.value,
                data_schema=plan_schema(with_login=known is not None),
                description_placeholders=await async_plan_words(self.hass, draft, plans),
            )
        plan = Plan(facts=facts, credentials=known if user_input.get(CONF_TRY_LOGIN) else None)
        self._search = BackgroundSearch(self.hass, draft, plan, self.async_update_progress)
        return await self.async_step_help_search()

    async def async_step_help_search(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Wait until the search ends."""
        assert self._search is not None
        if self._search.task.done():
            return self.async_show_progress_done(next_step_id=Step.HELP.value)
        return self.async_show_progress(
            step_id=Step.HELP_SEARCH.value,
            progress_action="finding_settings",
            progress_task=self._search.task,
            description_placeholders=connection_words(self._draft),
        )

    async def async_step_help(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show a line for each layer, and the ways back."""
        found = self._found
        lines = lines_of(self._draft, found)
        self._draft = after_search(self._draft, found)
        return self.async_show_menu(
            step_id=Step.HELP.value,
            menu_options=_ways_back(self._draft, found, lines),
            description_placeholders=await async_result_words(self.hass, self._draft, found, lines),
        )

    async def async_step_help_device(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Let a logical device be picked of those that the meter lists."""
        if user_input is not None:
            self._draft = take_server(self._draft, int(user_input[CONF_LOGICAL_DEVICE]))
            return await self._go_on()
        return self.async_show_form(
            step_id=Step.HELP_DEVICE.value,
            data_schema=device_schema(self._found.result[Layer.PUBLIC_ASSOCIATION].devices),
            description_placeholders=connection_words(self._draft),
        )

    @property
    def _found(self) -> SearchOutcome:
        assert self._search is not None
        return self._search.found()


def _ways_back(draft: Draft, found: SearchOutcome, lines: tuple[Line, ...]) -> list[str]:
    """Return the steps that mend something, the likeliest first."""
    has_login = draft.given_facts.authentication != AUTHENTICATION_NONE
    forms = [first_form(draft), *([credential_form(draft)] if has_login else [])]
    failing = failing_layer(lines)
    if failing in _OF_THE_LOGIN:
        forms.reverse()
    if draft.purpose is Purpose.SET_UP:  # the address is asked for in a form of its own
        forms.insert(0 if failing in _OF_THE_WAY else len(forms), Step.USER)
    can_move = draft.purpose in {Purpose.SET_UP, Purpose.RECONFIGURE}
    is_unlisted = bool(found.result[Layer.ASSOCIATION].listed)
    steps = [Step.HELP_DEVICE] if can_move and is_unlisted else []
    if next_step(draft) is Step.NOTHING_FOUND:
        forms.append(Step.NOTHING_FOUND)
    return [step.value for step in dict.fromkeys([*steps, *forms, Step.HELP_PLAN])]
