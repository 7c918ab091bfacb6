"""F56: another client competes for a meter that serves one at a time. Both get their turns, and nobody asks in vain."""

from collections.abc import AsyncIterator
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers.update_coordinator import UpdateFailed
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.conftest import set_up
from tests.faults.truth import Bench, EntryMaker
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import MeterProfile

ENERGY = "3_1.0.1.8.0.255_2"
TOLD = "refuses as if another program was connected"


@pytest.fixture
def meter() -> SimulatedMeter:
    """A meter that has one connection; a second one is closed at once."""
    return SimulatedMeter(MeterProfile().with_quirks(one_connection=True), dt_util.utcnow)


@pytest.fixture
async def bench(
    hass: HomeAssistant,
    network: None,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> Bench:
    caplog.set_level("INFO")
    return Bench(hass, meter, freezer, caplog)


@pytest.fixture(params=[{}, {"stay_connected": True}, {"interval": 10}], ids=["each poll", "stay connected", "fast"])
async def entry(
    request: pytest.FixtureRequest, hass: HomeAssistant, bench: Bench, make_entry: EntryMaker
) -> AsyncIterator[MockConfigEntry]:
    made = await set_up(hass, make_entry(**request.param))
    yield made
    bench.check_truth(made)
    await hass.config_entries.async_unload(made.entry_id)
    bench.check_nothing_left()


async def taken(meter: SimulatedMeter) -> Any:
    """Let a tool have the meter's only connection, as after a restart of the gateway."""
    meter.restart()
    for link in meter.links:
        await link.close()
    return await meter.connect()


def pause_of(entry: MockConfigEntry) -> float:
    failure = entry.runtime_data.last_exception
    assert isinstance(failure, UpdateFailed)
    assert failure.retry_after is not None
    return failure.retry_after


async def test_f56_a_tool_that_holds_the_only_connection_gets_room_and_we_our_turn_afterwards(
    bench: Bench, entry: MockConfigEntry, caplog: pytest.LogCaptureFixture
):
    tool = await taken(bench.meter)
    pauses, attempts = [], []
    for _ in range(5):
        before = bench.meter.connections
        await bench.poll(340)
        attempts.append(bench.meter.connections - before)
        pauses.append(pause_of(entry))
        assert bench.state(entry, ENERGY) == STATE_UNAVAILABLE
    assert min(pauses[1:]) >= 60
    assert pauses[1:4] == sorted(pauses[1:4])
    assert all(300 <= pause <= 330 for pause in pauses[3:])
    assert max(attempts[1:]) <= 2  # of one poll: nothing is tried again and again
    assert caplog.text.count(TOLD) == 1
    await tool.close()
    await bench.poll(340)
    assert bench.state(entry, ENERGY) != STATE_UNAVAILABLE
    bench.check_outages(1)


async def test_f56_while_there_are_two_clients_nothing_is_kept_between_polls(
    bench: Bench, entry: MockConfigEntry, caplog: pytest.LogCaptureFixture
):
    """A tool that comes once an hour always finds the meter free; after an hour without one the connection is kept."""
    tool = await taken(bench.meter)
    for _ in range(2):
        await bench.poll(340)
    await tool.close()
    for _ in range(5):
        await bench.poll(340)
        assert bench.state(entry, ENERGY) != STATE_UNAVAILABLE
        assert bench.meter.open_links == 0
        tool = await bench.meter.connect()
        assert bench.meter.open_links == 1
        await tool.close()
    for _ in range(7):
        await bench.poll(340)
    assert caplog.text.count(TOLD) == 1
    stays = entry.options["stay_connected"] or entry.options["interval"] < 60
    assert bench.meter.open_links == (1 if stays else 0)
    bench.check_outages(1)


async def test_f56_a_meter_that_only_starts_again_is_read_after_the_usual_pause(
    bench: Bench, entry: MockConfigEntry, caplog: pytest.LogCaptureFixture
):
    restarted = await taken(bench.meter)
    await restarted.close()
    fault = bench.meter.faults.add("refuse", times=1)
    await bench.poll(70)
    assert fault.fired == 1
    assert bench.state(entry, ENERGY) == STATE_UNAVAILABLE
    assert pause_of(entry) <= 1.1 * entry.options["interval"]
    await bench.poll(70)
    assert bench.state(entry, ENERGY) != STATE_UNAVAILABLE
    assert TOLD not in caplog.text
