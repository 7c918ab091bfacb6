"""A poller under protection: what a client of the profile ``secured`` needs, and the watch on its counters.

The truth check of conftest applies to every poll; besides, no invocation counter may appear twice under one key, and
none above what was stored before.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, override

import pytest

from custom_components.cosem.dlms import (
    AssociationParameters,
    KeyPairs,
    Mechanism,
    PrivateKey,
    Protection,
    PublicKey,
    Secret,
    SecuritySettings,
    SecurityState,
    SecuritySuite,
)
from custom_components.cosem.dlms.client.channel import with_wrapper
from tests.simulated_meter.envelopes import BadEnvelope, Envelope, Kind, is_protected, read
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import DEFAULT_PASSWORD, MeterProfile, load_profile
from tests.simulated_meter.secured import client_key_pair
from tests.simulated_meter.security_profile import ClientSecurity, Context
from tests.timed_client import TimedClient

from .conftest import FAST, MeterClock, Poller

TITLE = b"HAS\x00\x00\x00\x00\x01"
_PROTECTION_OF_POLICY = {1: Protection.AUTHENTICATED, 2: Protection.ENCRYPTED}


def secured_profile(**security: Any) -> MeterProfile:
    """Return the profile with one client for everything, and other settings of the meter's security."""
    return replace(load_profile("secured", {}), history_days=2).with_security(**security)


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


def security_of(meter: SimulatedMeter, wport: int) -> ClientSecurity:
    """Return a client's settings at the meter."""
    client = meter.profile.client(wport)
    assert client is not None
    assert client.security is not None
    return client.security


def settings_for(meter: SimulatedMeter, wport: int, **changes: Any) -> SecuritySettings | None:
    """Return the stack's settings for a client of the meter; None where it needs no titles."""
    security = security_of(meter, wport)
    plain = security.context is Context.PLAIN
    if plain and not security.needs_title:
        return None
    suite = SecuritySuite(security.suite)
    settings: dict[str, Any] = {
        "client_system_title": TITLE,
        "suite": suite,
        "protection": Protection.NONE
        if plain
        else _PROTECTION_OF_POLICY.get(security.policy, Protection.AUTHENTICATED_ENCRYPTED),
        "global_unicast_encryption_key": Secret(security.encryption_key),
        "authentication_key": Secret(security.authentication_key),
        "master_key": Secret(security.master_key) if security.master_key else None,
        "sign": security.requires_signature,
    }
    if suite is not SecuritySuite.SUITE_0:
        identity = meter.security.identity
        settings["key_pairs"] = KeyPairs(
            signing_key=PrivateKey(suite, client_key_pair(security, wport, "signing")),
            agreement_key=PrivateKey(suite, client_key_pair(security, wport, "agreement")),
            server_signing_key=PublicKey(suite, identity.signing[suite].public_key()),
            server_agreement_key=PublicKey(suite, identity.agreement[suite].public_key()),
        )
    return SecuritySettings(**{**settings, **changes})


def parameters_for(meter: SimulatedMeter, wport: int, **changes: Any) -> AssociationParameters:
    """Return what a client proposes; ``changes`` are of its security settings."""
    security = security_of(meter, wport)
    mechanism = Mechanism(security.mechanism)
    return AssociationParameters(
        client_wport=wport,
        mechanism=mechanism,
        password=Secret(DEFAULT_PASSWORD.encode()) if mechanism is Mechanism.LLS else None,
        hls_secret=Secret(security.secret) if security.secret else None,
        security=settings_for(meter, wport, **changes),
    )


@dataclass
class Store:
    """A counter store in memory."""

    ceilings: list[int] = field(default_factory=list)
    is_full: bool = False

    async def save(self, ceiling: int) -> None:
        """Keep a ceiling. Raises OSError when it is full."""
        if self.is_full:
            raise OSError("no space left on device")
        self.ceilings.append(ceiling)


@dataclass
class SecurePoller(Poller):
    """Polls as one client of the profile ``secured``, with everything that its security asks for."""

    wport: int = 1
    changes: dict[str, Any] = field(default_factory=dict)
    start: int = 1
    store: Store = field(default_factory=Store)
    state: SecurityState = field(init=False)

    def __post_init__(self) -> None:
        self.state = SecurityState(self.start, self.store)
        self._parameters = parameters_for(self.meter, self.wport, **self.changes)

    @property
    @override
    def parameters(self) -> AssociationParameters:
        return self._parameters

    @override
    async def poll(self) -> dict[Any, Any]:
        """Poll once under protection; return what was read after checking that it is true."""
        async with self.client.associate(self.parameters, security_state=self.state) as association:
            results = await association.get_many(self.polled)
        reading = dict(zip(self.polled, results, strict=True))
        self._check_truth(reading)
        self.readings.append(reading)
        self.check_counters()
        return reading

    def check_counters(self) -> None:
        """No counter twice under the global key, and none at or above the stored ceiling."""
        envelopes = requests_of(self.meter, self.wport)
        if self.meter.datagrams.offered:
            envelopes = iter(dict.fromkeys(envelopes))  # what the network doubled was sent once
        counters = [
            envelope.counter
            for envelope in envelopes
            if envelope.kind in {Kind.GLOBAL, Kind.GENERAL_GLOBAL} and envelope.counter is not None
        ]
        assert len(counters) == len(set(counters))
        assert not counters or max(counters) < max(self.store.ceilings)


def requests_of(meter: SimulatedMeter, wport: int) -> Iterator[Envelope]:
    """Yield the protected services that a client sent, as they were on the wire, and the InitiateRequests."""
    for request in meter.log:
        apdu = request.apdu
        if request.client_wport != wport or not apdu:
            continue
        if apdu[0] == 0x60:
            apdu = _user_information(apdu)
        if is_protected(apdu):
            try:
                yield read(apdu)
            except BadEnvelope:
                continue


def _user_information(apdu: bytes) -> bytes:
    """Return the user-information of an AARQ."""
    offset = 2 if apdu[1] < 0x80 else 2 + (apdu[1] & 0x7F)
    while offset < len(apdu):
        tag, length = apdu[offset], apdu[offset + 1]
        offset += 2
        if length & 0x80:
            size = length & 0x7F
            length = int.from_bytes(apdu[offset : offset + size])
            offset += size
        if tag == 0xBE:
            inner = apdu[offset : offset + length]
            return inner[2:] if inner[1] < 0x80 else inner[2 + (inner[1] & 0x7F) :]
        offset += length
    return b""


@pytest.fixture
async def secure_poller(clock: MeterClock) -> AsyncIterator[Callable[..., SecurePoller]]:
    """Make pollers by wPort (and meter, and changes of its settings); at the end nothing of them is left."""
    before = asyncio.all_tasks()
    made: list[SecurePoller] = []

    def make(wport: int = 1, meter: SimulatedMeter | None = None, *, start: int = 1, **changes: Any) -> SecurePoller:
        meter = meter or SimulatedMeter(secured_profile(), clock)
        client = TimedClient("meter", connect=with_wrapper(meter.connect), timing=FAST)
        made.append(SecurePoller(meter, client, wport=wport, start=start, changes=changes))
        return made[-1]

    yield make
    for poller in made:
        await poller.client.close()
        poller.check_counters()
        assert not poller.client.is_connected
        assert poller.meter.open_links == 0
    assert asyncio.all_tasks() - before - {asyncio.current_task()} == set()
