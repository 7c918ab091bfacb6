"""gurux-dlms reads and writes the simulated meter by general block transfer: windows, acknowledgements, protection.

Its client never streams what it sends (GXDLMSClient.py of 1.0.203, 1145: ``p.streaming = False``): it waits for an
acknowledgement behind each block. Every second of its blocks acknowledges the block 65535, because its counter begins
at -1 anew (GXDLMS.py, 604). Streams in that direction: test_own_client_general_blocks.py, and the server of this
library in test_gurux_block_writing_server.py.
"""

from dataclasses import replace
from typing import Any

from gurux_dlms.enums import DataType
from gurux_dlms.objects import GXDLMSAssociationLogicalName, GXDLMSData, GXDLMSLimiter, GXDLMSRegister
import pytest

from custom_components.cosem.dlms.encoding.data import double_long_unsigned, octet_string, plain
from tests.simulated_meter.profile import GeneralBlockFault, GeneralBlocks, Level, MeterProfile, load_profile

from .conftest import InThread, Served
from .gurux_client import GuruxClient, GuruxSecurity
from .test_gurux_writes import LONG, MANAGER, _WriteItem, calendar, managed, write

pytestmark = pytest.mark.usefixtures("over_both")

E0 = 0xE0
GMAC = 1


async def read_objects(served: Served, in_thread: InThread, meter: Any, client: dict[str, Any]) -> GuruxClient:
    """Read the object list and a name; compare with the truth."""
    async with served(meter) as server:

        def work() -> tuple[Any, Any, GuruxClient]:
            with GuruxClient(server.port, **client) as gurux:
                reply = gurux.exchange(gurux.codec.read(GXDLMSAssociationLogicalName(), 2))
                objects = gurux.codec.parseObjects(reply.data, True, False)
                return objects, gurux.read(GXDLMSData("0.0.42.0.0.255"), 2), gurux

        objects, name, gurux = await in_thread(work)
    truth = plain(server.meter.truth("0.0.40.0.0", client_wport=client["client"]))
    assert [(item.objectType, item.version, item.logicalName) for item in objects] == [
        (class_id, version, ".".join(map(str, name))) for class_id, version, name, _ in truth
    ]
    assert bytes(name) == server.meter.truth("0.0.42.0.0").value
    return gurux


@pytest.mark.parametrize("window", [1, 3, 6])
@pytest.mark.parametrize("pdu_size", [64, 256])
async def test_reads_the_object_list(served: Served, in_thread: InThread, pdu_size: int, window: int):
    meter = replace(load_profile("open", {}), max_pdu_size=pdu_size, history_days=1)
    meter = meter.with_quirks(general_blocks=GeneralBlocks.PREFERRED, general_block_window=window)
    gurux = await read_objects(served, in_thread, meter, {"client": 16, "block_window": window})
    assert sum(apdu[0] == E0 for apdu in gurux.received) > 3
    assert any(apdu[0] == E0 for apdu in gurux.sent)


def in_general_blocks(meter: MeterProfile, window: int = 1) -> MeterProfile:
    return meter.with_quirks(general_blocks=GeneralBlocks.PREFERRED, general_block_window=window)


def blocks(apdus: list[bytes]) -> int:
    return sum(apdu[0] == E0 for apdu in apdus)


@pytest.mark.parametrize("window", [1, 3])
@pytest.mark.parametrize("pdu_size", [64, 200])
async def test_writes_in_blocks(served: Served, in_thread: InThread, pdu_size: int, window: int):
    async with served(in_general_blocks(managed(pdu_size), window)) as server:

        def work() -> GuruxClient:
            with GuruxClient(server.port, block_window=window, **MANAGER) as client:
                write(client, calendar(LONG), 6, DataType.OCTET_STRING)
                return client

        client = await in_thread(work)
        assert server.meter.truth("0.0.13.0.0", 6) == octet_string(LONG.encode())
    assert blocks(client.sent) == blocks(client.received) >= len(LONG) / pdu_size


async def test_writes_a_list_in_blocks(served: Served, in_thread: InThread):
    async with served(in_general_blocks(managed(100))) as server:

        def work() -> int:
            limiter, name = GXDLMSLimiter("0.0.17.0.0.255"), calendar(LONG)
            limiter.thresholdNormal = 7_000
            limiter.setDataType(4, DataType.UINT32)
            name.setDataType(6, DataType.OCTET_STRING)
            items = []
            for item, index in ((limiter, 4), (name, 6)):
                each = _WriteItem()
                each.target, each.index = item, index
                items.append(each)
            with GuruxClient(server.port, block_window=1, **MANAGER) as client:
                client.exchange(client.codec.writeList(items))
                return blocks(client.sent)

        assert await in_thread(work) > 5
        assert server.meter.truth("0.0.17.0.0", 4) == double_long_unsigned(7_000)
        assert server.meter.truth("0.0.13.0.0", 6) == octet_string(LONG.encode())


async def test_what_is_refused_in_blocks_is_an_error(served: Served, in_thread: InThread):
    async with served(in_general_blocks(managed(100))) as server:

        def work() -> None:
            register = GXDLMSRegister("1.0.1.8.0.255")
            register.value = LONG.encode()
            with GuruxClient(server.port, block_window=1, **MANAGER) as client:
                write(client, register, 2, DataType.OCTET_STRING)

        with pytest.raises(ValueError, match="error 3"):
            await in_thread(work)
    assert server.meter.devices[1].done == []


async def test_parameters_and_what_a_method_returns_go_in_blocks_both_ways(served: Served, in_thread: InThread):
    async with served(in_general_blocks(managed(100))) as server:

        def work() -> tuple[Any, GuruxClient]:
            with GuruxClient(server.port, block_window=1, **MANAGER) as client:
                request = client.codec.method(calendar(""), 0xFF, LONG.encode(), DataType.OCTET_STRING)
                return client.exchange(request).value, client

        value, client = await in_thread(work)
    assert bytes(value) == LONG.encode()
    assert blocks(client.sent) > 5
    assert blocks(client.received) > 10


@pytest.mark.parametrize("general", [False, True])
async def test_writes_what_is_protected_as_a_whole(served: Served, in_thread: InThread, general: bool):
    meter = load_profile("secured", {})
    clients = tuple(replace(client, level=Level.MANAGE) for client in meter.clients)
    meter = replace(meter, clients=clients, max_pdu_size=100, history_days=1)
    settings = meter.client(GMAC).security
    security = GuruxSecurity(
        mechanism=settings.mechanism,
        protection="AE",
        encryption_key=settings.encryption_key,
        authentication_key=settings.authentication_key,
        general=general,
    )
    async with served(in_general_blocks(meter)) as server:

        def work() -> GuruxClient:
            with GuruxClient(server.port, client=GMAC, block_window=1, security=security) as client:
                write(client, calendar(LONG), 6, DataType.OCTET_STRING)
                return client

        client = await in_thread(work)
        assert server.meter.truth("0.0.13.0.0", 6) == octet_string(LONG.encode())
    assert blocks(client.sent) > 5
    first = next(apdu for apdu in client.sent if apdu[0] == E0)
    assert first[7] == (0xDB if general else 0xC9)


@pytest.mark.parametrize("general", [False, True])
async def test_reads_what_was_protected_as_a_whole(served: Served, in_thread: InThread, general: bool):
    meter = replace(load_profile("secured", {}), max_pdu_size=256, history_days=1)
    settings = meter.client(GMAC).security
    security = GuruxSecurity(
        mechanism=settings.mechanism,
        protection="AE",
        encryption_key=settings.encryption_key,
        authentication_key=settings.authentication_key,
        general=general,
    )
    gurux = await read_objects(
        served,
        in_thread,
        meter.with_quirks(general_blocks=GeneralBlocks.PREFERRED),
        {"client": GMAC, "block_window": 1, "security": security},
    )
    assert sum(apdu[0] == E0 for apdu in gurux.received) > 3


async def test_a_short_answer_stays_whole(served: Served, in_thread: InThread):
    meter = replace(load_profile("open", {}), history_days=1).with_quirks(
        general_blocks=GeneralBlocks.PREFERRED, general_block_fault=GeneralBlockFault.ABORTS
    )
    async with served(meter) as server:

        def work() -> Any:
            with GuruxClient(server.port, client=16, block_window=1) as gurux:
                return gurux.read(GXDLMSData("0.0.42.0.0.255"), 2), gurux.received

        _, received = await in_thread(work)
    assert not any(apdu[0] == E0 for apdu in received)
