"""Protection of an association: what it sends, what it accepts, and above all what it refuses."""

from dataclasses import replace

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
import pytest

from custom_components.cosem.dlms.apdu import decode_apdu, encode_apdu
from custom_components.cosem.dlms.apdu.ciphered import (
    CipheredContent,
    GeneralCiphering,
    GeneralDedCiphering,
    GeneralGloCiphering,
    GeneralSigning,
    IdentifiedKey,
    SecurityControl,
    ServiceCiphered,
)
from custom_components.cosem.dlms.errors import (
    AuthenticationTagInvalid,
    DecodeError,
    DlmsError,
    InvocationCounterExhausted,
    InvocationCounterReplayed,
    LocalProtocolError,
    SecurityDowngrade,
    SystemTitleMismatch,
)
from custom_components.cosem.dlms.security.counters import ReceivingCounter, SendingCounter
from custom_components.cosem.dlms.security.general_ciphering import GeneralCipherer
from custom_components.cosem.dlms.security.key_pairs import generate_key_pair
from custom_components.cosem.dlms.security.keys import Secret
from custom_components.cosem.dlms.security.protection import CipheredProtection, KeyCounters
from custom_components.cosem.dlms.security.settings import Envelope, KeyInfoKind, KeyPairs, SecuritySettings
from custom_components.cosem.dlms.security.suite import Protection, SecuritySuite
from tests.vector_tools import by_name, vectors

CLIENT, SERVER = bytes.fromhex("4D4D4D0000000001"), bytes.fromhex("4D4D4D0000BC614E")
EK, AK = Secret(bytes(range(16))), Secret(bytes(range(0xD0, 0xE0)))
DED = Secret(bytes.fromhex("00112233445566778899AABBCCDDEEFF"))
MASTER = Secret(bytes.fromhex("00112233445566778899AABBCCDDEEFF"))
GET = bytes.fromhex("C001C100080000010000FF0200")
ANSWER = bytes.fromhex("C401C100090C07E50118070E303950FFC400")
INITIATE = bytes.fromhex("01000000065F1F0400621F9F0400")
NOTIFICATION = bytes.fromhex("C20000010000616200FF020600000004")


class Zeros:
    """A source of octets that is not random, so that tests repeat."""

    def __init__(self):
        self.calls = 0

    def __call__(self, count):
        self.calls += 1
        return bytes([self.calls]) * count


def make(*, meter=False, counter=0, last=None, dedicated=None, peer=True, **changes):
    """Return the protection of the client, or the same seen from the meter's side."""
    own, other = (SERVER, CLIENT) if meter else (CLIENT, SERVER)
    values = {
        "client_system_title": own,
        "server_system_title": other if peer else None,
        "global_unicast_encryption_key": EK,
        "authentication_key": AK,
        "use_dedicated_key": dedicated is not None,
    }
    settings = SecuritySettings(**(values | changes))
    counters = KeyCounters(sending=SendingCounter(counter, ceiling=2**32), receiving=ReceivingCounter(last))
    general = GeneralCipherer(settings, Zeros())
    return CipheredProtection(settings, counters, dedicated_key=dedicated, general=general)


ENVELOPES = [
    {},
    {"protection": Protection.AUTHENTICATED},
    {"protection": Protection.ENCRYPTED},
    {"dedicated": DED},
    {"envelope": Envelope.GENERAL},
    {"envelope": Envelope.GENERAL, "dedicated": DED},
    {"envelope": Envelope.GENERAL_CIPHERING},
    {"envelope": Envelope.GENERAL_CIPHERING, "authenticate_header": False},
    {"envelope": Envelope.GENERAL_CIPHERING, "key_info": KeyInfoKind.WRAPPED, "master_key": MASTER},
    {"suite": SecuritySuite.SUITE_1},
    {
        "suite": SecuritySuite.SUITE_2,
        "global_unicast_encryption_key": Secret(bytes(32)),
        "authentication_key": Secret(bytes(range(32))),
    },
    {"authentication_key": Secret(b"")},
]


@pytest.mark.parametrize("changes", ENVELOPES, ids=str)
def test_what_one_side_protects_the_other_opens(changes):
    client, meter = make(**changes), make(meter=True, **changes)
    for apdu in (INITIATE, GET, NOTIFICATION):
        request = client.protect(apdu)
        meter._general._last_transaction_id = client._general._last_transaction_id
        assert meter.unprotect(request).apdu == apdu
        assert client.unprotect(answer(client, meter)).apdu == ANSWER


AGREED = {KeyInfoKind.AGREED_ONE_PASS, KeyInfoKind.AGREED_STATIC}


@pytest.mark.parametrize(
    ("key_info", "suite", "sign"),
    [
        pytest.param(key_info, suite, sign, id=f"{key_info.name}-{suite.name}{'-signed' * sign}")
        for key_info in KeyInfoKind
        for suite in SecuritySuite
        for sign in (False, True)
        if suite is not SecuritySuite.SUITE_0 or not (sign or key_info in AGREED)  # suite 0 has no key pairs
    ],
)
@pytest.mark.parametrize("envelope", list(Envelope), ids=str)
def test_no_envelope_adds_more_than_its_overhead(envelope, key_info, suite, sign):
    key = Secret(bytes(suite.key_length))
    pair = generate_key_pair(suite) if suite else None
    public = pair.public_key if pair else None
    client = make(
        envelope=envelope,
        key_info=key_info,
        suite=suite,
        sign=sign,
        global_unicast_encryption_key=key,
        authentication_key=key,
        master_key=key,
        key_pairs=KeyPairs(
            signing_key=pair, agreement_key=pair, server_signing_key=public, server_agreement_key=public
        ),
    )
    for size in (1, 100, 1_000, 60_000):
        added = len(client.protect(GET + bytes(size - 1))) - len(GET) - size + 1
        assert added <= client.settings.overhead
    assert added >= client.settings.overhead - 40  # lengths, and two headers' date-times that are not always there


def answer(client, meter, apdu=ANSWER):
    """Return the meter's answer; general-ciphering answers carry the transaction id of the request."""
    protected = meter.protect(apdu)
    decoded = decode_apdu(protected)
    if not isinstance(decoded, GeneralCiphering):
        return protected
    header = meter._general.new_header(CLIENT)._replace(transaction_id=client._general._last_transaction_id)
    meter._general.new_header = lambda _recipient: header
    protected = meter.protect(apdu)
    del meter._general.new_header
    return protected


@pytest.mark.parametrize(
    "vector",
    [
        vector
        for vector in vectors("ciphered")
        if vector.expect.get("plaintext") and vector.fields["source"] == "constructed"
    ],
    ids=lambda vector: vector.name,
)
def test_samples_open(vector):
    keys = vector.keys
    title = bytes.fromhex(keys.get("originator_system_title") or vector.expect["system_title"])
    other = CLIENT if title == SERVER else SERVER
    control = vector.expect["security_control"]
    protection = CipheredProtection(
        SecuritySettings(
            client_system_title=other,
            server_system_title=title,
            suite=SecuritySuite(control["suite"]),
            protection=Protection(control["raw"] & 0x30),
            global_unicast_encryption_key=Secret(bytes.fromhex(keys.get("ek", "00" * 16))),
            authentication_key=Secret(bytes.fromhex(keys["ak"])),
            use_dedicated_key="ded" in keys,
        ),
        KeyCounters(sending=SendingCounter(0)),
        dedicated_key=Secret(bytes.fromhex(keys["ded"])) if "ded" in keys else None,
    )
    assert protection.unprotect(vector.octets).apdu.hex() == vector.expect["plaintext"]


@pytest.mark.parametrize("number", [0, 1, 3])
def test_samples_of_general_ciphering_open(number):
    vector = vectors("general-ciphering")[number]
    changes = {"envelope": Envelope.GENERAL_CIPHERING, "suite": SecuritySuite.SUITE_1}
    if "kek" in vector.keys:
        changes |= {"key_info": KeyInfoKind.WRAPPED, "master_key": Secret(bytes.fromhex(vector.keys["kek"]))}
    receiver = make(meter=vector.expect["originator_system_title"] == CLIENT.hex(), **changes)
    receiver._general._last_transaction_id = bytes.fromhex(vector.expect["transaction_id"])
    assert receiver.unprotect(vector.octets).apdu.hex() == vector.expect["plaintext"]


def test_s14_the_broadcast_key_is_refused():
    vector = vectors("general-ciphering")[2]
    receiver = make(envelope=Envelope.GENERAL_CIPHERING, suite=SecuritySuite.SUITE_1)
    with pytest.raises(SecurityDowngrade):
        receiver.unprotect(vector.octets)
    content = CipheredContent(SecurityControl(0x70), 1, bytes(20))
    with pytest.raises(SecurityDowngrade):
        make().unprotect(encode_apdu(ServiceCiphered(0xCC, content)))


def test_the_sample_association_with_a_dedicated_key():
    """Every ciphered APDU of the published-form sequence, both directions, with its own counters per key."""
    steps = by_name(
        "sequences",
        "ciphered association with a dedicated key delivered in the AARQ; "
        "own invocation counters start at 0 for the dedicated key",
    ).fields["steps"]
    client = make(counter=0x21, dedicated=DED)
    hexed = [bytes.fromhex(step["hex"]) for step in steps]
    proposal = hexed[0][hexed[0].index(b"\x21\x2f") :]
    initiate = make(meter=True, dedicated=DED).unprotect(proposal).apdu
    # The sample's own InitiateRequest lacks the octet that says "dedicated key present" (docs/protocol.md): what is
    # inside does not matter here, its protection does.
    assert DED.reveal() in initiate
    assert client.protect(initiate) == proposal
    response = hexed[1][hexed[1].index(b"\x28\x1f") :]
    assert client.unprotect(response).apdu == bytes.fromhex("0800065F1F0400621F9F02000007")
    meter = make(meter=True, dedicated=DED)
    proof = meter.unprotect(hexed[2]).apdu
    assert client.protect(proof) == hexed[2]
    assert client.unprotect(hexed[3]).apdu[:2] == b"\xc7\x01"
    assert client.protect(GET) == hexed[4]
    assert client.unprotect(hexed[5]).apdu[:1] == b"\xc4"


def test_what_is_sent_is_plain_aes_gcm():
    """Checked with cryptography alone: nonce, additional data, tag, layout."""
    sent = make(counter=0x01020304).protect(GET)
    assert sent[:7] == bytes.fromhex("C81E3001020304")
    nonce, additional = CLIENT + sent[3:7], b"\x30" + AK.reveal()
    assert AESGCM(EK.reveal()).encrypt(nonce, GET, additional)[:-4] == sent[7:]


def test_services_without_an_envelope_of_their_own_use_the_general_one():
    sent = decode_apdu(make().protect(bytes.fromhex("D9000000010000 00 00".replace(" ", ""))))
    assert isinstance(sent, GeneralGloCiphering)
    assert sent.system_title == CLIENT
    assert isinstance(decode_apdu(make(dedicated=DED).protect(b"\xd9\x00")), GeneralDedCiphering)


def test_the_initiate_request_uses_the_global_key_even_with_a_dedicated_one():
    client = make(dedicated=DED, counter=5)
    assert client.protect(INITIATE)[0] == 0x21
    assert client.protect(GET)[0] == 0xD0
    assert int.from_bytes(client.protect(GET)[3:7]) == 1


def test_s01_every_apdu_takes_a_new_counter():
    client = make(counter=7)
    assert [int.from_bytes(client.protect(GET)[3:7]) for _ in range(5)] == [7, 8, 9, 10, 11]


def test_s02_without_a_reserved_counter_nothing_is_protected():
    settings = make().settings
    client = CipheredProtection(settings, KeyCounters(sending=SendingCounter(3)))
    with pytest.raises(InvocationCounterExhausted):
        client.protect(GET)


def test_s06_a_repeated_answer_is_refused():
    client, meter = make(), make(meter=True)
    first, second = meter.protect(ANSWER), meter.protect(ANSWER)
    assert client.unprotect(second).apdu == ANSWER
    for repeated in (second, first):
        with pytest.raises(InvocationCounterReplayed):
            client.unprotect(repeated)


def test_s06_a_forged_apdu_does_not_move_the_receiving_counter():
    client, meter = make(), make(meter=True, counter=5)
    good = meter.protect(ANSWER)
    forged = bytearray(good)
    forged[3:7] = (1000).to_bytes(4)
    with pytest.raises(AuthenticationTagInvalid):
        client.unprotect(bytes(forged))
    assert client.unprotect(good).apdu == ANSWER


def test_s08_no_octet_can_be_altered():
    meter = make(meter=True)
    good = meter.protect(ANSWER)
    for position in range(len(good)):
        for flip in (0x01, 0x80):
            altered = bytearray(good)
            altered[position] ^= flip
            with pytest.raises(DlmsError):
                make().unprotect(bytes(altered))
    for length in range(1, len(good)):
        with pytest.raises(DlmsError):
            make().unprotect(good[:length])
    with pytest.raises(DlmsError):
        make().unprotect(good + b"\0")


@pytest.mark.parametrize("raw", [octet for octet in range(256) if octet != 0x30])
def test_s11_any_other_security_control_is_refused(raw):
    """Properly sealed under that very octet, so that nothing but the octet is wrong."""
    nonce = SERVER + (1).to_bytes(4)
    sealed = AESGCM(EK.reveal()).encrypt(nonce, ANSWER, bytes((raw,)) + AK.reveal())[:-4]
    octets = bytes((raw,)) + (1).to_bytes(4) + sealed
    with pytest.raises((SecurityDowngrade, DecodeError)):
        make().unprotect(b"\xcc" + bytes((len(octets),)) + octets)


@pytest.mark.parametrize("weaker", [Protection.AUTHENTICATED, Protection.ENCRYPTED])
def test_s11_weaker_protection_is_refused(weaker):
    meter = make(meter=True, protection=weaker)
    with pytest.raises(SecurityDowngrade):
        make().unprotect(meter.protect(ANSWER))


@pytest.mark.parametrize("envelope", [Envelope.SERVICE_SPECIFIC, Envelope.GENERAL, Envelope.GENERAL_CIPHERING])
@pytest.mark.parametrize("agreed", [Protection.AUTHENTICATED, Protection.ENCRYPTED])
def test_more_protection_than_agreed_is_verified_and_taken(agreed, envelope):
    client, meter = make(protection=agreed, envelope=envelope), make(meter=True, envelope=envelope)
    less = make(meter=True, protection=agreed, envelope=envelope, counter=9)
    assert not client.receiving.took_more_protection
    octets = meter.protect(ANSWER)
    for forged in (octets[:-1] + bytes([octets[-1] ^ 1]), octets[:-13] + bytes([octets[-13] ^ 1]) + octets[-12:]):
        with pytest.raises(AuthenticationTagInvalid):
            client.unprotect(forged)
    assert client.unprotect(octets).apdu == ANSWER
    with pytest.raises(InvocationCounterReplayed):
        client.unprotect(octets)
    assert client.unprotect(less.protect(ANSWER)).apdu == ANSWER
    assert client.receiving.took_more_protection


@pytest.mark.parametrize("raw", [0x31, 0x70, 0xB0, 0x20, 0x00])
def test_s11_what_is_otherwise_protected_is_not_more(raw):
    settings = make(protection=Protection.AUTHENTICATED).settings
    assert not settings.accepts(SecurityControl(raw))
    assert settings.accepts(SecurityControl(0x10))
    assert settings.accepts(SecurityControl(0x30))


def test_s11_what_cannot_be_verified_is_not_more():
    settings = make(protection=Protection.ENCRYPTED, authentication_key=Secret(b"")).settings
    assert settings.accepts(SecurityControl(0x20))
    assert not settings.accepts(SecurityControl(0x30))
    plain = make(protection=Protection.ENCRYPTED).settings
    assert not replace(plain, protection=Protection.NONE).accepts(SecurityControl(0x30))


@pytest.mark.parametrize("apdu", [ANSWER, GET, INITIATE, bytes.fromhex("0800065F1F0400621F9F02000007"), b"\xc7\x01"])
def test_s12_plain_apdus_are_refused(apdu):
    with pytest.raises(SecurityDowngrade):
        make().unprotect(apdu)


@pytest.mark.parametrize(
    "apdu", ["D80103", "D8010600001234", "0E010601", "6303800100", "C20000010000616200FF020600000004"]
)
def test_s12_errors_acse_and_plain_notifications_pass_as_they_are(apdu):
    octets = bytes.fromhex(apdu)
    assert make().unprotect(octets).apdu == octets


def test_s13_another_system_title_is_refused():
    client = make()
    with pytest.raises(SystemTitleMismatch):
        client.learn_server_title(b"MMM\0\0\0\0\2")
    with pytest.raises(SystemTitleMismatch):
        client.learn_server_title(b"MMM")
    with pytest.raises(SystemTitleMismatch):
        client.learn_server_title(CLIENT)
    client.learn_server_title(SERVER)
    client.learn_server_title(None)
    stranger = make(meter=True, envelope=Envelope.GENERAL, client_system_title=b"MMM\0\0\0\0\2")
    with pytest.raises(SystemTitleMismatch):
        make(envelope=Envelope.GENERAL).unprotect(stranger.protect(ANSWER))


def test_s13_the_first_association_pins_the_title():
    client = make(peer=False)
    with pytest.raises(SystemTitleMismatch):
        client.learn_server_title(None)
    with pytest.raises(SystemTitleMismatch):
        client.unprotect(make(meter=True).protect(ANSWER))
    client.learn_server_title(SERVER)
    assert client.unprotect(make(meter=True).protect(ANSWER)).apdu == ANSWER
    with pytest.raises(SystemTitleMismatch):
        client.learn_server_title(b"MMM\0\0\0\0\2")


def test_an_empty_title_in_a_general_envelope_means_the_known_one():
    good = decode_apdu(make(meter=True, envelope=Envelope.GENERAL).protect(ANSWER))
    assert make().unprotect(encode_apdu(GeneralGloCiphering(b"", good.content))).apdu == ANSWER


def test_s14_a_dedicated_key_that_was_not_agreed_on_is_refused():
    with pytest.raises(SecurityDowngrade):
        make().unprotect(make(meter=True, dedicated=DED).protect(ANSWER))
    meter = make(meter=True, dedicated=DED, envelope=Envelope.GENERAL)
    with pytest.raises(SecurityDowngrade):
        make().unprotect(meter.protect(ANSWER))


def test_s14_general_ciphering_and_ordinary_envelopes_do_not_mix():
    with pytest.raises(SecurityDowngrade):
        make().unprotect(make(meter=True, envelope=Envelope.GENERAL_CIPHERING).protect(ANSWER))
    with pytest.raises(SecurityDowngrade):
        make(envelope=Envelope.GENERAL_CIPHERING).unprotect(make(meter=True).protect(ANSWER))


def test_s15_the_compression_bit_is_refused():
    content = CipheredContent(SecurityControl(0xB0), 1, bytes(20))
    with pytest.raises(SecurityDowngrade):
        make().unprotect(encode_apdu(ServiceCiphered(0xCC, content)))


def test_s16_nested_protection_is_refused():
    meter = make(meter=True, envelope=Envelope.GENERAL)
    with pytest.raises(SecurityDowngrade):
        make().unprotect(meter.protect(meter.protect(ANSWER)))


def test_an_envelope_that_holds_another_service_is_refused():
    content = decode_apdu(make(meter=True).protect(ANSWER)).content
    with pytest.raises(SecurityDowngrade):
        make().unprotect(encode_apdu(ServiceCiphered(0xCD, content)))


def test_an_empty_content_is_refused():
    meter = make(meter=True, envelope=Envelope.GENERAL)
    with pytest.raises(DecodeError):
        make().unprotect(encode_apdu(GeneralGloCiphering(SERVER, meter._seal(meter._global, b""))))


def test_s17_unverified_data_need_the_setting():
    wrong_key = {"authentication_key": Secret(bytes(16))}
    meter = make(meter=True)
    with pytest.raises(AuthenticationTagInvalid):
        make(**wrong_key).unprotect(meter.protect(ANSWER))
    reader = make(authentication_key=Secret(b""), accept_unverified=True)
    assert reader.unprotect(meter.protect(ANSWER)).apdu == ANSWER
    assert reader.protect(GET)[2] == 0x20
    with pytest.raises(DecodeError):
        reader.unprotect(encode_apdu(GeneralGloCiphering(b"", CipheredContent(SecurityControl(0x30), 9, bytes(12)))))
    with pytest.raises(SecurityDowngrade):
        reader.unprotect(make(meter=True, protection=Protection.ENCRYPTED).protect(ANSWER))


def test_s17_unverified_data_do_not_move_the_counter():
    meter = make(meter=True, counter=5)
    reader = make(authentication_key=Secret(b""), accept_unverified=True)
    octets = meter.protect(ANSWER)
    for _ in range(2):
        assert reader.unprotect(octets).apdu == ANSWER
    general = {"authentication_key": Secret(b""), "accept_unverified": True, "envelope": Envelope.GENERAL_CIPHERING}
    reader = make(**general)
    octets = make(meter=True, envelope=Envelope.GENERAL_CIPHERING, counter=5).protect(ANSWER)
    for _ in range(2):
        assert reader.unprotect(octets).apdu == ANSWER


def test_encryption_alone_does_not_move_the_counter():
    for changes in ({}, {"envelope": Envelope.GENERAL_CIPHERING}):
        client = make(protection=Protection.ENCRYPTED, **changes)
        octets = make(meter=True, protection=Protection.ENCRYPTED, counter=9, **changes).protect(ANSWER)
        for _ in range(2):
            assert client.unprotect(octets).apdu == ANSWER


def key_pairs(meter, own, other):
    return KeyPairs(
        signing_key=own[0],
        agreement_key=own[1],
        server_signing_key=other[0].public_key,
        server_agreement_key=other[1].public_key,
    )


@pytest.fixture
def both_pairs():
    suite = SecuritySuite.SUITE_1
    client, meter = ((generate_key_pair(suite), generate_key_pair(suite)) for _ in range(2))
    return key_pairs(False, client, meter), key_pairs(True, meter, client)


@pytest.mark.parametrize("kind", [KeyInfoKind.AGREED_ONE_PASS, KeyInfoKind.AGREED_STATIC])
def test_agreed_keys_both_ways(kind, both_pairs):
    changes = {"envelope": Envelope.GENERAL_CIPHERING, "key_info": kind, "suite": SecuritySuite.SUITE_1}
    client = make(key_pairs=both_pairs[0], **changes)
    meter = make(meter=True, key_pairs=both_pairs[1], **changes)
    for _ in range(3):
        request = client.protect(GET)
        meter._general._last_transaction_id = client._general._last_transaction_id
        assert meter.unprotect(request).apdu == GET
        octets = answer(client, meter)
        assert client.unprotect(octets).apdu == ANSWER
        with pytest.raises(InvocationCounterReplayed):
            client.unprotect(octets)


def test_an_agreed_key_signed_by_a_stranger_is_refused(both_pairs):
    changes = {
        "envelope": Envelope.GENERAL_CIPHERING,
        "key_info": KeyInfoKind.AGREED_ONE_PASS,
        "suite": SecuritySuite.SUITE_1,
    }
    stranger = (generate_key_pair(SecuritySuite.SUITE_1), generate_key_pair(SecuritySuite.SUITE_1))
    client = make(key_pairs=both_pairs[0], **changes)
    forged = make(meter=True, key_pairs=key_pairs(True, stranger, stranger), **changes)
    client.protect(GET)
    with pytest.raises(AuthenticationTagInvalid):
        client.unprotect(answer(client, forged))


def test_s14_another_kind_of_key_than_agreed_is_refused(both_pairs):
    general = {"envelope": Envelope.GENERAL_CIPHERING}
    wrapped = make(meter=True, key_info=KeyInfoKind.WRAPPED, master_key=MASTER, **general)
    with pytest.raises(SecurityDowngrade):
        make(**general).unprotect(wrapped.protect(ANSWER))
    pairs = {"suite": SecuritySuite.SUITE_1, "key_pairs": both_pairs[0], "key_info": KeyInfoKind.AGREED_STATIC}
    with pytest.raises(SecurityDowngrade):
        make(**general, **pairs).unprotect(
            make(
                meter=True, suite=SecuritySuite.SUITE_1, key_info=KeyInfoKind.WRAPPED, master_key=MASTER, **general
            ).protect(ANSWER)
        )


def answers_under_the_global_key(**changes):
    """Return a client that wraps its keys, and a meter that names the global one."""
    general = {"envelope": Envelope.GENERAL_CIPHERING, **changes}
    return make(key_info=KeyInfoKind.WRAPPED, master_key=MASTER, **general), make(meter=True, counter=5, **general)


def test_an_answer_under_the_identified_global_key_is_taken_once_and_noted():
    client, meter = answers_under_the_global_key()
    client.protect(GET)
    octets = meter.protect(ANSWER)
    assert not client.receiving.took_identified_key
    assert client.unprotect(octets).apdu == ANSWER
    assert client.receiving.took_identified_key
    assert client.receiving.counter.last == 5
    with pytest.raises(InvocationCounterReplayed):
        client.unprotect(octets)


def test_s14_an_answer_under_the_broadcast_key_is_refused():
    client, meter = answers_under_the_global_key()
    answer_of_meter = decode_apdu(meter.protect(ANSWER))
    with pytest.raises(SecurityDowngrade):
        client.unprotect(encode_apdu(replace(answer_of_meter, key_info=IdentifiedKey(1))))


@pytest.mark.parametrize("changes", [{"protection": Protection.ENCRYPTED}, {"accept_unverified": True}])
def test_s14_an_answer_under_the_global_key_that_nobody_verifies_is_refused(changes):
    client, _ = answers_under_the_global_key(**changes)
    _, meter = answers_under_the_global_key(**{k: v for k, v in changes.items() if k == "protection"})
    with pytest.raises(SecurityDowngrade):
        client.unprotect(meter.protect(ANSWER))


INITIATE_RESPONSE = bytes.fromhex("0800065F1F0400001E1D04000007")


@pytest.mark.parametrize("agreed", [{"envelope": Envelope.GENERAL_CIPHERING}, {"sign": True}])
def test_the_initiate_response_may_come_under_the_global_key_alone(both_pairs, agreed):
    suite = {"suite": SecuritySuite.SUITE_1}
    client = make(key_pairs=both_pairs[0], **suite, **agreed)
    meter = make(meter=True, **suite)
    octets = meter.protect(INITIATE_RESPONSE)
    with pytest.raises(SecurityDowngrade):
        client.unprotect(octets)
    assert not client.receiving.took_global_initiate_response
    client.receiving.awaits_aare = True
    with pytest.raises(SecurityDowngrade):
        client.unprotect(meter.protect(ANSWER))
    assert client.unprotect(octets).apdu == INITIATE_RESPONSE
    assert client.receiving.took_global_initiate_response
    client.receiving.awaits_aare = False
    with pytest.raises(SecurityDowngrade):
        client.unprotect(meter.protect(INITIATE_RESPONSE))


def test_s12_an_initiate_response_that_nobody_verifies_needs_what_was_agreed():
    client = make(envelope=Envelope.GENERAL_CIPHERING, accept_unverified=True)
    client.receiving.awaits_aare = True
    with pytest.raises(SecurityDowngrade):
        client.unprotect(make(meter=True).protect(INITIATE_RESPONSE))


def test_s06_a_key_for_one_message_without_a_transaction_is_refused():
    """No counter would tell whether it is repeated."""
    general = {"envelope": Envelope.GENERAL_CIPHERING, "key_info": KeyInfoKind.WRAPPED, "master_key": MASTER}
    meter, client = make(meter=True, **general), make(**general)
    header = meter._general.new_header(CLIENT)._replace(transaction_id=b"")
    meter._general.new_header = lambda recipient: header
    octets = meter.protect(NOTIFICATION)
    with pytest.raises(InvocationCounterReplayed):
        client.unprotect(octets)


def test_s11_general_ciphering_compares_the_control_octet_too():
    general = {"envelope": Envelope.GENERAL_CIPHERING}
    weaker = make(meter=True, protection=Protection.ENCRYPTED, **general)
    with pytest.raises(SecurityDowngrade):
        make(**general).unprotect(weaker.protect(ANSWER))


def test_s06_general_ciphering_with_an_identified_key_counts():
    general = {"envelope": Envelope.GENERAL_CIPHERING}
    client, octets = make(**general), make(meter=True, **general).protect(ANSWER)
    assert client.unprotect(octets).apdu == ANSWER
    with pytest.raises(InvocationCounterReplayed):
        client.unprotect(octets)


def test_s13_general_ciphering_for_or_from_somebody_else_is_refused():
    general = {"envelope": Envelope.GENERAL_CIPHERING}
    stranger = b"MMM\0\0\0\0\2"
    with pytest.raises(SystemTitleMismatch):
        make(**general).unprotect(make(meter=True, client_system_title=stranger, **general).protect(ANSWER))
    with pytest.raises(SystemTitleMismatch):
        make(**general).unprotect(make(meter=True, server_system_title=stranger, **general).protect(ANSWER))
    with pytest.raises(SystemTitleMismatch):
        make(peer=False, **general).unprotect(make(meter=True, **general).protect(ANSWER))


def test_the_header_is_authenticated_unless_the_setting_says_otherwise():
    general = {"envelope": Envelope.GENERAL_CIPHERING}
    octets = make(meter=True, authenticate_header=False, **general).protect(ANSWER)
    with pytest.raises(AuthenticationTagInvalid):
        make(**general).unprotect(octets)
    assert make(authenticate_header=False, **general).unprotect(octets).apdu == ANSWER


def test_signed_apdus_both_ways(both_pairs):
    changes = {"sign": True, "suite": SecuritySuite.SUITE_1}
    client = make(key_pairs=both_pairs[0], **changes)
    meter = make(meter=True, key_pairs=both_pairs[1], **changes)
    request = client.protect(GET)
    assert request[0] == 0xDF
    assert meter.unprotect(request).apdu == GET
    response = meter.protect(ANSWER)
    assert client.unprotect(response).apdu == ANSWER
    decoded = decode_apdu(response)
    altered = GeneralSigning(decoded.header._replace(other_information=b"x"), decoded.content, decoded.signature)
    with pytest.raises(AuthenticationTagInvalid):
        client.unprotect(encode_apdu(altered))


def test_s14_signatures_are_there_exactly_when_agreed(both_pairs):
    signing = {"sign": True, "suite": SecuritySuite.SUITE_1}
    with pytest.raises(SecurityDowngrade):
        make(suite=SecuritySuite.SUITE_1).unprotect(
            make(meter=True, key_pairs=both_pairs[1], **signing).protect(ANSWER)
        )
    client = make(key_pairs=both_pairs[0], **signing)
    with pytest.raises(SecurityDowngrade):
        client.unprotect(make(meter=True, suite=SecuritySuite.SUITE_1).protect(ANSWER))
    meter = make(meter=True, key_pairs=both_pairs[1], **signing)
    with pytest.raises(SecurityDowngrade):
        client.unprotect(meter._sign(meter._sign(meter.protect(ANSWER))))
    with pytest.raises(SecurityDowngrade):
        client.unprotect(meter._sign(ANSWER))
    with pytest.raises(DecodeError):
        client.unprotect(meter._sign(b""))


def test_what_cannot_be_protected_is_our_mistake():
    settings = make().settings
    counters = KeyCounters(sending=SendingCounter(0))
    plain = SecuritySettings(client_system_title=CLIENT, protection=Protection.NONE)
    with pytest.raises(LocalProtocolError):
        CipheredProtection(plain, counters)
    with pytest.raises(LocalProtocolError):
        CipheredProtection(settings, counters, dedicated_key=DED)
    general = make(envelope=Envelope.GENERAL_CIPHERING).settings
    with pytest.raises(LocalProtocolError):
        CipheredProtection(general, counters)


# -- who is believed to have sent it (the way out of the receiving context)


def test_s17_without_verifying_nobody_is_named_as_the_sender():
    meter = make(meter=True)
    unverified = make(authentication_key=Secret(b""), accept_unverified=True)
    assert unverified.unprotect(meter.protect(ANSWER)) == (ANSWER, False, None, True, False)
    assert make().unprotect(make(meter=True).protect(ANSWER)) == (ANSWER, True, SERVER, True, False)


def test_s14_a_signature_names_the_sender_also_where_nothing_else_is_authenticated(both_pairs):
    signing = {"sign": True, "suite": SecuritySuite.SUITE_1, "protection": Protection.ENCRYPTED}
    meter = make(meter=True, key_pairs=both_pairs[1], **signing)
    assert make(key_pairs=both_pairs[0], **signing).unprotect(meter.protect(ANSWER)) == (
        ANSWER,
        True,
        SERVER,
        True,
        False,
    )


def test_s14_what_is_wrong_with_a_signature_is_said(both_pairs):
    signing = {"sign": True, "suite": SecuritySuite.SUITE_1}
    signed = make(meter=True, key_pairs=both_pairs[1], **signing).protect(ANSWER)
    with pytest.raises(SecurityDowngrade, match="not agreed on"):
        make(suite=SecuritySuite.SUITE_1).unprotect(signed)
    with pytest.raises(SecurityDowngrade, match="missing"):
        make(key_pairs=both_pairs[0], **signing).unprotect(
            make(meter=True, suite=SecuritySuite.SUITE_1).protect(ANSWER)
        )


def test_s13_a_signed_apdu_for_somebody_else_is_refused(both_pairs):
    """The signature is good: the meter speaks to another client."""
    signing = {"sign": True, "suite": SecuritySuite.SUITE_1}
    meter = make(meter=True, key_pairs=both_pairs[1], **signing)
    meter.receiving.server_system_title = b"MMM\0\0\0\0\x09"
    with pytest.raises(SystemTitleMismatch, match="somebody else"):
        make(key_pairs=both_pairs[0], **signing).unprotect(meter.protect(ANSWER))


@pytest.mark.parametrize("recipient", [b"", CLIENT])
def test_general_ciphering_may_leave_its_recipient_out(recipient):
    general = {"envelope": Envelope.GENERAL_CIPHERING}
    meter = make(meter=True, **general)
    octets = encode_apdu(meter._general.protect(ANSWER, recipient, meter._global.counter))
    assert make(**general).unprotect(octets).apdu == ANSWER


def test_s13_a_header_without_sender_is_nobodys_while_the_meter_is_not_known():
    general = {"envelope": Envelope.GENERAL_CIPHERING}
    octets = make(meter=True, **general).protect(ANSWER)
    decoded = decode_apdu(octets)
    nameless = encode_apdu(replace(decoded, header=decoded.header._replace(originator_system_title=b"")))
    with pytest.raises(SystemTitleMismatch, match="not known"):
        make(peer=False, **general).unprotect(nameless)


@pytest.mark.parametrize(
    "changes", [{"global_unicast_encryption_key": None, "protection": Protection.NONE}, {"protection": Protection.NONE}]
)
def test_there_is_no_protection_without_ciphering(changes):
    with pytest.raises(LocalProtocolError, match="nothing to protect"):
        make(**changes)


def test_s05_a_dedicated_key_counts_from_0_through_all_32_bits():
    counter = make(dedicated=DED).dedicated_counter
    assert (counter.next_value, counter.ceiling) == (0, 2**32)


def test_the_counter_of_the_latest_apdu_is_that_of_its_key():
    protection = make(counter=7, dedicated=DED)
    assert protection.latest_counter.next_value == 7
    protection.protect(GET)
    assert protection.latest_counter is protection.dedicated_counter
    protection.protect(GET, under_global_key=True)
    assert protection.latest_counter.next_value == 8


def test_signing_needs_transaction_ids(both_pairs):
    signing = make(sign=True, suite=SecuritySuite.SUITE_1, key_pairs=both_pairs[0]).settings
    with pytest.raises(LocalProtocolError, match="need transaction ids"):
        CipheredProtection(signing, KeyCounters(sending=SendingCounter(0)))


def test_a_signed_apdu_names_the_client_and_the_meter_once_it_is_known(both_pairs):
    signing = {"sign": True, "suite": SecuritySuite.SUITE_1, "key_pairs": both_pairs[0]}
    for known, recipient in ((True, SERVER), (False, b"")):
        header = decode_apdu(make(peer=known, **signing).protect(GET)).header
        assert (header.originator_system_title, header.recipient_system_title) == (CLIENT, recipient)


def test_s05_a_dedicated_key_may_go_on_with_a_counter_that_it_had():
    settings, counter = make(dedicated=DED).settings, SendingCounter(9, ceiling=20)
    protection = CipheredProtection(
        settings, KeyCounters(sending=SendingCounter(0)), dedicated_key=DED, dedicated_counter=counter
    )
    assert protection.dedicated_counter is counter


def test_general_ciphering_names_no_recipient_while_the_meter_is_not_known():
    for known, recipient in ((True, SERVER), (False, b"")):
        header = decode_apdu(make(peer=known, envelope=Envelope.GENERAL_CIPHERING).protect(GET)).header
        assert header.recipient_system_title == recipient


def test_s05_the_dedicated_key_counts_from_zero_without_a_store():
    protection = make(counter=7, dedicated=DED)
    assert protection.dedicated_key is DED
    assert protection.dedicated_counter.next_value == 0
    assert protection.dedicated_counter.ceiling == 2**32
    assert make().dedicated_key is None
    assert make().dedicated_counter is None
