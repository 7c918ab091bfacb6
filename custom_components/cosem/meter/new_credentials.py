"""Asks a person for new credentials until Home Assistant shows the question.

It drops the question while another form of the entry is open. Kept outside of the coordinator, because a set-up that
failed has none any more.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN

ASK_AGAIN: Final = timedelta(minutes=1)

MOST_WAITS: Final = 10
"""So often for another form to end. One that was left without closing it stays open until Home Assistant restarts."""

_ASKED_IN: Final = frozenset({ConfigEntryState.LOADED, ConfigEntryState.SETUP_ERROR})
"""The states of an entry whose credentials were refused."""


@callback
def ask_for_new_credentials(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Ask every minute, until the next attempt to set the entry up, or its end. Nothing polls any more."""
    waits = 0

    @callback
    def ask(_now: datetime) -> None:
        nonlocal waits
        if entry.state not in _ASKED_IN:
            stop_asking(hass, entry)
            return
        others = list(entry.async_get_active_flows(hass, {SOURCE_RECONFIGURE}))
        waits = waits + 1 if others else 0
        if waits > MOST_WAITS:
            for flow in others:
                hass.config_entries.flow.async_abort(flow["flow_id"])
        entry.async_start_reauth_if_available(hass)

    stop_asking(hass, entry)
    asking = hass.data.setdefault(_ASKING, {})
    asking[entry.entry_id] = async_track_time_interval(hass, ask, ASK_AGAIN, cancel_on_shutdown=True)


@callback
def stop_asking(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """End the question; a form that is shown stays."""
    if (stop := hass.data.get(_ASKING, {}).pop(entry.entry_id, None)) is not None:
        stop()


_ASKING: Final[HassKey[dict[str, Callable[[], None]]]] = HassKey(f"{DOMAIN}_asking")
