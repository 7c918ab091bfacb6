"""Checks of numbers that need more than the number: which are counters, when they were captured, what was known before.

Whether a number can be right is up to plausibility.py.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from homeassistant.components.sensor import SensorStateClass
from homeassistant.core import HomeAssistant

from ..catalogue import SensorDescription, describe_attribute
from ..dlms import (
    UNSCALED,
    Association,
    AttributeDescriptor,
    Data,
    DemandRegisterAttribute,
    ExtendedRegisterAttribute,
    InterfaceClass,
    is_unspecified,
    says_something,
)
from .counted_store import CountedStore
from .error_mapping import none_if_failed
from .objects import async_ask
from .plausibility import CounterGuard, Withheld
from .readings import Reading
from .refusals import Refusals

_COMPANIONS: Final[Mapping[tuple[int, int], tuple[int, int]]] = {
    (InterfaceClass.EXTENDED_REGISTER, ExtendedRegisterAttribute.VALUE): (
        ExtendedRegisterAttribute.CAPTURE_TIME,
        ExtendedRegisterAttribute.STATUS,
    ),
    (InterfaceClass.DEMAND_REGISTER, DemandRegisterAttribute.LAST_AVERAGE_VALUE): (
        DemandRegisterAttribute.CAPTURE_TIME,
        DemandRegisterAttribute.STATUS,
    ),
}
"""Class and attribute of values -> attributes that say when they were captured, and their status."""


class CounterCheck:
    """Of one meter."""

    def __init__(self, hass: HomeAssistant, unique_id: str) -> None:
        """Begin without any knowledge; `async_load` brings it."""
        self._hass = hass
        self._store = CountedStore(hass, unique_id)
        self._guard = CounterGuard()
        self._refusals = Refusals()

    async def async_load(self) -> None:
        """Remember what was believed before the start."""
        self._guard = CounterGuard(await self._store.async_load())

    async def async_close(self) -> None:
        """Write what is only written now and then."""
        await self._store.async_save(self._guard.last)

    async def async_forget(self) -> None:
        """Forget a meter that was replaced."""
        await self._store.async_remove()

    async def async_check(
        self,
        association: Association,
        readings: dict[AttributeDescriptor, Reading],
        read_at: datetime,
        mbus_device_types: Mapping[int, int],
    ) -> Mapping[AttributeDescriptor, Withheld]:
        """Take values out of `readings` that cannot be right, or mean nothing; return the counters that wait."""
        numbers = _counters(readings, mbus_device_types)
        zero = {attribute for attribute, reading in readings.items() if reading.number == 0}
        doubtful = self._guard.doubts(numbers, read_at)
        never_captured, unsure = await self._async_captured(association, doubtful | zero)
        judged = {attribute: counted for attribute, counted in numbers.items() if attribute not in never_captured}
        believed = self._guard.believe(judged, read_at, unsure=unsure)
        for attribute in never_captured.union(numbers).difference(believed):
            readings[attribute] = replace(readings[attribute], value=None)
        self._store.save_later(lambda: self._guard.last)
        # Not of entities that were disabled since: nobody waits for those.
        return {attribute: held for attribute, held in self._guard.withheld.items() if attribute in numbers}

    def take_pushed(
        self,
        readings: dict[AttributeDescriptor, Reading],
        at: datetime,
        mbus_device_types: Mapping[int, int],
        unread: Collection[AttributeDescriptor] = (),
    ) -> None:
        """Take counters out of `readings` that do not simply follow what is known: polls decide about those.

        `unread`: what no poll gives; there a later push confirms.
        """
        numbers = _counters(readings, mbus_device_types)
        # A meter that starts shows 0 once, and a counter that nobody has seen may never have been captured.
        unknown = numbers.keys() - self._guard.last.keys()
        doubtful = (self._guard.doubts(numbers, at) | unknown).difference(unread)
        never_captured = {each for each in unknown.intersection(unread) if numbers[each][0] == 0 and _captures(each)}
        judged = {each: numbers[each] for each in numbers.keys() - doubtful - never_captured}
        for attribute in numbers.keys() - self._guard.believe(judged, at):
            del readings[attribute]
        self._store.save_later(lambda: self._guard.last)

    async def _async_captured(
        self, association: Association, attributes: Collection[AttributeDescriptor]
    ) -> tuple[set[AttributeDescriptor], set[AttributeDescriptor]]:
        """Ask when values were captured, and for their status.

        Returns which never were, so that the number means nothing, and of which the status says something.
        """
        companions = {
            attribute: [attribute._replace(attribute_index=index) for index in indices]
            for attribute in attributes
            if (indices := _COMPANIONS.get((attribute.class_id, attribute.attribute_index))) is not None
        }
        now = self._hass.loop.time()
        asked = {each for pair in companions.values() for each in pair if not self._refusals.is_resting(each, now)}
        # What was read before counts, even if the meter hangs up at this question.
        answers = await none_if_failed(async_ask(association, sorted(asked)))
        if answers is None:
            for each in asked:
                self._refusals.note(each, "no answer", association, now)
            return set(), set()
        read: dict[AttributeDescriptor, Data] = {}
        for each, answer in answers.items():
            if isinstance(answer, Data):
                read[each] = answer
            else:
                self._refusals.note(each, answer.name, association, now)
        never = {attribute for attribute, (time, _) in companions.items() if is_unspecified(read.get(time))}
        return never, {attribute for attribute, (_, status) in companions.items() if says_something(read.get(status))}


def _captures(attribute: AttributeDescriptor) -> bool:
    return (attribute.class_id, attribute.attribute_index) in _COMPANIONS


def _counters(
    readings: Mapping[AttributeDescriptor, Reading], mbus_device_types: Mapping[int, int]
) -> dict[AttributeDescriptor, tuple[Decimal, int]]:
    """Return the numbers of counters, each with the code of its unit."""
    return {
        attribute: (number, (reading.scaler_unit or UNSCALED).unit)
        for attribute, reading in readings.items()
        if (number := reading.number) is not None and _is_counter(attribute, reading, mbus_device_types)
    }


def _is_counter(attribute: AttributeDescriptor, reading: Reading, mbus_device_types: Mapping[int, int]) -> bool:
    """Whether statistics take each fall of it for a new counter."""
    description = describe_attribute(
        *attribute,
        reading.scaler_unit,
        sample=reading.value,
        mbus_device_type=mbus_device_types.get(attribute.logical_name.b),
    )
    return isinstance(description, SensorDescription) and description.state_class is SensorStateClass.TOTAL_INCREASING
