"""The test push: what comes meanwhile is shown as far as it is understood, and what to check where nothing is."""

from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import pytest_socket

from custom_components.cosem.actions.push_changes import DESTINATION, LIST, PushSetupState
from custom_components.cosem.actions.push_test import MOST_SHOWN, PushTest, push_method
from custom_components.cosem.const import CONF_ALLOW_WRITING, DOMAIN
from custom_components.cosem.dlms import (
    LogicalName,
    PushObject,
    PushSetupAttribute,
    SendDestination,
    encode_push_object_list,
    encode_send_destination_and_method,
)
from custom_components.cosem.dlms.encoding.data import array, long_unsigned, octet_string, structure
from tests.conftest import set_up
from tests.push.senders import LOOPBACK, data_notification, event_code, free_port, listening, say, with_options, wpdu
from tests.simulated_meter.meter import SimulatedMeter
from tests.still_loop import until

from .calls import EntryMaker, respond

pytestmark = pytest.mark.usefixtures("network", "freezer")
SETUP = LogicalName.parse("0.0.25.9.0.255")
ENERGY = PushObject(3, LogicalName.parse("1.0.1.8.0.255"), 2)
VALUE = "06 00000539"


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    pytest_socket.socket_allow_hosts([LOOPBACK], allow_unix_socket=True)


def executed(entry: MockConfigEntry, hass: HomeAssistant, result: str = "success") -> PushTest:
    """The test of an entry whose meter has executed it."""
    call = ServiceCall(hass, DOMAIN, "configure_push", {})
    return PushTest(call, entry.runtime_data, push_method(SETUP), result)


def setup_of(
    sent: SendDestination | None = None, more: dict[PushSetupAttribute, Any] | None = None, *objects: PushObject
) -> PushSetupState:
    answers: dict[PushSetupAttribute, Any] = {LIST: encode_push_object_list(objects, 0), **(more or {})}
    if sent is not None:
        answers[DESTINATION] = encode_send_destination_and_method(sent)
    return PushSetupState(answers, 0)


async def heard(
    hass: HomeAssistant, entry: MockConfigEntry, port: int, *apdus: bytes, setup: PushSetupState | None = None
) -> dict[str, Any]:
    """The response after the meter has sent these."""
    test = executed(entry, hass)
    before = entry.runtime_data.notifications.heard.count
    with test.following():
        say(port, *map(wpdu, apdus))
        await until(lambda: entry.runtime_data.notifications.heard.count == before + len(apdus))
    return test.described(setup or setup_of(None, None, ENERGY))


async def test_bare_values_have_the_names_of_the_list_and_known_units(hass: HomeAssistant, make_entry: EntryMaker):
    port = free_port()
    entry = await set_up(hass, with_options(make_entry(), listening(port)))
    answer = await heard(hass, entry, port, data_notification(f"0201 {VALUE}"))
    (received,) = answer["received"]
    assert received.pop("source").startswith(f"{LOOPBACK}:")
    assert received == {
        "kind": "data_notification",
        "transport": "udp",
        "source_wport": 1,
        "destination_wport": 1,
        "authenticated": False,
        "encrypted": False,
        "time": None,
        "items": [
            {"class_id": 3, "logical_name": "1.0.1.8.0.255", "attribute": 2, "value": "1337", "unit": "Wh"},
        ],
    }
    assert answer["check"] == []


async def test_what_is_not_understood_is_shown_as_it_came(hass: HomeAssistant, make_entry: EntryMaker):
    port = free_port()
    entry = await set_up(hass, with_options(make_entry(), listening(port)))
    answer = await heard(hass, entry, port, data_notification("0202 1101 1102"))
    (received,) = answer["received"]
    assert received["items"] == []
    assert received["not_understood"] == [
        {"type": "structure", "value": [{"type": "unsigned", "value": 1}, {"type": "unsigned", "value": 2}]}
    ]


async def test_an_object_without_a_known_unit_is_shown_as_it_is(hass: HomeAssistant, make_entry: EntryMaker):
    port = free_port()
    entry = await set_up(hass, with_options(make_entry(), listening(port)))
    unknown = PushObject(3, LogicalName.parse("1.0.153.7.0.255"), 2)
    answer = await heard(hass, entry, port, data_notification("0201 120007"), setup=setup_of(None, None, unknown))
    assert answer["received"][0]["items"] == [
        {"class_id": 3, "logical_name": "1.0.153.7.0.255", "attribute": 2, "value": 7, "unit": None}
    ]


async def test_a_secret_that_is_sent_is_not_shown(hass: HomeAssistant, make_entry: EntryMaker):
    port = free_port()
    entry = await set_up(hass, with_options(make_entry(), listening(port)))
    secret = PushObject(15, LogicalName.parse("0.0.40.0.0.255"), 7)
    answer = await heard(hass, entry, port, data_notification("0201 0903 616263"), setup=setup_of(None, None, secret))
    (item,) = answer["received"][0]["items"]
    assert (item["value"], "password" in item["error"]) == (None, True)
    assert "616263" not in str(answer)


async def test_an_event_in_between_is_shown_and_does_not_end_it(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter
):
    port = free_port()
    options = {**listening(port), CONF_ALLOW_WRITING: True}
    entry = await set_up(hass, with_options(make_entry(client_wport=1), options))
    meter.devices[1].on_push = None
    call = hass.async_create_task(respond(hass, "configure_push", entry, test=True))
    await until(lambda: bool(meter.devices[1].done))
    say(port, wpdu(event_code(1)), bytes(3), wpdu(data_notification(f"0201 {VALUE}")))
    received = (await call)["test"]["received"]
    assert [each["kind"] for each in received] == ["event_notification", "data_notification"]
    assert (received[0]["items"][0]["value"], received[1]["items"][0]["unit"]) == (1, "Wh")


async def test_a_flood_is_not_shown_in_whole(hass: HomeAssistant, make_entry: EntryMaker):
    port = free_port()
    entry = await set_up(hass, with_options(make_entry(), listening(port)))
    answer = await heard(hass, entry, port, *(event_code(code) for code in range(MOST_SHOWN + 4)))
    assert len(answer["received"]) == MOST_SHOWN
    assert answer["check"]


async def test_what_is_not_taken_for_this_meters_is_counted(hass: HomeAssistant, make_entry: EntryMaker):
    port = free_port()
    entry = await set_up(hass, with_options(make_entry(), listening(port)))
    test = executed(entry, hass)
    push = entry.runtime_data.notifications
    say(port, wpdu(event_code(1), source=9))
    await until(lambda: bool(push.not_taken_by_reason))
    with test.following():
        say(port, wpdu(event_code(2), source=9))
        await until(lambda: push.not_taken_by_reason.total() == 2)
    answer = test.described(setup_of())
    assert (answer["received"], answer["not_taken"]) == ([], {"nobody's": 1})
    assert "not expected from that address, for that client, or with that name (1)" in answer["check"][0]


OVER_UDP = SendDestination(1, b"127.0.0.1:4059", 0)
BEGIN, END = (octet_string(bytes.fromhex(f"FFFFFFFFFF{hour}000000 8000FF")) for hour in ("01", "05"))
NIGHT = structure(BEGIN, END)


@pytest.mark.parametrize(
    ("listens", "setup", "words"),
    [
        ({}, setup_of(), ["does not listen"]),
        ({}, setup_of(OVER_UDP), ["does not listen"]),
        ({"notifications": "udp"}, setup_of(OVER_UDP), []),
        ({"notifications": "both"}, setup_of(OVER_UDP), []),
        ({"notifications": "udp"}, setup_of(SendDestination(1, b"", 0)), ["No destination is set"]),
        (
            {"notifications": "tcp"},
            setup_of(OVER_UDP),
            ["It sends to 127.0.0.1:4059 over UDP, and this entry listens over TCP at port 4059."],
        ),
        (
            {"notifications": "both"},
            setup_of(SendDestination(1, b"127.0.0.1:4060", 0)),
            ["over TCP at port 4059 and over UDP at port 4059"],
        ),
        ({"notifications": "udp"}, setup_of(SendDestination(4, b"+49123", 0)), ["over SMS"]),
        (
            {"notifications": "udp"},
            setup_of(
                OVER_UDP,
                {
                    PushSetupAttribute.COMMUNICATION_WINDOW: array(NIGHT),
                    PushSetupAttribute.RANDOMISATION_START_INTERVAL: long_unsigned(600),
                },
            ),
            ["communication_window", "up to 600 seconds"],
        ),
        (
            {"notifications": "udp"},
            setup_of(
                OVER_UDP,
                {
                    PushSetupAttribute.COMMUNICATION_WINDOW: array(),
                    PushSetupAttribute.RANDOMISATION_START_INTERVAL: long_unsigned(0),
                },
            ),
            [],
        ),
    ],
)
async def test_when_nothing_comes_the_reasons_are_named(
    hass: HomeAssistant, make_entry: EntryMaker, listens: dict[str, Any], setup: PushSetupState, words: list[str]
):
    entry = await set_up(hass, make_entry())
    hass.config_entries.async_update_entry(entry, options={**entry.options, **listens})
    *told, always = executed(entry, hass).what_to_check(setup)
    assert len(told) == len(words)
    assert all(word in each for word, each in zip(words, told, strict=True))
    assert "firewall" in always


async def test_after_a_refusal_there_is_nothing_to_wait_for(hass: HomeAssistant, make_entry: EntryMaker):
    entry = await set_up(hass, make_entry())
    test = executed(entry, hass, "read-write-denied")
    await test.async_wait()
    assert not test.has_come
    assert test.what_to_check(setup_of()) == ["The meter did not send: read-write-denied."]
