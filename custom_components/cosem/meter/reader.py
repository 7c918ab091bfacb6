"""Reads one meter: identity, objects, units, refusals, and values with their units.

Takes an open association; the stack's errors pass. Nothing counts before the meter has proved to be the right one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import batched
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from ..const import CONF_OBJECTS, LOGGER, SCALER_BUDGET
from ..dlms import (
    Association,
    AttributeDescriptor,
    Data,
    DataAccessResultCode,
    DataType,
    InterfaceClass,
    ObjectListElement,
    SapAssignment,
    ScalerUnit,
    scale,
    scaler_unit_attribute,
)
from .entity_plan import plan_entities
from .error_mapping import WrongMeter, map_error
from .identity import MeterIdentity, async_read_identity, unique_id_of
from .issues import issues_of
from .objects import (
    AttributeResult,
    async_ask,
    async_read_objects,
    complete_objects,
    decoded_scaler_unit,
)
from .replacement import async_give_entry
from .store import StoredMeter, async_load_meter, async_save_meter

_LASTING: Final = frozenset(
    {
        DataAccessResultCode.READ_WRITE_DENIED,
        DataAccessResultCode.OBJECT_UNDEFINED,
        DataAccessResultCode.OBJECT_CLASS_INCONSISTENT,
        DataAccessResultCode.TYPE_UNMATCHED,
        DataAccessResultCode.SCOPE_OF_ACCESS_VIOLATED,
    }
)
"""Asking again does not change these; the others mean no value this time."""

_SLOW_READ: Final = 2.0
"""Seconds; after a longer read the clock is asked again, alone."""

_UNITS_AT_A_TIME: Final = 64
"""The time budget is looked at between such requests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The value of one attribute and its unit."""

    value: Data | None = None
    """None: no value just now, or not asked."""
    scaler_unit: ScalerUnit | None = None
    unit_missing: bool = False
    """It has a unit that could not be read so far: its number would be a guess."""

    @property
    def number(self) -> Decimal | None:
        """The exact number; None without a value, for no number, and while the unit is missing."""
        return None if self.value is None or self.unit_missing else scale(self.value, self.scaler_unit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """What was read at one time."""

    values: Mapping[AttributeDescriptor, Reading] = field(default_factory=dict)
    """Without attributes refused before, or not wanted."""
    clock_read_at: datetime | None = None
    """Home Assistant's time of the clock objects."""


class MeterReader:
    """What is known of one entry's meter, and how to read it."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        self._hass = hass
        self._entry = entry
        self._stored = StoredMeter()
        self._listed: tuple[ObjectListElement, ...] = ()
        self._verified: Association | None = None
        """The association in which the meter last proved to be the right one."""
        self.identity: MeterIdentity | None = None
        self.objects: tuple[ObjectListElement, ...] = ()
        """The object list, and what was typed besides."""
        self.logical_devices: tuple[SapAssignment, ...] = ()
        self.mbus_device_types: Mapping[int, int] = {}
        self.scaler_units: dict[AttributeDescriptor, ScalerUnit] = {}
        """By the descriptor of the attribute scaler_unit itself."""
        self.refused: dict[AttributeDescriptor, str] = {}
        """Refused for good, with the reason; asked again after a reload only."""

    async def async_load(self) -> bytes | None:
        """Load what is remembered; return the meter's system title, or None."""
        self._stored = await async_load_meter(self._hass, str(self._entry.unique_id))
        return self._stored.system_title

    async def async_identify(self, association: Association) -> None:
        """Learn what the meter is and has, as far as it is not remembered.

        Raises WrongMeter unless it is the entry's or, by the user's word, its replacement.
        """
        objects = self._stored.objects or await async_read_objects(self._hass, association) or ()
        said = await async_read_identity(association, objects, expected=self._entry.unique_id)
        unique_id = said.identity.unique_id if said.identity else None
        if unique_id is not None and issues_of(self._hass, self._entry).is_accepted_replacement(unique_id):
            known = complete_objects(objects, self._entry.options[CONF_OBJECTS])
            await async_give_entry(self._hass, self._entry, unique_id, plan_entities(known, unverified=True))
            self._stored = StoredMeter(system_title=self._stored.system_title)
            objects = await async_read_objects(self._hass, association) or objects
        self._require(association, unique_id)
        self.identity = said.identity
        self.logical_devices = said.logical_devices
        self.mbus_device_types = said.mbus_device_types
        self.scaler_units = dict(self._stored.scaler_units)
        if self._firmware_changed():
            LOGGER.info("%s runs another firmware: its object list and units are read again", self._entry.title)
            objects = await async_read_objects(self._hass, association) or objects
            self.scaler_units = {}
        self._listed = tuple(objects)
        self.objects = complete_objects(objects, self._entry.options[CONF_OBJECTS])

    def _require(self, association: Association, unique_id: str | None) -> None:
        if unique_id != self._entry.unique_id:
            raise WrongMeter(str(self._entry.unique_id), unique_id)
        self._verified = association

    def _firmware_changed(self) -> bool:
        firmware = self.identity.firmware if self.identity else None
        return None not in (firmware, self._stored.firmware) and firmware != self._stored.firmware

    async def async_verify(self, association: Association) -> None:
        """Ask the meter who it is, before something that polls do not do. Raises WrongMeter."""
        if self.identity is None:
            await self.async_identify(association)
            return
        # Even in an association verified before: so its end is noticed before anything is written.
        pinned = self.identity.pinned
        answers = await async_ask(association, [pinned])
        self._require(association, unique_id_of(pinned, answers[pinned], association.parameters.server_wport))

    async def async_read(self, association: Association, wanted: Iterable[AttributeDescriptor]) -> Readings:
        """Return values with units, without what is refused for good.

        Raises WrongMeter; then nothing that was read counts.
        """
        attributes = [attribute for attribute in sorted(set(wanted)) if not self.is_refused(attribute)]
        pinned = [] if self._verified is association or self.identity is None else [self.identity.pinned]
        missing = self._missing_units(attributes)
        answers, read_at = await self._async_ask(association, [*pinned, *missing, *attributes])
        for attribute in pinned:
            self._require(association, unique_id_of(attribute, answers[attribute], association.parameters.server_wport))
        for attribute in missing:
            self._learn_scaler_unit(attribute, answers[attribute])
        values = {
            attribute: self.reading(attribute, self._value(attribute, answers[attribute])) for attribute in attributes
        }
        return Readings(values=values, clock_read_at=read_at)

    async def async_read_units(self, association: Association, attributes: Iterable[AttributeDescriptor]) -> None:
        """Read units that nobody needs yet, within ``SCALER_BUDGET`` seconds. Failures are only logged."""
        loop = self._hass.loop
        until = loop.time() + SCALER_BUDGET
        missing = [unit for unit in self._missing_units(attributes) if unit not in self.refused]
        try:
            # Nothing that anybody looks at depends on it.
            with map_error(first=True):
                for units in batched(missing, _UNITS_AT_A_TIME, strict=False):
                    if loop.time() >= until:
                        return
                    for attribute, answer in (await async_ask(association, units)).items():
                        if (scaler_unit := decoded_scaler_unit(answer)) is not None:
                            self.scaler_units[attribute] = scaler_unit
        except HomeAssistantError as error:
            LOGGER.debug("%s: the units of disabled entities are still unknown: %s", self._entry.title, error)

    async def async_save(self, system_title: bytes | None) -> None:
        """Write what is worth remembering, when it changed."""
        meter = StoredMeter(
            objects=self._listed,
            scaler_units=dict(self.scaler_units),
            firmware=(self.identity.firmware if self.identity else None) or self._stored.firmware,
            system_title=system_title,
        )
        if meter != self._stored:
            self._stored = meter
            await async_save_meter(self._hass, str(self._entry.unique_id), meter)

    def reading(self, attribute: AttributeDescriptor, value: Data | None = None) -> Reading:
        """Return a value with its attribute's unit, as far as known."""
        unit = scaler_unit_attribute(attribute)
        scaler_unit = None if unit is None else self.scaler_units.get(unit)
        return Reading(value=value, scaler_unit=scaler_unit, unit_missing=unit is not None and scaler_unit is None)

    def is_refused(self, attribute: AttributeDescriptor) -> bool:
        """Whether an attribute or its unit is refused for good."""
        return attribute in self.refused or scaler_unit_attribute(attribute) in self.refused

    def _missing_units(self, attributes: Iterable[AttributeDescriptor]) -> list[AttributeDescriptor]:
        units = {unit for attribute in attributes if (unit := scaler_unit_attribute(attribute)) is not None}
        return sorted(units.difference(self.scaler_units))

    async def _async_ask(
        self, association: Association, attributes: Sequence[AttributeDescriptor]
    ) -> tuple[dict[AttributeDescriptor, AttributeResult], datetime]:
        """Return the answers, and when the clock objects among them were read."""
        answers, read_at, seconds = await self._async_ask_timed(association, attributes)
        clocks = [attribute for attribute in attributes if attribute.class_id == InterfaceClass.CLOCK]
        # Nobody knows at which moment of a long read a clock was answered.
        if clocks and seconds > _SLOW_READ and len(attributes) > len(clocks):
            again, read_at, _ = await self._async_ask_timed(association, clocks)
            answers |= again
        return answers, read_at

    async def _async_ask_timed(
        self, association: Association, attributes: Sequence[AttributeDescriptor]
    ) -> tuple[dict[AttributeDescriptor, AttributeResult], datetime, float]:
        """Return the answers, the middle of their time, and its length in seconds."""
        started, began = dt_util.utcnow(), self._hass.loop.time()
        answers = await async_ask(association, attributes)
        seconds = self._hass.loop.time() - began
        return answers, started + timedelta(seconds=seconds / 2), seconds

    def _value(self, attribute: AttributeDescriptor, answer: AttributeResult) -> Data | None:
        if isinstance(answer, Data):
            return None if answer.type is DataType.NULL_DATA else answer
        if answer.result in _LASTING:
            self._refuse(attribute, answer.name)
        return None

    def _learn_scaler_unit(self, attribute: AttributeDescriptor, answer: AttributeResult) -> None:
        scaler_unit = decoded_scaler_unit(answer)
        if scaler_unit is not None:
            self.scaler_units[attribute] = scaler_unit
        elif isinstance(answer, Data):
            self._refuse(attribute, "not a scaler_unit")
        elif answer.result in _LASTING:
            self._refuse(attribute, answer.name)

    def _refuse(self, attribute: AttributeDescriptor, reason: str) -> None:
        self.refused[attribute] = reason
        LOGGER.warning("%s does not give %s (%s); not asked again until reload", self._entry.title, attribute, reason)
