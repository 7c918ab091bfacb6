"""The address that faces a meter."""

from unittest.mock import patch

import pytest
import pytest_socket

from custom_components.cosem.dlms.client.own_address import own_address_towards
from custom_components.cosem.dlms.errors import ListenerUnavailable


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_s26_our_address_is_the_one_that_faces_the_meter(host: str):
    pytest_socket.socket_allow_hosts([host], allow_unix_socket=True)
    assert await own_address_towards(host, 4059) == host


async def test_a_meter_that_cannot_be_reached_faces_none_of_ours():
    with (
        patch("asyncio.BaseEventLoop.create_datagram_endpoint", side_effect=OSError(101, "network is unreachable")),
        pytest.raises(ListenerUnavailable) as caught,
    ):
        await own_address_towards("192.0.2.7", 4059)
    assert (caught.value.address, caught.value.port, caught.value.in_use) == ("", 4059, False)
