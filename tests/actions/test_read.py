"""The action read: each attribute with its value, unit and raw form, or with its own error."""

from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest
import voluptuous as vol

from custom_components.cosem.actions.read import MOST_ATTRIBUTES, SCHEMA
from custom_components.cosem.dlms import (
    Association,
    AuthenticationTagInvalid,
    ConnectionLost,
    DlmsError,
    ResponseTimeout,
    number_of,
)
from tests.conftest import set_up
from tests.simulated_meter.meter import SimulatedMeter

from .calls import CLOCK, ENERGY, SERIAL, EntryMaker, respond

NOW = datetime(2026, 11, 29, 2, 40, 5, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("network")


async def rows(hass: HomeAssistant, entry: Any, *attributes: Any) -> list[dict[str, Any]]:
    answer = await respond(hass, "read", entry, attributes=list(attributes))
    found: list[dict[str, Any]] = answer["attributes"]
    return found


async def test_values_come_with_unit_raw_and_type_in_the_order_asked(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter, freezer: FrozenDateTimeFactory
):
    freezer.move_to(NOW)
    entry = await set_up(hass, make_entry())
    energy, clock, again = await rows(
        hass, entry, ENERGY, {"class_id": 8, "logical_name": "0.0.1.0.0.255", "attribute": 2}, "3:1-0:1.8.0:2"
    )
    assert energy == again
    truth = number_of(meter.truth("1.0.1.8.0.255"))
    assert energy.pop("value")
    assert energy == {
        "class_id": 3,
        "logical_name": "1.0.1.8.0.255",
        "attribute": 2,
        "raw": int(truth or 0),
        "type": "double-long-unsigned",
        "unit": "Wh",
        "error": None,
    }
    assert datetime.fromisoformat(clock["value"]) == NOW
    assert (clock["type"], clock["unit"], clock["error"]) == ("octet-string", None, None)


async def test_one_refusal_costs_no_other_value(hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter):
    entry = await set_up(hass, make_entry())
    meter.faults.add("denied", object="0.0.96.1.0.255")
    serial, energy, nobody = await rows(hass, entry, SERIAL, ENERGY, "1:9.9.9.9.9.9:2")
    assert (serial["value"], serial["type"]) == (None, None)
    assert "read-write-denied" in serial["error"]
    assert energy["error"] is None
    assert energy["value"]
    assert "object-undefined" in nobody["error"]


async def test_a_value_that_makes_no_sense_costs_no_other(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter
):
    entry = await set_up(hass, make_entry())
    meter.faults.add("empty-rows", object="0.0.96.1.0.255")
    serial, energy = await rows(hass, entry, SERIAL, ENERGY)
    assert serial["error"]
    assert energy["value"]


async def test_secrets_and_rows_of_a_profile_are_not_asked_for(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter
):
    entry = await set_up(hass, make_entry())
    before = meter.requests
    secret, buffer = await rows(hass, entry, "15:0.0.40.0.0.255:7", "7:1.0.99.1.0.255:2")
    assert "password" in secret["error"]
    assert "read_profile" in buffer["error"]
    assert meter.requests == before
    assert (secret["value"], secret["raw"], buffer["value"]) == (None, None, None)


@pytest.mark.parametrize("attribute", ["1:0.0.40.0.0.255:7", "1:0.0.25.9.0.255:10"])
async def test_a_secret_under_another_class_is_not_asked_for_either(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter, attribute: str
):
    """Many meters take the logical name for what is meant, whatever class is named."""
    entry = await set_up(hass, make_entry(client_wport=1))
    before = meter.requests
    (secret,) = await rows(hass, entry, attribute)
    assert "password" in secret["error"]
    assert meter.requests == before


async def test_what_was_read_before_the_connection_broke_is_shown(hass: HomeAssistant, make_entry: EntryMaker):
    entry = await set_up(hass, make_entry())
    get_many = Association.get_many

    async def broken(association: Association, attributes: Any, found: Any = None) -> Any:
        if found is None:  # who are you
            return await get_many(association, attributes)
        await get_many(association, attributes[:2], found)
        raise ResponseTimeout("answer", 10)

    with patch.object(Association, "get_many", broken):
        energy, serial = await rows(hass, entry, ENERGY, SERIAL)
    assert (energy["error"], energy["unit"]) == (None, "Wh")
    assert serial["error"].startswith("not read: ")
    assert serial["value"] is None


@pytest.mark.parametrize("error", [AuthenticationTagInvalid("it is another"), ConnectionLost()])
async def test_without_a_value_or_with_a_doubt_nothing_is_shown(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter, error: DlmsError
):
    entry = await set_up(hass, make_entry())
    get_many = Association.get_many

    async def broken(association: Association, attributes: Any, found: Any = None) -> Any:
        if found is None:
            return await get_many(association, attributes)
        await get_many(association, attributes[:1], found)
        raise error

    meter.faults.add("denied", object="0.0.96.1.0.255")
    asked = ENERGY if isinstance(error, AuthenticationTagInvalid) else SERIAL
    with patch.object(Association, "get_many", broken), pytest.raises(HomeAssistantError) as failed:
        await rows(hass, entry, asked, SERIAL)
    assert failed.value.translation_key in {"verification_failed", "connection_lost"}
    assert entry.runtime_data.last_update_success


async def test_what_is_typed_wrongly_is_named_and_nothing_is_sent(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter
):
    entry = await set_up(hass, make_entry())
    before = meter.requests
    for typed, words in (("1.0.1.8.0.255", "the class is missing"), ("3:1.0.1.8.0.255:999", "-128 to 127")):
        with pytest.raises(ServiceValidationError) as refused:
            await rows(hass, entry, CLOCK, typed)
        assert refused.value.translation_key == "not_possible"
        assert words in refused.value.translation_placeholders["detail"]
    assert meter.requests == before


@pytest.mark.parametrize("attributes", [[], [ENERGY] * (MOST_ATTRIBUTES + 1), [3], [{"class_id": 3}]])
def test_none_and_too_many_attributes_are_refused(attributes: list[Any]):
    with pytest.raises(vol.Invalid):
        SCHEMA({"attributes": attributes})


def test_both_forms_of_an_attribute_are_the_same():
    form = {"class_id": "3", "logical_name": "1.0.1.8.0.255", "attribute": 2}
    assert SCHEMA({"attributes": form})["attributes"] == [ENERGY] == SCHEMA({"attributes": ENERGY})["attributes"]
