"""The store of invocation counters: written before use, never lowered, outliving crashes, entries and damaged files."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
import json
import logging
from pathlib import Path
import random
from typing import Any
from unittest.mock import patch

from homeassistant.core import CoreState, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import storage
from homeassistant.util.file import WriteError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cosem.const import DOMAIN
from custom_components.cosem.dlms import (
    MAX_SENDING_VALUE,
    AssociationParameters,
    InvocationCounterExhausted,
    InvocationCounterNotStored,
    Mechanism,
    Protection,
    Secret,
    SecuritySettings,
    SecurityState,
)
from custom_components.cosem.meter import counter_store
from custom_components.cosem.meter.counter_store import (
    FIRST_COUNTER,
    CounterBook,
    CounterLost,
    async_restore_counter,
    async_security_state,
)
from custom_components.cosem.meter.store import StoredMeter, async_save_meter

REAL_LOAD, REAL_WRITE = storage.Store._async_load, storage.Store._async_write_data
"""Before the fixtures of the test plug-in replace them."""

FILES = counter_store._FILES
KEY, OTHER_KEY = bytes(range(16)), bytes(range(1, 17))
TITLE, OTHER_TITLE = b"HAS\x00\x00\x00\x00\x01", b"HAS\x00\x00\x00\x00\x02"


def parameters(key: bytes = KEY, title: bytes = TITLE, **changes: Any) -> AssociationParameters:
    """What an entry with keys proposes."""
    settings = {
        "client_system_title": title,
        "global_unicast_encryption_key": Secret(key),
        "authentication_key": Secret(bytes(16)),
    }
    return AssociationParameters(
        client_wport=1, mechanism=Mechanism.HLS_GMAC, security=SecuritySettings(**{**settings, **changes})
    )


async def state_of(hass: HomeAssistant, *args: Any, **changes: Any) -> SecurityState:
    state = await async_security_state(hass, parameters(*args, **changes))
    assert state is not None
    return state


def restart(hass: HomeAssistant) -> None:
    """Lose everything that is in memory only."""
    hass.data.pop(counter_store._BOOK, None)


def ceilings(hass_storage: dict[str, Any]) -> list[list[int]]:
    """What both files hold."""
    return [sorted(hass_storage[name]["data"]["ceilings"].values()) for name in FILES if name in hass_storage]


async def test_s2_ceiling_is_in_both_files_before_a_value_can_be_used(
    hass: HomeAssistant, hass_storage: dict[str, Any]
):
    state = await state_of(hass)
    assert state.next_value == FIRST_COUNTER
    with pytest.raises(InvocationCounterExhausted):
        state.sending.take()
    await state.reserve()
    used = state.sending.take()
    assert [values[0] > used for values in ceilings(hass_storage)] == [True, True]
    restart(hass)
    assert (await state_of(hass)).next_value == ceilings(hass_storage)[0][0]


async def test_s1_one_counter_for_all_who_have_the_same_key_and_title(
    hass: HomeAssistant, hass_storage: dict[str, Any]
):
    first, again, third = await asyncio.gather(state_of(hass), state_of(hass), state_of(hass, KEY, OTHER_TITLE))
    assert first is again
    assert first is not third
    assert await state_of(hass, OTHER_KEY) is not first
    await asyncio.gather(first.reserve(), third.reserve())
    assert [len(values) for values in ceilings(hass_storage)] == [2, 2]


async def test_nothing_is_counted_without_protection(hass: HomeAssistant):
    assert await async_security_state(hass, AssociationParameters()) is None
    plain = SecuritySettings(client_system_title=TITLE, protection=Protection.NONE)
    keyed = SecuritySettings(
        client_system_title=TITLE, protection=Protection.NONE, global_unicast_encryption_key=Secret(KEY)
    )
    for security in (plain, keyed):
        digest = AssociationParameters(mechanism=Mechanism.HLS_SHA256, hls_secret=Secret(b"secret"), security=security)
        assert await async_security_state(hass, digest) is None


async def test_s27_neither_key_nor_title_can_be_found_in_the_files(hass: HomeAssistant, hass_storage: dict[str, Any]):
    await (await state_of(hass)).reserve()
    text = json.dumps(hass_storage).lower()
    assert KEY.hex() not in text
    assert TITLE.hex() not in text
    restart(hass)
    hass_storage.clear()
    await (await state_of(hass)).reserve()
    assert not set(json.loads(text)[FILES[0]]["data"]["ceilings"]) & set(hass_storage[FILES[0]]["data"]["ceilings"])


async def test_s3_a_ceiling_is_never_lowered(hass: HomeAssistant, hass_storage: dict[str, Any]):
    state = await state_of(hass)
    state.follow(5_000_000, confirmed_by_user=True)
    await state.reserve()
    high = ceilings(hass_storage)[0][0]
    book = hass.data[counter_store._BOOK]
    (fingerprint,) = book._ceilings
    await book.save(fingerprint, 7)
    assert ceilings(hass_storage) == [[high], [high]]
    assert not state.follow(7, confirmed_by_user=True)


async def test_s1_a_key_that_was_never_used_starts_above_0_for_meters_that_take_no_0(
    hass: HomeAssistant, hass_storage: dict[str, Any]
):
    assert (await state_of(hass)).next_value == 1


@pytest.mark.parametrize("name", ["cosem.invocation_counters", "cosem.invocation_counters_copy"])
async def test_s1_files_of_an_earlier_release_are_found_and_count(
    hass: HomeAssistant, hass_storage: dict[str, Any], name: str
):
    """Their names and form are for ever: a release that looked elsewhere would use values again."""
    data = {"salt": bytes(range(16)).hex(), "ceilings": {"4dd1c52f17d86933ea8066a90c247d1c": 4711}}
    hass_storage[name] = {"version": 1, "minor_version": 1, "key": name, "data": data}
    assert (await state_of(hass)).next_value == 4711


@pytest.mark.parametrize("lost", [(0,), (1,)])
async def test_a_lost_file_costs_nothing(hass: HomeAssistant, hass_storage: dict[str, Any], lost: tuple[int, ...]):
    await (await state_of(hass)).reserve()
    high = ceilings(hass_storage)[0][0]
    for number in lost:
        del hass_storage[FILES[number]]
    restart(hass)
    assert (await state_of(hass)).next_value == high


async def test_an_old_file_beside_a_new_one_does_not_lower(hass: HomeAssistant, hass_storage: dict[str, Any]):
    state = await state_of(hass)
    await state.reserve()
    old = json.loads(json.dumps(hass_storage[FILES[0]]))
    state.follow(100_000)
    await state.reserve()
    hass_storage[FILES[0]] = old
    restart(hass)
    assert (await state_of(hass)).next_value == ceilings(hass_storage)[1][0] > 100_000


@pytest.mark.parametrize(
    "damage",
    [
        {},
        [],
        {"salt": "", "ceilings": {}},
        {"salt": "zz", "ceilings": {}},
        {"salt": "00" * 16},
        {"salt": "00" * 16, "ceilings": []},
        {"salt": "00" * 17, "ceilings": {}},
        {"salt": "00" * 16, "ceilings": {"a": "7"}},
        {"salt": "00" * 16, "ceilings": {"a": 7, "b": "7"}},
        {"salt": "00" * 16, "ceilings": {"a": True}},
        {"salt": "00" * 16, "ceilings": {"a": -1}},
        {"salt": "00" * 16, "ceilings": {"a": 2**32}},
        {"salt": "00" * 16, "ceilings": {"a": 7}, "received": []},
        {"salt": "00" * 16, "ceilings": {"a": 7}, "received": {"a": 7}},
        {"salt": "00" * 16, "ceilings": {"a": 7}, "received": {"a": {"00": "7"}}},
        {"salt": "00" * 16, "ceilings": {"a": 7}, "received": {"a": {"zz": 7}}},
        {"salt": "00" * 16, "ceilings": {"a": 7}, "received": {"a": {"": 7}}},
        {"salt": "00" * 16, "ceilings": {"a": 7}, "received": {"a": {"00": 2**32}}},
    ],
    ids=str,
)
async def test_files_that_make_no_sense_are_not_a_fresh_start(
    hass: HomeAssistant, hass_storage: dict[str, Any], damage: Any
):
    for name in FILES:
        hass_storage[name] = {"version": 1, "minor_version": 1, "key": name, "data": damage}
    with pytest.raises(CounterLost, match="make no sense"):
        await state_of(hass)


def put(hass_storage: dict[str, Any], name: str, data: Any) -> None:
    hass_storage[name] = {"version": 1, "minor_version": 1, "key": name, "data": data}


@pytest.mark.parametrize("name", FILES)
async def test_one_file_that_makes_no_sense_alone_is_not_a_fresh_start(
    hass: HomeAssistant, hass_storage: dict[str, Any], name: str
):
    put(hass_storage, name, {"salt": "00" * 16, "ceilings": {"a": -1}})
    with pytest.raises(InvocationCounterNotStored, match="make no sense"):
        await state_of(hass)


async def test_the_lowest_and_the_highest_ceiling_make_sense(hass: HomeAssistant, hass_storage: dict[str, Any]):
    put(hass_storage, FILES[0], {"salt": "00" * 16, "ceilings": {"a": 0, "b": 2**32 - 1}})
    assert (await state_of(hass)).next_value == FIRST_COUNTER


@pytest.mark.parametrize("name", FILES)
async def test_s36_two_files_that_do_not_belong_together_are_not_used(
    hass: HomeAssistant, hass_storage: dict[str, Any], name: str
):
    """Nobody knows which of them is the last one."""
    await (await state_of(hass)).reserve()
    put(hass_storage, name, {"salt": "11" * 16, "ceilings": {"stranger": 7}})
    before = json.dumps(hass_storage)
    restart(hass)
    for _ in range(2):
        with pytest.raises(CounterLost, match="disagree"):
            await state_of(hass)
    assert json.dumps(hass_storage) == before


@pytest.mark.parametrize("name", FILES)
async def test_s36_a_file_that_makes_no_sense_beside_a_good_one_is_not_passed_over(
    hass: HomeAssistant, hass_storage: dict[str, Any], name: str
):
    await (await state_of(hass)).reserve()
    put(hass_storage, name, {"salt": "11" * 16})
    restart(hass)
    with pytest.raises(CounterLost, match="make no sense"):
        await state_of(hass)


async def test_f50_a_power_cut_between_both_files_is_no_disagreement(hass: HomeAssistant, hass_storage: dict[str, Any]):
    state = await state_of(hass)
    await state.reserve()
    old = json.loads(json.dumps(hass_storage[FILES[1]]))
    state.follow(100_000)
    await state.reserve()
    hass_storage[FILES[1]] = old
    restart(hass)
    assert (await state_of(hass)).next_value == ceilings(hass_storage)[0][0] > 100_000


# --- A counter that is gone -----------------------------------------------------------------------------------------


def entry_with(key: bytes = KEY, title: bytes = TITLE, **changes: Any) -> MockConfigEntry:
    data = {"encryption_key": key.hex().upper(), "system_title": title.hex(), **changes}
    return MockConfigEntry(domain=DOMAIN, unique_id="SIM1", data=data)


async def associated(hass: HomeAssistant) -> None:
    """The meter of an entry was associated once: its title is known."""
    await async_save_meter(hass, "SIM1", StoredMeter(system_title=b"SIM\x00\x00\x00\x00\x01"))


async def test_trial_26_both_files_gone_behind_an_association_is_no_fresh_start(
    hass: HomeAssistant, hass_storage: dict[str, Any]
):
    entry_with().add_to_hass(hass)
    await (await state_of(hass)).reserve()
    await associated(hass)
    for name in FILES:
        del hass_storage[name]
    restart(hass)
    for _ in range(2):
        with pytest.raises(CounterLost, match="gone"):
            await state_of(hass)
    assert not set(FILES) & set(hass_storage), "nothing is written over what a person may restore"


@pytest.mark.parametrize(
    "entry",
    [
        entry_with(OTHER_KEY),
        entry_with(KEY, OTHER_TITLE),
        MockConfigEntry(domain=DOMAIN, unique_id="SIM1", data={"encryption_key": KEY.hex()}),
        MockConfigEntry(domain=DOMAIN, unique_id="SIM1", data={}),
        MockConfigEntry(domain=DOMAIN, unique_id="never associated", data=entry_with().data),
    ],
)
async def test_s36_a_key_that_no_associated_entry_has_is_new(
    hass: HomeAssistant, hass_storage: dict[str, Any], entry: MockConfigEntry
):
    await associated(hass)
    entry.add_to_hass(hass)
    assert (await state_of(hass)).next_value == FIRST_COUNTER


async def test_s36_a_counter_that_one_file_still_has_is_not_gone(hass: HomeAssistant, hass_storage: dict[str, Any]):
    entry_with().add_to_hass(hass)
    await (await state_of(hass)).reserve()
    await associated(hass)
    high = ceilings(hass_storage)[0][0]
    del hass_storage[FILES[0]]
    restart(hass)
    assert (await state_of(hass)).next_value == high


@pytest.mark.parametrize("damage", ["gone", "disagree"])
async def test_s36_a_lost_counter_goes_on_where_a_person_says(
    hass: HomeAssistant, hass_storage: dict[str, Any], damage: str
):
    """Each key has to be restored for itself."""
    entry_with().add_to_hass(hass)
    await associated(hass)
    if damage == "disagree":
        put(hass_storage, FILES[0], {"salt": "11" * 16, "ceilings": {"a": 7}})
        put(hass_storage, FILES[1], {"salt": "22" * 16, "ceilings": {"a": 7}})
    with pytest.raises(CounterLost):
        await state_of(hass)
    assert await async_restore_counter(hass, parameters(), 50_000)
    assert (await state_of(hass)).next_value == 50_000
    assert ceilings(hass_storage) == [[51_000], [51_000]]
    restart(hass)
    assert (await state_of(hass)).next_value == 51_000
    entry_with(OTHER_KEY).add_to_hass(hass)
    with pytest.raises(CounterLost):
        await state_of(hass, OTHER_KEY)


async def test_s1_files_that_are_slow_are_read_once_for_all_who_wait(hass: HomeAssistant, hass_storage: dict[str, Any]):
    load = storage.Store.async_load
    reads = []

    async def slowly(store: storage.Store[Any]) -> Any:
        reads.append(store.key)
        await asyncio.sleep(1)
        return await load(store)

    with patch.object(storage.Store, "async_load", slowly):
        first, second = await asyncio.gather(state_of(hass), state_of(hass))
    assert first is second
    assert reads == list(FILES)


async def test_files_that_are_never_read_are_not_waited_for_long(hass: HomeAssistant, hass_storage: dict[str, Any]):
    async def hang(_store: storage.Store[Any]) -> None:
        await asyncio.Event().wait()

    with (
        patch.object(storage.Store, "async_load", hang),
        pytest.raises(InvocationCounterNotStored, match="in time"),
    ):
        await state_of(hass)
    assert (await state_of(hass)).next_value == FIRST_COUNTER


# --- What was received ----------------------------------------------------------------------------------------------


METER = b"SIM\x00\x00\x00\x00\x01"


async def test_s36_what_was_received_outlives_a_restart(hass: HomeAssistant, hass_storage: dict[str, Any]):
    state = await state_of(hass)
    state.receiving.of(METER).commit(4711)
    await state.store_received()
    assert [len(hass_storage[name]["data"]["received"]) for name in FILES] == [1, 1]
    restart(hass)
    state = await state_of(hass)
    assert state.receiving.last() == {METER: 4711}
    assert (await state_of(hass, KEY, OTHER_TITLE)).receiving.last() == {}
    state.receiving.forget()
    await state.store_received()
    restart(hass)
    assert (await state_of(hass)).receiving.last() == {}


async def test_s36_the_higher_received_counter_of_both_files_counts(hass: HomeAssistant, hass_storage: dict[str, Any]):
    state = await state_of(hass)
    state.receiving.of(METER).commit(7)
    await state.store_received()
    old = json.loads(json.dumps(hass_storage[FILES[1]]))
    state.receiving.of(METER).commit(9)
    await state.store_received()
    hass_storage[FILES[1]] = old
    restart(hass)
    assert (await state_of(hass)).receiving.last() == {METER: 9}


async def test_s36_received_counters_that_are_not_written_are_told(hass: HomeAssistant, hass_storage: dict[str, Any]):
    state = await state_of(hass)
    state.receiving.of(METER).commit(7)
    with patch.object(storage.Store, "_async_write_data", side_effect=WriteError("disk full")):
        assert not await state.store_received()
    assert await state.store_received()


async def test_f60_what_comes_back_with_another_salt_was_not_written(hass: HomeAssistant, hass_storage: dict[str, Any]):
    state = await state_of(hass)
    load = storage.Store.async_load

    async def other_salt(store: storage.Store[Any]) -> Any:
        return {**await load(store), "salt": "22" * 16}

    with patch.object(storage.Store, "async_load", other_salt), pytest.raises(InvocationCounterNotStored):
        await state.reserve()


async def test_files_are_replaced_as_a_whole_and_name_keys_by_32_digits(
    hass: HomeAssistant, hass_storage: dict[str, Any]
):
    with patch.object(counter_store, "Store", wraps=storage.Store) as opened:
        await (await state_of(hass)).reserve()
    assert {len(name) for name in hass_storage[FILES[0]]["data"]["ceilings"]} == {32}
    assert {call.args[2] for call in opened.call_args_list} == set(FILES)
    assert all(call.kwargs["atomic_writes"] for call in opened.call_args_list)


async def test_files_of_a_newer_version_are_not_a_fresh_start(hass: HomeAssistant, hass_storage: dict[str, Any]):
    for name in FILES:
        hass_storage[name] = {"version": 2, "minor_version": 1, "key": name, "data": {}}
    with pytest.raises(InvocationCounterNotStored, match="cannot be read"):
        await state_of(hass)


@pytest.mark.parametrize(
    "failure", [WriteError("disk full"), OSError("read-only"), storage.json_util.SerializationError]
)
async def test_f60_what_cannot_be_written_is_not_used(
    hass: HomeAssistant, hass_storage: dict[str, Any], failure: Exception
):
    """Home Assistant only logs some of these, and returns as if all were well."""
    state = await state_of(hass)
    with (
        patch.object(storage.Store, "_async_write_data", side_effect=failure),
        pytest.raises(InvocationCounterNotStored),
    ):
        await state.reserve()
    with pytest.raises(InvocationCounterExhausted):
        state.sending.take()
    await state.reserve()
    assert state.sending.take() == FIRST_COUNTER


async def test_f60_what_is_written_later_is_not_used_now(hass: HomeAssistant, hass_storage: dict[str, Any]):
    """While Home Assistant stops, a Store only takes note."""
    state = await state_of(hass)
    hass.set_state(CoreState.stopping)
    with pytest.raises(InvocationCounterNotStored):
        await state.reserve()
    hass.set_state(CoreState.running)


async def test_f60_what_cannot_be_read_back_is_not_used(hass: HomeAssistant, hass_storage: dict[str, Any]):
    state = await state_of(hass)
    with (
        patch.object(storage.Store, "async_load", side_effect=HomeAssistantError("input/output error")),
        pytest.raises(InvocationCounterNotStored),
    ):
        await state.reserve()


async def test_f60_a_reserve_lasts_while_the_disk_is_full(hass: HomeAssistant, hass_storage: dict[str, Any]):
    state = await state_of(hass)
    await state.reserve()
    with patch.object(storage.Store, "_async_write_data", side_effect=WriteError("disk full")):
        used = 0
        while used < 2000:
            try:
                await state.reserve()
            except InvocationCounterNotStored:
                break
            state.sending.take()
            used += 1
    assert 900 < used < 1500
    assert state.next_value <= ceilings(hass_storage)[0][0]


async def test_s5_a_counter_that_is_used_up_stops(hass: HomeAssistant, hass_storage: dict[str, Any]):
    state = await state_of(hass)
    assert state.follow(MAX_SENDING_VALUE - 20, confirmed_by_user=True)
    await state.reserve()
    for _ in range(5):
        state.sending.take()
    assert state.is_used_up
    with pytest.raises(InvocationCounterExhausted) as exhausted:
        await state.reserve()
    assert not isinstance(exhausted.value, InvocationCounterNotStored)


async def test_real_files_are_private_and_survive(hass: HomeAssistant, hass_config_dir_in: Path):
    state = await state_of(hass)
    await state.reserve()
    used = state.sending.take()
    restart(hass)
    assert (await state_of(hass)).next_value > used
    for name in FILES:
        path = hass_config_dir_in / ".storage" / name
        assert path.stat().st_mode & 0o077 == 0
    await hass.async_add_executor_job((hass_config_dir_in / ".storage" / FILES[0]).write_text, '{"version": 1, "da')
    restart(hass)
    assert (await state_of(hass)).next_value > used


@pytest.fixture
def hass_config_dir_in(hass: HomeAssistant, tmp_path: Path) -> Iterator[Path]:
    """Let Home Assistant really write, into a folder of its own."""
    with (
        patch.object(hass.config, "config_dir", str(tmp_path)),
        patch.object(storage.Store, "_async_load", REAL_LOAD),
        patch.object(storage.Store, "_async_write_data", REAL_WRITE),
    ):
        yield tmp_path


# --- Crashes ------------------------------------------------------------------------------------------------------


class Crash(BaseException):
    """The power fails here."""


class Machine:
    """A Home Assistant whose power fails at a chosen step; what was really written stays.

    A step is: before a file is written, after it, before it is read back, and around every use of a counter.
    """

    def __init__(self, chance: random.Random) -> None:
        self.files: dict[str, str] = {}
        self.used: list[int] = []
        self._chance = chance
        self.steps_left = 0

    def step(self) -> None:
        """Go on, or not."""
        self.steps_left -= 1
        if self.steps_left < 0:
            raise Crash

    async def load(self, store: storage.Store[Any]) -> Any:
        self.step()
        text = self.files.get(store.key)
        return None if text is None else json.loads(text)["data"]

    async def write(self, store: storage.Store[Any], data: dict[str, Any]) -> None:
        self.step()
        await asyncio.sleep(0)
        if self._chance.random() < 0.1:
            raise WriteError("disk full for a moment")
        self.files[store.key] = json.dumps(data)
        self.step()

    @contextmanager
    def running(self) -> Iterator[None]:
        async def load(store: storage.Store[Any]) -> Any:
            return await self.load(store)

        async def write(store: storage.Store[Any], data: dict[str, Any]) -> None:
            await self.write(store, data)

        with (
            patch.object(storage.Store, "_async_load", load),
            patch.object(storage.Store, "_async_write_data", write),
        ):
            yield

    async def live(self, hass: HomeAssistant) -> None:
        """One life: send messages, follow the meter now and then, until the power fails or the life is long enough."""
        self.steps_left = self._chance.randrange(1, 60)
        book = CounterBook(hass)
        try:
            await book.load()
            states = [book.state_of(key, TITLE) for key in (KEY, OTHER_KEY)]
            for _ in range(self._chance.randrange(1, 25)):
                state = states[0]
                self.step()
                if self._chance.random() < 0.2:
                    state.follow(state.next_value + self._chance.randrange(-5000, 5000))
                try:
                    await states[self._chance.randrange(2)].reserve()
                    await state.reserve()
                except InvocationCounterNotStored:
                    continue
                for _ in range(self._chance.choice((1, 1, 2, 8, 400))):
                    self.use(state)
        except Crash:
            return

    def use(self, state: SecurityState) -> None:
        """Send a message, if a counter is reserved; the power may fail before and after."""
        try:
            value = state.sending.take()
        except InvocationCounterExhausted:
            return
        self.used.append(value)
        if self._chance.random() < 0.05:
            self.step()


@pytest.mark.slow
async def test_s1_no_counter_is_used_twice_whenever_the_power_fails(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture
):
    """1,000 seeds, several lives each, killed between any two steps of writing, reading back and using."""
    caplog.set_level(logging.CRITICAL, "homeassistant.helpers.storage")
    crashes = uses = 0
    for seed in range(1000):
        machine = Machine(random.Random(seed))
        with machine.running():
            for _ in range(3):
                await machine.live(hass)
                crashes += machine.steps_left < 0
        assert len(machine.used) == len(set(machine.used)), f"seed {seed}"
        assert machine.used == sorted(machine.used), f"seed {seed}"
        uses += len(machine.used)
        caplog.clear()
    assert crashes > 500
    assert uses > 10_000


async def test_the_crash_test_notices_a_store_that_forgets(hass: HomeAssistant):
    """Without the promise of the store counters would be used twice: the test above can fail."""
    twice = 0
    for seed in range(20):
        machine = Machine(random.Random(seed))
        with machine.running(), patch.object(CounterBook, "save"):
            for _ in range(4):
                await machine.live(hass)
        twice += len(machine.used) != len(set(machine.used))
    assert twice > 10
