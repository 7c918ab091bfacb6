"""Our client writes and executes what is too long, to a server whose general blocks are read by gurux-dlms."""

from async_timeout import timeout
import pytest

from custom_components.cosem.dlms import ActionError, AssociationParameters, DataAccessError, DlmsClient
from custom_components.cosem.dlms.encoding.data import double_long_unsigned, octet_string

from .conftest import DEADLINE
from .gurux_block_writing_server import BlockWritingGuruxServer
from .test_gurux_writing_server import IMAGE, KNOWN, LONG, NAME, NO_METHOD, RELAY, THRESHOLD, UNKNOWN

PUBLIC = AssociationParameters(client_wport=16)


@pytest.mark.parametrize(("pdu_size", "window"), [(64, 1), (200, 1), (200, 3)])
async def test_long_set_and_action_go_in_general_blocks(pdu_size: int, window: int):
    async with timeout(DEADLINE), BlockWritingGuruxServer(KNOWN, pdu_size) as server:
        server.window = window
        async with DlmsClient("127.0.0.1", server.port).associate(PUBLIC) as association:
            await association.set(NAME, octet_string(LONG))
            assert await association.action(IMAGE, octet_string(LONG)) is None
            await association.set(THRESHOLD, double_long_unsigned(7))
            with pytest.raises(DataAccessError, match="object-undefined"):
                await association.set(UNKNOWN, octet_string(LONG))
            with pytest.raises(ActionError, match="object-undefined"):
                await association.action(NO_METHOD, octet_string(LONG))
            assert await association.action(RELAY) is None
        assert server.blocks >= 4 * len(LONG) / pdu_size
    assert [each[0][0] for each in server.told] == [20, 18, 71, 70]
    assert [bytes(value) for _, value in server.told[:2]] == [LONG, LONG]
