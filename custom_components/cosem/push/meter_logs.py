"""What a meter only logs: its event logs and alarm registers are read now and then, and what is new is told.

In turn with the polls, and only while they get through. The first reading sets the marks and tells nothing. An entry is
told once, also over restarts: rather twice than never if Home Assistant dies while it tells.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from itertools import batched
from typing import Final, Protocol

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util

from ..const import (
    CONF_LOG_INTERVAL,
    CONF_RESPONSE_TIMEOUT,
    DEFAULT_LOG_INTERVAL,
    DEFAULT_RESPONSE_TIMEOUT,
    LOGGER,
)
from ..dlms import (
    Association,
    DlmsClient,
    InterfaceClass,
    LogicalName,
    PushedValue,
)
from ..meter.error_mapping import is_for_now
from ..meter.labels import label_of
from ..meter.meter_time import time_policy_of
from ..meter.reader import MeterReader
from ..meter.refusals import Refusals
from ..meter.total_deadline import async_total_deadline, total_time
from .log_events import LogEvents, Trust, code_of
from .log_mark import LogEntry, LogMark
from .log_reading import LogNews, LogReader
from .log_store import Logged, LogStore
from .log_turn import Kept, LogTurn
from .logged_objects import alarm_registers, event_logs
from .meter_event import async_publish
from .meter_push import MeterPush

AT_ONCE: Final = 50
"""Entries that are told without a pause for others."""

_VALUE: Final = 2


class Polls(Protocol):
    """What is needed of the coordinator."""

    last_update_success: bool
    followers: list[Callable[[], None]]

    async def async_run[T](self, work: Callable[[Association], Awaitable[T]]) -> T:
        """Return what ``work`` returns, run in an association. Raises HomeAssistantError."""


class MeterLogs:
    """Of one entry. ``push``: what its meter sends by itself, because nothing is told twice."""

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry, client: DlmsClient, reader: MeterReader, push: MeterPush
    ) -> None:
        self._hass = hass
        self._entry = entry
        self._client = client
        self._reader = reader
        self._push = push
        self._policy = time_policy_of(entry.options)
        self._events = LogEvents(hass, entry, push.maker)
        self._minutes: int = entry.options.get(CONF_LOG_INTERVAL, DEFAULT_LOG_INTERVAL)
        self._refusals = Refusals()
        self._marks: dict[LogicalName, LogMark] = {}
        self._store: LogStore | None = None
        self._polls: Polls | None = None
        self._task: asyncio.Task[None] | None = None
        self._read_at: dict[LogicalName, datetime] = {}
        """When the reading of each log began that brought its mark."""
        self._is_due = False
        self._cancel: CALLBACK_TYPE | None = None

    async def async_start(self, polls: Polls) -> None:
        """Remember what was told. Read now and from now on, unless a person does not want it."""
        self._store = LogStore(self._hass, str(self._entry.unique_id))
        logged = await self._store.async_load()
        self._marks = logged.marks
        self._push.maker.meanings.remember(logged.alarms, logged.states)
        self._push.told.remember(logged.told)
        if not self._minutes:
            return
        self._polls = polls
        polls.followers.append(self._go_on)
        self._cancel = async_track_time_interval(self._hass, self._tick, timedelta(minutes=self._minutes))
        self._is_due = True
        self._go_on()

    async def async_stop(self) -> None:
        """Read nothing any more, and write what must not be told again."""
        self._polls = None
        if self._cancel is not None:
            self._cancel()
        await self.async_interrupt()
        await self._async_save()

    async def async_interrupt(self) -> None:
        """End a reading that is under way; it begins anew as soon as the polls get through again."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._is_due = True

    def diagnostics(self) -> dict[str, object]:
        """Return which logs are followed, and what is refused."""
        return {
            "followed": sorted(map(str, self._marks)) if self._minutes else [],
            "refused": {str(attribute): reason for attribute, reason in self._refusals.lasting().items()},
        }

    @callback
    def _tick(self, _now: datetime) -> None:
        self._is_due = True
        if not self._entry.pref_disable_polling:  # else as soon as a person has the meter read
            self._go_on()

    @callback
    def _go_on(self) -> None:
        """Read what is due, as soon as the meter answers."""
        polls = self._polls
        if polls is None or not self._is_due or not polls.last_update_success or self._task is not None:
            return
        self._is_due = False
        self._task = self._hass.async_create_background_task(self._async_read(polls), f"{label_of(self._entry)} logs")
        self._task.add_done_callback(self._note_end)

    @callback
    def _note_end(self, _task: asyncio.Task[None]) -> None:
        self._task = None

    def _objects(self) -> list[Kept]:
        """Return what is to be read: without what is refused again and again."""
        known, now = self._reader.objects, self._hass.loop.time()
        kept = [
            *(Kept(InterfaceClass.DATA, name) for name in alarm_registers(known)),
            *(Kept(InterfaceClass.PROFILE_GENERIC, name) for name in event_logs(known)),
        ]
        return [each for each in kept if not self._refusals.is_resting(each.attribute, now)]

    async def _async_read(self, polls: Polls) -> None:
        objects = self._objects()
        suspects = [each for each in objects if self._refusals.is_suspect(each.attribute)]
        # What failed the last time is read alone, so that it costs the others nothing even if the meter hangs up.
        for group in ([each for each in objects if each not in suspects], *([each] for each in suspects)):
            if group:
                await self._async_turn(polls, group)
        if self._marks and self._marks.keys() <= self._read_at.keys():
            self._push.told.forget_before(min(self._read_at.values()))
        await self._async_save()

    async def _async_turn(self, polls: Polls, objects: list[Kept]) -> None:
        turn, began = LogTurn(objects, self._marks), dt_util.utcnow()
        seconds = total_time(self._entry.options.get(CONF_RESPONSE_TIMEOUT, DEFAULT_RESPONSE_TIMEOUT))

        async def work(association: Association) -> None:
            async with async_total_deadline("end of the event logs", seconds):
                await turn.async_read(association, LogReader(self._client, association, self._policy))

        try:
            await polls.async_run(work)
        except HomeAssistantError as error:
            LOGGER.debug("%s: event logs are not read: %s", label_of(self._entry), error)
        else:
            await self._async_tell(turn)
            self._read_at.update((kept.logical_name, began) for kept in turn.answered if kept.is_log)
        self._note_failures(turn)

    def _note_failures(self, turn: LogTurn) -> None:
        now = self._hass.loop.time()
        for kept, error in turn.failures.items():
            if is_for_now(error):
                continue
            if self._refusals.note(kept.attribute, type(error).__name__, turn, now):
                LOGGER.warning(
                    "%s does not let %s be read (%s); it is tried once a day",
                    label_of(self._entry),
                    kept.logical_name.obis,
                    error,
                )

    async def _async_tell(self, turn: LogTurn) -> None:
        for kept in turn.answered:
            self._refusals.forget(kept.attribute)
        for name, value in turn.registers.items():
            self._tell_alarms(PushedValue(name, InterfaceClass.DATA, _VALUE, value), turn.trust)
        for log, news in turn.news.items():
            await self._async_tell_entries(log, news, turn.trust)

    def _tell_alarms(self, value: PushedValue, trust: Trust) -> None:
        for meaning in self._push.maker.meanings.of_register(value):
            async_publish(self._hass, self._events.of_alarm(meaning, value, trust))

    async def _async_tell_entries(self, log: LogicalName, news: LogNews, trust: Trust) -> None:
        if news.left_out:
            LOGGER.warning(
                "%s has %d entries in its log %s that are too many to be told",
                label_of(self._entry),
                news.left_out,
                log.obis,
            )
        for some in batched(news.entries, AT_ONCE, strict=False):
            for entry in some:
                if not self._was_sent(log, entry):
                    async_publish(self._hass, self._events.of_entry(log, entry, trust))
            self._marks[log] = self._marks[log].behind(some)
            await asyncio.sleep(0)
        self._marks[log] = news.mark

    def _was_sent(self, log: LogicalName, entry: LogEntry) -> bool:
        code, told = code_of(entry), self._push.told
        return code is not None and told.take(code.logical_name, code.number, entry.time, self._read_at.get(log))

    async def _async_save(self) -> None:
        if self._store is not None:
            meanings = self._push.maker.meanings
            logged = Logged(self._marks, meanings.alarms, self._push.told, meanings.states)
            await self._store.async_save(logged)
