"""An association that is lent once."""

from typing import cast

import pytest

from custom_components.cosem.dlms import Association, AssociationAborted
from custom_components.cosem.meter.lent_once import LentOnce


async def test_the_second_reading_gets_none():
    there = cast("Association", object())
    lend = LentOnce(there)
    async with lend() as association:
        assert association is there
    with pytest.raises(AssociationAborted):
        async with lend():
            pytest.fail("it was lent again")
