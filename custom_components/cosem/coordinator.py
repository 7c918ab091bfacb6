"""Polls one meter: one coordinator for each entry.

Asks in one association for what the enabled entities need, takes nothing before the meter has proved to be the right one,
and lets error_mapping.py say what a failure means. Knows nothing of states, units of display or forms.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
import random
from typing import Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryAuthFailed, ConfigEntryError, HomeAssistantError
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util import dt as dt_util

from .const import (
    BACKOFF_FACTOR,
    BACKOFF_JITTER,
    BACKOFF_MAXIMUM,
    CONF_INTERVAL,
    CONF_OBJECTS,
    CONF_STAY_CONNECTED,
    DEFAULT_INTERVAL,
    DOMAIN,
    ISSUE_OTHER_METER,
    LOGGER,
    SCALER_BUDGET,
    STAY_CONNECTED_BELOW,
)
from .dlms import (
    Association,
    AssociationAborted,
    AttributeDescriptor,
    ConnectionLost,
    Data,
    DataType,
    DlmsClient,
    ExceptionReceived,
    InvocationCounterRefused,
    ObjectListElement,
    SapAssignment,
    ScalerUnit,
)
from .meter.association_keeper import AssociationKeeper
from .meter.clients import async_release_client, on_loan
from .meter.entity_plan import CLOCK_CLASS_ID, complete_objects, initially_enabled, planned_sensors
from .meter.error_mapping import map_error
from .meter.identity import MeterIdentity, unique_id_of
from .meter.issues import issues_of
from .meter.replacement import async_adopt_meter
from .meter.security import MeterSecurity
from .meter.setup import (
    Answer,
    async_ask,
    async_read_identity,
    async_read_objects,
    async_read_pieces,
    decoded_scaler_unit,
    scaler_unit_attribute,
)
from .meter.store import StoredMeter, async_load_meter, async_save_meter

type CosemConfigEntry = ConfigEntry[CosemCoordinator]

_LASTING: Final = frozenset({3, 4, 9, 12, 13})
"""data-access-results that asking again does not change: read-write-denied, object-undefined, object-class-inconsistent,
type-unmatched, scope-of-access-violated. The others mean that there is no value this time."""

_SLOW_READ: Final = 2.0
"""Seconds. After a longer read nobody knows at which moment the clock was answered; it is asked once more, alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """What one poll brought."""

    values: Mapping[AttributeDescriptor, Data | None] = field(default_factory=dict)
    """None: the meter has no value for this attribute just now. Absent: it refuses the attribute, or nobody asked."""
    clock_read_at: datetime | None = None
    """Home Assistant's time at the moment that the clock objects were read."""


def _association_is_gone(cause: BaseException | None) -> bool:
    """Whether a meter that was associated before has forgotten about it, or its connection has ended."""
    match cause:
        case ConnectionLost() | AssociationAborted() | ExceptionReceived(state_error=1, service_error=1):
            return True
    return False


class CosemCoordinator(DataUpdateCoordinator[Readings]):
    """Reads one logical device through its client."""

    config_entry: CosemConfigEntry

    def __init__(self, hass: HomeAssistant, entry: CosemConfigEntry, client: DlmsClient) -> None:
        """Take over one use of `client`, which `async_shutdown` gives back."""
        self.security = MeterSecurity(hass, entry, client)
        self.interval: float = entry.options.get(CONF_INTERVAL, DEFAULT_INTERVAL)
        super().__init__(
            hass,
            LOGGER,
            config_entry=entry,
            name=entry.title,
            update_interval=timedelta(seconds=self.interval),
        )
        keep = self.interval < STAY_CONNECTED_BELOW or entry.options.get(CONF_STAY_CONNECTED, False)
        self._issues = issues_of(hass, entry)
        self._keeper = AssociationKeeper(client, self.security.async_terms, keep=keep)
        self._client: DlmsClient | None = client
        self._stop_lending = on_loan(hass, client, self._keeper.async_let_go)
        self._verified: Association | None = None
        self._reading: asyncio.Task[Readings] | None = None
        self._first = True
        self._failures = 0
        self._credentials_refused: ConfigEntryAuthFailed | None = None
        self._stored = StoredMeter()
        self.identity: MeterIdentity | None = None
        self._listed: tuple[ObjectListElement, ...] = ()
        self.objects: tuple[ObjectListElement, ...] = ()
        self.logical_devices: tuple[SapAssignment, ...] = ()
        self.mbus_device_types: Mapping[int, int] = {}
        self.scaler_units: dict[AttributeDescriptor, ScalerUnit] = {}
        """By the descriptor of the attribute scaler_unit itself."""
        self.refused: dict[AttributeDescriptor, str] = {}
        """Attributes that the meter refuses for good, and its reason; asked again after a reload only."""

    @override
    async def _async_update_data(self) -> Readings:
        """Poll once; says what a failure means and how long to wait after it."""
        if self._credentials_refused is not None:
            raise ConfigEntryAuthFailed(
                translation_domain=DOMAIN, translation_key="authentication_stopped"
            ) from self._credentials_refused
        try:
            readings = await self._async_read_in_own_task()
        except ConfigEntryAuthFailed as refused:
            self._credentials_refused = refused
            self._issues.note_failure(refused.__cause__)
            raise
        except ConfigEntryError as failure:
            self._issues.note_failure(failure.__cause__)
            raise
        except UpdateFailed as failure:
            self._issues.note_failure(failure.__cause__)
            failure.retry_after = self._pause(failure.retry_after)
            self._failures += 1
            raise
        self._issues.note_success(counter_half_used=self.security.is_half_used)
        self._failures = 0
        self._first = False
        return readings

    def _pause(self, asked_for: float | None) -> float | None:
        """Return the seconds until the next attempt: what the meter needs, else longer with every failure in a row.

        During the first set-up Home Assistant has its own, shorter pauses.
        """
        if asked_for is not None:
            return asked_for * random.uniform(1 - BACKOFF_JITTER, 1)  # noqa: S311 - no secret
        if self._first:
            return None
        steps = min(self._failures, 32)  # any interval has reached the maximum long before
        pause = min(self.interval * BACKOFF_FACTOR**steps, BACKOFF_MAXIMUM)
        return pause * random.uniform(1 - BACKOFF_JITTER, 1 + BACKOFF_JITTER)  # noqa: S311 - no secret

    async def _async_read_in_own_task(self) -> Readings:
        """Read in a task that a stop, an unload or a caller's end cancels exactly once, so that it can still release."""
        reading = self.hass.async_create_background_task(self._async_poll(), f"{self.name} poll", eager_start=True)
        self._reading = reading
        try:
            await asyncio.wait([reading])
        finally:
            await self._async_end_reading()
        return reading.result()

    async def _async_end_reading(self) -> None:
        """Cancel a poll under way, if none did so before, and wait until it has released its association."""
        if self._reading is None or self._reading.done():
            return
        if not self._reading.cancelling():
            self._reading.cancel()
        await asyncio.wait([self._reading])
        if not self._reading.cancelled():
            self._reading.exception()  # nobody else will ask

    @override
    async def async_shutdown(self) -> None:
        """End polling for good: cancel, release, close. Called at unload and when Home Assistant stops."""
        await super().async_shutdown()
        await self._async_end_reading()
        await self._keeper.async_close()
        client, self._client = self._client, None
        if client is not None:
            self._stop_lending()
            await async_release_client(self.hass, client)

    def scaler_unit(self, attribute: AttributeDescriptor) -> ScalerUnit | None:
        """Return how to scale an attribute, None when that is not known, or there is nothing to scale."""
        scaler_unit = scaler_unit_attribute(attribute)
        return None if scaler_unit is None else self.scaler_units.get(scaler_unit)

    def is_refused(self, attribute: AttributeDescriptor) -> bool:
        """Whether the meter refuses an attribute, or what is needed to understand it."""
        return attribute in self.refused or scaler_unit_attribute(attribute) in self.refused

    async def _async_poll(self) -> Readings:
        """Poll once, and once more when a new association may mend what failed.

        That is when a kept one turns out to be gone, because meters end idle ones, and when the meter refuses our invocation
        counter and was not asked for its own before.
        """
        kept, asked = self._keeper.is_open, self.security.asks_first
        try:
            return await self._async_poll_once()
        except UpdateFailed as failure:
            gone = kept and _association_is_gone(failure.__cause__)
            if not gone and (asked or not isinstance(failure.__cause__, InvocationCounterRefused)):
                raise
            LOGGER.debug("%s: trying again with a new association: %s", self.name, failure.__cause__)
        return await self._async_poll_once()

    async def _async_poll_once(self) -> Readings:
        """Associate, read, release; afterwards remember what was learned about the meter."""
        if self._first:
            self._stored = await async_load_meter(self.hass, str(self.config_entry.unique_id))
            self.security.pin(self._stored.system_title)
        with map_error(first=self._first):
            async with self._borrow() as association:
                if self._first:
                    await self._async_prepare(association)
                    readings = await self._async_read(association)
                    await self._async_read_further_units(association)
                else:
                    readings = await self._async_read(association)
        self.security.learn_title(association)
        await self._async_remember()
        return readings

    @asynccontextmanager
    async def _borrow(self) -> AsyncIterator[Association]:
        """Lend an association; a failure may mean that the meter is asked for its counter before the next one."""
        opened = False
        try:
            async with self._keeper.borrow() as association:
                opened = True
                yield association
        except BaseException as error:
            self.security.note_failure(error, opened=opened)
            raise

    async def _async_prepare(self, association: Association) -> None:
        """Learn what the meter is and has: from the Store what is known, the rest from the meter."""
        entry = self.config_entry
        objects = self._stored.objects or await async_read_objects(self.hass, association) or ()
        who = await async_read_identity(association, objects, expected=entry.unique_id)
        unique_id = who.identity.unique_id if who.identity else None
        if unique_id is not None and self._issues.is_adopted(unique_id):
            await async_adopt_meter(self.hass, entry, unique_id)
            self._stored = StoredMeter(system_title=self._stored.system_title)
            objects = await async_read_objects(self.hass, association) or objects
        self._require(unique_id)
        self._verified = association
        self.identity = who.identity
        self.logical_devices = who.logical_devices
        self.mbus_device_types = who.mbus_device_types
        self.scaler_units = dict(self._stored.scaler_units)
        if self._firmware_changed():
            LOGGER.info("%s runs another firmware: its object list and units are read again", self.name)
            objects = await async_read_objects(self.hass, association) or objects
            self.scaler_units = {}
        self._listed = tuple(objects)
        self.objects = complete_objects(objects, entry.options[CONF_OBJECTS])

    def _firmware_changed(self) -> bool:
        """Whether the meter runs another firmware than the one that the stored object list belongs to."""
        firmware = self.identity.firmware if self.identity else None
        return None not in (firmware, self._stored.firmware) and firmware != self._stored.firmware

    async def _async_remember(self) -> None:
        """Write what is worth remembering, when it changed."""
        meter = StoredMeter(
            objects=self._listed,
            scaler_units=dict(self.scaler_units),
            firmware=(self.identity.firmware if self.identity else None) or self._stored.firmware,
            system_title=self.security.pinned_title,
        )
        if meter != self._stored:
            self._stored = meter
            await async_save_meter(self.hass, str(self.config_entry.unique_id), meter)

    async def _async_read(self, association: Association) -> Readings:
        """Read what the enabled entities need; nothing of it counts before the meter is known to be the right one."""
        wanted = self._wanted()
        pinned = [] if self._verified is association or self.identity is None else [self.identity.pinned]
        units = {unit for attribute in wanted if (unit := scaler_unit_attribute(attribute)) is not None}
        missing = sorted(units.difference(self.scaler_units))
        answers, read_at = await self._async_ask(association, [*pinned, *missing, *wanted])
        for attribute in pinned:
            self._require(unique_id_of(attribute, answers[attribute], association.parameters.server_wport))
            self._verified = association
        for attribute in missing:
            self._learn_scaler_unit(attribute, answers[attribute])
        values = {attribute: self._value(attribute, answers[attribute]) for attribute in wanted}
        return Readings(values=values, clock_read_at=read_at)

    async def _async_ask(
        self, association: Association, attributes: Sequence[AttributeDescriptor]
    ) -> tuple[dict[AttributeDescriptor, Answer], datetime]:
        """Return the answers, and Home Assistant's time when the clock objects among them were read."""
        answers, read_at, seconds = await self._async_ask_timed(association, attributes)
        clocks = [attribute for attribute in attributes if attribute.class_id == CLOCK_CLASS_ID]
        if clocks and seconds > _SLOW_READ and len(attributes) > len(clocks):
            again, read_at, _ = await self._async_ask_timed(association, clocks)
            answers |= again
        return answers, read_at

    async def _async_ask_timed(
        self, association: Association, attributes: Sequence[AttributeDescriptor]
    ) -> tuple[dict[AttributeDescriptor, Answer], datetime, float]:
        """Return the answers, the middle of the time that they took, and how many seconds that was."""
        started, began = dt_util.utcnow(), self.hass.loop.time()
        answers = await async_ask(association, attributes)
        seconds = self.hass.loop.time() - began
        return answers, started + timedelta(seconds=seconds / 2), seconds

    def _wanted(self) -> list[AttributeDescriptor]:
        """Return what the enabled entities show, in a constant order, without what the meter refuses."""
        needed: Iterable[AttributeDescriptor] = (
            initially_enabled(self.hass, self.config_entry, self.objects) if self._first else self.async_contexts()
        )
        return [attribute for attribute in sorted(set(needed)) if not self.is_refused(attribute)]

    def _value(self, attribute: AttributeDescriptor, answer: Answer) -> Data | None:
        """Return the value, None when there is none this time."""
        if isinstance(answer, Data):
            return None if answer.type is DataType.NULL_DATA else answer
        if answer.result in _LASTING:
            self._refuse(attribute, answer.name)
        return None

    def _learn_scaler_unit(self, attribute: AttributeDescriptor, answer: Answer) -> None:
        """Keep a scaler_unit; without one that makes sense a register's number would be a guess."""
        scaler_unit = decoded_scaler_unit(answer)
        if scaler_unit is not None:
            self.scaler_units[attribute] = scaler_unit
        elif isinstance(answer, Data):
            self._refuse(attribute, "not a scaler_unit")
        elif answer.result in _LASTING:
            self._refuse(attribute, answer.name)

    def _refuse(self, attribute: AttributeDescriptor, reason: str) -> None:
        """Do not ask for an attribute again, and say so once."""
        self.refused[attribute] = reason
        LOGGER.warning("%s does not give %s (%s); not asked again until reload", self.name, attribute, reason)

    async def _async_read_further_units(self, association: Association) -> None:
        """Read the units of entities that are disabled, so that they are right when somebody enables them.

        For a limited time, and without failing the poll: nothing that anybody looks at depends on it.
        """
        plan = planned_sensors(str(self.config_entry.unique_id), self.objects)
        units = {unit for planned in plan if (unit := scaler_unit_attribute(planned.attribute)) is not None}
        missing = sorted(units.difference(self.scaler_units, self.refused))
        try:
            with map_error(first=True):
                until = self.hass.loop.time() + SCALER_BUDGET
                async for attribute, answer in async_read_pieces(association, missing, until=until):
                    if (scaler_unit := decoded_scaler_unit(answer)) is not None:
                        self.scaler_units[attribute] = scaler_unit
        except HomeAssistantError as error:
            LOGGER.debug("%s: the units of disabled entities are still unknown: %s", self.name, error)

    def _require(self, unique_id: str | None) -> None:
        """Refuse to go on unless this is the meter that the entry was made for."""
        if unique_id == self.config_entry.unique_id:
            return
        if unique_id is None:
            raise UpdateFailed(translation_domain=DOMAIN, translation_key="identity_unreadable")
        placeholders = self._issues.note_other_meter(unique_id)
        kind = ConfigEntryError if self._first else UpdateFailed
        raise kind(translation_domain=DOMAIN, translation_key=ISSUE_OTHER_METER, translation_placeholders=placeholders)
