"""With logical names, a meter over TCP that sends everything twice: it is read, and nothing is wrong (S22, F20)."""

from dataclasses import replace

import pytest

from custom_components.cosem.dlms import Data
from custom_components.cosem.dlms.client.channel import with_wrapper
from custom_components.cosem.dlms.protocol.leniencies import Leniency
from tests.simulated_meter.meter import SimulatedMeter
from tests.timed_client import TimedClient

from .conftest import FAST
from .secured import SecurePoller, secured_profile


class Twice:
    """The client's end of a connection. Each WPDU comes twice: at once, or ``behind`` the next one's first."""

    def __init__(self, transport, *, behind):
        self._transport, self._behind = transport, behind
        self._octets = self._held = b""
        self.send, self.close = transport.send, transport.close

    async def receive(self):
        while octets := await self._transport.receive():
            self._octets += octets
            if doubled := self._doubled():
                return doubled
        return b""

    def _doubled(self):
        doubled = b""
        while len(self._octets) >= 8 and len(self._octets) >= (end := 8 + int.from_bytes(self._octets[6:8])):
            wpdu, self._octets = self._octets[:end], self._octets[end:]
            doubled += self._held + wpdu + (b"" if self._behind else wpdu)
            self._held = wpdu if self._behind else b""
        return doubled


def poller_of(meter, wport, behind):
    async def connect():
        return Twice(await meter.connect(), behind=behind)

    return SecurePoller(meter, TimedClient("meter", connect=with_wrapper(connect), timing=FAST), wport=wport)


@pytest.mark.parametrize("behind", [False, True])
@pytest.mark.parametrize("pdu", [1024, 128])
@pytest.mark.parametrize("wport", [1, 3, 4, 5, 6, 7, 8, 9])
async def test_f20_a_meter_that_sends_everything_twice_is_read_and_locks_nobody_out(clock, wport, pdu, behind):
    """Every mechanism, with and without ciphering, whole and in blocks."""
    meter = SimulatedMeter(replace(secured_profile(), max_pdu_size=pdu), clock)
    poller = poller_of(meter, wport, behind)
    for _ in range(4):
        reading = await poller.poll()  # compared with what the meter has
        assert all(isinstance(value, Data) for value in reading.values())
    async with poller.client.associate(poller.parameters, security_state=poller.state) as association:
        for attribute in poller.polled:
            await association.get(attribute)
        assert Leniency.ANSWERS_TWICE in association.leniencies
    await poller.client.close()
    assert meter.open_links == 0
