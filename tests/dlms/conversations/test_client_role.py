"""Our client in every recorded conversation, against the octets of the recorded server."""

import pytest

from custom_components.cosem.dlms.apdu import decode_apdu
from custom_components.cosem.dlms.describe import describe
from custom_components.cosem.dlms.protocol.connection import Connection
from custom_components.cosem.dlms.protocol.events import NotificationReceived, Released
from custom_components.cosem.dlms.protocol.leniencies import Leniency
from tests.dlms.scripted import events_of

from .client_role import ClientRole
from .exchange import Exchange, exchanges

WITH_ASSOCIATION = [exchange for exchange in exchanges() if exchange.association is not None]


def test_all_are_played():
    assert len(WITH_ASSOCIATION) == 119


@pytest.mark.parametrize("exchange", WITH_ASSOCIATION, ids=lambda exchange: exchange.name)
def test_our_client_gets_the_results_that_the_recorded_one_got(exchange: Exchange):
    role = ClientRole(exchange)
    role.play()
    assert role.results == [operation["result"] for operation in exchange.operations]
    assert role.notifications == exchange.expect.get("notifications", [])
    # The recorded client sends a block more than ours, so that one demand for more is left over.
    left_over = "first datablock" in exchange.name or "first pblock" in exchange.name
    assert role.connection.counters.stray_apdus == left_over


def is_cut_otherwise(exchange: Exchange) -> bool:
    """Whether the recorded client leaves room in its blocks that ours uses, or sends a date-time, as ours does not."""
    names = (
        "with date-time",
        "SET with list and first datablock",
        "ACTION with list and first pblock",
        "SN: write in blocks",
    )
    return any(name in exchange.name for name in names)


LENIENCIES = {
    "general-ciphering identified": {Leniency.GLOBAL_INITIATE_RESPONSE},
    "general-ciphering wrapped": {Leniency.GLOBAL_INITIATE_RESPONSE, Leniency.IDENTIFIED_KEY_IN_ANSWERS},
    "under general-ciphering": {Leniency.GLOBAL_INITIATE_RESPONSE},
    "general-ciphering agreed": {Leniency.GLOBAL_INITIATE_RESPONSE, Leniency.IDENTIFIED_KEY_IN_ANSWERS},
    "ACTION response in blocks": {Leniency.ACTION_BLOCKS_WITHOUT_RESULT},
    "SN: read in blocks": {Leniency.READ_BLOCKS_WITHOUT_COUNT},
    "general-signing": {Leniency.GLOBAL_INITIATE_RESPONSE},
}


@pytest.mark.parametrize("exchange", WITH_ASSOCIATION, ids=lambda exchange: exchange.name)
def test_what_is_tolerated_has_its_name(exchange: Exchange):
    role = ClientRole(exchange)
    role.play()
    expected = next((LENIENCIES[name] for name in LENIENCIES if name in exchange.name), set())
    assert role.leniencies - {Leniency.PROTOCOL_VERSION_PRESENT, Leniency.RESERVED_SERVICES} == expected


@pytest.mark.parametrize("exchange", WITH_ASSOCIATION, ids=lambda exchange: exchange.name)
def test_our_client_asks_with_the_octets_of_the_recorded_one(exchange: Exchange):
    role = ClientRole(exchange)
    role.play()
    recorded = [sent.plain for sent in exchange.of("client") if sent.plain is not None]
    if is_cut_otherwise(exchange):
        recorded = [octets[:5] for octets in recorded]
        role.requests = [octets[:5] for octets in role.requests]
    assert len(role.requests) == len(exchange.operations)
    assert [request for request in role.requests if request not in recorded] == []


PUSHES = [exchange for exchange in exchanges() if exchange.association is None]
PLAIN_PUSHES = [exchange for exchange in PUSHES if not exchange.keys]


def test_pushes_that_wait_for_a_listener_with_keys_are_counted():
    assert (len(PUSHES), len(PLAIN_PUSHES)) == (5, 2)


@pytest.mark.parametrize("exchange", PLAIN_PUSHES, ids=lambda exchange: exchange.name)
def test_a_push_in_blocks_is_taken_on_any_connection_and_never_answered(exchange: Exchange):
    connection = Connection()
    connection.open()
    for sent in exchange.wpdus:
        connection.receive_data(sent.wpdu)
        assert connection.data_to_send() == b""
    events = [event for event in events_of(connection) if isinstance(event, NotificationReceived)]
    said = [describe(decode_apdu(event.plain_apdu), show_secrets=True) for event in events]
    assert said == exchange.expect["notifications"]


def test_releases_are_understood():
    released = [
        exchange for exchange in WITH_ASSOCIATION if any(sent.decoded.apdu[0] == 0x63 for sent in exchange.of("server"))
    ]
    assert len(released) >= 50
    for exchange in released:
        role = ClientRole(exchange)
        role.play()
        assert any(isinstance(event, Released) for event in role.events), exchange.name
