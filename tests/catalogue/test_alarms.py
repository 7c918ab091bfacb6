"""What the bits of alarm and error registers mean."""

import pytest

from custom_components.cosem.catalogue.alarms import BITS, bit_names, name_of_bit
from custom_components.cosem.dlms import LogicalName

from .catalogue_tools import describe


@pytest.mark.parametrize("code", ["0-0:97.97.0", "0-0:97.98.0", "0-0:97.98.10", "0-0:97.98.20", "0-1:97.98.0"])
def test_trial_17_the_first_registers_have_names_for_their_bits(code):
    names = bit_names(LogicalName.parse(code))
    assert {bit: names[bit] for bit in (0, 1, 8, 9, 10, 11, 12, 13)} == {
        0: "clock invalid",
        1: "replace battery",
        8: "program memory error",
        9: "RAM error",
        10: "NV memory error",
        11: "measurement system error",
        12: "watchdog error",
        13: "fraud attempt",
    }
    assert (names[16], names[19]) == ("M-Bus channel 1: communication error", "M-Bus channel 4: communication error")
    assert (names[20], names[23]) == ("M-Bus channel 1: fraud attempt", "M-Bus channel 4: fraud attempt")
    assert (names[28], names[30]) == ("phase outage L1", "phase outage L3")
    assert describe(code, class_id=1).bit_names == names


@pytest.mark.parametrize("code", ["0-0:97.97.1", "0-0:97.98.1", "0-0:97.98.11", "0-0:97.98.29"])
def test_other_registers_have_numbers_only(code):
    assert bit_names(LogicalName.parse(code)) == {}
    assert describe(code, class_id=1).kind == "alarms"


def test_a_bit_without_a_name_is_told_by_its_number():
    assert name_of_bit(BITS, 7) == "bit 7"
    assert name_of_bit(BITS, 24) == "bit 24"  # the standards differ
    assert name_of_bit({}, 0) == "bit 0"
    assert len(set(BITS.values())) == len(BITS) == 22


def test_only_alarms_have_bits_with_names():
    assert describe("0-0:96.5.0", class_id=1).bit_names == {}
    assert describe("1-0:1.8.0").bit_names == {}
