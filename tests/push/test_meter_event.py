"""What automations, logbook and event entity get to see."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers.dispatcher import async_dispatcher_connect
import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.cosem.push.meter_event import (
    RAW_IN_STATE,
    RAW_ON_BUS,
    MeterEvent,
    async_publish,
    in_words,
    signal_of,
)


def event(**changes) -> MeterEvent:
    return MeterEvent(entry_id="e", device_id="d", kind="event_notification", event_type="tamper", **changes)


async def test_everybody_is_told(hass: HomeAssistant):
    on_bus, taken = async_capture_events(hass, "cosem_event"), []
    async_dispatcher_connect(hass, signal_of("e"), taken.append)
    async_publish(hass, event(code=13))
    await hass.async_block_till_done()
    assert [each.data["code"] for each in on_bus] == [13]
    assert taken == [event(code=13)]


def test_raw_octets_are_cut_where_they_are_stored():
    long = event(raw=bytes(10_000))
    assert len(long.attributes()["raw"]) == 2 * RAW_IN_STATE
    assert len(long.data()["raw"]) == 2 * RAW_ON_BUS
    assert "raw" not in event().attributes()


def test_the_entity_shows_what_is_known():
    assert event(code=13, text="Fraud attempt").attributes() == {
        "kind": "event_notification",
        "code": 13,
        "text": "Fraud attempt",
        "authenticated": False,
        "encrypted": False,
    }


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (("power_down", 1, "Power down", None), "Power down (code 1)"),
        (("tariff", None, None, "Active tariff (0-0:96.14.0)"), "Tariff"),
        (("other", None, None, "Voltage L1 (1-0:32.7.0)"), "Voltage L1 (1-0:32.7.0)"),
        (("other", 200, None, None), "notification (code 200)"),
    ],
)
def test_the_logbook_says_it_in_words(told: tuple, words: str):
    assert in_words(*told) == words
