"""The trigger ``cosem.notification_received``: a meter told something by itself."""

from collections.abc import Collection
from typing import Any, Final, cast, override

from homeassistant.const import CONF_DEVICE_ID, CONF_OPTIONS, CONF_TARGET
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.target import TargetSelection
from homeassistant.helpers.trigger import (
    NotTriggeredInfo,
    Trigger,
    TriggerActionRunner,
    TriggerConfig,
    TriggerNotTriggeredReporter,
)
from homeassistant.helpers.typing import ConfigType
import voluptuous as vol

from .push.filters import EVENT_TYPE_FIELD, FILTER_FIELDS, EventFilter, async_subscribe, devices_of, is_meter

_SCHEMA: Final = vol.Schema(
    {
        vol.Optional(CONF_TARGET, default=dict): cv.TARGET_FIELDS,
        vol.Optional(CONF_OPTIONS, default=dict): {
            # As an alternative to a target, where only devices can be named.
            vol.Optional(CONF_DEVICE_ID, default=list): vol.All(
                lambda value: value if isinstance(value, list) else [value], [str]
            ),
            **EVENT_TYPE_FIELD,
            **FILTER_FIELDS,
        },
    }
)


class NotificationReceivedTrigger(Trigger):
    """Of one or several meters, with filters."""

    @override
    @classmethod
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        """Return the checked options."""
        checked = cast("ConfigType", _SCHEMA(config))
        device_ids = checked[CONF_OPTIONS][CONF_DEVICE_ID]
        if not device_ids and not TargetSelection(checked[CONF_TARGET]).has_any_target:
            raise vol.Invalid("a target is missing: the meter")
        for device_id in device_ids:
            if not is_meter(hass, device_id):
                raise vol.Invalid(f"{device_id} is no meter of this integration")
        return checked

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        super().__init__(hass, config)
        options = config.options or {}
        self._wanted = EventFilter.of(options)
        self._device_ids = frozenset(options.get(CONF_DEVICE_ID, ()))
        self._target = TargetSelection(config.target or {})

    def _devices(self) -> Collection[str]:
        return self._device_ids | devices_of(self._hass, self._target)

    @override
    async def async_attach_runner(
        self, run_action: TriggerActionRunner, did_not_trigger: TriggerNotTriggeredReporter | None = None
    ) -> CALLBACK_TYPE:
        """Run the action for what fits; say in the trace what did not."""

        @callback
        def fits(data: dict[str, Any], words: str) -> None:
            run_action(data, words)

        @callback
        def fits_not(reason: str, data: dict[str, Any]) -> None:
            if did_not_trigger is not None:
                did_not_trigger(NotTriggeredInfo(reason, data))

        return async_subscribe(self._hass, self._devices, self._wanted, fits, fits_not)


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers by their names."""
    return {"notification_received": NotificationReceivedTrigger}
