"""Placeholders for the texts of a step, and the field of each error."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

from homeassistant.const import CONF_HOST, CONF_NAME, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util
import voluptuous as vol

from ..const import (
    CONF_AUTHENTICATION,
    CONF_AUTHENTICATION_KEY,
    CONF_CLIENT_WPORT,
    CONF_SECURITY_SUITE,
    CONF_SERVER_WPORT,
    CONF_TIME_POLICY,
    DOMAIN,
)
from ..dlms import (
    DEFAULT_PORT,
    ClockQuality,
    SecuritySuite,
    TimePolicy,
    TransportProtocol,
    Verdict,
)
from ..meter.doctor import ExaminationFailed
from ..meter.error_mapping import none_if_failed
from ..meter.markdown import escaped
from ..meter.meter_time import ClockReading
from ..push.calls import async_call_place
from ..push.unknown_senders import UnknownSender
from .draft import Draft
from .found_texts import found_in_words
from .next_step import CREDENTIAL_FORMS, REAUTH_FORMS, Step
from .remedies import BASE, REMEDIES

_WITH_CREDENTIALS: Final = frozenset({*CREDENTIAL_FORMS.values(), *REAUTH_FORMS.values()})


async def async_selector_texts(hass: HomeAssistant) -> Callable[[str, str, str], str]:
    """Return a look-up of translated texts: selector, option, fallback."""
    texts = await async_get_translations(hass, hass.config.language, "selector", {DOMAIN})
    return lambda selector, option, otherwise: texts.get(
        f"component.{DOMAIN}.selector.{selector}.options.{option}", otherwise
    )


def connection_words(draft: Draft) -> dict[str, str]:
    """Return placeholders about the connection."""
    facts = draft.facts or (draft.found.facts if draft.found is not None else draft.facts_before)
    if facts is not None and not facts.host:
        facts = replace(facts, host="…")  # it calls, and has not said its name
    return {key: str(getattr(facts, key, "")) for key in (CONF_HOST, CONF_PORT, CONF_CLIENT_WPORT, CONF_SERVER_WPORT)}


def question_words(draft: Draft) -> dict[str, str]:
    """Return the placeholders of a menu."""
    words = connection_words(draft)
    if draft.failure is not None:
        words["counter"] = str(draft.failure.counter)
    if draft.examination is not None:
        words[CONF_NAME] = draft.title
    return words


async def async_form_words(hass: HomeAssistant, draft: Draft, step: Step) -> dict[str, str]:
    """Return the placeholders of a form and its last failure."""
    words = connection_words(draft) | {"hint": ""}
    if draft.sender is not None:
        words["hint"] = await _async_sender_words(hass, draft.sender)
    if step is Step.FOUND and draft.found is not None:
        words["found"] = found_in_words(await async_selector_texts(hass), draft.found, words[CONF_HOST])
    if step is Step.CALL:
        words["address"] = await _async_own_address(draft)
    if step in _WITH_CREDENTIALS:
        words |= await _async_credential_words(hass, draft)
    if draft.failure is not None:
        preset, names_refused = draft.given_facts.preset, draft.names_refused
        words |= await async_failure_in_words(hass, draft.failure, preset, names_refused=names_refused)
        words |= await async_address_words(hass, draft)
    if draft.examination is not None:
        found = {CONF_NAME: draft.title, "count": str(len(draft.choices))}
        found["clock"] = await async_clock_in_words(hass, draft.examination.clock, draft.proposed_time_policy)
        return {**words, **found, **draft.error_words}
    return words | ({CONF_NAME: escaped(draft.name)} if draft.name else {}) | dict(draft.error_words)


async def _async_sender_words(hass: HomeAssistant, sender: UnknownSender) -> str:
    """Return what was heard of a meter before it is set up: who it is, and of which kind."""
    text = await async_selector_texts(hass)
    what = text("told_kind", sender.kind, sender.kind)
    sentences = [text("sender_hint", "heard", "").format_map({CONF_HOST: sender.host, "kind": what})]
    if sender.system_title is not None:
        sentences.append(text("sender_hint", "title", "").format_map({"title": sender.system_title}))
    sentences.append(text("sender_hint", "encrypted" if sender.encrypted else "plain", ""))
    sentences.append(text("sender_hint", "unused", ""))
    return " ".join(sentences)


async def _async_own_address(draft: Draft) -> str:
    """Return our address, for a person to enter in the meter."""
    place = await none_if_failed(async_call_place(draft.given_facts.entry_data()))
    return "?" if place is None else place.address


async def _async_credential_words(hass: HomeAssistant, draft: Draft) -> dict[str, str]:
    text = await async_selector_texts(hass)
    octets = draft.credential_input.octets if draft.credential_input is not None else 0
    key_octets = SecuritySuite(draft.settings.get(CONF_SECURITY_SUITE, 0)).key_length
    # Also where only the second key was right: what was typed rightly need not be typed again.
    kept = draft.has_main_secret or CONF_AUTHENTICATION_KEY in draft.secrets
    return {
        "kept": text("secret_hint", "kept", "") if kept else "",
        "octets": str(octets),
        "key_octets": str(key_octets),
        "key_digits": str(2 * key_octets),
    }


async def async_address_words(hass: HomeAssistant, draft: Draft) -> dict[str, str]:
    """Return what may be wrong with an unusual port or transport; each follows a sentence."""
    text = await async_selector_texts(hass)
    facts = draft.given_facts
    udp = f" {text('address_hint', 'udp', '')}" if facts.transport is TransportProtocol.UDP else ""
    # What a port says over one transport tells nothing of the other.
    return {
        "port_hint": "" if facts.port == DEFAULT_PORT else f" {text('address_hint', 'usual_port', '')}",
        "transport_hint": udp,
        "no_port_hint": udp or f" {text('address_hint', 'tcp', '')}",
    }


async def async_failure_in_words(
    hass: HomeAssistant, failure: ExaminationFailed, preset: str, *, names_refused: bool = False
) -> dict[str, str]:
    """Return the placeholders of a failure's text, translated."""
    text = await async_selector_texts(hass)
    return {
        "seconds": f"{failure.seconds:g}",
        "detail": escaped(failure.detail),
        "counter": str(failure.counter),
        "diagnostic": _diagnostic(text, failure, names_refused=names_refused),
        "hint": text("preset_hint", preset, "") if REMEDIES[failure.verdict].has_hint else "",
    }


def _diagnostic(text: Callable[[str, str, str], str], failure: ExaminationFailed, *, names_refused: bool) -> str:
    sentence = text("association_diagnostic", failure.diagnostic, escaped(_sentence(failure.detail)))
    if names_refused:
        sentence = text("refusal_hint", "names", sentence)
    if not failure.offered:
        return sentence
    return f"{sentence} {text('refusal_hint', 'offered', '').format_map({'offered': escaped(failure.offered)})}"


async def async_clock_in_words(hass: HomeAssistant, clock: ClockReading | None, policy: TimePolicy) -> str:
    """Return what a meter's clock says and how that is read, translated; nothing without a clock."""
    if clock is None or (home_time := clock.home_time(policy)) is None:
        return ""
    text = await async_selector_texts(hass)
    times = {
        "meter_time": _shown(clock.shown),
        "home_time": _shown(home_time),
        "now": _shown(dt_util.as_local(clock.read_at)),
        "policy": text(CONF_TIME_POLICY, policy.value, policy.value),
    }
    sentences = [text("clock_hint", "time", "").format_map(times)]
    if (better := clock.better_policy(policy)) is not None:
        proposed = text(CONF_TIME_POLICY, better.value, better.value)
        sentences.append(text("clock_hint", "better", "").format_map({"policy": proposed}))
    if clock.quality in {ClockQuality.INVALID, ClockQuality.DOUBTFUL}:
        sentences.append(text("clock_hint", clock.quality, ""))
    return " ".join(sentences)


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _sentence(detail: str) -> str:
    return f"{detail[:1].upper()}{detail[1:]}." if detail else ""


_AT_CREDENTIALS: Final = {
    Verdict.BAD_ANSWER: "bad_answer_with_credentials",
    Verdict.CONNECTION_LOST: "connection_lost_with_credentials",
    Verdict.ANSWER_TIMEOUT: "answer_timeout_with_credentials",
    Verdict.ASSOCIATION_REFUSED: "association_refused_with_credentials",
    Verdict.MECHANISM_REFUSED: "mechanism_refused_with_credentials",
    Verdict.STRONGER_AUTHENTICATION: "stronger_authentication_with_credentials",
}
"""What a refusal is called on the form with its settings."""

_OF_CALLS: Final = {
    Verdict.CONNECT_TIMEOUT: "not_called",
    Verdict.CANNOT_CONNECT: "cannot_listen",
}
"""The same where the meter is to call."""


def errors_of(draft: Draft, schema: vol.Schema) -> dict[str, str]:
    """Return the errors by field: the last failure, or those of the last answer."""
    errors = draft.errors
    if (failure := draft.failure) is not None:
        reason = failure.verdict.value
        if draft.given_facts.transport is None:
            reason = _OF_CALLS.get(failure.verdict, reason)
        is_connection = CONF_HOST in schema.schema or CONF_AUTHENTICATION in schema.schema
        if not is_connection and draft.given_facts.authentication in CREDENTIAL_FORMS:
            reason = _AT_CREDENTIALS.get(failure.verdict, reason)
        errors = {REMEDIES[failure.verdict].field: reason}
    # A field inside a section cannot show an error: it stands above the form.
    return {field if field in schema.schema else BASE: reason for field, reason in errors.items()}
