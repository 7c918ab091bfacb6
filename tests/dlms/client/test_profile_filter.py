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


def wanted(progress=None, definition=DEFINITION, first_entry=1, **request):
    request = ProfileRequest(logical_name=PROFILE, zone=UTC, **request)
    return WantedRows(request, definition, (0, 1), ReadSoFar() if progress is None else progress, first_entry)


def rows(*numbers):
    return [(stamp(START + number * QUARTER).value, number) for number in numbers]


def values(found):
    return [row[1] for row in found]


@pytest.mark.parametrize("date", ["FFFFFFFFFF", "0000000000", "07EA00FF05", "07EA05FF05", "07EA0500FF"])
def test_a_row_from_before_the_clock_was_set_is_none_of_a_time(date: str):
    unset = bytes.fromhex(date + "FFFFFFFF8000FF")
    assert values(wanted(since=START).of([(unset, 1), *rows(2)])) == [2]
    assert values(wanted().of([(unset, 1), *rows(2)])) == [1, 2]


@pytest.mark.parametrize(
    "cell", [b"", bytes.fromhex("07EA030107"), bytes.fromhex("07EA030107FFFFFFFF8000FF"), 0, (b"",), "text"]
)
def test_what_should_be_a_time_and_is_something_else_is_not_left_out_in_silence(cell):
    with pytest.raises(DecodeError, match="something else where its time should be"):
        wanted(since=START).of([*rows(2), (cell, 1)])
    assert values(wanted().of([*rows(2), (cell, 1)])) == [2, 1]


def test_a_row_whose_time_is_left_out_and_cannot_be_told_is_not_left_out_in_silence():
    definition = replace(DEFINITION, capture_period=900)
    with pytest.raises(DecodeError, match="has no time"):
        wanted(since=START, definition=definition).of([*rows(2), (None, 3)])
    told = replace(definition, sort_method=1)
    assert values(wanted(since=START, definition=told).of([*rows(2), (None, 3)])) == [2, 3]
    assert values(wanted(definition=definition).of([*rows(2), (None, 3)])) == [2, 3]


def test_ends_are_inclusive():
    assert values(wanted(since=START + QUARTER, until=START + 2 * QUARTER).of(rows(0, 1, 2, 3))) == [1, 2]


@pytest.mark.parametrize(
    ("entries", "first_entry", "expected"),
    [
        ((4, 5), 4, [0, 1]),
        ((4, 5), 1, [3, 4]),
        ((1, 2), 1, [0, 1]),
        ((4, 0), 4, [*range(10)]),
        ((4, 0), 1, [*range(3, 10)]),
        ((12, 0), 1, []),
    ],
    ids=["as asked", "from the first", "not more than asked", "to the end", "whole, to the end", "beyond the end"],
)
@pytest.mark.parametrize("size", [1, 4, 10])
def test_entries_are_counted_over_batches(entries, first_entry, expected, size):
    filtered = wanted(entries=entries, first_entry=first_entry)
    every = rows(*range(10))
    found = [row for start in range(0, 10, size) for row in filtered.of(every[start : start + size])]
    assert values(found) == expected
    assert filtered.finish() == []


def test_what_an_earlier_association_brought_does_not_come_again():
    progress = ReadSoFar()
    assert values(wanted(progress).of(rows(0, 1, 1))) == [0, 1, 1]
    assert progress.rows == 3
    filtered = wanted(progress)
    assert filtered.of(rows(0, 1, 1, 2)) == []  # it may be in another place still
    assert values(filtered.finish()) == [2]


def test_entries_go_on_behind_the_last_one_where_it_is_now():
    progress = ReadSoFar()
    assert values(wanted(progress, entries=(3, 6), first_entry=3).of(rows(3, 4))) == [3, 4]
    filtered = wanted(progress, entries=(3, 6), first_entry=1)
    assert filtered.of(rows(2, 3, 4, 5, 6, 7)) == []
    assert values(filtered.finish()) == [5, 6]
    assert progress.rows == 4


def test_entries_of_a_profile_that_has_changed_are_an_error():
    progress = ReadSoFar()
    wanted(progress, entries=(3, 6), first_entry=3).of(rows(3, 4))
    filtered = wanted(progress, entries=(3, 6), first_entry=1)
    filtered.of(rows(11, 12, 13, 14))
    with pytest.raises(DecodeError, match="have moved"):
        filtered.finish()


@pytest.mark.parametrize(
    ("sort_method", "expected"), [(None, [None, None]), (1, [1, 2]), (2, [-1, -2]), (3, [None, None])]
)
def test_a_missing_time_counts_in_the_order_that_the_meter_tells(sort_method, expected):
    definition = replace(DEFINITION, sort_method=sort_method, capture_period=900)
    found = wanted(definition=definition).of([*rows(5), (None, 1), (None, 2)])
    assert [row[0] for row in found[1:]] == [
        None if steps is None else START + 5 * QUARTER + steps * QUARTER for steps in expected
    ]


def test_a_missing_time_counts_in_the_order_of_the_rows_that_came_before_a_drop():
    definition = replace(DEFINITION, sort_method=1, capture_period=900)
    progress = ReadSoFar()
    wanted(progress, definition).of(rows(9, 8))
    filtered = wanted(progress, definition)
    found = filtered.of([*rows(8), (None, 7)]) + filtered.finish()
    assert found == [(START + 7 * QUARTER, 7)]


def test_rows_in_no_order_of_time_go_on_behind_the_place_of_the_last():
    progress = ReadSoFar()
    assert values(wanted(progress).of(rows(0, 5, 3))) == [0, 5, 3]
    filtered = wanted(progress)
    assert filtered.of(rows(0, 5, 3, 4, 2)) == []
    assert values(filtered.finish()) == [4, 2]


def test_rows_that_the_meter_sorts_by_value_go_on_behind_the_place_of_the_last():
    definition = replace(DEFINITION, sort_method=3)
    progress = ReadSoFar()
    wanted(progress, definition).of(rows(1, 2))
    filtered = wanted(progress, definition)
    filtered.of(rows(1, 2, 0))
    assert values(filtered.finish()) == [0]


def test_a_row_that_the_meter_sorts_in_before_the_last_one_does_not_hide_its_place():
    progress = ReadSoFar()
    wanted(progress, replace(DEFINITION, sort_method=4)).of(rows(1, 3))
    filtered = wanted(progress, replace(DEFINITION, sort_method=4))
    filtered.of(rows(1, 2, 3, 4))
    assert values(filtered.finish()) == [4]
    filtered = wanted(progress, replace(DEFINITION, sort_method=1))
    filtered.of(rows(1, 2, 3, 4))
    with pytest.raises(DecodeError, match="have moved"):
        filtered.finish()
