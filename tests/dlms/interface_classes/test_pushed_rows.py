"""Rows, and names and values in turn: what is taken, and what is left alone."""

import pytest

from custom_components.cosem.dlms.encoding.data import (
    NULL,
    Data,
    DataType,
    TypeDescription,
    array,
    compact_array,
    date_time,
    enum,
    integer,
    long_unsigned,
    octet_string,
    structure,
    unsigned,
    visible_string,
)
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.interface_classes.pushed_rows import (
    MAX_PUSHED_VALUES,
    PushedValue,
    is_date_time,
    is_push_setup_name,
    listed_objects,
    pushed_name,
    read_row,
    read_sequence,
    scaler_unit_of,
)
from custom_components.cosem.dlms.interface_classes.register import ScalerUnit
from tests.dlms.interface_classes.pushed_tools import (
    ALARM,
    CLOCK,
    IMPORT,
    NOON,
    NUMBER,
    POWER,
    SCRIPTS,
    SETUP,
    WATT,
    named,
    push_object,
)

UNIT = ScalerUnit(0, 27)
DESCRIPTOR = octet_string(b"\0\3" + POWER.octets + b"\2")
HEAD = (long_unsigned(3), named(POWER), integer(2))
TEXT = visible_string("LIST_1")


@pytest.mark.parametrize(
    ("row", "value"),
    [
        (structure(named(POWER), NUMBER), PushedValue(POWER, None, None, NUMBER)),
        (structure(named(POWER), NUMBER, WATT), PushedValue(POWER, None, None, NUMBER, UNIT)),
        (structure(named(POWER), long_unsigned(3), integer(2), NUMBER), PushedValue(POWER, 3, 2, NUMBER)),
        (structure(named(POWER), long_unsigned(3), integer(-1), NUMBER, WATT), PushedValue(POWER, 3, -1, NUMBER, UNIT)),
        (structure(DESCRIPTOR, NUMBER), PushedValue(POWER, 3, 2, NUMBER)),
        (structure(DESCRIPTOR, NUMBER, WATT), PushedValue(POWER, 3, 2, NUMBER, UNIT)),
        (structure(octet_string(b"\0\3" + POWER.octets + b"\xff"), NUMBER), PushedValue(POWER, 3, -1, NUMBER)),
        (structure(*HEAD, NUMBER), PushedValue(POWER, 3, 2, NUMBER)),
        (structure(*HEAD, NUMBER, WATT), PushedValue(POWER, 3, 2, NUMBER, UNIT)),
        (structure(*HEAD, long_unsigned(4), NUMBER), PushedValue(POWER, 3, 2, NUMBER, None, 4)),
        (structure(*HEAD, long_unsigned(4), NUMBER, WATT), PushedValue(POWER, 3, 2, NUMBER, UNIT, 4)),
        (structure(structure(*HEAD), NUMBER), PushedValue(POWER, 3, 2, NUMBER)),
        (structure(structure(*HEAD, long_unsigned(4)), NUMBER, WATT), PushedValue(POWER, 3, 2, NUMBER, UNIT, 4)),
        (structure(named(SETUP), named(SETUP)), PushedValue(SETUP, None, None, named(SETUP))),
        (structure(named(POWER), NULL), PushedValue(POWER, None, None, NULL)),
    ],
)
def test_each_form_of_a_row_is_read(row, value):
    assert read_row(row) == value


@pytest.mark.parametrize(
    "row",
    [
        NUMBER,
        array(named(POWER), NUMBER),
        structure(),
        structure(named(POWER)),
        structure(named(SETUP), NUMBER),
        structure(octet_string(b"1234567"), NUMBER),
        structure(octet_string(b"123456"), NUMBER),  # digits, not a logical name: no medium has the number 49
        structure(named(POWER), NUMBER, NUMBER),
        structure(named(POWER), NUMBER, structure(integer(0))),
        structure(named(POWER), unsigned(3), integer(2), NUMBER),
        structure(named(POWER), long_unsigned(3), unsigned(2), NUMBER),
        structure(named(POWER), long_unsigned(3), integer(2), NUMBER, NUMBER),
        structure(named(POWER), long_unsigned(3), integer(2), NUMBER, WATT, NUMBER),
        structure(DESCRIPTOR, NUMBER, NUMBER),
        structure(long_unsigned(3), named(POWER), integer(2)),
        structure(long_unsigned(3), octet_string(b"12345"), integer(2), NUMBER),
        structure(NULL, named(POWER), integer(2), NUMBER),
        structure(NUMBER, named(POWER), integer(2), NUMBER),
        structure(NUMBER, named(POWER), NUMBER, named(POWER)),
        structure(long_unsigned(3), named(POWER), unsigned(2), NUMBER),
        structure(long_unsigned(3), named(POWER), NULL, NUMBER),
        structure(*HEAD, NUMBER, NUMBER),
        structure(*HEAD, long_unsigned(4), NUMBER, WATT, NUMBER),
        structure(structure(*HEAD[:2]), NUMBER),
        structure(structure(*HEAD, NULL), NUMBER),
        structure(structure(*HEAD, NUMBER), NUMBER),
        structure(structure(NULL, *HEAD[1:]), NUMBER),
        structure(structure(*HEAD[:2], NULL), NUMBER),
        structure(structure(HEAD[0], NULL, HEAD[2]), NUMBER),
    ],
)
def test_what_is_no_row_is_not_read(row):
    assert read_row(row) is None


@pytest.mark.parametrize(
    ("octets", "is_name"),
    [
        ("0100010700FF", True),
        ("010001070065", True),
        ("0F00010700FF", True),
        ("010001070080", False),
        ("10" * 6, False),
    ],
)
def test_a_logical_name_has_a_medium_and_a_period(octets, is_name):
    assert (pushed_name(octet_string(bytes.fromhex(octets))) is not None) is is_name


def test_names_of_push_setups_are_known():
    assert is_push_setup_name(SETUP)
    assert is_push_setup_name(LogicalName.parse("0.4.25.9.1.255"))
    assert not any(map(is_push_setup_name, (CLOCK, LogicalName.parse("1.0.25.9.0.255"))))
    assert not is_push_setup_name(LogicalName.parse("0.0.25.1.0.255"))


@pytest.mark.parametrize(
    ("data", "is_time"),
    [
        (NOON, True),
        (date_time(NOON.value), True),
        (octet_string(b"181220000009"), False),
        (octet_string(bytes([255] * 12)), False),  # no year
        (octet_string(bytes(5)), False),
        (visible_string("\x07" * 12), False),
        (NUMBER, False),
    ],
)
def test_a_date_time_has_fields_that_make_sense(data, is_time):
    assert is_date_time(data) is is_time


def test_a_scaler_unit_is_a_structure_of_two_integers():
    assert scaler_unit_of(WATT) == UNIT
    assert scaler_unit_of(structure(NULL, NULL)) is scaler_unit_of(NUMBER) is None


def test_a_list_of_push_objects_is_told_from_rows():
    values = array(push_object(3, POWER, 2, 7), push_object(3, IMPORT, 2, 8))
    assert not listed_objects(values).is_certain
    for certain in (
        push_object(40, SETUP, 1),
        push_object(40, SETUP, 2),
        push_object(8, CLOCK, 2),
        push_object(7, LogicalName.parse("1.0.99.1.0.255"), 2),
        push_object(3, POWER, 2, 0, structure(enum(0), NULL)),
    ):
        found = listed_objects(array(push_object(3, POWER, 2, 7), certain))
        assert found.is_certain
        assert len(found.objects) == 2


@pytest.mark.parametrize(
    "data",
    [
        NUMBER,
        array(),
        structure(push_object(3, POWER, 2)),
        array(NUMBER),
        array(structure(NUMBER)),
        array(structure(*HEAD, NUMBER)),
        array(push_object(3, POWER, 2), NUMBER),
        array(push_object(3, POWER, 2, 7)),  # one row, rather
        array(*[push_object(3, POWER, 2)] * (MAX_PUSHED_VALUES + 1)),
    ],
)
def test_what_is_no_list_of_push_objects(data):
    assert listed_objects(data) is None


# --- Sequences


def names_of(*elements: Data) -> list[str] | None:
    sequence = read_sequence(elements)
    return None if sequence is None else [str(value.logical_name) for value in sequence.values]


def test_names_and_values_in_turn_with_or_without_units():
    sequence = read_sequence((named(POWER), NUMBER, WATT, named(IMPORT), NUMBER))
    assert sequence.values == (
        PushedValue(POWER, None, None, NUMBER, UNIT),
        PushedValue(IMPORT, None, None, NUMBER),
    )
    assert (sequence.first, sequence.last, sequence.odd, sequence.has_rows) == (None, None, (), False)


def test_a_time_in_front_is_the_clock_s():
    sequence = read_sequence((NOON, named(POWER), NUMBER))
    assert sequence.values[0] == PushedValue(CLOCK, 8, 2, NOON)
    assert sequence.first is None


def test_rows_stand_among_pairs_and_in_arrays():
    row = structure(named(IMPORT), NUMBER)
    assert names_of(named(CLOCK), NOON, row) == ["0.0.1.0.0.255", "1.0.1.8.0.255"]
    assert names_of(enum(1), array(row, row)) == ["1.0.1.8.0.255"] * 2
    assert read_sequence((enum(1), array(row, row))).first == enum(1)
    description = TypeDescription(
        DataType.STRUCTURE, (TypeDescription(DataType.OCTET_STRING), TypeDescription(DataType.DOUBLE_LONG_UNSIGNED))
    )
    assert names_of(compact_array(description, row)) == ["1.0.1.8.0.255"]


def test_an_odd_row_costs_itself_only():
    row = structure(named(IMPORT), NUMBER)
    odd = structure(named(POWER), NUMBER, NUMBER)
    sequence = read_sequence((row, odd, NULL, row, array(row, odd, row)))
    assert len(sequence.values) == 4
    assert sequence.odd == (odd, NULL, odd)


def test_more_odd_rows_than_others_are_no_rows():
    row = structure(named(IMPORT), NUMBER)
    odd = structure(NUMBER, NUMBER)
    assert names_of(row, odd) is None
    assert names_of(row, row, odd) == ["1.0.1.8.0.255"] * 2
    assert names_of(odd) is None


def test_texts_in_front_and_at_the_end_are_kept_apart():
    sequence = read_sequence((TEXT, named(POWER), NUMBER, named(IMPORT), NUMBER, octet_string(b"1234")))
    assert (sequence.first, sequence.last) == (TEXT, octet_string(b"1234"))
    assert len(sequence.values) == 2


def test_one_name_among_other_things_is_not_believed():
    assert names_of(TEXT, named(POWER), NUMBER) is None
    assert names_of(named(POWER), NUMBER, TEXT) is None
    assert names_of(TEXT, structure(named(SCRIPTS), long_unsigned(1))) is None
    assert names_of(TEXT, structure(DESCRIPTOR, NUMBER)) == ["1.0.1.7.0.255"]
    assert names_of(named(POWER), NUMBER) == ["1.0.1.7.0.255"]


def test_the_name_of_a_push_setup_has_no_value_but_itself():
    assert names_of(named(SETUP), NOON) is None
    assert names_of(named(SETUP), NUMBER, named(POWER), NUMBER) is None
    assert names_of(named(SETUP), named(SETUP), named(ALARM), NUMBER) == ["0.0.25.9.0.255", "0.0.97.98.0.255"]


@pytest.mark.parametrize(
    "elements",
    [
        (),
        (NOON,),
        (TEXT, TEXT),
        (NUMBER, named(POWER), NUMBER),
        (named(POWER),),
        (named(POWER), NUMBER, named(IMPORT)),
        (named(POWER), NUMBER, NUMBER),
        (named(POWER), NUMBER, NOON, named(IMPORT), NUMBER),
        (array(NUMBER), named(POWER), NUMBER),
        (array(), named(POWER), NUMBER),
        (array(push_object(40, SETUP, 1)), named(POWER), NUMBER),
    ],
)
def test_anything_else_is_no_sequence(elements):
    assert read_sequence(elements) is None


def test_rows_have_a_bound():
    row = structure(named(IMPORT), NUMBER)
    assert len(read_sequence((array(*[row] * MAX_PUSHED_VALUES),)).values) == MAX_PUSHED_VALUES
    assert read_sequence((array(*[row] * (MAX_PUSHED_VALUES + 1)),)) is None
    assert read_sequence((array(*[row] * MAX_PUSHED_VALUES), row, row)) is None
