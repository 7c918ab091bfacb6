"""Which events an automation wants: what the trigger and the device triggers share."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.dispatcher import async_dispatcher_connect
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

    device_ids: Collection[str]
    event_types: Collection[str] = ()
    logical_names: Collection[str] = ()
    authenticated_only: bool = False

    @classmethod
    def of(cls, options: Mapping[str, Any], device_ids: Collection[str]) -> EventFilter:
        """Make it of the fields of a trigger."""
        return cls(
            device_ids=device_ids,
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
    wanted: EventFilter,
    fits: Callable[[dict[str, Any], str], None],
    fits_not: Callable[[str, dict[str, Any]], None] = lambda _reason, _data: None,
) -> CALLBACK_TYPE:
    """Call ``fits`` with the data of each event that fits and what happened in words; works before entries are loaded.

    ``fits_not``: is given the reason, for events of the same devices.
    """

    @callback
    def take(event: MeterEvent) -> None:
        if event.device_id not in wanted.device_ids:
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
