"""The action ``read_profile``: rows of a load profile or another buffer."""

from contextlib import aclosing
from datetime import datetime
from typing import Any, Final

from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonValueType
import voluptuous as vol

from ..const import DOMAIN
from ..coordinator import CosemCoordinator
from ..dlms import (
    Association,
    Json,
    LogicalName,
    ProfileRequest,
    described_column,
    json_cells,
)
from ..meter.clients import client_in_use, transport_of
from ..meter.lent_once import LentOnce
from ..meter.meter_time import time_policy_of
from ..meter.whole_number import whole_number
from .asking import async_read_by, naming_what_is_impossible
from .target import TARGET_FIELDS, async_coordinator_of

CONF_LOGICAL_NAME: Final = "logical_name"
CONF_SINCE: Final = "since"
CONF_UNTIL: Final = "until"
CONF_FIRST_ENTRY: Final = "first_entry"
CONF_LAST_ENTRY: Final = "last_entry"
CONF_COLUMNS: Final = "columns"

MOST_ROWS: Final = 10_000
MOST_CHARACTERS: Final = 4_000_000
"""Of all rows together: what a page can still show."""

_ENTRY: Final = vol.All(whole_number, vol.Range(min=0, max=0xFFFF_FFFF))

SCHEMA: Final = vol.Schema(
    {
        **TARGET_FIELDS,
        vol.Required(CONF_LOGICAL_NAME): cv.string,
        vol.Optional(CONF_SINCE): cv.datetime,
        vol.Optional(CONF_UNTIL): cv.datetime,
        vol.Optional(CONF_FIRST_ENTRY): _ENTRY,
        vol.Optional(CONF_LAST_ENTRY): _ENTRY,
        vol.Optional(CONF_COLUMNS, default=list): vol.All(cv.ensure_list, [cv.string]),
    }
)


async def async_read_profile(call: ServiceCall) -> ServiceResponse:
    """Return columns and rows: all that are asked for, or an error. Raises HomeAssistantError."""
    coordinator = async_coordinator_of(call)
    with naming_what_is_impossible():
        request = _request(coordinator, call.data)

    async def work(association: Association) -> ServiceResponse:
        return await _async_rows(coordinator, association, request)

    return await async_read_by(coordinator, work)


def _request(coordinator: CosemCoordinator, data: dict[str, Any]) -> ProfileRequest:
    first, last = data.get(CONF_FIRST_ENTRY), data.get(CONF_LAST_ENTRY)
    return ProfileRequest(
        logical_name=LogicalName.parse(data[CONF_LOGICAL_NAME]),
        since=_aware(data.get(CONF_SINCE)),
        until=_aware(data.get(CONF_UNTIL)),
        entries=None if first is None and last is None else (1 if first is None else first, last or 0),
        columns=tuple(LogicalName.parse(name) for name in data[CONF_COLUMNS]),
        policy=time_policy_of(coordinator.config_entry.options),
        zone=dt_util.get_default_time_zone(),
    )


def _aware(moment: datetime | None) -> datetime | None:
    """Return a time; one without an offset is on the clock at home."""
    if moment is None or moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=dt_util.get_default_time_zone())


async def _async_rows(
    coordinator: CosemCoordinator, association: Association, request: ProfileRequest
) -> ServiceResponse:
    data = coordinator.config_entry.data
    client = client_in_use(coordinator.hass, data[CONF_HOST], data[CONF_PORT], transport_of(data))
    assert client is not None  # its association is there
    reading = client.read_profile(LentOnce(association), association.parameters.pair, request)
    rows: list[JsonValueType] = []
    characters = 0
    async with aclosing(reading.rows()) as batches:
        async for batch in batches:
            for row in batch:
                cells = json_cells(row, reading.columns)
                characters += len(str(cells))
                # Before it is kept: whatever a meter sends, no more than this is held.
                if len(rows) == MOST_ROWS or characters > MOST_CHARACTERS:
                    raise ServiceValidationError(translation_domain=DOMAIN, translation_key="too_many_rows")
                rows.append(cells)
    there = {column.capture_object.logical_name for column in reading.columns}
    if missing := [str(name) for name in request.columns if name not in there]:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="no_such_column",
            translation_placeholders={"detail": ", ".join(missing)},
        )
    columns: list[Json] = [described_column(column) for column in reading.columns]
    return {"columns": columns, "rows": rows}
