"""The secure client of gurux-dlms reads the simulated meter: every mechanism, suites 0-2, A, E, AE, dedicated keys."""

from dataclasses import replace
from typing import Any

from gurux_dlms.objects import GXDLMSAssociationLogicalName, GXDLMSData, GXDLMSRegister, GXDLMSSecuritySetup
import pytest

from custom_components.cosem.dlms.encoding.data import plain
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import DEFAULT_PASSWORD, MeterProfile, load_profile
from tests.simulated_meter.security_profile import ClientSecurity

from .conftest import InThread, Served
from .gurux_client import GuruxClient, GuruxSecurity

ENERGY = "1.0.1.8.0.255"
SUITE_OF = {0: 1, 1: 3, 2: 4}
"""The client with HLS-GMAC of each suite."""


def meter_profile(**changes: Any) -> MeterProfile:
    return replace(load_profile("secured", {}), history_days=2, **changes)


def security_of(profile: MeterProfile, wport: int, **changes: Any) -> GuruxSecurity:
    """Return what the profile's client needs, as this library wants it."""
    client = profile.client(wport)
    assert client is not None
    security = client.security
    assert security is not None
    return GuruxSecurity(
        mechanism=security.mechanism,
        secret=security.secret,
        suite=security.suite,
        encryption_key=security.encryption_key,
        authentication_key=security.authentication_key,
        **{"counter": security.first_counter + 1, **changes},
    )


def with_client(profile: MeterProfile, wport: int, **changes: Any) -> MeterProfile:
    """Return the profile with other security settings for one client."""
    return replace(
        profile,
        clients=tuple(
            replace(client, security=replace(client.security or ClientSecurity(), **changes))
            if client.wport == wport
            else client
            for client in profile.clients
        ),
    )


async def read_energy(
    served: Served, in_thread: InThread, profile: MeterProfile, wport: int, security: GuruxSecurity
) -> tuple[SimulatedMeter, GuruxClient]:
    """Associate, read one register, compare it with the truth, release."""
    password = DEFAULT_PASSWORD if security.mechanism == 1 else None
    async with served(profile) as server:
        client = GuruxClient(server.port, client=wport, password=password, security=security)

        def work() -> Any:
            with client:
                return client.read(GXDLMSRegister(ENERGY), 2)

        value = await in_thread(work)
        assert value == server.meter.truth(ENERGY).value
        return server.meter, client


def tags(apdus: list[bytes]) -> str:
    """Return the tags of APDUs."""
    return " ".join(f"{apdu[0]:02X}" for apdu in apdus)


@pytest.mark.parametrize(
    "wport", [pytest.param(5, id="md5"), pytest.param(6, id="sha1"), pytest.param(8, id="vendor"), 11]
)
async def test_high_level_security_without_ciphering(served: Served, in_thread: InThread, wport: int):
    profile = meter_profile()
    _, client = await read_energy(served, in_thread, profile, wport, security_of(profile, wport))
    assert tags(client.sent) == "60 C3 C0 62"


@pytest.mark.parametrize("wport", [1, 3, 4, 7, 10, 19])
async def test_mechanisms_under_ciphering(served: Served, in_thread: InThread, wport: int):
    profile = meter_profile()
    security = security_of(profile, wport, protection="AE")
    _, client = await read_energy(served, in_thread, profile, wport, security)
    assert tags(client.received) in {"61 CF CC 63", "61 CC 63"}


@pytest.mark.parametrize("protection", ["A", "E", "AE"])
@pytest.mark.parametrize("suite", [0, 1, 2])
@pytest.mark.parametrize("general", [False, True], ids=["service-specific", "general"])
@pytest.mark.parametrize("dedicated", [False, True], ids=["global", "dedicated"])
async def test_protections(
    served: Served, in_thread: InThread, suite: int, protection: str, general: bool, dedicated: bool
):
    wport = SUITE_OF[suite]
    policy = {"A": 1, "E": 2, "AE": 3}[protection]
    profile = with_client(meter_profile(), wport, policy=policy)
    security = security_of(
        profile,
        wport,
        protection=protection,
        general=general,
        dedicated_key=bytes(range(0x70, 0x90 if suite == 2 else 0x80)) if dedicated else b"",
    )
    _, client = await read_energy(served, in_thread, profile, wport, security)
    if general:
        assert tags(client.received[2:3]) == ("DC" if dedicated else "DB")
    else:
        assert tags(client.received[2:3]) == ("D4" if dedicated else "CC")
    assert client.received[2][client.received[2].index(0x10 * policy | suite)] >> 4 == policy


@pytest.mark.parametrize("suite", [0, 1, 2])
async def test_a_protected_release(served: Served, in_thread: InThread, suite: int):
    profile = meter_profile()
    wport = SUITE_OF[suite]
    security = security_of(profile, wport, protection="AE", protected_release=True)
    _, client = await read_energy(served, in_thread, profile, wport, security)
    assert len(client.sent[-1]) > 40
    assert len(client.received[-1]) > 20


@pytest.mark.parametrize("pdu_size", [128, 256, 65_535])
async def test_blocks_under_protection(served: Served, in_thread: InThread, pdu_size: int):
    profile = meter_profile(max_pdu_size=pdu_size)
    async with served(profile) as server:
        client = GuruxClient(server.port, client=1, security=security_of(profile, 1, protection="AE"))

        def work() -> Any:
            with client:
                reply = client.exchange(client.codec.read(GXDLMSAssociationLogicalName(), 2))
                return client.codec.parseObjects(reply.data, True, False)

        objects = await in_thread(work)
        truth = plain(server.meter.truth("0.0.40.0.0", client_wport=1))
    assert isinstance(truth, tuple)
    assert len(objects) == len(truth)
    assert max(map(len, client.received)) <= pdu_size


async def test_a_list_under_protection(served: Served, in_thread: InThread):
    names = [ENERGY, "1.0.2.8.0.255", "1.0.32.7.0.255"]
    profile = meter_profile()
    async with served(profile) as server:

        def work() -> list[Any]:
            security = security_of(profile, 4, protection="AE")
            with GuruxClient(server.port, client=4, security=security) as client:
                return client.read_list([(GXDLMSRegister(name), 2) for name in names])

        values = await in_thread(work)
        assert values == [server.meter.truth(name).value for name in names]


async def test_security_setup_and_counter(served: Served, in_thread: InThread):
    profile = meter_profile()
    async with served(profile) as server:

        def work() -> tuple[Any, ...]:
            with GuruxClient(server.port) as public:
                counter = public.read(GXDLMSData("0.0.43.1.20.255"), 2)
            security = security_of(profile, 20, protection="AE", counter=counter + 1)
            with GuruxClient(server.port, client=20, security=security) as client:
                setup = GXDLMSSecuritySetup("0.0.43.0.20.255")
                return counter, *(client.read(setup, index) for index in (2, 3, 5))

        counter, policy, suite, title = await in_thread(work)
        assert counter == 249_999
        assert (int(policy), int(suite)) == (3, 0)
        assert bytes(title) == server.meter.security.identity.title


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"counter": 5}, "[Cc]ounter"),
        ({"encryption_key": bytes(16)}, "uthentication"),
        ({"authentication_key": bytes(16)}, "uthentication"),
    ],
)
async def test_wrong_credentials_are_refused(
    served: Served, in_thread: InThread, changes: dict[str, Any], message: str
):
    profile = meter_profile()
    security = replace(security_of(profile, 20, protection="AE"), **changes)
    async with served(profile) as server:

        def work() -> None:
            with GuruxClient(server.port, client=20, security=security):
                pass

        with pytest.raises(Exception, match=message):
            await in_thread(work)
