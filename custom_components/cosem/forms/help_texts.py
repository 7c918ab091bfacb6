"""What "Help me find the settings" says, translated; what is not ours is escaped."""

from collections.abc import Iterable, Sequence
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations

from ..const import DOMAIN
from ..dlms import Layer, SapAssignment
from ..meter.doctor import ExaminationFailed
from ..meter.markdown import escaped
from .draft import Draft
from .help_fields import device_label
from .help_lines import Line, failing_layer, summary_of
from .help_plan import Plan
from .help_search import SearchOutcome
from .texts import async_address_words, async_failure_in_words, async_selector_texts, connection_words

_MOST_DEVICES: Final = 20
"""Logical devices that a line names; the form that picks one lists all of them."""

_NOTHING_FAILED: Final = {"seconds": "", "detail": "", "counter": "", "diagnostic": ""}


async def async_plan_words(hass: HomeAssistant, draft: Draft, plans: Iterable[Plan]) -> dict[str, str]:
    """Return the placeholders of the form that says what will be tried."""
    text = await async_selector_texts(hass)
    pair = text("help_attempt", "pair", "")
    pairs = dict.fromkeys(asked for plan in plans for asked in plan.pairs_without_login)
    told = [f"- {pair.format_map(asked._asdict())}" for asked in pairs]
    return connection_words(draft) | {"attempts": "\n".join(told)}


async def async_result_words(
    hass: HomeAssistant, draft: Draft, found: SearchOutcome, lines: Sequence[Line]
) -> dict[str, str]:
    """Return the placeholders of the list: a sentence, and a line for each layer."""
    text = await async_selector_texts(hass)
    names = {layer: text("help_layer", layer.value.replace("-", "_"), layer.value) for layer in Layer}
    words = connection_words(draft) | await async_address_words(hass, draft)
    words["hint"] = text("preset_hint", draft.given_facts.preset, "")
    words["addresses"] = escaped(found.result[Layer.NAME].detail)
    words["devices"] = _devices_in_words(found.result[Layer.PUBLIC_ASSOCIATION].devices)
    words["count"] = str(found.result[Layer.OBJECT_LIST].objects)
    sentences = [await _async_sentence(hass, draft, line, words) for line in lines]
    told = [f"- {line.mark} **{names[line.layer]}**: {said}" for line, said in zip(lines, sentences, strict=True)]
    failing = failing_layer(tuple(lines))
    summary = text("help_summary", summary_of(tuple(lines), found), "").format_map(
        {"layer": "" if failing is None else names[failing], "seconds": f"{found.result.seconds:g}"}
    )
    return connection_words(draft) | {"summary": summary, "lines": "\n".join(told)}


def _devices_in_words(devices: Sequence[SapAssignment]) -> str:
    names = [escaped(device_label(each)) for each in devices[:_MOST_DEVICES]]
    return ", ".join([*names, "…"] if len(devices) > _MOST_DEVICES else names)


async def _async_sentence(hass: HomeAssistant, draft: Draft, line: Line, words: dict[str, str]) -> str:
    """Return what a line says."""
    preset = draft.given_facts.preset
    failed = _NOTHING_FAILED if line.failure is None else await async_failure_in_words(hass, line.failure, preset)
    if line.key or line.failure is None:
        sentence = (await async_selector_texts(hass))("help_finding", line.key, "")
    else:
        sentence = await _async_error_text(hass, line.failure)
    return " ".join(sentence.format_map({**failed, **words}).split())


async def _async_error_text(hass: HomeAssistant, failure: ExaminationFailed) -> str:
    """Return the text that a form shows as its error."""
    texts = await async_get_translations(hass, hass.config.language, "config", {DOMAIN})
    return texts.get(f"component.{DOMAIN}.config.error.{failure.verdict}", "")
