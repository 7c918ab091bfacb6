"""Our client reads a server whose octets come from gurux-dlms."""

from collections.abc import AsyncIterator

from async_timeout import timeout
import pytest

from custom_components.cosem.dlms import (
    AssociationParameters,
    AssociationRejected,
    AttributeDescriptor,
    DataAccessError,
    DlmsClient,
    LogicalName,
    Mechanism,
    Secret,
)
from custom_components.cosem.dlms.encoding.data import Data, plain

from .conftest import DEADLINE
from .gurux_server import NAME, PASSWORD, REGISTERS, GuruxServer

PUBLIC = AssociationParameters(client_wport=16)
READER = AssociationParameters(client_wport=2, mechanism=Mechanism.LLS, password=Secret(PASSWORD.encode()))


@pytest.fixture(params=[PUBLIC, READER], ids=["none", "password"])
def parameters(request: pytest.FixtureRequest) -> AssociationParameters:
    return request.param


@pytest.fixture(params=[64, 300, 65_535])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[GuruxServer]:
    async with timeout(DEADLINE), GuruxServer(request.param) as running:
        yield running


def attribute(class_id: int, logical_name: str, index: int = 2) -> AttributeDescriptor:
    return AttributeDescriptor(class_id, LogicalName.parse(logical_name), index)


def client(server: GuruxServer) -> DlmsClient:
    return DlmsClient("127.0.0.1", server.port)


async def test_single_attributes(server: GuruxServer, parameters: AssociationParameters):
    async with client(server).associate(parameters) as association:
        assert (await association.get(attribute(1, "0.0.42.0.0.255"))).value == NAME
        assert (await association.get(attribute(3, "1.0.1.8.3.255"))).value == 1_000_021
        assert plain(await association.get(attribute(3, "1.0.1.8.3.255", 3))) == (1, 30)
        # 13:07:23 at +02:00; the library leaves the day of week open and the status empty
        assert (await association.get(attribute(8, "0.0.1.0.0.255"))).value == bytes.fromhex("07EA070FFF0D071700FF8800")
        with pytest.raises(DataAccessError, match="object-undefined"):
            await association.get(attribute(3, "1.0.99.8.0.255"))


async def test_a_list_with_one_unknown_object(server: GuruxServer, parameters: AssociationParameters):
    wanted = [attribute(3, f"1.0.1.8.{number}.255") for number in range(REGISTERS)]
    wanted.insert(5, attribute(3, "1.0.99.8.0.255"))
    async with client(server).associate(parameters) as association:
        results = await association.get_many(wanted)

    assert isinstance(results.pop(5), DataAccessError)
    assert [result.value if isinstance(result, Data) else result for result in results] == [
        1_000_000 + 7 * number for number in range(REGISTERS)
    ]
    assert 3 in server.requests


async def test_the_object_list_in_blocks(server: GuruxServer, parameters: AssociationParameters):
    async with client(server).associate(parameters) as association:
        objects = plain(await association.get(attribute(15, "0.0.40.0.0.255")))

    assert isinstance(objects, tuple)
    assert [(item[0], item[2]) for item in objects] == [
        (class_id, LogicalName.parse(name).octets) for class_id, name in server.objects
    ]
    assert 2 in server.requests  # the client takes 2,048 octets at once, however large the server's APDUs may be


async def test_a_wrong_password_is_refused(server: GuruxServer):
    wrong = AssociationParameters(client_wport=2, mechanism=Mechanism.LLS, password=Secret(b"guessed"))
    with pytest.raises(AssociationRejected) as caught:
        async with client(server).associate(wrong):
            pass
    assert caught.value.concerns_authentication
