"""Where a meter has to send, so that its entry hears it."""

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cosem.const import DOMAIN
from custom_components.cosem.dlms import TransportProtocol
from custom_components.cosem.push.own_destination import async_listen_address, async_own_address, listened_ports

TCP, UDP = TransportProtocol.TCP, TransportProtocol.UDP
FACING = "192.168.1.5"
READ: dict[str, Any] = {"host": "192.0.2.7", "port": 4059}
CALLING: dict[str, Any] = {"host": "SIM1030012345678", "port": 4061, "transport": "call"}


@pytest.fixture
def asked() -> Iterator[list[tuple[str, int]]]:
    """Towards what our address was asked for."""
    found: list[tuple[str, int]] = []

    async def own_address(host: str, port: int) -> str:
        found.append((host, port))
        return FACING

    with (
        patch("custom_components.cosem.push.own_destination.own_address_towards", own_address),
        patch("custom_components.cosem.push.calls.own_address_towards", own_address),
    ):
        yield found


def entry_of(data: dict[str, Any], **options: Any) -> MockConfigEntry:
    return MockConfigEntry(domain=DOMAIN, data=data, options=options)


@pytest.mark.parametrize(
    ("data", "options", "ports"),
    [
        (READ, {}, {}),
        (READ, {"notifications": "off", "listen_port": 4060}, {}),
        (READ, {"notifications": "udp"}, {UDP: 4059}),
        (READ, {"notifications": "both", "listen_port": 4060}, {TCP: 4060, UDP: 4060}),
        (CALLING, {}, {TCP: 4061}),
        (CALLING, {"notifications": "udp", "listen_port": 4060}, {UDP: 4060, TCP: 4061}),
        (CALLING, {"notifications": "tcp", "listen_port": 4060}, {TCP: 4060}),
    ],
)
def test_an_entry_hears_what_comes_to_its_listeners_and_with_calls(
    data: dict[str, Any], options: dict[str, Any], ports: dict[TransportProtocol, int]
):
    assert listened_ports(entry_of(data, **options)) == ports


@pytest.mark.parametrize(
    ("data", "options", "listens", "own", "towards"),
    [
        (READ, {"listen_address": "10.0.0.2"}, "10.0.0.2", "10.0.0.2", []),
        (READ, {}, FACING, FACING, [("192.0.2.7", 4059)] * 2),
        (READ, {"listen_address": "0.0.0.0"}, "0.0.0.0", FACING, [("192.0.2.7", 4059)]),
        (READ, {"listen_address": "::"}, "::", FACING, [("192.0.2.7", 4059)]),
        (READ, {"listen_address": "fe80::1%eth0"}, "fe80::1%eth0", "fe80::1%eth0", []),
        (CALLING, {}, FACING, FACING, [("192.0.2.1", 4061)] * 2),
        ({**CALLING, "call_sources": ["10.8.0.0/16"]}, {}, FACING, FACING, [("10.8.0.0", 4061)] * 2),
        ({**CALLING, "listen_address": "0.0.0.0"}, {}, "0.0.0.0", FACING, [("192.0.2.1", 4061)]),
        ({**CALLING, "listen_address": "10.0.0.3"}, {}, "10.0.0.3", "10.0.0.3", []),
    ],
)
async def test_s26_our_address_is_what_was_typed_or_faces_the_meter(
    asked: list[tuple[str, int]],
    data: dict[str, Any],
    options: dict[str, Any],
    listens: str,
    own: str,
    towards: list[tuple[str, int]],
):
    entry = entry_of(data, **options)
    assert await async_listen_address(entry) == listens
    assert await async_own_address(entry) == own
    assert asked == towards
