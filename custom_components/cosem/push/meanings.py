"""What a notification means in plain words: event codes, bits of alarm registers, and the class of what it is about."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice
from types import MappingProxyType
from typing import Final

from ..catalogue import bit_names, name_of_bit
from ..dlms import (
    Data,
    InterfaceClass,
    LogicalName,
    Medium,
    PushedValue,
    PushedValues,
    display_text,
    number_of,
    set_bits,
)
from .event_codes import CODES, OTHER, CodeMeaning, CodeTable

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
_STATES: Final = frozenset({2, 3})  # attributes of a disconnector: output_state, control_state
_CAPTURE_TIME: Final = 5  # of an extended register
_ALARMS: Final = (97, 98)
_DESCRIPTORS: Final = range(20, 30)  # value group E: of the registers 0 to 9
_ALARM_OBJECTS: Final = frozenset({*range(10), *_DESCRIPTORS})  # without the filters, in which nothing has happened
_PRESENT: Final = 255  # value group F: no billing period
_FIRST_REGISTERS: Final = frozenset({0, 20})  # the first alarm register and its descriptor
_MEDIA: Final = frozenset({Medium.ABSTRACT, Medium.ELECTRICITY})

MOST_EVENTS: Final = 64
"""Of one notification: as many as a register has bits."""
MOST_NAMES: Final = 32
"""Of objects that are remembered because they were sent: whoever may send could send others without end."""
_MAX_TEXT: Final = 64


type States = Mapping[tuple[LogicalName, int | None], tuple[str, ...]]
"""Values in plain text, by their object and attribute."""


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
    _described: dict[LogicalName, frozenset[int]] = field(default_factory=dict)
    """Alarms told by a descriptor, by the name of the register that will show them, too."""
    _states: dict[tuple[LogicalName, int | None], tuple[str, ...]] = field(default_factory=dict)
    _read: set[LogicalName] = field(default_factory=set)
    """Registers that are read: what is sent never displaces them."""
    left_out: int = 0
    """Notifications that told more than is passed on."""

    @property
    def alarms(self) -> Mapping[LogicalName, frozenset[int]]:
        """The alarms that were on when a register was last seen."""
        return dict(self._alarms)

    @property
    def states(self) -> States:
        """What codes, tariffs and disconnectors were the last time they were sent."""
        return dict(self._states)

    def remember(self, alarms: Mapping[LogicalName, frozenset[int]], states: States) -> None:
        """Begin with what was so before a restart; what came meanwhile is newer."""
        self._alarms = {**alarms, **self._alarms}
        self._states = {**states, **self._states}

    def go_on_for(self, before: Meanings) -> None:
        """Share what the meter told before its entry was set up again."""
        self._alarms, self._described = before._alarms, before._described
        self._states, self._read = before._states, before._read

    def of_code(self, name: LogicalName, code: int) -> CodeMeaning:
        """Return what an event code means. ``name``: of the event code object, 0-b:96.11.e."""
        return self.table.meaning(name.e, code)

    def of_register(self, value: PushedValue) -> list[Meaning]:
        """Return the alarms of a register that was read which were off before; none the first time."""
        name, bits = value.logical_name, set_bits(value.value)
        if name is None or bits is None:
            return []
        self._read.add(name)
        known = self._alarms.get(name)
        described = self._described.pop(name, frozenset())
        self._alarms[name] = frozenset(bits)
        return [] if known is None else [*self._new_bits(name, value, known | described)]

    def of(self, pushed: PushedValues, *, is_event: bool) -> list[Meaning]:
        """Return what happened, one to MOST_EVENTS things. ``is_event``: it is an EventNotification."""
        # All are remembered; what each one tells is made only as far as it is told.
        captured = {each.logical_name: each for each in pushed.values if each.attribute_index == _CAPTURE_TIME}
        told = [self._of_value(value, captured.get(value.logical_name), is_event=is_event) for value in pushed.values]
        found = list(islice(chain.from_iterable(told), MOST_EVENTS + 1))
        if len(found) > MOST_EVENTS:
            self.left_out += 1
            del found[MOST_EVENTS:]
        return found or [Meaning(OTHER, next(iter(pushed.values), None))]

    def _of_value(self, value: PushedValue, captured: PushedValue | None, *, is_event: bool) -> Iterable[Meaning]:
        """Return what a value tells. ``captured``: when it was captured, if the notification says so."""
        name = value.logical_name
        if name is None or value.data_index:  # what a part of a value means nobody has published
            return ()
        if value.attribute_index in {None, 2} and name.a in _MEDIA:
            group = (name.c, name.d)
            if group == _EVENT_CODES:
                # The first one may be news; a tariff or a state is news only if another one was there before.
                is_new = self._is_change(name, value, captured) is not False
                return self._of_code(name, value) if is_event or is_new else ()
            if group == _ALARMS and name.e in _ALARM_OBJECTS and name.f == _PRESENT:
                return self._of_alarms(name, value, is_event=is_event)
            if group == _TARIFF:
                return (Meaning("tariff", value),) if self._is_change(name, value) or is_event else ()
        is_state = value.class_id == InterfaceClass.DISCONNECT_CONTROL and value.attribute_index in _STATES
        is_changed = is_state and self._is_change(name, value)
        if (is_event or is_changed) and value.class_id in _BY_CLASS:
            return (Meaning(_BY_CLASS[value.class_id], value),)
        return ()

    def _is_change(self, name: LogicalName, value: PushedValue, captured: PushedValue | None = None) -> bool | None:
        """Return whether it is other than the last time, and remember it; None if it was not there before."""
        parts = [_plain(each.value) for each in (value, captured) if each is not None]
        state = tuple(part for part in parts if part is not None)
        if not state:
            return None
        known = self._states.pop(key := (name, value.attribute_index), None)
        self._states[key] = state
        for surplus in list(self._states)[:-MOST_NAMES]:
            del self._states[surplus]
        return None if known is None else known != state

    def _of_code(self, name: LogicalName, value: PushedValue) -> Iterator[Meaning]:
        number = number_of(value.value)
        if number is None or number != int(number) or int(number) not in CODES:
            return
        code = int(number)
        meaning = self.of_code(name, code)
        yield Meaning(meaning.event_type, value, code, meaning.text)

    def _of_alarms(self, name: LogicalName, value: PushedValue, *, is_event: bool) -> Iterable[Meaning]:
        """Those count that were not on before; an EventNotification of no other ones tells that they came again."""
        bits = set_bits(value.value)
        if bits is None:
            return ()
        known = self._alarms.pop(name, frozenset[int]())  # the last one seen stands at the end
        self._alarms[name] = frozenset(bits)
        before = frozenset[int]() if is_event and known.issuperset(bits) else known
        if name.e in _DESCRIPTORS:
            register = _register_of(name)
            self._described[register] = self._described.pop(register, frozenset()) | set(bits)
        self._forget_surplus()
        return self._new_bits(name, value, before)

    def _forget_surplus(self) -> None:
        for known in (self._alarms, self._described):
            sent = [name for name in known if name not in self._read]
            for name in sent[:-MOST_NAMES]:
                del known[name]

    def _new_bits(self, name: LogicalName, value: PushedValue, before: frozenset[int]) -> Iterator[Meaning]:
        known = self.table.alarm_bits if name.e in _FIRST_REGISTERS else {}
        for bit in set_bits(value.value) or ():
            if bit not in before:
                text = name_of_bit(bit_names(name), bit)
                yield Meaning(known.get(bit, CodeMeaning(OTHER)).event_type, value, bit, text[:1].upper() + text[1:])


def _plain(data: Data) -> str | None:
    """Return a number or a short text, to be compared; None for others, which could be long."""
    if isinstance(data.value, bool):
        return str(data.value)
    number = number_of(data)
    return display_text(data, _MAX_TEXT) if number is None else str(number)


def _register_of(descriptor: LogicalName) -> LogicalName:
    octets = bytearray(descriptor.octets)
    octets[4] -= _DESCRIPTORS.start
    return LogicalName(bytes(octets))
