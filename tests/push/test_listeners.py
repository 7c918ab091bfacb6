"""One listener for each transport, address and port: there as long as an entry wants it."""

from ipaddress import ip_network

from homeassistant.core import HomeAssistant
import pytest
import pytest_socket

from custom_components.cosem.dlms import ListenerUnavailable, TransportProtocol
from custom_components.cosem.dlms.client.client import DlmsClient
from custom_components.cosem.push.listeners import Listeners, Place, listeners_of, own_router
from custom_components.cosem.push.routing import ReadNotification, Receiver
from tests.dlms.protocol.test_notification_senders import keys
from tests.dlms.security.test_notification_keys import general_glo
from tests.push.senders import LOOPBACK, event_code, free_port, say, wpdu
from tests.still_loop import until


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    pytest_socket.socket_allow_hosts([LOOPBACK], allow_unix_socket=True)


def receiver(taken: list[ReadNotification], server_wport: int) -> Receiver:
    return Receiver(server_wport=server_wport, take=taken.append, sources=(ip_network(LOOPBACK),))


async def test_entries_share_a_listener_that_goes_with_the_last():
    listeners, place = Listeners(), Place(TransportProtocol.UDP, LOOPBACK, free_port())
    first: list[ReadNotification] = []
    second: list[ReadNotification] = []
    one, other = receiver(first, 1), receiver(second, 2)
    await listeners.async_join(place, one)
    await listeners.async_join(place, other)
    say(place.port, wpdu(event_code(1), 1), wpdu(event_code(2), 2), wpdu(event_code(3), 3))
    await until(lambda: listeners.counters_of(place) == {"nobody's": 1})
    assert (len(first), len(second)) == (1, 1)
    await listeners.async_leave(place, one)
    say(place.port, wpdu(event_code(4), 1), wpdu(event_code(5), 2))
    await until(lambda: len(second) == 2)
    assert len(first) == 1
    await listeners.async_leave(place, other)
    assert listeners.counters_of(place) == {}
    await listeners.async_join(place, one)  # the port is free again
    await listeners.async_leave(place, one)


async def test_who_forges_the_address_of_a_meter_does_not_hide_what_it_says_first():
    """After a restart nothing was proved here yet; five wrong tags make an address unheard, but not its meter."""
    listeners, place = Listeners(), Place(TransportProtocol.UDP, LOOPBACK, free_port())
    taken: list[ReadNotification] = []
    mine = Receiver(server_wport=1, take=taken.append, sources=(ip_network(LOOPBACK),), has_keys=True, keys=keys())
    await listeners.async_join(place, mine)
    forged = bytearray(general_glo(1))
    forged[-1] ^= 1
    say(place.port, *[wpdu(bytes(forged))] * 6, wpdu(general_glo(5)))
    await until(lambda: taken)
    assert [each.heard.authenticated for each in taken] == [True]
    await listeners.async_leave(place, mine)


async def test_f58_a_port_that_is_taken_is_nobodys():
    listeners, place = Listeners(), Place(TransportProtocol.UDP, LOOPBACK, free_port())
    mine = receiver([], 1)
    await listeners.async_join(place, mine)
    with pytest.raises(ListenerUnavailable):
        await Listeners().async_join(place, receiver([], 1))
    await listeners.async_leave(place, mine)


async def test_there_is_one_of_all(hass: HomeAssistant):
    first = listeners_of(hass)
    assert listeners_of(hass) is first


async def test_entries_of_one_client_share_what_comes_on_its_connections(hass: HomeAssistant):
    client, other = DlmsClient(LOOPBACK, 4059), DlmsClient(LOOPBACK, 4060)
    router = own_router(hass, client, TransportProtocol.TCP)
    assert own_router(hass, client, TransportProtocol.TCP) is router
    assert own_router(hass, other, TransportProtocol.TCP) is not router
