"""The devices of an entry: the meter's logical device, and below it what is behind its M-Bus channels."""

from dataclasses import dataclass
from typing import TypedDict

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.device_registry import DeviceInfo

from .const import CONF_SERVER_WPORT, DOMAIN
from .coordinator import CosemCoordinator
from .meter.entity_plan import async_registered, plan_entities
from .meter.identity import is_management
from .meter.submeters import Submeter, channel_of, device_identifier, submeter_model


class Told(TypedDict):
    """Facts by the names of the device registry."""

    name: str
    manufacturer: str | None
    model: str | None
    serial_number: str | None
    sw_version: str | None
    hw_version: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceFacts:
    """What is told of a device."""

    channel: int = 0
    """The M-Bus channel of a sub-meter; 0: the meter itself."""
    name: str
    manufacturer: str | None = None
    model: str | None = None
    serial_number: str | None = None
    sw_version: str | None = None
    hw_version: str | None = None

    def told(self) -> Told:
        """Return them for the device registry."""
        return Told(
            name=self.name,
            manufacturer=self.manufacturer,
            model=self.model,
            serial_number=self.serial_number,
            sw_version=self.sw_version,
            hw_version=self.hw_version,
        )


def device_facts(coordinator: CosemCoordinator, channel: int = 0) -> DeviceFacts:
    """Return what is known of the meter, or of the sub-meter of a channel.

    A channel of which the meter says that nothing is there has no device of its own.
    """
    identity, reader = coordinator.reader.identity, coordinator.reader
    if identity is None:
        return _remembered_facts(coordinator, channel)
    if channel and (channel in reader.submeters or reader.mbus_device_types.get(channel) != 0):
        return _submeter_facts(coordinator, channel)
    return DeviceFacts(
        name=coordinator.config_entry.title,
        manufacturer=identity.manufacturer,
        model=identity.model,
        serial_number=identity.serial_number,
        sw_version=identity.firmware,
    )


def _remembered_facts(coordinator: CosemCoordinator, channel: int) -> DeviceFacts:
    """Return what was told before a start, while the meter was not read since: nothing of that is taken back.

    What may be behind a channel gets no device of its own until it is known.
    """
    entry = coordinator.config_entry
    identifier = device_identifier(str(entry.unique_id), channel)
    known = dr.async_get(coordinator.hass).async_get_device_by_identifier(identifier, entry.entry_id)
    if known is None:
        return _remembered_facts(coordinator, 0) if channel else DeviceFacts(name=entry.title)
    return DeviceFacts(
        channel=channel,
        name=(known.name if channel else None) or entry.title,
        manufacturer=known.manufacturer,
        model=known.model,
        serial_number=known.serial_number,
        sw_version=known.sw_version,
        hw_version=known.hw_version,
    )


def _submeter_facts(coordinator: CosemCoordinator, channel: int) -> DeviceFacts:
    submeter = coordinator.reader.submeters.get(channel, Submeter())
    model = submeter_model(coordinator.reader.mbus_device_types.get(channel))
    return DeviceFacts(
        channel=channel,
        name=f"{model or 'M-Bus device'} {submeter.serial_number or f'channel {channel}'}",
        manufacturer=submeter.manufacturer,
        model=model,
        serial_number=submeter.serial_number,
        hw_version=submeter.version,
    )


def device_info(coordinator: CosemCoordinator, channel: int = 0) -> DeviceInfo:
    """Return the device of the meter, or of a sub-meter, below that of the meter (`async_register_device`)."""
    entry, facts = coordinator.config_entry, device_facts(coordinator, channel)
    info = DeviceInfo(
        identifiers={device_identifier(str(entry.unique_id), facts.channel)},
        name=facts.name,
        manufacturer=facts.manufacturer,
        model=facts.model,
        serial_number=facts.serial_number,
        sw_version=facts.sw_version,
        hw_version=facts.hw_version,
    )
    if facts.channel:
        info["via_device_id"] = dr.async_get_device_id_by_identifier(
            coordinator.hass, device_identifier(str(entry.unique_id)), config_entry_id=entry.entry_id
        )
    return info


@callback
def async_register_device(coordinator: CosemCoordinator) -> None:
    """Add the meter's device, so that its sub-meters find it, and link the logical devices of one address."""
    hass, entry, facts = coordinator.hass, coordinator.config_entry, device_facts(coordinator)
    devices = dr.async_get(hass)

    def registered(other: ConfigEntry) -> dr.DeviceEntry | None:
        return devices.async_get_device_by_identifier(device_identifier(str(other.unique_id)), other.entry_id)

    devices.async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={device_identifier(str(entry.unique_id))},
        **facts.told(),
    )
    here = [
        (other.data[CONF_SERVER_WPORT], device.id)
        for other in hass.config_entries.async_entries(DOMAIN)
        if all(other.data[key] == entry.data[key] for key in (CONF_HOST, CONF_PORT))
        and (device := registered(other)) is not None
    ]
    # The management logical device stands for the whole physical device.
    management = next((device_id for wport, device_id in here if is_management(wport)), None)
    for _, device_id in here:
        devices.async_update_device(device_id, via_device_id=None if device_id == management else management)


@callback
def async_follow_identity(coordinator: CosemCoordinator) -> None:
    """Keep what the devices say of the meter and its sub-meters as the meter says it now."""
    entry, devices = coordinator.config_entry, dr.async_get(coordinator.hass)

    def told() -> tuple[DeviceFacts, ...]:
        reader = coordinator.reader
        channels = {0, *reader.submeters, *reader.mbus_device_types}
        return tuple(device_facts(coordinator, channel) for channel in sorted(channels))

    shown = None if coordinator.reader.identity is None else told()

    @callback
    def follow() -> None:
        nonlocal shown
        if coordinator.reader.identity is None or (known := told()) == shown:
            return
        changed, shown = set(known).difference(shown or ()), known
        for facts in changed:
            identifier = device_identifier(str(entry.unique_id), facts.channel)
            if (device := devices.async_get_device_by_identifier(identifier, entry.entry_id)) is not None:
                devices.async_update_device(device.id, **facts.told())
        _move_entities(coordinator)

    coordinator.followers.append(follow)


@callback
def _move_entities(coordinator: CosemCoordinator) -> None:
    """Let the values of M-Bus channels follow what is behind them: a sub-meter that is linked now, or is gone."""
    entry, entities = coordinator.config_entry, er.async_get(coordinator.hass)
    for planned in plan_entities(coordinator.reader.objects):
        if planned.channel and (entity := async_registered(coordinator.hass, entry, planned)) is not None:
            device = dr.async_get(coordinator.hass).async_get_or_create(
                config_entry_id=entry.entry_id, **device_info(coordinator, planned.channel)
            )
            entities.async_update_entity(entity.entity_id, device_id=device.id)


@callback
def is_gone(coordinator: CosemCoordinator, device: dr.AnyDeviceEntry) -> bool:
    """Whether it is a sub-meter that the meter does not list any more."""
    channels = {channel_of(element.logical_name) for element in coordinator.reader.objects}
    present = {device_facts(coordinator, channel).channel for channel in {0, *channels}}
    identifiers = {device_identifier(str(coordinator.config_entry.unique_id), channel) for channel in present}
    return not identifiers & device.identifiers
