"""The config flow: it shows what the step table (forms/next_step.py) says of a draft (forms/draft.py).

Each submitted password is sent once and never shown again.
"""

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial, partialmethod
from typing import Any, Final, override

from homeassistant.config_entries import SOURCE_IGNORE, ConfigEntry, ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_NAME, CONF_PORT
from homeassistant.core import callback
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers.typing import DiscoveryInfoType

from .const import CONF_LOGICAL_DEVICE_NAME, CONF_PARENT_ENTRY, CONF_SERVER_WPORT, DOMAIN
from .forms.answers import accept_doubt, add_anyway, ask_for_client, ask_for_credentials, follow_counter
from .forms.connection import ConnectionFacts, shared_facts
from .forms.credential_input import DOUBT_EQUAL_KEYS, DOUBT_EXAMPLE_KEYS
from .forms.discovery_cards import adding_sender, async_card_title, facts_of_logical_device
from .forms.draft import (
    Draft,
    Purpose,
    adding_logical_device,
    reauthenticating,
    reconfiguring,
    with_answer_to_all,
    with_examination,
    with_failure,
)
from .forms.entry_data import async_changed_entry, async_entry_in_use, async_new_entry
from .forms.examination import BackgroundExamination, async_give_up_calls
from .forms.further_objects import async_try_at_set_up
from .forms.help_fields import with_help, without_help
from .forms.help_steps import HelpSteps
from .forms.next_step import Step, menu_of, next_step
from .forms.objects import async_choices_of_another_client, async_object_choices
from .forms.options import CosemOptionsFlow
from .forms.step_forms import STEP_FORMS
from .forms.texts import async_form_words, connection_words, errors_of, question_words
from .meter.doctor import Examination, ExaminationFailed
from .meter.identity import logical_device_title
from .meter.markdown import escaped
from .push.unknown_senders import UnknownSender

_ABOUT_CONNECTION: Final = frozenset({Step.USER, Step.FOUND, Step.RECONFIGURE})


class CosemConfigFlow(HelpSteps, domain=DOMAIN):
    """Makes, repairs or changes an entry."""

    VERSION = 1

    def __init__(self) -> None:
        self._draft = Draft()
        self._run: BackgroundExamination | None = None
        self._calls = AsyncExitStack()
        """Awaited until the flow ends."""

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> CosemOptionsFlow:
        """Return the options flow."""
        return CosemOptionsFlow()

    @callback
    @override
    def async_remove(self) -> None:
        """Stop an examination when the flow ends."""
        super().async_remove()
        if self._run is not None:
            self._run.cancel()
            entry = self.hass.config_entries.async_get_entry(self.context.get("entry_id", ""))
            self.hass.async_create_task(async_give_up_calls(self._calls, entry), "calls of a flow")

    # --- How a flow begins ----------------------------------------------------------------------------------------

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the connection."""
        return await self._form(Step.USER, user_input)

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for a changed connection of the same meter."""
        if self._draft.purpose is not Purpose.RECONFIGURE:
            self._draft = reconfiguring(self._get_reconfigure_entry())
        return await self._form(Step.RECONFIGURE, user_input)

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Ask for new secrets after a refusal."""
        self._draft = reauthenticating(self._get_reauth_entry())
        return await self._go_on()

    @override
    async def async_step_integration_discovery(self, discovery_info: DiscoveryInfoType) -> ConfigFlowResult:
        """Take a logical device from a meter's SAP assignment list, or who sends notifications."""
        if (sender := UnknownSender.of_card(discovery_info)) is not None:
            return await self._begin_with_sender(sender)
        name = discovery_info[CONF_LOGICAL_DEVICE_NAME]
        await self.async_set_unique_id(name)
        # An existing entry is never moved to this address: nobody has proved the list, and its password would follow.
        self._abort_if_unique_id_configured(description_placeholders=self._known_as())
        host, port = discovery_info[CONF_HOST], discovery_info[CONF_PORT]
        server_wport = discovery_info[CONF_SERVER_WPORT]
        self._async_abort_entries_match({CONF_HOST: host, CONF_PORT: port, CONF_SERVER_WPORT: server_wport})
        entry = self.hass.config_entries.async_get_entry(discovery_info.get(CONF_PARENT_ENTRY, ""))
        known = facts_of_logical_device(discovery_info)
        title = logical_device_title(name)
        self._draft = adding_logical_device(title, known, shared_facts(entry, host, port))
        self.context["title_placeholders"] = {CONF_NAME: title}
        return await self._go_on()

    async def _begin_with_sender(self, sender: UnknownSender) -> ConfigFlowResult:
        await self.async_set_unique_id(sender.unique_id)
        self._abort_if_unique_id_configured()  # it was ignored
        self._draft = adding_sender(sender)
        self.context["title_placeholders"] = {CONF_NAME: await async_card_title(self.hass, sender)}
        return await self._show(Step.USER)

    # --- What the table says --------------------------------------------------------------------------------------

    async def _form(self, step: Step, user_input: dict[str, Any] | None) -> ConfigFlowResult:
        """Show a form or take its answer."""
        if (helping := await self._help(step, user_input)) is not None:
            return helping
        if user_input is None:
            self._draft = replace(self._draft, errors={})
            return await self._show(step)
        before = self._draft.facts
        self._draft = STEP_FORMS[step].take(self._draft, without_help(user_input))
        is_chosen = self._draft.facts is not None and not self._draft.finds_out
        if is_chosen and (step in _ABOUT_CONNECTION or self._draft.facts != before):
            self._abort_if_in_use(self._draft.given_facts)
        if step is Step.USUAL_CODES:
            self._draft = await async_try_at_set_up(self.hass, self._draft, user_input)
        return await self._go_on()

    @override
    async def _go_on(self) -> ConfigFlowResult:
        match next_step(self._draft):
            case Step.EXAMINE:
                return await self._examine()
            case Step.CREATE_ENTRY:
                return await self._create_entry()
            case Step.UPDATE_ENTRY:
                return await self._update_entry()
            case step:
                return await self._show(step)

    @override
    async def _show(self, step: Step) -> ConfigFlowResult:
        """Show a menu or a form."""
        draft = self._draft
        if menu := menu_of(draft, step):
            return self.async_show_menu(
                step_id=step.value, menu_options=menu, description_placeholders=question_words(draft)
            )
        form = STEP_FORMS[step]
        schema = with_help(draft, form.schema(draft))
        return self.async_show_form(
            step_id=step.value,
            data_schema=self.add_suggested_values_to_schema(schema, form.shown(draft, schema)),
            errors=errors_of(draft, schema),
            description_placeholders=await async_form_words(self.hass, draft, step),
            last_step=form.is_last,
        )

    async def _ask(self, step: Step, _user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show a menu again."""
        return await self._show(step)

    async def _choose(
        self, answer: Callable[[Draft], Draft], _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Take the answer to a menu."""
        self._draft = answer(self._draft)
        return await self._go_on()

    # Home Assistant calls each step by its name.
    async_step_found = partialmethod(_form, Step.FOUND)
    async_step_call = partialmethod(_form, Step.CALL)
    async_step_discovery_confirm = partialmethod(_form, Step.DISCOVERY_CONFIRM)
    async_step_password = partialmethod(_form, Step.PASSWORD)
    async_step_known_password = partialmethod(_form, Step.KNOWN_PASSWORD)
    async_step_hls_secret = partialmethod(_form, Step.HLS_SECRET)
    async_step_keys = partialmethod(_form, Step.KEYS)
    async_step_certificate = partialmethod(_form, Step.CERTIFICATE)
    async_step_reauth_confirm = partialmethod(_form, Step.REAUTH_CONFIRM)
    async_step_reauth_hls_secret = partialmethod(_form, Step.REAUTH_HLS_SECRET)
    async_step_reauth_keys = partialmethod(_form, Step.REAUTH_KEYS)
    async_step_reauth_certificate = partialmethod(_form, Step.REAUTH_CERTIFICATE)
    async_step_objects = partialmethod(_form, Step.OBJECTS)
    async_step_usual_codes = partialmethod(_form, Step.USUAL_CODES)
    async_step_example_keys = partialmethod(_ask, Step.EXAMPLE_KEYS)
    async_step_equal_keys = partialmethod(_ask, Step.EQUAL_KEYS)
    async_step_counter_jump = partialmethod(_ask, Step.COUNTER_JUMP)
    async_step_nothing_found = partialmethod(_ask, Step.NOTHING_FOUND)
    async_step_accept_example_keys = partialmethod(_choose, partial(accept_doubt, doubt=DOUBT_EXAMPLE_KEYS))
    async_step_accept_equal_keys = partialmethod(_choose, partial(accept_doubt, doubt=DOUBT_EQUAL_KEYS))
    async_step_follow_counter = partialmethod(_choose, follow_counter)
    async_step_log_in = partialmethod(_choose, ask_for_credentials)
    async_step_other_client = partialmethod(_choose, ask_for_client)
    async_step_add_anyway = partialmethod(_choose, add_anyway)

    # --- What the meter says --------------------------------------------------------------------------------------

    async def _examine(self) -> ConfigFlowResult:
        """Begin one attempt, unless the meter has told this very client already."""
        if (known := self._draft.known_examination) is not None and not self._draft.finds_out:
            return await self._accept(known)
        self._run = BackgroundExamination(self.hass, self._draft, self.async_update_progress, self._calls)
        return await self.async_step_examine()

    async def async_step_examine(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the stage until the examination ends."""
        assert self._run is not None
        if (observer := self._run.observer()) is None:
            return self.async_show_progress_done(next_step_id="examined")
        return self.async_show_progress(
            step_id=Step.EXAMINE.value,
            progress_action=self._run.stage.value,
            progress_task=observer,
            description_placeholders=connection_words(self._draft),
        )

    async def async_step_examined(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Go on with the result."""
        assert self._run is not None
        outcome = self._run.outcome()
        if isinstance(outcome, ExaminationFailed):
            self._draft = with_failure(self._draft, outcome)
            return await self._go_on()
        return await self._accept(outcome)

    async def _accept(self, outcome: Examination) -> ConfigFlowResult:
        if self._draft.finds_out:
            choices, ticked = await async_object_choices(self.hass, outcome.objects)
            self._draft = with_answer_to_all(self._draft, outcome, choices, ticked)
            return await self._go_on()
        await self.async_set_unique_id(outcome.identity.unique_id, raise_on_progress=False)
        if self._draft.purpose.mends:
            known = self._known_as()
            self._abort_if_unique_id_mismatch(
                reason="known_device" if known else "wrong_device",
                description_placeholders=known or {CONF_NAME: outcome.identity.title},
            )
            choices, ticked = await async_choices_of_another_client(self.hass, self._mended_entry, outcome.objects)
        else:
            self._abort_if_unique_id_configured(description_placeholders=self._known_as())
            choices, ticked = await async_object_choices(self.hass, outcome.objects)
        self._draft = with_examination(self._draft, outcome, choices, ticked)
        return await self._go_on()

    # --- Entries --------------------------------------------------------------------------------------------------

    async def _create_entry(self) -> ConfigFlowResult:
        data, options = await async_new_entry(self.hass, self._draft)
        return self.async_create_entry(title=self._draft.title, data=data, options=options)

    async def _update_entry(self) -> ConfigFlowResult:
        data, options = await async_changed_entry(self.hass, self._draft, self._mended_entry)
        return self.async_update_reload_and_abort(self._mended_entry, data=data, options=options)

    @property
    def _mended_entry(self) -> ConfigEntry:
        if self._draft.purpose is Purpose.REAUTHENTICATE:
            return self._get_reauth_entry()
        return self._get_reconfigure_entry()

    @callback
    def _abort_if_in_use(self, facts: ConnectionFacts) -> None:
        """Abort when another entry uses this association."""
        if entry := async_entry_in_use(self.hass, facts, but=self.context.get("entry_id", "")):
            reason = "known_device" if self._draft.purpose.mends else "already_configured"
            raise AbortFlow(reason, {CONF_NAME: escaped(entry.title)})

    def _known_as(self) -> dict[str, str]:
        """Return the placeholder for the entry of the meter that was found; nothing if it has none."""
        entry = self.hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, str(self.unique_id))
        return {} if entry is None or entry.source == SOURCE_IGNORE else {CONF_NAME: escaped(entry.title)}
