"""Logical names: text forms, order, immutability."""

import copy
import pickle

import pytest

from custom_components.cosem.dlms.encoding.logical_name import LogicalName, Medium
from custom_components.cosem.dlms.errors import LocalProtocolError

ENERGY = LogicalName(bytes([1, 0, 1, 8, 0, 255]))


@pytest.mark.parametrize(
    "text", ["1.0.1.8.0.255", "1-0:1.8.0*255", "1-0:1.8.0", " 1.0.1.8.0 ", "1-0:1.8.0&255", "01.00.1.8.0.255"]
)
def test_every_text_form_names_the_same_object(text):
    assert LogicalName.parse(text) == ENERGY


@pytest.mark.parametrize(
    "text", ["", "1.8.0", "1.0.1.8.0.256", "1.0.1.8.0.255.1", "a.0.1.8.0.255", "1.0.1.8.-1.255", "²", "1.0.1.8.0.0255"]
)
def test_other_texts_are_refused(text):
    with pytest.raises(LocalProtocolError, match="not a logical name"):
        LogicalName.parse(text)


@pytest.mark.parametrize("size", [0, 5, 7])
def test_only_six_octets_are_a_logical_name(size):
    with pytest.raises(LocalProtocolError, match="6 octets"):
        LogicalName(bytes(size))


def test_value_groups_and_text():
    name = LogicalName(bytes([1, 2, 3, 4, 5, 6]))
    assert (name.a, name.b, name.c, name.d, name.e, name.f) == (1, 2, 3, 4, 5, 6)
    assert str(name) == "1.2.3.4.5.6"
    assert repr(name) == "LogicalName(1.2.3.4.5.6)"
    assert name.obis == "1-2:3.4.5*6"
    assert ENERGY.obis == "1-0:1.8.0"


def test_equal_names_are_one_key_and_sort_by_octets():
    other = LogicalName.parse("1.0.2.8.0.255")
    assert len({ENERGY, LogicalName(ENERGY.octets), other}) == 2
    assert sorted([other, ENERGY]) == [ENERGY, other]
    assert ENERGY != "1.0.1.8.0.255"


def test_a_name_cannot_be_changed():
    with pytest.raises(AttributeError, match="immutable"):
        ENERGY.octets = bytes(6)


def test_a_name_survives_copying_and_pickling():
    assert copy.deepcopy(ENERGY) == ENERGY
    assert pickle.loads(pickle.dumps(ENERGY)) == ENERGY


@pytest.mark.parametrize("text", ["1", "1.0.1.8", "1.0.1x8.0.255", "1.0.1.8.²", "1.0.1.8.٣", "1.0.1.8.0.255.1"])
def test_too_few_groups_other_separators_and_other_digits_are_refused(text):
    with pytest.raises(LocalProtocolError, match=r"expected A\.B\.C\.D\.E\.F"):
        LogicalName.parse(text)


def test_names_that_sort_before_or_behind_are_not_equal_and_no_name_is_before_itself():
    low, high = LogicalName.parse("1.0.1.7.0.255"), LogicalName.parse("1.0.1.8.0.255")
    assert low != high
    assert high != low
    assert low != "1.0.1.7.0.255"
    assert low < high
    assert not high < low
    assert not low < LogicalName.parse("1.0.1.7.0.255")


def test_value_group_a_numbers_the_media_as_in_the_standard():
    assert {medium.value: medium.name for medium in Medium} == {
        0: "ABSTRACT",
        1: "ELECTRICITY",
        4: "HEAT_COST_ALLOCATOR",
        5: "COOLING",
        6: "HEAT",
        7: "GAS",
        8: "COLD_WATER",
        9: "HOT_WATER",
    }
