"""Values that no poll reads: polls do not take them away, and they may be missed."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later

from ..dlms import AttributeDescriptor
from ..meter.readings import Reading, Readings

MISSED: Final = 2
"""So many intervals without a value are too many: one push may be lost, or come a little late."""


class PushOnlyValues:
    """Of one entry. ``minutes``: in which each value is expected, 0: never missed. ``is_read``: whether polls give it.

    ``tell``: is called when something is missed.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        minutes: float,
        is_read: Callable[[AttributeDescriptor], bool],
        tell: Callable[[], None],
    ) -> None:
        self._hass = hass
        self._within = minutes * 60 * MISSED
        self._is_read = is_read
        self._tell = tell
        self._values: dict[AttributeDescriptor, Reading] = {}
        self._came_at: dict[AttributeDescriptor, float] = {}
        self._cancel: CALLBACK_TYPE | None = None

    @callback
    def take(self, values: Mapping[AttributeDescriptor, Reading]) -> None:
        """Note what came, of attributes that have entities."""
        self._values.update(values)
        self._came_at.update(dict.fromkeys(values, self._hass.loop.time()))
        if self._within and self._cancel is None and values:
            self._watch(self._within)

    def beside(self, read: Readings) -> Readings:
        """Return what was read and, beside it, what only came by push; what is read now is no longer push-only."""
        for attribute in [attribute for attribute in self._values if self._is_read(attribute)]:
            del self._values[attribute], self._came_at[attribute]
        return replace(read, values={**read.values, **self._values}) if self._values else read

    def holds(self, attribute: AttributeDescriptor) -> bool:
        """Whether its value came by push, and no poll gives it."""
        return attribute in self._values and not self._is_read(attribute)

    def is_missed(self, attribute: AttributeDescriptor) -> bool:
        """Whether it should have come again by now."""
        if not self._within or not self.holds(attribute):
            return False
        return self._hass.loop.time() - self._came_at[attribute] >= self._within

    @callback
    def stop(self) -> None:
        """Tell nothing any more."""
        if self._cancel is not None:
            self._cancel()
            self._cancel = None

    def _watch(self, seconds: float) -> None:
        self._cancel = async_call_later(self._hass, seconds, self._look)

    @callback
    def _look(self, _now: datetime) -> None:
        self._cancel = None
        ages = [self._hass.loop.time() - came_at for came_at in self._came_at.values()]
        awaited = [age for age in ages if age < self._within]
        if awaited:
            self._watch(self._within - max(awaited))
        if len(awaited) < len(ages):
            self._tell()
