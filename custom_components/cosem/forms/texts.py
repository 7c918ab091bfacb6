"""What the sentence about a failed examination needs: the field it is about, the words for its placeholders.

The sentences themselves are in the translations. Knows nothing of steps.
"""

from collections.abc import Callable
from typing import Final

from homeassistant.const import CONF_HOST, CONF_PASSWORD
from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations

from ..const import CONF_AUTHENTICATION, CONF_ENCRYPTION_KEY, CONF_HLS_SECRET, DOMAIN
from ..meter.doctor import ExaminationFailed, Verdict

FIELDS: Final = {
    Verdict.NAME_NOT_RESOLVED: CONF_HOST,
    Verdict.AUTHENTICATION_REQUIRED: CONF_AUTHENTICATION,
    Verdict.MECHANISM_REFUSED: CONF_AUTHENTICATION,
    Verdict.STRONGER_AUTHENTICATION: CONF_AUTHENTICATION,
    Verdict.INVALID_AUTH: CONF_PASSWORD,
    Verdict.SECRET_REFUSED: CONF_HLS_SECRET,
    Verdict.WRONG_KEY: CONF_ENCRYPTION_KEY,
}
"""The field that a verdict is about; the others are about several."""

_HINTED: Final = frozenset(
    {
        Verdict.CONNECTION_REFUSED,
        Verdict.NO_DLMS_ANSWER,
        Verdict.CLOSED_BY_METER,
        Verdict.ASSOCIATION_REFUSED,
        Verdict.MECHANISM_REFUSED,
        Verdict.AUTHENTICATION_REQUIRED,
        Verdict.STRONGER_AUTHENTICATION,
        Verdict.NO_IDENTITY,
    }
)
"""Verdicts for which it helps to know what is usual for this kind of meter."""


async def async_words(hass: HomeAssistant) -> Callable[[str, str, str], str]:
    """Return a look-up of the texts for placeholders in the language of Home Assistant: selector, option, otherwise."""
    texts = await async_get_translations(hass, hass.config.language, "selector", {DOMAIN})
    return lambda selector, option, otherwise: texts.get(
        f"component.{DOMAIN}.selector.{selector}.options.{option}", otherwise
    )


async def async_failure_in_words(hass: HomeAssistant, failure: ExaminationFailed, preset: str) -> dict[str, str]:
    """Return the placeholders for the sentence about a failure, in the language of Home Assistant."""
    text = await async_words(hass)
    return {
        "seconds": f"{failure.seconds:g}",
        "detail": failure.detail,
        "counter": str(failure.counter),
        "diagnostic": text("association_diagnostic", failure.diagnostic, failure.detail),
        "hint": text("preset_hint", preset, "") if failure.verdict in _HINTED else "",
    }
