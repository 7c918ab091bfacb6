"""The action ``rescan``: reads the list of the meter's objects again."""

from collections.abc import Collection
from typing import Final

from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util.json import JsonValueType
import voluptuous as vol

from ..const import DOMAIN
from ..dlms import LogicalName, ObjectListElement, class_name
from .asking import async_read_by
from .target import TARGET_FIELDS, async_coordinator_of

SCHEMA: Final = vol.Schema(TARGET_FIELDS)

type _Object = tuple[int, LogicalName]


async def async_rescan(call: ServiceCall) -> ServiceResponse:
    """Return what is new and what is gone; the entry is loaded again if there is any. Raises HomeAssistantError."""
    coordinator = async_coordinator_of(call)
    reader = coordinator.reader
    before = _objects(reader.objects)
    if not await async_read_by(coordinator, reader.async_read_list):
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key="objects_not_read")
    now = _objects(reader.objects)
    if now != before:
        # Entities are made when an entry is loaded.
        call.hass.config_entries.async_schedule_reload(coordinator.config_entry.entry_id)
    if not call.return_response:
        return None
    new, gone = _described(now - before), _described(before - now)
    return {"objects": len(now), "new": new, "gone": gone, "reloaded": now != before}


def _objects(objects: Collection[ObjectListElement]) -> set[_Object]:
    return {(element.class_id, element.logical_name) for element in objects}


def _described(objects: Collection[_Object]) -> list[JsonValueType]:
    return [
        {"class_id": class_id, "class": class_name(class_id), "logical_name": str(name)}
        for class_id, name in sorted(objects)
    ]
