"""Codes of water meters."""

from .catalogue_tools import check_register, registers
from .samples import WATER


@registers(WATER)
def test_codes_become_what_the_spec_says(sample):
    check_register(sample)
