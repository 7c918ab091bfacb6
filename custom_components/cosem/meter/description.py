"""What a meter says about itself: who it is, which objects it has, what its M-Bus devices are. None of it is for ever.

Everything is read after a start and again in turn, the object list once a day, or at once when a configuration number
or the firmware is another one. No odd answer is the truth: what changes counts when a second poll finds the same.
"""

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from ..const import CONF_OBJECTS
from ..dlms import (
    Association,
    AttributeDescriptor,
    Data,
    LogicalName,
    ObjectListElement,
    PushLists,
    PushObject,
    SapAssignment,
)
from .credentials import list_owner
from .error_mapping import none_if_failed
from .identity import MeterIdentity, SelfDescription, async_read_identity
from .objects import async_read_objects, complete_objects
from .push_lists import NO_LISTS, async_read_push_lists, push_list_attributes
from .store import StoredMeter
from .submeters import Submeter
from .total_deadline import async_total_deadline

CHECKED_WITHIN: Final = 3600.0
"""Seconds in which all but the object list is read at least once."""

LIST_CHECKED_WITHIN: Final = 86_400.0

_BUDGET: Final = 60.0
"""Seconds for such a question: the values were read before, and wait for it."""


class Confirmed[T]:
    """Something known that changes only when it is told twice in a row."""

    def __init__(self, known: T) -> None:
        """Begin with what is known; nothing, where that is empty."""
        self.known = known
        self._told: T | None = None

    @property
    def is_doubted(self) -> bool:
        """Whether the last answer was another one."""
        return self._told is not None

    def note(self, told: T) -> None:
        """Take an answer."""
        if told == self.known:
            self._told = None
        elif not self.known or told == self._told:
            self.known, self._told = told, None
        else:
            self._told = told


class MeterDescription:
    """Of one entry's meter."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        self._hass = hass
        self._entry = entry
        # Not later: while a reconfiguration ends, the data are the next client's already.
        self._listed_for = list_owner(entry.data)
        self._list = Confirmed[tuple[ObjectListElement, ...]](())
        self._identity = Confirmed[MeterIdentity | None](None)
        self._device_types = Confirmed[Mapping[int, int]]({})
        self._configuration: Mapping[AttributeDescriptor, Data] = {}
        self._stored = StoredMeter()
        self._checked_at = 0.0
        self._list_read_at: float | None = None
        self.objects: tuple[ObjectListElement, ...] = ()
        """The object list, and what was typed besides."""
        self.logical_devices: tuple[SapAssignment, ...] = ()
        self.submeters: Mapping[int, Submeter] = {}
        self.push_lists: PushLists = NO_LISTS
        """What its push setups send, as read last."""

    @property
    def identity(self) -> MeterIdentity | None:
        """Who the meter is; None before it said so."""
        return self._identity.known

    @property
    def listed(self) -> tuple[ObjectListElement, ...]:
        """The object list alone."""
        return self._list.known

    @property
    def mbus_device_types(self) -> Mapping[int, int]:
        """What the M-Bus devices measure, by channel."""
        return self._device_types.known

    def remember(self, stored: StoredMeter) -> None:
        """Begin with what was told before a start."""
        self._stored = stored
        self._device_types = Confirmed(stored.device_types)
        self.push_lists = stored.push_lists

    async def async_first_list(self, association: Association) -> tuple[ObjectListElement, ...]:
        """Return the object list: a remembered one, unless another client of the meter read it. Maybe empty."""
        remembered = self._stored.objects if self._stored.listed_for in {None, self._listed_for} else ()
        return remembered or await async_read_objects(self._hass, association) or ()

    def begin(self, objects: tuple[ObjectListElement, ...], said: SelfDescription) -> None:
        """Take the first answers of a meter that is the right one."""
        self._checked_at = self._hass.loop.time()
        self._identity = Confirmed(said.identity)
        self.take_list(objects)
        if not objects or objects is self._stored.objects:
            self._list_read_at = None
        self._configuration = said.configuration
        self._note_device_types(said)
        self.logical_devices = said.logical_devices
        self.submeters = said.submeters

    @property
    def runs_another_firmware(self) -> bool:
        """Whether the firmware is another one than before the start."""
        return None not in (self._firmware, self._stored.firmware) and self._firmware != self._stored.firmware

    def stored(self, rest: StoredMeter) -> StoredMeter:
        """Return a record with all of this in it."""
        return replace(
            rest,
            objects=self.listed,
            listed_for=self._listed_for,
            device_types=dict(self.mbus_device_types),
            firmware=self._firmware or rest.firmware,
            push_lists=self.push_lists,
        )

    def take_list(self, objects: tuple[ObjectListElement, ...]) -> None:
        """Take an object list at once."""
        self._list = Confirmed(objects)
        self._list_read_at = self._hass.loop.time()
        self._complete()

    async def async_read_list(self, association: Association) -> bool:
        """Read the object list, and take it at once; return whether it could be read."""
        if objects := await async_read_objects(self._hass, association):
            self.take_list(objects)
        return bool(objects)

    async def async_check(self, association: Association, interval: float) -> bool:
        """Read again what is due, where the next chance comes after `interval` seconds. Failures change nothing.

        Returns whether another firmware runs since.
        """
        now, firmware = self._hass.loop.time(), self._firmware
        if self._is_doubted or now - self._checked_at > CHECKED_WITHIN - interval:
            self._checked_at = now
            said = await self._besides(async_read_identity(association, self.listed, expected=self._entry.unique_id))
            if said is not None:
                self._note(said)
            await self.async_read_push_lists(association)
        if self._is_list_due(now, interval):
            self._list_read_at = now
            if objects := await self._besides(async_read_objects(self._hass, association)):
                self._list.note(objects)
                self._complete()
        return self._firmware != firmware

    async def async_read_push_lists(self, association: Association) -> None:
        """Read what the push setups send. What does not answer this time sends as before."""
        names = {each.logical_name for each in push_list_attributes(self.objects)}
        read = await self._besides(async_read_push_lists(association, self.objects)) if names else None
        lists = {**self.push_lists, **(read or {})}
        self.push_lists = {name: listed for name, listed in lists.items() if name in names}

    def take_push_list(self, name: LogicalName, listed: Sequence[PushObject] | None) -> PushLists:
        """Take what a push setup sends from now on, None while nobody knows; return what all of them send."""
        others = {each: objects for each, objects in self.push_lists.items() if each != name}
        self.push_lists = others if listed is None else {**others, name: tuple(listed)}
        return self.push_lists

    @property
    def _firmware(self) -> str | None:
        return self.identity.firmware if self.identity else None

    @property
    def _is_doubted(self) -> bool:
        return self._identity.is_doubted or self._device_types.is_doubted

    def _is_list_due(self, now: float, interval: float) -> bool:
        read_at = self._list_read_at
        return self._list.is_doubted or read_at is None or now - read_at > LIST_CHECKED_WITHIN - interval

    def _note(self, said: SelfDescription) -> None:
        known, identity = self.identity, said.identity
        if known is not None and identity is not None and identity.unique_id == known.unique_id:
            told = _completed(identity, known)
            self._identity.note(told)
            if told.firmware != known.firmware:
                self._list_read_at = None
        if said.configuration and said.configuration != self._configuration:
            self._configuration = said.configuration
            self._list_read_at = None
        self._note_device_types(said)
        self.logical_devices = said.logical_devices or self.logical_devices
        self.submeters = {**self.submeters, **said.submeters}

    def _note_device_types(self, said: SelfDescription) -> None:
        # One that did not answer this time is still there.
        self._device_types.note({**self.mbus_device_types, **said.mbus_device_types})

    def _complete(self) -> None:
        objects = complete_objects(self.listed, self._entry.options[CONF_OBJECTS])
        if objects != self.objects:
            self.objects = objects

    @staticmethod
    async def _besides[T](answer: Awaitable[T]) -> T | None:
        async def in_time() -> T:
            async with async_total_deadline("answer about the meter itself", _BUDGET):
                return await answer

        return await none_if_failed(in_time())


def _completed(told: MeterIdentity, known: MeterIdentity) -> MeterIdentity:
    """Return an identity whose missing parts are as known."""
    return replace(
        told,
        manufacturer=told.manufacturer or known.manufacturer,
        serial_number=told.serial_number or known.serial_number,
        serial_attribute=(told if told.serial_number else known).serial_attribute,
        firmware=told.firmware or known.firmware,
        model=told.model or known.model,
    )
