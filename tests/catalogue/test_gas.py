"""Codes of gas meters."""

from .catalogue_tools import check_register, registers
from .samples import GAS


@registers(GAS)
def test_codes_become_what_the_spec_says(sample):
    check_register(sample)
