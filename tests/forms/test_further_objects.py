"""Codes are tried with the credentials that the form was given, and the meter is left alone where there are none."""

from dataclasses import replace

from homeassistant.core import HomeAssistant
import pytest

from custom_components.cosem.forms.answers import take_objects
from custom_components.cosem.forms.further_objects import async_try_at_set_up
from tests.conftest import HOST
from tests.forms.drafts import draft, examination, facts, read
from tests.secured_entries import secured_profile, security_of
from tests.simulated_meter.meter import SimulatedMeter


def chosen(typed: dict[str, list[str]], kind: str = "none", **changes: object):
    """A draft whose objects were chosen."""
    return take_objects(draft(kind, examination=examination(list_refused=True), **changes), typed)


@pytest.mark.usefixtures("network")
async def test_nothing_typed_asks_nothing(hass: HomeAssistant, meter: SimulatedMeter):
    typed = {"objects": ["3:1.0.1.8.0.255"], "further_objects": []}
    before = chosen(typed)
    assert await async_try_at_set_up(hass, before, typed) is before
    typed["further_objects"] = ["nonsense"]
    before = chosen(typed)
    assert await async_try_at_set_up(hass, before, typed) is before
    assert meter.connections == 0


@pytest.mark.usefixtures("network")
async def test_trial_29_code_is_tried_with_the_keys_of_the_form(
    hass: HomeAssistant, meters: dict[str, SimulatedMeter], meter: SimulatedMeter
):
    meters[HOST] = secured = SimulatedMeter(secured_profile(), meter.clock)
    security = security_of(secured, 1)
    credentials = {
        "mechanism": "hls-gmac",
        "encryption_key": security.encryption_key.hex(),
        "authentication_key": security.authentication_key.hex(),
        "security_suite": 0,
        "protection": "authenticated_encryption",
        "dedicated_key": False,
        "system_title": "4841530102030405",
        "counter_logical_name": "0.0.43.1.0.255",
        "accept_unverified": False,
    }
    typed = {"objects": [], "further_objects": ["3:1.0.1.8.0.255", "3:1.0.77.77.0.255"]}
    before = chosen(typed, "keys", credential_input=read(credentials=credentials), ticked=("x",))
    before = replace(before, facts=facts("keys", client_wport=1))
    after = await async_try_at_set_up(hass, before, typed)
    assert after.errors == {"further_objects": "objects_refused"}
    assert after.error_words == {"code": "3:1.0.77.77.0.255 (object-undefined)"}
    assert after.options is None
    typed["further_objects"].pop()
    before = replace(chosen(typed, "keys", credential_input=before.credential_input), facts=before.facts)
    assert (await async_try_at_set_up(hass, before, typed)).options["objects"] == ["3:1.0.1.8.0.255"]
    assert secured.open_links == 0
