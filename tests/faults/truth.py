"""The truth check of the fault tests, from outside Home Assistant: states, log, open links, tasks.

What was published is what the meter had, outages are logged once, nothing is left.
"""

import asyncio
from collections.abc import Callable
from decimal import Decimal
import logging

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import EVENT_STATE_CHANGED, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, State
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from tests.conftest import sensor_id
from tests.faults.household_truth import value_of
from tests.simulated_meter.meter import SimulatedMeter
from tests.still_loop import quiet

LOGGER_NAME = "custom_components.cosem"
SILENT = {STATE_UNAVAILABLE, STATE_UNKNOWN}
IN_THOUSANDS = {"kWh", "kvarh"}


class Bench:
    """A meter, its entry, and everything that Home Assistant ever published of it."""

    def __init__(
        self,
        hass: HomeAssistant,
        meter: SimulatedMeter,
        freezer: FrozenDateTimeFactory,
        caplog: pytest.LogCaptureFixture,
        transport: str = "tcp",
    ) -> None:
        self.hass = hass
        self.transport = transport
        self.meter = meter
        self.freezer = freezer
        self.published: list[State] = []
        self._caplog = caplog
        self._tasks = len(own_tasks())
        hass.bus.async_listen(EVENT_STATE_CHANGED, self._on_state)

    def _on_state(self, event: Event[EventStateChangedData]) -> None:
        if (state := event.data["new_state"]) is not None and state.domain == "sensor":
            self.published.append(state)

    async def pass_time(self, seconds: float) -> None:
        """Let time pass at once, as if nothing had been due in between; then all happens that needs no more time."""
        self.freezer.tick(seconds)
        async_fire_time_changed(self.hass)
        await quiet()

    async def poll(self, wait: float = 70) -> None:
        """Let a poll begin, and as much time pass until it has ended as deadlines demand."""
        self.freezer.tick(wait)
        async_fire_time_changed(self.hass)
        await self.hass.async_block_till_done(wait_background_tasks=True)

    def state(self, entry: MockConfigEntry, own: str) -> str:
        """Return the state of ``class_logical name_attribute``."""
        state = self.hass.states.get(sensor_id(self.hass, entry, own))
        assert state is not None
        return state.state

    def log_lines(self, level: int) -> list[str]:
        """Return what the integration logged at this level."""
        return [
            record.getMessage()
            for record in self._caplog.records
            if record.name.startswith(LOGGER_NAME) and record.levelno == level
        ]

    def check_outages(self, count: int) -> None:
        """One line down, one line back for each outage."""
        assert len(self.log_lines(logging.ERROR)) == count, self.log_lines(logging.ERROR)
        back = [line for line in self.log_lines(logging.INFO) if "recovered" in line]
        assert len(back) == count

    def check_truth(self, entry: MockConfigEntry, *, server_wport: int = 1) -> None:
        """Every number published is one that the meter had when it was read; counters never fall."""
        registry = er.async_get(self.hass)
        last: dict[str, Decimal] = {}
        numbers = 0
        for state in self.published:
            registered = registry.async_get(state.entity_id)
            if state.state in SILENT or registered is None or registered.config_entry_id != entry.entry_id:
                continue
            class_id, name, index, *kind = registered.unique_id.removeprefix(f"{entry.unique_id}_").split("_")
            if kind == ["drift"]:
                assert abs(int(state.state)) <= 1, state  # the simulated clock is Home Assistant's
                continue
            assert (class_id, index) == ("3", "2"), f"the truth of {state.entity_id} is not known"
            value = Decimal(state.state)
            if state.attributes.get("unit_of_measurement") in IN_THOUSANDS:
                value *= 1000
            assert value in self._true_values(name, server_wport), f"{state.entity_id} never was {state.state}"
            if state.attributes.get("state_class") == "total_increasing":
                assert value >= last.get(state.entity_id, value)
                last[state.entity_id] = value
            numbers += 1
        assert numbers

    def _true_values(self, logical_name: str, server_wport: int) -> set[Decimal]:
        """Return all values that a register had when the meter was read."""
        household = self.meter.devices[server_wport].household
        return {value_of(household, logical_name, at) for at in set(self.meter.read_times)}

    def check_nothing_left(self) -> None:
        """No link, no task of the stack."""
        assert self.meter.open_links == 0
        assert len(own_tasks()) == self._tasks


def own_tasks() -> list[asyncio.Task[object]]:
    """Return the tasks of the stack and of polls."""
    return [task for task in asyncio.all_tasks() if task.get_name().startswith("dlms") or "poll" in task.get_name()]


async def spin(turns: int) -> None:
    """Let what is ready run so many times."""
    for _ in range(turns):
        await asyncio.sleep(0)


type EntryMaker = Callable[..., MockConfigEntry]
__all__ = ["Bench", "EntryMaker", "own_tasks", "spin"]
