"""The fields of the options form about notifications: checked, and kept only where they say something."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..const import (
    CODE_TABLE_AUTOMATIC,
    CONF_CODE_TABLE,
    CONF_EXPECTED_INTERVAL,
    CONF_LISTEN_ADDRESS,
    CONF_LISTEN_PORT,
    CONF_LOG_INTERVAL,
    CONF_NOTIFICATION_SOURCES,
    CONF_NOTIFICATIONS,
    CONF_STATE_PAUSE,
    DEFAULT_LOG_INTERVAL,
    DEFAULT_STATE_PAUSE,
    NOTIFICATIONS_OFF,
)
from ..dlms import DEFAULT_PORT
from ..push.heard_so_far import HeardSoFar
from ..push.options import is_address, odd_source
from .texts import async_selector_texts

_USUAL: Final[Mapping[str, Any]] = {
    CONF_NOTIFICATIONS: NOTIFICATIONS_OFF,
    CONF_LISTEN_ADDRESS: "",
    CONF_LISTEN_PORT: DEFAULT_PORT,
    CONF_NOTIFICATION_SOURCES: [],
    CONF_STATE_PAUSE: DEFAULT_STATE_PAUSE,
    CONF_LOG_INTERVAL: DEFAULT_LOG_INTERVAL,
    CONF_EXPECTED_INTERVAL: 0,
    CONF_CODE_TABLE: CODE_TABLE_AUTOMATIC,
}


def without_usual(typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return an options form without the fields that are as usual; blanks around addresses do not count."""
    found = dict(typed)
    if CONF_LISTEN_ADDRESS in found:
        found[CONF_LISTEN_ADDRESS] = found[CONF_LISTEN_ADDRESS].strip()
    if CONF_NOTIFICATION_SOURCES in found:
        sources = (source.strip() for source in found[CONF_NOTIFICATION_SOURCES])
        found[CONF_NOTIFICATION_SOURCES] = [source for source in sources if source]
    return {name: value for name, value in found.items() if name not in _USUAL or value != _USUAL[name]}


def fault_of(typed: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the error of the field that is wrong, and its words; nothing where all is well."""
    found = without_usual(typed)
    if not is_address(found.get(CONF_LISTEN_ADDRESS, "::")):
        return {CONF_LISTEN_ADDRESS: "invalid_listen_address"}, {}
    if (odd := odd_source(found.get(CONF_NOTIFICATION_SOURCES, ()))) is not None:
        return {CONF_NOTIFICATION_SOURCES: "invalid_notification_sources"}, {"source": odd[:40]}
    return {}, {}


async def async_heard_in_words(hass: HomeAssistant, heard: HeardSoFar, not_taken: int, *, listens: bool) -> str:
    """Return what was heard of a meter since its entry was loaded, translated; nothing where nobody asked for it."""
    text = await async_selector_texts(hass)
    sentences = []
    if heard.last is not None:
        kinds = [f"{text('told_kind', kind, kind)}: {count}" for kind, count in heard.kinds.most_common()]
        last = f"{dt_util.as_local(heard.last):%Y-%m-%d %H:%M:%S}"
        words = {"count": heard.count, "last": last, "kinds": ", ".join(kinds), "authenticated": heard.authenticated}
        sentences.append(text("heard_hint", "heard", "").format_map(words))
    elif listens:
        sentences.append(text("heard_hint", "nothing", ""))
    if not_taken:
        sentences.append(text("heard_hint", "not_taken", "").format_map({"count": not_taken}))
    return " ".join(sentences)
