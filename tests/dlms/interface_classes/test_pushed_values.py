"""What notifications mean: every form, in its order; nothing is raised, guessed or dropped, whatever arrives."""

from collections.abc import Iterator
from random import Random
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.cosem.dlms.apdu import decode_apdu
from custom_components.cosem.dlms.apdu.common import AttributeDescriptor
from custom_components.cosem.dlms.apdu.notification import DataNotification, EventNotificationRequest
from custom_components.cosem.dlms.apdu.short_name import (
    BlockNumberAccess,
    InformationReportRequest,
    ParameterizedAccess,
    VariableName,
)
from custom_components.cosem.dlms.encoding.data import (
    NULL,
    Data,
    DataType,
    TypeDescription,
    array,
    compact_array,
    double_long_unsigned,
    enum,
    integer,
    long_unsigned,
    octet_string,
    structure,
    unsigned,
    visible_string,
)
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.errors import DlmsError
from custom_components.cosem.dlms.interface_classes.push_setup import PushObject, elements_of
from custom_components.cosem.dlms.interface_classes.push_templates import templates_of
from custom_components.cosem.dlms.interface_classes.pushed_values import (
    MAX_PUSHED_VALUES,
    Notification,
    PushedValue,
    PushedValues,
    PushForm,
    read_pushed_values,
)
from custom_components.cosem.dlms.interface_classes.register import ScalerUnit
from tests.dlms.data_strategies import any_data
from tests.dlms.interface_classes.pushed_tools import (
    ALARM,
    CLOCK,
    IMPORT,
    NOON,
    NUMBER,
    POWER,
    SCRIPTS,
    SERIAL,
    SETUP,
    WATT,
    named,
    push_object,
    pushed,
)
from tests.vector_tools import Vector, by_name, vectors

DEVICE_NAME = LogicalName.parse("0.0.42.0.0.255")
PROFILE = LogicalName.parse("1.0.99.1.0.255")
UNIT = ScalerUnit(0, 27)
TEXT = visible_string("LIST_1")
OTHER = double_long_unsigned(8)


def read(*elements: Data, **given_: Any) -> PushedValues:
    return read_pushed_values(pushed(structure(*elements)), **given_)


def said(found: PushedValues) -> list[tuple[str, int | None, int | None, Data]]:
    return [(str(each.logical_name), each.class_id, each.attribute_index, each.value) for each in found.values]


# --- One attribute


def test_an_event_has_one_value_with_its_name():
    apdu = EventNotificationRequest(None, AttributeDescriptor(3, POWER, 2), NUMBER)
    found = read_pushed_values(apdu)
    assert (found.form, found.is_complete) == (PushForm.ATTRIBUTE, True)
    assert found.values == (PushedValue(POWER, 3, 2, NUMBER),)


def test_attribute_0_is_all_attributes_of_an_object():
    everything = structure(named(POWER), NUMBER, WATT)
    found = read_pushed_values(EventNotificationRequest(None, AttributeDescriptor(3, POWER, 0), everything))
    assert found.values == (
        PushedValue(POWER, 3, 1, named(POWER)),
        PushedValue(POWER, 3, 2, NUMBER, UNIT),
        PushedValue(POWER, 3, 3, WATT),
    )


@pytest.mark.parametrize("value", [NUMBER, structure(), structure(named(IMPORT), NUMBER), structure(NUMBER)])
def test_attribute_0_stays_whole_where_it_does_not_begin_with_its_name(value):
    found = read_pushed_values(EventNotificationRequest(None, AttributeDescriptor(3, POWER, 0), value))
    assert found.values == (PushedValue(POWER, 3, 0, value),)


# --- Short names


def report(*pairs: tuple[Any, Data]) -> InformationReportRequest:
    return InformationReportRequest(None, tuple(name for name, _ in pairs), tuple(data for _, data in pairs))


def test_variables_have_the_attributes_that_the_mapping_gives_them():
    names = {0x1008: AttributeDescriptor(3, POWER, 2), 0x1010: AttributeDescriptor(3, POWER, 3)}
    apdu = report((VariableName(0x1008), NUMBER), (VariableName(0x1010), WATT))
    found = read_pushed_values(apdu, short_names=names)
    assert (found.form, found.is_complete) == (PushForm.SHORT_NAMES, True)
    assert found.values == (
        PushedValue(POWER, 3, 2, NUMBER, UNIT, short_name=0x1008),
        PushedValue(POWER, 3, 3, WATT, short_name=0x1010),
    )


def test_unknown_short_names_are_kept():
    part = ParameterizedAccess(0x1008, 1, NULL)
    names = {0x1008: AttributeDescriptor(7, PROFILE, 2)}
    found = read_pushed_values(report((VariableName(8), NUMBER), (part, OTHER)), short_names=names)
    assert found.values == (
        PushedValue(None, None, None, NUMBER, short_name=8),
        PushedValue(None, None, None, OTHER, short_name=0x1008),  # part of an attribute is not the attribute
    )
    assert found.is_complete
    assert found.push_setup is None
    assert found.identifiers == ()


def test_what_names_no_variable_is_left():
    found = read_pushed_values(report((VariableName(8), NUMBER), (BlockNumberAccess(1), OTHER)))
    assert [each.value for each in found.values] == [NUMBER]
    assert (found.left, found.is_complete) == ((OTHER,), False)


@pytest.mark.parametrize(
    ("names", "data"),
    [(1, (NUMBER, OTHER)), (2, ()), (MAX_PUSHED_VALUES + 1, (NUMBER,) * (MAX_PUSHED_VALUES + 1))],
    ids=["too few names", "no values", "too many"],
)
def test_names_and_values_that_do_not_agree_are_left_as_they_came(names, data):
    found = read_pushed_values(InformationReportRequest(None, (VariableName(8),) * names, data))
    assert (found.form, found.values, found.left, found.is_complete) == (PushForm.UNKNOWN, (), data, False)


# --- The list inside

OWN = push_object(40, SETUP, 1)
LISTED = (OWN, push_object(8, CLOCK, 2), push_object(3, IMPORT, 2))
MEANT = [
    ("0.0.25.9.0.255", 40, 1, named(SETUP)),
    ("0.0.1.0.0.255", 8, 2, NOON),
    ("1.0.1.8.0.255", 3, 2, NUMBER),
]
VALUES = (named(SETUP), NOON, NUMBER)


@pytest.mark.parametrize(
    "elements",
    [
        (array(*LISTED), *VALUES),
        (*VALUES, array(*LISTED)),
        (array(*LISTED), structure(*VALUES)),
        (array(*(structure(*elements_of(each), structure(enum(0), NULL)) for each in LISTED)), *VALUES),
    ],
    ids=["in front", "behind", "values in a structure", "version 1"],
)
def test_a_list_beside_the_values_names_them(elements):
    found = read(*elements)
    assert (found.form, found.is_complete) == (PushForm.PUSH_OBJECT_LIST, True)
    assert said(found) == MEANT
    assert found.push_setup == SETUP


def test_a_list_may_be_one_of_the_values():
    objects = array(push_object(40, SETUP, 2), *LISTED[1:])
    assert said(read(objects, NOON, NUMBER)) == [("0.0.25.9.0.255", 40, 2, objects), *MEANT[1:]]


def test_the_list_inside_is_believed_rather_than_one_that_was_read_before():
    before = (PushObject(40, SETUP, 1), PushObject(8, CLOCK, 2), PushObject(3, POWER, 2))
    assert said(read(array(*LISTED), *VALUES, push_object_list=before)) == MEANT


def test_parts_of_attributes_say_which_part():
    objects = array(OWN, push_object(7, PROFILE, 2, 3))
    found = read(objects, named(SETUP), array(structure(NUMBER)))
    assert (found.values[1].attribute_index, found.values[1].data_index) == (2, 3)


@pytest.mark.parametrize(
    "elements",
    [
        (array(*LISTED), named(SETUP), NOON),
        (array(*LISTED),),
        (array(*LISTED), *VALUES, NUMBER),
        (array(*LISTED), structure(named(SETUP), NOON)),
        (array(*LISTED), array(*VALUES)),
    ],
    ids=["too few", "without values", "too many", "too few in a structure", "no structure of values"],
)
def test_a_list_without_its_values_names_nothing(elements):
    found = read(*elements)
    assert (found.form, found.values, found.left) == (PushForm.UNKNOWN, (), (structure(*elements),))


def test_a_body_that_is_a_list_names_nothing():
    found = read_pushed_values(pushed(array(*LISTED)))
    assert (found.form, found.left) == (PushForm.UNKNOWN, (array(*LISTED),))


def test_rows_that_look_like_a_list_are_rows():
    """{class_id, logical_name, attribute, value} with long-unsigned values."""
    rows = [push_object(3, POWER, 2, 230), push_object(3, IMPORT, 2, 231)]
    expected = [("1.0.1.7.0.255", 3, 2, long_unsigned(230)), ("1.0.1.8.0.255", 3, 2, long_unsigned(231))]
    assert said(read(array(*rows))) == expected
    assert said(read_pushed_values(pushed(array(*rows)))) == expected
    assert said(read(NOON, array(rows[0]))) == [("0.0.1.0.0.255", 8, 2, NOON), expected[0]]


# --- Rows and sequences


def test_rows_in_a_structure_an_array_or_a_compact_array():
    rows = (structure(named(POWER), NUMBER), structure(named(IMPORT), OTHER))
    expected = [("1.0.1.7.0.255", None, None, NUMBER), ("1.0.1.8.0.255", None, None, OTHER)]
    description = TypeDescription(
        DataType.STRUCTURE, (TypeDescription(DataType.OCTET_STRING), TypeDescription(DataType.DOUBLE_LONG_UNSIGNED))
    )
    for body in (structure(*rows), array(*rows), compact_array(description, *rows), structure(array(*rows))):
        found = read_pushed_values(pushed(body))
        assert (found.form, found.is_complete, said(found)) == (PushForm.ROWS, True, expected)


def test_a_body_may_be_one_row():
    found = read_pushed_values(pushed(structure(long_unsigned(3), named(POWER), integer(2), NUMBER, WATT)))
    assert (found.form, found.is_complete) == (PushForm.ROWS, True)
    assert found.values == (PushedValue(POWER, 3, 2, NUMBER, UNIT),)


def test_odd_rows_are_left():
    row, odd = structure(named(POWER), NUMBER), structure(NUMBER, NUMBER)
    found = read(row, odd, row)
    assert (len(found.values), found.left, found.is_complete) == (2, (odd,), False)


def test_a_unit_that_comes_as_an_attribute_belongs_to_the_value():
    found = read(
        structure(long_unsigned(3), named(POWER), integer(2), NUMBER),
        structure(long_unsigned(3), named(POWER), integer(3), WATT),
        structure(long_unsigned(3), named(IMPORT), integer(2), OTHER),
        structure(long_unsigned(1), named(SERIAL), integer(2), TEXT),
        structure(named(ALARM), NUMBER),
    )
    assert [each.scaler_unit for each in found.values] == [UNIT, None, None, None, None]


def test_names_and_values_in_turn():
    found = read(NOON, named(POWER), NUMBER, WATT, named(IMPORT), OTHER)
    assert (found.form, found.is_complete, found.template) == (PushForm.SEQUENCE, True, None)
    assert said(found) == [
        ("0.0.1.0.0.255", 8, 2, NOON),
        ("1.0.1.7.0.255", None, None, NUMBER),
        ("1.0.1.8.0.255", None, None, OTHER),
    ]


def test_what_stands_around_a_sequence_is_left_unless_a_template_knows_it():
    found = read(TEXT, named(POWER), NUMBER, named(IMPORT), OTHER, visible_string("end"))
    assert (found.left, found.is_complete) == ((TEXT, visible_string("end")), False)
    assert [each.value for each in found.values] == [NUMBER, OTHER]


def test_the_names_in_a_body_are_believed_rather_than_a_list_that_was_read_before():
    before = (PushObject(3, IMPORT, 2), PushObject(3, IMPORT, 3))
    assert said(read(named(POWER), NUMBER, push_object_list=before)) == [("1.0.1.7.0.255", None, None, NUMBER)]


# --- The list of the push setup

BEFORE = (PushObject(40, SETUP, 1), PushObject(8, CLOCK, 2), PushObject(3, IMPORT, 2))


def test_values_alone_are_those_of_the_push_setup():
    found = read(*VALUES, push_object_list=BEFORE)
    assert (found.form, found.is_complete, said(found)) == (PushForm.PUSH_SETUP, True, MEANT)
    found = read(named(SETUP), NULL, NUMBER, push_object_list=BEFORE)
    assert [each.value for each in found.values] == [named(SETUP), NULL, NUMBER]


def test_one_object_may_come_without_a_structure_around_it():
    rows = array(structure(NOON, NUMBER))
    found = read_pushed_values(pushed(rows), push_object_list=[PushObject(7, PROFILE, 2)])
    assert said(found) == [("1.0.99.1.0.255", 7, 2, rows)]


@pytest.mark.parametrize(
    "elements",
    [
        (*VALUES, NUMBER),
        VALUES[:2],
        (named(POWER), NOON, NUMBER),
        (NUMBER, NOON, NUMBER),
        (named(SETUP), OTHER, NUMBER),
    ],
    ids=["more", "fewer", "another name", "no name", "no time"],
)
def test_values_of_another_list_are_not_given_these_names(elements):
    found = read(*elements, push_object_list=BEFORE)
    assert (found.form, found.left) == (PushForm.UNKNOWN, (structure(*elements),))


def test_an_empty_list_says_nothing():
    assert read(push_object_list=()).left == (structure(),)


def test_the_list_of_a_meter_is_believed_rather_than_a_template():
    found = read(NUMBER, push_object_list=[PushObject(3, IMPORT, 2)], templates=templates_of("KFM"))
    assert (found.form, said(found)) == (PushForm.PUSH_SETUP, [("1.0.1.8.0.255", 3, 2, NUMBER)])


# --- Templates


def test_one_number_is_only_known_of_a_maker():
    assert read(NUMBER).form is read(NUMBER, templates=templates_of("XYZ")).form is PushForm.UNKNOWN
    found = read(NUMBER, templates=templates_of("KFM"))
    assert (found.form, found.template, found.is_complete) == (PushForm.TEMPLATE, "Kaifa KFM_001 list 1", True)
    assert found.values == (PushedValue(POWER, 3, 2, NUMBER, UNIT),)


def of_maker(vector: Vector) -> Notification:
    """A constructed push with the mark of a real maker."""
    octets = vector.octets.replace(b"SIM_001", b"KFM_001")
    return decode_apdu(octets.replace(b"\x0a\x0dSimulat_V0001", b"\x0a\x0eKamstrup_V0001"))


def in_units(found: PushedValues) -> dict[str, tuple[Any, ScalerUnit | None]]:
    return {str(each.logical_name): (each.value.value, each.scaler_unit) for each in found.values}


def test_the_lists_of_kaifa_have_names_and_units():
    vector = by_name("push", "structure without names, date-time with a tag, 18 values, a date-time among them")
    assert read_pushed_values(decode_apdu(vector.octets)).form is PushForm.UNKNOWN
    found = read_pushed_values(of_maker(vector))
    assert (found.template, len(found.values)) == ("Kaifa KFM_001 list 3, three phases", 18)
    values = in_units(found)
    assert values["1.0.1.7.0.255"] == (2718, ScalerUnit(0, 27))
    assert values["1.0.51.7.0.255"] == (5772, ScalerUnit(-3, 33))
    assert values["1.0.72.7.0.255"] == (2299, ScalerUnit(-1, 35))
    assert values["1.0.4.8.0.255"] == (3141592, ScalerUnit(0, 32))
    assert found.identifiers == ("9900000000000029",)


def test_a_list_of_another_length_or_type_is_not_guessed_at():
    vector = by_name("push", "structure without names, date-time with a tag, 13 values")
    elements = elements_of(of_maker(vector).body)
    assert read(*elements).template == "Kaifa KFM_001 list 2, three phases"
    assert read(*elements[:-1]).form is PushForm.UNKNOWN
    assert read(*elements[:-1], long_unsigned(2300)).form is PushForm.UNKNOWN
    assert read_pushed_values(pushed(array(*elements))).form is PushForm.UNKNOWN


def test_units_of_kamstrup_come_from_its_template():
    vector = by_name("push", "structure of names and values in turn, three phases, deviation and status unspecified")
    plain = read_pushed_values(decode_apdu(vector.octets))
    assert (plain.is_complete, plain.left) == (False, (visible_string("Simulat_V0001"),))
    found = read_pushed_values(of_maker(vector))
    assert (found.form, found.template, found.is_complete) == (PushForm.SEQUENCE, "Kamstrup_V0001", True)
    units = {str(each.logical_name): each.scaler_unit for each in found.values}
    assert units["1.1.0.2.129.255"] is None
    assert units["1.1.31.7.0.255"] == ScalerUnit(-2, 33)
    assert [each.value for each in found.values[1:]] == [each.value for each in plain.values]


def test_a_serial_number_at_the_end_gets_its_name():
    values = [data for number in range(1, 12) for data in (named(POWER), double_long_unsigned(number), WATT)]
    found = read(NOON, *values, octet_string(b"990000000029"))
    assert (found.template, found.is_complete, found.identifiers) == ("Netz NÖ", True, ("990000000029",))


# --- Who it comes from


def test_the_logical_device_name_comes_first():
    found = read(named(SERIAL), TEXT, named(DEVICE_NAME), octet_string(b"SIM1234567890123"))
    assert found.logical_device_name.text == "SIM1234567890123"
    assert found.identifiers == ("SIM1234567890123", "LIST_1")
    unusable = read(named(SERIAL), TEXT, named(DEVICE_NAME), NUMBER)
    assert (unusable.logical_device_name, unusable.identifiers) == (None, ("LIST_1",))


@pytest.mark.parametrize(
    ("name", "is_serial"),
    [
        ("0.0.96.1.0.255", True),
        ("0.0.96.1.9.255", True),
        ("0.0.96.1.7.255", False),  # a type
        ("0.0.96.1.10.255", False),
        ("0.1.96.1.0.255", False),  # a meter behind this one
        ("0.0.96.2.0.255", False),
        ("1.0.0.0.0.255", True),
        ("1.1.0.0.5.255", True),
        ("7.0.0.0.1.255", True),
        ("1.0.0.2.0.255", False),
        ("1.0.1.8.0.255", False),
    ],
)
def test_numbers_of_the_device_are_known_by_their_names(name, is_serial):
    found = read(named(LogicalName.parse(name)), octet_string(b"4711"), named(POWER), NUMBER)
    assert found.serial_numbers == (("4711",) if is_serial else ())


def test_a_serial_number_is_a_value_and_has_text():
    apdu = EventNotificationRequest(None, AttributeDescriptor(1, SERIAL, 1), named(SERIAL))
    assert read_pushed_values(apdu).identifiers == ()
    assert read(named(SERIAL), NULL).identifiers == ()


def test_in_front_of_the_name_of_a_push_setup_there_is_a_number_of_the_device():
    found = read(octet_string(b"4711"), named(SETUP), NUMBER)
    assert (found.form, found.push_setup, found.identifiers) == (PushForm.UNKNOWN, SETUP, ("4711",))
    assert read(named(SETUP), NUMBER).identifiers == ()
    assert read(NULL, named(SETUP), NUMBER).identifiers == ()
    assert read(octet_string(b"4711"), NUMBER, NUMBER, NUMBER, named(SETUP), NUMBER).push_setup is None
    assert read(octet_string(b"4711"), NUMBER).identifiers == ()
    assert read().identifiers == read_pushed_values(pushed(NUMBER)).identifiers == ()


# --- Bounds


def test_a_body_that_is_too_long_stays_as_it_came():
    most = (named(POWER), NUMBER) * MAX_PUSHED_VALUES
    assert len(read(*most).values) == MAX_PUSHED_VALUES
    longer = (named(POWER), NUMBER, WATT) * (MAX_PUSHED_VALUES + 1)
    found = read(*longer)
    assert (found.form, found.left) == (PushForm.UNKNOWN, (structure(*longer),))


# --- Samples


def notifications() -> Iterator[Any]:
    """Every notification among the samples, deciphered ones too."""
    for theme in ("notification", "more-services", "push", "push-capture", "ciphered"):
        for vector in vectors(theme):
            plaintext = bytes.fromhex(str(vector.expect.get("plaintext") or ""))
            for octets, expect in ((vector.octets, vector.expect), (plaintext, vector.expect.get("plain"))):
                if octets[:1] in {b"\x0f", b"\xc2", b"\x18"}:
                    yield pytest.param(octets, expect, id=f"{theme}-{vector.name}")


SAMPLES = list(notifications())
WITHOUT_NAMES = {
    "more-services-DataNotification, push object list values only",
    "more-services-DataNotification, array of rows with clock first",
    "more-services-DataNotification, compact array",
    "more-services-DataNotification, one number",
    "push-structure without names, date-time with a tag, one value",
    "push-structure without names, date-time with a tag, 13 values",
    "push-structure without names, date-time with a tag, 18 values, a date-time among them",
    "push-capture-Kaifa no_list_1",
    "notification-data-notification structure",
    "notification-data-notification with date-time octet string",
    "notification-data-notification with high priority and invoke-id ff00ff",
    "ciphered-general-glo-ciphering data-notification",
    "ciphered-general-glo-ciphering data-notification from a gas meter",
}


def names_in(described: Any) -> Iterator[str]:
    """All octets that can be logical names, in their order, of a description that others have checked."""
    if isinstance(described, dict):
        instance = described.get("instance")
        if described.get("type") == "octet-string" and len(described["value"]) == 12:
            yield ".".join(str(octet) for octet in bytes.fromhex(described["value"]))
        elif isinstance(instance, str):
            yield instance
        elif "value" in described:
            yield from names_in(described["value"])
    elif isinstance(described, list):
        for element in described:
            yield from names_in(element)


@pytest.mark.parametrize(("octets", "expect"), SAMPLES)
def test_every_sample_says_what_its_description_says(octets, expect, request):
    apdu = decode_apdu(octets)
    found = read_pushed_values(apdu)
    is_known = request.node.callspec.id not in WITHOUT_NAMES
    assert (found.form is not PushForm.UNKNOWN) is is_known
    if not isinstance(apdu, DataNotification) or not is_known:
        return
    body = expect["items"] if "items" in expect else expect["body"]["value"]
    if found.form is PushForm.PUSH_OBJECT_LIST:
        body = body[0]["value"]
    if found.form in {PushForm.PUSH_OBJECT_LIST, PushForm.ROWS} or found.template is None:
        names = [str(each.logical_name) for each in found.values]
        assert [name for name in names_in(body) if name in names] == [
            name for name in names if name in set(names_in(body))
        ]
        assert len(found.values) >= len(set(names_in(body))) > 0


def test_captured_pushes_of_makers_are_whole():
    captured = [each for each in SAMPLES if str(each.id).startswith("push-capture")]
    if not captured:
        pytest.skip("no captured pushes beside this checkout: only their constructed equivalents were tried")
    makers = templates_of("KFM")
    found = {each.id: read_pushed_values(decode_apdu(each.values[0]), templates=makers) for each in captured}
    assert len(found) >= 15
    assert [name for name, each in found.items() if not each.is_complete] == []
    templates = {each.template for each in found.values()} - {None}
    assert {name.split()[0] for name in templates} == {"Kaifa", "Kamstrup_V0001", "Netz", "Sagemcom"}


# --- Whatever arrives


def numbers_in(data: Data) -> list[int]:
    """All double-long-unsigned in the data."""
    if data.type is DataType.DOUBLE_LONG_UNSIGNED:
        return [data.value]
    return [number for element in elements_of(data) or () for number in numbers_in(element)]


def nothing_is_lost(body: Data, found: PushedValues) -> bool:
    kept = [*(each.value for each in found.values), *found.left]
    return sorted(numbers_in(body)) == sorted(number for data in kept for number in numbers_in(data))


OBJECTS = st.sampled_from([push_object(40, SETUP, 1), push_object(3, POWER, 2), push_object(40, SETUP, 2)])
NAMES = st.sampled_from([POWER, IMPORT, ALARM, SETUP, CLOCK, SCRIPTS, SERIAL]).map(named)
NUMBERS = st.integers(0, 0xFFFFFFFF).map(double_long_unsigned)
SIMPLE = NAMES | NUMBERS | st.sampled_from([NOON, TEXT, NULL, WATT, enum(1), unsigned(3), long_unsigned(3), integer(2)])
BY_NAME = st.builds(lambda name, more: structure(name, *more), NAMES, st.lists(SIMPLE, min_size=1, max_size=4))
BY_CLASS = st.builds(
    lambda name, more: structure(long_unsigned(3), name, integer(2), *more), NAMES, st.lists(SIMPLE, max_size=3)
)
ROWS = BY_NAME | BY_CLASS
MANY_ROWS = st.lists(ROWS | SIMPLE, max_size=4).map(lambda rows: array(*rows))
MANY_OBJECTS = st.lists(OBJECTS, min_size=1, max_size=4).map(lambda objects: array(*objects))
PARTS = SIMPLE | ROWS | MANY_ROWS | MANY_OBJECTS
BODIES = st.lists(PARTS, max_size=8).map(lambda parts: structure(*parts)) | PARTS
LISTS = st.none() | st.lists(
    st.sampled_from([*BEFORE, PushObject(3, POWER, 0), PushObject(7, PROFILE, 2, 1)]), max_size=6
)


def all_of(found: PushedValues) -> tuple[object, ...]:
    """Everything that can be asked."""
    return found.is_complete, found.logical_device_name, found.serial_numbers, found.push_setup, found.identifiers


@settings(max_examples=1_000, deadline=None)
@given(BODIES, LISTS)
def test_nothing_is_lost_of_bodies_that_are_nearly_right(body, objects):
    found = read_pushed_values(pushed(body), push_object_list=objects, templates=templates_of("KFM"))
    assert nothing_is_lost(body, found)
    assert found.values or found.left
    assert all_of(found)


@settings(max_examples=500, deadline=None)
@given(any_data, LISTS)
def test_any_data_is_read_without_an_error(body, objects):
    found = read_pushed_values(pushed(body), push_object_list=objects, templates=templates_of("LGZ"))
    assert found.values or found.left == (body,)
    assert all_of(found)


def test_samples_with_wrong_octets_are_read_without_an_error():
    chance = Random(7)
    telling = (0, 1, 2, 6, 9, 12, 18, 255)  # tags and lengths
    read_, refused = 0, 0
    for sample in SAMPLES:
        for _ in range(40):
            octets = bytearray(sample.values[0])
            for _ in range(chance.randint(1, 4)):
                octets[chance.randrange(1, len(octets))] = chance.choice((*telling, chance.randrange(256)))
            try:
                apdu = decode_apdu(bytes(octets))
            except DlmsError:
                refused += 1
                continue
            found = read_pushed_values(apdu, push_object_list=BEFORE, templates=templates_of("KFM"))
            assert all_of(found)
            read_ += 1
    assert min(read_, refused) > 100
