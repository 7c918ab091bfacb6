"""Which events an automation wants: what the trigger and the device triggers share."""

from collections.abc import Callable, Collection, Container, Mapping
from dataclasses import dataclass
from typing import Any, Final

from homeassistant.components.event.const import DOMAIN as EVENT
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.target import TargetSelection, async_extract_referenced_entity_ids
import voluptuous as vol

from ..const import DOMAIN
from ..dlms import LocalProtocolError, LogicalName
from ..meter.submeters import device_identifier
from .event_codes import EVENT_TYPES
from .meter_event import SIGNAL_OF_ALL, MeterEvent, in_words

CONF_EVENT_TYPE: Final = "event_type"
CONF_LOGICAL_NAME: Final = "logical_name"
CONF_AUTHENTICATED_ONLY: Final = "authenticated_only"


def _list_of(each: object) -> object:
    return vol.All(lambda value: value if isinstance(value, list) else [value], [each])


def typed_logical_name(text: object) -> str:
    """Return a typed code as events have it: 0.0.96.11.0.255. Raises vol.Invalid."""
    try:
        return str(LogicalName.parse(str(text).strip()))
    except LocalProtocolError as error:
        raise vol.Invalid(f"{text} is no OBIS code") from error


FILTER_FIELDS: Final[Mapping[vol.Marker, object]] = {
    vol.Optional(CONF_LOGICAL_NAME): _list_of(typed_logical_name),
    vol.Optional(CONF_AUTHENTICATED_ONLY, default=False): bool,
}
"""Fields that both kinds of trigger have."""

EVENT_TYPE_FIELD: Final[Mapping[vol.Marker, object]] = {
    vol.Optional(CONF_EVENT_TYPE): _list_of(vol.In(EVENT_TYPES)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """What fits. ``event_types``, ``logical_names``: empty for any."""

    event_types: Collection[str] = ()
    logical_names: Collection[str] = ()
    authenticated_only: bool = False

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> EventFilter:
        """Make it of the fields of a trigger."""
        return cls(
            event_types=options.get(CONF_EVENT_TYPE, ()),
            logical_names=options.get(CONF_LOGICAL_NAME, ()),
            authenticated_only=options.get(CONF_AUTHENTICATED_ONLY, False),
        )

    def mismatch(self, event: MeterEvent) -> str | None:
        """Return the code of the reason why an event of one of the devices does not fit; None if it does."""
        if self.event_types and event.event_type not in self.event_types:
            return "event_type_mismatch"
        names = {event.logical_name, *(each["logical_name"] for each in event.values)}
        if self.logical_names and not names & set(self.logical_names):
            return "logical_name_mismatch"
        return "not_authenticated" if self.authenticated_only and not event.authenticated else None


@callback
def async_subscribe(
    hass: HomeAssistant,
    devices: Callable[[], Container[str | None]],
    wanted: EventFilter,
    fits: Callable[[dict[str, Any], str], None],
    fits_not: Callable[[str, dict[str, Any]], None] = lambda _reason, _data: None,
) -> CALLBACK_TYPE:
    """Call ``fits`` with the data of each event that fits and what happened in words; works before entries are loaded.

    ``devices``: whose events these are, now. ``fits_not``: is given the reason, for events of these devices.
    """

    @callback
    def take(event: MeterEvent) -> None:
        if event.device_id not in devices():
            return
        if (reason := wanted.mismatch(event)) is not None:
            fits_not(reason, event.data())
        else:
            fits(event.data(), in_words(event.event_type, event.code, event.text, event.name))

    return async_dispatcher_connect(hass, SIGNAL_OF_ALL, take)


@callback
def is_meter(hass: HomeAssistant, device_id: str) -> bool:
    """Whether a device is a meter of an entry, and no sub-meter: those tell through it."""
    device = dr.async_get(hass).async_get(device_id)
    own = {device_identifier(str(entry.unique_id)) for entry in hass.config_entries.async_entries(DOMAIN)}
    return device is not None and bool(own & device.identifiers)


@callback
def devices_of(hass: HomeAssistant, selection: TargetSelection) -> set[str]:
    """Return the devices that a target names now: as they are, by areas and labels, or by entities of ours."""
    selected = async_extract_referenced_entity_ids(hass, selection)
    registry = er.async_get(hass)
    named = [registry.async_get(entity_id) for entity_id in selected.referenced]
    around = [registry.async_get(entity_id) for entity_id in selected.indirectly_referenced]
    ours = [each for each in (*named, *(each for each in around if each and each.domain == EVENT)) if each]
    return selected.referenced_devices | {each.device_id for each in ours if each.platform == DOMAIN and each.device_id}
