"""S23: who belongs to no entry gets one discovery card, and nothing that it says becomes data."""

from collections.abc import Callable
from typing import Any

from homeassistant.config_entries import SOURCE_IGNORE, ConfigFlowResult
from homeassistant.core import CoreState, HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events
import pytest_socket

from custom_components.cosem.const import DOMAIN, EVENT_NOTIFICATION
from custom_components.cosem.dlms import SystemTitleMismatch
from custom_components.cosem.push.routing import ReadNotification
from custom_components.cosem.push.unknown_senders import (
    LOOKED_AT_AGAIN,
    MOST_CARDS,
    MOST_CARDS_OF_A_HOST,
    MOST_LOOKED_AT,
    UnknownSender,
    UnknownSenders,
    unknown_senders_of,
)
from tests.conftest import HOST, set_up
from tests.dlms.lone_meter import TITLE
from tests.flow_tools import added_anyway, shown_again, submit
from tests.push.senders import LOOPBACK, event_code, free_port, listening, say, with_options, wpdu
from tests.push.test_routing import heard
from tests.still_loop import until

pytestmark = pytest.mark.usefixtures("network", "freezer")


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    pytest_socket.socket_allow_hosts([LOOPBACK], allow_unix_socket=True)


def sender(host: str = "192.0.2.99", **more: Any) -> UnknownSender:
    """Somebody."""
    return UnknownSender.of(ReadNotification.of(heard(host=host, **more)), LOOPBACK, 4059)


def titled(number: int, host: str = "192.0.2.99") -> UnknownSender:
    """Somebody who says a system title, and whose message nobody can open."""
    title = number.to_bytes(8, "big")
    error = SystemTitleMismatch("unknown", found=title)
    refused = heard(b"\xdb", host=host, encrypted=True, system_title=title, error=error)
    return UnknownSender.of(ReadNotification(heard=refused), LOOPBACK, 4059)


async def cards(hass: HomeAssistant) -> list[ConfigFlowResult]:
    """The discovery cards."""
    await hass.async_block_till_done(wait_background_tasks=True)
    flows = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    return [flow for flow in flows if flow["context"].get("unique_id", "").startswith("sender_")]


def note_later(senders: UnknownSenders, many: list[UnknownSender], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each send, long after the one before."""
    for each in many:
        monkeypatch.setattr(senders, "_since", senders._since - LOOKED_AT_AGAIN)
        senders.note(each)


async def test_a_stranger_gets_one_card_and_none_of_what_it_says_is_used(
    hass: HomeAssistant, make_entry: Callable[..., MockConfigEntry]
):
    port = free_port()
    await set_up(hass, with_options(make_entry(), listening(port)))
    events = async_capture_events(hass, EVENT_NOTIFICATION)
    say(port, wpdu(event_code(1), source=9, destination=2), wpdu(event_code(2), source=9, destination=2))
    say(port, wpdu(event_code(3)))  # the entry's own meter
    await until(lambda: len(events) == 1)
    (card,) = await cards(hass)
    assert card["context"]["title_placeholders"] == {"name": f"Meter at {LOOPBACK} sends notifications"}
    assert card["context"]["unique_id"] == f"sender_{LOOPBACK}_2_9"
    assert card["step_id"] == "user"
    assert len(events) == 1


async def test_the_card_leads_to_the_usual_form_and_an_entry_that_takes_what_it_sends(
    hass: HomeAssistant,
):
    port = free_port()
    stranger = UnknownSender.of(ReadNotification.of(heard(host=HOST, server=1)), LOOPBACK, port)
    unknown_senders_of(hass).note(stranger)
    (card,) = await cards(hass)
    form = await hass.config_entries.flow.async_configure(card["flow_id"])
    assert shown_again(form) == {
        "host": HOST,
        "port": 4059,
        "preset": "generic",
        "client_wport": 1,
    }
    hint = form["description_placeholders"]["hint"]
    assert hint.startswith(f"A meter at {HOST} sends notifications: events (EventNotification).")
    assert "They are not encrypted." in hint
    result = await submit(
        hass, form, host=HOST, port=4059, preset="generic", client_wport=16, authentication="none", advanced={}
    )
    result = await added_anyway(hass, result)
    if result.get("step_id") == "objects":
        result = await submit(hass, result)
    assert (
        result["options"] | {"notifications": "udp", "listen_address": LOOPBACK, "listen_port": port}
        == (result["options"])
    )
    await hass.async_block_till_done()


async def test_what_is_encrypted_says_so_and_who_it_is(hass: HomeAssistant):
    unknown_senders_of(hass).note(titled(7))
    (card,) = await cards(hass)
    form = await hass.config_entries.flow.async_configure(card["flow_id"])
    hint = form["description_placeholders"]["hint"]
    assert "protected messages. It calls itself 0000000000000007 (system title). They are encrypted" in hint
    assert card["context"]["unique_id"] == "sender_0000000000000007"


async def test_a_stranger_that_was_ignored_never_comes_back(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch):
    senders = unknown_senders_of(hass)
    senders.note(sender())
    (card,) = await cards(hass)
    await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_IGNORE},
        data={"unique_id": card["context"]["unique_id"], "title": "a stranger"},
    )
    assert await cards(hass) == []
    note_later(senders, [sender()], monkeypatch)
    assert await cards(hass) == []
    # Also where two messages come at once, before the first has made its card.
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": "integration_discovery"}, data=sender().card()
    )
    assert (result["type"], result["reason"]) == ("abort", "already_configured")


async def test_the_meter_of_an_entry_is_no_stranger(hass: HomeAssistant, make_entry: Callable[..., MockConfigEntry]):
    make_entry().add_to_hass(hass)  # neither loaded nor listening
    MockConfigEntry(domain=DOMAIN, data={"meter_system_title": TITLE.hex()}).add_to_hass(hass)
    senders = unknown_senders_of(hass)
    senders.note(sender(HOST))
    senders.note(titled(int.from_bytes(TITLE, "big")))
    assert await cards(hass) == []
    senders.note(sender(HOST, server=7))  # another meter behind the same address
    assert len(await cards(hass)) == 1


async def test_a_flood_of_strangers_makes_few_cards(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch):
    senders = unknown_senders_of(hass)
    for number in range(1000):
        senders.note(titled(number, f"198.51.100.{number % 250}"))
    assert len(await cards(hass)) == MOST_LOOKED_AT
    assert len(senders._looked_at) == MOST_LOOKED_AT
    note_later(senders, [titled(number, "203.0.113.1") for number in range(5000, 5050)], monkeypatch)
    assert len(await cards(hass)) == MOST_CARDS


async def test_one_host_does_not_take_all_cards(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch):
    senders = unknown_senders_of(hass)
    for number in range(MOST_CARDS_OF_A_HOST + 2):
        senders.note(titled(number))
    senders.note(titled(99, "192.0.2.98"))
    assert len(await cards(hass)) == MOST_CARDS_OF_A_HOST + 1
    note_later(senders, [titled(100)], monkeypatch)
    assert len(await cards(hass)) == MOST_CARDS_OF_A_HOST + 1


async def test_one_host_does_not_keep_others_from_being_looked_at(hass: HomeAssistant):
    senders = unknown_senders_of(hass)
    for number in range(1000):
        senders.note(titled(number, "192.0.2.98"))
    senders.note(titled(1000, "192.0.2.99"))
    assert len(await cards(hass)) == MOST_CARDS_OF_A_HOST + 1


async def test_while_home_assistant_starts_no_cards_pile_up(hass: HomeAssistant):
    senders = unknown_senders_of(hass)
    hass.set_state(CoreState.starting)
    senders.note(sender())
    hass.set_state(CoreState.running)
    assert await cards(hass) == []  # it will send again
    senders.note(sender())
    assert len(await cards(hass)) == 1


async def test_there_is_one_memory_of_strangers(hass: HomeAssistant):
    first = unknown_senders_of(hass)
    assert unknown_senders_of(hass) is first
