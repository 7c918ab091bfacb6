"""The forms: set-up, a further logical device that was discovered, a new password, a changed connection, options.

A form collects facts, the doctor examines the meter in the background (flow_examination.py), and its verdict leads back to the
form that can mend it. A password is sent once for each time that a person submits it, and is never shown again.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, override

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlowResult,
)
from homeassistant.const import CONF_HOST, CONF_NAME, CONF_PORT
from homeassistant.core import callback
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers.typing import DiscoveryInfoType

from .const import (
    AUTHENTICATION_INHERITED,
    AUTHENTICATION_NONE,
    CONF_AUTHENTICATION,
    CONF_CLIENT_WPORT,
    CONF_INTERVAL,
    CONF_LOGICAL_DEVICE_NAME,
    CONF_OBJECTS,
    CONF_PARENT_ENTRY,
    CONF_PRESET,
    CONF_RESPONSE_TIMEOUT,
    CONF_SERVER_WPORT,
    CONF_STAY_CONNECTED,
    DEFAULT_INTERVAL,
    DEFAULT_RESPONSE_TIMEOUT,
    DOMAIN,
)
from .forms.credential_schemas import SECTION_ADVANCED
from .forms.credential_steps import CredentialSteps
from .forms.examination import ConnectionFacts, Depth, ExaminationRun
from .forms.objects import NotAnObject, async_object_choices, parse_objects
from .forms.options import CosemOptionsFlow
from .forms.schemas import CONF_FURTHER_OBJECTS, connection_schema, discovery_schema, objects_schema
from .meter.doctor import Examination, ExaminationFailed
from .meter.identity import logical_device_title
from .meter.presets import preset_of
from .meter.store import async_save_objects


class CosemConfigFlow(CredentialSteps, domain=DOMAIN):
    """Everything that makes or mends an entry."""

    VERSION = 1

    def __init__(self) -> None:
        """Start with nothing known."""
        super().__init__()
        self._typed: dict[str, Any] = {}
        """What the form with the connection shows again after a failure."""
        self._parent: ConnectionFacts | None = None
        """The facts of the entry whose meter contains the logical device that was discovered."""
        self._run: ExaminationRun | None = None
        self._examination: Examination | None = None
        self._paused: ConfigEntry | None = None
        """An entry that leaves its connection to the examination."""

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> CosemOptionsFlow:
        """Return the options flow."""
        return CosemOptionsFlow()

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
            self._know(self._facts)
            self._typed = self._facts.connection_data()
            preset = preset_of(self._facts.preset)
            # A wPort that the preset gives stays empty, so that another preset can give another one.
            if self._facts.client_wport == preset.client(authenticated=self._facts.is_authenticated):
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
        authenticated = user_input[CONF_AUTHENTICATION] != AUTHENTICATION_NONE
        present = self._facts.response_timeout if self._facts is not None else DEFAULT_RESPONSE_TIMEOUT
        return ConnectionFacts(
            host=host,
            port=user_input[CONF_PORT],
            preset=user_input[CONF_PRESET],
            client_wport=user_input.get(CONF_CLIENT_WPORT, preset.client(authenticated=authenticated)),
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
        self._discovered_name = logical_device_title(name)
        self._parent = self._facts_of_parent(discovery_info)
        self._discovered = ConnectionFacts(
            host=discovery_info[CONF_HOST],
            port=discovery_info[CONF_PORT],
            preset=discovery_info[CONF_PRESET],
            client_wport=discovery_info[CONF_CLIENT_WPORT],
            server_wport=discovery_info[CONF_SERVER_WPORT],
            authentication=AUTHENTICATION_NONE,
        )
        entry = self.hass.config_entries.async_get_entry(discovery_info.get(CONF_PARENT_ENTRY, ""))
        inside = f" ({entry.title})" if entry is not None else ""
        self.context["title_placeholders"] = {CONF_NAME: f"{self._discovered_name}{inside}"}
        return await self.async_step_discovery_confirm()

    async def async_step_discovery_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for what is missing: how this part of the meter is asked."""
        assert self._discovered is not None
        self._form = "discovery_confirm"
        if user_input is not None:
            self._typed = user_input
            advanced = user_input.get(SECTION_ADVANCED, {})
            inherits = user_input[CONF_AUTHENTICATION] == AUTHENTICATION_INHERITED
            self._facts = replace(
                self._discovered,
                authentication=self._parent.authentication
                if inherits and self._parent
                else user_input[CONF_AUTHENTICATION],
                client_wport=advanced.get(CONF_CLIENT_WPORT, self._discovered.client_wport),
                response_timeout=advanced.get(CONF_RESPONSE_TIMEOUT, DEFAULT_RESPONSE_TIMEOUT),
            )
            if inherits and self._parent:
                return await self._inherit(self._parent)
            return await self._authenticate()
        schema = discovery_schema(with_parent=self._parent is not None)
        return await self._show("discovery_confirm", self.add_suggested_values_to_schema(schema, self._typed))

    def _facts_of_parent(self, discovery_info: DiscoveryInfoType) -> ConnectionFacts | None:
        """Return what can be shared with the entry that told of this logical device: while it reads the same address."""
        entry = self.hass.config_entries.async_get_entry(discovery_info.get(CONF_PARENT_ENTRY, ""))
        if entry is None or any(entry.data[key] != discovery_info[key] for key in (CONF_HOST, CONF_PORT)):
            return None
        facts = ConnectionFacts.of_entry(entry)
        return facts if facts.is_authenticated else None

    # --- What the meter says --------------------------------------------------------------------------------------

    @override
    async def _examine(self, credentials: Mapping[str, Any]) -> ConfigFlowResult:
        """Begin an examination: one attempt with these credentials."""
        self._facts = replace(self._known_facts, credentials=dict(credentials))
        self._failure = None
        expected = self._mended_entry.unique_id if self._mends else None
        if self.source == SOURCE_RECONFIGURE:
            await self._pause(self._mended_entry)
        self._run = ExaminationRun(
            self.hass, self._facts, Depth(expected=expected, with_objects=not self._mends), self.async_update_progress
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
            self._resume()
            return await self._mend(outcome)
        self._examination = outcome
        await self.async_set_unique_id(outcome.identity.unique_id, raise_on_progress=False)
        if self._mends:
            self._abort_if_unique_id_mismatch(
                reason="wrong_device", description_placeholders={CONF_NAME: outcome.identity.title}
            )
            self._paused = None  # reloaded with the new data
            return self.async_update_reload_and_abort(self._mended_entry, data=self._known_facts.entry_data())
        self._abort_if_unique_id_configured()
        return await (self.async_step_usual_codes() if outcome.list_refused else self.async_step_objects())

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


def _host(typed: str) -> str | None:
    """Return a name or an address without decoration; None when it is something else, for example a name with a port."""
    host = typed.strip().removeprefix("[").removesuffix("]")
    is_wrong = not host or any(character.isspace() or character in "/@[]" for character in host) or host.count(":") == 1
    return None if is_wrong else host
