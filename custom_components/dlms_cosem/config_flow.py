"""The forms: set-up, a further logical device that was discovered, a new password, a changed connection, options.

A form collects facts, the doctor examines the meter in the background (flow_examination.py), and its verdict leads back to the
form that can mend it. A password is sent once for each time that a person submits it, and is never shown again.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, override

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlow,
    ConfigFlowResult,
    OptionsFlowWithReload,
)
from homeassistant.const import CONF_HOST, CONF_NAME, CONF_PASSWORD, CONF_PORT
from homeassistant.core import callback
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers.typing import DiscoveryInfoType
import voluptuous as vol

from .const import (
    AUTHENTICATION_NONE,
    AUTHENTICATION_PASSWORD,
    CONF_AUTHENTICATION,
    CONF_CLIENT_WPORT,
    CONF_INTERVAL,
    CONF_LOGICAL_DEVICE_NAME,
    CONF_OBJECTS,
    CONF_PRESET,
    CONF_RESPONSE_TIMEOUT,
    CONF_SERVER_WPORT,
    CONF_STAY_CONNECTED,
    DEFAULT_INTERVAL,
    DEFAULT_RESPONSE_TIMEOUT,
    DOMAIN,
)
from .doctor import Examination, ExaminationFailed, Verdict
from .flow_examination import ConnectionFacts, Depth, ExaminationRun
from .flow_schemas import (
    CONF_FURTHER_OBJECTS,
    SECTION_ADVANCED,
    connection_schema,
    discovery_schema,
    objects_schema,
    options_schema,
    password_schema,
)
from .flow_texts import FIELDS, async_failure_in_words
from .object_choices import NotAnObject, async_object_choices, parse_objects
from .presets import preset_of
from .selection import async_apply_selection, complete_objects, enabled_objects
from .store import async_load_objects, async_save_objects


class DlmsConfigFlow(ConfigFlow, domain=DOMAIN):
    """Everything that makes or mends an entry."""

    VERSION = 1

    def __init__(self) -> None:
        """Start with nothing known."""
        self._facts: ConnectionFacts | None = None
        self._typed: dict[str, Any] = {}
        """What the form with the connection shows again after a failure."""
        self._form = "user"
        """The form that mends everything but a password."""
        self._known_password: str | None = None
        """A password that the meter has not refused, so that it need not be typed again."""
        self._discovered: ConnectionFacts | None = None
        self._discovered_name = ""
        self._run: ExaminationRun | None = None
        self._failure: ExaminationFailed | None = None
        self._examination: Examination | None = None
        self._paused: ConfigEntry | None = None
        """An entry that leaves its connection to the examination."""

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> DlmsOptionsFlow:
        """Return the options flow."""
        return DlmsOptionsFlow()

    @callback
    @override
    def async_remove(self) -> None:
        """Clean up after a finished flow, or one whose dialog was closed."""
        if self._run is not None:
            self._run.cancel()
        self._resume()

    # --- Where the meter is ---------------------------------------------------------------------------------------

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask where the meter is and how it is asked."""
        return await self._connection_form("user", user_input)

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for changed facts of the connection; the meter must stay the same."""
        if self._facts is None:
            entry = self._get_reconfigure_entry()
            self._facts = ConnectionFacts.of_entry(entry)
            self._known_password = self._facts.password
            self._typed = {key: value for key, value in self._facts.entry_data().items() if key != CONF_PASSWORD}
            preset = preset_of(self._facts.preset)
            # A wPort that the preset gives stays empty, so that another preset can give another one.
            if self._facts.client_wport == preset.client(with_password=self._facts.with_password):
                del self._typed[CONF_CLIENT_WPORT]
            if self._facts.server_wport == preset.server:
                del self._typed[CONF_SERVER_WPORT]
        return await self._connection_form("reconfigure", user_input)

    async def _connection_form(self, step_id: str, user_input: dict[str, Any] | None) -> ConfigFlowResult:
        """Show the form with the connection, or take it."""
        self._form = step_id
        errors: dict[str, str] = {}
        if user_input is not None:
            self._typed = user_input
            if (host := _host(user_input[CONF_HOST])) is not None:
                self._facts = self._facts_from_form(host, user_input)
                self._abort_if_in_use(self._facts)
                return await self._authenticate()
            self._failure = None
            errors = {CONF_HOST: "invalid_host"}
        schema = connection_schema(with_timeout=step_id == "user")
        return await self._show(step_id, self.add_suggested_values_to_schema(schema, self._typed), errors)

    def _facts_from_form(self, host: str, user_input: Mapping[str, Any]) -> ConnectionFacts:
        """Return the facts that a form with the connection holds; the preset gives what is left empty."""
        preset = preset_of(user_input[CONF_PRESET])
        with_password = user_input[CONF_AUTHENTICATION] == AUTHENTICATION_PASSWORD
        present = self._facts.response_timeout if self._facts is not None else DEFAULT_RESPONSE_TIMEOUT
        return ConnectionFacts(
            host=host,
            port=user_input[CONF_PORT],
            preset=user_input[CONF_PRESET],
            client_wport=user_input.get(CONF_CLIENT_WPORT, preset.client(with_password=with_password)),
            server_wport=user_input.get(CONF_SERVER_WPORT, preset.server),
            authentication=user_input[CONF_AUTHENTICATION],
            response_timeout=user_input.get(SECTION_ADVANCED, {}).get(CONF_RESPONSE_TIMEOUT, present),
        )

    @override
    async def async_step_integration_discovery(self, discovery_info: DiscoveryInfoType) -> ConfigFlowResult:
        """Take a further logical device that a meter's SAP assignment list names.

        An entry that exists is never moved to another address: nobody has proved the list to be true, and the password of the
        entry would follow.
        """
        name = discovery_info[CONF_LOGICAL_DEVICE_NAME]
        await self.async_set_unique_id(name)
        self._abort_if_unique_id_configured()
        where = {key: discovery_info[key] for key in (CONF_HOST, CONF_PORT, CONF_SERVER_WPORT)}
        self._async_abort_entries_match(where)
        self._discovered_name = name
        self._discovered = ConnectionFacts(
            host=discovery_info[CONF_HOST],
            port=discovery_info[CONF_PORT],
            preset=discovery_info[CONF_PRESET],
            client_wport=discovery_info[CONF_CLIENT_WPORT],
            server_wport=discovery_info[CONF_SERVER_WPORT],
            authentication=AUTHENTICATION_NONE,
        )
        self.context["title_placeholders"] = {CONF_NAME: name}
        return await self.async_step_discovery_confirm()

    async def async_step_discovery_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for what is missing: how this part of the meter is asked."""
        assert self._discovered is not None
        self._form = "discovery_confirm"
        if user_input is not None:
            self._typed = user_input
            advanced = user_input.get(SECTION_ADVANCED, {})
            self._facts = replace(
                self._discovered,
                authentication=user_input[CONF_AUTHENTICATION],
                client_wport=advanced.get(CONF_CLIENT_WPORT, self._discovered.client_wport),
                response_timeout=advanced.get(CONF_RESPONSE_TIMEOUT, DEFAULT_RESPONSE_TIMEOUT),
            )
            return await self._authenticate()
        schema = self.add_suggested_values_to_schema(discovery_schema(), self._typed)
        return await self._show("discovery_confirm", schema)

    # --- How it knows us ------------------------------------------------------------------------------------------

    async def _authenticate(self) -> ConfigFlowResult:
        """Go to the form of the chosen kind of authentication, each with the fields that it needs."""
        self._failure = None
        forms: dict[str, Callable[[], Awaitable[ConfigFlowResult]]] = {
            AUTHENTICATION_NONE: self._examine,
            AUTHENTICATION_PASSWORD: (
                self.async_step_password if self._known_password is None else self.async_step_known_password
            ),
        }
        return await forms[self._known_facts.authentication]()

    async def async_step_password(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the password."""
        if user_input is not None:
            return await self._examine(user_input[CONF_PASSWORD])
        return await self._show("password", password_schema())

    async def async_step_known_password(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for a new password, or none to keep the one that is known."""
        if user_input is not None:
            return await self._examine(user_input.get(CONF_PASSWORD) or self._known_password)
        return await self._show("known_password", password_schema(required=False))

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Ask for a new password, because the meter refused the stored one."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for nothing but the password."""
        self._form = "reauth_confirm"
        self._facts = replace(
            ConnectionFacts.of_entry(self._get_reauth_entry()), authentication=AUTHENTICATION_PASSWORD
        )
        if user_input is not None:
            return await self._examine(user_input[CONF_PASSWORD])
        return await self._show("reauth_confirm", password_schema())

    # --- What the meter says --------------------------------------------------------------------------------------

    async def _examine(self, password: str | None = None) -> ConfigFlowResult:
        """Begin an examination: one association, with this password."""
        self._facts = replace(self._known_facts, password=password)
        self._known_password = password
        self._failure = None
        mending = self.source in {SOURCE_REAUTH, SOURCE_RECONFIGURE}
        expected = self._mended_entry.unique_id if mending else None
        if self.source == SOURCE_RECONFIGURE:
            await self._pause(self._mended_entry)
        self._run = ExaminationRun(
            self.hass, self._facts, Depth(expected=expected, with_objects=not mending), self.async_update_progress
        )
        return await self.async_step_examine()

    async def async_step_examine(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Say what the examination is doing, until it has ended."""
        assert self._run is not None
        if (observer := self._run.observer()) is None:
            return self.async_show_progress_done(next_step_id="examined")
        return self.async_show_progress(
            step_id="examine",
            progress_action=self._run.stage.value,
            progress_task=observer,
            description_placeholders=self._facts_in_words(),
        )

    async def async_step_examined(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Go on with what the meter said, or back to the form that can mend what went wrong."""
        assert self._run is not None
        outcome = self._run.outcome()
        if isinstance(outcome, ExaminationFailed):
            return await self._back(outcome)
        self._examination = outcome
        await self.async_set_unique_id(outcome.identity.unique_id, raise_on_progress=False)
        if self.source in {SOURCE_REAUTH, SOURCE_RECONFIGURE}:
            self._abort_if_unique_id_mismatch(
                reason="wrong_device", description_placeholders={CONF_NAME: outcome.identity.title}
            )
            self._paused = None  # reloaded with the new data
            return self.async_update_reload_and_abort(self._mended_entry, data=self._known_facts.entry_data())
        self._abort_if_unique_id_configured()
        return await (self.async_step_usual_codes() if outcome.list_refused else self.async_step_objects())

    async def _back(self, failure: ExaminationFailed) -> ConfigFlowResult:
        """Return to the form that can mend this failure."""
        self._failure = failure
        self._resume()
        if failure.verdict is Verdict.INVALID_AUTH:
            self._known_password = None
            if self._form != "reauth_confirm":
                return await self.async_step_password()
        forms: dict[str, Callable[[], Awaitable[ConfigFlowResult]]] = {
            "user": self.async_step_user,
            "reconfigure": self.async_step_reconfigure,
            "reauth_confirm": self.async_step_reauth_confirm,
            "discovery_confirm": self.async_step_discovery_confirm,
        }
        return await forms[self._form]()

    # --- What Home Assistant shows --------------------------------------------------------------------------------

    async def async_step_objects(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask which of the objects found become entities at once."""
        return await self._objects_form("objects", user_input)

    async def async_step_usual_codes(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask the same where the meter keeps its object list to itself; codes can be typed, too."""
        return await self._objects_form("usual_codes", user_input)

    async def _objects_form(self, step_id: str, user_input: dict[str, Any] | None) -> ConfigFlowResult:
        """Show the form with the objects, or create the entry."""
        assert self._examination is not None
        errors: dict[str, str] = {}
        placeholders = {CONF_NAME: self._examination.identity.title}
        if user_input is not None:
            try:
                further = parse_objects(user_input.get(CONF_FURTHER_OBJECTS, []))
            except NotAnObject as error:
                errors = {CONF_FURTHER_OBJECTS: "invalid_objects"}
                placeholders["code"] = error.code
            else:
                return await self._create(list(dict.fromkeys([*user_input[CONF_OBJECTS], *further])))
        choices, ticked = await async_object_choices(self.hass, self._examination.objects)
        placeholders["count"] = str(len(choices))
        schema = objects_schema(choices, ticked, with_further_objects=step_id == "usual_codes")
        if user_input is not None:
            schema = self.add_suggested_values_to_schema(schema, user_input)
        return self.async_show_form(
            step_id=step_id,
            data_schema=schema,
            errors=errors,
            description_placeholders=self._facts_in_words() | placeholders,
            last_step=True,
        )

    async def _create(self, objects: list[str]) -> ConfigFlowResult:
        """Create the entry."""
        assert self._examination is not None
        identity = self._examination.identity
        await async_save_objects(self.hass, identity.unique_id, self._examination.objects)
        return self.async_create_entry(
            title=identity.title,
            data=self._known_facts.entry_data(),
            options={
                CONF_INTERVAL: DEFAULT_INTERVAL,
                CONF_OBJECTS: objects,
                CONF_STAY_CONNECTED: False,
                CONF_RESPONSE_TIMEOUT: self._known_facts.response_timeout,
            },
        )

    # --- Shared ---------------------------------------------------------------------------------------------------

    @property
    def _known_facts(self) -> ConnectionFacts:
        """The facts, once a form has collected them."""
        assert self._facts is not None
        return self._facts

    @property
    def _mended_entry(self) -> ConfigEntry:
        """The entry of a flow that mends one."""
        return self._get_reauth_entry() if self.source == SOURCE_REAUTH else self._get_reconfigure_entry()

    @callback
    def _abort_if_in_use(self, facts: ConnectionFacts) -> None:
        """Abort when another entry already reads with this association: a meter keeps one for each pair of wPorts."""
        keys = (CONF_HOST, CONF_PORT, CONF_CLIENT_WPORT, CONF_SERVER_WPORT)
        data = facts.entry_data()
        for entry in self.hass.config_entries.async_loaded_entries(DOMAIN):
            if entry.entry_id != self.context.get("entry_id") and all(entry.data[key] == data[key] for key in keys):
                raise AbortFlow("already_configured")

    async def _pause(self, entry: ConfigEntry) -> None:
        """Let an entry release its association, because many meters serve one at a time.

        An entry that waits for a new password keeps still: loading it again would repeat the refused one.
        """
        if entry.state is ConfigEntryState.LOADED and not any(entry.async_get_active_flows(self.hass, {SOURCE_REAUTH})):
            await self.hass.config_entries.async_unload(entry.entry_id)
            self._paused = entry

    @callback
    def _resume(self) -> None:
        """Let a paused entry go on as it was."""
        if self._paused is not None:
            self.hass.config_entries.async_schedule_reload(self._paused.entry_id)
            self._paused = None

    def _facts_in_words(self) -> dict[str, str]:
        """Return what texts may say about the connection."""
        facts = self._facts or self._discovered
        return {
            key: str(getattr(facts, key, "")) for key in (CONF_HOST, CONF_PORT, CONF_CLIENT_WPORT, CONF_SERVER_WPORT)
        }

    async def _show(self, step_id: str, schema: vol.Schema, errors: dict[str, str] | None = None) -> ConfigFlowResult:
        """Show a form, with the sentence for the last failure at the field that it is about."""
        words = self._facts_in_words() | {"hint": ""}
        if (failure := self._failure) is not None:
            field = FIELDS.get(failure.verdict, "base")
            errors = {field if field in schema.schema else "base": failure.verdict.value}
            words |= await async_failure_in_words(self.hass, failure, self._known_facts.preset)
        if self.source == SOURCE_RECONFIGURE:
            words[CONF_NAME] = self._get_reconfigure_entry().title
        elif self._discovered is not None:
            words[CONF_NAME] = self._discovered_name
        return self.async_show_form(
            step_id=step_id, data_schema=schema, errors=errors or {}, description_placeholders=words
        )


class DlmsOptionsFlow(OptionsFlowWithReload):
    """What may change while an entry runs."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask how often, what, and how."""
        entry = self.config_entry
        if user_input is not None:
            async_apply_selection(self.hass, entry, user_input[CONF_OBJECTS])
            return self.async_create_entry(data=user_input)
        stored = await async_load_objects(self.hass, str(entry.unique_id))
        choices, _ = await async_object_choices(self.hass, complete_objects(stored, entry.options[CONF_OBJECTS]))
        enabled = enabled_objects(self.hass, entry)
        ticked = [choice["value"] for choice in choices if choice["value"] in enabled]
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(
                options_schema(choices), {**entry.options, CONF_OBJECTS: ticked}
            ),
        )


def _host(typed: str) -> str | None:
    """Return a name or an address without decoration; None when it is something else, for example a name with a port."""
    host = typed.strip().removeprefix("[").removesuffix("]")
    is_wrong = not host or any(character.isspace() or character in "/@[]" for character in host) or host.count(":") == 1
    return None if is_wrong else host
