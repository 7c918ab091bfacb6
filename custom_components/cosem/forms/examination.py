"""One examination of a meter in the background, watched stage by stage by the progress step of a flow.

Knows when a stage changed and how it ended; knows nothing of forms.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant

from ..const import (
    AUTHENTICATION_NONE,
    CONF_AUTHENTICATION,
    CONF_CLIENT_WPORT,
    CONF_COUNTER_LOGICAL_NAME,
    CONF_COUNTER_START,
    CONF_PRESET,
    CONF_RESPONSE_TIMEOUT,
    CONF_SERVER_WPORT,
    DEFAULT_COUNTER_LOGICAL_NAME,
    DEFAULT_RESPONSE_TIMEOUT,
    LOGGER,
)
from ..dlms import LogicalName
from ..meter.clients import async_open_client, timing
from ..meter.credentials import association_parameters, credentials_of
from ..meter.doctor import Examination, ExaminationFailed, Order, Stage, Verdict, examine

_SHARE_DONE: Final = {
    Stage.CONNECTING: 0.05,
    Stage.LEARNING_COUNTER: 0.1,
    Stage.ASSOCIATING: 0.2,
    Stage.READING_IDENTITY: 0.4,
    Stage.READING_OBJECTS: 0.6,
    Stage.TRYING_USUAL_CODES: 0.8,
}

_CONNECTION: Final = (
    CONF_HOST,
    CONF_PORT,
    CONF_PRESET,
    CONF_CLIENT_WPORT,
    CONF_SERVER_WPORT,
    CONF_AUTHENTICATION,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionFacts:
    """Where a meter is and how it is asked: what becomes the data of an entry."""

    host: str
    port: int
    preset: str
    client_wport: int
    server_wport: int
    authentication: str
    credentials: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """The part of an entry's data that belongs to the kind of authentication. It holds secrets."""
    response_timeout: int = DEFAULT_RESPONSE_TIMEOUT

    @classmethod
    def of_entry(cls, entry: ConfigEntry) -> Self:
        """Return what an entry holds."""
        return cls(
            **{key: entry.data[key] for key in _CONNECTION},
            credentials=credentials_of(entry.data),
            response_timeout=entry.options.get(CONF_RESPONSE_TIMEOUT, DEFAULT_RESPONSE_TIMEOUT),
        )

    @property
    def is_authenticated(self) -> bool:
        """True when the meter wants to know who asks."""
        return self.authentication != AUTHENTICATION_NONE

    def connection_data(self) -> dict[str, Any]:
        """Return the data of an entry but for the credentials."""
        return {key: getattr(self, key) for key in _CONNECTION}

    def entry_data(self) -> dict[str, Any]:
        """Return the data of an entry."""
        return {**self.connection_data(), **self.credentials}


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """How far to look."""

    expected: str | None = None
    """The unique id that the meter should have, if it has an entry already."""
    with_objects: bool = True


class ExaminationRun:
    """An examination that is under way, or has ended."""

    def __init__(
        self, hass: HomeAssistant, facts: ConnectionFacts, depth: Depth, on_progress: Callable[[float], None]
    ) -> None:
        """Start it."""
        self.stage = Stage.CONNECTING
        self._hass = hass
        self._on_progress = on_progress
        self._changed = asyncio.Event()
        self._observer: asyncio.Task[Any] | None = None
        self._outcome: Examination | ExaminationFailed | None = None
        self._task = hass.async_create_task(self._run(facts, depth), f"examination of {facts.host}")

    def observer(self) -> asyncio.Task[Any] | None:
        """Return a task that ends with the present stage; None when the examination has ended."""
        if self._observer is None or self._observer.done():
            if self._task.done():
                return None
            self._observer = self._hass.async_create_task(self._changed.wait(), "stage of an examination")
        return self._observer

    def outcome(self) -> Examination | ExaminationFailed:
        """Return how it ended. An unexpected exception is a bug: it is logged, once, with its traceback."""
        if self._outcome is None:
            error = self._task.exception()
            if error is None:
                self._outcome = self._task.result()
            elif isinstance(error, ExaminationFailed):
                self._outcome = error
            else:
                LOGGER.error("Unexpected exception while examining a meter", exc_info=error)
                self._outcome = ExaminationFailed(Verdict.UNKNOWN)
        return self._outcome

    def cancel(self) -> None:
        """Give up; the association is released on the way out."""
        self._task.cancel()

    async def _run(self, facts: ConnectionFacts, depth: Depth) -> Examination:
        """Examine, and wake the observer at the end."""
        try:
            async with async_open_client(self._hass, facts.host, facts.port, timing(facts.response_timeout)) as client:
                return await examine(self._hass, client, self._order(facts, depth))
        finally:
            self._changed.set()

    def _order(self, facts: ConnectionFacts, depth: Depth) -> Order:
        """Return what to examine."""
        counter = facts.credentials.get(CONF_COUNTER_LOGICAL_NAME, DEFAULT_COUNTER_LOGICAL_NAME)
        return Order(
            parameters=association_parameters(facts.entry_data()),
            expected=depth.expected,
            with_objects=depth.with_objects,
            counter_logical_name=LogicalName.parse(counter),
            counter_start=facts.credentials.get(CONF_COUNTER_START),
            on_stage=self._on_stage,
        )

    def _on_stage(self, stage: Stage) -> None:
        """Wake the observer of the last stage and report how far it is."""
        self.stage = stage
        self._changed.set()
        self._changed = asyncio.Event()
        self._on_progress(_SHARE_DONE[stage])
