"""What the public client tells before a secret is shown again."""

import asyncio

import pytest

from custom_components.cosem.dlms.client.public_client import public_client_needs_few_services
from custom_components.cosem.dlms.errors import AssociationAborted
from tests.dlms.client.conftest import OTHER, QUICK, client_of
from tests.dlms.client.test_refused_services import UNEXPLAINED, OldMeter
from tests.dlms.scripted import PARAMETERS, ScriptedMeter, aare


async def asked(meter, parameters=OTHER):
    client = client_of(meter)
    found = await public_client_needs_few_services(client.associate, parameters, QUICK)
    await client.close()
    return found


async def test_it_needs_few_services_where_others_are_refused():
    meter = OldMeter(UNEXPLAINED["by the user"])
    assert await asked(meter) is True
    assert meter.links[0].sent[0].destination_wport == OTHER.server_wport


async def test_it_needs_no_few_services_where_all_are_taken_or_it_is_refused():
    assert await asked(ScriptedMeter()) is False
    assert await asked(ScriptedMeter(aarq=lambda _apdu: [aare(None, result=1, diagnostic=13)])) is False


async def test_it_is_not_asked_about_itself():
    meter = ScriptedMeter()
    assert await asked(meter, PARAMETERS) is False
    assert meter.links == []


async def test_a_closed_client_is_told():
    reached = asyncio.Event()

    async def connect():
        reached.set()
        await asyncio.Event().wait()

    client = client_of(ScriptedMeter(connect=connect))
    asking = asyncio.create_task(public_client_needs_few_services(client.associate, OTHER, QUICK))
    await reached.wait()
    await client.close()
    with pytest.raises(AssociationAborted):
        await asking
