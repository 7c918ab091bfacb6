"""What a rate of killed mutants decides, and what a part of them says about the whole."""

import pytest

from tools.mutate import is_too_low, percent


@pytest.mark.parametrize(("killed", "tried", "expected"), [(95, 100, False), (94, 100, True), (0, 0, False)])
def test_a_whole_folder_must_reach_the_rate(killed: int, tried: int, expected: bool):
    assert is_too_low(killed, tried, 95.0, is_all=True) is expected


@pytest.mark.parametrize(
    ("killed", "tried", "expected"),
    [
        (0, 0, False),
        (4, 5, False),  # 20 % survive, and that happens to one in four of good folders
        (2, 5, True),
        (45, 50, False),
        (42, 50, True),
        (90, 100, False),  # one in 35
        (88, 100, True),  # one in 230
    ],
)
def test_a_part_must_not_contradict_the_rate(killed: int, tried: int, expected: bool):
    assert is_too_low(killed, tried, 95.0, is_all=False) is expected


def test_no_rate_is_always_reached():
    assert not is_too_low(0, 50, 0.0, is_all=True)
    assert not is_too_low(0, 50, 0.0, is_all=False)


def test_rate_for_people():
    assert percent(999, 1000) == "99.9 %"
    assert percent(0, 0) == "nothing tried"
