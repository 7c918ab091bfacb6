"""Values that meters push every second become states less often; the last one always does."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later

from ..dlms import AttributeDescriptor
from ..meter.readings import Reading

type Show = Callable[[Mapping[AttributeDescriptor, Reading]], None]
"""Takes values for the entities that show them."""


class Pace:
    """Hands values to ``show`` at once, and then at most every ``pause`` seconds."""

    def __init__(self, hass: HomeAssistant, pause: float, show: Show) -> None:
        self._hass = hass
        self._pause = pause
        self._show = show
        self._waiting: dict[AttributeDescriptor, Reading] = {}
        self._cancel: CALLBACK_TYPE | None = None

    @callback
    def take(self, values: Mapping[AttributeDescriptor, Reading]) -> None:
        """Show values now or later; newer ones replace those that wait."""
        self._waiting.update(values)
        if self._cancel is None:
            self._next()

    @callback
    def drop(self, read: Collection[AttributeDescriptor]) -> None:
        """Forget what waits of attributes that were read meanwhile."""
        self._waiting = {attribute: each for attribute, each in self._waiting.items() if attribute not in read}

    @callback
    def stop(self) -> None:
        """Show nothing any more."""
        self._waiting.clear()
        if self._cancel is not None:
            self._cancel()
            self._cancel = None

    @callback
    def _next(self, _now: datetime | None = None) -> None:
        self._cancel = None
        if not self._waiting:
            return
        values, self._waiting = self._waiting, {}
        if self._pause:
            self._cancel = async_call_later(self._hass, self._pause, self._next)
        self._show(values)
