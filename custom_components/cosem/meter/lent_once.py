"""An association that is lent to a reading which would open others."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ..dlms import Association, AssociationAborted


class LentOnce:
    """Lends the one association that is there. A reading goes on in no other: whoever waits comes first."""

    def __init__(self, association: Association) -> None:
        self._association = association
        self._times = 0

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[Association]:
        """Lend it. Raises AssociationAborted the second time."""
        self._times += 1
        if self._times > 1:
            raise AssociationAborted("the association ended while rows were read")
        yield self._association
