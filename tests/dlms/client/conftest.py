"""A scripted meter and clients of it. The test plug-in fails every test that leaves a task or a timer behind."""

import asyncio

import pytest

from custom_components.cosem.dlms.client.channel import with_wrapper
from custom_components.cosem.dlms.client.link import Timing
from custom_components.cosem.dlms.encoding.data import double_long_unsigned
from custom_components.cosem.dlms.protocol.proposal import AssociationParameters
from tests.dlms.scripted import (
    CLOCK,
    PARAMETERS,
    ScriptedMeter,
)
from tests.timed_client import TimedClient

QUICK = Timing(connect=0.5, response=0.3, transfer=1, block=0.3, release=0.1, reconnect_gap=0)
OTHER = AssociationParameters(client_wport=1, server_wport=17)
SEVEN = double_long_unsigned(7)


class StillClock:
    """A clock that goes on only by sleeping."""

    def __init__(self):
        self.now = 100.0
        self.slept = []

    def monotonic(self):
        return self.now

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


def client_of(meter, timing=QUICK, **arguments):
    return TimedClient("meter.example", connect=with_wrapper(meter.connect), timing=timing, **arguments)


@pytest.fixture
def meter():
    return ScriptedMeter()


PATIENT = Timing(reconnect_gap=0)
"""For tests in which nothing should be waited for: a busy machine may be slow."""


@pytest.fixture
def client(meter):
    return client_of(meter)


@pytest.fixture
def patient(meter):
    return client_of(meter, PATIENT)


async def started(coroutine):
    """A task that has run as far as it can."""
    task = asyncio.create_task(coroutine)
    for _ in range(20):
        await asyncio.sleep(0)
    return task


async def use(client, parameters=PARAMETERS):
    async with client.associate(parameters) as association:
        await association.get(CLOCK)
        await asyncio.Event().wait()


def answers(*parts):
    """A ``get`` that answers with these parts, one request after the other."""
    left = list(parts)
    return lambda apdu: left.pop(0)
