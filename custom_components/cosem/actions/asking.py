"""How actions ask: in turn with the polls, and what their errors become."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final

from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.update_coordinator import UpdateFailed

from ..const import DOMAIN
from ..coordinator import CosemCoordinator
from ..dlms import Association, LocalProtocolError

MOST_REPEATS: Final = 3
"""Each new association asks in another way than the one before it."""


@contextmanager
def naming_what_is_impossible() -> Iterator[None]:
    """Say what was typed wrongly, or is not offered by the meter. Raises ServiceValidationError."""
    try:
        yield
    except LocalProtocolError as error:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="not_possible", translation_placeholders={"detail": str(error)}
        ) from error


async def async_read_by[T](coordinator: CosemCoordinator, work: Callable[[Association], Awaitable[T]]) -> T:
    """Return what ``work`` returns, which only reads: again as long as a new association may mend what failed.

    Raises as CosemCoordinator.async_run, and ServiceValidationError.
    """
    with naming_what_is_impossible():
        for _ in range(MOST_REPEATS):
            try:
                return await coordinator.async_run(work)
            except UpdateFailed:
                if not coordinator.security.may_be_mended:
                    raise
        return await coordinator.async_run(work)
