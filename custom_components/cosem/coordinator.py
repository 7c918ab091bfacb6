"""When the meter is talked to; meter/reader.py knows what is read, meter/error_mapping.py what errors mean."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import (
    ConfigEntryAuthFailed,
    ConfigEntryError,
    HomeAssistantError,
    ServiceValidationError,
)
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from .const import (
    CONF_EXPECTED_INTERVAL,
    CONF_INTERVAL,
    CONF_OBJECTS,
    CONF_RESPONSE_TIMEOUT,
    CONF_STAY_CONNECTED,
    DEFAULT_INTERVAL,
    DEFAULT_RESPONSE_TIMEOUT,
    DOMAIN,
    LOGGER,
    STAY_CONNECTED_BELOW,
)
from .dlms import Association, AttributeDescriptor, DlmsClient
from .meter.back_off import BackOff
from .meter.clients import async_release_client
from .meter.entity_plan import initially_read, plan_entities
from .meter.error_mapping import judging_caller, map_error
from .meter.issues import issues_of
from .meter.labels import label_of
from .meter.new_credentials import ask_for_new_credentials, stop_asking
from .meter.objects import complete_objects
from .meter.pausing import pause_of
from .meter.poll_record import NOT_CALLED, PAUSED, PollRecord
from .meter.reader import MeterReader
from .meter.readings import Reading, Readings
from .meter.security import MeterSecurity
from .meter.store import async_load_objects
from .meter.tasks_in_turn import TasksInTurn, is_cancelled
from .meter.total_deadline import PollTime, total_time
from .push.calls import EntryCalls
from .push.meter_logs import MeterLogs
from .push.meter_push import MeterPush
from .push.push_only import PushOnlyValues

type CosemConfigEntry = ConfigEntry[CosemCoordinator]
type Work[T] = Callable[[Association], Awaitable[T]]


MOST_REPEATS: Final = 4
"""In a poll. Each new association avoids what ended the one before; the next poll goes on."""


class CosemCoordinator(DataUpdateCoordinator[Readings]):
    """Polls one logical device, and lends its association to others in between.

    Takes over one use of ``client``, which ``async_shutdown`` gives back.
    """

    config_entry: CosemConfigEntry

    def __init__(self, hass: HomeAssistant, entry: CosemConfigEntry, client: DlmsClient) -> None:
        interval: float = entry.options.get(CONF_INTERVAL, DEFAULT_INTERVAL)
        keep = interval < STAY_CONNECTED_BELOW or entry.options.get(CONF_STAY_CONNECTED, False)
        # Nobody knows when it will be needed again, and many meters serve one client at a time.
        keep = keep and not entry.pref_disable_polling
        self.security = MeterSecurity(hass, entry, client, keep=keep)
        self.reader = MeterReader(hass, entry)
        self.notifications = MeterPush(hass, entry, client, self.security, self.reader, self._show_pushed)
        self.push_only = PushOnlyValues(
            hass, entry.options.get(CONF_EXPECTED_INTERVAL, 0), self._is_polled, self.async_update_listeners
        )
        """Values that the meter sends, and does not give when it is asked."""
        self.logs = MeterLogs(hass, entry, client, self.reader, self.notifications)
        super().__init__(
            hass,
            LOGGER,
            config_entry=entry,
            name=label_of(entry),
            update_interval=timedelta(seconds=interval),
        )
        # Ties the lines of messages, which name no entry, to this one.
        client.observer.note("read for %s, the entry %s", self.name, entry.entry_id)
        self.followers: list[Callable[[], None]] = []
        """Called after each poll; unlike listeners they do not make it poll."""
        self._issues = issues_of(hass, entry)
        self._client: DlmsClient | None = client
        self._tasks = TasksInTurn(hass, f"{label_of(entry)} poll")
        self._back_off = BackOff(interval)
        seconds = total_time(entry.options.get(CONF_RESPONSE_TIMEOUT, DEFAULT_RESPONSE_TIMEOUT), interval)
        self._time = PollTime(hass.loop.time, seconds)
        self._first = True
        self._credentials_refused: ConfigEntryAuthFailed | None = None
        stop_asking(hass, entry)
        self.record = PollRecord(self.name)
        self.pause = pause_of(hass, entry.data)
        self._leave_pause = self.pause.join(self)

    async def async_run[T](self, work: Work[T]) -> T:
        """Return what ``work`` returns, run once in an association with this entry's meter, in turn with the polls.

        ``work`` must not call ``async_run`` itself. Cancelling the caller ends it; the association is released even so.
        Raises what polls do, HomeAssistantError when the entry ends first, and what ``work`` raises besides.
        """
        begun = False

        async def verified(association: Association) -> T:
            nonlocal begun
            await self.reader.async_verify(association)
            begun = True
            return await work(association)

        if self._client is None:
            raise _ended()
        if self.pause.is_on:
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="polling_paused")
        if (calls := self.notifications.calls) is not None and not calls.is_there:
            raise _not_called()
        try:
            # Not repeated once it has begun, because it may write.
            return await self._tasks.async_run(lambda: self._async_noted(verified, lambda: not begun))
        except ConfigEntryAuthFailed:
            self.config_entry.async_start_reauth_if_available(self.hass)
            raise
        except asyncio.CancelledError:
            if is_cancelled():
                raise
            raise _ended() from None

    @callback
    def _show_pushed(self, values: Mapping[AttributeDescriptor, Reading]) -> None:
        """Show what the meter sent by itself, as far as there are entities, or will be; the polls go on as planned."""
        shown = {attribute for reads in self.async_contexts() for attribute in reads}
        shown.update(self.notifications.pushed.attributes)
        new = {attribute: reading for attribute, reading in values.items() if attribute in shown}
        self.push_only.take(new)
        # Before the first poll there is nothing beside which to show it; it stays where it was taken.
        if new and self.data is not None:
            self.data = replace(self.data, values={**self.data.values, **new})
            self.async_update_listeners()

    def _is_polled(self, attribute: AttributeDescriptor) -> bool:
        return not self.notifications.is_only_pushed(attribute)

    async def async_begin_unread(self) -> None:
        """Go by what is remembered of the meter, which cannot be read now."""
        self.security.pin(await self.reader.async_load())
        objects = await async_load_objects(self.hass, str(self.config_entry.unique_id))
        self.reader.objects = complete_objects(objects, self.config_entry.options[CONF_OBJECTS])
        self.data, self.last_update_success = Readings(), False
        if self.pause.is_on:
            self.record.note_problem(PAUSED)

    async def async_begin_with_calls(self, calls: EntryCalls) -> None:
        """Await the meter's calls from now on."""
        await self.async_begin_unread()
        await calls.async_start(self.async_refresh)
        if calls.is_there:
            await self.async_refresh()

    async def async_let_go(self) -> None:
        """Release the meter for a pause, and show nothing as if it was read; what a person has asked for ends first."""
        self.record.note_problem(PAUSED)
        # Here and not by a failed poll, which would be told as an error.
        self.last_exception, self.last_update_success = _paused(), False
        self.async_update_listeners()
        await self.logs.async_interrupt()
        await self._tasks.async_end_what_gives_way()
        await self._tasks.async_run_unless_ended(self.security.async_release)

    @callback
    def go_on(self) -> None:
        """Poll once now that a pause is over, even where polling is switched off: what was shown was taken away."""
        self.async_update_listeners()
        self.config_entry.async_create_background_task(self.hass, self.async_refresh(), f"{self.name} poll")

    @override
    async def _async_update_data(self) -> Readings:
        self._refuse_while_paused()
        calls = self.notifications.calls
        if calls is not None and not calls.is_there:
            if self.last_update_success and not calls.is_overdue:
                return self.data
            self.record.note_problem(NOT_CALLED)
            raise _not_called()
        try:
            readings = await self._tasks.async_run(self._async_one_poll, gives_way=True)
        except asyncio.CancelledError:
            if not is_cancelled():
                self._refuse_while_paused()
            raise
        except HomeAssistantError as failure:
            if calls is not None and await calls.async_note_failure(failure) and self.last_update_success:
                return self.data
            is_held = isinstance(failure, UpdateFailed) and self.security.other_client.is_there
            self.record.note_failure(failure, is_other_client=is_held)
            if isinstance(failure, UpdateFailed):
                failure.retry_after = self._back_off.pause_after_failure(failure.retry_after, is_held=is_held)
            raise
        self.record.note_success()
        self.notifications.pace.drop(readings.values)
        self._issues.note_success(counter_half_used=self.security.is_half_used, withheld=readings.withheld)
        self._back_off.note_success()
        if calls is not None:
            calls.note_read()
        self._first = False
        return self.push_only.beside(readings)

    def _refuse_while_paused(self) -> None:
        if self.pause.is_on:
            raise _paused()

    async def _async_one_poll(self) -> Readings:
        with self._time.running():
            return await self._async_noted(self._async_poll, self._time.is_left)

    async def _async_poll(self, association: Association) -> Readings:
        async with self._time.for_reading():
            readings = await self._async_read(association)
        if self._first:
            plan = plan_entities(self.reader.objects, ticked=self.config_entry.options[CONF_OBJECTS])
            attributes = [attribute for planned in plan for attribute in planned.reads]
            await self.reader.async_read_units(association, attributes)
        else:
            await self.reader.async_check_description(association)
        return readings

    async def _async_read(self, association: Association) -> Readings:
        if not self._first:
            pushed, objects = self.notifications.pushed, self.reader.objects
            shown = {attribute for reads in self.async_contexts() for attribute in reads}
            asked, units_of = shown - pushed.unlisted(objects), shown & pushed.with_unit(objects)
            return await self.reader.async_read(association, asked, units_of)
        # The first time, learn before what the meter is and has.
        await self.reader.async_identify(association)
        plan = plan_entities(self.reader.objects, ticked=self.config_entry.options[CONF_OBJECTS])
        return await self.reader.async_read(association, initially_read(self.hass, self.config_entry, plan))

    async def _async_noted[T](self, work: Work[T], may_repeat: Callable[[], bool]) -> T:
        # No further attempt after the meter refused the credentials.
        if self._credentials_refused is not None:
            raise ConfigEntryAuthFailed(
                translation_domain=DOMAIN, translation_key="authentication_stopped"
            ) from self._credentials_refused
        try:
            return await self._async_attempt(work, may_repeat)
        except (ConfigEntryAuthFailed, ConfigEntryError, UpdateFailed) as failure:
            if isinstance(failure, ConfigEntryAuthFailed):
                self._credentials_refused = failure
                ask_for_new_credentials(self.hass, self.config_entry)
            self._issues.note_failure(failure.__cause__)
            raise

    async def _async_attempt[T](self, work: Work[T], may_repeat: Callable[[], bool]) -> T:
        """Run, and again as long as a new association may mend what failed."""
        for _ in range(MOST_REPEATS):
            try:
                return await self._async_associated(work)
            except UpdateFailed as failure:
                if not self.security.may_be_mended or not may_repeat():
                    raise
                LOGGER.debug("%s: trying again with a new association: %s", self.name, failure.__cause__)
        return await self._async_associated(work)

    async def _async_associated[T](self, work: Work[T]) -> T:
        if self._first:
            self.security.pin(await self.reader.async_load())
            self.security.expect(self.reader.ways)
        calls = self.notifications.calls
        with map_error(first=self._first), judging_caller(is_expected=calls is None or calls.is_expected):
            async with AsyncExitStack() as stack:
                async with self._time.for_opening():
                    association = await stack.enter_async_context(self.security.async_associate())
                result = await work(association)
        self.security.learn_title(association)
        await self.reader.async_save(self.security.pinned_title, self.security.profile_ways)
        return result

    @callback
    @override
    def async_update_listeners(self) -> None:
        """Tell the entities, and who follows what the meter says about itself."""
        super().async_update_listeners()
        for follow in self.followers:
            follow()

    @override
    async def async_shutdown(self) -> None:
        """End everything for good, at unload and when Home Assistant stops."""
        await super().async_shutdown()
        self._leave_pause()
        client, self._client = self._client, None
        await self._tasks.async_end_all()
        await self.security.async_release()
        # Not before: a meter may take its time for the release, and what it sends meanwhile is heard by nobody else.
        if not self.notifications.outlives_attempt:
            await self.notifications.async_stop()
        self.push_only.stop()
        await self.logs.async_stop()
        await self.reader.async_close()
        if client is not None:
            await async_release_client(self.hass, client)


def _ended() -> HomeAssistantError:
    return HomeAssistantError(translation_domain=DOMAIN, translation_key="entry_ended")


def _not_called() -> UpdateFailed:
    return UpdateFailed(translation_domain=DOMAIN, translation_key="not_called")


def _paused() -> UpdateFailed:
    return UpdateFailed(translation_domain=DOMAIN, translation_key="polling_paused")
