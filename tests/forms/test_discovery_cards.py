"""What a set-up begins with where a discovery card led to it."""

from dataclasses import replace

from homeassistant.core import HomeAssistant

from custom_components.cosem.forms.discovery_cards import adding_sender, async_card_title, facts_of_logical_device
from custom_components.cosem.push.unknown_senders import UnknownSender

SENDER = UnknownSender(
    host="192.0.2.9",
    client_wport=48,
    server_wport=3,
    kind="data_notification",
    encrypted=False,
    system_title=None,
    transport="tcp",
    listen_address="192.0.2.1",
    listen_port=4059,
)


def test_a_logical_device_is_reached_as_its_card_says():
    card = {"host": "192.0.2.7", "port": 4060, "preset": "generic", "client_wport": 2, "server_wport": 17}
    facts = facts_of_logical_device(card)
    assert facts.connection_data() == {**card, "authentication": "none"}


def test_who_sends_notifications_is_set_up_with_its_address_and_without_credentials():
    draft = adding_sender(SENDER)
    assert draft.typed == {
        "host": "192.0.2.9",
        "port": 4059,
        "preset": "generic",
        "client_wport": 48,
        "server_wport": 3,
    }
    assert (draft.facts, draft.facts_before, dict(draft.secrets)) == (None, None, {})


def test_nobody_logs_in_as_the_client_that_is_only_pushed_to():
    assert "client_wport" not in adding_sender(replace(SENDER, client_wport=102)).typed


def test_a_new_entry_listens_where_its_meter_was_heard_unless_it_is_another_one():
    draft = adding_sender(SENDER)
    card = {"host": "192.0.2.9", "port": 4059, "preset": "generic", "client_wport": 48, "server_wport": 3}
    here = replace(draft, facts=facts_of_logical_device(card))
    assert here.options_of_sender == {"notifications": "tcp", "listen_address": "192.0.2.1"}
    elsewhere = replace(draft, facts=facts_of_logical_device({**card, "host": "192.0.2.10"}))
    assert elsewhere.options_of_sender == {}
    assert replace(here, sender=None).options_of_sender == {}


async def test_a_card_says_where_the_sender_is(hass: HomeAssistant):
    assert await async_card_title(hass, SENDER) == "Meter at 192.0.2.9 sends notifications"
