"""How actions change a meter: once, in turn with its polls, and never again by themselves (rules S33, F62)."""

from collections.abc import Awaitable, Callable
from typing import Any

from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr

from ..const import DOMAIN, EVENT_CHANGE
from ..coordinator import CosemCoordinator
from ..dlms import Association, AttributeDescriptor, Data, DataAccessError, LocalProtocolError, raw_value
from ..meter.change_event import change_data
from ..meter.error_mapping import (
    NOT_SENT,
    OUTCOME_UNKNOWN,
    SUCCESS,
    answer_to_change,
    may_have_been_done,
    refused_as_a_whole,
    result_of_change,
)
from ..meter.submeters import device_identifier
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
        if self.result is not None:
            tell_of_change(self._call, self._coordinator, self._target, self._value, self.result)


def tell_of_change(
    call: ServiceCall, coordinator: CosemCoordinator, target: Target, value: Data | None, result: str
) -> None:
    """Put a change into the logbook, with who asked for it."""
    entry, hass = coordinator.config_entry, call.hass
    device = dr.async_get(hass).async_get_device_by_identifier(device_identifier(str(entry.unique_id)), entry.entry_id)
    data = {
        "device_id": None if device is None else device.id,
        "entry_id": entry.entry_id,
        "action": call.service,
        **change_data(target, value, hidden=is_hidden(coordinator, target)),
        "result": result,
    }
    hass.bus.async_fire(EVENT_CHANGE, data, context=call.context)


async def async_change_one(
    call: ServiceCall, coordinator: CosemCoordinator, association: Association, target: Target, value: Data
) -> str:
    """Make one of several changes, once; return its result, or why nothing was sent. It costs no other change."""
    if not association.is_open:
        return NOT_SENT
    result = OUTCOME_UNKNOWN  # until it has answered
    try:
        if isinstance(target, AttributeDescriptor):
            result = await result_of_change(association.set(target, value))
        else:
            result = await result_of_change(association.action(target, value))
    except LocalProtocolError as error:
        result = NOT_SENT
        return str(error)
    finally:
        # Also where the caller was cancelled.
        if result != NOT_SENT:
            tell_of_change(call, coordinator, target, value, result)
    return result
