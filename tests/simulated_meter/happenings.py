"""What happens to a meter beyond its everyday life: event codes, their logs (class 7), alarm registers (class 1).

Codes and alarm bits as companion standards of European meters have them; power and voltage alarms are in register 2.
"""

from bisect import bisect_right
from dataclasses import dataclass
from typing import Final, NamedTuple

STANDARD, FRAUD, DISCONNECTOR, QUALITY = 0, 1, 2, 4
LOGS: Final = (STANDARD, FRAUD, DISCONNECTOR, QUALITY)
"""The e of 0.0.99.98.e.255 and 0.0.96.11.e.255."""
ALARM_REGISTERS: Final = (0, 1, 2)
"""The e of 0.0.97.98.e.255."""


class AlarmBit(NamedTuple):
    """A bit of an alarm register; the register is counted from 0."""

    register: int
    bit: int


_FRAUD_ATTEMPT: Final = AlarmBit(0, 13)
_POWER_DOWN: Final = AlarmBit(1, 0)


class EventKind(NamedTuple):
    """The log that an event goes to, the alarm that it raises, the one that it ends."""

    log: int
    raises: AlarmBit | None = None
    ends: AlarmBit | None = None


EVENT_KINDS: Final = {
    1: EventKind(STANDARD, _POWER_DOWN),
    2: EventKind(STANDARD, AlarmBit(1, 1), _POWER_DOWN),
    6: EventKind(STANDARD, AlarmBit(0, 0)),
    7: EventKind(STANDARD, AlarmBit(0, 1)),
    40: EventKind(FRAUD, _FRAUD_ATTEMPT),
    42: EventKind(FRAUD, _FRAUD_ATTEMPT),
    44: EventKind(FRAUD, _FRAUD_ATTEMPT),
    49: EventKind(FRAUD, _FRAUD_ATTEMPT),
    50: EventKind(FRAUD, _FRAUD_ATTEMPT),
    **{code: EventKind(FRAUD) for code in (41, 43, 45, 46)},
    **{code: EventKind(DISCONNECTOR) for code in range(59, 70)},
    **{code: EventKind(QUALITY) for code in range(76, 82)},
    **{code: EventKind(QUALITY, AlarmBit(1, code - 80)) for code in (82, 83, 84)},
    **{code: EventKind(QUALITY, None, AlarmBit(1, code - 83)) for code in (85, 86, 87)},
}
"""All other codes: the standard log, no alarm."""


def kind_of(code: int) -> EventKind:
    """Return where an event code belongs."""
    return EVENT_KINDS.get(code, EventKind(STANDARD))


@dataclass(frozen=True, slots=True)
class Happening:
    """An event. ``row``: its time in the log, a second that no other entry has; both in UNIX seconds."""

    at: int
    row: int
    code: int


class Happenings:
    """Everything that happened to one logical device, in order."""

    def __init__(self) -> None:
        self._all: list[Happening] = []

    def add(self, code: int, at: int, taken: frozenset[int] = frozenset()) -> Happening:
        """Note an event. ``taken``: seconds that other entries of the log have."""
        taken |= {each.row for each in self._all}
        row = at
        while row in taken:
            row += 1
        happening = Happening(at, row, code)
        self._all.append(happening)
        return happening

    def until(self, unix: int) -> list[Happening]:
        """Return what happened until then."""
        return self._all[: bisect_right(self._all, unix, key=lambda each: each.at)]

    def of_log(self, log: int, unix: int) -> list[Happening]:
        """Return the entries of one event log."""
        return [each for each in self.until(unix) if kind_of(each.code).log == log]

    def code_at(self, row: int) -> int | None:
        """Return the event of an entry."""
        return next((each.code for each in self._all if each.row == row), None)

    def alarms(self, register: int, unix: int) -> int:
        """Return the bits of an alarm register."""
        bits = 0
        for happening in self.until(unix):
            kind = kind_of(happening.code)
            if kind.raises is not None and kind.raises.register == register:
                bits |= 1 << kind.raises.bit
            if kind.ends is not None and kind.ends.register == register:
                bits &= ~(1 << kind.ends.bit)
        return bits
