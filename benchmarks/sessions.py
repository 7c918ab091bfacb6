"""Sessions with one meter on 127.0.0.1, beside gurux-dlms: HLS-GMAC, suite 0, authenticated and encrypted.

The simulated meter has a process of its own. Both clients have the same wPort, keys and counter, and read the same 40
registers in turns; by the wall clock, because waiting is most of it. A round trip is a message and its answer, counted
where our client hands octets to the socket, and in gurux's client.
"""

from asyncio import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
import gc
from pathlib import Path
from statistics import median
import sys
import time
from typing import Final

from gurux_dlms.objects import GXDLMSExtendedRegister, GXDLMSObject, GXDLMSRegister

from custom_components.cosem.dlms import (
    Association,
    AssociationParameters,
    AttributeDescriptor,
    Data,
    DlmsClient,
    LogicalName,
    Mechanism,
    Secret,
    SecuritySettings,
    SecurityState,
    Transport,
    learn_invocation_counter,
    open_tcp,
    with_wrapper,
)
from custom_components.cosem.dlms.interface_classes.association_ln import CURRENT_ASSOCIATION, decode_object_list
from custom_components.cosem.dlms.interface_classes.register import decode_scaler_unit, scale
from tests.interop.gurux_client import GuruxClient, GuruxSecurity
from tests.simulated_meter.profile import load_profile

WPORT: Final = 1
"""The management client of the profile "secured"."""

REGISTERS: Final = 40
_CLASSES: Final = {3: GXDLMSRegister, 4: GXDLMSExtendedRegister}
_TITLE: Final = b"GRX\x00\x00\x00\x00\x01"
_VALUE, _SCALER_UNIT = 2, 3
_POLLS: Final = 5
"""Polls in one association."""
_DIGITS: Final = 6
"""gurux-dlms scales with binary floats."""

type Values = list[Decimal | None]
type Polls = tuple[list[float], int]
"""Seconds of each, and round trips of one."""
type Session = Callable[[], Awaitable[tuple[Values, int]]]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One kind of session: median milliseconds and round trips, ours and gurux-dlms's."""

    ours_ms: float
    gurux_ms: float
    our_round_trips: int
    gurux_round_trips: int


class CountingTransport:
    """Counts the messages: our client sends each with one call."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.sent = 0

    async def send(self, octets: bytes) -> None:
        """Count and hand over."""
        self.sent += 1
        await self._transport.send(octets)

    async def receive(self) -> bytes:
        """Return what arrived."""
        return await self._transport.receive()

    async def close(self) -> None:
        """Close."""
        await self._transport.close()


class MemoryStore:
    """A store for the counter's ceiling, as fast as can be; a real one writes once in 500 requests."""

    async def save(self, ceiling: int) -> None:
        """Keep nothing."""

    async def save_received(self, last: Mapping[bytes, int]) -> None:
        """Keep nothing."""


@asynccontextmanager
async def meter_process(profile: str = "secured") -> AsyncIterator[int]:
    """Start a meter, and return its port."""
    process = await subprocess.create_subprocess_exec(
        *(sys.executable, "-m", "tests.simulated_meter", "--profile", profile, "--port", "0", "--quiet"),
        cwd=Path(__file__).parents[1],
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        line = (await process.stdout.readline()).decode()
        yield int(line.rsplit(":", 1)[1])
    finally:
        process.terminate()
        await process.wait()


class Sessions:
    """Both clients, and the counter that they share."""

    def __init__(self, port: int) -> None:
        client = load_profile("secured", {}).client(WPORT)
        assert client is not None
        security = client.security
        assert security is not None
        self._security = security
        self._port = port
        self.state = SecurityState(security.first_counter + 1, MemoryStore())
        self.registers: list[tuple[int, LogicalName]] = []
        self._transports: list[CountingTransport] = []
        self.parameters = AssociationParameters(
            client_wport=WPORT,
            mechanism=Mechanism.HLS_GMAC,
            security=SecuritySettings(
                client_system_title=_TITLE,
                global_unicast_encryption_key=Secret(security.encryption_key),
                authentication_key=Secret(security.authentication_key),
            ),
        )

    def our_client(self) -> DlmsClient:
        """Return a new client that remembers nothing from another session."""
        return DlmsClient("127.0.0.1", self._port, connect=with_wrapper(self._connect))

    async def _connect(self) -> Transport:
        transport = CountingTransport(await open_tcp("127.0.0.1", self._port, 10))
        self._transports.append(transport)
        return transport

    def round_trips(self) -> int:
        """Return what was sent since the last call."""
        sent = sum(transport.sent for transport in self._transports)
        self._transports.clear()
        return sent

    def gurux_client(self) -> GuruxClient:
        """Return a client that goes on with the counter; ours continues far behind it."""
        counter = self.state.next_value
        self.state.follow(counter + 500, confirmed_by_user=True)
        security = GuruxSecurity(
            mechanism=5,
            protection="AE",
            encryption_key=self._security.encryption_key,
            authentication_key=self._security.authentication_key,
            system_title=_TITLE,
            counter=counter,
        )
        return GuruxClient(self._port, client=WPORT, security=security)

    async def find_registers(self) -> None:
        """Choose the registers from the object list."""
        async with self.our_client().associate(self.parameters, security_state=self.state) as association:
            objects = decode_object_list(await association.get(AttributeDescriptor(15, CURRENT_ASSOCIATION, 2)), 1)
        found = sorted((each.class_id, each.logical_name) for each in objects if each.class_id in _CLASSES)
        self.registers = found[:REGISTERS]
        assert len(self.registers) == REGISTERS

    # -- a session: connect, read values with scaler_unit, release

    async def our_session(self) -> tuple[Values, int]:
        """Our client does it."""
        async with self.our_client().associate(self.parameters, security_state=self.state) as association:
            values = await self._read(association)
        return values, self.round_trips()

    async def our_session_after_learning(self, client: DlmsClient) -> tuple[Values, int]:
        """A client first asks for the counter, with the gap between connections.

        One that never asked this meter tries out how long its lists may be besides; the next time it knows.
        """
        expected = await learn_invocation_counter(client, server_wport=self.parameters.server_wport)
        assert expected is not None
        self.state.follow(expected, confirmed_by_user=True)
        async with client.associate(self.parameters, security_state=self.state) as association:
            values = await self._read(association)
        return values, self.round_trips()

    async def _read(self, association: Association) -> Values:
        count = len(self.registers)
        wanted = [AttributeDescriptor(*each, index) for index in (_VALUE, _SCALER_UNIT) for each in self.registers]
        answers = [answer for answer in await association.get_many(wanted) if isinstance(answer, Data)]
        units = map(decode_scaler_unit, answers[count:])
        return list(map(scale, answers[:count], units, strict=True))

    async def gurux_session(self) -> tuple[Values, int]:
        """gurux-dlms's client, attribute by attribute."""
        client = self.gurux_client()
        with client:
            values = [self._read_register(client, *each) for each in self.registers]
        return values, len(client.sent)

    def _read_register(self, client: GuruxClient, class_id: int, logical_name: LogicalName) -> Decimal | None:
        register = _CLASSES[class_id](str(logical_name))
        client.read(register, _SCALER_UNIT)
        client.read(register, _VALUE)
        return None if register.value is None else Decimal(str(round(register.value, _DIGITS)))

    # -- polls: values only, in an association that stays

    async def our_polls(self, count: int) -> Polls:
        """Our client polls so often; the first poll does not count."""
        wanted = [AttributeDescriptor(*each, _VALUE) for each in self.registers]
        async with self.our_client().associate(self.parameters, security_state=self.state) as association:

            async def poll() -> int:
                answers = await association.get_many(wanted)
                assert all(isinstance(answer, Data) for answer in answers)
                return len(answers)

            return await _polls(poll, lambda: sum(transport.sent for transport in self._transports), count)

    async def gurux_polls(self, count: int, *, lists: bool) -> Polls:
        """gurux-dlms's client polls so often, attribute by attribute or with lists."""
        registers = [_CLASSES[class_id](str(logical_name)) for class_id, logical_name in self.registers]
        wanted: list[tuple[GXDLMSObject, int]] = [(register, _VALUE) for register in registers]
        with self.gurux_client() as client:

            async def poll() -> int:
                if lists:
                    return len(client.read_list(wanted))
                return len([client.read(*each) for each in wanted])

            return await _polls(poll, lambda: len(client.sent), count)


async def _polls(poll: Callable[[], Awaitable[int]], sent: Callable[[], int], count: int) -> Polls:
    """Return the seconds of each poll, and the round trips of one."""
    await poll()
    before = sent()
    seconds: list[float] = []
    for _ in range(count):
        gc.collect()
        start = time.perf_counter()
        values = await poll()
        seconds.append(time.perf_counter() - start)
        assert values == REGISTERS
    return seconds, round((sent() - before) / count)


async def measure_sessions(ours: Session, gurux: Session, rounds: int) -> Measured:
    """Measure sessions in turns, after one round that does not count."""
    times: tuple[list[float], list[float]] = ([], [])
    round_trips = [0, 0]
    for number in range(rounds + 1):
        results: list[Values] = []
        for index, session in enumerate((ours, gurux)):
            gc.collect()
            start = time.perf_counter()
            values, round_trips[index] = await session()
            if number:
                times[index].append(time.perf_counter() - start)
            results.append(values)
        _check(*results)
    return _measured(times, round_trips)


async def measure_polls(sessions: Sessions, rounds: int, *, lists: bool) -> Measured:
    """Measure polls: in turns, some in one association of each."""
    times: tuple[list[float], list[float]] = ([], [])
    round_trips = [0, 0]
    for _ in range(max(rounds // _POLLS, 1)):
        for index, polls in enumerate((sessions.our_polls(_POLLS), sessions.gurux_polls(_POLLS, lists=lists))):
            seconds, round_trips[index] = await polls
            times[index].extend(seconds)
        sessions.round_trips()
    return _measured(times, round_trips)


def _measured(times: tuple[list[float], list[float]], round_trips: list[int]) -> Measured:
    return Measured(
        ours_ms=1000 * median(times[0]),
        gurux_ms=1000 * median(times[1]),
        our_round_trips=round_trips[0],
        gurux_round_trips=round_trips[1],
    )


def _check(ours: Sequence[Decimal | None], gurux: Sequence[Decimal | None]) -> None:
    """The same registers; energies, at least, hardly move in between."""
    assert len(ours) == len(gurux) == REGISTERS
    same = sum(left == right for left, right in zip(ours, gurux, strict=True))
    assert same >= REGISTERS // 4, f"only {same} values are the same"
