"""The associations of one entry, and what outlives them: the meter's system title, where our invocation counter stands.

Knows nothing of what is read. Every way out that is a failure ends the association: after a timeout a late answer could
match a new question (IEC 62056-5-3 gives an invoke-id four bits only).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import math
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from ..const import CONF_COUNTER_LOGICAL_NAME, CONF_COUNTER_START, DEFAULT_COUNTER_LOGICAL_NAME
from ..dlms import (
    Association,
    AssociationAborted,
    ConnectFailed,
    ConnectionLost,
    ConnectTimeout,
    DeviceInUse,
    DlmsClient,
    ExceptionReceived,
    InvocationCounterRefused,
    LogicalName,
    Mechanism,
    Protection,
    SecurityState,
    ServiceErrorCode,
    StateErrorCode,
    settle,
)
from .clients import timing_of
from .counter_store import async_security_state
from .credentials import association_parameters

COUNTER_HALF_USED: Final = 2**31
"""From here on somebody should think of new keys: polling alone does not get there, so something uses up counters faster."""


class MeterSecurity:
    """Opens the associations of an entry."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, client: DlmsClient, *, keep: bool = False) -> None:
        """Take what the entry holds; `keep` associations open between polls.

        LocalProtocolError when the entry contradicts itself.
        """
        self._hass = hass
        self._entry = entry
        self._client = client
        self._timing = timing_of(entry.options)
        self._pinned: bytes | None = None
        self._parameters = association_parameters(entry.data)
        self._state: SecurityState | None = None
        self._keep = math.inf if keep else 0
        self._asks_first = self._parameters.uses_counter
        """Before the next association the meter is asked for the counter: at the start and after a refusal."""
        self.may_be_mended = False
        """Whether a new association may mend what ended the last one.

        That is when a kept one turned out to be gone, because meters end idle ones, and when the meter refused our invocation
        counter and was not asked for its own before.
        """

    @property
    def pinned_title(self) -> bytes | None:
        """The meter's system title as the first association told it (rule S13)."""
        return self._pinned

    @property
    def is_unverified(self) -> bool:
        """Whether answers are decrypted, and nothing tells who sent them: they have no tag, or it is not verified (rule S17)."""
        security = self._parameters.security
        return security is not None and (security.accept_unverified or security.protection == Protection.ENCRYPTED)

    @property
    def counter(self) -> int:
        """The invocation counter of the next message; 0 where none is used."""
        return self._state.next_value if self._state is not None else 0

    @property
    def is_half_used(self) -> bool:
        """Whether the invocation counter is past its middle (rule S5)."""
        return self.counter >= COUNTER_HALF_USED

    def pin(self, title: bytes | None) -> None:
        """Accept no other system title from now on (rule S13)."""
        if title is not None and title != self._pinned:
            self._pinned = title
            self._parameters = association_parameters(self._entry.data, meter_system_title=title)

    def learn_title(self, association: Association) -> None:
        """Pin the title of a meter that has just proved to be the right one."""
        self.pin(association.negotiated.server_system_title)

    @asynccontextmanager
    async def async_associate(self) -> AsyncIterator[Association]:
        """Lend an association with the meter, a new or a kept one; a failure ends it.

        Raises what `DlmsClient.associate` and `settle` do, and InvocationCounterNotStored when our counter is not known.
        """
        asked, association = self._asks_first, None
        try:
            await self._async_settle()
            async with self._client.associate(
                self._parameters, timing=self._timing, security_state=self._state, keep=self._keep
            ) as association:
                yield association
        except BaseException as error:
            self._note_failure(error, association, asked=asked)
            raise

    async def async_release(self) -> None:
        """Release a kept association; harmless without one."""
        await self._client.release_kept(self._parameters.pair)

    async def _async_settle(self) -> None:
        """Bring the invocation counter, where one is used, to where the association can begin."""
        if self._state is None:
            self._state = await async_security_state(self._hass, self._parameters)
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
        """Note what ended an association, or prevented it: it may be our counter, and meters say so in many ways.

        Some do not say anything. Where nobody was reached nobody refused.
        """
        refused = isinstance(error, InvocationCounterRefused)
        gone = association is not None and association.was_kept and _is_lost(error)
        # A password is sent once in a poll, also when the meter refused the counter in front of it (rule S20).
        password_sent = association is None and self._parameters.mechanism is Mechanism.LLS
        self.may_be_mended = gone or (refused and not asked and not password_sent)
        unreached = isinstance(error, (DeviceInUse, ConnectFailed, ConnectTimeout, asyncio.CancelledError))
        suspicious = refused or (association is None and not unreached)
        self._asks_first |= suspicious and self._parameters.uses_counter


def _is_lost(error: BaseException) -> bool:
    """Whether a meter that was associated before has forgotten about it, or its connection has ended."""
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
