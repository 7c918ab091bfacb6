"""Associations with every authentication and protection, against a meter that shares no code with the stack."""

import asyncio
from contextlib import aclosing
from dataclasses import replace
import logging

from cryptography.hazmat.primitives.asymmetric import ec
import pytest

from custom_components.cosem.dlms.apdu.acse import Mechanism
from custom_components.cosem.dlms.client.channel import with_wrapper
from custom_components.cosem.dlms.client.link import Timing
from custom_components.cosem.dlms.client.security_state import SecurityState
from custom_components.cosem.dlms.errors import (
    AssociationAborted,
    AssociationRejected,
    AuthenticationTagInvalid,
    ChallengeRefused,
    ConnectionLost,
    ExceptionReceived,
    InvocationCounterExhausted,
    InvocationCounterRefused,
    InvocationCounterReplayed,
    LocalProtocolError,
    PeerNotAuthenticated,
    ResponseTimeout,
    SecurityDowngrade,
    SystemTitleMismatch,
)
from custom_components.cosem.dlms.protocol.proposal import AssociationParameters
from custom_components.cosem.dlms.protocol.transfer.get import GetOne
from custom_components.cosem.dlms.security.counters import MAX_SENDING_VALUE
from custom_components.cosem.dlms.security.key_pairs import PrivateKey, PublicKey
from custom_components.cosem.dlms.security.keys import Secret
from custom_components.cosem.dlms.security.settings import Envelope, KeyInfoKind, KeyPairs, SecuritySettings
from custom_components.cosem.dlms.security.suite import Protection, SecuritySuite
from tests.dlms.lone_meter import (
    AK,
    AK_256,
    CURVES,
    ECDSA,
    EK,
    EK_256,
    GMAC,
    HLS,
    LLS,
    MASTER,
    MASTER_256,
    MD5,
    NONE,
    SHA1,
    SHA256,
    STOC,
    TITLE,
    LoneMeter,
    sized,
)
from tests.dlms.scripted import CLOCK, ENERGY, POWER, REGISTERS, ScriptedTransport
from tests.timed_client import TimedClient

CLIENT = bytes.fromhex("4D4D4D0000000001")
SECRET = b"a secret of HLS."
TIMING = Timing(response=5, release=0.05, reconnect_gap=0)
SHORT = Timing(response=0.03, release=0.03, reconnect_gap=0)
OWN_KEYS = {suite: tuple(ec.generate_private_key(curve) for _ in range(2)) for suite, (curve, *_rest) in CURVES.items()}


class Store:
    """Keeps a ceiling; ``fails`` for a full disk."""

    def __init__(self, ceiling=0):
        self.ceiling = ceiling
        self.saved = []
        self.fails = False

    async def save(self, ceiling):
        await asyncio.sleep(0)
        if self.fails:
            raise OSError("no space left on device")
        assert ceiling > self.ceiling
        self.ceiling = ceiling
        self.saved.append(ceiling)


class House:
    """A meter, and a client that knows what it has to."""

    def __init__(self, mechanism=GMAC, *, suite=0, level=0x30, ciphered=True, start=0, timing=TIMING, **settings):
        secret = SECRET if mechanism in {LLS, HLS, MD5, SHA1, SHA256} else b""
        keys = OWN_KEYS.get(suite, ())
        self.meter = LoneMeter(
            mechanism,
            suite=suite,
            level=level,
            ciphered=ciphered,
            secret=secret,
            client_keys=[key.public_key() for key in keys],
        )
        self.parameters = AssociationParameters(
            mechanism=Mechanism(mechanism),
            password=Secret(secret) if mechanism == LLS else None,
            hls_secret=Secret(secret) if secret and mechanism != LLS else None,
            security=self.settings(suite, level if ciphered else 0, settings),
        )
        self.links = []
        self.client = TimedClient("meter", timing=timing, connect=with_wrapper(self.connect))
        self.store = Store(start)
        self.state = SecurityState(start, self.store)

    def settings(self, suite, level, changes):
        suite = SecuritySuite(suite)
        large = suite is SecuritySuite.SUITE_2
        pairs = KeyPairs()
        if suite:
            signing, agreement = (PrivateKey(suite, key) for key in OWN_KEYS[suite])
            pairs = KeyPairs(
                signing_key=signing,
                agreement_key=agreement,
                server_signing_key=PublicKey(suite, self.meter.signing.public_key()),
                server_agreement_key=PublicKey(suite, self.meter.agreement.public_key()),
            )
        values = {
            "client_system_title": CLIENT,
            "suite": suite,
            "protection": Protection(level),
            "global_unicast_encryption_key": Secret(EK_256 if large else EK),
            "authentication_key": Secret(AK_256 if large else AK),
            "master_key": Secret(MASTER_256 if large else MASTER),
            "key_pairs": pairs,
        }
        return SecuritySettings(**(values | changes))

    async def connect(self):
        self.links.append(ScriptedTransport(lambda wpdu: self.meter.replies(wpdu.apdu)))
        return self.links[-1]

    def associate(self, **changes):
        return self.client.associate(replace(self.parameters, **changes), security_state=self.state)

    async def reads(self):
        """Associate, read alone and in a list, release; nothing is left open."""
        self.meter.answer_get = answer_get
        async with self.associate() as association:
            assert (await association.get(ENERGY)).value == 7
            assert [data.value for data in await association.get_many([ENERGY, POWER, CLOCK])] == [0, 1, 2]
        assert all(link.closed for link in self.links)
        assert self.meter.raw[-1][0] == 0x62

    @property
    def tags(self):
        """Tags of all APDUs that the client sent."""
        return [apdu[0] for apdu in self.meter.raw]


def answer_get(request):
    if request[1] == 1:
        return [b"\xc4\x01" + request[2:3] + b"\x00\x06\x00\x00\x00\x07"]
    count = request[3]
    return [b"\xc4\x03" + request[2:3] + bytes([count]) + b"".join(b"\0\x11" + bytes([n]) for n in range(count))]


LEVELS = (0x10, 0x20, 0x30)
PLAIN = [(HLS, 0), (MD5, 0), (SHA1, 0), (GMAC, 0), (GMAC, 1), (GMAC, 2), (SHA256, 0), (ECDSA, 1), (ECDSA, 2)]
CIPHERED = [(mechanism, suite) for mechanism in range(7) for suite in range(3)] + [(ECDSA, 1), (ECDSA, 2)]


@pytest.mark.parametrize(("mechanism", "suite"), PLAIN)
async def test_every_high_level_mechanism_without_ciphering(mechanism, suite):
    house = House(mechanism, suite=suite, ciphered=False)
    await house.reads()
    assert house.tags == [0x60, 0xC3, 0xC0, 0xC0, 0x62]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(("mechanism", "suite"), CIPHERED)
async def test_every_mechanism_in_a_ciphered_context(mechanism, suite, level):
    house = House(mechanism, suite=suite, level=level)
    await house.reads()
    assert house.tags == [0x60, *([0xCB] if mechanism >= HLS else []), 0xC8, 0xC8, 0x62]


ENVELOPES = {
    "ded": {"use_dedicated_key": True},
    "general-glo": {"envelope": Envelope.GENERAL},
    "general-ded": {"envelope": Envelope.GENERAL, "use_dedicated_key": True},
    "identified": {"envelope": Envelope.GENERAL_CIPHERING},
    "wrapped": {"envelope": Envelope.GENERAL_CIPHERING, "key_info": KeyInfoKind.WRAPPED},
}
AGREED = {
    name: {"envelope": Envelope.GENERAL_CIPHERING, "key_info": kind, "server_system_title": TITLE}
    for name, kind in (("one-pass", KeyInfoKind.AGREED_ONE_PASS), ("static", KeyInfoKind.AGREED_STATIC))
}
ENVELOPE_CASES = [
    pytest.param(settings, suite, sign, id=f"{name}-{suite}{'-signed' * sign}")
    for name, settings in (ENVELOPES | AGREED).items()
    for suite in (0, 1, 2)
    for sign in (False, True)
    if suite or not (sign or name in AGREED)  # suite 0 has no key pairs
]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(("settings", "suite", "sign"), ENVELOPE_CASES)
async def test_every_envelope_is_opened_by_cryptography_alone(settings, suite, sign, level):
    house = House(suite=suite, level=level, sign=sign, **settings)
    if sign or settings.get("envelope") is not None:
        house.meter.granted = bytes.fromhex("401A14")  # general protection was proposed
    await house.reads()
    assert len(house.meter.plain) == 4  # InitiateRequest, pass 3, two GETs


async def test_an_association_without_security_needs_no_state():
    house = House(NONE, ciphered=False)
    async with house.client.associate(AssociationParameters()) as association:
        assert (await association.get(ENERGY)).value == 7
        assert association.negotiated.server_system_title is None
        assert association.negotiated.overhead == 0


async def test_counters_without_an_owner_are_refused_before_anything_is_opened():
    house = House()
    with pytest.raises(LocalProtocolError, match="owner of their invocation counter"):
        async with house.client.associate(house.parameters):
            pass
    assert not house.links


# -- S1, S2: our counter


@pytest.mark.parametrize("settings", [{}, {"use_dedicated_key": True}, {"envelope": Envelope.GENERAL}], ids=str)
async def test_s01_no_counter_is_used_twice_over_associations(settings):
    house = House(start=40, **settings)
    if "envelope" in settings:
        house.meter.granted = bytes.fromhex("401A14")
    for _ in range(3):
        await house.reads()
    assert house.meter.invocations[0] == 40
    assert house.meter.invocations == sorted(set(house.meter.invocations), key=house.meter.invocations.index)
    assert len(set(house.meter.invocations)) == len(house.meter.invocations)


async def test_s01_the_proof_of_gmac_takes_a_counter_of_its_own():
    house = House(ciphered=False)
    await house.reads()
    await house.reads()
    assert house.meter.invocations == [0, 1]


async def test_s02_the_ceiling_is_stored_before_anything_is_sent():
    house = House(start=7)
    house.store.fails = True
    with pytest.raises(InvocationCounterExhausted):
        await house.reads()
    assert not house.meter.raw
    house.store.fails = False
    await house.reads()
    assert house.store.saved == [1_007]
    assert max(house.meter.invocations) < 1_007


async def test_s02_a_store_that_fails_later_ends_requests_when_nothing_is_reserved():
    house = House()
    async with house.associate() as association:
        house.store.fails = True
        with pytest.raises(InvocationCounterExhausted):
            for _ in range(1_001):
                await association.get(ENERGY)
        assert max(house.meter.invocations) < house.store.ceiling
    assert house.tags[-1] == 0x62  # 16 values are kept: the release is protected


async def test_s05_a_used_up_counter_stops_everything():
    house = House(start=MAX_SENDING_VALUE - 5)
    with pytest.raises(InvocationCounterExhausted):
        await house.reads()
    assert not house.meter.raw


async def test_blocks_of_a_long_value_have_counters_however_many():
    house = House()
    total = 1_800

    def blocks(request):
        number = int.from_bytes(request[3:7], "big") + 1 if request[1] == 2 else 1
        last = bytes([number == total])
        payload = b"\x09\x82" + (total - 1 << 1).to_bytes(2, "big") if number == 1 else b"ab"
        return [b"\xc4\x02" + request[2:3] + last + number.to_bytes(4, "big") + b"\0" + sized(payload)]

    house.meter.answer_get = blocks
    async with house.associate() as association:
        assert len((await association.get(ENERGY)).value) == 2 * (total - 1)
    assert len(house.store.saved) > 1


async def test_a_store_that_fails_during_a_long_transfer_ends_it():
    house = House()
    number = 0

    def endless(request):
        nonlocal number
        number += 1
        return [b"\xc4\x02" + request[2:3] + b"\0" + number.to_bytes(4, "big") + b"\0\x01a"]

    house.meter.answer_get = endless
    async with house.associate() as association:
        house.store.fails = True
        with pytest.raises(InvocationCounterExhausted):
            await association.get(ENERGY)
        assert not house.client.is_connected
    assert max(house.meter.invocations) < house.store.ceiling


# -- S3: counters that the meter asks for


@pytest.mark.parametrize("mechanism", [NONE, GMAC, SHA256])
async def test_s03_a_refused_aarq_is_repeated_once_with_a_higher_counter(mechanism):
    house = House(mechanism)
    house.meter.lowest = 5_000
    await house.reads()
    assert house.meter.invocations[:2] == [0, 5_000]
    assert house.store.ceiling == 6_000


async def test_s03_a_counter_that_stays_refused_is_an_error():
    house = House()
    house.meter.before = lambda apdu: [b"\xd8\x01\x06\x00\x00\x13\x88"] if apdu[0] == 0x60 else None
    with pytest.raises(InvocationCounterRefused) as caught:
        await house.reads()
    assert caught.value.expected == 5_000
    assert house.tags == [0x60, 0x60]


@pytest.mark.parametrize("told", [b"", b"\xff\xff\x00\x00", b"\x00\x00\x00\x00"], ids=["nothing", "absurd", "lower"])
async def test_s03_what_cannot_be_followed_is_not_repeated(told):
    house = House(start=3)
    house.meter.before = lambda apdu: [b"\xd8\x01\x06" + told]
    with pytest.raises(InvocationCounterRefused) as caught:
        await house.reads()
    assert caught.value.expected == (int.from_bytes(told, "big") if told else None)
    assert house.tags == [0x60]
    assert house.state.next_value < 1_000


class Write(GetOne):
    """Something that must not happen twice."""

    may_be_repeated = False


@pytest.mark.parametrize(("transfer", "times"), [(GetOne, 2), (Write, 1)])
async def test_what_writes_is_not_repeated_with_a_higher_counter(transfer, times):
    """The refusal is plain: whoever sends it may have let the request through before."""
    house = House()
    async with house.associate() as association:
        house.meter.lowest = 5_000
        before = len(house.meter.invocations)
        if times == 2:
            await association._request(transfer(ENERGY))
        else:
            with pytest.raises(InvocationCounterRefused):
                await association._request(transfer(ENERGY))
        assert len(house.meter.invocations) == before + times
        house.meter.lowest = 0  # the release has a counter, too


async def test_reading_in_pieces_is_repeated_with_a_higher_counter():
    house = House()
    async with house.associate() as association:
        house.meter.lowest = 5_000
        async with aclosing(association.get_pieces(ENERGY)) as pieces:
            assert len([octets async for octets in pieces]) == 1
        house.meter.lowest = 0


@pytest.mark.parametrize(("behind", "follows"), [(2**20 - 1_000, True), (2**20 + 1_000, False)])
async def test_s04_a_restored_backup_is_noticed_and_followed_within_the_bound(behind, follows):
    """Our store is older than the meter's memory: a refused proposal tells it; nothing is read below its word."""
    house = House(start=100)
    house.meter.lowest = 100 + behind
    if follows:
        await house.reads()
        assert house.meter.invocations[:2] == [100, 100 + behind]
        assert house.store.ceiling > 100 + behind
    else:
        with pytest.raises(InvocationCounterRefused) as caught:
            await house.reads()
        assert caught.value.expected == 100 + behind
        assert house.tags == [0x60]
        assert house.meter.invocations == [100]


async def test_s20_a_password_is_sent_once_although_the_counter_was_refused():
    house = House(LLS)
    house.meter.lowest = 5_000
    with pytest.raises(InvocationCounterRefused):
        await house.reads()
    assert house.tags == [0x60]
    await house.reads()


async def test_s03_a_refused_request_is_repeated_once():
    house = House()
    async with house.associate() as association:
        house.meter.lowest = 5_000
        assert (await association.get(ENERGY)).value == 7
        assert house.state.next_value > 5_000
        house.meter.before = lambda apdu: [b"\xd8\x01\x06\x00\x00\x20\x00"]
        with pytest.raises(InvocationCounterRefused):
            await association.get(ENERGY)
        house.meter.before = lambda apdu: None
        assert (await association.get(ENERGY)).value == 7
    assert house.tags.count(0xC8) == 5


async def test_s03_a_refused_request_under_the_dedicated_key_raises_its_own_counter_only():
    house = House(use_dedicated_key=True)
    async with house.associate() as association:
        house.meter.dedicated_lowest = 700
        assert (await association.get(ENERGY)).value == 7
    assert house.state.next_value < 100


async def test_a_meter_that_counts_the_dedicated_key_with_the_global_one():
    """It refuses pass 3, the first APDU under the dedicated key; the second attempt goes on counting."""
    house = House(use_dedicated_key=True, start=500)
    house.meter.dedicated_lowest = 500
    await house.reads()
    assert house.tags[:4] == [0x60, 0xD3, 0x60, 0xD3]
    await house.reads()
    assert house.tags.count(0x60) == 3


async def test_s03_a_plain_association_takes_the_refusal_as_the_exception_it_is():
    house = House(MD5, ciphered=False)
    async with house.associate() as association:
        house.meter.before = lambda apdu: [b"\xd8\x01\x06\x00\x00\x13\x88"]
        with pytest.raises(ExceptionReceived):
            await association.get(ENERGY)
        house.meter.before = lambda apdu: None


# -- S6, S7: the meter's counter


async def test_s07_with_a_proof_a_meter_may_start_counting_again():
    house = House()
    await house.reads()
    house.meter.counter = 1
    await house.reads()


@pytest.mark.parametrize("mechanism", [NONE, LLS])
async def test_s07_without_a_proof_it_may_not(mechanism):
    house = House(mechanism)
    await house.reads()
    house.meter.counter = 1
    with pytest.raises(InvocationCounterReplayed):
        await house.reads()


async def test_s06_what_was_recorded_in_an_association_is_worth_nothing_in_it():
    house = House(timing=SHORT)
    recorded = []
    async with house.associate() as association:
        honest = house.meter.replies
        house.meter.replies = lambda apdu: recorded.extend(honest(apdu)) or recorded[-1:]
        await association.get(ENERGY)
        house.meter.replies = lambda apdu: recorded[-1:]
        with pytest.raises(InvocationCounterReplayed):
            await association.get(ENERGY)


# -- S8 to S16: what is not verified is no value


def forged(house, *, count=1, then=True):
    """Let the meter send the answer with an altered tag first."""
    honest = house.meter.replies

    def replies(apdu):
        answers = honest(apdu)
        bad = answers[0][:-1] + bytes([answers[0][-1] ^ 1])
        return [bad] * count + (answers if then else [])

    house.meter.replies = replies


async def test_f38_a_forged_answer_is_dropped_and_the_honest_one_taken():
    house = House()
    async with house.associate() as association:
        forged(house, count=2)
        for _ in range(3):
            assert (await association.get(ENERGY)).value == 7
        del house.meter.replies


async def test_f38_three_in_a_row_close_the_connection():
    house = House()
    async with house.associate() as association:
        forged(house, count=3)
        with pytest.raises(AuthenticationTagInvalid):
            await association.get(ENERGY)
        assert not house.client.is_connected


async def test_f38_who_waited_in_vain_behind_a_forged_answer_is_told_why():
    house = House(timing=SHORT)
    async with house.associate() as association:
        forged(house, then=False)
        with pytest.raises(AuthenticationTagInvalid):
            await association.get(ENERGY)


async def test_a_late_answer_is_a_timeout_again_after_a_good_one():
    house = House(timing=SHORT)
    async with house.associate() as association:
        forged(house)
        await association.get(ENERGY)
        house.meter.replies = lambda apdu: []
        with pytest.raises(ResponseTimeout):
            await association.get(ENERGY)


@pytest.mark.parametrize("control", [0x10, 0x20, 0x31, 0x70, 0xB0])
async def test_s11_another_security_control_ends_the_connection(control):
    house = House()
    async with house.associate() as association:
        plain = bytes.fromhex("C401C200060000002A")
        content = house.meter.sealed(plain, control=control)
        house.meter.before = lambda apdu: [b"\xcc" + sized(content)]
        with pytest.raises(SecurityDowngrade):
            await association.get(ENERGY)
        assert not house.client.is_connected


async def test_s12_a_plain_answer_ends_the_connection():
    house = House()
    async with house.associate() as association:
        house.meter.before = lambda apdu: [bytes.fromhex("C401C200060000002A")]
        with pytest.raises(SecurityDowngrade):
            await association.get(ENERGY)
        assert not house.client.is_connected


async def test_s12_a_plain_exception_ends_the_request_and_nothing_else():
    house = House()
    async with house.associate() as association:
        house.meter.before = lambda apdu: [b"\xd8\x01\x05"]
        with pytest.raises(ExceptionReceived):
            await association.get(ENERGY)
        house.meter.before = lambda apdu: None
        assert (await association.get(ENERGY)).value == 7


@pytest.mark.parametrize("answer", [b"\xdb\x08EVL\0\0\0\0\1", b"\xdb\x00"], ids=["another", "none"])
async def test_s13_a_title_in_an_answer_is_the_meters_or_empty(answer):
    house = House()
    async with house.associate() as association:
        content = house.meter.sealed(bytes.fromhex("C401C200060000002A"))
        house.meter.before = lambda apdu: [answer + sized(content)] if apdu[0] == 0xC8 else None
        if answer[1]:
            with pytest.raises(SystemTitleMismatch):
                await association.get(ENERGY)
        else:
            assert (await association.get(ENERGY)).value == 42


async def test_s17_unverified_data_need_the_setting():
    """Only the encryption key is known: tags are not looked at; without the setting the same tags are refused."""
    house = House(NONE, authentication_key=Secret(b""), accept_unverified=True)
    house.meter.control = 0x20  # of what arrives
    honest = house.meter.protect

    def both(plain, envelope):
        house.meter.control = 0x30
        try:
            return honest(plain, envelope)
        finally:
            house.meter.control = 0x20

    house.meter.protect = both
    await house.reads()
    strict = House(NONE, authentication_key=Secret(b""))
    strict.meter.ak = b""
    await strict.reads()
    strict.meter.ak = AK
    strict.meter.open = lambda apdu: (b"\x01\0\0\0\x06\x5f\x1f\x04\0\0\x7e\x1f\x08\0", (0x21, b"", ()))
    with pytest.raises(AuthenticationTagInvalid):
        await strict.reads()


# -- S13, S18, S19: the AARE and the meter's proof


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        (0xA4, b"\x04\x05abcde", SystemTitleMismatch),
        (0xA4, b"\x04\x08" + CLIENT, SystemTitleMismatch),
        (0xA4, None, SystemTitleMismatch),
        (0xBE, b"\x04\x0e" + bytes.fromhex("0800065F1F0400001A1404000007"), SecurityDowngrade),
        (0xBE, None, SecurityDowngrade),
        (0xAA, None, ChallengeRefused),
        (0xAA, b"\x80\x07" + STOC[:7], ChallengeRefused),
        (0xAA, b"\x80\x41" + bytes(65), ChallengeRefused),
    ],
    ids=str,
)
async def test_s19_an_aare_that_cannot_be_believed_is_refused_at_once_and_released(field, value, error):
    house = House()

    def change(fields):
        kept = {tag: content for tag, content in fields.items() if tag != field}
        return kept if value is None else dict(sorted((kept | {field: value}).items()))

    house.meter.change_aare = change
    with pytest.raises(error):
        await house.reads()
    assert house.tags == [0x60, 0x62]


async def test_s19_our_own_challenge_coming_back_is_refused():
    house = House()
    house.meter.change_aare = lambda fields: fields | {0xAA: b"\x80" + sized(house.meter.ctos)}
    with pytest.raises(ChallengeRefused):
        await house.reads()
    assert house.tags == [0x60, 0x62]


@pytest.mark.parametrize(("mechanism", "suite"), PLAIN)
@pytest.mark.parametrize("ciphered", [False, True], ids=["plain", "ciphered"])
@pytest.mark.parametrize(
    "change", [lambda proof: proof[:-1] + bytes([proof[-1] ^ 1]), lambda proof: proof[:-1], lambda proof: None]
)
async def test_s19_a_wrong_proof_is_refused_and_nothing_is_read(mechanism, suite, ciphered, change):
    house = House(mechanism, suite=suite, ciphered=ciphered)
    house.meter.change_proof = change
    with pytest.raises(PeerNotAuthenticated):
        await house.reads()
    assert house.tags[-1] == 0x62
    assert not {0xC0, 0xC8} & set(house.tags)


@pytest.mark.parametrize(
    "answer", [bytes.fromhex("C701C10300"), bytes.fromhex("C701C1FA00"), bytes.fromhex("C701C100010103")]
)
async def test_s19_a_meter_that_refuses_our_proof_says_authentication_failure(answer):
    house = House(MD5, ciphered=False)
    house.meter.before = lambda apdu: [answer] if apdu[0] == 0xC3 else None
    with pytest.raises(AssociationRejected) as caught:
        await house.reads()
    assert (caught.value.result, caught.value.source, caught.value.diagnostic) == (1, 1, 13)
    assert caught.value.concerns_authentication


async def test_s19_the_proof_is_awaited_with_a_deadline_of_its_own():
    house = House(timing=SHORT)
    house.meter.before = lambda apdu: [] if apdu[0] == 0xCB else None
    with pytest.raises(ResponseTimeout) as caught:
        await house.reads()
    assert "reply_to_HLS_authentication" in str(caught.value)


@pytest.mark.parametrize("wrong", ["ek", "ak"])
async def test_a_meter_with_other_keys_is_never_associated(wrong):
    house = House(ciphered=False)
    house.meter.change_aare = lambda fields: setattr(house.meter, wrong, bytes(16)) or fields
    house.meter.before = lambda apdu: None if apdu[0] != 0xC3 else [b"\xc7\x01\xc1\x00\x01\x00\x09\x11" + bytes(17)]
    with pytest.raises(PeerNotAuthenticated):
        await house.reads()


async def test_s13_the_pinned_title_is_demanded_also_without_ciphering():
    house = House(ciphered=False, server_system_title=b"MMM\0\0\0\0\2")
    with pytest.raises(SystemTitleMismatch):
        await house.reads()
    house = House(ciphered=False, server_system_title=TITLE)
    await house.reads()


async def test_s13_a_meter_without_title_in_its_aare_is_the_configured_one():
    for ciphered in (False, True):
        house = House(ciphered=ciphered, server_system_title=TITLE)
        house.meter.change_aare = lambda fields: {tag: value for tag, value in fields.items() if tag != 0xA4}
        await house.reads()


# -- S20, S21


async def test_s20_no_weaker_way_is_tried_when_the_meter_refuses():
    house = House()
    house.meter.before = lambda apdu: [bytes.fromhex("6117A109060760857405080103A203020101A305A10302010D")]
    with pytest.raises(AssociationRejected):
        await house.reads()
    assert house.tags == [0x60]


@pytest.mark.parametrize(("mechanism", "suite"), PLAIN)
async def test_s21_challenges_are_long_fresh_and_from_the_operating_system(mechanism, suite, monkeypatch):
    drawn = []
    from custom_components.cosem.dlms.client import security_state

    honest = security_state.secrets.token_bytes
    house = House(mechanism, suite=suite)
    monkeypatch.setattr(
        security_state.opening_material, "__defaults__", (lambda count: drawn.append(honest(count)) or drawn[-1],)
    )
    seen = set()
    for _ in range(5):
        await house.reads()
        assert house.meter.ctos in drawn
        assert len(house.meter.ctos) >= (32 if mechanism == ECDSA else 16)
        seen.add(house.meter.ctos)
    assert len(seen) == 5
    assert security_state.secrets.token_bytes is honest


async def test_s21_a_retry_has_a_challenge_and_a_dedicated_key_of_its_own():
    house = House(use_dedicated_key=True)
    seen = []
    house.meter.change_aare = lambda fields: seen.append((house.meter.ctos, house.meter.dedicated)) or fields
    house.meter.dedicated_lowest = 3
    await house.reads()
    (first, first_key), (second, second_key) = seen
    assert first != second
    assert first_key != second_key


# -- sizes


async def test_lists_leave_room_for_the_protection():
    house = House()
    house.meter.max_pdu = 128
    house.meter.answer_get = answer_get
    async with house.associate(max_receive_pdu_size=200) as association:
        await association.get_many(REGISTERS[:20])
    gets = [apdu for apdu in house.meter.raw if apdu[0] == 0xC8]
    assert len(gets) > 1
    assert max(map(len, gets)) <= 128


# -- release and end


async def test_an_association_that_lost_its_connection_needs_no_release():
    house = House()
    async with house.associate() as association:
        house.links[-1].push(b"")
        await association.get(ENERGY)
        house.client._physical._link.connection.abort(ConnectionLost())
    assert 0x62 not in house.tags


@pytest.mark.parametrize("dedicated", [False, True])
async def test_the_release_is_protected_as_the_association_is(dedicated):
    house = House(use_dedicated_key=dedicated)
    async with house.associate() as association:
        await association.get(ENERGY)
    release = house.meter.raw[-1]
    assert release[:5] == bytes((0x62, len(release) - 2, 0x80, 0x01, 0x00))
    contents = release[5:]
    assert contents[:2] == bytes((0xBE, len(contents) - 2))
    assert contents[4] == 0x21  # glo-initiateRequest
    assert house.meter.invocations[-1] > house.meter.invocations[-2]


async def test_the_release_is_plain_when_no_counter_is_left():
    house = House()
    async with house.associate() as association:
        house.state.sending._next = house.state.sending.ceiling
        assert association.is_open
        house.meter.ciphered = False  # of the RLRQ
    assert house.meter.raw[-1] == bytes.fromhex("6203800100")


# -- S27, S29: nothing secret anywhere


@pytest.mark.parametrize("mechanism", [LLS, MD5, SHA256, GMAC, ECDSA])
async def test_s29_nothing_secret_is_shown_or_logged(mechanism, caplog):
    caplog.set_level(logging.DEBUG)
    house = House(mechanism, suite=1, use_dedicated_key=True)
    shown = []
    async with house.associate() as association:
        await association.get(ENERGY)
        connection = house.client._physical._link.connection
        held = connection._associations[house.parameters.pair]
        shown += [held, held.opening, held.opening._material, held.opening.protection, association, house.state]
        shown += [house.parameters, house.parameters.security, association.negotiated]
        dedicated = house.meter.dedicated
    house.meter.change_proof = lambda proof: bytes(20)
    house.meter.before = lambda apdu: None if mechanism != LLS else [b"\xd8\x01\x01"]
    with pytest.raises((PeerNotAuthenticated, ExceptionReceived)) as caught:
        await house.reads()
    texts = [*map(repr, shown), *map(str, shown), str(caught.value), repr(caught.value), caplog.text]
    for secret in (SECRET, EK, AK, MASTER, dedicated):
        for form in (secret.decode("latin-1"), secret.hex(), secret.hex().upper(), repr(secret), str(list(secret))):
            assert not [text for text in texts if form in text]


async def test_release_in_the_moment_of_the_challenge():
    """The release begins before the proposal hears of the challenge: neither takes what belongs to the other."""
    house = House(MD5, ciphered=False)
    releases = []

    def before(apdu):
        if apdu[0] != 0xC3:
            return None
        (use,) = house.client._uses.values()
        coroutine = use.association.release()
        releases.append(asyncio.Task(coroutine, loop=asyncio.get_running_loop(), eager_start=True))
        return []

    house.meter.before = before
    with pytest.raises(AssociationAborted, match="released"):
        async with house.associate():
            pytest.fail("there is no association")
    await asyncio.gather(*releases)
    assert [wpdu.apdu[0] for wpdu in house.links[0].sent] == [0x60, 0xC3, 0x62]
    assert house.links[0].closed
