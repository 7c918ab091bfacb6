"""DLMS/COSEM: Home Assistant reads a smart meter over the network (IEC 62056).

One entry is one association to one logical device.
"""

import asyncio
from collections.abc import Coroutine
from itertools import islice
from typing import Any, Final

from homeassistant.config_entries import SOURCE_INTEGRATION_DISCOVERY, ConfigEntryState, ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_PORT, EVENT_HOMEASSISTANT_STOP, Platform
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryNotReady
from homeassistant.helpers import config_validation as cv, discovery_flow
from homeassistant.helpers.device_registry import AnyDeviceEntry
from homeassistant.helpers.typing import ConfigType

from .const import (
    CALL_DATA,
    CONF_CLIENT_WPORT,
    CONF_LOGICAL_DEVICE_NAME,
    CONF_PARENT_ENTRY,
    CONF_PRESET,
    CONF_SERVER_WPORT,
    CONF_TRANSPORT,
    DOMAIN,
    LOGGER,
)
from .coordinator import CosemConfigEntry, CosemCoordinator
from .device import async_follow_identity, async_register_device, is_gone
from .meter.clients import forget_client, get_client, transport_of
from .meter.entity_plan import MAX_ENTITIES, has_too_many
from .meter.identity import logical_device_name
from .meter.issues import issues_of
from .meter.pausing import async_load_pauses, forget_pause
from .meter.store import async_remove_meter
from .push.early_listening import async_listen_early, async_listen_until_next_attempt
from .services import async_set_up_services

CONFIG_SCHEMA: Final = cv.config_entry_only_config_schema(DOMAIN)

MAX_OFFERS: Final = 16
"""Cards of further logical devices that an entry may have at a time."""

PLATFORMS: Final = [Platform.EVENT, Platform.SENSOR, Platform.SWITCH]


async def async_setup(hass: HomeAssistant, _config: ConfigType) -> bool:
    """Register the actions, which are there also while no entry is loaded."""
    async_set_up_services(hass)
    await async_load_pauses(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: CosemConfigEntry) -> bool:
    """Read the meter and add its entities."""
    client = get_client(hass, entry.data[CONF_HOST], entry.data[CONF_PORT], transport_of(entry.data))
    coordinator = CosemCoordinator(hass, entry, client)

    async def async_stop(_event: Event) -> None:
        await coordinator.async_shutdown()

    entry.async_on_unload(hass.bus.async_listen(EVENT_HOMEASSISTANT_STOP, async_stop))
    await coordinator.notifications.pushed.async_load()
    await _async_begin(hass, entry, coordinator)
    entry.runtime_data = coordinator
    async_register_device(coordinator)
    await _async_whole(hass, hass.config_entries.async_forward_entry_setups(entry, PLATFORMS))
    async_follow_identity(coordinator)
    await _async_whole(hass, coordinator.notifications.async_start())
    coordinator.followers.append(coordinator.notifications.follow_name)
    await _async_whole(hass, coordinator.logs.async_start(coordinator))
    if has_too_many(coordinator.reader.objects):
        LOGGER.warning("%s has more than %d entities; the others are left out", coordinator.name, MAX_ENTITIES)
    _offer_once_read(hass, coordinator)
    return True


async def _async_begin(hass: HomeAssistant, entry: CosemConfigEntry, coordinator: CosemCoordinator) -> None:
    """Read the meter, unless it calls us, or a person has paused that."""
    if (calls := coordinator.notifications.calls) is not None:
        await coordinator.async_begin_with_calls(calls)
        return
    await _async_whole(hass, async_listen_early(hass, entry, coordinator.notifications))
    if coordinator.pause.is_on:
        # Loaded all the same: else the switch that ends the pause would not be there.
        await _async_whole(hass, coordinator.async_begin_unread())
        return
    try:
        await _async_first_refresh(hass, coordinator)
    except ConfigEntryNotReady:
        async_listen_until_next_attempt(hass, entry, coordinator.notifications)
        raise


async def _async_first_refresh(hass: HomeAssistant, coordinator: CosemCoordinator) -> None:
    try:
        await coordinator.async_config_entry_first_refresh()
    except asyncio.CancelledError:
        # Home Assistant cancels what a page has asked for when a person leaves it, and the set-up with it. Such an
        # entry would never be tried again. A new one would not even be saved.
        if hass.is_stopping:
            raise
        raise ConfigEntryNotReady(translation_domain=DOMAIN, translation_key="set_up_interrupted") from None


async def _async_whole(hass: HomeAssistant, work: Coroutine[Any, Any, None]) -> None:
    """Do all of ``work``, which asks no meter and so ends soon, also where a person leaves the page meanwhile."""
    task = hass.async_create_task(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task


async def async_unload_entry(hass: HomeAssistant, entry: CosemConfigEntry) -> bool:
    """Remove the entities; CosemCoordinator.async_shutdown follows."""
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_config_entry_device(
    hass: HomeAssistant, entry: CosemConfigEntry, device_entry: AnyDeviceEntry
) -> bool:
    """Let a person remove a sub-meter that is gone."""
    return entry.state is ConfigEntryState.LOADED and is_gone(entry.runtime_data, device_entry)


async def async_remove_entry(hass: HomeAssistant, entry: CosemConfigEntry) -> None:
    """Forget the meter, but not its keys' invocation counters (meter/counter_store.py)."""
    issues_of(hass, entry).forget()
    _withdraw_offers(hass, entry)
    forget_pause(hass, entry.data)
    forget_client(hass, entry.data)
    await async_remove_meter(hass, str(entry.unique_id))


@callback
def _offers_of(hass: HomeAssistant, entry: CosemConfigEntry, *, moved_only: bool = False) -> list[ConfigFlowResult]:
    """Return the cards of logical devices that this entry knows of; ``moved_only``: those with another address."""

    def fits(data: dict[str, Any]) -> bool:
        keys = (CONF_HOST, CONF_PORT, CONF_TRANSPORT, CONF_CLIENT_WPORT)
        moved = any(data.get(key) != entry.data.get(key) for key in keys)
        return data.get(CONF_PARENT_ENTRY) == entry.entry_id and (moved or not moved_only)

    return hass.config_entries.flow.async_progress_by_init_data_type(dict, fits, include_uninitialized=True)


@callback
def _withdraw_offers(hass: HomeAssistant, entry: CosemConfigEntry, *, moved_only: bool = False) -> None:
    """Take back the cards of logical devices that only this entry knew of."""
    for flow in _offers_of(hass, entry, moved_only=moved_only):
        hass.config_entries.flow.async_abort(flow["flow_id"])


@callback
def _offer_once_read(hass: HomeAssistant, coordinator: CosemCoordinator) -> None:
    """Offer further logical devices as soon as the meter has named them: one that calls is read later."""
    is_done = False

    @callback
    def follow() -> None:
        nonlocal is_done
        if not is_done and coordinator.reader.identity is not None:
            is_done = True
            _offer_further_logical_devices(hass, coordinator.config_entry)

    follow()
    if not is_done:
        coordinator.followers.append(follow)


@callback
def _offer_further_logical_devices(hass: HomeAssistant, entry: CosemConfigEntry) -> None:
    _withdraw_offers(hass, entry, moved_only=True)
    offered = _offers_of(hass, entry)
    known = {other.unique_id for other in hass.config_entries.async_entries(DOMAIN)}
    known |= {flow["context"].get("unique_id") for flow in offered}
    found: dict[str, int] = {}
    for sap, octets in entry.runtime_data.reader.logical_devices:
        name = logical_device_name(octets)
        if sap != entry.data[CONF_SERVER_WPORT] and name and name not in known:
            found.setdefault(name, sap)
    room = max(MAX_OFFERS - len(offered), 0)
    if len(found) > room:
        LOGGER.warning(
            "%s names %d more logical devices; %d of them are offered", entry.runtime_data.name, len(found), room
        )
    for name, sap in islice(found.items(), room):
        discovery_flow.async_create_flow(
            hass,
            DOMAIN,
            context={"source": SOURCE_INTEGRATION_DISCOVERY},
            data={
                CONF_HOST: entry.data[CONF_HOST],
                CONF_PORT: entry.data[CONF_PORT],
                **({CONF_TRANSPORT: entry.data[CONF_TRANSPORT]} if CONF_TRANSPORT in entry.data else {}),
                **{key: entry.data[key] for key in CALL_DATA if key in entry.data},
                CONF_SERVER_WPORT: sap,
                CONF_LOGICAL_DEVICE_NAME: name,
                CONF_CLIENT_WPORT: entry.data[CONF_CLIENT_WPORT],
                CONF_PRESET: entry.data[CONF_PRESET],
                CONF_PARENT_ENTRY: entry.entry_id,
            },
        )
