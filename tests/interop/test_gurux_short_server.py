"""Our client reads and writes a server with short names whose octets come from gurux-dlms."""

from collections.abc import AsyncIterator
from dataclasses import replace

from async_timeout import timeout
import pytest

from custom_components.cosem.dlms import (
    CURRENT_OBJECT_LIST,
    AssociationRejected,
    DataAccessError,
    DlmsError,
    Leniency,
    Referencing,
    decode_object_list,
)
from custom_components.cosem.dlms.encoding.data import Data, double_long_unsigned, octet_string, plain

from .conftest import DEADLINE
from .gurux_server import NAME, REGISTERS
from .gurux_short_server import ShortServer
from .test_gurux_server import PUBLIC, READER, attribute, client

SHORT = replace(PUBLIC, referencing=Referencing.SHORT_NAME)
AUTOMATIC = replace(READER, referencing=Referencing.AUTOMATIC)


@pytest.fixture(params=[128, 65_535])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[ShortServer]:
    async with timeout(DEADLINE), ShortServer(request.param) as running:
        yield running


@pytest.mark.parametrize("parameters", [SHORT, AUTOMATIC], ids=["none", "password"])
async def test_reads_and_lists(server: ShortServer, parameters: object):
    wanted = [attribute(3, f"1.0.1.8.{number}.255") for number in range(REGISTERS)]
    async with client(server).associate(parameters) as association:
        assert (await association.get(attribute(1, "0.0.42.0.0.255"))).value == NAME
        objects = decode_object_list(await association.get(CURRENT_OBJECT_LIST))
        assert {(item.class_id, str(item.logical_name)) for item in objects} == {
            *((class_id, name) for class_id, name in server.objects if class_id != 15),
            (12, "0.0.40.0.0.255"),
        }
        results = await association.get_many([*wanted, attribute(3, "1.0.99.8.0.255")])
        assert plain(await association.get(attribute(3, "1.0.1.8.3.255", 3))) == (1, 30)
        in_blocks = Leniency.READ_BLOCKS_WITHOUT_COUNT in association.leniencies
    assert isinstance(results.pop(), DataAccessError)
    assert [result.value if isinstance(result, Data) else result for result in results] == [
        1_000_000 + 7 * number for number in range(REGISTERS)
    ]
    assert in_blocks == (server.pdu_size == 128)


async def test_writes(server: ShortServer):
    register, clock = attribute(3, "1.0.1.8.3.255"), attribute(8, "0.0.1.0.0.255")
    async with client(server).associate(SHORT) as association:
        await association.set(register, double_long_unsigned(7))
        assert await association.set_many([(register, double_long_unsigned(8)), (clock, octet_string(b"12"))]) == [
            None,
            None,
        ]
    base = next(name for name, item in server.by_short_name.items() if str(item.logicalName) == "1.0.1.8.3.255")
    assert [(name, value) for name, value in server.written if name == base + 8] == [(base + 8, 7), (base + 8, 8)]
    assert len(server.written) == 3


async def test_logical_names_are_refused_for_their_context(server: ShortServer):
    with pytest.raises(AssociationRejected, match="application context name not supported"):
        async with client(server).associate(PUBLIC):
            pass


async def test_blocks_as_the_library_cuts_them_are_no_value():
    """gurux-dlms 1.0.203 counts the octets in front of the value, sends as many of it, and says that this was all.

    The rest is never sent, so there is nothing that a client could join. It is an error; what is short still has a
    value.
    """
    async with (
        timeout(DEADLINE),
        ShortServer(128, cuts=False) as server,
        client(server).associate(SHORT) as association,
    ):
        with pytest.raises(DlmsError):
            await association.get(CURRENT_OBJECT_LIST)
        block = server.answered[-1]
        assert (block[:7], len(block)) == (bytes.fromhex("0C010201000104"), 11)
        assert (await association.get(attribute(1, "0.0.42.0.0.255"))).value == NAME
