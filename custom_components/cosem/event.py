"""The event entity of a meter: what it told by itself, by meaning."""

from typing import Final, override

from homeassistant.components.event import EventEntity
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import CosemConfigEntry, CosemCoordinator
from .entity import OwnCosemEntity
from .meter.own_entities import OwnEntity
from .push.event_codes import EVENT_TYPES
from .push.meter_event import MeterEvent, signal_of

PARALLEL_UPDATES: Final = 0  # nothing is asked for


async def async_setup_entry(
    hass: HomeAssistant, entry: CosemConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the entity."""
    async_add_entities([MeterEventEntity(entry.runtime_data)])


class MeterEventEntity(OwnCosemEntity, EventEntity):
    """What the meter tells. Available also while it cannot be polled: after a power failure, for example."""

    def __init__(self, coordinator: CosemCoordinator) -> None:
        super().__init__(coordinator, OwnEntity.METER_EVENT)
        self._entry_id = coordinator.config_entry.entry_id
        self._notifications = coordinator.notifications
        self._attr_event_types = list(EVENT_TYPES)

    @override
    async def async_added_to_hass(self) -> None:
        """Listen to what is published."""
        await super().async_added_to_hass()
        self.async_on_remove(async_dispatcher_connect(self.hass, signal_of(self._entry_id), self._take))
        for event in self._notifications.now_shown():
            self._take(event)

    @callback
    def _take(self, event: MeterEvent) -> None:
        self._trigger_event(event.event_type, event.attributes())
        self.async_write_ha_state()
