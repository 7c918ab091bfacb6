"""Rows of the fault matrix that concern security: Home Assistant, an entry with keys, the simulated meter, in memory.

Each test bears the row's id. After each: every published number was true, no invocation counter was used twice, and
none above what was stored.
"""

from collections.abc import AsyncIterator
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import storage
from homeassistant.util import dt as dt_util
from homeassistant.util.file import WriteError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cosem.dlms import (
    AuthenticationTagInvalid,
    ChallengeRefused,
    InvocationCounterNotStored,
    InvocationCounterRefused,
    InvocationCounterReplayed,
    PeerNotAuthenticated,
    ResponseTimeout,
    SecurityDowngrade,
    SystemTitleMismatch,
    Transport,
)
from tests.conftest import set_up
from tests.faults.truth import Bench
from tests.recorded import Recorder, Replay
from tests.secured_entries import counters_sent, issues, secured_entry, secured_profile, with_client
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.security_profile import Answer, CounterObject

ENERGY = "3_1.0.1.8.0.255_2"
FILE = "cosem.invocation_counters"


@pytest.fixture
def meter() -> SimulatedMeter:
    """A meter with every authentication and protection."""
    return SimulatedMeter(secured_profile(), dt_util.utcnow)


@pytest.fixture
async def bench(
    hass: HomeAssistant,
    network: None,
    hass_storage: dict[str, Any],
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    transport: str,
) -> AsyncIterator[Bench]:
    caplog.set_level("INFO")
    bench = Bench(hass, meter, freezer, caplog, transport)
    yield bench
    for entry in hass.config_entries.async_entries("cosem"):
        if entry.state is ConfigEntryState.LOADED:
            bench.check_truth(entry)
            await hass.config_entries.async_unload(entry.entry_id)
    bench.check_nothing_left()
    for wport in {client.wport for client in meter.profile.clients}:
        sent = counters_sent(meter, wport)
        assert len(sent) == len(set(sent))
        assert not sent or max(sent) < max(hass_storage[FILE]["data"]["ceilings"].values())


@pytest.fixture
def transport(request: pytest.FixtureRequest) -> str:
    """What carries the entry's WPDUs: TCP unless a test says otherwise."""
    return getattr(request, "param", "tcp")


over_both = pytest.mark.parametrize("transport", ["tcp", "udp"], indirect=True)


def entry_for(bench: Bench, wport: int = 1, **changes: Any) -> MockConfigEntry:
    """An entry for a client of the bench's meter."""
    return secured_entry(bench.meter, wport, **({"transport": "udp"} if bench.transport == "udp" else {}), **changes)


def cause_of(entry: MockConfigEntry) -> BaseException | None:
    """What the stack said about the last failure."""
    failure = entry.runtime_data.last_exception
    return None if failure is None else failure.__cause__


def asked_for_keys(hass: HomeAssistant) -> bool:
    """Whether Home Assistant asks for credentials."""
    return any(flow["context"]["source"] == SOURCE_REAUTH for flow in hass.config_entries.flow.async_progress())


async def fresh(bench: Bench, entry: MockConfigEntry) -> None:
    """A poll brings the meter's present energy, and everything is well."""
    await bench.poll(340)
    state = bench.state(entry, ENERGY)
    assert state != STATE_UNAVAILABLE, repr(cause_of(entry))
    assert round(float(state) * 1000) == bench.meter.truth("1.0.1.8.0.255").value
    assert issues(bench.hass) == set()
    assert not asked_for_keys(bench.hass)


def new_life(hass: HomeAssistant) -> None:
    """Lose what a restart of Home Assistant loses of counters and connections."""
    hass.data.pop("cosem_counters", None)
    hass.data.pop("cosem_clients", None)


# --- F29, F30, F50, F60: counters -------------------------------------------------------------------------------------


@over_both
@pytest.mark.parametrize("wport", [1, 3, 4, 9])
async def test_f29_counters_of_the_meter_reset(hass: HomeAssistant, bench: Bench, wport: int):
    entry = await set_up(hass, entry_for(bench, wport))
    for _ in range(2):
        bench.meter.restart(lose_counters=True)
        await fresh(bench, entry)
    bench.check_outages(0)


@over_both
async def test_s7_without_mutual_authentication_a_reset_needs_the_user(hass: HomeAssistant, bench: Bench):
    entry = await set_up(hass, entry_for(bench, 19))
    await fresh(bench, entry)
    bench.meter.restart(lose_counters=True)
    await bench.poll(340)
    assert isinstance(cause_of(entry), InvocationCounterReplayed)
    assert issues(hass) == {"meter_counter_reset"}
    assert not asked_for_keys(hass)


@pytest.mark.parametrize("end", ["stop", "crash"])
@pytest.mark.parametrize("wport", [19, 10])
async def test_trial_21_a_recorded_session_is_a_replay_also_behind_a_restart(
    hass: HomeAssistant, bench: Bench, wport: int, end: str
):
    """Without the meter's proof nothing but its counter tells old answers from new ones."""
    entry = await set_up(hass, entry_for(bench, wport))
    assert await hass.config_entries.async_unload(entry.entry_id)
    new_life(hass)
    tapes: list[Recorder] = []

    async def record(*_: Any) -> Transport:
        tapes.append(Recorder(await bench.meter.connect()))
        return tapes[-1]

    with patch("custom_components.cosem.meter.clients.open_tcp", record):
        await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
        assert entry.state is ConfigEntryState.LOADED
        if end == "crash":  # nothing is written any more
            with patch.object(storage.Store, "_async_write_data", side_effect=WriteError("no power")):
                assert await hass.config_entries.async_unload(entry.entry_id)
        else:
            assert await hass.config_entries.async_unload(entry.entry_id)
    asked, published = len(bench.meter.log), len(bench.published)
    new_life(hass)
    recorded = iter(tapes)

    async def replay(*_: Any) -> Transport:
        return Replay(next(recorded).heard)

    with patch("custom_components.cosem.meter.clients.open_tcp", replay):
        await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert issues(hass) == {"meter_counter_reset"}
    assert len(bench.meter.log) == asked
    assert {state.state for state in bench.published[published:]} <= {STATE_UNAVAILABLE}
    await bench.poll(340)
    assert entry.state is ConfigEntryState.LOADED, "the meter itself has gone on counting"
    assert issues(hass) == set()


async def test_s36_values_without_a_proof_count_only_when_their_counter_is_stored(hass: HomeAssistant, bench: Bench):
    entry = await set_up(hass, entry_for(bench, 19))
    await fresh(bench, entry)
    with patch.object(storage.Store, "_async_write_data", side_effect=WriteError("read-only")):
        await bench.poll(340)
        assert isinstance(cause_of(entry), InvocationCounterNotStored)
        assert issues(hass) == {"counter_not_stored"}
    await fresh(bench, entry)


async def test_s36_a_proof_needs_no_write_with_every_poll(
    hass: HomeAssistant, bench: Bench, hass_storage: dict[str, Any]
):
    entry = await set_up(hass, entry_for(bench))
    before = hass_storage[FILE]
    await fresh(bench, entry)
    assert hass_storage[FILE] is before
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert hass_storage[FILE]["data"]["received"].keys() == hass_storage[FILE]["data"]["ceilings"].keys()


@over_both
@pytest.mark.parametrize("ahead", [1_000, 2**20 - 10])
async def test_f30_restored_backup_is_caught_up_before_anything_is_sent(
    hass: HomeAssistant, bench: Bench, hass_storage: dict[str, Any], ahead: int
):
    """The meter tells the public client its counter: nothing is sent twice under one key, as S4 alone would allow."""
    bench.meter.security.counters.accept(_key(bench.meter), bytes.fromhex("4841530000000001"), ahead)
    entry = await set_up(hass, entry_for(bench))
    await fresh(bench, entry)
    assert min(counters_sent(bench.meter)) == ahead + 1


def _key(meter: SimulatedMeter) -> bytes:
    client = meter.profile.client(1)
    assert client is not None
    assert client.security is not None
    return client.security.encryption_key


@over_both
async def test_s3_a_counter_too_far_ahead_needs_the_user(hass: HomeAssistant, bench: Bench):
    """Nothing is sent meanwhile: it might have been used before. While running, the polls just fail."""
    far = 2**20 + 1000
    entry = await set_up(hass, entry_for(bench))
    await fresh(bench, entry)
    used = counters_sent(bench.meter)
    bench.meter.security.counters.accept(_key(bench.meter), bytes.fromhex("4841530000000001"), used[-1] + far)
    await bench.poll(340)
    assert isinstance(cause_of(entry), InvocationCounterRefused)
    assert issues(hass) == {"counter_refused"}
    tried = len(counters_sent(bench.meter))
    await bench.poll(340)
    assert len(counters_sent(bench.meter)) == tried
    assert not asked_for_keys(hass)


async def test_s3_a_counter_too_far_ahead_at_the_first_set_up(hass: HomeAssistant, bench: Bench):
    bench.meter.security.counters.accept(_key(bench.meter), bytes.fromhex("4841530000000001"), 2**31)
    entry = await set_up(hass, entry_for(bench))
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert issues(hass) == {"counter_refused"}
    assert counters_sent(bench.meter) == []


@over_both
@pytest.mark.parametrize("refusal", [Answer.EXCEPTION, Answer.SILENCE, Answer.DENIED])
@pytest.mark.parametrize("told", [CounterObject.LAST, CounterObject.NEXT, CounterObject.HIDDEN])
async def test_f30_every_way_to_refuse_a_counter(
    hass: HomeAssistant, bench: Bench, refusal: Answer, told: CounterObject, meters: dict[str, SimulatedMeter]
):
    """Whoever tells its counter in any way is followed within two polls; who does not is not guessed at."""
    meter = meters["192.0.2.7"] = bench.meter = SimulatedMeter(
        secured_profile(counter_refused=refusal, counter_object=told), dt_util.utcnow
    )
    entry = await set_up(hass, entry_for(bench))
    await fresh(bench, entry)
    ahead = counters_sent(meter)[-1] + 20_000
    meter.security.counters.accept(_key(meter), bytes.fromhex("4841530000000001"), ahead)
    await bench.poll(340)
    if told is CounterObject.HIDDEN and refusal is not Answer.EXCEPTION:
        assert bench.state(entry, ENERGY) == STATE_UNAVAILABLE
        assert not asked_for_keys(hass)
        return
    await fresh(bench, entry)
    assert counters_sent(meter)[-1] > ahead


@over_both
async def test_f30_meter_that_does_not_tell_goes_on_with_our_own_counter(
    hass: HomeAssistant, bench: Bench, meters: dict[str, SimulatedMeter], hass_storage: dict[str, Any]
):
    meter = meters["192.0.2.7"] = bench.meter = SimulatedMeter(
        secured_profile(counter_object=CounterObject.HIDDEN), dt_util.utcnow
    )
    entry = await set_up(hass, entry_for(bench))
    await fresh(bench, entry)
    await hass.config_entries.async_unload(entry.entry_id)
    ceiling = max(hass_storage[FILE]["data"]["ceilings"].values())
    new_life(hass)
    before = len(counters_sent(meter))
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert counters_sent(meter)[before] == ceiling


async def test_a_silent_public_client_does_no_harm(hass: HomeAssistant, bench: Bench):
    bench.meter.faults.add("fin", on="aarq", times=1)
    entry = await set_up(hass, entry_for(bench))
    assert entry.state is ConfigEntryState.LOADED


async def test_deleted_entry_does_not_reset_the_counter(hass: HomeAssistant, bench: Bench):
    """Nor does a second entry with the same keys count for itself; the bench checks that no counter was used twice."""
    for _ in range(3):
        entry = await set_up(hass, entry_for(bench))
        assert entry.state is ConfigEntryState.LOADED
        await hass.config_entries.async_remove(entry.entry_id)
        new_life(hass)
        bench.meter.security.reset_counters()
    assert len(counters_sent(bench.meter)) > 12


@over_both
async def test_f50_restart_while_a_request_is_out(hass: HomeAssistant, bench: Bench):
    entry = await set_up(hass, entry_for(bench))
    bench.meter.faults.add("silent", on="get", times=1)
    await bench.pass_time(70)
    assert await hass.config_entries.async_unload(entry.entry_id)
    last = counters_sent(bench.meter)[-1]
    new_life(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await fresh(bench, entry)
    assert counters_sent(bench.meter)[-1] > last


@over_both
async def test_f60_counter_that_cannot_be_stored(hass: HomeAssistant, bench: Bench):
    entry = await set_up(hass, entry_for(bench))
    await fresh(bench, entry)
    state = entry.runtime_data.security._state
    while state.sending.ceiling - state.next_value > 5:
        state.sending.take()  # what hours of polling would use
    sent = len(counters_sent(bench.meter))
    with patch.object(storage.Store, "_async_write_data", side_effect=WriteError("read-only")):
        await bench.poll(340)
        assert isinstance(cause_of(entry), InvocationCounterNotStored)
        assert bench.state(entry, ENERGY) == STATE_UNAVAILABLE
        assert issues(hass) == {"counter_not_stored"}
        assert len(counters_sent(bench.meter)) == sent
    await fresh(bench, entry)
    bench.check_outages(1)


async def test_f60_at_the_first_set_up_it_is_tried_again(hass: HomeAssistant, bench: Bench):
    with patch.object(storage.Store, "_async_write_data", side_effect=WriteError("read-only")):
        entry = await set_up(hass, entry_for(bench))
        assert entry.state is ConfigEntryState.SETUP_RETRY
        assert issues(hass) == {"counter_not_stored"}
    await bench.pass_time(30)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.LOADED
    assert issues(hass) == set()


async def test_s5_half_used_warns_and_used_up_stops(hass: HomeAssistant, bench: Bench):
    entry = await set_up(hass, entry_for(bench, counter_start=2**31))
    await bench.poll()
    assert issues(hass) == {"counter_half_used"}
    assert min(counters_sent(bench.meter)) >= 2**31
    entry.runtime_data.security._state.sending.follow(2**32 - 2**16, 2**32)
    sent = len(counters_sent(bench.meter))
    await bench.poll(340)
    assert issues(hass) == {"counter_half_used", "counter_used_up"}
    assert len(counters_sent(bench.meter)) == sent
    assert not asked_for_keys(hass)


async def test_counter_start_only_raises(hass: HomeAssistant, bench: Bench):
    entry = await set_up(hass, entry_for(bench, counter_start=5000))
    assert min(counters_sent(bench.meter)) == 5000
    await hass.config_entries.async_remove(entry.entry_id)
    await set_up(hass, entry_for(bench, counter_start=3))
    assert counters_sent(bench.meter) == sorted(counters_sent(bench.meter))


# --- F37 to F40: forged answers ---------------------------------------------------------------------------------------


@over_both
@pytest.mark.parametrize("fault", ["wrong-pass-4", "empty-pass-4", "reflected-pass-4"])
@pytest.mark.parametrize("wport", [1, 5, 9])
async def test_f37_meter_that_cannot_prove_itself(hass: HomeAssistant, bench: Bench, fault: str, wport: int):
    entry = await set_up(hass, entry_for(bench, wport))
    bench.meter.faults.add(fault)
    read = sum(request.kind == "get" for request in bench.meter.log)
    await bench.poll()
    assert isinstance(cause_of(entry), PeerNotAuthenticated)
    assert bench.state(entry, ENERGY) == STATE_UNAVAILABLE
    assert issues(hass) == {"meter_not_proven"}
    assert asked_for_keys(hass)
    before = bench.meter.requests
    await bench.poll(340)
    assert bench.meter.requests == before, "it is not asked again"
    assert sum(request.kind == "get" for request in bench.meter.log) in {read, read + (wport != 5)}


@pytest.mark.parametrize("wport", [1, 5, 9])
async def test_trial_26_a_challenge_that_is_not_answered_asks_for_no_keys(
    hass: HomeAssistant, bench: Bench, wport: int
):
    """Anybody can send one."""
    entry = await set_up(hass, entry_for(bench, wport))
    bench.meter.faults.add("reflected-challenge", times=1)
    await bench.poll()
    assert isinstance(cause_of(entry), ChallengeRefused)
    assert bench.state(entry, ENERGY) == STATE_UNAVAILABLE
    assert issues(hass) == {"security_mismatch"}
    assert not asked_for_keys(hass)
    await fresh(bench, entry)


@over_both
async def test_f38_wrong_tags(hass: HomeAssistant, bench: Bench):
    entry = await set_up(hass, entry_for(bench))
    bench.meter.faults.add("wrong-tag")
    for number in range(1, 5):
        await bench.poll(340)
        assert isinstance(cause_of(entry), AuthenticationTagInvalid)
        assert issues(hass) == ({"verification_failed"} if number >= 3 else set())
        assert not asked_for_keys(hass)
    bench.meter.faults.clear()
    await fresh(bench, entry)
    bench.check_outages(1)


async def test_f38_wrong_tags_while_setting_up(hass: HomeAssistant, bench: Bench):
    bench.meter.faults.add("wrong-tag", on="aarq")
    entry = await set_up(hass, entry_for(bench))
    for _ in range(3):
        assert entry.state is ConfigEntryState.SETUP_RETRY
        await bench.pass_time(400)
        await hass.async_block_till_done(wait_background_tasks=True)
    assert issues(hass) == {"verification_failed"}
    bench.meter.faults.clear()
    await bench.pass_time(400)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.LOADED
    assert issues(hass) == set()


@over_both
@pytest.mark.parametrize("fault", ["replay", "old-counter"])
async def test_f39_replayed_answers(hass: HomeAssistant, bench: Bench, fault: str):
    entry = await set_up(hass, entry_for(bench))
    bench.meter.faults.add(fault, then_answer=True, count=2)
    await fresh(bench, entry)
    bench.meter.faults.clear()
    bench.check_outages(0)


DOWNGRADES = [
    "plaintext",
    "authenticated-only",
    "encrypted-only",
    "other-suite",
    "broadcast-key",
    "compressed",
    "nested",
]


@over_both
@pytest.mark.parametrize("fault", DOWNGRADES)
async def test_f40_downgrade(hass: HomeAssistant, bench: Bench, fault: str):
    entry = await set_up(hass, entry_for(bench))
    bench.meter.faults.add(fault)
    await bench.poll()
    assert isinstance(cause_of(entry), SecurityDowngrade)
    assert issues(hass) == {"security_mismatch"}
    assert not asked_for_keys(hass)
    bench.meter.faults.clear()
    await fresh(bench, entry)
    bench.check_outages(1)


async def test_trial_19_a_downgrade_at_the_first_set_up_is_tried_again(hass: HomeAssistant, bench: Bench):
    bench.meter.faults.add("plaintext", on="aarq")
    entry = await set_up(hass, entry_for(bench, counter_logical_name="0.0.43.1.9.255"))
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert issues(hass) == {"security_mismatch"}
    assert not asked_for_keys(hass)


@pytest.mark.parametrize("answer", ["FFFF", "C401C10006000000FF", "D801060000FFFF", "D80106FFFFFFFE", "0E060600"])
@pytest.mark.parametrize("on", ["aarq", "get"])
async def test_s37_trial_19_nothing_that_a_stranger_sends_stops_the_first_set_up_for_good(
    hass: HomeAssistant, bench: Bench, answer: str, on: str
):
    bench.meter.faults.add("apdu", on=on, apdu=answer)
    entry = await set_up(hass, entry_for(bench, counter_logical_name="0.0.43.1.9.255"))
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert not asked_for_keys(hass)
    bench.meter.faults.clear()
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED


# --- F7, F45 and locks ------------------------------------------------------------------------------------------------


@over_both
@pytest.mark.parametrize("wport", [1, 9])
async def test_f45_another_system_title(hass: HomeAssistant, bench: Bench, wport: int):
    entry = await set_up(hass, entry_for(bench, wport))
    bench.meter.faults.add("other-title", times=1)
    read = sum(request.kind == "get" for request in bench.meter.log)
    await bench.poll()
    assert isinstance(cause_of(entry), SystemTitleMismatch)
    assert issues(hass) == {"other_system_title"}
    assert sum(request.kind == "get" for request in bench.meter.log) == read
    assert not asked_for_keys(hass)
    await fresh(bench, entry)


@over_both
async def test_s13_the_pin_survives_a_restart(hass: HomeAssistant, bench: Bench):
    entry = await set_up(hass, entry_for(bench))
    await hass.config_entries.async_unload(entry.entry_id)
    bench.meter.faults.add("other-title", times=1)
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert issues(hass) == {"other_system_title"}


async def test_locked_after_wrong_keys(hass: HomeAssistant, bench: Bench, meters: dict[str, SimulatedMeter]):
    meters["192.0.2.7"] = bench.meter = SimulatedMeter(
        with_client(secured_profile(), 5, lock_after=1, lock_seconds=3600.0), dt_util.utcnow
    )
    entry = await set_up(hass, entry_for(bench, 5, hls_secret="wrong"))
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert asked_for_keys(hass)
    hass.config_entries.async_update_entry(entry, data=entry_for(bench, 5).data)
    setting_up = hass.async_create_task(hass.config_entries.async_reload(entry.entry_id))
    while not setting_up.done():
        await bench.pass_time(1)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert issues(hass) == {"meter_locked"}


async def test_locked_without_a_word_of_credentials(hass: HomeAssistant, bench: Bench):
    """One refusal for now is another client; three in a row are worth a look."""
    entry = await set_up(hass, entry_for(bench))
    bench.meter.faults.add("aare-transient")
    for number in range(1, 4):
        await bench.poll(340)
        assert issues(hass) == ({"meter_locked"} if number == 3 else set())
    bench.meter.faults.clear()
    await fresh(bench, entry)


async def test_silence_alone_is_no_lock(hass: HomeAssistant, bench: Bench):
    entry = await set_up(hass, entry_for(bench))
    bench.meter.faults.add("silent")
    for _ in range(3):
        await bench.poll(340)
        assert isinstance(cause_of(entry), ResponseTimeout)
    assert issues(hass) == set()
