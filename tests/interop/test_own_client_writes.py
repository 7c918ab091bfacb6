"""Our client writes to the simulated meter and executes: every form, under every protection. In memory, no sockets."""

from dataclasses import replace

import pytest

from custom_components.cosem.dlms import (
    ActionError,
    AttributeDescriptor,
    Data,
    DataAccessError,
    LogicalName,
    MethodDescriptor,
    OutcomeUnknown,
    Selection,
)
from custom_components.cosem.dlms.encoding.data import (
    NULL,
    double_long_unsigned,
    integer,
    long_unsigned,
    octet_string,
    structure,
)
from custom_components.cosem.dlms.protocol.leniencies import Leniency
from tests.simulated_meter.objects import LogicalDevice
from tests.simulated_meter.profile import Level, ResultForm, ReturnForm

from .test_own_client_secured_meter import EVERY_CLIENT, SHORT, House, secured

THRESHOLD = AttributeDescriptor(71, LogicalName.parse("0.0.17.0.0.255"), 4)
DURATION = AttributeDescriptor(71, LogicalName.parse("0.0.17.0.0.255"), 6)
STORE = AttributeDescriptor(20, LogicalName.parse("0.0.13.0.0.255"), 6)
ENERGY = AttributeDescriptor(3, LogicalName.parse("1.0.1.8.0.255"), 2)
BUFFER = AttributeDescriptor(7, LogicalName.parse("1.0.99.1.0.255"), 2)
ONE_ROW = Selection(2, structure(*map(double_long_unsigned, (1, 1)), *map(long_unsigned, (1, 0))))
ECHO = MethodDescriptor(20, LogicalName.parse("0.0.13.0.0.255"), -1)
RELAY_OFF = MethodDescriptor(70, LogicalName.parse("0.0.96.3.10.255"), 1)
SEVEN = double_long_unsigned(7)
LONG = octet_string(bytes(range(250)) * 3)


def managing(size: int = 1024, **quirks: object) -> House:
    """A meter whose every client may do anything."""
    profile = secured()
    clients = tuple(replace(client, level=Level.MANAGE) for client in profile.clients)
    return House(replace(profile, clients=clients, max_pdu_size=size).with_quirks(**quirks))


def device(house: House) -> LogicalDevice:
    return house.meter.devices[1]


@pytest.mark.parametrize("wport", EVERY_CLIENT)
async def test_every_client_writes_and_executes_in_all_forms(wport: int):
    house = managing(size=256)
    async with house.associate(wport) as association:
        await association.set(THRESHOLD, SEVEN)
        await association.set(STORE, LONG)
        results = await association.set_many([(DURATION, SEVEN), (THRESHOLD, LONG), (STORE, LONG)])
        assert [result and result.result for result in results] == [None, 12, None]
        assert await association.action(RELAY_OFF, integer(0)) is None
        assert await association.action(ECHO, LONG) == LONG
        first, refused, last = await association.action_many([(ECHO, SEVEN), (RELAY_OFF, NULL), (ECHO, LONG)])
        assert (first, last) == (SEVEN, LONG)
        assert isinstance(refused, ActionError)
        assert refused.result == 12
    assert [house.truth(attribute) for attribute in (THRESHOLD, DURATION, STORE)] == [SEVEN, SEVEN, LONG]
    assert len(device(house).done) == 8


@pytest.mark.parametrize("size", [64, 127, 128, 129, 255, 256, 257, 300])
async def test_blocks_fit_every_size(size: int):
    house = managing(size)
    async with house.associate(1) as association:
        await association.set(STORE, LONG)
        assert await association.action(ECHO, LONG) == LONG
    assert house.truth(STORE) == LONG
    assert max(len(request.apdu) for request in house.meter.log if request.kind in {"set", "action"}) <= size


async def test_refusals_are_raised_and_change_nothing():
    house = managing()
    async with house.associate(1) as association:
        with pytest.raises(DataAccessError, match="read-write-denied"):
            await association.set(ENERGY, SEVEN)
        with pytest.raises(ActionError, match="object-undefined"):
            await association.action(MethodDescriptor(9, LogicalName.parse("0.0.10.0.99.255"), 1))
        assert await association.get(ENERGY) == house.truth(ENERGY)
    assert device(house).done == []


@pytest.mark.parametrize(
    "quirks",
    [
        {"set_result": ResultForm.LIST},
        {"set_result": ResultForm.WHOLE},
        {"surplus_after_set_block": 3},
        {"returned_in_blocks": ReturnForm.GET_DATA_RESULT},
        {"returned_in_blocks": ReturnForm.DATA},
    ],
    ids=str,
)
async def test_meters_that_answer_blocks_in_their_own_form(quirks: dict[str, object]):
    house = managing(100, **quirks)
    async with house.associate(1) as association:
        await association.set(STORE, LONG)
        assert await association.set_many([(STORE, LONG), (THRESHOLD, SEVEN)]) == [None, None]
        assert await association.action(ECHO, LONG) == LONG
    assert [house.truth(STORE), house.truth(THRESHOLD)] == [LONG, SEVEN]


async def test_a_refusal_without_the_octet_behind_it_is_understood():
    house = managing(short_action_refusal=True)
    async with house.associate(1) as association:
        with pytest.raises(ActionError, match="object-undefined"):
            await association.action(MethodDescriptor(9, LogicalName.parse("0.0.10.0.99.255"), 1))
        assert await association.action(ECHO, SEVEN) == SEVEN
        assert Leniency.SURPLUS_OCTET not in association.leniencies


@pytest.mark.parametrize("wport", [1, 2, 9])
@pytest.mark.parametrize("service", ["set", "action"])
async def test_f62_a_lost_answer_is_an_unknown_outcome_and_nothing_is_done_twice(wport: int, service: str):
    house = House(managing().meter.profile, timing=SHORT)
    async with house.associate(wport) as association:
        house.strike("answer-lost", on="any")
        with pytest.raises(OutcomeUnknown):
            if service == "set":
                await association.set(THRESHOLD, SEVEN)
            else:
                await association.action(RELAY_OFF, integer(0))
    assert len(device(house).done) == 1


@pytest.mark.parametrize("wport", EVERY_CLIENT)
@pytest.mark.parametrize("value", [SEVEN, LONG], ids=["whole", "blocks"])
async def test_a_part_of_a_buffer_cannot_be_written_and_the_result_arrives(wport: int, value: Data):
    house = managing(size=256)
    async with house.associate(wport) as association:
        for attribute, code in ((BUFFER, 3), (THRESHOLD, 13)):
            with pytest.raises(DataAccessError) as refusal:
                await association.set(attribute, value, ONE_ROW)
            assert refusal.value.result == code
        await association.set(THRESHOLD, SEVEN)
    assert [done.target for done in device(house).done] == [THRESHOLD]
