"""gurux-dlms's client reads the simulated meter: what the meter sends is DLMS for someone else too."""

from datetime import timedelta
import itertools
from typing import Any

from gurux_dlms import GXDateTime
from gurux_dlms.objects import (
    GXDLMSAssociationLogicalName,
    GXDLMSClock,
    GXDLMSData,
    GXDLMSProfileGeneric,
    GXDLMSRegister,
    GXDLMSSapAssignment,
)
import pytest

from custom_components.cosem.dlms.encoding.data import plain
from tests.simulated_meter.profile import DEFAULT_PASSWORD, MeterProfile, load_profile

from .conftest import NOW, InThread, Served
from .gurux_client import GuruxClient

pytestmark = pytest.mark.usefixtures("over_both")

PDU_SIZES = [64, 256, 65_535]


@pytest.fixture(params=["none", "password"])
def credentials(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The two ways to associate: no authentication, and low level security."""
    return {"client": 16} if request.param == "none" else {"client": 2, "password": DEFAULT_PASSWORD}


def meter_profile(pdu_size: int = 1024, **changes: Any) -> MeterProfile:
    profile = load_profile("open", {})
    return MeterProfile(clients=profile.clients, max_pdu_size=pdu_size, history_days=3, **changes)


async def test_reads_registers_with_their_scaler(served: Served, in_thread: InThread, credentials: dict[str, Any]):
    async with served(meter_profile()) as server:

        def work() -> tuple[Any, Any]:
            with GuruxClient(server.port, **credentials) as client:
                register = GXDLMSRegister("1.0.32.7.0.255")
                client.read(register, 3)
                return client.read(register, 2), register

        value, register = await in_thread(work)

    truth = server.meter.truth("1.0.32.7.0").value
    assert value == pytest.approx(truth / 10)
    assert (register.scaler, register.unit) == (0.1, 35)


async def test_reads_the_clock_as_the_moment_it_is(served: Served, in_thread: InThread, credentials: dict[str, Any]):
    async with served(meter_profile()) as server:

        def work() -> GXDateTime:
            with GuruxClient(server.port, **credentials) as client:
                return client.read(GXDLMSClock("0.0.1.0.0.255"), 2)

        clock = await in_thread(work)

    assert clock.value == NOW


async def test_reads_a_list(served: Served, in_thread: InThread, credentials: dict[str, Any]):
    names = ["1.0.1.8.0.255", "1.0.1.8.1.255", "1.0.1.8.2.255", "1.0.14.7.0.255", "1.0.52.7.0.255"]
    async with served(meter_profile()) as server:

        def work() -> list[Any]:
            with GuruxClient(server.port, **credentials) as client:
                return client.read_list([(GXDLMSRegister(name), 2) for name in names])

        values = await in_thread(work)

    assert values == [server.meter.truth(name).value for name in names]
    assert values[0] == values[1] + values[2]


@pytest.mark.parametrize("pdu_size", PDU_SIZES)
async def test_reads_the_object_list_in_blocks(
    served: Served, in_thread: InThread, credentials: dict[str, Any], pdu_size: int
):
    async with served(meter_profile(pdu_size)) as server:

        def work() -> tuple[Any, int]:
            with GuruxClient(server.port, **credentials) as client:
                reply = client.exchange(client.codec.read(GXDLMSAssociationLogicalName(), 2))
                return client.codec.parseObjects(reply.data, True, False), client.apdus_received

        objects, apdus = await in_thread(work)

    truth = plain(server.meter.truth("0.0.40.0.0", client_wport=credentials["client"]))
    assert [(item.objectType, item.version, item.logicalName) for item in objects] == [
        (class_id, version, ".".join(map(str, name))) for class_id, version, name, _ in truth
    ]
    assert (apdus > 3) == (pdu_size < 65_535)


@pytest.mark.parametrize("pdu_size", PDU_SIZES)
async def test_reads_the_load_profile_by_entry(
    served: Served, in_thread: InThread, credentials: dict[str, Any], pdu_size: int
):
    async with served(meter_profile(pdu_size)) as server:

        def work() -> list[list[Any]]:
            with GuruxClient(server.port, **credentials) as client:
                profile = GXDLMSProfileGeneric("1.0.99.1.0.255")
                client.read(profile, 3)
                reply = client.exchange(client.codec.readRowsByEntry(profile, 5, 8))
                client.codec.updateValue(profile, 2, reply.value)
                return profile.buffer

        rows = await in_thread(work)

    truth = plain(server.meter.truth("1.0.99.1.0"))[4:12]
    assert [row[1:] for row in rows] == [list(row[1:]) for row in truth]
    times = [row[0].value for row in rows]
    assert {after - before for before, after in itertools.pairwise(times)} == {timedelta(minutes=15)}


async def test_reads_the_load_profile_by_range(served: Served, in_thread: InThread, credentials: dict[str, Any]):
    async with served(meter_profile()) as server:

        def work() -> list[list[Any]]:
            with GuruxClient(server.port, **credentials) as client:
                profile = GXDLMSProfileGeneric("1.0.99.1.0.255")
                client.read(profile, 3)
                start, end = (GXDateTime(NOW - timedelta(hours=hours)) for hours in (2, 1))
                reply = client.exchange(client.codec.readRowsByRange(profile, start, end))
                client.codec.updateValue(profile, 2, reply.value)
                return profile.buffer

        rows = await in_thread(work)

    hour = NOW.replace(minute=0, second=0)
    assert [row[0].value for row in rows] == [hour - timedelta(minutes=minutes) for minutes in (105, 90, 75, 60)]


async def test_reads_names_and_logical_devices(served: Served, in_thread: InThread):
    async with served(meter_profile()) as server:

        def work() -> tuple[Any, Any, Any]:
            with GuruxClient(server.port) as client:
                name = client.read(GXDLMSData("0.0.42.0.0.255"), 2)
                sap = client.read(GXDLMSSapAssignment("0.0.41.0.0.255"), 2)
            with GuruxClient(server.port, server=16) as client:
                gas = client.read(GXDLMSData("0.0.42.0.0.255"), 2)
            return name, sap, gas

        name, sap, gas = await in_thread(work)

    assert bytes(name) == server.meter.devices[1].name
    assert bytes(gas) == server.meter.devices[16].name
    assert sap == [(1, name.decode()), (16, gas.decode())]


async def test_a_wrong_password_is_refused(served: Served, in_thread: InThread):
    async with served(meter_profile()) as server:

        def work() -> None:
            with GuruxClient(server.port, client=2, password="guessed"):
                pass

        with pytest.raises(Exception, match="uthentication"):
            await in_thread(work)
