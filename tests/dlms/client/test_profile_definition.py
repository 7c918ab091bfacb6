"""What a profile is. With its rows it is in test_profile_reading.py."""

from datetime import UTC

import pytest

from custom_components.cosem.dlms.client.profile_definition import ProfileDefinition, read_definition
from custom_components.cosem.dlms.client.profile_request import ProfileRequest
from custom_components.cosem.dlms.client.profile_resumption import ReadSoFar
from custom_components.cosem.dlms.errors import DataAccessError
from tests.dlms.client.profile_source import CLOCK, COLUMNS, EXPORT, PROFILE, QUARTER, START, STATUS, Source

REQUEST = ProfileRequest(logical_name=PROFILE, zone=UTC)


async def test_it_is_read_in_one_request_and_its_units_in_another():
    definition = await read_definition(Source(), REQUEST)
    assert definition.capture_objects == COLUMNS
    assert (definition.capture_period, definition.sort_method) == (900, 1)
    assert (definition.entries_in_use, definition.profile_entries) == (20, 1000)
    assert [column.unit for column in definition.columns] == [None, None, "Wh", "Wh"]
    assert (definition.clock, definition.is_in_order_of_time, definition.is_descending) == (0, True, False)


@pytest.mark.parametrize(
    ("index", "name"), [(4, "capture_period"), (5, "sort_method"), (7, "entries_in_use"), (8, "profile_entries")]
)
async def test_what_is_refused_besides_the_columns_is_the_usual(index, name):
    source = Source()
    source.odd[index] = DataAccessError(3)
    definition = await read_definition(source, REQUEST)
    assert getattr(definition, name) == getattr(ProfileDefinition(), name)


async def test_columns_without_units_ask_for_none():
    source = Source(columns=(CLOCK, STATUS))
    definition = await read_definition(source, REQUEST)
    assert [column.unit for column in definition.columns] == [None, None]
    assert source.units_asked == 0


async def test_units_of_known_columns_are_not_asked_for_again():
    source = Source()
    known = (await read_definition(source, REQUEST)).all_columns
    assert (await read_definition(source, REQUEST, known)).all_columns == known
    assert source.units_asked == 2
    source.columns = (CLOCK, STATUS, EXPORT)
    assert (await read_definition(source, REQUEST, known)).capture_objects == source.columns
    assert source.units_asked == 3


async def test_the_time_is_among_few_columns_at_its_own_place():
    request = ProfileRequest(logical_name=PROFILE, columns=(EXPORT.logical_name,))
    definition = await read_definition(Source(columns=(EXPORT, STATUS, CLOCK)), request)
    assert (definition.places, definition.clock) == ((0, 2), 1)


def progress(*times):
    so_far = ReadSoFar()
    so_far.add([(START + number * QUARTER,) for number in times], 0)
    return so_far


@pytest.mark.parametrize(
    ("sort_method", "used", "size", "times", "expected"),
    [
        (1, 20, 21, (1, 2), True),
        (1, 20, 21, (), True),
        (1, 20, 20, (1, 2), False),
        (1, None, 21, (1, 2), False),
        (1, 20, None, (1, 2), False),
        (2, 20, 21, (), False),
        (3, 20, 21, (1, 2), False),
        (None, 20, 21, (1, 2), True),
        (None, 20, 21, (), False),
        (1, 20, 21, (2, 1), False),
        (1, 20, 21, (1, 2, 1), False),
    ],
)
def test_entries_are_fixed_where_newer_ones_come_behind_them_and_there_is_room(
    sort_method, used, size, times, expected
):
    definition = ProfileDefinition(sort_method=sort_method, entries_in_use=used, profile_entries=size)
    assert definition.is_fixed(progress(*times)) is expected
