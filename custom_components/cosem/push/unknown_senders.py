"""Who sends notifications and belongs to no entry: one discovery card each, which says who, and nothing of what.

Anybody may send anything under any name, so cards and what is remembered for them are bounded.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
import math
from typing import Any, Final, Self

from homeassistant.config_entries import SOURCE_INTEGRATION_DISCOVERY
from homeassistant.const import CONF_HOST
from homeassistant.core import CoreState, HomeAssistant, callback
from homeassistant.helpers import discovery_flow
from homeassistant.util.hass_dict import HassKey

from ..const import (
    CONF_LISTEN_ADDRESS,
    CONF_LISTEN_PORT,
    CONF_METER_SYSTEM_TITLE,
    CONF_NOTIFICATIONS,
    CONF_SERVER_WPORT,
    DOMAIN,
)
from ..dlms import DEFAULT_PORT
from .routing import ReadNotification
from .told_kinds import PROTECTED, told_kind

MOST_CARDS: Final = 16
"""At a time, as of further logical devices."""
MOST_CARDS_OF_A_HOST: Final = 4
"""Several meters may be behind one address; one device does not take up all cards."""
MOST_LOOKED_AT: Final = 16
"""Senders within LOOKED_AT_AGAIN seconds; who is left out sends again."""
LOOKED_AT_AGAIN: Final = 60.0

_SENDER: Final = "sender"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownSender:
    """Where somebody sends from and to, and what. ``kind``: see told_kinds. ``system_title``: hex digits, or None.

    ``transport``, ``listen_address``, ``listen_port``: where we heard it.
    """

    host: str
    client_wport: int
    server_wport: int
    kind: str
    encrypted: bool
    system_title: str | None
    transport: str
    listen_address: str
    listen_port: int

    @classmethod
    def of(cls, read: ReadNotification, listen_address: str, listen_port: int) -> Self:
        """Return who sent a notification that nobody takes."""
        heard = read.heard
        return cls(
            host=heard.source.host,
            client_wport=heard.pair.client_wport,
            server_wport=heard.pair.server_wport,
            kind=PROTECTED if heard.error is not None else told_kind(read.notification),
            encrypted=heard.encrypted,
            system_title=heard.system_title.hex().upper() if heard.system_title else None,
            transport=heard.source.transport.value,
            listen_address=listen_address,
            listen_port=listen_port,
        )

    @classmethod
    def of_card(cls, data: Mapping[str, Any]) -> Self | None:
        """Return whom a discovery card is about; None for a card of another kind."""
        return cls(**data[_SENDER]) if _SENDER in data else None

    @property
    def unique_id(self) -> str:
        """The same for all that it sends; also what an ignored card is known by."""
        if self.system_title is not None:
            return f"{_SENDER}_{self.system_title}"
        return f"{_SENDER}_{self.host}_{self.client_wport}_{self.server_wport}"

    def card(self) -> dict[str, Any]:
        """Return the data of its discovery card."""
        return {_SENDER: asdict(self)}

    def options(self) -> dict[str, Any]:
        """Return the options of an entry that takes what it sends where it was heard."""
        port = {} if self.listen_port == DEFAULT_PORT else {CONF_LISTEN_PORT: self.listen_port}
        return {CONF_NOTIFICATIONS: self.transport, CONF_LISTEN_ADDRESS: self.listen_address, **port}


class UnknownSenders:
    """Of one Home Assistant."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._looked_at: dict[str, str] = {}
        """The hosts of those that were looked at a short time ago, by their unique ids."""
        self._since = -math.inf

    @callback
    def note(self, sender: UnknownSender) -> None:
        """Show a card, unless there is one or the user ignored it. Quick, and never raises."""
        if self._hass.state is not CoreState.running:  # a card would only wait; who sends, sends again
            return
        now = self._hass.loop.time()
        if now - self._since >= LOOKED_AT_AGAIN:
            self._since = now
            self._looked_at.clear()
        if sender.unique_id in self._looked_at or len(self._looked_at) >= MOST_LOOKED_AT:
            return
        # Who writes another name into each does not keep others from being looked at.
        if list(self._looked_at.values()).count(sender.host) >= MOST_CARDS_OF_A_HOST:
            return
        is_offered = not self._is_known(sender) and self._has_room(sender)
        self._looked_at[sender.unique_id] = sender.host
        if is_offered:
            discovery_flow.async_create_flow(
                self._hass, DOMAIN, context={"source": SOURCE_INTEGRATION_DISCOVERY}, data=sender.card()
            )

    def _is_known(self, sender: UnknownSender) -> bool:
        """Whether it was ignored, or belongs to an entry that does not listen or is not loaded."""
        for entry in self._hass.config_entries.async_entries(DOMAIN):
            title = str(entry.data.get(CONF_METER_SYSTEM_TITLE, "")).upper()
            place = (entry.data.get(CONF_HOST), entry.data.get(CONF_SERVER_WPORT))
            if entry.unique_id == sender.unique_id or place == (sender.host, sender.server_wport):
                return True
            if sender.system_title is not None and title == sender.system_title:
                return True
        return False

    def _has_room(self, sender: UnknownSender) -> bool:
        flows = self._hass.config_entries.flow
        shown = dict(self._looked_at)  # a card is there only a moment after it was asked for

        def is_card(data: dict[str, Any]) -> bool:
            if (other := UnknownSender.of_card(data)) is not None:
                shown[other.unique_id] = other.host
            return other is not None

        flows.async_progress_by_init_data_type(dict, is_card, include_uninitialized=True)
        hosts = list(shown.values())
        return len(hosts) < MOST_CARDS and hosts.count(sender.host) < MOST_CARDS_OF_A_HOST


@callback
def unknown_senders_of(hass: HomeAssistant) -> UnknownSenders:
    """Return them."""
    return hass.data.setdefault(_UNKNOWN, UnknownSenders(hass))


_UNKNOWN: Final[HassKey[UnknownSenders]] = HassKey(f"{DOMAIN}_unknown_senders")
