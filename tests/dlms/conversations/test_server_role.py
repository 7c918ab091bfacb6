"""The simulated meter in every recorded conversation, against the octets of the recorded client."""

import pytest

from .exchange import Exchange, exchanges
from .recorded_meter import rows_of
from .server_role import play_as_server

EXCHANGES = exchanges()
WITH_ASSOCIATION = [exchange for exchange in EXCHANGES if exchange.association is not None]


LEFT_OVER = {
    "client P, server P: SET with list and first datablock": 1,
    "client P, server P: ACTION with list and first pblock": 1,
}
"""The recorded client cuts into a block more than ours, so that many demands for the next one are left over."""


def test_all_are_played():
    assert len(WITH_ASSOCIATION) == 119


def expected(exchange: Exchange) -> list[object]:
    """The recorded results; one server counts the last entry from the first one on."""
    results = [operation["result"] for operation in exchange.operations]
    if exchange.name == "client P, server Gurux Java: profile by entry, rows 3 to 5":
        rows = results[0]["data"]["value"]
        return [{"data": {"type": "array", "value": rows[:3]}}]
    return results


@pytest.mark.parametrize("exchange", WITH_ASSOCIATION, ids=lambda exchange: exchange.name)
def test_the_meter_answers_the_recorded_client_as_its_server_did(exchange: Exchange):
    left_over = LEFT_OVER.get(exchange.name, 0)
    role = play_as_server(exchange, rows_of(exchange, EXCHANGES), left_over)
    assert role.client.results == expected(exchange)
    assert role.client.connection.counters.stray_apdus == left_over
    assert not role.ended
