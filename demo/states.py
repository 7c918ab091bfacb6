"""Are the meter's entities alive and plausible? Behind `scripts/demo --check`."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from .client import HomeAssistant

# Device class -> lowest and highest believable value in the meter's own country and household.
RANGES = {
    "apparent_power": (Decimal(0), Decimal(50_000)),
    "current": (Decimal(0), Decimal(200)),
    "energy": (Decimal(0), Decimal(10_000_000)),
    "frequency": (Decimal(45), Decimal(55)),
    "power": (Decimal(-50_000), Decimal(50_000)),
    "power_factor": (Decimal(-1), Decimal(100)),
    "reactive_energy": (Decimal(0), Decimal(10_000_000)),
    "reactive_power": (Decimal(-50_000), Decimal(50_000)),
    "voltage": (Decimal(180), Decimal(260)),
}
CLOCK_TOLERANCE = timedelta(hours=26)  # a meter without a stated zone may be off by a zone and summer time


@dataclass(frozen=True, slots=True)
class Row:
    """One entity as the table shows it."""

    entity_id: str
    name: str
    state: str
    unit: str
    problem: str

    @property
    def shown(self) -> tuple[str, str, str, str, str]:
        """The cells."""
        return (self.name, self.state, self.unit, self.entity_id, self.problem)


def problem_with(state: str, attributes: dict[str, Any], now: datetime) -> str:
    """Why a state is not believable, or nothing."""
    unit, device_class = attributes.get("unit_of_measurement"), attributes.get("device_class")
    if state in {"unknown", "unavailable", ""}:
        return f"is {state or 'empty'}"
    if device_class == "timestamp":
        try:
            shown = datetime.fromisoformat(state)
        except ValueError:
            return "is not a time"
        return "" if abs(shown - now) <= CLOCK_TOLERANCE else "is far from now"
    if not unit and device_class not in RANGES:
        return ""
    try:
        value = Decimal(state)
    except InvalidOperation:
        return "is not a number"
    lowest, highest = RANGES.get(str(device_class), (Decimal("-Infinity"), Decimal("Infinity")))
    if attributes.get("state_class") == "total":
        lowest = -highest  # a balance, import minus export, may be either side of zero
    return "" if lowest <= value <= highest else f"is outside {lowest} to {highest}"


async def read(hass: HomeAssistant, entry_id: str) -> list[Row]:
    """Every enabled entity of a config entry with its state."""
    registry = await hass.command("config/entity_registry/list")
    states: dict[str, Any] = {state["entity_id"]: state for state in await hass.get("/api/states")}
    now = datetime.now(UTC)
    rows = []
    for entity in registry:
        if entity["config_entry_id"] != entry_id or entity["disabled_by"]:
            continue
        found = states.get(entity["entity_id"], {"state": "", "attributes": {}})
        attributes = found["attributes"]
        waits = entity["entity_id"].startswith("event.") and found["state"] == "unknown"  # nothing has happened yet
        rows.append(
            Row(
                entity["entity_id"],
                str(attributes.get("friendly_name") or entity["entity_id"]),
                found["state"],
                str(attributes.get("unit_of_measurement") or ""),
                "" if waits else problem_with(found["state"], attributes, now),
            )
        )
    return sorted(rows, key=lambda row: row.name)


async def settled(hass: HomeAssistant, entry_id: str, seconds: float) -> list[Row]:
    """Read until there are entities without a problem, or the time is over."""
    rows: list[Row] = []
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        rows = await read(hass, entry_id)
        if (rows and not any(row.problem for row in rows)) or asyncio.get_running_loop().time() > deadline:
            return rows
        await asyncio.sleep(1)


def table(rows: list[Row]) -> str:
    """The rows in columns; values to the right, beside their units."""
    cells = [("name", "state", "unit", "entity", ""), *(row.shown for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(4)]
    lines = [
        f"{name:<{widths[0]}}  {state:>{widths[1]}} {unit:<{widths[2]}}  {entity:<{widths[3]}}  {problem}".rstrip()
        for name, state, unit, entity, problem in cells
    ]
    lines.insert(1, "-" * max(len(line) for line in lines))
    return "\n".join(lines)
