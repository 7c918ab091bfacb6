"""The simulated meter in every recorded conversation, against the octets of the recorded client."""

import pytest

from .exchange import Exchange, exchanges
from .recorded_meter import rows_of
from .server_role import play_as_server

EXCHANGES = exchanges()
WITH_ASSOCIATION = [exchange for exchange in EXCHANGES if exchange.association is not None]


# Both sides cut a long message otherwise than in the recording, so that block numbers of one mean others to the other.
CUT_OTHERWISE = {
    "client P, server P: SET with list and first datablock",
    "client P, server P: ACTION with list and first pblock",
    "client P, server P: GBT both ways, plain, windows 3, response block 2 lost",
    "client P, server P: GBT both ways, plain, windows 3",
}


def waits_for(exchange: Exchange) -> str:
    """What the simulated meter, or this test, does not know yet; empty when it can take part."""
    if any(operation["service"] == "access" for operation in exchange.operations):
        return "ACCESS"
    return "blocks that are cut otherwise" if exchange.name in CUT_OTHERWISE else ""


PLAYED = [exchange for exchange in WITH_ASSOCIATION if not waits_for(exchange)]
WAITING = [exchange for exchange in WITH_ASSOCIATION if waits_for(exchange)]


def test_the_conversations_that_wait_are_counted():
    assert len(PLAYED) == 109
    assert len(WAITING) == 10


def expected(exchange: Exchange) -> list[object]:
    """The recorded results; one server counts the last entry from the first one on."""
    results = [operation["result"] for operation in exchange.operations]
    if exchange.name == "client P, server Gurux Java: profile by entry, rows 3 to 5":
        rows = results[0]["data"]["value"]
        return [{"data": {"type": "array", "value": rows[:3]}}]
    return results


@pytest.mark.parametrize("exchange", PLAYED, ids=lambda exchange: exchange.name)
def test_the_meter_answers_the_recorded_client_as_its_server_did(exchange: Exchange):
    role = play_as_server(exchange, rows_of(exchange, EXCHANGES))
    assert role.client.results == expected(exchange)
    assert role.client.connection.counters.stray_apdus == 0
    assert not role.ended
