"""Values without names are those of the push setup that they come from, and of no other one."""

import pytest

from custom_components.cosem.dlms.apdu.common import AttributeDescriptor
from custom_components.cosem.dlms.apdu.notification import EventNotificationRequest
from custom_components.cosem.dlms.apdu.short_name import InformationReportRequest, VariableName
from custom_components.cosem.dlms.encoding.data import NULL, Data, array, enum, structure, visible_string
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.interface_classes.push_lists import read_listed_values
from custom_components.cosem.dlms.interface_classes.push_setup import PushObject, decode_push_object_list
from custom_components.cosem.dlms.interface_classes.push_templates import templates_of
from custom_components.cosem.dlms.interface_classes.pushed_values import PushedValues, PushForm
from tests.dlms.interface_classes.pushed_tools import (
    ALARM,
    CLOCK,
    IMPORT,
    NOON,
    NUMBER,
    POWER,
    SERIAL,
    SETUP,
    WATT,
    named,
    push_object,
    pushed,
)

OTHER_SETUP = LogicalName.parse("0.1.25.9.0.255")
ENERGY = (PushObject(40, SETUP, 1), PushObject(8, CLOCK, 2), PushObject(3, IMPORT, 2))
ALARMS = (PushObject(40, OTHER_SETUP, 1), PushObject(1, ALARM, 2))
LISTS = {SETUP: ENERGY, OTHER_SETUP: ALARMS}
BARE = {SETUP: (PushObject(8, CLOCK, 2), PushObject(3, IMPORT, 2)), OTHER_SETUP: (PushObject(1, ALARM, 2),)}


def read(*elements: Data, lists=LISTS, **more) -> PushedValues:
    return read_listed_values(pushed(structure(*elements)), lists, **more)


def names(found: PushedValues) -> list[str]:
    return [str(each.logical_name) for each in found.values]


def test_a_notification_names_its_setup():
    found = read(named(SETUP), NOON, NUMBER)
    assert (found.form, found.is_complete) == (PushForm.PUSH_SETUP, True)
    assert names(found) == [str(each.logical_name) for each in ENERGY]
    assert names(read(named(OTHER_SETUP), NUMBER)) == [str(each.logical_name) for each in ALARMS]


def test_the_list_of_another_setup_is_not_used_for_one_that_is_named():
    lists = {OTHER_SETUP: (PushObject(1, ALARM, 2), PushObject(3, IMPORT, 2))}
    found = read(named(SETUP), NUMBER, lists=lists)
    assert (found.form, found.left) == (PushForm.UNKNOWN, (structure(named(SETUP), NUMBER),))


def test_without_a_name_the_only_list_that_fits_is_used():
    assert names(read(NOON, NUMBER, lists=BARE)) == [str(CLOCK), str(IMPORT)]
    assert names(read(NUMBER, lists=BARE)) == [str(ALARM)]
    assert read(NUMBER, NOON, lists=BARE).form is PushForm.UNKNOWN


def test_what_two_lists_read_otherwise_is_not_understood():
    lists = {SETUP: (PushObject(3, IMPORT, 2),), OTHER_SETUP: (PushObject(3, POWER, 2),)}
    assert read(NUMBER, lists=lists).left == (structure(NUMBER),)
    same = {SETUP: (PushObject(3, IMPORT, 2),), OTHER_SETUP: (PushObject(3, IMPORT, 2),)}
    assert names(read(NUMBER, lists=same)) == [str(IMPORT)]


@pytest.mark.parametrize(
    ("objects", "value", "fits"),
    [
        (PushObject(3, IMPORT, 2), array(NUMBER), False),
        (PushObject(3, IMPORT, 2), WATT, False),
        (PushObject(3, IMPORT, 3), WATT, True),
        (PushObject(3, IMPORT, 3), NUMBER, False),
        (PushObject(7, IMPORT, 2), array(structure(NUMBER)), True),
        (PushObject(7, IMPORT, 2), NUMBER, False),
        (PushObject(7, IMPORT, 2, 1), NUMBER, True),
        (PushObject(1, ALARM, 2), array(NUMBER), True),
    ],
)
def test_a_value_has_the_form_of_its_attribute(objects: PushObject, value: Data, fits: bool):
    found = read(value, lists={SETUP: (objects,)})
    assert (found.form is PushForm.PUSH_SETUP) is fits
    assert found.values or found.left


def test_a_number_of_the_device_may_stand_in_front_without_being_listed():
    device = visible_string("4711")
    found = read(device, named(OTHER_SETUP), NUMBER)
    assert (found.left, found.is_complete) == ((device,), False)
    assert names(found) == [str(OTHER_SETUP), str(ALARM)]
    assert read(device, named(OTHER_SETUP), NUMBER, NUMBER).form is PushForm.UNKNOWN
    assert read(device, NUMBER, named(OTHER_SETUP)).form is PushForm.UNKNOWN
    assert read(device, named(SETUP), NUMBER, NUMBER).form is PushForm.UNKNOWN  # the second value is no time
    assert read(device, named(OTHER_SETUP), NUMBER, lists={OTHER_SETUP: ALARMS[1:]}).form is PushForm.UNKNOWN
    assert read(lists={SETUP: ENERGY}).form is PushForm.UNKNOWN
    assert read(NUMBER, lists={SETUP: ()}).form is PushForm.UNKNOWN
    assert read_listed_values(pushed(NOON), {SETUP: ENERGY}).form is PushForm.UNKNOWN


def test_names_inside_come_first_and_templates_last():
    own = (push_object(40, SETUP, 2), push_object(3, POWER, 2))
    assert names(read(array(*own), NUMBER))[-1] == str(POWER)
    assert names(read(named(SERIAL), NUMBER, lists=BARE)) == [str(SERIAL)]
    of_maker = templates_of("KFM")
    assert read(NUMBER, templates=of_maker).form is PushForm.TEMPLATE
    found = read(NUMBER, lists={SETUP: (PushObject(3, IMPORT, 2),)}, templates=of_maker)
    assert (found.form, names(found)) == (PushForm.PUSH_SETUP, [str(IMPORT)])


def test_what_says_it_all_needs_no_list():
    event = EventNotificationRequest(None, AttributeDescriptor(1, ALARM, 2), NUMBER)
    assert read_listed_values(event, LISTS).form is PushForm.ATTRIBUTE
    report = InformationReportRequest(None, (VariableName(8),), (NUMBER,))
    known = {8: AttributeDescriptor(3, IMPORT, 2)}
    assert names(read_listed_values(report, LISTS, short_names=known)) == [str(IMPORT)]


def test_elements_of_all_versions_name_their_values():
    """Version 1 adds which rows of a profile are sent, version 2 which columns."""
    rows = array(structure(NUMBER))
    entries = [
        push_object(40, SETUP, 1),
        push_object(3, IMPORT, 2, 0, structure(enum(0), NULL)),
        push_object(7, POWER, 2, 0, structure(enum(2), structure(NUMBER, NUMBER)), array(push_object(8, CLOCK, 2))),
        push_object(1, ALARM, 2, 3),
    ]
    listed = decode_push_object_list(array(*entries))
    found = read(named(SETUP), NUMBER, rows, NUMBER, lists={SETUP: listed})
    assert [(each.class_id, each.attribute_index, each.data_index) for each in found.values] == [
        (40, 1, 0),
        (3, 2, 0),
        (7, 2, 0),
        (1, 2, 3),
    ]
