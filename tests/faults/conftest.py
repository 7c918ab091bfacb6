"""A meter, a client on an in-memory link, and polls that check the truth: what is read is what the meter had.

Deadlines are tenths of a second, so that a fault that ends in one costs little.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from custom_components.cosem.dlms import (
    AssociationParameters,
    AttributeDescriptor,
    Data,
    DataAccessError,
    DlmsClient,
    LogicalName,
    Mechanism,
    Secret,
    Timing,
)
from custom_components.cosem.dlms.client.channel import with_wrapper
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import DEFAULT_PASSWORD, MeterProfile
from tests.timed_client import TimedClient

START = datetime(2026, 7, 15, 11, 7, 23, tzinfo=UTC)
FAST = Timing(connect=0.2, response=0.2, transfer=1.0, block=0.2, release=0.1, reconnect_gap=0)

POLLED = {
    1: (
        *(
            (3, f"1.0.{code}.255")
            for code in ("1.8.0", "1.8.1", "1.8.2", "2.8.0", "1.7.0", "2.7.0", "32.7.0", "31.7.0")
        ),
        (8, "0.0.1.0.0.255"),
        (1, "0.0.96.1.0.255"),
    ),
    16: ((3, "7.0.3.0.0.255"), (1, "0.0.42.0.0.255")),
}
"""What a poll reads, by server wPort: class and logical name, attribute 2 of each."""


class MeterClock:
    """The meter's time: stands still until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **duration: float) -> None:
        self.now += timedelta(**duration)


def attribute(class_id: int, logical_name: str, index: int = 2) -> AttributeDescriptor:
    """Return a reference to an attribute."""
    return AttributeDescriptor(class_id, LogicalName.parse(logical_name), index)


ENERGY = attribute(3, "1.0.1.8.0.255")


@dataclass
class Poller:
    """One logical device polled as the integration does it: associate, read a list, release. Every value is checked."""

    meter: SimulatedMeter
    client: DlmsClient
    server_wport: int = 1
    readings: list[dict[AttributeDescriptor, Data | DataAccessError]] = field(default_factory=list)

    @property
    def parameters(self) -> AssociationParameters:
        """The reader's association by password."""
        return AssociationParameters(
            client_wport=2,
            server_wport=self.server_wport,
            mechanism=Mechanism.LLS,
            password=Secret(DEFAULT_PASSWORD.encode()),
        )

    @property
    def polled(self) -> list[AttributeDescriptor]:
        """What a poll reads."""
        return [attribute(class_id, name) for class_id, name in POLLED[self.server_wport]]

    async def poll(self) -> dict[AttributeDescriptor, Data | DataAccessError]:
        """Poll once; return what was read after checking that it is true."""
        async with self.client.associate(self.parameters) as association:
            results = await association.get_many(self.polled)
        reading = dict(zip(self.polled, results, strict=True))
        self._check_truth(reading)
        self.readings.append(reading)
        return reading

    async def recovers(self) -> None:
        """Without faults, the very next poll reads everything."""
        self.meter.faults.clear()
        self.meter.manipulator = lambda: None
        reading = await self.poll()
        assert not [error for error in reading.values() if isinstance(error, DataAccessError)]

    def _check_truth(self, reading: dict[AttributeDescriptor, Data | DataAccessError]) -> None:
        """Each value was the meter's at a time when it was read, and no energy rose by more than the meter's own."""
        for descriptor, value in reading.items():
            if isinstance(value, Data):
                assert self.meter.was_true(descriptor, value, server_wport=self.server_wport), descriptor
        energies = [reading[ENERGY] for reading in [*self.readings, reading] if ENERGY in reading]
        values = [energy.value for energy in energies if isinstance(energy, Data)]
        assert values == sorted(values)
        if values:
            assert values[-1] - values[0] <= self._own_rise()

    def _own_rise(self) -> int:
        """How much the meter's own counter rose since the start."""
        first, last = (self.meter.truth(ENERGY.logical_name, at=at).value for at in (START, self.meter.now()))
        assert isinstance(first, int)
        assert isinstance(last, int)
        return last - first


@pytest.fixture
def clock() -> MeterClock:
    """The meter's time, to be moved."""
    return MeterClock()


@pytest.fixture
def profile() -> MeterProfile:
    """The profile of the meter under test; override it with parametrize or in a module."""
    return MeterProfile(history_days=2)


@pytest.fixture
def meter(profile: MeterProfile, clock: MeterClock) -> SimulatedMeter:
    """The meter under test."""
    return SimulatedMeter(profile, clock)


@pytest.fixture
async def poller(meter: SimulatedMeter) -> AsyncIterator[Poller]:
    """A poller; at the end nothing is left: no connection, no task."""
    before = asyncio.all_tasks()
    client = TimedClient("meter", connect=with_wrapper(meter.connect), timing=FAST)
    yield Poller(meter, client)
    await client.close()
    assert not client.is_connected
    assert meter.open_links == 0
    assert asyncio.all_tasks() - before - {asyncio.current_task()} == set()
