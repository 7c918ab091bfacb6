"""Automations with the trigger of our own: they run for what fits, and say why they did not."""

from collections.abc import Callable
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    label_registry as lr,
)
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_mock_service
import voluptuous as vol

from custom_components.cosem.meter.own_entities import OwnEntity
from custom_components.cosem.push.meter_event import MeterEvent, async_publish
from custom_components.cosem.trigger import NotificationReceivedTrigger, async_get_triggers
from tests.conftest import set_up

pytestmark = pytest.mark.usefixtures("network")


@pytest.fixture
async def entry(hass: HomeAssistant, make_entry: Callable[..., MockConfigEntry]) -> MockConfigEntry:
    """A meter that was set up once."""
    return await set_up(hass, make_entry())


def device_of(hass: HomeAssistant, entry: MockConfigEntry) -> str:
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    return device.id


def trigger(device_id: str, **options: Any) -> dict[str, Any]:
    return {"trigger": "cosem.notification_received", "options": {"device_id": device_id, **options}}


async def automated(hass: HomeAssistant, *triggers: dict[str, Any]) -> list[ServiceCall]:
    """Set up an automation; return its calls."""
    calls = async_mock_service(hass, "test", "automation")
    said = {"type": "{{ trigger.event_type }}", "code": "{{ trigger.code }}", "why": "{{ trigger.description }}"}
    automation = {
        "triggers": list(triggers),
        "actions": [{"action": "test.automation", "data": said}],
        "mode": "queued",
    }
    assert await async_setup_component(hass, "automation", {"automation": [automation]})
    await hass.async_block_till_done()
    return calls


def tell(hass: HomeAssistant, entry: MockConfigEntry, device_id: str, **facts: Any) -> None:
    told = {"kind": "event_notification", "event_type": "power_down", "code": 1, "text": "Power down", **facts}
    async_publish(hass, MeterEvent(entry_id=entry.entry_id, device_id=device_id, **told))


async def test_an_automation_runs_for_what_fits(hass: HomeAssistant, entry: MockConfigEntry):
    device_id = device_of(hass, entry)
    calls = await automated(hass, trigger(device_id, event_type=["power_down"], authenticated_only=True))
    tell(hass, entry, device_id)
    tell(hass, entry, device_id, authenticated=True, event_type="clock")
    tell(hass, entry, "another", authenticated=True)
    tell(hass, entry, device_id, authenticated=True)
    await hass.async_block_till_done()
    assert [call.data for call in calls] == [{"type": "power_down", "code": 1, "why": "Power down (code 1)"}]


async def test_an_automation_may_be_there_before_the_entry_is_loaded(hass: HomeAssistant, entry: MockConfigEntry):
    device_id = device_of(hass, entry)
    await hass.config_entries.async_unload(entry.entry_id)
    calls = await automated(hass, trigger(device_id))
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    tell(hass, entry, device_id)
    await hass.async_block_till_done()
    assert len(calls) == 1


async def test_the_reason_for_not_running_is_told(hass: HomeAssistant, entry: MockConfigEntry):
    device_id = device_of(hass, entry)
    assert await async_get_triggers(hass) == {"notification_received": NotificationReceivedTrigger}
    config = await NotificationReceivedTrigger.async_validate_config(
        hass, {"options": {"device_id": device_id, "logical_name": "0-0:96.11.0"}}
    )
    reasons: list[str] = []
    made = NotificationReceivedTrigger(hass, _Config(config["options"]))
    end = await made.async_attach_runner(_never, lambda info, context=None: reasons.append(info.reason))
    silent = await made.async_attach_runner(_never)
    tell(hass, entry, device_id)
    end()
    silent()
    tell(hass, entry, device_id)
    assert reasons == ["logical_name_mismatch"]


class _Config:
    """Of a trigger."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.key, self.target, self.options = "cosem.notification_received", None, options


def _never(*_: Any, **__: Any) -> None:
    raise AssertionError("it does not fit")


@pytest.mark.parametrize("options", [{"event_type": ["party"]}, {"logical_name": "power"}, {"device_id": []}])
async def test_a_wrong_trigger_is_refused(hass: HomeAssistant, entry: MockConfigEntry, options: dict[str, Any]):
    config = {"options": {"device_id": device_of(hass, entry), **options}}
    with pytest.raises(vol.Invalid):
        await NotificationReceivedTrigger.async_validate_config(hass, config)


async def test_a_target_names_meters_in_every_way(hass: HomeAssistant, entry: MockConfigEntry):
    """The page of a device offers a trigger with a target."""
    device_id = device_of(hass, entry)
    area = ar.async_get(hass).async_create("Cellar")
    label = lr.async_get(hass).async_create("Important")
    dr.async_get(hass).async_update_device(device_id, area_id=area.id)
    entity_id = er.async_get(hass).async_get_entity_id(
        "event", "cosem", OwnEntity.METER_EVENT.unique_id(str(entry.unique_id))
    )
    assert entity_id is not None
    er.async_get(hass).async_update_entity(entity_id, labels={label.label_id})
    (sensor, *_) = hass.states.async_entity_ids("sensor")
    targets = [
        {"device_id": device_id},
        {"entity_id": [entity_id]},
        {"entity_id": sensor},
        {"area_id": area.id},
        {"label_id": [label.label_id]},
        {"area_id": "elsewhere"},
        {"entity_id": "event.unknown"},
    ]
    calls = await automated(
        hass,
        *({"trigger": "cosem.notification_received", "target": target, "id": str(target)} for target in targets),
    )
    tell(hass, entry, "another")
    tell(hass, entry, device_id)
    await hass.async_block_till_done()
    assert len(calls) == 5


async def test_a_target_is_looked_up_when_something_happens(hass: HomeAssistant, entry: MockConfigEntry):
    device_id = device_of(hass, entry)
    area = ar.async_get(hass).async_create("Cellar")
    calls = await automated(hass, {"trigger": "cosem.notification_received", "target": {"area_id": area.id}})
    tell(hass, entry, device_id)
    await hass.async_block_till_done()
    assert calls == []
    dr.async_get(hass).async_update_device(device_id, area_id=area.id)
    tell(hass, entry, device_id)
    await hass.async_block_till_done()
    assert len(calls) == 1


@pytest.mark.parametrize("config", [{}, {"target": {}}, {"options": {"event_type": "clock"}}])
async def test_a_trigger_without_a_meter_is_refused(hass: HomeAssistant, config: dict[str, Any]):
    with pytest.raises(vol.Invalid, match="target is missing"):
        await NotificationReceivedTrigger.async_validate_config(hass, config)


async def test_other_devices_have_no_such_trigger(hass: HomeAssistant, entry: MockConfigEntry):
    other = MockConfigEntry(domain="test")
    other.add_to_hass(hass)
    device = dr.async_get(hass).async_get_or_create(config_entry_id=other.entry_id, identifiers={("test", "1")})
    with pytest.raises(vol.Invalid, match="no meter"):
        await NotificationReceivedTrigger.async_validate_config(hass, {"options": {"device_id": device.id}})
