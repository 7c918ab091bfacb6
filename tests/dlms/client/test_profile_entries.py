"""Single entries. Whole readings by entry are in test_profile_reading.py."""

from dataclasses import replace
from datetime import UTC

import pytest

from custom_components.cosem.dlms.client.profile_definition import ProfileDefinition
from custom_components.cosem.dlms.client.profile_entries import ProfileEntries
from custom_components.cosem.dlms.client.profile_request import ProfileRequest
from custom_components.cosem.dlms.encoding.data import NULL
from custom_components.cosem.dlms.errors import DecodeError
from custom_components.cosem.dlms.interface_classes.profile_columns import ProfileColumn
from tests.dlms.client.profile_source import COLUMNS, PROFILE, QUARTER, START, STATUS, Source, stamp

DEFINITION = ProfileDefinition(
    all_columns=tuple(map(ProfileColumn, COLUMNS)), places=(0, 1, 2, 3), sort_method=1, entries_in_use=20
)


def entries(source, **changes):
    return ProfileEntries(source, ProfileRequest(logical_name=PROFILE, zone=UTC), replace(DEFINITION, **changes))


@pytest.mark.parametrize("rows", [0, 1, 2, 20])
@pytest.mark.parametrize("in_use", [None, 0, 1, 20])
@pytest.mark.parametrize("counts", [False, True])
async def test_a_meter_that_selects_by_entry_is_recognised_whatever_number_it_tells(rows, in_use, counts):
    source = Source(rows)
    source.counts = counts
    await entries(source, entries_in_use=in_use).check_selection()
    asked = [parameters[:2] for _, parameters in source.asked]
    assert asked == ([(1, 1), (2, 2)] if rows else [(1, 1)])


@pytest.mark.parametrize(
    ("rows", "in_use"), [(20, 20), (20, 0), (20, None), (3, 20), (1, 1), (1, 0), (1, 20), (1, None)]
)
async def test_a_meter_that_sends_all_of_its_entries_is_recognised(rows, in_use):
    with pytest.raises(DecodeError, match="other entries"):
        await entries(Source(rows, sends_all=True), entries_in_use=in_use).check_selection()


async def between(source, since, until, **changes):
    return await entries(source, **changes).between(START + since * QUARTER, START + until * QUARTER)


@pytest.mark.parametrize("sort_method", [1, 2, None])
@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [(5, 8, (5, 10)), (0, 3, (1, 5)), (17, 30, (17, 0)), (-9, -5, (1, 1)), (25, 30, (20, 0)), (-9, 30, (1, 0))],
)
async def test_entries_of_times_with_one_more_on_each_side(sort_method, since, until, expected):
    assert await between(Source(can=(2,)), since, until, sort_method=sort_method) == expected


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [(5, 8, (11, 16)), (0, 3, (16, 0)), (17, 30, (1, 4)), (-9, -5, (20, 0)), (25, 30, (1, 1))],
)
async def test_entries_of_times_where_the_newest_is_the_first_whatever_is_told(since, until, expected):
    for sort_method in (1, 2, None):
        source = Source(can=(2,))
        source.entries.reverse()
        assert await between(source, since, until, sort_method=sort_method) == expected


@pytest.mark.parametrize("sort_method", [1, 2, None])
@pytest.mark.parametrize("since", [-5, 0, 5])
async def test_where_all_entries_have_one_time_their_order_is_not_guessed(sort_method, since):
    source = Source(can=(2,))
    for entry in source.entries:
        entry[0] = stamp(START)
    assert await between(source, since, since, sort_method=sort_method) == (1, 0)
    assert await between(Source(can=(2,)), since, since, sort_method=sort_method, entries_in_use=1) == (1, 0)


@pytest.mark.parametrize(("newest_first", "since"), [(False, 2), (True, 14)])
async def test_entries_that_are_found_in_another_order_are_not_relied_upon(newest_first, since):
    source = Source(can=(2,))
    source.entries = [*source.entries[5:15], *source.entries[:5], *source.entries[15:]]
    if newest_first:
        source.entries.reverse()
    with pytest.raises(DecodeError, match="order of time"):
        await between(source, since, since + 1)


async def test_each_entry_is_read_once():
    source = Source(can=(2,))
    await between(source, 5, 8)
    asked = [parameters[0] for _, parameters in source.asked]
    assert len(asked) == len(set(asked)) < 12


@pytest.mark.parametrize("changes", [{"sort_method": 3}, {"entries_in_use": 0}, {"entries_in_use": None}])
async def test_entries_in_no_order_of_time_are_not_looked_for(changes):
    source = Source(can=(2,))
    with pytest.raises(DecodeError, match="order of time"):
        await between(source, 5, 8, **changes)
    assert not source.asked


async def test_an_entry_without_a_time_is_an_error():
    source = Source(can=(2,))
    for entry in source.entries:
        entry[0] = NULL
    with pytest.raises(DecodeError, match="no time"):
        await between(source, 5, 8)
    with pytest.raises(DecodeError, match="not one row"):
        await between(source, 5, 8, all_columns=(ProfileColumn(STATUS),))
    with pytest.raises(DecodeError, match="not one row"):
        await between(Source(can=(2,), rows=0), 5, 8)
    with pytest.raises(DecodeError, match="not one row"):
        await between(Source(sends_all=True), 5, 8)


async def test_much_that_comes_for_one_entry_is_counted_and_not_kept():
    source = Source(rows=2000, sends_all=True, piece=500)
    with pytest.raises(DecodeError, match="other entries"):
        await entries(source).check_selection()
