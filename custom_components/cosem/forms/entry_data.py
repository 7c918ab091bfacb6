"""What a complete draft becomes: the data and options of an entry, with the object list stored beside it."""

import asyncio
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant, callback
from homeassistant.setup import async_setup_component

from ..const import (
    CONF_CLIENT_WPORT,
    CONF_OBJECTS,
    CONF_RESPONSE_TIMEOUT,
    CONF_SERVER_WPORT,
    CONF_TIME_POLICY,
    DOMAIN,
)
from ..meter.credentials import list_owner
from ..meter.entity_plan import async_apply_selection, plan_entities
from ..meter.objects import complete_objects
from ..meter.store import async_save_objects
from .connection import ConnectionFacts
from .draft import Draft

type DataAndOptions = tuple[dict[str, Any], dict[str, Any]]

_ASSOCIATION = (CONF_HOST, CONF_PORT, CONF_CLIENT_WPORT, CONF_SERVER_WPORT)
"""A meter keeps one association for each pair of wPorts."""


async def async_new_entry(hass: HomeAssistant, draft: Draft) -> DataAndOptions:
    """Return what a new entry holds."""
    assert draft.examination is not None
    unique_id, objects = draft.examination.identity.unique_id, draft.examination.objects
    data = _data(draft, unique_id)
    await async_save_objects(hass, unique_id, objects, listed_for=list_owner(data))
    # Home Assistant would do so now with the first entry, in tasks that end before the entry is saved when a person
    # leaves this page. Cut off, it would fail for good, so it always goes on to its end.
    await asyncio.shield(hass.async_create_task(async_setup_component(hass, DOMAIN, {})))
    return data, {**draft.options_of_sender, **(draft.options or {})}


async def async_changed_entry(hass: HomeAssistant, draft: Draft, entry: ConfigEntry) -> DataAndOptions:
    """Return what an entry holds once it is mended."""
    data = _data(draft, str(entry.unique_id))
    options = {**entry.options, CONF_RESPONSE_TIMEOUT: draft.complete_facts.response_timeout}
    if draft.options is not None:
        assert draft.examination is not None
        objects, chosen = draft.examination.objects, draft.options[CONF_OBJECTS]
        await async_save_objects(hass, str(entry.unique_id), objects, listed_for=list_owner(data))
        async_apply_selection(hass, entry, plan_entities(complete_objects(objects, chosen)), chosen)
        options |= {CONF_OBJECTS: chosen, CONF_TIME_POLICY: draft.options[CONF_TIME_POLICY]}
    return data, options


def _data(draft: Draft, unique_id: str) -> dict[str, Any]:
    """Return the data of the entry; a meter that calls has no host, and is known by its name."""
    data = draft.complete_facts.entry_data()
    return data if data[CONF_HOST] else {**data, CONF_HOST: unique_id}


@callback
def async_entry_in_use(hass: HomeAssistant, facts: ConnectionFacts, *, but: str) -> ConfigEntry | None:
    """Return the entry that uses this association now. ``but``: the id of one that may."""
    data = facts.connection_data()
    entries = hass.config_entries.async_loaded_entries(DOMAIN)
    return next(
        (
            entry
            for entry in entries
            if entry.entry_id != but and all(entry.data[key] == data[key] for key in _ASSOCIATION)
        ),
        None,
    )
