"""What only comes by push stays while polls do not give it, and is missed only where an interval is expected."""

from collections.abc import Callable
from datetime import timedelta

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed
import pytest_socket

from custom_components.cosem.meter.readings import Readings
from custom_components.cosem.push.push_only import MISSED, PushOnlyValues
from tests.conftest import poll, set_up, state_of
from tests.push.senders import LOOPBACK, event_notification, free_port, listening, say, told, with_options, wpdu
from tests.push.test_pace import POWER, VOLTAGE, reading
from tests.simulated_meter.meter import SimulatedMeter

POWER_KEY = "3_1.0.1.7.0.255_2"


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    pytest_socket.socket_allow_hosts([LOOPBACK], allow_unix_socket=True)


class Watched:
    """Values that no poll reads, except the voltage; and time."""

    def __init__(self, hass: HomeAssistant, freezer: FrozenDateTimeFactory, minutes: float) -> None:
        self._hass, self._freezer = hass, freezer
        self.told = 0
        self.values = PushOnlyValues(hass, minutes, lambda attribute: attribute == VOLTAGE, self._tell)

    def _tell(self) -> None:
        self.told += 1

    async def wait(self, minutes: float) -> None:
        self._freezer.tick(timedelta(minutes=minutes))
        async_fire_time_changed(self._hass)
        await self._hass.async_block_till_done()


async def test_what_a_poll_gives_is_not_kept_beside_it(hass: HomeAssistant, freezer: FrozenDateTimeFactory):
    values = Watched(hass, freezer, 0).values
    values.take({POWER: reading(1), VOLTAGE: reading(230)})
    assert values.holds(POWER)
    assert not values.holds(VOLTAGE)
    polled = Readings(values={VOLTAGE: reading(231)})
    assert values.beside(polled).values == {VOLTAGE: reading(231), POWER: reading(1)}
    nothing = Watched(hass, freezer, 0).values
    assert nothing.beside(polled) is polled


async def test_without_an_expected_interval_nothing_is_ever_missed(hass: HomeAssistant, freezer: FrozenDateTimeFactory):
    watched = Watched(hass, freezer, 0)
    watched.values.take({POWER: reading(1)})
    await watched.wait(100_000)
    assert not watched.values.is_missed(POWER)
    assert watched.told == 0


async def test_what_does_not_come_in_time_is_missed_until_it_comes(hass: HomeAssistant, freezer: FrozenDateTimeFactory):
    watched = Watched(hass, freezer, 10)
    watched.values.take({})
    watched.values.take({POWER: reading(1), VOLTAGE: reading(230)})
    await watched.wait(6 * MISSED)
    watched.values.take({POWER: reading(2)})
    await watched.wait(5 * MISSED)  # the first one's time is over, the second one's is not
    assert not watched.values.is_missed(POWER)
    await watched.wait(6 * MISSED)
    assert watched.values.is_missed(POWER)
    assert not watched.values.is_missed(VOLTAGE)  # polls tell
    assert watched.told
    watched.values.take({POWER: reading(3)})
    assert not watched.values.is_missed(POWER)
    watched.values.stop()


async def test_after_the_end_nothing_is_told(hass: HomeAssistant, freezer: FrozenDateTimeFactory):
    watched = Watched(hass, freezer, 10)
    watched.values.stop()
    watched.values.take({POWER: reading(1)})
    watched.values.stop()
    await watched.wait(100)
    assert watched.told == 0


async def test_an_entity_whose_value_the_meter_only_sends_is_there_and_missed_after_the_interval(
    hass: HomeAssistant,
    network: None,
    freezer: FrozenDateTimeFactory,
    make_entry: Callable[..., MockConfigEntry],
    meter: SimulatedMeter,
):
    port = free_port()
    options = listening(port, expected_interval=10, state_pause=0)
    entry = await set_up(hass, with_options(make_entry(), options))
    meter.faults.add("denied", object="1.0.1.7.0.255")
    for _ in range(20):
        await poll(hass, freezer)
    assert state_of(hass, entry, POWER_KEY) == STATE_UNAVAILABLE
    async with told(hass, 1):
        say(port, wpdu(event_notification("06000001C8", "1.0.1.7.0.255", class_id=3)))
    assert state_of(hass, entry, POWER_KEY) == "456"
    await poll(hass, freezer)
    assert state_of(hass, entry, POWER_KEY) == "456"  # polls leave it alone
    for _ in range(20):
        await poll(hass, freezer)
    assert state_of(hass, entry, POWER_KEY) == STATE_UNAVAILABLE
    assert state_of(hass, entry, "3_1.0.1.8.0.255_2") != STATE_UNAVAILABLE
