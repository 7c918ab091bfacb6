"""Our client writes to a server whose octets are read by gurux-dlms, and executes."""

from collections.abc import AsyncIterator

from async_timeout import timeout
import pytest

from custom_components.cosem.dlms import (
    ActionError,
    AssociationParameters,
    AttributeDescriptor,
    DataAccessError,
    DlmsClient,
    LogicalName,
    MethodDescriptor,
)
from custom_components.cosem.dlms.encoding.data import double_long_unsigned, integer, octet_string

from .conftest import DEADLINE
from .gurux_writing_server import WritingGuruxServer

PUBLIC = AssociationParameters(client_wport=16)
THRESHOLD = AttributeDescriptor(71, LogicalName.parse("0.0.17.0.0.255"), 4)
NAME = AttributeDescriptor(20, LogicalName.parse("0.0.13.0.0.255"), 6)
UNKNOWN = AttributeDescriptor(71, LogicalName.parse("0.0.17.9.0.255"), 4)
RELAY = MethodDescriptor(70, LogicalName.parse("0.0.96.3.10.255"), 1)
IMAGE = MethodDescriptor(18, LogicalName.parse("0.0.44.0.0.255"), 2)
NO_METHOD = MethodDescriptor(9, LogicalName.parse("0.0.10.0.99.255"), 1)
KNOWN = {(target[0], str(target[1]), target[2]) for target in (THRESHOLD, NAME, RELAY, IMAGE)}
LONG = bytes(range(250)) * 2


@pytest.fixture(params=[64, 300, 65_535])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[WritingGuruxServer]:
    async with timeout(DEADLINE), WritingGuruxServer(KNOWN, request.param) as running:
        yield running


async def test_set_whole_in_blocks_and_as_a_list(server: WritingGuruxServer):
    async with DlmsClient("127.0.0.1", server.port).associate(PUBLIC) as association:
        await association.set(THRESHOLD, double_long_unsigned(7))
        await association.set(NAME, octet_string(LONG))
        with pytest.raises(DataAccessError, match="object-undefined"):
            await association.set(UNKNOWN, double_long_unsigned(7))
        items = [(NAME, octet_string(LONG)), (UNKNOWN, integer(1)), (THRESHOLD, double_long_unsigned(8))]
        results = await association.set_many(items)
    assert [result and result.result for result in results] == [None, 4, None]
    assert [value if isinstance(value, int) else bytes(value) for _, value in server.told] == [7, LONG, LONG, 8]
    assert ({2, 3, 5} <= set(server.kinds)) == (server.pdu_size < 500)


async def test_action_whole_in_blocks_and_as_a_list(server: WritingGuruxServer):
    async with DlmsClient("127.0.0.1", server.port).associate(PUBLIC) as association:
        assert await association.action(RELAY, integer(0)) is None
        assert await association.action(IMAGE, octet_string(LONG)) is None
        assert await association.action(RELAY) is None
        with pytest.raises(ActionError, match="object-undefined"):
            await association.action(NO_METHOD)
        found = await association.action_many([(IMAGE, octet_string(LONG)), (NO_METHOD, None), (RELAY, integer(1))])
    assert [isinstance(each, ActionError) for each in found] == [False, True, False]
    assert [each[0][0] for each in server.told] == [70, 18, 70, 18, 70]
    assert {bytes(value) for target, value in server.told if target[0] == 18} == {LONG}
    assert ({4, 5, 6} <= set(server.kinds)) == (server.pdu_size < 500)
