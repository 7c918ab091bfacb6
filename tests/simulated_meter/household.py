"""What the simulated meter measures: a home with a heat pump and solar panels, as a pure function of (seed, time).

Energies are the exact integrals of the powers shown; a total is the sum of its tariffs. Any time after 2020 costs about
the same.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
import math
from typing import Final

from .day_pattern import CHANNELS, DAY_TARIFF, KINDS, MINUTES, SEASONS, DayPattern, make_day
from .noise import scatter, smooth, unit

EPOCH: Final = int(datetime(2020, 1, 1, tzinfo=UTC).timestamp())
"""The meter's installation: energies start at the first local midnight from here on."""
DAY: Final = 86_400
PERIOD: Final = 900
"""Period of demands and load profile, in seconds."""
_WATT_MINUTES_TO_MILLI: Final = 60_000  # one watt-minute is 60,000 W·ms
_MILLI_PER_WATT_HOUR: Final = 3_600_000


@dataclass(frozen=True, slots=True)
class Energies:
    """Counters since installation: whole Wh, varh, VAh."""

    import_1: int
    import_2: int
    export_1: int
    export_2: int
    reactive_import: int
    reactive_export: int
    apparent_import: int

    @property
    def import_total(self) -> int:
        return self.import_1 + self.import_2

    @property
    def export_total(self) -> int:
        return self.export_1 + self.export_2


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase: 0.1 V, 0.01 A, W and var (import positive), power factor in 0.001."""

    voltage: int
    current: int
    power: int
    reactive: int
    power_factor: int


@dataclass(frozen=True, slots=True)
class Instant:
    """All instantaneous values: frequency in 0.01 Hz, neutral current in 0.01 A, temperature in 0.1 °C."""

    phases: tuple[Phase, ...]
    frequency: int
    neutral_current: int
    temperature: int
    tariff: int

    @property
    def power(self) -> int:
        """Sum of the phases in W; import positive."""
        return sum(phase.power for phase in self.phases)

    @property
    def reactive(self) -> int:
        """Sum of the phases in var; import positive."""
        return sum(phase.reactive for phase in self.phases)

    @property
    def apparent(self) -> int:
        """Apparent power in VA."""
        return math.isqrt(self.power**2 + self.reactive**2)

    @property
    def power_factor(self) -> int:
        """Of the sums, in 0.001."""
        return _power_factor(self.power, self.reactive)


def _power_factor(power: int, reactive: int) -> int:
    apparent = math.hypot(power, reactive)
    return round(1000 * abs(power) / apparent) if apparent else 1000


class Household:
    """A home. ``standard_offset``: local standard time in seconds east of UTC; people and tariffs go by it."""

    def __init__(self, seed: int, *, phases: int = 3, standard_offset: int = 3600) -> None:
        self.seed = seed
        self.phases = phases
        self.standard_offset = standard_offset
        self._first_day = -(-(EPOCH + standard_offset) // DAY)
        self._patterns: dict[int, DayPattern] = {}
        self._days: list[tuple[int, ...]] = [tuple(0 for _ in CHANNELS)]
        self._quarters = lru_cache(1024)(self._peak_of)

    def energies(self, at: datetime) -> Energies:
        """Return the counters; all zero before the installation."""
        return Energies(*(milli // _MILLI_PER_WATT_HOUR for milli in self._integral(_milliseconds(at))))

    def instant(self, at: datetime) -> Instant:
        """Return voltages, currents, powers that fit together: I of a phase from its P, Q and U."""
        seconds = max(at.timestamp(), EPOCH)
        day, minute = divmod(int(seconds) + self.standard_offset, DAY)
        minute //= 60
        pattern = self._pattern(day)
        phases = tuple(
            self._phase(index, seconds, pattern.power[minute][index], pattern.reactive[minute][index])
            for index in range(self.phases)
        )
        slot = int(seconds) // 10
        hour = (seconds + self.standard_offset) % DAY / 3600
        season = self._season(day)
        return Instant(
            phases=phases,
            frequency=5000 + round(2.6 * smooth(300, seconds, self.seed, 1) + 0.9 * unit(self.seed, 2, slot)),
            neutral_current=self._neutral(phases),
            temperature=round(
                (190, 205, 235, 205)[season]
                + 18 * math.sin((hour - 9) / 12 * math.pi)
                + 9 * smooth(7200, seconds, self.seed, 3)
            ),
            tariff=1 if minute in DAY_TARIFF else 2,
        )

    def average_import(self, start: int, end: int) -> int:
        """Return average import in W between two UNIX times of one period."""
        first, last = self._integral(start * 1000), self._integral(end * 1000)
        return (last[0] + last[1] - first[0] - first[1]) // (PERIOD * 1000)

    def average_export(self, start: int, end: int) -> int:
        """Return average export in W between two UNIX times of one period."""
        first, last = self._integral(start * 1000), self._integral(end * 1000)
        return (last[2] + last[3] - first[2] - first[3]) // (PERIOD * 1000)

    def peak_import(self, begin: int, at: int) -> tuple[int, int]:
        """Return the largest average of a complete period in [begin, at), and its end (UNIX seconds)."""
        best, when = 0, begin
        day_start = begin
        while day_start + PERIOD <= at:
            day_end = min(
                ((day_start + self.standard_offset) // DAY + 1) * DAY - self.standard_offset, at // PERIOD * PERIOD
            )
            watts, end = self._quarters(day_start, day_end)
            if watts > best:
                best, when = watts, end
            day_start = day_end
        return best, when

    def _peak_of(self, start: int, end: int) -> tuple[int, int]:
        return max(
            ((self.average_import(time, time + PERIOD), time + PERIOD) for time in range(start, end, PERIOD)),
            key=lambda entry: (entry[0], -entry[1]),
            default=(0, start),
        )

    def _integral(self, milliseconds: int) -> list[int]:
        """All channels in W·ms since the installation."""
        milliseconds = max(milliseconds + self.standard_offset * 1000, self._first_day * DAY * 1000)
        day, rest = divmod(milliseconds, DAY * 1000)
        minute, part = divmod(rest, 60_000)
        before = self._before(day)
        values = []
        for total, running in zip(before, self._pattern(day).sums, strict=True):
            done = running[minute]
            values.append((total + done) * _WATT_MINUTES_TO_MILLI + (running[minute + 1] - done) * part)
        return values

    def _before(self, day: int) -> tuple[int, ...]:
        """Watt-minutes up to the start of a day."""
        index = day - self._first_day
        while len(self._days) <= index:
            pattern = self._pattern(self._first_day + len(self._days) - 1)
            last = self._days[-1]
            self._days.append(
                tuple(total + running[MINUTES] for total, running in zip(last, pattern.sums, strict=True))
            )
        return self._days[index]

    def _pattern(self, day: int) -> DayPattern:
        """Days since 1970-01-01, local standard time."""
        dice = scatter(self.seed, 4, day)
        kind = 5 + dice % 2 if (day + 3) % 7 >= 5 else dice % 5
        key = self._season(day) * KINDS + kind
        pattern = self._patterns.get(key)
        if pattern is None:
            pattern = self._patterns[key] = make_day(self.seed, key // KINDS, kind, self.phases)
        return pattern

    @staticmethod
    def _season(day: int) -> int:
        """Winter is December to February. A year is taken as 365.2425 days."""
        year_part = ((day + 31) / 365.2425) % 1.0
        return int(year_part * SEASONS)

    def _phase(self, index: int, seconds: float, power: int, reactive: int) -> Phase:
        """The voltage sags a little with the load."""
        volts = (
            231.2
            + 2.4 * smooth(900, seconds, self.seed, 5, index)
            + 0.5 * unit(self.seed, 6, index, int(seconds) // 10)
            - 0.0011 * power
        )
        voltage = round(volts * 10)
        apparent = math.hypot(power, reactive)
        return Phase(
            voltage=voltage,
            current=round(apparent / (voltage / 10) * 100),
            power=power,
            reactive=reactive,
            power_factor=_power_factor(power, reactive),
        )

    @staticmethod
    def _neutral(phases: tuple[Phase, ...]) -> int:
        """The sum of the phases' currents as vectors."""
        total = 0j
        for index, phase in enumerate(phases):
            angle = -2 * math.pi / 3 * index - math.atan2(phase.reactive, phase.power)
            total += phase.current * complex(math.cos(angle), math.sin(angle))
        return round(abs(total))


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
