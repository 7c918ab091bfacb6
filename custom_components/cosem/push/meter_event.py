"""One thing that a meter told by itself, as automations, the logbook and the event entity see it."""

from dataclasses import dataclass
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_send

from ..const import DOMAIN, EVENT_NOTIFICATION
from ..dlms import Json

RAW_IN_STATE: Final = 256
"""Octets that the event entity keeps; the recorder stores them."""
RAW_ON_BUS: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterEvent:
    """What happened, and how we know.

    ``kind``: event_notification, data_notification, information_report or undecodable; what was read: event_log or
    alarm_register.

    ``code``: an event code or the number of an alarm bit, ``text`` what it means. ``value``: in ``unit``; None where
    there is none, its unit is not known, or it is too long. ``time``: of the meter, ISO 8601. ``values``: all that
    came, where there are several. ``raw``: the plain APDU, where something of it is
    not understood or too long.
    """

    entry_id: str
    device_id: str | None
    kind: str
    event_type: str
    code: int | None = None
    text: str | None = None
    class_id: int | None = None
    logical_name: str | None = None
    attribute_index: int | None = None
    name: str | None = None
    value: Json = None
    unit: str | None = None
    time: str | None = None
    authenticated: bool = False
    encrypted: bool = False
    values: tuple[dict[str, Json], ...] = ()
    raw: bytes | None = None

    def data(self) -> dict[str, Any]:
        """Return it for the bus."""
        return {
            "device_id": self.device_id,
            "entry_id": self.entry_id,
            "event_type": self.event_type,
            **self._details(),
            "values": list(self.values),
            "raw": None if self.raw is None else self.raw[:RAW_ON_BUS].hex(),
        }

    def attributes(self) -> dict[str, Any]:
        """Return it for the event entity."""
        details = {key: value for key, value in self._details().items() if value is not None}
        return details if self.raw is None else {**details, "raw": self.raw[:RAW_IN_STATE].hex()}

    def _details(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "code": self.code,
            "text": self.text,
            "class_id": self.class_id,
            "logical_name": self.logical_name,
            "attribute_index": self.attribute_index,
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "time": self.time,
            "authenticated": self.authenticated,
            "encrypted": self.encrypted,
        }


SIGNAL_OF_ALL: Final = f"{DOMAIN}_meter_event"
"""The dispatcher's signal for the events of all entries, loaded or not; it carries a ``MeterEvent``."""


def signal_of(entry_id: str) -> str:
    """Return the same for one entry."""
    return f"{DOMAIN}_meter_event_{entry_id}"


@callback
def async_publish(hass: HomeAssistant, event: MeterEvent) -> None:
    """Tell everybody who wants to know."""
    hass.bus.async_fire(EVENT_NOTIFICATION, event.data())
    async_dispatcher_send(hass, signal_of(event.entry_id), event)
    async_dispatcher_send(hass, SIGNAL_OF_ALL, event)


def in_words(event_type: str, code: int | None, text: str | None, name: str | None) -> str:
    """Return what happened, for a person: "Power down (code 1)"."""
    what = text or (event_type.replace("_", " ").capitalize() if event_type != "other" else name or "notification")
    return what if code is None else f"{what} (code {code})"
