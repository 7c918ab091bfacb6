"""Whether the number of a counter can be right, before anything is told of it. Pure: the caller says what time it is.

A meter that restarts, or a garbled answer, may show 0 or nonsense once; in statistics that stays for good (rule F28).
So a counter that falls, or grows faster than anything real, waits until a later read confirms it or other registers
prove it. What is confirmed passes: meters are replaced, and registers reset. Knows nothing of how a meter is read.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from ..dlms import AttributeDescriptor, LogicalName

CONFIRM_AFTER: Final = timedelta(seconds=30)
"""A restart takes a while: two reads that follow each other faster are one."""

CONFIRM_ZERO_AFTER: Final = timedelta(minutes=15)
"""What meters show while they start, whatever they counted; a real reset can wait."""

_SHORTEST: Final = timedelta(minutes=1)
_LONGEST_STEP: Final = timedelta(hours=1)
"""Registers change in steps, once a second or, behind another meter, once a day: what was used in up to this time may
come at once. The limits below are wide enough for the days."""

_MOST_PER_HOUR: Final[Mapping[int, Decimal]] = {
    # By unit code of Blue Book ed. 15 table 4. A megawatt and a thousand cubic metres an hour are more than
    # any meter without a transformer counts; who has more waits once for a confirmation.
    13: Decimal(1_000),  # m³
    14: Decimal(1_000),  # m³, corrected
    19: Decimal(1_000_000),  # l
    20: Decimal(1_000_000),  # kg
    25: Decimal(3_600_000_000),  # J
    30: Decimal(1_000_000),  # Wh
    31: Decimal(1_000_000),  # VAh
    32: Decimal(1_000_000),  # varh
}

_TOTAL: Final = 0
"""Value group E of the register over all tariffs."""


@dataclass(frozen=True, slots=True)
class Counted:
    """A counter's number in its unit, when it was read, and since when it has been the same."""

    number: Decimal
    unit: int
    at: datetime
    since: datetime


@dataclass(frozen=True, slots=True)
class Withheld:
    """A number that is not believed yet, and the one before it."""

    before: Decimal
    found: Decimal
    unit: int
    at: datetime
    confirmations: int = 0


type Numbers = Mapping[AttributeDescriptor, tuple[Decimal, int]]
"""Numbers in their unit, and the unit's code."""


class CounterGuard:
    """Remembers the last believed number of each counter, and judges the next one."""

    def __init__(self, last: Mapping[AttributeDescriptor, Counted] | None = None) -> None:
        """Begin with what was believed before the start."""
        self._last = dict(last or {})
        self._withheld: dict[AttributeDescriptor, Withheld] = {}
        self._growth: dict[AttributeDescriptor, Decimal] = {}
        """What was confirmed to be possible, in units per hour."""

    @property
    def last(self) -> Mapping[AttributeDescriptor, Counted]:
        """The last believed numbers."""
        return self._last

    @property
    def withheld(self) -> Mapping[AttributeDescriptor, Withheld]:
        """What waits for a confirmation."""
        return self._withheld

    def doubts(self, read: Numbers, at: datetime) -> set[AttributeDescriptor]:
        """Return which of these numbers do not simply follow what was believed before; changes nothing."""
        return {
            attribute
            for attribute, (number, unit) in read.items()
            if not self._goes_on(attribute, Counted(number, unit, at, at))
        }

    def believe(
        self, read: Numbers, at: datetime, *, unsure: Collection[AttributeDescriptor] = ()
    ) -> set[AttributeDescriptor]:
        """Judge numbers that were read together; return which ones to show.

        `unsure`: the meter itself says that something is wrong with them; they need one confirmation more.
        """
        proven = _sums_of_their_tariffs(read).difference(unsure)
        return {
            attribute
            for attribute, (number, unit) in read.items()
            if self._is_believed(
                attribute,
                Counted(number, unit, at, at),
                proven=attribute in proven,
                confirmations=2 if attribute in unsure else 1,
            )
        }

    def _goes_on(self, attribute: AttributeDescriptor, counted: Counted) -> bool:
        last = self._last.get(attribute)
        return last is None or last.unit != counted.unit or self._follows(attribute, last, counted)

    def _is_believed(
        self, attribute: AttributeDescriptor, counted: Counted, *, proven: bool, confirmations: int
    ) -> bool:
        last = self._last.get(attribute)
        if last is None or self._goes_on(attribute, counted) or (proven and counted.number < last.number):
            self._accept(attribute, counted)
            return True
        held = self._withheld.get(attribute)
        if held is None or not self._follows_held(attribute, held, counted, grown=held.found > last.number):
            self._withheld[attribute] = Withheld(last.number, counted.number, counted.unit, counted.at)
            return False
        wait = CONFIRM_AFTER if counted.number else CONFIRM_ZERO_AFTER
        if abs(counted.at - held.at) < wait:  # abs: a clock that was set back must not hold it for ever
            return False
        if held.confirmations + 1 < confirmations:
            self._withheld[attribute] = replace(
                held, found=counted.number, at=counted.at, confirmations=held.confirmations + 1
            )
            return False
        if counted.number > last.number:
            self._growth[attribute] = 2 * (counted.number - last.number) / _hours_between(last, counted)
        self._accept(attribute, counted)
        return True

    def _follows(self, attribute: AttributeDescriptor, before: Counted, after: Counted) -> bool:
        """Whether a number can come after another: not smaller, and no more than what fits into the time."""
        growth = after.number - before.number
        most = self._most_per_hour(attribute, after.unit)
        return growth >= 0 and (most is None or growth <= most * _hours_between(before, after))

    def _follows_held(self, attribute: AttributeDescriptor, held: Withheld, counted: Counted, *, grown: bool) -> bool:
        """Whether a number confirms the one that waits.

        One that had grown too fast is confirmed by any that is not smaller: it may go on growing like that.
        """
        if grown:
            return counted.number >= held.found
        return self._follows(attribute, Counted(held.found, held.unit, held.at, held.at), counted)

    def _most_per_hour(self, attribute: AttributeDescriptor, unit: int) -> Decimal | None:
        """Return the fastest growth that is possible, None where nothing is known of the quantity."""
        usual = _MOST_PER_HOUR.get(unit)
        return None if usual is None else max(usual, self._growth.get(attribute, usual))

    def _accept(self, attribute: AttributeDescriptor, counted: Counted) -> None:
        self._withheld.pop(attribute, None)
        last = self._last.get(attribute)
        same = last is not None and (last.number, last.unit) == (counted.number, counted.unit)
        self._last[attribute] = replace(counted, since=last.since) if last is not None and same else counted


def _hours_between(before: Counted, after: Counted) -> Decimal:
    """Return the time in which the growth may have come about: at least a minute, even after a clock was set back."""
    span = max(_SHORTEST, after.at - before.at, min(after.at - before.since, _LONGEST_STEP))
    return Decimal(span // timedelta(seconds=1)) / 3600


def _sums_of_their_tariffs(read: Numbers) -> set[AttributeDescriptor]:
    """Return which totals are, to the last digit, the sum of their tariffs read together with them, and those tariffs.

    A meter that restarts shows 0 everywhere, which proves nothing.
    """
    tariffs: dict[AttributeDescriptor, list[AttributeDescriptor]] = {}
    for attribute in read:
        total = _total_of(attribute)
        if total != attribute and total in read and read[total][1] == read[attribute][1]:
            tariffs.setdefault(total, []).append(attribute)
    return {
        attribute
        for total, parts in tariffs.items()
        if read[total][0] > 0 and read[total][0] == _sum(read, parts)
        for attribute in (total, *parts)
    }


def _sum(read: Numbers, parts: Iterable[AttributeDescriptor]) -> Decimal:
    return sum((read[part][0] for part in parts), Decimal(0))


def _total_of(attribute: AttributeDescriptor) -> AttributeDescriptor:
    """Return the attribute of the register over all tariffs."""
    a, b, c, d, _, f = attribute.logical_name.octets
    return attribute._replace(logical_name=LogicalName(bytes((a, b, c, d, _TOTAL, f))))
