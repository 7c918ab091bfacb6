"""The diagnostics download: what a report needs, by an allow-list (rule S28).

No address, no secret, and neither name nor serial number of the meter.
"""

from collections.abc import Iterable, Mapping
import re
from typing import Any, Final

from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr

from .const import (
    CONF_ACCEPT_UNVERIFIED,
    CONF_ALLOW_SWITCHING,
    CONF_ALLOW_WRITING,
    CONF_AUTHENTICATION,
    CONF_CLIENT_WPORT,
    CONF_CODE_TABLE,
    CONF_COUNTER_LOGICAL_NAME,
    CONF_DEDICATED_KEY,
    CONF_ENVELOPE,
    CONF_INTERVAL,
    CONF_LISTEN_PORT,
    CONF_LOG_INTERVAL,
    CONF_MECHANISM,
    CONF_NOTIFICATION_WPORT,
    CONF_NOTIFICATIONS,
    CONF_OBJECTS,
    CONF_PAUSE,
    CONF_PRESET,
    CONF_PROTECTION,
    CONF_REFERENCING,
    CONF_RESPONSE_TIMEOUT,
    CONF_SECURITY_SUITE,
    CONF_SERVER_WPORT,
    CONF_SIGN,
    CONF_STATE_PAUSE,
    CONF_STAY_CONNECTED,
    CONF_TIME_POLICY,
    CONF_TRANSPORT,
    DOMAIN,
)
from .coordinator import CosemConfigEntry, CosemCoordinator
from .meter.clients import learned_lists, trace_of
from .meter.credentials import object_names

_DATA: Final = (
    CONF_PORT,
    CONF_TRANSPORT,
    CONF_REFERENCING,
    CONF_PRESET,
    CONF_CLIENT_WPORT,
    CONF_SERVER_WPORT,
    CONF_AUTHENTICATION,
    CONF_MECHANISM,
    CONF_SECURITY_SUITE,
    CONF_PROTECTION,
    CONF_DEDICATED_KEY,
    CONF_ENVELOPE,
    CONF_SIGN,
    CONF_ACCEPT_UNVERIFIED,
    CONF_COUNTER_LOGICAL_NAME,
)
_NUMBER_AT_THE_END: Final = re.compile(r"\d{4,}$")
_OPTIONS: Final = (
    CONF_INTERVAL,
    CONF_OBJECTS,
    CONF_STAY_CONNECTED,
    CONF_PAUSE,
    CONF_RESPONSE_TIMEOUT,
    CONF_TIME_POLICY,
    CONF_NOTIFICATIONS,
    CONF_LISTEN_PORT,
    CONF_NOTIFICATION_WPORT,
    CONF_STATE_PAUSE,
    CONF_LOG_INTERVAL,
    CONF_ALLOW_WRITING,
    CONF_ALLOW_SWITCHING,
    CONF_CODE_TABLE,
)


async def async_get_config_entry_diagnostics(hass: HomeAssistant, entry: CosemConfigEntry) -> dict[str, Any]:
    """Return what a report needs; also for an entry that is not set up."""
    coordinator: CosemCoordinator | None = getattr(entry, "runtime_data", None)
    trace = trace_of(hass, entry.data)
    return {
        "entry": {
            "data": _allowed(entry.data, _DATA),
            "options": _allowed(entry.options, _OPTIONS),
            "state": entry.state.value,
            "reason": entry.error_reason_translation_key,
        },
        "meter": None if coordinator is None else _meter(coordinator),
        "lists": learned_lists(hass, entry.data),
        "last_apdus": [] if trace is None else trace.last_apdus(_private(hass, entry)),
    }


def _allowed(values: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: values[name] for name in names if name in values}


def _meter(coordinator: CosemCoordinator) -> dict[str, Any]:
    reader, identity = coordinator.reader, coordinator.reader.identity
    error = coordinator.last_exception
    return {
        "manufacturer": identity.manufacturer if identity else None,
        "model": identity.model if identity else None,
        "firmware": identity.firmware if identity else None,
        "last_update_success": coordinator.last_update_success,
        "polls": _polls(coordinator),
        "last_error": type(error.__cause__ or error).__name__ if error else None,
        "last_error_key": error.translation_key if isinstance(error, HomeAssistantError) else None,
        "objects": [
            f"{element.class_id}:{element.logical_name} version {element.version}" for element in reader.objects
        ],
        "logical_devices": len(reader.logical_devices),
        "mbus_device_types": dict(reader.mbus_device_types),
        "refused": {str(attribute): reason for attribute, reason in reader.refusals.lasting().items()},
        "values": {
            str(attribute): {
                "type": reading.value.type.standard_name if reading.value is not None else None,
                "scaler_unit": list(reading.scaler_unit) if reading.scaler_unit is not None else None,
            }
            for attribute, reading in coordinator.data.values.items()
        },
        "notifications": coordinator.notifications.diagnostics(),
        "logs": coordinator.logs.diagnostics(),
        "withheld": [str(attribute) for attribute in coordinator.data.withheld],
        "unverified": coordinator.security.is_unverified,
        "leniencies": sorted(reader.ways.leniencies),
        "object_names": object_names(coordinator.config_entry.data, reader.ways.proof_form),
    }


def _polls(coordinator: CosemCoordinator) -> dict[str, Any]:
    record, until = coordinator.record, coordinator.pause.until
    return {
        "read_at": record.read_at.isoformat() if record.read_at else None,
        "problem": record.problem,
        "paused_until": until.isoformat() if until else None,
        "shared": coordinator.security.other_client.is_shared(coordinator.hass.loop.time()),
    }


def _private(hass: HomeAssistant, entry: CosemConfigEntry) -> list[bytes]:
    """Return the forms on the wire of all serial numbers at this address: other entries share the trace."""
    serials: set[str] = set()
    for other in hass.config_entries.async_entries(DOMAIN):
        if any(other.data.get(key) != entry.data[key] for key in (CONF_HOST, CONF_PORT)):
            continue
        devices = dr.async_entries_for_config_entry(dr.async_get(hass), other.entry_id)
        serials |= {device.serial_number for device in devices if device.serial_number}
        # Of one that was never set up there is no device, but its unique id may end with the number.
        serials |= set(_NUMBER_AT_THE_END.findall(str(other.unique_id)))
        if (coordinator := getattr(other, "runtime_data", None)) is not None:
            known = (coordinator.reader.identity, *coordinator.reader.submeters.values())
            serials |= {each.serial_number for each in known if each is not None and each.serial_number}
    return [form for serial in sorted(serials) for form in _forms(serial)]


def _forms(serial: str) -> list[bytes]:
    forms = [serial.encode()]
    if serial.isascii() and serial.isdigit():
        number = int(serial)
        forms += [number.to_bytes(size) for size in (4, 8) if number.bit_length() <= 8 * size and number > 0xFFFF]
        forms.append(bytes.fromhex(serial if len(serial) % 2 == 0 else f"0{serial}"))
    return forms
