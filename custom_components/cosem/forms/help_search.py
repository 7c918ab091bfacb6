"""Looks for wrong settings in the background."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from homeassistant.core import HomeAssistant

from ..const import LOGGER
from ..meter.layer_search import SearchResult, async_search, nothing_known
from .draft import Draft
from .help_plan import Plan, search_request


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchOutcome:
    """What was found for a plan. ``is_bug``: an unexpected exception ended it."""

    plan: Plan
    result: SearchResult
    is_bug: bool = False


class BackgroundSearch:
    """A search, running or ended."""

    def __init__(self, hass: HomeAssistant, draft: Draft, plan: Plan, on_progress: Callable[[float], None]) -> None:
        self._plan = plan
        self._found: SearchOutcome | None = None
        request = search_request(hass, draft, plan, on_progress)
        self.task: asyncio.Task[SearchResult] = hass.async_create_task(
            async_search(hass, request), f"search for settings of {plan.facts.host}"
        )

    def found(self) -> SearchOutcome:
        """Return the result of the ended search; a bug is logged once with its traceback."""
        if self._found is None:
            error = self.task.exception()
            if error is not None:
                LOGGER.error("Unexpected exception while looking for settings", exc_info=error)
            result = nothing_known() if error is not None else self.task.result()
            self._found = SearchOutcome(plan=self._plan, result=result, is_bug=error is not None)
        return self._found

    def cancel(self) -> None:
        """Stop; what is open is closed."""
        self.task.cancel()
