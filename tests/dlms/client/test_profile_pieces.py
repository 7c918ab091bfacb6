"""Rows out of pieces of any length. With a meter it is in test_profile_reading.py."""

import asyncio
from contextlib import aclosing
from datetime import UTC
from itertools import chain
import tracemalloc

import pytest

from custom_components.cosem.dlms.client.profile_definition import ProfileDefinition
from custom_components.cosem.dlms.client.profile_filter import WantedRows
from custom_components.cosem.dlms.client.profile_pieces import wanted_rows
from custom_components.cosem.dlms.client.profile_request import ProfileRequest
from custom_components.cosem.dlms.client.profile_resumption import ReadSoFar
from custom_components.cosem.dlms.encoding.data import array, encode_data_octets, structure
from custom_components.cosem.dlms.errors import ConnectionLost, DecodeError
from custom_components.cosem.dlms.interface_classes.profile_columns import ProfileColumn
from tests.dlms.client.profile_source import COLUMNS, PROFILE, row

ROWS = 20_000
EVERYTHING = encode_data_octets(array(*[structure(*row(number)) for number in range(ROWS)]))


def wanted():
    definition = ProfileDefinition(all_columns=tuple(map(ProfileColumn, COLUMNS)), places=tuple(range(len(COLUMNS))))
    return WantedRows(ProfileRequest(logical_name=PROFILE, zone=UTC), definition, definition.places, ReadSoFar())


async def pieces(*octets, error=None):
    for each in octets:
        yield each
    if error is not None:
        raise error


async def batches_of(*octets, error=None, found=None):
    found = [] if found is None else found
    async with aclosing(wanted_rows(pieces(*octets, error=error), wanted())) as batches:
        async for batch in batches:
            found.append([each[3] for each in batch])
    return found


@pytest.mark.parametrize("size", [1000, 4096, 5000, len(EVERYTHING)])
async def test_the_length_of_pieces_changes_no_row(size):
    found = await batches_of(*[EVERYTHING[at : at + size] for at in range(0, len(EVERYTHING), size)])
    assert [*chain(*found)] == [*range(ROWS)]
    assert 256 <= max(map(len, found)) < 600


async def test_others_have_their_turn_while_a_long_piece_becomes_rows():
    turns = 0

    async def others():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    neighbour = asyncio.create_task(others())
    batches = await batches_of(EVERYTHING)
    neighbour.cancel()
    assert turns > len(batches) > ROWS / 600


async def test_a_long_piece_is_never_there_as_rows_as_a_whole():
    tracemalloc.start()
    try:
        async with aclosing(wanted_rows(pieces(EVERYTHING), wanted())) as batches:
            async for _batch in batches:
                pass
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < len(EVERYTHING)  # as rows it is 20 times as much


async def test_what_came_before_a_drop_is_handed_out():
    found = []
    with pytest.raises(ConnectionLost):
        await batches_of(EVERYTHING[:10_000], error=ConnectionLost(), found=found)
    assert [*chain(*found)] == [*range((10_000 - 4) // 28)]
    with pytest.raises(ConnectionLost):
        await batches_of(error=ConnectionLost())


async def test_octets_that_are_missing_are_an_error():
    with pytest.raises(DecodeError):
        await batches_of(EVERYTHING[:-1])
