"""A pause lets go of the meter, lasts a day at most, outlives a restart, and is one for all entries of a device."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.cosem.const import DOMAIN
from custom_components.cosem.meter.pausing import LONGEST, PollingPause, async_load_pauses, forget_pause, pause_of

METER: Mapping[str, Any] = {"host": "192.0.2.7", "port": 4059}
FILE = "cosem.pauses"


class User:
    """Somebody who reads the meter."""

    def __init__(self) -> None:
        self.told: list[str] = []

    async def async_let_go(self) -> None:
        self.told.append("let go")

    def go_on(self) -> None:
        self.told.append("go on")


def test_entries_of_one_address_have_one_pause_and_others_their_own(hass: HomeAssistant):
    pause = pause_of(hass, METER)
    assert pause_of(hass, {**METER, "host": "192.0.2.7 ", "server_wport": 16}) is pause
    for other in ({"port": 4060}, {"host": "192.0.2.8"}, {"transport": "udp"}, {"transport": "call"}):
        assert pause_of(hass, {**METER, **other}) is not pause


async def test_all_users_let_go_and_go_on_and_who_has_left_is_told_nothing(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
):
    pause, first, second, gone = pause_of(hass, METER), User(), User(), User()
    shown: list[bool] = []
    pause.join(first)
    pause.join(second)
    leave = pause.join(gone)
    leave()
    leave()
    stop = pause.follow(lambda: shown.append(pause.is_on))
    await pause.async_begin()
    assert pause.is_on
    assert pause.until == dt_util.utcnow() + timedelta(days=1)
    assert first.told == second.told == ["let go"]
    pause.end()
    assert not pause.is_on
    assert pause.until is None
    assert first.told == second.told == ["let go", "go on"]
    pause.end()  # nothing is there to be ended
    assert first.told == ["let go", "go on"]
    stop()
    await pause.async_begin()
    pause.end()
    assert gone.told == []
    assert shown == [True, False]


async def test_it_ends_by_itself_after_a_day_and_begins_anew_when_asked_for_again(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
):
    pause, user = pause_of(hass, METER), User()
    pause.join(user)
    await pause.async_begin()
    freezer.tick(timedelta(hours=20))
    await pause.async_begin()
    freezer.tick(timedelta(hours=20))
    async_fire_time_changed(hass)
    await hass.async_block_till_done()
    assert pause.is_on
    freezer.tick(timedelta(hours=4, seconds=1))
    async_fire_time_changed(hass)
    await hass.async_block_till_done()
    assert not pause.is_on
    assert user.told == ["let go", "let go", "go on"]


def written(hass_storage: dict[str, Any]) -> list[dict[str, Any]]:
    records = hass_storage[FILE]["data"]
    assert isinstance(records, list)
    return records


@pytest.mark.parametrize("transport", ["tcp", "udp", "call"])
async def test_it_is_written_and_remembered_after_a_restart(
    hass: HomeAssistant, hass_storage: dict[str, Any], freezer: FrozenDateTimeFactory, transport: str
):
    data = {**METER, "transport": transport}
    pause = pause_of(hass, data)
    await pause.async_begin()
    await hass.async_block_till_done()
    until = pause.until
    assert [record["transport"] for record in written(hass_storage)] == [transport]
    for key in [key for key in hass.data if str(key) == f"{DOMAIN}_pauses"]:
        hass.data.pop(key)
    pause.end()  # that of the process before
    await hass.async_block_till_done()
    hass_storage[FILE]["data"] = [{"host": "192.0.2.7", "port": 4059, "transport": transport, "until": str(until)}]
    freezer.tick(3600)
    assert not pause_of(hass, data).is_on
    await async_load_pauses(hass)
    assert pause_of(hass, data).until == until
    pause_of(hass, data).end()
    await hass.async_block_till_done()
    assert written(hass_storage) == []


async def test_what_ended_meanwhile_is_over_and_a_wrong_clock_makes_no_longer_pause(
    hass: HomeAssistant, hass_storage: dict[str, Any], freezer: FrozenDateTimeFactory
):
    now = dt_util.utcnow()
    hass_storage[FILE] = {
        "version": 1,
        "data": [
            {"host": "192.0.2.1", "port": 1, "transport": "tcp", "until": now.isoformat()},
            {"host": "192.0.2.2", "port": 1, "transport": "tcp", "until": (now + timedelta(days=3650)).isoformat()},
        ],
    }
    await async_load_pauses(hass)
    assert not pause_of(hass, {"host": "192.0.2.1", "port": 1}).is_on
    late = pause_of(hass, {"host": "192.0.2.2", "port": 1})
    assert late.until == now + LONGEST
    late.end()


@pytest.mark.parametrize(
    "stored",
    [
        {"host": "192.0.2.7"},
        [{"host": "192.0.2.7", "port": 4059, "transport": "tcp"}],
        [{"host": "192.0.2.7", "port": "x", "transport": "tcp", "until": "2036-01-01T00:00:00+00:00"}],
        [{"host": "192.0.2.7", "port": 4059, "transport": "pigeon", "until": "2036-01-01T00:00:00+00:00"}],
        [{"host": "192.0.2.7", "port": 4059, "transport": "tcp", "until": "2036-01-01T00:00:00"}],
        [{"host": "192.0.2.7", "port": float("inf"), "transport": "tcp", "until": "2036-01-01T00:00:00+00:00"}],
        ["192.0.2.7"],
    ],
)
async def test_what_cannot_be_read_is_no_pause(hass: HomeAssistant, hass_storage: dict[str, Any], stored: Any):
    hass_storage[FILE] = {"version": 1, "data": stored}
    await async_load_pauses(hass)
    assert not pause_of(hass, METER).is_on


@pytest.mark.parametrize("version", [0, 2])
async def test_a_file_of_another_version_keeps_no_meter_unread(
    hass: HomeAssistant, hass_storage: dict[str, Any], version: int
):
    hass_storage[FILE] = {"version": version, "data": []}
    await async_load_pauses(hass)
    assert not pause_of(hass, METER).is_on


class SlowUser(User):
    """Takes its time to let go."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.may_end = asyncio.Event(), asyncio.Event()

    async def async_let_go(self) -> None:
        self.told.append("let go")
        self.begun.set()
        await self.may_end.wait()
        self.told.append("has let go")


async def ended_while_beginning(hass: HomeAssistant) -> tuple[PollingPause, SlowUser, asyncio.Task[None]]:
    """A pause that ended while its user still lets go, and its beginning."""
    pause, user = pause_of(hass, METER), SlowUser()
    pause.join(user)
    begin = hass.async_create_task(pause.async_begin())
    await user.begun.wait()
    pause.end()
    return pause, user, begin


async def test_who_still_lets_go_when_a_pause_ends_goes_on_after_that(hass: HomeAssistant):
    pause, user, begin = await ended_while_beginning(hass)
    assert not pause.is_on
    assert user.told == ["let go"]
    user.may_end.set()
    await begin
    assert user.told == ["let go", "has let go", "go on"]


async def test_a_pause_that_begins_again_at_once_stays(hass: HomeAssistant):
    pause, user, first = await ended_while_beginning(hass)
    user.begun.clear()
    second = hass.async_create_task(pause.async_begin())
    await user.begun.wait()
    user.may_end.set()
    await first
    await second
    assert user.told == ["let go", "let go", "has let go", "has let go"]
    pause.end()
    assert user.told[4:] == ["go on"]


async def test_it_ends_with_the_last_entry_of_its_address(hass: HomeAssistant):
    await pause_of(hass, METER).async_begin()
    other = MockConfigEntry(domain=DOMAIN, data=dict(METER))
    other.add_to_hass(hass)
    forget_pause(hass, METER)
    assert pause_of(hass, METER).is_on
    await hass.config_entries.async_remove(other.entry_id)
    forget_pause(hass, METER)
    assert not pause_of(hass, METER).is_on
