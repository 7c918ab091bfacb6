"""gurux-dlms's client writes to the simulated meter and executes: what the meter takes is DLMS for someone else too.

What the library cannot write is not here: a list in blocks, which it gives the number of the form without blocks, and
long parameters of a method, of which it never marks the last block.
"""

from dataclasses import replace
from typing import Any

from gurux_dlms import GXReplyData
from gurux_dlms.enums import DataType
from gurux_dlms.GXWriteItem import GXWriteItem
from gurux_dlms.objects import (
    GXDLMSActivityCalendar,
    GXDLMSDisconnectControl,
    GXDLMSLimiter,
    GXDLMSObject,
    GXDLMSProfileGeneric,
    GXDLMSRegister,
    GXDLMSScriptTable,
)
import pytest

from custom_components.cosem.dlms.encoding.data import double_long_unsigned, octet_string
from tests.simulated_meter.profile import DEFAULT_PASSWORD, MeterProfile

from .conftest import InThread, Served
from .gurux_client import GuruxClient
from .test_gurux_client import meter_profile

pytestmark = pytest.mark.usefixtures("over_both")

LONG = "winter of our discontent " * 30
MANAGER: dict[str, Any] = {"client": 1, "password": DEFAULT_PASSWORD}


def managed(pdu_size: int = 1024) -> MeterProfile:
    return replace(MeterProfile(), max_pdu_size=pdu_size, history_days=3)


class _WriteItem(GXWriteItem):
    """The library asks for a method that its own class has not."""

    def getDataType(self) -> None:  # noqa: N802  # the library's name
        return None


def write(client: GuruxClient, item: GXDLMSObject, attribute: int, kind: DataType) -> None:
    item.setDataType(attribute, kind)
    client.exchange(client.codec.write(item, attribute))


def calendar(name: str) -> GXDLMSActivityCalendar:
    item = GXDLMSActivityCalendar("0.0.13.0.0.255")
    item.calendarNamePassive = name
    return item


async def test_writes_a_number(served: Served, in_thread: InThread):
    async with served(managed()) as server:

        def work() -> Any:
            limiter = GXDLMSLimiter("0.0.17.0.0.255")
            limiter.thresholdNormal = 7_000
            with GuruxClient(server.port, **MANAGER) as client:
                write(client, limiter, 4, DataType.UINT32)
                return client.read(GXDLMSLimiter("0.0.17.0.0.255"), 3)

        assert await in_thread(work) == 7_000
        assert server.meter.truth("0.0.17.0.0", 4) == double_long_unsigned(7_000)


@pytest.mark.parametrize("pdu_size", [64, 128, 300, 65_535])
async def test_writes_in_blocks(served: Served, in_thread: InThread, pdu_size: int):
    async with served(managed(pdu_size)) as server:

        def work() -> int:
            with GuruxClient(server.port, **MANAGER) as client:
                write(client, calendar(LONG), 6, DataType.OCTET_STRING)
                return sum(apdu[0] == 0xC1 for apdu in client.sent)

        requests = await in_thread(work)
        assert server.meter.truth("0.0.13.0.0", 6) == octet_string(LONG.encode())
    assert (requests > 2) == (pdu_size < 700)


async def test_what_is_refused_is_an_error(served: Served, in_thread: InThread):
    async with served(managed()) as server:

        def work() -> None:
            register = GXDLMSRegister("1.0.1.8.0.255")
            register.value = 0
            with GuruxClient(server.port, **MANAGER) as client:
                write(client, register, 2, DataType.UINT32)

        with pytest.raises(ValueError, match="error 3"):
            await in_thread(work)
    assert server.meter.devices[1].done == []


async def test_writes_a_list(served: Served, in_thread: InThread):
    async with served(managed()) as server:

        def work() -> None:
            limiter, name = GXDLMSLimiter("0.0.17.0.0.255"), calendar("winter" * 20)
            limiter.thresholdNormal, limiter.thresholdEmergency = 7_000, 2_000
            limiter.setDataType(4, DataType.UINT32)
            limiter.setDataType(5, DataType.UINT32)
            name.setDataType(6, DataType.OCTET_STRING)
            items = []
            for item, index in ((limiter, 4), (name, 6), (limiter, 5)):
                each = _WriteItem()
                each.target, each.index = item, index
                items.append(each)
            with GuruxClient(server.port, **MANAGER) as client:
                client.exchange(client.codec.writeList(items))

        await in_thread(work)
        truth = server.meter.truth
        assert [truth("0.0.17.0.0", index) for index in (4, 5)] == list(map(double_long_unsigned, (7_000, 2_000)))
        assert truth("0.0.13.0.0", 6) == octet_string(b"winter" * 20)


async def test_executes_methods(served: Served, in_thread: InThread):
    async with served(managed()) as server:

        def work() -> list[Any]:
            relay = GXDLMSDisconnectControl("0.0.96.3.10.255")
            scripts = GXDLMSScriptTable("0.0.10.0.106.255")
            states = []
            with GuruxClient(server.port, **MANAGER) as client:
                for request in (
                    client.codec.method(relay, 1, 0, DataType.INT8),
                    client.codec.method(relay, 2, 0, DataType.INT8),
                    client.codec.method(scripts, 1, 1, DataType.UINT16),
                ):
                    client.exchange(request)
                    states.append(client.read(relay, 2))
            return states

        assert await in_thread(work) == [False, True, False]
        assert len(server.meter.devices[1].done) == 3


async def test_what_cannot_be_executed_is_an_error(served: Served, in_thread: InThread):
    async with served(managed()) as server:

        def work() -> None:
            with GuruxClient(server.port, **MANAGER) as client:
                client.exchange(client.codec.method(GXDLMSRegister("1.0.1.8.0.255"), 1, 0, DataType.INT8))

        with pytest.raises(ValueError, match="error 3"):
            await in_thread(work)


async def test_reads_a_selection_with_columns(served: Served, in_thread: InThread):
    async with served(meter_profile()) as server:

        def work() -> GXReplyData:
            with GuruxClient(server.port, client=2, password=DEFAULT_PASSWORD) as client:
                profile = GXDLMSProfileGeneric("1.0.99.1.0.255")
                client.read(profile, 3)
                columns = [profile.captureObjects[number] for number in (0, 2, 3)]
                reply = client.exchange(client.codec.readRowsByEntry(profile, 5, 3, columns))
                return reply.value

        rows: Any = await in_thread(work)

    truth: Any = server.meter.truth("1.0.99.1.0").value
    assert len(rows) == 3
    assert {len(row) for row in rows} <= {3, 4}
    assert [row[-1] for row in rows] == [row.value[3].value for row in truth[4:7]]
