"""Meters that send by themselves, made by hand; and entries that listen on this computer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import socket
from typing import Any

from homeassistant.core import Event, HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.cosem.const import (
    CONF_LISTEN_ADDRESS,
    CONF_LISTEN_PORT,
    CONF_NOTIFICATION_SOURCES,
    CONF_NOTIFICATIONS,
    EVENT_NOTIFICATION,
)
from tests.dlms.lone_meter import seal, sized
from tests.faults.secured import security_of
from tests.simulated_meter.meter import SimulatedMeter
from tests.still_loop import until

LOOPBACK = "127.0.0.1"


def free_port(kind: socket.SocketKind = socket.SOCK_DGRAM) -> int:
    """A port that is free just now."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def listening(port: int, how: str = "udp", **more: Any) -> dict[str, Any]:
    """Options of an entry that listens on this computer, for a meter on this computer."""
    return {
        CONF_NOTIFICATIONS: how,
        CONF_LISTEN_ADDRESS: LOOPBACK,
        CONF_LISTEN_PORT: port,
        CONF_NOTIFICATION_SOURCES: [LOOPBACK],
        **more,
    }


def with_options(entry: MockConfigEntry, options: dict[str, Any]) -> MockConfigEntry:
    """The entry, not added yet, with more options."""
    return MockConfigEntry(
        domain=entry.domain,
        title=entry.title,
        unique_id=entry.unique_id,
        data=dict(entry.data),
        options={**entry.options, **options},
    )


def wpdu(apdu: bytes, source: int = 1, destination: int = 1) -> bytes:
    """In a WPDU."""
    return b"".join(number.to_bytes(2, "big") for number in (1, source, destination, len(apdu))) + apdu


def event_notification(value: str, logical_name: str, class_id: int = 1, attribute: int = 2) -> bytes:
    """An EventNotification without time; ``value``: A-XDR in hex."""
    name = bytes(map(int, logical_name.split(".")))
    return b"\xc2\x00" + class_id.to_bytes(2, "big") + name + bytes([attribute]) + bytes.fromhex(value)


def event_code(code: int) -> bytes:
    """An EventNotification of the event code object 0.0.96.11.0.255."""
    return event_notification(f"11{code:02X}", "0.0.96.11.0.255")


def data_notification(body: str) -> bytes:
    """A DataNotification without time; ``body``: A-XDR in hex."""
    return bytes.fromhex("0F00000001 00") + bytes.fromhex(body)


def protected(meter: SimulatedMeter, wport: int, counter: int, plain: bytes) -> bytes:
    """A general-glo-ciphering of the meter, authenticated and encrypted with the keys that this client has."""
    security, title = security_of(meter, wport), meter.security.identity.title
    sealed = seal(security.encryption_key, security.authentication_key, 0x30, title, counter, plain, b"")
    return b"\xdb" + sized(title) + sized(b"\x30" + counter.to_bytes(4, "big") + sealed)


def say(port: int, *datagrams: bytes) -> None:
    """Send datagrams to a listener on this computer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for datagram in datagrams:
            sender.sendto(datagram, (LOOPBACK, port))


@asynccontextmanager
async def told(hass: HomeAssistant, count: int) -> AsyncIterator[list[dict[str, Any]]]:
    """Collect the data of bus events; at the end of the context there are so many."""
    events: list[Event] = async_capture_events(hass, EVENT_NOTIFICATION)
    data: list[dict[str, Any]] = []
    yield data
    await until(lambda: len(events) >= count)
    await hass.async_block_till_done()
    data += [event.data for event in events]
    assert len(data) == count
