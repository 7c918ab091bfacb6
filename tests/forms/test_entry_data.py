"""What a complete draft leaves behind: the data of an entry, its options, and the object list beside it."""

from collections.abc import Callable
from dataclasses import replace
from unittest.mock import patch

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cosem.forms.draft import Draft, Purpose
from custom_components.cosem.forms.entry_data import async_changed_entry, async_entry_in_use, async_new_entry
from custom_components.cosem.meter.store import async_load_meter
from tests.conftest import HOST
from tests.forms.drafts import draft, examination, facts

KEY = "3:1.0.1.8.0.255"
OPTIONS = {"interval": 60, "objects": [KEY], "time_policy": "inverted"}


def complete(purpose: Purpose = Purpose.SET_UP, **changes: object) -> Draft:
    """A draft with everything."""
    return replace(draft("none", purpose, examination=examination(), options=OPTIONS), **changes)


async def test_a_new_entry_has_what_was_chosen_and_its_objects_are_stored(hass: HomeAssistant):
    data, options = await async_new_entry(hass, complete())
    assert data == facts().entry_data()
    assert options == OPTIONS
    stored = await async_load_meter(hass, "SIM1")
    assert stored.objects == examination().objects
    assert stored.listed_for == "2 none"


async def test_a_meter_that_calls_is_known_by_its_name(hass: HomeAssistant):
    called = complete(facts=facts(host="", transport=None, call={"call_sources": []}))
    data, _ = await async_new_entry(hass, called)
    assert (data["host"], data["transport"]) == ("SIM1", "call")


@pytest.mark.parametrize("options", [None, OPTIONS])
async def test_a_mended_entry_keeps_its_objects_unless_others_were_chosen(
    hass: HomeAssistant, make_entry: Callable[..., MockConfigEntry], options: dict[str, object] | None
):
    entry = make_entry(objects=["3:1.0.2.8.0.255"])
    entry.add_to_hass(hass)
    mended = complete(Purpose.RECONFIGURE, facts=facts(response_timeout=33), options=options)
    data, kept = await async_changed_entry(hass, mended, entry)
    assert data["host"] == HOST
    expected = {**entry.options, "response_timeout": 33}
    if options is not None:
        expected |= {"objects": [KEY], "time_policy": "inverted"}
    assert kept == expected
    stored = await async_load_meter(hass, str(entry.unique_id))
    assert (stored is not None and stored.listed_for == "2 none") == (options is not None)


async def test_an_association_is_in_use_by_a_loaded_entry_with_the_same_wports(
    hass: HomeAssistant, make_entry: Callable[..., MockConfigEntry]
):
    entry = make_entry()
    entry.add_to_hass(hass)
    used = facts("password")
    assert async_entry_in_use(hass, used, but="") is None
    with patch("custom_components.cosem.async_setup_entry", return_value=True):
        await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED
    assert async_entry_in_use(hass, used, but="") is entry
    assert async_entry_in_use(hass, used, but=entry.entry_id) is None
    for other in ({"client_wport": 3}, {"server_wport": 2}, {"port": 4060}, {"host": "192.0.2.99"}):
        assert async_entry_in_use(hass, facts("password", **other), but="") is None
