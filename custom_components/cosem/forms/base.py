"""What all steps of the config flow share: the facts they collect, and how a form shows what went wrong.

Knows nothing of the order of the steps.
"""

from typing import Any

from homeassistant.config_entries import SOURCE_REAUTH, SOURCE_RECONFIGURE, ConfigEntry, ConfigFlow, ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_NAME, CONF_PORT
import voluptuous as vol

from ..const import CONF_CLIENT_WPORT, CONF_SERVER_WPORT
from ..meter.doctor import ExaminationFailed
from .examination import ConnectionFacts
from .texts import FIELDS, async_failure_in_words, async_words


class CosemFlow(ConfigFlow):
    """What the steps know."""

    def __init__(self) -> None:
        """Start with nothing known."""
        self._facts: ConnectionFacts | None = None
        self._form = "user"
        """The form that mends what is not about credentials."""
        self._discovered: ConnectionFacts | None = None
        self._discovered_name = ""
        self._failure: ExaminationFailed | None = None

    @property
    def _known_facts(self) -> ConnectionFacts:
        """The facts, once a form has collected them."""
        assert self._facts is not None
        return self._facts

    @property
    def _mended_entry(self) -> ConfigEntry:
        """The entry of a flow that mends one."""
        return self._get_reauth_entry() if self.source == SOURCE_REAUTH else self._get_reconfigure_entry()

    @property
    def _mends(self) -> bool:
        """Whether the flow mends an entry instead of making one."""
        return self.source in {SOURCE_REAUTH, SOURCE_RECONFIGURE}

    def _facts_in_words(self) -> dict[str, str]:
        """Return what texts may say about the connection."""
        facts = self._facts or self._discovered
        return {
            key: str(getattr(facts, key, "")) for key in (CONF_HOST, CONF_PORT, CONF_CLIENT_WPORT, CONF_SERVER_WPORT)
        }

    async def _show(
        self, step_id: str, schema: vol.Schema, errors: dict[str, str] | None = None, **words: str
    ) -> ConfigFlowResult:
        """Show a form, with the sentence for the last failure at the field that it is about.

        A field inside of a section cannot show a sentence of its own: it stands above the form then.
        """
        words = self._facts_in_words() | {"hint": ""} | words
        if (failure := self._failure) is not None:
            errors = {FIELDS.get(failure.verdict, "base"): failure.verdict.value}
            words |= await async_failure_in_words(self.hass, failure, self._known_facts.preset)
        if self._mends:
            words[CONF_NAME] = self._mended_entry.title
        elif self._discovered is not None:
            words[CONF_NAME] = self._discovered_name
        placed = {field if field in schema.schema else "base": reason for field, reason in (errors or {}).items()}
        return self.async_show_form(step_id=step_id, data_schema=schema, errors=placed, description_placeholders=words)

    async def _text(self, selector: str, option: str) -> str:
        """Return a text in the language of Home Assistant, for a placeholder."""
        return (await async_words(self.hass))(selector, option, "")


def without_empty(typed: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a form that hold something."""
    return {name: value for name, value in typed.items() if value not in (None, "")}
