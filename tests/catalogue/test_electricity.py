"""Codes of electricity meters."""

from .catalogue_tools import check_data_object, check_register, data_objects, registers
from .samples import DATA_OF_ELECTRICITY, ELECTRICITY


@registers(ELECTRICITY)
def test_codes_become_what_the_spec_says(sample):
    check_register(sample)


@data_objects(DATA_OF_ELECTRICITY)
def test_data_objects_are_diagnostics(sample):
    check_data_object(sample)
