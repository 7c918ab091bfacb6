"""The Energy dashboard with the meter's entities, and the days before the demo was started.

A dashboard without yesterday shows nothing. The simulated meter is a function of time, so the demo computes what would
have been recorded.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
import re
from typing import Any

from .client import HomeAssistant

DAYS_BEFORE = 7
UNITS_PER = {"Wh": 1, "kWh": 1_000, "MWh": 1_000_000}

type Counter = Callable[[datetime], int]
"""A time -> Wh since the installation."""


def entity_for(entities: list[dict[str, Any]], quantity: str) -> str | None:
    """The enabled entity with this logical name in its unique id; `1.8.0` stands for 1-0:1.8.0, attribute value."""
    medium = r"1\D0" if quantity.count(".") == 2 else r"7\D0"
    pattern = re.compile(rf"(?<!\d){medium}\D{re.escape(quantity).replace(r'\.', r'\D')}\D255(?!\d)")
    for entity in entities:
        if not entity["disabled_by"] and pattern.search(str(entity["unique_id"])):
            return str(entity["entity_id"])
    return None


async def fill_in(hass: HomeAssistant, entry_ids: list[str]) -> list[str]:
    """Save the dashboard's preferences; return the entities used."""
    registry = await hass.command("config/entity_registry/list")
    entities = [entity for entity in registry if entity["config_entry_id"] in entry_ids]
    found = {name: entity_for(entities, name) for name in ("1.8.0", "2.8.0", "16.7.0", "1.7.0", "2.7.0")}
    grid: dict[str, Any] = {
        "type": "grid",
        "stat_energy_from": found["1.8.0"],
        "stat_energy_to": found["2.8.0"],
        "stat_cost": None,
        "entity_energy_price": None,
        "number_energy_price": None,
        "stat_compensation": None,
        "entity_energy_price_export": None,
        "number_energy_price_export": None,
        "cost_adjustment_day": 0,
    }
    if single := found["16.7.0"]:  # positive from the grid, negative to it, as Home Assistant wants it
        grid["power_config"] = {"stat_rate": single}
    elif found["1.7.0"] and found["2.7.0"]:
        grid["power_config"] = {"stat_rate_from": found["1.7.0"], "stat_rate_to": found["2.7.0"]}
    sources = [grid] if found["1.8.0"] else []
    gas = next((entity["entity_id"] for entity in await of_class(hass, entities, "gas")), None)
    if gas:
        prices = {"stat_cost": None, "entity_energy_price": None, "number_energy_price": None}
        sources.append({"type": "gas", "stat_energy_from": gas} | prices)
    await hass.command("energy/save_prefs", energy_sources=sources, device_consumption=[])
    shown = [entity for entity in (*found.values(), gas) if entity]
    # The overview page shows areas and favourites; the meter stands in no room.
    overview = {"favorite_entities": shown, "hide_suggested_entities": True}
    await hass.command("frontend/set_system_data", key="home", value=overview)
    return shown


async def issues(hass: HomeAssistant) -> list[str]:
    """What Home Assistant finds wrong with the dashboard's entities."""
    found = await hass.command("energy/validate")
    return [
        f"{issue['type']}: {', '.join(str(entity) for entity, _ in issue['affected_entities'])}"
        for source in found["energy_sources"]
        for issue in source
        if issue["type"] != "statistics_not_defined"  # the recorder makes the first ones five minutes after the start
    ]


async def of_class(hass: HomeAssistant, entities: list[dict[str, Any]], device_class: str) -> list[dict[str, Any]]:
    """The enabled entities of a device class that count."""
    states = {state["entity_id"]: state["attributes"] for state in await hass.get("/api/states")}
    return [
        entity
        for entity in entities
        if not entity["disabled_by"]
        and states.get(entity["entity_id"], {}).get("device_class") == device_class
        and states[entity["entity_id"]].get("state_class") in {"total", "total_increasing"}
    ]


async def write_history(hass: HomeAssistant, entity_id: str, counter: Counter, now: datetime) -> None:
    """Give an energy entity the hourly statistics of the days before.

    The recorder's own sum starts at zero with the first state, so the sums written here end at zero *now*: no jump.
    """
    unit = (await hass.get(f"/api/states/{entity_id}"))["attributes"]["unit_of_measurement"]
    per_unit = UNITS_PER[unit]
    this_hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    at_start = counter(now)
    rows = []
    for hours_ago in range(24 * DAYS_BEFORE, 0, -1):
        start = this_hour - timedelta(hours=hours_ago)
        reading = counter(start + timedelta(hours=1))  # a row holds what stood at its hour's end
        rows.append(
            {"start": start.isoformat(), "state": reading / per_unit, "sum": (reading - at_start) / per_unit},
        )
    metadata = {
        "has_mean": False,
        "has_sum": True,
        "mean_type": 0,
        "name": None,
        "source": "recorder",
        "statistic_id": entity_id,
        "unit_class": "energy",
        "unit_of_measurement": unit,
    }
    await hass.command("recorder/import_statistics", metadata=metadata, stats=rows)
