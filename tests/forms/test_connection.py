"""Where a meter is: what a form holds becomes facts, facts become what a form shows again."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cosem.dlms import TransportProtocol
from custom_components.cosem.forms.connection import (
    ConnectionFacts,
    as_typed,
    in_the_open,
    read_connection,
    read_host,
    shared_facts,
)
from tests.conftest import HOST
from tests.forms.drafts import KINDS, facts

TYPED = {"host": HOST, "port": 4059, "preset": "generic", "authentication": "none"}


@pytest.mark.parametrize(
    ("typed", "host"),
    [
        (" meter ", "meter"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("fe80::7%eth0", "fe80::7%eth0"),
        ("", None),
        ("[]", None),
        ("me ter", None),
        ("http://meter", None),
        ("meter/x", None),
        ("user@meter", None),
        ("meter:4059", None),
        ("[2001:db8::7]:4059", None),
    ],
)
def test_host_is_a_name_or_an_address(typed: str, host: str | None):
    assert read_host(typed) == host


@pytest.mark.parametrize(
    ("changes", "wports"),
    [
        ({}, (16, 1)),
        ({"authentication": "keys"}, (1, 1)),
        ({"preset": "spodes", "authentication": "keys"}, (32, 1)),
        ({"preset": "gone with another version"}, (16, 1)),
        ({"client_wport": 0, "server_wport": 0}, (0, 0)),
        ({"client_wport": 7}, (7, 1)),
        ({"server_wport": 17}, (16, 17)),
    ],
)
def test_preset_gives_what_is_left_empty(changes: dict[str, Any], wports: tuple[int, int]):
    read = read_connection(TYPED | changes, HOST, None)
    assert (read.client_wport, read.server_wport) == wports
    assert read.credentials == {}


def test_response_timeout_is_typed_or_stays():
    before = facts(response_timeout=33)
    assert read_connection(TYPED, HOST, None).response_timeout == 10
    assert read_connection(TYPED, HOST, before).response_timeout == 33
    assert read_connection(TYPED | {"advanced": {}}, HOST, before).response_timeout == 33
    assert read_connection(TYPED | {"advanced": {"response_timeout": 5}}, HOST, before).response_timeout == 5


def test_referencing_is_chosen_or_stays():
    before = facts(referencing="sn")
    assert read_connection(TYPED, HOST, None).referencing == "auto"
    assert read_connection(TYPED, HOST, before).referencing == "sn"
    assert read_connection(TYPED | {"advanced": {"referencing": "ln"}}, HOST, before).referencing == "ln"
    assert as_typed(before)["advanced"] == {"referencing": "sn"}
    assert "referencing" not in facts().connection_data()
    assert ConnectionFacts.of_entry(MockConfigEntry(data=before.entry_data())) == before
    assert ConnectionFacts.of_entry(MockConfigEntry(data=facts().entry_data())) == facts()


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_shown_again_gives_the_same_facts(kind: str):
    for preset in ("generic", "spodes", "itron_sl7000"):
        for client, server in ((16, 1), (1, 1), (32, 1), (7, 2)):
            known = facts(kind, preset=preset, client_wport=client, server_wport=server)
            assert read_connection(as_typed(known), known.host, known) == known


def test_wport_of_the_preset_is_left_empty():
    assert as_typed(facts(client_wport=16)) == TYPED
    assert as_typed(facts(client_wport=1)) == TYPED | {"client_wport": 1}
    assert as_typed(facts("keys", client_wport=1)) == TYPED | {"authentication": "keys"}
    assert as_typed(facts(client_wport=16, server_wport=2)) == TYPED | {"server_wport": 2}


def test_the_transport_is_what_was_chosen_or_before_that_or_tcp():
    udp = TYPED | {"advanced": {"transport": "udp"}}
    over_udp = read_connection(udp, HOST, None)
    assert over_udp.transport is TransportProtocol.UDP
    assert as_typed(over_udp)["advanced"] == {"transport": "udp"}
    assert read_connection(TYPED, HOST, over_udp).transport is TransportProtocol.UDP
    assert read_connection(TYPED, HOST, None).transport is TransportProtocol.TCP
    tcp = TYPED | {"advanced": {"transport": "tcp"}}
    assert read_connection(tcp, HOST, over_udp).transport is TransportProtocol.TCP


def test_entries_from_before_there_was_udp_use_tcp():
    assert "transport" not in facts().entry_data()
    assert ConnectionFacts.of_entry(MockConfigEntry(data=facts().entry_data())).transport is TransportProtocol.TCP
    data = facts(transport=TransportProtocol.UDP).entry_data()
    assert data["transport"] == "udp"
    assert ConnectionFacts.of_entry(MockConfigEntry(data=data)).transport is TransportProtocol.UDP


def test_data_of_an_entry_and_back():
    known = facts("password", credentials={"password": "cAnArY"}, response_timeout=44)
    entry = MockConfigEntry(data=known.entry_data(), options={"response_timeout": 44})
    assert ConnectionFacts.of_entry(entry) == known
    assert "cAnArY" not in repr(known)
    assert ConnectionFacts.of_entry(MockConfigEntry(data=known.entry_data())).response_timeout == 10
    assert known.connection_data().keys() == known.entry_data().keys() - {"password"}


def test_facts_are_shared_at_the_same_address_only():
    entry = MockConfigEntry(data=facts("password", credentials={"password": "x"}).entry_data())
    shared = shared_facts(entry, HOST, 4059)
    assert shared is not None
    assert shared.credentials == {"password": "x"}
    assert shared_facts(entry, "192.0.2.99", 4059) is None
    assert shared_facts(entry, HOST, 4060) is None
    assert shared_facts(None, HOST, 4059) is None


def test_nothing_is_shared_with_a_public_client():
    assert shared_facts(MockConfigEntry(data=facts().entry_data()), HOST, 4059) is None


def test_the_first_form_has_in_its_section_what_others_show_in_the_open():
    section = {"port": 4060, "preset": "spodes", "client_wport": 2, "authentication": "keys", "transport": "udp"}
    assert in_the_open({"host": HOST, "advanced": section}) == {
        "host": HOST,
        "port": 4060,
        "preset": "spodes",
        "client_wport": 2,
        "authentication": "keys",
        "advanced": {"transport": "udp"},
    }
    assert in_the_open({}) == {"advanced": {}}


def test_an_address_is_host_port_and_transport():
    assert facts().address == facts("keys", client_wport=1, preset="spodes").address
    for other in ({"host": "192.0.2.8"}, {"port": 1}, {"transport": TransportProtocol.UDP}):
        assert facts(**other).address != facts().address
