"""Our client reads a server whose octets come from gurux-dlms."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import timedelta
from decimal import Decimal
from typing import Any

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
    ProfileRequest,
    ProfileRow,
    Secret,
)
from custom_components.cosem.dlms.encoding.data import Data, plain

from .conftest import DEADLINE
from .gurux_server import NAME, PASSWORD, REGISTERS, ROWS, START, GuruxServer

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


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [
        ({"entries": (3, 5)}, [2, 3, 4]),
        ({"entries": (38, 0)}, [37, 38, 39]),
        ({"since": START + timedelta(hours=1), "until": START + timedelta(hours=2)}, [4, 5, 6, 7, 8]),
        ({}, [*range(ROWS)]),
    ],
    ids=["entries", "to the end", "times", "all"],
)
async def test_rows_of_a_profile(
    server: GuruxServer, parameters: AssociationParameters, asked: dict[str, Any], numbers: list[int]
):
    """By entry, where the library takes the last one for a count; by times through entries: it fails on dates."""
    request = ProfileRequest(logical_name=LogicalName.parse("1.0.99.1.0.255"), **asked)
    reader = client(server)
    rows: list[ProfileRow] = []
    reading = reader.read_profile(lambda: reader.associate(parameters), parameters.pair, request)
    async with aclosing(reading.rows()) as batches:
        async for batch in batches:
            rows += batch
    assert rows == [(START + number * timedelta(minutes=15), Decimal(5000 + number)) for number in numbers]
    assert [column.unit for column in reading.columns] == [None, "Wh"]
