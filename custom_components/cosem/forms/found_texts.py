"""What the public client was told, in one sentence."""

from collections.abc import Callable, Mapping
from typing import Final

from homeassistant.const import CONF_HOST, CONF_NAME, CONF_PORT

from ..dlms import DEFAULT_PORT, TransportProtocol, Verdict
from ..meter.doctor import Examination, ExaminationFailed
from ..meter.markdown import escaped
from .found import Found

type Texts = Callable[[str, str, str], str]
"""Look up a translated text: selector, option, fallback."""

_MOST_NAMES: Final = 5
"""Logical devices that the sentence names; the form lists all of them."""

_OF_FAILURES: Final[Mapping[Verdict, str]] = {
    Verdict.NO_DLMS_ANSWER: "silent",
    Verdict.CLOSED_BY_METER: "closed",
    Verdict.ASSOCIATION_REFUSED: "refused",
    Verdict.MECHANISM_REFUSED: "refused",
    Verdict.AUTHENTICATION_REQUIRED: "refused",
    Verdict.STRONGER_AUTHENTICATION: "refused",
}
"""What is said of a meter that told nothing; of all others that it did not say who it is."""


def found_in_words(text: Texts, found: Found, host: str) -> str:
    """Return the sentence, and hints where nothing answered. ``host``: where, in words."""
    words = {CONF_HOST: host, CONF_PORT: str(found.facts.port)}
    if found.examination is not None:
        return _of_meter(text, found, found.examination, words)
    if found.failure is None:
        return text("found_hint", "calls", "")
    return _of_failure(text, found, found.failure, words)


def _of_meter(text: Texts, found: Found, examination: Examination, words: dict[str, str]) -> str:
    identity = examination.identity
    name = escaped(identity.unique_id)
    if identity.manufacturer:
        made_by = {CONF_NAME: name, "maker": escaped(identity.manufacturer)}
        name = text("found_hint", "made_by", "").format_map(made_by)
    names = [escaped(each or str(wport)) for wport, each in found.logical_devices.items()]
    listed = ", ".join(names[:_MOST_NAMES]) + (", …" if len(names) > _MOST_NAMES else "")
    words |= {
        CONF_NAME: name,
        "devices": _counted(text, "devices", len(names)).format_map({"count": str(len(names)), "names": listed}),
        "values": _counted(text, "values", len(found.choices)).format_map({"count": str(len(found.choices))}),
    }
    return text("found_hint", "meter", "").format_map(words)


def _counted(text: Texts, what: str, count: int) -> str:
    return text("found_hint", f"{what}_{'none' if not count else 'one' if count == 1 else 'many'}", "")


def _of_failure(text: Texts, found: Found, failure: ExaminationFailed, words: dict[str, str]) -> str:
    over_udp = found.facts.transport is TransportProtocol.UDP
    key = _OF_FAILURES.get(failure.verdict, "nameless")
    if key == "silent" and over_udp:
        key = "silent_udp"
    sentences = [text("found_hint", key, "").format_map(words | {"seconds": f"{failure.seconds:g}"})]
    if failure.verdict is Verdict.ASSOCIATION_REFUSED:
        sentences.append(text("association_diagnostic", failure.diagnostic, ""))
    if key in {"silent", "closed"} and found.facts.port != DEFAULT_PORT:
        sentences.append(text("address_hint", "usual_port", ""))
    return " ".join(filter(None, sentences))
