"""A meter's call outlives the reload of its entry: only the meter can open it again, and some call once a day."""

from typing import Final

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Event, HomeAssistant, callback

from ..const import DOMAIN
from .listeners import Place, listeners_of

_UNDER_WAY: Final = (ConfigEntryState.UNLOAD_IN_PROGRESS, ConfigEntryState.SETUP_IN_PROGRESS)


@callback
def keep_calls(hass: HomeAssistant, entry: ConfigEntry, place: Place) -> None:
    """Keep the connections of an entry that ends, until it is set up again, or it is clear that it will not be."""
    listeners_of(hass).hold(place)

    async def async_end(_event: Event | None = None) -> None:
        if _event is None and entry.state in _UNDER_WAY:  # it is reloaded
            return
        mine = list(unsubscribe)
        unsubscribe.clear()
        for end in mine:
            end()
        if mine:
            await listeners_of(hass).async_release(place)

    @callback
    def follow() -> None:
        # Not at once: a reload has two steps that follow each other without a pause.
        hass.async_create_task(async_end(), f"{DOMAIN} end of the wait for a reload", eager_start=False)

    unsubscribe = [entry.async_on_state_change(follow), hass.bus.async_listen(EVENT_HOMEASSISTANT_STOP, async_end)]
