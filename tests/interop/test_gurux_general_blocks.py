"""gurux-dlms reads the simulated meter by general block transfer: windows, acknowledgements, protection."""

from dataclasses import replace
from typing import Any

from gurux_dlms.objects import GXDLMSAssociationLogicalName, GXDLMSData
import pytest

from custom_components.cosem.dlms.encoding.data import plain
from tests.simulated_meter.profile import GeneralBlockFault, GeneralBlocks, load_profile

from .conftest import InThread, Served
from .gurux_client import GuruxClient, GuruxSecurity

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
