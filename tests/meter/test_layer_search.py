"""The search for the failing layer: Home Assistant's queues and counters around the stack's doctor."""

import asyncio
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest

from custom_components.cosem.dlms import (
    AssociationParameters,
    DeviceInUse,
    InvocationCounterNotStored,
    Layer,
    LayerFinding,
    LayerVerdict,
    LogicalName,
    Mechanism,
    Patient,
    Referencing,
    Secret,
    SecuritySettings,
    Timing,
    TransportProtocol,
)
from custom_components.cosem.meter import layer_search
from custom_components.cosem.meter.clients import async_addresses, async_open_client, client_in_use, trace_by
from custom_components.cosem.meter.counter_store import async_security_state
from custom_components.cosem.meter.layer_search import SearchRequest, async_search, nothing_known, without_login
from tests.conftest import HOST
from tests.forms.help_devices import Device
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import DEFAULT_PASSWORD, load_profile
from tests.still_loop import until

pytestmark = pytest.mark.usefixtures("network")

READER = AssociationParameters(client_wport=2, mechanism=Mechanism.LLS, password=Secret.from_text(DEFAULT_PASSWORD))
KEYS = AssociationParameters(
    client_wport=1,
    mechanism=Mechanism.HLS_GMAC,
    security=SecuritySettings(
        client_system_title=b"HAS\0\0\0\0\1",
        global_unicast_encryption_key=Secret(bytes(range(16))),
        authentication_key=Secret(bytes(range(16, 32))),
    ),
)


def request(parameters: AssociationParameters = READER, **changes: Any) -> SearchRequest:
    """What is looked at."""
    usual = SearchRequest(
        host=HOST,
        port=4059,
        transport=TransportProtocol.TCP,
        parameters=parameters,
        timing=Timing(reconnect_gap=0),
    )
    return replace(usual, **changes)


async def test_a_meter_that_works(hass: HomeAssistant, meter: SimulatedMeter):
    shares: list[float] = []
    result = await async_search(hass, request(on_layer=shares.append))
    assert {finding.verdict for finding in result.findings} == {LayerVerdict.OK}
    assert result.seconds == 0
    assert result[Layer.NAME].detail == HOST
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert meter.open_links == 0
    assert client_in_use(hass, HOST, 4059) is None


async def test_datagrams(hass: HomeAssistant):
    result = await async_search(hass, request(transport=TransportProtocol.UDP))
    assert {finding.verdict for finding in result.findings} == {LayerVerdict.OK}


async def test_without_a_login_no_secret_is_there():
    bare = without_login(READER.pair, Referencing.SHORT_NAME)
    assert (bare.client_wport, bare.server_wport, bare.referencing) == (2, 1, Referencing.SHORT_NAME)
    assert (bare.mechanism, bare.password, bare.security) == (Mechanism.NONE, None, None)
    assert without_login(KEYS.pair, KEYS.referencing).security is None


async def test_one_deadline_for_all_that_is_known_until_then(hass: HomeAssistant, meters: Any, meter: SimulatedMeter):
    async def diagnose(patient: Patient) -> list[LayerFinding]:
        patient.on_finding(LayerFinding(Layer.NAME, LayerVerdict.OK, HOST))
        return await asyncio.Future()

    with patch.object(layer_search, "diagnose", diagnose):
        result = await async_search(hass, request())
    assert result.seconds == 120
    assert [finding.verdict.value for finding in result.findings] == ["ok"] + ["not tried"] * 6


async def test_a_deadline_inside_is_a_bug(hass: HomeAssistant):
    async def diagnose(_patient: Patient) -> list[LayerFinding]:
        raise TimeoutError

    with patch.object(layer_search, "diagnose", diagnose), pytest.raises(TimeoutError):
        await async_search(hass, request())


@pytest.mark.parametrize("here", [True, False])
async def test_it_waits_for_what_other_entries_do_at_the_device(hass: HomeAssistant, meter: SimulatedMeter, here: bool):
    async with async_open_client(hass, HOST, 4059 if here else 4060) as client:
        begun = client.reserve()
        await begun.__aenter__()
        search = asyncio.create_task(async_search(hass, request(read_by=None if here else client)))
        await asyncio.sleep(1)
        assert meter.connections == 0
        await begun.__aexit__(None, None, None)
        assert (await search)[Layer.OBJECT_LIST].verdict is LayerVerdict.OK


async def test_a_device_that_stays_in_use_is_said(hass: HomeAssistant, meter: SimulatedMeter):
    async with async_open_client(hass, HOST, 4059) as client, client.reserve():
        result = await async_search(hass, request())
    assert isinstance(result[Layer.PORT].error, DeviceInUse)
    assert result[Layer.PORT].error.seconds == 30
    assert meter.connections == 0


async def test_what_is_silent_gets_no_other_protocol(hass: HomeAssistant, meters: Any):
    meters[HOST] = device = Device()
    result = await async_search(hass, request())
    assert result[Layer.FRAMING].verdict is LayerVerdict.FAILED
    assert {octets[:2] for octets in device.got} == {b"\0\1"}
    assert device.connections == 2


async def test_counters_that_cannot_be_stored_keep_the_login_out(hass: HomeAssistant, meter: SimulatedMeter):
    with patch.object(layer_search, "async_security_state", side_effect=InvocationCounterNotStored("no room")):
        result = await async_search(hass, request(KEYS))
    assert isinstance(result[Layer.AUTHENTICATION].error, InvocationCounterNotStored)
    assert result[Layer.FRAMING].verdict is LayerVerdict.OK
    assert not any(b"HAS" in asked.apdu for asked in meter.log)


async def test_a_counter_is_used_once_and_begins_where_the_user_says(hass: HomeAssistant, meters: Any):
    meters[HOST] = SimulatedMeter(load_profile("secured", {}), dt_util.utcnow)
    state = await async_security_state(hass, KEYS)
    assert state is not None
    asked: list[Any] = []

    async def diagnose(patient: Patient) -> list[LayerFinding]:
        asked.append((patient.state, patient.ask))
        return list(nothing_known().findings)

    with patch.object(layer_search, "diagnose", diagnose):
        await async_search(hass, request(KEYS))
        assert state.next_value == 1
        name = LogicalName.parse("0.0.43.1.7.255")
        await async_search(hass, request(KEYS, counter_start=700, counter_logical_name=name))
        await async_search(hass, request())
    assert state.next_value == 700
    assert asked == [(state, LogicalName.parse("0.0.43.1.0.255")), (state, name), (None, None)]


async def test_it_can_be_stopped(hass: HomeAssistant, meters: Any):
    meters[HOST] = device = Device()
    search = asyncio.create_task(async_search(hass, request()))
    await until(lambda: bool(device.got))
    search.cancel()
    with pytest.raises(asyncio.CancelledError):
        await search
    assert client_in_use(hass, HOST, 4059) is None


async def test_what_is_said_is_in_the_trace_of_the_address(hass: HomeAssistant):
    async with async_open_client(hass, HOST, 4059) as client:
        trace = trace_by(hass, client)
        await async_search(hass, request())
        assert len(trace.last_apdus(())) > 4


async def test_addresses_of_a_host():
    assert await async_addresses("127.0.0.1", 4059) == ["127.0.0.1"]
