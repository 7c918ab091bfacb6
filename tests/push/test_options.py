"""What options say about notifications."""

from ipaddress import ip_network

import pytest

from custom_components.cosem.dlms import TransportProtocol
from custom_components.cosem.push.options import (
    MAX_SOURCES,
    address_of,
    is_address,
    odd_source,
    port_of,
    sources_of,
    transports_of,
)


@pytest.mark.parametrize(
    ("chosen", "transports"),
    [
        ({}, ()),
        ({"notifications": "off"}, ()),
        ({"notifications": "udp"}, (TransportProtocol.UDP,)),
        ({"notifications": "tcp"}, (TransportProtocol.TCP,)),
        ({"notifications": "both"}, (TransportProtocol.TCP, TransportProtocol.UDP)),
    ],
)
def test_over_what_an_entry_listens(chosen, transports):
    assert transports_of(chosen) == transports


def test_where_an_entry_listens():
    assert (address_of({}), port_of({})) == (None, 4059)
    assert (address_of({"listen_address": "::"}), port_of({"listen_port": 5000})) == ("::", 5000)


def test_the_meter_is_expected_at_its_host_unless_somebody_said_otherwise():
    assert sources_of({}, ["192.0.2.7", "fe80::7%eth0", "meter.home.arpa"]) == (
        ip_network("192.0.2.7"),
        ip_network("fe80::7"),
    )
    typed = {"notification_sources": ["10.0.0.5/8", "2001:db8::7"]}
    assert sources_of(typed, ["192.0.2.7"]) == (ip_network("10.0.0.0/8"), ip_network("2001:db8::7"))


def test_what_may_be_typed():
    assert [is_address(text) for text in ("0.0.0.0", "::", "192.0.2.7", "meter", "192.0.2.0/24", "")] == [
        *(True, True, True),
        *(False, False, False),
    ]
    assert odd_source([]) is None
    assert odd_source(["192.0.2.7", "2001:db8::/32"]) is None
    assert odd_source(["192.0.2.7", "meter"]) == "meter"
    many = [f"192.0.2.{number}" for number in range(MAX_SOURCES + 1)]
    assert odd_source(many[:-1]) is None
    assert odd_source(many) == f"192.0.2.{MAX_SOURCES}"
