"""The association of an entry between polls: opened for each poll, or kept while nothing is in doubt.

Knows nothing of what is read. Every way out of a poll that failed ends the association: after a timeout a late answer could
match a new question (IEC 62056-5-3 gives an invoke-id four bits only).
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from ..dlms import Association, AssociationParameters, DlmsClient, SecurityState, Timing


@dataclass(frozen=True, slots=True)
class Terms:
    """What an association is opened with."""

    parameters: AssociationParameters
    timing: Timing
    security_state: SecurityState | None = None
    """The owner of the invocation counter, where one is used up."""


class AssociationKeeper:
    """Lends the association of one entry to one poll at a time."""

    def __init__(self, client: DlmsClient, terms: Callable[[], Awaitable[Terms]], *, keep: bool) -> None:
        """Open associations through `client` on the `terms` of the moment; `keep` them between polls."""
        self._client = client
        self._terms = terms
        self._keep = keep
        self._kept: Association | None = None
        self._stack = AsyncExitStack()
        self._borrowed = asyncio.Lock()

    @property
    def is_open(self) -> bool:
        """True while an association is kept that still looks good."""
        return self._kept is not None and self._kept.is_open

    @asynccontextmanager
    async def borrow(self) -> AsyncIterator[Association]:
        """Lend an association, the kept one or a new one; raises what `DlmsClient.associate` and the terms raise."""
        if not self._keep:
            terms = await self._terms()
            async with self._associate(terms) as association:
                yield association
            return
        async with self._borrowed:
            if self._kept is None or not self._kept.is_open:
                await self.async_close()
                terms = await self._terms()
                self._kept = await self._stack.enter_async_context(self._associate(terms))
            try:
                yield self._kept
            except BaseException:
                await self.async_close()
                raise

    def _associate(self, terms: Terms) -> AbstractAsyncContextManager[Association]:
        return self._client.associate(terms.parameters, timing=terms.timing, security_state=terms.security_state)

    async def async_let_go(self) -> None:
        """Release a kept association as soon as nobody uses it, because somebody else wants to talk to the meter."""
        async with self._borrowed:
            await self.async_close()

    async def async_close(self) -> None:
        """Release a kept association; harmless without one."""
        self._kept = None
        stack, self._stack = self._stack, AsyncExitStack()
        await stack.aclose()
