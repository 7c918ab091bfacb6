"""Numbers that need more than the number: what is a counter, when it was captured, what its status says."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.cosem.dlms import (
    AttributeDescriptor,
    ConnectionLost,
    Data,
    DataAccessError,
    DataType,
    LogicalName,
    ScalerUnit,
)
from custom_components.cosem.dlms.encoding.data import double_long_unsigned, octet_string, unsigned
from custom_components.cosem.meter.counter_check import CounterCheck
from custom_components.cosem.meter.readings import Reading

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
WH, WATTS, CUBIC_METRES = ScalerUnit(0, 30), ScalerUnit(0, 27), ScalerUnit(-3, 13)
ENERGY = AttributeDescriptor(3, LogicalName.parse("1.0.1.8.0.255"), 2)
POWER = AttributeDescriptor(3, LogicalName.parse("1.0.1.7.0.255"), 2)
NET = AttributeDescriptor(3, LogicalName.parse("1.0.16.8.0.255"), 2)
GAS = AttributeDescriptor(4, LogicalName.parse("0.1.24.2.1.255"), 2)
PEAK = AttributeDescriptor(4, LogicalName.parse("1.0.1.6.0.255"), 2)
DEMAND = AttributeDescriptor(5, LogicalName.parse("1.0.1.4.0.255"), 3)
FAILURES = AttributeDescriptor(1, LogicalName.parse("0.0.96.7.0.255"), 2)
FIRMWARE = AttributeDescriptor(1, LogicalName.parse("1.0.0.2.0.255"), 2)
NEVER = octet_string(bytes.fromhex("FFFFFFFFFFFFFFFFFF8000FF"))
CAPTURED = octet_string(bytes.fromhex("07EA0601010B0000FF800000"))


@dataclass
class Meter:
    """An association whose meter answers what it was given."""

    answers: dict[AttributeDescriptor, Data] = field(default_factory=dict)
    asked: list[AttributeDescriptor] = field(default_factory=list)

    async def get_many(self, attributes: Iterable[AttributeDescriptor]) -> list[Data | DataAccessError]:
        wanted = list(attributes)
        self.asked += wanted
        return [self.answers.get(attribute, DataAccessError(4)) for attribute in wanted]


@pytest.fixture
def check(hass: HomeAssistant) -> CounterCheck:
    return CounterCheck(hass, "SIM1")


async def shown(
    check: CounterCheck, meter: Any, minute: int, attribute: AttributeDescriptor, number: int, unit: ScalerUnit
) -> bool:
    """Whether a number is shown."""
    readings = {attribute: Reading(value=double_long_unsigned(number), scaler_unit=unit)}
    await check.async_check(meter, readings, NOON + timedelta(minutes=minute), {1: 3})
    return readings[attribute].value is not None


@pytest.mark.parametrize(
    ("attribute", "unit", "guarded"),
    [(ENERGY, WH, True), (GAS, CUBIC_METRES, True), (POWER, WATTS, False), (NET, WH, False), (PEAK, WATTS, False)],
)
async def test_only_counters_may_not_fall(
    check: CounterCheck, attribute: AttributeDescriptor, unit: ScalerUnit, guarded: bool
):
    assert await shown(check, Meter(), 0, attribute, 500, unit)
    assert await shown(check, Meter(), 1, attribute, 400, unit) is not guarded
    await check.async_close()


async def test_how_fast_a_counter_may_grow_depends_on_its_unit(check: CounterCheck):
    assert await shown(check, Meter(), 0, ENERGY, 500, WH)
    assert not await shown(check, Meter(), 1, ENERGY, 4_000_000_000, WH)
    await check.async_close()


async def test_a_counter_without_a_unit_may_not_fall_either(check: CounterCheck):
    for minute, number in enumerate((5, 4)):
        readings = {FAILURES: Reading(value=unsigned(number))}
        meter: Any = Meter()
        withheld = await check.async_check(meter, readings, NOON + timedelta(minutes=minute), {})
    assert withheld.keys() == {FAILURES}
    await check.async_close()


async def test_what_no_entity_shows_is_no_counter(check: CounterCheck):
    for minute, number in enumerate((5, 4)):
        readings = {FIRMWARE: Reading(value=unsigned(number))}
        meter: Any = Meter()
        assert await check.async_check(meter, readings, NOON + timedelta(minutes=minute), {}) == {}
        assert readings[FIRMWARE].value is not None
    await check.async_close()


async def test_trial_14_what_was_believed_outlives_a_restart(hass: HomeAssistant, check: CounterCheck):
    assert await shown(check, Meter(), 0, ENERGY, 500, WH)
    await check.async_close()
    after = CounterCheck(hass, "SIM1")
    await after.async_load()
    assert not await shown(after, Meter(), 1, ENERGY, 0, WH)
    await after.async_close()


async def test_a_meter_that_was_replaced_is_forgotten(hass: HomeAssistant, check: CounterCheck):
    assert await shown(check, Meter(), 0, ENERGY, 500, WH)
    await check.async_close()
    await check.async_forget()
    after = CounterCheck(hass, "SIM1")
    await after.async_load()
    assert await shown(after, Meter(), 1, ENERGY, 0, WH)
    await after.async_close()


async def test_it_is_written_now_and_then_too(
    hass: HomeAssistant, check: CounterCheck, hass_storage: dict[str, Any], freezer: FrozenDateTimeFactory
):
    assert await shown(check, Meter(), 0, ENERGY, 500, WH)
    freezer.tick(901)
    async_fire_time_changed(hass)
    await hass.async_block_till_done()
    assert next(iter(hass_storage.values()))["data"].keys() == {str(ENERGY)}


async def test_of_a_meter_without_counters_nothing_is_written(check: CounterCheck, hass_storage: dict[str, Any]):
    await check.async_close()
    assert hass_storage == {}


async def test_companions_are_asked_for_in_the_same_order_each_time(check: CounterCheck):
    peaks = [PEAK._replace(logical_name=LogicalName(bytes((1, 0, 1, 6, rate, 255)))) for rate in range(20)]
    readings = {peak: Reading(value=unsigned(0), scaler_unit=WATTS) for peak in peaks}
    meter: Any = Meter()
    await check.async_check(meter, readings, NOON, {})
    assert meter.asked == [peak._replace(attribute_index=index) for peak in peaks for index in (4, 5)]
    await check.async_close()


async def test_values_without_a_number_are_left_alone(check: CounterCheck):
    readings = {ENERGY: Reading(), POWER: Reading(value=octet_string(b"A"), scaler_unit=WATTS)}
    before = dict(readings)
    meter: Any = Meter()
    assert await check.async_check(meter, readings, NOON, {}) == {}
    assert (readings, meter.asked) == (before, [])


@pytest.mark.parametrize(
    ("attribute", "unit", "time"),
    [(GAS, CUBIC_METRES, 5), (PEAK, WATTS, 5), (DEMAND, WATTS, 6)],
)
@pytest.mark.parametrize(
    ("captured", "expected"), [(NEVER, False), (CAPTURED, True), (None, True)], ids=["never", "once", "unknown"]
)
async def test_trial_14_zero_that_was_never_captured_means_nothing(
    check: CounterCheck,
    attribute: AttributeDescriptor,
    unit: ScalerUnit,
    time: int,
    captured: Data | None,
    expected: bool,
):
    meter = Meter({} if captured is None else {attribute._replace(attribute_index=time): captured})
    assert await shown(check, meter, 0, attribute, 0, unit) is expected
    assert await shown(check, meter, 1, attribute, 7, unit), "only zero is asked about"


async def test_what_was_never_captured_is_no_number_to_start_from(check: CounterCheck):
    meter = Meter({GAS._replace(attribute_index=5): NEVER})
    assert await shown(check, meter, 0, GAS, 500, CUBIC_METRES)
    for minute in (1, 2, 3):
        assert not await shown(check, meter, minute, GAS, 0, CUBIC_METRES)
    meter.answers.clear()
    assert await shown(check, meter, 4, GAS, 501, CUBIC_METRES)
    await check.async_close()


@pytest.mark.parametrize(("status", "reads"), [(unsigned(0), 2), (unsigned(8), 3), (Data(DataType.NULL_DATA, None), 2)])
async def test_trial_14_a_status_that_says_something_takes_one_read_more(check: CounterCheck, status: Data, reads: int):
    meter = Meter({GAS._replace(attribute_index=4): status})
    assert await shown(check, meter, 0, GAS, 500, CUBIC_METRES)
    minute = 1
    while not await shown(check, meter, minute, GAS, 3, CUBIC_METRES):
        minute += 1
    assert minute == reads
    await check.async_close()


async def test_companions_that_are_refused_again_and_again_are_not_asked_for(check: CounterCheck):
    asked = []
    for minute in range(5):
        meter = Meter()
        await shown(check, meter, minute, PEAK, 0, WATTS)
        asked.append(len(meter.asked))
    assert asked == [2, 2, 2, 0, 0]


async def test_a_meter_that_hangs_up_at_its_companions_has_answered_the_value(check: CounterCheck):
    class HangsUp(Meter):
        async def get_many(self, attributes: Iterable[AttributeDescriptor]) -> list[Data | DataAccessError]:
            self.asked += attributes
            raise ConnectionLost

    asked = []
    for minute in range(5):
        meter = HangsUp()
        assert await shown(check, meter, minute, PEAK, 0, WATTS)
        asked.append(len(meter.asked))
    assert asked == [2, 2, 2, 0, 0], "and it is not made to hang up with every poll"


async def test_what_nobody_reads_any_more_waits_for_nothing(check: CounterCheck):
    meter: Any = Meter()
    for minute, number in enumerate((500, 0)):
        await shown(check, meter, minute, ENERGY, number, WH)
    readings = {POWER: Reading(value=double_long_unsigned(7), scaler_unit=WATTS)}
    assert await check.async_check(meter, readings, NOON + timedelta(minutes=3), {}) == {}
    await check.async_close()


@pytest.mark.parametrize(
    ("attribute", "unit", "numbers", "unread", "taken"),
    [
        (ENERGY, WH, (500, 501), False, (False, False)),  # a poll has to tell where it begins
        (ENERGY, WH, (500, 501), True, (True, True)),
        (ENERGY, WH, (0, 1), True, (True, True)),
        (ENERGY, WH, (500, 400, 401), True, (True, False, True)),  # the next push confirms it
        (GAS, CUBIC_METRES, (0, 7), True, (False, True)),  # perhaps it was never captured
        (POWER, WATTS, (500, 0), False, (True, True)),
    ],
)
async def test_a_counter_that_no_poll_gives_is_judged_by_what_is_sent(
    check: CounterCheck,
    attribute: AttributeDescriptor,
    unit: ScalerUnit,
    numbers: tuple[int, ...],
    unread: bool,
    taken: tuple[bool, ...],
):
    found = []
    for minute, number in enumerate(numbers):
        readings = {attribute: Reading(value=double_long_unsigned(number), scaler_unit=unit)}
        unpolled = {attribute} if unread else set()
        check.take_pushed(readings, NOON + timedelta(minutes=minute), {1: 3}, unpolled)
        found.append(attribute in readings)
    assert tuple(found) == taken
    await check.async_close()
