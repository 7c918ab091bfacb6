"""Our client reads the secured simulated meter: every mechanism, suite, protection and envelope. In memory, no sockets.

The meter's security is its own (tests/simulated_meter, written from the specification with `cryptography` alone).
"""

from dataclasses import replace

import pytest

from custom_components.dlms_cosem.dlms import (
    AssociationParameters,
    AttributeDescriptor,
    DlmsClient,
    KeyPairs,
    LogicalName,
    Mechanism,
    PrivateKey,
    Protection,
    PublicKey,
    Secret,
    SecuritySettings,
    SecurityState,
    SecuritySuite,
    Timing,
)
from custom_components.dlms_cosem.dlms.link import SystemClock
from tests.simulated_meter.faults import Fault
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import MeterProfile, load_profile
from tests.simulated_meter.secured import client_key_pair

from .conftest import NOW

TITLE = b"HAS\x00\x00\x00\x00\x01"
ENERGY = AttributeDescriptor(3, LogicalName.parse("1.0.1.8.0.255"), 2)
POWERS = [
    AttributeDescriptor(3, LogicalName.parse(name), attribute)
    for name in ("1.0.1.7.0.255", "1.0.2.7.0.255", "1.0.21.7.0.255", "1.0.41.7.0.255", "1.0.61.7.0.255")
    for attribute in (2, 3)
]
LOAD_PROFILE = AttributeDescriptor(7, LogicalName.parse("1.0.99.1.0.255"), 2)
TIMING = Timing(response=5, release=1, reconnect_gap=0)
SHORT = Timing(response=0.05, release=0.05, reconnect_gap=0)

LEVELS = {12: Protection.AUTHENTICATED, 13: Protection.ENCRYPTED}
GMAC, GMAC_1, GMAC_2, ECDSA_1, LLS, PLAIN_GMAC, OPEN = 1, 3, 4, 9, 10, 11, 19
EVERY_CLIENT = [2, 16, 1, *range(3, 16), 17, 18, 19, 20]


class Store:
    """A counter store in memory."""

    def __init__(self, ceiling: int = 0) -> None:
        self.ceiling = ceiling

    async def save(self, ceiling: int) -> None:
        assert ceiling > self.ceiling
        self.ceiling = ceiling


def secured(**security: object) -> MeterProfile:
    return replace(load_profile("secured", {}), history_days=2).with_security(**security)


def for_client(profile: MeterProfile, wport: int, **changes: object) -> MeterProfile:
    clients = tuple(
        replace(client, security=replace(client.security, **changes))
        if client.wport == wport and client.security is not None
        else client
        for client in profile.clients
    )
    return replace(profile, clients=clients)


def parameters_of(meter: SimulatedMeter, wport: int, **changes: object) -> AssociationParameters:
    """What this client has to know to get in; ``changes`` go to its SecuritySettings."""
    client = meter.profile.client(wport)
    assert client is not None
    password = None if client.password is None else Secret.from_text(client.password)
    security = client.security
    if security is None:
        mechanism = Mechanism.NONE if password is None else Mechanism.LLS
        return AssociationParameters(client_wport=wport, mechanism=mechanism, password=password)
    suite = SecuritySuite(security.suite)
    ciphered = security.context != "plain"
    values = {
        "client_system_title": TITLE,
        "suite": suite,
        "protection": LEVELS.get(wport, Protection.AUTHENTICATED_ENCRYPTED) if ciphered else Protection.NONE,
        "global_unicast_encryption_key": Secret(security.encryption_key) if security.encryption_key else None,
        "authentication_key": Secret(security.authentication_key),
        "master_key": Secret(security.master_key) if security.master_key else None,
        "use_dedicated_key": security.dedicated_key == "required",
        "sign": security.requires_signature,
        "key_pairs": key_pairs(meter, wport, suite) if suite else KeyPairs(),
    }
    return AssociationParameters(
        client_wport=wport,
        mechanism=Mechanism(security.mechanism),
        password=password,
        hls_secret=Secret(security.secret) if security.secret else None,
        security=SecuritySettings(**(values | changes)),
    )


def key_pairs(meter: SimulatedMeter, wport: int, suite: SecuritySuite) -> KeyPairs:
    security = meter.profile.client(wport).security
    identity = meter.security.identity
    return KeyPairs(
        signing_key=PrivateKey(suite, client_key_pair(security, wport, "signing")),
        agreement_key=PrivateKey(suite, client_key_pair(security, wport, "agreement")),
        server_signing_key=PublicKey(suite, identity.signing[suite].public_key()),
        server_agreement_key=PublicKey(suite, identity.agreement[suite].public_key()),
    )


class House:
    """A meter, a client for it, and the client's counter."""

    def __init__(self, profile: MeterProfile | None = None, *, timing: Timing = TIMING, start: int = 0) -> None:
        self.meter = SimulatedMeter(profile or secured(), lambda: NOW)
        self.client = DlmsClient("meter", timing=timing, connect=self.meter.connect, clock=SystemClock())
        self.store = Store(start)
        self.state = SecurityState(start, self.store)

    def associate(self, wport: int, **changes: object):
        return self.client.associate(parameters_of(self.meter, wport, **changes), security_state=self.state)

    async def reads(self, wport: int, **changes: object) -> None:
        """Associate, read one value and many, compare with the truth, release."""
        async with self.associate(wport, **changes) as association:
            if wport != 16:
                assert await association.get(ENERGY) == self.truth(ENERGY)
                for attribute, value in zip(POWERS, await association.get_many(POWERS), strict=True):
                    assert value == self.truth(attribute)
        assert not self.meter.open_links

    def truth(self, attribute: AttributeDescriptor):
        return self.meter.truth(attribute.logical_name, attribute.attribute_index)

    def strike(self, name: str, **parameters: object) -> None:
        self.meter.faults.add(Fault(name, **parameters))


@pytest.mark.parametrize("wport", EVERY_CLIENT)
async def test_every_client_of_the_profile_gets_in_reads_and_releases(wport: int):
    house = House()
    await house.reads(wport)
    await house.reads(wport)
