"""What happens to the meter is in its logs, event codes and alarm registers."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from custom_components.cosem.dlms.encoding.data import Data, octet_string, unsigned
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from tests.simulated_meter.buffers import event_times
from tests.simulated_meter.happenings import Happenings, kind_of
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.notification_profile import NotificationProfile
from tests.simulated_meter.profile import Level, MeterProfile

from .tools import NOW


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def meter(clock: Clock) -> SimulatedMeter:
    profile = replace(MeterProfile(), history_days=2, notifications=NotificationProfile(logs=True))
    return SimulatedMeter(profile, clock)


def rows(meter: SimulatedMeter, log: int, at: datetime | None = None) -> list[Data]:
    value = meter.truth(f"0.0.99.98.{log}", at=at).value
    assert isinstance(value, tuple)
    return [row for row in value if isinstance(row, Data)]


def test_an_event_is_the_last_entry_of_its_log_and_its_event_code(meter: SimulatedMeter) -> None:
    before = rows(meter, 0)
    meter.speaker.happen(47)
    time = octet_string(meter.devices[1].time.octets(NOW))
    assert rows(meter, 0)[:-1] == before
    assert rows(meter, 0)[-1].value == (time, unsigned(47))
    assert meter.truth("0.0.96.11.0") == unsigned(47)


@pytest.mark.parametrize(("code", "log"), [(1, 0), (40, 1), (60, 2), (76, 4), (200, 0)])
def test_every_kind_of_event_has_its_log(meter: SimulatedMeter, code: int, log: int) -> None:
    sizes = {each: len(rows(meter, each)) for each in (0, 1, 2, 4)}
    meter.speaker.happen(code)
    assert {each: len(rows(meter, each)) for each in sizes} == sizes | {log: sizes[log] + 1}
    assert meter.truth(f"0.0.96.11.{log}") == unsigned(code)


def test_two_events_in_one_second_are_two_entries_in_order(meter: SimulatedMeter) -> None:
    meter.speaker.happen(40)
    meter.speaker.happen(42)
    first, second = (row.value for row in rows(meter, 1))
    assert isinstance(first, tuple)
    assert isinstance(second, tuple)
    assert (first[1], second[1]) == (unsigned(40), unsigned(42))
    assert first[0] != second[0]


def test_no_entry_takes_the_second_of_an_everyday_one(meter: SimulatedMeter, clock: Clock) -> None:
    everyday = event_times(meter.devices[1], int(NOW.timestamp()))[-1]
    clock.now = datetime.fromtimestamp(everyday, UTC)
    before = rows(meter, 0)
    meter.speaker.happen(1)
    assert rows(meter, 0)[:-1] == before


def test_the_past_stays_as_it_was(meter: SimulatedMeter, clock: Clock) -> None:
    clock.now += timedelta(hours=1)
    meter.speaker.happen(44)
    assert rows(meter, 1, NOW) == []
    assert meter.truth("0.0.97.98.0", at=NOW).value == 0
    assert len(rows(meter, 1)) == 1


def test_alarms_are_raised_and_those_of_power_and_voltage_end(meter: SimulatedMeter) -> None:
    def registers() -> list[object]:
        return [meter.truth(f"0.0.97.98.{register}").value for register in (0, 1, 2)]

    assert registers() == [0, 0, 0]
    for code, expected in [
        (44, [1 << 13, 0, 0]),
        (1, [1 << 13, 1, 0]),
        (2, [1 << 13, 2, 0]),
        (83, [1 << 13, 2 | 1 << 3, 0]),
        (86, [1 << 13, 2, 0]),
        (47, [1 << 13, 2, 0]),
    ]:
        meter.speaker.happen(code)
        assert registers() == expected


def test_a_usual_meter_has_one_log_and_one_alarm_register() -> None:
    meter = SimulatedMeter(replace(MeterProfile(), history_days=2), lambda: NOW)
    names = {item.logical_name for item in meter.devices[1].visible(Level.MANAGE)}
    for log in (0, 1, 2, 4):
        assert (LogicalName.parse(f"0.0.99.98.{log}") in names) == (log == 0)
    for register in (0, 1, 2):
        assert (LogicalName.parse(f"0.0.97.98.{register}") in names) == (register == 0)


def test_what_nobody_knows_is_in_the_standard_log_and_alarms_nobody() -> None:
    assert kind_of(123) == (0, None, None)
    happenings = Happenings()
    assert happenings.code_at(5) is None
    assert happenings.add(123, 5, frozenset({5, 6})).row == 7
    assert (happenings.code_at(7), happenings.alarms(0, 5)) == (123, 0)
