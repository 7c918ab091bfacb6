"""One entry's associations, and what outlives them: system title and invocation counter.

A failure ends them: a late answer could match a new question (four bits of invoke-id in IEC 62056-5-3).
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
import math
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from ..const import CONF_COUNTER_LOGICAL_NAME, CONF_COUNTER_START, DEFAULT_COUNTER_LOGICAL_NAME, LOGGER
from ..dlms import (
    Association,
    AssociationAborted,
    ConnectFailed,
    ConnectionLost,
    ConnectTimeout,
    DeviceInUse,
    DlmsClient,
    ExceptionReceived,
    InvocationCounterNotStored,
    InvocationCounterRefused,
    KnownForm,
    ListSizes,
    LogicalName,
    Mechanism,
    NotificationKeys,
    ProfileWays,
    Protection,
    SecurityState,
    ServiceErrorCode,
    StateErrorCode,
    settle,
)
from .clients import timing_of
from .counter_store import async_security_state
from .credentials import association_parameters
from .labels import label_of
from .other_client import OtherClient
from .store import MeterWays

COUNTER_HALF_USED: Final = 2**31
"""Polling alone does not get here: something uses up counters faster, new keys are due."""


class MeterSecurity:
    """Opens an entry's associations; ``keep`` leaves them open between polls.

    Raises LocalProtocolError when the entry contradicts itself.
    """

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, client: DlmsClient, *, keep: bool = False) -> None:
        self._hass = hass
        self._entry = entry
        self._client = client
        self._timing = timing_of(entry.options)
        self._pinned: bytes | None = None
        self._parameters = association_parameters(entry.data)
        self._state: SecurityState | None = None
        self._keep = math.inf if keep else 0
        self.other_client = OtherClient()
        self._asks_first = self._parameters.uses_counter
        """Ask for the counter before the next association: at the start, after a refusal."""
        self.may_be_mended = False
        """Whether a new association may mend what ended the last one."""

    @property
    def pinned_title(self) -> bytes | None:
        """The meter's system title since its first association (rule S13)."""
        return self._pinned

    @property
    def is_unverified(self) -> bool:
        """Whether answers are decrypted without a verified tag (rule S17)."""
        security = self._parameters.security
        return security is not None and (security.accept_unverified or security.protection == Protection.ENCRYPTED)

    @property
    def counter(self) -> int:
        """The next message's invocation counter; 0 where none is used."""
        return self._state.next_value if self._state is not None else 0

    @property
    def is_half_used(self) -> bool:
        """Whether the counter is past its middle (rule S5)."""
        return self.counter >= COUNTER_HALF_USED

    @property
    def has_keys(self) -> bool:
        """Whether the meter can prove who it is: plain notifications are none of its then (rule S23)."""
        return self._parameters.security is not None and self._parameters.uses_counter

    async def async_notification_keys(self) -> NotificationKeys | None:
        """Return what opens the meter's notifications; None without keys, or while its system title is not known.

        Raises InvocationCounterNotStored.
        """
        security = self._parameters.security
        self._state = self._state or await async_security_state(self._hass, self._parameters)
        if security is None or self._state is None or security.server_system_title is None:
            return None
        if not security.is_ciphered:  # its keys only prove who it is, and can do so for a notification
            security = replace(security, protection=Protection.AUTHENTICATED_ENCRYPTED)
        return NotificationKeys(security, self._state.receiving)

    def pin(self, title: bytes | None) -> None:
        """Accept no other system title from now on (rule S13)."""
        if title is not None and title != self._pinned:
            self._pinned = title
            self._parameters = association_parameters(self._entry.data, meter_system_title=title)

    def expect(self, ways: MeterWays) -> None:
        """Begin with what is remembered of a meter; of lists and proofs, what the client has learned since is newer."""
        client, pair = self._client, self._parameters.pair
        client.list_sizes.setdefault(pair, ListSizes.known(ways.lists))
        if ways.proof_form is not None:
            client.known_forms.setdefault(pair, KnownForm(ways.proof_form, is_proven=True))
        # What is proven of a profile lets an empty answer count, and the client may have learned it from another meter.
        for key in [key for key in client.profile_ways if key[0] == pair]:
            del client.profile_ways[key]
        client.profile_ways.update(((pair, name), known.for_later()) for name, known in ways.profiles.items())

    @property
    def profile_ways(self) -> Mapping[LogicalName, ProfileWays]:
        """What is worth remembering of how profiles are read."""
        return {
            logical_name: known
            for (pair, logical_name), ways in self._client.profile_ways.items()
            if pair == self._parameters.pair and (known := ways.for_later()).failures
        }

    def learn_title(self, association: Association) -> None:
        """Pin the title of a meter just proved right."""
        self.pin(association.negotiated.server_system_title)

    @asynccontextmanager
    async def async_associate(self) -> AsyncIterator[Association]:
        """Lend an association, new or kept; a failure ends it.

        Raises what ``DlmsClient.associate`` and ``settle`` do, and InvocationCounterNotStored: also at the end, where
        nothing that was read may count.
        """
        asked, association = self._asks_first, None
        keep = 0 if self.other_client.is_shared(self._hass.loop.time()) else self._keep
        try:
            await self._async_settle()
            async with self._client.associate(
                self._parameters, timing=self._timing, security_state=self._state, keep=keep
            ) as association:
                self.other_client.note_success()
                yield association
            # A proof answers a challenge of ours; without one only the counter tells a recorded session (rule S36).
            if not self._parameters.is_high_level and not await self.async_received_is_stored():
                raise InvocationCounterNotStored("the received invocation counters cannot be stored")
        except BaseException as error:
            self._note_failure(error, association, asked=asked)
            await self.async_received_is_stored()
            raise

    async def async_release(self) -> None:
        """Release a kept association, if any."""
        await self._client.release_kept(self._parameters.pair)
        await self.async_received_is_stored()

    async def async_received_is_stored(self) -> bool:
        """Store what was received since; return whether all of it is stored."""
        return self._state is None or await self._state.store_received()

    async def _async_settle(self) -> None:
        self._state = self._state or await async_security_state(self._hass, self._parameters)
        if self._state is None:
            return
        data = self._entry.data
        logical_name = LogicalName.parse(data.get(CONF_COUNTER_LOGICAL_NAME, DEFAULT_COUNTER_LOGICAL_NAME))
        await settle(
            self._client,
            self._parameters,
            self._state,
            start=data.get(CONF_COUNTER_START),
            ask=logical_name if self._asks_first else None,
            timing=self._timing,
        )
        self._asks_first = False

    def _note_failure(self, error: BaseException, association: Association | None, *, asked: bool) -> None:
        if self.other_client.note_failure(error, self._hass.loop.time(), was_open=association is not None):
            LOGGER.warning(
                "%s: the meter refuses as if another program was connected to it; it is asked less often, "
                "and nothing is kept open between polls for a while",
                label_of(self._entry),
            )
        refused = isinstance(error, InvocationCounterRefused)
        # Meters end idle associations, or answer no long lists; and one that was not asked for its counter can be now.
        gone = association is not None and (association.asks_otherwise or (association.was_kept and _is_lost(error)))
        # A password is sent once in a poll, also when the meter refused the counter in front of it (rule S20).
        password_sent = association is None and self._parameters.mechanism is Mechanism.LLS
        self.may_be_mended = gone or (refused and not asked and not password_sent)
        unreached = isinstance(error, (DeviceInUse, ConnectFailed, ConnectTimeout, asyncio.CancelledError))
        # It may be our counter: meters say so in many ways, some not at all. Where nobody was reached nobody refused.
        suspicious = refused or (association is None and not unreached)
        self._asks_first |= suspicious and self._parameters.uses_counter


def _is_lost(error: BaseException) -> bool:
    """Whether the meter forgot the association, or its connection ended."""
    match error:
        case (
            ConnectionLost()
            | AssociationAborted()
            | ExceptionReceived(
                state_error=StateErrorCode.SERVICE_NOT_ALLOWED, service_error=ServiceErrorCode.OPERATION_NOT_POSSIBLE
            )
        ):
            return True
    return False
