"""All actions while a meter or a network misbehaves: F01, F03, F08, F16, F31, F35, F51, F62 (and S33's "once").

After each, nothing is left, the next poll is well, and the meter did what the answer says: once, or not at all.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.core import Event, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.cosem.const import EVENT_CHANGE
from custom_components.cosem.dlms.encoding.data import octet_string
from tests.conftest import HOST
from tests.faults.truth import Bench, spin
from tests.secured_entries import secured_entry, secured_profile
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import Level, MeterProfile, load_profile

from .calls import CALENDAR, CLOCK, ECHO, ENERGY, LOAD_PROFILE, MANAGEMENT, EntryMaker, done, respond, running

UNKNOWN: Final = "outcome unknown"
OF_CHANGES: Final = {"success", UNKNOWN, "exception-response: service-not-allowed, other-reason"}
PUSH_SETUP: Final = "0.0.25.9.0.255"
ACTIONS: Final[dict[str, dict[str, Any]]] = {
    "read": {"attributes": [ENERGY]},
    "read_profile": {"logical_name": LOAD_PROFILE, "last_entry": 3},
    "rescan": {},
    "write": {"attribute": CALENDAR, "data_type": "octet-string", "value": "616263"},
    "execute": {"method": ECHO, "data_type": "unsigned", "value": "5"},
}
WRITING: Final = ("write", "execute")
PROTECTIONS: Final[dict[str, int]] = {
    "password": MANAGEMENT,
    "no authentication": 16,
    "HLS-MD5": 5,
    "HLS-SHA256": 7,
    "keys, suite 0": 1,
    "keys, suite 2": 4,
    "password and keys": 10,
    "keys without authentication": 19,
    "certificate": 9,
}
"""Client of the simulated meter."""


def all_managing(profile: MeterProfile) -> MeterProfile:
    """A meter whose every client may do anything."""
    return replace(profile, clients=tuple(replace(client, level=Level.MANAGE) for client in profile.clients))


@pytest.fixture
def protection(request: pytest.FixtureRequest) -> str:
    """How the entry is protected: a password, unless a test says otherwise."""
    return getattr(request, "param", "password")


@pytest.fixture
def meter(protection: str) -> SimulatedMeter:
    profiles: dict[str, Callable[[], MeterProfile]] = {
        "password": MeterProfile,
        "no authentication": lambda: load_profile("open", {}),
    }
    profile = all_managing(profiles.get(protection, secured_profile)()).with_quirks(one_connection=True)
    return SimulatedMeter(profile, dt_util.utcnow)


@pytest.fixture
async def bench(
    hass: HomeAssistant,
    network: None,
    hass_storage: dict[str, Any],
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> Bench:
    return Bench(hass, meter, freezer, caplog)


@pytest.fixture
async def entry(
    hass: HomeAssistant, bench: Bench, meter: SimulatedMeter, protection: str, make_entry: EntryMaker
) -> AsyncIterator[MockConfigEntry]:
    """An entry that may do everything; unloaded and checked at the end."""
    wport = PROTECTIONS[protection]
    if protection == "password":
        made = make_entry(client_wport=wport)
    elif protection == "no authentication":
        made = make_entry(client_wport=wport, authentication="none")
    else:
        made = secured_entry(meter, wport)
    entry = await running(hass, made)
    yield entry
    if entry.state is ConfigEntryState.LOADED:
        await hass.config_entries.async_unload(entry.entry_id)
    bench.check_nothing_left()


@pytest.fixture
def told(hass: HomeAssistant) -> list[Event]:
    """What the bus was told of changes."""
    return async_capture_events(hass, EVENT_CHANGE)


every_action = pytest.mark.parametrize("action", ACTIONS)
every_writing = pytest.mark.parametrize("action", WRITING)
every_protection = pytest.mark.parametrize("protection", PROTECTIONS, indirect=True)


async def act(hass: HomeAssistant, action: str, entry: MockConfigEntry) -> dict[str, Any]:
    return await respond(hass, action, entry, **ACTIONS[action])


async def failure(hass: HomeAssistant, action: str, entry: MockConfigEntry) -> str | None:
    """The key of the error that an action ends with."""
    with pytest.raises(HomeAssistantError) as failed:
        await act(hass, action, entry)
    return failed.value.translation_key


def asked_for_credentials(hass: HomeAssistant) -> bool:
    return any(flow["context"]["source"] == SOURCE_REAUTH for flow in hass.config_entries.flow.async_progress())


def asked_for(action: str) -> str:
    """The kind of the request that does the work of an action."""
    return {"write": "set", "execute": "action"}.get(action, "get")


async def well_again(entry: MockConfigEntry, meter: SimulatedMeter) -> None:
    """The next poll is as if nothing had happened."""
    meter.faults.clear()
    await entry.runtime_data.async_refresh()
    assert entry.runtime_data.last_update_success
    assert meter.open_links == 0


# --- By rows of the matrix --------------------------------------------------------------------------------------------


@every_action
@every_protection
async def test_without_a_fault_each_action_works(
    hass: HomeAssistant, entry: MockConfigEntry, meter: SimulatedMeter, action: str
):
    answer = await act(hass, action, entry)
    if action in WRITING:
        assert answer["result"] == "success"
        assert len(done(meter)) == 1
    else:
        assert answer.get("attributes") or answer.get("rows") or answer["objects"]
        assert done(meter) == []
    await well_again(entry, meter)


@every_action
async def test_f01_connect_refused(
    hass: HomeAssistant, entry: MockConfigEntry, meter: SimulatedMeter, told: list[Event], action: str
):
    meter.faults.add("refuse")
    assert await failure(hass, action, entry) == "cannot_connect"
    assert (done(meter), told) == ([], [])
    await well_again(entry, meter)


@every_action
async def test_f03_accepted_then_silent(
    hass: HomeAssistant, entry: MockConfigEntry, meter: SimulatedMeter, told: list[Event], action: str
):
    meter.faults.add("silent")
    assert await failure(hass, action, entry) == "no_answer"
    assert (done(meter), told) == ([], [])
    await well_again(entry, meter)


@every_action
@pytest.mark.parametrize("octet", [0, 1, 8, 9, 11])
async def test_f08_reset_in_an_answer(
    hass: HomeAssistant, entry: MockConfigEntry, meter: SimulatedMeter, told: list[Event], action: str, octet: int
):
    meter.faults.add("reset", on=asked_for(action), octet=octet)
    if action in WRITING:
        assert await act(hass, action, entry) == {"result": UNKNOWN, "data": None}
        assert len(done(meter)) == 1
        assert [event.data["result"] for event in told] == [UNKNOWN]
    else:
        assert await failure(hass, action, entry) == "connection_lost"
        assert told == []
    await well_again(entry, meter)


@every_action
async def test_f16_wrong_invoke_id(
    hass: HomeAssistant, entry: MockConfigEntry, meter: SimulatedMeter, told: list[Event], action: str
):
    meter.faults.add("wrong-invoke-id", on=asked_for(action))
    if action in WRITING:
        assert await act(hass, action, entry) == {"result": UNKNOWN, "data": None}
        assert len(done(meter)) == 1
    else:
        assert await failure(hass, action, entry) == "no_answer"
    await well_again(entry, meter)
    meter.faults.add("wrong-invoke-id", on=asked_for(action), then_answer=True)
    answer = await act(hass, action, entry)
    assert answer.get("result") == ("success" if action in WRITING else None)
    await well_again(entry, meter)


@every_action
async def test_f31_a_busy_meter(
    hass: HomeAssistant, entry: MockConfigEntry, meter: SimulatedMeter, told: list[Event], action: str
):
    meter.faults.add("busy", on="get")  # also when it is asked who it is, before it is told anything
    assert await failure(hass, action, entry) == "meter_busy"
    assert (done(meter), told) == ([], [])
    assert not asked_for_credentials(hass)
    await well_again(entry, meter)


@every_writing
async def test_f31_a_meter_that_is_busy_when_it_is_told(
    hass: HomeAssistant, entry: MockConfigEntry, meter: SimulatedMeter, told: list[Event], action: str
):
    busy = meter.faults.add("busy", on=asked_for(action))
    result = "exception-response: service-not-allowed, other-reason"
    assert await act(hass, action, entry) == {"result": result, "data": None}
    with pytest.raises(HomeAssistantError) as failed:
        await hass.services.async_call(
            "cosem", action, {"config_entry_id": entry.entry_id, **ACTIONS[action]}, blocking=True
        )
    assert failed.value.translation_key == "meter_busy"
    assert busy.fired == 2
    assert done(meter) == []
    assert [event.data["result"] for event in told] == [result, result]
    await well_again(entry, meter)


@every_action
async def test_f35_refused_authentication_is_not_repeated(
    hass: HomeAssistant, entry: MockConfigEntry, meter: SimulatedMeter, told: list[Event], action: str
):
    refused = meter.faults.add("aare-authentication")
    assert await failure(hass, action, entry) == "authentication_refused"
    for each in ACTIONS:
        assert await failure(hass, each, entry) == "authentication_stopped"
    assert refused.fired == 1
    assert (done(meter), told) == ([], [])
    assert asked_for_credentials(hass)
    meter.faults.clear()
    await hass.config_entries.async_reload(entry.entry_id)
    await well_again(entry, meter)


@every_writing
@every_protection
async def test_f62_a_lost_answer_is_an_unknown_outcome_and_never_repeated(
    hass: HomeAssistant, entry: MockConfigEntry, meter: SimulatedMeter, told: list[Event], action: str
):
    """Wherever an answer is lost: the meter did once what it was told, or we say that it did not."""
    seen = set[tuple[str, int]]()
    for position in range(1, 30):
        before = len(meter.devices[1].done)
        told.clear()
        lost = meter.faults.add("answer-lost", on="any", request=position, times=1)
        seen.add((await result_of(hass, action, entry), len(meter.devices[1].done) - before))
        assert [event.data["result"] for event in told] in ([], [UNKNOWN], ["success"])
        await well_again(entry, meter)
        if not lost.fired:
            break
    assert {(UNKNOWN, 1), ("success", 1)} <= seen <= {(UNKNOWN, 1), ("success", 1), ("no_answer", 0)}


async def result_of(hass: HomeAssistant, action: str, entry: MockConfigEntry) -> str:
    """The result of an action, or the key of its error."""
    try:
        return str((await act(hass, action, entry))["result"])
    except HomeAssistantError as error:
        return str(error.translation_key)


@every_writing
@every_protection
@pytest.mark.parametrize(
    "fault", [{"name": "silent"}, {"name": "reset"}, {"name": "reset", "octet": 10}, {"name": "busy"}], ids=str
)
async def test_wherever_it_breaks_what_is_said_is_what_the_meter_did(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    meter: SimulatedMeter,
    told: list[Event],
    action: str,
    fault: dict[str, Any],
):
    """F03, F08 and F31 at every request of an action: from the first association to the last release."""
    results = []
    for position in range(1, 30):
        before = len(meter.devices[1].done)
        told.clear()
        struck = meter.faults.add(**{**fault, "on": "any", "request": position, "times": 1})
        result, times = await result_of(hass, action, entry), len(meter.devices[1].done) - before
        if result == "success":
            assert times == 1
        elif result == UNKNOWN:
            assert times <= 1
        else:
            assert times == 0
        assert len(told) == (result in {"success", UNKNOWN} or result.startswith("exception"))
        if fault["name"] == "busy" and not entry.runtime_data.last_update_success:
            await hass.config_entries.async_reload(entry.entry_id)
        await well_again(entry, meter)
        results.append(result)
        if not struck.fired:
            break
    assert results[-1] == "success"
    assert len(results) > 4


async def pushed(hass: HomeAssistant, entry: MockConfigEntry, number: int) -> dict[str, str]:
    """What became of a push setup's list and destination, which are others with each number; nothing if it failed."""
    objects = [ENERGY, CLOCK][: 1 + number % 2]
    wanted = {"logical_name": PUSH_SETUP, "host": HOST, "port": 4100 + number, "objects": objects}
    try:
        answer = await respond(hass, "configure_push", entry, **wanted)
    except HomeAssistantError:
        return {}
    results: dict[str, str] = answer["result"]
    return results


@every_protection
@pytest.mark.parametrize("name", ["refuse", "silent", "reset", "wrong-invoke-id", "busy", "answer-lost"])
async def test_wherever_it_breaks_each_part_of_a_push_setup_is_told_as_the_meter_did_it(
    hass: HomeAssistant, entry: MockConfigEntry, meter: SimulatedMeter, told: list[Event], name: str
):
    """F01, F03, F08, F16, F31 and F62 at every request: before, between and behind the two that write."""
    assert await pushed(hass, entry, 1)
    for number in range(2, 40):
        before = len(meter.devices[1].done)
        told.clear()
        struck = meter.faults.add(name, on="any", request=number - 1, times=1)
        results = await pushed(hass, entry, number)
        written = [each.target[2] for each in meter.devices[1].done[before:]]
        for attribute, index in (("push_object_list", 2), ("send_destination_and_method", 3)):
            result = results.get(attribute, "not sent")
            assert written.count(index) == 1 if result == "success" else written.count(index) <= (result == UNKNOWN)
        assert [event.data["result"] for event in told] == [each for each in results.values() if each in OF_CHANGES]
        if name == "busy" and not entry.runtime_data.last_update_success:
            await hass.config_entries.async_reload(entry.entry_id)
        await well_again(entry, meter)
        if not struck.fired:
            break
    assert results == {"push_object_list": "success", "send_destination_and_method": "success"}
    assert number > 4 or name == "refuse"


async def test_f35_refused_authentication_writes_no_push_setup(
    hass: HomeAssistant, entry: MockConfigEntry, meter: SimulatedMeter, told: list[Event]
):
    refused = meter.faults.add("aare-authentication")
    assert [await pushed(hass, entry, number) for number in range(2)] == [{}, {}]
    assert (refused.fired, done(meter), told) == (1, [], [])


# --- At once, and interrupted -----------------------------------------------------------------------------------------


@every_protection
async def test_actions_and_a_poll_at_once_take_turns(
    hass: HomeAssistant, entry: MockConfigEntry, meter: SimulatedMeter, told: list[Event]
):
    """The meter lets one connection in: a second one at the same time would be refused."""
    coordinator = entry.runtime_data
    wport = entry.data["client_wport"]
    meter.log.clear()
    answers = await asyncio.gather(
        *(act(hass, action, entry) for action in (*ACTIONS, *WRITING)),
        coordinator.async_refresh(),
        return_exceptions=True,
    )
    assert not [answer for answer in answers if isinstance(answer, BaseException)]
    assert coordinator.last_update_success
    assert sorted(done(meter)) == sorted([CALENDAR, ECHO] * 2)
    assert [event.data["result"] for event in told] == ["success"] * 4
    kinds = [request.kind for request in meter.log if request.client_wport == wport]
    # One association after the other: each released before the next is asked for.
    assert [kind for kind in kinds if kind in {"aarq", "rlrq"}] == ["aarq", "rlrq"] * kinds.count("aarq")
    assert kinds.count("aarq") == len(answers)


@every_writing
async def test_a_poll_that_fails_beside_it_costs_no_change(
    hass: HomeAssistant, entry: MockConfigEntry, meter: SimulatedMeter, told: list[Event], action: str
):
    meter.faults.add("reset", on="get", times=1)
    polled, answer = await asyncio.gather(entry.runtime_data.async_refresh(), act(hass, action, entry))
    assert polled is None
    assert answer["result"] == "success"
    assert len(done(meter)) == 1
    await well_again(entry, meter)


@every_writing
@pytest.mark.parametrize("how", ["unload", "reload"])
async def test_f51_the_entry_ends_at_each_point_of_a_change(
    hass: HomeAssistant,
    bench: Bench,
    entry: MockConfigEntry,
    meter: SimulatedMeter,
    told: list[Event],
    action: str,
    how: str,
):
    seen = set[tuple[str, int, int]]()
    turns, finished = 0, False
    while not finished:
        before = len(meter.devices[1].done)
        told.clear()
        telling = asyncio.create_task(result_of(hass, action, entry))
        await spin(turns)
        finished = telling.done()
        if how == "unload":
            assert await hass.config_entries.async_unload(entry.entry_id)
            bench.check_nothing_left()
            result = await telling
            await hass.config_entries.async_setup(entry.entry_id)
        else:
            assert await hass.config_entries.async_reload(entry.entry_id)
            result = await telling
        assert entry.state is ConfigEntryState.LOADED
        seen.add((result, len(meter.devices[1].done) - before, len(told)))
        turns += 1
    assert turns > 10
    ended = {(key, 0, 0) for key in ("entry_ended", "service_config_entry_not_loaded")}
    assert {("entry_ended", 0, 0), (UNKNOWN, 1, 1), ("success", 1, 1)} <= seen
    assert seen <= ended | {(UNKNOWN, 0, 1), (UNKNOWN, 1, 1), ("success", 1, 1)}


@pytest.mark.parametrize("action", ["read", "read_profile", "rescan"])
async def test_f51_the_entry_ends_at_each_point_of_a_reading(
    hass: HomeAssistant, bench: Bench, entry: MockConfigEntry, action: str
):
    turns, finished = 0, False
    keys = set[str | None]()
    while not finished:
        reading = asyncio.create_task(act(hass, action, entry))
        await spin(turns)
        finished = reading.done()
        assert await hass.config_entries.async_unload(entry.entry_id)
        bench.check_nothing_left()
        (answer,) = await asyncio.gather(reading, return_exceptions=True)
        if isinstance(answer, HomeAssistantError):
            keys.add(answer.translation_key)
        else:
            assert isinstance(answer, dict)
        await hass.config_entries.async_setup(entry.entry_id)
        turns += 3
    assert keys <= {"entry_ended", "service_config_entry_not_loaded"}
    assert "entry_ended" in keys


@every_writing
async def test_f27_a_kept_association_that_the_meter_forgot_is_noticed_before_anything_is_written(
    hass: HomeAssistant, bench: Bench, meter: SimulatedMeter, make_entry: EntryMaker, action: str
):
    entry = await running(hass, make_entry(client_wport=MANAGEMENT, stay_connected=True))
    meter.restart()
    assert (await act(hass, action, entry))["result"] == "success"
    assert len(done(meter)) == 1
    await hass.config_entries.async_unload(entry.entry_id)
    bench.check_nothing_left()


async def test_the_value_is_there_after_all(hass: HomeAssistant, entry: MockConfigEntry, meter: SimulatedMeter):
    """After an unknown outcome the action read tells what the object holds."""
    meter.faults.add("answer-lost", on="set")
    assert (await act(hass, "write", entry))["result"] == UNKNOWN
    meter.faults.clear()
    answer = await respond(hass, "read", entry, attributes=CALENDAR)
    assert answer["attributes"][0]["raw"] == "616263"
    assert meter.truth("0.0.13.0.0.255", 6) == octet_string(b"abc")
