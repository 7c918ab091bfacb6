"""Entries listen before their meter was read, and while Home Assistant tries again to set them up.

After a power failure the meter speaks first: it says so, and only later it can be read.
"""

from typing import Final

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN
from .meter_push import MeterPush

_TRYING: Final = (ConfigEntryState.SETUP_RETRY, ConfigEntryState.SETUP_IN_PROGRESS)


async def async_listen_early(hass: HomeAssistant, entry: ConfigEntry, push: MeterPush) -> None:
    """Listen from now on, instead of what did so since the last attempt, if it is remembered who the meter is."""
    between = hass.data.setdefault(_BETWEEN, {})
    if (before := between.get(entry.entry_id)) is not None:
        push.go_on_for(before)
    await push.async_start_early()
    if before is not None and between.pop(entry.entry_id, None) is not None:
        await push.async_take_over(before)


@callback
def async_listen_until_next_attempt(hass: HomeAssistant, entry: ConfigEntry, push: MeterPush) -> None:
    """Go on although this attempt failed, until the next one, or until nobody tries any more."""
    if not push.is_listening:
        return
    between = hass.data.setdefault(_BETWEEN, {})
    between[entry.entry_id] = push
    push.outlives_attempt = True

    async def async_end(_event: Event | None = None) -> None:
        while unsubscribe:
            unsubscribe.pop()()
        if between.get(entry.entry_id) is push:
            del between[entry.entry_id]
            await push.async_stop()

    @callback
    def follow() -> None:
        if between.get(entry.entry_id) is not push or entry.state not in _TRYING:
            # Not at once: whoever tells this goes through its list of followers.
            hass.async_create_task(async_end(), f"{DOMAIN} end of listening", eager_start=False)

    unsubscribe = [entry.async_on_state_change(follow), hass.bus.async_listen(EVENT_HOMEASSISTANT_STOP, async_end)]


_BETWEEN: Final[HassKey[dict[str, MeterPush]]] = HassKey(f"{DOMAIN}_between_attempts")
