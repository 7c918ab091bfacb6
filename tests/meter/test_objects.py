"""How a person's list of objects and the meter's fit together, and what scales what."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.cosem.dlms import (
    CURRENT_OBJECT_LIST,
    AttributeDescriptor,
    Data,
    DataAccessError,
    ExceptionReceived,
    Leniency,
    LogicalName,
    ObjectListElement,
    ScalerUnit,
)
from custom_components.cosem.dlms.encoding.data import (
    array,
    enum,
    integer,
    long_unsigned,
    octet_string,
    structure,
    unsigned,
)
from custom_components.cosem.meter.objects import (
    async_ask,
    async_read_objects,
    complete_objects,
    decoded_scaler_unit,
    distinct_objects,
    object_key,
)

ENERGY = LogicalName.parse("1.0.1.8.0.255")
OBJECTS = (ObjectListElement(3, 0, ENERGY), ObjectListElement(8, 0, LogicalName.parse("0.0.1.0.0.255")))


class Answering:
    """An association that gives these answers, one after the other, whatever it is asked."""

    def __init__(self, *answers: Data | DataAccessError, refuses: bool = False) -> None:
        self.answers = list(answers)
        self.refuses = refuses
        self.asked: list[AttributeDescriptor] = []

    async def get_many(self, attributes: list[AttributeDescriptor]) -> list[Data | DataAccessError]:
        self.asked += attributes
        if self.refuses:
            raise ExceptionReceived(2, 2)
        return self.answers


async def ask(association: Any, *indexes: int) -> dict[int, Any]:
    """Ask for attributes of one object; return the answers by index."""
    answers = await async_ask(association, [AttributeDescriptor(3, ENERGY, index) for index in indexes])
    return {attribute.attribute_index: answer for attribute, answer in answers.items()}


async def test_each_attribute_is_asked_once_and_has_its_answer():
    association = Answering(unsigned(1), DataAccessError(3))
    assert await ask(association, 2, 3, 2) == {2: unsigned(1), 3: association.answers[1]}
    assert [attribute.attribute_index for attribute in association.asked] == [2, 3]


async def test_no_meter_is_asked_for_nothing():
    assert await ask(Answering(refuses=True)) == {}


async def test_answers_that_may_belong_to_others_are_none():
    with pytest.raises(ValueError, match="shorter"):
        await ask(Answering(unsigned(1)), 2, 3)


async def test_trial_08_one_odd_entry_costs_no_other_and_is_told(hass: HomeAssistant):
    row = structure(long_unsigned(3), unsigned(0), octet_string(ENERGY.octets), structure(array(), array()))
    odd = structure(long_unsigned(1), unsigned(0), octet_string(ENERGY.octets), unsigned(1))
    association: Any = Answering(array(row, structure(), odd))
    association.leniencies = set()
    association.tolerated = association.leniencies.add
    listed = await async_read_objects(hass, association)
    assert listed == (ObjectListElement(3, 0, ENERGY), ObjectListElement(1, 0, ENERGY))
    assert association.leniencies == {Leniency.ODD_OBJECT_LIST_ENTRY}


async def test_object_list_is_that_of_the_association(hass: HomeAssistant):
    row = structure(long_unsigned(3), unsigned(0), octet_string(ENERGY.octets), structure(array(), array()))
    association: Any = Answering(array(row))
    (element,) = await async_read_objects(hass, association) or ()
    assert (element.class_id, element.version, element.logical_name) == (3, 0, ENERGY)
    assert association.asked == [CURRENT_OBJECT_LIST]


@pytest.mark.parametrize(
    "association", [Answering(refuses=True), Answering(DataAccessError(3)), Answering(unsigned(1))]
)
async def test_a_list_that_is_refused_or_makes_no_sense_is_none(hass: HomeAssistant, association: Any):
    assert await async_read_objects(hass, association) is None


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


async def test_trial_24_an_object_that_is_listed_twice_is_there_once(hass: HomeAssistant):
    def row(version: int, name: LogicalName) -> Data:
        return structure(long_unsigned(3), unsigned(version), octet_string(name.octets), structure(array(), array()))

    other = LogicalName.parse("1.0.2.8.0.255")
    association: Any = Answering(array(row(0, ENERGY), row(0, other), row(1, ENERGY), *[row(0, other)] * 100))
    listed = await async_read_objects(hass, association) or ()
    assert [(element.version, element.logical_name) for element in listed] == [(0, ENERGY), (0, other)]
    assert complete_objects([*OBJECTS, *OBJECTS], ["3:1.0.2.8.0.255", "3:1.0.2.8.0.255"]) == (
        *OBJECTS,
        ObjectListElement(3, 0, other),
    )
    of_other_class = ObjectListElement(4, 0, ENERGY)
    assert distinct_objects([*OBJECTS, of_other_class]) == (*OBJECTS, of_other_class)
