"""Every blueprint does its work in a running Home Assistant, and the copies that a person changed are kept."""

from collections.abc import Callable, Iterator
from datetime import timedelta
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.automation.config import AUTOMATION_BLUEPRINT_SCHEMA
from homeassistant.components.blueprint.models import Blueprint
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.setup import async_setup_component
from homeassistant.util import yaml as yaml_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    async_mock_service,
)

from custom_components.cosem.blueprints import installation
from custom_components.cosem.blueprints.installation import async_install_blueprints
from custom_components.cosem.push.event_codes import EVENT_TYPES
from tests.conftest import set_up
from tests.test_trigger import device_of, tell

ROOT = Path(installation.__file__).parents[3]
SHIPPED = sorted((Path(installation.__file__).parent / "automation").glob("*.yaml"))
NAMES = [path.name for path in SHIPPED]

pytestmark = pytest.mark.usefixtures("network")


@pytest.fixture(autouse=True)
def _own_configuration(hass: HomeAssistant, tmp_path: Path) -> Iterator[None]:
    """Nothing is installed into the configuration that other tests use."""
    before, hass.config.config_dir = hass.config.config_dir, str(tmp_path)
    yield
    hass.config.config_dir = before


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where Home Assistant looks for them."""
    return tmp_path / "blueprints" / "automation" / "cosem"


@pytest.fixture
async def entry(hass: HomeAssistant, make_entry: Callable[..., MockConfigEntry]) -> MockConfigEntry:
    """A meter that was set up once."""
    return await set_up(hass, make_entry())


def said(text: str) -> list[dict[str, Any]]:
    """Actions that tell the test what their variables hold."""
    return [{"action": "test.automation", "data": {"said": text}}]


async def automated(hass: HomeAssistant, name: str, inputs: dict[str, Any]) -> list[ServiceCall]:
    """Install the blueprints, and set up an automation from one; return its calls."""
    await async_install_blueprints(hass)
    calls = async_mock_service(hass, "test", "automation")
    automation = {"use_blueprint": {"path": f"cosem/{name}.yaml", "input": inputs}}
    assert await async_setup_component(hass, "automation", {"automation": [automation]})
    await hass.async_block_till_done()
    assert hass.states.async_entity_ids("automation")
    assert hass.states.get(hass.states.async_entity_ids("automation")[0]).state == "on"
    return calls


def names_in(folder: Path) -> list[str]:
    """Names of the files, in their order."""
    return sorted(path.name for path in folder.iterdir())


def put_there(folder: Path, name: str) -> None:
    """As an import by address would."""
    folder.mkdir(parents=True)
    (folder / name).write_text("imported before")


def texts(calls: list[ServiceCall]) -> list[str]:
    """What was said."""
    return [call.data["said"] for call in calls]


@pytest.mark.parametrize("path", SHIPPED, ids=NAMES)
def test_each_file_is_a_blueprint_with_the_address_of_the_project(path: Path):
    blueprint = Blueprint(
        yaml_util.load_yaml_dict(path), expected_domain="automation", schema=AUTOMATION_BLUEPRINT_SCHEMA
    )
    address = json.loads((ROOT / "custom_components" / "cosem" / "manifest.json").read_text())["documentation"]
    expected = f"{address}/blob/main/custom_components/cosem/blueprints/automation/{path.name}"
    assert blueprint.metadata["source_url"] == expected
    assert (
        blueprint.metadata["homeassistant"]["min_version"]
        == json.loads((ROOT / "hacs.json").read_text())["homeassistant"]
    )
    link = "https://my.home-assistant.io/redirect/blueprint_import/?blueprint_url=" + quote(expected, safe="")
    assert link in (ROOT / "README.md").read_text("utf-8")


async def test_power_failed_and_restored(hass: HomeAssistant, entry: MockConfigEntry):
    device_id = device_of(hass, entry)
    inputs = {
        "meter": [device_id],
        "failed_actions": said("{{ meter_name }}: {{ what_happened }}"),
        "restored_actions": said("back: {{ what_happened }}"),
    }
    calls = await automated(hass, "power_failure", inputs)
    tell(hass, entry, device_id)
    tell(hass, entry, device_id, event_type="clock")
    tell(hass, entry, device_id, event_type="power_up", code=2, text="Power up")
    await hass.async_block_till_done()
    assert texts(calls) == [f"{entry.title}: Power down (code 1)", "back: Power up (code 2)"]


@pytest.mark.parametrize("name", ["power_failure", "tamper", "limit_reported"])
async def test_only_what_the_meter_proved(hass: HomeAssistant, entry: MockConfigEntry, name: str):
    device_id = device_of(hass, entry)
    actions = {"power_failure": "failed_actions", "tamper": "tamper_actions", "limit_reported": "limit_actions"}[name]
    event_type = {"power_failure": "power_down", "tamper": "tamper", "limit_reported": "threshold"}[name]
    inputs = {"meter": [device_id], "authenticated_only": True, actions: said("{{ meter_name }}")}
    calls = await automated(hass, name, inputs)
    tell(hass, entry, device_id, event_type=event_type)
    await hass.async_block_till_done()
    assert texts(calls) == []
    tell(hass, entry, device_id, event_type=event_type, authenticated=True)
    await hass.async_block_till_done()
    assert texts(calls) == [entry.title]


async def test_tampering_of_the_chosen_kinds(hass: HomeAssistant, entry: MockConfigEntry):
    device_id = device_of(hass, entry)
    calls = await automated(hass, "tamper", {"meter": [device_id], "tamper_actions": said("{{ what_happened }}")})
    for event_type in EVENT_TYPES:
        tell(hass, entry, device_id, event_type=event_type, code=None, text=event_type)
        await hass.async_block_till_done()
    assert texts(calls) == ["cover_opened", "magnetic_field", "tamper"]


async def test_a_limit_that_the_meter_reports(hass: HomeAssistant, entry: MockConfigEntry):
    device_id = device_of(hass, entry)
    inputs = {"meter": [device_id], "limit_actions": said("{{ meter_name }}: {{ what_happened }}")}
    calls = await automated(hass, "limit_reported", inputs)
    tell(hass, entry, device_id, event_type="threshold", code=None, text="Limiter")
    await hass.async_block_till_done()
    assert texts(calls) == [f"{entry.title}: Limiter"]


async def test_a_limit_of_ones_own(hass: HomeAssistant, freezer: FrozenDateTimeFactory):
    async def becomes(watts: str, seconds: int) -> None:
        hass.states.async_set("sensor.export", watts, {"friendly_name": "Export", "unit_of_measurement": "W"})
        await hass.async_block_till_done()
        freezer.tick(timedelta(seconds=seconds))
        async_fire_time_changed(hass)
        await hass.async_block_till_done()

    hass.states.async_set("sensor.export", "100", {"friendly_name": "Export", "unit_of_measurement": "W"})
    inputs = {
        "sensor": "sensor.export",
        "limit": 5000,
        "exceeded_actions": said("{{ sensor_name }} {{ value }}"),
        "normal_actions": said("normal: {{ value }}"),
    }
    calls = await automated(hass, "power_limit", inputs)
    await becomes("6000", 30)
    await becomes("4000", 30)  # too short
    assert texts(calls) == []
    await becomes("6001", 61)
    assert texts(calls) == ["Export 6001 W"]
    await becomes("unavailable", 61)
    await becomes("300", 61)
    assert texts(calls) == ["Export 6001 W", "normal: 300 W"]


async def test_the_tariff_changes_by_report_or_by_poll(hass: HomeAssistant, entry: MockConfigEntry):
    device_id = device_of(hass, entry)
    hass.states.async_set("sensor.tariff", "T1")
    inputs = {
        "meter": device_id,
        "tariff_sensor": ["sensor.tariff"],
        "tariff_actions": said("{{ meter_name }}, {{ tariff }}, {{ what_happened }}"),
    }
    calls = await automated(hass, "tariff_changed", inputs)
    tell(hass, entry, device_id, event_type="tariff", code=None, text="Tariff", value="T2")
    await hass.async_block_till_done()
    for state in ("unavailable", "T1", "T2"):  # away and back is no change
        hass.states.async_set("sensor.tariff", state)
        await hass.async_block_till_done()
    assert texts(calls) == [
        f"{entry.title}, T2, Tariff",
        f"{entry.title}, T2, Tariff changed from T1 to T2",
    ]


async def test_the_tariff_changes_without_a_sensor(hass: HomeAssistant, entry: MockConfigEntry):
    device_id = device_of(hass, entry)
    calls = await automated(hass, "tariff_changed", {"meter": device_id, "tariff_actions": said("<{{ tariff }}>")})
    tell(hass, entry, device_id, event_type="tariff", value=None)
    await hass.async_block_till_done()
    assert texts(calls) == ["<>"]


async def test_what_was_changed_is_kept(hass: HomeAssistant, folder: Path):
    first = await async_install_blueprints(hass)
    assert first.installed == NAMES
    changed, removed = folder / "tamper.yaml", folder / "power_limit.yaml"
    changed.write_text("mine")
    removed.unlink()
    second = await async_install_blueprints(hass)
    assert changed.read_text() == "mine"
    assert (second.kept, second.installed, second.updated) == (["tamper.yaml"], ["power_limit.yaml"], [])
    assert second.unchanged == [name for name in NAMES if name not in {"tamper.yaml", "power_limit.yaml"}]
    assert names_in(folder) == NAMES


async def test_what_came_with_an_older_version_is_updated(
    hass: HomeAssistant, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    older = tmp_path / "older"
    older.mkdir()
    for name in ("tamper.yaml", "tariff_changed.yaml"):
        (older / name).write_text(f"older {name}")
    shipped = installation._SHIPPED
    monkeypatch.setattr(installation, "_SHIPPED", older)
    assert (await async_install_blueprints(hass)).installed == ["tamper.yaml", "tariff_changed.yaml"]
    (folder / "tamper.yaml").write_text("mine")
    monkeypatch.setattr(installation, "_SHIPPED", shipped)
    done = await async_install_blueprints(hass)
    assert (done.updated, done.kept) == (["tariff_changed.yaml"], ["tamper.yaml"])
    assert (folder / "tariff_changed.yaml").read_bytes() == (shipped / "tariff_changed.yaml").read_bytes()
    # The one that was changed stays a person's own, also where it is like the older one again.
    assert (await async_install_blueprints(hass)).kept == ["tamper.yaml"]


async def test_what_a_person_put_there_is_theirs(hass: HomeAssistant, folder: Path):
    put_there(folder, "tamper.yaml")
    assert (await async_install_blueprints(hass)).kept == ["tamper.yaml"]
    assert (folder / "tamper.yaml").read_text() == "imported before"
