"""One client for each physical device, whoever asks; deadlines."""

import logging
from unittest.mock import AsyncMock, patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
import pytest

from custom_components.cosem.dlms import AssociationParameters, Timing, TransportProtocol
from custom_components.cosem.meter.clients import (
    async_open_client,
    async_release_client,
    client_in_use,
    forget_client,
    get_client,
    timing,
    timing_of,
    trace_of,
)
from tests.conftest import HOST, poll, set_up, state_of
from tests.faults.truth import EntryMaker
from tests.simulated_meter.datagrams import DatagramLink
from tests.simulated_meter.meter import SimulatedMeter

PARAMETERS = AssociationParameters(client_wport=16, server_wport=1)


async def test_same_address_gets_the_same_client_however_it_is_written(hass: HomeAssistant):
    first = get_client(hass, "Meter.local", 4059)
    assert get_client(hass, " meter.local", 4059) is first
    assert get_client(hass, "meter.local", 4060) is not first


async def test_last_user_closes(hass: HomeAssistant):
    client = get_client(hass, HOST, 4059)
    get_client(hass, HOST, 4059)
    with patch.object(client, "close", AsyncMock()) as close:
        await async_release_client(hass, client)
        close.assert_not_called()
        await async_release_client(hass, client)
        close.assert_awaited_once()


async def test_client_without_users_is_kept_because_it_knows_the_meter(hass: HomeAssistant):
    client = get_client(hass, HOST, 4059)
    await async_release_client(hass, client)
    assert get_client(hass, HOST, 4059) is client


async def test_what_was_typed_once_is_not_kept_for_ever(hass: HomeAssistant):
    """A client holds what a meter said; the last few are kept for the next step of a form."""
    hosts = [f"meter{number}.local" for number in range(12)]
    first = get_client(hass, hosts[0], 4059)
    await async_release_client(hass, first)
    in_use = get_client(hass, hosts[1], 4059)
    for host in hosts[2:]:
        async with async_open_client(hass, host, 4059):
            pass
    kept = [host for host in hosts if trace_of(hass, {"host": host, "port": 4059})]
    assert kept == [hosts[1], *hosts[-4:]]
    assert get_client(hass, hosts[1], 4059) is in_use
    assert get_client(hass, hosts[0], 4059) is not first


async def test_the_one_that_is_used_again_is_the_last_to_go(hass: HomeAssistant):
    first = get_client(hass, "first.local", 4059)
    await async_release_client(hass, first)
    for number in range(10):
        async with async_open_client(hass, f"meter{number}.local", 4059):
            pass
        async with async_open_client(hass, "first.local", 4059) as client:
            assert client is first


async def test_each_client_has_its_own_number_in_the_log(hass: HomeAssistant, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    for number in range(8):
        async with async_open_client(hass, f"meter{number}.local", 4059) as client:
            client.observer.note("connecting")
    assert [record.getMessage() for record in caplog.records if record.getMessage().endswith(": connecting")] == [
        f"meter {number}: connecting" for number in range(1, 9)
    ]


async def test_an_entrys_client_stays_as_long_as_the_entry(
    hass: HomeAssistant, network: None, meter: SimulatedMeter, make_entry: EntryMaker
):
    """Unloaded, reloaded, beside forms that try other addresses; removed, nothing of it is left."""
    entry = await set_up(hass, make_entry())
    client = client_in_use(hass, HOST, 4059)
    assert client is not None
    await hass.config_entries.async_unload(entry.entry_id)
    for number in range(10):
        async with async_open_client(hass, f"meter{number}.local", 4059):
            pass
    assert trace_of(hass, entry.data) is client.observer
    await hass.config_entries.async_setup(entry.entry_id)
    assert client_in_use(hass, HOST, 4059) is client
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    assert trace_of(hass, entry.data) is None
    assert meter.open_links == 0


async def test_the_client_of_two_entries_stays_for_the_one_that_is_left(
    hass: HomeAssistant, network: None, make_entry: EntryMaker
):
    first = await set_up(hass, make_entry())
    second = await set_up(hass, make_entry(server_wport=16, objects=["3:7.0.3.0.0.255"]))
    client = client_in_use(hass, HOST, 4059)
    await hass.config_entries.async_remove(first.entry_id)
    assert client_in_use(hass, HOST, 4059) is client
    await hass.config_entries.async_unload(second.entry_id)
    assert trace_of(hass, second.data) is not None


async def test_a_form_that_looks_at_a_removed_meter_keeps_its_client_until_it_is_done(hass: HomeAssistant):
    data = {"host": HOST, "port": 4059}
    forget_client(hass, data)  # of an address that was never reached
    async with async_open_client(hass, HOST, 4059) as client:
        forget_client(hass, data)
        assert client_in_use(hass, HOST, 4059) is client
    assert trace_of(hass, data) is None


async def test_lent_client_connects_and_leaves_nothing_open(hass: HomeAssistant, network: None, meter: SimulatedMeter):
    async with async_open_client(hass, HOST, 4059) as client, client.associate(PARAMETERS) as association:
        assert association.is_open
        assert meter.open_links == 1
    assert meter.open_links == 0
    assert client_in_use(hass, HOST, 4059) is None


async def test_client_is_in_use_while_somebody_uses_it(hass: HomeAssistant):
    assert client_in_use(hass, HOST, 4059) is None
    client = get_client(hass, HOST, 4059)
    assert client_in_use(hass, f" {HOST}", 4059) is client
    assert client_in_use(hass, HOST, 4060) is None
    await async_release_client(hass, client)
    assert client_in_use(hass, HOST, 4059) is None


async def test_only_the_client_that_is_given_back_has_one_user_less(hass: HomeAssistant):
    first, second = get_client(hass, HOST, 4059), get_client(hass, HOST, 4060)
    await async_release_client(hass, second)
    assert client_in_use(hass, HOST, 4059) is first
    assert client_in_use(hass, HOST, 4060) is None
    await async_release_client(hass, first)


def test_deadlines_grow_with_the_response_timeout():
    assert timing(10) == Timing()
    patient = timing_of({"response_timeout": 121})
    assert (patient.response, patient.block, patient.transfer) == (121, 121, 121)
    assert timing_of({}).response == 10


async def test_each_transport_has_a_client_of_its_own(hass: HomeAssistant):
    over_tcp = get_client(hass, HOST, 4059)
    over_udp = get_client(hass, HOST, 4059, TransportProtocol.UDP)
    assert over_tcp is get_client(hass, HOST, 4059, TransportProtocol.TCP)
    assert over_udp is not over_tcp
    assert client_in_use(hass, HOST, 4059, TransportProtocol.UDP) is over_udp


async def test_over_udp_the_same_meter_answers(hass: HomeAssistant, network: None, meter: SimulatedMeter):
    async with async_open_client(hass, HOST, 4059, TransportProtocol.UDP) as client:
        async with client.associate(PARAMETERS) as association:
            assert association.is_open
        assert isinstance(meter.links[-1], DatagramLink)


def test_the_pause_between_connections_is_the_entrys():
    assert timing_of({"pause": 30}).reconnect_gap == 30
    assert timing_of({}).reconnect_gap == Timing().reconnect_gap


async def test_entries_of_a_meter_that_serves_one_association_are_served_one_after_the_other(
    hass: HomeAssistant,
    network: None,
    meters: dict[str, SimulatedMeter],
    meter: SimulatedMeter,
    make_entry: EntryMaker,
    freezer: FrozenDateTimeFactory,
):
    """Both want to stay connected. The second one fails once: its password is not sent again by itself."""
    meters[HOST] = meter = SimulatedMeter(meter.profile.with_quirks(one_association=True), meter.clock)
    first = await set_up(hass, make_entry(stay_connected=True))
    second = await set_up(hass, make_entry(stay_connected=True, server_wport=16, objects=["3:7.0.3.0.0.255"]))
    assert second.state is ConfigEntryState.SETUP_RETRY
    await poll(hass, freezer, 90)
    assert second.state is ConfigEntryState.LOADED
    for _ in range(3):
        before = len(meter.log)
        await poll(hass, freezer)
        assert state_of(hass, first, "3_1.0.1.8.0.255_2") != STATE_UNAVAILABLE
        assert state_of(hass, second, "3_7.0.3.0.0.255_2") != STATE_UNAVAILABLE
        asked = [request.kind for request in list(meter.log)[before:]]
        assert asked.count("aarq") <= 2  # nothing is tried in vain
    assert meter.state.associations == 1
    for entry in (first, second):
        await hass.config_entries.async_unload(entry.entry_id)
    assert meter.open_links == 0
