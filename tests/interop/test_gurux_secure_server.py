"""Our client reads a server with the codec and cipher of gurux-dlms: HLS-GMAC, suites, A, E, AE, dedicated keys."""

from typing import Any

from async_timeout import timeout
import pytest

from custom_components.cosem.dlms import (
    AssociationParameters,
    AssociationRejected,
    AttributeDescriptor,
    Data,
    DataAccessError,
    DlmsClient,
    Envelope,
    LogicalName,
    Mechanism,
    Protection,
    Secret,
    SecuritySettings,
    SecurityState,
    SecuritySuite,
)
from custom_components.cosem.dlms.encoding.data import plain

from .conftest import DEADLINE
from .gurux_secure_server import TITLE, SecureGuruxServer
from .gurux_server import NAME, REGISTERS

OURS = b"HAS\x00\x00\x00\x00\x01"
KEYS = {16: (bytes(range(50, 66)), bytes(range(90, 106))), 32: (bytes(range(50, 82)), bytes(range(90, 122)))}


class Store:
    """Keeps ceilings in memory."""

    async def save(self, ceiling: int) -> None:
        """Keep nothing: the test ends before the process does."""


def server_of(suite: int, pdu_size: int = 1024) -> SecureGuruxServer:
    return SecureGuruxServer(*KEYS[32 if suite == 2 else 16], suite, pdu_size)


def parameters_of(suite: int, **settings: Any) -> AssociationParameters:
    encryption_key, authentication_key = map(Secret, KEYS[32 if suite == 2 else 16])
    return AssociationParameters(
        client_wport=1,
        mechanism=Mechanism.HLS_GMAC,
        security=SecuritySettings(
            **{
                "client_system_title": OURS,
                "suite": SecuritySuite(suite),
                "global_unicast_encryption_key": encryption_key,
                "authentication_key": authentication_key,
                **settings,
            }
        ),
    )


def attribute(class_id: int, logical_name: str, index: int = 2) -> AttributeDescriptor:
    return AttributeDescriptor(class_id, LogicalName.parse(logical_name), index)


async def read_everything(server: SecureGuruxServer, parameters: AssociationParameters) -> None:
    """Read single attributes, a list with an unknown object, and the object list in blocks."""
    client = DlmsClient("127.0.0.1", server.port)
    wanted = [attribute(3, f"1.0.1.8.{number}.255") for number in range(REGISTERS)]
    wanted.insert(5, attribute(3, "1.0.99.8.0.255"))
    async with client.associate(parameters, security_state=SecurityState(1, Store())) as association:
        assert association.negotiated.server_system_title == TITLE
        assert (await association.get(attribute(1, "0.0.42.0.0.255"))).value == NAME
        results = await association.get_many(wanted)
        objects = plain(await association.get(attribute(15, "0.0.40.0.0.255")))
    assert isinstance(results.pop(5), DataAccessError)
    assert [result.value for result in results if isinstance(result, Data)] == [
        1_000_000 + 7 * number for number in range(REGISTERS)
    ]
    assert isinstance(objects, tuple)
    assert len(objects) == len(server.objects)


@pytest.mark.parametrize("suite", [0, 1, 2])
@pytest.mark.parametrize(
    "protection", [Protection.AUTHENTICATED, Protection.ENCRYPTED, Protection.AUTHENTICATED_ENCRYPTED]
)
@pytest.mark.parametrize("dedicated", [False, True], ids=["global", "dedicated"])
@pytest.mark.parametrize("envelope", [Envelope.SERVICE_SPECIFIC, Envelope.GENERAL])
async def test_protections(suite: int, protection: Protection, dedicated: bool, envelope: Envelope):
    parameters = parameters_of(suite, protection=protection, use_dedicated_key=dedicated, envelope=envelope)
    async with timeout(DEADLINE), server_of(suite) as server:
        await read_everything(server, parameters)
    expected = {
        (False, Envelope.SERVICE_SPECIFIC): 0xC8,
        (True, Envelope.SERVICE_SPECIFIC): 0xD0,
        (False, Envelope.GENERAL): 0xDB,
        (True, Envelope.GENERAL): 0xDC,
    }[dedicated, envelope]
    assert expected in server.tags
    assert 0xC0 not in server.tags


@pytest.mark.parametrize("pdu_size", [128, 300, 65_535])
async def test_sizes(pdu_size: int):
    async with timeout(DEADLINE), server_of(0, pdu_size) as server:
        await read_everything(server, parameters_of(0))


@pytest.mark.parametrize("suite", [0, 1, 2])
async def test_gmac_without_ciphering(suite: int):
    async with timeout(DEADLINE), server_of(suite) as server:
        await read_everything(server, parameters_of(suite, protection=Protection.NONE))
    assert 0xC3 in server.tags


async def test_a_wrong_key_is_refused():
    wrong = parameters_of(0, protection=Protection.NONE, authentication_key=Secret(bytes(16)))
    async with timeout(DEADLINE), server_of(0) as server:
        client = DlmsClient("127.0.0.1", server.port)
        with pytest.raises(AssociationRejected) as caught:
            async with client.associate(wrong, security_state=SecurityState(1, Store())):
                pass
    assert caught.value.concerns_authentication
