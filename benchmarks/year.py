"""A year of quarter hours, from a meter that sends blocks of 1 kB; and a poll over a slow line.

The meter's messages are recorded once, and come again without the meter: what is measured is the stack alone.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, redirect_stdout
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
import gc
import io
from itertools import pairwise
import time
import tracemalloc
from typing import Final

from dlms_cosem.cosem import CosemAttributeWithSelection
from gurux_dlms import GXByteBuffer, GXDLMSClient, GXReplyData
from gurux_dlms.enums import Authentication, InterfaceType
from gurux_dlms.objects import (
    GXDLMSCaptureObject,
    GXDLMSClock,
    GXDLMSData,
    GXDLMSDemandRegister,
    GXDLMSExtendedRegister,
    GXDLMSProfileGeneric,
    GXDLMSRegister,
)

from custom_components.cosem.dlms import (
    CURRENT_OBJECT_LIST,
    Association,
    AssociationParameters,
    AttributeDescriptor,
    CaptureObject,
    Data,
    DataAccessError,
    DlmsClient,
    LogicalName,
    Mechanism,
    ProfileColumn,
    ProfileRequest,
    ScalerUnit,
    Secret,
    Timing,
    Transport,
    decode_object_list,
    with_wrapper,
)
from custom_components.cosem.dlms.apdu.common import InvokeIdAndPriority
from custom_components.cosem.dlms.apdu.initiate import Conformance
from custom_components.cosem.dlms.interface_classes.profile_columns import RowMeaning
from custom_components.cosem.dlms.interface_classes.profile_stream import RowStream
from custom_components.cosem.dlms.limits import DEFAULT_LIMITS
from custom_components.cosem.dlms.protocol.transfer import Complete
from custom_components.cosem.dlms.protocol.transfer.get import GetOne
from custom_components.cosem.dlms.protocol.wrapper import WrapperStream
from tests.interop.dlms_cosem_client import attribute, dlms_cosem_client
from tests.interop.gurux_client import GuruxClient
from tests.recorded import Recorder, Replay
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import DEFAULT_PASSWORD, GeneralBlocks, MeterProfile
from tests.simulated_meter.server import MeterServer

ROWS: Final = 35_040
LOAD_PROFILE: Final = LogicalName.parse("1.0.99.1.0.255")
ROUND_TRIP: Final = 0.2
"""Seconds, of the slow line."""

REGISTERS: Final = 40
_CLASSES: Final = {3: GXDLMSRegister, 4: GXDLMSExtendedRegister, 5: GXDLMSDemandRegister, 1: GXDLMSData}
_READER: Final = 2
_NOW: Final = datetime(2026, 7, 15, 12, tzinfo=UTC)
_WRAPPER: Final = 8
_BLOCK: Final = b"\xc4\x02"
_AARE: Final = b"\x61"
_CONFORMANCE: Final = b"\x5f\x1f\x04\x00"
"""What is before the three octets of the conformance block."""

_PARAMETERS: Final = AssociationParameters(
    client_wport=_READER, mechanism=Mechanism.LLS, password=Secret(DEFAULT_PASSWORD.encode())
)
_PATIENT: Final = Timing(response=60, block=60, transfer=600)

_BUFFER: Final = AttributeDescriptor(7, LOAD_PROFILE, 2)
_ENERGIES: Final = ("1.0.1.8.0", "1.0.2.8.0", "1.0.3.8.0", "1.0.4.8.0", "1.0.1.8.1", "1.0.1.8.2")
_COLUMNS: Final = (
    ProfileColumn(CaptureObject(8, LogicalName.parse("0.0.1.0.0"), 2, 0)),
    ProfileColumn(CaptureObject(1, LogicalName.parse("0.0.96.10.1"), 2, 0)),
    *[ProfileColumn(CaptureObject(3, LogicalName.parse(name), 2, 0), ScalerUnit(-1, 30)) for name in _ENERGIES],
)

type Heard = list[tuple[int, bytes]]


class Way(StrEnum):
    """How the buffer comes."""

    BLOCKS = "GET, in blocks of 1 kB"
    GENERAL_BLOCKS = "GET, in general blocks of 1 kB"
    ACCESS = "ACCESS, in general blocks of 1 kB"


def year_meter(way: Way) -> SimulatedMeter:
    """Return a meter with a year of rows, 8 columns each; the largest APDU has 1,024 octets."""
    profile = replace(MeterProfile(), history_days=ROWS // 96)
    if way is not Way.BLOCKS:
        profile = profile.with_quirks(general_blocks=GeneralBlocks.PREFERRED, access=way is Way.ACCESS)
    return SimulatedMeter(profile, lambda: _NOW)


class _WithoutGet:
    """Takes the bit of GET out of the AARE, so that the client reads by ACCESS."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def send(self, octets: bytes) -> None:
        await self._transport.send(octets)

    async def receive(self) -> bytes:
        octets = bytearray(await self._transport.receive())
        if octets[_WRAPPER:].startswith(_AARE):
            octets[octets.index(_CONFORMANCE) + len(_CONFORMANCE) + 2] &= 0xFF - Conformance.GET
        return bytes(octets)

    async def close(self) -> None:
        await self._transport.close()


async def read(connect: Callable[[], Awaitable[Transport]]) -> int:
    """Read the year with our client; return the number of rows, which are thrown away as they come."""
    client = DlmsClient("meter", connect=with_wrapper(connect))

    def lend() -> AbstractAsyncContextManager[Association]:
        return client.associate(_PARAMETERS, timing=_PATIENT)

    reading = client.read_profile(lend, _PARAMETERS.pair, ProfileRequest(logical_name=LOAD_PROFILE))
    rows = 0
    try:
        async with aclosing(reading.rows()) as batches:
            async for batch in batches:
                rows += len(batch)
    finally:
        await client.close()
    return rows


async def recorded(way: Way = Way.BLOCKS) -> Heard:
    """Return what the meter sends in a reading."""
    meter = year_meter(way)
    recorders: list[Recorder] = []

    async def connect() -> Transport:
        transport: Transport = await meter.connect()
        recorders.append(Recorder(_WithoutGet(transport) if way is Way.ACCESS else transport))
        return recorders[-1]

    assert await read(connect) == ROWS
    (recorder,) = recorders
    return recorder.heard


async def replayed(heard: Heard) -> int:
    """Read it again, without the meter; return the number of rows."""

    async def connect() -> Transport:
        return Replay(heard)

    return await read(connect)


async def longest_step(heard: Heard) -> float:
    """Return the most seconds of processor time in which the loop serves nobody else."""
    marks: list[float] = []

    async def tick() -> None:
        while True:
            marks.append(time.thread_time())
            await asyncio.sleep(0)

    ticker = asyncio.create_task(tick())
    await replayed(heard)
    ticker.cancel()
    return max(after - before for before, after in pairwise(marks))


async def memory(heard: Heard) -> float:
    """Return the most MiB above the start."""
    gc.collect()
    tracemalloc.start()
    await replayed(heard)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most / 2**20


# -- the same octets, without a connection


def blocks(heard: Heard) -> list[bytes]:
    """Return the messages with the blocks of the buffer."""
    return [octets for _, octets in heard if octets[_WRAPPER:].startswith(_BLOCK)]


def our_rows(messages: Sequence[bytes]) -> int:
    """Return the rows that our stack makes of the blocks, with times and scaled numbers."""
    wrapper, rows, transfer = WrapperStream(), RowStream(), GetOne(_BUFFER)
    transfer.first(InvokeIdAndPriority.from_raw(messages[0][_WRAPPER + 2]), DEFAULT_LIMITS)
    meaning = RowMeaning(_COLUMNS, 900)
    count = 0
    for octets in messages:
        wrapper.receive_data(octets)
        wpdu = wrapper.next_wpdu()
        assert wpdu is not None
        outcome = transfer.receive(wpdu.apdu)
        plain = rows.feed(outcome.octets if isinstance(outcome, Complete) else transfer.take())
        count += len(meaning.of(plain))
    return count + len(meaning.of(rows.finish()))


def gurux_rows(messages: Sequence[bytes]) -> int:
    """Return the rows that gurux-dlms makes of the blocks, with times."""
    codec = GXDLMSClient(True, _READER, 1, Authentication.NONE, None, InterfaceType.WRAPPER)  # noqa: FBT003  # its own
    reply = GXReplyData()
    for octets in messages:
        codec.getData(GXByteBuffer(octets), reply)
        if reply.isMoreData():
            codec.receiverReady(reply)
    profile = GXDLMSProfileGeneric(str(LOAD_PROFILE))
    profile.captureObjects = [(each, GXDLMSCaptureObject(2, 0)) for each in _gurux_columns()]
    codec.updateValue(profile, 2, reply.value)
    return len(profile.buffer)


def _gurux_columns() -> list[object]:
    found = [GXDLMSRegister(f"{name}.255") for name in _ENERGIES]
    return [GXDLMSClock("0.0.1.0.0.255"), GXDLMSData("0.0.96.10.1.255"), *found]


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Of all that our client does: seconds of processor time; most MiB above the start; longest step in seconds."""

    client: float
    memory: float
    step: float

    @property
    def is_good(self) -> bool:
        """Whether memory and step keep to their targets."""
        return self.memory <= _MOST_MEMORY and self.step <= _MOST_STEP


@dataclass(frozen=True, kw_only=True)
class Year:
    """What a year costs: ``ours``, ``gurux`` from the octets to rows, in seconds of processor time."""

    ours: float
    gurux: float
    messages: int
    ways: dict[Way, Cost]


def measure_year(rounds: int) -> Year:
    """Measure in turns; the shortest time of each counts, and the longest step."""
    messages = blocks(asyncio.run(recorded()))
    ours, gurux = _shortest([lambda: our_rows(messages), lambda: gurux_rows(messages)], rounds)
    return Year(ours=ours, gurux=gurux, messages=len(messages), ways={way: measure_way(way, rounds) for way in Way})


def measure_way(way: Way, rounds: int) -> Cost:
    """Measure the whole client."""
    heard = asyncio.run(recorded(way))
    (client,) = _shortest([lambda: asyncio.run(replayed(heard))], rounds)
    return Cost(
        client=client,
        memory=asyncio.run(memory(heard)),
        step=max(asyncio.run(longest_step(heard)) for _ in range(rounds)),
    )


def _shortest(works: Sequence[Callable[[], int]], rounds: int) -> list[float]:
    """Return the least seconds of processor time that each takes for the year."""
    times: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for work, seconds in zip(works, times, strict=True):
            gc.collect()
            start = time.thread_time()
            rows = work()
            seconds.append(time.thread_time() - start)
            assert rows == ROWS
    return [min(seconds) for seconds in times]


# -- a poll over a slow line


@dataclass(frozen=True, kw_only=True)
class Poll:
    """Seconds by the wall clock, and round trips, of one poll of all registers."""

    seconds: float
    round_trips: int


async def measure_polls() -> dict[str, Poll]:
    """Poll the same meter over TCP by each library: its answers come after the round-trip time."""
    meter = SimulatedMeter(MeterProfile())
    async with MeterServer(meter, "127.0.0.1", 0) as server:
        client = DlmsClient("127.0.0.1", server.port)
        async with client.associate(_PARAMETERS) as association:
            objects = decode_object_list(await association.get(CURRENT_OBJECT_LIST))
            registers = [each for class_id in _CLASSES for each in objects if each.class_id == class_id][:REGISTERS]
            wanted = [AttributeDescriptor(each.class_id, each.logical_name, 2) for each in registers]
            await association.get_many(wanted)  # the first lists find out how many the meter takes
        slow = SimulatedMeter(MeterProfile().with_quirks(delay=ROUND_TRIP))
        async with MeterServer(slow, "127.0.0.1", 0) as slow_server:
            ours = DlmsClient("127.0.0.1", slow_server.port)
            ours.list_sizes.update(client.list_sizes)
            async with ours.associate(_PARAMETERS) as association:
                found = await _timed(slow, lambda: association.get_many(wanted))
            port = slow_server.port
            polls = {
                "ours": found,
                "gurux-dlms, by list": await asyncio.to_thread(_gurux_poll, slow, port, wanted, by_list=True),
                "gurux-dlms, one by one": await asyncio.to_thread(_gurux_poll, slow, port, wanted, by_list=False),
                "dlms-cosem, by list": await asyncio.to_thread(_dlms_cosem_poll, slow, port, wanted, by_list=True),
                "dlms-cosem, one by one": await asyncio.to_thread(_dlms_cosem_poll, slow, port, wanted, by_list=False),
            }
    assert len(wanted) == REGISTERS
    return polls


async def _timed(meter: SimulatedMeter, poll: Callable[[], Awaitable[list[Data | DataAccessError]]]) -> Poll:
    before, start = meter.requests, time.perf_counter()
    values = await poll()
    assert all(isinstance(value, Data) for value in values)
    return Poll(seconds=time.perf_counter() - start, round_trips=meter.requests - before)


def _gurux_poll(meter: SimulatedMeter, port: int, wanted: Sequence[AttributeDescriptor], *, by_list: bool) -> Poll:
    with GuruxClient(port, client=_READER, password=DEFAULT_PASSWORD) as client:
        registers = [_CLASSES[each.class_id](str(each.logical_name)) for each in wanted]
        before, start = meter.requests, time.perf_counter()
        if by_list:
            client.read_list([(register, 2) for register in registers])
        else:
            for register in registers:
                client.read(register, 2)
        return Poll(seconds=time.perf_counter() - start, round_trips=meter.requests - before)


def _dlms_cosem_poll(meter: SimulatedMeter, port: int, wanted: Sequence[AttributeDescriptor], *, by_list: bool) -> Poll:
    with dlms_cosem_client(port, client=_READER, password=DEFAULT_PASSWORD) as client:
        attributes = [attribute(each.class_id, str(each.logical_name), 2) for each in wanted]
        before, start = meter.requests, time.perf_counter()
        if by_list:
            answer = client.get_many([CosemAttributeWithSelection(each, None) for each in attributes])
            assert len(answer.response_data) == len(wanted)
        else:
            for each in attributes:
                client.get(each)
        return Poll(seconds=time.perf_counter() - start, round_trips=meter.requests - before)


# -- the table

_LEAST_TIMES_GURUX: Final = 10
_MOST_MEMORY: Final = 8
_MOST_STEP: Final = 0.05


def table(rounds: int) -> bool:
    """Measure and print; return whether all targets are met."""
    with redirect_stdout(io.StringIO()):  # gurux-dlms prints about every message
        year = measure_year(rounds)
        polls = asyncio.run(measure_polls())
    good = (
        year.gurux >= _LEAST_TIMES_GURUX * year.ours,
        polls["ours"].round_trips == 1,
        *[cost.is_good for cost in year.ways.values()],
    )
    print(f"\n| a year: {ROWS:,} rows x 8 columns in {year.messages:,} blocks of 1 kB | result | target |")
    print("|---|---|---|")
    ratio = year.gurux / year.ours
    print(
        f"| octets to rows with times, scaled | {_per_row(year.ours)}; gurux-dlms {_per_row(year.gurux)}: "
        f"{ratio:.1f} times | >= {_LEAST_TIMES_GURUX} times: {_word(good[0])} |"
    )
    print("\n| the whole client, with all around | time | most memory above the start | longest step | target |")
    print("|---|---|---|---|---|")
    for way, cost in year.ways.items():
        target = f"<= {_MOST_MEMORY} MiB, <= {_MOST_STEP * 1000:.0f} ms: {_word(cost.is_good)}"
        print(f"| {way} | {_per_row(cost.client)} | {cost.memory:.1f} MiB | {cost.step * 1000:.1f} ms | {target} |")
    print(f"\n| poll of {REGISTERS} values, {ROUND_TRIP * 1000:.0f} ms a round trip | round trips | time | target |")
    print("|---|---|---|---|")
    for name, poll in polls.items():
        target = f"1: {_word(good[1])}" if name == "ours" else ""
        print(f"| {name} | {poll.round_trips} | {poll.seconds:.2f} s | {target} |")
    return all(good)


def _word(is_good: bool) -> str:
    return "met" if is_good else "MISSED"


def _per_row(seconds: float) -> str:
    return f"{1000 * seconds:.0f} ms, {1_000_000 * seconds / ROWS:.1f} \N{MICRO SIGN}s a row"
