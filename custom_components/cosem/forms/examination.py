"""Examines a meter in the background, stage by stage."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from ..const import CALL_AWAITED, CONF_COUNTER_LOGICAL_NAME, CONF_COUNTER_START, DEFAULT_COUNTER_LOGICAL_NAME, LOGGER
from ..dlms import DlmsClient, LogicalName, Verdict
from ..meter.clients import async_open_client, calls_of, client_in_use, timing
from ..meter.credentials import association_parameters
from ..meter.doctor import Examination, ExaminationFailed, ExaminationRequest, Stage, examine
from ..meter.error_mapping import listener_fault
from ..meter.total_deadline import total_time
from ..push.calls import async_expected, expected_caller
from .draft import Draft

_SHARE_DONE: Final = {
    Stage.WAITING_FOR_CALL: 0.01,
    Stage.CONNECTING: 0.05,
    Stage.LEARNING_COUNTER: 0.1,
    Stage.ASSOCIATING: 0.2,
    Stage.READING_IDENTITY: 0.4,
    Stage.READING_OBJECTS: 0.6,
    Stage.TRYING_USUAL_CODES: 0.8,
}


_SHOWN_AT_LEAST: Final = 0.7
"""Seconds. A browser asks for the flow at the end of each stage; what it asks for late finds no flow any more."""


async def _shown(changed: asyncio.Event) -> None:
    await asyncio.sleep(_SHOWN_AT_LEAST)
    await changed.wait()


async def async_give_up_calls(held: AsyncExitStack, entry: ConfigEntry | None) -> None:
    """Await no more calls, once an entry that a flow has changed was reloaded: it goes on with what has come."""
    if entry is not None:
        await asyncio.sleep(0)  # a reload ends the flow before it takes the lock
        async with entry.setup_lock:
            pass
    await held.aclose()


class BackgroundExamination:
    """An examination, running or ended."""

    def __init__(
        self, hass: HomeAssistant, draft: Draft, on_progress: Callable[[float], None], held: AsyncExitStack
    ) -> None:
        """``held``: calls that are awaited until the form ends; so one that has come stays for the entry."""
        self.stage = Stage.CONNECTING if draft.given_facts.transport is not None else Stage.WAITING_FOR_CALL
        self._held = held
        self._hass = hass
        self._on_progress = on_progress
        self._changed = asyncio.Event()
        self._observer: asyncio.Task[Any] | None = None
        self._outcome: Examination | ExaminationFailed | None = None
        self._task = hass.async_create_task(self._run(draft), f"examination of {draft.given_facts.host}")

    def observer(self) -> asyncio.Task[Any] | None:
        """Return a task that ends with the present stage; None after the end."""
        if self._observer is None or self._observer.done():
            if self._task.done():
                return None
            self._observer = self._hass.async_create_task(_shown(self._changed), "stage of an examination")
        return self._observer

    def outcome(self) -> Examination | ExaminationFailed:
        """Return the result; a bug is logged once with its traceback."""
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
        """Stop; the association is released."""
        self._task.cancel()

    async def _run(self, draft: Draft) -> Examination:
        facts = draft.complete_facts
        seconds = total_time(facts.response_timeout)
        deadline = asyncio.timeout(seconds)
        try:
            async with async_open_client(self._hass, facts.host, facts.port, facts.transport) as client:
                await self._async_await_call(draft, client)
                async with deadline:
                    return await examine(self._hass, client, self._request(draft, client))
        except TimeoutError:
            if not deadline.expired():
                raise
            raise ExaminationFailed(Verdict.TOOK_TOO_LONG, seconds=seconds) from None
        finally:
            self._changed.set()

    async def _async_await_call(self, draft: Draft, client: DlmsClient) -> None:
        """Wait until the meter calls, if that is how it is reached. Raises ExaminationFailed."""
        if draft.given_facts.transport is not None or (calls := calls_of(self._hass, client)) is None:
            return
        data = draft.complete_facts.entry_data()
        awaited = async_expected(self._hass, data, expected_caller(data, calls, draft.expected))
        if (fault := await listener_fault(self._held.enter_async_context(awaited))) is not None:
            raise ExaminationFailed(Verdict.CANNOT_CONNECT, detail=str(fault))
        try:
            async with asyncio.timeout(CALL_AWAITED):
                await calls.wait()
        except TimeoutError:
            raise ExaminationFailed(Verdict.CONNECT_TIMEOUT, seconds=CALL_AWAITED) from None

    def _request(self, draft: Draft, client: DlmsClient) -> ExaminationRequest:
        facts, known = draft.complete_facts, draft.facts_before
        before = client_in_use(self._hass, known.host, known.port, known.transport) if known is not None else None
        counter = facts.credentials.get(CONF_COUNTER_LOGICAL_NAME, DEFAULT_COUNTER_LOGICAL_NAME)
        return ExaminationRequest(
            parameters=association_parameters(facts.entry_data(), searches_proof_form=True),
            timing=timing(facts.response_timeout),
            read_by=None if before is client else before,
            expected=draft.expected,
            with_objects=draft.lists_objects,
            counter_logical_name=LogicalName.parse(counter),
            counter_start=facts.credentials.get(CONF_COUNTER_START),
            on_stage=self._on_stage,
        )

    def _on_stage(self, stage: Stage) -> None:
        """Wake the observer and report progress."""
        self.stage = stage
        self._changed.set()
        self._changed = asyncio.Event()
        self._on_progress(_SHARE_DONE[stage])
