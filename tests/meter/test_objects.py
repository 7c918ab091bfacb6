"""How a person's list of objects and the meter's fit together, and what scales what."""

from custom_components.cosem.dlms import (
    DataAccessError,
    LogicalName,
    ObjectListElement,
    ScalerUnit,
)
from custom_components.cosem.dlms.encoding.data import enum, integer, structure, unsigned
from custom_components.cosem.meter.objects import (
    complete_objects,
    decoded_scaler_unit,
    object_key,
)

ENERGY = LogicalName.parse("1.0.1.8.0.255")
OBJECTS = (ObjectListElement(3, 0, ENERGY), ObjectListElement(8, 0, LogicalName.parse("0.0.1.0.0.255")))


def test_objects_typed_by_hand_follow_the_list():
    completed = complete_objects(OBJECTS[:1], ["3:1.0.1.8.0.255", "1:0.0.96.13.0.255"])
    assert completed == (OBJECTS[0], ObjectListElement(1, 0, LogicalName.parse("0.0.96.13.0.255")))
    assert complete_objects((), []) == ()


def test_key_is_class_and_logical_name():
    assert object_key(3, ENERGY) == "3:1.0.1.8.0.255"


def test_scaler_unit_that_makes_no_sense_is_none():
    assert decoded_scaler_unit(structure(integer(-1), enum(35))) == ScalerUnit(-1, 35)
    assert decoded_scaler_unit(unsigned(35)) is None
    assert decoded_scaler_unit(DataAccessError(3)) is None
