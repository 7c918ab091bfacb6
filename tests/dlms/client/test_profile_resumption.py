"""Where a reading goes on. With a meter it is in test_profile_reading.py."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from custom_components.cosem.dlms.client.profile_resumption import OVERLAP, BehindRows, BehindTime, ReadSoFar
from custom_components.cosem.dlms.errors import DecodeError

START = datetime(2026, 1, 1, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


def row(number, value=None):
    return (START + number * QUARTER, number if value is None else value)


def so_far(*batches):
    progress = ReadSoFar()
    for numbers in batches:
        progress.add([row(number) for number in numbers], 0)
    return progress


@pytest.mark.parametrize(
    ("batches", "rises", "falls"),
    [
        ([[1, 2, 2], [3]], True, False),
        ([[3, 2], [2], [1]], False, True),
        ([[1], [0]], False, True),
        ([[1], [2], [1]], True, True),
        ([[1, 1], [1]], False, False),
        ([[]], False, False),
    ],
)
def test_the_order_is_that_of_the_rows(batches, rises, falls):
    progress = so_far(*batches)
    assert (progress.rises, progress.falls, progress.is_mixed) == (rises, falls, rises and falls)


def test_the_latest_rows_of_one_time_are_counted_over_batches():
    progress = so_far([0, 1], [1], [1], [2, 2])
    assert (progress.rows, progress.time, progress.last.total()) == (6, START + 2 * QUARTER, 2)
    progress.add([row(2, 9)], 0)
    assert sorted(progress.last.values()) == [1, 2]
    progress.add([row(3), (None, 4)], 0)
    assert (progress.time, progress.last.total(), progress.rows, progress.has_place) == (None, 0, 9, False)
    progress.add([(None, 5)], 0)
    assert progress.time is None
    progress.add([row(4)], 0)
    assert progress.has_place


def test_rows_without_a_time_have_no_order():
    progress = ReadSoFar()
    progress.add([(None, 1), (None, 2)], 0)
    assert (progress.rows, progress.rises, progress.falls, progress.has_place) == (2, False, False, False)


def test_too_many_rows_of_one_time_are_not_remembered():
    progress = so_far([1], [2] * 3000, [2] * 3000)
    assert not progress.has_place
    progress.add([row(2)] * 3000, 0)
    assert progress.last.total() == 6000
    progress.add([row(3)], 0)
    assert progress.has_place


def test_rows_without_a_column_of_time_have_no_time_and_a_tail():
    progress = ReadSoFar()
    progress.add([(1,), (2,)], None)
    assert (progress.rows, progress.has_place, len(progress.tail)) == (2, False, 2)


def test_times_of_one_zone_are_compared_as_points_in_time():
    berlin = ZoneInfo("Europe/Berlin")
    progress = ReadSoFar()
    progress.add(
        [(datetime(2026, 10, 25, 2, 45, tzinfo=berlin),), (datetime(2026, 10, 25, 2, 0, fold=1, tzinfo=berlin),)], 0
    )
    assert (progress.rises, progress.falls) == (True, False)
    assert progress.time.isoformat() == "2026-10-25T01:00:00+00:00"


def new(progress, *numbers):
    behind = BehindTime(progress)
    return [number for number in numbers if behind.is_new(row(number), row(number)[0])]


@pytest.mark.parametrize(
    ("batch", "come", "expected"),
    [
        ([1, 2, 3], [2, 3, 4, 5], [4, 5]),
        ([5, 4], [6, 5, 4, 3], [3]),
        ([4, 4], [4, 4, 4, 4, 5], [4, 4, 5]),
        ([4, 4], [3, 4], [3]),
        ([4], [5, 4, 3, 2], [5, 3, 2]),
        ([1, 4, 4], [4, 3, 4, 2, 5], [2, 5]),
        ([1, 4], [4, 2, 3, 5], [2, 3, 5]),
        ([1, 4], [5, 4, 3], [5, 4, 3]),
        ([1, 4], [2, 3], []),
    ],
    ids=[
        "rising",
        "falling",
        "equal ones",
        "one time",
        "captured",
        "both known ones",
        "set back",
        "known one gone",
        "nothing",
    ],
)
def test_rows_behind_a_time(batch, come, expected):
    assert new(so_far(batch), *come) == expected


def test_other_rows_of_the_last_time_are_new_and_rows_without_a_time_are_behind_it():
    behind = BehindTime(so_far([1, 2]))
    time = START + 2 * QUARTER
    assert not behind.is_new((None, 7), None)
    assert behind.is_new((time, 7), time)
    assert not behind.is_new(row(2), time)
    assert behind.is_new((None, 7), None)


def behind_rows(tail, expected, come, size=None):
    progress = ReadSoFar()
    progress.add([(each,) for each in tail], None)
    behind = BehindRows(tuple(progress.tail), expected)
    rows = [(each,) for each in come]
    found = []
    for start in range(0, len(rows), size or len(rows)):
        found += behind.of(rows[start : start + (size or len(rows))])
    return [each for (each,) in [*found, *behind.finish()]]


@pytest.mark.parametrize("size", [1, 7, 50, None])
@pytest.mark.parametrize("moved", [-OVERLAP, -3, 0, 3, OVERLAP])
def test_the_last_row_is_found_where_it_is_now(size, moved):
    assert behind_rows(range(60), 60, range(-moved, 100), size) == [*range(60, 100)]


@pytest.mark.parametrize("size", [1, 7, None])
@pytest.mark.parametrize("moved", [-OVERLAP - 1, OVERLAP + 1])
def test_a_row_that_moved_further_is_not_looked_for(size, moved):
    with pytest.raises(DecodeError, match="have moved"):
        behind_rows(range(60), 60, range(-moved, 100), size)


@pytest.mark.parametrize("size", [1, 3, None])
def test_of_equal_rows_as_many_are_left_out_as_came(size):
    assert behind_rows([7] * 30, 30, [7] * 50, size) == [7] * 20
    assert behind_rows([7] * 3, 3, [7] * 5, size) == [7] * 2
    assert behind_rows([1, 7, 7, 7], 4, [1, 7, 7, 7, 7, 8], size) == [7, 8]


def test_rows_whose_beginning_is_gone_are_found_by_what_is_left_of_them():
    assert behind_rows([1, 2, 3], 3, [3, 4]) == [4]
    assert behind_rows([1, 2, 3], 3, [2, 3, 3, 4]) == [3, 4]


def test_a_row_beside_others_is_another_row():
    with pytest.raises(DecodeError):
        behind_rows([1, 2, 3], 3, [9, 3, 4])


def test_without_rows_it_is_not_found():
    with pytest.raises(DecodeError):
        BehindRows(("a",), 1).finish()


def test_what_is_no_number_is_found_again():
    assert behind_rows([float("nan"), 1], 2, [float("nan"), 1, 2]) == [2]
