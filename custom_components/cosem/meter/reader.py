"""Reads one meter: identity, objects, units, refusals, and values with their units.

Takes an open association; the stack's errors pass. Nothing counts before the meter has proved to be the right one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..const import CONF_INTERVAL, CONF_OBJECTS, DEFAULT_INTERVAL, LOGGER, SCALER_BUDGET
from ..dlms import (
    Association,
    AttributeDescriptor,
    Data,
    DataAccessResultCode,
    DataType,
    InterfaceClass,
    LogicalName,
    ObjectListElement,
    ProfileWays,
    PushLists,
    RegisterAttribute,
    SapAssignment,
    number_of,
    scaler_unit_attribute,
)
from .counter_check import CounterCheck
from .description import MeterDescription
from .entity_plan import name_of, plan_entities
from .error_mapping import WrongMeter, none_if_failed
from .identity import MeterIdentity, async_read_identity, pinned_id_of
from .issues import issues_of
from .labels import label_of
from .objects import (
    AttributeResult,
    async_ask,
    async_read_objects,
    complete_objects,
    decoded_scaler_unit,
)
from .push_lists import NO_LISTS
from .readings import Reading, Readings
from .refusals import Refusals
from .replacement import async_give_entry
from .scaler_units import ScalerUnits
from .store import MeterWays, StoredMeter, async_load_meter, async_save_meter
from .submeters import Submeter
from .total_deadline import async_total_deadline

_REFUSING: Final = frozenset(
    {
        DataAccessResultCode.READ_WRITE_DENIED,
        DataAccessResultCode.OBJECT_UNDEFINED,
        DataAccessResultCode.OBJECT_CLASS_INCONSISTENT,
        DataAccessResultCode.TYPE_UNMATCHED,
        DataAccessResultCode.SCOPE_OF_ACCESS_VIOLATED,
    }
)
"""Asking again seldom changes these; the others mean no value this time."""

_SLOW_READ: Final = 2.0
"""Seconds; after a longer read the clock is asked again, alone."""


type _Attributes = Iterable[AttributeDescriptor]


class MeterReader:
    """What is known of one entry's meter, and how to read it."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        self._hass = hass
        self._entry = entry
        self._label = label_of(entry)
        self._interval = float(entry.options.get(CONF_INTERVAL, DEFAULT_INTERVAL))
        self._stored = StoredMeter()
        self.description = MeterDescription(hass, entry)
        self._verified: Association | None = None  # in it the meter last proved to be the right one
        self.identity: MeterIdentity | None = None
        self.objects: tuple[ObjectListElement, ...] = ()
        """The object list, and what was typed besides."""
        self.logical_devices: tuple[SapAssignment, ...] = ()
        self.mbus_device_types: Mapping[int, int] = {}
        self.submeters: Mapping[int, Submeter] = {}
        self.push_lists: PushLists = NO_LISTS
        self._units = ScalerUnits()
        self.refusals = Refusals()
        self._undecodable: set[AttributeDescriptor] = set()  # their last value made no sense: said once
        self.counters = CounterCheck(hass, str(entry.unique_id))

    async def async_load(self) -> bytes | None:
        """Load what is remembered; return the meter's system title, or None."""
        self._remember(await async_load_meter(self._hass, str(self._entry.unique_id)))
        self.mbus_device_types, self.push_lists = self.description.mbus_device_types, self._stored.push_lists
        await self.counters.async_load()
        return self._stored.system_title

    def _remember(self, stored: StoredMeter) -> None:
        """Begin with what was known before."""
        self._stored, self._units = stored, ScalerUnits(stored.scaler_units)
        self.description.remember(stored)

    @property
    def ways(self) -> MeterWays:
        """What the meter does differently, as far as it was ever seen."""
        return self._stored.ways if self._verified is None else self._stored.ways.seen_in(self._verified)

    async def async_close(self) -> None:
        """Write what is only written now and then."""
        await self.counters.async_close()

    async def async_identify(self, association: Association) -> None:
        """Learn what the meter is and has, as far as it is not remembered.

        Raises WrongMeter unless it is the entry's or, by the user's word, its replacement.
        """
        objects = await self.description.async_first_list(association)
        said = await async_read_identity(association, objects, expected=self._entry.unique_id)
        unique_id = said.identity.unique_id if said.identity else None
        if said.identity and issues_of(self._hass, self._entry).is_accepted_replacement(said.identity.unique_id):
            known = complete_objects(objects, self._entry.options[CONF_OBJECTS])
            await async_give_entry(self._hass, self._entry, said.identity, plan_entities(known, unverified=True))
            self._remember(StoredMeter(system_title=self._stored.system_title))
            await self.counters.async_forget()
            self.counters = CounterCheck(self._hass, said.identity.unique_id)
            objects = await async_read_objects(self._hass, association) or objects
        self._require(association, unique_id)
        self.description.begin(objects, said)
        if self.description.runs_another_firmware:
            LOGGER.info("%s runs another firmware: its object list and units are read again", self._label)
            self.description.take_list(await async_read_objects(self._hass, association) or objects)
            self._units = ScalerUnits()
        self._take_description()

    def _take_description(self) -> None:
        known = self.description
        self.identity, self.objects = known.identity, known.objects
        self.logical_devices, self.mbus_device_types = known.logical_devices, known.mbus_device_types
        self.submeters, self.push_lists = known.submeters, known.push_lists

    async def async_check_description(self, association: Association) -> None:
        """Read again, now and then, what the meter says about itself. Failures change nothing."""
        if await self.description.async_check(association, self._interval):
            LOGGER.info("%s runs another firmware: its units are read again", self._label)
            self._units.doubt(self._units.known)
        self._take_description()

    async def async_read_list(self, association: Association) -> bool:
        """Read the object list, and take it at once; return whether it could be read."""
        is_read = await self.description.async_read_list(association)
        self._take_description()
        return is_read

    def _require(self, association: Association, unique_id: str | None) -> None:
        if unique_id != self._entry.unique_id:
            raise WrongMeter(str(self._entry.unique_id), unique_id)
        self._verified = association

    async def async_verify(self, association: Association) -> None:
        """Ask the meter who it is, before something that polls do not do. Raises WrongMeter."""
        if self.identity is None:
            await self.async_identify(association)
            return
        # Even in an association verified before: so its end is noticed before anything is written.
        pinned = self.identity.pinned
        answers = await async_ask(association, [pinned])
        self._require(association, pinned_id_of(pinned, answers[pinned], association.parameters.server_wport))

    async def async_read(self, association: Association, wanted: _Attributes, units_of: _Attributes = ()) -> Readings:
        """Return values with units, without what is refused again and again; of ``units_of`` learn the units only.

        Raises WrongMeter; then nothing that was read counts.
        """
        now = self._hass.loop.time()
        attributes = _awake(self.refusals, wanted, now)
        pinned = [] if self._verified is association or self.identity is None else [self.identity.pinned]
        with_units = {*attributes, *_awake(self.refusals, units_of, now)}
        units = self._units.due(_units_of(with_units), now, self._interval)
        # A unit is asked for behind the values, so that none is older than a value that it belongs to.
        answers, read_at = await _async_ask(self._hass, association, [*pinned, *attributes, *units])
        for attribute in pinned:
            self._require(association, pinned_id_of(attribute, answers[attribute], association.parameters.server_wport))
        values = {attribute: self._value(association, attribute, answers[attribute]) for attribute in attributes}
        changed = {unit for unit in units if self._learn_unit(association, unit, answers[unit])}
        read = {unit for unit in units if decoded_scaler_unit(answers[unit]) is not None}
        await self._async_follow_units(association, values, changed, read)
        readings = {attribute: self.reading(attribute, value) for attribute, value in values.items()}
        withheld = await self.counters.async_check(association, readings, read_at, self.mbus_device_types)
        return Readings(values=readings, clock_read_at=read_at, withheld=withheld)

    async def _async_follow_units(
        self,
        association: Association,
        values: dict[AttributeDescriptor, Data | None],
        changed: set[AttributeDescriptor],
        read: set[AttributeDescriptor],
    ) -> None:
        """Read units whose numbers moved by a power of ten, and again the values of units that changed.

        What cannot be settled now has no unit until it is read again.
        """
        numbers = [
            (attribute, number)
            for attribute, value in values.items()
            if value is not None and (number := number_of(value)) is not None
        ]
        changed |= await self._async_ask_units(association, _units_of(self._units.moved(numbers)) - read)
        if not changed:
            return
        # Of a value that was read around the change nobody knows which unit it has.
        self._units.doubt(changed)
        uncertain = [attribute for attribute in values if scaler_unit_attribute(attribute) in changed]
        if (answers := await none_if_failed(async_ask(association, [*uncertain, *sorted(changed)]))) is None:
            return
        self._units.doubt({unit for unit in changed if self._learn_unit(association, unit, answers[unit])})
        for attribute in uncertain:
            values[attribute] = self._value(association, attribute, answers[attribute])

    async def _async_ask_units(
        self, association: Association, units: set[AttributeDescriptor]
    ) -> set[AttributeDescriptor]:
        """Read units that are doubted; return which are others than before."""
        self._units.doubt(units)
        # A meter that hangs up at this question has answered the others.
        answers = await none_if_failed(async_ask(association, sorted(units))) or {}
        return {unit for unit, answer in answers.items() if self._learn_unit(association, unit, answer)}

    async def async_read_units(self, association: Association, attributes: Iterable[AttributeDescriptor]) -> None:
        """Read units that nobody needs yet, within ``SCALER_BUDGET`` seconds; what fails changes nothing."""
        unknown = _units_of(attributes) - self._units.known.keys()
        missing = sorted(unit for unit in unknown if not self.refusals.is_lasting(unit))
        found: dict[AttributeDescriptor, AttributeResult] = {}

        async def in_time() -> None:
            async with async_total_deadline("units of disabled entities", SCALER_BUDGET):
                await association.get_many(missing, found)

        if missing:
            await none_if_failed(in_time())
        for attribute, answer in found.items():
            if (scaler_unit := decoded_scaler_unit(answer)) is not None:
                self._units.known[attribute] = scaler_unit
        await self.description.async_read_push_lists(association)
        self._take_description()

    async def async_save(self, system_title: bytes | None, profiles: Mapping[LogicalName, ProfileWays]) -> None:
        """Write what is worth remembering, when it changed. ``profiles``: how they are read."""
        units, ways = dict(self._units.known), replace(self.ways, profiles=profiles)
        known = replace(self._stored, scaler_units=units, system_title=system_title, ways=ways)
        meter = self.description.stored(known)
        if self.identity is not None and meter != self._stored:
            self._stored = meter
            await async_save_meter(self._hass, str(self._entry.unique_id), meter)

    def reading(self, attribute: AttributeDescriptor, value: Data | None = None) -> Reading:
        """Return a value with its attribute's unit, as far as known."""
        unit = scaler_unit_attribute(attribute)
        scaler_unit = None if unit is None else self._units.known.get(unit)
        unit_missing = unit is not None and not self._units.is_certain(unit)
        return Reading(value=value, scaler_unit=scaler_unit, unit_missing=unit_missing)

    def is_refused(self, attribute: AttributeDescriptor) -> bool:
        """Whether an attribute or its unit is refused again and again."""
        return self.refusals.is_lasting(attribute) or self.refusals.is_lasting(scaler_unit_attribute(attribute))

    def _value(self, association: Association, attribute: AttributeDescriptor, answer: AttributeResult) -> Data | None:
        if isinstance(answer, Data):
            self.refusals.forget(attribute)
            self._undecodable.discard(attribute)
            return None if answer.type is DataType.NULL_DATA else answer
        if answer.undecodable and attribute not in self._undecodable:
            self._undecodable.add(attribute)
            self._log(attribute, "%s: attribute %d of %s has a value that makes no sense: %s", answer.undecodable)
        if answer.result in _REFUSING:
            self._note_refusal(association, attribute, answer.name)
        return None

    def _learn_unit(self, association: Association, unit: AttributeDescriptor, answer: AttributeResult) -> bool:
        """Return whether it is another one than before."""
        scaler_unit = decoded_scaler_unit(answer)
        if scaler_unit is not None:
            self.refusals.forget(unit)
            return self._units.note(unit, scaler_unit, self._hass.loop.time())
        if isinstance(answer, Data):
            self._note_refusal(association, unit, "not a scaler_unit")
        elif answer.result in _REFUSING:
            self._note_refusal(association, unit, answer.name)
        return False

    def _note_refusal(self, association: Association, attribute: AttributeDescriptor, reason: str) -> None:
        if self.refusals.note(attribute, reason, association, self._hass.loop.time()):
            self._log(attribute, "%s does not give attribute %d of %s (%s); it is asked for once a day", reason)

    def _log(self, attribute: AttributeDescriptor, text: str, reason: str) -> None:
        is_unit = scaler_unit_attribute(attribute._replace(attribute_index=RegisterAttribute.VALUE)) == attribute
        shown = attribute._replace(attribute_index=RegisterAttribute.VALUE) if is_unit else attribute
        LOGGER.warning(text, self._label, attribute.attribute_index, name_of(self._hass, self._entry, shown), reason)


def _awake(refusals: Refusals, attributes: _Attributes, now: float) -> list[AttributeDescriptor]:
    """Return those of which neither value nor unit is refused for now, in the order of asking."""
    resting = refusals.is_resting
    names = sorted(set(attributes))
    return [each for each in names if not resting(each, now) and not resting(scaler_unit_attribute(each), now)]


def _units_of(attributes: Iterable[AttributeDescriptor]) -> set[AttributeDescriptor]:
    return {unit for attribute in attributes if (unit := scaler_unit_attribute(attribute)) is not None}


async def _async_ask(
    hass: HomeAssistant, association: Association, attributes: Sequence[AttributeDescriptor]
) -> tuple[dict[AttributeDescriptor, AttributeResult], datetime]:
    """Return the answers, and when the clock objects among them were read."""
    answers, read_at, seconds = await _async_ask_timed(hass, association, attributes)
    clocks = [attribute for attribute in attributes if attribute.class_id == InterfaceClass.CLOCK]
    # Nobody knows at which moment of a long read a clock was answered.
    if clocks and seconds > _SLOW_READ and len(attributes) > len(clocks):
        again, read_at, _ = await _async_ask_timed(hass, association, clocks)
        answers |= again
    return answers, read_at


async def _async_ask_timed(
    hass: HomeAssistant, association: Association, attributes: Sequence[AttributeDescriptor]
) -> tuple[dict[AttributeDescriptor, AttributeResult], datetime, float]:
    """Return the answers, the middle of their time, and its length in seconds."""
    started, began = dt_util.utcnow(), hass.loop.time()
    answers = await async_ask(association, attributes)
    seconds = hass.loop.time() - began
    return answers, started + timedelta(seconds=seconds / 2), seconds
