"""What a profile is. With its rows it is in test_profile_reading.py."""

from datetime import UTC

import pytest

from custom_components.cosem.dlms.client.profile_definition import ProfileDefinition, read_definition
from custom_components.cosem.dlms.client.profile_request import ProfileRequest, ProfileWays
from custom_components.cosem.dlms.errors import DataAccessError
from tests.dlms.client.profile_source import CLOCK, COLUMNS, EXPORT, PROFILE, STATUS, Source

REQUEST = ProfileRequest(logical_name=PROFILE, zone=UTC)


async def test_it_is_read_in_one_request_and_its_units_in_another():
    definition = await read_definition(Source(), REQUEST, ProfileWays())
    assert definition.capture_objects == COLUMNS
    assert (definition.capture_period, definition.sort_method, definition.entries_in_use) == (900, 1, 20)
    assert [column.unit for column in definition.columns] == [None, None, "Wh", "Wh"]
    assert (definition.clock, definition.is_in_order_of_time, definition.is_descending) == (0, True, False)


@pytest.mark.parametrize(("index", "name"), [(4, "capture_period"), (5, "sort_method"), (7, "entries_in_use")])
async def test_what_is_refused_besides_the_columns_is_the_usual(index, name):
    source = Source()
    source.odd[index] = DataAccessError(3)
    definition = await read_definition(source, REQUEST, ProfileWays())
    assert getattr(definition, name) == getattr(ProfileDefinition(), name)


async def test_columns_without_units_ask_for_none():
    source = Source(columns=(CLOCK, STATUS))
    definition = await read_definition(source, REQUEST, ProfileWays())
    assert [column.unit for column in definition.columns] == [None, None]
    assert source.units_asked == 0


async def test_the_time_is_among_few_columns_at_its_own_place():
    request = ProfileRequest(logical_name=PROFILE, columns=(EXPORT.logical_name,))
    definition = await read_definition(Source(columns=(EXPORT, STATUS, CLOCK)), request, ProfileWays())
    assert (definition.places, definition.clock) == ((0, 2), 1)
