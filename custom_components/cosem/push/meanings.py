"""What a notification means in plain words: event codes, bits of alarm registers, and the class of what it is about."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from ..catalogue import bit_names, name_of_bit
from ..dlms import InterfaceClass, LogicalName, Medium, PushedValue, PushedValues, number_of, set_bits
from .event_codes import OTHER, CodeMeaning, CodeTable

_BY_CLASS: Final[Mapping[int | None, str]] = MappingProxyType(
    {
        InterfaceClass.DISCONNECT_CONTROL: "disconnector",
        InterfaceClass.LIMITER: "threshold",
        InterfaceClass.REGISTER_MONITOR: "threshold",
        InterfaceClass.ACTIVITY_CALENDAR: "tariff",
    }
)
"""What an EventNotification is about whose value is no code."""

_EVENT_CODES: Final = (96, 11)  # value groups C and D
_TARIFF: Final = (96, 14)
_ALARMS: Final = (97, 98)
_FIRST_REGISTERS: Final = frozenset({0, 20})  # the first alarm register and its descriptor
_MEDIA: Final = frozenset({Medium.ABSTRACT, Medium.ELECTRICITY})


@dataclass(frozen=True, slots=True)
class Meaning:
    """One thing that happened. ``code``: as the meter sent it, or the number of a bit; None where there is none."""

    event_type: str
    value: PushedValue | None
    code: int | None = None
    text: str | None = None


@dataclass(slots=True)
class Meanings:
    """Of one meter; remembers which alarms were on."""

    table: CodeTable
    _alarms: dict[LogicalName, frozenset[int]] = field(default_factory=dict)

    def of(self, pushed: PushedValues, *, is_event: bool) -> list[Meaning]:
        """Return what happened, at least one thing. ``is_event``: it is an EventNotification."""
        found = [meaning for value in pushed.values for meaning in self._of_value(value, is_event=is_event)]
        return found or [Meaning(OTHER, next(iter(pushed.values), None))]

    def _of_value(self, value: PushedValue, *, is_event: bool) -> Iterator[Meaning]:
        name = value.logical_name
        if name is None:
            return
        if value.attribute_index in {None, 2} and name.a in _MEDIA:
            group = (name.c, name.d)
            if group == _EVENT_CODES:
                yield from self._of_code(value)
                return
            if group == _ALARMS:
                yield from self._of_alarms(name, value, is_event=is_event)
                return
            if group == _TARIFF and is_event:
                yield Meaning("tariff", value)
                return
        if is_event and value.class_id in _BY_CLASS:
            yield Meaning(_BY_CLASS[value.class_id], value)

    def _of_code(self, value: PushedValue) -> Iterator[Meaning]:
        number = number_of(value.value)
        if number is None or number != int(number):
            return
        code = int(number)
        meaning = self.table.events.get(code, CodeMeaning(OTHER))
        yield Meaning(meaning.event_type, value, code, meaning.text)

    def _of_alarms(self, name: LogicalName, value: PushedValue, *, is_event: bool) -> Iterator[Meaning]:
        """An EventNotification tells of an alarm; in other notifications those count that were not on before."""
        bits = set_bits(value.value)
        if bits is None:
            return
        before = frozenset[int]() if is_event else self._alarms.get(name, frozenset())
        self._alarms[name] = frozenset(bits)
        known = self.table.alarm_bits if name.e in _FIRST_REGISTERS else {}
        for bit in bits:
            if bit not in before:
                text = name_of_bit(bit_names(name), bit)
                yield Meaning(known.get(bit, CodeMeaning(OTHER)).event_type, value, bit, text[:1].upper() + text[1:])
