"""Where one entry listens: it joins the shared listeners that its options name, and tries again what fails."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import CALLBACK_TYPE, HomeAssistant
from homeassistant.helpers.event import async_call_later

from ..const import CONF_CALL_SOURCES, CONF_NOTIFICATION_SOURCES
from ..dlms import ListenerUnavailable, TransportProtocol
from ..meter.clients import transport_of
from ..meter.error_mapping import listener_fault
from ..meter.issues import issues_of
from .listeners import RETRY_AFTER, Place, listeners_of
from .options import is_address, port_of, sources_of, transports_of
from .own_destination import async_listen_address
from .routing import Receiver, Sources


async def async_sources(hass: HomeAssistant, entry: ConfigEntry) -> Sources:
    """Return where an entry's meter is expected to send from; none while its name cannot be resolved."""
    if transport_of(entry.data) is None:  # it has no host
        return sources_of({CONF_NOTIFICATION_SOURCES: entry.data.get(CONF_CALL_SOURCES), **entry.options}, [])
    host = entry.data[CONF_HOST]
    if is_address(host) or not transports_of(entry.options):
        return sources_of(entry.options, [host])
    try:
        found = await hass.loop.getaddrinfo(host, None)
    except OSError, UnicodeError:
        found = []
    return sources_of(entry.options, sorted({str(place[4][0]).partition("%")[0] for place in found}))


class EntryListening:
    """Of one entry."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        self._hass = hass
        self._entry = entry
        self._receiver: Receiver | None = None
        self._joined: dict[TransportProtocol, Place] = {}
        self._cancel_retry: CALLBACK_TYPE | None = None

    async def async_start(self, receiver: Receiver) -> None:
        """Listen from now on. Where that is impossible, a repair issue says so, and it is tried again."""
        self._receiver = receiver
        await self._async_join_all()

    async def async_stop(self, *, others_listen: bool = False) -> None:
        """Stop listening. ``others_listen``: for the same entry, so that its repair issue stays."""
        receiver, self._receiver = self._receiver, None
        if self._cancel_retry is not None:
            self._cancel_retry()
        if receiver is None:
            return
        while self._joined:
            _, place = self._joined.popitem()
            await listeners_of(self._hass).async_leave(place, receiver)
        if not others_listen:
            issues_of(self._hass, self._entry).note_listener(None)

    async def async_follow_name(self) -> None:
        """Expect the meter where its name leads now; while it leads nowhere, where it led before."""
        receiver, sources = self._receiver, await async_sources(self._hass, self._entry)
        if receiver is None or receiver is not self._receiver or not sources or sources == receiver.sources:
            return
        receiver.sources = sources
        for place in self._joined.values():
            listeners_of(self._hass).note_new_sources(place)

    @property
    def not_taken(self) -> Counter[str]:
        """What came to its listeners and was nobody's, by the reason."""
        listeners = listeners_of(self._hass)
        return sum((Counter(listeners.counters_of(place)) for place in self._joined.values()), Counter())

    async def _async_join_all(self, _now: datetime | None = None) -> None:
        self._cancel_retry = None
        failure: ListenerUnavailable | None = None
        for transport in self._transports():
            failure = await listener_fault(self._async_join(transport)) or failure
        if self._receiver is None:  # the entry ended meanwhile
            return
        issues_of(self._hass, self._entry).note_listener(failure)
        if failure is not None:
            self._cancel_retry = async_call_later(self._hass, RETRY_AFTER, self._async_join_all)

    def _transports(self) -> Iterable[TransportProtocol]:
        """Return over what to listen besides a meter's calls."""
        calls = transport_of(self._entry.data) is None and port_of(self._entry.options) == self._entry.data[CONF_PORT]
        return (each for each in transports_of(self._entry.options) if not (calls and each is TransportProtocol.TCP))

    async def _async_join(self, transport: TransportProtocol) -> None:
        """Join a listener, unless that was done before. Raises ListenerUnavailable."""
        receiver = self._receiver
        if receiver is None or transport in self._joined:
            return
        place = Place(transport, await async_listen_address(self._entry), port_of(self._entry.options))
        await listeners_of(self._hass).async_join(place, receiver)
        if self._receiver is receiver:
            self._joined[transport] = place
        else:  # the entry ended meanwhile
            await listeners_of(self._hass).async_leave(place, receiver)
