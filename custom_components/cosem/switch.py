"""The switch that lets another tool have the meter for a while."""

from collections.abc import Mapping
from typing import Any, Final, override

from homeassistant.components.switch import SwitchEntity
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import CosemConfigEntry, CosemCoordinator
from .entity import OwnCosemEntity
from .meter.own_entities import OwnEntity

PARALLEL_UPDATES: Final = 0  # the coordinator has everything done in turn


async def async_setup_entry(
    _hass: HomeAssistant, entry: CosemConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the switch."""
    async_add_entities([PausePollingSwitch(entry.runtime_data)])


class PausePollingSwitch(OwnCosemEntity, SwitchEntity):
    """On while nothing is asked of the meter; all entries of one address show the same."""

    _attr_entity_category = EntityCategory.CONFIG

    def __init__(self, coordinator: CosemCoordinator) -> None:
        super().__init__(coordinator, OwnEntity.PAUSE_POLLING)
        self._pause = coordinator.pause

    @override
    async def async_added_to_hass(self) -> None:
        """Follow what other entries do, and the end by itself."""
        await super().async_added_to_hass()
        self.async_on_remove(self._pause.follow(self.async_write_ha_state))

    @property
    @override
    def is_on(self) -> bool:
        """Whether there is a pause."""
        return self._pause.is_on

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """When it ends by itself."""
        return {"until": self._pause.until}

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Return when the meter is free."""
        await self._pause.async_begin()

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Have the meter read."""
        self._pause.end()
