"""The action read_profile: all rows that are asked for, or an error that says how to ask for less."""

from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util
import pytest

from custom_components.cosem.actions import read_profile
from custom_components.cosem.dlms import TransportProtocol
from custom_components.cosem.meter.clients import client_in_use
from custom_components.cosem.meter.issues import AcceptedReplacement, issues_of
from tests.conftest import HOST, set_up, unique_id_of
from tests.simulated_meter.buffers import Profile
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import MeterProfile, RangeBounds, SelectiveAccess

from .calls import LOAD_PROFILE, EntryMaker, respond

pytestmark = pytest.mark.usefixtures("network")


async def rows(hass: HomeAssistant, entry: Any, **asked: Any) -> dict[str, Any]:
    return await respond(hass, "read_profile", entry, logical_name=LOAD_PROFILE, **asked)


async def refusal(hass: HomeAssistant, entry: Any, **asked: Any) -> HomeAssistantError:
    with pytest.raises(HomeAssistantError) as refused:
        await rows(hass, entry, **asked)
    return refused.value


async def test_rows_come_with_their_columns(hass: HomeAssistant, make_entry: EntryMaker):
    entry = await set_up(hass, make_entry())
    answer = await rows(hass, entry, first_entry=1, last_entry=4)
    assert answer["columns"][0] == {
        "class_id": 8,
        "logical_name": "0.0.1.0.0.255",
        "attribute": 2,
        "data_index": 0,
        "unit": None,
    }
    assert len(answer["rows"]) == 4
    assert all(len(row) == len(answer["columns"]) for row in answer["rows"])
    times = [datetime.fromisoformat(row[0]) for row in answer["rows"]]
    assert times == sorted(times)
    assert times[1] - times[0] == times[2] - times[1]


async def test_times_without_an_offset_are_those_at_home(hass: HomeAssistant, make_entry: EntryMaker):
    await hass.config.async_set_time_zone("Asia/Kolkata")
    entry = await set_up(hass, make_entry())
    until = dt_util.now().replace(minute=0, second=0, microsecond=0)
    since = until - timedelta(hours=2)
    local = await rows(
        hass, entry, since=since.replace(tzinfo=None).isoformat(" "), until=until.replace(tzinfo=None).isoformat(" ")
    )
    aware = await rows(hass, entry, since=since.isoformat(), until=until.isoformat())
    assert local == aware
    assert local["rows"]
    assert all(since <= datetime.fromisoformat(row[0]) <= until for row in local["rows"])


async def test_only_the_columns_that_are_asked_for(hass: HomeAssistant, make_entry: EntryMaker):
    entry = await set_up(hass, make_entry())
    answer = await rows(hass, entry, last_entry=2, columns="1.0.1.8.0.255")
    assert [column["logical_name"] for column in answer["columns"]] == ["0.0.1.0.0.255", "1.0.1.8.0.255"]
    assert len(answer["rows"]) == 2
    refused = await refusal(hass, entry, last_entry=2, columns=["1.0.9.9.9.255"])
    assert (refused.translation_key, refused.translation_placeholders) == (
        "no_such_column",
        {"detail": "1.0.9.9.9.255"},
    )


@pytest.mark.parametrize(("most", "value"), [("MOST_ROWS", 3), ("MOST_CHARACTERS", 300)])
async def test_more_rows_than_fit_are_an_error_and_nothing_partial(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter, most: str, value: int
):
    entry = await set_up(hass, make_entry())
    with patch.object(read_profile, most, value):
        refused = await refusal(hass, entry)
        assert isinstance(refused, ServiceValidationError)
        assert refused.translation_key == "too_many_rows"
        assert len((await rows(hass, entry, first_entry=1, last_entry=2))["rows"]) == 2
    assert entry.runtime_data.last_update_success
    assert meter.open_links == 0


async def test_as_many_rows_as_allowed_are_returned(hass: HomeAssistant, make_entry: EntryMaker):
    entry = await set_up(hass, make_entry())
    with patch.object(read_profile, "MOST_ROWS", 4):
        assert len((await rows(hass, entry, first_entry=1, last_entry=4))["rows"]) == 4


@pytest.mark.parametrize(
    "asked",
    [
        {"since": "2026-01-02 00:00", "until": "2026-01-01 00:00"},
        {"since": "2026-01-02 00:00", "first_entry": 1},
        {"first_entry": 5, "last_entry": 2},
        {"first_entry": 0},
        {"columns": ["energy"]},
    ],
)
async def test_what_cannot_be_asked_is_said_before_anything_is_sent(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter, asked: dict[str, Any]
):
    entry = await set_up(hass, make_entry())
    before = meter.requests
    assert (await refusal(hass, entry, **asked)).translation_key == "not_possible"
    assert meter.requests == before


async def test_a_profile_that_is_not_there_is_said(hass: HomeAssistant, make_entry: EntryMaker):
    entry = await set_up(hass, make_entry())
    with pytest.raises(HomeAssistantError) as refused:
        await respond(hass, "read_profile", entry, logical_name="1.0.99.77.0.255")
    assert refused.value.translation_key == "service_refused"


async def test_how_a_profile_is_read_is_remembered_over_restarts(
    hass: HomeAssistant, make_entry: EntryMaker, meters: dict[str, SimulatedMeter]
):
    """A meter that reads by entries only is asked by range twice, and after a restart by entries at once."""
    profile = MeterProfile(history_days=2).with_quirks(selective_access=SelectiveAccess.ENTRY)
    until = dt_util.utcnow()
    asked = {"since": (until - timedelta(hours=2)).isoformat(), "until": until.isoformat()}
    selectors: list[int] = []
    select = Profile.select

    def noted(self: Profile, view: Any, selection: Any) -> Any:
        selectors.append(selection.selector)
        return select(self, view, selection)

    with patch.object(Profile, "select", noted):
        meters[HOST] = SimulatedMeter(profile, clock=dt_util.utcnow)
        entry = await set_up(hass, make_entry())
        first = [await rows(hass, entry, **asked) for _ in range(2)]
        assert selectors.count(1) >= 2
        client = client_in_use(hass, HOST, 4059, TransportProtocol.TCP)
        assert client is not None
        await hass.config_entries.async_unload(entry.entry_id)
        client.profile_ways.clear()  # which outlives an entry that is set up again, but no restart
        await hass.config_entries.async_setup(entry.entry_id)
        selectors.clear()
        assert await rows(hass, entry, **asked) == first[0] == first[1]
    assert first[0]["rows"]
    assert set(selectors) == {2}


@pytest.mark.parametrize("restarts", [True, False])
async def test_an_empty_range_of_a_meter_that_replaces_another_is_not_believed(
    hass: HomeAssistant, make_entry: EntryMaker, meters: dict[str, SimulatedMeter], restarts: bool
):
    until = dt_util.utcnow()
    asked = {"since": (until - timedelta(hours=2)).isoformat(), "until": until.isoformat()}
    entry = await set_up(hass, make_entry())
    assert (await rows(hass, entry, **asked))["rows"]
    client = client_in_use(hass, HOST, 4059, TransportProtocol.TCP)
    assert client is not None
    await hass.config_entries.async_unload(entry.entry_id)
    if restarts:
        client.profile_ways.clear()
    profile = MeterProfile(seed=2).with_quirks(range_bounds=RangeBounds.SECONDS, odd_range_is_empty=True)
    meters[HOST] = SimulatedMeter(profile, clock=dt_util.utcnow)
    other = unique_id_of(meters[HOST], 1)
    issues_of(hass, entry).accepted_replacement = AcceptedReplacement(other)
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.unique_id == other
    assert (await rows(hass, entry, **asked))["rows"]
