"""What is typed about notifications: which field is wrong, and what is kept."""

from collections.abc import Callable
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cosem.forms.notification_options import async_heard_in_words, fault_of, without_usual
from custom_components.cosem.push.heard_so_far import HeardSoFar
from custom_components.cosem.push.routing import ReadNotification
from tests.conftest import set_up
from tests.flow_tools import options_shown, submit_options
from tests.push.senders import event_code
from tests.push.test_routing import heard


def test_only_what_says_something_is_kept():
    usual = {"notifications": "off", "listen_address": " ", "listen_port": 4059, "notification_sources": ["", " "]}
    usual |= {"log_interval": 5, "expected_interval": 0, "code_table": "automatic"}
    assert without_usual({"interval": 60, **usual}) == {"interval": 60}
    typed = {
        "notifications": "udp",
        "listen_address": " 192.0.2.5 ",
        "listen_port": 5000,
        "notification_sources": [" 192.0.2.7", ""],
        "notification_wport": 0,
        "code_table": "none",
    }
    assert without_usual(typed) == {
        "notifications": "udp",
        "listen_address": "192.0.2.5",
        "listen_port": 5000,
        "notification_sources": ["192.0.2.7"],
        "notification_wport": 0,
        "code_table": "none",
    }


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        ({}, ({}, {})),
        ({"listen_address": "::", "notification_sources": ["192.0.2.0/24"]}, ({}, {})),
        ({"listen_address": "home"}, ({"listen_address": "invalid_listen_address"}, {})),
        (
            {"notification_sources": ["192.0.2.7", "x" * 50]},
            ({"notification_sources": "invalid_notification_sources"}, {"source": "x" * 40}),
        ),
    ],
)
def test_the_field_that_is_wrong_is_named(typed: dict[str, Any], fault: tuple):
    assert fault_of(typed) == fault


async def test_the_options_form_says_what_is_wrong_and_takes_it_mended(
    hass: HomeAssistant, network: None, make_entry: Any
):
    entry: MockConfigEntry = make_entry()
    entry.add_to_hass(hass)
    result = await hass.config_entries.options.async_init(entry.entry_id)
    assert options_shown(result).get("listen_address") is None
    typed = {"interval": 60, "objects": [], "stay_connected": False, "response_timeout": 10, "time_policy": "standard"}
    wrong = {**typed, "notifications": "both", "listen_address": "home", "listen_port": 5000}
    result = await submit_options(hass, result, wrong)
    assert result["errors"] == {"base": "invalid_listen_address"}
    fields = {str(name): field for name, field in result["data_schema"].schema.items()}
    assert fields["connection"].options["collapsed"]
    assert not fields["notifications_and_events"].options["collapsed"]  # where the error is
    assert options_shown(result)["listen_address"] == "home"
    wrong = {**wrong, "listen_address": "192.0.2.5", "notification_sources": ["meter"]}
    result = await submit_options(hass, result, wrong)
    assert result["errors"] == {"base": "invalid_notification_sources"}
    assert result["description_placeholders"]["source"] == "meter"
    good = {**wrong, "notification_sources": ["192.0.2.7"]}
    result = await submit_options(hass, result, good)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == {**good, "pause": 1}


async def test_what_was_heard_is_said_in_plain_words(hass: HomeAssistant):
    so_far = HeardSoFar()
    assert await async_heard_in_words(hass, so_far, 0, listens=False) == ""
    nothing = "No notification of this meter was heard since the last start."
    assert await async_heard_in_words(hass, so_far, 0, listens=True) == nothing
    so_far.note(ReadNotification.of(heard(event_code(1))), dt_util.utcnow())
    text = await async_heard_in_words(hass, so_far, 2, listens=True)
    assert text.startswith("Notifications of this meter since the last start: 1, the last one at ")
    assert "(events (EventNotification): 1). Proven with its keys: 0." in text
    assert text.endswith("Other messages that came to the same port and were not used: 2.")


async def test_the_form_shows_what_was_heard_so_far(
    hass: HomeAssistant, network: None, make_entry: Callable[..., MockConfigEntry]
):
    entry = await set_up(hass, make_entry())
    entry.runtime_data.notifications.heard.note(ReadNotification.of(heard(event_code(1))), dt_util.utcnow())
    result = await hass.config_entries.options.async_init(entry.entry_id)
    assert result["description_placeholders"]["heard"].startswith("Notifications of this meter since the last start: 1")
    await hass.config_entries.async_unload(entry.entry_id)
    result = await hass.config_entries.options.async_init(entry.entry_id)
    assert result["description_placeholders"]["heard"] == ""
