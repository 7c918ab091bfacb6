"""What a meter only logs becomes the same events: once, in order, also over restarts."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import Event, HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events, async_fire_time_changed
import pytest_socket

from custom_components.cosem.const import EVENT_NOTIFICATION
from custom_components.cosem.push import log_reading
from custom_components.cosem.push.meter_logs import AT_ONCE
from tests.conftest import HOST, poll, set_up, state_of
from tests.push.senders import LOOPBACK, event_code, free_port, listening, say, with_options, wpdu
from tests.secured_entries import secured_entry, secured_profile
from tests.simulated_meter import buffers
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.notification_profile import NotificationProfile
from tests.simulated_meter.profile import BufferForm, MeterProfile, SelectiveAccess
from tests.still_loop import until

pytestmark = pytest.mark.usefixtures("network", "freezer")

INTERVAL = 310
"""Seconds after which the logs were read again."""
EVENTS = "event.meter_meter_event"
STANDARD, FRAUD = "0.0.99.98.0.255", "0.0.99.98.1.255"
LOGS: dict[str, Any] = {"log_interval": 5}

type EntryMaker = Callable[..., MockConfigEntry]
type Told = list[tuple[str, int]]


def logging_profile(**quirks: Any) -> MeterProfile:
    profile = replace(MeterProfile(), notifications=NotificationProfile(logs=True))
    return profile.with_quirks(**quirks)


@pytest.fixture
def meter() -> SimulatedMeter:
    """A meter with all kinds of logs."""
    return SimulatedMeter(logging_profile(), dt_util.utcnow)


@pytest.fixture
def events(hass: HomeAssistant) -> list[Event[Any]]:
    return async_capture_events(hass, EVENT_NOTIFICATION)


def told(events: list[Event[Any]], kind: str = "event_log") -> Told:
    """Which events were told so far, without what happens to the meter every day."""
    return [(event.data["event_type"], event.data["code"]) for event in events if event.data["kind"] == kind]


@pytest.fixture(autouse=True)
def _quiet_days(monkeypatch: pytest.MonkeyPatch, freezer: FrozenDateTimeFactory) -> None:
    """Nothing happens to the meter but what a test lets happen: its everyday events are those of the past."""
    usual, began = buffers.event_times, int(dt_util.utcnow().timestamp())
    monkeypatch.setattr(buffers, "event_times", lambda device, now: usual(device, min(now, began)))


async def test_a_power_failure_that_is_only_logged_is_told_to_everybody(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    events: list[Event[Any]],
):
    entry = await set_up(hass, with_options(make_entry(), LOGS))
    assert events == []
    trigger = {"trigger": "cosem.notification_received", "target": {"entity_id": EVENTS}}
    automation = {
        "triggers": {**trigger, "options": {"event_type": ["power_down"], "logical_name": "0.0.96.11.0.255"}},
        "actions": {"event": "dark", "event_data": {"kind": "{{ trigger.kind }}"}},
    }
    assert await async_setup_component(hass, "automation", {"automation": automation})
    dark = async_capture_events(hass, "dark")
    happened = dt_util.utcnow().replace(microsecond=0)
    meter.speaker.power_failure()
    await poll(hass, freezer, INTERVAL)
    (event,) = [event for event in events if event.data["kind"] == "event_log"]
    assert {key: event.data[key] for key in ("event_type", "code", "text", "logical_name", "class_id", "entry_id")} == {
        "event_type": "power_down",
        "code": 1,
        "text": "Power down",
        "logical_name": STANDARD,
        "class_id": 7,
        "entry_id": entry.entry_id,
    }
    assert event.data["time"] == happened.isoformat()
    assert event.data["device_id"] is not None
    assert hass.states.get(EVENTS).attributes["kind"] == "event_log"
    assert [event.data["kind"] for event in dark] == ["event_log"]


async def test_each_entry_is_told_once_in_order_also_over_a_week_without_home_assistant(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    events: list[Event[Any]],
):
    entry = await set_up(hass, with_options(make_entry(), LOGS))
    meter.speaker.happen(1)
    await poll(hass, freezer, INTERVAL)
    assert told(events) == [("power_down", 1)]
    await hass.config_entries.async_unload(entry.entry_id)
    times = []
    for code in (2, 1, 2, 1, 2):
        freezer.tick(86_400)
        meter.speaker.happen(code)
        times.append(dt_util.utcnow().replace(microsecond=0).isoformat())
    freezer.tick(86_400)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert told(events)[1:] == [("power_up", 2), ("power_down", 1)] * 2 + [("power_up", 2)]
    assert [event.data["time"] for event in events if event.data["kind"] == "event_log"][1:] == times
    for _ in range(2):
        await poll(hass, freezer, INTERVAL)
    assert len(told(events)) == 6


@pytest.mark.parametrize(
    "quirks",
    [
        {},
        {"newest_first": True},
        {"selective_access": SelectiveAccess.REFUSED},
        {"selective_access": SelectiveAccess.IGNORED},
        {"selective_access": SelectiveAccess.RANGE, "newest_first": True},
        {"buffer_form": BufferForm.NULL_DATA},
        {"buffer_form": BufferForm.COMPACT_ARRAY},
        {"with_list": False},
    ],
    ids=str,
)
async def test_logs_of_all_kinds_of_meters_are_followed(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    make_entry: EntryMaker,
    meters: dict[str, SimulatedMeter],
    events: list[Event[Any]],
    quirks: dict[str, Any],
):
    meter = meters[HOST] = SimulatedMeter(logging_profile(**quirks), dt_util.utcnow)
    await set_up(hass, with_options(make_entry(), LOGS))
    for codes in ((40, 1), (42,), (), (2, 44)):
        for code in codes:
            meter.speaker.happen(code)
        await poll(hass, freezer, INTERVAL)
    assert [code for _, code in told(events) if code < 40] == [1, 2]
    assert [code for _, code in told(events) if code >= 40] == [40, 42, 44]


async def test_an_alarm_is_told_when_its_bit_comes_on(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    events: list[Event[Any]],
):
    meter.speaker.happen(40)  # the fraud alarm is on before we come
    entry = await set_up(hass, with_options(make_entry(), LOGS))
    meter.speaker.happen(6)
    await poll(hass, freezer, INTERVAL)
    assert told(events, "alarm_register") == [("clock", 0)]
    (alarm,) = [event.data for event in events if event.data["kind"] == "alarm_register"]
    assert (alarm["text"], alarm["logical_name"], alarm["value"]) == ("Clock invalid", "0.0.97.98.0.255", 0x2001)
    await poll(hass, freezer, INTERVAL)
    await hass.config_entries.async_unload(entry.entry_id)
    meter.speaker.happen(7)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert told(events, "alarm_register")[1:] == [("battery", 1)]


async def test_an_alarm_that_ends_is_no_event_and_is_told_when_it_comes_again(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    events: list[Event[Any]],
):
    await set_up(hass, with_options(make_entry(), LOGS))
    for code in (82, 85, 82):  # a phase is lost, is back, is lost
        meter.speaker.happen(code)
        await poll(hass, freezer, INTERVAL)
    assert told(events, "alarm_register") == [("other", 2), ("other", 2)]


async def test_what_was_pushed_before_is_not_told_again_by_the_log(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    events: list[Event[Any]],
    socket_enabled: None,
):
    pytest_socket.socket_allow_hosts([LOOPBACK], allow_unix_socket=True)
    port = free_port()
    entry = await set_up(hass, with_options(make_entry(), {**LOGS, **listening(port)}))
    meter.speaker.happen(40)
    say(port, wpdu(event_code(40)))  # of 0.0.96.11.0.255; the meter logs it as 0.0.96.11.1.255
    meter.speaker.happen(1)
    say(port, wpdu(event_code(1)))
    await until(lambda: len(events) == 2)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    await poll(hass, freezer, INTERVAL)
    assert told(events, "event_notification") == [("cover_opened", 40), ("power_down", 1)]
    assert told(events) == [("cover_opened", 40)]


@pytest.mark.parametrize("offset", [-3 * 3600.0, 90.0])
async def test_what_was_pushed_is_known_in_the_log_of_a_meter_whose_clock_is_wrong(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    make_entry: EntryMaker,
    meters: dict[str, SimulatedMeter],
    events: list[Event[Any]],
    socket_enabled: None,
    offset: float,
):
    pytest_socket.socket_allow_hosts([LOOPBACK], allow_unix_socket=True)
    meter = meters[HOST] = SimulatedMeter(logging_profile(clock_offset=offset), dt_util.utcnow)
    port = free_port()
    await set_up(hass, with_options(make_entry(), {**LOGS, **listening(port)}))
    await poll(hass, freezer, INTERVAL)
    say(port, wpdu(event_code(1)))
    meter.speaker.happen(1)
    await until(lambda: len(events) == 1)
    await poll(hass, freezer, INTERVAL)
    assert told(events) == []
    meter.speaker.happen(1)  # this one was not sent
    await poll(hass, freezer, INTERVAL)
    assert told(events) == [("power_down", 1)]


async def test_what_was_sent_and_never_logged_hides_no_later_event(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    events: list[Event[Any]],
    socket_enabled: None,
):
    pytest_socket.socket_allow_hosts([LOOPBACK], allow_unix_socket=True)
    port = free_port()
    entry = await set_up(hass, with_options(make_entry(), {**LOGS, **listening(port)}))
    say(port, wpdu(event_code(1)))
    await until(lambda: len(events) == 1)
    for _ in range(2):
        await poll(hass, freezer, INTERVAL)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    meter.speaker.happen(1)
    await poll(hass, freezer, INTERVAL)
    assert told(events) == [("power_down", 1)]


async def test_what_keys_prove_is_authenticated(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    meters: dict[str, SimulatedMeter],
    events: list[Event[Any]],
):
    profile = replace(secured_profile(), notifications=NotificationProfile(logs=True))
    meter = meters[HOST] = SimulatedMeter(profile, dt_util.utcnow)
    entry = await set_up(hass, secured_entry(meter, 1, options=LOGS))
    assert entry.state is ConfigEntryState.LOADED
    meter.speaker.happen(1)
    await poll(hass, freezer, INTERVAL)
    assert told(events) == [("power_down", 1)]
    assert {(event.data["authenticated"], event.data["encrypted"]) for event in events} == {(True, True)}


async def test_a_log_that_is_refused_costs_nothing_and_is_tried_once_a_day(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    events: list[Event[Any]],
    caplog: pytest.LogCaptureFixture,
):
    fault = meter.faults.add("denied", object=FRAUD)
    entry = await set_up(hass, with_options(make_entry(), LOGS))
    for _ in range(5):
        meter.speaker.happen(1)
        await poll(hass, freezer, INTERVAL)
    assert told(events) == [("power_down", 1)] * 5
    assert caplog.text.count("0-0:99.98.1 be read (DataAccessError") == 0
    assert caplog.text.count("does not let 0-0:99.98.1 be read") == 1
    assert entry.runtime_data.logs.diagnostics()["refused"] == {f"7:{FRAUD}:2": "DataAccessError"}
    asked = fault.fired
    await poll(hass, freezer, INTERVAL)
    assert fault.fired == asked
    await poll(hass, freezer, 86_400)
    assert fault.fired > asked
    meter.faults.clear()
    for _ in range(2):  # the first one sets the mark
        await poll(hass, freezer, 86_400)
        meter.speaker.happen(40)
    await poll(hass, freezer, INTERVAL)
    assert ("cover_opened", 40) in told(events)
    assert entry.runtime_data.logs.diagnostics()["refused"] == {}


async def test_a_log_at_which_the_meter_hangs_up_costs_the_polls_and_other_logs_nothing(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    events: list[Event[Any]],
):
    fault = meter.faults.add("count-bomb", object=FRAUD)
    entry = await set_up(hass, with_options(make_entry(), LOGS))
    told_codes = []
    for code in (1, 2, 1, 2):
        meter.speaker.happen(code)
        meter.speaker.happen(40)
        await poll(hass, freezer, INTERVAL)
        assert state_of(hass, entry, "3_1.0.1.8.0.255_2") != "unavailable"
        told_codes.append([code for _, code in told(events)])
    assert told_codes[-1] == [1, 2, 1, 2]
    assert f"7:{FRAUD}:2" in entry.runtime_data.logs.diagnostics()["refused"]
    asked = fault.fired
    await poll(hass, freezer, INTERVAL)
    assert fault.fired == asked


async def test_nothing_is_asked_while_the_meter_does_not_answer_and_then_everything(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    events: list[Event[Any]],
):
    entry = await set_up(hass, with_options(make_entry(interval=3600), LOGS))
    fault = meter.faults.add("silent", on="aarq")
    await poll(hass, freezer, 3700)
    assert not entry.runtime_data.last_update_success
    failed = fault.fired
    meter.speaker.happen(1)
    entry.runtime_data.logs._tick(dt_util.utcnow())
    await hass.async_block_till_done(wait_background_tasks=True)
    assert fault.fired == failed
    meter.faults.clear()
    await entry.runtime_data.async_refresh()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert told(events) == [("power_down", 1)]


async def test_a_failed_reading_is_made_up_for_by_the_next_one(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    events: list[Event[Any]],
):
    entry = await set_up(hass, with_options(make_entry(interval=3600), LOGS))
    meter.speaker.happen(1)
    meter.faults.add("reset", on="get", request=4, times=1)
    await poll(hass, freezer, INTERVAL)
    assert told(events) == []
    assert entry.runtime_data.last_update_success
    await poll(hass, freezer, INTERVAL)
    assert told(events) == [("power_down", 1)]


async def test_a_person_may_not_want_it(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    events: list[Event[Any]],
):
    entry = await set_up(hass, with_options(make_entry(), LOGS))
    assert entry.runtime_data.logs.diagnostics()["followed"]
    await hass.config_entries.async_unload(entry.entry_id)
    hass.config_entries.async_update_entry(entry, options={**entry.options, "log_interval": 0})
    await hass.config_entries.async_setup(entry.entry_id)
    asked = len(meter.log)
    meter.speaker.happen(1)
    await poll(hass, freezer, INTERVAL)
    assert events == []
    assert entry.runtime_data.logs.diagnostics()["followed"] == [], "whatever is remembered of before"
    assert not any(bytes.fromhex("0000636200FF") in request.apdu for request in list(meter.log)[asked:])


async def test_without_polling_logs_are_read_when_a_person_lets_the_meter_be_read(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    events: list[Event[Any]],
):
    entry = with_options(make_entry(), LOGS)
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, pref_disable_polling=True)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    meter.speaker.happen(1)
    await poll(hass, freezer, INTERVAL)
    assert events == []
    await entry.runtime_data.async_refresh()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert told(events) == [("power_down", 1)]


async def test_the_end_of_an_entry_ends_its_reading(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    events: list[Event[Any]],
):
    entry = await set_up(hass, with_options(make_entry(interval=3600), LOGS))
    meter.speaker.happen(1)
    fault = meter.faults.add("silent", on="get", request=3)
    freezer.tick(INTERVAL)
    async_fire_time_changed(hass)
    await until(lambda: fault.fired)
    await hass.config_entries.async_unload(entry.entry_id)
    assert meter.open_links == 0
    assert events == []


async def test_many_entries_are_told_with_pauses_for_others(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    events: list[Event[Any]],
):
    await set_up(hass, with_options(make_entry(), LOGS))
    codes = [number % 20 + 100 for number in range(2 * AT_ONCE + 20)]
    for code in codes:
        meter.speaker.happen(code)
    freezer.tick(600)
    await poll(hass, freezer, INTERVAL)
    assert [code for _, code in told(events)] == codes


async def test_a_removed_entry_leaves_no_file(
    hass: HomeAssistant, hass_storage: dict[str, Any], make_entry: EntryMaker, meter: SimulatedMeter
):
    entry = await set_up(hass, with_options(make_entry(), LOGS))
    assert any(key.endswith(".logged") for key in hass_storage)
    await hass.config_entries.async_remove(entry.entry_id)
    assert not any(key.endswith(".logged") for key in hass_storage)


async def test_a_meter_that_is_busy_is_asked_again_each_time(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
):
    fault = meter.faults.add("temporary-failure", object=FRAUD)
    entry = await set_up(hass, with_options(make_entry(), LOGS))
    for _ in range(5):
        asked = fault.fired
        await poll(hass, freezer, INTERVAL)
        assert fault.fired > asked
    assert entry.runtime_data.logs.diagnostics()["refused"] == {}


@pytest.mark.parametrize("before", [0, 1])
async def test_more_entries_than_can_be_told_are_counted_in_the_log(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    events: list[Event[Any]],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    before: int,
):
    monkeypatch.setattr(log_reading, "MOST_ENTRIES", 10)
    for _ in range(before):
        meter.speaker.happen(41)
    freezer.tick(600)
    await set_up(hass, with_options(make_entry(), LOGS))
    for _ in range(100):
        meter.speaker.happen(40)
    freezer.tick(600)
    for _ in range(2):  # that the place is gone is believed the second time
        await poll(hass, freezer, INTERVAL)
    assert told(events) == [("cover_opened", 40)] * (10 + 32)
    assert f"has {58 + before} entries in its log 0-0:99.98.1 that are too many to be told" in caplog.text


async def test_a_reading_that_is_interrupted_begins_anew_when_the_polls_get_through_again(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    events: list[Event[Any]],
):
    entry = await set_up(hass, with_options(make_entry(), LOGS))
    coordinator = entry.runtime_data
    meter.speaker.happen(1)
    coordinator.update_interval = None  # no poll of its own
    silent = meter.faults.add("silent", on="get")
    freezer.tick(INTERVAL)
    async_fire_time_changed(hass)
    await until(lambda: silent.fired)
    await coordinator.pause.async_begin()
    assert meter.open_links == 0
    assert told(events) == []
    await coordinator.logs.async_interrupt()  # nothing is under way any more
    meter.faults.clear()
    await poll(hass, freezer, INTERVAL)
    assert told(events) == []
    coordinator.pause.end()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert told(events) == [("power_down", 1)]
