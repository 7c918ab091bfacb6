"""Our client reads the secured simulated meter: every mechanism, suite, protection and envelope. In memory, no sockets.

The meter's security is its own (tests/simulated_meter, written from the specification with `cryptography` alone).
"""

import asyncio
from dataclasses import replace

import pytest

from custom_components.cosem.dlms import (
    AssociationParameters,
    AssociationRejected,
    AttributeDescriptor,
    AuthenticationTagInvalid,
    ChallengeRefused,
    Envelope,
    ExceptionReceived,
    InvocationCounterRefused,
    InvocationCounterReplayed,
    KeyInfoKind,
    KeyPairs,
    LogicalName,
    Mechanism,
    PeerNotAuthenticated,
    PrivateKey,
    Protection,
    PublicKey,
    ResponseTimeout,
    Secret,
    SecurityDowngrade,
    SecuritySettings,
    SecurityState,
    SecuritySuite,
    SystemTitleMismatch,
    Timing,
    learn_invocation_counter,
)
from custom_components.cosem.dlms.client.channel import with_wrapper
from custom_components.cosem.dlms.client.link import SystemClock
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import MeterProfile, load_profile
from tests.simulated_meter.secured import client_key_pair
from tests.simulated_meter.security_profile import Answer, CounterObject, DedicatedCounter, PlainRelease
from tests.timed_client import TimedClient

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
        self.client = TimedClient("meter", timing=timing, connect=with_wrapper(self.meter.connect), clock=SystemClock())
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

    def strike(self, name: str, **parameters: object):
        return self.meter.faults.add(name, **({"times": 1} | parameters))


@pytest.mark.parametrize("wport", EVERY_CLIENT)
async def test_every_client_of_the_profile_gets_in_reads_and_releases(wport: int):
    house = House()
    await house.reads(wport)
    await house.reads(wport)


LEVELS_OF_PROTECTION = [Protection.AUTHENTICATED, Protection.ENCRYPTED, Protection.AUTHENTICATED_ENCRYPTED]
ENVELOPES = {
    "glo": {},
    "ded": {"use_dedicated_key": True},
    "general-glo": {"envelope": Envelope.GENERAL},
    "general-ded": {"envelope": Envelope.GENERAL, "use_dedicated_key": True},
    "identified": {"envelope": Envelope.GENERAL_CIPHERING},
    "wrapped": {"envelope": Envelope.GENERAL_CIPHERING, "key_info": KeyInfoKind.WRAPPED},
    "one-pass": {"envelope": Envelope.GENERAL_CIPHERING, "key_info": KeyInfoKind.AGREED_ONE_PASS},
    "static": {"envelope": Envelope.GENERAL_CIPHERING, "key_info": KeyInfoKind.AGREED_STATIC},
}


ENVELOPE_CASES = [
    pytest.param(wport, envelope, sign, id=f"{wport}-{envelope}{'-signed' * sign}")
    for wport in (GMAC, GMAC_1, GMAC_2)
    for envelope in ENVELOPES
    for sign in (False, True)
    if wport != GMAC or not (sign or envelope in {"one-pass", "static"})  # suite 0 has no key pairs
]


@pytest.mark.parametrize("protection", LEVELS_OF_PROTECTION, ids=str)
@pytest.mark.parametrize(("wport", "envelope", "sign"), ENVELOPE_CASES)
async def test_envelopes_of_every_suite(wport: int, envelope: str, sign: bool, protection: Protection):
    house = House(for_client(secured(), wport, policy=0), start=100)
    changes = {"protection": protection, "sign": sign, **ENVELOPES[envelope]}
    if envelope in {"one-pass", "static"}:
        changes["server_system_title"] = house.meter.security.identity.title
    await house.reads(wport, **changes)


@pytest.mark.parametrize("size", [64, 128, 512])
@pytest.mark.parametrize("envelope", ["glo", "ded", "general-glo", "identified"])
async def test_blocks_and_lists_fit_small_sizes(size: int, envelope: str):
    """64 octets are too few for general-ciphering and its header."""
    house = House(for_client(replace(secured(), max_pdu_size=max(size, 128 if envelope == "identified" else 64)), 1))
    parameters = replace(parameters_of(house.meter, GMAC, **ENVELOPES[envelope]), max_receive_pdu_size=size)
    async with house.client.associate(parameters, security_state=house.state) as association:
        rows = await association.get_rows(LOAD_PROFILE)
        values = await association.get_many(POWERS)
    assert len(rows) > 150
    assert values == [house.truth(attribute) for attribute in POWERS]


# -- meters with a character of their own


@pytest.mark.parametrize("wport", [*range(3, 10), 11, 18])
async def test_s18_leniencies_of_meters_with_high_level_security(wport: int):
    profile = secured(hls_diagnostic=0, certificate_in_aare=True)
    house = House(profile.with_quirks(mechanism_name_in_aare=False, protocol_version_in_aare=True))
    await house.reads(wport)


@pytest.mark.parametrize("wport", [GMAC, PLAIN_GMAC, 7, ECDSA_1])
async def test_a_meter_that_does_not_tell_its_title_is_read_when_the_title_is_configured(wport: int):
    house = House(secured(system_title_in_aare=False))
    with pytest.raises(SystemTitleMismatch):
        await house.reads(wport)
    await house.reads(wport, server_system_title=house.meter.security.identity.title)


@pytest.mark.parametrize("wport", [GMAC, LLS, PLAIN_GMAC, OPEN])
async def test_the_title_that_was_used_is_told_for_pinning(wport: int):
    house = House()
    async with house.associate(wport) as association:
        assert association.negotiated.server_system_title == house.meter.security.identity.title


@pytest.mark.parametrize("security", [{"plain_rlre": True}, {"plain_rlrq": PlainRelease.IGNORE}], ids=str)
async def test_releases_of_meters_that_see_protection_their_own_way(security: dict[str, object]):
    await House(secured(**security)).reads(GMAC)


async def test_one_maker_leaves_the_header_out_of_what_is_authenticated():
    house = House(secured(header_in_aad=False))
    await house.reads(GMAC, envelope=Envelope.GENERAL_CIPHERING, authenticate_header=False)


@pytest.mark.parametrize("wport", [GMAC, OPEN])
async def test_a_meter_that_counts_the_dedicated_key_with_the_global_one(wport: int):
    house = House(secured(dedicated_counter=DedicatedCounter.GLOBAL))
    await house.reads(wport, use_dedicated_key=True)
    await house.reads(wport, use_dedicated_key=True)


# -- wrong credentials


@pytest.mark.parametrize("wport", [GMAC, GMAC_2, PLAIN_GMAC, 12, OPEN])
async def test_a_wrong_key_is_refused_and_never_locks_by_repetition(wport: int):
    house = House()
    length = 32 if wport == GMAC_2 else 16
    for name in ("authentication_key", "global_unicast_encryption_key"):
        house.meter.log.clear()
        with pytest.raises((AssociationRejected, ExceptionReceived)):
            async with house.associate(wport, **{name: Secret(bytes(length))}):
                pytest.fail("associated with a wrong key")
        assert [request.kind for request in house.meter.log].count("aarq") == 1


@pytest.mark.parametrize("wport", [5, 6, 7, 8])
async def test_a_wrong_secret_is_refused_by_the_meter(wport: int):
    house = House()
    parameters = replace(parameters_of(house.meter, wport), hls_secret=Secret(b"wrong"))
    with pytest.raises(AssociationRejected) as caught:
        async with house.client.associate(parameters, security_state=house.state):
            pytest.fail("associated with a wrong secret")
    assert caught.value.concerns_authentication


async def test_a_wrong_password_in_a_ciphered_context_is_refused_and_sent_once():
    house = House()
    parameters = replace(parameters_of(house.meter, LLS), password=Secret(b"wrong"))
    with pytest.raises(AssociationRejected) as caught:
        async with house.client.associate(parameters, security_state=house.state):
            pytest.fail("associated with a wrong password")
    assert caught.value.diagnostic == 13
    assert house.meter.requests == 1


async def test_a_meter_with_another_signing_key_is_not_believed():
    house = House()
    stranger = PublicKey(SecuritySuite.SUITE_1, house.meter.security.identity.agreement[1].public_key())
    pairs = replace(key_pairs(house.meter, ECDSA_1, SecuritySuite.SUITE_1), server_signing_key=stranger)
    with pytest.raises(PeerNotAuthenticated):
        await house.reads(ECDSA_1, key_pairs=pairs)


# -- attacks

SPOILT_ANSWERS = {
    "wrong-tag": AuthenticationTagInvalid,
    "wrong-key": AuthenticationTagInvalid,
    "wrong-title": AuthenticationTagInvalid,
    "replay": InvocationCounterReplayed,
    "old-counter": InvocationCounterReplayed,
    "counter-reset": InvocationCounterReplayed,
    "plaintext": SecurityDowngrade,
    "authenticated-only": SecurityDowngrade,
    "encrypted-only": SecurityDowngrade,
    "other-suite": SecurityDowngrade,
    "broadcast-key": SecurityDowngrade,
    "compressed": SecurityDowngrade,
    "nested": SecurityDowngrade,
    "other-service": SecurityDowngrade,
    "deciphering-error": ExceptionReceived,
}


@pytest.mark.parametrize("attack", SPOILT_ANSWERS)
async def test_s08_to_s16_no_spoilt_answer_becomes_a_value(attack: str):
    house = House(timing=SHORT)
    async with house.associate(GMAC) as association:
        await association.get(ENERGY)
        fault = house.strike(attack)
        with pytest.raises(SPOILT_ANSWERS[attack]):
            await association.get(ENERGY)
        assert fault.fired == 1
    await house.reads(GMAC)


@pytest.mark.parametrize("attack", ["wrong-tag", "wrong-key", "wrong-title", "replay", "old-counter"])
async def test_f38_f39_the_honest_answer_behind_a_forged_one_is_taken(attack: str):
    house = House()
    async with house.associate(GMAC) as association:
        await association.get(ENERGY)
        house.strike(attack, count=2, then_answer=True)
        assert await association.get(ENERGY) == house.truth(ENERGY)


async def test_f38_three_forged_answers_in_a_row_close_the_connection():
    house = House()
    async with house.associate(GMAC) as association:
        house.strike("wrong-tag", count=3, then_answer=True)
        with pytest.raises(AuthenticationTagInvalid):
            await association.get(ENERGY)
        assert not house.client.is_connected


SPOILT_AARES = {
    "reflected-challenge": ChallengeRefused,
    "short-challenge": ChallengeRefused,
    "no-challenge": ChallengeRefused,
    "no-title": SystemTitleMismatch,
    "short-title": SystemTitleMismatch,
    "reflected-title": SystemTitleMismatch,
    "no-pass-4": ResponseTimeout,
    "empty-pass-4": PeerNotAuthenticated,
    "wrong-pass-4": PeerNotAuthenticated,
    "reflected-pass-4": PeerNotAuthenticated,
    "refused-pass-4": AssociationRejected,
}


@pytest.mark.parametrize("attack", SPOILT_AARES)
@pytest.mark.parametrize("wport", [GMAC, PLAIN_GMAC, ECDSA_1, 7])
async def test_s13_s19_no_spoilt_opening_leads_to_an_association(attack: str, wport: int):
    house = House(timing=SHORT)
    fault = house.strike(attack)
    with pytest.raises(SPOILT_AARES[attack]):
        await house.reads(wport)
    assert fault.fired == 1
    assert not [request for request in house.meter.log if request.kind == "get"]
    await house.reads(wport)


@pytest.mark.parametrize("attack", ["plaintext", "encrypted-only", "wrong-tag", "other-suite", "nested"])
@pytest.mark.parametrize("wport", [GMAC, LLS, OPEN])
async def test_s12_the_initiate_response_is_protected_as_agreed(attack: str, wport: int):
    house = House(timing=SHORT)
    house.strike(attack, on="aarq")
    with pytest.raises(AuthenticationTagInvalid if attack == "wrong-tag" else SecurityDowngrade):
        await house.reads(wport)
    await house.reads(wport)


async def test_s13_another_meter_at_the_same_address_is_noticed():
    house = House()
    house.strike("other-title")
    with pytest.raises(SystemTitleMismatch):
        await house.reads(GMAC, server_system_title=house.meter.security.identity.title)


# -- counters


async def test_s03_a_restored_backup_catches_up_by_itself():
    """The stored counter is older than what the meter saw: one refusal, one retry, in the association's AARQ."""
    house = House(start=250_000 - 1_000)
    await house.reads(20)
    assert house.store.ceiling > 250_000


async def test_s03_a_counter_refused_in_the_middle_is_raised_once():
    house = House()
    async with house.associate(GMAC) as association:
        house.strike("counter-error", code=5_000)
        assert await association.get(ENERGY) == house.truth(ENERGY)
        assert house.state.next_value > 5_000
        house.strike("counter-error", times=2)
        with pytest.raises(InvocationCounterRefused):
            await association.get(ENERGY)


async def test_s03_an_absurd_counter_is_not_followed():
    house = House()
    house.strike("counter-error", code=0xFFFF0000, on="aarq")
    with pytest.raises(InvocationCounterRefused) as caught:
        await house.reads(GMAC)
    assert caught.value.expected == 0xFFFF0000
    assert house.state.next_value < 2_000
    await house.reads(GMAC)


@pytest.mark.parametrize("held", [CounterObject.LAST, CounterObject.NEXT])
async def test_the_counter_is_learned_through_the_public_client(held: CounterObject):
    house = House(secured(counter_object=held, counter_refused=Answer.SILENCE), timing=SHORT)
    name = LogicalName.parse("0.0.43.1.20.255")
    counter = await learn_invocation_counter(house.client, server_wport=1, logical_name=name, timing=TIMING)
    assert counter in {250_000, 250_001}
    assert house.state.follow(counter)
    await house.reads(20)


async def test_a_counter_that_cannot_be_read_is_not_learned():
    house = House(secured(counter_object=CounterObject.HIDDEN))
    assert await learn_invocation_counter(house.client, server_wport=1, timing=TIMING) is None


@pytest.mark.parametrize("wport", [GMAC, ECDSA_1, GMAC_2])
async def test_s07_a_meter_that_lost_its_counters_is_believed_after_a_proof(wport: int):
    house = House()
    await house.reads(wport)
    house.meter.restart(lose_counters=True)
    await house.reads(wport)


async def test_s07_a_meter_that_lost_its_counters_is_not_believed_without_a_proof():
    house = House(for_client(secured(), OPEN, sending_counter=1_000))
    await house.reads(OPEN)
    house.meter.restart(lose_counters=True)
    with pytest.raises(InvocationCounterReplayed):
        await house.reads(OPEN)


async def test_associations_under_one_key_share_one_counter():
    """Two logical devices read at the same time; the meter refuses any counter that comes twice."""
    house = House()
    first = parameters_of(house.meter, GMAC)
    second = AssociationParameters(
        client_wport=GMAC, server_wport=16, mechanism=Mechanism.HLS_GMAC, security=first.security
    )
    device_name = AttributeDescriptor(1, LogicalName.parse("0.0.42.0.0.255"), 2)

    async def read(parameters: AssociationParameters) -> None:
        async with house.client.associate(parameters, security_state=house.state) as association:
            for _ in range(20):
                await association.get(device_name)

    await asyncio.gather(read(first), read(second))
