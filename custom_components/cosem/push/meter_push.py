"""What one meter sends by itself: it is taken while its entry is loaded, and everybody is told."""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util

from ..const import (
    CONF_CLIENT_WPORT,
    CONF_NOTIFICATION_WPORT,
    CONF_OBJECTS,
    CONF_SERVER_WPORT,
    CONF_STATE_PAUSE,
    DEFAULT_STATE_PAUSE,
    DOMAIN,
)
from ..dlms import (
    AttributeDescriptor,
    DlmsClient,
    LogicalDeviceName,
    NotificationKeys,
    PushedValues,
    WportPair,
    notification_time,
)
from ..meter.clients import calls_of, transport_of
from ..meter.error_mapping import none_if_failed
from ..meter.identity import identity_text
from ..meter.objects import complete_objects
from ..meter.pausing import pause_of
from ..meter.reader import MeterReader
from ..meter.readings import Reading
from ..meter.security import MeterSecurity
from ..meter.store import async_load_objects
from .already_told import AlreadyTold
from .calls import EntryCalls
from .event_codes import code_table_of
from .event_making import EventMaker
from .heard_so_far import HeardSoFar
from .listeners import own_router
from .listening import EntryListening, async_sources
from .meter_event import MeterEvent, async_publish
from .options import is_address, transports_of
from .other_ways import OtherWays
from .pace import Pace, Show
from .pushed_objects import PushedObjects
from .routing import Knowledge, ReadNotification, Receiver
from .shown_values import pushed_reading, shown_attribute

_VALUE: Final = 2

STORED_AFTER: Final = 1.0
"""Seconds: a meter that sends every second does not wear out the disk."""

LOOKED_AFTER: Final = 30.0
"""Seconds."""

_MOST_UNSHOWN: Final = 16
"""Events that wait for the event entity."""


class MeterPush:
    """Of one entry. ``show``: is given values that can be believed."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        client: DlmsClient,
        security: MeterSecurity,
        reader: MeterReader,
        show: Show,
    ) -> None:
        self._hass = hass
        self._entry = entry
        self._pause = pause_of(hass, entry.data)
        self._security = security
        self._server_wport: int = entry.data[CONF_SERVER_WPORT]
        self._reader = reader
        self.pace = Pace(hass, entry.options.get(CONF_STATE_PAUSE, DEFAULT_STATE_PAUSE), show)
        self.told = AlreadyTold()
        """What its log need not tell again."""
        self.maker = EventMaker(hass, entry, reader, code_table_of(entry.data, entry.options, self._makers()))
        self._listening = EntryListening(hass, entry)
        # Now, because it counts for connections that are opened from now on.
        self._own = own_router(hass, client, transport_of(entry.data))
        calls = calls_of(hass, client)
        self.calls: Final = None if calls is None else EntryCalls(hass, entry, calls, lambda: security.pinned_title)
        """Where the meter calls."""
        self._receiver: Receiver | None = None
        self._takes_own = False
        self._unshown: deque[MeterEvent] | None = deque(maxlen=_MOST_UNSHOWN)
        self._client = client
        self.heard = HeardSoFar()
        """For a person."""
        self.followers: list[Callable[[ReadNotification], None]] = []
        """Who is given each notification, whatever it tells: quick, and never raising."""
        self._other_ways = OtherWays()
        self.pushed = PushedObjects(hass, str(entry.unique_id))
        self.outlives_attempt = False
        """Whether it goes on after a set-up that is tried again."""
        self._cancel_storing: CALLBACK_TYPE | None = None
        self._next_look = 0.0

    def is_only_pushed(self, attribute: AttributeDescriptor) -> bool:
        """Whether no poll gives the value of an attribute."""
        if self._entry.pref_disable_polling or self._pause.is_on or self._reader.is_refused(attribute):
            return True
        return attribute in self.pushed.unlisted(self._reader.objects)

    @property
    def is_listening(self) -> bool:
        """Whether what the meter sends is taken."""
        return self._receiver is not None

    async def async_start_early(self) -> None:
        """Listen before the meter is read, by what is remembered of it: after a power failure it speaks first."""
        if self.calls is not None or not transports_of(self._entry.options):
            return
        self._security.pin(await self._reader.async_load())
        objects = await async_load_objects(self._hass, str(self._entry.unique_id))
        keys = await none_if_failed(self._security.async_notification_keys())
        if not objects or (keys is None and self._security.has_keys):
            return
        self._reader.objects = complete_objects(objects, self._entry.options[CONF_OBJECTS])
        self._receiver = await self._async_receiver(keys)
        await self._listening.async_start(self._receiver)

    async def async_start(self) -> None:
        """Take what the meter sends from now on; it was read, so it is the right one."""
        if self._receiver is None:
            # The polls say it when the counters cannot be read.
            keys = await none_if_failed(self._security.async_notification_keys())
            self._receiver = await self._async_receiver(keys)
            await self._listening.async_start(self._receiver)
        self._own.add(self._receiver)
        self._takes_own = True
        if self.calls is not None:
            await self.calls.async_take(self._receiver)

    @callback
    def follow_name(self) -> None:
        """Look where the meter's name leads now, not too often: after an outage it may have another address."""
        now = self._hass.loop.time()
        if is_address(self._entry.data[CONF_HOST]) or self._receiver is None or now < self._next_look:
            return
        self._next_look = now + LOOKED_AFTER
        work, name = self._listening.async_follow_name(), f"{DOMAIN} address of a meter"
        self._entry.async_create_background_task(self._hass, work, name)

    def _makers(self) -> tuple[str | None, str | None]:
        """Return who made the meter, by its name and by its system title: three letters, None where it does not say."""
        title = self._security.pinned_title or b""
        return LogicalDeviceName(str(self._entry.unique_id).encode()).flag_id, LogicalDeviceName(title).flag_id

    def _knows(self) -> Knowledge:
        form = self._client.known_forms.get(WportPair(self._entry.data[CONF_CLIENT_WPORT], self._server_wport))
        return Knowledge(
            push_lists=self._reader.push_lists,
            maker=next(filter(None, self._makers()), None),
            short_names=None if form is None else form.short_names,
        )

    async def _async_receiver(self, keys: NotificationKeys | None) -> Receiver:
        # Only now the system title is known, which may tell the maker.
        self.maker.meanings.table = code_table_of(self._entry.data, self._entry.options, self._makers())
        return Receiver(
            server_wport=self._server_wport,
            take=self._take,
            identifiers=self._identifiers,
            is_of_another=self._is_of_another,
            sources=await async_sources(self._hass, self._entry),
            has_keys=self._security.has_keys,
            keys=keys,
            accepts_unverified=self._security.is_unverified,
            client_wport=self._entry.options.get(CONF_NOTIFICATION_WPORT),
            knows=self._knows,
            entry_id=self._entry.entry_id,
        )

    @callback
    def go_on_for(self, before: MeterPush) -> None:
        """Share what was told since the last attempt to set up: until it stops, both tell what happens."""
        self.told, self.heard, self._other_ways = before.told, before.heard, before._other_ways
        self.maker.meanings.go_on_for(before.maker.meanings)
        self._unshown = before._unshown

    async def async_take_over(self, before: MeterPush) -> None:
        """Stop what listened since the last attempt to set up, without a gap."""
        await before.async_stop(others_listen=self.is_listening)
        self.pushed.remember(before.pushed.attributes)

    @callback
    def now_shown(self) -> list[MeterEvent]:
        """Return what was told before there was an event entity, once; from now on there is one."""
        unshown, self._unshown = self._unshown, None
        return list(unshown or ())

    async def async_stop(self, *, others_listen: bool = False) -> None:
        """Take nothing any more, and store what must not be taken twice.

        ``others_listen``: whether the entry listens even so, so that its repair issue stays.
        """
        self.pace.stop()
        if self._receiver is not None:
            if self._takes_own:
                self._own.remove(self._receiver)
            self._receiver = None
        await self._listening.async_stop(others_listen=others_listen)
        if self.calls is not None:
            await self.calls.async_stop()
        if self._cancel_storing is not None:
            await self._async_store()
        await self.pushed.async_save()

    def diagnostics(self) -> dict[str, object]:
        """Return what came, and what was not taken, with the reason: also of other meters at the same port."""
        return {
            "taken": self.heard.count,
            "taken_kinds": dict(self.heard.kinds),
            "copies_over_another_transport": self._other_ways.copies,
            "with_events_left_out": self.maker.meanings.left_out,
            "values_that_are_not_listed": [str(attribute) for attribute in self.pushed.attributes],
            "not_taken": dict(self._listening.not_taken),
            "not_taken_on_own_connections": dict(self._own.counters),
        }

    @property
    def not_taken_by_reason(self) -> Counter[str]:
        """What came to where the entry listens and on its own connections, and was not taken."""
        return self._listening.not_taken + self._own.counters

    @property
    def not_taken(self) -> int:
        """How much came to where the entry listens, and was nobody's."""
        return self._listening.not_taken.total()

    def _identifiers(self) -> tuple[str, ...]:
        identity = self._reader.identity
        serial = identity.serial_number if identity else None
        return (str(self._entry.unique_id), *((serial,) if serial else ()))

    def _is_of_another(self, values: PushedValues) -> bool:
        """Whether the object that gives the meter's serial number is among them, with another number."""
        identity = self._reader.identity
        attribute = None if identity is None else identity.serial_attribute
        if identity is None or attribute is None:
            return False
        same = (attribute.logical_name, attribute.attribute_index)
        found = (each for each in values.values if (each.logical_name, each.attribute_index or _VALUE) == same)
        told = {text for each in found if (text := identity_text(each.value)) is not None}
        return bool(told) and identity.serial_number not in told

    @callback
    def _take(self, read: ReadNotification) -> None:
        if read.heard.authenticated and self._cancel_storing is None:
            self._cancel_storing = async_call_later(self._hass, STORED_AFTER, self._async_store)
        self.heard.note(read, dt_util.utcnow())
        for follow in self.followers:
            follow(read)
        if self._other_ways.is_copy(read, self._hass.loop.time()):
            return
        # A clock among the values is read when the push is made, which may be minutes after what happened.
        is_timed = notification_time(read.notification) is not None
        for event in self.maker.events(read):
            self.told.note(event if is_timed else replace(event, time=None), dt_util.utcnow())
            if self._unshown is not None:
                self._unshown.append(event)
            async_publish(self._hass, event)
        if not read.is_elsewhere:
            self._show_values(read)

    async def _async_store(self, _now: datetime | None = None) -> None:
        """Store which invocation counters were received, so that none is taken again after a restart (rule S36)."""
        cancel, self._cancel_storing = self._cancel_storing, None
        if cancel is not None:
            cancel()
        await self._security.async_received_is_stored()

    def _show_values(self, read: ReadNotification) -> None:
        values = () if read.values is None else read.values.values
        readings: dict[AttributeDescriptor, Reading] = {}
        for value in values:
            attribute = shown_attribute(self._reader, value)
            if attribute is None:
                continue
            self.pushed.note(attribute, self._reader.objects)
            reading = pushed_reading(self._reader, attribute, value)
            if reading is not None:
                readings[attribute] = reading
        unread = {attribute for attribute in readings if self.is_only_pushed(attribute)}
        self._reader.counters.take_pushed(readings, dt_util.utcnow(), self._reader.mbus_device_types, unread)
        if readings:
            self.pace.take(readings)
