"""Where a reading goes on. With a meter it is in test_profile_reading.py."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from custom_components.cosem.dlms.client.profile_resumption import OVERLAP, BehindRows, ReadSoFar
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


def test_rows_without_a_time_have_no_order():
    progress = ReadSoFar()
    progress.add([(None, 1), (None, 2)], 0)
    assert (progress.rows, progress.rises, progress.falls, len(progress.tail)) == (2, False, False, 2)
    progress.add([row(4), (None, 3), row(3)], 0)
    assert (progress.rises, progress.falls) == (False, True)


def test_rows_without_a_column_of_time_have_a_tail():
    progress = ReadSoFar()
    progress.add([(1,), (2,)], None)
    assert (progress.rows, progress.rises, progress.falls, len(progress.tail)) == (2, False, False, 2)


def test_times_of_one_zone_are_compared_as_points_in_time():
    berlin = ZoneInfo("Europe/Berlin")
    progress = ReadSoFar()
    progress.add(
        [(datetime(2026, 10, 25, 2, 45, tzinfo=berlin),), (datetime(2026, 10, 25, 2, 0, fold=1, tzinfo=berlin),)], 0
    )
    assert (progress.rises, progress.falls) == (True, False)


def behind_rows(tail, expected, come, size=None, **named):
    progress = ReadSoFar()
    progress.add([(each,) for each in tail], None)
    behind = BehindRows(progress.tail, expected, **named)
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


# -- entries that may have moved


@pytest.mark.parametrize("size", [1, 7, 256, None])
@pytest.mark.parametrize("moved", [-900, -40, -OVERLAP, -1, 0, 1, 40, 84])
def test_the_last_row_is_found_however_far_it_has_moved(size, moved):
    assert behind_rows(range(100), 100, range(moved, 120), size, reach=None, is_fixed=False) == [*range(100, 120)]


@pytest.mark.parametrize("left", range(1, OVERLAP))
def test_of_the_last_rows_those_that_are_left_are_found(left):
    found = behind_rows(range(100), 100, range(100 - left, 6000), 256, reach=None, is_fixed=False)
    assert found == [*range(100, 6000)]


@pytest.mark.parametrize("reach", [None, OVERLAP])
@pytest.mark.parametrize(
    ("tail", "come"),
    [
        ([7] * 30, [7] * 50),
        ([7] * 3, [7] * 5),
        ([0, 1] * 20, [0, 1] * 30),
        ([*range(20)], [*range(20), *range(4, 20), 20]),
    ],
    ids=["all equal", "few and equal", "in turns", "again"],
)
@pytest.mark.parametrize("size", [1, 7, None])
def test_of_several_places_that_look_alike_none_is_taken(reach, tail, come, size):
    with pytest.raises(DecodeError, match="look alike"):
        behind_rows(tail, len(tail), come, size, reach=reach, is_fixed=False)


def test_where_no_entry_has_moved_the_right_one_of_equal_places_is_taken():
    again = [*range(20), *range(4, 20)]
    assert behind_rows(range(20), 20, [*again, 20]) == [*range(4, 20), 20]
    assert behind_rows(again, 36, [*again, 20]) == [20]


# -- rows that are sorted by a value


SORTED = {"reach": None, "is_fixed": False, "is_sorted": True}


@pytest.mark.parametrize("size", [1, 7, None])
@pytest.mark.parametrize("reach", [None, OVERLAP])
@pytest.mark.parametrize(
    "captured",
    [(595,), (590.5, 591), (1, 2, 585), (440, 441, 599), (601,), (599, 601), (999.5,), [*range(581, 590)]],
)
def test_what_was_captured_among_the_last_sorted_rows_does_not_hide_them(size, reach, captured):
    """Every tenth number is a row. What was captured in front of the last one is left out, what is behind it comes."""
    come = sorted([*range(0, 1000, 10), *captured])
    found = behind_rows(range(0, 601, 10), 61, come, size, **{**SORTED, "reach": reach})
    assert found == [each for each in come if each > 600]


@pytest.mark.parametrize("captured", range(1, OVERLAP + 2))
def test_as_many_new_rows_as_are_compared_may_stand_among_the_sorted_ones(captured):
    come = sorted([*range(100), *[98 + each / 100 for each in range(1, captured + 1)], 100, 101])
    if captured > OVERLAP:
        with pytest.raises(DecodeError, match="have moved"):
            behind_rows(range(100), 100, come, **SORTED)
    else:
        assert behind_rows(range(100), 100, come, **SORTED) == [100, 101]


def test_in_the_order_of_time_nothing_comes_between_the_last_rows():
    with pytest.raises(DecodeError, match="have moved"):
        behind_rows([1, 3], 2, [1, 2, 3, 4], reach=None, is_fixed=False)


def test_the_last_sorted_rows_are_all_there_or_the_place_is_not_known():
    with pytest.raises(DecodeError, match="have moved"):
        behind_rows([1, 3, 5], 3, [3, 4, 5, 6], **SORTED)


def test_an_equal_sorted_row_that_is_new_comes_behind_the_one_that_came():
    assert behind_rows([5, 7, 7], 3, [5, 7, 7, 7, 9], **SORTED) == [7, 9]


@pytest.mark.parametrize("come", [[5, 6, 7, 7, 7, 9], [5, 6, 7, 7, 5, 7, 7, 9]])
def test_of_sorted_rows_that_may_end_in_two_places_none_is_taken(come):
    with pytest.raises(DecodeError, match="look alike"):
        behind_rows([5, 7, 7], 3, come, **SORTED)


@pytest.mark.parametrize("size", [1, 7, 256])
def test_rows_are_held_back_until_the_place_is_certain_but_not_without_end(size):
    """A place early in a long buffer: what is behind it comes before all is there, and another place is an error."""
    come = [99, *range(100, 8000)]
    behind = BehindRows([repr((each,)) for each in range(84, 100)], 7000, reach=None, is_fixed=False)
    assert behind.of([(each,) for each in come[:4000]]) == []
    come = come[4000:]
    early = [each for start in range(0, 2000, size) for each in behind.of([(n,) for n in come[start : start + size]])]
    assert 4096 <= len(early) <= 6000 + size
    assert [each for (each,) in early] == [*range(100, 100 + len(early))]
    with pytest.raises(DecodeError, match="look alike"):
        behind.of([(each,) for each in range(84, 100)])


def test_rows_behind_the_last_place_that_could_be_meant_come_as_they_are():
    behind = BehindRows([repr((9,))] * 2, 2, reach=None, is_fixed=False)
    behind.of([(9,)] * 2)
    assert behind.of([(each,) for each in range(100, 200)]) == [(each,) for each in range(100, 200)]
    assert behind.of([(9,)] * 5) == [(9,)] * 5
    assert behind.finish() == []
