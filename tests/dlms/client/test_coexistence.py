"""A meter that serves one association at a time gets them one after the other, without being told to."""

import asyncio
from dataclasses import replace

import pytest

from custom_components.cosem.dlms.apdu.acse import Mechanism
from custom_components.cosem.dlms.client.channel import with_datagrams, with_wrapper
from custom_components.cosem.dlms.client.coexistence import Coexistence
from custom_components.cosem.dlms.client.link import Timing
from custom_components.cosem.dlms.errors import AssociationRejected, ConnectionLost, DlmsError, ResponseTimeout
from custom_components.cosem.dlms.security.keys import Secret
from tests.dlms.client.conftest import OTHER
from tests.dlms.scripted import CLOCK, PARAMETERS, End, ScriptedMeter, aare
from tests.timed_client import TimedClient

TIMING = Timing(response=10, release=2, reconnect_gap=0)
REFUSAL = aare(None, result=1, diagnostic=1)
PASSWORD = replace(OTHER, mechanism=Mechanism.LLS, password=Secret(b"12345678"))


class OneAtATime(ScriptedMeter):
    """Does ``instead`` when a second association is proposed, until the first one is released; counts proposals.

    A connection that ends releases what is on it, if the meter can see that.
    """

    def __init__(self, instead, connector=with_wrapper):
        super().__init__(aarq=self.judge)
        self.instead = instead
        self.connector = connector
        self.proposals = 0
        self.open = set()
        self.pair = None

    async def connect(self):
        if self.connector is with_wrapper:
            self.open.clear()
        return await super().connect()

    def reply(self, wpdu):
        self.pair = (wpdu.source_wport, wpdu.destination_wport)
        if wpdu.apdu[0] == 0x62:
            self.open.discard(self.pair)
        return super().reply(wpdu)

    def judge(self, _apdu):
        self.proposals += 1
        if self.open - {self.pair}:
            return self.instead
        self.open.add(self.pair)
        return [aare()]


def client_of(meter):
    connector = getattr(meter, "connector", with_wrapper)
    return TimedClient("meter.example", connect=connector(meter.connect), timing=TIMING)


async def read(client, parameters, **named):
    async with client.associate(parameters, **named) as association:
        return (await association.get(CLOCK)).value


WAYS = pytest.mark.parametrize(
    ("connector", "instead", "attempts"),
    [
        pytest.param(with_wrapper, [REFUSAL], 1, id="TCP refusal"),
        pytest.param(with_wrapper, [], 1, id="TCP silence"),
        pytest.param(with_wrapper, [End()], 1, id="TCP close"),
        pytest.param(with_datagrams, [REFUSAL], 1, id="UDP refusal"),
        pytest.param(with_datagrams, [], 3, id="UDP silence"),
    ],
)
"""``attempts``: AARQs until the meter is believed."""


@WAYS
async def test_beside_a_kept_association_the_second_is_opened_alone(connector, instead, attempts):
    meter = OneAtATime(instead, connector)
    client = client_of(meter)
    assert await read(client, PARAMETERS, keep=1000) == 7
    assert await read(client, OTHER) == 7
    assert meter.proposals == 2 + attempts
    await client.close()
    assert meter.open == set()


@WAYS
async def test_what_was_learned_spares_further_attempts(connector, instead, attempts):
    meter = OneAtATime(instead, connector)
    client = client_of(meter)
    for _ in range(2):
        await read(client, PARAMETERS, keep=1000)
        await read(client, OTHER)
    assert meter.proposals <= 4 + 2 * attempts
    before = meter.proposals
    for _ in range(3):
        await read(client, PARAMETERS, keep=1000)
        await read(client, OTHER, keep=1000)
    assert meter.proposals == before + 6
    await client.close()


async def test_where_nobody_else_comes_an_association_is_kept_all_the_same():
    meter = OneAtATime([REFUSAL])
    client = client_of(meter)
    await read(client, PARAMETERS, keep=1000)
    await read(client, OTHER, keep=1000)
    before = meter.proposals
    for _ in range(3):
        await read(client, OTHER, keep=1000)
    assert meter.proposals == before
    await client.close()


async def test_users_at_the_same_time_wait_for_each_other():
    meter = OneAtATime([REFUSAL])
    client = client_of(meter)
    for _ in range(3):
        assert await asyncio.gather(read(client, PARAMETERS), read(client, OTHER)) == [7, 7]
    await client.close()


@pytest.mark.parametrize("instead", [[], [End()]], ids=["silence", "close"])
async def test_nobody_waits_for_others_whose_connection_ended_with_the_attempt(instead):
    meter = OneAtATime(instead)
    client = client_of(meter)
    async with client.associate(PARAMETERS):
        with pytest.raises((ResponseTimeout, ConnectionLost)):
            await read(client, OTHER)
    assert meter.proposals == 2
    assert await read(client, OTHER) == 7
    await client.close()


async def test_a_password_is_not_sent_again_by_itself():
    meter = OneAtATime([REFUSAL])
    client = client_of(meter)
    await read(client, PARAMETERS, keep=1000)
    with pytest.raises(AssociationRejected):
        await read(client, PASSWORD)
    assert meter.proposals == 2
    assert await read(client, PASSWORD) == 7
    assert meter.proposals == 3
    await client.close()


async def test_a_refusal_of_the_login_has_nothing_to_do_with_others():
    meter = OneAtATime([aare(None, result=1, diagnostic=13)])
    client = client_of(meter)
    await read(client, PARAMETERS, keep=1000)
    with pytest.raises(AssociationRejected):
        await read(client, OTHER)
    assert meter.proposals == 2
    await client.close()


async def test_what_fails_alone_too_is_tried_once_more_only():
    meter = ScriptedMeter(aarq=lambda _apdu: [aare()])
    client = client_of(meter)
    await read(client, PARAMETERS, keep=1000)
    proposals = []

    def refuse(apdu):
        proposals.append(apdu)
        return [REFUSAL]

    meter.aarq = refuse
    with pytest.raises(AssociationRejected):
        await read(client, OTHER)
    assert len(proposals) == 3  # beside the other one, alone, and alone with few services
    meter.aarq = lambda _apdu: [aare()]
    await read(client, PARAMETERS, keep=1000)
    await read(client, OTHER)
    assert client._coexistence.is_refused is False
    await client.close()


@pytest.mark.parametrize("error", [ConnectionLost(), ResponseTimeout("AARE", 10)])
def test_one_silence_teaches_nothing(error: DlmsError):
    known = Coexistence()
    assert known.failed(OTHER, error, beside_others=True)
    known.worked(OTHER.pair, beside_others=False)
    assert not known.is_refused
    known.worked(OTHER.pair, beside_others=True)
    assert known.failed(OTHER, error, beside_others=True)
    known.worked(OTHER.pair, beside_others=False)
    assert not known.is_refused
    assert known.failed(OTHER, error, beside_others=True)
    known.worked(OTHER.pair, beside_others=False)
    assert known.is_refused
    assert known.wants_alone(PARAMETERS.pair)
