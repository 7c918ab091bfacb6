"""Secured associations at the simulated meter: each mechanism, suite, envelope and policy."""

from dataclasses import replace

import pytest

from custom_components.cosem.dlms.encoding.data import decode_data_octets, plain
from tests.costs import cost
from tests.simulated_meter.acse import element
from tests.simulated_meter.ciphering import Material, seal, unseal
from tests.simulated_meter.envelopes import Envelope, KeyScheme, Kind, read, write
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import PROFILES, ProfileError, load_profile
from tests.simulated_meter.protection import Opened
from tests.simulated_meter.secured import Security
from tests.simulated_meter.security_profile import (
    Answer,
    ClientSecurity,
    Context,
    CounterObject,
    DedicatedCounter,
    DedicatedKey,
    PlainRelease,
)
from tests.simulated_meter.show_keys import key_lines
from tests.simulated_meter.steps import Send
from tests.vector_tools import by_name

from .secure_client import (
    AUTHENTICATED,
    BOTH,
    CTOS,
    ENCRYPTED,
    ENERGY,
    TITLE,
    SecureClient,
    aare_fields,
    change_client,
    secured_meter,
)
from .tools import NOW, BareClient, get_request, make_aarq

NOT_ALLOWED = bytes.fromhex("D80101")
DECIPHERING = bytes.fromhex("D80105")
REJECTED = b"\x02\x01\x01"
WPORTS = [1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17, 18, 19, 20]


@pytest.fixture(scope="module")
def shared() -> SimulatedMeter:
    """A meter for tests that leave nothing behind but counters."""
    return secured_meter()


def client_of(meter: SimulatedMeter, wport: int, **choices: object) -> SecureClient:
    """Return a client that protects as its policy wants it."""
    control = {12: AUTHENTICATED, 13: ENCRYPTED}.get(wport, BOTH)
    client = SecureClient(meter, wport, **{"control": control, "signed": wport == 17, **choices})
    if wport == 18:
        client.dedicated_key = bytes(range(16))
    return client


def truth(meter: SimulatedMeter) -> int:
    value = meter.truth("1.0.1.8.0").value
    assert isinstance(value, int)
    return value


def value_of(answer: bytes) -> int:
    assert answer[:4] == b"\xc4\x01\xc1\x00", answer.hex()
    value = decode_data_octets(answer[4:]).value
    assert isinstance(value, int)
    return value


@pytest.mark.parametrize("wport", WPORTS)
def test_every_client_of_the_profile_gets_in_reads_and_releases(wport: int):
    meter = secured_meter()
    client = client_of(meter, wport)
    client.enter()
    assert value_of(client.read()) == truth(meter)
    assert client.fields.get(0xA4, meter.security.identity.title) == meter.security.identity.title
    rlrq = b"\x62\x03\x80\x01\x00"
    if client.ciphered:
        inner = client.protect(client.initiate(), initiate=True)
        rlrq = b"\x62" + bytes([len(inner) + 7]) + b"\x80\x01\x00\xbe" + bytes([len(inner) + 2, 4, len(inner)]) + inner
        if len(inner) > 100:
            rlrq = b"\x62\x03\x80\x01\x00"
    answer = client.ask(rlrq)
    assert answer[0] == 0x63
    assert client.ask(ENERGY) == NOT_ALLOWED


@pytest.mark.parametrize("control", [BOTH, AUTHENTICATED, ENCRYPTED])
@pytest.mark.parametrize(
    ("kind", "scheme"),
    [
        (Kind.GLOBAL, KeyScheme.NONE),
        (Kind.GENERAL_GLOBAL, KeyScheme.NONE),
        (Kind.DEDICATED, KeyScheme.NONE),
        (Kind.GENERAL_DEDICATED, KeyScheme.NONE),
        (Kind.GENERAL, KeyScheme.NONE),
        (Kind.GENERAL, KeyScheme.UNICAST),
        (Kind.GENERAL, KeyScheme.WRAPPED),
        (Kind.GENERAL, KeyScheme.ONE_PASS),
        (Kind.GENERAL, KeyScheme.STATIC),
    ],
)
@pytest.mark.parametrize(("wport", "suite"), [(3, 1), (4, 2)])
@pytest.mark.parametrize("signed", [False, True])
def test_envelopes(wport: int, suite: int, kind: Kind, scheme: KeyScheme, control: int, signed: bool):
    meter = change_client(secured_meter(), wport, policy=0)
    client = SecureClient(meter, wport, kind=kind, scheme=scheme, control=control, signed=signed)
    if kind in {Kind.DEDICATED, Kind.GENERAL_DEDICATED}:
        client.dedicated_key = bytes(range(100, 116 if suite == 1 else 132))
    client.enter()
    for _ in range(3):
        assert value_of(client.read()) == truth(meter)


@pytest.mark.parametrize("kind", [Kind.GLOBAL, Kind.GENERAL_GLOBAL])
def test_suite_0(kind: Kind):
    meter = secured_meter()
    client = SecureClient(meter, 1, kind=kind)
    client.enter()
    assert value_of(client.read()) == truth(meter)


def test_the_lab_meter_against_the_published_sequence():
    """A four-pass exchange, octet by octet, with the meter's challenge and counter as the sample has them."""
    vector = by_name("sequences", "HLS-GMAC four passes, context without ciphering")
    profile = replace(
        load_profile("secured", {}).with_security(system_title=bytes.fromhex(vector.keys["server_system_title"])),
        history_days=2,
    )
    meter = change_client(
        SimulatedMeter(profile, lambda: NOW),
        14,
        sending_counter=0x01234567,
        client_title=bytes.fromhex("4D4D4D0000000001"),
    )
    stoc = bytes.fromhex(vector.expect["stoc"])
    meter.security = Security(meter.profile, "0", meter.faults.on_answer, meter.monotonic, lambda _: stoc)
    client = BareClient(meter, 14)
    steps = [bytes.fromhex(step["hex"]) for step in vector.fields["steps"]]
    fields = aare_fields(client.ask(steps[0]))
    assert fields[0xAA] == stoc
    assert fields[0xA3][-1] == 14
    answer = client.ask(steps[2])
    assert answer[4:] == steps[3][4:]


class TestRefusals:
    """What is not let in."""

    @pytest.mark.parametrize(
        ("changes", "diagnostic"),
        [
            ({"context": 1}, 2),
            ({"context": 4}, 2),
            ({"mechanism": 0}, 12),
            ({"mechanism": 6}, 11),
            ({"value": b"short"}, 13),
            ({"value": bytes(65)}, 13),
            ({"title": b"SIX_SIX"}, 3),
        ],
    )
    def test_of_an_aarq(self, shared: SimulatedMeter, changes: dict[str, object], diagnostic: int):
        fields = SecureClient(shared, 1).begin(**changes)
        assert (fields[0xA2], fields[0xA3][-1]) == (REJECTED, diagnostic)
        assert 0xAA not in fields

    def test_the_meters_own_title(self, shared: SimulatedMeter):
        client = SecureClient(shared, 1)
        assert client.begin(title=shared.security.identity.title)[0xA3][-1] == 3

    def test_another_title_than_the_pinned_one(self):
        meter = change_client(secured_meter(), 1, client_title=b"TST\x00\x00\x00\x00\x01")
        assert SecureClient(meter, 1).begin()[0xA3][-1] == 3

    def test_a_short_ecdsa_challenge(self, shared: SimulatedMeter):
        assert SecureClient(shared, 9).begin(value=bytes(31))[0xA3][-1] == 13

    def test_a_plain_initiate_where_the_policy_wants_more(self, shared: SimulatedMeter):
        client = SecureClient(shared, 1)
        assert client.begin(user_information=client.initiate())[0xA2] == REJECTED

    @pytest.mark.parametrize("control", [AUTHENTICATED, ENCRYPTED])
    def test_a_weak_initiate(self, shared: SimulatedMeter, control: int):
        assert SecureClient(shared, 1, control=control).begin()[0xA2] == REJECTED

    def test_a_plain_initiate_without_policy(self, shared: SimulatedMeter):
        client = SecureClient(shared, 14)
        fields = client.begin(user_information=client.initiate())
        assert fields[0xA2][-1] == 0
        assert fields[0xBE][0] == 0x08

    def test_a_wrong_password_in_a_ciphered_context(self, shared: SimulatedMeter):
        assert SecureClient(shared, 10).begin(value=b"guessed")[0xA3][-1] == 13

    def test_a_wrong_key(self, shared: SimulatedMeter):
        client = SecureClient(shared, 1)
        client.channel.client = replace(client.channel.client, encryption_key=bytes(16))
        assert client.begin()[0xA3][-1] == 13

    def test_a_wrong_key_in_silence(self):
        client = SecureClient(secured_meter(tag_refused=Answer.SILENCE), 1)
        client.channel.client = replace(client.channel.client, encryption_key=bytes(16))
        assert client.steps(client.aarq()) == []

    def test_an_inner_apdu_that_is_no_initiate(self, shared: SimulatedMeter):
        client = SecureClient(shared, 14)
        assert client.begin(user_information=client.protect(ENERGY))[0xA2] == REJECTED

    def test_a_dedicated_key_where_none_is_taken(self):
        meter = change_client(secured_meter(), 1, dedicated_key=DedicatedKey.REFUSED)
        client = SecureClient(meter, 1)
        client.dedicated_key = bytes(16)
        assert client.begin()[0xA2] == REJECTED

    def test_no_dedicated_key_where_one_must_be(self, shared: SimulatedMeter):
        assert SecureClient(shared, 18).begin()[0xA2] == REJECTED

    @pytest.mark.parametrize("length", [15, 32])
    def test_a_dedicated_key_of_a_wrong_length(self, shared: SimulatedMeter, length: int):
        client = SecureClient(shared, 1)
        client.dedicated_key = bytes(length)
        assert client.begin()[0xA2] == REJECTED

    def test_a_dedicated_key_in_the_clear(self, shared: SimulatedMeter):
        client = SecureClient(shared, 14)
        client.dedicated_key = bytes(16)
        assert client.begin(user_information=client.initiate())[0xA2] == REJECTED


class TestBeforePass3:
    """HLS pending: nothing but reply_to_HLS_authentication."""

    @pytest.mark.parametrize("wport", [1, 5, 9, 11])
    def test_nothing_is_read(self, wport: int):
        client = SecureClient(secured_meter(), wport)
        client.begin()
        assert client.read() == NOT_ALLOWED
        assert client.read(bytes.fromhex("C301C1000F0000280000FF020100")) == NOT_ALLOWED

    @pytest.mark.parametrize("wport", [1, 5, 6, 7, 8, 9, 11, 15])
    def test_a_wrong_proof_ends_it(self, wport: int):
        client = client_of(secured_meter(), wport)
        client.begin()
        proof = bytearray(client.proof())
        proof[-1] ^= 1
        assert client.pass_3(bytes(proof)) == bytes.fromhex("C701C10300")
        assert client.ask(client.protect(ENERGY) if client.ciphered else ENERGY) == NOT_ALLOWED

    def test_a_proof_with_a_used_counter(self):
        client = SecureClient(secured_meter(), 11)
        client.enter()
        client.begin()
        client.channel.counters.reset([client.security.encryption_key])
        assert client.pass_3() == bytes.fromhex("C701C10300")

    @pytest.mark.parametrize("may_repeat", [False, True])
    def test_a_proof_with_the_counter_of_its_envelope(self, may_repeat: bool):
        client = SecureClient(secured_meter(hls_counter_may_repeat=may_repeat), 1)
        client.begin()
        proof = client.proof()
        key = client.security.encryption_key
        client.channel.counters._sent[key] -= 1
        assert client.pass_3(proof)[3] == (0 if may_repeat else 3)

    def test_other_actions_are_denied_afterwards(self):
        client = SecureClient(secured_meter(), 1)
        client.enter()
        assert client.read(bytes.fromhex("C301C1000F0000280000FF020100")) == bytes.fromhex("C701C10300")
        assert client.pass_3() == bytes.fromhex("C701C10300")


class TestRequests:
    """Services in a protected association."""

    @pytest.fixture
    def client(self) -> SecureClient:
        client = SecureClient(secured_meter(), 1)
        client.enter()
        return client

    def test_a_plain_one_is_refused(self, client: SecureClient):
        assert client.ask(ENERGY) == NOT_ALLOWED
        assert value_of(client.read()) > 0

    @pytest.mark.parametrize("control", [AUTHENTICATED, ENCRYPTED])
    def test_a_weak_one_is_refused(self, client: SecureClient, control: int):
        client.control = control
        assert client.read() == NOT_ALLOWED

    def test_a_plain_one_may_be_denied_by_a_result(self):
        client = SecureClient(secured_meter(weak_refused=Answer.DENIED), 1)
        client.enter()
        assert client.ask(ENERGY) == bytes.fromhex("C401C10103")

    def test_a_replayed_one_is_told_the_counter(self, client: SecureClient):
        request = client.protect(ENERGY)
        assert client.ask(request)[0] == 0xCC
        counter = int.from_bytes(request[3:7])
        assert client.ask(request) == bytes.fromhex("D80106") + (counter + 1).to_bytes(4)

    def test_a_replayed_one_in_silence(self):
        client = SecureClient(secured_meter(counter_refused=Answer.SILENCE), 1)
        client.enter()
        request = client.protect(ENERGY)
        client.ask(request)
        assert client.steps(request) == []

    def test_a_low_counter_in_the_aarq(self):
        client = SecureClient(secured_meter(), 20)
        client.channel.client = replace(client.channel.client, sending_counter=7)
        assert client.ask(client.aarq()) == bytes.fromhex("D80106") + (250_000).to_bytes(4)

    @pytest.mark.parametrize(("refusal", "octets"), [(Answer.SILENCE, None), (Answer.DENIED, 0x61)])
    def test_a_low_counter_in_the_aarq_elsewhere(self, refusal: Answer, octets: int | None):
        client = SecureClient(secured_meter(counter_refused=refusal), 20)
        client.channel.client = replace(client.channel.client, sending_counter=7)
        steps = client.steps(client.aarq())
        assert [step.octets[8] for step in steps if isinstance(step, Send)] == ([] if octets is None else [octets])

    @pytest.mark.parametrize("position", [1, 2, 7, -1])
    def test_an_altered_one_is_not_taken(self, client: SecureClient, position: int):
        request = bytearray(client.protect(ENERGY))
        request[position] ^= 0x04
        assert client.ask(bytes(request)) in {DECIPHERING, NOT_ALLOWED}
        assert value_of(client.read()) > 0

    @pytest.mark.parametrize("control", [0x31, 0x70, 0xB0])
    def test_another_suite_the_broadcast_key_compression(self, client: SecureClient, control: int):
        envelope = read(client.protect(ENERGY))
        assert client.ask(write(replace(envelope, control=control))) == DECIPHERING

    def test_another_title_is_not_answered(self, client: SecureClient):
        client.kind = Kind.GENERAL_GLOBAL
        envelope = read(client.protect(ENERGY))
        assert client.steps(write(replace(envelope, title=b"TST\x00\x00\x00\x00\x08"))) == []

    def test_another_recipient_is_not_answered(self, client: SecureClient):
        client.kind = Kind.GENERAL
        envelope = read(client.protect(ENERGY))
        header = envelope.header._replace(recipient=b"OTHER001")
        assert client.steps(write(replace(envelope, header=header))) == []

    def test_an_inner_tag_that_does_not_fit(self, client: SecureClient):
        request = client.protect(ENERGY)
        assert client.ask(b"\xc9" + request[1:]) == DECIPHERING

    def test_nested_protection(self, client: SecureClient):
        client.kind = Kind.GENERAL_GLOBAL
        assert client.ask(client.protect(client.protect(ENERGY))) == DECIPHERING

    def test_an_empty_one(self, client: SecureClient):
        client.kind = Kind.GENERAL_GLOBAL
        like = client.like()
        sealed = client.channel.protect(b"\x00", like)
        assert client.ask(sealed) == bytes.fromhex("D80202")

    def test_a_dedicated_key_nobody_sent(self, client: SecureClient):
        client.kind = Kind.DEDICATED
        client.channel.dedicated_key = bytes(16)
        assert client.ask(client.protect(ENERGY)) == DECIPHERING

    def test_a_protected_one_where_nothing_is_protected(self):
        client = SecureClient(secured_meter(), 5)
        client.enter()
        assert client.ask(bytes.fromhex("C806300000000100")) == bytes.fromhex("D80103")

    def test_a_protected_one_without_association(self, shared: SimulatedMeter):
        assert SecureClient(shared, 1).ask(bytes.fromhex("C806300000000100")) == NOT_ALLOWED

    def test_the_broadcast_key(self):
        meter = change_client(secured_meter(), 3, policy=0)
        client = SecureClient(meter, 3)
        client.enter()
        key = client.security.broadcast_key
        sender = client.channel.client
        client.channel.client = replace(sender, encryption_key=key, sending_counter=1)
        twisted = client.channel.protect(ENERGY, client.like(), lambda s: replace(s, control=s.control | 0x40))
        client.channel.client = sender
        assert value_of(client.channel.open(client.ask(twisted)).plaintext) == truth(meter)

    def test_general_ciphering_without_protection(self):
        """Security control 00 has no counter; only a meter without policy takes it."""
        for policy, taken in ((0, True), (3, False)):
            meter = change_client(secured_meter(), 14, policy=policy)
            client = SecureClient(meter, 14)
            client.enter()
            client.kind, client.control = Kind.GENERAL, 0
            header = client.like().layers[0].header._replace(originator=TITLE)
            answer = client.ask(write(Envelope(kind=Kind.GENERAL, header=header, content=ENERGY)))
            assert (answer[0] == 0xDD) == taken

    def test_exceptions_are_plain(self, client: SecureClient):
        assert client.read(bytes.fromhex("05")) == bytes.fromhex("D80202")
        assert client.read(bytes.fromhex("C001C1")) == bytes.fromhex("D80103")


def test_replays_of_one_time_keys_are_refused():
    for scheme in (KeyScheme.WRAPPED, KeyScheme.ONE_PASS, KeyScheme.STATIC):
        client = SecureClient(secured_meter(), 3, kind=Kind.GENERAL, scheme=scheme)
        client.enter()
        request = client.protect(ENERGY)
        assert client.ask(request)[0] == 0xDD
        assert client.ask(request)[:3] == bytes.fromhex("D80106")


@pytest.mark.parametrize("kind", [Kind.GLOBAL, Kind.GENERAL])
def test_blocks_fit_the_size_agreed_upon(kind: Kind):
    meter = secured_meter()
    client = SecureClient(meter, 3, kind=kind, scheme=KeyScheme.UNICAST if kind is Kind.GENERAL else KeyScheme.NONE)
    client.enter(user_information=client.protect(client.initiate(200), initiate=True))
    request = get_request(15, "0.0.40.0.0.255", 2)
    raw, number, largest = b"", 0, 0
    while True:
        protected = client.ask(client.protect(request))
        largest = max(largest, len(protected))
        answer = client.channel.open(protected).plaintext
        assert answer[1] == 2
        offset = 10 if answer[9] < 0x80 else 11
        raw += answer[offset:]
        number = int.from_bytes(answer[4:8])
        if answer[3]:
            break
        request = b"\xc0\x02\xc1" + number.to_bytes(4)
    assert number > 10
    assert 180 <= largest <= 200
    assert decode_data_octets(raw) == meter.truth("0.0.40.0.0", client_wport=3)


class TestRelease:
    """RLRQ and RLRE."""

    @staticmethod
    def rlrq(client: SecureClient) -> bytes:
        inner = client.protect(client.initiate(), initiate=True)
        return b"\x62" + bytes([len(inner) + 7]) + b"\x80\x01\x00\xbe" + bytes([len(inner) + 2, 4, len(inner)]) + inner

    def test_protected(self):
        client = SecureClient(secured_meter(), 1)
        client.enter()
        rlre = client.ask(self.rlrq(client))
        assert rlre[:5] == b"\x63" + bytes([len(rlre) - 2]) + b"\x80\x01\x00"
        assert client.channel.open(rlre[9:]).plaintext[0] == 0x08
        assert client.ask(client.protect(ENERGY)) == NOT_ALLOWED

    def test_plain_rlre(self):
        client = SecureClient(secured_meter(plain_rlre=True), 1)
        client.enter()
        assert client.ask(self.rlrq(client)) == bytes.fromhex("6303800100")

    @pytest.mark.parametrize("way", list(PlainRelease))
    def test_plain_rlrq(self, way: PlainRelease):
        client = SecureClient(secured_meter(plain_rlrq=way), 1)
        client.enter()
        sent = [step.octets[8:] for step in client.steps(b"\x62\x00") if isinstance(step, Send)]
        assert (
            sent
            == {
                PlainRelease.ANSWER: [bytes.fromhex("6303800100")],
                PlainRelease.IGNORE: [],
                PlainRelease.REFUSE: [NOT_ALLOWED],
            }[way]
        )
        answer = client.ask(client.protect(ENERGY))
        assert (answer == NOT_ALLOWED) == (way is PlainRelease.ANSWER)

    def test_a_forged_rlrq_releases_nothing(self):
        client = SecureClient(secured_meter(), 1)
        client.enter()
        assert client.ask(self.rlrq(client)[:-1] + b"\x00") == DECIPHERING
        assert client.ask(b"\x62\x05") == bytes.fromhex("D80103")
        assert value_of(client.read()) > 0


class TestPolicies:
    """What the meter adds of its own accord."""

    @pytest.mark.parametrize(
        ("policy", "version", "required", "added"),
        [
            (0, 0, 0, 0),
            (1, 0, 0x10, 0x10),
            (2, 0, 0x20, 0x20),
            (3, 0, 0x30, 0x30),
            (0x04, 1, 0x10, 0),
            (0x60, 1, 0, 0x30),
        ],
    )
    def test_bits(self, policy: int, version: int, required: int, added: int):
        security = ClientSecurity(encryption_key=bytes(16), policy=policy, setup_version=version)
        assert (security.required, security.added) == (required, added)

    def test_answers_stronger_than_requests(self):
        meter = change_client(secured_meter(), 14, policy=0x60, setup_version=1)
        client = SecureClient(meter, 14)
        client.enter()
        answer = client.ask(ENERGY)
        assert answer[0] == 0xCC
        assert value_of(client.channel.open(answer).plaintext) == truth(meter)

    def test_signed_answers_to_requests_that_are_not(self):
        meter = change_client(secured_meter(), 17, policy=0x80, setup_version=1)
        client = SecureClient(meter, 17)
        client.enter()
        answer = client.ask(client.protect(ENERGY))
        opened: Opened = client.channel.open(answer)
        assert [layer.kind for layer in opened.layers] == [Kind.SIGNED, Kind.GLOBAL]
        assert value_of(opened.plaintext) == truth(meter)

    def test_signatures_missing_where_they_must_be(self):
        client = SecureClient(secured_meter(), 17)
        assert client.begin()[0xA2] == REJECTED


class TestObjects:
    """What the objects tell."""

    @pytest.mark.parametrize(
        ("kind", "expected"), [(CounterObject.LAST, 0), (CounterObject.NEXT, 1), (CounterObject.HIDDEN, None)]
    )
    def test_the_public_client_reads_counters(self, kind: CounterObject, expected: int | None):
        meter = secured_meter(counter_object=kind)
        public = BareClient(meter, 16)
        public.associate(password=None)
        answer = public.ask(get_request(1, "0.0.43.1.1.255", 2))
        assert answer[3] == 1  # client 1 has instance 0
        answer = public.ask(get_request(1, "0.0.43.1.0.255", 2))
        assert (None if answer[3] else plain(decode_data_octets(answer[4:]))) == expected
        client = SecureClient(meter, 1)
        client.enter()
        answer = public.ask(get_request(1, "0.0.43.1.0.255", 2))
        assert (None if answer[3] else plain(decode_data_octets(answer[4:]))) == (
            None if expected is None else 3 + expected
        )

    def test_the_counter_of_a_client_that_never_came(self, shared: SimulatedMeter):
        assert shared.truth("0.0.43.1.20").value == 249_999

    def test_security_setups(self, shared: SimulatedMeter):
        assert [shared.truth("0.0.43.0.0", index).value for index in (2, 3, 5)] == [
            3,
            0,
            shared.security.identity.title,
        ]
        assert [shared.truth("0.0.43.0.15", index).value for index in (2, 3)] == [0x6C, 2]
        ((entity, kind, *_),) = plain(shared.truth("0.0.43.0.9", 6))
        assert (entity, kind) == (0, 0)

    def test_the_association_tells_mechanism_context_and_setup(self, shared: SimulatedMeter):
        client = SecureClient(shared, 3)
        client.enter()
        values = [client.read(get_request(15, "0.0.40.0.0.255", index))[6:] for index in (4, 6, 9)]
        assert [value.hex() for value in values] == ["60857405080103", "60857405080205", "00002b0003ff"]


class TestLock:
    """Client 20 is locked after three wrong attempts."""

    @pytest.mark.parametrize("locked", [Answer.SILENCE, Answer.EXCEPTION])
    def test_and_opens_again(self, locked: Answer):
        now = [0.0]
        profile = secured_meter(locked=locked).profile
        meter = SimulatedMeter(profile, lambda: NOW, monotonic=lambda: now[0])
        client = SecureClient(meter, 20)
        for _ in range(3):
            client.begin()
            assert client.pass_3(bytes(17)) == bytes.fromhex("C701C10300")
        sent = [step.octets[8:] for step in client.steps(client.aarq()) if isinstance(step, Send)]
        if locked is Answer.SILENCE:
            assert sent == []
        else:
            assert aare_fields(sent[0])[0xA2][-1] == 2
        now[0] = 61.0
        client.enter()

    def test_success_forgets_wrong_attempts(self):
        meter = secured_meter()
        client = SecureClient(meter, 20)
        for _ in range(2):
            client.begin()
            client.pass_3(bytes(17))
        client.enter()
        client.begin()
        client.pass_3(bytes(17))
        client.enter()
        assert value_of(client.read()) == truth(meter)


def test_a_restart_may_lose_counters():
    meter = secured_meter()
    client = SecureClient(meter, 1)
    client.enter()
    client.read()
    meter.restart(lose_counters=True)
    assert meter.truth("0.0.43.1.0").value == 0
    again = SecureClient(meter, 1)
    again.begin()
    assert read(meter.security.history[1][-1]).counter is not None
    again.pass_3()
    assert meter.security.counters._sent[again.security.encryption_key] == 3  # AARE, proof, answer: from 0


@pytest.mark.parametrize("counter", list(DedicatedCounter))
def test_the_counter_of_a_dedicated_key(counter: DedicatedCounter):
    meter = secured_meter(dedicated_counter=counter)
    client = SecureClient(meter, 1, kind=Kind.DEDICATED)
    client.dedicated_key = bytes(range(16))
    client.enter()
    first = read(client.ask(client.protect(ENERGY))).counter
    assert first == (1 if counter is DedicatedCounter.OWN else 4)


def test_odd_aares():
    meter = secured_meter(hls_diagnostic=0, system_title_in_aare=False)
    odd = SimulatedMeter(
        meter.profile.with_quirks(mechanism_name_in_aare=False, protocol_version_in_aare=True), lambda: NOW
    )
    fields = SecureClient(odd, 1).begin()
    assert fields[0xA3][-1] == 0
    assert fields[0x80] == b"\x07\x80"
    assert 0x89 not in fields
    assert 0xA4 not in fields
    assert len(fields[0xAA]) == 16


def test_certificates():
    meter = secured_meter(certificate_in_aare=True)
    assert SecureClient(meter, 9).begin()[0xA5].startswith(b"\x30\x82")


def test_header_fields_may_be_left_out_of_the_tag():
    for covered in (True, False):
        meter = secured_meter(header_in_aad=covered)
        client = SecureClient(meter, 3, kind=Kind.GENERAL, scheme=KeyScheme.UNICAST)
        client.enter()
        envelope = read(client.protect(ENERGY))
        header = envelope.header._replace(transaction_id=b"altered")
        assert (client.ask(write(replace(envelope, header=header)))[0] == 0xDD) is not covered


def test_the_reader_by_password_is_as_before(shared: SimulatedMeter):
    client = BareClient(shared, 2)
    assert client.ask(make_aarq(password="simulated"))[0] == 0x61
    assert client.ask(ENERGY)[0] == 0xC4


@pytest.mark.parametrize(
    "entry",
    [
        "mechanism = 8",
        "suite = 3",
        'mechanism = 5\nencryption_key = "00"',
        "mechanism = 5",
        'mechanism = 7\nencryption_key = "000102030405060708090A0B0C0D0E0F"',
        'colour = "red"',
        'context = "upside-down"',
    ],
)
def test_profiles_that_cannot_be(tmp_path, entry: str):
    file = tmp_path / "meter.toml"
    file.write_text(f'[[clients]]\nwport = 1\nname = "x"\nlevel = "read"\n[clients.security]\n{entry}\n')
    with pytest.raises(ProfileError):
        load_profile(file, {})


def test_profiles_may_write_secrets_and_scalars(tmp_path):
    file = tmp_path / "meter.toml"
    file.write_text(
        '[security]\nlocked = "exception"\nsigning_scalar = "0123"\n'
        '[[clients]]\nwport = 1\nname = "x"\nlevel = "read"\n'
        '[clients.security]\nmechanism = 3\ncontext = "plain"\nsecret = "0xC0FFEE"\nagreement_scalar = "1A"\n'
    )
    profile = load_profile(file, {})
    assert profile.security.signing_scalar == 0x123
    security = profile.clients[0].security
    assert security is not None
    assert (security.secret, security.agreement_scalar, security.context) == (b"\xc0\xff\xee", 0x1A, Context.PLAIN)


def test_the_delivered_keys_are_not_the_printed_ones():
    text = (PROFILES / "secured.toml").read_text(encoding="utf-8").upper()
    assert text.count("000102030405060708090A0B0C0D0E0F") == 1
    assert text.count("D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF") == 1


def test_forty_registers_under_protection_are_fast():
    meter = secured_meter()
    client = SecureClient(meter, 1)
    client.enter()
    names = [item.logical_name for item in meter.devices[1]._objects.values() if item.class_id == 3][:40]
    body = b"".join(b"\x00\x03" + name.octets + b"\x02\x00" for name in names)
    request = b"\xc0\x03\xc1" + bytes([len(names)]) + body
    single = b"\xc0\x01\xc1\x00\x03" + names[0].octets + b"\x02\x00"
    assert client.secure_ask(request)[0] == client.secure_ask(single)[0] == 0xC4
    ten = range(10)
    whole, one = (cost(lambda octets=octets: [client.secure_ask(octets) for _ in ten]) for octets in (request, single))
    assert whole < 40 * one


def test_challenges_differ():
    meter = secured_meter()
    seen = {bytes(SecureClient(meter, 1).begin()[0xAA]) for _ in range(1)}
    client = SecureClient(meter, 5)
    seen |= {client.begin()[0xAA] for _ in range(20)}
    assert len(seen) == 21
    assert CTOS not in seen


def test_what_clients_need_is_told(shared: SimulatedMeter):
    text = "\n".join(key_lines(shared.profile, shared.security))
    assert "meter: system title 53494D1000000007" in text
    assert "client 8 (HLS vendor (AES-ECB), no ciphering): HLS vendor (AES-ECB)\n  secret: 'Vendor-secret-16'" in text
    assert "client 10 (password (LLS) in a ciphered context, suite 0): password 'simulated', ciphered" in text
    assert "invocation counter: 0.0.43.1.20.255, lowest accepted 250000" in text
    assert text.count("BEGIN PRIVATE KEY") == 2 * 5
    assert text.count("BEGIN PUBLIC KEY") == 4


def test_a_published_exchange_with_a_dedicated_key():
    """The client's octets of the sample, the meter's challenge as there: every request opens, and the answers fit."""
    vector = by_name(
        "sequences",
        "ciphered association with a dedicated key delivered in the AARQ; own invocation counters start at 0 for the "
        "dedicated key",
    )
    title = bytes.fromhex(vector.keys["server_system_title"])
    profile = replace(load_profile("secured", {}).with_security(system_title=title), history_days=2)
    meter = SimulatedMeter(profile, lambda: NOW)
    stoc = bytes.fromhex(vector.expect["stoc"])
    meter.security = Security(meter.profile, "0", meter.faults.on_answer, meter.monotonic, lambda _: stoc)
    client = BareClient(meter, 14)
    octets = [bytes.fromhex(step["hex"]) for step in vector.fields["steps"]]
    # The sample's InitiateRequest lacks the octet that says "dedicated key present": it is put in, and sealed again.
    sealed = read(octets[0][octets[0].index(b"\x21\x2f") :])
    assert sealed.counter is not None
    keys = {name: bytes.fromhex(vector.keys[name]) for name in ("ek", "ak", "client_system_title")}
    material = Material(key=keys["ek"], authentication_key=keys["ak"], title=keys["client_system_title"])
    initiate = unseal(material, sealed.control, sealed.counter, sealed.content)
    mended = write(replace(sealed, content=seal(material, sealed.control, sealed.counter, b"\x01\x01" + initiate[1:])))
    head = octets[0][2 : octets[0].index(b"\xbe\x33")]
    octets[0] = element(0x60, head + element(0xBE, element(0x04, mended)))
    assert [client.ask(request)[0] for request in octets[::2]] == [answer[0] for answer in octets[1::2]]
