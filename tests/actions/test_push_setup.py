"""The action configure_push: what stands in a push setup before and after, and what then comes from the meter."""

from dataclasses import replace
from typing import Any
from unittest.mock import patch

from homeassistant.core import Context, Event, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events
import pytest_socket
import voluptuous as vol

from custom_components.cosem.actions.push_setup import MOST_OBJECTS, SCHEMA
from custom_components.cosem.const import CONF_ALLOW_WRITING, EVENT_CHANGE
from custom_components.cosem.dlms import (
    Association,
    InvocationCounterNotStored,
    ListenerUnavailable,
    LocalProtocolError,
    LogicalName,
    number_of,
)
from tests.conftest import HOST, set_up
from tests.push.senders import LOOPBACK, free_port, listening, with_options
from tests.secured_entries import secured_entry, secured_profile
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.notification_profile import NotificationProfile
from tests.simulated_meter.profile import MeterProfile, default_clients
from tests.still_loop import until

from .calls import EntryMaker, device_of, respond, tell

pytestmark = pytest.mark.usefixtures("network", "freezer")

SETUP = "0.0.25.9.0.255"
ENERGY = {"class_id": 3, "logical_name": "1.0.1.8.0.255", "attribute": 2}
POWER = {"class_id": 3, "logical_name": "1.0.1.7.0.255", "attribute": 2}
OWN_NAME = {"class_id": 40, "logical_name": SETUP, "attribute": 1}
ALLOWED = {CONF_ALLOW_WRITING: True}


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    pytest_socket.socket_allow_hosts([LOOPBACK], allow_unix_socket=True)


@pytest.fixture
def meter(version: int) -> SimulatedMeter:
    """A household meter with a push setup of a version."""
    notifications = NotificationProfile(push_setup_version=version)
    return SimulatedMeter(replace(MeterProfile(), notifications=notifications), dt_util.utcnow)


@pytest.fixture
def version() -> int:
    return 0


@pytest.fixture
def port() -> int:
    return free_port()


def manager(make_entry: EntryMaker, **options: Any) -> MockConfigEntry:
    """An entry of the client that may write, whose options allow it."""
    return with_options(make_entry(client_wport=1), {**ALLOWED, **options})


def done(meter: SimulatedMeter) -> list[Any]:
    """What was written and executed."""
    return [each.target[2] for each in meter.devices[1].done]


async def configure(hass: HomeAssistant, entry: MockConfigEntry, **data: Any) -> dict[str, Any]:
    return await respond(hass, "configure_push", entry, **data)


# -- written, and it arrives


@pytest.fixture(params=["plain", "password", "keys"])
def protected(
    request: pytest.FixtureRequest, make_entry: EntryMaker, meters: dict[str, SimulatedMeter]
) -> tuple[MockConfigEntry, SimulatedMeter]:
    """An entry of a client that may write, under each protection, and its meter."""
    if request.param == "keys":
        meter = meters[HOST] = SimulatedMeter(secured_profile(), dt_util.utcnow)
        return secured_entry(meter, 1), meter
    if request.param == "password":
        return make_entry(client_wport=1), meters[HOST]
    clients = tuple(replace(client, password=None) for client in default_clients(""))
    meter = meters[HOST] = SimulatedMeter(replace(MeterProfile(), clients=clients), dt_util.utcnow)
    return make_entry(client_wport=1, authentication="none", password=""), meter


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_what_is_named_is_written_and_what_is_sent_is_shown(
    hass: HomeAssistant, protected: tuple[MockConfigEntry, SimulatedMeter], transport: str, port: int
):
    entry, meter = protected
    is_protected = "encryption_key" in entry.data
    entry = await set_up(hass, with_options(entry, {**listening(port, transport), **ALLOWED}))
    energy_before = number_of(meter.truth("1.0.1.8.0.255"))
    answer = await configure(
        hass,
        entry,
        transport=transport,
        objects=[f"40:{SETUP}:1", "3:1.0.1.8.0.255:2", {**POWER, "data_index": 0}],
        test=True,
    )
    assert (answer["logical_name"], answer["version"]) == (SETUP, 0)
    assert answer["before"]["push_object_list"] == [ENERGY]
    assert answer["before"]["send_destination_and_method"] == {"transport": "tcp", "destination": "", "message": 0}
    assert answer["after"] == {
        "push_object_list": [OWN_NAME, ENERGY, POWER],
        "send_destination_and_method": {
            "transport": transport,
            "destination": f"{LOOPBACK}:{port}",
            "message": 0,
        },
        "communication_window": [],
        "randomisation_start_interval": 0,
        "number_of_retries": 3,
        "repetition_delay": 60,
    }
    assert answer["result"] == {"push_object_list": "success", "send_destination_and_method": "success"}
    test = answer["test"]
    assert (test["result"], test["check"], test["not_taken"]) == ("success", [], {})
    (received,) = test["received"]
    assert {key: received[key] for key in ("kind", "transport", "source_wport", "destination_wport")} == {
        "kind": "data_notification",
        "transport": transport,
        "source_wport": 1,
        "destination_wport": 1,
    }
    assert (received["authenticated"], received["encrypted"]) == (is_protected, is_protected)
    assert [item["logical_name"] for item in received["items"]] == [SETUP, "1.0.1.8.0.255", "1.0.1.7.0.255"]
    energy = received["items"][1]
    assert energy | {"attribute": 2, "value": ""} == {**ENERGY, "value": "", "unit": "Wh"}
    assert energy_before <= int(energy["value"]) <= number_of(meter.truth("1.0.1.8.0.255")), "its clock goes on"
    assert done(meter) == [2, 3, 1]


async def test_without_a_destination_it_comes_over_the_own_connection(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter
):
    entry = await set_up(hass, manager(make_entry))
    answer = await configure(hass, entry, test=True)
    assert answer["result"] == {}
    assert answer["before"] == answer["after"]
    ((item,),) = [received["items"] for received in answer["test"]["received"]]
    assert (item["logical_name"], item["unit"]) == ("1.0.1.8.0.255", "Wh")
    assert done(meter) == [1]


async def test_what_is_there_already_is_not_written_again(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter, port: int
):
    entry = await set_up(hass, manager(make_entry, **listening(port)))
    first = await configure(hass, entry, transport="udp", objects=["3:1.0.1.7.0.255:2"])
    again = await configure(hass, entry, transport="udp", objects=["3:1.0.1.7.0.255:2"])
    assert set(first["result"].values()) == {"success"}
    assert set(again["result"].values()) == {"unchanged"}
    assert again["before"] == again["after"] == first["after"]
    assert (done(meter), again["test"]) == ([2, 3], None)


@pytest.mark.parametrize("version", [1, 2])
async def test_later_versions_have_a_client_and_keep_what_they_restrict(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter, port: int, version: int
):
    entry = await set_up(hass, manager(make_entry, **listening(port)))
    answer = await configure(
        hass, entry, transport="udp", client_wport=102, objects=["3:1.0.1.8.0.255:2", "3:1.0.1.7.0.255:2"], test=True
    )
    assert answer["version"] == version
    assert (answer["before"]["push_client_SAP"], answer["after"]["push_client_SAP"]) == (0, 102)
    assert answer["after"]["push_object_list"] == [ENERGY, POWER]
    assert list(answer["result"]) == ["push_object_list", "push_client_SAP", "send_destination_and_method"]
    assert set(answer["result"].values()) == {"success"}
    (received,) = answer["test"]["received"]
    assert (received["destination_wport"], len(received["items"])) == (102, 2)
    assert "push_protection_parameters" not in answer["after"]
    assert ("push_operation_method" in answer["after"]) is (version == 2)


async def test_a_meter_that_lists_no_push_setup_may_be_told_its_name(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter
):
    (push_setup,) = meter.devices[1].named(LogicalName.parse(SETUP))
    meter.devices[1].remove(SETUP)
    entry = await set_up(hass, manager(make_entry))
    with pytest.raises(ServiceValidationError) as refused:
        await configure(hass, entry)
    assert refused.value.translation_key == "no_push_setup"
    meter.devices[1].add(push_setup)
    answer = await configure(hass, entry, logical_name="0-0:25.9.0", host="192.0.2.9")
    assert answer["after"]["send_destination_and_method"]["destination"] == "192.0.2.9:4059"


async def test_a_push_setup_that_the_meter_does_not_show_is_not_shown_as_empty(
    hass: HomeAssistant, make_entry: EntryMaker
):
    entry = await set_up(hass, manager(make_entry))
    with pytest.raises(ServiceValidationError) as refused:
        await configure(hass, entry, logical_name="0-0:25.99.0")
    assert refused.value.translation_key == "push_setup_not_shown"
    assert refused.value.translation_placeholders == {"detail": "0.0.25.99.0.255"}
    answer = await configure(hass, entry, logical_name="0-0:25.99.0", host="192.0.2.9")
    assert answer["result"] == {"send_destination_and_method": "object-undefined"}


async def test_values_without_names_are_read_by_the_new_list_at_once(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter
):
    entry = await set_up(hass, manager(make_entry))
    name, power = LogicalName.parse(SETUP), LogicalName.parse("1.0.1.7.0.255")
    await configure(hass, entry, objects=["3:1.0.1.7.0.255:2"])
    assert [each.logical_name for each in entry.runtime_data.reader.push_lists[name]] == [power]
    meter.faults.add("fin", on="set", times=1)
    meter.faults.add("denied", object=SETUP, attribute=2)
    await configure(hass, entry, objects=["3:1.0.1.8.0.255:2"])
    assert name not in entry.runtime_data.reader.push_lists


# -- refused, lost, not allowed


async def test_what_is_refused_costs_no_other(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter, port: int
):
    entry = await set_up(hass, manager(make_entry, **listening(port)))
    meter.faults.add("denied", object=SETUP, attribute=2)
    answer = await configure(hass, entry, transport="udp", objects=["3:1.0.1.7.0.255:2"])
    assert answer["result"] == {"push_object_list": "read-write-denied", "send_destination_and_method": "success"}
    assert (answer["before"]["push_object_list"], done(meter)) == (None, [3])


@pytest.mark.parametrize(
    ("error", "result"),
    [
        (LocalProtocolError("the meter does not grant SET"), "the meter does not grant SET"),
        (InvocationCounterNotStored("the disk is full"), "not sent"),
    ],
)
async def test_what_was_not_sent_is_in_no_logbook(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter, error: Exception, result: str
):
    entry = await set_up(hass, manager(make_entry))
    events: list[Event] = async_capture_events(hass, EVENT_CHANGE)
    with patch.object(Association, "set", side_effect=error):
        answer = await configure(hass, entry, host="192.0.2.9")
    assert answer["result"] == {"send_destination_and_method": result}
    assert answer["after"] == answer["before"]
    assert (events, done(meter)) == ([], [])


async def test_f62_what_nobody_knows_is_not_repeated_and_read_again(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter, port: int
):
    entry = await set_up(hass, manager(make_entry, **listening(port)))
    meter.faults.add("fin", on="set", times=1)
    answer = await configure(hass, entry, transport="udp", objects=["3:1.0.1.7.0.255:2"], test=True)
    assert answer["result"] == {"push_object_list": "outcome unknown", "send_destination_and_method": "not sent"}
    assert len([each for each in meter.log if each.apdu[:1] == b"\xc1"]) == 1
    assert answer["after"] is not None
    assert answer["after"]["send_destination_and_method"] == answer["before"]["send_destination_and_method"]
    assert answer["test"] == {
        "result": "not sent",
        "received": [],
        "not_taken": {},
        "check": ["The meter did not send: not sent."],
    }


async def test_f62_a_lost_answer_to_the_test_does_not_hide_what_came(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter
):
    entry = await set_up(hass, manager(make_entry))
    meter.faults.add("answer-lost", on="action", times=1)
    answer = await configure(hass, entry, test=True)
    assert answer["test"]["result"] == "outcome unknown"
    assert len([each for each in meter.log if each.apdu[:1] == b"\xc3"]) == 1


async def test_what_it_holds_is_not_known_where_it_cannot_be_read_again(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter
):
    entry = await set_up(hass, with_options(make_entry(client_wport=1, stay_connected=True), ALLOWED))
    meter.faults.add("fin", on="set", times=1)
    meter.faults.add("refuse")
    answer = await configure(hass, entry, host="192.0.2.9")
    assert (answer["result"], answer["after"]) == ({"send_destination_and_method": "outcome unknown"}, None)


async def test_once_the_meter_has_answered_nothing_changes_what_it_did(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter
):
    """The received counters cannot be stored: it is what a poll would fail of."""
    entry = await set_up(hass, manager(make_entry))
    security = entry.runtime_data.security
    with patch.object(security, "async_received_is_stored", return_value=False):
        answer = await configure(hass, entry, host="192.0.2.9", port=4059, transport="udp")
        assert (answer["result"], answer["after"]) == ({"send_destination_and_method": "success"}, None)
        await tell(hass, "configure_push", entry, host="192.0.2.10")
        tested = await configure(hass, entry, test=True)
        assert tested["test"]["result"] == "success"
        with pytest.raises(HomeAssistantError) as unread:
            await configure(hass, entry, host="192.0.2.10")  # it is there already: the meter was told nothing
        assert unread.value.translation_key == "counter_not_stored"
    assert done(meter) == [3, 3, 1]


async def test_what_a_refused_test_says(hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter):
    entry = await set_up(hass, manager(make_entry))
    await configure(hass, entry, host="relay.example")
    await tell(hass, "write", entry, attribute=f"40:{SETUP}:3", data_type="hex", value="0203 1604 0901 31 1600")
    answer = await configure(hass, entry, test=True)
    assert answer["test"]["result"] == "type-unmatched"
    assert answer["test"]["check"] == ["The meter did not send: type-unmatched."]


async def test_when_nothing_comes_it_says_what_to_check(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter
):
    entry = await set_up(hass, manager(make_entry))
    meter.devices[1].on_push = None
    before = hass.loop.time()
    answer = await configure(hass, entry, test=True)
    assert 30 <= hass.loop.time() - before < 40
    listening, destination, way = answer["test"]["check"]
    assert "does not listen" in listening
    assert "No destination" in destination
    assert "firewall" in way
    with pytest.raises(HomeAssistantError) as failed:
        await tell(hass, "configure_push", entry, test=True)
    assert failed.value.translation_key == "push_not_received"
    assert "does not listen" in failed.value.translation_placeholders["detail"]


async def test_the_meter_is_free_for_polls_while_what_it_sends_is_awaited(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter
):
    entry = await set_up(hass, manager(make_entry))
    meter.devices[1].on_push = None
    call = hass.async_create_task(configure(hass, entry, test=True))
    begun = hass.loop.time()
    await until(lambda: done(meter) == [1])
    await entry.runtime_data.async_refresh()
    assert entry.runtime_data.last_update_success
    assert hass.loop.time() - begun < 10
    assert not call.done()
    assert (await call)["test"]["received"] == []


async def test_f31_what_an_unload_leaves_open_is_told(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter
):
    entry = await set_up(hass, manager(make_entry))
    meter.faults.add("silent", on="set", times=1)
    events: list[Event] = async_capture_events(hass, EVENT_CHANGE)
    call = hass.async_create_task(configure(hass, entry, host="192.0.2.9"))
    await until(lambda: any(each.apdu[:1] == b"\xc1" for each in meter.log))
    assert await hass.config_entries.async_unload(entry.entry_id)
    done = await call
    assert (done["after"], done["result"]) == (None, {"send_destination_and_method": "outcome unknown"})
    assert [event.data["result"] for event in events] == ["outcome unknown"]
    assert meter.open_links == 0


async def test_nothing_is_written_unless_it_is_allowed(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter
):
    entry = await set_up(hass, make_entry(client_wport=1))
    for wanted in ({"host": "192.0.2.9"}, {"test": True}, {"objects": ["3:1.0.1.8.0.255:2"]}):
        with pytest.raises(ServiceValidationError) as refused:
            await configure(hass, entry, **wanted)
        assert refused.value.translation_key == "writing_not_allowed"
    looked = await configure(hass, entry)
    assert (looked["before"], looked["result"], looked["test"]) == (looked["after"], {}, None)
    assert looked["before"]["push_object_list"] == [ENERGY]
    assert done(meter) == []


async def test_the_logbook_gets_each_change_and_who_asked_for_it(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter
):
    entry = await set_up(hass, manager(make_entry))
    events: list[Event] = async_capture_events(hass, EVENT_CHANGE)
    context = Context()
    await respond(hass, "configure_push", entry, context=context, objects=["3:1.0.1.7.0.255:2"], test=True)
    written, executed = (event.data for event in events)
    assert (written["name"], written["result"], written["action"]) == ("push_object_list", "success", "configure_push")
    assert written["value"] == [[3, "0100010700ff", 2, 0]]
    assert (executed["method"], executed["value"], executed["device_id"]) == (1, 0, device_of(hass, entry).id)
    assert [event.context.id for event in events] == [context.id] * 2


async def test_without_a_response_a_refusal_is_an_error(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter
):
    entry = await set_up(hass, manager(make_entry))
    await tell(hass, "configure_push", entry, host="192.0.2.9")
    meter.faults.add("denied", object=SETUP, attribute=3, times=2)
    with pytest.raises(HomeAssistantError) as refused:
        await tell(hass, "configure_push", entry, host="192.0.2.10")
    assert refused.value.translation_key == "push_not_written"
    assert refused.value.translation_placeholders == {"detail": "send_destination_and_method: read-write-denied"}
    meter.faults.clear()
    meter.faults.add("fin", on="set", times=1)
    with pytest.raises(HomeAssistantError) as unknown:
        await tell(hass, "configure_push", entry, host="192.0.2.11")
    assert unknown.value.translation_key == "push_outcome_unknown"


# -- what cannot be meant


@pytest.mark.parametrize(
    ("listens", "wanted", "missing"),
    [(None, {"transport": "udp"}, "UDP"), (None, {"port": 4060}, "TCP or UDP"), ("tcp", {"transport": "udp"}, "UDP")],
)
async def test_a_meter_is_not_told_to_send_where_nobody_listens(
    hass: HomeAssistant,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    port: int,
    listens: str | None,
    wanted: dict[str, Any],
    missing: str,
):
    options = listening(port, listens) if listens else {}
    entry = await set_up(hass, manager(make_entry, **options))
    with pytest.raises(ServiceValidationError) as refused:
        await configure(hass, entry, **wanted)
    assert refused.value.translation_key == "push_not_listening"
    assert refused.value.translation_placeholders == {"detail": missing}
    assert done(meter) == []


async def test_who_does_not_know_its_own_address_asks_for_it(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter, port: int
):
    entry = await set_up(hass, manager(make_entry, **listening(port)))
    unknown = ListenerUnavailable("", port, "unknown")
    with (
        patch("custom_components.cosem.actions.push_setup.async_own_address", side_effect=unknown),
        pytest.raises(ServiceValidationError) as refused,
    ):
        await configure(hass, entry, transport="udp")
    assert refused.value.translation_key == "own_address_unknown"


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"logical_name": "somewhere"}, "somewhere"),
        ({"objects": ["1.0.1.8.0.255"]}, "the class is missing"),
        ({"objects": ["15:0.0.40.0.0.255:7"]}, "password or key"),
        ({"objects": ["1:0.0.25.9.0.255:10"]}, "password or key"),
        ({"host": "not a host"}, "name of a host"),
        ({"client_wport": 102}, "version 0 has no push_client_SAP"),
    ],
)
async def test_what_is_typed_wrongly_is_named_and_nothing_is_written(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter, wanted: dict[str, Any], words: str
):
    entry = await set_up(hass, manager(make_entry))
    with pytest.raises(ServiceValidationError) as refused:
        await configure(hass, entry, **wanted)
    assert refused.value.translation_key == "not_possible"
    assert words in refused.value.translation_placeholders["detail"]
    assert done(meter) == []


@pytest.mark.parametrize(
    "typed",
    [
        {"objects": []},
        {"objects": ["3:1.0.1.8.0.255:2"] * (MOST_OBJECTS + 1)},
        {"objects": [{"class_id": 3}]},
        {"objects": [{**ENERGY, "data_index": 65_536}]},
        {"port": 0},
        {"transport": "sms"},
        {"client_wport": 65_536},
    ],
)
def test_what_no_push_setup_can_hold_is_refused(typed: dict[str, Any]):
    with pytest.raises(vol.Invalid) as refused:
        SCHEMA(typed)
    assert "TransportProtocol" not in str(refused.value)
