"""How actions change a meter: once, in turn with its polls, and never again by themselves (rules S33, F62)."""

from collections.abc import Awaitable, Callable
from typing import Any

from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr

from ..const import DOMAIN, EVENT_CHANGE
from ..coordinator import CosemCoordinator
from ..dlms import Association, Data, DataAccessError, raw_value
from ..meter.change_event import change_data
from ..meter.error_mapping import OUTCOME_UNKNOWN, SUCCESS, answer_to_change, may_have_been_done, refused_as_a_whole
from .asking import naming_what_is_impossible
from .permission import Target, is_hidden

type Service = Callable[[Association], Awaitable[Data | DataAccessError | None]]


class Change:
    """One change of one meter, and what became of it."""

    def __init__(self, call: ServiceCall, coordinator: CosemCoordinator, target: Target, value: Data | None) -> None:
        self._call = call
        self._coordinator = coordinator
        self._target = target
        self._value = value
        self._is_hidden = is_hidden(coordinator, target)
        self.result: str | None = None
        """None as long as the meter was told nothing."""
        self.data: Data | None = None

    async def async_make(self, service: Service) -> ServiceResponse:
        """Have the meter do it; return the result.

        Raises HomeAssistantError where the meter was told nothing, and for each result but success where nobody
        wants a response.
        """
        failure = None
        try:
            with naming_what_is_impossible():
                await self._coordinator.async_run(lambda association: self._async_tell(association, service))
        except HomeAssistantError as error:
            failure = self._judged(error)
        finally:
            # Also where the caller was cancelled.
            self._tell_everybody()
        if self.result is not None and self._call.return_response:
            return self._response()
        if self.result != SUCCESS:
            raise failure or self._error()
        return None

    async def _async_tell(self, association: Association, service: Service) -> None:
        self.result = OUTCOME_UNKNOWN  # until it has answered
        self.result, self.data = await answer_to_change(service(association))

    def _judged(self, failure: HomeAssistantError) -> HomeAssistantError | None:
        """Note what a failure says about the change; return it where it says more than the result."""
        if self.result == OUTCOME_UNKNOWN and not may_have_been_done(failure):
            self.result = refused_as_a_whole(failure)
            return failure
        # Once the meter has answered, a failure is about what came behind the answer.
        return failure if self.result is None else None

    def _error(self) -> HomeAssistantError:
        if self.result == OUTCOME_UNKNOWN:
            return HomeAssistantError(translation_domain=DOMAIN, translation_key="outcome_unknown")
        return HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="change_refused",
            translation_placeholders={"detail": str(self.result)},
        )

    def _response(self) -> dict[str, Any]:
        data = None if self.data is None or self._is_hidden else raw_value(self.data)
        return {"result": self.result, "data": data}

    def _tell_everybody(self) -> None:
        """Put it into the logbook, with who asked for it."""
        if self.result is None:
            return
        entry, hass = self._coordinator.config_entry, self._call.hass
        device = dr.async_get(hass).async_get_device(identifiers={(DOMAIN, str(entry.unique_id))})
        data = {
            "device_id": None if device is None else device.id,
            "entry_id": entry.entry_id,
            "action": self._call.service,
            **change_data(self._target, self._value, hidden=self._is_hidden),
            "result": self.result,
        }
        hass.bus.async_fire(EVENT_CHANGE, data, context=self._call.context)
