"""What the public client tells of the association objects."""

import pytest

from custom_components.cosem.dlms.client.association_objects import read_association_objects
from tests.dlms.client.test_proof_forms import instance, partners_of
from tests.dlms.scripted import PARAMETERS, values


@pytest.mark.parametrize(
    ("clients", "expected"),
    [({}, []), ({1: 16, 2: 1}, [2, 1]), ({1: 16, 2: 2}, [1, 2]), ({4: None, 5: 1}, [5, 4])],
)
async def test_objects_of_our_client_come_first(client, meter, clients, expected):
    meter.get = partners_of(clients)
    async with client.associate(PARAMETERS) as association:
        assert await read_association_objects(association, 1) == [instance(number) for number in expected]


@pytest.mark.parametrize("partners", ["00", "0200", "02010901AA", "0101 0F01", "11 01"])
async def test_partners_that_make_no_sense_are_nobody(client, meter, partners):
    listed = partners_of({1: 1, 2: 1})
    meter.get = lambda apdu: (
        listed(apdu) if apdu[1] == 1 else [values(bytes.fromhex(partners), bytes([2, 2, 15, 1, 18, 0, 1]))]
    )
    async with client.associate(PARAMETERS) as association:
        assert await read_association_objects(association, 1) == [instance(2), instance(1)]
