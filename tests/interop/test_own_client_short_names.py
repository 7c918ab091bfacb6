"""Our client reads simulated meters by short names: without security, by password, under every protection.

The meter's short names are its own (tests/simulated_meter/short_names.py, octets by hand).
"""

from dataclasses import replace
from typing import Any

import pytest

from custom_components.cosem.dlms import (
    CURRENT_OBJECT_LIST,
    AssociationParameters,
    AttributeDescriptor,
    Data,
    DataAccessError,
    Envelope,
    Leniency,
    LogicalName,
    Mechanism,
    ProofRefused,
    Protection,
    Referencing,
    Secret,
    Selection,
    decode_object_list,
    learn_invocation_counter,
    settle,
)
from custom_components.cosem.dlms.encoding.data import double_long_unsigned, long_unsigned, structure
from tests.interop.test_own_client_secured_meter import (
    ENERGY,
    EVERY_CLIENT,
    GMAC,
    LOAD_PROFILE,
    POWERS,
    House,
    for_client,
    parameters_of,
    secured,
)
from tests.simulated_meter.profile import DEFAULT_PASSWORD, MeterProfile, Referencing as MeterReferencing
from tests.simulated_meter.security_profile import ShortNameProof
from tests.simulated_meter.short_names import JoinedForm

PASSWORD = AssociationParameters(
    client_wport=2,
    mechanism=Mechanism.LLS,
    password=Secret.from_text(DEFAULT_PASSWORD),
    referencing=Referencing.AUTOMATIC,
)


def short(profile: MeterProfile, referencing: MeterReferencing = MeterReferencing.SHORT) -> MeterProfile:
    return profile.with_quirks(referencing=referencing)


def household(**changes: Any) -> MeterProfile:
    return short(replace(MeterProfile(), history_days=2, **changes))


class ShortHouse(House):
    """A meter that knows short names, and a client that finds that out."""

    def associate(self, wport: int, referencing: Referencing = Referencing.AUTOMATIC, **changes: object):
        parameters = replace(parameters_of(self.meter, wport, **changes), referencing=referencing)
        return self.client.associate(parameters, security_state=self.state)

    @property
    def contexts(self) -> list[int]:
        """Of each AARQ."""
        names = bytes.fromhex("608574050801")
        aarqs = [request.apdu for request in self.meter.log if request.apdu[0] == 0x60]
        return [apdu[apdu.index(names) + len(names)] for apdu in aarqs]

    async def everything(self, parameters: AssociationParameters) -> list[AttributeDescriptor]:
        """Read the value of every object of the list, and compare with the truth; return what was read."""
        async with self.client.associate(parameters) as association:
            listed = decode_object_list(await association.get(CURRENT_OBJECT_LIST))
            asked = [AttributeDescriptor(item.class_id, item.logical_name, 2) for item in listed if item.class_id != 12]
            values = await association.get_many(asked)
        for attribute, value in zip(asked, values, strict=True):
            assert isinstance(value, Data)
            assert value == self.meter.truth(
                attribute.logical_name, attribute.attribute_index, class_id=attribute.class_id, client_wport=2
            )
        return asked


@pytest.mark.parametrize("size", [64, 128, 1024])
@pytest.mark.parametrize("joined", JoinedForm)
async def test_every_object_is_read_whole_and_in_blocks(size: int, joined: JoinedForm):
    house = ShortHouse(household(max_pdu_size=size))
    for dispatcher in house.meter.dispatchers.values():
        dispatcher.short_names.joined = joined
    assert len(await house.everything(PASSWORD)) > 50
    assert house.contexts == [1, 2]
    await house.everything(PASSWORD)
    assert house.contexts == [1, 2, 2]


async def test_meter_with_both_is_asked_by_logical_names_unless_told_otherwise():
    house = ShortHouse(short(household(), MeterReferencing.BOTH))
    contexts = {Referencing.AUTOMATIC: 1, Referencing.SHORT_NAME: 2, Referencing.LOGICAL_NAME: 1}
    for referencing, context in contexts.items():
        async with house.client.associate(replace(PASSWORD, referencing=referencing)) as association:
            assert await association.get(ENERGY) == house.truth(ENERGY)
        assert house.contexts[-1] == context
    assert len(house.contexts) == 3


async def test_lists_of_a_meter_that_knows_none():
    house = ShortHouse(household().with_quirks(with_list=False))
    async with house.client.associate(PASSWORD) as association:
        for attribute, value in zip(POWERS, await association.get_many(POWERS), strict=True):
            assert value == house.truth(attribute)


async def test_rows_by_entry():
    house = ShortHouse(household())
    entries = structure(double_long_unsigned(1), double_long_unsigned(3), long_unsigned(1), long_unsigned(0))
    async with house.client.associate(PASSWORD) as association:
        rows = await association.get_rows(LOAD_PROFILE, Selection(2, entries))
        assert len(rows) == 3
        assert len(await association.get_rows(LOAD_PROFILE)) > 3


async def test_object_that_the_list_does_not_have():
    house = ShortHouse(household())
    unknown = ENERGY._replace(logical_name=LogicalName.parse("1.0.99.99.99.255"))
    async with house.client.associate(PASSWORD) as association:
        value, error = await association.get_many([ENERGY, unknown])
    assert value == house.truth(ENERGY)
    assert isinstance(error, DataAccessError)


# -- with security


@pytest.mark.parametrize("wport", EVERY_CLIENT)
async def test_every_client_of_the_profile_gets_in_reads_and_releases(wport: int):
    house = ShortHouse(short(secured()))
    await house.reads(wport)
    asked = len(house.contexts)
    await house.reads(wport)
    assert house.contexts[asked:] in ([2], [4])


@pytest.mark.parametrize("envelope", [Envelope.SERVICE_SPECIFIC, Envelope.GENERAL])
@pytest.mark.parametrize("dedicated", [False, True])
@pytest.mark.parametrize("protection", [Protection.AUTHENTICATED, Protection.AUTHENTICATED_ENCRYPTED])
async def test_protections(envelope: Envelope, dedicated: bool, protection: Protection):
    house = ShortHouse(for_client(short(secured()), GMAC, policy=0))
    await house.reads(GMAC, envelope=envelope, use_dedicated_key=dedicated, protection=protection)
    kinds = {request.apdu[0] for request in house.meter.log} - {0x60, 0x62}
    own = 0x45 if dedicated else 0x25
    assert kinds == ({own} if envelope is Envelope.SERVICE_SPECIFIC else {0xDC if dedicated else 0xDB})


async def test_profile_in_blocks_under_protection():
    house = ShortHouse(replace(short(secured()), max_pdu_size=512))
    async with house.associate(GMAC) as association:
        assert await association.get(LOAD_PROFILE) == house.truth(LOAD_PROFILE)


@pytest.mark.parametrize(
    ("form", "leniency"),
    [
        (ShortNameProof.READ, None),
        (ShortNameProof.READ_SELECTOR_0, Leniency.PROOF_READ_WITH_SELECTOR_0),
        (ShortNameProof.WRITTEN, Leniency.PROOF_WRITTEN),
    ],
)
@pytest.mark.parametrize("referencing", [Referencing.AUTOMATIC, Referencing.SHORT_NAME])
async def test_proof_in_the_form_that_the_meter_takes(
    form: ShortNameProof, leniency: Leniency | None, referencing: Referencing
):
    house = ShortHouse(short(secured(short_name_proof=form)))
    for _ in range(2):
        async with house.associate(GMAC, referencing) as association:
            assert await association.get(ENERGY) == house.truth(ENERGY)
            assert association.leniencies == ({leniency} if leniency else set())
    asked = len(house.contexts)
    async with house.associate(GMAC, referencing) as association:
        assert await association.get(ENERGY) == house.truth(ENERGY)
    assert len(house.contexts) == asked + 1


async def test_wrong_secret_is_one_proof_only():
    house = ShortHouse(short(secured()))
    wport = next(
        client.wport for client in house.meter.profile.clients if client.security and client.security.mechanism == 3
    )
    right = parameters_of(house.meter, wport)
    wrong = replace(right, hls_secret=Secret(b"wrong"), referencing=Referencing.SHORT_NAME)
    with pytest.raises(ProofRefused) as caught:
        async with house.client.associate(wrong, security_state=house.state):
            pass
    assert caught.value.concerns_authentication
    assert len(house.contexts) == 1


async def test_counter_is_asked_for_by_short_names():
    house = ShortHouse(short(secured()))
    await house.reads(GMAC)
    parameters = replace(parameters_of(house.meter, GMAC), referencing=Referencing.AUTOMATIC)
    counter = await learn_invocation_counter(house.client, server_wport=1, referencing=Referencing.AUTOMATIC)
    assert counter == house.state.next_value
    await settle(house.client, parameters, house.state)
    assert house.contexts[0] in {1, 3}
    assert set(house.contexts[1:]) <= {2, 4}
