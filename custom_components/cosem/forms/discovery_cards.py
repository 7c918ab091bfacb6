"""What discovery cards begin with: a logical device that a meter names, or a meter that sends notifications."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant

from ..const import (
    AUTHENTICATION_NONE,
    CONF_AUTHENTICATION,
    CONF_CLIENT_WPORT,
    CONF_PRESET,
    CONF_SERVER_WPORT,
    PRESET_GENERIC,
)
from ..dlms import DEFAULT_PORT
from ..meter.clients import transport_of
from ..push.unknown_senders import UnknownSender
from .connection import ConnectionFacts, as_typed, call_data_of
from .draft import Draft
from .texts import async_selector_texts

_PUSH_ONLY: Final = 102
"""The client wPort to which IDIS meters only push; nobody can log in as this client."""


def facts_of_logical_device(data: Mapping[str, Any]) -> ConnectionFacts:
    """Return how a logical device is reached, by its card."""
    return ConnectionFacts(
        host=data[CONF_HOST],
        port=data[CONF_PORT],
        transport=transport_of(data),
        preset=data[CONF_PRESET],
        client_wport=data[CONF_CLIENT_WPORT],
        server_wport=data[CONF_SERVER_WPORT],
        authentication=AUTHENTICATION_NONE,
        call=call_data_of(data),
    )


def adding_sender(sender: UnknownSender) -> Draft:
    """Begin to set up who sends notifications: with its address, and without credentials."""
    facts = ConnectionFacts(
        host=sender.host,
        port=DEFAULT_PORT,
        preset=PRESET_GENERIC,
        client_wport=sender.client_wport,
        server_wport=sender.server_wport,
        authentication=AUTHENTICATION_NONE,
    )
    typed = as_typed(facts)
    del typed[CONF_AUTHENTICATION]  # it is found out
    if sender.client_wport == _PUSH_ONLY:
        del typed[CONF_CLIENT_WPORT]
    return Draft(sender=sender, typed=typed)


async def async_card_title(hass: HomeAssistant, sender: UnknownSender) -> str:
    """Return what stands on the card of who sends notifications."""
    text = await async_selector_texts(hass)
    return text("sender_hint", "card", "{host}").format_map({CONF_HOST: sender.host})
