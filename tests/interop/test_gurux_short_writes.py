"""gurux-dlms's client writes to the simulated meter and executes, by short names.

Of the installed release (1.0.203) the file and the line say what the library itself cannot write:

* A Write of several variables: ``GXDLMSClient.writeList`` (GXDLMSClient.py, 1211) gives the count of the list, and
  between it and the first variable the type of a list by logical names (4). Here its own encoder is called without that
  octet.
* A Write in blocks: ``GXDLMS.appendMultipleSNBlocks`` (GXDLMS.py, 794) measures the octets that are left in the APDU
  under way (``reply.available()``) and not those of the data, so ``getSNPdu`` (880) copies from behind the end and
  raises ``ValueError: position``. The blocks that our client writes are read by the library's server method instead
  (``GXDLMSSNCommandHandler.handleReadDataBlockAccess``). That method fails on the last block, where it calls a number
  (``data.size(0)``, line 229), so the last block is shown to it as one more that is not the last.
"""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from gurux_dlms import GXByteBuffer, GXDLMSSettings
from gurux_dlms.enums import Command, DataType, InterfaceType
from gurux_dlms.GXDLMS import GXDLMS
from gurux_dlms.GXDLMSSNCommandHandler import GXDLMSSNCommandHandler
from gurux_dlms.GXDLMSSNParameters import GXDLMSSNParameters
from gurux_dlms.internal._GXCommon import _GXCommon
from gurux_dlms.objects import GXDLMSObject
import pytest

from custom_components.cosem.dlms.encoding.data import double_long_unsigned, encode_data_octets, octet_string
from tests.simulated_meter.profile import MeterProfile

from .conftest import InThread, Served
from .test_gurux_short_client import LARGE, ShortClient, short
from .test_gurux_writes import LONG, MANAGER, write
from .test_own_client_short_writes import managing
from .test_own_client_writes import LONG as LONG_DATA, STORE

WRITE_REQUEST, WRITE_BLOCK = 0x06, 7
LIMITER, CALENDAR, RELAY = "0.0.17.0.0.255", "0.0.13.0.0.255", "0.0.96.3.10.255"


def managed() -> MeterProfile:
    return short(replace(MeterProfile(), max_pdu_size=LARGE, history_days=1))


def named(client: ShortClient) -> dict[str, Any]:
    return {str(item.logicalName): item for item in client.objects()}


def write_list(client: ShortClient, wanted: list[tuple[GXDLMSObject, int, DataType, Any]]) -> None:
    """Write several variables with the library's own encoder."""
    names, values = GXByteBuffer(), GXByteBuffer()
    for item, attribute, kind, value in wanted:
        names.setUInt8(2)
        names.setUInt16(item.shortName + 8 * (attribute - 1))
        _GXCommon.setData(client.codec.settings, values, kind, value)
    _GXCommon.setObjectCount(len(wanted), names)
    parameters = GXDLMSSNParameters(client.codec.settings, Command.WRITE_REQUEST, len(wanted), 0xFF, names, values)
    client.exchange(GXDLMS.getSnMessages(parameters))


@pytest.mark.usefixtures("over_both")
async def test_writes_and_executes(served: Served, in_thread: InThread):
    async with served(managed()) as server:

        def work() -> list[Any]:
            with ShortClient(server.port, **MANAGER) as client:
                objects = named(client)
                limiter, calendar, relay = (objects[name] for name in (LIMITER, CALENDAR, RELAY))
                limiter.thresholdNormal, calendar.calendarNamePassive = 7_000, LONG
                write(client, limiter, 4, DataType.UINT32)
                write(client, calendar, 6, DataType.OCTET_STRING)
                states = []
                for method in (1, 2):
                    client.exchange(client.codec.method(relay, method, 0, DataType.INT8))
                    states.append(client.read(relay, 2))
                return [client.read(limiter, 4), *states]

        assert await in_thread(work) == [7_000, False, True]
        assert server.meter.truth("0.0.17.0.0", 4) == double_long_unsigned(7_000)
        assert server.meter.truth("0.0.13.0.0", 6) == octet_string(LONG.encode())
        assert len(server.meter.devices[1].done) == 4


@pytest.mark.usefixtures("over_both")
async def test_writes_several_variables_at_once(served: Served, in_thread: InThread):
    async with served(managed()) as server:

        def work() -> list[bytes]:
            with ShortClient(server.port, **MANAGER) as client:
                objects = named(client)
                limiter, calendar = objects[LIMITER], objects[CALENDAR]
                wanted = [
                    (limiter, 4, DataType.UINT32, 7_000),
                    (calendar, 6, DataType.OCTET_STRING, b"winter"),
                    (limiter, 5, DataType.UINT32, 2_000),
                ]
                write_list(client, wanted)
                with pytest.raises(ValueError, match="error 3"):
                    write_list(client, [(objects["1.0.1.8.0.255"], 2, DataType.UINT32, 0), *wanted[:1]])
                return client.received[-2:]

        assert await in_thread(work) == [bytes.fromhex("0D03000000"), bytes.fromhex("0D02010300")]
        truth = server.meter.truth
        assert [truth("0.0.17.0.0", index) for index in (4, 5)] == [
            double_long_unsigned(each) for each in (7_000, 2_000)
        ]
        assert truth("0.0.13.0.0", 6) == octet_string(b"winter")


@pytest.mark.parametrize("size", [64, 200])
async def test_the_library_reads_the_blocks_that_our_client_writes(size: int):
    house = managing(size)
    async with house.associate(2) as association:
        await association.set(STORE, LONG_DATA)
    blocks = [request.apdu for request in house.meter.log if request.apdu[:3] == bytes([WRITE_REQUEST, 1, WRITE_BLOCK])]
    assert [block[3] for block in blocks] == [0] * (len(blocks) - 1) + [1]

    settings = GXDLMSSettings(True, None)
    settings.interfaceType = InterfaceType.WRAPPER
    server = SimpleNamespace(transaction=None)
    server.setTransaction = lambda transaction: setattr(server, "transaction", transaction)
    for number, block in enumerate(blocks, 1):
        answer = GXByteBuffer()
        octets = GXByteBuffer(b"\x00" + block[4:])
        GXDLMSSNCommandHandler.handleReadDataBlockAccess(
            settings, server, Command.WRITE_RESPONSE, octets, 1, answer, None
        )
        assert bytes(answer.array()) == bytes([0x0D, 1, 2, *number.to_bytes(2)])
    whole = bytes(server.transaction.data.array())
    assert whole[:2] == bytes([1, 2])
    assert whole[4:] == b"\x01" + encode_data_octets(LONG_DATA)
