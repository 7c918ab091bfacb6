"""What is wanted of rows. With a meter it is in test_profile_reading.py."""

from dataclasses import replace
from datetime import UTC

import pytest

from custom_components.cosem.dlms.client.profile_definition import ProfileDefinition
from custom_components.cosem.dlms.client.profile_filter import ReadSoFar, WantedRows
from custom_components.cosem.dlms.client.profile_request import ProfileRequest
from custom_components.cosem.dlms.errors import DecodeError
from custom_components.cosem.dlms.interface_classes.profile_columns import ProfileColumn
from tests.dlms.client.profile_source import CLOCK, IMPORT, PROFILE, QUARTER, START, stamp

DEFINITION = ProfileDefinition(
    all_columns=(ProfileColumn(CLOCK), ProfileColumn(IMPORT)), places=(0, 1), entries_in_use=10
)


def wanted(progress=None, entries=(1, 0), **request):
    request = ProfileRequest(logical_name=PROFILE, zone=UTC, **request)
    return WantedRows(request, DEFINITION, (0, 1), progress or ReadSoFar(), entries)


def rows(*numbers):
    return [(stamp(START + number * QUARTER).value, number) for number in numbers]


def values(found):
    return [row[1] for row in found]


def test_a_row_without_a_time_is_none_of_a_time():
    assert values(wanted(since=START).of([(b"\xff" * 12, 1), *rows(2)], 2)) == [2]
    assert values(wanted().of([(b"\xff" * 12, 1), *rows(2)], 2)) == [1, 2]


@pytest.mark.parametrize(("total", "expected"), [(2, [0, 1]), (10, [3, 4]), (None, [0, 1])])
def test_a_meter_that_sends_all_entries_is_found_out_by_their_number(total, expected):
    filtered = WantedRows(
        ProfileRequest(logical_name=PROFILE, entries=(4, 5), zone=UTC), DEFINITION, (0, 1), ReadSoFar(), (4, 5)
    )
    assert values(filtered.of(rows(*range(total or 2)), total)) == expected


def test_what_an_earlier_association_brought_does_not_come_again():
    progress = ReadSoFar()
    assert values(wanted(progress).of(rows(0, 1, 1), 3)) == [0, 1, 1]
    assert progress.rows == 3
    assert len(progress.last) == 2
    assert values(wanted(progress).of(rows(0, 1, 1, 2), 4)) == [2]


def test_rows_without_times_have_no_place_to_go_on_from():
    progress = ReadSoFar()
    wanted(progress).of([(None, 1)], 1)
    assert progress.time is None


def test_rows_that_come_later_belong_to_the_same_columns_and_entries():
    filtered = wanted(entries=(4, 0))
    assert values(filtered.of(rows(0, 1), 5)) == [0, 1]
    assert values(filtered.of(rows(2), 5)) == [2]
    numbered = WantedRows(
        ProfileRequest(logical_name=PROFILE, entries=(2, 3), zone=UTC), DEFINITION, (0, 1), ReadSoFar(), (2, 3)
    )
    assert values([*numbered.of(rows(0, 1), 10), *numbered.of(rows(2, 3), 10)]) == [1, 2]


def test_the_latest_rows_of_one_time_are_known_over_batches():
    progress = ReadSoFar()
    for batch in (rows(0, 1), rows(1), rows(1), rows(2, 2), []):
        wanted(progress)
        progress.add([(START + number * QUARTER, number) for _, number in batch], 0)
        if batch:
            assert progress.time == START + batch[-1][1] * QUARTER
    assert [row[1] for row in progress.last] == [2, 2]
    progress.add([(START + 2 * QUARTER, 9)], 0)
    assert [row[1] for row in progress.last] == [2, 2, 9]
    progress.add([(START + 3 * QUARTER, 3), (None, 4)], 0)
    assert (progress.time, progress.last, progress.rows) == (None, [(None, 4)], 9)


def entry_filter(entries, in_use=10):
    request = ProfileRequest(logical_name=PROFILE, entries=entries, zone=UTC)
    return WantedRows(request, replace(DEFINITION, entries_in_use=in_use), (0, 1), ReadSoFar(), entries)


@pytest.mark.parametrize(
    ("entries", "in_use", "total", "expected"),
    [
        ((4, 5), 10, 2, [4, 5]),
        ((4, 5), 10, 5, [4, 5]),
        ((4, 0), 10, 7, [4, 5, 6, 7, 8, 9, 10]),
        ((4, 0), 10, 8, [4, 5, 6, 7, 8, 9, 10, 11]),
        ((4, 0), None, 3, [4, 5, 6]),
        ((9, 12), 10, 2, [9, 10]),
    ],
    ids=["as asked", "a count", "to the end", "one more since", "nobody knows how many", "beyond the end"],
)
def test_which_entries_come(entries, in_use, total, expected):
    rows_from_first = rows(*range(entries[0], entries[0] + total))
    assert values(entry_filter(entries, in_use).of(rows_from_first, total)) == expected


@pytest.mark.parametrize(("in_use", "total"), [(10, 4), (10, 7), (None, 5)])
def test_other_entries_than_asked_for_are_no_entries_by_their_numbers(in_use, total):
    with pytest.raises(DecodeError, match="other entries"):
        entry_filter((4, 5), in_use).of(rows(*range(total)), total)


def test_all_entries_and_one_more_since_are_all():
    assert values(entry_filter((4, 5)).of(rows(*range(1, 12)), 11)) == [4, 5]
