"""One attempt to open an association, octet by octet: the published and constructed exchanges, and what is refused."""

from dataclasses import replace

import pytest

from custom_components.cosem.dlms.apdu import decode_apdu, encode_apdu
from custom_components.cosem.dlms.apdu.acse import Aare, Mechanism
from custom_components.cosem.dlms.apdu.common import InvokeIdAndPriority
from custom_components.cosem.dlms.apdu.initiate import DEFAULT_PROPOSED_CONFORMANCE, Conformance
from custom_components.cosem.dlms.errors import (
    AssociationRejected,
    ChallengeRefused,
    DecodeError,
    InvocationCounterExhausted,
    InvocationCounterRefused,
    LocalProtocolError,
    PeerNotAuthenticated,
    SecurityDowngrade,
    SystemTitleMismatch,
    UnexpectedApdu,
    WrongAddress,
)
from custom_components.cosem.dlms.limits import DEFAULT_LIMITS
from custom_components.cosem.dlms.protocol.connection import Connection
from custom_components.cosem.dlms.protocol.events import (
    AnswerReceived,
    Associated,
    AssociationRefused,
    ChallengeAnswered,
    ConnectionEnded,
    RequestFailed,
)
from custom_components.cosem.dlms.protocol.leniencies import Leniency
from custom_components.cosem.dlms.protocol.opening import Opening, OpeningMaterial
from custom_components.cosem.dlms.protocol.proof_form import ProofForm
from custom_components.cosem.dlms.protocol.proposal import AssociationParameters, Negotiated, NoProtection
from custom_components.cosem.dlms.protocol.referencing import Referencing
from custom_components.cosem.dlms.protocol.states import State
from custom_components.cosem.dlms.protocol.transfer.get import GetOne
from custom_components.cosem.dlms.security.cipher import SealingKey, open_sealed
from custom_components.cosem.dlms.security.counters import MAX_UNATTENDED_RAISE, ReceivingCounters, SendingCounter
from custom_components.cosem.dlms.security.keys import Secret
from custom_components.cosem.dlms.security.settings import SecuritySettings
from custom_components.cosem.dlms.security.suite import Protection
from tests.dlms.lone_meter import AK, EK, NONE, TITLE, LoneMeter, sized
from tests.dlms.scripted import CLOCK, PAIR, RLRE, aare, answer, events_of, sent_by
from tests.vector_tools import by_name

PLAIN_GMAC = by_name("sequences", "HLS-GMAC four passes, context without ciphering")
WRONG_ANSWER = by_name("sequences", "HLS-GMAC four passes, server answer wrong: client must abort")
WRONG_ANSWER = WRONG_ANSWER._replace(expect=PLAIN_GMAC.expect | WRONG_ANSWER.expect)  # the same challenges
DEDICATED = by_name(
    "sequences",
    "ciphered association with a dedicated key delivered in the AARQ; "
    "own invocation counters start at 0 for the dedicated key",
)
REFUSED_COUNTER = by_name(
    "sequences",
    "glo-get answered by invocation-counter-error carrying the expected counter; "
    "client must raise its counter and retry",
)


def steps(vector):
    return [bytes.fromhex(step["hex"]) for step in vector.fields["steps"]]


def gmac(vector, *, counter=1, dedicated=False, ciphered=False, remembered=True):
    """An opening with what the sample's client knows and draws."""
    keys = {name: bytes.fromhex(value) for name, value in vector.keys.items()}
    security = SecuritySettings(
        client_system_title=keys["client_system_title"],
        server_system_title=keys["server_system_title"],
        protection=Protection.AUTHENTICATED_ENCRYPTED if ciphered else Protection.NONE,
        global_unicast_encryption_key=Secret(keys["ek"]),
        authentication_key=Secret(keys["ak"]),
        use_dedicated_key=dedicated,
    )
    parameters = AssociationParameters(
        mechanism=Mechanism.HLS_GMAC,
        security=security,
        max_receive_pdu_size=0x04B0,
        conformance=Conformance(0x621F9F if dedicated else 0x007E1F),
    )
    material = OpeningMaterial(
        challenge=bytes.fromhex(vector.expect["ctos"]),
        dedicated_key=Secret(bytes.fromhex(vector.expect["dedicated_key"])) if dedicated else None,
        sending=SendingCounter(counter, ceiling=2**32),
        receiving=ReceivingCounters() if remembered else None,
    )
    return Opening(parameters, material)


def proving(opening, aare_octets):
    """A connection that has sent its proof."""
    connection = Connection()
    connection.propose(opening.parameters, opening)
    sent_by(connection)
    connection.receive_data(answer(aare_octets))
    return connection


# -- the samples


def test_published_hls_gmac_without_ciphering():
    """The sample's AARQ leaves the client's title out, ours says it; from pass 3 on both are the same."""
    opening = gmac(PLAIN_GMAC)
    _, aare_octets, pass_3, pass_4 = steps(PLAIN_GMAC)
    connection = proving(opening, aare_octets)
    assert events_of(connection) == [ChallengeAnswered(PAIR)]
    assert connection.state(PAIR) is State.PROVING
    assert sent_by(connection) == [pass_3]
    connection.receive_data(answer(pass_4))
    (event,) = events_of(connection)
    assert isinstance(event, Associated)
    assert event.negotiated.diagnostic == 14
    assert event.negotiated.server_system_title.hex() == PLAIN_GMAC.keys["server_system_title"]
    assert connection.is_open(PAIR)


def test_whoever_remembers_no_counters_is_given_the_proof_all_the_same():
    _, aare_octets, _, pass_4 = steps(PLAIN_GMAC)
    connection = proving(gmac(PLAIN_GMAC, remembered=False), aare_octets)
    connection.receive_data(answer(pass_4))
    assert [type(event) for event in events_of(connection)] == [ChallengeAnswered, Associated]


def test_s19_published_wrong_answer_is_refused():
    _, aare_octets, _, pass_4 = steps(WRONG_ANSWER)
    connection = proving(gmac(WRONG_ANSWER), aare_octets)
    events_of(connection)
    sent_by(connection)
    connection.receive_data(answer(pass_4))
    (event,) = events_of(connection)
    assert isinstance(event, AssociationRefused)
    assert isinstance(event.error, PeerNotAuthenticated)
    assert connection.state(PAIR) is State.IDLE
    assert sent_by(connection) == [bytes.fromhex("6203800100")]
    connection.receive_data(answer(RLRE))
    assert events_of(connection) == []
    connection.propose(gmac(WRONG_ANSWER).parameters, gmac(WRONG_ANSWER))


def test_ciphered_association_with_dedicated_key():
    """Everything is the sample's octet for octet, but its AARQ: the InitiateRequest inside lacks the octet that says
    that a dedicated key is there, so that ours is one octet longer."""
    aarq, aare_octets, pass_3, pass_4, get, _ = steps(DEDICATED)
    theirs = initiate_in(aarq)
    ours = initiate_in(gmac(DEDICATED, counter=0x21, dedicated=True, ciphered=True).aarq())
    assert ours[:1] + ours[2:19] == theirs[:18] == b"\x01\x10" + bytes.fromhex(DEDICATED.expect["dedicated_key"])
    assert ours[1] == 1
    with pytest.raises(DecodeError):
        decode_apdu(theirs)
    counter = proof_counter(pass_3)
    connection = proving(gmac(DEDICATED, counter=counter - 1, dedicated=True, ciphered=True), aare_octets)
    assert sent_by(connection) == [pass_3]
    connection.receive_data(answer(pass_4))
    assert [type(event) for event in events_of(connection)] == [ChallengeAnswered, Associated]
    connection.request(PAIR, GetOne(CLOCK))
    (sent,) = sent_by(connection)
    assert opened(sent[2:], dedicated=True)[:2] == opened(get[2:], dedicated=True)[:2] == b"\xc0\x01"
    assert sent[:7] == get[:7]


def initiate_in(aarq):
    return opened(decode_apdu(aarq).user_information[2:])


def proof_counter(pass_3):
    return int.from_bytes(opened(pass_3[2:], dedicated=True)[-16:-12], "big")


def opened(content, *, dedicated=False):
    """Open what the client of the sample with the dedicated key sent."""
    keys = DEDICATED.keys
    sealing = SealingKey(
        key=Secret(bytes.fromhex(DEDICATED.expect["dedicated_key"] if dedicated else keys["ek"])),
        authentication_key=Secret(bytes.fromhex(keys["ak"])),
        control=gmac(DEDICATED, ciphered=True).parameters.security.sent_control,
        system_title=bytes.fromhex(keys["client_system_title"]),
    )
    return open_sealed(sealing, int.from_bytes(content[1:5], "big"), content[5:])


def test_s03_a_refused_counter_is_raised_and_the_get_repeated_as_in_the_sample():
    """The sample repeats the GET under the same invoke-id; we do so under the next one, as for any other request."""
    get, refusal, again, response = steps(REFUSED_COUNTER)
    ciphered = gmac(REFUSED_COUNTER_KEYS, ciphered=True).parameters.security
    parameters = AssociationParameters(security=ciphered)
    sending = SendingCounter(3, ceiling=2**32)
    opening = Opening(parameters, OpeningMaterial(sending=sending, receiving=ReceivingCounters()))
    meter = LoneMeter(NONE)
    meter.counter = 1
    connection = Connection()
    connection.propose(parameters, opening)
    connection.receive_data(answer(*meter.replies(*sent_by(connection))))
    connection.request(PAIR, GetOne(CLOCK))
    assert sent_by(connection) == [get]
    connection.receive_data(answer(refusal))
    _, event = events_of(connection)
    assert isinstance(event, RequestFailed)
    assert isinstance(event.error, InvocationCounterRefused)
    assert event.error.expected == REFUSED_COUNTER.expect["next_invocation_counter"]
    assert sending.follow(event.error.expected, MAX_UNATTENDED_RAISE)
    connection._associations[PAIR]._outstanding._next_invoke_id = 1
    connection.request(PAIR, GetOne(CLOCK))
    assert sent_by(connection) == [again]
    connection.receive_data(answer(response))
    (event,) = events_of(connection)
    assert isinstance(event, AnswerReceived)
    assert event.octets[:2] == b"\x09\x0c"
    assert connection.dropped_answer(PAIR) is None


REFUSED_COUNTER_KEYS = PLAIN_GMAC._replace(keys=REFUSED_COUNTER.keys)


# -- what a connection does with passes 3 and 4


@pytest.fixture
def connection():
    """A connection in PROVING."""
    made = proving(gmac(PLAIN_GMAC), steps(PLAIN_GMAC)[1])
    events_of(made)
    sent_by(made)
    return made


PASS_4 = steps(PLAIN_GMAC)[3]


def test_s22_a_proof_under_another_invoke_id_is_stray(connection):
    connection.receive_data(answer(PASS_4[:2] + b"\xc2" + PASS_4[3:]))
    assert connection.counters.stray_apdus == 1
    assert connection.state(PAIR) is State.PROVING
    connection.receive_data(answer(PASS_4))
    assert connection.is_open(PAIR)


def test_s22_three_of_them_end_the_connection(connection):
    connection.receive_data(answer(PASS_4[:2] + b"\xc2" + PASS_4[3:]) * 3)
    assert isinstance(connection.error, WrongAddress)


def test_s19_a_proof_in_blocks_is_none(connection):
    connection.receive_data(answer(bytes.fromhex("C702C101000000010A0001000911")))
    assert isinstance(connection.error, DecodeError)


@pytest.mark.parametrize("octets", ["C702C1010000000102ABCD", "C703C10100000000", "C704C100000001"])
def test_s19_another_form_of_answer_holds_no_proof(connection, octets):
    connection.receive_data(answer(bytes.fromhex(octets)))
    (event, *_) = events_of(connection)
    if isinstance(event, AssociationRefused):
        assert isinstance(event.error, PeerNotAuthenticated)
    assert not connection.is_open(PAIR)


@pytest.mark.parametrize(
    "returned", ["0600000001", "0900", "0910" + "00" * 16, "0A03414243"], ids=["number", "empty", "short", "text"]
)
def test_s19_what_is_no_proof_is_not_taken_for_one(connection, returned):
    connection.receive_data(answer(bytes.fromhex("C701C1000100" + returned)))
    (event,) = events_of(connection)
    assert isinstance(event.error, PeerNotAuthenticated)


def test_nothing_can_be_asked_before_the_proof(connection):
    with pytest.raises(LocalProtocolError):
        connection.request(PAIR, GetOne(CLOCK))


def test_another_second_aare_ends_the_connection(connection):
    known = decode_apdu(steps(PLAIN_GMAC)[1])
    other = known.responding_authentication_value._replace(octets=b"another challenge")
    connection.receive_data(answer(encode_apdu(replace(known, responding_authentication_value=other))))
    assert isinstance(connection.error, UnexpectedApdu)


def test_trial_08_an_aare_that_comes_twice_ends_no_proof(connection):
    connection.receive_data(answer(steps(PLAIN_GMAC)[1]))
    assert (sent_by(connection), events_of(connection), connection.counters.late_apdus) == ([], [], 1)
    connection.receive_data(answer(PASS_4))
    assert connection.state(PAIR) is State.ASSOCIATED


@pytest.mark.parametrize("surplus", [b"\x00", b"\x09"])
def test_trial_08_one_octet_too_many_behind_a_proof_changes_nothing_about_it(connection, surplus):
    wrong = PASS_4[:-1] + bytes([PASS_4[-1] ^ 1])
    connection.receive_data(answer(PASS_4 + surplus))
    assert connection.state(PAIR) is State.ASSOCIATED
    assert connection.leniencies(PAIR) == {Leniency.SURPLUS_OCTET}
    for spoilt in (wrong + surplus, PASS_4[:-1], b"\xc7\x01\xc1\x00\x00" + surplus):
        other = proving(gmac(PLAIN_GMAC), steps(PLAIN_GMAC)[1])
        other.receive_data(answer(spoilt))
        assert other.state(PAIR) is not State.ASSOCIATED, spoilt.hex()


@pytest.mark.parametrize("form", ["list", "block", "block from 0", "block with the bare proof"])
def test_trial_07_a_proof_in_another_form_is_verified_like_any_other(connection, form):
    head, returned = PASS_4[:3], PASS_4[3:]
    proof = returned[3:]
    octets = {
        "list": b"\xc7\x03" + head[2:] + b"\x01" + returned,
        "block": b"\xc7\x02" + head[2:] + b"\x01" + bytes([0, 0, 0, 1, len(returned)]) + returned,
        "block from 0": b"\xc7\x02" + head[2:] + b"\x01" + bytes([0, 0, 0, 0, len(returned)]) + returned,
        "block with the bare proof": b"\xc7\x02" + head[2:] + b"\x01" + bytes([0, 0, 0, 1, len(proof)]) + proof,
    }[form]
    connection.receive_data(answer(octets))
    assert connection.state(PAIR) is State.ASSOCIATED
    assert connection.leniencies(PAIR) == {Leniency.PROOF_IN_ANOTHER_FORM}
    other = proving(gmac(PLAIN_GMAC), steps(PLAIN_GMAC)[1])
    events_of(other)
    other.receive_data(answer(octets[:-1] + bytes([octets[-1] ^ 1])))
    (refused,) = events_of(other)
    assert isinstance(refused.error, PeerNotAuthenticated)


def test_trial_07_a_proof_in_several_blocks_asks_for_no_other_credentials(connection):
    connection.receive_data(answer(b"\xc7\x02\xc1\x00\x00\x00\x00\x01\x04\x00\x01\x00\x09"))
    assert connection.error is not None
    assert not isinstance(connection.error, PeerNotAuthenticated)


def test_a_proof_after_the_release_belongs_to_nothing(connection):
    connection.release(PAIR)
    connection.receive_data(answer(PASS_4))
    assert connection.state(PAIR) is State.RELEASING
    assert connection.counters.stray_apdus == 1


def test_a_proof_after_an_aare_that_refuses_belongs_to_nothing(connection):
    """Found by the fuzzer: the refusal ends the wait for the proof, too."""
    connection.receive_data(answer(aare(None, result=1, diagnostic=13)))
    assert [type(event) for event in events_of(connection)] == [AssociationRefused]
    connection.receive_data(answer(PASS_4))
    assert (events_of(connection), connection.state(PAIR)) == ([], State.IDLE)
    assert connection.counters.stray_apdus == 1
    assert connection.error is None


def test_a_proof_after_a_refusal_belongs_to_nothing(connection):
    connection.receive_data(answer(b"\xd8\x01\x03"))
    assert connection.state(PAIR) is State.IDLE
    connection.receive_data(answer(PASS_4))
    assert connection.counters.stray_apdus == 1


@pytest.mark.parametrize(
    ("referencing", "conformance", "proposed"),
    [
        (Referencing.LOGICAL_NAME, DEFAULT_PROPOSED_CONFORMANCE, 0x001E1D),
        (Referencing.SHORT_NAME, DEFAULT_PROPOSED_CONFORMANCE, 0x181A20),
        (Referencing.AUTOMATIC, DEFAULT_PROPOSED_CONFORMANCE, 0x001E1D),
        (Referencing.LOGICAL_NAME, Conformance.GET, Conformance.GET),
        (Referencing.LOGICAL_NAME, Conformance.ACCESS, Conformance.ACCESS),
        (Referencing.SHORT_NAME, Conformance.READ | Conformance.GET, Conformance.READ),
    ],
)
def test_few_services_are_those_that_all_meters_have_heard_of(referencing, conformance, proposed):
    parameters = AssociationParameters(referencing=referencing, conformance=conformance)
    aarq = Opening(parameters, OpeningMaterial(form=ProofForm(few_services=True))).aarq()
    assert bytes.fromhex("065F1F0400") + proposed.to_bytes(3) in aarq


def test_a_proof_that_nobody_waits_for_is_stray():
    connection = Connection()
    connection.propose(AssociationParameters())
    connection.receive_data(answer(aare()))
    connection.receive_data(answer(PASS_4))
    assert connection.counters.stray_apdus == 1


def test_an_aare_after_the_release_leads_to_no_proof():
    opening = gmac(PLAIN_GMAC)
    connection = Connection()
    connection.propose(opening.parameters, opening)
    connection.release(PAIR)
    sent_by(connection)
    connection.receive_data(answer(steps(PLAIN_GMAC)[1]))
    assert connection.state(PAIR) is State.RELEASING
    assert sent_by(connection) == []


def test_without_a_counter_for_the_proof_the_connection_ends():
    opening = gmac(PLAIN_GMAC)
    opening._material.sending._ceiling = 0
    connection = proving(opening, steps(PLAIN_GMAC)[1])
    assert isinstance(connection.error, InvocationCounterExhausted)
    assert isinstance(events_of(connection)[-1], ConnectionEnded)


def test_without_a_counter_nothing_is_proposed():
    opening = gmac(PLAIN_GMAC, ciphered=True)
    opening._material.sending._ceiling = 0
    connection = Connection()
    with pytest.raises(InvocationCounterExhausted):
        connection.propose(opening.parameters, opening)
    assert connection.state(PAIR) is State.IDLE
    assert sent_by(connection) == []


def test_a_connection_knows_no_forgery_of_a_pair_it_does_not_know():
    assert Connection().dropped_answer(PAIR) is None


# -- S18, decided by the mechanism


HASHED = AssociationParameters(mechanism=Mechanism.HLS_MD5, hls_secret=Secret(b"secret"))
HLS_AARE = {"mechanism_name": bytes.fromhex("60857405080203"), "diagnostic": 14}


def accept(parameters=HASHED, **changes):
    opening = Opening(parameters, OpeningMaterial(challenge=bytes(16)))
    octets = aare(**(HLS_AARE | changes))
    fields = decode_apdu(octets)
    assert isinstance(fields, Aare)
    value = decode_apdu(steps(PLAIN_GMAC)[1]).responding_authentication_value
    return opening.accept(encode_apdu(fields_with(fields, responding_authentication_value=value)))


def fields_with(fields, **changes):
    from dataclasses import replace

    return replace(fields, **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"diagnostic": 0},
        {"mechanism_name": None},
        {"protocol_version": b"\x07\x80"},
        {"result_source": 2, "diagnostic": 0},
    ],
    ids=str,
)
def test_s18_leniencies_with_high_level_security(changes):
    assert isinstance(accept(**changes), Negotiated)


@pytest.mark.parametrize("diagnostic", [2, 13, 15])
def test_s18_another_diagnostic_in_an_accepting_aare_is_refused(diagnostic):
    with pytest.raises(Exception, match=f"diagnostic {diagnostic}"):
        accept(diagnostic=diagnostic)


def test_s18_another_mechanism_is_refused():
    with pytest.raises(Exception, match="another authentication mechanism"):
        accept(mechanism_name=bytes.fromhex("60857405080202"))


@pytest.mark.parametrize(
    "parameters", [AssociationParameters(), AssociationParameters(mechanism=Mechanism.LLS, password=Secret(b"x"))]
)
def test_s18_a_proof_asked_for_by_a_mechanism_that_was_not_proposed_is_a_refusal(parameters):
    outcome = Opening(parameters).accept(aare(diagnostic=14))
    assert isinstance(outcome, AssociationRejected)


def test_s19_an_aare_without_challenge_is_refused_whatever_it_says():
    opening = Opening(HASHED, OpeningMaterial(challenge=bytes(16)))
    with pytest.raises(ChallengeRefused):
        opening.accept(aare())


def test_s13_a_title_of_ours_is_refused_without_ciphering():
    security = gmac(PLAIN_GMAC).parameters.security
    with pytest.raises(SystemTitleMismatch):
        gmac(PLAIN_GMAC).accept(aare(responding_ap_title=security.client_system_title))


# -- what an attempt needs


def test_what_is_missing_is_said_before_anything_is_sent():
    with pytest.raises(LocalProtocolError, match="challenge"):
        Opening(HASHED)
    parameters = gmac(PLAIN_GMAC).parameters
    with pytest.raises(LocalProtocolError, match="owner of their invocation counter"):
        Opening(parameters, OpeningMaterial(challenge=bytes(16)))


def test_without_ciphering_nothing_is_protected():
    opening = gmac(PLAIN_GMAC)
    assert isinstance(opening.protection, NoProtection)
    assert opening.dedicated_counter is None
    assert opening.release_request() == bytes.fromhex("6203800100")


def test_hashed_mechanisms_without_titles_need_no_settings():
    opening = Opening(HASHED, OpeningMaterial(challenge=bytes(16)))
    value = decode_apdu(steps(PLAIN_GMAC)[1]).responding_authentication_value
    octets = encode_apdu(fields_with(decode_apdu(aare(**HLS_AARE)), responding_authentication_value=value))
    assert isinstance(opening.accept(octets), Negotiated)
    assert opening.proof().first(InvokeIdAndPriority(1), DEFAULT_LIMITS)[:13] == bytes.fromhex(
        "C301C1000F0000280000FF0101"
    )


INITIATE_RESPONSE = "0800065F1F0400001A1404000007"
LN_CIPHERED = bytes.fromhex("60857405080103")


def ciphered_opening(*, dedicated=True, **material):
    security = SecuritySettings(
        client_system_title=bytes(8),
        global_unicast_encryption_key=Secret(bytes(16)),
        authentication_key=Secret(bytes(16)),
        use_dedicated_key=dedicated,
    )
    given = {"dedicated_key": Secret(bytes(16)) if dedicated else None, "sending": SendingCounter(7, ceiling=2**32)}
    return Opening(AssociationParameters(security=security), OpeningMaterial(**(given | material)))


def test_the_dedicated_key_counts_by_itself_unless_there_is_one_counter_for_both():
    assert ciphered_opening().dedicated_counter.next_value == 0
    assert ciphered_opening(form=ProofForm(one_counter=True)).dedicated_counter is None
    assert ciphered_opening(dedicated=False).dedicated_counter is None
    assert Opening(AssociationParameters()).dedicated_counter is None


def test_a_counter_is_reached_by_the_key_that_was_used_last():
    opening = ciphered_opening(sending=SendingCounter(7, ceiling=9))
    opening.aarq()  # under the global key: 7
    assert [opening.has_reached(expected) for expected in (1, 8, 9)] == [True, True, False]
    opening.protection.protect(b"\xc0\x01")  # under the dedicated one: 0
    assert [opening.has_reached(expected) for expected in (1, 2, 8)] == [True, False, False]
    assert [opening.has_ever_reached(expected) for expected in (1, 2, 8, 9)] == [True, True, True, False]
    assert not Opening(AssociationParameters()).has_reached(0)
    assert not Opening(AssociationParameters()).has_ever_reached(0)


def test_a_ciphered_aare_that_accepts_without_initiate_response_is_refused():
    with pytest.raises(SecurityDowngrade, match="no protected InitiateResponse"):
        ciphered_opening(dedicated=False).accept(
            aare(None, application_context_name=LN_CIPHERED, responding_ap_title=TITLE)
        )


def dedicated_meter_and_opening():
    meter = LoneMeter(NONE)
    security = SecuritySettings(
        client_system_title=bytes.fromhex("4D4D4D0000000001"),
        global_unicast_encryption_key=Secret(EK),
        authentication_key=Secret(AK),
        use_dedicated_key=True,
    )
    material = OpeningMaterial(dedicated_key=Secret(bytes(16)), sending=SendingCounter(1, ceiling=9))
    return meter, Opening(AssociationParameters(security=security), material)


def test_trial_26_s11_the_dedicated_key_counts_only_after_an_aare():
    meter, opening = dedicated_meter_and_opening()
    (answered,) = meter.replies(opening.aarq())
    under_dedicated = b"\xd4" + sized(meter.sealed(b"\xc4\x01\x41\x00\x11\x07", dedicated=True))
    with pytest.raises(SecurityDowngrade, match="dedicated key"):
        opening.protection.unprotect(under_dedicated)
    opening.accept(answered)
    assert opening.protection.unprotect(under_dedicated).apdu == b"\xc4\x01\x41\x00\x11\x07"


def test_trial_26_s11_an_initiate_response_under_the_dedicated_key_is_refused():
    meter, opening = dedicated_meter_and_opening()

    def change(fields):
        inner = b"\xdc" + sized(meter.title) + sized(meter.sealed(bytes.fromhex(INITIATE_RESPONSE), dedicated=True))
        return fields | {0xBE: b"\x04" + sized(inner)}

    meter.change_aare = change
    (answered,) = meter.replies(opening.aarq())
    with pytest.raises(SecurityDowngrade, match="dedicated key"):
        opening.accept(answered)


def test_without_a_memory_of_counters_any_first_one_is_taken():
    meter = LoneMeter(NONE)
    security = SecuritySettings(
        client_system_title=bytes.fromhex("4D4D4D0000000001"),
        global_unicast_encryption_key=Secret(EK),
        authentication_key=Secret(AK),
    )
    opening = Opening(AssociationParameters(security=security), OpeningMaterial(sending=SendingCounter(1, ceiling=9)))
    (answered,) = meter.replies(opening.aarq())
    assert opening.accept(answered).server_system_title == TITLE


def test_nothing_is_prepared_unless_somebody_does():
    nothing = OpeningMaterial()
    assert (nothing.challenge, nothing.dedicated_key, nothing.random) == (b"", None, None)
    assert (nothing.sending, nothing.receiving, nothing.form) == (None, None, ProofForm())
