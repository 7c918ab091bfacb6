"""Tasks done one after the other, which their caller and the entry's end can both cancel."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from homeassistant.core import HomeAssistant


class TasksInTurn:
    """Runs work in the order of asking; ``name`` is that of the tasks."""

    def __init__(self, hass: HomeAssistant, name: str) -> None:
        self._hass = hass
        self._name = name
        self._turn = asyncio.Lock()  # first come, first served
        self.under_way: set[asyncio.Task[Any]] = set()
        """Those that run or wait for their turn."""
        self._giving_way: set[asyncio.Task[Any]] = set()

    async def async_run[T](self, work: Callable[[], Awaitable[T]], *, gives_way: bool = False) -> T:
        """Return what ``work`` returns, in its turn. Raises CancelledError when it was ended."""
        task = self._hass.async_create_background_task(self._async_in_turn(work), self._name, eager_start=True)
        self.under_way.add(task)
        task.add_done_callback(self.under_way.discard)
        if gives_way:
            self._giving_way.add(task)
            task.add_done_callback(self._giving_way.discard)
        try:
            await asyncio.wait([task])
        finally:
            await _async_end(task)
        return task.result()

    async def async_run_unless_ended(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do ``work`` in its turn, if it comes before the end of all."""
        try:
            await self.async_run(work)
        except asyncio.CancelledError:
            if is_cancelled():
                raise

    async def _async_in_turn[T](self, work: Callable[[], Awaitable[T]]) -> T:
        async with self._turn:
            return await work()

    async def async_end_what_gives_way(self) -> None:
        """End that, and nothing else; return when it has cleaned up."""
        await _async_end(*self._giving_way)

    async def async_end_all(self) -> None:
        """End what runs and waits; return when all has cleaned up."""
        await _async_end(*self.under_way)


def is_cancelled() -> bool:
    """Whether the task that asks is cancelled itself, and not only what it has waited for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _async_end(*tasks: asyncio.Task[Any]) -> None:
    pending = [task for task in tasks if not task.done()]
    for task in pending:
        # A second cancellation would hit the task while it releases its association.
        if not task.cancelling():
            task.cancel()
    if pending:
        await asyncio.wait(pending)
    for task in pending:
        if not task.cancelled():
            task.exception()  # nobody else will ask
