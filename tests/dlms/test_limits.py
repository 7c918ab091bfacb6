"""The limits, against the arithmetic they are justified with."""

from dataclasses import FrozenInstanceError

import pytest

from custom_components.cosem.dlms.limits import DEFAULT_LIMITS, EXECUTOR_ELEMENTS, EXECUTOR_THRESHOLD, Limits


def test_limits_cannot_be_changed_by_accident():
    with pytest.raises(FrozenInstanceError):
        DEFAULT_LIMITS.apdu = 1


def test_an_assembled_value_holds_a_year_of_quarter_hours():
    row = 48
    assert 4 * row * 24 * 366 < DEFAULT_LIMITS.assembled_value
    assert DEFAULT_LIMITS.blocks_per_transfer * 512 == DEFAULT_LIMITS.assembled_value


def test_m13_what_is_decoded_in_the_event_loop_is_small():
    assert EXECUTOR_THRESHOLD == 64 * 1024
    assert DEFAULT_LIMITS.apdu <= EXECUTOR_THRESHOLD
    assert EXECUTOR_ELEMENTS == 65_000
    assert DEFAULT_LIMITS.free_expansion == 10_000


def test_single_limits_can_be_tightened():
    assert Limits(nesting_depth=3).nesting_depth == 3
    assert Limits(nesting_depth=3).elements == DEFAULT_LIMITS.elements
