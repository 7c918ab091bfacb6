"""The association of an entry between polls: opened for each poll, or kept while nothing is in doubt.

Knows nothing of what is read. Every way out of a poll that failed ends the association: after a timeout a late answer could
match a new question (IEC 62056-5-3 gives an invoke-id four bits only).
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
import math

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
        self._keep = math.inf if keep else 0
        self._latest: Association | None = None

    @property
    def is_open(self) -> bool:
        """True while an association is kept that still looks good."""
        return self._latest is not None and self._latest.is_open

    @asynccontextmanager
    async def borrow(self) -> AsyncIterator[Association]:
        """Lend an association, the kept one or a new one; raises what `DlmsClient.associate` and the terms raise."""
        terms = await self._terms()
        async with self._client.associate(
            terms.parameters, timing=terms.timing, security_state=terms.security_state, keep=self._keep
        ) as self._latest:
            yield self._latest

    async def async_let_go(self) -> None:
        """Release a kept association unless a poll uses it, because somebody else wants to talk to the meter."""
        await self.async_close()

    async def async_close(self) -> None:
        """Release a kept association; harmless without one."""
        if self._latest is not None:
            await self._client.release_kept(self._latest.parameters.pair)
