"""The fields of the options form about writing: checked, and kept only where they allow something (rule S33)."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.core import HomeAssistant

from ..const import CONF_ALLOW_SWITCHING, CONF_ALLOW_WRITING, CONF_SECURITY_CONFIRMATION
from .texts import async_selector_texts

_SENTENCE: Final = "I may lose access to this meter for good"
"""Where there are no texts."""
_FIELDS: Final = frozenset({CONF_ALLOW_WRITING, CONF_ALLOW_SWITCHING, CONF_SECURITY_CONFIRMATION})


async def async_sentence(hass: HomeAssistant) -> str:
    """Return the sentence that has to be typed before keys, passwords and policies may be changed."""
    text = await async_selector_texts(hass)
    return text(CONF_SECURITY_CONFIRMATION, "sentence", _SENTENCE)


def what_is_allowed(typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return an options form without the fields that allow nothing; blanks around the sentence do not count."""
    found = dict(typed)
    if CONF_SECURITY_CONFIRMATION in found:
        found[CONF_SECURITY_CONFIRMATION] = found[CONF_SECURITY_CONFIRMATION].strip()
    return {name: value for name, value in found.items() if name not in _FIELDS or value}


def confirmation_fault(typed: Mapping[str, Any], stored: Mapping[str, Any], sentence: str) -> dict[str, str]:
    """Return the error of the sentence; nothing where it is right, empty or was right when it was typed."""
    given = what_is_allowed(typed).get(CONF_SECURITY_CONFIRMATION)
    # The texts may have changed since then, or their language.
    if given in {None, sentence, stored.get(CONF_SECURITY_CONFIRMATION)}:
        return {}
    return {CONF_SECURITY_CONFIRMATION: "other_sentence"}


def sentence_again(typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sentence for the form to show again: words, no key that was pasted into the wrong field."""
    given = typed.get(CONF_SECURITY_CONFIRMATION, "")
    return {} if any(character.isdigit() for character in given) else {CONF_SECURITY_CONFIRMATION: given}
