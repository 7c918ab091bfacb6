"""Our client reads a server whose general blocks are written by gurux-dlms, with acknowledgements of its own taste."""

from async_timeout import timeout
import pytest

from custom_components.cosem.dlms import (
    AssociationParameters,
    AttributeDescriptor,
    DlmsClient,
    LogicalName,
    decode_object_list,
)

from .conftest import DEADLINE
from .gurux_block_server import GuruxBlockServer
from .gurux_server import REGISTERS

PARAMETERS = AssociationParameters(client_wport=16)
OBJECT_LIST = AttributeDescriptor(15, LogicalName.parse("0.0.40.0.0.255"), 2)


def register(number: int) -> AttributeDescriptor:
    return AttributeDescriptor(3, LogicalName.parse(f"1.0.1.8.{number}.255"), 2)


@pytest.mark.parametrize("pdu_size", [64, 200, 300, 1000])
async def test_long_answers_come_in_general_blocks(pdu_size: int):
    async with timeout(DEADLINE), GuruxBlockServer(pdu_size) as server:
        client = DlmsClient("127.0.0.1", server.port)
        async with client.associate(PARAMETERS) as association:
            listed = await association.get(OBJECT_LIST)
            names = {str(each.logical_name) for each in decode_object_list(listed)}
            assert {f"1.0.1.8.{number}.255" for number in range(REGISTERS)} < names
            values = await association.get_many([register(number) for number in range(REGISTERS)])
            assert [each.value for each in values] == [1_000_000 + 7 * number for number in range(REGISTERS)]
        assert server.general_blocks > 2
