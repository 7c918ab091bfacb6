"""Which events an automation wants."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest
import voluptuous as vol

from custom_components.cosem.push.filters import (
    EVENT_TYPE_FIELD,
    FILTER_FIELDS,
    EventFilter,
    is_meter,
    typed_logical_name,
)
from custom_components.cosem.push.meter_event import MeterEvent

SCHEMA = vol.Schema({**EVENT_TYPE_FIELD, **FILTER_FIELDS})


def event(**changes: Any) -> MeterEvent:
    facts = {"entry_id": "e", "device_id": "d", "kind": "event_notification", "event_type": "tamper"}
    return MeterEvent(**{**facts, "logical_name": "0.0.96.11.0.255", **changes})


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({}, None),
        ({"event_type": ["tamper", "clock"]}, None),
        ({"event_type": ["clock"]}, "event_type_mismatch"),
        ({"logical_name": ["0.0.96.11.0.255"]}, None),
        ({"logical_name": ["1.0.1.7.0.255"]}, None),
        ({"logical_name": ["1.0.2.7.0.255"]}, "logical_name_mismatch"),
        ({"authenticated_only": True}, "not_authenticated"),
    ],
)
def test_what_does_not_fit_has_its_reason(options: dict[str, Any], reason: str | None):
    told = event(values=({"logical_name": "1.0.1.7.0.255"},))
    assert EventFilter.of(options).mismatch(told) == reason
    proven = event(values=told.values, authenticated=True)
    assert EventFilter.of(options).mismatch(proven) == (None if reason == "not_authenticated" else reason)


def test_codes_are_taken_in_every_spelling():
    assert SCHEMA({"logical_name": "0-0:96.11.0", "event_type": "tamper"}) == {
        "logical_name": ["0.0.96.11.0.255"],
        "event_type": ["tamper"],
        "authenticated_only": False,
    }
    assert typed_logical_name(" 1.0.1.7.0.255 ") == "1.0.1.7.0.255"


@pytest.mark.parametrize("typed", [{"logical_name": "power"}, {"event_type": "party"}, {"authenticated_only": "yes"}])
def test_what_makes_no_sense_is_refused(typed: dict[str, Any]):
    with pytest.raises(vol.Invalid):
        SCHEMA(typed)


async def test_what_is_no_device_is_no_meter(hass: HomeAssistant):
    assert not is_meter(hass, "nothing")
