"""Our client writes to the simulated meter and executes, by short names: whole, in lists, in blocks, unconfirmed."""

from dataclasses import replace

import pytest

from custom_components.cosem.dlms import (
    ActionError,
    DataAccessError,
    LogicalName,
    MethodDescriptor,
)
from custom_components.cosem.dlms.encoding.data import NULL, integer
from tests.interop.test_own_client_secured_meter import EVERY_CLIENT, secured
from tests.interop.test_own_client_short_names import ShortHouse, short
from tests.interop.test_own_client_writes import (
    BUFFER,
    DURATION,
    ENERGY,
    LONG,
    ONE_ROW,
    RELAY_OFF,
    SEVEN,
    STORE,
    THRESHOLD,
    device,
)
from tests.simulated_meter.profile import Level


def managing(size: int = 1024) -> ShortHouse:
    """A meter whose every client may do anything."""
    profile = secured()
    clients = tuple(replace(client, level=Level.MANAGE) for client in profile.clients)
    return ShortHouse(short(replace(profile, clients=clients, max_pdu_size=size)))


@pytest.mark.parametrize("wport", EVERY_CLIENT)
async def test_every_client_writes_and_executes(wport: int):
    house = managing(size=256)
    async with house.associate(wport) as association:
        await association.set(THRESHOLD, SEVEN)
        await association.set(STORE, LONG)
        results = await association.set_many([(DURATION, SEVEN), (THRESHOLD, LONG), (STORE, LONG)])
        assert [result and result.result for result in results] == [None, 12, None]
        assert await association.action(RELAY_OFF, integer(0)) is None
    assert [house.truth(attribute) for attribute in (THRESHOLD, DURATION, STORE)] == [SEVEN, SEVEN, LONG]
    assert len(device(house).done) == 5


async def test_a_part_of_a_buffer_cannot_be_written_and_the_result_arrives():
    house = managing()
    async with house.associate(1) as association:
        for attribute, code in ((BUFFER, 3), (THRESHOLD, 13)):
            with pytest.raises(DataAccessError) as refusal:
                await association.set(attribute, SEVEN, ONE_ROW)
            assert refusal.value.result == code
    assert device(house).done == []


@pytest.mark.parametrize("size", [64, 127, 128, 129, 255, 256, 257, 300])
async def test_blocks_fit_every_size(size: int):
    house = managing(size)
    async with house.associate(1) as association:
        await association.set(STORE, LONG)
        assert await association.get(STORE) == LONG
    assert house.truth(STORE) == LONG
    assert max(len(request.apdu) for request in house.meter.log if request.apdu[0] in {0x25, 0x26}) <= size


async def test_refusals_are_raised_and_change_nothing():
    house = managing()
    async with house.associate(1) as association:
        with pytest.raises(DataAccessError, match="read-write-denied"):
            await association.set(ENERGY, SEVEN)
        with pytest.raises(ActionError):
            await association.action(RELAY_OFF, NULL)
        unknown = MethodDescriptor(9, LogicalName.parse("0.0.10.0.99.255"), 1)
        with pytest.raises(DataAccessError, match="object-undefined"):
            await association.action(unknown)
        assert await association.get(ENERGY) == house.truth(ENERGY)
    assert device(house).done == []


async def test_without_an_answer():
    house = managing()
    async with house.associate(1) as association:
        await association.set_unconfirmed(THRESHOLD, SEVEN)
        await association.action_unconfirmed(RELAY_OFF, integer(0))
        assert await association.get(THRESHOLD) == SEVEN
    assert len(device(house).done) == 2
    assert [request.apdu[0] for request in house.meter.log].count(0x36) == 2
