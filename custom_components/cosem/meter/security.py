"""The security of one entry between polls: the meter's system title, and where our invocation counter stands.

Opens the associations of the entry. Knows nothing of what is read, nor of what a failure means to Home Assistant.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from ..const import CONF_COUNTER_LOGICAL_NAME, CONF_COUNTER_START, DEFAULT_COUNTER_LOGICAL_NAME
from ..dlms import (
    Association,
    ConnectFailed,
    ConnectTimeout,
    DlmsClient,
    InvocationCounterRefused,
    LogicalName,
    Protection,
    SecurityState,
    settle,
)
from .clients import timing_of
from .counter_store import async_security_state
from .credentials import association_parameters

COUNTER_HALF_USED: Final = 2**31
"""From here on somebody should think of new keys: polling alone does not get there, so something uses up counters faster."""


class MeterSecurity:
    """What the association of an entry is opened with."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, client: DlmsClient, *, keep: float = 0) -> None:
        """Take what the entry holds; `keep` an association for so many seconds. LocalProtocolError when it contradicts itself."""
        self._hass = hass
        self._entry = entry
        self._client = client
        self._keep = keep
        self._timing = timing_of(entry.options)
        self._pinned: bytes | None = None
        self._parameters = association_parameters(entry.data)
        self._state: SecurityState | None = None
        self.asks_first = self._parameters.uses_counter
        """Before the next association the meter is asked which counter it accepted last: at the start and after a refusal."""

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
        """Lend an association, a new one or one that was kept; raises what `DlmsClient.associate` and `settle` do.

        InvocationCounterNotStored when our own counter is not known. A failure may mean that the meter is asked for its
        counter before the next one.
        """
        opened = False
        try:
            await self._async_settle_counter()
            async with self._client.associate(
                self._parameters, timing=self._timing, security_state=self._state, keep=self._keep
            ) as association:
                opened = True
                yield association
        except BaseException as error:
            self._note_failure(error, opened=opened)
            raise

    async def async_release_kept(self) -> None:
        """Release a kept association; harmless without one."""
        await self._client.release_kept(self._parameters.pair)

    def _note_failure(self, error: BaseException, *, opened: bool) -> None:
        """Note what ended an association, or prevented it: it may be our counter, and meters say so in many ways.

        Some do not say anything. Where nobody was reached nobody refused.
        """
        refused = isinstance(error, InvocationCounterRefused) or not (
            opened or isinstance(error, (ConnectFailed, ConnectTimeout, asyncio.CancelledError))
        )
        self.asks_first |= refused and self._parameters.uses_counter

    async def _async_settle_counter(self) -> None:
        if self._parameters.uses_counter and self._state is None:
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
            ask=logical_name if self.asks_first else None,
            timing=self._timing,
        )
        self.asks_first = False
