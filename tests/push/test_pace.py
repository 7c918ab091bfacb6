"""What is pushed every second becomes a state less often, and the last one always."""

from datetime import timedelta

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.cosem.dlms import AttributeDescriptor, Data, DataType, LogicalName
from custom_components.cosem.meter.readings import Reading
from custom_components.cosem.push.pace import Pace

POWER = AttributeDescriptor(3, LogicalName.parse("1.0.1.7.0.255"), 2)
VOLTAGE = AttributeDescriptor(3, LogicalName.parse("1.0.32.7.0.255"), 2)


def reading(number: int) -> Reading:
    return Reading(value=Data(DataType.LONG, number))


class Shown:
    """What was shown, and time."""

    def __init__(self, hass: HomeAssistant, freezer: FrozenDateTimeFactory, pause: float) -> None:
        self._hass, self._freezer = hass, freezer
        self.shown: list[dict[AttributeDescriptor, Reading]] = []
        self.pace = Pace(hass, pause, lambda values: self.shown.append(dict(values)))

    async def wait(self, seconds: float) -> None:
        self._freezer.tick(timedelta(seconds=seconds))
        async_fire_time_changed(self._hass)
        await self._hass.async_block_till_done()


@pytest.fixture
def paced(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> Shown:
    """With a pause of ten seconds."""
    return Shown(hass, freezer, 10)


async def test_the_first_value_is_shown_at_once_and_the_last_one_in_any_case(paced: Shown):
    for number in range(5):
        paced.pace.take({POWER: reading(number)})
    paced.pace.take({VOLTAGE: reading(230)})
    assert paced.shown == [{POWER: reading(0)}]
    await paced.wait(11)
    assert paced.shown[1:] == [{POWER: reading(4), VOLTAGE: reading(230)}]
    await paced.wait(11)
    paced.pace.take({POWER: reading(9)})  # at once again
    assert paced.shown[2:] == [{POWER: reading(9)}]
    paced.pace.stop()


async def test_what_the_meter_was_read_for_meanwhile_is_not_shown_again(paced: Shown):
    paced.pace.take({POWER: reading(1)})
    paced.pace.take({POWER: reading(2)})
    paced.pace.drop({POWER: reading(3)})
    await paced.wait(11)
    assert len(paced.shown) == 1


async def test_what_no_poll_gives_waits_on(paced: Shown):
    paced.pace.take({POWER: reading(1)})
    paced.pace.take({POWER: reading(2), VOLTAGE: reading(230)})
    paced.pace.drop({POWER: reading(3)})
    await paced.wait(11)
    assert paced.shown[1:] == [{VOLTAGE: reading(230)}]
    paced.pace.stop()


async def test_after_the_end_nothing_is_shown(paced: Shown):
    paced.pace.take({POWER: reading(1)})
    paced.pace.take({POWER: reading(2)})
    paced.pace.stop()
    await paced.wait(11)
    assert len(paced.shown) == 1


async def test_without_a_pause_every_value_is_shown(hass: HomeAssistant, freezer: FrozenDateTimeFactory):
    all_shown = Shown(hass, freezer, 0)
    for number in range(3):
        all_shown.pace.take({POWER: reading(number)})
    assert len(all_shown.shown) == 3
