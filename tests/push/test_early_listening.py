"""What a meter sends before it can be read is heard: after an outage it speaks first."""

from collections.abc import Callable

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events
import pytest_socket

from custom_components.cosem.const import EVENT_NOTIFICATION
from custom_components.cosem.dlms import ConnectFailed, ListenerUnavailable, Transport
from custom_components.cosem.dlms.errors import ConnectFailure
from custom_components.cosem.meter.security import MeterSecurity
from custom_components.cosem.push import early_listening
from custom_components.cosem.push.listeners import listeners_of
from custom_components.cosem.push.meter_push import MeterPush
from tests.conftest import HOST, poll, set_up
from tests.push.senders import (
    LOOPBACK,
    data_notification,
    event_code,
    free_port,
    listening,
    protected,
    say,
    told,
    with_options,
    wpdu,
)
from tests.secured_entries import issues, secured_entry, secured_profile
from tests.simulated_meter.meter import SimulatedMeter
from tests.still_loop import until

pytestmark = pytest.mark.usefixtures("network", "freezer")

ENTITY = "event.meter_meter_event"
POWER_UP = 2

type EntryMaker = Callable[..., MockConfigEntry]


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    pytest_socket.socket_allow_hosts([LOOPBACK], allow_unix_socket=True)


class Unreachable:
    """A meter that does not have its power back yet."""

    async def connect(self) -> Transport:
        raise ConnectFailed(ConnectFailure.UNREACHABLE)


async def tried_without_meter(
    hass: HomeAssistant, meters: dict[str, SimulatedMeter], entry: MockConfigEntry
) -> MockConfigEntry:
    """An entry that was read once, after a restart at which its meter is away."""
    await set_up(hass, entry)
    assert entry.state is ConfigEntryState.LOADED
    meters[HOST] = Unreachable()
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    return entry


async def test_what_the_meter_sends_while_it_cannot_be_read_yet_is_told_and_shown_later(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    meters: dict[str, SimulatedMeter],
    meter: SimulatedMeter,
    make_entry: EntryMaker,
):
    port = free_port()
    entry = await tried_without_meter(hass, meters, with_options(make_entry(), listening(port)))
    (shared,) = listeners_of(hass)._open.values()
    async with told(hass, 1) as data:
        say(port, wpdu(event_code(POWER_UP)))
    assert (data[0]["event_type"], data[0]["entry_id"]) == ("power_up", entry.entry_id)
    await poll(hass, freezer, 30)  # another attempt in vain
    assert entry.state is ConfigEntryState.SETUP_RETRY
    meters[HOST] = meter
    await poll(hass, freezer, 60)
    assert entry.state is ConfigEntryState.LOADED
    assert hass.states.get(ENTITY).attributes["event_type"] == "power_up"
    assert list(listeners_of(hass)._open.values()) == [shared]  # the port was never left
    assert len(shared.router.receivers) == 1
    async with told(hass, 1):
        say(port, wpdu(event_code(1)))
    assert hass.states.get(ENTITY).attributes["event_type"] == "power_down"
    assert entry.runtime_data.notifications.diagnostics()["taken"] == 2
    await hass.config_entries.async_unload(entry.entry_id)
    assert not listeners_of(hass)._open


async def test_nothing_is_lost_or_told_twice_while_the_next_attempt_takes_over(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    meters: dict[str, SimulatedMeter],
    meter: SimulatedMeter,
    make_entry: EntryMaker,
    monkeypatch: pytest.MonkeyPatch,
):
    """For a moment both listen: they are one meter, and both know what was told."""
    port = free_port()
    entry = await tried_without_meter(hass, meters, with_options(make_entry(), listening(port)))
    stop, events = MeterPush.async_stop, async_capture_events(hass, EVENT_NOTIFICATION)

    async def stop_late(push: MeterPush, *, others_listen: bool = False) -> None:
        say(port, wpdu(event_code(1)))
        await until(lambda: len(events) == 1)
        await stop(push, others_listen=others_listen)
        # The same value in a list tells nothing new.
        say(port, wpdu(data_notification("0102 0202 0906 0000600B00FF 1101")), wpdu(event_code(POWER_UP)))
        await until(lambda: len(events) == 3)

    monkeypatch.setattr(MeterPush, "async_stop", stop_late)
    meters[HOST] = meter
    await poll(hass, freezer, 30)
    monkeypatch.undo()
    assert entry.state is ConfigEntryState.LOADED
    assert [event.data["event_type"] for event in events] == ["power_down", "other", "power_up"]
    assert hass.states.get(ENTITY).attributes["event_type"] == "power_up"
    assert entry.runtime_data.notifications.diagnostics()["taken"] == 3


async def test_what_comes_while_an_entry_ends_is_told(
    hass: HomeAssistant, make_entry: EntryMaker, monkeypatch: pytest.MonkeyPatch
):
    """A meter may take its time for the release."""
    port = free_port()
    entry = await set_up(hass, with_options(make_entry(stay_connected=True), listening(port)))
    events, release = async_capture_events(hass, EVENT_NOTIFICATION), MeterSecurity.async_release

    async def release_slowly(security: MeterSecurity) -> None:
        say(port, wpdu(event_code(1)))
        await until(lambda: events)
        await release(security)

    monkeypatch.setattr(MeterSecurity, "async_release", release_slowly)
    await hass.config_entries.async_unload(entry.entry_id)
    assert [event.data["event_type"] for event in events] == ["power_down"]
    assert not listeners_of(hass)._open


async def test_what_was_sent_meanwhile_need_not_be_told_by_the_log_again(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    meters: dict[str, SimulatedMeter],
    meter: SimulatedMeter,
    make_entry: EntryMaker,
):
    port = free_port()
    entry = await tried_without_meter(hass, meters, with_options(make_entry(), listening(port)))
    sent_at = dt_util.utcnow()
    async with told(hass, 1):
        say(port, wpdu(event_code(POWER_UP)))
    meters[HOST] = meter
    await poll(hass, freezer, 30)
    assert entry.runtime_data.notifications.told.take("0.0.96.11.0.255", POWER_UP, sent_at)


async def test_s23_s24_a_meter_with_keys_is_heard_early_only_with_its_tag_and_once(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, meters: dict[str, SimulatedMeter]
):
    port, secured = free_port(), SimulatedMeter(secured_profile(), dt_util.utcnow)
    meters[HOST] = secured
    entry = await tried_without_meter(hass, meters, secured_entry(secured, 1, options=listening(port, log_interval=0)))
    good = wpdu(protected(secured, 1, 2_000_000, event_code(POWER_UP)))
    async with told(hass, 1) as data:
        say(port, wpdu(event_code(1)), good, good)
    assert data[0]["authenticated"] is True
    meters[HOST] = secured
    await poll(hass, freezer, 30)
    assert entry.state is ConfigEntryState.LOADED
    async with told(hass, 1):
        say(port, good, wpdu(protected(secured, 1, 2_000_001, event_code(1))))


@pytest.mark.parametrize("options", [{}, listening(0)], ids=["no listening", "never read"])
async def test_nobody_listens_early_without_being_told_to_or_for_a_meter_that_was_never_read(
    hass: HomeAssistant, meters: dict[str, SimulatedMeter], make_entry: EntryMaker, options: dict[str, object]
):
    entry = make_entry()
    if options:
        meters[HOST] = Unreachable()
        await set_up(hass, with_options(entry, listening(free_port())))
    else:
        await tried_without_meter(hass, meters, entry)
    assert not listeners_of(hass)._open


async def test_s23_a_meter_with_keys_that_has_not_proved_itself_is_not_heard_early(
    hass: HomeAssistant, meters: dict[str, SimulatedMeter]
):
    port, secured = free_port(), SimulatedMeter(secured_profile(), dt_util.utcnow)
    meters[HOST] = secured
    entry = secured_entry(secured, 1, options=listening(port))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("custom_components.cosem.meter.security.MeterSecurity.pin", lambda self, title: None)
        await tried_without_meter(hass, meters, entry)
        assert not listeners_of(hass)._open


async def disable(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)


async def remove(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    await hass.config_entries.async_remove(entry.entry_id)


async def stop(hass: HomeAssistant, _entry: MockConfigEntry) -> None:
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)


@pytest.mark.parametrize("end", [disable, remove, stop])
async def test_nobody_listens_any_more_for_an_entry_that_is_not_tried_again(
    hass: HomeAssistant, meters: dict[str, SimulatedMeter], make_entry: EntryMaker, end: Callable
):
    entry = await tried_without_meter(hass, meters, with_options(make_entry(), listening(free_port())))
    assert listeners_of(hass)._open
    await end(hass, entry)
    await hass.async_block_till_done(wait_background_tasks=True)
    await until(lambda: not listeners_of(hass)._open)
    assert not hass.data[early_listening._BETWEEN]


async def test_f58_a_port_that_is_taken_is_said_at_all_attempts(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, meters: dict[str, SimulatedMeter], make_entry: EntryMaker
):
    entry = await tried_without_meter(hass, meters, with_options(make_entry(), listening(free_port())))
    await disable(hass, entry)
    await hass.async_block_till_done()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("custom_components.cosem.push.listeners.NotificationListener.open", refuse)
        await hass.config_entries.async_set_disabled_by(entry.entry_id, None)
        for _ in range(3):
            await poll(hass, freezer, 25)
            assert entry.state is ConfigEntryState.SETUP_RETRY
            assert "listener_unavailable" in issues(hass)
    await hass.config_entries.async_remove(entry.entry_id)


async def refuse(*_: object) -> None:
    raise ListenerUnavailable(LOOPBACK, 4059, "in use", in_use=True)
