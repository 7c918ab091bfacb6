"""One day of a home by minutes: appliances, roof, running sums.

A home has few different days (season x kind of day), so that the sum over years is a sum over a table.
"""

from array import array
from dataclasses import dataclass
from itertools import accumulate
import math
import random
from typing import Final

MINUTES: Final = 1440
SEASONS: Final = 4
"""0 winter, 1 spring, 2 summer, 3 autumn."""
KINDS: Final = 7
"""0 to 4 are working days, 5 and 6 the weekend."""
DAY_TARIFF: Final = range(6 * 60, 22 * 60)
"""Minutes of the day (standard time) in tariff 1; the others are tariff 2."""

_PEAK: Final = (2600, 6000, 7400, 4300)
_SUNRISE: Final = (490, 390, 310, 420)
_SUNSET: Final = (990, 1150, 1290, 1080)
_CLOUDS: Final = (1.0, 0.85, 0.6, 0.4, 0.9, 0.75, 0.5)
_HEAT_PUMP: Final = (38, 14, 0, 18)
"""Minutes in each 75 that the heat pump runs."""

type Phases = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class DayPattern:
    """Powers by minute and their integrals. ``power[m]``, ``reactive[m]``: W and var of L1, L2, L3 (import positive).

    ``sums`` has arrays of 1,441 items: watt-minutes of all minutes before.
    """

    power: tuple[Phases, ...]
    reactive: tuple[Phases, ...]
    sums: tuple[array[int], ...]


CHANNELS: Final = (
    "import_1",
    "import_2",
    "export_1",
    "export_2",
    "reactive_import",
    "reactive_export",
    "apparent_import",
)
"""Order of ``DayPattern.sums``: active energy by direction and tariff, reactive by direction, apparent."""


def make_day(seed: int, season: int, kind: int, phases: int) -> DayPattern:
    """Return the day of a kind and season; a home with one phase has all on L1."""
    chance = random.Random(f"day/{seed}/{season}/{kind}")
    loads, reactive = _appliances(chance, season, kind)
    roof = _roof(chance, season, kind)
    power: list[Phases] = []
    vars_: list[Phases] = []
    for minute in range(MINUTES):
        share = roof[minute] // 3
        one, two, three = (column[minute] - share for column in loads)
        q_one, q_two, q_three = (column[minute] for column in reactive)
        if phases == 1:
            power.append((one + two + three, 0, 0))
            vars_.append((q_one + q_two + q_three, 0, 0))
        else:
            power.append((one, two, three))
            vars_.append((q_one, q_two, q_three))
    return DayPattern(tuple(power), tuple(vars_), _integrate(power, vars_))


def channels_of(power: Phases, reactive: Phases, minute: int) -> tuple[int, ...]:
    """Return what each of CHANNELS takes up in this minute, in W, var, VA."""
    active, reactive_sum = sum(power), sum(reactive)
    first = minute in DAY_TARIFF
    imported, exported = max(active, 0), max(-active, 0)
    return (
        imported if first else 0,
        0 if first else imported,
        exported if first else 0,
        0 if first else exported,
        max(reactive_sum, 0),
        max(-reactive_sum, 0),
        math.isqrt(active * active + reactive_sum * reactive_sum) if active > 0 else 0,
    )


def _integrate(power: list[Phases], reactive: list[Phases]) -> tuple[array[int], ...]:
    columns = zip(*map(channels_of, power, reactive, range(MINUTES), strict=True), strict=True)
    return tuple(array("q", accumulate(column, initial=0)) for column in columns)


def _appliances(chance: random.Random, season: int, kind: int) -> tuple[list[list[int]], list[list[int]]]:
    """Return W and var by minute and phase."""
    load = [[watts + chance.randrange(-6, 7) for _ in range(MINUTES)] for watts in (75, 62, 88)]
    reactive = [[-chance.randrange(14, 24) for _ in range(MINUTES)] for _ in range(3)]

    def run(phase: int, start: int, minutes: int, watts: int, factor: float = 0.0) -> None:
        for minute in range(max(start, 0), min(start + minutes, MINUTES)):
            load[phase][minute] += watts
            reactive[phase][minute] += int(watts * factor)

    for phase, watts, every, on in ((0, 88, 47, 18), (2, 104, 63, 21)):  # fridge and freezer
        for start in range(-chance.randrange(every), MINUTES, every):
            run(phase, start, on, watts, 0.55)
    if _HEAT_PUMP[season]:
        for start in range(chance.randrange(40), MINUTES, 75):
            for phase in range(3):
                run(phase, start, _HEAT_PUMP[season], 480 + chance.randrange(-15, 16), 0.42)
    weekend = kind >= 5
    morning = chance.randrange(385, 420) + (80 if weekend else 0)
    run(1, morning, 4, 2050)  # kettle
    run(0, morning - 5, 55, 110)  # lights
    if weekend:
        run(2, chance.randrange(710, 740), 35, 1700)
        run(1, chance.randrange(715, 745), 25, 1400)
    dinner = chance.randrange(1080, 1125)
    for step in range(0, 48, 8):  # the oven's thermostat
        run(2, dinner + step, 5, 2250)
    run(1, dinner + 6, 30, 1480)
    dusk = max(_SUNSET[season] - 20, 1020)
    run(0, dusk, 1395 - dusk, 135)
    run(1, 1140, 235, 165, -0.1)  # television
    if kind in {1, 3, 5}:  # washing machine
        start = chance.randrange(540, 900)
        run(0, start, 19, 2050)
        run(0, start + 19, 70, 190, 0.6)
    if kind in {0, 2, 6}:  # dishwasher
        run(2, dinner + 100, 16, 1850)
    if kind in {2, 4}:  # electric car
        run(0, chance.randrange(1120, 1180), 170, 3560, 0.03)
    return load, reactive


def _roof(chance: random.Random, season: int, kind: int) -> list[int]:
    """Return W by minute."""
    rise, sunset = _SUNRISE[season], _SUNSET[season]
    clear = 1.0
    watts = [0] * MINUTES
    for minute in range(rise, sunset):
        clear = min(1.0, max(0.72, clear + chance.uniform(-0.05, 0.05)))
        height = math.sin(math.pi * (minute - rise) / (sunset - rise)) ** 1.3
        watts[minute] = int(_PEAK[season] * _CLOUDS[kind] * height * clear)
    return watts
