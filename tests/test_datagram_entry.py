"""An entry over UDP: set up by the form, polled through a network that loses datagrams, changed from and to TCP."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.util import dt as dt_util
import pytest
import pytest_socket

from custom_components.cosem.const import DOMAIN
from custom_components.cosem.dlms import TransportProtocol
from custom_components.cosem.meter.clients import client_in_use
from tests.conftest import HOST, poll, set_up, state_of
from tests.faults.truth import Bench, EntryMaker
from tests.flow_tools import submit
from tests.simulated_meter import datagrams
from tests.simulated_meter.datagrams import DatagramLink
from tests.simulated_meter.link import Direction, Manipulator
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import MeterProfile, Referencing
from tests.simulated_meter.server import MeterServer
from tests.test_config_flow import connection

ENERGY = "3_1.0.1.8.0.255_2"


def transports_used(meter: SimulatedMeter) -> set[bool]:
    """Whether each connection since the start was of datagrams."""
    return {isinstance(link, DatagramLink) for link in meter.links}


async def test_udp_is_chosen_in_the_advanced_section(hass: HomeAssistant, network: None, meter: SimulatedMeter):
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    result = await submit(hass, result, **connection(), advanced={"transport": "udp", "response_timeout": 10})
    result = await submit(hass, result, password="simulated")
    assert result["step_id"] == "objects"
    result = await submit(hass, result, objects=["3:1.0.1.8.0.255"], time_policy="standard")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"]["transport"] == "udp"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert result["result"].state is ConfigEntryState.LOADED
    assert transports_used(meter) == {True}
    assert meter.state.associations == 0


@pytest.mark.parametrize("stay_connected", [False, True])
async def test_polls_are_fresh_though_datagrams_get_lost(
    hass: HomeAssistant,
    network: None,
    meter: SimulatedMeter,
    make_entry: EntryMaker,
    freezer: FrozenDateTimeFactory,
    stay_connected: bool,
):
    entry = await set_up(hass, make_entry(transport="udp", stay_connected=stay_connected))
    assert entry.state is ConfigEntryState.LOADED
    for _ in range(3):
        meter.faults.add("lose-answer", on="get", times=2)
        await poll(hass, freezer)
        assert state_of(hass, entry, ENERGY) != STATE_UNAVAILABLE
    meter.manipulator = lambda: datagrams.double(Direction.TO_CLIENT)
    await poll(hass, freezer)
    assert state_of(hass, entry, ENERGY) != STATE_UNAVAILABLE
    meter.faults.add("silent")
    await poll(hass, freezer)
    assert state_of(hass, entry, ENERGY) == STATE_UNAVAILABLE
    meter.faults.clear()
    await poll(hass, freezer, 600)
    assert state_of(hass, entry, ENERGY) != STATE_UNAVAILABLE
    await hass.config_entries.async_unload(entry.entry_id)
    assert meter.open_links == 0


@pytest.fixture
def meter(request: pytest.FixtureRequest) -> SimulatedMeter:
    """A household meter, with the quirks that a test asks for."""
    return SimulatedMeter(MeterProfile().with_quirks(**getattr(request, "param", {})), dt_util.utcnow)


def late_copies(way: Direction) -> Manipulator:
    """Deliver everything twice, 0.4 s apart, but an AARQ, which would begin anew."""
    return lambda direction, octets: datagrams.double(way, 0.4)(direction, octets)[: 1 if octets[8] == 0x60 else 3]


@pytest.mark.parametrize("way", list(Direction))
@pytest.mark.parametrize(
    "meter",
    [{"referencing": each, "with_list": lists} for each in Referencing for lists in (False, True)],
    ids=str,
    indirect=True,
)
async def test_f20_no_state_is_another_attributes_value_though_the_network_doubles(
    hass: HomeAssistant,
    network: None,
    meter: SimulatedMeter,
    make_entry: EntryMaker,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    way: Direction,
):
    """The first question of a poll is refused with what has no number: once, for its list or for the attribute."""
    bench = Bench(hass, meter, freezer, caplog, "udp")
    registers = ["3:1.0.1.8.0.255", "3:1.0.1.7.0.255", "3:1.0.32.7.0.255"]
    entry = await set_up(hass, make_entry(transport="udp", objects=registers))
    meter.manipulator = lambda: late_copies(way)
    for _ in range(3):
        meter.faults.add("busy", on="get", times=1)
        await bench.poll(300)
    meter.faults.clear()
    await bench.poll(300)
    assert bench.state(entry, ENERGY) != STATE_UNAVAILABLE
    bench.check_truth(entry)
    await hass.config_entries.async_unload(entry.entry_id)
    bench.check_nothing_left()


async def test_f24_a_closed_port_is_an_outage_that_ends(
    hass: HomeAssistant, network: None, meter: SimulatedMeter, make_entry: EntryMaker, freezer: FrozenDateTimeFactory
):
    entry = await set_up(hass, make_entry(transport="udp"))
    meter.faults.add("refuse", times=1)
    await poll(hass, freezer)
    assert state_of(hass, entry, ENERGY) == STATE_UNAVAILABLE
    await poll(hass, freezer, 300)
    assert state_of(hass, entry, ENERGY) != STATE_UNAVAILABLE


async def test_the_transport_of_an_entry_can_be_changed(
    hass: HomeAssistant, network: None, meter: SimulatedMeter, make_entry: EntryMaker
):
    entry = await set_up(hass, make_entry())
    assert transports_used(meter) == {False}
    for transport, stored in (("udp", "udp"), ("tcp", None)):
        meter.links.clear()
        result = await entry.start_reconfigure_flow(hass)
        result = await submit(hass, result, **connection(), advanced={"transport": transport})
        result = await submit(hass, result)
        assert result["reason"] == "reconfigure_successful"
        await hass.async_block_till_done(wait_background_tasks=True)
        assert entry.data.get("transport") == stored
        assert entry.state is ConfigEntryState.LOADED
        assert transports_used(meter) == {transport == "udp"}


async def test_the_same_association_over_another_transport_is_the_same_meter(
    hass: HomeAssistant, network: None, make_entry: EntryMaker
):
    await set_up(hass, make_entry())
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    result = await submit(hass, result, **connection(), advanced={"transport": "udp", "response_timeout": 10})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")


async def test_entries_over_both_transports_have_a_channel_each(
    hass: HomeAssistant, network: None, make_entry: EntryMaker
):
    await set_up(hass, make_entry())
    await set_up(hass, make_entry(transport="udp", server_wport=16, objects=["3:7.0.3.0.0.255"]))
    clients = [client_in_use(hass, HOST, 4059, transport) for transport in TransportProtocol]
    assert None not in clients
    assert clients[0] is not clients[1]


async def test_an_entry_over_a_real_socket(
    hass: HomeAssistant, socket_enabled: None, make_entry: EntryMaker, meter: SimulatedMeter
):
    pytest_socket.socket_allow_hosts(["127.0.0.1"])
    async with MeterServer(meter, "127.0.0.1", 0) as server:
        entry = await set_up(hass, make_entry(host="127.0.0.1", port=server.port, transport="udp"))
        assert entry.state is ConfigEntryState.LOADED
        assert state_of(hass, entry, ENERGY) != STATE_UNAVAILABLE
        assert [request.kind for request in meter.log][-1] == "rlrq"
        await hass.config_entries.async_unload(entry.entry_id)
