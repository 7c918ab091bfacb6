"""Triggers on the page of a meter."""

from collections.abc import Callable

from homeassistant.components.device_automation import DeviceAutomationType
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_get_device_automation_capabilities,
    async_get_device_automations,
    async_mock_service,
)

from custom_components.cosem.push.event_codes import EVENT_TYPES
from custom_components.cosem.push.meter_event import MeterEvent, async_publish
from tests.conftest import set_up


async def test_each_type_of_event_starts_its_automations(
    hass: HomeAssistant, network: None, make_entry: Callable[..., MockConfigEntry]
):
    entry = await set_up(hass, make_entry())
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    offered = await async_get_device_automations(hass, DeviceAutomationType.TRIGGER, device.id)
    ours = [each for each in offered if each["domain"] == "cosem"]
    assert [each["type"] for each in ours] == [*EVENT_TYPES, "any"]
    capabilities = await async_get_device_automation_capabilities(hass, DeviceAutomationType.TRIGGER, ours[0])
    assert [field["name"] for field in capabilities["extra_fields"]] == ["logical_name", "authenticated_only"]

    calls = async_mock_service(hass, "test", "automation")
    automations = [
        {
            "alias": kind,
            "triggers": {**{key: each for key, each in ours[0].items() if key != "metadata"}, "type": kind},
            "actions": {
                "action": "test.automation",
                "data": {"on": kind, "type": "{{ trigger.event_type }}", "why": "{{ trigger.description }}"},
            },
            "mode": "queued",
        }
        for kind in ("power_down", "any")
    ]
    assert await async_setup_component(hass, "automation", {"automation": automations})
    await hass.async_block_till_done()
    for event_type in ("clock", "power_down"):
        facts = {"kind": "event_notification", "event_type": event_type}
        async_publish(hass, MeterEvent(entry_id=entry.entry_id, device_id=device.id, **facts))
    await hass.async_block_till_done()
    assert sorted((call.data["on"], call.data["type"], call.data["why"]) for call in calls) == [
        ("any", "clock", "Clock"),
        ("any", "power_down", "Power down"),
        ("power_down", "power_down", "Power down"),
    ]


async def test_a_device_that_is_no_meter_has_none(
    hass: HomeAssistant, network: None, make_entry: Callable[..., MockConfigEntry]
):
    entry = await set_up(hass, make_entry())
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={("cosem", f"{entry.unique_id}_mbus_1")}
    )
    offered = await async_get_device_automations(hass, DeviceAutomationType.TRIGGER, device.id)
    assert [each for each in offered if each["domain"] == "cosem"] == []
